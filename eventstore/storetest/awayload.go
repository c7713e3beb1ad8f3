package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
)

// load is what goes on in several stores while their place goes away: writers,
// those who follow them, and those who look again and again.
type load struct {
	ctx    context.Context
	cancel context.CancelFunc // when it can't go on
	claims claims
	stop   chan struct{} // closed: nobody begins another append

	// allowed counts turns: in each a writer writes so many appends at most.
	// Without that a fast store would have written a million events by the time
	// in which a slow one comes back.
	allowed  meter
	written  meter             // appends in all
	progress map[string]*meter // what was written to each stream

	writing, reading sync.WaitGroup
	followed         []*followed
	last             uuid.UUID // of the event after which nothing comes
}

const eachTurn = 50 // appends of a writer

// awayUnderLoad: whatever an answer said is so in the end, and whoever follows
// gets everything once, while the place is away for these times.
func awayUnderLoad(outages func(Place) []time.Duration) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		stores := w.spare(t, 2)
		last := events("last", 1)
		l := &load{progress: map[string]*meter{}, stop: make(chan struct{}), last: last[0].ID}
		l.ctx, l.cancel = context.WithCancel(w.ctx)
		defer l.reading.Wait()
		defer l.writing.Wait()
		defer l.cancel()
		for _, store := range stores {
			l.follow("a subscription", store, eventstore.Position{})
			l.look(store)
		}
		for i := range 8 {
			l.write(t, stores[i%len(stores)], fmt.Sprint("s", i), i)
		}
		for i := range 4 {
			l.write(t, stores[i%len(stores)], "contested", i)
		}
		l.advance()
		for _, outage := range outages(w.place) {
			somewhere := w.allBack(t)
			begun := l.written.count()
			l.allowed.add(1)
			l.written.wait(l.ctx, begun+10) // so that it is really under load
			w.away()
			for _, store := range stores { // from the start, and from the middle
				l.follow("a subscription that began while away", store, eventstore.Position{})
				l.follow("a subscription that resumed while away", store, somewhere[len(somewhere)/2].Position)
			}
			select {
			case <-time.After(outage):
			case <-l.ctx.Done():
			}
			w.back()
			if !l.advance() {
				t.Error("not every stream grew after the place was back")
			}
		}
		close(l.stop)
		l.allowed.add(1)
		l.writing.Wait()
		w.appendBack(t, "last", eventstore.NoStream, last)
		l.reading.Wait()
		all := w.allBack(t)
		l.claims.check(t, all, "last")
		for _, f := range l.followed {
			want := behind(all, f.after)
			if f.err != nil {
				t.Errorf("%s: %v after %d events", f.how, f.err, len(f.got))
			} else if why := differ(f.got, want, eventstore.Forwards); why != "" || len(f.got) < len(want) {
				t.Errorf("%s gave %d of %d events: %s", f.how, len(f.got), len(want), why)
			}
		}
		t.Logf("%d appends were written, %d were not", len(l.claims.there), len(l.claims.absent))
	}
}

// write appends to a stream until the load stops; n numbers those who do so.
func (l *load) write(t *testing.T, store eventstore.Store, stream string, n int) {
	if l.progress[stream] == nil {
		l.progress[stream] = new(meter)
	}
	got := l.progress[stream]
	l.writing.Go(func() {
		expected, own := eventstore.NoStream, 0
		for i := 0; ; i++ {
			l.allowed.wait(l.ctx, 1+own/eachTurn)
			select {
			case <-l.stop:
				return
			default:
			}
			one := claim{stream: stream, expected: expected, events: events(fmt.Sprintf("%s-%d-%d", stream, n, i), 3)}
			one.sendUntilKnown(l.ctx, store, func(ctx context.Context) (context.Context, context.CancelFunc) {
				switch i % 3 {
				case 1:
					return context.WithTimeout(ctx, shortLife)
				case 2:
					return cancelledAfter(ctx, shortLife)
				}
				return context.WithCancel(ctx)
			})
			var wrong *eventstore.WrongRevision
			switch o := l.claims.note(t, one); {
			case o == written:
				expected = eventstore.At(one.done.Revision)
				own++
				l.written.add(1)
				got.add(1)
			case o == refused && stream == "contested" && errors.As(one.err, &wrong):
				expected = wrong.Actual
			case o == notSent && rest(l.ctx): // away: another one then
			default:
				t.Errorf("append to %q at %s: %v", stream, expected, one.err)
				l.cancel()
				return
			}
		}
	})
}

// advance gives the writers another turn and waits until each stream has grown.
func (l *load) advance() bool {
	const by = 3 // appends; less than a turn
	want := map[*meter]int{}
	for _, m := range l.progress {
		want[m] = m.count() + by
	}
	l.allowed.add(1)
	for m, n := range want {
		if !m.wait(l.ctx, n) {
			return false
		}
	}
	return true
}

// follow subscribes, up to the last event.
func (l *load) follow(how string, store eventstore.Store, after eventstore.Position) {
	f := &followed{how: how, after: after}
	l.followed = append(l.followed, f)
	l.reading.Go(func() { f.got, f.err = follow(l.ctx, store, after, l.last) })
}

// look reads what is new, again and again, up to the last event.
func (l *load) look(store eventstore.Store) {
	f := &followed{how: "reading on and on"}
	l.followed = append(l.followed, f)
	l.reading.Go(func() {
		var seen eventstore.Position
		for {
			var got []eventstore.Recorded
			got, f.err = try(store.ReadAll(l.ctx, seen, eventstore.Forwards), -1)
			f.got = append(f.got, got...)
			if len(got) > 0 {
				seen = got[len(got)-1].Position
			}
			var gone *eventstore.Unavailable
			if errors.As(f.err, &gone) {
				f.err = nil // what came before it is good
			}
			if f.err != nil || len(f.got) > 0 && f.got[len(f.got)-1].ID == l.last {
				return
			}
			rest(l.ctx)
		}
	})
}

// awaySameAtOnce: the same append comes from many, some of whose answers are
// lost. It has one effect, and all learn of it.
func awaySameAtOnce(t *testing.T, w *world) {
	stores := w.spare(t, 2)
	expected := eventstore.NoStream
	var given []eventstore.Event
	for round := range 8 {
		same := bulk(fmt.Sprint(round), 3, 50_000) // which takes a moment
		given = append(given, same...)
		var answered meter
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				defer answered.add(1)
				one := claim{stream: "s", expected: expected, events: same}
				one.deliver(w.ctx, stores[i%len(stores)])
				if want := uint64(round*3 + 2); one.err != nil || one.done.Revision != want {
					t.Errorf("round %d: %+v, %v, want revision %d", round, one.done, one.err, want)
				}
			})
		}
		answered.wait(w.ctx, round%4) // none at first
		w.away()
		if round%2 == 1 {
			rest(w.ctx)
		}
		w.back()
		wg.Wait()
		expected = eventstore.At(uint64(round*3 + 2))
	}
	sameEvents(t, w.stream(t, "s"), "s", 0, given)
}
