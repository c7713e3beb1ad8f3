package table

import (
	"bytes"
	"encoding/csv"
	"regexp"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"
)

// plainNumber is what begins with a sign and is no formula.
var plainNumber = regexp.MustCompile(`^-?[0-9][0-9,]*(\.[0-9]+)?$`)

// isFormula says whether a spreadsheet would take a cell for a formula. Some
// take the full-width signs for the others, and skip blanks before them.
func isFormula(cell string) bool {
	trimmed := strings.TrimLeft(cell, " 　\u00a0\ufeff")
	return trimmed != "" && strings.ContainsAny(trimmed[:1], "=+-@\t\r\n") && !plainNumber.MatchString(trimmed) ||
		strings.HasPrefix(trimmed, "＝") || strings.HasPrefix(trimmed, "＋") || strings.HasPrefix(trimmed, "－") || strings.HasPrefix(trimmed, "＠")
}

// Neutral makes harmless what a spreadsheet would take for a formula, and says how many
// cells there were.
func (t *Table) Neutral() (count int) {
	for _, r := range append([][]string{t.head}, t.rows...) {
		for i, cell := range r {
			r[i] = escapes.ReplaceAllString(cell, "")
			if isFormula(r[i]) {
				r[i] = "'" + r[i]
				count++
			}
		}
	}
	return count
}

// CSV is the table for a spreadsheet: UTF-8 with a byte order mark, by which spreadsheets
// know it.
func (t *Table) CSV() ([]byte, error) {
	b := bytes.NewBufferString("\ufeff")
	w := csv.NewWriter(b)
	w.UseCRLF = true
	if err := w.WriteAll(append([][]string{t.head}, t.rows...)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// digits is how many digits a number of a spreadsheet has; one with more stays
// text.
const digits = 15

// XLSX is the table as a spreadsheet.
func (t *Table) XLSX() ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	const sheet = "Sheet1"
	w, err := f.NewStreamWriter(sheet)
	if err != nil {
		return nil, err
	}
	money, err := f.NewStyle(&excelize.Style{NumFmt: 4}) // #,##0.00
	if err != nil {
		return nil, err
	}
	for n, r := range append([][]string{t.head}, t.rows...) {
		row := make([]any, len(r))
		for i, cell := range r {
			row[i] = cell
			plain := strings.ReplaceAll(cell, ",", "")
			if n == 0 || !t.right[i] || !plainNumber.MatchString(cell) || len(strings.Trim(plain, "-.")) > digits {
				continue
			}
			number, err := decimal.NewFromString(plain)
			if err != nil {
				continue
			}
			row[i] = number.InexactFloat64()
			if strings.Contains(cell, ".") {
				row[i] = excelize.Cell{StyleID: money, Value: row[i]}
			}
		}
		at, err := excelize.CoordinatesToCellName(1, n+1)
		if err != nil {
			return nil, err
		}
		if err := w.SetRow(at, row); err != nil {
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
