package projections

import (
	"context"
	"time"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
)

// arrival is the next event of the store, decoded, or why there is none.
type arrival struct {
	Decoded
	over error
}

// take takes events from the store and decodes them, outside of anybody's turn.
func (l *Live) take(ctx context.Context, in chan<- *arrival, from eventstore.Position, number uint64) {
	defer close(in)
	give := func(a *arrival) bool {
		select {
		case in <- a:
			return true
		case <-ctx.Done():
			return false
		}
	}
	for raw, err := range l.store.Subscribe(ctx, from) {
		if err != nil {
			give(&arrival{over: err})
			return
		}
		if !give(&arrival{Decoded: Decode(raw, number)}) {
			return
		}
		number++
	}
}

// fold folds what comes, a group in each turn, until nothing more will come.
func (l *Live) fold(ctx context.Context, in <-chan *arrival) {
	over := eventstore.ErrClosed
	next := <-in
	for next != nil && next.over == nil && l.turns.write(ctx) {
		next = l.group(next, in)
		l.turns.written()
		if next == nil {
			next = <-in // none was at hand; nil where none will come
		}
	}
	switch {
	case ctx.Err() != nil:
		over = ctx.Err() // by Close
	case next != nil:
		over = next.over
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = over
	close(l.moved)
}

// group folds events while they are at hand, in the writer's turn, and returns
// the first one that it did not fold, nil where none is at hand.
func (l *Live) group(at *arrival, in <-chan *arrival) (next *arrival) {
	began := time.Now()
	for n := 1; ; n++ {
		l.books.Apply(at.Decoded)
		now := time.Now()
		select {
		case next = <-in:
		default:
			next = nil
		}
		more := next != nil && next.over == nil
		goesOn := more && together(at, next)
		full := n >= groupEvents || now.Sub(began) >= groupTime
		if !more || full || n >= groupLeast && !goesOn && !l.fresh(now) {
			l.show(now, goesOn)
			return next
		}
		at = next
	}
}

// together says that two events that follow each other were written by the same
// command, or by the same process, into the same stream.
func together(a, b *arrival) bool {
	command := func(a *arrival) (id domain.ID) {
		if a.Meta.Command != nil {
			id = a.Meta.Command.ID
		}
		return id
	}
	return a.Stream == b.Stream && command(a) == command(b) && a.Meta.Cause == b.Meta.Cause &&
		(command(a) != domain.ID{} || a.Meta.Cause != domain.ID{})
}

// fresh says whether a command is half there for less than the patience: one
// that was cut off long ago must not hold up all that come after it.
func (l *Live) fresh(now time.Time) bool {
	for id := range l.books.State.Unfinished() {
		if since, known := l.half[id]; !known || now.Sub(since) < l.patience {
			return true
		}
	}
	return false
}

// show tells readers at the end of a turn what the books have, and since when
// they have to wait. They wait while a command is half there that has not been so
// for the patience, and not longer than the patience where there is always
// another one: what many write without a pause is never whole, and is seen all
// the same.
func (l *Live) show(now time.Time, goesOn bool) {
	waited := false // for a command, until this turn
	for _, since := range l.half {
		waited = waited || now.Sub(since) < l.patience
	}
	half := goesOn || l.fresh(now)
	was := l.half
	l.half = map[domain.ID]time.Time{}
	note := func(id domain.ID) {
		since, known := was[id]
		if !known {
			since = now
		}
		l.half[id] = since
	}
	for id := range l.books.State.Unfinished() {
		note(id)
	}
	if goesOn {
		note(domain.ID{}) // whose ever it is
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !half:
		l.shut = time.Time{}
	case !waited:
		l.shut = now
	}
	l.stand = Progress{Moment: l.books.Moment(), Position: l.books.Position}
	close(l.moved)
	l.moved = make(chan struct{})
}
