package embedded

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reliefledger.org/ledger/eventstore"
)

const (
	formatFile     = "FORMAT"
	databaseFolder = "pebble"

	formatName = "reliefledger events"
	// formatVersion changes with every change of keys.go or record.go, and
	// with the format of Pebble in pebble.go, that an older program would
	// misread.
	formatVersion = 1

	newSuffix = ".new" // of a file that is about to replace another

	// maxSmallFile bounds what is read of a file that should be one line.
	maxSmallFile = 4096
)

// formatText is what stands in FORMAT.
type formatText struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
}

// checkFormat says whether dir is a store that this program can open.
func checkFormat(fs vfs.FS, dir string) error {
	name := fs.PathJoin(dir, formatFile)
	text, err := readSmallFile(fs, name)
	if isMissing(err) {
		return &eventstore.NotALedger{Path: dir, Why: "it has no FORMAT file"}
	}
	if err != nil {
		return err
	}
	var f formatText
	// It was put in place whole, so a torn one is damage and not a crash.
	if err := json.Unmarshal(text, &f); err != nil {
		return &eventstore.Corrupt{Where: name, Cause: err}
	}
	switch {
	case f.Format != formatName:
		return &eventstore.NotALedger{Path: dir, Why: fmt.Sprintf("its FORMAT file says %q", f.Format)}
	case f.Version > formatVersion:
		return &eventstore.NewerFormat{Path: dir, Have: f.Version, Know: formatVersion}
	case f.Version < 1:
		return &eventstore.Corrupt{Where: name, Cause: fmt.Errorf("version %d never was", f.Version)}
	}
	return nil
}

func writeFormat(fs vfs.FS, dir string) error {
	text, err := json.Marshal(formatText{formatName, formatVersion})
	if err != nil {
		return err
	}
	return replaceFile(fs, fs.PathJoin(dir, formatFile), append(text, '\n'))
}

// checkVacant says whether a store may be created in dir: it holds nothing, or
// at most what a Create that was cut off leaves behind.
func checkVacant(fs vfs.FS, dir string) error {
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	slices.Sort(names)
	ours := []string{countFile, countFile + newSuffix, lockFile, holderFile, holderFile + newSuffix, formatFile + newSuffix, databaseFolder}
	for _, name := range names {
		if !slices.Contains(ours, name) {
			return &eventstore.NotEmpty{Path: dir, Found: name}
		}
	}
	return nil
}

// makeFolder makes dir and the folders above it that are missing, and syncs
// the one above each, so that a crash doesn't lose the way to the ledger.
func makeFolder(fs vfs.FS, dir string) error {
	if _, err := fs.Stat(dir); err == nil {
		return nil
	}
	above := fs.PathDir(dir)
	if above == dir {
		return nil
	}
	if err := makeFolder(fs, above); err != nil {
		return err
	}
	// Nobody else: what is private stands in the events too.
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncFolder(fs, above)
}

func syncFolder(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// replaceFile puts text under name so that a reader, also one after a crash,
// sees the old content or all of the new one: the bytes are synced before they
// get the name, the name before anybody is told.
func replaceFile(fs vfs.FS, name string, text []byte) error {
	f, err := fs.Create(name+newSuffix, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if _, err = f.Write(text); err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := fs.Rename(name+newSuffix, name); err != nil {
		return err
	}
	return syncFolder(fs, fs.PathDir(name))
}

func readSmallFile(fs vfs.FS, name string) ([]byte, error) {
	f, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSmallFile))
	return text, errors.Join(err, f.Close())
}

// countFile says how many events there were when the store was last closed.
const countFile = "COUNT"

func writeCount(fs vfs.FS, dir string, count uint64) error {
	return replaceFile(fs, fs.PathJoin(dir, countFile), fmt.Appendf(nil, "%d\n", count))
}

// checkCount says whether events that a closed store had are missing. A store
// that was cut off has as many as when it was last closed, or more.
func checkCount(fs vfs.FS, dir string, have uint64) error {
	text, err := readSmallFile(fs, fs.PathJoin(dir, countFile))
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	var had uint64
	if _, err := fmt.Sscanf(string(text), "%d\n", &had); err != nil {
		return &eventstore.Corrupt{Where: countFile, Cause: err}
	}
	if have < had {
		return &eventstore.Corrupt{Where: "the database", Cause: fmt.Errorf("it has %d events, when it was closed there were %d", have, had)}
	}
	return nil
}
