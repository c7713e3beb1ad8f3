package domain

import "fmt"

// Book is what a fund and an allocation have in common: the lots they hold, what
// went out to allocations below, and the day through which their books are closed.
type Book struct {
	ID, Unit ID
	Stream   string
	Holdings
	ClosedThrough Day  // last day of the last closed period
	Closed        bool // the fund or allocation has ended
	// Children are the allocations made from here, each with what it did not return.
	Children   map[ID]*outflow
	reversible map[ID]*reversibleEntry // entries that can be reversed, payments excepted
	began      uint64                  // number of the first event of its stream
}

// From names the book, a fund or an allocation, that a command is about.
type From struct {
	Fund       ID `json:"fund,omitzero"`
	Allocation ID `json:"allocation,omitzero"`
}

func (f From) stream() string {
	if f.Fund != (ID{}) {
		return Stream(FundKind, f.Fund)
	}
	return Stream(AllocationKind, f.Allocation)
}

func (f From) unitIn(l *Ledger) ID {
	if b := l.book(f.stream()); b != nil {
		return b.Unit
	}
	return ID{}
}

func newBook(r *Recorded, id, unit ID, through Day) Book {
	return Book{ID: id, Unit: unit, Stream: r.Stream, ClosedThrough: through,
		Children: map[ID]*outflow{}, reversible: map[ID]*reversibleEntry{}, began: r.Number}
}

// Refusals about what a fund or an allocation holds.
var (
	NotEnoughMoney    = newCode(1, "not-enough-money", "需 {want} 元，可用余额 {have} 元", "{want} yuan are wanted, {have} are there")
	NotEnoughGoods    = newCode(1, "not-enough-goods", "{item} 需 {want}，可用 {have}", "{want} of {item} are wanted, {have} are there")
	AmountNotPositive = newCode(0, "amount-not-positive", "金额或数量须大于零：{amount}", "an amount or quantity must be above zero: {amount}")
	HasLeft           = newCode(0, "has-left", "尚有余额 {money} 元、物资 {goods} 项、在途 {transit} 笔、未关闭下级 {children} 个", "{money} yuan, {goods} items of goods, {transit} movements in transit and {children} open allocations are left")
)

// book returns the fund or allocation of a stream.
func (l *Ledger) book(stream string) *Book {
	switch kind, id, _ := SplitStream(stream); kind {
	case FundKind:
		if f := l.Funds[id]; f != nil {
			return &f.Book
		}
	case AllocationKind:
		if a := l.Allocations[id]; a != nil {
			return &a.Book
		}
	}
	return nil
}

// openBook returns the book that a command names, or refuses if it is missing or
// closed.
func (d *decision) openBook(f From) (*Book, error) {
	b := d.ledger.book(f.stream())
	switch {
	case b == nil && f.Fund != (ID{}):
		return nil, refuse(NoSuch, bilingual{"资金", "fund"}, f.Fund)
	case b == nil:
		return nil, refuse(NoSuch, bilingual{"分配", "allocation"}, f.Allocation)
	case b.Closed && f.Fund != (ID{}):
		return nil, refuse(NotOpen, bilingual{"资金", "fund"}, f.Fund)
	case b.Closed:
		return nil, refuse(NotOpen, bilingual{"分配", "allocation"}, f.Allocation)
	}
	return b, nil
}

// draw chooses the lots of a book from which a quantity goes out, or refuses if too
// little is there (rule 1). Only lots for which may is true are used.
func (d *decision) draw(b *Book, item string, quantity int64, may func(Lot) bool) ([]Draw, error) {
	if quantity <= 0 {
		return nil, refuse(AmountNotPositive, sayQuantity(item, quantity))
	}
	draws, ok := b.drawFrom(item, quantity, d.order.Date, may)
	if ok {
		return draws, nil
	}
	var have int64
	for _, x := range draws {
		have += x.Quantity
	}
	return nil, notEnough(item, quantity, have)
}

func notEnough(item string, want, have int64) *Refusal {
	if item == Money {
		return refuse(NotEnoughMoney, Fen(want), Fen(have))
	}
	return refuse(NotEnoughGoods, item, Quantity(want), Quantity(have))
}

func sayQuantity(item string, quantity int64) string {
	if item == Money {
		return Fen(quantity).String()
	}
	return Quantity(quantity).String()
}

func anyLot(Lot) bool { return true }

// itemAndQuantity returns the item and quantity that a command names: money or goods.
func itemAndQuantity(amount Yuan, item string, quantity Count) (string, int64) {
	if item == Money {
		return Money, int64(amount)
	}
	return item, int64(quantity)
}

// checkNothingLeft refuses while a book holds anything, has anything in transit, or
// an allocation below it is open.
func (d *decision) checkNothingLeft(b *Book, reserved Fen) error {
	goods, children, transit := 0, 0, 0
	for _, lot := range b.Lots() {
		if lot.Item != Money {
			goods++
		}
	}
	for id := range b.Children {
		if a := d.ledger.Allocations[id]; a == nil || !a.Closed {
			children++
		}
	}
	for _, o := range d.ledger.owed {
		if o.stream == b.Stream || o.cause.Stream == b.Stream {
			transit++
		}
	}
	if money := Fen(b.Left(Money)) + reserved; money != 0 || goods != 0 || transit != 0 || children != 0 {
		return refuse(HasLeft, money, goods, transit, children)
	}
	return nil
}

func (l *Ledger) bookOf(r *Recorded) (*Book, error) {
	if b := l.book(r.Stream); b != nil {
		return b, nil
	}
	return nil, fmt.Errorf("no such fund or allocation")
}

// addFromOutside adds a lot that comes from outside the ledger.
func (b *Book) addFromOutside(l *Ledger, r *Recorded, item string, quantity int64, cost Fen, valued bool, from AccountKind) {
	lot := Lot{Item: item, Origin: r.ID, Edge: r.ID, From: r.Event.common().Date, Left: quantity, Cost: cost, Valued: valued}
	b.add(lot)
	l.postLot(b.Stream, lot, quantity, cost, from, Held, "")
}
