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

func subscription(t *testing.T, w *world) {
	before := events("before", 30)
	w.append(t, "s", eventstore.NoStream, before)
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	var got []eventstore.Recorded
	var end error
	for e, err := range w.store.Subscribe(ctx, eventstore.Position{}) {
		if err != nil {
			if e.Stream != "" || end != nil {
				t.Errorf("the error came with an event, or twice: %v, %v", end, err)
				break
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
	// From the last: nothing that was there, and each that is written at once,
	// without one more behind it to push it out.
	after := got[33].Position
	for range 5 {
		w.append(t, "s", eventstore.Any, events("next", 1))
		next := take(t, w.store.Subscribe(w.ctx, after), 1)
		sameRecords(t, next, take(t, w.store.ReadStream(w.ctx, "s", fromEnd, eventstore.Backwards), 1), eventstore.Forwards)
		after = next[0].Position
	}
}

func subscriptionFromEnd(t *testing.T, w *world) {
	w.append(t, "s", eventstore.NoStream, events("old", 5))
	// The loop begins some time after Go starts it: so write until it has events.
	const enough = 20
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	var got []eventstore.Recorded
	var err error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		got, err = try(w.store.Subscribe(ctx, eventstore.End), enough)
	}()
	for waiting := true; waiting; {
		w.append(t, "s", eventstore.Any, events("new", 1))
		select {
		case <-ended:
			waiting = false
		default:
		}
	}
	if err != nil || len(got) != enough || got[0].Revision < 5 {
		t.Fatalf("got %d events, %v, want %d written after the subscription began", len(got), err, enough)
	}
	sameRecords(t, got, w.stream(t, "s")[got[0].Revision:][:enough], eventstore.Forwards)
}

func noGap(t *testing.T, w *world) { followWriters(t, w, []eventstore.Store{w.store}) }

// followWriters has subscriptions begin while others write, from the start,
// from the middle and from the end: each gives all, up to the last.
func followWriters(t *testing.T, w *world, stores []eventstore.Store) {
	const writers, appends, rounds = 8, 40, 6
	w.append(t, "before", eventstore.NoStream, events("before", 200))
	last := events("last", 1)
	var writing, following sync.WaitGroup
	var written meter
	defer writing.Wait()
	for i := range writers {
		writing.Go(func() {
			for range appends {
				if _, err := stores[i%len(stores)].Append(w.ctx, fmt.Sprint("s", i%3), eventstore.Any, events("e", 3)); err != nil {
					t.Error(err)
				}
				written.add(1)
			}
		})
	}
	var all []*followed
	var fromTheEnd meter // those subscriptions that have begun
	for round := range rounds {
		written.wait(w.ctx, round*writers*appends/rounds)
		for _, store := range stores {
			middle := take(t, store.ReadAll(w.ctx, eventstore.End, eventstore.Backwards), 1)[0].Position
			for _, after := range []eventstore.Position{{}, middle, eventstore.End} {
				f := &followed{after: after}
				all = append(all, f)
				following.Go(func() {
					var begun sync.Once
					f.got, f.err = collect(store.Subscribe(w.ctx, after), func(got []eventstore.Recorded) bool {
						if after == eventstore.End {
							begun.Do(func() { fromTheEnd.add(1) })
						}
						return got[len(got)-1].ID == last[0].ID
					})
				})
			}
		}
	}
	writing.Wait()
	for fromTheEnd.count() < rounds*len(stores) && w.ctx.Err() == nil {
		w.append(t, "tick", eventstore.Any, events("tick", 1))
	}
	w.append(t, "last", eventstore.NoStream, last)
	following.Wait()

	whole := w.all(t)
	increasing(t, whole)
	for _, f := range all {
		if f.err != nil {
			t.Fatalf("subscription after %s: %v after %d events", f.after, f.err, len(f.got))
		}
		want := behind(whole, f.after)
		if f.after == eventstore.End { // it began somewhere
			want = whole[max(0, len(whole)-len(f.got)):]
		}
		sameRecords(t, f.got, want, eventstore.Forwards)
	}
}

// followed is what somebody got who went on to the last event.
type followed struct {
	how   string
	after eventstore.Position
	got   []eventstore.Recorded
	err   error
}

// behind gives the events of all that stand after a position.
func behind(all []eventstore.Recorded, after eventstore.Position) []eventstore.Recorded {
	for len(all) > 0 && all[0].Position.Compare(after) <= 0 {
		all = all[1:]
	}
	return all
}

func slowReader(t *testing.T, w *world) {
	w.append(t, "s", eventstore.NoStream, events("s", 5))
	const appends, each = 250, 20
	last := events("last", 1)
	got, err := collect(w.store.Subscribe(w.ctx, eventstore.Position{}), func(got []eventstore.Recorded) bool {
		// The reader stands here, in the middle, while 5 MB are written by the
		// very same goroutine: any wait of the writer for it would be for ever.
		if len(got) == 1 {
			for range appends {
				w.append(t, "s", eventstore.Any, bulk("more", each, 1000))
			}
			w.append(t, "s", eventstore.Any, last)
		}
		return got[len(got)-1].ID == last[0].ID
	})
	if err != nil {
		t.Fatal(err)
	}
	sameRecords(t, got, w.all(t), eventstore.Forwards)
}

func cancelled(t *testing.T, w *world) {
	w.append(t, "s", eventstore.NoStream, events("s", 3))
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	if _, err := w.store.Append(ctx, "s", eventstore.Any, events("late", 1)); judge(err) != notSent || !errors.Is(err, context.Canceled) {
		t.Errorf("append: %v", err)
	}
	for name, read := range reads(ctx, w.store, "s") {
		if got, err := try(read, -1); !errors.Is(err, context.Canceled) || len(got) > 0 {
			t.Errorf("%s: %d events, %v", name, len(got), err)
		}
	}
	if got := w.stream(t, "s"); len(got) != 3 {
		t.Errorf("%d events, want 3: an append whose context had ended was written", len(got))
	}
}

// cancelledRead: a read that is not done, and a subscription that waits, end
// with their context.
func cancelledRead(t *testing.T, w *world) {
	const appends, each = 8, 500 // of 1 kB: more than a store reads ahead
	for range appends {
		w.append(t, "s", eventstore.Any, bulk("s", each, 1000))
	}
	for name := range reads(w.ctx, w.store, "s") {
		ctx, cancel := context.WithCancel(w.ctx)
		n := 0
		_, err := collect(reads(ctx, w.store, "s")[name], func([]eventstore.Recorded) bool {
			if n++; n == 10 {
				cancel()
			}
			return false
		})
		if !errors.Is(err, context.Canceled) || n == appends*each {
			t.Errorf("%s: %d of %d events after its context had ended, %v", name, n-10, appends*each-10, err)
		}
	}
	// All at once have caught up and wait when their time is up.
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	head := take(t, w.store.ReadAll(w.ctx, eventstore.End, eventstore.Backwards), 1)[0].Position
	var wg sync.WaitGroup
	var ended atomic.Int64
	for i := range 16 {
		wg.Go(func() {
			want := context.Canceled
			ctx := ctx
			if i%2 == 1 {
				want = context.DeadlineExceeded
				var done context.CancelFunc
				ctx, done = context.WithTimeout(w.ctx, shortLife)
				defer done()
			}
			got, err := try(w.store.Subscribe(ctx, head), -1)
			if !errors.Is(err, want) || len(got) > 0 {
				t.Errorf("a subscription that waited: %d events, %v, want %v", len(got), err, want)
			}
			if want == context.DeadlineExceeded && ended.Add(1) == 8 {
				cancel() // the others
			}
		})
	}
	wg.Wait()
}

// reads are the five ways to read a stream that is all there is.
func reads(ctx context.Context, store eventstore.Store, stream string) map[string]func(func(eventstore.Recorded, error) bool) {
	return map[string]func(func(eventstore.Recorded, error) bool){
		"stream forwards":  store.ReadStream(ctx, stream, 0, eventstore.Forwards),
		"stream backwards": store.ReadStream(ctx, stream, fromEnd, eventstore.Backwards),
		"all forwards":     store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards),
		"all backwards":    store.ReadAll(ctx, eventstore.End, eventstore.Backwards),
		"subscription":     store.Subscribe(ctx, eventstore.Position{}),
	}
}
