package storetest

import (
	"context"
	"errors"
	"fmt"
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
	for _, beyond := range []uint64{n, n + 1, fromEnd - 1, fromEnd} {
		sameRecords(t, read(beyond, eventstore.Forwards, -1), nil, eventstore.Forwards)
		sameRecords(t, read(beyond, eventstore.Backwards, -1), whole, eventstore.Backwards)
	}
	for _, dir := range []eventstore.Direction{eventstore.Forwards, eventstore.Backwards} {
		for _, name := range []string{"missing", "", "$all", "\xff", string(make([]byte, 70_000))} {
			if got := take(t, w.store.ReadStream(w.ctx, name, fromEnd, dir), -1); len(got) != 0 {
				t.Errorf("stream %.20q has %d events", name, len(got))
			}
		}
	}
	// The same sequence can be ranged over again, and then shows what is new.
	again := w.store.ReadStream(w.ctx, "s", n-1, eventstore.Forwards)
	for want := 1; want <= 2; want++ {
		if got := take(t, again, -1); len(got) != want {
			t.Errorf("range %d gave %d events", want, len(got))
		}
		w.append(t, "s", eventstore.Any, events("more", 1))
	}
}

func similarNames(t *testing.T, w *world) {
	names := []string{"a", "aa", "a-", "a\x00", "a\x00\x00\x00\x00\x00\x00\x00\x00", "A", "á", "a\u0301", "b", "\U0010FFFF"}
	given := map[string][]eventstore.Event{}
	for i, name := range names {
		given[name] = events(fmt.Sprint("n", i), i+1)
		w.append(t, name, eventstore.NoStream, given[name])
	}
	for _, name := range names {
		sameEvents(t, w.stream(t, name), name, 0, given[name])
		last := take(t, w.store.ReadStream(w.ctx, name, fromEnd, eventstore.Backwards), -1)
		if len(last) != len(given[name]) {
			t.Errorf("stream %q backwards has %d events, want %d", name, len(last), len(given[name]))
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

func subscription(t *testing.T, w *world) {
	before := events("before", 30)
	w.append(t, "s", eventstore.NoStream, before)
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	var got []eventstore.Recorded
	var end error
	for e, err := range w.store.Subscribe(ctx, eventstore.Position{}) {
		if err != nil {
			if e.Stream != "" {
				t.Error("an error came with an event")
			}
			end = err
			continue // it must be the last thing
		}
		got = append(got, e)
		switch len(got) {
		case 30, 32: // caught up: write from here on
			w.append(t, "s", eventstore.Any, events("live", 2))
		case 34:
			cancel()
		}
	}
	if !errors.Is(end, context.Canceled) {
		t.Errorf("ended with %v", end)
	}
	sameRecords(t, got, w.stream(t, "s"), eventstore.Forwards)

	// From the middle: after a position, without the event there.
	for i := range got[:33] {
		rest := take(t, w.store.Subscribe(w.ctx, got[i].Position), len(got)-i-1)
		sameRecords(t, rest, got[i+1:], eventstore.Forwards)
	}
}

func subscriptionFromEnd(t *testing.T, w *world) {
	w.append(t, "s", eventstore.NoStream, events("old", 5))
	// The loop begins some time after Go starts it: so write until one arrives.
	ctx, cancel := context.WithCancel(w.ctx)
	arrived := make(chan eventstore.Recorded, 1)
	go func() {
		defer close(arrived)
		for e, err := range w.store.Subscribe(ctx, eventstore.End) {
			if err == nil {
				arrived <- e
			}
			return
		}
	}()
	defer cancel()
	for {
		w.append(t, "s", eventstore.Any, events("new", 1))
		select {
		case e, ok := <-arrived:
			if !ok || e.Revision < 5 {
				t.Errorf("got %+v, want an event written after the subscription began", e)
			}
			return
		default:
		}
	}
}
