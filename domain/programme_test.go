package domain

import "testing"

// An allocation keeps the rules with which it was opened, whatever was revised since. It
// has none if the ledger has no rules with their hash.
func TestRulesOf(t *testing.T) {
	c := newCounty(t, noNotice(), 100000)
	a := c.l.Allocations[c.allocate("2023-01-05", 1000)]
	revised := plainTerms()
	c.by(id(-2)).mustDo("2023-01-06", &ReviseProgramme{Programme: c.programme, Terms: revised})
	first, second := &c.l.Programmes[c.programme].Revisions[0], &c.l.Programmes[c.programme].Revisions[1]
	for _, x := range []struct {
		what string
		a    Allocation
		want *Revision
	}{
		{"as opened", *a, first},
		{"opened since", Allocation{Programme: c.programme, Revision: 2, Rules: second.Hash}, second},
		{"with the hash of other rules", Allocation{Programme: c.programme, Revision: 1, Rules: second.Hash}, nil},
		{"no revision", Allocation{Programme: c.programme, Rules: first.Hash}, nil},
		{"a revision that is still to come", Allocation{Programme: c.programme, Revision: 3, Rules: second.Hash}, nil},
		{"no programme", Allocation{Programme: id(4711), Revision: 1, Rules: first.Hash}, nil},
	} {
		if got := c.l.RulesOf(&x.a); got != x.want {
			t.Errorf("%s: %v", x.what, got)
		}
	}
}
