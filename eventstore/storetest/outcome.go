package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
)

const (
	// shortLife is what a context has that ends in the middle of something.
	shortLife = 20 * time.Millisecond
	// pause keeps one who tries again and again from doing nothing else.
	pause = 5 * time.Millisecond
)

// outcome is what an answer to Append says of its events.
type outcome int

const (
	written outcome = iota
	refused         // by a *WrongRevision: they are not there
	notSent         // they are not there, and never will be
	unknown         // all or none
	broken          // no answer that the contract knows
)

// judge reads an answer. The order matters: an *OutcomeUnknown may have the
// end of a context as its cause.
func judge(err error) outcome {
	var (
		wrong    *eventstore.WrongRevision
		lost     *eventstore.OutcomeUnknown
		poisoned *eventstore.Poisoned
		away     *eventstore.Unavailable
	)
	switch {
	case err == nil:
		return written
	case errors.As(err, &lost), errors.As(err, &poisoned):
		return unknown
	case errors.As(err, &wrong):
		return refused
	case errors.As(err, &away), errors.Is(err, eventstore.ErrClosed), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return notSent
	}
	return broken
}

// claims is what the answers to many appends said, to be held against what is
// there in the end.
type claims struct {
	mu      sync.Mutex
	there   []claim
	absent  []claim
	unknown []claim
}

type claim struct {
	stream   string
	expected eventstore.Expected
	events   []eventstore.Event
	done     eventstore.Appended
	err      error
}

// note notes the answer to an append.
func (c *claims) note(t *testing.T, one claim) outcome {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	o := judge(one.err)
	switch o {
	case written:
		c.there = append(c.there, one)
	case refused, notSent:
		c.absent = append(c.absent, one)
	case unknown:
		c.unknown = append(c.unknown, one)
	case broken:
		t.Errorf("append to %q at %s: %v", one.stream, one.expected, one.err)
	}
	return o
}

// sendUntilKnown sends an append, and the same again as long as nobody knows
// its outcome. Each attempt has a context of its own.
func (c *claim) sendUntilKnown(ctx context.Context, store eventstore.Store, life func(context.Context) (context.Context, context.CancelFunc)) outcome {
	for lost := false; ; {
		attempt, done := life(ctx)
		c.done, c.err = store.Append(attempt, c.stream, c.expected, c.events)
		done()
		o := judge(c.err)
		// Once an answer was lost, that another attempt was not sent says nothing.
		lost = lost || o == unknown
		known := o != unknown && (o != notSent || !lost)
		if known || errors.Is(c.err, eventstore.ErrClosed) || !rest(ctx) {
			return o
		}
	}
}

// deliver sends an append until it is there or refused, however long its place
// is away.
func (c *claim) deliver(ctx context.Context, store eventstore.Store) {
	for c.sendUntilKnown(ctx, store, context.WithCancel) == notSent && !errors.Is(c.err, eventstore.ErrClosed) && rest(ctx) {
	}
}

// settle sends again, in another store if so wanted, what nobody knows the
// outcome of. Each was the only one to write to its stream, so it must succeed.
func (c *claims) settle(t *testing.T, ctx context.Context, store eventstore.Store) {
	t.Helper()
	for _, one := range c.unknown {
		one.deliver(ctx, store)
		if one.err != nil {
			t.Errorf("sent again after an unknown outcome, to %q at %s: %v", one.stream, one.expected, one.err)
		}
		c.there = append(c.there, one)
	}
	c.unknown = nil
}

// check checks that what is said to be there is there once, as a whole and
// where it was said to be, and that nothing else is, besides what has the given
// names.
func (c *claims) check(t *testing.T, all []eventstore.Recorded, others ...string) {
	t.Helper()
	increasing(t, all)
	at := make(map[uuid.UUID]eventstore.Recorded, len(all))
	for _, e := range all {
		if twice, ok := at[e.ID]; ok {
			t.Fatalf("event %s is there twice: %s@%d and %s@%d", e.ID, twice.Stream, twice.Revision, e.Stream, e.Revision)
		}
		at[e.ID] = e
	}
	for _, one := range c.there {
		for i, e := range one.events {
			got, ok := at[e.ID]
			revision := one.done.Revision - uint64(len(one.events)-1-i)
			switch {
			case !ok:
				t.Fatalf("event %d of an append to %q at %s is not there: acknowledged as %+v", i, one.stream, one.expected, one.done)
			case got.Stream != one.stream || got.Revision != revision || !sameEvent(got.Event, e):
				t.Fatalf("event %d of an append to %q, acknowledged as %+v, is %s@%d %s", i, one.stream, one.done, got.Stream, got.Revision, got.Data)
			case i == len(one.events)-1 && !told(one.done, got.Position):
				t.Fatalf("an append to %q said %+v, its last event is at %s", one.stream, one.done, got.Position)
			}
		}
		for _, e := range one.events {
			delete(at, e.ID)
		}
	}
	for _, one := range c.absent {
		for i, e := range one.events {
			if got, ok := at[e.ID]; ok {
				t.Fatalf("event %d of an append to %q at %s is there, as revision %d: its answer was %v", i, one.stream, one.expected, got.Revision, one.err)
			}
		}
	}
	for _, name := range others {
		for id, e := range at {
			if e.Stream == name {
				delete(at, id)
			}
		}
	}
	if len(at) > 0 && len(c.unknown) == 0 {
		t.Fatalf("%d events are there that nobody wrote", len(at))
	}
}

// meter counts what others wait for.
type meter struct {
	mu    sync.Mutex
	n     int
	grown chan struct{} // closed when n grows; nil while nobody waits
}

func (m *meter) add(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.n += n
	if m.grown != nil {
		close(m.grown)
		m.grown = nil
	}
}

func (m *meter) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.n
}

// wait waits until n is reached; false if the context ends before.
func (m *meter) wait(ctx context.Context, n int) bool {
	for {
		m.mu.Lock()
		if m.n >= n {
			m.mu.Unlock()
			return true
		}
		if m.grown == nil {
			m.grown = make(chan struct{})
		}
		grown := m.grown
		m.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
			return false
		}
	}
}

// rest waits a moment before one tries again; false if the context has ended.
func rest(ctx context.Context) bool {
	select {
	case <-time.After(pause):
		return true
	case <-ctx.Done():
		return false
	}
}
