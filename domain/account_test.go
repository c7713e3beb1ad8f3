package domain

import (
	"slices"
	"testing"
)

// AccountOf is the account to which a payee is paid now, HolderOf the party that an
// account of an earlier batch belongs to.
func TestAccounts(t *testing.T) {
	c, a, payees := bankBatch(t)
	fixed := c.fixed(a, 1)
	c.by(c.drafter).mustDo("2023-01-06", &CorrectParty{Party: payees[0], PersonalDetails: PersonalDetails{Account: sealed("6228"), AccountID: id(81)}})
	c.by(id(-2)).mustDo("2023-01-06", &MergeParties{Party: payees[1], Into: payees[2]})
	for i, want := range []struct {
		was, now ID // account
		holder   ID // of the account that was
	}{
		{id(71), id(81), payees[0]}, // corrected since
		{id(72), id(73), payees[1]}, // merged since
		{id(73), id(73), payees[2]},
	} {
		now, ok := c.l.AccountOf(payees[i])
		if fixed[i].ID != want.was || !ok || now.ID != want.now || c.l.HolderOf(fixed[i]).ID != want.holder {
			t.Errorf("row %d: %v, now %v, of %v", i+1, fixed[i], now, c.l.HolderOf(fixed[i]).ID)
		}
	}
	if _, ok := c.l.AccountOf(c.person("丙")); ok {
		t.Error("somebody without an account has one")
	}
	if p := c.l.HolderOf(Account{ID: id(71), In: id(4711)}); p != nil {
		t.Errorf("%v has an account of no event", p.ID)
	}
	if p := c.l.HolderOf(Account{ID: id(71), In: c.log[0].ID}); p != nil {
		t.Errorf("%v has an account that stands in no event of a party", p.ID)
	}
}

// An account that two parties share is unheld only when both were erased.
func TestUnheld(t *testing.T) {
	l := NewLedger()
	for n, p := range []*Party{{Account: id(1)}, {Account: id(2), Erased: true}, {Account: id(3), Erased: true}, {Account: id(3)}, {}} {
		l.Parties[id(100+n)] = p
	}
	if got := l.Unheld([]ID{id(1), id(2), id(3), id(4)}); !slices.Equal(got, []ID{id(2), id(4)}) {
		t.Errorf("%v", got)
	}
}
