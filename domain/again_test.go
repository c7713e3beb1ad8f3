package domain

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Which rows of a batch are paid again, and why others are not, while its money comes
// back, is paid again and comes back once more.
func TestPayAgain(t *testing.T) {
	c, a, payees := bankBatch(t)
	alloc := c.l.Allocations[a]
	say := func(batch int, fixed []Account) string {
		rows, left := c.l.PayAgain(alloc, alloc.Batches[batch-1], fixed)
		var s []string
		for _, r := range rows {
			event, ok := c.l.Find(*r.Again)
			n, _ := c.l.Number(event)
			if !ok {
				t.Fatalf("%v names nothing", r.Again)
			}
			s = append(s, fmt.Sprint(r.Line, "/", r.Entitlement, " ", c.l.TypeAt(n)))
		}
		for _, x := range left {
			s = append(s, fmt.Sprint("-", x.Row, " ", x.Times, " ", x.Why))
		}
		return strings.Join(s, ", ")
	}
	pay := func(batch int, rejected ...NotPaid) ID {
		t.Helper()
		c.by(c.approver).mustDo("2023-01-07", &ApproveBatch{Allocation: a, Batch: batch})
		c.by(c.cashier).mustDo("2023-01-07", &SendBatchToBank{Allocation: a, Batch: batch, Bank: "农商行"})
		var sum Fen
		for _, r := range alloc.Batches[batch-1].Rows {
			sum += r.Fen
		}
		for _, n := range rejected {
			sum -= alloc.Batches[batch-1].Rows[n.Row-1].Fen
		}
		return c.mustDo("2023-01-07", &TakeBankResult{Allocation: a, Batch: batch, Count: len(alloc.Batches[batch-1].Rows) - len(rejected), Amount: Yuan(sum), Rejected: rejected})
	}
	back := func(ref Ref, amount Yuan) {
		t.Helper()
		c.by(c.accountant).mustDo("2023-01-07", &ReturnDisbursement{Allocation: a, Payment: ref, Amount: amount, Kind: "payee"})
	}
	first := c.fixed(a, 1)
	check := func(what string, batch int, fixed []Account, want string) {
		t.Helper()
		if got := say(batch, fixed); got != want {
			t.Errorf("%s: batch %d: %q, want %q", what, batch, got, want)
		}
	}
	check("prepared", 1, first, "")
	result := pay(1, NotPaid{2, "户名不符"})
	check("a reject", 1, first, "-2 1 same-account")
	check("a dormant account that was woken", 1, nil, "2/1 DisbursementRejected")
	c.by(c.drafter).mustDo("2023-01-07", &CorrectParty{Party: payees[1], PersonalDetails: PersonalDetails{Account: sealed("6228"), AccountID: id(82)}})
	check("mended", 1, first, "2/1 DisbursementRejected")
	back(Ref{result, 3}, 1000)
	check("some came back", 1, first, "2/1 DisbursementRejected, -3 1 same-account")
	back(Ref{result, 3}, 500)
	check("and more", 1, nil, "2/1 DisbursementRejected, -3 2 several-came-back")
	rows, _ := c.l.PayAgain(alloc, alloc.Batches[0], first)
	c.by(c.accountant).mustDo("2023-01-07", &PrepareBatch{Allocation: a, Form: Bank, Rows: rows})
	check("prepared again", 1, nil, "-3 2 several-came-back")
	c.by(c.approver).mustDo("2023-01-07", &RejectBatch{Allocation: a, Batch: 2})
	check("and turned down", 1, first, "2/1 DisbursementRejected, -3 2 several-came-back")
	check("which is for the first batch", 2, nil, "-1 1 of-another-batch")
	c.by(c.accountant).mustDo("2023-01-07", &PrepareBatch{Allocation: a, Form: Bank, Rows: rows})
	pay(3, NotPaid{1, "销户"})
	check("rejected once more", 1, nil, "-2 1 of-another-batch, -3 2 several-came-back")
	check("of which the later batch knows", 3, nil, "2/1 DisbursementRejected")
	c.by(c.accountant).mustDo("2023-01-08", &ReverseEntry{From: From{Allocation: a}, Entry: Ref{result, 1}})
	check("reversed", 1, nil, "-1 1 of-another-batch, -2 1 of-another-batch, -3 2 several-came-back")
}

// A return that no command led to, as another program could write it, cannot be named.
func TestPayAgainOfReturnWithoutCommand(t *testing.T) {
	c, a, _ := bankBatch(t)
	alloc := c.l.Allocations[a]
	c.by(c.approver).mustDo("2023-01-06", &ApproveBatch{Allocation: a, Batch: 1})
	c.by(c.cashier).mustDo("2023-01-06", &SendBatchToBank{Allocation: a, Batch: 1, Bank: "农商行"})
	c.mustDo("2023-01-06", &TakeBankResult{Allocation: a, Batch: 1, Count: 3, Amount: 6000})
	p := alloc.PaymentOf(&alloc.Batches[0].Rows[1])
	c.apply(alloc.Stream, &DisbursementReturned{Common: Common{Date: day("2023-01-06")}, Payment: c.l.idAt(p.Number), Fen: p.Fen, Back: alloc.Draws(p), Kind: "payee"}, Metadata{Recorded: c.now})
	if rows, left := c.l.PayAgain(alloc, alloc.Batches[0], nil); len(rows) != 0 || !slices.Equal(left, []NotAgain{{2, 1, CannotBeNamed}}) {
		t.Errorf("%v, left out %v", rows, left)
	}
}
