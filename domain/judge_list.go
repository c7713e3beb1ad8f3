package domain

import (
	"slices"
)

// What a list's rows said when they were signed is made again from the events
// that they led to. AddLines stores its rows as they are; of PrepareBatch, which
// fills in what a row leaves out, BatchPrepared.Said keeps what that was.

// rowsSaid is BatchPrepared.Said of rows.
func rowsSaid(rows []RowToPay) string {
	said, any := make([]byte, len(rows)), false
	for i, row := range rows {
		said[i] = '0'
		if row.Entitlement != 0 {
			said[i]++
		}
		if row.Amount != 0 || len(row.Items) > 0 {
			said[i] += 2
		}
		any = any || said[i] != '0'
	}
	if !any {
		return ""
	}
	return string(said)
}

// inParts says whether an event is a part of a list that comes in several.
func (b *runningCommand) inParts(r *Recorded) bool {
	_, adds := b.order.Body.(*AddLines)
	_, added := r.Event.(*NoticeLinesAdded)
	return adds && added && b.list != nil
}

// listOf puts the rows of an event into the order that led to it, and returns
// them.
func (j *Judge) listOf(e Event, o *Order) (rows any, ok bool) {
	c, prepares := o.Body.(*PrepareBatch)
	b, prepared := e.(*BatchPrepared)
	if !prepares || !prepared {
		return nil, false
	}
	c.Rows, ok = j.rowsToPay(b)
	return c.Rows, ok
}

func (j *Judge) rowsToPay(b *BatchPrepared) ([]RowToPay, bool) {
	said := b.Private.Said
	if said != "" && len(said) != len(b.Rows) {
		return nil, false
	}
	rows := make([]RowToPay, len(b.Rows))
	for i, row := range b.Rows {
		out := RowToPay{Line: row.Line}
		if said != "" && said[i]&1 != 0 {
			out.Entitlement = row.Entitlement
		}
		if said != "" && said[i]&2 != 0 {
			out.Amount, out.Items = Yuan(row.Fen), counts(row.Items)
		}
		if row.Again != (ID{}) {
			ref, known := j.ledger.RefTo(row.Again)
			if !known {
				return nil, false
			}
			out.Again = &ref
		}
		rows[i] = out
	}
	return rows, true
}

func counts(goods []GoodsOf) []ItemCount {
	var items []ItemCount
	for _, g := range goods {
		items = append(items, ItemCount{g.Item, Count(g.Quantity)})
	}
	return items
}

// lineRow is a line as AddLines had it.
func lineRow(line *LineAdded, p *LinePrivate) LineRow {
	row := LineRow{Beneficiary: p.Beneficiary, Household: p.Household, Payee: p.Payee, Why: Personal{sealed: p.Why, tag: p.WhyTag},
		Category: p.Category, Group: p.Group, Period: p.Period, People: line.People, Disclosure: line.Disclosure, Nomination: line.Nomination}
	for _, e := range line.Give {
		row.Give = append(row.Give, Give{Form: e.Form, Amount: Yuan(e.Fen), Items: counts(e.Items)})
	}
	return row
}

// listPart judges one part of a list that comes in several, as [AddLines] decides
// the whole: each row by those before it, never by those behind, and with one
// account of what everybody is listed for. What the rows are is taken from the
// event; that they are those which were signed, their hash says at the end.
func (j *Judge) listPart(v *Verdict, r *Recorded, b *runningCommand) {
	e := r.Event.(*NoticeLinesAdded)
	c := b.order.Body.(*AddLines)
	if len(e.Lines) != len(e.Private.Lines) {
		v.add(refuse(EventExtra, b.order.ID))
		return
	}
	rows := make([]LineRow, len(e.Lines))
	for i := range e.Lines {
		rows[i] = lineRow(&e.Lines[i], &e.Private.Lines[i])
	}
	before := len(c.Rows)
	c.Rows = append(c.Rows, rows...)
	whole := e.Part == e.Of
	if whole {
		v.List = &ListToSum{c.Rows, *b.list}
		j.finish(b)
	}
	if b.check == nil {
		b.check = &lineCheck{decision: &decision{ledger: j.ledger, order: b.order, markOf: map[string]int{}}}
	}
	d := b.check.decision
	d.env = Env{Now: r.Meta.Recorded, Calendar: j.calendar}
	want, err := j.decidePart(r, b, rows, before)
	if err == nil && whole {
		err = d.checkClaimsUsed()
	}
	if err != nil {
		v.addError(err)
		return
	}
	d.parts = [][]Event{{want}}
	d.fillCommon()
	if !whole { // its marks are about rows to come, too
		marks := &NoticeLinesAdded{Common: Common{Irregular: irregularUpTo(e.Irregular, len(c.Rows))}}
		j.compareFields(v, marks, &NoticeLinesAdded{Common: Common{Irregular: want.Irregular}}, ID{})
		want.Irregular, want.Reasons = e.Irregular, e.Reasons
	}
	j.comparePart(v, r, e, want)
}

// decidePart decides the rows of a part, of which so many came before.
func (j *Judge) decidePart(r *Recorded, b *runningCommand, rows []LineRow, before int) (*NoticeLinesAdded, error) {
	c, d := b.order.Body.(*AddLines), b.check.decision
	if err := d.checkDates(r.Stream); err != nil {
		return nil, err
	}
	if b.order.Campaign != (ID{}) && j.ledger.Campaigns[b.order.Campaign] == nil {
		return nil, refuse(NoSuch, bilingual{"活动", "campaign"}, b.order.Campaign)
	}
	role, err := d.checkActor()
	if err != nil {
		return nil, err
	}
	if role != r.Meta.Role {
		return nil, refuse(SaysOtherwise, "role", r.Meta.Role, role)
	}
	if err := d.checkClaims(); err != nil {
		return nil, err
	}
	n, err := d.draft(c.Notice)
	if err != nil {
		return nil, err
	}
	if len(n.Lines)+b.list.Count > maxLines {
		return nil, refuse(TooManyRows, len(n.Lines)+b.list.Count, maxLines)
	}
	if len(rows) == 0 {
		return nil, refuse(FieldMissing, "rows")
	}
	if b.check.listedSums == nil {
		b.check.allocation = j.ledger.Allocations[n.Allocation]
		b.check.rules, b.check.listedSums = j.ledger.RulesOf(b.check.allocation), j.ledger.listedSums(b.check.allocation, n)
	}
	for i, row := range rows {
		if err := b.check.row(before+i, row); err != nil {
			return nil, err
		}
	}
	want := &NoticeLinesAdded{Part: 1, Of: (b.list.Count + LinesInPart - 1) / LinesInPart}
	if n.pending != nil {
		want.Part = n.pending.part + 1
	}
	want.Lines = make([]LineAdded, min(LinesInPart, b.list.Count-before))
	for i := range want.Lines {
		want.Lines[i].No = before + i + 1
		if k := len(n.Lines); k > 0 {
			want.Lines[i].No += n.Lines[k-1].No
		}
	}
	return want, nil
}

// comparePart is same for a part: the rows were taken from it, so that what is left
// to compare of lines is how many there are and how they are numbered, and of
// the reasons for another payee, whether they lie where they should.
func (j *Judge) comparePart(v *Verdict, r *Recorded, have, want *NoticeLinesAdded) {
	if len(have.Lines) != len(want.Lines) {
		v.add(refuse(EventDiffers, "lines", len(have.Lines), len(want.Lines)))
		return
	}
	key := sealedUnder(r)
	for i := range have.Lines {
		if have.Lines[i].No != want.Lines[i].No {
			v.add(refuse(EventDiffers, "lines.line", have.Lines[i].No, want.Lines[i].No))
			return
		}
		p := &have.Private.Lines[i]
		if given := len(p.WhyTag) > 0; given == p.Why.IsZero() || given && (p.Why.Key != key || len(p.Why.Box) == 0) {
			v.add(refuse(EventDiffers, "private", "…", "…"))
			return
		}
	}
	others := *have
	others.Lines, others.Private.Lines, want.Lines = nil, nil, nil
	j.compareFields(v, &others, want, key)
}

// irregularUpTo is what of marks is about the first rows of a list.
func irregularUpTo(marks []Irregularity, rows int) []Irregularity {
	var out []Irregularity
	for _, m := range marks {
		m.Rows = slices.DeleteFunc(slices.Clone(m.Rows), func(row int) bool { return row > rows })
		if len(m.Rows) > 0 {
			out = append(out, m)
		}
	}
	return out
}
