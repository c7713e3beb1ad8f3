package domain

import "fmt"

// LineStopped says that a line must not be paid until it is resumed.
type LineStopped struct {
	Common
	Line    int `json:"line"`
	Private struct {
		Reason Sealed `json:"reason,omitzero"`
	} `json:"-"`
}

// LineResumed says that a stopped line may be paid again.
type LineResumed struct {
	Common
	Line    int `json:"line"`
	Private struct {
		Reason Sealed `json:"reason,omitzero"`
	} `json:"-"`
}

// StopLine stops the payment of an admitted line.
type StopLine struct {
	Allocation ID       `json:"allocation"`
	Line       int      `json:"line"`
	Reason     Personal `json:"reason,omitzero"`
}

// ResumeLine lets a stopped line be paid again.
type ResumeLine struct {
	Allocation ID       `json:"allocation"`
	Line       int      `json:"line"`
	Reason     Personal `json:"reason,omitzero"`
}

// Refusals about lines that are stopped.
var (
	LineIsStopped  = newCode(9, "line-stopped", "第 {line} 号名单行已停发", "line {line} is stopped")
	LineIsStruck   = newCode(9, "line-struck", "第 {line} 号名单行因异议成立被剔除，只能另列补充公示", "line {line} was struck by an objection: it can only be listed anew, in a supplementary notice")
	LineNotStopped = newCode(0, "line-not-stopped", "第 {line} 号名单行并未停发", "line {line} is not stopped")
)

func (c *StopLine) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *StopLine) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *StopLine) decide(d *decision) error {
	a, err := d.allocation(c.Allocation)
	if err != nil {
		return err
	}
	switch line := a.line(c.Line); {
	case line == nil:
		return refuse(NotAdmitted, c.Line)
	case line.Stopped != ID{}:
		return refuse(LineIsStopped, c.Line)
	}
	e := &LineStopped{Line: c.Line}
	e.Private.Reason = c.Reason.sealed
	d.add(e)
	return nil
}

func (c *ResumeLine) target(*Order) string        { return Stream(AllocationKind, c.Allocation) }
func (c *ResumeLine) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *ResumeLine) decide(d *decision) error {
	a, err := d.allocation(c.Allocation)
	if err != nil {
		return err
	}
	switch line := a.line(c.Line); {
	case line == nil:
		return refuse(NotAdmitted, c.Line)
	case line.Stopped == ID{}:
		return refuse(LineNotStopped, c.Line)
	case line.Line.Struck() != ID{}:
		return refuse(LineIsStruck, c.Line)
	}
	e := &LineResumed{Line: c.Line}
	e.Private.Reason = c.Reason.sealed
	d.add(e)
	return nil
}

func (e *LineStopped) fold(l *Ledger, r *Recorded) error { return l.setStopped(r, e.Line, r.ID) }

func (e *LineResumed) fold(l *Ledger, r *Recorded) error { return l.setStopped(r, e.Line, ID{}) }

// setStopped says of an admitted line which event stopped it, zero for none.
func (l *Ledger) setStopped(r *Recorded, no int, by ID) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	line := a.line(no)
	if line == nil {
		return fmt.Errorf("no line %d", no)
	}
	line.Stopped = by
	return nil
}
