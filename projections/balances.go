package projections

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"reliefledger.org/ledger/domain"
)

// tally is what daily totals are kept by: small however many payments there
// are.
type tally struct {
	date     domain.Day
	stream   string
	account  domain.AccountKind
	item     string
	origin   domain.ID
	form     domain.Form
	campaign domain.ID
	kind     string // type of event
}

// balances are the part of the books that adds up money and goods.
type balances struct {
	*basis
	tallies map[tally]int64
}

func newBalances(b *basis) *balances { return &balances{b, map[tally]int64{}} }

// Apply adds the postings of an event to the day's totals.
func (b *balances) Apply(a applied) {
	if !a.folded {
		return
	}
	c, kind := domain.CommonOf(a.Event), b.state.TypeAt(a.Number)
	for _, p := range a.postings {
		b.tallies[tally{c.Date, p.Stream, p.Account, p.Item, p.Origin, p.Form, c.Campaign, kind}] += p.Quantity
	}
}

// Dimension is by what balances are added up.
type Dimension string

// The dimensions of balances.
const (
	ByLedger     Dimension = "ledger"
	ByFund       Dimension = "fund"
	ByAllocation Dimension = "allocation"
	ByUnit       Dimension = "unit" // with those below it
	BySource     Dimension = "source"
	ByProgramme  Dimension = "programme"
	ByForm       Dimension = "form"
	ByCampaign   Dimension = "campaign"
	ByItem       Dimension = "item" // of goods, in their own unit
)

// Dimensions lists them.
var Dimensions = []Dimension{ByLedger, ByFund, ByAllocation, ByUnit, BySource, ByProgramme, ByForm, ByCampaign, ByItem}

// Balance is one row of a balance sheet: fen, or for goods (ByItem) thousandths
// of the item's unit. It balances:
//
//	Received + FromAbove + Counted = Left + Stock + Reserved + Transit + Allocated + Up + Paid - Returned + Surrendered + PassedOn
type Balance struct {
	Name        string `json:"name"`
	ID          string `json:"id,omitempty"`
	Received    int64  `json:"received"`   // from sources and suppliers
	FromAbove   int64  `json:"from_above"` // allocated to it
	Allocated   int64  `json:"allocated"`  // by it, net of what came back
	Up          int64  `json:"up"`         // unspent, returned to where it came from
	Reserved    int64  `json:"reserved"`
	Transit     int64  `json:"in_transit"`
	Paid        int64  `json:"paid"` // gross
	Returned    int64  `json:"returned"`
	Surrendered int64  `json:"surrendered"`
	PassedOn    int64  `json:"passed_on"`
	Counted     int64  `json:"counted"` // surplus less loss
	Stock       int64  `json:"stock"`   // goods at cost
	Left        int64  `json:"left"`    // money that may still go out
}

// Balanced says whether the row adds up, as it always does.
func (r Balance) Balanced() bool {
	return r.Received+r.FromAbove+r.Counted == r.Left+r.Stock+r.Reserved+r.Transit+r.Allocated+r.Up+r.Paid-r.Returned+r.Surrendered+r.PassedOn
}

func (r *Balance) add(t tally, q int64) {
	switch t.account {
	case domain.FromSource, domain.Supplier:
		r.Received -= q
	case domain.Held:
		r.Left += q
	case domain.Stock:
		r.Stock += q
	case domain.Reserved:
		r.Reserved += q
	case domain.Paid:
		r.Paid += q
	case domain.Returned:
		r.Returned -= q
	case domain.Surrendered:
		r.Surrendered += q
	case domain.PassedOn:
		r.PassedOn += q
	case domain.CountedIn, domain.CountedOut:
		r.Counted -= q
	case domain.Transit:
		r.Transit += q
	}
	// What crosses an edge is told by the event that moved it. Allocated and Up
	// are what arrived; until then it stands in transit.
	switch t.account {
	case domain.Held, domain.Stock:
		switch t.kind {
		case "AllocationMade", "UnspentTakenBack":
			r.Allocated -= q
		case "AllocationOpened", "AllocationToppedUp":
			r.FromAbove += q
		case "UnspentReturned":
			r.Up -= q
		}
	case domain.Transit:
		switch t.kind {
		case "AllocationMade", "AllocationOpened", "AllocationToppedUp":
			r.Allocated -= q
		case "UnspentReturned", "UnspentTakenBack":
			r.Up -= q
		}
	}
}

// Balances adds up what counts as of the books' date, by a dimension, in the
// order in which things began.
func (b *balances) Balances(by Dimension) []Balance {
	rows := map[string]*Balance{}
	order := map[string]uint64{}
	row := func(key, name, id string, began uint64) *Balance {
		r := rows[key]
		if r == nil {
			r = &Balance{Name: name, ID: id}
			rows[key], order[key] = r, began
		}
		order[key] = min(order[key], began) // tallies come in any order
		return r
	}
	for t, q := range b.tallies {
		if (t.item != domain.Money) != (by == ByItem) || q == 0 || !b.within(t.date) {
			continue
		}
		for _, k := range b.keys(by, t) {
			row(k.key, k.name, k.id, k.began).add(t, b.portion(by, t, q, k))
		}
	}
	list := make([]Balance, 0, len(rows))
	keys := slices.SortedFunc(maps.Keys(rows), func(x, y string) int {
		return cmp.Or(cmp.Compare(order[x], order[y]), strings.Compare(x, y))
	})
	inside := by != ByFund && by != ByAllocation
	for _, k := range keys {
		r := *rows[k]
		if inside {
			// Seen as a whole, what moves between parts of it is neither
			// received nor given: the edges cancel out.
			cross := min(r.Allocated, r.FromAbove-r.Up)
			r.Allocated -= cross
			r.FromAbove -= cross + r.Up
			r.Up = 0
			if r.FromAbove < 0 {
				r.Up, r.FromAbove = -r.FromAbove, 0
			}
		}
		list = append(list, r)
	}
	return list
}

type group struct {
	key, name, id string
	began         uint64
	share         *domain.Part // of an origin's money, for BySource
	whole         domain.Fen
}

// keys says into which rows a tally goes.
func (b *balances) keys(by Dimension, t tally) []group {
	s := b.state
	kind, id, _ := domain.SplitStream(t.stream)
	switch by {
	case ByLedger:
		return []group{{key: "", name: s.Opened.Name}}
	case ByFund:
		if f := s.Funds[id]; kind == domain.FundKind && f != nil {
			return []group{{key: t.stream, name: f.Name, id: id.String(), began: b.began(t.stream)}}
		}
	case ByAllocation:
		if a := s.Allocations[id]; kind == domain.AllocationKind && a != nil {
			return []group{{key: t.stream, name: b.AllocationName(a), id: id.String(), began: b.began(t.stream)}}
		}
	case ByUnit:
		var groups []group
		for n, u := 0, s.Units[b.unitOf(t.stream)]; u != nil && n < 32; n, u = n+1, s.Units[u.Parent] {
			groups = append(groups, group{key: u.ID.String(), name: u.Name, id: u.ID.String(), began: b.began(domain.Stream(domain.UnitKind, u.ID))})
		}
		return groups
	case ByProgramme:
		if a := s.Allocations[id]; a != nil {
			if p := s.Programmes[a.Programme]; p != nil {
				return []group{{key: p.ID.String(), name: p.Name, id: p.ID.String(), began: b.began(domain.Stream(domain.ProgrammeKind, p.ID))}}
			}
		}
	case ByForm:
		if t.form != "" && (t.account == domain.Paid || t.account == domain.Returned) {
			return []group{{key: string(t.form), name: t.form.Say(domain.Zh)}}
		}
	case ByCampaign:
		if c := s.Campaigns[t.campaign]; c != nil {
			return []group{{key: c.ID.String(), name: c.Name, id: c.ID.String(), began: b.began(domain.Stream(domain.CampaignKind, c.ID))}}
		}
	case ByItem:
		return []group{{key: t.item, name: t.item}}
	case BySource:
		return b.sources(t.origin)
	}
	return nil
}

// sources are the receipts behind an origin: itself, or those whose money
// bought the goods.
func (b *balances) sources(origin domain.ID) []group {
	o, ok := b.state.Origin(origin)
	if !ok {
		return nil
	}
	if o.Bought == nil {
		n, _ := b.number(origin)
		return []group{{key: o.Source.String(), name: SourceName(o.Source), began: n}}
	}
	var whole domain.Fen
	for _, p := range o.Bought {
		whole += p.Fen
	}
	var groups []group
	for i := range o.Bought {
		r, ok := b.state.Origin(o.Bought[i].Origin)
		if !ok || r.Bought != nil {
			continue
		}
		n, _ := b.number(r.Event)
		groups = append(groups, group{key: r.Source.String(), name: SourceName(r.Source), began: n, share: &o.Bought[i], whole: whole})
	}
	return groups
}

// portion is what of a quantity falls to a group: all of it, or of goods
// bought from several sources the first one's share of their cost, whole fen,
// and the last one's rest.
func (b *balances) portion(by Dimension, t tally, q int64, g group) int64 {
	if by != BySource || g.share == nil || g.whole == 0 {
		return q
	}
	o, _ := b.state.Origin(t.origin)
	sign := int64(1)
	if q < 0 {
		sign, q = -1, -q
	}
	var before domain.Fen
	for i := range o.Bought {
		to := before + o.Bought[i].Fen
		if &o.Bought[i] == g.share {
			return sign * int64(domain.Share(domain.Fen(q), int64(to), int64(g.whole))-domain.Share(domain.Fen(q), int64(before), int64(g.whole)))
		}
		before = to
	}
	return 0
}
