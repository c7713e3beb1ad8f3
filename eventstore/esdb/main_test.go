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
// gossipTimeout of a server that says nothing; that is waited for. But where the
// server went away between connect's look and its first call, that call stays in
// the client until a server is there again (see connect), which in a test is
// never.
func TestMain(m *testing.M) {
	code := m.Run()
	if code != 0 || os.Getenv(stuckChild) != "" {
		os.Exit(code)
	}
	const theirs = "github.com/EventStore/EventStore-Client-Go/v4/esdb.discoverNode"
	connecting := []goleak.Option{goleak.IgnoreAnyFunction(theirs), goleak.IgnoreAnyFunction("reliefledger.org/ledger/eventstore/esdb.ask")}
	err := goleak.Find(connecting...)
	for end := time.Now().Add(20 * time.Second); err != nil && time.Now().Before(end); {
		err = goleak.Find(connecting...)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
