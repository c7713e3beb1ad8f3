package domain

// QuotaSet sets how many lines of an allocation may be paid; 0 is no bound.
type QuotaSet struct {
	Common
	Quota int `json:"quota"`
}

// SetQuota sets an allocation's quota.
type SetQuota struct {
	Allocation ID  `json:"allocation"`
	Quota      int `json:"quota"`
}

// Refusals about quotas.
var (
	OverQuota = newCode(12, "over-quota", "第 {line} 号名单行超出名额", "line {line} is over the quota")
)

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

func (e *QuotaSet) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	a.Quota = e.Quota
	l.countQuota(a)
	return nil
}

// countQuota marks the lines that are over quota: of the allocation, of groups,
// and of lines in a group, in the order of admission (rule 12).
func (l *Ledger) countQuota(a *Allocation) {
	rules := l.RulesOf(a)
	counts := quotaCount{groups: map[string]int{}}
	for _, line := range a.Lines {
		line.Over = counts.over(a.Quota, rules, line.Line.Group())
	}
}

// quotaCount counts lines against quotas. A line over quota is not counted.
type quotaCount struct {
	lines  int
	groups map[string]int
}

// over says whether the next line is over quota, and counts it if it is not.
func (c *quotaCount) over(quota int, rules *Revision, group string) bool {
	if quota == 0 && (rules == nil || rules.Groups == 0 && rules.LinesPerGroup == 0) {
		return false // nothing is counted where nothing is bounded
	}
	_, known := c.groups[group]
	switch {
	case quota > 0 && c.lines >= quota,
		rules != nil && rules.Groups > 0 && !known && len(c.groups) >= rules.Groups,
		rules != nil && rules.LinesPerGroup > 0 && c.groups[group] >= rules.LinesPerGroup:
		return true
	}
	c.lines++
	c.groups[group]++
	return false
}
