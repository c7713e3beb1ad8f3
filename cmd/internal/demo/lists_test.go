package demo

import (
	"reflect"
	"slices"
	"testing"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/projections"
)

// Whatever the filter, the order and the size of its parts, a list is what a walk over
// everything finds; and its total is the sum of that.
func TestListsAreTheirFilters(t *testing.T) {
	b := theDemo(t).b
	union, err := office.Find(b.State, domain.UnitKind, "临沂市总工会")
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Collect(b.FundUse())
	for name, q := range map[string]office.PaymentQuery{
		"all": {}, "of a unit and those below": {Unit: union}, "goods": {Form: domain.Goods}, "of a month": {First: domain.Date(2022, 1, 1), Last: domain.Date(2022, 1, 31)},
		"with something missing": {Missing: true}, "irregular": {Irregular: true}, "of nobody": {Unit: domain.ID{1}},
		"of a fund": {Fund: b.State.FundOf(b.State.Allocations[all[0].Allocation]).ID}, "of a programme": {Programme: b.State.Allocations[all[0].Allocation].Programme},
	} {
		t.Run(name, func(t *testing.T) {
			var want []projections.Entry
			var total office.PaymentTotal
			for _, e := range all {
				a := b.State.Allocations[e.Allocation]
				fund := b.State.FundOf(a)
				if (q.Unit == domain.ID{} || b.State.Below(a.Unit, q.Unit)) && (q.Form == "" || e.Form == q.Form) && (q.First == 0 || e.Booked >= q.First && e.Booked <= q.Last) &&
					(!q.Missing || len(e.Missing) > 0) && (!q.Irregular || len(e.Irregular) > 0) && (q.Fund == domain.ID{} || fund.ID == q.Fund) && (q.Programme == domain.ID{} || a.Programme == q.Programme) {
					want = append(want, e)
					total.Payments, total.Fen, total.Net = total.Payments+1, total.Fen+e.Amount+e.Cost, total.Net+e.Net
				}
			}
			for _, limit := range []int{0, 1, 7, 10_000} {
				if limit == 1 && len(want) > 100 {
					continue
				}
				for _, newest := range []bool{false, true} {
					got, err := office.Whole(func(p office.Page) (office.List[projections.Entry], error) {
						q.Page = p
						q.Limit, q.Newest = limit, newest
						l, err := office.Payments(b, q)
						if len(l.Rows) > office.MaxPage {
							t.Errorf("%d rows at once", len(l.Rows))
						}
						return l, err
					})
					if newest {
						slices.Reverse(got)
					}
					if err != nil || len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
						t.Errorf("parts of %d, newest first %v: %d rows, want %d (%v)", limit, newest, len(got), len(want), err)
					}
				}
			}
			if got := office.TotalOf(b, q); got != total {
				t.Errorf("total %+v, want %+v", got, total)
			}
		})
	}
	if _, err := office.Payments(b, office.PaymentQuery{Page: office.Page{Cursor: "x"}}); office.KindOf(err) != office.Unreadable {
		t.Errorf("a cursor that is none: %v", err)
	}
	if first, err := office.Payments(b, office.PaymentQuery{}); err != nil || first.Moment.Events != uint64(b.Len()) || first.Next == "" {
		t.Errorf("%+v, %v", first.Moment, err)
	}
	hung, err := office.Whole(func(p office.Page) (office.List[projections.Notice], error) {
		return office.Notices(b, office.NoticeQuery{Hung: true, Page: p})
	})
	if err != nil || len(hung) == 0 || slices.ContainsFunc(hung, func(n projections.Notice) bool { return n.State == projections.Drafted }) {
		t.Errorf("%d notices, %v", len(hung), err)
	}
}
