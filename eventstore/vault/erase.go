package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// Erase deletes the keys of persons and cases, their id numbers and some accounts,
// and writes into the journal that it did. Older copies of the vault still have
// them, and open with the wrapping key of today, until [Vault.Rotate].
func (v *Vault) Erase(ctx context.Context, keys, accounts []uuid.UUID, e Entry) error {
	e.Kind, e.Opened = Erased, []Opening{{Of: keys}}
	return v.writeThen(ctx, func(tx *sql.Tx, _ wrapper) error {
		if err := v.set(tx, "unrotated", []byte{1}); err != nil {
			return err
		}
		for _, of := range []struct {
			statement string
			ids       []uuid.UUID
		}{
			{`DELETE FROM keys WHERE id = ?`, keys},
			{`DELETE FROM numbers WHERE party = ?`, keys},
			{`DELETE FROM accounts WHERE account = ?`, accounts},
		} {
			for _, id := range of.ids {
				if _, err := tx.Exec(v.dialect.bind(of.statement), id[:]); err != nil {
					return fmt.Errorf("vault: erase: %w", err)
				}
			}
		}
		return v.note(tx, e)
	}, v.forget)
}

// Has returns the ids, among these, of persons and cases of which the vault has a
// key or a number.
func (v *Vault) Has(ctx context.Context, ids []uuid.UUID) ([]uuid.UUID, error) {
	var has []uuid.UUID
	for _, id := range ids {
		for _, query := range []string{`SELECT id FROM keys WHERE id = ?`, `SELECT party FROM numbers WHERE party = ?`} {
			var found []byte
			err := v.readValue(ctx, query, id[:], &found)
			if err == nil {
				has = append(has, id)
				break
			}
			if !errors.Is(err, sql.ErrNoRows) {
				return nil, fmt.Errorf("vault: look for a key: %w", err)
			}
		}
	}
	return has, nil
}

// Unrotated says that keys were deleted since the wrapping key was made: older
// copies of the vault still open what was erased.
func (v *Vault) Unrotated(ctx context.Context) (bool, error) {
	value, err := v.get(ctx, "unrotated")
	return value != nil, err
}
