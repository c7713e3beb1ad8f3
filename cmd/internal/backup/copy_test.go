package backup

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/eventstore"
)

// Events are copied to an empty folder, and more of them to the same; a ledger works
// on the copy where it is told to.
func TestCopy(t *testing.T) {
	home := newLedger(t)
	to := filepath.Join(t.TempDir(), "copy")
	var counts []uint64
	for _, name := range []string{"一乡", "二乡"} {
		recorded(t, home, name)
		told := false
		c, err := Copy(t.Context(), home.Data, to, home, false, Watch{Begin: func(office.Note) (func(uint64), func()) {
			return func(uint64) {}, func() { told = true }
		}})
		if err != nil || c.Used || !told {
			t.Fatalf("%+v %v %v", c, err, told)
		}
		counts = append(counts, c.Chain.Count)
	}
	if !slices.Equal(counts, []uint64{9, 10}) {
		t.Errorf("%d entries", counts)
	}
	// Back into the ledger's own folder, which has the same.
	if c, err := Copy(t.Context(), to, home.Data, home, true, Watch{}); err != nil || !c.Used || c.Chain.Count != 10 {
		t.Errorf("%+v %v", c, err)
	}
	if got, err := names(t.Context(), home); err != nil || len(got) != 3 {
		t.Errorf("%v %v", got, err)
	}
}

// What cannot be copied is left as it was.
func TestNothingIsCopied(t *testing.T) {
	home, other := newLedger(t), newLedger(t)
	nothing := filepath.Join(t.TempDir(), "nothing")
	for _, x := range []struct {
		what     string
		from, to string
		use      bool
		kind     office.Kind
		want     string
	}{
		{"from where nothing is", nothing, other.Data, false, office.NoLedger, "‹from›: "},
		{"over another ledger", home.Data, other.Data, false, office.NoLedger, "is not the same"},
		{"to be used elsewhere than in the ledger's folder", home.Data, nothing, true, office.Unreadable, "‹use›"},
		{"to an address that does not read", home.Data, "esdb://user:secret@", false, office.Unreadable, "‹to›: "},
	} {
		c, err := Copy(t.Context(), x.from, x.to, home, x.use, Watch{})
		if c != nil || err == nil || !strings.Contains(err.Error(), x.want) || office.KindOf(err) != x.kind {
			t.Errorf("%s: %+v %v (%v)", x.what, c, err, office.KindOf(err))
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: a password is shown: %v", x.what, err)
		}
		if _, err := os.Stat(nothing); err == nil {
			t.Fatalf("%s: something was made", x.what)
		}
	}
	for _, h := range []office.Home{home, other} {
		if got, err := names(t.Context(), h); err != nil || len(got) != 1 {
			t.Errorf("%v %v", got, err)
		}
	}
}

// A store is named without its password.
func TestNamed(t *testing.T) {
	for store, want := range map[string]string{
		"/srv/ledger": "/srv/ledger",
		"esdb://writer:secret@store.example:2113?tls=true": "esdb://store.example:2113?tls=true",
	} {
		if got := Named(store); got != want {
			t.Errorf("%s is named %s, want %s", store, got, want)
		}
	}
	moved := &Moved{"/srv/ledger", eventstore.Chain{Count: 3}, eventstore.Chain{Count: 2}}
	if office.KindOf(moved) != office.Failed || !strings.Contains(moved.Error(), "/srv/ledger holds 3 ") {
		t.Error(moved)
	}
}
