package office

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
)

// Things are named in one way everywhere: by id, by the number of one of their
// events (628, #628), by the name that a script gave the command that made them
// (@NAME/thing), or by their own name, where they have one and it is nobody else's.

// NotFound says that there is no such thing, and which there are.
type NotFound struct {
	Of      string // the kind of its stream: unit, notice, ...
	Which   string // as it was asked for
	Choices []string
}

// kindNames say the kinds of things.
var kindNames = map[string][2]string{
	domain.UnitKind: {"单位", "unit"}, domain.ProgrammeKind: {"救助项目", "programme"}, domain.FundKind: {"资金", "fund"}, domain.AllocationKind: {"分配", "allocation"},
	domain.NoticeKind: {"名单", "notice"}, domain.CampaignKind: {"活动", "campaign"}, domain.PartyKind: {"对象", "party"}, domain.OfficerKind: {"经办人", "officer"},
}

func (e *NotFound) Error() string { return e.Say(domain.En) }

// Kind is that of wrong input.
func (e *NotFound) Kind() Kind { return Unreadable }

// Say is the sentence in a language.
func (e *NotFound) Say(l domain.Lang) string {
	said := choose(l, e.Which+"：没有这个"+kindNames[e.Of][0], e.Which+": no such "+kindNames[e.Of][1])
	if len(e.Choices) > 0 {
		said += choose(l, "；有：", "; there are: ") + strings.Join(e.Choices, choose(l, "、", ", "))
	}
	return said
}

// Number reads "628" and "#628", the number of an event.
func Number(text string) (uint64, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(text, "#"), 10, 64)
	if err != nil {
		return 0, Input(text, "不是事件的序号", "is not the number of an event")
	}
	return n, nil
}

// Find finds a thing of a kind ([domain.UnitKind], ...) in a state, and says that
// there is none with a [NotFound].
func Find(s *domain.Ledger, kind, which string) (domain.ID, error) {
	id, ok := find(s, kind, which)
	if _, begun := s.Revision(domain.Stream(kind, id)); !ok || !begun {
		return domain.ID{}, &NotFound{kind, which, choices(s, kind)}
	}
	return id, nil
}

// Find finds a thing in the state of now.
func (o *Office) Find(kind, which string) (id domain.ID, err error) {
	o.State(func(s *domain.Ledger) { id, err = Find(s, kind, which) })
	return id, err
}

func find(s *domain.Ledger, kind, which string) (domain.ID, bool) {
	if strings.HasPrefix(which, "@") {
		id, err := Lines{Ledger: s.ID}.id(which)
		return id, err == nil
	}
	if id, err := uuid.Parse(which); err == nil {
		return id, true
	}
	if id, ok := byName(s, kind, which); ok {
		return id, true
	}
	if n, err := Number(which); err == nil {
		return byNumber(s, kind, n)
	}
	return domain.ID{}, false
}

// byNumber finds a thing by one of its events. An allocation is also found by the
// event that made it, in the stream above: its own first event is the next.
func byNumber(s *domain.Ledger, kind string, n uint64) (domain.ID, bool) {
	if _, ok := s.EventAt(n); !ok {
		return domain.ID{}, false
	}
	if k, of, _ := domain.SplitStream(s.StreamAt(n)); k == kind {
		return of, true
	}
	if kind == domain.AllocationKind && s.TypeAt(n) == "AllocationMade" {
		if _, ok := s.EventAt(n + 1); ok {
			if k, of, _ := domain.SplitStream(s.StreamAt(n + 1)); k == kind {
				return of, true
			}
		}
	}
	return domain.ID{}, false
}

// named are the things of a kind that have names, by name and then by id.
func named(s *domain.Ledger, kind string) (list []namedThing) {
	switch kind {
	case domain.UnitKind:
		for id, x := range s.Units {
			list = append(list, namedThing{id, x.Name})
		}
	case domain.ProgrammeKind:
		for id, x := range s.Programmes {
			list = append(list, namedThing{id, x.Name})
		}
	case domain.FundKind:
		for id, x := range s.Funds {
			list = append(list, namedThing{id, x.Name})
		}
	case domain.NoticeKind:
		for id, x := range s.Notices {
			list = append(list, namedThing{id, x.Heading.Title})
		}
	case domain.CampaignKind:
		for id, x := range s.Campaigns {
			list = append(list, namedThing{id, x.Name})
		}
	}
	slices.SortFunc(list, func(x, y namedThing) int {
		return cmp.Or(strings.Compare(x.name, y.name), bytes.Compare(x.id[:], y.id[:]))
	})
	return list
}

type namedThing struct {
	id   domain.ID
	name string
}

// byName finds what has this name, or the only one whose name begins so. A campaign
// of the demonstration is also found by the number of its report.
func byName(s *domain.Ledger, kind, which string) (domain.ID, bool) {
	list := named(s, kind)
	if _, err := strconv.Atoi(which); err == nil {
		if kind != domain.CampaignKind {
			return domain.ID{}, false
		}
		which = "报告" + which
	}
	match := func(ok func(name string) bool) (found []domain.ID) {
		for _, x := range list {
			if x.name != "" && ok(x.name) {
				found = append(found, x.id)
			}
		}
		return found
	}
	if which == "" {
		return domain.ID{}, false
	}
	if same := match(func(name string) bool { return name == which }); len(same) == 1 {
		return same[0], true
	}
	if begin := match(func(name string) bool { return strings.HasPrefix(name, which) }); len(begin) == 1 {
		return begin[0], true
	}
	return domain.ID{}, false
}

// mostChoices is how many names an error lists.
const mostChoices = 12

func choices(s *domain.Ledger, kind string) (names []string) {
	for _, x := range named(s, kind) {
		if len(names) == mostChoices {
			return append(names, "…")
		}
		names = append(names, x.name)
	}
	return names
}

// BatchNamed says which batch is meant: by the number of one of its events, or by
// its allocation and its number there, which may be left out where there is but one.
type BatchNamed struct {
	Event      string
	Allocation string
	No         int
}

// FindBatch finds a batch in a state.
func FindBatch(s *domain.Ledger, w BatchNamed) (*domain.Allocation, *domain.Batch, error) {
	if (w.Event != "") == (w.Allocation != "") || w.Event != "" && w.No != 0 {
		return nil, nil, Input(words.Batch.String(), "须给出批次某一事件的序号，或 %[1]s 与 %[2]s", "give the number of one of the batch's events, or %[1]s and %[2]s", words.Allocation, words.Batch)
	}
	if w.Event != "" {
		return batchOfEvent(s, w.Event)
	}
	id, err := Find(s, domain.AllocationKind, w.Allocation)
	if err != nil {
		return nil, nil, err
	}
	a := s.Allocations[id]
	switch {
	case w.No == 0 && len(a.Batches) == 1:
		return a, a.Batches[0], nil
	case w.No < 1 || w.No > len(a.Batches):
		return nil, nil, Input(words.Batch.String(), "该分配有 %d 个批次", "the allocation has %d batches", len(a.Batches))
	}
	return a, a.Batches[w.No-1], nil
}

func batchOfEvent(s *domain.Ledger, which string) (*domain.Allocation, *domain.Batch, error) {
	n, err := Number(which)
	if err != nil {
		return nil, nil, err
	}
	event, ok := s.EventAt(n)
	if !ok {
		return nil, nil, Input(which, "不是事件的序号", "is not the number of an event")
	}
	if kind, id, _ := domain.SplitStream(s.StreamAt(n)); kind == domain.AllocationKind && s.Allocations[id] != nil {
		a := s.Allocations[id]
		if b := a.BatchOf(event); b != nil {
			return a, b, nil
		}
	}
	return nil, nil, Input(which, "该序号不是批次的事件", "that number is no event of a batch")
}

// FindFor is Find for what a field gave, which the error names.
func (o *Office) FindFor(field words.Field, kind, which string) (domain.ID, error) {
	id, err := o.Find(kind, which)
	if err != nil {
		return id, InputErr(field.String(), err)
	}
	return id, nil
}

// Cite names events as people do: 〔628〕.
func Cite(numbers ...uint64) string {
	var b strings.Builder
	for _, n := range numbers {
		fmt.Fprintf(&b, "〔%d〕", n)
	}
	return b.String()
}
