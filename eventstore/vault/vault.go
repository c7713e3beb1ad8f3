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
// A vault is an SQLite file, which the processes of one machine share
// (sqlite.go), or a schema in a PostgreSQL database, which several servers share
// (postgres.go). OpenAt and CreateAt take either by its address.
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
	"sync"
	"time"

	"github.com/google/uuid"
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
	// ErrDenied says that the database lets this user not in.
	ErrDenied = errors.New("the vault's database denies access")
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
	format    = 2
	// padTo is the length class of boxes, so that a length tells little.
	padTo = 32
	// cacheKeys bounds the unwrapped keys in memory: 32 bytes each, enough for
	// the parties of a county's list.
	cacheKeys = 50_000
	// cacheAge bounds how long a key that another process has deleted may still
	// be used here.
	cacheAge = time.Minute
)

// Vault is an open vault. All methods may be called from many goroutines.
type Vault struct {
	ledger uuid.UUID
	index  []byte // key of the two indexes
	db     *sql.DB
	kind   *kind

	// turn is held while the vault is read or written, and alone while it is
	// wrapped anew.
	turn sync.RWMutex

	mu      sync.Mutex // guards what follows
	wrapped wrapped
	cache   map[uuid.UUID][]byte
	erased  int       // how often keys were deleted: one that was read before is not cached
	cached  time.Time // when the cache was last emptied
	waiting []*job
	closed  bool

	wake chan struct{} // room for one: the writer takes all that waits
	done chan struct{} // closed when the writer has ended
}

// A job is a write that waits for the next transaction.
type job struct {
	do    func(tx *sql.Tx) error
	after func()     // done once it is committed, before anybody is answered; may be nil
	err   chan error // room for one, so that the writer never waits
}

// kind is what differs between the databases.
type kind struct {
	schema string // the statements that make the tables
	// alone lets one transaction at a time number entries of the journal, where
	// transactions do not follow each other anyway.
	alone string
	// locks keep others from the tables while they are wrapped anew, and shrink
	// leaves nothing of what was deleted in them.
	locks, shrink []string
	// bind turns the ? of a statement into what the database has for it.
	bind func(statement string) string
	// failed names an error of the database; again says that the same
	// transaction may succeed now.
	failed func(err error) (named error, again bool)
}

// CreateAt makes a vault at an address: a file that is not there yet, or a
// database, postgres://user:password@host/database, that has no vault of this
// ledger. Errors: *NotAVault, *Unavailable, or that of the file system.
func CreateAt(ctx context.Context, address string, ledger uuid.UUID, key WrappingKey) (*Vault, error) {
	if isPostgres(address) {
		return createPostgres(ctx, address, ledger, key)
	}
	if err := checkFile(address); err != nil {
		return nil, err
	}
	return Create(address, ledger, key)
}

// OpenAt opens the vault of a ledger at an address. Errors: *NotAVault,
// ErrWrongKey, *Unavailable, or that of the file system.
func OpenAt(ctx context.Context, address string, ledger uuid.UUID, key WrappingKey) (*Vault, error) {
	if isPostgres(address) {
		return openPostgres(ctx, address, ledger, key)
	}
	if err := checkFile(address); err != nil {
		return nil, err
	}
	return Open(address, ledger, key)
}

// fill makes the tables of a new vault, whole or not at all.
func fill(ctx context.Context, db *sql.DB, k *kind, ledger uuid.UUID, key WrappingKey, before string) (index []byte, w wrapped, err error) {
	index = make([]byte, 32)
	rand.Read(index)
	w = wrappedBy(key)
	w.index = seal(w.aead, index, []byte("index"))
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, w, err
	}
	if _, err := tx.ExecContext(ctx, before+k.schema); err != nil {
		return nil, w, errors.Join(err, tx.Rollback())
	}
	for name, value := range map[string][]byte{"format": {format}, "ledger": ledger[:], "index": w.index} {
		if _, err := tx.ExecContext(ctx, k.bind(`INSERT INTO meta VALUES (?, ?)`), name, value); err != nil {
			return nil, w, errors.Join(err, tx.Rollback())
		}
	}
	return index, w, tx.Commit()
}

// check reads what the vault says of itself and opens the key of its indexes.
func check(ctx context.Context, db *sql.DB, k *kind, where string, ledger uuid.UUID, key WrappingKey) (index []byte, w wrapped, err error) {
	w = wrappedBy(key)
	w.index, err = described(ctx, db, k, where, ledger)
	if err != nil {
		return nil, w, err
	}
	index, err = unseal(w.aead, w.index, []byte("index"))
	if err != nil {
		return nil, w, ErrWrongKey
	}
	return index, w, nil
}

// described reads what the vault says of itself: that it is this ledger's, and
// the key of its indexes as it is sealed.
func described(ctx context.Context, db *sql.DB, k *kind, where string, ledger uuid.UUID) (index []byte, err error) {
	meta := map[string][]byte{}
	for _, name := range []string{"format", "ledger", "index"} {
		var value []byte
		if err := db.QueryRowContext(ctx, k.bind(`SELECT value FROM meta WHERE name = ?`), name).Scan(&value); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if named, _ := k.failed(err); named != err {
				return nil, named
			}
			return nil, &NotAVault{where, err.Error()}
		}
		meta[name] = value
	}
	if len(meta["format"]) != 1 || meta["format"][0] != format {
		return nil, &NotAVault{where, fmt.Sprintf("its format is %v, this program's %d", meta["format"], format)}
	}
	if string(meta["ledger"]) != string(ledger[:]) {
		return nil, &NotAVault{where, "it belongs to another ledger"}
	}
	return meta["index"], nil
}

func start(db *sql.DB, k *kind, ledger uuid.UUID, w wrapped, index []byte) *Vault {
	v := &Vault{ledger: ledger, wrapped: w, index: index, db: db, kind: k, cache: map[uuid.UUID][]byte{}, cached: time.Now(),
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
				if err == nil && j.after != nil {
					j.after()
				}
				j.err <- err
			}
		}
		if closed {
			return
		}
	}
}

const (
	// transactions bounds how often one is tried again that met another's.
	transactions = 10
	// transactionWait bounds one: a server that went silent must not hold up
	// everybody who waits, nor Close.
	transactionWait = 20 * time.Second
)

func (v *Vault) commit(jobs []*job) error {
	for try := 0; ; try++ {
		err := v.transact(jobs)
		if errors.Is(err, context.DeadlineExceeded) {
			return &Unavailable{err}
		}
		named, again := v.kind.failed(err)
		if !again || try == transactions {
			return named
		}
	}
}

func (v *Vault) transact(jobs []*job) error {
	v.turn.RLock()
	defer v.turn.RUnlock()
	ctx, cancel := context.WithTimeout(context.Background(), transactionWait)
	defer cancel()
	tx, err := v.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := v.stillWrapped(ctx, tx); err != nil {
		return errors.Join(err, tx.Rollback())
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
	return v.doThen(ctx, f, nil)
}

func (v *Vault) doThen(ctx context.Context, f func(tx *sql.Tx) error, after func()) error {
	j := &job{f, after, make(chan error, 1)}
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
// them; a crash in between leaves a key that nobody needs. Where another
// process makes the same key at the same time one of them stands, and both use
// that: a key is only ever used as it was read.
func (v *Vault) EnsureKeys(ctx context.Context, ids ...uuid.UUID) error {
	var missing []uuid.UUID
	for _, id := range ids {
		if _, err := v.key(ctx, id); errors.Is(err, ErrKeyGone) {
			missing = append(missing, id)
		} else if err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		return nil
	}
	insert := v.kind.bind(`INSERT INTO keys VALUES (?, ?) ON CONFLICT DO NOTHING`)
	return v.do(ctx, func(tx *sql.Tx) error {
		for _, id := range missing {
			key := make([]byte, 32)
			rand.Read(key)
			if _, err := tx.Exec(insert, id[:], seal(v.now().aead, key, id[:])); err != nil {
				return fmt.Errorf("vault: make a key: %w", err)
			}
		}
		return nil
	})
}

// key returns the key of a person or case, ErrKeyGone where there is none.
func (v *Vault) key(ctx context.Context, id uuid.UUID) ([]byte, error) {
	v.mu.Lock()
	if now := time.Now(); now.Sub(v.cached) > cacheAge || len(v.cache) >= cacheKeys {
		clear(v.cache)
		v.cached = now
	}
	key, closed, erased := v.cache[id], v.closed, v.erased
	v.mu.Unlock()
	if closed {
		return nil, ErrClosed
	}
	if key != nil {
		return key, nil
	}
	v.turn.RLock()
	defer v.turn.RUnlock()
	var wrapped []byte
	switch err := v.row(ctx, `SELECT wrapped FROM keys WHERE id = ?`, id[:], &wrapped); {
	case errors.Is(err, sql.ErrNoRows):
		return nil, ErrKeyGone
	case err != nil:
		return nil, fmt.Errorf("vault: read a key: %w", err)
	}
	by := v.now()
	key, err := unseal(by.aead, wrapped, id[:])
	if err != nil {
		if changed := v.stillWrapped(ctx, v.db); changed != nil {
			return nil, changed
		}
		return nil, fmt.Errorf("vault: key %s: %w", id, ErrTampered)
	}
	v.mu.Lock()
	if v.erased == erased {
		v.cache[id] = key
	}
	v.mu.Unlock()
	return key, nil
}

// row reads one value.
func (v *Vault) row(ctx context.Context, query string, arg []byte, into *[]byte) error {
	err := v.db.QueryRowContext(ctx, v.kind.bind(query), arg).Scan(into)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	named, _ := v.kind.failed(err)
	return named
}

// Derive returns a key of 32 bytes for one use, made from a person's or case's:
// what is done with it goes when that key goes. Errors: ErrKeyGone.
func (v *Vault) Derive(ctx context.Context, id uuid.UUID, use string) ([]byte, error) {
	key, err := v.key(ctx, id)
	if err != nil {
		return nil, err
	}
	return derive(key, use)
}

func derive(secret []byte, use string) ([]byte, error) {
	return hkdf.Key(sha256.New, secret, nil, "relief ledger vault "+use, 32)
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
func (v *Vault) Seal(ctx context.Context, key uuid.UUID, b Binding, plain, nonce []byte) ([]byte, error) {
	secret, err := v.key(ctx, key)
	if err != nil {
		return nil, err
	}
	return v.sealUnder(secret, key, b, plain, nonce)
}

func (v *Vault) sealUnder(secret []byte, key uuid.UUID, b Binding, plain, nonce []byte) ([]byte, error) {
	if len(plain) > MaxPlain {
		return nil, ErrTooLong
	}
	if len(nonce) != NonceSize {
		return nil, fmt.Errorf("vault: a nonce has %d bytes, not %d", NonceSize, len(nonce))
	}
	k, err := derive(secret, "seal")
	if err != nil {
		return nil, err
	}
	padded := binary.BigEndian.AppendUint32(nil, uint32(len(plain)))
	padded = append(padded, plain...)
	padded = append(padded, make([]byte, (padTo-len(padded)%padTo)%padTo)...)
	return aead(k).Seal(append([]byte{}, nonce...), nonce, padded, v.bound(key, b)), nil
}

// Unseal opens a value. Errors: ErrKeyGone, ErrTampered.
func (v *Vault) Unseal(ctx context.Context, key uuid.UUID, b Binding, box []byte) ([]byte, error) {
	k, err := v.Derive(ctx, key, "seal")
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
func (v *Vault) Tag(ctx context.Context, key uuid.UUID, field, value string) ([]byte, error) {
	secret, err := v.key(ctx, key)
	if err != nil {
		return nil, err
	}
	return tagUnder(secret, field, value)
}

func tagUnder(secret []byte, field, value string) ([]byte, error) {
	k, err := derive(secret, "tag")
	if err != nil {
		return nil, err
	}
	m := hmac.New(sha256.New, k)
	m.Write(binary.BigEndian.AppendUint32(nil, uint32(len(field))))
	m.Write([]byte(field))
	m.Write([]byte(value))
	return m.Sum(nil), nil
}

// mac is a code of a number or account; its row in the index is that, hidden
// once more under the wrapping key.
func (v *Vault) mac(kind, value string) []byte {
	m := hmac.New(sha256.New, v.index)
	m.Write([]byte(kind + "\x00" + value))
	return m.Sum(nil)
}

// Ledger is the ledger whose vault it is.
func (v *Vault) Ledger() uuid.UUID { return v.ledger }

// SnapshotKey is the key by which a ledger knows its own snapshots: 32 bytes,
// the same for all who have the vault and its wrapping key.
func (v *Vault) SnapshotKey() []byte { return v.mac("snapshot", "") }

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

func (v *Vault) claim(ctx context.Context, table, column string, mac []byte, id uuid.UUID) (uuid.UUID, error) {
	// The writer's until do returns nil: a caller whose ctx ended is gone before.
	var owner uuid.UUID
	insert := v.kind.bind(`INSERT INTO ` + table + ` VALUES (?, ?) ON CONFLICT DO NOTHING`)
	read := v.kind.bind(`SELECT ` + column + ` FROM ` + table + ` WHERE mac = ?`)
	err := v.do(ctx, func(tx *sql.Tx) (err error) {
		mac := v.now().row(mac)
		if _, err := tx.Exec(insert, mac, id[:]); err != nil {
			return fmt.Errorf("vault: claim in %s: %w", table, err)
		}
		var found []byte
		if err := tx.QueryRow(read, mac).Scan(&found); err != nil {
			return fmt.Errorf("vault: claim in %s: %w", table, err)
		}
		owner, err = uuid.FromBytes(found)
		return err
	})
	if err != nil {
		return uuid.UUID{}, err
	}
	return owner, nil
}

// PartyOf returns the party of an id number.
func (v *Vault) PartyOf(ctx context.Context, number string) (party uuid.UUID, ok bool, err error) {
	return v.look(ctx, `SELECT party FROM numbers WHERE mac = ?`, v.mac("number", number))
}

// AccountOf returns the id that stands for an account, by which two are compared
// without opening any.
func (v *Vault) AccountOf(ctx context.Context, account string) (id uuid.UUID, ok bool, err error) {
	return v.look(ctx, `SELECT account FROM accounts WHERE mac = ?`, v.mac("account", account))
}

// look looks a code up in an index.
func (v *Vault) look(ctx context.Context, query string, code []byte) (id uuid.UUID, ok bool, err error) {
	v.turn.RLock()
	defer v.turn.RUnlock()
	var found []byte
	switch err := v.row(ctx, query, v.now().row(code), &found); {
	case errors.Is(err, sql.ErrNoRows):
		return uuid.UUID{}, false, v.stillWrapped(ctx, v.db) // or it stands there under another wrapping key
	case err != nil:
		return uuid.UUID{}, false, fmt.Errorf("vault: look up an index: %w", err)
	}
	id, err = uuid.FromBytes(found)
	return id, err == nil, err
}

// MoveNumber gives a number from one party to another: from one that was
// claimed for and never registered.
func (v *Vault) MoveNumber(ctx context.Context, number string, from, to uuid.UUID) error {
	move := v.kind.bind(`UPDATE numbers SET party = ? WHERE mac = ? AND party = ?`)
	return v.do(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(move, to[:], v.now().row(v.mac("number", number)), from[:])
		return err
	})
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
