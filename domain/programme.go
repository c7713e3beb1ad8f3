package domain

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Programme is a kind of relief, with its rules as data (救助项目).
type Programme struct {
	ID        ID
	Name      string
	Revisions []Revision
}

// Revision is one version of a programme's rules.
type Revision struct {
	Terms
	Hash  []byte // SHA-256 of the terms as JSON; allocations store it
	From  Day    // business date from which it is in force
	Ended bool
	Event ID
}

// Terms are the rules of a programme. They are data: the program itself knows no
// number of any programme.
type Terms struct {
	// Basis are the documents on which the programme rests.
	Basis []Document `json:"basis,omitempty"`
	// Place is the division code of the area for which the programme holds.
	Place string `json:"place,omitempty"`
	// InForce is the first and last business date of allocations; 0 is no bound.
	InForce Span `json:"in_force,omitzero"`
	// Purposes are the purpose codes for which money may be allocated.
	Purposes []string `json:"purposes"`
	// Notice says how a list is published, in one or two phases.
	Notice     []Phase    `json:"notice"`
	Categories []Category `json:"categories,omitempty"`
	Standards  []Standard `json:"standards,omitempty"`
	Forms      []Form     `json:"forms"`
	// CapPerPerson is the most that one beneficiary may receive from one allocation;
	// 0 is no cap.
	CapPerPerson Yuan `json:"cap_per_person,omitzero"`
	// Groups is how many groups (enterprises, villages) of an allocation may be paid,
	// and LinesPerGroup how many lines in each; 0 is no bound.
	Groups        int `json:"groups,omitempty"`
	LinesPerGroup int `json:"lines_per_group,omitempty"`
	// NominationsUntil is the moment after which a nomination is late, to the minute
	// and in Asia/Shanghai; nil is no deadline.
	NominationsUntil *time.Time `json:"nominations_until,omitempty"`
	// These are limits in calendar days; 0 is no limit. Papers are to be completed
	// within PapersWithin days of the first payment, a confirmed list to be paid within
	// PayWithin days, a payment to be recorded within RecordWithin days of the day on
	// which it happened, and what is left to be surrendered within SurrenderWithin days
	// of the allocation's end.
	PapersWithin    int `json:"papers_within,omitempty"`
	PayWithin       int `json:"pay_within,omitempty"`
	RecordWithin    int `json:"record_within,omitempty"`
	SurrenderWithin int `json:"surrender_within,omitempty"`
	// RetentionYears is for how many years records that name a person are kept, from
	// the end of the year of the last one. 0 says that the programme does not state
	// it; then nobody can be erased.
	RetentionYears int `json:"retention_years,omitempty"`
	// Needs say what must come before a payment.
	Needs []Need `json:"needs,omitempty"`
	// Minimums say how often a service must be given at least. To do less is a
	// finding.
	Minimums []Minimum `json:"minimums,omitempty"`
	// Principles are rules of the source that it states only in words.
	Principles []Principle `json:"principles,omitempty"`
}

// mostYears is the longest RetentionYears: no rule keeps records that name a person for
// longer.
const mostYears = 100

// Timing says whether a notice is published before payment, after it, or never.
type Timing string

// The timings of design section 4.
const (
	BeforePayment Timing = "before" // 先公示后发放
	AfterPayment  Timing = "after"  // 先救助后公示
	NoNotice      Timing = "none"
)

// Disclosure says how much of a line the public sees.
type Disclosure string

// The disclosures, from the loosest to the strictest.
const (
	FullNames   Disclosure = "full"
	MaskedNames Disclosure = "masked"
	CountsOnly  Disclosure = "counts"
)

// Stricter returns the stricter of two disclosures. An empty one is the loosest.
func (d Disclosure) Stricter(other Disclosure) Disclosure {
	order := []Disclosure{"", FullNames, MaskedNames, CountsOnly}
	if slices.Index(order, other) > slices.Index(order, d) {
		return other
	}
	return d
}

// Phase says how one publication of a notice is to be made.
type Phase struct {
	Timing Timing       `json:"timing"`
	Days   int          `json:"days,omitempty"` // of the notice period, counted by Mode
	Mode   CalendarMode `json:"mode,omitempty"`
	Places []PlaceRule  `json:"places,omitempty"`
	// Within is within how many days of the payment a notice after it is to be posted.
	Within int `json:"within,omitempty"`
}

// PlaceRule says at which kind of place a notice is to hang, and the most that may be
// seen there.
type PlaceRule struct {
	Place      string     `json:"place"` // village-board, township-screen, web
	Disclosure Disclosure `json:"disclosure"`
}

// Category is a kind of people who may be helped.
type Category struct {
	Code string `json:"code"`
	Name string `json:"name"`
	// Excludes are categories, of any programme, that a person of this category must
	// not have at the same time.
	Excludes []string `json:"excludes,omitempty"`
}

// Standard is the least and the most money that one entitlement may be. An empty
// Category or Form stands for any. The first standard that fits is used.
type Standard struct {
	Category string `json:"category,omitempty"`
	Form     Form   `json:"form,omitempty"`
	Least    Yuan   `json:"least,omitzero"`
	Most     Yuan   `json:"most"`
}

// Need is a fact that the ledger must have about a beneficiary before a payment in a
// form or category. An empty Form or Category stands for any.
type Need struct {
	Form     Form   `json:"form,omitempty"`
	Category string `json:"category,omitempty"`
	// Fact is "eligibility", "papers", "identified" or "activity:<kind>".
	Fact string `json:"fact"`
	Name string `json:"name,omitempty"`
}

// Minimum says how often a service must be given at least.
type Minimum struct {
	Measure string `json:"measure"`
	AtLeast int    `json:"at_least"`
	Per     string `json:"per"` // week, month, campaign
}

// Principle is a rule that the source states only in words.
type Principle struct {
	Code  string `json:"code"`
	Quote string `json:"quote"`
}

// ProgrammeDefined begins a programme.
type ProgrammeDefined struct {
	Common
	Programme ID     `json:"programme"`
	Unit      ID     `json:"unit"`
	Name      string `json:"name"`
	Terms     Terms  `json:"terms"`
}

// ProgrammeRevised replaces the terms from its business date on, or ends the
// programme. Allocations that were made before keep their own revision.
type ProgrammeRevised struct {
	Common
	Terms Terms `json:"terms"`
	Ended bool  `json:"ended,omitempty"`
}

// DefineProgramme begins a programme.
type DefineProgramme struct {
	Unit  ID     `json:"unit"`
	Name  string `json:"name"`
	Terms Terms  `json:"terms"`
}

// ReviseProgramme gives a programme new terms, or ends it.
type ReviseProgramme struct {
	Programme ID    `json:"programme"`
	Terms     Terms `json:"terms"`
	Ended     bool  `json:"ended,omitempty"`
}

// Refusals about programmes.
var (
	TermsWrong          = newCode(0, "terms-wrong", "项目规则有误：{what}", "the programme's terms are wrong: {what}")
	ProgrammeNotInForce = newCode(11, "programme-not-in-force", "{date} 时该项目没有生效的规则", "the programme has no rules in force on {date}")
)

func (c *DefineProgramme) target(o *Order) string {
	return Stream(ProgrammeKind, Made(o.ID, "programme"))
}
func (c *DefineProgramme) unit(*Ledger, *Order) ID { return c.Unit }
func (c *DefineProgramme) decide(d *decision) error {
	if err := d.openUnit(c.Unit); err != nil {
		return err
	}
	if c.Name == "" {
		return refuse(FieldMissing, "name")
	}
	if err := c.Terms.check(); err != nil {
		return err
	}
	d.add(&ProgrammeDefined{Programme: d.newID("programme"), Unit: c.Unit, Name: c.Name, Terms: c.Terms})
	return nil
}

func (c *ReviseProgramme) target(*Order) string        { return Stream(ProgrammeKind, c.Programme) }
func (c *ReviseProgramme) unit(l *Ledger, _ *Order) ID { return l.Opened.Root.ID }
func (c *ReviseProgramme) decide(d *decision) error {
	p, ok := d.ledger.Programmes[c.Programme]
	if !ok {
		return refuse(NoSuch, bilingual{"救助项目", "programme"}, c.Programme)
	}
	last := p.Revisions[len(p.Revisions)-1]
	if last.Ended {
		return refuse(NotOpen, bilingual{"救助项目", "programme"}, c.Programme)
	}
	if d.order.Date <= last.From {
		return refuse(TermsWrong, fmt.Sprintf("%s <= %s", d.order.Date, last.From))
	}
	if !c.Ended {
		if err := c.Terms.check(); err != nil {
			return err
		}
	}
	d.add(&ProgrammeRevised{Terms: c.Terms, Ended: c.Ended})
	return nil
}

// check refuses terms that nobody could follow.
func (t *Terms) check() error {
	wrong := func(what string) error { return refuse(TermsWrong, what) }
	if len(t.Purposes) == 0 {
		return wrong("purposes: 0")
	}
	if len(t.Forms) == 0 {
		return wrong("forms: 0")
	}
	for _, f := range t.Forms {
		if _, ok := formNames[f]; !ok {
			return wrong("forms: " + string(f))
		}
	}
	if len(t.Notice) < 1 || len(t.Notice) > 2 {
		return wrong(fmt.Sprintf("notice: %d", len(t.Notice)))
	}
	for i, p := range t.Notice {
		switch p.Timing {
		case NoNotice:
			if len(t.Notice) > 1 {
				return wrong("notice: none + 1")
			}
		case BeforePayment, AfterPayment:
			if i == 1 && p.Timing == BeforePayment {
				return wrong("notice: before, twice or after another")
			}
			if p.Days < 1 || p.Days > 366 || len(p.Places) == 0 || (p.Mode != InCalendarDays && p.Mode != InWorkingDays) {
				return wrong(fmt.Sprintf("notice: days %d, mode %q, places %d", p.Days, p.Mode, len(p.Places)))
			}
			for _, place := range p.Places {
				if place.Disclosure != FullNames && place.Disclosure != MaskedNames && place.Disclosure != CountsOnly {
					return wrong("disclosure: " + string(place.Disclosure))
				}
			}
		default:
			return wrong("timing: " + string(p.Timing))
		}
	}
	seen := map[string]bool{}
	for _, c := range t.Categories {
		if c.Code == "" || seen[c.Code] {
			return wrong("category: " + c.Code)
		}
		seen[c.Code] = true
	}
	for _, s := range t.Standards {
		if s.Least < 0 || s.Most < s.Least {
			return wrong(fmt.Sprintf("standard: %s > %s", s.Least.Fen(), s.Most.Fen()))
		}
	}
	for _, n := range []int{t.Groups, t.LinesPerGroup, t.PapersWithin, t.PayWithin, t.RecordWithin, t.SurrenderWithin} {
		if n < 0 || n > 100_000 {
			return wrong(fmt.Sprint(n))
		}
	}
	if t.RetentionYears < 0 || t.RetentionYears > mostYears {
		return wrong(fmt.Sprint(t.RetentionYears))
	}
	if err := checkTags("basis.file", t.Basis); err != nil {
		return err
	}
	if t.CapPerPerson < 0 {
		return wrong("cap_per_person: " + t.CapPerPerson.Fen().String())
	}
	return nil
}

// phase returns the phase with a timing.
func (t *Terms) phase(timing Timing) (Phase, bool) {
	for _, p := range t.Notice {
		if p.Timing == timing {
			return p, true
		}
	}
	return Phase{}, false
}

// Category returns the category with a code.
func (t *Terms) Category(code string) (Category, bool) {
	for _, c := range t.Categories {
		if c.Code == code {
			return c, true
		}
	}
	return Category{}, false
}

// hash is the SHA-256 of the terms as JSON, with the fields in declared order.
func (t *Terms) hash() []byte {
	text, err := json.Marshal(t)
	if err != nil {
		panic(err) // terms hold nothing that JSON cannot
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// InForceOn returns the revision whose rules hold on a day, and its number, from 1; ok
// is false if none does.
func (p *Programme) InForceOn(day Day) (number int, r *Revision, ok bool) {
	for i := len(p.Revisions) - 1; i >= 0; i-- {
		r := &p.Revisions[i]
		if r.From > day {
			continue
		}
		in := r.InForce
		if r.Ended || in.First != 0 && day < in.First || in.Last != 0 && day > in.Last {
			return 0, nil, false
		}
		return i + 1, r, true
	}
	return 0, nil, false
}

// RulesOf returns the rules of an allocation: the revision with which it was opened,
// whatever was revised since. It is nil if the ledger has no such revision with the
// hash that the allocation stores.
func (l *Ledger) RulesOf(a *Allocation) *Revision {
	p := l.Programmes[a.Programme]
	if p == nil || a.Revision < 1 || a.Revision > len(p.Revisions) || !bytes.Equal(p.Revisions[a.Revision-1].Hash, a.Rules) {
		return nil
	}
	return &p.Revisions[a.Revision-1]
}

func (e *ProgrammeDefined) fold(l *Ledger, r *Recorded) error {
	if l.Programmes[e.Programme] != nil || r.Stream != Stream(ProgrammeKind, e.Programme) {
		return fmt.Errorf("the programme exists, or this is not its stream")
	}
	l.Programmes[e.Programme] = &Programme{ID: e.Programme, Name: e.Name,
		Revisions: []Revision{{Terms: e.Terms, Hash: e.Terms.hash(), From: e.FirstDay(), Event: r.ID}}}
	return nil
}

func (e *ProgrammeRevised) fold(l *Ledger, r *Recorded) error {
	_, id, _ := SplitStream(r.Stream)
	p := l.Programmes[id]
	if p == nil {
		return fmt.Errorf("no such programme")
	}
	p.Revisions = append(p.Revisions, Revision{Terms: e.Terms, Hash: e.Terms.hash(), From: e.Date, Ended: e.Ended, Event: r.ID})
	return nil
}
