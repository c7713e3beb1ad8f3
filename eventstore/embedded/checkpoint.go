package embedded

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2"
)

// Format is the version of a store's folder that this program writes.
const Format = formatVersion

// checkpointFolder is where Checkpoint makes one: on the database's own file
// system, where it can link tables instead of copying them.
const checkpointFolder = "CHECKPOINT"

// CheckpointFolder is the folder in which Checkpoint makes one, of the store in
// dir. What a backup that was cut off left there is of no use to anybody.
func CheckpointFolder(dir string) string { return filepath.Join(dir, checkpointFolder) }

// Checkpoint makes a second store in the folder's CHECKPOINT, with all events
// that are written now, while this one goes on. Its tables are hard links to
// those of this store, which never changes a table, so that it takes
// milliseconds whatever their size: it is there to be opened, read and copied
// away, and then to be removed.
//
// One that is there already is an error. So is a full disk, which leaves
// nothing behind and does this store no harm.
func (s *Store) Checkpoint() error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.readers.Done()
	fs, dir := s.disk.FS, s.disk.aside
	if _, err := fs.Stat(dir); !isMissing(err) {
		return errors.Join(fmt.Errorf("checkpoint: %s is there already", dir), err)
	}
	count, _ := s.Head() // the checkpoint has as many, or more
	err := s.disk.run(func() error {
		if err := makeFolder(fs, dir); err != nil {
			return err
		}
		if err := s.db.Checkpoint(fs.PathJoin(dir, databaseFolder)); err != nil {
			return err
		}
		if err := s.settle(); err != nil {
			return err
		}
		if err := writeCount(fs, dir, count); err != nil {
			return err
		}
		return writeFormat(fs, dir) // last, as in create
	})
	if err != nil {
		return errors.Join(fmt.Errorf("checkpoint: %w", err), fs.RemoveAll(dir))
	}
	return nil
}

// settle returns once all that the database has now is synced, and shown by the
// store. A checkpoint copies the log as it stands, with what the writer has
// written and not synced yet: only after this is it in the store after any
// crash, and the checkpoint the beginning of what the store has.
func (s *Store) settle() error {
	if err := s.db.LogData(nil, pebble.Sync); err != nil {
		return err
	}
	written, err := countEvents(s.db)
	if err != nil {
		return err
	}
	for {
		s.mu.Lock()
		count, grown := s.count, s.grown
		s.mu.Unlock()
		if count >= written {
			return nil
		}
		// The writer shows what it has synced, also where the store is being
		// closed.
		select {
		case <-grown:
		case <-s.disk.stopped:
			return s.disk.poisoned()
		}
	}
}
