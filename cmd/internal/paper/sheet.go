package paper

import (
	"fmt"
	"io"
	"strings"
)

// Sheet is a sign-off sheet (签领表): who receives what, with room to sign.
type Sheet struct {
	Head
	Facts []Fact // fund, programme, batch, who prepared and approved
	Rows  []Payee
}

// Payee is a row of a sheet. A name that may not stand there is empty, and so
// is an identity number; the latter is given masked.
type Payee struct {
	No     int
	Name   string
	Number string
	Fen    Fen
	Goods  []Goods
	Note   string
	// NotPaid says that the payee was not reached, and signs for nothing; the totals
	// are without such rows.
	NotPaid bool
}

const sheetRow = 27.0 // the least height of a row: room for a signature

// Write draws the sheet on A4 and returns how many pages it has.
func (s *Sheet) Write(w io.Writer) (pages int, err error) {
	return write(w, &s.Head, A4, func(p *press) error {
		goods := false
		t := table{
			first: []element{
				words{s.Title, titleSize, alignCenter, 0},
				words{"单位：" + s.Unit + "　　" + s.On.Chinese(), textSize, alignLeft, 8},
				facts(s.Facts),
				words{"", 3, alignLeft, 0},
			},
			again: []element{words{s.Title + "（续）　" + s.Unit, cellSize, alignLeft, 0}, words{"", 2, alignLeft, 0}},
			count: "行", none: "（无）", least: sheetRow,
			foot: []element{signatures{"制表人", "审核人", "发放人", "日期"}},
		}
		for i, r := range s.Rows {
			give := ""
			switch {
			case r.NotPaid:
				give = "——"
			case r.Fen > 0:
				give = r.Fen.String()
			case len(r.Goods) > 0:
				give, goods = strings.ReplaceAll(sayGoods(r.Goods), "；", "\n"), true
			default:
				return fmt.Errorf("row %d: neither money nor goods", i+1)
			}
			t.items = append(t.items, item{[]string{fmt.Sprint(r.No), r.Name, r.Number, give, "", "", r.Note}, r.Fen, r.Goods, r.NotPaid})
		}
		t.columns = []column{{"序号", 32, alignCenter}, {"姓名", 78, alignCenter}, {"身份证号", 110, alignCenter}, {"金额（元）", 80, alignRight},
			{"签名", 84, alignCenter}, {"日期", 52, alignCenter}, {"备注", textWidth - 436, alignLeft}}
		if goods { // their names need room, which the signature lends
			t.columns[3] = column{"金额（元）/物资", 116, alignRight}
			t.columns[1].width, t.columns[4].width, t.columns[6].width = 70, 70, textWidth-450
		}
		t.amount = 3
		return t.draw(p)
	})
}
