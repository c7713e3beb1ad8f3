package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"

	"reliefledger.org/ledger/eventstore"
)

// Verified is what Verify read.
type Verified struct {
	Events  uint64 `json:"events"`
	Streams int    `json:"streams"`
	Tables  int    `json:"tables"` // files of the database, each with the sums of its blocks
	Bytes   int64  `json:"bytes"`  // of tables
}

// Verify reads every byte that the store stands on and gives found what is
// damaged, key by key and file by file:
//
//   - the tables, block by block against their checksums, past all caches;
//   - every record: that it is one, that numbers have no gaps, and that revisions
//     of each stream have none;
//   - the index of streams: that each of its entries leads to the event that
//     has this stream and revision, and that each event has its entry;
//   - that there is nothing else in the database;
//   - COUNT and FORMAT.
//
// What the log holds that is not in a table yet was checked when the store was
// opened. Verify reads one moment of the store, which goes on; it needs 8 bytes
// of memory an event. Its error is that of a read that could not go on, and says
// nothing of what comes after.
func (s *Store) Verify(ctx context.Context, found func(*eventstore.Corrupt)) (Verified, error) {
	if err := s.enter(); err != nil {
		return Verified{}, err
	}
	defer s.readers.Done()
	v := &verifier{store: s, found: found, streams: map[string][]uint64{}}
	snapshot := s.db.NewSnapshot()
	defer snapshot.Close()
	err := errors.Join(v.files(), v.tables(ctx), v.records(ctx, snapshot))
	if err == nil {
		err = v.index(ctx, snapshot)
	}
	v.Streams = len(v.streams)
	return v.Verified, err
}

type verifier struct {
	Verified
	store   *Store
	found   func(*eventstore.Corrupt)
	streams map[string][]uint64 // the numbers of each stream's events
}

func (v *verifier) damaged(where string, format string, args ...any) {
	v.found(&eventstore.Corrupt{Where: where, Cause: fmt.Errorf(format, args...)})
}

// corrupt takes an error of a read: damage is named, any other stays an error.
func (v *verifier) corrupt(where string, err error) error {
	var c *eventstore.Corrupt
	if errors.As(readError(where, err), &c) {
		v.found(c)
		return nil
	}
	return err
}

func (v *verifier) files() error {
	s := v.store
	count, _ := s.Head()
	return errors.Join(
		v.corrupt(formatFile, checkFormat(s.disk.FS, s.path)),
		v.corrupt(countFile, checkCount(s.disk.FS, s.path, count)))
}

// tables reads all blocks of all tables that are in use.
func (v *verifier) tables(ctx context.Context) error {
	levels, err := v.store.db.SSTables()
	if err != nil {
		return v.corrupt("tables", err)
	}
	defaults := &pebble.Options{}
	defaults.EnsureDefaults()
	opts := defaults.MakeReaderOptions()
	opts.Filters = map[string]sstable.FilterPolicy{bloom.FilterPolicy(bloomBits).Name(): bloom.FilterPolicy(bloomBits)}
	for _, level := range levels {
		for _, t := range level {
			if err := ctx.Err(); err != nil {
				return err
			}
			fs := v.store.disk.FS
			name := fmt.Sprintf("%s.sst", t.BackingSSTNum)
			path := fs.PathJoin(v.store.path, databaseFolder, name)
			f, err := fs.Open(path)
			if isMissing(err) && v.gone(t.BackingSSTNum.String()) {
				continue // merged into others meanwhile, which snapshots do not hold up
			}
			if err != nil {
				v.damaged(name, "it cannot be opened: %w", err)
				continue
			}
			readable, err := sstable.NewSimpleReadable(f)
			if err != nil {
				return errors.Join(err, f.Close())
			}
			r, err := sstable.NewReader(ctx, readable, opts)
			if err == nil {
				v.Bytes += readable.Size()
				err = errors.Join(r.ValidateBlockChecksums(), r.Close())
			}
			v.Tables++
			if err != nil {
				v.damaged(name, "%w", err)
			}
		}
	}
	return nil
}

// gone says whether a table is in use no more.
func (v *verifier) gone(number string) bool {
	levels, err := v.store.db.SSTables()
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(levels, func(level []pebble.SSTableInfo) bool {
		return slices.ContainsFunc(level, func(t pebble.SSTableInfo) bool { return t.BackingSSTNum.String() == number })
	})
}

// checkEvery is how many keys are read between two looks at the context.
const checkEvery = 1024

// records reads all events in the order of their numbers, and what stands
// before, between and behind the two kinds of keys.
func (v *verifier) records(ctx context.Context, db *pebble.Snapshot) error {
	for _, bounds := range []pebble.IterOptions{
		{UpperBound: []byte{eventKind}},
		{LowerBound: eventsEnd, UpperBound: []byte{streamKind}},
		{LowerBound: []byte{streamKind + 1}},
	} {
		if err := v.each(ctx, db, bounds, func(key, _ []byte) { v.damaged(keyName(key), "nothing should stand there") }); err != nil {
			return err
		}
	}
	next := uint64(0)
	return v.each(ctx, db, pebble.IterOptions{LowerBound: []byte{eventKind}, UpperBound: eventsEnd}, func(key, value []byte) {
		number, err := parseEventKey(key)
		if err != nil {
			v.damaged(keyName(key), "it is no key of an event")
			return
		}
		if number != next {
			v.damaged(keyName(eventKey(next)), "it is missing: the next one is event %d", number)
		}
		next = number + 1
		v.Events++
		e, err := decodeRecord(bytes.Clone(value))
		if err != nil {
			v.damaged(keyName(key), "%w", err)
			return
		}
		numbers := v.streams[e.Stream]
		if e.Revision != uint64(len(numbers)) {
			v.damaged(keyName(key), "it is revision %d of stream %q, which has %d events before it", e.Revision, e.Stream, len(numbers))
		}
		v.streams[e.Stream] = append(numbers, number)
	})
}

// index reads all entries of the index of streams and looks for those that are
// missing.
func (v *verifier) index(ctx context.Context, db *pebble.Snapshot) error {
	seen := map[string]int{}
	err := v.each(ctx, db, pebble.IterOptions{LowerBound: []byte{streamKind}, UpperBound: []byte{streamKind + 1}}, func(key, value []byte) {
		revision, number, err := parseStreamEntry(key, value)
		if err != nil {
			v.damaged(keyName(key), "it is no entry of a stream")
			return
		}
		stream := string(key[3 : len(key)-8])
		if !bytes.Equal(key, streamKey(stream, revision)) {
			v.damaged(keyName(key), "its length is wrong")
			return
		}
		numbers := v.streams[stream]
		if revision >= uint64(len(numbers)) || numbers[revision] != number {
			v.damaged(keyName(key), "it leads to event %d, which is not that revision", number)
			return
		}
		seen[stream]++
	})
	if err != nil {
		return err
	}
	for stream, numbers := range v.streams {
		if seen[stream] != len(numbers) {
			v.damaged(fmt.Sprintf("stream %q", stream), "its index has %d entries for %d events", seen[stream], len(numbers))
		}
	}
	return nil
}

// each reads a range of keys.
func (v *verifier) each(ctx context.Context, db *pebble.Snapshot, bounds pebble.IterOptions, read func(key, value []byte)) error {
	it, err := db.NewIter(&bounds)
	if err != nil {
		return v.corrupt("keys", err)
	}
	defer it.Close()
	n := 0
	for ok := it.First(); ok; ok = it.Next() {
		if n++; n%checkEvery == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		value, err := it.ValueAndErr()
		if err != nil {
			if err := v.corrupt(keyName(it.Key()), err); err != nil {
				return err
			}
			continue
		}
		read(it.Key(), value)
	}
	return v.corrupt("keys after the last one read", it.Error())
}
