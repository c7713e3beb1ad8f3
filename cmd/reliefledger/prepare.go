package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/domain"
)

// batchCommand groups what is done with whole batches.
func (p *program) batchCommand() *cobra.Command {
	c := &cobra.Command{Use: "batch", Short: p.say("发放批次", "batches of payments"), Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(p.prepareCommand())
	c.AddCommand(p.bankCommands()...)
	return c
}

// prepareCommand is `batch prepare`: all that is still to be paid, so that nobody
// writes 2,731 rows by hand.
func (p *program) prepareCommand() *cobra.Command {
	var form, date, as string
	var dry bool
	c := &cobra.Command{
		Use:   "prepare ALLOCATION",
		Short: p.say("制单：某分配中所有应发未发的行", "prepare all that is still to be paid from an allocation"),
		Long: p.say(`ALLOCATION 为分配的编号、其事件的序号，或 @名称/allocation。已停发、超名额、曾退回（须用 batch again）、银行发放而无账号的行
列出并略过。超过 4,000 行时分成几个批次。`,
			`ALLOCATION is the id of an allocation, the number of one of its events, or @NAME/allocation. Lines that are stopped,
over quota, came back (see batch again), or without an account where the bank pays are listed and left out. More than
4,000 rows make several batches.`),
		Example: "  reliefledger batch prepare 27 --form bank --date 2026-01-30 --key acct.key",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withAsker(cmd.Context(), "batch prepare", func(a *asker) error {
				return p.prepareAll(cmd.Context(), a, args[0], domain.Form(form), date, as, dry)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&form, "form", string(domain.Bank), "bank, cash, goods, voucher 发放形式")
	f.StringVar(&date, "date", "", "business date; default: today 记账日期")
	f.StringVar(&as, "as", "", "name of the command, for sending it again 命令名")
	f.BoolVar(&dry, "dry-run", false, "say what would be prepared, write nothing 试运行")
	return c
}

func (p *program) prepareAll(ctx context.Context, a *asker, which string, form domain.Form, date, as string, dry bool) error {
	id, err := p.allocationNamed(a.l, which)
	if err != nil {
		return err
	}
	var rows []domain.RowToPay
	var left []domain.LeftOut
	a.l.View(func(s *domain.Ledger) { rows, left = s.Payable(id, form) })
	if !p.json {
		for i, x := range left {
			if i == shownLeft {
				fmt.Fprintf(os.Stderr, "  … %d\n", len(left)-i)
				break
			}
			fmt.Fprintf(os.Stderr, p.say("略过：%s（%s 元）\n", "left out: %s (%s yuan)\n"), x.Why.Sentence(p.lang()), x.Fen)
		}
	}
	if len(rows) == 0 {
		return &inputError{what: which, why: p.say("没有可制单的行", "nothing is left to be prepared")}
	}
	var sum domain.Fen
	batch := 0
	a.l.View(func(s *domain.Ledger) {
		alloc := s.Allocations[id]
		batch = len(alloc.Batches)
		for _, r := range rows {
			due := alloc.Lines[r.Line-1].Due[r.Entitlement-1]
			sum += domain.Fen(due.Left(0))
		}
	})
	if form == domain.Goods {
		p.people("%d 行\n", "%d rows\n", len(rows))
	} else {
		p.people("%d 行，%s 元，批次自 %d 起\n", "%d rows, %s yuan, batches from %d on\n", len(rows), sum, batch+1)
	}
	for n := 1; len(rows) > 0; n++ {
		part := rows[:min(len(rows), domain.MaxRows)]
		rows = rows[len(part):]
		name := as
		if name != "" && n > 1 {
			name = fmt.Sprintf("%s %d", as, n)
		}
		if err := p.give(ctx, a, date, name, &domain.PrepareBatch{Allocation: id, Form: form, Rows: part}, dry); err != nil {
			return err
		}
	}
	return nil
}

// shownLeft is how many lines that are left out are shown one by one.
const shownLeft = 30

// allocationNamed finds an allocation by its id, by the number of one of its
// events, or by the name that a script gave it.
func (p *program) allocationNamed(l *opened, which string) (domain.ID, error) {
	return p.thing(l, domain.AllocationKind, which, p.say("没有这个分配", "no such allocation"))
}
