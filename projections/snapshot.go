package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/snapshot"
)

// kept is what a snapshot of books has: what they are as of is the reader's.
type kept struct {
	Position eventstore.Position
	Greatest time.Time
	Basis    *basis
	Parts    parts
}

// concrete are the events that reports quote.
var concrete = func() (list []any) {
	for _, e := range domain.AllEvents() {
		list = append(list, e)
	}
	return list
}()

func (b *Books) kept() *kept { return &kept{b.Position, b.greatest, b.basis, b.parts} }

// Keep leaves a snapshot of the books in a file, where that saves the next
// reader much; the caller knows by then that it is the right ledger's. An error
// says that it could not: the next reader takes longer, and nothing else. Books
// as of an earlier number or time, or with events that could not be read, are
// not kept.
func (b *Books) Keep(path string) error {
	if path == "" || b.cut || len(b.Unreadable) > 0 || b.State.Owed() > 0 || b.point.Count != uint64(b.Len()) || !snapshot.Worth(b.point.Count, b.snapped) {
		return nil
	}
	if err := snapshot.Save(path, nil, b.point, b.kept(), concrete...); err != nil {
		return fmt.Errorf("keep a snapshot of the books: %w", err)
	}
	b.snapped = b.point.Count
	return nil
}

// restore takes books from a snapshot, or begins new ones.
func restore(ctx context.Context, store eventstore.Store, path string, until Until) (*Books, error) {
	if path == "" {
		return New(until), nil
	}
	var k kept
	at, err := snapshot.Load(ctx, path, nil, store, &k, concrete...)
	var none *snapshot.None
	switch {
	case errors.As(err, &none):
		return New(until), nil
	case err != nil:
		return nil, err
	}
	// Only a prefix of what the books are as of can be gone on from.
	if k.Basis == nil || k.Basis.state.Count != at.Count || until.Number != nil && *until.Number+1 < at.Count || !until.Recorded.IsZero() && k.Greatest.After(until.Recorded) {
		return New(until), nil
	}
	k.Basis.date = until.Date
	return &Books{State: k.Basis.state, Until: until, Position: k.Position, basis: k.Basis, parts: k.Parts, greatest: k.Greatest, point: at, snapped: at.Count}, nil
}
