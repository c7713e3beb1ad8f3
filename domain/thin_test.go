package domain

import "testing"

// One fund, one list, one payment, one receipt: the path that the package comment tells.
func TestOnePayment(t *testing.T) {
	c := newCounty(t, plainTerms(), 130000)
	a := c.allocate("2023-01-05", 130000)
	n := c.list("2023-01-06", a, 26000, 26000, 26000, 26000, 26000)
	c.publish("2023-01-08", n)
	c.by(c.reviewer).refused("2023-01-11", &ConfirmNotice{Notice: n}, NoticeRunning)
	c.confirm("2023-01-12", n)
	c.prepare("2023-01-13", a, 1, 2, 3)
	c.by(c.accountant).refused("2023-01-13", &ApproveBatch{Allocation: a, Batch: 1}, RoleMissing)
	c.by(c.approver).mustDo("2023-01-13", &ApproveBatch{Allocation: a, Batch: 1})
	pay := c.by(c.cashier).mustDo("2023-01-14", &PayBatch{Allocation: a, Batch: 1, NotPaid: []NotPaid{{2, "absent"}}})
	c.mustDo("2023-01-14", &RecordReceipt{Allocation: a, Kind: "签领表", HeldBy: "县总工会档案室", Batch: 1})

	got := c.l.Allocations[a]
	if len(got.Payments) != 2 || len(got.Payments[1].Receipts()) != 1 {
		t.Fatalf("payments: %+v", got.Payments)
	}
	if left := Fen(got.Left(Money)); left != 78000 {
		t.Errorf("left %s", left)
	}
	if paid := c.balance(got.Stream, Paid, Money); paid != 52000 {
		t.Errorf("paid %d", paid)
	}
	// The rejected row is paid again only by naming the reject.
	c.by(c.accountant).refused("2023-01-15", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(2)}, MustNameReturn)
	c.mustDo("2023-01-15", &PrepareBatch{Allocation: a, Form: Cash, Rows: []RowToPay{{Line: 2, Again: &Ref{pay, 2}}}})
	// A payee brings some back, but cannot bring more than was paid.
	c.refused("2023-01-16", &ReturnDisbursement{Allocation: a, Payment: Ref{pay, 1}, Amount: 26001, Kind: "payee"}, ReturnAbovePaid)
	c.mustDo("2023-01-16", &ReturnDisbursement{Allocation: a, Payment: Ref{pay, 1}, Amount: 6000, Kind: "payee"})
	// Unspent money goes back the way it came.
	c.mustDo("2023-01-17", &ReturnUnspent{Allocation: a})
	if left := Fen(c.l.Funds[c.fund].Left(Money)); left != 58000 {
		t.Errorf("back in the fund: %s", left)
	}
	if left := got.Left(Money); left != 0 {
		t.Errorf("left in the allocation: %d", left)
	}
}
