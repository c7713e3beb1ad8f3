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
	"github.com/spf13/cobra"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/vault"
)

// What of a person, and of the private part of an event, whoever asks may see
// (domain.SeenBy). What is withheld is said to be; what is opened stands in the
// vault's journal first.

// privateCommands are `show party`, `show event` and `show journal`.
func (p *program) privateCommands() []*cobra.Command {
	var who whichParty
	party := &cobra.Command{
		Use:   "party [NUMBER|ID]",
		Short: p.say("一个对象：按职责所能看到的信息", "one party, as far as whoever asks may see it"),
		Long: p.say(`出示经办人密钥（--key）并说明理由（--why）；看到什么取决于职责，未给看的会说明。每次打开都记入保险库日志（show journal）。
财务见姓名、电话、地址和隐去中段的身份证号；审计见账号以外的全部；隐私专员见全部。`,
			`Give an officer's key (--key) and a reason (--why). What is shown depends on his roles, and what is withheld is
said. Whatever is opened stands in the vault's journal first (show journal). Finance sees name, phone, address
and the identity number masked; an auditor all but accounts; a privacy officer everything.`),
		Example: "  reliefledger show party 17 --key me.key --why 核对退票\n  echo 11010519491231002X | reliefledger show party --id-number - --key me.key --why 本人查询",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withAsker(cmd.Context(), "show party", func(a *asker) error { return p.showParty(cmd.Context(), a, args, &who) })
		},
	}
	who.flags(party)
	event := &cobra.Command{
		Use:   "event NUMBER",
		Short: p.say("一个事件：公开部分，及按职责可见的非公开部分", "one event: its open part, and of the private one what whoever asks may see"),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withAsker(cmd.Context(), "show event", func(a *asker) error { return p.showEvent(cmd.Context(), a, args[0]) })
		},
	}
	var about whichParty
	var only string
	journal := &cobra.Command{
		Use:   "journal",
		Short: p.say("保险库日志：谁、何时、为何打开了谁的哪些信息", "the vault's journal: who opened what of whom, why and when"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withAsker(cmd.Context(), "show journal", func(a *asker) error {
				var who domain.ID
				if only != "" || about.numberFile != "" {
					var args []string
					if only != "" {
						args = []string{only}
					}
					var err error
					if who, err = about.find(cmd.Context(), p, a, args); err != nil {
						return err
					}
				}
				return p.showJournal(cmd.Context(), a, who)
			})
		},
	}
	about.flags(journal)
	journal.Flags().StringVar(&only, "party", "", "entries about one party: its id, or the number of one of its events 只列某对象")
	fields := &cobra.Command{
		Use:   "fields",
		Short: p.say("每个事件的每个非公开字段，谁能看到", "who sees which private field of which event"),
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return p.showFields() },
	}
	return []*cobra.Command{party, event, journal, fields, p.documentCommand()}
}

// showFields shows the table of who sees what.
func (p *program) showFields() error {
	type row struct {
		Event string            `json:"event"`
		Field string            `json:"field"`
		Seen  map[string]string `json:"seen"`
	}
	audiences := []domain.Audience{domain.Public, domain.Finance, domain.Auditing, domain.Privacy}
	rows := []row{}
	t := newTable(p.say("事件", "event"), p.say("字段", "field"), audiences[0].Say(p.lang()), audiences[1].Say(p.lang()), audiences[2].Say(p.lang()), audiences[3].Say(p.lang()))
	for i, e := range domain.AllEvents() {
		for _, f := range domain.PrivateFields(e) {
			common := slices.Contains(domain.CommonFields, f)
			if common && i > 0 {
				continue // once for all
			}
			r := row{domain.TypeOf(e), f, map[string]string{}}
			if common {
				r.Event = "*"
			}
			cells := []string{r.Event, f}
			for _, a := range audiences {
				seen := domain.SeenBy(domain.TypeOf(e), f, a)
				r.Seen[a.Say(domain.En)] = seen.Say(domain.En)
				cells = append(cells, seen.Say(p.lang()))
			}
			rows = append(rows, r)
			t.row(cells...)
		}
	}
	if p.json {
		return writeJSON(os.Stdout, rows)
	}
	return p.tell(t)
}

// withAsker opens the ledger with its vault and finds who asks.
func (p *program) withAsker(ctx context.Context, did string, do func(*asker) error) (err error) {
	l, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	opened := false
	l.View(func(s *domain.Ledger) { opened = s.Opened != nil })
	if !opened {
		return &noLedgerError{p.data, "it was never opened, run init again 尚未开立，请再运行 init (LedgerOpened is missing)"}
	}
	a, err := p.asker(l, did)
	if err != nil {
		return err
	}
	return do(a)
}

// reason refuses to open anything without one, in a real ledger.
func (a *asker) reason(p *program) error {
	if a.why == "" && !a.demo {
		return &inputError{what: "--why", why: p.say("打开个人信息须说明理由", "a reason is needed to open what is private")}
	}
	return nil
}

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
	n, bad := strconv.ParseUint(strings.TrimPrefix(which, "#"), 10, 64)
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
		r, err := eventstore.Decode(raw, 0)
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

// showEvent shows an event whole, but for what is withheld.
func (p *program) showEvent(ctx context.Context, a *asker, which string) error {
	n, err := strconv.ParseUint(strings.TrimPrefix(which, "#"), 10, 64)
	if err != nil {
		return &inputError{what: which, why: p.say("不是事件的序号", "is not the number of an event")}
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
	decoded, err := eventstore.Decode(raw, number)
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

func (p *program) showJournal(ctx context.Context, a *asker, about domain.ID) error {
	var root domain.ID
	posts := map[uuid.UUID]string{}
	a.l.View(func(s *domain.Ledger) {
		root = s.Opened.Root.ID
		for id, o := range s.Officers {
			posts[id] = o.Post
		}
	})
	if err := a.holds(root, domain.Auditor, domain.PrivacyOfficer); err != nil {
		return err
	}
	t := newTable(p.say("序号", "no"), p.say("时间", "time"), p.say("事由", "kind"), p.say("经办人", "officer"), p.say("身份", "as"), p.say("命令", "command"), p.say("字段", "fields"), p.say("人数", "of"), p.say("理由", "why")).figures(0, 7)
	for e, err := range a.l.Journal(ctx) {
		if err != nil {
			return err
		}
		if about != (domain.ID{}) && !slices.ContainsFunc(e.Opened, func(o vault.Opening) bool { return slices.Contains(o.Of, about) }) {
			continue
		}
		if p.json {
			if err := writeJSONLine(e); err != nil {
				return err
			}
			continue
		}
		var fields []string
		people := map[uuid.UUID]bool{}
		for _, o := range e.Opened {
			for _, f := range o.Fields {
				if name := fieldNames[f]; name != "" {
					f = p.say(name, f)
				}
				fields = append(fields, f)
			}
			for _, id := range o.Of {
				people[id] = true
			}
		}
		who := posts[e.Officer]
		if who == "" {
			who = "—"
		}
		t.row(fmt.Sprint(e.No), e.At.In(domain.Shanghai).Format("2006-01-02 15:04:05"), p.sayKind(e.Kind), who, p.sayAs(e.As), e.Did, strings.Join(fields, ","), fmt.Sprint(len(people)), printable(e.Why))
	}
	if p.json {
		return nil
	}
	return p.tell(t)
}

// sayAs says an audience as the journal has it.
func (p *program) sayAs(as string) string {
	for _, a := range []domain.Audience{domain.Public, domain.Finance, domain.Auditing, domain.Privacy} {
		if as == a.Say(domain.En) {
			return a.Say(p.lang())
		}
	}
	return as
}

func (p *program) sayKind(k vault.EntryKind) string {
	if p.lang() == domain.En {
		return string(k)
	}
	return map[vault.EntryKind]string{vault.Opened: "打开", vault.LookedUp: "查号", vault.Erased: "删除", vault.Rewrap: "换封装密钥", vault.Removed: "移除文件", vault.Lost: "缺失仍继续"}[k]
}
