package domain

import (
	"fmt"
	"slices"
)

// PartiesMerged says that this party is the same person as another one, Into. From now
// on Into stands for both.
type PartiesMerged struct {
	Common
	Private struct {
		Into ID `json:"into"`
	} `json:"-"`
}

// MergeParties says that Party is the same as Into.
type MergeParties struct {
	Party ID `json:"party"`
	Into  ID `json:"into"`
}

// Refusals about parties that were merged.
var (
	IsMerged = newCode(0, "party-merged", "对象 {party} 已并入 {into}", "the party {party} was merged into {into}")
)

func (c *MergeParties) target(*Order) string        { return Stream(PartyKind, c.Party) }
func (c *MergeParties) unit(l *Ledger, _ *Order) ID { return l.unitOfParty(c.Party) }
func (c *MergeParties) decide(d *decision) error {
	if err := d.party(c.Party); err != nil {
		return err
	}
	if err := d.party(c.Into); err != nil {
		return err
	}
	if d.ledger.Same(c.Into) == c.Party {
		return refuse(FieldWrong, "into", c.Into)
	}
	e := &PartiesMerged{}
	e.Private.Into = d.ledger.Same(c.Into)
	d.add(e)
	return nil
}

// Same returns the party that stands for a party now: the last one into which it was
// merged, or the party itself.
func (l *Ledger) Same(id ID) ID {
	for hops := 0; hops < maxDepth && len(l.mergedInto) > 0; hops++ {
		p := l.Parties[id]
		if p == nil || p.MergedInto == (ID{}) {
			return id
		}
		id = p.MergedInto
	}
	return id
}

// HiddenBy is what hides a person from lists and papers.
type HiddenBy struct{ Minor, Restricted, Erased bool }

// Any says whether anything does.
func (h HiddenBy) Any() bool { return h.Minor || h.Restricted || h.Erased }

// HiddenBy says what hides the person for whom a party stands: what is said of any of
// the parties that were merged into one counts, so that no merge brings a name back.
func (l *Ledger) HiddenBy(party ID) (h HiddenBy) {
	var add func(id ID)
	add = func(id ID) {
		if p := l.Parties[id]; p != nil {
			h.Minor, h.Restricted, h.Erased = h.Minor || p.Minor, h.Restricted || p.Restricted, h.Erased || p.Erased || l.erased[id]
		}
		for _, merged := range l.mergedInto[id] { // a tree: no circle is folded
			add(merged)
		}
	}
	add(l.Same(party))
	return h
}

// mergedWith returns all parties for which a party stands: itself and those merged into
// it, in the order of their ids.
func (l *Ledger) mergedWith(party ID) []ID {
	if len(l.mergedInto) == 0 {
		return []ID{party}
	}
	var list []ID
	for id := range l.Parties {
		if l.Same(id) == party {
			list = append(list, id)
		}
	}
	slices.SortFunc(list, compareIDs)
	return list
}

func (e *PartiesMerged) fold(l *Ledger, r *Recorded) error {
	p, err := l.partyOf(r)
	if err != nil {
		return err
	}
	if l.Parties[e.Private.Into] == nil {
		return fmt.Errorf("merged into nobody: %s", e.Private.Into)
	}
	if l.Same(e.Private.Into) == p.ID {
		return fmt.Errorf("merged in a circle")
	}
	p.MergedInto = e.Private.Into
	if l.mergedInto == nil {
		l.mergedInto = map[ID][]ID{}
	}
	l.mergedInto[e.Private.Into] = append(l.mergedInto[e.Private.Into], p.ID)
	for _, category := range p.listedCategories {
		l.rememberCategory(p.ID, category) // for the party that now stands for it
	}
	return nil
}
