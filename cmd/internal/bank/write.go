package bank

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"reliefledger.org/ledger/domain"
)

// Encoding is that of a text file.
type Encoding string

// codec returns what encodes, nil for an encoding that nobody knows.
func codec(e Encoding) encoding.Encoding {
	switch e {
	case "utf-8":
		return unicode.UTF8
	case "utf-8-bom":
		return unicode.UTF8BOM
	case "gbk":
		return simplifiedchinese.GBK
	case "gb18030":
		return simplifiedchinese.GB18030
	}
	return nil
}

// Write writes the list that the bank pays from: the same transfers always give
// the same bytes. A bank's file is not changed to make it harmless in a
// spreadsheet; a name that begins like a formula is refused. Errors: *Problems.
func (t *Template) Write(list []Transfer) ([]byte, error) {
	bad := &Problems{}
	var sum domain.Fen
	rows := [][]string{}
	for i, x := range list {
		sum += x.Fen
		if x.Name != "" && strings.ContainsAny(x.Name[:1], "=+-@\t\r") || strings.ContainsAny(x.Name, "\r\n\t") {
			bad.Add(i+1, "name", "户名不能以 = + - @ 开头，也不能有换行", "a name does not begin with = + - @, nor have line breaks")
		}
		if x.Name == "" || x.Account == "" {
			bad.Add(i+1, "name", "缺户名或账号", "the name or the account is missing")
		}
		row := make([]string, len(t.Columns))
		for c, column := range t.Columns {
			row[c] = column.of(i+1, x)
		}
		rows = append(rows, row)
	}
	summary := make([]string, len(t.Summary))
	for c, column := range t.Summary {
		summary[c] = column.sum(len(list), sum)
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	if t.Format == Fixed {
		return t.fixed(rows, summary)
	}
	if t.Head {
		head := make([]string, len(t.Columns))
		for c, column := range t.Columns {
			head[c] = column.Heading
		}
		rows = append([][]string{head}, rows...)
	}
	switch t.SummaryAt {
	case First:
		rows = append([][]string{summary}, rows...)
	case Last:
		rows = append(rows, summary)
	}
	if t.Format == XLSX {
		return workbook(rows)
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	if err := w.WriteAll(rows); err != nil {
		return nil, err
	}
	return t.encode(b.String())
}

func (c Column) of(no int, x Transfer) string {
	switch c.Value {
	case No:
		return fmt.Sprint(no)
	case Reference:
		return x.Reference
	case Account:
		return x.Account
	case Name:
		return x.Name
	case Yuan:
		return x.Fen.Plain()
	case InFen:
		return fmt.Sprint(int64(x.Fen))
	}
	return c.Text
}

func (c Column) sum(count int, sum domain.Fen) string {
	switch c.Value {
	case Count:
		return fmt.Sprint(count)
	case SumYuan:
		return sum.Plain()
	case SumFen:
		return fmt.Sprint(int64(sum))
	}
	return c.Text
}

// encode writes text in the template's encoding. What that lacks is named by its
// line, and never written as something else.
func (t *Template) encode(text string) ([]byte, error) {
	out, err := codec(t.Encoding).NewEncoder().String(text)
	if err == nil {
		return []byte(out), nil
	}
	bad := &Problems{}
	for i, line := range strings.Split(text, "\n") {
		for _, r := range line {
			if _, err := codec(t.Encoding).NewEncoder().String(string(r)); err != nil {
				bad.Add(i+1, "", fmt.Sprintf("编码 %s 没有“%c”这个字：请改用 gb18030 或 utf-8 的模板", t.Encoding, r), fmt.Sprintf("the encoding %s lacks %c: use a template in gb18030 or utf-8", t.Encoding, r))
			}
		}
	}
	return nil, bad.Err()
}

// fixed writes text of which each column has so many bytes.
func (t *Template) fixed(rows [][]string, summary []string) ([]byte, error) {
	var b bytes.Buffer
	bad := &Problems{}
	line := func(no int, columns []Column, cells []string) {
		for i, c := range columns {
			text, err := t.encode(cells[i])
			if err != nil {
				bad.Add(no, c.Heading, fmt.Sprintf("编码 %s 写不出 %q", t.Encoding, cells[i]), fmt.Sprintf("the encoding %s cannot write %q", t.Encoding, cells[i]))
				continue
			}
			if len(text) > c.Width {
				bad.Add(no, c.Heading, fmt.Sprintf("%d 字节，栏宽 %d", len(text), c.Width), fmt.Sprintf("%d bytes, the column has %d", len(text), c.Width))
				continue
			}
			fill := c.Fill
			if fill == "" {
				fill = " "
			}
			pad := strings.Repeat(fill, c.Width-len(text))
			if c.Right {
				b.WriteString(pad)
			}
			b.Write(text)
			if !c.Right {
				b.WriteString(pad)
			}
		}
		b.WriteString("\r\n")
	}
	if t.SummaryAt == First {
		line(0, t.Summary, summary)
	}
	for i, r := range rows {
		line(i+1, t.Columns, r)
	}
	if t.SummaryAt == Last {
		line(0, t.Summary, summary)
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// workbook writes cells as text: an account is no number, and keeps its zeros.
func workbook(rows [][]string) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return nil, err
	}
	for i, r := range rows {
		cells := make([]any, len(r))
		for c, cell := range r {
			cells[c] = cell
		}
		at, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			return nil, err
		}
		if err := w.SetRow(at, cells); err != nil {
			return nil, err
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
