package office

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/vault"
	"reliefledger.org/ledger/projections"
)

// Reader is the store of a ledger, open for reading. It needs no key and opens
// nothing private.
type Reader struct {
	Home
	about About
	opts  Options
	store eventstore.Store
	seen  vault.Mark // what the vault remembered before the store was opened

	open    context.Context // until Close
	close   context.CancelFunc
	reading sync.WaitGroup // of readLive

	mu   sync.Mutex // guards live and told
	live *following // nil: nobody has looked yet
	told map[eventstore.Danger]bool
}

func newReader(home Home, a About, opts Options, store eventstore.Store) *Reader {
	r := &Reader{Home: home, about: a, opts: opts, store: store}
	r.open, r.close = context.WithCancel(context.Background())
	return r
}

// Read opens a ledger for reading.
func Read(ctx context.Context, home Home, opts Options) (*Reader, error) {
	a, err := home.About()
	if err != nil {
		return nil, err
	}
	return read(ctx, home, a, opts)
}

func read(ctx context.Context, home Home, a About, opts Options) (*Reader, error) {
	// The vault is looked into first: another process may be writing, and tells the vault
	// of events that are not read here yet. One that cannot be looked into says nothing.
	seen, _ := vault.PeekTail(ctx, home.VaultAt(a), a.Ledger)
	store, err := home.OpenEvents(ctx, a)
	if err != nil {
		return nil, err
	}
	if opts.wrap != nil {
		store = opts.wrap(store)
	}
	r := newReader(home, a, opts, store)
	r.seen = seen
	return r, nil
}

// Close ends the live books and closes the store.
func (r *Reader) Close() error {
	r.close()
	r.reading.Wait()
	r.TellDangers() // whatever was read
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.live != nil && r.live.live != nil {
		_ = r.live.live.Close() // it only waits
	}
	return r.store.Close()
}

// Store is the store of events.
func (r *Reader) Store() eventstore.Store { return r.store }

// Ledger is what ledger.json says.
func (r *Reader) Ledger() About { return r.about }

func (r *Reader) folder(name string) string { return filepath.Join(r.Data, name) }

func (r *Reader) neverOpened() error {
	return &NoLedgerError{r.Data, "尚未开立，请再运行 init（没有 LedgerOpened）", "it was never opened, run init again (LedgerOpened is missing)"}
}

// noSnapshot tells that a snapshot could not be left.
func (r *Reader) noSnapshot(err error) {
	if err != nil {
		r.opts.tell(Note{Zh: fmt.Sprintf("注意：快照未写成，下次启动较慢：%v", err), En: fmt.Sprintf("note: no snapshot was left, the next start takes longer: %v", err)})
	}
}

// Books reads the books as of a moment, from a snapshot if there is one, and leaves
// one. They are the caller's: nothing changes them.
func (r *Reader) Books(ctx context.Context, until projections.Until) (*projections.Books, error) {
	return r.books(ctx, until, r.Snapshot("books", r.about))
}

// BooksFromEvents reads the books from all events, without a snapshot: what
// evidence rests on.
func (r *Reader) BooksFromEvents(ctx context.Context, until projections.Until) (*projections.Books, error) {
	return r.books(ctx, until, "")
}

func (r *Reader) books(ctx context.Context, until projections.Until, snapshot string) (*projections.Books, error) {
	b, err := projections.ReadFrom(ctx, r.store, snapshot, until)
	if err != nil {
		return nil, err
	}
	if err := r.ours(b, until); err != nil {
		return nil, err
	}
	r.noSnapshot(b.Keep(snapshot))
	r.TellDangers()
	if until == (projections.Until{}) {
		if lost := r.LostTail(ctx, b.State, b.Position); lost != nil {
			r.opts.tell(Warning(lost))
		}
	}
	return b, nil
}

// behindPatience is how long a reader waits for a store elsewhere to show what the vault
// remembers: the server that answers may be a little behind its leader.
const behindPatience = 3 * time.Second

// LostTail says whether a state of now lacks events that the vault remembered when the
// store was opened: its log lost its tail, or was put back to an earlier day. after is the
// position of the state's last event, or zero where it is not known. It is nil where
// nothing is lacking, and where the vault cannot be looked into.
func (r *Reader) LostTail(ctx context.Context, s *domain.Ledger, after eventstore.Position) *ledger.Lost {
	lost := ledger.LostTail(s, r.seen)
	if lost == nil || s.Count >= r.seen.Count || r.StoreAddress(r.about) == "" {
		return lost
	}
	for end := time.Now().Add(behindPatience); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		count := uint64(0)
		if after != (eventstore.Position{}) {
			count = s.Count
		}
		for _, err := range r.store.ReadAll(ctx, after, eventstore.Forwards) {
			if err != nil {
				return lost
			}
			count++
		}
		if count >= r.seen.Count {
			return nil // it was only behind
		}
	}
	return lost
}

// ours refuses books of another ledger than the folder's, or of none.
func (r *Reader) ours(b *projections.Books, until projections.Until) error {
	switch {
	case b.State.Opened == nil && until != (projections.Until{}):
		return Input(words.AsOf.String(), "那时账簿尚未开立", "the ledger was not open yet")
	case b.State.Opened == nil:
		return r.neverOpened()
	}
	return r.OtherLedger(r.about.Ledger, b.State.ID)
}

// View calls f with the live books, which have everything up to a position: who
// gives that of an answer ([Result.Position]) reads what it wrote. f shares them with
// other readers: it copies what it shows, keeps nothing of them, and does not wait
// for anything.
func (r *Reader) View(ctx context.Context, after eventstore.Position, f func(*projections.Books)) error {
	live, err := r.follow(ctx)
	if err != nil {
		return err
	}
	if failed := live.Progress().Failed; failed != nil { // nobody is shown books that stand still
		return failed
	}
	return live.View(ctx, after, f)
}

// following are live books that are being read, or were.
type following struct {
	read chan struct{} // closed once live or err is there
	live *projections.Live
	err  error
}

// follow returns the live books. They are read with the first who looks at them, by a
// goroutine that no reader's patience ends, and anew where following has ended.
func (r *Reader) follow(ctx context.Context) (*projections.Live, error) {
	r.mu.Lock()
	f := r.live
	if f == nil || f.ended() {
		f = &following{read: make(chan struct{})}
		r.live = f
		r.reading.Add(1)
		go r.readLive(f)
	}
	r.mu.Unlock()
	select {
	case <-f.read:
		return f.live, f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// readLive reads live books, those of this ledger only.
func (r *Reader) readLive(f *following) {
	defer r.reading.Done()
	defer close(f.read)
	live, err := projections.FollowFrom(r.open, r.store, r.Snapshot("books", r.about))
	if err != nil {
		f.err = err
		return
	}
	if err := live.View(r.open, eventstore.Position{}, func(b *projections.Books) { err = r.ours(b, projections.Until{}) }); err == nil {
		f.live = live
	}
	if f.err = err; err != nil {
		_ = live.Close() // it only waits
	}
}

// ended says whether nobody follows the store any more.
func (f *following) ended() bool {
	select {
	case <-f.read:
		return f.err != nil || f.live.Progress().Failed != nil
	default:
		return false
	}
}

// today is the clock's day.
func (r *Reader) today() domain.Day {
	if r.opts.Clock != nil {
		return domain.DayOf(r.opts.Clock())
	}
	return domain.DayOf(time.Now())
}
