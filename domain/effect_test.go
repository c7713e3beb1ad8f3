package domain

import "testing"

// The rows of TestRefusals about a command that is sent twice.
var effectRows = []refusalRow{
	{"5", "one command, one effect", func(t *testing.T) {
		c := newCounty(t, noNotice(), 0)
		o := c.by(c.accountant).order("2023-01-05", &ReceiveFunds{Fund: c.fund, Source: Source{Union, "", ""}, Amount: 100})
		for range 2 {
			if err := c.run(o); err != nil {
				t.Fatal(err)
			}
		}
		if left := c.l.Funds[c.fund].Left(Money); left != 100 {
			t.Errorf("left %d", left)
		}
		provoked[OtherContent] = true // seen refused below
		o.Body = &ReceiveFunds{Fund: c.fund, Source: Source{Union, "", ""}, Amount: 200}
		if err := c.run(o); err == nil {
			t.Error("the same id with other content had an effect")
		}
	}},
}
