package domain

import "testing"

// bankBatch is a list of three payees whom the bank pays, prepared as batch 1.
func bankBatch(t *testing.T) (c *county, allocation ID, payees []ID) {
	t.Helper()
	c = newCounty(t, noNotice(), 1000000)
	allocation = c.allocate("2023-01-05", 1000000)
	n := Made(c.by(c.drafter).mustDo("2023-01-05", &DraftNotice{Allocation: allocation, Heading: Heading{Title: "名单"}}), "notice")
	var rows []LineRow
	for i := range 3 {
		d := PersonalDetails{Name: sealed("乙"), Account: sealed("6222"), AccountID: id(71 + i)}
		payees = append(payees, Made(c.mustDo("2023-01-05", &RegisterParty{Unit: c.unit, Type: Person, PersonalDetails: d}), "party"))
		rows = append(rows, LineRow{Beneficiary: payees[i], Give: []Give{{Form: Bank, Amount: Yuan(1000 * (i + 1))}}})
	}
	c.mustDo("2023-01-05", &AddLines{Notice: n, Rows: rows})
	c.by(c.reviewer).mustDo("2023-01-05", &ReviewNotice{Notice: n})
	c.confirm("2023-01-05", n)
	c.by(c.accountant).mustDo("2023-01-05", &PrepareBatch{Allocation: allocation, Form: Bank, Rows: rowsOf(1, 2, 3)})
	return c, allocation, payees
}

// fixed returns the accounts with which a batch was prepared.
func (s *story) fixed(allocation ID, batch int) []Account {
	for _, r := range s.log {
		if e, ok := r.Event.(*BatchPrepared); ok && r.Stream == Stream(AllocationKind, allocation) && e.Batch == batch {
			return e.Private.Accounts
		}
	}
	s.t.Fatalf("no batch %d", batch)
	return nil
}

// A batch that the bank pays, step by step, and the words for each state.
func TestBatchStateByBank(t *testing.T) {
	c, a, _ := bankBatch(t)
	for _, step := range []struct {
		what      string
		who       ID
		do        Command
		posted    bool // the payments are posted too
		zh, en    string
		untouched bool
		sent      bool
	}{
		{"prepared", c.accountant, nil, true, "已制单", "prepared", true, false},
		{"approved", c.approver, &ApproveBatch{Allocation: a, Batch: 1}, true, "已复核", "approved", true, false},
		{"sent", c.cashier, &SendBatchToBank{Allocation: a, Batch: 1, Bank: "农商行"}, true, "已送银行", "sent", true, true},
		{"answered", c.cashier, &TakeBankResult{Allocation: a, Batch: 1, Count: 2, Amount: 4000, Rejected: []NotPaid{{2, "户名不符"}}}, false, "结果已登记", "result taken", false, true},
		{"posted", c.cashier, nil, true, "已发放 2/3 行", "paid, 2 of 3 rows", false, true},
	} {
		if c.processesWait = !step.posted; step.do != nil {
			c.by(step.who).mustDo("2023-01-06", step.do)
		}
		c.settle()
		b := c.l.Allocations[a].Batches[0]
		if s := b.State(); s.Say(Zh) != step.zh || s.Say(En) != step.en {
			t.Errorf("%s: %s, %s", step.what, s.Say(Zh), s.Say(En))
		}
		if b.Untouched() != step.untouched || b.WasSent() != step.sent {
			t.Errorf("%s: untouched %t, sent %t", step.what, b.Untouched(), b.WasSent())
		}
	}
}

// A batch whose rows are paid one by one, and one that was turned down.
func TestBatchStateByHand(t *testing.T) {
	c := newCounty(t, noNotice(), 100000)
	a := c.allocate("2023-01-05", 100000)
	c.confirm("2023-01-06", c.list("2023-01-05", a, 1000, 2000, 3000))
	c.prepare("2023-01-06", a, 1, 2)
	c.prepare("2023-01-06", a, 3)
	c.by(c.approver).mustDo("2023-01-06", &ApproveBatch{Allocation: a, Batch: 1})
	c.mustDo("2023-01-06", &RejectBatch{Allocation: a, Batch: 2})
	for _, step := range []struct {
		row, batch int
		want       BatchState
		zh         string
	}{
		{0, 1, BatchState{StageApproved, 2, 0, 0}, "已复核"},
		{1, 1, BatchState{StagePartlyPaid, 2, 1, 0}, "部分已发放 1/2 行"},
		{2, 1, BatchState{StagePaid, 2, 2, 0}, "已发放 2/2 行"},
		{0, 2, BatchState{StageRejected, 1, 0, 0}, "已退回"},
	} {
		if step.row > 0 {
			c.by(c.cashier).mustDo("2023-01-06", &Disburse{Allocation: a, Batch: 1, Row: step.row})
		}
		if got := c.l.Allocations[a].Batches[step.batch-1].State(); got != step.want || got.Say(Zh) != step.zh {
			t.Errorf("batch %d: %+v, %s", step.batch, got, got.Say(Zh))
		}
	}
}

func TestBatchOf(t *testing.T) {
	c, a, _ := bankBatch(t)
	c.by(c.approver).mustDo("2023-01-05", &ApproveBatch{Allocation: a, Batch: 1})
	alloc := c.l.Allocations[a]
	for i, line := range alloc.LinesOf(alloc.Batches[0]) {
		if line != alloc.Lines[i] {
			t.Errorf("row %d pays line %d", i+1, line.No)
		}
	}
	for kind, want := range map[string]*Batch{"BatchPrepared": alloc.Batches[0], "BatchApproved": alloc.Batches[0], "LinesAdmitted": nil} {
		event := c.log[0].ID
		for _, r := range c.log {
			if TypeOf(r.Event) == kind {
				event = r.ID
			}
		}
		if got := alloc.BatchOf(event); got != want {
			t.Errorf("%s is of %v", kind, got)
		}
	}
}
