package domain

import "testing"

// The rows of TestRefusals about lines that are stopped.
var stopRows = []refusalRow{
	{"9", "stopped, resumed, in its form", func(t *testing.T) {
		c := newCounty(t, noNotice(), 100000)
		a := c.allocate("2023-01-05", 100000)
		c.confirm("2023-01-05", c.list("2023-01-05", a, 1000, 1000))
		c.prepare("2023-01-05", a, 1)
		c.by(c.approver).mustDo("2023-01-05", &ApproveBatch{Allocation: a, Batch: 1})
		c.by(c.reviewer).mustDo("2023-01-06", &StopLine{Allocation: a, Line: 1, Reason: sealed("重复享受")})
		c.refused("2023-01-06", &StopLine{Allocation: a, Line: 1}, LineIsStopped)
		c.refused("2023-01-06", &ResumeLine{Allocation: a, Line: 2}, LineNotStopped)
		c.by(c.cashier).refused("2023-01-06", &PayBatch{Allocation: a, Batch: 1}, LineIsStopped)
		c.refused("2023-01-06", &PayBatch{Allocation: a, Batch: 1, NotPaid: []NotPaid{{2, "absent"}}}, NoSuchRow)
		c.refused("2023-01-06", &SendBatchToBank{Allocation: a, Batch: 1, Bank: "x"}, NotTheForm)
		c.by(c.reviewer).mustDo("2023-01-06", &ResumeLine{Allocation: a, Line: 1})
		c.by(c.cashier).mustDo("2023-01-06", &PayBatch{Allocation: a, Batch: 1})
	}},
}
