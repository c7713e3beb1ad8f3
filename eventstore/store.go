package eventstore

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Store keeps streams of events for ever.
//
// # Order
//
// There is one total order of all events. Position increases along it,
// revisions of a stream run 0, 1, 2, ... along it without a gap, and it never
// changes. The events of one append stand next to each other in their stream,
// in the order given.
//
// # Append
//
// Append writes all of its events or none, and returns only after their bytes
// are synced to disk (on a cluster: to a majority); a reader sees them no
// earlier than that, and sees them from then on. A refusal too is given only
// after what it rests on is synced.
//
// The expected revision is judged against the stream at the moment of
// writing: [Any] takes what comes, [NoStream] wants a stream without events,
// [StreamExists] one with events, [At] one whose last event has exactly that
// revision. Otherwise nothing is written and the answer is *WrongRevision.
//
// Sending the same append again is safe. Only ids and the stream are looked
// at, never content:
//   - NoStream or At(n) behind the head: if the ids stand one after the other
//     at the revisions that follow (0, 1, ... or n+1, n+2, ...), nothing is
//     written and the answer is that of the first time, also where other events
//     stand behind. If the first differs, or some are there and then one is not
//     (another id, or the stream ends), it is *WrongRevision.
//   - Any and StreamExists: only a bounded memory of recent ids helps, and a
//     restart forgets it. First id unknown: everything is appended. All known
//     in this stream: nothing is written, and the answer is that of the first
//     time. First known and a later one not: *WrongRevision, even for Any. Who
//     must not write twice names a revision.
//
// The answer does not say whether the events were there already: a server does
// not tell, and whoever sends again must not care.
//
// An append of no events writes nothing and succeeds where the expected
// revision is that of the stream; its Appended is zero.
//
// Limits are those of [CheckAppend]. Data and metadata are opaque bytes; nil
// and empty are the same. The caller's slices are not kept after Append
// returns, whatever it returns.
//
// # What an error of Append leaves behind
//
//   - *WrongRevision, *TooLarge, *BadEvent, *BadStream, *Denied, *Unavailable,
//     ErrClosed, and the context's own error: nothing was or will be written.
//   - *OutcomeUnknown, *Poisoned: all or nothing was written, nobody knows
//     which. The same events with the same expected revision, sent again (to a
//     poisoned store after a restart), have one effect.
//   - any other: the request could not be judged; nothing was written.
//
// # Reads
//
// ReadStream gives the events of a stream from a revision, that one included,
// in either direction; backwards, a revision past the end (math.MaxUint64)
// means from the last. A stream without events, a name that can't have any, and
// forwards a revision past the end all read as empty. ReadAll gives all events after a position forwards (the zero
// Position: from the first), or all before it backwards ([End]: from the
// last). A read shows what was written when it began and then ends; range over
// it again to read anew, break out of it at any time.
//
// Subscribe gives all events after a position (End: after what is written when
// the loop begins) and then, without a gap or a double, each that is written
// later. It ends only with an error; a slow reader never holds up a writer. A
// store elsewhere that goes away, or is away when the loop begins, is no error to
// it: it goes on where it was once the store is back, however long that takes.
//
// An error is yielded once, as the last thing, with a zero Recorded; the
// events before it were good. When ctx ends it is the context's error; where a
// store elsewhere does not come back in time, *Unavailable. A
// position that this store has not given yields *UnknownPosition where the
// store can tell: resume only from positions of this store. The slices of a
// Recorded are the reader's to keep.
//
// # Concurrency, closing
//
// All methods may be called from many goroutines at once. Close lets the
// appends finish that were accepted, ends running reads and subscriptions with
// ErrClosed and lets later calls fail with it; it does not wait for the body of a
// reader's loop, nor for a store that is away, and a second Close is
// harmless.
// Once a write has failed in a way that leaves the disk's state unknown the
// store is poisoned: every waiting and later call gets *Poisoned.
type Store interface {
	Append(ctx context.Context, stream string, expected Expected, events []Event) (Appended, error)
	ReadStream(ctx context.Context, stream string, from uint64, dir Direction) iter.Seq2[Recorded, error]
	ReadAll(ctx context.Context, from Position, dir Direction) iter.Seq2[Recorded, error]
	Subscribe(ctx context.Context, after Position) iter.Seq2[Recorded, error]
	Close() error
}

// Event is what a writer gives to Append.
type Event struct {
	ID             uuid.UUID
	Type           string
	Data, Metadata []byte
}

// Recorded is an event as it is read back. A store adds nothing else: no time,
// no number, no name of its own.
type Recorded struct {
	Event
	Stream   string
	Revision uint64
	// Position in the order of all events; zero where ReadStream does not tell
	// it, as a server may.
	Position Position
}

// Appended is the answer to an append.
type Appended struct {
	Revision uint64 // of the last event
	// Position of the last event; zero where the store does not tell, as a
	// server may for events that were there already.
	Position Position
}

// Direction is the way in which a read goes through history.
type Direction bool

// Forwards is from old to new, Backwards from new to old.
const (
	Forwards  Direction = false
	Backwards Direction = true
)

// Expected is what an append believes about its stream. Its zero value is
// At(0), so that one which was forgotten refuses more than it lets through.
type Expected int64

// The expectations that name no revision; the figures are EventStoreDB's.
const (
	NoStream     Expected = -1
	Any          Expected = -2
	StreamExists Expected = -4
)

// At expects that the stream's last event has this revision.
func At(revision uint64) Expected {
	// No stream gets that long; one that claims to be is never matched.
	return Expected(min(revision, math.MaxInt64))
}

// Revision returns the revision that e names, if it names one.
func (e Expected) Revision() (uint64, bool) { return uint64(max(e, 0)), e >= 0 }

func (e Expected) String() string {
	switch e {
	case NoStream:
		return "no stream"
	case Any:
		return "any revision"
	case StreamExists:
		return "an existing stream"
	}
	return "revision " + strconv.FormatInt(int64(e), 10)
}

// Position is a place in the order of all events: an opaque token for
// resuming. Positions of one store can be compared; those of two mean nothing
// to each other. The zero Position is before the first event.
type Position struct{ commit, prepare uint64 }

// End stands after every event there is or will be.
var End = Position{math.MaxUint64, math.MaxUint64}

// NewPosition makes a Position of the pair that a server gave; for adapters.
func NewPosition(commit, prepare uint64) Position { return Position{commit, prepare} }

// Pair returns what NewPosition was given; for adapters.
func (p Position) Pair() (commit, prepare uint64) { return p.commit, p.prepare }

// Compare returns -1, 0 or 1 as p stands before, at or after q.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.commit, q.commit), cmp.Compare(p.prepare, q.prepare))
}

// String returns p in the form that ParsePosition reads: "commit/prepare", or
// "end".
func (p Position) String() string {
	if p == End {
		return "end"
	}
	return strconv.FormatUint(p.commit, 10) + "/" + strconv.FormatUint(p.prepare, 10)
}

// ParsePosition reads what String wrote.
func ParsePosition(s string) (Position, error) {
	if s == "end" {
		return End, nil
	}
	commit, prepare, ok := strings.Cut(s, "/")
	c, errC := strconv.ParseUint(commit, 10, 64)
	p, errP := strconv.ParseUint(prepare, 10, 64)
	// Only the form that String writes: "+1/01" would be a second spelling.
	if q := (Position{c, p}); ok && errC == nil && errP == nil && q.String() == s {
		return q, nil
	}
	return Position{}, fmt.Errorf("position %q is not of the form commit/prepare", s)
}

// MarshalText makes a Position a string in JSON.
func (p Position) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (p *Position) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePosition(string(text))
	return err
}

// What one append may hold, on every store. The bytes are EventStoreDB's limit
// up to 25.0, kept where a server allows more so that a history can move
// anywhere; the others are far above what the ledger writes and far below
// what would hurt.
const (
	MaxAppend     = 1 << 20 // bytes, as AppendSize counts them
	MaxEvents     = 8192    // events; of 128 bytes each, a full append
	MaxStreamName = 1024    // bytes of UTF-8
	MaxType       = 1024    // bytes of UTF-8
)

// AppendSize counts the bytes of events as EventStoreDB does: data, metadata,
// and the type in UTF-16.
func AppendSize(events []Event) int {
	size := 0
	for _, e := range events {
		size += len(e.Data) + len(e.Metadata)
		for _, r := range e.Type {
			size += 2
			if r > 0xFFFF {
				size += 2 // a pair of surrogates
			}
		}
	}
	return size
}

// CheckAppend says whether an append keeps the limits that hold on every
// store; a store calls it before anything else. A stream's name is non-empty,
// valid UTF-8, at most MaxStreamName bytes long and does not begin with "$",
// which servers keep for themselves. An event has an id, another than those
// beside it, and a type that is non-empty, valid UTF-8 and at most MaxType
// bytes long. All events together keep MaxEvents and MaxAppend. The error is
// *BadStream, *BadEvent or *TooLarge.
func CheckAppend(stream string, events []Event) error {
	switch {
	case stream == "":
		return &BadStream{stream, "is empty"}
	case len(stream) > MaxStreamName:
		return &BadStream{stream, fmt.Sprintf("has %d bytes, %d are allowed", len(stream), MaxStreamName)}
	case !utf8.ValidString(stream):
		return &BadStream{stream, "is not UTF-8"}
	case stream[0] == '$':
		return &BadStream{stream, `begins with "$"`}
	case len(events) > MaxEvents:
		return &TooLarge{stream, "events", len(events), MaxEvents}
	}
	ids := make(map[uuid.UUID]struct{}, len(events))
	for i, e := range events {
		_, twice := ids[e.ID]
		ids[e.ID] = struct{}{}
		switch {
		case e.ID == uuid.Nil:
			return &BadEvent{stream, i, "has no id"}
		case twice:
			return &BadEvent{stream, i, fmt.Sprintf("has the id %s of another in the same append", e.ID)}
		case e.Type == "":
			return &BadEvent{stream, i, "has no type"}
		case len(e.Type) > MaxType:
			return &BadEvent{stream, i, fmt.Sprintf("has a type of %d bytes, %d are allowed", len(e.Type), MaxType)}
		case !utf8.ValidString(e.Type):
			return &BadEvent{stream, i, "has a type that is not UTF-8"}
		}
	}
	if size := AppendSize(events); size > MaxAppend {
		return &TooLarge{stream, "bytes", size, MaxAppend}
	}
	return nil
}
