package backup

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/eventstore"
)

// Whatever is done to any file of a backup, restore names it and makes nothing.
func TestEachFileOfABackupAltered(t *testing.T) {
	home, dir := newLedger(t), filepath.Join(t.TempDir(), "backups")
	made, err := Make(t.Context(), home, dir, Watch{})
	if err != nil {
		t.Fatal(err)
	}
	to := office.Home{Data: filepath.Join(t.TempDir(), "new")}
	restore := func() error {
		at, m, err := Open(made.Dir)
		if err == nil {
			err = m.Verify(at)
		}
		if err == nil {
			_, err = Restore(t.Context(), at, m, to, "")
		}
		return err
	}
	names := []string{"manifest.json"}
	for _, f := range made.Files {
		names = append(names, f.Name)
	}
	tried := 0
	for _, name := range names {
		path := filepath.Join(made.Dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changes := map[string][]byte{"longer": append(bytes.Clone(text), 0)}
		if n := len(text); n > 0 {
			flipped := bytes.Clone(text)
			flipped[n/2] ^= 1
			changes["flipped"], changes["cut"], changes["empty"] = flipped, text[:n-1], nil
		}
		if name != "manifest.json" { // without one it is no backup
			changes["missing"] = nil
		}
		for what, changed := range changes {
			tried++
			_ = os.Remove(path) // one that the change before removed is gone
			if what != "missing" {
				if err := os.WriteFile(path, changed, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var damaged *Damaged
			if err := restore(); !errors.As(err, &damaged) || damaged.File != name || office.KindOf(err) != office.NoLedger {
				t.Errorf("%s %s: %v", name, what, err)
			}
			if _, err := os.Stat(to.Data); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("%s %s: something was restored", name, what)
			}
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Of the manifest, any byte.
	path := filepath.Join(made.Dir, "manifest.json")
	text, _ := os.ReadFile(path)
	for i := range text {
		changed := bytes.Clone(text)
		changed[i] ^= 1 << (i % 8)
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, m, err := Open(made.Dir); err == nil {
			t.Errorf("byte %d of the manifest changed: %+v", i, m)
		}
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := restore(); err != nil {
		t.Errorf("put back as it was: %v", err)
	}
	t.Logf("%d changes to %d files, and %d to bytes of the manifest", tried, len(names), len(text))
}

// What a manifest says of itself is believed only where it is whole and of a version
// that this program knows.
func TestManifests(t *testing.T) {
	made := backedUp(t, newLedger(t), filepath.Join(t.TempDir(), "backups"))
	path := filepath.Join(made.Dir, manifestFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// changed is the manifest with something else in it, and the sum of that.
	changed := func(change func(*Manifest)) []byte {
		var m Manifest
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		change(&m)
		return m.text()
	}
	for _, x := range []struct {
		what string
		text []byte
		as   any // what the error is; nil: it is read
		want string
	}{
		{"as it was made", text, nil, ""},
		{"of a newer version", changed(func(m *Manifest) { m.Version++ }), new(*eventstore.NewerFormat), "has format 2, this program knows formats up to 1"},
		{"of another format", changed(func(m *Manifest) { m.Format = "a tarball" }), new(*NoBackup), "manifest.json says \"a tarball\""},
		{"that names a file elsewhere", changed(func(m *Manifest) { m.Files[0].Name = "../" + m.Files[0].Name }), new(*Damaged), "it names \"../"},
		{"that names a file from the root", changed(func(m *Manifest) { m.Files[0].Name = "/etc/passwd" }), new(*Damaged), "it names \"/etc/passwd\""},
		{"with another number of entries, and not its sum", bytes.Replace(text, []byte(`"entries": 8`), []byte(`"entries": 9`), 1), new(*Damaged), "it was changed"},
		{"with something more in it", bytes.Replace(text, []byte("{"), []byte(`{"note":"x",`), 1), new(*Damaged), "it was changed"},
		{"torn", text[:len(text)/2], new(*Damaged), "unexpected end of JSON input"},
		{"empty", nil, new(*Damaged), "unexpected end of JSON input"},
	} {
		if err := os.WriteFile(path, x.text, 0o600); err != nil {
			t.Fatal(err)
		}
		_, m, err := Open(made.Dir)
		switch {
		case x.as == nil && (err != nil || m.Entries != made.Entries):
			t.Errorf("%s: %+v %v", x.what, m, err)
		case x.as != nil && (err == nil || !errors.As(err, x.as) || !strings.Contains(err.Error(), x.want) || office.KindOf(err) != office.NoLedger):
			t.Errorf("%s: %v", x.what, err)
		}
	}
}

// Of the backups in a folder the last that is whole is opened: one that was cut off
// does not count, and a damaged one is for people to decide about.
func TestWhichBackupIsOpened(t *testing.T) {
	home, dir := newLedger(t), filepath.Join(t.TempDir(), "backups")
	var made []string
	for _, name := range []string{"一乡", "二乡", "三乡"} {
		recorded(t, home, name)
		made = append(made, backedUp(t, home, dir).Dir)
	}
	for _, x := range []struct {
		what   string
		spoil  func() error
		opened string // the backup, or what is wrong
	}{
		{"all are whole", func() error { return nil }, made[2]},
		{"the last was cut off", func() error { return os.Remove(filepath.Join(made[2], manifestFile)) }, made[1]},
		{"the one before is damaged", func() error { return os.Truncate(filepath.Join(made[1], manifestFile), 100) }, made[0]},
		{"the last is damaged", func() error { return os.RemoveAll(made[2]) }, "damaged file of a backup: " + filepath.Join(made[1], manifestFile)},
		{"the one is left that is whole", func() error { return os.RemoveAll(made[1]) }, made[0]},
		{"none is left", func() error { return os.RemoveAll(made[0]) }, dir + " is no backup: it has no manifest.json"},
	} {
		if err := x.spoil(); err != nil {
			t.Fatal(err)
		}
		got, m, err := Open(dir)
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, x.opened) || (m == nil) != (err != nil) {
			t.Errorf("%s: %s, want %s", x.what, got, x.opened)
		}
	}
}

// NewBytes counts what the whole backup before each does not have.
func TestNewBytes(t *testing.T) {
	m := func(files ...string) *Manifest {
		m := &Manifest{}
		for i, sum := range files {
			m.Files = append(m.Files, File{Name: sum, Size: 10 + int64(i), Sum: sum})
		}
		return m
	}
	all := []Kept{{Manifest: m("a", "b")}, {Err: &NoBackup{}}, {Manifest: m("a", "c")}, {Manifest: m("c", "a")}}
	if got, want := NewBytes(all), []int64{21, 0, 11, 0}; !slices.Equal(got, want) {
		t.Errorf("%d, want %d", got, want)
	}
}
