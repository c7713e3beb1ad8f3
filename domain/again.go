package domain

import "slices"

// WhyNotAgain says why a row is left out when what came back of a batch is paid
// again.
type WhyNotAgain string

// Why a row is left out.
const (
	// SeveralCameBack: something came back more than once. An officer has to say
	// which of them each new payment stands for.
	SeveralCameBack WhyNotAgain = "several-came-back"
	// OfAnotherBatch: what came back belongs to a later batch, or is a reversal,
	// which does not say that the money is back.
	OfAnotherBatch WhyNotAgain = "of-another-batch"
	// SameAccount: the payee still has the account from which the money came back.
	SameAccount WhyNotAgain = "same-account"
	// CannotBeNamed: no command led to the event that brought it back, and a new
	// payment names a return by its command.
	CannotBeNamed WhyNotAgain = "cannot-be-named"
)

// NotAgain is a row that is left out when what came back of a batch is paid again.
type NotAgain struct {
	Row   int // of the batch, from 1
	Times int // how many rejects, returns and reversals are not paid again yet
	Why   WhyNotAgain
}

// PayAgain returns the rows with which a new batch pays again what came back of
// batch b, and the rows that it leaves out. Each row names what came back (rule 2).
//
// fixed are the accounts to which the rows of b went, in their order: a row is paid
// again only if its payee has another account now. With an empty list accounts do
// not matter.
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

// cameBackOf says whether the event back rejected this row of the batch, or returned
// what the row paid.
func (l *Ledger) cameBackOf(a *Allocation, b *Batch, row int, back ID) bool {
	if p := a.PaymentOf(&b.Rows[row-1]); p != nil {
		return slices.ContainsFunc(p.Back(), func(x Back) bool { return x.Event == back })
	}
	ref, ok := l.RefTo(back)
	return ok && ref.Row == row && ref.Command == l.CommandOf(b.Result)
}

// goesTo says whether this is still the payee's account.
func (l *Ledger) goesTo(payee ID, fixed Account) bool {
	p := l.Parties[l.Same(payee)]
	return p != nil && p.Account == fixed.ID
}
