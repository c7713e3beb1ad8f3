package projections

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"testing"
	"time"

	"reliefledger.org/ledger/domain"
)

// The fund-use report has every payment once, in the order of the events,
// whatever allocation it came from: those that count on the books' date, also one
// that was reversed.
func TestFundUseIsInTheOrderOfEvents(t *testing.T) {
	store, h, o := founded(t)
	s := h.appoint(o)
	party := h.party(o, s)
	first := h.batch(o, s, party, 5)
	second := h.batch(o, s, party, 5)
	row := func(allocation domain.ID, row int) domain.ID {
		return h.must(s.cashier, &domain.Disburse{Allocation: allocation, Batch: 1, Row: row})
	}
	row(second, 1)
	wrong := row(first, 3)
	row(second, 2)
	today := domain.DayOf(h.now)
	h.now = h.now.Add(24 * time.Hour)
	row(first, 1)
	h.must(o.accountant, &domain.ReverseEntry{From: domain.From{Allocation: first}, Entry: domain.Ref{Command: wrong}})

	for _, c := range []struct {
		until    Until
		payments int
		reversed int
	}{{Until{}, 4, 1}, {Until{Date: today}, 3, 0}, {Until{Date: today - 1}, 0, 0}} {
		b, err := Read(t.Context(), store, c.until)
		if err != nil {
			t.Fatal(err)
		}
		var want, have []uint64
		for _, a := range b.State.Allocations {
			for _, p := range a.Payments {
				if c.until.Date == 0 || p.Booked <= c.until.Date {
					want = append(want, p.Number)
				}
			}
		}
		slices.SortFunc(want, cmp.Compare)
		reversed := 0
		for e := range b.FundUse() {
			have = append(have, e.Number)
			if e.Reversed != nil {
				reversed++
			}
			if again, ok := b.Payment(e.Number); !ok || !reflect.DeepEqual(again, e) {
				t.Errorf("payment %d asked for is %+v", e.Number, again)
			}
		}
		if !slices.Equal(have, want) || len(have) != c.payments || reversed != c.reversed {
			t.Errorf("as of %v: %v, %d reversed; want %v", c.until.Date, have, reversed, want)
		}
	}
}

// An allocation that says that it was opened with other rules than its revision
// has is judged by none, also here.
func TestRulesAreThoseOfTheHash(t *testing.T) {
	programme := domain.Made(domain.ID{1}, "programme")
	b := New(Until{})
	apply := func(stream string, e domain.Event) {
		n := uint64(b.Len())
		b.Apply(Decoded{Recorded: &domain.Recorded{ID: domain.Made(domain.ID{2}, fmt.Sprint(n)), Stream: stream, Number: n, Event: e}})
	}
	apply(domain.Stream(domain.ProgrammeKind, programme), &domain.ProgrammeDefined{Programme: programme, Name: "项目"})
	good := b.State.Programmes[programme].Revisions[0].Hash
	for i, c := range []struct {
		hash []byte
		want *domain.Revision
	}{{good, &b.State.Programmes[programme].Revisions[0]}, {[]byte("of other rules"), nil}, {nil, nil}} {
		id := domain.Made(domain.ID{3}, fmt.Sprint(i))
		apply(domain.Stream(domain.AllocationKind, id), &domain.AllocationOpened{Allocation: id, Programme: programme, Revision: 1, Rules: c.hash})
		if got := b.Rules(b.State.Allocations[id]); got != c.want {
			t.Errorf("opened with the hash %x: %v", c.hash, got)
		}
	}
}

// The entry of a payment is made also where an allocation says that it came from
// itself, as a forger could write.
func TestEntryOfAnAllocationFromItself(t *testing.T) {
	made := func(what string) domain.ID { return domain.Made(domain.ID{1}, what) }
	programme, allocation, notice, party, receipt := made("programme"), made("allocation"), made("notice"), made("party"), made("receipt")
	b := New(Until{})
	apply := func(kind string, id domain.ID, e domain.Event) {
		n := uint64(b.Len())
		b.Apply(Decoded{Recorded: &domain.Recorded{ID: made(fmt.Sprint(n)), Stream: domain.Stream(kind, id), Number: n, Event: e}})
	}
	apply(domain.ProgrammeKind, programme, &domain.ProgrammeDefined{Programme: programme, Name: "项目"})
	apply(domain.AllocationKind, allocation, &domain.AllocationOpened{Allocation: allocation, From: domain.Stream(domain.AllocationKind, allocation), Programme: programme, Revision: 1,
		Rules: b.State.Programmes[programme].Revisions[0].Hash, Lots: []domain.Inflow{{Up: 1, Origin: receipt, Quantity: 100}}})
	give := []domain.Entitlement{{Form: domain.Cash, Fen: 100}}
	list := &domain.NoticeLinesAdded{Part: 1, Of: 1, Lines: []domain.LineAdded{{No: 1, Give: give}}}
	list.Private.Lines = []domain.LinePrivate{{Beneficiary: party}}
	apply(domain.NoticeKind, notice, &domain.NoticeDrafted{Notice: notice, Allocation: allocation})
	apply(domain.NoticeKind, notice, list)
	apply(domain.AllocationKind, allocation, &domain.LinesAdmitted{Notice: notice, Part: 1, Of: 1, Lines: []domain.Admitted{{Line: 1, Give: give}}})
	apply(domain.AllocationKind, allocation, &domain.DisbursementMade{Line: 1, Entitlement: 1, Form: domain.Cash, Fen: 100, Draws: []domain.Draw{{Lot: 1, Quantity: 100}}})
	if len(b.State.Unfolded) > 0 {
		t.Fatal(b.State.Unfolded)
	}
	entries := slices.Collect(b.FundUse())
	if len(entries) != 1 || len(entries[0].Path) == 0 || entries[0].Path[0].ID != allocation {
		t.Errorf("%+v", entries)
	}
}

// What 200 payments cost, wherever a page begins, must not grow with how many there
// are.
func BenchmarkPagesOfPayments(b *testing.B) {
	for _, lists := range []int{1, 4, 16} {
		const rows = 1000
		store, h, o := founded(b)
		s := h.appoint(o)
		party := h.party(o, s)
		for range lists {
			h.must(s.cashier, &domain.PayBatch{Allocation: h.batch(o, s, party, rows), Batch: 1})
		}
		books, err := Read(context.Background(), store, Until{})
		if err != nil {
			b.Fatal(err)
		}
		for _, page := range []struct {
			what    string
			entries iter.Seq[Entry]
		}{
			{"first", books.FundUse()},
			{"from the middle", books.FundUseFrom(uint64(books.Len() / 2))},
			{"last", books.FundUseBefore(uint64(books.Len()))},
		} {
			b.Run(fmt.Sprint(lists*rows, " ", page.what), func(b *testing.B) {
				for b.Loop() {
					n := 0
					for range page.entries {
						if n++; n == 200 {
							break
						}
					}
				}
			})
		}
	}
}
