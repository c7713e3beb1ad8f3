package projections

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/embedded"
)

// history decides random commands about two funds and three levels of
// allocations, and writes what they lead to into a store.
type history struct {
	t     *rapid.T
	store eventstore.Store
	state *domain.Ledger
	now   time.Time
	next  int
	revs  map[string]eventstore.Expected
}

func (h *history) id(n int) domain.ID { return domain.Made(domain.ID{1}, fmt.Sprint(n)) }

// do decides a command for the registrar or accountant; refusals are part of a
// random history.
func (h *history) do(actor domain.ID, body domain.Command) (domain.ID, bool) {
	h.next++
	o := &domain.Order{ID: h.id(h.next), Actor: actor, Date: domain.DayOf(h.now), Body: body}
	if h.next > 20 {
		o.Date -= domain.Day(rapid.IntRange(0, 2).Draw(h.t, "booked late"))
	}
	d, err := h.state.Decide(o, domain.Env{Now: h.now, Calendar: domain.DefaultCalendar()})
	if err != nil {
		return o.ID, false
	}
	for _, part := range d.Parts {
		h.write(d.Stream, domain.Metadata{Recorded: h.now, Actor: actor, Command: &domain.Proof{ID: o.ID}}, part)
	}
	for {
		s, ok := h.state.Next()
		if !ok {
			return o.ID, true
		}
		h.write(s.Stream, domain.Metadata{Recorded: h.now, Cause: s.Cause}, s.Events)
	}
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

// A rebuild from nothing gives the same bytes as the running state, as of any
// number, on random histories; and every row of every balance adds up, as of
// any business date.
func TestRebuildOfRandomHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		store, err := embedded.Create("/l", embedded.Options{FS: vfs.NewMem()})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		h := &history{t: t, store: store, state: domain.NewLedger(), now: domain.Date(2023, 1, 3).Start().Add(time.Hour), revs: map[string]eventstore.Expected{}}
		registrar := h.id(-1)
		must := func(actor domain.ID, body domain.Command) domain.ID {
			id, ok := h.do(actor, body)
			if !ok {
				t.Fatalf("%s was refused", domain.CommandName(body))
			}
			return id
		}
		open := must(registrar, &domain.OpenLedger{Ledger: h.id(-2), Name: "账簿", Root: domain.NewUnit{Name: "县", Division: "41"},
			Registrars: []domain.Registree{{Officer: registrar, Key: []byte("a")}, {Officer: h.id(-3), Key: []byte("b")}}})
		unit := domain.Made(open, "unit")
		accountant := domain.Made(must(registrar, &domain.AppointOfficer{Unit: unit, Post: "会计", Roles: []domain.Role{domain.Accountant}}), "officer")
		storekeeper := domain.Made(must(registrar, &domain.AppointOfficer{Unit: unit, Post: "保管员", Roles: []domain.Role{domain.Storekeeper}}), "officer")
		define := must(registrar, &domain.DefineProgramme{Unit: unit, Name: "项目", Terms: domain.Terms{Purposes: []string{"x"}, Forms: []domain.Form{domain.Cash}, Notice: []domain.Phase{{Timing: domain.NoNotice}}}})
		var funds, allocations []domain.ID
		for i := range 2 {
			fund := domain.Made(must(accountant, &domain.EstablishFund{Unit: unit, Name: fmt.Sprint("资金", i), Earmark: []string{"x"}}), "fund")
			must(accountant, &domain.ReceiveFunds{Fund: fund, Source: domain.Source{Kind: domain.Treasury, Name: "来源0"}, Amount: 9000})
			funds = append(funds, fund)
		}
		n := func(name string, most int) int { return rapid.IntRange(0, most).Draw(t, name) }
		for range rapid.IntRange(10, 40).Draw(t, "commands") {
			h.now = h.now.Add(time.Duration(n("hours", 30)) * time.Hour)
			amount := domain.Yuan(1 + n("amount", 5000))
			source := domain.Source{Kind: domain.Treasury, Name: fmt.Sprint("来源", n("source", 2))}
			from := domain.From{Fund: funds[n("fund", 1)]}
			if len(allocations) > 0 && n("level", 1) == 1 {
				from = domain.From{Allocation: allocations[n("from", len(allocations)-1)]}
			}
			switch n("command", 7) {
			case 0, 1:
				h.do(accountant, &domain.ReceiveFunds{Fund: funds[n("fund", 1)], Source: source, Amount: amount * 2})
			case 2:
				if id, ok := h.do(accountant, &domain.Allocate{From: from, Unit: unit, Programme: domain.Made(define, "programme"), Purpose: "x", Amount: amount}); ok {
					allocations = append(allocations, domain.Made(id, "allocation"))
				}
			case 3:
				h.do(accountant, &domain.PurchaseGoods{From: from, Item: "米（袋）", Quantity: domain.Count(1 + n("bags", 7000)), Cost: amount})
			case 4:
				h.do(storekeeper, &domain.CountGoods{From: from, Item: "米（袋）", Found: domain.Count(n("found", 9000))})
			case 5:
				if from.Allocation != (domain.ID{}) {
					h.do(accountant, &domain.ReturnUnspent{Allocation: from.Allocation})
				}
			case 6:
				h.do(accountant, &domain.SurrenderFunds{Fund: funds[n("fund", 1)], Source: source, Amount: amount})
			case 7:
				h.do(accountant, &domain.PassOnFunds{Fund: funds[n("fund", 1)], To: "协会", Amount: amount})
			}
		}
		running := New(Until{})
		cut := uint64(n("cut", int(h.state.Count)-1))
		var seen [32]byte
		for raw, err := range store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
			if err != nil {
				t.Fatal(err)
			}
			running.Apply(Decode(raw, uint64(running.Len())))
			if uint64(running.Len()) == cut+1 {
				seen = running.Digest()
			}
		}
		whole, err := Read(ctx, store, Until{})
		if err != nil || whole.Digest() != running.Digest() || whole.Position != running.Position {
			t.Fatalf("a rebuild differs (%v)", err)
		}
		if again, err := Read(ctx, store, Until{Number: &cut}); err != nil || again.Digest() != seen {
			t.Fatalf("as of number %d it is not what was seen then (%v)", cut, err)
		}
		for _, until := range []Until{{}, {Date: domain.DayOf(h.now) - domain.Day(n("before", 20))}} {
			b, err := Read(ctx, store, until)
			if err != nil {
				t.Fatal(err)
			}
			for _, by := range []Dimension{ByLedger, ByFund, ByAllocation, ByUnit, ByProgramme, ByItem} {
				for _, r := range b.Balances(by) {
					if !r.Balanced() {
						t.Fatalf("as of %s by %s: %+v", until.Date, by, r)
					}
					if r.Left < 0 || r.Stock < 0 || r.Transit < 0 {
						t.Fatalf("as of %s by %s something is below zero: %+v", until.Date, by, r)
					}
				}
			}
		}
	})
}

// Books that follow a store show what was written before an answer was given,
// and are those of a fresh read.
func TestLive(t *testing.T) {
	ctx := context.Background()
	store, err := embedded.Create("/l", embedded.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	live, err := Follow(ctx, store)
	if err != nil {
		t.Fatal(err)
	}
	unit := uuid.New()
	for i := range 200 {
		e, err := codec.Encode(uuid.New(), &domain.UnitRegistered{Unit: unit, Name: "县"}, domain.Metadata{Schema: codec.Schema}, "")
		if err != nil {
			t.Fatal(err)
		}
		done, err := store.Append(ctx, domain.Stream(domain.UnitKind, unit), eventstore.Any, []eventstore.Event{e})
		if err != nil {
			t.Fatal(err)
		}
		if err := live.View(ctx, done.Position, func(b *Books) {
			if b.Len() != i+1 || b.UnitName(unit) != "县" {
				t.Errorf("%d events after writing %d", b.Len(), i+1)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := live.Close(); err != nil {
		t.Fatal(err)
	}
	if err := live.View(ctx, eventstore.NewPosition(1000, 1000), func(*Books) {}); err == nil {
		t.Error("waited for an event that nobody writes any more")
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}
