package projections

import (
	"path/filepath"
	"testing"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/snapshot"
)

// Books that go on from a snapshot say what those say that read every event: each
// part keeps all that it needs, and goes on with the basis of all.
func TestPartsGoOnFromASnapshot(t *testing.T) {
	ctx := t.Context()
	store, h, o := founded(t)
	s := h.appoint(o)
	party := h.party(o, s)
	whole := func() {
		allocation := h.batch(o, s, party, 5)
		h.must(s.cashier, &domain.Disburse{Allocation: allocation, Batch: 1, Row: 2})
		h.must(o.accountant, &domain.ReceiveFunds{Fund: o.funds[0], Source: domain.Source{Kind: domain.Treasury, Name: "来源0"}, Amount: 9000})
	}
	whole()
	h.list(o) // of which parts are still to come
	path := filepath.Join(t.TempDir(), "books")
	b := New(Until{})
	for raw := range store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		b.Apply(Decode(raw, uint64(b.Len())))
		b.point.Next(raw)
	}
	if err := snapshot.Save(path, nil, b.point, b.kept(), concrete...); err != nil {
		t.Fatal(err)
	}
	whole()
	for _, until := range []Until{{}, {Date: domain.DayOf(h.now) - 1}} {
		have, err := ReadFrom(ctx, store, path, until)
		if err != nil {
			t.Fatal(err)
		}
		want, err := Read(ctx, store, until)
		if err != nil {
			t.Fatal(err)
		}
		if have.snapped != b.point.Count || have.snapped == uint64(have.Len()) {
			t.Errorf("%d of %d events came from the snapshot", have.snapped, have.Len())
		}
		if have.Digest() != want.Digest() {
			t.Errorf("as of %+v the books are others", until)
		}
		if have.State != have.basis.state || have.fundUse.basis != have.basis || have.campaigns.payments != have.fundUse {
			t.Error("a part stands on another basis than the books")
		}
	}
}
