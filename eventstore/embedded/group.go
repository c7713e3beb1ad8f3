package embedded

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
)

// group is what is committed with one sync. An append in it is judged against
// the streams as those before it leave them. Nothing outside the group is
// changed before the sync: what the writer remembers (heads, ids) is of synced
// events only.
type group struct {
	store *Store
	batch *pebble.Batch
	next  uint64 // the number of the next event

	heads map[string]head     // of the streams that the group writes
	added map[string][]placed // what it adds to each
	ids   map[uuid.UUID]place // the same by id
	order []uuid.UUID         // all of it, as it was added
}

// placed is an event that the group adds to a stream.
type placed struct {
	id     uuid.UUID
	number uint64
}

func (s *Store) newGroup() *group {
	return &group{
		store: s, batch: s.db.NewBatch(), next: s.count,
		heads: make(map[string]head), added: make(map[string][]placed), ids: make(map[uuid.UUID]place),
	}
}

// take decides an append and puts its events into the batch, or says why not.
func (g *group) take(r *request) (eventstore.Appended, error) {
	if r.line != nil && r.line.broken {
		return eventstore.Appended{}, ErrLineBroken
	}
	done, err := g.decide(r)
	if r.line != nil && err != nil {
		r.line.broken = true
	}
	return done, err
}

func (g *group) decide(r *request) (eventstore.Appended, error) {
	at, exists, err := g.head(r.stream)
	if err != nil {
		return eventstore.Appended{}, err
	}
	actual := eventstore.NoStream
	if exists {
		actual = eventstore.At(at.revision)
	}
	wrong := &eventstore.WrongRevision{Stream: r.stream, Expected: r.expected, Actual: actual}
	switch {
	case r.expected == eventstore.Any, r.expected == eventstore.StreamExists && exists:
		answer, all, some, err := g.known(r)
		switch {
		case err != nil || all:
			return answer, err
		case some:
			return eventstore.Appended{}, wrong
		}
	case r.expected != actual:
		answer, same, err := g.follows(r)
		if err != nil || same {
			return answer, err
		}
		return eventstore.Appended{}, wrong
	}
	if len(r.ids) == 0 {
		return eventstore.Appended{}, nil
	}
	at = g.add(r, at, exists)
	return eventstore.Appended{Revision: at.revision, Position: positionAfter(at.number + 1)}, nil
}

// head returns the end of a stream as the group leaves it so far.
func (g *group) head(stream string) (at head, exists bool, err error) {
	if at, ok := g.heads[stream]; ok {
		return at, true, nil
	}
	if at, ok := g.store.heads.get(stream); ok {
		return at, true, nil
	}
	at, exists, err = findHead(g.store.db, stream)
	if exists && err == nil {
		g.store.heads.put(stream, at) // it is from the database, so it is synced
	}
	return at, exists, err
}

// known looks for the ids of an append that names no revision: all if each is
// known in its stream, with the answer of the first time; some if the first is
// and a later one is not.
func (g *group) known(r *request) (answer eventstore.Appended, all, some bool, err error) {
	var last place
	for i, id := range r.ids {
		at, ok := g.ids[id]
		if !ok {
			at, ok = g.store.ids.places[id]
		}
		if !ok || at.stream != r.stream {
			return eventstore.Appended{}, false, i > 0, nil
		}
		last = at
	}
	if len(r.ids) == 0 {
		return eventstore.Appended{}, false, false, nil
	}
	return eventstore.Appended{Revision: last.revision, Position: positionAfter(last.number + 1)}, true, false, nil
}

// follows says whether the ids of an append stand one after the other behind
// the revision that it expects, and then gives the answer of the first time. An
// append that expects a revision the stream has not reached meets the stream's
// end, and so does not follow.
func (g *group) follows(r *request) (answer eventstore.Appended, same bool, err error) {
	revision, from := r.expected.Revision()
	if from {
		revision++
	} else if r.expected != eventstore.NoStream {
		return eventstore.Appended{}, false, nil // StreamExists, and it does not
	}
	if len(r.ids) == 0 {
		return eventstore.Appended{}, false, nil
	}
	// What the group adds is not in the database yet: the stream is what is
	// written up to synced, and then the ids that the group has added.
	synced, added := uint64(0), g.added[r.stream]
	if at, exists, err := g.head(r.stream); err != nil {
		return eventstore.Appended{}, false, err
	} else if exists {
		synced = at.revision + 1 - uint64(len(added))
	}
	var last head
	rest := r.ids
	if revision < synced {
		n := min(uint64(len(rest)), synced-revision)
		number, same, err := g.store.idsStand(r.stream, revision, rest[:n])
		if err != nil || !same {
			return eventstore.Appended{}, false, err
		}
		last = head{revision + n - 1, number}
		rest, revision = rest[n:], revision+n
	}
	if skip := revision - synced; len(rest) > 0 {
		if skip > uint64(len(added)) || len(rest) > len(added[skip:]) {
			return eventstore.Appended{}, false, nil
		}
		for i, id := range rest {
			if added[skip:][i].id != id {
				return eventstore.Appended{}, false, nil
			}
			last = head{revision + uint64(i), added[skip:][i].number}
		}
	}
	return eventstore.Appended{Revision: last.revision, Position: positionAfter(last.number + 1)}, true, nil
}

// add puts the events of an append behind at.
func (g *group) add(r *request, at head, exists bool) head {
	revision := uint64(0)
	if exists {
		revision = at.revision + 1
	}
	var varint [binary.MaxVarintLen64]byte
	index := streamKey(r.stream, 0)
	for i, id := range r.ids {
		at = head{revision + uint64(i), g.next}
		g.next++

		prefix := binary.AppendUvarint(varint[:0], at.revision)
		body := r.bodies[i]
		record := g.batch.SetDeferred(9, len(prefix)+len(body))
		record.Key[0] = eventKind
		binary.BigEndian.PutUint64(record.Key[1:], at.number)
		copy(record.Value[copy(record.Value, prefix):], body)
		mustFinish(record.Finish())

		binary.BigEndian.PutUint64(index[len(index)-8:], at.revision)
		entry := g.batch.SetDeferred(len(index), 8)
		copy(entry.Key, index)
		binary.BigEndian.PutUint64(entry.Value, at.number)
		mustFinish(entry.Finish())

		g.ids[id] = place{r.stream, at}
		g.added[r.stream] = append(g.added[r.stream], placed{id, at.number})
	}
	g.order = append(g.order, r.ids...)
	g.heads[r.stream] = at
	return at
}

// mustFinish: only a batch with an index can fail here, and this is none.
func mustFinish(err error) {
	if err != nil {
		panic(fmt.Sprintf("a plain batch refused an entry: %v", err))
	}
}

// remember keeps what the group wrote, now that it is synced.
func (g *group) remember() {
	for stream, at := range g.heads {
		g.store.heads.put(stream, at)
	}
	for _, id := range g.order {
		g.store.ids.put(id, g.ids[id])
	}
}
