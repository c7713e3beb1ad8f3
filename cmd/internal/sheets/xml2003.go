package sheets

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// An XML of Excel 2003 (SpreadsheetML) has one element for each thing: Workbook,
// Worksheet, Table, Row, Cell, Data. Rows and cells stand one after the other,
// and where some are left out the next one says its number (ss:Index, from 1).

// The limits of an XML beside those of every grid. A text of the longest cell
// has a quarter of maxTag when each of its characters is written as a number.
const (
	maxTag   = 1 << 20 // bytes between two tags, or of one
	maxDepth = 100     // elements inside each other
)

var errDamagedXML = &Unreadable{"不是完好的 Excel 2003 XML", "not a sound XML of Excel 2003"}

// The paths of the elements that matter.
var (
	styleOf2003  = []string{"Workbook", "Styles", "Style"}
	formatOf2003 = append(slices.Clip(styleOf2003), "NumberFormat")
	epochOf2003  = []string{"Workbook", "ExcelWorkbook", "Date1904"}
	sheetOf2003  = []string{"Workbook", "Worksheet"}
	shownOf2003  = append(slices.Clip(sheetOf2003), "WorksheetOptions", "Visible")
	rowOf2003    = append(slices.Clip(sheetOf2003), "Table", "Row")
	cellOf2003   = append(slices.Clip(rowOf2003), "Cell")
	dataOf2003   = append(slices.Clip(cellOf2003), "Data")
)

// xml2003 reads an XML of Excel 2003 element by element.
type xml2003 struct {
	b         builder
	path      []string // the elements that are open
	styles    map[string]style2003
	style     string // whose formats come next
	since1904 bool
	row       int // the present row, from 0
	nextRow   int
	column    int // of the present cell, from 0
	next      int // where the next cell is if it does not say
	present   scanned
	merge     Merge
	merges    []Merge
	text      strings.Builder
}

// style2003 is a style; it has what its parent has.
type style2003 struct{ parent, format string }

func readXML2003(text []byte) (*Grid, error) {
	for rest := text; len(rest) > maxTag; {
		i := bytes.IndexByte(rest[1:maxTag], '<')
		if i < 0 {
			return nil, &Unreadable{"XML 中一段过长", "a part of the XML is too long"}
		}
		rest = rest[1+i:]
	}
	x := xml2003{b: builder{grid: Grid{Format: "XML 2003"}}, styles: map[string]style2003{}}
	d := newXMLDecoder(text)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, &Unreadable{errDamagedXML.Zh, errDamagedXML.En + ": " + err.Error()}
		}
		switch t := token.(type) {
		case xml.StartElement:
			if x.path = append(x.path, t.Name.Local); len(x.path) > maxDepth {
				return nil, errDamagedXML
			}
			err = x.begin(t)
		case xml.EndElement:
			err = x.end()
			x.path = x.path[:len(x.path)-1]
		case xml.CharData:
			// Formatted text has elements inside Data; a comment's Data is not the cell's.
			if x.within(dataOf2003) || x.within(shownOf2003) {
				x.text.Write(t)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	if len(x.b.grid.Sheets) == 0 {
		return nil, &Unreadable{"没有工作表", "no sheets"}
	}
	return &x.b.grid, nil
}

func (x *xml2003) at(path []string) bool { return slices.Equal(x.path, path) }

func (x *xml2003) within(path []string) bool {
	return len(x.path) >= len(path) && slices.Equal(x.path[:len(path)], path)
}

// number2003 reads an attribute that counts; an element without it has otherwise.
func number2003(e xml.StartElement, name string, otherwise int) (int, error) {
	text := attribute(e, name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || n > 1<<20 { // as many rows as any spreadsheet has
		return 0, &Unreadable{errDamagedXML.Zh, fmt.Sprintf("%s: %s=%.20q", errDamagedXML.En, name, text)}
	}
	return int(n), nil
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (x *xml2003) begin(e xml.StartElement) error {
	switch {
	case x.at(styleOf2003):
		x.style = attribute(e, "ID")
		x.styles[x.style] = style2003{parent: attribute(e, "Parent")}
	case x.at(formatOf2003):
		x.styles[x.style] = style2003{x.styles[x.style].parent, attribute(e, "Format")}
	case x.at(epochOf2003):
		x.since1904 = true
	case x.at(sheetOf2003):
		x.row, x.nextRow, x.merges = -1, 0, nil
		return x.b.sheet(attribute(e, "Name"), false)
	case x.at(shownOf2003):
		x.text.Reset()
	case x.at(rowOf2003):
		return x.beginRow(e)
	case x.at(cellOf2003):
		return x.beginCell(e)
	case x.at(dataOf2003):
		x.text.Reset()
		x.present.kind = 's'
		kinds := map[string]byte{"Number": 'n', "DateTime": 'd', "Boolean": 'b', "Error": 'e'}
		if kind, ok := kinds[attribute(e, "Type")]; ok {
			x.present.kind = kind
		}
	}
	return nil
}

func (x *xml2003) beginRow(e xml.StartElement) error {
	index, err := number2003(e, "Index", x.nextRow+1)
	if err != nil {
		return err
	}
	span, err := number2003(e, "Span", 0) // further rows of the same height
	if err != nil {
		return err
	}
	if x.row = index - 1; x.row < x.nextRow {
		return errDamagedXML // also rows out of order
	}
	x.nextRow, x.next = x.row+1+span, 0
	if hidden := attribute(e, "Hidden"); hidden == "1" || hidden == "true" {
		s := x.b.now()
		s.HiddenRows = append(s.HiddenRows, x.row)
	}
	return nil
}

func (x *xml2003) beginCell(e xml.StartElement) error {
	index, err := number2003(e, "Index", x.next+1)
	if err != nil {
		return err
	}
	across, err := number2003(e, "MergeAcross", 0)
	if err != nil {
		return err
	}
	down, err := number2003(e, "MergeDown", 0)
	if err != nil {
		return err
	}
	if x.column = index - 1; x.column < x.next {
		return errDamagedXML
	}
	x.next = x.column + 1 + across
	x.merge = Merge{x.row, x.column, x.row + down, x.column + across}
	x.style = attribute(e, "StyleID")
	x.present = scanned{kind: 'n', formula: attribute(e, "Formula") != ""}
	x.text.Reset()
	return nil
}

func (x *xml2003) end() error {
	switch {
	case x.at(shownOf2003):
		if shown := strings.TrimSpace(x.text.String()); shown != "" {
			x.b.now().Hidden = shown != "SheetVisible"
		}
	case x.at(cellOf2003):
		text := x.text.String()
		if x.present.kind != 's' {
			text = strings.TrimSpace(text)
		}
		if x.present.kind == 'd' {
			text = strings.TrimSuffix(text, ".000")
		}
		if x.merge.Bottom > x.merge.Top || x.merge.Right > x.merge.Left {
			x.merges = append(x.merges, x.merge)
		}
		return x.b.set(x.row, x.column, x.present.cell(text, func(int) bool { return x.showsDate(x.style) }, x.since1904))
	case x.at(sheetOf2003):
		for _, m := range x.merges {
			if err := x.b.merge(m); err != nil {
				return err
			}
			// A program that forgot to number the cells beside a merged one puts all of
			// them a column too far to the left.
			if at, ok := x.b.now().filled(m); ok {
				return &Unreadable{at + " 在合并单元格之内，却另有内容", at + " lies inside merged cells and has a value of its own"}
			}
		}
	}
	return nil
}

// filled finds a cell of a merged block beside its first that has a value.
func (s *Sheet) filled(m Merge) (string, bool) {
	for r := m.Top; r <= min(m.Bottom, len(s.Rows)-1); r++ {
		for c := m.Left; c <= min(m.Right, len(s.Rows[r])-1); c++ {
			if (r != m.Top || c != m.Left) && s.Rows[r][c].Kind != Empty {
				return Ref(r, c), true
			}
		}
	}
	return "", false
}

// showsDate says whether a style shows numbers as dates. Styles have few
// parents; some that are each other's have no end.
func (x *xml2003) showsDate(id string) bool {
	for range 10 {
		style := x.styles[id]
		if style.format != "" {
			return showsDate(style.format)
		}
		id = style.parent
	}
	return false
}
