package domain

import (
	"slices"
	"testing"
)

// Unfinished names an owed step by the event from which it follows, and an incomplete
// list by its command, each only until it is complete.
func TestUnfinished(t *testing.T) {
	c := newCounty(t, noNotice(), 100000)
	half := func(want ...ID) {
		t.Helper()
		if have := slices.Collect(c.l.Unfinished()); !slices.Equal(have, want) {
			t.Errorf("half there is %v, want %v", have, want)
		}
	}
	half()
	c.processesWait = true
	a := c.allocate("2023-01-05", 100000)
	made := c.log[len(c.log)-1]
	half(made.ID)
	c.processesWait = false
	c.settle()
	half()

	n := Made(c.by(c.drafter).mustDo("2023-01-05", &DraftNotice{Allocation: a, Heading: Heading{Title: "名单"}}), "notice")
	p := c.person("庚")
	rows := make([]LineRow, 2*LinesInPart+1)
	for i := range rows {
		rows[i] = LineRow{Beneficiary: p, Give: []Give{{Form: Cash, Amount: 1}}}
	}
	o := c.order("2023-01-05", &AddLines{Notice: n, Rows: rows})
	d, err := c.l.Decide(o, Env{Now: c.now, Calendar: DefaultCalendar()})
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range d.Parts {
		c.apply(d.Stream, part[0], Metadata{Actor: o.Actor, Command: &Proof{ID: o.ID, Digest: digestOf(o)}, Recorded: c.now})
		if i < 2 {
			half(o.ID)
		} else {
			half()
		}
	}
}
