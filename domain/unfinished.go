package domain

import (
	"iter"
	"slices"
)

// Unfinished lists what is only partly written: first the events from which an owed
// step follows, the oldest first, then the commands whose lists are incomplete. A
// command that was cut off stays in the list until it is sent again.
func (l *Ledger) Unfinished() iter.Seq[ID] {
	return func(yield func(ID) bool) {
		for _, o := range l.owed {
			if !yield(o.cause.ID) {
				return
			}
		}
		for _, i := range l.incompleteLists {
			if !yield(l.effects[i].Command) {
				return
			}
		}
	}
}

// notePart notes that a part of a command's list is there.
func (l *Ledger) notePart(effect uint32, part, of int) {
	e := l.effects[effect]
	e.parts, e.Complete = part, part == of
	switch k := slices.Index(l.incompleteLists, effect); {
	case k >= 0 && e.Complete:
		l.incompleteLists = slices.Delete(l.incompleteLists, k, k+1)
	case k < 0 && !e.Complete:
		l.incompleteLists = append(l.incompleteLists, effect)
	}
}
