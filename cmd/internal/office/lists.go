package office

import (
	"iter"
	"math"
	"slices"
	"strconv"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/projections"
)

// Lists are asked for by queries, the same for commands, pages and an API: a filter, an
// order, and a cursor that names the place where the part before ended. A cursor is an
// event's number, so it goes on where it was although the ledger has grown meanwhile.

// MaxPage is how many rows a part of a list has at most: what a reader copies while
// others wait to fold.
const MaxPage = 200

// Page is which part of a list is wanted; the zero value is the first.
type Page struct {
	Cursor string // [List.Next] of the part before; empty: from the beginning
	Limit  int    // rows; 0 is [MaxPage], and more are not given
	Newest bool   // the newest first
}

// List is a part of a list, of one moment.
type List[T any] struct {
	Moment projections.Moment `json:"moment"`
	Rows   []T                `json:"rows"`
	Next   string             `json:"next,omitempty"` // the cursor of what follows; empty: nothing does
}

// NoticeQuery asks for notices.
type NoticeQuery struct {
	projections.NoticeFilter
	// Hung leaves out drafts, and lists that were withdrawn before they hung anywhere.
	Hung bool
	Page
}

// Notices answers a query from books.
func Notices(b *projections.Books, q NoticeQuery) (List[projections.Notice], error) {
	return part(b, q.Page, func(from uint64) iter.Seq[projections.Notice] {
		if q.Newest {
			return b.NoticesBefore(from, q.NoticeFilter)
		}
		return b.NoticesFrom(from, q.NoticeFilter)
	}, func(n projections.Notice) uint64 { return n.Number }, func(n projections.Notice) bool {
		return !q.Hung || n.State != projections.Drafted && (n.State != projections.Withdrawn || len(n.Phases) > 0)
	})
}

// PaymentQuery asks for entries of the fund-use report.
type PaymentQuery struct {
	Fund      domain.ID // from which the money came; zero is any
	Unit      domain.ID // that paid, or one above it
	Programme domain.ID
	Form      domain.Form
	First     domain.Day // of the business date; zero is any
	Last      domain.Day
	Missing   bool // only where something is missing
	Irregular bool // only what is irregular
	Page
}

// Payments answers a query from books.
func Payments(b *projections.Books, q PaymentQuery) (List[projections.Entry], error) {
	return part(b, q.Page, func(from uint64) iter.Seq[projections.Entry] {
		if q.Newest {
			return b.FundUseBefore(from)
		}
		return b.FundUseFrom(from)
	}, func(e projections.Entry) uint64 { return e.Number }, func(e projections.Entry) bool { return q.wants(b.State, e) })
}

// PaymentTotal is the sum of all that a query asks for, whatever part of it.
type PaymentTotal struct {
	Payments int        `json:"payments"`
	Fen      domain.Fen `json:"fen"` // money, and the cost of goods
	Net      domain.Fen `json:"net_fen"`
}

// TotalOf adds up all that a query asks for. It goes through all payments.
func TotalOf(b *projections.Books, q PaymentQuery) (t PaymentTotal) {
	for e := range b.FundUse() {
		if q.wants(b.State, e) {
			t.Add(e)
		}
	}
	return t
}

// Add adds a payment.
func (t *PaymentTotal) Add(e projections.Entry) {
	t.Payments++
	t.Fen += e.Amount + e.Cost
	t.Net += e.Net
}

func (q PaymentQuery) wants(s *domain.Ledger, e projections.Entry) bool {
	a := s.Allocations[e.Allocation]
	switch {
	case q.First != 0 && e.Booked < q.First, q.Last != 0 && e.Booked > q.Last,
		q.Form != "" && e.Form != q.Form, q.Missing && len(e.Missing) == 0, q.Irregular && len(e.Irregular) == 0,
		q.Unit != (domain.ID{}) && !s.Below(a.Unit, q.Unit), q.Programme != (domain.ID{}) && a.Programme != q.Programme:
		return false
	case q.Fund != (domain.ID{}):
		fund := s.FundOf(a)
		return fund != nil && fund.ID == q.Fund
	}
	return true
}

// part copies one part of a list: rows from a cursor on, in one of two orders, of which
// at says where each stands and wanted whether it belongs.
func part[T any](b *projections.Books, p Page, rows func(from uint64) iter.Seq[T], at func(T) uint64, wanted func(T) bool) (List[T], error) {
	out := List[T]{Moment: b.Moment(), Rows: []T{}}
	limit := p.Limit
	if limit <= 0 || limit > MaxPage {
		limit = MaxPage
	}
	from := uint64(0)
	if p.Newest {
		from = math.MaxUint64
	}
	if p.Cursor != "" {
		var err error
		if from, err = strconv.ParseUint(p.Cursor, 10, 64); err != nil {
			return out, Input("cursor", "%q 不是列表的位置", "%q is no place in a list", p.Cursor)
		}
	}
	for row := range rows(from) {
		if !wanted(row) {
			continue
		}
		if len(out.Rows) == limit {
			last := at(out.Rows[limit-1])
			if !p.Newest { // forwards a cursor is included, backwards it is not
				last++
			}
			out.Next = strconv.FormatUint(last, 10)
			break
		}
		out.Rows = append(out.Rows, row)
	}
	return out, nil
}

// Whole walks through all parts of a list, for those who want it whole: commands and
// exports.
func Whole[T any](ask func(Page) (List[T], error)) (rows []T, err error) {
	for p := (Page{}); ; {
		l, err := ask(p)
		if err != nil {
			return nil, err
		}
		rows = append(rows, l.Rows...)
		if p.Cursor = l.Next; p.Cursor == "" {
			return slices.Clip(rows), nil
		}
	}
}
