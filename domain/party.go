package domain

import "fmt"

// PartyType is what kind of beneficiary, payee, donor or signer a party is.
type PartyType string

// The kinds of parties (对象).
const (
	Person       PartyType = "person"
	Household    PartyType = "household"
	Institution  PartyType = "institution"
	Group        PartyType = "group"        // n people who are not named
	Unidentified PartyType = "unidentified" // somebody whose name is not known yet
)

// Party is a person, household, institution or group that receives, signs, donates or
// objects (对象). Names and numbers are sealed values; whether two parties are the same
// person is decided from ids alone.
type Party struct {
	ID               ID
	Unit             ID // that registered it
	Type             PartyType
	Headcount        Headcount
	Details          PartyDetails
	NameIn           ID // the event that holds the name
	NumberIn         ID // the event that holds the identity number
	Account          ID // account id from the vault; AccountIn is the event that holds the account
	AccountIn        ID
	Household        ID
	MergedInto       ID
	Minor            bool
	Dead             Day
	Restricted       bool
	Erased           bool              // its key is destroyed, and Details are empty
	Eligible         map[Eligible]bool // what was decided last, by programme and category
	Papers           Day               // when they were completed, 0 if they are not
	Activities       map[string]Day    // by kind, the day of the last
	Matches          []Match
	stream           string
	mentions         []mention
	listedCategories []string // categories of the admitted lines of this beneficiary
}

// PartyDetails are the sealed values about a party.
type PartyDetails struct {
	Name    Sealed `json:"name,omitzero"`
	Number  Sealed `json:"number,omitzero"`
	Phone   Sealed `json:"phone,omitzero"`
	Address Sealed `json:"address,omitzero"`
	Account Sealed `json:"account,omitzero"`
	Note    Sealed `json:"note,omitzero"`
	// AccountID stands for the account number: equal numbers have equal ids.
	AccountID ID   `json:"account_id,omitzero"`
	Minor     bool `json:"minor,omitempty"`    // under 14 when sealed: never named
	Numbered  bool `json:"numbered,omitempty"` // Number is valid in form
}

// PartyRegistered adds a party.
type PartyRegistered struct {
	Common
	Party     ID           `json:"party"`
	Unit      ID           `json:"unit"`
	Type      PartyType    `json:"type"`
	Headcount Headcount    `json:"headcount,omitzero"`
	Private   PartyDetails `json:"-"`
}

// PartyCorrected corrects details of a party. Those that are not given stay.
type PartyCorrected struct {
	Common
	Private PartyDetails `json:"-"`
}

// PartyIdentified says who an unidentified party is.
type PartyIdentified struct {
	Common
	Type    PartyType    `json:"type"`
	Private PartyDetails `json:"-"`
}

// PartyDied says that a person died, on the last day on which it happened.
type PartyDied struct{ Common }

// PartyRestricted says that a party must not be named on lists and papers, or with
// Lifted that it may be again.
type PartyRestricted struct {
	Common
	Lifted bool `json:"lifted,omitempty"`
}

// DetailsIn returns the details of a party that an event holds; ok is false for types
// of events that hold none.
func DetailsIn(e Event) (details PartyDetails, ok bool) {
	switch e := e.(type) {
	case *PartyRegistered:
		return e.Private, true
	case *PartyCorrected:
		return e.Private, true
	case *PartyIdentified:
		return e.Private, true
	}
	return PartyDetails{}, false
}

// Registered says whether a party is registered.
func (l *Ledger) Registered(party ID) bool { return l.Parties[party] != nil }

// PersonalDetails are the details of a party as an officer gives them.
type PersonalDetails struct {
	Name    Personal `json:"name,omitzero"`
	Number  Personal `json:"number,omitzero"`
	Phone   Personal `json:"phone,omitzero"`
	Address Personal `json:"address,omitzero"`
	Account Personal `json:"account,omitzero"`
	Note    Personal `json:"note,omitzero"`
	// What follows is set by the vault when it seals the values.
	AccountID ID   `json:"account_id,omitzero"`
	Minor     bool `json:"minor,omitempty"`
	Numbered  bool `json:"numbered,omitempty"`
}

func (p *PersonalDetails) sealed() PartyDetails {
	return PartyDetails{Name: p.Name.sealed, Number: p.Number.sealed, Phone: p.Phone.sealed, Address: p.Address.sealed,
		Account: p.Account.sealed, Note: p.Note.sealed, AccountID: p.AccountID, Minor: p.Minor, Numbered: p.Numbered}
}

// RegisterParty adds a party to a unit's roster.
type RegisterParty struct {
	Unit      ID        `json:"unit"`
	Type      PartyType `json:"type"`
	Headcount Headcount `json:"headcount,omitzero"`
	PersonalDetails
}

// CorrectParty corrects details of a party.
type CorrectParty struct {
	Party ID `json:"party"`
	PersonalDetails
}

// IdentifyParty says who an unidentified party is.
type IdentifyParty struct {
	Party ID        `json:"party"`
	Type  PartyType `json:"type"`
	PersonalDetails
}

// RecordDeath records a death.
type RecordDeath struct {
	Party ID `json:"party"`
}

// RestrictParty forbids to name a party on lists and papers, or lifts that.
type RestrictParty struct {
	Party  ID   `json:"party"`
	Lifted bool `json:"lifted,omitempty"`
}

// Refusals about parties.
var (
	NotUnidentified = newCode(0, "not-unidentified", "该对象已有身份：{party}", "the party is identified already: {party}")
)

func (c *RegisterParty) target(o *Order) string  { return Stream(PartyKind, Made(o.ID, "party")) }
func (c *RegisterParty) unit(*Ledger, *Order) ID { return c.Unit }
func (c *RegisterParty) decide(d *decision) error {
	if err := d.openUnit(c.Unit); err != nil {
		return err
	}
	if err := checkParty(c.Type, c.Headcount); err != nil {
		return err
	}
	if c.Type != Unidentified && c.Type != Group && !c.Name.Given() {
		return refuse(FieldMissing, "name")
	}
	d.add(&PartyRegistered{Party: d.newID("party"), Unit: c.Unit, Type: c.Type, Headcount: c.Headcount, Private: c.PersonalDetails.sealed()})
	return nil
}

func checkParty(t PartyType, n Headcount) error {
	switch t {
	case Person, Household, Institution, Unidentified:
		return nil
	case Group:
		return n.check()
	}
	return refuse(FieldWrong, "type", string(t))
}

func (c *CorrectParty) target(*Order) string        { return Stream(PartyKind, c.Party) }
func (c *CorrectParty) unit(l *Ledger, _ *Order) ID { return l.unitOfParty(c.Party) }
func (c *CorrectParty) decide(d *decision) error {
	if err := d.party(c.Party); err != nil {
		return err
	}
	d.add(&PartyCorrected{Private: c.PersonalDetails.sealed()})
	return nil
}

func (c *IdentifyParty) target(*Order) string        { return Stream(PartyKind, c.Party) }
func (c *IdentifyParty) unit(l *Ledger, _ *Order) ID { return l.unitOfParty(c.Party) }
func (c *IdentifyParty) decide(d *decision) error {
	if err := d.party(c.Party); err != nil {
		return err
	}
	if d.ledger.Parties[c.Party].Type != Unidentified {
		return refuse(NotUnidentified, c.Party)
	}
	if c.Type != Person {
		return refuse(FieldWrong, "type", string(c.Type))
	}
	if !c.Name.Given() {
		return refuse(FieldMissing, "name")
	}
	d.add(&PartyIdentified{Type: c.Type, Private: c.PersonalDetails.sealed()})
	return nil
}

func (c *RecordDeath) target(*Order) string        { return Stream(PartyKind, c.Party) }
func (c *RecordDeath) unit(l *Ledger, _ *Order) ID { return l.unitOfParty(c.Party) }
func (c *RecordDeath) decide(d *decision) error {
	if err := d.party(c.Party); err != nil {
		return err
	}
	e := &PartyDied{}
	if err := d.findReplaced(c.target(d.order), e); err != nil {
		return err
	}
	if d.ledger.Parties[c.Party].Dead != 0 && d.order.Replaces == nil {
		return refuse(AlreadyExists, bilingual{"死亡记录", "death"}, c.Party)
	}
	d.add(e)
	return nil
}

func (c *RestrictParty) target(*Order) string        { return Stream(PartyKind, c.Party) }
func (c *RestrictParty) unit(l *Ledger, _ *Order) ID { return l.unitOfParty(c.Party) }
func (c *RestrictParty) decide(d *decision) error {
	p := d.ledger.Parties[c.Party]
	switch {
	case p == nil:
		return refuse(NoSuch, bilingual{"对象", "party"}, c.Party)
	case p.Erased:
		return refuse(IsErased, c.Party)
	}
	d.add(&PartyRestricted{Lifted: c.Lifted})
	return nil
}

// party refuses a party that is missing, was merged into another, or was erased.
func (d *decision) party(id ID) error {
	p, ok := d.ledger.Parties[id]
	if !ok {
		return refuse(NoSuch, bilingual{"对象", "party"}, id)
	}
	switch {
	case p.MergedInto != ID{}:
		return refuse(IsMerged, id, p.MergedInto)
	case p.Erased:
		return refuse(IsErased, id)
	}
	return nil
}

// unitOfParty is the unit that registered a party.
func (l *Ledger) unitOfParty(id ID) ID {
	if p := l.Parties[id]; p != nil {
		return p.Unit
	}
	return ID{}
}

func (e *PartyRegistered) fold(l *Ledger, r *Recorded) error {
	if l.Parties[e.Party] != nil || r.Stream != Stream(PartyKind, e.Party) {
		return fmt.Errorf("the party exists, or this is not its stream")
	}
	p := &Party{ID: e.Party, Unit: e.Unit, Type: e.Type, Headcount: e.Headcount, stream: r.Stream}
	p.update(&e.Private, r.ID)
	l.Parties[e.Party] = p
	return nil
}

// update takes over those of the new details that are given.
func (p *Party) update(d *PartyDetails, event ID) {
	for _, f := range []struct{ to, from *Sealed }{
		{&p.Details.Name, &d.Name}, {&p.Details.Number, &d.Number}, {&p.Details.Phone, &d.Phone},
		{&p.Details.Address, &d.Address}, {&p.Details.Account, &d.Account}, {&p.Details.Note, &d.Note},
	} {
		if !f.from.IsZero() {
			*f.to = *f.from
		}
	}
	if !d.Name.IsZero() {
		p.NameIn = event
	}
	if !d.Account.IsZero() {
		p.Account, p.AccountIn = d.AccountID, event
	}
	if !d.Number.IsZero() {
		p.NumberIn, p.Minor, p.Details.Numbered = event, d.Minor, d.Numbered
	}
	p.Minor = p.Minor || d.Minor
}

func (l *Ledger) partyOf(r *Recorded) (*Party, error) {
	_, id, _ := SplitStream(r.Stream)
	if p := l.Parties[id]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("no such party")
}

// livingPartyOf is partyOf for events that add details: it fails for an erased party.
func (l *Ledger) livingPartyOf(r *Recorded) (*Party, error) {
	p, err := l.partyOf(r)
	if err == nil && p.Erased {
		return nil, fmt.Errorf("the party was erased")
	}
	return p, err
}

func (e *PartyCorrected) fold(l *Ledger, r *Recorded) error {
	p, err := l.livingPartyOf(r)
	if err == nil {
		p.update(&e.Private, r.ID)
	}
	return err
}

func (e *PartyIdentified) fold(l *Ledger, r *Recorded) error {
	p, err := l.livingPartyOf(r)
	if err == nil {
		p.Type = e.Type
		p.update(&e.Private, r.ID)
		p.addActivity("identified", e.LastDay())
	}
	return err
}

func (e *PartyDied) fold(l *Ledger, r *Recorded) error {
	p, err := l.partyOf(r)
	if err == nil {
		p.Dead = e.LastDay()
	}
	return err
}

func (e *PartyRestricted) fold(l *Ledger, r *Recorded) error {
	p, err := l.partyOf(r)
	if err == nil {
		p.Restricted = !e.Lifted
	}
	return err
}

// addActivity remembers an activity in which the party took part.
func (p *Party) addActivity(kind string, on Day) {
	if p.Activities == nil {
		p.Activities = map[string]Day{}
	}
	p.Activities[kind] = max(p.Activities[kind], on)
}
