package vault

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// createTables makes the tables of a new vault, whole or not at all.
func createTables(ctx context.Context, db *sql.DB, k *dialect, ledger uuid.UUID, key WrappingKey, before string) (index []byte, w wrapper, err error) {
	index = make([]byte, 32)
	rand.Read(index)
	w = wrapperOf(key)
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

// openIndexKey opens the key of the indexes, which says whether the wrapping key is
// right.
func openIndexKey(ctx context.Context, db *sql.DB, k *dialect, where string, ledger uuid.UUID, key WrappingKey) (index []byte, w wrapper, err error) {
	w = wrapperOf(key)
	w.index, err = readMeta(ctx, db, k, where, ledger)
	if err != nil {
		return nil, w, err
	}
	index, err = unseal(w.aead, w.index, []byte("index"))
	if err != nil {
		return nil, w, ErrWrongKey
	}
	return index, w, nil
}

// readMeta reads what the vault says of itself. It must be of this format and this
// ledger; index is the key of its indexes, sealed.
func readMeta(ctx context.Context, db *sql.DB, k *dialect, where string, ledger uuid.UUID) (index []byte, err error) {
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
