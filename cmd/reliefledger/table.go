package main

import (
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// table writes aligned columns; a Chinese character is two columns wide.
type table struct {
	empty []string // a column of figures that has only these is left out
	head  []string
	right []bool // columns of figures
	rows  [][]string
}

func newTable(head ...string) *table { return &table{head: head, right: make([]bool, len(head))} }

// figures says from which column on amounts stand.
func (t *table) figures(columns ...int) *table {
	for _, c := range columns {
		t.right[c] = true
	}
	return t
}

// optional leaves columns of figures out that say nothing in any row.
func (t *table) optional(nothing ...string) { t.empty = nothing }

// shrink takes out the columns that optional is about.
func (t *table) shrink() {
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

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) write(w io.Writer) error {
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

// The colours of a terminal, used for what must not be overlooked.
const (
	green  = "32"
	yellow = "33"
	red    = "31"
)

// colour marks a text where people look at a terminal, and nowhere else: not in
// files, pipes or scripts, nor where NO_COLOR is set.
func colour(code, text string) string {
	if _, off := os.LookupEnv("NO_COLOR"); off || text == "" || code == "" || !term.IsTerminal(int(os.Stdout.Fd())) {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

var escapes = regexp.MustCompile("\x1b\\[[0-9]+m")

// width is how many columns a text takes.
func width(s string) int { return runewidth.StringWidth(escapes.ReplaceAllString(s, "")) }
