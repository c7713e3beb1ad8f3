package paper_test

import (
	"bytes"
	"fmt"

	"reliefledger.org/ledger/cmd/internal/paper"
	"reliefledger.org/ledger/domain"
)

// A sign-off sheet, as PDF.
func Example() {
	sheet := paper.Sheet{
		Head: paper.Head{Title: "签领表", Unit: "某县民政局", Ledger: "某县救助账簿", On: domain.Date(2026, 1, 13)},
		Rows: []paper.Payee{{No: 1, Name: "张三", Number: "110***********002X", Fen: 260_00}},
	}
	var file bytes.Buffer
	pages, err := sheet.Write(&file)
	fmt.Println(pages, err, bytes.HasPrefix(file.Bytes(), []byte("%PDF-")))
	// Output: 1 <nil> true
}
