package projections

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/snapshot"
)

// Until says as of what books are read; the zero value is now.
type Until struct {
	Number   *uint64
	Recorded time.Time
	Date     domain.Day
}

// Books are all projections of a ledger. They are written by Apply alone; a
// reader and Apply must not run at the same time.
type Books struct {
	// State is the domain's; it is read, never changed.
	State *domain.Ledger
	Until Until
	// Position is the store's token of the last event, from which a reader
	// resumes; zero where the events did not come from a store.
	Position eventstore.Position
	// Unreadable are events whose bytes could not be read.
	Unreadable []error

	*basis
	parts

	point   snapshot.Point // as far as the store was read
	snapped uint64         // events that came from a snapshot
	cut     bool           // there are events behind what the books are as of
	// greatest is the recorded time of any event whose metadata could be read, by
	// which books as of a recorded time end.
	greatest time.Time
}

// New returns books before the first event.
func New(until Until) *Books {
	b := newBasis(until.Date)
	return &Books{State: b.state, Until: until, basis: b, parts: newParts(b)}
}

// Read reads all events of a store into new books. Events are decoded by as
// many goroutines as there are cores, and applied in order.
func Read(ctx context.Context, store eventstore.Store, until Until) (*Books, error) {
	return ReadFrom(ctx, store, "", until)
}

// ReadFrom is Read, begun from a snapshot in a file where there is one that
// lies before what the books are as of; see [Books.Keep]. *[snapshot.Lost] says
// that the store has another history than when the snapshot was made.
//
// A snapshot is no evidence: an auditor reads the events.
func ReadFrom(ctx context.Context, store eventstore.Store, path string, until Until) (*Books, error) {
	b, err := restore(ctx, store, path, until)
	if err != nil {
		return nil, fmt.Errorf("read books: %w", err)
	}
	decode := func(raw eventstore.Recorded, number uint64) read { return read{Decode(raw, number), raw} }
	for d, err := range eventstore.InParallel(ctx, store, b.Position, uint64(b.Len()), decode) {
		if err != nil {
			return nil, fmt.Errorf("read books: %w", err)
		}
		if !b.Apply(d.Decoded) {
			b.cut = true
			break
		}
		b.point.Next(d.raw)
	}
	return b, nil
}

// Decoded is an event with the hash of its log entry.
type Decoded struct {
	*domain.Recorded
	Position eventstore.Position
	Leaf     [32]byte
	Err      error // why it cannot be read
}

// Decode reads a stored event for Apply.
func Decode(raw eventstore.Recorded, number uint64) Decoded {
	d := Decoded{Position: raw.Position}
	var entry []byte
	if d.Recorded, entry, d.Err = codec.DecodeWithEntry(raw, number); entry != nil {
		d.Leaf = eventstore.LeafHash(entry)
	}
	return d
}

// read is a decoded event with its bytes.
type read struct {
	Decoded
	raw eventstore.Recorded
}

// Apply folds one event; false says that it lies after what the books are as
// of, and that no later one is wanted.
func (b *Books) Apply(d Decoded) bool {
	u := b.Until
	// The time of an event that cannot be read is nobody's word.
	if u.Number != nil && d.Number > *u.Number || !u.Recorded.IsZero() && d.Event != nil && d.Meta.Recorded.After(u.Recorded) {
		return false
	}
	if d.Event != nil && d.Meta.Recorded.After(b.greatest) {
		b.greatest = d.Meta.Recorded
	}
	if d.Err != nil {
		b.Unreadable = append(b.Unreadable, d.Err)
	}
	postings, err := b.State.Apply(d.Recorded)
	if n := len(b.State.Unfolded); err != nil && d.Err != nil && b.State.Unfolded[n-1].Why == "unknown type" {
		b.State.Unfolded[n-1].Why = d.Err.Error() // the domain cannot know more
	}
	b.Position = d.Position
	a := applied{d, err == nil && d.Event != nil, postings}
	b.basis.take(a)
	b.parts.Apply(a)
	return true
}

// Half says whether a command is only half there: a process still owes a step,
// or a part of a list is missing. Balances may then have money in transit, and a
// list that is being entered is not seen.
func (b *Books) Half() bool {
	for range b.State.Unfinished() {
		return true
	}
	return false
}

// Moment is the place in history that the books show.
func (b *Books) Moment() Moment {
	m := Moment{Events: uint64(b.Len()), Half: b.Half()}
	if m.Events > 0 {
		m.Recorded = b.At(m.Events - 1).Recorded
	}
	return m
}

// Digest is the SHA-256 of everything the books say. Books that were thrown
// away and read again have the same.
func (b *Books) Digest() [32]byte {
	h := sha256.New()
	enc := json.NewEncoder(h)
	write := func(v any) {
		if err := enc.Encode(v); err != nil {
			panic(err) // only plain data is written
		}
	}
	for e := range b.Events() {
		write(e)
	}
	for _, by := range Dimensions {
		write(b.Balances(by))
	}
	write(b.Notices(0))
	for e := range b.FundUse() {
		write(e)
	}
	write(b.Irregular())
	return [32]byte(h.Sum(nil))
}
