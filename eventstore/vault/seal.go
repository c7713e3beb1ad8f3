package vault

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"
)

// Binding is the place for which a value is sealed; at another place it does not
// open.
type Binding struct {
	Stream  string
	Command uuid.UUID
	Path    string // of the field in the command
	Schema  int
}

// bound is what a sealed value is authenticated with, so that it opens only under
// this key at this place.
func (v *Vault) bound(key uuid.UUID, b Binding) []byte {
	ad := append([]byte{}, v.ledger[:]...)
	ad = append(ad, key[:]...)
	for _, s := range []string{b.Stream, string(b.Command[:]), b.Path} {
		ad = binary.BigEndian.AppendUint32(ad, uint32(len(s)))
		ad = append(ad, s...)
	}
	return binary.BigEndian.AppendUint32(ad, uint32(b.Schema))
}

// Seal encrypts a value under the key of a person or case: AES-256-GCM, padded to a
// multiple of 32 bytes, with nonce in front. The caller draws the nonce, and uses it
// once.
func (v *Vault) Seal(ctx context.Context, key uuid.UUID, b Binding, plain, nonce []byte) ([]byte, error) {
	secret, err := v.key(ctx, key)
	if err != nil {
		return nil, err
	}
	return v.sealUnder(secret, key, b, plain, nonce)
}

func (v *Vault) sealUnder(secret []byte, key uuid.UUID, b Binding, plain, nonce []byte) ([]byte, error) {
	if len(plain) > MaxPlain {
		return nil, ErrTooLong
	}
	if len(nonce) != NonceSize {
		return nil, fmt.Errorf("vault: a nonce has %d bytes, not %d", NonceSize, len(nonce))
	}
	k, err := derive(secret, "seal")
	if err != nil {
		return nil, err
	}
	padded := binary.BigEndian.AppendUint32(nil, uint32(len(plain)))
	padded = append(padded, plain...)
	padded = append(padded, make([]byte, (padTo-len(padded)%padTo)%padTo)...)
	return aead(k).Seal(append([]byte{}, nonce...), nonce, padded, v.bound(key, b)), nil
}

// Unseal opens a value. Errors: ErrKeyGone, ErrTampered.
func (v *Vault) Unseal(ctx context.Context, key uuid.UUID, b Binding, box []byte) ([]byte, error) {
	k, err := v.Derive(ctx, key, "seal")
	if err != nil {
		return nil, err
	}
	if len(box) < NonceSize {
		return nil, ErrTampered
	}
	padded, err := aead(k).Open(nil, box[:NonceSize], box[NonceSize:], v.bound(key, b))
	if err != nil || len(padded) < 4 {
		return nil, ErrTampered
	}
	n := binary.BigEndian.Uint32(padded)
	if int64(n) > int64(len(padded)-4) {
		return nil, ErrTampered
	}
	return padded[4 : 4+n], nil
}

// Tag is what an officer signs in place of a private value: an HMAC over field and
// value, under a key derived from that of the person or case.
func (v *Vault) Tag(ctx context.Context, key uuid.UUID, field, value string) ([]byte, error) {
	secret, err := v.key(ctx, key)
	if err != nil {
		return nil, err
	}
	return tagUnder(secret, field, value)
}

func tagUnder(secret []byte, field, value string) ([]byte, error) {
	k, err := derive(secret, "tag")
	if err != nil {
		return nil, err
	}
	m := hmac.New(sha256.New, k)
	m.Write(binary.BigEndian.AppendUint32(nil, uint32(len(field))))
	m.Write([]byte(field))
	m.Write([]byte(value))
	return m.Sum(nil), nil
}
