package projections

import (
	"context"
	"errors"
	"time"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/snapshot"
)

// kept is what a snapshot of books has: what they are as of is the reader's.
type kept struct {
	State    *domain.Ledger
	Position eventstore.Position
	Columns  eventColumns
	Tallies  map[tally]int64
	Stories  storyBook
	Typed    map[uint64]domain.Event
	Latest   time.Time
}

// concrete are the events that reports quote.
var concrete = func() (list []any) {
	for _, e := range domain.AllEvents() {
		list = append(list, e)
	}
	return list
}()

func (b *Books) kept() *kept {
	return &kept{b.State, b.Position, b.columns, b.tallies, b.stories, b.typed, b.latest}
}

// restore takes books from a snapshot, or begins new ones.
func restore(ctx context.Context, store eventstore.Store, path string, until Until) (*Books, error) {
	if path == "" {
		return New(until), nil
	}
	var k kept
	at, err := snapshot.Load(ctx, path, store, &k, concrete...)
	var none *snapshot.None
	switch {
	case errors.As(err, &none):
		return New(until), nil
	case err != nil:
		return nil, err
	}
	// Only a prefix of what the books are as of can be gone on from.
	if k.State == nil || until.Number != nil && *until.Number+1 < at.Count || !until.Recorded.IsZero() && k.Latest.After(until.Recorded) {
		return New(until), nil
	}
	return &Books{State: k.State, Until: until, Position: k.Position, columns: k.Columns, tallies: k.Tallies, stories: k.Stories, typed: k.Typed, latest: k.Latest,
		point: at, snapped: at.Count}, nil
}
