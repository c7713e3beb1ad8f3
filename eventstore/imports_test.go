package eventstore_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestOnlyCodecAndLedgerKnowTheDomain holds the line between bytes and their
// meaning: the contract, the stores, the vault and the snapshots neither import
// the domain nor anything that does.
func TestOnlyCodecAndLedgerKnowTheDomain(t *testing.T) {
	const (
		root   = "reliefledger.org/ledger/eventstore"
		domain = "reliefledger.org/ledger/domain"
	)
	knowing := []string{root + "/codec", root + "/ledger", root + "/ledger/replay"}
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{.Dir}} {{join .Deps " "}}`, root+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	looked := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		path, dir, deps := fields[0], fields[1], fields[2:]
		// Read here, so that a cached result of this test ends when a file changes.
		if _, err := os.ReadDir(dir); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(knowing, path) {
			continue
		}
		looked[path] = true
		if slices.Contains(deps, domain) {
			t.Errorf("%s depends on %s", path, domain)
		}
	}
	for _, name := range []string{"", "/embedded", "/esdb", "/node", "/folder", "/storetest"} {
		if !looked[root+name] {
			t.Errorf("%s was not looked at", root+name)
		}
	}
}
