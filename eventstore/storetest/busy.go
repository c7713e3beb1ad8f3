package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"reliefledger.org/ledger/eventstore"
)

func writersOneStream(t *testing.T, w *world) { contend(t, w, []eventstore.Store{w.store}) }

// contend has 64 writers start from the same revision and try again when
// refused: each event gets in once, and for each revision one writer was right.
func contend(t *testing.T, w *world, stores []eventstore.Store) {
	const writers, each = 64, 2
	var refusals atomic.Int64
	var writing, reading sync.WaitGroup
	for i := range writers {
		store := stores[i%len(stores)]
		writing.Go(func() {
			expected := eventstore.NoStream
			for n := range each {
				mine := events(fmt.Sprintf("%d-%d", i, n), 2)
				for {
					done, err := store.Append(w.ctx, "s", expected, mine)
					var wrong *eventstore.WrongRevision
					if err == nil {
						expected = eventstore.At(done.Revision)
						break
					}
					if !errors.As(err, &wrong) || judge(err) != refused || wrong.Actual == expected {
						t.Errorf("append at %s: %v", expected, err)
						return
					}
					expected = wrong.Actual
					if refusals.Add(1)%4 != 0 {
						continue
					}
					// A refusal rests on what can be read.
					revision, _ := wrong.Actual.Revision()
					if seen, err := try(store.ReadStream(w.ctx, "s", revision, eventstore.Forwards), 1); err != nil || len(seen) != 1 {
						t.Errorf("refused because of revision %d, which can't be read: %v", revision, err)
					}
				}
			}
		})
	}
	// Whoever reads meanwhile never sees half an append.
	written := make(chan struct{})
	for _, store := range stores {
		reading.Go(func() {
			for seen := 0; ; {
				got, err := try(store.ReadStream(w.ctx, "s", 0, eventstore.Forwards), -1)
				if err != nil || len(got)%2 != 0 || len(got) < seen {
					t.Errorf("read %d events after %d, of appends of 2: %v", len(got), seen, err)
				}
				seen = len(got)
				select {
				case <-written:
					return
				default:
				}
			}
		})
	}
	writing.Wait()
	// And all at once where none is refused.
	for i := range writers {
		writing.Go(func() {
			for n := range each {
				if _, err := stores[i%len(stores)].Append(w.ctx, "any", eventstore.Any, events(fmt.Sprintf("%d-%d", i, n), 4)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	close(written)
	reading.Wait()
	increasing(t, w.all(t))
	isWhole(t, w.stream(t, "s"), writers*each, 2)
	isWhole(t, w.stream(t, "any"), writers*each, 4)
	t.Logf("%d appends, refused %d times", writers*each, refusals.Load())
}

// isWhole checks that a stream is these appends, of size events each, none torn
// by another.
func isWhole(t *testing.T, stream []eventstore.Recorded, appends, size int) {
	t.Helper()
	if len(stream) != appends*size {
		t.Fatalf("%d events, want %d", len(stream), appends*size)
	}
	for i := 0; i < len(stream); i += size {
		for n := range size {
			a, b := stream[i].Type, stream[i+n].Type
			if a[:len(a)-1] != b[:len(b)-1] || b[len(b)-1] != '0'+byte(n) {
				t.Fatalf("the append of %s was torn by %s", a, b)
			}
		}
	}
}

func writersManyStreams(t *testing.T, w *world) { spread(t, w, []eventstore.Store{w.store}) }

// spread has 64 writers write to a stream each. Who was answered can read what
// it wrote, in any store.
func spread(t *testing.T, w *world, stores []eventstore.Store) {
	const writers, each = 64, 16
	given := make([][]eventstore.Event, writers)
	var wg sync.WaitGroup
	for i := range writers {
		given[i] = events(fmt.Sprint(i), each)
		wg.Go(func() {
			stream, expected := fmt.Sprint("s", i), eventstore.NoStream
			for n, e := range given[i] {
				done, err := stores[(i+n)%len(stores)].Append(w.ctx, stream, expected, []eventstore.Event{e})
				if err != nil || done.Revision != uint64(n) {
					t.Errorf("%s: %+v, %v, want revision %d", stream, done, err, n)
					return
				}
				reader := stores[(i+n/2)%len(stores)]
				last, err := try(reader.ReadStream(w.ctx, stream, fromEnd, eventstore.Backwards), 1)
				if err != nil || len(last) != 1 || last[0].ID != e.ID || !told(done, last[0].Position) {
					t.Errorf("%s: event %d can't be read after its answer %+v: %+v, %v", stream, n, done, last, err)
					return
				}
				expected = eventstore.At(done.Revision)
			}
		})
	}
	wg.Wait()
	for i := range writers {
		sameEvents(t, w.stream(t, fmt.Sprint("s", i)), fmt.Sprint("s", i), 0, given[i])
	}
	all := w.all(t)
	increasing(t, all)
	if len(all) != writers*each {
		t.Errorf("%d events in all, want %d", len(all), writers*each)
	}
}

// cutOff: contexts end at every moment of an append. What the answer says is
// so, an append of three is whole, and the slices are the caller's again.
func cutOff(t *testing.T, w *world) {
	const writers, each = 8, 40
	var c claims
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			stream, expected := fmt.Sprint("s", i), eventstore.NoStream
			for n := range each {
				kept := events(fmt.Sprintf("%d-%d", i, n), 3)
				given := cloned(kept)
				life := time.Duration(n*n) * 4 * time.Microsecond // from nothing to what a disk needs
				ctx, cancel := context.WithTimeout(w.ctx, life)
				if i%2 == 1 {
					ctx, cancel = cancelledAfter(w.ctx, life)
				}
				done, err := w.store.Append(ctx, stream, expected, given)
				cancel()
				scribble(given)
				switch judge(err) {
				case written, notSent:
				case unknown:
					if done, err = w.store.Append(w.ctx, stream, expected, kept); err != nil {
						t.Errorf("%s: sent again after an unknown outcome: %v", stream, err)
						return
					}
				default: // nobody else writes here
					t.Errorf("%s at %s: %v", stream, expected, err)
					return
				}
				if c.note(t, claim{stream, expected, kept, done, err}) == written {
					expected = eventstore.At(done.Revision)
				}
			}
		})
	}
	wg.Wait()
	c.check(t, w.all(t))
	t.Logf("%d appends were written, %d were not", len(c.there), len(c.absent))
}

// cancelledAfter is as context.WithTimeout, but the context is cancelled and
// has no deadline that a store could know of.
func cancelledAfter(parent context.Context, life time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	timer := time.AfterFunc(life, cancel)
	return ctx, func() { timer.Stop(); cancel() }
}
