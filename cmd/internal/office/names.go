package office

import (
	"context"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
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
// sign beside their names. The paper is of books, which may be of an earlier moment. It
// refuses whoever sees no names of the unit.
func (a *Asker) NamesOnPaper(ctx context.Context, b *projections.Books, unit domain.ID, parties []domain.ID) (map[domain.ID]NameShown, error) {
	if err := a.MustSee(unit, "PartyRegistered", "name"); err != nil {
		return nil, err
	}
	names := map[domain.ID]NameShown{}
	var values []value
	var of []domain.ID
	for _, id := range parties {
		p := b.State.Parties[id]
		if _, seen := names[id]; seen || p == nil {
			continue
		}
		names[id] = NameShown{}
		for _, field := range []string{"name", "number"} {
			if v, ok := partyValue(b.State, p, field, domain.Look{Purpose: domain.OnPaper, Unit: unit}); ok {
				values, of = append(values, v), append(of, id)
			}
		}
	}
	a.o.hide(names)
	shown, err := a.open(ctx, asOf(b), values...)
	if err != nil {
		return nil, err
	}
	for i, x := range shown {
		n := names[of[i]]
		n.Erased = n.Erased || x.erased
		switch values[i].path {
		case "name":
			n.Name = x.text
		case "number":
			n.Number = x.text
		}
		names[of[i]] = n
	}
	return names, nil
}

// asOf is the state as of which books show things; nil is now.
func asOf(b *projections.Books) *domain.Ledger {
	if b.Until == (projections.Until{}) {
		return nil
	}
	return b.State
}

// hide says of parties what hides them now.
func (o *Office) hide(names map[domain.ID]NameShown) {
	o.State(func(s *domain.Ledger) {
		for id, n := range names {
			h := s.HiddenBy(id)
			n.Minor, n.Restricted, n.Erased = h.Minor, h.Restricted, h.Erased || s.Erased(id)
			names[id] = n
		}
	})
}

// NamesOnList opens the names that a place shows of a notice on a day, by the numbers of
// its lines, and no others: anybody may see those of today. The books are the caller's,
// and nobody folds into them meanwhile.
func (a *Asker) NamesOnList(ctx context.Context, b *projections.Books, notice domain.ID, place string, on domain.Day) (map[int]NameShown, error) {
	list := a.listOf(b, notice, place, on)
	return a.openList(ctx, list, asOf(b))
}

// NamesHanging is NamesOnList of the live books, which have everything up to a position:
// what hangs today. What is wanted is copied while the books are held, and opened after.
func (a *Asker) NamesHanging(ctx context.Context, after eventstore.Position, notice domain.ID, place string) (map[int]NameShown, error) {
	var list namesWanted
	if err := a.o.View(ctx, after, func(b *projections.Books) { list = a.listOf(b, notice, place, a.o.Today(b)) }); err != nil {
		return nil, err
	}
	return a.openList(ctx, list, nil)
}

// namesWanted are the names of a list that are to be opened.
type namesWanted struct {
	unit   domain.ID
	today  bool
	parts  map[domain.ID]NameShown // of all beneficiaries whom the place does not hide
	of     []domain.ID             // of each line
	lines  []int
	values []value // of the lines that have a name; and their places in lines
	at     []int
}

// listOf copies out of books what a list has.
func (a *Asker) listOf(b *projections.Books, notice domain.ID, place string, on domain.Day) (w namesWanted) {
	w.unit = b.State.UnitOf(domain.Stream(domain.NoticeKind, notice))
	w.today = on == a.o.Today(b) && b.Until == (projections.Until{})
	w.parts = map[domain.ID]NameShown{}
	for _, line := range b.PublicLines(notice, place, on) {
		p := b.State.Parties[line.Beneficiary]
		if p == nil || line.Disclosure == domain.CountsOnly {
			continue
		}
		w.parts[line.Beneficiary] = NameShown{}
		w.of, w.lines = append(w.of, line.Beneficiary), append(w.lines, line.Line)
		look := domain.Look{Purpose: domain.OnList, Unit: w.unit, Notice: notice, Line: line.Line, Place: place, On: on}
		if v, ok := partyValue(b.State, p, "name", look); ok {
			w.values, w.at = append(w.values, v), append(w.at, len(w.lines)-1)
		}
	}
	return w
}

func (a *Asker) openList(ctx context.Context, w namesWanted, as *domain.Ledger) (map[int]NameShown, error) {
	if !w.today && len(w.lines) > 0 {
		if err := a.MustSee(w.unit, "PartyRegistered", "name"); err != nil {
			return nil, err
		}
	}
	a.o.hide(w.parts)
	names := map[int]NameShown{}
	for i, line := range w.lines {
		names[line] = w.parts[w.of[i]]
	}
	shown, err := a.open(ctx, as, w.values...)
	if err != nil {
		return nil, err
	}
	for i, x := range shown {
		line := w.lines[w.at[i]]
		n := names[line]
		n.Name, n.Erased = x.text, n.Erased || x.erased
		names[line] = n
	}
	return names, nil
}
