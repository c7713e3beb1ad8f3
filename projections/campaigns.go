package projections

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"reliefledger.org/ledger/domain"
)

// storyBook is what is remembered beside the domain's state.
type storyBook struct {
	began    map[string]uint64          // first event of each stream
	reasons  map[uint64][]domain.Reason // of irregular events
	replaced map[domain.ID]domain.ID    // a fact, and the one that put it right
	resolved map[domain.ID]uint64       // a need, and the event that met it
}

// tell remembers what reports quote of an event.
func (b *Books) tell(d Decoded) {
	s := &b.stories
	if s.began == nil {
		*s = storyBook{map[string]uint64{}, map[uint64][]domain.Reason{}, map[domain.ID]domain.ID{}, map[domain.ID]uint64{}}
	}
	if _, seen := s.began[d.Stream]; !seen {
		s.began[d.Stream] = d.Number
	}
	if d.Meta.Recorded.After(b.latest) {
		b.latest = d.Meta.Recorded
	}
	c := domain.CommonOf(d.Event)
	if len(c.Irregular) > 0 {
		s.reasons[d.Number] = c.Reasons
	}
	if c.Replaces != (domain.ID{}) {
		s.replaced[c.Replaces] = d.ID
	}
	switch x := d.Event.(type) {
	case *domain.NeedResolved:
		s.resolved[x.Need] = d.Number
	case *domain.ReceiptRecorded, *domain.DocumentIssued, *domain.VisitRecorded, *domain.NeedFound, *domain.ActivityRecorded,
		*domain.FactRecorded, *domain.FundsReceived, *domain.FundsSurrendered, *domain.FundsPassedOn, *domain.GoodsPurchased,
		*domain.NominationReceived, *domain.NominationRejected, *domain.DisbursementRejected, *domain.RecoveryDemanded:
		b.typed[d.Number] = d.Event
	}
}

// Began returns the number of the first event of a stream.
func (b *Books) Began(stream string) (number uint64, ok bool) {
	number, ok = b.stories.began[stream]
	return number, ok
}

// Campaigns lists the campaigns in the order in which they were opened.
func (b *Books) Campaigns() []*domain.Campaign {
	var list []*domain.Campaign
	for _, c := range b.State.Campaigns {
		list = append(list, c)
	}
	slices.SortFunc(list, func(x, y *domain.Campaign) int {
		return cmp.Compare(b.began(domain.Stream(domain.CampaignKind, x.ID)), b.began(domain.Stream(domain.CampaignKind, y.ID)))
	})
	return list
}

// Numbers writes event numbers as people cite them: runs as first–last.
func Numbers(ns []uint64) string {
	ns = slices.Clone(ns)
	slices.Sort(ns)
	ns = slices.Compact(ns)
	var parts []string
	for i := 0; i < len(ns); {
		j := i
		for j+1 < len(ns) && ns[j+1] == ns[j]+1 {
			j++
		}
		if j > i {
			parts = append(parts, fmt.Sprintf("%d–%d", ns[i], ns[j]))
		} else {
			parts = append(parts, fmt.Sprint(ns[i]))
		}
		i = j + 1
	}
	const most = 6 // a page has no room for more
	if len(parts) > most {
		parts = append(parts[:most-1], fmt.Sprintf("…共 %d 条", len(ns)))
	}
	return strings.Join(parts, ", ")
}
