package esdb

import (
	"context"
	"errors"
	"io"
	"iter"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"reliefledger.org/ledger/eventstore"
)

// How far the server looks for the store's events in one go, and after how many
// such goes it tells how far it has come. That is what is looked through again
// when a connection breaks in a stretch of other streams' events.
const (
	searchWindow       = 512 // events
	checkpointInterval = 4   // windows
)

// Subscribe is described at eventstore.Store. It goes on by itself after every
// break, behind the last event or checkpoint that it got, for as long as it
// takes.
func (s *Store) Subscribe(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return func(yield yielder) {
		from := after
		if after == eventstore.End {
			// The end is taken down before anything is waited for. Otherwise it
			// would be another one after a break, and what was written in
			// between would be lost.
			var err error
			if from, err = s.lastOfAll(ctx); err != nil {
				finish(yield, err)
				return
			}
		}
		finish(yield, s.follow(ctx, from, eventstore.End, yield))
	}
}

// allForwards reads up to the event that is the last when it begins.
func (s *Store) allForwards(ctx context.Context, from eventstore.Position, yield yielder) error {
	if err := s.ended(ctx); err != nil || from == eventstore.End {
		return err
	}
	head, err := s.Head(ctx)
	if err != nil || from == head {
		return err
	}
	if from.Compare(head) < 0 {
		return s.follow(ctx, from, head, yield)
	}
	// Behind the last one, nothing is to be read. But is there such a place? Let
	// the server judge: a store put back from an older copy does not know it.
	err = s.read(ctx, &request{
		left: 1,
		open: func(ctx context.Context, c *client.Client, count uint64) (receiver, error) {
			return openAll(ctx, c, client.ReadAllOptions{Direction: client.Backwards, From: place(from)}, count)
		},
		final: failsOn(from),
		take:  func(item) bool { return true },
	})
	if saysUnknown(err) {
		return &eventstore.UnknownPosition{Position: from, Head: head}
	}
	return err
}

// lastOfAll returns the position of the last event on the server, whosever it
// is. All that is written later stands behind it.
func (s *Store) lastOfAll(ctx context.Context) (last eventstore.Position, err error) {
	err = s.read(ctx, &request{
		left: 1, endless: true,
		open: func(ctx context.Context, c *client.Client, count uint64) (receiver, error) {
			return openAll(ctx, c, client.ReadAllOptions{Direction: client.Backwards, From: client.End{}}, count)
		},
		take: func(i item) bool {
			last = position(i.event.Position)
			return true
		},
	})
	return last, err
}

// follow gives the store's events after a position, up to and with the one at
// until; with End, for ever.
func (s *Store) follow(ctx context.Context, after, until eventstore.Position, yield yielder) error {
	given, begun := after, false
	r := &request{}
	*r = request{
		uncounted: true, endless: until == eventstore.End,
		open: func(ctx context.Context, c *client.Client, _ uint64) (receiver, error) {
			return openSubscription(ctx, c, client.SubscribeToAllOptions{
				From: place(after), Filter: s.filter(),
				MaxSearchWindow: searchWindow, CheckpointInterval: checkpointInterval,
			})
		},
		take: func(i item) bool {
			begun = true
			at, ok := i.at()
			// Never back: a server that sends again what it sent before, or a
			// checkpoint from before an event, is not heard.
			if !ok || at.Compare(after) <= 0 {
				r.still = true
				return true
			}
			after = at
			if i.event != nil {
				stream, ours := s.ours(i.event)
				if ours && at.Compare(until) <= 0 && !yield(recorded(i.event, stream), nil) {
					return false
				}
			}
			return at.Compare(until) < 0
		},
	}
	err := s.read(ctx, r)
	switch {
	case status.Code(err) == codes.InvalidArgument && (begun || given != eventstore.Position{}):
		return s.unknown(ctx, after)
	}
	return err
}

// at is the place that an item stands for.
func (i item) at() (eventstore.Position, bool) {
	switch {
	case i.event != nil:
		return position(i.event.Position), true
	case i.checkpoint != nil:
		return position(*i.checkpoint), true
	}
	return eventstore.Position{}, false
}

// filter is what the server does not leave out, as it does other ledgers' streams
// and its own: those of this ledger and what it was told of them (danger.go).
func (s *Store) filter() *client.SubscriptionFilter {
	if s.prefix != "" {
		return &client.SubscriptionFilter{Type: client.StreamFilterType, Prefixes: []string{s.prefix, metadataOf + s.prefix}}
	}
	return &client.SubscriptionFilter{Type: client.StreamFilterType, Regex: `^(\$\$)?[^$]`}
}

func openSubscription(ctx context.Context, c *client.Client, o client.SubscribeToAllOptions) (receiver, error) {
	subscription, err := c.SubscribeToAll(ctx, o)
	if err != nil {
		return receiver{}, ofAll(err)
	}
	return receiver{func() (item, error) {
		e := subscription.Recv()
		switch {
		case e.SubscriptionDropped != nil && errors.Is(e.SubscriptionDropped.Error, io.EOF):
			return item{}, errStreamEnded
		case e.SubscriptionDropped != nil:
			return item{}, ofAll(e.SubscriptionDropped.Error)
		case e.EventAppeared != nil:
			return placed(e.EventAppeared, nil)
		}
		return item{checkpoint: e.CheckPointReached}, nil // nil where it has caught up or fell behind
	}, func() { subscription.Close() }, true}, nil
}
