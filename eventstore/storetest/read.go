package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"reliefledger.org/ledger/eventstore"
)

func readStream(t *testing.T, w *world) {
	const n = 100
	given := events("s", n)
	for i, e := range given {
		w.append(t, "s", eventstore.Any, []eventstore.Event{e})
		if i%3 == 0 {
			w.append(t, "between", eventstore.Any, events("between", 2))
		}
	}
	whole := w.stream(t, "s")
	sameEvents(t, whole, "s", 0, given)
	read := func(from uint64, dir eventstore.Direction, limit int) []eventstore.Recorded {
		return take(t, w.store.ReadStream(w.ctx, "s", from, dir), limit)
	}
	for _, from := range []uint64{0, 1, 16, 50, n - 1} {
		for _, limit := range []int{-1, 1, 2, 17, n} {
			front, back := whole[from:], whole[:from+1]
			if limit > 0 {
				front, back = front[:min(limit, len(front))], back[max(0, len(back)-limit):]
			}
			sameRecords(t, read(from, eventstore.Forwards, limit), front, eventstore.Forwards)
			sameRecords(t, read(from, eventstore.Backwards, limit), back, eventstore.Backwards)
		}
	}
	for _, beyond := range []uint64{n, n + 1, 1 << 62, 1 << 63, fromEnd - 1, fromEnd} {
		sameRecords(t, read(beyond, eventstore.Forwards, -1), nil, eventstore.Forwards)
		sameRecords(t, read(beyond, eventstore.Backwards, -1), whole, eventstore.Backwards)
	}
	// The same sequence can be ranged over again, and then shows what is new.
	again := w.store.ReadStream(w.ctx, "s", n-1, eventstore.Forwards)
	all := w.store.ReadAll(w.ctx, whole[n-2].Position, eventstore.Forwards)
	last := w.store.ReadStream(w.ctx, "s", fromEnd, eventstore.Backwards)
	for round := range 3 {
		if got, want := take(t, again, -1), round+1; len(got) != want {
			t.Errorf("range %d gave %d events, want %d", round, len(got), want)
		}
		if got, want := take(t, all, -1), round+1+2; len(got) != want { // and two between
			t.Errorf("range %d of all gave %d events, want %d", round, len(got), want)
		}
		if got := take(t, last, 1); len(got) != 1 || got[0].Revision != uint64(n-1+round) {
			t.Errorf("range %d gave %+v as the last", round, got)
		}
		w.append(t, "s", eventstore.Any, events("more", 1))
	}
}

func similarNames(t *testing.T, w *world) {
	names := []string{"a", "aa", "a-", "a-1", "a ", " a", "a\x00", "a\x00\x00\x00\x00\x00\x00\x00\x00", "A", "á", "a\u0301", "%61", "a%", "b", "🐉", "\U0010FFFF"}
	given := map[string][]eventstore.Event{}
	for i, name := range names {
		given[name] = events(fmt.Sprint("n", i), i+1)
		w.append(t, name, eventstore.NoStream, given[name])
	}
	for _, name := range names {
		sameEvents(t, w.stream(t, name), name, 0, given[name])
		last := take(t, w.store.ReadStream(w.ctx, name, fromEnd, eventstore.Backwards), -1)
		sameRecords(t, last, w.stream(t, name), eventstore.Backwards)
	}
	increasing(t, w.all(t))
}

func impossibleNames(t *testing.T, w *world) {
	w.append(t, "s", eventstore.NoStream, events("s", 3))
	for _, dir := range []eventstore.Direction{eventstore.Forwards, eventstore.Backwards} {
		for _, from := range []uint64{0, 1, fromEnd} {
			for _, name := range []string{"missing", "", "$", "$all", "$$s", "$ce-s", "$streams", "\xff", string(make([]byte, 70_000))} {
				got, err := try(w.store.ReadStream(w.ctx, name, from, dir), -1)
				if err != nil || len(got) != 0 {
					t.Errorf("stream %.20q from %d: %d events, %v", name, from, len(got), err)
				}
			}
		}
	}
}

func readAll(t *testing.T, w *world) {
	read := func(from eventstore.Position, dir eventstore.Direction, limit int) []eventstore.Recorded {
		return take(t, w.store.ReadAll(w.ctx, from, dir), limit)
	}
	for _, from := range []eventstore.Position{{}, eventstore.End} {
		sameRecords(t, read(from, eventstore.Forwards, -1), nil, eventstore.Forwards)
		sameRecords(t, read(from, eventstore.Backwards, -1), nil, eventstore.Backwards)
	}
	for i := range 40 {
		w.append(t, fmt.Sprint("s", i%7), eventstore.Any, events("e", 1+i%5))
	}
	whole := read(eventstore.Position{}, eventstore.Forwards, -1)
	if len(whole) != 120 {
		t.Fatalf("%d events, want 120", len(whole))
	}
	increasing(t, whole)
	sameRecords(t, read(eventstore.End, eventstore.Backwards, -1), whole, eventstore.Backwards)
	sameRecords(t, read(eventstore.End, eventstore.Backwards, 3), whole[117:], eventstore.Backwards)
	sameRecords(t, read(eventstore.End, eventstore.Forwards, -1), nil, eventstore.Forwards)
	sameRecords(t, read(eventstore.Position{}, eventstore.Backwards, -1), nil, eventstore.Backwards)
	// From each position, as it is kept: as text.
	for i, e := range whole {
		from, err := eventstore.ParsePosition(e.Position.String())
		if err != nil || from != e.Position {
			t.Fatalf("position %s reads back as %s, %v", e.Position, from, err)
		}
		sameRecords(t, read(from, eventstore.Forwards, -1), whole[i+1:], eventstore.Forwards)
		sameRecords(t, read(from, eventstore.Backwards, -1), whole[:i], eventstore.Backwards)
		sameRecords(t, read(from, eventstore.Forwards, 5), whole[i+1:min(len(whole), i+6)], eventstore.Forwards)
	}
}

// longHistory is longer than any page in which a store may read.
func longHistory(t *testing.T, w *world) {
	const appends, each = 13, 400 // 5200 events, most of them in one stream
	for i := range appends {
		w.append(t, "long", eventstore.Any, bulk("long", each-i, 20))
		w.append(t, fmt.Sprint("short-", i%3), eventstore.Any, bulk("short", i, 20))
	}
	whole := w.all(t)
	if len(whole) != appends*each {
		t.Fatalf("%d events, want %d", len(whole), appends*each)
	}
	increasing(t, whole)
	sameRecords(t, take(t, w.store.ReadAll(w.ctx, eventstore.End, eventstore.Backwards), -1), whole, eventstore.Backwards)
	sameRecords(t, take(t, w.store.Subscribe(w.ctx, eventstore.Position{}), len(whole)), whole, eventstore.Forwards)
	stream := slices.DeleteFunc(slices.Clone(whole), func(e eventstore.Recorded) bool { return e.Stream != "long" })
	sameRecords(t, w.stream(t, "long"), stream, eventstore.Forwards)
	sameRecords(t, take(t, w.store.ReadStream(w.ctx, "long", fromEnd, eventstore.Backwards), -1), stream, eventstore.Backwards)
	for size := 1; size < len(stream); size *= 2 {
		for _, i := range []int{size - 1, size, size + 1} {
			sameRecords(t, take(t, w.store.ReadStream(w.ctx, "long", uint64(i), eventstore.Forwards), 3), stream[i:i+3], eventstore.Forwards)
			sameRecords(t, take(t, w.store.ReadStream(w.ctx, "long", uint64(i), eventstore.Backwards), 3), stream[max(0, i-2):i+1], eventstore.Backwards)
			sameRecords(t, take(t, w.store.ReadAll(w.ctx, whole[i].Position, eventstore.Forwards), 3), whole[i+1:i+4], eventstore.Forwards)
			sameRecords(t, take(t, w.store.ReadAll(w.ctx, whole[i].Position, eventstore.Backwards), 3), whole[max(0, i-3):i], eventstore.Backwards)
		}
	}
}

// notGiven: no store can tell every position that it has not given from one
// that it has. But none makes events up there, or answers in another way.
func notGiven(t *testing.T, w *world) {
	for i := range 10 {
		w.append(t, fmt.Sprint("s", i%2), eventstore.Any, events("e", 3))
	}
	whole := w.all(t)
	commit, prepare := whole[len(whole)-1].Position.Pair()
	for _, ahead := range []uint64{1, 1000, 1 << 40} {
		from := eventstore.NewPosition(commit+ahead, prepare+ahead)
		for _, dir := range []eventstore.Direction{eventstore.Forwards, eventstore.Backwards} {
			want := whole
			if dir == eventstore.Forwards {
				want = nil
			}
			got, err := try(w.store.ReadAll(w.ctx, from, dir), -1)
			if err == nil {
				sameRecords(t, got, want, dir)
			} else if unknown := new(eventstore.UnknownPosition); !errors.As(err, &unknown) || unknown.Position != from || len(got) > 0 {
				t.Errorf("read all from %s, which is past the end: %d events, %v", from, len(got), err)
			}
		}
	}
}

func readIsOfAMoment(t *testing.T, w *world) {
	w.append(t, "s", eventstore.NoStream, events("s", 50))
	for name, read := range map[string]func(yield func(eventstore.Recorded, error) bool){
		"stream": w.store.ReadStream(w.ctx, "s", 0, eventstore.Forwards),
		"all":    w.store.ReadAll(w.ctx, eventstore.Position{}, eventstore.Forwards),
		"back":   w.store.ReadAll(w.ctx, eventstore.End, eventstore.Backwards),
		"last":   w.store.ReadStream(w.ctx, "s", fromEnd, eventstore.Backwards),
	} {
		want, n := len(w.all(t)), 0
		for _, err := range read {
			if err != nil {
				t.Fatal(err)
			}
			n++
			if n <= want {
				w.append(t, "s", eventstore.Any, events("more", 1))
			}
		}
		if n != want {
			t.Errorf("%s: read %d events, %d were there when it began", name, n, want)
		}
	}
}
