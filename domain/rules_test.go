package domain

import (
	"slices"
	"testing"
)

// refusalRow is one row of the table of refusals.
type refusalRow struct {
	rule string
	what string
	test func(t *testing.T)
}

// TestRefusals is the table of what is refused, in the situations in which officers get
// the refusals. Its rows are beside their subject: those about batch.go are in
// batch_test.go. At the end it names the refusals that no row provokes.
func TestRefusals(t *testing.T) {
	rows := slices.Concat(
		batchRows, goodsRows, payableRows, admissionRows, returnsRows, reversalRows, campaignRows, effectRows,
		periodRows, noticeRows, publicationRows, confirmationRows, stopRows, batchResultRows, kinshipRows,
		officerRows, listedRows, nominationRows, partyRows, unitRows, lineRows, erasureRows)
	for _, r := range rows {
		t.Run(r.rule+" "+r.what, r.test)
	}
	if t.Failed() {
		return
	}
	// What is refused before a command is one: how amounts, dates and numbers
	// are read, which money_test, calendar_test and identity_test are about.
	elsewhere := []*Code{AmountUnreadable, AmountTooFine, AmountTooLarge, AmountNotText, SplitImpossible, QuantityUnreadable, NoSuchDay, CalendarWrong,
		PeriodWrong, NumberLength, NumberCheck, NumberDate, NumberFloat, CreditWrong, DivisionWrong, AccountWrong, BadReplace}
	for _, c := range Codes() {
		if !provoked[c] && !slices.Contains(elsewhere, c) {
			t.Errorf("no row of the table provokes %s (%s)", c.Name, c.Zh)
		}
	}
}

// entry is the command to name the last event of a type by.
func (s *story) entry(kind string) ID {
	for i := len(s.log) - 1; i >= 0; i-- {
		if TypeOf(s.log[i].Event) == kind {
			if r, ok := s.l.RefTo(s.log[i].ID); ok {
				return r.Command
			}
		}
	}
	s.t.Fatalf("no %s", kind)
	return ID{}
}
