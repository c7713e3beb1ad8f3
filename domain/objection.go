package domain

import "fmt"

// Objection is an objection to a notice or to some of its lines (异议).
type Objection struct {
	No       int   // in the notice, from 1
	Lines    []int // empty: the whole notice
	Raised   Day
	Resolved ID      // the event that answered it, zero while it is open
	Outcome  Outcome // empty while it is open
	Event    ID      // that raised it
	objector ID
}

// Outcome is how an objection was resolved.
type Outcome string

// The outcomes of an objection.
const (
	Dismissed         Outcome = "dismissed"
	LineStruck        Outcome = "struck"
	LineToBeChanged   Outcome = "changed" // struck here, listed in a supplementary notice
	NoticeIsWithdrawn Outcome = "withdrawn"
)

// Open counts the objections that are not resolved.
func (n *Notice) Open() int {
	open := 0
	for _, o := range n.Objections {
		if o.Resolved == (ID{}) {
			open++
		}
	}
	return open
}

// ObjectionRaised is an objection. Only auditors and privacy officers may see the
// objector.
type ObjectionRaised struct {
	Common
	Objection int   `json:"objection"`
	Lines     []int `json:"lines,omitempty"` // none: the whole notice
	Private   struct {
		Objector ID     `json:"objector,omitzero"`
		Text     Sealed `json:"text,omitzero"`
	} `json:"-"`
}

// ObjectionResolved answers an objection.
type ObjectionResolved struct {
	Common
	Objection int     `json:"objection"`
	Outcome   Outcome `json:"outcome"`
	Private   struct {
		Answer Sealed `json:"answer,omitzero"`
	} `json:"-"`
}

// RaiseObjection records an objection.
type RaiseObjection struct {
	Notice   ID       `json:"notice"`
	Lines    []int    `json:"lines,omitempty"`
	Objector ID       `json:"objector,omitzero"`
	Text     Personal `json:"text,omitzero"`
}

// ResolveObjection answers an objection.
type ResolveObjection struct {
	Notice    ID       `json:"notice"`
	Objection int      `json:"objection"`
	Outcome   Outcome  `json:"outcome"`
	Answer    Personal `json:"answer,omitzero"`
}

// Refusals about objections.
var (
	ObjectionDone = newCode(0, "objection-done", "异议 {objection} 已处理", "the objection {objection} is resolved already")
)

func (c *RaiseObjection) target(*Order) string        { return Stream(NoticeKind, c.Notice) }
func (c *RaiseObjection) unit(l *Ledger, _ *Order) ID { return l.unitOfNotice(c.Notice) }
func (c *RaiseObjection) decide(d *decision) error {
	n, err := d.notice(c.Notice)
	if err != nil {
		return err
	}
	if len(n.Publications) == 0 && n.Confirmed == (ID{}) {
		return refuse(NotPublished)
	}
	for i, no := range c.Lines {
		if n.line(no) == nil {
			return refuse(NoSuch, bilingual{"名单行", "line"}, no).inRow(i)
		}
	}
	if c.Objector != (ID{}) {
		if err := d.party(c.Objector); err != nil {
			return err
		}
	}
	e := &ObjectionRaised{Objection: len(n.Objections) + 1, Lines: c.Lines}
	e.Private.Objector, e.Private.Text = c.Objector, c.Text.sealed
	d.add(e)
	return nil
}

func (c *ResolveObjection) target(*Order) string        { return Stream(NoticeKind, c.Notice) }
func (c *ResolveObjection) unit(l *Ledger, _ *Order) ID { return l.unitOfNotice(c.Notice) }
func (c *ResolveObjection) decide(d *decision) error {
	n, err := d.notice(c.Notice)
	if err != nil {
		return err
	}
	if c.Objection < 1 || c.Objection > len(n.Objections) {
		return refuse(NoSuch, bilingual{"异议", "objection"}, c.Objection)
	}
	o := n.Objections[c.Objection-1]
	if o.Resolved != (ID{}) {
		return refuse(ObjectionDone, c.Objection)
	}
	switch c.Outcome {
	case Dismissed:
	case LineStruck, LineToBeChanged:
		if len(o.Lines) == 0 {
			return refuse(FieldWrong, "outcome", string(c.Outcome))
		}
	case NoticeIsWithdrawn:
		if n.Confirmed != (ID{}) {
			return refuse(NoticeIsFinal, c.Notice)
		}
	default:
		return refuse(FieldWrong, "outcome", string(c.Outcome))
	}
	var about []*Line
	for _, no := range o.Lines {
		about = append(about, n.line(no))
	}
	if err := d.notAboutKin(about); err != nil {
		return err
	}
	e := &ObjectionResolved{Objection: c.Objection, Outcome: c.Outcome}
	e.Private.Answer = c.Answer.sealed
	d.add(e)
	return nil
}

func (e *ObjectionRaised) fold(l *Ledger, r *Recorded) error {
	n, err := l.noticeOf(r)
	if err == nil {
		n.Objections = append(n.Objections, &Objection{No: e.Objection, Lines: e.Lines, Raised: e.LastDay(), Event: r.ID, objector: e.Private.Objector})
		l.noteMention(e.Private.Objector, l.programmeOf(n.Allocation), e.LastDay())
	}
	return err
}

func (e *ObjectionResolved) fold(l *Ledger, r *Recorded) error {
	n, err := l.noticeOf(r)
	if err != nil {
		return err
	}
	if e.Objection < 1 || e.Objection > len(n.Objections) {
		return fmt.Errorf("no objection %d", e.Objection)
	}
	o := n.Objections[e.Objection-1]
	o.Resolved, o.Outcome = r.ID, e.Outcome
	switch e.Outcome {
	case NoticeIsWithdrawn:
		n.Withdrawn = r.ID
	case LineStruck, LineToBeChanged:
		for _, no := range o.Lines {
			line := n.line(no)
			if line == nil || line.Struck() != (ID{}) {
				continue
			}
			line.strike(r.ID)
			// Once the list is confirmed the allocation decides what is paid, so
			// its line must be stopped. The step for that comes after the one that
			// admits the line, so the line has its number there by then.
			if n.Confirmed != (ID{}) {
				l.oweMany(r, Stream(AllocationKind, n.Allocation), 1, func(int, int) []Event {
					a := l.Allocations[n.Allocation]
					return []Event{&LineStopped{Line: a.admittedAs(n.ID, no)}}
				})
			}
		}
	}
	return nil
}
