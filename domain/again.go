package domain

import "slices"

// WhyNotAgain is why a row of which something came back is left out where the rest
// of its batch is paid again.
type WhyNotAgain string

// Why a row is left out.
const (
	// SeveralCameBack is a row of which something came back more than once: each is
	// named by hand.
	SeveralCameBack WhyNotAgain = "several-came-back"
	// OfAnotherBatch is a row of which what came back is no reject or return of this
	// batch: that of a later batch, or a reversal, which does not say that the money
	// is back.
	OfAnotherBatch WhyNotAgain = "of-another-batch"
	// SameAccount is a row whose payee still has the account to which it went.
	SameAccount WhyNotAgain = "same-account"
	// CannotBeNamed is a row of which what came back followed from no command.
	CannotBeNamed WhyNotAgain = "cannot-be-named"
)

// NotAgain is a row of a batch that is left out where the rest is paid again.
type NotAgain struct {
	Row   int // of the batch, from 1
	Times int // how often something came back that was not paid again
	Why   WhyNotAgain
}

// PayAgain are the rows of a batch of which something came back that was not paid
// again, as a batch of their own pays them, each naming what came back (rule 2);
// and those that are left out. fixed are the accounts to which a bank batch went:
// a row is paid again only once its payee has another. Where fixed is empty the
// accounts do not matter.
func (l *Ledger) PayAgain(a *Allocation, b *Batch, fixed []Account) (rows []RowToPay, left []NotAgain) {
	for i := range b.Rows {
		r := &b.Rows[i]
		back := a.due(r.Line, r.Entitlement).Back()
		if len(back) == 0 {
			continue
		}
		ref, named := l.RefTo(back[0])
		out := NotAgain{Row: i + 1, Times: len(back)}
		switch {
		case len(back) > 1:
			out.Why = SeveralCameBack
		case !l.cameBackOf(a, b, i+1, back[0]):
			out.Why = OfAnotherBatch
		case i < len(fixed) && l.goesTo(a.line(int(r.Line)).Payee(), fixed[i]):
			out.Why = SameAccount
		case !named:
			out.Why = CannotBeNamed
		default:
			rows = append(rows, RowToPay{Line: int(r.Line), Entitlement: int(r.Entitlement), Again: &ref})
			continue
		}
		left = append(left, out)
	}
	return rows, left
}

// cameBackOf says whether what came back is the reject of a row of this batch, or a
// return of what the row paid.
func (l *Ledger) cameBackOf(a *Allocation, b *Batch, row int, back ID) bool {
	if p := a.PaymentOf(&b.Rows[row-1]); p != nil {
		return slices.ContainsFunc(p.Back(), func(x Back) bool { return x.Event == back })
	}
	ref, ok := l.RefTo(back)
	return ok && ref.Row == row && ref.Command == l.CommandOf(b.Result)
}

// goesTo says whether a payee still has an account.
func (l *Ledger) goesTo(payee ID, fixed Account) bool {
	p := l.Parties[l.Same(payee)]
	return p != nil && p.Account == fixed.ID
}
