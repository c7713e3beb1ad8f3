package domain

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// Every sequence of commands up to a length over a tiny ledger: two funds, two
// levels of allocation, a list of three lines, two officers between whom all
// roles are split, amounts of 1 and 2 fen, two days. It goes out from several
// beginnings, so that short sequences reach everything: empty funds, money on
// its way, a list admitted, a batch approved, payments made, books closed.
//
// A state that was seen is cut off. States are compared by what can still
// matter: all streams, but not the order in which different streams were
// written.
//
// Steps of processes are letters like commands: before and after each of them
// any command may come, and each letter is given to a ledger that was folded
// anew from its events, as after a crash. What a ledger that went on has come
// to must be what the fold comes to.
//
// What it cannot see: goods, banks, calendars, more than one unit, irregular
// records, and what only longer sequences or larger numbers bring; TestRules
// draws those at random.
var exhaustiveLength = flag.Int("exhaustive", 3, "how many commands TestExhaustive tries one after the other, from each beginning")

// letter is one thing that can happen. command returns nil where the state has
// nothing that it could be about.
type letter struct {
	name    string
	officer int    // 0 or 1
	slot    string // of the thing that it makes: one for each slot
	back    Day    // dated so many days back
	command func(l *Ledger) Command
}

const (
	nextDay  = "a day passes"
	nextStep = "a step"
	// notAlongItsEdge must never be accepted (rule 3).
	notAlongItsEdge = "top up lower out of the other upper"
	// mostSteps is far more than any chain of steps here has.
	mostSteps = 40
)

// tiny is the ledger before anything happened, and the alphabet.
type tiny struct {
	base     []*Recorded
	officers [2]ID
	unit     ID
	letters  []letter
}

// node is a state: how it was reached.
type node struct {
	from   *node
	by     string
	events []*Recorded // of the last letter
	today  Day
	length int // commands since the beginning
	state  [16]byte
	steps  int // steps in a row
}

func (n *node) String() string {
	var names []string
	for ; n != nil && n.by != ""; n = n.from {
		names = append(names, n.by)
	}
	slices.Reverse(names)
	return strings.Join(names, "; ")
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

// alphabet are the letters. What they are about is found in the state, so that
// they fit most states; that most are refused in most states is wanted.
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
	for event, made := range b.entries {
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
		return nil // it would be the other letter
	}
	return c
}

// order is the letter as an order; nil where it does not fit. Orders of
// different streams do not know of each other, so that their order among
// themselves makes no new state.
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

// explorer walks all states of one length, then of the next.
type explorer struct {
	*tiny
	most     int              // commands one after the other
	mu       sync.Mutex       // guards what follows
	seen     map[[16]byte]int // the least length at which it was reached
	next     []*node          // one command longer
	here     []*node          // of this length, not walked yet
	walking  int
	idle     *sync.Cond
	letters  map[string]int // how often each was accepted
	refused  map[string]int // by code
	restarts int
	settled  int
	failed   error
}

var firstTiny = day("2023-02-01")

// beginnings are sequences that stand before those that are tried: each goes
// on where the one that it names ends, or is the first.
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

func TestExhaustive(t *testing.T) {
	length := *exhaustiveLength
	if testing.Short() {
		length = min(length, 2)
	}
	x := &explorer{tiny: newTiny(t), most: length, seen: map[[16]byte]int{}, letters: map[string]int{}, refused: map[string]int{}}
	x.idle = sync.NewCond(&x.mu)
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // many small states, none of which is large
	began := time.Now()
	ends := map[string]*node{"": {today: firstTiny}}
	for _, b := range beginnings {
		n, err := x.begin(ends[b.after], b.letters)
		if err != nil {
			t.Fatal(err)
		}
		if err := x.found(n); err != nil {
			t.Fatal(err)
		}
		ends[b.name] = n
	}
	for at := 0; at <= length && x.failed == nil; at++ {
		x.here, x.next = x.next, nil
		var wg sync.WaitGroup
		for range runtime.GOMAXPROCS(0) {
			wg.Go(x.work)
		}
		wg.Wait()
		t.Logf("after %d commands: %d states, %d of them with every process ended; %.1f s", at, len(x.seen), x.settled, time.Since(began).Seconds())
	}
	if x.failed != nil {
		t.Fatal(x.failed)
	}
	var never []string
	for _, a := range x.tiny.letters {
		if x.letters[a.name] == 0 {
			never = append(never, a.name)
		}
	}
	accepted := 0
	for _, n := range x.letters {
		accepted += n
	}
	t.Logf("%d commands and steps were accepted (never: %s), refused with %d codes; a ledger was folded anew %d times", accepted, strings.Join(never, ", "), len(x.refused), x.restarts)
	if length >= 3 && !slices.Equal(never, []string{notAlongItsEdge}) || x.letters[notAlongItsEdge] > 0 {
		t.Errorf("letters that never came to anything: %s; want only: %s", strings.Join(never, ", "), notAlongItsEdge)
	}
}

// begin is the state after a beginning, or says which letter was refused.
func (x *explorer) begin(n *node, names []string) (*node, error) {
	for _, name := range names {
		l, _, err := x.fold(n)
		if err != nil {
			return nil, err
		}
		var next *node
		switch name {
		case nextDay:
			next = &node{from: n, by: name, today: n.today + 1}
		case nextStep:
			step, ok := l.Next()
			if !ok {
				return nil, fmt.Errorf("%s: no step is owed", n)
			}
			next = x.child(l, n, name, step.Stream, step.Events, Metadata{Cause: step.Cause})
		default:
			i := slices.IndexFunc(x.tiny.letters, func(a letter) bool { return a.name == name })
			if i < 0 {
				return nil, fmt.Errorf("no letter %q", name)
			}
			o := x.order(l, x.tiny.letters[i], n.today)
			d, err := l.Decide(o, x.env(n))
			if err != nil {
				return nil, fmt.Errorf("%s; %s: %w", n, name, err)
			}
			next = x.child(l, n, name, d.Stream, d.Parts[0], Metadata{Actor: o.Actor, Command: &Proof{ID: o.ID, Digest: digestOf(o)}})
		}
		next.length, next.steps = 0, 0
		n = next
	}
	return n, nil
}

// work walks states until none of this length is left.
func (x *explorer) work() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for {
		for len(x.here) == 0 && x.walking > 0 {
			x.idle.Wait()
		}
		if len(x.here) == 0 || x.failed != nil {
			x.idle.Broadcast()
			return
		}
		n := x.here[len(x.here)-1]
		x.here = x.here[:len(x.here)-1]
		x.walking++
		x.mu.Unlock()
		err := x.walk(n)
		x.mu.Lock()
		x.walking--
		if err != nil && x.failed == nil {
			x.failed = err
		}
		x.idle.Broadcast()
	}
}

// found keeps a state for the next length, unless it was seen.
func (x *explorer) found(n *node) error {
	l, _, err := x.fold(n)
	if err != nil {
		return err
	}
	n.state = x.stateOf(l, n.today)
	x.keep(n, l.Owed() == 0)
	return nil
}

func (x *explorer) keep(n *node, settled bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	before, seen := x.seen[n.state]
	if seen && before <= n.length {
		return
	}
	x.seen[n.state] = n.length
	if settled && !seen {
		x.settled++
	}
	if n.by == nextStep && n.from.length == n.length {
		x.here = append(x.here, n)
		x.idle.Broadcast()
		return
	}
	x.next = append(x.next, n)
}

func (x *explorer) env(n *node) Env {
	return Env{Now: n.today.Start().Add(9 * time.Hour), Calendar: DefaultCalendar()}
}

// walk judges a state and tries every letter in it.
func (x *explorer) walk(n *node) error {
	l, moved, err := x.fold(n)
	if err != nil {
		return err
	}
	if x.stateOf(l, n.today) != n.state {
		return fmt.Errorf("%s: folded anew it is another state", n)
	}
	if err := x.judge(n, l, moved); err != nil {
		return fmt.Errorf("%s: %w", n, err)
	}
	restarts := 1
	accepted, refused := map[string]int{}, map[string]int{}
	if step, ok := l.Next(); ok {
		if n.steps == mostSteps {
			return fmt.Errorf("%s: the processes never end", n)
		}
		if err := x.try(n, nextStep, step.Stream, step.Events, Metadata{Cause: step.Cause}, nil); err != nil {
			return err
		}
		accepted[nextStep]++
		restarts++
	}
	if n.length < x.most {
		if n.today < firstTiny+3 {
			x.keep(&node{from: n, by: nextDay, today: n.today + 1, length: n.length + 1, state: x.stateOf(l, n.today+1)}, l.Owed() == 0)
		}
		for _, a := range x.tiny.letters {
			o := x.order(l, a, n.today)
			if o == nil {
				continue
			}
			digest := digestOf(o)
			if e, err := l.Done(o.ID, digest); e != nil || err != nil {
				continue // the same again, or its slot is taken: nothing is decided (rule 5)
			}
			d, err := l.Decide(o, x.env(n))
			var no *Refusal
			if errors.As(err, &no) {
				refused[no.Code.Name]++
				continue
			}
			if err != nil {
				return fmt.Errorf("%s; %s: %w", n, a.name, err)
			}
			// The other officer must not (rule 10).
			other := *o
			other.Actor = x.officers[1-a.officer]
			if _, err := l.Decide(&other, x.env(n)); err == nil && a.name != "publish" && a.name != "object" {
				return fmt.Errorf("%s; %s: the other officer may as well", n, a.name)
			}
			if err := x.try(n, a.name, d.Stream, d.Parts[0], Metadata{Actor: o.Actor, Command: &Proof{ID: o.ID, Digest: digest}}, o); err != nil {
				return err
			}
			accepted[a.name]++
			restarts++
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.restarts += restarts
	for k, v := range accepted {
		x.letters[k] += v
	}
	for k, v := range refused {
		x.refused[k] += v
	}
	return nil
}

// try gives a letter to a ledger that was folded anew, as after a crash.
func (x *explorer) try(n *node, by, stream string, events []Event, m Metadata, o *Order) error {
	l, _, err := x.fold(n)
	if err != nil {
		return err
	}
	next := x.child(l, n, by, stream, events, m)
	for _, r := range next.events {
		if _, err := l.Apply(r); err != nil {
			return fmt.Errorf("%s: what was decided cannot be folded: %w", next, err)
		}
	}
	if o != nil { // rule 5
		if e, err := l.Done(o.ID, m.Command.Digest); err != nil || e == nil || len(e.Events) != len(events) {
			return fmt.Errorf("%s: sent again it is not known: %+v %v", next, e, err)
		}
		if _, err := l.Done(o.ID, []byte("other")); !errors.Is(err, OtherContent) {
			return fmt.Errorf("%s: its id with other content: %v", next, err)
		}
	}
	next.state = x.stateOf(l, next.today)
	x.keep(next, l.Owed() == 0)
	return nil
}

// child is the state after a letter. Its events are shared by all that follows.
func (x *explorer) child(l *Ledger, n *node, by, stream string, events []Event, m Metadata) *node {
	next := &node{from: n, by: by, today: n.today, length: n.length, steps: n.steps + 1}
	if by != nextStep {
		next.length, next.steps = n.length+1, 0
	}
	m.Recorded = n.today.Start().Add(9 * time.Hour)
	revision, begun := l.Revision(stream)
	for i, e := range events {
		tighten(reflect.ValueOf(e).Elem())
		if begun || i > 0 {
			revision++
		}
		next.events = append(next.events, &Recorded{ID: uuid.NewSHA1(uuid.NameSpaceURL, fmt.Append(nil, stream, revision)), Stream: stream,
			Revision: revision, Number: l.Count + uint64(i), Meta: m, Event: e})
	}
	return next
}

// tighten leaves no room behind slices that many ledgers share: who appends copies.
func tighten(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				tighten(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			tighten(v.Index(i))
		}
		if v.Len() > 0 {
			v.Set(v.Slice3(0, v.Len(), v.Len()))
		}
	}
}

// fold is the ledger of a state, from its first event on, and what it moved on
// each day.
func (x *explorer) fold(n *node) (*Ledger, map[Day]map[balanceOf]int64, error) {
	l, moved := NewLedger(), map[Day]map[balanceOf]int64{}
	for _, r := range x.history(n) {
		postings, err := l.Apply(r)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", n, err)
		}
		if len(postings) == 0 {
			continue
		}
		on := moved[r.Event.common().Date]
		if on == nil {
			on = map[balanceOf]int64{}
			moved[r.Event.common().Date] = on
		}
		sum := map[string]int64{}
		for _, p := range postings {
			on[balanceOf{p.Stream, p.Account, p.Item}] += p.Quantity
			sum[p.Item] += p.Quantity
		}
		for item, q := range sum {
			if q != 0 {
				return nil, nil, fmt.Errorf("%s: rule 1: the postings of %s sum to %d of %q", n, TypeOf(r.Event), q, item)
			}
		}
	}
	return l, moved, nil
}

func (x *explorer) history(n *node) []*Recorded {
	var parts [][]*Recorded
	for ; n != nil; n = n.from {
		parts = append(parts, n.events)
	}
	log := slices.Clone(x.base)
	for _, p := range slices.Backward(parts) {
		log = append(log, p...)
	}
	return log
}

// judge says whether a rule that always holds is broken (TestRules judges by
// the same auditor), or anything is in transit that no process owes.
func (x *explorer) judge(n *node, l *Ledger, moved map[Day]map[balanceOf]int64) (err error) {
	caught := &catcher{}
	func() {
		defer func() {
			if fault := recover(); fault != nil && fault != any(caught) {
				panic(fault)
			}
		}()
		audit(caught, &story{log: x.history(n)})
	}()
	if caught.said != "" {
		return errors.New(caught.said)
	}
	var days []Day
	for d := range moved {
		days = append(days, d)
	}
	slices.Sort(days)
	sums := map[balanceOf]int64{}
	for _, d := range days {
		for k, q := range moved[d] {
			sums[k] += q
			if own := k.account == Held || k.account == Stock || k.account == Reserved || k.account == Transit; own && sums[k] < 0 {
				return fmt.Errorf("rule 1: at the end of %s %s of %s stands at %d", d, k.account, k.stream, sums[k])
			}
		}
	}
	held := map[string]int64{}
	book := func(b *Book) error {
		for _, lot := range b.lots {
			if lot.Left < 0 {
				return fmt.Errorf("rule 1: lot %d of %s holds %d", lot.No, b.Stream, lot.Left)
			}
			held[b.Stream] += lot.Left
		}
		return nil
	}
	for _, f := range l.Funds {
		err = errors.Join(err, book(&f.Book))
	}
	for _, a := range l.Allocations {
		err = errors.Join(err, book(&a.Book))
	}
	for k, sum := range sums {
		switch {
		case k.account == Held && sum != held[k.stream]:
			err = errors.Join(err, fmt.Errorf("%s holds %d by its lots, %d by its postings", k.stream, held[k.stream], sum))
		case k.account == Transit && sum != 0 && l.Owed() == 0:
			err = errors.Join(err, fmt.Errorf("%d is in transit out of %s, and no process owes it", sum, k.stream))
		}
	}
	if len(l.Unfolded) > 0 {
		err = errors.Join(err, fmt.Errorf("unfolded: %+v", l.Unfolded))
	}
	return err
}

// catcher takes what the auditor says.
type catcher struct{ said string }

func (c *catcher) Helper()           {}
func (c *catcher) Fatal(args ...any) { c.Fatalf("%s", fmt.Sprint(args...)) }
func (c *catcher) Fatalf(format string, args ...any) {
	c.said = fmt.Sprintf(format, args...)
	panic(c)
}

// stateOf is the hash of what of a state can still matter.
func (x *explorer) stateOf(l *Ledger, today Day) [16]byte {
	h := &canon{out: make([]byte, 0, stateBytes)}
	h.number(int64(today))
	for _, part := range []any{l.Units, l.Funds, l.Allocations, l.Notices, l.origins, l.total} {
		h.value(reflect.ValueOf(part))
	}
	// Of the history only what its events are, not in which order different
	// streams were written: numbers are no part of a state here.
	type event struct {
		stream, kind   string
		date           Day
		row            uint32
		command, cause ID
	}
	first := uint64(len(x.base))
	events := map[ID]event{}
	for n := first; n < uint64(len(l.log)); n++ {
		at := l.log[n]
		e := event{stream: l.StreamAt(n), kind: l.TypeAt(n), date: at.date, row: at.row, command: l.CommandOf(at.id)}
		if cause, ok := l.CauseAt(n); ok {
			e.cause = l.idAt(cause)
		}
		events[at.id] = e
	}
	h.value(reflect.ValueOf(events))
	commands := map[ID]*Effect{}
	for _, e := range l.effects[1:] {
		if n, _ := l.Number(e.Events[0]); n >= first {
			commands[e.Command] = e
		}
	}
	h.value(reflect.ValueOf(commands))
	for _, o := range l.owed {
		h.bytes(o.cause.ID[:])
		h.bytes([]byte(o.stream))
		h.number(int64(o.done))
		for _, e := range o.make(o.done, o.total) {
			h.value(reflect.ValueOf(e))
		}
	}
	sum := sha256.Sum256(h.out)
	return [16]byte(sum[:16])
}

// stateBytes is room for most states.
const stateBytes = 32 << 10

// canon writes values so that equal ones are written the same.
type canon struct {
	out []byte
	all bool // also fields that say in which order streams were written
}

func (h *canon) number(n int64) { h.out = binary.AppendVarint(h.out, n) }

func (h *canon) bytes(b []byte) {
	h.number(int64(len(b)))
	h.out = append(h.out, b...)
}

// ignored are fields that only say in which order different streams were
// written, and what follows from the rest; Common of what is owed is set when
// it is asked for.
var ignored = map[string]bool{"began": true, "Number": true, "receipt": true, "receipts": true, "rows": true, "postings": true, "Common": true}

// fieldsOf are the fields of a struct that matter, by type.
var fieldsByType sync.Map

func fieldsOf(t reflect.Type) []int {
	if known, ok := fieldsByType.Load(t); ok {
		return known.([]int)
	}
	var fields []int
	for i := range t.NumField() {
		if !ignored[t.Field(i).Name] {
			fields = append(fields, i)
		}
	}
	fieldsByType.Store(t, fields)
	return fields
}

func (h *canon) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			h.number(0)
			return
		}
		h.number(1)
		h.value(v.Elem())
	case reflect.Struct:
		if h.all {
			for i := range v.NumField() {
				h.value(v.Field(i))
			}
			return
		}
		for _, i := range fieldsOf(v.Type()) {
			h.value(v.Field(i))
		}
	case reflect.Map:
		h.number(int64(v.Len()))
		first := len(h.out)
		ends := make([]int, 0, v.Len())
		for it := v.MapRange(); it.Next(); {
			h.value(it.Key())
			h.value(it.Value())
			ends = append(ends, len(h.out))
		}
		if len(ends) < 2 {
			return
		}
		text := slices.Clone(h.out[first:])
		entries := make([][]byte, len(ends))
		at := 0
		for i, end := range ends {
			entries[i] = text[at : end-first]
			at = end - first
		}
		slices.SortFunc(entries, bytes.Compare)
		h.out = h.out[:first]
		for _, e := range entries {
			h.out = append(h.out, e...)
		}
	case reflect.Slice, reflect.Array:
		h.number(int64(v.Len()))
		if v.Type().Elem().Kind() == reflect.Uint8 && (v.Kind() == reflect.Slice || v.CanAddr()) {
			h.out = append(h.out, v.Bytes()...)
			return
		}
		for i := range v.Len() {
			h.value(v.Index(i))
		}
	case reflect.String:
		h.bytes([]byte(v.String()))
	case reflect.Bool:
		if v.Bool() {
			h.number(1)
		} else {
			h.number(0)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		h.number(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		h.number(int64(v.Uint()))
	default:
		panic(fmt.Sprintf("a %s in the state", v.Type()))
	}
}

// What came back into a closed allocation goes on up by a step, which is never
// refused: until then nobody else takes it (found by TestExhaustive).
func TestWhatAStepWillTakeIsNobodyElses(t *testing.T) {
	for name, body := range map[string]func(a ID, back ID) Command{
		"sent up by hand": func(a, _ ID) Command { return &ReturnUnspent{Allocation: a} },
		"a part of it":    func(a, _ ID) Command { return &ReturnUnspent{Allocation: a, Amount: 1000} },
		"the return is reversed": func(a, back ID) Command {
			return &ReverseEntry{From: From{Allocation: a}, Entry: Ref{Command: back}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounty(t, noNotice(), 10000)
			a := c.allocate("2023-01-04", 5000)
			c.confirm("2023-01-05", c.list("2023-01-04", a, 5000))
			c.prepare("2023-01-05", a, 1)
			c.by(c.approver).mustDo("2023-01-05", &ApproveBatch{Allocation: a, Batch: 1})
			pay := c.by(c.cashier).mustDo("2023-01-05", &PayBatch{Allocation: a, Batch: 1})
			c.by(c.accountant).mustDo("2023-01-06", &CloseAllocation{Allocation: a})
			c.hold = true
			back := c.mustDo("2023-01-07", &ReturnDisbursement{Allocation: a, Payment: Ref{Command: pay, Row: 1}, Amount: 3000, Kind: "payee"})
			if _, err := c.do("2023-01-07", body(a, back)); err == nil {
				t.Error("it was taken while a step was to take it")
			}
			c.hold = false
			c.settle()
			if left := c.l.Funds[c.fund].Left(Money); left != 10000-5000+3000 || c.l.Owed() > 0 {
				t.Errorf("%d are in the fund, %d steps are owed", left, c.l.Owed())
			}
		})
	}
}
