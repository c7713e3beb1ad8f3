package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/ledger"
)

// A deed is one order of a simulated history. Its name names the command and
// what it makes; body builds the command afresh each time it is sent.
type deed struct {
	name, by string
	on       domain.Day
	body     func() domain.Command
}

// order returns the order and who signs it.
func (d *deed) order() (*domain.Order, []ledger.Signer) {
	o := &domain.Order{ID: command(d.name), Actor: staff(d.by).Officer, Date: d.on, Body: d.body()}
	if _, opening := o.Body.(*domain.OpenLedger); opening {
		return o, []ledger.Signer{staff("registrar 1"), staff("registrar 2")}
	}
	return o, []ledger.Signer{staff(d.by)}
}

// staff are the officers, whose keys are made once: the orders are many.
var (
	staffMu sync.Mutex
	staffOf = map[string]ledger.Signer{}
)

func staff(name string) ledger.Signer {
	staffMu.Lock()
	defer staffMu.Unlock()
	if _, ok := staffOf[name]; !ok {
		staffOf[name] = officer(name)
	}
	return staffOf[name]
}

// A plan is the orders of a history: first those that all others need, then
// lanes, which are independent but for the money that they share.
type plan struct {
	setup []deed
	lanes [][]deed
}

// inTurn merges the lanes into one sequence, each lane in its own order.
func (p *plan) inTurn(r *rand.Rand) []deed {
	all := append([]deed{}, p.setup...)
	left := append([][]deed{}, p.lanes...)
	for len(left) > 0 {
		k := r.IntN(len(left))
		all = append(all, left[k][0])
		if left[k] = left[k][1:]; len(left[k]) == 0 {
			left = append(left[:k], left[k+1:]...)
		}
	}
	return all
}

// planner draws a plan. It keeps no books: some of its orders are refused by
// the rules, as some of an office's are.
type planner struct {
	r     *rand.Rand
	into  *[]deed
	today domain.Day
}

var (
	winter  = domain.Date(2026, 1, 5)
	purpose = "relief"
	// programmes: without a notice, and with one before payment
	programmes = []string{"at once", "after notice"}
	source     = domain.Source{Kind: domain.Treasury, Level: "central", Name: "中央"}
)

func newPlan(seed uint64) *plan {
	p := &plan{}
	d := &planner{r: rand.New(rand.NewPCG(seed, 1)), into: &p.setup, today: winter}
	d.setup()
	for lane := range 1 + d.r.IntN(3) {
		p.lanes = append(p.lanes, nil)
		d.into, d.today = &p.lanes[lane], winter+1
		d.lane(lane)
	}
	return p
}

func (d *planner) add(name, by string, body func() domain.Command) {
	*d.into = append(*d.into, deed{name, by, d.today, body})
}

// maybe is true in one of n cases.
func (d *planner) maybe(n int) bool { return d.r.IntN(n) == 0 }

func (d *planner) setup() {
	d.add("open", "registrar 1", func() domain.Command {
		open := &domain.OpenLedger{Ledger: county, Name: "某县", Root: domain.NewUnit{Name: "县民政局", Division: "410527"}}
		for _, name := range []string{"registrar 1", "registrar 2"} {
			open.Registrars = append(open.Registrars, domain.Registree{Officer: staff(name).Officer, Key: public(staff(name)), Post: "登记员"})
		}
		return open
	})
	root := thing("open", "unit")
	for _, role := range []domain.Role{domain.Drafter, domain.Reviewer, domain.Accountant, domain.Approver, domain.Cashier, domain.Storekeeper} {
		name := string(role)
		d.add(name, "registrar 1", func() domain.Command {
			return &domain.AppointOfficer{Unit: root, Post: name, Name: domain.Plainly("某" + name), Key: public(staff(name)), Roles: []domain.Role{role}}
		})
	}
	d.add("town", "registrar 1", func() domain.Command {
		return &domain.RegisterUnit{Parent: root, Name: "乡", Division: "410527"}
	})
	phases := []domain.Phase{{Timing: domain.NoNotice},
		{Timing: domain.BeforePayment, Days: 3, Mode: domain.InCalendarDays, Places: []domain.PlaceRule{{Place: "board", Disclosure: domain.FullNames}}}}
	for i, name := range programmes {
		phase := phases[i]
		d.add(name, "registrar 1", func() domain.Command {
			return &domain.DefineProgramme{Unit: root, Name: name, Terms: domain.Terms{Purposes: []string{purpose}, Forms: []domain.Form{domain.Cash, domain.Bank, domain.Voucher}, Notice: []domain.Phase{phase}}}
		})
	}
	for _, name := range []string{"fund A", "fund B"} {
		d.add(name, "accountant", func() domain.Command {
			return &domain.EstablishFund{Unit: root, Name: name, Earmark: []string{purpose}}
		})
		d.add(name+" money", "accountant", func() domain.Command {
			return &domain.ReceiveFunds{Fund: thing(name, "fund"), Source: source, Amount: 150000}
		})
	}
	d.allocate("upper", domain.From{Fund: thing("fund A", "fund")}, root, "at once", 90000)
}

func (d *planner) allocate(name string, from domain.From, unit uuid.UUID, programme string, amount domain.Yuan) {
	d.add(name, "accountant", func() domain.Command {
		return &domain.Allocate{From: from, Unit: unit, Programme: thing(programme, "programme"), Purpose: purpose, Amount: amount}
	})
}

// lane is one list of people and what becomes of it: money down two levels,
// the list, batches, payments, what comes back, and the end of the books.
func (d *planner) lane(k int) {
	named := func(name string) string { return fmt.Sprint(name, " ", k) }
	root, town := thing("open", "unit"), thing("town", "unit")
	programme := programmes[d.r.IntN(2)]
	fund := thing([]string{"fund A", "fund B"}[d.r.IntN(2)], "fund")
	upper, lower := thing("upper", "allocation"), thing(named("lower"), "allocation")
	if d.maybe(2) { // an upper allocation of its own
		upper = thing(named("upper"), "allocation")
		d.allocate(named("upper"), domain.From{Fund: fund}, root, programme, domain.Yuan(30000+10000*d.r.IntN(3)))
	}
	d.allocate(named("lower"), domain.From{Allocation: upper}, town, programme, domain.Yuan(15000+5000*d.r.IntN(4)))
	if d.maybe(3) {
		d.add(named("top up"), "accountant", func() domain.Command {
			return &domain.Allocate{From: domain.From{Allocation: upper}, To: lower, Amount: 5000}
		})
	}
	form := []domain.Form{domain.Cash, domain.Cash, domain.Bank, domain.Voucher}[d.r.IntN(4)]
	people := 2 + d.r.IntN(3)
	amounts := make([]domain.Yuan, people)
	for i := range people {
		amounts[i] = domain.Yuan(1000 * (1 + d.r.IntN(6)))
		numbered, twin := d.maybe(2), d.maybe(25)
		d.add(fmt.Sprintf("person %d %d", k, i), "drafter", func() domain.Command {
			c := &domain.RegisterParty{Unit: root, Type: domain.Person, PersonalDetails: domain.PersonalDetails{Name: domain.Plainly(fmt.Sprint("王某", k, i))}}
			switch {
			case twin: // a number that another may have
				c.Number = domain.Plainly(residentNumber(999))
			case numbered:
				c.Number = domain.Plainly(residentNumber(10*k + i))
			}
			if form == domain.Bank {
				c.Account = domain.Plainly(fmt.Sprintf("62220200000%04d%d", k, i))
			}
			return c
		})
	}
	notice := thing(named("notice"), "notice")
	d.add(named("notice"), "drafter", func() domain.Command {
		return &domain.DraftNotice{Allocation: lower, Heading: domain.Heading{Title: "名单", Issuer: "乡", Phone: "1", HowTo: "书面"}}
	})
	d.add(named("lines"), "drafter", func() domain.Command {
		c := &domain.AddLines{Notice: notice}
		for i := range people {
			c.Rows = append(c.Rows, domain.LineRow{Beneficiary: thing(fmt.Sprintf("person %d %d", k, i), "party"), Give: []domain.Give{{Form: form, Amount: amounts[i]}}})
		}
		return c
	})
	d.add(named("review"), "reviewer", func() domain.Command {
		return &domain.ReviewNotice{Notice: notice, Meeting: "党委会", Minutes: domain.Plainly("同意")}
	})
	if programme == "after notice" {
		on := d.today
		d.add(named("publish"), "drafter", func() domain.Command {
			return &domain.PublishNotice{Notice: notice, Timing: domain.BeforePayment, Places: []domain.Posted{{Place: "board", On: on, Disclosure: domain.FullNames}}}
		})
		d.today += 4
	}
	objected, early := d.maybe(3), d.maybe(2)
	object := func() {
		d.add(named("object"), "drafter", func() domain.Command {
			return &domain.RaiseObjection{Notice: notice, Lines: []int{people}, Text: domain.Plainly("不困难")}
		})
		outcome := []domain.Outcome{domain.LineStruck, domain.Dismissed}[d.r.IntN(2)]
		d.add(named("resolve"), "reviewer", func() domain.Command {
			return &domain.ResolveObjection{Notice: notice, Objection: 1, Outcome: outcome}
		})
	}
	if objected && early {
		object()
	}
	d.add(named("confirm"), "reviewer", func() domain.Command { return &domain.ConfirmNotice{Notice: notice} })
	if objected && !early {
		object() // after the admission: it reaches the allocation as a step
	}
	d.today++
	d.payments(k, lower, form, amounts)
	d.end(k, fund, upper, lower)
}

// payments prepares, approves and pays the lines, and takes some of it back.
func (d *planner) payments(k int, lower uuid.UUID, form domain.Form, amounts []domain.Yuan) {
	named := func(name string) string { return fmt.Sprint(name, " ", k) }
	batch, rows := 1, len(amounts)
	prepare := func(name string) {
		d.add(named(name), "accountant", func() domain.Command {
			c := &domain.PrepareBatch{Allocation: lower, Form: form}
			for i := range rows {
				c.Rows = append(c.Rows, domain.RowToPay{Line: i + 1})
			}
			return c
		})
	}
	of := func(name, by string, body func(no int) domain.Command) {
		no := batch
		d.add(named(name), by, func() domain.Command { return body(no) })
	}
	prepare("prepare")
	if d.maybe(4) {
		of("reject", "approver", func(no int) domain.Command {
			return &domain.RejectBatch{Allocation: lower, Batch: no, Reason: domain.Plainly("金额有误")}
		})
		prepare("prepare again")
		batch++
	}
	if d.maybe(4) { // the second time the same money, or the same lines: refused
		prepare("prepare twice")
	}
	of("approve", "approver", func(no int) domain.Command { return &domain.ApproveBatch{Allocation: lower, Batch: no} })
	absent := d.maybe(2)
	var not []domain.NotPaid
	if absent {
		not = []domain.NotPaid{{Row: rows, Code: "absent"}}
	}
	if form == domain.Bank {
		of("send", "cashier", func(no int) domain.Command {
			return &domain.SendBatchToBank{Allocation: lower, Batch: no, Bank: "农商行"}
		})
		paid := amounts
		if absent {
			paid = amounts[:rows-1]
		}
		var sum domain.Yuan
		for _, a := range paid {
			sum += a
		}
		of("pay", "cashier", func(no int) domain.Command {
			return &domain.TakeBankResult{Allocation: lower, Batch: no, Count: len(paid), Amount: sum, Rejected: not}
		})
	} else {
		if d.maybe(4) {
			of("by hand", "cashier", func(no int) domain.Command { return &domain.Disburse{Allocation: lower, Batch: no, Row: 1} })
		}
		of("pay", "cashier", func(no int) domain.Command { return &domain.PayBatch{Allocation: lower, Batch: no, NotPaid: not} })
	}
	if d.maybe(2) {
		of("receipt", "cashier", func(no int) domain.Command {
			return &domain.RecordReceipt{Allocation: lower, Kind: "签领表", HeldBy: "档案室", Batch: no}
		})
	}
	d.today++
	if d.maybe(2) {
		d.add(named("return"), "accountant", func() domain.Command {
			return &domain.ReturnDisbursement{Allocation: lower, Payment: domain.Ref{Command: command(named("pay")), Row: 1}, Amount: amounts[0], Kind: "payee", Reason: domain.Plainly("已迁出")}
		})
		d.add(named("pay the return"), "accountant", func() domain.Command {
			return &domain.PrepareBatch{Allocation: lower, Form: form, Rows: []domain.RowToPay{{Line: 1, Again: &domain.Ref{Command: command(named("return"))}}}}
		})
		batch++
		if d.maybe(2) {
			of("approve the return", "approver", func(no int) domain.Command { return &domain.ApproveBatch{Allocation: lower, Batch: no} })
			of("hand out the return", "cashier", func(no int) domain.Command { return &domain.Disburse{Allocation: lower, Batch: no, Row: 1} })
		} else {
			of("reject the return", "approver", func(no int) domain.Command { return &domain.RejectBatch{Allocation: lower, Batch: no} })
		}
	}
	if d.maybe(5) {
		d.add(named("reverse a payment"), "accountant", func() domain.Command {
			return &domain.ReverseEntry{From: domain.From{Allocation: lower}, Entry: domain.Ref{Command: command(named("pay")), Row: 2}, Reason: domain.Plainly("未付出")}
		})
	}
}

// end brings back what is left, closes, and lets something come back later.
func (d *planner) end(k int, fund, upper, lower uuid.UUID) {
	named := func(name string) string { return fmt.Sprint(name, " ", k) }
	if d.maybe(3) {
		d.add(named("bags"), "storekeeper", func() domain.Command {
			return &domain.PurchaseGoods{From: domain.From{Fund: fund}, Item: "米（袋）", Quantity: 7000, Cost: 3100, Supplier: "粮站"}
		})
		d.add(named("count"), "storekeeper", func() domain.Command {
			return &domain.CountGoods{From: domain.From{Fund: fund}, Item: "米（袋）", Found: domain.Count(6000 + 1000*int64(k))}
		})
	}
	d.add(named("unspent"), "accountant", func() domain.Command { return &domain.ReturnUnspent{Allocation: lower} })
	d.add(named("close lower"), "accountant", func() domain.Command { return &domain.CloseAllocation{Allocation: lower} })
	d.add(named("return late"), "accountant", func() domain.Command { // goes up through a closed allocation
		return &domain.ReturnDisbursement{Allocation: lower, Payment: domain.Ref{Command: command(named("pay")), Row: 2}, Amount: 500, Kind: "payee"}
	})
	switch d.r.IntN(4) {
	case 0:
		d.add(named("surrender"), "accountant", func() domain.Command {
			return &domain.SurrenderFunds{Fund: fund, Source: source, Amount: 7000}
		})
	case 1:
		d.add(named("pass on"), "accountant", func() domain.Command { return &domain.PassOnFunds{Fund: fund, To: "协会", Amount: 99999} })
	case 2:
		d.add(named("more money"), "accountant", func() domain.Command {
			return &domain.ReceiveFunds{Fund: fund, Source: source, Amount: 4000}
		})
		d.add(named("no more money"), "accountant", func() domain.Command {
			return &domain.ReverseEntry{From: domain.From{Fund: fund}, Entry: domain.Ref{Command: command(named("more money"))}}
		})
	case 3:
		d.add(named("upper unspent"), "accountant", func() domain.Command {
			return &domain.ReturnUnspent{Allocation: upper, Amount: 3000}
		})
	}
	if d.maybe(3) {
		through := d.today
		d.today += 2
		d.add(named("books"), "accountant", func() domain.Command {
			return &domain.CloseBooks{Unit: thing("town", "unit"), Through: through}
		})
		d.add(named("return into the next period"), "accountant", func() domain.Command {
			return &domain.ReturnDisbursement{Allocation: lower, Payment: domain.Ref{Command: command(named("pay")), Row: 2}, Amount: 300, Kind: "payee"}
		})
	}
}
