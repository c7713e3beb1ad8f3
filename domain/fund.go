package domain

import "fmt"

// Fund is money or goods held for relief with an earmark (专款专用).
type Fund struct {
	Book
	Name    string
	Earmark []string // purpose codes
	// Received is what came in by source and item, less what was surrendered: fen for
	// Money, else thousandths.
	Received map[Source]map[string]int64
}

// SourceKind is what kind of source money has.
type SourceKind string

// The kinds of sources.
const (
	Treasury  SourceKind = "treasury"
	Union     SourceKind = "union"
	OwnBudget SourceKind = "own-budget"
	Donation  SourceKind = "donation"
)

// Source is where funds come from. Two receipts are of the same source if kind, level
// and name are the same, exactly as written.
type Source struct {
	Kind  SourceKind `json:"kind"`
	Level string     `json:"level"` // central, province, city, county, township, or empty
	Name  string     `json:"name"`
}

// String writes kind, level and name with slashes between them.
func (s Source) String() string { return fmt.Sprintf("%s/%s/%s", s.Kind, s.Level, s.Name) }

// FundEstablished begins a fund.
type FundEstablished struct {
	Common
	Fund    ID       `json:"fund"`
	Unit    ID       `json:"unit"`
	Name    string   `json:"name"`
	Earmark []string `json:"earmark"`
}

// FundsReceived is money or goods from a source.
type FundsReceived struct {
	Common
	Source  Source    `json:"source"`
	Number  string    `json:"number,omitempty"` // document number
	Donors  Headcount `json:"donors,omitzero"`
	Fen     Fen       `json:"fen,omitempty"`
	Goods   []GoodsIn `json:"goods,omitempty"`
	Private struct {
		Donor ID `json:"donor,omitzero"` // the party that gave, if it is known
	} `json:"-"`
}

// FundsSurrendered is money or goods returned to their source (退回资金来源).
type FundsSurrendered struct {
	Common
	Source Source `json:"source"`
	Number string `json:"number,omitempty"`
	Item   string `json:"item,omitempty"`
	Draws  []Draw `json:"draws"`
}

// FundsPassedOn is money or goods given to an outside organisation or ledger.
type FundsPassedOn struct {
	Common
	To     string `json:"to"`
	Number string `json:"number,omitempty"`
	Item   string `json:"item,omitempty"`
	Draws  []Draw `json:"draws"`
}

// FundClosed ends a fund: nothing new goes out.
type FundClosed struct{ Common }

// EstablishFund begins a fund.
type EstablishFund struct {
	Unit    ID       `json:"unit"`
	Name    string   `json:"name"`
	Earmark []string `json:"earmark"`
}

// ReceiveFunds records what came in.
type ReceiveFunds struct {
	Fund   ID           `json:"fund"`
	Source Source       `json:"source"`
	Number string       `json:"number,omitempty"`
	Donor  ID           `json:"donor,omitzero"`
	Donors Headcount    `json:"donors,omitzero"`
	Amount Yuan         `json:"amount,omitzero"`
	Goods  []GoodsGiven `json:"goods,omitempty"`
}

// SurrenderFunds returns money or goods to their source (退回资金来源).
type SurrenderFunds struct {
	Fund     ID     `json:"fund"`
	Source   Source `json:"source"`
	Number   string `json:"number,omitempty"`
	Amount   Yuan   `json:"amount,omitzero"`
	Item     string `json:"item,omitempty"`
	Quantity Count  `json:"quantity,omitzero"`
}

// PassOnFunds gives money or goods to an outside organisation.
type PassOnFunds struct {
	Fund     ID      `json:"fund"`
	To       string  `json:"to"`
	Number   string  `json:"number,omitempty"`
	Source   *Source `json:"source,omitempty"` // take only what came from this source
	Amount   Yuan    `json:"amount,omitzero"`
	Item     string  `json:"item,omitempty"`
	Quantity Count   `json:"quantity,omitzero"`
}

// CloseFund ends a fund that has nothing left.
type CloseFund struct {
	Fund ID `json:"fund"`
}

// Refusals about funds.
var (
	TooMuchMoney  = newCode(6, "too-much-money", "金额超过账簿上限 {max} 元", "more than the {max} yuan that a ledger can hold")
	NotFromSource = newCode(3, "not-from-source", "退回来源 {source} 的数额 {want} 超过其可退余额 {have}", "{want} back to {source} is more than the {have} that is left of it")
)

func (c *EstablishFund) target(o *Order) string  { return Stream(FundKind, Made(o.ID, "fund")) }
func (c *EstablishFund) unit(*Ledger, *Order) ID { return c.Unit }
func (c *EstablishFund) decide(d *decision) error {
	if err := d.openUnit(c.Unit); err != nil {
		return err
	}
	if c.Name == "" {
		return refuse(FieldMissing, "name")
	}
	if len(c.Earmark) == 0 {
		return refuse(FieldMissing, "earmark")
	}
	d.add(&FundEstablished{Fund: d.newID("fund"), Unit: c.Unit, Name: c.Name, Earmark: c.Earmark})
	return nil
}

func (c *ReceiveFunds) target(*Order) string        { return Stream(FundKind, c.Fund) }
func (c *ReceiveFunds) unit(l *Ledger, _ *Order) ID { return From{Fund: c.Fund}.unitIn(l) }
func (c *ReceiveFunds) decide(d *decision) error {
	if _, err := d.openBook(From{Fund: c.Fund}); err != nil {
		return err
	}
	switch c.Source.Kind {
	case Treasury, Union, OwnBudget, Donation:
	default:
		return refuse(FieldWrong, "source.kind", string(c.Source.Kind))
	}
	if c.Amount < 0 || c.Amount == 0 && len(c.Goods) == 0 {
		return refuse(AmountNotPositive, c.Amount.Fen())
	}
	if c.Donors != (Headcount{}) {
		if err := c.Donors.check(); err != nil {
			return err
		}
	}
	if c.Donor != (ID{}) {
		if err := d.party(c.Donor); err != nil {
			return err
		}
	}
	e := &FundsReceived{Source: c.Source, Number: c.Number, Donors: c.Donors, Fen: c.Amount.Fen()}
	e.Private.Donor = c.Donor
	total := d.ledger.total
	for i, g := range c.Goods {
		in, err := g.goodsIn()
		if err != nil {
			return err.inRow(i)
		}
		e.Goods = append(e.Goods, in)
		total += in.Cost
	}
	if total+e.Fen > MaxFen {
		return refuse(TooMuchMoney, Fen(MaxFen))
	}
	d.add(e)
	return nil
}

func (c *SurrenderFunds) target(*Order) string        { return Stream(FundKind, c.Fund) }
func (c *SurrenderFunds) unit(l *Ledger, _ *Order) ID { return From{Fund: c.Fund}.unitIn(l) }

// decide also takes a closed fund: what comes back to it is still surrendered.
func (c *SurrenderFunds) decide(d *decision) error {
	f := d.ledger.Funds[c.Fund]
	if f == nil {
		return refuse(NoSuch, bilingual{"资金", "fund"}, c.Fund)
	}
	item, quantity := itemAndQuantity(c.Amount, c.Item, c.Quantity)
	if quantity <= 0 {
		return refuse(AmountNotPositive, sayQuantity(item, quantity))
	}
	draws, ok := f.drawFrom(item, quantity, d.order.Date, d.ledger.ofSource(c.Source))
	if !ok {
		var have int64
		for _, x := range draws {
			have += x.Quantity
		}
		return refuse(NotFromSource, c.Source, sayQuantity(item, quantity), sayQuantity(item, have))
	}
	d.add(&FundsSurrendered{Source: c.Source, Number: c.Number, Item: item, Draws: draws})
	return nil
}

// ofSource picks the lots that came from a source.
func (l *Ledger) ofSource(s Source) func(Lot) bool {
	return func(lot Lot) bool {
		o := l.origins[lot.Origin]
		return o != nil && o.Bought == nil && o.Source == s
	}
}

func (c *PassOnFunds) target(*Order) string        { return Stream(FundKind, c.Fund) }
func (c *PassOnFunds) unit(l *Ledger, _ *Order) ID { return From{Fund: c.Fund}.unitIn(l) }
func (c *PassOnFunds) decide(d *decision) error {
	b, err := d.openBook(From{Fund: c.Fund})
	if err != nil {
		return err
	}
	if c.To == "" {
		return refuse(FieldMissing, "to")
	}
	may := anyLot
	if c.Source != nil {
		may = d.ledger.ofSource(*c.Source)
	}
	item, quantity := itemAndQuantity(c.Amount, c.Item, c.Quantity)
	draws, err := d.draw(b, item, quantity, may)
	if err != nil {
		return err
	}
	d.add(&FundsPassedOn{To: c.To, Number: c.Number, Item: item, Draws: draws})
	return nil
}

func (c *CloseFund) target(*Order) string        { return Stream(FundKind, c.Fund) }
func (c *CloseFund) unit(l *Ledger, _ *Order) ID { return From{Fund: c.Fund}.unitIn(l) }
func (c *CloseFund) decide(d *decision) error {
	b, err := d.openBook(From{Fund: c.Fund})
	if err != nil {
		return err
	}
	if err := d.checkNothingLeft(b, 0); err != nil {
		return err
	}
	d.add(&FundClosed{})
	return nil
}

func (e *FundEstablished) fold(l *Ledger, r *Recorded) error {
	if l.Funds[e.Fund] != nil || r.Stream != Stream(FundKind, e.Fund) {
		return fmt.Errorf("the fund exists, or this is not its stream")
	}
	through := Day(0)
	if u := l.Units[e.Unit]; u != nil {
		through = u.ClosedThrough
	}
	l.Funds[e.Fund] = &Fund{Book: newBook(r, e.Fund, e.Unit, through), Name: e.Name, Earmark: e.Earmark,
		Received: map[Source]map[string]int64{}}
	return nil
}

func (e *FundsReceived) fold(l *Ledger, r *Recorded) error {
	_, id, _ := SplitStream(r.Stream)
	f := l.Funds[id]
	if f == nil {
		return fmt.Errorf("no such fund")
	}
	if e.Fen < 0 || e.Fen > MaxFen {
		return fmt.Errorf("%d fen", e.Fen)
	}
	for _, g := range e.Goods {
		if g.Quantity <= 0 || g.Item == "" || g.Cost < 0 || g.Cost > MaxFen {
			return fmt.Errorf("%s of %q at %d fen", g.Quantity, g.Item, g.Cost)
		}
	}
	l.origins[r.ID] = &Origin{Event: r.ID, Source: e.Source, Number: e.Number}
	m := &reversibleEntry{}
	if e.Fen > 0 {
		f.addFromOutside(l, r, Money, int64(e.Fen), 0, false, FromSource)
		m.broughtIn = append(m.broughtIn, itemQuantity{Money, int64(e.Fen)})
	}
	l.total += e.Fen
	for _, g := range e.Goods {
		f.addFromOutside(l, r, g.Item, int64(g.Quantity), g.Cost, g.Valued, FromSource)
		m.broughtIn = append(m.broughtIn, itemQuantity{g.Item, int64(g.Quantity)})
		l.total += g.Cost
	}
	f.rememberEntry(l, r, m)
	l.noteMention(e.Private.Donor, ID{}, e.LastDay())
	return nil
}

func (e *FundsSurrendered) fold(l *Ledger, r *Recorded) error {
	return l.takeOut(r, e.Draws, Surrendered)
}
func (e *FundsPassedOn) fold(l *Ledger, r *Recorded) error { return l.takeOut(r, e.Draws, PassedOn) }

// takeOut takes draws out of the book of an event's stream and out of the ledger.
func (l *Ledger) takeOut(r *Recorded, draws []Draw, to AccountKind) error {
	b, err := l.bookOf(r)
	if err != nil {
		return err
	}
	if err := b.take(draws, r.Event.common().Date); err != nil {
		return err
	}
	l.postDraws(&b.Holdings, b.Stream, draws, Held, to, "")
	return nil
}

func (e *FundClosed) fold(l *Ledger, r *Recorded) error {
	b, err := l.bookOf(r)
	if err == nil {
		b.Closed = true
	}
	return err
}
