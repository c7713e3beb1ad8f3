package domain

import "testing"

// The rows of TestRefusals about dates and periods.
var periodRows = []refusalRow{
	{"7", "dates in order, and in an open period", func(t *testing.T) {
		c := newCounty(t, noNotice(), 100000)
		a := c.allocate("2023-01-05", 1000)
		pass := &PassOnFunds{Fund: c.fund, To: "x", Amount: 1}
		c.now = at("2023-02-01")
		c.with(func(o *Order) { o.Date = day("2023-02-02") }).refused("2023-02-01", pass, DateInFuture)
		c.with(func(o *Order) { o.Date = 0 }).refused("2023-02-01", pass, DateMissing)
		c.with(func(o *Order) { o.Happened = &Span{day("2023-02-01"), day("2023-02-02")} }).refused("2023-02-01", pass, NotYetHappened)
		c.with(func(o *Order) { o.Happened = &Span{day("2023-02-01"), day("2023-01-31")} }).refused("2023-02-01", pass, BackwardSpan)
		c.refused("2023-02-01", &CloseBooks{Unit: c.unit, Through: day("2023-02-01")}, PeriodNotOver)
		c.mustDo("2023-02-01", &CloseBooks{Unit: c.unit, Through: day("2023-01-31")})
		c.refused("2023-02-01", &CloseBooks{Unit: c.unit, Through: day("2023-01-31")}, AlreadyClosed)
		c.refused("2023-01-31", pass, PeriodIsClosed)
		c.refused("2023-01-31", &ReturnUnspent{Allocation: a}, PeriodIsClosed)
		c.refused("2023-01-20", &EstablishFund{Unit: c.unit, Name: "新", Earmark: []string{"x"}}, PeriodIsClosed)
		c.mustDo("2023-02-01", pass)
	}},
}
