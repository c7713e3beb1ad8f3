package domain

import (
	"slices"
)

// The rows of a list, as they were signed, are made again from the events that they
// led to. The event of AddLines stores its rows as they are. PrepareBatch fills in
// what a row leaves out, and BatchPrepared.Said keeps which fields the row had.

// rowsSaid is BatchPrepared.Said for the rows of a command.
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

// inParts says whether an event is a part of a list that comes in several events.
func (cmd *runningCommand) inParts(r *Recorded) bool {
	_, adds := cmd.order.Body.(*AddLines)
	_, added := r.Event.(*NoticeLinesAdded)
	return adds && added && cmd.list != nil
}

// listOf makes the signed rows of PrepareBatch again from its event, puts them into
// the order and returns them.
func (j *Judge) listOf(e Event, o *Order) (rows any, ok bool) {
	c, prepares := o.Body.(*PrepareBatch)
	b, prepared := e.(*BatchPrepared)
	if !prepares || !prepared {
		return nil, false
	}
	c.Rows, ok = j.rowsToPay(b)
	return c.Rows, ok
}

// rowsToPay makes the rows of PrepareBatch again as they were signed; ok is false if
// that is not possible.
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

// listPart judges one part of a list, as [AddLines] decides the whole list. A row
// depends only on the rows before it, so the parts can be judged one after the other
// with one lineCheck. The rows are taken from the event; when all have come, their
// hash shows whether they are the signed ones.
func (j *Judge) listPart(v *Verdict, r *Recorded, cmd *runningCommand) {
	e := r.Event.(*NoticeLinesAdded)
	c := cmd.order.Body.(*AddLines)
	if len(e.Lines) != len(e.Private.Lines) {
		v.add(refuse(EventExtra, cmd.order.ID))
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
		v.List = &ListToSum{c.Rows, *cmd.list}
		j.finish(cmd)
	}
	if cmd.check == nil {
		cmd.check = &lineCheck{decision: &decision{ledger: j.ledger, order: cmd.order, markOf: map[string]int{}}}
	}
	d := cmd.check.decision
	d.env = Env{Now: r.Meta.Recorded, Calendar: j.calendar}
	want, err := j.decidePart(r, cmd, rows, before)
	if err == nil && whole {
		err = d.checkClaimsUsed()
	}
	if err != nil {
		v.addError(err)
		return
	}
	d.parts = [][]Event{{want}}
	d.fillCommon()
	if !whole { // the event's marks are also about rows that are still to come
		marks := &NoticeLinesAdded{Common: Common{Irregular: irregularUpTo(e.Irregular, len(c.Rows))}}
		j.compareFields(v, marks, &NoticeLinesAdded{Common: Common{Irregular: want.Irregular}}, ID{})
		want.Irregular, want.Reasons = e.Irregular, e.Reasons
	}
	j.comparePart(v, r, e, want)
}

// decidePart decides the rows of a part; before is how many rows earlier parts had.
func (j *Judge) decidePart(r *Recorded, cmd *runningCommand, rows []LineRow, before int) (*NoticeLinesAdded, error) {
	c, d := cmd.order.Body.(*AddLines), cmd.check.decision
	if err := d.checkDates(r.Stream); err != nil {
		return nil, err
	}
	if cmd.order.Campaign != (ID{}) && j.ledger.Campaigns[cmd.order.Campaign] == nil {
		return nil, refuse(NoSuch, bilingual{"活动", "campaign"}, cmd.order.Campaign)
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
	if len(n.Lines)+cmd.list.Count > maxLines {
		return nil, refuse(TooManyRows, len(n.Lines)+cmd.list.Count, maxLines)
	}
	if len(rows) == 0 {
		return nil, refuse(FieldMissing, "rows")
	}
	if cmd.check.listedSums == nil {
		cmd.check.allocation = j.ledger.Allocations[n.Allocation]
		cmd.check.rules, cmd.check.listedSums = j.ledger.RulesOf(cmd.check.allocation), j.ledger.listedSums(cmd.check.allocation)
	}
	for i, row := range rows {
		if err := cmd.check.row(before+i, row); err != nil {
			return nil, err
		}
	}
	want := &NoticeLinesAdded{Part: 1, Of: (cmd.list.Count + LinesInPart - 1) / LinesInPart}
	if n.pending != nil {
		want.Part = n.pending.part + 1
	}
	want.Lines = make([]LineAdded, min(LinesInPart, cmd.list.Count-before))
	for i := range want.Lines {
		want.Lines[i].No = before + i + 1
		if k := len(n.Lines); k > 0 {
			want.Lines[i].No += n.Lines[k-1].No
		}
	}
	return want, nil
}

// comparePart is compare for a part of a list. Its rows were taken from the event
// itself, so only this is left to compare of its lines: how many there are, their
// numbers, and whether each reason for another payee is sealed under the right key.
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

// irregularUpTo keeps of each mark the rows up to a number, and drops marks without
// any.
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
