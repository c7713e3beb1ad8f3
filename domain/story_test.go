package domain

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// story runs commands on a ledger in memory, as eventstore/ledger does with a store. It
// checks after every event that the postings sum to zero.
type story struct {
	t              tb
	l              *Ledger
	log            []*Recorded
	days           map[Day]map[balanceOf]int64 // movements by business date
	now            time.Time
	next           int
	actor          ID
	revs           map[string]uint64
	processesWait  bool           // as if the program had been cut off
	fields         func(o *Order) // changes the next order, then is forgotten
	acceptedOrders map[ID]*Order  // for a judge
	roles          map[ID]Role    // in which they were
}

// tb is what tests, benchmarks and rapid have in common.
type tb interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

type balanceOf struct {
	stream  string
	account AccountKind
	item    string
}

func id(n int) ID { return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, "test ", n)) }

// newStory is a ledger with a root unit and its two registrars.
func newStory(t tb) *story {
	s := &story{t: t, l: NewLedger(), now: at("2023-01-01"), revs: map[string]uint64{}, days: map[Day]map[balanceOf]int64{}, acceptedOrders: map[ID]*Order{}, roles: map[ID]Role{}}
	s.mustDo("2023-01-01", &OpenLedger{Ledger: id(-1), Name: "测试账簿", Root: NewUnit{Name: "县民政局", Kind: "bureau", Division: "410527"},
		Registrars: []Registree{{Officer: id(-2), Key: key(1), Post: "登记员"}, {Officer: id(-3), Key: key(2), Post: "登记员"}}})
	s.actor = id(-2)
	return s
}

func key(n byte) []byte { k := sha256.Sum256([]byte{n}); return k[:] }

func at(day string) time.Time {
	d, err := ParseDay(day)
	if err != nil {
		panic(err)
	}
	return d.Start().Add(9 * time.Hour)
}

func day(s string) Day { return DayOf(at(s)) }

func (s *story) order(on string, c Command) *Order {
	s.next++
	if t := at(on); t.After(s.now) {
		s.now = t
	}
	o := &Order{ID: id(s.next), Actor: s.actor, Date: day(on), Body: c}
	if s.fields != nil {
		s.fields(o)
		s.fields = nil
	}
	return o
}

// do decides a command and, unless it is refused, applies it and all steps
// that follow.
func (s *story) do(on string, c Command) (ID, error) {
	s.t.Helper()
	o := s.order(on, c)
	return o.ID, s.run(o)
}

func (s *story) run(o *Order) error {
	s.t.Helper()
	// A command that was accepted before is not decided again.
	digest := digestOf(o)
	if e, err := s.l.Done(o.ID, digest); e != nil || err != nil {
		return err
	}
	before := s.l.fingerprint()
	d, err := s.l.Decide(o, Env{Now: s.now, Calendar: DefaultCalendar()})
	if s.l.fingerprint() != before {
		s.t.Fatalf("deciding %s changed the state", CommandName(o.Body))
	}
	if err != nil {
		var r *Refusal
		if !errors.As(err, &r) {
			s.t.Fatalf("%s: not a refusal: %v", CommandName(o.Body), err)
		}
		return err
	}
	s.acceptedOrders[o.ID], s.roles[o.ID] = o, d.Role
	for _, part := range d.Parts {
		for _, e := range part {
			s.apply(d.Stream, e, Metadata{Actor: o.Actor, Command: &Proof{ID: o.ID, Digest: digest}, Recorded: s.now})
		}
	}
	s.settle()
	return nil
}

func digestOf(o *Order) []byte {
	body, err := json.Marshal([]any{o, CommandName(o.Body), o.Body})
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(body)
	return sum[:]
}

func (s *story) settle() {
	s.t.Helper()
	if s.processesWait {
		return
	}
	for n := 0; ; n++ {
		step, ok := s.l.Next()
		if !ok {
			return
		}
		if n > 10_000 {
			s.t.Fatal("the processes never end")
		}
		for _, e := range step.Events {
			s.apply(step.Stream, e, Metadata{Cause: step.Cause, Recorded: s.now})
		}
	}
}

func (s *story) apply(stream string, e Event, m Metadata) {
	s.t.Helper()
	rev, begun := s.revs[stream]
	if begun {
		rev++
	}
	s.revs[stream] = rev
	r := &Recorded{ID: uuid.NewSHA1(uuid.NameSpaceURL, fmt.Append(nil, len(s.log))), Stream: stream, Revision: rev, Number: uint64(len(s.log)), Meta: m, Event: e}
	s.log = append(s.log, r)
	postings, err := s.l.Apply(r)
	if err != nil {
		s.t.Fatalf("what was decided cannot be folded: %v", err)
	}
	sums := map[string]int64{}
	on := e.common().Date
	if s.days[on] == nil {
		s.days[on] = map[balanceOf]int64{}
	}
	for _, p := range postings {
		sums[p.Item] += p.Quantity
		s.days[on][balanceOf{p.Stream, p.Account, p.Item}] += p.Quantity
	}
	for item, sum := range sums {
		if sum != 0 {
			s.t.Fatalf("rule 1: the postings of %s (event %d) sum to %d of %q", TypeOf(e), r.Number, sum, item)
		}
	}
}

func (s *story) mustDo(on string, c Command) ID {
	s.t.Helper()
	id, err := s.do(on, c)
	if err != nil {
		s.t.Fatalf("%s: %v", CommandName(c), err)
	}
	return id
}

// refused runs a command that must be refused with a code and change nothing.
func (s *story) refused(on string, c Command, code *Code) *Refusal {
	s.t.Helper()
	before := s.l.fingerprint()
	_, err := s.do(on, c)
	provoked[code] = true
	if !errors.Is(err, code) {
		s.t.Fatalf("%s: want %s, got %v", CommandName(c), code.Name, err)
	}
	if s.l.fingerprint() != before {
		s.t.Fatalf("the refused %s changed the state", CommandName(c))
	}
	var r *Refusal
	errors.As(err, &r)
	return r
}

// provoked has the codes with which some test was refused.
var provoked = map[*Code]bool{}

// by sets the officer who gives the next commands.
func (s *story) by(officer ID) *story { s.actor = officer; return s }

// with changes the next order.
func (s *story) with(change func(*Order)) *story { s.fields = change; return s }

// irregularly marks the next order as irregular.
func (s *story) irregularly(second ID, codes ...*Code) *story {
	return s.with(func(o *Order) {
		o.Second = second
		for _, c := range codes {
			claim := Claim{Code: c.Name, Reason: Plainly("事后补记")}
			claim.Reason.Seal(Sealed{Key: id(-9), Box: []byte("sealed")}, []byte("tag"))
			o.Irregular = append(o.Irregular, claim)
		}
	})
}

func sealed(text string) Personal {
	p := Plainly(text)
	p.Seal(Sealed{Key: id(-9), Box: []byte(text)}, []byte(text))
	return p
}

// county is a story with one officer for each role, and one fund with money.
type county struct {
	*story
	drafter, reviewer, accountant, approver, cashier, storekeeper ID
	unit, programme, fund                                         ID
}

func newCounty(t tb, terms Terms, money Yuan) *county {
	s := newStory(t)
	c := &county{story: s, unit: s.l.Opened.Root.ID}
	appoint := func(post string, role Role) ID {
		return Made(s.mustDo("2023-01-01", &AppointOfficer{Unit: c.unit, Post: post, Roles: []Role{role}}), "officer")
	}
	c.drafter = appoint("拟稿", Drafter)
	c.reviewer = appoint("审核", Reviewer)
	c.accountant = appoint("会计", Accountant)
	c.approver = appoint("复核", Approver)
	c.cashier = appoint("出纳", Cashier)
	c.storekeeper = appoint("保管", Storekeeper)
	c.programme = Made(s.mustDo("2023-01-01", &DefineProgramme{Unit: c.unit, Name: "送温暖", Terms: terms}), "programme")
	s.by(c.accountant)
	c.fund = Made(s.mustDo("2023-01-02", &EstablishFund{Unit: c.unit, Name: "送温暖资金", Earmark: []string{"relief"}}), "fund")
	if money > 0 {
		s.mustDo("2023-01-03", &ReceiveFunds{Fund: c.fund, Source: Source{Union, "county", "县总工会"}, Number: "内工〔2023〕1号", Amount: money})
	}
	return c
}

// plainTerms are terms with a notice of three calendar days.
func plainTerms() Terms {
	return Terms{Purposes: []string{"relief"}, Forms: []Form{Cash, Bank, Goods, Voucher},
		Notice: []Phase{{Timing: BeforePayment, Days: 3, Mode: InCalendarDays, Places: []PlaceRule{{"village-board", FullNames}}}}}
}

func noNotice() Terms {
	t := plainTerms()
	t.Notice = []Phase{{Timing: NoNotice}}
	return t
}

func (c *county) allocate(on string, amount Yuan) ID {
	c.t.Helper()
	return Made(c.by(c.accountant).mustDo(on, &Allocate{From: From{Fund: c.fund}, Unit: c.unit, Programme: c.programme, Purpose: "relief", Amount: amount}), "allocation")
}

func (c *county) person(name string) ID {
	c.t.Helper()
	return Made(c.by(c.drafter).mustDo("2023-01-03", &RegisterParty{Unit: c.unit, Type: Person, PersonalDetails: PersonalDetails{Name: sealed(name)}}), "party")
}

// list drafts and reviews a notice of cash lines.
func (c *county) list(on string, allocation ID, amounts ...Yuan) ID {
	c.t.Helper()
	n := Made(c.by(c.drafter).mustDo(on, &DraftNotice{Allocation: allocation, Heading: Heading{Title: "名单", Issuer: "县总工会", Phone: "0372-7711110", HowTo: "电话或书面"}}), "notice")
	var rows []LineRow
	for i, a := range amounts {
		rows = append(rows, LineRow{Beneficiary: c.person(fmt.Sprint("困难职工", i)), Give: []Give{{Form: Cash, Amount: a}}})
	}
	c.by(c.drafter).mustDo(on, &AddLines{Notice: n, Rows: rows})
	c.by(c.reviewer).mustDo(on, &ReviewNotice{Notice: n, Meeting: "党组会"})
	return n
}

func (c *county) publish(on string, notice ID) {
	c.t.Helper()
	c.by(c.drafter).mustDo(on, &PublishNotice{Notice: notice, Timing: BeforePayment, Places: []Posted{{Place: "village-board", On: day(on), Disclosure: FullNames}}})
}

func (c *county) confirm(on string, notice ID) {
	c.t.Helper()
	c.by(c.reviewer).mustDo(on, &ConfirmNotice{Notice: notice})
}

func (c *county) prepare(on string, allocation ID, lines ...int) {
	c.t.Helper()
	c.by(c.accountant).mustDo(on, &PrepareBatch{Allocation: allocation, Form: Cash, Rows: rowsOf(lines...)})
}

func rowsOf(lines ...int) []RowToPay {
	var rows []RowToPay
	for _, n := range lines {
		rows = append(rows, RowToPay{Line: n})
	}
	return rows
}

func (c *county) balance(stream string, account AccountKind, item string) int64 {
	var sum int64
	for _, moved := range c.days {
		sum += moved[balanceOf{stream, account, item}]
	}
	return sum
}
