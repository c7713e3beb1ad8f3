package sheets

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reliefledger.org/ledger/domain"
)

var update = flag.Bool("update", false, "write the golden previews again")

// The files in testdata are made by LibreOffice from the .fods beside them
// (soffice --headless --convert-to xlsx or xls FILE.fods); the text files, the
// XML and the web pages have the same rows and are written by hand, as Excel and
// platforms write them. Each has a golden preview.
func TestPreviews(t *testing.T) {
	for _, file := range []string{"messy.xlsx", "messy.xls", "messy-gb18030.csv", "messy-bom.tsv", "bad.xlsx", "bad.xls", "digits.xlsx", "digits.xls",
		"messy-xml.xls", "messy-html.xls", "bad-xml.xls", "bad-html.xls", "digits-xml.xls", "digits-html.xls"} {
		t.Run(file, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", file))
			if err != nil {
				t.Fatal(err)
			}
			g, err := Read(data)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			for _, l := range []domain.Lang{domain.Zh, domain.En} {
				if err := Understand(g, Options{File: file, Form: domain.Cash}).Preview(&got, l); err != nil {
					t.Fatal(err)
				}
			}
			golden := filepath.Join("testdata", file+".preview")
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("the preview is\n%s\nwant\n%s", got.Bytes(), want)
			}
			if strings.Contains(got.String(), "990527194") {
				t.Error("an id number is not masked")
			}
		})
	}
}
