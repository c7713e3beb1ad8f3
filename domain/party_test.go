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
