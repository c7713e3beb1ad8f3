package domain

// HeadingGaps names the fields of a draft's heading ([Heading]) that are still empty
// and must be filled before publication. There are none if the programme publishes
// nothing, or if the allocation's rules are unknown.
func (l *Ledger) HeadingGaps(c *DraftNotice) (fields []string) {
	a := l.Allocations[c.Allocation]
	if a == nil {
		return nil
	}
	rules := l.RulesOf(a)
	published := false
	if rules != nil {
		for _, phase := range rules.Notice {
			published = published || phase.Timing != NoNotice
		}
	}
	if !published {
		return nil
	}
	for _, f := range []struct{ name, value string }{{"issuer", c.Heading.Issuer}, {"phone", c.Heading.Phone}, {"how_to", c.Heading.HowTo}} {
		if f.value == "" {
			fields = append(fields, f.name)
		}
	}
	return fields
}
