package vault

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
)

// A copy is made while others write: it opens with the same key, and has every
// key that was made before.
func TestCopyWhileOthersWrite(t *testing.T) {
	v, path, key := create(t)
	if err := v.EnsureKeys(ctx, person); err != nil {
		t.Fatal(err)
	}
	tag, err := v.Tag(ctx, person, "name", "张三")
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var mu sync.Mutex
	var made []uuid.UUID
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				id := uuid.New()
				if err := v.EnsureKeys(ctx, id); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				made = append(made, id)
				mu.Unlock()
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for i := range 5 {
		mu.Lock()
		before := len(made)
		mu.Unlock()
		to := filepath.Join(t.TempDir(), "副本 50%?#.db")
		if err := Copy(ctx, path, ledger, to); err != nil {
			t.Fatalf("copy %d: %v", i, err)
		}
		if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v %v", info.Mode(), err)
		}
		c, err := Open(to, ledger, key)
		if err != nil {
			t.Fatal(err)
		}
		if have, err := c.Tag(ctx, person, "name", "张三"); err != nil || !bytes.Equal(have, tag) {
			t.Errorf("another tag: %v", err)
		}
		mu.Lock()
		for _, id := range made[:before] {
			if _, err := c.Tag(ctx, id, "name", "x"); err != nil {
				t.Fatalf("copy %d: a key that was made before is not in it: %v", i, err)
			}
		}
		mu.Unlock()
		c.Close()
	}
	close(stop)
	wg.Wait()
}

// The same vault gives the same bytes, which a backup then keeps once.
func TestCopyIsTheSame(t *testing.T) {
	v, path, _ := create(t)
	for range 100 {
		if err := v.EnsureKeys(ctx, uuid.New()); err != nil {
			t.Fatal(err)
		}
	}
	var texts [2][]byte
	for i := range texts {
		to := filepath.Join(t.TempDir(), "copy.db")
		if err := Copy(ctx, path, ledger, to); err != nil {
			t.Fatal(err)
		}
		texts[i], _ = os.ReadFile(to)
	}
	if !bytes.Equal(texts[0], texts[1]) {
		t.Error("two copies differ")
	}
}

func TestCopyRefuses(t *testing.T) {
	_, path, _ := create(t)
	dir := t.TempDir()
	to := filepath.Join(dir, "copy.db")
	var not *NotAVault
	if err := Copy(ctx, path, person, to); !errors.As(err, &not) {
		t.Errorf("of another ledger: %v", err)
	}
	if err := Copy(ctx, filepath.Join(dir, "nowhere.db"), ledger, to); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of nothing: %v", err)
	}
	torn := filepath.Join(dir, "torn.db")
	text, _ := os.ReadFile(path)
	os.WriteFile(torn, text[:len(text)/8192*4096], 0o600)
	if err := Copy(ctx, torn, ledger, to); !errors.As(err, &not) {
		t.Errorf("of a torn file: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("something is left: %v", entries)
	}
	os.WriteFile(to, []byte("mine"), 0o600)
	if err := Copy(ctx, path, ledger, to); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over another file: %v", err)
	}
	if text, _ := os.ReadFile(to); string(text) != "mine" {
		t.Error("another file was overwritten")
	}
}

func TestDump(t *testing.T) {
	got := Dump("postgres://ledger:secret@db.example/vault", ledger)
	if strings.Contains(got, "secret") || !strings.Contains(got, "--schema=vault_00000000000040008000000000000001") || !strings.Contains(got, "'postgres://ledger@db.example/vault'") {
		t.Error(got)
	}
}

// BenchmarkCopy is a copy of a vault with 10,000 keys.
func BenchmarkCopy(b *testing.B) {
	v, path, _ := create(b)
	ids := make([]uuid.UUID, 10_000)
	for i := range ids {
		ids[i] = uuid.New()
	}
	if err := v.EnsureKeys(ctx, ids...); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := Copy(ctx, path, ledger, filepath.Join(b.TempDir(), uuid.NewString())); err != nil {
			b.Fatal(err)
		}
	}
}
