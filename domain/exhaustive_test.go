package domain

import (
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

// TestExhaustive tries every sequence of commands up to this length on a tiny ledger:
// two funds, two levels of allocation, a list of three lines, two officers who share
// all roles, amounts of 1 and 2 fen, two days. It starts from several beginnings, so
// that short sequences reach everything: empty funds, money in transit, a list
// admitted, a batch approved, payments made, books closed.
//
// A state that was reached before is not followed again. Two states are the same if
// all their streams are; the order in which different streams were written does not
// count.
//
// The steps of processes are letters, as commands are: before and after each of them
// any command may come. Each letter is tried on a ledger that was folded anew from its
// events, as after a crash. That must give the same state as a ledger that went on.
//
// The test leaves out goods, banks, calendars, more than one unit, irregular records,
// and what only longer sequences or larger numbers would show. TestRules draws those at
// random.
var exhaustiveLength = flag.Int("exhaustive", 3, "how many commands TestExhaustive tries one after the other, from each beginning")

// node is a state, and how it was reached.
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

// explorer walks all states of one length, then of the next.
type explorer struct {
	*tiny
	most     int              // length of the longest sequence
	mu       sync.Mutex       // guards what follows
	seen     map[[16]byte]int // by state, the least length at which it was reached
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

// begin returns the state after a beginning. The error names a letter that was refused.
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
				continue // nothing is decided: the command was accepted before, or its slot is taken (rule 5)
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
			// The other officer must be refused (rule 10).
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

// try applies a letter to a ledger that was folded anew, as after a crash.
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

// child is the state after a letter. All later states share its events.
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

// tighten cuts the capacity of slices that many ledgers share, so that an append copies
// them.
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

// fold returns the ledger of a state, folded from its first event on, and what was
// moved on each day.
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

// judge returns an error if a rule is broken (TestRules asks the same auditor), or if
// something is in transit that no process owes.
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

// catcher keeps what the auditor reports.
type catcher struct{ said string }

func (c *catcher) Helper()           {}
func (c *catcher) Fatal(args ...any) { c.Fatalf("%s", fmt.Sprint(args...)) }
func (c *catcher) Fatalf(format string, args ...any) {
	c.said = fmt.Sprintf(format, args...)
	panic(c)
}
