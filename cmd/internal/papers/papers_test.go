package papers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/paper"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/projections"
)

// The sign-off sheet of a batch, filled for the cashier who hands the money out.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "papers-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	v, err := openVillage(ctx, dir)
	if err != nil {
		panic(err)
	}
	defer v.Close()
	books, err := v.Books(ctx, projections.Until{})
	if err != nil {
		panic(err)
	}
	filled, err := Of(books).WithNames(v.asker("approver")).Sheet(ctx, v.batch(1))
	if err != nil {
		panic(err)
	}
	for _, row := range filled.(*paper.Sheet).Rows {
		fmt.Println(sayRow(row))
	}
	pages, err := filled.Write(io.Discard)
	fmt.Println(pages, "page", err)
	// Output:
	// 1 张三丰 110*************2X 260.00
	// 2 王二 110*************21 260.00
	// 3 260.00 未成年人
	// 4 李四 110*************44 260.00 未发放 现金 260.00
	// 1 page <nil>
}

func sayRow(r paper.Payee) string {
	said := []string{fmt.Sprint(r.No), r.Name, r.Number, r.Fen.String(), r.Note}
	return strings.Join(slices.DeleteFunc(said, func(s string) bool { return s == "" }), " ")
}

// What is wrong is said in words, and nothing is filled.
func TestNothingIsFilled(t *testing.T) {
	v := newVillage(t)
	p := Of(v.books(t))
	ctx, notice, on := t.Context(), v.made("list", "notice").String(), domain.Date(2019, 1, 8)
	sheet := func(w office.BatchNamed) func() (Paper, error) {
		return func() (Paper, error) { return p.Sheet(ctx, w) }
	}
	voucher := func(w office.BatchNamed) func() (Paper, error) {
		return func() (Paper, error) { return p.Voucher(ctx, w) }
	}
	receipt := func(which string) func() (Paper, error) {
		return func() (Paper, error) { return p.Receipt(ctx, which) }
	}
	hung := func(which, place string, on domain.Day) func() (Paper, error) {
		return func() (Paper, error) { return p.Notice(ctx, which, place, on, paper.A4) }
	}
	event := func(command string, row int) string { return fmt.Sprint(v.number(command, row)) }
	reversed := fmt.Sprintf("that payment was reversed 〔%d〕", v.number("wrong", 0))
	for _, x := range []struct {
		what string
		fill func() (Paper, error)
		want string
	}{
		{"the sheet of a rejected batch", sheet(v.batch(2)), "the batch was rejected"},
		{"the same batch by the event that rejected it", sheet(office.BatchNamed{Event: event("no", 0)}), "the batch was rejected"},
		{"the voucher of a rejected batch", voucher(v.batch(2)), "the batch was rejected"},
		{"the voucher of a batch of which nothing was paid", voucher(v.batch(4)), "nothing of the batch was paid"},
		{"a sheet of no batch", sheet(office.BatchNamed{}), "give the number of one of the batch's events"},
		{"the sheet of one of several batches", sheet(v.batch(0)), "the allocation has 4 batches"},
		{"the sheet of a batch that is not there", sheet(v.batch(5)), "the allocation has 4 batches"},
		{"the sheet of an event that is no batch's", sheet(office.BatchNamed{Event: event("fund", 0)}), "that number is no event of a batch"},
		{"the sheet of an event that is not there", sheet(office.BatchNamed{Event: "9999"}), "is not the number of an event"},
		{"the receipt of a batch", receipt(event("one", 0)), "that number is no payment"},
		{"the receipt of a row that was not paid", receipt(event("pay1", 4)), "that number is no payment"},
		{"the receipt of what is no number", receipt("nine"), "is not the number of an event"},
		{"the receipt of a payment that was reversed", receipt(event("pay1", 3)), reversed},
		{"a notice where it does not hang", hung(notice, "township-screen", on), "the notice does not hang there on that day; it hangs at: village-board, web"},
		{"a notice that is still to be posted", hung(notice, "web", on.Add(-2)), "the notice does not hang there on that day"},
		{"a notice that is not there", hung("没有", "web", on), "no such notice"},
	} {
		filled, err := x.fill()
		if err == nil || !strings.Contains(err.Error(), x.want) || office.KindOf(err) != office.Unreadable || filled != nil {
			t.Errorf("%s: %v %v", x.what, filled, err)
		}
	}
}

// Who was restricted, or erased, since has neither name nor number on any paper, as of
// whatever moment it is filled; and who was restricted then has not, although that was
// lifted since.
func TestHiddenSince(t *testing.T) {
	v := newVillage(t)
	paid := v.last()
	rows := func(asOf uint64) string {
		t.Helper()
		p := Of(v.books(t, asOf)).WithNames(v.asker("approver"))
		sheet, err := p.Sheet(t.Context(), v.batch(1))
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for i, row := range sheet.(*paper.Sheet).Rows[:2] {
			said = append(said, sayRow(row))
			// The other papers say of the same person the same.
			number := fmt.Sprint(v.number("pay1", i+1))
			receipt, err := p.Receipt(t.Context(), number)
			if err != nil {
				t.Fatal(err)
			}
			if r := receipt.(*paper.Receipt); r.Payee != row.Name || r.Number != row.Number {
				t.Errorf("the receipt has %q %q, the sheet %q %q", r.Payee, r.Number, row.Name, row.Number)
			}
			voucher, err := p.Voucher(t.Context(), office.BatchNamed{Event: number})
			if err != nil {
				t.Fatal(err)
			}
			want := joined([]string{row.Name, row.Number, fmt.Sprintf("名单第 %d 行", i+1), row.Note})
			if got := factOf(voucher.(*paper.Voucher).Facts, "收款人"); got != want {
				t.Errorf("the voucher has %q, want %q", got, want)
			}
		}
		return strings.Join(said, ", ")
	}
	const open, hidden = "1 张三丰 110*************2X 260.00", "1 260.00 不公开"
	const other, gone = "2 王二 110*************21 260.00", "2 已删除 260.00"
	restricted := uint64(0)
	for _, x := range []struct {
		what, script string
		now, then    string // as of now, and as of when the batch had been paid
	}{
		{"as it was paid", "", open + ", " + other, open + ", " + other},
		{"restricted since", `{"as":"hide","do":"restrict-party","by":"@privacy/officer","date":"2019-02-01","content":{"party":"@zhang/party"}}`,
			hidden + ", " + other, hidden + ", " + other},
		{"lifted since", `{"as":"lift","do":"restrict-party","by":"@privacy/officer","date":"2019-03-01","content":{"party":"@zhang/party","lifted":true}}`,
			open + ", " + other, open + ", " + other},
		{"erased since", `{"as":"erase","do":"erase-party","by":"@privacy/officer","date":"2025-01-02","content":{"party":"@wang/party","basis":"本人申请"}}`,
			open + ", " + gone, open + ", " + gone},
	} {
		if err := v.give(t.Context(), x.script); err != nil {
			t.Fatal(x.what, err)
		}
		if x.what == "restricted since" {
			restricted = v.last()
		}
		if got := rows(v.last()); got != x.now {
			t.Errorf("%s: %s, want %s", x.what, got, x.now)
		}
		if got := rows(paid); got != x.then {
			t.Errorf("%s, as of before: %s, want %s", x.what, got, x.then)
		}
	}
	if got, want := rows(restricted), hidden+", "+gone; got != want {
		t.Errorf("as of when one was restricted: %s, want %s", got, want)
	}
}

// Names are asked for, and are given to who may see them.
func TestNames(t *testing.T) {
	v := newVillage(t)
	b := v.books(t)
	for _, asker := range []string{"", "nobody", "privacy", "accountant", "approver"} {
		p := Of(b)
		if asker != "" {
			p = p.WithNames(v.asker(asker))
		}
		filled, err := p.Sheet(t.Context(), v.batch(1))
		if asker == "nobody" {
			var denied *office.NotSeen
			if !errors.As(err, &denied) {
				t.Errorf("anybody: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(asker, err)
		}
		if rows := filled.(*paper.Sheet).Rows; (rows[0].Name == "张三丰") != (asker != "") || rows[2].Name != "" || rows[2].Number != "" {
			t.Errorf("%q sees %+v", asker, rows)
		}
	}
}

// A place shows a notice as openly as it may, while it hangs there; the totals stay.
func TestNoticeAtAPlace(t *testing.T) {
	v := newVillage(t)
	p := Of(v.books(t)).WithNames(v.asker("approver"))
	for _, x := range []struct {
		place string
		on    domain.Day
		names string
		down  string
	}{
		{"village-board", domain.Date(2019, 1, 8), "张三丰 王二 - 李四 赵五", ""},
		{"web", domain.Date(2019, 1, 8), "张*丰 王* - 李* 赵*", ""},
		{"web", domain.Date(2019, 1, 11), "", "不在公示期"},
	} {
		filled, err := p.Notice(t.Context(), v.made("list", "notice").String(), x.place, x.on, paper.A3)
		if err != nil {
			t.Fatal(err)
		}
		n := filled.(*paper.Notice)
		var names []string
		for _, row := range n.Rows {
			if row.Name == "" {
				row.Name = "-"
			}
			names = append(names, row.Name)
		}
		if got := strings.Join(names, " "); got != x.names || !strings.Contains(n.Down, x.down) || (n.Down == "") != (x.down == "") {
			t.Errorf("%s on %s: %q %q", x.place, x.on, got, n.Down)
		}
		if n.Whole.Rows != 5 || n.Whole.Fen != 1_300_00 || len(n.Whole.Goods) != 1 || n.Whole.Goods[0].Quantity != 1_000 {
			t.Errorf("%s on %s: totals %+v", x.place, x.on, n.Whole)
		}
	}
}

// A voucher names where value came from: the receipt of funds, and behind goods that
// were bought the receipt whose money bought them.
func TestVoucherNamesTheSources(t *testing.T) {
	v := newVillage(t)
	p := Of(v.books(t))
	for _, x := range []struct {
		batch int
		want  paper.Entry
		said  string
	}{
		{1, paper.Entry{Text: "现金发放", Source: "县级财政·县财政", Document: "财预〔2019〕1号", Number: office.Cite(v.number("in", 0)), Fen: 780_00}, "1　现金，实发 3 行"},
		{3, paper.Entry{Text: "发放大米（袋）", Source: "县级财政·县财政（采购）", Number: office.Cite(v.number("rice", 0)), Fen: 60_00}, "3　实物，实发 1 行"},
	} {
		filled, err := p.Voucher(t.Context(), v.batch(x.batch))
		if err != nil {
			t.Fatal(err)
		}
		voucher := filled.(*paper.Voucher)
		if len(voucher.Entries) != 1 || voucher.Entries[0] != x.want {
			t.Errorf("batch %d: %+v, want %+v", x.batch, voucher.Entries, x.want)
		}
		if got := factOf(voucher.Facts, "批次"); got != x.said {
			t.Errorf("batch %d: %q", x.batch, got)
		}
	}
}

func factOf(facts []paper.Fact, name string) string {
	for _, f := range facts {
		if f.Name == name {
			return f.Text
		}
	}
	return ""
}
