// Package storetest is the conformance suite of event stores: what the comment
// of eventstore.Store promises, as tests. Every store runs it. One that lives
// in this process needs no more than a way to make an empty one:
//
//	func TestConformance(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) eventstore.Store { ... })
//	}
//
// One whose events outlive it, or lie elsewhere, says where they are, and is
// then also tested with several stores on the same events and, where that can
// be arranged, while the place of the events is away:
//
//	func TestConformance(t *testing.T) {
//		storetest.RunPlace(t, func(t *testing.T) storetest.Place {
//			server := start(t)
//			return storetest.Place{
//				Open: func(t *testing.T) eventstore.Store { return dial(t, server.Addr()) },
//				Away: server.Cut,
//				Back: server.Mend,
//			}
//		})
//	}
//
// It looks at a store from outside only. What happens in a crash, at a failed
// sync, or to the goroutines of a client is for each store's own tests. Its own
// tests run it on stores that are wrong in one way each, and want it to notice.
package storetest

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"

	"reliefledger.org/ledger/eventstore"
)

// Variables only for the suite's own tests, which have stores that hang.
var (
	// patience bounds a test, for which seconds are enough; it is reached only
	// by a store that hangs.
	patience = time.Minute
	// slack is what a call may take beyond the end of its context, and Close in
	// all: far above what either needs on a busy machine, far below never.
	slack = 10 * time.Second
)

// Place is where a store's events are, which outlives the store that looks at
// them: a folder, a server.
type Place struct {
	// Open opens one more store on the events of this place: a second client,
	// a folder once more. The suite closes it.
	Open func(t *testing.T) eventstore.Store

	// Alone says that there can be but one store at a time: the suite closes
	// one before it opens the next.
	Alone bool

	// Away makes the place go away under the stores that are open: connections
	// break, in the middle of an answer too, and nothing answers any more. Back
	// lets it come back with all that was acknowledged; what was not may be
	// there, whole, or not. Each returns when that is done. They are called in
	// turn, Back last, and not always by the test's own goroutine. Both are nil
	// where a place can't go away.
	Away, Back func()

	// Outage is how long the long one of the tested absences takes; zero means
	// two seconds.
	Outage time.Duration
}

// Run runs the suite for a store in process. Each call of open gives an empty
// store, which the suite closes; on a server that is one that looks at streams
// of its own only.
func Run(t *testing.T, open func(t *testing.T) eventstore.Store) {
	for _, c := range alone {
		c.run(t, func(*testing.T) Place { return Place{Open: open} })
	}
}

// RunPlace runs the suite of Run, and then what can be tested where events
// outlive a store: another store on the same events later, several at once,
// and absences. Each call of place gives a place without events.
func RunPlace(t *testing.T, place func(t *testing.T) Place) {
	for _, c := range slices.Concat(alone, outlived, together, away) {
		c.run(t, place)
	}
}

// check is one test of the suite.
type check struct {
	name  string
	needs func(Place) (why string) // why a place lacks what it takes; nil: nothing
	test  func(*testing.T, *world)
}

// alone is what one store is tested for, opened once on a place without events.
var alone = []check{
	{"an event comes back as it was given", nil, roundTrip},
	{"whatever bytes it holds", nil, payloads},
	{"nobody's memory is shared", nil, ownMemory},
	{"all streams are in one order", nil, oneOrder},
	{"an append stands together", nil, standsTogether},
	{"each expected revision", nil, expectedRevisions},
	{"no events", nil, noEvents},
	{"repeated with a revision", nil, repeatedExact},
	{"repeated without a revision", nil, repeatedAny},
	{"the same append sent 16 times at once", nil, sameAtOnce},
	{"streams are read both ways, from anywhere", nil, readStream},
	{"names that could be mixed up are not", nil, similarNames},
	{"names that no stream can have", nil, impossibleNames},
	{"all is read both ways, from any position", nil, readAll},
	{"a long history is read in any pieces", nil, longHistory},
	{"a position that was not given", nil, notGiven},
	{"a read ends with what was there when it began", nil, readIsOfAMoment},
	{"what no store takes is refused", nil, limits},
	{"the largest append", nil, largest},
	{"subscription catches up and goes live", nil, subscription},
	{"subscription from the end", nil, subscriptionFromEnd},
	{"no gap and no double while others write", nil, noGap},
	{"a slow reader holds up nobody", nil, slowReader},
	{"64 writers, one stream", nil, writersOneStream},
	{"64 writers, 64 streams", nil, writersManyStreams},
	{"a cancelled context", nil, cancelled},
	{"a context that ends in the middle of a read", nil, cancelledRead},
	{"a context that ends in the middle of an append", nil, cutOff},
	{"closed", nil, closed},
	{"close does not wait for a reader", nil, closeUnderReaders},
	{"close while busy", nil, closeWhileBusy},
}

// run runs the check in a sub-test with a fresh place. A store that hangs fails
// the check and not the whole program: the check has a goroutine of its own,
// which is left behind.
func (c check) run(t *testing.T, place func(t *testing.T) Place) {
	t.Run(c.name, func(t *testing.T) {
		p := place(t)
		if c.needs != nil {
			if why := c.needs(p); why != "" {
				t.Skip(why)
			}
		}
		limit := patience + p.Outage
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		t.Cleanup(cancel)
		w := &world{ctx: ctx, place: p}
		w.store = w.open(t)
		within(t, limit+slack, "the test", func() { c.test(t, w) })
	})
}

// within fails the test if f takes longer than that. It then waits once more,
// for those who end with the test's context: a goroutine that is left behind
// must not report to a test that is over. Other than FailNow says, f may end by
// it: its goroutine is all that is waited for.
func within(t *testing.T, limit time.Duration, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
		return
	case <-time.After(limit):
		stacks := make([]byte, 64<<10)
		t.Errorf("%s hangs: not done after %s\n%s", what, limit, stacks[:runtime.Stack(stacks, true)])
	}
	select {
	case <-done:
	case <-time.After(patience):
	}
	t.FailNow()
}
