package vault

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// mac is a code of a number or account; its row in the index is that, hidden
// once more under the wrapping key.
func (v *Vault) mac(kind, value string) []byte {
	m := hmac.New(sha256.New, v.index)
	m.Write([]byte(kind + "\x00" + value))
	return m.Sum(nil)
}

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
