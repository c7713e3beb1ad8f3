package office

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"reliefledger.org/ledger/cmd/internal/bank"
	"reliefledger.org/ledger/domain"
)

// A batch of 600, 600 and 300 yuan was sent; the row of 300 was rejected, and one
// of 600 came back later.
func TestMatch(t *testing.T) {
	const a, b, c = "AAAA000000000000", "BBBB000000000000", "CCCC000000000000"
	out := func(text string, yuan int) bank.Movement {
		return bank.Movement{Row: 2, Out: domain.Fen(yuan * 100), Text: text}
	}
	in := func(text string, yuan int) bank.Movement {
		return bank.Movement{Row: 2, In: domain.Fen(yuan * 100), Text: text}
	}
	for _, x := range []struct {
		what      string
		statement []bank.Movement
		want      string // what only the bank has, and what only the ledger has
	}{
		{"each by its reference", []bank.Movement{out("代发 "+a, 600), out(b, 600), in("退票"+b+"。", 600)}, "|"},
		{"what was paid as one", []bank.Movement{out("代发", 1200), in(b, 600)}, "|"},
		{"all as one, the reject given back", []bank.Movement{out("代发", 1500), in("退", 300), in(b, 600)}, "|"},
		{"and not given back", []bank.Movement{out("代发", 1500), in(b, 600)}, "-300.00|"},
		{"given back in part", []bank.Movement{out("代发", 1500), in("退", 200), in(b, 600)}, "+200.00 -300.00|"},
		{"one by its reference, and another", []bank.Movement{out(a, 600), out("余下", 600), in(b, 600)}, "-600.00|b"},
		{"a transfer more of the same amount", []bank.Movement{out(a, 600), out(b, 600), out("x", 600), in(b, 600)}, "-600.00|"},
		{"the total once more", []bank.Movement{out(a, 600), out(b, 600), out("代发", 1200), in(b, 600)}, "-1,200.00|"},
		{"all of it once more", []bank.Movement{out("代发", 1500), out("代发", 1500), in("退", 300), in(b, 600)}, "-1,500.00|"},
		{"the same reference twice", []bank.Movement{out(a, 600), out(a, 600), out(b, 600), in(b, 600)}, "-600.00|"},
		{"another amount", []bank.Movement{out(a, 601), out(b, 600), in(b, 600)}, "-601.00|a"},
		{"a reference of nobody", []bank.Movement{out(c, 600), out(b, 600), in(b, 600)}, "-600.00|a"}, // to somebody else
		{"money that came in is no payment", []bank.Movement{in(a, 600), out(b, 600), in(b, 600)}, "+600.00|a"},
		{"a row that was rejected was paid", []bank.Movement{out(a, 600), out(b, 600), out(c, 300), in(b, 600)}, "-300.00|"},
		{"nothing", []bank.Movement{out("手续费", 2)}, "-2.00|a b b"},
	} {
		mine := []*LedgerMovement{{Reference: a, Out: 60_000}, {Reference: b, Out: 60_000}, {Reference: b, In: 60_000}}
		batches := []*bankBatch{{all: 150_000, rejected: []domain.Fen{30_000}, names: []string{a, b, c}}}
		var said, left []string
		for _, m := range match(x.statement, mine, batches) {
			if m.In > 0 {
				said = append(said, "+"+m.In.String())
			} else {
				said = append(said, "-"+m.Out.String())
			}
		}
		for _, m := range mine {
			if !m.matched {
				left = append(left, strings.ToLower(m.Reference[:1]))
			}
		}
		slices.Sort(said)
		if got := fmt.Sprintf("%s|%s", strings.Join(said, " "), strings.Join(left, " ")); got != x.want {
			t.Errorf("%s: %s, want %s", x.what, got, x.want)
		}
	}
}
