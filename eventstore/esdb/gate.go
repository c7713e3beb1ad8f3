package esdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"reliefledger.org/ledger/eventstore"
)

// gate is where every call waits while the store is away, so that none waits
// inside a client. It has the one session that is in use, or none and a
// goroutine that looks for the store.
type gate struct {
	address *address
	log     *slog.Logger

	closing        chan struct{} // closed when Close begins
	reads, appends context.Context
	stopReads      context.CancelFunc // at once when Close begins
	stopAppends    context.CancelFunc // some time later

	mu      sync.Mutex    // guards what follows
	current *session      // nil while the store is away
	changed chan struct{} // closed and replaced when current or refused is set
	since   time.Time     // the store went away, zero while it answers
	cause   error
	opened  bool          // the store answered once
	good    string        // node that is asked first; empty: none has answered yet
	refused error         // it never did, and never will like this
	closed  bool          // closing is closed
	calls   int           // let in, and not left yet
	idle    chan struct{} // closed when closed and no call is left
}

// The pauses between two looks whether the store is back: short at first, for
// a server that is only started again.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = time.Second
)

func newGate(a *address, log *slog.Logger) *gate {
	g := &gate{
		address: a, log: log.With("store", a.name),
		closing: make(chan struct{}), changed: make(chan struct{}), idle: make(chan struct{}),
		since: time.Now(), cause: errors.New("no server has answered yet"),
	}
	g.reads, g.stopReads = context.WithCancel(context.Background())
	g.appends, g.stopAppends = context.WithCancel(context.Background())
	go g.look()
	return g
}

// enter lets a call in, on the session that it gets and has to leave. It waits
// while the store is away, until ctx ends or expired comes.
func (g *gate) enter(ctx context.Context, expired <-chan time.Time) (*session, error) {
	for {
		g.mu.Lock()
		s, changed, refused := g.current, g.changed, g.refused
		switch {
		case g.closed:
			g.mu.Unlock()
			return nil, eventstore.ErrClosed
		case s != nil:
			s.calls++
			g.calls++
			g.mu.Unlock()
			return s, nil
		}
		g.mu.Unlock()
		if refused != nil {
			return nil, refused
		}
		select {
		case <-changed:
		case <-g.closing:
		case <-ctx.Done():
			return nil, g.outOfTime(ctx, nil)
		case <-expired:
			return nil, g.unavailable(nil)
		}
	}
}

// admit lets the first call in on a session that is not in use yet.
func (g *gate) admit(s *session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s.calls++
	g.calls++
}

// leave is the end of a call. The last one on a session that was lost closes its
// client, and with it the connection. Nobody is inside the client then: a close
// would make it panic.
func (g *gate) leave(s *session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s.calls--
	g.calls--
	g.settle(s)
}

func (g *gate) settle(s *session) {
	if s != nil && s.lost && s.calls == 0 {
		s.client.Close()
	}
	if g.closed && g.calls == 0 {
		select {
		case <-g.idle:
		default:
			close(g.idle)
		}
	}
}

// lose takes a session out of use, and looks for the store if it was the one in
// use.
func (g *gate) lose(s *session, cause error) {
	if g.losing(s, cause) {
		g.log.Warn("the event store is away", "cause", cause)
		go g.look()
	}
}

func (g *gate) losing(s *session, cause error) (look bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s.lost {
		return false
	}
	s.end()
	g.settle(s)
	if s != g.current {
		return false
	}
	g.current, g.since, g.cause = nil, time.Now(), cause
	return !g.closed
}

// look finds out when the store is back. It is one goroutine at most, and ends
// when it found out, or when the store is closed and connect has returned.
func (g *gate) look() {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		since, _ := g.away()
		s, err := connect(g.address, g, g.goodNode())
		if g.found(s, err) {
			if err == nil {
				g.log.Info("the event store is there", "after", time.Since(since))
			}
			return
		}
		select {
		case <-time.After(pause):
		case <-g.closing:
			return
		}
	}
}

// hear takes what is heard of a store that is away.
func (g *gate) hear(cause error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.since.IsZero() {
		g.cause = cause
	}
}

// found takes what connect gave and says whether the search is over.
func (g *gate) found(s *session, err error) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closed:
		if s != nil {
			s.end()
			g.settle(s)
		}
		return true
	case err != nil:
		g.cause = err
		if g.opened || transient(err) {
			return false
		}
		if g.refused = public(err); g.refused == err {
			g.refused = &eventstore.Unavailable{Store: g.address.name, Since: g.since, Cause: err}
		}
	case s.lost:
		return false // broke before it could be used
	default:
		g.current, g.opened, g.since, g.cause = s, true, time.Time{}, nil
		g.good = s.server.address
		if g.address.clustered() {
			go g.watch(s)
		}
	}
	close(g.changed)
	g.changed = make(chan struct{})
	return true
}

// close lets no call in any more and cancels the reads. It says whether the
// store answers: else nothing under way can end well.
func (g *gate) close() (answers bool) {
	g.mu.Lock()
	g.closed = true
	s := g.current
	g.current = nil
	if s != nil {
		s.end()
	}
	g.settle(s)
	g.mu.Unlock()
	close(g.closing)
	g.stopReads()
	return s != nil
}

func (g *gate) idleWithin(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-g.idle:
		return true
	case <-timer.C:
		return false
	}
}

func (g *gate) away() (since time.Time, cause error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.since, g.cause
}

// unavailable is the error of who waited long enough; last is what was heard
// last of a store that answers, but not well.
func (g *gate) unavailable(last error) error {
	since, cause := g.away()
	if since.IsZero() {
		since, cause = time.Now(), last
	}
	if cause == nil {
		cause = errors.New("no answer")
	}
	return &eventstore.Unavailable{Store: g.address.name, Since: since, Cause: cause}
}

// outOfTime is the error of who waited until ctx ended. Where it was a deadline
// that passed while the store was away, it is the context's error and
// *eventstore.Unavailable at once, which says more.
func (g *gate) outOfTime(ctx context.Context, last error) error {
	since, cause := g.away()
	switch {
	case errors.Is(context.Cause(ctx), errPatience):
		return g.unavailable(last)
	case errors.Is(ctx.Err(), context.DeadlineExceeded) && !since.IsZero():
		return &eventstore.Unavailable{Store: g.address.name, Since: since, Cause: fmt.Errorf("%w: %w", ctx.Err(), cause)}
	}
	return ctx.Err()
}

// debug logs what a client says. The client calls much an error that is none,
// such as a read that was cancelled.
func (g *gate) debug(level client.LogLevel, format string, args ...any) {
	if g.log.Enabled(context.Background(), slog.LevelDebug) {
		g.log.Debug("client: "+fmt.Sprintf(format, args...), "level", level)
	}
}
