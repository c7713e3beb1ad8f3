package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/office"
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
	var on string
	notices := &cobra.Command{Use: "notices", Short: p.say("公示名单一览", "public notices"), Args: cobra.NoArgs,
		RunE: p.showing(func(r *office.Reader, b *projections.Books, _ []string) error {
			day, err := p.day(r, b, "--on", on)
			if err != nil {
				return err
			}
			return p.notices(b, day)
		})}
	notices.Flags().StringVar(&on, "on", "", "as they stand on a day 某日状态")
	fundUse := &cobra.Command{Use: "fund-use", Short: p.say("资金使用报告：每笔发放一条", "the fund-use report: one entry for each payment"), Args: cobra.NoArgs,
		RunE: p.showing(func(_ *office.Reader, b *projections.Books, _ []string) error { return showUse(p, b) })}
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
	return []*cobra.Command{balances, notices, fundUse, payment, irregular}
}

func showUse(p *program, b *projections.Books) error {
	if p.json {
		list := []projections.Entry{}
		for e := range b.FundUse() {
			list = append(list, e)
		}
		return writeJSON(os.Stdout, list)
	}
	t := newTable(p.say("序号", "number"), p.say("日期", "date"), p.say("资金", "fund"), p.say("项目", "programme"), p.say("名单/行", "notice/line"), p.say("形式", "form"), p.say("金额(元)", "yuan"), p.say("净额", "net"), p.say("违规", "irregular"), p.say("缺失", "missing")).figures(0, 6, 7)
	for e := range b.FundUse() {
		var missing []string
		for _, g := range e.Missing {
			missing = append(missing, g.Say(p.lang()))
		}
		t.row(fmt.Sprint(e.Number), e.Happened.String(), e.Fund, e.Programme, fmt.Sprintf("%d/%d", e.NoticeNumber, e.Line), e.Form.Say(p.lang()), (e.Amount + e.Cost).String(), e.Net.String(), colour(red, strings.Join(e.Irregular, ",")), colour(yellow, strings.Join(missing, "、")))
	}
	return p.table(t)
}

func showIrregular(p *program, b *projections.Books) error {
	list := b.Irregular()
	if p.json {
		if list == nil {
			list = []projections.Irregular{}
		}
		return writeJSON(os.Stdout, list)
	}
	t := newTable(p.say("序号", "number"), p.say("事件", "event"), p.say("规则", "rule"), p.say("代码", "code"), p.say("行", "rows"), p.say("发生", "happened"), p.say("记账", "booked"), p.say("理由", "reason"), p.say("证据", "evidence"), p.say("第二经办人", "second")).figures(0, 2, 8)
	for _, x := range list {
		reason := p.say("无", "none")
		if x.Reason {
			reason = p.say("有（密封）", "given (sealed)")
		}
		post := ""
		if o := b.State.Officers[x.Second]; o != nil {
			post = o.Post
		}
		t.row(fmt.Sprint(x.Number), x.Type, fmt.Sprint(x.Rule), x.Code, fmt.Sprint(x.Rows), x.Happened.String(), x.Booked.String(), reason, fmt.Sprint(x.Evidence), post)
	}
	return p.table(t)
}
