package domain

import "fmt"

// Back is a return of a payment: the money or goods that came back, and when.
type Back struct {
	Event ID
	Fen   Fen
	Items []GoodsOf
	On    Day
}

// Back returns the returns of the payment that were not reversed.
func (p *Payment) Back() []Back { return p.readExtra().back }

// returned says whether anything came back.
func (p *Payment) returned() bool { return len(p.Back()) > 0 }

// Net is the money of the payment that did not come back; 0 if it was reversed.
func (p *Payment) Net() Fen {
	if p.Reversed() != (ID{}) {
		return 0
	}
	net := p.Fen
	for _, b := range p.Back() {
		net -= b.Fen
	}
	return net
}

// Demanded returns the events that asked for the payment back.
func (p *Payment) Demanded() []ID { return p.readExtra().demanded }

// stillOut returns what is still out of a payment.
func (a *Allocation) stillOut(p *Payment) outflow {
	if p.readExtra().everReturned {
		return p.extra.stillOut
	}
	return outflow{a.Draws(p)}
}

// setStillOut changes what is still out of the payment.
func (p *Payment) setStillOut(o outflow) {
	extra := p.writeExtra()
	extra.everReturned, extra.stillOut = true, o
}

// DisbursementReturned is value that came back from a payee.
type DisbursementReturned struct {
	Common
	Payment ID        `json:"payment"`
	Fen     Fen       `json:"fen,omitempty"`
	Items   []GoodsOf `json:"items,omitempty"`
	Back    []Draw    `json:"back"` // the draws that come back, last drawn first
	Kind    string    `json:"kind"` // payee, unused-voucher, recovery
	Private struct {
		Reason Sealed `json:"reason,omitzero"`
	} `json:"-"`
}

// RecoveryDemanded says that a payee was asked to return money (追回), by a day if By is
// set.
type RecoveryDemanded struct {
	Common
	Payment ID  `json:"payment"`
	Fen     Fen `json:"fen"`
	By      Day `json:"by,omitzero"`
	Private struct {
		Reason Sealed `json:"reason,omitzero"`
	} `json:"-"`
}

// ReturnDisbursement records what came back of a payment.
type ReturnDisbursement struct {
	Allocation ID          `json:"allocation"`
	Payment    Ref         `json:"payment"`
	Amount     Yuan        `json:"amount,omitzero"`
	Items      []ItemCount `json:"items,omitempty"`
	Kind       string      `json:"kind"`
	Reason     Personal    `json:"reason,omitzero"`
}

// DemandRecovery asks a payee to return money of a payment (追回).
type DemandRecovery struct {
	Allocation ID       `json:"allocation"`
	Payment    Ref      `json:"payment"`
	Amount     Yuan     `json:"amount"`
	By         Day      `json:"by,omitzero"`
	Reason     Personal `json:"reason,omitzero"`
}

// Refusals about returns.
var (
	ReturnAbovePaid = newCode(3, "return-above-paid", "退回 {want} 超过未退数额 {out}", "{want} cannot come back, {out} of it is still out")
	PaymentReversed = newCode(3, "payment-reversed", "该笔发放已被冲销：{payment}", "the payment was reversed: {payment}")
)

func (c *ReturnDisbursement) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *ReturnDisbursement) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }

// decide also takes a closed allocation: what comes back goes on up from there.
func (c *ReturnDisbursement) decide(d *decision) error {
	a, p, err := d.paymentIn(c.Allocation, c.Payment)
	if err != nil {
		return err
	}
	if d.order.Date < p.Booked {
		return refuse(BookedBefore, d.order.Date, p.Booked)
	}
	switch c.Kind {
	case "payee", "unused-voucher", "recovery":
	default:
		return refuse(FieldWrong, "kind", c.Kind)
	}
	e := &DisbursementReturned{Payment: d.ledger.idAt(p.Number), Fen: c.Amount.Fen(), Kind: c.Kind}
	e.Private.Reason = c.Reason.sealed
	for _, i := range c.Items {
		e.Items = append(e.Items, GoodsOf{i.Item, i.Quantity.Quantity()})
	}
	if (e.Fen != 0) == (len(e.Items) > 0) {
		return refuse(AmountNotPositive, e.Fen)
	}
	for _, t := range (Entitlement{Fen: e.Fen, Items: e.Items}).quantities() {
		if t.quantity <= 0 {
			return refuse(AmountNotPositive, sayQuantity(t.item, t.quantity))
		}
		out := a.stillOut(p)
		back, ok := out.chooseBack(&a.Holdings, t.item, t.quantity)
		if !ok {
			return refuse(ReturnAbovePaid, sayQuantity(t.item, t.quantity), sayQuantity(t.item, out.quantity(&a.Holdings, t.item)))
		}
		e.Back = append(e.Back, back...)
	}
	d.add(e)
	return nil
}

func (c *DemandRecovery) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *DemandRecovery) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *DemandRecovery) decide(d *decision) error {
	_, p, err := d.paymentIn(c.Allocation, c.Payment)
	if err != nil {
		return err
	}
	if c.Amount <= 0 || c.Amount.Fen() > p.Net() {
		return refuse(ReturnAbovePaid, c.Amount.Fen(), p.Net())
	}
	e := &RecoveryDemanded{Payment: d.ledger.idAt(p.Number), Fen: c.Amount.Fen(), By: c.By}
	e.Private.Reason = c.Reason.sealed
	d.add(e)
	return nil
}

func (e *DisbursementReturned) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	p := l.paymentOf(a, e.Payment)
	if p == nil || p.Reversed() != (ID{}) || !a.known(e.Back) {
		return fmt.Errorf("nothing is out of payment %s", e.Payment)
	}
	if !a.makeUp(e.Back, e.Fen, e.Items) {
		return fmt.Errorf("the draws do not make up the amount returned, %d fen", e.Fen)
	}
	out := a.stillOut(p)
	if !out.remove(e.Back) {
		return fmt.Errorf("more than is out of payment %s", e.Payment)
	}
	p.setStillOut(out)
	first := a.putBack(e.Back, e.Date)
	l.postDraws(&a.Holdings, a.Stream, e.Back, Returned, Held, p.Form)
	due := a.due(p.Line, p.Entitlement)
	due.pay(e.Fen, e.Items, -1)
	due.addBack(r.ID)
	p.extra.back = append(p.extra.back, Back{r.ID, e.Fen, e.Items, e.LastDay()})
	m := &reversibleEntry{payment: p, cameBack: e.Back, broughtIn: (Entitlement{Fen: e.Fen, Items: e.Items}).quantities()}
	for i, d := range e.Back {
		m.taken = append(m.taken, Draw{first + i, d.Quantity, d.Cost})
	}
	a.rememberEntry(l, r, m)
	a.passUp(l, r, first)
	return nil
}

func (e *RecoveryDemanded) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	p := l.paymentOf(a, e.Payment)
	if p == nil {
		return fmt.Errorf("no payment %s", e.Payment)
	}
	p.writeExtra().demanded = append(p.Demanded(), r.ID)
	p.extra.claimed += e.Fen
	return nil
}
