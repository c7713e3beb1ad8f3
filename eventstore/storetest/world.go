package storetest

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"math"
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
)

const fromEnd = math.MaxUint64

// world is what a test has: a place, the first store on it, and a context that
// ends a test that hangs.
type world struct {
	ctx    context.Context
	place  Place
	store  eventstore.Store
	isAway atomic.Bool
}

// open opens a store on the place, and closes it when the test ends, if it is
// not closed by then.
func (w *world) open(t *testing.T) eventstore.Store {
	t.Helper()
	store := w.place.Open(t)
	t.Cleanup(func() {
		w.back() // where a test has failed while the place was away
		within(t, slack, "close", func() {
			if err := store.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	})
	return store
}

// stores gives n stores on the place that are open at once, w.store the first.
func (w *world) stores(t *testing.T, n int) []eventstore.Store {
	t.Helper()
	stores := []eventstore.Store{w.store}
	for len(stores) < n {
		stores = append(stores, w.open(t))
	}
	return stores
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

// bulk is events whose data have so many bytes each.
func bulk(name string, n, size int) []eventstore.Event {
	made := events(name, n)
	for i := range made {
		made[i].Data = bytes.Repeat([]byte{byte(i), 0xFF}, size/2)
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

func (w *world) stream(t *testing.T, name string) []eventstore.Recorded {
	t.Helper()
	return take(t, w.store.ReadStream(w.ctx, name, 0, eventstore.Forwards), -1)
}

func (w *world) all(t *testing.T) []eventstore.Recorded {
	t.Helper()
	return allOf(t, w.ctx, w.store)
}

func allOf(t *testing.T, ctx context.Context, store eventstore.Store) []eventstore.Recorded {
	t.Helper()
	return take(t, store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards), -1)
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

// try collects what a read gives, at most n events (all, if n is negative), and
// the error it ends with.
func try(read iter.Seq2[eventstore.Recorded, error], n int) ([]eventstore.Recorded, error) {
	if n == 0 {
		return nil, nil
	}
	return collect(read, func(got []eventstore.Recorded) bool { return len(got) == n })
}

// follow collects what a subscription gives, up to the event with this id.
func follow(ctx context.Context, store eventstore.Store, after eventstore.Position, last uuid.UUID) ([]eventstore.Recorded, error) {
	return collect(store.Subscribe(ctx, after), func(got []eventstore.Recorded) bool { return got[len(got)-1].ID == last })
}

// collect ranges over read until enough says so. Where the read breaks the
// rules about errors, the error is one that no test wants.
func collect(read iter.Seq2[eventstore.Recorded, error], enough func([]eventstore.Recorded) bool) (got []eventstore.Recorded, err error) {
	for e, failed := range read {
		switch {
		case err != nil:
			return got, fmt.Errorf("the error (%v) was not the last thing: event %s and error %v came after it", err, e.ID, failed)
		case failed != nil && !reflect.ValueOf(e).IsZero():
			return got, fmt.Errorf("the error (%v) came with event %s@%d", failed, e.Stream, e.Revision)
		case failed != nil:
			err = failed // what comes after it shows in another round
		default:
			if got = append(got, e); enough(got) {
				return got, nil
			}
		}
	}
	return got, err
}

// sameEvents checks that got is what was given, in order, in this stream from
// this revision on.
func sameEvents(t *testing.T, got []eventstore.Recorded, stream string, from uint64, given []eventstore.Event) {
	t.Helper()
	if len(got) != len(given) {
		t.Fatalf("stream %.80q has %d events, want %d", stream, len(got), len(given))
	}
	for i, e := range given {
		g := got[i]
		if g.Stream != stream || g.Revision != from+uint64(i) || !sameEvent(g.Event, e) {
			t.Fatalf("event %d of stream %.80q came back as %.80s@%d %s %.80s %.80q %.80q, want @%d %s %.80s %.80q %.80q", i, stream,
				g.Stream, g.Revision, g.ID, g.Type, g.Data, g.Metadata, from+uint64(i), e.ID, e.Type, e.Data, e.Metadata)
		}
	}
}

func sameEvent(a, b eventstore.Event) bool {
	return a.ID == b.ID && a.Type == b.Type && bytes.Equal(a.Data, b.Data) && bytes.Equal(a.Metadata, b.Metadata)
}

// sameRecords checks that two reads gave the same events, backwards if so said.
func sameRecords(t *testing.T, got, want []eventstore.Recorded, dir eventstore.Direction) {
	t.Helper()
	if why := differ(got, want, dir); why != "" {
		t.Fatal(why)
	}
	if len(got) != len(want) {
		t.Fatalf("read gave %d events, want %d", len(got), len(want))
	}
}

// differ says where got is not what want begins with, "" if it nowhere is so.
func differ(got, want []eventstore.Recorded, dir eventstore.Direction) string {
	for i, g := range got {
		at := i
		if dir == eventstore.Backwards {
			at = len(want) - 1 - i
		}
		if i >= len(want) {
			return fmt.Sprintf("event %d is %.80s@%d at %s, want no more than %d events", i, g.Stream, g.Revision, g.Position, len(want))
		}
		if w := want[at]; g.Stream != w.Stream || g.Revision != w.Revision || !samePosition(g.Position, w.Position) || !sameEvent(g.Event, w.Event) {
			return fmt.Sprintf("event %d is %.80s@%d %s at %s, want %.80s@%d %s at %s", i, g.Stream, g.Revision, g.ID, g.Position,
				w.Stream, w.Revision, w.ID, w.Position)
		}
	}
	return ""
}

// told says whether the position of an answer is that of the event, or left out.
func told(done eventstore.Appended, at eventstore.Position) bool {
	return samePosition(done.Position, at)
}

// increasing checks that positions go up and revisions have no gap.
func increasing(t *testing.T, all []eventstore.Recorded) {
	t.Helper()
	next := map[string]uint64{}
	var last eventstore.Position
	for i, e := range all {
		if e.Position.Compare(last) <= 0 || e.Position.Compare(eventstore.End) >= 0 {
			t.Fatalf("event %d is at %s, the one before it at %s", i, e.Position, last)
		}
		if e.Revision != next[e.Stream] {
			t.Fatalf("event %d is revision %d of stream %q, want %d", i, e.Revision, e.Stream, next[e.Stream])
		}
		last = e.Position
		next[e.Stream]++
	}
}

// samePosition says whether two positions are of the same event, as far as the
// store tells: a server may leave the position out of a stream's events.
func samePosition(a, b eventstore.Position) bool {
	return a == b || a == eventstore.Position{} || b == eventstore.Position{}
}
