package words_test

import (
	"fmt"
	"slices"
	"testing"

	"reliefledger.org/ledger/cmd/internal/words"
)

func ExampleName() {
	sentence := fmt.Sprintf("if it is this person give %s; %s", words.SamePerson.As("2"), words.Why)
	fmt.Println(sentence)
	fmt.Println(words.Name(sentence, map[words.Field]string{words.SamePerson: "--same-person"}))
	// Output:
	// if it is this person give ‹same-person 2›; ‹why›
	// if it is this person give --same-person 2; ‹why›
}

func TestFields(t *testing.T) {
	names := map[words.Field]string{}
	for _, f := range words.Fields() {
		if names[f] != "" {
			t.Errorf("%s twice", f)
		}
		names[f] = "--" + string(f)
		if got := words.Name(f.String()+f.As("1=姓名"), names); got != "--"+string(f)+"--"+string(f)+" 1=姓名" {
			t.Errorf("%s: %s", f, got)
		}
	}
	if slices.Contains(words.Fields(), "") {
		t.Error("a field without a name")
	}
}
