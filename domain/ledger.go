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

	// Erasures are what was erased, in the order of the ledger.
	Erasures []*Erasure

	// Count is how many events were applied.
	Count uint64
	// Unfolded names the events that could not be folded; they changed nothing.
	Unfolded []Unfolded

	history
	streams  map[string]*streamState
	effects  []*Effect     // by index; the first is none
	commands map[ID]uint32 // index in effects
	owed     []*owed       // steps that processes still owe, oldest first
	postings []Posting
	origins  map[ID]*Origin
	labels   map[lineLabels]*lineLabels
	gives    map[moneyOnly]*gives
	erased   map[ID]bool // keys of persons and cases
	merged   bool        // some party was merged into another
	total    Fen         // all that ever came in, at most MaxFen
}

// Unfolded is an event that the state cannot follow.
type Unfolded struct {
	Number uint64
	ID     ID
	Why    string
}

type streamState struct {
	index    uint32 // in history.names
	revision uint64
	recorded time.Time
	last     Day // greatest business date of what was folded, erasures not counted
}

// Effect is what an accepted command led to.
type Effect struct {
	Command ID
	Stream  string
	Digest  []byte
	Events  []ID
	// rows are 1 + the numbers of the events that processes posted for rows of
	// the command, by row; 0 for none.
	rows []uint32
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
		streams: map[string]*streamState{}, effects: []*Effect{nil}, commands: map[ID]uint32{}, origins: map[ID]*Origin{}, labels: map[lineLabels]*lineLabels{}, gives: map[moneyOnly]*gives{},
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
		s = &streamState{index: uint32(len(l.names))}
		l.streams[r.Stream] = s
		l.names = append(l.names, r.Stream)
	}
	s.revision = r.Revision
	at := entry{id: r.ID, stream: s.index}
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
		// The first keeps its id: nobody takes an event away by writing another.
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
		s.recorded = r.Meta.Recorded // of what counts, so that a forgery cannot move it
		switch r.Event.(type) {
		case *CaseErased, *ErasureConfirmed:
		default:
			s.last = max(s.last, at.date)
		}
	}
	if !twice && r.Meta.Cause != (ID{}) {
		l.settle(r)
	}
	if err != nil {
		l.postings = l.postings[:0]
		l.Unfolded = append(l.Unfolded, Unfolded{r.Number, r.ID, err.Error()})
		return nil, fmt.Errorf("event %d (%s in %s): %w", r.Number, kinds[at.kind], r.Stream, err)
	}
	l.note(r)
	return l.postings, nil
}

// note remembers what led to an event that was folded: its command, or for a
// row that a process posted the command and row of its first step, by which
// later commands name it.
func (l *Ledger) note(r *Recorded) {
	at := &l.log[len(l.log)-1]
	p := r.Meta.Command
	if p == nil {
		if at.cause == 0 || at.row == 0 {
			return
		}
		if e := l.effects[l.log[at.cause-1].command]; e != nil {
			for len(e.rows) < int(at.row) {
				e.rows = append(e.rows, 0)
			}
			e.rows[at.row-1] = uint32(len(l.log))
		}
		return
	}
	i, known := l.commands[p.ID]
	if !known {
		i = uint32(len(l.effects))
		l.effects = append(l.effects, &Effect{Command: p.ID, Stream: l.names[at.stream], Digest: p.Digest, Complete: true})
		l.commands[p.ID] = i
	}
	at.command = i
	e := l.effects[i]
	e.Events = append(e.Events, r.ID)
	if list, ok := r.Event.(interface{ list() (part, of int) }); ok {
		part, of := list.list()
		e.parts = part
		e.Complete = part == of
	}
}

// rowOf is the row of a batch that an event carries out, 0 for none.
func rowOf(r *Recorded) int {
	switch e := r.Event.(type) {
	case *DisbursementMade:
		if e.Batch > 0 {
			return e.Row
		}
	case *DisbursementRejected:
		return e.Row
	}
	return 0
}

// Done returns what an accepted command led to. The same command with other
// content is refused (rule 5).
func (l *Ledger) Done(command ID, digest []byte) (*Effect, error) {
	e := l.Effect(command)
	if e == nil {
		return nil, nil
	}
	if !bytes.Equal(e.Digest, digest) {
		return nil, refuse(OtherContent, command)
	}
	return e, nil
}

// Find returns the event that a Ref names.
func (l *Ledger) Find(r Ref) (ID, bool) {
	e := l.Effect(r.Command)
	if e == nil {
		return ID{}, false
	}
	if r.Row >= 1 && r.Row <= len(e.rows) && e.rows[r.Row-1] > 0 {
		return l.log[e.rows[r.Row-1]-1].id, true
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
func (l *Ledger) Effect(command ID) *Effect { return l.effects[l.commands[command]] }

// RefTo returns how a command names an event: by the command that made it, with
// the row where a process posted it.
func (l *Ledger) RefTo(event ID) (Ref, bool) {
	at := l.at(event)
	if at == nil {
		return Ref{}, false
	}
	if e := l.effects[at.command]; e != nil {
		return Ref{Command: e.Command}, e.Events[0] == event
	}
	if at.cause == 0 || at.row == 0 {
		return Ref{}, false
	}
	e := l.effects[l.log[at.cause-1].command]
	if n, _ := l.Number(event); e == nil || int(at.row) > len(e.rows) || uint64(e.rows[at.row-1]) != n+1 {
		return Ref{}, false
	}
	return Ref{e.Command, int(at.row)}, true
}

// CommandOf returns the command that led to an event, zero for a process.
func (l *Ledger) CommandOf(event ID) ID {
	if at := l.at(event); at != nil {
		if e := l.effects[at.command]; e != nil {
			return e.Command
		}
	}
	return ID{}
}
