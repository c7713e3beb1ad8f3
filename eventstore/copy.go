package eventstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
)

// Chain is a running SHA-256 over log entries: of two stores with the same
// count and sum, each entry is the same and stands in the same place. It is
//
//	sum(0) = 32 zero bytes
//	sum(n) = SHA-256(sum(n-1), leaf hash of entry n-1)
//
// The zero Chain has no entries.
type Chain struct {
	Count uint64
	Sum   [sha256.Size]byte
}

// Add adds an event's log entry. An event whose data do not have the two parts
// has no entry; it is added by all its bytes.
func (c *Chain) Add(r Recorded) {
	leaf := leafOf(r)
	c.Sum = sha256.Sum256(append(c.Sum[:], leaf[:]...))
	c.Count++
}

func (c Chain) String() string { return fmt.Sprintf("%d %s", c.Count, hex.EncodeToString(c.Sum[:])) }

func leafOf(r Recorded) [sha256.Size]byte {
	entry, err := Entry(r)
	if err != nil {
		// No entry begins with a zero byte.
		entry = fmt.Appendf([]byte{0}, "%q %d %s %q %q %q", r.Stream, r.Revision, r.ID, r.Type, r.Data, r.Metadata)
	}
	return LeafHash(entry)
}

// Differs says that two stores do not hold the same history: their events with
// this number are not the same.
type Differs struct {
	Number   uint64
	From, To string // the event there, in words; empty where there is none
}

func (e *Differs) Error() string {
	return fmt.Sprintf("event %d is not the same: %q against %q", e.Number, e.From, e.To)
}

func inWords(r Recorded) string {
	return fmt.Sprintf("%s@%d %s %s", r.Stream, r.Revision, r.Type, r.ID)
}

const (
	// copyEvents and copyBytes bound one append of a copy. copyBytes is half of
	// what an append may hold, and a larger event is an append of its own.
	copyEvents = 1024
	copyBytes  = MaxAppend / 2
)

// Copy writes to a store all events of another that it has not yet, in the
// same order, and returns the chain of what both hold then. What the target
// has must be a beginning of the source, else nothing is written and the error
// is *Differs. So a copy that was cut off is continued by calling Copy again.
// Nobody else may write the target meanwhile.
//
// progress is called with the number of events that both hold; it may be nil.
func Copy(ctx context.Context, from, to Store, progress func(count uint64)) (Chain, error) {
	if progress == nil {
		progress = func(uint64) {}
	}
	var c Chain
	next, stop := iter.Pull2(to.ReadAll(ctx, Position{}, Forwards))
	defer stop()
	w := &copier{to: to, heads: map[string]uint64{}}
	copied := false // the target's beginning has been passed
	for e, err := range from.ReadAll(ctx, Position{}, Forwards) {
		if err != nil {
			return c, fmt.Errorf("copy: read the source after %d events: %w", c.Count, err)
		}
		if !copied {
			have, err, more := next()
			switch {
			case !more:
				copied = true
			case err != nil:
				return c, fmt.Errorf("copy: read the target after %d events: %w", c.Count, err)
			case !sameEvent(e, have):
				return c, &Differs{c.Count, inWords(e), inWords(have)}
			}
		}
		if copied {
			if err := w.add(ctx, e); err != nil {
				return c, fmt.Errorf("copy: event %d: %w", c.Count, err)
			}
		} else {
			w.heads[e.Stream] = e.Revision
		}
		c.Add(e)
		if c.Count%copyEvents == 0 {
			progress(c.Count)
		}
	}
	if err := w.flush(ctx); err != nil {
		return c, fmt.Errorf("copy: %w", err)
	}
	progress(c.Count)
	if !copied {
		if have, err, more := next(); more && err == nil {
			return c, &Differs{c.Count, "", inWords(have)}
		} else if more {
			return c, fmt.Errorf("copy: read the target: %w", err)
		}
	}
	return c, nil
}

func sameEvent(a, b Recorded) bool {
	return a.Stream == b.Stream && a.Revision == b.Revision && a.ID == b.ID && a.Type == b.Type &&
		bytes.Equal(a.Data, b.Data) && bytes.Equal(a.Metadata, b.Metadata)
}

// copier gathers events that follow each other in one stream into one append,
// which keeps the order of all.
type copier struct {
	to      Store
	heads   map[string]uint64 // the last revision written to each stream
	stream  string
	waiting []Event
	bytes   int
}

func (w *copier) add(ctx context.Context, e Recorded) error {
	size := AppendSize([]Event{e.Event})
	if len(w.waiting) > 0 && (e.Stream != w.stream || len(w.waiting) == copyEvents || w.bytes+size > copyBytes) {
		if err := w.flush(ctx); err != nil {
			return err
		}
	}
	w.stream = e.Stream
	w.waiting = append(w.waiting, e.Event)
	w.bytes += size
	return nil
}

func (w *copier) flush(ctx context.Context) error {
	if len(w.waiting) == 0 {
		return nil
	}
	expected := NoStream
	if head, ok := w.heads[w.stream]; ok {
		expected = At(head)
	}
	done, err := w.to.Append(ctx, w.stream, expected, w.waiting)
	if err != nil {
		return err
	}
	w.heads[w.stream] = done.Revision
	w.waiting, w.bytes = w.waiting[:0], 0
	return nil
}

// ChainOf reads a store from its first event and returns its chain.
func ChainOf(ctx context.Context, s Store) (Chain, error) {
	var c Chain
	for e, err := range s.ReadAll(ctx, Position{}, Forwards) {
		if err != nil {
			return c, fmt.Errorf("after %d events: %w", c.Count, err)
		}
		c.Add(e)
	}
	return c, nil
}
