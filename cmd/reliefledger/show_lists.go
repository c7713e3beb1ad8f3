package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/table"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/projections"
)

// showLists are `show notices` and `show fund-use`, with the filters of their queries.
func showLists(p *program) []*cobra.Command {
	return []*cobra.Command{showNoticesCommand(p), showUseCommand(p)}
}

func showNoticesCommand(p *program) *cobra.Command {
	var on, unit string
	var states []string
	c := &cobra.Command{Use: "notices", Short: p.say("公示名单一览", "public notices"), Args: cobra.NoArgs,
		RunE: p.showing(func(r *office.Reader, b *projections.Books, _ []string) (err error) {
			var which projections.NoticeFilter
			if which.On, err = p.day(r, b, "--on", on); err != nil {
				return err
			}
			if which.Unit, err = thingOf(b, "--unit", domain.UnitKind, unit); err != nil {
				return err
			}
			for _, s := range states {
				if !slices.Contains(hungStates, projections.NoticeState(s)) {
					return office.Input("--state", "%q：%v", "%q: %v", s, hungStates)
				}
				which.States = append(which.States, projections.NoticeState(s))
			}
			return p.notices(b, which)
		})}
	f := c.Flags()
	f.StringVar(&on, "on", "", "as they stand on a day 某日状态")
	f.StringVar(&unit, "unit", "", "of a unit and those below it 单位及其下级")
	f.StringSliceVar(&states, "state", nil, fmt.Sprintf("only these 只列状态: %v", hungStates))
	return c
}

// hungStates are the states of a notice that hung somewhere.
var hungStates = []projections.NoticeState{projections.Upcoming, projections.Open, projections.Ended, projections.Withdrawn, projections.Unposted}

// useFlags are the flags of `show fund-use`.
type useFlags struct {
	fund, unit, programme, form, first, last string
	missing, irregular                       bool
}

func showUseCommand(p *program) *cobra.Command {
	var x useFlags
	c := &cobra.Command{Use: "fund-use", Short: p.say("资金使用报告：每笔发放一条", "the fund-use report: one entry for each payment"), Args: cobra.NoArgs,
		RunE: p.showing(func(_ *office.Reader, b *projections.Books, _ []string) error {
			q, err := x.query(b)
			if err != nil {
				return err
			}
			return showUse(p, b, q)
		})}
	f := c.Flags()
	f.StringVar(&x.fund, "fund", "", "from a fund 资金")
	f.StringVar(&x.unit, "unit", "", "of a unit and those below it 单位及其下级")
	f.StringVar(&x.programme, "programme", "", "of a programme 救助项目")
	f.StringVar(&x.form, "form", "", "bank, cash, goods, voucher 发放形式")
	f.StringVar(&x.first, "from", "", "booked on this day or later 记账日期自")
	f.StringVar(&x.last, "to", "", "and on this day or before 至")
	f.BoolVar(&x.missing, "missing", false, "only where something is missing 只列有缺失的")
	f.BoolVar(&x.irregular, "irregular", false, "only what is irregular 只列违规补记的")
	return c
}

// query is what the flags ask for.
func (x *useFlags) query(b *projections.Books) (q office.PaymentQuery, err error) {
	q = office.PaymentQuery{Form: domain.Form(x.form), Missing: x.missing, Irregular: x.irregular}
	if x.form != "" && !slices.Contains([]domain.Form{domain.Bank, domain.Cash, domain.Goods, domain.Voucher}, q.Form) {
		return q, office.Input("--form", "%q：bank, cash, goods, voucher", "%q: bank, cash, goods, voucher", x.form)
	}
	for _, t := range []struct {
		into              *domain.ID
		flag, kind, which string
	}{{&q.Fund, "--fund", domain.FundKind, x.fund}, {&q.Unit, "--unit", domain.UnitKind, x.unit}, {&q.Programme, "--programme", domain.ProgrammeKind, x.programme}} {
		if *t.into, err = thingOf(b, t.flag, t.kind, t.which); err != nil {
			return q, err
		}
	}
	for _, d := range []struct {
		into       *domain.Day
		flag, text string
	}{{&q.First, "--from", x.first}, {&q.Last, "--to", x.last}} {
		if d.text == "" {
			continue
		}
		if *d.into, err = domain.ParseDay(d.text); err != nil {
			return q, office.InputErr(d.flag, err)
		}
	}
	return q, nil
}

// thingOf finds a thing that a flag names in books; no name is none.
func thingOf(b *projections.Books, flag, kind, which string) (domain.ID, error) {
	if which == "" {
		return domain.ID{}, nil
	}
	id, err := office.Find(b.State, kind, which)
	if err != nil {
		return id, office.InputErr(flag, err)
	}
	return id, nil
}

func showUse(p *program, b *projections.Books, q office.PaymentQuery) error {
	list, err := office.Whole(func(part office.Page) (office.List[projections.Entry], error) {
		q.Page = part
		return office.Payments(b, q)
	})
	if err != nil {
		return err
	}
	if p.json {
		return writeJSON(os.Stdout, append([]projections.Entry{}, list...))
	}
	t := table.New(p.say("序号", "number"), p.say("日期", "date"), p.say("资金", "fund"), p.say("项目", "programme"), p.say("名单/行", "notice/line"), p.say("形式", "form"), p.say("金额(元)", "yuan"), p.say("净额", "net"), p.say("违规", "irregular"), p.say("缺失", "missing")).Figures(0, 6, 7)
	var total office.PaymentTotal
	for _, e := range list {
		var missing []string
		for _, g := range e.Missing {
			missing = append(missing, g.Say(p.lang()))
		}
		total.Add(e)
		t.Row(fmt.Sprint(e.Number), e.Happened.String(), e.Fund, e.Programme, fmt.Sprintf("%d/%d", e.NoticeNumber, e.Line), e.Form.Say(p.lang()), (e.Amount + e.Cost).String(), e.Net.String(), colour(red, strings.Join(e.Irregular, ",")), colour(yellow, strings.Join(missing, "、")))
	}
	if err := p.table(t); err != nil {
		return err
	}
	p.note("%d 笔，%s 元，净额 %s 元\n", "%d payments, %s yuan, net %s\n", total.Payments, total.Fen, total.Net)
	return nil
}
