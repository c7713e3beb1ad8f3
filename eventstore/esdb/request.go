package esdb

import (
	"context"
	"errors"
	"io"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"reliefledger.org/ledger/eventstore"
)

// request is a read that goes on over breaks of the connection: after each it
// is opened anew, behind what was taken.
type request struct {
	// open asks the server for what follows all that take was given, for count
	// events where they are counted.
	open func(ctx context.Context, c *client.Client, count uint64) (receiver, error)
	// take hands on what came. False: that was enough.
	take func(item) bool
	// still is set by take where what came brought it no further.
	still bool
	// left is how many events are still asked for; uncounted requests end where
	// take says so, endless ones never, and have no patience that could end.
	left               uint64
	uncounted, endless bool
	// final says of an error that could mean anything that it is the answer.
	final func(error) bool
}

// receiver is a read under way.
type receiver struct {
	recv     func() (item, error) // io.EOF: that was all
	close    func()
	answered bool // the server was heard already
}

// item is what a read brings: an event, a place up to which there are none, or
// only a sign of life.
type item struct {
	event      *client.RecordedEvent
	checkpoint *client.Position
}

// itemsBuffered is room between the client's goroutine and the reader: enough
// that they run side by side, little enough that sixteen of the largest events
// do no harm.
const itemsBuffered = 16

// read makes a request until it has ended. Its error is ready for the reader.
func (s *Store) read(ctx context.Context, r *request) error {
	waiting := s.newWait(ctx, r.endless)
	defer waiting.stop()
	for pause := time.Duration(0); ; {
		moved, over, err := s.receive(waiting, r)
		switch {
		case over:
			return err
		case !transient(err) || r.final != nil && r.final(err):
			return public(err)
		case !r.uncounted && r.left == 0:
			return nil // it broke where it would have ended
		}
		// At once the first time: the gate knows when the store is back. Growing
		// for a store that is there and will not have it.
		switch {
		case moved:
			pause = 0
		case pause < lastPause:
			pause = min(max(firstPause, 2*pause), lastPause)
			s.gate.log.Warn("a read broke and goes on", "cause", err)
		}
		waiting.last = err
		if err := waiting.pause(pause); err != nil {
			return err
		}
	}
}

// receive takes what one call brings. The read is over when it has come to its
// end or err is the reader's to have.
func (s *Store) receive(waiting *wait, r *request) (moved, over bool, err error) {
	if err := waiting.ended(); err != nil {
		return false, true, err
	}
	session, err := s.gate.enter(waiting.ctx, waiting.expired())
	if err != nil {
		return false, true, err
	}
	items := make(chan item, itemsBuffered)
	call := session.begin(waiting.ctx, s.gate.reads, func(ctx context.Context, c *client.Client) error {
		return session.pump(ctx, c, r, items)
	})
	defer call.leave(0)
	for running := true; ; {
		if err := waiting.ended(); err != nil {
			session.suspect()
			return moved, true, err
		}
		var i item
		select {
		case i = <-items:
		default:
			if !running { // and what it brought before is taken
				if brokeConnection(call.err) {
					session.retire(call.err)
				}
				return moved, call.err == nil, call.err
			}
			select {
			case i = <-items:
			case <-call.done:
				running = false
				continue
			case <-waiting.ctx.Done():
				continue
			case <-s.gate.closing:
				continue
			case <-waiting.expired():
				session.suspect()
				return moved, true, s.gate.unavailable(waiting.last)
			}
		}
		switch {
		case r.uncounted:
		case r.left == 0:
			continue // more than was asked for
		default:
			r.left--
		}
		r.still = false
		enough := !r.take(i)
		moved = moved || !r.still
		if enough {
			return moved, true, errEnough
		}
		waiting.again()
	}
}

// pump is the call of a read: it hands on what the client receives.
func (s *session) pump(ctx context.Context, c *client.Client, r *request, items chan<- item) error {
	from, err := r.open(ctx, c, r.left)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	defer from.close()
	if from.answered {
		s.answered()
	}
	wait, done := s.lull.wait, s.lull.done
	if r.endless && r.uncounted { // it may be silent for as long as nothing is written
		done()
		defer wait()
		wait, done = func() {}, func() {}
	}
	for {
		i, err := from.recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		s.answered()
		done() // it is the reader who is waited for
		select {
		case items <- i:
			wait()
		case <-ctx.Done():
			wait()
			return ctx.Err()
		}
	}
}

// wait bounds how long a read waits without getting anything: by its context,
// and where that has no deadline by the store's patience.
type wait struct {
	store *Store
	ctx   context.Context
	timer *time.Timer // nil: ctx alone bounds it
	last  error       // what was heard last
}

func (s *Store) newWait(ctx context.Context, endless bool) *wait {
	w := &wait{store: s, ctx: ctx}
	if _, ok := ctx.Deadline(); !ok && !endless {
		w.timer = time.NewTimer(s.patience)
	}
	return w
}

func (w *wait) expired() <-chan time.Time {
	if w.timer == nil {
		return nil
	}
	return w.timer.C
}

// again begins anew, after something came and was used: the reader's own time
// does not count.
func (w *wait) again() {
	if w.timer != nil {
		w.timer.Reset(w.store.patience)
	}
}

func (w *wait) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
}

// ended says why the read does not go on, nil while it may.
func (w *wait) ended() error {
	err := w.store.ended(w.ctx)
	if err == nil || errors.Is(err, eventstore.ErrClosed) {
		return err
	}
	return w.store.gate.outOfTime(w.ctx, w.last)
}

// pause waits before the next call and says why there is to be none.
func (w *wait) pause(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.ctx.Done():
	case <-w.store.gate.closing:
	case <-w.expired():
		return w.store.gate.unavailable(w.last)
	}
	return w.ended()
}
