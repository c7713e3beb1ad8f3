package office

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"reliefledger.org/ledger/cmd/internal/bank"
	"reliefledger.org/ledger/domain"
)

// Reconciled is the ledger held against a statement of the bank: what is on one side
// only. Nothing is recorded.
type Reconciled struct {
	First      domain.Day        `json:"first"` // of the statement
	Last       domain.Day        `json:"last"`
	Bank       int               `json:"bank"` // movements in the statement
	Ledger     int               `json:"ledger"`
	OnlyBank   []bank.Movement   `json:"only_bank"` // texts are masked
	OnlyLedger []*LedgerMovement `json:"only_ledger"`
}

// Reconcile holds payments by bank and their returns, between the statement's first
// and last day, against a statement, named file in errors: by references, and what
// has none by the total of a batch.
func (a *Asker) Reconcile(ctx context.Context, t *bank.Template, file string, text []byte) (*Reconciled, error) {
	statement, err := t.ReadStatement(text)
	if err != nil {
		return nil, InputErr(file, err)
	}
	if len(statement) == 0 {
		return nil, Input(file, "对账单中没有收支", "no movement stands in the statement")
	}
	out := &Reconciled{First: statement[0].On, Last: statement[0].On, Bank: len(statement), OnlyBank: []bank.Movement{}, OnlyLedger: []*LedgerMovement{}}
	for _, m := range statement {
		out.First, out.Last = min(out.First, m.On), max(out.Last, m.On)
	}
	mine, batches, err := a.ledgerSides(ctx, out.First, out.Last)
	if err != nil {
		return nil, err
	}
	out.Ledger = len(mine)
	for _, m := range match(statement, mine, batches) {
		m.Text = bank.Masked(m.Text)
		out.OnlyBank = append(out.OnlyBank, m)
	}
	for _, x := range mine {
		if !x.matched {
			out.OnlyLedger = append(out.OnlyLedger, x)
		}
	}
	return out, nil
}

// LedgerMovement is a movement of money that the ledger has.
type LedgerMovement struct {
	Number    uint64     `json:"number"` // of its event
	On        domain.Day `json:"on"`     // business date
	Reference string     `json:"reference"`
	Out       domain.Fen `json:"out_fen,omitempty"`
	In        domain.Fen `json:"in_fen,omitempty"`
	batch     int        // index in batches
	matched   bool
}

// bankBatch is a batch as the bank may have it: as one movement.
type bankBatch struct {
	all      domain.Fen   // of all its rows, as they were sent
	rejected []domain.Fen // of which these were not paid
	names    []string     // the references of all its rows
	owed     []domain.Fen // and must come in again, where the bank took all
}

// sentBatch is a batch that the bank has, as it stands.
type sentBatch struct {
	allocation domain.ID
	batch      domain.Batch
	movements  []*LedgerMovement // without their references
	row        []int             // of each, from 1
}

// ledgerSides are the payments by bank and their returns between two days, of the
// units for which who asks is an officer.
func (a *Asker) ledgerSides(ctx context.Context, first, last domain.Day) (mine []*LedgerMovement, batches []*bankBatch, err error) {
	var sent []*sentBatch
	root := domain.ID{}
	a.o.State(func(s *domain.Ledger) {
		root = s.UnitOf(domain.LedgerStream)
		ids := make([]domain.ID, 0, len(s.Allocations))
		for id, alloc := range s.Allocations {
			if s.IsOfOfficeOf(a.who(s), alloc.Unit) && !s.Erased(id) {
				ids = append(ids, id)
			}
		}
		slices.SortFunc(ids, func(a, b domain.ID) int { return bytes.Compare(a[:], b[:]) })
		for _, id := range ids {
			for _, batch := range s.Allocations[id].Batches {
				if batch.Form == domain.Bank && batch.WasSent() {
					sent = append(sent, copySent(s, s.Allocations[id], batch, first, last))
				}
			}
		}
	})
	if len(sent) == 0 {
		may := false
		a.o.State(func(s *domain.Ledger) { may = s.IsOfOfficeOf(a.who(s), root) })
		if !may {
			return nil, nil, &NotSeen{a.officer, "银行账", "the bank's account"}
		}
	}
	for i, x := range sent {
		references, err := a.o.ledger.BankReferences(ctx, x.allocation, &x.batch)
		if err != nil {
			return nil, nil, err
		}
		whole := &bankBatch{all: x.batch.Total(), names: references}
		for _, r := range x.batch.Rows {
			if r.State == domain.RowRejected {
				whole.rejected = append(whole.rejected, r.Fen)
			}
		}
		batches = append(batches, whole)
		for k, m := range x.movements {
			m.Reference, m.batch = references[x.row[k]-1], i
			mine = append(mine, m)
		}
	}
	return mine, batches, nil
}

func copySent(s *domain.Ledger, a *domain.Allocation, batch *domain.Batch, first, last domain.Day) *sentBatch {
	out := &sentBatch{allocation: a.ID, batch: *batch}
	out.batch.Rows = slices.Clone(batch.Rows)
	for _, m := range s.BankMovements(a, batch, first, last) {
		out.movements = append(out.movements, &LedgerMovement{Number: m.Number, On: m.On, Out: m.Out, In: m.In})
		out.row = append(out.row, m.Row)
	}
	return out
}

// match marks what both sides have, and returns what only the bank has. First by
// reference and amount; then a batch of which the bank names no row, by the total
// of what it paid, or of all as it was sent, of which the rejects must come in
// again. What the bank took and did not give back is its alone.
func match(statement []bank.Movement, mine []*LedgerMovement, batches []*bankBatch) (onlyBank []bank.Movement) {
	byReference := map[string][]*LedgerMovement{}
	for _, x := range mine {
		byReference[x.Reference] = append(byReference[x.Reference], x)
	}
	known := map[string]bool{}
	for _, b := range batches {
		for _, name := range b.names {
			known[name] = true
		}
	}
	var rest []bank.Movement
	for _, m := range statement {
		switch x := itsReference(m, byReference); {
		case x != nil:
			x.matched = true
		case slices.ContainsFunc(tokens(m.Text), func(w string) bool { return known[w] }):
			onlyBank = append(onlyBank, m) // a second time, or of a row that was not paid
		default:
			rest = append(rest, m)
		}
	}
	var in []bank.Movement
	for _, m := range rest {
		switch {
		case m.In > 0 && m.Out == 0:
			in = append(in, m)
		case m.In > 0 || !wholeBatch(m.Out, mine, batches):
			onlyBank = append(onlyBank, m)
		}
	}
	for _, m := range in {
		if !givenBack(m.In, batches) {
			onlyBank = append(onlyBank, m)
		}
	}
	for _, b := range batches {
		for _, fen := range b.owed {
			onlyBank = append(onlyBank, bank.Movement{Row: statement[0].Row, On: statement[len(statement)-1].On, Out: fen, Owed: true})
		}
	}
	return onlyBank
}

// tokens are the parts of a text that a reference could be.
func tokens(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !('0' <= r && r <= '9' || 'A' <= r && r <= 'Z') })
}

// itsReference is the movement of the ledger that a movement of the bank names.
func itsReference(m bank.Movement, byReference map[string][]*LedgerMovement) *LedgerMovement {
	for _, word := range tokens(m.Text) {
		for _, x := range byReference[word] {
			if !x.matched && x.Out == m.Out && x.In == m.In {
				return x
			}
		}
	}
	return nil
}

// wholeBatch matches money that went out with a batch of which nothing is matched
// yet: where the bank names some rows it names them all.
func wholeBatch(out domain.Fen, mine []*LedgerMovement, batches []*bankBatch) bool {
	for i, b := range batches {
		var open, rejected domain.Fen
		touched := b.owed != nil
		for _, x := range mine {
			switch {
			case x.batch != i || x.Out == 0:
			case x.matched:
				touched = true
			default:
				open += x.Out
			}
		}
		for _, fen := range b.rejected {
			rejected += fen
		}
		all := rejected > 0 && out == b.all && open+rejected == b.all
		if touched || open == 0 || out != open && !all {
			continue
		}
		for _, x := range mine {
			if x.batch == i && x.Out > 0 {
				x.matched = true
			}
		}
		if all {
			b.owed = slices.Clone(b.rejected)
		}
		return true
	}
	return false
}

// givenBack matches money that came in with rejects that are owed: one, or all of
// a batch.
func givenBack(in domain.Fen, batches []*bankBatch) bool {
	for _, b := range batches {
		var all domain.Fen
		for _, fen := range b.owed {
			all += fen
		}
		if all > 0 && in == all {
			b.owed = b.owed[:0]
			return true
		}
		if i := slices.Index(b.owed, in); i >= 0 {
			b.owed = slices.Delete(b.owed, i, i+1)
			return true
		}
	}
	return false
}
