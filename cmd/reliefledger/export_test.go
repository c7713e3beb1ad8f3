package main

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

var formulas = []struct {
	cell    string
	formula bool
}{
	{"=1+1", true}, {"+86 138", true}, {"-cmd|' /C calc'!A0", true}, {"@SUM(A1)", true}, {"\t=1", true}, {"\r=1", true}, {" =1", true}, {"　=1", true},
	{"＝1", true}, {"－1", true}, {"-", true}, {"-1-1", true}, {"-1,300.00x", true},
	{"-5.00", false}, {"-1,300.00", false}, {"1,300.00", false}, {"张三", false}, {"", false}, {"某县=某市", false}, {"—", false}, {"'=1", false},
}

func TestFormulas(t *testing.T) {
	for _, f := range formulas {
		if isFormula(f.cell) != f.formula {
			t.Errorf("%q: formula %v", f.cell, !f.formula)
		}
	}
}

// What is exported is read back by a spreadsheet's reader: no cell is a formula,
// and amounts are numbers to the fen.
func TestExport(t *testing.T) {
	for _, ext := range []string{".csv", ".xlsx", ".XLSX"} {
		tab := newTable("名称", "金额").figures(1)
		for _, f := range formulas {
			tab.row(f.cell, "1,234,567.89")
		}
		tab.row("大数", "90,071,992,547,409.91")
		tab.row("负数", "-5.01")
		p := &program{export: filepath.Join(t.TempDir(), "表"+ext), langFlag: "en"}
		if err := p.table(tab); err != nil {
			t.Fatal(err)
		}
		if err := p.table(tab); err == nil {
			t.Error("a file was overwritten")
		}
		text, err := os.ReadFile(p.export)
		if err != nil {
			t.Fatal(err)
		}
		var rows [][]string
		if ext == ".csv" {
			if rows, err = csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff")))).ReadAll(); err != nil {
				t.Fatal(err)
			}
		} else {
			x, err := excelize.OpenReader(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if rows, err = x.GetRows("Sheet1"); err != nil {
				t.Fatal(err)
			}
			if f, err := x.GetCellFormula("Sheet1", "A2"); f != "" || err != nil {
				t.Error("a formula:", f, err)
			}
			if kind, err := x.GetCellType("Sheet1", "B2"); err != nil || kind != excelize.CellTypeUnset && kind != excelize.CellTypeNumber {
				t.Error("the amount is no number:", kind, err)
			}
		}
		for i, f := range formulas {
			have := rows[i+1][0]
			if f.formula != strings.HasPrefix(have, "'") && f.cell != "'=1" || isFormula(have) {
				t.Errorf("%s: %q became %q", ext, f.cell, have)
			}
			if rows[i+1][1] != "1,234,567.89" {
				t.Errorf("%s: the amount became %q", ext, rows[i+1][1])
			}
		}
		if last := rows[len(rows)-2:]; last[0][1] != "90,071,992,547,409.91" || last[1][1] != "-5.01" {
			t.Errorf("%s: %v", ext, last)
		}
	}
	p := &program{export: "x.ods", langFlag: "en"}
	if err := p.table(newTable("x")); err == nil {
		t.Error("an unknown kind of file was written")
	}
}
