package projections

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
)

// A turn ends at the first place behind groupLeast events where no command is
// half there, and after groupEvents, where readers have to wait.
func TestGroups(t *testing.T) {
	unit := uuid.New()
	fact := func(n int, command domain.ID) *arrival {
		r := &domain.Recorded{ID: uuid.New(), Stream: domain.Stream(domain.UnitKind, unit), Number: uint64(n), Event: &domain.UnitRegistered{Unit: unit, Name: fmt.Sprint(n)}}
		if command != (domain.ID{}) {
			r.Meta.Command = &domain.Proof{ID: command}
		}
		return &arrival{Decoded: Decoded{Recorded: r}}
	}
	long := uuid.New()
	for _, c := range []struct {
		what   string
		event  func(n int) *arrival
		folded int
		shut   bool
	}{
		{"events that are whole", func(n int) *arrival { return fact(n, domain.ID{}) }, groupLeast, false},
		{"an append that lies across", func(n int) *arrival {
			if n >= groupLeast-10 && n < groupLeast+10 {
				return fact(n, long)
			}
			return fact(n, domain.ID{})
		}, groupLeast + 10, false},
		{"an append without an end", func(n int) *arrival { return fact(n, long) }, groupEvents, true},
		{"a step that is owed", func(n int) *arrival {
			if n == 0 {
				return &arrival{Decoded: Decoded{Recorded: &domain.Recorded{ID: uuid.New(), Stream: domain.LedgerStream,
					Event: &domain.LedgerOpened{Name: "账簿", Root: domain.NewUnit{ID: uuid.New(), Name: "县"}}}}}
			}
			return fact(n, domain.ID{})
		}, groupEvents, true},
	} {
		synctest.Test(t, func(t *testing.T) { // in which folding takes no time
			l := &Live{patience: halfPatience, turns: newTurns(), books: New(Until{}), moved: make(chan struct{})}
			in := make(chan *arrival, 2*groupEvents)
			for n := range cap(in) {
				in <- c.event(n)
			}
			next := l.group(<-in, in)
			if n := l.books.Len(); n != c.folded || next.Number != uint64(n) || l.shut.IsZero() == c.shut {
				t.Errorf("%s: %d folded, event %d is next, shut since %v", c.what, n, next.Number, l.shut)
			}
			time.Sleep(halfPatience)
			for next != nil {
				next = l.group(next, in)
			}
			if n := l.books.Len(); n != cap(in) {
				t.Errorf("%s: %d folded in all", c.what, n)
			}
		})
	}
}
