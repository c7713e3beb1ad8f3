package projections

import (
	"iter"
	"slices"

	"reliefledger.org/ledger/domain"
)

// Entry is the fund-use report's entry for one payment: from source to hand,
// with its evidence and what is missing. Every payment has one, because entries
// are made of payments.
type Entry struct {
	Number       uint64           `json:"number"` // of the payment's event
	Payment      domain.ID        `json:"payment"`
	Allocation   domain.ID        `json:"allocation"`
	Sources      []SourceShare    `json:"sources"`
	Fund         string           `json:"fund"`
	Path         []Step           `json:"path"` // each allocation on the way, from the fund down
	Purchases    []Bought         `json:"purchases,omitempty"`
	Programme    string           `json:"programme"`
	Revision     int              `json:"revision"`
	Campaign     domain.ID        `json:"campaign,omitzero"`
	Notice       string           `json:"notice"`
	NoticeID     domain.ID        `json:"notice_id"`
	NoticeNumber uint64           `json:"notice_number"`
	Line         int              `json:"line"` // in the notice
	People       domain.Headcount `json:"people,omitzero"`
	Phases       []Phase          `json:"phases,omitempty"`
	Objections   []Answer         `json:"objections,omitempty"`
	Prepared     *By              `json:"prepared,omitempty"`
	Approved     *By              `json:"approved,omitempty"`
	Paid         *By              `json:"paid"`
	Batch        int              `json:"batch,omitempty"`
	Row          int              `json:"row,omitempty"`
	Form         domain.Form      `json:"form"`
	Amount       domain.Fen       `json:"fen,omitempty"`
	Items        []domain.GoodsOf `json:"items,omitempty"`
	Cost         domain.Fen       `json:"cost_fen,omitempty"` // of goods
	Voucher      string           `json:"voucher,omitempty"`
	Again        *uint64          `json:"pays_again,omitempty"` // the reject or return that it names
	Happened     domain.Day       `json:"happened"`
	Booked       domain.Day       `json:"booked"`
	Receipts     []Receipt        `json:"receipts,omitempty"`
	Returns      []Return         `json:"returns,omitempty"`
	Reversed     *uint64          `json:"reversed,omitempty"`
	Net          domain.Fen       `json:"net_fen"`
	Irregular    []string         `json:"irregular,omitempty"`
	Missing      []Gap            `json:"missing,omitempty"`

	payee domain.ID
}

// SourceShare is how much of a payment came from a receipt of funds.
type SourceShare struct {
	Source   string     `json:"source"`
	Document string     `json:"document,omitempty"`
	Fen      domain.Fen `json:"fen,omitempty"`
	Number   uint64     `json:"number"`
}

// Step is an allocation on a payment's way.
type Step struct {
	Name    string    `json:"name"`
	ID      domain.ID `json:"id"`
	Purpose string    `json:"purpose"`
	Number  uint64    `json:"number"`
}

// Bought is a purchase of goods that were given out.
type Bought struct {
	Item   string     `json:"item"`
	Cost   domain.Fen `json:"cost_fen"`
	Number uint64     `json:"number"`
}

// By is who did a step: signed with his key, or asserted by another.
type By struct {
	Officer domain.ID  `json:"officer"`
	Post    string     `json:"post,omitempty"`
	Signed  bool       `json:"signed"`
	On      domain.Day `json:"on"`
	Number  uint64     `json:"number"`
}

// Answer is an objection that concerned the payment's line or whole notice.
type Answer struct {
	Raised  domain.Day     `json:"raised"`
	Outcome domain.Outcome `json:"outcome,omitempty"`
	Number  uint64         `json:"number"`
}

// Receipt is evidence of a payment.
type Receipt struct {
	Kind   string `json:"kind"`
	HeldBy string `json:"held_by,omitempty"`
	Here   bool   `json:"here"` // the document itself is known to the ledger
	Number uint64 `json:"number"`
}

// Return is what came back.
type Return struct {
	Fen    domain.Fen       `json:"fen,omitempty"`
	Items  []domain.GoodsOf `json:"items,omitempty"`
	On     domain.Day       `json:"on"`
	Number uint64           `json:"number"`
}

// Gap is a piece of evidence that is missing; its name is stable.
type Gap string

// What can be missing from an entry.
const (
	NoReceipt       Gap = "no-receipt"
	ReceiptElse     Gap = "receipt-elsewhere"
	NoDocument      Gap = "no-document-number"
	NoPublication   Gap = "not-publicised"
	NoReview        Gap = "no-review"
	NoApproval      Gap = "no-approval"
	NotSigned       Gap = "not-signed"
	NotIdentified   Gap = "not-identified"
	PapersMissing   Gap = "papers-missing"
	NoBatchOfOthers Gap = "no-batch"
	OpenObjection   Gap = "open-objection"
)

var gapNames = map[Gap]string{
	NoReceipt: "无签收凭证", ReceiptElse: "凭证存放他处", NoDocument: "来源无文号", NoPublication: "未公示", NoReview: "未审核",
	NoApproval: "未复核", NotSigned: "无电子签名（据称）", NotIdentified: "对象身份未明", PapersMissing: "手续未补齐", NoBatchOfOthers: "未经批次制单",
	OpenObjection: "异议未处理",
}

// Say returns what is missing in a language.
func (g Gap) Say(l domain.Lang) string {
	if l == domain.Zh {
		return gapNames[g]
	}
	return string(g)
}

// fundUse is the fund-use report's part of the books: the numbers of the events
// that are payments, in their order, so that a reader who wants the first of them
// pays for those alone.
type fundUse struct {
	payments []uint64
}

// Apply folds an event that the state has just folded.
func (f *fundUse) Apply(d Decoded) {
	if _, ok := d.Event.(*domain.DisbursementMade); ok {
		f.payments = append(f.payments, d.Number)
	}
}

// FundUse gives the entries of all payments within the books' date, in the
// order in which they were recorded.
func (b *Books) FundUse() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for _, number := range b.fundUse.payments {
			if !b.within(b.State.DateAt(number)) {
				continue
			}
			if e, ok := b.Payment(number); ok && !yield(e) {
				return
			}
		}
	}
}

// Payment returns the entry of one payment by the number of its event.
func (b *Books) Payment(number uint64) (Entry, bool) {
	a, p, ok := b.State.PaymentAt(number)
	if !ok || number >= uint64(b.Len()) {
		return Entry{}, false
	}
	return b.entry(a, p), true
}

func (b *Books) entry(a *domain.Allocation, p *domain.Payment) Entry {
	s := b.State
	line := a.LineOf(p)
	n := s.Notices[line.Notice]
	made := b.At(p.Number)
	e := Entry{Number: p.Number, Payment: made.ID, Allocation: a.ID, Campaign: made.Campaign, Revision: a.Revision, Line: int(line.NoticeLine), People: line.Line.People(),
		Notice: n.Heading.Title, NoticeID: n.ID, NoticeNumber: b.began(n.Stream), Batch: int(p.Batch), Row: int(p.Row), Form: p.Form, Amount: p.Fen,
		Items: p.Items(), Voucher: p.Voucher(), Happened: p.On, Booked: p.Booked, Net: p.Fen, payee: line.Payee()}
	if f := s.FundOf(a); f != nil {
		e.Fund = f.Name
	}
	if pr := s.Programmes[a.Programme]; pr != nil {
		e.Programme = pr.Name
	}
	for up := a; up != nil; {
		e.Path = append(e.Path, Step{b.AllocationName(up), up.ID, up.Purpose, b.began(up.Stream)})
		_, id, _ := domain.SplitStream(up.From)
		up = s.Allocations[id]
	}
	slices.Reverse(e.Path)
	b.traceSources(&e, a, p)
	for _, pub := range n.Publications {
		number, _ := b.number(pub.Event)
		e.Phases = append(e.Phases, Phase{pub.Timing, pub.Period.First, pub.Period.Last, pub.Mode, pub.Places, number})
	}
	for _, o := range n.Objections {
		if len(o.Lines) == 0 || slices.Contains(o.Lines, int(line.NoticeLine)) {
			number, _ := b.number(o.Event)
			e.Objections = append(e.Objections, Answer{o.Raised, o.Outcome, number})
		}
	}
	b.traceActs(&e, a, p, &made)
	b.traceAfter(&e, p)
	e.Missing = b.missing(&e, a, line, n)
	return e
}

// traceSources follows the payment's draws to the receipts behind them.
func (b *Books) traceSources(e *Entry, a *domain.Allocation, p *domain.Payment) {
	shares := map[domain.ID]domain.Fen{}
	var order []domain.ID
	add := func(origin domain.ID, fen domain.Fen) {
		if _, seen := shares[origin]; !seen {
			order = append(order, origin)
		}
		shares[origin] += fen
	}
	for _, d := range a.Draws(p) {
		lot, _ := a.Lot(d.Lot)
		o, ok := b.State.Origin(lot.Origin)
		switch {
		case !ok:
		case o.Bought == nil:
			fen := domain.Fen(d.Quantity)
			if lot.Item != domain.Money {
				fen = d.Cost
				e.Cost += d.Cost
			}
			add(o.Event, fen)
		default:
			e.Cost += d.Cost
			number, _ := b.number(o.Event)
			e.Purchases = append(e.Purchases, Bought{lot.Item, d.Cost, number})
			var whole, before domain.Fen
			for _, part := range o.Bought {
				whole += part.Fen
			}
			for _, part := range o.Bought {
				if whole == 0 {
					break
				}
				to := before + part.Fen
				add(part.Origin, domain.Share(d.Cost, int64(to), int64(whole))-domain.Share(d.Cost, int64(before), int64(whole)))
				before = to
			}
		}
	}
	for _, id := range order {
		o, ok := b.State.Origin(id)
		if !ok {
			continue
		}
		number, _ := b.number(id)
		e.Sources = append(e.Sources, SourceShare{SourceName(o.Source), o.Number, shares[id], number})
	}
}

// traceActs says who prepared, approved and paid.
func (b *Books) traceActs(e *Entry, a *domain.Allocation, p *domain.Payment, made *Event) {
	var paid *Event
	if p.Batch > 0 {
		batch := a.Batches[p.Batch-1]
		e.Prepared, e.Approved = b.by(batch.Prepared), b.by(batch.Approved)
		paid, _ = b.Event(batch.Result)
	}
	if paid == nil || made.Actor != (domain.ID{}) {
		paid = made
	}
	e.Paid = b.by(paid.ID)
	for _, ev := range []*Event{made, paid} {
		e.irregular(ev)
	}
	if p.Batch > 0 {
		batch := a.Batches[p.Batch-1]
		for _, id := range []domain.ID{batch.Prepared, batch.Approved} {
			if ev, ok := b.Event(id); ok {
				for _, i := range ev.Irregular {
					if len(i.Rows) == 0 || slices.Contains(i.Rows, int(p.Row)) {
						e.mark(i.Code)
					}
				}
			}
		}
	}
}

func (e *Entry) irregular(ev *Event) {
	for _, i := range ev.Irregular {
		if len(i.Rows) == 0 || e.Row == 0 || slices.Contains(i.Rows, e.Row) {
			e.mark(i.Code)
		}
	}
}

func (e *Entry) mark(code string) {
	if !slices.Contains(e.Irregular, code) {
		e.Irregular = append(e.Irregular, code)
	}
}

func (b *Books) by(id domain.ID) *By {
	ev, ok := b.Event(id)
	if !ok {
		return nil
	}
	by := &By{Officer: ev.Actor, Signed: ev.Signed, On: ev.Happened.Last, Number: ev.Number}
	if ev.DoneBy != (domain.ID{}) {
		by.Officer, by.Signed = ev.DoneBy, false
	}
	if o := b.State.Officers[by.Officer]; o != nil {
		by.Post = o.Post
	}
	return by
}

// traceAfter lists receipts, returns and a reversal.
func (b *Books) traceAfter(e *Entry, p *domain.Payment) {
	for _, number := range p.Receipts() {
		if !b.within(b.State.DateAt(number)) {
			continue
		}
		if r, ok := b.typed[number].(*domain.ReceiptRecorded); ok {
			e.Receipts = append(e.Receipts, Receipt{r.Kind, r.HeldBy, len(r.Document) > 0, number})
		}
	}
	for _, back := range p.Back() {
		number, counts := b.counted(back.Event)
		if !counts {
			continue
		}
		e.Net -= back.Fen
		e.Returns = append(e.Returns, Return{back.Fen, back.Items, back.On, number})
	}
	if n, ok := b.counted(p.Reversed()); ok {
		e.Reversed, e.Net = &n, 0
	}
	if n, ok := b.number(p.Again()); ok {
		e.Again = &n
	}
}

// counted is the number of an event that counts on the books' date.
func (b *Books) counted(id domain.ID) (uint64, bool) {
	n, ok := b.number(id)
	return n, ok && b.within(b.State.DateAt(n))
}

// missing lists the evidence that an auditor would look for and not find.
func (b *Books) missing(e *Entry, a *domain.Allocation, line *domain.AdmittedLine, n *domain.Notice) []Gap {
	var gaps []Gap
	note := func(missing bool, g Gap) {
		if missing {
			gaps = append(gaps, g)
		}
	}
	note(len(e.Receipts) == 0, NoReceipt)
	note(len(e.Receipts) > 0 && !slices.ContainsFunc(e.Receipts, func(r Receipt) bool { return r.Here }), ReceiptElse)
	note(slices.ContainsFunc(e.Sources, func(s SourceShare) bool { return s.Document == "" }), NoDocument)
	rules := b.Rules(a)
	if rules != nil {
		for _, phase := range rules.Notice {
			if phase.Timing != domain.NoNotice && !slices.ContainsFunc(e.Phases, func(p Phase) bool { return p.Timing == phase.Timing }) {
				note(!slices.Contains(gaps, NoPublication), NoPublication)
			}
		}
		if p := b.State.Parties[line.Beneficiary()]; p != nil && rules.PapersWithin > 0 {
			note(p.Papers == 0, PapersMissing)
		}
	}
	note(n.Reviewed == domain.ID{}, NoReview)
	note(n.Open() > 0, OpenObjection)
	note(e.Batch == 0, NoBatchOfOthers)
	note(e.Approved == nil, NoApproval)
	note(e.Paid == nil || !e.Paid.Signed, NotSigned)
	if p := b.State.Parties[line.Beneficiary()]; p != nil {
		note(p.Type == domain.Unidentified, NotIdentified)
	}
	return gaps
}

// Rules returns the terms by which an allocation is judged.
func (b *Books) Rules(a *domain.Allocation) *domain.Revision { return b.State.RulesOf(a) }

// Irregular is one irregular record: a finding for ever.
type Irregular struct {
	Number   uint64     `json:"number"`
	Type     string     `json:"type"`
	Stream   string     `json:"stream"`
	Rule     int        `json:"rule"`
	Code     string     `json:"code"`
	Rows     []int      `json:"rows,omitempty"`
	Reason   bool       `json:"reason"`   // given, sealed
	Evidence int        `json:"evidence"` // papers named
	Actor    domain.ID  `json:"actor"`
	DoneBy   domain.ID  `json:"done_by,omitzero"`
	Second   domain.ID  `json:"second"`
	Happened domain.Day `json:"happened"`
	Booked   domain.Day `json:"booked"`
	// FollowedBy counts what processes posted because of it.
	FollowedBy int `json:"followed_by,omitempty"`
}

// Irregular lists all irregular records in the order in which they were made.
func (b *Books) Irregular() []Irregular {
	var list []Irregular
	at := map[domain.ID][]int{}
	for e := range b.Events() {
		for _, k := range at[e.Cause] {
			list[k].FollowedBy++
		}
		if !b.within(e.Date) {
			continue
		}
		for k, irr := range e.Irregular {
			x := Irregular{Number: e.Number, Type: e.Type, Stream: e.Stream, Code: irr.Code, Rows: irr.Rows, Actor: e.Actor,
				DoneBy: e.DoneBy, Second: irr.Second, Happened: e.Happened.Last, Booked: e.Date}
			if c, ok := domain.CodeNamed(irr.Code); ok {
				x.Rule = c.Rule
			}
			if reasons := b.stories.reasons[e.Number]; k < len(reasons) {
				x.Reason, x.Evidence = !reasons[k].Text.IsZero(), len(reasons[k].Evidence)
			}
			list = append(list, x)
			if e.Cause == (domain.ID{}) {
				at[e.ID] = append(at[e.ID], len(list)-1)
			}
		}
	}
	return list
}
