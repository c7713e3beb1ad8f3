package domain

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Lang is a language that the ledger speaks to people.
type Lang string

// The languages of every sentence the ledger says.
const (
	Zh Lang = "zh"
	En Lang = "en"
)

// Code is one reason to refuse a command or to charge an event. Its Name is stable:
// scripts may rely on it. Zh and En are its sentences; {names} in them stand for the
// values that explain the refusal.
type Code struct {
	Name string
	// Rule is the rule of design section 5 that is broken, 1 to 12, or 0 if a command
	// only makes no sense.
	Rule   int
	Zh, En string
	params []string
}

// codes holds every code by its name; it is filled while the package starts
// and only read afterwards.
var codes = map[string]*Code{}

// newCode defines a refusal. Its parameters are the {names} in zh, in the order in
// which they first appear; en must use the same names.
func newCode(rule int, name, zh, en string) *Code {
	c := &Code{Name: name, Rule: rule, Zh: zh, En: en, params: placeholders(zh)}
	want := placeholders(en)
	slices.Sort(want)
	have := slices.Clone(c.params)
	slices.Sort(have)
	if codes[name] != nil || !slices.Equal(have, want) {
		panic("domain: code " + name + " is defined twice, or its sentences name different numbers")
	}
	codes[name] = c
	return c
}

// Codes returns every refusal that the domain knows, ordered by name.
func Codes() []*Code {
	all := make([]*Code, 0, len(codes))
	for _, c := range codes {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *Code) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// CodeNamed returns the code with this stable name.
func CodeNamed(name string) (*Code, bool) {
	c, ok := codes[name]
	return c, ok
}

func placeholders(s string) []string {
	var names []string
	for {
		_, rest, ok := strings.Cut(s, "{")
		if !ok {
			return names
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			return names
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		s = after
	}
}

// A Detail is one number or name that explains a refusal, as people read it.
type Detail struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	en    string // what the English sentence says instead, if it differs
}

// bilingual is a word in both languages.
type bilingual struct{ zh, en string }

// Say returns the word in a language.
func (s bilingual) Say(l Lang) string {
	if l == En {
		return s.en
	}
	return s.zh
}

// A Refusal says why a command has no effect: a stable code, and the values that
// explain it. A function that returns one has changed nothing.
type Refusal struct {
	Code    *Code
	Details []Detail
	// Row is the row of the command's list that is refused, from 1; 0 is the command
	// as a whole.
	Row int
}

// refuse makes the refusal with code c; the values explain it, in the order of
// the {names} in its Chinese sentence.
func refuse(c *Code, values ...any) *Refusal {
	if len(values) != len(c.params) {
		panic(fmt.Sprintf("domain: refusal %s takes %v, not %d values", c.Name, c.params, len(values)))
	}
	r := &Refusal{Code: c}
	for i, v := range values {
		if word, ok := v.(interface{ Say(Lang) string }); ok {
			r.Details = append(r.Details, Detail{c.params[i], word.Say(Zh), word.Say(En)})
			continue
		}
		r.Details = append(r.Details, Detail{c.params[i], fmt.Sprint(v), ""})
	}
	return r
}

// inRow says that the refusal is about one row of a list; row counts from 0.
func (r *Refusal) inRow(row int) *Refusal {
	r.Row = row + 1
	return r
}

// Sentence says the refusal in one sentence of the given language.
func (r *Refusal) Sentence(l Lang) string {
	s, row := r.Code.Zh, "第 %d 行：%s"
	if l == En {
		s, row = r.Code.En, "row %d: %s"
	}
	for _, d := range r.Details {
		value := d.Value
		if l == En && d.en != "" {
			value = d.en
		}
		s = strings.ReplaceAll(s, "{"+d.Name+"}", value)
	}
	if r.Row > 0 {
		s = fmt.Sprintf(row, r.Row, s)
	}
	return s
}

// Error says the refusal in English, with its code in front.
func (r *Refusal) Error() string { return r.Code.Name + ": " + r.Sentence(En) }

// Is reports whether target is a refusal with the same code, so that callers
// may write errors.Is(err, NotEnoughMoney).
func (r *Refusal) Is(target error) bool {
	c, ok := target.(*Code)
	return ok && c == r.Code
}

// Error makes a code usable as the target of errors.Is.
func (c *Code) Error() string { return c.Name }

// MarshalJSON writes {"code","rule","row","zh","en","details"}, the stable shape for scripts.
func (r *Refusal) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Code    string   `json:"code"`
		Rule    int      `json:"rule,omitempty"`
		Row     int      `json:"row,omitempty"`
		Zh      string   `json:"zh"`
		En      string   `json:"en"`
		Details []Detail `json:"details"`
	}{r.Code.Name, r.Code.Rule, r.Row, r.Sentence(Zh), r.Sentence(En), r.Details})
}
