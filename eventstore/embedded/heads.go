package embedded

import (
	"container/list"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"
)

const (
	// headsKept bounds the memory for ends of streams, to some 5 MB with long
	// names. A stream that is not among them costs a look into the database.
	headsKept = 16 << 10

	// idsKept bounds the ids by which an append with Any or StreamExists is
	// known again, to some 6 MB. A retry comes within seconds; these are the
	// last 32,768 events, whatever their streams.
	idsKept = 32 << 10
)

// head is the last event of a stream.
type head struct{ revision, number uint64 }

// heads remembers the ends of the streams that were written or asked for most
// recently. Memory does not grow with the number of streams.
type heads struct {
	max     int
	entries map[string]*list.Element // of *headEntry
	recent  *list.List               // the most recently used first
}

type headEntry struct {
	stream string
	head   head
}

func newHeads(max int) *heads {
	return &heads{max, make(map[string]*list.Element), list.New()}
}

func (h *heads) get(stream string) (head, bool) {
	e := h.entries[stream]
	if e == nil {
		return head{}, false
	}
	h.recent.MoveToFront(e)
	return e.Value.(*headEntry).head, true
}

func (h *heads) put(stream string, to head) {
	if e := h.entries[stream]; e != nil {
		e.Value.(*headEntry).head = to
		h.recent.MoveToFront(e)
		return
	}
	if h.recent.Len() == h.max {
		last := h.recent.Back()
		delete(h.entries, last.Value.(*headEntry).stream)
		h.recent.Remove(last)
	}
	h.entries[stream] = h.recent.PushFront(&headEntry{stream, to})
}

// findHead looks into the database for the end of a stream.
func findHead(db *pebble.DB, stream string) (at head, exists bool, err error) {
	first := streamKey(stream, 0)
	// Nothing is ever deleted, so a stream without revision 0 has no events;
	// filters answer that without reading a table.
	_, closer, err := db.Get(first)
	if err == pebble.ErrNotFound {
		return head{}, false, nil
	}
	if err != nil {
		return head{}, false, readError(keyName(first), err)
	}
	if err := closer.Close(); err != nil {
		return head{}, false, err
	}
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: first, UpperBound: streamEnd(stream)})
	if err != nil {
		return head{}, false, readError(keyName(first), err)
	}
	defer it.Close()
	if !it.Last() {
		if err := it.Error(); err != nil {
			return head{}, false, readError(keyName(first), err)
		}
		return head{}, false, corruptKey(first, "is there and is not")
	}
	at.revision, at.number, err = parseStreamEntry(it.Key(), it.Value())
	return at, true, err
}

// place is where an event stands.
type place struct {
	stream string
	head
}

// recentIDs remembers where the last events stand, by id, and forgets the
// oldest first.
type recentIDs struct {
	ring   []uuid.UUID // the ids in order of arrival
	next   int         // where the next one goes in the ring
	places map[uuid.UUID]place
}

func newRecentIDs(max int) *recentIDs {
	return &recentIDs{ring: make([]uuid.UUID, 0, max), places: make(map[uuid.UUID]place)}
}

func (r *recentIDs) put(id uuid.UUID, at place) {
	if _, known := r.places[id]; known {
		r.places[id] = at // stays where it is in the ring
		return
	}
	r.places[id] = at
	if len(r.ring) < cap(r.ring) {
		r.ring = append(r.ring, id)
		return
	}
	delete(r.places, r.ring[r.next])
	r.ring[r.next] = id
	r.next = (r.next + 1) % len(r.ring)
}
