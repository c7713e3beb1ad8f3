package domain

// A Step is what a process across streams owes: events that follow from an
// earlier one, the cause, in another stream. It is derived from the state
// alone, so that it goes on after a crash, and it is owed no more as soon as
// its events are folded. It is never refused: the first step fixed all that it
// needs (design section 4).
type Step struct {
	Cause  ID
	Stream string
	Events []Event
}

// owedStep is a step that is not done: total events, of which the first done are
// there. make builds those from one index up to another; it must give the same
// each time.
type owedStep struct {
	cause       *Recorded
	stream      string
	total, done int
	make        func(from, to int) []Event
}

// maxStepEvents bounds the events of one step, and with it its append: 450 bytes
// each with envelope and metadata leave room under 1 MiB.
const maxStepEvents = 1000

// oweStep remembers that these events follow from r in another stream.
func (l *Ledger) oweStep(r *Recorded, stream string, events ...Event) {
	l.oweMany(r, stream, len(events), func(from, to int) []Event { return events[from:to] })
}

// oweMany remembers a step of many events, made when they are wanted.
func (l *Ledger) oweMany(r *Recorded, stream string, total int, make func(from, to int) []Event) {
	if total > 0 {
		l.owed = append(l.owed, &owedStep{cause: r, stream: stream, total: total, make: make})
	}
}

// Next returns the oldest step that is owed; ok is false where there is none.
// Its business date is the later of the first step's and the first open day of
// the receiving stream.
func (l *Ledger) Next() (s Step, ok bool) {
	if len(l.owed) == 0 {
		return Step{}, false
	}
	o := l.owed[0]
	to := min(o.total, o.done+maxStepEvents)
	if o.onePerAppend() {
		to = o.done + 1
	}
	return l.stepOf(o, to), true
}

// stepOf makes the events of a step that are not done, up to one.
func (l *Ledger) stepOf(o *owedStep, to int) Step {
	s := Step{o.cause.ID, o.stream, o.make(o.done, to)}
	cause := o.cause.Event.common()
	date := cause.Date
	if through := l.closedThrough(o.stream, nil); date <= through {
		date = through.Add(1)
	}
	for _, e := range s.Events {
		c := e.common()
		c.Date, c.Campaign = date, cause.Campaign
		if c.Happened == nil && cause.Happened != nil {
			c.Happened = cause.Happened
		} else if date != cause.Date {
			c.Happened = &Span{cause.FirstDay(), cause.LastDay()}
		}
	}
	return s
}

// onePerAppend says that each event of the step is an append of its own.
func (o *owedStep) onePerAppend() bool {
	_, parts := o.make(o.done, o.done+1)[0].(*LinesAdmitted)
	return parts
}

// Owed is how many steps are not done.
func (l *Ledger) Owed() int { return len(l.owed) }

// countStepEvent counts an event of a step.
func (l *Ledger) countStepEvent(r *Recorded) {
	for i, o := range l.owed {
		if o.cause.ID != r.Meta.Cause || o.stream != r.Stream {
			continue
		}
		if o.done++; o.done == o.total {
			l.owed = append(l.owed[:i:i], l.owed[i+1:]...)
		}
		return
	}
}
