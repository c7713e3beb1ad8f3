// Package vault keeps what must be forgotten some day apart from what is kept
// for ever: the keys under which a ledger's private values are sealed, and two
// indexes, from an id number to the party it belongs to and from an account to
// its id.
//
//	v, err := vault.Create("ledger/vault.db", ledgerID, wrapping)
//	err = v.EnsureKeys(ctx, party)               // before the first event that uses it
//	box, err := v.Seal(ctx, party, binding, []byte("张三"), nonce)
//	text, err := v.Unseal(ctx, party, binding, box)
//
// Every person and every case (a stream) has a random key of 32 bytes. Keys
// are wrapped by one wrapping key, which is kept outside the data folder: the
// vault's file alone opens nothing, and with a key gone its values are noise.
//
// The file is an SQLite database with secure_delete on, so that what is deleted
// is overwritten, and a rollback journal rather than a write-ahead log, so that
// no copy of it stays in a second file.
package vault

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/google/uuid"
	_ "modernc.org/sqlite" // SQLite in pure Go: nothing to install beside the program
)

// Errors of a vault.
var (
	// ErrKeyGone says that a person's or case's key is not there (any more).
	ErrKeyGone = errors.New("the key is gone: the value can be opened no more")
	// ErrTampered says that a sealed value is not what was sealed, or stands in
	// another place than it was sealed for.
	ErrTampered = errors.New("the sealed value was changed, or belongs elsewhere")
	// ErrWrongKey says that the wrapping key is not this vault's.
	ErrWrongKey = errors.New("the wrapping key is not that of this vault")
	// ErrTooLong says that a value has more than MaxPlain bytes.
	ErrTooLong = errors.New("the value is too long to seal")
	// ErrClosed says that the vault was closed.
	ErrClosed = errors.New("the vault is closed")
)

// NotAVault says that a file is not the vault of this ledger.
type NotAVault struct{ Path, Why string }

func (e *NotAVault) Error() string {
	return fmt.Sprintf("%s is not this ledger's vault: %s", e.Path, e.Why)
}

// Limits and versions.
const (
	MaxPlain  = 64 << 10 // bytes of one value; a document has its own place
	NonceSize = 12
	format    = 1
	pageSize  = 4096 // of SQLite
	// padTo is the length class of boxes, so that a length tells little.
	padTo = 32
	// cacheKeys bounds the unwrapped keys in memory: 32 bytes each, enough for
	// the parties of a county's list.
	cacheKeys = 50_000
)

const schema = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE keys (id BLOB PRIMARY KEY, wrapped BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE numbers (mac BLOB PRIMARY KEY, party BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE accounts (mac BLOB PRIMARY KEY, account BLOB NOT NULL) STRICT, WITHOUT ROWID;`

// Vault is an open vault. All methods may be called from many goroutines.
type Vault struct {
	ledger uuid.UUID
	wrap   cipher.AEAD
	index  []byte // key of the two indexes
	db     *sql.DB

	mu      sync.Mutex // guards what follows
	cache   map[uuid.UUID][]byte
	waiting []*job
	closed  bool

	wake chan struct{} // room for one: the writer takes all that waits
	done chan struct{} // closed when the writer has ended
}

// A job is a write that waits for the next transaction.
type job struct {
	do  func(tx *sql.Tx) error
	err chan error // room for one, so that the writer never waits
}

// Create makes a vault in a new file.
func Create(path string, ledger uuid.UUID, key WrappingKey) (*Vault, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create vault: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("create vault: %w", err)
	}
	db, err := connect(path)
	if err != nil {
		return nil, fmt.Errorf("create vault %s: %w", path, err)
	}
	index := make([]byte, 32)
	rand.Read(index)
	wrapped := seal(key.aead(), index, []byte("index"))
	tx, err := db.Begin()
	if err == nil {
		_, err = tx.Exec(schema)
		for name, value := range map[string][]byte{"format": {format}, "ledger": ledger[:], "index": wrapped} {
			if err == nil {
				_, err = tx.Exec(`INSERT INTO meta VALUES (?, ?)`, name, value)
			}
		}
		if err == nil {
			err = tx.Commit()
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create vault %s: %w", path, err), db.Close())
	}
	return start(db, ledger, key, index), nil
}

// Open opens the vault of a ledger. Errors: *NotAVault, ErrWrongKey, or that of
// the file system.
func Open(path string, ledger uuid.UUID, key WrappingKey) (*Vault, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	if info.Size()%pageSize != 0 {
		return nil, &NotAVault{path, fmt.Sprintf("torn: %d bytes are no whole pages", info.Size())}
	}
	db, err := connect(path)
	if err != nil {
		return nil, &NotAVault{path, err.Error()}
	}
	v, err := open(db, path, ledger, key)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return v, nil
}

func open(db *sql.DB, path string, ledger uuid.UUID, key WrappingKey) (*Vault, error) {
	var check string
	if err := db.QueryRow(`PRAGMA quick_check(1)`).Scan(&check); err != nil || check != "ok" {
		return nil, &NotAVault{path, fmt.Sprintf("damaged: %s %v", check, err)}
	}
	meta := map[string][]byte{}
	for _, name := range []string{"format", "ledger", "index"} {
		var value []byte
		if err := db.QueryRow(`SELECT value FROM meta WHERE name = ?`, name).Scan(&value); err != nil {
			return nil, &NotAVault{path, err.Error()}
		}
		meta[name] = value
	}
	if len(meta["format"]) != 1 || meta["format"][0] > format {
		return nil, &NotAVault{path, fmt.Sprintf("format %v is newer than %d", meta["format"], format)}
	}
	if string(meta["ledger"]) != string(ledger[:]) {
		return nil, &NotAVault{path, "it belongs to another ledger"}
	}
	index, err := unseal(key.aead(), meta["index"], []byte("index"))
	if err != nil {
		return nil, ErrWrongKey
	}
	return start(db, ledger, key, index), nil
}

// connect opens the file with one connection: the folder's lock keeps other
// processes out, and one connection keeps the pragmas.
func connect(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=page_size(4096)&_pragma=secure_delete(1)&_pragma=synchronous(FULL)&_pragma=journal_mode(DELETE)&_pragma=locking_mode(EXCLUSIVE)&_pragma=temp_store(MEMORY)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, db.Ping()
}

func start(db *sql.DB, ledger uuid.UUID, key WrappingKey, index []byte) *Vault {
	v := &Vault{ledger: ledger, wrap: key.aead(), index: index, db: db, cache: map[uuid.UUID][]byte{},
		wake: make(chan struct{}, 1), done: make(chan struct{})}
	go v.write()
	return v
}

// Close waits for what was accepted and closes the file.
func (v *Vault) Close() error {
	v.mu.Lock()
	if v.closed {
		v.mu.Unlock()
		return nil
	}
	v.closed = true
	v.mu.Unlock()
	v.poke()
	<-v.done
	return v.db.Close()
}

func (v *Vault) poke() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// write is the writer: all that waits goes into one transaction with one sync,
// and nobody is answered before it.
func (v *Vault) write() {
	defer close(v.done)
	for range v.wake {
		v.mu.Lock()
		jobs, closed := v.waiting, v.closed
		v.waiting = nil
		v.mu.Unlock()
		if len(jobs) > 0 {
			err := v.commit(jobs)
			for _, j := range jobs {
				j.err <- err
			}
		}
		if closed {
			return
		}
	}
}

func (v *Vault) commit(jobs []*job) error {
	tx, err := v.db.Begin()
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if err := j.do(tx); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

// do gives a write to the writer and waits for its sync.
func (v *Vault) do(ctx context.Context, f func(tx *sql.Tx) error) error {
	j := &job{f, make(chan error, 1)}
	v.mu.Lock()
	if v.closed {
		v.mu.Unlock()
		return ErrClosed
	}
	v.waiting = append(v.waiting, j)
	v.mu.Unlock()
	v.poke()
	select {
	case err := <-j.err:
		return err
	case <-ctx.Done():
		return ctx.Err() // the write may still happen: it is harmless
	}
}

// EnsureKeys makes keys for the persons or cases that have none. They are
// durable when it returns, and that must be before the first event that uses
// them; a crash in between leaves a key that nobody needs.
func (v *Vault) EnsureKeys(ctx context.Context, ids ...uuid.UUID) error {
	var missing []uuid.UUID
	for _, id := range ids {
		if _, err := v.key(id); errors.Is(err, ErrKeyGone) {
			missing = append(missing, id)
		} else if err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return v.do(ctx, func(tx *sql.Tx) error {
		for _, id := range missing {
			key := make([]byte, 32)
			rand.Read(key)
			if _, err := tx.Exec(`INSERT INTO keys VALUES (?, ?) ON CONFLICT DO NOTHING`, id[:], seal(v.wrap, key, id[:])); err != nil {
				return fmt.Errorf("vault: make a key: %w", err)
			}
		}
		return nil
	})
}

// key returns the key of a person or case, ErrKeyGone where there is none.
func (v *Vault) key(id uuid.UUID) ([]byte, error) {
	v.mu.Lock()
	key, closed := v.cache[id], v.closed
	v.mu.Unlock()
	if closed {
		return nil, ErrClosed
	}
	if key != nil {
		return key, nil
	}
	var wrapped []byte
	switch err := v.db.QueryRow(`SELECT wrapped FROM keys WHERE id = ?`, id[:]).Scan(&wrapped); {
	case errors.Is(err, sql.ErrNoRows):
		return nil, ErrKeyGone
	case err != nil:
		return nil, fmt.Errorf("vault: read a key: %w", err)
	}
	key, err := unseal(v.wrap, wrapped, id[:])
	if err != nil {
		return nil, fmt.Errorf("vault: key %s: %w", id, ErrTampered)
	}
	v.mu.Lock()
	if len(v.cache) >= cacheKeys {
		clear(v.cache)
	}
	v.cache[id] = key
	v.mu.Unlock()
	return key, nil
}

func (v *Vault) derive(id uuid.UUID, use string) ([]byte, error) {
	key, err := v.key(id)
	if err != nil {
		return nil, err
	}
	return hkdf.Key(sha256.New, key, nil, "relief ledger vault "+use, 32)
}

// Binding is the place for which a value is sealed; it opens nowhere else.
type Binding struct {
	Stream  string
	Command uuid.UUID
	Path    string // of the field in the command
	Schema  int
}

func (v *Vault) bound(key uuid.UUID, b Binding) []byte {
	ad := append([]byte{}, v.ledger[:]...)
	ad = append(ad, key[:]...)
	for _, s := range []string{b.Stream, string(b.Command[:]), b.Path} {
		ad = binary.BigEndian.AppendUint32(ad, uint32(len(s)))
		ad = append(ad, s...)
	}
	return binary.BigEndian.AppendUint32(ad, uint32(b.Schema))
}

// Seal encrypts a value under a person's or case's key: AES-256-GCM, padded to
// classes of 32 bytes, with nonce in front. The nonce is random and drawn once.
func (v *Vault) Seal(_ context.Context, key uuid.UUID, b Binding, plain, nonce []byte) ([]byte, error) {
	if len(plain) > MaxPlain {
		return nil, ErrTooLong
	}
	if len(nonce) != NonceSize {
		return nil, fmt.Errorf("vault: a nonce has %d bytes, not %d", NonceSize, len(nonce))
	}
	k, err := v.derive(key, "seal")
	if err != nil {
		return nil, err
	}
	padded := binary.BigEndian.AppendUint32(nil, uint32(len(plain)))
	padded = append(padded, plain...)
	padded = append(padded, make([]byte, (padTo-len(padded)%padTo)%padTo)...)
	return aead(k).Seal(append([]byte{}, nonce...), nonce, padded, v.bound(key, b)), nil
}

// Unseal opens a value. Errors: ErrKeyGone, ErrTampered.
func (v *Vault) Unseal(_ context.Context, key uuid.UUID, b Binding, box []byte) ([]byte, error) {
	k, err := v.derive(key, "seal")
	if err != nil {
		return nil, err
	}
	if len(box) < NonceSize {
		return nil, ErrTampered
	}
	padded, err := aead(k).Open(nil, box[:NonceSize], box[NonceSize:], v.bound(key, b))
	if err != nil || len(padded) < 4 {
		return nil, ErrTampered
	}
	n := binary.BigEndian.Uint32(padded)
	if int64(n) > int64(len(padded)-4) {
		return nil, ErrTampered
	}
	return padded[4 : 4+n], nil
}

// Tag is what stands for a value in what an officer signs: an HMAC under a key
// derived from the person's or case's, over field and value.
func (v *Vault) Tag(_ context.Context, key uuid.UUID, field, value string) ([]byte, error) {
	k, err := v.derive(key, "tag")
	if err != nil {
		return nil, err
	}
	m := hmac.New(sha256.New, k)
	m.Write(binary.BigEndian.AppendUint32(nil, uint32(len(field))))
	m.Write([]byte(field))
	m.Write([]byte(value))
	return m.Sum(nil), nil
}

// mac is the index entry of a number or account.
func (v *Vault) mac(kind, value string) []byte {
	m := hmac.New(sha256.New, v.index)
	m.Write([]byte(kind + "\x00" + value))
	return m.Sum(nil)
}

// ClaimNumber says whose an id number is: the party's, if it was free, else the
// one's who has it. One number is one party.
func (v *Vault) ClaimNumber(ctx context.Context, number string, party uuid.UUID) (uuid.UUID, error) {
	return v.claim(ctx, "numbers", "party", v.mac("number", number), party)
}

// ClaimAccount returns the id that stands for an account, which is id if the
// account is new.
func (v *Vault) ClaimAccount(ctx context.Context, account string, id uuid.UUID) (uuid.UUID, error) {
	return v.claim(ctx, "accounts", "account", v.mac("account", account), id)
}

func (v *Vault) claim(ctx context.Context, table, column string, mac []byte, id uuid.UUID) (owner uuid.UUID, err error) {
	err = v.do(ctx, func(tx *sql.Tx) error {
		if _, err := tx.Exec(`INSERT INTO `+table+` VALUES (?, ?) ON CONFLICT DO NOTHING`, mac, id[:]); err != nil {
			return fmt.Errorf("vault: claim in %s: %w", table, err)
		}
		var found []byte
		if err := tx.QueryRow(`SELECT `+column+` FROM `+table+` WHERE mac = ?`, mac).Scan(&found); err != nil {
			return fmt.Errorf("vault: claim in %s: %w", table, err)
		}
		owner, err = uuid.FromBytes(found)
		return err
	})
	return owner, err
}

// PartyOf returns the party of an id number.
func (v *Vault) PartyOf(ctx context.Context, number string) (party uuid.UUID, ok bool, err error) {
	var found []byte
	switch err := v.db.QueryRowContext(ctx, `SELECT party FROM numbers WHERE mac = ?`, v.mac("number", number)).Scan(&found); {
	case errors.Is(err, sql.ErrNoRows):
		return uuid.UUID{}, false, nil
	case err != nil:
		return uuid.UUID{}, false, fmt.Errorf("vault: look up a number: %w", err)
	}
	party, err = uuid.FromBytes(found)
	return party, err == nil, err
}

func aead(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // keys have 32 bytes
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return a
}

// seal and unseal wrap keys, with a random nonce in front.
func seal(a cipher.AEAD, plain, ad []byte) []byte {
	nonce := make([]byte, NonceSize)
	rand.Read(nonce)
	return a.Seal(nonce, nonce, plain, ad)
}

func unseal(a cipher.AEAD, box, ad []byte) ([]byte, error) {
	if len(box) < NonceSize {
		return nil, ErrTampered
	}
	return a.Open(nil, box[:NonceSize], box[NonceSize:], ad)
}

// MoveNumber gives a number from one party to another: from one that was
// claimed for and never registered.
func (v *Vault) MoveNumber(ctx context.Context, number string, from, to uuid.UUID) error {
	return v.do(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`UPDATE numbers SET party = ? WHERE mac = ? AND party = ?`, to[:], v.mac("number", number), from[:])
		return err
	})
}
