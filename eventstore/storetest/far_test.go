package storetest

import (
	"context"
	"errors"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
)

// The suite passes on a place that goes away. What the tests of mutants show is
// that it does not pass on one that is wrong.
func TestFarPlace(t *testing.T) {
	RunPlace(t, func(t *testing.T) Place { return newFar(t, flaw{}).place() })
}

func inMemory(t *testing.T) *embedded.Store {
	t.Helper()
	s, err := embedded.Create("/x", embedded.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// far is an event store at the other end of a wire that can be cut.
type far struct {
	events *embedded.Store
	flaw   flaw

	mu   sync.Mutex
	wire *wire
}

// wire is a connection between two cuts.
type wire struct {
	cut  chan struct{} // closed when it is cut
	back chan struct{} // closed when the next one is there
	next *wire         // set before back is closed
}

func newWire() *wire { return &wire{cut: make(chan struct{}), back: make(chan struct{})} }

func (w *wire) isCut() bool {
	select {
	case <-w.cut:
		return true
	default:
		return false
	}
}

func newFar(t *testing.T, flaw flaw) *far {
	f := &far{events: inMemory(t), flaw: flaw, wire: newWire()}
	t.Cleanup(func() {
		if err := f.events.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *far) place() Place {
	return Place{
		Open: func(*testing.T) eventstore.Store {
			f.mu.Lock()
			defer f.mu.Unlock()
			c := &client{far: f, closing: make(chan struct{}), wire: f.wire}
			if wraps := f.flaw.wraps; wraps != nil {
				return wraps(c)
			}
			return c
		},
		Away: func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			close(f.wire.cut)
		},
		Back: func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			old := f.wire
			f.wire = newWire()
			old.next = f.wire
			close(old.back)
		},
		Outage: 300 * time.Millisecond,
	}
}

// client is a store on a far place.
type client struct {
	far     *far
	closing chan struct{}
	once    sync.Once

	mu   sync.Mutex
	wire *wire
}

// waitsFor is how long a client waits for the place, where nobody says less.
const waitsFor = 100 * time.Millisecond

// connected gives the wire, once it is there. Within zero is without limit.
func (c *client) connected(ctx context.Context, within time.Duration) (*wire, error) {
	var late <-chan time.Time
	if within > 0 {
		late = time.After(within)
	}
	c.mu.Lock()
	w := c.wire
	c.mu.Unlock()
	done := ctx.Done()
	if c.far.flaw.deafToContexts {
		done, late = nil, nil
	}
	for w.isCut() {
		back := w.back
		if c.far.flaw.deadAfterCut {
			back = nil
		}
		select {
		case <-back:
			w = w.next
		case <-c.closing:
			return nil, eventstore.ErrClosed
		case <-done:
			return nil, ctx.Err()
		case <-late:
			return nil, &eventstore.Unavailable{Store: "far", Cause: errors.New("the wire is cut")}
		}
	}
	c.mu.Lock()
	c.wire = w
	c.mu.Unlock()
	return w, c.ended(ctx)
}

func (c *client) ended(ctx context.Context) error {
	select {
	case <-c.closing:
		return eventstore.ErrClosed
	default:
		return ctx.Err()
	}
}

func (c *client) Append(ctx context.Context, stream string, expected eventstore.Expected, events []eventstore.Event) (eventstore.Appended, error) {
	if err := c.ended(ctx); err != nil {
		return eventstore.Appended{}, err
	}
	if err := eventstore.CheckAppend(stream, events); err != nil && !c.far.flaw.checksLate {
		return eventstore.Appended{}, err
	}
	w, err := c.connected(ctx, waitsFor)
	if err != nil {
		return eventstore.Appended{}, err
	}
	type answer struct {
		done eventstore.Appended
		err  error
	}
	answered := make(chan answer, 1)
	sent := cloned(events)
	go func() {
		done, err := c.far.events.Append(context.Background(), stream, expected, sent)
		answered <- answer{done, err}
	}()
	lost := func(cause error) (eventstore.Appended, error) {
		if wrong := c.far.flaw.lost; wrong != nil {
			return wrong(ctx, c, stream, expected, events)
		}
		return eventstore.Appended{}, &eventstore.OutcomeUnknown{Cause: cause}
	}
	select {
	case a := <-answered:
		if w.isCut() {
			return lost(errors.New("the answer was lost"))
		}
		return a.done, a.err
	case <-w.cut:
		return lost(errors.New("the wire was cut"))
	case <-c.closing:
		return lost(eventstore.ErrClosed)
	case <-ctx.Done():
		return eventstore.Appended{}, &eventstore.OutcomeUnknown{Cause: ctx.Err()}
	}
}

// read passes a read on as long as the wire holds.
func (c *client) read(ctx context.Context, inner func(context.Context) iter.Seq2[eventstore.Recorded, error]) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		w, err := c.connected(ctx, waitsFor)
		if err != nil {
			yield(eventstore.Recorded{}, err)
			return
		}
		for e, err := range inner(ctx) {
			ended := c.ended(ctx)
			switch {
			case err != nil:
				ended = err
			case ended == nil && w.isCut():
				if c.far.flaw.endsReadsSilently {
					return
				}
				ended = &eventstore.Unavailable{Store: "far", Cause: errors.New("the wire was cut")}
			}
			if ended != nil {
				yield(eventstore.Recorded{}, ended)
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (c *client) ReadStream(ctx context.Context, stream string, from uint64, dir eventstore.Direction) iter.Seq2[eventstore.Recorded, error] {
	return c.read(ctx, func(ctx context.Context) iter.Seq2[eventstore.Recorded, error] {
		return c.far.events.ReadStream(ctx, stream, from, dir)
	})
}

func (c *client) ReadAll(ctx context.Context, from eventstore.Position, dir eventstore.Direction) iter.Seq2[eventstore.Recorded, error] {
	return c.read(ctx, func(ctx context.Context) iter.Seq2[eventstore.Recorded, error] {
		return c.far.events.ReadAll(ctx, from, dir)
	})
}

func (c *client) Subscribe(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		for first := true; ; first = false {
			w, err := c.connected(ctx, c.far.flaw.subscriptionPatience)
			if err != nil {
				yield(eventstore.Recorded{}, err)
				return
			}
			if after == eventstore.End {
				_, after = c.far.events.Head()
			}
			if wrong := c.far.flaw.resumes; wrong != nil && !first {
				after = wrong(c.far, after)
			}
			// The subscription ends with the wire, and the call with the client.
			wired, unplug := context.WithCancel(ctx)
			stop := make(chan struct{})
			go func() {
				select {
				case <-w.cut:
				case <-c.closing:
				case <-stop:
				}
				unplug()
			}()
			left := false
			for e, err := range c.far.events.Subscribe(wired, after) {
				if err != nil || w.isCut() || c.ended(ctx) != nil {
					break // the loop finds out why
				}
				after = e.Position
				if left = !yield(e, nil); left {
					break
				}
			}
			close(stop)
			if left {
				return
			}
		}
	}
}

// Close does not wait for calls: each notices by itself.
func (c *client) Close() error {
	if c.far.flaw.closesOnlyConnected {
		if _, err := c.connected(context.Background(), 0); err != nil {
			return nil
		}
	}
	c.once.Do(func() { close(c.closing) })
	if c.far.flaw.closesThePlace {
		return c.far.events.Close()
	}
	return nil
}

// flaw is what is wrong with a far place; of the zero value nothing is.
type flaw struct {
	deafToContexts, deadAfterCut, checksLate, endsReadsSilently, closesOnlyConnected, closesThePlace bool

	subscriptionPatience time.Duration
	resumes              func(*far, eventstore.Position) eventstore.Position
	// lost is what becomes of an append whose answer is lost.
	lost func(context.Context, *client, string, eventstore.Expected, []eventstore.Event) (eventstore.Appended, error)
	// wraps makes a store of one that is right.
	wraps func(eventstore.Store) eventstore.Store
}
