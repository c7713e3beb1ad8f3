package projections

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
)

// A rebuild from nothing gives the same bytes as the running state, as of any
// number, on random histories; and every row of every balance adds up, as of
// any business date.
func TestRebuildOfRandomHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		store, err := embedded.Create("/l", embedded.Options{FS: vfs.NewMem()})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		h := newHistory(t, store)
		h.late = func() domain.Day { return domain.Day(rapid.IntRange(0, 2).Draw(t, "booked late")) }
		o := h.found()
		var allocations []domain.ID
		n := func(name string, most int) int { return rapid.IntRange(0, most).Draw(t, name) }
		for range rapid.IntRange(10, 40).Draw(t, "commands") {
			h.now = h.now.Add(time.Duration(n("hours", 30)) * time.Hour)
			amount := domain.Yuan(1 + n("amount", 5000))
			source := domain.Source{Kind: domain.Treasury, Name: fmt.Sprint("来源", n("source", 2))}
			from := domain.From{Fund: o.funds[n("fund", 1)]}
			if len(allocations) > 0 && n("level", 1) == 1 {
				from = domain.From{Allocation: allocations[n("from", len(allocations)-1)]}
			}
			switch n("command", 7) {
			case 0, 1:
				h.do(o.accountant, &domain.ReceiveFunds{Fund: o.funds[n("fund", 1)], Source: source, Amount: amount * 2})
			case 2:
				if id, ok := h.do(o.accountant, &domain.Allocate{From: from, Unit: o.unit, Programme: o.programme, Purpose: "x", Amount: amount}); ok {
					allocations = append(allocations, domain.Made(id, "allocation"))
				}
			case 3:
				h.do(o.accountant, &domain.PurchaseGoods{From: from, Item: "米（袋）", Quantity: domain.Count(1 + n("bags", 7000)), Cost: amount})
			case 4:
				h.do(o.storekeeper, &domain.CountGoods{From: from, Item: "米（袋）", Found: domain.Count(n("found", 9000))})
			case 5:
				if from.Allocation != (domain.ID{}) {
					h.do(o.accountant, &domain.ReturnUnspent{Allocation: from.Allocation})
				}
			case 6:
				h.do(o.accountant, &domain.SurrenderFunds{Fund: o.funds[n("fund", 1)], Source: source, Amount: amount})
			case 7:
				h.do(o.accountant, &domain.PassOnFunds{Fund: o.funds[n("fund", 1)], To: "协会", Amount: amount})
			}
		}
		running := New(Until{})
		cut := uint64(n("cut", int(h.state.Count)-1))
		var seen [32]byte
		for raw, err := range store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
			if err != nil {
				t.Fatal(err)
			}
			running.Apply(Decode(raw, uint64(running.Len())))
			if uint64(running.Len()) == cut+1 {
				seen = running.Digest()
			}
		}
		whole, err := Read(ctx, store, Until{})
		if err != nil || whole.Digest() != running.Digest() || whole.Position != running.Position {
			t.Fatalf("a rebuild differs (%v)", err)
		}
		if again, err := Read(ctx, store, Until{Number: &cut}); err != nil || again.Digest() != seen {
			t.Fatalf("as of number %d it is not what was seen then (%v)", cut, err)
		}
		for _, until := range []Until{{}, {Date: domain.DayOf(h.now) - domain.Day(n("before", 20))}} {
			b, err := Read(ctx, store, until)
			if err != nil {
				t.Fatal(err)
			}
			for _, by := range []Dimension{ByLedger, ByFund, ByAllocation, ByUnit, ByProgramme, ByItem} {
				for _, r := range b.Balances(by) {
					if !r.Balanced() {
						t.Fatalf("as of %s by %s: %+v", until.Date, by, r)
					}
					if r.Left < 0 || r.Stock < 0 || r.Transit < 0 {
						t.Fatalf("as of %s by %s something is below zero: %+v", until.Date, by, r)
					}
				}
			}
		}
	})
}
