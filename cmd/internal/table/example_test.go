package table_test

import (
	"os"

	"reliefledger.org/ledger/cmd/internal/table"
)

// A Chinese character is two columns wide; figures stand to the right, and a column of
// them that says nothing is left out.
func Example() {
	t := table.New("名称", "收入", "上缴").Figures(1, 2)
	t.Optional("0.00")
	t.Row("慰问资金", "1,300.00", "0.00")
	t.Row("冬春", "90.00", "0.00")
	t.Write(os.Stdout)
	// Output:
	// 名称          收入
	// --------  --------
	// 慰问资金  1,300.00
	// 冬春         90.00
}
