package domain

import "fmt"

// GoodsIn are goods that come in. Valued tells a cost of zero from an unknown one.
type GoodsIn struct {
	Item     string   `json:"item"`
	Quantity Quantity `json:"quantity"`
	Cost     Fen      `json:"cost,omitempty"`
	Valued   bool     `json:"valued,omitempty"`
}

// itemQuantity is a quantity of money, in fen, or of an item, in thousandths.
type itemQuantity struct {
	item     string
	quantity int64
}

// ItemCount is a quantity of an item, as a command says it.
type ItemCount struct {
	Item     string `json:"item"`
	Quantity Count  `json:"quantity"`
}

// String writes the item and its quantity.
func (c ItemCount) String() string { return fmt.Sprintf("%s %s", c.Item, c.Quantity.Quantity()) }

// GoodsOf is a quantity of an item, as an event stores it.
type GoodsOf struct {
	Item     string   `json:"item"`
	Quantity Quantity `json:"quantity"`
}

// GoodsGiven are goods that a command brings in. Without a Cost their value is
// unknown.
type GoodsGiven struct {
	Item     string `json:"item"`
	Quantity Count  `json:"quantity"`
	Cost     *Yuan  `json:"cost,omitempty"`
}

func (g GoodsGiven) goodsIn() (GoodsIn, *Refusal) {
	if g.Item == "" {
		return GoodsIn{}, refuse(FieldMissing, "item")
	}
	if g.Quantity <= 0 {
		return GoodsIn{}, refuse(AmountNotPositive, g.Quantity.Quantity())
	}
	in := GoodsIn{Item: g.Item, Quantity: g.Quantity.Quantity()}
	if g.Cost != nil {
		if *g.Cost < 0 {
			return GoodsIn{}, refuse(AmountNotPositive, g.Cost.Fen())
		}
		in.Cost, in.Valued = g.Cost.Fen(), true
	}
	return in, nil
}

// GoodsPurchased are goods bought with the book's money.
type GoodsPurchased struct {
	Common
	Goods    GoodsIn `json:"goods"`
	Supplier string  `json:"supplier,omitempty"`
	Invoice  string  `json:"invoice,omitempty"`
	Draws    []Draw  `json:"draws"`
}

// GoodsCounted is a stock-taking (盘点) that found more than the books have (Surplus),
// or less (Draws).
type GoodsCounted struct {
	Common
	Surplus *GoodsIn `json:"surplus,omitempty"`
	Item    string   `json:"item,omitempty"`
	Draws   []Draw   `json:"draws,omitempty"`
}

// PurchaseGoods buys goods with the money of a book.
type PurchaseGoods struct {
	From
	Item     string `json:"item"`
	Quantity Count  `json:"quantity"`
	Cost     Yuan   `json:"cost"`
	Supplier string `json:"supplier,omitempty"`
	Invoice  string `json:"invoice,omitempty"`
}

// CountGoods records how much of an item a stock-taking found.
type CountGoods struct {
	From
	Item  string `json:"item"`
	Found Count  `json:"found"`
}

// Refusals about goods.
var (
	NothingCounted = newCode(0, "nothing-counted", "盘点数与账面一致：{quantity}", "the count agrees with the books: {quantity}")
)

func (c *PurchaseGoods) target(*Order) string        { return c.stream() }
func (c *PurchaseGoods) unit(l *Ledger, _ *Order) ID { return c.unitIn(l) }
func (c *PurchaseGoods) decide(d *decision) error {
	b, err := d.openBook(c.From)
	if err != nil {
		return err
	}
	in, bad := GoodsGiven{c.Item, c.Quantity, &c.Cost}.goodsIn()
	if bad != nil {
		return bad
	}
	draws, err := d.draw(b, Money, int64(in.Cost), anyLot)
	if err != nil {
		return err
	}
	d.add(&GoodsPurchased{Goods: in, Supplier: c.Supplier, Invoice: c.Invoice, Draws: draws})
	return nil
}

func (c *CountGoods) target(*Order) string        { return c.stream() }
func (c *CountGoods) unit(l *Ledger, _ *Order) ID { return c.unitIn(l) }
func (c *CountGoods) decide(d *decision) error {
	b, err := d.openBook(c.From)
	if err != nil {
		return err
	}
	if c.Item == "" {
		return refuse(FieldMissing, "item")
	}
	if c.Found < 0 {
		return refuse(AmountNotPositive, c.Found.Quantity())
	}
	switch have := b.Available(c.Item, d.order.Date); {
	case int64(c.Found) == have:
		return refuse(NothingCounted, c.Found.Quantity())
	case int64(c.Found) > have:
		d.add(&GoodsCounted{Surplus: &GoodsIn{Item: c.Item, Quantity: Quantity(int64(c.Found) - have)}})
	default:
		draws, err := d.draw(b, c.Item, have-int64(c.Found), anyLot)
		if err != nil {
			return err
		}
		d.add(&GoodsCounted{Item: c.Item, Draws: draws})
	}
	return nil
}

func (e *GoodsPurchased) fold(l *Ledger, r *Recorded) error {
	b, err := l.bookOf(r)
	if err != nil {
		return err
	}
	if e.Goods.Quantity <= 0 || e.Goods.Item == "" || Fen(b.sum(Money, e.Draws)) != e.Goods.Cost {
		return fmt.Errorf("%s of %q: the draws are not its cost", e.Goods.Quantity, e.Goods.Item)
	}
	if err := b.take(e.Draws, e.Date); err != nil {
		return err
	}
	o := &Origin{Event: r.ID, Bought: []Part{}}
	for _, d := range e.Draws {
		o.Bought = append(o.Bought, Part{b.lots[d.Lot-1].Origin, Fen(d.Quantity)})
	}
	l.origins[r.ID] = o
	// Money becomes stock at cost; the quantity comes from the supplier.
	for _, d := range e.Draws {
		l.post(b.Stream, Money, d.Quantity, b.lots[d.Lot-1].Origin, Held, Stock, "")
	}
	l.post(b.Stream, e.Goods.Item, int64(e.Goods.Quantity), r.ID, Supplier, Stock, "")
	b.add(Lot{Item: e.Goods.Item, Origin: r.ID, Edge: r.ID, From: e.Date, Left: int64(e.Goods.Quantity), Cost: e.Goods.Cost, Valued: true})
	b.rememberEntry(l, r, &reversibleEntry{taken: e.Draws, broughtIn: []itemQuantity{{e.Goods.Item, int64(e.Goods.Quantity)}}})
	return nil
}

func (e *GoodsCounted) fold(l *Ledger, r *Recorded) error {
	b, err := l.bookOf(r)
	if err != nil {
		return err
	}
	m := &reversibleEntry{taken: e.Draws}
	if g := e.Surplus; g != nil {
		if g.Quantity <= 0 || g.Item == "" || g.Cost < 0 {
			return fmt.Errorf("a surplus of %s %q", g.Quantity, g.Item)
		}
		l.origins[r.ID] = &Origin{Event: r.ID, Source: Source{Name: "盘盈"}}
		b.addFromOutside(l, r, g.Item, int64(g.Quantity), g.Cost, g.Valued, CountedIn)
		m.broughtIn = []itemQuantity{{g.Item, int64(g.Quantity)}}
	} else {
		if err := b.take(e.Draws, e.Date); err != nil {
			return err
		}
		l.postDraws(&b.Holdings, b.Stream, e.Draws, Held, CountedOut, "")
	}
	b.rememberEntry(l, r, m)
	return nil
}
