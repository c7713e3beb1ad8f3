// Package papers fills what an office files from the books of a ledger: the sign-off
// sheet of a batch (签领表), a notice as one place shows it (公示), the receipt of a
// payment (签收凭证) and the voucher of a payment or a batch (付款凭证). Package paper
// draws them. They are in Chinese whatever the language of the program: they are
// filed.
//
//	p := papers.Of(books)
//	p = p.WithNames(asker)                       // else names are left to be written by hand
//	sheet, err := p.Sheet(ctx, office.BatchNamed{Event: "628"})
//	pages, err := sheet.Write(file)
//
// Names stand in them only where they are asked for, and no more openly than the
// gate allows (domain's gate.go): a notice obeys its place, a minor is never named.
package papers

import (
	"context"
	"fmt"
	"io"
	"strings"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/paper"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/projections"
)

// Paper is a filled paper; Write draws it as PDF.
type Paper interface {
	Write(io.Writer) (pages int, err error)
}

// Papers are filled from the books of one moment.
type Papers struct {
	b     *projections.Books
	asker *office.Asker // nil where no names are asked for
}

// Of fills papers from books.
func Of(b *projections.Books) *Papers { return &Papers{b: b} }

// WithNames has the names that the asker may see stand in the papers; nil has none.
func (d *Papers) WithNames(a *office.Asker) *Papers { return &Papers{d.b, a} }

// person is what of a payee may stand in an office's own paper.
type person struct{ name, number, note string }

// people are the payees of lines, by id.
type people struct {
	d     *Papers
	names map[domain.ID]office.NameShown
}

// payees opens who lines pay, all at once. Where names were not asked for, everybody
// stays unnamed.
func (d *Papers) payees(ctx context.Context, unit domain.ID, lines ...*domain.AdmittedLine) (people, error) {
	p := people{d: d}
	if d.asker == nil {
		return p, nil
	}
	var of []domain.ID
	for _, line := range lines {
		if line.Line.People() == (domain.Headcount{}) {
			of = append(of, line.Payee())
		}
	}
	var err error
	p.names, err = d.asker.NamesOnPaper(ctx, d.b, unit, of)
	return p, err
}

// of is who a line pays: the name whole, since the payee signs beside it, the
// identity number masked; and why there is none.
func (p people) of(line *domain.AdmittedLine) (out person) {
	party, shown := p.d.b.State.Parties[line.Payee()], p.names[line.Payee()]
	out.name, out.number = shown.Text(), shown.Number
	switch {
	case line.Line.People() != domain.Headcount{}:
		out.note = "集体" + sayPeople(line.Line.People())
	case party == nil:
	case party.Minor || shown.Minor:
		out.note = "未成年人"
	case party.Restricted || shown.Restricted:
		out.note = "不公开"
	case party.Type == domain.Unidentified:
		out.note = "身份未明"
	case line.Payee() != line.Beneficiary():
		out.note = "代领"
	}
	return out
}

// head is the head of a paper about a unit.
func (d *Papers) head(title, unit string, on domain.Day, numbers ...uint64) paper.Head {
	return paper.Head{Title: title, Unit: unit, On: on, Demo: d.b.State.Simulated(), Ledger: d.b.State.Opened.Name, Number: office.Cite(numbers...)}
}

// FindNotice finds a notice of books as it stands on a day, by its id, number, name
// or title.
func FindNotice(b *projections.Books, which string, on domain.Day) (projections.Notice, error) {
	id, err := office.Find(b.State, domain.NoticeKind, which)
	if err != nil {
		return projections.Notice{}, err
	}
	n, ok := b.Notice(id, on)
	if !ok {
		return n, &office.NotFound{Of: domain.NoticeKind, Which: which}
	}
	return n, nil
}

// SayGive says what a line is to receive.
func SayGive(give []domain.Entitlement, l domain.Lang) string {
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
