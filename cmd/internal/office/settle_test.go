package office_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
)

// lossy loses the answers to the next appends, which it may have written or not.
type lossy struct {
	eventstore.Store
	lose  *atomic.Int64
	write bool
}

func (l lossy) Append(ctx context.Context, stream string, expected eventstore.Expected, events []eventstore.Event) (eventstore.Appended, error) {
	if l.lose.Add(-1) < 0 {
		return l.Store.Append(ctx, stream, expected, events)
	}
	if l.write {
		if _, err := l.Store.Append(ctx, stream, expected, events); err != nil {
			return eventstore.Appended{}, err
		}
	}
	// The ledger itself sends the same bytes again, for as long as it waits: a store
	// that is closed meanwhile ends that at once.
	return eventstore.Appended{}, &eventstore.OutcomeUnknown{Cause: eventstore.ErrClosed}
}

// A command whose answer is lost is sent again by itself, and has one effect, whether it
// had been written or not; without patience, or when that has ended, its outcome is
// unknown.
func TestUnknownOutcomesSettle(t *testing.T) {
	for _, written := range []bool{false, true} {
		c := newCounty(t)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		var lose atomic.Int64
		var err error
		if c.Office, err = office.Open(t.Context(), c.home, office.Wrapped(office.Options{}, func(s eventstore.Store) eventstore.Store { return lossy{s, &lose, written} })); err != nil {
			t.Fatal(err)
		}
		s := c.as("accountant")
		waited := 0
		s.Waiting = func(error, time.Duration) { waited++ }
		give := func(name string) (*office.Result, error) {
			return s.Give(t.Context(), domain.Date(2026, 1, 6), name, &domain.EstablishFund{Unit: c.ids["unit"], Name: name, Earmark: []string{"x"}})
		}
		lose.Store(2)
		if _, err := give("一"); office.KindOf(err) != office.Unknown || waited > 0 {
			t.Errorf("written %v, without patience: %v", written, err)
		}
		lose.Store(3)
		s.Patience = time.Minute
		done, err := give("二")
		if err != nil || waited == 0 || done.Repeated {
			t.Errorf("written %v: %v, waited %d times", written, err, waited)
		}
		again, err := give("二")
		if err != nil || !again.Repeated || again.Numbers[0] != done.Numbers[0] {
			t.Errorf("written %v: two effects: %+v %+v %v", written, done, again, err)
		}
		lose.Store(1_000_000)
		s.Patience = 300 * time.Millisecond
		if _, err := give("三"); !written && office.KindOf(err) != office.Unknown || written && err != nil {
			t.Errorf("written %v, out of patience: %v", written, err) // what is there is found, although no answer ever comes
		}
		stopped, stop := context.WithCancel(t.Context())
		stop()
		s.Patience = time.Minute
		if _, err := s.Give(stopped, domain.Date(2026, 1, 6), "四", &domain.EstablishFund{Unit: c.ids["unit"], Name: "四", Earmark: []string{"x"}}); err == nil {
			t.Error("a command that was interrupted went on")
		}
		lose.Store(0)
		if err := errors.Join(c.Close()); err != nil {
			t.Error(err)
		}
		c.open()
	}
}
