package ledger

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
)

// NumberTaken says that an id number belongs to another party already.
type NumberTaken struct{ Party uuid.UUID }

func (e *NumberTaken) Error() string {
	return fmt.Sprintf("the id number belongs to party %s already", e.Party)
}

// AccountTaken says that another command registered the same account at the same
// moment, under another id. Nothing was written: the same may be sent again.
type AccountTaken struct{}

func (e *AccountTaken) Error() string {
	return "the account was registered by another command at the same moment: send it again"
}

// claim makes an id number belong to the party of the order, and an account to its
// id, so that no number has two parties and no account two ids. If the number
// belongs to a party whose registration was cut off, it goes over to this one.
func (l *Ledger) claim(ctx context.Context, p *Prepared, o *domain.Order) error {
	if p.account != "" {
		want := details(o.Body).AccountID
		id, err := l.vault.ClaimAccount(ctx, p.account, want)
		if err == nil && id != want {
			err = &AccountTaken{}
		}
		if err != nil {
			return err
		}
	}
	if p.number == "" {
		return nil
	}
	_, party, _ := domain.SplitStream(o.Stream())
	owner, err := l.vault.ClaimNumber(ctx, p.number, party)
	if err != nil || owner == party {
		return err
	}
	known := false
	l.View(func(s *domain.Ledger) { known = s.Registered(owner) })
	if known {
		return &NumberTaken{owner}
	}
	return l.vault.MoveNumber(ctx, p.number, owner, party)
}
