package domain

import (
	"cmp"
	"fmt"
	"slices"
)

// Book is what a fund and an allocation have in common: lots, and the dates up
// to which they are closed.
type Book struct {
	ID, Unit ID
	Stream   string
	Holdings
	ClosedThrough Day // its books are closed up to and with this day
	Closed        bool
	// Children are the allocations made from here, with what is still out.
	Children map[ID]*outflow
	entries  map[ID]*entryMade // what can be reversed, but for payments
	began    uint64
}

// entryMade is an entry as a reversal needs it.
type entryMade struct {
	kind     string
	postings []Posting
	taken    []Draw     // by the entry, out of this stream; of a return: the lots it made
	back     []Draw     // of a return: the draws of the payment that came back
	given    []goodsOut // what it brought in, by item
	payment  *Payment
	covers   [][2]int // payments that a receipt covers, first and last of each run
	reversed ID
}

type goodsOut struct {
	item     string
	quantity int64
}

// Fund is money or goods held for relief with an earmark (专款专用).
type Fund struct {
	Book
	Name    string
	Earmark []string // purpose codes
	// Received is what came in by source and item, less what was surrendered.
	Received map[Source]map[string]int64
}

// SourceKind is what kind of source money has.
type SourceKind string

// The kinds of sources.
const (
	Treasury  SourceKind = "treasury"
	Union     SourceKind = "union"
	OwnBudget SourceKind = "own-budget"
	Donation  SourceKind = "donation"
)

// Source is where a receipt of funds comes from. One source is its kind, level
// and name exactly as written, or a donor who is a party.
type Source struct {
	Kind  SourceKind `json:"kind"`
	Level string     `json:"level"` // central, province, city, county, township, or empty
	Name  string     `json:"name"`
}

func (s Source) String() string { return fmt.Sprintf("%s/%s/%s", s.Kind, s.Level, s.Name) }

// Origin is the receipt or purchase that a lot came from.
type Origin struct {
	Event  ID
	Source Source // of a receipt
	Number string // its document number
	// Bought are the receipts whose money bought goods, with fen; nil for a
	// receipt.
	Bought []Part
}

// Part is a part of a sum with its origin.
type Part struct {
	Origin ID
	Fen    Fen
}

// GoodsIn are goods that come in.
type GoodsIn struct {
	Item     string   `json:"item"`
	Quantity Quantity `json:"quantity"`
	Cost     Fen      `json:"cost,omitempty"`
	Valued   bool     `json:"valued,omitempty"`
}

// FundEstablished begins a fund.
type FundEstablished struct {
	Common
	Fund    ID       `json:"fund"`
	Unit    ID       `json:"unit"`
	Name    string   `json:"name"`
	Earmark []string `json:"earmark"`
}

// FundsReceived is money or goods from a source.
type FundsReceived struct {
	Common
	Source  Source    `json:"source"`
	Number  string    `json:"number,omitempty"` // document number
	Donors  Headcount `json:"donors,omitzero"`
	Fen     Fen       `json:"fen,omitempty"`
	Goods   []GoodsIn `json:"goods,omitempty"`
	Private struct {
		Donor ID `json:"donor,omitzero"` // a donor known by name
	} `json:"-"`
}

// GoodsPurchased are goods bought with the book's money.
type GoodsPurchased struct {
	Common
	Goods    GoodsIn `json:"goods"`
	Supplier string  `json:"supplier,omitempty"`
	Invoice  string  `json:"invoice,omitempty"`
	Draws    []Draw  `json:"draws"`
}

// GoodsCounted is a stock-taking that found more (Surplus) or less (Draws).
type GoodsCounted struct {
	Common
	Surplus *GoodsIn `json:"surplus,omitempty"`
	Item    string   `json:"item,omitempty"`
	Draws   []Draw   `json:"draws,omitempty"`
}

// FundsSurrendered is money or goods given back to their source.
type FundsSurrendered struct {
	Common
	Source Source `json:"source"`
	Number string `json:"number,omitempty"`
	Item   string `json:"item,omitempty"`
	Draws  []Draw `json:"draws"`
}

// FundsPassedOn is money or goods given to an outside organisation or ledger.
type FundsPassedOn struct {
	Common
	To     string `json:"to"`
	Number string `json:"number,omitempty"`
	Item   string `json:"item,omitempty"`
	Draws  []Draw `json:"draws"`
}

// EntryReversed takes back an entry of the same stream (红字冲销), once.
type EntryReversed struct {
	Common
	Entry   ID     `json:"entry"`
	Draws   []Draw `json:"draws,omitempty"` // what the entry had brought in
	Back    []Draw `json:"back,omitempty"`  // what it had taken
	Private struct {
		Reason Sealed `json:"reason,omitzero"`
	} `json:"-"`
}

// PeriodClosed closes a book up to and with a day; a process writes it.
type PeriodClosed struct {
	Common
	Through Day `json:"through"`
}

// FundClosed ends a fund: nothing new goes out.
type FundClosed struct{ Common }

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

// EstablishFund begins a fund.
type EstablishFund struct {
	Unit    ID       `json:"unit"`
	Name    string   `json:"name"`
	Earmark []string `json:"earmark"`
}

// ReceiveFunds records what came in.
type ReceiveFunds struct {
	Fund   ID           `json:"fund"`
	Source Source       `json:"source"`
	Number string       `json:"number,omitempty"`
	Donor  ID           `json:"donor,omitzero"`
	Donors Headcount    `json:"donors,omitzero"`
	Amount Yuan         `json:"amount,omitzero"`
	Goods  []GoodsGiven `json:"goods,omitempty"`
}

// GoodsGiven are goods of a command; without a cost they are not valued.
type GoodsGiven struct {
	Item     string `json:"item"`
	Quantity Count  `json:"quantity"`
	Cost     *Yuan  `json:"cost,omitempty"`
}

// PurchaseGoods buys goods with the money of a book.
type PurchaseGoods struct {
	From
	Item     string `json:"item"`
	Quantity Count  `json:"quantity"`
	Cost     Yuan   `json:"cost"`
	Supplier string `json:"supplier,omitempty"`
	Invoice  string `json:"invoice,omitempty"`
}

// CountGoods records what a stock-taking found: the quantity that is there.
type CountGoods struct {
	From
	Item  string `json:"item"`
	Found Count  `json:"found"`
}

// SurrenderFunds gives money or goods back to a source.
type SurrenderFunds struct {
	Fund     ID     `json:"fund"`
	Source   Source `json:"source"`
	Number   string `json:"number,omitempty"`
	Amount   Yuan   `json:"amount,omitzero"`
	Item     string `json:"item,omitempty"`
	Quantity Count  `json:"quantity,omitzero"`
}

// PassOnFunds gives money or goods to an outside organisation.
type PassOnFunds struct {
	Fund     ID      `json:"fund"`
	To       string  `json:"to"`
	Number   string  `json:"number,omitempty"`
	Source   *Source `json:"source,omitempty"` // only of this source
	Amount   Yuan    `json:"amount,omitzero"`
	Item     string  `json:"item,omitempty"`
	Quantity Count   `json:"quantity,omitzero"`
}

// ReverseEntry takes back an entry of a book.
type ReverseEntry struct {
	From
	Entry  Ref      `json:"entry"`
	Reason Personal `json:"reason,omitzero"`
}

// CloseFund ends a fund that has nothing left.
type CloseFund struct {
	Fund ID `json:"fund"`
}

// Refusals about money and goods.
var (
	NotEnoughMoney    = newCode(1, "not-enough-money", "需 {want} 元，可用余额 {have} 元", "{want} yuan are wanted, {have} are there")
	NotEnoughGoods    = newCode(1, "not-enough-goods", "{item} 需 {want}，可用 {have}", "{want} of {item} are wanted, {have} are there")
	AmountNotPositive = newCode(0, "amount-not-positive", "金额或数量须大于零：{amount}", "an amount or quantity must be above zero: {amount}")
	TooMuchMoney      = newCode(6, "too-much-money", "金额超过账簿上限 {max} 元", "more than the {max} yuan that a ledger can hold")
	NotFromSource     = newCode(3, "not-from-source", "退回来源 {source} 的数额 {want} 超过其可退余额 {have}", "{want} back to {source} is more than the {have} that is left of it")
	NotReversible     = newCode(4, "not-reversible", "该记录不能冲销：{entry}", "this entry cannot be reversed: {entry}")
	ReversedAlready   = newCode(4, "reversed-already", "该记录已被冲销：{entry}", "the entry is reversed already: {entry}")
	HasLeft           = newCode(0, "has-left", "尚有余额 {money} 元、物资 {goods} 项、在途 {transit} 笔、未关闭下级 {children} 个", "{money} yuan, {goods} items of goods, {transit} movements in transit and {children} open allocations are left")
	NothingCounted    = newCode(0, "nothing-counted", "盘点数与账面一致：{quantity}", "the count agrees with the books: {quantity}")
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

// openBook refuses unless a book exists and, where something new is to go out
// or come in, is open.
func (d *decision) openBook(f From) (*Book, error) {
	b := d.l.book(f.stream())
	switch {
	case b == nil && f.Fund != (ID{}):
		return nil, refuse(NoSuch, said{"资金", "fund"}, f.Fund)
	case b == nil:
		return nil, refuse(NoSuch, said{"分配", "allocation"}, f.Allocation)
	case b.Closed && f.Fund != (ID{}):
		return nil, refuse(NotOpen, said{"资金", "fund"}, f.Fund)
	case b.Closed:
		return nil, refuse(NotOpen, said{"分配", "allocation"}, f.Allocation)
	}
	return b, nil
}

// draw chooses lots of a book or refuses (rule 1).
func (d *decision) draw(b *Book, item string, quantity int64, may func(Lot) bool) ([]Draw, error) {
	if quantity <= 0 {
		return nil, refuse(AmountNotPositive, sayQuantity(item, quantity))
	}
	draws, ok := b.drawFrom(item, quantity, d.o.Date, may)
	if ok {
		return draws, nil
	}
	var have int64
	for _, x := range draws {
		have += x.Quantity
	}
	return nil, tooLittle(item, quantity, have)
}

func tooLittle(item string, want, have int64) *Refusal {
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

// asked returns the item and quantity that a command names: money or goods.
func asked(amount Yuan, item string, quantity Count) (string, int64) {
	if item == Money {
		return Money, int64(amount)
	}
	return item, int64(quantity)
}

func (c *EstablishFund) target(o *Order) string  { return Stream(FundKind, Made(o.ID, "fund")) }
func (c *EstablishFund) unit(*Ledger, *Order) ID { return c.Unit }
func (c *EstablishFund) decide(d *decision) error {
	if err := d.openUnit(c.Unit); err != nil {
		return err
	}
	if c.Name == "" {
		return refuse(FieldMissing, "name")
	}
	if len(c.Earmark) == 0 {
		return refuse(FieldMissing, "earmark")
	}
	d.add(&FundEstablished{Fund: d.made("fund"), Unit: c.Unit, Name: c.Name, Earmark: c.Earmark})
	return nil
}

func (c *ReceiveFunds) target(*Order) string        { return Stream(FundKind, c.Fund) }
func (c *ReceiveFunds) unit(l *Ledger, _ *Order) ID { return From{Fund: c.Fund}.unitIn(l) }
func (c *ReceiveFunds) decide(d *decision) error {
	if _, err := d.openBook(From{Fund: c.Fund}); err != nil {
		return err
	}
	switch c.Source.Kind {
	case Treasury, Union, OwnBudget, Donation:
	default:
		return refuse(FieldWrong, "source.kind", string(c.Source.Kind))
	}
	if c.Amount < 0 || c.Amount == 0 && len(c.Goods) == 0 {
		return refuse(AmountNotPositive, c.Amount.Fen())
	}
	if c.Donors != (Headcount{}) {
		if err := c.Donors.check(); err != nil {
			return err
		}
	}
	if c.Donor != (ID{}) {
		if err := d.party(c.Donor); err != nil {
			return err
		}
	}
	e := &FundsReceived{Source: c.Source, Number: c.Number, Donors: c.Donors, Fen: c.Amount.Fen()}
	e.Private.Donor = c.Donor
	total := d.l.total
	for i, g := range c.Goods {
		in, err := g.in()
		if err != nil {
			return err.at(i)
		}
		e.Goods = append(e.Goods, in)
		total += in.Cost
	}
	if total+e.Fen > MaxFen {
		return refuse(TooMuchMoney, Fen(MaxFen))
	}
	d.add(e)
	return nil
}

func (g GoodsGiven) in() (GoodsIn, *Refusal) {
	if g.Item == "" {
		return GoodsIn{}, refuse(FieldMissing, "item")
	}
	if g.Quantity <= 0 {
		return GoodsIn{}, refuse(AmountNotPositive, g.Quantity.Quantity())
	}
	in := GoodsIn{Item: g.Item, Quantity: g.Quantity.Quantity()}
	if g.Cost != nil {
		if *g.Cost < 0 {
			return GoodsIn{}, refuse(AmountNotPositive, g.Cost.Fen())
		}
		in.Cost, in.Valued = g.Cost.Fen(), true
	}
	return in, nil
}

func (c *PurchaseGoods) target(*Order) string        { return c.stream() }
func (c *PurchaseGoods) unit(l *Ledger, _ *Order) ID { return c.unitIn(l) }
func (c *PurchaseGoods) decide(d *decision) error {
	b, err := d.openBook(c.From)
	if err != nil {
		return err
	}
	in, bad := GoodsGiven{c.Item, c.Quantity, &c.Cost}.in()
	if bad != nil {
		return bad
	}
	draws, err := d.draw(b, Money, int64(in.Cost), anyLot)
	if err != nil {
		return err
	}
	d.add(&GoodsPurchased{Goods: in, Supplier: c.Supplier, Invoice: c.Invoice, Draws: draws})
	return nil
}

func (c *CountGoods) target(*Order) string        { return c.stream() }
func (c *CountGoods) unit(l *Ledger, _ *Order) ID { return c.unitIn(l) }
func (c *CountGoods) decide(d *decision) error {
	b, err := d.openBook(c.From)
	if err != nil {
		return err
	}
	if c.Item == "" {
		return refuse(FieldMissing, "item")
	}
	if c.Found < 0 {
		return refuse(AmountNotPositive, c.Found.Quantity())
	}
	switch have := b.Available(c.Item, d.o.Date); {
	case int64(c.Found) == have:
		return refuse(NothingCounted, c.Found.Quantity())
	case int64(c.Found) > have:
		d.add(&GoodsCounted{Surplus: &GoodsIn{Item: c.Item, Quantity: Quantity(int64(c.Found) - have)}})
	default:
		draws, err := d.draw(b, c.Item, have-int64(c.Found), anyLot)
		if err != nil {
			return err
		}
		d.add(&GoodsCounted{Item: c.Item, Draws: draws})
	}
	return nil
}

func (c *SurrenderFunds) target(*Order) string        { return Stream(FundKind, c.Fund) }
func (c *SurrenderFunds) unit(l *Ledger, _ *Order) ID { return From{Fund: c.Fund}.unitIn(l) }

// A closed fund still gives back what came back to it.
func (c *SurrenderFunds) decide(d *decision) error {
	f := d.l.Funds[c.Fund]
	if f == nil {
		return refuse(NoSuch, said{"资金", "fund"}, c.Fund)
	}
	item, quantity := asked(c.Amount, c.Item, c.Quantity)
	if quantity <= 0 {
		return refuse(AmountNotPositive, sayQuantity(item, quantity))
	}
	draws, ok := f.drawFrom(item, quantity, d.o.Date, d.l.ofSource(c.Source))
	if !ok {
		var have int64
		for _, x := range draws {
			have += x.Quantity
		}
		return refuse(NotFromSource, c.Source, sayQuantity(item, quantity), sayQuantity(item, have))
	}
	d.add(&FundsSurrendered{Source: c.Source, Number: c.Number, Item: item, Draws: draws})
	return nil
}

// ofSource picks the lots that came from a source.
func (l *Ledger) ofSource(s Source) func(Lot) bool {
	return func(lot Lot) bool {
		o := l.origins[lot.Origin]
		return o != nil && o.Bought == nil && o.Source == s
	}
}

func (c *PassOnFunds) target(*Order) string        { return Stream(FundKind, c.Fund) }
func (c *PassOnFunds) unit(l *Ledger, _ *Order) ID { return From{Fund: c.Fund}.unitIn(l) }
func (c *PassOnFunds) decide(d *decision) error {
	b, err := d.openBook(From{Fund: c.Fund})
	if err != nil {
		return err
	}
	if c.To == "" {
		return refuse(FieldMissing, "to")
	}
	may := anyLot
	if c.Source != nil {
		may = d.l.ofSource(*c.Source)
	}
	item, quantity := asked(c.Amount, c.Item, c.Quantity)
	draws, err := d.draw(b, item, quantity, may)
	if err != nil {
		return err
	}
	d.add(&FundsPassedOn{To: c.To, Number: c.Number, Item: item, Draws: draws})
	return nil
}

func (c *ReverseEntry) target(*Order) string        { return c.stream() }
func (c *ReverseEntry) unit(l *Ledger, _ *Order) ID { return c.unitIn(l) }
func (c *ReverseEntry) decide(d *decision) error {
	b := d.l.book(c.stream())
	if b == nil {
		return refuse(NoSuch, said{"账", "book"}, c.stream())
	}
	id, ok := d.l.Find(c.Entry)
	if !ok {
		return refuse(NoSuch, said{"记录", "entry"}, c.Entry)
	}
	made := d.l.entryOf(b, id)
	if made == nil {
		return refuse(NotReversible, c.Entry)
	}
	if made.reversed != (ID{}) {
		return refuse(ReversedAlready, c.Entry)
	}
	if at := d.l.at(id); d.o.Date < at.date {
		return refuse(BookedBefore, d.o.Date, at.date)
	}
	e := &EntryReversed{Entry: id}
	e.Private.Reason = c.Reason.sealed
	// What the entry brought in goes out again, lot by lot of its own.
	for _, g := range made.given {
		draws, ok := b.drawFrom(g.item, g.quantity, d.o.Date, made.broughtIn(id))
		if !ok {
			var have int64
			for _, x := range draws {
				have += x.Quantity
			}
			return tooLittle(g.item, g.quantity, have)
		}
		e.Draws = append(e.Draws, draws...)
	}
	if made.kind == "DisbursementMade" && made.payment.returned() {
		return refuse(NotReversible, c.Entry)
	}
	if made.kind != "DisbursementReturned" {
		e.Back = slices.Clone(made.taken)
	}
	d.add(e)
	return nil
}

// broughtIn picks the lots that an entry brought into its stream.
func (m *entryMade) broughtIn(id ID) func(Lot) bool {
	if m.kind == "DisbursementReturned" {
		return func(l Lot) bool { return slices.ContainsFunc(m.taken, func(d Draw) bool { return d.Lot == l.No }) }
	}
	return func(l Lot) bool { return l.Origin == id }
}

func (c *CloseFund) target(*Order) string        { return Stream(FundKind, c.Fund) }
func (c *CloseFund) unit(l *Ledger, _ *Order) ID { return From{Fund: c.Fund}.unitIn(l) }
func (c *CloseFund) decide(d *decision) error {
	b, err := d.openBook(From{Fund: c.Fund})
	if err != nil {
		return err
	}
	if err := d.nothingLeft(b, 0); err != nil {
		return err
	}
	d.add(&FundClosed{})
	return nil
}

// nothingLeft refuses while a book holds anything, has anything in transit, or
// an allocation below it is open.
func (d *decision) nothingLeft(b *Book, reserved Fen) error {
	goods, children, transit := 0, 0, 0
	for _, lot := range b.Lots() {
		if lot.Item != Money {
			goods++
		}
	}
	for id := range b.Children {
		if a := d.l.Allocations[id]; a == nil || !a.Closed {
			children++
		}
	}
	for _, o := range d.l.owed {
		if o.stream == b.Stream || o.cause.Stream == b.Stream {
			transit++
		}
	}
	if money := Fen(b.Left(Money)) + reserved; money != 0 || goods != 0 || transit != 0 || children != 0 {
		return refuse(HasLeft, money, goods, transit, children)
	}
	return nil
}

func newBook(r *Recorded, id, unit ID, through Day) Book {
	return Book{ID: id, Unit: unit, Stream: r.Stream, ClosedThrough: through,
		Children: map[ID]*outflow{}, entries: map[ID]*entryMade{}, began: r.Number}
}

// made remembers an entry that can be reversed, with the postings so far.
func (b *Book) made(l *Ledger, r *Recorded, m *entryMade) {
	m.kind, m.postings = TypeOf(r.Event), slices.Clone(l.postings)
	b.entries[r.ID] = m
}

// entryOf returns an entry of a book that can be reversed. Payments, of which
// there are many, have all that a reversal needs themselves.
func (l *Ledger) entryOf(b *Book, id ID) *entryMade {
	if m := b.entries[id]; m != nil {
		return m
	}
	if a := l.Allocations[b.ID]; a != nil && a.Stream == b.Stream {
		if p := l.paymentOf(a, id); p != nil {
			return &entryMade{kind: "DisbursementMade", taken: a.Draws(p), payment: p, reversed: p.Reversed()}
		}
	}
	return nil
}

func (e *FundEstablished) fold(l *Ledger, r *Recorded) error {
	if l.Funds[e.Fund] != nil || r.Stream != Stream(FundKind, e.Fund) {
		return fmt.Errorf("the fund exists, or this is not its stream")
	}
	through := Day(0)
	if u := l.Units[e.Unit]; u != nil {
		through = u.ClosedThrough
	}
	l.Funds[e.Fund] = &Fund{Book: newBook(r, e.Fund, e.Unit, through), Name: e.Name, Earmark: e.Earmark,
		Received: map[Source]map[string]int64{}}
	return nil
}

func (l *Ledger) bookOf(r *Recorded) (*Book, error) {
	if b := l.book(r.Stream); b != nil {
		return b, nil
	}
	return nil, fmt.Errorf("no such fund or allocation")
}

// bring adds a lot from outside.
func (b *Book) bring(l *Ledger, r *Recorded, item string, quantity int64, cost Fen, valued bool, from AccountKind) {
	lot := Lot{Item: item, Origin: r.ID, Edge: r.ID, From: r.Event.common().Date, Left: quantity, Cost: cost, Valued: valued}
	b.add(lot)
	l.moveLot(b.Stream, lot, quantity, cost, from, Held, "")
}

func (e *FundsReceived) fold(l *Ledger, r *Recorded) error {
	_, id, _ := SplitStream(r.Stream)
	f := l.Funds[id]
	if f == nil {
		return fmt.Errorf("no such fund")
	}
	if e.Fen < 0 || e.Fen > MaxFen {
		return fmt.Errorf("%d fen", e.Fen)
	}
	for _, g := range e.Goods {
		if g.Quantity <= 0 || g.Item == "" || g.Cost < 0 || g.Cost > MaxFen {
			return fmt.Errorf("%s of %q at %d fen", g.Quantity, g.Item, g.Cost)
		}
	}
	l.origins[r.ID] = &Origin{Event: r.ID, Source: e.Source, Number: e.Number}
	m := &entryMade{}
	if e.Fen > 0 {
		f.bring(l, r, Money, int64(e.Fen), 0, false, FromSource)
		m.given = append(m.given, goodsOut{Money, int64(e.Fen)})
	}
	l.total += e.Fen
	for _, g := range e.Goods {
		f.bring(l, r, g.Item, int64(g.Quantity), g.Cost, g.Valued, FromSource)
		m.given = append(m.given, goodsOut{g.Item, int64(g.Quantity)})
		l.total += g.Cost
	}
	f.made(l, r, m)
	l.mentioned(e.Private.Donor, ID{}, e.LastDay())
	return nil
}

func (e *GoodsPurchased) fold(l *Ledger, r *Recorded) error {
	b, err := l.bookOf(r)
	if err != nil {
		return err
	}
	if e.Goods.Quantity <= 0 || e.Goods.Item == "" || Fen(b.sum(Money, e.Draws)) != e.Goods.Cost {
		return fmt.Errorf("%s of %q: the draws are not its cost", e.Goods.Quantity, e.Goods.Item)
	}
	if err := b.take(e.Draws, e.Date); err != nil {
		return err
	}
	o := &Origin{Event: r.ID, Bought: []Part{}}
	for _, d := range e.Draws {
		o.Bought = append(o.Bought, Part{b.lots[d.Lot-1].Origin, Fen(d.Quantity)})
	}
	l.origins[r.ID] = o
	// Money becomes stock at cost; the quantity comes from the supplier.
	for _, d := range e.Draws {
		l.post(b.Stream, Money, d.Quantity, b.lots[d.Lot-1].Origin, Held, Stock, "")
	}
	l.post(b.Stream, e.Goods.Item, int64(e.Goods.Quantity), r.ID, Supplier, Stock, "")
	b.add(Lot{Item: e.Goods.Item, Origin: r.ID, Edge: r.ID, From: e.Date, Left: int64(e.Goods.Quantity), Cost: e.Goods.Cost, Valued: true})
	b.made(l, r, &entryMade{taken: e.Draws, given: []goodsOut{{e.Goods.Item, int64(e.Goods.Quantity)}}})
	return nil
}

func (e *GoodsCounted) fold(l *Ledger, r *Recorded) error {
	b, err := l.bookOf(r)
	if err != nil {
		return err
	}
	m := &entryMade{taken: e.Draws}
	if g := e.Surplus; g != nil {
		if g.Quantity <= 0 || g.Item == "" || g.Cost < 0 {
			return fmt.Errorf("a surplus of %s %q", g.Quantity, g.Item)
		}
		l.origins[r.ID] = &Origin{Event: r.ID, Source: Source{Name: "盘盈"}}
		b.bring(l, r, g.Item, int64(g.Quantity), g.Cost, g.Valued, CountedIn)
		m.given = []goodsOut{{g.Item, int64(g.Quantity)}}
	} else {
		if err := b.take(e.Draws, e.Date); err != nil {
			return err
		}
		l.move(&b.Holdings, b.Stream, e.Draws, Held, CountedOut, "")
	}
	b.made(l, r, m)
	return nil
}

func (e *FundsSurrendered) fold(l *Ledger, r *Recorded) error {
	return l.leave(r, e.Draws, Surrendered)
}
func (e *FundsPassedOn) fold(l *Ledger, r *Recorded) error { return l.leave(r, e.Draws, PassedOn) }

func (l *Ledger) leave(r *Recorded, draws []Draw, to AccountKind) error {
	b, err := l.bookOf(r)
	if err != nil {
		return err
	}
	if err := b.take(draws, r.Event.common().Date); err != nil {
		return err
	}
	l.move(&b.Holdings, b.Stream, draws, Held, to, "")
	return nil
}

func (e *EntryReversed) fold(l *Ledger, r *Recorded) error {
	b, err := l.bookOf(r)
	if err != nil {
		return err
	}
	made := l.entryOf(b, e.Entry)
	if made == nil || made.reversed != (ID{}) || !b.known(e.Back) {
		return fmt.Errorf("no entry to reverse: %s", e.Entry)
	}
	if err := b.take(e.Draws, e.Date); err != nil {
		return err
	}
	made.reversed = r.ID
	switch p := made.payment; made.kind {
	case "DisbursementMade":
		p.reverse(l, r, b)
	case "DisbursementReturned":
		p.unreturn(l, b, made.back, e.Entry)
	case "ReceiptRecorded":
		a := l.Allocations[b.ID]
		number, _ := l.Number(e.Entry)
		for _, run := range made.covers {
			for _, p := range a.Payments[run[0]-1 : run[1]] {
				p.dropReceipt(number)
			}
		}
	}
	b.putBack(e.Back, e.Date)
	if made.kind == "DisbursementMade" {
		// The reservation that it came from is gone: the money is held again.
		l.move(&b.Holdings, b.Stream, e.Back, Paid, Held, made.payment.Form)
		return nil
	}
	for _, p := range made.postings {
		p.Quantity = -p.Quantity
		l.postings = append(l.postings, p)
	}
	return nil
}

func (e *PeriodClosed) fold(l *Ledger, r *Recorded) error {
	b, err := l.bookOf(r)
	if err != nil {
		return err
	}
	b.ClosedThrough = max(b.ClosedThrough, e.Through)
	return nil
}

func (e *FundClosed) fold(l *Ledger, r *Recorded) error {
	b, err := l.bookOf(r)
	if err == nil {
		b.Closed = true
	}
	return err
}

// heldIn orders streams by the number of the event with which they began.
type heldIn struct {
	began  uint64
	stream string
}

func inOrder(streams []heldIn) []string {
	slices.SortFunc(streams, func(a, b heldIn) int { return cmp.Compare(a.began, b.began) })
	names := make([]string, len(streams))
	for i, s := range streams {
		names[i] = s.stream
	}
	return names
}
