package domain

import (
	"slices"
)

// audit judges a history by the twelve rules as an auditor would, from the
// events alone: it uses no decision, no lot and no state of the domain.
func audit(t tb, s *story) {
	a := &auditor{t: t, lines: map[dueOf]*auditLine{}, batches: map[batchOf]*BatchPrepared{}, by: map[batchOf]ID{}, approved: map[batchOf]ID{},
		notices: map[string]*auditNotice{}, events: map[ID]*Recorded{}, reversed: map[ID]bool{}, out: map[ID]Fen{}, closed: map[string]Day{},
		earmark: map[string][]string{}, purpose: map[string]string{}, sent: map[ID]int64{}, fromSource: map[string]Fen{}, quota: map[string]int{}, commands: map[ID]string{},
		unadmitted: map[ID]bool{}, rowsPaid: map[batchOf]map[int]bool{}}
	for _, r := range s.log {
		a.dates(r)
		a.event(r)
		a.events[r.ID] = r
	}
}

type dueOf struct {
	stream            string
	line, entitlement int
}

type batchOf struct {
	stream string
	batch  int
}

type auditLine struct {
	notice   string
	form     Form
	fen      Fen
	reserved Fen
	paid     Fen
	stopped  bool
	order    int // of admission
	group    string
	back     map[ID]bool
}

type auditNotice struct {
	allocation string
	lines      map[int]LineAdded
	private    map[int]LinePrivate
	drafted    ID
	last       Day
	published  bool
	open       int
}

type auditor struct {
	t          tb
	events     map[ID]*Recorded
	lines      map[dueOf]*auditLine
	batches    map[batchOf]*BatchPrepared
	by         map[batchOf]ID
	approved   map[batchOf]ID
	rowsPaid   map[batchOf]map[int]bool
	notices    map[string]*auditNotice
	reversed   map[ID]bool
	out        map[ID]Fen // of payments
	closed     map[string]Day
	earmark    map[string][]string
	purpose    map[string]string
	sent       map[ID]int64
	fromSource map[string]Fen
	quota      map[string]int
	commands   map[ID]string
	unadmitted map[ID]bool
}

// marked says whether an event, or a row of it, is marked as irregular by any of
// some rules.
func marked(r *Recorded, rule, row int) bool {
	return slices.ContainsFunc(r.Event.common().Irregular, func(i Irregularity) bool {
		c, _ := CodeNamed(i.Code)
		return c.Rule == rule && (len(i.Rows) == 0 || row == 0 || slices.Contains(i.Rows, row))
	})
}

func (a *auditor) breach(r *Recorded, rule int, what string) {
	a.t.Fatalf("rule %d: %s: event %d (%s in %s)", rule, what, r.Number, TypeOf(r.Event), r.Stream)
}

// conduct is a breach unless the event says so.
func (a *auditor) conduct(r *Recorded, rule, row int, what string) {
	if !marked(r, rule, row) {
		a.breach(r, rule, what)
	}
}

// dates is rule 7.
func (a *auditor) dates(r *Recorded) {
	c := r.Event.common()
	if c.LastDay() > c.Date || c.Date > DayOf(r.Meta.Recorded) || c.FirstDay() > c.LastDay() {
		a.breach(r, 7, "happened <= booked <= recorded")
	}
	if through, ok := a.closed[r.Stream]; ok && c.Date <= through {
		a.breach(r, 7, "an entry in a closed period")
	}
	if e, ok := r.Event.(*PeriodClosed); ok {
		a.closed[r.Stream] = e.Through
		if e.Through >= DayOf(r.Meta.Recorded) {
			a.breach(r, 7, "a period closed before it was over")
		}
	}
}

func (a *auditor) event(r *Recorded) {
	who := r.by()
	switch e := r.Event.(type) {
	case *FundEstablished:
		a.earmark[r.Stream] = e.Earmark
	case *FundsReceived:
		a.fromSource[r.Stream+e.Source.String()] += e.Fen
	case *FundsSurrendered:
		for _, d := range e.Draws {
			a.fromSource[r.Stream+e.Source.String()] -= Fen(d.Quantity)
		}
		if a.fromSource[r.Stream+e.Source.String()] < 0 {
			a.breach(r, 3, "more went back to a source than came")
		}
	case *AllocationMade:
		for _, d := range e.Draws {
			a.sent[e.Allocation] += d.Quantity
		}
		if e.TopUp {
			return
		}
		if marks, ok := a.earmark[r.Stream]; ok && !slices.Contains(marks, e.Purpose) {
			a.conduct(r, 11, 0, "outside the earmark")
		}
		if above, ok := a.purpose[r.Stream]; ok && above != e.Purpose {
			a.conduct(r, 11, 0, "another purpose than above")
		}
	case *AllocationOpened:
		a.purpose[r.Stream], a.quota[r.Stream] = e.Purpose, e.Quota
	case *QuotaSet:
		a.quota[r.Stream] = e.Quota
	case *UnspentTakenBack:
		for _, d := range e.Lots {
			a.sent[e.Allocation] -= d.Quantity
		}
		if a.sent[e.Allocation] < 0 {
			a.breach(r, 3, "more came back than was allocated")
		}
	case *NoticeDrafted:
		a.notices[r.Stream] = &auditNotice{allocation: Stream(AllocationKind, e.Allocation), drafted: who, lines: map[int]LineAdded{}, private: map[int]LinePrivate{}}
	case *NoticeLinesAdded:
		n := a.notices[r.Stream]
		for i, l := range e.Lines {
			n.lines[l.No], n.private[l.No] = l, e.Private.Lines[i]
			if c := e.Private.Lines[i].Category; c != "a" && c != "b" {
				a.conduct(r, 11, i+1, "a category of no programme")
			}
			for _, g := range l.Give {
				if g.Fen > 30000 {
					a.conduct(r, 11, i+1, "off standard")
				}
			}
		}
	case *NoticeReviewed:
		if a.notices[r.Stream].drafted == who {
			a.conduct(r, 10, 0, "reviewed by who drafted")
		}
	case *NoticePublished:
		n := a.notices[r.Stream]
		n.published, n.last = true, e.Last
	case *ObjectionRaised:
		a.notices[r.Stream].open++
	case *ObjectionResolved:
		a.notices[r.Stream].open--
	case *NoticeConfirmed:
		a.notice(r, a.notices[r.Stream], 0)
	case *LinesAdmitted:
		a.admit(r, e)
	case *LineStopped:
		a.lineOf(r, e.Line, func(l *auditLine) { l.stopped = true })
	case *LineResumed:
		a.lineOf(r, e.Line, func(l *auditLine) { l.stopped = false })
	case *BatchPrepared:
		key := batchOf{r.Stream, e.Batch}
		a.batches[key], a.by[key], a.rowsPaid[key] = e, who, map[int]bool{}
		for i, row := range e.Rows {
			a.pays(r, i+1, row, e.Form).reserved += row.Fen
		}
	case *BatchApproved:
		key := batchOf{r.Stream, e.Batch}
		a.approved[key] = who
		if a.by[key] == who {
			a.conduct(r, 10, 0, "approved by who prepared")
		}
	case *BatchRejected:
		key := batchOf{r.Stream, e.Batch}
		for i, row := range a.batches[key].Rows {
			if !a.rowsPaid[key][i+1] {
				l := a.lines[dueOf{r.Stream, row.Line, row.Entitlement}]
				l.reserved -= row.Fen
				if row.Again != (ID{}) {
					l.back[row.Again] = true
				}
			}
		}
	case *BatchPaid:
		a.handedOut(r, batchOf{r.Stream, e.Batch}, who, func(row int) bool {
			return !slices.ContainsFunc(e.NotPaid, func(n NotPaid) bool { return n.Row == row })
		})
	case *DisbursementMade:
		a.payment(r, e, who)
	case *DisbursementRejected:
		row := a.batches[batchOf{r.Stream, e.Batch}].Rows[e.Row-1]
		l := a.lines[dueOf{r.Stream, row.Line, row.Entitlement}]
		l.reserved -= row.Fen
		l.back[r.ID] = true
	case *DisbursementReturned:
		a.out[e.Payment] -= e.Fen
		if a.out[e.Payment] < 0 {
			a.breach(r, 3, "more came back than was paid")
		}
		l := a.due(e.Payment)
		l.paid -= e.Fen
		l.back[r.ID] = true
	case *EntryReversed:
		a.reversal(r, e)
	}
}

func (a *auditor) lineOf(r *Recorded, line int, f func(*auditLine)) {
	for k, l := range a.lines {
		if k.stream == r.Stream && k.line == line {
			f(l)
		}
	}
}

// notice is rule 8 about a list.
func (a *auditor) notice(r *Recorded, n *auditNotice, row int) {
	switch first := r.Event.common().FirstDay(); {
	case !n.published:
		a.conduct(r, 8, row, "without a notice")
	case first <= n.last:
		a.conduct(r, 8, row, "while the notice runs")
	}
	if n.open > 0 {
		a.conduct(r, 8, row, "with an objection open")
	}
}

func (a *auditor) admit(r *Recorded, e *LinesAdmitted) {
	stream := Stream(NoticeKind, e.Notice)
	n := a.notices[stream]
	base := 0
	for k := range a.lines {
		if k.stream == r.Stream {
			base = max(base, k.line)
		}
	}
	for i, x := range e.Lines {
		for j, g := range x.Give {
			if g.Fen != n.lines[x.Line].Give[j].Fen {
				a.breach(r, 9, "admitted with another amount than listed")
			}
			a.lines[dueOf{r.Stream, base + i + 1, j + 1}] = &auditLine{notice: stream, form: g.Form, fen: g.Fen, order: base + i + 1, group: n.private[x.Line].Group, back: map[ID]bool{}}
		}
	}
}

// over counts quotas (rule 12) afresh: of the allocation, and three a group.
func (a *auditor) over(stream string, line int) bool {
	var all []*auditLine
	for k, l := range a.lines {
		if k.stream == stream && k.entitlement == 1 {
			all = append(all, l)
		}
	}
	slices.SortFunc(all, func(x, y *auditLine) int { return x.order - y.order })
	count, groups := 0, map[string]int{}
	for _, l := range all {
		over := a.quota[stream] > 0 && count >= a.quota[stream] || groups[l.group] >= 3
		if l.order == line {
			return over
		}
		if !over {
			count++
			groups[l.group]++
		}
	}
	return false
}

// pays judges that a row may be paid: rules 2, 8, 9, 12.
func (a *auditor) pays(r *Recorded, no int, row BatchRow, form Form) *auditLine {
	l := a.lines[dueOf{r.Stream, row.Line, row.Entitlement}]
	if l == nil {
		a.breach(r, 2, "pays what is not admitted")
	}
	if row.Again == (ID{}) && len(l.back) > 0 || row.Again != (ID{}) && !l.back[row.Again] {
		a.breach(r, 2, "what came back is paid again without naming it")
	}
	delete(l.back, row.Again)
	a.notice(r, a.notices[l.notice], no)
	if l.stopped {
		a.conduct(r, 9, no, "a stopped line")
	}
	if l.form != form {
		a.conduct(r, 9, no, "another form than published")
	}
	if l.paid+l.reserved+row.Fen > l.fen {
		a.conduct(r, 9, no, "more than published")
	}
	if a.over(r.Stream, row.Line) {
		a.conduct(r, 12, no, "over quota")
	}
	return l
}

func (a *auditor) handedOut(r *Recorded, key batchOf, who ID, pays func(row int) bool) {
	if a.approved[key] == (ID{}) {
		a.breach(r, 10, "paid without an approval")
	}
	if a.by[key] == who {
		a.conduct(r, 10, 0, "paid by who prepared")
	}
	for i, row := range a.batches[key].Rows {
		if pays(i+1) && !a.rowsPaid[key][i+1] && a.lines[dueOf{r.Stream, row.Line, row.Entitlement}].stopped {
			a.conduct(r, 9, i+1, "a stopped line")
		}
	}
}

func (a *auditor) payment(r *Recorded, e *DisbursementMade, who ID) {
	if e.Batch == 0 {
		l := a.pays(r, 1, BatchRow{Line: e.Line, Entitlement: e.Entitlement, Fen: e.Fen, Again: e.Again}, e.Form)
		a.conduct(r, 10, 1, "paid without a batch")
		l.paid += e.Fen
	} else {
		key := batchOf{r.Stream, e.Batch}
		if r.Meta.Cause == (ID{}) {
			a.handedOut(r, key, who, func(row int) bool { return row == e.Row })
		}
		if a.rowsPaid[key][e.Row] {
			a.breach(r, 2, "a row is paid twice")
		}
		a.rowsPaid[key][e.Row] = true
		row := a.batches[key].Rows[e.Row-1]
		l := a.lines[dueOf{r.Stream, row.Line, row.Entitlement}]
		l.reserved -= row.Fen
		l.paid += e.Fen
	}
	a.out[r.ID] = e.Fen
}

// due is the entitlement that a payment paid.
func (a *auditor) due(payment ID) *auditLine {
	r := a.events[payment]
	if r == nil {
		return &auditLine{back: map[ID]bool{}}
	}
	e := r.Event.(*DisbursementMade)
	line, ent := e.Line, e.Entitlement
	if e.Batch > 0 {
		row := a.batches[batchOf{r.Stream, e.Batch}].Rows[e.Row-1]
		line, ent = row.Line, row.Entitlement
	}
	return a.lines[dueOf{r.Stream, line, ent}]
}

// reversal is rule 4.
func (a *auditor) reversal(r *Recorded, e *EntryReversed) {
	was := a.events[e.Entry]
	if was == nil || was.Stream != r.Stream || a.reversed[e.Entry] {
		a.breach(r, 4, "reverses nothing, or again")
	}
	a.reversed[e.Entry] = true
	switch x := was.Event.(type) {
	case *FundsReceived:
		a.fromSource[r.Stream+x.Source.String()] -= x.Fen
	case *GoodsPurchased, *GoodsCounted, *ReceiptRecorded:
	case *DisbursementMade:
		l := a.due(e.Entry)
		l.paid -= a.out[e.Entry]
		a.out[e.Entry] = 0
		l.back[r.ID] = true
	case *DisbursementReturned:
		a.out[x.Payment] += x.Fen
		l := a.due(x.Payment)
		l.paid += x.Fen
		delete(l.back, was.ID)
	default:
		a.breach(r, 4, "reverses what cannot be reversed")
	}
}
