package domain

import "iter"

// Unfinished names what is only half there: the events behind which a process
// still owes a step, oldest first, and then the commands of whose lists parts
// are missing. A command that was cut off and never sent again stays among them.
func (l *Ledger) Unfinished() iter.Seq[ID] {
	return func(yield func(ID) bool) {
		for _, o := range l.owed {
			if !yield(o.cause.ID) {
				return
			}
		}
		for _, i := range l.listing {
			if !yield(l.effects[i].Command) {
				return
			}
		}
	}
}

// partCame notes that a part of a command's list is there.
func (l *Ledger) partCame(effect uint32, part, of int) {
	e := l.effects[effect]
	e.parts, e.Complete = part, part == of
	for k, i := range l.listing {
		if i != effect {
			continue
		}
		if e.Complete {
			l.listing = append(l.listing[:k:k], l.listing[k+1:]...)
		}
		return
	}
	if !e.Complete {
		l.listing = append(l.listing, effect)
	}
}
