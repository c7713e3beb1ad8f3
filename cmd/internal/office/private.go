package office

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
)

// partyValue is a detail of a party as a state has it, for a question to the gate;
// not ok where the party has none.
func partyValue(s *domain.Ledger, p *domain.Party, field string, look domain.Look) (v value, ok bool) {
	box, in := p.Details.Name, p.NameIn
	if field == "number" {
		box, in = p.Details.Number, p.NumberIn
	}
	if box.IsZero() {
		return value{}, false
	}
	look.Event, look.Field, look.Of = "PartyRegistered", field, p.ID
	return value{look: look, box: box, stream: domain.Stream(domain.PartyKind, p.ID), command: s.CommandOf(in), path: field}, true
}

// PartyShown is a party as far as who asks may see it.
type PartyShown struct {
	Party      domain.ID        `json:"party"`
	Number     uint64           `json:"-"` // of its first event
	Unit       domain.ID        `json:"unit"`
	UnitName   string           `json:"-"`
	Type       domain.PartyType `json:"type"`
	Restricted bool             `json:"restricted"`
	Erased     bool             `json:"erased"`
	Minor      bool             `json:"minor"`
	Fields     []FieldShown     `json:"fields"`
}

// FieldShown is a field of a party as it is shown.
type FieldShown struct {
	Field string `json:"field"`
	Value string `json:"value,omitempty"`
	Seen  string `json:"seen"` // whole, masked, withheld, erased
}

// ShowParty opens what the asker may see of a party.
func (a *Asker) ShowParty(ctx context.Context, id domain.ID) (*PartyShown, error) {
	if err := a.MustSayWhy(); err != nil {
		return nil, err
	}
	out := &PartyShown{Party: id, Fields: []FieldShown{}}
	a.o.State(func(s *domain.Ledger) {
		p := s.Parties[id]
		if p == nil {
			return
		}
		out.Unit, out.Type, out.Restricted, out.Erased, out.Minor = p.Unit, p.Type, p.Restricted, p.Erased, p.Minor
		if u := s.Units[p.Unit]; u != nil {
			out.UnitName = u.Name
		}
		out.Number, _ = s.Began(domain.Stream(domain.PartyKind, id))
	})
	if err := a.MustSee(out.Unit, "PartyRegistered", "name"); err != nil {
		return nil, err
	}
	values, err := a.o.lastDetails(ctx, id, out.Unit)
	if err != nil {
		return nil, err
	}
	shown, err := a.open(ctx, nil, values...)
	if err != nil {
		return nil, err
	}
	for i, x := range shown {
		f := FieldShown{Field: values[i].path, Value: x.text, Seen: "withheld"}
		switch {
		case x.erased || out.Erased:
			f.Seen, f.Value = "erased", ""
		case x.seen == domain.Masked:
			f.Seen = "masked"
		case x.seen == domain.Whole:
			f.Seen = "whole"
		}
		out.Fields = append(out.Fields, f)
	}
	return out, nil
}

// lastDetails are the details of a party as the last event has them that has each.
func (o *Office) lastDetails(ctx context.Context, party, unit domain.ID) ([]value, error) {
	fields := []string{"name", "number", "phone", "address", "account", "note"}
	last := make([]value, len(fields))
	for raw, err := range o.store.ReadStream(ctx, domain.Stream(domain.PartyKind, party), 0, eventstore.Forwards) {
		if err != nil {
			return nil, err
		}
		r, err := codec.Decode(raw, 0)
		if err != nil {
			continue // named by every report
		}
		d, _ := domain.DetailsIn(r.Event)
		for i, box := range []domain.Sealed{d.Name, d.Number, d.Phone, d.Address, d.Account, d.Note} {
			if !box.IsZero() && r.Meta.Command != nil {
				last[i] = value{look: domain.Look{Unit: unit, Event: domain.TypeOf(r.Event), Field: fields[i]}, box: box, stream: r.Stream, command: r.Meta.Command.ID, path: fields[i]}
			}
		}
	}
	return slices.DeleteFunc(last, func(v value) bool { return v.box.IsZero() }), nil
}

// EventShown is an event whole, but for what is withheld. Where anything of the
// private part is, so are the salt, the digest and the signatures of the metadata: who
// has them can try what was withheld until it fits.
type EventShown struct {
	Number   uint64          `json:"number"`
	ID       uuid.UUID       `json:"id"`
	Stream   string          `json:"stream"`
	Type     string          `json:"type"`
	Open     json.RawMessage `json:"open"`
	Private  any             `json:"private"`
	Withheld []string        `json:"withheld"` // fields of the private part, and of the metadata
	Meta     domain.Metadata `json:"metadata"`
}

// eventAt reads the event with a number, and says to which unit it belongs.
func (o *Office) eventAt(ctx context.Context, n uint64) (raw eventstore.Recorded, unit domain.ID, err error) {
	var id domain.ID
	var stream string
	known := false
	o.State(func(s *domain.Ledger) {
		if id, known = s.EventAt(n); known {
			stream = s.StreamAt(n)
			unit = s.UnitOf(stream)
		}
	})
	if known {
		for raw, err := range o.store.ReadStream(ctx, stream, 0, eventstore.Forwards) {
			if err != nil || raw.ID == id {
				return raw, unit, err
			}
		}
	}
	return raw, unit, Input(fmt.Sprint(n), "不是事件的序号", "is not the number of an event")
}

// ShowEvent opens what the asker may see of an event.
func (a *Asker) ShowEvent(ctx context.Context, number uint64) (*EventShown, error) {
	raw, unit, err := a.o.eventAt(ctx, number)
	if err != nil {
		return nil, err
	}
	parts, err := eventstore.Split(raw.Data)
	if err != nil {
		return nil, InputErr(fmt.Sprint(number), err)
	}
	decoded, err := codec.Decode(raw, number)
	if err != nil {
		return nil, InputErr(fmt.Sprint(number), err)
	}
	var private any
	if err := json.Unmarshal(parts.Private, &private); err != nil {
		return nil, InputErr(fmt.Sprint(number), err)
	}
	w := &eventWalk{a: a, unit: unit, in: decoded, withheld: map[string]bool{}}
	w.walk(private, nil)
	shown, err := a.open(ctx, nil, w.values...)
	if err != nil {
		return nil, err
	}
	w.shown = shown
	out := &EventShown{Number: number, ID: raw.ID, Stream: raw.Stream, Type: raw.Type, Open: json.RawMessage(parts.Open), Private: w.walk(private, nil), Meta: decoded.Meta}
	if len(w.withheld) > 0 {
		out.Meta = withoutProofs(out.Meta, w.withheld)
	}
	out.Withheld = append([]string{}, slices.Sorted(maps.Keys(w.withheld))...)
	return out, nil
}

// withoutProofs leaves out of an event's metadata what a guess at its private part can
// be checked against, and notes each under its path.
func withoutProofs(m domain.Metadata, withheld map[string]bool) domain.Metadata {
	drop := func(path string, field *[]byte) {
		if len(*field) > 0 {
			*field, withheld[path] = nil, true
		}
	}
	drop("metadata.salt", &m.Salt)
	if m.Command != nil {
		proof := *m.Command
		drop("metadata.command.digest", &proof.Digest)
		drop("metadata.command.signature", &proof.Signature)
		m.Command = &proof
	}
	if m.Second != nil {
		second := *m.Second
		drop("metadata.second.signature", &second.Signature)
		m.Second = &second
	}
	return m
}

// eventWalk goes through the private part of an event, twice in the same order:
// first it collects the sealed values, then, with what was shown of them, it makes
// what may be shown.
type eventWalk struct {
	a        *Asker
	unit     domain.ID
	in       *domain.Recorded
	values   []value
	shown    []shown // nil: collect
	next     int     // in shown
	withheld map[string]bool
}

func (w *eventWalk) walk(value any, path []string) any {
	switch x := value.(type) {
	case map[string]any:
		if box, ok := sealedIn(x); ok {
			return w.sealed(box, path)
		}
		out := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(x)) {
			if shown := w.walk(x[name], append(slices.Clone(path), name)); shown != nil {
				out[name] = shown
			}
		}
		return out
	case []any:
		out := []any{}
		for i, each := range x {
			if shown := w.walk(each, append(slices.Clone(path), strconv.Itoa(i))); shown != nil {
				out = append(out, shown)
			}
		}
		return out
	}
	field := fieldAt(path)
	if w.a.Sees(w.unit, domain.TypeOf(w.in.Event), field) == domain.Withheld {
		w.withheld[field] = true
		return nil
	}
	return value
}

// fieldAt is the path of a value in the table of who sees what: lists have no index
// there.
func fieldAt(path []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(path), func(s string) bool { _, err := strconv.Atoi(s); return err == nil }), ".")
}

func (w *eventWalk) sealed(box domain.Sealed, path []string) any {
	field := fieldAt(path)
	if w.shown == nil {
		v := value{look: domain.Look{Unit: w.unit, Event: domain.TypeOf(w.in.Event), Field: field}, stream: w.in.Stream, path: commandPath(w.in, path), box: box}
		if w.in.Meta.Command != nil {
			v.command = w.in.Meta.Command.ID
		}
		w.values = append(w.values, v)
		return nil
	}
	x := w.shown[w.next]
	w.next++
	switch {
	case x.erased:
		return map[string]any{"erased": true}
	case x.seen == domain.Withheld:
		w.withheld[field] = true
		return nil
	}
	return map[string]any{"opened": x.text}
}

func sealedIn(m map[string]any) (domain.Sealed, bool) {
	if len(m) != 2 || m["key"] == nil || m["box"] == nil {
		return domain.Sealed{}, false
	}
	text, err := json.Marshal(m)
	if err != nil {
		return domain.Sealed{}, false
	}
	var box domain.Sealed
	return box, json.Unmarshal(text, &box) == nil
}

// commandPath is the path in the command of a sealed value of its event, for which
// it was sealed.
func commandPath(r *domain.Recorded, path []string) string {
	path = slices.Clone(path)
	switch {
	case path[0] == "reasons" && path[2] == "text":
		path[0], path[2] = "irregular", "reason"
	case path[0] == "reasons":
		path[0] = "irregular"
	case path[0] == "lines":
		e, ok := r.Event.(*domain.NoticeLinesAdded)
		if i, err := strconv.Atoi(path[1]); ok && err == nil {
			path[0], path[1] = "rows", strconv.Itoa((e.Part-1)*domain.LinesInPart+i)
		}
	}
	return strings.Join(path, ".")
}
