package esdb

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// Options of a store.
type Options struct {
	// Patience is how long a call without its own deadline waits for a store
	// that is away. Zero means the option defaultDeadline of the connection
	// string, and without that 10 seconds.
	Patience time.Duration
	// Prefix is more of the prefix of the connection string, behind it: for a part of
	// its own under a ledger's streams.
	Prefix string
	// Name is what errors and the log call the store; empty: its address.
	Name string
	// Log is told when the store goes away and comes back, and at the level for
	// debugging what the client says. Nil means nobody is.
	Log *slog.Logger
}

const defaultPatience = 10 * time.Second

// Dial opens a store on the servers that a connection string names, of the form
//
//	esdb://user:password@a:2113,b:2113?tls=true&prefix=county-
//	esdb+discover://cluster.example:2113
//
// or with kurrentdb, kurrent or kdb in place of esdb. The options are those of
// the official client and prefix, with which the names of all streams begin on
// the server. Dial reaches a server once, or ends with ctx or after
// Options.Patience.
//
// Errors: *BadAddress, *eventstore.Denied, *eventstore.Unavailable, or that of
// ctx.
func Dial(ctx context.Context, connection string, o Options) (*Store, error) {
	a, err := parseAddress(connection)
	if err != nil {
		return nil, err
	}
	return dial(ctx, a, o)
}

// DialSocket opens a store on a node that listens on a unix socket of this
// machine. Who may open the socket may use the store; there is no TLS.
//
// Errors are those of Dial.
func DialSocket(ctx context.Context, path string, o Options) (*Store, error) {
	a, err := socketAddress(path)
	if err != nil {
		return nil, err
	}
	return dial(ctx, a, o)
}

func dial(ctx context.Context, a *address, o Options) (*Store, error) {
	if a.prefix += o.Prefix; a.prefix != "" {
		if why := checkPrefix(a.prefix); why != "" {
			return nil, &BadAddress{a.name, "the prefix " + why}
		}
	}
	if o.Name != "" {
		a.name = o.Name
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Patience == 0 && a.config.DefaultDeadline != nil {
		o.Patience = *a.config.DefaultDeadline
	}
	if o.Patience <= 0 {
		o.Patience = defaultPatience
	}
	s := newStore(newGate(a, o.Log), a.prefix, o.Patience)
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	first, err := s.gate.enter(ctx, nil)
	if err != nil {
		s.Close()
		return nil, err
	}
	s.gate.leave(first)
	return s, nil
}

// errPatience is the cause of a context that ended because Options.Patience
// did.
var errPatience = errors.New("waited as long as a call without a deadline does")

// bounded gives a call without a deadline one.
func (s *Store) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, s.patience, errPatience)
}

// connect looks once whether a server is there and then gives a session that is
// connected to it; first is the node of a cluster to be asked before the others.
// It may take a.gossipTimeout and then a.timeToAnswer. The latter knows no context,
// as the client does not.
//
// The look is had with a client that tries once and is thrown away. The client
// that is kept would try for ever, and before it is kept it is connected: so
// that a caller never waits inside it for a server.
func connect(a *address, g *gate, first string) (*session, error) {
	n, err := a.find(g.reads, first, g.hear)
	if err != nil {
		return nil, err
	}
	look, err := client.NewClient(a.configOf(n, 1, g.debug))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), a.timeToAnswer())
	defer cancel()
	err = word(guard(func() error { return a.hail(ctx, look) }))
	look.Close() // nobody else is in there
	if err != nil {
		return nil, err
	}

	s := newSession(g, n)
	if s.client, err = client.NewClient(a.configOf(n, math.MaxInt32, s.listen)); err != nil {
		return nil, err
	}
	g.admit(s)
	call := s.begin(ctx, g.reads, a.hail)
	select {
	case <-call.done:
		err = call.err
	case <-ctx.Done():
		call.leave(0)
		err = ctx.Err()
	}
	if err != nil {
		s.retire(err)
		return nil, err
	}
	return s, nil
}

// ask reads one event, whichever: so that a user who may not do that, or a
// server that is up but not ready, shows here. Who connects is not asked for a
// name.
func ask(ctx context.Context, c *client.Client) error {
	read, err := c.ReadAll(ctx, client.ReadAllOptions{Direction: client.Backwards, From: client.End{}}, 1)
	if err != nil {
		return ofAll(err)
	}
	defer read.Close()
	if _, err = read.Recv(); errors.Is(err, io.EOF) {
		err = nil
	}
	return ofAll(err)
}
