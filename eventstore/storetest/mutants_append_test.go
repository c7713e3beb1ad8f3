package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
)

func pass(s eventstore.Store, a args) (eventstore.Appended, error) {
	return s.Append(a.ctx, a.stream, a.expected, a.events)
}

var appendMutants = []mutant{
	{"expects nothing", "each expected revision", "want a wrong revision",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			a.expected = eventstore.Any
			return pass(s, a)
		}), nil},
	{"a revision is any that exists", "each expected revision", "want a wrong revision",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			if _, ok := a.expected.Revision(); ok {
				a.expected = eventstore.StreamExists
			}
			return pass(s, a)
		}), nil},
	{"an existing stream is any", "each expected revision", "want a wrong revision",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			if a.expected == eventstore.StreamExists {
				a.expected = eventstore.Any
			}
			return pass(s, a)
		}), nil},
	{"actual is what was expected", "each expected revision", "want actual",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			done, err := pass(s, a)
			var wrong *eventstore.WrongRevision
			if errors.As(err, &wrong) {
				wrong.Actual = a.expected
			}
			return done, err
		}), nil},
	{"a refusal writes all the same", "each expected revision", "was refused and wrote",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			done, err := pass(s, a)
			if judge(err) == refused {
				a.expected = eventstore.Any
				_, _ = pass(s, a)
			}
			return done, err
		}), nil},
	{"a refusal is an unknown outcome", "each expected revision", "want a wrong revision",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			done, err := pass(s, a)
			if judge(err) == refused {
				err = &eventstore.OutcomeUnknown{Cause: err}
			}
			return done, err
		}), nil},
	{"no events are never judged", "no events", "want a wrong revision",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			if len(a.events) == 0 {
				return eventstore.Appended{}, nil
			}
			return pass(s, a)
		}), nil},
	{"no events answer where the stream ends", "no events", "there at revision 1: {Revision:1",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			done, err := pass(s, a)
			if len(a.events) == 0 && err == nil {
				done.Revision, _ = head(s, a.stream).Revision()
			}
			return done, err
		}), nil},
	{"no events are one", "no events", "of nothing left",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			done, err := pass(s, a)
			if len(a.events) == 0 && err == nil {
				_, _ = s.Append(a.ctx, "marks", eventstore.Any, events("mark", 1))
			}
			return done, err
		}), nil},
	{"a prefix is refused", "repeated with a revision", "a part of the first, at its beginning",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			done, err := pass(s, a)
			next, _ := try(s.ReadStream(a.ctx, a.stream, done.Revision+1, eventstore.Forwards), 1)
			if err == nil && len(next) > 0 && done.Revision < 2 {
				err = &eventstore.WrongRevision{Stream: a.stream, Expected: a.expected, Actual: head(s, a.stream)}
			}
			return done, err
		}), nil},
	{"what differs in part is taken", "repeated with a revision", "want a wrong revision",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			done, err := pass(s, a)
			if judge(err) == refused && len(a.events) > 1 {
				a.events = a.events[:1]
				return pass(s, a)
			}
			return done, err
		}), nil},
	{"what runs on is completed", "repeated with a revision", "s at revision 4: <nil>, want a wrong revision",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			done, err := pass(s, a)
			for n := len(a.events) - 1; n > 0 && judge(err) == refused; n-- {
				if there, fails := s.Append(a.ctx, a.stream, a.expected, a.events[:n]); fails == nil {
					return s.Append(a.ctx, a.stream, eventstore.At(there.Revision), a.events[n:])
				}
			}
			return done, err
		}), nil},
	{"only the last append is known again", "repeated with a revision", "the first append",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			done, err := pass(s, a)
			if end := head(s, a.stream); err == nil && eventstore.At(done.Revision) != end && len(a.events) > 0 {
				err = &eventstore.WrongRevision{Stream: a.stream, Expected: a.expected, Actual: end}
			}
			return done, err
		}), nil},
	{"a repeated append answers where the stream ends", "repeated with a revision", "want the answer of the first time",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			done, err := pass(s, a)
			if end, ok := head(s, a.stream).Revision(); ok && err == nil && len(a.events) > 0 {
				done.Revision, done.Position = end, eventstore.Position{}
			}
			return done, err
		}), nil},
	{"any is the revision that was read", "repeated without a revision", "want the answer of the first time",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			if a.expected == eventstore.Any {
				a.expected = head(s, a.stream)
			}
			return pass(s, a)
		}), nil},
	{"any takes what differs in part", "repeated without a revision", "want a wrong revision",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			done, err := pass(s, a)
			if judge(err) == refused && a.expected == eventstore.Any {
				return s.Append(a.ctx, a.stream, head(s, a.stream), a.events)
			}
			return done, err
		}), nil},
	{"an append that is under way is not the same", "the same append sent 16 times at once", "want revision", refusesTwins, nil},
	{"events are written one by one", "64 writers, one stream", "torn by|of appends of 2", appends(oneByOne), nil},
	{"the first of many is lost", "an append stands together", "append 100 events",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			if len(a.events) > 50 {
				a.events = append(a.events[1:], a.events[1])
			}
			return pass(s, a)
		}), nil},
	{"an append answers before it is written", "64 writers, 64 streams", "can't be read after its answer",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			revision, _ := a.expected.Revision()
			go func() { _, _ = s.Append(context.Background(), a.stream, a.expected, cloned(a.events)) }()
			if a.expected == eventstore.NoStream {
				return eventstore.Appended{Revision: uint64(len(a.events)) - 1}, nil
			}
			return eventstore.Appended{Revision: revision + uint64(len(a.events))}, nil
		}), nil},
	{"a twin under way has an unknown outcome", "the same append sent 16 times at once", "whether the events were written is unknown, send the same again: commit phase timeout",
		dropsTwins, nil},
	{"a refusal is ahead of what can be read", "64 writers, one stream", "which can't be read", readsLater, nil},
	{"an append in the hands of a server was not sent", "a context that ends in the middle of an append", "append to",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			done, err := s.Append(context.WithoutCancel(a.ctx), a.stream, a.expected, a.events)
			if a.ctx.Err() != nil {
				return eventstore.Appended{}, a.ctx.Err()
			}
			return done, err
		}), nil},
	{"an append is deaf to its context", "a cancelled context", "append: <nil>",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			a.ctx = context.WithoutCancel(a.ctx)
			return pass(s, a)
		}), nil},
	{"an ended context is an unknown outcome", "a cancelled context", "append: whether the events were written is unknown",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			if a.ctx.Err() != nil {
				return eventstore.Appended{}, &eventstore.OutcomeUnknown{Cause: a.ctx.Err()}
			}
			return pass(s, a)
		}), nil},
	{"errors lose their type", "what no store takes is refused", `want \*\*eventstore.TooLarge`,
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			done, err := pass(s, a)
			if err != nil {
				err = fmt.Errorf("append: %v", err)
			}
			return done, err
		}), nil},
	{"one byte above the limit is taken", "the largest append", "one byte too many",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			if done, err := pass(s, a); err == nil || len(a.events) > 1 || len(a.events[0].Data) < eventstore.MaxAppend/2 {
				return done, err
			}
			return eventstore.Appended{}, nil
		}), nil},
	{"the position of the answer is made up", "an event comes back as it was given", "the append said",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			done, err := pass(s, a)
			if err == nil {
				done.Position = shifted(done.Position, 1-len(a.events)) // of the first event
			}
			return done, err
		}), nil},
	{"keeps the caller's slices", "nobody's memory is shared", "came back as", keepsSlices, nil},
	{"names have no case", "names that could be mixed up are not", "at no stream", namesAre(strings.ToLower), nil},
	{"names end at a zero", "an event comes back as it was given", "came back as",
		namesAre(func(name string) string { name, _, _ = strings.Cut(name, "\x00"); return name }), nil},
	{"JSON is written anew", "whatever bytes it holds", "came back as",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			a.events = cloned(a.events)
			for i, e := range a.events {
				var compact bytes.Buffer
				if json.Compact(&compact, e.Data) == nil {
					a.events[i].Data = compact.Bytes()
				}
			}
			return pass(s, a)
		}), nil},
	{"a closed store is only unknown", "closed", "append to a closed store",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			done, err := pass(s, a)
			if errors.Is(err, eventstore.ErrClosed) {
				err = &eventstore.OutcomeUnknown{Cause: err}
			}
			return done, err
		}), nil},
	{"a closed store panics", "close while busy", "panic: send on closed channel",
		appends(func(s eventstore.Store, a args) (eventstore.Appended, error) {
			done, err := pass(s, a)
			if errors.Is(err, eventstore.ErrClosed) {
				panic("send on closed channel")
			}
			return done, err
		}), nil},
}

func oneByOne(s eventstore.Store, a args) (done eventstore.Appended, err error) {
	if len(a.events) == 0 {
		return pass(s, a)
	}
	for i := range a.events {
		if done, err = s.Append(a.ctx, a.stream, a.expected, a.events[i:i+1]); err != nil {
			return done, err
		}
		a.expected = eventstore.Any
	}
	return done, nil
}

// refusesTwins takes an append that is under way already for another's.
func refusesTwins(s eventstore.Store) eventstore.Store {
	var underWay sync.Map
	return altered{Store: s, append: func(s eventstore.Store, a args) (eventstore.Appended, error) {
		if len(a.events) > 0 {
			if _, ok := underWay.LoadOrStore(a.events[0].ID, true); ok {
				return eventstore.Appended{}, &eventstore.WrongRevision{Stream: a.stream, Expected: a.expected, Actual: head(s, a.stream)}
			}
			defer underWay.Delete(a.events[0].ID)
		}
		return pass(s, a)
	}}
}

// dropsTwins says of an append that is under way already that nobody knows what
// becomes of it, as a client does that hands on what a server says.
func dropsTwins(s eventstore.Store) eventstore.Store {
	var underWay sync.Map
	return altered{Store: s, append: func(s eventstore.Store, a args) (eventstore.Appended, error) {
		if len(a.events) > 0 {
			if _, ok := underWay.LoadOrStore(a.events[0].ID, true); ok {
				return eventstore.Appended{}, &eventstore.OutcomeUnknown{Cause: errors.New("commit phase timeout")}
			}
			defer underWay.Delete(a.events[0].ID)
		}
		return pass(s, a)
	}}
}

// readsLater answers an append when it can be read, which is a moment after it
// has its place; but a refusal because of it at once.
func readsLater(s eventstore.Store) eventstore.Store {
	var mu sync.Mutex
	var upTo eventstore.Position
	return altered{Store: s,
		append: func(s eventstore.Store, a args) (eventstore.Appended, error) {
			done, err := pass(s, a)
			if err == nil {
				time.Sleep(2 * time.Millisecond)
				mu.Lock()
				defer mu.Unlock()
				if done.Position.Compare(upTo) > 0 {
					upTo = done.Position
				}
			}
			return done, err
		},
		everyRead: func(read seq) seq {
			return left(read, func(e eventstore.Recorded, _ int) bool {
				mu.Lock()
				defer mu.Unlock()
				return e.Position.Compare(upTo) <= 0
			})
		},
	}
}

// namesAre writes and reads a stream under another name.
func namesAre(other func(string) string) alter {
	return func(s eventstore.Store) eventstore.Store {
		return altered{Store: s,
			append: func(s eventstore.Store, a args) (eventstore.Appended, error) {
				a.stream = other(a.stream)
				return pass(s, a)
			},
			readStream: func(s eventstore.Store, a args) seq {
				return s.ReadStream(a.ctx, other(a.stream), a.revision, a.dir)
			},
		}
	}
}

// keepsSlices answers reads with what it was given.
func keepsSlices(s eventstore.Store) eventstore.Store {
	var mu sync.Mutex
	given := map[uuid.UUID][]byte{}
	return altered{Store: s,
		append: func(s eventstore.Store, a args) (eventstore.Appended, error) {
			mu.Lock()
			for _, e := range a.events {
				given[e.ID] = e.Data
			}
			mu.Unlock()
			return pass(s, a)
		},
		everyRead: changed(func(e eventstore.Recorded) eventstore.Recorded {
			mu.Lock()
			defer mu.Unlock()
			e.Data = given[e.ID]
			return e
		}),
	}
}
