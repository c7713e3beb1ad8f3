package vault

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// An erasure deletes a person's key and rows. An older copy of the vault still has
// them, so a new wrapping key is made too, and the old one is destroyed: then the
// copy opens nothing. The steps, and why a crash between any two of them is
// harmless:
//
//  1. A new wrapping key is written beside the old one, FILE.next, and synced.
//     Cut off here: the vault still opens with FILE, and FILE.next is removed the
//     next time.
//  2. One transaction wraps every key and hides every row anew. Cut off before
//     its commit: as 1. From it on only FILE.next opens the vault.
//  3. The database's file is written anew, so that nothing of the old rows is
//     left in it. Cut off: the next process that opens the vault goes on here.
//  4. FILE.next takes the name FILE, and the old content of FILE is overwritten. At
//     any moment one of the two names has the right key.
//
// All of it happens under a lock, FILE.lock. A process that finds FILE.next, or a
// key that does not open the vault, takes the lock too and then looks again, so
// that it does not mistake a rotation that is under way for one that was cut off.
// Which of the two keys is right is asked of the database, never of memory.

// wrapper is what is done with a wrapping key.
type wrapper struct {
	aead  cipher.AEAD
	rows  cipher.Block // hides the codes of the two indexes
	index []byte       // the key of the indexes, sealed as it is in the vault: other bytes after every rotation
}

func wrapperOf(key WrappingKey) wrapper {
	rows, err := hkdf.Key(sha256.New, key[:], nil, "relief ledger vault rows", 32)
	if err != nil {
		panic(err) // 32 bytes are not too many
	}
	block, err := aes.NewCipher(rows)
	if err != nil {
		panic(err)
	}
	return wrapper{aead: key.aead(), rows: block}
}

// hide encrypts a code for an index, each block by itself, since a code looks random
// already. Were codes not hidden, somebody with an old copy of the vault and today's
// keys could try a number and see whether its owner was ever registered. reveal is
// the way back.
func (w wrapper) hide(code []byte) []byte {
	hidden := make([]byte, len(code))
	for i := 0; i < len(code); i += aes.BlockSize {
		w.rows.Encrypt(hidden[i:], code[i:])
	}
	return hidden
}

func (w wrapper) reveal(row []byte) []byte {
	code := make([]byte, len(row))
	for i := 0; i+aes.BlockSize <= len(row); i += aes.BlockSize {
		w.rows.Decrypt(code[i:], row[i:])
	}
	return code
}

// currentWrapper is the wrapper under which the vault is now.
func (v *Vault) currentWrapper() wrapper {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.wrapper
}

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// checkNotRotated is ErrWrongKey where another process has wrapped the vault anew, and
// by opens it no more. Keys that were wrapped by it now would be lost.
func (v *Vault) checkNotRotated(ctx context.Context, in querier, by wrapper) error {
	var index []byte
	err := in.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = 'index'`).Scan(&index)
	if err != nil {
		named, _ := v.dialect.failed(err)
		return named
	}
	if !bytes.Equal(index, by.index) {
		v.forget() // the other process has erased somebody
		return &wrappedAnew{by}
	}
	return nil
}

// nextPath is where a new wrapping key waits until it takes its place.
func nextPath(path string) string { return path + ".next" }

// lockRotation takes the lock of a rotation. real is the key's file itself, where
// path is a link to it, so that the link stays.
func lockRotation(ctx context.Context, path string) (real string, unlock func() error, err error) {
	real = path
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		real = resolved
	}
	const pause = 20 * time.Millisecond // between two looks at a lock that another has
	lock := flock.New(real+".lock", flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, pause); err != nil {
		return "", nil, fmt.Errorf("lock the wrapping key: %w", err)
	}
	return real, lock.Unlock, nil
}

// Rotate wraps the vault under a new wrapping key, which takes the place of the old
// one in the file at path. Nothing of the old key is left in that file; copies of it
// elsewhere must be destroyed by those who have them.
//
// Other processes that have the vault open take up the new key if they opened it by that
// file (OpenRotated), and get ErrWrongKey from now on if they did not. If another
// process rotated first Rotate does nothing and is ErrWrongKey, because the old copies
// are worthless already; unless keys were deleted since.
func (v *Vault) Rotate(ctx context.Context, path string, e Entry) error {
	return v.rotate(ctx, path, e, func(int) error { return nil })
}

// rotate is Rotate, and calls after when a step is done, for tests.
func (v *Vault) rotate(ctx context.Context, path string, e Entry, after func(step int) error) (err error) {
	real, unlock, err := lockRotation(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	err = v.checkNotRotated(ctx, v.db, v.currentWrapper())
	var anew *wrappedAnew
	if errors.As(err, &anew) && v.keyFile != "" {
		err = v.comeSecond(ctx, real, anew.by)
	}
	// A rotation that another process did not finish is settled first.
	if err == nil {
		err = v.settle(ctx, real)
	}
	if err != nil {
		return fmt.Errorf("rotate the wrapping key: %w", err)
	}
	key := NewWrappingKey()
	if err := key.WriteFile(nextPath(real)); err != nil {
		return err
	}
	if err := after(1); err != nil {
		return err
	}
	if err := v.rewrap(ctx, key, e); err != nil {
		return fmt.Errorf("rotate the wrapping key: %w", err)
	}
	if err := after(2); err != nil {
		return err
	}
	return v.finish(ctx, real, after)
}

// comeSecond takes up the key of the process that rotated first, under the lock, and
// says whether there is still something to rotate for.
func (v *Vault) comeSecond(ctx context.Context, path string, was wrapper) error {
	if err := v.takeUp(ctx, was, func(try func(WrappingKey) error) error {
		return tryKeysLocked(path, try, func(path string) error { return v.settle(ctx, path) })
	}); err != nil {
		return err
	}
	left, err := v.Unrotated(ctx)
	if err == nil && !left {
		err = fmt.Errorf("%w: another process has replaced it", ErrWrongKey)
	}
	return err
}

// opens says whether the key in a file opens the vault as the database has it now.
// A file that is not there does not.
func (v *Vault) opens(ctx context.Context, path string) (bool, error) {
	key, err := ReadWrappingKey(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNoKey) {
		return false, nil
	}
	if err != nil {
		return false, &KeyFile{path, err}
	}
	index, err := v.get(ctx, "index")
	if err != nil {
		return false, err
	}
	_, err = unseal(key.aead(), index, []byte("index"))
	return err == nil, nil
}

// settle ends a rotation that was cut off, under its lock: FILE.next takes its
// place if it is the one that opens the vault, and is removed if FILE is.
func (v *Vault) settle(ctx context.Context, path string) error {
	new, err := v.opens(ctx, nextPath(path))
	if err != nil {
		return err
	}
	old, err := v.opens(ctx, path)
	switch {
	case err != nil:
		return err
	case old: // also where both are the same key
		if err := os.Remove(nextPath(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	case new:
		return v.finish(ctx, path, func(int) error { return nil })
	}
	return fmt.Errorf("%w: neither %s nor %s opens it", ErrWrongKey, path, nextPath(path))
}

// finish does steps 3 and 4.
func (v *Vault) finish(ctx context.Context, path string, after func(int) error) error {
	for _, statement := range v.dialect.shrink {
		if _, err := v.db.ExecContext(ctx, statement); err != nil {
			named, _ := v.dialect.failed(err)
			return fmt.Errorf("rotate the wrapping key: write the vault anew: %w", named)
		}
	}
	if err := after(3); err != nil {
		return err
	}
	if right, err := v.opens(ctx, nextPath(path)); err != nil || !right {
		return errors.Join(fmt.Errorf("rotate the wrapping key: %s does not open the vault, and %s is left as it is", nextPath(path), path), err)
	}
	return promote(path, after)
}

// promote renames FILE.next to FILE, and then overwrites the old content of FILE: as
// far as the disk does what it is told, it cannot be read again.
func promote(path string, after func(int) error) error {
	old, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("destroy the old wrapping key: %w", err)
	}
	if err == nil {
		defer old.Close()
	}
	if err := os.Rename(nextPath(path), path); err != nil {
		return fmt.Errorf("rotate the wrapping key: %w", err)
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return err
	}
	if err := after(4); err != nil || old == nil {
		return err
	}
	info, err := old.Stat()
	if err == nil {
		_, err = old.Write(make([]byte, info.Size()))
	}
	if err = errors.Join(err, old.Sync()); err != nil {
		return fmt.Errorf("destroy the old wrapping key: %w", err)
	}
	return nil
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// rewrap is step 2.
func (v *Vault) rewrap(ctx context.Context, key WrappingKey, e Entry) error {
	e.Kind = Rewrap
	to := wrapperOf(key)
	to.index = seal(to.aead, v.index, []byte("index"))
	for try := 0; ; try++ {
		err := v.rewrapOnce(ctx, to, e)
		named, again := v.dialect.failed(err)
		if !again || try == transactions {
			return named
		}
	}
}

func (v *Vault) rewrapOnce(ctx context.Context, to wrapper, e Entry) error {
	v.rewrapping.Lock()
	defer v.rewrapping.Unlock()
	from := v.currentWrapper()
	tx, err := v.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	err = func() error {
		for _, lock := range v.dialect.lockAll {
			if _, err := tx.ExecContext(ctx, lock); err != nil {
				return err
			}
		}
		if err := v.checkNotRotated(ctx, tx, from); err != nil {
			return err
		}
		if err := v.updateEach(tx, `SELECT id, wrapped FROM keys`, `UPDATE keys SET wrapped = ? WHERE id = ?`, func(id, box []byte) ([]byte, error) {
			key, err := unseal(from.aead, box, id)
			if err != nil {
				return nil, fmt.Errorf("key %x: %w", id, ErrTampered)
			}
			return seal(to.aead, key, id), nil
		}); err != nil {
			return err
		}
		for _, table := range []string{"numbers", "accounts"} {
			if err := v.updateEach(tx, `SELECT mac, mac FROM `+table, `UPDATE `+table+` SET mac = ? WHERE mac = ?`, func(row, _ []byte) ([]byte, error) {
				return to.hide(from.reveal(row)), nil
			}); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(v.dialect.bind(`UPDATE meta SET value = ? WHERE name = 'index'`), to.index); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM meta WHERE name = 'unrotated'`); err != nil {
			return err
		}
		return v.note(tx, e)
	}()
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.wrapper = to
	return nil
}

// updateEach changes every row that a query returns. All are read first: if they were
// changed while they are read, some might be read twice.
func (v *Vault) updateEach(tx *sql.Tx, query, update string, change func(key, value []byte) ([]byte, error)) error {
	rows, err := tx.Query(query)
	if err != nil {
		return err
	}
	var all [][2][]byte
	for rows.Next() {
		var key, value []byte
		if err := rows.Scan(&key, &value); err != nil {
			return errors.Join(err, rows.Close())
		}
		all = append(all, [2][]byte{key, value})
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	statement, err := tx.Prepare(v.dialect.bind(update))
	if err != nil {
		return err
	}
	defer statement.Close()
	for _, r := range all {
		to, err := change(r[0], r[1])
		if err != nil {
			return err
		}
		if _, err := statement.Exec(to, r[0]); err != nil {
			return err
		}
	}
	return nil
}
