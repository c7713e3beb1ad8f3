// Package sheets reads rosters as they come: from offices that each have a
// spreadsheet of their own, with a title above, headings in up to three rows,
// village cells merged downwards, subtotals in the middle and signatures below.
//
// It works in two steps, both without any I/O. [Read] turns the bytes of a file
// (CSV, TSV, .xlsx, .xls, and the web pages and XML that are called .xls) into a
// [Grid]: what stands in which cell, and of what kind it is. [Understand] reads a
// grid as a [Roster]: which sheet has the list, what each column means, which
// rows are people, what had to be cleaned, and every problem by its sheet, row
// and column.
//
//	grid, err := sheets.Read(data)                      // *Unreadable: no such file, or over a limit
//	roster := sheets.Understand(grid, sheets.Options{File: "名册.xlsx", Form: domain.Cash})
//	err = roster.Preview(os.Stdout, domain.Zh)          // what a person should see first
//	if len(roster.Errors) == 0 {
//		fmt.Println(len(roster.Rows))               // they are used
//	}
//
// Nothing is ever guessed. A number that a spreadsheet has spoilt is refused;
// what has two readings is an error that asks, and [Options] has the answers.
package sheets

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
)

// The limits of a file. The largest list we know has 6,000 rows in 1 MB; these
// leave room for a province and keep a reader under 512 MiB whatever it is fed.
const (
	MaxFile    = 32 << 20  // bytes of a file
	MaxRows    = 1_000_000 // of all sheets together
	MaxColumns = 1_000
	MaxCells   = 2_000_000 // of all sheets, gaps in a row counted: 40 bytes each and their text
	MaxSheets  = 100
	MaxText    = 32_767 // characters of a cell, as spreadsheets have it
	maxCovered = 500_000
)

// Kind is what kind of value a cell has.
type Kind uint8

// The kinds of cells.
const (
	Empty   Kind = iota
	Text         // also TRUE and FALSE
	Numeric      // a floating-point number: it has 15 digits that count and no more
	Date
	Error // #REF! and its like, or a formula of which the file keeps no value
)

// Cell is one cell.
type Cell struct {
	// Text is what a person reads there: a number in full with at most 15 digits,
	// or with an exponent where it has more; a date as 2006-01-02.
	Text    string
	Kind    Kind
	Formula bool // Text is the value that the file keeps of it
	Rounded bool // the file has more digits than the 15 that count
}

// Merge is a block of merged cells. Its value stands in its first cell; the
// others are empty. Rows and columns count from 0.
type Merge struct{ Top, Left, Bottom, Right int }

// Sheet is one sheet. Row i of the slice is row i+1 of the sheet; a row ends
// with its last cell that is not empty.
type Sheet struct {
	Name       string
	Hidden     bool
	Rows       [][]Cell
	HiddenRows []int // from 0
	Merges     []Merge
	covered    map[[2]int32]int32 // a cell of a merge: which one
}

// Grid is a file as it was read.
type Grid struct {
	Format   string // CSV, TSV, xlsx, xls, HTML, XML 2003
	Encoding string // of a text file
	Sheets   []Sheet
}

// Unreadable says why a file cannot be read at all.
type Unreadable struct{ Zh, En string }

func (e *Unreadable) Error() string { return e.Zh + " / " + e.En }

// Read reads a file of any of the kinds, which it knows by the bytes and not by
// a name: an .xls is often something else. A file that makes a library panic is
// Unreadable like any other; nothing panics.
func Read(data []byte) (g *Grid, err error) {
	defer func() {
		if r := recover(); r != nil {
			g, err = nil, &Unreadable{"文件已损坏，读取程序中止", fmt.Sprintf("the file is damaged, its reader gave up: %.200v", r)}
		}
	}()
	if len(data) > MaxFile {
		return nil, &Unreadable{fmt.Sprintf("文件 %d 字节，上限 %d", len(data), MaxFile), fmt.Sprintf("%d bytes, %d are allowed", len(data), MaxFile)}
	}
	switch start := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\uFEFF")), " \t\r\n"); {
	case len(start) == 0:
		return nil, &Unreadable{"文件是空的", "the file is empty"}
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return readXLSX(data)
	case bytes.HasPrefix(data, oleMagic):
		return readXLS(data)
	case mailStart.Match(head(data)):
		return nil, &Unreadable{"这是单个文件网页（.mht），不是表格文件：请用表格软件打开，另存为 .xlsx", "a web page in a mail's format (.mht): open it in a spreadsheet program and save it as .xlsx"}
	case isMarkup(head(data)):
		return readMarkup(data)
	case bytes.HasPrefix(start, []byte("%PDF")):
		return nil, &Unreadable{"这是 PDF，不是表格文件", "a PDF, not a spreadsheet"}
	}
	return readText(data)
}

// At returns a cell; outside the sheet it is empty.
func (s *Sheet) At(row, column int) Cell {
	if row < 0 || row >= len(s.Rows) || column < 0 || column >= len(s.Rows[row]) {
		return Cell{}
	}
	return s.Rows[row][column]
}

// MergeAt returns the merged block in which a cell is.
func (s *Sheet) MergeAt(row, column int) (Merge, bool) {
	i, ok := s.covered[[2]int32{int32(row), int32(column)}]
	if !ok {
		return Merge{}, false
	}
	return s.Merges[i], true
}

// MergedFrom names the cell that holds the value of a cell inside a merged
// block; of every other cell it is empty.
func (s *Sheet) MergedFrom(row, column int) string {
	if m, ok := s.MergeAt(row, column); ok && (row != m.Top || column != m.Left) {
		return Ref(m.Top, m.Left)
	}
	return ""
}

// width is how many columns the sheet has.
func (s *Sheet) width() int {
	w := 0
	for _, r := range s.Rows {
		w = max(w, len(r))
	}
	return w
}

// Ref names a cell as spreadsheets do: row 0, column 0 is A1.
func Ref(row, column int) string { return Letters(column) + strconv.Itoa(row+1) }

// Letters names a column: 0 is A, 26 is AA.
func Letters(column int) string {
	var b []byte
	for column++; column > 0; column = (column - 1) / 26 {
		b = append(b, byte('A'+(column-1)%26))
	}
	slices.Reverse(b)
	return string(b)
}

// builder fills the sheets of a grid and keeps their limits.
type builder struct {
	grid        Grid
	rows, cells int
	covered     int
}

// sheet begins a sheet.
func (b *builder) sheet(name string, hidden bool) error {
	if len(b.grid.Sheets) == MaxSheets {
		return &Unreadable{fmt.Sprintf("工作表超过 %d 张", MaxSheets), fmt.Sprintf("more than %d sheets", MaxSheets)}
	}
	b.grid.Sheets = append(b.grid.Sheets, Sheet{Name: name, Hidden: hidden})
	return nil
}

func (b *builder) now() *Sheet { return &b.grid.Sheets[len(b.grid.Sheets)-1] }

// set puts a cell into the present sheet. Empty ones take no room.
func (b *builder) set(row, column int, c Cell) error {
	if c.Kind == Empty {
		return nil
	}
	s := b.now()
	if len(c.Text) > MaxText && len([]rune(c.Text)) > MaxText {
		return &Unreadable{fmt.Sprintf("%s 文字过长", Ref(row, column)), fmt.Sprintf("%s has more than %d characters", Ref(row, column), MaxText)}
	}
	if column >= MaxColumns {
		return &Unreadable{fmt.Sprintf("%s：列数超过 %d", Ref(row, column), MaxColumns), fmt.Sprintf("%s: more than %d columns", Ref(row, column), MaxColumns)}
	}
	if more := row + 1 - len(s.Rows); more > 0 {
		if b.rows += more; b.rows > MaxRows {
			return &Unreadable{fmt.Sprintf("%s 行数超过 %d", s.Name, MaxRows), fmt.Sprintf("%s more than %d rows", s.Name, MaxRows)}
		}
		s.Rows = append(s.Rows, make([][]Cell, more)...)
	}
	if more := column + 1 - len(s.Rows[row]); more > 0 {
		if b.cells += more; b.cells > MaxCells {
			return &Unreadable{fmt.Sprintf("%s 单元格超过 %d 个", s.Name, MaxCells), fmt.Sprintf("%s more than %d cells", s.Name, MaxCells)}
		}
		if cap(s.Rows[row]) == 0 && row > 0 && len(s.Rows[row-1]) > column {
			s.Rows[row] = make([]Cell, 0, len(s.Rows[row-1])) // rows are as wide as the one above
		}
		s.Rows[row] = append(s.Rows[row], make([]Cell, more)...)
	}
	s.Rows[row][column] = c
	return nil
}

// merge notes a merged block, as far as the sheet is used. It comes after the
// cells.
func (b *builder) merge(m Merge) error {
	s := b.now()
	used := m
	used.Bottom = min(m.Bottom, len(s.Rows)-1)
	used.Right = min(m.Right, MaxColumns-1)
	if m.Top < 0 || m.Left < 0 || used.Bottom < m.Top || used.Right < m.Left || used.Bottom == m.Top && used.Right == m.Left {
		return nil
	}
	if b.covered += (used.Bottom - m.Top + 1) * (used.Right - m.Left + 1); b.covered > maxCovered {
		return &Unreadable{s.Name + "：合并单元格过多", s.Name + ": too many merged cells"}
	}
	if s.covered == nil {
		s.covered = map[[2]int32]int32{}
	}
	s.Merges = append(s.Merges, used)
	for r := used.Top; r <= used.Bottom; r++ {
		for c := used.Left; c <= used.Right; c++ {
			s.covered[[2]int32{int32(r), int32(c)}] = int32(len(s.Merges) - 1)
		}
	}
	return nil
}
