package domain

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"slices"
)

// Officer is somebody who acts for a unit.
type Officer struct {
	ID, Unit ID
	Post     string
	Name     Sealed
	Grants   []Grant
	Keys     []Key
	// Party is the same person as a party who may be paid, zero if there is none. Kin
	// are the relatives whom the officer has filed (备案). The officer must not decide
	// about any of them (rule 10).
	Party ID
	Kin   []ID
	Left  bool
}

// Grant is a role for a unit and those below it.
type Grant struct {
	Role Role
	Unit ID
}

// Key is an Ed25519 public key and the number of the event that set it. Of an
// officer's keys the last one is in use.
type Key struct {
	Public []byte
	Since  uint64
}

// Key returns the officer's key in use, nil if there is none.
func (o *Officer) Key() []byte {
	if len(o.Keys) == 0 {
		return nil
	}
	return o.Keys[len(o.Keys)-1].Public
}

// KeyOf returns an officer's key in use, nil if there is none; known is false if there
// is no such officer.
func (l *Ledger) KeyOf(officer ID) (key []byte, known bool) {
	o := l.Officers[officer]
	if o == nil {
		return nil, false
	}
	return o.Key(), true
}

// OfficersWith returns the officers who use a public key, in the order of their ids;
// those who have left are included. Rule 10 allows one at most.
func (l *Ledger) OfficersWith(key []byte) []*Officer {
	var list []*Officer
	for _, o := range l.Officers {
		if k := o.Key(); k != nil && bytes.Equal(k, key) {
			list = append(list, o)
		}
	}
	slices.SortFunc(list, func(x, y *Officer) int { return compareIDs(x.ID, y.ID) })
	return list
}

// OfficerAppointed makes somebody an officer. An officer without a key signs nothing,
// but others may record what this officer did (done_by).
type OfficerAppointed struct {
	Common
	Officer ID     `json:"officer"`
	Unit    ID     `json:"unit"`
	Post    string `json:"post"`
	Private struct {
		Name  Sealed `json:"name,omitzero"`
		Party ID     `json:"party,omitzero"`
	} `json:"-"`
}

// RoleGranted lets an officer act in a role.
type RoleGranted struct {
	Common
	Role Role `json:"role"`
	Unit ID   `json:"unit"`
}

// RoleRevoked takes a role away.
type RoleRevoked struct {
	Common
	Role Role `json:"role"`
	Unit ID   `json:"unit"`
}

// OfficerKeySet gives an officer a new signing key.
type OfficerKeySet struct {
	Common
	Key []byte `json:"key"`
}

// OfficerLeft says that an officer has left: no command of this officer is accepted
// any more.
type OfficerLeft struct{ Common }

// AppointOfficer makes somebody an officer.
type AppointOfficer struct {
	Unit  ID       `json:"unit"`
	Post  string   `json:"post"`
	Name  Personal `json:"name,omitzero"`
	Party ID       `json:"party,omitzero"`
	Key   []byte   `json:"key,omitempty"`   // set with the appointment
	Roles []Role   `json:"roles,omitempty"` // granted for Unit with the appointment
}

// GrantRole lets an officer act in a role for a unit and those below it.
type GrantRole struct {
	Officer ID   `json:"officer"`
	Role    Role `json:"role"`
	Unit    ID   `json:"unit"`
}

// RevokeRole takes a role away.
type RevokeRole struct {
	Officer ID   `json:"officer"`
	Role    Role `json:"role"`
	Unit    ID   `json:"unit"`
}

// SetOfficerKey gives an officer a new key.
type SetOfficerKey struct {
	Officer ID     `json:"officer"`
	Key     []byte `json:"key"`
}

// RecordOfficerLeft records that an officer has left.
type RecordOfficerLeft struct {
	Officer ID `json:"officer"`
}

// Refusals about officers.
var (
	RoleUnknown = newCode(0, "role-unknown", "没有这种职责：{role}", "no such role: {role}")
	KeyWrong    = newCode(0, "key-wrong", "不是 Ed25519 公钥（{bytes} 字节）", "not an Ed25519 public key ({bytes} bytes)")
	KeyInUse    = newCode(10, "key-in-use", "该公钥已属于另一经办人 {officer}：两个人必须是两把密钥", "the key belongs to another officer, {officer}: two people are two keys")
)

func (c *AppointOfficer) target(o *Order) string  { return Stream(OfficerKind, Made(o.ID, "officer")) }
func (c *AppointOfficer) unit(*Ledger, *Order) ID { return c.Unit }
func (c *AppointOfficer) decide(d *decision) error {
	if err := d.openUnit(c.Unit); err != nil {
		return err
	}
	if c.Post == "" {
		return refuse(FieldMissing, "post")
	}
	e := &OfficerAppointed{Officer: d.newID("officer"), Unit: c.Unit, Post: c.Post}
	e.Private.Name, e.Private.Party = c.Name.sealed, c.Party
	d.add(e)
	if c.Key != nil {
		if err := d.checkNewKey(e.Officer, c.Key); err != nil {
			return err
		}
		d.add(&OfficerKeySet{Key: c.Key})
	}
	appointed := &Officer{ID: e.Officer}
	for _, r := range c.Roles {
		if err := d.checkRole(appointed, r, c.Unit); err != nil {
			return err
		}
		appointed.Grants = append(appointed.Grants, Grant{r, c.Unit})
		d.add(&RoleGranted{Role: r, Unit: c.Unit})
	}
	return nil
}

// checkNewKey refuses a key that is no Ed25519 key, or that another officer has or had
// (rule 10).
func (d *decision) checkNewKey(officer ID, key []byte) error {
	if len(key) != ed25519.PublicKeySize {
		return refuse(KeyWrong, len(key))
	}
	for _, o := range d.ledger.Officers {
		for _, k := range o.Keys {
			if bytes.Equal(k.Public, key) && o.ID != officer {
				return refuse(KeyInUse, o.ID)
			}
		}
	}
	return nil
}

// checkRole refuses a role that is unknown, or that the officer must not have together
// with another one (rule 10).
func (d *decision) checkRole(o *Officer, r Role, unit ID) error {
	if roleNames[r] == "" {
		return refuse(RoleUnknown, r)
	}
	if have, yes := d.ledger.incompatible(o, r, unit); yes {
		return d.refuseOrMark(-1, refuse(RolesIncompatible, have, r))
	}
	return nil
}

func (c *GrantRole) target(*Order) string    { return Stream(OfficerKind, c.Officer) }
func (c *GrantRole) unit(*Ledger, *Order) ID { return c.Unit }
func (c *GrantRole) decide(d *decision) error {
	o, err := d.officer(c.Officer)
	if err != nil {
		return err
	}
	if err := d.openUnit(c.Unit); err != nil {
		return err
	}
	if slices.Contains(o.Grants, Grant{c.Role, c.Unit}) {
		return refuse(AlreadyExists, bilingual{"职责", "role"}, c.Role)
	}
	if err := d.checkRole(o, c.Role, c.Unit); err != nil {
		return err
	}
	d.add(&RoleGranted{Role: c.Role, Unit: c.Unit})
	return nil
}

func (c *RevokeRole) target(*Order) string    { return Stream(OfficerKind, c.Officer) }
func (c *RevokeRole) unit(*Ledger, *Order) ID { return c.Unit }
func (c *RevokeRole) decide(d *decision) error {
	o, err := d.officer(c.Officer)
	if err != nil {
		return err
	}
	if !slices.Contains(o.Grants, Grant{c.Role, c.Unit}) {
		return refuse(NoSuch, bilingual{"职责", "role"}, c.Role)
	}
	d.add(&RoleRevoked{Role: c.Role, Unit: c.Unit})
	return nil
}

func (c *SetOfficerKey) target(*Order) string        { return Stream(OfficerKind, c.Officer) }
func (c *SetOfficerKey) unit(l *Ledger, _ *Order) ID { return l.unitOfOfficer(c.Officer) }
func (c *SetOfficerKey) decide(d *decision) error {
	if _, err := d.officer(c.Officer); err != nil {
		return err
	}
	if err := d.checkNewKey(c.Officer, c.Key); err != nil {
		return err
	}
	d.add(&OfficerKeySet{Key: c.Key})
	return nil
}

func (c *RecordOfficerLeft) target(*Order) string        { return Stream(OfficerKind, c.Officer) }
func (c *RecordOfficerLeft) unit(l *Ledger, _ *Order) ID { return l.unitOfOfficer(c.Officer) }
func (c *RecordOfficerLeft) decide(d *decision) error {
	if _, err := d.officer(c.Officer); err != nil {
		return err
	}
	d.add(&OfficerLeft{})
	return nil
}

// officer returns an officer, or refuses if there is none or the officer has left.
func (d *decision) officer(id ID) (*Officer, error) {
	o, ok := d.ledger.Officers[id]
	if !ok {
		return nil, refuse(NoSuch, bilingual{"经办人", "officer"}, id)
	}
	if o.Left {
		return nil, refuse(ActorLeft, id)
	}
	return o, nil
}

func (l *Ledger) unitOfOfficer(id ID) ID {
	if o := l.Officers[id]; o != nil {
		return o.Unit
	}
	return ID{}
}

func (e *OfficerAppointed) fold(l *Ledger, r *Recorded) error {
	if l.Officers[e.Officer] != nil || r.Stream != Stream(OfficerKind, e.Officer) {
		return fmt.Errorf("the officer exists, or this is another officer's stream")
	}
	l.Officers[e.Officer] = &Officer{ID: e.Officer, Unit: e.Unit, Post: e.Post, Name: e.Private.Name, Party: e.Private.Party}
	return nil
}

func (l *Ledger) officerOf(r *Recorded) (*Officer, error) {
	_, id, _ := SplitStream(r.Stream)
	if o := l.Officers[id]; o != nil {
		return o, nil
	}
	return nil, fmt.Errorf("no such officer")
}

func (e *RoleGranted) fold(l *Ledger, r *Recorded) error {
	o, err := l.officerOf(r)
	if err != nil {
		return err
	}
	o.Grants = append(o.Grants, Grant{e.Role, e.Unit})
	return nil
}

func (e *RoleRevoked) fold(l *Ledger, r *Recorded) error {
	o, err := l.officerOf(r)
	if err != nil {
		return err
	}
	o.Grants = slices.DeleteFunc(o.Grants, func(g Grant) bool { return g == Grant{e.Role, e.Unit} })
	return nil
}

func (e *OfficerKeySet) fold(l *Ledger, r *Recorded) error {
	o, err := l.officerOf(r)
	if err != nil {
		return err
	}
	o.Keys = append(o.Keys, Key{e.Key, r.Number})
	return nil
}

func (e *OfficerLeft) fold(l *Ledger, r *Recorded) error {
	o, err := l.officerOf(r)
	if err != nil {
		return err
	}
	o.Left = true
	return nil
}
