package main

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"
	"reliefledger.org/ledger/cmd/internal/office"
)

// A table goes to the terminal, or with --export to a file for a spreadsheet:
// CSV (UTF-8 with a byte order mark, by which spreadsheets know it) or .xlsx.
//
// A spreadsheet takes a cell that begins with = + - @ or a tab for a formula,
// and a formula can send what stands beside it to somewhere else (CWE-1236).
// Such a cell gets an apostrophe in front, but for plain numbers, and whoever
// exports is told.

// table writes a table where it is asked for.
func (p *program) table(t *table) error {
	if p.export == "" {
		return t.write(os.Stdout)
	}
	var text []byte
	var err error
	neutral := t.neutral()
	switch strings.ToLower(filepath.Ext(p.export)) {
	case ".csv":
		text, err = t.csv()
	case ".xlsx":
		text, err = t.xlsx()
	default:
		return office.Input("--export", "文件名须以 .csv 或 .xlsx 结尾", "the file's name ends in .csv or .xlsx")
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(p.export); err == nil {
		return office.Input(p.export, "文件已存在", "is there already")
	}
	if err := p.home.WriteOut(p.export, text, false); err != nil {
		return err
	}
	p.note("已写入 %s：%d 行\n", "wrote %s: %d rows\n", p.export, len(t.rows))
	if neutral > 0 {
		p.note("%d 个单元格以 = + - @ 或制表符开头，前面加了 '，以免被当作公式\n", "%d cells begin with = + - @ or a tab: a ' stands before them now, so that none is taken for a formula\n", neutral)
	}
	return nil
}

// plainNumber is what begins with a sign and is no formula.
var plainNumber = regexp.MustCompile(`^-?[0-9][0-9,]*(\.[0-9]+)?$`)

// isFormula says whether a spreadsheet would take a cell for a formula. Some
// take the full-width signs for the others, and skip blanks before them.
func isFormula(cell string) bool {
	trimmed := strings.TrimLeft(cell, " 　\u00a0\ufeff")
	return trimmed != "" && strings.ContainsAny(trimmed[:1], "=+-@\t\r\n") && !plainNumber.MatchString(trimmed) ||
		strings.HasPrefix(trimmed, "＝") || strings.HasPrefix(trimmed, "＋") || strings.HasPrefix(trimmed, "－") || strings.HasPrefix(trimmed, "＠")
}

// neutral makes formulas of text harmless and says how many there were.
func (t *table) neutral() (count int) {
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

func (t *table) csv() ([]byte, error) {
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

func (t *table) xlsx() ([]byte, error) {
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
