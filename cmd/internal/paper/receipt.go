package paper

import (
	"errors"
	"io"
	"slices"

	"reliefledger.org/ledger/domain"
)

// Fen is the ledger's amount of money.
type Fen = domain.Fen

// Receipt is what a payee signs for one payment (签收凭证), in two copies.
type Receipt struct {
	Head
	Payee  string // empty where it may not stand there: it is written by hand
	Number string // masked
	For    string // what it is paid for
	Form   string
	Fen    Fen
	Goods  []Goods
	Facts  []Fact
}

// Write draws the receipt on A4 and returns how many pages it has.
func (r *Receipt) Write(w io.Writer) (pages int, err error) {
	return write(w, &r.Head, A4, func(p *press) error {
		if r.Fen <= 0 && len(r.Goods) == 0 {
			return errors.New("a receipt for nothing")
		}
		said := []Fact{{"收款人", r.Payee}, {"身份证号", r.Number}, {"事由", r.For}, {"发放形式", r.Form}}
		if r.Fen > 0 {
			said = append(said, Fact{"金额", "￥" + r.Fen.String()}, Fact{"金额大写", r.Fen.Words()})
		}
		if len(r.Goods) > 0 {
			said = append(said, Fact{"物资", sayGoods(r.Goods)})
		}
		said = append(said, r.Facts...)
		copyOf := func(name string) []element {
			list := []element{
				words{r.Title, titleSize, alignCenter, 0},
				words{name, cellSize, alignRight, -14},
				words{"单位：" + r.Unit + "　　" + r.On.Chinese() + "　　" + r.Head.Number, cellSize, alignLeft, 6},
				words{"", 3, alignLeft, 0},
			}
			list = append(list, factRows(said, 20)...)
			return append(list, words{"　　今收到上列款物，特此签收。", textSize, alignLeft, 6},
				signatures{"收款人签名（按手印）", "日期"}, signatures{"代领人签名及关系", "经手人"})
		}
		first, second := copyOf("第一联　单位存根"), copyOf("第二联　收款人")
		h, err := p.heightOf(first)
		if err != nil {
			return err
		}
		const middle = pageHeight / 2
		room := pageHeight - top - bottom
		switch {
		case h > room:
			return errTooTall
		case h <= middle-bottom: // each has half a page
			p.pages = 1
			if err := p.newPage(); err != nil {
				return err
			}
			cut := rule{middle - top - h}
			_, err = p.stack(top, slices.Concat(first, []element{cut}, second))
			return err
		}
		p.pages = 2
		for _, list := range [][]element{first, second} {
			if err := p.newPage(); err != nil {
				return err
			}
			if _, err := p.stack(top, list); err != nil {
				return err
			}
		}
		return nil
	})
}
