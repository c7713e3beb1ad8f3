package domain

import "testing"

// The rows of TestRefusals about the lines of a list.
var lineRows = []refusalRow{
	{"-", "a list that is not complete counts as absent", func(t *testing.T) {
		c := newCounty(t, noNotice(), 100000)
		a := c.allocate("2023-01-05", 100000)
		n := Made(c.by(c.drafter).mustDo("2023-01-05", &DraftNotice{Allocation: a, Heading: Heading{Title: "名单"}}), "notice")
		p := c.person("庚")
		rows := make([]LineRow, LinesInPart+1)
		for i := range rows {
			rows[i] = LineRow{Beneficiary: p, Give: []Give{{Form: Cash, Amount: 1}}}
		}
		o := c.order("2023-01-05", &AddLines{Notice: n, Rows: rows})
		d, err := c.l.Decide(o, Env{Now: c.now, Calendar: DefaultCalendar()})
		if err != nil || len(d.Parts) != 2 {
			t.Fatal(err)
		}
		c.apply(d.Stream, d.Parts[0][0], Metadata{Actor: o.Actor, Command: &Proof{ID: o.ID, Digest: digestOf(o)}, Recorded: c.now})
		if len(c.l.Notices[n].Lines) != 0 {
			t.Error("half a list is there")
		}
		c.refused("2023-01-05", &AddLines{Notice: n, Rows: rows[:1]}, ListIncomplete)
		c.by(c.reviewer).refused("2023-01-05", &ReviewNotice{Notice: n}, ListIncomplete)
		// Sent again, the command adds only the parts that are missing.
		again, err := c.l.Decide(o, Env{Now: c.now, Calendar: DefaultCalendar()})
		if err != nil || len(again.Parts) != 1 || again.Parts[0][0].(*NoticeLinesAdded).Part != 2 {
			t.Fatal(again, err)
		}
		c.apply(again.Stream, again.Parts[0][0], Metadata{Actor: o.Actor, Command: &Proof{ID: o.ID, Digest: digestOf(o)}, Recorded: c.now})
		if got := len(c.l.Notices[n].Lines); got != len(rows) {
			t.Errorf("%d lines", got)
		}
	}},
}

// A row repeats a line if it gives the same for the same period.
func TestLineRepeats(t *testing.T) {
	for _, x := range []struct {
		what string
		has  []Entitlement
		give []Give
		want bool
	}{
		{"money and money", []Entitlement{{Form: Cash, Fen: 100}}, []Give{{Form: Bank, Amount: 200}}, true},
		{"money and goods", []Entitlement{{Form: Cash, Fen: 100}}, []Give{{Form: Goods, Items: []ItemCount{{"大米（袋）", 1000}}}}, false},
		{"the same goods", []Entitlement{{Form: Goods, Items: []GoodsOf{{"油（桶）", 1000}, {"大米（袋）", 1000}}}}, []Give{{Form: Goods, Items: []ItemCount{{"大米（袋）", 2000}}}}, true},
		{"other goods", []Entitlement{{Form: Goods, Items: []GoodsOf{{"油（桶）", 1000}}}}, []Give{{Form: Goods, Items: []ItemCount{{"大米（袋）", 1000}}}}, false},
		{"the second of each", []Entitlement{{Form: Goods, Items: []GoodsOf{{"油（桶）", 1000}}}, {Form: Cash, Fen: 1}}, []Give{{Form: Goods, Items: []ItemCount{{"大米（袋）", 1000}}}, {Form: Cash, Amount: 1}}, true},
		{"nothing", []Entitlement{{Form: Cash, Fen: 100}}, nil, false},
	} {
		l := NewLedger()
		line := &Line{}
		l.setLine(line, &LineAdded{No: 1, Give: x.has}, &LinePrivate{Beneficiary: id(1), Period: "2023-01"})
		if got := line.Repeats("2023-01", x.give); got != x.want {
			t.Errorf("%s: %t", x.what, got)
		}
		if line.Repeats("2023-02", x.give) {
			t.Errorf("%s: of another period", x.what)
		}
		line.strike(id(2))
		if line.Repeats("2023-01", x.give) {
			t.Errorf("%s: struck", x.what)
		}
	}
}
