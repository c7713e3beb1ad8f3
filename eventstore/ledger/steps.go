package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
)

// carryOn writes the steps that are owed ([domain.Step]), one append each, until
// none is left. A crash between two of them is harmless: what is owed follows from
// the events, and each append names the exact revision.
func (l *Ledger) carryOn(ctx context.Context) error {
	l.steps.Lock()
	defer l.steps.Unlock()
	for try := 0; ; {
		l.mu.Lock()
		step, ok := l.state.Next()
		if !ok || l.readOnly != nil || l.failed != nil {
			err := l.failed
			l.mu.Unlock()
			return err
		}
		l.mu.Unlock()
		// The stream's lock comes first, then the state is asked again: an order
		// may be under way in the same stream.
		unlock := l.lock(step.Stream)
		l.mu.Lock()
		stream := step.Stream
		if step, ok = l.state.Next(); ok && step.Stream != stream {
			l.mu.Unlock()
			unlock()
			continue
		}
		var events []eventstore.Event
		var err error
		var expected eventstore.Expected
		if ok {
			events, expected, err = l.encodeStep(step)
		}
		l.mu.Unlock()
		if ok && err == nil {
			err = l.append(ctx, step.Stream, expected, [][]eventstore.Event{events})
		}
		unlock()
		var wrong *eventstore.WrongRevision
		if errors.As(err, &wrong) && try < retries {
			if err = l.catchUp(ctx, step.Stream, wrong.Actual); err == nil && !pause(ctx, try) {
				err = ctx.Err()
			}
			try++
		} else {
			try = 0
		}
		if err != nil {
			return fmt.Errorf("continue in %s what %s began: %w", step.Stream, step.Cause, err)
		}
	}
}

// encodeStep encodes a step of a process, with ids, salts and time drawn once.
// Under mu.
func (l *Ledger) encodeStep(step domain.Step) ([]eventstore.Event, eventstore.Expected, error) {
	now := l.now(time.Time{})
	if last := l.state.LastRecorded(step.Stream); now.Before(last) {
		now = last
	}
	events, err := encode(step.Events, domain.Metadata{Recorded: now, Cause: step.Cause}, "")
	return events, l.expected(step.Stream), err
}
