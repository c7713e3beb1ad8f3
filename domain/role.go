package domain

import (
	"errors"
	"reflect"
)

// Role is what an officer may do, for a unit and those below it.
type Role string

// The roles of design section 5.
const (
	Registrar      Role = "registrar"       // units, programmes, officers, parties
	Drafter        Role = "drafter"         // draws up notices
	Reviewer       Role = "reviewer"        // reviews, publishes and confirms them
	Accountant     Role = "accountant"      // funds, allocations, prepares batches
	Approver       Role = "approver"        // approves batches
	Cashier        Role = "cashier"         // pays
	Storekeeper    Role = "storekeeper"     // goods
	PrivacyOfficer Role = "privacy-officer" // opens and erases private data
	Auditor        Role = "auditor"         // reads all
)

var roleNames = map[Role]string{
	Registrar: "登记员", Drafter: "拟稿人", Reviewer: "审核人", Accountant: "会计", Approver: "复核人",
	Cashier: "出纳", Storekeeper: "保管员", PrivacyOfficer: "隐私专员", Auditor: "审计员",
}

// Say returns the role's name in a language.
func (r Role) Say(l Lang) string {
	if l == Zh && roleNames[r] != "" {
		return roleNames[r]
	}
	return string(r)
}

// roleTable says which roles may give which command. An officer with a role of a row
// must not have one of the incompatible roles for the same unit: the preparer of a
// batch does not approve or pay it, and the drafter of a list does not review it.
// Rule 10 also checks this at each batch and notice.
var roleTable = []struct {
	command      Command
	roles        []Role
	incompatible []Role
}{
	{&OpenLedger{}, nil, nil},
	{&RegisterUnit{}, []Role{Registrar}, nil},
	{&ChangeUnit{}, []Role{Registrar}, nil},
	{&CloseBooks{}, []Role{Accountant}, nil},
	{&CloseUnit{}, []Role{Registrar}, nil},
	{&AppointOfficer{}, []Role{Registrar}, nil},
	{&GrantRole{}, []Role{Registrar}, nil},
	{&RevokeRole{}, []Role{Registrar}, nil},
	{&SetOfficerKey{}, []Role{Registrar}, nil},
	{&FileKinship{}, nil, nil},
	{&RecordOfficerLeft{}, []Role{Registrar}, nil},
	{&DefineProgramme{}, []Role{Registrar}, nil},
	{&ReviseProgramme{}, []Role{Registrar}, nil},

	{&EstablishFund{}, []Role{Accountant}, []Role{Approver, Cashier}},
	{&ReceiveFunds{}, []Role{Accountant}, []Role{Approver, Cashier}},
	{&SurrenderFunds{}, []Role{Accountant}, []Role{Approver, Cashier}},
	{&PassOnFunds{}, []Role{Accountant}, []Role{Approver, Cashier}},
	{&CloseFund{}, []Role{Accountant}, []Role{Approver, Cashier}},
	{&Allocate{}, []Role{Accountant}, []Role{Approver, Cashier}},
	{&PurchaseGoods{}, []Role{Storekeeper, Accountant}, nil},
	{&CountGoods{}, []Role{Storekeeper}, nil},
	{&ReverseEntry{}, []Role{Accountant}, []Role{Approver, Cashier}},

	{&SetQuota{}, []Role{Accountant}, []Role{Approver, Cashier}},
	{&ReceiveNomination{}, []Role{Drafter, Reviewer}, nil},
	{&RejectNomination{}, []Role{Reviewer}, []Role{Drafter}},
	{&StopLine{}, []Role{Reviewer}, []Role{Drafter}},
	{&ResumeLine{}, []Role{Reviewer}, []Role{Drafter}},
	{&PrepareBatch{}, []Role{Accountant}, []Role{Approver, Cashier}},
	{&ApproveBatch{}, []Role{Approver}, []Role{Accountant}},
	{&RejectBatch{}, []Role{Approver}, []Role{Accountant}},
	{&SendBatchToBank{}, []Role{Cashier}, []Role{Accountant}},
	{&TakeBankResult{}, []Role{Cashier}, []Role{Accountant}},
	{&PayBatch{}, []Role{Cashier, Storekeeper}, []Role{Accountant}},
	{&Disburse{}, []Role{Cashier, Storekeeper}, []Role{Accountant}},
	{&RecordReceipt{}, []Role{Cashier, Storekeeper, Accountant}, nil},
	{&ReturnDisbursement{}, []Role{Accountant}, []Role{Approver, Cashier}},
	{&DemandRecovery{}, []Role{Accountant}, []Role{Approver, Cashier}},
	{&ReturnUnspent{}, []Role{Accountant}, []Role{Approver, Cashier}},
	{&CloseAllocation{}, []Role{Accountant}, []Role{Approver, Cashier}},

	{&DraftNotice{}, []Role{Drafter}, []Role{Reviewer}},
	{&AddLines{}, []Role{Drafter}, []Role{Reviewer}},
	{&RemoveLines{}, []Role{Drafter}, []Role{Reviewer}},
	{&ReviewNotice{}, []Role{Reviewer}, []Role{Drafter}},
	{&PublishNotice{}, []Role{Drafter, Reviewer}, nil},
	{&RaiseObjection{}, []Role{Drafter, Reviewer}, nil},
	{&ResolveObjection{}, []Role{Reviewer}, []Role{Drafter}},
	{&ConfirmNotice{}, []Role{Reviewer}, []Role{Drafter}},
	{&WithdrawNotice{}, []Role{Reviewer}, []Role{Drafter}},

	{&OpenCampaign{}, []Role{Drafter, Registrar}, nil},
	{&IssueDocument{}, []Role{Drafter, Registrar}, nil},
	{&RecordVisit{}, []Role{Drafter, Registrar}, nil},
	{&FindNeed{}, []Role{Drafter, Registrar}, nil},
	{&ResolveNeed{}, []Role{Drafter, Registrar}, nil},
	{&RecordActivity{}, []Role{Drafter, Registrar}, nil},
	{&RecordFact{}, []Role{Drafter, Registrar}, nil},
	{&CloseCampaign{}, []Role{Drafter, Registrar}, nil},

	{&RegisterParty{}, []Role{Drafter, Registrar}, nil},
	{&CorrectParty{}, []Role{Drafter, Registrar}, nil},
	{&ChangeMembership{}, []Role{Drafter, Registrar}, nil},
	{&IdentifyParty{}, []Role{Drafter, Registrar}, nil},
	{&MergeParties{}, []Role{Registrar}, nil},
	{&DecideEligibility{}, []Role{Reviewer}, []Role{Drafter}},
	{&CompletePapers{}, []Role{Drafter, Registrar}, nil},
	{&MatchRegister{}, []Role{Reviewer, Registrar}, nil},
	{&RecordDeath{}, []Role{Drafter, Registrar}, nil},
	{&RestrictParty{}, []Role{PrivacyOfficer}, nil},
	{&EraseParty{}, []Role{PrivacyOfficer}, nil},
	{&EraseCase{}, []Role{PrivacyOfficer}, nil},
	{&ConfirmErasure{}, []Role{PrivacyOfficer}, nil},
}

var roleRow = func() map[string]int {
	rows := map[string]int{}
	for i, row := range roleTable {
		rows[CommandName(row.command)] = i
	}
	return rows
}()

var commandTypes = commandsByName()

func commandsByName() map[string]reflect.Type {
	types := map[string]reflect.Type{}
	for _, row := range roleTable {
		types[CommandName(row.command)] = reflect.TypeOf(row.command).Elem()
	}
	return types
}

// Refusals about who acts.
var (
	SamePerson        = newCode(10, "same-person", "{first} 与 {second} 不得为同一人", "{first} and {second} must not be the same person")
	UnknownActor      = newCode(0, "unknown-actor", "未登记的经办人：{officer}", "no such officer: {officer}")
	ActorLeft         = newCode(0, "actor-left", "经办人 {officer} 已离任", "the officer {officer} has left")
	RoleMissing       = newCode(0, "role-missing", "经办人对该单位没有所需职责（{roles}）", "the officer has none of the roles {roles} for that unit")
	RolesIncompatible = newCode(10, "roles-incompatible", "同一单位内不相容职务：{have} 与 {want}", "incompatible roles for one unit: {have} and {want}")
)

// checkActor returns the role in which the actor acts, or refuses. For the first command
// of a ledger there is no officer yet.
func (d *decision) checkActor() (Role, error) {
	if _, first := d.order.Body.(*OpenLedger); first {
		return "", nil
	}
	o, ok := d.ledger.Officers[d.order.Actor]
	if !ok {
		return "", refuse(UnknownActor, d.order.Actor)
	}
	if o.Left {
		return "", refuse(ActorLeft, d.order.Actor)
	}
	if d.order.DoneBy != (ID{}) && d.ledger.Officers[d.order.DoneBy] == nil {
		return "", refuse(UnknownActor, d.order.DoneBy)
	}
	row := roleTable[roleRow[CommandName(d.order.Body)]]
	if len(row.roles) == 0 {
		return "", nil
	}
	unit := d.order.Body.unit(d.ledger, d.order)
	for _, r := range row.roles {
		if d.ledger.holds(o, r, unit) {
			return r, nil
		}
	}
	// If the command names something that is not in the ledger there is no unit, and
	// nobody has a role for it. Then the refusal should say what is not there.
	if d.ledger.Units[unit] == nil {
		probe := *d
		if err := d.order.Body.decide(&probe); errors.Is(err, NoSuch) {
			return "", err
		}
	}
	names := ""
	for i, r := range row.roles {
		if i > 0 {
			names += ", "
		}
		names += string(r)
	}
	return "", refuse(RoleMissing, names)
}

// Holds says whether an officer has a role for a unit and has not left.
func (l *Ledger) Holds(officer ID, r Role, unit ID) bool {
	o := l.Officers[officer]
	return o != nil && !o.Left && l.holds(o, r, unit)
}

// holds says whether an officer has a role for a unit: it was granted for the unit, or
// for one above it.
func (l *Ledger) holds(o *Officer, r Role, unit ID) bool {
	for hops := 0; hops < maxDepth; hops++ {
		for _, g := range o.Grants {
			if g.Role == r && g.Unit == unit {
				return true
			}
		}
		u, ok := l.Units[unit]
		if !ok || u.Parent == (ID{}) {
			return false
		}
		unit = u.Parent
	}
	return false
}

// incompatible returns a role that the officer has for the unit and that, by the role
// table, nobody may have together with r.
func (l *Ledger) incompatible(o *Officer, r Role, unit ID) (Role, bool) {
	for _, row := range roleTable {
		for _, mine := range row.roles {
			for _, other := range row.incompatible {
				if mine == r && l.holds(o, other, unit) && !holdsAny(row.roles, other) {
					return other, true
				}
				if other == r && l.holds(o, mine, unit) && !holdsAny(row.roles, other) {
					return mine, true
				}
			}
		}
	}
	return "", false
}

func holdsAny(roles []Role, r Role) bool {
	for _, x := range roles {
		if x == r {
			return true
		}
	}
	return false
}

// RolesFor returns the roles of which an officer needs one to give a command. If there
// are none, no role is needed.
func RolesFor(command string) []Role {
	if i, ok := roleRow[command]; ok {
		return roleTable[i].roles
	}
	return nil
}
