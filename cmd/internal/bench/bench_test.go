package bench

import (
	"context"
	"path/filepath"
	"testing"
)

// TestPlan: the same plan is the same payments, to whomever they are paid.
func TestPlan(t *testing.T) {
	p := Plan{Seed: 1, Payments: 12_345}
	if p.Lists() != 13 || len(p.List(12)) != 345 || p.Payees() != ListSize {
		t.Errorf("%d lists, %d in the last, %d payees", p.Lists(), len(p.List(12)), p.Payees())
	}
	for list := range p.Lists() {
		seen := map[int]bool{}
		for i, r := range p.List(list) {
			if r != p.List(list)[i] || r.Row != i+1 || seen[r.Payee] || r.Payee >= p.Payees() || r.Amount < 300_00 || r.Amount >= 900_00 {
				t.Fatalf("%+v", r)
			}
			seen[r.Payee] = true
		}
	}
	if p.List(0)[0].Amount == (Plan{Seed: 2, Payments: 12_345}).List(0)[0].Amount && p.List(0)[1].Amount == (Plan{Seed: 2, Payments: 12_345}).List(0)[1].Amount {
		t.Error("the seed says nothing")
	}
}

func TestTooFew(t *testing.T) {
	if _, err := Run(context.Background(), Options{Plan: Plan{1, 10}, Dir: filepath.Join(t.TempDir(), "b")}); err == nil {
		t.Error("ten payments were measured")
	}
}
