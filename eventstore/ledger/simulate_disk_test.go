package ledger_test

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// machine is a file system that tells of every change before and after it is
// made, and can refuse to make it. Reads go straight through.
type machine struct {
	vfs.FS
	// around makes a change, or does not; it may be called from many
	// goroutines.
	around func(c change, do func() error) error
}

// change is one change of a file system: what is done, and to which file.
type change struct{ kind, name string }

// The kinds of changes. That a folder is synced is a sync as well.
const (
	creates = "create"
	writes  = "write"
	syncs   = "sync"
	renames = "rename"
	removes = "remove"
	closes  = "close"
)

func (c change) String() string { return c.kind + " " + c.name }

func (m *machine) file(kind, name string, open func() (vfs.File, error)) (vfs.File, error) {
	var f vfs.File
	err := m.around(change{kind, name}, func() (err error) {
		f, err = open()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &machineFile{f, m, name}, nil
}

func (m *machine) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return m.file(creates, name, func() (vfs.File, error) { return m.FS.Create(name, c) })
}

func (m *machine) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return m.file(creates, name, func() (vfs.File, error) { return m.FS.OpenReadWrite(name, c, opts...) })
}

func (m *machine) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return m.file(renames, name, func() (vfs.File, error) { return m.FS.ReuseForWrite(old, name, c) })
}

func (m *machine) OpenDir(name string) (vfs.File, error) {
	f, err := m.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &machineFile{f, m, name}, nil
}

func (m *machine) Link(old, name string) error {
	return m.around(change{renames, name}, func() error { return m.FS.Link(old, name) })
}

func (m *machine) Rename(old, name string) error {
	return m.around(change{renames, name}, func() error { return m.FS.Rename(old, name) })
}

func (m *machine) MkdirAll(name string, perm os.FileMode) error {
	return m.around(change{creates, name}, func() error { return m.FS.MkdirAll(name, perm) })
}

func (m *machine) Remove(name string) error {
	return m.around(change{removes, name}, func() error { return m.FS.Remove(name) })
}

func (m *machine) RemoveAll(name string) error {
	return m.around(change{removes, name}, func() error { return m.FS.RemoveAll(name) })
}

func (m *machine) Unwrap() vfs.FS { return m.FS }

type machineFile struct {
	vfs.File
	m    *machine
	name string
}

// Write of a disk that is full writes what still fits: half.
func (f *machineFile) Write(p []byte) (n int, err error) {
	err = f.m.around(change{writes, f.name}, func() (err error) {
		n, err = f.File.Write(p)
		return err
	})
	var broken *injected
	if errors.As(err, &broken) && broken.errno == syscall.ENOSPC {
		n, _ = f.File.Write(p[:len(p)/2])
	}
	return n, err
}

func (f *machineFile) WriteAt(p []byte, at int64) (n int, err error) {
	err = f.m.around(change{writes, f.name}, func() (err error) {
		n, err = f.File.WriteAt(p, at)
		return err
	})
	return n, err
}

func (f *machineFile) sync(do func() error) error {
	return f.m.around(change{syncs, f.name}, do)
}

func (f *machineFile) Sync() error     { return f.sync(f.File.Sync) }
func (f *machineFile) SyncData() error { return f.sync(f.File.SyncData) }

func (f *machineFile) SyncTo(length int64) (full bool, err error) {
	err = f.sync(func() (err error) {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, err
}

func (f *machineFile) Close() error {
	return f.m.around(change{closes, f.name}, f.File.Close)
}

// injected is an error that a test put in the place of a change.
type injected struct {
	what  change
	errno syscall.Errno
}

func (e *injected) Error() string { return fmt.Sprintf("%s: %v (injected)", e.what, e.errno) }
func (e *injected) Unwrap() error { return e.errno }

// fault refuses the n-th change of a kind with an error, and from then on, where
// it lasts, every change; else the disk works again at once, which is worse: a
// second sync may succeed that never wrote the first one's bytes.
type fault struct {
	kind  string // empty: any change
	nth   int
	errno syscall.Errno
	lasts bool

	mu    sync.Mutex // guards what follows
	seen  int
	first *change // that was refused
}

func (f *fault) around(c change, do func() error) error {
	f.mu.Lock()
	refuse := f.first != nil && f.lasts
	if f.first == nil && (f.kind == "" || f.kind == c.kind) {
		if f.seen++; f.seen == f.nth {
			refuse, f.first = true, &c
		}
	}
	f.mu.Unlock()
	if refuse {
		return &injected{c, f.errno}
	}
	return do()
}

// struck returns the change that was refused, nil where it never came to that.
func (f *fault) struck() *change {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.first
}
