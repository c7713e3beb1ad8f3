package projections

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"reliefledger.org/ledger/domain"
)

// Row is a row of one of the tables over which figures are computed, with the
// numbers of the events that it stands on.
type Row struct {
	Fields map[string]any // string, int64 or domain.Day
	Events []uint64
	items  map[string]domain.Quantity
}

func (r Row) text(f string) string {
	switch v := r.Fields[f].(type) {
	case string:
		return v
	case int64:
		return fmt.Sprint(v)
	case domain.Day:
		return v.String()
	}
	return ""
}

func (r Row) number(f string) int64 {
	n, _ := r.Fields[f].(int64)
	return n
}

func (r Row) day(f string) domain.Day {
	d, _ := r.Fields[f].(domain.Day)
	return d
}

// Tables are what figures can be asked from: payments, receipts, documents,
// visits, needs, activities, facts, notices, lines, allocations, nominations,
// rules, rejects, returns, surrendered, passed_on.
var tables = map[string]func(b *Books) []Row{
	"payments": (*Books).payments, "receipts": (*Books).receipts, "documents": (*Books).documents, "visits": (*Books).visits,
	"needs": (*Books).needs, "activities": (*Books).activities, "facts": (*Books).facts, "notices": (*Books).noticeRows,
	"allocations": (*Books).allocations, "nominations": (*Books).nominations, "rules": (*Books).rules, "lines": (*Books).lineRows,
	"rejects": (*Books).rejects, "returns": (*Books).returnRows, "surrendered": (*Books).surrendered, "passed_on": (*Books).passedOn,
}

// Rows returns the rows of a table whose fields have the given texts; a text
// may name several values with "|" between them.
func (b *Books) Rows(table string, where map[string]string) []Row {
	make := tables[table]
	if make == nil {
		return nil
	}
	var rows []Row
next:
	for _, r := range make(b) {
		for f, want := range where {
			if !slices.Contains(strings.Split(want, "|"), r.text(f)) {
				continue next
			}
		}
		rows = append(rows, r)
	}
	return rows
}

// about makes the row of an event.
func (b *Books) about(e *Event, fields map[string]any) Row {
	fields["campaign"] = e.Campaign.String()
	if _, ok := fields["date"]; !ok {
		fields["date"] = e.Happened.Last
	}
	fields["number"] = int64(e.Number)
	return Row{Fields: fields, Events: []uint64{e.Number}}
}

func (b *Books) aboutAt(number uint64, fields map[string]any) Row {
	e := b.At(number)
	return b.about(&e, fields)
}

// quotedFields goes through the events of one type that count and were not replaced.
func quotedFields[E domain.Event](b *Books, row func(e *Event, x E) map[string]any) []Row {
	var rows []Row
	for _, number := range slices.Sorted(maps.Keys(b.typed)) {
		x, ok := b.typed[number].(E)
		if !ok || !b.within(b.State.DateAt(number)) {
			continue
		}
		e := b.At(number)
		if _, replaced := b.stories.replaced[e.ID]; replaced {
			continue
		}
		rows = append(rows, b.about(&e, row(&e, x)))
	}
	return rows
}

func (b *Books) payments() []Row {
	var rows []Row
	for e := range b.FundUse() {
		a := b.State.Allocations[e.Allocation]
		n := b.State.Notices[e.NoticeID]
		i := slices.IndexFunc(n.Lines, func(l *domain.Line) bool { return l.No == e.Line })
		line := n.Lines[i]
		if e.Reversed != nil {
			continue
		}
		people := int64(1)
		if line.People().Relation != "" {
			people = int64(line.People().People)
		}
		r := Row{Events: []uint64{e.Number}, items: map[string]domain.Quantity{}, Fields: map[string]any{
			"campaign": e.Campaign.String(), "form": string(e.Form), "programme": e.Programme, "fund": e.Fund, "unit": b.UnitName(a.Unit),
			"category": line.Category(), "group": line.Group(), "period": line.Period(), "purpose": a.Purpose,
			"fen": int64(e.Amount), "cost": int64(e.Cost), "value": int64(e.Amount + e.Cost), "net": int64(e.Net), "people": people,
			"relation": string(line.People().Relation), "date": e.Happened, "beneficiary": b.who(line.Beneficiary),
			"payee": b.who(e.payee), "again": yes(e.Again != nil)}}
		r.Fields["category_name"] = line.Category()
		if rules := b.Rules(a); rules != nil {
			if c, ok := rules.Category(line.Category()); ok {
				r.Fields["category_name"] = c.Name
			}
		}
		if p := b.State.Parties[line.Beneficiary]; p != nil {
			r.Fields["party"] = string(p.Type)
		}
		for _, g := range e.Items {
			r.items[g.Item] += g.Quantity
		}
		rows = append(rows, r)
	}
	return rows
}

// who is a party after merges.
func (b *Books) who(id domain.ID) string {
	for n := 0; n < 16; n++ {
		p := b.State.Parties[id]
		if p == nil || p.MergedInto == (domain.ID{}) {
			break
		}
		id = p.MergedInto
	}
	return id.String()
}

func yes(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}

func (b *Books) receipts() []Row {
	return quotedFields(b, func(e *Event, x *domain.FundsReceived) map[string]any {
		goods := ""
		for _, g := range x.Goods {
			goods += g.Item + " " + g.Quantity.String() + " "
		}
		return map[string]any{"fen": int64(x.Fen), "source": SourceName(x.Source), "kind": string(x.Source.Kind), "level": x.Source.Level,
			"document": x.Number, "donors": int64(x.Donors.People), "relation": string(x.Donors.Relation), "goods": strings.TrimSpace(goods)}
	})
}

func (b *Books) documents() []Row {
	return quotedFields(b, func(e *Event, x *domain.DocumentIssued) map[string]any {
		return map[string]any{"name": x.Document.Name, "document": x.Document.Number, "kind": x.Kind}
	})
}

func (b *Books) visits() []Row {
	return quotedFields(b, func(e *Event, x *domain.VisitRecorded) map[string]any {
		return map[string]any{"team": x.Team, "led_by": x.LedBy, "kind": x.Kind, "of": x.Of, "visits": int64(x.Visits), "heard": int64(x.Heard),
			"window": monthDay(e.Happened.First) + ".." + monthDay(e.Happened.Last)}
	})
}

func (b *Books) needs() []Row {
	rows := quotedFields(b, func(e *Event, x *domain.NeedFound) map[string]any {
		_, met := b.stories.resolved[e.ID]
		return map[string]any{"of": x.Of, "kind": x.Kind, "resolved": yes(met)}
	})
	for i, r := range rows { // that a need was met stands in an event of its own
		if met, ok := b.stories.resolved[b.At(r.Events[0]).ID]; ok {
			rows[i].Events = append(rows[i].Events, met)
		}
	}
	return rows
}

func (b *Books) activities() []Row {
	return quotedFields(b, func(e *Event, x *domain.ActivityRecorded) map[string]any {
		return map[string]any{"kind": x.Kind, "name": x.Name, "place": x.Place, "people": int64(x.People.People), "relation": string(x.People.Relation),
			"times": int64(x.Times), "declined": yes(x.Declined), "week": week(e.Happened.First)}
	})
}

// week names the calendar week of a day.
func week(d domain.Day) string {
	if d == 0 {
		return ""
	}
	y, w := d.Start().ISOWeek()
	return fmt.Sprintf("%d-W%02d", y, w)
}

func (b *Books) facts() []Row {
	return quotedFields(b, func(e *Event, x *domain.FactRecorded) map[string]any {
		return map[string]any{"measure": x.Measure, "relation": string(x.Relation), "value": x.Value, "assumed": x.Assumed, "basis": x.Basis,
			"quote": x.Quote, "as_of": x.AsOf, "unit": x.Unit}
	})
}

func (b *Books) rejects() []Row {
	return quotedFields(b, func(e *Event, x *domain.DisbursementRejected) map[string]any {
		_, id, _ := domain.SplitStream(e.Stream)
		fen := domain.Fen(0)
		if a := b.State.Allocations[id]; a != nil {
			fen = a.Batches[x.Batch-1].Rows[x.Row-1].Fen
		}
		return map[string]any{"code": x.Code, "fen": int64(fen)}
	})
}

func (b *Books) surrendered() []Row {
	return quotedFields(b, func(e *Event, x *domain.FundsSurrendered) map[string]any {
		return map[string]any{"fen": sum(x.Item, x.Draws), "source": SourceName(x.Source)}
	})
}

func (b *Books) passedOn() []Row {
	return quotedFields(b, func(e *Event, x *domain.FundsPassedOn) map[string]any {
		return map[string]any{"fen": sum(x.Item, x.Draws), "to": x.To}
	})
}

func sum(item string, draws []domain.Draw) int64 {
	var n int64
	for _, d := range draws {
		if item == domain.Money {
			n += d.Quantity
		} else {
			n += int64(d.Cost)
		}
	}
	return n
}

func (b *Books) returnRows() []Row {
	var rows []Row
	for e := range b.FundUse() {
		for _, r := range e.Returns {
			rows = append(rows, b.aboutAt(r.Number, map[string]any{"fen": int64(r.Fen)}))
			rows[len(rows)-1].Events = []uint64{r.Number}
		}
	}
	return rows
}

func (b *Books) noticeRows() []Row {
	var rows []Row
	for _, n := range b.Notices(0) {
		for _, p := range n.Phases {
			last := domain.Day(0)
			for _, x := range p.Places {
				last = max(last, x.On)
			}
			rows = append(rows, b.aboutAt(p.Number, map[string]any{"title": n.Title, "timing": string(p.Timing), "posted": last, "first": p.First, "last": p.Last, "lines": int64(n.Lines)}))
		}
	}
	return rows
}

func (b *Books) allocations() []Row {
	var rows []Row
	for _, a := range b.State.Allocations {
		p := b.State.Programmes[a.Programme]
		if p == nil {
			continue // forged: nothing is known of it
		}
		rows = append(rows, b.aboutAt(b.began(a.Stream), map[string]any{"unit": b.UnitName(a.Unit), "quota": int64(a.Quota), "programme": p.Name, "lines": int64(len(a.Lines))}))
	}
	slices.SortFunc(rows, func(x, y Row) int { return int(x.number("number") - y.number("number")) })
	return rows
}

func (b *Books) lineRows() []Row {
	var rows []Row
	for _, n := range b.State.Notices {
		if n.Withdrawn != (domain.ID{}) {
			continue
		}
		a := b.State.Allocations[n.Allocation]
		p := b.State.Programmes[a.Programme]
		for _, l := range n.Lines {
			if l.Struck() != (domain.ID{}) {
				continue
			}
			r := b.aboutAt(b.began(n.Stream), map[string]any{"category": l.Category(), "group": l.Group(), "programme": p.Name,
				"unit": b.UnitName(a.Unit), "beneficiary": b.who(l.Beneficiary), "people": int64(l.People().People), "relation": string(l.People().Relation)})
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(x, y Row) int { return int(x.number("number") - y.number("number")) })
	return rows
}

func (b *Books) nominations() []Row {
	rejected := map[string]bool{}
	for number, event := range b.typed {
		if x, ok := event.(*domain.NominationRejected); ok {
			rejected[fmt.Sprint(b.State.StreamAt(number), x.Nomination)] = true
		}
	}
	return quotedFields(b, func(e *Event, x *domain.NominationReceived) map[string]any {
		return map[string]any{"origin": x.Origin, "households": int64(x.Households), "rejected": yes(rejected[fmt.Sprint(e.Stream, x.Nomination)])}
	})
}

func (b *Books) rules() []Row {
	var rows []Row
	for _, p := range b.State.Programmes {
		for i, r := range p.Revisions {
			e, ok := b.Event(r.Event)
			if !ok {
				continue
			}
			fields := func() map[string]any {
				until := ""
				if r.NominationsUntil != nil {
					until = r.NominationsUntil.In(domain.Shanghai).Format("2006-01-02 15:04")
				}
				f := map[string]any{"programme": p.Name, "revision": int64(i + 1), "groups": int64(r.Groups), "lines_per_group": int64(r.LinesPerGroup),
					"lines": int64(r.Groups * r.LinesPerGroup), "categories": int64(len(r.Categories)), "nominations_until": until, "principle": ""}
				if len(r.Standards) > 0 {
					f["most"] = int64(r.Standards[0].Most)
				}
				for _, m := range r.Minimums {
					f["minimum:"+m.Measure] = int64(m.AtLeast)
				}
				return f
			}
			rows = append(rows, b.about(e, fields()))
			for _, pr := range r.Principles {
				f := fields()
				f["principle"], f["quote"] = pr.Code, pr.Quote
				rows = append(rows, b.about(e, f))
			}
		}
	}
	slices.SortStableFunc(rows, func(x, y Row) int { return int(x.number("number") - y.number("number")) })
	return rows
}

// Query says how a figure is computed: data, written per figure.
type Query struct {
	From  string            `json:"from"`
	Where map[string]string `json:"where,omitempty"`
	// Value is "count", "sum:F", "distinct:F", "least:F" or "first:F", over the
	// rows, or "least-per:F", the fewest rows in any value of F.
	Value string `json:"value"`
	// As is "yuan" (fen written in yuan), "month-day", or empty for a plain number or text.
	As string `json:"as,omitempty"`
}

// SourceFigure is a figure as its source has it.
type SourceFigure struct {
	Report int    `json:"report"`
	ID     string `json:"id"`
	// Campaign is how the name of the report's campaign begins.
	Campaign string          `json:"campaign"`
	Value    json.RawMessage `json:"value"`
	Unit     string          `json:"unit"`
	Quote    string          `json:"quote"`
	Query    Query           `json:"query"`
}

// Figure is a figure rebuilt from events.
type Figure struct {
	Report int      `json:"report"`
	ID     string   `json:"id"`
	Figure string   `json:"figure"` // as the source has it
	Value  string   `json:"value"`  // rebuilt
	Events []uint64 `json:"events"`
	OK     bool     `json:"ok"`
	Why    string   `json:"why,omitempty"` // why it is not
	Quote  string   `json:"quote,omitempty"`
	Unit   string   `json:"unit,omitempty"`
}

// Figures rebuilds figures, each from what belongs to its campaign.
func (b *Books) Figures(sources []SourceFigure) []Figure {
	campaigns := b.Campaigns()
	cache := map[string][]Row{}
	list := make([]Figure, 0, len(sources))
	for _, s := range sources {
		f := Figure{Report: s.Report, ID: s.ID, Figure: strings.Trim(string(s.Value), `"`), Quote: s.Quote, Unit: s.Unit, Events: []uint64{}}
		k := slices.IndexFunc(campaigns, func(c *domain.Campaign) bool {
			return s.Campaign != "" && strings.HasPrefix(c.Name, s.Campaign)
		})
		if k < 0 {
			f.Why = "no such campaign in this ledger"
			list = append(list, f)
			continue
		}
		campaign := campaigns[k].ID.String()
		key := s.Query.From
		if _, ok := cache[key]; !ok {
			cache[key] = b.Rows(key, nil)
		}
		var rows []Row
	next:
		for _, r := range cache[key] {
			if r.text("campaign") != campaign {
				continue
			}
			for field, want := range s.Query.Where {
				if !slices.Contains(strings.Split(want, "|"), r.text(field)) {
					continue next
				}
			}
			rows = append(rows, r)
		}
		f.Value, f.Events = s.Query.compute(rows)
		assumed := b.Rows("facts", map[string]string{"campaign": campaign, "measure": s.ID, "basis": "assumed"})
		f.OK, f.Why = agrees(f.Figure, f.Value, assumed)
		if len(assumed) > 0 && needsAssumption(f.Figure) {
			f.Events = append(f.Events, assumed[0].Events...)
		}
		slices.Sort(f.Events)
		f.Events = slices.Compact(f.Events)
		list = append(list, f)
	}
	return list
}

// compute is the value of a query over its rows, with the events it stands on.
func (q Query) compute(rows []Row) (string, []uint64) {
	events := []uint64{}
	for _, r := range rows {
		events = append(events, r.Events...)
	}
	how, field, _ := strings.Cut(q.Value, ":")
	var n int64
	switch how {
	case "count":
		n = int64(len(rows))
	case "sum":
		for _, r := range rows {
			n += r.number(field)
		}
	case "distinct":
		seen := map[string]bool{}
		for _, r := range rows {
			seen[r.text(field)] = true
		}
		n = int64(len(seen))
	case "least-per":
		seen := map[string]int64{}
		for _, r := range rows {
			seen[r.text(field)]++
		}
		for _, c := range seen {
			if n == 0 || c < n {
				n = c
			}
		}
	case "each": // the one value that all rows share
		for i, r := range rows {
			if v := r.number(field); i == 0 {
				n = v
			} else if v != n {
				return "differs", events
			}
		}
	case "first":
		if len(rows) == 0 {
			return "", events
		}
		if d := rows[0].day(field); d != 0 && q.As == "month-day" {
			return monthDay(d), events
		}
		if q.As != "yuan" {
			return rows[0].text(field), events
		}
		n = rows[0].number(field)
	default:
		return "?" + q.Value, events
	}
	if q.As == "yuan" {
		return domain.Fen(n).Plain(), events
	}
	return fmt.Sprint(n), events
}

func monthDay(d domain.Day) string {
	if d == 0 {
		return ""
	}
	return d.String()[5:]
}

// needsAssumption says whether a source's figure is vague.
func needsAssumption(figure string) bool {
	_, err := decimal.NewFromString(figure)
	return err != nil && figure != "rule" && !isDate(figure)
}

func isDate(s string) bool {
	return len(s) == 5 && s[2] == '-' || len(s) == 12 && strings.Contains(s, "..")
}

// agrees says whether a rebuilt value is what the source has: equal; for + and -
// the inequality and a recorded assumption; for a vague word the value that is
// assumed; for a rule the revision that carries it.
func agrees(figure, value string, assumed []Row) (bool, string) {
	if figure == "rule" {
		if value == "" || value == "0" {
			return false, "no revision carries the rule"
		}
		return true, ""
	}
	if isDate(figure) {
		return told(figure == value, "another date")
	}
	want, err := decimal.NewFromString(strings.TrimRight(figure, "+-"))
	have, bad := decimal.NewFromString(value)
	switch {
	case err != nil: // a word
		if len(assumed) == 0 {
			return false, "no assumption is recorded"
		}
		return told(assumed[0].text("assumed") == value, "not what is assumed: "+assumed[0].text("assumed"))
	case bad != nil:
		return false, "no number"
	case strings.HasSuffix(figure, "+"), strings.HasSuffix(figure, "-"):
		if len(assumed) == 0 {
			return false, "no assumption is recorded"
		}
		if strings.HasSuffix(figure, "+") {
			return told(have.GreaterThanOrEqual(want), "less")
		}
		return told(have.LessThanOrEqual(want) && have.IsPositive(), "more")
	}
	return told(have.Equal(want), "not equal")
}

func told(ok bool, why string) (bool, string) {
	if ok {
		return true, ""
	}
	return false, why
}

// ReadFigures reads figures as JSON lines.
func ReadFigures(r io.Reader) ([]SourceFigure, error) {
	var list []SourceFigure
	dec := json.NewDecoder(r)
	for {
		var f SourceFigure
		if err := dec.Decode(&f); err == io.EOF {
			return list, nil
		} else if err != nil {
			return nil, fmt.Errorf("figure %d: %w", len(list)+1, err)
		}
		list = append(list, f)
	}
}
