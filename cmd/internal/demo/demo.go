// Package demo fills a demonstration: a simulated ledger with the nine campaigns of
// testdata/campaigns, whose people are made up and whose officers sign with keys that
// everybody has.
//
//	filled, err := demo.Fill(ctx, office.Home{Data: "demo-ledger"}, office.Options{}, nil)
package demo

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/testdata/campaigns"
)

// Ledger is the id of every demonstration, so that its commands have the same ids
// everywhere.
var Ledger = uuid.MustParse("5fd0c1d2-9f0e-4c0b-8a53-2f1c7e0f2023")

// Key is an officer's key in the demonstration: made from the officer's id, so that
// everybody can sign as everybody. It is worth nothing in a real ledger.
func Key(officer uuid.UUID) ed25519.PrivateKey {
	seed := sha256.Sum256(append([]byte("relief ledger demonstration key\n"), officer[:]...))
	return ed25519.NewKeyFromSeed(seed[:])
}

// Filled is what a filling did.
type Filled struct {
	Before   bool // it was full already: nothing is filled twice
	Commands int
	Events   uint64
	Took     time.Duration
}

// step is an instruction of a campaign, and the campaign's folder.
type step struct {
	*office.Instruction
	dir string
}

// script reads the instructions of all campaigns, in the order of time.
func script() ([]step, error) {
	var all []step
	names, err := fs.Glob(campaigns.Files, "*/commands.jsonl")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := campaigns.Files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		lines := office.Lines{Ledger: Ledger}
		if err := lines.ReadAll(bytes.NewReader(text), name, func(in *office.Instruction, where string) error {
			if in.At.IsZero() || in.As == "" {
				return office.Input(where, "没有时间或名称", "no time or no name")
			}
			all = append(all, step{in, filepath.Dir(name)})
			return nil
		}); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(all, func(a, b step) int { return a.At.Compare(b.At) })
	return all, nil
}

// Fill runs the demonstration's commands in home, whose folder it makes where there
// is none; each is called after every command with how many are done and how many
// there are. What was done before is not done again, so one that was cut off goes on
// where it stopped.
func Fill(ctx context.Context, home office.Home, opts office.Options, each func(done, of int)) (_ *Filled, err error) {
	steps, err := script()
	if err != nil {
		return nil, err
	}
	o, err := open(ctx, home, opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	if o.Recorded(office.CommandNamed(Ledger, steps[len(steps)-1].As)) {
		return &Filled{Before: true}, nil
	}
	start := time.Now()
	s := Session(o)
	if !o.Opened() {
		if err := begin(ctx, s); err != nil {
			return nil, err
		}
	}
	for i, x := range steps {
		s.Files = func(name string) ([]byte, error) { return campaigns.Files.ReadFile(x.dir + "/" + name) }
		withKey(x.Order)
		if _, err := s.Do(ctx, x.Instruction); err != nil {
			return nil, fmt.Errorf("%s %s: %w", x.dir, x.As, err)
		}
		if each != nil {
			each(i+1, len(steps))
		}
	}
	out := &Filled{Commands: len(steps), Took: time.Since(start)}
	o.State(func(s *domain.Ledger) { out.Events = s.Count })
	return out, nil
}

// Session is somebody at work in a demonstration, who signs as everybody.
func Session(o *office.Office) *office.Session {
	return &office.Session{Office: o, KeyOf: func(id uuid.UUID) (ledger.Signer, bool) {
		has := false
		o.State(func(s *domain.Ledger) {
			key, _ := s.KeyOf(id)
			has = key != nil
		})
		return ledger.Signer{Officer: id, Key: Key(id)}, has
	}}
}

// withKey gives an officer who is appointed with roles the demonstration's key.
func withKey(o *domain.Order) {
	if a, ok := o.Body.(*domain.AppointOfficer); ok && len(a.Roles) > 0 {
		a.Key = Key(domain.Made(o.ID, "officer")).Public().(ed25519.PublicKey)
	}
}

// Home is where a demonstration is, with its wrapping key beside its folder.
func Home(home office.Home) (office.Home, error) {
	path, err := filepath.Abs(home.Data + ".wrapping-key")
	home.WrappingKey = path
	return home, err
}

// open opens the demonstration's folder, or makes it.
func open(ctx context.Context, home office.Home, opts office.Options) (*office.Office, error) {
	home, err := Home(home)
	if err != nil {
		return nil, err
	}
	a, err := home.About()
	if err != nil {
		if err := makeFolder(ctx, home, opts); err != nil {
			return nil, err
		}
	} else if a.Ledger != Ledger {
		return nil, &office.NoLedgerError{Dir: home.Data, Zh: "其中是另一本账簿，不是演示账簿", En: "another ledger stands there, no demonstration"}
	}
	return office.Open(ctx, home, opts)
}

// makeFolder makes the demonstration's folder and key under other names, which are
// nobody else's, and then gives them their own, the folder last. Where it is killed
// on the way, the next run goes on with what is whole, and throws away what is not.
func makeFolder(ctx context.Context, home office.Home, opts office.Options) error {
	if entries, err := os.ReadDir(home.Data); err == nil && len(entries) > 0 {
		return &eventstore.NotEmpty{Path: home.Data, Found: entries[0].Name()}
	}
	aside := home
	aside.Data = filepath.Clean(home.Data) + ".making"
	aside.WrappingKey = aside.Data + ".wrapping-key"
	if whole, err := aside.About(); err != nil || whole.WrappingKey != home.WrappingKey {
		for _, made := range []string{aside.Data, aside.WrappingKey} {
			if err := os.RemoveAll(made); err != nil {
				return err
			}
		}
		o, err := office.Create(ctx, aside, office.About{Ledger: Ledger, WrappingKey: aside.WrappingKey}, opts)
		if err != nil {
			return err
		}
		a := o.Ledger()
		a.WrappingKey = home.WrappingKey
		if err := errors.Join(o.Close(), aside.Write(a)); err != nil {
			return err
		}
	}
	// A key that has its name already may be that of a folder elsewhere.
	switch err := os.Link(aside.WrappingKey, home.WrappingKey); {
	case err == nil:
		if err := os.Remove(aside.WrappingKey); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return &office.KeyError{Path: home.WrappingKey, Err: err}
	}
	return os.Rename(aside.Data, home.Data)
}

// begin opens the demonstration's ledger.
func begin(ctx context.Context, s *office.Session) error {
	id := office.CommandNamed(Ledger, "open")
	open := &domain.OpenLedger{Ledger: Ledger, Name: "九县救助资金账簿（演示）", Simulated: true,
		Root: domain.NewUnit{Name: "演示总账单位", Kind: "demo", Division: "410000"}}
	keys := []ledger.Signer{}
	for i := range 2 {
		officer := domain.Made(id, fmt.Sprintf("officer/%d", i+1))
		keys = append(keys, ledger.Signer{Officer: officer, Key: Key(officer)})
		open.Registrars = append(open.Registrars, domain.Registree{Officer: officer, Key: Key(officer).Public().(ed25519.PublicKey), Post: "登记员"})
	}
	first := &office.Session{Office: s.Office, Keys: keys}
	_, err := first.Do(ctx, &office.Instruction{At: time.Date(2020, 12, 1, 9, 0, 0, 0, domain.Shanghai),
		Order: &domain.Order{ID: id, Actor: keys[0].Officer, Date: domain.Date(2020, 12, 1), Body: open}})
	return err
}
