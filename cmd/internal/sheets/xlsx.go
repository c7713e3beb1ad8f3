package sheets

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// The limits of an .xlsx once it is unpacked. A sheet of 100,000 rows has some
// 50 MiB. Texts cost a reader 150 bytes each beside their own.
const (
	maxUnzipped      = 160 << 20 // all parts
	maxSheetPart     = 96 << 20  // one sheet
	maxOtherPart     = 8 << 20   // styles and whatever else is parsed as a whole
	maxPicture       = 32 << 20
	maxParts         = 5_000
	maxSharedStrings = 1_000_000
)

var errDamagedXLSX = &Unreadable{"不是完好的 .xlsx", "not a sound .xlsx"}

// readXLSX reads an .xlsx in two passes over each sheet: the values come from
// excelize's stream of rows, which resolves shared texts; [scan] adds what that
// does not tell, the kinds of the cells, formulas, merged blocks, hidden rows.
// The other calls of excelize would tell too, but keep the whole sheet in memory
// and look through all merged blocks for every cell.
func readXLSX(data []byte) (*Grid, error) {
	if err := checkZip(data); err != nil {
		return nil, err
	}
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{RawCellValue: true, UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxUnzipped})
	if err != nil {
		return nil, &Unreadable{errDamagedXLSX.Zh, errDamagedXLSX.En + ": " + err.Error()}
	}
	defer f.Close()
	part := func(name string) []byte {
		text, _ := f.Pkg.Load(name)
		b, _ := text.([]byte)
		return b
	}
	unescaped := func(name string) []byte {
		text := part(name)
		if bytes.Contains(text, []byte("_x")) {
			text = joinHalves(text)
			f.Pkg.Store(name, text)
		}
		return text
	}
	unescaped("xl/sharedStrings.xml")
	if bytes.Count(part("xl/sharedStrings.xml"), []byte("<si")) > maxSharedStrings {
		return nil, &Unreadable{fmt.Sprintf("文字超过 %d 条", maxSharedStrings), fmt.Sprintf("more than %d texts", maxSharedStrings)}
	}
	parts, err := sheetParts(part("xl/_rels/workbook.xml.rels"))
	if err != nil {
		return nil, err
	}
	dates := dateStyles(f)
	b := builder{grid: Grid{Format: "xlsx"}}
	if f.WorkBook == nil || len(f.GetSheetList()) == 0 {
		return nil, &Unreadable{"没有工作表", "no sheets"}
	}
	since1904 := f.WorkBook.WorkbookPr != nil && f.WorkBook.WorkbookPr.Date1904
	for _, s := range f.WorkBook.Sheets.Sheet {
		name := parts[s.ID]
		text := unescaped(name)
		if text == nil || !strings.HasPrefix(name, "xl/worksheets/") {
			continue // a chart, or a sheet that is not there
		}
		if err := b.sheet(unescape(s.Name), s.State != "" && s.State != "visible"); err != nil {
			return nil, err
		}
		cells, merges, err := scan(text, b.now())
		if err != nil {
			return nil, err
		}
		if err := fill(&b, f, s.Name, cells, dates, since1904); err != nil {
			return nil, err
		}
		for _, m := range merges {
			if err := b.merge(m); err != nil {
				return nil, err
			}
		}
	}
	return &b.grid, nil
}

// checkZip looks at the sizes before anything is unpacked. An entry that says
// less than it holds is an error of the unpacking.
func checkZip(data []byte) error {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return errDamagedXLSX
	}
	if len(z.File) > maxParts {
		return &Unreadable{".xlsx 内部文件过多", "too many parts in the .xlsx"}
	}
	workbook, total := false, uint64(0)
	for _, f := range z.File {
		name := strings.ToLower(strings.ReplaceAll(f.Name, "\\", "/"))
		limit := uint64(maxOtherPart)
		switch {
		case strings.HasPrefix(name, "xl/worksheets/"), name == "xl/sharedstrings.xml":
			limit = maxSheetPart
		case strings.HasPrefix(name, "xl/media/"), strings.HasPrefix(name, "xl/embeddings/"):
			limit = maxPicture
		case name == "xl/workbook.xml":
			workbook = true
		}
		total += f.UncompressedSize64
		if f.UncompressedSize64 > limit || total > maxUnzipped {
			return &Unreadable{"解压后过大：" + f.Name, "too large when unpacked: " + f.Name}
		}
	}
	if !workbook {
		return &Unreadable{"压缩文件里没有工作簿，不是 .xlsx", "a zip without a workbook, not an .xlsx"}
	}
	return nil
}

// sheetParts reads which part of the file each sheet is.
func sheetParts(rels []byte) (map[string]string, error) {
	var list struct {
		Relationship []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		}
	}
	if err := xml.Unmarshal(rels, &list); err != nil {
		return nil, errDamagedXLSX
	}
	parts := map[string]string{}
	for _, r := range list.Relationship {
		if rest, absolute := strings.CutPrefix(r.Target, "/"); absolute {
			parts[r.ID] = rest
		} else {
			parts[r.ID] = path.Join("xl", r.Target)
		}
	}
	return parts, nil
}

// dateStyles returns which styles show numbers as dates.
func dateStyles(f *excelize.File) func(style int) bool {
	known := map[int]bool{}
	return func(id int) bool {
		is, ok := known[id]
		if !ok {
			if style, err := f.GetStyle(id); err == nil {
				code := ""
				if style.CustomNumFmt != nil {
					code = unescape(*style.CustomNumFmt)
				}
				is = datesAs(style.NumFmt, code)
			}
			known[id] = is
		}
		return is
	}
}

// scanned is what a cell's element says of it.
type scanned struct {
	row, column int32
	style       int32
	kind        byte // its t attribute: n, s (also inlineStr), f (str), b, e, d
	formula     bool
}

// scan reads of a sheet's XML what the stream of rows leaves out.
func scan(text []byte, s *Sheet) (cells []scanned, merges []Merge, err error) {
	d := xml.NewDecoder(bytes.NewReader(text))
	row, column := int32(-1), int32(-1)
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return cells, merges, nil
		}
		if err != nil {
			return nil, nil, errDamagedXLSX
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "row":
			row, column = row+1, -1
			for _, a := range e.Attr {
				switch a.Name.Local {
				case "r":
					n, err := strconv.ParseInt(a.Value, 10, 32)
					if err != nil || n < 1 || n > excelize.TotalRows || int32(n) <= row {
						return nil, nil, errDamagedXLSX // also rows out of order
					}
					row = int32(n) - 1
				case "hidden":
					if a.Value == "1" || a.Value == "true" {
						s.HiddenRows = append(s.HiddenRows, int(row))
					}
				}
			}
		case "c":
			column++
			c := scanned{row: row, kind: 'n'}
			for _, a := range e.Attr {
				switch a.Name.Local {
				case "r":
					x, y, err := excelize.CellNameToCoordinates(a.Value)
					if err != nil || int32(y) != row+1 || int32(x) <= column {
						return nil, nil, errDamagedXLSX
					}
					column = int32(x) - 1
				case "s":
					n, _ := strconv.ParseInt(a.Value, 10, 32)
					c.style = int32(n)
				case "t":
					switch a.Value {
					case "s", "inlineStr":
						c.kind = 's'
					case "str":
						c.kind = 'f'
					case "b", "e", "d":
						c.kind = a.Value[0]
					}
				}
			}
			c.column = column
			cells = append(cells, c)
			if len(cells) > 2*MaxCells { // empty ones have a format and take no room later
				return nil, nil, &Unreadable{s.Name + "：单元格过多", s.Name + ": too many cells"}
			}
		case "f":
			if len(cells) > 0 {
				cells[len(cells)-1].formula = true
			}
		case "mergeCell":
			for _, a := range e.Attr {
				if a.Name.Local != "ref" {
					continue
				}
				from, to, ok := strings.Cut(a.Value, ":")
				if !ok {
					continue
				}
				x1, y1, err1 := excelize.CellNameToCoordinates(from)
				x2, y2, err2 := excelize.CellNameToCoordinates(to)
				if err1 != nil || err2 != nil {
					return nil, nil, errDamagedXLSX
				}
				merges = append(merges, Merge{y1 - 1, x1 - 1, y2 - 1, x2 - 1})
			}
		}
	}
}

// fill puts the values of a sheet's rows together with what was scanned.
func fill(b *builder, f *excelize.File, sheet string, cells []scanned, dates func(int) bool, since1904 bool) error {
	rows, err := f.Rows(sheet)
	if err != nil {
		return errDamagedXLSX
	}
	defer rows.Close()
	at := 0
	for row := int32(0); rows.Next(); row++ {
		values, err := rows.Columns()
		if err != nil {
			return &Unreadable{errDamagedXLSX.Zh, errDamagedXLSX.En + ": " + err.Error()}
		}
		for ; at < len(cells) && cells[at].row == row; at++ {
			c := cells[at]
			text := ""
			if int(c.column) < len(values) {
				text = values[c.column]
			}
			if err := b.set(int(row), int(c.column), c.cell(text, dates, since1904)); err != nil {
				return err
			}
		}
	}
	if rows.Error() != nil || at < len(cells) {
		return errDamagedXLSX
	}
	return nil
}

// cell makes a cell of its text and what was scanned of it.
func (s scanned) cell(text string, dates func(int) bool, since1904 bool) Cell {
	if strings.TrimSpace(text) == "" {
		if s.formula && s.kind != 's' && s.kind != 'f' {
			return Cell{Kind: Error, Formula: true}
		}
		return Cell{}
	}
	c := Cell{Text: text, Kind: Text}
	switch s.kind {
	case 'f':
		c.Text = unescape(text) // excelize decodes the other texts
	case 'e':
		c.Kind = Error
	case 'd':
		c.Kind = Date
		c.Text, _, _ = strings.Cut(text, "T00:00:00")
	case 'b':
		if word, ok := map[string]string{"0": "FALSE", "1": "TRUE"}[text]; ok {
			c.Text = word
		}
	case 'n':
		n, err := strconv.ParseFloat(text, 64)
		switch {
		case err != nil:
			c.Kind = Error
		case dates(int(s.style)):
			c = dateCell(n, since1904)
		default:
			c = numberCell(n)
		}
	}
	c.Formula = s.formula
	return c
}
