package domain

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestRules sends random commands, valid and invalid, over several funds, levels and
// units. An auditor that shares no code with the decisions then judges the history:
// rules 1 to 7 are never broken, and rules of conduct only by events that are marked
// irregular.
func TestRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(30, 70).Draw(t, "commands") {
			w.step()
		}
		audit(t, w.story)
		// Folding the events again gives the state that decided.
		again := NewLedger()
		for _, r := range w.log {
			if _, err := again.Apply(r); err != nil {
				t.Fatal(err)
			}
		}
		if again.fingerprint() != w.l.fingerprint() {
			t.Fatal("the fold of the events is not the state that decided")
		}
		if again.Owed() != 0 {
			t.Fatalf("%d steps are owed", again.Owed())
		}
		w.balances(t)
	})
}

// balances compares the lots with the postings, and checks the balances at the end of
// every day (rule 1).
func (s *story) balances(t *rapid.T) {
	held := func(b *Book) {
		items := map[string]int64{}
		for _, l := range b.lots {
			if l.Left < 0 {
				t.Fatalf("rule 1: lot %d of %s holds %d", l.No, b.Stream, l.Left)
			}
			items[l.Item] += l.Left
		}
		for item, left := range items {
			account := Held
			if item != Money {
				account = Stock
			}
			var posted int64
			for _, moved := range s.days {
				posted += moved[balanceOf{b.Stream, account, item}]
			}
			if posted != left {
				t.Fatalf("%s holds %d of %q by its lots, %d by its postings", b.Stream, left, item, posted)
			}
		}
	}
	for _, f := range s.l.Funds {
		held(&f.Book)
	}
	for _, a := range s.l.Allocations {
		held(&a.Book)
	}
	var days []Day
	for d := range s.days {
		days = append(days, d)
	}
	slices.Sort(days)
	sums := map[balanceOf]int64{}
	for _, d := range days {
		for k, q := range s.days[d] {
			sums[k] += q
		}
		for k, sum := range sums {
			if sum < 0 && (k.account == Held || k.account == Stock || k.account == Reserved || k.account == Transit) {
				t.Fatalf("rule 1: at the end of %s %s of %s stands at %d of %q", d, k.account, k.stream, sum, k.item)
			}
		}
	}
}

// world is a county with officers, funds and people for random commands.
type world struct {
	*county
	t        *rapid.T
	units    []ID
	funds    []ID
	people   []ID
	sent     []*Order // accepted and refused orders, to send again
	accepted map[ID]string
	today    Day
}

func newWorld(t *rapid.T) *world {
	terms := plainTerms()
	terms.Purposes = []string{"relief", "goods"}
	terms.Categories = []Category{{Code: "a"}, {Code: "b"}}
	terms.Standards = []Standard{{Most: 30000}}
	terms.CapPerPerson = 50000
	terms.LinesPerGroup = 3
	c := newCounty(t, terms, 0)
	w := &world{county: c, t: t, accepted: map[ID]string{}, today: day("2023-01-10")}
	town := Made(c.by(id(-2)).mustDo("2023-01-03", &RegisterUnit{Parent: c.unit, Name: "乡", Division: "410527"}), "unit")
	village := Made(c.mustDo("2023-01-03", &RegisterUnit{Parent: town, Name: "村", Division: "410527"}), "unit")
	w.units = []ID{c.unit, town, village}
	c.by(c.accountant)
	other := Made(c.mustDo("2023-01-03", &EstablishFund{Unit: c.unit, Name: "捐款", Earmark: []string{"relief", "goods"}}), "fund")
	w.funds = []ID{c.fund, other}
	for i, f := range w.funds {
		c.mustDo("2023-01-04", &ReceiveFunds{Fund: f, Source: Source{Kind: Treasury, Name: fmt.Sprint("来源", i)}, Amount: 100000})
	}
	for i := range 5 {
		w.people = append(w.people, c.person(fmt.Sprint("人", i)))
	}
	// A list that is being paid, so that most histories get to the money.
	a := c.allocate("2023-01-04", 60000)
	n := w.fullList(a)
	c.publish("2023-01-05", n)
	c.confirm("2023-01-09", n)
	c.prepare("2023-01-10", a, 1, 2)
	c.by(c.approver).mustDo("2023-01-10", &ApproveBatch{Allocation: a, Batch: 1})
	c.by(c.cashier).mustDo("2023-01-10", &PayBatch{Allocation: a, Batch: 1})
	c.mustDo("2023-01-10", &RecordReceipt{Allocation: a, Kind: "签领表", HeldBy: "档案室", Batch: 1})
	c.by(c.reviewer).mustDo("2023-01-10", &StopLine{Allocation: a, Line: 3})
	// A batch that waits for its approval, and a notice that still runs.
	c.prepare("2023-01-10", a, 4)
	c.publish("2023-01-09", w.fullList(a))
	return w
}

func (w *world) fullList(a ID) ID {
	n := Made(w.by(w.drafter).mustDo("2023-01-04", &DraftNotice{Allocation: a, Heading: Heading{Title: "名单", Issuer: "县", Phone: "1", HowTo: "书面"}}), "notice")
	var rows []LineRow
	for i, p := range w.people {
		rows = append(rows, LineRow{Beneficiary: p, Category: "a", Group: fmt.Sprint(i / 3), Give: []Give{{Form: Cash, Amount: 10000}}})
	}
	w.mustDo("2023-01-04", &AddLines{Notice: n, Rows: rows})
	w.by(w.reviewer).mustDo("2023-01-04", &ReviewNotice{Notice: n, Meeting: "会"})
	return n
}

func pickOne[T any](w *world, name string, from []T) (one T, ok bool) {
	if len(from) == 0 {
		return one, false
	}
	return from[rapid.IntRange(0, len(from)-1).Draw(w.t, name)], true
}

func (w *world) n(name string, from, to int) int { return rapid.IntRange(from, to).Draw(w.t, name) }

func (w *world) allocationIDs() []ID {
	var ids []ID
	for _, r := range w.log {
		if e, ok := r.Event.(*AllocationOpened); ok {
			ids = append(ids, e.Allocation)
		}
	}
	return ids
}

func (w *world) noticeIDs() []ID {
	var ids []ID
	for _, r := range w.log {
		if e, ok := r.Event.(*NoticeDrafted); ok {
			ids = append(ids, e.Notice)
		}
	}
	return ids
}

// entries returns refs to earlier entries of these types.
func (w *world) entries(types ...string) []Ref {
	var refs []Ref
	for _, r := range w.log {
		if slices.Contains(types, TypeOf(r.Event)) {
			if ref, ok := w.l.RefTo(r.ID); ok {
				refs = append(refs, ref)
			}
		}
	}
	return refs
}

// reversedEntries returns refs to entries that were reversed.
func (w *world) reversedEntries() []Ref {
	var refs []Ref
	for _, r := range w.log {
		if e, ok := r.Event.(*EntryReversed); ok {
			if ref, ok := w.l.RefTo(e.Entry); ok {
				refs = append(refs, ref)
			}
		}
	}
	return refs
}

// step sends one random command, often a sensible one.
func (w *world) step() {
	w.today += Day(w.n("days", 0, 3) / 2)
	var body Command
	from := func() From {
		if a, ok := pickOne(w, "from allocation", w.allocationIDs()); ok && w.n("level", 0, 2) > 0 {
			return From{Allocation: a}
		}
		f, _ := pickOne(w, "from fund", w.funds)
		return From{Fund: f}
	}
	amount := Yuan(w.n("amount", 1, 12) * 5000)
	a, _ := pickOne(w, "allocation", w.allocationIDs())
	n, _ := pickOne(w, "notice", w.noticeIDs())
	alloc := w.l.Allocations[a]
	batch := max(1, len(alloc.Batches)-w.n("batch", 0, 1))
	source := Source{Kind: Treasury, Name: fmt.Sprint("来源", w.n("source", 0, 1))}
	line := 1 + w.n("line", 0, max(0, len(alloc.Lines)))
	switch w.n("command", 0, 27) {
	case 0:
		f, _ := pickOne(w, "fund", w.funds)
		body = &ReceiveFunds{Fund: f, Source: source, Amount: amount}
	case 1, 2:
		u, _ := pickOne(w, "unit", w.units)
		purpose, _ := pickOne(w, "purpose", []string{"relief", "relief", "goods", "other"})
		body = &Allocate{From: from(), Unit: u, Programme: w.programme, Purpose: purpose, Amount: amount, Quota: w.n("quota", 0, 3)}
	case 3:
		body = &Allocate{From: from(), To: a, Amount: amount}
	case 4:
		body = &DraftNotice{Allocation: a, Heading: Heading{Title: "名单", Issuer: "县", Phone: "1", HowTo: "书面"}}
	case 5, 6:
		var rows []LineRow
		for range w.n("rows", 1, 4) {
			p, _ := pickOne(w, "person", w.people)
			cat, _ := pickOne(w, "category", []string{"a", "a", "b", "c"})
			rows = append(rows, LineRow{Beneficiary: p, Category: cat, Group: fmt.Sprint(w.n("group", 0, 1)), Give: []Give{{Form: Cash, Amount: Yuan(w.n("give", 1, 7) * 5000)}}})
		}
		body = &AddLines{Notice: n, Rows: rows}
	case 7:
		body = &ReviewNotice{Notice: n, Meeting: "会"}
	case 8:
		body = &PublishNotice{Notice: n, Timing: BeforePayment, Places: []Posted{{Place: "village-board", On: w.today, Disclosure: FullNames}}}
	case 9:
		body = &ConfirmNotice{Notice: n}
	case 10:
		body = &RaiseObjection{Notice: n, Lines: []int{1 + w.n("objected", 0, 2)}}
	case 11:
		o, _ := pickOne(w, "outcome", []Outcome{Dismissed, LineStruck, Dismissed})
		body = &ResolveObjection{Notice: n, Objection: w.n("objection", 1, 2), Outcome: o}
	case 12, 13, 14, 15:
		var rows []RowToPay
		for range w.n("rows", 1, 3) {
			row := RowToPay{Line: 1 + w.n("row line", 0, max(0, len(alloc.Lines)))}
			if w.n("whole", 0, 3) == 0 {
				row.Amount = amount
			}
			if back, ok := pickOne(w, "again", w.entries("DisbursementRejected", "DisbursementReturned", "EntryReversed")); ok && w.n("names", 0, 2) > 0 {
				row.Again = &back
			}
			rows = append(rows, row)
		}
		form, _ := pickOne(w, "form", []Form{Cash, Cash, Cash, Voucher})
		body = &PrepareBatch{Allocation: a, Form: form, Rows: rows}
	case 16:
		body = &ApproveBatch{Allocation: a, Batch: batch}
	case 17:
		body = &RejectBatch{Allocation: a, Batch: batch}
	case 18, 19:
		p := &PayBatch{Allocation: a, Batch: batch}
		if w.n("some", 0, 2) == 0 {
			p.NotPaid = []NotPaid{{Row: w.n("not", 1, 2), Code: "absent"}}
		}
		body = p
	case 20:
		p := &Disburse{Allocation: a, Form: Cash, Pay: &RowToPay{Line: line}}
		if len(alloc.Batches) > 0 && w.n("of batch", 0, 2) > 0 {
			p = &Disburse{Allocation: a, Batch: batch, Row: w.n("row", 1, 3)}
		}
		body = p
	case 21, 22:
		ref, _ := pickOne(w, "payment", w.entries("DisbursementMade"))
		body = &ReturnDisbursement{Allocation: a, Payment: ref, Amount: amount, Kind: "payee"}
	case 23:
		ref, _ := pickOne(w, "entry", w.entries("FundsReceived", "DisbursementMade", "DisbursementReturned", "ReceiptRecorded", "AllocationMade", "EntryReversed", "GoodsPurchased"))
		if was, ok := pickOne(w, "reversed", w.reversedEntries()); ok && w.n("once more", 0, 2) == 0 {
			ref = was
		}
		book := from()
		if e, ok := w.l.Find(ref); ok && w.n("right book", 0, 3) > 0 {
			n, _ := w.l.Number(e)
			kind, id, _ := SplitStream(w.l.StreamAt(n))
			if book = (From{Allocation: id}); kind == FundKind {
				book = From{Fund: id}
			}
		}
		body = &ReverseEntry{From: book, Entry: ref}
	case 24:
		body = &ReturnUnspent{Allocation: a, Amount: Yuan(w.n("part", 0, 1)) * amount}
	case 25:
		f, _ := pickOne(w, "fund", w.funds)
		body = &SurrenderFunds{Fund: f, Source: source, Amount: amount}
		if w.n("closing", 0, 2) == 0 {
			body = &CloseAllocation{Allocation: a}
		}
	case 26:
		body = &StopLine{Allocation: a, Line: line}
		if w.n("resume", 0, 1) == 0 {
			body = &SetQuota{Allocation: a, Quota: w.n("quota", 0, 6)}
		}
	case 27:
		u, _ := pickOne(w, "unit", w.units)
		body = &CloseBooks{Unit: u, Through: w.today - Day(w.n("through", 0, 3))}
		if w.n("books or goods", 0, 2) > 0 {
			body = &PurchaseGoods{From: from(), Item: "米（袋）", Quantity: Count(w.n("quantity", 1, 5) * 1000), Cost: amount}
		}
	}
	w.send(body)
}

// send sends an order, mostly by an officer who may give it. Sometimes it is dated
// wrongly, done by another officer, claimed irregular, or sent twice.
func (w *world) send(body Command) {
	o := &Order{ID: id(1_000_000 + len(w.sent)), Date: w.today, Body: body}
	row := roleTable[roleRow[CommandName(body)]]
	cast := map[Role]ID{Registrar: id(-2), Drafter: w.drafter, Reviewer: w.reviewer, Accountant: w.accountant, Approver: w.approver, Cashier: w.cashier, Storekeeper: w.storekeeper}
	o.Actor = id(-2)
	if len(row.roles) > 0 {
		o.Actor = cast[row.roles[0]]
	}
	all := []ID{w.drafter, w.reviewer, w.accountant, w.approver, w.cashier}
	switch w.n("twist", 0, 14) {
	case 0:
		o.Actor, _ = pickOne(w, "actor", all)
	case 1, 2, 3:
		o.DoneBy, _ = pickOne(w, "done by", all)
	case 4:
		o.Date -= Day(w.n("back", 1, 12))
	case 5:
		o.Date += Day(w.n("ahead", 1, 3))
	case 6, 7:
		o.Happened = &Span{o.Date - Day(w.n("first", 0, 8)), o.Date + Day(w.n("last", -2, 1))}
	case 8:
		if len(w.sent) > 0 { // an earlier order again, or its id with other content
			old, _ := pickOne(w, "old", w.sent)
			again := *old
			if w.n("other content", 0, 1) == 1 {
				again.Date--
			}
			o = &again
		}
	case 9, 10, 11:
		codes := []*Code{NotPublished, NoticeRunning, ObjectionOpen, AbovePublished, LineIsStopped, OtherForm, SamePerson, NoBatch, CategoryUnknown, OffStandard, OverQuota, OutsideEarmark}
		o.Second, _ = pickOne(w, "second", all)
		for range w.n("claims", 1, 3) {
			c, _ := pickOne(w, "claim", codes)
			if !slices.ContainsFunc(o.Irregular, func(x Claim) bool { return x.Code == c.Name }) {
				o.Irregular = append(o.Irregular, Claim{Code: c.Name, Reason: sealed("补记")})
			}
		}
	}
	w.sent = append(w.sent, o)
	if t := w.today.Start().Add(10 * 3600 * 1e9); t.After(w.now) {
		w.now = t
	}
	before := len(w.log)
	err := w.run(o)
	if err != nil && len(w.log) != before {
		w.t.Fatalf("the refused %s wrote %d events", CommandName(o.Body), len(w.log)-before)
	}
	if digest := string(digestOf(o)); err == nil && len(w.log) > before {
		if old, twice := w.accepted[o.ID]; twice {
			w.t.Fatalf("rule 5: %s had an effect twice (same content: %v)", CommandName(o.Body), old == digest)
		}
		w.accepted[o.ID] = digest
	} else if err == nil && w.accepted[o.ID] != digest {
		w.t.Fatalf("rule 5: %s was answered as if it were another", CommandName(o.Body))
	}
	var r *Refusal
	if errors.As(err, &r) && (r.Sentence(Zh) == "" || r.Sentence(En) == "") {
		w.t.Fatal("a refusal without words")
	}
}
