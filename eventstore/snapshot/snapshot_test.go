package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
)

var ctx = context.Background()

// folded is what the tests fold: the types of all events, in order.
type folded struct {
	Types []string
	Odd   map[string]int
}

func store(t *testing.T, events int) *embedded.Store {
	s, err := embedded.Create("/ledger", embedded.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for i := range events {
		e := eventstore.Event{ID: uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, i)), Type: fmt.Sprint("Type", i), Data: []byte(`{"open":{},"private":{}}`), Metadata: []byte(`{}`)}
		if _, err := s.Append(ctx, "ledger", eventstore.Any, []eventstore.Event{e}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// fold goes on from a point.
func fold(t *testing.T, s eventstore.Store, f *folded, at Point) Point {
	for r, err := range s.ReadAll(ctx, at.Position, eventstore.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		f.Types = append(f.Types, r.Type)
		if f.Odd == nil {
			f.Odd = map[string]int{}
		}
		f.Odd[r.Type]++
		at.Next(r)
	}
	return at
}

func saved(t *testing.T, events int) string {
	path := filepath.Join(t.TempDir(), "snapshots", "state")
	var f folded
	if err := Save(path, nil, fold(t, store(t, events), &f, Point{}), &f); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestGoesOn(t *testing.T) {
	path, s := saved(t, 7), store(t, 12)
	var f folded
	at, err := Load(ctx, path, nil, s, &f)
	if err != nil || at.Count != 7 || len(f.Types) != 7 {
		t.Fatal(at.Count, f, err)
	}
	if at = fold(t, s, &f, at); at.Count != 12 {
		t.Error(at.Count)
	}
	var want folded
	fold(t, s, &want, Point{})
	if fmt.Sprint(f) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", f, want)
	}
	// From there it can be saved again, over the first.
	if err := Save(path, nil, at, &f); err != nil {
		t.Fatal(err)
	}
	if at, err = Load(ctx, path, nil, s, &folded{}); err != nil || at.Count != 12 {
		t.Error(at.Count, err)
	}
	if i, err := os.Stat(path); err != nil || i.Mode().Perm() != 0o600 {
		t.Error(i.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.tmp")); len(left) > 0 {
		t.Error("left behind:", left)
	}
}

func TestLost(t *testing.T) {
	path := saved(t, 7)
	other := store(t, 6)
	e := eventstore.Event{ID: uuid.New(), Type: "Forged", Data: []byte(`{"open":{},"private":{}}`), Metadata: []byte(`{}`)}
	for name, s := range map[string]*embedded.Store{"a tail is missing": store(t, 5), "all but one are": store(t, 1), "none is there": store(t, 0), "the last is missing": store(t, 6)} {
		var lost *Lost
		if _, err := Load(ctx, path, nil, s, &folded{}); !errors.As(err, &lost) || lost.Count != 7 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := other.Append(ctx, "ledger", eventstore.Any, []eventstore.Event{e}); err != nil {
		t.Fatal(err)
	}
	var lost *Lost
	if _, err := Load(ctx, path, nil, other, &folded{}); !errors.As(err, &lost) || lost.Found == "" {
		t.Errorf("another last event: %v", err)
	}
}

// TestDamaged flips every bit and cuts at every byte: no snapshot is there then,
// and the store is accused of nothing.
func TestDamaged(t *testing.T) {
	path, s := saved(t, 7), store(t, 7)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want folded
	fold(t, s, &want, Point{})
	try := func(what string, b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		var none *None
		var have folded
		// A name in the head may be read with another case: then nothing else is.
		if at, err := Load(ctx, path, nil, s, &have); !errors.As(err, &none) && (err != nil || at.Count != 7 || fmt.Sprint(have) != fmt.Sprint(want)) {
			t.Fatalf("%s: %v %v", what, have, err)
		}
	}
	blank := bytes.LastIndexByte(whole[:headSize], '}') + 1
	for i := range whole {
		if i >= blank && i < headSize {
			continue // nobody reads the blanks behind the head
		}
		b := bytes.Clone(whole)
		b[i] ^= 1 << (i % 8)
		try(fmt.Sprint("bit flipped in byte ", i), b)
		if i%16 == 0 {
			try(fmt.Sprint("cut at ", i), whole[:i])
		}
	}
	try("nothing", nil)
}

// TestOtherTypes: what another build folded is not read.
func TestOtherTypes(t *testing.T) {
	path, s := saved(t, 7), store(t, 7)
	type other struct {
		Types []string
		Odd   map[string]uint
	}
	var none *None
	if _, err := Load(ctx, path, nil, s, &other{}); !errors.As(err, &none) {
		t.Error(err)
	}
	if _, err := Load(ctx, filepath.Join(t.TempDir(), "missing"), nil, s, &folded{}); !errors.As(err, &none) {
		t.Error(err)
	}
}

func TestWorth(t *testing.T) {
	for _, c := range []struct {
		count, before uint64
		want          bool
	}{{0, 0, false}, {4_999, 0, false}, {5_000, 0, true}, {100_000, 95_000, false}, {100_000, 90_000, true}} {
		if Worth(c.count, c.before) != c.want {
			t.Error(c)
		}
	}
}

// TestKey: with a key only who has it makes a snapshot that is taken.
func TestKey(t *testing.T) {
	path, s := filepath.Join(t.TempDir(), "state"), store(t, 7)
	var f folded
	at := fold(t, s, &f, Point{})
	mine, theirs := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	for _, key := range [][]byte{nil, theirs} {
		if err := Save(path, key, at, &f); err != nil {
			t.Fatal(err)
		}
		var none *None
		if _, err := Load(ctx, path, mine, s, &folded{}); !errors.As(err, &none) {
			t.Errorf("taken, though another made it: %v", err)
		}
	}
	if err := Save(path, mine, at, &f); err != nil {
		t.Fatal(err)
	}
	var have folded
	if at, err := Load(ctx, path, mine, s, &have); err != nil || at.Count != 7 || fmt.Sprint(have) != fmt.Sprint(f) {
		t.Error(at.Count, have, err)
	}
}

// TestNoFile: a pipe or a folder in the file's place is no snapshot.
func TestNoFile(t *testing.T) {
	dir, s := t.TempDir(), store(t, 7)
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, pipe, "/dev/zero"} {
		var none *None
		if _, err := Load(ctx, path, nil, s, &folded{}); !errors.As(err, &none) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
