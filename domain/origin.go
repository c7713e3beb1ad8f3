package domain

// Origin is the receipt or purchase that a lot came from.
type Origin struct {
	Event  ID
	Source Source // of a receipt
	Number string // its document number
	// Bought are the receipts whose money bought goods, with fen; nil for a
	// receipt.
	Bought []Part
}

// Part is a part of a sum with its origin.
type Part struct {
	Origin ID
	Fen    Fen
}

// Origin returns the receipt or purchase that lots came from.
func (l *Ledger) Origin(event ID) (*Origin, bool) {
	o, ok := l.origins[event]
	return o, ok
}

// ReceiptsOf are the receipts of funds behind an origin: a receipt itself, and of a
// purchase those whose money bought the goods, each once.
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

// Drawn is what draws took of one item with one origin.
type Drawn struct {
	Origin   ID // the receipt or purchase
	Item     string
	Quantity int64
	Cost     Fen  // of goods
	Valued   bool // goods that have a cost
}

// Fen is its money, or what the goods have cost.
func (d Drawn) Fen() Fen {
	if d.Item == Money {
		return Fen(d.Quantity)
	}
	return d.Cost
}

// DrawnFrom says which items of which origins draws of an allocation took, in the
// order of the draws.
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

// ReceiptsBehind says how much of each receipt of funds draws of an allocation took,
// in the order of the draws. Goods that were bought count with what they have cost,
// draw by draw in the shares of the receipts that bought them, so that every fen is
// of one receipt.
func (l *Ledger) ReceiptsBehind(a *Allocation, draws []Draw) []Part {
	var list []Part
	at := map[ID]int{}
	add := func(origin ID, fen Fen) {
		i, seen := at[origin]
		if !seen {
			i = len(list)
			at[origin] = i
			list = append(list, Part{Origin: origin})
		}
		list[i].Fen += fen
	}
	for _, d := range draws {
		for _, from := range a.DrawnFrom([]Draw{d}) {
			o := l.origins[from.Origin]
			switch {
			case o == nil:
			case o.Bought == nil:
				add(o.Event, from.Fen())
			default:
				for i, fen := range shares(from.Cost, o.Bought) {
					add(o.Bought[i].Origin, fen)
				}
			}
		}
	}
	return list
}

// shares splits a sum as parts stand to each other; nothing where they are of no
// money.
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
