package esdb

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"reliefledger.org/ledger/eventstore"
)

// A ledger sets no retention, and deletes nothing. A server takes both from
// everybody who may write a stream's metadata, and shows nothing of it in reads of
// all events until it is scavenged; then the events are gone. But what it was told
// stands among all events itself, and whoever reads those passes it.
const (
	metadataOf   = "$$" // a stream's name behind it is that of its metadata
	metadataType = "$metadata"
	deletedType  = "$streamDeleted"
	// tombstoneRevision is that of the event that ends a stream.
	tombstoneRevision = math.MaxInt64
)

// met is what reads met of dangers.
type met struct {
	mu      sync.Mutex
	dangers map[string]toldOf // guarded by mu; by stream
	dead    map[string]bool   // guarded by mu; streams with a tombstone
}

// toldOf is the last that the server was told of a stream.
type toldOf struct {
	danger eventstore.Danger
	at     eventstore.Position
}

// Dangers is described at eventstore.Endangered.
func (s *Store) Dangers() []eventstore.Danger {
	s.met.mu.Lock()
	defer s.met.mu.Unlock()
	return s.met.list()
}

func (m *met) list() (list []eventstore.Danger) {
	for _, stream := range slices.Sorted(maps.Keys(m.dead)) {
		list = append(list, eventstore.Danger{Stream: stream, Tombstone: true})
	}
	for _, stream := range slices.Sorted(maps.Keys(m.dangers)) {
		if d := m.dangers[stream].danger; d != (eventstore.Danger{Stream: stream}) && !m.dead[stream] {
			list = append(list, d)
		}
	}
	return list
}

// ours says whether an event of $all is one that the ledger wrote, and in which
// stream. What the server was told of the ledger's streams it notes.
func (s *Store) ours(e *client.RecordedEvent) (stream string, ok bool) {
	if of, is := strings.CutPrefix(e.StreamID, metadataOf); is {
		if stream, ok := s.own(of); ok && e.EventType == metadataType {
			s.met.told(stream, e)
		}
		return "", false
	}
	if stream, ok = s.own(e.StreamID); ok && isTombstone(e) {
		s.met.died(stream)
		return "", false
	}
	return stream, ok
}

func isTombstone(e *client.RecordedEvent) bool {
	return e.EventType == deletedType && e.EventNumber == tombstoneRevision
}

func (m *met) told(stream string, e *client.RecordedEvent) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := position(e.Position)
	if m.dangers[stream].at.Compare(at) >= 0 {
		return // reads go both ways, and many at a time
	}
	if m.dangers == nil {
		m.dangers = map[string]toldOf{}
	}
	m.dangers[stream] = toldOf{dangerIn(stream, e.Data), at}
}

func (m *met) died(stream string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead == nil {
		m.dead = map[string]bool{}
	}
	m.dead[stream] = true
}

// dangerIn reads a stream's metadata. Those that cannot be read have no effect on
// a server either.
func dangerIn(stream string, metadata []byte) eventstore.Danger {
	var m struct {
		MaxAge         int64 `json:"$maxAge"`
		MaxCount       int64 `json:"$maxCount"`
		TruncateBefore int64 `json:"$tb"`
	}
	if json.Unmarshal(metadata, &m) != nil {
		return eventstore.Danger{Stream: stream}
	}
	return eventstore.Danger{Stream: stream, MaxAge: max(m.MaxAge, 0), MaxCount: max(m.MaxCount, 0), TruncateBefore: max(m.TruncateBefore, 0)}
}

// tombstoned says whether a server refused because the stream was deleted for good.
func tombstoned(err error) bool {
	code, ok := codeOf(err)
	return ok && code == client.ErrorCodeStreamDeleted
}

// ofStream gives the error of a read of a stream its type.
func ofStream(stream string, err error) error {
	if tombstoned(err) {
		return &eventstore.Tombstoned{Stream: stream}
	}
	return err
}

// deniedAll is a server's answer to a user who may not read $all.
type deniedAll struct{ error }

func (e *deniedAll) Unwrap() error { return e.error }

// ofAll marks an error of a read of $all: there a server that denies access knows
// the user, who has no grant.
func ofAll(err error) error {
	if status.Code(err) == codes.PermissionDenied && !errors.As(err, new(*deniedAll)) {
		return &deniedAll{err}
	}
	return err
}
