package demo

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"
	"time"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/projections"
)

func TestEveryPaymentHasItsEntry(t *testing.T) {
	b := theDemo(t).b
	payments, entries := 0, 0
	for e := range b.Events() {
		if e.Type == "DisbursementMade" {
			payments++
			if x, ok := b.Payment(e.Number); !ok || x.Number != e.Number {
				t.Fatalf("payment %d has no entry", e.Number)
			}
		}
	}
	for e := range b.FundUse() {
		entries++
		var sum domain.Fen
		for _, s := range e.Sources {
			sum += s.Fen
		}
		if sum != e.Amount+e.Cost {
			t.Fatalf("payment %d: its sources have %s of %s", e.Number, sum, e.Amount+e.Cost)
		}
	}
	if payments != entries || payments < 6000 {
		t.Errorf("%d payments, %d entries", payments, entries)
	}
}

func TestEverythingBalances(t *testing.T) {
	b := theDemo(t).b
	if len(b.State.Unfolded) > 0 || len(b.Unreadable) > 0 {
		t.Fatal(b.State.Unfolded, b.Unreadable)
	}
	for _, by := range []projections.Dimension{projections.ByLedger, projections.ByFund, projections.ByAllocation, projections.ByUnit, projections.ByProgramme, projections.ByItem} {
		for _, r := range b.Balances(by) {
			if !r.Balanced() {
				t.Errorf("%s %s: %+v", by, r.Name, r)
			}
		}
	}
}

// A rebuild from nothing gives the same bytes, and books as of a number those
// that somebody saw who looked then.
func TestRebuildGivesTheSameBytes(t *testing.T) {
	d := theDemo(t)
	ctx := context.Background()
	store, err := embedded.Open(filepath.Join(d.home.Data, office.EventsFolder), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	running := projections.New(projections.Until{})
	seen := map[uint64][32]byte{}
	for raw, err := range store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		n := uint64(running.Len())
		running.Apply(projections.Decode(raw, n))
		if n == 300 || n == 1200 || n == 5250 {
			seen[n] = running.Digest()
		}
	}
	if running.Digest() != d.b.Digest() {
		t.Error("read one by one and in parallel differ")
	}
	for n, want := range seen {
		again, err := projections.Read(ctx, store, projections.Until{Number: &n})
		if err != nil {
			t.Fatal(err)
		}
		if again.Digest() != want {
			t.Errorf("as of number %d", n)
		}
	}
}

func TestAsOf(t *testing.T) {
	d := theDemo(t)
	left := func(until projections.Until, fund string) (left, paid int64) {
		ctx := context.Background()
		store, err := embedded.Open(filepath.Join(d.home.Data, office.EventsFolder), embedded.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		b, err := projections.Read(ctx, store, until)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range b.Balances(projections.ByUnit) {
			if r.Name == fund {
				return r.Left, r.Paid
			}
		}
		return 0, 0
	}
	for _, c := range []struct {
		name  string
		until projections.Until
		paid  int64
	}{
		{"before the ceremony", projections.Until{Date: domain.Date(2022, 1, 6)}, 0},
		{"on its day", projections.Until{Date: domain.Date(2022, 1, 7)}, 11200_00},
		{"as recorded at noon of that day", projections.Until{Recorded: time.Date(2022, 1, 7, 12, 0, 0, 0, domain.Shanghai)}, 11200_00},
		{"as recorded the evening before", projections.Until{Recorded: time.Date(2022, 1, 6, 20, 0, 0, 0, domain.Shanghai)}, 0},
		{"after the cash", projections.Until{Date: domain.Date(2022, 1, 19)}, 11200_00 + 2731*600_00},
	} {
		if _, paid := left(c.until, "内黄县总工会"); paid != c.paid {
			t.Errorf("%s: paid %s, want %s", c.name, domain.Fen(paid), domain.Fen(c.paid))
		}
	}
}

func TestNobodyIsNamedInTheEvents(t *testing.T) {
	d := theDemo(t)
	store, err := embedded.Open(filepath.Join(d.home.Data, office.EventsFolder), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for r, err := range store.ReadAll(context.Background(), eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"崔大明", "末班车", "9902010", "99999902"} {
			if bytes.Contains(r.Data, []byte(secret)) || bytes.Contains(r.Metadata, []byte(secret)) {
				t.Fatalf("%s holds %q in clear", r.Type, secret)
			}
		}
	}
}

// What the public sees on a day: names in the village while the notice runs,
// masked on the web, nothing afterwards, and a collective line never.
func TestPublicLines(t *testing.T) {
	b := theDemo(t).b
	find := func(title string) domain.ID {
		for _, n := range b.Notices(0) {
			if n.Title == title {
				return n.ID
			}
		}
		t.Fatal(title)
		return domain.ID{}
	}
	winter := find("冬春生活补助名单")
	for _, c := range []struct {
		place string
		on    domain.Day
		lines int
		as    domain.Disclosure
	}{
		{"village-board", domain.Date(2021, 1, 27), 251, domain.FullNames},
		{"village-board", domain.Date(2021, 2, 3), 251, domain.FullNames},
		{"web", domain.Date(2021, 2, 3), 251, domain.MaskedNames},
		{"village-board", domain.Date(2021, 2, 4), 0, ""},
		{"village-board", domain.Date(2021, 1, 26), 0, ""},
	} {
		lines := b.PublicLines(winter, c.place, c.on)
		if len(lines) != c.lines || c.lines > 0 && lines[0].Disclosure != c.as {
			t.Errorf("%s on %s: %d lines", c.place, c.on, len(lines))
		}
	}
	for _, l := range b.PublicLines(find("中秋关怀（只公布人数）"), "web", domain.Date(2021, 9, 15)) {
		if l.Disclosure != domain.CountsOnly || l.People.People == 0 {
			t.Errorf("a collective line shows %+v", l)
		}
	}
}
