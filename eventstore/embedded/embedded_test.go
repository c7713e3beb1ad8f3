package embedded

import (
	"context"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/storetest"
)

const folder = "/county/ledger" // of tests in memory

func TestConformance(t *testing.T) {
	storetest.RunPlace(t, func(t *testing.T) storetest.Place {
		fs := vfs.NewMem()
		mustClose(t, mustCreate(t, fs))
		return storetest.Place{Open: func(t *testing.T) eventstore.Store { return mustOpen(t, fs) }, Alone: true}
	})
}

func mustCreate(t testing.TB, fs vfs.FS) *Store {
	t.Helper()
	s, err := Create(folder, Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustOpen(t testing.TB, fs vfs.FS) *Store {
	t.Helper()
	s, err := Open(folder, Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustClose(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func someEvents(n, bytes int) []eventstore.Event {
	made := make([]eventstore.Event, n)
	for i := range made {
		made[i] = eventstore.Event{ID: uuid.Must(uuid.NewV7()), Type: "DisbursementMade", Data: make([]byte, bytes)}
	}
	return made
}

func TestConformanceOnDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("the machine's disk syncs slowly")
	}
	storetest.Run(t, func(t *testing.T) eventstore.Store {
		s, err := Create(t.TempDir(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

// What is known only by memory is found again in the database.
func TestReopen(t *testing.T) {
	ctx, fs := context.Background(), vfs.NewMem()
	s := mustCreate(t, fs)
	given := someEvents(2500, 100)
	if _, err := s.Append(ctx, "a", eventstore.NoStream, given[:1]); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(ctx, "a", eventstore.At(0), given[1:]); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)

	s = mustOpen(t, fs)
	defer mustClose(t, s)
	if n, at := s.Head(); n != 2500 || at != eventstore.NewPosition(2500, 2500) {
		t.Errorf("head %d at %s", n, at)
	}
	if size, err := s.Size(); err != nil || size <= 0 {
		t.Errorf("size %d, %v", size, err)
	}
	if done, err := s.Append(ctx, "a", eventstore.At(0), given[1:]); err != nil || done.Revision != 2499 || done.Position != eventstore.NewPosition(2500, 2500) {
		t.Errorf("the same append after a restart: %+v, %v", done, err)
	}
	if _, err := s.Append(ctx, "a", eventstore.NoStream, someEvents(1, 1)); err == nil {
		t.Error("the stream's end was forgotten")
	}
	if done, err := s.Append(ctx, "a", eventstore.At(2499), someEvents(1, 1)); err != nil || done.Revision != 2500 {
		t.Errorf("%+v, %v", done, err)
	}
}

// More streams than heads are remembered, so that they are found by looking.
func TestMoreStreamsThanMemory(t *testing.T) {
	ctx := context.Background()
	s := mustCreate(t, vfs.NewMem())
	defer mustClose(t, s)
	s.heads = newHeads(3) // before the first append wakes the writer
	for round := range 4 {
		for i := range 10 {
			expected := eventstore.NoStream
			if round > 0 {
				expected = eventstore.At(uint64(round) - 1)
			}
			if _, err := s.Append(ctx, fmt.Sprint("s", i), expected, someEvents(1, 10)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := s.heads.recent.Len(); n != 3 || len(s.heads.entries) != 3 {
		t.Errorf("%d heads are kept, want 3", n)
	}
}

func TestRecentIDsForgetTheOldest(t *testing.T) {
	r := newRecentIDs(4)
	ids := someEvents(10, 0)
	for i, e := range ids {
		r.put(e.ID, place{"s", head{uint64(i), uint64(i)}})
		r.put(e.ID, place{"t", head{uint64(i), uint64(i)}}) // again: no second place
	}
	for i, e := range ids {
		if at, known := r.places[e.ID]; known != (i >= 6) || known && at.stream != "t" {
			t.Errorf("id %d: known %v, %+v", i, known, at)
		}
	}
	if len(r.places) != 4 || len(r.ring) != 4 {
		t.Errorf("%d places, %d in the ring", len(r.places), len(r.ring))
	}
}

// A position of another store, or of this one before it was put back from an
// older copy, is not taken for a place in this history.
func TestUnknownPosition(t *testing.T) {
	ctx := context.Background()
	s := mustCreate(t, vfs.NewMem())
	defer mustClose(t, s)
	if _, err := s.Append(ctx, "s", eventstore.NoStream, someEvents(3, 1)); err != nil {
		t.Fatal(err)
	}
	for _, from := range []eventstore.Position{eventstore.NewPosition(4, 4), eventstore.NewPosition(2, 1)} {
		for _, read := range []func(func(eventstore.Recorded, error) bool){
			s.ReadAll(ctx, from, eventstore.Forwards), s.ReadAll(ctx, from, eventstore.Backwards), s.Subscribe(ctx, from),
		} {
			n := 0
			for _, err := range read {
				n++
				if _, ok := err.(*eventstore.UnknownPosition); !ok {
					t.Errorf("from %s: %v", from, err)
				}
			}
			if n != 1 {
				t.Errorf("from %s: %d results", from, n)
			}
		}
	}
}
