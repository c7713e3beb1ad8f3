package vault

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/google/uuid"
)

// Passing seals like its vault, but makes no key that lasts: persons and cases that
// have none get one that is thrown away with it. It is for trying what an order
// would lead to; nothing that it sealed may be kept, because nobody can open it.
type Passing struct {
	v    *Vault
	keys map[uuid.UUID][]byte
}

// Passing begins to seal for now. It is for one goroutine.
func (v *Vault) Passing() *Passing { return &Passing{v, map[uuid.UUID][]byte{}} }

// EnsureKeys makes passing keys for the persons or cases that have none.
func (p *Passing) EnsureKeys(ctx context.Context, ids ...uuid.UUID) error {
	for _, id := range ids {
		_, err := p.key(ctx, id)
		if errors.Is(err, ErrKeyGone) {
			p.keys[id] = make([]byte, 32)
			rand.Read(p.keys[id])
		} else if err != nil {
			return err
		}
	}
	return nil
}

// key is the vault's key where it has one, so that tags are those of the order
// that was accepted before.
func (p *Passing) key(ctx context.Context, id uuid.UUID) ([]byte, error) {
	if key := p.keys[id]; key != nil {
		return key, nil
	}
	return p.v.key(ctx, id)
}

// Seal is [Vault.Seal].
func (p *Passing) Seal(ctx context.Context, key uuid.UUID, b Binding, plain, nonce []byte) ([]byte, error) {
	secret, err := p.key(ctx, key)
	if err != nil {
		return nil, err
	}
	return p.v.sealUnder(secret, key, b, plain, nonce)
}

// Tag is [Vault.Tag].
func (p *Passing) Tag(ctx context.Context, key uuid.UUID, field, value string) ([]byte, error) {
	secret, err := p.key(ctx, key)
	if err != nil {
		return nil, err
	}
	return tagUnder(secret, field, value)
}
