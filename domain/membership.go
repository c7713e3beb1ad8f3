package domain

// MembershipChanged puts a person into a household, or out of it.
type MembershipChanged struct {
	Common
	Private struct {
		Household ID `json:"household,omitzero"`
	} `json:"-"`
}

// ChangeMembership moves a person into a household, or with no household named out of
// the present one.
type ChangeMembership struct {
	Party     ID `json:"party"`
	Household ID `json:"household,omitzero"`
}

func (c *ChangeMembership) target(*Order) string        { return Stream(PartyKind, c.Party) }
func (c *ChangeMembership) unit(l *Ledger, _ *Order) ID { return l.unitOfParty(c.Party) }
func (c *ChangeMembership) decide(d *decision) error {
	if err := d.party(c.Party); err != nil {
		return err
	}
	if c.Household != (ID{}) {
		if err := d.party(c.Household); err != nil {
			return err
		}
		if t := d.ledger.Parties[c.Household].Type; t != Household {
			return refuse(FieldWrong, "household", string(t))
		}
	}
	e := &MembershipChanged{}
	e.Private.Household = c.Household
	d.add(e)
	return nil
}

func (e *MembershipChanged) fold(l *Ledger, r *Recorded) error {
	p, err := l.partyOf(r)
	if err == nil {
		p.Household = e.Private.Household
	}
	return err
}
