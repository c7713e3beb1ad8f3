package projections

import (
	"encoding/json"

	"reliefledger.org/ledger/domain"
)

// irregular is the part of the books that lists what was recorded although a rule
// of conduct forbids it.
type irregular struct {
	*basis
	events []irregularEvent
	of     map[domain.ID][]int // in events, by id: those that no process posted
}

// irregularEvent is an event with irregular records.
type irregularEvent struct {
	number     uint64
	reasons    []domain.Reason
	followedBy int // events that processes posted because of it
}

func newIrregular(b *basis) *irregular { return &irregular{b, nil, map[domain.ID][]int{}} }

// Apply notes irregular events, also one that the state could not fold: it stands
// there for all to see. Of such a one no reasons are told.
func (r *irregular) Apply(a applied) {
	for _, k := range r.of[a.Meta.Cause] {
		r.events[k].followedBy++
	}
	if a.Event == nil {
		return
	}
	c := domain.CommonOf(a.Event)
	if len(c.Irregular) == 0 {
		return
	}
	e := irregularEvent{number: a.Number}
	if a.folded {
		e.reasons = c.Reasons
	}
	if a.Meta.Cause == (domain.ID{}) {
		r.of[a.ID] = append(r.of[a.ID], len(r.events))
	}
	r.events = append(r.events, e)
}

// Irregular is one irregular record: a finding for ever.
type Irregular struct {
	domain.Finding
	Type     string
	Stream   string
	Reason   bool // given, sealed
	Evidence int  // papers named
	Actor    domain.ID
	DoneBy   domain.ID
	Second   domain.ID
	Happened domain.Day
	Booked   domain.Day
	// FollowedBy counts what processes posted because of it.
	FollowedBy int
}

// MarshalJSON writes the stable shape for scripts.
func (x Irregular) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Number     uint64     `json:"number"`
		Type       string     `json:"type"`
		Stream     string     `json:"stream"`
		Rule       int        `json:"rule"`
		Code       string     `json:"code"`
		Rows       []int      `json:"rows,omitempty"`
		Reason     bool       `json:"reason"`
		Evidence   int        `json:"evidence"`
		Actor      domain.ID  `json:"actor"`
		DoneBy     domain.ID  `json:"done_by,omitzero"`
		Second     domain.ID  `json:"second"`
		Happened   domain.Day `json:"happened"`
		Booked     domain.Day `json:"booked"`
		FollowedBy int        `json:"followed_by,omitempty"`
	}{x.Number, x.Type, x.Stream, x.Rule, x.Code, x.Rows, x.Reason, x.Evidence, x.Actor, x.DoneBy, x.Second, x.Happened, x.Booked, x.FollowedBy})
}

// Irregular lists all irregular records in the order in which they were made.
func (r *irregular) Irregular() []Irregular {
	var list []Irregular
	for _, noted := range r.events {
		e := r.At(noted.number)
		if !r.within(e.Date) {
			continue
		}
		for k, irr := range e.Irregular {
			x := Irregular{Finding: irr.Finding(e.Number), Type: e.Type, Stream: e.Stream, Actor: e.Actor, DoneBy: e.DoneBy,
				Second: irr.Second, Happened: e.Happened.Last, Booked: e.Date, FollowedBy: noted.followedBy}
			if k < len(noted.reasons) {
				x.Reason, x.Evidence = !noted.reasons[k].Text.IsZero(), len(noted.reasons[k].Evidence)
			}
			list = append(list, x)
		}
	}
	return list
}
