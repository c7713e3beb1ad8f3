package projections

import (
	"iter"
	"slices"

	"reliefledger.org/ledger/domain"
)

// parts are the projections of which [Books] are made. This is the one place that a
// new one touches: a field, how it begins, and its turn.
type parts struct {
	*balances
	*board
	*fundUse
	*campaigns
	*irregular
}

func newParts(b *basis) (p parts) {
	p.balances = newBalances(b)
	p.board = newBoard(b)
	p.fundUse = newFundUse(b)
	p.campaigns = newCampaigns(b, p.board, p.fundUse)
	p.irregular = newIrregular(b)
	return p
}

// Apply gives an event to all parts, in turn.
func (p *parts) Apply(a applied) {
	for _, x := range [...]part{p.balances, p.board, p.fundUse, p.campaigns, p.irregular} {
		x.Apply(a)
	}
}

// A part is one projection: what it keeps, and the questions that it answers.
//
// It is written by Apply alone, with events in their order. It may read the basis,
// which has the event already, and parts before it, never a store, a clock or the
// vault. It needs no lock and no goroutine: nobody asks while an event is applied,
// and questions change nothing.
//
// What a part keeps are its fields: a snapshot has them all, also the unexported
// ones, and what they point to once. A func or a channel cannot be kept; what is
// easily had from the basis need not be.
type part interface {
	Apply(applied)
}

// applied is an event as the basis and the parts get it.
type applied struct {
	Decoded
	// folded says that the state took the event in. An event without it is only
	// known to be there: it may be nil, posts nothing, and what it says does not
	// count.
	folded bool
	// postings are the part's until Apply returns.
	postings []domain.Posting
}

// backwards goes through a list from its end, for the questions whose names end in
// Before.
func backwards[T any](list []T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, x := range slices.Backward(list) {
			if !yield(x) {
				return
			}
		}
	}
}
