package domain

import (
	"reflect"
	"time"
)

// Event is one fact of the ledger: a pointer to one of the structs that this
// package names in the past tense. Anybody may see its JSON fields (`open`). If it
// has a field Private, only the office may see what that holds (`private`); see
// format section 3.
type Event interface {
	// fold applies the event to the state. It checks all that it needs before
	// it changes anything, so that an event that cannot be folded leaves the
	// state as it was.
	fold(l *Ledger, r *Recorded) error
	common() *Common
}

// Common are the fields that every event has.
type Common struct {
	// Date is the business date, on which the entry counts in the books.
	Date Day `json:"date"`
	// Happened is the first and last day on which the fact happened; nil if that was
	// on Date.
	Happened *Span `json:"happened,omitempty"`
	// DoneBy is the officer who acted then, if somebody else enters old papers now.
	// Rules of conduct look at this officer, and reports say "asserted".
	DoneBy   ID `json:"done_by,omitzero"`
	Campaign ID `json:"campaign,omitzero"`
	// Replaces is an earlier event that this one corrects: a fact without value, of
	// the same type.
	Replaces  ID             `json:"replaces,omitzero"`
	Irregular []Irregularity `json:"irregular,omitempty"`
	// Reasons stand in `private`, one for each of Irregular.
	Reasons []Reason `json:"-"`
}

func (c *Common) common() *Common { return c }

// FirstDay returns the first day on which the fact happened.
func (c *Common) FirstDay() Day {
	if c.Happened != nil {
		return c.Happened.First
	}
	return c.Date
}

// LastDay returns the last day on which the fact happened.
func (c *Common) LastDay() Day {
	if c.Happened != nil {
		return c.Happened.Last
	}
	return c.Date
}

// Span is a first and a last day, both included.
type Span struct {
	First Day `json:"first"`
	Last  Day `json:"last"`
}

// Metadata says when an event was written, and by whose command.
type Metadata struct {
	Recorded time.Time `json:"recorded"`
	Schema   int       `json:"schema"`
	Salt     []byte    `json:"salt"`
	// Cause is the event from which this one follows, if a process wrote it; then
	// there is no actor.
	Cause   ID           `json:"cause,omitzero"`
	Actor   ID           `json:"actor,omitzero"`
	Role    Role         `json:"role,omitempty"`
	Command *Proof       `json:"command,omitempty"`
	Second  *SecondProof `json:"second,omitempty"`
	// Saw is how many events the ledger had when the command was decided.
	Saw uint64 `json:"saw,omitempty"`
}

// Proof ties an event to the command that an officer signed. In a simulated
// ledger Key and Signature may be missing.
type Proof struct {
	ID        ID     `json:"id"`
	Digest    []byte `json:"digest"`
	Key       []byte `json:"key,omitempty"`
	Signature []byte `json:"signature,omitempty"`
}

// SecondProof is a second officer's signature over the same digest.
type SecondProof struct {
	Officer   ID     `json:"officer"`
	Key       []byte `json:"key,omitempty"`
	Signature []byte `json:"signature,omitempty"`
}

// Recorded is an event as it stands in the ledger.
type Recorded struct {
	ID       ID
	Stream   string
	Revision uint64
	// Number is the event's place in the ledger, 0, 1, 2, ...
	Number uint64
	Meta   Metadata
	Event  Event
}

// TypeOf returns an event's type as it is stored: the name of its struct.
func TypeOf(e Event) string { return reflect.TypeOf(e).Elem().Name() }

// NewEvent returns an empty event of a type to decode into; ok is false for a
// type that this program does not know.
func NewEvent(name string) (e Event, ok bool) {
	t, ok := eventTypes[name]
	if !ok {
		return nil, false
	}
	return reflect.New(t).Interface().(Event), true
}

var eventTypes = byName(allEvents...)

var allEvents = []Event{
	&LedgerOpened{},
	&UnitRegistered{}, &UnitChanged{}, &BooksClosed{}, &UnitClosed{},
	&ProgrammeDefined{}, &ProgrammeRevised{},
	&FundEstablished{}, &FundsReceived{}, &FundsSurrendered{}, &FundsPassedOn{}, &FundClosed{},
	&GoodsPurchased{}, &GoodsCounted{}, &AllocationMade{}, &UnspentTakenBack{}, &EntryReversed{}, &PeriodClosed{},
	&AllocationOpened{}, &AllocationToppedUp{}, &QuotaSet{}, &NominationReceived{}, &NominationRejected{},
	&LinesAdmitted{}, &LineStopped{}, &LineResumed{}, &UnspentReturned{}, &AllocationClosed{},
	&BatchPrepared{}, &BatchApproved{}, &BatchRejected{}, &BatchSentToBank{}, &BankResultTaken{}, &BatchPaid{},
	&DisbursementMade{}, &DisbursementRejected{}, &ReceiptRecorded{}, &DisbursementReturned{}, &RecoveryDemanded{},
	&NoticeDrafted{}, &NoticeLinesAdded{}, &NoticeLinesRemoved{}, &NoticeReviewed{}, &NoticePublished{},
	&ObjectionRaised{}, &ObjectionResolved{}, &NoticeConfirmed{}, &NoticeWithdrawn{},
	&CampaignOpened{}, &DocumentIssued{}, &VisitRecorded{}, &NeedFound{}, &NeedResolved{},
	&ActivityRecorded{}, &FactRecorded{}, &CampaignClosed{},
	&PartyRegistered{}, &PartyCorrected{}, &MembershipChanged{}, &PartyIdentified{}, &PartiesMerged{},
	&EligibilityDecided{}, &PapersCompleted{}, &RegisterMatched{}, &PartyDied{}, &PartyRestricted{},
	&PartyErased{}, &CaseErased{}, &ErasureConfirmed{},
	&OfficerAppointed{}, &RoleGranted{}, &RoleRevoked{}, &OfficerKeySet{}, &KinshipFiled{}, &OfficerLeft{},
}

func byName(events ...Event) map[string]reflect.Type {
	types := make(map[string]reflect.Type, len(events))
	for _, e := range events {
		types[TypeOf(e)] = reflect.TypeOf(e).Elem()
	}
	return types
}

// AllEvents returns an empty event of each type, always in the same order.
func AllEvents() []Event {
	events := make([]Event, len(allEvents))
	for i, e := range allEvents {
		events[i] = reflect.New(reflect.TypeOf(e).Elem()).Interface().(Event)
	}
	return events
}

// CommonOf returns the common fields of an event.
func CommonOf(e Event) *Common { return e.common() }

// by is the officer who acted: DoneBy if the event says so, else the actor.
func (r *Recorded) by() ID {
	if d := r.Event.common().DoneBy; d != (ID{}) {
		return d
	}
	return r.Meta.Actor
}
