// Package storetest is the conformance suite of event stores: what the comment
// of eventstore.Store promises, as tests. Every store runs it:
//
//	func TestConformance(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) eventstore.Store { ... })
//	}
//
// It looks at a store from outside only. What happens in a crash, at a failed
// sync, or with two processes is for each store's own tests.
package storetest

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"math"
	"testing"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
)

// patience bounds a wait for what a store should do at once; it is reached
// only by one that hangs.
const patience = 30 * time.Second

// Run runs the suite. Each call of open gives an empty store, which the suite
// closes; on a server that is one that looks at streams of its own only.
func Run(t *testing.T, open func(t *testing.T) eventstore.Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *world)
	}{
		{"an event comes back as it was given", roundTrip},
		{"all streams are in one order", oneOrder},
		{"an append stands together", standsTogether},
		{"each expected revision", expectedRevisions},
		{"no events", noEvents},
		{"repeated with a revision", repeatedExact},
		{"repeated without a revision", repeatedAny},
		{"streams are read both ways, from anywhere", readStream},
		{"names that could be mixed up are not", similarNames},
		{"all is read both ways, from any position", readAll},
		{"what no store takes is refused", limits},
		{"the largest append", largest},
		{"a read ends with what was there when it began", readIsOfAMoment},
		{"a cancelled context", cancelled},
		{"subscription catches up and goes live", subscription},
		{"subscription from the end", subscriptionFromEnd},
		{"no gap and no double while others write", noGap},
		{"a slow reader holds up nobody", slowReader},
		{"64 writers, one stream", writersOneStream},
		{"64 writers, 64 streams", writersManyStreams},
		{"the same append sent 16 times at once", sameAtOnce},
		{"closed", closed},
		{"close while busy", closeWhileBusy},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			t.Cleanup(cancel)
			w := &world{ctx: ctx, store: open(t)}
			t.Cleanup(func() {
				if err := w.store.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			test.run(t, w)
		})
	}
}

// world is what a test has: a store, and a context that ends a test that
// hangs.
type world struct {
	ctx   context.Context
	store eventstore.Store
}

// events makes n events with new ids. Their types tell where they belong.
func events(name string, n int) []eventstore.Event {
	made := make([]eventstore.Event, n)
	for i := range made {
		made[i] = eventstore.Event{
			ID:       uuid.Must(uuid.NewV7()),
			Type:     fmt.Sprintf("%s-%d", name, i),
			Data:     fmt.Appendf(nil, `{"open":{"name":%q,"i":%d},"private":{}}`, name, i),
			Metadata: []byte(`{"salt":"00"}`),
		}
	}
	return made
}

// append appends and fails the test if that is refused.
func (w *world) append(t *testing.T, stream string, expected eventstore.Expected, events []eventstore.Event) eventstore.Appended {
	t.Helper()
	done, err := w.store.Append(w.ctx, stream, expected, events)
	if err != nil {
		t.Fatalf("append %d events to %q at %s: %v", len(events), stream, expected, err)
	}
	return done
}

// take collects what a read gives, at most n of it, and fails at an error.
func take(t *testing.T, read iter.Seq2[eventstore.Recorded, error], n int) []eventstore.Recorded {
	t.Helper()
	got, err := try(read, n)
	if err != nil {
		t.Fatalf("read, after %d events: %v", len(got), err)
	}
	return got
}

func try(read iter.Seq2[eventstore.Recorded, error], n int) (got []eventstore.Recorded, err error) {
	if n == 0 {
		return nil, nil
	}
	for e, err := range read {
		if err != nil {
			return got, err
		}
		if got = append(got, e); len(got) == n {
			break
		}
	}
	return got, nil
}

func (w *world) stream(t *testing.T, name string) []eventstore.Recorded {
	t.Helper()
	return take(t, w.store.ReadStream(w.ctx, name, 0, eventstore.Forwards), -1)
}

func (w *world) all(t *testing.T) []eventstore.Recorded {
	t.Helper()
	return take(t, w.store.ReadAll(w.ctx, eventstore.Position{}, eventstore.Forwards), -1)
}

// sameEvents checks that got is what was given, in order, in this stream from
// this revision on.
func sameEvents(t *testing.T, got []eventstore.Recorded, stream string, from uint64, given []eventstore.Event) {
	t.Helper()
	if len(got) != len(given) {
		t.Fatalf("stream %q has %d events, want %d", stream, len(got), len(given))
	}
	for i, e := range given {
		g := got[i]
		if g.Stream != stream || g.Revision != from+uint64(i) || g.ID != e.ID || g.Type != e.Type ||
			!bytes.Equal(g.Data, e.Data) || !bytes.Equal(g.Metadata, e.Metadata) {
			t.Fatalf("event %d of stream %q came back as %s@%d %s %s, want @%d %s %s",
				i, stream, g.Stream, g.Revision, g.ID, g.Type, from+uint64(i), e.ID, e.Type)
		}
	}
}

// sameRecords checks that two reads gave the same events, backwards if so said.
func sameRecords(t *testing.T, got, want []eventstore.Recorded, dir eventstore.Direction) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("read gave %d events, want %d", len(got), len(want))
	}
	for i := range got {
		at := i
		if dir == eventstore.Backwards {
			at = len(want) - 1 - i
		}
		if got[i].ID != want[at].ID || got[i].Stream != want[at].Stream || got[i].Revision != want[at].Revision || got[i].Position != want[at].Position {
			t.Fatalf("event %d is %s@%d at %s, want %s@%d at %s", i, got[i].Stream, got[i].Revision, got[i].Position,
				want[at].Stream, want[at].Revision, want[at].Position)
		}
	}
}

// increasing checks that positions go up and revisions have no gap.
func increasing(t *testing.T, all []eventstore.Recorded) {
	t.Helper()
	next := map[string]uint64{}
	var last eventstore.Position
	for i, e := range all {
		if e.Position.Compare(last) <= 0 {
			t.Fatalf("event %d is at %s, the one before it at %s", i, e.Position, last)
		}
		if e.Revision != next[e.Stream] {
			t.Fatalf("event %d is revision %d of stream %q, want %d", i, e.Revision, e.Stream, next[e.Stream])
		}
		last = e.Position
		next[e.Stream]++
	}
}

const fromEnd = math.MaxUint64
