package domain

import (
	"fmt"
	"slices"
)

// Receipts returns the numbers of the events that recorded evidence of the payment.
func (p *Payment) Receipts() []uint64 {
	if p.receipt == 0 {
		return p.readExtra().receipts
	}
	return append([]uint64{uint64(p.receipt) - 1}, p.readExtra().receipts...)
}

func (p *Payment) addReceipt(number uint64) {
	if p.receipt == 0 {
		p.receipt = uint32(number) + 1
		return
	}
	extra := p.writeExtra()
	extra.receipts = append(extra.receipts, number)
}

func (p *Payment) dropReceipt(number uint64) {
	extra := p.writeExtra()
	if p.receipt == uint32(number)+1 {
		p.receipt = 0
		if len(extra.receipts) > 0 {
			p.receipt, extra.receipts = uint32(extra.receipts[0])+1, extra.receipts[1:]
		}
		return
	}
	extra.receipts = slices.DeleteFunc(extra.receipts, func(n uint64) bool { return n == number })
}

// ReceiptRecorded is evidence of one or many payments: one document.
type ReceiptRecorded struct {
	Common
	Kind     string   `json:"kind"`               // sign-off sheet, bank slip, photo, used voucher
	Document []byte   `json:"document,omitempty"` // tag of the file
	HeldBy   string   `json:"held_by,omitempty"`  // where the document is, if it was not uploaded
	Payments [][2]int `json:"payments"`           // numbers in the allocation: first and last of each run
	Private  struct {
		// Signers has one party for each payment, if not the payees themselves signed.
		Signers []ID `json:"signers,omitempty"`
	} `json:"-"`
}

// RecordReceipt records evidence of payments: of a whole batch, of some of its rows, or
// of the payments that it names.
type RecordReceipt struct {
	Allocation ID     `json:"allocation"`
	Kind       string `json:"kind"`
	Document   []byte `json:"document,omitempty"`
	HeldBy     string `json:"held_by,omitempty"`
	Batch      int    `json:"batch,omitempty"`
	BatchRows  []int  `json:"batch_rows,omitempty"` // none: all rows that were paid
	Payments   []Ref  `json:"payments,omitempty"`
	Signers    []ID   `json:"signers,omitempty"` // by payment; none: the payees themselves
}

// Refusals about receipts.
var (
	NothingPaid = newCode(2, "nothing-paid", "批次 {batch} 没有可登记的发放", "batch {batch} has no payment to record a receipt of")
)

func (c *RecordReceipt) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *RecordReceipt) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *RecordReceipt) decide(d *decision) error {
	a, err := d.anyAllocation(c.Allocation)
	if err != nil {
		return err
	}
	if c.Kind == "" {
		return refuse(FieldMissing, "kind")
	}
	if len(c.Document) == 0 && c.HeldBy == "" {
		return refuse(FieldMissing, "document / held_by")
	}
	if err := checkTag("document", c.Document); err != nil {
		return err
	}
	var numbers []int
	if c.Batch != 0 {
		if c.Batch < 1 || c.Batch > len(a.Batches) {
			return refuse(NoSuch, bilingual{"批次", "batch"}, c.Batch)
		}
		b := a.Batches[c.Batch-1]
		for i, row := range b.Rows {
			if p := a.PaymentOf(&row); p != nil && p.Reversed() == (ID{}) && (len(c.BatchRows) == 0 || slices.Contains(c.BatchRows, i+1)) {
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
			return err.inRow(i)
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

// ranges turns sorted numbers into runs, each with its first and last number.
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
			p.addReceipt(l.nextNumber())
		}
	}
	for _, signer := range e.Private.Signers {
		l.noteMention(signer, a.Programme, e.LastDay())
	}
	a.rememberEntry(l, r, &reversibleEntry{covers: e.Payments})
	return nil
}
