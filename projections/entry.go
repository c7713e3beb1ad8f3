package projections

import (
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

	line *domain.Line
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

// By is who did a step: signed with the own key, or asserted by another.
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

func (f *fundUse) entry(a *domain.Allocation, p *domain.Payment) Entry {
	s := f.state
	line := a.LineOf(p)
	n := s.Notices[line.Notice]
	made := f.At(p.Number)
	e := Entry{Number: p.Number, Payment: made.ID, Allocation: a.ID, Campaign: made.Campaign, Revision: a.Revision, Line: int(line.NoticeLine), People: line.Line.People(),
		Notice: n.Heading.Title, NoticeID: n.ID, NoticeNumber: f.began(n.Stream), Batch: int(p.Batch), Row: int(p.Row), Form: p.Form, Amount: p.Fen,
		Items: p.Items(), Voucher: p.Voucher(), Happened: p.On, Booked: p.Booked, Net: p.Fen, line: line.Line}
	if fund := s.FundOf(a); fund != nil {
		e.Fund = fund.Name
	}
	if pr := s.Programmes[a.Programme]; pr != nil {
		e.Programme = pr.Name
	}
	for _, up := range s.PathTo(a) {
		e.Path = append(e.Path, Step{f.AllocationName(up), up.ID, up.Purpose, f.began(up.Stream)})
	}
	f.traceSources(&e, a, p)
	for _, pub := range n.Publications {
		e.Phases = append(e.Phases, f.phase(pub))
	}
	for _, o := range n.Objections {
		if len(o.Lines) == 0 || slices.Contains(o.Lines, int(line.NoticeLine)) {
			number, _ := f.number(o.Event)
			e.Objections = append(e.Objections, Answer{o.Raised, o.Outcome, number})
		}
	}
	f.traceActs(&e, a, p, &made)
	f.traceAfter(&e, p)
	e.Missing = f.missing(&e, a, line, n)
	return e
}

// traceSources follows the payment's draws to the receipts behind them.
func (f *fundUse) traceSources(e *Entry, a *domain.Allocation, p *domain.Payment) {
	draws := a.Draws(p)
	for _, d := range draws {
		lot, _ := a.Lot(d.Lot)
		o, ok := f.state.Origin(lot.Origin)
		if !ok {
			continue
		}
		if o.Bought != nil || lot.Item != domain.Money {
			e.Cost += d.Cost
		}
		if o.Bought != nil {
			number, _ := f.number(o.Event)
			e.Purchases = append(e.Purchases, Bought{lot.Item, d.Cost, number})
		}
	}
	for _, part := range f.state.ReceiptsBehind(a, draws) {
		if o, ok := f.state.Origin(part.Origin); ok {
			number, _ := f.number(part.Origin)
			e.Sources = append(e.Sources, SourceShare{SourceName(o.Source), o.Number, part.Fen, number})
		}
	}
}

// traceActs says who prepared, approved and paid.
func (f *fundUse) traceActs(e *Entry, a *domain.Allocation, p *domain.Payment, made *Event) {
	var paid *Event
	if p.Batch > 0 {
		batch := a.Batches[p.Batch-1]
		e.Prepared, e.Approved = f.by(batch.Prepared), f.by(batch.Approved)
		paid, _ = f.Event(batch.Result)
	}
	if paid == nil || made.Actor != (domain.ID{}) {
		paid = made
	}
	e.Paid = f.by(paid.ID)
	for _, ev := range []*Event{made, paid} {
		e.irregular(ev)
	}
	if p.Batch > 0 {
		batch := a.Batches[p.Batch-1]
		for _, id := range []domain.ID{batch.Prepared, batch.Approved} {
			if ev, ok := f.Event(id); ok {
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

func (f *fundUse) by(id domain.ID) *By {
	ev, ok := f.Event(id)
	if !ok {
		return nil
	}
	by := &By{Officer: ev.Actor, Signed: ev.Signed, On: ev.Happened.Last, Number: ev.Number}
	if ev.DoneBy != (domain.ID{}) {
		by.Officer, by.Signed = ev.DoneBy, false
	}
	if o := f.state.Officers[by.Officer]; o != nil {
		by.Post = o.Post
	}
	return by
}

// traceAfter lists receipts, returns and a reversal.
func (f *fundUse) traceAfter(e *Entry, p *domain.Payment) {
	for _, number := range p.Receipts() {
		if !f.within(f.state.DateAt(number)) {
			continue
		}
		if r, ok := f.receipts[number]; ok {
			e.Receipts = append(e.Receipts, r)
		}
	}
	for _, back := range p.Back() {
		number, counts := f.counted(back.Event)
		if !counts {
			continue
		}
		e.Net -= back.Fen
		e.Returns = append(e.Returns, Return{back.Fen, back.Items, back.On, number})
	}
	if n, ok := f.counted(p.Reversed()); ok {
		e.Reversed, e.Net = &n, 0
	}
	if n, ok := f.number(p.Again()); ok {
		e.Again = &n
	}
}
