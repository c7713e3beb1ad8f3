package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"reliefledger.org/ledger/eventstore"
)

// awayAndContexts: whoever does not wait for the place to come back is let go
// when the context ends, with an answer that is right.
func awayAndContexts(t *testing.T, w *world) {
	w.append(t, "s", eventstore.NoStream, bulk("s", 500, 1000))
	whole := w.all(t)
	lives := map[string]func(context.Context, time.Duration) (context.Context, context.CancelFunc){
		"deadline":  context.WithTimeout,
		"cancelled": cancelledAfter,
	}
	ends := func(err error) bool {
		return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
	}
	var wg sync.WaitGroup
	var live meter
	following, stopFollowing := context.WithCancel(w.ctx)
	defer stopFollowing()
	wg.Go(func() { // one that is live when the place goes away
		if _, err := collect(w.store.Subscribe(following, eventstore.Position{}), func([]eventstore.Recorded) bool {
			live.add(1)
			return false
		}); !ends(err) {
			t.Errorf("a subscription from before: %v", err)
		}
	})
	live.wait(w.ctx, len(whole))
	w.away()
	stopFollowing()
	var c claims
	for kind, life := range lives {
		for i := range 4 {
			wg.Go(func() {
				ctx, cancel := life(w.ctx, 5*shortLife)
				defer cancel()
				one := claim{stream: fmt.Sprint(kind, i), expected: eventstore.NoStream, events: events("e", 2)}
				one.done, one.err = w.store.Append(ctx, one.stream, one.expected, one.events)
				c.note(t, one)
			})
		}
		for name := range reads(w.ctx, w.store, "s") {
			wg.Go(func() {
				ctx, cancel := life(w.ctx, 5*shortLife)
				defer cancel()
				got, err := try(reads(ctx, w.store, "s")[name], -1)
				var gone *eventstore.Unavailable
				switch {
				case ends(err):
				case name != "subscription" && (errors.As(err, &gone) || err == nil && len(got) >= len(whole)):
				default:
					t.Errorf("%s, %s: %d events, %v", name, kind, len(got), err)
				}
			})
		}
	}
	within(t, slack, "a call whose context ended while the place is away", wg.Wait)
	w.back()
	c.settle(t, w.ctx, w.store)
	c.check(t, w.allBack(t), "s")
}

// awayAndLimits: what no store takes is refused before anything is sent.
func awayAndLimits(t *testing.T, w *world) {
	w.away()
	within(t, slack, "a refusal while the place is away", func() {
		for _, row := range beyondLimits() {
			_, err := w.store.Append(w.ctx, row.stream, eventstore.Any, row.events)
			if err == nil || !errors.As(err, row.want) || judge(err) == unknown {
				t.Errorf("%s: %v, want %T", row.name, err, row.want)
			}
		}
	})
	w.back()
	w.appendBack(t, "s", eventstore.NoStream, events("s", 1))
}

// awayIdleClosed: a store ends, and does not wait for its place.
func awayIdleClosed(t *testing.T, w *world) {
	given := events("s", 3)
	w.append(t, "s", eventstore.NoStream, given)
	var live meter
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := collect(w.store.Subscribe(w.ctx, eventstore.Position{}), func([]eventstore.Recorded) bool {
			live.add(1)
			return false
		}); !errors.Is(err, eventstore.ErrClosed) {
			t.Errorf("subscription: %v", err)
		}
	})
	live.wait(w.ctx, len(given))
	w.away()
	within(t, slack, "close, while the place is away,", func() {
		for range 2 {
			if err := w.store.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		}
		wg.Wait()
		isClosed(t, w.ctx, w.store)
	})
	w.back()
	w.store = w.open(t)
	sameEvents(t, w.stream(t, "s"), "s", 0, given)
}

// awayBusyClosed: the same in the middle of work. What nobody knows another
// store settles.
func awayBusyClosed(t *testing.T, w *world) {
	var c claims
	if err := busyUntilClosed(t, w, w.store, &c, w.away); err != nil {
		t.Errorf("close: %v", err)
	}
	w.back()
	w.store = w.open(t)
	c.settle(t, w.ctx, w.store)
	c.check(t, w.allBack(t))
}
