package office_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/sheets"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/vault"
)

// Accounts of made-up cards.
const (
	oldCard = "999999020000000012"
	newCard = "999999020000000020"
)

// imported is what became of a roster in a draft of its own.
func imported(c *county, s *office.Session, name, roster string, in office.RosterImport) (problems, warnings []sheets.Problem, err error) {
	c.t.Helper()
	day := domain.Date(2026, 1, 7)
	if in.Notice == (uuid.UUID{}) {
		c.give("accountant", name+" list", day, &domain.DraftNotice{Allocation: c.made("alloc", "allocation"), Heading: domain.Heading{Title: name, Issuer: "测试县民政局", Phone: "0372-0000000", HowTo: "书面"}})
		in.Notice = c.made(name+" list", "notice")
	}
	in.File = "名册.csv"
	if in.Form == "" {
		in.Form = domain.Bank
	}
	s.Files = func(string) ([]byte, error) { return []byte(roster), nil }
	s.Understood = func(r *sheets.Roster, _ bool) error {
		problems, warnings = r.Errors, r.Warnings
		return nil
	}
	_, err = s.Do(context.Background(), &office.Instruction{As: name, Order: &domain.Order{Date: day}, Roster: &in})
	var cells *office.BadCells
	if len(problems) > 0 && !errors.As(err, &cells) {
		c.t.Errorf("%s: %d cells are wrong, and it ended with %v", name, len(problems), err)
	}
	warnings = slices.DeleteFunc(warnings, func(p sheets.Problem) bool { return p.Zh == domain.DivisionUnknown.Zh })
	return problems, warnings, err
}

// A roster's account that the ledger would not pay is an error of its cell, and nothing
// of the registered one is told.
func TestAccountsOfARoster(t *testing.T) {
	c := newCounty(t)
	c.programme()
	a, b, d, e := validNumber(1), validNumber(2), validNumber(3), validNumber(4)
	head := "姓名,身份证号,金额,联系电话,银行卡号\n"
	c.published("", head+"张三丰,"+a+",100,13900000001,"+oldCard+"\n李四,"+b+",100,,\n", domain.Bank)
	first := partyNamed(c, "张三丰")
	for _, x := range []struct {
		name, text  string
		cell, zh    string // "": accepted
		warns, form string
	}{
		{name: "the same", text: head + "张三丰," + a + ",100,139-0000 0001,9999 9902 0000 0000 12\n"},
		{name: "none", text: head + "张三丰," + a + ",100,,\n"},
		{name: "another account", text: head + "张三丰," + a + ",100,," + newCard + "\n", cell: "E2", zh: "先用 correct-party 改正其账号（对象 " + first.String() + "），再导入"},
		{name: "another account, in cash", form: "cash", text: head + "张三丰," + a + ",100,," + newCard + "\n", cell: "E2", zh: "不是此人登记的账号", warns: "形式却是现金"},
		{name: "none was registered", text: head + "李四," + b + ",100,," + newCard + "\n", cell: "E2", zh: "此人登记时没有账号"},
		{name: "another phone", text: head + "张三丰," + a + ",100,13900000002," + oldCard + "\n", warns: "不是此人登记的电话"},
		{name: "twice with two accounts", text: "姓名,身份证号,金额,月份,银行卡号\n王五," + d + ",1,1月," + oldCard + "\n王五," + d + ",1,2月," + newCard + "\n", cell: "E3", zh: "与第 2 行是同一人，账号不同"},
		{name: "the second time with one", text: "姓名,身份证号,金额,月份,银行卡号\n王五," + d + ",1,1月,\n王五," + d + ",1,2月," + newCard + "\n", cell: "E3", zh: "与第 2 行是同一人，账号不同"},
		{name: "a payee's other account", text: "姓名,身份证号,金额,账号,收款人,代领原因\n王五," + d + ",1," + newCard + ",张三丰,父子\n张三丰," + a + ",1," + oldCard + ",张三丰,\n", cell: "D2", zh: "不是收款人登记的账号"},
		{name: "a new payee's other account", text: "姓名,身份证号,金额,账号,收款人,代领原因\n王五," + d + ",1," + newCard + ",赵六,父子\n赵六," + e + ",1," + oldCard + ",赵六,\n", cell: "D2", zh: "不是收款人的账号（第 3 行）"},
		{name: "a payee's account", text: "姓名,身份证号,金额,账号,收款人,代领原因\n王五," + d + ",1," + oldCard + ",张三丰,父子\n张三丰," + a + ",1," + oldCard + ",张三丰,\n", warns: "与第 2 行共用账号"},
	} {
		t.Run(x.name, func(t *testing.T) {
			problems, warnings, err := imported(c, c.as("accountant"), x.name, x.text, office.RosterImport{Form: domain.Form(x.form)})
			switch {
			case x.cell == "" && (len(problems) > 0 || err != nil):
				t.Errorf("%+v, %v", problems, err)
			case x.cell != "" && (len(problems) != 1 || problems[0].Cell != x.cell || !strings.Contains(problems[0].Zh, x.zh)):
				t.Errorf("%+v, %v", problems, err)
			case x.cell != "" && strings.Contains(err.Error()+office.Sentence(err, domain.Zh)+problems[0].Value, "0000000"):
				t.Errorf("it tells an account: %v, %s", err, problems[0].Value)
			}
			if x.warns == "" && len(warnings) > 0 || x.warns != "" && (len(warnings) != 1 || !strings.Contains(warnings[0].Zh, x.warns)) {
				t.Errorf("warnings: %+v", warnings)
			}
		})
	}
	if n := len(c.parties()); n != 3 {
		t.Errorf("%d are registered: a roster that was refused registered somebody", n)
	}
	// The payee's account is not the beneficiary's.
	child := partyNamed(c, "王五")
	c.State(func(s *domain.Ledger) {
		if _, ok := s.AccountOf(child); ok {
			t.Error("the payee's account was registered for the beneficiary")
		}
	})
	// Whose accounts were compared stands in the journal.
	if !slices.ContainsFunc(journalled(c), func(e vault.Entry) bool {
		return e.Kind == vault.LookedUp && e.Officer == c.ids["accountant"] && slices.ContainsFunc(e.Opened, func(o vault.Opening) bool {
			return slices.Contains(o.Of, first) && slices.Contains(o.Fields, "account")
		})
	}) {
		t.Error("the journal does not say whose account was compared")
	}
	// What the error says to do cures it; and the list that is sent again has its one effect.
	text := head + "张三丰," + a + ",100,," + newCard + "\n"
	c.give("accountant", "mend", domain.Date(2026, 1, 7), &domain.CorrectParty{Party: first, PersonalDetails: domain.PersonalDetails{Account: domain.Plainly(newCard)}})
	if _, _, err := imported(c, c.as("accountant"), "mended", text, office.RosterImport{}); err != nil {
		t.Error(err)
	}
	c.give("accountant", "back", domain.Date(2026, 1, 7), &domain.CorrectParty{Party: first, PersonalDetails: domain.PersonalDetails{Account: domain.Plainly(oldCard)}})
	if _, _, err := imported(c, c.as("accountant"), "mended", text, office.RosterImport{Notice: c.made("mended list", "notice")}); err != nil {
		t.Error(err)
	}
}

// Who may not compare accounts of another unit's people learns nothing by trying, and is
// told that it was not compared.
func TestAccountsOfAnotherUnit(t *testing.T) {
	c := newCounty(t)
	c.programme()
	number := validNumber(1)
	day := domain.Date(2026, 1, 7)
	c.published("", "姓名,身份证号,金额,联系电话,银行卡号\n张三丰,"+number+",100,13900000001,"+oldCard+"\n", domain.Bank)
	c.give("a", "other", domain.Date(2026, 1, 5), &domain.RegisterUnit{Name: "某乡", Kind: "township", Parent: c.ids["unit"], Division: "410527100"})
	unit := c.made("other", "unit")
	c.give("a", "stranger", domain.Date(2026, 1, 5), &domain.AppointOfficer{Unit: unit, Post: "会计", Name: domain.Plainly("钱某"), Key: public(c.key("stranger")), Roles: []domain.Role{domain.Accountant, domain.Drafter}})
	c.ids["stranger"] = c.made("stranger", "officer")
	c.give("accountant", "down", day, &domain.Allocate{From: domain.From{Allocation: c.made("alloc", "allocation")}, Unit: unit, Programme: c.made("prog", "programme"), Purpose: "weiwen", Amount: 100_00})
	c.give("stranger", "down list", day, &domain.DraftNotice{Allocation: c.made("down", "allocation"), Heading: domain.Heading{Title: "乡名单", Issuer: "某乡", Phone: "0372-0000000", HowTo: "书面"}})
	s := c.as("stranger")
	s.Dry = true
	before := len(journalled(c))
	for _, card := range []string{oldCard, newCard} {
		problems, warnings, err := imported(c, s, "probe "+card, "姓名,身份证号,金额,联系电话,银行卡号\n张三丰,"+number+",100,13900000002,"+card+"\n", office.RosterImport{Notice: c.made("down list", "notice"), SamePerson: []int{2}})
		if len(problems) > 0 || err != nil || len(warnings) != 1 || !strings.Contains(warnings[0].Zh, "账号无法核对") {
			t.Errorf("%s: %+v, %+v, %v", card, problems, warnings, err)
		}
	}
	if list := journalled(c)[before:]; len(list) > 0 {
		t.Errorf("the journal has %+v", list)
	}
	// Nor by a role that a script gives itself in a rehearsal.
	copied, err := c.Rehearse(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	registrar := c.as("a")
	registrar.Office = copied
	if _, err := registrar.Give(t.Context(), day, "ghost", &domain.AppointOfficer{Unit: c.ids["unit"], Post: "幽灵", Key: public(c.key("ghost")), Roles: []domain.Role{domain.Drafter}}); err != nil {
		t.Fatal(err)
	}
	ghost := &office.Session{Office: copied, Dry: true, Keys: []ledger.Signer{{Officer: c.made("ghost", "officer"), Key: c.key("ghost")}}}
	accountant := c.as("accountant")
	accountant.Office = copied
	if _, err := accountant.Give(t.Context(), day, "list2", &domain.DraftNotice{Allocation: c.made("alloc", "allocation"), Heading: domain.Heading{Title: "二", Issuer: "局", Phone: "0372-0000000", HowTo: "书面"}}); err != nil {
		t.Fatal(err)
	}
	_, warnings, err := imported(c, ghost, "ghost probe", "姓名,身份证号,金额,银行卡号\n张三丰,"+number+",100,"+newCard+"\n", office.RosterImport{Notice: c.made("list2", "notice"), SamePerson: []int{2}})
	if len(warnings) != 1 || !strings.Contains(warnings[0].Zh, "账号无法核对") {
		t.Errorf("a ghost was told: %+v, %v", warnings, err)
	}
}
