package domain

import "fmt"

// BatchSentToBank says that the bank has the batch's file.
type BatchSentToBank struct {
	Common
	Batch int    `json:"batch"`
	Bank  string `json:"bank"`
	File  []byte `json:"file,omitempty"` // SHA-256
}

// NotPaid is a row that was not paid, and why.
type NotPaid struct {
	Row  int    `json:"row"`
	Code string `json:"code"` // the bank's, or "absent"
}

// BankResultTaken is the bank's answer for a batch: every row was paid except those
// that it lists as rejected.
type BankResultTaken struct {
	Common
	Batch    int       `json:"batch"`
	File     []byte    `json:"file,omitempty"` // SHA-256
	Count    int       `json:"count"`
	Fen      Fen       `json:"fen"` // of the rows that were paid
	Rejected []NotPaid `json:"rejected,omitempty"`
}

// BatchPaid says that a batch of cash, goods or vouchers was handed out, except for
// the rows in NotPaid.
type BatchPaid struct {
	Common
	Batch    int            `json:"batch"`
	NotPaid  []NotPaid      `json:"not_paid,omitempty"`
	Vouchers []VoucherOfRow `json:"vouchers,omitempty"`
}

// VoucherOfRow is the number of the voucher handed out for a row.
type VoucherOfRow struct {
	Row    int    `json:"row"`
	Number string `json:"number"`
}

// SendBatchToBank records that the bank has the file.
type SendBatchToBank struct {
	Allocation ID     `json:"allocation"`
	Batch      int    `json:"batch"`
	Bank       string `json:"bank"`
	File       []byte `json:"file,omitempty"`
}

// TakeBankResult records the bank's answer. Count and Amount are those of the rows
// that the bank paid; they must match the batch less the rejected rows.
type TakeBankResult struct {
	Allocation ID        `json:"allocation"`
	Batch      int       `json:"batch"`
	File       []byte    `json:"file,omitempty"`
	Count      int       `json:"count"`
	Amount     Yuan      `json:"amount"`
	Rejected   []NotPaid `json:"rejected,omitempty"`
}

// PayBatch records that a batch was handed out.
type PayBatch struct {
	Allocation ID             `json:"allocation"`
	Batch      int            `json:"batch"`
	NotPaid    []NotPaid      `json:"not_paid,omitempty"`
	Vouchers   []VoucherOfRow `json:"vouchers,omitempty"`
}

// Refusals about the result of a batch.
var (
	NotTheForm     = newCode(0, "not-the-form", "批次以{form}发放，不能如此处理", "a batch in the form {form} is not handled so")
	ResultMismatch = newCode(0, "result-mismatch", "银行回盘 {count} 笔 {sum} 元，批次应为 {rows} 笔 {total} 元", "the bank's result has {count} payments of {sum} yuan, the batch has {rows} of {total}")
	NoSuchRow      = newCode(0, "no-such-row", "批次没有第 {row} 行，或重复", "the batch has no row {row}, or it stands there twice")
	RecordLate     = newCode(12, "record-late", "应于 {until} 前登记，{on} 补录", "this was to be recorded by {until}, it comes on {on}")
)

// checkNotPaid checks a list of rows that were not paid and returns them, by number.
func (b *Batch) checkNotPaid(list []NotPaid) (map[int]bool, error) {
	not := map[int]bool{}
	for _, n := range list {
		if n.Row < 1 || n.Row > len(b.Rows) || not[n.Row] || b.Rows[n.Row-1].State != Waiting {
			return nil, refuse(NoSuchRow, n.Row)
		}
		if n.Code == "" {
			return nil, refuse(FieldMissing, "code")
		}
		not[n.Row] = true
	}
	return not, nil
}

// checkPayable refuses a batch that is not approved, that its preparer pays, or that
// pays a stopped line (rules 9 and 10). The rows looked at are those from first to
// last, counted from 1, for which pays is true.
func (d *decision) checkPayable(a *Allocation, b *Batch, first, last int, pays func(row int) bool) error {
	if b.Approved == (ID{}) {
		return refuse(BatchIs, b.No, bilingual{"未复核", "not approved"})
	}
	if b.PreparedBy == d.whoActed() {
		if err := d.refuseOrMark(-1, refuse(SamePerson, bilingual{"制单", "preparer"}, bilingual{"出纳", "payer"})); err != nil {
			return err
		}
	}
	if err := d.checkRecordedInTime(a); err != nil {
		return err
	}
	for i := first - 1; i < last; i++ {
		r := &b.Rows[i]
		if a.Lines[r.Line-1].Stopped != (ID{}) && pays(i+1) {
			if err := d.refuseOrMark(i, refuse(LineIsStopped, int(r.Line))); err != nil {
				return err
			}
		}
	}
	if len(d.irregular) == 0 {
		return nil
	}
	return d.secondIsNoPayee(a.LinesOf(b)...)
}

// checkRecordedInTime refuses a payment that is recorded later than the programme
// allows (rule 12).
func (d *decision) checkRecordedInTime(a *Allocation) error {
	rules := d.ledger.RulesOf(a)
	if rules == nil || rules.RecordWithin == 0 {
		return nil
	}
	until := d.lastDay().Add(rules.RecordWithin)
	if on := DayOf(d.env.Now); on > until {
		return d.refuseOrMark(-1, refuse(RecordLate, until, on))
	}
	return nil
}

func (c *SendBatchToBank) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *SendBatchToBank) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *SendBatchToBank) decide(d *decision) error {
	a, b, err := d.batch(c.Allocation, c.Batch)
	if err != nil {
		return err
	}
	if b.Form != Bank {
		return refuse(NotTheForm, b.Form)
	}
	if b.Sent != (ID{}) {
		return refuse(BatchIs, c.Batch, StageSent)
	}
	if err := d.checkPayable(a, b, 1, len(b.Rows), func(int) bool { return true }); err != nil {
		return err
	}
	if c.Bank == "" {
		return refuse(FieldMissing, "bank")
	}
	d.add(&BatchSentToBank{Batch: c.Batch, Bank: c.Bank, File: c.File})
	return nil
}

func (c *TakeBankResult) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *TakeBankResult) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *TakeBankResult) decide(d *decision) error {
	a, b, err := d.batch(c.Allocation, c.Batch)
	if err != nil {
		return err
	}
	if b.Sent == (ID{}) {
		return refuse(BatchIs, c.Batch, bilingual{"未送银行", "not sent"})
	}
	not, err := b.checkNotPaid(c.Rejected)
	if err != nil {
		return err
	}
	var count int
	var sum Fen
	for i, r := range b.Rows {
		if !not[i+1] {
			count++
			sum += r.Fen
		}
	}
	if count != c.Count || sum != c.Amount.Fen() {
		return refuse(ResultMismatch, c.Count, c.Amount.Fen(), count, sum)
	}
	if err := d.checkPayable(a, b, 1, len(b.Rows), func(row int) bool { return !not[row] }); err != nil {
		return err
	}
	d.add(&BankResultTaken{Batch: c.Batch, File: c.File, Count: count, Fen: sum, Rejected: c.Rejected})
	return nil
}

func (c *PayBatch) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *PayBatch) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *PayBatch) decide(d *decision) error {
	a, b, err := d.batch(c.Allocation, c.Batch)
	if err != nil {
		return err
	}
	if b.Form == Bank {
		return refuse(NotTheForm, b.Form)
	}
	not, err := b.checkNotPaid(c.NotPaid)
	if err != nil {
		return err
	}
	if err := d.checkPayable(a, b, 1, len(b.Rows), func(row int) bool { return !not[row] }); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, v := range c.Vouchers {
		if v.Row < 1 || v.Row > len(b.Rows) || v.Number == "" || seen[v.Number] || b.Form != Voucher {
			return refuse(NoSuchRow, v.Row)
		}
		seen[v.Number] = true
	}
	d.add(&BatchPaid{Batch: c.Batch, NotPaid: c.NotPaid, Vouchers: c.Vouchers})
	return nil
}

// BankMovement is money of a batch's row that left the bank account when it was paid
// (Out), or came back to it (In).
type BankMovement struct {
	Row     int    // from 1
	Number  uint64 // of the payment or the return
	On      Day
	Out, In Fen
}

// BankMovements lists what the bank statement of an account should show of a batch
// from one day to another, both included. A payment is listed on its business date,
// and a return on the day on which it came. Payments that were reversed are left
// out: their money never moved.
func (l *Ledger) BankMovements(a *Allocation, b *Batch, first, last Day) []BankMovement {
	var list []BankMovement
	for i := range b.Rows {
		p := a.PaymentOf(&b.Rows[i])
		if p == nil {
			continue
		}
		if p.Booked >= first && p.Booked <= last && p.Reversed() == (ID{}) {
			list = append(list, BankMovement{Row: i + 1, Number: p.Number, On: p.Booked, Out: p.Fen})
		}
		for _, back := range p.Back() {
			if n, ok := l.Number(back.Event); ok && back.On >= first && back.On <= last {
				list = append(list, BankMovement{Row: i + 1, Number: n, On: back.On, In: back.Fen})
			}
		}
	}
	return list
}

func (e *BatchSentToBank) fold(l *Ledger, r *Recorded) error {
	_, b, err := l.batchOf(r, e.Batch)
	if err == nil {
		b.Sent = r.ID
	}
	return err
}

func (e *BankResultTaken) fold(l *Ledger, r *Recorded) error {
	return l.oweResults(r, e.Batch, e.Rejected, nil)
}

func (e *BatchPaid) fold(l *Ledger, r *Recorded) error {
	return l.oweResults(r, e.Batch, e.NotPaid, e.Vouchers)
}

// oweResults remembers that a DisbursementMade or DisbursementRejected is still to
// come for each row that waits.
func (l *Ledger) oweResults(r *Recorded, no int, not []NotPaid, vouchers []VoucherOfRow) error {
	a, b, err := l.batchOf(r, no)
	if err != nil {
		return err
	}
	if b.Result != (ID{}) || b.Rejected != (ID{}) {
		return fmt.Errorf("batch %d has its result", no)
	}
	b.Result = r.ID
	codes, numbers := map[int]string{}, map[int]string{}
	for _, n := range not {
		codes[n.Row] = n.Code
	}
	for _, v := range vouchers {
		numbers[v.Row] = v.Number
	}
	var rows []int
	for i, row := range b.Rows {
		if row.State == Waiting {
			rows = append(rows, i+1)
		}
	}
	l.oweMany(r, a.Stream, len(rows), func(from, to int) []Event {
		var events []Event
		for _, no := range rows[from:to] {
			row := &b.Rows[no-1]
			if code, bad := codes[no]; bad {
				events = append(events, &DisbursementRejected{Batch: b.No, Row: no, Code: code})
				continue
			}
			events = append(events, &DisbursementMade{Batch: b.No, Row: no, Fen: row.Fen, Items: row.Items(), Draws: row.Draws, Voucher: numbers[no]})
		}
		return events
	})
	return nil
}
