package projections

import (
	"fmt"
	"slices"
	"strings"

	"reliefledger.org/ledger/domain"
)

// AllocationName is how people call an allocation: its unit and programme.
func (b *basis) AllocationName(a *domain.Allocation) string {
	name := b.UnitName(a.Unit)
	if p := b.state.Programmes[a.Programme]; p != nil {
		name += "·" + p.Name
	}
	return name
}

// UnitName is a unit's name.
func (b *basis) UnitName(id domain.ID) string {
	if u := b.state.Units[id]; u != nil {
		return u.Name
	}
	return ""
}

var sourceKinds = map[domain.SourceKind]string{domain.Treasury: "财政", domain.Union: "工会", domain.OwnBudget: "自有", domain.Donation: "捐赠"}

var levels = map[string]string{"central": "中央", "province": "省级", "city": "市级", "county": "县级", "township": "乡镇"}

// SourceName is how people call a source.
func SourceName(s domain.Source) string {
	name := sourceKinds[s.Kind]
	if l := levels[s.Level]; l != "" {
		name = l + name
	} else if s.Level != "" {
		name = s.Level + name
	}
	if name == "" {
		return s.Name
	}
	return name + "·" + s.Name
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
