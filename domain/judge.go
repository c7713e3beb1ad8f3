package domain

import (
	"bytes"
	"slices"
)

// A Judge reads a history that others wrote. Before it folds an event it says
// whether the rules would have let that event in, given the state before it. It does
// so by making each decision again:
//
//   - The first event of a command stores the text that the officers signed. The
//     judge reads the order back from it and decides it once more, at the recorded
//     time. The events that this leads to must be those in the history.
//   - An event of a process must be one that is owed.
//   - If the text is missing, or is no order, the judge charges the event with that.
//     It then makes up an order from the event, so that the rules are still checked.
//
// Some fields cannot be made again. Ids, salts and the bytes of sealed values are not
// compared; of a sealed value only whether there is one, and under which key. The
// hash of the holidays in a published notice is not compared either if the judge's
// calendar gives the same period.
//
// An irregular event is judged with what its order claims. If the claim is right the
// event was let in rightly; that it is a finding is for reports to say.
//
// A decision that ran at the same time as others may not have seen every event before
// its own. Metadata.Saw says how many it had seen.
type Judge struct {
	ledger   *Ledger
	calendar *Calendar
	running  map[ID]*runningCommand     // commands with events still to come
	waiting  map[string]*runningCommand // the same by stream, without lists in parts
}

// runningCommand is a command with events still to come.
type runningCommand struct {
	order  *Order
	first  *Recorded
	proof  *Proof
	second *SecondProof
	role   Role
	expect []Event // those still to come, in their order
	list   *ListSigned
	check  *lineCheck // of a list in parts: the check of all its rows so far
	failed bool       // it was refused when it was decided again
}

// Reading tells the judge what the domain cannot see in an event: how its bytes were
// read, and whether its signatures hold.
type Reading struct {
	// Wrong says how the bytes differ from those that this program writes; it is
	// empty if they do not.
	Wrong string
	// Text is what the officers signed, nil if the event stores none.
	Text *Text
	// Signed and SecondSigned say whether the signatures in the metadata are valid
	// for the digest and the keys beside them. The judge then asks whose keys those
	// are.
	Signed, SecondSigned bool
}

// Text is the text that officers signed, read back.
type Text struct {
	Wrong  string // why it cannot be read as an order; empty if it can
	Ledger ID
	Digest [32]byte // of the text
	// Order has every field of the text. Of a personal value it has the tag only. A
	// list whose hash alone was signed is empty here; List then has the hash.
	Order *Order
	List  *ListSigned
}

// ListSigned is what the signed text has instead of a list: its count and hash.
type ListSigned struct {
	Count int
	Sum   string // SHA-256 of the rows as RFC 8785 JSON, hexadecimal
}

// Verdict is what a judge says of one event. If there are no refusals, and the list is
// the signed one, the rules would have let it in.
type Verdict struct {
	Refusals []*Refusal
	// List is set when all rows of a list have come. The caller must compare their
	// hash with the signed one: the domain cannot write RFC 8785 JSON.
	List *ListToSum
}

// ListToSum is a list that was made again from events, with the signed count and hash.
type ListToSum struct {
	Rows   any
	Signed ListSigned
}

// Differs is the charge for an event whose list is not the signed one.
func (l *ListToSum) Differs() *Refusal { return refuse(ListDiffers, l.Signed.Count) }

// NewJudge returns a judge of a history from its first event on. The calendar
// is the one by which notices are counted.
func NewJudge(calendar *Calendar) *Judge {
	return &Judge{ledger: NewLedger(), calendar: calendar, running: map[ID]*runningCommand{}, waiting: map[string]*runningCommand{}}
}

// State is the state after the events judged so far. The caller must not change it.
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

// Unfinished charges the commands that still lack events; the keys are the
// numbers of their first events. Lists in parts that were never completed are not
// among them, because they have no effect anywhere.
func (j *Judge) Unfinished() map[uint64]*Refusal {
	missing := map[uint64]*Refusal{}
	for _, cmd := range j.waiting {
		missing[cmd.first.Number] = refuse(EventsMissing, cmd.order.ID, len(cmd.expect))
	}
	return missing
}

func (v *Verdict) add(r *Refusal) { v.Refusals = append(v.Refusals, r) }

// has says whether the event is charged with a code already.
func (v *Verdict) has(c *Code) bool {
	return slices.ContainsFunc(v.Refusals, func(r *Refusal) bool { return r.Code == c })
}

// envelope judges what every event has: bytes, stream, revision, id, time and salt.
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
	} else if _, _, ok := SplitStream(r.Stream); !ok { // charged once, at the first event
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
	if cmd := j.waiting[r.Stream]; cmd != nil && (r.Meta.Command == nil || r.Meta.Command.ID != cmd.order.ID) {
		// The events of a command are one append: nothing comes between.
		v.add(refuse(EventsMissing, cmd.order.ID, len(cmd.expect)))
		j.finish(cmd)
	}
}

func sayMoment(m Metadata) string {
	return m.Recorded.In(Shanghai).Format("2006-01-02 15:04:05.000000")
}

// balanced is rule 1: the postings sum to zero, of money and of every item.
func (j *Judge) balanced(v *Verdict, postings []Posting) {
	// Nearly always the postings are pairs that cancel: the map is made only for others.
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

// step judges an event of a process: it must be the next event of an owed step.
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
	cmd := j.running[proof.ID]
	if cmd == nil {
		if j.ledger.Effect(proof.ID) != nil {
			if _, err := j.ledger.Done(proof.ID, proof.Digest); err != nil {
				v.add(refuse(OtherContent, proof.ID))
			} else {
				v.add(refuse(CommandTwice, proof.ID))
			}
			j.judgeWithoutOrder(v, r)
			return
		}
		if cmd = j.begin(v, r, read); cmd == nil {
			j.judgeWithoutOrder(v, r)
			return
		}
		if !cmd.inParts(r) {
			j.decide(v, r, cmd)
		}
	} else if !j.continues(v, r, read, cmd) {
		return
	}
	if cmd.inParts(r) {
		j.listPart(v, r, cmd)
		return
	}
	if cmd.failed && r == cmd.first {
		return // it stays in running, so that its further events are charged as extra
	}
	if len(cmd.expect) == 0 {
		v.add(refuse(EventExtra, proof.ID))
		return
	}
	j.compare(v, r, cmd.expect[0])
	if cmd.role != r.Meta.Role {
		v.add(refuse(SaysOtherwise, "role", r.Meta.Role, cmd.role))
	}
	if cmd.expect = cmd.expect[1:]; len(cmd.expect) > 0 {
		j.waiting[r.Stream] = cmd
		return
	}
	j.finish(cmd)
}

func (j *Judge) finish(cmd *runningCommand) {
	delete(j.running, cmd.order.ID)
	if j.waiting[cmd.first.Stream] == cmd {
		delete(j.waiting, cmd.first.Stream)
	}
}

// begin judges the text and the signatures of a command at its first event. It returns
// nil if there is no order to decide.
func (j *Judge) begin(v *Verdict, r *Recorded, read Reading) *runningCommand {
	if !j.signedText(v, r, read) {
		return nil
	}
	cmd := &runningCommand{order: read.Text.Order, first: r, proof: r.Meta.Command, second: r.Meta.Second, list: read.Text.List}
	o := cmd.order
	j.signatures(v, r, o, read)
	if o.ID != cmd.proof.ID {
		v.add(refuse(SaysOtherwise, "command", cmd.proof.ID, o.ID))
		return nil
	}
	if o.Actor != r.Meta.Actor {
		v.add(refuse(SaysOtherwise, "actor", r.Meta.Actor, o.Actor))
	}
	if stream := o.Stream(); stream != r.Stream {
		v.add(refuse(SaysOtherwise, "stream", r.Stream, stream))
		return nil
	}
	j.running[o.ID] = cmd
	return cmd
}

// continues judges whether a later event of a command has the same proof as its first.
func (j *Judge) continues(v *Verdict, r *Recorded, read Reading, cmd *runningCommand) bool {
	if !bytes.Equal(r.Meta.Command.Digest, cmd.proof.Digest) {
		v.add(refuse(OtherContent, cmd.order.ID))
		j.judgeWithoutOrder(v, r)
		return false
	}
	if r.Stream != cmd.first.Stream {
		v.add(refuse(SaysOtherwise, "stream", r.Stream, cmd.first.Stream))
		return false
	}
	if r.Meta.Actor != cmd.order.Actor {
		v.add(refuse(SaysOtherwise, "actor", r.Meta.Actor, cmd.order.Actor))
	}
	if read.Text != nil { // the command was sent again to complete its list
		if j.signedText(v, r, read) {
			j.signatures(v, r, cmd.order, read)
			cmd.proof, cmd.second = r.Meta.Command, r.Meta.Second
		}
		return true
	}
	// The signatures were verified with the first event; here they must be the same.
	if !bytes.Equal(r.Meta.Command.Signature, cmd.proof.Signature) || !bytes.Equal(r.Meta.Command.Key, cmd.proof.Key) {
		v.add(refuse(SignatureBad, cmd.order.Actor))
	}
	if s := r.Meta.Second; (s == nil) != (cmd.second == nil) || s != nil && (s.Officer != cmd.second.Officer || !bytes.Equal(s.Signature, cmd.second.Signature) || !bytes.Equal(s.Key, cmd.second.Key)) {
		v.add(refuse(SignatureBad, cmd.order.Second))
	}
	return true
}

// decide decides the order again, from the state before its first event.
func (j *Judge) decide(v *Verdict, r *Recorded, cmd *runningCommand) {
	if cmd.list != nil {
		rows, ok := j.listOf(r.Event, cmd.order)
		if !ok {
			v.add(refuse(ListDiffers, cmd.list.Count))
			cmd.failed = true
			return
		}
		v.List = &ListToSum{rows, *cmd.list}
	}
	d, err := j.ledger.Decide(cmd.order, Env{Now: r.Meta.Recorded, Calendar: j.calendar})
	if err != nil {
		v.addError(err)
		cmd.failed = true
		return
	}
	cmd.role = d.Role
	for _, part := range d.Parts {
		cmd.expect = append(cmd.expect, part...)
	}
}

// addError adds the error of a decision, which is always a refusal.
func (v *Verdict) addError(err error) {
	if r, ok := err.(*Refusal); ok {
		v.add(r)
		return
	}
	v.add(refuse(NotFolded, err))
}

// compare charges an event that is not the one which the rules make.
func (j *Judge) compare(v *Verdict, r *Recorded, want Event) {
	if TypeOf(r.Event) != TypeOf(want) {
		v.add(refuse(EventDiffers, "type", TypeOf(r.Event), TypeOf(want)))
		return
	}
	if n, ok := want.(*NoticePublished); ok && n.First == r.Event.(*NoticePublished).First && n.Last == r.Event.(*NoticePublished).Last {
		// The holidays may be of another file, as long as they give the same period.
		n.Calendar = r.Event.(*NoticePublished).Calendar
	}
	if d, ok := r.Event.(*DisbursementMade); ok && d.sameFast(want.(*DisbursementMade)) {
		return
	}
	j.compareFields(v, r.Event, want, sealedUnder(r))
}

// compareFields charges an event with the first field that differs; key is the id
// under whose key its sealed values must be.
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

// dates judges what rule 7 asks of every event.
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

// judgeWithoutOrder judges an event whose order is not known: by rule 7, and by the
// decision about the command that leads to such an event.
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
