package projections

import (
	"context"
	"fmt"
	"sync"

	"reliefledger.org/ledger/eventstore"
)

// Live are books that follow a store: read once, then kept up to date by one
// goroutine. All methods may be called from many goroutines.
type Live struct {
	stop context.CancelFunc
	done chan struct{} // closed when the follower has ended

	mu     sync.Mutex // guards what follows
	books  *Books
	grown  chan struct{} // closed and replaced when books move or the follower ends
	failed error
}

// Follow reads the books of a store and follows it until Close.
func Follow(ctx context.Context, store eventstore.Store) (*Live, error) {
	b, err := Read(ctx, store, Until{})
	if err != nil {
		return nil, err
	}
	following, stop := context.WithCancel(context.Background())
	l := &Live{stop: stop, done: make(chan struct{}), books: b, grown: make(chan struct{})}
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
		l.books.Apply(Decode(raw, uint64(len(l.books.Events))))
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

// Close ends following.
func (l *Live) Close() error {
	l.stop()
	<-l.done
	return nil
}
