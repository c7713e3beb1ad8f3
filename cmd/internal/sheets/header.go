package sheets

import (
	"slices"
	"strings"

	"reliefledger.org/ledger/domain"
)

// The header: at most three rows, among the first of a sheet.
const (
	maxHeadRows = 3
	headWithin  = 40
)

// header is where a sheet's headings stand and what they mean.
type header struct {
	top, bottom int // rows, from 0
	name        int // the column of the name by which it was found
	columns     []heading
}

// findHeader finds the first rows whose headings name a person's name and
// something else.
func findHeader(s *Sheet, asked map[string]Column) (header, bool) {
	width := s.width()
	for row := range min(len(s.Rows), headWithin) {
		name := slices.IndexFunc(s.Rows[row], func(c Cell) bool {
			return c.Kind == Text && (readHeading([]string{c.Text}).means == Name || asked[c.Text] == Name)
		})
		if name < 0 || sameLabel(s, row) {
			continue
		}
		h := header{top: row, bottom: row, name: name}
		if m, ok := s.MergeAt(row, name); ok {
			h.bottom = min(m.Bottom, row+maxHeadRows-1)
		}
		for h.bottom-h.top+1 < maxHeadRows && h.goesOn(s, h.bottom+1) {
			h.bottom++
		}
		for h.bottom-h.top+1 < maxHeadRows && h.top > 0 && h.group(s, h.top-1, width) {
			h.top--
		}
		h.columns = make([]heading, width)
		known := 0
		for c := range width {
			h.columns[c] = readHeading(h.levels(s, c))
			if h.columns[c].means != Unused || asked[Letters(c)] != "" {
				known++
			}
		}
		if known >= 2 {
			return h, true
		}
	}
	return header{}, false
}

// sameLabel says whether a row has only one text, as a title has.
func sameLabel(s *Sheet, row int) bool {
	n := 0
	for _, c := range s.Rows[row] {
		if c.Kind != Empty {
			n++
		}
	}
	return n < 2
}

// goesOn says whether a row belongs to the headings above it: under the name
// stands nothing or another heading, and no cell is a value.
func (h header) goesOn(s *Sheet, row int) bool {
	if row >= len(s.Rows) {
		return false
	}
	some := false
	for c, cell := range s.Rows[row] {
		if cell.Kind == Empty {
			continue
		}
		if cell.Kind != Text || isValue(cell.Text) {
			return false
		}
		known := readHeading([]string{cell.Text}).means != Unused || plain(cell.Text) == "序号" || isUnit(plain(cell.Text))
		if c == h.name && !known {
			return false
		}
		above := s.At(h.bottom, c)
		_, grouped := s.MergeAt(h.bottom, c)
		if above.Kind != Empty && !grouped && !known {
			return false // a value under a heading
		}
		some = true
	}
	return some && labelOf(s.Rows[row]) == ""
}

func isValue(text string) bool {
	if _, err := domain.ParseFen(text); err == nil {
		return true
	}
	return strings.ContainsAny(text, "0123456789０１２３４５６７８９")
}

// group says whether the row above the headings is one of groups: several
// texts, of which one is wide or names a column that has no other name.
func (h header) group(s *Sheet, row, width int) bool {
	texts, wide := 0, false
	for c, cell := range s.Rows[row] {
		if cell.Kind == Empty {
			continue
		}
		if cell.Kind != Text || strings.ContainsAny(cell.Text, ":：") || isValue(cell.Text) {
			return false
		}
		texts++
		if m, ok := s.MergeAt(row, c); ok {
			wide = wide || m.Right > m.Left && m.Right-m.Left+1 < width || m.Bottom >= h.top
		} else if s.At(h.top, c).Kind == Empty && readHeading([]string{cell.Text}).text != "" {
			wide = true
		} else if s.At(row, c+1).Kind == Empty && s.At(h.top, c+1).Kind != Empty {
			wide = true
		}
	}
	return texts >= 2 && wide
}

// levels are the headings over a column, outermost first.
func (h header) levels(s *Sheet, column int) []string {
	var levels []string
	for row := h.top; row <= h.bottom; row++ {
		cell := s.At(row, column)
		if cell.Kind == Empty {
			if m, ok := s.MergeAt(row, column); ok {
				cell = s.At(m.Top, m.Left)
			} else if row < h.bottom && s.At(row+1, column).Kind != Empty {
				// A text file has no merged cells: a group reaches to the right over
				// columns that have a name of their own below.
				for c := column - 1; c >= 0 && s.covered == nil; c-- {
					if left := s.At(row, c); left.Kind != Empty {
						if s.At(row+1, c).Kind != Empty {
							cell = left
						}
						break
					}
				}
			}
		}
		text := strings.TrimSpace(cell.Text)
		if text != "" && (len(levels) == 0 || levels[len(levels)-1] != text) {
			levels = append(levels, text)
		}
	}
	return levels
}

// spread says over how many columns a number is written, one digit in each. A
// heading merged over them, or none after the first, says that it may be so;
// the rows have to show it.
func (r *reading) spread(column int) int {
	h := r.head.columns[column]
	if h.means != Number && h.means != Account {
		return 1
	}
	end := column + 1
	for end < len(r.head.columns) && (r.head.columns[end].text == "" || r.head.columns[end].text == h.text && r.sheet.MergedFrom(r.head.bottom, end) != "") {
		end++
	}
	for row := r.head.bottom + 1; row < min(len(r.sheet.Rows), r.head.bottom+20); row++ {
		n := 0
		for c := column; c < end; c++ {
			if len([]rune(strings.TrimSpace(r.sheet.At(row, c).Text))) == 1 {
				n++
			}
		}
		if n >= 15 && n >= end-column-3 {
			return end - column
		}
	}
	if end > column+1 && r.head.columns[column+1].text == h.text {
		return end - column // merged headings over one value: the rest of it is empty
	}
	return 1
}
