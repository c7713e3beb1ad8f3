package vault

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/google/uuid"
)

// set writes a value that the vault says of itself.
func (v *Vault) set(tx *sql.Tx, name string, value []byte) error {
	_, err := tx.Exec(v.dialect.bind(`INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`), name, value)
	return err
}

// get reads such a value; nil is none.
func (v *Vault) get(ctx context.Context, name string) (value []byte, err error) {
	err = v.db.QueryRowContext(ctx, v.dialect.bind(`SELECT value FROM meta WHERE name = ?`), name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		named, _ := v.dialect.failed(err)
		return nil, fmt.Errorf("vault: read %s: %w", name, named)
	}
	return value, nil
}

// A Mark says how many of something the ledger has, and which is the last.
type Mark struct {
	Count uint64    `json:"count"`
	Last  uuid.UUID `json:"last"` // event
}

// The marks that a ledger leaves in its vault, because the vault is kept apart from
// the log.
const (
	// Tail counts events. By it a log is found out that has lost its tail.
	Tail = "tail"
	// Erasures counts the erasures whose keys are known to be gone.
	Erasures = "erasures"
)

// Mark returns a mark; zero is none.
func (v *Vault) Mark(ctx context.Context, name string) (m Mark, err error) {
	text, err := v.get(ctx, name)
	if err != nil || text == nil {
		return m, err
	}
	return m, json.Unmarshal(text, &m)
}

// PeekTail reads the mark of the last event ([Tail]) from the vault of a ledger without
// its wrapping key, for who only looks whether a log has lost its tail. Nothing private
// is read, and nothing written. The error says that the vault cannot be looked into.
func PeekTail(ctx context.Context, address string, ledger uuid.UUID) (m Mark, err error) {
	var db *sql.DB
	d := sqlite
	if isPostgres(address) {
		d = postgres
		db, err = dial(address, ledger)
	} else if _, err = os.Stat(address); err == nil {
		db, err = sql.Open("sqlite", "file:"+escape.Replace(address)+"?mode=ro&_pragma=busy_timeout("+busyWait+")")
	}
	if err != nil {
		return m, fmt.Errorf("look into the vault: %w", err)
	}
	v := &Vault{db: db, dialect: d}
	m, err = v.Mark(ctx, Tail)
	return m, errors.Join(err, db.Close())
}

// SetMark writes a mark. A mark of another process that counts more is left as it
// is, unless anyway is set.
func (v *Vault) SetMark(ctx context.Context, name string, m Mark, anyway bool) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return v.write(ctx, func(tx *sql.Tx, _ wrapper) error {
		var before []byte
		err := tx.QueryRow(v.dialect.bind(`SELECT value FROM meta WHERE name = ?`), name).Scan(&before)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		var has Mark
		if err == nil && !anyway && json.Unmarshal(before, &has) == nil && has.Count >= m.Count {
			return nil
		}
		return v.set(tx, name, text)
	})
}
