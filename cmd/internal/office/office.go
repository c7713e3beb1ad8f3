// Package office is what people do with a ledger: open one, find what is in it by
// name or number, try a command and give it, import a roster, prepare a batch,
// write the bank's file and take its answer, keep documents, look at
// private data, erase it. It knows nothing of flags, of words on a terminal or of
// HTTP: the command line, pages and scripts are fronts of it, and tests.
//
//	o, err := office.Open(ctx, office.Home{Data: dir}, office.Options{})
//	if err != nil {
//		fmt.Println(office.Sentence(err, domain.Zh)) // and exit with office.KindOf(err).Exit()
//		return
//	}
//	defer o.Close()
//	keys, err := o.Signers("registrar.key")
//	s := &office.Session{Office: o, Keys: keys}
//	bureau, err := s.Find(domain.UnitKind, "县民政局")
//	done, err := s.Give(ctx, on, "town", &domain.RegisterUnit{Parent: bureau, Name: "一乡", Kind: "township", Division: "410527"})
//
// The example of this package is that, whole.
//
// # Where to start
//
// A [Reader] has the store of a ledger and what is read from it without any key:
// books, lists, events (reader.go, lists.go). An [Office] is a Reader with the
// ledger and its vault: it records (instruction.go, script.go, describe.go, roster.go, batch.go,
// bank.go, documents.go, erase.go), and opens private values (private.go, names.go).
//
// Sealed values are opened in one place, door.go, which asks
// domain's gate, writes the vault's journal, and only then opens; a test forbids
// any other caller. What is wrong is one table, fault.go: what happened -> exit
// code, HTTP status ([Status]), sentence in Chinese and English.
//
// # One store, one fold
//
// Whoever opens an office opens the store once, for as long as the office is open.
// The ledger folds the events once into the state that commands are decided
// against, and questions about private data, batches and the bank ask that state.
// Books are another fold, and only for who asks for them: they show what is synced
// and may be as of an earlier day, while commands are decided ahead of the sync.
//
// All methods of Reader and Office may be called from many goroutines. A [Session], an
// [Asker] and a [BankDesk] are made for one request each, and used by one goroutine.
package office

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/semaphore"

	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/vault"
	"reliefledger.org/ledger/eventstore/vault/documents"
)

// Options of an office; the zero value is right for a command.
type Options struct {
	// Calendar has the announced holidays; nil is the embedded one.
	Calendar *domain.Calendar
	// AcceptLost goes on where the vault remembers events that the store has not
	// any more; that stands in the vault's journal.
	AcceptLost bool
	// Tell is told what people should know of that is no error; nil: nobody. It may be
	// called from several goroutines at once, and until Close has returned.
	Tell func(Note)
	// Clock says which day it is for who looks at a list; nil is the machine's.
	Clock func() time.Time

	wrap func(eventstore.Store) eventstore.Store // of tests, which count what is read
}

func (opts Options) tell(n Note) {
	if opts.Tell != nil {
		opts.Tell(n)
	}
}

// Office is a ledger with its vault, open for recording and for looking at what is
// private.
type Office struct {
	*Reader
	vault  *vault.Vault
	ledger *ledger.Ledger
	shown  disclosed
	real   *Office // of a rehearsal: the office that it is a copy of

	erasing atomic.Bool // somebody was erased here: Close fails where that is not finished
}

func newOffice(r *Reader, v *vault.Vault, l *ledger.Ledger) *Office {
	return &Office{Reader: r, vault: v, ledger: l, shown: disclosed{opening: semaphore.NewWeighted(1)}}
}

// Open opens a ledger for recording.
func Open(ctx context.Context, home Home, opts Options) (*Office, error) {
	a, err := home.About()
	if err != nil {
		return nil, err
	}
	v, err := home.openVault(ctx, a)
	if err != nil {
		return nil, err
	}
	r, err := read(ctx, home, a, opts)
	if err != nil {
		return nil, errors.Join(err, v.Close())
	}
	l, err := ledger.Open(ctx, r.store, v, ledger.Options{Snapshot: home.Snapshot("state", a), AcceptLost: opts.AcceptLost, Calendar: opts.Calendar})
	if err != nil {
		return nil, errors.Join(err, r.Close(), v.Close())
	}
	o := newOffice(r, v, l)
	o.State(func(s *domain.Ledger) { err = home.OtherLedger(a.Ledger, s.ID) })
	if err != nil { // nothing of it is remembered: it is not ours
		return nil, errors.Join(err, l.Close(), r.Close(), v.Close())
	}
	r.TellDangers()
	return o, nil
}

// Create makes the folder of a new ledger, with a vault and a wrapping key in the
// file that a names, and opens it. Its first event is an order, [domain.OpenLedger].
func Create(ctx context.Context, home Home, a About, opts Options) (*Office, error) {
	if err := home.create(ctx, a); err != nil {
		return nil, err
	}
	return Open(ctx, home, opts)
}

// Close leaves what the next start finds sooner, finishes an erasure with a new
// wrapping key, and closes everything. What could not be left behind is told; the
// error says what was recorded or erased and is not finished.
func (o *Office) Close() error {
	if o.rehearses() {
		return errors.Join(o.ledger.Close(), o.Reader.Close(), o.vault.Close(), os.RemoveAll(o.Data))
	}
	o.noSnapshot(o.ledger.Keep())
	if err := o.ledger.Remember(); err != nil {
		o.opts.tell(Warning(err)) // what was recorded is recorded
	}
	left := o.FinishErasures()
	if left != nil && !o.erasing.Load() {
		o.opts.tell(Warning(left))
		left = nil
	}
	return errors.Join(left, o.ledger.Close(), o.Reader.Close(), o.vault.Close())
}

// rotationPatience bounds the finishing of an erasure, which goes on although the
// command was interrupted.
const rotationPatience = time.Hour

// FinishErasures makes a new wrapping key where somebody was erased since the last: now,
// or by a process that was cut off. Until then older copies of the vault open that
// person's data. Close does it; an office that stays open does it after an erasure, and
// goes on with the new key.
func (o *Office) FinishErasures() error {
	path := o.KeyPath(o.about)
	ctx, stop := context.WithTimeout(context.Background(), rotationPatience)
	defer stop()
	left, err := o.vault.Unrotated(ctx)
	if errors.Is(err, vault.ErrClosed) || err == nil && !left {
		return nil
	}
	if err == nil {
		err = o.removeErased(ctx)
	}
	if err == nil {
		err = o.vault.Rotate(ctx, path, vault.Entry{Did: "erase"})
	}
	if errors.Is(err, vault.ErrWrongKey) {
		if left, e := o.vault.Unrotated(ctx); e == nil && !left {
			return nil // another process has done it
		}
	}
	if err != nil {
		return &unfinishedErasure{err}
	}
	o.opts.tell(Note{Zh: fmt.Sprintf("已换用新的封装密钥：%s\n旧的保险库副本和备份不再能打开任何人的信息。请用它替换另存于别处的副本，销毁旧副本，然后做一次新备份，并用 %s 确认。", path, words.ConfirmErase),
		En: fmt.Sprintf("A new wrapping key: %s\nOlder copies of the vault, and backups, open nobody any more. Replace the copy that is kept elsewhere, destroy the old one, make a fresh backup, and confirm with %s.", path, words.ConfirmErase)})
	return nil
}

// unfinishedErasure says that an erasure goes on with the next command.
type unfinishedErasure struct{ err error }

func (e *unfinishedErasure) Error() string { return e.Say(domain.En) }
func (e *unfinishedErasure) Unwrap() error { return e.err }
func (e *unfinishedErasure) Kind() Kind    { return KindOf(e.err) }

func (e *unfinishedErasure) Say(l domain.Lang) string {
	return choose(l, "删除未完成，下一个用到保险库的命令会接着做：", "the erasure is not finished, the next command that uses the vault goes on with it: ") + Sentence(e.err, l)
}

// State calls f with the state that commands are decided against, which f must not
// keep or change. It holds a lock: f copies what it wants and returns, and calls nothing
// of the office that asks the state again.
func (o *Office) State(f func(*domain.Ledger)) { o.ledger.View(f) }

// ID is the ledger's id; zero before it is opened.
func (o *Office) ID() (id uuid.UUID) {
	o.State(func(s *domain.Ledger) { id = s.ID })
	return id
}

// Opened says whether the ledger has its first event; one that was cut off before
// it is opened by trying again.
func (o *Office) Opened() (opened bool) {
	o.State(func(s *domain.Ledger) { opened = s.Opened != nil })
	return opened
}

// Recorded says whether a command of this ledger had its effect already.
func (o *Office) Recorded(command uuid.UUID) (recorded bool) {
	o.State(func(s *domain.Ledger) { recorded = s.Effect(command) != nil })
	return recorded
}

// MustBeOpened refuses a ledger that has no first event.
func (o *Office) MustBeOpened() error {
	if !o.Opened() {
		return o.neverOpened()
	}
	return nil
}

// documents are the files of the ledger, encrypted in its folder.
func (o *Office) documents() *documents.Store {
	return documents.Open(o.folder(DocumentsFolder), o.about.Ledger, o.vault)
}
