package office

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"reliefledger.org/ledger/domain"
)

// ReadUpTo reads a file, and of a long one no more than n bytes. The name of
// standard input is os.Stdin.Name().
func ReadUpTo(name string, n int64) ([]byte, error) {
	if name == os.Stdin.Name() {
		return io.ReadAll(io.LimitReader(os.Stdin, n))
	}
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe that nobody writes is waited for by nobody
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readRegular(f, n)
}

// readRegular reads an open file; what is none may never end.
func readRegular(f *os.File, n int64) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s：不是文件 / is no file", f.Name())
	}
	return io.ReadAll(io.LimitReader(f, n))
}

// ReadPrivate reads a file of secrets. One that others may read is refused with a
// [KeyError].
func ReadPrivate(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &KeyError{Path: path, Err: err}
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, &KeyError{Path: path, Zh: fmt.Sprintf("他人可读（权限 %o）：chmod 600", mode), En: fmt.Sprintf("others may read it (mode %o): chmod 600", mode)}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &KeyError{Path: path, Err: err}
	}
	return text, nil
}

// Vacant refuses a file that is there already, before any work is done for it.
func Vacant(out string, force bool) error {
	if _, err := os.Stat(out); err == nil && !force {
		return Input(out, "文件已存在（--force 覆盖）", "is there already (--force overwrites it)")
	}
	return nil
}

// WriteOut writes a file that only its owner reads: names may stand in it. One
// that is there already is replaced only by force, and never a part of the ledger.
func (h Home) WriteOut(name string, text []byte, force bool) error {
	// Over a part of the ledger it would be its end.
	if abs, err := filepath.Abs(name); err == nil && h.Data != "" {
		data, err := filepath.Abs(h.Data)
		if a, bad := h.About(); err == nil && (Within(data, abs) || bad == nil && (abs == h.KeyPath(a) || abs == h.KeyPath(a)+".next")) {
			return Input(name, "不能写进账簿目录或封装密钥", "is in the ledger's folder, or its wrapping key")
		}
	}
	if force {
		return noSuchPlace(ReplaceSynced(name, text))
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return noSuchPlace(err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(name) // half a paper
	}
	return err
}

// noSuchPlace says of a name that cannot be written that it is what is wrong.
func noSuchPlace(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) {
		return InputErr("--out", err)
	}
	return err
}

// SyncPath syncs a file, or a folder's names.
func SyncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// ReplaceSynced puts text under a name: a reader, also one after a crash, sees the
// old text or the new one, whole.
func ReplaceSynced(name string, text []byte) error {
	if err := os.WriteFile(name+".new", text, 0o600); err != nil {
		return err
	}
	if err := SyncPath(name + ".new"); err != nil {
		return err
	}
	if err := os.Rename(name+".new", name); err != nil {
		return err
	}
	return SyncPath(filepath.Dir(name))
}

// ReadCalendar reads a file of holidays; no name is the embedded calendar, as nil.
func ReadCalendar(name string) (*domain.Calendar, error) {
	if name == "" {
		return nil, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, InputErr(name, err)
	}
	c, err := domain.ParseCalendar(text)
	if err != nil {
		return nil, InputErr(name, err)
	}
	return c, nil
}
