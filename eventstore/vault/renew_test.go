package vault

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// second opens the vault of a house once more, as another process does that stays.
func (h *house) second() *Vault {
	h.t.Helper()
	v, err := OpenRotated(ctx, h.address, ledger, h.path)
	h.must(err)
	h.t.Cleanup(func() { v.Close() })
	return v
}

// all are the rows of a vault that a wrapping key wraps, hides or chains.
func (h *house) all(v *Vault) (rows []string) {
	h.t.Helper()
	for _, query := range []string{`SELECT id, wrapped FROM keys ORDER BY id`, `SELECT mac, party FROM numbers ORDER BY mac`,
		`SELECT mac, account FROM accounts ORDER BY mac`, `SELECT entry, mac FROM journal ORDER BY no`} {
		found, err := v.db.Query(query)
		h.must(err)
		for found.Next() {
			var a, b []byte
			h.must(found.Scan(&a, &b))
			rows = append(rows, fmt.Sprintf("%x %x", a, b))
		}
		h.must(errors.Join(found.Err(), found.Close()))
	}
	return rows
}

// A use is something for which a vault must know its wrapping key.
type use struct {
	what string
	do   func(v *Vault) error
}

// uses are all of them, on the vault of a house: each may be the first that finds the
// vault wrapped anew.
func (h *house) uses() []use {
	fresh := uuid.New() // has no key before
	return []use{
		{"open", func(v *Vault) error {
			text, err := v.Unseal(ctx, other, place1, h.boxes[other])
			if err == nil && string(text) != "张三" {
				err = fmt.Errorf("it is %q", text)
			}
			return err
		}},
		{"seal", func(v *Vault) error { _, err := v.Seal(ctx, other, place1, []byte("张三"), nonce); return err }},
		{"tag", func(v *Vault) error { _, err := v.Tag(ctx, other, "name", "张三"); return err }},
		{"derive", func(v *Vault) error { _, err := v.Derive(ctx, other, "document"); return err }},
		{"try", func(v *Vault) error { return v.Trial().EnsureKeys(ctx, other) }},
		{"make a key", func(v *Vault) error {
			if err := v.EnsureKeys(ctx, fresh); err != nil {
				return err
			}
			_, err := v.Tag(ctx, fresh, "name", "张三")
			return err
		}},
		{"look up a number", func(v *Vault) error {
			party, ok, err := v.PartyOf(ctx, hisNumber)
			if err == nil && (!ok || party != person) {
				err = fmt.Errorf("it belongs to %v, %v", party, ok)
			}
			return err
		}},
		{"look up an account", func(v *Vault) error {
			id, ok, err := v.AccountOf(ctx, hisAccount)
			if err == nil && (!ok || id != account) {
				err = fmt.Errorf("it is %v, %v", id, ok)
			}
			return err
		}},
		{"claim a number", func(v *Vault) error {
			party, err := v.ClaimNumber(ctx, hisNumber, other)
			if err == nil && party != person {
				err = fmt.Errorf("it became %v's", party)
			}
			return err
		}},
		{"claim an account", func(v *Vault) error {
			id, err := v.ClaimAccount(ctx, hisAccount, other)
			if err == nil && id != account {
				err = fmt.Errorf("it became %v", id)
			}
			return err
		}},
		{"move a number", func(v *Vault) error { return v.MoveNumber(ctx, hisNumber, person, person) }},
		{"note", func(v *Vault) error { return v.Note(ctx, Entry{Kind: Opened, Officer: other}) }},
		{"leave a mark", func(v *Vault) error { return v.SetMark(ctx, Tail, Mark{Count: 1, Last: other}, true) }},
		{"erase", func(v *Vault) error { return v.Erase(ctx, []uuid.UUID{uuid.New()}, nil, Entry{}) }},
	}
}

// Another process wraps the vault anew, once or twice: one that has it open goes on,
// whatever it does first, and what it wrote opens with the new key.
func TestGoesOnWhenWrappedAnew(t *testing.T) {
	for _, p := range places(t) {
		for rotations := 1; rotations <= 2; rotations++ {
			t.Run(fmt.Sprint(p.name, "/", rotations), func(t *testing.T) {
				h := newHouse(t, p.new(t))
				uses := h.uses()
				for _, u := range uses {
					second := h.second()
					for range rotations {
						h.must(h.Rotate(ctx, h.path, Entry{}))
					}
					if err := u.do(second); err != nil {
						t.Errorf("%s: %v", u.what, err)
					}
					h.must(second.Close())
				}
				h.reopen()
				for _, u := range uses {
					if err := u.do(h.Vault); err != nil {
						t.Errorf("%s afterwards: %v", u.what, err)
					}
				}
			})
		}
	}
}

// The vault is wrapped anew again and again, by the one handle, by the other, and by both
// at once, while goroutines use it by both: none of them notices, and every key and every
// claim that was answered is there with the last wrapping key.
func TestWrappedAnewMeanwhile(t *testing.T) {
	const (
		rotations = 6
	)
	for _, p := range places(t) {
		t.Run(p.name, func(t *testing.T) {
			h := newHouse(t, p.new(t))
			h.reopen() // by its file
			second := h.second()
			var (
				mu      sync.Mutex // guards what follows
				made    = map[uuid.UUID][]byte{}
				claimed = map[string]uuid.UUID{}
				noted   int
			)
			done := make(chan struct{})
			var wg sync.WaitGroup
			// again calls use with each handle until the last rotation, and once more.
			again := func(what string, use func(v *Vault) error) {
				for _, v := range []*Vault{h.Vault, second} {
					wg.Go(func() {
						for last := false; !last; {
							select {
							case <-done:
								last = true
							default:
							}
							if err := use(v); err != nil {
								t.Errorf("%s: %v", what, err)
								return
							}
						}
					})
				}
			}
			again("make a key", func(v *Vault) error {
				id := uuid.New()
				if err := v.EnsureKeys(ctx, id); err != nil {
					return err
				}
				box, err := v.Seal(ctx, id, place1, []byte("李四"), nonce)
				mu.Lock()
				defer mu.Unlock()
				made[id] = box
				return err
			})
			again("claim", func(v *Vault) error {
				number, id := uuid.NewString(), uuid.New()
				owner, err := v.ClaimNumber(ctx, number, id)
				if err == nil && owner != id {
					err = fmt.Errorf("a new number is %v's", owner)
				}
				mu.Lock()
				defer mu.Unlock()
				claimed[number] = id
				return err
			})
			again("note", func(v *Vault) error {
				mu.Lock()
				noted++
				mu.Unlock()
				return v.Note(ctx, Entry{Kind: Opened, Officer: other})
			})
			again("open and look up", func(v *Vault) error {
				v.forget() // so that it is read
				_, err := v.Unseal(ctx, other, place1, h.boxes[other])
				party, ok, e := v.PartyOf(ctx, hisNumber)
				if e == nil && (!ok || party != person) {
					e = fmt.Errorf("the number is %v's, %v", party, ok)
				}
				return errors.Join(err, e)
			})
			erase := func(v *Vault) error {
				return errors.Join(v.Erase(ctx, []uuid.UUID{uuid.New()}, nil, Entry{}), v.Rotate(ctx, h.path, Entry{}))
			}
			for i := range rotations {
				switch i % 3 {
				case 0:
					h.must(errors.Join(erase(h.Vault), erase(h.Vault))) // two in a row
				case 1:
					h.must(erase(second))
				case 2:
					both := make(chan error, 2)
					go func() { both <- erase(h.Vault) }()
					go func() { both <- erase(second) }()
					for _, err := range []error{<-both, <-both} {
						if err != nil && !errors.Is(err, ErrWrongKey) { // the other was first
							t.Error(err)
						}
					}
					if left, err := h.Unrotated(ctx); left || err != nil {
						t.Error("unrotated", left, err)
					}
				}
			}
			close(done)
			wg.Wait()
			h.must(second.Close())
			h.reopen()
			for id, box := range made {
				if text, err := h.Unseal(ctx, id, place1, box); err != nil || string(text) != "李四" {
					t.Errorf("a key that was made: %q, %v", text, err)
				}
			}
			for number, id := range claimed {
				if owner, ok, err := h.PartyOf(ctx, number); owner != id || !ok || err != nil {
					t.Errorf("a number that was claimed: %v %v %v", owner, ok, err)
				}
			}
			entries := 0
			for e, err := range h.Journal(ctx) {
				h.must(err)
				if e.Kind == Opened {
					entries++
				}
			}
			if entries != noted {
				t.Errorf("%d entries in the journal, want %d", entries, noted)
			}
			t.Logf("%d keys, %d numbers, %d entries", len(made), len(claimed), noted)
		})
	}
}

// One that does not find the new key where its key was refuses, writes nothing, and
// forgets the keys that it has in memory; when the key is there it goes on.
func TestNewKeyIsNotThere(t *testing.T) {
	for _, p := range places(t) {
		for _, c := range []struct {
			what string
			make func(path string) error
			file bool // the error names a file
		}{
			{"no key", func(path string) error { return nil }, true},
			{"no folder", func(path string) error { return os.Rename(filepath.Dir(path), filepath.Dir(path)+".away") }, true},
			{"another key", NewWrappingKey().WriteFile, false},
			{"no key in the file", func(path string) error { return os.WriteFile(path, []byte("relief led"), 0o600) }, true},
			{"one that others may read", func(path string) error {
				return errors.Join(NewWrappingKey().WriteFile(path), os.Chmod(path, 0o644))
			}, true},
			{"another key beside it", func(path string) error {
				return errors.Join(NewWrappingKey().WriteFile(path), NewWrappingKey().WriteFile(nextPath(path)))
			}, false},
			{"a folder beside it", func(path string) error {
				return errors.Join(NewWrappingKey().WriteFile(path), os.Mkdir(nextPath(path), 0o700))
			}, true},
		} {
			t.Run(p.name+"/"+c.what, func(t *testing.T) {
				h := newHouse(t, p.new(t))
				place := filepath.Join(t.TempDir(), "office") // another server's
				h.must(os.Mkdir(place, 0o700))
				path := filepath.Join(place, "key")
				text, err := os.ReadFile(h.path)
				h.must(errors.Join(err, os.WriteFile(path, text, 0o600)))
				second, err := OpenRotated(ctx, h.address, ledger, path)
				h.must(err)
				defer second.Close()
				_, err = second.Unseal(ctx, person, place1, h.boxes[person])
				h.must(err)
				h.must(h.Erase(ctx, []uuid.UUID{person}, nil, Entry{}))
				h.must(h.Rotate(ctx, h.path, Entry{}))
				h.must(os.Remove(path))
				h.must(c.make(path))
				before := h.all(h.Vault)
				for _, u := range h.uses() {
					if u.what == "look up a number" || u.what == "claim a number" {
						continue // it is erased
					}
					err := u.do(second)
					var file *KeyFile
					if !errors.Is(err, ErrWrongKey) || errors.As(err, &file) != c.file {
						t.Errorf("%s: %v", u.what, err)
					}
				}
				if !slices.Equal(h.all(h.Vault), before) {
					t.Error("something was written")
				}
				if n := second.held(); n != 0 {
					t.Errorf("%d keys are in memory still", n)
				}
				_ = os.Rename(place+".away", place)
				text, err = os.ReadFile(h.path)
				h.must(errors.Join(err, os.RemoveAll(path), os.WriteFile(path, text, 0o600)))
				if text, err := second.Unseal(ctx, other, place1, h.boxes[other]); err != nil || string(text) != "张三" {
					t.Errorf("with the new key: %q, %v", text, err)
				}
				h.must(second.Note(ctx, Entry{Kind: Opened}))
			})
		}
	}
}

// In the place of the vault stands another one of the ledger, with its key: what is
// looked up in it would be hidden by another code, so nothing goes on.
func TestAnotherVaultInItsPlace(t *testing.T) {
	h := newHouse(t, filepath.Join(t.TempDir(), "vault.db"))
	second := h.second()
	key, index := NewWrappingKey(), make([]byte, 32)
	rand.Read(index)
	_, err := h.db.Exec(`UPDATE meta SET value = ? WHERE name = 'index'`, seal(key.aead(), index, []byte("index")))
	h.must(errors.Join(err, os.Remove(h.path), key.WriteFile(h.path)))
	if err := second.Note(ctx, Entry{Kind: Opened}); !errors.Is(err, ErrWrongKey) {
		t.Errorf("%v", err)
	}
}

// The other process is cut off while it replaces the key, after any step: who has the
// vault open ends it, as the next start would have.
func TestEndsARotationThatWasCutOff(t *testing.T) {
	for _, p := range places(t) {
		for step := 1; step <= 4; step++ {
			t.Run(fmt.Sprint(p.name, "/", step), func(t *testing.T) {
				h := newHouse(t, p.new(t))
				second := h.second()
				if err := h.rotate(ctx, h.path, Entry{}, func(now int) error {
					if now == step {
						return errCut
					}
					return nil
				}); !errors.Is(err, errCut) {
					t.Fatal(err)
				}
				for _, u := range h.uses() {
					if err := u.do(second); err != nil {
						t.Errorf("%s: %v", u.what, err)
					}
				}
				if _, err := os.Stat(nextPath(h.path)); step > 1 && err == nil {
					t.Error("the new key did not take its place")
				}
				h.must(second.Rotate(ctx, h.path, Entry{}))
				h.reopen()
				for _, u := range h.uses() {
					if err := u.do(h.Vault); err != nil {
						t.Errorf("%s afterwards: %v", u.what, err)
					}
				}
			})
		}
	}
}

// While another process is replacing the key, whoever has the vault open waits for its
// end as long as he has time, and takes nothing for cut off.
func TestWaitsForTheNewKey(t *testing.T) {
	for _, p := range places(t) {
		t.Run(p.name, func(t *testing.T) {
			h := newHouse(t, p.new(t))
			second := h.second()
			waited := make(chan error, 2) // one that waits, one that opens
			h.must(h.rotate(ctx, h.path, Entry{}, func(step int) error {
				if step != 2 {
					return nil
				}
				short, stop := context.WithTimeout(ctx, 50*time.Millisecond)
				defer stop()
				var away *Unavailable
				if _, err := second.Unseal(short, other, place1, h.boxes[other]); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrWrongKey) || errors.As(err, &away) {
					t.Errorf("a short deadline: %v", err)
				}
				go func() { waited <- second.Note(ctx, Entry{Kind: Opened}) }()
				go func() { _, err := second.Unseal(ctx, other, place1, h.boxes[other]); waited <- err }()
				return nil
			}))
			h.must(errors.Join(<-waited, <-waited))
		})
	}
}

// A key that another process erased leaves the memory when the vault is found wrapped
// anew, whatever is done then.
func TestErasedKeyLeavesTheMemory(t *testing.T) {
	for _, p := range places(t) {
		t.Run(p.name, func(t *testing.T) {
			h := newHouse(t, p.new(t))
			for _, u := range h.uses()[5:] { // the others are answered from memory
				second := h.second()
				gone := uuid.New()
				h.must(second.EnsureKeys(ctx, gone))
				box, err := second.Seal(ctx, gone, place1, []byte("张三"), nonce)
				h.must(err)
				h.must(h.Erase(ctx, []uuid.UUID{gone}, nil, Entry{}))
				h.must(h.Rotate(ctx, h.path, Entry{}))
				h.must(u.do(second))
				if _, err := second.Unseal(ctx, gone, place1, box); !errors.Is(err, ErrKeyGone) {
					t.Errorf("%s, and then the erased person's name: %v", u.what, err)
				}
				h.must(second.Close())
			}
		})
	}
}

// Who comes second and has nothing to erase leaves the first one's key; who has makes a
// new one.
func TestRotatesAfterAnother(t *testing.T) {
	for _, p := range places(t) {
		t.Run(p.name, func(t *testing.T) {
			h := newHouse(t, p.new(t))
			h.reopen() // by its file
			second := h.second()
			h.must(h.Rotate(ctx, h.path, Entry{}))
			first, err := os.ReadFile(h.path)
			h.must(err)
			if err := second.Rotate(ctx, h.path, Entry{}); !errors.Is(err, ErrWrongKey) {
				t.Errorf("nothing to erase: %v", err)
			}
			if now, err := os.ReadFile(h.path); err != nil || !bytes.Equal(now, first) {
				t.Error("the first one's key was replaced", err)
			}
			h.must(h.Rotate(ctx, h.path, Entry{}))
			h.must(h.Erase(ctx, []uuid.UUID{person}, []uuid.UUID{account}, Entry{}))
			h.must(second.Rotate(ctx, h.path, Entry{}))
			h.must(h.Note(ctx, Entry{Kind: Opened})) // goes on too
			h.reopen()
			h.check()
			if left, err := h.Unrotated(ctx); left || err != nil {
				t.Error("unrotated", left, err)
			}
		})
	}
}
