package domain

import "testing"

// The rows of TestRefusals about batches.
var batchRows = []refusalRow{
	{"1", "two batches want the same yuan", func(t *testing.T) {
		c := newCounty(t, noNotice(), 130000)
		a := c.allocate("2023-01-05", 130000)
		n := c.list("2023-01-05", a, 26000, 26000, 26000, 26000, 26000, 26000)
		c.confirm("2023-01-06", n)
		c.prepare("2023-01-06", a, 1, 2, 3)
		r := c.by(c.accountant).refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(4, 5, 6)}, NotEnoughMoney)
		if s := r.Sentence(Zh); s != "需 780.00 元，可用余额 520.00 元" {
			t.Errorf("the sentence is %q", s)
		}
		c.by(c.approver).mustDo("2023-01-06", &RejectBatch{Allocation: a, Batch: 1, Reason: sealed("重做")})
		c.prepare("2023-01-07", a, 4, 5, 6)
	}},
}
