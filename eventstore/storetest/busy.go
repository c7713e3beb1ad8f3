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

func noGap(t *testing.T, w *world) {
	const writers, appends = 8, 40
	const total = writers * appends * 3
	w.append(t, "before", eventstore.NoStream, events("before", 200))

	var wg sync.WaitGroup
	got := make([][]eventstore.Recorded, 6)
	for i := range got {
		wg.Go(func() { got[i], _ = try(w.store.Subscribe(w.ctx, eventstore.Position{}), total+200) })
	}
	for i := range writers {
		wg.Go(func() {
			for range appends {
				if _, err := w.store.Append(w.ctx, fmt.Sprint("s", i%3), eventstore.Any, events("e", 3)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	whole := w.all(t)
	increasing(t, whole)
	for _, g := range got {
		sameRecords(t, g, whole, eventstore.Forwards)
	}
}

func slowReader(t *testing.T, w *world) {
	w.append(t, "s", eventstore.NoStream, events("s", 5))
	got := 0
	for _, err := range w.store.Subscribe(w.ctx, eventstore.Position{}) {
		if err != nil {
			t.Fatal(err)
		}
		// The reader stands here, in the middle, while much is written by the
		// very same goroutine: any wait of the writer for it would be for ever.
		if got++; got == 1 {
			for range 300 {
				w.append(t, "s", eventstore.Any, events("more", 20))
			}
		}
		if got == 6005 {
			return
		}
	}
}

func writersOneStream(t *testing.T, w *world) {
	// All start from the same revision and try again when refused: each event
	// gets in once, and for each revision one writer was right.
	const writers, each = 64, 4
	var refused atomic.Int64
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			expected := eventstore.NoStream
			for n := range each {
				mine := events(fmt.Sprintf("%d-%d", i, n), 2)
				for {
					done, err := w.store.Append(w.ctx, "s", expected, mine)
					var wrong *eventstore.WrongRevision
					if errors.As(err, &wrong) {
						refused.Add(1)
						// A refusal rests on what can be read.
						if revision, ok := wrong.Actual.Revision(); ok {
							if seen := take(t, w.store.ReadStream(w.ctx, "s", revision, eventstore.Forwards), 1); len(seen) != 1 {
								t.Errorf("refused because of revision %d, which can't be read", revision)
							}
						}
						expected = wrong.Actual
						continue
					}
					if err != nil {
						t.Errorf("%+v, %v", done, err)
						return
					}
					expected = eventstore.At(done.Revision)
					break
				}
			}
		})
	}
	wg.Wait()
	all := w.all(t)
	increasing(t, all)
	if len(all) != writers*each*2 {
		t.Fatalf("%d events, want %d", len(all), writers*each*2)
	}
	for i := 0; i < len(all); i += 2 {
		if a, b := all[i].Type, all[i+1].Type; a[:len(a)-1] != b[:len(b)-1] {
			t.Fatalf("the append of %s was torn by %s", a, b)
		}
	}
	t.Logf("%d appends, refused %d times", writers*each, refused.Load())
}

func writersManyStreams(t *testing.T, w *world) {
	const writers, each = 64, 20
	given := make([][]eventstore.Event, writers)
	var wg sync.WaitGroup
	for i := range writers {
		given[i] = events(fmt.Sprint(i), each)
		wg.Go(func() {
			stream, expected := fmt.Sprint("s", i), eventstore.NoStream
			for n, e := range given[i] {
				done, err := w.store.Append(w.ctx, stream, expected, []eventstore.Event{e})
				if err != nil || done.Revision != uint64(n) {
					t.Errorf("%s: %+v, %v, want revision %d", stream, done, err, n)
					return
				}
				// Who was answered can read what he wrote.
				if last := take(t, w.store.ReadStream(w.ctx, stream, fromEnd, eventstore.Backwards), 1); len(last) != 1 || last[0].ID != e.ID {
					t.Errorf("%s: own event %d can't be read", stream, n)
				}
				expected = eventstore.At(done.Revision)
			}
		})
	}
	wg.Wait()
	for i := range writers {
		sameEvents(t, w.stream(t, fmt.Sprint("s", i)), fmt.Sprint("s", i), 0, given[i])
	}
	increasing(t, w.all(t))
}

// sameAtOnce is a client that retries without waiting: one effect, whichever
// of them is first, also where they meet in one group.
func sameAtOnce(t *testing.T, w *world) {
	next := eventstore.NoStream
	for round := range 20 {
		// Half of the rounds name no revision.
		expected := next
		if round%2 == 1 {
			expected = eventstore.Any
		}
		same := events(fmt.Sprint(round), 3)
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				done, err := w.store.Append(w.ctx, "s", expected, same)
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
	if got := w.stream(t, "s"); len(got) != 60 {
		t.Errorf("%d events, want 60", len(got))
	}
}

func closed(t *testing.T, w *world) {
	w.append(t, "s", eventstore.NoStream, events("s", 3))
	for range 2 {
		if err := w.store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.store.Append(w.ctx, "s", eventstore.Any, events("late", 1)); !errors.Is(err, eventstore.ErrClosed) {
		t.Errorf("append: %v", err)
	}
	if _, err := try(w.store.ReadStream(w.ctx, "s", 0, eventstore.Forwards), -1); !errors.Is(err, eventstore.ErrClosed) {
		t.Errorf("read stream: %v", err)
	}
	if _, err := try(w.store.ReadAll(w.ctx, eventstore.End, eventstore.Backwards), -1); !errors.Is(err, eventstore.ErrClosed) {
		t.Errorf("read all: %v", err)
	}
	if _, err := try(w.store.Subscribe(w.ctx, eventstore.Position{}), -1); !errors.Is(err, eventstore.ErrClosed) {
		t.Errorf("subscribe: %v", err)
	}
}

func closeWhileBusy(t *testing.T, w *world) {
	var wg sync.WaitGroup
	var written, live atomic.Int64
	busy := make(chan struct{}, 1)
	for i := range 32 {
		wg.Go(func() {
			for {
				ctx, cancel := w.ctx, context.CancelFunc(func() {})
				if i%4 == 0 { // some have a short life of their own
					ctx, cancel = context.WithCancel(w.ctx)
					go cancel()
				}
				_, err := w.store.Append(ctx, fmt.Sprint("s", i), eventstore.Any, events("e", 2))
				cancel()
				var unknown *eventstore.OutcomeUnknown
				switch {
				case err == nil:
					if written.Add(1) == 200 {
						busy <- struct{}{}
					}
				case errors.Is(err, eventstore.ErrClosed):
					return
				case errors.Is(err, context.Canceled) && i%4 == 0, errors.As(err, &unknown):
				default:
					t.Errorf("append: %v", err)
					return
				}
			}
		})
		wg.Go(func() {
			for _, err := range w.store.Subscribe(w.ctx, eventstore.Position{}) {
				if err == nil {
					live.Add(1)
				} else if !errors.Is(err, eventstore.ErrClosed) {
					t.Errorf("subscription: %v", err)
				}
			}
		})
		wg.Go(func() {
			for {
				if _, err := try(w.store.ReadAll(w.ctx, eventstore.End, eventstore.Backwards), 100); err != nil {
					if !errors.Is(err, eventstore.ErrClosed) {
						t.Errorf("read: %v", err)
					}
					return
				}
			}
		})
	}
	select {
	case <-busy:
	case <-w.ctx.Done():
		t.Error("200 appends took too long")
	}
	for range 3 { // at once, from several sides
		wg.Go(func() {
			if err := w.store.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
	wg.Wait()
	t.Logf("%d appends, %d events seen live", written.Load(), live.Load())
}
