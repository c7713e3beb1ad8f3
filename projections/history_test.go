package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
)

// history decides random commands about two funds and three levels of
// allocations, and writes what they lead to into a store.
type history struct {
	t     interface{ Fatal(args ...any) }
	late  func() domain.Day // by how much an order is booked late
	parts int               // of a list that are written; 0 is all
	store eventstore.Store
	state *domain.Ledger
	now   time.Time
	next  int
	revs  map[string]eventstore.Expected
}

func (h *history) id(n int) domain.ID { return domain.Made(domain.ID{1}, fmt.Sprint(n)) }

// do decides a command and carries on what it began; refusals are part of a
// random history.
func (h *history) do(actor domain.ID, body domain.Command) (domain.ID, bool) {
	id, ok := h.begin(actor, body)
	for ok && h.carryOn(0) {
	}
	return id, ok
}

// must is do of what is not refused.
func (h *history) must(actor domain.ID, body domain.Command) domain.ID {
	id, ok := h.do(actor, body)
	if !ok {
		h.t.Fatal(domain.CommandName(body), " was refused")
	}
	return id
}

// begin decides a command, and leaves what follows from it undone.
func (h *history) begin(actor domain.ID, body domain.Command) (domain.ID, bool) {
	h.next++
	o := &domain.Order{ID: h.id(h.next), Actor: actor, Date: domain.DayOf(h.now), Body: body}
	if h.next > 20 {
		o.Date -= h.late()
	}
	d, err := h.state.Decide(o, domain.Env{Now: h.now, Calendar: domain.DefaultCalendar()})
	if err != nil {
		return o.ID, false
	}
	if h.parts > 0 {
		d.Parts = d.Parts[:h.parts]
	}
	for _, part := range d.Parts {
		h.write(d.Stream, domain.Metadata{Recorded: h.now, Actor: actor, Command: &domain.Proof{ID: o.ID}}, part)
	}
	return o.ID, true
}

// carryOn does the oldest step that is owed, or its first events; false if there
// is none.
func (h *history) carryOn(events int) bool {
	s, ok := h.state.Next()
	if !ok {
		return false
	}
	if events > 0 {
		s.Events = s.Events[:events]
	}
	h.write(s.Stream, domain.Metadata{Recorded: h.now, Cause: s.Cause}, s.Events)
	return true
}

func (h *history) write(stream string, m domain.Metadata, events []domain.Event) {
	m.Schema, m.Salt = codec.Schema, make([]byte, 16)
	expected, ok := h.revs[stream]
	if !ok {
		expected = eventstore.NoStream
	}
	var encoded []eventstore.Event
	for _, e := range events {
		x, err := codec.Encode(uuid.New(), e, m, "")
		if err != nil {
			h.t.Fatal(err)
		}
		encoded = append(encoded, x)
	}
	done, err := h.store.Append(context.Background(), stream, expected, encoded)
	if err != nil {
		h.t.Fatal(err)
	}
	h.revs[stream] = eventstore.At(done.Revision)
	first := done.Revision + 1 - uint64(len(encoded))
	for i, x := range encoded {
		r, err := codec.Decode(eventstore.Recorded{Event: x, Stream: stream, Revision: first + uint64(i)}, h.state.Count)
		if err != nil {
			h.t.Fatal(err)
		}
		if _, err := h.state.Apply(r); err != nil {
			h.t.Fatal(err)
		}
	}
}

func newHistory(t interface{ Fatal(args ...any) }, store eventstore.Store) *history {
	return &history{t: t, store: store, late: func() domain.Day { return 0 }, state: domain.NewLedger(),
		now: domain.Date(2023, 1, 3).Start().Add(time.Hour), revs: map[string]eventstore.Expected{}}
}

// office is what a history begins with.
type office struct {
	unit, registrar, accountant, storekeeper, programme domain.ID
	funds                                               []domain.ID
}

// found opens a ledger with two officers, a programme without a notice, and two
// funds with money.
func (h *history) found() office {
	o := office{registrar: h.id(-1)}
	open := h.must(o.registrar, &domain.OpenLedger{Ledger: h.id(-2), Name: "账簿", Root: domain.NewUnit{Name: "县", Division: "41"},
		Registrars: []domain.Registree{{Officer: o.registrar, Key: []byte("a")}, {Officer: h.id(-3), Key: []byte("b")}}})
	o.unit = domain.Made(open, "unit")
	o.accountant = domain.Made(h.must(o.registrar, &domain.AppointOfficer{Unit: o.unit, Post: "会计", Roles: []domain.Role{domain.Accountant}}), "officer")
	o.storekeeper = domain.Made(h.must(o.registrar, &domain.AppointOfficer{Unit: o.unit, Post: "保管员", Roles: []domain.Role{domain.Storekeeper}}), "officer")
	define := h.must(o.registrar, &domain.DefineProgramme{Unit: o.unit, Name: "项目", Terms: domain.Terms{Purposes: []string{"x"}, Forms: []domain.Form{domain.Cash}, Notice: []domain.Phase{{Timing: domain.NoNotice}}}})
	o.programme = domain.Made(define, "programme")
	for i := range 2 {
		fund := domain.Made(h.must(o.accountant, &domain.EstablishFund{Unit: o.unit, Name: fmt.Sprint("资金", i), Earmark: []string{"x"}}), "fund")
		h.must(o.accountant, &domain.ReceiveFunds{Fund: fund, Source: domain.Source{Kind: domain.Treasury, Name: "来源0"}, Amount: 9000})
		o.funds = append(o.funds, fund)
	}
	return o
}

// founded is an office with its history in a store in memory.
func founded(t interface{ Fatal(args ...any) }) (*feed, *history, office) {
	store := &feed{grown: make(chan struct{})}
	h := newHistory(t, store)
	return store, h, h.found()
}

// staff are the officers whom a payment needs beside the accountant.
type staff struct{ drafter, reviewer, approver, cashier domain.ID }

func (h *history) appoint(o office) staff {
	officer := func(role domain.Role) domain.ID {
		return domain.Made(h.must(o.registrar, &domain.AppointOfficer{Unit: o.unit, Post: string(role), Roles: []domain.Role{role}}), "officer")
	}
	return staff{officer(domain.Drafter), officer(domain.Reviewer), officer(domain.Approver), officer(domain.Cashier)}
}

// party registers a person.
func (h *history) party(o office, s staff) domain.ID {
	name := domain.Plainly("甲")
	name.Seal(domain.Sealed{Key: h.id(-4), Box: []byte("甲")}, nil)
	return domain.Made(h.must(s.drafter, &domain.RegisterParty{Unit: o.unit, Type: domain.Person, PersonalDetails: domain.PersonalDetails{Name: name}}), "party")
}

// notice drafts a notice about a new allocation, whose lines are still to come.
func (h *history) notice(o office, s staff, rows int) (allocation, notice domain.ID) {
	h.must(o.accountant, &domain.ReceiveFunds{Fund: o.funds[0], Source: domain.Source{Kind: domain.Treasury, Name: "来源0"}, Amount: domain.Yuan(rows)})
	allocation = domain.Made(h.must(o.accountant, &domain.Allocate{From: domain.From{Fund: o.funds[0]}, Unit: o.unit, Programme: o.programme, Purpose: "x", Amount: domain.Yuan(rows)}), "allocation")
	return allocation, domain.Made(h.must(s.drafter, &domain.DraftNotice{Allocation: allocation, Heading: domain.Heading{Title: "名单"}}), "notice")
}

// lines are rows of a list for one person, a fen each.
func lines(party domain.ID, rows int) []domain.LineRow {
	list := make([]domain.LineRow, rows)
	for i := range list {
		list[i] = domain.LineRow{Beneficiary: party, Give: []domain.Give{{Form: domain.Cash, Amount: 1}}}
	}
	return list
}

// batch brings a list for one person as far as an approved batch.
func (h *history) batch(o office, s staff, party domain.ID, rows int) (allocation domain.ID) {
	allocation, notice := h.notice(o, s, rows)
	h.must(s.drafter, &domain.AddLines{Notice: notice, Rows: lines(party, rows)})
	h.must(s.reviewer, &domain.ReviewNotice{Notice: notice, Meeting: "会"})
	h.must(s.reviewer, &domain.ConfirmNotice{Notice: notice})
	pay := make([]domain.RowToPay, rows)
	for i := range pay {
		pay[i].Line = i + 1
	}
	h.must(o.accountant, &domain.PrepareBatch{Allocation: allocation, Form: domain.Cash, Rows: pay})
	h.must(s.approver, &domain.ApproveBatch{Allocation: allocation, Batch: 1})
	return allocation
}
