package vault

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore/vault/vaulttest"
)

var (
	other   = uuid.MustParse("00000000-0000-4000-8000-0000000000aa")
	account = uuid.MustParse("00000000-0000-4000-8000-0000000000bb")
)

const (
	hisNumber  = "11010519491231002X"
	hisAccount = "6222021234567894"
)

// house is a vault with two people, and its wrapping key in a file.
type house struct {
	*Vault
	t             *testing.T
	address, path string
	boxes         map[uuid.UUID][]byte
}

func newHouse(t *testing.T, address string) *house {
	h := &house{t: t, address: address, path: filepath.Join(t.TempDir(), "key"), boxes: map[uuid.UUID][]byte{}}
	key := NewWrappingKey()
	h.must(key.WriteFile(h.path))
	var err error
	if h.Vault, err = CreateAt(ctx, address, ledger, key); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Vault.Close() })
	h.must(h.EnsureKeys(ctx, person, other))
	for _, id := range []uuid.UUID{person, other} {
		if h.boxes[id], err = h.Seal(ctx, id, place1, []byte("张三"), nonce); err != nil {
			t.Fatal(err)
		}
	}
	_, err = h.ClaimNumber(ctx, hisNumber, person)
	h.must(err)
	_, err = h.ClaimAccount(ctx, hisAccount, account)
	h.must(err)
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// copy keeps all that an old copy of the vault can be: its bytes, and for a
// database all rows, as a dump has them.
func (h *house) copy() any {
	if isPostgres(h.address) {
		dump, err := exec.Command("sh", "-c", "pg_dump '"+h.address+"' || /usr/lib/postgresql/*/bin/pg_dump '"+h.address+"'").Output()
		if err != nil {
			h.t.Fatal("pg_dump is needed: apt-get install postgresql: ", err)
		}
		return dump
	}
	text, err := os.ReadFile(h.address)
	h.must(err)
	return text
}

// open opens an old copy with today's key.
func (h *house) openCopy(copied any) (*Vault, error) {
	address := h.address
	if isPostgres(address) {
		i := strings.LastIndex(address, "/")
		base, name := address[:i+1], "old"+strings.ReplaceAll(uuid.NewString(), "-", "")
		load := exec.Command("sh", "-c", "PATH=$PATH:$(ls -d /usr/lib/postgresql/*/bin | head -1); psql -q '"+base+"postgres' -c 'CREATE DATABASE "+name+"' && psql -q '"+base+name+"'")
		load.Stdin = bytes.NewReader(copied.([]byte))
		if out, err := load.CombinedOutput(); err != nil {
			h.t.Fatalf("%v\n%s", err, out)
		}
		address = base + name
	} else {
		address = filepath.Join(h.t.TempDir(), "old.db")
		h.must(os.WriteFile(address, copied.([]byte), 0o600))
	}
	return OpenRotated(ctx, address, ledger, h.path)
}

func (h *house) reopen() {
	h.t.Helper()
	h.must(h.Vault.Close())
	var err error
	if h.Vault, err = OpenRotated(ctx, h.address, ledger, h.path); err != nil {
		h.t.Fatal(err)
	}
}

// check sees that one person is gone and the other is there.
func (h *house) check() {
	h.t.Helper()
	if _, err := h.Unseal(ctx, person, place1, h.boxes[person]); !errors.Is(err, ErrKeyGone) {
		h.t.Errorf("the erased person's name: %v", err)
	}
	if text, err := h.Unseal(ctx, other, place1, h.boxes[other]); err != nil || string(text) != "张三" {
		h.t.Errorf("the other's name: %q, %v", text, err)
	}
	if _, ok, err := h.PartyOf(ctx, hisNumber); ok || err != nil {
		h.t.Errorf("the erased person's number: %v, %v", ok, err)
	}
	if has, err := h.Has(ctx, []uuid.UUID{person, other}); err != nil || len(has) != 1 || has[0] != other {
		h.t.Errorf("has %v, %v", has, err)
	}
	if free, err := h.ClaimAccount(ctx, hisAccount, other); err != nil || free != other {
		h.t.Errorf("his account is still known: %v, %v", free, err)
	}
	if _, err := os.Stat(nextPath(h.path)); err == nil {
		h.t.Error("the new key did not take its place")
	}
}

var errCut = errors.New("cut off")

// An erasure cut off after any of its steps, and gone on with: in the end the
// person is gone, the other is there, and no copy that was made at any moment
// opens with the key that is left.
func TestErasureIsCutOff(t *testing.T) {
	for _, p := range places(t) {
		for cut := range 6 { // 0: before the erasure; 5: never
			t.Run(p.name+"/"+string(rune('0'+cut)), func(t *testing.T) {
				h := newHouse(t, p.new(t))
				before, err := os.ReadFile(h.path)
				h.must(err)
				copies := []any{h.copy()}
				if cut > 0 {
					h.must(h.Erase(ctx, []uuid.UUID{person}, []uuid.UUID{account}, Entry{}))
					copies = append(copies, h.copy())
				}
				err = h.rotate(ctx, h.path, Entry{}, func(step int) error {
					if step < 3 { // while the step before it runs nobody else reads the file
						copies = append(copies, h.copy())
					}
					if step == cut {
						return errCut
					}
					return nil
				})
				if cut < 5 && cut > 0 && !errors.Is(err, errCut) || (cut == 5 || cut == 0) && err != nil {
					t.Fatal(err)
				}
				if cut == 1 { // the vault still opens as it did
					if text, err := h.Unseal(ctx, other, place1, h.boxes[other]); err != nil {
						t.Errorf("%q, %v", text, err)
					}
				}
				h.reopen() // as the next start does
				if left, err := h.Unrotated(ctx); left != (cut == 1) || err != nil {
					t.Error("unrotated", left, err)
				}
				h.must(h.Erase(ctx, []uuid.UUID{person}, []uuid.UUID{account}, Entry{}))
				copies = append(copies, h.copy())
				h.must(h.Rotate(ctx, h.path, Entry{}))
				h.check()
				h.reopen()
				h.check()
				if left, err := h.Unrotated(ctx); left || err != nil {
					t.Error("unrotated", left, err)
				}
				for i, c := range copies {
					if v, err := h.openCopy(c); err == nil {
						v.Close()
						t.Errorf("copy %d opens", i)
					} else if !errors.Is(err, ErrWrongKey) {
						t.Errorf("copy %d: %v", i, err)
					}
				}
				after, err := os.ReadFile(h.path)
				h.must(err)
				if bytes.Equal(before, after) {
					t.Error("the wrapping key is the same")
				}
				for e, err := range h.Journal(ctx) {
					if err != nil {
						t.Errorf("the journal: %v", err)
					}
					if e.Kind != Erased && e.Kind != Rewrap {
						t.Errorf("the journal says %+v", e)
					}
				}
			})
		}
	}
}

// The rows of an old copy tell whoever has today's keys nothing: not even
// whether somebody was registered.
func TestOldRowsTellNothing(t *testing.T) {
	h := newHouse(t, filepath.Join(t.TempDir(), "vault.db"))
	old := h.copy().([]byte)
	was := h.currentWrapper()
	row := was.hide(h.mac("number", hisNumber))
	if !bytes.Contains(old, row) {
		t.Fatal("the copy does not have the row")
	}
	h.must(h.Rotate(ctx, h.path, Entry{}))
	for _, x := range [][]byte{h.mac("number", hisNumber), h.currentWrapper().hide(h.mac("number", hisNumber))} {
		if bytes.Contains(old, x) {
			t.Error("today's keys find the number in the old copy")
		}
	}
	now := h.copy().([]byte)
	if bytes.Contains(now, row) || bytes.Contains(now, was.index) {
		t.Error("the file still has what the old key hid")
	}
	if party, ok, err := h.PartyOf(ctx, hisNumber); party != person || !ok || err != nil {
		t.Errorf("%v %v %v", party, ok, err)
	}
}

// Another process that has the vault open meanwhile, and was given the key and no file
// of it, writes nothing under the old key, and says why.
func TestWrappedAnewByAnother(t *testing.T) {
	for _, p := range places(t) {
		t.Run(p.name, func(t *testing.T) {
			h := newHouse(t, p.new(t))
			key, err := ReadWrappingKey(h.path)
			h.must(err)
			second, err := OpenAt(ctx, h.address, ledger, key)
			h.must(err)
			defer second.Close()
			_, err = second.Unseal(ctx, person, place1, h.boxes[person])
			h.must(err)
			h.must(h.Rotate(ctx, h.path, Entry{}))
			if err := second.EnsureKeys(ctx, uuid.New()); !errors.Is(err, ErrWrongKey) || second.held() != 0 {
				t.Errorf("a new key: %v; %d keys are held", err, second.held())
			}
			if _, err := second.Unseal(ctx, other, place1, h.boxes[other]); !errors.Is(err, ErrWrongKey) {
				t.Errorf("a key that is there: %v", err)
			}
			if _, _, err := second.PartyOf(ctx, hisNumber); !errors.Is(err, ErrWrongKey) {
				t.Errorf("a number: %v", err)
			}
			if _, err := second.ClaimNumber(ctx, hisNumber, other); !errors.Is(err, ErrWrongKey) {
				t.Errorf("a claim: %v", err)
			}
		})
	}
}

// A database whose transactions see by default what there was when they began, and not
// what was committed while they waited: a write that waited for a rotation sees it.
func TestWriteThatWaitedForARotation(t *testing.T) {
	if testing.Short() {
		t.Skip("a database server takes seconds to start")
	}
	address := vaulttest.Postgres(t)
	v, key := createAt(t, address)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := v.db.Exec(`ALTER DATABASE ` + address[strings.LastIndex(address, "/")+1:strings.Index(address, "?")] + ` SET default_transaction_isolation = 'repeatable read'`)
	must(err)
	second, err := OpenAt(ctx, address, ledger, key)
	must(err)
	defer second.Close()
	tx, err := v.db.Begin()
	must(err)
	defer func() { _ = tx.Rollback() }() // after its commit an error
	_, err = tx.Exec(postgres.lockAll[0])
	must(err)
	wrote := make(chan error, 1)
	go func() { wrote <- second.Note(ctx, Entry{Kind: Opened}) }()
	for waiting := false; !waiting; {
		must(tx.QueryRow(`SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)`).Scan(&waiting))
	}
	_, err = tx.Exec(`UPDATE meta SET value = $1 WHERE name = 'index'`, seal(NewWrappingKey().aead(), v.index, []byte("index")))
	must(errors.Join(err, tx.Commit()))
	if err := <-wrote; !errors.Is(err, ErrWrongKey) {
		t.Errorf("%v", err)
	}
}

func TestJournal(t *testing.T) {
	for _, p := range places(t) {
		t.Run(p.name, func(t *testing.T) {
			h := newHouse(t, p.new(t))
			const n = 250 // more than a page
			for range n {
				h.must(h.Note(ctx, Entry{Kind: Opened, Officer: other, As: "finance", Did: "print sheet", Opened: []Opening{{[]string{"name"}, []uuid.UUID{person}}}}))
			}
			read := func() (count int64, err error) {
				for e, err := range h.Journal(ctx) {
					if err != nil {
						return count, err
					}
					if count++; e.No != count || e.Did != "print sheet" || e.At.IsZero() {
						t.Fatalf("%+v", e)
					}
				}
				return count, nil
			}
			if count, err := read(); count != n || err != nil {
				t.Fatal(count, err)
			}
			for _, forged := range []string{`UPDATE journal SET entry = (SELECT entry FROM journal WHERE no = 8) WHERE no = 7`, `DELETE FROM journal WHERE no = 101`} {
				_, err := h.db.Exec(forged)
				h.must(err)
				var broken *Broken
				if _, err := read(); !errors.As(err, &broken) {
					t.Errorf("%s: %v", forged, err)
				}
			}
		})
	}
}

// Who opens the vault while its key is replaced waits for the end, and takes
// nothing for cut off; who replaces it too comes second, and leaves the first
// one's key alone.
func TestWhileRotating(t *testing.T) {
	for _, p := range places(t) {
		for step := 1; step <= 4; step++ {
			t.Run(fmt.Sprint(p.name, "/", step), func(t *testing.T) {
				h := newHouse(t, p.new(t))
				second, err := OpenRotated(ctx, h.address, ledger, h.path)
				h.must(err)
				defer second.Close()
				opened, rotated := make(chan error, 1), make(chan error, 1)
				h.must(h.rotate(ctx, h.path, Entry{}, func(now int) error {
					if now != step {
						return nil
					}
					go func() {
						v, err := OpenRotated(ctx, h.address, ledger, h.path)
						if err == nil {
							_, err = v.Unseal(ctx, other, place1, h.boxes[other])
							err = errors.Join(err, v.Close())
						}
						opened <- err
					}()
					go func() { rotated <- second.Rotate(ctx, h.path, Entry{}) }()
					time.Sleep(50 * time.Millisecond) // both are waiting, or have been refused
					return nil
				}))
				if err := <-opened; err != nil {
					t.Errorf("opened meanwhile: %v", err)
				}
				if err := <-rotated; !errors.Is(err, ErrWrongKey) {
					t.Errorf("replaced twice: %v", err)
				}
				h.reopen()
				if _, err := h.Unseal(ctx, other, place1, h.boxes[other]); err != nil {
					t.Error(err)
				}
				if _, err := os.Stat(nextPath(h.path)); err == nil {
					t.Error("a key is left beside the key")
				}
			})
		}
	}
}

// Strange files beside the key, and a key that is a link: the key is never lost.
func TestStrangeKeyFiles(t *testing.T) {
	for _, c := range []struct {
		what string
		make func(h *house) error
		fine bool // the vault opens all the same
	}{
		{"a hard link to the key", func(h *house) error { return os.Link(h.path, nextPath(h.path)) }, true},
		{"a copy of the key", func(h *house) error {
			text, err := os.ReadFile(h.path)
			return errors.Join(err, os.WriteFile(nextPath(h.path), text, 0o600))
		}, true},
		{"a torn one", func(h *house) error { return os.WriteFile(nextPath(h.path), []byte("relief led"), 0o600) }, true},
		{"another key", func(h *house) error { return NewWrappingKey().WriteFile(nextPath(h.path)) }, true},
		{"one that others may read", func(h *house) error { return os.WriteFile(nextPath(h.path), nil, 0o644) }, false},
		{"a folder", func(h *house) error { return os.Mkdir(nextPath(h.path), 0o700) }, false},
		{"a key behind a link", func(h *house) error {
			real := h.path + ".real"
			return errors.Join(os.Rename(h.path, real), os.Symlink(real, h.path))
		}, true},
	} {
		t.Run(c.what, func(t *testing.T) {
			h := newHouse(t, filepath.Join(t.TempDir(), "vault.db"))
			h.must(c.make(h))
			h.reopen()
			err := h.Rotate(ctx, h.path, Entry{})
			if (err == nil) != c.fine {
				t.Errorf("rotated: %v", err)
			}
			h.reopen()
			if text, err := h.Unseal(ctx, other, place1, h.boxes[other]); err != nil || string(text) != "张三" {
				t.Errorf("%q, %v", text, err)
			}
			if info, err := os.Lstat(h.path + ".real"); err == nil {
				if link, err := os.Lstat(h.path); err != nil || link.Mode()&os.ModeSymlink == 0 || info.Size() == 0 {
					t.Error("the link is gone")
				}
			}
		})
	}
}

// What an erasure costs in a county of 50,000 people: every key wrapped anew.
func BenchmarkRotate(b *testing.B) {
	const people = 50_000
	path := filepath.Join(b.TempDir(), "key")
	key := NewWrappingKey()
	if err := key.WriteFile(path); err != nil {
		b.Fatal(err)
	}
	v, err := CreateAt(ctx, filepath.Join(b.TempDir(), "vault.db"), ledger, key)
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close()
	ids := make([]uuid.UUID, people)
	for i := range ids {
		ids[i] = uuid.New()
	}
	if err := v.EnsureKeys(ctx, ids...); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := v.Rotate(ctx, path, Entry{}); err != nil {
			b.Fatal(err)
		}
	}
}
