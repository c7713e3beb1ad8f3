// Package table writes tables: for people at a terminal, and for a spreadsheet.
//
//	t := table.New("名称", "金额").Figures(1)
//	t.Row("慰问资金", "1,300.00")
//	err := t.Write(os.Stdout)
//	text, err := t.CSV()
//
// A spreadsheet takes a cell that begins with = + - @ or a tab for a formula, and a
// formula can send what stands beside it to somewhere else (CWE-1236). [Table.Neutral]
// puts an apostrophe before such a cell, but for plain numbers.
package table

import (
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
)

// Table is a table with a head. On a terminal its columns are aligned; a Chinese
// character is two columns wide.
type Table struct {
	empty []string // a column of figures that has only these is left out
	head  []string
	right []bool // columns of figures
	rows  [][]string
}

// New begins a table with its head.
func New(head ...string) *Table { return &Table{head: head, right: make([]bool, len(head))} }

// Figures says in which columns, from 0, figures stand: they are aligned to the right,
// and are numbers in a spreadsheet.
func (t *Table) Figures(columns ...int) *Table {
	for _, c := range columns {
		t.right[c] = true
	}
	return t
}

// Optional leaves columns of figures out that say nothing in any row: whose
// cells are all among these.
func (t *Table) Optional(nothing ...string) { t.empty = nothing }

// shrink takes out the columns that Optional is about.
func (t *Table) shrink() {
	for c := len(t.head) - 1; c >= 0; c-- {
		says := !t.right[c] || len(t.rows) == 0
		for _, r := range t.rows {
			says = says || !slices.Contains(t.empty, r[c])
		}
		if !says {
			t.head, t.right = slices.Delete(t.head, c, c+1), slices.Delete(t.right, c, c+1)
			for i := range t.rows {
				t.rows[i] = slices.Delete(t.rows[i], c, c+1)
			}
		}
	}
}

// Row adds a row, with a cell for each of the head.
func (t *Table) Row(cells ...string) { t.rows = append(t.rows, cells) }

// Len is how many rows there are.
func (t *Table) Len() int { return len(t.rows) }

// Write writes the table for a terminal.
func (t *Table) Write(w io.Writer) error {
	if t.empty != nil {
		t.shrink()
	}
	widths := make([]int, len(t.head))
	for _, r := range append([][]string{t.head}, t.rows...) {
		for i, c := range r {
			widths[i] = max(widths[i], width(c))
		}
	}
	var b strings.Builder
	line := func(r []string) {
		var l strings.Builder
		for i, c := range r {
			pad := strings.Repeat(" ", widths[i]-width(c))
			if i > 0 {
				l.WriteString("  ")
			}
			if t.right[i] {
				l.WriteString(pad + c)
			} else {
				l.WriteString(c + pad)
			}
		}
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	line(t.head)
	rule := make([]string, len(t.head))
	for i := range rule {
		rule[i] = strings.Repeat("-", widths[i])
	}
	line(rule)
	for _, r := range t.rows {
		line(r)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// escapes are a terminal's colours in a cell: they take no room, and go into no file.
var escapes = regexp.MustCompile("\x1b\\[[0-9]+m")

// width is how many columns a text takes.
func width(s string) int { return runewidth.StringWidth(escapes.ReplaceAllString(s, "")) }
