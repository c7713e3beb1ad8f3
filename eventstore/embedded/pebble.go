package embedded

import (
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"

	"reliefledger.org/ledger/eventstore"
)

const (
	// pebbleFormat is the format of Pebble's files: with it the end of the
	// log after a crash can be told from damage in its middle, and tables have
	// a checksum in their footer. A later one is a new formatVersion.
	pebbleFormat = pebble.FormatTableFormatV6

	// memTableBytes is what Pebble gathers in memory before it writes a table;
	// a restart replays at most a few of these from the log. A group (see
	// groupBytes) must stay below half of it: larger batches take a slower way.
	memTableBytes = 16 << 20

	defaultCacheBytes = 64 << 20

	// bloomBits a key make asking for a stream that does not exist, which
	// every first append does, read no table in 99 of 100 cases.
	bloomBits = 10
)

// openPebble opens the database in dir, or makes it where it need not exist.
func openPebble(d *disk, dir string, cacheBytes int64, mustExist bool) (*pebble.DB, error) {
	if cacheBytes == 0 {
		cacheBytes = defaultCacheBytes
	}
	opts := &pebble.Options{
		FS:                 unlocked{d},
		FormatMajorVersion: pebbleFormat,
		MemTableSize:       memTableBytes,
		CacheSize:          cacheBytes,
		ErrorIfNotExists:   mustExist,
		Logger:             logger{d},
		// They guide how deleted keys are compacted away, and no key is ever
		// deleted. Of a table that cannot be read they would be asked for again at
		// once, without end: a stopped database would keep a processor busy.
		DisableTableStats: true,
		EventListener: &pebble.EventListener{
			// A flush or compaction that failed without the disk having
			// stopped has read something that it can't read. Pebble would try
			// again for ever and stall the writer in the end.
			BackgroundError: d.stop,
			// Who read the damage gets the error; that is enough.
			DataCorruption: func(pebble.DataCorruptionInfo) {},
		},
	}
	for i := range opts.Levels {
		opts.Levels[i].FilterPolicy = bloom.FilterPolicy(bloomBits)
	}
	var db *pebble.DB
	err := d.run(func() (err error) {
		if !mustExist {
			// The log of a database's first session is written in an older format,
			// in which damage cannot be told from a crash: that session is over
			// before anything is in it.
			if db, err = pebble.Open(dir, opts); err == nil {
				err = db.Close()
			}
		}
		if err == nil {
			db, err = pebble.Open(dir, opts)
		}
		return err
	})
	if err != nil {
		if mustExist && isDamage(err) {
			return nil, &eventstore.Corrupt{Where: "database " + dir, Cause: err}
		}
		return nil, readError("database "+dir, err)
	}
	return db, nil
}

// isDamage says whether a database that exists does not open because of what is in it:
// a file is missing, or has another size than the database remembers. What only the
// system refuses (no room, no right, no memory) is none.
func isDamage(err error) bool {
	var system syscall.Errno
	return isMissing(err) || !errors.As(err, &system)
}

// countEvents returns the number behind that of the last event.
func countEvents(db *pebble.DB) (uint64, error) {
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: eventKey(0), UpperBound: eventsEnd})
	if err != nil {
		return 0, err
	}
	defer it.Close()
	if !it.Last() {
		return 0, readError("the last event", it.Error())
	}
	number, err := parseEventKey(it.Key())
	return number + 1, err
}

// readError turns what Pebble says of damaged files into *eventstore.Corrupt.
func readError(where string, err error) error {
	if pebble.IsCorruptionError(err) || errors.Is(err, pebble.ErrDBDoesNotExist) {
		return &eventstore.Corrupt{Where: where, Cause: err}
	}
	return err
}

// unlocked is the disk without a lock: the store holds the folder already.
type unlocked struct{ *disk }

func (unlocked) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

// logger is what Pebble has to say. Its chatter is dropped.
type logger struct{ disk *disk }

func (logger) Infof(string, ...any)  {}
func (logger) Errorf(string, ...any) {}

// Fatalf stops the disk and never returns, as Pebble expects of it; it would
// have exited the process, which is not for a library to do.
func (l logger) Fatalf(format string, args ...any) {
	l.disk.stop(fmt.Errorf(format, args...))
	l.disk.park()
}
