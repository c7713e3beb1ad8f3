package projections

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/embedded"
)

// Books that follow a store show what was written before an answer was given,
// and are those of a fresh read.
func TestLive(t *testing.T) {
	ctx := context.Background()
	store, err := embedded.Create("/l", embedded.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	live, err := Follow(ctx, store)
	if err != nil {
		t.Fatal(err)
	}
	unit := uuid.New()
	for i := range 200 {
		e, err := codec.Encode(uuid.New(), &domain.UnitRegistered{Unit: unit, Name: "县"}, domain.Metadata{Schema: codec.Schema}, "")
		if err != nil {
			t.Fatal(err)
		}
		done, err := store.Append(ctx, domain.Stream(domain.UnitKind, unit), eventstore.Any, []eventstore.Event{e})
		if err != nil {
			t.Fatal(err)
		}
		if err := live.View(ctx, done.Position, func(b *Books) {
			if b.Len() != i+1 || b.UnitName(unit) != "县" {
				t.Errorf("%d events after writing %d", b.Len(), i+1)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := live.Close(); err != nil {
		t.Fatal(err)
	}
	if err := live.View(ctx, eventstore.NewPosition(1000, 1000), func(*Books) {}); err == nil {
		t.Error("waited for an event that nobody writes any more")
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// While officers allocate money and processes carry that on, no reader ever sees
// any of it in transit, and each who waits for an own command finds it done.
func TestLiveNeverShowsHalfACommand(t *testing.T) {
	const readers, allocations = 16, 150
	ctx := t.Context()
	store, err := embedded.Create("/l", embedded.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	live, err := follow(ctx, store, "", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	whole := func(b *Books) {
		for _, r := range b.Balances(ByLedger) {
			if r.Transit != 0 || !r.Balanced() || b.Half() || b.Moment().Half {
				t.Errorf("half a command is seen: %+v", r)
			}
		}
		for range b.State.Unfinished() {
			t.Error("something is unfinished")
		}
	}
	h := newHistory(t, store)
	o := h.found()
	writing, done := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			last := 0
			for ; writing.Err() == nil; runtime.Gosched() {
				if err := live.View(ctx, eventstore.Position{}, func(b *Books) {
					whole(b)
					if b.Len() < last {
						t.Errorf("%d events after %d", b.Len(), last)
					}
					last = b.Len()
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range allocations {
		if _, ok := h.begin(o.accountant, &domain.Allocate{From: domain.From{Fund: o.funds[i%2]}, Unit: o.unit, Programme: o.programme, Purpose: "x", Amount: 1}); !ok {
			t.Fatal("refused")
		}
		for h.carryOn(1) {
		}
		_, head := store.Head()
		if err := live.View(ctx, head, func(b *Books) {
			whole(b)
			if n := len(b.State.Allocations); n != i+1 {
				t.Errorf("%d allocations after %d", n, i+1)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	done()
	wg.Wait()
}

// A reader waits for the rest of a command, as long as the context and no longer
// than the patience, and then sees what is there, with its note.
func TestLiveShowsHalfACommandInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		store, h, o, live := followed(t)
		began := time.Now()
		after := func(want time.Duration, see func(*Books)) {
			t.Helper()
			if err := live.View(ctx, eventstore.Position{}, see); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took != want {
				t.Errorf("seen after %v, want %v", took, want)
			}
		}
		allocate := func() {
			if _, ok := h.begin(o.accountant, &domain.Allocate{From: domain.From{Fund: o.funds[0]}, Unit: o.unit, Programme: o.programme, Purpose: "x", Amount: 100}); !ok {
				t.Fatal("refused")
			}
			synctest.Wait() // until it is folded
		}
		half := func(transit int64) func(*Books) {
			return func(b *Books) {
				if r := b.Balances(ByLedger)[0]; r.Transit != transit || !b.Half() || !b.Moment().Half {
					t.Errorf("half %v, %d in transit", b.Half(), r.Transit)
				}
			}
		}
		whole := func(b *Books) {
			if r := b.Balances(ByLedger)[0]; r.Transit != 0 || b.Half() {
				t.Errorf("half %v, %d in transit", b.Half(), r.Transit)
			}
		}
		after(0, whole)
		allocate()
		if p := live.Progress(); !p.Half || p.Events != uint64(len(store.events)) {
			t.Errorf("%+v", p)
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if err := live.View(short, eventstore.Position{}, whole); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a reader who waits got %v", err)
		}
		after(halfPatience, half(100))
		after(halfPatience, half(100)) // and each later one at once

		// The next command is waited for again.
		allocate()
		var late sync.WaitGroup
		carryOnLate := func() { time.Sleep(time.Second); h.carryOn(0) }
		late.Go(carryOnLate) // the first: the second is still half there
		after(2*halfPatience, half(100))
		late.Wait()
		h.carryOn(0)
		synctest.Wait()
		after(2*halfPatience, whole)

		// A list whose writer was killed is waited for once. Later commands are
		// seen as soon as they are whole, and not before.
		h.list(o)
		synctest.Wait()
		after(3*halfPatience, half(0))
		allocate()
		late.Go(carryOnLate)
		after(3*halfPatience+time.Second, half(0))
		late.Wait()
	})
}

// list enters a list and is killed after its first part.
func (h *history) list(o office) {
	s := h.appoint(o)
	_, notice := h.notice(o, s, domain.LinesInPart+1)
	rows := lines(h.party(o, s), domain.LinesInPart+1)
	h.parts = 1
	if _, ok := h.begin(s.drafter, &domain.AddLines{Notice: notice, Rows: rows}); !ok {
		h.t.Fatal("the list was refused")
	}
	h.parts = 0
}

// Where commands of many writers are half there without a pause, each for a
// moment, nobody waits longer than the patience.
func TestLiveUnderManyWriters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		_, h, o, live := followed(t)
		writing, done := context.WithCancel(ctx)
		var wg sync.WaitGroup
		wg.Go(func() {
			for n := 0; writing.Err() == nil; n++ {
				h.begin(o.accountant, &domain.Allocate{From: domain.From{Fund: o.funds[0]}, Unit: o.unit, Programme: o.programme, Purpose: "x", Amount: 1})
				if n > 0 {
					h.carryOn(0) // the one before
				}
				time.Sleep(100 * time.Millisecond)
			}
		})
		for range 3 {
			time.Sleep(time.Minute)
			began := time.Now()
			if err := live.View(ctx, eventstore.Position{}, func(b *Books) {
				if !b.Half() {
					t.Error("it is seen whole")
				}
			}); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > halfPatience {
				t.Errorf("seen after %v", took)
			}
		}
		done()
		wg.Wait()
	})
}

// A reader who stays keeps no other reader waiting, also where one reads within
// another reading, and what is new comes when that reader has left.
func TestLiveWhileAReaderStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		store, h, o, live := followed(t)
		leave := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := live.View(ctx, eventstore.Position{}, func(b *Books) {
				n := b.Len()
				<-leave
				if b.Len() != n {
					t.Error("books moved while they were read")
				}
			}); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		before := len(store.events)
		h.must(o.accountant, &domain.ReceiveFunds{Fund: o.funds[0], Source: domain.Source{Kind: domain.Treasury, Name: "来源0"}, Amount: 1})
		synctest.Wait()
		began := time.Now()
		for range 100 {
			if err := live.View(ctx, eventstore.Position{}, func(b *Books) {
				if b.Len() != before {
					t.Errorf("%d events", b.Len())
				}
				if err := live.View(ctx, eventstore.Position{}, func(*Books) {}); err != nil {
					t.Error(err)
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took > firstClaim {
			t.Errorf("100 readers waited %v for one who stays", took)
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if err := live.View(short, store.head(), func(*Books) { t.Error("seen while it is read") }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who waits for what is new got %v", err)
		}
		close(leave)
		wg.Wait()
		if err := live.View(ctx, store.head(), func(b *Books) {
			if b.Len() != len(store.events) {
				t.Errorf("%d events", b.Len())
			}
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// followed is an office whose history live books follow.
func followed(t *testing.T) (*feed, *history, office, *Live) {
	store, h, o := founded(t)
	live, err := Follow(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { live.Close() })
	return store, h, o, live
}

// feed is a store in memory, of which a test knows when all is read.
type feed struct {
	mu     sync.Mutex
	events []eventstore.Recorded
	grown  chan struct{}
}

func (f *feed) Append(_ context.Context, stream string, expected eventstore.Expected, events []eventstore.Event) (eventstore.Appended, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	revision, begun := expected.Revision()
	if begun {
		revision++
	}
	for i, e := range events {
		n := uint64(len(f.events)) + 1
		f.events = append(f.events, eventstore.Recorded{Event: e, Stream: stream, Revision: revision + uint64(i), Position: eventstore.NewPosition(n, n)})
	}
	close(f.grown)
	f.grown = make(chan struct{})
	last := f.events[len(f.events)-1]
	return eventstore.Appended{Revision: last.Revision, Position: last.Position}, nil
}

func (f *feed) head() eventstore.Position {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.events[len(f.events)-1].Position
}

func (f *feed) ReadStream(context.Context, string, uint64, eventstore.Direction) iter.Seq2[eventstore.Recorded, error] {
	panic("books read no stream")
}

func (f *feed) ReadAll(ctx context.Context, from eventstore.Position, _ eventstore.Direction) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		f.mu.Lock()
		events := f.events
		f.mu.Unlock()
		for _, e := range events {
			if e.Position.Compare(from) > 0 && !yield(e, nil) {
				return
			}
		}
	}
}

func (f *feed) Subscribe(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		for n, _ := after.Pair(); ; {
			f.mu.Lock()
			events, grown := f.events[n:], f.grown
			f.mu.Unlock()
			for _, e := range events {
				if !yield(e, nil) {
					return
				}
				n++
			}
			select {
			case <-grown:
			case <-ctx.Done():
				yield(eventstore.Recorded{}, ctx.Err())
				return
			}
		}
	}
}

func (f *feed) Close() error { return nil }
