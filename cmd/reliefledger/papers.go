package main

import (
	"fmt"
	"slices"
	"strings"

	"reliefledger.org/ledger/cmd/internal/paper"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/projections"
)

// Papers are in Chinese whatever the language of the program: they are filed.

// person is what of a payee may stand in an office's own paper.
type person struct{ name, number, note string }

// payee opens who a line pays: the name whole, because he signs beside it, the
// identity number masked. A minor and who is hidden from every page stay
// unnamed, and so does everybody where names were not asked for.
func (d *desk) payee(line *domain.AdmittedLine) (person, error) {
	var out person
	party := d.books.State.Parties[line.Payee()]
	switch {
	case line.Line.People() != domain.Headcount{}:
		out.note = "集体" + sayPeople(line.Line.People())
		return out, nil
	case party == nil:
		return out, nil
	case party.Minor:
		out.note = "未成年人"
		return out, nil
	case party.Restricted:
		out.note = "不公开"
		return out, nil
	case party.Type == domain.Unidentified:
		out.note = "身份未明"
	case line.Payee() != line.Beneficiary():
		out.note = "代领"
	}
	if d.open == nil {
		return out, nil
	}
	var err error
	if out.name, err = openName(d.ctx, d.open.l, d.books, party); err != nil || out.name == erased {
		return out, err
	}
	if party.Details.Number.IsZero() {
		return out, nil
	}
	number, err := openDetail(d.ctx, d.open.l, d.books, party, party.Details.Number, party.NumberIn, "number")
	out.number = domain.MaskNumber(number)
	return out, err
}

// mayName refuses who may not see the payees of lines, and writes into the
// journal that they are about to be opened.
func (d *desk) mayName(unit domain.ID, lines ...*domain.AdmittedLine) error {
	if d.open == nil {
		return nil
	}
	if err := d.open.need(unit, "PartyRegistered", "name"); err != nil {
		return err
	}
	what, seen := openedFor{}, map[domain.ID]bool{}
	for _, line := range lines {
		party := d.books.State.Parties[line.Payee()]
		if party == nil || seen[party.ID] || party.Minor || party.Restricted || party.Erased || party.Details.Name.IsZero() {
			continue
		}
		seen[party.ID] = true
		what.add(party.ID, "name", "number")
	}
	return d.open.note(d.ctx, unit, what)
}

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
func (d *desk) facts(a *domain.Allocation) []paper.Fact {
	s := d.books.State
	var list []paper.Fact
	if f := s.FundOf(a); f != nil {
		list = append(list, paper.Fact{Name: "资金", Text: f.Name + d.began(f.Stream)})
	}
	var path []paper.Fact
	for up := a; up != nil; {
		path = append(path, paper.Fact{Name: "分配", Text: d.books.AllocationName(up) + "（" + up.Purpose + "）" + d.began(up.Stream)})
		_, id, _ := domain.SplitStream(up.From)
		up = s.Allocations[id]
	}
	slices.Reverse(path)
	list = append(list, path...)
	if p := s.Programmes[a.Programme]; p != nil {
		list = append(list, paper.Fact{Name: "项目", Text: fmt.Sprintf("%s　修订 %d", p.Name, a.Revision)})
	}
	return list
}

// began cites the first event of a stream.
func (d *desk) began(stream string) string {
	if n, ok := d.books.Began(stream); ok {
		return cite(n)
	}
	return ""
}

// noticeFacts name the notices of lines, and when these were published.
func (d *desk) noticeFacts(lines []*domain.AdmittedLine) []paper.Fact {
	var list []paper.Fact
	var seen []domain.ID
	for _, l := range lines {
		if slices.Contains(seen, l.Notice) {
			continue
		}
		seen = append(seen, l.Notice)
		n := d.books.State.Notices[l.Notice]
		list = append(list, paper.Fact{Name: "名单", Text: n.Heading.Title + d.began(n.Stream)})
		for _, p := range n.Publications {
			list = append(list, paper.Fact{Name: "公示", Text: sayPeriod(p.Timing, p.Period, p.Mode) + d.cite(p.Event)})
		}
	}
	return list
}

func (d *desk) cite(id domain.ID) string {
	if e, ok := d.books.Event(id); ok {
		return cite(e.Number)
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

// by says who did a step, as the ledger has it: signed with his key, or said by
// another.
func (d *desk) by(id domain.ID) string {
	e, ok := d.books.Event(id)
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
	if o := d.books.State.Officers[officer]; o != nil {
		post = o.Post
	}
	return fmt.Sprintf("%s%s%s %s", post, cite(e.Number), proof, e.Happened.Last)
}

// admittedOf are the admitted lines of a batch's rows.
func admittedOf(a *domain.Allocation, b *domain.Batch) []*domain.AdmittedLine {
	var lines []*domain.AdmittedLine
	for _, r := range b.Rows {
		lines = append(lines, a.Lines[r.Line-1])
	}
	return lines
}

// numbers are those of the events of a batch that it has had.
func (d *desk) numbers(ids ...domain.ID) []uint64 {
	var list []uint64
	for _, id := range ids {
		if e, ok := d.books.Event(id); ok {
			list = append(list, e.Number)
		}
	}
	return list
}

// rejected is a batch that was turned down: nothing may be signed for.
func (d *desk) rejected(b *domain.Batch) error {
	if b.Rejected == (domain.ID{}) {
		return nil
	}
	return &inputError{what: fmt.Sprint(b.No), why: d.say("该批次已退回", "the batch was rejected")}
}

// sheet fills the sign-off sheet of a batch.
func (d *desk) sheet(args []string, w *whichBatch) (drawn, error) {
	a, b, err := d.batch(args, w)
	if err != nil {
		return nil, err
	}
	if err := d.rejected(b); err != nil {
		return nil, err
	}
	lines := admittedOf(a, b)
	if err := d.mayName(a.Unit, lines...); err != nil {
		return nil, err
	}
	s := &paper.Sheet{Head: d.head("签领表", d.books.UnitName(a.Unit), b.PreparedOn, d.numbers(b.Prepared)...), Facts: append(d.facts(a), d.noticeFacts(lines)...)}
	s.Facts = append(s.Facts, paper.Fact{Name: "批次", Text: fmt.Sprint(b.No)}, paper.Fact{Name: "形式", Text: b.Form.Say(domain.Zh)},
		paper.Fact{Name: "制单", Text: d.by(b.Prepared)})
	if b.Approved != (domain.ID{}) {
		s.Facts = append(s.Facts, paper.Fact{Name: "复核", Text: d.by(b.Approved)})
	}
	for i, r := range b.Rows {
		who, err := d.payee(lines[i])
		if err != nil {
			return nil, err
		}
		notes := []string{who.note}
		if int(lines[i].NoticeLine) != i+1 {
			notes = append(notes, fmt.Sprintf("名单第%d行", lines[i].NoticeLine))
		}
		if r.Again() != (domain.ID{}) {
			notes = append(notes, "更正发放"+d.cite(r.Again()))
		}
		row := paper.Payee{No: i + 1, Name: who.name, Number: who.number, Fen: r.Fen, Goods: goodsOf(r.Items())}
		if r.State == domain.RowRejected { // he signs for nothing, and the total is of what was handed out
			notes = append(notes, "未发放 "+sayGive([]domain.Entitlement{{Form: b.Form, Fen: r.Fen, Items: r.Items()}}, domain.Zh))
			row.NotPaid = true
		}
		row.Note = joined(notes)
		s.Rows = append(s.Rows, row)
	}
	return s, nil
}

func joined(notes []string) string {
	return strings.Join(slices.DeleteFunc(notes, func(s string) bool { return s == "" }), "；")
}

// receipt fills the receipt of one payment.
func (d *desk) receipt(which string) (drawn, error) {
	e, err := d.payment(which)
	if err != nil {
		return nil, err
	}
	if e.Reversed != nil {
		return nil, &inputError{what: which, why: fmt.Sprintf(d.say("该笔发放已被冲销%s", "that payment was reversed %s"), cite(*e.Reversed))}
	}
	a := d.books.State.Allocations[e.Allocation]
	if err := d.mayName(a.Unit, lineOf(a, e)); err != nil {
		return nil, err
	}
	who, err := d.payee(lineOf(a, e))
	if err != nil {
		return nil, err
	}
	r := &paper.Receipt{Head: d.head("签收凭证", d.books.UnitName(a.Unit), e.Happened, e.Number), Payee: who.name, Number: who.number,
		For: fmt.Sprintf("%s　%s%s第 %d 行", e.Programme, e.Notice, cite(e.NoticeNumber), e.Line), Form: e.Form.Say(domain.Zh), Fen: e.Amount, Goods: goodsOf(e.Items)}
	if who.note != "" {
		r.For += "（" + who.note + "）"
	}
	if e.Fund != "" {
		r.Facts = append(r.Facts, paper.Fact{Name: "资金", Text: e.Fund})
	}
	if e.Voucher != "" {
		r.Facts = append(r.Facts, paper.Fact{Name: "票证号", Text: e.Voucher})
	}
	return r, nil
}

func (d *desk) payment(which string) (projections.Entry, error) {
	n, err := d.eventNumber(which)
	if err != nil {
		return projections.Entry{}, err
	}
	e, ok := d.books.Payment(n)
	if !ok {
		return e, &inputError{what: which, why: d.say("该序号不是一笔发放", "that number is no payment")}
	}
	return e, nil
}

// paymentOf is the payment that an entry is about.
func paymentOf(a *domain.Allocation, e projections.Entry) *domain.Payment {
	i := slices.IndexFunc(a.Payments, func(p *domain.Payment) bool { return p.Number == e.Number })
	return a.Payments[i]
}

// lineOf is the admitted line that a payment paid.
func lineOf(a *domain.Allocation, e projections.Entry) *domain.AdmittedLine {
	return a.Lines[paymentOf(a, e).Line-1]
}

// notice fills a notice as a place shows it on a day.
func (d *desk) notice(which, place string, on domain.Day, size paper.Size) (drawn, error) {
	b := d.books
	if on == 0 {
		on = b.Today()
	}
	list := b.Notices(on)
	i := slices.IndexFunc(list, func(n projections.Notice) bool {
		return n.ID.String() == which || fmt.Sprint(n.Number) == strings.TrimPrefix(which, "#")
	})
	if i < 0 {
		return nil, &inputError{what: which, why: d.say("没有这份名单", "no such notice")}
	}
	n := list[i]
	state := b.State.Notices[n.ID]
	out := &paper.Notice{Basis: nil, Programme: n.Programme, Phone: n.Phone, HowTo: n.HowTo, Issuer: n.Issuer, Size: size}
	for _, doc := range state.Heading.Basis {
		text := "《" + strings.Trim(doc.Name, "《》") + "》"
		if doc.Number != "" {
			text += "（" + doc.Number + "）"
		}
		out.Basis = append(out.Basis, text)
	}
	phase, places := hanging(n, place, on)
	if phase == nil {
		return nil, &inputError{what: place, why: fmt.Sprintf(d.say("该名单当日未在此处公示；公示地点：%s", "the notice does not hang there on that day; it hangs at: %s"), strings.Join(places, ", "))}
	}
	out.Periods = []string{sayPeriod(phase.Timing, domain.Period{First: phase.First, Last: phase.Last}, phase.Mode) + cite(phase.Number)}
	posted := postedAt(phase, place)
	var where []string
	for _, x := range posted {
		if x.Where != "" && !slices.Contains(where, x.Where) {
			where = append(where, x.Where)
		}
	}
	out.Place = placeName(place)
	if len(where) > 0 {
		out.Place += "（" + strings.Join(where, "、") + "）"
	}
	out.Place += "　" + posted[0].On.Chinese() + "张贴"
	out.Head = d.head(n.Title, n.Unit, posted[0].On, n.Number, phase.Number)
	if n.Objections > 0 {
		out.Facts = append(out.Facts, paper.Fact{Name: "收到异议", Text: fmt.Sprintf("%d 件，未处理 %d 件", n.Objections, n.Open)})
	}
	lines := b.PublicLines(n.ID, place, on)
	may := map[int]bool{}
	if d.open != nil {
		named, err := d.open.mayName(d.ctx, b, n.ID, lines, on)
		if err != nil {
			return nil, err
		}
		for _, line := range named {
			may[line.Line] = true
		}
	}
	return out, d.noticeRows(out, n, lines, may)
}

// hanging is the publication by which a notice hangs at a place on a day, else
// the last that it hung there by; and all its places.
func hanging(n projections.Notice, place string, on domain.Day) (at *projections.Phase, places []string) {
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
func (d *desk) noticeRows(out *paper.Notice, n projections.Notice, lines []projections.PublicLine, may map[int]bool) error {
	goods := map[string]domain.Quantity{}
	for _, l := range d.books.State.Notices[n.ID].Lines {
		for _, g := range l.Give {
			for _, i := range g.Items {
				if l.Struck() == (domain.ID{}) {
					goods[i.Item] += i.Quantity
				}
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
	case len(lines) == 0 && len(d.books.State.Notices[n.ID].Lines) > 0:
		out.Down = "（不在公示期，名单不再显示，只留合计）"
	}
	out.CountsOnly = len(lines) > 0
	for _, l := range lines {
		row := paper.Listed{No: l.Line, Give: sayGive(l.Give, domain.Zh)}
		party := d.books.State.Parties[l.Beneficiary]
		if l.Disclosure != domain.CountsOnly {
			out.CountsOnly = false
			if may[l.Line] {
				name, err := openName(d.ctx, d.open.l, d.books, party)
				if err != nil {
					return err
				}
				row.Name = public(name, l.Disclosure)
			}
		}
		if l.People != (domain.Headcount{}) {
			row.Note = "集体" + sayPeople(l.People)
		} else if party != nil && party.Minor {
			row.Note = "未成年人"
		} else if party != nil && party.Restricted {
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
	return nil
}

var placeNames = map[string]string{"village-board": "村（居）务公开栏", "township-screen": "乡镇公示屏", "web": "网站"}

func placeName(place string) string {
	if name := placeNames[place]; name != "" {
		return name
	}
	return place
}

// voucher fills the voucher of a payment or of a batch.
func (d *desk) voucher(args []string, w *whichBatch) (drawn, error) {
	if len(args) == 1 && w.allocation == "" {
		n, err := d.eventNumber(args[0])
		if err != nil {
			return nil, err
		}
		if e, ok := d.books.Payment(n); ok {
			return d.paymentVoucher(e)
		}
	}
	a, b, err := d.batch(args, w)
	if err != nil {
		return nil, err
	}
	if err := d.rejected(b); err != nil {
		return nil, err
	}
	return d.batchVoucher(a, b)
}

func (d *desk) paymentVoucher(e projections.Entry) (drawn, error) {
	a := d.books.State.Allocations[e.Allocation]
	line := lineOf(a, e)
	if err := d.mayName(a.Unit, line); err != nil {
		return nil, err
	}
	who, err := d.payee(line)
	if err != nil {
		return nil, err
	}
	v := &paper.Voucher{Head: d.head("付款凭证", d.books.UnitName(a.Unit), e.Happened, e.Number), Goods: goodsOf(e.Items), Paid: sayBy(e.Paid), Prepared: sayBy(e.Prepared), Approved: sayBy(e.Approved)}
	v.Entries = d.entries(a, e.Form, a.Draws(paymentOf(a, e)))
	v.Facts = append(d.facts(a), d.noticeFacts([]*domain.AdmittedLine{line})...)
	v.Facts = append(v.Facts, paper.Fact{Name: "收款人", Text: joined([]string{who.name, who.number, fmt.Sprintf("名单第 %d 行", e.Line), who.note})})
	if e.Batch > 0 {
		batch := a.Batches[e.Batch-1]
		v.Facts = append(v.Facts, paper.Fact{Name: "批次", Text: fmt.Sprintf("%d%s第 %d 行", e.Batch, d.cite(batch.Prepared), e.Row)})
	}
	v.Facts = append(v.Facts, after([]projections.Entry{e})...)
	return v, nil
}

func sayBy(by *projections.By) string {
	if by == nil {
		return ""
	}
	proof := "据称"
	if by.Signed {
		proof = "已签名"
	}
	return fmt.Sprintf("%s%s%s %s", by.Post, cite(by.Number), proof, by.On)
}

// batchVoucher is about what a batch is to pay, and once its result is known
// about what it paid.
func (d *desk) batchVoucher(a *domain.Allocation, b *domain.Batch) (drawn, error) {
	on := b.PreparedOn
	for _, id := range []domain.ID{b.Approved, b.Result} {
		if e, ok := d.books.Event(id); ok {
			on = e.Happened.Last
		}
	}
	v := &paper.Voucher{Head: d.head("付款凭证", d.books.UnitName(a.Unit), on, d.numbers(b.Prepared, b.Approved, b.Result)...),
		Prepared: d.by(b.Prepared), Approved: d.by(b.Approved), Paid: d.by(b.Result)}
	var draws []domain.Draw
	var back paper.Totals
	paid := map[string]domain.Quantity{}
	for _, r := range b.Rows {
		if r.State == domain.RowRejected {
			back.Rows, back.Fen = back.Rows+1, back.Fen+r.Fen
			continue
		}
		draws = append(draws, r.Draws...)
		for _, i := range r.Items() {
			paid[i.Item] += i.Quantity
		}
	}
	if back.Rows == len(b.Rows) {
		return nil, &inputError{what: fmt.Sprint(b.No), why: d.say("该批次没有发出任何一笔", "nothing of the batch was paid")}
	}
	for item, q := range paid {
		v.Goods = append(v.Goods, paper.Goods{Item: item, Quantity: q})
	}
	slices.SortFunc(v.Goods, func(a, b paper.Goods) int { return strings.Compare(a.Item, b.Item) })
	v.Entries = d.entries(a, b.Form, draws)
	v.Facts = append(d.facts(a), d.noticeFacts(admittedOf(a, b))...)
	state := "应发"
	if b.Result != (domain.ID{}) {
		state = "实发"
	}
	v.Facts = append(v.Facts, paper.Fact{Name: "批次", Text: fmt.Sprintf("%d　%s，%s %d 行", b.No, b.Form.Say(domain.Zh), state, len(b.Rows)-back.Rows)})
	if back.Rows > 0 {
		v.Facts = append(v.Facts, paper.Fact{Name: "未发放", Text: fmt.Sprintf("%d 行，%s 元", back.Rows, back.Fen)})
	}
	var entries []projections.Entry
	for _, p := range a.Payments {
		if int(p.Batch) != b.No {
			continue
		}
		if e, ok := d.books.Payment(p.Number); ok {
			entries = append(entries, e)
		}
	}
	v.Facts = append(v.Facts, after(entries)...)
	return v, nil
}

// after says what is kept of payments, what came back, and what of them is
// irregular.
func after(entries []projections.Entry) []paper.Fact {
	var kept, irregular []string
	var back domain.Fen
	var numbers []uint64
	note := func(list []string, s string) []string {
		if slices.Contains(list, s) {
			return list
		}
		return append(list, s)
	}
	for _, e := range entries {
		for _, r := range e.Receipts {
			kept = note(kept, strings.TrimSpace(r.Kind+" "+r.HeldBy)+cite(r.Number))
		}
		for _, r := range e.Returns {
			back, numbers = back+r.Fen, append(numbers, r.Number)
		}
		if e.Reversed != nil {
			back, numbers = back+e.Net, append(numbers, *e.Reversed)
		}
		for _, code := range e.Irregular {
			irregular = note(irregular, code)
		}
	}
	var list []paper.Fact
	if len(kept) > 0 {
		list = append(list, paper.Fact{Name: "附件", Text: someOf(kept)})
	}
	if len(numbers) > 0 {
		var cited []string
		for _, n := range numbers {
			cited = append(cited, cite(n))
		}
		list = append(list, paper.Fact{Name: "退回或冲销", Text: fmt.Sprintf("%d 笔，%s 元 %s", len(numbers), back, someOf(cited))})
	}
	if len(irregular) > 0 {
		list = append(list, paper.Fact{Name: "违规补记", Text: strings.Join(irregular, "、")})
	}
	return list
}

// listed is how many of many a paper names.
const listed = 12

func someOf(list []string) string {
	if len(list) > listed {
		return strings.Join(list[:listed], "、") + fmt.Sprintf(" 等 %d 项", len(list))
	}
	return strings.Join(list, "、")
}

// entries are what draws took, by the receipt of funds or the purchase that it
// comes from.
func (d *desk) entries(a *domain.Allocation, form domain.Form, draws []domain.Draw) []paper.Entry {
	type from struct {
		origin domain.ID
		item   string
	}
	var list []paper.Entry
	at := map[from]int{}
	for _, draw := range draws {
		lot, _ := a.Lot(draw.Lot)
		key := from{lot.Origin, lot.Item}
		i, seen := at[key]
		if !seen {
			i = len(list)
			at[key] = i
			list = append(list, d.entry(lot, form))
		}
		if lot.Item == domain.Money {
			list[i].Fen += domain.Fen(draw.Quantity)
		} else {
			list[i].Fen += draw.Cost
		}
	}
	return list
}

func (d *desk) entry(lot domain.Lot, form domain.Form) paper.Entry {
	e := paper.Entry{Text: form.Say(domain.Zh) + "发放", Number: d.cite(lot.Origin)}
	if lot.Item != domain.Money {
		e.Text = "发放" + lot.Item
		if !lot.Valued {
			e.Text += "（未计价）"
		}
	}
	o, ok := d.books.State.Origin(lot.Origin)
	if !ok {
		return e
	}
	if o.Bought == nil {
		e.Source, e.Document = projections.SourceName(o.Source), o.Number
		return e
	}
	var sources []string
	for _, part := range o.Bought {
		if from, ok := d.books.State.Origin(part.Origin); ok {
			if name := projections.SourceName(from.Source); !slices.Contains(sources, name) {
				sources = append(sources, name)
			}
		}
	}
	e.Source = strings.Join(sources, "、") + "（采购）"
	return e
}
