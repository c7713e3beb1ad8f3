package domain

import "slices"

// gaps names the fields that the rules of practice ask for and that are empty.
func (h *Heading) gaps() (fields []string) {
	for _, f := range []struct{ name, value string }{{"issuer", h.Issuer}, {"phone", h.Phone}, {"how_to", h.HowTo}} {
		if f.value == "" {
			fields = append(fields, f.name)
		}
	}
	return fields
}

// HeadingGaps names the fields of a draft's heading ([Heading]) that are still empty
// and must be filled before publication. There are none if the programme publishes
// nothing, or if the allocation's rules are unknown.
func (l *Ledger) HeadingGaps(c *DraftNotice) (fields []string) {
	a := l.Allocations[c.Allocation]
	if a == nil {
		return nil
	}
	rules := l.RulesOf(a)
	if rules == nil || !slices.ContainsFunc(rules.Notice, func(p Phase) bool { return p.Timing != NoNotice }) {
		return nil
	}
	return c.Heading.gaps()
}
