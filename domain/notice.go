package domain

import "fmt"

// Notice is a list of parties who are to receive something from one allocation (名单).
// Once it is published it is a public notice (公示).
type Notice struct {
	ID, Allocation ID
	Supplements    ID // the notice that it adds to
	Heading        Heading
	Lines          []*Line
	DraftedBy      ID
	DrafterSaid    bool // DraftedBy did not sign, another officer entered the draft
	ReviewedBy     ID
	Reviewed       ID // event
	Publications   []Publication
	Objections     []*Objection
	Confirmed      ID // event
	ConfirmedOn    Day
	Withdrawn      ID // event
	Stream         string
	pending        *pendingLines
	began          uint64
}

// Heading is what must stand on a notice beside its list.
type Heading struct {
	Title  string     `json:"title"`
	Issuer string     `json:"issuer"`
	Basis  []Document `json:"basis,omitempty"`
	Phone  string     `json:"phone,omitempty"`  // for supervision; of an office
	HowTo  string     `json:"how_to,omitempty"` // how to object
}

// NoticeDrafted begins a notice.
type NoticeDrafted struct {
	Common
	Notice      ID      `json:"notice"`
	Allocation  ID      `json:"allocation"`
	Supplements ID      `json:"supplements,omitzero"`
	Heading     Heading `json:"heading"`
}

// NoticeReviewed says that the list was decided, by the reviewer or by a meeting.
type NoticeReviewed struct {
	Common
	Meeting string `json:"meeting,omitempty"`
	Lines   int    `json:"lines"`
	File    []byte `json:"file,omitempty"` // tag of the minutes
	Private struct {
		Minutes Sealed `json:"minutes,omitzero"`
	} `json:"-"`
}

// NoticeWithdrawn takes back a notice that is not confirmed yet.
type NoticeWithdrawn struct {
	Common
	Private struct {
		Reason Sealed `json:"reason,omitzero"`
	} `json:"-"`
}

// DraftNotice begins a notice for an allocation.
type DraftNotice struct {
	Allocation  ID      `json:"allocation"`
	Supplements ID      `json:"supplements,omitzero"`
	Heading     Heading `json:"heading"`
}

// ReviewNotice records the review of a draft.
type ReviewNotice struct {
	Notice  ID       `json:"notice"`
	Meeting string   `json:"meeting,omitempty"`
	Minutes Personal `json:"minutes,omitzero"`
	File    []byte   `json:"file,omitempty"` // tag of the minutes
}

// WithdrawNotice takes back a notice that is not confirmed yet.
type WithdrawNotice struct {
	Notice ID       `json:"notice"`
	Reason Personal `json:"reason,omitzero"`
}

// Refusals about notices.
var (
	NotADraft       = newCode(0, "not-a-draft", "名单不再是草稿：{notice}", "the notice is no draft any more: {notice}")
	NoticeIsFinal   = newCode(0, "notice-final", "名单已定：{notice}", "the notice is final: {notice}")
	NoticeEmpty     = newCode(0, "notice-empty", "名单没有任何行", "the notice has no lines")
	NotReviewed     = newCode(8, "not-reviewed", "名单尚未审核", "the notice is not reviewed")
	SupplementWrong = newCode(0, "supplement-wrong", "补充公示须属于同一分配的名单：{notice}", "a supplementary notice adds to a notice of the same allocation: {notice}")
)

func (l *Ledger) unitOfNotice(id ID) ID {
	if n := l.Notices[id]; n != nil {
		return l.unitOfAllocation(n.Allocation)
	}
	return ID{}
}

// notice returns a notice, or refuses if it is missing or was withdrawn.
func (d *decision) notice(id ID) (*Notice, error) {
	n := d.ledger.Notices[id]
	switch {
	case n == nil:
		return nil, refuse(NoSuch, bilingual{"名单", "notice"}, id)
	case n.Withdrawn != ID{}:
		return nil, refuse(NoticeIsFinal, id)
	}
	return n, nil
}

// draft returns a notice, or refuses if it may not be changed any more.
func (d *decision) draft(id ID) (*Notice, error) {
	n, err := d.notice(id)
	if err != nil {
		return nil, err
	}
	if n.Reviewed != (ID{}) || len(n.Publications) > 0 || n.Confirmed != (ID{}) {
		return nil, refuse(NotADraft, id)
	}
	if p := n.pending; p != nil && p.command != d.order.ID {
		return nil, refuse(ListIncomplete, p.command)
	}
	return n, nil
}

func (c *DraftNotice) target(o *Order) string      { return Stream(NoticeKind, Made(o.ID, "notice")) }
func (c *DraftNotice) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *DraftNotice) decide(d *decision) error {
	a, err := d.allocation(c.Allocation)
	if err != nil {
		return err
	}
	if d.ledger.RulesOf(a) == nil {
		return refuse(NoSuch, bilingual{"救助项目", "programme"}, a.Programme)
	}
	if c.Heading.Title == "" {
		return refuse(FieldMissing, "heading.title")
	}
	if c.Supplements != (ID{}) {
		if n := d.ledger.Notices[c.Supplements]; n == nil || n.Allocation != c.Allocation {
			return refuse(SupplementWrong, c.Supplements)
		}
	}
	if err := checkTags("heading.basis.file", c.Heading.Basis); err != nil {
		return err
	}
	d.add(&NoticeDrafted{Notice: d.newID("notice"), Allocation: c.Allocation, Supplements: c.Supplements, Heading: c.Heading})
	return nil
}

func (c *ReviewNotice) target(*Order) string        { return Stream(NoticeKind, c.Notice) }
func (c *ReviewNotice) unit(l *Ledger, _ *Order) ID { return l.unitOfNotice(c.Notice) }
func (c *ReviewNotice) decide(d *decision) error {
	n, err := d.draft(c.Notice)
	if err != nil {
		return err
	}
	if n.pending != nil {
		return refuse(ListIncomplete, n.pending.command)
	}
	if len(n.Lines) == 0 {
		return refuse(NoticeEmpty)
	}
	if n.DraftedBy == d.whoActed() {
		if err := d.refuseOrMark(-1, refuse(SamePerson, bilingual{"拟稿", "drafter"}, bilingual{"审核", "reviewer"})); err != nil {
			return err
		}
	}
	if err := d.notAboutKin(n.Lines); err != nil {
		return err
	}
	if err := checkTag("file", c.File); err != nil {
		return err
	}
	e := &NoticeReviewed{Meeting: c.Meeting, Lines: len(n.Lines), File: c.File}
	e.Private.Minutes = c.Minutes.sealed
	d.add(e)
	return nil
}

func (c *WithdrawNotice) target(*Order) string        { return Stream(NoticeKind, c.Notice) }
func (c *WithdrawNotice) unit(l *Ledger, _ *Order) ID { return l.unitOfNotice(c.Notice) }
func (c *WithdrawNotice) decide(d *decision) error {
	n, err := d.notice(c.Notice)
	if err != nil {
		return err
	}
	if n.Confirmed != (ID{}) {
		return refuse(NoticeIsFinal, c.Notice)
	}
	e := &NoticeWithdrawn{}
	e.Private.Reason = c.Reason.sealed
	d.add(e)
	return nil
}

func (l *Ledger) noticeOf(r *Recorded) (*Notice, error) {
	_, id, _ := SplitStream(r.Stream)
	if n := l.Notices[id]; n != nil {
		return n, nil
	}
	return nil, fmt.Errorf("no such notice")
}

func (e *NoticeDrafted) fold(l *Ledger, r *Recorded) error {
	if l.Notices[e.Notice] != nil || r.Stream != Stream(NoticeKind, e.Notice) {
		return fmt.Errorf("the notice exists, or this is not its stream")
	}
	if a := l.Allocations[e.Allocation]; a == nil || l.RulesOf(a) == nil {
		return fmt.Errorf("no allocation with rules: %s", e.Allocation)
	}
	l.Notices[e.Notice] = &Notice{ID: e.Notice, Allocation: e.Allocation, Supplements: e.Supplements, Heading: e.Heading,
		DraftedBy: r.by(), DrafterSaid: e.DoneBy != ID{}, Stream: r.Stream, began: r.Number}
	return nil
}

func (e *NoticeReviewed) fold(l *Ledger, r *Recorded) error {
	n, err := l.noticeOf(r)
	if err == nil {
		n.Reviewed, n.ReviewedBy = r.ID, r.by()
	}
	return err
}

func (e *NoticeWithdrawn) fold(l *Ledger, r *Recorded) error {
	n, err := l.noticeOf(r)
	if err == nil {
		n.Withdrawn = r.ID
	}
	return err
}
