package domain

import "slices"

// Publication is one phase of a notice that was published.
type Publication struct {
	Timing Timing
	Period Period
	Mode   CalendarMode
	Places []Posted
	Event  ID
	On     Day
}

// Posted is a place where a notice hangs.
type Posted struct {
	Place      string     `json:"place"` // village-board, township-screen, web
	Where      string     `json:"where,omitempty"`
	On         Day        `json:"on"`
	Disclosure Disclosure `json:"disclosure"`
	Picture    []byte     `json:"picture,omitempty"` // tag of a photograph of it
}

// published returns the publication with a timing.
func (n *Notice) published(t Timing) (Publication, bool) {
	for _, p := range n.Publications {
		if p.Timing == t {
			return p, true
		}
	}
	return Publication{}, false
}

// NoticePublished says that one phase of a notice was published, at all its places.
type NoticePublished struct {
	Common
	Timing   Timing       `json:"timing"`
	Places   []Posted     `json:"places"`
	First    Day          `json:"first"`
	Last     Day          `json:"last"`
	Mode     CalendarMode `json:"mode"`
	Calendar []byte       `json:"calendar"` // hash of the holidays it was counted with
}

// PublishNotice records where and when a notice was posted.
type PublishNotice struct {
	Notice ID       `json:"notice"`
	Timing Timing   `json:"timing"`
	Places []Posted `json:"places"`
}

// Refusals about the publication of a notice.
var (
	WrongTiming    = newCode(8, "wrong-timing", "该项目没有“{timing}”这一公示阶段", "the programme has no notice with timing {timing}")
	PublishedTwice = newCode(0, "published-twice", "该阶段已公示：{timing}", "this phase is published already: {timing}")
	PlaceMissing   = newCode(8, "place-missing", "公示地点缺少：{place}", "the notice lacks a place: {place}")
	TooOpen        = newCode(8, "too-open", "{place} 的公开程度不得宽于 {rule}", "at {place} no more may be seen than {rule}")
	HeadingMissing = newCode(8, "heading-missing", "公示内容缺少：{what}", "the notice lacks what must stand in it: {what}")
)

func (c *PublishNotice) target(*Order) string        { return Stream(NoticeKind, c.Notice) }
func (c *PublishNotice) unit(l *Ledger, _ *Order) ID { return l.unitOfNotice(c.Notice) }
func (c *PublishNotice) decide(d *decision) error {
	n, err := d.notice(c.Notice)
	if err != nil {
		return err
	}
	if _, twice := n.published(c.Timing); twice {
		return refuse(PublishedTwice, string(c.Timing))
	}
	phase, ok := d.ledger.RulesOf(d.ledger.Allocations[n.Allocation]).phase(c.Timing)
	if !ok || c.Timing == NoNotice {
		return refuse(WrongTiming, string(c.Timing))
	}
	if len(n.Lines) == 0 || n.pending != nil {
		return refuse(NoticeEmpty)
	}
	if n.Reviewed == (ID{}) {
		if err := d.refuseOrMark(-1, refuse(NotReviewed)); err != nil {
			return err
		}
	}
	if err := d.checkHeading(n); err != nil {
		return err
	}
	last, err := d.checkPlaces(phase, c.Places)
	if err != nil {
		return err
	}
	period, err := d.env.Calendar.NoticePeriod(last, phase.Days, phase.Mode)
	if err != nil {
		return err
	}
	hash := d.env.Calendar.Hash()
	d.add(&NoticePublished{Timing: c.Timing, Places: c.Places, First: period.First, Last: period.Last, Mode: phase.Mode, Calendar: hash[:]})
	return nil
}

// checkHeading checks that the notice names its issuer, the phone for supervision and
// how to object, as the rules of practice ask (rule 8).
func (d *decision) checkHeading(n *Notice) error {
	for _, field := range n.Heading.gaps() {
		if err := d.refuseOrMark(-1, refuse(HeadingMissing, field)); err != nil {
			return err
		}
	}
	return nil
}

// checkPlaces compares the places where a notice hangs with those of the programme, and
// returns the day of the last posting.
func (d *decision) checkPlaces(phase Phase, places []Posted) (last Day, err error) {
	if len(places) == 0 {
		return 0, refuse(FieldMissing, "places")
	}
	for i, p := range places {
		if p.On == 0 || p.On > d.order.Date {
			return 0, refuse(NotYetHappened, p.On, d.order.Date).inRow(i)
		}
		if err := checkTag("picture", p.Picture); err != nil {
			return 0, err.(*Refusal).inRow(i)
		}
		last = max(last, p.On)
		for _, rule := range phase.Places {
			if rule.Place == p.Place && p.Disclosure.Stricter(rule.Disclosure) != p.Disclosure {
				if err := d.refuseOrMark(i, refuse(TooOpen, p.Place, string(rule.Disclosure))); err != nil {
					return 0, err
				}
			}
		}
		switch p.Disclosure {
		case FullNames, MaskedNames, CountsOnly:
		default:
			return 0, refuse(FieldWrong, "disclosure", string(p.Disclosure)).inRow(i)
		}
	}
	for _, rule := range phase.Places {
		if !slices.ContainsFunc(places, func(p Posted) bool { return p.Place == rule.Place }) {
			if err := d.refuseOrMark(-1, refuse(PlaceMissing, rule.Place)); err != nil {
				return 0, err
			}
		}
	}
	return last, nil
}

func (e *NoticePublished) fold(l *Ledger, r *Recorded) error {
	n, err := l.noticeOf(r)
	if err == nil {
		n.Publications = append(n.Publications, Publication{Timing: e.Timing, Period: Period{First: e.First, Last: e.Last},
			Mode: e.Mode, Places: e.Places, Event: r.ID, On: e.LastDay()})
	}
	return err
}
