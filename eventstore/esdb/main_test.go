package esdb

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// stuckChild is set in the process in which TestStuckInTheClient leaves behind
// what cannot be avoided.
const stuckChild = "RELIEFLEDGER_TEST_STUCK_CHILD"

// After all tests no goroutine is left, whatever the servers in them did. One
// that was looking for a server when its store was closed ends by itself, within
// gossipTimeout of a server that says nothing; that is waited for.
func TestMain(m *testing.M) {
	code := m.Run()
	if code != 0 || os.Getenv(stuckChild) != "" {
		os.Exit(code)
	}
	err := goleak.Find()
	for end := time.Now().Add(20 * time.Second); err != nil && time.Now().Before(end); {
		err = goleak.Find()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
