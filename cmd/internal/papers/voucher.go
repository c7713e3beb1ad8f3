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

// Voucher fills the voucher of a payment, by the number of its event, or of a batch.
func (d *Papers) Voucher(ctx context.Context, w office.BatchNamed) (Paper, error) {
	if w.Event != "" && w.Allocation == "" {
		n, err := office.Number(w.Event)
		if err != nil {
			return nil, err
		}
		if e, ok := d.b.Payment(n); ok {
			return d.paymentVoucher(ctx, e)
		}
	}
	a, b, err := office.FindBatch(d.b.State, w)
	if err != nil {
		return nil, err
	}
	if err := rejected(b); err != nil {
		return nil, err
	}
	return d.batchVoucher(a, b)
}

func (d *Papers) paymentVoucher(ctx context.Context, e projections.Entry) (Paper, error) {
	a, line, payment := d.paid(e)
	people, err := d.payees(ctx, a.Unit, line)
	if err != nil {
		return nil, err
	}
	who := people.of(line)
	v := &paper.Voucher{Head: d.head("付款凭证", d.b.UnitName(a.Unit), e.Happened, e.Number), Goods: goodsOf(e.Items), Paid: sayBy(e.Paid), Prepared: sayBy(e.Prepared), Approved: sayBy(e.Approved)}
	v.Entries = d.entries(a, e.Form, a.Draws(payment))
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
	return fmt.Sprintf("%s%s%s %s", by.Post, office.Cite(by.Number), proof, by.On)
}

// batchVoucher is about what a batch is to pay, and once its result is known
// about what it paid.
func (d *Papers) batchVoucher(a *domain.Allocation, b *domain.Batch) (Paper, error) {
	on := b.PreparedOn
	for _, id := range []domain.ID{b.Approved, b.Result} {
		if e, ok := d.b.Event(id); ok {
			on = e.Happened.Last
		}
	}
	v := &paper.Voucher{Head: d.head("付款凭证", d.b.UnitName(a.Unit), on, d.numbers(b.Prepared, b.Approved, b.Result)...),
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
		return nil, office.Input(fmt.Sprint(b.No), "该批次没有发出任何一笔", "nothing of the batch was paid")
	}
	for item, q := range paid {
		v.Goods = append(v.Goods, paper.Goods{Item: item, Quantity: q})
	}
	slices.SortFunc(v.Goods, func(a, b paper.Goods) int { return strings.Compare(a.Item, b.Item) })
	v.Entries = d.entries(a, b.Form, draws)
	v.Facts = append(d.facts(a), d.noticeFacts(a.LinesOf(b))...)
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
		if e, ok := d.b.Payment(p.Number); ok {
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
			kept = note(kept, strings.TrimSpace(r.Kind+" "+r.HeldBy)+office.Cite(r.Number))
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
			cited = append(cited, office.Cite(n))
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
func (d *Papers) entries(a *domain.Allocation, form domain.Form, draws []domain.Draw) []paper.Entry {
	var list []paper.Entry
	for _, drawn := range a.DrawnFrom(draws) {
		list = append(list, d.entry(drawn, form))
	}
	return list
}

func (d *Papers) entry(drawn domain.Drawn, form domain.Form) paper.Entry {
	e := paper.Entry{Text: form.Say(domain.Zh) + "发放", Number: d.cite(drawn.Origin), Fen: drawn.Fen()}
	if drawn.Item != domain.Money {
		e.Text = "发放" + drawn.Item
		if !drawn.Valued {
			e.Text += "（未计价）"
		}
	}
	o, ok := d.b.State.Origin(drawn.Origin)
	if !ok {
		return e
	}
	if o.Bought == nil {
		e.Source, e.Document = projections.SourceName(o.Source), o.Number
		return e
	}
	var sources []string
	for _, from := range d.b.State.ReceiptsOf(drawn.Origin) {
		if name := projections.SourceName(from.Source); !slices.Contains(sources, name) {
			sources = append(sources, name)
		}
	}
	e.Source = strings.Join(sources, "、") + "（采购）"
	return e
}
