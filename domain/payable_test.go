package domain

import (
	"fmt"
	"strings"
	"testing"
)

// The rows of TestRefusals about what may be paid.
var payableRows = []refusalRow{
	{"2", "only what is admitted is paid, and once", func(t *testing.T) {
		c := newCounty(t, noNotice(), 100000)
		a := c.allocate("2023-01-05", 100000)
		n := c.list("2023-01-05", a, 10000, 10000)
		c.by(c.accountant).refused("2023-01-05", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(1)}, NotAdmitted)
		c.processesWait = true
		c.confirm("2023-01-06", n)
		c.by(c.accountant).refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(1)}, NotAdmitted)
		c.processesWait = false
		c.settle()
		c.refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(1, 1)}, RowTwice)
		c.refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: []RowToPay{{Line: 1, Entitlement: 2}}}, NoSuchEntitlement)
		c.refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Bank, Rows: rowsOf(1)}, OtherForm)
		c.refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: nil}, FieldMissing)
		c.refused("2023-01-06", &PrepareBatch{Allocation: a, Form: "gold", Rows: rowsOf(1)}, FieldWrong)
		c.refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: make([]RowToPay, MaxRows+1)}, TooManyRows)
		// Part of an entitlement is paid, then the remainder, then nothing more.
		c.mustDo("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: []RowToPay{{Line: 1, Amount: 4000}}})
		c.mustDo("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(1)})
		if got := c.l.Allocations[a].Batches[1].Total(); got != 6000 {
			t.Errorf("the rest is %s", got)
		}
		c.refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: []RowToPay{{Line: 1, Amount: 1}}}, AbovePublished)
		c.by(c.cashier).refused("2023-01-06", &PayBatch{Allocation: a, Batch: 1}, BatchIs)
		c.refused("2023-01-06", &RecordReceipt{Allocation: a, Kind: "签领表", HeldBy: "x", Batch: 1}, NothingPaid)
		c.by(c.accountant).refused("2023-01-06", &ReturnDisbursement{Allocation: a, Payment: Ref{id(1), 0}, Amount: 1, Kind: "payee"}, NoSuchPayment)
	}},
}

// Payable returns the rows that can be prepared, and the lines left out with the refusal
// that they would get.
func TestPayable(t *testing.T) {
	terms := noNotice()
	c := newCounty(t, terms, 1000000)
	a := c.allocate("2023-01-05", 1000000)
	c.by(c.accountant).mustDo("2023-01-05", &SetQuota{Allocation: a, Quota: 6})
	n := c.list("2023-01-05", a, 100, 200, 300, 400, 500, 600, 700)
	c.confirm("2023-01-06", n)
	say := func(form Form) string {
		rows, left := c.l.Payable(a, form)
		var b strings.Builder
		for _, r := range rows {
			fmt.Fprintf(&b, "%d/%d ", r.Line, r.Entitlement)
		}
		for _, x := range left {
			fmt.Fprintf(&b, "-%d %s %s ", x.Line, x.Fen, x.Why.Code.Name)
		}
		return strings.TrimSpace(b.String())
	}
	check := func(form Form, want string) {
		t.Helper()
		if got := say(form); got != want {
			t.Errorf("payable in %s: %q, want %q", form, got, want)
		}
	}
	check(Cash, "1/1 2/1 3/1 4/1 5/1 6/1 -7 7.00 over-quota")
	check(Bank, "")
	if sum := c.l.Allocations[a].StillDue(RowToPay{Line: 7, Entitlement: 1}); sum != 700 {
		t.Errorf("%s is due by line 7", sum)
	}
	c.by(c.reviewer).mustDo("2023-01-07", &StopLine{Allocation: a, Line: 2, Reason: sealed("死亡")})
	c.prepare("2023-01-07", a, 1, 3)
	if sum := c.l.Allocations[a].StillDue(RowToPay{Line: 1, Entitlement: 1}); sum != 0 {
		t.Errorf("%s is due by a line that is prepared", sum)
	}
	check(Cash, "4/1 5/1 6/1 -2 2.00 line-stopped -7 7.00 over-quota")
	c.by(c.approver).mustDo("2023-01-07", &ApproveBatch{Allocation: a, Batch: 1})
	c.by(c.cashier).mustDo("2023-01-08", &PayBatch{Allocation: a, Batch: 1, NotPaid: []NotPaid{{2, "absent"}}})
	check(Cash, "4/1 5/1 6/1 -2 2.00 line-stopped -3 3.00 must-name-return -7 7.00 over-quota")
	rows, _ := c.l.Payable(a, Cash)
	c.by(c.accountant).mustDo("2023-01-09", &PrepareBatch{Allocation: a, Form: Cash, Rows: rows})
	check(Cash, "-2 2.00 line-stopped -3 3.00 must-name-return -7 7.00 over-quota")
	if rows, left := c.l.Payable(id(1), Cash); rows != nil || left != nil {
		t.Error("rows of no allocation")
	}
}
