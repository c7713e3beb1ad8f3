package projections

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"reliefledger.org/ledger/domain"
)

// From a number on and before it there are all events, and all payments within the
// books' date, in the order of their numbers or against it, each once; numbers that
// there are not lead nowhere.
func TestPagesAreTheWholeInParts(t *testing.T) {
	store, h, o := founded(t)
	s := h.appoint(o)
	party := h.party(o, s)
	for range 2 {
		h.must(s.cashier, &domain.PayBatch{Allocation: h.batch(o, s, party, 7), Batch: 1})
		h.now = h.now.AddDate(0, 0, 1)
	}
	for _, until := range []Until{{}, {Date: domain.DayOf(h.now) - 2}} {
		b, err := Read(t.Context(), store, until)
		if err != nil {
			t.Fatal(err)
		}
		var events []Event
		for n := range uint64(b.Len()) {
			events = append(events, b.At(n))
		}
		var payments []Entry
		for _, e := range events {
			if p, ok := b.Payment(e.Number); ok && b.within(e.Date) {
				payments = append(payments, p)
			}
		}
		if want := map[bool]int{true: 14, false: 7}[until == Until{}]; len(payments) != want {
			t.Fatalf("%d payments, want %d", len(payments), want)
		}
		if have := slices.Collect(b.Events()); !reflect.DeepEqual(have, events) {
			t.Error("all events are not each event")
		}
		if have := slices.Collect(b.FundUse()); !reflect.DeepEqual(have, payments) {
			t.Error("the fund-use report is not each payment")
		}
		rapid.Check(t, func(t *rapid.T) {
			number := rapid.OneOf(rapid.Uint64Range(0, uint64(b.Len())+2), rapid.Just(^uint64(0))).Draw(t, "number")
			size := rapid.IntRange(1, 9).Draw(t, "rows of a page")
			before, from := split(events, number, func(e Event) uint64 { return e.Number })
			same(t, "events before", b.EventsBefore(number), before, size)
			same(t, "events from", b.EventsFrom(number), from, size)
			paidBefore, paidFrom := split(payments, number, func(e Entry) uint64 { return e.Number })
			same(t, "payments before", b.FundUseBefore(number), paidBefore, size)
			same(t, "payments from", b.FundUseFrom(number), paidFrom, size)
		})
	}
}

// split parts rows at a number: those before it, the last first, and the others.
func split[R any](rows []R, number uint64, of func(R) uint64) (before, from []R) {
	for _, r := range rows {
		if of(r) < number {
			before = append(before, r)
		} else {
			from = append(from, r)
		}
	}
	slices.Reverse(before)
	return before, from
}

// same compares the first page of a question, and all of it, with what it has to be.
func same[R any](t *rapid.T, what string, have func(func(R) bool), want []R, size int) {
	for _, n := range []int{size, len(want) + 1} {
		var page []R
		for r := range have {
			if page = append(page, r); len(page) == n {
				break
			}
		}
		if first := want[:min(n, len(want))]; len(page)+len(first) > 0 && !reflect.DeepEqual(page, first) {
			t.Fatalf("%s: %d rows, want %d:\n%+v\n%+v", what, len(page), len(first), page, first)
		}
	}
}

// What a page of events costs must not grow with how many there are.
func BenchmarkLast200Events(b *testing.B) {
	for _, events := range []int{1000, 100_000} {
		books := New(Until{})
		unit := domain.Made(domain.ID{1}, "unit")
		for n := range uint64(events) {
			books.Apply(Decoded{Recorded: &domain.Recorded{ID: domain.Made(domain.ID{2}, fmt.Sprint(n)), Stream: domain.Stream(domain.UnitKind, unit), Number: n,
				Event: &domain.UnitRegistered{Unit: unit}}})
		}
		b.Run(fmt.Sprint(events), func(b *testing.B) {
			for b.Loop() {
				n := 0
				for range books.EventsBefore(uint64(events)) {
					if n++; n == 200 {
						break
					}
				}
			}
		})
	}
}
