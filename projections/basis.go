package projections

import (
	"time"

	"reliefledger.org/ledger/domain"
)

// basis is what every part reads beside what it keeps itself: the domain's state,
// and what the books know of every event. It is there first: when a part gets an
// event, the basis has it already. No part writes into it.
type basis struct {
	state *domain.Ledger
	date  domain.Day // up to which entries count; 0 is all

	columns eventColumns
	begins  map[string]uint64 // the number of each stream's first event
	latest  time.Time         // recorded time of an event that was folded
}

func newBasis(date domain.Day) *basis {
	return &basis{state: domain.NewLedger(), date: date, columns: newColumns(), begins: map[string]uint64{}}
}

// take keeps what is known of an event that the state has just folded, or could
// not fold.
func (b *basis) take(a applied) {
	b.columns.add(b.state, a.Decoded)
	if !a.folded {
		return
	}
	if _, known := b.begins[a.Stream]; !known {
		b.begins[a.Stream] = a.Number
	}
	if a.Meta.Recorded.After(b.latest) {
		b.latest = a.Meta.Recorded
	}
}

// within says whether a business date counts in these books.
func (b *basis) within(d domain.Day) bool { return b.date == 0 || d <= b.date }

// Today is the books' date: the one asked for, or the last recorded day.
func (b *basis) Today() domain.Day {
	if b.date != 0 {
		return b.date
	}
	return domain.DayOf(b.latest)
}

// Began returns the number of the first event of a stream.
func (b *basis) Began(stream string) (number uint64, ok bool) {
	number, ok = b.begins[stream]
	return number, ok
}

// began is the number of the first event of a stream that there is.
func (b *basis) began(stream string) uint64 { return b.begins[stream] }

// number is an event's number; unknown ids have none.
func (b *basis) number(id domain.ID) (uint64, bool) { return b.state.Number(id) }

// counted is the number of an event that counts on the books' date.
func (b *basis) counted(id domain.ID) (uint64, bool) {
	n, ok := b.number(id)
	return n, ok && b.within(b.state.DateAt(n))
}

// unitOf is the unit whose fund or allocation a stream is.
func (b *basis) unitOf(stream string) domain.ID {
	kind, id, _ := domain.SplitStream(stream)
	switch kind {
	case domain.FundKind:
		if f := b.state.Funds[id]; f != nil {
			return f.Unit
		}
	case domain.AllocationKind:
		if a := b.state.Allocations[id]; a != nil {
			return a.Unit
		}
	}
	return domain.ID{}
}

// Rules returns the terms by which an allocation is judged.
func (b *basis) Rules(a *domain.Allocation) *domain.Revision { return b.state.RulesOf(a) }

// merged is a party after merges.
func (b *basis) merged(id domain.ID) domain.ID { return b.state.Same(id) }
