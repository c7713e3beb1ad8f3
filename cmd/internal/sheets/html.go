package sheets

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// The limits of a web page beside those of every grid.
const (
	maxToken  = 4 << 20 // bytes of a tag, a comment or a style sheet
	maxTables = 20      // tables inside each other
	maxSpan   = 1_000   // columns of a cell, as browsers have it
	maxDown   = 65_534  // rows of a cell, as browsers have it
)

// page reads a web page tag by tag, since a tree of it would take many times its
// room. All its tables are one sheet, one below the other, as spreadsheet programs
// open it; so is what stands outside of them, a line in a row: titles do, and
// 单位：万元. Tables that arrange a page hold others; a table inside a table of data
// has no one reading.
type page struct {
	tags   *html.Tokenizer
	b      builder
	row    int          // where the next row goes
	line   htmlText     // what stands outside of cells
	tables []*htmlTable // those that are open, the innermost last
	merges []Merge
	unread string // the element whose content is no text of the page
}

// htmlTable is a table that is open.
type htmlTable struct {
	row     int // the present one
	inRow   bool
	column  int       // where the next cell goes
	until   []int     // by column, the first row below the cells that reach down
	growing []int     // those cells, as places in page.merges
	cell    *htmlCell // the present one
	merged  int       // how many blocks of merged cells the rows above have
	said    bool      // a cell of this row that is over has a text
	holds   bool      // a cell of this row holds a table
}

func readHTML(text []byte) (*Grid, error) {
	p := page{tags: html.NewTokenizer(bytes.NewReader(text)), b: builder{grid: Grid{Format: "HTML"}}}
	p.tags.SetMaxBuf(maxToken)
	if err := p.b.sheet("", false); err != nil {
		return nil, err
	}
	for {
		var err error
		switch p.tags.Next() {
		case html.ErrorToken:
			if errors.Is(p.tags.Err(), io.EOF) {
				return p.end()
			}
			return nil, &Unreadable{"网页中一段过长", "a part of the web page is too long"}
		case html.TextToken:
			if p.unread == "" {
				p.text().write(string(p.tags.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			err = p.begin()
		case html.EndTagToken:
			name, _ := p.tags.TagName()
			if p.unread == string(name) {
				p.unread = ""
			} else if p.unread == "" {
				err = p.close(atom.Lookup(name))
			}
		}
		if err != nil {
			return nil, err
		}
	}
}

// end is the end of the page.
func (p *page) end() (*Grid, error) {
	if len(p.tables) > 0 {
		return nil, &Unreadable{"网页不完整：表格没有结尾", "not the whole of a web page: its table has no end"}
	}
	if err := p.endLine(); err != nil {
		return nil, err
	}
	for _, m := range p.merges {
		if err := p.b.merge(m); err != nil {
			return nil, err
		}
	}
	return &p.b.grid, nil
}

// in is the innermost table, or nil.
func (p *page) in() *htmlTable {
	if len(p.tables) == 0 {
		return nil
	}
	return p.tables[len(p.tables)-1]
}

// text is where a text goes.
func (p *page) text() *htmlText {
	if t := p.in(); t != nil && t.cell != nil {
		return &t.cell.text
	}
	return &p.line
}

// begin is a tag that begins an element. In HTML a cell ends where the next one
// begins, and so do rows.
func (p *page) begin() error {
	name, more := p.tags.TagName()
	tag := atom.Lookup(name)
	if p.unread != "" {
		return nil
	}
	if unread[tag] || string(name) == "xml" {
		p.unread = string(name)
		return nil
	}
	t := p.in()
	switch {
	case tag == atom.Table:
		return p.beginTable()
	case t == nil && block[tag]:
		return p.endLine()
	case t == nil:
	case tag == atom.Tr:
		if err := p.endRow(t); err != nil {
			return err
		}
		hidden := false
		for more {
			var key, value []byte
			key, value, more = p.tags.TagAttr()
			hidden = hidden || string(key) == "style" && displayNone.Match(value)
		}
		return p.beginRow(t, hidden)
	case tag == atom.Td || tag == atom.Th:
		if err := p.endCell(t); err != nil {
			return err
		}
		if !t.inRow {
			if err := p.beginRow(t, false); err != nil {
				return err
			}
		}
		p.beginCell(t, more)
	case tag == atom.Thead || tag == atom.Tbody || tag == atom.Tfoot:
		return p.endGroup(t)
	case block[tag]:
		p.text().broken()
	}
	return nil
}

// close is a tag that ends an element.
func (p *page) close(tag atom.Atom) error {
	t := p.in()
	switch {
	case t == nil && block[tag]:
		return p.endLine()
	case t == nil:
	case tag == atom.Table:
		return p.endTable(t)
	case tag == atom.Tr:
		return p.endRow(t)
	case tag == atom.Td, tag == atom.Th:
		return p.endCell(t)
	case tag == atom.Thead, tag == atom.Tbody, tag == atom.Tfoot:
		return p.endGroup(t)
	case block[tag]:
		p.text().broken()
	}
	return nil
}

// endLine puts a line that stands outside of tables into a row of its own.
func (p *page) endLine() error {
	text := p.line.take()
	if text == "" {
		return nil
	}
	p.row++
	return p.b.set(p.row-1, 0, Cell{Text: text, Kind: Text})
}

func (p *page) beginTable() error {
	if t := p.in(); t != nil && t.cell == nil {
		if err := p.endTable(t); err != nil { // a table ends where another begins beside its cells
			return err
		}
	} else if t != nil {
		if t.said || len(t.growing) > 0 {
			return errNested
		}
		if !t.holds {
			p.merges = p.merges[:t.merged] // of empty cells before it
		}
		p.line.write(t.cell.text.take())
		t.holds, t.cell.holds = true, true
	}
	if len(p.tables) == maxTables {
		return errNested
	}
	p.tables = append(p.tables, &htmlTable{})
	return p.endLine()
}

var errNested = &Unreadable{"网页的表格里还套着表格，看不出哪一行是谁的：请用表格软件打开，另存为 .xlsx", "a table inside a table of the web page: which row is whose cannot be told; open it in a spreadsheet program and save it as .xlsx"}

func (p *page) endTable(t *htmlTable) error {
	if err := p.endGroup(t); err != nil {
		return err
	}
	p.tables = p.tables[:len(p.tables)-1]
	return nil
}

// endGroup ends a group of rows, over whose end no cell reaches.
func (p *page) endGroup(t *htmlTable) error {
	if err := p.endRow(t); err != nil {
		return err
	}
	for _, i := range t.growing {
		p.merges[i].Bottom = min(p.merges[i].Bottom, p.row-1)
	}
	t.growing, t.until = nil, nil
	return p.endLine()
}

func (p *page) beginRow(t *htmlTable, hidden bool) error {
	if len(t.growing) == 0 {
		if err := p.endLine(); err != nil { // a caption, or what stands between rows
			return err
		}
	}
	if p.row >= MaxRows {
		return &Unreadable{fmt.Sprintf("网页的表格超过 %d 行", MaxRows), fmt.Sprintf("more than %d rows in the web page", MaxRows)}
	}
	t.row, t.inRow, t.column, t.said, t.holds, t.merged = p.row, true, 0, false, false, len(p.merges)
	if hidden {
		s := p.b.now()
		s.HiddenRows = append(s.HiddenRows, t.row)
	}
	return nil
}

func (p *page) endRow(t *htmlTable) error {
	if err := p.endCell(t); err != nil {
		return err
	}
	if t.inRow && !t.holds { // else its rows are those of the tables in it
		p.row = t.row + 1
	}
	t.inRow = false
	return nil
}

// beginCell finds the place of a cell: the next column that no cell above
// reaches down to.
func (p *page) beginCell(t *htmlTable, attributes bool) {
	t.cell = newHTMLCell(p.tags, attributes)
	for t.column < len(t.until) && t.until[t.column] > t.row {
		t.column++
	}
	t.cell.column = t.column
	t.column += t.cell.columns
}

func (p *page) endCell(t *htmlTable) error {
	c := t.cell
	if c == nil {
		return nil
	}
	t.cell = nil
	value := c.value()
	switch {
	case c.holds:
		p.line.write(c.text.take())
		return p.endLine()
	case t.holds && value.Kind != Empty:
		return errNested
	case t.holds:
		return nil
	}
	t.said = t.said || value.Kind != Empty
	if c.columns > 1 || c.rows > 1 {
		p.merges = append(p.merges, Merge{t.row, c.column, t.row + c.rows - 1, c.column + c.columns - 1})
	}
	if c.rows > 1 {
		t.growing = append(t.growing, len(p.merges)-1)
		for i := c.column; i < min(c.column+c.columns, MaxColumns); i++ {
			if i >= len(t.until) {
				t.until = append(t.until, make([]int, i+1-len(t.until))...)
			}
			t.until[i] = t.row + c.rows
		}
	}
	return p.b.set(t.row, c.column, value)
}
