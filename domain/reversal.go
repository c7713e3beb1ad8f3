package domain

import (
	"fmt"
	"slices"
)

// reversibleEntry is what the reversal of an entry needs to know of it.
type reversibleEntry struct {
	kind      string
	postings  []Posting
	taken     []Draw         // what the entry took out of this stream; of a return: the lots that it made
	cameBack  []Draw         // of a return: the draws of the payment that came back
	broughtIn []itemQuantity // what it brought in, by item
	payment   *Payment
	covers    [][2]int // of a receipt: its payments, first and last of each run
	reversed  ID
}

// isLotOf says of a lot whether the entry with this id brought it into its stream.
func (m *reversibleEntry) isLotOf(id ID) func(Lot) bool {
	if m.kind == "DisbursementReturned" {
		return func(l Lot) bool { return slices.ContainsFunc(m.taken, func(d Draw) bool { return d.Lot == l.No }) }
	}
	return func(l Lot) bool { return l.Origin == id }
}

// rememberEntry remembers an entry that can be reversed, with the postings that it has
// made so far.
func (b *Book) rememberEntry(l *Ledger, r *Recorded, m *reversibleEntry) {
	m.kind, m.postings = TypeOf(r.Event), slices.Clone(l.postings)
	b.reversible[r.ID] = m
}

// entryOf returns an entry of a book that can be reversed, nil if there is none. For
// payments it is made when it is asked for: there are too many to remember them.
func (l *Ledger) entryOf(b *Book, id ID) *reversibleEntry {
	if m := b.reversible[id]; m != nil {
		return m
	}
	if a := l.Allocations[b.ID]; a != nil && a.Stream == b.Stream {
		if p := l.paymentOf(a, id); p != nil {
			return &reversibleEntry{kind: "DisbursementMade", taken: a.Draws(p), payment: p, reversed: p.Reversed()}
		}
	}
	return nil
}

// EntryReversed undoes an entry of the same stream (红字冲销). An entry is reversed once
// at most.
type EntryReversed struct {
	Common
	Entry   ID     `json:"entry"`
	Draws   []Draw `json:"draws,omitempty"` // of the lots that the entry brought in
	Back    []Draw `json:"back,omitempty"`  // the draws of the entry, which come back
	Private struct {
		Reason Sealed `json:"reason,omitzero"`
	} `json:"-"`
}

// ReverseEntry undoes an entry of a book.
type ReverseEntry struct {
	From
	Entry  Ref      `json:"entry"`
	Reason Personal `json:"reason,omitzero"`
}

// Refusals about reversals.
var (
	NotReversible   = newCode(4, "not-reversible", "该记录不能冲销：{entry}", "this entry cannot be reversed: {entry}")
	ReversedAlready = newCode(4, "reversed-already", "该记录已被冲销：{entry}", "the entry is reversed already: {entry}")
)

func (c *ReverseEntry) target(*Order) string        { return c.stream() }
func (c *ReverseEntry) unit(l *Ledger, _ *Order) ID { return c.unitIn(l) }
func (c *ReverseEntry) decide(d *decision) error {
	b := d.ledger.book(c.stream())
	if b == nil {
		return refuse(NoSuch, bilingual{"账", "book"}, c.stream())
	}
	id, ok := d.ledger.Find(c.Entry)
	if !ok {
		return refuse(NoSuch, bilingual{"记录", "entry"}, c.Entry)
	}
	made := d.ledger.entryOf(b, id)
	if made == nil {
		return refuse(NotReversible, c.Entry)
	}
	if made.reversed != (ID{}) {
		return refuse(ReversedAlready, c.Entry)
	}
	if at := d.ledger.logged(id); d.order.Date < at.date {
		return refuse(BookedBefore, d.order.Date, at.date)
	}
	e := &EntryReversed{Entry: id}
	e.Private.Reason = c.Reason.sealed
	// What the entry brought in goes out again, from the same lots.
	for _, g := range made.broughtIn {
		draws, ok := b.drawFrom(g.item, g.quantity, d.order.Date, made.isLotOf(id))
		if !ok {
			var have int64
			for _, x := range draws {
				have += x.Quantity
			}
			return notEnough(g.item, g.quantity, have)
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
		p.undoReturn(l, b, made.cameBack, e.Entry)
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
		// The postings are not only turned around: a payment may come out of a
		// reservation, and that has ended. The money is held again.
		l.postDraws(&b.Holdings, b.Stream, e.Back, Paid, Held, made.payment.Form)
		return nil
	}
	for _, p := range made.postings {
		p.Quantity = -p.Quantity
		l.postings = append(l.postings, p)
	}
	return nil
}

// reverse undoes the payment's effect on what is due.
func (p *Payment) reverse(l *Ledger, r *Recorded, b *Book) {
	p.writeExtra().reversed = r.ID
	p.setStillOut(outflow{})
	due := l.Allocations[b.ID].due(p.Line, p.Entitlement)
	due.pay(p.Fen, p.Items(), -1)
	due.addBack(r.ID)
}

// undoReturn undoes a return.
func (p *Payment) undoReturn(l *Ledger, b *Book, back []Draw, event ID) {
	a := l.Allocations[b.ID]
	p.setStillOut(outflow{append(a.stillOut(p).draws, back...)})
	due := a.due(p.Line, p.Entitlement)
	for _, x := range p.Back() {
		if x.Event == event {
			due.pay(x.Fen, x.Items, 1)
		}
	}
	p.extra.back = slices.DeleteFunc(p.extra.back, func(x Back) bool { return x.Event == event })
	due.removeBack(event)
}
