package domain

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// refusalRow is one row of the table of refusals.
type refusalRow struct {
	rule string
	what string
	test func(t *testing.T)
}

// TestRefusals is a table of what may not be done, told as an officer would meet
// it; it ends by naming the refusals that no row provokes.
func TestRefusals(t *testing.T) {
	rows := []refusalRow{
		{"1", "two batches want the same yuan", func(t *testing.T) {
			c := newCounty(t, noNotice(), 130000)
			a := c.allocate("2023-01-05", 130000)
			n := c.list("2023-01-05", a, 26000, 26000, 26000, 26000, 26000, 26000)
			c.confirm("2023-01-06", n)
			c.prepare("2023-01-06", a, 1, 2, 3)
			r := c.by(c.accountant).refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(4, 5, 6)}, NotEnoughMoney)
			if s := r.Sentence(Zh); s != "需 780.00 元，可用余额 520.00 元" {
				t.Errorf("the sentence is %q", s)
			}
			c.by(c.approver).mustDo("2023-01-06", &RejectBatch{Allocation: a, Batch: 1, Reason: sealed("重做")})
			c.prepare("2023-01-07", a, 4, 5, 6)
		}},
		{"1", "goods that are not there, and money that is not there yet", func(t *testing.T) {
			c := newCounty(t, noNotice(), 100000)
			c.by(c.storekeeper).mustDo("2023-01-05", &PurchaseGoods{From: From{Fund: c.fund}, Item: "大米（袋）", Quantity: 10_000, Cost: 60000})
			c.by(c.accountant).refused("2023-01-05", &Allocate{From: From{Fund: c.fund}, Unit: c.unit, Programme: c.programme, Purpose: "relief", Goods: []ItemCount{{"大米（袋）", 11_000}}}, NotEnoughGoods)
			c.refused("2023-01-05", &Allocate{From: From{Fund: c.fund}, Unit: c.unit, Programme: c.programme, Purpose: "relief", Goods: []ItemCount{{"大米（袋）", 1000}, {"大米（袋）", 1000}}}, FieldWrong)
			c.mustDo("2023-01-09", &ReceiveFunds{Fund: c.fund, Source: Source{Union, "county", "县总工会"}, Amount: 500000})
			c.refused("2023-01-08", &Allocate{From: From{Fund: c.fund}, Unit: c.unit, Programme: c.programme, Purpose: "relief", Amount: 100000}, NotEnoughMoney)
			c.by(c.storekeeper).refused("2023-01-09", &CountGoods{From: From{Fund: c.fund}, Item: "大米（袋）", Found: 10_000}, NothingCounted)
			c.mustDo("2023-01-09", &CountGoods{From: From{Fund: c.fund}, Item: "大米（袋）", Found: 9_000})
			c.mustDo("2023-01-10", &CountGoods{From: From{Fund: c.fund}, Item: "大米（袋）", Found: 9_500})
			c.by(c.accountant).refused("2023-01-10", &ReceiveFunds{Fund: c.fund, Source: Source{Union, "", ""}, Amount: MaxFen}, TooMuchMoney)
			c.refused("2023-01-10", &ReceiveFunds{Fund: c.fund, Source: Source{Union, "", ""}}, AmountNotPositive)
			c.refused("2023-01-10", &ReceiveFunds{Fund: c.fund, Source: Source{"x", "", ""}, Amount: 1}, FieldWrong)
		}},
		{"2", "only what is admitted is paid, and once", func(t *testing.T) {
			c := newCounty(t, noNotice(), 100000)
			a := c.allocate("2023-01-05", 100000)
			n := c.list("2023-01-05", a, 10000, 10000)
			c.by(c.accountant).refused("2023-01-05", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(1)}, NotAdmitted)
			c.hold = true
			c.confirm("2023-01-06", n)
			c.by(c.accountant).refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(1)}, NotAdmitted)
			c.hold = false
			c.settle()
			c.refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(1, 1)}, RowTwice)
			c.refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: []RowToPay{{Line: 1, Entitlement: 2}}}, NoSuchEntitlement)
			c.refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Bank, Rows: rowsOf(1)}, OtherForm)
			c.refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: nil}, FieldMissing)
			c.refused("2023-01-06", &PrepareBatch{Allocation: a, Form: "gold", Rows: rowsOf(1)}, FieldWrong)
			c.refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: make([]RowToPay, maxRows+1)}, TooManyRows)
			// A partial payment, then the rest, then nothing more.
			c.mustDo("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: []RowToPay{{Line: 1, Amount: 4000}}})
			c.mustDo("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(1)})
			if got := c.l.Allocations[a].Batches[1].Total(); got != 6000 {
				t.Errorf("the rest is %s", got)
			}
			c.refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: []RowToPay{{Line: 1, Amount: 1}}}, AbovePublished)
			c.by(c.cashier).refused("2023-01-06", &PayBatch{Allocation: a, Batch: 1}, BatchIs)
			c.refused("2023-01-06", &RecordReceipt{Allocation: a, Kind: "签领表", HeldBy: "x", Batch: 1}, NothingPaid)
			c.by(c.accountant).refused("2023-01-06", &ReturnDisbursement{Allocation: a, Payment: Ref{id(1), 0}, Amount: 1, Kind: "payee"}, NoSuchPayment)
		}},
		{"2", "a list is admitted in parts, and not paid before the last", func(t *testing.T) {
			c := newCounty(t, noNotice(), 100000)
			a := c.allocate("2023-01-05", 100000)
			n := Made(c.by(c.drafter).mustDo("2023-01-05", &DraftNotice{Allocation: a, Heading: Heading{Title: "长名单"}}), "notice")
			p := c.person("同一人")
			rows := make([]LineRow, linesAdmittedInPart+1)
			for i := range rows {
				rows[i] = LineRow{Beneficiary: p, Give: []Give{{Form: Cash, Amount: 1}}}
			}
			add := c.mustDo("2023-01-05", &AddLines{Notice: n, Rows: rows})
			if got := len(c.l.Notices[n].Lines); got != len(rows) || len(c.l.Effect(add).Events) != 2 {
				t.Fatalf("%d lines in %d events", got, len(c.l.Effect(add).Events))
			}
			c.refused("2023-01-05", &AddLines{Notice: n, Rows: make([]LineRow, maxLines)}, TooManyRows)
			c.by(c.reviewer).mustDo("2023-01-05", &ReviewNotice{Notice: n, Meeting: "会"})
			c.hold = true
			c.confirm("2023-01-06", n)
			step, _ := c.l.Next()
			c.apply(step.Stream, step.Events[0], Metadata{Cause: step.Cause, Recorded: c.now})
			c.by(c.accountant).refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(1)}, AdmissionIncomplete)
			c.hold = false
			c.settle()
			c.prepare("2023-01-06", a, 1, linesAdmittedInPart+1)
		}},
		{"3", "value returns along the edge it came by, never more than went out", func(t *testing.T) {
			c := newCounty(t, noNotice(), 100000)
			town := Made(c.by(id(-2)).mustDo("2023-01-03", &RegisterUnit{Parent: c.unit, Name: "乡", Division: "410527"}), "unit")
			village := Made(c.mustDo("2023-01-03", &RegisterUnit{Parent: town, Name: "村", Division: "410527"}), "unit")
			c.by(c.accountant).mustDo("2023-01-04", &ReceiveFunds{Fund: c.fund, Source: Source{Treasury, "central", "中央"}, Amount: 50000})
			upper := c.allocate("2023-01-05", 120000)
			down := func(from ID, unit ID, amount Yuan) ID {
				return Made(c.mustDo("2023-01-05", &Allocate{From: From{Allocation: from}, Unit: unit, Programme: c.programme, Purpose: "relief", Amount: amount}), "allocation")
			}
			middle := down(upper, town, 110000)
			lower := down(middle, village, 105000)
			n := c.list("2023-01-05", lower, 30000)
			c.confirm("2023-01-06", n)
			c.prepare("2023-01-06", lower, 1)
			c.by(c.approver).mustDo("2023-01-06", &ApproveBatch{Allocation: lower, Batch: 1})
			pay := c.by(c.cashier).mustDo("2023-01-07", &PayBatch{Allocation: lower, Batch: 1})
			c.by(c.accountant).refused("2023-01-08", &ReturnDisbursement{Allocation: lower, Payment: Ref{pay, 1}, Amount: 30001, Kind: "payee"}, ReturnAbovePaid)
			c.refused("2023-01-06", &ReturnDisbursement{Allocation: lower, Payment: Ref{pay, 1}, Amount: 1, Kind: "payee"}, BookedBefore)
			c.refused("2023-01-08", &ReturnDisbursement{Allocation: lower, Payment: Ref{pay, 1}, Amount: 1, Kind: "gift"}, FieldWrong)
			c.refused("2023-01-08", &DemandRecovery{Allocation: lower, Payment: Ref{pay, 1}, Amount: 30001}, ReturnAbovePaid)
			c.mustDo("2023-01-08", &DemandRecovery{Allocation: lower, Payment: Ref{pay, 1}, Amount: 10000, By: day("2023-02-01")})
			// Down three levels and back up the same edges, also after closing.
			for _, a := range []ID{lower, middle, upper} {
				c.refused("2023-01-08", &CloseAllocation{Allocation: a}, HasLeft)
				c.mustDo("2023-01-08", &ReturnUnspent{Allocation: a})
				c.refused("2023-01-08", &ReturnUnspent{Allocation: a}, NothingThere)
				c.mustDo("2023-01-08", &CloseAllocation{Allocation: a})
				c.refused("2023-01-08", &SetQuota{Allocation: a, Quota: 1}, NotOpen)
			}
			c.mustDo("2023-01-09", &ReturnDisbursement{Allocation: lower, Payment: Ref{pay, 1}, Amount: 10000, Kind: "recovery"})
			if left := c.l.Funds[c.fund].Left(Money); left != 130000 {
				t.Errorf("what came back to the closed allocation stands at %d in the fund", left)
			}
			c.refused("2023-01-09", &SurrenderFunds{Fund: c.fund, Source: Source{Treasury, "central", "中央"}, Amount: 50001}, NotFromSource)
			c.refused("2023-01-09", &SurrenderFunds{Fund: c.fund, Source: Source{Treasury, "city", "中央"}, Amount: 1}, NotFromSource)
			c.mustDo("2023-01-09", &SurrenderFunds{Fund: c.fund, Source: Source{Treasury, "central", "中央"}, Amount: 50000})
			c.mustDo("2023-01-09", &PassOnFunds{Fund: c.fund, To: "慈善协会", Amount: 80000})
			c.mustDo("2023-01-09", &CloseFund{Fund: c.fund})
			c.refused("2023-01-09", &ReceiveFunds{Fund: c.fund, Source: Source{Union, "", ""}, Amount: 1}, NotOpen)
			// What went on up is not here to be taken back from.
			c.refused("2023-01-10", &ReverseEntry{From: From{Allocation: lower}, Entry: Ref{c.entry("DisbursementReturned"), 0}}, NotEnoughMoney)
		}},
		{"4", "an entry is reversed once, by an entry that names it", func(t *testing.T) {
			c := newCounty(t, noNotice(), 100000)
			in := c.by(c.accountant).mustDo("2023-01-04", &ReceiveFunds{Fund: c.fund, Source: Source{Union, "", "重记"}, Amount: 5000})
			c.refused("2023-01-03", &ReverseEntry{From: From{Fund: c.fund}, Entry: Ref{in, 0}}, BookedBefore)
			reversal := c.mustDo("2023-01-05", &ReverseEntry{From: From{Fund: c.fund}, Entry: Ref{in, 0}, Reason: sealed("重记")})
			c.refused("2023-01-05", &ReverseEntry{From: From{Fund: c.fund}, Entry: Ref{in, 0}}, ReversedAlready)
			c.refused("2023-01-05", &ReverseEntry{From: From{Fund: c.fund}, Entry: Ref{reversal, 0}}, NotReversible)
			buy := c.by(c.storekeeper).mustDo("2023-01-05", &PurchaseGoods{From: From{Fund: c.fund}, Item: "油（桶）", Quantity: 3000, Cost: 1000})
			count := c.mustDo("2023-01-05", &CountGoods{From: From{Fund: c.fund}, Item: "油（桶）", Found: 2000})
			c.by(c.accountant).refused("2023-01-05", &ReverseEntry{From: From{Fund: c.fund}, Entry: Ref{buy, 0}}, NotEnoughGoods)
			c.mustDo("2023-01-05", &ReverseEntry{From: From{Fund: c.fund}, Entry: Ref{count, 0}})
			c.mustDo("2023-01-05", &ReverseEntry{From: From{Fund: c.fund}, Entry: Ref{buy, 0}})
			if f := c.l.Funds[c.fund]; f.Left(Money) != 100000 || f.Left("油（桶）") != 0 {
				t.Errorf("%d fen, %d oil", f.Left(Money), f.Left("油（桶）"))
			}
			a := c.allocate("2023-01-05", 30000)
			n := c.list("2023-01-05", a, 10000)
			c.confirm("2023-01-05", n)
			c.prepare("2023-01-05", a, 1)
			c.by(c.approver).mustDo("2023-01-05", &ApproveBatch{Allocation: a, Batch: 1})
			pay := c.by(c.cashier).mustDo("2023-01-05", &PayBatch{Allocation: a, Batch: 1})
			receipt := c.mustDo("2023-01-05", &RecordReceipt{Allocation: a, Kind: "签领表", HeldBy: "x", Batch: 1})
			c.by(c.accountant).mustDo("2023-01-06", &ReverseEntry{From: From{Allocation: a}, Entry: Ref{receipt, 0}})
			if n := len(c.l.Allocations[a].Payments[0].Receipts()); n != 0 {
				t.Errorf("%d receipts", n)
			}
			// The first of several goes, and the others stand in their order.
			more := func() Ref {
				return Ref{c.by(c.cashier).mustDo("2023-01-06", &RecordReceipt{Allocation: a, Kind: "签领表", HeldBy: "x", Batch: 1}), 0}
			}
			first := more()
			more()
			c.by(c.accountant).mustDo("2023-01-06", &ReverseEntry{From: From{Allocation: a}, Entry: first})
			more()
			if r := c.l.Allocations[a].Payments[0].Receipts(); len(r) != 2 || r[0] >= r[1] {
				t.Errorf("receipts %v", r)
			}
			c.by(c.accountant).mustDo("2023-01-06", &ReverseEntry{From: From{Allocation: a}, Entry: Ref{pay, 1}, Reason: sealed("款未付出")})
			c.refused("2023-01-06", &ReturnDisbursement{Allocation: a, Payment: Ref{pay, 1}, Amount: 1, Kind: "payee"}, PaymentReversed)
			c.refused("2023-01-07", &PrepareBatch{Allocation: a, Form: Cash, Rows: []RowToPay{{Line: 1, Again: &Ref{pay, 1}}}}, NotItsReturn)
			c.mustDo("2023-01-07", &PrepareBatch{Allocation: a, Form: Cash, Rows: []RowToPay{{Line: 1, Again: &Ref{c.entry("EntryReversed"), 0}}}})
		}},
		{"4", "facts without value are replaced by the same event", func(t *testing.T) {
			c := newCounty(t, noNotice(), 0)
			camp := c.by(c.drafter).mustDo("2023-01-05", &OpenCampaign{Unit: c.unit, Name: "活动", Period: Span{day("2023-01-01"), day("2023-01-31")}})
			within := func(o *Order) { o.Campaign = Made(camp, "campaign") }
			visit := c.with(within).mustDo("2023-01-05", &RecordVisit{Team: "一组", Kind: "home", Of: "workers", Visits: 2})
			c.with(func(o *Order) { within(o); o.Replaces = &Ref{visit, 0} }).mustDo("2023-01-05", &RecordVisit{Team: "一组", Kind: "home", Of: "workers", Visits: 3})
			c.with(func(o *Order) { within(o); o.Replaces = &Ref{camp, 0} }).refused("2023-01-05", &RecordVisit{Team: "一组", Kind: "home", Of: "workers", Visits: 3}, BadReplace)
			c.with(within).refused("2023-01-05", &RecordVisit{Team: "一组", Kind: "home", Of: "workers"}, FieldWrong)
			need := c.with(within).mustDo("2023-01-05", &FindNeed{Of: "workers", Kind: "住房"})
			c.with(within).mustDo("2023-01-05", &ResolveNeed{Need: Ref{need, 0}})
			c.with(within).refused("2023-01-05", &ResolveNeed{Need: Ref{need, 0}}, NeedIsMet)
			c.with(within).mustDo("2023-01-06", &CloseCampaign{})
			c.with(within).refused("2023-01-06", &RecordActivity{Kind: "meeting", Times: 1}, NotOpen)
			c.refused("2023-01-06", &OpenCampaign{Unit: c.unit, Name: "活动", Period: Span{day("2023-02-01"), day("2023-01-31")}}, BackwardSpan)
		}},
		{"5", "one command, one effect", func(t *testing.T) {
			c := newCounty(t, noNotice(), 0)
			o := c.by(c.accountant).order("2023-01-05", &ReceiveFunds{Fund: c.fund, Source: Source{Union, "", ""}, Amount: 100})
			for range 2 {
				if err := c.run(o); err != nil {
					t.Fatal(err)
				}
			}
			if left := c.l.Funds[c.fund].Left(Money); left != 100 {
				t.Errorf("left %d", left)
			}
			provoked[OtherContent] = true // seen refused below
			o.Body = &ReceiveFunds{Fund: c.fund, Source: Source{Union, "", ""}, Amount: 200}
			if err := c.run(o); err == nil {
				t.Error("the same id with other content had an effect")
			}
		}},
		{"7", "dates in order, and in an open period", func(t *testing.T) {
			c := newCounty(t, noNotice(), 100000)
			a := c.allocate("2023-01-05", 1000)
			pass := &PassOnFunds{Fund: c.fund, To: "x", Amount: 1}
			c.now = at("2023-02-01")
			c.with(func(o *Order) { o.Date = day("2023-02-02") }).refused("2023-02-01", pass, DateInFuture)
			c.with(func(o *Order) { o.Date = 0 }).refused("2023-02-01", pass, DateMissing)
			c.with(func(o *Order) { o.Happened = &Span{day("2023-02-01"), day("2023-02-02")} }).refused("2023-02-01", pass, NotYetHappened)
			c.with(func(o *Order) { o.Happened = &Span{day("2023-02-01"), day("2023-01-31")} }).refused("2023-02-01", pass, BackwardSpan)
			c.refused("2023-02-01", &CloseBooks{Unit: c.unit, Through: day("2023-02-01")}, PeriodNotOver)
			c.mustDo("2023-02-01", &CloseBooks{Unit: c.unit, Through: day("2023-01-31")})
			c.refused("2023-02-01", &CloseBooks{Unit: c.unit, Through: day("2023-01-31")}, AlreadyClosed)
			c.refused("2023-01-31", pass, PeriodIsClosed)
			c.refused("2023-01-31", &ReturnUnspent{Allocation: a}, PeriodIsClosed)
			c.refused("2023-01-20", &EstablishFund{Unit: c.unit, Name: "新", Earmark: []string{"x"}}, PeriodIsClosed)
			c.mustDo("2023-02-01", pass)
		}},
		{"8", "a notice before money: reviewed, posted, over, nothing open", func(t *testing.T) {
			c := newCounty(t, plainTerms(), 100000)
			a := c.allocate("2023-01-05", 100000)
			n := Made(c.by(c.drafter).mustDo("2023-01-05", &DraftNotice{Allocation: a, Heading: Heading{Title: "名单"}}), "notice")
			post := &PublishNotice{Notice: n, Timing: BeforePayment, Places: []Posted{{Place: "village-board", On: day("2023-01-06"), Disclosure: FullNames}}}
			c.refused("2023-01-06", post, NoticeEmpty)
			c.by(c.reviewer).refused("2023-01-06", &ReviewNotice{Notice: n}, NoticeEmpty)
			p := c.person("甲")
			c.by(c.drafter).mustDo("2023-01-06", &AddLines{Notice: n, Rows: []LineRow{{Beneficiary: p, Give: []Give{{Form: Cash, Amount: 1000}}}, {Beneficiary: p, Give: []Give{{Form: Cash, Amount: 1000}}}}})
			c.refused("2023-01-06", &RemoveLines{Notice: n, Lines: []int{3}}, NoSuch)
			c.mustDo("2023-01-06", &RemoveLines{Notice: n, Lines: []int{2}})
			c.refused("2023-01-06", post, NotReviewed)
			c.by(c.reviewer).refused("2023-01-06", &ConfirmNotice{Notice: n}, NotReviewed)
			c.mustDo("2023-01-06", &ReviewNotice{Notice: n, Meeting: "会"})
			c.by(c.drafter).refused("2023-01-06", &AddLines{Notice: n, Rows: []LineRow{{Beneficiary: p}}}, NotADraft)
			c.refused("2023-01-06", post, HeadingMissing)
			c.by(c.reviewer).refused("2023-01-06", &ConfirmNotice{Notice: n}, NotPublished)
			c.refused("2023-01-06", &RaiseObjection{Notice: n}, NotPublished)
			m := c.list("2023-01-06", a, 1000)
			c.by(c.drafter).refused("2023-01-06", &PublishNotice{Notice: m, Timing: AfterPayment}, WrongTiming)
			c.refused("2023-01-06", &PublishNotice{Notice: m, Timing: BeforePayment, Places: []Posted{{Place: "web", On: day("2023-01-06"), Disclosure: CountsOnly}}}, PlaceMissing)
			c.refused("2023-01-06", &PublishNotice{Notice: m, Timing: BeforePayment, Places: []Posted{{Place: "web", On: day("2023-01-07"), Disclosure: CountsOnly}}}, NotYetHappened)
			c.publish("2023-01-06", m)
			c.refused("2023-01-06", &PublishNotice{Notice: m, Timing: BeforePayment}, PublishedTwice)
			c.by(c.reviewer).refused("2023-01-09", &ConfirmNotice{Notice: m}, NoticeRunning)
			c.by(c.drafter).mustDo("2023-01-09", &RaiseObjection{Notice: m, Text: sealed("有异议")})
			c.by(c.reviewer).refused("2023-01-10", &ConfirmNotice{Notice: m}, ObjectionOpen)
			c.refused("2023-01-10", &ResolveObjection{Notice: m, Objection: 1, Outcome: LineStruck}, FieldWrong)
			c.mustDo("2023-01-10", &ResolveObjection{Notice: m, Objection: 1, Outcome: Dismissed})
			c.refused("2023-01-10", &ResolveObjection{Notice: m, Objection: 1, Outcome: Dismissed}, ObjectionDone)
			c.confirm("2023-01-10", m)
			c.refused("2023-01-10", &ConfirmNotice{Notice: m}, NoticeIsFinal)
			c.refused("2023-01-10", &WithdrawNotice{Notice: m}, NoticeIsFinal)
			// One raised after the confirmation holds the money back again.
			c.by(c.drafter).mustDo("2023-01-10", &RaiseObjection{Notice: m, Lines: []int{1}})
			c.by(c.accountant).refused("2023-01-10", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(1)}, ObjectionOpen)
			c.by(c.reviewer).mustDo("2023-01-10", &ResolveObjection{Notice: m, Objection: 2, Outcome: LineToBeChanged})
			c.by(c.accountant).refused("2023-01-10", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(1)}, LineIsStopped)
			c.by(c.reviewer).refused("2023-01-10", &ResumeLine{Allocation: a, Line: 1}, LineIsStruck)
			// Listed anew in a supplementary notice of the same allocation only.
			b := c.allocate("2023-01-10", 0)
			c.by(c.drafter).refused("2023-01-10", &DraftNotice{Allocation: b, Supplements: m, Heading: Heading{Title: "补充"}}, SupplementWrong)
			c.mustDo("2023-01-10", &DraftNotice{Allocation: a, Supplements: m, Heading: Heading{Title: "补充"}})
			c.by(c.reviewer).mustDo("2023-01-10", &WithdrawNotice{Notice: n, Reason: sealed("重做")})
			c.refused("2023-01-10", &ReviewNotice{Notice: n}, NoticeIsFinal)
		}},
		{"8", "no more is shown than the programme allows, and a year must be announced", func(t *testing.T) {
			terms := plainTerms()
			terms.Notice = []Phase{{Timing: BeforePayment, Days: 5, Mode: InWorkingDays, Places: []PlaceRule{{"web", MaskedNames}}}}
			c := newCounty(t, terms, 100000)
			n := c.list("2023-01-06", c.allocate("2023-01-05", 100000), 1000)
			c.by(c.drafter).refused("2023-01-06", &PublishNotice{Notice: n, Timing: BeforePayment, Places: []Posted{{Place: "web", On: day("2023-01-06"), Disclosure: FullNames}}}, TooOpen)
			c.refused("2027-01-06", &PublishNotice{Notice: n, Timing: BeforePayment, Places: []Posted{{Place: "web", On: day("2027-01-06"), Disclosure: MaskedNames}}}, CalendarYearMissing)
		}},
		{"8", "a list that is published twice, before payment and after it (低保)", func(t *testing.T) {
			terms := plainTerms()
			terms.Notice = append(terms.Notice, Phase{Timing: AfterPayment, Days: 7, Mode: InWorkingDays, Places: []PlaceRule{{"web", MaskedNames}}})
			c := newCounty(t, terms, 100000)
			a := c.allocate("2023-01-05", 100000)
			n := c.list("2023-01-05", a, 1000)
			c.publish("2023-01-05", n)
			c.confirm("2023-01-09", n)
			c.prepare("2023-01-09", a, 1)
			c.by(c.approver).mustDo("2023-01-09", &ApproveBatch{Allocation: a, Batch: 1})
			c.by(c.cashier).mustDo("2023-01-09", &PayBatch{Allocation: a, Batch: 1})
			again := &PublishNotice{Notice: n, Timing: AfterPayment, Places: []Posted{{Place: "web", On: day("2023-01-10"), Disclosure: MaskedNames}}}
			c.by(c.drafter).mustDo("2023-01-10", again)
			c.refused("2023-01-10", again, PublishedTwice)
			if p, ok := c.l.Notices[n].published(AfterPayment); !ok || p.Period.Last != day("2023-01-19") {
				t.Errorf("the second period is %+v", p)
			}
		}},
		{"8", "aid first says why (report 9)", func(t *testing.T) {
			terms := plainTerms()
			terms.Notice = []Phase{{Timing: AfterPayment, Days: 7, Mode: InCalendarDays, Places: []PlaceRule{{"web", CountsOnly}}}}
			terms.PapersWithin, terms.RecordWithin = 5, 10
			terms.Needs = []Need{{Form: Voucher, Fact: "eligibility"}}
			c := newCounty(t, terms, 100000)
			a := c.allocate("2023-01-05", 100000)
			n := c.list("2023-01-05", a, 1000)
			c.by(c.reviewer).refused("2023-01-05", &ConfirmNotice{Notice: n}, UrgencyMissing)
			c.mustDo("2023-01-05", &ConfirmNotice{Notice: n, Urgency: sealed("严寒")})
			c.prepare("2023-01-05", a, 1)
			c.by(c.approver).mustDo("2023-01-05", &ApproveBatch{Allocation: a, Batch: 1})
			c.with(func(o *Order) { o.Happened = &Span{day("2023-01-05"), day("2023-01-05")}; c.now = at("2023-01-16") }).
				by(c.cashier).refused("2023-01-16", &PayBatch{Allocation: a, Batch: 1}, RecordLate)
			c.mustDo("2023-01-16", &PayBatch{Allocation: a, Batch: 1})
			c.by(c.drafter).refused("2023-01-22", &CompletePapers{Party: c.l.Allocations[a].Lines[0].Beneficiary()}, PapersLate)
			c.irregularly(c.reviewer, PapersLate).mustDo("2023-01-22", &CompletePapers{Party: c.l.Allocations[a].Lines[0].Beneficiary()})
		}},
		{"9", "stopped, resumed, in its form", func(t *testing.T) {
			c := newCounty(t, noNotice(), 100000)
			a := c.allocate("2023-01-05", 100000)
			c.confirm("2023-01-05", c.list("2023-01-05", a, 1000, 1000))
			c.prepare("2023-01-05", a, 1)
			c.by(c.approver).mustDo("2023-01-05", &ApproveBatch{Allocation: a, Batch: 1})
			c.by(c.reviewer).mustDo("2023-01-06", &StopLine{Allocation: a, Line: 1, Reason: sealed("重复享受")})
			c.refused("2023-01-06", &StopLine{Allocation: a, Line: 1}, LineIsStopped)
			c.refused("2023-01-06", &ResumeLine{Allocation: a, Line: 2}, LineNotStopped)
			c.by(c.cashier).refused("2023-01-06", &PayBatch{Allocation: a, Batch: 1}, LineIsStopped)
			c.refused("2023-01-06", &PayBatch{Allocation: a, Batch: 1, NotPaid: []NotPaid{{2, "absent"}}}, NoSuchRow)
			c.refused("2023-01-06", &SendBatchToBank{Allocation: a, Batch: 1, Bank: "x"}, NotTheForm)
			c.by(c.reviewer).mustDo("2023-01-06", &ResumeLine{Allocation: a, Line: 1})
			c.by(c.cashier).mustDo("2023-01-06", &PayBatch{Allocation: a, Batch: 1})
		}},
		{"9", "the bank's result matches its batch, and a reject is mended and paid again (report 2)", func(t *testing.T) {
			c := newCounty(t, noNotice(), 100000)
			a := c.allocate("2023-01-05", 100000)
			n := Made(c.by(c.drafter).mustDo("2023-01-05", &DraftNotice{Allocation: a, Heading: Heading{Title: "名单"}}), "notice")
			party := func(account ID) ID {
				d := PersonalDetails{Name: sealed("乙")}
				if account != (ID{}) {
					d.Account, d.AccountID = sealed("6222"), account
				}
				return Made(c.mustDo("2023-01-05", &RegisterParty{Unit: c.unit, Type: Person, PersonalDetails: d}), "party")
			}
			var rows []LineRow
			for _, acc := range []ID{id(71), id(72), {}} {
				rows = append(rows, LineRow{Beneficiary: party(acc), Give: []Give{{Form: Bank, Amount: 1000}}})
			}
			c.mustDo("2023-01-05", &AddLines{Notice: n, Rows: rows})
			c.by(c.reviewer).mustDo("2023-01-05", &ReviewNotice{Notice: n})
			c.confirm("2023-01-05", n)
			c.by(c.accountant).refused("2023-01-05", &PrepareBatch{Allocation: a, Form: Bank, Rows: rowsOf(1, 2, 3)}, AccountMissing)
			c.mustDo("2023-01-05", &PrepareBatch{Allocation: a, Form: Bank, Rows: rowsOf(1, 2)})
			c.by(c.approver).mustDo("2023-01-05", &ApproveBatch{Allocation: a, Batch: 1})
			c.by(c.cashier).refused("2023-01-05", &PayBatch{Allocation: a, Batch: 1}, NotTheForm)
			c.mustDo("2023-01-05", &SendBatchToBank{Allocation: a, Batch: 1, Bank: "农商行"})
			c.by(c.approver).refused("2023-01-05", &RejectBatch{Allocation: a, Batch: 1}, BatchIs)
			c.by(c.cashier).refused("2023-01-06", &TakeBankResult{Allocation: a, Batch: 1, Count: 2, Amount: 1999}, ResultMismatch)
			result := c.mustDo("2023-01-06", &TakeBankResult{Allocation: a, Batch: 1, Count: 1, Amount: 1000, Rejected: []NotPaid{{2, "户名不符"}}})
			c.by(c.accountant).refused("2023-01-07", &PrepareBatch{Allocation: a, Form: Bank, Rows: rowsOf(2)}, MustNameReturn)
			c.mustDo("2023-01-07", &PrepareBatch{Allocation: a, Form: Bank, Rows: []RowToPay{{Line: 2, Again: &Ref{result, 2}}}})
		}},
		{"10", "two people, and nobody for his kin", func(t *testing.T) {
			c := newCounty(t, noNotice(), 100000)
			a := c.allocate("2023-01-05", 100000)
			n := c.list("2023-01-05", a, 1000)
			c.confirm("2023-01-05", n)
			c.prepare("2023-01-05", a, 1)
			as := func(officer ID) *story { return c.with(func(o *Order) { o.DoneBy = officer }) }
			c.by(c.approver)
			as(c.accountant).refused("2023-01-05", &ApproveBatch{Allocation: a, Batch: 1}, SamePerson)
			c.by(c.approver).mustDo("2023-01-05", &FileKinship{Officer: c.approver, Party: c.l.Allocations[a].Lines[0].Payee(), Relation: sealed("弟")})
			c.refused("2023-01-05", &ApproveBatch{Allocation: a, Batch: 1}, DecidesForKin)
			c.by(c.cashier).refused("2023-01-05", &FileKinship{Officer: c.approver, Party: c.l.Allocations[a].Lines[0].Payee()}, OnlyHimself)
			// By hand, without a batch: refused, or recorded as what it was.
			pay := &Disburse{Allocation: a, Form: Cash, Pay: &RowToPay{Line: 1, Amount: 1}}
			c.by(c.approver).mustDo("2023-01-05", &RejectBatch{Allocation: a, Batch: 1})
			c.by(c.cashier).refused("2023-01-06", pay, NoBatch)
			c.irregularly(c.cashier, NoBatch).refused("2023-01-06", pay, NeedsSecond)
			c.irregularly(c.approver, NoBatch).refused("2023-01-06", pay, NeedsSecond) // the payee's brother
			c.irregularly(c.reviewer, NotEnoughMoney).refused("2023-01-06", pay, NotIrregular)
			c.irregularly(c.reviewer, NoBatch, OverQuota).refused("2023-01-06", pay, NotABreach)
			c.irregularly(c.reviewer, NoBatch).mustDo("2023-01-06", pay)
			if last := c.log[len(c.log)-1].Event.common(); len(last.Irregular) != 1 || last.Irregular[0].Code != "no-batch" || len(last.Reasons) != 1 {
				t.Errorf("the event is marked %+v", last)
			}
		}},
		{"10", "roles and keys", func(t *testing.T) {
			c := newCounty(t, noNotice(), 0)
			c.by(id(-2)).refused("2023-01-05", &GrantRole{Officer: c.accountant, Role: Approver, Unit: c.unit}, RolesIncompatible)
			c.refused("2023-01-05", &GrantRole{Officer: c.accountant, Role: "boss", Unit: c.unit}, RoleUnknown)
			c.refused("2023-01-05", &GrantRole{Officer: c.accountant, Role: Accountant, Unit: c.unit}, AlreadyExists)
			c.refused("2023-01-05", &SetOfficerKey{Officer: c.accountant, Key: key(1)}, KeyInUse)
			c.refused("2023-01-05", &SetOfficerKey{Officer: c.accountant, Key: []byte("short")}, KeyWrong)
			c.mustDo("2023-01-05", &SetOfficerKey{Officer: c.accountant, Key: key(9)})
			c.mustDo("2023-01-05", &RevokeRole{Officer: c.accountant, Role: Accountant, Unit: c.unit})
			c.by(c.accountant).refused("2023-01-05", &EstablishFund{Unit: c.unit, Name: "x", Earmark: []string{"x"}}, RoleMissing)
			c.by(id(-2)).mustDo("2023-01-05", &RecordOfficerLeft{Officer: c.drafter})
			c.by(c.drafter).refused("2023-01-05", &OpenCampaign{Unit: c.unit, Name: "x"}, ActorLeft)
			c.by(id(4444)).refused("2023-01-05", &OpenCampaign{Unit: c.unit, Name: "x"}, UnknownActor)
			c.refused("2023-01-05", &OpenLedger{}, LedgerIsOpen)
		}},
		{"11", "earmark, purpose, category, standard, cap", func(t *testing.T) {
			terms := noNotice()
			terms.Purposes = []string{"relief", "study"}
			terms.Forms = []Form{Cash, Voucher}
			terms.Categories = []Category{{Code: "dibao", Excludes: []string{"tekun"}}, {Code: "tekun"}}
			terms.Standards = []Standard{{Category: "tekun", Least: 20000, Most: 60000}}
			terms.CapPerPerson = 70000
			terms.InForce = Span{day("2023-01-01"), day("2023-06-30")}
			terms.Needs = []Need{{Category: "dibao", Fact: "eligibility"}, {Form: Voucher, Fact: "activity:treatment"}}
			c := newCounty(t, terms, 1000000)
			open := func(purpose string) *Allocate {
				return &Allocate{From: From{Fund: c.fund}, Unit: c.unit, Programme: c.programme, Purpose: purpose, Amount: 300000}
			}
			c.by(c.accountant).refused("2023-01-05", open("study"), OutsideEarmark)
			c.refused("2023-01-05", open("travel"), OutsideProgramme)
			c.refused("2023-07-01", open("relief"), ProgrammeNotInForce)
			a := c.allocate("2023-01-05", 300000)
			c.refused("2023-01-05", &Allocate{From: From{Allocation: a}, Unit: c.unit, Programme: c.programme, Purpose: "study", Amount: 1}, OtherPurpose)
			c.by(id(-2))
			other := Made(c.mustDo("2023-01-05", &RegisterUnit{Parent: c.unit, Name: "乡", Division: "410527"}), "unit")
			lower := Made(c.by(c.accountant).mustDo("2023-01-05", &Allocate{From: From{Allocation: a}, Unit: other, Programme: c.programme, Purpose: "relief"}), "allocation")
			c.refused("2023-01-05", &Allocate{From: From{Allocation: lower}, Unit: c.unit, Programme: c.programme, Purpose: "relief"}, NotUnderUnit)
			n := Made(c.by(c.drafter).mustDo("2023-01-05", &DraftNotice{Allocation: a, Heading: Heading{Title: "名单"}}), "notice")
			p, dead := c.person("丙"), c.person("丁")
			row := func(change func(*LineRow)) *AddLines {
				r := LineRow{Beneficiary: p, Category: "tekun", Give: []Give{{Form: Cash, Amount: 60000}}}
				change(&r)
				return &AddLines{Notice: n, Rows: []LineRow{r}}
			}
			c.refused("2023-01-05", row(func(r *LineRow) { r.Category = "vip" }), CategoryUnknown)
			c.refused("2023-01-05", row(func(r *LineRow) { r.Give[0].Amount = 60001 }), OffStandard)
			c.refused("2023-01-05", row(func(r *LineRow) { r.Give[0].Amount = 19999 }), OffStandard)
			c.refused("2023-01-05", row(func(r *LineRow) { r.Give[0].Form = Bank }), FormNotAllowed)
			c.refused("2023-01-05", row(func(r *LineRow) { r.Give = append(r.Give, Give{Form: Cash, Amount: 20000}) }), AboveCap)
			c.refused("2023-01-05", row(func(r *LineRow) { r.Payee = dead }), WhyOtherPayee)
			c.refused("2023-01-05", row(func(r *LineRow) { r.Give = nil }), FieldMissing)
			c.refused("2023-01-05", row(func(r *LineRow) { r.People = Headcount{Exactly, 3} }), FieldWrong)
			c.mustDo("2023-01-05", &RecordDeath{Party: dead})
			c.refused("2023-01-05", row(func(r *LineRow) { r.Beneficiary = dead }), PayeeIsDead)
			c.mustDo("2023-01-05", row(func(*LineRow) {}))
			c.by(c.reviewer).mustDo("2023-01-05", &ReviewNotice{Notice: n})
			c.confirm("2023-01-05", n)
			m := Made(c.by(c.drafter).mustDo("2023-01-05", &DraftNotice{Allocation: a, Heading: Heading{Title: "低保"}}), "notice")
			q := c.person("戊")
			c.refused("2023-01-05", &AddLines{Notice: m, Rows: []LineRow{{Beneficiary: p, Category: "dibao", Give: []Give{{Form: Cash, Amount: 1}}}}}, Exclusive)
			c.mustDo("2023-01-05", &AddLines{Notice: m, Rows: []LineRow{{Beneficiary: q, Category: "dibao", Give: []Give{{Form: Cash, Amount: 1}, {Form: Voucher, Amount: 1}}}}})
			c.by(c.reviewer).mustDo("2023-01-05", &ReviewNotice{Notice: m})
			c.confirm("2023-01-05", m)
			c.by(c.accountant).refused("2023-01-05", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(2)}, NeedMissing)
			c.by(c.reviewer).mustDo("2023-01-05", &DecideEligibility{Party: q, Programme: c.programme, Category: "dibao", Eligible: true})
			c.prepare("2023-01-05", a, 2)
			c.by(c.accountant).refused("2023-01-05", &PrepareBatch{Allocation: a, Form: Voucher, Rows: rowsOf(2)}, NeedMissing)
		}},
		{"12", "quotas and the nomination deadline (report 5)", func(t *testing.T) {
			terms := noNotice()
			until := time.Date(2023, 1, 4, 12, 0, 0, 0, Shanghai)
			terms.NominationsUntil = &until
			terms.Groups, terms.LinesPerGroup = 2, 2
			c := newCounty(t, terms, 1000000)
			a := Made(c.by(c.accountant).mustDo("2023-01-03", &Allocate{From: From{Fund: c.fund}, Unit: c.unit, Programme: c.programme, Purpose: "relief", Quota: 4}), "allocation")
			c.mustDo("2023-01-03", &Allocate{From: From{Fund: c.fund}, To: a, Amount: 900000})
			c.refused("2023-01-03", &Allocate{From: From{Fund: c.fund}, To: a}, AmountNotPositive)
			c.now = until.Add(time.Hour)
			receive := func(at time.Time) {
				c.by(c.drafter).mustDo("2023-01-04", &ReceiveNomination{Allocation: a, Origin: "某县", Arrived: at})
			}
			receive(until)
			receive(until.Add(time.Minute))
			receive(until.Add(-time.Hour))
			n := Made(c.mustDo("2023-01-05", &DraftNotice{Allocation: a, Heading: Heading{Title: "名单"}}), "notice")
			lines := func(nomination int, groups ...string) *AddLines {
				add := &AddLines{Notice: n}
				for i, g := range groups {
					add.Rows = append(add.Rows, LineRow{Beneficiary: c.person(fmt.Sprint(g, i)), Group: g, Nomination: nomination, Give: []Give{{Form: Cash, Amount: 100000}}})
				}
				return add
			}
			c.refused("2023-01-05", lines(2, "甲厂"), NominationLate)
			c.refused("2023-01-05", lines(0, "甲厂"), NominationMissing) // so that nobody is listed around the deadline
			c.by(c.reviewer).mustDo("2023-01-05", &RejectNomination{Allocation: a, Nomination: 3})
			c.refused("2023-01-05", &RejectNomination{Allocation: a, Nomination: 3}, NominationDone)
			c.by(c.drafter).refused("2023-01-05", lines(3, "甲厂"), NominationDone)
			c.mustDo("2023-01-05", lines(1, "甲厂", "甲厂", "甲厂", "乙厂", "丙厂", "乙厂"))
			c.by(c.reviewer).mustDo("2023-01-05", &ReviewNotice{Notice: n})
			c.confirm("2023-01-05", n)
			var over []int
			for _, l := range c.l.Allocations[a].Lines {
				if l.Over {
					over = append(over, int(l.No))
				}
			}
			if !slices.Equal(over, []int{3, 5}) {
				t.Errorf("over quota are %v: the third of one works, and a third works", over)
			}
			c.by(c.accountant).refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(3)}, OverQuota)
			c.mustDo("2023-01-06", &SetQuota{Allocation: a, Quota: 1})
			c.refused("2023-01-06", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(2)}, OverQuota)
			c.mustDo("2023-01-06", &SetQuota{Allocation: a, Quota: 0})
			c.prepare("2023-01-06", a, 1, 2, 4, 6)
		}},
		{"-", "people: identified, merged, in a household", func(t *testing.T) {
			c := newCounty(t, noNotice(), 0)
			c.by(c.drafter)
			stranger := Made(c.mustDo("2023-01-05", &RegisterParty{Unit: c.unit, Type: Unidentified}), "party")
			known := c.person("己")
			c.refused("2023-01-05", &IdentifyParty{Party: known, Type: Person, PersonalDetails: PersonalDetails{Name: sealed("己")}}, NotUnidentified)
			c.mustDo("2023-01-05", &IdentifyParty{Party: stranger, Type: Person, PersonalDetails: PersonalDetails{Name: sealed("己")}})
			c.by(id(-2)).mustDo("2023-01-05", &MergeParties{Party: stranger, Into: known})
			c.refused("2023-01-05", &MergeParties{Party: known, Into: stranger}, IsMerged)
			c.refused("2023-01-05", &CorrectParty{Party: stranger}, IsMerged)
			c.refused("2023-01-05", &ChangeMembership{Party: known, Household: known}, FieldWrong)
			c.refused("2023-01-05", &RegisterParty{Unit: c.unit, Type: Group, Headcount: Headcount{Exactly, 0}}, FieldWrong)
			c.refused("2023-01-05", &RegisterParty{Unit: c.unit, Type: Person}, FieldMissing)
		}},
		{"-", "units and programmes", func(t *testing.T) {
			c := newCounty(t, noNotice(), 0)
			c.by(id(-2)).refused("2023-01-05", &CloseUnit{Unit: c.unit}, UnitHasOpen)
			parent := c.unit
			var err error
			for n := 0; err == nil && n <= maxDepth; n++ {
				var made ID
				made, err = c.do("2023-01-05", &RegisterUnit{Parent: parent, Name: fmt.Sprint("级", n), Division: "41"})
				parent = Made(made, "unit")
			}
			if err == nil {
				t.Error("units without end")
			}
			provoked[TooDeep] = true
			bad := noNotice()
			bad.Forms = []Form{"gold"}
			c.refused("2023-01-05", &DefineProgramme{Unit: c.unit, Name: "x", Terms: bad}, TermsWrong)
			c.mustDo("2023-01-06", &ReviseProgramme{Programme: c.programme, Terms: plainTerms()})
			c.mustDo("2023-01-07", &ReviseProgramme{Programme: c.programme, Ended: true})
			c.refused("2023-01-08", &ReviseProgramme{Programme: c.programme, Terms: plainTerms()}, NotOpen)
		}},
		{"-", "a list that is not complete counts as absent", func(t *testing.T) {
			c := newCounty(t, noNotice(), 100000)
			a := c.allocate("2023-01-05", 100000)
			n := Made(c.by(c.drafter).mustDo("2023-01-05", &DraftNotice{Allocation: a, Heading: Heading{Title: "名单"}}), "notice")
			p := c.person("庚")
			rows := make([]LineRow, LinesInPart+1)
			for i := range rows {
				rows[i] = LineRow{Beneficiary: p, Give: []Give{{Form: Cash, Amount: 1}}}
			}
			o := c.order("2023-01-05", &AddLines{Notice: n, Rows: rows})
			d, err := c.l.Decide(o, Env{Now: c.now, Calendar: DefaultCalendar()})
			if err != nil || len(d.Parts) != 2 {
				t.Fatal(err)
			}
			c.apply(d.Stream, d.Parts[0][0], Metadata{Actor: o.Actor, Command: &Proof{ID: o.ID, Digest: digestOf(o)}, Recorded: c.now})
			if len(c.l.Notices[n].Lines) != 0 {
				t.Error("half a list is there")
			}
			c.refused("2023-01-05", &AddLines{Notice: n, Rows: rows[:1]}, ListIncomplete)
			c.by(c.reviewer).refused("2023-01-05", &ReviewNotice{Notice: n}, ListIncomplete)
			// Sent again, it goes on at the part that is missing.
			again, err := c.l.Decide(o, Env{Now: c.now, Calendar: DefaultCalendar()})
			if err != nil || len(again.Parts) != 1 || again.Parts[0][0].(*NoticeLinesAdded).Part != 2 {
				t.Fatal(again, err)
			}
			c.apply(again.Stream, again.Parts[0][0], Metadata{Actor: o.Actor, Command: &Proof{ID: o.ID, Digest: digestOf(o)}, Recorded: c.now})
			if got := len(c.l.Notices[n].Lines); got != len(rows) {
				t.Errorf("%d lines", got)
			}
		}},
	}
	rows = append(rows, erasureRows...)
	for _, r := range rows {
		t.Run(r.rule+" "+r.what, r.test)
	}
	if t.Failed() {
		return
	}
	// What is refused before a command is one: how amounts, dates and numbers
	// are read, which money_test, calendar_test and identity_test are about.
	elsewhere := []*Code{AmountUnreadable, AmountTooFine, AmountTooLarge, AmountNotText, SplitImpossible, QuantityUnreadable, NoSuchDay, CalendarWrong,
		PeriodWrong, NumberLength, NumberCheck, NumberDate, NumberFloat, CreditWrong, DivisionWrong, AccountWrong, BadReplace}
	for _, c := range Codes() {
		if !provoked[c] && !slices.Contains(elsewhere, c) {
			t.Errorf("no row of the table provokes %s (%s)", c.Name, c.Zh)
		}
	}
}

// entry is the command to name the last event of a type by.
func (s *story) entry(kind string) ID {
	for i := len(s.log) - 1; i >= 0; i-- {
		if TypeOf(s.log[i].Event) == kind {
			if r, ok := s.l.RefTo(s.log[i].ID); ok {
				return r.Command
			}
		}
	}
	s.t.Fatalf("no %s", kind)
	return ID{}
}
