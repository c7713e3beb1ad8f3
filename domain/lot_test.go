package domain

import "testing"

// A fold checks that lots have what an event takes, whatever was decided.
func TestLotsAreNeverOverdrawn(t *testing.T) {
	var h Holdings
	h.add(Lot{Left: 100, From: day("2023-01-05")})
	h.add(Lot{Left: 100, From: day("2023-01-05")})
	for _, draws := range [][]Draw{{{1, 101, 0}}, {{1, 60, 0}, {1, 60, 0}}, {{2, 50, 0}, {3, 1, 0}}, {{1, 0, 0}}, {{1, -5, 0}}, {{0, 1, 0}}, {{1, 1, 1}}} {
		if err := h.take(draws, day("2023-01-06")); err == nil {
			t.Errorf("%v were taken", draws)
		}
	}
	if err := h.take([]Draw{{1, 1, 0}}, day("2023-01-04")); err == nil {
		t.Error("taken before the lot was there")
	}
	if h.Left(Money) != 200 {
		t.Errorf("a take that failed left %d", h.Left(Money))
	}
}

// Goods carry their cost: the share of each quantity is rounded down, and the last
// quantity bears the remainder.
func TestCostOfGoods(t *testing.T) {
	var h Holdings
	h.add(Lot{Item: "米（袋）", Left: 3000, Cost: 1000, From: day("2023-01-05"), Valued: true})
	var total Fen
	for range 3 {
		draws, ok := h.drawFrom("米（袋）", 1000, day("2023-01-05"), anyLot)
		if !ok {
			t.Fatal("too little")
		}
		if err := h.take(draws, day("2023-01-05")); err != nil {
			t.Fatal(err)
		}
		total += draws[0].Cost
	}
	if total != 1000 || !h.Empty() {
		t.Errorf("three bags cost %d of 1000 fen", total)
	}
}

// Pooled money: the sources of each payment are exact, and what comes back belongs to
// the lots that were drawn last.
func TestPooledSources(t *testing.T) {
	var h Holdings
	h.add(Lot{Origin: id(1), Left: 100, From: day("2023-01-05")})
	h.add(Lot{Origin: id(2), Left: 100, From: day("2023-01-03")})
	draws, ok := h.drawFrom(Money, 150, day("2023-01-06"), anyLot)
	if !ok || len(draws) != 2 || draws[0] != (Draw{2, 100, 0}) || draws[1] != (Draw{1, 50, 0}) {
		t.Fatalf("%v: the earlier available goes first", draws)
	}
	if err := h.take(draws, day("2023-01-06")); err != nil {
		t.Fatal(err)
	}
	out := outflow{draws: draws}
	back, ok := out.chooseBack(&h, Money, 60)
	if !ok || len(back) != 2 || back[0] != (Draw{1, 50, 0}) || back[1] != (Draw{2, 10, 0}) {
		t.Fatalf("%v: the last drawn comes back first", back)
	}
	if !out.remove(back) {
		t.Fatal("it was out")
	}
	first := h.putBack(back, day("2023-01-09"))
	if l, _ := h.Lot(first); l.Origin != id(1) || l.From != day("2023-01-09") {
		t.Errorf("%+v: origin is kept, available from the return", l)
	}
	if _, ok := out.chooseBack(&h, Money, 91); ok {
		t.Error("more came back than was out")
	}
}
