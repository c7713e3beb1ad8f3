package domain

import (
	"fmt"
	"slices"
)

// Campaign is a relief campaign (活动): it ties together funds, allocations, notices,
// visits, needs and activities. The state holds only what decisions need; the
// projections keep what happened in it.
type Campaign struct {
	ID, Unit ID
	Name     string
	Period   Span
	Closed   bool
	needs    map[ID]bool // by the event that found the need: true while it is open
	needOf   map[ID]ID   // the party that has the need, if one is named
}

// CampaignOpened begins a campaign. Its period is for reports: no command is refused
// by it.
type CampaignOpened struct {
	Common
	ID     ID     `json:"id"`
	Unit   ID     `json:"unit"`
	Name   string `json:"name"`
	Theme  string `json:"theme,omitempty"`
	Period Span   `json:"period"`
}

// DocumentIssued is a plan, circular or rule that was issued.
type DocumentIssued struct {
	Common
	Document Document `json:"document"`
	Kind     string   `json:"kind"` // plan, circular, rule
	Subject  []string `json:"subject,omitempty"`
}

// VisitRecorded is one visit, or several of one kind made by one team.
type VisitRecorded struct {
	Common
	Team  string `json:"team"`             // the team, group or ward that was visited, or that visited
	LedBy string `json:"led_by,omitempty"` // post of the leader
	Kind  string `json:"kind"`             // home, site, phone
	// Of is what was visited: workers, teams, enterprises, institutions.
	Of     string `json:"of"`
	Visits int    `json:"visits"` // how many were made
	// Heard is how many opinions and suggestions were collected.
	Heard   int `json:"heard,omitempty"`
	Private struct {
		Parties []ID   `json:"parties,omitempty"`
		Note    Sealed `json:"note,omitzero"`
	} `json:"-"`
}

// NeedFound is a difficulty that somebody has (困难).
type NeedFound struct {
	Common
	Of      string `json:"of"` // workers, teams
	Kind    string `json:"kind"`
	Private struct {
		Party ID     `json:"party,omitzero"`
		Note  Sealed `json:"note,omitzero"`
	} `json:"-"`
}

// NeedResolved says that a difficulty is resolved.
type NeedResolved struct {
	Common
	Need    ID     `json:"need"` // the event that found it
	How     string `json:"how,omitempty"`
	Private struct {
		Note Sealed `json:"note,omitzero"`
	} `json:"-"`
}

// ActivityRecorded is a ceremony, meeting, patrol, lodging, treatment or talk.
type ActivityRecorded struct {
	Common
	Kind   string    `json:"kind"`
	Name   string    `json:"name,omitempty"`
	Place  string    `json:"place,omitempty"`
	People Headcount `json:"people,omitzero"`
	Times  int       `json:"times"` // how often it took place
	// Declined says that help was offered and the party did not want it.
	Declined bool `json:"declined,omitempty"`
	Private  struct {
		Parties  []ID     `json:"parties,omitempty"`
		Note     Sealed   `json:"note,omitzero"`
		Evidence []Sealed `json:"evidence,omitempty"`
	} `json:"-"`
}

// FactRecorded is a number or statement of a source that no other event holds, or an
// assumption about one.
type FactRecorded struct {
	Common
	Measure  string   `json:"measure"`
	Relation Relation `json:"relation"`
	Value    string   `json:"value,omitempty"`
	// Assumed is the exact value with which reports count.
	Assumed string `json:"assumed,omitempty"`
	Basis   string `json:"basis"` // stated, assumed, added
	Quote   string `json:"quote,omitempty"`
	AsOf    Day    `json:"as_of,omitzero"`
	About   []ID   `json:"about,omitempty"` // events
	Unit    string `json:"unit,omitempty"`
}

// CampaignClosed ends a campaign.
type CampaignClosed struct{ Common }

// OpenCampaign begins a campaign.
type OpenCampaign struct {
	Unit   ID     `json:"unit"`
	Name   string `json:"name"`
	Theme  string `json:"theme,omitempty"`
	Period Span   `json:"period"`
}

// IssueDocument records a document of a campaign.
type IssueDocument struct {
	Document Document `json:"document"`
	Kind     string   `json:"kind"`
	Subject  []string `json:"subject,omitempty"`
}

// RecordVisit records a visit.
type RecordVisit struct {
	Team    string   `json:"team"`
	LedBy   string   `json:"led_by,omitempty"`
	Kind    string   `json:"kind"`
	Of      string   `json:"of"`
	Visits  int      `json:"visits"`
	Heard   int      `json:"heard,omitempty"`
	Parties []ID     `json:"parties,omitempty"`
	Note    Personal `json:"note,omitzero"`
}

// FindNeed records a need.
type FindNeed struct {
	Of    string   `json:"of"`
	Kind  string   `json:"kind"`
	Party ID       `json:"party,omitzero"`
	Note  Personal `json:"note,omitzero"`
}

// ResolveNeed says how a difficulty was resolved.
type ResolveNeed struct {
	Need Ref      `json:"need"`
	How  string   `json:"how,omitempty"`
	Note Personal `json:"note,omitzero"`
}

// RecordActivity records an activity.
type RecordActivity struct {
	Kind     string     `json:"kind"`
	Name     string     `json:"name,omitempty"`
	Place    string     `json:"place,omitempty"`
	People   Headcount  `json:"people,omitzero"`
	Times    int        `json:"times"`
	Declined bool       `json:"declined,omitempty"`
	Parties  []ID       `json:"parties,omitempty"`
	Note     Personal   `json:"note,omitzero"`
	Evidence []Personal `json:"evidence,omitempty"`
}

// RecordFact records what a source states, or what is assumed about it.
type RecordFact struct {
	Measure  string   `json:"measure"`
	Relation Relation `json:"relation"`
	Value    string   `json:"value,omitempty"`
	Assumed  string   `json:"assumed,omitempty"`
	Basis    string   `json:"basis"`
	Quote    string   `json:"quote,omitempty"`
	AsOf     Day      `json:"as_of,omitzero"`
	About    []Ref    `json:"about,omitempty"`
	Unit     string   `json:"unit,omitempty"`
}

// CloseCampaign ends the campaign that the order names.
type CloseCampaign struct{}

// NeedIsMet is said of a need that is resolved already.
var NeedIsMet = newCode(0, "need-is-met", "该困难已经解决：{need}", "the need is met already: {need}")

func (c *OpenCampaign) target(o *Order) string  { return Stream(CampaignKind, Made(o.ID, "campaign")) }
func (c *OpenCampaign) unit(*Ledger, *Order) ID { return c.Unit }
func (c *OpenCampaign) decide(d *decision) error {
	if err := d.openUnit(c.Unit); err != nil {
		return err
	}
	if c.Name == "" {
		return refuse(FieldMissing, "name")
	}
	if c.Period.First > c.Period.Last {
		return refuse(BackwardSpan, c.Period.First, c.Period.Last)
	}
	d.add(&CampaignOpened{ID: d.newID("campaign"), Unit: c.Unit, Name: c.Name, Theme: c.Theme, Period: c.Period})
	return nil
}

// campaign refuses a campaign that is missing or closed.
func (d *decision) campaign(id ID) error {
	switch c, ok := d.ledger.Campaigns[id]; {
	case !ok:
		return refuse(NoSuch, bilingual{"活动", "campaign"}, id)
	case c.Closed:
		return refuse(NotOpen, bilingual{"活动", "campaign"}, id)
	}
	return nil
}

func (l *Ledger) unitOfCampaign(id ID) ID {
	if c := l.Campaigns[id]; c != nil {
		return c.Unit
	}
	return ID{}
}

func (c *IssueDocument) target(o *Order) string      { return Stream(CampaignKind, o.Campaign) }
func (c *IssueDocument) unit(l *Ledger, o *Order) ID { return l.unitOfCampaign(o.Campaign) }
func (c *IssueDocument) decide(d *decision) error {
	if err := d.campaign(d.order.Campaign); err != nil {
		return err
	}
	if c.Document.Name == "" {
		return refuse(FieldMissing, "document.name")
	}
	if err := checkTag("document.file", c.Document.File); err != nil {
		return err
	}
	return d.addFact(d.order.Campaign, &DocumentIssued{Document: c.Document, Kind: c.Kind, Subject: c.Subject})
}

// addFact adds an event of a campaign. The order may say that it corrects an earlier
// one.
func (d *decision) addFact(campaign ID, e Event) error {
	if err := d.findReplaced(Stream(CampaignKind, campaign), e); err != nil {
		return err
	}
	d.add(e)
	return nil
}

func (c *RecordVisit) target(o *Order) string      { return Stream(CampaignKind, o.Campaign) }
func (c *RecordVisit) unit(l *Ledger, o *Order) ID { return l.unitOfCampaign(o.Campaign) }
func (c *RecordVisit) decide(d *decision) error {
	if err := d.campaign(d.order.Campaign); err != nil {
		return err
	}
	if c.Visits < 1 {
		return refuse(FieldWrong, "visits", c.Visits)
	}
	if c.Kind != "home" && c.Kind != "site" && c.Kind != "phone" {
		return refuse(FieldWrong, "kind", c.Kind)
	}
	if err := d.parties(c.Parties); err != nil {
		return err
	}
	e := &VisitRecorded{Team: c.Team, LedBy: c.LedBy, Kind: c.Kind, Of: c.Of, Visits: c.Visits, Heard: c.Heard}
	e.Private.Parties, e.Private.Note = c.Parties, c.Note.sealed
	return d.addFact(d.order.Campaign, e)
}

func (d *decision) parties(ids []ID) error {
	for i, id := range ids {
		switch p := d.ledger.Parties[id]; {
		case p == nil:
			return refuse(NoSuch, bilingual{"对象", "party"}, id).inRow(i)
		case p.Erased:
			return refuse(IsErased, id).inRow(i)
		}
	}
	return nil
}

func (c *FindNeed) target(o *Order) string      { return Stream(CampaignKind, o.Campaign) }
func (c *FindNeed) unit(l *Ledger, o *Order) ID { return l.unitOfCampaign(o.Campaign) }
func (c *FindNeed) decide(d *decision) error {
	if err := d.campaign(d.order.Campaign); err != nil {
		return err
	}
	if c.Party != (ID{}) {
		if err := d.party(c.Party); err != nil {
			return err
		}
	}
	e := &NeedFound{Of: c.Of, Kind: c.Kind}
	e.Private.Party, e.Private.Note = c.Party, c.Note.sealed
	return d.addFact(d.order.Campaign, e)
}

func (c *ResolveNeed) target(o *Order) string      { return Stream(CampaignKind, o.Campaign) }
func (c *ResolveNeed) unit(l *Ledger, o *Order) ID { return l.unitOfCampaign(o.Campaign) }
func (c *ResolveNeed) decide(d *decision) error {
	if err := d.campaign(d.order.Campaign); err != nil {
		return err
	}
	id, ok := d.ledger.Find(c.Need)
	if !ok {
		return refuse(NoSuch, bilingual{"困难", "need"}, c.Need)
	}
	open, ok := d.ledger.Campaigns[d.order.Campaign].needs[id]
	if !ok {
		return refuse(NoSuch, bilingual{"困难", "need"}, c.Need)
	}
	if !open {
		return refuse(NeedIsMet, c.Need)
	}
	e := &NeedResolved{Need: id, How: c.How}
	e.Private.Note = c.Note.sealed
	d.add(e)
	return nil
}

func (c *RecordActivity) target(o *Order) string      { return Stream(CampaignKind, o.Campaign) }
func (c *RecordActivity) unit(l *Ledger, o *Order) ID { return l.unitOfCampaign(o.Campaign) }
func (c *RecordActivity) decide(d *decision) error {
	if err := d.campaign(d.order.Campaign); err != nil {
		return err
	}
	if c.Kind == "" {
		return refuse(FieldMissing, "kind")
	}
	if c.Times < 1 {
		return refuse(FieldWrong, "times", c.Times)
	}
	if c.People != (Headcount{}) {
		if err := c.People.check(); err != nil {
			return err
		}
	}
	if err := d.parties(c.Parties); err != nil {
		return err
	}
	e := &ActivityRecorded{Kind: c.Kind, Name: c.Name, Place: c.Place, People: c.People, Times: c.Times, Declined: c.Declined}
	e.Private.Parties, e.Private.Note = c.Parties, c.Note.sealed
	for _, p := range c.Evidence {
		e.Private.Evidence = append(e.Private.Evidence, p.sealed)
	}
	return d.addFact(d.order.Campaign, e)
}

func (c *RecordFact) target(o *Order) string      { return Stream(CampaignKind, o.Campaign) }
func (c *RecordFact) unit(l *Ledger, o *Order) ID { return l.unitOfCampaign(o.Campaign) }
func (c *RecordFact) decide(d *decision) error {
	if err := d.campaign(d.order.Campaign); err != nil {
		return err
	}
	if c.Measure == "" {
		return refuse(FieldMissing, "measure")
	}
	if !slices.Contains(relations, c.Relation) {
		return refuse(FieldWrong, "relation", string(c.Relation))
	}
	if c.Basis != "stated" && c.Basis != "assumed" && c.Basis != "added" {
		return refuse(FieldWrong, "basis", c.Basis)
	}
	e := &FactRecorded{Measure: c.Measure, Relation: c.Relation, Value: c.Value, Assumed: c.Assumed, Basis: c.Basis,
		Quote: c.Quote, AsOf: c.AsOf, Unit: c.Unit}
	for i, ref := range c.About {
		id, ok := d.ledger.Find(ref)
		if !ok {
			return refuse(NoSuch, bilingual{"记录", "entry"}, ref).inRow(i)
		}
		e.About = append(e.About, id)
	}
	return d.addFact(d.order.Campaign, e)
}

func (c *CloseCampaign) target(o *Order) string      { return Stream(CampaignKind, o.Campaign) }
func (c *CloseCampaign) unit(l *Ledger, o *Order) ID { return l.unitOfCampaign(o.Campaign) }
func (c *CloseCampaign) decide(d *decision) error {
	if err := d.campaign(d.order.Campaign); err != nil {
		return err
	}
	d.add(&CampaignClosed{})
	return nil
}

func (e *CampaignOpened) fold(l *Ledger, r *Recorded) error {
	if l.Campaigns[e.ID] != nil || r.Stream != Stream(CampaignKind, e.ID) {
		return fmt.Errorf("the campaign exists, or this is not its stream")
	}
	l.Campaigns[e.ID] = &Campaign{ID: e.ID, Unit: e.Unit, Name: e.Name, Period: e.Period, needs: map[ID]bool{}}
	return nil
}

func (l *Ledger) campaignOf(r *Recorded) (*Campaign, error) {
	_, id, _ := SplitStream(r.Stream)
	if c := l.Campaigns[id]; c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("no such campaign")
}

func (e *DocumentIssued) fold(l *Ledger, r *Recorded) error { _, err := l.campaignOf(r); return err }
func (e *FactRecorded) fold(l *Ledger, r *Recorded) error   { _, err := l.campaignOf(r); return err }

func (e *VisitRecorded) fold(l *Ledger, r *Recorded) error {
	_, err := l.campaignOf(r)
	if err == nil {
		for _, id := range e.Private.Parties {
			l.noteMention(id, ID{}, e.LastDay())
		}
	}
	return err
}

func (e *NeedFound) fold(l *Ledger, r *Recorded) error {
	c, err := l.campaignOf(r)
	if err == nil {
		c.needs[r.ID] = true
		delete(c.needs, e.Replaces)
		if e.Private.Party != (ID{}) {
			if c.needOf == nil {
				c.needOf = map[ID]ID{}
			}
			c.needOf[r.ID] = e.Private.Party
			l.noteMention(e.Private.Party, ID{}, e.LastDay())
		}
	}
	return err
}

func (e *NeedResolved) fold(l *Ledger, r *Recorded) error {
	c, err := l.campaignOf(r)
	if err != nil {
		return err
	}
	if !c.needs[e.Need] {
		return fmt.Errorf("no open need %s", e.Need)
	}
	c.needs[e.Need] = false
	return nil
}

func (e *ActivityRecorded) fold(l *Ledger, r *Recorded) error {
	if _, err := l.campaignOf(r); err != nil {
		return err
	}
	for _, id := range e.Private.Parties {
		l.noteMention(id, ID{}, e.LastDay())
		if p := l.Parties[id]; p != nil && !e.Declined {
			p.addActivity(e.Kind, e.LastDay())
		}
	}
	return nil
}

func (e *CampaignClosed) fold(l *Ledger, r *Recorded) error {
	c, err := l.campaignOf(r)
	if err == nil {
		c.Closed = true
	}
	return err
}
