package esdb

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// session is one client of the library, connected, and the calls that run on
// it. It serves until its connection breaks; then it is retired, and the gate
// puts another in its place.
//
// A client that is told that its connection broke looks for a server as soon as
// the next call asks it for a connection. While it looks everybody in it is
// stuck, whatever the context says; when it gives up they are stuck for ever;
// when it finds one it forgets to close the old connection. So a session lets
// no call ask for a connection any more before its client is told: see listen.
type session struct {
	client *client.Client
	gate   *gate
	server server // that the client talks to

	// broken ends, and with it all calls, when the node answers no more.
	broken context.Context
	abort  context.CancelFunc
	gone   chan struct{} // closed when lost is set

	// entering is held, for reading, by a call from before it asks for the
	// connection until it has it.
	entering sync.RWMutex
	retired  atomic.Bool // no call asks for the connection from now on

	calls int  // that have not left; guarded by gate.mu
	lost  bool // by end: the last call that leaves closes the client; guarded by gate.mu

	// silentSince is when the first call began that waits without any call
	// having been answered since, in nanoseconds of Unix time; 0 if none waits.
	silentSince atomic.Int64

	lull lull // see watch.go
}

func newSession(g *gate, n server) *session {
	s := &session{gate: g, server: n, gone: make(chan struct{})}
	s.broken, s.abort = context.WithCancel(context.Background())
	return s
}

// end takes a session out of use. Whoever calls it holds gate.mu.
func (s *session) end() {
	if !s.lost {
		s.lost = true
		close(s.gone)
	}
}

// A call is stage asked until the client has a connection for it. From sent on
// its request may reach the server. Who stops waiting before that makes it
// abandoned, and it never will.
const (
	asked int32 = iota
	sent
	abandoned
)

// call is one call of the client in a goroutine of its own.
type call struct {
	session *session
	cancel  context.CancelFunc
	stage   atomic.Int32
	entered func() // lets go of session.entering; more than once does no harm

	done chan struct{} // closed when the call has ended
	err  error         // with which it ended; to be read after done
}

// begin starts a call, which was let in by gate.enter or gate.admit and leaves
// by itself. It is cancelled with ctx, with until, with the session, and by
// call.leave.
func (s *session) begin(ctx, until context.Context, f func(context.Context, *client.Client) error) *call {
	ctx, cancel := context.WithCancel(ctx)
	stop, stopBroken := context.AfterFunc(until, cancel), context.AfterFunc(s.broken, cancel)
	c := &call{session: s, cancel: cancel, done: make(chan struct{})}
	c.entered = sync.OnceFunc(s.entering.RUnlock)
	s.silentSince.CompareAndSwap(0, time.Now().UnixNano())
	s.lull.wait()
	go func() {
		defer s.gate.leave(s)
		defer s.lull.done()
		defer close(c.done)
		defer cancel()
		defer stop()
		defer stopBroken()
		s.entering.RLock()
		defer c.entered()
		if s.retired.Load() {
			c.err = errRetired
			return
		}
		c.err = word(guard(func() error { return f(entry{ctx, c}, s.client) }))
		if answered(c.err) {
			s.answered()
		}
	}()
	return c
}

// leave stops waiting for a call and says whether its request may have been
// sent, or may still be. One that may have been goes on for as long as it may
// linger.
func (c *call) leave(linger time.Duration) (maybeSent bool) {
	if c.stage.CompareAndSwap(asked, abandoned) || linger == 0 {
		c.cancel()
	} else {
		time.AfterFunc(linger, c.cancel)
	}
	return c.stage.Load() == sent
}

// entry is the context of a call. The client looks at it for the first time
// when it has a connection, to derive its own from it.
type entry struct {
	context.Context
	call *call
}

// pass finds its context ended where the call was abandoned: then gRPC begins no
// stream.
func (e entry) pass() {
	e.call.stage.CompareAndSwap(asked, sent)
	if e.call.stage.Load() == abandoned {
		e.call.cancel()
	}
	e.call.entered()
}

func (e entry) Deadline() (time.Time, bool) { e.pass(); return e.Context.Deadline() }
func (e entry) Done() <-chan struct{}       { e.pass(); return e.Context.Done() }
func (e entry) Err() error                  { e.pass(); return e.Context.Err() }

// listen hears what the client logs. When an answer was "unavailable" it logs
// that, in the goroutine of the call, before it tells its state machine, and
// goes on only when listen returns. Once no call asks any more, the machine
// never looks for a server. Were the text another one, the session would be
// retired a moment later, by the call's error, and a call that comes in between
// would be stuck until a server is back.
func (s *session) listen(level client.LogLevel, format string, args ...any) {
	s.gate.debug(level, format, args...)
	if format != "unexpected exception: %v" || len(args) != 1 {
		return
	}
	if err, ok := args[0].(error); ok && status.Code(err) == codes.Unavailable {
		s.retire(word(err))
		s.entering.Lock() // when all have it who asked for the connection
		defer s.entering.Unlock()
	}
}

// retire lets no call on the session any more.
func (s *session) retire(cause error) {
	s.retired.Store(true)
	s.gate.lose(s, cause)
}

// silenceSuspected is how long calls wait without an answer before one that
// gives up takes the connection for dead. gRPC notices by itself, by pings, but
// only after the options keepAliveInterval and keepAliveTimeout: 20 seconds.
const silenceSuspected = time.Second

// answered is told when the node was heard.
func (s *session) answered() {
	s.silentSince.Store(0)
	s.lull.heard()
}

// silence is how long calls have waited without an answer.
func (s *session) silence() time.Duration {
	since := s.silentSince.Load()
	if since == 0 {
		return 0
	}
	return time.Since(time.Unix(0, since))
}

// suspect is told by a call that waited in vain.
func (s *session) suspect() {
	if silence := s.silence(); silence >= silenceSuspected {
		s.retire(noAnswer(silence))
	}
}

func noAnswer(silence time.Duration) error {
	return fmt.Errorf("no answer for %v", silence.Round(time.Millisecond))
}

// guard makes an error of a panic of the client, which it does on answers that
// it does not know.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &clientPanicked{p, debug.Stack()}
		}
	}()
	return f()
}
