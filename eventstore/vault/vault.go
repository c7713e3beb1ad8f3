// Package vault keeps what must be forgotten some day apart from what is kept
// for ever: the keys under which a ledger's private values are sealed, and two
// indexes. One leads from an id number to the party it belongs to, the other from
// a bank account to the id that stands for it.
//
//	v, err := vault.Create("ledger/vault.db", ledgerID, wrapping)
//	err = v.EnsureKeys(ctx, party)               // before the first event that uses it
//	box, err := v.Seal(ctx, party, binding, []byte("张三"), nonce)
//	text, err := v.Unseal(ctx, party, binding, box)
//
// Every person and every case (a stream) has a random key of 32 bytes. Keys
// are wrapped by one wrapping key, which is kept outside the data folder: the
// vault's file alone opens nothing, and once a key is gone the values under it
// are noise (keys.go, seal.go, index.go). To erase is to delete a key and then to
// change the wrapping key, so that old copies of the vault open nothing either
// (erase.go, rotate.go). Who has the vault open meanwhile goes on with the new key
// (renew.go).
//
// Being apart from the log, the vault also has the journal of what was opened
// and by whom (journal.go), and remembers how long the log was (remember.go).
//
// A vault is an SQLite file, which the processes of one machine share
// (sqlite.go), or a schema in a PostgreSQL database, which several servers share
// (postgres.go). [OpenAt] and [CreateAt] take either by its address.
package vault

import (
	"context"
	"database/sql"
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
	// ErrWrongKey says that the wrapping key is not this vault's, or is so no more since
	// another process replaced it.
	ErrWrongKey = errors.New("the wrapping key is not that of this vault")
	// ErrTooLong says that a value has more than MaxPlain bytes.
	ErrTooLong = errors.New("the value is too long to seal")
	// ErrDenied says that the database does not let this user in.
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
	// padTo is the step in which the length of a sealed value grows, so that the
	// length tells little.
	padTo = 32
)

// Vault is an open vault. All methods may be called from many goroutines.
type Vault struct {
	ledger  uuid.UUID
	index   []byte // key of the two indexes
	keyFile string // of the wrapping key, to be read again; empty where the vault was not opened by a file
	db      *sql.DB
	dialect *dialect

	// rewrapping is held for reading while keys and indexes are read or written, and
	// for writing while they are wrapped anew.
	rewrapping sync.RWMutex

	// renewing is held, by putting something into it, while the key file is read again.
	renewing chan struct{} // room for one: one goroutine does it

	mu         sync.Mutex // guards what follows
	wrapper    wrapper
	cache      map[uuid.UUID][]byte // unwrapped keys (cache.go)
	forgotten  int                  // how often the cache was emptied
	forgetting *time.Timer          // empties it; nil before the first key is in it
	waiting    []*job
	closed     bool

	wake chan struct{} // room for one, since the writer takes all that waits at once
	done chan struct{} // closed when the writer has ended
}

// dialect is what differs between the databases.
type dialect struct {
	schema string // the statements that make the tables
	// lockJournal makes transactions that number entries of the journal wait for
	// each other; empty where transactions always do.
	lockJournal string
	// lockAll keeps others from the tables while they are wrapped anew.
	lockAll []string
	// shrink writes the tables anew, without what was deleted in them.
	shrink []string
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

// start makes a vault of an open database and starts its writer.
func start(db *sql.DB, k *dialect, ledger uuid.UUID, w wrapper, index []byte) *Vault {
	v := &Vault{ledger: ledger, wrapper: w, index: index, db: db, dialect: k, cache: map[uuid.UUID][]byte{},
		renewing: make(chan struct{}, 1), wake: make(chan struct{}, 1), done: make(chan struct{})}
	go v.runWriter()
	return v
}

// Close waits for the writes that were accepted and closes the database.
func (v *Vault) Close() error {
	v.mu.Lock()
	if v.closed {
		v.mu.Unlock()
		return nil
	}
	v.closed = true
	v.forgetLocked()
	v.mu.Unlock()
	v.wakeWriter()
	<-v.done
	return v.db.Close()
}

// Ledger is the ledger whose vault it is.
func (v *Vault) Ledger() uuid.UUID { return v.ledger }
