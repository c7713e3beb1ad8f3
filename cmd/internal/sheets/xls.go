package sheets

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/richardlehane/mscfb"
)

// An .xls is a small file system (OLE2), in which a stream named Workbook has
// records: a number, a length and at most 8,224 bytes each (BIFF8, which every
// program since Excel 97 writes; [MS-XLS] describes it). First come those of the
// workbook, with all texts in one table, then those of each sheet.

var oleMagic = []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")

// The records that matter to a roster.
const (
	recFormula    = 0x0006
	recEOF        = 0x000a
	recDateMode   = 0x0022
	recFilePass   = 0x002f
	recContinue   = 0x003c
	recBoundSheet = 0x0085
	recMulRK      = 0x00bd
	recRString    = 0x00d6
	recXF         = 0x00e0
	recMerged     = 0x00e5
	recSST        = 0x00fc
	recLabelSST   = 0x00fd
	recNumber     = 0x0203
	recLabel      = 0x0204
	recBoolErr    = 0x0205
	recString     = 0x0207
	recRow        = 0x0208
	recRK         = 0x027e
	recFormat     = 0x041e
	recBOF        = 0x0809
)

var (
	errDamagedXLS = &Unreadable{"不是完好的 .xls", "not a sound .xls"}
	errPassword   = &Unreadable{"文件有密码：请去掉密码后另存", "the file has a password: save it without"}
)

// errorNames are the error values of cells.
var errorNames = map[byte]string{0x00: "#NULL!", 0x07: "#DIV/0!", 0x0f: "#VALUE!", 0x17: "#REF!", 0x1d: "#NAME?", 0x24: "#NUM!", 0x2a: "#N/A"}

func readXLS(data []byte) (*Grid, error) {
	stream, err := workbookStream(data)
	if err != nil {
		return nil, err
	}
	w := workbook{stream: stream, formats: map[int]string{}}
	if err := w.read(); err != nil {
		return nil, err
	}
	w.b.grid.Format = "xls"
	return &w.b.grid, nil
}

// workbookStream takes the records out of the file system around them.
func workbookStream(data []byte) ([]byte, error) {
	doc, err := mscfb.New(bytes.NewReader(data))
	if err != nil {
		return nil, errDamagedXLS
	}
	for entry, err := doc.Next(); err == nil; entry, err = doc.Next() {
		switch strings.ToLower(entry.Name) {
		case "encryptedpackage":
			return nil, errPassword
		case "workbook":
			stream, err := io.ReadAll(io.LimitReader(entry, MaxFile))
			if err != nil {
				return nil, errDamagedXLS
			}
			return stream, nil
		case "book":
			return nil, &Unreadable{"Excel 5.0/95 格式过旧：请用表格软件打开，另存为 .xlsx", "written by Excel 5.0/95: open it in a spreadsheet program and save it as .xlsx"}
		}
	}
	return nil, &Unreadable{"文件里没有工作簿（是 Word 或其他文件？）", "no workbook in the file (is it of Word?)"}
}

// workbook reads the records of an .xls.
type workbook struct {
	stream    []byte
	b         builder
	texts     []string
	formats   map[int]string // codes of number formats
	styles    []int          // number format of each style
	since1904 bool
	sheets    []boundSheet
}

type boundSheet struct {
	at     int
	name   string
	hidden bool
}

// record is one record with those that continue it.
type record struct {
	id       int
	segments [][]byte
}

func (r record) data() []byte { return r.segments[0] }

// next reads the record at a position, and where the one after it begins.
func (w *workbook) next(at int) (r record, after int, ok bool) {
	r.id = -1
	for at >= 0 && at+4 <= len(w.stream) {
		id, n := int(binary.LittleEndian.Uint16(w.stream[at:])), int(binary.LittleEndian.Uint16(w.stream[at+2:]))
		if r.id >= 0 && id != recContinue {
			break
		}
		if at+4+n > len(w.stream) {
			return r, at, false
		}
		if r.id < 0 {
			r.id = id
		}
		r.segments = append(r.segments, w.stream[at+4:at+4+n])
		at += 4 + n
		if r.id != recSST && r.id != recString && r.id != recLabel {
			break // only texts are continued where it matters here
		}
	}
	return r, at, r.id >= 0
}

func (w *workbook) read() error {
	r, at, ok := w.next(0)
	if !ok || r.id != recBOF || len(r.data()) < 4 || binary.LittleEndian.Uint16(r.data()) != 0x0600 {
		return errDamagedXLS
	}
	for {
		if r, at, ok = w.next(at); !ok {
			return errDamagedXLS
		}
		d := r.data()
		switch {
		case r.id == recFilePass:
			return errPassword
		case r.id == recDateMode && len(d) >= 2:
			w.since1904 = d[0] == 1
		case r.id == recFormat && len(d) >= 2:
			t := textReader{segments: [][]byte{d[2:]}}
			w.formats[int(binary.LittleEndian.Uint16(d))] = t.long()
		case r.id == recXF && len(d) >= 4:
			w.styles = append(w.styles, int(binary.LittleEndian.Uint16(d[2:])))
		case r.id == recBoundSheet && len(d) >= 8:
			if d[5] != 0 { // a chart or a macro
				continue
			}
			t := textReader{segments: [][]byte{d[7:]}}
			w.sheets = append(w.sheets, boundSheet{int(binary.LittleEndian.Uint32(d)), t.chars(int(d[6])), d[4]&3 != 0})
		case r.id == recSST:
			if err := w.readTexts(r); err != nil {
				return err
			}
		}
		if r.id == recEOF {
			break
		}
	}
	if len(w.sheets) == 0 {
		return &Unreadable{"没有工作表", "no sheets"}
	}
	for _, s := range w.sheets {
		if err := w.b.sheet(s.name, s.hidden); err != nil {
			return err
		}
		if err := w.readSheet(s.at); err != nil {
			return err
		}
	}
	return nil
}

func (w *workbook) readTexts(r record) error {
	if len(r.data()) < 8 {
		return errDamagedXLS
	}
	count := int(binary.LittleEndian.Uint32(r.data()[4:]))
	t := textReader{segments: append([][]byte{r.data()[8:]}, r.segments[1:]...)}
	for range count {
		if len(w.texts) == maxSharedStrings {
			return &Unreadable{"文字过多", "too many texts"}
		}
		text := t.long()
		if t.short {
			return errDamagedXLS
		}
		w.texts = append(w.texts, text)
	}
	return nil
}

// readSheet reads the records of a sheet up to its end.
func (w *workbook) readSheet(at int) error {
	r, at, ok := w.next(at)
	if !ok || r.id != recBOF {
		return errDamagedXLS
	}
	var merges []Merge
	formulaRow, formulaColumn := -1, -1 // whose text comes next
	for inner := 0; ; {
		if r, at, ok = w.next(at); !ok {
			return errDamagedXLS
		}
		switch r.id {
		case recBOF: // a chart inside the sheet
			inner++
			continue
		case recEOF:
			if inner--; inner >= 0 {
				continue
			}
			for _, m := range merges {
				if err := w.b.merge(m); err != nil {
					return err
				}
			}
			return nil
		}
		if inner > 0 {
			continue
		}
		d := r.data()
		short := func(n int) bool { return len(d) < n }
		u16 := func(i int) int { return int(binary.LittleEndian.Uint16(d[i:])) }
		var err error
		switch r.id {
		case recRow:
			if short(16) {
				return errDamagedXLS
			}
			if d[12]&0x20 != 0 {
				s := w.b.now()
				s.HiddenRows = append(s.HiddenRows, u16(0))
			}
		case recMerged:
			for i := 2; i+8 <= len(d); i += 8 {
				merges = append(merges, Merge{Top: u16(i), Bottom: u16(i + 2), Left: u16(i + 4), Right: u16(i + 6)})
			}
		case recLabelSST:
			if short(10) {
				return errDamagedXLS
			}
			i := binary.LittleEndian.Uint32(d[6:])
			if i >= uint32(len(w.texts)) {
				return errDamagedXLS
			}
			err = w.text(u16(0), u16(2), w.texts[i], false)
		case recLabel, recRString:
			if short(9) {
				return errDamagedXLS
			}
			t := textReader{segments: append([][]byte{d[6:]}, r.segments[1:]...)}
			err = w.text(u16(0), u16(2), t.long(), false)
		case recNumber:
			if short(14) {
				return errDamagedXLS
			}
			err = w.number(u16(0), u16(2), u16(4), math.Float64frombits(binary.LittleEndian.Uint64(d[6:])), false)
		case recRK:
			if short(10) {
				return errDamagedXLS
			}
			err = w.number(u16(0), u16(2), u16(4), rk(binary.LittleEndian.Uint32(d[6:])), false)
		case recMulRK:
			for i, column := 4, 2; i+6 <= len(d)-2; i, column = i+6, column+1 {
				if err = w.number(u16(0), u16(2)+column-2, u16(i), rk(binary.LittleEndian.Uint32(d[i+2:])), false); err != nil {
					return err
				}
			}
		case recBoolErr:
			if short(8) {
				return errDamagedXLS
			}
			err = w.b.set(u16(0), u16(2), boolErr(d[6], d[7] != 0, false))
		case recFormula:
			if short(14) {
				return errDamagedXLS
			}
			formulaRow, formulaColumn = u16(0), u16(2)
			switch {
			case u16(12) != 0xffff:
				err = w.number(u16(0), u16(2), u16(4), math.Float64frombits(binary.LittleEndian.Uint64(d[6:])), true)
			case d[6] == 1, d[6] == 2:
				err = w.b.set(u16(0), u16(2), boolErr(d[8], d[6] == 2, true))
			}
		case recString:
			if formulaRow >= 0 {
				t := textReader{segments: r.segments}
				err = w.text(formulaRow, formulaColumn, t.long(), true)
				formulaRow = -1
			}
		}
		if err != nil {
			return err
		}
	}
}

func (w *workbook) text(row, column int, text string, formula bool) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	return w.b.set(row, column, Cell{Text: text, Kind: Text, Formula: formula})
}

func (w *workbook) number(row, column, style int, f float64, formula bool) error {
	c := numberCell(f)
	if style < len(w.styles) && datesAs(w.styles[style], w.formats[w.styles[style]]) {
		c = dateCell(f, w.since1904)
	}
	c.Formula = formula
	return w.b.set(row, column, c)
}

func boolErr(value byte, isError, formula bool) Cell {
	if !isError {
		return Cell{Text: strings.ToUpper(strconv.FormatBool(value != 0)), Kind: Text, Formula: formula}
	}
	name, ok := errorNames[value]
	if !ok {
		name = "#?"
	}
	return Cell{Text: name, Kind: Error, Formula: formula}
}

// rk unpacks a number of 30 bits: an integer or the upper half of a float, both
// perhaps of its hundredfold.
func rk(v uint32) float64 {
	f := math.Float64frombits(uint64(v&^3) << 32)
	if v&2 != 0 {
		f = float64(int32(v) >> 2)
	}
	if v&1 != 0 {
		f /= 100
	}
	return f
}

// textReader reads texts that go over the ends of records. A text that does so
// in its middle says anew, in the first byte of the next record, how wide its
// characters are.
type textReader struct {
	segments [][]byte
	short    bool // there was less than a text should have
}

func (t *textReader) take(n int) []byte {
	for len(t.segments) > 0 && len(t.segments[0]) == 0 {
		t.segments = t.segments[1:]
	}
	if len(t.segments) == 0 {
		t.short = true
		return nil
	}
	n = min(n, len(t.segments[0]))
	b := t.segments[0][:n]
	t.segments[0] = t.segments[0][n:]
	return b
}

func (t *textReader) skip(n int) {
	for n > 0 && !t.short {
		n -= len(t.take(n))
	}
}

func (t *textReader) byte() int {
	if b := t.take(1); len(b) == 1 {
		return int(b[0])
	}
	return 0
}

func (t *textReader) u16() int { return t.byte() | t.byte()<<8 }

// long reads a text with a length of two bytes, its runs of formats and
// whatever else hangs on it.
func (t *textReader) long() string { return t.chars(t.u16()) }

// chars reads a text of n characters from the byte on that says how wide they
// are.
func (t *textReader) chars(n int) string {
	flags := t.byte()
	runs, extra := 0, 0
	if flags&8 != 0 {
		runs = t.u16()
	}
	if flags&4 != 0 {
		extra = t.u16() | t.u16()<<16
	}
	units := make([]uint16, 0, min(n, MaxText))
	for wide := flags&1 != 0; n > 0 && !t.short; {
		if len(t.segments) > 0 && len(t.segments[0]) == 0 { // goes on in the next record
			t.segments = t.segments[1:]
			wide = t.byte()&1 != 0
			continue
		}
		if wide {
			units = append(units, uint16(t.u16()))
			n--
			continue
		}
		for _, c := range t.take(n) {
			units = append(units, uint16(c))
			n--
		}
	}
	t.skip(runs * 4)
	t.skip(extra)
	return string(utf16.Decode(units))
}
