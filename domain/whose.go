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

// Began returns the number of the first event of a stream. It searches the whole
// history, so do not ask it for each row of a list.
func (l *Ledger) Began(stream string) (number uint64, ok bool) {
	for n := range uint64(len(l.log)) {
		if l.StreamAt(n) == stream {
			return n, true
		}
	}
	return 0, false
}
