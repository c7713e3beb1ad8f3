package domain

import "slices"

// The gate is the one decision about how much of a private value somebody sees:
// the role and unit of who asks, the place and day of a list, and what hides a
// person (minor, restricted, erased). Whoever opens sealed values asks it, for
// each value, with the state of now; what is shown as of an earlier moment is
// hidden by what hid it then and by what hides it now.

// Purpose is for what a private value is to be seen. It decides who may, and what
// hides a person.
type Purpose uint8

// The purposes.
const (
	// OnPage is a page or an answer for who asks: as the table of fields says for
	// the asker's roles ([SeenBy]). It needs a reason.
	OnPage Purpose = iota
	// OnList is a notice as a place shows it on a day. Anybody sees what hangs
	// today; what hung on another day, only who may see names on a page.
	OnList
	// OnPaper is a paper that the office fills for its own file, on which the payee
	// signs beside the name: the name whole, the identity number masked.
	OnPaper
	// ForBank is the file that the bank pays from, which a cashier writes: name and
	// account. The bank pays minors and restricted people too.
	ForBank
	// ForMatching is a name held against a roster, of which one of another unit's
	// people is not.
	ForMatching
)

// Look is the question to the gate: who wants to see which value, and for what.
type Look struct {
	Purpose Purpose
	Officer ID     // who proved a key; zero: anybody
	Unit    ID     // for which the officer must have a role
	Event   string // type of the event in which the value stands
	Field   string // its path in the event's private part ([PrivateFields])
	Of      ID     // the person or case under whose key it is sealed

	// Of a list: the line, and the place and day of which the list is. Place may be
	// empty, for the strictest of all places.
	Notice ID
	Line   int
	Place  string
	On     Day
	// Past says that the list is not looked at as it hangs now.
	Past bool
}

// Sees says how much of a value is seen. as is the state as of which the value is
// shown; nil is now.
func (l *Ledger) Sees(k Look, as *Ledger) Seen {
	seen := min(l.allows(k), l.shows(k))
	if as != nil && as != l {
		seen = min(seen, as.shows(k))
	}
	if seen < Masked {
		return Withheld
	}
	return seen
}

// allows is what the roles of who asks allow. In a simulated ledger, whose people
// are made up, everybody sees everything.
func (l *Ledger) allows(k Look) Seen {
	switch k.Purpose {
	case OnPage, OnPaper:
		return l.byRole(k.Officer, k.Unit, k.Event, k.Field)
	case OnList:
		if !k.Past || l.byRole(k.Officer, k.Unit, k.Event, k.Field) >= Masked {
			return Whole
		}
	case ForBank:
		if l.ActsAs(k.Officer, k.Unit, Cashier) {
			return Whole
		}
	case ForMatching:
		if l.byRole(k.Officer, k.Unit, k.Event, k.Field) == Whole {
			return Whole
		}
	}
	return Withheld
}

// Simulated says whether the ledger is a demonstration, whose people are made up.
func (l *Ledger) Simulated() bool { return l.Opened != nil && l.Opened.Simulated }

// byRole is the most that one of the asker's audiences sees.
func (l *Ledger) byRole(officer, unit ID, event, field string) Seen {
	most := Withheld
	for _, a := range l.Audiences(officer, unit) {
		most = max(most, SeenBy(event, field, a))
	}
	return most
}

// shows is the most of a value that anybody sees for a purpose: what the purpose
// is for, and what hides the person.
func (l *Ledger) shows(k Look) Seen {
	if l.erased[k.Of] {
		return Withheld
	}
	switch k.Purpose {
	case OnPage:
		return Whole
	case OnList:
		return l.listed(k)
	case OnPaper:
		if l.hidden(k.Of) {
			return Withheld
		}
		switch k.Field {
		case "name":
			return Whole
		case "number":
			return Masked
		}
	case ForBank:
		if k.Field == "name" || k.Field == "account" {
			return Whole
		}
	case ForMatching:
		if k.Field == "name" {
			return Whole
		}
	}
	return Withheld
}

// hidden says whether a person is named on no list and no paper.
func (l *Ledger) hidden(party ID) bool {
	p := l.Parties[l.Same(party)]
	return p != nil && (p.Restricted || p.Minor || p.Erased)
}

// listed is how a line of a notice shows the name of its beneficiary.
func (l *Ledger) listed(k Look) Seen {
	n := l.Notices[k.Notice]
	if n == nil || k.Field != "name" {
		return Withheld
	}
	line := n.line(k.Line)
	if line == nil || l.Same(line.Beneficiary) != l.Same(k.Of) {
		return Withheld
	}
	switch l.DisclosureOf(n, line, k.Place, k.On) {
	case FullNames:
		return Whole
	case MaskedNames:
		return Masked
	}
	return Withheld
}

// DisclosureOf is how openly a place shows a line of a notice on a day: only while
// the notice hangs there, as openly as the place and the line allow, a minor and a
// restricted person never by name, and a collective line never by names. It is
// empty where nothing of the list is shown. An empty place is the strictest of all.
func (l *Ledger) DisclosureOf(n *Notice, line *Line, place string, on Day) Disclosure {
	d := n.DisclosureAt(place, on)
	if d == "" {
		return ""
	}
	if p := l.Parties[l.Same(line.Beneficiary)]; p == nil || p.Restricted || p.Minor || line.People() != (Headcount{}) {
		return CountsOnly
	}
	return d.Stricter(line.Disclosure())
}

// DisclosureAt is how openly a place shows the lines of a notice on a day; empty
// where the notice does not hang there then, or was withdrawn.
func (n *Notice) DisclosureAt(place string, on Day) (d Disclosure) {
	if n.Withdrawn != (ID{}) {
		return ""
	}
	for _, p := range n.Publications {
		if on < p.On || on > p.Period.Last {
			continue
		}
		for _, x := range p.Places {
			if x.Place == place || place == "" {
				d = d.Stricter(x.Disclosure)
			}
		}
	}
	return d
}

// SeesDocument says whether an officer sees the documents of a unit's cases: who has
// any role for it.
func (l *Ledger) SeesDocument(officer, unit ID) bool { return l.IsOfOfficeOf(officer, unit) }

// ActsAs says whether an officer may do what needs one of some roles for a unit and
// is no command, as writing the file for the bank is. In a simulated ledger everybody
// may.
func (l *Ledger) ActsAs(officer, unit ID, roles ...Role) bool {
	return l.Simulated() || slices.ContainsFunc(roles, func(r Role) bool { return l.Holds(officer, r, unit) })
}

// IsOfOfficeOf says whether an officer has any role for a unit.
func (l *Ledger) IsOfOfficeOf(officer, unit ID) bool { return len(l.Audiences(officer, unit)) > 1 }

// IsOfOffice says whether somebody may ask what the office alone may, of whatever
// unit: an officer in office with any role. In a simulated ledger everybody may.
func (l *Ledger) IsOfOffice(officer ID) bool {
	o := l.Officers[officer]
	return l.Simulated() || o != nil && !o.Left && len(o.Grants) > 0
}
