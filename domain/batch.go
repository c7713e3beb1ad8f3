package domain

import (
	"fmt"
	"slices"
)

// Batch is a set of payments that one officer prepares (制单) and another approves
// (复核). The money of its rows is reserved (待发) from preparation on.
type Batch struct {
	No         int
	Form       Form
	Rows       []Row
	PreparedBy ID // officer
	Prepared   ID // event, as are Approved, Rejected, Sent and Result; zero until it comes
	ApprovedBy ID // officer
	Approved   ID
	Rejected   ID
	Sent       ID
	Result     ID  // BankResultTaken or BatchPaid
	PreparedOn Day // when it happened
	Booked     Day // its business date; what follows has no earlier one
}

// Row is one payment of a batch, as it stands. Its draws are its part of the batch's
// draws.
type Row struct {
	Line        int32 // admitted line
	Entitlement int32 // of the line, from 1
	Fen         Fen
	Payment     int32 // number of the payment in the allocation, 0 while there is none
	State       RowState
	Draws       []Draw
	stored      *BatchRow // nil unless the row has items or pays something again
}

// RowState is what became of a row.
type RowState uint8

// The states of a row.
const (
	Waiting RowState = iota
	RowPaid
	RowRejected
)

// Items are the goods of the row.
func (r *Row) Items() []GoodsOf {
	if r.stored == nil {
		return nil
	}
	return r.stored.Items
}

// Again is the reject, return or reversal that the row pays again.
func (r *Row) Again() ID {
	if r.stored == nil {
		return ID{}
	}
	return r.stored.Again
}

// BatchRow is a row as BatchPrepared stores it.
type BatchRow struct {
	Line        int       `json:"line"`        // admitted line
	Entitlement int       `json:"entitlement"` // of the line, from 1
	Fen         Fen       `json:"fen,omitempty"`
	Items       []GoodsOf `json:"items,omitempty"`
	Again       ID        `json:"again,omitzero"` // the reject, return or reversal that it pays again
}

func (b BatchRow) quantities() []itemQuantity {
	return Entitlement{Fen: b.Fen, Items: b.Items}.quantities()
}

// Total is the money of all rows. Goods are not counted.
func (b *Batch) Total() Fen {
	var sum Fen
	for _, r := range b.Rows {
		sum += r.Fen
	}
	return sum
}

// holdsReservation says whether anything is still reserved for the batch.
func (b *Batch) holdsReservation() bool {
	if b.Rejected != (ID{}) {
		return false
	}
	return slices.ContainsFunc(b.Rows, func(r Row) bool { return r.State == Waiting })
}

// MaxRows is how many rows a batch may have, so that it and its result each fit one
// append.
const MaxRows = 4_000

// BatchPrepared reserves money or goods for payments, in row order.
type BatchPrepared struct {
	Common
	Batch   int        `json:"batch"`
	Form    Form       `json:"form"`
	Rows    []BatchRow `json:"rows"`
	Draws   []Draw     `json:"draws"` // used up by the rows in their order, item by item
	Private struct {
		Accounts []Account `json:"accounts,omitempty"` // of a bank batch, by row
		// Said tells what the rows of the command named, so that their signed text
		// can be made again. It has a digit for each row: 1 if the row named the
		// entitlement, 2 if it named the amount or the items, 3 for both, 0 for
		// neither. It is empty if all digits are 0.
		Said string `json:"said,omitempty"`
	} `json:"-"`
}

// BatchApproved lets a batch be paid.
type BatchApproved struct {
	Common
	Batch int `json:"batch"`
}

// BatchRejected turns a batch down and frees what it had reserved.
type BatchRejected struct {
	Common
	Batch   int `json:"batch"`
	Private struct {
		Reason Sealed `json:"reason,omitzero"`
	} `json:"-"`
}

// PrepareBatch prepares payments of one form.
type PrepareBatch struct {
	Allocation ID         `json:"allocation"`
	Form       Form       `json:"form"`
	Rows       []RowToPay `json:"rows"`
}

// RowToPay is a row of PrepareBatch. Without an entitlement the line's first one in
// the form of the batch is paid. Without amount and items all of it is paid that is
// neither paid nor reserved.
type RowToPay struct {
	Line        int         `json:"line"`
	Entitlement int         `json:"entitlement,omitempty"`
	Amount      Yuan        `json:"amount,omitzero"`
	Items       []ItemCount `json:"items,omitempty"`
	Again       *Ref        `json:"again,omitempty"`
}

// ApproveBatch approves a batch.
type ApproveBatch struct {
	Allocation ID  `json:"allocation"`
	Batch      int `json:"batch"`
}

// RejectBatch rejects a batch that is neither sent nor paid.
type RejectBatch struct {
	Allocation ID       `json:"allocation"`
	Batch      int      `json:"batch"`
	Reason     Personal `json:"reason,omitzero"`
}

// Refusals about batches.
var (
	BatchIs = newCode(0, "batch-is", "批次 {batch} 目前{state}，不能如此处理", "batch {batch} is {state}: not possible now")
)

func (c *PrepareBatch) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *PrepareBatch) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }

// decide draws money or goods for every row, in row order. They are reserved until
// the batch is paid or rejected. Rules 1, 2, 8, 9, 11 and 12.
func (c *PrepareBatch) decide(d *decision) error {
	a, err := d.allocation(c.Allocation)
	if err != nil {
		return err
	}
	if _, ok := formNames[c.Form]; !ok {
		return refuse(FieldWrong, "form", string(c.Form))
	}
	if len(c.Rows) == 0 {
		return refuse(FieldMissing, "rows")
	}
	if len(c.Rows) > MaxRows {
		return refuse(TooManyRows, len(c.Rows), MaxRows)
	}
	e := &BatchPrepared{Batch: len(a.Batches) + 1, Form: c.Form}
	e.Private.Said = rowsSaid(c.Rows)
	p := paymentCheck{decision: d, allocation: a, form: c.Form, taken: map[[2]int]bool{}}
	want := map[string]int64{}
	var order []string
	for i, row := range c.Rows {
		r, err := p.row(i, row)
		if err != nil {
			return err
		}
		e.Rows = append(e.Rows, r)
		for _, t := range r.quantities() {
			if _, seen := want[t.item]; !seen {
				order = append(order, t.item)
			}
			want[t.item] += t.quantity
		}
		if c.Form == Bank {
			account, ok := d.ledger.AccountOf(a.line(r.Line).Payee())
			if !ok {
				return refuse(AccountMissing, r.Line).inRow(i)
			}
			e.Private.Accounts = append(e.Private.Accounts, account)
		}
	}
	for _, r := range e.Rows {
		if err := d.secondIsNoPayee(a.line(r.Line)); err != nil {
			return err
		}
	}
	for _, item := range order {
		draws, err := d.draw(&a.Book, item, want[item], anyLot)
		if err != nil {
			return err
		}
		e.Draws = append(e.Draws, draws...)
	}
	d.add(e)
	return nil
}

// batch returns a batch of an open allocation that has neither a result nor was
// rejected.
func (d *decision) batch(allocation ID, no int) (*Allocation, *Batch, error) {
	a, err := d.allocation(allocation)
	if err != nil {
		return nil, nil, err
	}
	if no < 1 || no > len(a.Batches) {
		return nil, nil, refuse(NoSuch, bilingual{"批次", "batch"}, no)
	}
	b := a.Batches[no-1]
	if b.Rejected != (ID{}) {
		return nil, nil, refuse(BatchIs, no, StageRejected)
	}
	if b.Result != (ID{}) {
		return nil, nil, refuse(BatchIs, no, StagePaid)
	}
	if d.order.Date < b.Booked {
		return nil, nil, refuse(BookedBefore, d.order.Date, b.Booked)
	}
	return a, b, nil
}

func (c *ApproveBatch) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *ApproveBatch) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *ApproveBatch) decide(d *decision) error {
	a, b, err := d.batch(c.Allocation, c.Batch)
	if err != nil {
		return err
	}
	if b.Approved != (ID{}) {
		return refuse(BatchIs, c.Batch, StageApproved)
	}
	if b.PreparedBy == d.whoActed() {
		if err := d.refuseOrMark(-1, refuse(SamePerson, bilingual{"制单", "preparer"}, bilingual{"复核", "approver"})); err != nil {
			return err
		}
	}
	if err := d.notAboutKinIn(a, b); err != nil {
		return err
	}
	d.add(&BatchApproved{Batch: c.Batch})
	return nil
}

func (c *RejectBatch) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *RejectBatch) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *RejectBatch) decide(d *decision) error {
	_, b, err := d.batch(c.Allocation, c.Batch)
	if err != nil {
		return err
	}
	if b.Sent != (ID{}) {
		return refuse(BatchIs, c.Batch, StageSent)
	}
	if !b.Untouched() {
		return refuse(BatchIs, c.Batch, StagePartlyPaid)
	}
	e := &BatchRejected{Batch: c.Batch}
	e.Private.Reason = c.Reason.sealed
	d.add(e)
	return nil
}

// LinesOf returns the admitted lines that the rows of a batch pay, in row order.
func (a *Allocation) LinesOf(b *Batch) []*AdmittedLine {
	lines := make([]*AdmittedLine, len(b.Rows))
	for i, r := range b.Rows {
		lines[i] = a.line(int(r.Line))
	}
	return lines
}

// BatchOf returns the batch that an event is about: one that prepared, approved or
// rejected it, sent it to the bank or recorded its result. Other events have none,
// and it is nil.
func (a *Allocation) BatchOf(event ID) *Batch {
	for _, b := range a.Batches {
		if slices.Contains([]ID{b.Prepared, b.Approved, b.Rejected, b.Sent, b.Result}, event) {
			return b
		}
	}
	return nil
}

func (e *BatchPrepared) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	if e.Batch != len(a.Batches)+1 {
		return fmt.Errorf("batch %d is not the next", e.Batch)
	}
	b := &Batch{No: e.Batch, Form: e.Form, PreparedBy: r.by(), Prepared: r.ID, PreparedOn: e.FirstDay(), Booked: e.Date}
	undrawn := slices.Clone(e.Draws)
	b.Rows = make([]Row, 0, len(e.Rows))
	draws := make([]Draw, 0, len(e.Rows)+len(e.Draws)) // one array for all rows
	for i, row := range e.Rows {
		line := a.line(row.Line)
		if line == nil || row.Entitlement < 1 || row.Entitlement > len(line.Due) {
			return fmt.Errorf("row %d pays what is not admitted", i+1)
		}
		first, ok := len(draws), false
		if draws, ok = a.portion(draws, undrawn, row); !ok {
			return fmt.Errorf("the draws do not cover row %d", i+1)
		}
		x := Row{Line: int32(row.Line), Entitlement: int32(row.Entitlement), Fen: row.Fen, Draws: draws[first:len(draws):len(draws)]}
		if len(row.Items) > 0 || row.Again != (ID{}) {
			x.stored = &e.Rows[i]
		}
		b.Rows = append(b.Rows, x)
	}
	if slices.ContainsFunc(undrawn, func(d Draw) bool { return d.Quantity > 0 }) {
		return fmt.Errorf("the draws are more than the rows")
	}
	if err := a.take(e.Draws, e.Date); err != nil {
		return err
	}
	l.postDraws(&a.Holdings, a.Stream, e.Draws, Held, Reserved, e.Form)
	for i := range b.Rows {
		row := &b.Rows[i]
		a.reserve(row, 1)
		a.due(row.Line, row.Entitlement).removeBack(row.Again())
	}
	a.Batches = append(a.Batches, b)
	return nil
}

// portion moves the part of a row from the front of a batch's undrawn draws, item by
// item, to draws; ok is false if they do not cover it.
func (a *Allocation) portion(draws, undrawn []Draw, row BatchRow) (_ []Draw, ok bool) {
	for _, t := range row.quantities() {
		want := t.quantity
		for i := range undrawn {
			lot, known := a.Lot(undrawn[i].Lot)
			if !known || lot.Item != t.item || undrawn[i].Quantity == 0 {
				continue
			}
			part := min(want, undrawn[i].Quantity)
			cost := Lot{Left: undrawn[i].Quantity, Cost: undrawn[i].Cost}.costOf(part)
			draws = append(draws, Draw{undrawn[i].Lot, part, cost})
			undrawn[i].Quantity -= part
			undrawn[i].Cost -= cost
			if want -= part; want == 0 {
				break
			}
		}
		if want != 0 || t.quantity <= 0 {
			return nil, false
		}
	}
	return draws, true
}

func (l *Ledger) batchOf(r *Recorded, no int) (*Allocation, *Batch, error) {
	a, err := l.allocationOf(r)
	if err != nil {
		return nil, nil, err
	}
	if no < 1 || no > len(a.Batches) {
		return nil, nil, fmt.Errorf("no batch %d", no)
	}
	return a, a.Batches[no-1], nil
}

func (e *BatchApproved) fold(l *Ledger, r *Recorded) error {
	_, b, err := l.batchOf(r, e.Batch)
	if err == nil {
		b.Approved, b.ApprovedBy = r.ID, r.by()
	}
	return err
}

func (e *BatchRejected) fold(l *Ledger, r *Recorded) error {
	a, b, err := l.batchOf(r, e.Batch)
	if err != nil {
		return err
	}
	if !b.holdsReservation() {
		return fmt.Errorf("batch %d is not open", e.Batch)
	}
	b.Rejected = r.ID
	for i := range b.Rows {
		row := &b.Rows[i]
		if row.State == Waiting {
			a.giveBack(l, e.Date, b, row)
			if again := row.Again(); again != (ID{}) {
				a.due(row.Line, row.Entitlement).addBack(again)
			}
		}
	}
	return nil
}

// giveBack ends a row's reservation: its draws become available again.
func (a *Allocation) giveBack(l *Ledger, on Day, b *Batch, row *Row) {
	l.postDraws(&a.Holdings, a.Stream, row.Draws, Reserved, Held, b.Form)
	a.putBack(row.Draws, on)
	a.unreserve(row)
}

func (a *Allocation) unreserve(row *Row) { a.reserve(row, -1) }

// reserve adds what a row holds to what is reserved, or takes it off: times is 1 or
// -1.
func (a *Allocation) reserve(row *Row, times int64) {
	a.due(row.Line, row.Entitlement).reserve(row.Fen, row.Items(), times)
	if len(row.Items()) == 0 {
		a.Reserved[Money] += times * int64(row.Fen)
	}
	for _, g := range row.Items() {
		a.Reserved[g.Item] += times * int64(g.Quantity)
	}
}
