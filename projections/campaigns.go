package projections

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"reliefledger.org/ledger/domain"
)

// storyBook is what is remembered beside the domain's state.
type storyBook struct {
	began    map[string]uint64          // first event of each stream
	reasons  map[uint64][]domain.Reason // of irregular events
	replaced map[domain.ID]domain.ID    // a fact, and the one that put it right
	resolved map[domain.ID]uint64       // a need, and the event that met it
}

// tell remembers what reports quote of an event.
func (b *Books) tell(d Decoded) {
	s := &b.stories
	if s.began == nil {
		*s = storyBook{map[string]uint64{}, map[uint64][]domain.Reason{}, map[domain.ID]domain.ID{}, map[domain.ID]uint64{}}
	}
	if _, seen := s.began[d.Stream]; !seen {
		s.began[d.Stream] = d.Number
	}
	if d.Meta.Recorded.After(b.latest) {
		b.latest = d.Meta.Recorded
	}
	c := domain.CommonOf(d.Event)
	if len(c.Irregular) > 0 {
		s.reasons[d.Number] = c.Reasons
	}
	if c.Replaces != (domain.ID{}) {
		s.replaced[c.Replaces] = d.ID
	}
	switch x := d.Event.(type) {
	case *domain.NeedResolved:
		s.resolved[x.Need] = d.Number
	case *domain.ReceiptRecorded, *domain.DocumentIssued, *domain.VisitRecorded, *domain.NeedFound, *domain.ActivityRecorded,
		*domain.FactRecorded, *domain.FundsReceived, *domain.FundsSurrendered, *domain.FundsPassedOn, *domain.GoodsPurchased,
		*domain.NominationReceived, *domain.NominationRejected, *domain.DisbursementRejected, *domain.RecoveryDemanded:
		b.typed[d.Number] = d.Event
	}
}

// Began returns the number of the first event of a stream.
func (b *Books) Began(stream string) (number uint64, ok bool) {
	number, ok = b.stories.began[stream]
	return number, ok
}

// Campaigns lists the campaigns in the order in which they were opened.
func (b *Books) Campaigns() []*domain.Campaign {
	var list []*domain.Campaign
	for _, c := range b.State.Campaigns {
		list = append(list, c)
	}
	slices.SortFunc(list, func(x, y *domain.Campaign) int {
		return cmp.Compare(b.began(domain.Stream(domain.CampaignKind, x.ID)), b.began(domain.Stream(domain.CampaignKind, y.ID)))
	})
	return list
}

// Numbers writes event numbers as people cite them: runs as first–last.
func Numbers(ns []uint64) string {
	ns = slices.Clone(ns)
	slices.Sort(ns)
	ns = slices.Compact(ns)
	var parts []string
	for i := 0; i < len(ns); {
		j := i
		for j+1 < len(ns) && ns[j+1] == ns[j]+1 {
			j++
		}
		if j > i {
			parts = append(parts, fmt.Sprintf("%d–%d", ns[i], ns[j]))
		} else {
			parts = append(parts, fmt.Sprint(ns[i]))
		}
		i = j + 1
	}
	const most = 6 // a page has no room for more
	if len(parts) > most {
		parts = append(parts[:most-1], fmt.Sprintf("…共 %d 条", len(ns)))
	}
	return strings.Join(parts, ", ")
}

// Summary writes one page about a campaign, in Chinese and in the manner of the
// reports that are written today; behind each figure stand, in 〔 〕, the numbers
// of the events that prove it.
func (b *Books) Summary(w io.Writer, campaign domain.ID) error {
	c := b.State.Campaigns[campaign]
	if c == nil {
		return fmt.Errorf("no campaign %s", campaign)
	}
	p := &page{}
	p.line("%s总结", c.Name)
	p.line("单位：%s　期间：%s至%s　截至：%s", b.UnitName(c.Unit), c.Period.First.Chinese(), c.Period.Last.Chinese(), b.Today().Chinese())
	if o := b.State.Opened; o != nil && o.Simulated {
		p.line("（演示账簿：时钟为模拟，记录时间不作证据）")
	}
	where := map[string]string{"campaign": campaign.String()}
	b.sayDocuments(p, where)
	b.sayMoney(p, where)
	b.sayNotices(p, campaign)
	b.sayPayments(p, where)
	b.sayWork(p, where)
	b.sayFacts(p, where)
	b.sayAfter(p, where, campaign)
	_, err := io.WriteString(w, p.String())
	return err
}

// page is a text with numbered sections.
type page struct {
	strings.Builder
	section int
}

var ordinals = []string{"一", "二", "三", "四", "五", "六", "七", "八", "九"}

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *page) head(title string) {
	p.line("")
	p.line("%s、%s", ordinals[min(p.section, len(ordinals)-1)], title)
	p.section++
}

func (b *Books) sayDocuments(p *page, where map[string]string) {
	rows := b.Rows("documents", where)
	acts := b.Rows("activities", where)
	if len(rows)+len(acts) == 0 {
		return
	}
	p.head("部署与活动")
	for _, r := range rows {
		p.line("　　%s印发《%s》%s〔%s〕", r.day("date").Chinese(), r.text("name"), brackets(r.text("document")), Numbers(r.Events))
	}
	for _, r := range acts {
		people := ""
		if n := r.number("people"); n > 0 {
			people = fmt.Sprintf("，%s%d人", about(r.text("relation")), n)
		}
		times := ""
		if n := r.number("times"); n > 1 {
			times = fmt.Sprintf("，%d次", n)
		}
		p.line("　　%s%s%s%s%s〔%s〕", r.day("date").Chinese(), r.text("name"), brackets(r.text("place")), people, times, Numbers(r.Events))
	}
}

func brackets(s string) string {
	if s == "" {
		return ""
	}
	return "（" + s + "）"
}

// about writes a relation as a report does: 约, 余, 近.
func about(relation string) string {
	switch domain.Relation(relation) {
	case domain.About:
		return "约"
	case domain.AtLeast:
		return "不少于"
	case domain.Under:
		return "近"
	}
	return ""
}

func (b *Books) sayMoney(p *page, where map[string]string) {
	rows := b.Rows("receipts", where)
	if len(rows) == 0 {
		return
	}
	p.head("资金来源")
	for _, r := range rows {
		donors := ""
		if n := r.number("donors"); n > 0 {
			donors = fmt.Sprintf("，%s%d人捐赠", about(r.text("relation")), n)
		}
		what := domain.Fen(r.number("fen")).String() + "元"
		if goods := r.text("goods"); goods != "" {
			what = goods
		}
		p.line("　　%s收到%s%s：%s%s〔%s〕", r.day("date").Chinese(), r.text("source"), brackets(r.text("document")), what, donors, Numbers(r.Events))
	}
	sum, ns := total(rows, "fen")
	p.line("　　合计：%s元〔%s〕", domain.Fen(sum), Numbers(ns))
}

func total(rows []Row, field string) (sum int64, events []uint64) {
	for _, r := range rows {
		sum += r.number(field)
		events = append(events, r.Events...)
	}
	return sum, events
}

func (b *Books) sayNotices(p *page, campaign domain.ID) {
	var lines []string
	for _, n := range b.Notices(0) {
		if n.Campaign != campaign || n.State == Drafted {
			continue
		}
		text := fmt.Sprintf("　　《%s》：%d行、%s元", n.Title, n.Lines, n.Total)
		if len(n.Goods) > 0 {
			text += "、" + strings.Join(n.Goods, "、")
		}
		for _, ph := range n.Phases {
			text += fmt.Sprintf("；%s公示，%s至%s（%s）", timingName[ph.Timing], ph.First.Chinese(), ph.Last.Chinese(), modeName[ph.Mode])
		}
		if len(n.Phases) == 0 {
			text += "；未公示"
		}
		text += fmt.Sprintf("；异议%d件、未处理%d件", n.Objections, n.Open)
		if n.Struck > 0 {
			text += fmt.Sprintf("；剔除%d行", n.Struck)
		}
		ns := []uint64{n.Number}
		for _, ph := range n.Phases {
			ns = append(ns, ph.Number)
		}
		lines = append(lines, text+fmt.Sprintf("〔%s〕", Numbers(ns)))
	}
	if len(lines) == 0 {
		return
	}
	p.head("名单与公示")
	for _, l := range lines {
		p.line("%s", l)
	}
}

var timingName = map[domain.Timing]string{domain.BeforePayment: "发放前", domain.AfterPayment: "发放后", domain.NoNotice: "不"}

var modeName = map[domain.CalendarMode]string{domain.InCalendarDays: "自然日", domain.InWorkingDays: "工作日"}

func (b *Books) sayPayments(p *page, where map[string]string) {
	rows := b.Rows("payments", where)
	if len(rows) == 0 {
		return
	}
	p.head("发放")
	type kind struct{ programme, category, form string }
	groups := map[kind][]Row{}
	var order []kind
	for _, r := range rows {
		k := kind{r.text("programme"), r.text("category_name"), r.text("form")}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], r)
	}
	for _, k := range order {
		sum, ns := total(groups[k], "value")
		payees := map[string]bool{}
		items := map[string]int64{}
		var named []string
		for _, r := range groups[k] {
			payees[r.text("beneficiary")] = true
			for item, q := range r.items {
				if items[item] == 0 {
					named = append(named, item)
				}
				items[item] += int64(q)
			}
		}
		slices.Sort(named)
		goods := ""
		for _, item := range named {
			goods += fmt.Sprintf("，%s %s", item, domain.Quantity(items[item]))
		}
		p.line("　　%s%s，以%s发放：%d户（人、单位）、%d笔、%s元%s〔%s〕", k.programme, brackets(k.category), domain.Form(k.form).Say(domain.Zh), len(payees), len(groups[k]), domain.Fen(sum), goods, Numbers(ns))
	}
	sum, ns := total(rows, "value")
	net, _ := total(rows, "net")
	p.line("　　合计：%d笔、%s元（折%s），其中货币净额%s元〔%s〕", len(rows), domain.Fen(sum), domain.Fen(sum).Wan(), domain.Fen(net), Numbers(ns))
}

func (b *Books) sayWork(p *page, where map[string]string) {
	visits, needs := b.Rows("visits", where), b.Rows("needs", where)
	if len(visits)+len(needs) == 0 {
		return
	}
	p.head("走访与困难")
	byOf(visits, func(of string, rows []Row) {
		n, ns := total(rows, "visits")
		heard, _ := total(rows, "heard")
		text := ""
		if heard > 0 {
			text = fmt.Sprintf("，征集意见建议%d条", heard)
		}
		p.line("　　走访%s %d（次、户、人）%s〔%s〕", ofName(of), n, text, Numbers(ns))
	})
	byOf(needs, func(of string, rows []Row) {
		met := 0
		var ns []uint64
		for _, r := range rows {
			ns = append(ns, r.Events...)
			if r.text("resolved") == "yes" {
				met++
			}
		}
		p.line("　　发现%s困难%d个，解决%d个，未解决%d个〔%s〕", ofName(of), len(rows), met, len(rows)-met, Numbers(ns))
	})
}

func byOf(rows []Row, say func(of string, rows []Row)) {
	groups := map[string][]Row{}
	var order []string
	for _, r := range rows {
		of := r.text("of")
		if groups[of] == nil {
			order = append(order, of)
		}
		groups[of] = append(groups[of], r)
	}
	for _, of := range order {
		say(of, groups[of])
	}
}

var ofNames = map[string]string{"workers": "职工", "teams": "班组", "enterprises": "企业", "households": "家庭", "institutions": "机构", "units": "单位", "retired": "退休教师", "villages": "村", "survey": "困难职工（入户调查）", "one-to-one": "特困职工（一对一）", "province": "困难户（省总工会领导）", "province-window": "困难户（省总工会领导，期间）", "city-window": "困难户（市领导，期间）"}

func ofName(of string) string {
	if n := ofNames[of]; n != "" {
		return n
	}
	return of
}

var basisName = map[string]string{"stated": "来源陈述", "assumed": "假定", "added": "演示补充"}

func (b *Books) sayFacts(p *page, where map[string]string) {
	rows := b.Rows("facts", where)
	if len(rows) == 0 {
		return
	}
	p.head("来源陈述、假定与补充")
	for _, r := range rows {
		text := fmt.Sprintf("　　%s（%s）：%s%s%s", r.text("measure"), basisName[r.text("basis")], sayRelation(r.text("relation")), r.text("value"), r.text("unit"))
		if a := r.text("assumed"); a != "" {
			text += "，本账按 " + a + " 计"
		}
		if q := r.text("quote"); q != "" {
			text += "；原文：“" + q + "”"
		}
		p.line("%s〔%s〕", text, Numbers(r.Events))
	}
}

func sayRelation(r string) string {
	switch domain.Relation(r) {
	case domain.About:
		return "约 "
	case domain.AtLeast:
		return "多于 "
	case domain.Under:
		return "近 "
	}
	return ""
}

func (b *Books) sayAfter(p *page, where map[string]string, campaign domain.ID) {
	var lines []string
	say := func(table, format string) {
		rows := b.Rows(table, where)
		if len(rows) == 0 {
			return
		}
		sum, ns := total(rows, "fen")
		lines = append(lines, fmt.Sprintf("　　"+format+"〔%s〕", len(rows), domain.Fen(sum), Numbers(ns)))
	}
	say("rejects", "退票、未领%d笔、%s元，余额已冲回")
	say("returns", "收款人退回%d笔、%s元")
	say("surrendered", "结余上缴%d笔、%s元")
	say("passed_on", "转交其他机构%d笔、%s元")
	for _, x := range b.Irregular() {
		if b.At(x.Number).Campaign == campaign {
			code, _ := domain.CodeNamed(x.Code)
			lines = append(lines, fmt.Sprintf("　　违规补记：%s（第 %d 条规则）%s〔%d〕", x.Code, code.Rule, x.Type, x.Number))
		}
	}
	gaps := map[Gap]int{}
	payments := 0
	for e := range b.FundUse() {
		if e.Campaign != campaign {
			continue
		}
		payments++
		for _, g := range e.Missing {
			gaps[g]++
		}
	}
	var names []string
	for g := range gaps {
		names = append(names, string(g))
	}
	slices.Sort(names)
	for _, g := range names {
		lines = append(lines, fmt.Sprintf("　　证据缺失：%s，%d笔（共%d笔）", Gap(g).Say(domain.Zh), gaps[Gap(g)], payments))
	}
	if len(lines) == 0 {
		return
	}
	p.head("退回、结余与缺失")
	for _, l := range lines {
		p.line("%s", l)
	}
}
