// Package paper draws the papers of a relief office as PDF: the sign-off sheet
// (签领表), the public notice (公示), the receipt (签收凭证) and the payment
// voucher (付款凭证). They are plain structs; what fills them decides whose
// names may stand in them.
//
//	sheet := paper.Sheet{
//		Head: paper.Head{Title: "签领表", Unit: "某县民政局", Ledger: "某县救助账簿", On: domain.Date(2026, 1, 13)},
//		Rows: []paper.Payee{{No: 1, Name: "张三", Number: "110***********002X", Fen: 260_00}},
//	}
//	pages, err := sheet.Write(w)
//
// Rows stand whole on one page. Every page repeats the head of the table and
// has its own total (本页小计), the last one the grand total in figures and in
// words (大写); pages say 第 n 页 共 m 页. The same paper is written as the same
// bytes: nothing in the file comes from a clock or from chance.
//
// The font is Noto Sans SC, cut in two (fonts). A name with a character that
// neither half has is never printed as a blank: its code point stands in a box,
// and a note at the foot of the page asks to write it by hand.
package paper

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"reliefledger.org/ledger/domain"
)

// Head is what every paper says of itself.
type Head struct {
	Title  string
	Unit   string     // whose paper it is
	Ledger string     // the ledger's name, at the foot of each page
	Number string     // 〔n〕 of the event that it is about, or several
	On     domain.Day // its date, and the file's
	Demo   bool       // of a ledger with a simulated clock: no evidence, and says so
}

// Fact is a name with what there is to say: 资金：冬春救助专款.
type Fact struct{ Name, Text string }

// Goods is a quantity of an item; the item says its unit.
type Goods struct {
	Item     string
	Quantity domain.Quantity
}

// Totals are sums over rows.
type Totals struct {
	Rows  int
	Fen   domain.Fen
	Goods []Goods // sorted by item
}

// maxRows bounds a list; the largest known has 2,731.
const maxRows = 50_000

// add counts a row in.
func (t *Totals) add(fen domain.Fen, goods []Goods) error {
	if t.Rows++; t.Rows > maxRows {
		return fmt.Errorf("more than %d rows", maxRows)
	}
	sum, ok := domain.AddFen(t.Fen, fen)
	if !ok || fen < 0 {
		return fmt.Errorf("row %d: amount %s", t.Rows, fen)
	}
	t.Fen = sum
	for _, g := range goods {
		i, found := slices.BinarySearchFunc(t.Goods, g.Item, func(x Goods, item string) int {
			switch {
			case x.Item < item:
				return -1
			case x.Item > item:
				return 1
			}
			return 0
		})
		if !found {
			t.Goods = slices.Insert(t.Goods, i, Goods{Item: g.Item})
		}
		if g.Quantity < 0 || t.Goods[i].Quantity+g.Quantity < 0 {
			return fmt.Errorf("row %d: quantity of %s", t.Rows, g.Item)
		}
		t.Goods[i].Quantity += g.Quantity
	}
	return nil
}

func (t *Totals) equal(u *Totals) bool {
	return t.Rows == u.Rows && t.Fen == u.Fen && slices.Equal(t.Goods, u.Goods)
}

// check refuses a head that says too little to be a paper.
func (h *Head) check() error {
	switch {
	case h.Title == "":
		return errors.New("the paper has no title")
	case h.Unit == "":
		return errors.New("the paper has no unit")
	case h.On == 0:
		return errors.New("the paper has no date")
	}
	return nil
}

// write draws a paper and writes it whole, or nothing.
func write(w io.Writer, h *Head, size Size, draw func(*press) error) (pages int, err error) {
	if err := h.check(); err != nil {
		return 0, err
	}
	p, err := newPress(h, size)
	if err != nil {
		return 0, err
	}
	if err := draw(p); err != nil {
		return 0, err
	}
	text, err := p.bytes()
	if err != nil {
		return 0, err
	}
	_, err = w.Write(text)
	return p.page, err
}
