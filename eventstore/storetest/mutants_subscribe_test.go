package storetest

import (
	"context"
	"errors"
	"sync"

	"reliefledger.org/ledger/eventstore"
)

var subscribeMutants = []mutant{
	{"an event is lost when the subscription goes live", "subscription catches up and goes live", "ended with context deadline exceeded",
		subscribes(func(s eventstore.Store, a args) seq {
			return chained(s.ReadAll(a.ctx, a.position, eventstore.Forwards), s.Subscribe(a.ctx, eventstore.End))
		}), nil},
	{"an event is lost when others write just then", "no gap and no double while others write", "want",
		subscribes(func(s eventstore.Store, a args) seq {
			return func(yield func(eventstore.Recorded, error) bool) {
				after := a.position
				for e, err := range s.ReadAll(a.ctx, a.position, eventstore.Forwards) {
					if after = e.Position; !yield(e, err) {
						return
					}
				}
				if missed, _ := try(s.ReadAll(a.ctx, after, eventstore.Forwards), -1); len(missed) > 0 {
					after = missed[0].Position
				}
				chained(s.Subscribe(a.ctx, after))(yield)
			}
		}), nil},
	{"an event is doubled when the subscription goes live", "subscription catches up and goes live", "want",
		subscribes(func(s eventstore.Store, a args) seq {
			return func(yield func(eventstore.Recorded, error) bool) {
				after := a.position
				for e, err := range s.ReadAll(a.ctx, a.position, eventstore.Forwards) {
					if after = e.Position; !yield(e, err) || err != nil {
						return
					}
				}
				if n, _ := after.Pair(); n > 0 && after != eventstore.End {
					after = shifted(after, -1)
				}
				s.Subscribe(a.ctx, after)(yield)
			}
		}), nil},
	{"a subscription is with its position", "subscription catches up and goes live", "want",
		subscribes(func(s eventstore.Store, a args) seq {
			if n, _ := a.position.Pair(); n > 0 && a.position != eventstore.End {
				a.position = shifted(a.position, -1)
			}
			return s.Subscribe(a.ctx, a.position)
		}), nil},
	{"a subscription shows an event when the next is there", "subscription catches up and goes live", "context deadline exceeded",
		subscribes(func(s eventstore.Store, a args) seq {
			return func(yield func(eventstore.Recorded, error) bool) {
				var held []eventstore.Recorded
				for e, err := range s.Subscribe(a.ctx, a.position) {
					if err != nil {
						yield(e, err)
						return
					}
					if held = append(held, e); len(held) == 2 {
						if !yield(held[0], nil) {
							return
						}
						held = held[1:]
					}
				}
			}
		}), nil},
	{"a subscription ends in silence", "subscription catches up and goes live", "ended with <nil>",
		subscribes(func(s eventstore.Store, a args) seq { return silent(s.Subscribe(a.ctx, a.position)) }), nil},
	{"a subscription from the end is from the beginning", "subscription from the end", "want 20 written after",
		subscribes(func(s eventstore.Store, a args) seq {
			if a.position == eventstore.End {
				a.position = eventstore.Position{}
			}
			return s.Subscribe(a.ctx, a.position)
		}), nil},
	{"a reader holds up the writers", "a slow reader holds up nobody", "hangs", holdsUpWriters, nil},
	{"a subscription is deaf to its context", "a context that ends in the middle of a read", "hangs",
		subscribes(func(s eventstore.Store, a args) seq { return s.Subscribe(context.WithoutCancel(a.ctx), a.position) }), nil},
	{"close forgets its subscriptions", "close while busy", "hangs", subscribes(func(s eventstore.Store, a args) seq {
		return func(yield func(eventstore.Recorded, error) bool) {
			for e, err := range s.Subscribe(a.ctx, a.position) {
				if errors.Is(err, eventstore.ErrClosed) {
					<-a.ctx.Done()
					err = a.ctx.Err()
				}
				if !yield(e, err) {
					return
				}
			}
		}
	}), nil},
}

// holdsUpWriters hands each event to subscribers under a lock that writers take.
func holdsUpWriters(s eventstore.Store) eventstore.Store {
	var reading sync.RWMutex
	return altered{Store: s,
		append: func(s eventstore.Store, a args) (eventstore.Appended, error) {
			reading.Lock()
			defer reading.Unlock()
			return pass(s, a)
		},
		subscribe: func(s eventstore.Store, a args) seq {
			return func(yield func(eventstore.Recorded, error) bool) {
				for e, err := range s.Subscribe(a.ctx, a.position) {
					reading.RLock()
					more := yield(e, err)
					if reading.RUnlock(); !more {
						return
					}
				}
			}
		},
	}
}
