package embedded

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reliefledger.org/ledger/eventstore"
)

const (
	lockFile   = "LOCK"
	holderFile = "HOLDER"
)

// holder is the hold of this process on a folder. The lock decides; it is the
// operating system's and ends with the process, however that ends. HOLDER only
// tells the others whose it is, and may be stale where nobody holds the lock.
type holder struct {
	fs   vfs.FS
	name string // of the HOLDER file
	lock io.Closer
}

// holderText is what stands in HOLDER.
type holderText struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

// takeHold locks dir, or says in *eventstore.Held who has.
func takeHold(fsys vfs.FS, dir string) (*holder, error) {
	name := fsys.PathJoin(dir, holderFile)
	lock, err := fsys.Lock(fsys.PathJoin(dir, lockFile))
	if isHeld(err) {
		held := &eventstore.Held{Path: dir}
		// Unreadable, or not yet written: then without a name.
		if text, err := readSmallFile(fsys, name); err == nil {
			var h holderText
			if json.Unmarshal(text, &h) == nil {
				held.PID, held.Host, held.Since = h.PID, h.Host, h.Since
			}
		}
		return nil, held
	}
	if err != nil {
		return nil, err
	}
	h := &holder{fsys, name, lock}
	host, _ := os.Hostname() // only for people; empty where there is none
	text, err := json.Marshal(holderText{os.Getpid(), host, time.Now().UTC().Truncate(time.Second)})
	if err == nil {
		err = replaceFile(fsys, name, append(text, '\n'))
	}
	if err != nil {
		return nil, errors.Join(err, h.release())
	}
	return h, nil
}

// isHeld says whether locking failed because somebody else has the lock. A
// lock file that can't be made is an error of its path; what is left is the
// bare answer of the lock call, or Pebble's own list of this process's locks,
// which has no error value of its own.
func isHeld(err error) bool {
	var path *fs.PathError
	var errno syscall.Errno
	return err != nil && !errors.As(err, &path) &&
		(errors.As(err, &errno) || err.Error() == "lock held by current process")
}

// release gives the folder back. The name goes first: later it could be that
// of the next holder.
func (h *holder) release() error {
	err := h.fs.Remove(h.name)
	if isMissing(err) {
		err = nil
	}
	return errors.Join(err, h.lock.Close())
}
