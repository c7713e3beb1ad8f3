package embedded

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"reliefledger.org/ledger/eventstore"
)

// TestLeavesNoGoroutine: a store that was closed leaves none, with subscribers
// and appends under way. One whose disk failed parks its writer for good, on
// purpose, which is why not all tests of this package can be held to it.
func TestLeavesNoGoroutine(t *testing.T) {
	before := goleak.IgnoreCurrent()
	fs := vfs.NewMem()
	for range 3 {
		s, err := Open("/ledger", Options{FS: fs})
		if err != nil {
			if s, err = Create("/ledger", Options{FS: fs}); err != nil {
				t.Fatal(err)
			}
		}
		ended := make(chan error, 4)
		for range cap(ended) {
			go func() {
				for _, err := range s.Subscribe(ctx, positionAfter(0)) {
					if err != nil {
						ended <- err
					}
				}
			}()
		}
		sent, err := s.NewLine().Send("a", eventstore.Any, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sent.Wait(ctx); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for range cap(ended) {
			<-ended
		}
	}
	goleak.VerifyNone(t, before)
}
