package domain

import "testing"

// The rows of TestRefusals about who is listed for what.
var listedRows = []refusalRow{
	{"11", "earmark, purpose, category, standard, cap", func(t *testing.T) {
		terms := noNotice()
		terms.Purposes = []string{"relief", "study"}
		terms.Forms = []Form{Cash, Voucher}
		terms.Categories = []Category{{Code: "dibao", Excludes: []string{"tekun"}}, {Code: "tekun"}}
		terms.Standards = []Standard{{Category: "tekun", Least: 20000, Most: 60000}}
		terms.CapPerPerson = 70000
		terms.InForce = Span{day("2023-01-01"), day("2023-06-30")}
		terms.Needs = []Need{{Category: "dibao", Fact: "eligibility"}, {Form: Voucher, Fact: "activity:treatment"}}
		c := newCounty(t, terms, 1000000)
		open := func(purpose string) *Allocate {
			return &Allocate{From: From{Fund: c.fund}, Unit: c.unit, Programme: c.programme, Purpose: purpose, Amount: 300000}
		}
		c.by(c.accountant).refused("2023-01-05", open("study"), OutsideEarmark)
		c.refused("2023-01-05", open("travel"), OutsideProgramme)
		c.refused("2023-07-01", open("relief"), ProgrammeNotInForce)
		a := c.allocate("2023-01-05", 300000)
		c.refused("2023-01-05", &Allocate{From: From{Allocation: a}, Unit: c.unit, Programme: c.programme, Purpose: "study", Amount: 1}, OtherPurpose)
		c.by(id(-2))
		other := Made(c.mustDo("2023-01-05", &RegisterUnit{Parent: c.unit, Name: "乡", Division: "410527"}), "unit")
		lower := Made(c.by(c.accountant).mustDo("2023-01-05", &Allocate{From: From{Allocation: a}, Unit: other, Programme: c.programme, Purpose: "relief"}), "allocation")
		c.refused("2023-01-05", &Allocate{From: From{Allocation: lower}, Unit: c.unit, Programme: c.programme, Purpose: "relief"}, NotUnderUnit)
		n := Made(c.by(c.drafter).mustDo("2023-01-05", &DraftNotice{Allocation: a, Heading: Heading{Title: "名单"}}), "notice")
		p, dead := c.person("丙"), c.person("丁")
		row := func(change func(*LineRow)) *AddLines {
			r := LineRow{Beneficiary: p, Category: "tekun", Give: []Give{{Form: Cash, Amount: 60000}}}
			change(&r)
			return &AddLines{Notice: n, Rows: []LineRow{r}}
		}
		c.refused("2023-01-05", row(func(r *LineRow) { r.Category = "vip" }), CategoryUnknown)
		c.refused("2023-01-05", row(func(r *LineRow) { r.Give[0].Amount = 60001 }), OffStandard)
		c.refused("2023-01-05", row(func(r *LineRow) { r.Give[0].Amount = 19999 }), OffStandard)
		c.refused("2023-01-05", row(func(r *LineRow) { r.Give[0].Form = Bank }), FormNotAllowed)
		c.refused("2023-01-05", row(func(r *LineRow) { r.Give = append(r.Give, Give{Form: Cash, Amount: 20000}) }), AboveCap)
		c.refused("2023-01-05", row(func(r *LineRow) { r.Payee = dead }), WhyOtherPayee)
		c.refused("2023-01-05", row(func(r *LineRow) { r.Give = nil }), FieldMissing)
		c.refused("2023-01-05", row(func(r *LineRow) { r.People = Headcount{Exactly, 3} }), FieldWrong)
		c.mustDo("2023-01-05", &RecordDeath{Party: dead})
		c.refused("2023-01-05", row(func(r *LineRow) { r.Beneficiary = dead }), PayeeIsDead)
		c.mustDo("2023-01-05", row(func(*LineRow) {}))
		c.by(c.reviewer).mustDo("2023-01-05", &ReviewNotice{Notice: n})
		c.confirm("2023-01-05", n)
		m := Made(c.by(c.drafter).mustDo("2023-01-05", &DraftNotice{Allocation: a, Heading: Heading{Title: "低保"}}), "notice")
		q := c.person("戊")
		c.refused("2023-01-05", &AddLines{Notice: m, Rows: []LineRow{{Beneficiary: p, Category: "dibao", Give: []Give{{Form: Cash, Amount: 1}}}}}, Exclusive)
		c.mustDo("2023-01-05", &AddLines{Notice: m, Rows: []LineRow{{Beneficiary: q, Category: "dibao", Give: []Give{{Form: Cash, Amount: 1}, {Form: Voucher, Amount: 1}}}}})
		c.by(c.reviewer).mustDo("2023-01-05", &ReviewNotice{Notice: m})
		c.confirm("2023-01-05", m)
		c.by(c.accountant).refused("2023-01-05", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(2)}, NeedMissing)
		c.by(c.reviewer).mustDo("2023-01-05", &DecideEligibility{Party: q, Programme: c.programme, Category: "dibao", Eligible: true})
		c.prepare("2023-01-05", a, 2)
		c.by(c.accountant).refused("2023-01-05", &PrepareBatch{Allocation: a, Form: Voucher, Rows: rowsOf(2)}, NeedMissing)
	}},
}
