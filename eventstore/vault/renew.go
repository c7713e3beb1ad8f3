package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/google/uuid"
)

// OpenRotated opens a vault with the wrapping key in the file at path. A rotation
// that was cut off is finished first, and the end of one that is under way is waited
// for.
func OpenRotated(ctx context.Context, address string, ledger uuid.UUID, path string) (*Vault, error) {
	key, err := ReadWrappingKey(path)
	if err == nil {
		v, err := OpenAt(ctx, address, ledger, key)
		if err == nil || !errors.Is(err, ErrWrongKey) {
			return v, err
		}
	}
	real, unlock, failed := lockRotation(ctx, path)
	if failed != nil {
		if err != nil {
			failed = err // there is no such folder, it may be
		}
		return nil, &KeyFile{path, failed}
	}
	v, err := openLocked(ctx, address, ledger, real)
	return v, errors.Join(err, unlock())
}

// openLocked tries both keys, under the lock.
func openLocked(ctx context.Context, address string, ledger uuid.UUID, path string) (*Vault, error) {
	key, err := ReadWrappingKey(path)
	if err == nil {
		v, err := OpenAt(ctx, address, ledger, key)
		if err == nil || !errors.Is(err, ErrWrongKey) {
			return v, err
		}
	}
	newer, newErr := ReadWrappingKey(nextPath(path))
	switch {
	case errors.Is(newErr, fs.ErrNotExist) && err == nil:
		return nil, ErrWrongKey
	case errors.Is(newErr, fs.ErrNotExist):
		return nil, &KeyFile{path, err}
	case newErr != nil:
		return nil, &KeyFile{nextPath(path), newErr}
	}
	v, err := OpenAt(ctx, address, ledger, newer)
	if err != nil {
		return nil, err
	}
	if err := v.settle(ctx, path); err != nil {
		return nil, errors.Join(err, v.Close())
	}
	return v, nil
}

// KeyFile says what is wrong with the file of a wrapping key.
type KeyFile struct {
	Path string
	Err  error
}

func (e *KeyFile) Error() string { return fmt.Sprintf("wrapping key %s: %v", e.Path, e.Err) }
func (e *KeyFile) Unwrap() error { return e.Err }
