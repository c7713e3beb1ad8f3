package embedded

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"reliefledger.org/ledger/eventstore"
)

var everyByte = flag.Bool("every-byte", false, "flip every byte of a small folder and cut its files everywhere (minutes)")

// flipStride is how far apart the bytes are that are flipped without
// -every-byte; it is prime, so that it meets each place of a repeated structure.
const flipStride = 61

// smallFolder is a store of some events that was closed, or is cut off, as files.
func smallFolder(t *testing.T, closed bool) (files map[string][]byte, truth string) {
	fs := vfs.NewMem()
	s := mustCreate(t, fs)
	for i := range 12 {
		if _, err := s.Append(context.Background(), fmt.Sprint("stream-", i%4), eventstore.Any, someEvents(2, 40)); err != nil {
			t.Fatal(err)
		}
	}
	truth, err := answers(s)
	if err != nil {
		t.Fatal(err)
	}
	if closed {
		mustClose(t, s)
	} else {
		defer mustClose(t, s)
	}
	return filesOf(t, fs), truth
}

// filesOf are the files of the folder, with their bytes.
func filesOf(t *testing.T, fs vfs.FS) map[string][]byte {
	files := map[string][]byte{}
	var walk func(dir string)
	walk = func(dir string) {
		names, err := fs.List(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			path := fs.PathJoin(dir, name)
			info, err := fs.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if info.IsDir() {
				walk(path)
				continue
			}
			f, err := fs.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(f)
			if err = errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
			files[path] = text
		}
	}
	walk(folder)
	return files
}

// answers is everything a store says.
func answers(s *Store) (string, error) {
	var all strings.Builder
	read := func(name string, events func(func(eventstore.Recorded, error) bool)) error {
		fmt.Fprintln(&all, name)
		for e, err := range events {
			if err != nil {
				return err
			}
			fmt.Fprintln(&all, e.Position, e.Stream, e.Revision, e.ID, e.Type, e.Data, e.Metadata)
		}
		return nil
	}
	ctx := context.Background()
	count, last := s.Head()
	fmt.Fprintln(&all, count, last)
	err := errors.Join(
		read("forwards", s.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards)),
		read("backwards", s.ReadAll(ctx, eventstore.End, eventstore.Backwards)))
	for i := range 5 {
		name := fmt.Sprint("stream-", i)
		err = errors.Join(err, read(name, s.ReadStream(ctx, name, 0, eventstore.Forwards)), read(name, s.ReadStream(ctx, name, math.MaxUint64, eventstore.Backwards)))
	}
	return all.String(), err
}

// in puts files into a file system of their own.
func in(t *testing.T, files map[string][]byte) vfs.FS {
	fs := vfs.NewMem()
	for path, text := range files {
		if err := fs.MkdirAll(fs.PathDir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
		if err == nil {
			_, err = f.Write(text)
		}
		if err = errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return fs
}

// trial opens a folder that may be damaged. It is right where opening or Verify
// names the damage, or no answer differs from the truth; of a store that was cut
// off, also where it looks as if that had happened earlier.
func trial(t *testing.T, files map[string][]byte, truth, what string, closed bool) (named, shorter bool) {
	t.Helper()
	s, err := Open(folder, Options{FS: in(t, files)})
	if err != nil {
		return true, false
	}
	defer s.Close()
	said, readErr := answers(s)
	var found []string
	_, err = s.Verify(context.Background(), func(c *eventstore.Corrupt) { found = append(found, c.Error()) })
	named = len(found) > 0 || err != nil
	if named || readErr == nil && said == truth {
		return named, false
	}
	if !closed && readErr == nil {
		_, all, _ := strings.Cut(truth, "forwards\n")
		_, some, _ := strings.Cut(said, "forwards\n")
		some, _, _ = strings.Cut(some, "backwards\n")
		if strings.HasPrefix(all, some) {
			return false, true
		}
	}
	t.Errorf("%s: answers differ (%v), and nothing names it", what, readErr)
	return false, false
}

// Any byte flipped and any file cut: either no answer changes, or opening or
// Verify names it, and nothing panics. Of a store that was cut off, the events
// since it was last closed stand in its log alone: damage there can look like a
// crash before they were synced, and then some of the last are not there.
func TestDamageIsNamed(t *testing.T) {
	for _, closed := range []bool{true, false} {
		t.Run(map[bool]string{true: "closed", false: "cut off"}[closed], func(t *testing.T) { damage(t, closed) })
	}
}

func damage(t *testing.T, closed bool) {
	files, truth := smallFolder(t, closed)
	if named, shorter := trial(t, files, truth, "whole", closed); named || shorter {
		t.Fatal("a whole folder is said to be damaged")
	}
	stride := flipStride
	if *everyByte {
		stride = 1
	}
	for path, text := range files {
		tried, named, shorter := 0, 0, 0
		damaged := maps.Clone(files)
		try := func(what string, args ...any) {
			tried++
			n, s := trial(t, damaged, truth, path+": "+fmt.Sprintf(what, args...), closed)
			if n {
				named++
			}
			if s {
				shorter++
			}
		}
		for _, mask := range []byte{0x01, 0xff} {
			for at := 0; at < len(text); at += stride {
				changed := bytes.Clone(text)
				changed[at] ^= mask
				damaged[path] = changed
				try("byte %d flipped with %#x", at, mask)
			}
		}
		for at := 0; at < len(text); at += stride {
			damaged[path] = text[:at]
			try("cut to %d bytes", at)
		}
		delete(damaged, path)
		try("removed")
		t.Logf("%s, %d bytes: of %d damages %d are named, %d look like an earlier crash, the rest change no answer", path, len(text), tried, named, shorter)
	}
}

// Damage in the middle of a log is no crash: later bytes of the log say that what
// stands before them was synced. Only in the last block of 32 KiB nothing does.
func TestDamageInTheMiddleOfALog(t *testing.T) {
	fs := vfs.NewMem()
	s := mustCreate(t, fs)
	defer mustClose(t, s)
	for range 200 {
		if _, err := s.Append(context.Background(), "s", eventstore.Any, someEvents(1, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	files := filesOf(t, fs)
	for path, text := range files {
		if !strings.HasSuffix(path, ".log") || len(text) < 150_000 {
			continue
		}
		for at := 1000; at < 100_000; at += 9001 {
			damaged := maps.Clone(files)
			damaged[path] = bytes.Clone(text)
			damaged[path][at] ^= 1
			again, err := Open(folder, Options{FS: in(t, damaged)})
			if err == nil {
				n, _ := again.Head()
				t.Errorf("byte %d of a log of %d: opened with %d of 200 events", at, len(text), n)
				mustClose(t, again)
			}
		}
		return
	}
	t.Fatal("no log")
}

// What a program that went wrong could have written, with all checksums right.
func TestVerifyNamesWhatIsWrongInTheDatabase(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		what, want string
		harm       func(b *pebble.Batch) error
	}{
		{"nothing", "", func(*pebble.Batch) error { return nil }},
		{"an event is missing", "event 1", func(b *pebble.Batch) error { return b.Delete(eventKey(1), nil) }},
		{"a record is none", "event 1", func(b *pebble.Batch) error { return b.Set(eventKey(1), []byte("x"), nil) }},
		{"a record of another stream", "event 2", func(b *pebble.Batch) error {
			return b.Set(eventKey(1), appendBody([]byte{0}, "t", someEvents(1, 1)[0]), nil)
		}},
		{"an entry is missing", `stream "s"`, func(b *pebble.Batch) error { return b.Delete(streamKey("s", 2), nil) }},
		{"an entry leads elsewhere", `stream "s", revision 2`, func(b *pebble.Batch) error { return b.Set(streamKey("s", 2), eventKey(1)[1:], nil) }},
		{"an entry of no event", `stream "u", revision 0`, func(b *pebble.Batch) error { return b.Set(streamKey("u", 0), eventKey(1)[1:], nil) }},
		{"an entry that is none", "stream", func(b *pebble.Batch) error { return b.Set(streamKey("u", 0), []byte("x"), nil) }},
		{"something else", "key 78", func(b *pebble.Batch) error { return b.Set([]byte("x"), nil, nil) }},
		{"something before", "key 61", func(b *pebble.Batch) error { return b.Set([]byte("a"), nil, nil) }},
		{"something between", "key 66", func(b *pebble.Batch) error { return b.Set([]byte("f"), nil, nil) }},
	} {
		s := mustCreate(t, vfs.NewMem())
		if _, err := s.Append(ctx, "s", eventstore.NoStream, someEvents(3, 10)); err != nil {
			t.Fatal(err)
		}
		b := s.db.NewBatch()
		if err := errors.Join(c.harm(b), b.Commit(pebble.Sync)); err != nil {
			t.Fatal(err)
		}
		var found []string
		v, err := s.Verify(ctx, func(d *eventstore.Corrupt) { found = append(found, d.Where) })
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
		if c.want == "" && (len(found) > 0 || v.Events != 3 || v.Streams != 1) {
			t.Errorf("%s: %v, %+v", c.what, found, v)
		}
		if c.want != "" && !strings.HasPrefix(strings.Join(found, "; "), c.want) {
			t.Errorf("%s: named %q, want %q", c.what, found, c.want)
		}
		mustClose(t, s)
	}
}

// A table that was cut, or is gone, is damage to who opens the store: not a failure of
// the machine, which another try could mend.
func TestTablesAreMissing(t *testing.T) {
	files, _ := smallFolder(t, true)
	tables := 0
	for path, text := range files {
		if !strings.HasSuffix(path, ".sst") {
			continue
		}
		tables++
		for what, now := range map[string][]byte{"cut": text[:len(text)/2], "gone": nil} {
			damaged := maps.Clone(files)
			if damaged[path] = now; now == nil {
				delete(damaged, path)
			}
			s, err := Open(folder, Options{FS: in(t, damaged)})
			var corrupt *eventstore.Corrupt
			if !errors.As(err, &corrupt) {
				t.Errorf("%s %s: %v", path, what, err)
			}
			if err == nil {
				s.Close()
			}
		}
	}
	if tables == 0 {
		t.Error("the store has no table")
	}
}
