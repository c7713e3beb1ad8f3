package domain

import "fmt"

// maxDepth is the most levels of units and of allocations, so that every walk upwards
// ends, even in a forged ledger. China has five levels of government.
const maxDepth = 16

// Unit is an organisation in the chain: bureau, township, village, school.
type Unit struct {
	ID, Parent           ID
	Name, Kind, Division string
	ClosedThrough        Day // last day of the last closed period
	Closed               bool
	stream               string
}

// UnitRegistered adds a unit below its parent.
type UnitRegistered struct {
	Common
	Unit     ID     `json:"unit"`
	Parent   ID     `json:"parent,omitzero"`
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Division string `json:"division"`
}

// UnitChanged gives a unit another name, kind or division code.
type UnitChanged struct {
	Common
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Division string `json:"division"`
}

// UnitClosed ends a unit.
type UnitClosed struct{ Common }

// RegisterUnit adds a unit.
type RegisterUnit struct {
	Parent   ID     `json:"parent"`
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Division string `json:"division"`
}

// ChangeUnit changes what describes a unit.
type ChangeUnit struct {
	Unit     ID     `json:"unit"`
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Division string `json:"division"`
}

// CloseUnit ends a unit that has nothing open below it.
type CloseUnit struct {
	Unit ID `json:"unit"`
}

// Refusals about units.
var (
	UnitHasOpen = newCode(0, "unit-has-open", "单位下仍有未结清的{kind}", "the unit still has an open {kind}")
	TooDeep     = newCode(0, "too-deep", "层级超过 {max}", "more than {max} levels")
)

func (c *RegisterUnit) target(o *Order) string  { return Stream(UnitKind, Made(o.ID, "unit")) }
func (c *RegisterUnit) unit(*Ledger, *Order) ID { return c.Parent }
func (c *RegisterUnit) decide(d *decision) error {
	if err := d.openUnit(c.Parent); err != nil {
		return err
	}
	if d.ledger.depth(c.Parent) >= maxDepth-1 {
		return refuse(TooDeep, maxDepth)
	}
	if c.Name == "" {
		return refuse(FieldMissing, "name")
	}
	code, _, err := DivisionCode(c.Division)
	if err != nil {
		return err
	}
	d.add(&UnitRegistered{Unit: d.newID("unit"), Parent: c.Parent, Name: c.Name, Kind: c.Kind, Division: code})
	return nil
}

func (c *ChangeUnit) target(*Order) string    { return Stream(UnitKind, c.Unit) }
func (c *ChangeUnit) unit(*Ledger, *Order) ID { return c.Unit }
func (c *ChangeUnit) decide(d *decision) error {
	if err := d.openUnit(c.Unit); err != nil {
		return err
	}
	if c.Name == "" {
		return refuse(FieldMissing, "name")
	}
	code, _, err := DivisionCode(c.Division)
	if err != nil {
		return err
	}
	d.add(&UnitChanged{Name: c.Name, Kind: c.Kind, Division: code})
	return nil
}

func (c *CloseUnit) target(*Order) string    { return Stream(UnitKind, c.Unit) }
func (c *CloseUnit) unit(*Ledger, *Order) ID { return c.Unit }
func (c *CloseUnit) decide(d *decision) error {
	if err := d.openUnit(c.Unit); err != nil {
		return err
	}
	for _, u := range d.ledger.Units {
		if u.Parent == c.Unit && !u.Closed {
			return refuse(UnitHasOpen, bilingual{"单位", "unit"})
		}
	}
	for _, f := range d.ledger.Funds {
		if f.Unit == c.Unit && !f.Closed {
			return refuse(UnitHasOpen, bilingual{"资金", "fund"})
		}
	}
	for _, a := range d.ledger.Allocations {
		if a.Unit == c.Unit && !a.Closed {
			return refuse(UnitHasOpen, bilingual{"分配", "allocation"})
		}
	}
	d.add(&UnitClosed{})
	return nil
}

// openUnit refuses a unit that is missing or closed.
func (d *decision) openUnit(id ID) error {
	u, ok := d.ledger.Units[id]
	switch {
	case !ok:
		return refuse(NoSuch, bilingual{"单位", "unit"}, id)
	case u.Closed:
		return refuse(NotOpen, bilingual{"单位", "unit"}, id)
	}
	return nil
}

// depth counts a unit and those above it.
func (l *Ledger) depth(unit ID) int {
	n := 0
	for u := l.Units[unit]; u != nil && n < maxDepth; u = l.Units[u.Parent] {
		n++
	}
	return n
}

// Below says whether a unit is the other one, or below it.
func (l *Ledger) Below(unit, above ID) bool {
	for hops := 0; hops < maxDepth; hops++ {
		if unit == above {
			return true
		}
		u := l.Units[unit]
		if u == nil {
			return false
		}
		unit = u.Parent
	}
	return false
}

func (e *UnitRegistered) fold(l *Ledger, r *Recorded) error {
	if l.Units[e.Unit] != nil || r.Stream != Stream(UnitKind, e.Unit) {
		return fmt.Errorf("the unit exists, or this is not its stream")
	}
	if e.Parent != (ID{}) && l.depth(e.Parent) >= maxDepth-1 {
		return fmt.Errorf("more than %d levels", maxDepth)
	}
	l.Units[e.Unit] = &Unit{ID: e.Unit, Parent: e.Parent, Name: e.Name, Kind: e.Kind, Division: e.Division, stream: r.Stream}
	return nil
}

func (e *UnitChanged) fold(l *Ledger, r *Recorded) error {
	u, err := l.unitOf(r)
	if err != nil {
		return err
	}
	u.Name, u.Kind, u.Division = e.Name, e.Kind, e.Division
	return nil
}

func (e *UnitClosed) fold(l *Ledger, r *Recorded) error {
	u, err := l.unitOf(r)
	if err == nil {
		u.Closed = true
	}
	return err
}

func (l *Ledger) unitOf(r *Recorded) (*Unit, error) {
	_, id, _ := SplitStream(r.Stream)
	if u := l.Units[id]; u != nil && u.stream == r.Stream {
		return u, nil
	}
	return nil, fmt.Errorf("no such unit")
}
