package table

import (
	"bytes"
	"encoding/csv"
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

// What is exported is read back by a spreadsheet's reader: no cell is a formula, and
// amounts are numbers to the fen.
func TestExport(t *testing.T) {
	for _, kind := range []string{"csv", "xlsx"} {
		tab := New("名称", "金额").Figures(1)
		want := 0
		for _, f := range formulas {
			tab.Row(f.cell, "1,234,567.89")
			if f.formula {
				want++
			}
		}
		tab.Row("大数", "90,071,992,547,409.91")
		tab.Row("负数", "-5.01")
		if n := tab.Neutral(); n != want || tab.Len() != len(formulas)+2 {
			t.Errorf("%d cells of %d rows were made harmless, want %d", n, tab.Len(), want)
		}
		var rows [][]string
		if kind == "csv" {
			text, err := tab.CSV()
			if err == nil {
				rows, err = csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff")))).ReadAll()
			}
			if err != nil {
				t.Fatal(err)
			}
		} else {
			text, err := tab.XLSX()
			if err != nil {
				t.Fatal(err)
			}
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
				t.Errorf("%s: %q became %q", kind, f.cell, have)
			}
			if rows[i+1][1] != "1,234,567.89" {
				t.Errorf("%s: the amount became %q", kind, rows[i+1][1])
			}
		}
		if last := rows[len(rows)-2:]; last[0][1] != "90,071,992,547,409.91" || last[1][1] != "-5.01" {
			t.Errorf("%s: %v", kind, last)
		}
	}
}
