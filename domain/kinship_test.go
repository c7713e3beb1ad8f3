package domain

import "testing"

// The rows of TestRefusals about two people, and kin.
var kinshipRows = []refusalRow{
	{"10", "two people, and nobody for kin", func(t *testing.T) {
		c := newCounty(t, noNotice(), 100000)
		a := c.allocate("2023-01-05", 100000)
		n := c.list("2023-01-05", a, 1000)
		c.confirm("2023-01-05", n)
		c.prepare("2023-01-05", a, 1)
		as := func(officer ID) *story { return c.with(func(o *Order) { o.DoneBy = officer }) }
		c.by(c.approver)
		as(c.accountant).refused("2023-01-05", &ApproveBatch{Allocation: a, Batch: 1}, SamePerson)
		c.by(c.approver).mustDo("2023-01-05", &FileKinship{Officer: c.approver, Party: c.l.Allocations[a].Lines[0].Payee(), Relation: sealed("弟")})
		c.refused("2023-01-05", &ApproveBatch{Allocation: a, Batch: 1}, DecidesForKin)
		c.by(c.cashier).refused("2023-01-05", &FileKinship{Officer: c.approver, Party: c.l.Allocations[a].Lines[0].Payee()}, FiledByAnother)
		// A payment without a batch is refused, or recorded as irregular.
		pay := &Disburse{Allocation: a, Form: Cash, Pay: &RowToPay{Line: 1, Amount: 1}}
		c.by(c.approver).mustDo("2023-01-05", &RejectBatch{Allocation: a, Batch: 1})
		c.by(c.cashier).refused("2023-01-06", pay, NoBatch)
		c.irregularly(c.cashier, NoBatch).refused("2023-01-06", pay, NeedsSecond)
		c.irregularly(c.approver, NoBatch).refused("2023-01-06", pay, NeedsSecond) // the payee's brother
		c.irregularly(c.reviewer, NotEnoughMoney).refused("2023-01-06", pay, NotIrregular)
		c.irregularly(c.reviewer, NoBatch, OverQuota).refused("2023-01-06", pay, NotABreach)
		c.irregularly(c.reviewer, NoBatch).mustDo("2023-01-06", pay)
		if last := c.log[len(c.log)-1].Event.common(); len(last.Irregular) != 1 || last.Irregular[0].Code != "no-batch" || len(last.Reasons) != 1 {
			t.Errorf("the event is marked %+v", last)
		}
	}},
}
