package bank_test

import (
	"errors"
	"fmt"
	"strings"

	"reliefledger.org/ledger/cmd/internal/bank"
	"reliefledger.org/ledger/domain"
)

// A list is written for the bank, and its answer read. An answer that is neither paid
// nor one of the template's codes is no reject: nothing of the file is used.
func Example() {
	t, err := bank.Named("generic")
	if err != nil {
		fmt.Println(err)
		return
	}
	file, err := t.Write([]bank.Transfer{{Reference: "A1", Account: "6222020000000000018", Name: "张三", Fen: 600_00}})
	fmt.Println(strings.Contains(string(file), "张三"), err)

	head := "参考号,收款账号,金额,处理结果\n"
	answers, err := t.ReadResult([]byte(head + "A1,6222020000000000018,600,成功\n"))
	fmt.Println(answers[0].Reference, answers[0].Fen, answers[0].Paid, err)

	_, err = t.ReadResult([]byte(head + "A1,6222020000000000018,600,处理中\n"))
	var bad *bank.Problems
	if errors.As(err, &bad) {
		fmt.Println(len(bad.List), strings.HasPrefix(bad.List[0].Say(domain.En), "row 2, status: "))
	}
	// Output:
	// true <nil>
	// A1 600.00 true <nil>
	// 1 true
}
