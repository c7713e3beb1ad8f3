package domain

import "slices"

// Account is where a row of a bank batch goes: the account's id, and the event
// that holds it sealed. The batch fixes it when it is prepared.
type Account struct {
	ID ID `json:"id,omitzero"`
	In ID `json:"in,omitzero"`
}

// AccountOf is the account to which a payee is paid now. Who was merged is paid as
// the party that goes on.
func (l *Ledger) AccountOf(payee ID) (a Account, ok bool) {
	p := l.Parties[l.Same(payee)]
	if p == nil || p.Account == (ID{}) {
		return Account{}, false
	}
	return Account{p.Account, p.AccountIn}, true
}

// HolderOf is whose account it is: the party in whose event it stands, also where
// that party was merged since or has another account now. It is nil where the event
// is not one of a party.
func (l *Ledger) HolderOf(a Account) *Party {
	number, ok := l.Number(a.In)
	if !ok {
		return nil
	}
	_, id, _ := SplitStream(l.StreamAt(number))
	return l.Parties[id]
}

// Unheld are those of some accounts that no party has: of who was erased nobody
// counts.
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
