package projections

import (
	"cmp"
	"slices"

	"reliefledger.org/ledger/domain"
)

// board is the part of the books that shows notices: what hangs where, until when.
type board struct {
	*basis
	notices []*domain.Notice // in the order in which they began
}

func newBoard(b *basis) *board { return &board{b, nil} }

// Apply takes in a notice that is drafted.
func (b *board) Apply(a applied) {
	if e, ok := a.Event.(*domain.NoticeDrafted); ok && a.folded {
		n := b.state.Notices[e.Notice]
		i, _ := slices.BinarySearchFunc(b.notices, b.began(n.Stream), func(x *domain.Notice, began uint64) int { return cmp.Compare(b.began(x.Stream), began) })
		b.notices = slices.Insert(b.notices, i, n) // the last, unless somebody forged the stream's beginning
	}
}

// NoticeState is how a notice stands on a day.
type NoticeState string

// The states of a notice.
const (
	Drafted   NoticeState = "draft"     // never shown to the public
	Upcoming  NoticeState = "upcoming"  // posted, its first day is still to come
	Open      NoticeState = "open"      // in its period
	Ended     NoticeState = "ended"     // the period is over: names come down
	Withdrawn NoticeState = "withdrawn" // taken back
	Unposted  NoticeState = "unposted"  // confirmed without a notice
)

var noticeStates = map[NoticeState]string{Drafted: "草稿", Upcoming: "待公示", Open: "公示中", Ended: "公示期满", Withdrawn: "已撤回", Unposted: "未公示"}

// Say returns the state's name in a language.
func (s NoticeState) Say(l domain.Lang) string {
	if l == domain.Zh {
		return noticeStates[s]
	}
	return string(s)
}

// Notice is a notice as the public may see it: totals always, lines by the
// strictest disclosure that holds for them, objections by number.
type Notice struct {
	ID         domain.ID   `json:"id"`
	Number     uint64      `json:"number"` // of the event that drafted it
	Title      string      `json:"title"`
	Issuer     string      `json:"issuer"`
	Phone      string      `json:"phone,omitempty"`
	HowTo      string      `json:"how_to,omitempty"`
	Unit       string      `json:"unit"`
	Programme  string      `json:"programme"`
	Campaign   domain.ID   `json:"campaign,omitzero"`
	State      NoticeState `json:"state"`
	Phases     []Phase     `json:"phases,omitempty"`
	Lines      int         `json:"lines"`
	People     int         `json:"people"` // of lines with an exact headcount
	Total      domain.Fen  `json:"total_fen"`
	Goods      []string    `json:"goods,omitempty"`
	Objections int         `json:"objections"`
	Open       int         `json:"open_objections"`
	Struck     int         `json:"struck"`
	Supplement domain.ID   `json:"supplements,omitzero"`
	Confirmed  domain.Day  `json:"confirmed,omitzero"`
}

// Phase is one publication.
type Phase struct {
	Timing domain.Timing       `json:"timing"`
	First  domain.Day          `json:"first"`
	Last   domain.Day          `json:"last"`
	Mode   domain.CalendarMode `json:"mode"`
	Places []domain.Posted     `json:"places"`
	Number uint64              `json:"number"`
}

// PublicLine is a line as one place shows it. Who it is about is an id for the
// office, which opens the name; the public page of a place shows it as
// Disclosure says, and nothing where that is counts.
type PublicLine struct {
	Line        int                  `json:"line"`
	Disclosure  domain.Disclosure    `json:"disclosure"`
	Beneficiary domain.ID            `json:"-"`
	People      domain.Headcount     `json:"people,omitzero"`
	Give        []domain.Entitlement `json:"give"`
	Struck      bool                 `json:"struck,omitempty"`
}

// Notices lists all notices in the order in which they were drafted, as they
// stand on a day; no day is the books' date, or the last day that was recorded.
func (b *board) Notices(on domain.Day) []Notice {
	if on == 0 {
		on = b.Today()
	}
	var list []Notice
	for _, n := range b.notices {
		list = append(list, b.notice(n, on))
	}
	return list
}

func (b *board) notice(n *domain.Notice, on domain.Day) Notice {
	a := b.state.Allocations[n.Allocation]
	v := Notice{ID: n.ID, Number: b.began(n.Stream), Title: n.Heading.Title, Issuer: n.Heading.Issuer, Phone: n.Heading.Phone,
		HowTo: n.Heading.HowTo, Unit: b.UnitName(a.Unit), Supplement: n.Supplements, Confirmed: n.ConfirmedOn,
		Objections: len(n.Objections), Open: n.Open()}
	if v.Number < uint64(b.Len()) {
		v.Campaign = b.At(v.Number).Campaign
	}
	if p := b.state.Programmes[a.Programme]; p != nil {
		v.Programme = p.Name
	}
	goods := map[string]domain.Quantity{}
	for _, l := range n.Lines {
		if l.Struck() != (domain.ID{}) {
			v.Struck++
			continue
		}
		v.Lines++
		switch {
		case l.People().Relation == domain.Exactly:
			v.People += l.People().People
		case l.People() == domain.Headcount{}:
			v.People++
		}
		for _, g := range l.Give {
			v.Total += g.Fen
			for _, i := range g.Items {
				goods[i.Item] += i.Quantity
			}
		}
	}
	for item, q := range goods {
		v.Goods = append(v.Goods, item+" "+q.String())
	}
	slices.Sort(v.Goods)
	v.State = Drafted
	if n.Confirmed != (domain.ID{}) {
		v.State = Unposted
	}
	for _, p := range n.Publications {
		if p.On > on {
			continue
		}
		number, _ := b.number(p.Event)
		v.Phases = append(v.Phases, Phase{p.Timing, p.Period.First, p.Period.Last, p.Mode, p.Places, number})
		switch {
		case on < p.Period.First:
			v.State = Upcoming
		case on <= p.Period.Last:
			v.State = Open
		default:
			v.State = Ended
		}
	}
	if n.Withdrawn != (domain.ID{}) {
		v.State = Withdrawn
	}
	return v
}

// PublicLines are the lines of a notice as a place shows them on a day
// ([domain.Ledger.DisclosureOf]). Of a withdrawn or ended one nothing is left but
// the count.
func (b *board) PublicLines(id domain.ID, place string, on domain.Day) []PublicLine {
	n := b.state.Notices[id]
	if n == nil {
		return nil
	}
	if on == 0 {
		on = b.Today()
	}
	var lines []PublicLine
	for _, l := range n.Lines {
		if d := b.state.DisclosureOf(n, l, place, on); d != "" {
			lines = append(lines, PublicLine{l.No, d, l.Beneficiary, l.People(), l.Give, l.Struck() != domain.ID{}})
		}
	}
	return lines
}
