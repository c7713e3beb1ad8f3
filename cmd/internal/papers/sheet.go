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

// numbers are those of the events of a batch that it has had.
func (d *Papers) numbers(ids ...domain.ID) []uint64 {
	var list []uint64
	for _, id := range ids {
		if e, ok := d.b.Event(id); ok {
			list = append(list, e.Number)
		}
	}
	return list
}

// rejected refuses a batch that was turned down: nothing may be signed for.
func rejected(b *domain.Batch) error {
	if b.State().Stage != domain.StageRejected {
		return nil
	}
	return office.Input(fmt.Sprint(b.No), "该批次已退回", "the batch was rejected")
}

// Sheet fills the sign-off sheet of a batch.
func (d *Papers) Sheet(ctx context.Context, w office.BatchNamed) (Paper, error) {
	a, b, err := office.FindBatch(d.b.State, w)
	if err != nil {
		return nil, err
	}
	if err := rejected(b); err != nil {
		return nil, err
	}
	lines := a.LinesOf(b)
	people, err := d.payees(ctx, a.Unit, lines...)
	if err != nil {
		return nil, err
	}
	s := &paper.Sheet{Head: d.head("签领表", d.b.UnitName(a.Unit), b.PreparedOn, d.numbers(b.Prepared)...), Facts: append(d.facts(a), d.noticeFacts(lines)...)}
	s.Facts = append(s.Facts, paper.Fact{Name: "批次", Text: fmt.Sprint(b.No)}, paper.Fact{Name: "形式", Text: b.Form.Say(domain.Zh)},
		paper.Fact{Name: "制单", Text: d.by(b.Prepared)})
	if b.Approved != (domain.ID{}) {
		s.Facts = append(s.Facts, paper.Fact{Name: "复核", Text: d.by(b.Approved)})
	}
	for i, r := range b.Rows {
		who := people.of(lines[i])
		notes := []string{who.note}
		if int(lines[i].NoticeLine) != i+1 {
			notes = append(notes, fmt.Sprintf("名单第%d行", lines[i].NoticeLine))
		}
		if r.Again() != (domain.ID{}) {
			notes = append(notes, "更正发放"+d.cite(r.Again()))
		}
		row := paper.Payee{No: i + 1, Name: who.name, Number: who.number, Fen: r.Fen, Goods: goodsOf(r.Items())}
		if r.State == domain.RowRejected { // nobody signs for it, and the total is of what was handed out
			notes = append(notes, "未发放 "+SayGive([]domain.Entitlement{{Form: b.Form, Fen: r.Fen, Items: r.Items()}}, domain.Zh))
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

// Receipt fills the receipt of one payment, by the number of its event.
func (d *Papers) Receipt(ctx context.Context, which string) (Paper, error) {
	e, err := d.payment(which)
	if err != nil {
		return nil, err
	}
	if e.Reversed != nil {
		return nil, office.Input(which, "该笔发放已被冲销%s", "that payment was reversed %s", office.Cite(*e.Reversed))
	}
	a, line, _ := d.paid(e)
	people, err := d.payees(ctx, a.Unit, line)
	if err != nil {
		return nil, err
	}
	who := people.of(line)
	r := &paper.Receipt{Head: d.head("签收凭证", d.b.UnitName(a.Unit), e.Happened, e.Number), Payee: who.name, Number: who.number,
		For: fmt.Sprintf("%s　%s%s第 %d 行", e.Programme, e.Notice, office.Cite(e.NoticeNumber), e.Line), Form: e.Form.Say(domain.Zh), Fen: e.Amount, Goods: goodsOf(e.Items)}
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

func (d *Papers) payment(which string) (projections.Entry, error) {
	n, err := office.Number(which)
	if err != nil {
		return projections.Entry{}, err
	}
	e, ok := d.b.Payment(n)
	if !ok {
		return e, office.Input(which, "该序号不是一笔发放", "that number is no payment")
	}
	return e, nil
}

// paid is the payment that an entry of the books is about, from which allocation it
// was made, and the line that it paid.
func (d *Papers) paid(e projections.Entry) (*domain.Allocation, *domain.AdmittedLine, *domain.Payment) {
	a, p, _ := d.b.State.PaymentAt(e.Number) // the books have an entry of payments only
	return a, a.LineOf(p), p
}
