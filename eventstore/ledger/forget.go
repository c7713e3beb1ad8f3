package ledger

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/vault"
)

// Lost says that the store does not have the events that the vault remembers: its
// log lost its tail, was put back to an earlier day, or is another history.
type Lost struct {
	Count uint64    // events that there were
	Event uuid.UUID // the last of them
	Found string    // what the store has in its place; empty: nothing
}

func (e *Lost) Error() string {
	return fmt.Sprintf("the event store has lost events or holds another history: the vault remembers event %d, %s; there stands now: %s. "+
		"Compare with a backup", e.Count-1, e.Event, cmp.Or(e.Found, "nothing"))
}

// OtherLedger says that the store and the vault are those of two different ledgers.
// Nothing was written into either.
type OtherLedger struct{ Vault, Store uuid.UUID }

func (e *OtherLedger) Error() string {
	return fmt.Sprintf("the event store holds another ledger, %s; the vault is of %s", e.Store, e.Vault)
}

// compareWithVault compares the store with the vault. They must be of one ledger,
// and the store must have the events that the vault remembers. Keys that the ledger
// erased are deleted from the vault if they are still there.
func (l *Ledger) compareWithVault(ctx context.Context, seen vault.Mark, accept bool) error {
	if id := l.state.ID; id != (uuid.UUID{}) && id != l.vault.Ledger() {
		return &OtherLedger{l.vault.Ledger(), id}
	}
	if lost := LostTail(l.state, seen); lost != nil {
		if !accept {
			return lost
		}
		if err := l.vault.Note(ctx, vault.Entry{Kind: vault.Lost, Why: lost.Error()}); err != nil {
			return err
		}
		if err := l.vault.SetMark(ctx, vault.Tail, l.tail(l.state.Count), true); err != nil {
			return err
		}
	}
	return l.forget(ctx)
}

// LostTail says whether a state lacks what a vault remembers ([vault.Tail]); nil where
// it does not. For who has read all events of a store.
func LostTail(s *domain.Ledger, seen vault.Mark) *Lost {
	if seen.Count == 0 {
		return nil
	}
	id, ok := s.EventAt(seen.Count - 1)
	switch {
	case !ok:
		return &Lost{seen.Count, seen.Last, ""}
	case id != seen.Last:
		return &Lost{seen.Count, seen.Last, id.String()}
	}
	return nil
}

// tail is the mark of that many events, from the first on.
func (l *Ledger) tail(count uint64) vault.Mark {
	last, ok := l.state.EventAt(max(count, 1) - 1)
	if !ok {
		return vault.Mark{}
	}
	return vault.Mark{Count: count, Last: last}
}

// Remember leaves in the vault how many events the ledger has, so that the next
// start finds out if the store has lost its tail. It is called before Close. Only
// events are counted that the store has shown to readers: they are synced.
func (l *Ledger) Remember() error {
	l.waitAllReached()
	l.mu.Lock()
	tail := l.tail(l.point.Count)
	l.mu.Unlock()
	if tail.Count == 0 {
		return nil
	}
	ctx, stop := context.WithTimeout(context.Background(), settle)
	defer stop()
	seen, err := l.vault.Mark(ctx, vault.Tail)
	if err == nil && seen.Count < tail.Count {
		err = l.vault.SetMark(ctx, vault.Tail, tail, false)
	}
	if err != nil {
		return fmt.Errorf("leave in the vault how far the ledger is: %w", err)
	}
	return nil
}

// forgetAfter deletes from the vault what an accepted order erased.
func (l *Ledger) forgetAfter(ctx context.Context, p *Prepared) error {
	switch p.Order.Body.(type) {
	case *domain.EraseParty, *domain.EraseCase:
		if err := l.forget(ctx); err != nil {
			return written(err) // the event is; the next start goes on here
		}
	}
	return nil
}

// forget deletes from the vault the keys of everybody who was erased. The event
// comes first: if the process is cut off before the keys are gone, the next start
// deletes them. For the same reason an older vault that was put back brings nobody
// back. The vault's mark only saves the search where nothing has changed.
func (l *Ledger) forget(ctx context.Context) error {
	var keys []uuid.UUID
	var mark vault.Mark
	l.View(func(s *domain.Ledger) {
		for _, e := range s.Erasures {
			keys = append(keys, e.Keys...)
			mark.Count, mark.Last = mark.Count+1, e.Event
		}
	})
	done, err := l.vault.Mark(ctx, vault.Erasures)
	if err != nil || mark == done {
		return err
	}
	has, err := l.vault.Has(ctx, keys)
	if err != nil {
		return err
	}
	if len(has) > 0 {
		accounts, err := l.accountsOf(ctx, has)
		if err != nil {
			return err
		}
		if err := l.vault.Erase(ctx, has, accounts, vault.Entry{Did: "erase"}); err != nil {
			return err
		}
	}
	return l.vault.SetMark(ctx, vault.Erasures, mark, true)
}

// accountsOf returns the ids of all accounts that some parties ever had, without
// those of a party that is not erased.
func (l *Ledger) accountsOf(ctx context.Context, parties []uuid.UUID) ([]uuid.UUID, error) {
	had := map[uuid.UUID]bool{}
	for _, id := range parties {
		for raw, err := range l.store.ReadStream(ctx, domain.Stream(domain.PartyKind, id), 0, eventstore.Forwards) {
			if err != nil {
				return nil, err
			}
			r, err := codec.Decode(raw, 0)
			if err != nil {
				continue // an event that cannot be read is reported elsewhere
			}
			if d, ok := domain.DetailsIn(r.Event); ok {
				had[d.AccountID] = true
			}
		}
	}
	delete(had, uuid.UUID{})
	var list []uuid.UUID
	l.View(func(s *domain.Ledger) { list = s.Unheld(slices.Collect(maps.Keys(had))) })
	return list, nil
}
