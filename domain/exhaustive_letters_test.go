package domain

import "fmt"

// letter is one event that can happen in a sequence. command returns nil if the state
// has nothing that the command could be about.
type letter struct {
	name    string
	officer int    // 0 or 1
	slot    string // names what the letter makes; there is at most one for each slot
	back    Day    // its business date is so many days ago
	command func(l *Ledger) Command
}

const (
	nextDay  = "a day passes"
	nextStep = "a step"
	// notAlongItsEdge must never be accepted (rule 3).
	notAlongItsEdge = "top up lower out of the other upper"
	// mostSteps is far longer than any chain of steps here.
	mostSteps = 40
)

// tiny is the ledger before anything happened, and the alphabet.
type tiny struct {
	base     []*Recorded
	officers [2]ID
	unit     ID
	letters  []letter
}

// tinySource is where all money comes from.
var tinySource = Source{Kind: Treasury, Name: "来源"}

func newTiny(t tb) *tiny {
	s := newStory(t)
	x := &tiny{officers: [2]ID{id(-2), id(-3)}, unit: s.l.Opened.Root.ID}
	for i, roles := range [2][]Role{{Accountant, Drafter}, {Approver, Cashier, Reviewer}} {
		for _, r := range roles {
			s.by(x.officers[1-i]).mustDo("2023-01-01", &GrantRole{Officer: x.officers[i], Role: r, Unit: x.unit})
		}
	}
	terms := plainTerms()
	terms.Categories = []Category{{Code: "a"}}
	terms.LinesPerGroup = 3
	terms.Notice[0].Days = 1
	programme := Made(s.by(x.officers[0]).mustDo("2023-01-01", &DefineProgramme{Unit: x.unit, Name: "项目", Terms: terms}), "programme")
	var people []ID
	for i := range 3 {
		people = append(people, Made(s.mustDo("2023-01-01", &RegisterParty{Unit: x.unit, Type: Person, PersonalDetails: PersonalDetails{Name: sealed(fmt.Sprint("人", i))}}), "party"))
	}
	funds := map[string]ID{}
	for _, name := range []string{"A", "B"} {
		funds[name] = Made(s.mustDo("2023-01-02", &EstablishFund{Unit: x.unit, Name: name, Earmark: []string{"relief"}}), "fund")
	}
	x.base = s.log
	x.alphabet(programme, funds, people)
	return x
}

func slotID(slot string) ID { return Made(id(-7), slot) }

// alphabet adds the letters. They find what they are about in the state, so that they
// fit most states. Most letters are meant to be refused in most states.
func (x *tiny) alphabet(programme ID, funds map[string]ID, people []ID) {
	upper := map[string]ID{"A": Made(slotID("upper A"), "allocation"), "B": Made(slotID("upper B"), "allocation")}
	lower, notice := Made(slotID("lower"), "allocation"), Made(slotID("notice"), "notice")
	add := func(name string, officer int, command func(l *Ledger) Command) *letter {
		x.letters = append(x.letters, letter{name: name, officer: officer, command: command})
		return &x.letters[len(x.letters)-1]
	}
	always := func(c Command) func(*Ledger) Command { return func(*Ledger) Command { return c } }
	for _, amount := range []Yuan{1, 2} {
		for _, f := range []string{"A", "B"} {
			add(fmt.Sprintf("receive %s %d", f, amount), 0, always(&ReceiveFunds{Fund: funds[f], Source: tinySource, Amount: amount}))
			add(fmt.Sprintf("open upper %s %d", f, amount), 0, always(&Allocate{From: From{Fund: funds[f]}, Unit: x.unit, Programme: programme, Purpose: "relief", Amount: amount})).slot = "upper " + f
			add(fmt.Sprintf("surrender %s %d", f, amount), 0, always(&SurrenderFunds{Fund: funds[f], Source: tinySource, Amount: amount}))
		}
		add(fmt.Sprintf("open lower %d", amount), 0, always(&Allocate{From: From{Allocation: upper["A"]}, Unit: x.unit, Programme: programme, Purpose: "relief", Amount: amount})).slot = "lower"
		add(fmt.Sprintf("top up upper %d", amount), 0, always(&Allocate{From: From{Fund: funds["A"]}, To: upper["A"], Amount: amount}))
		add(fmt.Sprintf("top up lower %d", amount), 0, always(&Allocate{From: From{Allocation: upper["A"]}, To: lower, Amount: amount}))
		add(fmt.Sprintf("return from lower %d", amount), 0, always(&ReturnUnspent{Allocation: lower, Amount: amount}))
		add(fmt.Sprintf("payment comes back %d", amount), 0, func(l *Ledger) Command {
			ref, ok := lastPayment(l, lower)
			if !ok {
				return nil
			}
			return &ReturnDisbursement{Allocation: lower, Payment: ref, Amount: amount, Kind: "payee"}
		})
	}
	add(notAlongItsEdge, 0, always(&Allocate{From: From{Allocation: upper["B"]}, To: lower, Amount: 1}))
	add("receive yesterday", 0, always(&ReceiveFunds{Fund: funds["A"], Source: tinySource, Amount: 1})).back = 1
	add("top up lower yesterday", 0, always(&Allocate{From: From{Allocation: upper["A"]}, To: lower, Amount: 1})).back = 1
	add("return from lower yesterday", 0, always(&ReturnUnspent{Allocation: lower, Amount: 1})).back = 1
	add("return all from lower", 0, always(&ReturnUnspent{Allocation: lower}))
	add("return all from upper", 0, always(&ReturnUnspent{Allocation: upper["A"]}))
	add("return all from upper B", 0, always(&ReturnUnspent{Allocation: upper["B"]}))
	add("pass on", 0, always(&PassOnFunds{Fund: funds["A"], To: "协会", Amount: 1}))
	add("close lower", 0, always(&CloseAllocation{Allocation: lower}))
	add("close upper", 0, always(&CloseAllocation{Allocation: upper["A"]}))
	add("close fund", 0, always(&CloseFund{Fund: funds["A"]}))
	add("close the books", 0, func(l *Ledger) Command { return &CloseBooks{Unit: x.unit} }) // through yesterday

	add("draft", 0, always(&DraftNotice{Allocation: lower, Heading: Heading{Title: "名单", Issuer: "县", Phone: "1", HowTo: "书面"}})).slot = "notice"
	add("list", 0, func(*Ledger) Command {
		c := &AddLines{Notice: notice}
		for i, amount := range []Yuan{1, 1, 2} {
			c.Rows = append(c.Rows, LineRow{Beneficiary: people[i], Category: "a", Give: []Give{{Form: Cash, Amount: amount}}})
		}
		return c
	})
	add("review", 1, always(&ReviewNotice{Notice: notice, Meeting: "会"}))
	add("publish", 1, func(l *Ledger) Command {
		return &PublishNotice{Notice: notice, Timing: BeforePayment, Places: []Posted{{Place: "village-board", Disclosure: FullNames}}}
	})
	add("object", 0, always(&RaiseObjection{Notice: notice, Lines: []int{1}}))
	add("strike", 1, always(&ResolveObjection{Notice: notice, Objection: 1, Outcome: LineStruck}))
	add("confirm", 1, always(&ConfirmNotice{Notice: notice}))
	add("stop", 1, always(&StopLine{Allocation: lower, Line: 2}))
	add("resume", 1, always(&ResumeLine{Allocation: lower, Line: 2}))

	add("prepare 1", 0, func(l *Ledger) Command { return prepareLines(l, lower, []int{1}, false) })
	add("prepare 1 naming what came back", 0, func(l *Ledger) Command { return prepareLines(l, lower, []int{1}, true) })
	add("prepare 3", 0, func(l *Ledger) Command { return prepareLines(l, lower, []int{3}, false) })
	add("prepare 3 naming what came back", 0, func(l *Ledger) Command { return prepareLines(l, lower, []int{3}, true) })
	add("prepare 1, 2, 3", 0, func(l *Ledger) Command { return prepareLines(l, lower, []int{1, 2, 3}, false) })
	last := func(l *Ledger) int {
		if a := l.Allocations[lower]; a != nil {
			return len(a.Batches)
		}
		return 0
	}
	add("approve", 1, func(l *Ledger) Command { return &ApproveBatch{Allocation: lower, Batch: last(l)} })
	add("reject", 1, func(l *Ledger) Command { return &RejectBatch{Allocation: lower, Batch: last(l)} })
	add("pay", 1, func(l *Ledger) Command { return &PayBatch{Allocation: lower, Batch: last(l)} })
	add("pay but for row 1", 1, func(l *Ledger) Command {
		return &PayBatch{Allocation: lower, Batch: last(l), NotPaid: []NotPaid{{Row: 1, Code: "absent"}}}
	})
	add("pay row 1", 1, func(l *Ledger) Command { return &Disburse{Allocation: lower, Batch: last(l), Row: 1} })
	for _, kind := range []string{"FundsReceived", "DisbursementMade", "DisbursementReturned"} {
		add("reverse the last "+kind, 0, func(l *Ledger) Command {
			from := From{Allocation: lower}
			if kind == "FundsReceived" {
				from = From{Fund: funds["A"]}
			}
			ref, ok := lastEntry(l, from, kind)
			if !ok {
				return nil
			}
			return &ReverseEntry{From: from, Entry: ref}
		})
	}
}

func lastPayment(l *Ledger, allocation ID) (Ref, bool) {
	a := l.Allocations[allocation]
	if a == nil || len(a.Payments) == 0 {
		return Ref{}, false
	}
	return l.RefTo(l.idAt(a.Payments[len(a.Payments)-1].Number))
}

func lastEntry(l *Ledger, from From, kind string) (ref Ref, ok bool) {
	b := l.book(from.stream())
	if b == nil {
		return ref, false
	}
	if a := l.Allocations[b.ID]; kind == "DisbursementMade" && a != nil && len(a.Payments) > 0 {
		return l.RefTo(l.idAt(a.Payments[len(a.Payments)-1].Number)) // which are no entries apart
	}
	var last uint64
	for event, made := range b.reversible {
		if at, _ := l.Number(event); made.kind == kind && (!ok || at > last) {
			if r, named := l.RefTo(event); named {
				ref, last, ok = r, at, true
			}
		}
	}
	return ref, ok
}

func prepareLines(l *Ledger, allocation ID, lines []int, naming bool) Command {
	c := &PrepareBatch{Allocation: allocation, Form: Cash}
	named := false
	for _, no := range lines {
		row := RowToPay{Line: no}
		if a := l.Allocations[allocation]; naming && a != nil && a.line(no) != nil && len(a.line(no).Due[0].Back()) > 0 {
			if ref, ok := l.RefTo(a.line(no).Due[0].Back()[0]); ok {
				row.Again, named = &ref, true
			}
		}
		c.Rows = append(c.Rows, row)
	}
	if naming && !named {
		return nil // the other letter does that
	}
	return c
}

// order makes an order of a letter, nil if the letter does not fit. Its id depends only
// on its own stream, so that the order in which different streams were written makes no
// new state.
func (x *tiny) order(l *Ledger, a letter, today Day) *Order {
	body := a.command(l)
	if body == nil {
		return nil
	}
	o := &Order{ID: slotID(a.slot), Actor: x.officers[a.officer], Date: today - a.back, Body: body}
	switch c := body.(type) {
	case *CloseBooks:
		c.Through = today - 1
	case *PublishNotice:
		c.Places[0].On = today
	}
	if a.slot == "" {
		stream := body.target(o)
		revision, _ := l.Revision(stream)
		o.ID = Made(id(-8), fmt.Sprint(a.name, " ", stream, " ", revision))
	}
	return o
}

// beginnings are sequences from whose ends the test starts. Each begins where the one in
// after ends, or with the empty ledger.
var beginnings = []struct {
	name, after string
	letters     []string
}{
	{"empty funds", "", nil},
	{"money on its way", "", []string{"receive A 2", "receive A 2", "receive B 1", "open upper A 2", nextStep, "top up upper 2", "open lower 2"}},
	{"a list", "", []string{"receive A 2", "receive A 2", "receive A 1", "open upper A 2", nextStep, "top up upper 2", nextStep, "top up upper 1", nextStep,
		"open lower 2", nextStep, "top up lower 2", nextStep, "draft", "list", "review"}},
	{"a list whose time is over", "a list", []string{"publish", nextDay, nextDay}},
	{"a batch approved", "a list whose time is over", []string{"confirm", nextStep, "prepare 1, 2, 3", "approve"}},
	{"some paid", "a batch approved", []string{"pay but for row 1", nextStep, "payment comes back 1"}},
	{"all paid", "a batch approved", []string{"pay", nextStep, "return all from upper", nextStep, "close lower"}},
	{"all closed", "all paid", []string{"close upper", nextDay, "close the books"}},
}

var firstTiny = day("2023-02-01")
