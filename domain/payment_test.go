package domain

import (
	"fmt"
	"strings"
	"testing"
)

// PaidTo finds the payments to a person as payee and as beneficiary, and those to
// parties that were merged.
func TestPaidTo(t *testing.T) {
	c := newCounty(t, noNotice(), 100000)
	a := c.allocate("2023-01-05", 100000)
	mother, child, twice, other := c.person("母"), c.person("子"), c.person("母（重）"), c.person("丁")
	n := Made(c.mustDo("2023-01-05", &DraftNotice{Allocation: a, Heading: Heading{Title: "名单"}}), "notice")
	cash := func(amount Yuan) []Give { return []Give{{Form: Cash, Amount: amount}} }
	c.mustDo("2023-01-05", &AddLines{Notice: n, Rows: []LineRow{
		{Beneficiary: mother, Give: cash(100)}, {Beneficiary: child, Payee: mother, Why: sealed("代领"), Give: cash(200)},
		{Beneficiary: twice, Give: cash(300)}, {Beneficiary: other, Give: cash(400)}, {Beneficiary: mother, Give: cash(500)}}})
	c.by(c.reviewer).mustDo("2023-01-05", &ReviewNotice{Notice: n})
	c.confirm("2023-01-06", n)
	c.prepare("2023-01-06", a, 1, 2, 3, 4, 5)
	c.by(c.approver).mustDo("2023-01-06", &ApproveBatch{Allocation: a, Batch: 1})
	c.by(c.cashier).mustDo("2023-01-06", &PayBatch{Allocation: a, Batch: 1, NotPaid: []NotPaid{{5, "absent"}}})
	c.by(id(-2)).mustDo("2023-01-06", &MergeParties{Party: twice, Into: mother})
	for who, want := range map[ID]string{mother: "1.00 2.00 3.00", twice: "1.00 2.00 3.00", child: "2.00", other: "4.00", id(4711): ""} {
		var got []string
		for _, p := range c.l.PaidTo(who) {
			got = append(got, fmt.Sprint(p.Fen))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
}

// A payment is found by the number of its event, and by its row.
func TestPaymentAt(t *testing.T) {
	c, a, _ := bankBatch(t)
	alloc := c.l.Allocations[a]
	row := &alloc.Batches[0].Rows[2]
	if p := alloc.PaymentOf(row); p != nil {
		t.Errorf("%+v before anything is paid", p)
	}
	c.by(c.approver).mustDo("2023-01-05", &ApproveBatch{Allocation: a, Batch: 1})
	c.by(c.cashier).mustDo("2023-01-05", &SendBatchToBank{Allocation: a, Batch: 1, Bank: "农商行"})
	c.mustDo("2023-01-05", &TakeBankResult{Allocation: a, Batch: 1, Count: 2, Amount: 4000, Rejected: []NotPaid{{2, "户名不符"}}})
	for _, r := range c.log {
		made, isPayment := r.Event.(*DisbursementMade)
		at, p, ok := c.l.PaymentAt(r.Number)
		switch {
		case ok != isPayment:
			t.Errorf("event %d (%s): a payment is %t", r.Number, TypeOf(r.Event), ok)
		case ok && (at != alloc || p.Row != int32(made.Row) || alloc.PaymentOf(&alloc.Batches[0].Rows[p.Row-1]) != p || alloc.LineOf(p).No != p.Row):
			t.Errorf("event %d: %+v", r.Number, p)
		}
	}
	if _, _, ok := c.l.PaymentAt(uint64(len(c.log))); ok {
		t.Error("a payment behind the last event")
	}
}

// BankMovements lists what a bank statement should show of a batch between two days.
func TestBankMovements(t *testing.T) {
	c, a, _ := bankBatch(t)
	c.by(c.approver).mustDo("2023-01-05", &ApproveBatch{Allocation: a, Batch: 1})
	c.by(c.cashier).mustDo("2023-01-05", &SendBatchToBank{Allocation: a, Batch: 1, Bank: "农商行"})
	result := c.mustDo("2023-01-10", &TakeBankResult{Allocation: a, Batch: 1, Count: 2, Amount: 4000, Rejected: []NotPaid{{2, "户名不符"}}})
	c.by(c.accountant).with(func(o *Order) { o.Happened = &Span{day("2023-01-12"), day("2023-01-12")} }).mustDo("2023-01-20",
		&ReturnDisbursement{Allocation: a, Payment: Ref{result, 3}, Amount: 500, Kind: "payee"})
	check := func(what, first, last, want string) {
		t.Helper()
		var got []string
		alloc := c.l.Allocations[a]
		for _, m := range c.l.BankMovements(alloc, alloc.Batches[0], day(first), day(last)) {
			got = append(got, fmt.Sprint(m.Row, " ", m.On, " ", m.Out, " ", m.In, " ", c.l.TypeAt(m.Number)))
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s: %q", what, got)
		}
	}
	check("all", "2023-01-10", "2023-01-12", "1 2023-01-10 10.00 0.00 DisbursementMade; 3 2023-01-10 30.00 0.00 DisbursementMade; 3 2023-01-12 0.00 5.00 DisbursementReturned")
	check("on the day on which it came back, not when it was booked", "2023-01-11", "2023-01-20", "3 2023-01-12 0.00 5.00 DisbursementReturned")
	check("before", "2023-01-01", "2023-01-09", "")
	check("after", "2023-01-13", "2023-01-31", "")
	c.mustDo("2023-01-21", &ReverseEntry{From: From{Allocation: a}, Entry: Ref{result, 1}})
	check("what was reversed never moved", "2023-01-10", "2023-01-10", "3 2023-01-10 30.00 0.00 DisbursementMade")
}

// An amount that its draws do not make up folds nowhere: a payment or a return whose
// amount was changed in the store is named by who reads it, not taken along.
func TestForgedAmounts(t *testing.T) {
	c, a, _ := bankBatch(t)
	c.by(c.approver).mustDo("2023-01-05", &ApproveBatch{Allocation: a, Batch: 1})
	c.by(c.cashier).mustDo("2023-01-05", &SendBatchToBank{Allocation: a, Batch: 1, Bank: "农商行"})
	pay := c.mustDo("2023-01-05", &TakeBankResult{Allocation: a, Batch: 1, Count: 2, Amount: 4000, Rejected: []NotPaid{{2, "户名不符"}}})
	c.by(c.accountant).mustDo("2023-01-06", &ReturnDisbursement{Allocation: a, Payment: Ref{pay, 1}, Amount: 500, Kind: "payee"})
	forged := func(e Event) Event {
		switch e := e.(type) {
		case *DisbursementMade:
			out := *e
			out.Fen--
			return &out
		case *DisbursementReturned:
			out := *e
			out.Fen++
			return &out
		}
		return nil
	}
	tried := 0
	for i, each := range c.log {
		e := forged(each.Event)
		if e == nil {
			continue
		}
		tried++
		l := NewLedger()
		for j, r := range c.log {
			if j == i {
				r = &Recorded{ID: r.ID, Stream: r.Stream, Revision: r.Revision, Number: r.Number, Event: e, Meta: r.Meta}
			}
			l.Apply(r)
		}
		if len(l.Unfolded) == 0 || l.Unfolded[0].Number != each.Number || !strings.Contains(l.Unfolded[0].Why, "make up") {
			t.Errorf("event %d (%s): %+v", each.Number, TypeOf(e), l.Unfolded)
		}
	}
	if tried != 3 {
		t.Errorf("%d amounts were forged", tried)
	}
}
