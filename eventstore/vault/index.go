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

// mac is the code by which a number or account is looked up. In the index it is
// hidden once more, under the wrapping key (wrapper.hide).
func (v *Vault) mac(kind, value string) []byte {
	m := hmac.New(sha256.New, v.index)
	m.Write([]byte(kind + "\x00" + value))
	return m.Sum(nil)
}

// SnapshotKey is the key by which a ledger tells its own snapshots from others: 32
// bytes, the same in every process that has the vault and its wrapping key.
func (v *Vault) SnapshotKey() []byte { return v.mac("snapshot", "") }

// ClaimNumber makes an id number belong to a party, unless it belongs to another,
// and returns the party that it belongs to then.
func (v *Vault) ClaimNumber(ctx context.Context, number string, party uuid.UUID) (uuid.UUID, error) {
	return v.claim(ctx, "numbers", "party", v.mac("number", number), party)
}

// ClaimAccount makes id stand for an account, unless another does, and returns the
// id that stands for it then.
func (v *Vault) ClaimAccount(ctx context.Context, account string, id uuid.UUID) (uuid.UUID, error) {
	return v.claim(ctx, "accounts", "account", v.mac("account", account), id)
}

func (v *Vault) claim(ctx context.Context, table, column string, mac []byte, id uuid.UUID) (uuid.UUID, error) {
	var owner uuid.UUID // read only if write returns nil: else the writer may still set it
	insert := v.dialect.bind(`INSERT INTO ` + table + ` VALUES (?, ?) ON CONFLICT DO NOTHING`)
	read := v.dialect.bind(`SELECT ` + column + ` FROM ` + table + ` WHERE mac = ?`)
	err := v.write(ctx, func(tx *sql.Tx, by wrapper) (err error) {
		mac := by.hide(mac)
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
	return v.lookUp(ctx, `SELECT party FROM numbers WHERE mac = ?`, v.mac("number", number))
}

// AccountOf returns the id that stands for an account. By it two accounts are
// compared without opening either.
func (v *Vault) AccountOf(ctx context.Context, account string) (id uuid.UUID, ok bool, err error) {
	return v.lookUp(ctx, `SELECT account FROM accounts WHERE mac = ?`, v.mac("account", account))
}

// lookUp looks a code up in an index.
func (v *Vault) lookUp(ctx context.Context, query string, code []byte) (id uuid.UUID, ok bool, err error) {
	err = v.goOn(ctx, func() (err error) {
		id, ok, err = v.lookUpOnce(ctx, query, code)
		return err
	})
	return id, ok, err
}

func (v *Vault) lookUpOnce(ctx context.Context, query string, code []byte) (id uuid.UUID, ok bool, err error) {
	v.rewrapping.RLock()
	defer v.rewrapping.RUnlock()
	by := v.currentWrapper()
	var found []byte
	switch err := v.readValue(ctx, query, by.hide(code), &found); {
	case errors.Is(err, sql.ErrNoRows):
		return uuid.UUID{}, false, v.checkNotRotated(ctx, v.db, by) // or it is there, hidden under another wrapping key
	case err != nil:
		return uuid.UUID{}, false, fmt.Errorf("vault: look up an index: %w", err)
	}
	id, err = uuid.FromBytes(found)
	return id, err == nil, err
}

// MoveNumber makes a number of one party belong to another. It is for a number that
// was claimed for a party which was then never registered.
func (v *Vault) MoveNumber(ctx context.Context, number string, from, to uuid.UUID) error {
	move := v.dialect.bind(`UPDATE numbers SET party = ? WHERE mac = ? AND party = ?`)
	return v.write(ctx, func(tx *sql.Tx, by wrapper) error {
		_, err := tx.Exec(move, to[:], by.hide(v.mac("number", number)), from[:])
		return err
	})
}
