package backup

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"reliefledger.org/ledger/cmd/internal/demo"
	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/projections"
)

// A ledger is backed up twice, and comes back from the last of the two.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "backup-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	home, err := openLedger(ctx, filepath.Join(dir, "ledger"))
	if err != nil {
		panic(err)
	}
	backups := filepath.Join(dir, "backups")
	for _, town := range []string{"一乡", "二乡"} {
		if err := register(ctx, home, town); err != nil {
			panic(err)
		}
		made, err := Make(ctx, home, backups, Watch{})
		if err != nil {
			panic(err)
		}
		fmt.Println(filepath.Base(made.Dir)[:6], "has", made.Entries, "entries")
	}
	last, m, err := Open(backups)
	if err != nil {
		panic(err)
	}
	if err := m.Verify(last); err != nil {
		panic(err)
	}
	restored := office.Home{Data: filepath.Join(dir, "restored")} // the wrapping key is where it was
	r, err := Restore(ctx, last, m, restored, "")
	if err != nil {
		panic(err)
	}
	fmt.Println("restored, with its key:", r.WithKey)
	fmt.Println(names(ctx, restored))
	// Output:
	// 000001 has 9 entries
	// 000002 has 10 entries
	// restored, with its key: true
	// [一乡 二乡 县民政局] <nil>
}

// openLedger makes a small ledger of two registrars in a folder, its wrapping key
// beside it.
func openLedger(ctx context.Context, data string) (office.Home, error) {
	home := office.Home{Data: data, WrappingKey: data + ".wrapping-key"}
	_, err := office.Begin(ctx, home, office.NewLedger{Name: "账簿", Root: domain.NewUnit{Name: "县民政局", Kind: "bureau", Division: "410527"},
		Registrars: []ed25519.PrivateKey{keyOf("first"), keyOf("second")}, Post: "登记员"}, office.Options{})
	return office.Home{Data: data}, err // ledger.json says where the key is
}

func keyOf(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// register records a town.
func register(ctx context.Context, home office.Home, name string) (err error) {
	o, err := office.Open(ctx, home, office.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	open := office.CommandNamed(o.ID(), "open")
	s := &office.Session{Office: o, Keys: []ledger.Signer{{Officer: domain.Made(open, "officer/1"), Key: keyOf("first")}}}
	_, err = s.Give(ctx, domain.Date(2026, 1, 5), name, &domain.RegisterUnit{Parent: domain.Made(open, "unit"), Name: name, Kind: "township", Division: "410527"})
	return err
}

// names are the units of a ledger.
func names(ctx context.Context, home office.Home) (list []string, err error) {
	r, err := office.Read(ctx, home, office.Options{})
	if err != nil {
		return nil, err
	}
	b, err := r.BooksFromEvents(ctx, projections.Until{})
	if err == nil {
		for _, u := range b.State.Units {
			list = append(list, u.Name)
		}
	}
	slices.Sort(list)
	return list, errors.Join(err, r.Close())
}

// newLedger is a small ledger of a test.
func newLedger(t *testing.T) office.Home {
	t.Helper()
	home, err := openLedger(t.Context(), filepath.Join(t.TempDir(), "ledger"))
	if err != nil {
		t.Fatal(err)
	}
	return home
}

func recorded(t *testing.T, home office.Home, name string) {
	t.Helper()
	if err := register(t.Context(), home, name); err != nil {
		t.Fatal(err)
	}
}

func backedUp(t *testing.T, home office.Home, dir string) *Made {
	t.Helper()
	made, err := Make(t.Context(), home, dir, Watch{})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// demonstration is a larger ledger, filled once.
var demonstration = sync.OnceValues(func() (office.Home, error) {
	dir, err := os.MkdirTemp("", "reliefledger-demo-")
	if err != nil {
		return office.Home{}, err
	}
	demoDir = dir
	home := office.Home{Data: filepath.Join(dir, "ledger")}
	_, err = demo.Fill(context.Background(), home, office.Options{}, nil)
	return home, err
})

var demoDir string // of demonstration, once it was asked for

func theDemo(t *testing.T) office.Home {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a ledger that takes seconds to fill; make test has it")
	}
	home, err := demonstration()
	if err != nil {
		t.Fatal(err)
	}
	return home
}

func TestMain(m *testing.M) {
	code := m.Run()
	if demoDir != "" {
		_ = os.RemoveAll(demoDir)
	}
	os.Exit(code)
}

// Where no backup is made, nothing is left of it.
func TestNoBackupIsMade(t *testing.T) {
	home := newLedger(t)
	recorded(t, home, "一乡")
	backups := filepath.Join(t.TempDir(), "backups")
	first := backedUp(t, home, backups)
	recorded(t, home, "二乡")
	backedUp(t, home, backups)
	// Restored from the first of the two, it goes on with another history.
	older := office.Home{Data: filepath.Join(t.TempDir(), "older")}
	if _, err := Restore(t.Context(), first.Dir, first.Manifest, older, ""); err != nil {
		t.Fatal(err)
	}
	branched := office.Home{Data: filepath.Join(t.TempDir(), "branched")}
	if _, err := Restore(t.Context(), first.Dir, first.Manifest, branched, ""); err != nil {
		t.Fatal(err)
	}
	recorded(t, branched, "另一乡")
	key := filepath.Join(filepath.Dir(home.Data), "ledger.wrapping-key")
	for _, x := range []struct {
		what string
		home office.Home
		dir  string
		kind office.Kind
		want string
	}{
		{"of no ledger", office.Home{Data: t.TempDir()}, backups, office.NoLedger, "no ledger.json"},
		{"in the ledger's folder", home, filepath.Join(home.Data, "backups"), office.Unreadable, "must not stand in the ledger's folder"},
		{"beside the wrapping key", home, filepath.Dir(key), office.NoKey, "must not stand with the backups"},
		{"among those of another ledger", newLedger(t), backups, office.NoLedger, "it is of another ledger"},
		{"of a history that ends sooner", older, backups, office.NoLedger, "history is not that of its last backup"},
		{"of another history", branched, backups, office.NoLedger, "history is not that of its last backup"},
	} {
		made, err := Make(t.Context(), x.home, x.dir, Watch{})
		if made != nil || err == nil || !strings.Contains(err.Error(), x.want) || office.KindOf(err) != x.kind {
			t.Errorf("%s: %+v %v", x.what, made, err)
		}
		if x.dir == backups {
			if all, err := List(backups); err != nil || len(all) != 2 {
				t.Errorf("%s: %d backups are there, %v", x.what, len(all), err)
			}
		}
	}
	var changed *Changed
	if _, err := Make(t.Context(), branched, backups, Watch{}); !errors.As(err, &changed) || !errors.As(err, new(*eventstore.Differs)) {
		t.Errorf("another history: %v", err)
	} else if said := office.Sentence(err, domain.Zh); !strings.Contains(said, "未备份") {
		t.Error(said)
	}
}

// Of several backups in a row each after the first takes next to no room.
func TestBackupsShareWhatIsTheSame(t *testing.T) {
	home := theDemo(t)
	dir := filepath.Join(t.TempDir(), "backups")
	for range 3 {
		if _, err := Make(t.Context(), home, dir, Watch{}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := List(dir)
	if err != nil || len(all) != 3 {
		t.Fatalf("%d backups, %v", len(all), err)
	}
	var own, whole int64 // bytes with one name, and all, of the last backup
	for _, f := range all[2].Files {
		info, err := os.Stat(filepath.Join(all[2].Dir, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		if whole += info.Size(); info.Sys().(*syscall.Stat_t).Nlink == 1 {
			own += info.Size()
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", f.Name, info.Mode().Perm())
		}
	}
	if whole < 5e6 || own > 20e3 {
		t.Errorf("%d bytes of %d are the last backup's own", own, whole)
	}
	// Nothing is shared with the ledger: what a disk does to one is not done to
	// the other.
	ours := map[uint64]bool{}
	if err := filepath.WalkDir(home.Data, func(path string, _ fs.DirEntry, err error) error {
		if info, err := os.Stat(path); err == nil {
			ours[info.Sys().(*syscall.Stat_t).Ino] = true
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, f := range all[2].Files {
		if info, _ := os.Stat(filepath.Join(all[2].Dir, f.Name)); ours[info.Sys().(*syscall.Stat_t).Ino] {
			t.Errorf("%s is the ledger's own file", f.Name)
		}
	}
	// Any of them goes, and the others stay.
	if err := os.RemoveAll(all[0].Dir); err != nil {
		t.Fatal(err)
	}
	if err := all[2].Verify(all[2].Dir); err != nil {
		t.Error(err)
	}
}

// isFull says whether an error is a full disk's, or SQLite's word for it.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || err != nil && strings.Contains(err.Error(), "disk is full")
}

// A disk that is full leaves nothing half done: no backup, no ledger.
func TestBackupOnAFullDisk(t *testing.T) {
	home := theDemo(t)
	mount := func(name, size string) string {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
			t.Skipf("no small disk here: %v", err)
		}
		t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
		return dir
	}
	empty := func(dir string, but ...string) {
		t.Helper()
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) > len(but) || len(but) > 0 && entries[0].Name() != but[0] {
			t.Errorf("left in %s: %v %v", dir, entries, err)
		}
	}
	for _, size := range []string{"100k", "3m", "6m"} {
		small := mount("backups"+size, size)
		if _, err := Make(t.Context(), home, small, Watch{}); !isFull(err) {
			t.Errorf("a backup on %s: %v", size, err)
		}
		empty(small, "LOCK")
	}
	enough := filepath.Join(t.TempDir(), "backups")
	if _, err := Make(t.Context(), home, enough, Watch{}); err != nil {
		t.Fatalf("after it, elsewhere: %v", err)
	}
	dir, m, err := Open(enough)
	if err != nil {
		t.Fatal(err)
	}
	// Just above what the files need there is a disk that has room for them, and
	// none for opening the store.
	need := int(m.Bytes() >> 10)
	for _, kilobytes := range []int{100, need / 2, need - 40, need - 8, need, need + 8, need + 16, need + 24, need + 32, need + 40, need + 4000} {
		to := home
		to.Data = mount(fmt.Sprint("ledger", kilobytes), fmt.Sprint(kilobytes, "k"))
		_, err := Restore(t.Context(), dir, m, to, "")
		switch {
		case err == nil && kilobytes > need:
			continue
		case !isFull(err) || kilobytes == need+4000:
			t.Errorf("a ledger on %d KB: %v", kilobytes, err)
		}
		empty(to.Data)
	}
}
