package ledger

import (
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/vault"
)

// TestLeavesNoGoroutine: a ledger that was closed leaves none, nor its store and
// vault. Stores on failing disks park theirs, on purpose: so not all tests of
// this package can be held to it.
func TestLeavesNoGoroutine(t *testing.T) {
	before := goleak.IgnoreCurrent()
	store, err := embedded.Create("/ledger", embedded.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Create(filepath.Join(t.TempDir(), "vault.db"), command("ledger"), vault.NewWrappingKey())
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, store, v)
	for _, a := range story() {
		if err := b.do(a); err != nil {
			t.Fatal(a.name, err)
		}
	}
	for _, close := range []func() error{b.l.Close, store.Close, v.Close} {
		if err := close(); err != nil {
			t.Fatal(err)
		}
	}
	goleak.VerifyNone(t, before)
}
