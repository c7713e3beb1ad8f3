package sheets

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"reliefledger.org/ledger/domain"
)

func file(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The same sheet as .xlsx, .xls and XML is the same grid.
func TestSameGrid(t *testing.T) {
	for _, name := range []string{"messy", "bad", "digits"} {
		grids := map[string]string{}
		for _, kind := range []string{".xlsx", ".xls", "-xml.xls"} {
			g, err := Read(file(t, name+kind))
			if err != nil {
				t.Fatal(err)
			}
			g.Format, g.Encoding = "", ""
			for i := range g.Sheets { // in what order blocks stand means nothing
				g.Sheets[i].Merges, g.Sheets[i].covered = nil, nil
			}
			grids[kind] = fmt.Sprintf("%+v", g)
		}
		for kind, got := range grids {
			if want := grids[".xlsx"]; got != want {
				t.Errorf("%s%s is\n%s\nthe .xlsx is\n%s", name, kind, got, want)
			}
		}
	}
}

// A web page has one sheet and texts alone; its rows are read as the same.
func TestSameRows(t *testing.T) {
	for _, name := range []string{"messy", "digits"} {
		var rows []string
		for _, kind := range []string{".xlsx", "-html.xls"} {
			g, err := Read(file(t, name+kind))
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, fmt.Sprintf("%+v", Understand(g, Options{Form: domain.Cash}).Rows))
		}
		if rows[0] != rows[1] {
			t.Errorf("%s.xlsx has %s\n-html.xls has %s", name, rows[0], rows[1])
		}
	}
}

func TestCells(t *testing.T) {
	for _, name := range []string{"messy.xlsx", "messy.xls", "messy-xml.xls"} {
		g, err := Read(file(t, name))
		if err != nil {
			t.Fatal(err)
		}
		s := &g.Sheets[1]
		for _, x := range []struct {
			row, column int
			want        Cell
		}{
			{4, 0, Cell{Text: "1", Kind: Numeric}},
			{4, 1, Cell{Text: "张  三", Kind: Text}},
			{6, 4, Cell{Text: "300", Kind: Numeric, Formula: true}},
			{4, 7, Cell{Text: "2026-01-10", Kind: Date}},
			{5, 3, Cell{}},
		} {
			if got := s.At(x.row, x.column); got != x.want {
				t.Errorf("%s %s is %+v, want %+v", name, Ref(x.row, x.column), got, x.want)
			}
		}
		if got := s.MergedFrom(6, 3); got != "D5" {
			t.Errorf("%s: D7 is merged from %q, want D5", name, got)
		}
	}
}

// Numbers are shown as spreadsheets show them, which is with 15 digits.
func TestNumbers(t *testing.T) {
	for raw, want := range map[float64]string{466.53000000000003: "466.53", 990527194001011234: "9.90527194001011E+17", 123456789012345: "123456789012345", 0.1: "0.1", -5: "-5", 1e-12: "1E-12"} {
		if got := numberCell(raw).Text; got != want {
			t.Errorf("%v is shown as %s, want %s", raw, got, want)
		}
	}
	for code, want := range map[string]bool{"yyyy-mm-dd": true, `yyyy"年"m"月"`: true, "General": false, `#,##0.00"元/day"`: false, "[Red]0.00": false, "[$-804]yyyy": true, "@": false} {
		if datesAs(164, code) != want {
			t.Errorf("%s shows dates: %v", code, !want)
		}
	}
}

func TestEncodings(t *testing.T) {
	text := "姓名,金额\n王𠮷,600\n"
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(strings.ReplaceAll(text, "𠮷", "吉"))
	if err != nil {
		t.Fatal(err)
	}
	u16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(strings.ReplaceAll(text, ",", "\t"))
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{text: "UTF-8", "\ufeff" + text: "UTF-8 BOM", gb: "GB18030", gbk: "GB18030", u16: "UTF-16"} {
		g, err := Read([]byte(in))
		if err != nil {
			t.Fatal(want, err)
		}
		if g.Encoding != want || !strings.HasPrefix(g.Sheets[0].At(1, 0).Text, "王") || g.Sheets[0].At(1, 1).Text != "600" {
			t.Errorf("%s was read as %+v", want, g)
		}
	}
}

// A row of a text file has the number that spreadsheets show for it.
func TestRowsOfText(t *testing.T) {
	g, err := Read([]byte("a\n\n\"b\nb\"\n\nc\n"))
	if err != nil {
		t.Fatal(err)
	}
	for row, want := range []string{"a", "", "b\nb", "", "c"} {
		if got := g.Sheets[0].At(row, 0).Text; got != want {
			t.Errorf("row %d is %q, want %q", row+1, got, want)
		}
	}
}

// packed makes a zip of parts.
func packed(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range parts {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// parts are those of an .xlsx whose sheet has this XML.
func parts(sheet string) map[string]string {
	const (
		head = `<?xml version="1.0" encoding="UTF-8"?>`
		main = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
		rels = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/`
	)
	return map[string]string{
		"[Content_Types].xml":        head + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
		"_rels/.rels":                head + rels + `officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            head + `<workbook ` + main + ` xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": head + rels + `worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   head + `<worksheet ` + main + `><sheetData>` + sheet + `</worksheet>`,
	}
}

func book(t testing.TB, sheet string) []byte { return packed(t, parts(sheet)) }

func TestHandMadeXLSX(t *testing.T) {
	g, err := Read(book(t, `<row><c t="inlineStr"><is><t>姓名</t></is></c><c t="b"><v>1</v></c></row><row r="3"><c r="B3"><f>A1</f></c><c t="e"><v>#REF!</v></c></row></sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>`))
	if err != nil {
		t.Fatal(err)
	}
	s := &g.Sheets[0]
	for ref, got := range map[string][2]Cell{
		"A1": {s.At(0, 0), {Text: "姓名", Kind: Text}}, "B1": {s.At(0, 1), {Text: "TRUE", Kind: Text}},
		"B3": {s.At(2, 1), {Kind: Error, Formula: true}}, "C3": {s.At(2, 2), {Text: "#REF!", Kind: Error}},
	} {
		if got[0] != got[1] {
			t.Errorf("%s is %+v, want %+v", ref, got[0], got[1])
		}
	}
}

// What is not a roster, too large or torn is refused with a sentence.
func TestUnreadable(t *testing.T) {
	xlsx, xls := file(t, "messy.xlsx"), file(t, "messy.xls")
	for name, x := range map[string]struct {
		data []byte
		want string
	}{
		"empty":           {nil, "empty"},
		"only blanks":     {[]byte(" \r\n"), "empty"},
		"a web page":      {[]byte("<html><p>请先登录</p></html>"), "a web page or XML without a table"},
		"half a web page": {[]byte("<table><tr><td>姓名"), "not the whole of a web page"},
		"a mail":          {[]byte("MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\nContent-Type: multipart/related; boundary=\"x\"\r\n\r\n<html><table></table>"), ".mht"},
		"a PDF":           {[]byte("%PDF-1.7"), "a PDF"},
		"zeros":           {make([]byte, 100), "neither text"},
		"neither":         {[]byte("\xff\xff\xff"), "neither UTF-8"},
		"quotes":          {[]byte("a,\"b\nc"), "quotes do not match"},
		"half an .xlsx":   {xlsx[:len(xlsx)/2], "not a sound .xlsx"},
		"half an .xls":    {xls[:len(xls)/2], ".xls"},
		"a zip":           {packed(t, map[string]string{"a": "b"}), "a zip without a workbook"},
		"too large":       {make([]byte, MaxFile+1), "are allowed"},
		"a bomb":          {book(t, "<row>"+strings.Repeat(" ", maxSheetPart)), "too large when unpacked"},
		"too many rows":   {book(t, `<row r="1048576"><c t="str"><v>a</v></c></row></sheetData>`), "rows"},
		"too many cells":  {[]byte(strings.Repeat(strings.Repeat(",", MaxColumns-1)+"a\n", MaxCells/MaxColumns+1)), "cells"},
		"too wide":        {[]byte(strings.Repeat(",", MaxColumns) + "a"), "columns"},
		"rows in reverse": {book(t, `<row r="2"/><row r="1"/></sheetData>`), "not a sound .xlsx"},
		"a long cell":     {[]byte("a," + strings.Repeat("长", MaxText+1)), "characters"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(x.data)
			var unreadable *Unreadable
			if !errors.As(err, &unreadable) || !strings.Contains(err.Error(), x.want) {
				t.Errorf("got %v, want a sentence with %q", err, x.want)
			}
		})
	}
}

func TestPassword(t *testing.T) {
	f := excelize.NewFile()
	var b bytes.Buffer
	if err := f.Write(&b, excelize.Options{Password: "x"}); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(b.Bytes()); !errors.Is(err, errPassword) {
		t.Errorf("got %v", err)
	}
}

// The most expensive files within the limits stay under 512 MiB.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	var texts strings.Builder
	for range maxSharedStrings {
		texts.WriteString("<si><t>a</t></si>")
	}
	shared := parts(`<row><c t="s"><v>0</v></c></row></sheetData>`)
	shared["xl/sharedStrings.xml"] = `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` + texts.String() + `</sst>`
	for name, made := range map[string]func() []byte{
		"cells": func() []byte {
			return book(t, strings.Repeat(`<row>`+strings.Repeat("<c><v>1</v></c>", MaxColumns)+`</row>`, MaxCells/MaxColumns)+`</sheetData>`)
		},
		"texts": func() []byte { return packed(t, shared) },
		"text":  func() []byte { return []byte(strings.Repeat("甲,1\n", MaxFile/6)) },
		"page": func() []byte {
			return []byte("<table>" + strings.Repeat("<tr>"+strings.Repeat("<td>甲", MaxColumns), MaxCells/MaxColumns) + "</table>")
		},
		"tags": func() []byte {
			return []byte("<table><td " + strings.Repeat("a ", maxToken/2-10) + ">" + strings.Repeat("<td rowspan=2>", (MaxFile-maxToken)/15) + "</table>")
		},
		"XML": func() []byte {
			return []byte(book2003(strings.Repeat("<Row>"+strings.Repeat("<Cell/>", MaxColumns)+"</Row>", MaxFile/7/MaxColumns-10)))
		},
		"names": func() []byte {
			return []byte(book2003("<Row" + strings.Repeat(` a=""`, maxTag/5-20) + "/>" + strings.Repeat("<Row/>", MaxFile/7)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			data := made()
			runtime.GC()
			most, done := make(chan uint64), make(chan struct{})
			go func() {
				top, every := uint64(0), time.NewTicker(5*time.Millisecond)
				defer every.Stop()
				for {
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					top = max(top, m.HeapAlloc)
					select {
					case <-done:
						most <- top
						return
					case <-every.C:
					}
				}
			}()
			g, err := Read(data)
			close(done)
			top := <-most
			t.Logf("%d MiB, read: %v, %v", top>>20, g != nil, err)
			if top > 512<<20 {
				t.Errorf("%d MiB", top>>20)
			}
		})
	}
}
