package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/vault"
	"reliefledger.org/ledger/projections"
)

func (p *program) showCommand() *cobra.Command {
	c := &cobra.Command{Use: "show", Short: p.say("查看", "show"), Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	var by string
	balances := &cobra.Command{Use: "balances", Short: p.say("余额", "balances"), Args: cobra.NoArgs,
		RunE: p.withBooks(func(b *projections.Books, _ []string) error {
			d := projections.Dimension(by)
			if !slices.Contains(projections.Dimensions, d) {
				return &inputError{what: "--by", why: fmt.Sprintf("%q: %v", by, projections.Dimensions)}
			}
			return p.showBalances(b, d)
		})}
	balances.Flags().StringVar(&by, "by", "fund", "ledger, fund, allocation, unit, source, programme, form, campaign, item 按何汇总")
	var on string
	notices := &cobra.Command{Use: "notices", Short: p.say("公示名单一览", "public notices"), Args: cobra.NoArgs,
		RunE: p.withBooks(func(b *projections.Books, _ []string) error {
			day, err := optionalDay(on)
			if err != nil {
				return err
			}
			return p.showNotices(b, day)
		})}
	notices.Flags().StringVar(&on, "on", "", "as they stand on a day 某日状态")
	var place, noticeOn string
	var names bool
	notice := &cobra.Command{Use: "notice NUMBER|ID", Short: p.say("一份名单", "one notice"), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := p.books(cmd.Context())
			if err != nil {
				return err
			}
			day, err := optionalDay(noticeOn)
			if err != nil {
				return err
			}
			return p.showNotice(cmd.Context(), b, args[0], place, day, names)
		}}
	notice.Flags().StringVar(&place, "place", "", "as one place shows it 某公示地点")
	notice.Flags().StringVar(&noticeOn, "on", "", "as it stands on a day 某日状态")
	notice.Flags().BoolVar(&names, "names", false, "open the names that the place may show (needs the wrapping key) 显示可公开的姓名")
	fundUse := &cobra.Command{Use: "fund-use", Short: p.say("资金使用报告：每笔发放一条", "the fund-use report: one entry for each payment"), Args: cobra.NoArgs,
		RunE: p.withBooks(func(b *projections.Books, _ []string) error { return p.showFundUse(b) })}
	payment := &cobra.Command{Use: "payment NUMBER", Short: p.say("一笔发放的来龙去脉", "one payment, from source to hand"), Args: cobra.ExactArgs(1),
		RunE: p.withBooks(func(b *projections.Books, args []string) error {
			n, err := parseNumber(args[0])
			if err != nil {
				return &inputError{what: args[0], why: p.say("不是序号", "not a number")}
			}
			e, ok := b.Payment(n)
			if !ok {
				return &inputError{what: args[0], why: p.say("该序号不是一笔发放", "that number is no payment")}
			}
			if p.json {
				return writeJSON(os.Stdout, e)
			}
			p.showEntry(b, e)
			return nil
		})}
	irregular := &cobra.Command{Use: "irregular", Short: p.say("违规补记", "irregular records"), Args: cobra.NoArgs,
		RunE: p.withBooks(func(b *projections.Books, _ []string) error { return p.showIrregular(b) })}
	stream := &cobra.Command{Use: "stream NAME", Short: p.say("一个流的事件", "the events of one stream"), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return p.showEvents(cmd.Context(), args[0]) }}
	events := &cobra.Command{Use: "events", Short: p.say("全部事件", "all events"), Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.showEvents(cmd.Context(), "") }}
	c.AddCommand(p.privateCommands()...)
	c.AddCommand(balances, notices, notice, fundUse, payment, irregular, stream, events)
	return c
}

// withBooks reads books for showing, from a snapshot if there is one.
func (p *program) withBooks(show func(b *projections.Books, args []string) error) func(*cobra.Command, []string) error {
	return p.with(p.snapshot, show)
}

// withEvents reads books from all events.
func (p *program) withEvents(show func(b *projections.Books, args []string) error) func(*cobra.Command, []string) error {
	return p.with(fromEvents, show)
}

func (p *program) with(snapshot func(string, about) string, show func(b *projections.Books, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		b, err := p.booksFrom(cmd.Context(), snapshot)
		if err != nil {
			return err
		}
		if !p.json {
			p.warn(b)
		}
		return show(b, args)
	}
}

// warn says what every report must say: that a clock is simulated, and that
// there are events which could not be read or folded.
func (p *program) warn(b *projections.Books) {
	if b.State.Opened.Simulated {
		fmt.Fprintln(os.Stderr, p.say("（演示账簿：时钟为模拟，记录时间不作证据）", "(a demonstration: the clock is simulated, recorded times are no evidence)"))
	}
	for _, u := range b.State.Unfolded {
		fmt.Fprintf(os.Stderr, p.say("注意：第 %d 号事件无法并入：%s\n", "note: event %d could not be folded: %s\n"), u.Number, u.Why)
	}
}

func optionalDay(s string) (domain.Day, error) {
	if s == "" {
		return 0, nil
	}
	d, err := domain.ParseDay(s)
	if err != nil {
		return 0, &inputError{what: "--on", err: err}
	}
	return d, nil
}

func (p *program) showBalances(b *projections.Books, by projections.Dimension) error {
	rows := b.Balances(by)
	if p.json {
		if rows == nil {
			rows = []projections.Balance{}
		}
		return writeJSON(os.Stdout, rows)
	}
	say := func(n int64) string { return domain.Fen(n).String() }
	if by == projections.ByItem {
		say = func(n int64) string { return domain.Quantity(n).String() }
	}
	t := newTable(p.say("名称", "name"), p.say("收入", "received"), p.say("上级分配", "from above"), p.say("下达", "allocated"), p.say("待发", "reserved"), p.say("在途", "in transit"),
		p.say("已发", "paid"), p.say("收款人退回", "returned"), p.say("退回上级", "sent up"), p.say("上缴", "surrendered"), p.say("转交", "passed on"), p.say("库存", "stock"), p.say("余额", "left")).figures(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
	t.optional("0.00", "0")
	for _, r := range rows {
		t.row(r.Name, say(r.Received), say(r.FromAbove), say(r.Allocated), say(r.Reserved), say(r.Transit), say(r.Paid), say(r.Returned), say(r.Up), say(r.Surrendered), say(r.PassedOn), say(r.Stock), say(r.Left))
	}
	return p.tell(t)
}

func (p *program) showNotices(b *projections.Books, on domain.Day) error {
	list := b.Notices(on)
	list = slices.DeleteFunc(list, func(n projections.Notice) bool {
		return n.State == projections.Drafted || n.State == projections.Withdrawn && len(n.Phases) == 0 // never hung anywhere
	})
	if p.json {
		if list == nil {
			list = []projections.Notice{}
		}
		return writeJSON(os.Stdout, list)
	}
	t := newTable(p.say("序号", "number"), p.say("标题", "title"), p.say("单位", "unit"), p.say("状态", "state"), p.say("首日", "first"), p.say("末日", "last"), p.say("行数", "lines"), p.say("金额(元)", "yuan"), p.say("异议", "objections")).figures(0, 6, 7, 8)
	for _, n := range list {
		first, last := "", ""
		if k := len(n.Phases); k > 0 {
			first, last = n.Phases[k-1].First.String(), n.Phases[k-1].Last.String()
		}
		t.row(fmt.Sprint(n.Number), n.Title, n.Unit, colour(stateColours[n.State], n.State.Say(p.lang())), first, last, fmt.Sprint(n.Lines), n.Total.String(), fmt.Sprintf("%d/%d", n.Open, n.Objections))
	}
	return p.tell(t)
}

var stateColours = map[projections.NoticeState]string{projections.Open: green, projections.Upcoming: yellow, projections.Withdrawn: red}

func (p *program) showNotice(ctx context.Context, b *projections.Books, which, place string, on domain.Day, names bool) error {
	for _, n := range b.Notices(on) {
		if n.ID.String() != which && fmt.Sprint(n.Number) != strings.TrimPrefix(which, "#") {
			continue
		}
		if _, places := hanging(n, place, on); place != "" && !slices.Contains(places, place) {
			return &inputError{what: place, why: fmt.Sprintf(p.say("该名单不在此处公示；公示地点：%s", "the notice does not hang there; it hangs at: %s"), strings.Join(places, ", "))}
		}
		lines := b.PublicLines(n.ID, place, on)
		open := map[domain.ID]string{}
		if names {
			var err error
			if open, err = p.names(ctx, b, n, lines, on); err != nil {
				return err
			}
		}
		if p.json {
			type shown struct {
				projections.PublicLine
				Name string `json:"name,omitempty"`
			}
			out := []shown{}
			for _, l := range lines {
				out = append(out, shown{l, public(open[l.Beneficiary], l.Disclosure)})
			}
			return writeJSON(os.Stdout, map[string]any{"notice": n, "lines": out})
		}
		p.warn(b)
		fmt.Printf("%s〔%d〕 %s\n%s：%s　%s：%s\n", n.Title, n.Number, n.State.Say(p.lang()), p.say("发布", "issuer"), n.Issuer, p.say("监督电话", "phone"), n.Phone)
		fmt.Printf(p.say("异议方式：%s　异议 %d 件，未处理 %d 件\n", "how to object: %s; objections %d, open %d\n"), n.HowTo, n.Objections, n.Open)
		for _, ph := range n.Phases {
			fmt.Printf(p.say("公示期：%s 至 %s（%s）〔%d〕\n", "period: %s to %s (%s) [%d]\n"), ph.First, ph.Last, p.word(string(ph.Mode)), ph.Number)
			for _, x := range ph.Places {
				fmt.Printf("  %s %s %s %s\n", p.word(x.Place), x.Where, x.On, p.word(string(x.Disclosure)))
			}
		}
		fmt.Printf(p.say("合计：%d 行，%s 元 %s\n", "total: %d lines, %s yuan %s\n"), n.Lines, n.Total, strings.Join(n.Goods, ", "))
		if len(lines) == 0 {
			fmt.Println(p.say("（不在公示期：名单不再显示，只留合计；--on 可查看某日）", "(outside its period: names are down, totals stay; see --on)"))
			return nil
		}
		t := newTable(p.say("行", "line"), p.say("姓名", "name"), p.say("人数", "people"), p.say("应得", "to receive")).figures(0)
		for _, l := range lines {
			people := ""
			if l.People.Relation != "" {
				people = string(l.People.Relation) + fmt.Sprint(l.People.People)
			}
			give := sayGive(l.Give, p.lang())
			if l.Struck {
				give = p.say("（已剔除）", "(struck)")
			}
			name := public(open[l.Beneficiary], l.Disclosure)
			if party := b.State.Parties[b.State.Same(l.Beneficiary)]; party != nil && party.Minor {
				name = p.say("（未成年人）", "(a minor)")
			} else if party != nil && party.Restricted {
				name = p.say("（不公开）", "(not shown)")
			}
			t.row(fmt.Sprint(l.Line), name, people, give)
		}
		return p.tell(t)
	}
	return &inputError{what: which, why: p.say("没有这份名单", "no such notice")}
}

// word says a word of the ledger's data as people do.
func (p *program) word(s string) string {
	if p.lang() == domain.En {
		return s
	}
	for _, words := range []map[string]string{placeNames, {"before": "先公示后发放", "after": "先救助后公示", "none": "不公示",
		"calendar": "按日历日", "working": "按工作日", "full": "全名", "masked": "隐名", "counts": "仅人数"}} {
		if word := words[s]; word != "" {
			return word
		}
	}
	return s
}

// public is a name as a disclosure lets it be seen.
func public(name string, d domain.Disclosure) string {
	switch d {
	case domain.FullNames:
		return name
	case domain.MaskedNames:
		if name == erased {
			return name
		}
		return domain.MaskName(name)
	}
	return ""
}

// names opens the names that lines may show, and no others: anybody may see
// them, and that they were opened stands in the journal all the same.
func (p *program) names(ctx context.Context, b *projections.Books, n projections.Notice, lines []projections.PublicLine, on domain.Day) (open map[domain.ID]string, err error) {
	open = map[domain.ID]string{}
	err = p.withAsker(ctx, "show notice", func(a *asker) error {
		may, err := a.mayName(ctx, b, n.ID, lines, on)
		if err != nil {
			return err
		}
		for _, line := range may {
			party := b.State.Parties[line.Beneficiary]
			if open[line.Beneficiary], err = openName(ctx, a.l, b, party); err != nil {
				return err
			}
		}
		return nil
	})
	return open, err
}

// mayName are the lines of a notice whose names he may see, which then stand in
// the journal. Anybody sees what hangs today; what hung on another day, or is seen
// as of an earlier one, only the office sees. What was withdrawn, restricted or
// erased since is not shown again by looking back.
func (a *asker) mayName(ctx context.Context, b *projections.Books, notice domain.ID, lines []projections.PublicLine, on domain.Day) (may []projections.PublicLine, err error) {
	var unit domain.ID
	withdrawn := false
	a.l.View(func(s *domain.Ledger) {
		unit = unitOf(s, domain.Stream(domain.NoticeKind, notice))
		n := s.Notices[notice]
		withdrawn = n == nil || n.Withdrawn != domain.ID{}
	})
	if withdrawn || len(lines) == 0 {
		return nil, nil
	}
	today := domain.DayOf(time.Now())
	if past := on != 0 && on != today || b.Until != (projections.Until{}); past {
		if err := a.need(unit, "PartyRegistered", "name"); err != nil {
			return nil, err
		}
	}
	what := openedFor{}
	for _, line := range lines {
		party := b.State.Parties[line.Beneficiary]
		if line.Disclosure == domain.CountsOnly || party == nil {
			continue
		}
		may = append(may, line)
		if !party.Details.Name.IsZero() {
			what.add(party.ID, "name")
		}
	}
	return may, a.note(ctx, unit, what)
}

// erased stands where the name of a person was.
const erased = "已删除"

// openName opens the name of a party; where it has none it is empty. That it is
// about to be opened stands in the journal already (asker.note).
func openName(ctx context.Context, l *opened, b *projections.Books, party *domain.Party) (string, error) {
	// The books may be of an earlier day: what hides him is asked now.
	gone, hidden := party.Erased, party.Restricted || party.Minor
	l.View(func(s *domain.Ledger) {
		gone = gone || s.Erased(party.ID)
		if now := s.Parties[s.Same(party.ID)]; now != nil {
			gone, hidden = gone || now.Erased, hidden || now.Restricted || now.Minor
		}
	})
	switch {
	case gone:
		return erased, nil
	case hidden || party.Details.Name.IsZero():
		return "", nil
	}
	name, err := openDetail(ctx, l, b, party, party.Details.Name, party.NameIn, "name")
	if errors.Is(err, vault.ErrKeyGone) { // erased behind the end of this log, which is a backup's
		return erased, nil
	}
	return name, err
}

// openDetail opens a detail of a party, which an event's command sealed at a
// path.
func openDetail(ctx context.Context, l *opened, b *projections.Books, party *domain.Party, sealed domain.Sealed, in domain.ID, path string) (string, error) {
	return l.Unseal(ctx, sealed, domain.Stream(domain.PartyKind, party.ID), b.State.CommandOf(in), path)
}

func sayGive(give []domain.Entitlement, l domain.Lang) string {
	var parts []string
	for _, g := range give {
		if g.Fen > 0 {
			parts = append(parts, g.Form.Say(l)+" "+g.Fen.String())
		}
		for _, i := range g.Items {
			parts = append(parts, fmt.Sprintf("%s %s", i.Item, i.Quantity))
		}
	}
	return strings.Join(parts, "；")
}

func (p *program) showFundUse(b *projections.Books) error {
	if p.json {
		list := []projections.Entry{}
		for e := range b.FundUse() {
			list = append(list, e)
		}
		return writeJSON(os.Stdout, list)
	}
	t := newTable(p.say("序号", "number"), p.say("日期", "date"), p.say("资金", "fund"), p.say("项目", "programme"), p.say("名单/行", "notice/line"), p.say("形式", "form"), p.say("金额(元)", "yuan"), p.say("净额", "net"), p.say("违规", "irregular"), p.say("缺失", "missing")).figures(0, 6, 7)
	for e := range b.FundUse() {
		var missing []string
		for _, g := range e.Missing {
			missing = append(missing, g.Say(p.lang()))
		}
		t.row(fmt.Sprint(e.Number), e.Happened.String(), e.Fund, e.Programme, fmt.Sprintf("%d/%d", e.NoticeNumber, e.Line), e.Form.Say(p.lang()), (e.Amount + e.Cost).String(), e.Net.String(), colour(red, strings.Join(e.Irregular, ",")), colour(yellow, strings.Join(missing, "、")))
	}
	return p.tell(t)
}

// showEntry writes one entry of the fund-use report, from source to hand.
func (p *program) showEntry(b *projections.Books, e projections.Entry) {
	w := io.Writer(os.Stdout)
	f := func(zh, en, format string, args ...any) {
		fmt.Fprintf(w, "%s：%s\n", p.say(zh, en), fmt.Sprintf(format, args...))
	}
	f("发放", "payment", "〔%d〕 %s %s%s", e.Number, e.Form.Say(p.lang()), e.Amount, func() string {
		s := ""
		for _, i := range e.Items {
			s += fmt.Sprintf(" %s %s（%s）", i.Item, i.Quantity, e.Cost)
		}
		return s
	}())
	for _, s := range e.Sources {
		f("来源", "source", "%s %s %s〔%d〕", s.Source, s.Document, s.Fen, s.Number)
	}
	f("资金", "fund", "%s", e.Fund)
	for _, s := range e.Path {
		f("分配", "allocation", "%s（%s）〔%d〕", s.Name, s.Purpose, s.Number)
	}
	for _, x := range e.Purchases {
		f("采购", "purchase", "%s %s〔%d〕", x.Item, x.Cost, x.Number)
	}
	f("项目", "programme", "%s %s %d", e.Programme, p.say("修订", "revision"), e.Revision)
	f("名单", "notice", "%s〔%d〕 "+p.say("第 %d 行", "line %d"), e.Notice, e.NoticeNumber, e.Line)
	for _, ph := range e.Phases {
		f("公示", "published", "%s %s–%s（%s）〔%d〕", p.word(string(ph.Timing)), ph.First, ph.Last, p.word(string(ph.Mode)), ph.Number)
		for _, x := range ph.Places {
			f("　地点", "  place", "%s %s %s %s", p.word(x.Place), x.Where, x.On, p.word(string(x.Disclosure)))
		}
	}
	f("异议", "objections", "%d", len(e.Objections))
	for _, o := range e.Objections {
		f("　异议", "  objection", "%s %s〔%d〕", o.Raised, o.Outcome, o.Number)
	}
	by := func(zh, en string, x *projections.By) {
		if x == nil {
			f(zh, en, "—")
			return
		}
		proof := p.say("据称", "asserted")
		if x.Signed {
			proof = p.say("已签名", "signed")
		}
		f(zh, en, "%s %s %s〔%d〕", x.Post, proof, x.On, x.Number)
	}
	by("制单", "prepared", e.Prepared)
	by("复核", "approved", e.Approved)
	by("发放人", "paid by", e.Paid)
	f("发生", "happened", "%s；%s %s", e.Happened, p.say("记账", "booked"), e.Booked)
	for _, r := range e.Receipts {
		f("凭证", "receipt", "%s %s〔%d〕", r.Kind, r.HeldBy, r.Number)
	}
	for _, r := range e.Returns {
		f("退回", "returned", "%s %s〔%d〕", r.Fen, r.On, r.Number)
	}
	f("净额", "net", "%s", e.Net)
	if len(e.Irregular) > 0 {
		f("违规补记", "irregular", "%s", strings.Join(e.Irregular, ", "))
	}
	var missing []string
	for _, g := range e.Missing {
		missing = append(missing, g.Say(p.lang()))
	}
	if len(missing) == 0 {
		missing = []string{p.say("无", "nothing")}
	}
	f("缺失", "missing", "%s", strings.Join(missing, "、"))
}

func (p *program) showIrregular(b *projections.Books) error {
	list := b.Irregular()
	if p.json {
		if list == nil {
			list = []projections.Irregular{}
		}
		return writeJSON(os.Stdout, list)
	}
	t := newTable(p.say("序号", "number"), p.say("事件", "event"), p.say("规则", "rule"), p.say("代码", "code"), p.say("行", "rows"), p.say("发生", "happened"), p.say("记账", "booked"), p.say("理由", "reason"), p.say("证据", "evidence"), p.say("第二经办人", "second")).figures(0, 2, 8)
	for _, x := range list {
		reason := p.say("无", "none")
		if x.Reason {
			reason = p.say("有（密封）", "given (sealed)")
		}
		post := ""
		if o := b.State.Officers[x.Second]; o != nil {
			post = o.Post
		}
		t.row(fmt.Sprint(x.Number), x.Type, fmt.Sprint(x.Rule), x.Code, fmt.Sprint(x.Rows), x.Happened.String(), x.Booked.String(), reason, fmt.Sprint(x.Evidence), post)
	}
	return p.tell(t)
}

// shownEvent is an event as `show events --json` writes it: its open part, as
// stored.
type shownEvent struct {
	Number   uint64    `json:"number"`
	ID       uuid.UUID `json:"id"`
	Stream   string    `json:"stream"`
	Revision uint64    `json:"revision"`
	Type     string    `json:"type"`
	Recorded string    `json:"recorded"`
	Open     any       `json:"open"`
	Leaf     string    `json:"leaf"`
	Error    string    `json:"error,omitempty"` // why it cannot be read
}

// printable shows text that anybody may have written: a terminal would obey its
// control characters.
func printable(s string) string {
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return strconv.Quote(s)
		}
	}
	return s
}

// showEvents goes through the events of a stream, or all, without holding them.
func (p *program) showEvents(ctx context.Context, stream string) error {
	a, err := p.about()
	if err != nil {
		return err
	}
	until, err := p.until()
	if err != nil {
		return err
	}
	store, err := p.events(ctx, a)
	if err != nil {
		return err
	}
	defer store.Close()
	number, found := uint64(0), false
	for r, err := range store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			return err
		}
		n := number
		number++
		if stream != "" && r.Stream != stream {
			continue
		}
		found = true
		d := projections.Decode(r, n)
		if first, ok := d.Event.(*domain.LedgerOpened); ok && n == 0 && first.Ledger != a.Ledger {
			return otherLedger(p.data, a.Ledger, first.Ledger)
		}
		if until.Number != nil && n > *until.Number || !until.Recorded.IsZero() && d.Meta.Recorded.After(until.Recorded) {
			break
		}
		if until.Date != 0 && d.Event != nil && domain.CommonOf(d.Event).Date > until.Date {
			continue
		}
		recorded := d.Meta.Recorded.In(domain.Shanghai).Format("2006-01-02 15:04:05")
		if !p.json {
			note := ""
			if d.Err != nil {
				note = "  " + p.say("无法读取：", "cannot be read: ") + printable(d.Err.Error())
			}
			fmt.Printf("%6d  %s  %-22s %s@%d%s\n", n, recorded, printable(r.Type), printable(r.Stream), r.Revision, note)
			continue
		}
		shown := shownEvent{Number: n, ID: r.ID, Stream: r.Stream, Revision: r.Revision, Type: r.Type,
			Recorded: d.Meta.Recorded.UTC().Format("2006-01-02T15:04:05.000000Z"), Leaf: fmt.Sprintf("%x", d.Leaf)}
		if parts, err := eventstore.Split(r.Data); err == nil {
			shown.Open = rawJSON(parts.Open)
		}
		if d.Err != nil {
			shown.Error = d.Err.Error()
		}
		if err := writeJSONLine(shown); err != nil {
			return err
		}
	}
	if stream != "" && !found {
		return &inputError{what: stream, why: p.say("没有这个流", "no such stream")}
	}
	return nil
}
