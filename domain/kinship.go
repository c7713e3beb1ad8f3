package domain

import "slices"

// KinshipFiled says that an officer has filed a relative (备案). The relative is named
// in the private part.
type KinshipFiled struct {
	Common
	Private struct {
		Party    ID     `json:"party"`
		Relation Sealed `json:"relation,omitzero"`
	} `json:"-"`
}

// FileKinship files a relative of the acting officer.
type FileKinship struct {
	Officer  ID       `json:"officer"`
	Party    ID       `json:"party"`
	Relation Personal `json:"relation,omitzero"`
}

// Refusals about kinship.
var (
	FiledByAnother = newCode(0, "only-himself", "只能由本人备案：{officer}", "only the officer himself files this: {officer}")
	DecidesForKin  = newCode(10, "decides-for-kin", "经办人 {officer} 不得为本人或已备案亲属作决定", "the officer {officer} cannot decide about himself or filed kin")
)

func (c *FileKinship) target(*Order) string        { return Stream(OfficerKind, c.Officer) }
func (c *FileKinship) unit(l *Ledger, _ *Order) ID { return l.unitOfOfficer(c.Officer) }
func (c *FileKinship) decide(d *decision) error {
	if _, err := d.officer(c.Officer); err != nil {
		return err
	}
	if d.order.Actor != c.Officer {
		return refuse(FiledByAnother, c.Officer)
	}
	if err := d.party(c.Party); err != nil {
		return err
	}
	e := &KinshipFiled{}
	e.Private.Party, e.Private.Relation = c.Party, c.Relation.sealed
	d.add(e)
	return nil
}

// isSelfOrKin says whether a party is the officer, or a relative whom the officer has
// filed (rule 10).
func (l *Ledger) isSelfOrKin(officer, party ID) bool {
	o := l.Officers[officer]
	if o == nil || party == (ID{}) {
		return false
	}
	same := func(p ID) bool { return p != ID{} && l.Same(p) == l.Same(party) }
	return same(o.Party) || slices.ContainsFunc(o.Kin, same)
}

// notAboutKin refuses a decision about lines that name the acting officer or filed
// relatives of the officer, as beneficiary or payee.
func (d *decision) notAboutKin(lines []*Line) error {
	o := d.ledger.Officers[d.whoActed()]
	if o == nil || o.Party == (ID{}) && len(o.Kin) == 0 {
		return nil
	}
	for i, line := range lines {
		if d.ledger.isSelfOrKin(o.ID, line.Beneficiary) || d.ledger.isSelfOrKin(o.ID, line.Payee()) {
			if err := d.refuseOrMark(i, refuse(DecidesForKin, o.ID)); err != nil {
				return err
			}
		}
	}
	return nil
}

// notAboutKinIn is notAboutKin for the lines that a batch pays.
func (d *decision) notAboutKinIn(a *Allocation, b *Batch) error {
	lines := make([]*Line, len(b.Rows))
	for i, line := range a.LinesOf(b) {
		lines[i] = line.Line
	}
	return d.notAboutKin(lines)
}

// secondIsNoPayee refuses a second officer who would vouch for money that goes to the
// same officer or to filed relatives. It asks only if the record is irregular.
func (d *decision) secondIsNoPayee(lines ...*AdmittedLine) error {
	if len(d.irregular) == 0 {
		return nil
	}
	for _, line := range lines {
		if d.ledger.isSelfOrKin(d.order.Second, line.Payee()) || d.ledger.isSelfOrKin(d.order.Second, line.Beneficiary()) {
			return refuse(NeedsSecond, d.order.Second)
		}
	}
	return nil
}

func (e *KinshipFiled) fold(l *Ledger, r *Recorded) error {
	o, err := l.officerOf(r)
	if err != nil {
		return err
	}
	o.Kin = append(o.Kin, e.Private.Party)
	return nil
}
