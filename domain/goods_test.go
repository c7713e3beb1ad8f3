package domain

import "testing"

// The rows of TestRefusals about goods.
var goodsRows = []refusalRow{
	{"1", "goods that are not there, and money that is not there yet", func(t *testing.T) {
		c := newCounty(t, noNotice(), 100000)
		c.by(c.storekeeper).mustDo("2023-01-05", &PurchaseGoods{From: From{Fund: c.fund}, Item: "大米（袋）", Quantity: 10_000, Cost: 60000})
		c.by(c.accountant).refused("2023-01-05", &Allocate{From: From{Fund: c.fund}, Unit: c.unit, Programme: c.programme, Purpose: "relief", Goods: []ItemCount{{"大米（袋）", 11_000}}}, NotEnoughGoods)
		c.refused("2023-01-05", &Allocate{From: From{Fund: c.fund}, Unit: c.unit, Programme: c.programme, Purpose: "relief", Goods: []ItemCount{{"大米（袋）", 1000}, {"大米（袋）", 1000}}}, FieldWrong)
		c.mustDo("2023-01-09", &ReceiveFunds{Fund: c.fund, Source: Source{Union, "county", "县总工会"}, Amount: 500000})
		c.refused("2023-01-08", &Allocate{From: From{Fund: c.fund}, Unit: c.unit, Programme: c.programme, Purpose: "relief", Amount: 100000}, NotEnoughMoney)
		c.by(c.storekeeper).refused("2023-01-09", &CountGoods{From: From{Fund: c.fund}, Item: "大米（袋）", Found: 10_000}, NothingCounted)
		c.mustDo("2023-01-09", &CountGoods{From: From{Fund: c.fund}, Item: "大米（袋）", Found: 9_000})
		c.mustDo("2023-01-10", &CountGoods{From: From{Fund: c.fund}, Item: "大米（袋）", Found: 9_500})
		c.by(c.accountant).refused("2023-01-10", &ReceiveFunds{Fund: c.fund, Source: Source{Union, "", ""}, Amount: MaxFen}, TooMuchMoney)
		c.refused("2023-01-10", &ReceiveFunds{Fund: c.fund, Source: Source{Union, "", ""}}, AmountNotPositive)
		c.refused("2023-01-10", &ReceiveFunds{Fund: c.fund, Source: Source{"x", "", ""}, Amount: 1}, FieldWrong)
	}},
}
