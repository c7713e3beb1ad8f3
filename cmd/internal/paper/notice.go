package paper

import (
	"errors"
	"fmt"
	"io"
)

// Notice is a public notice (公示) as one place shows it.
type Notice struct {
	Head       // Title is that of the list
	Basis      []string
	Programme  string
	Periods    []string
	Place      string
	Phone      string // for supervision
	HowTo      string // how to object
	Issuer     string
	Facts      []Fact // what else is to be said, such as objections
	Rows       []Listed
	Whole      Totals // of the list, also where it is down
	Down       string // why no rows are shown
	Size       Size
	CountsOnly bool // rows have no names, and no column for them
}

// Listed is a row of a notice.
type Listed struct {
	No     int
	Name   string // as open as the place allows
	Give   string // form and amount, or goods
	Fen    Fen
	Goods  []Goods
	Struck bool // no longer counted
	Note   string
}

const noticeRow = 20.0

// Write draws the notice and returns how many pages it has.
func (n *Notice) Write(w io.Writer) (pages int, err error) {
	return write(w, &n.Head, n.Size, func(p *press) error {
		if n.Issuer == "" {
			return errors.New("the notice has no issuer")
		}
		if len(n.Rows) == 0 && n.Down == "" {
			n.Down = "（名单为空）"
		}
		t := table{
			first: []element{
				words{"公　　示", titleSize, alignCenter, 0},
				words{n.Title, 14, alignCenter, 4},
				words{n.opening(), textSize, alignLeft, 8},
			},
			again: []element{words{"公示：" + n.Title + "（续）", cellSize, alignLeft, 0}},
			count: "行", none: n.Down, least: noticeRow, whole: &n.Whole,
		}
		for _, f := range n.facts() {
			t.first = append(t.first, words{f.Name + "：" + f.Text, textSize, alignLeft, 1})
		}
		t.first, t.again = append(t.first, words{"", 3, alignLeft, 0}), append(t.again, words{"", 2, alignLeft, 0})
		for i, r := range n.Rows {
			if r.Give == "" {
				return fmt.Errorf("row %d: nothing is given", i+1)
			}
			x := item{[]string{fmt.Sprint(r.No), r.Name, r.Give, r.Note}, r.Fen, r.Goods, r.Struck}
			if n.CountsOnly {
				x.cells = []string{x.cells[0], x.cells[2], x.cells[3]}
			}
			t.items = append(t.items, x)
		}
		t.columns = []column{{"序号", 48, alignCenter}, {"姓名", 130, alignCenter}, {"应得（元/物资）", 175, alignRight}, {"备注", textWidth - 353, alignLeft}}
		t.amount = 2
		if n.CountsOnly {
			t.columns = []column{{"序号", 128, alignCenter}, t.columns[2], {"备注", textWidth - 303, alignLeft}}
			t.amount = 1
		}
		t.last = []element{words{n.Issuer, textSize, alignRight, 14}, words{n.On.Chinese(), textSize, alignRight, 2}}
		return t.draw(p)
	})
}

// opening is the sentence with which a notice begins.
func (n *Notice) opening() string {
	s := "　　"
	for i, b := range n.Basis {
		if i == 0 {
			s += "根据"
		} else {
			s += "、"
		}
		s += b
	}
	if len(n.Basis) > 0 {
		s += "，"
	}
	return s + "现将" + n.Programme + "“" + n.Title + "”予以公示，接受群众监督。对公示内容有异议的，请在公示期内提出。"
}

func (n *Notice) facts() []Fact {
	or := func(s string) string {
		if s == "" {
			return "（未填）"
		}
		return s
	}
	var list []Fact
	for _, p := range n.Periods {
		list = append(list, Fact{"公示期", p})
	}
	list = append(list, Fact{"公示地点", or(n.Place)}, Fact{"监督电话", or(n.Phone)}, Fact{"异议方式", or(n.HowTo)})
	return append(list, n.Facts...)
}
