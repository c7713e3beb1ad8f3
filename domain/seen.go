package domain

import (
	"reflect"
	"strings"
)

// Audience is a group of people who see the same fields: the public, the officers who
// handle money and lists, the auditors, the privacy officers.
type Audience uint8

// The audiences.
const (
	Public Audience = iota
	Finance
	Auditing
	Privacy
	audiences // how many there are
)

// Say names an audience.
func (a Audience) Say(l Lang) string {
	if l == Zh {
		return [...]string{"公众", "财务", "审计", "隐私专员"}[a]
	}
	return [...]string{"public", "finance", "auditor", "privacy officer"}[a]
}

// AudienceOf returns the audience to which a role belongs. An unknown role belongs to
// the public.
func AudienceOf(r Role) Audience {
	switch r {
	case Registrar, Drafter, Reviewer, Accountant, Approver, Cashier, Storekeeper:
		return Finance
	case Auditor:
		return Auditing
	case PrivacyOfficer:
		return Privacy
	}
	return Public
}

// Seen is how much of a field somebody sees.
type Seen uint8

// How much may be seen of a field, from the least to the most.
const (
	Withheld Seen = iota
	AsListed      // for names: as much as place, period and line of a notice allow
	Masked        // with most characters hidden
	Whole
)

// Say says what is seen.
func (s Seen) Say(l Lang) string {
	if l == Zh {
		return [...]string{"—", "按公示", "隐去中段", "全部"}[s]
	}
	return [...]string{"-", "as listed", "masked", "whole"}[s]
}

var (
	parties     = []Event{&PartyRegistered{}, &PartyCorrected{}, &PartyIdentified{}}
	forOffice   = [audiences]Seen{Withheld, Whole, Whole, Whole}
	forAuditors = [audiences]Seen{Withheld, Withheld, Whole, Whole}
)

// visibility says how much of each private field an audience may see. The open fields
// of events are for everybody.
//
// Sources: rules.md section 1 and format section 4. Auditors see everything except
// accounts; to compare accounts they have the ids, which are equal for equal numbers.
// Officers who pay do not see notes and reasons that may name an illness. The bank's
// file (`batch export`) also needs accounts; see [ForBank].
var visibility = []struct {
	events []Event
	field  string // JSON path in `private`; lists without their index
	by     [audiences]Seen
}{
	// Of a party. Officers who pay see a masked number: it is enough to tell apart two
	// people with one name.
	{parties, "name", [...]Seen{AsListed, Whole, Whole, Whole}},
	{parties, "number", [...]Seen{Withheld, Masked, Whole, Whole}},
	{parties, "phone", [...]Seen{Withheld, Whole, Whole, Whole}},
	{parties, "address", [...]Seen{Withheld, Whole, Whole, Whole}},
	{parties, "account", [...]Seen{Withheld, Withheld, Withheld, Whole}},
	{parties, "note", [...]Seen{Withheld, Withheld, Whole, Whole}},
	{parties, "account_id", forOffice},
	{parties, "minor", forOffice},
	{parties, "numbered", forOffice},
	{[]Event{&MembershipChanged{}}, "household", forOffice},
	{[]Event{&PartiesMerged{}}, "into", forOffice},
	{[]Event{&PartyErased{}}, "merged", forOffice},
	{[]Event{&EligibilityDecided{}}, "category", forOffice},
	{[]Event{&EligibilityDecided{}}, "reason", forAuditors},
	{[]Event{&PapersCompleted{}}, "papers", forOffice},
	{[]Event{&RegisterMatched{}}, "finding", forAuditors},

	// Of a list. Neighbours could recognise a person by these fields.
	{[]Event{&NoticeLinesAdded{}}, "lines.beneficiary", forOffice},
	{[]Event{&NoticeLinesAdded{}}, "lines.household", forOffice},
	{[]Event{&NoticeLinesAdded{}}, "lines.payee", forOffice},
	{[]Event{&NoticeLinesAdded{}}, "lines.why", forOffice},
	{[]Event{&NoticeLinesAdded{}}, "lines.why_tag", forOffice},
	{[]Event{&NoticeLinesAdded{}}, "lines.category", forOffice},
	{[]Event{&NoticeLinesAdded{}}, "lines.group", forOffice},
	{[]Event{&NoticeLinesAdded{}}, "lines.period", forOffice},
	{[]Event{&NoticeReviewed{}}, "minutes", forOffice},
	{[]Event{&NoticeConfirmed{}}, "urgency", forOffice},
	{[]Event{&NoticeWithdrawn{}, &NominationRejected{}, &LineStopped{}, &LineResumed{}}, "reason", forOffice},
	{[]Event{&NominationReceived{}}, "note", forOffice},
	// The objector is hidden from the officers whom the objection may accuse.
	{[]Event{&ObjectionRaised{}}, "objector", forAuditors},
	{[]Event{&ObjectionRaised{}}, "text", forOffice},
	{[]Event{&ObjectionResolved{}}, "answer", forOffice},

	// Of money. Donors decide themselves whether they are named in public.
	{[]Event{&FundsReceived{}}, "donor", forOffice},
	{[]Event{&BatchPrepared{}}, "accounts.id", forOffice},
	{[]Event{&BatchPrepared{}}, "accounts.in", forOffice},
	{[]Event{&BatchPrepared{}}, "said", forOffice},
	{[]Event{&BatchRejected{}, &EntryReversed{}, &DisbursementReturned{}, &RecoveryDemanded{}}, "reason", forOffice},
	{[]Event{&ReceiptRecorded{}}, "signers", forOffice},

	// Of a campaign. The note of a visit may name an illness.
	{[]Event{&VisitRecorded{}, &ActivityRecorded{}}, "parties", forOffice},
	{[]Event{&NeedFound{}}, "party", forOffice},
	{[]Event{&VisitRecorded{}, &ActivityRecorded{}, &NeedFound{}, &NeedResolved{}}, "note", forAuditors},
	{[]Event{&ActivityRecorded{}}, "evidence", forOffice},

	// Of officers.
	{[]Event{&OfficerAppointed{}}, "name", forOffice},
	{[]Event{&OfficerAppointed{}}, "party", forOffice},
	{[]Event{&KinshipFiled{}}, "party", forAuditors},
	{[]Event{&KinshipFiled{}}, "relation", forAuditors},

	// Of any event: why a rule was broken, and the signed text, which has everything
	// except the sealed values.
	{allEvents, "reasons.text", forOffice},
	{allEvents, "reasons.evidence", forOffice},
	{allEvents, "signed", forAuditors},
}

// visibilityOf is the table by event and field.
var visibilityOf = func() map[[2]string][audiences]Seen {
	m := map[[2]string][audiences]Seen{}
	for _, row := range visibility {
		for _, e := range row.events {
			m[[2]string{TypeOf(e), row.field}] = row.by
		}
	}
	return m
}()

// SeenBy says how much of a private field of an event an audience sees. Nobody sees a
// field that is not in the table.
func SeenBy(event, field string, a Audience) Seen {
	return visibilityOf[[2]string{event, field}][a]
}

// Mask hides most of a field's text; how much depends on the field.
func Mask(field, text string) string {
	switch field {
	case "name":
		return MaskName(text)
	case "number", "account", "phone":
		return MaskNumber(text)
	}
	return "***"
}

// CommonFields are the private fields that every event can have: why a rule was
// broken, and the signed text.
var CommonFields = []string{"reasons.text", "reasons.evidence", "signed"}

// PrivateFields returns the JSON paths of all private fields of an event, without
// indexes for lists. Fields of type [Sealed] are sealed.
func PrivateFields(e Event) []string {
	var list []string
	t := reflect.TypeOf(e).Elem()
	if f, ok := t.FieldByName("Private"); ok {
		list = privatePaths(f.Type, "", list)
	}
	return append(list, CommonFields...)
}

func privatePaths(t reflect.Type, path string, list []string) []string {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[Sealed]() || t == reflect.TypeFor[Day]() {
		return append(list, strings.TrimPrefix(path, "."))
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case !f.IsExported() || name == "-":
		case f.Anonymous:
			list = privatePaths(f.Type, path, list)
		default:
			list = privatePaths(f.Type, path+"."+name, list)
		}
	}
	return list
}

// Audiences returns the audiences to which an officer belongs, by the roles that the
// officer has for a unit; everybody belongs to the public. In a simulated ledger, where
// all people are made up, everybody belongs to all.
func (l *Ledger) Audiences(officer, unit ID) []Audience {
	list := []Audience{Public}
	if l.Simulated() {
		return append(list, Finance, Auditing, Privacy)
	}
	o := l.Officers[officer]
	if o == nil || o.Left {
		return list
	}
	for hops := 0; hops < maxDepth; hops++ {
		for _, g := range o.Grants {
			if a := AudienceOf(g.Role); g.Unit == unit {
				list = append(list, a)
			}
		}
		u, ok := l.Units[unit]
		if !ok || u.Parent == (ID{}) {
			break
		}
		unit = u.Parent
	}
	return list
}
