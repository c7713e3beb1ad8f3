package ledger

import (
	"errors"
	"testing"
	"time"

	"reliefledger.org/ledger/domain"
)

// TestTryAListOfPartiesToBe: a list is judged before the people on it are
// registered, and nothing of that stays in the state.
func TestTryAListOfPartiesToBe(t *testing.T) {
	b := open(t, newStore(t), newVault(t))
	var list act
	var toBe []*domain.Party
	for _, a := range story() {
		if a.name == "lines" {
			list = a
			break
		}
		if _, person := a.body.(*domain.RegisterParty); person {
			toBe = append(toBe, &domain.Party{ID: made(a.name, "party"), Unit: root, Type: domain.Person})
			continue
		}
		if err := b.do(a); err != nil {
			t.Fatal(a.name, err)
		}
	}
	try := func(toBe ...*domain.Party) (*domain.Decision, error) {
		o, signers := b.order(list)
		s, err := b.l.SignToTry(ctx, o, time.Time{}, signers...)
		if err != nil {
			t.Fatal(err)
		}
		return b.l.Try(s, toBe...)
	}
	events := func() (count uint64) {
		b.l.View(func(s *domain.Ledger) {
			count = s.Count
			if len(s.Parties) > 0 {
				t.Errorf("the state has %d parties, and nobody was registered", len(s.Parties))
			}
		})
		return count
	}
	before := events()
	if d, err := try(toBe...); err != nil || len(d.Parts) != 1 {
		t.Errorf("a list of parties to be: %v %v", d, err)
	}
	if _, err := try(toBe[1:]...); !errors.Is(err, domain.NoSuch) {
		t.Errorf("one of the list is not to be: %v", err)
	}
	if _, err := try(); !errors.Is(err, domain.NoSuch) {
		t.Errorf("nobody is to be: %v", err)
	}
	if after := events(); after != before {
		t.Errorf("trying wrote %d events", after-before)
	}
	// What is only tried is no promise: the list itself still needs its people.
	if err := b.do(list); !errors.Is(err, domain.NoSuch) {
		t.Errorf("the list before its people: %v", err)
	}
}
