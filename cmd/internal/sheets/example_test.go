package sheets_test

import (
	"fmt"
	"os"

	"reliefledger.org/ledger/cmd/internal/sheets"
	"reliefledger.org/ledger/domain"
)

// A roster is read, shown to a person, and used if nothing in it is wrong.
func Example() {
	grid, err := sheets.Read([]byte("春节慰问名册\n序号,姓名,慰问金\n1,张  三,300\n2,李四,３００元\n,合计,600\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	roster := sheets.Understand(grid, sheets.Options{File: "名册.csv", Form: domain.Cash})
	if err := roster.Preview(os.Stdout, domain.En); err != nil {
		fmt.Println(err)
	}
	if len(roster.Errors) == 0 {
		fmt.Println(len(roster.Rows), roster.Rows[0].Name, roster.Sum.Fen())
	}
	// Output:
	// roster 名册.csv (CSV UTF-8)
	// title: 春节慰问名册
	// headings: rows 2–2
	//   A “序号” → left out
	//   B “姓名” → 姓名
	//   C “慰问金” → 金额
	// data: 2 rows, 600.00 yuan; 1 subtotals and totals agree
	// form: cash, 2 rows
	// rows that are not data:
	//   5 合计：合计 600
	// cleaned in 2 places:
	//   a name without blanks, with one kind of point × 1: B3 “张  三” → “张三”
	//   an amount in yuan × 1: C4 “３００元” → “300.00”
	// 2 张三 600.00
}
