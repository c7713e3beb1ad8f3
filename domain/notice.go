package domain

import (
	"fmt"
	"slices"
)

// Notice is the list of who is to receive what from one allocation (名单); from
// its publication on it is 公示.
type Notice struct {
	ID, Allocation ID
	Supplements    ID // the notice that it adds to
	Heading        Heading
	Lines          []*Line
	DraftedBy      ID
	DrafterSaid    bool // DraftedBy is asserted, not signed
	ReviewedBy     ID
	Reviewed       ID // event
	Publications   []Publication
	Objections     []*Objection
	Confirmed      ID // event
	ConfirmedOn    Day
	Withdrawn      ID // event
	Stream         string
	pending        *pendingLines
	began          uint64
}

// Heading is what must stand on a notice beside its list.
type Heading struct {
	Title  string     `json:"title"`
	Issuer string     `json:"issuer"`
	Basis  []Document `json:"basis,omitempty"`
	Phone  string     `json:"phone,omitempty"`  // for supervision; of an office
	HowTo  string     `json:"how_to,omitempty"` // how to object
}

// LineAdded is a line as NoticeLinesAdded stores it.
type LineAdded struct {
	No int `json:"line"`
	// People is the headcount of a collective line, which names nobody.
	People     Headcount     `json:"people,omitzero"`
	Give       []Entitlement `json:"give"`
	Disclosure Disclosure    `json:"disclosure,omitempty"` // stricter than the notice's
	Nomination int           `json:"nomination,omitempty"`
}

// Line is one row of a notice (名单行).
//
// There are millions of them, so that what few have stands apart, and what many
// have in common stands once.
type Line struct {
	No          int
	Beneficiary ID
	*gives
	labels *lineLabels
	rest   *lineRest
}

// lineLabels is what many lines have in common.
type lineLabels struct{ category, group, period string }

// lineRest is what few lines have.
type lineRest struct {
	LineAdded // but for what it gives
	private   LinePrivate
	struck    ID
}

var nothingMore lineRest

func (l *Line) more() *lineRest {
	if l.rest == nil {
		return &nothingMore
	}
	return l.rest
}

// Category is the programme's category under which the line stands.
func (l *Line) Category() string { return l.labels.category }

// Group is the enterprise or village that the line belongs to.
func (l *Line) Group() string { return l.labels.group }

// Period is what the benefit is for.
func (l *Line) Period() string { return l.labels.period }

// Payee is into whose hands it goes: the beneficiary's, if the row did not name
// another.
func (l *Line) Payee() ID {
	if p := l.more().private.Payee; p != (ID{}) {
		return p
	}
	return l.Beneficiary
}

// Household is the party of the household's head, where the row named one.
func (l *Line) Household() ID { return l.more().private.Household }

// People is the headcount of a collective line, which names nobody.
func (l *Line) People() Headcount { return l.more().People }

// Disclosure is stricter than the notice's, where it is not empty.
func (l *Line) Disclosure() Disclosure { return l.more().Disclosure }

// Nomination is the place of the nomination that the line follows from.
func (l *Line) Nomination() int { return l.more().Nomination }

// Struck is the event that resolved an objection so.
func (l *Line) Struck() ID { return l.more().struck }

func (l *Line) strike(event ID) {
	if l.rest == nil {
		l.rest = &lineRest{}
	}
	l.rest.struck = event
}

// setLine makes the state's line of what an event has.
func (l *Ledger) setLine(line *Line, added *LineAdded, private *LinePrivate) {
	*line = Line{No: added.No, Beneficiary: private.Beneficiary, gives: l.give(added.Give)}
	labels := lineLabels{private.Category, private.Group, private.Period}
	if line.labels = l.labels[labels]; line.labels == nil {
		line.labels = &labels
		l.labels[labels] = line.labels
	}
	if rare := private.Payee != (ID{}) || private.Household != (ID{}); rare ||
		added.People != (Headcount{}) || added.Disclosure != "" || added.Nomination != 0 {
		line.rest = &lineRest{LineAdded: *added, private: *private}
		line.rest.Give = nil
	}
}

// LinePrivate is what of a line would point at a neighbour.
type LinePrivate struct {
	Beneficiary ID     `json:"beneficiary"`
	Household   ID     `json:"household,omitzero"`
	Payee       ID     `json:"payee,omitzero"`    // as the row said it; none: the beneficiary
	Why         Sealed `json:"why,omitzero"`      // another payee
	WhyTag      []byte `json:"why_tag,omitempty"` // the tag of Why, by which the row's text can be made again
	Category    string `json:"category,omitempty"`
	Group       string `json:"group,omitempty"`
	Period      string `json:"period,omitempty"`
}

// Publication is one phase of a notice's publication.
type Publication struct {
	Timing Timing
	Period Period
	Mode   CalendarMode
	Places []Posted
	Event  ID
	On     Day
}

// Posted is a place where a notice hangs.
type Posted struct {
	Place      string     `json:"place"` // village-board, township-screen, web
	Where      string     `json:"where,omitempty"`
	On         Day        `json:"on"`
	Disclosure Disclosure `json:"disclosure"`
	Picture    []byte     `json:"picture,omitempty"` // tag of a photograph of it
}

// Objection is raised against a notice or some of its lines.
type Objection struct {
	No       int
	Lines    []int
	Raised   Day
	Resolved ID
	Outcome  Outcome
	Event    ID
	objector ID
}

// Outcome is how an objection was resolved.
type Outcome string

// The outcomes of an objection.
const (
	Dismissed         Outcome = "dismissed"
	LineStruck        Outcome = "struck"
	LineToBeChanged   Outcome = "changed" // struck here, listed in a supplementary notice
	NoticeIsWithdrawn Outcome = "withdrawn"
)

// pendingLines is a list whose parts have not all come.
type pendingLines struct {
	command ID
	lines   []*Line
	part    int
}

// NoticeDrafted begins a notice.
type NoticeDrafted struct {
	Common
	Notice      ID      `json:"notice"`
	Allocation  ID      `json:"allocation"`
	Supplements ID      `json:"supplements,omitzero"`
	Heading     Heading `json:"heading"`
}

// NoticeLinesAdded adds lines to a draft, in parts; Private.Lines runs parallel
// to Lines.
type NoticeLinesAdded struct {
	Common
	Part    int         `json:"part"`
	Of      int         `json:"of"`
	Lines   []LineAdded `json:"lines"`
	Private struct {
		Lines []LinePrivate `json:"lines"`
	} `json:"-"`
}

// NoticeLinesRemoved takes lines off a draft; their numbers are not used again.
type NoticeLinesRemoved struct {
	Common
	Lines []int `json:"lines"`
}

// NoticeReviewed says by whom, or by which meeting, the list was decided.
type NoticeReviewed struct {
	Common
	Meeting string `json:"meeting,omitempty"`
	Lines   int    `json:"lines"`
	File    []byte `json:"file,omitempty"` // tag of the minutes
	Private struct {
		Minutes Sealed `json:"minutes,omitzero"`
	} `json:"-"`
}

// NoticePublished is one phase of publication, at all its places.
type NoticePublished struct {
	Common
	Timing   Timing       `json:"timing"`
	Places   []Posted     `json:"places"`
	First    Day          `json:"first"`
	Last     Day          `json:"last"`
	Mode     CalendarMode `json:"mode"`
	Calendar []byte       `json:"calendar"` // hash of the holidays it was counted with
}

// ObjectionRaised is an objection; who raised it nobody sees.
type ObjectionRaised struct {
	Common
	Objection int   `json:"objection"`
	Lines     []int `json:"lines,omitempty"` // none: the whole notice
	Private   struct {
		Objector ID     `json:"objector,omitzero"`
		Text     Sealed `json:"text,omitzero"`
	} `json:"-"`
}

// ObjectionResolved answers an objection.
type ObjectionResolved struct {
	Common
	Objection int     `json:"objection"`
	Outcome   Outcome `json:"outcome"`
	Private   struct {
		Answer Sealed `json:"answer,omitzero"`
	} `json:"-"`
}

// NoticeConfirmed makes the list payable: final.
type NoticeConfirmed struct {
	Common
	Lines   int  `json:"lines"`
	Urgent  bool `json:"urgent,omitempty"`
	Private struct {
		Urgency Sealed `json:"urgency,omitzero"`
	} `json:"-"`
}

// NoticeWithdrawn takes a notice back before it is confirmed.
type NoticeWithdrawn struct {
	Common
	Private struct {
		Reason Sealed `json:"reason,omitzero"`
	} `json:"-"`
}

// DraftNotice begins a notice for an allocation.
type DraftNotice struct {
	Allocation  ID      `json:"allocation"`
	Supplements ID      `json:"supplements,omitzero"`
	Heading     Heading `json:"heading"`
}

// AddLines adds rows to a draft: all or none.
type AddLines struct {
	Notice ID        `json:"notice"`
	Rows   []LineRow `json:"rows"`
}

// LineRow is a row of AddLines.
type LineRow struct {
	Beneficiary ID         `json:"beneficiary"`
	Household   ID         `json:"household,omitzero"`
	Payee       ID         `json:"payee,omitzero"`
	Why         Personal   `json:"why,omitzero"`
	Category    string     `json:"category,omitempty"`
	Group       string     `json:"group,omitempty"`
	Period      string     `json:"period,omitempty"`
	People      Headcount  `json:"people,omitzero"`
	Give        []Give     `json:"give"`
	Disclosure  Disclosure `json:"disclosure,omitempty"`
	Nomination  int        `json:"nomination,omitempty"`
}

// Give is an entitlement as a command says it.
type Give struct {
	Form   Form        `json:"form"`
	Amount Yuan        `json:"amount,omitzero"`
	Items  []ItemCount `json:"items,omitempty"`
}

func (g Give) entitlement() Entitlement {
	e := Entitlement{Form: g.Form, Fen: g.Amount.Fen()}
	for _, c := range g.Items {
		e.Items = append(e.Items, GoodsOf{c.Item, c.Quantity.Quantity()})
	}
	return e
}

// RemoveLines takes lines off a draft.
type RemoveLines struct {
	Notice ID    `json:"notice"`
	Lines  []int `json:"lines"`
}

// ReviewNotice records the review of a draft.
type ReviewNotice struct {
	Notice  ID       `json:"notice"`
	Meeting string   `json:"meeting,omitempty"`
	Minutes Personal `json:"minutes,omitzero"`
	File    []byte   `json:"file,omitempty"` // tag of the minutes
}

// PublishNotice records where and when a notice was posted.
type PublishNotice struct {
	Notice ID       `json:"notice"`
	Timing Timing   `json:"timing"`
	Places []Posted `json:"places"`
}

// RaiseObjection records an objection.
type RaiseObjection struct {
	Notice   ID       `json:"notice"`
	Lines    []int    `json:"lines,omitempty"`
	Objector ID       `json:"objector,omitzero"`
	Text     Personal `json:"text,omitzero"`
}

// ResolveObjection answers one.
type ResolveObjection struct {
	Notice    ID       `json:"notice"`
	Objection int      `json:"objection"`
	Outcome   Outcome  `json:"outcome"`
	Answer    Personal `json:"answer,omitzero"`
}

// ConfirmNotice makes a notice's list payable. Urgency says why it cannot wait
// for a notice where the programme publishes after payment.
type ConfirmNotice struct {
	Notice  ID       `json:"notice"`
	Urgency Personal `json:"urgency,omitzero"`
}

// WithdrawNotice takes a notice back.
type WithdrawNotice struct {
	Notice ID       `json:"notice"`
	Reason Personal `json:"reason,omitzero"`
}

// What a list may hold.
const (
	maxLines = 20_000 // of one command: the largest township list we know has 6,000
	// LinesInPart is how many lines the parts of a list have but for the last:
	// about 600 bytes each, so that a part fits one append.
	LinesInPart = 1_500
)

// Refusals about notices.
var (
	NotADraft       = newCode(0, "not-a-draft", "名单不再是草稿：{notice}", "the notice is no draft any more: {notice}")
	NoticeIsFinal   = newCode(0, "notice-final", "名单已定：{notice}", "the notice is final: {notice}")
	NoticeEmpty     = newCode(0, "notice-empty", "名单没有任何行", "the notice has no lines")
	TooManyRows     = newCode(0, "too-many-rows", "一次 {rows} 行，上限 {max} 行", "{rows} rows at once, {max} are allowed")
	ListIncomplete  = newCode(0, "list-incomplete", "名单有未传完的部分，请先重发命令 {command}", "a list is not complete, send the command {command} again first")
	NotReviewed     = newCode(8, "not-reviewed", "名单尚未审核", "the notice is not reviewed")
	NotPublished    = newCode(8, "not-published", "名单尚未公示", "the notice is not published")
	NoticeRunning   = newCode(8, "notice-running", "公示期至 {last} 止，{on} 尚未结束", "the notice runs through {last}, it is not over on {on}")
	ObjectionOpen   = newCode(8, "objection-open", "尚有 {count} 件异议未处理", "{count} objections are open")
	UrgencyMissing  = newCode(8, "urgency-missing", "先救助后公示须写明紧急情况：{notice}", "aid before notice must say why it is urgent: {notice}")
	WrongTiming     = newCode(8, "wrong-timing", "该项目没有“{timing}”这一公示阶段", "the programme has no notice with timing {timing}")
	PublishedTwice  = newCode(0, "published-twice", "该阶段已公示：{timing}", "this phase is published already: {timing}")
	PlaceMissing    = newCode(8, "place-missing", "公示地点缺少：{place}", "the notice lacks a place: {place}")
	TooOpen         = newCode(8, "too-open", "{place} 的公开程度不得宽于 {rule}", "at {place} no more may be seen than {rule}")
	HeadingMissing  = newCode(8, "heading-missing", "公示内容缺少：{what}", "the notice lacks what must stand in it: {what}")
	DecidesForKin   = newCode(10, "decides-for-kin", "经办人 {officer} 不得为本人或已备案亲属作决定", "the officer {officer} cannot decide about himself or filed kin")
	CategoryUnknown = newCode(11, "category-unknown", "对象类别 {category} 不在项目范围", "the category {category} is none of the programme's")
	FormNotAllowed  = newCode(11, "form-not-allowed", "项目不允许以{form}发放", "the programme does not give in the form {form}")
	OffStandard     = newCode(11, "off-standard", "金额 {amount} 元不在标准 {least} 至 {most} 元之内", "{amount} yuan is outside the standard of {least} to {most}")
	AboveCap        = newCode(11, "above-cap", "该对象合计 {sum} 元，超过上限 {cap} 元", "{sum} yuan for one person is above the cap of {cap}")
	Exclusive       = newCode(11, "exclusive", "类别 {category} 与该对象已有的 {other} 互斥", "the category {category} excludes {other}, which the person has")
	PayeeIsDead     = newCode(11, "payee-dead", "对象已于 {day} 死亡", "the person died on {day}")
	WhyOtherPayee   = newCode(0, "why-other-payee", "收款人不是享受人本人，须写明原因：{payee}", "the payee is not the beneficiary: say why: {payee}")
	ObjectionDone   = newCode(0, "objection-done", "异议 {objection} 已处理", "the objection {objection} is resolved already")
	SupplementWrong = newCode(0, "supplement-wrong", "补充公示须属于同一分配的名单：{notice}", "a supplementary notice adds to a notice of the same allocation: {notice}")
)

func (n *Notice) line(no int) *Line {
	i, ok := slices.BinarySearchFunc(n.Lines, no, func(l *Line, no int) int { return l.No - no })
	if !ok {
		return nil
	}
	return n.Lines[i]
}

// Live returns the lines that were not struck.
func (n *Notice) Live() []*Line {
	var live []*Line
	for _, l := range n.Lines {
		if l.Struck() == (ID{}) {
			live = append(live, l)
		}
	}
	return live
}

// Open counts objections that nobody has answered.
func (n *Notice) Open() int {
	open := 0
	for _, o := range n.Objections {
		if o.Resolved == (ID{}) {
			open++
		}
	}
	return open
}

// published returns the publication with a timing.
func (n *Notice) published(t Timing) (Publication, bool) {
	for _, p := range n.Publications {
		if p.Timing == t {
			return p, true
		}
	}
	return Publication{}, false
}

func (l *Ledger) unitOfNotice(id ID) ID {
	if n := l.Notices[id]; n != nil {
		return l.unitOfAllocation(n.Allocation)
	}
	return ID{}
}

func (d *decision) notice(id ID) (*Notice, error) {
	n := d.l.Notices[id]
	switch {
	case n == nil:
		return nil, refuse(NoSuch, said{"名单", "notice"}, id)
	case n.Withdrawn != ID{}:
		return nil, refuse(NoticeIsFinal, id)
	}
	return n, nil
}

// draft is a notice that may still be changed.
func (d *decision) draft(id ID) (*Notice, error) {
	n, err := d.notice(id)
	if err != nil {
		return nil, err
	}
	if n.Reviewed != (ID{}) || len(n.Publications) > 0 || n.Confirmed != (ID{}) {
		return nil, refuse(NotADraft, id)
	}
	if p := n.pending; p != nil && p.command != d.o.ID {
		return nil, refuse(ListIncomplete, p.command)
	}
	return n, nil
}

func (c *DraftNotice) target(o *Order) string      { return Stream(NoticeKind, Made(o.ID, "notice")) }
func (c *DraftNotice) unit(l *Ledger, _ *Order) ID { return l.unitOfAllocation(c.Allocation) }
func (c *DraftNotice) decide(d *decision) error {
	a, err := d.allocation(c.Allocation)
	if err != nil {
		return err
	}
	if d.l.rulesOf(a) == nil {
		return refuse(NoSuch, said{"救助项目", "programme"}, a.Programme)
	}
	if c.Heading.Title == "" {
		return refuse(FieldMissing, "heading.title")
	}
	if c.Supplements != (ID{}) {
		if n := d.l.Notices[c.Supplements]; n == nil || n.Allocation != c.Allocation {
			return refuse(SupplementWrong, c.Supplements)
		}
	}
	if err := taggedAll("heading.basis.file", c.Heading.Basis); err != nil {
		return err
	}
	d.add(&NoticeDrafted{Notice: d.made("notice"), Allocation: c.Allocation, Supplements: c.Supplements, Heading: c.Heading})
	return nil
}

func (c *RemoveLines) target(*Order) string        { return Stream(NoticeKind, c.Notice) }
func (c *RemoveLines) unit(l *Ledger, _ *Order) ID { return l.unitOfNotice(c.Notice) }
func (c *RemoveLines) decide(d *decision) error {
	n, err := d.draft(c.Notice)
	if err != nil {
		return err
	}
	if len(c.Lines) == 0 {
		return refuse(FieldMissing, "lines")
	}
	seen := map[int]bool{}
	for i, no := range c.Lines {
		if n.line(no) == nil || seen[no] {
			return refuse(NoSuch, said{"名单行", "line"}, no).at(i)
		}
		seen[no] = true
	}
	d.add(&NoticeLinesRemoved{Lines: c.Lines})
	return nil
}

func (c *ReviewNotice) target(*Order) string        { return Stream(NoticeKind, c.Notice) }
func (c *ReviewNotice) unit(l *Ledger, _ *Order) ID { return l.unitOfNotice(c.Notice) }
func (c *ReviewNotice) decide(d *decision) error {
	n, err := d.draft(c.Notice)
	if err != nil {
		return err
	}
	if n.pending != nil {
		return refuse(ListIncomplete, n.pending.command)
	}
	if len(n.Lines) == 0 {
		return refuse(NoticeEmpty)
	}
	if n.DraftedBy == d.actor() {
		if err := d.conduct(-1, refuse(SamePerson, said{"拟稿", "drafter"}, said{"审核", "reviewer"})); err != nil {
			return err
		}
	}
	if err := d.notAboutKin(n.Lines); err != nil {
		return err
	}
	if err := tagged("file", c.File); err != nil {
		return err
	}
	e := &NoticeReviewed{Meeting: c.Meeting, Lines: len(n.Lines), File: c.File}
	e.Private.Minutes = c.Minutes.sealed
	d.add(e)
	return nil
}

// notAboutKin refuses a decision about the actor or kin he has filed.
func (d *decision) notAboutKin(lines []*Line) error {
	o := d.l.Officers[d.actor()]
	if o == nil || o.Party == (ID{}) && len(o.Kin) == 0 {
		return nil
	}
	for i, line := range lines {
		if d.l.concerns(o.ID, line.Beneficiary) || d.l.concerns(o.ID, line.Payee()) {
			if err := d.conduct(i, refuse(DecidesForKin, o.ID)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *PublishNotice) target(*Order) string        { return Stream(NoticeKind, c.Notice) }
func (c *PublishNotice) unit(l *Ledger, _ *Order) ID { return l.unitOfNotice(c.Notice) }
func (c *PublishNotice) decide(d *decision) error {
	n, err := d.notice(c.Notice)
	if err != nil {
		return err
	}
	if _, twice := n.published(c.Timing); twice {
		return refuse(PublishedTwice, string(c.Timing))
	}
	phase, ok := d.l.rulesOf(d.l.Allocations[n.Allocation]).phase(c.Timing)
	if !ok || c.Timing == NoNotice {
		return refuse(WrongTiming, string(c.Timing))
	}
	if len(n.Lines) == 0 || n.pending != nil {
		return refuse(NoticeEmpty)
	}
	if n.Reviewed == (ID{}) {
		if err := d.conduct(-1, refuse(NotReviewed)); err != nil {
			return err
		}
	}
	if err := d.heading(n); err != nil {
		return err
	}
	last, err := d.places(phase, c.Places)
	if err != nil {
		return err
	}
	period, err := d.env.Calendar.NoticePeriod(last, phase.Days, phase.Mode)
	if err != nil {
		return err
	}
	hash := d.env.Calendar.Hash()
	d.add(&NoticePublished{Timing: c.Timing, Places: c.Places, First: period.First, Last: period.Last, Mode: phase.Mode, Calendar: hash[:]})
	return nil
}

// heading checks that on a notice stands what must (rules of practice: subject,
// basis, period, supervision phone, how to object, issuer).
func (d *decision) heading(n *Notice) error {
	h := n.Heading
	for _, f := range []struct{ name, value string }{
		{"issuer", h.Issuer}, {"phone", h.Phone}, {"how_to", h.HowTo},
	} {
		if f.value == "" {
			if err := d.conduct(-1, refuse(HeadingMissing, f.name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// places checks where a notice hangs and returns the day of the last posting.
func (d *decision) places(phase Phase, places []Posted) (last Day, err error) {
	if len(places) == 0 {
		return 0, refuse(FieldMissing, "places")
	}
	for i, p := range places {
		if p.On == 0 || p.On > d.o.Date {
			return 0, refuse(NotYetHappened, p.On, d.o.Date).at(i)
		}
		if err := tagged("picture", p.Picture); err != nil {
			return 0, err.(*Refusal).at(i)
		}
		last = max(last, p.On)
		for _, rule := range phase.Places {
			if rule.Place == p.Place && p.Disclosure.Stricter(rule.Disclosure) != p.Disclosure {
				if err := d.conduct(i, refuse(TooOpen, p.Place, string(rule.Disclosure))); err != nil {
					return 0, err
				}
			}
		}
		switch p.Disclosure {
		case FullNames, MaskedNames, CountsOnly:
		default:
			return 0, refuse(FieldWrong, "disclosure", string(p.Disclosure)).at(i)
		}
	}
	for _, rule := range phase.Places {
		if !slices.ContainsFunc(places, func(p Posted) bool { return p.Place == rule.Place }) {
			if err := d.conduct(-1, refuse(PlaceMissing, rule.Place)); err != nil {
				return 0, err
			}
		}
	}
	return last, nil
}

func (c *ConfirmNotice) target(*Order) string        { return Stream(NoticeKind, c.Notice) }
func (c *ConfirmNotice) unit(l *Ledger, _ *Order) ID { return l.unitOfNotice(c.Notice) }
func (c *ConfirmNotice) decide(d *decision) error {
	n, err := d.notice(c.Notice)
	if err != nil {
		return err
	}
	if n.Confirmed != (ID{}) {
		return refuse(NoticeIsFinal, c.Notice)
	}
	if n.pending != nil {
		return refuse(ListIncomplete, n.pending.command)
	}
	live := n.Live()
	if len(live) == 0 {
		return refuse(NoticeEmpty)
	}
	if _, err := d.allocation(n.Allocation); err != nil {
		return err
	}
	if n.Reviewed == (ID{}) {
		if err := d.conduct(-1, refuse(NotReviewed)); err != nil {
			return err
		}
	}
	rules := d.l.rulesOf(d.l.Allocations[n.Allocation])
	if bad := n.notYetPayable(rules, d.first()); bad != nil {
		if err := d.conduct(-1, bad); err != nil {
			return err
		}
	}
	if _, before := rules.phase(BeforePayment); !before && rules.Notice[0].Timing == AfterPayment && !c.Urgency.Given() {
		if err := d.conduct(-1, refuse(UrgencyMissing, c.Notice)); err != nil {
			return err
		}
	}
	if n.DraftedBy == d.actor() {
		if err := d.conduct(-1, refuse(SamePerson, said{"拟稿", "drafter"}, said{"确认", "confirmer"})); err != nil {
			return err
		}
	}
	if err := d.notAboutKin(live); err != nil {
		return err
	}
	e := &NoticeConfirmed{Lines: len(live), Urgent: c.Urgency.Given()}
	e.Private.Urgency = c.Urgency.sealed
	d.add(e)
	return nil
}

// notYetPayable is rule 8 for the list as a whole: what stands between it and
// money being prepared on a day.
func (n *Notice) notYetPayable(rules *Revision, on Day) *Refusal {
	if _, before := rules.phase(BeforePayment); before {
		p, ok := n.published(BeforePayment)
		if !ok {
			return refuse(NotPublished)
		}
		if on <= p.Period.Last {
			return refuse(NoticeRunning, p.Period.Last, on)
		}
	}
	if open := n.Open(); open > 0 {
		return refuse(ObjectionOpen, open)
	}
	return nil
}

func (c *WithdrawNotice) target(*Order) string        { return Stream(NoticeKind, c.Notice) }
func (c *WithdrawNotice) unit(l *Ledger, _ *Order) ID { return l.unitOfNotice(c.Notice) }
func (c *WithdrawNotice) decide(d *decision) error {
	n, err := d.notice(c.Notice)
	if err != nil {
		return err
	}
	if n.Confirmed != (ID{}) {
		return refuse(NoticeIsFinal, c.Notice)
	}
	e := &NoticeWithdrawn{}
	e.Private.Reason = c.Reason.sealed
	d.add(e)
	return nil
}

func (l *Ledger) noticeOf(r *Recorded) (*Notice, error) {
	_, id, _ := SplitStream(r.Stream)
	if n := l.Notices[id]; n != nil {
		return n, nil
	}
	return nil, fmt.Errorf("no such notice")
}

func (e *NoticeDrafted) fold(l *Ledger, r *Recorded) error {
	if l.Notices[e.Notice] != nil || r.Stream != Stream(NoticeKind, e.Notice) {
		return fmt.Errorf("the notice exists, or this is not its stream")
	}
	if a := l.Allocations[e.Allocation]; a == nil || l.rulesOf(a) == nil {
		return fmt.Errorf("no allocation with rules: %s", e.Allocation)
	}
	l.Notices[e.Notice] = &Notice{ID: e.Notice, Allocation: e.Allocation, Supplements: e.Supplements, Heading: e.Heading,
		DraftedBy: r.by(), DrafterSaid: e.DoneBy != ID{}, Stream: r.Stream, began: r.Number}
	return nil
}

// by is who acted: the officer of old papers, or the one who recorded.
func (r *Recorded) by() ID {
	if d := r.Event.common().DoneBy; d != (ID{}) {
		return d
	}
	return r.Meta.Actor
}

func (e *NoticeLinesAdded) list() (part, of int) { return e.Part, e.Of }

func (e *NoticeLinesAdded) fold(l *Ledger, r *Recorded) error {
	n, err := l.noticeOf(r)
	if err != nil {
		return err
	}
	if len(e.Lines) != len(e.Private.Lines) || len(e.Lines) == 0 {
		return fmt.Errorf("%d lines, %d private", len(e.Lines), len(e.Private.Lines))
	}
	p := n.pending
	if p == nil {
		p = &pendingLines{}
		if r.Meta.Command != nil {
			p.command = r.Meta.Command.ID
		}
	}
	last := 0
	if len(p.lines) > 0 {
		last = p.lines[len(p.lines)-1].No
	} else if len(n.Lines) > 0 {
		last = n.Lines[len(n.Lines)-1].No
	}
	if e.Part != p.part+1 || e.Lines[0].No <= last {
		return fmt.Errorf("part %d from line %d is not the next", e.Part, e.Lines[0].No)
	}
	lines := make([]Line, len(e.Lines)) // one array for the part
	p.lines = slices.Grow(p.lines, len(e.Lines))
	for i := range e.Lines {
		l.setLine(&lines[i], &e.Lines[i], &e.Private.Lines[i])
		p.lines = append(p.lines, &lines[i])
	}
	p.part = e.Part
	n.pending = p
	if e.Part == e.Of {
		n.Lines = append(n.Lines, p.lines...)
		n.pending = nil
	}
	return nil
}

func (e *NoticeLinesRemoved) fold(l *Ledger, r *Recorded) error {
	n, err := l.noticeOf(r)
	if err == nil {
		n.Lines = slices.DeleteFunc(n.Lines, func(l *Line) bool { return slices.Contains(e.Lines, l.No) })
	}
	return err
}

func (e *NoticeReviewed) fold(l *Ledger, r *Recorded) error {
	n, err := l.noticeOf(r)
	if err == nil {
		n.Reviewed, n.ReviewedBy = r.ID, r.by()
	}
	return err
}

func (e *NoticePublished) fold(l *Ledger, r *Recorded) error {
	n, err := l.noticeOf(r)
	if err == nil {
		n.Publications = append(n.Publications, Publication{Timing: e.Timing, Period: Period{First: e.First, Last: e.Last},
			Mode: e.Mode, Places: e.Places, Event: r.ID, On: e.LastDay()})
	}
	return err
}

func (e *NoticeWithdrawn) fold(l *Ledger, r *Recorded) error {
	n, err := l.noticeOf(r)
	if err == nil {
		n.Withdrawn = r.ID
	}
	return err
}
