// Package summary writes one page about a campaign, in Chinese and in the manner
// of the reports that are written today; behind each figure stand, in 〔 〕, the
// numbers of the events that prove it.
//
//	books, err := projections.Read(ctx, store, projections.Until{})
//	if err != nil {
//		return err
//	}
//	for _, c := range books.Campaigns() {
//		if err := summary.Write(os.Stdout, books, c.ID); err != nil {
//			return err
//		}
//	}
//
// A page has only what the books have: a section about which the campaign says
// nothing is left out, and the others are counted anew.
package summary

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/projections"
)

// Write writes the summary of a campaign, as of what the books are as of.
func Write(w io.Writer, b *projections.Books, campaign domain.ID) error {
	c := b.State.Campaigns[campaign]
	if c == nil {
		return fmt.Errorf("no campaign %s", campaign)
	}
	p := &page{books: b, campaign: campaign}
	p.line("%s总结", c.Name)
	p.line("单位：%s　期间：%s至%s　截至：%s", b.UnitName(c.Unit), c.Period.First.Chinese(), c.Period.Last.Chinese(), b.Today().Chinese())
	if b.State.Simulated() {
		p.line("（演示账簿：时钟为模拟，记录时间不作证据）")
	}
	p.documents()
	p.money()
	p.notices()
	p.payments()
	p.work()
	p.facts()
	p.after()
	_, err := io.WriteString(w, p.String())
	return err
}

// page is a text with numbered sections.
type page struct {
	strings.Builder
	books    *projections.Books
	campaign domain.ID
	section  int
}

var ordinals = []string{"一", "二", "三", "四", "五", "六", "七", "八", "九"}

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// head begins the next section.
func (p *page) head(title string) {
	p.line("")
	p.line("%s、%s", ordinals[min(p.section, len(ordinals)-1)], title)
	p.section++
}

func (p *page) documents() {
	documents, activities := p.books.Documents(p.campaign), p.books.Activities(p.campaign)
	if len(documents)+len(activities) == 0 {
		return
	}
	p.head("部署与活动")
	for _, r := range documents {
		p.line("　　%s印发《%s》%s〔%s〕", r.Date.Chinese(), r.Name, brackets(r.Document), cite(r.About))
	}
	for _, r := range activities {
		people := ""
		if r.People.People > 0 {
			people = fmt.Sprintf("，%s%d人", about(r.People.Relation), r.People.People)
		}
		times := ""
		if r.Times > 1 {
			times = fmt.Sprintf("，%d次", r.Times)
		}
		p.line("　　%s%s%s%s%s〔%s〕", r.Date.Chinese(), r.Name, brackets(r.Place), people, times, cite(r.About))
	}
}

func (p *page) money() {
	rows := p.books.Funds(p.campaign)
	if len(rows) == 0 {
		return
	}
	p.head("资金来源")
	var all tally
	for _, r := range rows {
		donors := ""
		if r.Donors.People > 0 {
			donors = fmt.Sprintf("，%s%d人捐赠", about(r.Donors.Relation), r.Donors.People)
		}
		what := r.Fen.String() + "元"
		if r.Goods != "" {
			what = r.Goods
		}
		p.line("　　%s收到%s%s：%s%s〔%s〕", r.Date.Chinese(), projections.SourceName(r.Source), brackets(r.Document), what, donors, cite(r.About))
		all.add(r.About, int64(r.Fen))
	}
	p.line("　　合计：%s元〔%s〕", all.fen(), all.cite())
}

func (p *page) notices() {
	var lines []string
	for _, n := range p.books.Notices(0) {
		if n.Campaign == p.campaign && n.State != projections.Drafted {
			lines = append(lines, notice(n))
		}
	}
	if len(lines) == 0 {
		return
	}
	p.head("名单与公示")
	for _, l := range lines {
		p.line("%s", l)
	}
}

func notice(n projections.Notice) string {
	text := fmt.Sprintf("　　《%s》：%d行、%s元", n.Title, n.Lines, n.Total)
	if len(n.Goods) > 0 {
		text += "、" + strings.Join(n.Goods, "、")
	}
	numbers := []uint64{n.Number}
	for _, ph := range n.Phases {
		text += fmt.Sprintf("；%s公示，%s至%s（%s）", timingNames[ph.Timing], ph.First.Chinese(), ph.Last.Chinese(), modeNames[ph.Mode])
		numbers = append(numbers, ph.Number)
	}
	if len(n.Phases) == 0 {
		text += "；未公示"
	}
	text += fmt.Sprintf("；异议%d件、未处理%d件", n.Objections, n.Open)
	if n.Struck > 0 {
		text += fmt.Sprintf("；剔除%d行", n.Struck)
	}
	return text + fmt.Sprintf("〔%s〕", projections.Numbers(numbers))
}

func (p *page) payments() {
	rows := p.books.Payments(p.campaign)
	if len(rows) == 0 {
		return
	}
	p.head("发放")
	type kind struct {
		programme, category string
		form                domain.Form
	}
	byKind(rows, func(r projections.PaymentRow) kind { return kind{r.Programme, r.CategoryName, r.Form} }, func(k kind, rows []projections.PaymentRow) {
		var all tally
		payees := map[domain.ID]bool{}
		items := map[string]domain.Quantity{}
		var named []string
		for _, r := range rows {
			all.add(r.About, int64(r.Value()))
			payees[r.Beneficiary] = true
			for _, g := range r.Items {
				if _, seen := items[g.Item]; !seen {
					named = append(named, g.Item)
				}
				items[g.Item] += g.Quantity
			}
		}
		slices.Sort(named)
		goods := ""
		for _, item := range named {
			goods += fmt.Sprintf("，%s %s", item, items[item])
		}
		p.line("　　%s%s，以%s发放：%d户（人、单位）、%d笔、%s元%s〔%s〕", k.programme, brackets(k.category), k.form.Say(domain.Zh), len(payees), len(rows), all.fen(), goods, all.cite())
	})
	var all tally
	var net domain.Fen
	for _, r := range rows {
		all.add(r.About, int64(r.Value()))
		net += r.Net
	}
	p.line("　　合计：%d笔、%s元（折%s），其中货币净额%s元〔%s〕", len(rows), all.fen(), all.fen().Wan(), net, all.cite())
}

func (p *page) work() {
	visits, needs := p.books.Visits(p.campaign), p.books.Needs(p.campaign)
	if len(visits)+len(needs) == 0 {
		return
	}
	p.head("走访与困难")
	byKind(visits, func(r projections.VisitRow) string { return r.Of }, func(of string, rows []projections.VisitRow) {
		var made tally
		heard := 0
		for _, r := range rows {
			made.add(r.About, int64(r.Visits))
			heard += r.Heard
		}
		text := ""
		if heard > 0 {
			text = fmt.Sprintf("，征集意见建议%d条", heard)
		}
		p.line("　　走访%s %d（次、户、人）%s〔%s〕", ofName(of), made.sum, text, made.cite())
	})
	byKind(needs, func(r projections.NeedRow) string { return r.Of }, func(of string, rows []projections.NeedRow) {
		var met tally
		for _, r := range rows {
			n := int64(0)
			if r.Resolved {
				n = 1
			}
			met.add(r.About, n)
		}
		p.line("　　发现%s困难%d个，解决%d个，未解决%d个〔%s〕", ofName(of), len(rows), met.sum, int64(len(rows))-met.sum, met.cite())
	})
}

func (p *page) facts() {
	rows := p.books.Facts(p.campaign)
	if len(rows) == 0 {
		return
	}
	p.head("来源陈述、假定与补充")
	for _, r := range rows {
		text := fmt.Sprintf("　　%s（%s）：%s%s%s", r.Measure, basisNames[r.Basis], stated(r.Relation), r.Value, r.Unit)
		if r.Assumed != "" {
			text += "，本账按 " + r.Assumed + " 计"
		}
		if r.Quote != "" {
			text += "；原文：“" + r.Quote + "”"
		}
		p.line("%s〔%s〕", text, cite(r.About))
	}
}

// after says what came back, what was irregular and which evidence is missing.
func (p *page) after() {
	b := p.books
	var lines []string
	say := func(format string, t tally) {
		if t.rows > 0 {
			lines = append(lines, fmt.Sprintf("　　"+format+"〔%s〕", t.rows, t.fen(), t.cite()))
		}
	}
	say("退票、未领%d笔、%s元，余额已冲回", sum(b.Rejected(p.campaign), func(r projections.RejectRow) (projections.About, domain.Fen) { return r.About, r.Fen }))
	say("收款人退回%d笔、%s元", sum(b.Returned(p.campaign), func(r projections.ReturnRow) (projections.About, domain.Fen) { return r.About, r.Fen }))
	say("结余上缴%d笔、%s元", sum(b.Surrendered(p.campaign), func(r projections.SurrenderRow) (projections.About, domain.Fen) { return r.About, r.Fen }))
	say("转交其他机构%d笔、%s元", sum(b.PassedOn(p.campaign), func(r projections.PassedOnRow) (projections.About, domain.Fen) { return r.About, r.Fen }))
	for _, x := range b.Irregular() {
		if b.At(x.Number).Campaign == p.campaign {
			lines = append(lines, fmt.Sprintf("　　%s%s〔%d〕", x.Say(domain.Zh), x.Type, x.Number))
		}
	}
	lines = append(lines, p.missing()...)
	if len(lines) == 0 {
		return
	}
	p.head("退回、结余与缺失")
	for _, l := range lines {
		p.line("%s", l)
	}
}

// missing says which evidence payments lack, in the order of its names.
func (p *page) missing() (lines []string) {
	lack, said := map[string]int{}, map[string]string{}
	payments := 0
	for e := range p.books.FundUse() {
		if e.Campaign != p.campaign {
			continue
		}
		payments++
		for _, g := range e.Missing {
			lack[g.Code]++
			said[g.Code] = g.Say(domain.Zh)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(lack)) {
		lines = append(lines, fmt.Sprintf("　　证据缺失：%s，%d笔（共%d笔）", said[code], lack[code], payments))
	}
	return lines
}
