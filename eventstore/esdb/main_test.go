package esdb

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// stuckChild is set in the process in which TestStuckInTheClient leaves behind
// what cannot be avoided.
const stuckChild = "RELIEFLEDGER_TEST_STUCK_CHILD"

// After all tests no goroutine is left, whatever the servers in them did.
func TestMain(m *testing.M) {
	if os.Getenv(stuckChild) != "" {
		os.Exit(m.Run())
	}
	goleak.VerifyTestMain(m)
}
