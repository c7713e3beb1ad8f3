package embedded

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
)

// groupBytes bounds what is written with one sync: a few of the largest
// appends. A larger group would make its first caller wait for little gain.
const groupBytes = 4 * eventstore.MaxAppend

// request is an append on its way through the writer.
type request struct {
	stream   string
	expected eventstore.Expected
	ids      []uuid.UUID
	bodies   [][]byte // the records without their revision, encoded by the caller
	bytes    int

	// line is the Line that the append belongs to, if it does.
	line *Line

	taken, withdrawn bool // guarded by Store.mu; one of them at most

	// done is closed by the writer when the answer stands in what follows.
	done   chan struct{}
	answer eventstore.Appended
	err    error
}

// Append is described at eventstore.Store. When ctx ends before the writer has
// taken the append, it returns the context's error and nothing is written;
// after that, *OutcomeUnknown.
func (s *Store) Append(ctx context.Context, stream string, expected eventstore.Expected, events []eventstore.Event) (eventstore.Appended, error) {
	if err := ctx.Err(); err != nil {
		return eventstore.Appended{}, err
	}
	if err := eventstore.CheckAppend(stream, events); err != nil {
		return eventstore.Appended{}, err
	}
	r := newRequest(stream, expected, events)
	if err := s.enqueue(r); err != nil {
		return eventstore.Appended{}, err
	}
	select {
	case <-r.done:
		return r.answer, r.err
	case <-s.disk.stopped:
		return s.stoppedAppend(r)
	case <-ctx.Done():
		return s.leave(ctx, r)
	}
}

// newRequest encodes the events, in the caller's goroutine: so that many are
// encoded at once, and that the caller's slices are free again whatever
// becomes of the append.
func newRequest(stream string, expected eventstore.Expected, events []eventstore.Event) *request {
	r := &request{
		stream: stream, expected: expected,
		ids: make([]uuid.UUID, len(events)), bodies: make([][]byte, len(events)),
		done: make(chan struct{}),
	}
	for _, e := range events {
		r.bytes += bodySize(stream, e)
	}
	buffer := make([]byte, 0, r.bytes)
	for i, e := range events {
		start := len(buffer)
		buffer = appendBody(buffer, stream, e)
		r.ids[i], r.bodies[i] = e.ID, buffer[start:]
	}
	return r
}

func (s *Store) enqueue(r *request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.end(); err != nil {
		return err
	}
	s.waiting = append(s.waiting, r)
	select {
	case s.work <- struct{}{}:
	default: // the writer has been woken and will see r
	}
	return nil
}

// stoppedAppend answers an append whose writer will not: the disk has stopped.
func (s *Store) stoppedAppend(r *request) (eventstore.Appended, error) {
	select {
	case <-r.done: // it was synced before that
		return r.answer, r.err
	default:
		return eventstore.Appended{}, s.disk.poisoned()
	}
}

// leave ends the wait of a caller whose context has ended.
func (s *Store) leave(ctx context.Context, r *request) (eventstore.Appended, error) {
	s.mu.Lock()
	r.withdrawn = !r.taken
	s.mu.Unlock()
	select {
	case <-r.done:
		return r.answer, r.err
	default:
	}
	if r.withdrawn {
		return eventstore.Appended{}, ctx.Err()
	}
	return eventstore.Appended{}, &eventstore.OutcomeUnknown{Cause: ctx.Err()}
}

// write is the writer: it alone decides and commits, one group after the
// other, until the store is closed and nothing waits, or the disk stops.
func (s *Store) write() {
	defer close(s.writerDone)
	// A fault of ours in here must not leave callers waiting, nor a state in
	// memory that differs from that on disk.
	defer func() {
		if fault := recover(); fault != nil {
			s.disk.stop(fmt.Errorf("the writer failed: %v", fault))
		}
	}()
	for {
		requests := s.next()
		if requests == nil {
			return
		}
		s.commit(requests)
	}
}

// next waits for requests and takes as many as make a group; nil at the end.
func (s *Store) next() []*request {
	for {
		s.mu.Lock()
		requests := s.takeWaiting()
		last := s.stopped && len(s.waiting) == 0
		s.mu.Unlock()
		switch {
		case s.disk.poisoned() != nil:
			return nil
		case len(requests) > 0:
			return requests
		case last:
			return nil
		}
		select {
		case <-s.work:
		case <-s.closing: // once more around, for what came in before it
		case <-s.disk.stopped:
			return nil
		}
	}
}

// takeWaiting takes from the front of the queue. Under mu.
func (s *Store) takeWaiting() (requests []*request) {
	n, size := 0, 0
	for _, r := range s.waiting {
		if size += r.bytes; n > 0 && size > groupBytes {
			break
		}
		n++
		if !r.withdrawn {
			r.taken = true
			requests = append(requests, r)
		}
	}
	s.waiting = slices.Delete(s.waiting, 0, n)
	if len(s.waiting) > 0 {
		// Delete has moved the rest; wake ourselves for it.
		select {
		case s.work <- struct{}{}:
		default:
		}
	}
	return requests
}

// commit decides and writes one group. The order of its steps:
//
//  1. Each append is decided against what is synced and what the group has
//     before it, and joins the batch. Nothing is visible yet.
//  2. The batch is committed and synced. Pebble shows it to readers before it
//     is synced; they look no further than count, which still stands before
//     it. A crash here leaves the whole batch, a batch being one record of the
//     log, or none of it; nobody has been told either way.
//  3. The writer remembers the new heads and ids, and count grows: readers see
//     the events and subscribers wake.
//  4. All callers are answered, those too who were refused because of an event
//     in this same group: an answer never rests on what a crash could undo.
//     And a caller that is answered can read what it wrote.
//
// If the sync fails the disk parks this goroutine in step 2, and callers are
// answered by the disk having stopped.
func (s *Store) commit(requests []*request) {
	begun, g := time.Now(), s.newGroup()
	appends := 0
	for _, r := range requests {
		before := g.next
		r.answer, r.err = g.take(r)
		if g.next > before {
			appends++
		}
	}
	if !g.batch.Empty() {
		if err := g.batch.Commit(pebble.Sync); err != nil {
			panic(fmt.Errorf("commit: %w", err)) // write stops the disk
		}
		g.remember()
		events := int(g.next - s.count) // only this goroutine writes count
		s.grow(g.next)
		if s.committed != nil {
			s.committed(Group{appends, events, time.Since(begun)})
		}
	}
	if err := g.batch.Close(); err != nil {
		panic(fmt.Errorf("close batch: %w", err))
	}
	for _, r := range requests {
		close(r.done)
	}
}

// grow shows the events below count to everybody.
func (s *Store) grow(count uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count = count
	close(s.grown)
	s.grown = make(chan struct{})
}
