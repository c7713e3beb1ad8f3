package eventstore

import (
	"context"
	"fmt"
	"math"

	"github.com/google/uuid"
)

// Checked is what Check read.
type Checked struct {
	Chain
	Streams int
}

// Check reads all of a store through the interface, and calls found with whatever
// is damaged or does not agree: an event that cannot be read, an id that comes
// twice, a gap in the revisions of a stream. readable says why an event cannot be
// read, nil where it can; the number is the event's place in the order of all.
//
// With throughout Check also reads everything backwards, and each stream by
// itself in both directions; all of these must be the same events. No more can be
// checked of a store of which only the interface is known.
//
// It needs some 100 bytes of memory an event. Its error is that of a read that
// could not go on, and says nothing of what comes after.
func Check(ctx context.Context, s Store, readable func(r Recorded, number uint64) error, throughout bool, found func(*Corrupt)) (Checked, error) {
	c := &checker{store: s, readable: readable, found: found, streams: map[string][]uint64{}, ids: map[uuid.UUID]struct{}{}, throughout: throughout}
	for e, err := range s.ReadAll(ctx, Position{}, Forwards) {
		if err != nil {
			return c.Checked, err
		}
		c.event(e)
	}
	c.Streams = len(c.streams)
	if !throughout {
		return c.Checked, nil
	}
	return c.Checked, c.otherWays(ctx)
}

type checker struct {
	Checked
	store      Store
	readable   func(Recorded, uint64) error
	found      func(*Corrupt)
	throughout bool
	streams    map[string][]uint64 // the numbers of each stream's events
	ids        map[uuid.UUID]struct{}
	leaves     [][32]byte // by number
}

func (c *checker) report(where string, format string, args ...any) {
	c.found(&Corrupt{Where: where, Cause: fmt.Errorf(format, args...)})
}

func (c *checker) event(e Recorded) {
	where := fmt.Sprintf("event %d (%s@%d)", c.Count, e.Stream, e.Revision)
	if err := c.readable(e, c.Count); err != nil {
		c.report(where, "%w", err)
	}
	if _, twice := c.ids[e.ID]; twice {
		c.report(where, "its id is that of another event")
	}
	c.ids[e.ID] = struct{}{}
	if have := uint64(len(c.streams[e.Stream])); e.Revision != have {
		c.report(where, "its stream has %d events before it", have)
	}
	c.streams[e.Stream] = append(c.streams[e.Stream], c.Count)
	if c.throughout {
		c.leaves = append(c.leaves, leafOf(e))
	}
	c.Add(e)
}

// otherWays reads everything again: backwards, and stream by stream. What others
// append meanwhile is not looked at.
func (c *checker) otherWays(ctx context.Context) error {
	next := int(c.Count)
	for e, err := range c.store.ReadAll(ctx, End, Backwards) {
		if err != nil {
			return fmt.Errorf("read backwards: %w", err)
		}
		if numbers := c.streams[e.Stream]; e.Revision >= uint64(len(numbers)) {
			continue // appended since; if it is not, the count below says so
		}
		if next--; next < 0 || leafOf(e) != c.leaves[next] {
			c.report(fmt.Sprintf("event %d", max(next, 0)), "read backwards it is another")
			return nil
		}
	}
	if next != 0 {
		c.report("all events", "read backwards %d are missing", next)
	}
	for stream, numbers := range c.streams {
		if err := c.stream(ctx, stream, numbers); err != nil {
			return fmt.Errorf("read stream %s: %w", stream, err)
		}
	}
	return nil
}

func (c *checker) stream(ctx context.Context, stream string, numbers []uint64) error {
	n := 0
	for e, err := range c.store.ReadStream(ctx, stream, 0, Forwards) {
		if err != nil {
			return err
		}
		if n < len(numbers) && leafOf(e) != c.leaves[numbers[n]] {
			c.report(fmt.Sprintf("stream %q, revision %d", stream, n), "it is not event %d", numbers[n])
		}
		n++
	}
	if n < len(numbers) {
		c.report(fmt.Sprintf("stream %q", stream), "%d of its %d events are missing", len(numbers)-n, len(numbers))
	}
	for e, err := range c.store.ReadStream(ctx, stream, math.MaxUint64, Backwards) {
		if err != nil {
			return err
		}
		if e.Revision < uint64(len(numbers)) && leafOf(e) != c.leaves[numbers[e.Revision]] {
			c.report(fmt.Sprintf("stream %q, revision %d", stream, e.Revision), "read backwards it is another")
		}
	}
	return nil
}
