package domain

import (
	"bytes"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
)

// Money is the item name for money. Its quantities are fen; those of every other item
// are thousandths of its unit.
const Money = ""

// A Lot is a part of a balance that comes from one receipt or purchase (design
// section 4).
type Lot struct {
	// No is the lot's short number in its stream, from 1, across all items.
	No int
	// Item is Money or an item's name and unit exactly as written.
	Item string
	// Origin is the receipt or purchase from which it comes.
	Origin ID
	// Edge is the event by which it entered this stream. What is returned goes back
	// along the same way.
	Edge ID
	// Up is the number of the lot in the stream above from which it was drawn, 0 if
	// it came from outside.
	Up int
	// From is the first business date on which it may go out.
	From Day
	// Left is the quantity that is left: fen, or thousandths of the item's unit.
	Left int64
	// Cost is what the goods that are left have cost. It is 0 for money, and for
	// goods whose value is unknown; for those Valued is false.
	Cost   Fen
	Valued bool
	// owedToStep marks a lot that a step will send on up. Nothing else may draw it,
	// because a step is never refused.
	owedToStep bool
}

// A Draw is a part of a lot that goes out: a quantity in fen or thousandths, and for
// goods their cost.
type Draw struct {
	Lot      int
	Quantity int64
	Cost     Fen
}

// MarshalJSON writes [lot,quantity] or [lot,quantity,cost]. A ledger has more draws
// than anything else, so this and UnmarshalJSON are written by hand, for speed.
func (d Draw) MarshalJSON() ([]byte, error) { return d.Append(make([]byte, 0, 32)), nil }

// Append appends the draw to b, as MarshalJSON writes it.
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

// Holdings are all lots of one stream, in the order in which they came. Lots that are
// used up stay in the list.
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

// Left returns how much of an item is left, including what may go out only on a later
// day: fen or thousandths.
func (h *Holdings) Left(item string) int64 {
	var sum int64
	for _, l := range h.lots {
		if l.Item == item {
			sum += l.Left
		}
	}
	return sum
}

// Available returns how much of an item may go out on a business date: fen or
// thousandths.
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

// drawFrom chooses the lots from which a quantity of an item goes out on a business
// date. It uses lots that are available on that day and for which may is true: first
// those that have been available for longest, and of equal ones those that came first.
// It changes nothing. If there is too little, ok is false and draws are all there is.
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

// costOf is the cost of a quantity of the lot: its share of the cost that is left,
// rounded down. So the last quantity bears the whole remaining cost.
func (l Lot) costOf(quantity int64) Fen {
	if l.Cost == 0 || quantity == l.Left {
		return l.Cost
	}
	hi, lo := bits.Mul64(uint64(l.Cost), uint64(quantity))
	q, _ := bits.Div64(hi, lo, uint64(l.Left))
	return Fen(q)
}

// take takes draws out of the lots. If a draw is more than its lot has, nothing is
// changed and the error names that draw.
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

// putBack adds what comes back of earlier draws as new lots, available from a business
// date. Origin and edge are those of the old lots. It returns the number of the first.
func (h *Holdings) putBack(draws []Draw, on Day) (first int) {
	first = len(h.lots) + 1
	for _, d := range draws {
		l := h.lots[d.Lot-1]
		l.From, l.Left, l.Cost, l.owedToStep = on, d.Quantity, d.Cost, false
		h.add(l)
	}
	return first
}

// known says whether all draws name lots that exist, with quantities above zero.
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

// makeUp says whether draws make up exactly an amount of money, or goods.
func (h *Holdings) makeUp(draws []Draw, fen Fen, items []GoodsOf) bool {
	if len(items) == 0 {
		return h.sum(Money, draws) == int64(fen)
	}
	for _, g := range items {
		if h.sum(g.Item, draws) != int64(g.Quantity) {
			return false
		}
	}
	return true
}

// An outflow is what is still out of all that left by one payment, or for one
// allocation. No more than that may come back (rule 3).
type outflow struct {
	draws []Draw // less what came back, in the order in which they were drawn
}

// chooseBack chooses the draws to which a returned quantity of an item belongs, the
// last drawn first; ok is false if less than that is out.
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

// remove takes what came back off what is still out. It returns false and changes
// nothing if that much is not out.
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
