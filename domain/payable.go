package domain

import "slices"

// paymentCheck checks whether rows may be paid from an allocation, one after the other.
type paymentCheck struct {
	decision       *decision
	allocation     *Allocation
	form           Form
	taken          map[[2]int]bool // line and entitlement of the rows before
	noticeRefusals map[ID]*Refusal // by notice; nil if its rows may be paid
}

// Refusals about what may be paid.
var (
	NoSuchEntitlement = newCode(2, "no-such-entitlement", "第 {line} 号名单行没有第 {entitlement} 项应得", "line {line} has no entitlement {entitlement}")
	RowTwice          = newCode(2, "row-twice", "第 {line} 号名单行在本批次出现两次", "line {line} stands in the batch twice")
	MustNameReturn    = newCode(2, "must-name-return", "第 {line} 号名单行曾退回，重发须注明退回记录", "line {line} came back before: paying it again must name the return")
	NotItsReturn      = newCode(2, "not-its-return", "{entry} 不是第 {line} 号名单行未重发的退回记录", "{entry} is no return of line {line} that is still to be paid again")
	AbovePublished    = newCode(9, "above-published", "第 {line} 号名单行本次 {want}，未发 {left}", "line {line} is to get {want}, {left} of it is not paid yet")
	OtherForm         = newCode(9, "other-form", "公示以{published}发放，不得以{form}发放", "published to be given as {published}, not as {form}")
	NeedMissing       = newCode(11, "need-missing", "第 {line} 号名单行缺少前置条件：{need}", "line {line} lacks what must come first: {need}")
	AccountMissing    = newCode(0, "account-missing", "第 {line} 号名单行的收款人没有银行账户", "the payee of line {line} has no account")
)

// row checks one row in the order of the rules: 2, 8, 9, 11, 12. It returns the row
// with everything that was left out filled in; i counts from 0.
func (p *paymentCheck) row(i int, row RowToPay) (BatchRow, error) {
	d, a := p.decision, p.allocation
	no := BatchRow{}
	line := a.line(row.Line)
	if line == nil {
		return no, refuse(NotAdmitted, row.Line).inRow(i)
	}
	if parts, incomplete := a.partsAdmitted[line.Notice]; incomplete {
		return no, refuse(AdmissionIncomplete, parts).inRow(i)
	}
	if row.Entitlement == 0 {
		row.Entitlement = 1 + slices.IndexFunc(line.Due, func(x Due) bool { return x.Entitlement().Form == p.form })
		if row.Entitlement == 0 {
			row.Entitlement = 1
		}
	}
	if row.Entitlement < 1 || row.Entitlement > len(line.Due) {
		return no, refuse(NoSuchEntitlement, row.Line, row.Entitlement).inRow(i)
	}
	if p.taken[[2]int{row.Line, row.Entitlement}] {
		return no, refuse(RowTwice, row.Line).inRow(i)
	}
	p.taken[[2]int{row.Line, row.Entitlement}] = true
	for _, who := range []ID{line.Payee(), line.Beneficiary()} {
		if d.ledger.Erased(who) {
			return no, refuse(IsErased, who).inRow(i)
		}
	}
	due := &line.Due[row.Entitlement-1]
	out := BatchRow{Line: row.Line, Entitlement: row.Entitlement, Fen: row.Amount.Fen()}
	for _, c := range row.Items {
		out.Items = append(out.Items, GoodsOf{c.Item, c.Quantity.Quantity()})
	}
	if out.Fen == 0 && len(out.Items) == 0 {
		out.Fen, out.Items = due.unpaid()
	}
	if err := p.again(i, row, due, &out); err != nil {
		return no, err
	}
	if bad := p.notice(line.Notice); bad != nil {
		if err := d.refuseOrMark(i, bad); err != nil {
			return no, err
		}
	}
	if line.Stopped != (ID{}) {
		if err := d.refuseOrMark(i, refuse(LineIsStopped, row.Line)); err != nil {
			return no, err
		}
	}
	if due.Entitlement().Form != p.form {
		if err := d.refuseOrMark(i, refuse(OtherForm, due.Entitlement().Form, p.form)); err != nil {
			return no, err
		}
	}
	if err := p.amounts(i, row.Line, due, out); err != nil {
		return no, err
	}
	if err := p.needs(i, line); err != nil {
		return no, err
	}
	if line.Over {
		if err := d.refuseOrMark(i, refuse(OverQuota, row.Line)); err != nil {
			return no, err
		}
	}
	return out, nil
}

// again is rule 2: a row that pays again what came back must name it.
func (p *paymentCheck) again(i int, row RowToPay, due *Due, out *BatchRow) error {
	if row.Again == nil {
		if len(due.Back()) > 0 {
			return refuse(MustNameReturn, row.Line).inRow(i)
		}
		return nil
	}
	id, ok := p.decision.ledger.Find(*row.Again)
	if !ok || !slices.Contains(due.Back(), id) {
		return refuse(NotItsReturn, row.Again, row.Line).inRow(i)
	}
	out.Again = id
	return nil
}

// notice is rule 8. It asks once for each notice.
func (p *paymentCheck) notice(id ID) *Refusal {
	if bad, ok := p.noticeRefusals[id]; ok {
		return bad
	}
	if p.noticeRefusals == nil {
		p.noticeRefusals = map[ID]*Refusal{}
	}
	n := p.decision.ledger.Notices[id]
	var bad *Refusal
	if rules := p.decision.ledger.RulesOf(p.allocation); rules != nil {
		bad = n.notYetPayable(rules, p.decision.firstDay())
	}
	p.noticeRefusals[id] = bad
	return bad
}

// amounts is rule 9: no more than was published. What would make the
// entitlement's items others than it has is no breach but nonsense.
func (p *paymentCheck) amounts(i, line int, due *Due, out BatchRow) error {
	published := due.Entitlement().quantities()
	for _, t := range out.quantities() {
		if t.quantity <= 0 {
			return refuse(AbovePublished, line, sayQuantity(t.item, t.quantity), sayQuantity(t.item, 0)).inRow(i)
		}
		left := int64(0)
		if k := slices.IndexFunc(published, func(x itemQuantity) bool { return x.item == t.item }); k >= 0 {
			left = due.Left(k)
		} else {
			return refuse(NoSuchEntitlement, line, t.item).inRow(i)
		}
		if t.quantity > left {
			if err := p.decision.refuseOrMark(i, refuse(AbovePublished, line, sayQuantity(t.item, t.quantity), sayQuantity(t.item, left))); err != nil {
				return err
			}
		}
	}
	return nil
}

// needs checks what the programme requires before a payment, and that the beneficiary
// is alive.
func (p *paymentCheck) needs(i int, line *AdmittedLine) error {
	rules := p.decision.ledger.RulesOf(p.allocation)
	party := p.decision.ledger.Parties[p.decision.ledger.Same(line.Beneficiary())]
	if rules == nil || party == nil {
		return nil
	}
	if party.Dead != 0 && party.Dead < p.decision.firstDay() {
		if err := p.decision.refuseOrMark(i, refuse(PayeeIsDead, party.Dead)); err != nil {
			return err
		}
	}
	for _, n := range rules.Needs {
		if n.Form != "" && n.Form != p.form || n.Category != "" && n.Category != line.Line.Category() {
			continue
		}
		if !party.hasFact(n, p.allocation.Programme, line.Line.Category()) {
			if err := p.decision.refuseOrMark(i, refuse(NeedMissing, line.No, n.Fact)); err != nil {
				return err
			}
		}
	}
	return nil
}

// hasFact says whether the ledger knows a fact about the party that a programme
// requires.
func (p *Party) hasFact(n Need, programme ID, category string) bool {
	switch n.Fact {
	case "eligibility":
		return p.Eligible[Eligible{programme, category}] || p.Eligible[Eligible{programme, ""}]
	case "papers":
		return p.Papers != 0
	case "identified":
		return p.Type != Unidentified
	}
	const activity = "activity:"
	if len(n.Fact) > len(activity) && n.Fact[:len(activity)] == activity {
		_, did := p.Activities[n.Fact[len(activity):]]
		return did
	}
	return false
}

// LeftOut is an entitlement that [Ledger.Payable] leaves out: its line, the money that
// is neither paid nor reserved, and why it cannot be paid.
type LeftOut struct {
	Line int
	Fen  Fen
	Why  *Refusal
}

// Payable returns the rows that are still to be paid from an allocation in a form, in
// the order of its lines. It leaves out lines that are stopped or over quota, those
// that must name what came back, and by bank those without an account. It does not
// look at the notice: if that is still running, PrepareBatch refuses.
func (l *Ledger) Payable(allocation ID, form Form) (rows []RowToPay, left []LeftOut) {
	a := l.Allocations[allocation]
	if a == nil {
		return nil, nil
	}
	for _, line := range a.Lines {
		for i := range line.Due {
			due := &line.Due[i]
			fen, items := due.unpaid()
			if due.Entitlement().Form != form || fen == 0 && len(items) == 0 || line.Line.Struck() != (ID{}) {
				continue
			}
			no := int(line.No)
			if why := l.whyLeftOut(line, due, form); why != nil {
				left = append(left, LeftOut{no, fen, why})
				continue
			}
			rows = append(rows, RowToPay{Line: no, Entitlement: i + 1})
		}
	}
	return rows, left
}

// StillDue is the money that a row without an amount pays: what is neither reserved nor
// paid of its entitlement.
func (a *Allocation) StillDue(row RowToPay) Fen {
	fen, _ := a.due(int32(row.Line), int32(row.Entitlement)).unpaid()
	return fen
}

// whyLeftOut says why an entitlement cannot be paid with the others, nil if it can.
func (l *Ledger) whyLeftOut(line *AdmittedLine, due *Due, form Form) *Refusal {
	no := int(line.No)
	switch {
	case line.Stopped != ID{}:
		return refuse(LineIsStopped, no)
	case line.Over:
		return refuse(OverQuota, no)
	case len(due.Back()) > 0:
		return refuse(MustNameReturn, no)
	}
	if _, ok := l.AccountOf(line.Payee()); form == Bank && !ok {
		return refuse(AccountMissing, no)
	}
	return nil
}
