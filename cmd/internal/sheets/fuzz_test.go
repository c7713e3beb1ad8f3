package sheets

import (
	"bytes"
	"testing"

	"reliefledger.org/ledger/domain"
)

// Whatever the bytes are, reading ends, nothing panics, and what was read can be
// understood and shown.
func fuzzed(t *testing.T, g *Grid, err error) {
	if err != nil {
		return
	}
	r := Understand(g, Options{File: "x", Form: domain.Cash})
	if err := r.Preview(&bytes.Buffer{}, domain.Zh); err != nil {
		t.Fatal(err)
	}
	sum := domain.Fen(0)
	for _, row := range r.Rows {
		for _, g := range row.Give {
			sum += g.Amount.Fen()
		}
	}
	if len(r.Errors) == 0 && sum != r.Sum.Fen() {
		t.Fatalf("rows add up to %s, the roster says %s", sum, r.Sum.Fen())
	}
}

func FuzzCSV(f *testing.F) {
	for _, name := range []string{"messy-gb18030.csv", "messy-bom.tsv"} {
		f.Add(file(f, name))
	}
	f.Add([]byte("姓名,身份证号,金额\n张三,990527194001010012,六百元\n合计,,1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := readText(data)
		fuzzed(t, g, err)
	})
}

// FuzzXLSX changes the sheet inside a sound file: what a fuzzer makes of a zip
// is seldom one.
func FuzzXLSX(f *testing.F) {
	f.Add([]byte(`<row r="1"><c r="A1" t="inlineStr"><is><t>姓名</t></is></c><c r="B1" t="str"><v>金额</v></c></row><row r="2"><c r="A2" t="str"><v>甲</v></c><c r="B2"><f>1+1</f><v>2</v></c></row></sheetData><mergeCells><mergeCell ref="A2:A3"/></mergeCells>`))
	f.Add([]byte(`<row><c t="s"><v>0</v></c><c s="1"><v>1e400</v></c><c t="d"><v>2020-01-01</v></c></row></sheetData>`))
	f.Add([]byte(`<row><c t="str"><v>_xD873__xDC56_</v></c><c t="inlineStr"><is><t>_x005F_xD873_</t></is></c></row></sheetData>`))
	f.Fuzz(func(t *testing.T, sheet []byte) {
		g, err := Read(book(t, string(sheet)))
		fuzzed(t, g, err)
	})
}

func FuzzXLS(f *testing.F) {
	for _, name := range []string{"messy.xls", "bad.xls", "digits.xls"} {
		f.Add(file(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := Read(append(bytes.Clone(oleMagic), data[min(len(data), len(oleMagic)):]...))
		fuzzed(t, g, err)
	})
}

// FuzzBIFF changes the records of an .xls without its file system around them.
func FuzzBIFF(f *testing.F) {
	for _, name := range []string{"messy.xls", "digits.xls"} {
		stream, err := workbookStream(file(f, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(stream)
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		w := workbook{stream: stream, formats: map[int]string{}}
		err := w.read()
		fuzzed(t, &w.b.grid, err)
	})
}

// FuzzHTML and FuzzXML2003 give their decoders what Read would hand to another.
func FuzzHTML(f *testing.F) {
	for _, name := range []string{"messy-html.xls", "bad-html.xls", "digits-html.xls"} {
		f.Add(file(f, name))
	}
	f.Add([]byte(`<h1>名单</h1><table><caption>一</caption><tr><td rowspan=2>姓名<td colspan=2>金额<tr><td x:num="6E2">600<td hidden></table>`))
	f.Add([]byte(`<table><tr><td><table><tr><td sdval=1>1</td></tr></table></td></tr></table><p>完<br>了`))
	f.Add([]byte(`<table><tbody><tr style=display:none><td rowspan=0 x:fmla="=1" x:err>#N/A</tbody><tr><td>="1"<script></td></script></table>`))
	f.Fuzz(func(t *testing.T, page []byte) {
		text, _, err := decodeMarkup(page)
		if err != nil {
			return
		}
		g, err := readHTML(text)
		fuzzed(t, g, err)
	})
}

func FuzzXML2003(f *testing.F) {
	for _, name := range []string{"messy-xml.xls", "bad-xml.xls", "digits-xml.xls"} {
		f.Add(file(f, name))
	}
	f.Add([]byte(book2003(`<Row ss:Index="2" ss:Span="1" ss:Hidden="1"><Cell ss:Index="2" ss:MergeDown="1" ss:MergeAcross="1"><Data ss:Type="String">姓名</Data><Comment><Data>x</Data></Comment></Cell><Cell ss:StyleID="d"><Data ss:Type="Number">1e18</Data></Cell></Row>`)))
	f.Add([]byte(`<?xml version="1.0" encoding="gb2312"?><Workbook><ExcelWorkbook><Date1904/></ExcelWorkbook><Worksheet><WorksheetOptions><Visible>SheetHidden</Visible></WorksheetOptions></Worksheet></Workbook>`))
	f.Fuzz(func(t *testing.T, book []byte) {
		text, _, err := decodeMarkup(book)
		if err != nil {
			return
		}
		g, err := readXML2003(text)
		fuzzed(t, g, err)
	})
}
