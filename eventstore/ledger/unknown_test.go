package ledger

import (
	"context"
	"errors"
	"testing"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
)

// scripted is a store elsewhere that answers some appends with an error, after
// it has written them or not.
type scripted struct {
	eventstore.Store
	answers []func(write func() error) error // of the next appends, in order
}

func (s *scripted) Append(ctx context.Context, stream string, expected eventstore.Expected, events []eventstore.Event) (done eventstore.Appended, err error) {
	write := func() error {
		done, err = s.Store.Append(ctx, stream, expected, events)
		return err
	}
	if len(s.answers) == 0 {
		return done, write()
	}
	answer := s.answers[0]
	s.answers = s.answers[1:]
	if err := answer(write); err != nil {
		return eventstore.Appended{}, err
	}
	return done, nil
}

// Whatever a store says later, a command of which something may be written is
// never said to be not there; sent again it has one effect.
func TestUnknownStaysUnknown(t *testing.T) {
	lost := func(write func() error) error {
		_ = write()
		return &eventstore.OutcomeUnknown{Cause: errors.New("the answer was lost")}
	}
	with := func(err error) func(func() error) error { return func(func() error) error { return err } }
	written := func(write func() error) error { return write() }
	away := &eventstore.Unavailable{Store: "there", Cause: errors.New("gone")}
	for _, row := range []struct {
		name    string
		answers []func(func() error) error
		unknown bool
	}{
		{"lost, then there", []func(func() error) error{lost}, false},
		{"lost, then closed", []func(func() error) error{lost, with(eventstore.ErrClosed)}, true},
		{"the store closes before", []func(func() error) error{with(eventstore.ErrClosed)}, false},
		{"a process's step finds it away", []func(func() error) error{written, with(away)}, true},
		{"a process's step finds it closed", []func(func() error) error{written, with(eventstore.ErrClosed)}, true},
		{"it is away before", []func(func() error) error{with(away)}, false},
		{"it denies access, after it was lost", []func(func() error) error{lost, with(&eventstore.Denied{Cause: errors.New("who?")}), written}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := &scripted{Store: newStore(t)}
			b := open(t, s, newVault(t))
			acts := story()
			at := 0
			for acts[at].name != "lower" { // an allocation from above: three appends in three streams
				if err := b.do(acts[at]); err != nil {
					t.Fatal(acts[at].name, err)
				}
				at++
			}
			s.answers = row.answers
			err := b.do(acts[at])
			var unknown *eventstore.OutcomeUnknown
			if errors.As(err, &unknown) != row.unknown {
				t.Errorf("%v", err)
			}
			s.answers = nil
			if err := b.do(acts[at]); err != nil {
				t.Errorf("sent again: %v", err)
			}
			b.l.View(func(l *domain.Ledger) {
				if left := l.Allocations[made("lower", "allocation")].Left(domain.Money); left != 50000 || l.Owed() != 0 {
					t.Errorf("%d fen are there, %d steps are owed", left, l.Owed())
				}
			})
		})
	}
}
