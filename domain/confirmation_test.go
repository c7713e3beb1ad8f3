package domain

import "testing"

// The rows of TestRefusals about confirmation.
var confirmationRows = []refusalRow{
	{"8", "aid first says why (report 9)", func(t *testing.T) {
		terms := plainTerms()
		terms.Notice = []Phase{{Timing: AfterPayment, Days: 7, Mode: InCalendarDays, Places: []PlaceRule{{"web", CountsOnly}}}}
		terms.PapersWithin, terms.RecordWithin = 5, 10
		terms.Needs = []Need{{Form: Voucher, Fact: "eligibility"}}
		c := newCounty(t, terms, 100000)
		a := c.allocate("2023-01-05", 100000)
		n := c.list("2023-01-05", a, 1000)
		c.by(c.reviewer).refused("2023-01-05", &ConfirmNotice{Notice: n}, UrgencyMissing)
		c.mustDo("2023-01-05", &ConfirmNotice{Notice: n, Urgency: sealed("严寒")})
		c.prepare("2023-01-05", a, 1)
		c.by(c.approver).mustDo("2023-01-05", &ApproveBatch{Allocation: a, Batch: 1})
		c.with(func(o *Order) { o.Happened = &Span{day("2023-01-05"), day("2023-01-05")}; c.now = at("2023-01-16") }).
			by(c.cashier).refused("2023-01-16", &PayBatch{Allocation: a, Batch: 1}, RecordLate)
		c.mustDo("2023-01-16", &PayBatch{Allocation: a, Batch: 1})
		c.by(c.drafter).refused("2023-01-22", &CompletePapers{Party: c.l.Allocations[a].Lines[0].Beneficiary()}, PapersLate)
		c.irregularly(c.reviewer, PapersLate).mustDo("2023-01-22", &CompletePapers{Party: c.l.Allocations[a].Lines[0].Beneficiary()})
	}},
}
