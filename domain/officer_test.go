package domain

import "testing"

// The rows of TestRefusals about officers.
var officerRows = []refusalRow{
	{"10", "roles and keys", func(t *testing.T) {
		c := newCounty(t, noNotice(), 0)
		c.by(id(-2)).refused("2023-01-05", &GrantRole{Officer: c.accountant, Role: Approver, Unit: c.unit}, RolesIncompatible)
		c.refused("2023-01-05", &GrantRole{Officer: c.accountant, Role: "boss", Unit: c.unit}, RoleUnknown)
		c.refused("2023-01-05", &GrantRole{Officer: c.accountant, Role: Accountant, Unit: c.unit}, AlreadyExists)
		c.refused("2023-01-05", &SetOfficerKey{Officer: c.accountant, Key: key(1)}, KeyInUse)
		c.refused("2023-01-05", &SetOfficerKey{Officer: c.accountant, Key: []byte("short")}, KeyWrong)
		c.mustDo("2023-01-05", &SetOfficerKey{Officer: c.accountant, Key: key(9)})
		c.mustDo("2023-01-05", &RevokeRole{Officer: c.accountant, Role: Accountant, Unit: c.unit})
		c.by(c.accountant).refused("2023-01-05", &EstablishFund{Unit: c.unit, Name: "x", Earmark: []string{"x"}}, RoleMissing)
		c.by(id(-2)).mustDo("2023-01-05", &RecordOfficerLeft{Officer: c.drafter})
		c.by(c.drafter).refused("2023-01-05", &OpenCampaign{Unit: c.unit, Name: "x"}, ActorLeft)
		c.by(id(4444)).refused("2023-01-05", &OpenCampaign{Unit: c.unit, Name: "x"}, UnknownActor)
		c.refused("2023-01-05", &OpenLedger{}, LedgerIsOpen)
	}},
}
