package main

import (
	"fmt"
	"os"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/table"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/projections"
)

// Tables that several subcommands show.

// balances is a table of balances.
func (p *program) balances(b *projections.Books, by projections.Dimension) error {
	rows := b.Balances(by)
	if p.json {
		if rows == nil {
			rows = []projections.Balance{}
		}
		return writeJSON(os.Stdout, rows)
	}
	say := func(n int64) string { return domain.Fen(n).String() }
	if by == projections.ByItem {
		say = func(n int64) string { return domain.Quantity(n).String() }
	}
	t := table.New(p.say("名称", "name"), p.say("收入", "received"), p.say("上级分配", "from above"), p.say("下达", "allocated"), p.say("待发", "reserved"), p.say("在途", "in transit"),
		p.say("已发", "paid"), p.say("收款人退回", "returned"), p.say("退回上级", "sent up"), p.say("上缴", "surrendered"), p.say("转交", "passed on"), p.say("库存", "stock"), p.say("余额", "left")).Figures(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
	t.Optional("0.00", "0")
	for _, r := range rows {
		t.Row(r.Name, say(r.Received), say(r.FromAbove), say(r.Allocated), say(r.Reserved), say(r.Transit), say(r.Paid), say(r.Returned), say(r.Up), say(r.Surrendered), say(r.PassedOn), say(r.Stock), say(r.Left))
	}
	return p.table(t)
}

// notices is a table of the notices that hung somewhere.
func (p *program) notices(b *projections.Books, which projections.NoticeFilter) error {
	list, err := office.Whole(func(part office.Page) (office.List[projections.Notice], error) {
		return office.Notices(b, office.NoticeQuery{NoticeFilter: which, Hung: true, Page: part})
	})
	if err != nil {
		return err
	}
	if p.json {
		return writeJSON(os.Stdout, append([]projections.Notice{}, list...))
	}
	t := table.New(p.say("序号", "number"), p.say("标题", "title"), p.say("单位", "unit"), p.say("状态", "state"), p.say("首日", "first"), p.say("末日", "last"), p.say("行数", "lines"), p.say("金额(元)", "yuan"), p.say("异议", "objections")).Figures(0, 6, 7, 8)
	for _, n := range list {
		first, last := "", ""
		if k := len(n.Phases); k > 0 {
			first, last = n.Phases[k-1].First.String(), n.Phases[k-1].Last.String()
		}
		t.Row(fmt.Sprint(n.Number), n.Title, n.Unit, colour(stateColours[n.State], n.State.Say(p.lang())), first, last, fmt.Sprint(n.Lines), n.Total.String(), fmt.Sprintf("%d/%d", n.Open, n.Objections))
	}
	return p.table(t)
}

var stateColours = map[projections.NoticeState]string{projections.Open: green, projections.Upcoming: yellow, projections.Withdrawn: red}
