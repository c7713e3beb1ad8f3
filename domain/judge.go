package domain

import (
	"bytes"
	"slices"
)

// A Judge folds a history and says of each event, from the state before it,
// whether the rules would have let it in. It shares the decisions with those
// who record, and judges by doing them again:
//
//   - The first event of a command stores what its officers signed. The order
//     is read back from that text, decided once more at the recorded time, and
//     what it leads to must be the events that stand there. Ids, salts and the
//     bytes of sealed values are not compared: nobody can draw them again. Of a
//     sealed value it is compared whether there is one, and under whose key. Nor
//     is the hash of the holidays that a notice was counted with, where those at
//     hand give the same period.
//   - An event of a process must be the one that is owed.
//   - Where a text is missing or is no order, the event is named for that, and
//     the rules it is subject to are asked by an order made up from the event.
//
// An irregular event is judged with what its order claims: where the claim is
// right it was let in, and is a finding elsewhere.
//
// The history is judged from the state before each event, which a decision that
// ran beside others may not have seen whole; Metadata.Saw says what it had seen.
type Judge struct {
	ledger   *Ledger
	calendar *Calendar
	running  map[ID]*runningCommand     // commands of which events are still to come
	waiting  map[string]*runningCommand // the same by stream, but for lists in parts
}

// begun is a command of which not all events have come.
type runningCommand struct {
	order  *Order
	first  *Recorded
	proof  *Proof
	second *SecondProof
	role   Role
	expect []Event // those still to come, in their order
	list   *ListSigned
	check  *lineCheck // of a list in parts: what its rows so far come to
	failed bool       // it was refused when it was decided again
}

// Reading is what an event's bytes say that the domain does not see in it.
type Reading struct {
	// Wrong says in which way the bytes are not what this program writes; empty
	// if they are.
	Wrong string
	// Text is what the officers signed, nil where the event stores none.
	Text *Text
	// Signed and SecondSigned say that the signatures in the metadata hold over
	// the digest, by the keys beside them. Whose keys these are is judged here.
	Signed, SecondSigned bool
}

// Text is the text that officers signed, read back.
type Text struct {
	Wrong  string // why it is none; empty if it is
	Ledger ID
	Digest [32]byte // of the text
	// Order has every field of the text. A personal value in it has its tag and
	// stands for some sealed value; a list that the text has by its hash is empty.
	Order *Order
	List  *ListSigned
}

// ListSigned is how the text has a list: by count and hash.
type ListSigned struct {
	Count int
	Sum   string // SHA-256 of the rows as RFC 8785 JSON, hexadecimal
}

// Verdict is what a judge says of one event. Without refusals the rules would
// have let it in, if the list is the signed one.
type Verdict struct {
	Refusals []*Refusal
	// List are the rows of a list that has come whole: their hash is to be
	// compared with what was signed by somebody who can write RFC 8785.
	List *ListToSum
}

// ListToSum is a list made again from events.
type ListToSum struct {
	Rows   any
	Signed ListSigned
}

// Differs is what is said of an event whose list is not the signed one.
func (l *ListToSum) Differs() *Refusal { return refuse(ListDiffers, l.Signed.Count) }

// NewJudge returns a judge of a history from its first event on. The calendar
// is the one by which notices are counted.
func NewJudge(calendar *Calendar) *Judge {
	return &Judge{ledger: NewLedger(), calendar: calendar, running: map[ID]*runningCommand{}, waiting: map[string]*runningCommand{}}
}

// State is what the events so far fold to; it is read, never changed.
func (j *Judge) State() *Ledger { return j.ledger }

// Event judges the next event, and folds it.
func (j *Judge) Event(r *Recorded, read Reading) Verdict {
	v := &Verdict{}
	j.envelope(v, r, read)
	if r.Event != nil {
		switch {
		case (r.Meta.Command == nil) == (r.Meta.Cause == ID{}):
			v.add(refuse(NobodyAnswers))
			j.judgeWithoutOrder(v, r)
		case r.Meta.Command != nil:
			j.command(v, r, read)
		default:
			j.step(v, r)
		}
	}
	postings, err := j.ledger.Apply(r)
	if err != nil && r.Event != nil {
		v.add(refuse(NotFolded, j.ledger.Unfolded[len(j.ledger.Unfolded)-1].Why))
	}
	j.balanced(v, postings)
	return *v
}

// Unfinished names commands whose events ended too early, by the number of
// their first. A list in parts that was never completed counts as absent
// everywhere and is not among them.
func (j *Judge) Unfinished() map[uint64]*Refusal {
	missing := map[uint64]*Refusal{}
	for _, b := range j.waiting {
		missing[b.first.Number] = refuse(EventsMissing, b.order.ID, len(b.expect))
	}
	return missing
}

func (v *Verdict) add(r *Refusal) { v.Refusals = append(v.Refusals, r) }

// is says whether the event is charged with a code already.
func (v *Verdict) has(c *Code) bool {
	return slices.ContainsFunc(v.Refusals, func(r *Refusal) bool { return r.Code == c })
}

// envelope judges what any event has: bytes, place, time, salt.
func (j *Judge) envelope(v *Verdict, r *Recorded, read Reading) {
	switch {
	case r.Event == nil:
		v.add(refuse(Unreadable, read.Wrong))
	case read.Wrong != "":
		v.add(refuse(ForeignBytes, read.Wrong))
	}
	want := uint64(0)
	if s := j.ledger.streams[r.Stream]; s != nil {
		want = s.revision + 1
		if r.Event != nil && r.Meta.Recorded.Before(s.recorded) {
			v.add(refuse(TimeBackwards, sayMoment(r.Meta), sayMoment(Metadata{Recorded: s.recorded})))
		}
	} else if _, _, ok := SplitStream(r.Stream); !ok { // once is enough
		v.add(refuse(StreamUnknown, clip(r.Stream)))
	}
	if r.Revision != want {
		v.add(refuse(RevisionWrong, want, r.Revision))
	}
	if j.ledger.logged(r.ID) != nil {
		v.add(refuse(EventTwice, r.ID))
	}
	if r.Event == nil {
		return
	}
	if r.Meta.Schema < 1 {
		v.add(refuse(SchemaUnknown, r.Meta.Schema))
	}
	if len(r.Meta.Salt) != 16 {
		v.add(refuse(SaltMissing, len(r.Meta.Salt)))
	}
	if b := j.waiting[r.Stream]; b != nil && (r.Meta.Command == nil || r.Meta.Command.ID != b.order.ID) {
		// The events of a command are one append: nothing comes between.
		v.add(refuse(EventsMissing, b.order.ID, len(b.expect)))
		j.finish(b)
	}
}

func sayMoment(m Metadata) string {
	return m.Recorded.In(Shanghai).Format("2006-01-02 15:04:05.000000")
}

// balanced is rule 1: the postings sum to zero, of money and of every item.
func (j *Judge) balanced(v *Verdict, postings []Posting) {
	// Postings come in pairs; only others are worth a map.
	pairs := len(postings)%2 == 0
	for i := 0; pairs && i < len(postings); i += 2 {
		pairs = postings[i].Item == postings[i+1].Item && postings[i].Quantity == -postings[i+1].Quantity
	}
	if pairs {
		return
	}
	sums := map[string]int64{}
	for _, p := range postings {
		sums[p.Item] += p.Quantity
	}
	for item, sum := range sums {
		if sum != 0 {
			v.add(refuse(Unbalanced, item, sayQuantity(item, sum)))
		}
	}
}

// step judges an event of a process: it must be the next of one that is owed.
func (j *Judge) step(v *Verdict, r *Recorded) {
	i := slices.IndexFunc(j.ledger.owed, func(o *owedStep) bool { return o.cause.ID == r.Meta.Cause && o.stream == r.Stream })
	if i < 0 {
		v.add(refuse(StepNotOwed, r.Meta.Cause))
		j.judgeWithoutOrder(v, r)
		return
	}
	if m := &r.Meta; m.Actor != (ID{}) || m.Role != "" || m.Second != nil || m.Saw != 0 {
		v.add(refuse(NobodyAnswers))
	}
	o := j.ledger.owed[i]
	j.compare(v, r, j.ledger.stepOf(o, o.done+1).Events[0])
	j.dates(v, r)
}

// command judges an event of a command.
func (j *Judge) command(v *Verdict, r *Recorded, read Reading) {
	proof := r.Meta.Command
	if r.Meta.Saw > r.Number {
		v.add(refuse(SaysOtherwise, "saw", r.Meta.Saw, r.Number))
	}
	b := j.running[proof.ID]
	if b == nil {
		if j.ledger.Effect(proof.ID) != nil {
			if _, err := j.ledger.Done(proof.ID, proof.Digest); err != nil {
				v.add(refuse(OtherContent, proof.ID))
			} else {
				v.add(refuse(CommandTwice, proof.ID))
			}
			j.judgeWithoutOrder(v, r)
			return
		}
		if b = j.begin(v, r, read); b == nil {
			j.judgeWithoutOrder(v, r)
			return
		}
		if !b.inParts(r) {
			j.decide(v, r, b)
		}
	} else if !j.continues(v, r, read, b) {
		return
	}
	if b.inParts(r) {
		j.listPart(v, r, b)
		return
	}
	if b.failed && r == b.first {
		return // and stays begun: what else stands under it is of no command
	}
	if len(b.expect) == 0 {
		v.add(refuse(EventExtra, proof.ID))
		return
	}
	j.compare(v, r, b.expect[0])
	if b.role != r.Meta.Role {
		v.add(refuse(SaysOtherwise, "role", r.Meta.Role, b.role))
	}
	if b.expect = b.expect[1:]; len(b.expect) > 0 {
		j.waiting[r.Stream] = b
		return
	}
	j.finish(b)
}

func (j *Judge) finish(b *runningCommand) {
	delete(j.running, b.order.ID)
	if j.waiting[b.first.Stream] == b {
		delete(j.waiting, b.first.Stream)
	}
}

// begin takes up a command by its first event: the text is the order's, and
// signed by those who must. Nil is an order that cannot be had.
func (j *Judge) begin(v *Verdict, r *Recorded, read Reading) *runningCommand {
	if !j.signedText(v, r, read) {
		return nil
	}
	b := &runningCommand{order: read.Text.Order, first: r, proof: r.Meta.Command, second: r.Meta.Second, list: read.Text.List}
	o := b.order
	j.signatures(v, r, o, read)
	if o.ID != b.proof.ID {
		v.add(refuse(SaysOtherwise, "command", b.proof.ID, o.ID))
		return nil
	}
	if o.Actor != r.Meta.Actor {
		v.add(refuse(SaysOtherwise, "actor", r.Meta.Actor, o.Actor))
	}
	if stream := o.Stream(); stream != r.Stream {
		v.add(refuse(SaysOtherwise, "stream", r.Stream, stream))
		return nil
	}
	j.running[o.ID] = b
	return b
}

// continues judges that a later event of a command is under the same proof.
func (j *Judge) continues(v *Verdict, r *Recorded, read Reading, b *runningCommand) bool {
	if !bytes.Equal(r.Meta.Command.Digest, b.proof.Digest) {
		v.add(refuse(OtherContent, b.order.ID))
		j.judgeWithoutOrder(v, r)
		return false
	}
	if r.Stream != b.first.Stream {
		v.add(refuse(SaysOtherwise, "stream", r.Stream, b.first.Stream))
		return false
	}
	if r.Meta.Actor != b.order.Actor {
		v.add(refuse(SaysOtherwise, "actor", r.Meta.Actor, b.order.Actor))
	}
	if read.Text != nil { // a list that was sent again goes on at the part that is missing
		if j.signedText(v, r, read) {
			j.signatures(v, r, b.order, read)
			b.proof, b.second = r.Meta.Command, r.Meta.Second
		}
		return true
	}
	// It was verified with the first event: here it only has to be the same.
	if !bytes.Equal(r.Meta.Command.Signature, b.proof.Signature) || !bytes.Equal(r.Meta.Command.Key, b.proof.Key) {
		v.add(refuse(SignatureBad, b.order.Actor))
	}
	if s := r.Meta.Second; (s == nil) != (b.second == nil) || s != nil && (s.Officer != b.second.Officer || !bytes.Equal(s.Signature, b.second.Signature) || !bytes.Equal(s.Key, b.second.Key)) {
		v.add(refuse(SignatureBad, b.order.Second))
	}
	return true
}

// decide lets the order be decided again, from the state before its first
// event.
func (j *Judge) decide(v *Verdict, r *Recorded, b *runningCommand) {
	if b.list != nil {
		rows, ok := j.listOf(r.Event, b.order)
		if !ok {
			v.add(refuse(ListDiffers, b.list.Count))
			b.failed = true
			return
		}
		v.List = &ListToSum{rows, *b.list}
	}
	d, err := j.ledger.Decide(b.order, Env{Now: r.Meta.Recorded, Calendar: j.calendar})
	if err != nil {
		v.addError(err)
		b.failed = true
		return
	}
	b.role = d.Role
	for _, part := range d.Parts {
		b.expect = append(b.expect, part...)
	}
}

// addError takes what a decision says. Decisions give refusals only.
func (v *Verdict) addError(err error) {
	if r, ok := err.(*Refusal); ok {
		v.add(r)
		return
	}
	v.add(refuse(NotFolded, err))
}

// same judges that a stored event is the one that the rules make.
func (j *Judge) compare(v *Verdict, r *Recorded, want Event) {
	if TypeOf(r.Event) != TypeOf(want) {
		v.add(refuse(EventDiffers, "type", TypeOf(r.Event), TypeOf(want)))
		return
	}
	if n, ok := want.(*NoticePublished); ok && n.First == r.Event.(*NoticePublished).First && n.Last == r.Event.(*NoticePublished).Last {
		// Another announcement of holidays that gives the same period is as good.
		n.Calendar = r.Event.(*NoticePublished).Calendar
	}
	if d, ok := r.Event.(*DisbursementMade); ok && d.sameFast(want.(*DisbursementMade)) {
		return
	}
	j.compareFields(v, r.Event, want, sealedUnder(r))
}

func (j *Judge) compareFields(v *Verdict, have, want Event, key ID) {
	if d, same := differ(have, want, key); !same {
		v.add(refuse(EventDiffers, d.field, d.have, d.want))
	}
}

// sealedUnder is the id under whose key an order's personal values are sealed.
func sealedUnder(r *Recorded) ID {
	_, key, _ := SplitStream(r.Stream)
	if key == (ID{}) && r.Meta.Command != nil {
		key = r.Meta.Command.ID
	}
	return key
}

// dates is rule 7 as far as any event is subject to it.
func (j *Judge) dates(v *Verdict, r *Recorded) {
	c := r.Event.common()
	d := &decision{ledger: j.ledger, order: &Order{Date: c.Date, Happened: c.Happened}, env: Env{Now: r.Meta.Recorded}}
	if err := d.checkDates(LedgerStream); err != nil {
		v.addError(err)
		return
	}
	if through := j.ledger.closedThrough(r.Stream, nil); c.Date <= through {
		v.add(refuse(PeriodIsClosed, c.Date, through))
	}
}

// judgeWithoutOrder judges an event for which there is no order: rule 7, and what the
// command would be answered that leads to such an event.
func (j *Judge) judgeWithoutOrder(v *Verdict, r *Recorded) {
	o := j.orderLike(r)
	if o == nil || o.Actor == (ID{}) {
		j.dates(v, r)
		return
	}
	if _, err := j.ledger.Decide(o, Env{Now: r.Meta.Recorded, Calendar: j.calendar}); err != nil {
		v.addError(err)
	}
}
