package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/vault"
)

// longestErasure is when an erasure is killed at the latest: about its end.
const longestErasure = 120 * time.Millisecond

// Erasures that are killed at random moments, and given again: each person is
// erased in the end, the last one is not, the history passes every audit, and no
// copy of the vault that was made on the way opens with the key that is left.
func TestKilledErase(t *testing.T) {
	if testing.Short() {
		t.Skip("processes that are killed take some seconds")
	}
	const people = 8
	o := newOffice(t)
	var key struct{ Public string }
	decode(t, o.must("officer", "key", "p.key", "--json"), &key)
	o.must("record", "appoint-officer", "--as", "p", "--key", "a.key", "--date", "2026-01-02", "--content", `{"unit":"@open/unit","post":"隐私专员","key":"`+key.Public+`","roles":["privacy-officer"]}`)
	for i := range people + 1 {
		o.must("record", "register-party", "--as", fmt.Sprint("he", i), "--key", "a.key", "--date", "2026-01-02", "--content", fmt.Sprintf(`{"unit":"@open/unit","type":"person","name":"某人%d"}`, i))
	}
	var about struct {
		Ledger      string
		WrappingKey string `json:"wrapping_key"`
	}
	text, err := os.ReadFile(filepath.Join(o.dir, "ledger", office.AboutFile))
	if err != nil || json.Unmarshal(text, &about) != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("the moments are of seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var copies []string
	keep := func() {
		text, err := os.ReadFile(filepath.Join(o.dir, "ledger", office.VaultFile))
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), "vault.db")
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		copies = append(copies, name)
	}
	killed := 0
	for i := range people {
		keep()
		for range 3 {
			cmd := o.command("erase", fmt.Sprintf("@he%d/party", i), "--basis", "本人申请", "--key", "p.key")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			moment := time.AfterFunc(time.Duration(r.Int64N(int64(longestErasure))), func() { _ = cmd.Process.Kill() })
			if err := cmd.Wait(); err != nil {
				killed++
			}
			moment.Stop()
			// While a rollback journal lies beside the file, a copy of the file
			// alone is none.
			if _, err := os.Stat(filepath.Join(o.dir, "ledger", office.VaultFile+"-journal")); errors.Is(err, os.ErrNotExist) {
				keep()
			}
		}
		if out, err := o.command("erase", fmt.Sprintf("@he%d/party", i), "--basis", "本人申请", "--key", "p.key").CombinedOutput(); err != nil && !strings.Contains(string(out), "erased, nothing is added any more") {
			t.Fatalf("%v\n%s", err, out)
		}
		if said := o.must("show", "party", fmt.Sprintf("@he%d/party", i), "--key", "p.key", "--why", "复查"); strings.Contains(said, fmt.Sprint("某人", i)) || !strings.Contains(said, "(erased)") {
			t.Errorf("person %d: %s", i, said)
		}
	}
	t.Logf("%d processes were killed, %d copies of the vault kept", killed, len(copies))
	if said := o.must("show", "party", fmt.Sprintf("@he%d/party", people), "--key", "p.key", "--why", "复查"); !strings.Contains(said, fmt.Sprint("某人", people)) {
		t.Errorf("who was not erased: %s", said)
	}
	o.must("audit", "replay")
	o.must("audit", "store")
	ledger, opens := mustParse(t, about.Ledger), 0
	for i, name := range copies {
		v, err := vault.OpenRotated(t.Context(), name, ledger, about.WrappingKey)
		if err != nil && !errors.Is(err, vault.ErrWrongKey) {
			t.Errorf("copy %d: %v", i, err)
		}
		if err != nil {
			continue
		}
		opens++ // one that was made after the last erasure
		for n := range people {
			if has, err := v.Has(t.Context(), []uuid.UUID{domain.Made(office.CommandNamed(ledger, fmt.Sprint("he", n)), "party")}); err != nil || len(has) > 0 {
				t.Errorf("copy %d opens person %d, %v", i, n, err)
			}
		}
		v.Close()
	}
	if opens > 3 {
		t.Errorf("%d copies open: the wrapping key was not replaced", opens)
	}
	if _, err := os.Stat(about.WrappingKey + ".next"); err == nil {
		t.Error("a new wrapping key did not take its place")
	}
}

func mustParse(t *testing.T, id string) uuid.UUID {
	t.Helper()
	u, err := uuid.Parse(id)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
