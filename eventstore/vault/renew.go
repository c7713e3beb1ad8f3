package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/google/uuid"
)

// A server keeps a vault open for months. Another process that erases somebody
// meanwhile wraps the vault anew (rotate.go), and from then on the key that the server
// holds opens nothing. A vault that was opened by the file of its wrapping key reads
// that file again then, and goes on.
//
// That is found out by what is done next with the database: a key that does not unwrap,
// a code that is not in an index, a write, before it changes anything. Keys in memory
// are used meanwhile, for a minute at most (cache.go).
//
// What was begun is done again from its beginning, with the new key; so it is done with
// one key as a whole. If the vault was wrapped anew once more in between, that is found
// in the same way. What is looked for and how a rotation that was cut off is ended are
// the same for a vault that is being opened and for one that is open (tryKeys).
//
// Locks are taken in this order, each where it is needed: renewing, FILE.lock,
// rewrapping, a connection to the database, mu. Who waits for another process to end its
// rotation holds only renewing: no transaction, for which that process may be waiting,
// and not rewrapping, for which a rotation of this process may be.

const (
	// renewals bounds how many rotations in a row one call follows: each takes an
	// erasure.
	renewals = 10
	// renewalWait bounds how long a call, and all writes behind it, wait for another
	// process to end a rotation. It takes a quarter of a second for 50,000 people.
	renewalWait = 20 * time.Second
)

// wrappedAnew says that the vault is not wrapped by this any more.
type wrappedAnew struct{ by wrapper }

func (e *wrappedAnew) Error() string {
	return fmt.Sprintf("%v: it was wrapped anew, start again with the new key", ErrWrongKey)
}
func (e *wrappedAnew) Unwrap() error { return ErrWrongKey }

// OpenRotated opens a vault with the wrapping key in the file at path. A rotation
// that was cut off is finished first, and the end of one that is under way is waited
// for. When another process has replaced the key the vault reads the file again and
// goes on; if the new key is not in it (a server's that is brought there by hand), all
// is refused with ErrWrongKey until it is.
func OpenRotated(ctx context.Context, address string, ledger uuid.UUID, path string) (*Vault, error) {
	var v *Vault
	err := tryKeys(ctx, path, func(key WrappingKey) (err error) {
		v, err = OpenAt(ctx, address, ledger, key)
		return err
	}, func(path string) error { return v.settle(ctx, path) })
	if err != nil {
		if v != nil {
			err = errors.Join(err, v.Close())
		}
		return nil, err
	}
	v.keyFile = path
	return v, nil
}

// tryKeys tries the key in the file at path. Where that is not the vault's, or there is
// none, it waits for the end of a rotation that may be under way and tries it again, and
// then the one beside it; if it is that, a rotation was cut off, which settle ends.
func tryKeys(ctx context.Context, path string, try func(WrappingKey) error, settle func(path string) error) (err error) {
	err = tryKey(path, try)
	var file *KeyFile
	if !errors.As(err, &file) && !errors.Is(err, ErrWrongKey) {
		return err
	}
	real, unlock, failed := lockRotation(ctx, path)
	if failed != nil && file != nil {
		return err // there is no such folder, it may be
	}
	if failed != nil {
		return &KeyFile{path, failed}
	}
	defer func() { err = errors.Join(err, unlock()) }()
	return tryKeysLocked(real, try, settle)
}

// tryKeysLocked is tryKeys under the lock of a rotation.
func tryKeysLocked(path string, try func(WrappingKey) error, settle func(path string) error) error {
	err := tryKey(path, try)
	var file *KeyFile
	if !errors.As(err, &file) && !errors.Is(err, ErrWrongKey) {
		return err
	}
	next := tryKey(nextPath(path), try)
	if errors.As(next, &file) && errors.Is(file, fs.ErrNotExist) {
		return err
	}
	if next != nil {
		return next
	}
	return settle(path)
}

func tryKey(path string, try func(WrappingKey) error) error {
	key, err := ReadWrappingKey(path)
	if err != nil {
		return &KeyFile{path, err}
	}
	return try(key)
}

// KeyFile says what is wrong with the file of a wrapping key.
type KeyFile struct {
	Path string
	Err  error
}

func (e *KeyFile) Error() string { return fmt.Sprintf("wrapping key %s: %v", e.Path, e.Err) }
func (e *KeyFile) Unwrap() error { return e.Err }

// goOn does something that a rotation of another process may come before, and does it
// again with the new key.
func (v *Vault) goOn(ctx context.Context, do func() error) error {
	for try := 0; ; try++ {
		err := do()
		var anew *wrappedAnew
		if !errors.As(err, &anew) || v.keyFile == "" || try == renewals {
			return err
		}
		if err := v.renew(ctx, anew.by); err != nil {
			return err
		}
	}
}

// renew takes up the key in the vault's key file where the one by which it was wrapped
// is not right any more. Of many goroutines that find this at once one does it, and the
// others wait for it.
func (v *Vault) renew(ctx context.Context, was wrapper) error {
	bounded, stop := context.WithTimeout(ctx, renewalWait)
	defer stop()
	err := func() error {
		select {
		case v.renewing <- struct{}{}:
		case <-bounded.Done():
			return bounded.Err()
		}
		defer func() { <-v.renewing }()
		if !bytes.Equal(v.currentWrapper().index, was.index) {
			return nil // another goroutine has done it
		}
		return v.takeUp(bounded, was, func(try func(WrappingKey) error) error {
			return tryKeys(bounded, v.keyFile, try, func(path string) error { return v.settle(bounded, path) })
		})
	}()
	var file *KeyFile
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case bounded.Err() != nil:
		return &Unavailable{fmt.Errorf("another process is replacing the wrapping key: %w", err)}
	case errors.As(err, &file):
		return fmt.Errorf("%w: it was wrapped anew: %w", ErrWrongKey, err)
	case errors.Is(err, ErrWrongKey):
		return fmt.Errorf("%w; it was wrapped anew, and the new key is not in %s", err, v.keyFile)
	}
	return err
}

// takeUp lets find try keys, and takes the right one.
//
// A wrapper is taken up only with the sealed key of the indexes that it opened, so that
// a wrong one is never used, and one that is right only until the next rotation is found
// out by the next transaction, which compares just that (transact). It takes the place
// of the one that was found out, and of no other: of two goroutines the later one may
// have read the older key.
func (v *Vault) takeUp(ctx context.Context, was wrapper, find func(try func(WrappingKey) error) error) error {
	var found wrapper
	if err := find(func(key WrappingKey) (err error) {
		found, err = v.wrapperNow(ctx, key)
		return err
	}); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if bytes.Equal(v.wrapper.index, was.index) {
		v.wrapper = found
	}
	return nil
}

// wrapperNow is the wrapper of a key that opens the vault as the database has it now;
// ErrWrongKey where it does not, or where another vault stands in its place.
func (v *Vault) wrapperNow(ctx context.Context, key WrappingKey) (w wrapper, err error) {
	w = wrapperOf(key)
	if w.index, err = v.get(ctx, "index"); err != nil {
		return w, err
	}
	index, err := unseal(w.aead, w.index, []byte("index"))
	if err != nil || !bytes.Equal(index, v.index) {
		return w, ErrWrongKey
	}
	return w, nil
}
