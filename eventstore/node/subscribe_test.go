package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"reliefledger.org/ledger/eventstore"
)

func TestSubscribe(t *testing.T) {
	u := func(n uint64) *uint64 { return &n }
	// Positions: a0 1, a1 2, b0 3, a2 4; and then, while it is open, b1 5, a3 6.
	for _, c := range []struct {
		name         string
		ask          option
		before, then string
	}{
		{"all from the start", all(nil), "a0 a1 b0 a2, caught up", "b1 a3"},
		{"all after a position", all(u(2)), "b0 a2, caught up", "b1 a3"},
		{"all after zero", all(u(0)), "a0 a1 b0 a2, caught up", "b1 a3"},
		{"all after the last position", all(u(4)), "caught up", "b1 a3"},
		{"all from the end", allEnd, "caught up", "b1 a3"},
		{"a stream from the start", one("a", nil), "a0 a1 a2, caught up", "a3"},
		{"a stream after a revision", one("a", u(0)), "a1 a2, caught up", "a3"},
		{"a stream after its last revision", one("a", u(2)), "caught up", "a3"},
		{"a stream from its end", oneEnd("a"), "caught up", "a3"},
		{"a stream after a revision to come", one("b", u(0)), "caught up", "b1"},
		{"a stream that isn't there yet", one("b", nil), "b0, caught up", "b1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, Options{})
			s.fill(t, "a", 0, 2)
			s.fill(t, "b", 0, 1)
			s.fill(t, "a", 2, 1)
			r, err := s.raw.Read(deadline(t), ask(c.ask, subscribing))
			if err != nil {
				t.Fatal(err)
			}
			expect(t, r, "confirmed")
			for what := range strings.SplitSeq(c.before, ", ") {
				if what == "caught up" {
					expect(t, r, what)
				} else {
					expect(t, r, strings.Fields(what)...)
				}
			}
			s.fill(t, "b", 1, 1)
			s.fill(t, "a", 3, 1)
			expect(t, r, strings.Fields(c.then)...)
		})
	}
}

func TestSubscribeToWhatIsNotThere(t *testing.T) {
	s := serve(t, Options{})
	for _, o := range []option{all(nil), allEnd, one("a", nil), oneEnd("a"), one("$$a", nil)} {
		r, err := s.raw.Read(deadline(t), ask(o, subscribing))
		if err != nil {
			t.Fatal(err)
		}
		expect(t, r, "confirmed", "caught up")
	}
	r, err := s.raw.Read(deadline(t), ask(oneEnd("a"), subscribing))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, r, "confirmed", "caught up")
	s.fill(t, "a", 0, 1)
	expect(t, r, "a0")
}

// TestCheckpoints: one for each window x multiplier of considered events, and
// one before catching up, so that a filter that leaves out everything can be
// resumed all the same.
func TestCheckpoints(t *testing.T) {
	s := serve(t, Options{})
	s.fill(t, "a", 0, 5) // positions 1 to 5
	s.fill(t, "b", 0, 1)
	s.fill(t, "a", 5, 4) // to 10
	r, err := s.raw.Read(deadline(t), ask(all(nil), subscribing, filtered(false, "", []string{"b"}, 2, 2)))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, r, "confirmed", "checkpoint 4", "b0", "checkpoint 8", "checkpoint 10", "caught up")
	s.fill(t, "a", 9, 6) // to 16
	expect(t, r, "checkpoint 12", "checkpoint 16")
	s.fill(t, "b", 1, 1)
	expect(t, r, "b1")

	from := uint64(8)
	r, err = s.raw.Read(deadline(t), ask(all(&from), subscribing, filtered(true, "^Never", nil, 100, 1)))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, r, "confirmed", "checkpoint 17", "caught up")

	r, err = s.raw.Read(deadline(t), ask(all(nil), subscribing, filtered(true, "^Never", nil, 0, 1)))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, r, "confirmed", "checkpoint 17", "caught up") // the window is 32
	s.fill(t, "a", 15, 20)
	expect(t, r, "checkpoint 32")

	r, err = s.raw.Read(deadline(t), ask(allEnd, subscribing, filtered(true, "^Never", nil, 1, 3)))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, r, "confirmed", "caught up") // nothing was considered
	s.fill(t, "a", 35, 3)
	expect(t, r, "checkpoint 40")
}

// TestFallingBehind: who has not read for a while is told again when he has
// caught up.
func TestFallingBehind(t *testing.T) {
	s := serve(t, Options{}, func(l *limits) { l.behind = 3 })
	r, err := s.raw.Read(deadline(t), ask(all(nil), subscribing))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, r, "confirmed", "caught up")
	var many []eventstore.Event
	for i := range 10 {
		many = append(many, event(fmt.Sprint("a", i)))
	}
	if _, err := s.store.Append(t.Context(), "a", eventstore.NoStream, many); err != nil {
		t.Fatal(err)
	}
	expect(t, r, "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "caught up")
	s.fill(t, "a", 10, 2)
	expect(t, r, "a10", "a11")
}

func TestClientSubscribes(t *testing.T) {
	s := serve(t, Options{})
	client, ctx := s.plain(t), deadline(t)
	s.fill(t, "a", 0, 3)
	next := func(sub *esdb.Subscription) string {
		e := sub.Recv()
		switch {
		case e.EventAppeared != nil:
			return string(e.EventAppeared.OriginalEvent().Data)
		case e.CheckPointReached != nil:
			return fmt.Sprint("checkpoint ", e.CheckPointReached.Commit)
		case e.CaughtUp != nil:
			return "caught up"
		}
		return fmt.Sprint("dropped: ", e.SubscriptionDropped.Error)
	}
	take := func(sub *esdb.Subscription, n int) (out []string) {
		for range n {
			out = append(out, next(sub))
		}
		return out
	}
	stream, err := client.SubscribeToStream(ctx, "a", esdb.SubscribeToStreamOptions{From: esdb.Revision(0)})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	equal(t, "stream", take(stream, 3), []string{"a1", "a2", "caught up"})
	every, err := client.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{From: esdb.Position{Commit: 2, Prepare: 2}})
	if err != nil {
		t.Fatal(err)
	}
	defer every.Close()
	equal(t, "all", take(every, 2), []string{"a2", "caught up"})
	some, err := client.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{From: esdb.Start{}, Filter: esdb.ExcludeSystemEventsFilter()})
	if err != nil {
		t.Fatal(err)
	}
	defer some.Close()
	equal(t, "filtered", take(some, 5), []string{"a0", "a1", "a2", "checkpoint 3", "caught up"})
	s.fill(t, "a", 3, 1)
	for _, sub := range []*esdb.Subscription{stream, every, some} {
		equal(t, "live", take(sub, 1), []string{"a3"})
	}
	if _, err := client.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{
		From: esdb.Start{}, Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Regex: "(?=a)"},
	}); err == nil || !strings.Contains(err.Error(), "RE2") {
		t.Errorf("a pattern of .NET: got %v", err)
	}
}

// TestNoGapNoDouble subscribes while others write, many times over.
func TestNoGapNoDouble(t *testing.T) {
	s := serve(t, Options{})
	ctx, cancel := context.WithCancel(deadline(t))
	written := make(chan int)
	go func() {
		n := 0
		for ; ctx.Err() == nil; n++ {
			if _, err := s.store.Append(ctx, "a", eventstore.Any, []eventstore.Event{event(fmt.Sprint("a", n))}); err != nil {
				break
			}
			if _, err := s.store.Append(ctx, "b", eventstore.Any, []eventstore.Event{event(fmt.Sprint("b", n))}); err != nil {
				break
			}
		}
		written <- n
	}()
	for i := range 20 {
		r, err := s.raw.Read(ctx, ask(one("a", nil), subscribing))
		if err != nil {
			t.Fatal(err)
		}
		expect(t, r, "confirmed")
		for want := 0; want < 50*(i+1); {
			m, err := r.Recv()
			if err != nil {
				t.Fatal(err)
			}
			if m.GetEvent() == nil {
				continue
			}
			if got := m.GetEvent().GetEvent().GetStreamRevision(); got != uint64(want) {
				t.Fatalf("subscription %d: got revision %d, want %d", i, got, want)
			}
			want++
		}
	}
	cancel()
	<-written
}

// warnings is a log that tells of its lines.
type warnings struct {
	slog.Handler
	lines chan string
}

func (w warnings) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool { line += fmt.Sprint(" ", a.Key, "=", a.Value); return true })
	w.lines <- line
	return nil
}

func warned() (*slog.Logger, chan string) {
	w := warnings{slog.NewTextHandler(nil, nil), make(chan string, 100)}
	return slog.New(w), w.lines
}

func TestSlowReader(t *testing.T) {
	for name, o := range map[string]option{"read": func(*streams.ReadReq_Options) {}, "subscription": subscribing} {
		t.Run(name, func(t *testing.T) {
			log, lines := warned()
			reg := prometheus.NewRegistry()
			s := serve(t, Options{Log: log, Metrics: NewMetrics(reg)}, func(l *limits) { l.slowReader = 100 * time.Millisecond })
			const n = 60
			for range n {
				e := eventstore.Event{ID: uuid.New(), Type: "T", Data: make([]byte, 100_000)}
				if _, err := s.store.Append(t.Context(), "a", eventstore.Any, []eventstore.Event{e}); err != nil {
					t.Fatal(err)
				}
			}
			r, err := s.raw.Read(deadline(t), ask(all(nil), o))
			if err != nil {
				t.Fatal(err)
			}
			select {
			case line := <-lines:
				if !strings.Contains(line, "took nothing") {
					t.Errorf("log: %s", line)
				}
			case <-deadline(t).Done():
				t.Fatal("the slow reader was not dropped")
			}
			// It held up nobody, and if it wakes it finds out.
			if _, _, err := s.append(t, appending("b", eventstore.NoStream), proposing(event("b0"))); err != nil {
				t.Error(err)
			}
			got, err := ended(t, r, nil)
			if status.Code(err) != codes.Aborted || !strings.Contains(err.Error(), "Consumer too slow") || len(got) >= n {
				t.Errorf("got %d, %v", len(got), err)
			}
			if v := gathered(t, reg, "reliefledger_node_slow_readers_dropped_total"); v != 1 {
				t.Errorf("%v slow readers counted", v)
			}
		})
	}
}

// gathered sums a metric over the labels that have these values.
func gathered(t *testing.T, reg *prometheus.Registry, name string, labels ...string) (sum float64) {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			var have []string
			for _, l := range m.GetLabel() {
				have = append(have, l.GetValue())
			}
			if slices.ContainsFunc(labels, func(l string) bool { return !slices.Contains(have, l) }) {
				continue
			}
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return sum
}

func TestSubscriptionEndsWithItsReader(t *testing.T) {
	reg := prometheus.NewRegistry()
	s := serve(t, Options{Metrics: NewMetrics(reg)})
	ctx, cancel := context.WithCancel(deadline(t))
	r, err := s.raw.Read(ctx, ask(all(nil), subscribing))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, r, "confirmed", "caught up")
	if v := gathered(t, reg, "reliefledger_node_subscriptions"); v != 1 {
		t.Errorf("%v subscriptions counted", v)
	}
	cancel()
	if _, err := r.Recv(); !errors.Is(err, context.Canceled) && status.Code(err) != codes.Canceled {
		t.Errorf("got %v", err)
	}
	s.Stop(deadline(t)) // waits for the handler
	if v := gathered(t, reg, "reliefledger_node_subscriptions"); v != 0 {
		t.Errorf("%v subscriptions counted", v)
	}
}
