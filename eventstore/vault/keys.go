package vault

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// EnsureKeys makes keys for the persons or cases that have none. They are durable
// when it returns, and the first event that uses them must come after that; a crash
// in between leaves a key that is never used. If two processes make the same key at
// the same time, one of them is kept and both use it, because a key is used only as
// it was read.
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
	insert := v.dialect.bind(`INSERT INTO keys VALUES (?, ?) ON CONFLICT DO NOTHING`)
	return v.write(ctx, func(tx *sql.Tx, by wrapper) error {
		for _, id := range missing {
			key := make([]byte, 32)
			rand.Read(key)
			if _, err := tx.Exec(insert, id[:], seal(by.aead, key, id[:])); err != nil {
				return fmt.Errorf("vault: make a key: %w", err)
			}
		}
		return nil
	})
}

// key returns the key of a person or case, ErrKeyGone where there is none.
func (v *Vault) key(ctx context.Context, id uuid.UUID) (key []byte, err error) {
	err = v.goOn(ctx, func() (err error) {
		key, err = v.readKey(ctx, id)
		return err
	})
	return key, err
}

func (v *Vault) readKey(ctx context.Context, id uuid.UUID) ([]byte, error) {
	key, forgotten, err := v.cached(id)
	if key != nil || err != nil {
		return key, err
	}
	v.rewrapping.RLock()
	defer v.rewrapping.RUnlock()
	by := v.currentWrapper()
	var wrapped []byte
	switch err := v.readValue(ctx, `SELECT wrapped FROM keys WHERE id = ?`, id[:], &wrapped); {
	case errors.Is(err, sql.ErrNoRows):
		return nil, ErrKeyGone
	case err != nil:
		return nil, fmt.Errorf("vault: read a key: %w", err)
	}
	key, err = unseal(by.aead, wrapped, id[:])
	if err != nil {
		if changed := v.checkNotRotated(ctx, v.db, by); changed != nil {
			return nil, changed
		}
		return nil, fmt.Errorf("vault: key %s: %w", id, ErrTampered)
	}
	v.keep(id, key, forgotten)
	return key, nil
}

// readValue reads one value of one row.
func (v *Vault) readValue(ctx context.Context, query string, arg []byte, into *[]byte) error {
	err := v.db.QueryRowContext(ctx, v.dialect.bind(query), arg).Scan(into)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	named, _ := v.dialect.failed(err)
	return named
}

// Derive returns a key of 32 bytes for one use, made from the key of a person or
// case. What is encrypted with it is lost when that key is deleted. Errors:
// ErrKeyGone.
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

// seal and unseal wrap and unwrap keys, with a random nonce in front.
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
