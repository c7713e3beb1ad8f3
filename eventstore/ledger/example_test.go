package ledger_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/vault"
	"reliefledger.org/ledger/projections"
)

// A ledger in a folder: open it with two registrars, let one of them act, and
// read the books from the events.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "ledger")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	id := uuid.New()
	keys, err := vault.Create(filepath.Join(dir, "vault.db"), id, vault.NewWrappingKey())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer keys.Close()
	store, err := embedded.Create(filepath.Join(dir, "events"), embedded.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	l, err := ledger.Open(ctx, store, keys, ledger.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()

	var registrars []ledger.Signer
	open := &domain.OpenLedger{Ledger: id, Name: "示例账簿", Root: domain.NewUnit{Name: "内黄县民政局", Division: "410527"}}
	for range 2 {
		public, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		s := ledger.Signer{Officer: uuid.New(), Key: private}
		registrars = append(registrars, s)
		open.Registrars = append(open.Registrars, domain.Registree{Officer: s.Officer, Key: public, Post: "登记员"})
	}
	day, _ := domain.ParseDay("2026-01-05")
	o := &domain.Order{ID: uuid.New(), Actor: registrars[0].Officer, Date: day, Body: open}
	if _, err := l.Do(ctx, o, registrars...); err != nil {
		fmt.Println(err)
		return
	}

	town := &domain.Order{ID: uuid.New(), Actor: registrars[0].Officer, Date: day,
		Body: &domain.RegisterUnit{Parent: domain.Made(o.ID, "unit"), Name: "某乡", Kind: "township", Division: "410527"}}
	_, err = l.Do(ctx, town)
	var unsigned *ledger.Unsigned
	fmt.Println("a name alone is not accepted:", errors.As(err, &unsigned))
	done, err := l.Do(ctx, town, registrars[0])
	fmt.Println("events", done.Numbers, err)
	done, err = l.Do(ctx, town, registrars[0])
	fmt.Println("sent again", done.Numbers, done.Repeated, err)

	books, err := projections.Read(ctx, store, projections.Until{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(books.UnitName(domain.Made(town.ID, "unit")), books.Len(), "events")
	// Output:
	// a name alone is not accepted: true
	// events [8] <nil>
	// sent again [8] true <nil>
	// 某乡 9 events
}
