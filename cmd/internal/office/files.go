package office

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"reliefledger.org/ledger/cmd/internal/words"
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
		return nil, words.Errorf("%s：不是文件", "%s is no file", f.Name())
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
	if _, err := os.Lstat(out); err == nil && !force {
		return Input(out, "文件已存在（%s 覆盖）", "is there already (%s overwrites it)", words.Force)
	}
	return nil
}

// WriteOut writes a file that only its owner reads: names may stand in it. One that is
// there already is replaced only by force, and never a part of the ledger.
func (h Home) WriteOut(name string, text []byte, force bool) error {
	place, err := h.Reserve(name, force)
	if err != nil {
		return err
	}
	err = place.Write(text)
	if err == nil {
		err = place.Commit()
	}
	return errors.Join(err, place.Discard())
}

// OutFile is a file that is being written beside its place, under a name that nobody
// knows before, and gets its own once it is whole.
type OutFile struct {
	name  string
	force bool
	f     *os.File // nil: committed or discarded
}

// Reserve begins a file that will stand under a name. It refuses one that is there
// already, unless by force, and any that would take the place of a part of the ledger or
// of its wrapping key, whatever links lead there.
func (h Home) Reserve(name string, force bool) (*OutFile, error) {
	if err := Vacant(name, force); err != nil {
		return nil, err
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(name))
	if err == nil {
		dir, err = filepath.Abs(dir)
	}
	if err != nil {
		return nil, noSuchPlace(err)
	}
	if err := h.mayHold(filepath.Join(dir, filepath.Base(name))); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(name)+".*.part") // new, mode 0600
	if err != nil {
		return nil, noSuchPlace(err)
	}
	return &OutFile{filepath.Join(dir, filepath.Base(name)), force, f}, nil
}

// mayHold refuses a place of the ledger's own: over a part of it a file would be its end.
func (h Home) mayHold(real string) error {
	if h.Data == "" {
		return nil
	}
	own := func(path string) string {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
		}
		if abs, err := filepath.Abs(path); err == nil {
			return abs
		}
		return path
	}
	parts := []string{own(h.Data)}
	if a, err := h.About(); err == nil {
		parts = append(parts, own(h.KeyPath(a)), h.KeyPath(a), h.KeyPath(a)+".next")
		if at := h.VaultAt(a); !IsAddress(at) {
			parts = append(parts, own(at))
		}
	}
	for _, p := range parts {
		if Within(p, real) {
			return Input(real, "不能写进账簿目录或封装密钥", "is in the ledger's folder, or its wrapping key")
		}
	}
	return nil
}

// Write writes the text and syncs it.
func (o *OutFile) Write(text []byte) error {
	_, err := o.f.Write(text)
	return errors.Join(err, o.f.Sync())
}

// Commit gives the file its name: one that appeared there meanwhile is not replaced,
// unless by force. A reader, also one after a crash, sees the old file or the new one.
func (o *OutFile) Commit() error {
	err := o.f.Close()
	part := o.f.Name()
	o.f = nil
	switch {
	case err != nil:
	case o.force:
		err = os.Rename(part, o.name)
	default:
		if err = os.Link(part, o.name); errors.Is(err, fs.ErrExist) {
			err = Input(o.name, "文件已存在（%s 覆盖）", "is there already (%s overwrites it)", words.Force)
		} else if err != nil { // a file system without links
			if err = Vacant(o.name, false); err == nil {
				err = os.Rename(part, o.name)
			}
		}
	}
	if rest := os.Remove(part); rest != nil && !errors.Is(rest, fs.ErrNotExist) {
		err = errors.Join(err, rest)
	}
	if err != nil {
		return err
	}
	return SyncPath(filepath.Dir(o.name))
}

// Discard takes away what was not committed.
func (o *OutFile) Discard() error {
	if o.f == nil {
		return nil
	}
	err := errors.Join(o.f.Close(), os.Remove(o.f.Name()))
	o.f = nil
	return err
}

// noSuchPlace says of a name that cannot be written that it is what is wrong.
func noSuchPlace(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) {
		return InputErr(words.Out.String(), err)
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

// ReplaceSynced puts text under a name: a reader, also one after a crash, sees the old
// text or the new one, whole. The file is new, and only its owner reads it.
func ReplaceSynced(name string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*.new")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
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
