package node

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
)

// Habits are what a real EventStoreDB does and this node does not, where that is
// harder on a client. They were seen on 23.10. A test asks for them, so that
// what passes it is ready for a real server:
//
//   - An append has its place before its events can be read. It is answered when
//     they can, but who is refused because of them is told at once, with a
//     revision that nobody can read yet.
//   - An append that is sent again while the first is on its way is dropped. Its
//     request ends with Aborted after a while, also where the first has ended
//     long before.
//   - A read of $all backwards from a position that the server does not know is
//     an unknown error, and forwards it finds nothing, in good order.
//
// What is written to the store past the server is seen with the next append.
type Habits struct {
	Indexing      time.Duration // from its place in the order until an append can be read
	CommitTimeout time.Duration // from an append that is dropped to its Aborted
}

// events is what a server needs of its store.
type events interface {
	Append(ctx context.Context, stream string, expected eventstore.Expected, events []eventstore.Event) (eventstore.Appended, error)
	ReadStream(ctx context.Context, stream string, from uint64, dir eventstore.Direction) iter.Seq2[eventstore.Recorded, error]
	ReadAll(ctx context.Context, from eventstore.Position, dir eventstore.Direction) iter.Seq2[eventstore.Recorded, error]
	Subscribe(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error]
	Head() (count uint64, last eventstore.Position)
	Err() error
	Checkpoint() error
}

// habitual is a store behind a server with habits.
type habitual struct {
	*embedded.Store
	habits  Habits
	running *sync.WaitGroup // of the server, for appends whose callers left

	mu      sync.Mutex          // guards what follows
	settled map[sent]bool       // false while the first such append is on its way
	indexed eventstore.Position // readers see up to here
	grown   chan struct{}       // closed and replaced when indexed is set
}

// sent is by what an append is known again.
type sent struct {
	stream string
	first  uuid.UUID
}

func newHabitual(store *embedded.Store, h Habits, running *sync.WaitGroup) *habitual {
	_, head := store.Head()
	return &habitual{Store: store, habits: h, running: running,
		settled: map[sent]bool{}, indexed: head, grown: make(chan struct{})}
}

// errCommitTimeout is what a server says of an append that it dropped.
var errCommitTimeout = errors.New("commit phase timeout")

func (h *habitual) Append(ctx context.Context, stream string, expected eventstore.Expected, events []eventstore.Event) (eventstore.Appended, error) {
	if len(events) == 0 {
		return h.Store.Append(ctx, stream, expected, events)
	}
	key := sent{stream, events[0].ID}
	switch settled, again := h.begin(key); {
	case settled:
		return h.Store.Append(ctx, stream, expected, events)
	case again:
		select {
		case <-time.After(h.habits.CommitTimeout):
			return eventstore.Appended{}, &eventstore.OutcomeUnknown{Cause: errCommitTimeout}
		case <-ctx.Done():
			return eventstore.Appended{}, &eventstore.OutcomeUnknown{Cause: ctx.Err()}
		}
	}
	type answer struct {
		done eventstore.Appended
		err  error
	}
	answered := make(chan answer, 1) // room for an answer that nobody waits for
	h.running.Go(func() {
		done, err := h.Store.Append(context.WithoutCancel(ctx), stream, expected, events)
		if err == nil {
			time.Sleep(h.habits.Indexing)
		}
		h.end(key, done, err)
		answered <- answer{done, err}
	})
	select {
	case a := <-answered:
		return a.done, a.err
	case <-ctx.Done():
		return eventstore.Appended{}, &eventstore.OutcomeUnknown{Cause: ctx.Err()}
	}
}

// begin says whether such an append came before, and whether it is there.
func (h *habitual) begin(key sent) (settled, again bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if settled, again = h.settled[key]; !again {
		h.settled[key] = false
	}
	return settled, again
}

// end shows readers what stands up to an append that was written.
func (h *habitual) end(key sent, done eventstore.Appended, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil {
		delete(h.settled, key)
		return
	}
	h.settled[key] = true
	if done.Position.Compare(h.indexed) > 0 {
		h.indexed = done.Position
		close(h.grown)
		h.grown = make(chan struct{})
	}
}

func (h *habitual) seen() (upTo eventstore.Position, grown <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.indexed, h.grown
}

// Head counts events by their positions: that of event number n is n+1.
func (h *habitual) Head() (count uint64, last eventstore.Position) {
	last, _ = h.seen()
	count, _ = last.Pair()
	return count, last
}

func (h *habitual) ReadStream(ctx context.Context, stream string, from uint64, dir eventstore.Direction) iter.Seq2[eventstore.Recorded, error] {
	return h.read(h.Store.ReadStream(ctx, stream, from, dir))
}

func (h *habitual) ReadAll(ctx context.Context, from eventstore.Position, dir eventstore.Direction) iter.Seq2[eventstore.Recorded, error] {
	return h.read(h.Store.ReadAll(ctx, from, dir))
}

// read gives of a read what readers see by now.
func (h *habitual) read(inner iter.Seq2[eventstore.Recorded, error]) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		upTo, _ := h.seen()
		for e, err := range inner {
			if err == nil && e.Position.Compare(upTo) > 0 {
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func (h *habitual) Subscribe(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		for e, err := range h.Store.Subscribe(ctx, after) {
			for upTo, grown := h.seen(); err == nil && e.Position.Compare(upTo) > 0; upTo, grown = h.seen() {
				select {
				case <-grown:
				case <-ctx.Done():
					e, err = eventstore.Recorded{}, ctx.Err()
				}
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}
