package esdb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"reliefledger.org/ledger/eventstore"
)

// slack is how late a deadline may hold. The machine may be busy.
const slack = 400 * time.Millisecond

// Under load the node goes away, five times for 0.1 s and once for three
// seconds, and in between its connections break. Whoever is told to sends again.
// Nothing is lost and nothing is there twice; subscriptions have no gap and no
// double.
func TestOutagesUnderLoad(t *testing.T) {
	node := serve(t)
	p := newProxy(t, node.address)
	s := mustDial(t, p.connection(), Options{})
	ctx, stop := context.WithCancel(context.Background())
	var load, follow sync.WaitGroup
	const writers = 16
	written := make([][]eventstore.Event, writers)
	var unknown, away, total atomic.Int64
	for w := range writers {
		load.Go(func() {
			expected := eventstore.NoStream
			for ctx.Err() == nil {
				batch := someEvents(1+len(written[w])%3, 100)
				for {
					// Some have a deadline that an outage outlasts.
					deadline, cancel := context.WithTimeout(context.Background(), time.Duration(100+w*500)*time.Millisecond)
					done, err := s.Append(deadline, fmt.Sprint("s", w), expected, batch)
					cancel()
					var outcome *eventstore.OutcomeUnknown
					var unavailable *eventstore.Unavailable
					switch {
					case errors.As(err, &outcome):
						unknown.Add(1)
						continue
					case errors.As(err, &unavailable), errors.Is(err, context.DeadlineExceeded):
						away.Add(1)
						continue
					case err != nil:
						t.Error(err)
						return
					}
					expected = eventstore.At(done.Revision)
					break
				}
				written[w] = append(written[w], batch...)
				total.Add(int64(len(batch)))
			}
		})
	}
	followed := make([][]eventstore.Recorded, 4)
	followers, stopFollowing := context.WithCancel(context.Background())
	for i := range followed {
		follow.Go(func() {
			for e, err := range s.Subscribe(followers, eventstore.Position{}) {
				if err != nil {
					if !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
					return
				}
				if followed[i] = append(followed[i], e); e.Stream == "last" {
					return
				}
			}
		})
	}
	busy := func() { // until there was progress
		for before := total.Load(); total.Load() < before+100; {
			time.Sleep(time.Millisecond)
		}
	}
	for _, outage := range []time.Duration{100, 100, 100, 100, 100, 3000} {
		busy()
		node.stop()
		time.Sleep(outage * time.Millisecond)
		node.start(t)
		busy()
		p.cut()
	}
	busy()
	stop()
	load.Wait()
	mustAppend(t, s, "last", eventstore.NoStream, someEvents(1, 1))
	time.AfterFunc(20*time.Second, stopFollowing)
	follow.Wait()
	stopFollowing()

	whole := all(t, s)
	at := make([]int, writers)
	for _, e := range whole {
		var w int
		if n, _ := fmt.Sscanf(e.Stream, "s%d", &w); n == 0 {
			continue
		}
		if at[w] == len(written[w]) || e.ID != written[w][at[w]].ID || e.Revision != uint64(at[w]) {
			t.Fatalf("%s@%d is not the event that was written there", e.Stream, e.Revision)
		}
		at[w]++
	}
	for w := range at {
		if at[w] != len(written[w]) {
			t.Errorf("s%d has %d events, %d were written", w, at[w], len(written[w]))
		}
	}
	for i, got := range followed {
		if len(got) != len(whole) {
			t.Errorf("subscription %d got %d events of %d", i, len(got), len(whole))
			continue
		}
		for n := range got {
			if got[n].ID != whole[n].ID || got[n].Position != whole[n].Position {
				t.Fatalf("subscription %d: event %d is %s@%d", i, n, got[n].Stream, got[n].Revision)
			}
		}
	}
	t.Logf("%d events; outcome unknown %d times, away %d times", len(whole), unknown.Load(), away.Load())
}

// within fails if f takes longer than until its deadline, and a little.
func within(t *testing.T, name string, d time.Duration, f func()) {
	t.Helper()
	begun := time.Now()
	f()
	if took := time.Since(begun); took > d+slack {
		t.Errorf("%s took %v, its time was %v", name, took, d)
	}
}

// wantAway checks the error of a call that waited for a store that is away.
func wantAway(t *testing.T, name string, err error, deadline bool) {
	t.Helper()
	var away *eventstore.Unavailable
	if !errors.As(err, &away) || away.Since.IsZero() || away.Cause == nil || errors.Is(err, context.DeadlineExceeded) != deadline {
		t.Errorf("%s: %v", name, err)
	}
}

// The node never comes back. Deadlines hold, calls without one have patience,
// subscriptions wait, and Close does not.
func TestGoneForGood(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	node := serve(t)
	s := mustDial(t, node.connection(), Options{Patience: 400 * time.Millisecond})
	mustAppend(t, s, "s", eventstore.NoStream, someEvents(1, 10))
	node.stop()
	// The first append notices, whatever its answer.
	s.Append(context.Background(), "s", eventstore.Any, someEvents(1, 10))
	if since, cause := s.Away(); since.IsZero() || cause == nil {
		t.Errorf("away since %v: %v", since, cause)
	}
	calls := map[string]func(context.Context) error{
		"append": func(ctx context.Context) error {
			_, err := s.Append(ctx, "s", eventstore.Any, someEvents(1, 10))
			return err
		},
		"stream": func(ctx context.Context) error {
			_, err := collect(s.ReadStream(ctx, "s", 0, eventstore.Forwards))
			return err
		},
		"all": func(ctx context.Context) error {
			_, err := collect(s.ReadAll(ctx, eventstore.End, eventstore.Backwards))
			return err
		},
		"head": func(ctx context.Context) error {
			_, err := s.Head(ctx)
			return err
		},
	}
	for name, call := range calls {
		within(t, name, 400*time.Millisecond, func() { wantAway(t, name, call(context.Background()), false) })
	}
	calls["subscription"] = func(ctx context.Context) error {
		_, err := collect(s.Subscribe(ctx, eventstore.End))
		return err
	}
	for name, call := range calls {
		for _, d := range []time.Duration{20, 600} {
			ctx, cancel := context.WithTimeout(context.Background(), d*time.Millisecond)
			within(t, name, d*time.Millisecond, func() { wantAway(t, name, call(ctx), true) })
			cancel()
		}
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(20*time.Millisecond, cancel)
		within(t, name, 20*time.Millisecond, func() {
			if err := call(ctx); err != context.Canceled {
				t.Errorf("%s: cancelled with %v", name, err)
			}
		})
	}
	var waiting sync.WaitGroup
	for name, call := range calls {
		waiting.Go(func() {
			if err := call(context.Background()); !errors.Is(err, eventstore.ErrClosed) {
				t.Errorf("%s: closed with %v", name, err)
			}
		})
	}
	time.Sleep(20 * time.Millisecond)
	within(t, "close", 0, func() { s.Close() })
	waiting.Wait()
	node.store.Close()
}

// The connection stands but nothing comes through, neither on it nor on a new
// one. Deadlines hold; the first that passes makes the store look for another
// connection; and when there is one all is well.
func TestBlackHole(t *testing.T) {
	node := serve(t)
	p := newProxy(t, node.address)
	s := mustDial(t, p.connection(), Options{})
	mustAppend(t, s, "s", eventstore.NoStream, someEvents(1, 10))
	appendFor := func(d time.Duration) (err error) {
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		within(t, "append", d, func() { _, err = s.Append(ctx, "s", eventstore.Any, someEvents(1, 10)) })
		return err
	}
	p.freeze()
	var unknown *eventstore.OutcomeUnknown
	if err := appendFor(300 * time.Millisecond); !errors.As(err, &unknown) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("sent into a black hole: %v", err)
	}
	if since, _ := s.Away(); !since.IsZero() {
		t.Error("a deadline of 300 ms was enough to take the connection for dead")
	}
	if err := appendFor(silenceSuspected); !errors.As(err, &unknown) {
		t.Errorf("sent into a black hole: %v", err)
	}
	for range 3 {
		wantAway(t, "append", appendFor(50*time.Millisecond), true)
	}
	p.thaw()
	if err := appendFor(10 * time.Second); err != nil {
		t.Errorf("after it: %v", err)
	}
}

// Close does not wait for a store that answers no more, whether it knows so yet
// or not, and with appends under way.
func TestCloseOnABlackHole(t *testing.T) {
	for _, known := range []bool{false, true} {
		node := serve(t)
		p := newProxy(t, node.address)
		s := mustDial(t, p.connection(), Options{})
		mustAppend(t, s, "s", eventstore.NoStream, someEvents(1, 10))
		p.freeze()
		answered := make(chan error, 1)
		go func() {
			_, err := s.Append(context.Background(), "s", eventstore.Any, someEvents(1, 10))
			answered <- err
		}()
		if known {
			ctx, cancel := context.WithTimeout(context.Background(), silenceSuspected)
			_, _ = s.Append(ctx, "s", eventstore.Any, someEvents(1, 10))
			cancel()
		}
		within(t, "close", closePatience+closeGrace, func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		within(t, "the append under way", closeGrace, func() {
			var unknown *eventstore.OutcomeUnknown
			if err := <-answered; !errors.As(err, &unknown) && !errors.Is(err, eventstore.ErrClosed) {
				t.Errorf("an append under way: %v", err)
			}
		})
		p.thaw()
	}
}
