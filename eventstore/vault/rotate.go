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
	"github.com/google/uuid"
)

// An erasure deletes a person's key and rows, and makes a new wrapping key, so
// that an older copy of the vault, which still has them, opens nothing: the old
// wrapping key is destroyed. The steps, and why a crash between any two of them
// is harmless:
//
//  1. A new wrapping key is written beside the old one, FILE.next, and synced.
//     Cut off here: the vault still opens with FILE, and FILE.next is removed the
//     next time.
//  2. One transaction wraps every key and hides every row anew. Cut off before
//     its commit: as 1. From it on only FILE.next opens the vault.
//  3. The database's file is written anew, so that nothing of the old rows is
//     left in it. Cut off: whoever opens the vault next goes on here.
//  4. FILE.next takes the name FILE, and what stood there is overwritten. Before
//     it, and behind it, a file with the right key is there under one of the two
//     names, at any moment.
//
// All of it happens under a lock, FILE.lock, which whoever finds FILE.next or a
// key that does not open takes too, before he looks again: nobody takes a
// rotation that is under way for one that was cut off. Which of the two keys is
// right is asked of the database, never of memory.

// wrapped is what a wrapping key does.
type wrapped struct {
	aead  cipher.AEAD
	rows  cipher.Block // hides the codes of the two indexes
	index []byte       // the key of the indexes, as it stands in the vault: every wrapping changes it
}

func wrappedBy(key WrappingKey) wrapped {
	rows, err := hkdf.Key(sha256.New, key[:], nil, "relief ledger vault rows", 32)
	if err != nil {
		panic(err) // 32 bytes are not too many
	}
	block, err := aes.NewCipher(rows)
	if err != nil {
		panic(err)
	}
	return wrapped{aead: key.aead(), rows: block}
}

// row is how a code stands in an index: each block by itself, since a code looks
// random already. Without it whoever has an old copy of the vault and today's
// keys could try a number, and see whether its owner was ever registered.
func (w wrapped) row(code []byte) []byte {
	hidden := make([]byte, len(code))
	for i := 0; i < len(code); i += aes.BlockSize {
		w.rows.Encrypt(hidden[i:], code[i:])
	}
	return hidden
}

func (w wrapped) code(row []byte) []byte {
	code := make([]byte, len(row))
	for i := 0; i+aes.BlockSize <= len(row); i += aes.BlockSize {
		w.rows.Decrypt(code[i:], row[i:])
	}
	return code
}

// now is how the vault is wrapped now.
func (v *Vault) now() wrapped {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.wrapped
}

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// stillWrapped is ErrWrongKey where another process has wrapped the vault anew:
// what this one wrote now nobody could open.
func (v *Vault) stillWrapped(ctx context.Context, in querier) error {
	var index []byte
	err := in.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = 'index'`).Scan(&index)
	if err != nil {
		named, _ := v.kind.failed(err)
		return named
	}
	if !bytes.Equal(index, v.now().index) {
		return fmt.Errorf("%w: it was wrapped anew, start again with the new key", ErrWrongKey)
	}
	return nil
}

// next is where a new wrapping key waits until it takes its place.
func next(path string) string { return path + ".next" }

// lockRotation takes the lock of a rotation, and says where the key's file really
// is: a link to it stays a link.
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

// Rotate wraps the vault under a new wrapping key, which then stands in the file
// at path, where the old one stood. Of the old one nothing is left there; who
// has a copy of it must destroy it.
//
// Other processes that have the vault open get ErrWrongKey from now on, and so
// does this one where another rotated first.
func (v *Vault) Rotate(ctx context.Context, path string, e Entry) error {
	return v.rotate(ctx, path, e, func(int) error { return nil })
}

// rotate calls after behind each step, for tests.
func (v *Vault) rotate(ctx context.Context, path string, e Entry, after func(step int) error) (err error) {
	real, unlock, err := lockRotation(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	// What another process left is settled first, against the database.
	if err := v.settle(ctx, real); err != nil {
		return fmt.Errorf("rotate the wrapping key: %w", err)
	}
	key := NewWrappingKey()
	if err := key.WriteFile(next(real)); err != nil {
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

// opens says whether the key in a file opens the vault as it stands in the
// database now. A file that is not there does not.
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
	if err := v.stillWrapped(ctx, v.db); err != nil {
		return err
	}
	new, err := v.opens(ctx, next(path))
	if err != nil {
		return err
	}
	old, err := v.opens(ctx, path)
	switch {
	case err != nil:
		return err
	case old: // also where both are the same key
		if err := os.Remove(next(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	case new:
		return v.finish(ctx, path, func(int) error { return nil })
	}
	return fmt.Errorf("%w: neither %s nor %s opens it", ErrWrongKey, path, next(path))
}

// finish does steps 3 and 4.
func (v *Vault) finish(ctx context.Context, path string, after func(int) error) error {
	for _, statement := range v.kind.shrink {
		if _, err := v.db.ExecContext(ctx, statement); err != nil {
			named, _ := v.kind.failed(err)
			return fmt.Errorf("rotate the wrapping key: write the vault anew: %w", named)
		}
	}
	if err := after(3); err != nil {
		return err
	}
	if right, err := v.opens(ctx, next(path)); err != nil || !right {
		return errors.Join(fmt.Errorf("rotate the wrapping key: %s does not open the vault, and %s is left as it is", next(path), path), err)
	}
	return promote(path, after)
}

// promote gives FILE.next the name FILE, and then overwrites what stood there: as
// far as the disk does what it is told, nothing of it can be read again.
func promote(path string, after func(int) error) error {
	old, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("destroy the old wrapping key: %w", err)
	}
	if err == nil {
		defer old.Close()
	}
	if err := os.Rename(next(path), path); err != nil {
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
	to := wrappedBy(key)
	to.index = seal(to.aead, v.index, []byte("index"))
	for try := 0; ; try++ {
		err := v.rewrapOnce(ctx, to, e)
		named, again := v.kind.failed(err)
		if !again || try == transactions {
			return named
		}
	}
}

func (v *Vault) rewrapOnce(ctx context.Context, to wrapped, e Entry) error {
	v.turn.Lock()
	defer v.turn.Unlock()
	from := v.now()
	tx, err := v.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	err = func() error {
		for _, lock := range v.kind.locks {
			if _, err := tx.ExecContext(ctx, lock); err != nil {
				return err
			}
		}
		if err := v.stillWrapped(ctx, tx); err != nil {
			return err
		}
		if err := v.each(tx, `SELECT id, wrapped FROM keys`, `UPDATE keys SET wrapped = ? WHERE id = ?`, func(id, box []byte) ([]byte, error) {
			key, err := unseal(from.aead, box, id)
			if err != nil {
				return nil, fmt.Errorf("key %x: %w", id, ErrTampered)
			}
			return seal(to.aead, key, id), nil
		}); err != nil {
			return err
		}
		for _, table := range []string{"numbers", "accounts"} {
			if err := v.each(tx, `SELECT mac, mac FROM `+table, `UPDATE `+table+` SET mac = ? WHERE mac = ?`, func(row, _ []byte) ([]byte, error) {
				return to.row(from.code(row)), nil
			}); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(v.kind.bind(`UPDATE meta SET value = ? WHERE name = 'index'`), to.index); err != nil {
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
	v.wrapped = to
	return nil
}

// each changes every row that a query gives. They are read first: a statement
// that changes rows while another reads them may meet some twice.
func (v *Vault) each(tx *sql.Tx, query, update string, change func(key, value []byte) ([]byte, error)) error {
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
	statement, err := tx.Prepare(v.kind.bind(update))
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

// OpenRotated opens a vault whose wrapping key stands in the file at path, also
// where a rotation of it was cut off, which is then finished, and while one is
// under way, whose end is waited for.
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
	newer, newErr := ReadWrappingKey(next(path))
	switch {
	case errors.Is(newErr, fs.ErrNotExist) && err == nil:
		return nil, ErrWrongKey
	case errors.Is(newErr, fs.ErrNotExist):
		return nil, &KeyFile{path, err}
	case newErr != nil:
		return nil, &KeyFile{next(path), newErr}
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
