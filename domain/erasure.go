package domain

import (
	"fmt"
	"maps"
	"slices"
)

// Erasure says that a person was erased, with all parties merged into that person,
// or a case. Only keys in the vault are erased. The events stay as they are, with
// sealed values that nobody can open any more (format section 4).
type Erasure struct {
	Event  ID
	Number uint64
	Stream string
	Keys   []ID // of the persons or the case
	On     Day
	Basis  string
	// Confirmed is the event by which an officer declares that old copies of the
	// wrapping key are destroyed. Until then the erasure is unfinished.
	Confirmed ID
}

// PartyErased ends what is known of a person: the person's key is destroyed.
type PartyErased struct {
	Common
	Basis   string `json:"basis"` // the law or the request
	Private struct {
		// Merged are the parties that were merged into this one.
		Merged []ID `json:"merged,omitempty"`
	} `json:"-"`
}

// CaseErased ends what is known of a case: the key is destroyed under which the
// documents and free texts of the stream are sealed.
type CaseErased struct {
	Common
	Basis string `json:"basis"`
}

// ErasureConfirmed says that no old copy of the wrapping key is left. It is written
// in the stream that was erased.
type ErasureConfirmed struct{ Common }

// EraseParty erases a person. It is refused while something that concerns the person
// is unfinished, and while records must be kept.
type EraseParty struct {
	Party ID     `json:"party"`
	Basis string `json:"basis"`
}

// EraseCase erases the case of a closed allocation, or of a notice of one, when the
// records need not be kept any longer.
type EraseCase struct {
	Stream string `json:"stream"`
	Basis  string `json:"basis"`
}

// ConfirmErasure declares that the old copies of the wrapping key were destroyed. With
// one of them, what was erased in the stream could still have been opened.
type ConfirmErasure struct {
	Stream string `json:"stream"`
}

// Refusals about erasure.
var (
	IsErased          = newCode(0, "erased", "已删除，不能再写入：{what}", "erased, nothing is added any more: {what}")
	MoneyIsOpen       = newCode(0, "money-open", "尚有未了事项：{what} {of}", "something is still open: {what} {of}")
	RetentionRuns     = newCode(0, "retention-runs", "“{programme}”的资料须保存至 {until}（最后一笔 {last} 所在年度终了后 {years} 年）", "the records of {programme} are kept until {until}: {years} years after the year of the last, {last}")
	RetentionUnstated = newCode(0, "retention-unstated", "“{programme}”未规定保存年限（retention_years），不能删除", "{programme} does not state for how many years its records are kept (retention_years)")
	NothingToConfirm  = newCode(0, "nothing-to-confirm", "没有待确认的删除：{stream}", "no erasure there waits to be confirmed: {stream}")
)

func (c *EraseParty) target(*Order) string        { return Stream(PartyKind, c.Party) }
func (c *EraseParty) unit(l *Ledger, _ *Order) ID { return l.unitOfParty(c.Party) }

// decide erases only a person about whom nothing is unfinished, and when no record
// that names the person must be kept any longer.
func (c *EraseParty) decide(d *decision) error {
	if err := d.party(c.Party); err != nil {
		return err
	}
	if c.Basis == "" {
		return refuse(FieldMissing, "basis")
	}
	who := d.ledger.mergedWith(c.Party) // all parties of the one person
	if err := d.checkNothingOpen(who); err != nil {
		return err
	}
	if err := d.checkRetention(d.ledger.lastMentions(who)); err != nil {
		return err
	}
	e := &PartyErased{Basis: c.Basis}
	for _, id := range who {
		if id != c.Party {
			e.Private.Merged = append(e.Private.Merged, id)
		}
	}
	d.add(e)
	return nil
}

func compareIDs(a, b ID) int { return slices.Compare(a[:], b[:]) }

// namesAny says whether a line names one of these parties, as beneficiary, payee or
// household.
func (l *Line) namesAny(who []ID) bool {
	return slices.Contains(who, l.Beneficiary) || slices.Contains(who, l.Payee()) || slices.Contains(who, l.Household())
}

// checkNothingOpen refuses while something that concerns a person is unfinished. The
// person is given by all parties that are merged.
func (d *decision) checkNothingOpen(who []ID) error {
	for _, n := range d.ledger.Notices {
		for _, o := range n.Objections {
			if o.Resolved == (ID{}) && n.Withdrawn == (ID{}) && slices.Contains(who, o.objector) {
				return refuse(MoneyIsOpen, bilingual{"异议未处理", "an objection is not resolved"}, n.Heading.Title)
			}
		}
		if n.Withdrawn != (ID{}) || n.Confirmed != (ID{}) && !d.admitting(n) {
			continue
		}
		if slices.ContainsFunc(n.Live(), func(l *Line) bool { return l.namesAny(who) }) {
			return refuse(MoneyIsOpen, bilingual{"名单未定", "a list is not confirmed and admitted"}, n.Heading.Title)
		}
	}
	for _, a := range d.ledger.Allocations {
		if err := a.checkNothingOwed(who); err != nil {
			return err
		}
	}
	for _, c := range d.ledger.Campaigns {
		for need, open := range c.needs {
			if open && slices.Contains(who, c.needOf[need]) {
				return refuse(MoneyIsOpen, bilingual{"困难未解决", "a need is not met"}, c.Name)
			}
		}
	}
	for _, o := range d.ledger.Officers {
		if !o.Left && slices.Contains(who, o.Party) {
			return refuse(MoneyIsOpen, bilingual{"是在任经办人", "an officer in office"}, o.ID)
		}
	}
	return nil
}

// admitting says whether lines of a confirmed notice are still to be admitted.
func (d *decision) admitting(n *Notice) bool {
	a := d.ledger.Allocations[n.Allocation]
	return a == nil || !a.whollyAdmitted[n.ID]
}

// checkNothingOwed refuses while an allocation owes a person something, or the person
// owes something to it.
func (a *Allocation) checkNothingOwed(who []ID) error {
	for _, line := range a.Lines {
		// A stopped line counts: it may be resumed.
		if !line.Line.namesAny(who) || a.Closed || line.Line.Struck() != (ID{}) {
			continue
		}
		for i := range line.Due {
			for k := range line.Due[i].Entitlement().quantities() {
				if line.Due[i].Left(k) > 0 {
					return refuse(MoneyIsOpen, bilingual{"应得未发完", "an entitlement is not paid"}, bilingual{a.describe(), a.describe()})
				}
			}
		}
	}
	for _, b := range a.Batches {
		for _, r := range b.Rows {
			if b.holdsReservation() && r.State == Waiting && a.line(int(r.Line)).Line.namesAny(who) {
				return refuse(MoneyIsOpen, bilingual{"批次未发完", "a batch is not paid"}, b.No)
			}
		}
	}
	for _, p := range a.Payments {
		if p.readExtra().claimed > p.cameBack() && a.LineOf(p).Line.namesAny(who) {
			return refuse(MoneyIsOpen, bilingual{"追回未完成", "a recovery is not complete"}, p.Number)
		}
	}
	return nil
}

// describe names an allocation in a refusal.
func (a *Allocation) describe() string { return a.Purpose + " " + a.ID.String() }

// cameBack is how much of a payment's money came back; a reversed payment counts as a
// whole.
func (p *Payment) cameBack() Fen {
	if p.Reversed() != (ID{}) {
		return p.Fen
	}
	return p.Fen - p.Net()
}

// mention says when a party was last named outside lists and payments: as donor,
// signer or objector, in a decision about the party, in a visit, need or activity.
type mention struct {
	programme ID // zero for funds and campaigns, which may serve any programme
	on        Day
}

// noteMention remembers the last day on which an event names a party.
func (l *Ledger) noteMention(party, programme ID, on Day) {
	p := l.Parties[party]
	if p == nil {
		return
	}
	for i := range p.mentions {
		if p.mentions[i].programme == programme {
			p.mentions[i].on = max(p.mentions[i].on, on)
			return
		}
	}
	p.mentions = append(p.mentions, mention{programme, on})
}

// programmeOf is the programme of an allocation, zero if it is unknown.
func (l *Ledger) programmeOf(allocation ID) ID {
	if a := l.Allocations[allocation]; a != nil {
		return a.Programme
	}
	return ID{}
}

// lastMentions is the last day on which anything named a person, by programme. The
// person is given by all parties that are merged.
func (l *Ledger) lastMentions(who []ID) map[ID]Day {
	last := map[ID]Day{}
	note := func(programme ID, on Day) { last[programme] = max(last[programme], on) }
	for _, n := range l.Notices {
		if slices.ContainsFunc(n.Lines, func(line *Line) bool { return line.namesAny(who) }) {
			note(l.programmeOf(n.Allocation), l.lastDateIn(n.Stream))
		}
	}
	for _, a := range l.Allocations {
		for _, p := range a.Payments {
			if !a.LineOf(p).Line.namesAny(who) {
				continue
			}
			note(a.Programme, max(p.On, p.Booked))
			for _, b := range p.Back() {
				note(a.Programme, b.On)
			}
		}
	}
	for _, id := range who {
		for _, m := range l.Parties[id].mentions {
			note(m.programme, m.on)
		}
	}
	return last
}

// lastDateIn is the last business date in a stream, erasures not counted.
func (l *Ledger) lastDateIn(stream string) Day {
	if s := l.streams[stream]; s != nil {
		return s.last
	}
	return 0
}

// checkRetention refuses while records must be kept. last is the day of the last
// record, by programme. Like accounting records they are kept for whole years from
// the end of that year on (会计档案管理办法 art. 14). The programme says how many
// years; of several revisions the longest time holds.
func (d *decision) checkRetention(last map[ID]Day) error {
	for _, id := range slices.SortedFunc(maps.Keys(last), compareIDs) { // the same refusal each time
		name, years := d.ledger.retention(id)
		if years == 0 {
			return refuse(RetentionUnstated, name)
		}
		if until := Date(last[id].Year()+years, 12, 31); d.order.Date <= until {
			return refuse(RetentionRuns, name, until, last[id], years)
		}
	}
	return nil
}

// retention says for how many years the records of a programme are kept, 0 if the
// programme does not say. Records of no programme are kept as long as those of the
// programme with the longest time.
func (l *Ledger) retention(programme ID) (name any, years int) {
	if p := l.Programmes[programme]; p != nil {
		for _, r := range p.Revisions {
			years = max(years, r.RetentionYears)
		}
		return p.Name, years
	}
	for _, p := range l.Programmes {
		for _, r := range p.Revisions {
			years = max(years, r.RetentionYears)
		}
	}
	return bilingual{"捐赠与走访", "donations and visits"}, years
}

func (c *EraseCase) target(*Order) string { return c.Stream }
func (c *EraseCase) unit(l *Ledger, _ *Order) ID {
	if a := l.caseOf(c.Stream); a != nil {
		return a.Unit
	}
	return ID{}
}

// caseOf is the allocation to which the case of a stream belongs.
func (l *Ledger) caseOf(stream string) *Allocation {
	switch kind, id, _ := SplitStream(stream); kind {
	case AllocationKind:
		return l.Allocations[id]
	case NoticeKind:
		if n := l.Notices[id]; n != nil {
			return l.Allocations[n.Allocation]
		}
	}
	return nil
}

// decide erases the case of a closed allocation, or of a notice of one.
func (c *EraseCase) decide(d *decision) error {
	_, id, _ := SplitStream(c.Stream)
	a := d.ledger.caseOf(c.Stream)
	switch {
	case a == nil:
		return refuse(NoSuch, bilingual{"分配或名单", "allocation or notice"}, c.Stream)
	case c.Basis == "":
		return refuse(FieldMissing, "basis")
	case d.ledger.Erased(id):
		return refuse(IsErased, c.Stream)
	case !a.Closed:
		return refuse(MoneyIsOpen, bilingual{"分配未关闭", "the allocation is not closed"}, bilingual{a.describe(), a.describe()})
	}
	if err := d.checkRetention(map[ID]Day{a.Programme: max(d.ledger.lastDateIn(c.Stream), d.ledger.lastDateIn(a.Stream))}); err != nil {
		return err
	}
	d.add(&CaseErased{Basis: c.Basis})
	return nil
}

func (c *ConfirmErasure) target(*Order) string { return c.Stream }
func (c *ConfirmErasure) unit(l *Ledger, _ *Order) ID {
	if kind, id, _ := SplitStream(c.Stream); kind == PartyKind {
		return l.unitOfParty(id)
	}
	return (&EraseCase{Stream: c.Stream}).unit(l, nil)
}
func (c *ConfirmErasure) decide(d *decision) error {
	if e := d.ledger.erasureIn(c.Stream); e == nil || e.Confirmed != (ID{}) {
		return refuse(NothingToConfirm, c.Stream)
	}
	d.add(&ErasureConfirmed{})
	return nil
}

// erasureIn is the erasure in a stream, nil if there is none.
func (l *Ledger) erasureIn(stream string) *Erasure {
	i := slices.IndexFunc(l.Erasures, func(e *Erasure) bool { return e.Stream == stream })
	if i < 0 {
		return nil
	}
	return l.Erasures[i]
}

// Erased says whether the key of a person or a case was erased.
func (l *Ledger) Erased(key ID) bool { return l.erased[key] }

// SealingRefused is the refusal to seal anything more under the key of an erased person
// or case. It is nil for other keys.
func (l *Ledger) SealingRefused(key ID) error {
	if l.erased[key] {
		return refuse(IsErased, key)
	}
	return nil
}

func (l *Ledger) erase(r *Recorded, basis string, keys []ID) {
	l.Erasures = append(l.Erasures, &Erasure{Event: r.ID, Number: l.nextNumber(), Stream: r.Stream, Keys: keys, On: r.Event.common().Date, Basis: basis})
	if l.erased == nil {
		l.erased = map[ID]bool{}
	}
	for _, key := range keys {
		l.erased[key] = true
	}
}

func (e *PartyErased) fold(l *Ledger, r *Recorded) error {
	p, err := l.partyOf(r)
	if err != nil {
		return err
	}
	if l.erased[p.ID] {
		return fmt.Errorf("the party was erased already")
	}
	who := []ID{p.ID}
	for _, id := range e.Private.Merged {
		if l.Parties[id] == nil || l.Same(id) != p.ID || id == p.ID {
			return fmt.Errorf("%s is not the same party", id)
		}
		who = append(who, id)
	}
	for _, id := range who {
		gone := l.Parties[id]
		gone.Erased, gone.Details, gone.Account, gone.AccountIn = true, PartyDetails{}, ID{}, ID{}
	}
	l.erase(r, e.Basis, who)
	return nil
}

func (e *CaseErased) fold(l *Ledger, r *Recorded) error {
	_, id, _ := SplitStream(r.Stream)
	if l.caseOf(r.Stream) == nil || l.erased[id] {
		return fmt.Errorf("no case to erase")
	}
	l.erase(r, e.Basis, []ID{id})
	return nil
}

func (e *ErasureConfirmed) fold(l *Ledger, r *Recorded) error {
	was := l.erasureIn(r.Stream)
	if was == nil || was.Confirmed != (ID{}) {
		return fmt.Errorf("no erasure to confirm")
	}
	was.Confirmed = r.ID
	return nil
}
