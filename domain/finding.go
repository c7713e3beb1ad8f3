package domain

import "fmt"

// Finding is one thing that is wrong with a history, whoever found it: replay, a
// record that says so itself, or a report that lacks evidence. What each of them
// knows beside it stands in a type of its own, which embeds this one.
type Finding struct {
	Kind FindingKind `json:"kind"`
	// Code is its stable name: that of the refusal, or of what is missing.
	Code string `json:"code"`
	// Rule is the rule of design section 5 that is broken; 0 for none of them.
	Rule int `json:"rule,omitempty"`
	// Number is that of the event that it is about.
	Number uint64 `json:"number"`
	// With are the numbers of other events that show it together with that one.
	With []uint64 `json:"with,omitempty"`
	// Rows are those of the event's list to which it applies, from 1; none: the
	// event as a whole.
	Rows []int `json:"rows,omitempty"`
	// Zh and En are its sentence.
	Zh string `json:"zh"`
	En string `json:"en"`
}

// FindingKind says by what something is found to be wrong.
type FindingKind string

// The kinds of findings.
const (
	AgainstRules    FindingKind = "against-rules" // the rules would not have let the event in
	SaidIrregular   FindingKind = "irregular"     // the event itself says that a rule of conduct forbids it
	EvidenceMissing FindingKind = "missing"       // what would prove the event is not there
)

var findingKinds = map[FindingKind]bilingual{
	AgainstRules: {"不合规则", "against the rules"}, SaidIrregular: {"违规补记", "recorded as irregular"}, EvidenceMissing: {"证据缺失", "evidence is missing"},
}

// Say returns the kind's name in a language.
func (k FindingKind) Say(l Lang) string { return findingKinds[k].Say(l) }

// Say returns the finding's sentence in a language.
func (f Finding) Say(l Lang) string { return bilingual{f.Zh, f.En}.Say(l) }

// Shown are the numbers of all events that show the finding, first that of the one
// that it is about.
func (f Finding) Shown() []uint64 { return append([]uint64{f.Number}, f.With...) }

// Finding says of an event what the rules would have refused.
func (r *Refusal) Finding(number uint64) Finding {
	f := Finding{Kind: AgainstRules, Code: r.Code.Name, Rule: r.Code.Rule, Number: number, Zh: r.Sentence(Zh), En: r.Sentence(En)}
	if r.Row > 0 {
		f.Rows = []int{r.Row}
	}
	return f
}

// Finding says of an event what it says of itself. A code that is not known, of a
// later program, breaks no rule that is known.
func (i Irregularity) Finding(number uint64) Finding {
	f := Finding{Kind: SaidIrregular, Code: i.Code, Number: number, Rows: i.Rows,
		Zh: "违规补记：" + i.Code, En: "recorded as irregular: " + i.Code}
	if c, ok := CodeNamed(i.Code); ok {
		f.Rule = c.Rule
		f.Zh += fmt.Sprintf("（第 %d 条规则）", c.Rule)
		f.En += fmt.Sprintf(" (rule %d)", c.Rule)
	}
	return f
}
