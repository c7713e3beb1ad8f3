package domain

import (
	"fmt"
	"slices"
)

// linesPerAdmission is how many lines one LinesAdmitted holds at most. A line takes
// about 250 bytes, so that each event fits one append.
const linesPerAdmission = 2_000

// AdmittedLine is a line of a confirmed notice that may be paid.
type AdmittedLine struct {
	No         int32 // in the allocation, from 1
	NoticeLine int32
	Notice     ID
	Line       *Line
	Due        []Due
	Stopped    ID   // the event that stopped it, zero while it may be paid
	Over       bool // over quota
}

// Beneficiary is the party that is to receive what the line says.
func (a *AdmittedLine) Beneficiary() ID { return a.Line.Beneficiary }

// Payee is the party into whose hands it goes.
func (a *AdmittedLine) Payee() ID { return a.Line.Payee() }

// LinesAdmitted makes the lines of a confirmed notice payable, in parts.
type LinesAdmitted struct {
	Common
	Notice ID         `json:"notice"`
	Part   int        `json:"part"`
	Of     int        `json:"of"`
	Lines  []Admitted `json:"lines"`
}

// Admitted is one line of LinesAdmitted.
type Admitted struct {
	Line int           `json:"line"` // in the notice
	Give []Entitlement `json:"give"`
	Over bool          `json:"over,omitempty"` // over quota when admitted
}

// Refusals about what is admitted.
var (
	NotAdmitted         = newCode(2, "not-admitted", "第 {line} 号名单行未列入本分配", "line {line} is not admitted to this allocation")
	AdmissionIncomplete = newCode(2, "admission-incomplete", "名单尚在列入分配（已列入 {parts} 部分）", "the list is still being admitted ({parts} parts are)")
)

func (a *Allocation) line(no int) *AdmittedLine {
	if no < 1 || no > len(a.Lines) {
		return nil
	}
	return a.Lines[no-1]
}

// admittedAs is the number that a line of a notice has in the allocation, 0 if it
// is not admitted.
func (a *Allocation) admittedAs(notice ID, line int) int {
	return 1 + slices.IndexFunc(a.Lines, func(x *AdmittedLine) bool { return int(x.NoticeLine) == line && x.Notice == notice })
}

// admission makes one part of LinesAdmitted; part counts from 0. Quotas are counted
// over the lines that are admitted already and the earlier ones of this part.
func (l *Ledger) admission(a *Allocation, n *Notice, live []*Line, part, of int) *LinesAdmitted {
	e := &LinesAdmitted{Notice: n.ID, Part: part + 1, Of: of}
	rules := l.RulesOf(a)
	counts := quotaCount{groups: map[string]int{}}
	for _, line := range a.Lines {
		counts.over(a.Quota, rules, line.Line.Group())
	}
	for _, line := range live[part*linesPerAdmission : min(len(live), (part+1)*linesPerAdmission)] {
		e.Lines = append(e.Lines, Admitted{Line: line.No, Give: line.Give, Over: counts.over(a.Quota, rules, line.Group())})
	}
	return e
}

func (e *LinesAdmitted) listPart() (part, of int) { return e.Part, e.Of }

func (e *LinesAdmitted) fold(l *Ledger, r *Recorded) error {
	a, err := l.allocationOf(r)
	if err != nil {
		return err
	}
	n := l.Notices[e.Notice]
	if n == nil || e.Part != a.partsAdmitted[e.Notice]+1 || a.whollyAdmitted[e.Notice] {
		return fmt.Errorf("part %d of %d of notice %s is not the next", e.Part, e.Of, e.Notice)
	}
	for _, x := range e.Lines {
		if n.line(x.Line) == nil {
			return fmt.Errorf("notice %s has no line %d", e.Notice, x.Line)
		}
	}
	a.partsAdmitted[e.Notice] = e.Part
	// There are millions of lines: one array holds those of the part, and another
	// what each is due.
	dues := 0
	for _, x := range e.Lines {
		dues += len(x.Give)
	}
	lines, due := make([]AdmittedLine, len(e.Lines)), make([]Due, dues)
	a.Lines = slices.Grow(a.Lines, len(e.Lines))
	for i, x := range e.Lines {
		src := n.line(x.Line)
		line, list := &lines[i], l.sharedList(x.Give)
		*line = AdmittedLine{No: int32(len(a.Lines) + 1), Notice: e.Notice, NoticeLine: int32(x.Line), Line: src, Over: x.Over}
		line.Due, due = due[:len(x.Give):len(x.Give)], due[len(x.Give):]
		for k := range line.Due {
			line.Due[k].list, line.Due[k].index = list, uint32(k)
		}
		a.Lines = append(a.Lines, line)
		l.rememberCategory(line.Beneficiary(), src.Category())
	}
	if e.Part == e.Of {
		a.whollyAdmitted[e.Notice] = true
		delete(a.partsAdmitted, e.Notice)
	}
	l.countQuota(a)
	return nil
}
