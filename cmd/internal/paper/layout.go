package paper

import (
	"errors"
	"fmt"
	"slices"

	"reliefledger.org/ledger/domain"
)

// An element is something that stands whole on one page.
type element interface {
	height(*press) (float64, error)
	draw(*press, float64) error // at a height of the page
}

// words is a paragraph.
type words struct {
	text   string
	size   float64
	align  align
	before float64 // space above it
}

func (t words) height(p *press) (float64, error) {
	lines, err := p.wrap(t.text, textWidth, t.size)
	return t.before + float64(len(lines))*lineHeight*t.size, err
}

func (t words) draw(p *press, y float64) error {
	return p.block(t.text, left, y+t.before, textWidth, t.size, t.align)
}

// rule is a dashed line along which a paper is cut; what comes below it begins
// as far from it as from the top of a page.
type rule struct{ before float64 }

func (r rule) height(*press) (float64, error) { return r.before + top, nil }

func (r rule) draw(p *press, y float64) error {
	p.pdf.SetLineType("dashed")
	p.line(left/2, y+r.before, pageWidth-right/2, y+r.before)
	p.pdf.SetLineType("solid")
	return nil
}

// cell is one cell of a row.
type cell struct {
	text  string
	width float64
	align align
}

// row is a bordered row of cells.
type row struct {
	cells []cell
	least float64 // height
	size  float64
}

const padX, padY = 3.5, 2.5 // between a cell's border and its text

func (r row) height(p *press) (float64, error) {
	h := r.least
	for _, c := range r.cells {
		lines, err := p.wrap(c.text, c.width-2*padX, r.size)
		if err != nil {
			return 0, err
		}
		h = max(h, 2*padY+float64(len(lines))*lineHeight*r.size)
	}
	return h, nil
}

func (r row) draw(p *press, y float64) error {
	h, err := r.height(p)
	if err != nil {
		return err
	}
	x := left
	for _, c := range r.cells {
		lines, err := p.wrap(c.text, c.width-2*padX, r.size)
		if err != nil {
			return err
		}
		p.rectangle(x, y, c.width, h)
		above := (h - float64(len(lines))*lineHeight*r.size) / 2
		if err := p.block(c.text, x+padX, y+above, c.width-2*padX, r.size, c.align); err != nil {
			return err
		}
		x += c.width
	}
	return nil
}

// signatures is a row of names with a line to sign on, at one height.
type signatures []string

const signHeight = 26.0

func (signatures) height(*press) (float64, error) { return signHeight, nil }

func (s signatures) draw(p *press, y float64) error {
	each := textWidth / float64(len(s))
	for i, name := range s {
		x := left + float64(i)*each
		name += "："
		w, err := p.width(name, cellSize)
		if err != nil {
			return err
		}
		if err := p.text(name, x, y+signHeight-4-cellSize, cellSize); err != nil {
			return err
		}
		p.line(x+w, y+signHeight-3, x+each-10, y+signHeight-3)
	}
	return nil
}

// stack draws elements below each other and returns where they end.
func (p *press) stack(y float64, list []element) (float64, error) {
	for _, e := range list {
		h, err := e.height(p)
		if err != nil {
			return y, err
		}
		if err := e.draw(p, y); err != nil {
			return y, err
		}
		y += h
	}
	return y, nil
}

func (p *press) heightOf(list []element) (float64, error) {
	sum := 0.0
	for _, e := range list {
		h, err := e.height(p)
		if err != nil {
			return 0, err
		}
		sum += h
	}
	return sum, nil
}

// column is a column of a table.
type column struct {
	head  string
	width float64
	align align
}

// item is a row of a table with what it adds to the totals.
type item struct {
	cells []string
	fen   domain.Fen
	goods []Goods
	out   bool // stands there but is not counted
}

// table is a paper around one table, over as many pages as it takes.
type table struct {
	first   []element // above it, on the first page
	again   []element // above it, on the others
	columns []column
	amount  int // the column below which totals stand
	count   string
	items   []item
	none    string // what stands there if there are no items
	least   float64
	whole   *Totals   // the grand total, where it is not that of the items
	last    []element // below it, on the last page
	foot    []element // at the foot of every page
}

var errTooTall = errors.New("does not fit on a page")

// draw lays the table out, and then draws it page by page.
func (t *table) draw(p *press) error {
	total, err := t.sum(t.items)
	if err != nil {
		return err
	}
	if t.whole != nil {
		if len(t.items) > 0 && !t.whole.equal(&total) {
			return fmt.Errorf("the rows add up to %d, %s, the total is %d, %s", total.Rows, total.Fen, t.whole.Rows, t.whole.Fen)
		}
		total = *t.whole
	}
	starts, err := t.paginate(p, &total)
	if err != nil {
		return err
	}
	p.pages = len(starts)
	footHeight, err := p.heightOf(t.foot)
	if err != nil {
		return err
	}
	p.sign = func() error {
		_, err := p.stack(pageHeight-bottom-footHeight, t.foot)
		return err
	}
	for n, start := range starts {
		if err := p.newPage(); err != nil {
			return err
		}
		end := len(t.items)
		if n+1 < len(starts) {
			end = starts[n+1]
		}
		list := slices.Clone(t.above(n))
		list = append(list, t.headRow())
		for i := start; i < end; i++ {
			list = append(list, t.itemRow(i))
		}
		if len(t.items) == 0 {
			list = append(list, row{[]cell{{t.none, textWidth, alignCenter}}, 2 * t.least, cellSize})
		}
		if len(starts) > 1 {
			part, err := t.sum(t.items[start:end])
			if err != nil {
				return err
			}
			list = append(list, t.totalRow("本页小计", &part))
		}
		if n+1 == len(starts) {
			list = append(list, t.ending(&total)...)
		}
		if _, err := p.stack(top, list); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) sum(items []item) (Totals, error) {
	var sum Totals
	for i, x := range items {
		if x.out {
			continue
		}
		if err := sum.add(x.fen, x.goods); err != nil {
			return sum, fmt.Errorf("row %d: %w", i+1, err)
		}
	}
	return sum, nil
}

func (t *table) above(page int) []element {
	if page == 0 {
		return t.first
	}
	return t.again
}

// ending is what follows the last row.
func (t *table) ending(total *Totals) []element {
	list := []element{t.totalRow("合　计", total)}
	if total.Fen > 0 {
		list = append(list, factRows([]Fact{{"金额大写", total.Fen.Words()}}, t.least)[0])
	}
	return append(list, t.last...)
}

// paginate says with which item each page begins. No row is divided; the last
// page has the ending and at least one row.
func (t *table) paginate(p *press, total *Totals) (starts []int, err error) {
	heights := make([]float64, len(t.items))
	for i := range t.items {
		if heights[i], err = t.itemRow(i).height(p); err != nil {
			return nil, err
		}
	}
	measure := func(list ...element) float64 {
		h, e := p.heightOf(list)
		err = errors.Join(err, e)
		return h
	}
	// A page's total has no more lines than the whole one.
	fixed := measure(t.foot...) + measure(t.headRow()) + measure(t.totalRow("本页小计", total))
	ending := measure(t.ending(total)...)
	first, again := measure(t.first...), measure(t.again...)
	if err != nil {
		return nil, err
	}
	room := func(page int) float64 {
		h := pageHeight - top - bottom - fixed - again
		if page == 0 {
			h += again - first
		}
		return h
	}
	if len(t.items) == 0 {
		if room(0) < ending+2*t.least {
			return nil, fmt.Errorf("what stands around the table %w", errTooTall)
		}
		return []int{0}, nil
	}
	for i := 0; i < len(t.items); {
		starts = append(starts, i)
		left := room(len(starts) - 1)
		from := i
		for i < len(t.items) && heights[i] <= left {
			left -= heights[i]
			i++
		}
		if i == from {
			return nil, fmt.Errorf("row %d %w", i+1, errTooTall)
		}
		if i < len(t.items) || ending <= left {
			continue
		}
		if i--; i == from {
			return nil, fmt.Errorf("what stands below row %d %w", i+1, errTooTall)
		}
	}
	return starts, nil
}

func (t *table) headRow() element {
	r := row{least: 22, size: cellSize}
	for _, c := range t.columns {
		r.cells = append(r.cells, cell{c.head, c.width, alignCenter})
	}
	return r
}

func (t *table) itemRow(i int) element {
	r := row{least: t.least, size: cellSize}
	for k, c := range t.columns {
		r.cells = append(r.cells, cell{t.items[i].cells[k], c.width, c.align})
	}
	return r
}

// before is the width of the columns left of the amounts.
func (t *table) before() float64 {
	w := 0.0
	for _, c := range t.columns[:t.amount] {
		w += c.width
	}
	return w
}

// totalRow says a total: its name and count left of the amount, goods right of
// it.
func (t *table) totalRow(name string, sum *Totals) element {
	name = fmt.Sprintf("%s　%d %s", name, sum.Rows, t.count)
	amount := t.columns[t.amount]
	rest := textWidth - t.before() - amount.width
	r := row{[]cell{{name, t.before(), alignCenter}, {sum.Fen.String(), amount.width, alignRight}, {sayGoods(sum.Goods), rest, alignLeft}}, t.least, cellSize}
	if rest == 0 {
		r.cells = r.cells[:2]
	}
	if sum.Fen == 0 && len(sum.Goods) > 0 {
		r.cells = []cell{r.cells[0], {sayGoods(sum.Goods), amount.width + rest, alignLeft}}
	}
	return r
}

func sayGoods(list []Goods) string {
	s := ""
	for i, g := range list {
		if i > 0 {
			s += "；"
		}
		s += g.Item + " " + g.Quantity.String()
	}
	return s
}

// facts is a paragraph of facts; a line ends between two of them where it can.
type facts []Fact

func (f facts) words(p *press) (words, error) {
	text, line := "", ""
	for _, x := range f {
		fact := x.Name + "：" + x.Text
		w, err := p.width(line+"　"+fact, cellSize)
		switch {
		case err != nil:
			return words{}, err
		case line == "":
			line = fact
		case w > textWidth:
			text, line = text+line+"\n", fact
		default:
			line += "　" + fact
		}
	}
	return words{text + line, cellSize, alignLeft, 1}, nil
}

func (f facts) height(p *press) (float64, error) {
	w, err := f.words(p)
	if err != nil {
		return 0, err
	}
	return w.height(p)
}

func (f facts) draw(p *press, y float64) error {
	w, err := f.words(p)
	if err != nil {
		return err
	}
	return w.draw(p, y)
}

// factRows writes facts as rows of two cells.
func factRows(list []Fact, least float64) []element {
	const name = 84.0
	var rows []element
	for _, f := range list {
		rows = append(rows, row{[]cell{{f.Name, name, alignCenter}, {f.Text, textWidth - name, alignLeft}}, least, cellSize})
	}
	return rows
}
