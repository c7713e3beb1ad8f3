package sheets

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// readText reads CSV and TSV. Every cell is text; a row has the number that a
// spreadsheet program shows for it, blank lines and broken cells included.
func readText(data []byte) (*Grid, error) {
	text, name, err := decode(data)
	if err != nil {
		return nil, err
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return nil, &Unreadable{"不是文本，也不是 .xlsx 或 .xls", "neither text nor .xlsx nor .xls"}
	}
	b := builder{grid: Grid{Format: "CSV", Encoding: name}}
	comma := byte(',')
	if head := text[:min(len(text), 8<<10)]; bytes.Count(head, []byte("\t")) > bytes.Count(head, []byte(",")) {
		comma, b.grid.Format = '\t', "TSV"
	}
	r := csv.NewReader(bytes.NewReader(sound(text, comma)))
	r.FieldsPerRecord, r.ReuseRecord, r.Comma = -1, true, rune(comma)
	if err := b.sheet("", false); err != nil {
		return nil, err
	}
	row, line := -1, 0 // the last row, and the line on which it ended
	for {
		record, err := r.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return &b.grid, nil
		case errors.As(err, &wrong):
			return nil, &Unreadable{fmt.Sprintf("第 %d 行引号不成对", wrong.Line), fmt.Sprintf("line %d: quotes do not match", wrong.Line)}
		case err != nil:
			return nil, &Unreadable{"文本读不下去", err.Error()}
		}
		begin, _ := r.FieldPos(0)
		row += begin - line // 1, and the blank lines between
		line = begin
		for c, cell := range record {
			line += strings.Count(cell, "\n")
			if err := b.set(row, c, textCell(cell)); err != nil {
				return nil, err
			}
		}
	}
}

// sound writes the text of a file as package csv wants it, which takes quotes and
// line ends at their word, where spreadsheet programs take them as people mean
// them: a cell that does not begin with a quote may have quotes in it (="4105…",
// =HYPERLINK("…"), a nickname), a nickname may be followed by more, and a line
// may end with CR alone. A quote that has no end stays as it is, and is refused:
// it would swallow the rows below.
func sound(text []byte, comma byte) []byte {
	if !bytes.ContainsAny(text, "\"\r") {
		return text
	}
	ends := string(comma) + "\r\n"
	b := make([]byte, 0, len(text)+len(text)/16)
	for len(text) > 0 {
		n := 0
		switch quoted := text[0] == '"'; {
		case quoted:
			if n = closed(text); n < 0 || n < len(text) && strings.IndexByte(ends, text[n]) < 0 && bytes.ContainsAny(text[:n], ends) {
				return append(b, text...)
			}
			if n == len(text) || strings.IndexByte(ends, text[n]) >= 0 {
				b = append(b, text[:n]...)
				break
			}
			fallthrough
		default:
			if n = bytes.IndexAny(text, ends); n < 0 {
				n = len(text)
			}
			if cell := text[:n]; bytes.IndexByte(cell, '"') >= 0 {
				b = append(b, '"')
				b = append(b, bytes.ReplaceAll(cell, []byte(`"`), []byte(`""`))...)
				b = append(b, '"')
			} else {
				b = append(b, cell...)
			}
		}
		if text = text[n:]; len(text) == 0 {
			break
		}
		if text[0] == comma {
			b, text = append(b, comma), text[1:]
			continue
		}
		// CR CR LF comes of a program that ends lines which have an end: one end.
		n = 1
		for _, end := range []string{"\r\n", "\r\r\n"} {
			if bytes.HasPrefix(text, []byte(end)) {
				n = len(end)
			}
		}
		b, text = append(b, '\n'), text[n:]
	}
	return b
}

// closed is where a cell ends that begins with a quote, or -1.
func closed(text []byte) int {
	for i := 1; i < len(text); i++ {
		next := bytes.IndexByte(text[i:], '"')
		if next < 0 {
			return -1
		}
		if i += next + 1; i >= len(text) || text[i] != '"' {
			return i
		}
	}
	return -1
}

// textCell reads a cell that has only its text: ="…" is how programs keep a
// number from becoming a float; any other formula has no value here.
func textCell(s string) Cell {
	if kept, ok := keptAsText(s); ok {
		s = kept
	} else if strings.HasPrefix(s, "=") {
		return Cell{Text: s, Kind: Error, Formula: true}
	}
	if strings.TrimSpace(s) == "" {
		return Cell{}
	}
	return Cell{Text: s, Kind: Text}
}

// keptAsText takes the text out of ="…".
func keptAsText(s string) (string, bool) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(s), `="`)
	if !ok || len(rest) == 0 || strings.IndexByte(rest, '"') != len(rest)-1 {
		return "", false
	}
	return rest[:len(rest)-1], true
}

// decode makes UTF-8 of a text file. GBK is read as GB18030, which contains it.
func decode(data []byte) (text []byte, name string, err error) {
	from, name := encoding.Encoding(nil), ""
	switch {
	case bytes.HasPrefix(data, []byte("\uFEFF")):
		data, name = data[len("\uFEFF"):], "UTF-8 BOM"
		if !utf8.Valid(data) {
			return nil, "", &Unreadable{"有 UTF-8 标记，内容却不是 UTF-8", "marked as UTF-8, which it is not"}
		}
		return data, name, nil
	case utf8.Valid(data):
		return data, "UTF-8", nil
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		from, name = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "UTF-16"
	default:
		from, name = simplifiedchinese.GB18030, "GB18030"
	}
	text, err = from.NewDecoder().Bytes(data)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return nil, "", &Unreadable{"既非 UTF-8 也非 GBK、GB18030", "neither UTF-8 nor GBK nor GB18030"}
	}
	return text, name, nil
}
