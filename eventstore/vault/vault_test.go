package vault

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore/vault/vaulttest"
)

var (
	ctx    = context.Background()
	ledger = uuid.MustParse("00000000-0000-4000-8000-000000000001")
	person = uuid.MustParse("00000000-0000-4000-8000-000000000002")
	place1 = Binding{"party-2", uuid.MustParse("00000000-0000-4000-8000-000000000003"), "name", 1}
	nonce  = make([]byte, NonceSize)
)

// A kind of place that a vault can be at: each test runs on all of them.
type place struct {
	name string
	new  func(t testing.TB) (address string)
}

func places(t testing.TB) []place {
	list := []place{{"file", func(t testing.TB) string { return filepath.Join(t.TempDir(), "金库 50%?#.db") }}}
	if testing.Short() {
		return list // a database server takes seconds to start
	}
	server := vaulttest.Start(t)
	return append(list, place{"postgres", func(testing.TB) string { return server.Database() }})
}

// everywhere runs a test on a new vault at each kind of place.
func everywhere(t *testing.T, test func(t *testing.T, v *Vault, address string, key WrappingKey)) {
	for _, p := range places(t) {
		t.Run(p.name, func(t *testing.T) {
			address := p.new(t)
			v, key := createAt(t, address)
			test(t, v, address, key)
		})
	}
}

func createAt(t testing.TB, address string) (*Vault, WrappingKey) {
	key := NewWrappingKey()
	v, err := CreateAt(ctx, address, ledger, key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v, key
}

func create(t testing.TB) (*Vault, string, WrappingKey) {
	path := filepath.Join(t.TempDir(), "vault.db")
	v, key := createAt(t, path)
	return v, path, key
}

func TestSealAndOpenAgain(t *testing.T) { everywhere(t, sealAndOpenAgain) }

func sealAndOpenAgain(t *testing.T, v *Vault, path string, key WrappingKey) {
	if _, err := v.Seal(ctx, person, place1, []byte("张三"), nonce); !errors.Is(err, ErrKeyGone) {
		t.Fatalf("sealed without a key: %v", err)
	}
	if err := v.EnsureKeys(ctx, person, person); err != nil {
		t.Fatal(err)
	}
	box, err := v.Seal(ctx, person, place1, []byte("张三"), nonce)
	if err != nil {
		t.Fatal(err)
	}
	longer, _ := v.Seal(ctx, person, place1, []byte("张三丰"), nonce)
	if len(box) != len(longer) {
		t.Error("lengths tell two short names apart")
	}
	tag, _ := v.Tag(ctx, person, "name", "张三")
	v.Close()
	v, err = OpenAt(ctx, path, ledger, key)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if plain, err := v.Unseal(ctx, person, place1, box); err != nil || string(plain) != "张三" {
		t.Fatalf("%q %v", plain, err)
	}
	if again, _ := v.Tag(ctx, person, "name", "张三"); string(again) != string(tag) {
		t.Error("the tag of the same value changed")
	}
	for i := range box {
		bad := append([]byte{}, box...)
		bad[i] ^= 1
		if _, err := v.Unseal(ctx, person, place1, bad); !errors.Is(err, ErrTampered) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
	for _, b := range []Binding{{"party-3", place1.Command, place1.Path, 1}, {place1.Stream, person, place1.Path, 1}, {place1.Stream, place1.Command, "phone", 1}, {place1.Stream, place1.Command, place1.Path, 2}} {
		if _, err := v.Unseal(ctx, person, b, box); !errors.Is(err, ErrTampered) {
			t.Fatalf("opened elsewhere: %+v %v", b, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	everywhere(t, func(t *testing.T, v *Vault, path string, key WrappingKey) {
		v.Close()
		if _, err := v.Seal(ctx, person, place1, nil, nonce); !errors.Is(err, ErrClosed) {
			t.Errorf("closed: %v", err)
		}
		if _, err := OpenAt(ctx, path, ledger, NewWrappingKey()); !errors.Is(err, ErrWrongKey) {
			t.Errorf("another key: %v", err)
		}
		if _, err := CreateAt(ctx, path, ledger, key); err == nil {
			t.Error("a vault was made over another")
		}
		var not *NotAVault
		if _, err := OpenAt(ctx, path, person, key); !errors.As(err, &not) {
			t.Errorf("another ledger: %v", err)
		}
	})
}

func TestTornFile(t *testing.T) {
	v, path, key := create(t)
	v.Close()
	var not *NotAVault
	text, _ := os.ReadFile(path)
	for _, n := range []int{0, 10, 100, 4096, len(text) - 100} {
		torn := filepath.Join(t.TempDir(), "torn.db")
		os.WriteFile(torn, text[:n], 0o600)
		if _, err := Open(torn, ledger, key); !errors.As(err, &not) {
			t.Errorf("torn after %d bytes: %v", n, err)
		}
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
}

func TestSecureDeleteIsOn(t *testing.T) {
	v, _, _ := create(t)
	for pragma, want := range map[string]string{"secure_delete": "1", "synchronous": "2", "journal_mode": "delete"} {
		var got string
		if err := v.db.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q (%v)", pragma, got, err)
		}
	}
}

func TestOneNumberIsOneParty(t *testing.T) { everywhere(t, oneNumberIsOneParty) }

func oneNumberIsOneParty(t *testing.T, v *Vault, _ string, _ WrappingKey) {
	var wg sync.WaitGroup
	owners := make([]uuid.UUID, 50)
	for i := range owners {
		wg.Go(func() {
			var err error
			if owners[i], err = v.ClaimNumber(ctx, "11010519491231002X", uuid.New()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, o := range owners {
		if o != owners[0] {
			t.Fatal("one number has two owners")
		}
	}
	if p, ok, err := v.PartyOf(ctx, "11010519491231002X"); !ok || p != owners[0] || err != nil {
		t.Errorf("%s %v %v", p, ok, err)
	}
	if a, _ := v.ClaimAccount(ctx, "11010519491231002X", person); a != person {
		t.Error("numbers and accounts share an index")
	}
}

func TestWrappingKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	k := NewWrappingKey()
	if err := k.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	if err := k.WriteFile(path); err == nil {
		t.Error("a key file was overwritten")
	}
	if again, err := ReadWrappingKey(path); err != nil || again != k {
		t.Errorf("%v", err)
	}
	os.Chmod(path, 0o644)
	if _, err := ReadWrappingKey(path); err == nil || !strings.Contains(err.Error(), "others") {
		t.Errorf("readable by others: %v", err)
	}
	for _, verb := range []string{"%v", "%x", "%s", "%#v", "%d"} {
		if s := fmt.Sprintf(verb, k); !strings.Contains(s, "hidden") {
			t.Errorf("%s shows the key", verb)
		}
	}
}

func FuzzUnseal(f *testing.F) {
	v, _, _ := create(f)
	_ = v.EnsureKeys(ctx, person)
	box, _ := v.Seal(ctx, person, place1, []byte("x"), nonce)
	f.Add(box)
	f.Fuzz(func(t *testing.T, b []byte) {
		if plain, err := v.Unseal(ctx, person, place1, b); err == nil && string(b) != string(box) {
			t.Fatalf("opened a forgery: %q", plain)
		}
	})
}

func benchmarkEverywhere(b *testing.B, run func(b *testing.B, v *Vault)) {
	for _, p := range places(b) {
		b.Run(p.name, func(b *testing.B) {
			v, _ := createAt(b, p.new(b))
			run(b, v)
		})
	}
}

func BenchmarkSeal(b *testing.B) {
	benchmarkEverywhere(b, func(b *testing.B, v *Vault) {
		_ = v.EnsureKeys(ctx, person)
		for b.Loop() {
			if _, err := v.Seal(ctx, person, place1, []byte("张三丰"), nonce); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkEnsureKeys is new persons from 64 goroutines, as an import makes them.
func BenchmarkEnsureKeys(b *testing.B) {
	benchmarkEverywhere(b, func(b *testing.B, v *Vault) {
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := v.EnsureKeys(ctx, uuid.New()); err != nil {
					b.Error(err)
				}
			}
		})
	})
}
