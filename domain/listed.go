package domain

import (
	"fmt"
	"slices"
)

// lineCheck checks the rows of a list, one after the other, against the rules of a
// programme.
type lineCheck struct {
	decision   *decision
	allocation *Allocation
	rules      *Revision
	listedSums map[ID]Fen
}

// Refusals about who is listed for what.
var (
	CategoryUnknown = newCode(11, "category-unknown", "对象类别 {category} 不在项目范围", "the category {category} is none of the programme's")
	Exclusive       = newCode(11, "exclusive", "类别 {category} 与该对象已有的 {other} 互斥", "the category {category} excludes {other}, which the person has")
	FormNotAllowed  = newCode(11, "form-not-allowed", "项目不允许以{form}发放", "the programme does not give in the form {form}")
	OffStandard     = newCode(11, "off-standard", "金额 {amount} 元不在标准 {least} 至 {most} 元之内", "{amount} yuan is outside the standard of {least} to {most}")
	AboveCap        = newCode(11, "above-cap", "该对象合计 {sum} 元，超过上限 {cap} 元", "{sum} yuan for one person is above the cap of {cap}")
	PayeeIsDead     = newCode(11, "payee-dead", "对象已于 {day} 死亡", "the person died on {day}")
	WhyOtherPayee   = newCode(0, "why-other-payee", "收款人不是享受人本人，须写明原因：{payee}", "the payee is not the beneficiary: say why: {payee}")
)

// party returns a party that is registered, or is to be (Env.ToBe); nil if there is
// none.
func (k *lineCheck) party(id ID) *Party {
	if p := k.decision.ledger.Parties[id]; p != nil {
		return p
	}
	return k.decision.env.ToBe[id]
}

// row checks one row; i counts from 0.
func (k *lineCheck) row(i int, row LineRow) error {
	b := k.party(row.Beneficiary)
	switch {
	case b == nil:
		return refuse(NoSuch, bilingual{"对象", "party"}, row.Beneficiary).inRow(i)
	case row.Payee != ID{} && k.party(row.Payee) == nil:
		return refuse(NoSuch, bilingual{"对象", "party"}, row.Payee).inRow(i)
	case row.Household != ID{} && k.party(row.Household) == nil:
		return refuse(NoSuch, bilingual{"对象", "party"}, row.Household).inRow(i)
	case b.Erased:
		return refuse(IsErased, row.Beneficiary).inRow(i)
	case row.Payee != ID{} && k.party(row.Payee).Erased:
		return refuse(IsErased, row.Payee).inRow(i)
	case row.Household != ID{} && k.party(row.Household).Erased:
		return refuse(IsErased, row.Household).inRow(i)
	case row.Payee != ID{} && row.Payee != row.Beneficiary && !row.Why.Given():
		return refuse(WhyOtherPayee, row.Payee).inRow(i)
	case len(row.Give) == 0:
		return refuse(FieldMissing, "give").inRow(i)
	case (row.People != Headcount{}) != (b.Type == Group):
		return refuse(FieldWrong, "people", fmt.Sprint(row.People.Relation, row.People.People)).inRow(i)
	}
	if b.Type == Group {
		if err := row.People.check(); err != nil {
			return err.(*Refusal).inRow(i)
		}
	}
	if row.Disclosure != "" && row.Disclosure != row.Disclosure.Stricter("") {
		return refuse(FieldWrong, "disclosure", string(row.Disclosure)).inRow(i)
	}
	if b.Dead != 0 && b.Dead <= k.decision.firstDay() {
		if err := k.decision.refuseOrMark(i, refuse(PayeeIsDead, b.Dead)); err != nil {
			return err
		}
	}
	if len(k.rules.Categories) > 0 {
		cat, ok := k.rules.Category(row.Category)
		if !ok {
			if err := k.decision.refuseOrMark(i, refuse(CategoryUnknown, row.Category)); err != nil {
				return err
			}
		} else if err := k.exclusive(i, row, cat); err != nil {
			return err
		}
	}
	for _, g := range row.Give {
		if err := k.entitlement(i, row, g); err != nil {
			return err
		}
	}
	return k.nomination(i, row)
}

// exclusive refuses a category that excludes another one of the person.
func (k *lineCheck) exclusive(i int, row LineRow, cat Category) error {
	if len(cat.Excludes) == 0 {
		return nil
	}
	who := k.party(k.decision.ledger.Same(row.Beneficiary))
	if who == nil {
		return nil
	}
	for _, listed := range who.listedCategories {
		if slices.Contains(cat.Excludes, listed) {
			return k.decision.refuseOrMark(i, refuse(Exclusive, cat.Code, listed))
		}
	}
	return nil
}

// entitlement checks form, amount and items, standard and cap.
func (k *lineCheck) entitlement(i int, row LineRow, g Give) error {
	if _, ok := formNames[g.Form]; !ok {
		return refuse(FieldWrong, "form", string(g.Form)).inRow(i)
	}
	if (g.Amount != 0) == (len(g.Items) > 0) || g.Amount < 0 || (g.Form == Goods) != (len(g.Items) > 0) {
		return refuse(AmountNotPositive, g.Amount.Fen()).inRow(i)
	}
	seen := map[string]bool{}
	for _, c := range g.Items {
		if c.Item == "" || seen[c.Item] || c.Quantity <= 0 {
			return refuse(AmountNotPositive, c).inRow(i)
		}
		seen[c.Item] = true
	}
	if !slices.Contains(k.rules.Forms, g.Form) {
		if err := k.decision.refuseOrMark(i, refuse(FormNotAllowed, g.Form)); err != nil {
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
			if err := k.decision.refuseOrMark(i, refuse(OffStandard, g.Amount.Fen(), s.Least.Fen(), s.Most.Fen())); err != nil {
				return err
			}
		}
		break
	}
	who := k.decision.ledger.Same(row.Beneficiary)
	k.listedSums[who] += g.Amount.Fen()
	if cap := k.rules.CapPerPerson.Fen(); cap > 0 && k.listedSums[who] > cap && row.People == (Headcount{}) {
		if err := k.decision.refuseOrMark(i, refuse(AboveCap, k.listedSums[who], cap)); err != nil {
			return err
		}
	}
	return nil
}

// nomination checks that a row names a nomination, if there is a deadline for them,
// and one that came in time (rule 12).
func (k *lineCheck) nomination(i int, row LineRow) error {
	if row.Nomination == 0 {
		if k.rules.NominationsUntil != nil {
			return k.decision.refuseOrMark(i, refuse(NominationMissing, sayTime(*k.rules.NominationsUntil)))
		}
		return nil
	}
	if row.Nomination < 0 || row.Nomination > len(k.allocation.Nominations) {
		return refuse(NoSuch, bilingual{"推荐名单", "nomination"}, row.Nomination).inRow(i)
	}
	nom := k.allocation.Nominations[row.Nomination-1]
	if nom.Rejected != (ID{}) {
		return refuse(NominationDone, row.Nomination).inRow(i)
	}
	if until, late := k.decision.ledger.late(k.allocation, nom); late {
		return k.decision.refuseOrMark(i, refuse(NominationLate, sayTime(nom.Arrived), sayTime(until)))
	}
	return nil
}

// listedSums adds up the money for which each beneficiary is listed in an allocation,
// over all notices that were not withdrawn.
func (l *Ledger) listedSums(a *Allocation) map[ID]Fen {
	sums := map[ID]Fen{}
	for _, n := range l.Notices {
		if n.Allocation != a.ID || n.Withdrawn != (ID{}) {
			continue
		}
		for _, line := range n.Live() {
			for _, g := range line.Give {
				sums[l.Same(line.Beneficiary)] += g.Fen
			}
		}
	}
	return sums
}

// rememberCategory remembers that a beneficiary is on an admitted line of a category.
func (l *Ledger) rememberCategory(beneficiary ID, category string) {
	p := l.Parties[l.Same(beneficiary)]
	if p != nil && category != "" && !slices.Contains(p.listedCategories, category) {
		p.listedCategories = append(p.listedCategories, category)
	}
}
