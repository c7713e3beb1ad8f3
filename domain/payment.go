package domain

import (
	"cmp"
	"fmt"
	"slices"
)

// Payment is one disbursement as it stands (发放).
//
// There are millions of payments. To save room, what few of them have is stored apart,
// behind a pointer, and read by methods.
type Payment struct {
	Number      uint64 // of its event
	No          int32  // in the allocation, from 1
	Batch, Row  int32  // 0 if it was made without a batch
	Line        int32  // admitted line
	Entitlement int32  // of the line, from 1
	On          Day    // when it happened
	Booked      Day    // its business date
	receipt     uint32 // 1 + the number of its first receipt
	Form        Form
	Fen         Fen
	extra       *paymentExtra
}

// paymentExtra is what few payments have.
type paymentExtra struct {
	draws        []Draw // of a payment without a batch: all that it took
	items        []GoodsOf
	voucher      string
	again        ID
	back         []Back
	receipts     []uint64 // after the first
	demanded     []ID
	claimed      Fen // the sum of those demands
	reversed     ID
	everReturned bool    // something came back once: out says what still is
	stillOut     outflow // what is still out
}

// noPaymentExtra is the extra part of most payments.
var noPaymentExtra paymentExtra

// readExtra returns the extra part of a payment, to be read only.
func (p *Payment) readExtra() *paymentExtra {
	if p.extra == nil {
		return &noPaymentExtra
	}
	return p.extra
}

// writeExtra returns the extra part of a payment, to be changed.
func (p *Payment) writeExtra() *paymentExtra {
	if p.extra == nil {
		p.extra = &paymentExtra{}
	}
	return p.extra
}

// Items are the goods that were handed out.
func (p *Payment) Items() []GoodsOf { return p.readExtra().items }

// Voucher is the number of the voucher that was handed out.
func (p *Payment) Voucher() string { return p.readExtra().voucher }

// Again is the reject, return or reversal that the payment pays again, zero for none.
func (p *Payment) Again() ID { return p.readExtra().again }

// Reversed is the event that reversed the payment, zero if none did.
func (p *Payment) Reversed() ID { return p.readExtra().reversed }

// Draws returns all that a payment took: the draws of its row, if it is of a batch.
func (a *Allocation) Draws(p *Payment) []Draw {
	if p.Batch > 0 {
		return a.Batches[p.Batch-1].Rows[p.Row-1].Draws
	}
	return p.readExtra().draws
}

// DisbursementMade is one payment: of a row of a batch, or without a batch. Of a
// payment with a batch, line, entitlement and form are not stored, because the batch
// has them.
type DisbursementMade struct {
	Common
	Batch       int       `json:"batch,omitempty"`
	Row         int       `json:"row,omitempty"`
	Line        int       `json:"line,omitempty"` // without a batch
	Entitlement int       `json:"entitlement,omitempty"`
	Form        Form      `json:"form,omitempty"`
	Fen         Fen       `json:"fen,omitempty"`
	Items       []GoodsOf `json:"items,omitempty"`
	Again       ID        `json:"again,omitzero"`
	Draws       []Draw    `json:"draws"`
	Voucher     string    `json:"voucher,omitempty"`
	HandedBy    ID        `json:"handed_by,omitzero"` // the officer who handed it out
}

// DisbursementRejected is a row that did not reach its payee; no money left.
type DisbursementRejected struct {
	Common
	Batch int    `json:"batch"`
	Row   int    `json:"row"`
	Code  string `json:"code"`
}

// Disburse records a single payment: of a row of an approved batch, or of a line
// without a batch, which breaks rule 10.
type Disburse struct {
	Allocation ID        `json:"allocation"`
	Batch      int       `json:"batch,omitempty"`
	Row        int       `json:"row,omitempty"`
	Form       Form      `json:"form,omitempty"` // without a batch
	Pay        *RowToPay `json:"pay,omitempty"`
	Voucher    string    `json:"voucher,omitempty"`
	HandedBy   ID        `json:"handed_by,omitzero"`
}

// Refusals about payments.
var (
	NoBatch       = newCode(10, "no-batch", "第 {line} 号名单行未经批次制单、复核即发放", "line {line} is paid without a batch that somebody else approved")
	NoSuchPayment = newCode(2, "no-such-payment", "本分配没有该笔发放：{payment}", "this allocation made no such payment: {payment}")
)

func (c *Disburse) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *Disburse) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *Disburse) decide(d *decision) error {
	if c.HandedBy != (ID{}) && d.ledger.Officers[c.HandedBy] == nil {
		return refuse(NoSuch, bilingual{"经办人", "officer"}, c.HandedBy)
	}
	if c.Batch != 0 {
		return c.decideRow(d)
	}
	a, err := d.allocation(c.Allocation)
	if err != nil {
		return err
	}
	if c.Pay == nil {
		return refuse(FieldMissing, "pay")
	}
	if _, ok := formNames[c.Form]; !ok {
		return refuse(FieldWrong, "form", string(c.Form))
	}
	p := paymentCheck{decision: d, allocation: a, form: c.Form, taken: map[[2]int]bool{}}
	row, err := p.row(0, *c.Pay)
	if err != nil {
		return err
	}
	if err := d.refuseOrMark(0, refuse(NoBatch, row.Line)); err != nil {
		return err
	}
	if err := d.checkRecordedInTime(a); err != nil {
		return err
	}
	e := &DisbursementMade{Line: row.Line, Entitlement: row.Entitlement, Form: c.Form, Fen: row.Fen, Items: row.Items,
		Again: row.Again, Voucher: c.Voucher, HandedBy: c.HandedBy}
	for _, t := range row.quantities() {
		draws, err := d.draw(&a.Book, t.item, t.quantity, anyLot)
		if err != nil {
			return err
		}
		e.Draws = append(e.Draws, draws...)
	}
	if err := d.secondIsNoPayee(a.line(row.Line)); err != nil {
		return err
	}
	d.add(e)
	return nil
}

// decideRow decides about a payment of a batch's row.
func (c *Disburse) decideRow(d *decision) error {
	a, b, err := d.batch(c.Allocation, c.Batch)
	if err != nil {
		return err
	}
	if c.Row < 1 || c.Row > len(b.Rows) || b.Rows[c.Row-1].State != Waiting {
		return refuse(NoSuchRow, c.Row)
	}
	if b.Sent != (ID{}) {
		return refuse(BatchIs, c.Batch, StageSent)
	}
	if err := d.checkPayable(a, b, c.Row, c.Row, func(int) bool { return true }); err != nil {
		return err
	}
	row := &b.Rows[c.Row-1]
	d.add(&DisbursementMade{Batch: c.Batch, Row: c.Row, Fen: row.Fen, Items: row.Items(), Draws: row.Draws, Voucher: c.Voucher, HandedBy: c.HandedBy})
	return nil
}

// payment finds the payment that a Ref names, or refuses if there is none or it was
// reversed.
func (d *decision) payment(a *Allocation, ref Ref) (*Payment, *Refusal) {
	id, ok := d.ledger.Find(ref)
	if !ok {
		return nil, refuse(NoSuchPayment, ref)
	}
	p := d.ledger.paymentOf(a, id)
	switch {
	case p == nil:
		return nil, refuse(NoSuchPayment, ref)
	case p.Reversed() != ID{}:
		return nil, refuse(PaymentReversed, ref)
	}
	return p, nil
}

// paymentIn is payment for the payment of an allocation, which may be closed.
func (d *decision) paymentIn(allocation ID, ref Ref) (*Allocation, *Payment, error) {
	a, err := d.anyAllocation(allocation)
	if err != nil {
		return nil, nil, err
	}
	p, bad := d.payment(a, ref)
	if bad != nil {
		return nil, nil, bad
	}
	return a, p, nil
}

func (e *DisbursementMade) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	if !a.makeUp(e.Draws, e.Fen, e.Items) {
		return fmt.Errorf("the draws do not make up the amount paid, %d fen", e.Fen)
	}
	p := &Payment{Number: l.nextNumber(), No: int32(len(a.Payments) + 1), Form: e.Form, Fen: e.Fen, On: e.LastDay(), Booked: e.Date}
	if len(e.Items) > 0 {
		p.writeExtra().items = e.Items
	}
	if e.Voucher != "" {
		p.writeExtra().voucher = e.Voucher
	}
	again := e.Again
	if e.Batch != 0 {
		_, b, err := l.batchOf(r, e.Batch)
		if err != nil {
			return err
		}
		if e.Row < 1 || e.Row > len(b.Rows) || b.Rows[e.Row-1].State != Waiting || b.Rejected != (ID{}) || !slices.Equal(e.Draws, b.Rows[e.Row-1].Draws) {
			return fmt.Errorf("batch %d has no row %d to pay", e.Batch, e.Row)
		}
		row := &b.Rows[e.Row-1]
		p.Batch, p.Row, p.Line, p.Entitlement, p.Form = int32(e.Batch), int32(e.Row), row.Line, row.Entitlement, b.Form
		again = row.Again()
		l.postDraws(&a.Holdings, a.Stream, row.Draws, Reserved, Paid, b.Form)
		a.unreserve(row)
		row.State, row.Payment = RowPaid, p.No
	} else {
		line := a.line(e.Line)
		if line == nil || e.Entitlement < 1 || e.Entitlement > len(line.Due) {
			return fmt.Errorf("line %d has no entitlement %d", e.Line, e.Entitlement)
		}
		if err := a.take(e.Draws, e.Date); err != nil {
			return err
		}
		l.postDraws(&a.Holdings, a.Stream, e.Draws, Held, Paid, e.Form)
		p.Line, p.Entitlement = int32(e.Line), int32(e.Entitlement)
		p.writeExtra().draws = e.Draws
		line.Due[e.Entitlement-1].removeBack(e.Again)
	}
	if again != (ID{}) {
		p.writeExtra().again = again
	}
	a.due(p.Line, p.Entitlement).pay(p.Fen, e.Items, 1)
	if n := a.LineOf(p).Line.Nomination(); n > 0 && n <= len(a.Nominations) {
		a.Nominations[n-1].Used = true
	}
	a.Payments = append(a.Payments, p)
	return nil
}

func (e *DisbursementRejected) fold(l *Ledger, r *Recorded) error {
	a, b, err := l.batchOf(r, e.Batch)
	if err != nil {
		return err
	}
	if e.Row < 1 || e.Row > len(b.Rows) || b.Rows[e.Row-1].State != Waiting || b.Rejected != (ID{}) {
		return fmt.Errorf("batch %d has no row %d to reject", e.Batch, e.Row)
	}
	row := &b.Rows[e.Row-1]
	a.giveBack(l, e.Date, b, row)
	row.State = RowRejected
	a.due(row.Line, row.Entitlement).addBack(r.ID)
	return nil
}

// paymentOf is the payment of an allocation that an event made, nil for none.
func (l *Ledger) paymentOf(a *Allocation, event ID) *Payment {
	number, ok := l.Number(event)
	if !ok {
		return nil
	}
	return a.paymentAt(number)
}

func (a *Allocation) paymentAt(number uint64) *Payment {
	i, ok := slices.BinarySearchFunc(a.Payments, number, func(p *Payment, n uint64) int { return cmp.Compare(p.Number, n) })
	if !ok {
		return nil
	}
	return a.Payments[i]
}

// PaymentAt returns the payment that an event made, by the event's number, and its
// allocation; ok is false if the event made no payment.
func (l *Ledger) PaymentAt(number uint64) (a *Allocation, p *Payment, ok bool) {
	if number >= uint64(len(l.log)) {
		return nil, nil, false
	}
	_, id, _ := SplitStream(l.StreamAt(number))
	if a = l.Allocations[id]; a == nil {
		return nil, nil, false
	}
	if p = a.paymentAt(number); p == nil {
		return nil, nil, false
	}
	return a, p, true
}

// PaymentOf returns the payment of a batch's row, nil if it was not paid.
func (a *Allocation) PaymentOf(r *Row) *Payment {
	if r.Payment == 0 {
		return nil
	}
	return a.Payments[r.Payment-1]
}

// LineOf returns the admitted line that a payment paid.
func (a *Allocation) LineOf(p *Payment) *AdmittedLine { return a.line(int(p.Line)) }

// PaidTo returns the payments to a person, as payee or as beneficiary, in the order of
// the ledger. Payments to parties that are merged with this one are included.
func (l *Ledger) PaidTo(party ID) []*Payment {
	var list []*Payment
	who := l.Same(party)
	for _, a := range l.Allocations {
		for _, p := range a.Payments {
			if line := a.LineOf(p); l.Same(line.Payee()) == who || l.Same(line.Beneficiary()) == who {
				list = append(list, p)
			}
		}
	}
	slices.SortFunc(list, func(x, y *Payment) int { return cmp.Compare(x.Number, y.Number) })
	return list
}
