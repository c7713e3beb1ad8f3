package projections

import (
	"cmp"
	"iter"
	"slices"

	"reliefledger.org/ledger/domain"
)

// board is the part of the books that shows notices: what hangs where, until when,
// and what its lines come to. These are counted as they come, because a list of
// notices is asked for by many, and its lines are thousands for each.
type board struct {
	*basis
	notices []*listed // in the order in which they began
	byID    map[domain.ID]*listed
}

// listed is a notice with what its lines come to.
type listed struct {
	*domain.Notice
	began  uint64
	lines  int // that were not struck
	struck int
	people int // of lines with an exact headcount
	fen    domain.Fen
	goods  map[string]domain.Quantity
}

func newBoard(b *basis) *board { return &board{b, nil, map[domain.ID]*listed{}} }

// Apply takes in a notice that is drafted, and counts its lines.
func (b *board) Apply(a applied) {
	if !a.folded {
		return
	}
	notice := func() *listed { // only few events are a notice's
		_, id, _ := domain.SplitStream(a.Stream)
		return b.byID[id]
	}
	switch e := a.Event.(type) {
	case *domain.NoticeDrafted:
		n := &listed{Notice: b.state.Notices[e.Notice], began: b.began(a.Stream)}
		i, _ := b.find(n.began)
		b.notices = slices.Insert(b.notices, i, n) // the last, unless somebody forged the stream's beginning
		b.byID[e.Notice] = n
	case *domain.NoticeLinesAdded:
		notice().count()
	case *domain.NoticeLinesRemoved:
		notice().recount()
	case *domain.ObjectionResolved:
		if e.Outcome == domain.LineStruck || e.Outcome == domain.LineToBeChanged {
			notice().recount()
		}
	}
}

// find is the place of the first notice that began with an event or later.
func (b *board) find(number uint64) (int, bool) {
	return slices.BinarySearchFunc(b.notices, number, func(n *listed, number uint64) int { return cmp.Compare(n.began, number) })
}

// count adds the lines that came last: all parts of a list at once, with the last
// of them.
func (n *listed) count() {
	for _, l := range n.Lines[n.lines+n.struck:] {
		if l.Struck() != (domain.ID{}) {
			n.struck++
			continue
		}
		n.lines++
		switch {
		case l.People().Relation == domain.Exactly:
			n.people += l.People().People
		case l.People() == domain.Headcount{}:
			n.people++
		}
		for _, g := range l.Give {
			n.fen += g.Fen
			for _, i := range g.Items {
				if n.goods == nil {
					n.goods = map[string]domain.Quantity{}
				}
				n.goods[i.Item] += i.Quantity
			}
		}
	}
}

// recount counts all lines, after a change that is as rare as it takes long.
func (n *listed) recount() {
	*n = listed{Notice: n.Notice, began: n.began}
	n.count()
}

// NoticeState is how a notice stands on a day.
type NoticeState = domain.NoticeState

// The states of a notice.
const (
	Drafted   = domain.NoticeDraft     // never shown to the public
	Upcoming  = domain.NoticeUpcoming  // posted, its first day is still to come
	Open      = domain.NoticeOpen      // in its period
	Ended     = domain.NoticeEnded     // the period is over: names come down
	Withdrawn = domain.NoticeTakenBack // taken back
	Unposted  = domain.NoticeUnposted  // confirmed without a notice
)

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

// NoticeFilter says which notices are wanted; the zero value is all of them, as they
// stand today.
type NoticeFilter struct {
	On     domain.Day    // 0 is the books' date, or the last day that was recorded
	States []NoticeState // one of these; none is any
	Unit   domain.ID     // that the allocation was made to, or one above it; none is any
}

// Notices lists all notices in the order in which they were drafted, as they
// stand on a day; no day is the books' date, or the last day that was recorded.
func (b *board) Notices(on domain.Day) []Notice {
	return slices.Collect(b.NoticesFrom(0, NoticeFilter{On: on}))
}

// NoticesFrom gives the notices that were drafted with the event of a number or
// later, in their order. A reader who stops pays for no more than what was passed,
// and of its lines for none.
func (b *board) NoticesFrom(number uint64, which NoticeFilter) iter.Seq[Notice] {
	return func(yield func(Notice) bool) {
		i, _ := b.find(number)
		b.show(slices.Values(b.notices[i:]), which, yield)
	}
}

// NoticesBefore gives those that were drafted before a number, the last first.
func (b *board) NoticesBefore(number uint64, which NoticeFilter) iter.Seq[Notice] {
	return func(yield func(Notice) bool) {
		i, _ := b.find(number)
		b.show(backwards(b.notices[:i]), which, yield)
	}
}

// show gives those of some notices that are wanted.
func (b *board) show(notices iter.Seq[*listed], which NoticeFilter, yield func(Notice) bool) {
	on := which.On
	if on == 0 {
		on = b.Today()
	}
	for n := range notices {
		if len(which.States) > 0 && !slices.Contains(which.States, n.StateOn(on)) {
			continue
		}
		if which.Unit != (domain.ID{}) && !b.state.Below(b.state.Allocations[n.Allocation].Unit, which.Unit) {
			continue
		}
		if !yield(b.notice(n, on)) {
			return
		}
	}
}

// Notice returns one notice as it stands on a day.
func (b *board) Notice(id domain.ID, on domain.Day) (Notice, bool) {
	n := b.byID[id]
	if n == nil {
		return Notice{}, false
	}
	if on == 0 {
		on = b.Today()
	}
	return b.notice(n, on), true
}

func (b *board) notice(n *listed, on domain.Day) Notice {
	a := b.state.Allocations[n.Allocation]
	v := Notice{ID: n.ID, Number: n.began, Title: n.Heading.Title, Issuer: n.Heading.Issuer, Phone: n.Heading.Phone,
		HowTo: n.Heading.HowTo, Unit: b.UnitName(a.Unit), Supplement: n.Supplements, Confirmed: n.ConfirmedOn,
		Campaign: b.At(n.began).Campaign, State: n.StateOn(on), Lines: n.lines, People: n.people, Total: n.fen,
		Objections: len(n.Objections), Open: n.Open(), Struck: n.struck}
	if p := b.state.Programmes[a.Programme]; p != nil {
		v.Programme = p.Name
	}
	for item, q := range n.goods {
		v.Goods = append(v.Goods, item+" "+q.String())
	}
	slices.Sort(v.Goods)
	for _, p := range n.Publications {
		if p.On <= on {
			v.Phases = append(v.Phases, b.phase(p))
		}
	}
	return v
}

func (b *basis) phase(p domain.Publication) Phase {
	number, _ := b.number(p.Event)
	return Phase{p.Timing, p.Period.First, p.Period.Last, p.Mode, p.Places, number}
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
