package domain

import "testing"

// The rows of TestRefusals about parties.
var partyRows = []refusalRow{
	{"-", "people: identified, merged, in a household", func(t *testing.T) {
		c := newCounty(t, noNotice(), 0)
		c.by(c.drafter)
		stranger := Made(c.mustDo("2023-01-05", &RegisterParty{Unit: c.unit, Type: Unidentified}), "party")
		known := c.person("己")
		c.refused("2023-01-05", &IdentifyParty{Party: known, Type: Person, PersonalDetails: PersonalDetails{Name: sealed("己")}}, NotUnidentified)
		c.mustDo("2023-01-05", &IdentifyParty{Party: stranger, Type: Person, PersonalDetails: PersonalDetails{Name: sealed("己")}})
		c.by(id(-2)).mustDo("2023-01-05", &MergeParties{Party: stranger, Into: known})
		c.refused("2023-01-05", &MergeParties{Party: known, Into: stranger}, IsMerged)
		c.refused("2023-01-05", &CorrectParty{Party: stranger}, IsMerged)
		c.refused("2023-01-05", &ChangeMembership{Party: known, Household: known}, FieldWrong)
		c.refused("2023-01-05", &RegisterParty{Unit: c.unit, Type: Group, Headcount: Headcount{Exactly, 0}}, FieldWrong)
		c.refused("2023-01-05", &RegisterParty{Unit: c.unit, Type: Person}, FieldMissing)
	}},
}

func TestRegistered(t *testing.T) {
	c := newCounty(t, noNotice(), 0)
	if here := c.person("甲"); !c.l.Registered(here) || c.l.Registered(id(4711)) {
		t.Error("who is registered is not")
	}
}

func TestDetailsIn(t *testing.T) {
	d := PartyDetails{AccountID: id(1)}
	for _, x := range []struct {
		e    Event
		want bool
	}{{&PartyRegistered{Private: d}, true}, {&PartyCorrected{Private: d}, true}, {&PartyIdentified{Private: d}, true}, {&PartyDied{}, false}} {
		if got, ok := DetailsIn(x.e); ok != x.want || ok && got.AccountID != d.AccountID {
			t.Errorf("%T: %v, %t", x.e, got, ok)
		}
	}
}
