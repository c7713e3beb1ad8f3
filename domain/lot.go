package domain

import (
	"bytes"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
)

// Money is the item name that stands for money in postings and holdings:
// there quantities are fen. Every other item is counted in thousandths of its
// unit.
const Money = ""

// A Lot is a part of a balance with one origin (design section 4).
type Lot struct {
	// No is the lot's short number in its stream, from 1, across all items.
	No int
	// Item is Money or an item's name and unit exactly as written.
	Item string
	// Origin is the receipt or purchase from which it comes.
	Origin ID
	// Edge is the event by which it entered this stream; what goes back up
	// goes along it.
	Edge ID
	// Up is the lot of the stream above from which it was drawn, 0 where it
	// came from outside.
	Up int
	// From is the first business date on which it may go out.
	From Day
	// Left is what is there still: fen, or thousandths of the item's unit.
	Left int64
	// Cost is what Left of goods has cost, in fen; goods that nobody valued
	// have none.
	Cost   Fen
	Valued bool
	// owedToStep to the step that sends it on up: nothing else may draw it, since
	// a step is never refused.
	owedToStep bool
}

// A Draw is a part of a lot that goes out; Cost is that of goods.
type Draw struct {
	Lot      int
	Quantity int64
	Cost     Fen
}

// MarshalJSON writes [lot,quantity] or [lot,quantity,cost]. There are more draws
// in a ledger than anything else, so that it and its counterpart are by hand.
func (d Draw) MarshalJSON() ([]byte, error) { return d.Append(make([]byte, 0, 32)), nil }

// Append appends what MarshalJSON writes.
func (d Draw) Append(b []byte) []byte {
	b = append(b, '[')
	b = strconv.AppendInt(b, int64(d.Lot), 10)
	b = strconv.AppendInt(append(b, ','), d.Quantity, 10)
	if d.Cost != 0 {
		b = strconv.AppendInt(append(b, ','), int64(d.Cost), 10)
	}
	return append(b, ']')
}

// UnmarshalJSON reads what MarshalJSON writes.
func (d *Draw) UnmarshalJSON(text []byte) error {
	list, open := bytes.CutPrefix(text, []byte("["))
	list, closed := bytes.CutSuffix(list, []byte("]"))
	var n [3]int64
	k := 0
	for part := range bytes.SplitSeq(list, []byte(",")) {
		if k == len(n) {
			return fmt.Errorf("a draw has 2 or 3 numbers, not more: %s", clip(string(text)))
		}
		var err error
		if n[k], err = strconv.ParseInt(string(bytes.TrimSpace(part)), 10, 64); err != nil {
			return fmt.Errorf("a draw: %w", err)
		}
		k++
	}
	if !open || !closed || k < 2 {
		return fmt.Errorf("a draw has 2 or 3 numbers in brackets: %s", clip(string(text)))
	}
	*d = Draw{Lot: int(n[0]), Quantity: n[1], Cost: Fen(n[2])}
	return nil
}

// Holdings are all lots of one stream, in order of appearance; those used up
// stay, with nothing left.
type Holdings struct{ lots []Lot }

// Lot returns the lot with this short number.
func (h *Holdings) Lot(no int) (Lot, bool) {
	if no < 1 || no > len(h.lots) {
		return Lot{}, false
	}
	return h.lots[no-1], true
}

// Lots returns the lots that have something left.
func (h *Holdings) Lots() []Lot {
	var left []Lot
	for _, l := range h.lots {
		if l.Left > 0 {
			left = append(left, l)
		}
	}
	return left
}

// Left returns what is left of an item, whenever it may go out: fen or
// thousandths.
func (h *Holdings) Left(item string) int64 {
	var sum int64
	for _, l := range h.lots {
		if l.Item == item {
			sum += l.Left
		}
	}
	return sum
}

// Available returns what of an item may go out on a business date.
func (h *Holdings) Available(item string, on Day) int64 {
	var sum int64
	for _, l := range h.lots {
		if l.Item == item && l.From <= on {
			sum += l.Left
		}
	}
	return sum
}

// Empty says whether nothing at all is left.
func (h *Holdings) Empty() bool {
	return !slices.ContainsFunc(h.lots, func(l Lot) bool { return l.Left > 0 })
}

// drawFrom chooses the lots from which quantity of item goes out on a business
// date: those available then that may go, in the order of available-from, then
// entry. It changes nothing; ok is false where there is too little, and then
// draws are all there is.
func (h *Holdings) drawFrom(item string, quantity int64, on Day, may func(Lot) bool) (draws []Draw, ok bool) {
	candidates := make([]Lot, 0, 4)
	for _, l := range h.lots {
		if l.Item == item && l.Left > 0 && l.From <= on && !l.owedToStep && may(l) {
			candidates = append(candidates, l)
		}
	}
	slices.SortStableFunc(candidates, func(a, b Lot) int { return int(a.From - b.From) })
	for _, l := range candidates {
		if quantity == 0 {
			break
		}
		take := min(quantity, l.Left)
		draws = append(draws, Draw{l.No, take, l.costOf(take)})
		quantity -= take
	}
	return draws, quantity == 0
}

// costOf is what a quantity of the lot costs: floor(cost left x q / quantity
// left), so that the last takes the rest.
func (l Lot) costOf(quantity int64) Fen {
	if l.Cost == 0 || quantity == l.Left {
		return l.Cost
	}
	hi, lo := bits.Mul64(uint64(l.Cost), uint64(quantity))
	q, _ := bits.Div64(hi, lo, uint64(l.Left))
	return Fen(q)
}

// take takes draws out of the lots, or changes nothing and says which draw no
// lot can give.
func (h *Holdings) take(draws []Draw, on Day) error {
	for i, d := range draws {
		l, ok := h.Lot(d.Lot)
		if !ok || d.Quantity <= 0 || d.Quantity > l.Left || d.Cost < 0 || d.Cost > l.Cost || l.From > on {
			for _, done := range draws[:i] {
				h.lots[done.Lot-1].Left += done.Quantity
				h.lots[done.Lot-1].Cost += done.Cost
			}
			return fmt.Errorf("lot %d cannot give %d on %s", d.Lot, d.Quantity, on)
		}
		h.lots[d.Lot-1].Left -= d.Quantity
		h.lots[d.Lot-1].Cost -= d.Cost
	}
	return nil
}

// add puts a new lot in and returns its number.
func (h *Holdings) add(l Lot) int {
	l.No = len(h.lots) + 1
	h.lots = append(h.lots, l)
	return l.No
}

// putBack adds what comes back of earlier draws as new lots, with origin and
// edge kept, available from a business date.
func (h *Holdings) putBack(draws []Draw, on Day) (first int) {
	first = len(h.lots) + 1
	for _, d := range draws {
		l := h.lots[d.Lot-1]
		l.From, l.Left, l.Cost, l.owedToStep = on, d.Quantity, d.Cost, false
		h.add(l)
	}
	return first
}

// known says whether the draws name lots that exist, with quantities above
// zero.
func (h *Holdings) known(draws []Draw) bool {
	return !slices.ContainsFunc(draws, func(d Draw) bool {
		_, ok := h.Lot(d.Lot)
		return !ok || d.Quantity <= 0 || d.Cost < 0
	})
}

// sum adds up the quantities of draws of one item.
func (h *Holdings) sum(item string, draws []Draw) int64 {
	var sum int64
	for _, d := range draws {
		if l, ok := h.Lot(d.Lot); ok && l.Item == item {
			sum += d.Quantity
		}
	}
	return sum
}

// An outflow is what left by one event and what of it came back since: rule 3
// is that the second never exceeds the first.
type outflow struct {
	draws []Draw // what is still out, in the order in which it was drawn
}

// chooseBack says which draws come back when quantity of an item does: the last
// drawn first. ok is false where less than that is out.
func (o *outflow) chooseBack(h *Holdings, item string, quantity int64) (back []Draw, ok bool) {
	for i := len(o.draws) - 1; i >= 0 && quantity > 0; i-- {
		d := o.draws[i]
		l, known := h.Lot(d.Lot)
		if !known || l.Item != item || d.Quantity == 0 {
			continue
		}
		part := min(quantity, d.Quantity)
		cost := Lot{Left: d.Quantity, Cost: d.Cost}.costOf(part)
		back = append(back, Draw{d.Lot, part, cost})
		quantity -= part
	}
	return back, quantity == 0
}

// remove takes what came back off what is out; false, with nothing changed,
// where that much is not out.
func (o *outflow) remove(back []Draw) bool {
	left := slices.Clone(o.draws)
	for _, b := range back {
		for i := len(left) - 1; i >= 0 && b.Quantity > 0; i-- {
			if left[i].Lot != b.Lot {
				continue
			}
			part := min(b.Quantity, left[i].Quantity)
			left[i].Quantity -= part
			left[i].Cost -= min(b.Cost, left[i].Cost)
			b.Quantity -= part
		}
		if b.Quantity > 0 {
			return false
		}
	}
	o.draws = left
	return true
}

// quantity is how much of an item is still out.
func (o *outflow) quantity(h *Holdings, item string) int64 { return h.sum(item, o.draws) }
