package domain

// A Step is a list of events that must still be written because of an earlier event,
// the cause, mostly in another stream. What is owed follows from the state alone, so
// steps go on after a crash; it is paid when the events are folded. A step is never
// refused: the cause has fixed everything that it needs (design section 4).
type Step struct {
	Cause  ID
	Stream string
	Events []Event
}

// owedStep is a step that is not complete: of total events, the first done are
// written. make builds the events from one index up to another, that one not
// included. It must return the same events each time.
type owedStep struct {
	cause       *Recorded
	stream      string
	total, done int
	make        func(from, to int) []Event
}

// maxStepEvents is the most events that Next returns at once. They are one append, and
// at 450 bytes an event, with envelope and metadata, that is well below 1 MiB.
const maxStepEvents = 1000

// oweStep remembers that these events are still to be written to a stream because of r.
func (l *Ledger) oweStep(r *Recorded, stream string, events ...Event) {
	l.oweMany(r, stream, len(events), func(from, to int) []Event { return events[from:to] })
}

// oweMany is oweStep for many events: they are made when they are asked for.
func (l *Ledger) oweMany(r *Recorded, stream string, total int, make func(from, to int) []Event) {
	if total > 0 {
		l.owed = append(l.owed, &owedStep{cause: r, stream: stream, total: total, make: make})
	}
}

// Next returns the oldest step that is owed; ok is false if nothing is. Its business
// date is that of the cause, or, if the stream's books are closed for that day, the
// first open day.
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

// stepOf makes the missing events of a step, up to an index that is not included.
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

// onePerAppend says whether each event of the step needs an append of its own.
func (o *owedStep) onePerAppend() bool {
	_, parts := o.make(o.done, o.done+1)[0].(*LinesAdmitted)
	return parts
}

// Owed is how many steps are not complete.
func (l *Ledger) Owed() int { return len(l.owed) }

// countStepEvent counts an event that was written for a step.
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
