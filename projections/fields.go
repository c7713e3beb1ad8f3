package projections

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"reliefledger.org/ledger/domain"
)

// tables are what figures can be asked from, with the names by which queries
// call the fields of a row. A name that ends with ":" stands for all that begin
// with it.
var tables = map[string]table{
	"documents": tableOf((*campaigns).Documents, fields[DocumentRow]{
		"name":     text(func(r *DocumentRow) string { return r.Name }),
		"document": text(func(r *DocumentRow) string { return r.Document }),
		"kind":     text(func(r *DocumentRow) string { return r.Kind }),
	}),
	"receipts": tableOf((*campaigns).Funds, fields[FundsRow]{
		"fen":      number(func(r *FundsRow) domain.Fen { return r.Fen }),
		"source":   text(func(r *FundsRow) string { return SourceName(r.Source) }),
		"kind":     text(func(r *FundsRow) domain.SourceKind { return r.Source.Kind }),
		"level":    text(func(r *FundsRow) string { return r.Source.Level }),
		"document": text(func(r *FundsRow) string { return r.Document }),
		"donors":   number(func(r *FundsRow) int { return r.Donors.People }),
		"relation": text(func(r *FundsRow) domain.Relation { return r.Donors.Relation }),
		"goods":    text(func(r *FundsRow) string { return r.Goods }),
	}),
	"visits": tableOf((*campaigns).Visits, fields[VisitRow]{
		"team":   text(func(r *VisitRow) string { return r.Team }),
		"led_by": text(func(r *VisitRow) string { return r.LedBy }),
		"kind":   text(func(r *VisitRow) string { return r.Kind }),
		"of":     text(func(r *VisitRow) string { return r.Of }),
		"visits": number(func(r *VisitRow) int { return r.Visits }),
		"heard":  number(func(r *VisitRow) int { return r.Heard }),
		"window": text(func(r *VisitRow) string { return monthDay(r.First) + ".." + monthDay(r.Date) }),
	}),
	"needs": tableOf((*campaigns).Needs, fields[NeedRow]{
		"of":       text(func(r *NeedRow) string { return r.Of }),
		"kind":     text(func(r *NeedRow) string { return r.Kind }),
		"resolved": yes(func(r *NeedRow) bool { return r.Resolved }),
	}),
	"activities": tableOf((*campaigns).Activities, fields[ActivityRow]{
		"kind":     text(func(r *ActivityRow) string { return r.Kind }),
		"name":     text(func(r *ActivityRow) string { return r.Name }),
		"place":    text(func(r *ActivityRow) string { return r.Place }),
		"people":   number(func(r *ActivityRow) int { return r.People.People }),
		"relation": text(func(r *ActivityRow) domain.Relation { return r.People.Relation }),
		"times":    number(func(r *ActivityRow) int { return r.Times }),
		"declined": yes(func(r *ActivityRow) bool { return r.Declined }),
		"week":     text(func(r *ActivityRow) string { return week(r.First) }),
	}),
	"facts": tableOf((*campaigns).Facts, fields[FactRow]{
		"measure":  text(func(r *FactRow) string { return r.Measure }),
		"relation": text(func(r *FactRow) domain.Relation { return r.Relation }),
		"value":    text(func(r *FactRow) string { return r.Value }),
		"assumed":  text(func(r *FactRow) string { return r.Assumed }),
		"basis":    text(func(r *FactRow) string { return r.Basis }),
		"quote":    text(func(r *FactRow) string { return r.Quote }),
		"as_of":    day(func(r *FactRow) domain.Day { return r.AsOf }),
		"unit":     text(func(r *FactRow) string { return r.Unit }),
	}),
	"payments": tableOf((*campaigns).Payments, fields[PaymentRow]{
		"form":          text(func(r *PaymentRow) domain.Form { return r.Form }),
		"programme":     text(func(r *PaymentRow) string { return r.Programme }),
		"fund":          text(func(r *PaymentRow) string { return r.Fund }),
		"unit":          text(func(r *PaymentRow) string { return r.Unit }),
		"category":      text(func(r *PaymentRow) string { return r.Category }),
		"category_name": text(func(r *PaymentRow) string { return r.CategoryName }),
		"group":         text(func(r *PaymentRow) string { return r.Group }),
		"period":        text(func(r *PaymentRow) string { return r.Period }),
		"purpose":       text(func(r *PaymentRow) string { return r.Purpose }),
		"fen":           number(func(r *PaymentRow) domain.Fen { return r.Fen }),
		"cost":          number(func(r *PaymentRow) domain.Fen { return r.Cost }),
		"value":         number(func(r *PaymentRow) domain.Fen { return r.Value() }),
		"net":           number(func(r *PaymentRow) domain.Fen { return r.Net }),
		"people":        number(func(r *PaymentRow) int { return r.People }),
		"relation":      text(func(r *PaymentRow) domain.Relation { return r.Relation }),
		"beneficiary":   text(func(r *PaymentRow) string { return r.Beneficiary.String() }),
		"payee":         text(func(r *PaymentRow) string { return r.Payee.String() }),
		"party":         text(func(r *PaymentRow) domain.PartyType { return r.Party }),
		"again":         yes(func(r *PaymentRow) bool { return r.Again }),
	}),
	"notices": tableOf((*campaigns).Publications, fields[PublicationRow]{
		"title":  text(func(r *PublicationRow) string { return r.Title }),
		"timing": text(func(r *PublicationRow) domain.Timing { return r.Timing }),
		"posted": day(func(r *PublicationRow) domain.Day { return r.Posted }),
		"first":  day(func(r *PublicationRow) domain.Day { return r.First }),
		"last":   day(func(r *PublicationRow) domain.Day { return r.Last }),
		"lines":  number(func(r *PublicationRow) int { return r.Lines }),
	}),
	"lines": tableOf((*campaigns).Lines, fields[LineRow]{
		"category":    text(func(r *LineRow) string { return r.Category }),
		"group":       text(func(r *LineRow) string { return r.Group }),
		"programme":   text(func(r *LineRow) string { return r.Programme }),
		"unit":        text(func(r *LineRow) string { return r.Unit }),
		"beneficiary": text(func(r *LineRow) string { return r.Beneficiary.String() }),
		"people":      number(func(r *LineRow) int { return r.People.People }),
		"relation":    text(func(r *LineRow) domain.Relation { return r.People.Relation }),
	}),
	"allocations": tableOf((*campaigns).Allocations, fields[AllocationRow]{
		"unit":      text(func(r *AllocationRow) string { return r.Unit }),
		"programme": text(func(r *AllocationRow) string { return r.Programme }),
		"quota":     number(func(r *AllocationRow) int { return r.Quota }),
		"lines":     number(func(r *AllocationRow) int { return r.Lines }),
	}),
	"nominations": tableOf((*campaigns).Nominations, fields[NominationRow]{
		"origin":     text(func(r *NominationRow) string { return r.Origin }),
		"households": number(func(r *NominationRow) int { return r.Households }),
		"rejected":   yes(func(r *NominationRow) bool { return r.Rejected }),
	}),
	"rules": tableOf((*campaigns).ProgrammeRules, fields[RuleRow]{
		"programme":         text(func(r *RuleRow) string { return r.Programme }),
		"revision":          number(func(r *RuleRow) int { return r.Revision }),
		"groups":            number(func(r *RuleRow) int { return r.Groups }),
		"lines_per_group":   number(func(r *RuleRow) int { return r.LinesPerGroup }),
		"lines":             number(func(r *RuleRow) int { return r.Groups * r.LinesPerGroup }),
		"categories":        number(func(r *RuleRow) int { return r.Categories }),
		"nominations_until": text((*RuleRow).until),
		"principle":         text(func(r *RuleRow) string { return r.Principle }),
		"quote":             text(func(r *RuleRow) string { return r.Quote }),
		"most": {aNumber, func(r *RuleRow, _ string) value {
			if r.Most == nil {
				return value{}
			}
			return value{kind: aNumber, number: int64(*r.Most)}
		}},
		"minimum:": {aNumber, func(r *RuleRow, name string) value {
			least, ok := r.Minimums[strings.TrimPrefix(name, "minimum:")]
			if !ok {
				return value{}
			}
			return value{kind: aNumber, number: int64(least)}
		}},
	}),
	"rejects": tableOf((*campaigns).Rejected, fields[RejectRow]{
		"code": text(func(r *RejectRow) string { return r.Code }),
		"fen":  number(func(r *RejectRow) domain.Fen { return r.Fen }),
	}),
	"returns": tableOf((*campaigns).Returned, fields[ReturnRow]{
		"fen": number(func(r *ReturnRow) domain.Fen { return r.Fen }),
	}),
	"surrendered": tableOf((*campaigns).Surrendered, fields[SurrenderRow]{
		"fen":    number(func(r *SurrenderRow) domain.Fen { return r.Fen }),
		"source": text(func(r *SurrenderRow) string { return SourceName(r.Source) }),
	}),
	"passed_on": tableOf((*campaigns).PassedOn, fields[PassedOnRow]{
		"fen": number(func(r *PassedOnRow) domain.Fen { return r.Fen }),
		"to":  text(func(r *PassedOnRow) string { return r.To }),
	}),
}

func (r *RuleRow) until() string {
	if r.NominationsUntil.IsZero() {
		return ""
	}
	return r.NominationsUntil.In(domain.Shanghai).Format("2006-01-02 15:04")
}

// week names the calendar week of a day.
func week(d domain.Day) string {
	if d == 0 {
		return ""
	}
	y, w := d.Start().ISOWeek()
	return fmt.Sprintf("%d-W%02d", y, w)
}

func monthDay(d domain.Day) string {
	if d == 0 {
		return ""
	}
	return d.String()[5:]
}

// kind is what the values of a field are.
type kind int

const (
	nothing kind = iota // the row has no value there
	aText
	aNumber // a count or fen
	aDay
)

// value is what a row has in a field.
type value struct {
	kind   kind
	text   string
	number int64 // also of a day
}

// String writes v as a query names it.
func (v value) String() string {
	switch v.kind {
	case aNumber:
		return strconv.FormatInt(v.number, 10)
	case aDay:
		return domain.Day(v.number).String()
	}
	return v.text
}

// field is how a value is found in a row R, given the name that was asked for.
type field[R any] struct {
	kind kind
	of   func(r *R, name string) value
}

type fields[R any] map[string]field[R]

func text[R any, S ~string](of func(*R) S) field[R] {
	return field[R]{aText, func(r *R, _ string) value { return value{kind: aText, text: string(of(r))} }}
}

func number[R any, N ~int | ~int64 | ~uint64](of func(*R) N) field[R] {
	return field[R]{aNumber, func(r *R, _ string) value { return value{kind: aNumber, number: int64(of(r))} }}
}

func day[R any](of func(*R) domain.Day) field[R] {
	return field[R]{aDay, func(r *R, _ string) value { return value{kind: aDay, number: int64(of(r))} }}
}

func yes[R any](of func(*R) bool) field[R] {
	return text(func(r *R) string {
		if of(r) {
			return "yes"
		}
		return "no"
	})
}

// table is a kind of rows, whatever their type.
type table struct {
	kinds map[string]kind // of the fields
	rows  func(*campaigns) []row
}

// row is a row of any table; value is that of a field which its table has.
type row struct {
	About
	value func(field string) value
}

// tableOf joins rows with the names of their fields, and those that all have.
func tableOf[R interface{ about() About }](read func(*campaigns, domain.ID) []R, own fields[R]) table {
	own["campaign"] = text(func(r *R) string { return (*r).about().Campaign.String() })
	own["date"] = day(func(r *R) domain.Day { return (*r).about().Date })
	own["number"] = number(func(r *R) uint64 { return (*r).about().Number })
	t := table{kinds: map[string]kind{}}
	for name, f := range own {
		t.kinds[name] = f.kind
	}
	t.rows = func(c *campaigns) []row {
		typed := read(c, domain.ID{})
		rows := make([]row, len(typed))
		for i := range typed {
			rows[i] = row{typed[i].about(), func(name string) value { return own[t.named(name)].of(&typed[i], name) }}
		}
		return rows
	}
	return t
}

// named is the name under which a table has a field; empty where it has none.
func (t table) named(field string) string {
	if _, ok := t.kinds[field]; ok {
		return field
	}
	if prefix, rest, ok := strings.Cut(field, ":"); ok && rest != "" {
		if _, ok := t.kinds[prefix+":"]; ok {
			return prefix + ":"
		}
	}
	return ""
}

// kind is what the values of a field are; nothing where there is no such field.
func (t table) kind(field string) kind { return t.kinds[t.named(field)] }

// is says whether a row's field has one of the texts that are joined by "|".
func (r row) is(field, texts string) bool {
	return slices.Contains(strings.Split(texts, "|"), r.value(field).String())
}
