package projections

import (
	"iter"
	"slices"

	"reliefledger.org/ledger/domain"
)

// fundUse is the part of the books that follows payments from source to hand. It
// keeps the numbers of the events that are payments, in their order, so that who
// wants some of them pays for those alone; an [Entry] is made when it is asked for.
type fundUse struct {
	*basis
	payments []uint64
	receipts map[uint64]Receipt // by the number of their event
}

func newFundUse(b *basis) *fundUse { return &fundUse{b, nil, map[uint64]Receipt{}} }

// Apply notes payments and receipts.
func (f *fundUse) Apply(a applied) {
	if !a.folded {
		return
	}
	switch e := a.Event.(type) {
	case *domain.DisbursementMade:
		f.payments = append(f.payments, a.Number)
	case *domain.ReceiptRecorded:
		f.receipts[a.Number] = Receipt{e.Kind, e.HeldBy, len(e.Document) > 0, a.Number}
	}
}

// FundUse gives the entries of all payments within the books' date, in the
// order in which they were recorded.
func (f *fundUse) FundUse() iter.Seq[Entry] { return f.FundUseFrom(0) }

// FundUseFrom gives the entries of the payments from a number on, in the order in
// which they were recorded. A reader who stops pays for the entries that were given.
func (f *fundUse) FundUseFrom(number uint64) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		i, _ := slices.BinarySearch(f.payments, number)
		f.entries(slices.Values(f.payments[i:]), yield)
	}
}

// FundUseBefore gives those of the payments before a number, the last first.
func (f *fundUse) FundUseBefore(number uint64) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		i, _ := slices.BinarySearch(f.payments, number)
		f.entries(backwards(f.payments[:i]), yield)
	}
}

// entries gives those of some payments that are within the books' date.
func (f *fundUse) entries(payments iter.Seq[uint64], yield func(Entry) bool) {
	for number := range payments {
		if !f.within(f.state.DateAt(number)) {
			continue
		}
		if e, ok := f.Payment(number); ok && !yield(e) {
			return
		}
	}
}

// Payment returns the entry of one payment by the number of its event.
func (f *fundUse) Payment(number uint64) (Entry, bool) {
	a, p, ok := f.state.PaymentAt(number)
	if !ok || number >= uint64(f.Len()) {
		return Entry{}, false
	}
	return f.entry(a, p), true
}
