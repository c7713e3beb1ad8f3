package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"reliefledger.org/ledger/eventstore"
)

// repeatedExact: NoStream and At(n) behind the head, with the stream
// 0 1 2 | 3 4 | 5 in three appends.
func repeatedExact(t *testing.T, w *world) {
	all := events("s", 6)
	w.append(t, "s", eventstore.NoStream, all[:3])
	w.append(t, "s", eventstore.At(2), all[3:5])
	w.append(t, "s", eventstore.At(4), all[5:])
	elsewhere := events("elsewhere", 2)
	w.append(t, "elsewhere", eventstore.NoStream, elsewhere)
	other := events("other", 3)
	join := func(parts ...[]eventstore.Event) []eventstore.Event { return slices.Concat(parts...) }
	for _, row := range []struct {
		name     string
		expected eventstore.Expected
		events   []eventstore.Event
		revision uint64
		ok       bool
	}{
		{"the first append", eventstore.NoStream, all[:3], 2, true},
		{"the second", eventstore.At(2), all[3:5], 4, true},
		{"the last", eventstore.At(4), all[5:], 5, true},
		{"a part of the first, at its beginning", eventstore.NoStream, all[:2], 1, true},
		{"a part of the second, at its beginning", eventstore.At(2), all[3:4], 3, true},
		{"the end of the second", eventstore.At(3), all[4:5], 4, true},
		{"over the seam of two", eventstore.NoStream, all[:6], 5, true},
		{"from the middle of one", eventstore.At(0), all[1:4], 3, true},
		{"other ids", eventstore.NoStream, other, 0, false},
		{"ids of another stream", eventstore.NoStream, elsewhere, 0, false},
		{"the first differs", eventstore.NoStream, join(other[:1], all[1:3]), 0, false},
		{"a later one differs", eventstore.NoStream, join(all[:2], other[:1]), 0, false},
		{"runs on past the end", eventstore.At(4), join(all[5:], other[:1]), 0, false},
		{"runs on past the end, from the start", eventstore.NoStream, join(all, other), 0, false},
		{"one revision too early", eventstore.NoStream, all[1:3], 0, false},
		{"one revision too late", eventstore.At(0), all[:2], 0, false},
		{"in another order", eventstore.NoStream, []eventstore.Event{all[1], all[0]}, 0, false},
		{"one left out", eventstore.NoStream, []eventstore.Event{all[0], all[2]}, 0, false},
		{"ahead of the stream", eventstore.At(9), all[:3], 0, false},
	} {
		done, err := w.store.Append(w.ctx, "s", row.expected, row.events)
		switch {
		case !row.ok:
			wantWrong(t, err, "s", row.expected, eventstore.At(5))
		case err != nil || done.Revision != row.revision:
			t.Errorf("%s: %+v, %v, want the answer of the first time, revision %d", row.name, done, err, row.revision)
		case !told(done, w.stream(t, "s")[row.revision].Position):
			t.Errorf("%s: position %s is not that of revision %d", row.name, done.Position, row.revision)
		}
	}
	// Content isn't looked at, ids are.
	changed := slices.Clone(all[:3])
	changed[1].Data = []byte("something else")
	if done, err := w.store.Append(w.ctx, "s", eventstore.NoStream, changed); err != nil || done.Revision != 2 {
		t.Errorf("the same ids with other data: %+v, %v, want revision 2", done, err)
	}
	// In another stream the same ids are new.
	w.append(t, "other", eventstore.NoStream, all[:3])
	sameEvents(t, w.stream(t, "other"), "other", 0, all[:3])
	sameEvents(t, w.stream(t, "s"), "s", 0, all)
}

func repeatedAny(t *testing.T, w *world) {
	all, more := events("s", 3), events("more", 2)
	first := w.append(t, "s", eventstore.Any, all)
	w.append(t, "s", eventstore.Any, more)
	for _, expected := range []eventstore.Expected{eventstore.Any, eventstore.StreamExists} {
		if done := w.append(t, "s", expected, all); done.Revision != 2 || !told(done, first.Position) && first.Position != (eventstore.Position{}) {
			t.Errorf("again at %s: %+v, want the answer of the first time, revision 2", expected, done)
		}
		if done := w.append(t, "s", expected, all[:1]); done.Revision != 0 {
			t.Errorf("a part again at %s: %+v, want the answer of the first time, revision 0", expected, done)
		}
		if done := w.append(t, "s", expected, more); done.Revision != 4 {
			t.Errorf("the last again at %s: %+v, want the answer of the first time, revision 4", expected, done)
		}
		_, err := w.store.Append(w.ctx, "s", expected, slices.Concat(all, events("new", 1)))
		wantWrong(t, err, "s", expected, eventstore.At(4))
	}
	sameEvents(t, w.stream(t, "s"), "s", 0, slices.Concat(all, more))
	// First id unknown: everything is appended, also what is there already.
	mixed := slices.Concat(events("new", 1), all[:1])
	if done := w.append(t, "s", eventstore.Any, mixed); done.Revision != 6 {
		t.Errorf("first id unknown: %+v, want appended up to revision 6", done)
	}
	w.append(t, "other", eventstore.Any, all) // ids of another stream are new here
	sameEvents(t, w.stream(t, "other"), "other", 0, all)
}

func sameAtOnce(t *testing.T, w *world) { manySendTheSame(t, w, []eventstore.Store{w.store}) }

// manySendTheSame is a client that retries without waiting: one effect,
// whichever of them is first, also where they meet in one group.
func manySendTheSame(t *testing.T, w *world, stores []eventstore.Store) {
	next := eventstore.NoStream
	for round := range 20 {
		// Half of the rounds name no revision.
		expected := next
		if round%2 == 1 {
			expected = eventstore.Any
		}
		same := events(fmt.Sprint(round), 3)
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				done, err := stores[i%len(stores)].Append(w.ctx, "s", expected, same)
				if want := uint64(round*3 + 2); err != nil || done.Revision != want {
					t.Errorf("round %d: %+v, %v, want revision %d", round, done, err, want)
				}
			})
		}
		wg.Wait()
		if n := len(w.stream(t, "s")); n != (round+1)*3 {
			t.Fatalf("round %d: the stream has %d events, want %d", round, n, (round+1)*3)
		}
		next = eventstore.At(uint64(round*3 + 2))
	}
}
