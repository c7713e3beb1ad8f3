package domain

import (
	"fmt"
	"slices"
)

// Batch are payments prepared together by one officer (制单) and approved by
// another (复核). Its rows' money is reserved (待发) from preparation on.
type Batch struct {
	No         int
	Form       Form
	Rows       []Row
	PreparedBy ID
	Prepared   ID // event
	ApprovedBy ID
	Approved   ID
	Rejected   ID
	Sent       ID
	Result     ID  // BankResultTaken or BatchPaid
	PreparedOn Day // when it happened
	Booked     Day // its business date: nothing that follows is booked before
}

// Row is one payment of a batch, as it stands. Draws are those of the batch
// that are the row's.
type Row struct {
	Line        int32 // admitted line
	Entitlement int32 // of the line, from 1
	Fen         Fen
	Payment     int32 // the disbursement's place in the allocation, once made
	State       RowState
	Draws       []Draw
	rest        *BatchRow // of rows that have items, or pay again
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
	if r.rest == nil {
		return nil
	}
	return r.rest.Items
}

// Again is the reject, return or reversal that the row pays again.
func (r *Row) Again() ID {
	if r.rest == nil {
		return ID{}
	}
	return r.rest.Again
}

// BatchRow is a row as BatchPrepared stores it.
type BatchRow struct {
	Line        int       `json:"line"`        // admitted line
	Entitlement int       `json:"entitlement"` // of the line, from 1
	Fen         Fen       `json:"fen,omitempty"`
	Items       []GoodsOf `json:"items,omitempty"`
	Again       ID        `json:"again,omitzero"` // the reject, return or reversal that it pays again
}

func (b BatchRow) things() []goodsOut { return Entitlement{Fen: b.Fen, Items: b.Items}.things() }

// Account is where a row of a bank batch goes: the account's id, and the event
// that holds it sealed.
type Account struct {
	ID ID `json:"id,omitzero"`
	In ID `json:"in,omitzero"`
}

// Total is the money of all rows, goods not counted.
func (b *Batch) Total() Fen {
	var sum Fen
	for _, r := range b.Rows {
		sum += r.Fen
	}
	return sum
}

// open says whether the batch still holds a reservation.
func (b *Batch) open() bool {
	if b.Rejected != (ID{}) {
		return false
	}
	return slices.ContainsFunc(b.Rows, func(r Row) bool { return r.State == Waiting })
}

// BatchPrepared reserves money or goods for payments, in row order.
type BatchPrepared struct {
	Common
	Batch   int        `json:"batch"`
	Form    Form       `json:"form"`
	Rows    []BatchRow `json:"rows"`
	Draws   []Draw     `json:"draws"` // rows take them in row order, item by item
	Private struct {
		Accounts []Account `json:"accounts,omitempty"` // of a bank batch, by row
		// Said has a digit for each row, none where all are 0: 1 if the row named
		// the entitlement, and 2 more if it named the amount or items. With it the
		// rows' signed text can be made again.
		Said string `json:"said,omitempty"`
	} `json:"-"`
}

// BatchApproved lets a batch be paid.
type BatchApproved struct {
	Common
	Batch int `json:"batch"`
}

// BatchRejected gives back what a batch had reserved.
type BatchRejected struct {
	Common
	Batch   int `json:"batch"`
	Private struct {
		Reason Sealed `json:"reason,omitzero"`
	} `json:"-"`
}

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

// BankResultTaken is the bank's answer for all rows of a batch: what it does
// not list as rejected was paid.
type BankResultTaken struct {
	Common
	Batch    int       `json:"batch"`
	File     []byte    `json:"file,omitempty"` // SHA-256
	Count    int       `json:"count"`
	Fen      Fen       `json:"fen"` // of the rows that were paid
	Rejected []NotPaid `json:"rejected,omitempty"`
}

// BatchPaid says that a batch of cash, goods or vouchers was handed out, but
// for the rows it lists.
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

// PrepareBatch prepares payments of one form.
type PrepareBatch struct {
	Allocation ID         `json:"allocation"`
	Form       Form       `json:"form"`
	Rows       []RowToPay `json:"rows"`
}

// RowToPay is a row of PrepareBatch. Without amount and items all that is left
// of the entitlement is paid; without an entitlement the first of the batch's
// form.
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

// SendBatchToBank records that the bank has the file.
type SendBatchToBank struct {
	Allocation ID     `json:"allocation"`
	Batch      int    `json:"batch"`
	Bank       string `json:"bank"`
	File       []byte `json:"file,omitempty"`
}

// TakeBankResult takes the bank's answer; Count and Amount are of the rows that
// it paid, and must match.
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

// maxRows bounds a batch, so that it and its result each fit one append.
const maxRows = 4_000

// Refusals about batches.
var (
	NoSuchEntitlement = newCode(2, "no-such-entitlement", "第 {line} 号名单行没有第 {entitlement} 项应得", "line {line} has no entitlement {entitlement}")
	AbovePublished    = newCode(9, "above-published", "第 {line} 号名单行本次 {want}，未发 {left}", "line {line} is to get {want}, {left} of it is not paid yet")
	OtherForm         = newCode(9, "other-form", "公示以{published}发放，不得以{form}发放", "published to be given as {published}, not as {form}")
	MustNameReturn    = newCode(2, "must-name-return", "第 {line} 号名单行曾退回，重发须注明退回记录", "line {line} came back before: paying it again must name the return")
	NotItsReturn      = newCode(2, "not-its-return", "{entry} 不是第 {line} 号名单行未重发的退回记录", "{entry} is no return of line {line} that is still to be paid again")
	RowTwice          = newCode(2, "row-twice", "第 {line} 号名单行在本批次出现两次", "line {line} stands in the batch twice")
	NeedMissing       = newCode(11, "need-missing", "第 {line} 号名单行缺少前置条件：{need}", "line {line} lacks what must come first: {need}")
	AccountMissing    = newCode(0, "account-missing", "第 {line} 号名单行的收款人没有银行账户", "the payee of line {line} has no account")
	BatchIs           = newCode(0, "batch-is", "批次 {batch} 目前{state}，不能如此处理", "batch {batch} is {state}: not possible now")
	NotTheForm        = newCode(0, "not-the-form", "批次以{form}发放，不能如此处理", "a batch in the form {form} is not handled so")
	ResultMismatch    = newCode(0, "result-mismatch", "银行回盘 {count} 笔 {sum} 元，批次应为 {rows} 笔 {total} 元", "the bank's result has {count} payments of {sum} yuan, the batch has {rows} of {total}")
	NoSuchRow         = newCode(0, "no-such-row", "批次没有第 {row} 行，或重复", "the batch has no row {row}, or it stands there twice")
	RecordLate        = newCode(12, "record-late", "应于 {until} 前登记，{on} 补录", "this was to be recorded by {until}, it comes on {on}")
)

func (c *PrepareBatch) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *PrepareBatch) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }

// decide draws money or goods for every row, in row order, and reserves it
// until the batch is paid or rejected. Rules 1, 2, 8, 9, 11 and 12.
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
	if len(c.Rows) > maxRows {
		return refuse(TooManyRows, len(c.Rows), maxRows)
	}
	e := &BatchPrepared{Batch: len(a.Batches) + 1, Form: c.Form}
	e.Private.Said = whatRowsSay(c.Rows)
	p := payability{d: d, a: a, form: c.Form, seen: map[[2]int]bool{}}
	want := map[string]int64{}
	var order []string
	for i, row := range c.Rows {
		r, err := p.row(i, row)
		if err != nil {
			return err
		}
		e.Rows = append(e.Rows, r)
		for _, t := range r.things() {
			if _, seen := want[t.item]; !seen {
				order = append(order, t.item)
			}
			want[t.item] += t.quantity
		}
		if c.Form == Bank {
			payee := d.l.Parties[d.l.same(a.line(r.Line).Payee())]
			if payee == nil || payee.Account == (ID{}) {
				return refuse(AccountMissing, r.Line).at(i)
			}
			e.Private.Accounts = append(e.Private.Accounts, Account{payee.Account, payee.AccountIn})
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

// batch returns a batch that was not rejected.
func (d *decision) batch(allocation ID, no int) (*Allocation, *Batch, error) {
	a, err := d.allocation(allocation)
	if err != nil {
		return nil, nil, err
	}
	if no < 1 || no > len(a.Batches) {
		return nil, nil, refuse(NoSuch, said{"批次", "batch"}, no)
	}
	b := a.Batches[no-1]
	if b.Rejected != (ID{}) {
		return nil, nil, refuse(BatchIs, no, said{"已退回", "rejected"})
	}
	if b.Result != (ID{}) {
		return nil, nil, refuse(BatchIs, no, said{"已发放", "paid"})
	}
	if d.o.Date < b.Booked {
		return nil, nil, refuse(BookedBefore, d.o.Date, b.Booked)
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
		return refuse(BatchIs, c.Batch, said{"已复核", "approved"})
	}
	if b.PreparedBy == d.actor() {
		if err := d.conduct(-1, refuse(SamePerson, said{"制单", "preparer"}, said{"复核", "approver"})); err != nil {
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
		return refuse(BatchIs, c.Batch, said{"已送银行", "sent"})
	}
	if slices.ContainsFunc(b.Rows, func(r Row) bool { return r.State != Waiting }) {
		return refuse(BatchIs, c.Batch, said{"部分已发放", "partly paid"})
	}
	e := &BatchRejected{Batch: c.Batch}
	e.Private.Reason = c.Reason.sealed
	d.add(e)
	return nil
}

// payable refuses a batch that is not approved, is paid by who prepared it, or
// has a stopped line among the rows to be paid (rules 9 and 10): those from
// first to last for which pays says so.
func (d *decision) payable(a *Allocation, b *Batch, first, last int, pays func(row int) bool) error {
	if b.Approved == (ID{}) {
		return refuse(BatchIs, b.No, said{"未复核", "not approved"})
	}
	if b.PreparedBy == d.actor() {
		if err := d.conduct(-1, refuse(SamePerson, said{"制单", "preparer"}, said{"出纳", "payer"})); err != nil {
			return err
		}
	}
	if err := d.recordedInTime(a); err != nil {
		return err
	}
	for i := first - 1; i < last; i++ {
		r := &b.Rows[i]
		if a.Lines[r.Line-1].Stopped != (ID{}) && pays(i+1) {
			if err := d.conduct(i, refuse(LineIsStopped, int(r.Line))); err != nil {
				return err
			}
		}
	}
	if len(d.irregular) == 0 {
		return nil
	}
	return d.secondIsNoPayee(a.linesOf(b.Rows)...)
}

// linesOf are the admitted lines that a batch pays.
func (a *Allocation) linesOf(rows []Row) []*AdmittedLine {
	lines := make([]*AdmittedLine, len(rows))
	for i, r := range rows {
		lines[i] = a.line(int(r.Line))
	}
	return lines
}

// recordedInTime is the limit within which a payment is to be recorded.
func (d *decision) recordedInTime(a *Allocation) error {
	rules := d.l.rulesOf(a)
	if rules == nil || rules.RecordWithin == 0 {
		return nil
	}
	until := d.last().Add(rules.RecordWithin)
	if on := DayOf(d.env.Now); on > until {
		return d.conduct(-1, refuse(RecordLate, until, on))
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
		return refuse(BatchIs, c.Batch, said{"已送银行", "sent"})
	}
	if err := d.payable(a, b, 1, len(b.Rows), func(int) bool { return true }); err != nil {
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
		return refuse(BatchIs, c.Batch, said{"未送银行", "not sent"})
	}
	not, err := b.without(c.Rejected)
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
	if err := d.payable(a, b, 1, len(b.Rows), func(row int) bool { return !not[row] }); err != nil {
		return err
	}
	d.add(&BankResultTaken{Batch: c.Batch, File: c.File, Count: count, Fen: sum, Rejected: c.Rejected})
	return nil
}

// without checks a list of rows that were not paid.
func (b *Batch) without(list []NotPaid) (map[int]bool, error) {
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
	not, err := b.without(c.NotPaid)
	if err != nil {
		return err
	}
	if err := d.payable(a, b, 1, len(b.Rows), func(row int) bool { return !not[row] }); err != nil {
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

func (e *BatchPrepared) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	if e.Batch != len(a.Batches)+1 {
		return fmt.Errorf("batch %d is not the next", e.Batch)
	}
	b := &Batch{No: e.Batch, Form: e.Form, PreparedBy: r.by(), Prepared: r.ID, PreparedOn: e.FirstDay(), Booked: e.Date}
	rest := slices.Clone(e.Draws)
	b.Rows = make([]Row, 0, len(e.Rows))
	draws := make([]Draw, 0, len(e.Rows)+len(e.Draws)) // one array for all rows
	for i, row := range e.Rows {
		line := a.line(row.Line)
		if line == nil || row.Entitlement < 1 || row.Entitlement > len(line.Due) {
			return fmt.Errorf("row %d pays what is not admitted", i+1)
		}
		first, ok := len(draws), false
		if draws, ok = a.portion(draws, rest, row); !ok {
			return fmt.Errorf("the draws do not cover row %d", i+1)
		}
		x := Row{Line: int32(row.Line), Entitlement: int32(row.Entitlement), Fen: row.Fen, Draws: draws[first:len(draws):len(draws)]}
		if len(row.Items) > 0 || row.Again != (ID{}) {
			x.rest = &e.Rows[i]
		}
		b.Rows = append(b.Rows, x)
	}
	if slices.ContainsFunc(rest, func(d Draw) bool { return d.Quantity > 0 }) {
		return fmt.Errorf("the draws are more than the rows")
	}
	if err := a.take(e.Draws, e.Date); err != nil {
		return err
	}
	l.move(&a.Holdings, a.Stream, e.Draws, Held, Reserved, e.Form)
	for i := range b.Rows {
		row := &b.Rows[i]
		a.reserve(row, 1)
		a.due(row.Line, row.Entitlement).settle(row.Again())
	}
	a.Batches = append(a.Batches, b)
	return nil
}

// portion cuts what a row takes off the front of the rest of a batch's draws,
// item by item, and appends it to draws.
func (a *Allocation) portion(draws, rest []Draw, row BatchRow) (_ []Draw, ok bool) {
	for _, t := range row.things() {
		want := t.quantity
		for i := range rest {
			lot, known := a.Lot(rest[i].Lot)
			if !known || lot.Item != t.item || rest[i].Quantity == 0 {
				continue
			}
			part := min(want, rest[i].Quantity)
			cost := Lot{Left: rest[i].Quantity, Cost: rest[i].Cost}.costOf(part)
			draws = append(draws, Draw{rest[i].Lot, part, cost})
			rest[i].Quantity -= part
			rest[i].Cost -= cost
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
	if !b.open() {
		return fmt.Errorf("batch %d is not open", e.Batch)
	}
	b.Rejected = r.ID
	for i := range b.Rows {
		row := &b.Rows[i]
		if row.State == Waiting {
			a.giveBack(l, e.Date, b, row)
			if again := row.Again(); again != (ID{}) {
				a.due(row.Line, row.Entitlement).owe(again)
			}
		}
	}
	return nil
}

// giveBack undoes a row's reservation.
func (a *Allocation) giveBack(l *Ledger, on Day, b *Batch, row *Row) {
	l.move(&a.Holdings, a.Stream, row.Draws, Reserved, Held, b.Form)
	a.putBack(row.Draws, on)
	a.unreserve(row)
}

func (a *Allocation) unreserve(row *Row) { a.reserve(row, -1) }

// reserve counts what a row holds, times 1 or -1.
func (a *Allocation) reserve(row *Row, times int64) {
	a.due(row.Line, row.Entitlement).reserve(row.Fen, row.Items(), times)
	if len(row.Items()) == 0 {
		a.Reserved[Money] += times * int64(row.Fen)
	}
	for _, g := range row.Items() {
		a.Reserved[g.Item] += times * int64(g.Quantity)
	}
}

func (e *BatchSentToBank) fold(l *Ledger, r *Recorded) error {
	_, b, err := l.batchOf(r, e.Batch)
	if err == nil {
		b.Sent = r.ID
	}
	return err
}

func (e *BankResultTaken) fold(l *Ledger, r *Recorded) error {
	return l.paid(r, e.Batch, e.Rejected, nil)
}

func (e *BatchPaid) fold(l *Ledger, r *Recorded) error {
	return l.paid(r, e.Batch, e.NotPaid, e.Vouchers)
}

// paid owes a DisbursementMade or DisbursementRejected for each row.
func (l *Ledger) paid(r *Recorded, no int, not []NotPaid, vouchers []VoucherOfRow) error {
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
	l.oweMade(r, a.Stream, len(rows), func(from, to int) []Event {
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
