package embedded

import (
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2/vfs"

	"reliefledger.org/ledger/eventstore"
)

// disk is the file system as the database sees it. It stops at the first write,
// sync or change of a name that fails: from then on nothing is changed on disk,
// and whoever tries, beginning with the one that failed, is parked for ever.
//
// Why not hand the error to Pebble? After a failed sync nobody knows what the
// disk holds, and a second sync may succeed without having written the first
// one's bytes. Pebble expects to die there: it calls Fatalf, which exits the
// process; it panics while a log is rotated, with a lock given up that a defer
// then unlocks again, which no recover catches; and it tries a failed flush
// again at once, without end, after which it may delete the log that held the
// only copy. Parked, none of that code runs. The price is the memory and the
// goroutines of a database that nobody uses any more, in a process that is to
// start over.
type disk struct {
	vfs.FS                // reads go straight through
	stopped chan struct{} // closed when the disk stops
	aside   string        // the folder of checkpoints, whose failures are no harm

	// gate is held shared by each change while it is made, exclusively to
	// stop: so that after quiesce no change is under way.
	gate  sync.RWMutex
	once  sync.Once
	cause error // set before stopped is closed
}

func newDisk(fs vfs.FS, aside string) *disk {
	return &disk{FS: fs, stopped: make(chan struct{}), aside: aside}
}

// isAside says whether a name belongs to a checkpoint: nothing of the database
// depends on it, and who makes it hears of a failure.
func (d *disk) isAside(name string) bool { return strings.HasPrefix(name, d.aside) }

// stop stops the disk. Only the first cause is kept.
func (d *disk) stop(cause error) {
	d.once.Do(func() {
		d.cause = cause
		close(d.stopped)
	})
}

// quiesce returns once no change is under way on a disk that has stopped or
// that nobody uses any more.
func (d *disk) quiesce() {
	d.gate.Lock()
	//lint:ignore SA2001 waiting for the lock is all that is wanted
	d.gate.Unlock()
}

// poisoned returns *eventstore.Poisoned once the disk has stopped.
func (d *disk) poisoned() error {
	select {
	case <-d.stopped:
		return &eventstore.Poisoned{Cause: d.cause}
	default:
		return nil
	}
}

// run calls f, which may be parked, and returns when it does or when the disk
// stops, whichever is first. The goroutine of a parked f is lost.
func (d *disk) run(f func() error) error {
	if err := d.poisoned(); err != nil {
		return err
	}
	done := make(chan error, 1) // f must not wait for us to listen
	go func() { done <- f() }()
	select {
	case err := <-done:
		if stopped := d.poisoned(); stopped != nil {
			return stopped // what f says after the disk stopped is no answer
		}
		return err
	case <-d.stopped:
		return d.poisoned()
	}
}

// change makes one change, or parks.
func (d *disk) change(doing, path string, f func() error) {
	d.gate.RLock()
	err := d.poisoned()
	if err == nil {
		if err = f(); err == nil {
			d.gate.RUnlock()
			return
		}
		d.stop(fmt.Errorf("%s %s: %w", doing, path, err))
	}
	d.gate.RUnlock()
	d.park()
}

func (*disk) park() { select {} }

// changeFile is change for what gives a file.
func (d *disk) changeFile(doing, path string, f func() (vfs.File, error)) (vfs.File, error) {
	var file vfs.File
	d.change(doing, path, func() (err error) {
		file, err = f()
		return err
	})
	return &diskFile{file, d, path}, nil
}

// Create of a marker, by which Pebble says which of its files is the one that
// counts, first syncs the folder: Pebble syncs it once, when both the file and
// the marker have their names, and a disk that keeps names in no order could
// keep the marker alone.
func (d *disk) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if d.isAside(name) {
		return d.FS.Create(name, category)
	}
	if strings.HasPrefix(d.FS.PathBase(name), "marker.") {
		dir := d.FS.PathDir(name)
		d.change("sync", dir, func() error { return syncFolder(d.FS, dir) })
	}
	return d.changeFile("create", name, func() (vfs.File, error) { return d.FS.Create(name, category) })
}

func (d *disk) OpenReadWrite(name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return d.changeFile("open", name, func() (vfs.File, error) { return d.FS.OpenReadWrite(name, category, opts...) })
}

func (d *disk) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return d.changeFile("reuse", oldname, func() (vfs.File, error) { return d.FS.ReuseForWrite(oldname, newname, category) })
}

func (d *disk) OpenDir(name string) (vfs.File, error) {
	file, err := d.FS.OpenDir(name)
	if err != nil || d.isAside(name) {
		return file, err
	}
	return &diskFile{file, d, name}, nil
}

func (d *disk) Link(oldname, newname string) error {
	if d.isAside(newname) {
		return d.FS.Link(oldname, newname)
	}
	d.change("link", oldname, func() error { return d.FS.Link(oldname, newname) })
	return nil
}

func (d *disk) Rename(oldname, newname string) error {
	if d.isAside(newname) {
		return d.FS.Rename(oldname, newname)
	}
	d.change("rename", oldname, func() error { return d.FS.Rename(oldname, newname) })
	return nil
}

func (d *disk) MkdirAll(name string, perm os.FileMode) error {
	if d.isAside(name) {
		return d.FS.MkdirAll(name, perm)
	}
	d.change("make folder", name, func() error { return d.FS.MkdirAll(name, perm) })
	return nil
}

// Remove is the one change whose failure is no harm: what could not be removed
// is removed at the next opening.
func (d *disk) Remove(name string) (failed error) {
	d.change("remove", name, func() error {
		failed = d.FS.Remove(name)
		return nil
	})
	return failed
}

// RemoveAll is as Remove.
func (d *disk) RemoveAll(name string) (failed error) {
	d.change("remove", name, func() error {
		failed = d.FS.RemoveAll(name)
		return nil
	})
	return failed
}

func (d *disk) Unwrap() vfs.FS { return d.FS }

// diskFile is a file that may be changed.
type diskFile struct {
	vfs.File
	disk *disk
	path string
}

func (f *diskFile) Write(p []byte) (n int, err error) {
	f.disk.change("write", f.path, func() (err error) {
		n, err = f.File.Write(p)
		return err
	})
	return n, nil
}

func (f *diskFile) WriteAt(p []byte, at int64) (n int, err error) {
	f.disk.change("write", f.path, func() (err error) {
		n, err = f.File.WriteAt(p, at)
		return err
	})
	return n, nil
}

// Preallocate is only advice: a file system without it says so.
func (f *diskFile) Preallocate(offset, length int64) (failed error) {
	f.disk.change("preallocate", f.path, func() error {
		failed = f.File.Preallocate(offset, length)
		return nil
	})
	return failed
}

func (f *diskFile) Sync() error {
	f.disk.change("sync", f.path, f.File.Sync)
	return nil
}

func (f *diskFile) SyncData() error {
	f.disk.change("sync", f.path, f.File.SyncData)
	return nil
}

func (f *diskFile) SyncTo(length int64) (full bool, err error) {
	f.disk.change("sync", f.path, func() (err error) {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, nil
}

// Close of a file that was written may be where a network file system says
// that it could not keep the bytes.
func (f *diskFile) Close() error {
	f.disk.change("close", f.path, f.File.Close)
	return nil
}

// isMissing says whether err means that there is no such file.
func isMissing(err error) bool { return oserror.IsNotExist(err) }
