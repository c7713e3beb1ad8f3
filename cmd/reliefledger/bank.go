package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/table"
	"reliefledger.org/ledger/domain"
)

// bankCommand is `bank reconcile`.
func bankCommand(p *program) *cobra.Command {
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
			t, err := office.ReadTemplate(at.name, at.file)
			if err != nil {
				return err
			}
			return p.asking(cmd.Context(), "bank reconcile", func(_ *office.Session, a *office.Asker) error {
				text, err := office.ReadUpTo(args[0], office.MaxBankFile+1)
				if err != nil {
					return office.InputErr(args[0], err)
				}
				r, err := a.Reconcile(cmd.Context(), t, args[0], text)
				if err != nil {
					return err
				}
				return sayReconciled(p, r)
			})
		},
	}
	at.flags(reconcile)
	return group("bank", p.say("银行账", "the bank's account"), reconcile)
}

func sayReconciled(p *program, r *office.Reconciled) error {
	if p.json {
		if err := writeJSON(os.Stdout, r); err != nil {
			return err
		}
	} else {
		t := table.New(p.say("哪一边", "side"), p.say("行/序号", "row/number"), p.say("日期", "date"), p.say("支出", "out"), p.say("收入", "in"), p.say("参考号/摘要", "reference/text")).Figures(1, 3, 4)
		var bankOut, bankIn, out, in domain.Fen
		for _, m := range r.OnlyBank {
			bankOut, bankIn = bankOut+m.Out, bankIn+m.In
			text := printable(m.Text)
			if m.Owed {
				text = p.say("批次退票未退回", "a reject that the bank has not given back")
			}
			t.Row(p.say("银行", "bank"), fmt.Sprint(m.Row), m.On.String(), m.Out.String(), m.In.String(), text)
		}
		for _, x := range r.OnlyLedger {
			out, in = out+x.Out, in+x.In
			t.Row(p.say("账簿", "ledger"), fmt.Sprint(x.Number), x.On.String(), x.Out.String(), x.In.String(), x.Reference)
		}
		if t.Len() > 0 {
			if err := p.table(t); err != nil {
				return err
			}
		}
		fmt.Printf(p.say("%s 至 %s：对账单 %d 笔，账上 %d 笔；只在银行 %d 笔（支出 %s，收入 %s），只在账上 %d 笔（支出 %s，收入 %s）\n",
			"%s to %s: %d movements in the statement, %d in the ledger; %d only at the bank (out %s, in %s), %d only in the ledger (out %s, in %s)\n"),
			r.First, r.Last, r.Bank, r.Ledger, len(r.OnlyBank), bankOut, bankIn, len(r.OnlyLedger), out, in)
	}
	if len(r.OnlyBank)+len(r.OnlyLedger) > 0 {
		return saidError{office.ErrUnproven}
	}
	return nil
}
