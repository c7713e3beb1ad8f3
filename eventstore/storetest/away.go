package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"reliefledger.org/ledger/eventstore"
)

// away is what is tested where the place of the events can go away. While it is
// away any right answer will do: a store may wait for it, or say that it is
// away, and where somebody else soon steps in may even go on.
var away = []check{
	{"away while nothing happens", canGoAway, awayIdle},
	{"away for a moment, under load", canGoAway, awayUnderLoad(func(Place) []time.Duration {
		return []time.Duration{100 * time.Millisecond}
	})},
	{"away again and again, under load", canGoAway, awayUnderLoad(func(Place) []time.Duration {
		return []time.Duration{0, time.Millisecond, 5 * time.Millisecond, 0, 20 * time.Millisecond}
	})},
	{"away for long, under load", canGoAway, awayUnderLoad(func(p Place) []time.Duration {
		return []time.Duration{p.outage()}
	})},
	{"away while the same append is sent 16 times", canGoAway, awaySameAtOnce},
	{"away in the middle of a read", canGoAway, awayInARead},
	{"away while a subscriber stands still", canGoAway, awayUnderSlowReader},
	{"away longer than anybody waits", canGoAway, awayAndContexts},
	{"away, and what no store takes", canGoAway, awayAndLimits},
	{"away while nothing happens, closed", canGoAway, awayIdleClosed},
	{"away while busy, closed", canGoAway, awayBusyClosed},
}

func canGoAway(p Place) string {
	if p.Away == nil {
		return "the place can't go away"
	}
	return ""
}

func (p Place) outage() time.Duration {
	if p.Outage == 0 {
		return 2 * time.Second
	}
	return p.Outage
}

// away and back are called in turn; back once more where a test has ended early.
func (w *world) away() {
	w.isAway.Store(true)
	w.place.Away()
}

func (w *world) back() {
	if w.isAway.Load() {
		w.place.Back()
		w.isAway.Store(false)
	}
}

// spare gives n stores where that can be, one elsewhere.
func (w *world) spare(t *testing.T, n int) []eventstore.Store {
	t.Helper()
	if w.place.Alone {
		n = 1
	}
	return w.stores(t, n)
}

// whenBack does what may find the place away still, until it does not.
func whenBack[T any](t *testing.T, w *world, do func() (T, error)) T {
	t.Helper()
	for {
		got, err := do()
		var gone *eventstore.Unavailable
		var unknown *eventstore.OutcomeUnknown
		if (errors.As(err, &gone) || errors.As(err, &unknown)) && rest(w.ctx) {
			continue
		}
		if err != nil {
			t.Fatalf("after the place was back: %v", err)
		}
		return got
	}
}

// appendBack and allBack are append and all when the place has just come back.
func (w *world) appendBack(t *testing.T, stream string, expected eventstore.Expected, events []eventstore.Event) eventstore.Appended {
	t.Helper()
	return whenBack(t, w, func() (eventstore.Appended, error) { return w.store.Append(w.ctx, stream, expected, events) })
}

func (w *world) allBack(t *testing.T) []eventstore.Recorded {
	t.Helper()
	return whenBack(t, w, func() ([]eventstore.Recorded, error) {
		return try(w.store.ReadAll(w.ctx, eventstore.Position{}, eventstore.Forwards), -1)
	})
}

// awayIdle: stores at rest notice nothing, and go on.
func awayIdle(t *testing.T, w *world) {
	w.append(t, "s", eventstore.NoStream, events("s", 3))
	last := events("last", 1)
	stores := w.spare(t, 2)
	got, errs := make([][]eventstore.Recorded, len(stores)), make([]error, len(stores))
	var begun meter
	var wg sync.WaitGroup
	for i, store := range stores {
		wg.Go(func() {
			got[i], errs[i] = collect(store.Subscribe(w.ctx, eventstore.Position{}), func(got []eventstore.Recorded) bool {
				begun.add(1)
				return got[len(got)-1].ID == last[0].ID
			})
		})
	}
	begun.wait(w.ctx, 3*len(stores)) // all live
	for round := range 3 {
		w.away()
		w.back()
		w.appendBack(t, "s", eventstore.At(uint64(2+round)), events("between", 1))
	}
	w.append(t, "last", eventstore.NoStream, last)
	wg.Wait()
	whole := w.all(t)
	increasing(t, whole)
	for i := range stores {
		if errs[i] != nil {
			t.Errorf("subscription: %v", errs[i])
		}
		sameRecords(t, got[i], whole, eventstore.Forwards)
	}
}

// awayInARead: a read goes on, or says that the place is away; what it gave is
// good either way, and it can be resumed from there. It still shows what was
// written when it began.
func awayInARead(t *testing.T, w *world) {
	for range 8 {
		w.append(t, "s", eventstore.Any, bulk("s", 500, 1000))
	}
	whole := w.all(t)
	ways := reads(w.ctx, w.store, "s")
	delete(ways, "subscription")
	var standing, ended meter
	gone := make(chan struct{})
	var wg sync.WaitGroup
	for name, read := range ways {
		wg.Go(func() {
			defer ended.add(1)
			got, err := collect(read, func(got []eventstore.Recorded) bool {
				if len(got) == 10 {
					standing.add(1)
					<-gone
				}
				return false
			})
			dir := eventstore.Forwards
			if name == "stream backwards" || name == "all backwards" {
				dir = eventstore.Backwards
			}
			if why := differ(got, whole, dir); why != "" {
				t.Errorf("%s: %s", name, why)
			}
			var unavailable *eventstore.Unavailable
			if err != nil && !errors.As(err, &unavailable) {
				t.Errorf("%s: %v after %d events", name, err, len(got))
			}
			if err == nil && len(got) != len(whole) {
				t.Errorf("%s: ended after %d of %d events without an error", name, len(got), len(whole))
			}
		})
	}
	standing.wait(w.ctx, len(ways))
	w.away()
	close(gone)
	defer wg.Wait()
	outage := time.AfterFunc(w.place.outage(), func() { ended.add(len(ways)) })
	ended.wait(w.ctx, len(ways))
	outage.Stop()
	w.back()
	w.appendBack(t, "s", eventstore.At(uint64(len(whole)-1)), events("after", 1))
	wg.Wait()
	more := w.allBack(t)
	sameRecords(t, more[:len(more)-1], whole, eventstore.Forwards)
	for _, i := range []int{0, 9, len(whole) - 1} {
		rest := take(t, w.store.ReadAll(w.ctx, whole[i].Position, eventstore.Forwards), -1)
		sameRecords(t, rest, more[i+1:], eventstore.Forwards)
	}
}

// awayUnderSlowReader: a subscriber stands in its loop, with more before it
// than a store has at hand, while the place goes away and comes back.
func awayUnderSlowReader(t *testing.T, w *world) {
	for i := range 4 {
		w.append(t, fmt.Sprint("s", i), eventstore.NoStream, bulk("s", 500, 1000))
	}
	last := events("last", 1)
	got, err := collect(w.store.Subscribe(w.ctx, eventstore.Position{}), func(got []eventstore.Recorded) bool {
		switch len(got) {
		case 10, 1500:
			w.away()
			w.back()
		case 1000: // away while it reads on
			w.away()
			time.AfterFunc(shortLife, w.back)
		case 1100:
			for w.isAway.Load() && rest(w.ctx) {
			}
		case 1900:
			w.appendBack(t, "last", eventstore.NoStream, last)
		}
		return got[len(got)-1].ID == last[0].ID
	})
	if err != nil {
		t.Fatalf("after %d events: %v", len(got), err)
	}
	sameRecords(t, got, w.allBack(t), eventstore.Forwards)
}
