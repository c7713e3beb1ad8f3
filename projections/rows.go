package projections

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"reliefledger.org/ledger/domain"
)

// About is what every row of a campaign's story says beside its own.
type About struct {
	Campaign domain.ID
	Date     domain.Day // on which it happened, the last of several
	Number   uint64     // of the event that the row is about
	Events   []uint64   // on which it stands
}

func (a About) about() About { return a }

// DocumentRow is a document that was issued.
type DocumentRow struct {
	About
	Name, Document, Kind string // Document is its number
}

// FundsRow is a receipt of funds.
type FundsRow struct {
	About
	Fen      domain.Fen
	Source   domain.Source
	Document string // its number
	Donors   domain.Headcount
	Goods    string // each item with its quantity
}

// VisitRow is a visit, or several of one kind.
type VisitRow struct {
	About
	Team, LedBy, Kind, Of string
	Visits, Heard         int
	First                 domain.Day // Date is the last
}

// NeedRow is a need that was found.
type NeedRow struct {
	About
	Of, Kind string
	Resolved bool
}

// ActivityRow is an activity.
type ActivityRow struct {
	About
	Kind, Name, Place string
	People            domain.Headcount
	Times             int
	Declined          bool
	First             domain.Day // Date is the last
}

// FactRow is what a source states, or an assumption about it.
type FactRow struct {
	About
	Measure, Value, Assumed, Basis, Quote, Unit string
	Relation                                    domain.Relation
	AsOf                                        domain.Day
}

// PaymentRow is a payment that was not reversed.
type PaymentRow struct {
	About
	Form                           domain.Form
	Programme, Fund, Unit, Purpose string
	Category, CategoryName         string
	Group, Period                  string
	Fen, Cost, Net                 domain.Fen // Cost is of goods
	People                         int        // 1 where the line has no headcount
	Relation                       domain.Relation
	Beneficiary, Payee             domain.ID // after merges
	Party                          domain.PartyType
	Again                          bool // paid again after a reject or return
	Items                          []domain.GoodsOf
}

// Value is what was paid, goods at cost.
func (r PaymentRow) Value() domain.Fen { return r.Fen + r.Cost }

// RejectRow is a payment that a bank rejected or that nobody took.
type RejectRow struct {
	About
	Code string
	Fen  domain.Fen
}

// ReturnRow is what a payee gave back.
type ReturnRow struct {
	About
	Fen domain.Fen
}

// SurrenderRow is what was surrendered to a source.
type SurrenderRow struct {
	About
	Fen    domain.Fen
	Source domain.Source
}

// PassedOnRow is what was passed on to another institution.
type PassedOnRow struct {
	About
	Fen domain.Fen
	To  string
}

// PublicationRow is a publication of a notice.
type PublicationRow struct {
	About
	Title               string
	Timing              domain.Timing
	Posted, First, Last domain.Day // Posted is the last posting
	Lines               int
}

// LineRow is a line of a notice that was neither struck nor withdrawn.
type LineRow struct {
	About
	Category, Group, Programme, Unit string
	Beneficiary                      domain.ID // after merges
	People                           domain.Headcount
}

// AllocationRow is an allocation.
type AllocationRow struct {
	About
	Unit, Programme string
	Quota, Lines    int
}

// NominationRow is a nomination that was received.
type NominationRow struct {
	About
	Origin     string
	Households int
	Rejected   bool
}

// RuleRow is a revision of a programme: once as a whole, and once for each of its
// principles.
type RuleRow struct {
	About
	Programme        string
	Revision         int
	Groups           int
	LinesPerGroup    int
	Categories       int
	NominationsUntil time.Time
	Principle, Quote string         // none in the row of the whole
	Most             *domain.Fen    // of the first standard, where there is one
	Minimums         map[string]int // by measure
}

// rowAt is what a row about an event says.
func (c *campaigns) rowAt(number uint64) About {
	e := c.At(number)
	return About{Campaign: e.Campaign, Date: e.Happened.Last, Number: number, Events: []uint64{number}}
}

// of are the rows of a campaign; no campaign is all.
func of[R interface{ about() About }](rows []R, campaign domain.ID) []R {
	if campaign == (domain.ID{}) {
		return rows
	}
	return slices.DeleteFunc(rows, func(r R) bool { return r.about().Campaign != campaign })
}

// inOrder sorts rows by the events that they are about.
func inOrder[R interface{ about() About }](rows []R) {
	slices.SortStableFunc(rows, func(x, y R) int { return cmp.Compare(x.about().Number, y.about().Number) })
}

// quoted makes rows of the events of one type that count and were not replaced.
func quoted[E domain.Event, R interface{ about() About }](c *campaigns, campaign domain.ID, row func(at About, e *Event, x E) R) []R {
	var rows []R
	for _, number := range slices.Sorted(maps.Keys(c.quotes)) {
		x, ok := c.quotes[number].(E)
		if !ok || !c.within(c.state.DateAt(number)) {
			continue
		}
		e := c.At(number)
		if _, replaced := c.replaced[e.ID]; replaced {
			continue
		}
		rows = append(rows, row(About{e.Campaign, e.Happened.Last, number, []uint64{number}}, &e, x))
	}
	return of(rows, campaign)
}

// Documents lists what was issued in a campaign, or in all where it is zero; so
// do all that follow.
func (c *campaigns) Documents(campaign domain.ID) []DocumentRow {
	return quoted(c, campaign, func(at About, _ *Event, x *domain.DocumentIssued) DocumentRow {
		return DocumentRow{at, x.Document.Name, x.Document.Number, x.Kind}
	})
}

// Funds lists the receipts of funds.
func (c *campaigns) Funds(campaign domain.ID) []FundsRow {
	return quoted(c, campaign, func(at About, _ *Event, x *domain.FundsReceived) FundsRow {
		var goods []string
		for _, g := range x.Goods {
			goods = append(goods, g.Item+" "+g.Quantity.String())
		}
		return FundsRow{at, x.Fen, x.Source, x.Number, x.Donors, strings.TrimSpace(strings.Join(goods, " "))}
	})
}

// Visits lists visits.
func (c *campaigns) Visits(campaign domain.ID) []VisitRow {
	return quoted(c, campaign, func(at About, e *Event, x *domain.VisitRecorded) VisitRow {
		return VisitRow{at, x.Team, x.LedBy, x.Kind, x.Of, x.Visits, x.Heard, e.Happened.First}
	})
}

// Needs lists needs. That one was met stands in an event of its own.
func (c *campaigns) Needs(campaign domain.ID) []NeedRow {
	return quoted(c, campaign, func(at About, e *Event, x *domain.NeedFound) NeedRow {
		met, ok := c.resolved[e.ID]
		if ok {
			at.Events = append(at.Events, met)
		}
		return NeedRow{at, x.Of, x.Kind, ok}
	})
}

// Activities lists activities.
func (c *campaigns) Activities(campaign domain.ID) []ActivityRow {
	return quoted(c, campaign, func(at About, e *Event, x *domain.ActivityRecorded) ActivityRow {
		return ActivityRow{at, x.Kind, x.Name, x.Place, x.People, x.Times, x.Declined, e.Happened.First}
	})
}

// Facts lists what sources state, and assumptions.
func (c *campaigns) Facts(campaign domain.ID) []FactRow {
	return quoted(c, campaign, func(at About, _ *Event, x *domain.FactRecorded) FactRow {
		return FactRow{at, x.Measure, x.Value, x.Assumed, x.Basis, x.Quote, x.Unit, x.Relation, x.AsOf}
	})
}

// Payments lists payments that were not reversed.
func (c *campaigns) Payments(campaign domain.ID) []PaymentRow {
	var rows []PaymentRow
	for e := range c.payments.FundUse() {
		if e.Reversed != nil || campaign != (domain.ID{}) && e.Campaign != campaign {
			continue
		}
		a, line := c.state.Allocations[e.Allocation], e.line
		r := PaymentRow{About: About{e.Campaign, e.Happened, e.Number, []uint64{e.Number}}, Form: e.Form, Programme: e.Programme, Fund: e.Fund,
			Unit: c.UnitName(a.Unit), Purpose: a.Purpose, Category: line.Category(), CategoryName: line.Category(), Group: line.Group(), Period: line.Period(),
			Fen: e.Amount, Cost: e.Cost, Net: e.Net, People: 1, Relation: line.People().Relation, Beneficiary: c.merged(line.Beneficiary),
			Payee: c.merged(line.Payee()), Again: e.Again != nil, Items: e.Items}
		if r.Relation != "" {
			r.People = line.People().People
		}
		if rules := c.Rules(a); rules != nil {
			if category, ok := rules.Category(r.Category); ok {
				r.CategoryName = category.Name
			}
		}
		if p := c.state.Parties[line.Beneficiary]; p != nil {
			r.Party = p.Type
		}
		rows = append(rows, r)
	}
	return rows
}

// Rejected lists payments that did not arrive.
func (c *campaigns) Rejected(campaign domain.ID) []RejectRow {
	return quoted(c, campaign, func(at About, e *Event, x *domain.DisbursementRejected) RejectRow {
		_, id, _ := domain.SplitStream(e.Stream)
		r := RejectRow{About: at, Code: x.Code}
		if a := c.state.Allocations[id]; a != nil {
			r.Fen = a.Batches[x.Batch-1].Rows[x.Row-1].Fen
		}
		return r
	})
}

// Returned lists what payees gave back.
func (c *campaigns) Returned(campaign domain.ID) []ReturnRow {
	var rows []ReturnRow
	for e := range c.payments.FundUse() {
		for _, r := range e.Returns {
			rows = append(rows, ReturnRow{c.rowAt(r.Number), r.Fen})
		}
	}
	return of(rows, campaign)
}

// Surrendered lists what went back to its source.
func (c *campaigns) Surrendered(campaign domain.ID) []SurrenderRow {
	return quoted(c, campaign, func(at About, _ *Event, x *domain.FundsSurrendered) SurrenderRow {
		return SurrenderRow{at, worth(x.Item, x.Draws), x.Source}
	})
}

// PassedOn lists what went to other institutions.
func (c *campaigns) PassedOn(campaign domain.ID) []PassedOnRow {
	return quoted(c, campaign, func(at About, _ *Event, x *domain.FundsPassedOn) PassedOnRow {
		return PassedOnRow{at, worth(x.Item, x.Draws), x.To}
	})
}

// worth is what was drawn, goods at cost.
func worth(item string, draws []domain.Draw) (fen domain.Fen) {
	for _, d := range draws {
		if item == domain.Money {
			fen += domain.Fen(d.Quantity)
		} else {
			fen += d.Cost
		}
	}
	return fen
}

// Publications lists the publications of notices.
func (c *campaigns) Publications(campaign domain.ID) []PublicationRow {
	var rows []PublicationRow
	for _, n := range c.notices.Notices(0) {
		for _, p := range n.Phases {
			posted := domain.Day(0)
			for _, x := range p.Places {
				posted = max(posted, x.On)
			}
			rows = append(rows, PublicationRow{c.rowAt(p.Number), n.Title, p.Timing, posted, p.First, p.Last, n.Lines})
		}
	}
	return of(rows, campaign)
}

// Allocations lists allocations.
func (c *campaigns) Allocations(campaign domain.ID) []AllocationRow {
	var rows []AllocationRow
	for _, a := range c.state.Allocations {
		p := c.state.Programmes[a.Programme]
		if p == nil {
			continue // forged: nothing is known of it
		}
		rows = append(rows, AllocationRow{c.rowAt(c.began(a.Stream)), c.UnitName(a.Unit), p.Name, a.Quota, len(a.Lines)})
	}
	inOrder(rows)
	return of(rows, campaign)
}

// Lines lists the lines of notices.
func (c *campaigns) Lines(campaign domain.ID) []LineRow {
	var rows []LineRow
	for _, n := range c.state.Notices {
		if n.Withdrawn != (domain.ID{}) {
			continue
		}
		a := c.state.Allocations[n.Allocation]
		programme, unit, at := c.state.Programmes[a.Programme].Name, c.UnitName(a.Unit), c.rowAt(c.began(n.Stream))
		for _, l := range n.Lines {
			if l.Struck() == (domain.ID{}) {
				rows = append(rows, LineRow{at, l.Category(), l.Group(), programme, unit, c.merged(l.Beneficiary), l.People()})
			}
		}
	}
	inOrder(rows)
	return of(rows, campaign)
}

// Nominations lists nominations.
func (c *campaigns) Nominations(campaign domain.ID) []NominationRow {
	rejected := map[string]bool{}
	for number, event := range c.quotes {
		if x, ok := event.(*domain.NominationRejected); ok {
			rejected[fmt.Sprint(c.state.StreamAt(number), x.Nomination)] = true
		}
	}
	return quoted(c, campaign, func(at About, e *Event, x *domain.NominationReceived) NominationRow {
		return NominationRow{at, x.Origin, x.Households, rejected[fmt.Sprint(e.Stream, x.Nomination)]}
	})
}

// ProgrammeRules lists the revisions of programmes.
func (c *campaigns) ProgrammeRules(campaign domain.ID) []RuleRow {
	var rows []RuleRow
	for _, p := range c.state.Programmes {
		for i, r := range p.Revisions {
			number, ok := c.number(r.Event)
			if !ok {
				continue
			}
			row := RuleRow{About: c.rowAt(number), Programme: p.Name, Revision: i + 1, Groups: r.Groups, LinesPerGroup: r.LinesPerGroup,
				Categories: len(r.Categories), Minimums: map[string]int{}}
			if r.NominationsUntil != nil {
				row.NominationsUntil = *r.NominationsUntil
			}
			if len(r.Standards) > 0 {
				most := r.Standards[0].Most.Fen()
				row.Most = &most
			}
			for _, m := range r.Minimums {
				row.Minimums[m.Measure] = m.AtLeast
			}
			rows = append(rows, row)
			for _, pr := range r.Principles {
				row.Principle, row.Quote = pr.Code, pr.Quote
				rows = append(rows, row)
			}
		}
	}
	inOrder(rows)
	return of(rows, campaign)
}
