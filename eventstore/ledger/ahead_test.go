package ledger

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
)

// another hides that a store is held by this process, as a server's is.
type another struct{ eventstore.Store }

// Two ledgers on one store, of which one decides ahead: another process wrote
// between, at the same streams and at others. No rule breaks, each answer names
// the events it is about, and both end with the same state as one that reads
// all anew.
func TestAheadBesideAnother(t *testing.T) {
	store, keys := newStore(t), newVault(t)
	first := open(t, store, keys)
	for _, a := range story()[:10] {
		if err := first.do(a); err != nil {
			t.Fatal(a.name, err)
		}
	}
	second := open(t, another{store}, keys)
	if first.l.ahead == nil || second.l.ahead != nil {
		t.Fatal("the wrong one decides ahead")
	}
	var taken, refused atomic.Int64
	var mu sync.Mutex
	numbers := map[uint64]uuid.UUID{}
	run := func(b *bench, a act) {
		o, signers := b.order(a)
		done, err := b.l.Do(ctx, o, signers...)
		switch {
		case errors.Is(err, domain.NotEnoughMoney):
			refused.Add(1)
			return
		case err != nil:
			t.Errorf("%s: %v", a.name, err)
			return
		}
		if _, passOn := a.body.(*domain.PassOnFunds); passOn && !done.Repeated {
			taken.Add(1)
		}
		mu.Lock()
		defer mu.Unlock()
		if len(done.Numbers) != len(done.Events) || len(done.Numbers) == 0 {
			t.Errorf("%s: %d events, %d numbers", a.name, len(done.Events), len(done.Numbers))
		}
		for i, n := range done.Numbers {
			if id, known := numbers[n]; known && id != done.Events[i] {
				t.Errorf("%s: number %d is of two events", a.name, n)
			}
			numbers[n] = done.Events[i]
		}
	}
	var wg sync.WaitGroup
	for k, b := range []*bench{first, second} {
		for i := range 24 {
			wg.Go(func() {
				run(b, act{fmt.Sprint("pass on ", k, i), "accountant", "2023-01-04", &domain.PassOnFunds{Fund: made("fund", "fund"), To: "慈善协会", Amount: 4000}})
				run(b, act{fmt.Sprint("town ", k, i), registrars[0], "2023-01-04", &domain.RegisterUnit{Parent: root, Name: fmt.Sprint("乡", k, i), Division: "41"}})
				// The same one from both.
				run(b, act{fmt.Sprint("both ", i), registrars[0], "2023-01-04", &domain.RegisterUnit{Parent: root, Name: fmt.Sprint("镇", i), Division: "41"}})
			})
		}
	}
	wg.Wait()
	if taken.Load() != 25 || refused.Load() != 23 {
		t.Errorf("%d got 40.00 of 1,000.00, %d were refused", taken.Load(), refused.Load())
	}
	n := uint64(0)
	for e, err := range store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		if id, told := numbers[n]; told && id != e.ID {
			t.Errorf("event %d was told to be %s, and is %s", n, id, e.ID)
		}
		n++
	}
	_, head := store.Head()
	fresh := open(t, another{store}, keys)
	for name, b := range map[string]*bench{"ahead": first, "other": second} {
		if err := b.l.waitReached(ctx, head); err != nil {
			t.Fatal(err)
		}
		if have, want := b.standing(), fresh.standing(); have != want {
			t.Errorf("%s has another state: %s, want %s", name, have, want)
		}
		b.l.View(func(s *domain.Ledger) {
			fresh.l.View(func(f *domain.Ledger) {
				for _, id := range numbers {
					have, _ := s.Number(id)
					if want, _ := f.Number(id); have != want {
						t.Errorf("%s: event %s has number %d, want %d", name, id, have, want)
					}
				}
			})
		})
	}
}

// standing is what a state comes to.
func (b *bench) standing() (text string) {
	b.l.View(func(s *domain.Ledger) {
		text = fmt.Sprintf("%d events, %d units, %d fen in the fund, %d steps owed, %d not folded",
			s.Count, len(s.Units), s.Funds[made("fund", "fund")].Left(domain.Money), s.Owed(), len(s.Unfolded))
	})
	return text
}
