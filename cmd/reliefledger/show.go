package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/table"
	"reliefledger.org/ledger/projections"
)

// showReports are the subcommands of `show` that read the books and open nothing
// private.
func showReports(p *program) []*cobra.Command {
	var by string
	balances := &cobra.Command{Use: "balances", Short: p.say("余额", "balances"), Args: cobra.NoArgs,
		RunE: p.showing(func(_ *office.Reader, b *projections.Books, _ []string) error {
			d := projections.Dimension(by)
			if !slices.Contains(projections.Dimensions, d) {
				return office.Input("--by", "%q：%v", "%q: %v", by, projections.Dimensions)
			}
			return p.balances(b, d)
		})}
	balances.Flags().StringVar(&by, "by", "fund", "ledger, fund, allocation, unit, source, programme, form, campaign, item 按何汇总")
	payment := &cobra.Command{Use: "payment NUMBER", Short: p.say("一笔发放的来龙去脉", "one payment, from source to hand"), Args: cobra.ExactArgs(1),
		RunE: p.showing(func(_ *office.Reader, b *projections.Books, args []string) error {
			n, err := office.Number(args[0])
			if err != nil {
				return err
			}
			e, ok := b.Payment(n)
			if !ok {
				return office.Input(args[0], "该序号不是一笔发放", "that number is no payment")
			}
			if p.json {
				return writeJSON(os.Stdout, e)
			}
			p.entry(e)
			return nil
		})}
	irregular := &cobra.Command{Use: "irregular", Short: p.say("违规补记", "irregular records"), Args: cobra.NoArgs,
		RunE: p.showing(func(_ *office.Reader, b *projections.Books, _ []string) error { return showIrregular(p, b) })}
	return []*cobra.Command{balances, payment, irregular}
}

func showIrregular(p *program, b *projections.Books) error {
	list := b.Irregular()
	if p.json {
		if list == nil {
			list = []projections.Irregular{}
		}
		return writeJSON(os.Stdout, list)
	}
	t := table.New(p.say("序号", "number"), p.say("事件", "event"), p.say("规则", "rule"), p.say("代码", "code"), p.say("行", "rows"), p.say("发生", "happened"), p.say("记账", "booked"), p.say("理由", "reason"), p.say("证据", "evidence"), p.say("第二经办人", "second")).Figures(0, 2, 8)
	for _, x := range list {
		reason := p.say("无", "none")
		if x.Reason {
			reason = p.say("有（密封）", "given (sealed)")
		}
		post := ""
		if o := b.State.Officers[x.Second]; o != nil {
			post = o.Post
		}
		t.Row(fmt.Sprint(x.Number), x.Type, fmt.Sprint(x.Rule), x.Code, fmt.Sprint(x.Rows), x.Happened.String(), x.Booked.String(), reason, fmt.Sprint(x.Evidence), post)
	}
	return p.table(t)
}
