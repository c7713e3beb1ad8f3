package domain

import (
	"reflect"
	"strings"
	"time"
)

// Command is what an officer asks for: a pointer to one of the structs that
// this package names in the imperative.
type Command interface {
	// target is the stream whose events the command decides.
	target(o *Order) string
	// unit is the unit for which the actor must have a role.
	unit(l *Ledger, o *Order) ID
	// decide checks the rules in their order and adds events to d.
	decide(d *decision) error
}

// Order is a command with everything else that an officer has to say with it: who
// acts, for which business date, and so on. The officer signs all of it.
type Order struct {
	ID        ID      `json:"id"`
	Actor     ID      `json:"actor,omitzero"`
	Date      Day     `json:"date"` // business date
	Happened  *Span   `json:"happened,omitempty"`
	DoneBy    ID      `json:"done_by,omitzero"`
	Campaign  ID      `json:"campaign,omitzero"`
	Replaces  *Ref    `json:"replaces,omitempty"`
	Irregular []Claim `json:"irregular,omitempty"`
	// Second is the officer who signs beside the actor; an irregular record
	// needs one.
	Second ID      `json:"second,omitzero"`
	Body   Command `json:"-"`
}

// Env is what a decision takes from outside: the time at which its events are
// recorded, the announced holidays, and for an order that is only tried the parties
// that are not registered yet.
type Env struct {
	Now      time.Time
	Calendar *Calendar
	// ToBe are parties that are not registered yet, by their ids. A list may name them
	// as if they were, so that it can be tried before its parties are registered. If
	// a party is in the ledger, that one counts.
	ToBe map[ID]*Party
}

// A Decision is what a command leads to: events for one stream, in parts that
// are appended one after the other.
type Decision struct {
	Stream string
	Role   Role
	Parts  [][]Event
}

type decision struct {
	ledger    *Ledger
	order     *Order
	env       Env
	parts     [][]Event
	irregular []Irregularity
	markOf    map[string]int // index in irregular
	replaces  ID
}

// CommandName returns the stable name of a command: "receive-funds".
func CommandName(c Command) string { return kebab(reflect.TypeOf(c).Elem().Name()) }

// NewCommand returns an empty command with this name, to decode into.
func NewCommand(name string) (c Command, ok bool) {
	t, ok := commandTypes[name]
	if !ok {
		return nil, false
	}
	return reflect.New(t).Interface().(Command), true
}

// CommandNames returns the names of all commands, in the order of the table
// of roles.
func CommandNames() []string {
	names := make([]string, len(roleTable))
	for i, row := range roleTable {
		names[i] = CommandName(row.command)
	}
	return names
}

func kebab(name string) string {
	var b strings.Builder
	for i, r := range name {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				b.WriteByte('-')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Refusals about the order itself.
var (
	NotYetHappened = newCode(7, "not-yet-happened", "业务日期 {happened} 晚于记账日期 {date}", "it happened on {happened}, after the business date {date}")
	DateInFuture   = newCode(7, "date-in-future", "记账日期 {date} 晚于今天 {today}", "the business date {date} is after today, {today}")
	BookedBefore   = newCode(7, "booked-before", "记账日期 {date} 早于其所依据记录的记账日期 {before}", "the business date {date} is before that of the entry it follows, {before}")
	DateMissing    = newCode(0, "date-missing", "缺少记账日期", "the business date is missing")
	BackwardSpan   = newCode(0, "backward-span", "起始日 {first} 晚于截止日 {last}", "the first day {first} is after the last, {last}")
	NoSuch         = newCode(0, "no-such", "账上没有该{kind}：{id}", "the ledger has no such {kind}: {id}")
	FieldMissing   = newCode(0, "field-missing", "缺少 {field}", "{field} is missing")
	FieldWrong     = newCode(0, "field-wrong", "{field} 的值不能是 {value}", "{field} cannot be {value}")
	BadReplace     = newCode(4, "bad-replace", "只有不含金额的同类记录才能更正：{entry}", "only a fact without value, of the same kind, can be replaced: {entry}")
	AlreadyExists  = newCode(0, "already-exists", "{kind} 已存在：{id}", "the {kind} exists already: {id}")
	NotOpen        = newCode(0, "not-open", "{kind} 已关闭：{id}", "the {kind} is closed: {id}")
)

// add appends events to the decision's only part, or begins it.
func (d *decision) add(events ...Event) {
	if len(d.parts) == 0 {
		d.parts = append(d.parts, nil)
	}
	last := len(d.parts) - 1
	d.parts[last] = append(d.parts[last], events...)
}

// whoActed is the officer who acted: DoneBy if the order says so, else the actor.
func (d *decision) whoActed() ID {
	if d.order.DoneBy != (ID{}) {
		return d.order.DoneBy
	}
	return d.order.Actor
}

// firstDay is the first day on which it happened.
func (d *decision) firstDay() Day {
	if d.order.Happened != nil {
		return d.order.Happened.First
	}
	return d.order.Date
}

// lastDay is the last day on which it happened.
func (d *decision) lastDay() Day {
	if d.order.Happened != nil {
		return d.order.Happened.Last
	}
	return d.order.Date
}

func (d *decision) newID(thing string) ID { return Made(d.order.ID, thing) }

// Decide says what an order leads to, or why it is refused; then the error is a
// [Refusal]. It changes nothing. Ask [Ledger.Done] first: an order that was accepted
// before is answered there.
func (l *Ledger) Decide(o *Order, env Env) (*Decision, error) {
	if o.Body == nil {
		return nil, refuse(FieldMissing, "command")
	}
	d := &decision{ledger: l, order: o, env: env, markOf: map[string]int{}}
	stream := o.Body.target(o)
	if err := d.checkDates(stream); err != nil {
		return nil, err
	}
	if o.Campaign != (ID{}) && l.Campaigns[o.Campaign] == nil {
		return nil, refuse(NoSuch, bilingual{"活动", "campaign"}, o.Campaign)
	}
	role, err := d.checkActor()
	if err != nil {
		return nil, err
	}
	if err := d.checkClaims(); err != nil {
		return nil, err
	}
	if err := o.Body.decide(d); err != nil {
		return nil, err
	}
	if err := d.checkClaimsUsed(); err != nil {
		return nil, err
	}
	d.fillCommon()
	return &Decision{Stream: stream, Role: role, Parts: d.parts}, nil
}

// checkDates is rule 7: it happened, then it is booked, then recorded, in an open
// period.
func (d *decision) checkDates(stream string) error {
	o := d.order
	today := DayOf(d.env.Now)
	if o.Date == 0 {
		return refuse(DateMissing)
	}
	if o.Happened != nil {
		if o.Happened.First == 0 || o.Happened.First > o.Happened.Last {
			return refuse(BackwardSpan, o.Happened.First, o.Happened.Last)
		}
		if o.Happened.Last > o.Date {
			return refuse(NotYetHappened, o.Happened.Last, o.Date)
		}
	}
	if o.Date > today {
		return refuse(DateInFuture, o.Date, today)
	}
	if through := d.ledger.closedThrough(stream, o); o.Date <= through {
		return refuse(PeriodIsClosed, o.Date, through)
	}
	return nil
}

// fillCommon sets the common fields of all events of the decision.
func (d *decision) fillCommon() {
	common := Common{
		Date: d.order.Date, Happened: d.order.Happened, DoneBy: d.order.DoneBy, Campaign: d.order.Campaign,
		Replaces: d.replaces, Irregular: d.irregular,
	}
	for _, i := range d.irregular {
		for _, c := range d.order.Irregular {
			if c.Code == i.Code {
				reason := Reason{Text: c.Reason.sealed}
				for _, e := range c.Evidence {
					reason.Evidence = append(reason.Evidence, e.sealed)
				}
				common.Reasons = append(common.Reasons, reason)
			}
		}
	}
	for _, part := range d.parts {
		for _, e := range part {
			*e.common() = common
		}
	}
}

// findReplaced finds the event that the order corrects, if it names one. That event
// must have the type of e and be in the same stream.
func (d *decision) findReplaced(stream string, e Event) error {
	if d.order.Replaces == nil {
		return nil
	}
	id, ok := d.ledger.Find(*d.order.Replaces)
	if !ok {
		return refuse(NoSuch, bilingual{"记录", "entry"}, d.order.Replaces)
	}
	if n, _ := d.ledger.Number(id); d.ledger.StreamAt(n) != stream || d.ledger.TypeAt(n) != TypeOf(e) {
		return refuse(BadReplace, d.order.Replaces)
	}
	d.replaces = id
	return nil
}

// Stream returns the stream to which the order adds events. The id in its name is also
// the id of the key under which the order's personal values are sealed: the party's or
// officer's own key, or the key of the case.
func (o *Order) Stream() string { return o.Body.target(o) }
