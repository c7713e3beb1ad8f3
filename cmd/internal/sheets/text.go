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
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	if head := text[:min(len(text), 8<<10)]; bytes.Count(head, []byte("\t")) > bytes.Count(head, []byte(",")) {
		r.Comma, b.grid.Format = '\t', "TSV"
	}
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

// textCell reads a cell of a text file. ="…" is how programs keep a number from
// becoming a float; any other formula has no value here.
func textCell(s string) Cell {
	if rest, ok := strings.CutPrefix(s, `="`); ok && len(rest) > 0 && strings.IndexByte(rest, '"') == len(rest)-1 {
		s = rest[:len(rest)-1]
	} else if strings.HasPrefix(s, "=") {
		return Cell{Text: s, Kind: Error, Formula: true}
	}
	if strings.TrimSpace(s) == "" {
		return Cell{}
	}
	return Cell{Text: s, Kind: Text}
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
