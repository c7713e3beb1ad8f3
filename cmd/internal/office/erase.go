package office

import (
	"context"
	"slices"
	"strings"

	"reliefledger.org/ledger/domain"
)

// Erasable finds what is to be erased: a party, or the case of an allocation or a
// notice by its stream.
func (a *Asker) Erasable(which string) (stream string, err error) {
	kind, id, ok := domain.SplitStream(which)
	if ok && kind != domain.PartyKind {
		return which, nil
	}
	if ok {
		which = id.String()
	}
	if id, err = a.o.Find(domain.PartyKind, which); err != nil {
		return "", err
	}
	return domain.Stream(domain.PartyKind, id), nil
}

// Whom says who is to be erased, so that nobody takes one for another.
type Whom struct {
	Name      string   // masked; empty where it is erased or there is none
	Erased    bool     // already
	Payments  int      // that the party or a beneficiary of it was paid
	Documents []uint64 // events whose documents may still name the party; they go with their cases
}

// Whom looks a party up for an erasure; nil where the asker may not see whom.
func (a *Asker) Whom(ctx context.Context, id domain.ID) (*Whom, error) {
	var values []value
	out := &Whom{}
	may := false
	a.o.State(func(s *domain.Ledger) {
		p := s.Parties[id]
		if p == nil {
			return
		}
		look := domain.Look{Purpose: domain.OnPage, Officer: a.who(s), Unit: p.Unit, Event: "PartyRegistered", Field: "name"}
		may, out.Erased = s.Sees(look, nil) != domain.Withheld, p.Erased
		if v, ok := partyValue(s, p, "name", domain.Look{Purpose: domain.ForErasing, Unit: p.Unit}); ok {
			values = append(values, v)
		}
		documents := map[uint64]bool{}
		for _, paid := range s.PaidTo(id) {
			out.Payments++
			for _, n := range paid.Receipts() {
				documents[n] = true
			}
		}
		for n := range documents {
			out.Documents = append(out.Documents, n)
		}
	})
	if !may {
		return nil, nil // the ledger refuses
	}
	slices.Sort(out.Documents)
	shown, err := a.open(ctx, nil, values...)
	if err != nil {
		return nil, err
	}
	for _, x := range shown {
		out.Erased = out.Erased || x.erased
		out.Name = x.text
	}
	return out, nil
}

// Erase erases a party or a case by its stream; a new wrapping key follows when the
// office is closed, or with [Office.FinishErasures]. confirm says that the copies of the old one are destroyed.
func (s *Session) Erase(ctx context.Context, on domain.Day, stream, basis string, confirm bool) (*Result, error) {
	var body domain.Command = &domain.EraseCase{Stream: stream, Basis: basis}
	if kind, id, ok := domain.SplitStream(stream); ok && kind == domain.PartyKind {
		body = &domain.EraseParty{Party: id, Basis: basis}
	}
	if confirm {
		body = &domain.ConfirmErasure{Stream: stream}
	}
	return s.Give(ctx, on, "", body)
}

// Erasure is an erasure, and whether anything is left to be done.
type Erasure struct {
	Number    uint64     `json:"number"`
	Stream    string     `json:"stream"`
	On        domain.Day `json:"on"`
	Basis     string     `json:"basis"`
	Confirmed *uint64    `json:"confirmed"` // number of the event, null: unfinished
}

// Erasures lists all erasures.
func (o *Office) Erasures() []Erasure {
	list := []Erasure{}
	o.State(func(s *domain.Ledger) {
		for _, e := range s.Erasures {
			x := Erasure{Number: e.Number, Stream: e.Stream, On: e.On, Basis: strings.Clone(e.Basis)}
			if n, ok := s.Number(e.Confirmed); ok {
				x.Confirmed = &n
			}
			list = append(list, x)
		}
	})
	return list
}
