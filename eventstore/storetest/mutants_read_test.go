package storetest

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
)

// over is a read of what a slice holds.
func over(events []eventstore.Recorded, err error) seq {
	return func(yield func(eventstore.Recorded, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(eventstore.Recorded{}, err)
		}
	}
}

// chained is one read and then others.
func chained(reads ...seq) seq {
	return func(yield func(eventstore.Recorded, error) bool) {
		for _, read := range reads {
			for e, err := range read {
				if !yield(e, err) || err != nil {
					return
				}
			}
		}
	}
}

var readMutants = []mutant{
	{"nothing is null", "an event comes back as it was given", "came back as",
		readsAnything(changed(func(e eventstore.Recorded) eventstore.Recorded {
			if len(e.Data) == 0 {
				e.Data = []byte("null")
			}
			return e
		})), nil},
	{"no metadata is an object", "an event comes back as it was given", "came back as",
		readsAnything(changed(func(e eventstore.Recorded) eventstore.Recorded {
			if len(e.Metadata) == 0 {
				e.Metadata = []byte("{}")
			}
			return e
		})), nil},
	{"a server's types are left out", "whatever bytes it holds", "events, want",
		readsAnything(func(read seq) seq {
			return left(read, func(e eventstore.Recorded, _ int) bool { return !strings.HasPrefix(e.Type, "$") })
		}), nil},
	{"one buffer for all that is read", "nobody's memory is shared", "came back as",
		func(s eventstore.Store) eventstore.Store {
			var buffer []byte
			return altered{Store: s, everyRead: changed(func(e eventstore.Recorded) eventstore.Recorded {
				buffer = append(buffer[:0], e.Data...)
				e.Data = buffer
				return e
			})}
		}, nil},
	{"events are kept, and shown again", "nobody's memory is shared", "came back as",
		func(s eventstore.Store) eventstore.Store {
			seen := map[uuid.UUID]eventstore.Recorded{}
			return altered{Store: s, everyRead: changed(func(e eventstore.Recorded) eventstore.Recorded {
				if _, ok := seen[e.ID]; !ok {
					seen[e.ID] = e
				}
				return seen[e.ID]
			})}
		}, nil},
	{"all is sorted by stream", "all streams are in one order", "another order",
		readsAll(func(s eventstore.Store, a args) seq {
			got, err := try(s.ReadAll(a.ctx, a.position, a.dir), -1)
			slices.SortStableFunc(got, func(a, b eventstore.Recorded) int { return strings.Compare(a.Stream, b.Stream) })
			return over(got, err)
		}), nil},
	{"positions in a stream are revisions", "all streams are in one order", "event 0 is",
		func(s eventstore.Store) eventstore.Store {
			return altered{Store: s, readStream: func(s eventstore.Store, a args) seq {
				return changed(func(e eventstore.Recorded) eventstore.Recorded {
					e.Position = eventstore.NewPosition(e.Revision+1, e.Revision+1)
					return e
				})(s.ReadStream(a.ctx, a.stream, a.revision, a.dir))
			}}
		}, nil},
	{"a stream backwards is without its revision", "streams are read both ways, from anywhere", "want",
		readsStreams(func(s eventstore.Store, a args) seq {
			return left(s.ReadStream(a.ctx, a.stream, a.revision, a.dir), func(e eventstore.Recorded, _ int) bool {
				return a.dir == eventstore.Forwards || e.Revision != a.revision
			})
		}), nil},
	{"a stream forwards begins behind its revision", "streams are read both ways, from anywhere", "want",
		readsStreams(func(s eventstore.Store, a args) seq {
			if a.dir == eventstore.Forwards && a.revision > 0 {
				a.revision++
			}
			return s.ReadStream(a.ctx, a.stream, a.revision, a.dir)
		}), nil},
	{"a revision has 63 bits", "streams are read both ways, from anywhere", "read gave 0 events",
		readsStreams(func(s eventstore.Store, a args) seq {
			if a.revision > math.MaxInt64 && a.revision != math.MaxUint64 {
				return over(nil, nil)
			}
			return s.ReadStream(a.ctx, a.stream, a.revision, a.dir)
		}), nil},
	{"a read is made when it is asked for", "streams are read both ways, from anywhere", "range 1",
		readsStreams(func(s eventstore.Store, a args) seq {
			return over(try(s.ReadStream(a.ctx, a.stream, a.revision, a.dir), -1))
		}), nil},
	{"a stream that is not there is an error", "names that no stream can have", "not found",
		readsStreams(func(s eventstore.Store, a args) seq {
			if head(s, a.stream) == eventstore.NoStream {
				return over(nil, errors.New("not found"))
			}
			return s.ReadStream(a.ctx, a.stream, a.revision, a.dir)
		}), nil},
	{"a server's name for all is read", "names that no stream can have", `stream ".all" from 0: 3 events`,
		readsStreams(func(s eventstore.Store, a args) seq {
			if a.stream == "$all" {
				return s.ReadAll(a.ctx, eventstore.Position{}, a.dir)
			}
			return s.ReadStream(a.ctx, a.stream, a.revision, a.dir)
		}), nil},
	{"all forwards is with its position", "all is read both ways, from any position", "want",
		readsAll(func(s eventstore.Store, a args) seq {
			if a.dir == eventstore.Forwards && a.position != (eventstore.Position{}) && a.position != eventstore.End {
				a.position = shifted(a.position, -1)
			}
			return s.ReadAll(a.ctx, a.position, a.dir)
		}), nil},
	{"all backwards is with its position", "all is read both ways, from any position", "want",
		readsAll(func(s eventstore.Store, a args) seq {
			at, _ := try(s.ReadAll(a.ctx, shifted(a.position, -1), eventstore.Forwards), 1)
			if a.dir == eventstore.Backwards && len(at) > 0 && at[0].Position == a.position {
				return chained(over(at, nil), s.ReadAll(a.ctx, a.position, a.dir))
			}
			return s.ReadAll(a.ctx, a.position, a.dir)
		}), nil},
	{"one page is all", "a long history is read in any pieces", "1000 events, want",
		readsAll(func(s eventstore.Store, a args) seq {
			return over(try(s.ReadAll(a.ctx, a.position, a.dir), 1000))
		}), nil},
	{"pages overlap", "a long history is read in any pieces", "event 1024 is",
		readsStreams(func(s eventstore.Store, a args) seq {
			const page = 1024
			if a.dir == eventstore.Backwards {
				return s.ReadStream(a.ctx, a.stream, a.revision, a.dir)
			}
			got, err := try(s.ReadStream(a.ctx, a.stream, a.revision, a.dir), page)
			if len(got) < page {
				return over(got, err)
			}
			return chained(over(got, err), s.ReadStream(a.ctx, a.stream, got[page-1].Revision, a.dir))
		}), nil},
	{"an unknown position is the beginning", "a position that was not given", "want no more than 0",
		readsAll(func(s eventstore.Store, a args) seq {
			got, err := try(s.ReadAll(a.ctx, a.position, a.dir), -1)
			if unknown := new(eventstore.UnknownPosition); errors.As(err, &unknown) {
				return s.ReadAll(a.ctx, eventstore.Position{}, a.dir)
			}
			return over(got, err)
		}), nil},
	{"an unknown position is tried again and again", "a position that was not given", "past the end: 0 events, context deadline exceeded",
		readsAll(func(s eventstore.Store, a args) seq {
			got, err := try(s.ReadAll(a.ctx, a.position, a.dir), -1)
			if unknown := new(eventstore.UnknownPosition); errors.As(err, &unknown) {
				<-a.ctx.Done()
				err = a.ctx.Err()
			}
			return over(got, err)
		}), nil},
	{"a read follows the writers", "a read ends with what was there when it began", "were there when it began",
		readsAll(func(s eventstore.Store, a args) seq {
			if a.dir == eventstore.Backwards {
				return s.ReadAll(a.ctx, a.position, a.dir)
			}
			return func(yield func(eventstore.Recorded, error) bool) {
				for after, more := a.position, true; more; {
					more = false
					for e, err := range s.ReadAll(a.ctx, after, a.dir) {
						if after, more = e.Position, err == nil; !yield(e, err) {
							return
						}
					}
				}
			}
		}), nil},
	{"an error comes twice", "a cancelled context", "was not the last thing", readsAnything(func(read seq) seq {
		return func(yield func(eventstore.Recorded, error) bool) {
			for e, err := range read {
				if !yield(e, err) || err != nil && !yield(e, err) {
					return
				}
			}
		}
	}), nil},
	{"an error comes with an event", "a context that ends in the middle of a read", "came with event", readsAnything(func(read seq) seq {
		return func(yield func(eventstore.Recorded, error) bool) {
			var last eventstore.Recorded
			for e, err := range read {
				if err == nil {
					last = e
				}
				if !yield(last, err) {
					return
				}
			}
		}
	}), nil},
	{"a read is deaf to its context", "a context that ends in the middle of a read", "after its context had ended, <nil>",
		readsAll(func(s eventstore.Store, a args) seq {
			return s.ReadAll(context.WithoutCancel(a.ctx), a.position, a.dir)
		}), nil},
	{"close waits for readers", "close does not wait for a reader", "hangs", func(s eventstore.Store) eventstore.Store {
		var reading sync.WaitGroup
		return altered{Store: s,
			everyRead: func(read seq) seq {
				return func(yield func(eventstore.Recorded, error) bool) {
					reading.Add(1)
					defer reading.Done()
					read(yield)
				}
			},
			close: func(s eventstore.Store) error {
				reading.Wait()
				return s.Close()
			},
		}
	}, nil},
	{"a second close fails", "closed", "the event store is closed", func(s eventstore.Store) eventstore.Store {
		closed := false
		return altered{Store: s, close: func(s eventstore.Store) error {
			if closed {
				return eventstore.ErrClosed
			}
			closed = true
			return s.Close()
		}}
	}, nil},
	{"reads of a closed store are empty", "closed", "of a closed store: 0 events, <nil>",
		readsStreams(func(s eventstore.Store, a args) seq { return silent(s.ReadStream(a.ctx, a.stream, a.revision, a.dir)) }), nil},
}

// silent is a read that hides its error.
func silent(read seq) seq {
	return func(yield func(eventstore.Recorded, error) bool) {
		for e, err := range read {
			if err != nil || !yield(e, nil) {
				return
			}
		}
	}
}
