package projections

import (
	"iter"
	"time"

	"reliefledger.org/ledger/domain"
)

// Event is what books know of every event.
type Event struct {
	Number    uint64
	ID        domain.ID
	Type      string
	Stream    string
	Date      domain.Day
	Happened  domain.Span
	Recorded  time.Time
	Actor     domain.ID
	DoneBy    domain.ID
	Signed    bool
	Cause     domain.ID
	Campaign  domain.ID
	Irregular []domain.Irregularity
	// Leaf is the hash of the event's log entry; zero where its bytes are not
	// an event's.
	Leaf [32]byte
}

// eventColumns are what books keep of the events beside the state's history,
// by number. There are as many as payments and more: what few have stands
// apart.
type eventColumns struct {
	fixed []eventColumn
	rare  map[uint64]*rareEvent
	ids   []domain.ID // of actors and campaigns; the first is none
	index map[domain.ID]uint32
}

type eventColumn struct {
	leaf            [32]byte
	recorded        int64  // microseconds
	actor, campaign uint32 // in ids
	signed          bool
}

type rareEvent struct {
	happened  domain.Span // where it is not the business date
	doneBy    domain.ID
	cause     domain.ID // that the ledger does not have
	irregular []domain.Irregularity
}

func newColumns() eventColumns {
	return eventColumns{rare: map[uint64]*rareEvent{}, ids: []domain.ID{{}}, index: map[domain.ID]uint32{{}: 0}}
}

func (c *eventColumns) intern(id domain.ID) uint32 {
	n, ok := c.index[id]
	if !ok {
		n = uint32(len(c.ids))
		c.ids = append(c.ids, id)
		c.index[id] = n
	}
	return n
}

// add keeps an event that the state has just folded, or could not fold.
func (c *eventColumns) add(state *domain.Ledger, d Decoded) {
	at := eventColumn{leaf: d.Leaf, recorded: d.Meta.Recorded.UnixMicro(), actor: c.intern(d.Meta.Actor),
		signed: d.Meta.Command != nil && len(d.Meta.Command.Signature) > 0}
	number := uint64(len(c.fixed))
	var rare rareEvent
	if _, known := state.CauseAt(number); !known {
		rare.cause = d.Meta.Cause
	}
	if d.Event != nil {
		common := domain.CommonOf(d.Event)
		at.campaign = c.intern(common.Campaign)
		if common.Happened != nil {
			rare.happened = *common.Happened
		}
		rare.doneBy, rare.irregular = common.DoneBy, common.Irregular
	}
	if rare.happened != (domain.Span{}) || rare.doneBy != (domain.ID{}) || rare.cause != (domain.ID{}) || rare.irregular != nil {
		c.rare[number] = &rare
	}
	c.fixed = append(c.fixed, at)
}

// Len is how many events the books have.
func (b *basis) Len() int { return len(b.columns.fixed) }

// At returns the event with a number, which must be below Len.
func (b *basis) At(number uint64) Event {
	c := &b.columns.fixed[number]
	e := Event{Number: number, Type: b.state.TypeAt(number), Stream: b.state.StreamAt(number), Date: b.state.DateAt(number),
		Recorded: time.UnixMicro(c.recorded).UTC(), Actor: b.columns.ids[c.actor], Campaign: b.columns.ids[c.campaign], Signed: c.signed, Leaf: c.leaf}
	e.ID, _ = b.state.EventAt(number)
	e.Happened = domain.Span{First: e.Date, Last: e.Date}
	if cause, ok := b.state.CauseAt(number); ok {
		e.Cause, _ = b.state.EventAt(cause)
	}
	if rare := b.columns.rare[number]; rare != nil {
		if rare.happened != (domain.Span{}) {
			e.Happened = rare.happened
		}
		if rare.cause != (domain.ID{}) {
			e.Cause = rare.cause
		}
		e.DoneBy, e.Irregular = rare.doneBy, rare.irregular
	}
	return e
}

// Events goes through all events.
func (b *basis) Events() iter.Seq[Event] { return b.EventsFrom(0) }

// EventsFrom goes through the events from a number on; of a range, the reader stops
// where it ends.
func (b *basis) EventsFrom(number uint64) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for n := number; n < uint64(b.Len()) && yield(b.At(n)); n++ {
		}
	}
}

// EventsBefore goes through the events before a number, the last first.
func (b *basis) EventsBefore(number uint64) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for n := min(number, uint64(b.Len())); n > 0 && yield(b.At(n-1)); n-- {
		}
	}
}

// Event returns an event by id.
func (b *basis) Event(id domain.ID) (*Event, bool) {
	n, ok := b.state.Number(id)
	if !ok {
		return nil, false
	}
	e := b.At(n)
	return &e, true
}
