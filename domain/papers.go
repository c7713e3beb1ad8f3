package domain

// PapersCompleted says that a party who was helped first has now handed in the papers.
type PapersCompleted struct {
	Common
	Private struct {
		Papers []Sealed `json:"papers,omitempty"`
	} `json:"-"`
}

// CompletePapers records the papers of a party who was helped before they were
// complete.
type CompletePapers struct {
	Party  ID         `json:"party"`
	Papers []Personal `json:"papers,omitempty"`
}

// Refusals about papers.
var (
	PapersLate = newCode(12, "papers-late", "手续应于 {until} 前补齐，实际 {on}", "the papers were due by {until}, they came on {on}")
)

func (c *CompletePapers) target(*Order) string        { return Stream(PartyKind, c.Party) }
func (c *CompletePapers) unit(l *Ledger, _ *Order) ID { return l.unitOfParty(c.Party) }
func (c *CompletePapers) decide(d *decision) error {
	if err := d.party(c.Party); err != nil {
		return err
	}
	if until, ok := d.ledger.papersDue(c.Party); ok && d.lastDay() > until {
		if err := d.refuseOrMark(-1, refuse(PapersLate, until, d.lastDay())); err != nil {
			return err
		}
	}
	e := &PapersCompleted{}
	for _, p := range c.Papers {
		e.Private.Papers = append(e.Private.Papers, p.sealed)
	}
	d.add(e)
	return nil
}

// papersDue is the last day for a party's papers, counted from the payment whose time
// runs out first. It returns false if no payment sets such a limit.
func (l *Ledger) papersDue(party ID) (Day, bool) {
	var due Day
	for _, a := range l.Allocations {
		rules := l.RulesOf(a)
		if rules == nil || rules.PapersWithin == 0 {
			continue
		}
		for _, p := range a.Payments {
			if l.Same(a.LineOf(p).Beneficiary()) != l.Same(party) {
				continue
			}
			if by := p.On.Add(rules.PapersWithin); due == 0 || by < due {
				due = by
			}
		}
	}
	return due, due != 0
}

func (e *PapersCompleted) fold(l *Ledger, r *Recorded) error {
	p, err := l.partyOf(r)
	if err == nil {
		p.Papers = e.LastDay()
	}
	return err
}
