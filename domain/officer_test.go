package domain

import (
	"bytes"
	"testing"
)

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

// Nobody has a key that was replaced. Officers who have left keep their keys, so that
// their signatures can still be checked.
func TestKeys(t *testing.T) {
	c := newCounty(t, noNotice(), 0)
	c.by(id(-2)).mustDo("2023-01-05", &SetOfficerKey{Officer: c.accountant, Key: key(8)})
	c.mustDo("2023-01-06", &SetOfficerKey{Officer: c.accountant, Key: key(9)})
	c.mustDo("2023-01-06", &SetOfficerKey{Officer: c.drafter, Key: key(7)})
	c.mustDo("2023-01-06", &RecordOfficerLeft{Officer: c.drafter})
	for _, x := range []struct {
		key  []byte
		want ID
	}{{key(1), id(-2)}, {key(8), ID{}}, {key(9), c.accountant}, {key(7), c.drafter}, {key(99), ID{}}, {nil, ID{}}} {
		var got ID
		if list := c.l.OfficersWith(x.key); len(list) == 1 {
			got = list[0].ID
		} else if len(list) > 1 {
			t.Errorf("%d have one key", len(list))
		}
		if got != x.want {
			t.Errorf("%x is the key of %s, want %s", x.key, got, x.want)
		}
	}
	for _, x := range []struct {
		officer ID
		key     []byte
		known   bool
	}{{c.accountant, key(9), true}, {c.cashier, nil, true}, {id(4711), nil, false}} {
		if got, known := c.l.KeyOf(x.officer); !bytes.Equal(got, x.key) || known != x.known {
			t.Errorf("%s: %x, %t", x.officer, got, known)
		}
	}
}
