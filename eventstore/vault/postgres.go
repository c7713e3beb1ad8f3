package vault

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// Several servers share a vault in a PostgreSQL database. Each ledger has a
// schema of its own, named for its id, so that one database may hold the vaults
// of several and one of them can be dropped whole.
//
// PostgreSQL does not overwrite at once what is deleted, as SQLite does for us. Old
// rows stay in the table until VACUUM FULL, and in the write-ahead log and its
// archive, in replicas and in backups. A deleted key cannot be read all the same,
// because it is wrapped: an erasure destroys the wrapping key that could open the
// old rows (format section 4).

const (
	// poolSize bounds a server's connections: one writes, the others look up
	// what is to be sealed or shown. PostgreSQL lets in 100 by default.
	poolSize = 8

	// connectWait bounds a connection that is not answered.
	connectWait = 5 * time.Second
)

// Unavailable says that the database of the vault could not be reached. A write that
// got it may have happened or not; done again, it has one effect.
type Unavailable struct{ Cause error }

func (e *Unavailable) Error() string {
	return fmt.Sprintf("the vault's database cannot be reached: %v", e.Cause)
}

func (e *Unavailable) Unwrap() error { return e.Cause }

var postgres = &dialect{
	schema: `
CREATE TABLE meta (name TEXT PRIMARY KEY, value BYTEA NOT NULL);
CREATE TABLE keys (id BYTEA PRIMARY KEY, wrapped BYTEA NOT NULL);
CREATE TABLE numbers (mac BYTEA PRIMARY KEY, party BYTEA NOT NULL);
CREATE TABLE accounts (mac BYTEA PRIMARY KEY, account BYTEA NOT NULL);
CREATE INDEX numbers_party ON numbers (party);
CREATE INDEX accounts_account ON accounts (account);
CREATE TABLE journal (no BIGINT PRIMARY KEY, entry BYTEA NOT NULL, mac BYTEA NOT NULL);`,
	lockJournal: `LOCK TABLE journal IN SHARE ROW EXCLUSIVE MODE`,
	lockAll:     []string{`LOCK TABLE meta, keys, numbers, accounts IN ACCESS EXCLUSIVE MODE`},
	shrink:      []string{`VACUUM FULL meta`, `VACUUM FULL keys`, `VACUUM FULL numbers`, `VACUUM FULL accounts`},
	bind:        numbered,
	failed:      failedPostgres,
}

// numbered turns ? into $1, $2, ...
func numbered(statement string) string {
	var b strings.Builder
	n := 0
	for _, r := range statement {
		if r == '?' {
			n++
			fmt.Fprintf(&b, "$%d", n)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// failedPostgres tells apart errors that another transaction caused, a server that
// is not there, and one that does not let the user in. The caller has checked its
// own context before.
func failedPostgres(err error) (error, bool) {
	var said *pgconn.PgError
	var connect *pgconn.ConnectError
	var network net.Error
	switch {
	case errors.As(err, &said): // also in what a connect failed with
		switch {
		case said.Code == "40001" || said.Code == "40P01": // serialization, deadlock
			return err, true
		case strings.HasPrefix(said.Code, "28") || said.Code == "42501": // authorization, privilege
			return fmt.Errorf("%w: %w", ErrDenied, err), false
		case strings.HasPrefix(said.Code, "08") || strings.HasPrefix(said.Code, "57P") || said.Code == "53300": // connection, shutdown, too many
			return &Unavailable{err}, false
		}
	case errors.As(err, &connect), errors.As(err, &network), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, driver.ErrBadConn):
		return &Unavailable{err}, false
	}
	return err, false
}

// hidden stands for an address of which nothing can be shown safely.
const hidden = "postgres://(hidden)"

// checkFile refuses a file's name that was meant for an address: it would have a
// password in it.
func checkFile(path string) error {
	lower := strings.ToLower(path)
	if strings.HasPrefix(lower, "postgres:") || strings.HasPrefix(lower, "postgresql:") || strings.Contains(lower, "password=") {
		return &NotAVault{hidden, "a database is named postgres://user:password@host/database"}
	}
	return nil
}

// isPostgres says whether an address is a database's and not a file's. Whatever
// looks like an address is one: a path could then show its password.
func isPostgres(address string) bool { return strings.Contains(address, "://") }

// Redact returns an address without the password that may stand in it; a user's
// name stays, so that PostgreSQL's ~/.pgpass can have the password. Of one that
// does not read plainly nothing is shown.
func Redact(address string) string {
	if !isPostgres(address) {
		return address
	}
	u, err := url.Parse(address)
	// An @ behind the host is what is left of a password with a / or ? in it.
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || strings.ContainsAny(u.Path+u.RawQuery+u.Fragment, "@#") {
		return hidden
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	for name := range q {
		if strings.Contains(strings.ToLower(name), "password") {
			q.Del(name)
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// schemaOf names the schema of a ledger's vault.
func schemaOf(ledger uuid.UUID) string {
	return "vault_" + strings.ReplaceAll(ledger.String(), "-", "")
}

// local says whether a server is on this machine: a folder of sockets, or
// loopback.
func local(host string) bool {
	ip := net.ParseIP(host)
	return strings.HasPrefix(host, "/") || host == "localhost" || ip != nil && ip.IsLoopback()
}

func dial(address string, ledger uuid.UUID) (*sql.DB, error) {
	c, err := pgx.ParseConfig(address)
	if err != nil || Redact(address) == hidden {
		return nil, &NotAVault{Redact(address), "the address does not read"} // the error would show it
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectWait
	}
	if c.TLSConfig != nil {
		c.TLSConfig.MinVersion = tls.VersionTLS12
	}
	// Without this a password and all that is looked up could go in clear to a
	// server that says it has no TLS.
	if c.TLSConfig == nil && !local(c.Host) || len(c.Fallbacks) > 0 && !local(c.Host) {
		return nil, &NotAVault{Redact(address), "a server elsewhere is asked with sslmode=verify-full (or require)"}
	}
	c.RuntimeParams["search_path"] = schemaOf(ledger)
	c.RuntimeParams["synchronous_commit"] = "on"                        // keys are durable before the events that use them
	c.RuntimeParams["default_transaction_isolation"] = "read committed" // who waited for a rotation sees it (transact)
	c.RuntimeParams["application_name"] = "reliefledger"
	db := stdlib.OpenDB(*c)
	db.SetMaxOpenConns(poolSize)
	db.SetMaxIdleConns(poolSize)
	db.SetConnMaxIdleTime(time.Minute)
	return db, nil
}

func createPostgres(ctx context.Context, address string, ledger uuid.UUID, key WrappingKey) (*Vault, error) {
	db, err := dial(address, ledger)
	if err != nil {
		return nil, fmt.Errorf("create vault: %w", err)
	}
	index, w, err := createTables(ctx, db, postgres, ledger, key, "CREATE SCHEMA "+schemaOf(ledger)+";")
	if err != nil && ctx.Err() != nil {
		return nil, errors.Join(fmt.Errorf("create vault: %w", ctx.Err()), db.Close())
	}
	if err != nil {
		var said *pgconn.PgError
		if named, _ := failedPostgres(err); named != err {
			err = named
		} else if errors.As(err, &said) && said.Code == "42P06" { // the schema is there
			err = &NotAVault{Redact(address), "a vault of this ledger is there already"}
		}
		return nil, errors.Join(fmt.Errorf("create vault: %w", err), db.Close())
	}
	return start(db, postgres, ledger, w, index), nil
}

func openPostgres(ctx context.Context, address string, ledger uuid.UUID, key WrappingKey) (*Vault, error) {
	db, err := dial(address, ledger)
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	index, w, err := openIndexKey(ctx, db, postgres, Redact(address), ledger, key)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open vault: %w", err), db.Close())
	}
	return start(db, postgres, ledger, w, index), nil
}
