package bench

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/ledger"
)

// clients is how many officers' programs work side by side.
const clients = 64

// office is a ledger that is filled by a plan. Its ids follow from the names of
// its commands, so a second fill with the same plan has the same commands.
type office struct {
	l    *ledger.Ledger
	plan Plan
}

func command(name string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceOID, []byte("bench "+name)) }

func made(name, thing string) uuid.UUID { return domain.Made(command(name), thing) }

var (
	ledgerID   = command("ledger")
	rootUnit   = made("open", "unit")
	fund       = made("fund", "fund")
	programme  = made("programme", "programme")
	registrars = []ledger.Signer{signer("registrar 1", "open", "officer/1"), signer("registrar 2", "open", "officer/2")}
	drafter    = officer(domain.Drafter)
	reviewer   = officer(domain.Reviewer)
	accountant = officer(domain.Accountant)
	approver   = officer(domain.Approver)
	cashier    = officer(domain.Cashier)
)

func signer(name, by, thing string) ledger.Signer {
	seed := sha256.Sum256([]byte(name))
	return ledger.Signer{Officer: made(by, thing), Key: ed25519.NewKeyFromSeed(seed[:])}
}

func officer(role domain.Role) ledger.Signer {
	return signer(string(role), "officer "+string(role), "officer")
}

func public(s ledger.Signer) []byte { return s.Key.Public().(ed25519.PublicKey) }

// signed is an order that is ready to be submitted: what an officer's program
// has done when it sends it.
type signed struct {
	*ledger.Prepared
	proof  domain.Proof
	second *domain.SecondProof
}

// sign prepares an order and signs it. All orders are signed, also those of a
// simulated ledger, which need not be: a real one's are.
func (o *office) sign(ctx context.Context, name string, on domain.Day, body domain.Command, by ...ledger.Signer) (signed, error) {
	p, err := o.l.Prepare(ctx, &domain.Order{ID: command(name), Actor: by[0].Officer, Date: on, Body: body})
	if err != nil {
		return signed{}, fmt.Errorf("%s: %w", name, err)
	}
	p.At = on.Start().Add(9 * time.Hour)
	s := signed{Prepared: p, proof: domain.Proof{ID: p.Order.ID, Digest: p.Digest[:], Key: public(by[0]), Signature: ed25519.Sign(by[0].Key, p.Digest[:])}}
	if len(by) > 1 {
		s.second = &domain.SecondProof{Officer: by[1].Officer, Key: public(by[1]), Signature: ed25519.Sign(by[1].Key, p.Digest[:])}
	}
	return s, nil
}

func (o *office) submit(ctx context.Context, s signed) (*ledger.Done, error) {
	return o.l.Submit(ctx, s.Prepared, s.proof, s.second)
}

func (o *office) do(ctx context.Context, name string, on domain.Day, body domain.Command, by ...ledger.Signer) (*ledger.Done, error) {
	s, err := o.sign(ctx, name, on, body, by...)
	if err != nil {
		return nil, err
	}
	done, err := o.submit(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return done, nil
}

// open makes the ledger: officers, a programme with a public notice of seven
// days, a fund with all money of the plan.
func (o *office) open(ctx context.Context) error {
	first := domain.Date(2023, 1, 1)
	var registered []domain.Registree
	for _, r := range registrars {
		registered = append(registered, domain.Registree{Officer: r.Officer, Key: public(r), Post: "登记员"})
	}
	if _, err := o.do(ctx, "open", first, &domain.OpenLedger{Ledger: ledgerID, Name: "测速账簿", Simulated: true,
		Root: domain.NewUnit{Name: "某县民政局", Kind: "bureau", Division: "410527"}, Registrars: registered}, registrars...); err != nil {
		return err
	}
	for _, r := range []domain.Role{domain.Drafter, domain.Reviewer, domain.Accountant, domain.Approver, domain.Cashier} {
		if _, err := o.do(ctx, "officer "+string(r), first, &domain.AppointOfficer{Unit: rootUnit, Post: string(r),
			Name: domain.Plainly("某" + string(r)), Key: public(officer(r)), Roles: []domain.Role{r}}, registrars[0]); err != nil {
			return err
		}
	}
	terms := domain.Terms{Purposes: []string{"subsistence"}, Forms: []domain.Form{domain.Bank, domain.Cash},
		Categories: []domain.Category{{Code: "A", Name: "低保", Excludes: []string{"B"}}, {Code: "B", Name: "特困", Excludes: []string{"A"}}},
		Standards:  []domain.Standard{{Least: 100_00, Most: 2000_00}},
		Notice: []domain.Phase{{Timing: domain.BeforePayment, Days: 7, Mode: domain.InCalendarDays,
			Places: []domain.PlaceRule{{Place: "village-board", Disclosure: domain.FullNames}}}}}
	if _, err := o.do(ctx, "programme", first, &domain.DefineProgramme{Unit: rootUnit, Name: "最低生活保障", Terms: terms}, registrars[0]); err != nil {
		return err
	}
	if _, err := o.do(ctx, "fund", first, &domain.EstablishFund{Unit: rootUnit, Name: "低保资金", Earmark: []string{"subsistence"}}, accountant); err != nil {
		return err
	}
	var total domain.Fen
	for i := range o.plan.Lists() {
		total += Total(o.plan.List(i))
	}
	_, err := o.do(ctx, "money", first, &domain.ReceiveFunds{Fund: fund, Source: domain.Source{Kind: domain.Treasury, Level: "central", Name: "中央财政"},
		Number: "财社〔2023〕1号", Amount: domain.Yuan(total)}, accountant)
	return err
}

// side runs f for 0 to n-1 in as many goroutines as there are clients, and
// returns the first error.
func side(ctx context.Context, clients, n int, f func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(clients, n) {
		g.Go(func() error {
			for i := next.Add(1) - 1; i < int64(n) && ctx.Err() == nil; i = next.Add(1) - 1 {
				if err := f(ctx, int(i)); err != nil {
					return err
				}
			}
			return ctx.Err()
		})
	}
	return g.Wait()
}

// register makes the people, each with an id number and an account, as a roster
// brings them.
func (o *office) register(ctx context.Context) error {
	return side(ctx, clients, o.plan.Payees(), func(ctx context.Context, i int) error {
		_, err := o.do(ctx, payeeName(i), domain.Date(2023, 1, 2), &domain.RegisterParty{Unit: rootUnit, Type: domain.Person,
			PersonalDetails: domain.PersonalDetails{Name: domain.Plainly(personName(i)), Number: domain.Plainly(residentNumber(i)),
				Account: domain.Plainly(fmt.Sprintf("6228%015d", i))}}, drafter)
		return err
	})
}

func payeeName(i int) string { return fmt.Sprint("payee ", i) }

// personName makes a name up.
func personName(i int) string {
	const family, given = "王李张刘陈杨赵黄周吴", "伟芳娜敏静丽强磊军洋艳勇杰娟涛明超秀霞平刚桂英华玉兰春梅建国"
	f, g := []rune(family), []rune(given)
	return string([]rune{f[i%len(f)], g[i/len(f)%len(g)], g[i/len(f)/len(g)%len(g)]})
}

// residentNumber makes an id number up: valid, in a division that does not
// exist. It is the old form of 15 digits, which the domain completes.
func residentNumber(i int) string {
	born := domain.Date(1940, 1, 1).Add(i % 20_000)
	return fmt.Sprintf("990101%s%03d", strings.ReplaceAll(born.String(), "-", "")[2:], i/20_000%1000)
}

// names of a list's commands and of what they make.
func of(what string, list int) string { return fmt.Sprint(what, " ", list) }

func allocation(list int) uuid.UUID { return made(of("allocate", list), "allocation") }

// prepare takes a list from its allocation to an approved batch.
func (o *office) prepare(ctx context.Context, rows []Payment) error {
	list, on, form := rows[0].List, rows[0].On, domain.Bank
	if rows[0].ByHand {
		form = domain.Cash
	}
	a, notice := allocation(list), made(of("notice", list), "notice")
	lines, pays := make([]domain.LineRow, len(rows)), make([]domain.RowToPay, len(rows))
	for i, r := range rows {
		lines[i] = domain.LineRow{Beneficiary: made(payeeName(r.Payee), "party"), Category: "A", Group: fmt.Sprint("第", i/40+1, "村"),
			Give: []domain.Give{{Form: form, Amount: domain.Yuan(r.Amount)}}}
		pays[i] = domain.RowToPay{Line: i + 1}
	}
	listed, sent := on.Add(-9), on
	for _, step := range []struct {
		what string
		on   domain.Day
		by   ledger.Signer
		body domain.Command
	}{
		{"allocate", listed, accountant, &domain.Allocate{From: domain.From{Fund: fund}, Unit: rootUnit, Programme: programme, Purpose: "subsistence", Amount: domain.Yuan(Total(rows))}},
		{"notice", listed, drafter, &domain.DraftNotice{Allocation: a, Heading: domain.Heading{Title: "低保金发放名单", Issuer: "某县民政局", Phone: "0372-7710000", HowTo: "书面"}}},
		{"lines", listed, drafter, &domain.AddLines{Notice: notice, Rows: lines}},
		{"review", listed, reviewer, &domain.ReviewNotice{Notice: notice, Meeting: "局务会"}},
		{"publish", listed, drafter, &domain.PublishNotice{Notice: notice, Timing: domain.BeforePayment,
			Places: []domain.Posted{{Place: "village-board", On: listed, Disclosure: domain.FullNames}}}},
		{"confirm", sent, reviewer, &domain.ConfirmNotice{Notice: notice}},
		{"prepare", sent, accountant, &domain.PrepareBatch{Allocation: a, Form: form, Rows: pays}},
		{"approve", sent, approver, &domain.ApproveBatch{Allocation: a, Batch: 1}},
	} {
		if _, err := o.do(ctx, of(step.what, list), step.on, step.body, step.by); err != nil {
			return err
		}
	}
	return nil
}

// result signs the bank's answer to a list: all were paid.
func (o *office) result(ctx context.Context, rows []Payment) (signed, error) {
	list, on := rows[0].List, rows[0].On
	if _, err := o.do(ctx, of("send", list), on, &domain.SendBatchToBank{Allocation: allocation(list), Batch: 1, Bank: "某农村商业银行"}, cashier); err != nil {
		return signed{}, err
	}
	return o.sign(ctx, of("result", list), on, &domain.TakeBankResult{Allocation: allocation(list), Batch: 1, Count: len(rows), Amount: domain.Yuan(Total(rows))}, cashier)
}

// pay signs the payment of one approved entitlement, by hand.
func (o *office) pay(ctx context.Context, r Payment) (signed, error) {
	return o.sign(ctx, payName(r), r.On, &domain.Disburse{Allocation: allocation(r.List), Batch: 1, Row: r.Row}, cashier)
}

func payName(r Payment) string { return fmt.Sprint("pay ", r.List, " ", r.Row) }

// receive records the receipts of a list: one sheet for a bank's, one signed
// slip for each payment by hand.
func (o *office) receive(ctx context.Context, rows []Payment) error {
	list, on := rows[0].List, rows[0].On.Add(1)
	if !rows[0].ByHand {
		_, err := o.do(ctx, of("receipt", list), on, &domain.RecordReceipt{Allocation: allocation(list), Kind: "银行回单", HeldBy: "财务室", Batch: 1}, accountant)
		return err
	}
	return side(ctx, clients, len(rows), func(ctx context.Context, i int) error {
		_, err := o.do(ctx, fmt.Sprint("receipt ", list, " ", i), on, &domain.RecordReceipt{Allocation: allocation(list), Kind: "签领条", HeldBy: "财务室",
			Batch: 1, BatchRows: []int{rows[i].Row}}, accountant)
		return err
	})
}
