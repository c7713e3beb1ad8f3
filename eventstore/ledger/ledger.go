// Package ledger runs the domain on a store of events: it takes an officer's
// order, seals what is private in it, checks who signed it, lets the domain
// decide, appends what was decided, and carries on the processes that follow
// in other streams.
//
//	l, err := ledger.Open(ctx, store, keys, ledger.Options{})
//	if err != nil {
//		return err
//	}
//	defer l.Close()
//	done, err := l.Do(ctx, order, ledger.Signer{Officer: me, Key: key})
//	var no *domain.Refusal
//	if errors.As(err, &no) {
//		fmt.Println(no.Sentence(domain.Zh)) // nothing was changed
//	}
//
// The state is folded from the store by one goroutine, the follower. An order is
// answered once its events are synced and folded, so that officers see at once
// what they have written. Where this process holds the store itself, an order is
// decided before those ahead of it are synced, and many share a sync.
//
// # The files
//
// On the way of an order:
//
//	order.go      what is private in it is sealed, and the text to sign is made
//	signature.go  it is signed; and who signed is checked before it is decided
//	try.go        what it would lead to: nothing is written
//	handle.go     from the order to its answer, on any store
//	ahead.go      the same, where this process holds the store itself
//	decide.go     the domain decides, and its events are encoded
//	claim.go      an id number is one party's, and an account has one id
//	append.go     its events are written, and waited for until the state has them
//	steps.go      what has to follow in other streams
//
// Beside it:
//
//	ledger.go     a ledger is opened, follows its store, and is closed
//	forget.go     the vault is held against the store: what is lost, what is erased
//	signed.go     what officers signed is read back, for package replay
//	reference.go  by which references a bank's answer names the rows of a batch
package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/snapshot"
	"reliefledger.org/ledger/eventstore/vault"
)

// Options of a ledger. The zero value is right for a real one.
type Options struct {
	// Calendar has the announced holidays; nil is the embedded one.
	Calendar *domain.Calendar
	// Clock says when events are recorded; nil is the machine's. An order of a
	// simulated ledger may say its own time.
	Clock func() time.Time
	// Snapshot is a file from which the state is taken, if there is one there
	// that was made with this vault's keys; see [Ledger.Keep]. Empty is none.
	Snapshot string
	// AcceptLost opens the ledger although the store no longer has events that the
	// vault remembers; the vault's journal says so.
	AcceptLost bool
}

// Ledger is the domain on a store. All methods may be called from many
// goroutines.
type Ledger struct {
	store    eventstore.Store
	vault    *vault.Vault
	calendar *domain.Calendar
	clock    func() time.Time

	stop     context.CancelFunc
	followed chan struct{} // closed when the follower has ended

	mu       sync.Mutex // guards what follows; held for decisions and folds, never while waiting
	state    *domain.Ledger
	position eventstore.Position // of the last event folded
	grown    chan struct{}       // closed and replaced when position moves or failed is set
	failed   error               // why the follower ended
	readOnly error               // names an event of a newer program, after which nothing is written
	lastTime time.Time           // of a simulated clock
	point    snapshot.Point      // as far as the follower has come
	ahead    *ahead              // nil: orders are decided only against what is synced

	streamsMu sync.Mutex
	streams   map[string]*sync.Mutex // held by the one that decides and appends to the stream

	snapshot string // a file, or empty
	snapped  uint64 // events of the snapshot in it

	steps sync.Mutex // one goroutine at a time writes steps that are owed
}

// Open folds the store's events and follows it, and writes the steps that a crash
// left owed. The store and the vault are closed by the caller, after Close.
func Open(ctx context.Context, store eventstore.Store, keys *vault.Vault, opts Options) (*Ledger, error) {
	l := &Ledger{store: store, vault: keys, calendar: opts.Calendar, clock: opts.Clock,
		state: domain.NewLedger(), followed: make(chan struct{}), grown: make(chan struct{}), streams: map[string]*sync.Mutex{}, snapshot: opts.Snapshot}
	if l.calendar == nil {
		l.calendar = domain.DefaultCalendar()
	}
	if l.clock == nil {
		l.clock = time.Now
	}
	// The vault's mark is read first: another process may be writing, and may leave
	// a mark in the vault for events that are not read here yet.
	seen, err := keys.Mark(ctx, vault.Tail)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	if err := l.restore(ctx); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	decode := func(raw eventstore.Recorded, number uint64) decoded {
		r, err := codec.Decode(raw, number)
		return decoded{r, err, raw}
	}
	for d, err := range eventstore.InParallel(ctx, store, l.position, l.state.Count, decode) {
		if err != nil {
			return nil, fmt.Errorf("open ledger: read events: %w", err)
		}
		l.foldDecodedLocked(d)
	}
	if err := l.compareWithVault(ctx, seen, opts.AcceptLost); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	following, stop := context.WithCancel(context.Background())
	l.stop = stop
	go l.follow(following)
	if err := l.carryOn(ctx); err != nil {
		l.Close()
		return nil, fmt.Errorf("open ledger: continue processes: %w", err)
	}
	if direct := embeddedOf(store); direct != nil {
		l.mu.Lock()
		l.ahead = &ahead{line: direct.NewLine()}
		l.mu.Unlock()
	}
	return l, nil
}

// Close ends following the store.
func (l *Ledger) Close() error {
	l.stop()
	<-l.followed
	return nil
}

// kept is what a snapshot has.
type kept struct {
	State    *domain.Ledger
	LastTime time.Time
}

// restore takes the state from a snapshot, if there is one.
func (l *Ledger) restore(ctx context.Context) error {
	if l.snapshot == "" {
		return nil
	}
	var k kept
	at, err := snapshot.Load(ctx, l.snapshot, l.vault.SnapshotKey(), l.store, &k)
	var none *snapshot.None
	switch {
	case errors.As(err, &none) || err == nil && (k.State == nil || k.State.Count != at.Count):
		return nil
	case err != nil:
		return err
	}
	l.state, l.lastTime, l.point, l.position, l.snapped = k.State, k.LastTime, at, at.Position, at.Count
	return nil
}

// FromSnapshot returns the state of the snapshot in a file with the events after it
// folded, for an audit that compares it with the state of all events. It takes a
// snapshot of any vault. *[snapshot.None] says that there is none.
func FromSnapshot(ctx context.Context, store eventstore.Store, path string) (*domain.Ledger, error) {
	var k kept
	at, err := snapshot.Load(ctx, path, nil, store, &k)
	if err != nil {
		return nil, err
	}
	for r, err := range store.ReadAll(ctx, at.Position, eventstore.Forwards) {
		if err != nil {
			return nil, err
		}
		d, _ := codec.Decode(r, k.State.Count)
		_, _ = k.State.Apply(d) // the state itself remembers what cannot be folded
	}
	return k.State, nil
}

// waitAllReached waits a moment until the follower has reached all that was folded
// ahead of it: only then is the state that of a point in the store's history.
func (l *Ledger) waitAllReached() {
	ctx, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	for {
		l.mu.Lock()
		all, failed, grown := l.ahead == nil || len(l.ahead.unseen) == 0, l.failed, l.grown
		l.mu.Unlock()
		if all || failed != nil {
			return
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return
		}
	}
}

// Keep writes a snapshot if it would save the next start much. It is called before
// Close. An error means that the next start takes longer, and nothing else.
func (l *Ledger) Keep() error {
	l.waitAllReached()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.snapshot == "" || !snapshot.Worth(l.point.Count, l.snapped) || l.readOnly != nil || l.failed != nil ||
		l.state.Owed() > 0 || l.state.Count != l.point.Count || l.point.Position != l.position {
		return nil
	}
	if err := snapshot.Save(l.snapshot, l.vault.SnapshotKey(), l.point, &kept{l.state, l.lastTime}); err != nil {
		return fmt.Errorf("keep a snapshot of the state: %w", err)
	}
	l.snapped = l.point.Count
	return nil
}

// follow folds what is appended, by this process and by others.
func (l *Ledger) follow(ctx context.Context) {
	defer close(l.followed)
	var err error
	for r, e := range l.store.Subscribe(ctx, l.position) {
		if err = e; err != nil {
			break
		}
		l.fold(r)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed = err; err == nil {
		l.failed = eventstore.ErrClosed
	}
	close(l.grown)
}

// fold applies one event. One that cannot be read or folded keeps its number
// and changes nothing.
func (l *Ledger) fold(raw eventstore.Recorded) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if raw.Position.Compare(l.position) <= 0 {
		return // folded when the state started over
	}
	if l.reachLocked(raw) {
		l.position = maxPosition(l.position, raw.Position)
		if l.point.Position.Compare(raw.Position) < 0 {
			l.point.Next(raw)
		}
	} else {
		l.foldLocked(raw)
	}
	if l.failed == nil {
		close(l.grown)
		l.grown = make(chan struct{})
	}
}

// foldLocked applies an event that the state does not have. Under mu.
func (l *Ledger) foldLocked(raw eventstore.Recorded) {
	r, err := codec.Decode(raw, l.state.Count)
	l.foldDecodedLocked(decoded{r, err, raw})
}

// decoded is an event with its bytes, and why it could not be read.
type decoded struct {
	*domain.Recorded
	err error
	raw eventstore.Recorded
}

// foldDecodedLocked is foldLocked for an event that is decoded. Under mu, or before
// the follower is started.
func (l *Ledger) foldDecodedLocked(d decoded) {
	var newer *codec.NewerSchema
	if errors.As(d.err, &newer) {
		l.readOnly = d.err // which names the event
	}
	l.applyLocked(d.Recorded)
	l.position = d.raw.Position
	l.point.Next(d.raw)
}

func (l *Ledger) applyLocked(r *domain.Recorded) {
	_, _ = l.state.Apply(r) // what cannot be folded is in state.Unfolded
	if r.Meta.Recorded.After(l.lastTime) {
		l.lastTime = r.Meta.Recorded
	}
}

func maxPosition(a, b eventstore.Position) eventstore.Position {
	if a.Compare(b) > 0 {
		return a
	}
	return b
}

// View calls f with the state, which f must not keep or change.
func (l *Ledger) View(f func(*domain.Ledger)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(l.state)
}

// lock lets one goroutine at a time write a stream.
func (l *Ledger) lock(stream string) (unlock func()) {
	l.streamsMu.Lock()
	m := l.streams[stream]
	if m == nil {
		m = &sync.Mutex{}
		l.streams[stream] = m
	}
	l.streamsMu.Unlock()
	m.Lock()
	return m.Unlock
}

// Note writes into the vault's journal. It is called before anything is opened.
func (l *Ledger) Note(ctx context.Context, e vault.Entry) error { return l.vault.Note(ctx, e) }

// Journal returns the vault's journal.
func (l *Ledger) Journal(ctx context.Context) iter.Seq2[vault.Entry, error] {
	return l.vault.Journal(ctx)
}

// Unseal opens a sealed value of an event, to be shown. command made the event, and
// path is the path of the field in that command.
func (l *Ledger) Unseal(ctx context.Context, s domain.Sealed, stream string, command uuid.UUID, path string) (string, error) {
	plain, err := l.vault.Unseal(ctx, s.Key, vault.Binding{Stream: stream, Command: command, Path: path, Schema: codec.Schema}, s.Box)
	return string(plain), err
}

// PartyOf returns the registered party of an id number in its normal form.
func (l *Ledger) PartyOf(ctx context.Context, number string) (uuid.UUID, bool, error) {
	party, ok, err := l.vault.PartyOf(ctx, number)
	if err != nil || !ok {
		return uuid.UUID{}, false, err
	}
	l.View(func(s *domain.Ledger) { ok = s.Registered(party) })
	return party, ok, nil
}
