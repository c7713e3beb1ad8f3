package domain

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Allocation is parts of a fund, or of a higher allocation, given to one unit
// for one purpose under one programme (分配). From here alone it is decided
// what is payable, stopped, paid and returned.
type Allocation struct {
	Book
	From      string // the stream above
	Programme ID
	Revision  int
	Rules     []byte // hash of that revision's terms
	Purpose   string
	Quota     int // lines; 0 is no bound
	Lines     []*AdmittedLine
	Batches   []*Batch
	Payments  []*Payment

	Nominations []*Nomination
	// Reserved is what batches hold that are not paid, by item.
	Reserved map[string]int64

	admitting map[ID]int // notices whose admission is not complete: parts that came
	admitted  map[ID]bool
}

// AdmittedLine is a line of a confirmed notice that may be paid.
type AdmittedLine struct {
	No         int32 // in the allocation, from 1
	NoticeLine int32
	Notice     ID
	Line       *Line
	Due        []Due
	Stopped    ID   // the event that stopped it
	Over       bool // over quota
}

// Beneficiary is who is to receive what the line says.
func (a *AdmittedLine) Beneficiary() ID { return a.Line.Beneficiary }

// Payee is into whose hands it goes.
func (a *AdmittedLine) Payee() ID { return a.Line.Payee() }

// Due is an entitlement as it stands.
type Due struct {
	of             *gives
	which          uint32
	reserved, paid int64 // of its only thing, or its first
	rest           *dueRest
}

// Entitlement is what was admitted.
func (d *Due) Entitlement() *Entitlement { return &d.of.Give[d.which] }

// Items are its goods.
func (d *Due) Items() []GoodsOf { return d.Entitlement().Items }

// dueRest is what few entitlements have.
type dueRest struct {
	reserved, paid []int64 // of the things behind the first
	back           []ID
}

func (d *Due) write() *dueRest {
	if d.rest == nil {
		d.rest = &dueRest{}
		if n := len(d.Items()) - 1; n > 0 {
			d.rest.reserved, d.rest.paid = make([]int64, n), make([]int64, n)
		}
	}
	return d.rest
}

// Back are rejects, returns and reversals that no later payment names yet.
func (d *Due) Back() []ID {
	if d.rest == nil {
		return nil
	}
	return d.rest.back
}

// owe remembers that something came back, which a later payment must name.
func (d *Due) owe(event ID) {
	rest := d.write()
	rest.back = append(rest.back, event)
}

// settle forgets what came back, now that a payment names it.
func (d *Due) settle(event ID) {
	if len(d.Back()) > 0 {
		d.rest.back = slices.DeleteFunc(d.rest.back, func(id ID) bool { return id == event })
	}
}

// pay counts what was paid, times 1 or -1.
func (d *Due) pay(fen Fen, items []GoodsOf, times int64) {
	d.count(&d.paid, func(r *dueRest) []int64 { return r.paid }, fen, items, times)
}

// reserve counts what a batch holds, times 1 or -1.
func (d *Due) reserve(fen Fen, items []GoodsOf, times int64) {
	d.count(&d.reserved, func(r *dueRest) []int64 { return r.reserved }, fen, items, times)
}

// count adds to what is kept of the first thing and of those behind it. Things
// that the entitlement does not have count nowhere.
func (d *Due) count(first *int64, behind func(*dueRest) []int64, fen Fen, items []GoodsOf, times int64) {
	if len(d.Items()) == 0 && len(items) == 0 {
		*first += times * int64(fen)
	}
	for _, g := range items {
		for i, own := range d.Items() {
			switch {
			case own.Item != g.Item:
			case i == 0:
				*first += times * int64(g.Quantity)
			default:
				behind(d.write())[i-1] += times * int64(g.Quantity)
			}
		}
	}
}

// Entitlement is one thing that a line is to receive: a form, and fen or items.
type Entitlement struct {
	Form  Form      `json:"form"`
	Fen   Fen       `json:"fen,omitempty"`
	Items []GoodsOf `json:"items,omitempty"`
}

// things lists what an entitlement or row moves, as items with quantities.
func (e Entitlement) things() []goodsOut {
	if len(e.Items) == 0 {
		return []goodsOut{{Money, int64(e.Fen)}}
	}
	things := make([]goodsOut, len(e.Items))
	for i, g := range e.Items {
		things[i] = goodsOut{g.Item, int64(g.Quantity)}
	}
	return things
}

// Left is what of the i-th thing is neither reserved nor paid.
func (d *Due) Left(i int) int64 {
	all := int64(d.Entitlement().Fen)
	if items := d.Items(); len(items) > 0 {
		all = int64(items[i].Quantity)
	}
	switch {
	case i == 0:
		return all - d.reserved - d.paid
	case d.rest == nil:
		return all
	}
	return all - d.rest.reserved[i-1] - d.rest.paid[i-1]
}

// Nomination is a proposal of a unit below for who should be listed.
type Nomination struct {
	No       int
	Origin   string
	Arrived  time.Time
	Rejected ID
	Used     bool
}

// AllocationMade takes lots out of a book for an allocation. Its first opens
// the allocation; later ones top it up (追加).
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

// Inflow is a lot that comes down from the stream above.
type Inflow struct {
	Up       int    `json:"up"` // its lot there
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
	From       string   `json:"from"` // stream
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

// QuotaSet sets how many lines an allocation may pay.
type QuotaSet struct {
	Common
	Quota int `json:"quota"`
}

// NominationReceived is a nomination with its time of arrival. A late one is
// received like any other; listing it is what the deadline forbids.
type NominationReceived struct {
	Common
	Nomination int       `json:"nomination"`
	Origin     string    `json:"origin"`
	Arrived    time.Time `json:"arrived"`
	Households int       `json:"households,omitempty"`
	Private    struct {
		Note Sealed `json:"note,omitzero"`
	} `json:"-"`
}

// NominationRejected says that a nomination is not followed.
type NominationRejected struct {
	Common
	Nomination int  `json:"nomination"`
	Late       bool `json:"late,omitempty"`
	Private    struct {
		Reason Sealed `json:"reason,omitzero"`
	} `json:"-"`
}

// LinesAdmitted makes the lines of a confirmed notice payable, in parts.
type LinesAdmitted struct {
	Common
	Notice ID         `json:"notice"`
	Part   int        `json:"part"`
	Of     int        `json:"of"`
	Lines  []Admitted `json:"lines"`
}

// Admitted is one line of LinesAdmitted.
type Admitted struct {
	Line int           `json:"line"` // in the notice
	Give []Entitlement `json:"give"`
	Over bool          `json:"over,omitempty"` // over quota when admitted
}

// LineStopped forbids to pay a line until it is resumed.
type LineStopped struct {
	Common
	Line    int `json:"line"`
	Private struct {
		Reason Sealed `json:"reason,omitzero"`
	} `json:"-"`
}

// LineResumed lifts LineStopped.
type LineResumed struct {
	Common
	Line    int `json:"line"`
	Private struct {
		Reason Sealed `json:"reason,omitzero"`
	} `json:"-"`
}

// UnspentReturned sends what is left back up the edge by which it came.
type UnspentReturned struct {
	Common
	Draws []Draw `json:"draws"`
}

// UnspentTakenBack receives it above. Lots are this stream's own, from which
// it was once drawn.
type UnspentTakenBack struct {
	Common
	Allocation ID     `json:"allocation"`
	Lots       []Draw `json:"lots"`
}

// AllocationClosed ends an allocation: nothing new goes out.
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

// SetQuota sets an allocation's quota.
type SetQuota struct {
	Allocation ID  `json:"allocation"`
	Quota      int `json:"quota"`
}

// ReceiveNomination records a nomination.
type ReceiveNomination struct {
	Allocation ID        `json:"allocation"`
	Origin     string    `json:"origin"`
	Arrived    time.Time `json:"arrived"`
	Households int       `json:"households,omitempty"`
	Note       Personal  `json:"note,omitzero"`
}

// RejectNomination turns one down.
type RejectNomination struct {
	Allocation ID       `json:"allocation"`
	Nomination int      `json:"nomination"`
	Reason     Personal `json:"reason,omitzero"`
}

// StopLine stops the payment of an admitted line.
type StopLine struct {
	Allocation ID       `json:"allocation"`
	Line       int      `json:"line"`
	Reason     Personal `json:"reason,omitzero"`
}

// ResumeLine lets it be paid again.
type ResumeLine struct {
	Allocation ID       `json:"allocation"`
	Line       int      `json:"line"`
	Reason     Personal `json:"reason,omitzero"`
}

// ReturnUnspent sends money or goods back up; with neither given, all.
type ReturnUnspent struct {
	Allocation ID     `json:"allocation"`
	Amount     Yuan   `json:"amount,omitzero"`
	Item       string `json:"item,omitempty"`
	Quantity   Count  `json:"quantity,omitzero"`
}

// CloseAllocation ends an allocation that has nothing left.
type CloseAllocation struct {
	Allocation ID `json:"allocation"`
}

// Refusals about allocations.
var (
	OutsideEarmark    = newCode(11, "outside-earmark", "用途 {purpose} 不在资金专项范围（{earmark}）内", "the purpose {purpose} is outside the fund's earmark ({earmark})")
	OutsideProgramme  = newCode(11, "outside-programme", "用途 {purpose} 不属于该救助项目（{purposes}）", "the purpose {purpose} is none of the programme's ({purposes})")
	OtherPurpose      = newCode(11, "other-purpose", "下级分配用途 {purpose} 与上级用途 {above} 不一致", "a lower allocation for {purpose} cannot come from one for {above}")
	NominationLate    = newCode(12, "nomination-late", "推荐名单于 {arrived} 送达，截止 {until}", "the nomination arrived at {arrived}, after {until}")
	NominationMissing = newCode(12, "nomination-missing", "项目有推荐截止时间（{until}），名单行须注明推荐名单", "the programme has a deadline for nominations ({until}): a line names its nomination")
	NominationDone    = newCode(0, "nomination-done", "推荐名单 {nomination} 已处理", "the nomination {nomination} is dealt with already")
	LineIsStopped     = newCode(9, "line-stopped", "第 {line} 号名单行已停发", "line {line} is stopped")
	LineIsStruck      = newCode(9, "line-struck", "第 {line} 号名单行因异议成立被剔除，只能另列补充公示", "line {line} was struck by an objection: it can only be listed anew, in a supplementary notice")
	LineNotStopped    = newCode(0, "line-not-stopped", "第 {line} 号名单行并未停发", "line {line} is not stopped")
	NotAdmitted       = newCode(2, "not-admitted", "第 {line} 号名单行未列入本分配", "line {line} is not admitted to this allocation")
	NotUnderUnit      = newCode(0, "not-under-unit", "单位 {unit} 不在 {above} 之下", "the unit {unit} does not stand below {above}")
	NothingThere      = newCode(0, "nothing-there", "没有可退的余额：{have}", "there is nothing to give back: {have}")
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
			return refuse(FieldWrong, "goods.item", g.Item).at(i)
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
	a := d.l.Allocations[c.To]
	if a == nil || a.From != b.Stream {
		return refuse(NoSuch, said{"分配", "allocation"}, c.To)
	}
	if a.Closed {
		return refuse(NotOpen, said{"分配", "allocation"}, c.To)
	}
	e.Unit, e.Programme, e.Revision, e.Rules, e.Purpose = a.Unit, a.Programme, a.Revision, a.Rules, a.Purpose
	return nil
}

func (c *Allocate) open(d *decision, b *Book, e *AllocationMade) error {
	if err := d.openUnit(c.Unit); err != nil {
		return err
	}
	if !d.l.Below(c.Unit, b.Unit) {
		return refuse(NotUnderUnit, d.l.Units[c.Unit].Name, d.l.Units[b.Unit].Name)
	}
	p, ok := d.l.Programmes[c.Programme]
	if !ok {
		return refuse(NoSuch, said{"救助项目", "programme"}, c.Programme)
	}
	revision, rules, ok := p.InForceOn(d.o.Date)
	if !ok {
		return refuse(ProgrammeNotInForce, d.o.Date)
	}
	if !slices.Contains(rules.Purposes, c.Purpose) {
		if err := d.conduct(-1, refuse(OutsideProgramme, c.Purpose, strings.Join(rules.Purposes, ", "))); err != nil {
			return err
		}
	}
	if f := d.l.Funds[b.ID]; f != nil && c.Fund != (ID{}) {
		if !slices.Contains(f.Earmark, c.Purpose) {
			if err := d.conduct(-1, refuse(OutsideEarmark, c.Purpose, strings.Join(f.Earmark, ", "))); err != nil {
				return err
			}
		}
	} else if above := d.l.Allocations[b.ID]; above.Purpose != c.Purpose {
		if err := d.conduct(-1, refuse(OtherPurpose, c.Purpose, above.Purpose)); err != nil {
			return err
		}
	}
	if d.l.levels(b.Stream) >= maxDepth {
		return refuse(TooDeep, maxDepth)
	}
	e.Allocation, e.Unit, e.Programme, e.Revision = d.made("allocation"), c.Unit, c.Programme, revision
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

// allocation refuses unless an allocation is open.
func (d *decision) allocation(id ID) (*Allocation, error) {
	if _, err := d.openBook(From{Allocation: id}); err != nil {
		return nil, err
	}
	return d.l.Allocations[id], nil
}

func (l *Ledger) unitOfAllocation(id ID) ID { return From{Allocation: id}.unitIn(l) }

func (c *SetQuota) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *SetQuota) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *SetQuota) decide(d *decision) error {
	if _, err := d.allocation(c.Allocation); err != nil {
		return err
	}
	if c.Quota < 0 {
		return refuse(FieldWrong, "quota", c.Quota)
	}
	d.add(&QuotaSet{Quota: c.Quota})
	return nil
}

func (c *ReceiveNomination) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *ReceiveNomination) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *ReceiveNomination) decide(d *decision) error {
	a, err := d.allocation(c.Allocation)
	if err != nil {
		return err
	}
	if c.Origin == "" {
		return refuse(FieldMissing, "origin")
	}
	if c.Arrived.IsZero() || c.Arrived.After(d.env.Now) {
		return refuse(FieldWrong, "arrived", sayTime(c.Arrived))
	}
	e := &NominationReceived{Nomination: len(a.Nominations) + 1, Origin: c.Origin, Arrived: c.Arrived.UTC(), Households: c.Households}
	e.Private.Note = c.Note.sealed
	d.add(e)
	return nil
}

func sayTime(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(Shanghai).Format("2006-01-02 15:04")
}

func (c *RejectNomination) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *RejectNomination) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *RejectNomination) decide(d *decision) error {
	a, err := d.allocation(c.Allocation)
	if err != nil {
		return err
	}
	if c.Nomination < 1 || c.Nomination > len(a.Nominations) {
		return refuse(NoSuch, said{"推荐名单", "nomination"}, c.Nomination)
	}
	n := a.Nominations[c.Nomination-1]
	if n.Rejected != (ID{}) || n.Used {
		return refuse(NominationDone, c.Nomination)
	}
	_, late := d.l.late(a, n)
	e := &NominationRejected{Nomination: c.Nomination, Late: late}
	e.Private.Reason = c.Reason.sealed
	d.add(e)
	return nil
}

// late says whether a nomination arrived after the programme's deadline.
func (l *Ledger) late(a *Allocation, n *Nomination) (until time.Time, late bool) {
	rules, ok := l.judgedBy(a.Programme, a.Revision, a.Rules)
	if !ok || rules.NominationsUntil == nil {
		return time.Time{}, false
	}
	return *rules.NominationsUntil, n.Arrived.After(*rules.NominationsUntil)
}

// admittedAs is the place in the allocation of a notice's line, 0 for none.
func (a *Allocation) admittedAs(notice ID, line int) int {
	return 1 + slices.IndexFunc(a.Lines, func(x *AdmittedLine) bool { return int(x.NoticeLine) == line && x.Notice == notice })
}

func (a *Allocation) line(no int) *AdmittedLine {
	if no < 1 || no > len(a.Lines) {
		return nil
	}
	return a.Lines[no-1]
}

func (c *StopLine) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *StopLine) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *StopLine) decide(d *decision) error {
	a, err := d.allocation(c.Allocation)
	if err != nil {
		return err
	}
	switch line := a.line(c.Line); {
	case line == nil:
		return refuse(NotAdmitted, c.Line)
	case line.Stopped != ID{}:
		return refuse(LineIsStopped, c.Line)
	}
	e := &LineStopped{Line: c.Line}
	e.Private.Reason = c.Reason.sealed
	d.add(e)
	return nil
}

func (c *ResumeLine) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *ResumeLine) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *ResumeLine) decide(d *decision) error {
	a, err := d.allocation(c.Allocation)
	if err != nil {
		return err
	}
	switch line := a.line(c.Line); {
	case line == nil:
		return refuse(NotAdmitted, c.Line)
	case line.Stopped == ID{}:
		return refuse(LineNotStopped, c.Line)
	case line.Line.Struck() != ID{}:
		return refuse(LineIsStruck, c.Line)
	}
	e := &LineResumed{Line: c.Line}
	e.Private.Reason = c.Reason.sealed
	d.add(e)
	return nil
}

func (c *ReturnUnspent) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *ReturnUnspent) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *ReturnUnspent) decide(d *decision) error {
	a := d.l.Allocations[c.Allocation]
	if a == nil {
		return refuse(NoSuch, said{"分配", "allocation"}, c.Allocation)
	}
	e := &UnspentReturned{}
	item, quantity := asked(c.Amount, c.Item, c.Quantity)
	// Goods that were bought here did not come down an edge: they stay until
	// given out, or the purchase is reversed.
	fromAbove := func(l Lot) bool { return l.Up > 0 && !l.promised }
	if item == Money && quantity == 0 {
		for _, lot := range a.Lots() {
			if fromAbove(lot) && lot.From <= d.o.Date {
				e.Draws = append(e.Draws, Draw{lot.No, lot.Left, lot.Cost})
			}
		}
		if len(e.Draws) == 0 {
			return refuse(NothingThere, Fen(a.Available(Money, d.o.Date)))
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

func (c *CloseAllocation) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *CloseAllocation) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *CloseAllocation) decide(d *decision) error {
	a, err := d.allocation(c.Allocation)
	if err != nil {
		return err
	}
	var reserved Fen
	for _, b := range a.Batches {
		if b.open() {
			reserved += b.Total()
		}
	}
	if err := d.nothingLeft(&a.Book, reserved); err != nil {
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
	l.move(&b.Holdings, r.Stream, e.Draws, Held, Transit, "")
	var lots []Inflow
	for _, d := range e.Draws {
		lot := b.lots[d.Lot-1]
		lots = append(lots, Inflow{d.Lot, lot.Origin, lot.Item, d.Quantity, d.Cost, lot.Valued})
	}
	if e.TopUp {
		l.owe(r, child, &AllocationToppedUp{Lots: lots})
	} else {
		l.owe(r, child, &AllocationOpened{Allocation: e.Allocation, From: r.Stream, Unit: e.Unit, Programme: e.Programme,
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
		Reserved: map[string]int64{}, admitting: map[ID]int{}, admitted: map[ID]bool{}}
	l.Allocations[e.Allocation] = a
	a.arrive(l, r, e.Lots)
	return nil
}

// arrive takes in what comes from above, out of the account in transit there.
func (a *Allocation) arrive(l *Ledger, r *Recorded, lots []Inflow) {
	for _, in := range lots {
		lot := Lot{Item: in.Item, Origin: in.Origin, Edge: r.ID, Up: in.Up, From: r.Event.common().Date,
			Left: in.Quantity, Cost: in.Cost, Valued: in.Valued}
		a.add(lot)
		l.across(a.From, a.Stream, lot, in.Quantity, in.Cost)
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

// passUp sends what came into a closed allocation on up its edge.
func (a *Allocation) passUp(l *Ledger, r *Recorded, first int) {
	if !a.Closed {
		return
	}
	var draws []Draw
	for i := range a.lots[first-1:] {
		if lot := &a.lots[first-1+i]; lot.Up > 0 && lot.Left > 0 {
			draws = append(draws, Draw{lot.No, lot.Left, lot.Cost})
			lot.promised = true
		}
	}
	if len(draws) > 0 {
		l.owe(r, a.Stream, &UnspentReturned{Draws: draws})
	}
}

func (l *Ledger) allocationOf(r *Recorded) (*Allocation, error) {
	_, id, _ := SplitStream(r.Stream)
	if a := l.Allocations[id]; a != nil {
		return a, nil
	}
	return nil, fmt.Errorf("no such allocation")
}

func (e *QuotaSet) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	a.Quota = e.Quota
	l.countQuota(a)
	return nil
}

func (e *NominationReceived) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	a.Nominations = append(a.Nominations, &Nomination{No: e.Nomination, Origin: e.Origin, Arrived: e.Arrived})
	return nil
}

func (e *NominationRejected) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	if e.Nomination < 1 || e.Nomination > len(a.Nominations) {
		return fmt.Errorf("no nomination %d", e.Nomination)
	}
	a.Nominations[e.Nomination-1].Rejected = r.ID
	return nil
}

func (e *LineStopped) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	line := a.line(e.Line)
	if line == nil {
		return fmt.Errorf("no line %d", e.Line)
	}
	line.Stopped = r.ID
	return nil
}

func (e *LineResumed) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	line := a.line(e.Line)
	if line == nil {
		return fmt.Errorf("no line %d", e.Line)
	}
	line.Stopped = ID{}
	return nil
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
	l.move(&a.Holdings, a.Stream, e.Draws, Held, Transit, "")
	l.owe(r, a.From, &UnspentTakenBack{Allocation: a.ID, Lots: up})
	return nil
}

func (e *UnspentTakenBack) fold(l *Ledger, r *Recorded) error {
	b, err := l.bookOf(r)
	if err != nil {
		return err
	}
	out := b.Children[e.Allocation]
	if out == nil || !b.known(e.Lots) || !out.close(e.Lots) {
		return fmt.Errorf("more than went out to %s", e.Allocation)
	}
	first := b.putBack(e.Lots, e.Date)
	for i, d := range e.Lots {
		l.across(Stream(AllocationKind, e.Allocation), b.Stream, b.lots[first+i-1], d.Quantity, d.Cost)
	}
	if a := l.Allocations[b.ID]; a != nil {
		a.passUp(l, r, first)
	}
	return nil
}

func (e *AllocationClosed) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err == nil {
		a.Closed = true
	}
	return err
}
