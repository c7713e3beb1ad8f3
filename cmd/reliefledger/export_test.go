package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"reliefledger.org/ledger/cmd/internal/table"
)

// A table goes into the file that was asked for, of a kind that its name says, and over
// none that is there.
func TestExport(t *testing.T) {
	for ext, begins := range map[string]string{".csv": "\ufeff", ".xlsx": "PK", ".XLSX": "PK"} {
		p := &program{export: filepath.Join(t.TempDir(), "表"+ext), langFlag: "en"}
		made := table.New("名称", "金额").Figures(1)
		made.Row("=1+1", "1,234,567.89")
		if err := p.table(made); err != nil {
			t.Fatal(err)
		}
		if err := p.table(made); err == nil {
			t.Error("a file was overwritten")
		}
		if text, err := os.ReadFile(p.export); err != nil || !bytes.HasPrefix(text, []byte(begins)) {
			t.Errorf("%s: %v, %.8q", ext, err, text)
		}
	}
	if err := (&program{export: "x.ods", langFlag: "en"}).table(table.New("x")); err == nil {
		t.Error("an unknown kind of file was written")
	}
}
