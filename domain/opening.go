package domain

import (
	"bytes"
	"fmt"
)

// LedgerOpened is the first event of a ledger. All trust in the ledger begins with the
// two keys that it names.
type LedgerOpened struct {
	Common
	Ledger   ID     `json:"ledger"`
	Name     string `json:"name"`
	Currency string `json:"currency"` // one for the whole ledger: CNY
	TimeZone string `json:"time_zone"`
	// Simulated says that the ledger is a demonstration and no evidence: its clock and
	// its people are made up. Every report shows it.
	Simulated  bool        `json:"simulated,omitempty"`
	Root       NewUnit     `json:"root"`
	Registrars []Registree `json:"registrars"`
}

// NewUnit describes the root unit; without an id it gets one.
type NewUnit struct {
	ID       ID     `json:"id,omitzero"`
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Division string `json:"division"` // division code, GB/T 2260 and below
}

// Registree is one of the first two registrars, with a key.
type Registree struct {
	Officer ID     `json:"officer"`
	Key     []byte `json:"key"` // Ed25519 public key
	Post    string `json:"post"`
}

// OpenLedger begins a ledger: the root unit and its first two registrars, who
// both sign.
type OpenLedger struct {
	Ledger     ID          `json:"ledger"`
	Name       string      `json:"name"`
	Simulated  bool        `json:"simulated,omitempty"`
	Root       NewUnit     `json:"root"`
	Registrars []Registree `json:"registrars"`
}

// LedgerIsOpen is said of an OpenLedger for a ledger that has events.
var LedgerIsOpen = newCode(0, "ledger-is-open", "账簿已经开立：{name}", "the ledger is open already: {name}")

func (c *OpenLedger) target(*Order) string    { return LedgerStream }
func (c *OpenLedger) unit(*Ledger, *Order) ID { return ID{} }
func (c *OpenLedger) decide(d *decision) error {
	if d.ledger.Opened != nil {
		return refuse(LedgerIsOpen, d.ledger.Opened.Name)
	}
	if c.Name == "" || c.Root.Name == "" {
		return refuse(FieldMissing, "name")
	}
	if c.Ledger == (ID{}) {
		return refuse(FieldMissing, "ledger")
	}
	if len(c.Registrars) != 2 || c.Registrars[0].Officer == c.Registrars[1].Officer || bytes.Equal(c.Registrars[0].Key, c.Registrars[1].Key) {
		return refuse(FieldWrong, "registrars", len(c.Registrars))
	}
	code, _, err := DivisionCode(c.Root.Division)
	if err != nil {
		return err
	}
	root := c.Root
	root.Division = code
	if root.ID == (ID{}) {
		root.ID = d.newID("unit")
	}
	d.add(&LedgerOpened{Ledger: c.Ledger, Name: c.Name, Currency: "CNY", TimeZone: "Asia/Shanghai",
		Simulated: c.Simulated, Root: root, Registrars: c.Registrars})
	return nil
}

func (e *LedgerOpened) fold(l *Ledger, r *Recorded) error {
	if l.Opened != nil {
		return fmt.Errorf("the ledger is open already")
	}
	l.Opened, l.ID = e, e.Ledger
	l.oweStep(r, Stream(UnitKind, e.Root.ID), &UnitRegistered{Unit: e.Root.ID, Name: e.Root.Name, Kind: e.Root.Kind, Division: e.Root.Division})
	for _, g := range e.Registrars {
		stream := Stream(OfficerKind, g.Officer)
		l.oweStep(r, stream,
			&OfficerAppointed{Officer: g.Officer, Unit: e.Root.ID, Post: g.Post},
			&RoleGranted{Role: Registrar, Unit: e.Root.ID},
			&OfficerKeySet{Key: g.Key})
	}
	return nil
}
