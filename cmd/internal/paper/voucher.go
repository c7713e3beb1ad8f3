package paper

import (
	"errors"
	"fmt"
	"io"
)

// Voucher is the voucher of a payment or a batch (付款凭证): which sources it
// took, through which hands it went.
type Voucher struct {
	Head
	Entries  []Entry
	Goods    []Goods
	Facts    []Fact
	Prepared string // by whom, as the ledger has it
	Approved string
	Paid     string
}

// Entry is what a voucher takes from one source.
type Entry struct {
	Text     string
	Source   string
	Document string
	Number   string // 〔n〕 of the receipt of funds
	Fen      Fen
}

const voucherRow = 21.0

// Write draws the voucher on A4 and returns how many pages it has.
func (v *Voucher) Write(w io.Writer) (pages int, err error) {
	return write(w, &v.Head, A4, func(p *press) error {
		if len(v.Entries) == 0 {
			return errors.New("a voucher without entries")
		}
		t := table{
			first: []element{
				words{v.Title, titleSize, alignCenter, 0},
				words{"单位：" + v.Unit + "　　" + v.On.Chinese() + "　　凭证号：" + v.Head.Number, textSize, alignLeft, 8},
				words{"", 3, alignLeft, 0},
			},
			again: []element{words{v.Title + "（续）　" + v.Head.Number, cellSize, alignLeft, 0}, words{"", 2, alignLeft, 0}},
			columns: []column{{"摘要", 150, alignLeft}, {"资金来源", 120, alignLeft}, {"文号", 105, alignLeft}, {"事件", 48, alignCenter},
				{"金额（元）", textWidth - 423, alignRight}},
			amount: 4, count: "项", least: voucherRow,
		}
		for _, e := range v.Entries {
			t.items = append(t.items, item{cells: []string{e.Text, e.Source, e.Document, e.Number, e.Fen.String()}, fen: e.Fen})
		}
		said := v.Facts
		if len(v.Goods) > 0 {
			said = append([]Fact{{"物资", sayGoods(v.Goods)}}, said...)
		}
		t.last = append([]element{words{"", 4, alignLeft, 0}}, factRows(said, voucherRow)...)
		third := textWidth / 3
		by := row{least: 46, size: cellSize}
		for _, x := range [][2]string{{"制单", v.Prepared}, {"复核", v.Approved}, {"发放", v.Paid}} {
			by.cells = append(by.cells, cell{fmt.Sprintf("%s：%s\n \n签章：", x[0], x[1]), third, alignLeft})
		}
		t.last = append(t.last, words{"", 4, alignLeft, 0}, by, words{"附单据　　　张　　　　会计主管：", cellSize, alignLeft, 8})
		return t.draw(p)
	})
}
