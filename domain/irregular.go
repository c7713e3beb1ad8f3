package domain

// Irregularity marks an event that records what really happened although a
// rule of conduct forbids it (违规补记). It is a finding for ever.
type Irregularity struct {
	Code string `json:"code"`           // the refusal that was overridden
	Rows []int  `json:"rows,omitempty"` // rows of the command's list to which it applies, from 1
	// Second is the officer who answers for the record beside the actor.
	Second ID `json:"second"`
}

// Reason says why an irregular thing was done, and by which papers that is known.
type Reason struct {
	Text     Sealed   `json:"text"`
	Evidence []Sealed `json:"evidence,omitempty"`
}

// Claim says that a rule of conduct was broken, why, and how that is known.
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

// refuseOrMark refuses with a rule of conduct, unless the order says that it was
// broken: then the event will be marked irregular. row counts from 0; -1 is
// the command as a whole.
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

// checkClaimsUsed keeps an officer from marking as irregular what is not: the
// mark is a finding for ever.
func (d *decision) checkClaimsUsed() error {
	for _, c := range d.order.Irregular {
		if _, ok := d.markOf[c.Code]; !ok {
			return refuse(NotABreach, c.Code)
		}
	}
	return nil
}
