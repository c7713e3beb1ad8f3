package domain

import "testing"

// What comes back into a closed allocation goes on up by a step. Steps are never
// refused, so until then nothing else may take it (found by TestExhaustive).
func TestNothingElseTakesWhatAStepWillTake(t *testing.T) {
	for name, body := range map[string]func(a ID, back ID) Command{
		"sent up by hand": func(a, _ ID) Command { return &ReturnUnspent{Allocation: a} },
		"a part of it":    func(a, _ ID) Command { return &ReturnUnspent{Allocation: a, Amount: 1000} },
		"the return is reversed": func(a, back ID) Command {
			return &ReverseEntry{From: From{Allocation: a}, Entry: Ref{Command: back}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounty(t, noNotice(), 10000)
			a := c.allocate("2023-01-04", 5000)
			c.confirm("2023-01-05", c.list("2023-01-04", a, 5000))
			c.prepare("2023-01-05", a, 1)
			c.by(c.approver).mustDo("2023-01-05", &ApproveBatch{Allocation: a, Batch: 1})
			pay := c.by(c.cashier).mustDo("2023-01-05", &PayBatch{Allocation: a, Batch: 1})
			c.by(c.accountant).mustDo("2023-01-06", &CloseAllocation{Allocation: a})
			c.processesWait = true
			back := c.mustDo("2023-01-07", &ReturnDisbursement{Allocation: a, Payment: Ref{Command: pay, Row: 1}, Amount: 3000, Kind: "payee"})
			if _, err := c.do("2023-01-07", body(a, back)); err == nil {
				t.Error("it was taken while a step was to take it")
			}
			c.processesWait = false
			c.settle()
			if left := c.l.Funds[c.fund].Left(Money); left != 10000-5000+3000 || c.l.Owed() > 0 {
				t.Errorf("%d are in the fund, %d steps are owed", left, c.l.Owed())
			}
		})
	}
}
