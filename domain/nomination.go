package domain

import (
	"fmt"
	"time"
)

// Nomination is a list in which a unit below proposes whom to help (推荐名单).
type Nomination struct {
	No       int // in the allocation, from 1
	Origin   string
	Arrived  time.Time
	Rejected ID   // the event that turned it down, zero for none
	Used     bool // a line that follows from it was paid
}

// NominationReceived is a nomination with its time of arrival. A late one is received
// like any other: the deadline forbids only to list by it (rule 12).
type NominationReceived struct {
	Common
	Nomination int       `json:"nomination"`
	Origin     string    `json:"origin"`
	Arrived    time.Time `json:"arrived"`
	Households int       `json:"households,omitempty"`
	Private    struct {
		Note Sealed `json:"note,omitzero"`
	} `json:"-"`
}

// NominationRejected says that a nomination is not followed.
type NominationRejected struct {
	Common
	Nomination int  `json:"nomination"`
	Late       bool `json:"late,omitempty"`
	Private    struct {
		Reason Sealed `json:"reason,omitzero"`
	} `json:"-"`
}

// ReceiveNomination records a nomination.
type ReceiveNomination struct {
	Allocation ID        `json:"allocation"`
	Origin     string    `json:"origin"`
	Arrived    time.Time `json:"arrived"`
	Households int       `json:"households,omitempty"`
	Note       Personal  `json:"note,omitzero"`
}

// RejectNomination turns a nomination down.
type RejectNomination struct {
	Allocation ID       `json:"allocation"`
	Nomination int      `json:"nomination"`
	Reason     Personal `json:"reason,omitzero"`
}

// Refusals about nominations.
var (
	NominationLate    = newCode(12, "nomination-late", "推荐名单于 {arrived} 送达，截止 {until}", "the nomination arrived at {arrived}, after {until}")
	NominationMissing = newCode(12, "nomination-missing", "项目有推荐截止时间（{until}），名单行须注明推荐名单", "the programme has a deadline for nominations ({until}): a line names its nomination")
	NominationDone    = newCode(0, "nomination-done", "推荐名单 {nomination} 已处理", "the nomination {nomination} is dealt with already")
)

func (c *ReceiveNomination) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *ReceiveNomination) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *ReceiveNomination) decide(d *decision) error {
	a, err := d.allocation(c.Allocation)
	if err != nil {
		return err
	}
	if c.Origin == "" {
		return refuse(FieldMissing, "origin")
	}
	if c.Arrived.IsZero() || c.Arrived.After(d.env.Now) {
		return refuse(FieldWrong, "arrived", sayTime(c.Arrived))
	}
	e := &NominationReceived{Nomination: len(a.Nominations) + 1, Origin: c.Origin, Arrived: c.Arrived.UTC(), Households: c.Households}
	e.Private.Note = c.Note.sealed
	d.add(e)
	return nil
}

func (c *RejectNomination) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *RejectNomination) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *RejectNomination) decide(d *decision) error {
	a, err := d.allocation(c.Allocation)
	if err != nil {
		return err
	}
	if c.Nomination < 1 || c.Nomination > len(a.Nominations) {
		return refuse(NoSuch, bilingual{"推荐名单", "nomination"}, c.Nomination)
	}
	n := a.Nominations[c.Nomination-1]
	if n.Rejected != (ID{}) || n.Used {
		return refuse(NominationDone, c.Nomination)
	}
	_, late := d.ledger.late(a, n)
	e := &NominationRejected{Nomination: c.Nomination, Late: late}
	e.Private.Reason = c.Reason.sealed
	d.add(e)
	return nil
}

// late says whether a nomination arrived after the programme's deadline, and when that
// was.
func (l *Ledger) late(a *Allocation, n *Nomination) (until time.Time, late bool) {
	rules := l.RulesOf(a)
	if rules == nil || rules.NominationsUntil == nil {
		return time.Time{}, false
	}
	return *rules.NominationsUntil, n.Arrived.After(*rules.NominationsUntil)
}

func (e *NominationReceived) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	a.Nominations = append(a.Nominations, &Nomination{No: e.Nomination, Origin: e.Origin, Arrived: e.Arrived})
	return nil
}

func (e *NominationRejected) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	if e.Nomination < 1 || e.Nomination > len(a.Nominations) {
		return fmt.Errorf("no nomination %d", e.Nomination)
	}
	a.Nominations[e.Nomination-1].Rejected = r.ID
	return nil
}
