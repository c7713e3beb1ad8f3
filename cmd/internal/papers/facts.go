package papers

import (
	"fmt"
	"slices"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/paper"
	"reliefledger.org/ledger/domain"
)

var relationWords = map[domain.Relation]string{domain.Exactly: "", domain.About: "约", domain.AtLeast: "不少于", domain.Under: "不超过"}

func sayPeople(h domain.Headcount) string {
	if h.Relation == domain.Unknown {
		return "，人数不详"
	}
	return fmt.Sprintf("%s%d人", relationWords[h.Relation], h.People)
}

func goodsOf(items []domain.GoodsOf) []paper.Goods {
	var list []paper.Goods
	for _, i := range items {
		list = append(list, paper.Goods{Item: i.Item, Quantity: i.Quantity})
	}
	return list
}

// facts say where money of an allocation comes from and by which rules it goes
// out: what stands in every paper about it.
func (d *Papers) facts(a *domain.Allocation) []paper.Fact {
	s := d.b.State
	var list []paper.Fact
	if f := s.FundOf(a); f != nil {
		list = append(list, paper.Fact{Name: "资金", Text: f.Name + d.began(f.Stream)})
	}
	for _, x := range s.PathTo(a) {
		list = append(list, paper.Fact{Name: "分配", Text: d.b.AllocationName(x) + "（" + x.Purpose + "）" + d.began(x.Stream)})
	}
	if p := s.Programmes[a.Programme]; p != nil {
		list = append(list, paper.Fact{Name: "项目", Text: fmt.Sprintf("%s　修订 %d", p.Name, a.Revision)})
	}
	return list
}

// began cites the first event of a stream.
func (d *Papers) began(stream string) string {
	if n, ok := d.b.Began(stream); ok {
		return office.Cite(n)
	}
	return ""
}

// noticeFacts name the notices of lines, and when these were published.
func (d *Papers) noticeFacts(lines []*domain.AdmittedLine) []paper.Fact {
	var list []paper.Fact
	var seen []domain.ID
	for _, l := range lines {
		if slices.Contains(seen, l.Notice) {
			continue
		}
		seen = append(seen, l.Notice)
		n := d.b.State.Notices[l.Notice]
		list = append(list, paper.Fact{Name: "名单", Text: n.Heading.Title + d.began(n.Stream)})
		for _, p := range n.Publications {
			list = append(list, paper.Fact{Name: "公示", Text: sayPeriod(p.Timing, p.Period, p.Mode) + d.cite(p.Event)})
		}
	}
	return list
}

func (d *Papers) cite(id domain.ID) string {
	if e, ok := d.b.Event(id); ok {
		return office.Cite(e.Number)
	}
	return ""
}

func sayPeriod(timing domain.Timing, period domain.Period, mode domain.CalendarMode) string {
	kind, days := "发放前公示", "按日历日"
	if timing == domain.AfterPayment {
		kind = "发放后公示"
	}
	if mode == domain.InWorkingDays {
		days = "按工作日"
	}
	return fmt.Sprintf("%s至%s（%s，%s）", period.First.Chinese(), period.Last.Chinese(), kind, days)
}

// by says who did a step, as the ledger has it: signed with the officer's key, or
// said by another.
func (d *Papers) by(id domain.ID) string {
	e, ok := d.b.Event(id)
	if !ok {
		return ""
	}
	officer, proof := e.Actor, "已签名"
	if e.DoneBy != (domain.ID{}) {
		officer = e.DoneBy
	}
	if e.DoneBy != (domain.ID{}) || !e.Signed {
		proof = "据称"
	}
	post := ""
	if o := d.b.State.Officers[officer]; o != nil {
		post = o.Post
	}
	return fmt.Sprintf("%s%s%s %s", post, office.Cite(e.Number), proof, e.Happened.Last)
}
