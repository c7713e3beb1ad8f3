package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/vault"
)

// unitOf is the unit to which a stream belongs; what belongs to none is for the
// root's officers.
func unitOf(s *domain.Ledger, stream string) domain.ID {
	switch kind, id, _ := domain.SplitStream(stream); kind {
	case domain.PartyKind:
		if p := s.Parties[id]; p != nil {
			return p.Unit
		}
	case domain.AllocationKind:
		if a := s.Allocations[id]; a != nil {
			return a.Unit
		}
	case domain.NoticeKind:
		if n := s.Notices[id]; n != nil && s.Allocations[n.Allocation] != nil {
			return s.Allocations[n.Allocation].Unit
		}
	case domain.FundKind:
		if f := s.Funds[id]; f != nil {
			return f.Unit
		}
	case domain.CampaignKind:
		if c := s.Campaigns[id]; c != nil {
			return c.Unit
		}
	case domain.OfficerKind:
		if o := s.Officers[id]; o != nil {
			return o.Unit
		}
	case domain.UnitKind:
		return id
	}
	if s.Opened == nil {
		return domain.ID{}
	}
	return s.Opened.Root.ID
}

// parseNumber reads "628" and "#628", the number of an event.
func parseNumber(text string) (uint64, error) {
	return strconv.ParseUint(strings.TrimPrefix(text, "#"), 10, 64)
}

// eventNumber is parseNumber, with what it says to who typed something else.
func (p *program) eventNumber(text string) (uint64, error) {
	n, err := parseNumber(text)
	if err != nil {
		return 0, &inputError{what: text, why: p.say("不是事件的序号", "is not the number of an event")}
	}
	return n, nil
}

// showEvent shows an event whole, but for what is withheld.
func (p *program) showEvent(ctx context.Context, a *asker, which string) error {
	n, err := p.eventNumber(which)
	if err != nil {
		return err
	}
	raw, unit, err := p.eventAt(ctx, a.l, n)
	if err != nil {
		return err
	}
	return p.sayEvent(ctx, a, unit, n, raw)
}

// eventAt reads the event with a number, and says to which unit it belongs.
func (p *program) eventAt(ctx context.Context, l *opened, n uint64) (raw eventstore.Recorded, unit domain.ID, err error) {
	var id domain.ID
	var stream string
	known := false
	l.View(func(s *domain.Ledger) {
		if id, known = s.EventAt(n); known {
			stream = s.StreamAt(n)
			unit = unitOf(s, stream)
		}
	})
	if known {
		for raw, err := range l.store.ReadStream(ctx, stream, 0, eventstore.Forwards) {
			if err != nil || raw.ID == id {
				return raw, unit, err
			}
		}
	}
	return raw, unit, &inputError{what: fmt.Sprint(n), why: p.say("不是事件的序号", "is not the number of an event")}
}

func (p *program) sayEvent(ctx context.Context, a *asker, unit domain.ID, number uint64, raw eventstore.Recorded) error {
	parts, err := eventstore.Split(raw.Data)
	if err != nil {
		return &inputError{what: fmt.Sprint(number), err: err}
	}
	decoded, err := codec.Decode(raw, number)
	if err != nil {
		return &inputError{what: fmt.Sprint(number), err: err}
	}
	var private any
	if err := json.Unmarshal(parts.Private, &private); err != nil {
		return &inputError{what: fmt.Sprint(number), err: err}
	}
	v := &privateView{ctx: ctx, a: a, unit: unit, in: decoded, what: openedFor{}, withheld: map[string]bool{}, seen: map[string]domain.Seen{}}
	v.walk(private, nil, false) // what is to be opened, for the journal
	if len(v.what) > 0 {
		if err := a.reason(p); err != nil {
			return err
		}
	}
	if err := a.note(ctx, unit, v.what); err != nil {
		return err
	}
	shown := v.walk(private, nil, true)
	if v.err != nil {
		return v.err
	}
	out := struct {
		Number   uint64          `json:"number"`
		ID       uuid.UUID       `json:"id"`
		Stream   string          `json:"stream"`
		Type     string          `json:"type"`
		Open     json.RawMessage `json:"open"`
		Private  any             `json:"private"`
		Withheld []string        `json:"withheld"` // fields of the private part
		Meta     domain.Metadata `json:"metadata"`
	}{number, raw.ID, raw.Stream, raw.Type, json.RawMessage(parts.Open), shown, sortedKeys(v.withheld), decoded.Meta}
	if out.Withheld == nil {
		out.Withheld = []string{}
	}
	if err := writeJSON(os.Stdout, out); err != nil || len(out.Withheld) == 0 {
		return err
	}
	fmt.Fprintf(os.Stderr, p.say("（未给看：%s）\n", "(withheld: %s)\n"), strings.Join(out.Withheld, ", "))
	return nil
}

// privateView walks through the private part of an event.
type privateView struct {
	ctx      context.Context
	a        *asker
	unit     domain.ID
	in       *domain.Recorded
	what     openedFor       // to be opened
	withheld map[string]bool // fields
	seen     map[string]domain.Seen
	err      error
}

// sees decides once what of a field he sees: what is opened is what stands in the
// journal.
func (v *privateView) sees(field string) domain.Seen {
	if seen, known := v.seen[field]; known {
		return seen
	}
	v.seen[field] = v.a.sees(v.unit, domain.TypeOf(v.in.Event), field)
	return v.seen[field]
}

// field is the path of a value in the table of who sees what.
func field(path []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(path), func(s string) bool { _, err := strconv.Atoi(s); return err == nil }), ".")
}

// walk returns what may be shown of a value; sealed ones are opened, or only
// noted.
func (v *privateView) walk(value any, path []string, open bool) any {
	switch x := value.(type) {
	case map[string]any:
		if box, ok := sealedIn(x); ok {
			return v.sealed(box, path, open)
		}
		out := map[string]any{}
		for _, name := range sortedKeys(x) {
			if shown := v.walk(x[name], append(slices.Clone(path), name), open); shown != nil {
				out[name] = shown
			}
		}
		return out
	case []any:
		out := []any{}
		for i, each := range x {
			if shown := v.walk(each, append(slices.Clone(path), strconv.Itoa(i)), open); shown != nil {
				out = append(out, shown)
			}
		}
		return out
	}
	if v.sees(field(path)) < domain.Masked {
		v.withheld[field(path)] = true
		return nil
	}
	return value
}

func (v *privateView) sealed(box domain.Sealed, path []string, open bool) any {
	f := field(path)
	seen := v.sees(f)
	gone := false
	v.a.l.View(func(s *domain.Ledger) { gone = s.Erased(box.Key) })
	switch {
	case gone:
		return map[string]any{"erased": true}
	case seen < domain.Masked || v.in.Meta.Command == nil:
		v.withheld[f] = true
		return nil
	case !open:
		v.what.add(box.Key, f)
		return nil
	}
	text, err := v.a.l.Unseal(v.ctx, box, v.in.Stream, v.in.Meta.Command.ID, commandPath(v.in, path))
	if errors.Is(err, vault.ErrKeyGone) {
		return map[string]any{"erased": true}
	}
	if err != nil && v.err == nil {
		v.err = err
	}
	if seen == domain.Masked {
		text = domain.Mask(f, text)
	}
	return map[string]any{"opened": text}
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

// commandPath is the path in the command of a sealed value of its event, for
// which it was sealed.
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
