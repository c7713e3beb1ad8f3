package ledger

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/vault"
	"reliefledger.org/ledger/eventstore/vault/vaulttest"
)

// A registry is a ledger that registers people, with its vault's wrapping key in
// a file.
type registry struct {
	*bench
	address, key string
}

// vaults are the kinds of place at which a vault can be.
func vaults(t *testing.T) map[string]func() string {
	kinds := map[string]func() string{"file": func() string { return filepath.Join(t.TempDir(), "vault.db") }}
	if !testing.Short() {
		server := vaulttest.Start(t)
		kinds["postgres"] = server.Database
	}
	return kinds
}

func newRegistry(t *testing.T, address string) *registry {
	r := &registry{address: address, key: filepath.Join(t.TempDir(), "key")}
	key := vault.NewWrappingKey()
	if err := key.WriteFile(r.key); err != nil {
		t.Fatal(err)
	}
	v, err := vault.CreateAt(ctx, address, command("ledger"), key)
	if err != nil {
		t.Fatal(err)
	}
	r.bench = open(t, newStore(t), v)
	for _, a := range []act{
		opening(),
		{"privacy", registrars[0], "2023-01-01", &domain.AppointOfficer{Unit: root, Post: "隐私专员", Key: public(signer("privacy")), Roles: []domain.Role{domain.PrivacyOfficer}}},
		{"drafter", registrars[0], "2023-01-01", &domain.AppointOfficer{Unit: root, Post: "拟稿", Key: public(signer("drafter")), Roles: []domain.Role{domain.Drafter}}},
		{"he", "drafter", "2023-01-02", register("张三", "11010519491231002X", "6222021234567894")},
		{"she", "drafter", "2023-01-02", register("李四", "110105199001010010", "6222020000000001")},
		{"he moved", "drafter", "2023-01-03", &domain.CorrectParty{Party: made("he", "party"), PersonalDetails: domain.PersonalDetails{Account: domain.Plainly("6222029999999990")}}},
	} {
		if err := r.do(a); err != nil {
			t.Fatal(a.name, err)
		}
	}
	return r
}

func register(name, number, account string) domain.Command {
	return &domain.RegisterParty{Unit: root, Type: domain.Person, PersonalDetails: domain.PersonalDetails{Name: domain.Plainly(name), Number: domain.Plainly(number), Account: domain.Plainly(account)}}
}

// restart opens the ledger again, as the next process does.
func (r *registry) restart() error {
	_ = r.l.Close()
	_ = r.vault.Close()
	v, err := vault.OpenRotated(ctx, r.address, command("ledger"), r.key)
	if err != nil {
		return err
	}
	r.t.Cleanup(func() { v.Close() })
	l, err := Open(ctx, r.store, v, Options{Clock: func() time.Time { return time.Date(2023, 3, 1, 1, 0, 0, 0, time.UTC) }})
	if err != nil {
		return err
	}
	r.t.Cleanup(func() { l.Close() })
	r.l, r.vault = l, v
	return nil
}

// data are all bytes of the log.
func (r *registry) data() (all [][]byte) {
	for e, err := range r.store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			r.t.Fatal(err)
		}
		all = append(all, bytes.Join([][]byte{[]byte(e.Stream), []byte(e.Type), e.Data, e.Metadata}, []byte{0}))
	}
	return all
}

// gone sees that the party "he" is gone, and "she" is not.
func (r *registry) gone(before [][]byte) {
	r.t.Helper()
	for _, who := range []struct {
		name, number string
		there        bool
	}{{"he", "11010519491231002X", false}, {"she", "110105199001010010", true}} {
		id := made(who.name, "party")
		var sealed domain.Sealed
		for raw, err := range r.store.ReadStream(ctx, domain.Stream(domain.PartyKind, id), 0, eventstore.Forwards) {
			if err != nil {
				r.t.Fatal(err)
			}
			if d, err := codec.Decode(raw, 0); err == nil {
				if e, ok := d.Event.(*domain.PartyRegistered); ok {
					sealed = e.Private.Name
				}
			}
		}
		_, err := r.l.Unseal(ctx, sealed, domain.Stream(domain.PartyKind, id), command(who.name), "name")
		if who.there && err != nil || !who.there && !errors.Is(err, vault.ErrKeyGone) {
			r.t.Errorf("the name of %s: %v", who.name, err)
		}
		if _, ok, err := r.l.PartyOf(ctx, who.number); ok != who.there || err != nil {
			r.t.Errorf("the number of %s: %v, %v", who.name, ok, err)
		}
	}
	// Neither the old account nor the new one of "he" is known any more; that of "she" is.
	for account, known := range map[string]bool{"6222021234567894": false, "6222029999999990": false, "6222020000000001": true} {
		fresh := uuid.New()
		if id, err := r.vault.ClaimAccount(ctx, account, fresh); err != nil || (id != fresh) != known {
			r.t.Errorf("account %s: %v, %v", account, id == fresh, err)
		}
	}
	after := r.data()
	for i := range before {
		if !bytes.Equal(before[i], after[i]) {
			r.t.Errorf("event %d was changed", i)
		}
	}
	// Nothing new is sealed for "he".
	var no *domain.Refusal
	if err := r.do(act{"again", "drafter", "2023-01-06", &domain.CorrectParty{Party: made("he", "party"), PersonalDetails: domain.PersonalDetails{Phone: domain.Plainly("139")}}}); !errors.As(err, &no) || no.Code != domain.IsErased {
		r.t.Errorf("an erased party is corrected: %v", err)
	}
	if has, err := r.vault.Has(ctx, []uuid.UUID{made("he", "party")}); err != nil || len(has) > 0 {
		r.t.Errorf("the vault has %v, %v", has, err)
	}
}

var eraseHim = act{"erase", "privacy", "2023-01-05", &domain.EraseParty{Party: made("he", "party"), Basis: "本人申请"}}

func TestErase(t *testing.T) {
	for name, place := range vaults(t) {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t, place())
			before := r.data()
			if err := r.do(eraseHim); err != nil {
				t.Fatal(err)
			}
			if err := r.do(eraseHim); err != nil { // the same again
				t.Error(err)
			}
			if left, err := r.vault.Unrotated(ctx); !left || err != nil {
				t.Error("nobody knows that the wrapping key must be replaced", err)
			}
			r.gone(before)
		})
	}
}

// An older vault is put back, with the key that opened it, also more than once:
// it brings nobody back.
func TestOldVaultIsPutBack(t *testing.T) {
	r := newRegistry(t, filepath.Join(t.TempDir(), "vault.db"))
	before := r.data()
	old, err := os.ReadFile(r.address)
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(r.key)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.do(eraseHim); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.vault.Rotate(ctx, r.key, vault.Entry{}); err != nil {
			t.Fatal(err)
		}
		_, _ = r.l.Close(), r.vault.Close()
		if err := errors.Join(os.WriteFile(r.address, old, 0o600), os.WriteFile(r.key, key, 0o600)); err != nil {
			t.Fatal(err)
		}
		if err := r.restart(); err != nil {
			t.Fatal(err)
		}
		if left, err := r.vault.Unrotated(ctx); !left || err != nil {
			t.Error("nobody knows that the wrapping key must be replaced", err)
		}
	}
	r.gone(before)
}

// The process ends between the event and the vault: the next start deletes the
// keys.
func TestEraseIsCutOff(t *testing.T) {
	for name, place := range vaults(t) {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t, place())
			before := r.data()
			// What erases is a process of its own, whose vault goes away before
			// it can write there.
			o := &domain.Order{ID: command("erase"), Actor: signer("privacy").Officer, Date: day("2023-01-05"), Body: eraseHim.body}
			p, err := r.l.Prepare(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			_ = r.vault.Close()
			by := signer("privacy")
			_, err = r.l.Submit(ctx, p, domain.Proof{ID: o.ID, Digest: p.Digest[:], Key: public(by), Signature: ed25519.Sign(by.Key, p.Digest[:])}, nil)
			var unknown *eventstore.OutcomeUnknown
			if !errors.As(err, &unknown) {
				t.Fatalf("an erasure without a vault: %v", err)
			}
			for range 2 {
				if err := r.restart(); err != nil {
					t.Fatal(err)
				}
			}
			r.gone(before)
			if err := r.do(eraseHim); err != nil {
				t.Errorf("sent again: %v", err)
			}
		})
	}
}

// A log that lost what the vault remembers is found out, and gone on with only
// where somebody says so.
func TestVaultRemembersTheTail(t *testing.T) {
	r := newRegistry(t, filepath.Join(t.TempDir(), "vault.db"))
	if err := r.l.Remember(); err != nil {
		t.Fatal(err)
	}
	if err := r.restart(); err != nil {
		t.Fatal(err)
	}
	shorter := newStore(t)
	n := 0
	for e, err := range r.store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == len(r.data()) {
			break
		}
		if _, err := shorter.Append(ctx, e.Stream, eventstore.Any, []eventstore.Event{e.Event}); err != nil {
			t.Fatal(err)
		}
	}
	r.store = shorter
	var lost *Lost
	if err := r.restart(); !errors.As(err, &lost) || lost.Count != uint64(n) {
		t.Fatalf("a log that lost its last event: %v", err)
	}
	v, err := vault.OpenRotated(ctx, r.address, command("ledger"), r.key)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	l, err := Open(ctx, shorter, v, Options{AcceptLost: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	said := 0
	for e, err := range l.Journal(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == vault.Lost {
			said++
		}
	}
	if said != 1 {
		t.Errorf("the journal says %d times that it was gone on", said)
	}
}

// The log loses an erasure, which is accepted; the next one counts as many as the
// vault remembers, and is done all the same.
func TestErasureBehindALoss(t *testing.T) {
	r := newRegistry(t, filepath.Join(t.TempDir(), "vault.db"))
	count := len(r.data())
	if err := r.do(eraseHim); err != nil {
		t.Fatal(err)
	}
	shorter := newStore(t)
	n := 0
	for e, err := range r.store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n > count {
			break
		}
		if _, err := shorter.Append(ctx, e.Stream, eventstore.Any, []eventstore.Event{e.Event}); err != nil {
			t.Fatal(err)
		}
	}
	r.store = shorter
	if err := r.restart(); err != nil { // nothing was left in the vault: no Remember
		t.Fatal(err)
	}
	she := act{"erase her", "privacy", "2023-01-05", &domain.EraseParty{Party: made("she", "party"), Basis: "本人申请"}}
	if err := r.do(she); err != nil {
		t.Fatal(err)
	}
	if has, err := r.vault.Has(ctx, []uuid.UUID{made("she", "party")}); err != nil || len(has) > 0 {
		t.Errorf("she is not erased: %v, %v", has, err)
	}
}

// A store of another ledger is found out before anything is written.
func TestOtherLedger(t *testing.T) {
	r := newRegistry(t, filepath.Join(t.TempDir(), "vault.db"))
	v, err := vault.Create(filepath.Join(t.TempDir(), "other.db"), uuid.New(), vault.NewWrappingKey())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	var other *OtherLedger
	if _, err := Open(ctx, r.store, v, Options{AcceptLost: true}); !errors.As(err, &other) {
		t.Errorf("opened with another ledger's vault: %v", err)
	}
	if m, err := v.Mark(ctx, vault.Erasures); err != nil || m != (vault.Mark{}) {
		t.Errorf("a mark was left: %v, %v", m, err)
	}
}
