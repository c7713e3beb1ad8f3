package vault

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// set keeps a value of the vault's own.
func (v *Vault) set(tx *sql.Tx, name string, value []byte) error {
	_, err := tx.Exec(v.kind.bind(`INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`), name, value)
	return err
}

// get reads one; nil is none.
func (v *Vault) get(ctx context.Context, name string) (value []byte, err error) {
	err = v.db.QueryRowContext(ctx, v.kind.bind(`SELECT value FROM meta WHERE name = ?`), name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		named, _ := v.kind.failed(err)
		return nil, fmt.Errorf("vault: read %s: %w", name, named)
	}
	return value, nil
}

// A Mark is how many there are of something in the ledger, and the last of them.
type Mark struct {
	Count uint64    `json:"count"`
	Last  uuid.UUID `json:"last"` // event
}

// The marks that a ledger leaves in its vault, which is kept apart from the log.
const (
	// Tail is of events: a log that has lost its tail is found out by it.
	Tail = "tail"
	// Erasures are those whose keys are known to be gone.
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

// Leave leaves a mark. Without anyway it never takes back one that counts more,
// which another process left.
func (v *Vault) Leave(ctx context.Context, name string, m Mark, anyway bool) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return v.do(ctx, func(tx *sql.Tx) error {
		var before []byte
		err := tx.QueryRow(v.kind.bind(`SELECT value FROM meta WHERE name = ?`), name).Scan(&before)
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
