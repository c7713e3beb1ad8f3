package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"reliefledger.org/ledger/eventstore"
)

// outlived is what is tested where events outlive a store: another store on
// them, opened after the first is closed.
var outlived = []check{
	{"another store finds what one has written", nil, foundAgain},
	{"sent again through another store", nil, sentAgain},
	{"close while busy, as another store sees it", nil, closedUnderWriters},
}

// together is what is tested where several stores can be open at once.
var together = []check{
	{"stores see each other's writes", severalAtOnce, seeEachOther},
	{"stores see each other's writes, 64 writers, 64 streams", severalAtOnce, several(spread)},
	{"stores race for one stream, 64 writers", severalAtOnce, several(contend)},
	{"the same append sent through several stores at once", severalAtOnce, several(manySendTheSame)},
	{"subscriptions follow what other stores write", severalAtOnce, several(followWriters)},
	{"positions of one store are those of the others", severalAtOnce, positionsAreShared},
	{"a store closes while another goes on", severalAtOnce, othersGoOn},
}

func severalAtOnce(p Place) string {
	if p.Alone {
		return "there is one store at a time"
	}
	return ""
}

// several runs a test of one store with four of them.
func several(test func(*testing.T, *world, []eventstore.Store)) func(*testing.T, *world) {
	return func(t *testing.T, w *world) { test(t, w, w.stores(t, 4)) }
}

// reopen closes the store and opens another in its place.
func (w *world) reopen(t *testing.T) {
	t.Helper()
	if err := w.store.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	w.store = w.open(t)
}

func foundAgain(t *testing.T, w *world) {
	for i := range 20 {
		w.append(t, fmt.Sprint("s", i%3), eventstore.Any, bulk("e", 1+i%4, 100))
	}
	whole := w.all(t)
	for range 3 {
		w.reopen(t)
		sameRecords(t, w.all(t), whole, eventstore.Forwards)
		sameRecords(t, take(t, w.store.ReadAll(w.ctx, eventstore.End, eventstore.Backwards), -1), whole, eventstore.Backwards)
		for _, i := range []int{0, len(whole) / 2, len(whole) - 2} {
			at := whole[i].Position
			sameRecords(t, take(t, w.store.ReadAll(w.ctx, at, eventstore.Forwards), -1), whole[i+1:], eventstore.Forwards)
			sameRecords(t, take(t, w.store.ReadAll(w.ctx, at, eventstore.Backwards), -1), whole[:i], eventstore.Backwards)
			sameRecords(t, take(t, w.store.Subscribe(w.ctx, at), len(whole)-i-1), whole[i+1:], eventstore.Forwards)
		}
		// It goes on behind what was there.
		done := w.append(t, "s0", eventstore.StreamExists, events("more", 1))
		if last := take(t, w.store.ReadStream(w.ctx, "s0", fromEnd, eventstore.Backwards), 1); last[0].Revision != done.Revision {
			t.Errorf("appended %+v, the last is %+v", done, last[0])
		}
		longer := w.all(t)
		sameRecords(t, longer[:len(longer)-1], whole, eventstore.Forwards)
		increasing(t, longer)
		whole = longer
	}
}

func sentAgain(t *testing.T, w *world) {
	all, other := events("s", 7), events("other", 1)
	w.append(t, "s", eventstore.NoStream, all[:3])
	w.append(t, "s", eventstore.At(2), all[3:6])
	w.reopen(t)
	for _, row := range []struct {
		expected eventstore.Expected
		events   []eventstore.Event
		revision uint64
	}{
		{eventstore.NoStream, all[:3], 2},
		{eventstore.NoStream, all[:1], 0},
		{eventstore.At(2), all[3:6], 5},
		{eventstore.At(3), all[4:5], 4},
	} {
		if done := w.append(t, "s", row.expected, row.events); done.Revision != row.revision {
			t.Errorf("again at %s: %+v, want revision %d", row.expected, done, row.revision)
		}
	}
	for _, row := range []struct {
		expected eventstore.Expected
		events   []eventstore.Event
	}{
		{eventstore.NoStream, other},
		{eventstore.NoStream, slices.Concat(all[:2], other)},
		{eventstore.At(2), all[3:7]},
		{eventstore.At(4), other},
		{eventstore.At(6), all[6:]},
	} {
		_, err := w.store.Append(w.ctx, "s", row.expected, row.events)
		wantWrong(t, err, "s", row.expected, eventstore.At(5))
	}
	w.append(t, "s", eventstore.At(5), all[6:])
	sameEvents(t, w.stream(t, "s"), "s", 0, all)
}

// closedUnderWriters: what a store said before it ended is so, and what it
// could not say is settled by another, which sends the same again.
func closedUnderWriters(t *testing.T, w *world) {
	var c claims
	if err := busyUntilClosed(t, w, w.store, &c, func() {}); err != nil {
		t.Errorf("close: %v", err)
	}
	w.store = w.open(t)
	c.check(t, w.all(t))
	c.settle(t, w.ctx, w.store)
	c.check(t, w.all(t))
}

func seeEachOther(t *testing.T, w *world) {
	stores := w.stores(t, 3)
	var given []eventstore.Event
	expected := eventstore.NoStream
	for i := range 30 {
		writer, stale := stores[i%3], expected
		made := events("e", 1+i%2)
		done, err := writer.Append(w.ctx, "s", expected, made)
		if err != nil {
			t.Fatalf("append %d at %s: %v", i, expected, err)
		}
		given, expected = append(given, made...), eventstore.At(done.Revision)
		for n, store := range stores {
			got := take(t, store.ReadStream(w.ctx, "s", fromEnd, eventstore.Backwards), -1)
			slices.Reverse(got)
			sameEvents(t, got, "s", 0, given)
			sameRecords(t, allOf(t, w.ctx, store), got, eventstore.Forwards)
			if !told(done, got[len(got)-1].Position) {
				t.Errorf("store %d has the event at %s, its writer was told %s", n, got[len(got)-1].Position, done.Position)
			}
			// Each judges by what is there, not by what it wrote.
			_, err := store.Append(w.ctx, "s", stale, events("stale", 1))
			wantWrong(t, err, "s", stale, expected)
			again, err := store.Append(w.ctx, "s", stale, made)
			if err != nil || again.Revision != done.Revision {
				t.Errorf("append %d again through store %d: %+v, %v, want revision %d", i, n, again, err, done.Revision)
			}
			if _, err := store.Append(w.ctx, "s", expected, nil); err != nil {
				t.Errorf("no events at %s: %v", expected, err)
			}
		}
	}
}

func positionsAreShared(t *testing.T, w *world) {
	stores := w.stores(t, 3)
	for i := range 30 {
		if _, err := stores[i%3].Append(w.ctx, fmt.Sprint("s", i%4), eventstore.Any, events("e", 1+i%2)); err != nil {
			t.Fatal(err)
		}
	}
	whole := w.all(t)
	increasing(t, whole)
	for i, e := range whole {
		given := stores[i%3] // reads this position, and another resumes from it
		at := take(t, given.ReadStream(w.ctx, e.Stream, e.Revision, eventstore.Forwards), 1)[0].Position
		resuming := stores[(i+1)%3]
		sameRecords(t, take(t, resuming.ReadAll(w.ctx, at, eventstore.Forwards), -1), whole[i+1:], eventstore.Forwards)
		sameRecords(t, take(t, resuming.ReadAll(w.ctx, at, eventstore.Backwards), -1), whole[:i], eventstore.Backwards)
		sameRecords(t, take(t, resuming.Subscribe(w.ctx, at), len(whole)-i-1), whole[i+1:], eventstore.Forwards)
	}
}

// othersGoOn: a store ends in the middle of its work, and the others have all
// that it was told is there, as it is written, and can settle what it was not
// told.
func othersGoOn(t *testing.T, w *world) {
	other := w.open(t)
	last := events("last", 1)
	var got []eventstore.Recorded
	var followed error
	var c claims
	var wg sync.WaitGroup
	wg.Go(func() { got, followed = follow(w.ctx, other, eventstore.Position{}, last[0].ID) })
	if err := busyUntilClosed(t, w, w.store, &c, func() {}); err != nil {
		t.Errorf("close: %v", err)
	}
	w.store = other
	c.settle(t, w.ctx, other)
	w.append(t, "last", eventstore.NoStream, last)
	wg.Wait()
	if followed != nil {
		t.Fatalf("the other's subscription: %v", followed)
	}
	all := w.all(t)
	c.check(t, all, "last")
	sameRecords(t, got, all, eventstore.Forwards)
	// And one that is opened now has the same.
	sameRecords(t, allOf(t, w.ctx, w.open(t)), all, eventstore.Forwards)
}
