package domain

import "testing"

// The rows of TestRefusals about what comes back.
var returnsRows = []refusalRow{
	{"3", "value returns along the edge it came by, never more than went out", func(t *testing.T) {
		c := newCounty(t, noNotice(), 100000)
		town := Made(c.by(id(-2)).mustDo("2023-01-03", &RegisterUnit{Parent: c.unit, Name: "乡", Division: "410527"}), "unit")
		village := Made(c.mustDo("2023-01-03", &RegisterUnit{Parent: town, Name: "村", Division: "410527"}), "unit")
		c.by(c.accountant).mustDo("2023-01-04", &ReceiveFunds{Fund: c.fund, Source: Source{Treasury, "central", "中央"}, Amount: 50000})
		upper := c.allocate("2023-01-05", 120000)
		down := func(from ID, unit ID, amount Yuan) ID {
			return Made(c.mustDo("2023-01-05", &Allocate{From: From{Allocation: from}, Unit: unit, Programme: c.programme, Purpose: "relief", Amount: amount}), "allocation")
		}
		middle := down(upper, town, 110000)
		lower := down(middle, village, 105000)
		n := c.list("2023-01-05", lower, 30000)
		c.confirm("2023-01-06", n)
		c.prepare("2023-01-06", lower, 1)
		c.by(c.approver).mustDo("2023-01-06", &ApproveBatch{Allocation: lower, Batch: 1})
		pay := c.by(c.cashier).mustDo("2023-01-07", &PayBatch{Allocation: lower, Batch: 1})
		c.by(c.accountant).refused("2023-01-08", &ReturnDisbursement{Allocation: lower, Payment: Ref{pay, 1}, Amount: 30001, Kind: "payee"}, ReturnAbovePaid)
		c.refused("2023-01-06", &ReturnDisbursement{Allocation: lower, Payment: Ref{pay, 1}, Amount: 1, Kind: "payee"}, BookedBefore)
		c.refused("2023-01-08", &ReturnDisbursement{Allocation: lower, Payment: Ref{pay, 1}, Amount: 1, Kind: "gift"}, FieldWrong)
		c.refused("2023-01-08", &DemandRecovery{Allocation: lower, Payment: Ref{pay, 1}, Amount: 30001}, ReturnAbovePaid)
		c.mustDo("2023-01-08", &DemandRecovery{Allocation: lower, Payment: Ref{pay, 1}, Amount: 10000, By: day("2023-02-01")})
		// Down three levels and back up the same edges, also after closing.
		for _, a := range []ID{lower, middle, upper} {
			c.refused("2023-01-08", &CloseAllocation{Allocation: a}, HasLeft)
			c.mustDo("2023-01-08", &ReturnUnspent{Allocation: a})
			c.refused("2023-01-08", &ReturnUnspent{Allocation: a}, NothingThere)
			c.mustDo("2023-01-08", &CloseAllocation{Allocation: a})
			c.refused("2023-01-08", &SetQuota{Allocation: a, Quota: 1}, NotOpen)
		}
		c.mustDo("2023-01-09", &ReturnDisbursement{Allocation: lower, Payment: Ref{pay, 1}, Amount: 10000, Kind: "recovery"})
		if left := c.l.Funds[c.fund].Left(Money); left != 130000 {
			t.Errorf("what came back to the closed allocation stands at %d in the fund", left)
		}
		c.refused("2023-01-09", &SurrenderFunds{Fund: c.fund, Source: Source{Treasury, "central", "中央"}, Amount: 50001}, NotFromSource)
		c.refused("2023-01-09", &SurrenderFunds{Fund: c.fund, Source: Source{Treasury, "city", "中央"}, Amount: 1}, NotFromSource)
		c.mustDo("2023-01-09", &SurrenderFunds{Fund: c.fund, Source: Source{Treasury, "central", "中央"}, Amount: 50000})
		c.mustDo("2023-01-09", &PassOnFunds{Fund: c.fund, To: "慈善协会", Amount: 80000})
		c.mustDo("2023-01-09", &CloseFund{Fund: c.fund})
		c.refused("2023-01-09", &ReceiveFunds{Fund: c.fund, Source: Source{Union, "", ""}, Amount: 1}, NotOpen)
		// Money that went on up cannot be taken from this allocation any more.
		c.refused("2023-01-10", &ReverseEntry{From: From{Allocation: lower}, Entry: Ref{c.entry("DisbursementReturned"), 0}}, NotEnoughMoney)
	}},
}
