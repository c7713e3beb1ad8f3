package embedded

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
)

// A read goes in steps: each takes some events out of the database into memory
// and leaves it, and only then are they given out. So whoever reads slowly, or
// stops in the middle, holds nothing of the database: no old tables, no memory
// of the writer, no Close. The first step is small, since many want but one
// event, and each is larger than the one before.
const (
	firstStep = 16      // events
	maxStep   = 1024    // events
	stepBytes = 1 << 20 // of records, after which a step ends; one event at least
)

// ReadAll is described at eventstore.Store.
func (s *Store) ReadAll(ctx context.Context, from eventstore.Position, dir eventstore.Direction) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		count, next, err := s.resume(from)
		switch {
		case err != nil:
			yield(eventstore.Recorded{}, err)
		case dir == eventstore.Forwards:
			s.forwards(ctx, next, count, yield)
		case from == eventstore.End:
			s.backwards(ctx, count, yield)
		case next > 0:
			s.backwards(ctx, next-1, yield) // without the event at from itself
		}
	}
}

// Subscribe is described at eventstore.Store. It reads what is written at its
// own pace and has no buffer: catching up and being live are the same loop, so
// that there is no switch at which an event could be lost.
func (s *Store) Subscribe(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		_, next, err := s.resume(after)
		if err != nil {
			yield(eventstore.Recorded{}, err)
			return
		}
		for {
			// The channel is taken together with count: what is written after
			// that closes this very channel.
			s.mu.Lock()
			count, grown := s.count, s.grown
			s.mu.Unlock()
			if !s.forwards(ctx, next, count, yield) {
				return
			}
			next = count
			select {
			case <-grown:
				continue
			case <-ctx.Done():
				err = ctx.Err()
			case <-s.closing:
				err = s.end()
			case <-s.disk.stopped:
				err = s.end()
			}
			yield(eventstore.Recorded{}, err)
			return
		}
	}
}

// resume returns how many events there are and the number of the first one
// after a position.
func (s *Store) resume(from eventstore.Position) (count, next uint64, err error) {
	if err := s.end(); err != nil {
		return 0, 0, err
	}
	count, head := s.Head()
	if from == eventstore.End {
		return count, count, nil
	}
	next, prepare := from.Pair()
	if next != prepare || next > count {
		return 0, 0, &eventstore.UnknownPosition{Position: from, Head: head}
	}
	return count, next, nil
}

// yielder is the body of a reader's loop.
type yielder = func(eventstore.Recorded, error) bool

// steps runs step with growing sizes and yields what it gives until it gives
// nothing; false if the reader left or got an error.
func (s *Store) steps(ctx context.Context, yield yielder, step func(size int) ([]eventstore.Recorded, error)) bool {
	for size := firstStep; ; size = min(4*size, maxStep) {
		err := ctx.Err()
		if err == nil {
			err = s.enter()
		}
		var events []eventstore.Recorded
		if err == nil {
			events, err = step(size)
			s.readers.Done()
		}
		for _, e := range events {
			if !yield(e, nil) {
				return false
			}
		}
		if err != nil {
			yield(eventstore.Recorded{}, err)
			return false
		}
		if len(events) == 0 {
			return true
		}
	}
}

// forwards yields the events from next up to and without end.
func (s *Store) forwards(ctx context.Context, next, end uint64, yield yielder) bool {
	return s.steps(ctx, yield, func(size int) (events []eventstore.Recorded, err error) {
		if next == end {
			return nil, nil
		}
		it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: eventKey(next), UpperBound: eventKey(end)})
		if err != nil {
			return nil, readError(keyName(eventKey(next)), err)
		}
		defer it.Close()
		read := 0
		for ok := it.First(); next < end && len(events) < size && read < stepBytes; ok = it.Next() {
			e, err := eventAt(it, ok, next)
			if err != nil {
				return events, err
			}
			events = append(events, e)
			read += len(e.Data) + len(e.Metadata)
			next++
		}
		return events, nil
	})
}

// backwards yields the events below end, the last one first.
func (s *Store) backwards(ctx context.Context, end uint64, yield yielder) bool {
	return s.steps(ctx, yield, func(size int) (events []eventstore.Recorded, err error) {
		if end == 0 {
			return nil, nil
		}
		it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: eventKey(0), UpperBound: eventKey(end)})
		if err != nil {
			return nil, readError(keyName(eventKey(end-1)), err)
		}
		defer it.Close()
		read := 0
		for ok := it.Last(); end > 0 && len(events) < size && read < stepBytes; ok = it.Prev() {
			e, err := eventAt(it, ok, end-1)
			if err != nil {
				return events, err
			}
			events = append(events, e)
			read += len(e.Data) + len(e.Metadata)
			end--
		}
		return events, nil
	})
}

// eventAt reads the event at which it stands, which must be the one with this
// number: there are no gaps.
func eventAt(it *pebble.Iterator, valid bool, number uint64) (eventstore.Recorded, error) {
	key := eventKey(number)
	if !valid || !bytes.Equal(it.Key(), key) {
		if err := it.Error(); err != nil {
			return eventstore.Recorded{}, readError(keyName(key), err)
		}
		return eventstore.Recorded{}, corruptKey(key, "is missing")
	}
	record, err := it.ValueAndErr()
	if err != nil {
		return eventstore.Recorded{}, readError(keyName(key), err)
	}
	// A copy: what the iterator shows is gone with its next step, and the
	// event's slices are the reader's to keep.
	e, err := decodeRecord(bytes.Clone(record))
	if err != nil {
		return eventstore.Recorded{}, &eventstore.Corrupt{Where: keyName(key), Cause: err}
	}
	e.Position = positionAfter(number + 1)
	return e, nil
}

// ReadStream is described at eventstore.Store.
func (s *Store) ReadStream(ctx context.Context, stream string, from uint64, dir eventstore.Direction) iter.Seq2[eventstore.Recorded, error] {
	return func(yield yielder) {
		count, _ := s.Head()
		if len(stream) > eventstore.MaxStreamName {
			count = 0 // no such stream can be; its name would not fit a key
		}
		c := &streamCursor{store: s, stream: stream, next: from, dir: dir, count: count, done: count == 0}
		s.steps(ctx, yield, c.step)
	}
}

// idsStand says whether the synced events of a stream from a revision on have
// exactly these ids, and gives the number of the last of them.
func (s *Store) idsStand(stream string, from uint64, ids []uuid.UUID) (last uint64, same bool, err error) {
	c := &streamCursor{store: s, stream: stream, next: from, dir: eventstore.Forwards, count: math.MaxUint64}
	for len(ids) > 0 {
		events, err := c.step(min(len(ids), maxStep))
		if err != nil {
			return 0, false, err
		}
		if len(events) == 0 {
			return 0, false, nil
		}
		for i, e := range events {
			if e.ID != ids[i] {
				return 0, false, nil
			}
			commit, _ := e.Position.Pair()
			last = commit - 1
		}
		ids = ids[len(events):]
	}
	return last, true, nil
}

// streamCursor reads one stream, step by step.
type streamCursor struct {
	store  *Store
	stream string
	next   uint64 // revision; above the last: the end
	dir    eventstore.Direction
	count  uint64 // events from this number on are not shown
	begun  bool   // an event was found
	done   bool   // nothing is left
}

func (c *streamCursor) step(size int) (events []eventstore.Recorded, err error) {
	if c.done {
		return nil, nil
	}
	where := fmt.Sprintf("stream %q", c.stream)
	index, err := c.store.db.NewIter(&pebble.IterOptions{LowerBound: streamKey(c.stream, 0), UpperBound: streamEnd(c.stream)})
	if err != nil {
		return nil, readError(where, err)
	}
	defer index.Close()
	records, err := c.store.db.NewIter(&pebble.IterOptions{LowerBound: eventKey(0), UpperBound: eventsEnd})
	if err != nil {
		return nil, readError(where, err)
	}
	defer records.Close()

	move, ok := index.Next, false
	if c.dir == eventstore.Forwards {
		ok = index.SeekGE(streamKey(c.stream, c.next))
	} else {
		move = index.Prev
		ok = index.SeekLT(streamKey(c.stream, c.next+1)) // see below for MaxUint64
		if c.next == math.MaxUint64 {
			ok = index.Last()
		}
	}
	read := 0
	for ; ok && len(events) < size && read < stepBytes; ok = move() {
		revision, number, err := parseStreamEntry(index.Key(), index.Value())
		if err != nil {
			return events, err
		}
		if number >= c.count {
			// Written after the read began, or not synced yet. Forwards nothing
			// else can follow; backwards the first entries are skipped.
			if c.dir == eventstore.Forwards {
				ok = false
				break
			}
			continue
		}
		// No revision is missing. Only where a read begins, backwards from
		// above the end, may the first one found be another than asked for.
		if revision != c.next && (c.begun || c.dir == eventstore.Forwards) {
			return events, corruptKey(streamKey(c.stream, c.next), "is missing")
		}
		c.begun = true
		e, err := eventAt(records, records.SeekGE(eventKey(number)), number)
		if err != nil {
			return events, err
		}
		if e.Stream != c.stream || e.Revision != revision {
			return events, corruptKey(index.Key(), "leads to event %d, which is revision %d of stream %q", number, e.Revision, e.Stream)
		}
		events = append(events, e)
		read += len(e.Data) + len(e.Metadata)
		if c.dir == eventstore.Forwards {
			c.next = revision + 1
		} else {
			c.next = revision - 1 // behind the first nothing is left: ok ends the loop
		}
	}
	c.done = !ok
	if err := index.Error(); err != nil {
		return events, readError(where, err)
	}
	return events, nil
}
