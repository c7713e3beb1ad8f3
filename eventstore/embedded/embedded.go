// Package embedded is the default event store: one folder of this machine,
// held by one process, with nothing to install. It keeps its events in a
// Pebble database.
//
//	store, err := embedded.Open("/var/lib/ledger", embedded.Options{})
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//
// The folder has
//
//	FORMAT   what it is, in which version; written last when it is created
//	LOCK     locked by the operating system while a process holds the folder
//	HOLDER   which process that is, for the others to name
//	COUNT    how many events there were when it was last closed
//	pebble/  the database
//
//	CHECKPOINT/  while a backup is made: the store as it was (checkpoint.go)
//
// and leaves room for others' files beside them.
//
// One goroutine, the writer, commits all that waits with one sync (writer.go).
// Reads go to the database in short steps and never hold up the writer
// (read.go). The first write or sync that fails stops the disk for the whole
// database and poisons the store (disk.go).
package embedded

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"reliefledger.org/ledger/eventstore"
)

// Options of a store. The zero value is right for a ledger on this machine.
type Options struct {
	// FS is the file system, nil for that of the machine. Tests give one that
	// fails or crashes.
	FS vfs.FS
	// CacheBytes is memory for blocks read from disk; 0 means 64 MiB.
	CacheBytes int64
	// Committed is told of each group that was written with one sync, by the
	// writer, which waits for it; nil: nobody. Set it before the store is used.
	Committed func(Group)
}

// Group is what was written with one sync.
type Group struct {
	Appends, Events int           // appends that wrote something, and their events
	Took            time.Duration // to decide, write and sync
}

// Store is an eventstore.Store in a folder.
type Store struct {
	path   string
	disk   *disk
	db     *pebble.DB
	holder *holder
	closed func() error // close, once

	committed func(Group) // Options.Committed

	// closing is closed when Close begins, writerDone when the writer has
	// answered all that it will answer.
	closing, writerDone chan struct{}
	// work wakes the writer; room for one is enough, since the writer takes
	// all that waits.
	work chan struct{}

	// Owned by the writer: what it knows of streams and recent ids. Only
	// synced events are in there.
	heads *heads
	ids   *recentIDs

	mu      sync.Mutex     // guards what follows
	waiting []*request     // in order of arrival, for the writer
	count   uint64         // events that are synced; what is above isn't shown to anybody
	grown   chan struct{}  // closed and replaced when count grows
	stopped bool           // closing is closed
	readers sync.WaitGroup // steps of reads inside the database; Add only under mu while !stopped
}

var _ eventstore.Store = (*Store)(nil)

// Create makes an empty store in dir, which must be empty or missing, and
// opens it. What a Create that was cut off left behind is used again.
//
// Errors: *NotEmpty, *Held, or that of the file system.
func Create(dir string, opts Options) (*Store, error) {
	s, err := create(dir, opts)
	if err != nil {
		return nil, wrap("create", dir, err)
	}
	return s, nil
}

// Open opens the store that Create made in dir.
//
// Errors: *NotALedger, *NewerFormat, *Held, *Corrupt, *Poisoned where a write
// failed on the way, or that of the file system. Before the lock is taken
// nothing is written.
func Open(dir string, opts Options) (*Store, error) {
	s, err := open(dir, opts)
	if err != nil {
		return nil, wrap("open", dir, err)
	}
	return s, nil
}

func wrap(doing, dir string, err error) error {
	return fmt.Errorf("%s event store %s: %w", doing, dir, err)
}

func open(dir string, opts Options) (*Store, error) {
	fs, dir, err := locate(dir, opts.FS, false)
	if err != nil {
		return nil, err
	}
	// The format comes before the lock: locking writes a file, and nothing is
	// written into a folder that is not ours or that we do not understand.
	if err := checkFormat(fs, dir); err != nil {
		return nil, err
	}
	hold, err := takeHold(fs, dir)
	if err != nil {
		return nil, err
	}
	return start(fs, dir, opts, hold, true)
}

// create argues a crash at any point: until FORMAT is there the folder is no
// ledger, and nobody has appended anything. So FORMAT is written last, after
// the database is synced; a later Create finds at most our own empty files,
// sees in the database that no event is in it, and finishes.
func create(dir string, opts Options) (*Store, error) {
	fs, dir, err := locate(dir, opts.FS, true)
	if err != nil {
		return nil, err
	}
	if err := checkVacant(fs, dir); err != nil {
		return nil, err
	}
	hold, err := takeHold(fs, dir)
	if err != nil {
		return nil, err
	}
	// Once more under the lock: another Create may have been first.
	if err := checkVacant(fs, dir); err != nil {
		return nil, errors.Join(err, hold.release())
	}
	s, err := start(fs, dir, opts, hold, false)
	if err != nil {
		return nil, err
	}
	if s.count > 0 {
		return nil, errors.Join(&eventstore.NotEmpty{Path: dir, Found: fmt.Sprintf("%d events without a FORMAT file", s.count)}, s.Close())
	}
	if err := writeFormat(fs, dir); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// locate gives the folder the one name by which this process's locks know it,
// so that a link to it is not a second folder. It makes the folder first where
// wanted, since only what is there has a real name.
func locate(dir string, fs vfs.FS, makeIt bool) (vfs.FS, string, error) {
	real := func(dir string) (string, error) { return dir, nil }
	if fs == nil {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return nil, "", err
		}
		fs, dir, real = vfs.Default, abs, filepath.EvalSymlinks
	}
	if makeIt {
		if err := makeFolder(fs, dir); err != nil {
			return nil, "", err
		}
	}
	dir, err := real(dir)
	if isMissing(err) {
		return nil, "", &eventstore.NotALedger{Path: dir, Why: "it does not exist"}
	}
	return fs, dir, err
}

// start opens the database under a lock that is held, and lets the writer run.
func start(fs vfs.FS, dir string, opts Options, hold *holder, mustExist bool) (*Store, error) {
	d := newDisk(fs, fs.PathJoin(dir, checkpointFolder))
	db, err := openPebble(d, fs.PathJoin(dir, databaseFolder), opts.CacheBytes, mustExist)
	if err != nil {
		d.quiesce()
		return nil, errors.Join(err, hold.release())
	}
	count, err := countEvents(db)
	if err == nil {
		err = checkCount(fs, dir, count)
	}
	if err != nil {
		return nil, errors.Join(err, d.run(db.Close), hold.release())
	}
	s := &Store{
		path: dir, disk: d, db: db, holder: hold, committed: opts.Committed,
		closing:    make(chan struct{}),
		writerDone: make(chan struct{}),
		work:       make(chan struct{}, 1),
		heads:      newHeads(headsKept),
		ids:        newRecentIDs(idsKept),
		count:      count,
		grown:      make(chan struct{}),
	}
	s.closed = sync.OnceValue(s.close)
	go s.write()
	return s, nil
}

// Head returns how many events are written, which is the number of the next
// one, and the position of the last.
func (s *Store) Head() (count uint64, last eventstore.Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count, positionAfter(s.count)
}

// Poisoned is closed when a write or sync has failed: the store answers nothing
// any more, and the process should start over.
func (s *Store) Poisoned() <-chan struct{} { return s.disk.stopped }

// Err says why the store answers nothing any more: *eventstore.Poisoned or
// ErrClosed; nil while it does.
func (s *Store) Err() error { return s.end() }

// Size returns how many bytes the database takes on disk.
func (s *Store) Size() (int64, error) {
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer s.readers.Done()
	return int64(s.db.Metrics().DiskSpaceUsage()), nil
}

// Close ends the store as the interface says and gives the folder back. Of a
// poisoned store it returns the *Poisoned; the folder can then be opened
// again, by this process too.
func (s *Store) Close() error { return s.closed() }

func (s *Store) close() error {
	s.mu.Lock()
	s.stopped = true
	close(s.closing)
	s.mu.Unlock()

	select {
	case <-s.writerDone:
	case <-s.disk.stopped:
	}
	err := s.disk.run(func() error {
		s.readers.Wait()
		// At rest everything lies in tables with checksums: a log's damaged end
		// looks like one that a crash cut off, and would be dropped without a
		// word. COUNT, written last, lets the next Open see that all is there.
		if err := s.db.Flush(); err != nil {
			return errors.Join(err, s.db.Close())
		}
		if err := s.db.Close(); err != nil {
			return err
		}
		return writeCount(s.disk, s.path, s.count)
	})
	// A stopped database is left as it stands: its goroutines hold its locks
	// and are parked for good. None of them can write any more, and that must
	// be so before somebody else may hold the folder.
	s.disk.quiesce()
	return errors.Join(err, s.holder.release())
}

// end says why the store answers nothing any more, nil while it does.
func (s *Store) end() error {
	if err := s.disk.poisoned(); err != nil {
		return err
	}
	select {
	case <-s.closing:
		return eventstore.ErrClosed
	default:
		return nil
	}
}

// enter lets a step of a read into the database, which Close then waits for;
// the step ends with readers.Done.
func (s *Store) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.end(); err != nil {
		return err
	}
	s.readers.Add(1)
	return nil
}
