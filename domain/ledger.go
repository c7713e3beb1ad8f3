package domain

import (
	"bytes"
	"fmt"
	"reflect"
	"time"
)

// Ledger is the state that all events of a ledger fold to. Its maps are read
// by everybody and written by [Ledger.Apply] alone.
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

	// Count is how many events were applied.
	Count uint64
	// Unfolded names the events that could not be folded; they changed nothing.
	Unfolded []Unfolded

	streams  map[string]*streamState
	events   map[ID]entry
	commands map[ID]*Effect
	owed     []*owed // steps that processes still owe, oldest first
	postings []Posting
	origins  map[ID]*Origin
	total    Fen // all that ever came in, at most MaxFen
}

// Unfolded is an event that the state cannot follow.
type Unfolded struct {
	Number uint64
	ID     ID
	Why    string
}

type streamState struct {
	revision uint64
	recorded time.Time
}

// entry is what the state remembers of every event.
type entry struct {
	number uint64
	stream string
	kind   string
	date   Day
	// command is the one that led to the event, zero for a process.
	command ID
}

// Effect is what an accepted command led to.
type Effect struct {
	Stream string
	Digest []byte
	Events []ID
	// Rows are the events that processes posted for rows of the command.
	Rows map[int]ID
	// Complete is false while parts of a list are missing.
	Complete bool
	parts    int // parts that are there
}

// NewLedger returns the state before the first event.
func NewLedger() *Ledger {
	return &Ledger{
		Units: map[ID]*Unit{}, Officers: map[ID]*Officer{}, Programmes: map[ID]*Programme{},
		Funds: map[ID]*Fund{}, Allocations: map[ID]*Allocation{}, Notices: map[ID]*Notice{},
		Campaigns: map[ID]*Campaign{}, Parties: map[ID]*Party{},
		streams: map[string]*streamState{}, events: map[ID]entry{}, commands: map[ID]*Effect{}, origins: map[ID]*Origin{},
	}
}

// Apply folds one event and returns its postings, which are the caller's only
// until the next call. An event that cannot be folded changes nothing but
// Count and Unfolded, and is returned as an error for whoever wants to know;
// the ledger goes on.
func (l *Ledger) Apply(r *Recorded) ([]Posting, error) {
	l.postings = l.postings[:0]
	l.Count++
	s := l.streams[r.Stream]
	if s == nil {
		s = &streamState{}
		l.streams[r.Stream] = s
	}
	s.revision = r.Revision
	at := entry{number: r.Number, stream: r.Stream}
	if r.Meta.Command != nil {
		at.command = r.Meta.Command.ID
	}
	var err error
	first, twice := l.events[r.ID]
	switch {
	case twice:
		// The first keeps its id: nobody takes an event away by writing another.
		err = fmt.Errorf("its id %s is that of event %d", r.ID, first.number)
	case r.Event == nil:
		err = fmt.Errorf("unknown type")
	default:
		at.kind, at.date = TypeOf(r.Event), r.Event.common().Date
		err = r.Event.fold(l, r)
	}
	if !twice {
		l.events[r.ID] = at
	}
	if err == nil {
		s.recorded = r.Meta.Recorded // of what counts, so that a forgery cannot move it
	}
	if !twice && r.Meta.Cause != (ID{}) {
		l.settle(r)
	}
	if err != nil {
		l.postings = l.postings[:0]
		l.Unfolded = append(l.Unfolded, Unfolded{r.Number, r.ID, err.Error()})
		return nil, fmt.Errorf("event %d (%s in %s): %w", r.Number, at.kind, r.Stream, err)
	}
	l.note(r)
	return l.postings, nil
}

// note remembers the command of an event.
func (l *Ledger) note(r *Recorded) {
	if p := r.Meta.Command; p != nil {
		e := l.commands[p.ID]
		if e == nil {
			e = &Effect{Stream: r.Stream, Digest: p.Digest, Complete: true}
			l.commands[p.ID] = e
		}
		e.Events = append(e.Events, r.ID)
		if list, ok := r.Event.(interface{ list() (part, of int) }); ok {
			part, of := list.list()
			e.parts = part
			e.Complete = part == of
		}
	}
}

// Done returns what an accepted command led to. The same command with other
// content is refused (rule 5).
func (l *Ledger) Done(command ID, digest []byte) (*Effect, error) {
	e, ok := l.commands[command]
	if !ok {
		return nil, nil
	}
	if !bytes.Equal(e.Digest, digest) {
		return nil, refuse(OtherContent, command)
	}
	return e, nil
}

// Find returns the event that a Ref names.
func (l *Ledger) Find(r Ref) (ID, bool) {
	e, ok := l.commands[r.Command]
	if !ok {
		return ID{}, false
	}
	if id, ok := e.Rows[r.Row]; ok {
		return id, true
	}
	if r.Row == 0 && len(e.Events) > 0 {
		return e.Events[0], true
	}
	return ID{}, false
}

// Origin returns the receipt or purchase that lots came from.
func (l *Ledger) Origin(event ID) (*Origin, bool) {
	o, ok := l.origins[event]
	return o, ok
}

// Number returns the number of an event.
func (l *Ledger) Number(event ID) (uint64, bool) {
	e, ok := l.events[event]
	return e.number, ok
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

// LastRecorded returns when the last event of a stream was recorded: time
// never runs backwards there (rule 7).
func (l *Ledger) LastRecorded(stream string) time.Time {
	if s := l.streams[stream]; s != nil {
		return s.recorded
	}
	return time.Time{}
}

// closedThrough is the last business date that the books of a stream are
// closed for; a stream that an order is about to begin starts with those of
// its unit.
func (l *Ledger) closedThrough(stream string, o *Order) Day {
	kind, id, _ := SplitStream(stream)
	switch kind {
	case FundKind:
		if f := l.Funds[id]; f != nil {
			return f.ClosedThrough
		}
	case AllocationKind:
		if a := l.Allocations[id]; a != nil {
			return a.ClosedThrough
		}
	default:
		return 0
	}
	if o == nil {
		return 0
	}
	if u := l.Units[o.Body.unit(l, o)]; u != nil {
		return u.ClosedThrough
	}
	return 0
}

var roleRow = func() map[string]int {
	rows := map[string]int{}
	for i, row := range roleTable {
		rows[CommandName(row.command)] = i
	}
	return rows
}()

func commandsByName() map[string]reflect.Type {
	types := map[string]reflect.Type{}
	for _, row := range roleTable {
		types[CommandName(row.command)] = reflect.TypeOf(row.command).Elem()
	}
	return types
}

// LedgerOpened is the first event: the root of trust.
type LedgerOpened struct {
	Common
	Ledger   ID     `json:"ledger"`
	Name     string `json:"name"`
	Currency string `json:"currency"` // one for the whole ledger: CNY
	TimeZone string `json:"time_zone"`
	// Simulated says that the clock is made up, and with it all recorded
	// times: a demonstration, no evidence. Every report shows it.
	Simulated  bool        `json:"simulated,omitempty"`
	Root       NewUnit     `json:"root"`
	Registrars []Registree `json:"registrars"`
}

// NewUnit describes a unit.
type NewUnit struct {
	ID       ID     `json:"id,omitzero"`
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Division string `json:"division"` // division code, GB/T 2260 and below
}

// Registree is one of the first two registrars.
type Registree struct {
	Officer ID     `json:"officer"`
	Key     []byte `json:"key"` // Ed25519 public key
	Post    string `json:"post"`
}

// OpenLedger begins a ledger: the root unit and its first two registrars, who
// both sign.
type OpenLedger struct {
	Ledger     ID          `json:"ledger"`
	Name       string      `json:"name"`
	Simulated  bool        `json:"simulated,omitempty"`
	Root       NewUnit     `json:"root"`
	Registrars []Registree `json:"registrars"`
}

var LedgerIsOpen = newCode(0, "ledger-is-open", "账簿已经开立：{name}", "the ledger is open already: {name}")

func (c *OpenLedger) target(*Order) string    { return LedgerStream }
func (c *OpenLedger) unit(*Ledger, *Order) ID { return ID{} }
func (c *OpenLedger) decide(d *decision) error {
	if d.l.Opened != nil {
		return refuse(LedgerIsOpen, d.l.Opened.Name)
	}
	if c.Name == "" || c.Root.Name == "" {
		return refuse(FieldMissing, "name")
	}
	if c.Ledger == (ID{}) {
		return refuse(FieldMissing, "ledger")
	}
	if len(c.Registrars) != 2 || c.Registrars[0].Officer == c.Registrars[1].Officer || bytes.Equal(c.Registrars[0].Key, c.Registrars[1].Key) {
		return refuse(FieldWrong, "registrars", len(c.Registrars))
	}
	code, _, err := DivisionCode(c.Root.Division)
	if err != nil {
		return err
	}
	root := c.Root
	root.Division = code
	if root.ID == (ID{}) {
		root.ID = d.made("unit")
	}
	d.add(&LedgerOpened{Ledger: c.Ledger, Name: c.Name, Currency: "CNY", TimeZone: "Asia/Shanghai",
		Simulated: c.Simulated, Root: root, Registrars: c.Registrars})
	return nil
}

func (e *LedgerOpened) fold(l *Ledger, r *Recorded) error {
	if l.Opened != nil {
		return fmt.Errorf("the ledger is open already")
	}
	l.Opened, l.ID = e, e.Ledger
	l.owe(r, Stream(UnitKind, e.Root.ID), &UnitRegistered{Unit: e.Root.ID, Name: e.Root.Name, Kind: e.Root.Kind, Division: e.Root.Division})
	for _, g := range e.Registrars {
		stream := Stream(OfficerKind, g.Officer)
		l.owe(r, stream,
			&OfficerAppointed{Officer: g.Officer, Unit: e.Root.ID, Post: g.Post},
			&RoleGranted{Role: Registrar, Unit: e.Root.ID},
			&OfficerKeySet{Key: g.Key})
	}
	return nil
}

// Effect returns what a command led to, nil for one that was never accepted.
func (l *Ledger) Effect(command ID) *Effect { return l.commands[command] }

// RefTo returns how a command names an event: by the command that made it, with
// the row where a process posted it.
func (l *Ledger) RefTo(event ID) (Ref, bool) {
	at, ok := l.events[event]
	if !ok {
		return Ref{}, false
	}
	if e := l.commands[at.command]; e != nil && at.command != (ID{}) {
		return Ref{Command: at.command}, e.Events[0] == event
	}
	for id, e := range l.commands {
		for row, made := range e.Rows {
			if made == event {
				return Ref{id, row}, true
			}
		}
	}
	return Ref{}, false
}

// CommandOf returns the command that led to an event, zero for a process.
func (l *Ledger) CommandOf(event ID) ID { return l.events[event].command }

// EventAt returns the event with a number.
func (l *Ledger) EventAt(number uint64) (ID, bool) {
	for id, e := range l.events {
		if e.number == number {
			return id, true
		}
	}
	return ID{}, false
}
