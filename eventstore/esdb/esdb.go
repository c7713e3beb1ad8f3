// Package esdb keeps events on an EventStoreDB or KurrentDB server, or on
// anything else that speaks its protocol, such as a node of package node. It is
// an eventstore.Store over the official client,
// github.com/EventStore/EventStore-Client-Go.
//
//	store, err := esdb.Dial(ctx, "esdb://ledger:secret@a:2113,b:2113,c:2113?tls=true", esdb.Options{})
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//
// # What is on the server and whose it is
//
// A server has one order of everything, $all. A store sees of it what belongs
// to a ledger: all streams but the server's own, whose names begin with "$".
// Where several ledgers share a server each has a prefix:
//
//	esdb://localhost:2113?tls=false&prefix=county-
//
// puts stream "fund-7" into "county-fund-7" and sees only such streams. The
// prefix counts in a name's length.
//
// Positions are the server's pairs of commit and prepare. A server does not
// tell them in reads of one stream (our own node does): there
// Recorded.Position may be zero.
//
// # Several servers
//
// Of the nodes of a cluster the one that leads is used. Where it cannot be reached,
// or while none leads, it is one that follows, until one that leads answers: what
// it shows may lag behind by as long as the leader's word needs to get there. One
// node of three that cannot be reached costs less than a second, whichever it is,
// also where it answered until now, as soon as the others have a leader.
//
// # What is settled before an answer is given
//
// A server drops an append that is sent again while the first is on its way, and
// refuses one because of what it does not show yet. Append sends again until it
// knows, and gives a refusal when what it rests on can be read (append.go).
//
// # A client that is not to be trusted
//
// The official client is used for what only it can do, speaking the protocol as
// its server expects. What surrounds it here are precautions, each beside the
// code that takes it:
//
//   - It waits without a context, for a connection and while it reports an
//     error. So each of its calls runs in a goroutine of its own, and whoever
//     called waits for that or for the context (session.go).
//   - When its connection breaks it looks for a server until it gives up, and
//     is dead from then on, with callers stuck in it. So a client whose
//     connection broke is never asked for another: it is retired before it can
//     look, and another takes its place (session.go, gate.go).
//   - Closing it while it is in use panics those who use it. So the last call
//     that leaves a retired client closes it (gate.go).
//   - It looks for the leader of a cluster by asking one node after the other,
//     and waits five seconds for each that says nothing. So the nodes are asked
//     here, all at once, and a client gets one address (cluster.go). That of a
//     node whose packets are dropped from one moment to the other is noticed
//     here too (watch.go).
//   - It panics on answers it does not know. So calls recover (session.go).
//     One thing cannot be caught: an event whose time of creation is no number
//     ends the process, by log.Fatalf. No server sends that.
//   - Some of its errors have what matters only in their text (errors.go), and
//     an answer to an append that it does not know passes for success
//     (append.go).
//   - It drops user and password where there is no TLS, and lets pass what it
//     does not know of a connection string. Dial refuses both (address.go).
//   - It prints to standard error. Here it logs to Options.Log, at the level
//     for debugging.
//
// # After Close
//
// Close waits for everything, with two exceptions. A look whether a server is back
// ends by itself, within twice the option gossipTimeout (5 seconds). The other
// exception needs a node that is not the leader, refuses an append, and names
// a leader that cannot be reached; servers name one only when they are asked to,
// and this client does not ask. Then the client looks for servers until one comes
// back, and leaves four goroutines of the connection to that leader for ever. None
// of them sends anything.
package esdb

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"reliefledger.org/ledger/eventstore"
)

// Store is an eventstore.Store on a server.
type Store struct {
	gate     *gate
	prefix   string        // of the names of all own streams
	patience time.Duration // of a call without a deadline
	closed   func() error  // close, once

	met met
}

var _ eventstore.Store = (*Store)(nil)

func newStore(g *gate, prefix string, patience time.Duration) *Store {
	s := &Store{gate: g, prefix: prefix, patience: patience}
	s.closed = sync.OnceValue(s.close)
	return s
}

// Away says since when the store does not answer, and why. While it answers,
// since is zero.
func (s *Store) Away() (since time.Time, cause error) { return s.gate.away() }

// Head returns the position of the last of the store's events, zero if there
// is none.
func (s *Store) Head(ctx context.Context) (head eventstore.Position, err error) {
	err = s.allBackwards(ctx, eventstore.End, func(last eventstore.Recorded, _ error) bool {
		head = last.Position
		return false
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return head, err
}

const (
	// closePatience is how long Close waits for appends under way on a store
	// that answers; each takes milliseconds.
	closePatience = 2 * time.Second

	// closeGrace is how long Close waits for calls that it cancelled. They leave
	// at once, except where the client keeps them.
	closeGrace = time.Second
)

// Close ends the store as the interface says. It waits for appends under way a
// moment, and not at all for a store that is away; one that takes longer gets
// *OutcomeUnknown.
func (s *Store) Close() error { return s.closed() }

func (s *Store) close() error {
	g := s.gate
	if answers := g.close(); !answers || !g.idleWithin(min(s.patience, closePatience)) {
		g.stopAppends()
		g.idleWithin(closeGrace)
	}
	g.stopAppends() // gives its context back
	return nil
}

// ended says why nothing begins or goes on any more, nil while it may.
func (s *Store) ended(ctx context.Context) error {
	select {
	case <-s.gate.closing:
		return eventstore.ErrClosed
	default:
		return ctx.Err()
	}
}

// own says whether a stream on the server is one of the store's, and its name
// here.
func (s *Store) own(stream string) (bare string, ok bool) {
	bare, ok = strings.CutPrefix(stream, s.prefix)
	return bare, ok && bare != "" && bare[0] != '$'
}
