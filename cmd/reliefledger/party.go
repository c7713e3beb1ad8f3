package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/vault"
)

// whichParty names a party by its id, by the number of one of its events, or by
// an identity number that is read from a file: on a command line others see it.
type whichParty struct{ numberFile string }

func (w *whichParty) flags(c *cobra.Command) {
	c.Flags().StringVar(&w.numberFile, "id-number", "", "file with an identity number, - for standard input 身份证号所在文件")
}

// find returns the party.
func (w *whichParty) find(ctx context.Context, p *program, a *asker, args []string) (domain.ID, error) {
	if (len(args) == 1) == (w.numberFile != "") {
		return domain.ID{}, &inputError{what: "PARTY", why: p.say("须给出对象的编号、其事件的序号，或 --id-number", "give the party's id, the number of one of its events, or --id-number")}
	}
	if w.numberFile != "" {
		return w.byNumber(ctx, p, a)
	}
	return p.thing(a.l, domain.PartyKind, args[0], p.say("没有这个对象", "no such party"))
}

// thing finds what has a stream by its id, by the number of one of its events,
// or by the name that a script gave it; none says that there is no such thing.
func (p *program) thing(l *opened, kind, which, none string) (id domain.ID, err error) {
	n, bad := parseNumber(which)
	switch {
	case bad == nil:
		err = errors.New(none)
		l.View(func(s *domain.Ledger) {
			if _, ok := s.EventAt(n); !ok {
				return
			}
			// An allocation is also found by the event that made it, in the stream
			// above: its own is the next.
			for _, at := range []uint64{n, n + 1} {
				if _, ok := s.EventAt(at); !ok || at > n && (kind != domain.AllocationKind || s.TypeAt(n) != "AllocationMade") {
					continue
				}
				if k, of, _ := domain.SplitStream(s.StreamAt(at)); k == kind && err != nil {
					id, err = of, nil
				}
			}
		})
	case strings.HasPrefix(which, "@"):
		r := &runner{l: l.Ledger}
		l.View(func(s *domain.Ledger) { r.id = s.ID })
		id, err = r.named(which, which)
	default:
		id, err = uuid.Parse(which)
	}
	begun := false
	l.View(func(s *domain.Ledger) { _, begun = s.Revision(domain.Stream(kind, id)) })
	if err != nil || !begun {
		return id, &inputError{what: which, why: none}
	}
	return id, nil
}

// byNumber looks a number up for an officer, which stands in the journal; of
// parties that are not his unit's it says what it says of nobody's number.
func (w *whichParty) byNumber(ctx context.Context, p *program, a *asker) (domain.ID, error) {
	if !a.anywhere() {
		return domain.ID{}, &notSeenError{a.officer, "PartyRegistered.number"}
	}
	name := w.numberFile
	if name == "-" {
		name = os.Stdin.Name()
	}
	text, err := readUpTo(name, 100)
	if err != nil {
		return domain.ID{}, &inputError{what: "--id-number", err: err}
	}
	number, _, err := domain.ResidentNumber(strings.TrimSpace(string(text)))
	if err != nil {
		return domain.ID{}, err
	}
	id, ok, err := a.l.PartyOf(ctx, number)
	if err != nil {
		return id, err
	}
	var unit domain.ID
	a.l.View(func(s *domain.Ledger) {
		if x := s.Parties[id]; ok && x != nil {
			unit = x.Unit
		}
	})
	ok = ok && a.sees(unit, "PartyRegistered", "number") >= domain.Masked
	e := vault.Entry{Kind: vault.LookedUp, Officer: a.officer, Did: a.did, Why: a.why}
	if ok {
		e.Opened = []vault.Opening{{Fields: []string{"number"}, Of: []uuid.UUID{id}}}
	}
	if err := a.l.Note(ctx, e); err != nil {
		return id, err
	}
	if !ok {
		return domain.ID{}, &inputError{what: "--id-number", why: p.say("您经办的单位没有登记此人", "no unit of yours has registered that person")}
	}
	return id, nil
}

// detail is a field of a party as its last event has it.
type detail struct {
	field string
	event string // type
	in    *domain.Recorded
	box   domain.Sealed
}

// lastDetails reads what a party's events have of it.
func lastDetails(ctx context.Context, l *opened, party domain.ID) ([]detail, error) {
	fields := []string{"name", "number", "phone", "address", "account", "note"}
	last := make([]detail, len(fields))
	for raw, err := range l.store.ReadStream(ctx, domain.Stream(domain.PartyKind, party), 0, eventstore.Forwards) {
		if err != nil {
			return nil, err
		}
		r, err := codec.Decode(raw, 0)
		if err != nil {
			continue // named by every report
		}
		d := detailsIn(r.Event)
		for i, box := range []domain.Sealed{d.Name, d.Number, d.Phone, d.Address, d.Account, d.Note} {
			if !box.IsZero() && r.Meta.Command != nil {
				last[i] = detail{fields[i], domain.TypeOf(r.Event), r, box}
			}
		}
	}
	return slices.DeleteFunc(last, func(d detail) bool { return d.in == nil }), nil
}

// detailsIn are the details that an event has of a party.
func detailsIn(e domain.Event) domain.PartyDetails {
	switch e := e.(type) {
	case *domain.PartyRegistered:
		return e.Private
	case *domain.PartyCorrected:
		return e.Private
	case *domain.PartyIdentified:
		return e.Private
	}
	return domain.PartyDetails{}
}

// shownField is a field as it is shown.
type shownField struct {
	Field string `json:"field"`
	Value string `json:"value,omitempty"`
	Seen  string `json:"seen"` // whole, masked, withheld, erased
}

var fieldNames = map[string]string{"name": "姓名", "number": "证件号码", "phone": "电话", "address": "地址", "account": "账号", "note": "备注"}

func (p *program) showParty(ctx context.Context, a *asker, args []string, w *whichParty) error {
	if err := a.reason(p); err != nil {
		return err
	}
	id, err := w.find(ctx, p, a, args)
	if err != nil {
		return err
	}
	var party domain.Party
	var unit string
	a.l.View(func(s *domain.Ledger) {
		party = *s.Parties[id]
		if u := s.Units[party.Unit]; u != nil {
			unit = u.Name
		}
	})
	if err := a.need(party.Unit, "PartyRegistered", "name"); err != nil {
		return err
	}
	list, err := lastDetails(ctx, a.l, id)
	if err != nil {
		return err
	}
	// What he sees is decided once: what is opened is what stands in the journal.
	what, seen := openedFor{}, make([]domain.Seen, len(list))
	var open []string
	for i, d := range list {
		if seen[i] = a.sees(party.Unit, d.event, d.field); !party.Erased && seen[i] >= domain.Masked {
			open = append(open, d.field)
		}
	}
	if len(open) > 0 {
		what.add(id, open...)
	}
	if err := a.note(ctx, party.Unit, what); err != nil {
		return err
	}
	shown := []shownField{}
	for i, d := range list {
		f := shownField{Field: d.field, Seen: "withheld"}
		switch {
		case party.Erased:
			f.Seen = "erased"
		case seen[i] >= domain.Masked:
			f.Seen = "whole"
			f.Value, err = a.l.Unseal(ctx, d.box, d.in.Stream, d.in.Meta.Command.ID, d.field)
			if errors.Is(err, vault.ErrKeyGone) {
				f.Seen = "erased"
				break
			}
			if err != nil {
				return err
			}
			if seen[i] == domain.Masked {
				f.Seen, f.Value = "masked", domain.Mask(d.field, f.Value)
			}
		}
		shown = append(shown, f)
	}
	if p.json {
		return writeJSON(os.Stdout, map[string]any{"party": id, "unit": party.Unit, "type": party.Type, "restricted": party.Restricted, "erased": party.Erased, "minor": party.Minor, "fields": shown})
	}
	number := ""
	if n, ok := a.firstEvent(domain.Stream(domain.PartyKind, id)); ok {
		number = cite(n)
	}
	fmt.Printf("%s：%s%s　%s\n", p.say("对象", "party"), id, number, unit)
	for _, state := range []struct {
		is     bool
		zh, en string
	}{{party.Restricted, "已限制公开", "restricted"}, {party.Erased, "已删除", "erased"}, {party.Minor, "未成年人", "a minor"}} {
		if state.is {
			fmt.Println(p.say(state.zh, state.en))
		}
	}
	for _, f := range shown {
		value := printable(f.Value)
		switch f.Seen {
		case "withheld":
			value = p.say("（未给看）", "(withheld)")
		case "erased":
			value = p.say("已删除", "(erased)")
		}
		fmt.Printf("%s：%s\n", p.say(fieldNames[f.Field], f.Field), value)
	}
	return nil
}

// firstEvent is the number of a stream's first event.
func (a *asker) firstEvent(stream string) (number uint64, ok bool) {
	a.l.View(func(s *domain.Ledger) {
		for n := uint64(0); n < s.Count && !ok; n++ {
			if s.StreamAt(n) == stream {
				number, ok = n, true
			}
		}
	})
	return number, ok
}
