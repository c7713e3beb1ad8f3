package embedded

import (
	"context"
	"errors"

	"reliefledger.org/ledger/eventstore"
)

// A Line is a row of appends by one writer that does not wait for one before it
// sends the next: each rests on all before it. They are taken in the order in
// which they were sent, many with one sync. Once one is refused the Line is
// broken: no later one is written, whatever it expects, since what it rests on
// is not there. The writer then begins a new Line with what it reads.
//
// Send may be called by one goroutine at a time.
type Line struct {
	store  *Store
	broken bool // owned by the store's writer
}

// ErrLineBroken is the answer to an append of a Line behind one that was
// refused. It wrote nothing.
var ErrLineBroken = errors.New("an append before this one was refused")

// NewLine begins a Line.
func (s *Store) NewLine() *Line { return &Line{store: s} }

// Sent is an append on its way. It is not taken back.
type Sent struct {
	store *Store
	r     *request
}

// Send hands an append to the store and returns at once. An error says that
// nothing was sent.
func (l *Line) Send(stream string, expected eventstore.Expected, events []eventstore.Event) (*Sent, error) {
	if err := eventstore.CheckAppend(stream, events); err != nil {
		return nil, err
	}
	r := newRequest(stream, expected, events)
	r.line = l
	if err := l.store.enqueue(r); err != nil {
		return nil, err
	}
	return &Sent{l.store, r}, nil
}

// Wait returns the answer: that of Append, or ErrLineBroken. Where ctx ends
// before it came it is *eventstore.OutcomeUnknown. It may be called often, and
// by many.
func (s *Sent) Wait(ctx context.Context) (eventstore.Appended, error) {
	select {
	case <-s.r.done:
		return s.r.answer, s.r.err
	case <-s.store.disk.stopped:
		return s.store.stoppedAppend(s.r)
	case <-ctx.Done():
		return eventstore.Appended{}, &eventstore.OutcomeUnknown{Cause: ctx.Err()}
	}
}
