package sheets

import (
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// htmlCell is a cell of a web page. Excel and its like say in attributes what the
// text does not tell: x:num is a number's value, in full where the text is
// shortened; x:str, x:fmla and x:err say that a text, a formula or an error value
// stands there. LibreOffice says sdval for x:num.
type htmlCell struct {
	text          htmlText
	rows, columns int
	column        int
	number        string // the value of x:num, or its text if that is empty
	numeric       bool
	format        string // mso-number-format
	formula       bool
	failed        bool
	holds         bool // a table
}

// newHTMLCell reads the attributes of a cell.
func newHTMLCell(tags *html.Tokenizer, more bool) *htmlCell {
	c := &htmlCell{rows: 1, columns: 1}
	for more {
		var k, v []byte
		k, v, more = tags.TagAttr()
		switch value := string(v); string(k) {
		case "colspan":
			if n, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && n > 0 {
				c.columns = min(n, maxSpan)
			}
		case "rowspan":
			if n, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && n >= 0 {
				if n == 0 { // as far down as its group goes
					n = maxDown
				}
				c.rows = min(n, maxDown)
			}
		case "style":
			if m := numberFormat.FindStringSubmatch(value); m != nil {
				c.format = strings.ReplaceAll(strings.Trim(strings.TrimSpace(m[1]), `"'`), `\`, "")
			}
		case "x:num", "sdval":
			c.numeric, c.number = true, strings.TrimSpace(value)
		case "x:fmla":
			c.formula = true
		case "x:err":
			c.failed = true
		}
	}
	return c
}

var (
	displayNone  = regexp.MustCompile(`(?i)\bdisplay\s*:\s*none\b`)
	numberFormat = regexp.MustCompile(`(?i)mso-number-format\s*:\s*("[^"]*"|'[^']*'|[^;]*)`)
	htmlNumber   = regexp.MustCompile(`^[-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]{1,3})?$`)
	htmlDate     = regexp.MustCompile(`^[0-9]{2,4}[-/.年][0-9]{1,2}([-/.月]|$)`)
)

// value is what the cell has. Of a number that is shown as a date a person reads
// the date; of any other the value counts, which a format may have rounded.
func (c *htmlCell) value() Cell {
	text := c.text.String()
	cell := textCell(text)
	switch {
	case cell.Kind == Empty:
	case c.failed:
		cell = Cell{Text: text, Kind: Error}
	case c.numeric && (showsDate(c.format) || htmlDate.MatchString(text) && !htmlNumber.MatchString(text)):
		cell = Cell{Text: text, Kind: Date}
	case c.numeric:
		number := c.number
		if number == "" {
			number = strings.ReplaceAll(text, ",", "")
		}
		if f, err := strconv.ParseFloat(number, 64); err == nil && htmlNumber.MatchString(number) {
			cell = numberCell(f)
		}
	}
	cell.Formula = cell.Formula || c.formula && cell.Kind != Empty
	return cell
}

// unread are the elements whose content nobody reads on the page.
var unread = map[atom.Atom]bool{atom.Script: true, atom.Style: true, atom.Title: true, atom.Noscript: true, atom.Template: true, atom.Iframe: true, atom.Noembed: true, atom.Noframes: true}

// block are the elements that begin a line of their own.
var block = map[atom.Atom]bool{atom.P: true, atom.Div: true, atom.H1: true, atom.H2: true, atom.H3: true, atom.H4: true, atom.H5: true, atom.H6: true, atom.Br: true, atom.Hr: true,
	atom.Ul: true, atom.Ol: true, atom.Li: true, atom.Dl: true, atom.Dt: true, atom.Dd: true, atom.Center: true, atom.Pre: true, atom.Blockquote: true, atom.Form: true,
	atom.Fieldset: true, atom.Legend: true, atom.Section: true, atom.Header: true, atom.Footer: true, atom.Article: true, atom.Caption: true, atom.Head: true, atom.Body: true, atom.Html: true}

// htmlText is a text as it is shown: line breaks and blanks of the source are one
// blank, and a tag breaks a line.
type htmlText struct{ b strings.Builder }

// last is the last byte, or 0.
func (t *htmlText) last() byte {
	if s := t.b.String(); s != "" {
		return s[len(s)-1]
	}
	return 0
}

func (t *htmlText) write(s string) {
	for _, r := range s {
		switch r {
		case ' ', '\t', '\n', '\r', '\f':
			if last := t.last(); last != 0 && last != ' ' && last != '\n' {
				t.b.WriteByte(' ')
			}
		case '\u00a0': // a blank that stays
			t.b.WriteByte(' ')
		default:
			t.b.WriteRune(r)
		}
	}
}

// broken breaks the line.
func (t *htmlText) broken() {
	if last := t.last(); last != 0 && last != '\n' {
		t.b.WriteByte('\n')
	}
}

// String is the text without blanks around it.
func (t *htmlText) String() string { return strings.TrimSpace(t.b.String()) }

// take is the text, which begins anew.
func (t *htmlText) take() string {
	text := t.String()
	t.b.Reset()
	return text
}
