package office

import (
	"context"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/projections"
)

// Today is the day on which books are looked at: what they are as of, of a
// demonstration its last day, else the clock's.
func (r *Reader) Today(b *projections.Books) domain.Day {
	if b.Until != (projections.Until{}) || b.State.Simulated() {
		return b.Today()
	}
	return r.today()
}

// NameShown is the name of somebody, as far as it may be shown, and why it is not.
type NameShown struct {
	Name       string
	Number     string // on a paper: the identity number, masked
	Erased     bool
	Minor      bool
	Restricted bool
}

// ErasedName stands where the name of a person was.
const ErasedName = "已删除"

// Text is the name, or [ErasedName] where there was one.
func (n NameShown) Text() string {
	if n.Erased {
		return ErasedName
	}
	return n.Name
}

// NamesOnPaper opens who parties are, for a paper of a unit's own file, whose payees
// sign beside their names. as is the state as of which the paper is. It refuses
// whoever sees no names of the unit.
func (a *Asker) NamesOnPaper(ctx context.Context, as *domain.Ledger, unit domain.ID, parties []domain.ID) (map[domain.ID]NameShown, error) {
	if err := a.MustSee(unit, "PartyRegistered", "name"); err != nil {
		return nil, err
	}
	names := map[domain.ID]NameShown{}
	var values []Value
	var of []domain.ID
	for _, id := range parties {
		p := as.Parties[id]
		if _, seen := names[id]; seen || p == nil {
			continue
		}
		names[id] = a.o.hidden(id)
		for _, field := range []string{"name", "number"} {
			if v, ok := partyValue(as, p, field, domain.Look{Purpose: domain.OnPaper, Unit: unit}); ok {
				values, of = append(values, v), append(of, id)
			}
		}
	}
	shown, err := a.Open(ctx, as, values...)
	if err != nil {
		return nil, err
	}
	for i, x := range shown {
		n := names[of[i]]
		n.Erased = n.Erased || x.Erased
		switch values[i].Path {
		case "name":
			n.Name = x.Text
		case "number":
			n.Number = x.Text
		}
		names[of[i]] = n
	}
	return names, nil
}

// hidden says what hides a party now.
func (o *Office) hidden(id domain.ID) (n NameShown) {
	o.State(func(s *domain.Ledger) {
		n.Erased = s.Erased(id)
		if p := s.Parties[s.Same(id)]; p != nil {
			n.Minor, n.Restricted, n.Erased = p.Minor, p.Restricted, n.Erased || p.Erased
		}
	})
	return n
}

// NamesOnList opens the names that a place shows of a notice on a day, by the
// numbers of its lines, and no others: anybody may see those of today.
func (a *Asker) NamesOnList(ctx context.Context, b *projections.Books, notice domain.ID, place string, on domain.Day) (map[int]NameShown, error) {
	var unit domain.ID
	a.o.State(func(s *domain.Ledger) { unit = s.UnitOf(domain.Stream(domain.NoticeKind, notice)) })
	past := on != a.o.Today(b) || b.Until != (projections.Until{})
	if past && len(b.PublicLines(notice, place, on)) > 0 {
		if err := a.MustSee(unit, "PartyRegistered", "name"); err != nil {
			return nil, err
		}
	}
	names := map[int]NameShown{}
	var values []Value
	var lines []int
	for _, line := range b.PublicLines(notice, place, on) {
		p := b.State.Parties[line.Beneficiary]
		if p == nil || line.Disclosure == domain.CountsOnly {
			continue
		}
		names[line.Line] = a.o.hidden(line.Beneficiary)
		look := domain.Look{Purpose: domain.OnList, Unit: unit, Notice: notice, Line: line.Line, Place: place, On: on, Past: past}
		if v, ok := partyValue(b.State, p, "name", look); ok {
			values, lines = append(values, v), append(lines, line.Line)
		}
	}
	shown, err := a.Open(ctx, b.State, values...)
	if err != nil {
		return nil, err
	}
	for i, x := range shown {
		n := names[lines[i]]
		n.Name, n.Erased = x.Text, n.Erased || x.Erased
		names[lines[i]] = n
	}
	return names, nil
}
