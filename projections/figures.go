package projections

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"reliefledger.org/ledger/domain"
)

// Query says how a figure is computed: data, written per figure.
type Query struct {
	From  string            `json:"from"`
	Where map[string]string `json:"where,omitempty"`
	// Value is "count", "sum:F", "distinct:F", "each:F" (the number that all share)
	// or "first:F", over the rows, or "least-per:F", the fewest rows in any value
	// of F.
	Value string `json:"value"`
	// As is "yuan" (fen written in yuan), "month-day", or empty for a plain number or text.
	As string `json:"as,omitempty"`
}

// table returns the table that q asks, or says what of q there is not: a name
// that was misspelt must not be a figure of 0.
func (q Query) table() (table, error) {
	t, ok := tables[q.From]
	if !ok {
		return table{}, fmt.Errorf("there is no table %q", q.From)
	}
	for _, f := range slices.Sorted(maps.Keys(q.Where)) {
		if t.kind(f) == nothing {
			return table{}, fmt.Errorf("table %s has no field %q", q.From, f)
		}
	}
	how, f, of := strings.Cut(q.Value, ":")
	switch how {
	case "count":
		if of {
			return table{}, fmt.Errorf("rows are counted, not a field: %q", q.Value)
		}
	case "sum", "each", "distinct", "first", "least-per":
		if t.kind(f) == nothing {
			return table{}, fmt.Errorf("table %s has no field %q", q.From, f)
		}
	default:
		return table{}, fmt.Errorf("nothing is computed by %q", q.Value)
	}
	isNumber := how == "count" || how == "distinct" || how == "least-per" || t.kind(f) == aNumber
	switch {
	case (how == "sum" || how == "each" || q.As == "yuan") && !isNumber:
		return table{}, fmt.Errorf("field %s of table %s is no number", f, q.From)
	case q.As == "month-day" && (how != "first" || t.kind(f) != aDay):
		return table{}, fmt.Errorf("%q is no day", q.Value)
	case q.As != "" && q.As != "yuan" && q.As != "month-day":
		return table{}, fmt.Errorf("a figure is not written as %q", q.As)
	}
	return t, nil
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

// Figures rebuilds figures, each from what belongs to its campaign. One whose
// query asks for what there is not is not proven, and says why.
func (c *campaigns) Figures(sources []SourceFigure) []Figure {
	campaigns := c.Campaigns()
	facts := c.Facts(domain.ID{})
	read := map[string][]row{} // by table, once
	list := make([]Figure, 0, len(sources))
	for _, s := range sources {
		f := Figure{Report: s.Report, ID: s.ID, Figure: strings.Trim(string(s.Value), `"`), Quote: s.Quote, Unit: s.Unit, Events: []uint64{}}
		k := slices.IndexFunc(campaigns, func(c *domain.Campaign) bool {
			return s.Campaign != "" && strings.HasPrefix(c.Name, s.Campaign)
		})
		t, err := s.Query.table()
		switch {
		case err != nil:
			f.Why = err.Error()
		case k < 0:
			f.Why = "no such campaign in this ledger"
		default:
			if _, ok := read[s.Query.From]; !ok {
				read[s.Query.From] = t.rows(c)
			}
			f.rebuild(s, campaigns[k].ID, read[s.Query.From], facts)
		}
		list = append(list, f)
	}
	return list
}

// rebuild computes a figure from the rows of a table that belong to its campaign,
// and compares it with the source's.
func (f *Figure) rebuild(s SourceFigure, campaign domain.ID, rows []row, facts []FactRow) {
	var mine []row
next:
	for _, r := range rows {
		if r.Campaign != campaign {
			continue
		}
		for field, texts := range s.Query.Where {
			if !r.is(field, texts) {
				continue next
			}
		}
		mine = append(mine, r)
		f.Events = append(f.Events, r.Events...)
	}
	var assumed *FactRow
	for i, x := range facts {
		if x.Campaign == campaign && x.Measure == s.ID && x.Basis == "assumed" {
			assumed = &facts[i]
			break
		}
	}
	var err error
	if f.Value, err = s.Query.compute(mine); err != nil {
		f.Why = err.Error()
	} else {
		f.OK, f.Why = agrees(f.Figure, f.Value, assumed)
	}
	if assumed != nil && needsAssumption(f.Figure) {
		f.Events = append(f.Events, assumed.Events...)
	}
	slices.Sort(f.Events)
	f.Events = slices.Compact(f.Events)
}

// compute is the value of a query over its rows.
func (q Query) compute(rows []row) (string, error) {
	how, field, _ := strings.Cut(q.Value, ":")
	var n int64
	switch how {
	case "count":
		n = int64(len(rows))
	case "sum", "each":
		for i, r := range rows {
			v := r.value(field)
			switch {
			case v.kind == nothing:
				return "", fmt.Errorf("event %d has no %s", r.Number, field)
			case how == "sum":
				n += v.number
			case i == 0:
				n = v.number
			case v.number != n:
				return "differs", nil
			}
		}
	case "distinct", "least-per":
		seen := map[string]int64{}
		for _, r := range rows {
			seen[r.value(field).String()]++
		}
		n = int64(len(seen))
		if how == "least-per" && n > 0 {
			n = slices.Min(slices.Collect(maps.Values(seen)))
		}
	case "first":
		if len(rows) == 0 {
			return "", nil
		}
		v := rows[0].value(field)
		switch {
		case v.kind == nothing:
			return "", fmt.Errorf("event %d has no %s", rows[0].Number, field)
		case v.kind == aDay && v.number != 0 && q.As == "month-day":
			return monthDay(domain.Day(v.number)), nil
		case q.As != "yuan":
			return v.String(), nil
		}
		n = v.number
	}
	if q.As == "yuan" {
		return domain.Fen(n).Plain(), nil
	}
	return strconv.FormatInt(n, 10), nil
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
func agrees(figure, value string, assumed *FactRow) (bool, string) {
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
		if assumed == nil {
			return false, "no assumption is recorded"
		}
		return told(assumed.Assumed == value, "not what is assumed: "+assumed.Assumed)
	case bad != nil:
		return false, "no number"
	case strings.HasSuffix(figure, "+"), strings.HasSuffix(figure, "-"):
		if assumed == nil {
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
