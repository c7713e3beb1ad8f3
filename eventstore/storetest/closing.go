package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"reliefledger.org/ledger/eventstore"
)

func closed(t *testing.T, w *world) {
	w.append(t, "s", eventstore.NoStream, events("s", 3))
	for range 2 {
		if err := w.store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	isClosed(t, w.ctx, w.store)
}

// isClosed checks that a store answers nothing any more.
func isClosed(t *testing.T, ctx context.Context, store eventstore.Store) {
	t.Helper()
	if _, err := store.Append(ctx, "s", eventstore.Any, events("late", 1)); !errors.Is(err, eventstore.ErrClosed) || judge(err) != notSent {
		t.Errorf("append to a closed store: %v", err)
	}
	for name, read := range reads(ctx, store, "s") {
		if got, err := try(read, -1); !errors.Is(err, eventstore.ErrClosed) || len(got) > 0 {
			t.Errorf("%s of a closed store: %d events, %v", name, len(got), err)
		}
	}
}

// closeUnderReaders: readers stand in the middle of their loops while the store
// is closed. What they get from then on is good, and then they learn of it.
func closeUnderReaders(t *testing.T, w *world) {
	const appends, each = 4, 500
	for range appends {
		w.append(t, "s", eventstore.Any, bulk("s", each, 1000))
	}
	whole := w.all(t)
	var standing meter
	hasClosed := make(chan struct{})
	var wg sync.WaitGroup
	ways := reads(w.ctx, w.store, "s")
	for name, read := range ways {
		wg.Go(func() {
			got, err := collect(read, func(got []eventstore.Recorded) bool {
				if len(got) == 10 {
					standing.add(1)
					<-hasClosed
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
			// A read that had all it wants need not know of the end.
			complete := err == nil && len(got) == len(whole) && name != "subscription"
			if !complete && !errors.Is(err, eventstore.ErrClosed) {
				t.Errorf("%s: ended with %v after %d of %d events", name, err, len(got), len(whole))
			}
		})
	}
	standing.wait(w.ctx, len(ways))
	within(t, slack, "close, while readers stand in their loops,", func() {
		if err := w.store.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	close(hasClosed)
	wg.Wait()
}

func closeWhileBusy(t *testing.T, w *world) {
	var c claims
	if err := busyUntilClosed(t, w, w.store, &c, func() {}); err != nil {
		t.Errorf("close: %v", err)
	}
	isClosed(t, w.ctx, w.store)
}

// busyUntilClosed does everything at once on a store, and, when it is really
// busy, calls meanwhile and closes it from several sides. Its appends are alone
// on their streams; c has what was said of them.
func busyUntilClosed(t *testing.T, w *world, store eventstore.Store, c *claims, meanwhile func()) (closing error) {
	var wg sync.WaitGroup
	var done meter
	var live atomic.Int64
	for i := range 16 {
		wg.Go(func() {
			stream, expected := fmt.Sprint("s", i), eventstore.NoStream
			for {
				ctx, cancel := w.ctx, context.CancelFunc(func() {})
				if i%4 == 0 { // some have a short life of their own
					ctx, cancel = context.WithTimeout(w.ctx, shortLife)
				}
				one := claim{stream: stream, expected: expected, events: events("e", 2)}
				one.done, one.err = store.Append(ctx, stream, expected, one.events)
				cancel()
				switch o := c.note(t, one); {
				case o == written:
					expected = eventstore.At(one.done.Revision)
					done.add(1)
				case o == unknown, errors.Is(one.err, eventstore.ErrClosed):
					return // one of which nobody knows is the last on its stream
				case o != notSent, !rest(w.ctx):
					t.Errorf("append to %s at %s: %v", stream, expected, one.err)
					return
				}
			}
		})
		if i >= 8 {
			continue
		}
		wg.Go(func() {
			_, err := collect(store.Subscribe(w.ctx, eventstore.Position{}), func([]eventstore.Recorded) bool {
				live.Add(1)
				return false
			})
			if !errors.Is(err, eventstore.ErrClosed) {
				t.Errorf("subscription: %v", err)
			}
		})
		wg.Go(func() {
			for {
				_, err := try(store.ReadAll(w.ctx, eventstore.End, eventstore.Backwards), 100)
				var away *eventstore.Unavailable
				switch {
				case errors.Is(err, eventstore.ErrClosed):
					return
				case errors.As(err, &away) && w.isAway.Load() && rest(w.ctx):
				case err != nil:
					t.Errorf("read: %v", err)
					return
				}
			}
		})
	}
	if !done.wait(w.ctx, 200) {
		t.Error("200 appends took too long")
	}
	meanwhile()
	errs := make([]error, 3)
	for i := range errs {
		wg.Go(func() { errs[i] = store.Close() })
	}
	within(t, slack, "close while busy", wg.Wait)
	t.Logf("%d appends, %d events seen live", len(c.there), live.Load())
	return errors.Join(errs...)
}
