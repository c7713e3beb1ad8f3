package bench

import (
	"fmt"
	"math/rand/v2"

	"reliefledger.org/ledger/domain"
)

// A Plan is what a measured ledger is filled with: lists of payments drawn from
// a seed. The same plan is the same payments, on every machine.
type Plan struct {
	Seed     uint64
	Payments int
}

// ListSize is how many payments a list has: one allocation, one notice, one
// batch. The last list may have fewer.
const ListSize = 1000

// byHand is that every tenth list is cash, paid one by one, each with a receipt
// of its own; the others are paid by a bank, with one sheet.
const byHand = 10

// Payment is one payment of a plan.
type Payment struct {
	List   int // from 0
	Row    int // in its list, from 1
	Payee  int // from 0; nobody stands twice in a list
	Amount domain.Fen
	On     domain.Day
	ByHand bool
}

// Check says whether a plan can be measured: it needs a list that is paid by
// hand.
func (p Plan) Check() error {
	if p.Payments < ListSize*byHand || p.Payments > 20_000_000 {
		return fmt.Errorf("10,000 to 20,000,000 payments can be measured, not %d", p.Payments)
	}
	return nil
}

// Lists is how many lists the plan has.
func (p Plan) Lists() int { return (p.Payments + ListSize - 1) / ListSize }

// Payees is how many people the plan pays: some twenty payments each, and
// enough for one list.
func (p Plan) Payees() int { return max(p.Payments/20, min(p.Payments, ListSize)) }

// List draws one list.
func (p Plan) List(list int) []Payment {
	r := rand.New(rand.NewPCG(p.Seed, uint64(list)))
	payees := p.Payees()
	first := r.IntN(payees)
	on := domain.Date(2023, 1, 12).Add(list * 600 / max(p.Lists(), 1))
	rows := make([]Payment, min(ListSize, p.Payments-list*ListSize))
	for i := range rows {
		rows[i] = Payment{List: list, Row: i + 1, Payee: (first + i) % payees,
			Amount: domain.Fen(30+r.IntN(60)) * 10_00, On: on, ByHand: list%byHand == byHand-1}
	}
	return rows
}

// Total is the money of a list.
func Total(rows []Payment) (sum domain.Fen) {
	for _, r := range rows {
		sum += r.Amount
	}
	return sum
}
