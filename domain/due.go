package domain

import "slices"

// Form is how relief is paid out: by bank, in cash, as goods or by voucher.
type Form string

// The forms of relief.
const (
	Bank    Form = "bank"    // to an account
	Cash    Form = "cash"    // in hand, against a signature
	Goods   Form = "goods"   // items
	Voucher Form = "voucher" // a ticket or coupon of a face value
)

var formNames = map[Form][2]string{Bank: {"银行", "bank"}, Cash: {"现金", "cash"}, Goods: {"实物", "goods"}, Voucher: {"凭证", "voucher"}}

// Say returns the form's name in a language.
func (f Form) Say(l Lang) string {
	if n, ok := formNames[f]; ok {
		if l == Zh {
			return n[0]
		}
		return n[1]
	}
	return string(f)
}

// Entitlement is what a line is to receive in one form: fen of money, or items.
type Entitlement struct {
	Form  Form      `json:"form"`
	Fen   Fen       `json:"fen,omitempty"`
	Items []GoodsOf `json:"items,omitempty"`
}

// quantities lists what an entitlement or row moves, item by item: fen for Money,
// else thousandths.
func (e Entitlement) quantities() []itemQuantity {
	if len(e.Items) == 0 {
		return []itemQuantity{{Money, int64(e.Fen)}}
	}
	list := make([]itemQuantity, len(e.Items))
	for i, g := range e.Items {
		list[i] = itemQuantity{g.Item, int64(g.Quantity)}
	}
	return list
}

// entitlementList is what a line is to receive. Lines that receive the same money in
// the same form, and nothing else, share one.
type entitlementList struct{ Give []Entitlement }

func (l *Ledger) sharedList(list []Entitlement) *entitlementList {
	if len(list) != 1 || len(list[0].Items) > 0 {
		return &entitlementList{list}
	}
	key := moneyOnly{list[0].Form, list[0].Fen}
	one := l.moneyLists[key]
	if one == nil {
		one = &entitlementList{list}
		l.moneyLists[key] = one
	}
	return one
}

// moneyOnly is an entitlement without goods.
type moneyOnly struct {
	form Form
	fen  Fen
}

// Due is an entitlement as it stands: what is reserved, paid and came back of it.
//
// An entitlement has one quantity of money, or one of each item. The first is
// counted here, since most entitlements have no other.
type Due struct {
	list           *entitlementList
	index          uint32
	reserved, paid int64 // of the first quantity
	extra          *dueExtra
}

// Entitlement is what was admitted.
func (d *Due) Entitlement() *Entitlement { return &d.list.Give[d.index] }

// Items are its goods.
func (d *Due) Items() []GoodsOf { return d.Entitlement().Items }

// dueExtra holds what few entitlements have, so that the others take less room.
type dueExtra struct {
	reservedBehind, paidBehind []int64 // of the quantities after the first
	back                       []ID    // see Back
}

// writeExtra returns the extra part of an entitlement, to be changed.
func (d *Due) writeExtra() *dueExtra {
	if d.extra == nil {
		d.extra = &dueExtra{}
		if n := len(d.Items()) - 1; n > 0 {
			d.extra.reservedBehind, d.extra.paidBehind = make([]int64, n), make([]int64, n)
		}
	}
	return d.extra
}

// Left is how much of the i-th quantity is neither reserved nor paid; i counts from 0.
func (d *Due) Left(i int) int64 {
	all := int64(d.Entitlement().Fen)
	if items := d.Items(); len(items) > 0 {
		all = int64(items[i].Quantity)
	}
	switch {
	case i == 0:
		return all - d.reserved - d.paid
	case d.extra == nil:
		return all
	}
	return all - d.extra.reservedBehind[i-1] - d.extra.paidBehind[i-1]
}

// unpaid is all of an entitlement that is neither reserved nor paid.
func (d *Due) unpaid() (fen Fen, items []GoodsOf) {
	for i, t := range d.Entitlement().quantities() {
		left := max(d.Left(i), 0)
		switch {
		case t.item == Money:
			fen = Fen(left)
		case left > 0:
			items = append(items, GoodsOf{t.item, Quantity(left)})
		}
	}
	return fen, items
}

// Back lists the rejects, returns and reversals that no later payment names yet.
func (d *Due) Back() []ID {
	if d.extra == nil {
		return nil
	}
	return d.extra.back
}

// addBack remembers that something came back. A later payment must name it.
func (d *Due) addBack(event ID) {
	extra := d.writeExtra()
	extra.back = append(extra.back, event)
}

// removeBack forgets what came back, because a payment names it now.
func (d *Due) removeBack(event ID) {
	if len(d.Back()) > 0 {
		d.extra.back = slices.DeleteFunc(d.extra.back, func(id ID) bool { return id == event })
	}
}

// pay adds to what was paid, or takes off it: times is 1 or -1.
func (d *Due) pay(fen Fen, items []GoodsOf, times int64) {
	d.count(&d.paid, func(r *dueExtra) []int64 { return r.paidBehind }, fen, items, times)
}

// reserve adds to what batches hold, or takes off it: times is 1 or -1.
func (d *Due) reserve(fen Fen, items []GoodsOf, times int64) {
	d.count(&d.reserved, func(r *dueExtra) []int64 { return r.reservedBehind }, fen, items, times)
}

// count adds to the counter of the first quantity, and to those of the others, which
// behind returns. Items that the entitlement does not have are not counted.
func (d *Due) count(first *int64, behind func(*dueExtra) []int64, fen Fen, items []GoodsOf, times int64) {
	if len(d.Items()) == 0 && len(items) == 0 {
		*first += times * int64(fen)
	}
	for _, g := range items {
		for i, own := range d.Items() {
			switch {
			case own.Item != g.Item:
			case i == 0:
				*first += times * int64(g.Quantity)
			default:
				behind(d.writeExtra())[i-1] += times * int64(g.Quantity)
			}
		}
	}
}

func (a *Allocation) due(line, entitlement int32) *Due {
	return &a.Lines[line-1].Due[entitlement-1]
}
