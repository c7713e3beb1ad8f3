package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/google/uuid"
	driver "modernc.org/sqlite" // SQLite in pure Go: nothing to install beside the program
)

// The file is an SQLite database with secure_delete on, so that what is deleted
// is overwritten, and a rollback journal rather than a write-ahead log, so that
// no copy of it stays in a second file. Processes of one machine share it:
// SQLite's locks keep their transactions apart, and each waits for the others.

const (
	pageSize = 4096

	// busyWait is how long a transaction waits for those of other processes;
	// each takes as long as a sync.
	busyWait   = "10000" // milliseconds
	sqliteBusy = 5       // SQLITE_BUSY: another process had the lock all that time
)

var sqlite = &dialect{
	schema: `
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE keys (id BLOB PRIMARY KEY, wrapped BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE numbers (mac BLOB PRIMARY KEY, party BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE accounts (mac BLOB PRIMARY KEY, account BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX numbers_party ON numbers (party);
CREATE INDEX accounts_account ON accounts (account);
CREATE TABLE journal (no INTEGER PRIMARY KEY, entry BLOB NOT NULL, mac BLOB NOT NULL) STRICT;`,
	shrink: []string{`VACUUM`},
	bind:   func(statement string) string { return statement },
	failed: func(err error) (error, bool) {
		var said *driver.Error
		if errors.As(err, &said) && said.Code()&0xff == sqliteBusy {
			return &Unavailable{err}, false
		}
		return err, false
	},
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
	index, w, err := createTables(context.Background(), db, sqlite, ledger, key, "")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create vault %s: %w", path, err), db.Close())
	}
	return start(db, sqlite, ledger, w, index), nil
}

// Open opens the vault of a ledger in a file. Errors: *NotAVault, ErrWrongKey,
// or that of the file system.
func Open(path string, ledger uuid.UUID, key WrappingKey) (*Vault, error) {
	db, err := openSound(path)
	if err != nil {
		return nil, err
	}
	index, w, err := openIndexKey(context.Background(), db, sqlite, path, ledger, key)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return start(db, sqlite, ledger, w, index), nil
}

// openSound opens a file that is whole, whosever vault it is.
func openSound(path string) (*sql.DB, error) {
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
	var sound string
	err = db.QueryRow(`PRAGMA quick_check(1)`).Scan(&sound)
	if named, _ := sqlite.failed(err); named != err {
		return nil, errors.Join(named, db.Close())
	}
	if err != nil || sound != "ok" {
		return nil, errors.Join(&NotAVault{path, fmt.Sprintf("damaged: %s %v", sound, err)}, db.Close())
	}
	return db, nil
}

// escape keeps a path whole in the address of a database.
var escape = strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23")

// connect opens the file with one connection, which keeps the pragmas. Its
// transactions take the write lock when they begin: one that only took it at
// its first write could find that another had been there since it read.
func connect(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+escape.Replace(path)+"?_pragma=busy_timeout("+busyWait+")&_pragma=page_size(4096)&_pragma=secure_delete(1)&_pragma=synchronous(FULL)&_pragma=journal_mode(DELETE)&_pragma=temp_store(MEMORY)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if err := db.Ping(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}
