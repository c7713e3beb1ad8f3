package projections

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"reliefledger.org/ledger/domain"
)

// walk makes a notice by going through all its lines, as they stand in the state.
func walk(b *Books, n *domain.Notice, on domain.Day) Notice {
	a := b.State.Allocations[n.Allocation]
	v := Notice{ID: n.ID, Number: b.began(n.Stream), Title: n.Heading.Title, Issuer: n.Heading.Issuer, Phone: n.Heading.Phone,
		HowTo: n.Heading.HowTo, Unit: b.UnitName(a.Unit), Programme: b.State.Programmes[a.Programme].Name, Supplement: n.Supplements,
		Confirmed: n.ConfirmedOn, Objections: len(n.Objections), Open: n.Open(), State: Drafted}
	v.Campaign = b.At(v.Number).Campaign
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

// hung are books of a county with two townships, one with a village, and of an
// allocation to each; the board's events follow, whatever they are.
type hung struct {
	*Books
	day         domain.Day
	units       []domain.ID // county, township, village, township
	allocations []domain.ID // to the same
}

func hang(on domain.Day) *hung {
	h := &hung{Books: New(Until{Date: on}), day: domain.Date(2023, 1, 3)}
	for i := range 4 {
		h.units = append(h.units, domain.Made(domain.ID{1}, fmt.Sprint("unit", i)))
		h.allocations = append(h.allocations, domain.Made(domain.ID{1}, fmt.Sprint("allocation", i)))
	}
	programme := domain.Made(domain.ID{1}, "programme")
	for i, above := range []domain.ID{{}, h.units[0], h.units[1], h.units[0]} {
		h.apply(domain.Stream(domain.UnitKind, h.units[i]), &domain.UnitRegistered{Unit: h.units[i], Name: fmt.Sprint("单位", i), Kind: "x", Division: "41", Parent: above})
	}
	h.apply(domain.Stream(domain.ProgrammeKind, programme), &domain.ProgrammeDefined{Programme: programme, Name: "项目"})
	for i, id := range h.allocations {
		h.apply(domain.Stream(domain.AllocationKind, id), &domain.AllocationOpened{Allocation: id, Unit: h.units[i], Programme: programme, Revision: 1, Rules: h.State.Programmes[programme].Revisions[0].Hash})
	}
	return h
}

func (h *hung) apply(stream string, e domain.Event) {
	domain.CommonOf(e).Date = h.day
	n := uint64(h.Len())
	h.Apply(Decoded{Recorded: &domain.Recorded{ID: uuid.NewSHA1(uuid.Nil, fmt.Append(nil, n)), Stream: stream, Number: n, Event: e, Meta: domain.Metadata{Recorded: h.day.Start()}}})
}

// The board says what a walk through all lines says, whatever became of them: in
// parts, removed, struck, or refused by the state; on any day, in both directions,
// for any filter.
func TestBoardCountsWhatAWalkCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := func(name string, most int) int { return rapid.IntRange(0, most).Draw(t, name) }
		h := hang([]domain.Day{0, domain.Date(2023, 1, 5)}[n("as of a date", 1)])
		var notices []domain.ID
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			h.day += domain.Day(n("days", 1))
			if len(notices) == 0 || n("draft", 5) == 0 {
				id := domain.Made(domain.ID{2}, fmt.Sprint(len(notices)))
				notices = append(notices, id)
				h.apply(domain.Stream(domain.NoticeKind, id), &domain.NoticeDrafted{Notice: id, Allocation: h.allocations[n("allocation", 3)], Heading: domain.Heading{Title: fmt.Sprint("名单", len(notices))}})
				continue
			}
			id := notices[n("notice", len(notices)-1)]
			stream, notice := domain.Stream(domain.NoticeKind, id), h.State.Notices[id]
			last := 0
			if len(notice.Lines) > 0 {
				last = notice.Lines[len(notice.Lines)-1].No
			}
			var some []int // lines, also such as are not there, and twice
			for range 1 + n("some lines", 2) {
				some = append(some, n("line", last+1))
			}
			switch n("event", 9) {
			case 0, 1, 2:
				e := &domain.NoticeLinesAdded{Part: 1, Of: 1}
				if n("in parts", 2) == 0 {
					e.Part, e.Of = 1+n("part", 1), 2
				}
				for i := range 1 + n("lines", 4) {
					line := domain.LineAdded{No: last + n("behind", 5) + i, Give: []domain.Entitlement{{Form: domain.Cash, Fen: domain.Fen(n("fen", 1000))}}}
					if n("goods", 2) == 0 {
						line.Give = append(line.Give, domain.Entitlement{Form: domain.Goods, Items: []domain.GoodsOf{{Item: fmt.Sprint("物", n("item", 2)), Quantity: domain.Quantity(n("quantity", 2000))}}})
					}
					if n("group", 2) == 0 {
						line.People = domain.Headcount{Relation: []domain.Relation{domain.Exactly, domain.About}[n("relation", 1)], People: 1 + n("people", 20)}
					}
					e.Lines = append(e.Lines, line)
				}
				e.Private.Lines = make([]domain.LinePrivate, len(e.Lines))
				h.apply(stream, e)
			case 3:
				h.apply(stream, &domain.NoticeLinesRemoved{Lines: some})
			case 4, 5, 6:
				no := len(notice.Objections) + 1
				h.apply(stream, &domain.ObjectionRaised{Objection: no, Lines: some})
				outcomes := []domain.Outcome{domain.LineStruck, domain.LineToBeChanged, domain.Dismissed, "", domain.NoticeIsWithdrawn}
				if outcome := outcomes[n("outcome", len(outcomes)-1)]; outcome != "" {
					h.apply(stream, &domain.ObjectionResolved{Objection: no, Outcome: outcome})
				}
			case 7:
				first := h.day + domain.Day(n("posted", 2))
				h.apply(stream, &domain.NoticePublished{Timing: domain.BeforePayment, First: first, Last: first + 1})
			case 8:
				h.apply(stream, []domain.Event{&domain.NoticeWithdrawn{}, &domain.NoticeConfirmed{}}[n("end", 1)])
			case 9:
				h.apply(stream, &domain.NoticeDrafted{Notice: id, Allocation: h.allocations[0]}) // again
			}
			on := h.day + domain.Day(n("on", 4)) - 2
			var want []Notice
			for _, n := range h.State.Notices {
				want = append(want, walk(h.Books, n, on))
			}
			slices.SortFunc(want, func(x, y Notice) int { return cmp.Compare(x.Number, y.Number) })
			if have := h.Notices(on); !reflect.DeepEqual(have, want) {
				t.Fatalf("on %s:\nhave %+v\nwant %+v", on, have, want)
			}
			which := NoticeFilter{On: on}
			if n("by unit", 1) == 1 {
				which.Unit = h.units[n("unit", 3)]
			}
			if n("by state", 1) == 1 {
				which.States = []NoticeState{Open, []NoticeState{Drafted, Unposted, Withdrawn, Ended}[n("state", 3)]}
			}
			number := uint64(n("number", h.Len()))
			want = slices.DeleteFunc(want, func(x Notice) bool {
				unit := h.State.Allocations[h.State.Notices[x.ID].Allocation].Unit
				return which.Unit != (domain.ID{}) && !h.State.Below(unit, which.Unit) || which.States != nil && !slices.Contains(which.States, x.State)
			})
			before := slices.Collect(h.NoticesBefore(number, which))
			slices.Reverse(before)
			if have := append(before, slices.Collect(h.NoticesFrom(number, which))...); len(have)+len(want) > 0 && !reflect.DeepEqual(have, want) {
				t.Fatalf("from %d, and before it, %+v:\nhave %+v\nwant %+v", number, which, have, want)
			}
			for _, x := range want {
				if have, ok := h.Notice(x.ID, on); !ok || !reflect.DeepEqual(have, x) {
					t.Fatalf("alone it is %+v, in the list %+v", have, x)
				}
			}
		}
	})
}

// What a list of notices costs must not grow with how many lines they have.
func BenchmarkNotices(b *testing.B) {
	const notices = 1000
	for _, lines := range []int{3, 300} {
		h := hang(0)
		e := &domain.NoticeLinesAdded{Part: 1, Of: 1}
		e.Private.Lines = make([]domain.LinePrivate, lines)
		for i := range lines {
			e.Lines = append(e.Lines, domain.LineAdded{No: i + 1, Give: []domain.Entitlement{{Form: domain.Cash, Fen: 100}}})
		}
		for i := range notices {
			id := domain.Made(domain.ID{2}, fmt.Sprint(i))
			stream := domain.Stream(domain.NoticeKind, id)
			h.apply(stream, &domain.NoticeDrafted{Notice: id, Allocation: h.allocations[i%4]})
			h.apply(stream, e)
		}
		b.Run(fmt.Sprint(notices, " of ", lines, " lines"), func(b *testing.B) {
			for b.Loop() {
				if n := len(h.Notices(0)); n != notices {
					b.Fatal(n)
				}
			}
		})
		b.Run(fmt.Sprint("last 200 of one township, ", lines, " lines"), func(b *testing.B) {
			for b.Loop() {
				n := 0
				for range h.NoticesBefore(uint64(h.Len()), NoticeFilter{Unit: h.units[3]}) {
					if n++; n == 200 {
						break
					}
				}
			}
		})
	}
}
