package domain

import (
	"fmt"
	"slices"
)

func (c *AddLines) target(*Order) string        { return Stream(NoticeKind, c.Notice) }
func (c *AddLines) unit(l *Ledger, _ *Order) ID { return l.unitOfNotice(c.Notice) }

// decide adds a list to a draft, all of it or nothing, in parts that each fit
// one append. Every row is checked against the programme (rules 11 and 12).
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
	a := d.l.Allocations[n.Allocation]
	check := lineCheck{d: d, a: a, rules: d.l.rulesOf(a), sums: d.l.promised(a, n)}
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
	// A retry goes on at the first part that is missing.
	have := 0
	if n.pending != nil {
		have = n.pending.part
	}
	for _, e := range parts[min(have, len(parts)):] {
		d.parts = append(d.parts, []Event{e})
	}
	return nil
}

// promised adds up what each beneficiary is listed for in an allocation.
func (l *Ledger) promised(a *Allocation, draft *Notice) map[ID]Fen {
	sums := map[ID]Fen{}
	for _, n := range l.Notices {
		if n.Allocation != a.ID || n.Withdrawn != (ID{}) {
			continue
		}
		for _, line := range n.Live() {
			for _, g := range line.Give {
				sums[l.same(line.Beneficiary)] += g.Fen
			}
		}
	}
	return sums
}

// lineCheck checks rows of a list against the rules of a programme.
type lineCheck struct {
	d     *decision
	a     *Allocation
	rules *Revision
	sums  map[ID]Fen
}

func (k *lineCheck) row(i int, row LineRow) error {
	l := k.d.l
	b := l.Parties[row.Beneficiary]
	switch {
	case b == nil:
		return refuse(NoSuch, said{"对象", "party"}, row.Beneficiary).at(i)
	case row.Payee != ID{} && l.Parties[row.Payee] == nil:
		return refuse(NoSuch, said{"对象", "party"}, row.Payee).at(i)
	case row.Household != ID{} && l.Parties[row.Household] == nil:
		return refuse(NoSuch, said{"对象", "party"}, row.Household).at(i)
	case b.Erased:
		return refuse(IsErased, row.Beneficiary).at(i)
	case row.Payee != ID{} && l.Parties[row.Payee].Erased:
		return refuse(IsErased, row.Payee).at(i)
	case row.Household != ID{} && l.Parties[row.Household].Erased:
		return refuse(IsErased, row.Household).at(i)
	case row.Payee != ID{} && row.Payee != row.Beneficiary && !row.Why.Given():
		return refuse(WhyOtherPayee, row.Payee).at(i)
	case len(row.Give) == 0:
		return refuse(FieldMissing, "give").at(i)
	case (row.People != Headcount{}) != (b.Type == Group):
		return refuse(FieldWrong, "people", fmt.Sprint(row.People.Relation, row.People.People)).at(i)
	}
	if b.Type == Group {
		if err := row.People.check(); err != nil {
			return err.(*Refusal).at(i)
		}
	}
	if row.Disclosure != "" && row.Disclosure != row.Disclosure.Stricter("") {
		return refuse(FieldWrong, "disclosure", string(row.Disclosure)).at(i)
	}
	if b.Dead != 0 && b.Dead <= k.d.first() {
		if err := k.d.conduct(i, refuse(PayeeIsDead, b.Dead)); err != nil {
			return err
		}
	}
	if len(k.rules.Categories) > 0 {
		cat, ok := k.rules.Category(row.Category)
		if !ok {
			if err := k.d.conduct(i, refuse(CategoryUnknown, row.Category)); err != nil {
				return err
			}
		} else if err := k.exclusive(i, row, cat); err != nil {
			return err
		}
	}
	for _, g := range row.Give {
		if err := k.give(i, row, g); err != nil {
			return err
		}
	}
	return k.nomination(i, row)
}

func (k *lineCheck) exclusive(i int, row LineRow, cat Category) error {
	if len(cat.Excludes) == 0 {
		return nil
	}
	who := k.d.l.Parties[k.d.l.same(row.Beneficiary)]
	if who == nil {
		return nil
	}
	for _, listed := range who.listedAs {
		if slices.Contains(cat.Excludes, listed) {
			return k.d.conduct(i, refuse(Exclusive, cat.Code, listed))
		}
	}
	return nil
}

func (k *lineCheck) give(i int, row LineRow, g Give) error {
	if _, ok := formNames[g.Form]; !ok {
		return refuse(FieldWrong, "form", string(g.Form)).at(i)
	}
	if (g.Amount != 0) == (len(g.Items) > 0) || g.Amount < 0 || (g.Form == Goods) != (len(g.Items) > 0) {
		return refuse(AmountNotPositive, g.Amount.Fen()).at(i)
	}
	seen := map[string]bool{}
	for _, c := range g.Items {
		if c.Item == "" || seen[c.Item] || c.Quantity <= 0 {
			return refuse(AmountNotPositive, c).at(i)
		}
		seen[c.Item] = true
	}
	if !slices.Contains(k.rules.Forms, g.Form) {
		if err := k.d.conduct(i, refuse(FormNotAllowed, g.Form)); err != nil {
			return err
		}
	}
	if g.Amount == 0 {
		return nil
	}
	for _, s := range k.rules.Standards {
		if s.Category != "" && s.Category != row.Category || s.Form != "" && s.Form != g.Form {
			continue
		}
		if g.Amount < s.Least || g.Amount > s.Most {
			if err := k.d.conduct(i, refuse(OffStandard, g.Amount.Fen(), s.Least.Fen(), s.Most.Fen())); err != nil {
				return err
			}
		}
		break
	}
	who := k.d.l.same(row.Beneficiary)
	k.sums[who] += g.Amount.Fen()
	if cap := k.rules.CapPerPerson.Fen(); cap > 0 && k.sums[who] > cap && row.People == (Headcount{}) {
		if err := k.d.conduct(i, refuse(AboveCap, k.sums[who], cap)); err != nil {
			return err
		}
	}
	return nil
}

func (k *lineCheck) nomination(i int, row LineRow) error {
	if row.Nomination == 0 {
		if k.rules.NominationsUntil != nil {
			return k.d.conduct(i, refuse(NominationMissing, sayTime(*k.rules.NominationsUntil)))
		}
		return nil
	}
	if row.Nomination < 0 || row.Nomination > len(k.a.Nominations) {
		return refuse(NoSuch, said{"推荐名单", "nomination"}, row.Nomination).at(i)
	}
	nom := k.a.Nominations[row.Nomination-1]
	if nom.Rejected != (ID{}) {
		return refuse(NominationDone, row.Nomination).at(i)
	}
	if until, late := k.d.l.late(k.a, nom); late {
		return k.d.conduct(i, refuse(NominationLate, sayTime(nom.Arrived), sayTime(until)))
	}
	return nil
}
