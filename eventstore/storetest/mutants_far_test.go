package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
)

// farMutants are wrong only where there are several stores on a place, or when
// it goes away.
var farMutants = []mutant{
	{"a store knows streams as it left them", "stores see each other's writes", "again through store", nil,
		&flaw{wraps: remembersHeads}},
	{"a store knows 64 streams as it left them", "stores see each other's writes, 64 writers, 64 streams", "want revision", nil,
		&flaw{wraps: remembersHeads}},
	{"stores write events one by one", "stores race for one stream, 64 writers", "torn by|of appends of 2", nil,
		&flaw{wraps: appends(oneByOne)}},
	{"what another store has just written is new", "the same append sent through several stores at once", "want revision", nil,
		&flaw{wraps: forgetsPositions}},
	{"a reader knows streams as he last saw them", "stores see each other's writes", "has 1 events, want", nil,
		&flaw{wraps: remembersReads}},
	{"a subscription shows only its own store's writes", "subscriptions follow what other stores write", "context deadline exceeded", nil,
		&flaw{wraps: followsItself}},
	{"positions are a store's own", "positions of one store are those of the others", "unknown to this store", nil,
		&flaw{wraps: countsItself}},
	{"the last to close closes for all", "a store closes while another goes on", "the event store is closed", nil,
		&flaw{closesThePlace: true}},
	{"what was written before is new to another store", "sent again through another store", `append 3 events to "s" at no stream`, nil,
		&flaw{wraps: forgetsPositions}},
	{"another store begins anew", "another store finds what one has written", "events, want", nil,
		&flaw{wraps: beginsAnew}},
	{"an append in flight at close was not written", "close while busy, as another store sees it", "append to", nil,
		&flaw{wraps: closesUnderAppends}},

	{"dead after an outage", "away while nothing happens", "after the place was back: (context deadline exceeded|the event store far)", nil,
		&flaw{deadAfterCut: true}},
	{"a subscription resumes one event too early", "away for a moment, under load", "want", nil,
		&flaw{resumes: func(_ *far, after eventstore.Position) eventstore.Position {
			if after == (eventstore.Position{}) {
				return after
			}
			return shifted(after, -1)
		}}},
	{"a subscription resumes from the end", "away again and again, under load", "context deadline exceeded|subscription gave", nil,
		&flaw{resumes: func(f *far, _ eventstore.Position) eventstore.Position {
			_, last := f.events.Head()
			return last
		}}},
	{"a subscription begins again after an outage", "away while a subscriber stands still", "event 10 is s0@0", nil,
		&flaw{resumes: func(*far, eventstore.Position) eventstore.Position { return eventstore.Position{} }}},
	{"a subscription gives up", "away for long, under load", "has been away", nil,
		&flaw{subscriptionPatience: 50 * time.Millisecond}},
	{"an append whose answer was lost was not sent", "away for long, under load", "append to", nil,
		&flaw{lost: func(context.Context, *client, string, eventstore.Expected, []eventstore.Event) (eventstore.Appended, error) {
			return eventstore.Appended{}, &eventstore.Unavailable{Store: "far", Cause: errors.New("cut off")}
		}}},
	{"an append whose answer was lost is sent with new ids", "away again and again, under load", "append to", nil,
		&flaw{lost: func(ctx context.Context, c *client, stream string, expected eventstore.Expected, given []eventstore.Event) (eventstore.Appended, error) {
			given = cloned(given)
			for i := range given {
				given[i].ID = uuid.Must(uuid.NewV7())
			}
			return c.Append(ctx, stream, expected, given)
		}}},
	{"an append whose answer was lost is sent for any revision, with new ids", "away while the same append is sent 16 times", "want", nil,
		&flaw{lost: func(ctx context.Context, c *client, stream string, _ eventstore.Expected, given []eventstore.Event) (eventstore.Appended, error) {
			given = cloned(given)
			for i := range given {
				given[i].ID = uuid.Must(uuid.NewV7())
			}
			return c.Append(ctx, stream, eventstore.Any, given)
		}}},
	{"an append is acknowledged while away", "away for long, under load", "append to", nil,
		&flaw{wraps: appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			done, err := pass(s, a)
			if gone := new(eventstore.Unavailable); errors.As(err, &gone) {
				revision, _ := a.expected.Revision()
				return eventstore.Appended{Revision: revision + uint64(len(a.events))}, nil
			}
			return done, err
		})}},
	{"away is an error without a type", "away for long, under load", "the event store far", nil,
		&flaw{wraps: appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			done, err := pass(s, a)
			if gone := new(eventstore.Unavailable); errors.As(err, &gone) {
				err = fmt.Errorf("transport: %v", err)
			}
			return done, err
		})}},
	{"a read that is cut off ends in silence", "away in the middle of a read", "without an error", nil,
		&flaw{endsReadsSilently: true}},
	{"a read that is cut off begins again", "away in the middle of a read", "event 10 is", nil,
		&flaw{wraps: readsAll(func(s eventstore.Store, a args) seq {
			return func(yield func(eventstore.Recorded, error) bool) {
				for e, err := range s.ReadAll(a.ctx, a.position, a.dir) {
					gone := new(eventstore.Unavailable)
					if errors.As(err, &gone) {
						for errors.As(err, &gone) { // until it is back
							_, err = try(s.ReadAll(a.ctx, a.position, a.dir), 1)
						}
						s.ReadAll(a.ctx, a.position, a.dir)(yield)
						return
					}
					if !yield(e, err) {
						return
					}
				}
			}
		})}},
	{"contexts do not count while away", "away longer than anybody waits", "hangs", nil,
		&flaw{deafToContexts: true}},
	{"limits are the server's", "away, and what no store takes", `want \*\*eventstore.BadStream`, nil,
		&flaw{checksLate: true}},
	{"close waits for the place", "away while nothing happens, closed", "hangs", nil,
		&flaw{closesOnlyConnected: true}},
	{"close waits for the place, with much to do", "away while busy, closed", "hangs", nil,
		&flaw{closesOnlyConnected: true}},
}

// remembersHeads refuses by what it wrote itself.
func remembersHeads(s eventstore.Store) eventstore.Store {
	var mu sync.Mutex
	heads := map[string]eventstore.Expected{}
	return altered{Store: s, append: func(s eventstore.Store, a args) (eventstore.Appended, error) {
		mu.Lock()
		defer mu.Unlock()
		if known, ok := heads[a.stream]; ok && known != a.expected && len(a.events) == 1 {
			return eventstore.Appended{}, &eventstore.WrongRevision{Stream: a.stream, Expected: a.expected, Actual: known}
		}
		done, err := pass(s, a)
		if err == nil && len(a.events) > 0 {
			heads[a.stream] = eventstore.At(done.Revision)
		}
		return done, err
	}}
}

// remembersReads reads each stream once.
func remembersReads(s eventstore.Store) eventstore.Store {
	seen := map[string][]eventstore.Recorded{}
	return altered{Store: s, readStream: func(s eventstore.Store, a args) seq {
		if _, ok := seen[a.stream]; !ok {
			seen[a.stream], _ = try(s.ReadStream(a.ctx, a.stream, a.revision, a.dir), -1)
		}
		return over(seen[a.stream], nil)
	}}
}

// followsItself leaves out of subscriptions what others write meanwhile.
func followsItself(s eventstore.Store) eventstore.Store {
	var own sync.Map
	return altered{Store: s,
		append: func(s eventstore.Store, a args) (eventstore.Appended, error) {
			for _, e := range a.events {
				own.Store(e.ID, true)
			}
			return pass(s, a)
		},
		subscribe: func(s eventstore.Store, a args) seq {
			return left(s.Subscribe(a.ctx, a.position), func(e eventstore.Recorded, _ int) bool {
				_, ok := own.Load(e.ID)
				return ok
			})
		},
	}
}

var opened atomic.Int64

// countsItself counts from another number in each store.
func countsItself(s eventstore.Store) eventstore.Store {
	by := int(opened.Add(1)) * 1000
	from := func(p eventstore.Position) eventstore.Position {
		if n, _ := p.Pair(); n == 0 || p == eventstore.End || n <= uint64(by) {
			return p
		}
		return shifted(p, -by)
	}
	return altered{Store: s,
		readAll:   func(s eventstore.Store, a args) seq { return s.ReadAll(a.ctx, from(a.position), a.dir) },
		subscribe: func(s eventstore.Store, a args) seq { return s.Subscribe(a.ctx, from(a.position)) },
		everyRead: changed(func(e eventstore.Recorded) eventstore.Recorded {
			e.Position = shifted(e.Position, by)
			return e
		}),
	}
}

// forgetsPositions knows of repeated appends only what it wrote itself.
func forgetsPositions(s eventstore.Store) eventstore.Store {
	var mu sync.Mutex
	own := map[uuid.UUID]bool{}
	return altered{Store: s, append: func(s eventstore.Store, a args) (eventstore.Appended, error) {
		mu.Lock()
		defer mu.Unlock()
		if len(a.events) > 0 && !own[a.events[0].ID] {
			if at := head(s, a.stream); at != a.expected && a.expected != eventstore.Any {
				return eventstore.Appended{}, &eventstore.WrongRevision{Stream: a.stream, Expected: a.expected, Actual: at}
			}
		}
		done, err := pass(s, a)
		for _, e := range a.events {
			own[e.ID] = own[e.ID] || err == nil
		}
		return done, err
	}}
}

// beginsAnew shows only what was written after the store was opened.
func beginsAnew(s eventstore.Store) eventstore.Store {
	from := eventstore.Position{}
	if last, _ := try(s.ReadAll(context.Background(), eventstore.End, eventstore.Backwards), 1); len(last) > 0 {
		from = last[0].Position
	}
	return altered{Store: s, everyRead: func(read seq) seq {
		return left(read, func(e eventstore.Recorded, _ int) bool { return e.Position.Compare(from) > 0 })
	}}
}

// closesUnderAppends says of each append that Close meets that nothing was
// written.
func closesUnderAppends(s eventstore.Store) eventstore.Store {
	return altered{Store: s, append: func(s eventstore.Store, a args) (eventstore.Appended, error) {
		done, err := pass(s, a)
		if errors.Is(err, eventstore.ErrClosed) && judge(err) == unknown {
			err = eventstore.ErrClosed
		}
		return done, err
	}}
}
