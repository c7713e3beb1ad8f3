package domain

// UnitOf returns the unit to which a stream belongs: to see it, an officer needs a role
// for that unit. A stream that belongs to no unit is of the root unit.
func (l *Ledger) UnitOf(stream string) ID {
	switch kind, id, _ := SplitStream(stream); kind {
	case PartyKind:
		if p := l.Parties[id]; p != nil {
			return p.Unit
		}
	case AllocationKind:
		if a := l.Allocations[id]; a != nil {
			return a.Unit
		}
	case NoticeKind:
		if n := l.Notices[id]; n != nil && l.Allocations[n.Allocation] != nil {
			return l.Allocations[n.Allocation].Unit
		}
	case FundKind:
		if f := l.Funds[id]; f != nil {
			return f.Unit
		}
	case CampaignKind:
		if c := l.Campaigns[id]; c != nil {
			return c.Unit
		}
	case OfficerKind:
		if o := l.Officers[id]; o != nil {
			return o.Unit
		}
	case UnitKind:
		return id
	}
	if l.Opened == nil {
		return ID{}
	}
	return l.Opened.Root.ID
}

// Began returns the number of the first event of a stream.
func (l *Ledger) Began(stream string) (number uint64, ok bool) {
	s := l.streams[stream]
	if s == nil {
		return 0, false
	}
	return s.began, true
}
