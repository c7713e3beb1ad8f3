package main

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/esdb"
	"reliefledger.org/ledger/eventstore/folder"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/vault"
	"reliefledger.org/ledger/projections"
)

// What stands in a ledger's folder.
const (
	eventsFolder = "events"
	vaultFile    = "vault.db"
	ledgerFile   = "ledger.json"

	snapshotsFolder = "snapshots" // caches; may be removed at any time
)

// about is ledger.json: which ledger the folder is, and where its wrapping key,
// its events and its vault are by default. No secret stands in it.
type about struct {
	Ledger      uuid.UUID `json:"ledger"`
	WrappingKey string    `json:"wrapping_key"`
	Store       string    `json:"store,omitempty"` // without user and password; empty: in the folder
	Vault       string    `json:"vault,omitempty"` // likewise
}

// noLedgerError says that a folder holds no ledger.
type noLedgerError struct{ dir, why string }

func (e *noLedgerError) Error() string {
	return fmt.Sprintf("%s 不是账簿目录 / is no ledger: %s", e.dir, e.why)
}

// keyError says what is wrong with a key file.
type keyError struct {
	path string
	err  error
}

func (e *keyError) Error() string { return fmt.Sprintf("key %s: %v", e.path, e.err) }
func (e *keyError) Unwrap() error { return e.err }

func (p *program) about() (about, error) {
	var a about
	if p.data == "" {
		return a, &noLedgerError{"(none)", "--data DIR / RELIEFLEDGER_DATA"}
	}
	text, err := os.ReadFile(filepath.Join(p.data, ledgerFile))
	if err != nil {
		return a, &noLedgerError{p.data, fmt.Sprintf("no %s", ledgerFile)}
	}
	if err := json.Unmarshal(text, &a); err != nil || a.Ledger == (uuid.UUID{}) {
		return a, &noLedgerError{p.data, ledgerFile + " is torn"}
	}
	return a, nil
}

// events opens the store of a ledger: the one that is asked for, else the one
// that ledger.json names, else the folder's own.
func (p *program) events(ctx context.Context, a about) (eventstore.Store, error) {
	address := p.store
	if address == "" {
		address = a.Store
	}
	return openStore(ctx, address, filepath.Join(p.data, eventsFolder))
}

// openStore opens the store at an address, or in a folder where there is none.
func openStore(ctx context.Context, address, dir string) (eventstore.Store, error) {
	if address == "" {
		return folder.Open(ctx, dir, folder.Options{})
	}
	return esdb.Dial(ctx, address, esdb.Options{})
}

// snapshot is the file in which something that was folded is kept between
// starts, of a store elsewhere one for its address: positions are the store's.
func (p *program) snapshot(name string, a about) string {
	if p.data == "" {
		return ""
	}
	address := p.store
	if address == "" {
		address = a.Store
	}
	if address != "" {
		name += "-" + fmt.Sprintf("%x", sha256.Sum256([]byte(esdb.Redact(address))))[:12]
	}
	return filepath.Join(p.data, snapshotsFolder, name)
}

// otherLedger says that a store holds another ledger than the folder.
func otherLedger(dir string, want, have uuid.UUID) error {
	if have == want || have == (uuid.UUID{}) {
		return nil
	}
	return &noLedgerError{dir, fmt.Sprintf("its store holds another ledger 事件库中是另一本账簿: %s, want %s", have, want)}
}

// books opens the store and reads the projections from a snapshot, if there is
// one, and leaves one.
func (p *program) books(ctx context.Context) (*projections.Books, error) {
	return p.booksFrom(ctx, p.snapshot)
}

// fromEvents is where evidence comes from: no snapshot.
func fromEvents(string, about) string { return "" }

// booksFrom reads books from a snapshot; a name that is empty reads all events.
func (p *program) booksFrom(ctx context.Context, snapshot func(string, about) string) (*projections.Books, error) {
	a, err := p.about()
	if err != nil {
		return nil, err
	}
	until, err := p.until()
	if err != nil {
		return nil, err
	}
	store, err := p.events(ctx, a)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	path := snapshot("books", a)
	b, err := projections.ReadFrom(ctx, store, path, until)
	if err != nil {
		return nil, err
	}
	if b.State.Opened == nil && until != (projections.Until{}) {
		return nil, &inputError{what: "--as-of", why: p.say("那时账簿尚未开立", "the ledger was not open yet")}
	}
	if b.State.Opened == nil {
		return nil, &noLedgerError{p.data, "it was never opened, run init again 尚未开立，请再运行 init (LedgerOpened is missing)"}
	}
	if err := otherLedger(p.data, a.Ledger, b.State.ID); err != nil {
		return nil, err
	}
	p.kept(b.Keep(path))
	return b, nil
}

// kept says that a snapshot could not be left.
func (p *program) kept(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, p.say("注意：快照未写成，下次启动较慢：%v\n", "note: no snapshot was left, the next start takes longer: %v\n"), err)
	}
}

// opened is a ledger with what must be closed after it.
type opened struct {
	*ledger.Ledger
	store   eventstore.Store
	vault   *vault.Vault
	program *program
	key     string // the file of the wrapping key
	ours    bool   // the store has the folder's ledger
	erasing bool   // the command is an erasure: it fails where that is not finished
}

func (o *opened) Close() error {
	var left error
	if o.ours {
		o.program.kept(o.Keep())
		if err := o.Remember(); err != nil {
			o.program.caution(err) // what was recorded is recorded
		}
		if left = o.rotate(); left != nil && !o.erasing {
			o.program.caution(left)
			left = nil
		}
	}
	return errors.Join(left, o.Ledger.Close(), o.store.Close(), o.vault.Close())
}

// open opens the ledger for recording.
func (p *program) open(ctx context.Context) (*opened, error) {
	a, err := p.about()
	if err != nil {
		return nil, err
	}
	v, err := p.openVault(ctx, a)
	if err != nil {
		return nil, err
	}
	store, err := p.events(ctx, a)
	if err != nil {
		return nil, errors.Join(err, v.Close())
	}
	l, err := p.start(ctx, store, v, a)
	if err != nil {
		return nil, err
	}
	l.View(func(s *domain.Ledger) { err = otherLedger(p.data, a.Ledger, s.ID) })
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	l.ours = true
	return l, nil
}

// vaultAt is where the vault of a ledger is: a file, or a PostgreSQL database.
func (p *program) vaultAt(a about) string {
	switch {
	case p.vault != "":
		return p.vault
	case a.Vault != "":
		return a.Vault
	}
	return filepath.Join(p.data, vaultFile)
}

func (p *program) openVault(ctx context.Context, a about) (*vault.Vault, error) {
	path := p.keyPath(a)
	v, err := vault.OpenRotated(ctx, p.vaultAt(a), a.Ledger, path)
	var file *vault.KeyFile
	if errors.As(err, &file) {
		return nil, &keyError{file.Path, file.Err}
	}
	return v, err
}

// rotate makes a new wrapping key where somebody was erased since the last: now,
// or by a process that was cut off. Until then older copies of the vault open
// him.
func (o *opened) rotate() error {
	p, v, path := o.program, o.vault, o.key
	ctx, stop := context.WithTimeout(context.Background(), time.Hour) // a command that was interrupted finishes this
	defer stop()
	left, err := v.Unrotated(ctx)
	if errors.Is(err, vault.ErrClosed) || err == nil && !left {
		return nil
	}
	if err == nil {
		err = o.removeErased(ctx)
	}
	if err == nil {
		err = v.Rotate(ctx, path, vault.Entry{Did: "erase"})
	}
	if errors.Is(err, vault.ErrWrongKey) {
		if left, e := v.Unrotated(ctx); e == nil && !left {
			return nil // another process has done it
		}
	}
	if err != nil {
		return fmt.Errorf(p.say("删除未完成，下一个用到保险库的命令会接着做：%w", "the erasure is not finished, the next command that uses the vault goes on with it: %w"), err)
	}
	fmt.Fprintf(os.Stderr, p.say("已换用新的封装密钥：%s\n旧的保险库副本和备份不再能打开任何人的信息。请用它替换另存于别处的副本，销毁旧副本，然后做一次新备份，并用 erase --confirm 确认。\n",
		"A new wrapping key: %s\nOlder copies of the vault, and backups, open nobody any more. Replace the copy that is kept elsewhere, destroy the old one, make a fresh backup, and confirm with erase --confirm.\n"), path)
	return nil
}

func (p *program) start(ctx context.Context, store eventstore.Store, v *vault.Vault, a about) (*opened, error) {
	opts := ledger.Options{Snapshot: p.snapshot("state", a), AcceptLost: p.acceptLost}
	if p.holidays != "" {
		text, err := os.ReadFile(p.holidays)
		if err == nil {
			opts.Calendar, err = domain.ParseCalendar(text)
		}
		if err != nil {
			return nil, errors.Join(&inputError{what: p.holidays, err: err}, store.Close(), v.Close())
		}
	}
	l, err := ledger.Open(ctx, store, v, opts)
	if err != nil {
		return nil, errors.Join(err, store.Close(), v.Close())
	}
	return &opened{Ledger: l, store: store, vault: v, program: p, key: p.keyPath(a)}, nil
}

// create makes the folder of a new ledger, and its events there or at an
// address. ledger.json is written last: a folder without it is no ledger. The
// first event comes after it, so that where the answer to that is lost the same
// ledger is opened by trying again.
func (p *program) create(ctx context.Context, a *about) (*opened, error) {
	if p.data == "" {
		return nil, &noLedgerError{"(none)", "--data DIR / RELIEFLEDGER_DATA"}
	}
	if entries, err := os.ReadDir(p.data); err == nil && len(entries) > 0 {
		return nil, &eventstore.NotEmpty{Path: p.data, Found: entries[0].Name()}
	}
	// What is elsewhere comes first: where it cannot be reached nothing is made.
	var store eventstore.Store
	if p.store != "" {
		elsewhere, err := esdb.Dial(ctx, p.store, esdb.Options{})
		if err != nil {
			return nil, err
		}
		if err := vacant(ctx, elsewhere, p.store); err != nil {
			return nil, errors.Join(err, elsewhere.Close())
		}
		store, a.Store = elsewhere, esdb.Redact(p.store)
	}
	l, err := p.makeFolder(ctx, a, store)
	if err != nil && store != nil {
		err = errors.Join(err, store.Close())
	}
	return l, err
}

// vacant says whether a store elsewhere has no ledger yet.
func vacant(ctx context.Context, store eventstore.Store, address string) error {
	for e, err := range store.ReadStream(ctx, "ledger", 0, eventstore.Forwards) {
		if err != nil {
			return err
		}
		return &eventstore.NotEmpty{Path: esdb.Redact(address), Found: e.Stream}
	}
	return nil
}

// makeFolder is create once a store elsewhere is open. What it made before it
// failed it takes away again.
func (p *program) makeFolder(ctx context.Context, a *about, store eventstore.Store) (l *opened, err error) {
	if err := os.MkdirAll(p.data, 0o700); err != nil {
		return nil, err
	}
	made := []string{p.data}
	defer func() {
		for i := len(made) - 1; err != nil && i >= 0; i-- {
			_ = os.Remove(made[i]) // a folder only if it is empty
		}
	}()
	if err := os.MkdirAll(filepath.Dir(a.WrappingKey), 0o700); err != nil {
		return nil, err
	}
	key := vault.NewWrappingKey()
	if err := key.WriteFile(a.WrappingKey); err != nil {
		return nil, &keyError{a.WrappingKey, err}
	}
	made = append(made, a.WrappingKey)
	v, err := vault.CreateAt(ctx, p.vaultAt(*a), a.Ledger, key)
	if p.vault == "" {
		made = append(made, filepath.Join(p.data, vaultFile))
	}
	if err != nil {
		return nil, err
	}
	if p.vault != "" {
		a.Vault = vault.Redact(p.vault)
	}
	if store == nil {
		if store, err = folder.Create(filepath.Join(p.data, eventsFolder), folder.Options{}); err != nil {
			return nil, errors.Join(err, v.Close())
		}
	}
	if err := p.finish(*a); err != nil {
		return nil, errors.Join(err, store.Close(), v.Close())
	}
	made = nil // it is a ledger now, and whatever fails later it keeps its key
	l, err = p.start(ctx, store, v, *a)
	if err != nil {
		return nil, err
	}
	l.ours = true
	return l, nil
}

func (p *program) finish(a about) error {
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	return replaceSynced(filepath.Join(p.data, ledgerFile), append(text, '\n'))
}

const keyHeader = "relief ledger officer key 1"

// writeKey writes an officer's key to a new file that only he reads.
func writeKey(path string, key ed25519.PrivateKey) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return &keyError{path, err}
	}
	_, err = fmt.Fprintf(f, "%s\n%s\n", keyHeader, base64.StdEncoding.EncodeToString(key.Seed()))
	return errors.Join(err, f.Sync(), f.Close())
}

// readPrivate reads a file of secrets. One that others may read is refused.
func readPrivate(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &keyError{path, err}
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, &keyError{path, fmt.Errorf("others may read it (mode %o): chmod 600", info.Mode().Perm())}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &keyError{path, err}
	}
	return text, nil
}

// readKey reads it.
func readKey(path string) (ed25519.PrivateKey, error) {
	text, err := readPrivate(path)
	if err != nil {
		return nil, err
	}
	header, body, _ := strings.Cut(string(text), "\n")
	seed, err := base64.StdEncoding.DecodeString(strings.TrimSpace(body))
	if header != keyHeader || err != nil || len(seed) != ed25519.SeedSize {
		return nil, &keyError{path, errors.New("not an officer's key file")}
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// signers finds the officers of the keys given with --key.
func (p *program) signers(l *ledger.Ledger) ([]ledger.Signer, error) {
	var list []ledger.Signer
	for _, path := range p.keys {
		key, err := readKey(path)
		if err != nil {
			return nil, err
		}
		public := string(key.Public().(ed25519.PublicKey))
		found := false
		l.View(func(s *domain.Ledger) {
			for _, o := range s.Officers {
				if string(o.Key()) == public {
					list = append(list, ledger.Signer{Officer: o.ID, Key: key})
					found = true
				}
			}
		})
		if !found {
			return nil, &keyError{path, errors.New("no officer of this ledger has this key 不是本账簿经办人的密钥")}
		}
	}
	return list, nil
}
