package office

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"reliefledger.org/ledger/cmd/internal/sheets"
	"reliefledger.org/ledger/domain"
)

// This file holds the accounts and phones of a roster against those that are registered.
// An import registers nothing anew of whom the ledger knows: what a row says otherwise
// would be lost, and the bank would pay the registered account.

// holdAccounts makes errors of the roster of accounts to which no money would go: those
// that are not the payee's, whether registered before or by another row.
func (s *Session) holdAccounts(ctx context.Context, in *Instruction, roster *sheets.Roster, people *registered, lines []domain.LineRow) error {
	known := make([]bool, len(roster.Rows))
	s.State(func(l *domain.Ledger) {
		for i, line := range lines {
			known[i] = l.Registered(paidTo(line))
		}
	})
	firstOf := map[uuid.UUID]sheets.Row{} // with which each new person is registered
	for _, i := range people.fresh {
		firstOf[people.ids[i]] = roster.Rows[i]
	}
	var held []accountHeld
	var rows []int
	for i, row := range roster.Rows {
		payee := paidTo(lines[i])
		switch first, fresh := firstOf[payee]; {
		case row.Account == "":
		case fresh && row.Account != accountOf(first):
			at := problemOf(roster, row, sheets.Account, row.Account)
			at.Zh = fmt.Sprintf("与第 %d 行是同一人，账号不同；登记的会是第 %d 行的账号：各行须写同一账号", first.Row, first.Row)
			at.En = fmt.Sprintf("the person of row %d with another account; that of row %d would be registered: write one account in all of them", first.Row, first.Row)
			if payee != people.ids[i] {
				at.Zh = fmt.Sprintf("不是收款人的账号（第 %d 行），款项不会付到这里：两处须写同一账号", first.Row)
				at.En = fmt.Sprintf("not the payee's account (row %d), the money would not go here: write one account in both", first.Row)
			}
			roster.Errors = append(roster.Errors, at)
		case known[i]:
			held, rows = append(held, accountHeld{payee: payee, account: row.Account}), append(rows, i)
		}
	}
	if err := s.importer(in).holdAccounts(ctx, held); err != nil {
		return err
	}
	for k, h := range held {
		row := roster.Rows[rows[k]]
		at := problemOf(roster, row, sheets.Account, row.Account)
		zh, en := "此人", "this person"
		if h.payee != people.ids[rows[k]] {
			zh, en = "收款人", "the payee"
		}
		switch h.found {
		case notCompared:
			at.Zh = zh + "由别的单位登记，账号无法核对：转账会付到其登记的账号"
			at.En = en + " was registered by another unit, and the account cannot be compared: a transfer goes to the registered one"
			roster.Warnings = append(roster.Warnings, at)
		case noAccount:
			at.Zh = fmt.Sprintf("%s登记时没有账号，此处的账号不会用到：先用 correct-party 补上其账号（对象 %s），再导入", zh, h.payee)
			at.En = fmt.Sprintf("%s is registered without an account, and this one would not be used: add it with correct-party (party %s) first, then import again", en, h.payee)
			roster.Errors = append(roster.Errors, at)
		case otherAccount:
			at.Zh = fmt.Sprintf("不是%s登记的账号，转账会付到登记的账号：若此处是对的，先用 correct-party 改正其账号（对象 %s），再导入；若登记的是对的，请改正此格", zh, h.payee)
			at.En = fmt.Sprintf("not the account that is registered for %s, to which a transfer would go: if this one is right, correct the registered one with correct-party (party %s) first, then import again; if the registered one is, mend this cell", en, h.payee)
			roster.Errors = append(roster.Errors, at)
		}
	}
	return nil
}

// paidTo is who takes what a line gives.
func paidTo(line domain.LineRow) uuid.UUID {
	if line.Payee != (uuid.UUID{}) && transfers(line.Give) {
		return line.Payee
	}
	return line.Beneficiary
}

func transfers(give []domain.Give) bool {
	return slices.ContainsFunc(give, func(g domain.Give) bool { return g.Form == domain.Bank })
}

// otherPayee says whether the account of a row is that of somebody whom the bank pays in
// the beneficiary's place.
func otherPayee(row sheets.Row) bool { return row.Payee != "" && transfers(row.Give) }

// accountOf is the account with which a row registers somebody new.
func accountOf(row sheets.Row) string {
	if otherPayee(row) {
		return "" // it is the payee's
	}
	return row.Account
}

// holdPhones warns of phones that are not the registered ones.
func (s *Session) holdPhones(ctx context.Context, in *Instruction, roster *sheets.Roster, people *registered) error {
	units := make([]domain.ID, len(roster.Rows)) // zero: nothing is compared
	s.State(func(l *domain.Ledger) {
		for i, row := range roster.Rows {
			if p := l.Parties[people.ids[i]]; p != nil && !p.Erased && row.Phone != "" {
				units[i] = p.Unit
			}
		}
	})
	found := make([]value, len(roster.Rows))
	work, each := errgroup.WithContext(ctx)
	work.SetLimit(importers)
	for i, unit := range units {
		if unit == (domain.ID{}) {
			continue
		}
		work.Go(func() error {
			details, err := s.lastDetails(each, people.ids[i], unit)
			for _, v := range details {
				if v.path == "phone" {
					v.look.Purpose = domain.ForMatching
					found[i] = v
				}
			}
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return err
	}
	var values []value
	var rows []int
	for i, v := range found {
		if !v.box.IsZero() {
			values, rows = append(values, v), append(rows, i)
		}
	}
	shown, err := s.importer(in).open(ctx, nil, values...)
	if err != nil {
		return err
	}
	for k, x := range shown {
		row := roster.Rows[rows[k]]
		if x.text == "" || digitsOf(x.text) == digitsOf(row.Phone) {
			continue
		}
		at := problemOf(roster, row, sheets.Phone, row.Phone)
		at.Zh = "不是此人登记的电话，登记的不会随导入改变：若此处是对的，用 correct-party 改正"
		at.En = "not the phone that is registered for this person, which an import does not change: if this one is right, correct it with correct-party"
		roster.Warnings = append(roster.Warnings, at)
	}
	return nil
}

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '０' && r <= '９' {
			r = r - '０' + '0'
		}
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// problemOf is a problem of a row's cell, whose value is a number of a person.
func problemOf(roster *sheets.Roster, row sheets.Row, c sheets.Column, value string) sheets.Problem {
	p := sheets.Problem{Sheet: roster.Sheet, Row: row.Row, Column: string(c), Value: domain.MaskNumber(value)}
	for _, u := range roster.Columns {
		if u.Means == c {
			first, _, _ := strings.Cut(u.Letters, "–")
			p.Column, p.Cell = u.Heading, fmt.Sprint(first, row.Row)
		}
	}
	return p
}
