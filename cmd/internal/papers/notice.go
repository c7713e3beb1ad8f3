package papers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/paper"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/projections"
)

// Notice fills a notice as a place shows it on a day.
func (d *Papers) Notice(ctx context.Context, which, place string, on domain.Day, size paper.Size) (Paper, error) {
	b := d.b
	n, err := FindNotice(b, which, on)
	if err != nil {
		return nil, err
	}
	state := b.State.Notices[n.ID]
	out := &paper.Notice{Basis: nil, Programme: n.Programme, Phone: n.Phone, HowTo: n.HowTo, Issuer: n.Issuer, Size: size}
	for _, doc := range state.Heading.Basis {
		text := "《" + strings.Trim(doc.Name, "《》") + "》"
		if doc.Number != "" {
			text += "（" + doc.Number + "）"
		}
		out.Basis = append(out.Basis, text)
	}
	phase, places := Hanging(n, place, on)
	if phase == nil {
		return nil, office.Input(place, "该名单当日未在此处公示；公示地点：%s", "the notice does not hang there on that day; it hangs at: %s", strings.Join(places, ", "))
	}
	out.Periods = []string{sayPeriod(phase.Timing, domain.Period{First: phase.First, Last: phase.Last}, phase.Mode) + office.Cite(phase.Number)}
	posted := postedAt(phase, place)
	var where []string
	for _, x := range posted {
		if x.Where != "" && !slices.Contains(where, x.Where) {
			where = append(where, x.Where)
		}
	}
	out.Place = PlaceName(place)
	if len(where) > 0 {
		out.Place += "（" + strings.Join(where, "、") + "）"
	}
	out.Place += "　" + posted[0].On.Chinese() + "张贴"
	out.Head = d.head(n.Title, n.Unit, posted[0].On, n.Number, phase.Number)
	if n.Objections > 0 {
		out.Facts = append(out.Facts, paper.Fact{Name: "收到异议", Text: fmt.Sprintf("%d 件，未处理 %d 件", n.Objections, n.Open)})
	}
	names := map[int]office.NameShown{}
	if d.asker != nil {
		if names, err = d.asker.NamesOnList(ctx, b, n.ID, place, on); err != nil {
			return nil, err
		}
	}
	d.noticeRows(out, n, b.PublicLines(n.ID, place, on), names)
	return out, nil
}

// Hanging is the publication by which a notice hangs at a place on a day, else
// the last that it hung there by; and all its places.
func Hanging(n projections.Notice, place string, on domain.Day) (at *projections.Phase, places []string) {
	for i := range n.Phases {
		phase := &n.Phases[i]
		for _, x := range phase.Places {
			if !slices.Contains(places, x.Place) {
				places = append(places, x.Place)
			}
		}
		if len(postedAt(phase, place)) > 0 && (at == nil || on > at.Last) {
			at = phase
		}
	}
	return at, places
}

// postedAt are the postings at one kind of place, the last first: a notice has
// that day's date.
func postedAt(phase *projections.Phase, place string) []domain.Posted {
	list := slices.DeleteFunc(slices.Clone(phase.Places), func(x domain.Posted) bool { return x.Place != place })
	slices.SortStableFunc(list, func(a, b domain.Posted) int { return int(b.On - a.On) })
	return list
}

// noticeRows fills what of the list is to be seen, and the totals, which stay.
func (d *Papers) noticeRows(out *paper.Notice, n projections.Notice, lines []projections.PublicLine, names map[int]office.NameShown) {
	goods := map[string]domain.Quantity{}
	for _, l := range d.b.State.Notices[n.ID].Live() {
		for _, g := range l.Give {
			for _, i := range g.Items {
				goods[i.Item] += i.Quantity
			}
		}
	}
	out.Whole = paper.Totals{Rows: n.Lines, Fen: n.Total}
	for item, q := range goods {
		out.Whole.Goods = append(out.Whole.Goods, paper.Goods{Item: item, Quantity: q})
	}
	slices.SortFunc(out.Whole.Goods, func(a, b paper.Goods) int { return strings.Compare(a.Item, b.Item) })
	switch {
	case n.State == projections.Withdrawn:
		out.Down = "（本名单已撤回）"
	case len(lines) == 0 && len(d.b.State.Notices[n.ID].Lines) > 0:
		out.Down = "（不在公示期，名单不再显示，只留合计）"
	}
	out.CountsOnly = len(lines) > 0
	for _, l := range lines {
		row := paper.Listed{No: l.Line, Give: SayGive(l.Give, domain.Zh)}
		party := d.b.State.Parties[l.Beneficiary]
		if l.Disclosure != domain.CountsOnly {
			out.CountsOnly = false
			row.Name = names[l.Line].Text()
		}
		if l.People != (domain.Headcount{}) {
			row.Note = "集体" + sayPeople(l.People)
		} else if names[l.Line].Minor || party != nil && party.Minor {
			row.Note = "未成年人"
		} else if names[l.Line].Restricted || party != nil && party.Restricted {
			row.Note = "不公开"
		}
		if row.Struck = l.Struck; l.Struck {
			row.Give, row.Note = "——", joined([]string{row.Note, "已剔除"})
		} else {
			for _, g := range l.Give {
				row.Fen += g.Fen
				row.Goods = append(row.Goods, goodsOf(g.Items)...)
			}
		}
		out.Rows = append(out.Rows, row)
	}
}

var placeNames = map[string]string{"village-board": "村（居）务公开栏", "township-screen": "乡镇公示屏", "web": "网站"}

// PlaceName says a kind of place in Chinese.
func PlaceName(place string) string {
	if name := placeNames[place]; name != "" {
		return name
	}
	return place
}
