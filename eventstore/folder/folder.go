// Package folder opens the event store in a folder of this machine, whoever
// holds it.
//
//	store, err := folder.Open(ctx, "ledger/events", folder.Options{})
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//
// One process holds a folder (package embedded). While it does, it serves the
// store on a socket in the folder, and every other process that opens it goes
// through that socket, with the same answers. When the holder ends, or is
// killed, one of the processes that went through it takes the hold and serves
// the others. No process has to know which of them it is:
//
//   - The holder uses the embedded store itself.
//   - The others are clients of the node on the socket. Whichever process serves
//     there next, and be it their own, they go on where they were: an append whose
//     answer was lost is sent again with the same bytes, and a subscription resumes
//     at its position, since positions are the same through the node.
//
// The folder has, beside what embedded keeps there,
//
//	SOCKET   of the process that holds the folder; mode 0600, so that only the
//	         same user comes in
package folder

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/esdb"
	"reliefledger.org/ledger/eventstore/node"
)

const (
	// openPatience bounds the wait for a folder whose holder is just coming or
	// going: it opens a database, or answers those whom it serves.
	openPatience = 10 * time.Second

	// dialPatience is what a holder that answers needs at most; one that does
	// not answer is going, and the folder soon free.
	dialPatience = 500 * time.Millisecond

	// takeEvery is how often one whose holder is away tries to take the hold.
	takeEvery = 20 * time.Millisecond

	// takeAgain is how long it leaves a folder alone that it cannot open, or not
	// serve, though nobody holds it.
	takeAgain = time.Second
)

// Options of a store in a folder. The zero value is right.
type Options struct {
	// Embedded are the options of the store for the process that holds it.
	Embedded embedded.Options
	// Metrics count what others ask of a holder; nil: nothing does.
	Metrics *node.Metrics
	// Log is where a holder says what those who go through it meet; nil: nowhere.
	Log *slog.Logger
}

// Store is an eventstore.Store in a folder, held by this process or reached
// through the one that holds it.
type Store struct {
	eventstore.Store // the way to the events: *embedded.Store or *esdb.Store
	dir              string
	opts             Options

	stop    context.CancelFunc
	watched chan struct{} // closed when nobody watches for the hold (any more)
	name    io.Closer     // of the socket, under which our client dials it again and again

	closed func() error // close, once

	mu   sync.Mutex // guards what follows
	hold *hold      // nil where another process holds the folder
	why  error      // nobody holds it, and this process can't either
}

var _ eventstore.Store = (*Store)(nil)

// Create makes an empty store in dir, as embedded.Create, and holds it.
func Create(dir string, opts Options) (*Store, error) {
	events, err := embedded.Create(dir, opts.Embedded)
	if err != nil {
		return nil, err
	}
	return holding(dir, events, opts)
}

// Open opens the store in dir. Errors are those of embedded.Open; *Held only
// where the holder does not let anybody through within some seconds.
func Open(ctx context.Context, dir string, opts Options) (*Store, error) {
	caller := ctx
	ctx, done := context.WithTimeout(ctx, openPatience)
	defer done()
	for {
		if err := caller.Err(); err != nil {
			return nil, err
		}
		events, err := embedded.Open(dir, opts.Embedded)
		if err == nil {
			return holding(dir, events, opts)
		}
		var held *eventstore.Held
		if !errors.As(err, &held) {
			return nil, err
		}
		if s, dialed := through(ctx, dir, opts); dialed == nil {
			return s, nil
		}
		select {
		case <-time.After(takeEvery):
		case <-ctx.Done():
			if caller.Err() == nil {
				return nil, err
			}
		}
	}
}

// Hold opens the store as Open does, but only as its holder: *Held at once
// where another process is.
func Hold(dir string, opts Options) (*Store, error) {
	events, err := embedded.Open(dir, opts.Embedded)
	if err != nil {
		return nil, err
	}
	return holding(dir, events, opts)
}

func holding(dir string, events *embedded.Store, opts Options) (*Store, error) {
	h, err := serve(dir, events, opts)
	if err != nil {
		return nil, errors.Join(err, events.Close())
	}
	s := &Store{Store: events, dir: dir, opts: opts, stop: func() {}, watched: make(chan struct{}), name: io.NopCloser(nil), hold: h}
	close(s.watched)
	s.closed = sync.OnceValue(s.close)
	return s, nil
}

// through opens the store by the holder's socket.
func through(ctx context.Context, dir string, opts Options) (*Store, error) {
	path, name, err := dialName(dir)
	if err != nil {
		return nil, err
	}
	ctx, done := context.WithTimeout(ctx, dialPatience)
	defer done()
	events, err := esdb.DialSocket(ctx, path, esdb.Options{Name: "in " + dir, Log: opts.Log})
	if err != nil {
		return nil, errors.Join(err, name.Close())
	}
	watching, stop := context.WithCancel(context.Background())
	s := &Store{Store: events, dir: dir, opts: opts, stop: stop, watched: make(chan struct{}), name: name}
	s.closed = sync.OnceValue(s.close)
	go s.watch(watching, events)
	return s, nil
}

// watch takes the hold once the holder is away, unless another takes it first.
// Our own client then comes back through our own socket, as all others do.
func (s *Store) watch(ctx context.Context, events *esdb.Store) {
	defer close(s.watched)
	for wait := takeEvery; ; {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		wait = takeEvery
		if since, _ := events.Away(); since.IsZero() {
			s.cannot(nil)
			continue
		}
		err := s.take()
		var held *eventstore.Held
		switch {
		case err == nil:
			s.cannot(nil)
			return
		case !errors.As(err, &held): // another was first: well
			s.cannot(err)
			wait = takeAgain
		}
	}
}

// take takes the hold and serves the others.
func (s *Store) take() error {
	held, err := embedded.Open(s.dir, s.opts.Embedded)
	if err != nil {
		return err
	}
	h, err := serve(s.dir, held, s.opts)
	if err != nil {
		return errors.Join(err, held.Close())
	}
	s.mu.Lock()
	s.hold = h
	s.mu.Unlock()
	return nil
}

// cannot keeps why the hold cannot be taken, for Away to tell, and logs it once.
func (s *Store) cannot(err error) {
	s.mu.Lock()
	before := s.why
	s.why = err
	s.mu.Unlock()
	if err != nil && (before == nil || before.Error() != err.Error()) {
		s.log().Warn("nobody holds the folder, and it cannot be taken", "folder", s.dir, "error", err)
	}
}

func (s *Store) log() *slog.Logger {
	if s.opts.Log != nil {
		return s.opts.Log
	}
	return slog.New(slog.DiscardHandler)
}

// Embedded is the store itself, where this process holds the folder, and nil
// where another does.
func (s *Store) Embedded() *embedded.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hold == nil {
		return nil
	}
	return s.hold.events
}

// Away says since when the holder has not answered, and why; zero while it does.
func (s *Store) Away() (since time.Time, cause error) {
	through, ok := s.Store.(*esdb.Store)
	if !ok {
		return time.Time{}, nil
	}
	since, cause = through.Away()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !since.IsZero() && s.why != nil {
		cause = s.why
	}
	return since, cause
}

// Close ends the store. A holder first lets those finish who go through it;
// one of them takes the hold then.
func (s *Store) Close() error { return s.closed() }

func (s *Store) close() error {
	s.stop()
	<-s.watched
	s.mu.Lock()
	h := s.hold
	s.hold = nil
	s.mu.Unlock()
	if h == nil {
		return errors.Join(s.Store.Close(), s.name.Close())
	}
	if s.Store == eventstore.Store(h.events) {
		return h.Close()
	}
	// We are our own client: it goes first.
	return errors.Join(s.Store.Close(), s.name.Close(), h.Close())
}
