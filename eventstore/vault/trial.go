package vault

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/google/uuid"
)

// Trial seals like its vault, for an order that is only tried. It writes no key:
// persons and cases that have none get one that is lost with the Trial. So nothing
// that it sealed may be kept; nobody could open it.
type Trial struct {
	v    *Vault
	keys map[uuid.UUID][]byte
}

// Trial returns what seals an order that is only tried. It is for one goroutine.
func (v *Vault) Trial() *Trial { return &Trial{v, map[uuid.UUID][]byte{}} }

// EnsureKeys makes keys, in memory, for the persons or cases that have none.
func (t *Trial) EnsureKeys(ctx context.Context, ids ...uuid.UUID) error {
	for _, id := range ids {
		_, err := t.key(ctx, id)
		if errors.Is(err, ErrKeyGone) {
			t.keys[id] = make([]byte, 32)
			rand.Read(t.keys[id])
		} else if err != nil {
			return err
		}
	}
	return nil
}

// key is the vault's key where it has one, so that an order that was accepted before
// has the same tags, and is known by them.
func (t *Trial) key(ctx context.Context, id uuid.UUID) ([]byte, error) {
	if key := t.keys[id]; key != nil {
		return key, nil
	}
	return t.v.key(ctx, id)
}

// Seal is [Vault.Seal].
func (t *Trial) Seal(ctx context.Context, key uuid.UUID, b Binding, plain, nonce []byte) ([]byte, error) {
	secret, err := t.key(ctx, key)
	if err != nil {
		return nil, err
	}
	return t.v.sealUnder(secret, key, b, plain, nonce)
}

// Tag is [Vault.Tag].
func (t *Trial) Tag(ctx context.Context, key uuid.UUID, field, value string) ([]byte, error) {
	secret, err := t.key(ctx, key)
	if err != nil {
		return nil, err
	}
	return tagUnder(secret, field, value)
}
