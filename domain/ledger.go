package domain

import (
	"fmt"
	"time"
)

// Ledger is the state that all events of a ledger add up to. Anybody may read its
// maps; only [Ledger.Apply] changes them.
//
// A Ledger is not safe for use by several goroutines at once.
type Ledger struct {
	Opened      *LedgerOpened
	ID          ID
	Units       map[ID]*Unit
	Officers    map[ID]*Officer
	Programmes  map[ID]*Programme
	Funds       map[ID]*Fund
	Allocations map[ID]*Allocation
	Notices     map[ID]*Notice
	Campaigns   map[ID]*Campaign
	Parties     map[ID]*Party

	// Erasures are what was erased, in the order of the ledger.
	Erasures []*Erasure

	// Count is how many events were applied.
	Count uint64
	// Unfolded lists the events that could not be folded. They changed nothing else.
	Unfolded []Unfolded

	history
	streams         map[string]*streamState
	effects         []*Effect     // by index; the first is none
	commands        map[ID]uint32 // index in effects
	owed            []*owedStep   // steps that processes still owe, oldest first
	incompleteLists []uint32      // commands of whose lists parts are missing; index in effects
	postings        []Posting
	origins         map[ID]*Origin
	labels          map[lineLabels]*lineLabels
	moneyLists      map[moneyOnly]*entitlementList
	erased          map[ID]bool // keys of persons and cases
	mergedInto      map[ID][]ID // by the party, those that were merged into it
	total           Fen         // all that ever came in, at most MaxFen
}

// Unfolded is an event that could not be folded, and why.
type Unfolded struct {
	Number uint64
	ID     ID
	Why    string
}

type streamState struct {
	index    uint32 // in history.names
	began    uint64 // number of its first event
	revision uint64
	recorded time.Time
	last     Day // greatest business date of what was folded, erasures not counted
}

// NewLedger returns the state before the first event.
func NewLedger() *Ledger {
	return &Ledger{
		Units: map[ID]*Unit{}, Officers: map[ID]*Officer{}, Programmes: map[ID]*Programme{},
		Funds: map[ID]*Fund{}, Allocations: map[ID]*Allocation{}, Notices: map[ID]*Notice{},
		Campaigns: map[ID]*Campaign{}, Parties: map[ID]*Party{},
		streams: map[string]*streamState{}, effects: []*Effect{nil}, commands: map[ID]uint32{}, origins: map[ID]*Origin{}, labels: map[lineLabels]*lineLabels{}, moneyLists: map[moneyOnly]*entitlementList{},
	}
}

// Apply folds one event and returns its postings. The next call overwrites them. An
// event that cannot be folded changes nothing but its entry in the history, Count and
// Unfolded. The error says why; the caller may ignore it and go on.
func (l *Ledger) Apply(r *Recorded) ([]Posting, error) {
	l.postings = l.postings[:0]
	l.Count++
	s := l.streams[r.Stream]
	if s == nil {
		s = &streamState{index: uint32(len(l.names)), began: l.nextNumber()}
		l.streams[r.Stream] = s
		l.names = append(l.names, r.Stream)
	}
	s.revision = r.Revision
	at := loggedEvent{id: r.ID, stream: s.index}
	if r.Meta.Cause != (ID{}) {
		if cause, ok := l.Number(r.Meta.Cause); ok {
			at.cause = uint32(cause) + 1
		}
	}
	if r.Event != nil {
		at.kind, at.date = kindIndex[TypeOf(r.Event)], r.Event.common().Date
		at.row = uint32(rowOf(r))
	}
	var err error
	first, twice := l.Number(r.ID)
	switch {
	case twice:
		// The first keeps the id, so that nobody can displace an event by another.
		err = fmt.Errorf("its id %s is that of event %d", r.ID, first)
	case r.Event == nil:
		err = fmt.Errorf("unknown type")
	default:
		err = r.Event.fold(l, r)
	}
	l.log = append(l.log, at)
	if !twice {
		l.numbers.add(l.log)
	}
	if err == nil {
		s.recorded = r.Meta.Recorded // only of folded events: a forged one cannot change it
		switch r.Event.(type) {
		case *CaseErased, *ErasureConfirmed:
		default:
			s.last = max(s.last, at.date)
		}
	}
	if !twice && r.Meta.Cause != (ID{}) {
		l.countStepEvent(r)
	}
	if err != nil {
		l.postings = l.postings[:0]
		l.Unfolded = append(l.Unfolded, Unfolded{r.Number, r.ID, err.Error()})
		return nil, fmt.Errorf("event %d (%s in %s): %w", r.Number, kinds[at.kind], r.Stream, err)
	}
	l.noteEffect(r)
	return l.postings, nil
}

// Revision returns the revision of a stream's last event; ok is false for a
// stream without one.
func (l *Ledger) Revision(stream string) (revision uint64, ok bool) {
	s := l.streams[stream]
	if s == nil {
		return 0, false
	}
	return s.revision, true
}

// LastRecorded returns when the last folded event of a stream was recorded. A later
// event must not be recorded before that (rule 7).
func (l *Ledger) LastRecorded(stream string) time.Time {
	if s := l.streams[stream]; s != nil {
		return s.recorded
	}
	return time.Time{}
}
