package domain

import "slices"

// Origin is the receipt or purchase from which a lot comes.
type Origin struct {
	Event  ID
	Source Source // of a receipt
	Number string // document number of a receipt
	// Bought says how many fen of which receipts a purchase of goods cost; it is nil
	// for a receipt.
	Bought []Part
}

// Part is a part of a sum of money, with the event from which it comes.
type Part struct {
	Origin ID
	Fen    Fen
}

// Origin returns the receipt or purchase that an event made, and false if it made none.
func (l *Ledger) Origin(event ID) (*Origin, bool) {
	o, ok := l.origins[event]
	return o, ok
}

// ReceiptsOf returns the receipts of funds behind an origin, each once. For a receipt
// that is the receipt itself, for a purchase the receipts whose money paid for it.
func (l *Ledger) ReceiptsOf(event ID) []*Origin {
	o := l.origins[event]
	if o == nil {
		return nil
	}
	if o.Bought == nil {
		return []*Origin{o}
	}
	var list []*Origin
	seen := map[ID]bool{}
	for _, part := range o.Bought {
		if from := l.origins[part.Origin]; from != nil && !seen[part.Origin] {
			seen[part.Origin] = true
			list = append(list, from)
		}
	}
	return list
}

// Drawn is how much draws took of one item with one origin.
type Drawn struct {
	Origin   ID // the receipt or purchase
	Item     string
	Quantity int64 // fen for Money, else thousandths
	Cost     Fen   // of goods
	Valued   bool  // goods that have a cost
}

// Fen is the money that was drawn, or the cost of the goods.
func (d Drawn) Fen() Fen {
	if d.Item == Money {
		return Fen(d.Quantity)
	}
	return d.Cost
}

// DrawnFrom adds up the draws of an allocation by origin and item, in the order of the
// draws.
func (a *Allocation) DrawnFrom(draws []Draw) []Drawn {
	type key struct {
		origin ID
		item   string
	}
	var list []Drawn
	at := map[key]int{}
	for _, d := range draws {
		lot, ok := a.Lot(d.Lot)
		if !ok {
			continue
		}
		k := key{lot.Origin, lot.Item}
		i, seen := at[k]
		if !seen {
			i = len(list)
			at[k] = i
			list = append(list, Drawn{Origin: lot.Origin, Item: lot.Item, Valued: lot.Valued})
		}
		list[i].Quantity += d.Quantity
		list[i].Cost += d.Cost
	}
	return list
}

// ReceiptsBehind says how much money of each receipt of funds the draws of an
// allocation took, in the order of the draws. The cost of bought goods is divided
// among the receipts that paid for them, for each draw, so that every fen belongs to
// one receipt.
func (l *Ledger) ReceiptsBehind(a *Allocation, draws []Draw) []Part {
	var list []Part // mostly one, so that no map is needed
	add := func(origin ID, fen Fen) {
		i := slices.IndexFunc(list, func(p Part) bool { return p.Origin == origin })
		if i < 0 {
			i = len(list)
			list = append(list, Part{Origin: origin})
		}
		list[i].Fen += fen
	}
	for _, d := range draws {
		lot, _ := a.Lot(d.Lot)
		o := l.origins[lot.Origin]
		switch {
		case o == nil:
		case o.Bought != nil:
			for i, fen := range shares(d.Cost, o.Bought) {
				add(o.Bought[i].Origin, fen)
			}
		case lot.Item == Money:
			add(o.Event, Fen(d.Quantity))
		default:
			add(o.Event, d.Cost)
		}
	}
	return list
}

// shares divides a sum in proportion to parts; it is nil if the parts are zero.
func shares(sum Fen, parts []Part) []Fen {
	var whole, before Fen
	for _, p := range parts {
		whole += p.Fen
	}
	if whole == 0 {
		return nil
	}
	list := make([]Fen, len(parts))
	for i, p := range parts {
		to := before + p.Fen
		list[i] = Share(sum, int64(to), int64(whole)) - Share(sum, int64(before), int64(whole))
		before = to
	}
	return list
}
