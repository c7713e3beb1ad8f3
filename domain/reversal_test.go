package domain

import "testing"

// The rows of TestRefusals about reversals.
var reversalRows = []refusalRow{
	{"4", "an entry is reversed once, by an entry that names it", func(t *testing.T) {
		c := newCounty(t, noNotice(), 100000)
		in := c.by(c.accountant).mustDo("2023-01-04", &ReceiveFunds{Fund: c.fund, Source: Source{Union, "", "重记"}, Amount: 5000})
		c.refused("2023-01-03", &ReverseEntry{From: From{Fund: c.fund}, Entry: Ref{in, 0}}, BookedBefore)
		reversal := c.mustDo("2023-01-05", &ReverseEntry{From: From{Fund: c.fund}, Entry: Ref{in, 0}, Reason: sealed("重记")})
		c.refused("2023-01-05", &ReverseEntry{From: From{Fund: c.fund}, Entry: Ref{in, 0}}, ReversedAlready)
		c.refused("2023-01-05", &ReverseEntry{From: From{Fund: c.fund}, Entry: Ref{reversal, 0}}, NotReversible)
		buy := c.by(c.storekeeper).mustDo("2023-01-05", &PurchaseGoods{From: From{Fund: c.fund}, Item: "油（桶）", Quantity: 3000, Cost: 1000})
		count := c.mustDo("2023-01-05", &CountGoods{From: From{Fund: c.fund}, Item: "油（桶）", Found: 2000})
		c.by(c.accountant).refused("2023-01-05", &ReverseEntry{From: From{Fund: c.fund}, Entry: Ref{buy, 0}}, NotEnoughGoods)
		c.mustDo("2023-01-05", &ReverseEntry{From: From{Fund: c.fund}, Entry: Ref{count, 0}})
		c.mustDo("2023-01-05", &ReverseEntry{From: From{Fund: c.fund}, Entry: Ref{buy, 0}})
		if f := c.l.Funds[c.fund]; f.Left(Money) != 100000 || f.Left("油（桶）") != 0 {
			t.Errorf("%d fen, %d oil", f.Left(Money), f.Left("油（桶）"))
		}
		a := c.allocate("2023-01-05", 30000)
		n := c.list("2023-01-05", a, 10000)
		c.confirm("2023-01-05", n)
		c.prepare("2023-01-05", a, 1)
		c.by(c.approver).mustDo("2023-01-05", &ApproveBatch{Allocation: a, Batch: 1})
		pay := c.by(c.cashier).mustDo("2023-01-05", &PayBatch{Allocation: a, Batch: 1})
		receipt := c.mustDo("2023-01-05", &RecordReceipt{Allocation: a, Kind: "签领表", HeldBy: "x", Batch: 1})
		c.by(c.accountant).mustDo("2023-01-06", &ReverseEntry{From: From{Allocation: a}, Entry: Ref{receipt, 0}})
		if n := len(c.l.Allocations[a].Payments[0].Receipts()); n != 0 {
			t.Errorf("%d receipts", n)
		}
		// The first of several receipts is reversed; the others keep their order.
		more := func() Ref {
			return Ref{c.by(c.cashier).mustDo("2023-01-06", &RecordReceipt{Allocation: a, Kind: "签领表", HeldBy: "x", Batch: 1}), 0}
		}
		first := more()
		more()
		c.by(c.accountant).mustDo("2023-01-06", &ReverseEntry{From: From{Allocation: a}, Entry: first})
		more()
		if r := c.l.Allocations[a].Payments[0].Receipts(); len(r) != 2 || r[0] >= r[1] {
			t.Errorf("receipts %v", r)
		}
		c.by(c.accountant).mustDo("2023-01-06", &ReverseEntry{From: From{Allocation: a}, Entry: Ref{pay, 1}, Reason: sealed("款未付出")})
		c.refused("2023-01-06", &ReturnDisbursement{Allocation: a, Payment: Ref{pay, 1}, Amount: 1, Kind: "payee"}, PaymentReversed)
		c.refused("2023-01-07", &PrepareBatch{Allocation: a, Form: Cash, Rows: []RowToPay{{Line: 1, Again: &Ref{pay, 1}}}}, NotItsReturn)
		c.mustDo("2023-01-07", &PrepareBatch{Allocation: a, Form: Cash, Rows: []RowToPay{{Line: 1, Again: &Ref{c.entry("EntryReversed"), 0}}}})
	}},
}
