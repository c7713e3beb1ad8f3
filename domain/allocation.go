package domain

import (
	"fmt"
	"slices"
	"strings"
)

// Allocation is money and goods of a fund, or of a higher allocation, for one unit,
// one purpose and one programme (分配). What may be paid, is stopped, was paid or
// came back is decided from its state alone.
type Allocation struct {
	Book
	From      string // the stream above
	Programme ID
	Revision  int
	Rules     []byte // hash of that revision's terms
	Purpose   string
	Quota     int // lines that may be paid; 0 is no bound
	Lines     []*AdmittedLine
	Batches   []*Batch
	Payments  []*Payment

	Nominations []*Nomination
	// Reserved is what the unpaid rows of batches hold, by item: fen for Money, else
	// thousandths.
	Reserved map[string]int64

	partsAdmitted  map[ID]int // by notice, while its admission is not complete
	whollyAdmitted map[ID]bool
}

// AllocationMade takes lots out of a book for an allocation. The first such event
// opens the allocation; later ones top it up (追加).
type AllocationMade struct {
	Common
	Allocation ID     `json:"allocation"`
	Unit       ID     `json:"unit"`
	Programme  ID     `json:"programme"`
	Revision   int    `json:"revision"`
	Rules      []byte `json:"rules"`
	Purpose    string `json:"purpose"`
	TopUp      bool   `json:"top_up,omitempty"`
	Quota      int    `json:"quota,omitempty"`
	Draws      []Draw `json:"draws,omitempty"`
}

// Inflow is a part of a lot that comes down from the stream above.
type Inflow struct {
	Up       int    `json:"up"` // number of that lot in the stream above
	Origin   ID     `json:"origin"`
	Item     string `json:"item,omitempty"`
	Quantity int64  `json:"quantity"`
	Cost     Fen    `json:"cost,omitempty"`
	Valued   bool   `json:"valued,omitempty"`
}

// AllocationOpened begins an allocation with what was allocated.
type AllocationOpened struct {
	Common
	Allocation ID       `json:"allocation"`
	From       string   `json:"from"` // the stream above
	Unit       ID       `json:"unit"`
	Programme  ID       `json:"programme"`
	Revision   int      `json:"revision"`
	Rules      []byte   `json:"rules"`
	Purpose    string   `json:"purpose"`
	Quota      int      `json:"quota,omitempty"`
	Lots       []Inflow `json:"lots,omitempty"`
}

// AllocationToppedUp adds to an allocation.
type AllocationToppedUp struct {
	Common
	Lots []Inflow `json:"lots"`
}

// AllocationClosed ends an allocation: nothing new goes out. What comes back goes on
// up.
type AllocationClosed struct{ Common }

// Allocate gives money or goods of a book to a unit: it opens an allocation,
// or tops up the one that To names.
type Allocate struct {
	From
	To        ID          `json:"to,omitzero"`
	Unit      ID          `json:"unit,omitzero"`
	Programme ID          `json:"programme,omitzero"`
	Purpose   string      `json:"purpose,omitempty"`
	Quota     int         `json:"quota,omitempty"`
	Amount    Yuan        `json:"amount,omitzero"`
	Goods     []ItemCount `json:"goods,omitempty"`
}

// CloseAllocation ends an allocation that has nothing left.
type CloseAllocation struct {
	Allocation ID `json:"allocation"`
}

// Refusals about allocations.
var (
	OutsideEarmark   = newCode(11, "outside-earmark", "用途 {purpose} 不在资金专项范围（{earmark}）内", "the purpose {purpose} is outside the fund's earmark ({earmark})")
	OutsideProgramme = newCode(11, "outside-programme", "用途 {purpose} 不属于该救助项目（{purposes}）", "the purpose {purpose} is none of the programme's ({purposes})")
	OtherPurpose     = newCode(11, "other-purpose", "下级分配用途 {purpose} 与上级用途 {above} 不一致", "a lower allocation for {purpose} cannot come from one for {above}")
	NotUnderUnit     = newCode(0, "not-under-unit", "单位 {unit} 不在 {above} 之下", "the unit {unit} does not stand below {above}")
)

func (c *Allocate) target(*Order) string        { return c.stream() }
func (c *Allocate) unit(l *Ledger, _ *Order) ID { return c.unitIn(l) }
func (c *Allocate) decide(d *decision) error {
	b, err := d.openBook(c.From)
	if err != nil {
		return err
	}
	e := &AllocationMade{Allocation: c.To, TopUp: c.To != ID{}}
	if e.TopUp {
		err = c.topUp(d, b, e)
	} else {
		err = c.open(d, b, e)
	}
	if err != nil {
		return err
	}
	if c.Quota < 0 {
		return refuse(FieldWrong, "quota", c.Quota)
	}
	if c.Amount < 0 {
		return refuse(AmountNotPositive, c.Amount.Fen())
	}
	if c.Amount > 0 {
		draws, err := d.draw(b, Money, int64(c.Amount), anyLot)
		if err != nil {
			return err
		}
		e.Draws = append(e.Draws, draws...)
	}
	seen := map[string]bool{}
	for i, g := range c.Goods {
		if g.Item == Money || seen[g.Item] {
			return refuse(FieldWrong, "goods.item", g.Item).inRow(i)
		}
		seen[g.Item] = true
		draws, err := d.draw(b, g.Item, int64(g.Quantity), anyLot)
		if err != nil {
			return err
		}
		e.Draws = append(e.Draws, draws...)
	}
	if e.TopUp && len(e.Draws) == 0 {
		return refuse(AmountNotPositive, c.Amount.Fen())
	}
	d.add(e)
	return nil
}

func (c *Allocate) topUp(d *decision, b *Book, e *AllocationMade) error {
	a := d.ledger.Allocations[c.To]
	if a == nil || a.From != b.Stream {
		return refuse(NoSuch, bilingual{"分配", "allocation"}, c.To)
	}
	if a.Closed {
		return refuse(NotOpen, bilingual{"分配", "allocation"}, c.To)
	}
	e.Unit, e.Programme, e.Revision, e.Rules, e.Purpose = a.Unit, a.Programme, a.Revision, a.Rules, a.Purpose
	return nil
}

func (c *Allocate) open(d *decision, b *Book, e *AllocationMade) error {
	if err := d.openUnit(c.Unit); err != nil {
		return err
	}
	if !d.ledger.Below(c.Unit, b.Unit) {
		return refuse(NotUnderUnit, d.ledger.Units[c.Unit].Name, d.ledger.Units[b.Unit].Name)
	}
	p, ok := d.ledger.Programmes[c.Programme]
	if !ok {
		return refuse(NoSuch, bilingual{"救助项目", "programme"}, c.Programme)
	}
	revision, rules, ok := p.InForceOn(d.order.Date)
	if !ok {
		return refuse(ProgrammeNotInForce, d.order.Date)
	}
	if !slices.Contains(rules.Purposes, c.Purpose) {
		if err := d.refuseOrMark(-1, refuse(OutsideProgramme, c.Purpose, strings.Join(rules.Purposes, ", "))); err != nil {
			return err
		}
	}
	if f := d.ledger.Funds[b.ID]; f != nil && c.Fund != (ID{}) {
		if !slices.Contains(f.Earmark, c.Purpose) {
			if err := d.refuseOrMark(-1, refuse(OutsideEarmark, c.Purpose, strings.Join(f.Earmark, ", "))); err != nil {
				return err
			}
		}
	} else if above := d.ledger.Allocations[b.ID]; above.Purpose != c.Purpose {
		if err := d.refuseOrMark(-1, refuse(OtherPurpose, c.Purpose, above.Purpose)); err != nil {
			return err
		}
	}
	if d.ledger.levels(b.Stream) >= maxDepth {
		return refuse(TooDeep, maxDepth)
	}
	e.Allocation, e.Unit, e.Programme, e.Revision = d.newID("allocation"), c.Unit, c.Programme, revision
	e.Rules, e.Purpose, e.Quota = rules.Hash, c.Purpose, c.Quota
	return nil
}

// levels counts the allocations from a stream up to its fund.
func (l *Ledger) levels(stream string) int {
	n := 0
	for n <= maxDepth {
		_, id, _ := SplitStream(stream)
		a := l.Allocations[id]
		if a == nil {
			break
		}
		stream = a.From
		n++
	}
	return n
}

// PathTo lists the allocations from the top one, which the fund made, down to a.
func (l *Ledger) PathTo(a *Allocation) []*Allocation {
	var path []*Allocation
	for hops := 0; a != nil && hops <= maxDepth; hops++ {
		path = append(path, a)
		_, id, _ := SplitStream(a.From)
		a = l.Allocations[id]
	}
	slices.Reverse(path)
	return path
}

// FundOf returns the fund at the top of an allocation.
func (l *Ledger) FundOf(a *Allocation) *Fund {
	for hops := 0; a != nil && hops <= maxDepth; hops++ {
		kind, id, _ := SplitStream(a.From)
		if kind == FundKind {
			return l.Funds[id]
		}
		a = l.Allocations[id]
	}
	return nil
}

// allocation returns an allocation, or refuses if it is missing or closed.
func (d *decision) allocation(id ID) (*Allocation, error) {
	if _, err := d.openBook(From{Allocation: id}); err != nil {
		return nil, err
	}
	return d.ledger.Allocations[id], nil
}

// anyAllocation returns an allocation, open or closed, or refuses if it is missing.
func (d *decision) anyAllocation(id ID) (*Allocation, error) {
	if a := d.ledger.Allocations[id]; a != nil {
		return a, nil
	}
	return nil, refuse(NoSuch, bilingual{"分配", "allocation"}, id)
}

func (l *Ledger) unitOfAllocation(id ID) ID { return From{Allocation: id}.unitIn(l) }

func (c *CloseAllocation) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *CloseAllocation) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *CloseAllocation) decide(d *decision) error {
	a, err := d.allocation(c.Allocation)
	if err != nil {
		return err
	}
	var reserved Fen
	for _, b := range a.Batches {
		if b.holdsReservation() {
			reserved += b.Total()
		}
	}
	if err := d.checkNothingLeft(&a.Book, reserved); err != nil {
		return err
	}
	d.add(&AllocationClosed{})
	return nil
}

func (e *AllocationMade) fold(l *Ledger, r *Recorded) error {
	b, err := l.bookOf(r)
	if err != nil {
		return err
	}
	child := Stream(AllocationKind, e.Allocation)
	if a := l.Allocations[e.Allocation]; e.TopUp && (a == nil || a.From != r.Stream) || !e.TopUp && b.Children[e.Allocation] != nil {
		return fmt.Errorf("the allocation %s is not one to open or top up", e.Allocation)
	}
	if err := b.take(e.Draws, e.Date); err != nil {
		return err
	}
	out := b.Children[e.Allocation]
	if out == nil {
		out = &outflow{}
		b.Children[e.Allocation] = out
	}
	out.draws = append(out.draws, e.Draws...)
	l.postDraws(&b.Holdings, r.Stream, e.Draws, Held, Transit, "")
	var lots []Inflow
	for _, d := range e.Draws {
		lot := b.lots[d.Lot-1]
		lots = append(lots, Inflow{d.Lot, lot.Origin, lot.Item, d.Quantity, d.Cost, lot.Valued})
	}
	if e.TopUp {
		l.oweStep(r, child, &AllocationToppedUp{Lots: lots})
	} else {
		l.oweStep(r, child, &AllocationOpened{Allocation: e.Allocation, From: r.Stream, Unit: e.Unit, Programme: e.Programme,
			Revision: e.Revision, Rules: e.Rules, Purpose: e.Purpose, Quota: e.Quota, Lots: lots})
	}
	return nil
}

func (e *AllocationOpened) fold(l *Ledger, r *Recorded) error {
	if l.Allocations[e.Allocation] != nil || r.Stream != Stream(AllocationKind, e.Allocation) {
		return fmt.Errorf("the allocation exists, or this is not its stream")
	}
	through := Day(0)
	if u := l.Units[e.Unit]; u != nil && u.ClosedThrough < e.Date {
		through = u.ClosedThrough
	}
	a := &Allocation{Book: newBook(r, e.Allocation, e.Unit, through), From: e.From, Programme: e.Programme,
		Revision: e.Revision, Rules: e.Rules, Purpose: e.Purpose, Quota: e.Quota,
		Reserved: map[string]int64{}, partsAdmitted: map[ID]int{}, whollyAdmitted: map[ID]bool{}}
	l.Allocations[e.Allocation] = a
	a.arrive(l, r, e.Lots)
	return nil
}

// arrive adds lots that come from the stream above, where they were in transit.
func (a *Allocation) arrive(l *Ledger, r *Recorded, lots []Inflow) {
	for _, in := range lots {
		lot := Lot{Item: in.Item, Origin: in.Origin, Edge: r.ID, Up: in.Up, From: r.Event.common().Date,
			Left: in.Quantity, Cost: in.Cost, Valued: in.Valued}
		a.add(lot)
		l.postBetween(a.From, a.Stream, lot, in.Quantity, in.Cost)
	}
}

func (e *AllocationToppedUp) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	first := len(a.lots) + 1
	a.arrive(l, r, e.Lots)
	a.passUp(l, r, first)
	return nil
}

func (l *Ledger) allocationOf(r *Recorded) (*Allocation, error) {
	_, id, _ := SplitStream(r.Stream)
	if a := l.Allocations[id]; a != nil {
		return a, nil
	}
	return nil, fmt.Errorf("no such allocation")
}

func (e *AllocationClosed) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err == nil {
		a.Closed = true
	}
	return err
}
