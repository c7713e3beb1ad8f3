package vault

import (
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// held counts the keys in a vault's memory.
func (v *Vault) held() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.cache)
}

// Nobody does anything: a key is forgotten all the same.
func TestKeyIsForgottenInTime(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		v, err := Create(filepath.Join(dir, "vault.db"), ledger, NewWrappingKey())
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		for range 3 {
			if err := v.EnsureKeys(ctx, person); err != nil {
				t.Fatal(err)
			}
			if _, err := v.Tag(ctx, person, "name", "x"); err != nil || v.held() != 1 {
				t.Fatal(v.held(), err)
			}
			time.Sleep(cacheAge)
			synctest.Wait()
			if v.held() != 0 {
				t.Error("a key is in memory still")
			}
		}
	})
}

// A key that was read before keys were forgotten is not kept after it.
func TestKeyThatWasReadBefore(t *testing.T) {
	v, _, _ := create(t)
	_, forgotten, err := v.cached(person)
	if err != nil {
		t.Fatal(err)
	}
	v.forget()
	if v.keep(person, make([]byte, 32), forgotten); v.held() != 0 {
		t.Error("it is kept")
	}
	_, forgotten, _ = v.cached(person)
	if v.keep(person, make([]byte, 32), forgotten); v.held() != 1 {
		t.Error("one that was read since is not kept")
	}
	v.Close()
	if _, _, err := v.cached(person); !errors.Is(err, ErrClosed) || v.held() != 0 {
		t.Errorf("after Close %d keys are held, %v", v.held(), err)
	}
}
