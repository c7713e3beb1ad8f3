package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/ledger/replay"
)

// quietly keeps what a command says out of the test's output, and returns it.
func quietly(t *testing.T, run func() error) (said string, err error) {
	t.Helper()
	f, failed := os.Create(filepath.Join(t.TempDir(), "stdout"))
	if failed != nil {
		t.Fatal(failed)
	}
	out := os.Stdout
	os.Stdout = f
	err = run()
	os.Stdout = out
	text, failed := os.ReadFile(f.Name())
	if failed = errors.Join(failed, f.Close()); failed != nil {
		t.Fatal(failed)
	}
	return string(text), err
}

// execute runs a command of the program on its ledger.
func (p *program) execute(args ...string) error {
	c := rootCommand(&program{})
	c.SetArgs(append(args, "--data", p.home.Data))
	return c.ExecuteContext(context.Background())
}

// copied is a program on a copy of the demonstration's folder.
func copied(t *testing.T) *program {
	t.Helper()
	d := theDemo(t)
	p := *d.p
	p.home.Data = filepath.Join(t.TempDir(), "ledger")
	if err := os.CopyFS(p.home.Data, os.DirFS(d.p.home.Data)); err != nil {
		t.Fatal(err)
	}
	return &p
}

// The nine campaigns hold nothing that the rules would not have let in; one
// event more that nobody signed is named.
func TestAuditOfTheNineCampaigns(t *testing.T) {
	p := copied(t)
	ctx := context.Background()
	if said, err := quietly(t, func() error { return p.execute("audit", "replay") }); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if said, err := quietly(t, func() error { return p.execute("audit", "store") }); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	store, err := embedded.Open(filepath.Join(p.home.Data, office.EventsFolder), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var fund uuid.UUID
	for id := range theDemo(t).b.State.Funds {
		fund = id
	}
	number, _ := store.Head()
	forged := &domain.FundsReceived{Common: domain.Common{Date: domain.Date(2023, 12, 1)}, Source: domain.Source{Kind: domain.Donation, Name: "无名氏"}, Fen: 100}
	e, err := codec.Encode(uuid.Must(uuid.NewV7()), forged, domain.Metadata{Recorded: time.Date(2023, 12, 1, 4, 0, 0, 0, time.UTC), Schema: 1, Salt: make([]byte, 16)}, "")
	if err == nil {
		_, err = store.Append(ctx, domain.Stream(domain.FundKind, fund), eventstore.Any, []eventstore.Event{e})
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := replay.Run(ctx, store, domain.DefaultCalendar())
	if err = errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) != 1 || r.Findings[0].Number != number || r.Findings[0].Refusal.Code != domain.NobodyAnswers {
		t.Errorf("%+v", r.Findings)
	}
	if said, err := quietly(t, func() error { return p.execute("audit", "replay") }); office.KindOf(err) != office.Unproven {
		t.Errorf("exit %d\n%s", office.KindOf(err), said)
	}
}

// A ledger's folder with damage in any of its files: no balance ever differs
// from the true one, or opening or the audit names it.
func TestNoDamageChangesABalance(t *testing.T) {
	if testing.Short() {
		t.Skip("opens a ledger a few hundred times")
	}
	p := copied(t)
	b, err := readBooks(p, true)
	if err != nil {
		t.Fatal(err)
	}
	truth := b.Digest()
	var files []string
	if err := filepath.WalkDir(p.home.Data, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		whole, err := os.ReadFile(path)
		if err != nil {
			continue // it went when the books were read
		}
		for i, harm := range []func([]byte) []byte{
			func(b []byte) []byte { b[len(b)/3] ^= 1; return b },
			func(b []byte) []byte { b[len(b)-1] ^= 0xff; return b },
			func(b []byte) []byte { return b[:len(b)/2] },
			func(b []byte) []byte { return b[:0] },
		} {
			if len(whole) == 0 {
				break
			}
			what := fmt.Sprintf("%s, harm %d", filepath.Base(path), i)
			if err := os.WriteFile(path, harm(append([]byte(nil), whole...)), 0o600); err != nil {
				t.Fatal(err)
			}
			b, err := readBooks(p, true)
			if err == nil && b.Digest() != truth {
				if _, err := quietly(t, func() error { return p.execute("audit", "store") }); err == nil {
					t.Errorf("%s: the books differ, and nothing names it", what)
				}
			}
			if err := os.RemoveAll(p.home.Data); err != nil {
				t.Fatal(err)
			}
			if err := os.CopyFS(p.home.Data, os.DirFS(theDemo(t).p.home.Data)); err != nil {
				t.Fatal(err)
			}
		}
	}
}
