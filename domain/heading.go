package domain

// HeadingGaps are the fields that the heading of a draft lacks for the list to be
// published ([Heading]); none where the programme's rule knows no publication, or
// where the allocation's rules are not known.
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
