package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/node"
	"reliefledger.org/ledger/eventstore/vault"
	"reliefledger.org/ledger/projections"
)

// A place is a node that can go away, as if it were killed, and come back at
// the same address with the same events.
type place struct {
	t       *testing.T
	events  *embedded.Store
	address string

	node   *node.Server
	served chan error
}

func newPlace(t *testing.T) *place {
	events, err := embedded.Create("/events", embedded.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { events.Close() })
	p := &place{t: t, events: events, address: "127.0.0.1:0"}
	p.back()
	t.Cleanup(p.away)
	return p
}

func (p *place) back() {
	l, err := net.Listen("tcp", p.address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.address = l.Addr().String()
	p.node, p.served = node.New(p.events, node.Options{Anonymous: node.Write}), make(chan error, 1)
	go func(n *node.Server, served chan error) { served <- n.Serve(l) }(p.node, p.served)
}

func (p *place) away() {
	if p.node == nil {
		return
	}
	now, cancel := context.WithCancel(context.Background())
	cancel()
	p.node.Stop(now)
	if err := <-p.served; err != nil {
		p.t.Error(err)
	}
	p.node = nil
}

// The store goes away under load, and comes back: each command is answered in
// its time, by what became of it or by an error that says whether to send it
// again; sent again it has one effect; books go on by themselves.
func TestStoreGoesAwayUnderLoad(t *testing.T) {
	for _, gone := range []time.Duration{100 * time.Millisecond, 60 * time.Second} {
		t.Run(gone.String(), func(t *testing.T) {
			if testing.Short() && gone > time.Second {
				t.Skip("a minute is long")
			}
			t.Parallel()
			goesAway(t, gone)
		})
	}
}

func goesAway(t *testing.T, gone time.Duration) {
	const (
		officers = 16
		deadline = 3 * time.Second
		slack    = 5 * time.Second // of a busy machine
	)
	ctx, cancel := context.WithTimeout(t.Context(), gone+time.Minute)
	defer cancel()
	p := newPlace(t)
	where, wrapping, key := filepath.Join(t.TempDir(), "vault.db"), filepath.Join(t.TempDir(), "key"), vault.NewWrappingKey()
	if err := key.WriteFile(wrapping); err != nil {
		t.Fatal(err)
	}
	v, err := vault.Create(where, county, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := openServer(ctx, "esdb://"+p.address+"?tls=false", where, wrapping)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := found(ctx, s); err != nil {
		t.Fatal(err)
	}
	books, err := projections.Follow(ctx, s.store)
	if err != nil {
		t.Fatal(err)
	}
	defer books.Close()

	var stop atomic.Bool
	var done, later, again atomic.Int64
	var wg sync.WaitGroup
	commands := make([]int, officers) // that each officer got through
	for k := range officers {
		wg.Go(func() {
			for !stop.Load() {
				o := order(fmt.Sprintf("unit %d %d", k, commands[k]), "registrar 1", &domain.RegisterUnit{Parent: thing("open", "unit"), Name: fmt.Sprintf("村%d-%d", k, commands[k]), Division: "410527"})
				for {
					call, cancel := context.WithTimeout(ctx, deadline)
					begun := time.Now()
					_, err := s.Do(call, o, officer("registrar 1"))
					cancel()
					if took := time.Since(begun); took > deadline+slack {
						t.Errorf("a command with a deadline of %v took %v", deadline, took)
					}
					var unknown *eventstore.OutcomeUnknown
					var away *eventstore.Unavailable
					switch {
					case err == nil:
					case errors.As(err, &unknown):
						again.Add(1)
						continue
					case errors.As(err, &away), errors.Is(err, context.DeadlineExceeded):
						later.Add(1)
						continue
					default:
						t.Error(err)
						return
					}
					break
				}
				commands[k]++
				done.Add(1)
			}
		})
	}
	reached := func(n int64) {
		for done.Load() < n && ctx.Err() == nil && !t.Failed() {
			time.Sleep(time.Millisecond)
		}
	}
	reached(100)
	p.away()
	time.Sleep(gone) // the time that it is away is what is tested
	if gone > time.Second {
		if since := books.Progress().Away; since.IsZero() {
			t.Error("the books do not say that the store is away")
		}
	}
	p.back()
	reached(done.Load() + 100)
	stop.Store(true)
	wg.Wait()
	if ctx.Err() != nil {
		t.Fatal("it did not go on after the store was back")
	}
	t.Logf("%d commands; %d were answered later, %d sent again", done.Load(), later.Load(), again.Load())

	_, head := p.events.Head()
	if err := books.View(ctx, head, func(b *projections.Books) {
		want := 1 // the root
		for _, n := range commands {
			want += n
		}
		if n := len(b.State.Units); n != want || len(b.State.Unfolded) > 0 {
			t.Errorf("%d units, want %d; not folded %v", n, want, b.State.Unfolded)
		}
	}); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for e, err := range p.events.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Type == "UnitRegistered" {
			if seen[e.Stream] {
				t.Errorf("%s was registered twice", e.Stream)
			}
			seen[e.Stream] = true
		}
	}
}
