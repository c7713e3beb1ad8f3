package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/bank"
	"reliefledger.org/ledger/cmd/internal/sheets"
	"reliefledger.org/ledger/domain"
)

// bankCommand is `bank reconcile`.
func (p *program) bankCommand() *cobra.Command {
	c := &cobra.Command{Use: "bank", Short: p.say("银行账", "the bank's account"), Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	at := &whichBank{}
	reconcile := &cobra.Command{
		Use:   "reconcile STATEMENT",
		Short: p.say("与对账单核对：列出只在一边的，不记账", "hold the ledger against a statement: what is on one side only; books nothing"),
		Long: p.say(`对账单（CSV 或 Excel）起止日期之间：账上银行发放与退回，按参考号逐笔核对；没有参考号的，按批次总额核对。
只在一边的列出，退出码 6。本命令不记账。`,
			`Between the statement's first and last day (CSV or a workbook): payments by bank and returns are matched by their
references, and what has none by the total of a batch. What is on one side only is listed, with exit code 6. Nothing
is recorded.`),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := at.template()
			if err != nil {
				return err
			}
			return p.withAsker(cmd.Context(), "bank reconcile", func(a *asker) error { return p.reconcile(cmd.Context(), a, t, args[0]) })
		},
	}
	at.flags(reconcile)
	c.AddCommand(reconcile)
	return c
}

// ledgerSide is a movement that the ledger has.
type ledgerSide struct {
	Number    uint64     `json:"number"`
	On        domain.Day `json:"on"`
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

func (p *program) reconcile(ctx context.Context, a *asker, t *bank.Template, file string) error {
	text, err := readUpTo(file, sheets.MaxFile+1)
	if err != nil {
		return &inputError{what: file, err: err}
	}
	statement, err := t.ReadStatement(text)
	if err != nil {
		return &inputError{what: file, err: err}
	}
	if len(statement) == 0 {
		return &inputError{what: file, why: p.say("对账单中没有收支", "no movement stands in the statement")}
	}
	first, last := statement[0].On, statement[0].On
	for _, m := range statement {
		first, last = min(first, m.On), max(last, m.On)
	}
	b, err := p.books(ctx)
	if err != nil {
		return err
	}
	mine, batches, err := ledgerSides(ctx, a, b.State, first, last)
	if err != nil {
		return err
	}
	theirs := match(statement, mine, batches)
	var onlyLedger []*ledgerSide
	for _, x := range mine {
		if !x.matched {
			onlyLedger = append(onlyLedger, x)
		}
	}
	return p.sayReconciled(first, last, len(statement), len(mine), theirs, onlyLedger)
}

// ledgerSides are the payments by bank and their returns between two days, of
// the units for which who asks is an officer.
func ledgerSides(ctx context.Context, a *asker, s *domain.Ledger, first, last domain.Day) (mine []*ledgerSide, batches []*bankBatch, err error) {
	ids := make([]domain.ID, 0, len(s.Allocations))
	for id := range s.Allocations {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b domain.ID) int { return bytes.Compare(a[:], b[:]) })
	for _, id := range ids {
		alloc := s.Allocations[id]
		if a.office(alloc.Unit, "bank") != nil || s.Erased(id) {
			continue
		}
		for _, batch := range alloc.Batches {
			if batch.Form != domain.Bank || batch.Sent == (uuid.UUID{}) {
				continue
			}
			references, err := a.l.BankReferences(ctx, id, batch)
			if err != nil {
				return nil, nil, err
			}
			whole := &bankBatch{all: batch.Total(), names: references}
			batches = append(batches, whole)
			for i, r := range batch.Rows {
				if r.State == domain.RowRejected {
					whole.rejected = append(whole.rejected, r.Fen)
				}
				if r.Payment == 0 {
					continue
				}
				p := alloc.Payments[r.Payment-1]
				if p.Booked >= first && p.Booked <= last && p.Reversed() == (uuid.UUID{}) {
					mine = append(mine, &ledgerSide{Number: p.Number, On: p.Booked, Reference: references[i], Out: p.Fen, batch: len(batches) - 1})
				}
				for _, back := range p.Back() {
					if n, ok := s.Number(back.Event); ok && back.On >= first && back.On <= last {
						mine = append(mine, &ledgerSide{Number: n, On: back.On, Reference: references[i], In: back.Fen, batch: len(batches) - 1})
					}
				}
			}
		}
	}
	if len(batches) == 0 {
		if err := a.office(s.Opened.Root.ID, "bank"); err != nil {
			return nil, nil, err
		}
	}
	return mine, batches, nil
}

// match marks what both sides have, and returns what only the bank has. First by
// reference and amount; then a batch of which the bank names no row, by the total
// of what it paid, or of all as it was sent, of which the rejects must come in
// again. What the bank took and did not give back is its alone.
func match(statement []bank.Movement, mine []*ledgerSide, batches []*bankBatch) (onlyBank []bank.Movement) {
	byReference := map[string][]*ledgerSide{}
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
			onlyBank = append(onlyBank, bank.Movement{Row: statement[0].Row, On: statement[len(statement)-1].On, Out: fen, Text: "批次退票未退回 / a reject that the bank has not given back"})
		}
	}
	return onlyBank
}

// tokens are the parts of a text that a reference could be.
func tokens(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !('0' <= r && r <= '9' || 'A' <= r && r <= 'Z') })
}

// itsReference is the movement of the ledger that a movement of the bank names.
func itsReference(m bank.Movement, byReference map[string][]*ledgerSide) *ledgerSide {
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
func wholeBatch(out domain.Fen, mine []*ledgerSide, batches []*bankBatch) bool {
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

func (p *program) sayReconciled(first, last domain.Day, theirs, mine int, onlyBank []bank.Movement, onlyLedger []*ledgerSide) error {
	if p.json {
		if onlyBank == nil {
			onlyBank = []bank.Movement{}
		}
		for i := range onlyBank {
			onlyBank[i].Text = bank.Masked(onlyBank[i].Text)
		}
		if onlyLedger == nil {
			onlyLedger = []*ledgerSide{}
		}
		if err := writeJSON(os.Stdout, map[string]any{"first": first, "last": last, "bank": theirs, "ledger": mine, "only_bank": onlyBank, "only_ledger": onlyLedger}); err != nil {
			return err
		}
	} else {
		t := newTable(p.say("哪一边", "side"), p.say("行/序号", "row/number"), p.say("日期", "date"), p.say("支出", "out"), p.say("收入", "in"), p.say("参考号/摘要", "reference/text")).figures(1, 3, 4)
		var bankOut, bankIn, out, in domain.Fen
		for _, m := range onlyBank {
			bankOut, bankIn = bankOut+m.Out, bankIn+m.In
			t.row(p.say("银行", "bank"), fmt.Sprint(m.Row), m.On.String(), m.Out.String(), m.In.String(), printable(bank.Masked(m.Text)))
		}
		for _, x := range onlyLedger {
			out, in = out+x.Out, in+x.In
			t.row(p.say("账簿", "ledger"), fmt.Sprint(x.Number), x.On.String(), x.Out.String(), x.In.String(), x.Reference)
		}
		if len(t.rows) > 0 {
			if err := p.tell(t); err != nil {
				return err
			}
		}
		fmt.Printf(p.say("%s 至 %s：对账单 %d 笔，账上 %d 笔；只在银行 %d 笔（支出 %s，收入 %s），只在账上 %d 笔（支出 %s，收入 %s）\n",
			"%s to %s: %d movements in the statement, %d in the ledger; %d only at the bank (out %s, in %s), %d only in the ledger (out %s, in %s)\n"),
			first, last, theirs, mine, len(onlyBank), bankOut, bankIn, len(onlyLedger), out, in)
	}
	if len(onlyBank)+len(onlyLedger) > 0 {
		return saidError{errUnproven}
	}
	return nil
}
