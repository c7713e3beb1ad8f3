package domain

import "fmt"

// NoticeConfirmed makes the list final, so that it may be paid.
type NoticeConfirmed struct {
	Common
	Lines   int  `json:"lines"`
	Urgent  bool `json:"urgent,omitempty"`
	Private struct {
		Urgency Sealed `json:"urgency,omitzero"`
	} `json:"-"`
}

// ConfirmNotice makes a notice's list final, so that it may be paid. If the
// programme publishes only after payment, Urgency says why aid cannot wait.
type ConfirmNotice struct {
	Notice  ID       `json:"notice"`
	Urgency Personal `json:"urgency,omitzero"`
}

// Refusals about the confirmation of a notice.
var (
	NotPublished   = newCode(8, "not-published", "名单尚未公示", "the notice is not published")
	NoticeRunning  = newCode(8, "notice-running", "公示期至 {last} 止，{on} 尚未结束", "the notice runs through {last}, it is not over on {on}")
	ObjectionOpen  = newCode(8, "objection-open", "尚有 {count} 件异议未处理", "{count} objections are open")
	UrgencyMissing = newCode(8, "urgency-missing", "先救助后公示须写明紧急情况：{notice}", "aid before notice must say why it is urgent: {notice}")
)

func (c *ConfirmNotice) target(*Order) string        { return Stream(NoticeKind, c.Notice) }
func (c *ConfirmNotice) unit(l *Ledger, _ *Order) ID { return l.unitOfNotice(c.Notice) }
func (c *ConfirmNotice) decide(d *decision) error {
	n, err := d.notice(c.Notice)
	if err != nil {
		return err
	}
	if n.Confirmed != (ID{}) {
		return refuse(NoticeIsFinal, c.Notice)
	}
	if n.pending != nil {
		return refuse(ListIncomplete, n.pending.command)
	}
	live := n.Live()
	if len(live) == 0 {
		return refuse(NoticeEmpty)
	}
	if _, err := d.allocation(n.Allocation); err != nil {
		return err
	}
	if n.Reviewed == (ID{}) {
		if err := d.refuseOrMark(-1, refuse(NotReviewed)); err != nil {
			return err
		}
	}
	rules := d.ledger.RulesOf(d.ledger.Allocations[n.Allocation])
	if bad := n.notYetPayable(rules, d.firstDay()); bad != nil {
		if err := d.refuseOrMark(-1, bad); err != nil {
			return err
		}
	}
	if _, before := rules.phase(BeforePayment); !before && rules.Notice[0].Timing == AfterPayment && !c.Urgency.Given() {
		if err := d.refuseOrMark(-1, refuse(UrgencyMissing, c.Notice)); err != nil {
			return err
		}
	}
	if n.DraftedBy == d.whoActed() {
		if err := d.refuseOrMark(-1, refuse(SamePerson, bilingual{"拟稿", "drafter"}, bilingual{"确认", "confirmer"})); err != nil {
			return err
		}
	}
	if err := d.notAboutKin(live); err != nil {
		return err
	}
	e := &NoticeConfirmed{Lines: len(live), Urgent: c.Urgency.Given()}
	e.Private.Urgency = c.Urgency.sealed
	d.add(e)
	return nil
}

// notYetPayable is rule 8 for the list as a whole: the reason why no money may be
// prepared for it on a day, nil if there is none.
func (n *Notice) notYetPayable(rules *Revision, on Day) *Refusal {
	if _, before := rules.phase(BeforePayment); before {
		p, ok := n.published(BeforePayment)
		if !ok {
			return refuse(NotPublished)
		}
		if on <= p.Period.Last {
			return refuse(NoticeRunning, p.Period.Last, on)
		}
	}
	if open := n.Open(); open > 0 {
		return refuse(ObjectionOpen, open)
	}
	return nil
}

// fold makes the list final. A process then admits its lines to the allocation, which
// alone decides what may be paid.
func (e *NoticeConfirmed) fold(l *Ledger, r *Recorded) error {
	n, err := l.noticeOf(r)
	if err != nil {
		return err
	}
	if n.Confirmed != (ID{}) {
		return fmt.Errorf("confirmed already")
	}
	a := l.Allocations[n.Allocation]
	n.Confirmed, n.ConfirmedOn = r.ID, e.LastDay()
	live := n.Live()
	of := (len(live) + linesPerAdmission - 1) / linesPerAdmission
	l.oweMany(r, a.Stream, of, func(from, to int) []Event {
		var parts []Event
		for p := from; p < to; p++ {
			parts = append(parts, l.admission(a, n, live, p, of))
		}
		return parts
	})
	return nil
}
