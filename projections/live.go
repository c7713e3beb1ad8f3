package projections

import (
	"context"
	"fmt"
	"sync"
	"time"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
)

// Live are books that follow a store: read once, then kept up to date. All
// methods may be called from many goroutines.
//
// Two goroutines follow: one takes events from the store and decodes them, one
// folds them in groups. Readers share the books between two groups, and see them
// only where no command is half there: no step of a process is owed, and of each
// list all parts are in. Nothing older is kept, so that a reader who comes in
// between waits for the rest, for the patience at most; what is half there then
// is shown as it is, and [Books.Half] says so.
//
// The events of one append count as one because they come in one go; books know
// nothing that says how many they are. Only an officer who is appointed with
// roles is more than one, and may be seen for a moment before the roles are.
type Live struct {
	store    eventstore.Store
	stop     context.CancelFunc
	done     sync.WaitGroup // both who follow
	patience time.Duration

	turns *turns
	books *Books // read and written in turn
	// half is since when each command is half there: by the event whose steps are
	// owed, or by the command. It belongs to whoever folds.
	half map[domain.ID]time.Time

	mu     sync.Mutex // guards what follows, for moments: never while books are read or written
	stand  Progress   // of the books
	shut   time.Time  // since when no reader is let see them; zero while they may
	moved  chan struct{}
	failed error // why the store is followed no more; moved is closed then, and stays so
}

// What the fold does without a pause, and for how long readers wait for it.
const (
	// groupEvents is how many events are folded in one turn at most, and groupTime
	// for how long: a reader who waits for one does not notice it. From groupLeast
	// on a turn ends at the next place where no command is half there, so that
	// readers can use what lies between two turns.
	groupEvents = 256
	groupLeast  = 64
	groupTime   = 5 * time.Millisecond
	// halfPatience is for how long readers wait for the rest of a command. Its
	// steps follow within milliseconds; where they do not, a writer was cut off,
	// and nobody knows for how long.
	halfPatience = 2 * time.Second
)

// Follow reads the books of a store and follows it until Close.
func Follow(ctx context.Context, store eventstore.Store) (*Live, error) {
	return FollowFrom(ctx, store, "")
}

// FollowFrom is Follow, begun from a snapshot as [ReadFrom] does.
func FollowFrom(ctx context.Context, store eventstore.Store, path string) (*Live, error) {
	return follow(ctx, store, path, halfPatience)
}

func follow(ctx context.Context, store eventstore.Store, path string, patience time.Duration) (*Live, error) {
	b, err := ReadFrom(ctx, store, path, Until{})
	if err != nil {
		return nil, err
	}
	following, stop := context.WithCancel(context.Background())
	l := &Live{store: store, stop: stop, patience: patience, turns: newTurns(), books: b, moved: make(chan struct{})}
	l.show(time.Now(), false)
	in := make(chan *arrival, groupEvents) // what is decoded while a group is folded or waits for its turn
	l.done.Go(func() { l.take(following, in, b.Position, uint64(b.Len())) })
	l.done.Go(func() { l.fold(following, in) })
	return l, nil
}

// View calls f with books that have everything up to a position: who gives the
// position of an answer reads what it wrote. f must not keep the books, and
// should be short: what it shows is copied, names and the network come after. It
// keeps no other reader waiting, only what is new.
//
// An error is the context's, or says why the store is followed no more.
func (l *Live) View(ctx context.Context, after eventstore.Position, f func(*Books)) error {
	for {
		l.mu.Lock()
		there, moved, failed := l.stand.Position.Compare(after) >= 0, l.moved, l.failed
		l.mu.Unlock()
		// A position only grows, so that no turn is needed to wait for it; whether
		// the books may be seen can change with each turn, and is asked in ours.
		wait := time.Duration(0)
		switch {
		case there:
			var err error
			if wait, err = l.seen(ctx, f); err != nil || wait <= 0 {
				return err
			}
		case failed != nil:
			return fmt.Errorf("follow the event store: %w", failed)
		}
		if err := await(ctx, moved, wait); err != nil {
			return err
		}
	}
}

// seen calls f with the books, or says for how long they may not be seen.
func (l *Live) seen(ctx context.Context, f func(*Books)) (wait time.Duration, err error) {
	leave, err := l.turns.read(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	l.mu.Lock()
	if !l.shut.IsZero() && l.failed == nil {
		wait = l.patience - time.Since(l.shut)
	}
	l.mu.Unlock()
	if wait <= 0 {
		f(l.books)
	}
	return wait, nil
}

// await waits until the books have moved, or for a time where that is not 0.
func await(ctx context.Context, moved <-chan struct{}, atMost time.Duration) error {
	var over <-chan time.Time
	if atMost > 0 {
		t := time.NewTimer(atMost)
		defer t.Stop()
		over = t.C
	}
	select {
	case <-moved:
	case <-over:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// Moment is the place in history that books show.
type Moment struct {
	Events   uint64    // that they have; the last one's number is one less
	Recorded time.Time // when the last of them was; zero where there is none
	Half     bool      // a command is only half there
}

// Progress says how far the books are. It waits for nobody.
func (l *Live) Progress() Progress {
	l.mu.Lock()
	p := l.stand
	p.Failed = l.failed
	l.mu.Unlock()
	if elsewhere, ok := l.store.(away); ok {
		p.Away, p.Cause = elsewhere.Away()
	}
	return p
}

// Progress is how far books that follow a store have come, also where readers do
// not see it yet.
type Progress struct {
	Moment
	Position eventstore.Position
	Failed   error // why the store is followed no more
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

// Close ends following. Who reads may go on, and books that are there can still
// be seen.
func (l *Live) Close() error {
	l.stop()
	l.done.Wait()
	return nil
}
