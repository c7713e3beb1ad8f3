package domain

import "slices"

// Account is the bank account to which a row of a batch is paid: the account's
// id, and the event that holds its number, sealed. It is fixed when the batch is
// prepared.
type Account struct {
	ID ID `json:"id,omitzero"`
	In ID `json:"in,omitzero"`
}

// AccountOf is the account to which a payee is paid now; ok is false for a payee
// without one. A party that was merged is paid as the party it was merged into.
func (l *Ledger) AccountOf(payee ID) (a Account, ok bool) {
	p := l.Parties[l.Same(payee)]
	if p == nil || p.Account == (ID{}) {
		return Account{}, false
	}
	return Account{p.Account, p.AccountIn}, true
}

// HolderOf is the party that an account belongs to: the one whose event holds it,
// even if that party was merged later or has another account now. It is nil if the
// event is not one of a party.
func (l *Ledger) HolderOf(a Account) *Party {
	number, ok := l.Number(a.In)
	if !ok {
		return nil
	}
	_, id, _ := SplitStream(l.StreamAt(number))
	return l.Parties[id]
}

// Unheld returns the accounts in the list that no party has. Erased parties do not
// count.
func (l *Ledger) Unheld(accounts []ID) []ID {
	held := map[ID]bool{}
	for _, id := range accounts {
		held[id] = false
	}
	for _, p := range l.Parties {
		if _, asked := held[p.Account]; asked && !p.Erased {
			held[p.Account] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(accounts), func(id ID) bool { return held[id] })
}
