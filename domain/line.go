package domain

import (
	"fmt"
	"slices"
)

// Line is one row of a notice (名单行).
//
// There are millions of lines. To save room, what many have in common is stored once,
// and what few have is stored apart.
type Line struct {
	No          int
	Beneficiary ID
	*entitlementList
	labels *lineLabels
	extra  *lineExtra
}

// readExtra returns what few lines have, to be read only.
func (l *Line) readExtra() *lineExtra {
	if l.extra == nil {
		return &noLineExtra
	}
	return l.extra
}

// lineLabels is what many lines have in common.
type lineLabels struct{ category, group, period string }

// lineExtra is what few lines have.
type lineExtra struct {
	LineAdded // without Give
	private   LinePrivate
	struck    ID // see Struck
}

var noLineExtra lineExtra

// Category is the category of the programme for which the line is listed.
func (l *Line) Category() string { return l.labels.category }

// Group is the enterprise or village that the line belongs to.
func (l *Line) Group() string { return l.labels.group }

// Period is the period that the benefit is for (救助所属期), as the row said it.
func (l *Line) Period() string { return l.labels.period }

// Payee is the party into whose hands it goes: the beneficiary, unless the row named
// another.
func (l *Line) Payee() ID {
	if p := l.readExtra().private.Payee; p != (ID{}) {
		return p
	}
	return l.Beneficiary
}

// Household is the party of the household's head, zero if the row named none.
func (l *Line) Household() ID { return l.readExtra().private.Household }

// People is the headcount of a collective line, which names nobody.
func (l *Line) People() Headcount { return l.readExtra().People }

// Disclosure limits how openly the line is shown, below what the place allows. Empty
// is no limit.
func (l *Line) Disclosure() Disclosure { return l.readExtra().Disclosure }

// Nomination is the number of the nomination that proposed the line, 0 for none.
func (l *Line) Nomination() int { return l.readExtra().Nomination }

// Struck is the event that resolved an objection by striking the line, zero if none
// did.
func (l *Line) Struck() ID { return l.readExtra().struck }

// Repeats says whether a row for this period would give the same again as the line:
// both give money, or both give one item. A line that was struck gives nothing.
func (l *Line) Repeats(period string, give []Give) bool {
	if l.Period() != period || l.Struck() != (ID{}) {
		return false
	}
	for _, has := range l.Give {
		for _, more := range give {
			if has.Fen > 0 && more.Amount > 0 {
				return true
			}
			for _, item := range has.Items {
				if slices.ContainsFunc(more.Items, func(i ItemCount) bool { return i.Item == item.Item }) {
					return true
				}
			}
		}
	}
	return false
}

func (l *Line) strike(event ID) {
	if l.extra == nil {
		l.extra = &lineExtra{}
	}
	l.extra.struck = event
}

// setLine fills in a line of the state from what an event stores of it.
func (l *Ledger) setLine(line *Line, added *LineAdded, private *LinePrivate) {
	*line = Line{No: added.No, Beneficiary: private.Beneficiary, entitlementList: l.sharedList(added.Give)}
	labels := lineLabels{private.Category, private.Group, private.Period}
	if line.labels = l.labels[labels]; line.labels == nil {
		line.labels = &labels
		l.labels[labels] = line.labels
	}
	if rare := private.Payee != (ID{}) || private.Household != (ID{}); rare ||
		added.People != (Headcount{}) || added.Disclosure != "" || added.Nomination != 0 {
		line.extra = &lineExtra{LineAdded: *added, private: *private}
		line.extra.Give = nil
	}
}

// LinePrivate is the part of a line that only the office may see: neighbours could
// recognise a person by it.
type LinePrivate struct {
	Beneficiary ID     `json:"beneficiary"`
	Household   ID     `json:"household,omitzero"`
	Payee       ID     `json:"payee,omitzero"`    // as the row said it; none: the beneficiary
	Why         Sealed `json:"why,omitzero"`      // why the payee is not the beneficiary
	WhyTag      []byte `json:"why_tag,omitempty"` // the tag of Why, by which the row's text can be made again
	Category    string `json:"category,omitempty"`
	Group       string `json:"group,omitempty"`
	Period      string `json:"period,omitempty"`
}

// LineAdded is a line as NoticeLinesAdded stores it.
type LineAdded struct {
	No int `json:"line"`
	// People is the headcount of a collective line, which names nobody.
	People     Headcount     `json:"people,omitzero"`
	Give       []Entitlement `json:"give"`
	Disclosure Disclosure    `json:"disclosure,omitempty"` // see Line.Disclosure
	Nomination int           `json:"nomination,omitempty"`
}

func (n *Notice) line(no int) *Line {
	i, ok := slices.BinarySearchFunc(n.Lines, no, func(l *Line, no int) int { return l.No - no })
	if !ok {
		return nil
	}
	return n.Lines[i]
}

// Live returns the lines that were not struck.
func (n *Notice) Live() []*Line {
	var live []*Line
	for _, l := range n.Lines {
		if l.Struck() == (ID{}) {
			live = append(live, l)
		}
	}
	return live
}

// pendingLines is a list that still lacks parts.
type pendingLines struct {
	command ID
	lines   []*Line
	part    int
}

// NoticeLinesAdded adds lines to a draft, in parts. Private.Lines has an entry for each
// of Lines, in the same order.
type NoticeLinesAdded struct {
	Common
	Part    int         `json:"part"`
	Of      int         `json:"of"`
	Lines   []LineAdded `json:"lines"`
	Private struct {
		Lines []LinePrivate `json:"lines"`
	} `json:"-"`
}

// NoticeLinesRemoved takes lines off a draft; their numbers are not used again.
type NoticeLinesRemoved struct {
	Common
	Lines []int `json:"lines"`
}

// What a list may hold.
const (
	maxLines = 20_000 // of one notice: the largest township list that we know has 6,000
	// LinesInPart is how many lines every part of a list has, except for the last.
	// A line takes about 600 bytes, so that a part fits one append.
	LinesInPart = 1_500
)

// AddLines adds rows to a draft: all or none.
type AddLines struct {
	Notice ID        `json:"notice"`
	Rows   []LineRow `json:"rows"`
}

// LineRow is a row of AddLines.
type LineRow struct {
	Beneficiary ID         `json:"beneficiary"`
	Household   ID         `json:"household,omitzero"`
	Payee       ID         `json:"payee,omitzero"`
	Why         Personal   `json:"why,omitzero"`
	Category    string     `json:"category,omitempty"`
	Group       string     `json:"group,omitempty"`
	Period      string     `json:"period,omitempty"`
	People      Headcount  `json:"people,omitzero"`
	Give        []Give     `json:"give"`
	Disclosure  Disclosure `json:"disclosure,omitempty"`
	Nomination  int        `json:"nomination,omitempty"`
}

// Give is an entitlement as a command says it.
type Give struct {
	Form   Form        `json:"form"`
	Amount Yuan        `json:"amount,omitzero"`
	Items  []ItemCount `json:"items,omitempty"`
}

func (g Give) entitlement() Entitlement {
	e := Entitlement{Form: g.Form, Fen: g.Amount.Fen()}
	for _, c := range g.Items {
		e.Items = append(e.Items, GoodsOf{c.Item, c.Quantity.Quantity()})
	}
	return e
}

// RemoveLines takes lines off a draft.
type RemoveLines struct {
	Notice ID    `json:"notice"`
	Lines  []int `json:"lines"`
}

// Refusals about the lines of a list.
var (
	TooManyRows    = newCode(0, "too-many-rows", "一次 {rows} 行，上限 {max} 行", "{rows} rows at once, {max} are allowed")
	ListIncomplete = newCode(0, "list-incomplete", "名单有未传完的部分，请先重发命令 {command}", "a list is not complete, send the command {command} again first")
)

func (c *AddLines) target(*Order) string        { return Stream(NoticeKind, c.Notice) }
func (c *AddLines) unit(l *Ledger, _ *Order) ID { return l.unitOfNotice(c.Notice) }

// decide adds a whole list to a draft or nothing. The list is stored in parts that
// each fit one append. Every row is checked against the programme (rules 11 and 12).
func (c *AddLines) decide(d *decision) error {
	n, err := d.draft(c.Notice)
	if err != nil {
		return err
	}
	if len(c.Rows) == 0 {
		return refuse(FieldMissing, "rows")
	}
	if len(n.Lines)+len(c.Rows) > maxLines {
		return refuse(TooManyRows, len(n.Lines)+len(c.Rows), maxLines)
	}
	a := d.ledger.Allocations[n.Allocation]
	check := lineCheck{decision: d, allocation: a, rules: d.ledger.RulesOf(a), listedSums: d.ledger.listedSums(a)}
	next := 1
	if len(n.Lines) > 0 {
		next = n.Lines[len(n.Lines)-1].No + 1
	}
	of := (len(c.Rows) + LinesInPart - 1) / LinesInPart
	var parts []*NoticeLinesAdded
	for i, row := range c.Rows {
		if err := check.row(i, row); err != nil {
			return err
		}
		if i%LinesInPart == 0 {
			parts = append(parts, &NoticeLinesAdded{Part: len(parts) + 1, Of: of})
		}
		e := parts[len(parts)-1]
		line := LineAdded{No: next + i, People: row.People, Disclosure: row.Disclosure, Nomination: row.Nomination}
		for _, g := range row.Give {
			line.Give = append(line.Give, g.entitlement())
		}
		private := LinePrivate{Beneficiary: row.Beneficiary, Household: row.Household, Payee: row.Payee, Why: row.Why.sealed, WhyTag: row.Why.tag,
			Category: row.Category, Group: row.Group, Period: row.Period}
		e.Lines = append(e.Lines, line)
		e.Private.Lines = append(e.Private.Lines, private)
	}
	// If the command was cut off before, only the missing parts are added.
	have := 0
	if n.pending != nil {
		have = n.pending.part
	}
	for _, e := range parts[min(have, len(parts)):] {
		d.parts = append(d.parts, []Event{e})
	}
	return nil
}

func (c *RemoveLines) target(*Order) string        { return Stream(NoticeKind, c.Notice) }
func (c *RemoveLines) unit(l *Ledger, _ *Order) ID { return l.unitOfNotice(c.Notice) }
func (c *RemoveLines) decide(d *decision) error {
	n, err := d.draft(c.Notice)
	if err != nil {
		return err
	}
	if len(c.Lines) == 0 {
		return refuse(FieldMissing, "lines")
	}
	seen := map[int]bool{}
	for i, no := range c.Lines {
		if n.line(no) == nil || seen[no] {
			return refuse(NoSuch, bilingual{"名单行", "line"}, no).inRow(i)
		}
		seen[no] = true
	}
	d.add(&NoticeLinesRemoved{Lines: c.Lines})
	return nil
}

func (e *NoticeLinesAdded) listPart() (part, of int) { return e.Part, e.Of }

func (e *NoticeLinesAdded) fold(l *Ledger, r *Recorded) error {
	n, err := l.noticeOf(r)
	if err != nil {
		return err
	}
	if len(e.Lines) != len(e.Private.Lines) || len(e.Lines) == 0 {
		return fmt.Errorf("%d lines, %d private", len(e.Lines), len(e.Private.Lines))
	}
	p := n.pending
	if p == nil {
		p = &pendingLines{}
		if r.Meta.Command != nil {
			p.command = r.Meta.Command.ID
		}
	}
	last := 0
	if len(p.lines) > 0 {
		last = p.lines[len(p.lines)-1].No
	} else if len(n.Lines) > 0 {
		last = n.Lines[len(n.Lines)-1].No
	}
	if e.Part != p.part+1 || e.Lines[0].No <= last {
		return fmt.Errorf("part %d from line %d is not the next", e.Part, e.Lines[0].No)
	}
	lines := make([]Line, len(e.Lines)) // one array for the part
	p.lines = slices.Grow(p.lines, len(e.Lines))
	for i := range e.Lines {
		l.setLine(&lines[i], &e.Lines[i], &e.Private.Lines[i])
		p.lines = append(p.lines, &lines[i])
	}
	p.part = e.Part
	n.pending = p
	if e.Part == e.Of {
		n.Lines = append(n.Lines, p.lines...)
		n.pending = nil
	}
	return nil
}

func (e *NoticeLinesRemoved) fold(l *Ledger, r *Recorded) error {
	n, err := l.noticeOf(r)
	if err == nil {
		n.Lines = slices.DeleteFunc(n.Lines, func(l *Line) bool { return slices.Contains(e.Lines, l.No) })
	}
	return err
}
