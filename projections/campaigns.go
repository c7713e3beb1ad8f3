package projections

import (
	"cmp"
	"maps"
	"slices"

	"reliefledger.org/ledger/domain"
)

// campaigns are the part of the books that tells the story of each campaign: what
// was issued, received, visited, needed, done and stated, payments and notices
// beside it. Its rows are the tables of which figures are computed.
type campaigns struct {
	*basis
	payments *fundUse
	notices  *board

	quotes   map[uint64]domain.Event // of which rows are made, by number
	replaced map[domain.ID]domain.ID // a fact, and the one that put it right
	resolved map[domain.ID]uint64    // a need, and the event that met it
}

func newCampaigns(b *basis, notices *board, payments *fundUse) *campaigns {
	return &campaigns{b, payments, notices, map[uint64]domain.Event{}, map[domain.ID]domain.ID{}, map[domain.ID]uint64{}}
}

// Apply remembers what rows quote of an event.
func (c *campaigns) Apply(a applied) {
	if !a.folded {
		return
	}
	if replaces := domain.CommonOf(a.Event).Replaces; replaces != (domain.ID{}) {
		c.replaced[replaces] = a.ID
	}
	switch x := a.Event.(type) {
	case *domain.NeedResolved:
		c.resolved[x.Need] = a.Number
	case *domain.DocumentIssued, *domain.VisitRecorded, *domain.NeedFound, *domain.ActivityRecorded, *domain.FactRecorded,
		*domain.FundsReceived, *domain.FundsSurrendered, *domain.FundsPassedOn,
		*domain.NominationReceived, *domain.NominationRejected, *domain.DisbursementRejected:
		c.quotes[a.Number] = a.Event
	}
}

// Campaigns lists the campaigns in the order in which they were opened.
func (c *campaigns) Campaigns() []*domain.Campaign {
	began := func(x *domain.Campaign) uint64 { return c.began(domain.Stream(domain.CampaignKind, x.ID)) }
	return slices.SortedFunc(maps.Values(c.state.Campaigns), func(x, y *domain.Campaign) int { return cmp.Compare(began(x), began(y)) })
}
