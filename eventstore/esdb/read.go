package esdb

import (
	"context"
	"errors"
	"io"
	"iter"
	"math"
	"time"
	"unicode/utf8"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"reliefledger.org/ledger/eventstore"
)

// A read that ends goes in steps of a known number of events, as in package
// embedded: a reader who wants one event costs the server no more, and one who
// is slow holds nothing there.
const (
	firstStep = 16   // events
	lastStep  = 1024 // events

	// lagPause is how often a server that has not got so far is asked again.
	lagPause = 50 * time.Millisecond
)

// ReadStream is described at eventstore.Store. Forwards it first asks for the
// last revision and stops there: a server reads on into what is written
// meanwhile.
func (s *Store) ReadStream(ctx context.Context, stream string, from uint64, dir eventstore.Direction) iter.Seq2[eventstore.Recorded, error] {
	return func(yield yielder) {
		possible := stream != "" && stream[0] != '$' && utf8.ValidString(stream) && len(s.prefix)+len(stream) <= eventstore.MaxStreamName
		switch {
		case !possible:
			finish(yield, s.ended(ctx))
		case dir == eventstore.Forwards:
			finish(yield, ofStream(stream, s.streamForwards(ctx, stream, from, yield)))
		default:
			finish(yield, ofStream(stream, s.streamBackwards(ctx, stream, from, yield)))
		}
	}
}

// ReadAll is described at eventstore.Store. Backwards it reads everything that
// the server has and leaves out what is not the store's; forwards the server
// leaves it out, which it does in subscriptions only (subscribe.go).
func (s *Store) ReadAll(ctx context.Context, from eventstore.Position, dir eventstore.Direction) iter.Seq2[eventstore.Recorded, error] {
	return func(yield yielder) {
		if dir == eventstore.Forwards {
			finish(yield, s.allForwards(ctx, from, yield))
		} else {
			finish(yield, s.allBackwards(ctx, from, yield))
		}
	}
}

// yielder is the body of a reader's loop.
type yielder = func(eventstore.Recorded, error) bool

// finish gives the reader the error with which a read ended, if it is still
// there.
func finish(yield yielder, err error) {
	if err != nil && !errors.Is(err, errEnough) {
		yield(eventstore.Recorded{}, err)
	}
}

func (s *Store) streamForwards(ctx context.Context, stream string, from uint64, yield yielder) error {
	last, exists, err := s.lastRevision(ctx, stream)
	if err != nil || !exists {
		return err
	}
	var behind *wait // for a server that lags
	defer func() {
		if behind != nil {
			behind.stop()
		}
	}()
	for step := uint64(firstStep); from <= last; step = min(4*step, lastStep) {
		before := from
		if err := s.read(ctx, &request{
			left: min(step, last-from+1),
			open: func(ctx context.Context, c *client.Client, count uint64) (receiver, error) {
				return openStream(ctx, c, s.prefix+stream, client.ReadStreamOptions{Direction: client.Forwards, From: client.Revision(from)}, count)
			},
			take: func(i item) bool {
				from = i.event.EventNumber + 1
				return yield(recorded(i.event, stream), nil)
			},
		}); err != nil {
			return err
		}
		if from > before {
			if behind != nil {
				behind.again()
			}
			continue
		}
		// After a break another server may answer, which has not got so far: to
		// end here would be to say that the stream ends here.
		if _, exists, err := s.lastRevision(ctx, stream); err != nil || !exists {
			return err // what was there is gone
		}
		if behind == nil {
			behind = s.newWait(ctx, false)
			behind.last = errors.New("the server that answers lags behind another")
		}
		select {
		case <-time.After(lagPause):
		case <-behind.expired():
			return s.gate.unavailable(behind.last)
		case <-ctx.Done():
			return ctx.Err()
		case <-s.gate.closing:
			return eventstore.ErrClosed
		}
	}
	return nil
}

func (s *Store) lastRevision(ctx context.Context, stream string) (last uint64, exists bool, err error) {
	err = s.read(ctx, &request{
		left: 1,
		open: func(ctx context.Context, c *client.Client, count uint64) (receiver, error) {
			return openStream(ctx, c, s.prefix+stream, client.ReadStreamOptions{Direction: client.Backwards, From: client.End{}}, count)
		},
		take: func(i item) bool {
			last, exists = i.event.EventNumber, true
			return true
		},
	})
	return last, exists, err
}

func (s *Store) streamBackwards(ctx context.Context, stream string, from uint64, yield yielder) error {
	var at client.StreamPosition = client.End{}
	if from != math.MaxUint64 {
		at = client.Revision(min(from, math.MaxInt64)) // servers count in int64
	}
	for step, first := uint64(firstStep), false; !first; step = min(4*step, lastStep) {
		r := &request{
			left: step,
			open: func(ctx context.Context, c *client.Client, count uint64) (receiver, error) {
				if first {
					return receiver{}, io.EOF
				}
				return openStream(ctx, c, s.prefix+stream, client.ReadStreamOptions{Direction: client.Backwards, From: at}, count)
			},
			take: func(i item) bool {
				if first = i.event.EventNumber == 0; !first {
					at = client.Revision(i.event.EventNumber - 1)
				}
				return yield(recorded(i.event, stream), nil)
			},
		}
		if err := s.read(ctx, r); err != nil || r.left > 0 {
			return err
		}
	}
	return nil
}

func (s *Store) allBackwards(ctx context.Context, from eventstore.Position, yield yielder) error {
	if err := s.ended(ctx); err != nil || from == (eventstore.Position{}) {
		return err
	}
	given, final := from, failsOn(from)
	for step := uint64(firstStep); ; step = min(4*step, lastStep) {
		r := &request{
			left: step,
			open: func(ctx context.Context, c *client.Client, count uint64) (receiver, error) {
				return openAll(ctx, c, client.ReadAllOptions{Direction: client.Backwards, From: place(from)}, count)
			},
			final: func(err error) bool { return from == given && final(err) },
			take: func(i item) bool {
				from = position(i.event.Position)
				stream, ok := s.ours(i.event)
				return !ok || yield(recorded(i.event, stream), nil)
			},
		}
		err := s.read(ctx, r)
		switch {
		case saysUnknown(err) && given != eventstore.End:
			return s.unknown(ctx, given)
		case err != nil || r.left > 0:
			return err
		}
	}
}

// positionTries is how often a position is asked for that a server fails on. It
// may have been given by another that is ahead of it, by milliseconds.
const positionTries = 3

// failsOn counts failures to read backwards from a position, and says when they
// are the answer. Where a server does not know the position, some say no more
// than that something failed.
func failsOn(from eventstore.Position) func(error) bool {
	tries := 0
	return func(err error) bool {
		if from != eventstore.End && failed(err) {
			tries++
		}
		return tries == positionTries
	}
}

// saysUnknown says of an error with which a read from a position ended whether it
// is because of the position.
func saysUnknown(err error) bool {
	var away *eventstore.Unavailable // because of whatever failed last
	return !errors.As(err, &away) && (status.Code(err) == codes.InvalidArgument || failed(err))
}

// unknown is the error for a position that the server does not accept.
func (s *Store) unknown(ctx context.Context, given eventstore.Position) error {
	head, err := s.Head(ctx)
	if err != nil {
		return err
	}
	return &eventstore.UnknownPosition{Position: given, Head: head}
}

func openStream(ctx context.Context, c *client.Client, stream string, o client.ReadStreamOptions, count uint64) (receiver, error) {
	read, err := c.ReadStream(ctx, stream, o, count)
	if err != nil {
		return receiver{}, err
	}
	return receiver{func() (item, error) {
		event, err := read.Recv()
		if code, ok := codeOf(err); ok && code == client.ErrorCodeResourceNotFound && status.Code(err) == codes.Unknown {
			err = io.EOF // no such stream: an answer of its own, not an error of gRPC
		}
		return received(event, err)
	}, read.Close, false}, nil
}

func openAll(ctx context.Context, c *client.Client, o client.ReadAllOptions, count uint64) (receiver, error) {
	read, err := c.ReadAll(ctx, o, count)
	if err != nil {
		return receiver{}, ofAll(err)
	}
	return receiver{func() (item, error) {
		i, err := placed(read.Recv())
		return i, ofAll(err)
	}, read.Close, false}, nil
}

func received(e *client.ResolvedEvent, err error) (item, error) {
	if err != nil {
		return item{}, err
	}
	if e.OriginalEvent() == nil {
		panic("an event without content") // as the client does; see guard
	}
	return item{event: e.OriginalEvent()}, nil
}

// placed is received for $all, where every event has a position.
func placed(e *client.ResolvedEvent, err error) (item, error) {
	i, err := received(e, err)
	if err == nil && i.event.Position == (client.Position{Commit: math.MaxUint64, Prepare: math.MaxUint64}) {
		panic("an event of $all without a position")
	}
	return i, err
}

// recorded is an event as readers get it. Its slices were made for it alone.
func recorded(e *client.RecordedEvent, stream string) eventstore.Recorded {
	r := eventstore.Recorded{
		Event:  eventstore.Event{ID: e.EventID, Type: e.EventType, Data: e.Data, Metadata: e.UserMetadata},
		Stream: stream, Revision: e.EventNumber, Position: position(e.Position),
	}
	if r.Data == nil {
		r.Data = []byte{}
	}
	if r.Metadata == nil {
		r.Metadata = []byte{}
	}
	return r
}

// position is a server's pair. In reads of a stream a server gives -1 for both:
// that is no position, and must not pass for End.
func position(p client.Position) eventstore.Position {
	if made := eventstore.NewPosition(p.Commit, p.Prepare); made != eventstore.End {
		return made
	}
	return eventstore.Position{}
}

// place is a position as the client wants it.
func place(p eventstore.Position) client.AllPosition {
	switch p {
	case eventstore.Position{}:
		return client.Start{}
	case eventstore.End:
		return client.End{}
	}
	commit, prepare := p.Pair()
	return client.Position{Commit: commit, Prepare: prepare}
}

// sleep waits and says whether it may go on.
func sleep(ctx context.Context, pause time.Duration, closing <-chan struct{}) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
	case <-closing:
	}
	return false
}
