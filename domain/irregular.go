package domain

// Irregularity marks an event that records what really happened, although a rule of
// conduct forbids it (违规事项登记). Reports show it as a finding for ever.
type Irregularity struct {
	Code string `json:"code"`           // name of the refusal that was overridden
	Rows []int  `json:"rows,omitempty"` // rows of the command's list that break the rule, from 1
	// Second is the officer who signs the record besides the actor.
	Second ID `json:"second"`
}

// Reason says why a rule was broken, and which papers show it.
type Reason struct {
	Text     Sealed   `json:"text"`
	Evidence []Sealed `json:"evidence,omitempty"`
}

// Claim is what an order says of a rule of conduct that was broken: which, why, and
// which papers show it.
type Claim struct {
	Code     string     `json:"code"`
	Reason   Personal   `json:"reason"`
	Evidence []Personal `json:"evidence,omitempty"`
}

// Refusals about what is recorded as irregular.
var (
	NeedsSecond  = newCode(10, "needs-second", "违规补记须由第二名经办人共同签字（不得是经办人本人或收款人）：{second}", "an irregular record needs a second officer who is neither actor nor payee: {second}")
	NotABreach   = newCode(0, "not-a-breach", "声明的违规 {code} 并未发生", "the irregularity {code} is claimed, but nothing breaks that rule")
	NotIrregular = newCode(0, "not-irregular", "{code} 不是可以违规补记的规则", "{code} is no rule whose breach can be recorded")
)

// refuseOrMark returns the refusal r, unless it is of a rule of conduct and the order
// claims that this rule was broken: then the event will be marked irregular. row
// counts from 0; -1 stands for the command as a whole.
func (d *decision) refuseOrMark(row int, r *Refusal) error {
	if row >= 0 {
		r = r.inRow(row)
	}
	if r.Code.Rule < 8 {
		return r
	}
	for _, c := range d.order.Irregular {
		if c.Code != r.Code.Name {
			continue
		}
		i, ok := d.markOf[c.Code]
		if !ok {
			i = len(d.irregular)
			d.markOf[c.Code] = i
			d.irregular = append(d.irregular, Irregularity{Code: c.Code, Second: d.order.Second})
		}
		rows := d.irregular[i].Rows
		if row >= 0 && (len(rows) == 0 || rows[len(rows)-1] != row+1) {
			d.irregular[i].Rows = append(rows, row+1)
		}
		return nil
	}
	return r
}

// checkClaims refuses claims without a second officer or a reason, and those of rules
// that are not of conduct.
func (d *decision) checkClaims() error {
	o := d.order
	if len(o.Irregular) == 0 {
		return nil
	}
	if _, ok := d.ledger.Officers[o.Second]; !ok || o.Second == o.Actor || o.Second == o.DoneBy {
		return refuse(NeedsSecond, o.Second)
	}
	for _, c := range o.Irregular {
		code, ok := CodeNamed(c.Code)
		if !ok || code.Rule < 8 {
			return refuse(NotIrregular, c.Code)
		}
		if !c.Reason.Given() {
			return refuse(FieldMissing, "irregular.reason")
		}
	}
	return nil
}

// checkClaimsUsed refuses a claim of a breach that did not happen, because its mark
// would be a finding for ever.
func (d *decision) checkClaimsUsed() error {
	for _, c := range d.order.Irregular {
		if _, ok := d.markOf[c.Code]; !ok {
			return refuse(NotABreach, c.Code)
		}
	}
	return nil
}
