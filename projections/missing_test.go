package projections

import (
	"encoding/json"
	"slices"
	"testing"

	"reliefledger.org/ledger/domain"
)

// What is missing from an entry is named as scripts know it, and is a finding about
// the payment's event, shown by those events that lack something.
func TestMissing(t *testing.T) {
	store, h, o := founded(t)
	s := h.appoint(o)
	allocation := h.batch(o, s, h.party(o, s), 1)
	paid := h.must(s.cashier, &domain.Disburse{Allocation: allocation, Batch: 1, Row: 1})
	b, err := Read(t.Context(), store, Until{})
	if err != nil {
		t.Fatal(err)
	}
	entries := slices.Collect(b.FundUse())
	if len(entries) != 1 {
		t.Fatalf("%d entries after %s", len(entries), paid)
	}
	e := entries[0]
	if text, err := json.Marshal(e.Missing); err != nil || string(text) != `["no-receipt","no-document-number","not-signed"]` {
		t.Errorf("missing %s, %v", text, err)
	}
	for _, g := range e.Missing {
		if g.Kind != domain.EvidenceMissing || g.Number != e.Number || g.Say(domain.Zh) != gapNames[g.Code] || g.Say(domain.En) != g.Code || g.Zh == "" {
			t.Errorf("%+v", g.Finding)
		}
		if with := []uint64{e.Sources[0].Number}; g.Code == NoDocument && !slices.Equal(g.With, with) {
			t.Errorf("without a document's number is %v, want %v", g.With, with)
		}
	}
}
