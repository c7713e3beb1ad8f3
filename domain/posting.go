package domain

// postBetween posts what arrives in a stream: it leaves the account in transit of the
// stream from, and the stream to holds it.
func (l *Ledger) postBetween(from, to string, lot Lot, quantity int64, cost Fen) {
	first := len(l.postings)
	l.postLot(from, lot, quantity, cost, Transit, Held, "")
	for i := first; i < len(l.postings); i++ {
		if l.postings[i].Account != Transit {
			l.postings[i].Stream = to
		}
	}
}

// AccountKind is one of the accounts on which value can be.
type AccountKind string

// The accounts of the double entry. What is on Held, Stock, Reserved and Transit belongs
// to the ledger. The others are the other side of what came in or went out.
const (
	Held        AccountKind = "held"        // money a stream can spend (余额)
	Stock       AccountKind = "stock"       // goods a stream holds: in money at cost, in items by quantity
	Reserved    AccountKind = "reserved"    // drawn by a batch that is not paid yet (待发)
	Transit     AccountKind = "transit"     // between two steps of a movement (在途)
	FromSource  AccountKind = "source"      // received from a source
	Supplier    AccountKind = "supplier"    // goods against money
	Paid        AccountKind = "paid"        // in the payees' hands
	Returned    AccountKind = "returned"    // come back from payees
	Surrendered AccountKind = "surrendered" // back to the source
	PassedOn    AccountKind = "passed-on"   // to an outside organisation
	CountedIn   AccountKind = "surplus"     // found when goods were counted
	CountedOut  AccountKind = "loss"        // missing when goods were counted
)

// AccountKinds lists all accounts, in the order of a report.
var AccountKinds = []AccountKind{FromSource, Held, Stock, Reserved, Transit, Supplier, Paid, Returned, Surrendered, PassedOn, CountedIn, CountedOut}

// A Posting is one side of a double entry: a quantity of money or of one item on an
// account of one stream. It is positive if it is added to the account. The postings of
// an event sum to zero for money and for every item (rule 1).
type Posting struct {
	Stream  string
	Account AccountKind
	Item    string // Money, or an item
	// Quantity is fen for Money, else thousandths. Goods have two entries: one of the
	// item, and one of Money for their cost.
	Quantity int64
	// Origin is the receipt or purchase of the lot that moved.
	Origin ID
	Form   Form // of what is paid or returned
}

// postDraws posts what draws move from one account to another. Goods are posted twice:
// their quantity, and their cost as money.
func (l *Ledger) postDraws(h *Holdings, stream string, draws []Draw, from, to AccountKind, form Form) {
	for _, d := range draws {
		lot := h.lots[d.Lot-1]
		l.postLot(stream, lot, d.Quantity, d.Cost, from, to, form)
	}
}

func (l *Ledger) postLot(stream string, lot Lot, quantity int64, cost Fen, from, to AccountKind, form Form) {
	if lot.Item == Money {
		l.post(stream, Money, quantity, lot.Origin, from, to, form)
		return
	}
	// Goods that a stream holds are on Stock, not on Held.
	if from == Held {
		from = Stock
	}
	if to == Held {
		to = Stock
	}
	l.post(stream, lot.Item, quantity, lot.Origin, from, to, form)
	l.post(stream, Money, int64(cost), lot.Origin, from, to, form)
}

func (l *Ledger) post(stream, item string, quantity int64, origin ID, from, to AccountKind, form Form) {
	if quantity == 0 {
		return
	}
	l.postings = append(l.postings,
		Posting{stream, from, item, -quantity, origin, form},
		Posting{stream, to, item, quantity, origin, form})
}
