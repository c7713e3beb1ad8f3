package domain

import (
	"cmp"
	"fmt"
	"slices"
)

// BooksClosed closes a unit's books through a day, that day included. A process then
// closes every fund and allocation of the unit.
type BooksClosed struct {
	Common
	Through Day `json:"through"`
}

// PeriodClosed closes a fund's or allocation's books through a day, that day included.
// Only a process writes it.
type PeriodClosed struct {
	Common
	Through Day `json:"through"`
}

// CloseBooks closes a unit's books through a day that is over.
type CloseBooks struct {
	Unit    ID  `json:"unit"`
	Through Day `json:"through"`
}

// Refusals about periods.
var (
	PeriodIsClosed = newCode(7, "period-closed", "记账日期 {date} 所在期间已结账（结至 {through}）", "the business date {date} lies in a closed period (closed through {through})")
	PeriodNotOver  = newCode(7, "period-not-over", "{through} 尚未结束，不能结账", "the period through {through} is not over yet")
	AlreadyClosed  = newCode(7, "already-closed", "账期已结至 {through}", "the books are closed through {through} already")
)

func (c *CloseBooks) target(*Order) string    { return Stream(UnitKind, c.Unit) }
func (c *CloseBooks) unit(*Ledger, *Order) ID { return c.Unit }
func (c *CloseBooks) decide(d *decision) error {
	if err := d.openUnit(c.Unit); err != nil {
		return err
	}
	if c.Through == 0 || c.Through >= DayOf(d.env.Now) {
		return refuse(PeriodNotOver, c.Through)
	}
	if through := d.ledger.Units[c.Unit].ClosedThrough; c.Through <= through {
		return refuse(AlreadyClosed, through)
	}
	d.add(&BooksClosed{Through: c.Through})
	return nil
}

// closedThrough is the last day for which a stream's books are closed. A fund or
// allocation that an order is about to make begins with that day of its unit.
func (l *Ledger) closedThrough(stream string, o *Order) Day {
	kind, id, _ := SplitStream(stream)
	switch kind {
	case FundKind:
		if f := l.Funds[id]; f != nil {
			return f.ClosedThrough
		}
	case AllocationKind:
		if a := l.Allocations[id]; a != nil {
			return a.ClosedThrough
		}
	default:
		return 0
	}
	if o == nil {
		return 0
	}
	if u := l.Units[o.Body.unit(l, o)]; u != nil {
		return u.ClosedThrough
	}
	return 0
}

func (e *BooksClosed) fold(l *Ledger, r *Recorded) error {
	u, err := l.unitOf(r)
	if err != nil {
		return err
	}
	if e.Through <= u.ClosedThrough {
		return fmt.Errorf("closed through %s already", u.ClosedThrough)
	}
	u.ClosedThrough = e.Through
	for _, stream := range l.streamsOf(u.ID) {
		l.oweStep(r, stream, &PeriodClosed{Through: e.Through})
	}
	return nil
}

// streamsOf returns the streams of a unit's funds and allocations, in the order in
// which they began.
func (l *Ledger) streamsOf(unit ID) []string {
	var starts []streamStart
	for _, f := range l.Funds {
		if f.Unit == unit {
			starts = append(starts, streamStart{f.began, Stream(FundKind, f.ID)})
		}
	}
	for _, a := range l.Allocations {
		if a.Unit == unit {
			starts = append(starts, streamStart{a.began, Stream(AllocationKind, a.ID)})
		}
	}
	return inOrderOfStart(starts)
}

// streamStart is a stream with the number of its first event.
type streamStart struct {
	began  uint64
	stream string
}

func inOrderOfStart(streams []streamStart) []string {
	slices.SortFunc(streams, func(a, b streamStart) int { return cmp.Compare(a.began, b.began) })
	names := make([]string, len(streams))
	for i, s := range streams {
		names[i] = s.stream
	}
	return names
}

func (e *PeriodClosed) fold(l *Ledger, r *Recorded) error {
	b, err := l.bookOf(r)
	if err != nil {
		return err
	}
	b.ClosedThrough = max(b.ClosedThrough, e.Through)
	return nil
}
