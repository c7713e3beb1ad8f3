package domain

import (
	"fmt"
	"strings"
	"testing"
)

// Money and goods of two receipts: from which of them a payment comes.
func TestOrigins(t *testing.T) {
	c := newCounty(t, noNotice(), 10000)
	c.by(c.accountant).mustDo("2023-01-04", &ReceiveFunds{Fund: c.fund, Source: Source{Treasury, "province", "省财政厅"}, Number: "财社2号", Amount: 20000, Goods: []GoodsGiven{{Item: "棉被（床）", Quantity: 5_000, Cost: new(Yuan(700))}, {Item: "大衣（件）", Quantity: 1_000}}})
	// 150.00 yuan buy rice: 100.00 of the county's and 50.00 of the province's.
	c.by(c.storekeeper).mustDo("2023-01-05", &PurchaseGoods{From: From{Fund: c.fund}, Item: "大米（袋）", Quantity: 7_000, Cost: 15000})
	a := Made(c.by(c.accountant).mustDo("2023-01-05", &Allocate{From: From{Fund: c.fund}, Unit: c.unit, Programme: c.programme, Purpose: "relief", Amount: 15000,
		Goods: []ItemCount{{"大米（袋）", 7_000}, {"棉被（床）", 5_000}, {"大衣（件）", 1_000}}}), "allocation")
	alloc := c.l.Allocations[a]
	lots := map[string]int{}
	for _, lot := range alloc.Lots() {
		lots[lot.Item] = lot.No
	}
	name := func(origin ID) string {
		var names []string
		for _, o := range c.l.ReceiptsOf(origin) {
			names = append(names, o.Source.Name)
		}
		return strings.Join(names, "+")
	}
	const rice, quilt, coat = "大米（袋）", "棉被（床）", "大衣（件）"
	for _, x := range []struct {
		what   string
		draws  []Draw
		drawn  string // item, quantity, fen, receipts
		behind string
	}{
		{"money", []Draw{{lots[Money], 4000, 0}}, " 4000 40.00 true 省财政厅", "省财政厅 40.00"},
		{"bought goods", []Draw{{lots[rice], 1_000, 2142}}, "大米（袋） 1000 21.42 true 县总工会+省财政厅", "县总工会 14.28; 省财政厅 7.14"},
		{"each draw is split", []Draw{{lots[rice], 1, 1}, {lots[rice], 1, 1}}, "大米（袋） 2 0.02 true 县总工会+省财政厅", "县总工会 0.00; 省财政厅 0.02"},
		{"given goods", []Draw{{lots[quilt], 1_000, 140}}, "棉被（床） 1000 1.40 true 省财政厅", "省财政厅 1.40"},
		{"not valued", []Draw{{lots[coat], 1_000, 0}}, "大衣（件） 1000 0.00 false 省财政厅", "省财政厅 0.00"},
		{"one receipt twice", []Draw{{lots[Money], 100, 0}, {lots[quilt], 1_000, 140}, {lots[Money], 50, 0}}, " 150 1.50 true 省财政厅; 棉被（床） 1000 1.40 true 省财政厅", "省财政厅 2.90"},
		{"no such lot", []Draw{{99, 1, 0}}, "", ""},
	} {
		var drawn, behind []string
		for _, d := range alloc.DrawnFrom(x.draws) {
			drawn = append(drawn, fmt.Sprint(d.Item, " ", d.Quantity, " ", d.Fen(), " ", d.Valued || d.Item == Money, " ", name(d.Origin)))
		}
		for _, p := range c.l.ReceiptsBehind(alloc, x.draws) {
			behind = append(behind, fmt.Sprint(name(p.Origin), " ", p.Fen))
		}
		if got := strings.Join(drawn, "; "); got != x.drawn {
			t.Errorf("%s: drawn %q, want %q", x.what, got, x.drawn)
		}
		if got := strings.Join(behind, "; "); got != x.behind {
			t.Errorf("%s: behind it %q, want %q", x.what, got, x.behind)
		}
	}
	if list := c.l.ReceiptsOf(id(4711)); list != nil {
		t.Errorf("receipts behind nothing: %v", list)
	}
}

// The allocations through which money came, from the fund's own down.
func TestPathTo(t *testing.T) {
	c := newCounty(t, noNotice(), 10000)
	top := c.allocate("2023-01-05", 10000)
	low := Made(c.mustDo("2023-01-05", &Allocate{From: From{Allocation: top}, Unit: c.unit, Programme: c.programme, Purpose: "relief", Amount: 5000}), "allocation")
	for at, want := range map[ID][]ID{top: {top}, low: {top, low}} {
		var got []ID
		for _, a := range c.l.PathTo(c.l.Allocations[at]) {
			got = append(got, a.ID)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	// The walk ends even for an allocation that is its own parent, as a forger could write.
	l := NewLedger()
	l.Allocations[id(1)] = &Allocation{From: Stream(AllocationKind, id(1))}
	if n := len(l.PathTo(l.Allocations[id(1)])); n != maxDepth+1 {
		t.Errorf("a circle of %d", n)
	}
}
