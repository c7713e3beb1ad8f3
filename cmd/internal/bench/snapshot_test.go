package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/snapshot"
	"reliefledger.org/ledger/eventstore/vault"
	"reliefledger.org/ledger/projections"
)

// TestSnapshots fills a ledger, and goes on from snapshots of the state and of
// the books: they are what all events lead to, field by field, and stay it when
// commands follow.
func TestSnapshots(t *testing.T) {
	if testing.Short() {
		t.Skip("fills a ledger")
	}
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "b")
	plan := Plan{Seed: 7, Payments: 10_000}
	if _, err := Run(ctx, Options{Plan: plan, Dir: dir, Keep: true, Say: func(string, string) {}}); err != nil {
		t.Fatal(err)
	}
	store, err := embedded.Open(filepath.Join(dir, "events"), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	v, err := vault.Open(filepath.Join(dir, "vault.db"), ledgerID, vault.WrappingKey{1})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	// A forged event of next year, which nothing folds: books as of a time end
	// before it, with and without a snapshot.
	meta := domain.Metadata{Recorded: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), Schema: codec.Schema, Salt: make([]byte, 16)}
	forged, err := codec.Encode(uuid.New(), &domain.NoticeConfirmed{Common: domain.Common{Date: domain.Date(2024, 1, 1)}}, meta, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Append(ctx, domain.Stream(domain.NoticeKind, uuid.New()), eventstore.NoStream, []eventstore.Event{forged}); err != nil {
		t.Fatal(err)
	}
	state, books := filepath.Join(dir, "snapshots", "state"), filepath.Join(dir, "snapshots", "books")
	for _, path := range []string{state, books} {
		os.Remove(path) // Run has left them
	}

	for round := range 3 { // without a snapshot, with one, with one and events behind it
		l, err := ledger.Open(ctx, store, v, ledger.Options{Snapshot: state})
		if err != nil {
			t.Fatal(round, err)
		}
		fresh, err := ledger.Open(ctx, store, v, ledger.Options{})
		if err != nil {
			t.Fatal(round, err)
		}
		l.View(func(have *domain.Ledger) {
			fresh.View(func(want *domain.Ledger) {
				if !reflect.DeepEqual(have, want) {
					t.Errorf("round %d: the state is another", round)
				}
			})
		})
		fresh.Close()
		have, err := projections.ReadFrom(ctx, store, books, projections.Until{})
		if err != nil {
			t.Fatal(round, err)
		}
		want, err := projections.Read(ctx, store, projections.Until{})
		if err != nil {
			t.Fatal(round, err)
		}
		if have.Digest() != want.Digest() {
			t.Errorf("round %d: the books are others", round)
		}
		for _, u := range []projections.Until{{Number: new(uint64)}, {Recorded: want.At(3000).Recorded}, {Date: want.At(9000).Date}, {Recorded: want.At(uint64(want.Len() - 1)).Recorded}, {Recorded: want.At(uint64(want.Len() - 2)).Recorded}} {
			have, err := projections.ReadFrom(ctx, store, books, u)
			if err != nil {
				t.Fatal(err)
			}
			want, err := projections.Read(ctx, store, u)
			if err != nil {
				t.Fatal(err)
			}
			if have.Len() != want.Len() || have.State.Opened != nil && have.Digest() != want.Digest() {
				t.Errorf("round %d: the books as of %+v are others", round, u)
			}
		}
		if round == 1 {
			o := &office{l, plan}
			last := plan.List(plan.Lists() - 1)
			for _, r := range last[:3] {
				if _, err := o.do(ctx, "back "+payeeName(r.Row), r.On.Add(2), &domain.ReturnDisbursement{Allocation: allocation(r.List), Amount: 100_00, Kind: "payee",
					Payment: domain.Ref{Command: command(payName(r))}}, accountant); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := errors.Join(have.Keep(books), l.Keep(), l.Close()); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{state, books} {
			if _, err := os.Stat(path); err != nil {
				t.Fatalf("round %d left no snapshot: %v", round, err)
			}
		}
	}

	// A store put back to an earlier day.
	earlier, err := embedded.Create(filepath.Join(dir, "earlier"), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer earlier.Close()
	var lost *snapshot.Lost
	if _, err := ledger.Open(ctx, earlier, v, ledger.Options{Snapshot: state}); !errors.As(err, &lost) {
		t.Errorf("a ledger without its events opened: %v", err)
	}
	if _, err := projections.ReadFrom(ctx, earlier, books, projections.Until{}); !errors.As(err, &lost) {
		t.Errorf("books without their events were read: %v", err)
	}
}
