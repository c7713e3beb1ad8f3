package backup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reliefledger.org/ledger/cmd/internal/office"
)

// Where nothing can be restored, nothing is there that was not before.
func TestNothingIsRestored(t *testing.T) {
	home := newLedger(t)
	made := backedUp(t, home, filepath.Join(t.TempDir(), "backups"))
	other := newLedger(t)
	a, err := other.About()
	if err != nil {
		t.Fatal(err)
	}
	own, err := home.About()
	if err != nil {
		t.Fatal(err)
	}
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "notes.txt"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	more := *made.Manifest
	more.Entries++
	gone := *made.Manifest
	gone.Files = append(gone.Files[:1:1], File{Name: "vault.gone"})
	for _, x := range []struct {
		what string
		m    *Manifest
		home office.Home
		with string // another vault
		kind office.Kind
		want string
	}{
		{"nowhere", made.Manifest, office.Home{}, "", office.NoLedger, "‹data›"},
		{"into a folder that has something", made.Manifest, office.Home{Data: full}, "", office.NoLedger, "is not empty, it has notes.txt"},
		{"into a ledger", made.Manifest, office.Home{Data: other.Data}, "", office.NoLedger, "is not empty"},
		{"with the wrapping key of another ledger", made.Manifest, office.Home{WrappingKey: a.WrappingKey}, "", office.NoKey, "not the wrapping key of this backup"},
		{"with a wrapping key that is not there", made.Manifest, office.Home{WrappingKey: filepath.Join(full, "none")}, "", office.NoKey, "no such file"},
		{"with what is no wrapping key", made.Manifest, office.Home{WrappingKey: filepath.Join(full, "notes.txt")}, "", office.NoKey, "notes.txt"},
		{"with the vault of another ledger", made.Manifest, office.Home{}, filepath.Join(other.Data, office.VaultFile), office.NoLedger, ""},
		{"with a vault that is not there", made.Manifest, office.Home{}, filepath.Join(full, "none.db"), office.Failed, "none.db"},
		{"with fewer events than its manifest says", &more, office.Home{}, "", office.NoLedger, "the backup had 9 with"},
		{"without one of its files", &gone, office.Home{}, "", office.Failed, "no such file"},
	} {
		to := x.home
		if to.Data == "" && x.what != "nowhere" {
			to.Data = filepath.Join(t.TempDir(), "new")
		}
		r, err := Restore(t.Context(), made.Dir, x.m, to, x.with)
		if r != nil || err == nil || !strings.Contains(err.Error(), x.want) || office.KindOf(err) != x.kind {
			t.Errorf("%s: %+v %v (%v)", x.what, r, err, office.KindOf(err))
		}
		if to.Data == full || to.Data == other.Data {
			continue
		}
		if _, err := os.Stat(to.Data); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: something is left: %v", x.what, err)
		}
	}
	if entries, err := os.ReadDir(full); err != nil || len(entries) != 1 {
		t.Errorf("in the folder that had something: %v %v", entries, err)
	}
	// An empty folder that was there stays, empty.
	empty := t.TempDir()
	if _, err := Restore(t.Context(), made.Dir, &more, office.Home{Data: empty}, ""); err == nil {
		t.Error("fewer events than the manifest says were restored")
	}
	if entries, err := os.ReadDir(empty); err != nil || len(entries) != 0 {
		t.Errorf("left in an empty folder: %v %v", entries, err)
	}
	// Without its key the ledger is restored all the same, and says so.
	if err := os.Rename(own.WrappingKey, own.WrappingKey+".away"); err != nil {
		t.Fatal(err)
	}
	r, err := Restore(t.Context(), made.Dir, made.Manifest, office.Home{Data: empty}, "")
	if err != nil || r.WithKey || r.About.WrappingKey != own.WrappingKey {
		t.Errorf("without the key: %+v %v", r, err)
	}
	if err := register(t.Context(), office.Home{Data: empty}, "一乡"); office.KindOf(err) != office.NoKey {
		t.Errorf("something was recorded without the key: %v", err)
	}
	if err := os.Rename(own.WrappingKey+".away", own.WrappingKey); err != nil {
		t.Fatal(err)
	}
	recorded(t, office.Home{Data: empty}, "一乡")
}
