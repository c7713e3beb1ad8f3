package domain

import "fmt"

// UnspentReturned sends what an allocation has left back to the stream from which it
// came.
type UnspentReturned struct {
	Common
	Draws []Draw `json:"draws"`
}

// UnspentTakenBack receives in the stream above what an allocation sent back. Lots
// names that stream's lots from which it was drawn at first.
type UnspentTakenBack struct {
	Common
	Allocation ID     `json:"allocation"`
	Lots       []Draw `json:"lots"`
}

// ReturnUnspent sends money or goods back to the stream above. If it names neither, all
// that came from there and is left goes back.
type ReturnUnspent struct {
	Allocation ID     `json:"allocation"`
	Amount     Yuan   `json:"amount,omitzero"`
	Item       string `json:"item,omitempty"`
	Quantity   Count  `json:"quantity,omitzero"`
}

// Refusals about what goes back up.
var (
	NothingThere = newCode(0, "nothing-there", "没有可退的余额：{have}", "there is nothing to give back: {have}")
)

func (c *ReturnUnspent) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *ReturnUnspent) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *ReturnUnspent) decide(d *decision) error {
	a, err := d.anyAllocation(c.Allocation)
	if err != nil {
		return err
	}
	e := &UnspentReturned{}
	item, quantity := itemAndQuantity(c.Amount, c.Item, c.Quantity)
	// Goods that were bought here did not come from above. They stay until they are
	// handed out or the purchase is reversed.
	fromAbove := func(l Lot) bool { return l.Up > 0 && !l.owedToStep }
	if item == Money && quantity == 0 {
		for _, lot := range a.Lots() {
			if fromAbove(lot) && lot.From <= d.order.Date {
				e.Draws = append(e.Draws, Draw{lot.No, lot.Left, lot.Cost})
			}
		}
		if len(e.Draws) == 0 {
			return refuse(NothingThere, Fen(a.Available(Money, d.order.Date)))
		}
		d.add(e)
		return nil
	}
	draws, err := d.draw(&a.Book, item, quantity, fromAbove)
	if err != nil {
		return err
	}
	e.Draws = draws
	d.add(e)
	return nil
}

// passUp sends on what came into a closed allocation: its lots from number first on.
func (a *Allocation) passUp(l *Ledger, r *Recorded, first int) {
	if !a.Closed {
		return
	}
	var draws []Draw
	for i := range a.lots[first-1:] {
		if lot := &a.lots[first-1+i]; lot.Up > 0 && lot.Left > 0 {
			draws = append(draws, Draw{lot.No, lot.Left, lot.Cost})
			lot.owedToStep = true
		}
	}
	if len(draws) > 0 {
		l.oweStep(r, a.Stream, &UnspentReturned{Draws: draws})
	}
}

func (e *UnspentReturned) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	var up []Draw
	for _, d := range e.Draws {
		lot, ok := a.Lot(d.Lot)
		if !ok || lot.Up == 0 {
			return fmt.Errorf("lot %d did not come from above", d.Lot)
		}
		up = append(up, Draw{lot.Up, d.Quantity, d.Cost})
	}
	if err := a.take(e.Draws, e.Date); err != nil {
		return err
	}
	l.postDraws(&a.Holdings, a.Stream, e.Draws, Held, Transit, "")
	l.oweStep(r, a.From, &UnspentTakenBack{Allocation: a.ID, Lots: up})
	return nil
}

func (e *UnspentTakenBack) fold(l *Ledger, r *Recorded) error {
	b, err := l.bookOf(r)
	if err != nil {
		return err
	}
	out := b.Children[e.Allocation]
	if out == nil || !b.known(e.Lots) || !out.remove(e.Lots) {
		return fmt.Errorf("more than went out to %s", e.Allocation)
	}
	first := b.putBack(e.Lots, e.Date)
	for i, d := range e.Lots {
		l.postBetween(Stream(AllocationKind, e.Allocation), b.Stream, b.lots[first+i-1], d.Quantity, d.Cost)
	}
	if a := l.Allocations[b.ID]; a != nil {
		a.passUp(l, r, first)
	}
	return nil
}
