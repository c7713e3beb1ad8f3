package domain

// Eligible is a programme and a category for which a party may be eligible; an empty
// category is any.
type Eligible struct {
	Programme ID
	Category  string
}

// Match says that a party was compared with an outside register, and when.
type Match struct {
	Register string
	On       Day
}

// EligibilityDecided says whether a party is eligible under a programme, for one
// category or for any.
type EligibilityDecided struct {
	Common
	Programme ID   `json:"programme"`
	Eligible  bool `json:"eligible"`
	Private   struct {
		Category string `json:"category,omitempty"`
		Reason   Sealed `json:"reason,omitzero"`
	} `json:"-"`
}

// RegisterMatched records what an outside register said about a party.
type RegisterMatched struct {
	Common
	Register string `json:"register"`
	Private  struct {
		Finding Sealed `json:"finding,omitzero"`
	} `json:"-"`
}

// DecideEligibility decides whether a party is eligible under a programme.
type DecideEligibility struct {
	Party     ID       `json:"party"`
	Programme ID       `json:"programme"`
	Category  string   `json:"category,omitempty"`
	Eligible  bool     `json:"eligible"`
	Reason    Personal `json:"reason,omitzero"`
}

// MatchRegister records what an outside register says.
type MatchRegister struct {
	Party    ID       `json:"party"`
	Register string   `json:"register"`
	Finding  Personal `json:"finding,omitzero"`
}

func (c *DecideEligibility) target(*Order) string        { return Stream(PartyKind, c.Party) }
func (c *DecideEligibility) unit(l *Ledger, _ *Order) ID { return l.unitOfParty(c.Party) }
func (c *DecideEligibility) decide(d *decision) error {
	if err := d.party(c.Party); err != nil {
		return err
	}
	if d.ledger.Programmes[c.Programme] == nil {
		return refuse(NoSuch, bilingual{"救助项目", "programme"}, c.Programme)
	}
	if d.ledger.isSelfOrKin(d.whoActed(), c.Party) {
		if err := d.refuseOrMark(-1, refuse(DecidesForKin, d.whoActed())); err != nil {
			return err
		}
	}
	e := &EligibilityDecided{Programme: c.Programme, Eligible: c.Eligible}
	e.Private.Category, e.Private.Reason = c.Category, c.Reason.sealed
	if err := d.findReplaced(c.target(d.order), e); err != nil {
		return err
	}
	d.add(e)
	return nil
}

func (c *MatchRegister) target(*Order) string        { return Stream(PartyKind, c.Party) }
func (c *MatchRegister) unit(l *Ledger, _ *Order) ID { return l.unitOfParty(c.Party) }
func (c *MatchRegister) decide(d *decision) error {
	if err := d.party(c.Party); err != nil {
		return err
	}
	if c.Register == "" {
		return refuse(FieldMissing, "register")
	}
	e := &RegisterMatched{Register: c.Register}
	e.Private.Finding = c.Finding.sealed
	d.add(e)
	return nil
}

func (e *EligibilityDecided) fold(l *Ledger, r *Recorded) error {
	p, err := l.partyOf(r)
	if err != nil {
		return err
	}
	if p.Eligible == nil {
		p.Eligible = map[Eligible]bool{}
	}
	p.Eligible[Eligible{e.Programme, e.Private.Category}] = e.Eligible
	l.noteMention(p.ID, e.Programme, e.LastDay())
	return nil
}

func (e *RegisterMatched) fold(l *Ledger, r *Recorded) error {
	p, err := l.partyOf(r)
	if err == nil {
		p.Matches = append(p.Matches, Match{Register: e.Register, On: e.LastDay()})
		l.noteMention(p.ID, ID{}, e.LastDay())
	}
	return err
}
