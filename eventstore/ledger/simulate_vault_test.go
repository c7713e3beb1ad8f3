package ledger_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/vault"
)

// vaultFile is an open vault, and a second connection to its file.
type vaultFile struct {
	*vault.Vault
	path  string
	plain *sql.DB
}

// newVault makes the vault of a history.
func (s *simulation) newVault() (*vaultFile, error) {
	path := s.scratch + "/" + uuid.NewString() + ".db"
	v, err := vault.Create(path, county, s.key)
	if err != nil {
		return nil, err
	}
	plain, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return nil, errors.Join(err, v.Close())
	}
	f := &vaultFile{v, path, plain}
	empty, err := f.copy()
	if err != nil {
		f.remove()
		return nil, err
	}
	s.vaults = [][]byte{empty}
	return f, nil
}

func (v *vaultFile) remove() { _ = errors.Join(v.plain.Close(), v.Close(), os.Remove(v.path)) }

// copy returns the file between two transactions: a reader's lock keeps the
// vault's writer from changing it meanwhile.
func (v *vaultFile) copy() ([]byte, error) {
	tx, err := v.plain.Begin()
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	var n int
	if err := tx.QueryRow(`SELECT count(*) FROM meta`).Scan(&n); err != nil {
		return nil, err
	}
	return os.ReadFile(v.path)
}

// The vaults that a cut may find beside the events. The vault is SQLite on a
// real file, whose own crashes are not simulated; what can stand there is one of
// its committed states, or one of them with a transaction begun. Two orders
// matter:
//   - The oldest that the keys' rule allows: as it was when the append of the
//     newest event that is left began. An older one must never stand beside
//     these events, and the check fails if one of their keys were missing.
//   - The newest: as it was at the history's end, however few events are left.
//     Its keys and numbers of people whom no event registers must be harmless.
const (
	oldestVault  = iota
	newestVault  // the history's last
	midwayVault  // the oldest, with a transaction that was cut off half written
	vaultsAtCuts = 8
)

func vaultOf(no int) int {
	switch no % vaultsAtCuts {
	case 1, 3, 5:
		return newestVault
	case 6:
		return midwayVault
	}
	return oldestVault
}

// vaultAt writes the vault that stands beside a cut's events.
func (s *simulation) vaultAt(which, oldest int) (path string, err error) {
	path = s.scratch + "/" + uuid.NewString() + ".db"
	file := s.vaults[oldest]
	if which == newestVault {
		file = s.vaults[len(s.vaults)-1]
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		return "", err
	}
	if which != midwayVault {
		return path, nil
	}
	return s.halfWritten(path)
}

// halfWritten copies the vault in the middle of a transaction that has written
// to the file already, and the journal that undoes it.
func (s *simulation) halfWritten(path string) (string, error) {
	defer os.Remove(path)
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=cache_size(1)&_pragma=cache_spill(1)&_pragma=synchronous(FULL)&_pragma=journal_mode(DELETE)&_txlock=immediate")
	if err != nil {
		return "", err
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		return "", err
	}
	defer tx.Rollback()
	for i := range 200 {
		id := sha256.Sum256([]byte{byte(i)})
		if _, err := tx.Exec(`INSERT INTO keys VALUES (?, ?)`, id[:16], bytes.Repeat(id[:], 3)); err != nil {
			return "", err
		}
	}
	half := path + ".half"
	var before []byte
	for _, suffix := range []string{"", "-journal"} {
		text, err := os.ReadFile(path + suffix)
		if err != nil {
			return "", fmt.Errorf("no transaction is half written: %w", err)
		}
		if suffix == "" {
			before = text
		}
		if err := os.WriteFile(half+suffix, text, 0o600); err != nil {
			return "", err
		}
	}
	if len(before) <= len(s.vaults[0]) {
		return "", errors.New("the transaction has not written to the file")
	}
	return half, nil
}

// everyKey says whether the vault has the key of every sealed value.
func everyKey(ctx context.Context, store eventstore.Store, v *vault.Vault) error {
	seen := map[uuid.UUID]bool{}
	var walk func(any) error
	walk = func(x any) error {
		switch x := x.(type) {
		case []any:
			for _, y := range x {
				if err := walk(y); err != nil {
					return err
				}
			}
		case map[string]any:
			if text, ok := x["key"].(string); ok && x["box"] != nil {
				id, err := uuid.Parse(text)
				if err != nil || seen[id] {
					return err
				}
				seen[id] = true
				_, err = v.Tag(ctx, id, "name", "x")
				return err
			}
			for _, y := range x {
				if err := walk(y); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for r, err := range store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			return err
		}
		if !bytes.Contains(r.Data, []byte(`"box"`)) {
			continue
		}
		var data any
		if err := json.Unmarshal(r.Data, &data); err != nil {
			return err
		}
		if err := walk(data); err != nil {
			return fmt.Errorf("a sealed value of %s in %s: %w", r.Type, r.Stream, err)
		}
	}
	return nil
}

// A vault whose last transaction was cut off opens as before it.
func TestVaultCutInATransaction(t *testing.T) {
	s := &simulation{scratch: t.TempDir(), key: vault.NewWrappingKey()}
	v, err := s.newVault()
	if err != nil {
		t.Fatal(err)
	}
	defer v.remove()
	ctx := t.Context()
	party, number := uuid.New(), residentNumber(rand.IntN(999))
	if err := v.EnsureKeys(ctx, party); err != nil {
		t.Fatal(err)
	}
	if _, err := v.ClaimNumber(ctx, number, party); err != nil {
		t.Fatal(err)
	}
	tag, err := v.Tag(ctx, party, "name", "张三")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.copyVault(v, &appended{}); err != nil {
		t.Fatal(err)
	}
	path, err := s.vaultAt(midwayVault, len(s.vaults)-1)
	if err != nil {
		t.Fatal(err)
	}
	again, err := vault.Open(path, county, s.key)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if owner, ok, err := again.PartyOf(ctx, number); owner != party || !ok || err != nil {
		t.Errorf("the number belongs to %s, %v %v", owner, ok, err)
	}
	if now, err := again.Tag(ctx, party, "name", "张三"); !bytes.Equal(now, tag) || err != nil {
		t.Errorf("another tag: %v", err)
	}
}

// copyVault remembers the vault's file as it is before an append, or before the
// log is written where a is nil: no older one can stand beside these events,
// since their keys were durable by then.
func (s *simulation) copyVault(v *vaultFile, a *appended) error {
	s.vaulting.Lock()
	defer s.vaulting.Unlock()
	now, err := v.copy()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if string(s.vaults[len(s.vaults)-1]) != string(now) {
		s.vaults = append(s.vaults, now)
	}
	if a != nil {
		a.vault = len(s.vaults) - 1
		s.appends = append(s.appends, a)
	}
	return nil
}
