package ledger

import (
	"context"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"reliefledger.org/ledger/eventstore"
)

const (
	// settle bounds how long an append may take until its outcome is known, and
	// how long its events may take to come back through the follower. It is longer
	// than a store that is away is waited for, and shorter than a person waits.
	settle = 15 * time.Second
	// longestPause is the longest wait before another try.
	longestPause = 100 * time.Millisecond
)

// append writes parts one after the other, each an append of its own, and waits
// until the last is folded. After an unknown outcome the same bytes are sent
// again: they carry their ids and revision.
//
// It waits for the stream's revision, not for a position: a server may leave the
// position out of its answer, or tell readers another one.
func (l *Ledger) append(ctx context.Context, stream string, expected eventstore.Expected, parts [][]eventstore.Event) error {
	for i, events := range parts {
		done, err := l.send(ctx, stream, expected, events)
		var wrong *eventstore.WrongRevision
		if err != nil && i > 0 && !errors.As(err, &wrong) {
			return written(err) // an earlier part is
		}
		if err != nil {
			return err
		}
		expected = eventstore.At(done.Revision)
		if err := l.catchUp(ctx, stream, expected); err != nil {
			return written(err) // it is, and did not come back in time
		}
	}
	return nil
}

// written is the error of an order of which something is written. Whatever went
// wrong after that, the same order sent again is answered, and has one effect.
func written(err error) error {
	var unknown *eventstore.OutcomeUnknown
	if errors.As(err, &unknown) {
		return err
	}
	return &eventstore.OutcomeUnknown{Cause: err}
}

// send appends, and sends the same bytes again while their outcome is unknown, for
// as long as settle. Only two answers make it known: that these bytes are written,
// or that other events are in their place. A store that is away, is closed or
// denies access says nothing about what was sent before.
func (l *Ledger) send(ctx context.Context, stream string, expected eventstore.Expected, events []eventstore.Event) (eventstore.Appended, error) {
	ctx, cancel := context.WithTimeout(ctx, settle)
	defer cancel()
	var unknown *eventstore.OutcomeUnknown
	for try := 0; ; try++ {
		done, err := l.store.Append(ctx, stream, expected, events)
		var wrong *eventstore.WrongRevision
		switch {
		case err == nil:
			return done, nil
		case errors.As(err, &wrong):
			return done, err
		case errors.As(err, &unknown):
		case unknown == nil:
			return done, err
		}
		if errors.Is(err, eventstore.ErrClosed) || !pause(ctx, try) {
			return done, unknown
		}
	}
}

// pause waits before the next try: longer each time, and for a random part of that,
// so that several that wait do not try together. It is false if ctx ended.
func pause(ctx context.Context, try int) bool {
	longest := min(time.Millisecond<<min(try, 10), longestPause)
	t := time.NewTimer(time.Duration(mathrand.Int64N(int64(longest))))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// catchUp waits until a stream is folded up to a revision that the store told.
func (l *Ledger) catchUp(ctx context.Context, stream string, actual eventstore.Expected) error {
	ctx, cancel := context.WithTimeout(ctx, settle)
	defer cancel()
	want, ok := actual.Revision()
	for {
		l.mu.Lock()
		have, begun := l.state.Revision(stream)
		grown, failed := l.grown, l.failed
		l.mu.Unlock()
		if !ok || begun && have >= want {
			return nil
		}
		if failed != nil {
			return fmt.Errorf("follow the event store: %w", failed)
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
