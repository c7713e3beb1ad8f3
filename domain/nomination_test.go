package domain

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// The rows of TestRefusals about nominations and quotas.
var nominationRows = []refusalRow{
	{"12", "quotas and the nomination deadline (report 5)", func(t *testing.T) {
		terms := noNotice()
		until := time.Date(2023, 1, 4, 12, 0, 0, 0, Shanghai)
		terms.NominationsUntil = &until
		terms.Groups, terms.LinesPerGroup = 2, 2
		c := newCounty(t, terms, 1000000)
		a := Made(c.by(c.accountant).mustDo("2023-01-03", &Allocate{From: From{Fund: c.fund}, Unit: c.unit, Programme: c.programme, Purpose: "relief", Quota: 4}), "allocation")
		c.mustDo("2023-01-03", &Allocate{From: From{Fund: c.fund}, To: a, Amount: 900000})
		c.refused("2023-01-03", &Allocate{From: From{Fund: c.fund}, To: a}, AmountNotPositive)
		c.now = until.Add(time.Hour)
		receive := func(at time.Time) {
			c.by(c.drafter).mustDo("2023-01-04", &ReceiveNomination{Allocation: a, Origin: "某县", Arrived: at})
		}
		receive(until)
		receive(until.Add(time.Minute))
		receive(until.Add(-time.Hour))
		n := Made(c.mustDo("2023-01-05", &DraftNotice{Allocation: a, Heading: Heading{Title: "名单"}}), "notice")
		lines := func(nomination int, groups ...string) *AddLines {
			add := &AddLines{Notice: n}
			for i, g := range groups {
				add.Rows = append(add.Rows, LineRow{Beneficiary: c.person(fmt.Sprint(g, i)), Group: g, Nomination: nomination, Give: []Give{{Form: Cash, Amount: 100000}}})
			}
			return add
		}
		c.refused("2023-01-05", lines(2, "甲厂"), NominationLate)
		c.refused("2023-01-05", lines(0, "甲厂"), NominationMissing) // else a row without a nomination would escape the deadline
		c.by(c.reviewer).mustDo("2023-01-05", &RejectNomination{Allocation: a, Nomination: 3})
		c.refused("2023-01-05", &RejectNomination{Allocation: a, Nomination: 3}, NominationDone)
		c.by(c.drafter).refused("2023-01-05", lines(3, "甲厂"), NominationDone)
		c.mustDo("2023-01-05", lines(1, "甲厂", "甲厂", "甲厂", "乙厂", "丙厂", "乙厂"))
		c.by(c.reviewer).mustDo("2023-01-05", &ReviewNotice{Notice: n})
		c.confirm("2023-01-05", n)
		var over []int
		for _, l := range c.l.Allocations[a].Lines {
			if l.Over {
				over = append(over, int(l.No))
			}
		}
		if !slices.Equal(over, []int{3, 5}) {
			t.Errorf("over quota are %v: the third of one works, and a third works", over)
		}
		c.by(c.accountant).refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(3)}, OverQuota)
		c.mustDo("2023-01-06", &SetQuota{Allocation: a, Quota: 1})
		c.refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(2)}, OverQuota)
		c.mustDo("2023-01-06", &SetQuota{Allocation: a, Quota: 0})
		c.prepare("2023-01-06", a, 1, 2, 4, 6)
	}},
}
