package domain

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Programme is a kind of relief with its rules as data (救助项目).
type Programme struct {
	ID        ID
	Name      string
	Revisions []Revision
}

// Revision is one version of a programme's rules.
type Revision struct {
	Terms
	Hash  []byte // SHA-256 of the terms as JSON; allocations carry it
	From  Day    // business date from which it is in force
	Ended bool
	Event ID
}

// Terms are the rules of a programme. Nothing of this stands in code: every
// number of every programme is data.
type Terms struct {
	// Basis are the documents on which the programme rests.
	Basis []Document `json:"basis,omitempty"`
	// Place is the division code for which it holds.
	Place string `json:"place,omitempty"`
	// InForce bounds the business dates of allocations; zero days are open.
	InForce Span `json:"in_force,omitzero"`
	// Purposes are the purpose codes for which money may be allocated.
	Purposes []string `json:"purposes"`
	// Notice has one or two phases.
	Notice     []Phase    `json:"notice"`
	Categories []Category `json:"categories,omitempty"`
	Standards  []Standard `json:"standards,omitempty"`
	Forms      []Form     `json:"forms"`
	// CapPerPerson bounds what one beneficiary receives from one allocation; 0
	// is no cap.
	CapPerPerson Yuan `json:"cap_per_person,omitzero"`
	// Groups and LinesPerGroup bound a notice's groups (enterprises, villages)
	// and the lines in each; 0 is no bound.
	Groups        int `json:"groups,omitempty"`
	LinesPerGroup int `json:"lines_per_group,omitempty"`
	// NominationsUntil is the moment after which a nomination is late; minute
	// precision, Asia/Shanghai.
	NominationsUntil *time.Time `json:"nominations_until,omitempty"`
	// PapersWithin is how many days after the first payment papers may be
	// completed; PayWithin, RecordWithin and SurrenderWithin count days after
	// confirmation, after what happened, after the allocation's end. 0 is no
	// limit.
	PapersWithin    int `json:"papers_within,omitempty"`
	PayWithin       int `json:"pay_within,omitempty"`
	RecordWithin    int `json:"record_within,omitempty"`
	SurrenderWithin int `json:"surrender_within,omitempty"`
	// RetentionYears is for how many whole years, from the end of the year of
	// the last entry on, what names a person is kept; 0 is not stated, and then
	// nobody is erased.
	RetentionYears int `json:"retention_years,omitempty"`
	// Needs say what must come before a payment.
	Needs []Need `json:"needs,omitempty"`
	// Minimums are services that must be reached; falling short is a finding.
	Minimums []Minimum `json:"minimums,omitempty"`
	// Principles are rules of the source that are stated in words.
	Principles []Principle `json:"principles,omitempty"`
}

// mostYears bounds a retention: no rule keeps what names a person for longer.
const mostYears = 100

// Timing is when a notice stands in relation to payment.
type Timing string

// The timings of design section 4.
const (
	BeforePayment Timing = "before" // 先公示后发放
	AfterPayment  Timing = "after"  // 先救助后公示
	NoNotice      Timing = "none"
)

// Disclosure is how much of a line the public sees.
type Disclosure string

// The disclosures, from the loosest to the strictest.
const (
	FullNames   Disclosure = "full"
	MaskedNames Disclosure = "masked"
	CountsOnly  Disclosure = "counts"
)

// Stricter returns the stricter of two disclosures; none given is the loosest.
func (d Disclosure) Stricter(other Disclosure) Disclosure {
	order := []Disclosure{"", FullNames, MaskedNames, CountsOnly}
	if slices.Index(order, other) > slices.Index(order, d) {
		return other
	}
	return d
}

// Phase is one publication of a notice.
type Phase struct {
	Timing Timing       `json:"timing"`
	Days   int          `json:"days,omitempty"`
	Mode   CalendarMode `json:"mode,omitempty"`
	Places []PlaceRule  `json:"places,omitempty"`
	// Within is how many days after payment a notice afterwards is posted.
	Within int `json:"within,omitempty"`
}

// PlaceRule is a kind of place and what may be seen there.
type PlaceRule struct {
	Place      string     `json:"place"` // village-board, township-screen, web
	Disclosure Disclosure `json:"disclosure"`
}

// Category is a kind of people who may be helped.
type Category struct {
	Code string `json:"code"`
	Name string `json:"name"`
	// Excludes are categories, of any programme, that one person cannot have
	// at the same time.
	Excludes []string `json:"excludes,omitempty"`
}

// Standard bounds what one entitlement may be; empty Category or Form is any.
type Standard struct {
	Category string `json:"category,omitempty"`
	Form     Form   `json:"form,omitempty"`
	Least    Yuan   `json:"least,omitzero"`
	Most     Yuan   `json:"most"`
}

// Need is what must stand in the ledger about a beneficiary before he is paid
// in a form or category.
type Need struct {
	Form     Form   `json:"form,omitempty"`
	Category string `json:"category,omitempty"`
	// Fact is "eligibility", "papers", "identified" or "activity:<kind>".
	Fact string `json:"fact"`
	Name string `json:"name,omitempty"`
}

// Minimum is a service that must be given at least so often.
type Minimum struct {
	Measure string `json:"measure"`
	AtLeast int    `json:"at_least"`
	Per     string `json:"per"` // week, month, campaign
}

// Principle is a rule that the source states in words.
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
// programme. What is allocated already is judged by its own revision.
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

// check refuses terms that no campaign could follow.
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

// hash is over the terms as JSON, in declared order.
func (t *Terms) hash() []byte {
	text, err := json.Marshal(t)
	if err != nil {
		panic(err) // terms hold nothing that JSON cannot
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// InForceOn returns the revision, counted from 1, whose rules hold on a day.
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

// RulesOf returns the terms by which an allocation is judged for ever: those of the
// revision with which it was opened, nil where the ledger has none with their hash.
func (l *Ledger) RulesOf(a *Allocation) *Revision {
	r, _ := l.revisionOf(a.Programme, a.Revision, a.Rules)
	return r
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

// revisionOf returns the revision that an allocation carries, if its hash is the
// one the allocation was opened with.
func (l *Ledger) revisionOf(programme ID, revision int, hash []byte) (*Revision, bool) {
	p := l.Programmes[programme]
	if p == nil || revision < 1 || revision > len(p.Revisions) || !bytes.Equal(p.Revisions[revision-1].Hash, hash) {
		return nil, false
	}
	return &p.Revisions[revision-1], true
}
