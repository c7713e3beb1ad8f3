package domain

import "testing"

// The rows of TestRefusals about publication.
var publicationRows = []refusalRow{
	{"8", "no more is shown than the programme allows, and a year must be announced", func(t *testing.T) {
		terms := plainTerms()
		terms.Notice = []Phase{{Timing: BeforePayment, Days: 5, Mode: InWorkingDays, Places: []PlaceRule{{"web", MaskedNames}}}}
		c := newCounty(t, terms, 100000)
		n := c.list("2023-01-06", c.allocate("2023-01-05", 100000), 1000)
		c.by(c.drafter).refused("2023-01-06", &PublishNotice{Notice: n, Timing: BeforePayment, Places: []Posted{{Place: "web", On: day("2023-01-06"), Disclosure: FullNames}}}, TooOpen)
		c.refused("2027-01-06", &PublishNotice{Notice: n, Timing: BeforePayment, Places: []Posted{{Place: "web", On: day("2027-01-06"), Disclosure: MaskedNames}}}, CalendarYearMissing)
	}},
	{"8", "a list that is published twice, before payment and after it (低保)", func(t *testing.T) {
		terms := plainTerms()
		terms.Notice = append(terms.Notice, Phase{Timing: AfterPayment, Days: 7, Mode: InWorkingDays, Places: []PlaceRule{{"web", MaskedNames}}})
		c := newCounty(t, terms, 100000)
		a := c.allocate("2023-01-05", 100000)
		n := c.list("2023-01-05", a, 1000)
		c.publish("2023-01-05", n)
		c.confirm("2023-01-09", n)
		c.prepare("2023-01-09", a, 1)
		c.by(c.approver).mustDo("2023-01-09", &ApproveBatch{Allocation: a, Batch: 1})
		c.by(c.cashier).mustDo("2023-01-09", &PayBatch{Allocation: a, Batch: 1})
		again := &PublishNotice{Notice: n, Timing: AfterPayment, Places: []Posted{{Place: "web", On: day("2023-01-10"), Disclosure: MaskedNames}}}
		c.by(c.drafter).mustDo("2023-01-10", again)
		c.refused("2023-01-10", again, PublishedTwice)
		if p, ok := c.l.Notices[n].published(AfterPayment); !ok || p.Period.Last != day("2023-01-19") {
			t.Errorf("the second period is %+v", p)
		}
	}},
}
