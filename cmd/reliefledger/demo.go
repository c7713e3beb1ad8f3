package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/demo"
	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/projections"
)

func demoCommand(p *program) *cobra.Command {
	var tour bool
	c := &cobra.Command{
		Use:   "demo",
		Short: p.say("以九份真实总结为蓝本填充一本演示账簿（时钟为模拟）", "fill a ledger with nine campaigns, with a simulated clock"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if p.home.Data == "" {
				p.home.Data = "demo-ledger"
			}
			if err := fillDemo(p, cmd.Context()); err != nil || !tour {
				return err
			}
			return showAround(p, cmd.Context())
		},
	}
	c.Flags().BoolVar(&tour, "tour", false, p.say("填充后带领浏览", "then show around"))
	return c
}

func fillDemo(p *program, ctx context.Context) error {
	opts, err := p.options()
	if err != nil {
		return err
	}
	bar := progress(-1, p.say("记录命令", "recording"))
	filled, err := demo.Fill(ctx, p.home, opts, func(done, of int) {
		bar.ChangeMax(of)
		_ = bar.Set(done) // a bar that cannot be drawn is no reason to stop
	})
	_ = bar.Finish()
	switch {
	case err != nil:
		return err
	case filled.Before:
		p.note("演示账簿已在 %s，未重复填充。\n", "the demonstration is in %s already, nothing is filled twice.\n", p.home.Data)
	default:
		p.note("已填充 %s：%d 条命令，%d 个事件，用时 %.1f 秒。\n", "%s is filled: %d commands, %d events, %.1f s.\n", p.home.Data, filled.Commands, filled.Events, filled.Took.Seconds())
	}
	return nil
}

// showAround shows what a new user wants to see first.
func showAround(p *program, ctx context.Context) error {
	return p.reading(ctx, func(r *office.Reader) error {
		return p.books(ctx, r, (*office.Reader).Books, func(b *projections.Books) error { return tour(p, b) })
	})
}

func tour(p *program, b *projections.Books) error {
	head := func(zh, en string) { fmt.Printf("\n== %s ==\n", p.say(zh, en)) }
	head("各资金余额", "balances by fund")
	if err := p.balances(b, projections.ByFund); err != nil {
		return err
	}
	head("公示名单", "public notices")
	if err := p.notices(b, projections.NoticeFilter{On: b.Today()}); err != nil {
		return err
	}
	head("一笔发放的资金使用报告", "the fund-use entry of one payment")
	for e := range b.FundUse() {
		if len(e.Receipts) > 0 && len(e.Phases) > 0 {
			p.entry(e)
			break
		}
	}
	head("总结中的数字", "the reports' figures")
	list, err := demo.Figures(b, "")
	if err != nil {
		return err
	}
	ok := demo.Proven(list)
	fmt.Printf(p.say("75 个数字中由事件证明 %d 个（共 %d 行）。\n", "of the 75 figures %d are proven by events (%d rows).\n"), ok, len(list))
	notice := uint64(0)
	for _, n := range b.Notices(0) {
		if len(n.Phases) > 0 {
			notice = n.Number
			break
		}
	}
	exe := os.Args[0]
	fmt.Printf(p.say("\n接下来可以试：\n", "\nTry next:\n")+`  export RELIEFLEDGER_DATA=%s
  %[2]s show balances --by campaign
  %[2]s show fund-use | head
  %[2]s show notice %d
  %[2]s report summary 2
  %[2]s report figures
  %[2]s show balances --by unit --as-of 2022-01-19
`, p.home.Data, exe, notice)
	if ok != len(list) {
		return office.ErrUnproven
	}
	return nil
}
