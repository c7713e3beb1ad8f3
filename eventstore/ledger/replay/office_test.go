package replay_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"path/filepath"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/vault"
)

var ctx = context.Background()

func command(name string) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("replay "+name))
}
func made(name, thing string) uuid.UUID { return domain.Made(command(name), thing) }

func signer(name string) ledger.Signer {
	seed := sha256.Sum256([]byte(name))
	return ledger.Signer{Officer: made(name, "officer"), Key: ed25519.NewKeyFromSeed(seed[:])}
}

func public(name string) []byte { return signer(name).Key.Public().(ed25519.PublicKey) }

func day(s string) domain.Day {
	d, err := domain.ParseDay(s)
	if err != nil {
		panic(err)
	}
	return d
}

// office is a ledger on a store in memory, whose clock stands at noon of the
// last business date.
type office struct {
	t     testing.TB
	store eventstore.Store
	l     *ledger.Ledger
	now   time.Time
}

func memory(t testing.TB) *embedded.Store {
	t.Helper()
	s, err := embedded.Create("/ledger", embedded.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newOffice(t testing.TB, store eventstore.Store) *office {
	t.Helper()
	v, err := vault.Create(filepath.Join(t.TempDir(), "vault.db"), command("ledger"), vault.NewWrappingKey())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	o := &office{t: t, store: store}
	o.l, err = ledger.Open(ctx, store, v, ledger.Options{Clock: func() time.Time { return o.now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.l.Close() })
	return o
}

// order is a command by an officer on a day, that all of it signs.
func order(name, by, on string, body domain.Command, change ...func(*domain.Order)) *domain.Order {
	o := &domain.Order{ID: command(name), Actor: signer(by).Officer, Date: day(on), Body: body}
	for _, f := range change {
		f(o)
	}
	return o
}

func irregularly(codes ...*domain.Code) func(*domain.Order) {
	return func(o *domain.Order) {
		o.Second = signer("registrar 2").Officer
		for _, c := range codes {
			o.Irregular = append(o.Irregular, domain.Claim{Code: c.Name, Reason: domain.Plainly("事后补记"), Evidence: []domain.Personal{domain.Plainly("会议纪要")}})
		}
	}
}

func noon(d domain.Day) time.Time { return d.Start().Add(12 * time.Hour) }

func (o *office) do(name, by, on string, body domain.Command, change ...func(*domain.Order)) {
	o.t.Helper()
	if t := noon(day(on)); t.After(o.now) {
		o.now = t
	}
	o.now = o.now.Add(time.Second)
	x := order(name, by, on, body, change...)
	signers := []ledger.Signer{signer(by)}
	if x.Second != (uuid.UUID{}) {
		signers = append(signers, signer("registrar 2"))
	}
	if name == "open" {
		signers = []ledger.Signer{signer("registrar 1"), signer("registrar 2")}
	}
	if _, err := o.l.Do(ctx, x, signers...); err != nil {
		o.t.Fatalf("%s: %v", name, err)
	}
}

var (
	root      = made("open", "unit")
	programme = made("programme", "programme")
	fund      = made("fund", "fund")
	alloc     = made("allocation", "allocation")
	county    = domain.Source{Kind: domain.Union, Level: "county", Name: "县总工会"}
	cast      = map[string][]domain.Role{"drafter": {domain.Drafter}, "reviewer": {domain.Reviewer}, "accountant": {domain.Accountant},
		"approver": {domain.Approver}, "cashier": {domain.Cashier}, "gone": {domain.Cashier}}
)

func (o *office) begin() {
	o.t.Helper()
	regs := []domain.Registree{{Officer: signer("registrar 1").Officer, Key: public("registrar 1"), Post: "登记员"}, {Officer: signer("registrar 2").Officer, Key: public("registrar 2"), Post: "登记员"}}
	o.do("open", "registrar 1", "2023-01-01", &domain.OpenLedger{Ledger: command("ledger"), Name: "测试", Root: domain.NewUnit{Name: "县民政局", Division: "410527"}, Registrars: regs})
	for _, name := range []string{"drafter", "reviewer", "accountant", "approver", "cashier", "gone"} {
		o.do(name, "registrar 1", "2023-01-01", &domain.AppointOfficer{Unit: root, Post: name, Name: domain.Plainly("某某"), Key: public(name), Roles: cast[name]})
	}
	terms := domain.Terms{Purposes: []string{"relief", "school"}, Forms: []domain.Form{domain.Cash}, CapPerPerson: 15000,
		Notice: []domain.Phase{{Timing: domain.BeforePayment, Days: 3, Mode: domain.InCalendarDays, Places: []domain.PlaceRule{{Place: "board", Disclosure: domain.FullNames}}}}}
	o.do("programme", "registrar 1", "2023-01-01", &domain.DefineProgramme{Unit: root, Name: "冬春救助", Terms: terms})
	o.do("fund", "accountant", "2023-01-02", &domain.EstablishFund{Unit: root, Name: "资金", Earmark: []string{"relief"}})
}

// person registers a party and returns it.
func (o *office) person(name string) uuid.UUID {
	o.t.Helper()
	o.do(name, "drafter", "2023-01-06", &domain.RegisterParty{Unit: root, Type: domain.Person, PersonalDetails: domain.PersonalDetails{Name: domain.Plainly("王" + name)}})
	return made(name, "party")
}

func give(yuan domain.Yuan) []domain.Give { return []domain.Give{{Form: domain.Cash, Amount: yuan}} }

func board(on string) []domain.Posted {
	return []domain.Posted{{Place: "board", On: day(on), Disclosure: domain.FullNames}}
}

var heading = domain.Heading{Title: "名单", Issuer: "乡", Phone: "1", HowTo: "书面"}

// story is an honest history: paid, partly returned, one batch to be paid and
// one to be approved; three notices; books closed through 2023-01-05.
func (o *office) story() {
	o.t.Helper()
	o.begin()
	o.do("money", "accountant", "2023-01-03", &domain.ReceiveFunds{Fund: fund, Source: county, Number: "1号", Amount: 50000})
	o.do("more money", "accountant", "2023-01-04", &domain.ReceiveFunds{Fund: fund, Source: county, Number: "2号", Amount: 50000})
	o.do("allocation", "accountant", "2023-01-05", &domain.Allocate{From: domain.From{Fund: fund}, Unit: root, Programme: programme, Purpose: "relief", Amount: 80000, Quota: 5})
	var rows []domain.LineRow
	for _, name := range []string{"p1", "p2", "p3", "p4"} {
		rows = append(rows, domain.LineRow{Beneficiary: o.person(name), Give: give(10000)})
	}
	rows[1].Payee = made("p2", "party") // said, though it is himself
	rows[2].Payee, rows[2].Why = made("p1", "party"), domain.Plainly("住院")
	rows[3].Category, rows[3].Group, rows[3].Disclosure = "", "一组", domain.CountsOnly
	o.notice("n1", rows)
	o.do("publish n1", "drafter", "2023-01-06", &domain.PublishNotice{Notice: made("n1", "notice"), Timing: domain.BeforePayment, Places: board("2023-01-06")})
	o.do("confirm n1", "reviewer", "2023-01-10", &domain.ConfirmNotice{Notice: made("n1", "notice")})
	o.do("batch 1", "accountant", "2023-01-11", &domain.PrepareBatch{Allocation: alloc, Form: domain.Cash, Rows: []domain.RowToPay{{Line: 1, Entitlement: 1}, {Line: 2, Amount: 10000}}})
	o.do("approve 1", "approver", "2023-01-11", &domain.ApproveBatch{Allocation: alloc, Batch: 1})
	o.do("pay 1", "cashier", "2023-01-12", &domain.PayBatch{Allocation: alloc, Batch: 1, NotPaid: []domain.NotPaid{{Row: 2, Code: "absent"}}})
	o.do("batch 2", "accountant", "2023-01-12", &domain.PrepareBatch{Allocation: alloc, Form: domain.Cash, Rows: []domain.RowToPay{{Line: 3}}})
	o.do("approve 2", "approver", "2023-01-12", &domain.ApproveBatch{Allocation: alloc, Batch: 2})
	o.do("batch 3", "accountant", "2023-01-12", &domain.PrepareBatch{Allocation: alloc, Form: domain.Cash, Rows: []domain.RowToPay{{Line: 2, Again: &domain.Ref{Command: command("pay 1"), Row: 2}}}})
	o.do("receipt", "cashier", "2023-01-12", &domain.RecordReceipt{Allocation: alloc, Kind: "签领表", HeldBy: "档案室", Batch: 1})
	o.do("reverse receipt", "accountant", "2023-01-12", &domain.ReverseEntry{From: domain.From{Allocation: alloc}, Entry: domain.Ref{Command: command("receipt")}, Reason: domain.Plainly("重复")})
	o.do("return", "accountant", "2023-01-13", &domain.ReturnDisbursement{Allocation: alloc, Payment: domain.Ref{Command: command("pay 1"), Row: 1}, Amount: 4000, Kind: "payee", Reason: domain.Plainly("多发")})
	o.do("by hand", "cashier", "2023-01-13", &domain.Disburse{Allocation: alloc, Form: domain.Cash, Pay: &domain.RowToPay{Line: 4, Amount: 3000}}, irregularly(domain.NoBatch))
	o.notice("n2", []domain.LineRow{{Beneficiary: o.person("p5"), Give: give(10000)}})
	o.do("publish n2", "drafter", "2023-01-13", &domain.PublishNotice{Notice: made("n2", "notice"), Timing: domain.BeforePayment, Places: board("2023-01-12")})
	o.notice("n4", []domain.LineRow{{Beneficiary: o.person("p6"), Give: give(10000)}})
	o.do("n3", "drafter", "2023-01-13", &domain.DraftNotice{Allocation: alloc, Heading: heading})
	o.do("gone has left", "registrar 1", "2023-01-13", &domain.RecordOfficerLeft{Officer: signer("gone").Officer})
	o.do("books", "accountant", "2023-01-14", &domain.CloseBooks{Unit: root, Through: day("2023-01-05")})
}

// notice drafts and reviews a list.
func (o *office) notice(name string, rows []domain.LineRow) {
	o.t.Helper()
	o.noticeOf(alloc, name, rows)
}

func (o *office) noticeOf(alloc uuid.UUID, name string, rows []domain.LineRow) {
	o.t.Helper()
	n := made(name, "notice")
	o.do(name, "drafter", "2023-01-06", &domain.DraftNotice{Allocation: alloc, Heading: heading})
	o.do(name+" lines", "drafter", "2023-01-06", &domain.AddLines{Notice: n, Rows: rows})
	o.do(name+" review", "reviewer", "2023-01-06", &domain.ReviewNotice{Notice: n, Meeting: "党委会", Minutes: domain.Plainly("纪要")})
}
