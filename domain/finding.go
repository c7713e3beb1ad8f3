package domain

import "fmt"

// Finding says that one point of a history is wrong. It was found by replay, is stated
// by the record itself, or comes from a report that lacks evidence. Each of these has
// a type of its own for what else it knows, which embeds this one.
type Finding struct {
	Kind FindingKind `json:"kind"`
	// Code is the stable name of the refusal, or of the evidence that is missing.
	Code string `json:"code"`
	// Rule is the rule of design section 5 that is broken, 1 to 12, or 0 for none.
	Rule int `json:"rule,omitempty"`
	// Number is the number of the event that it is about.
	Number uint64 `json:"number"`
	// With are the numbers of other events that are needed to show it.
	With []uint64 `json:"with,omitempty"`
	// Rows are the rows of the event's list that it is about, from 1. Without any it
	// is about the event as a whole.
	Rows []int `json:"rows,omitempty"`
	// Zh and En are its sentence.
	Zh string `json:"zh"`
	En string `json:"en"`
}

// FindingKind says why a point of a history is wrong.
type FindingKind string

// The kinds of findings.
const (
	AgainstRules    FindingKind = "against-rules" // the rules would not have let the event in
	SaidIrregular   FindingKind = "irregular"     // the event itself says that it breaks a rule of conduct
	EvidenceMissing FindingKind = "missing"       // there is no evidence of the event
)

var findingKinds = map[FindingKind]bilingual{
	AgainstRules: {"不合规则", "against the rules"}, SaidIrregular: {"违规补记", "recorded as irregular"}, EvidenceMissing: {"证据缺失", "evidence is missing"},
}

// Say returns the kind's name in a language.
func (k FindingKind) Say(l Lang) string { return findingKinds[k].Say(l) }

// Say returns the finding's sentence in a language.
func (f Finding) Say(l Lang) string { return bilingual{f.Zh, f.En}.Say(l) }

// Shown returns the numbers of all events that show the finding. The first is the event
// that it is about.
func (f Finding) Shown() []uint64 { return append([]uint64{f.Number}, f.With...) }

// Finding makes a finding of a refusal: the rules would not have let the event in.
func (r *Refusal) Finding(number uint64) Finding {
	f := Finding{Kind: AgainstRules, Code: r.Code.Name, Rule: r.Code.Rule, Number: number, Zh: r.Sentence(Zh), En: r.Sentence(En)}
	if r.Row > 0 {
		f.Rows = []int{r.Row}
	}
	return f
}

// Finding makes a finding of an event's mark. A code that this program does not know,
// because a later one wrote it, has rule 0.
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
