package domain

import "slices"

// The gate is the one place that decides how much of a private value is seen. It looks
// at the roles of the officer who asks, at the place and day of a list, and at what
// hides a person: being a minor, restricted or erased. The gate must be asked before
// any sealed value is opened, with the present state. A page as of an earlier day
// also asks with the state of that day, and the stricter answer holds.

// Purpose says what a private value is wanted for. It decides who may see the value,
// and what hides it.
type Purpose uint8

// The purposes.
const (
	// OnPage is a page or an answer for the officer who asks. How much is seen follows
	// from the officer's roles ([SeenBy]). The officer has to state a reason.
	OnPage Purpose = iota
	// OnList is a notice as a place shows it on a day. Anybody sees what hangs today.
	// What hung on another day needs a role that sees names on a page.
	OnList
	// OnPaper is a paper for the office's own file, on which the payee signs beside
	// the name. It shows the whole name, and the identity number masked.
	OnPaper
	// ForBank is the file for the bank, which a cashier writes. It has names and
	// accounts, also of minors and restricted people: the bank pays them too.
	ForBank
	// ForMatching compares a name or a phone with a unit's roster. It needs a role for
	// that unit that sees them whole.
	ForMatching
	// ForErasing shows an officer who sees names whom an erasure is about, so that
	// nobody is taken for another: the name, masked.
	ForErasing
)

// Look is a question to the gate: who wants to see which value, and for what purpose.
type Look struct {
	Purpose Purpose
	Officer ID     // the officer who asks and has proved to have the key; zero for anybody
	Unit    ID     // for which the officer must have a role
	Event   string // type of the event in which the value stands
	Field   string // its path in the event's private part ([PrivateFields])
	Of      ID     // the person or case under whose key it is sealed

	// For OnList: the line, and the place and day for which the list is shown. An
	// empty Place stands for the strictest of all.
	Notice ID
	Line   int
	Place  string
	On     Day
	// Today is the day on which it is asked; without one the list is not today's.
	Today Day
}

// Sees says how much of a value is seen. as is the earlier state as of which the value
// is shown, nil for the present one. Less than Masked is Withheld.
func (l *Ledger) Sees(k Look, as *Ledger) Seen {
	seen := min(l.allows(k, as != nil || k.On != k.Today), l.shows(k))
	if as != nil && as != l {
		seen = min(seen, as.shows(k))
	}
	if seen < Masked {
		return Withheld
	}
	return seen
}

// allows is how much the asker may see, by role. past says that a list is not looked at
// as it hangs now. In a simulated ledger, where all people are made up, everybody sees
// everything.
func (l *Ledger) allows(k Look, past bool) Seen {
	switch k.Purpose {
	case OnPage, OnPaper, ForErasing:
		return l.byRole(k.Officer, k.Unit, k.Event, k.Field)
	case OnList:
		if !past || l.byRole(k.Officer, k.Unit, k.Event, k.Field) >= Masked {
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

// byRole is the most that any of the officer's roles for the unit lets it see.
func (l *Ledger) byRole(officer, unit ID, event, field string) Seen {
	most := Withheld
	for _, a := range l.Audiences(officer, unit) {
		most = max(most, SeenBy(event, field, a))
	}
	return most
}

// shows is how much of a value may be seen for a purpose, whoever asks: the fields
// that the purpose needs, less what hides the person.
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
		if l.HiddenBy(k.Of).Any() {
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
		if k.Field == "name" || k.Field == "phone" {
			return Whole
		}
	case ForErasing:
		if k.Field == "name" {
			return Masked
		}
	}
	return Withheld
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

// DisclosureOf says how much of a line a place shows on a day. It is empty while the
// notice does not hang there. Else the stricter of place and line holds, and minors,
// restricted people and collective lines are never shown by name. An empty place
// stands for the strictest of all.
func (l *Ledger) DisclosureOf(n *Notice, line *Line, place string, on Day) Disclosure {
	d := n.DisclosureAt(place, on)
	if d == "" {
		return ""
	}
	if h := l.HiddenBy(line.Beneficiary); l.Parties[l.Same(line.Beneficiary)] == nil || h.Restricted || h.Minor || line.People() != (Headcount{}) {
		return CountsOnly
	}
	return d.Stricter(line.Disclosure())
}

// DisclosureAt says how much of its lines a place may show on a day. It is empty if
// the notice does not hang there on that day, or was withdrawn.
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

// SeesDocument says whether an officer may see the documents of a unit's cases: any
// role for the unit is enough.
func (l *Ledger) SeesDocument(officer, unit ID) bool { return l.IsOfOfficeOf(officer, unit) }

// ActsAs says whether an officer has one of these roles for a unit. It is asked for
// acts that are no command, such as writing the file for the bank. In a simulated
// ledger everybody may do them.
func (l *Ledger) ActsAs(officer, unit ID, roles ...Role) bool {
	return l.Simulated() || slices.ContainsFunc(roles, func(r Role) bool { return l.Holds(officer, r, unit) })
}

// IsOfOfficeOf says whether an officer has any role for a unit.
func (l *Ledger) IsOfOfficeOf(officer, unit ID) bool { return len(l.Audiences(officer, unit)) > 1 }

// IsOfOffice says whether somebody works for the office: an officer who has not left
// and has any role for any unit. In a simulated ledger everybody does.
func (l *Ledger) IsOfOffice(officer ID) bool {
	o := l.Officers[officer]
	return l.Simulated() || o != nil && !o.Left && len(o.Grants) > 0
}
