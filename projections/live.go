package projections

import (
	"context"
	"fmt"
	"sync"
	"time"

	"reliefledger.org/ledger/eventstore"
)

// Live are books that follow a store: read once, then kept up to date by one
// goroutine. All methods may be called from many goroutines.
type Live struct {
	store eventstore.Store
	stop  context.CancelFunc
	done  chan struct{} // closed when the follower has ended

	mu     sync.Mutex // guards what follows
	books  *Books
	grown  chan struct{} // closed and replaced when books move or the follower ends
	failed error
}

// Follow reads the books of a store and follows it until Close.
func Follow(ctx context.Context, store eventstore.Store) (*Live, error) {
	return FollowFrom(ctx, store, "")
}

// FollowFrom is Follow, begun from a snapshot as [ReadFrom] does.
func FollowFrom(ctx context.Context, store eventstore.Store, path string) (*Live, error) {
	b, err := ReadFrom(ctx, store, path, Until{})
	if err != nil {
		return nil, err
	}
	following, stop := context.WithCancel(context.Background())
	l := &Live{store: store, stop: stop, done: make(chan struct{}), books: b, grown: make(chan struct{})}
	go l.follow(following, store, b.Position)
	return l, nil
}

func (l *Live) follow(ctx context.Context, store eventstore.Store, from eventstore.Position) {
	defer close(l.done)
	err := eventstore.ErrClosed
	for raw, e := range store.Subscribe(ctx, from) {
		if e != nil {
			err = e
			break
		}
		l.mu.Lock()
		l.books.Apply(Decode(raw, uint64(l.books.Len())))
		close(l.grown)
		l.grown = make(chan struct{})
		l.mu.Unlock()
	}
	l.mu.Lock()
	l.failed = err
	close(l.grown)
	l.mu.Unlock()
}

// View calls f with books that have everything up to a position: who gives the
// position of an answer reads his own writes. f must not keep the books. An
// error is the context's, or says why the store is followed no more.
func (l *Live) View(ctx context.Context, after eventstore.Position, f func(*Books)) error {
	for {
		l.mu.Lock()
		if l.books.Position.Compare(after) >= 0 {
			f(l.books)
			l.mu.Unlock()
			return nil
		}
		grown, failed := l.grown, l.failed
		l.mu.Unlock()
		if failed != nil {
			return fmt.Errorf("follow the event store: %w", failed)
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Progress says how far the books are.
func (l *Live) Progress() Progress {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := Progress{Events: uint64(l.books.Len()), Position: l.books.Position, Failed: l.failed}
	if elsewhere, ok := l.store.(away); ok {
		p.Away, p.Cause = elsewhere.Away()
	}
	if n := l.books.Len(); n > 0 {
		p.Recorded = l.books.At(uint64(n - 1)).Recorded
	}
	return p
}

// Progress is how far books that follow a store have come.
type Progress struct {
	Events   uint64 // that they have
	Position eventstore.Position
	Recorded time.Time // when the last of them was; zero where there is none
	Failed   error     // why the store is followed no more
	// Away is since when the store has not answered, and Cause why; zero while
	// it does. What it has written meanwhile nobody here can know.
	Away  time.Time
	Cause error
}

// away is a store elsewhere, which can go away and come back.
type away interface {
	Away() (since time.Time, cause error)
}

// Behind counts the events that the store has and the books do not. While the
// store is away the error is *eventstore.Unavailable.
func (l *Live) Behind(ctx context.Context) (events uint64, err error) {
	for _, err := range l.store.ReadAll(ctx, l.Progress().Position, eventstore.Forwards) {
		if err != nil {
			return events, fmt.Errorf("count the events behind the books: %w", err)
		}
		events++
	}
	return events, nil
}

// Close ends following.
func (l *Live) Close() error {
	l.stop()
	<-l.done
	return nil
}
