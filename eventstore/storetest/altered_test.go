package storetest

import (
	"context"
	"iter"

	"reliefledger.org/ledger/eventstore"
)

type seq = iter.Seq2[eventstore.Recorded, error]

// alter makes a store that is wrong of one that is right.
type alter func(eventstore.Store) eventstore.Store

// args are what a method of a store was called with.
type args struct {
	ctx      context.Context
	stream   string
	expected eventstore.Expected
	events   []eventstore.Event
	revision uint64
	position eventstore.Position
	dir      eventstore.Direction
}

// altered is a store some of whose methods are others.
type altered struct {
	eventstore.Store
	append     func(eventstore.Store, args) (eventstore.Appended, error)
	readStream func(eventstore.Store, args) seq
	readAll    func(eventstore.Store, args) seq
	subscribe  func(eventstore.Store, args) seq
	everyRead  func(seq) seq // of what the three give
	close      func(eventstore.Store) error
}

func (s altered) Append(ctx context.Context, stream string, expected eventstore.Expected, events []eventstore.Event) (eventstore.Appended, error) {
	if s.append != nil {
		return s.append(s.Store, args{ctx: ctx, stream: stream, expected: expected, events: events})
	}
	return s.Store.Append(ctx, stream, expected, events)
}

func (s altered) ReadStream(ctx context.Context, stream string, from uint64, dir eventstore.Direction) seq {
	if s.readStream != nil {
		return s.every(s.readStream(s.Store, args{ctx: ctx, stream: stream, revision: from, dir: dir}))
	}
	return s.every(s.Store.ReadStream(ctx, stream, from, dir))
}

func (s altered) ReadAll(ctx context.Context, from eventstore.Position, dir eventstore.Direction) seq {
	if s.readAll != nil {
		return s.every(s.readAll(s.Store, args{ctx: ctx, position: from, dir: dir}))
	}
	return s.every(s.Store.ReadAll(ctx, from, dir))
}

func (s altered) Subscribe(ctx context.Context, after eventstore.Position) seq {
	if s.subscribe != nil {
		return s.every(s.subscribe(s.Store, args{ctx: ctx, position: after}))
	}
	return s.every(s.Store.Subscribe(ctx, after))
}

func (s altered) every(read seq) seq {
	if s.everyRead != nil {
		return s.everyRead(read)
	}
	return read
}

func (s altered) Close() error {
	if s.close != nil {
		return s.close(s.Store)
	}
	return s.Store.Close()
}

func appends(f func(s eventstore.Store, a args) (eventstore.Appended, error)) alter {
	return func(s eventstore.Store) eventstore.Store { return altered{Store: s, append: f} }
}

func readsStreams(f func(s eventstore.Store, a args) seq) alter {
	return func(s eventstore.Store) eventstore.Store { return altered{Store: s, readStream: f} }
}

func readsAll(f func(s eventstore.Store, a args) seq) alter {
	return func(s eventstore.Store) eventstore.Store { return altered{Store: s, readAll: f} }
}

func subscribes(f func(s eventstore.Store, a args) seq) alter {
	return func(s eventstore.Store) eventstore.Store { return altered{Store: s, subscribe: f} }
}

func readsAnything(f func(seq) seq) alter {
	return func(s eventstore.Store) eventstore.Store { return altered{Store: s, everyRead: f} }
}

// changed gives other events than those of a read.
func changed(change func(e eventstore.Recorded) eventstore.Recorded) func(seq) seq {
	return func(read seq) seq {
		return func(yield func(eventstore.Recorded, error) bool) {
			for e, err := range read {
				if err == nil {
					e = change(e)
				}
				if !yield(e, err) {
					return
				}
			}
		}
	}
}

// left gives of a read what keep keeps.
func left(read seq, keep func(e eventstore.Recorded, i int) bool) seq {
	return func(yield func(eventstore.Recorded, error) bool) {
		i := -1
		for e, err := range read {
			if i++; (err != nil || keep(e, i)) && !yield(e, err) {
				return
			}
		}
	}
}

// shifted is a position of the embedded store some events further on.
func shifted(p eventstore.Position, by int) eventstore.Position {
	n, _ := p.Pair()
	return eventstore.NewPosition(n+uint64(by), n+uint64(by))
}

// head is the last event's revision, as an expectation.
func head(s eventstore.Store, stream string) eventstore.Expected {
	last, _ := try(s.ReadStream(context.Background(), stream, fromEnd, eventstore.Backwards), 1)
	if len(last) == 0 {
		return eventstore.NoStream
	}
	return eventstore.At(last[0].Revision)
}
