package domain

import "testing"

// The rows of TestRefusals about the admission of a list.
var admissionRows = []refusalRow{
	{"2", "a list is admitted in parts, and not paid before the last", func(t *testing.T) {
		c := newCounty(t, noNotice(), 100000)
		a := c.allocate("2023-01-05", 100000)
		n := Made(c.by(c.drafter).mustDo("2023-01-05", &DraftNotice{Allocation: a, Heading: Heading{Title: "长名单"}}), "notice")
		p := c.person("同一人")
		rows := make([]LineRow, linesPerAdmission+1)
		for i := range rows {
			rows[i] = LineRow{Beneficiary: p, Give: []Give{{Form: Cash, Amount: 1}}}
		}
		add := c.mustDo("2023-01-05", &AddLines{Notice: n, Rows: rows})
		if got := len(c.l.Notices[n].Lines); got != len(rows) || len(c.l.Effect(add).Events) != 2 {
			t.Fatalf("%d lines in %d events", got, len(c.l.Effect(add).Events))
		}
		c.refused("2023-01-05", &AddLines{Notice: n, Rows: make([]LineRow, maxLines)}, TooManyRows)
		c.by(c.reviewer).mustDo("2023-01-05", &ReviewNotice{Notice: n, Meeting: "会"})
		c.processesWait = true
		c.confirm("2023-01-06", n)
		step, _ := c.l.Next()
		c.apply(step.Stream, step.Events[0], Metadata{Cause: step.Cause, Recorded: c.now})
		c.by(c.accountant).refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(1)}, AdmissionIncomplete)
		c.processesWait = false
		c.settle()
		c.prepare("2023-01-06", a, 1, linesPerAdmission+1)
	}},
}
