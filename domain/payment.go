package domain

import (
	"cmp"
	"fmt"
	"slices"
)

// Payment is one disbursement as it stands (发放).
//
// There are millions of them, so that what few have stands apart, behind a
// pointer and methods.
type Payment struct {
	Number      uint64 // of its event
	No          int32  // in the allocation, from 1
	Batch, Row  int32  // 0 where it was made by hand without a batch
	Line        int32
	Entitlement int32
	On          Day // when it happened
	Booked      Day
	receipt     uint32 // 1 + the number of its first receipt
	Form        Form
	Fen         Fen
	rest        *paymentRest
}

// paymentRest is what few payments have.
type paymentRest struct {
	draws    []Draw // without a batch: all that it took
	items    []GoodsOf
	voucher  string
	again    ID
	back     []Back
	receipts []uint64 // behind the first
	demanded []ID
	claimed  Fen // by those demands
	reversed ID
	returned bool    // something came back once: out says what still is
	out      outflow // what is still out
}

// nothing is the rest of most payments.
var nothing paymentRest

func (p *Payment) more() *paymentRest {
	if p.rest == nil {
		return &nothing
	}
	return p.rest
}

// write returns the rest of a payment, to be changed.
func (p *Payment) write() *paymentRest {
	if p.rest == nil {
		p.rest = &paymentRest{}
	}
	return p.rest
}

// Items are the goods that were given.
func (p *Payment) Items() []GoodsOf { return p.more().items }

// Voucher is the number of the voucher that was handed out.
func (p *Payment) Voucher() string { return p.more().voucher }

// Again is the reject, return or reversal that it pays again.
func (p *Payment) Again() ID { return p.more().again }

// Back is what came back of it.
func (p *Payment) Back() []Back { return p.more().back }

// Demanded are the events that asked for it back.
func (p *Payment) Demanded() []ID { return p.more().demanded }

// Reversed is the event that reversed it, if one did.
func (p *Payment) Reversed() ID { return p.more().reversed }

// Receipts are the numbers of the receipts that stand for it.
func (p *Payment) Receipts() []uint64 {
	if p.receipt == 0 {
		return p.more().receipts
	}
	return append([]uint64{uint64(p.receipt) - 1}, p.more().receipts...)
}

func (p *Payment) addReceipt(number uint64) {
	if p.receipt == 0 {
		p.receipt = uint32(number) + 1
		return
	}
	rest := p.write()
	rest.receipts = append(rest.receipts, number)
}

func (p *Payment) dropReceipt(number uint64) {
	rest := p.write()
	if p.receipt == uint32(number)+1 {
		p.receipt = 0
		if len(rest.receipts) > 0 {
			p.receipt, rest.receipts = uint32(rest.receipts[0])+1, rest.receipts[1:]
		}
		return
	}
	rest.receipts = slices.DeleteFunc(rest.receipts, func(n uint64) bool { return n == number })
}

// Draws is all that a payment took. Of a batch it is what its row had.
func (a *Allocation) Draws(p *Payment) []Draw {
	if p.Batch > 0 {
		return a.Batches[p.Batch-1].Rows[p.Row-1].Draws
	}
	return p.more().draws
}

// out is what left by a payment and is still out.
func (a *Allocation) out(p *Payment) outflow {
	if p.more().returned {
		return p.rest.out
	}
	return outflow{a.Draws(p)}
}

// stillOut changes what is still out.
func (p *Payment) stillOut(o outflow) {
	rest := p.write()
	rest.returned, rest.out = true, o
}

// Back is a return of a payment.
type Back struct {
	Event ID
	Fen   Fen
	Items []GoodsOf
	On    Day
}

// returned says whether anything came back.
func (p *Payment) returned() bool { return len(p.Back()) > 0 }

// Net is what of the money did not come back.
func (p *Payment) Net() Fen {
	if p.Reversed() != (ID{}) {
		return 0
	}
	net := p.Fen
	for _, b := range p.Back() {
		net -= b.Fen
	}
	return net
}

// DisbursementMade is one payment: of a row of a batch, or by hand. Where a
// process posts it, the rest follows from its batch.
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
	HandedBy    ID        `json:"handed_by,omitzero"` // officer
}

// DisbursementRejected is a row that did not reach its payee; no money left.
type DisbursementRejected struct {
	Common
	Batch int    `json:"batch"`
	Row   int    `json:"row"`
	Code  string `json:"code"`
}

// ReceiptRecorded is evidence of payments: one document, for one or many.
type ReceiptRecorded struct {
	Common
	Kind     string   `json:"kind"`               // sign-off sheet, bank slip, photo, used voucher
	Document []byte   `json:"document,omitempty"` // tag of the file
	HeldBy   string   `json:"held_by,omitempty"`  // where it is, if it is not here
	Payments [][2]int `json:"payments"`           // first and last number, both included
	Private  struct {
		// Signers by payment, where they are not the payees themselves.
		Signers []ID `json:"signers,omitempty"`
	} `json:"-"`
}

// DisbursementReturned is value that came back from a payee.
type DisbursementReturned struct {
	Common
	Payment ID        `json:"payment"`
	Fen     Fen       `json:"fen,omitempty"`
	Items   []GoodsOf `json:"items,omitempty"`
	Back    []Draw    `json:"back"` // what it refills, last drawn first
	Kind    string    `json:"kind"` // payee, unused-voucher, recovery
	Private struct {
		Reason Sealed `json:"reason,omitzero"`
	} `json:"-"`
}

// RecoveryDemanded asks a payee for what he should not have.
type RecoveryDemanded struct {
	Common
	Payment ID  `json:"payment"`
	Fen     Fen `json:"fen"`
	By      Day `json:"by,omitzero"`
	Private struct {
		Reason Sealed `json:"reason,omitzero"`
	} `json:"-"`
}

// Disburse records a payment by hand: of a row of an approved batch, or of a
// line without one, which breaks rule 10.
type Disburse struct {
	Allocation ID        `json:"allocation"`
	Batch      int       `json:"batch,omitempty"`
	Row        int       `json:"row,omitempty"`
	Form       Form      `json:"form,omitempty"` // without a batch
	Pay        *RowToPay `json:"pay,omitempty"`
	Voucher    string    `json:"voucher,omitempty"`
	HandedBy   ID        `json:"handed_by,omitzero"`
}

// RecordReceipt records evidence of payments: all of a batch, some of its rows,
// or those that are named.
type RecordReceipt struct {
	Allocation ID     `json:"allocation"`
	Kind       string `json:"kind"`
	Document   []byte `json:"document,omitempty"`
	HeldBy     string `json:"held_by,omitempty"`
	Batch      int    `json:"batch,omitempty"`
	BatchRows  []int  `json:"batch_rows,omitempty"` // none: all that were paid
	Payments   []Ref  `json:"payments,omitempty"`
	Signers    []ID   `json:"signers,omitempty"` // by payment; none: each payee himself
}

// ReturnDisbursement records what came back of a payment.
type ReturnDisbursement struct {
	Allocation ID          `json:"allocation"`
	Payment    Ref         `json:"payment"`
	Amount     Yuan        `json:"amount,omitzero"`
	Items      []ItemCount `json:"items,omitempty"`
	Kind       string      `json:"kind"`
	Reason     Personal    `json:"reason,omitzero"`
}

// DemandRecovery asks for money back.
type DemandRecovery struct {
	Allocation ID       `json:"allocation"`
	Payment    Ref      `json:"payment"`
	Amount     Yuan     `json:"amount"`
	By         Day      `json:"by,omitzero"`
	Reason     Personal `json:"reason,omitzero"`
}

// Refusals about payments.
var (
	NoBatch         = newCode(10, "no-batch", "第 {line} 号名单行未经批次制单、复核即发放", "line {line} is paid without a batch that somebody else approved")
	NoSuchPayment   = newCode(2, "no-such-payment", "本分配没有该笔发放：{payment}", "this allocation made no such payment: {payment}")
	ReturnAbovePaid = newCode(3, "return-above-paid", "退回 {want} 超过未退数额 {out}", "{want} cannot come back, {out} of it is still out")
	PaymentReversed = newCode(3, "payment-reversed", "该笔发放已被冲销：{payment}", "the payment was reversed: {payment}")
	NothingPaid     = newCode(2, "nothing-paid", "批次 {batch} 没有可登记的发放", "batch {batch} has no payment to record a receipt of")
)

func (c *Disburse) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *Disburse) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *Disburse) decide(d *decision) error {
	if c.HandedBy != (ID{}) && d.l.Officers[c.HandedBy] == nil {
		return refuse(NoSuch, said{"经办人", "officer"}, c.HandedBy)
	}
	if c.Batch != 0 {
		return c.ofBatch(d)
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
	p := payability{d: d, a: a, form: c.Form, seen: map[[2]int]bool{}}
	row, err := p.row(0, *c.Pay)
	if err != nil {
		return err
	}
	if err := d.conduct(0, refuse(NoBatch, row.Line)); err != nil {
		return err
	}
	if err := d.recordedInTime(a); err != nil {
		return err
	}
	e := &DisbursementMade{Line: row.Line, Entitlement: row.Entitlement, Form: c.Form, Fen: row.Fen, Items: row.Items,
		Again: row.Again, Voucher: c.Voucher, HandedBy: c.HandedBy}
	for _, t := range row.things() {
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

func (c *Disburse) ofBatch(d *decision) error {
	a, b, err := d.batch(c.Allocation, c.Batch)
	if err != nil {
		return err
	}
	if c.Row < 1 || c.Row > len(b.Rows) || b.Rows[c.Row-1].State != Waiting {
		return refuse(NoSuchRow, c.Row)
	}
	if b.Sent != (ID{}) {
		return refuse(BatchIs, c.Batch, said{"已送银行", "sent"})
	}
	if err := d.payable(a, b, c.Row, c.Row, func(int) bool { return true }); err != nil {
		return err
	}
	row := &b.Rows[c.Row-1]
	d.add(&DisbursementMade{Batch: c.Batch, Row: c.Row, Fen: row.Fen, Items: row.Items(), Draws: row.Draws, Voucher: c.Voucher, HandedBy: c.HandedBy})
	return nil
}

func (c *RecordReceipt) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *RecordReceipt) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *RecordReceipt) decide(d *decision) error {
	a := d.l.Allocations[c.Allocation]
	if a == nil {
		return refuse(NoSuch, said{"分配", "allocation"}, c.Allocation)
	}
	if c.Kind == "" {
		return refuse(FieldMissing, "kind")
	}
	if len(c.Document) == 0 && c.HeldBy == "" {
		return refuse(FieldMissing, "document / held_by")
	}
	if err := tagged("document", c.Document); err != nil {
		return err
	}
	var numbers []int
	if c.Batch != 0 {
		if c.Batch < 1 || c.Batch > len(a.Batches) {
			return refuse(NoSuch, said{"批次", "batch"}, c.Batch)
		}
		b := a.Batches[c.Batch-1]
		for i, row := range b.Rows {
			if row.Payment != 0 && a.Payments[row.Payment-1].Reversed() == (ID{}) && (len(c.BatchRows) == 0 || slices.Contains(c.BatchRows, i+1)) {
				numbers = append(numbers, int(row.Payment))
			}
		}
		if len(numbers) == 0 || len(c.BatchRows) > 0 && len(numbers) != len(c.BatchRows) {
			return refuse(NothingPaid, c.Batch)
		}
	}
	for i, ref := range c.Payments {
		p, err := d.payment(a, ref)
		if err != nil {
			return err.at(i)
		}
		numbers = append(numbers, int(p.No))
	}
	slices.Sort(numbers)
	if numbers = slices.Compact(numbers); len(numbers) == 0 {
		return refuse(FieldMissing, "payments")
	}
	if len(c.Signers) != 0 && len(c.Signers) != len(numbers) {
		return refuse(FieldWrong, "signers", len(c.Signers))
	}
	if err := d.parties(c.Signers); err != nil {
		return err
	}
	e := &ReceiptRecorded{Kind: c.Kind, Document: c.Document, HeldBy: c.HeldBy, Payments: ranges(numbers)}
	e.Private.Signers = c.Signers
	d.add(e)
	return nil
}

// ranges writes sorted numbers as first and last of each run.
func ranges(numbers []int) [][2]int {
	var runs [][2]int
	for _, n := range numbers {
		if k := len(runs); k > 0 && runs[k-1][1] == n-1 {
			runs[k-1][1] = n
		} else {
			runs = append(runs, [2]int{n, n})
		}
	}
	return runs
}

// payment finds the payment that a Ref names and that was not reversed.
func (d *decision) payment(a *Allocation, ref Ref) (*Payment, *Refusal) {
	id, ok := d.l.Find(ref)
	if !ok {
		return nil, refuse(NoSuchPayment, ref)
	}
	p := d.l.paymentOf(a, id)
	switch {
	case p == nil:
		return nil, refuse(NoSuchPayment, ref)
	case p.Reversed() != ID{}:
		return nil, refuse(PaymentReversed, ref)
	}
	return p, nil
}

func (c *ReturnDisbursement) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *ReturnDisbursement) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }

// A closed allocation still takes what comes back.
func (c *ReturnDisbursement) decide(d *decision) error {
	a := d.l.Allocations[c.Allocation]
	if a == nil {
		return refuse(NoSuch, said{"分配", "allocation"}, c.Allocation)
	}
	p, bad := d.payment(a, c.Payment)
	if bad != nil {
		return bad
	}
	if d.o.Date < p.Booked {
		return refuse(BookedBefore, d.o.Date, p.Booked)
	}
	switch c.Kind {
	case "payee", "unused-voucher", "recovery":
	default:
		return refuse(FieldWrong, "kind", c.Kind)
	}
	e := &DisbursementReturned{Payment: d.l.idAt(p.Number), Fen: c.Amount.Fen(), Kind: c.Kind}
	e.Private.Reason = c.Reason.sealed
	for _, i := range c.Items {
		e.Items = append(e.Items, GoodsOf{i.Item, i.Quantity.Quantity()})
	}
	if (e.Fen != 0) == (len(e.Items) > 0) {
		return refuse(AmountNotPositive, e.Fen)
	}
	for _, t := range (Entitlement{Fen: e.Fen, Items: e.Items}).things() {
		if t.quantity <= 0 {
			return refuse(AmountNotPositive, sayQuantity(t.item, t.quantity))
		}
		out := a.out(p)
		back, ok := out.refill(&a.Holdings, t.item, t.quantity)
		if !ok {
			return refuse(ReturnAbovePaid, sayQuantity(t.item, t.quantity), sayQuantity(t.item, out.out(&a.Holdings, t.item)))
		}
		e.Back = append(e.Back, back...)
	}
	d.add(e)
	return nil
}

func (c *DemandRecovery) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *DemandRecovery) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *DemandRecovery) decide(d *decision) error {
	a := d.l.Allocations[c.Allocation]
	if a == nil {
		return refuse(NoSuch, said{"分配", "allocation"}, c.Allocation)
	}
	p, bad := d.payment(a, c.Payment)
	if bad != nil {
		return bad
	}
	if c.Amount <= 0 || c.Amount.Fen() > p.Net() {
		return refuse(ReturnAbovePaid, c.Amount.Fen(), p.Net())
	}
	e := &RecoveryDemanded{Payment: d.l.idAt(p.Number), Fen: c.Amount.Fen(), By: c.By}
	e.Private.Reason = c.Reason.sealed
	d.add(e)
	return nil
}

func (e *DisbursementMade) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	p := &Payment{Number: l.next(), No: int32(len(a.Payments) + 1), Form: e.Form, Fen: e.Fen, On: e.LastDay(), Booked: e.Date}
	if len(e.Items) > 0 {
		p.write().items = e.Items
	}
	if e.Voucher != "" {
		p.write().voucher = e.Voucher
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
		l.move(&a.Holdings, a.Stream, row.Draws, Reserved, Paid, b.Form)
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
		l.move(&a.Holdings, a.Stream, e.Draws, Held, Paid, e.Form)
		p.Line, p.Entitlement = int32(e.Line), int32(e.Entitlement)
		p.write().draws = e.Draws
		line.Due[e.Entitlement-1].settle(e.Again)
	}
	if again != (ID{}) {
		p.write().again = again
	}
	a.due(p.Line, p.Entitlement).pay(p.Fen, e.Items, 1)
	if n := a.line(int(p.Line)).Line.Nomination(); n > 0 && n <= len(a.Nominations) {
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
	a.due(row.Line, row.Entitlement).owe(r.ID)
	return nil
}

func (e *ReceiptRecorded) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	last := 0
	for _, run := range e.Payments {
		if run[0] <= last || run[1] < run[0] || run[1] > len(a.Payments) { // each payment once
			return fmt.Errorf("no payments %d to %d behind %d", run[0], run[1], last)
		}
		last = run[1]
	}
	for _, run := range e.Payments {
		for _, p := range a.Payments[run[0]-1 : run[1]] {
			p.addReceipt(l.next())
		}
	}
	for _, signer := range e.Private.Signers {
		l.mentioned(signer, a.Programme, e.LastDay())
	}
	a.made(l, r, &entryMade{covers: e.Payments})
	return nil
}

func (l *Ledger) paymentOf(a *Allocation, event ID) *Payment {
	number, ok := l.Number(event)
	if !ok {
		return nil
	}
	i, ok := slices.BinarySearchFunc(a.Payments, number, func(p *Payment, n uint64) int { return cmp.Compare(p.Number, n) })
	if !ok {
		return nil
	}
	return a.Payments[i]
}

func (e *DisbursementReturned) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	p := l.paymentOf(a, e.Payment)
	if p == nil || p.Reversed() != (ID{}) || !a.known(e.Back) {
		return fmt.Errorf("nothing is out of payment %s", e.Payment)
	}
	out := a.out(p)
	if !out.close(e.Back) {
		return fmt.Errorf("more than is out of payment %s", e.Payment)
	}
	p.stillOut(out)
	first := a.putBack(e.Back, e.Date)
	l.move(&a.Holdings, a.Stream, e.Back, Returned, Held, p.Form)
	due := a.due(p.Line, p.Entitlement)
	due.pay(e.Fen, e.Items, -1)
	due.owe(r.ID)
	p.rest.back = append(p.rest.back, Back{r.ID, e.Fen, e.Items, e.LastDay()})
	m := &entryMade{payment: p, back: e.Back, given: (Entitlement{Fen: e.Fen, Items: e.Items}).things()}
	for i, d := range e.Back {
		m.taken = append(m.taken, Draw{first + i, d.Quantity, d.Cost})
	}
	a.made(l, r, m)
	a.passUp(l, r, first)
	return nil
}

func (e *RecoveryDemanded) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	p := l.paymentOf(a, e.Payment)
	if p == nil {
		return fmt.Errorf("no payment %s", e.Payment)
	}
	p.write().demanded = append(p.Demanded(), r.ID)
	p.rest.claimed += e.Fen
	return nil
}
