package ledger

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/vault"
)

var ctx = context.Background()

func command(name string) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("command "+name))
}

func signer(name string) Signer {
	seed := sha256.Sum256([]byte(name))
	return Signer{domain.Made(command(name), "officer"), ed25519.NewKeyFromSeed(seed[:])}
}

func public(s Signer) []byte { return s.Key.Public().(ed25519.PublicKey) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func day(s string) domain.Day { return must(domain.ParseDay(s)) }

// A bench is a ledger on a store in memory, with a vault beside it.
type bench struct {
	t     testing.TB
	store eventstore.Store
	vault *vault.Vault
	l     *Ledger
}

func newVault(t testing.TB) *vault.Vault {
	v, err := vault.Create(filepath.Join(t.TempDir(), "vault.db"), command("ledger"), vault.NewWrappingKey())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

func newStore(t testing.TB) *embedded.Store {
	s, err := embedded.Create("/ledger", embedded.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func open(t testing.TB, store eventstore.Store, v *vault.Vault) *bench {
	l, err := Open(ctx, store, v, Options{Clock: func() time.Time { return time.Date(2023, 3, 1, 1, 0, 0, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return &bench{t, store, v, l}
}

// act is one command of the story below.
type act struct {
	name string // of the command, and of what it makes
	by   string
	on   string
	body domain.Command
}

func made(name, thing string) uuid.UUID { return domain.Made(command(name), thing) }

var (
	root       = made("open", "unit")
	registrars = []string{"registrar 1", "registrar 2"}
)

func opening() act {
	regs := []domain.Registree{}
	for _, r := range registrars {
		regs = append(regs, domain.Registree{Officer: signer(r).Officer, Key: public(signer(r)), Post: "登记员"})
	}
	return act{"open", registrars[0], "2023-01-01", &domain.OpenLedger{Ledger: command("ledger"), Name: "测试", Root: domain.NewUnit{Name: "县民政局", Division: "410527"}, Registrars: regs}}
}

// story is a run that uses every process across streams.
func story() []act {
	terms := domain.Terms{Purposes: []string{"relief"}, Forms: []domain.Form{domain.Cash},
		Notice: []domain.Phase{{Timing: domain.BeforePayment, Days: 3, Mode: domain.InCalendarDays, Places: []domain.PlaceRule{{Place: "board", Disclosure: domain.FullNames}}}}}
	acts := []act{opening()}
	for _, r := range []domain.Role{domain.Drafter, domain.Reviewer, domain.Accountant, domain.Approver, domain.Cashier} {
		s := signer(string(r))
		acts = append(acts, act{string(r), registrars[0], "2023-01-01", &domain.AppointOfficer{Unit: root, Post: string(r), Name: domain.Plainly("某" + string(r)), Key: public(s), Roles: []domain.Role{r}}})
	}
	fund, upper, lower := made("fund", "fund"), made("upper", "allocation"), made("lower", "allocation")
	notice := made("notice", "notice")
	acts = append(acts,
		act{"town", registrars[0], "2023-01-01", &domain.RegisterUnit{Parent: root, Name: "乡", Division: "410527"}},
		act{"programme", registrars[0], "2023-01-01", &domain.DefineProgramme{Unit: root, Name: "冬春救助", Terms: terms}},
		act{"fund", "accountant", "2023-01-02", &domain.EstablishFund{Unit: root, Name: "资金", Earmark: []string{"relief"}}},
		act{"money", "accountant", "2023-01-03", &domain.ReceiveFunds{Fund: fund, Source: domain.Source{Kind: domain.Treasury, Level: "central", Name: "中央"}, Amount: 100000}},
		act{"upper", "accountant", "2023-01-04", &domain.Allocate{From: domain.From{Fund: fund}, Unit: root, Programme: made("programme", "programme"), Purpose: "relief", Amount: 80000}},
		act{"lower", "accountant", "2023-01-05", &domain.Allocate{From: domain.From{Allocation: upper}, Unit: made("town", "unit"), Programme: made("programme", "programme"), Purpose: "relief", Amount: 50000}},
		act{"top up", "accountant", "2023-01-06", &domain.Allocate{From: domain.From{Allocation: upper}, To: lower, Amount: 10000}},
	)
	var rows []domain.LineRow
	for i := range 4 {
		name := fmt.Sprint("person ", i)
		acts = append(acts, act{name, "drafter", "2023-01-06", &domain.RegisterParty{Unit: root, Type: domain.Person, PersonalDetails: domain.PersonalDetails{Name: domain.Plainly("王某" + name)}}})
		rows = append(rows, domain.LineRow{Beneficiary: made(name, "party"), Give: []domain.Give{{Form: domain.Cash, Amount: 10000}}})
	}
	acts = append(acts,
		act{"notice", "drafter", "2023-01-06", &domain.DraftNotice{Allocation: lower, Heading: domain.Heading{Title: "名单", Issuer: "乡", Phone: "1", HowTo: "书面"}}},
		act{"lines", "drafter", "2023-01-06", &domain.AddLines{Notice: notice, Rows: rows}},
		act{"review", "reviewer", "2023-01-06", &domain.ReviewNotice{Notice: notice, Meeting: "党委会"}},
		act{"publish", "drafter", "2023-01-06", &domain.PublishNotice{Notice: notice, Timing: domain.BeforePayment, Places: []domain.Posted{{Place: "board", On: day("2023-01-06"), Disclosure: domain.FullNames}}}},
		act{"confirm", "reviewer", "2023-01-10", &domain.ConfirmNotice{Notice: notice}},
		act{"object", "drafter", "2023-01-10", &domain.RaiseObjection{Notice: notice, Lines: []int{4}, Text: domain.Plainly("不困难")}},
		act{"strike", "reviewer", "2023-01-11", &domain.ResolveObjection{Notice: notice, Objection: 1, Outcome: domain.LineStruck}},
		act{"prepare", "accountant", "2023-01-12", &domain.PrepareBatch{Allocation: lower, Form: domain.Cash, Rows: []domain.RowToPay{{Line: 1}, {Line: 2}, {Line: 3}}}},
		act{"approve", "approver", "2023-01-12", &domain.ApproveBatch{Allocation: lower, Batch: 1}},
		act{"pay", "cashier", "2023-01-13", &domain.PayBatch{Allocation: lower, Batch: 1, NotPaid: []domain.NotPaid{{Row: 3, Code: "absent"}}}},
		act{"unspent", "accountant", "2023-01-15", &domain.ReturnUnspent{Allocation: lower}},
		act{"close lower", "accountant", "2023-01-15", &domain.CloseAllocation{Allocation: lower}},
		act{"books", "accountant", "2023-02-01", &domain.CloseBooks{Unit: root, Through: day("2023-01-31")}},
		act{"return", "accountant", "2023-02-02", &domain.ReturnDisbursement{Allocation: lower, Payment: domain.Ref{Command: command("pay"), Row: 1}, Amount: 4000, Kind: "payee"}},
		act{"surrender", "accountant", "2023-02-03", &domain.SurrenderFunds{Fund: fund, Source: domain.Source{Kind: domain.Treasury, Level: "central", Name: "中央"}, Amount: 20000}},
	)
	return acts
}

func (b *bench) order(a act) (*domain.Order, []Signer) {
	by := signer(a.by)
	o := &domain.Order{ID: command(a.name), Actor: by.Officer, Date: day(a.on), Body: a.body}
	if a.name == "open" {
		return o, []Signer{signer(registrars[0]), signer(registrars[1])}
	}
	return o, []Signer{by}
}

func (b *bench) do(a act) error {
	o, signers := b.order(a)
	_, err := b.l.Do(ctx, o, signers...)
	return err
}

// shape is a history without what differs from run to run: each stream's event
// types, and what is left where.
func (b *bench) shape() string {
	streams := map[string][]string{}
	var order []string
	for r, err := range b.store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			b.t.Fatal(err)
		}
		if streams[r.Stream] == nil {
			order = append(order, r.Stream)
		}
		streams[r.Stream] = append(streams[r.Stream], r.Type)
	}
	var out strings.Builder
	b.l.View(func(s *domain.Ledger) {
		for _, name := range order {
			fmt.Fprintln(&out, name, streams[name])
		}
		for _, f := range s.Funds {
			fmt.Fprintln(&out, "fund left", f.Left(domain.Money))
		}
		fmt.Fprintln(&out, "upper left", s.Allocations[made("upper", "allocation")].Left(domain.Money), "owed", s.Owed(), "unfolded", len(s.Unfolded))
	})
	return out.String()
}

func TestStory(t *testing.T) {
	b := open(t, newStore(t), newVault(t))
	for _, a := range story() {
		if err := b.do(a); err != nil {
			t.Fatalf("%s: %v", a.name, err)
		}
	}
	var count uint64
	b.l.View(func(s *domain.Ledger) {
		count = s.Count
		if left := s.Funds[made("fund", "fund")].Left(domain.Money); left != 0 {
			t.Errorf("left in the fund: %d", left)
		}
		// 800.00 came down to the upper, 600.00 of it went lower; 400.00 came
		// back unspent, and 40.00 after the closing went up by itself.
		if left := s.Allocations[made("upper", "allocation")].Left(domain.Money); left != 20000+40000+4000 {
			t.Errorf("left above: %d", left)
		}
	})
	// Every command again: one effect, the first answer.
	for _, a := range story() {
		o, signers := b.order(a)
		done, err := b.l.Do(ctx, o, signers...)
		if err != nil || !done.Repeated {
			t.Fatalf("%s again: %+v %v", a.name, done, err)
		}
	}
	b.l.View(func(s *domain.Ledger) {
		if s.Count != count {
			t.Errorf("repeating wrote %d events", s.Count-count)
		}
	})
	// The same id with other content.
	a := story()[9]
	a.body = &domain.ReceiveFunds{Fund: made("fund", "fund"), Source: domain.Source{Kind: domain.Union}, Amount: 1}
	if err := b.do(a); !errors.Is(err, domain.OtherContent) {
		t.Errorf("other content: %v", err)
	}
}

// cut is a store that loses its process after a number of appends.
type cut struct {
	eventstore.Store
	left int
}

var errCut = errors.New("the process is gone")

func (c *cut) Append(ctx context.Context, stream string, e eventstore.Expected, events []eventstore.Event) (eventstore.Appended, error) {
	if c.left == 0 {
		return eventstore.Appended{}, errCut
	}
	c.left--
	return c.Store.Append(ctx, stream, e, events)
}

func (c *cut) Subscribe(ctx context.Context, p eventstore.Position) iter.Seq2[eventstore.Recorded, error] {
	return c.Store.Subscribe(ctx, p)
}

// Cut after every append of a run that uses all processes; whoever comes back
// sends all commands again, and the outcome is that of the run without a cut.
func TestCutAfterEveryAppend(t *testing.T) {
	whole := open(t, newStore(t), newVault(t))
	for _, a := range story() {
		if err := whole.do(a); err != nil {
			t.Fatal(a.name, err)
		}
	}
	want := whole.shape()
	for n := 1; ; n++ {
		store, v := newStore(t), newVault(t)
		c := &cut{store, n}
		b := open(t, c, v)
		finished := true
		for _, a := range story() {
			if err := b.do(a); errors.Is(err, errCut) {
				finished = false
				break
			} else if err != nil {
				t.Fatalf("cut after %d: %s: %v", n, a.name, err)
			}
		}
		b.l.Close()
		again := open(t, store, v)
		for _, a := range story() {
			if err := again.do(a); err != nil {
				t.Fatalf("cut after %d appends: %s again: %v", n, a.name, err)
			}
		}
		if got := again.shape(); sorted(got) != sorted(want) {
			t.Fatalf("cut after %d appends:\n%s\nwant\n%s", n, got, want)
		}
		if finished {
			t.Logf("%d appends, cut after each", n)
			return
		}
	}
}

func sorted(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		for j := i + 1; j < len(lines); j++ {
			if lines[j] < lines[i] {
				lines[i], lines[j] = lines[j], lines[i]
			}
		}
	}
	return strings.Join(lines, "\n")
}

func TestSignatures(t *testing.T) {
	b := open(t, newStore(t), newVault(t))
	o, _ := b.order(opening())
	var unsigned *Unsigned
	if _, err := b.l.Do(ctx, o, signer(registrars[0])); !errors.As(err, &unsigned) {
		t.Fatalf("opened by one: %v", err)
	}
	for _, a := range story()[:9] {
		if err := b.do(a); err != nil {
			t.Fatal(a.name, err)
		}
	}
	money := story()[9]
	o, _ = b.order(money)
	for name, s := range map[string][]Signer{
		"nobody":               nil,
		"another officer":      {signer("cashier")},
		"another's key":        {{signer("accountant").Officer, signer("cashier").Key}},
		"a key that is no one": {{signer("accountant").Officer, signer("stranger").Key}},
	} {
		if _, err := b.l.Do(ctx, o, s...); !errors.As(err, &unsigned) {
			t.Errorf("signed by %s: %v", name, err)
		}
	}
	p, err := b.l.Prepare(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	proof := domain.Proof{ID: o.ID, Digest: p.Digest[:], Key: public(signer("accountant")), Signature: make([]byte, 64)}
	if _, err := b.l.Submit(ctx, p, proof, nil); !errors.As(err, &unsigned) {
		t.Errorf("a made-up signature: %v", err)
	}
}

func TestOneNumberOneParty(t *testing.T) {
	b := open(t, newStore(t), newVault(t))
	for _, a := range story()[:7] {
		if err := b.do(a); err != nil {
			t.Fatal(a.name, err)
		}
	}
	register := func(name string) error {
		return b.do(act{name, "drafter", "2023-01-02", &domain.RegisterParty{Unit: root, Type: domain.Person,
			PersonalDetails: domain.PersonalDetails{Name: domain.Plainly("张三"), Number: domain.Plainly("11010519491231002x")}}})
	}
	if err := register("first"); err != nil {
		t.Fatal(err)
	}
	var taken *NumberTaken
	if err := register("second"); !errors.As(err, &taken) || taken.Party != made("first", "party") {
		t.Errorf("%v", err)
	}
	// What is stored never has the name or the number in clear.
	for r, err := range b.store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		if all := string(r.Data) + string(r.Metadata); strings.Contains(all, "张三") || strings.Contains(all, "11010519491231002") {
			t.Errorf("event %s lets private data out", r.Type)
		}
	}
	b.l.View(func(s *domain.Ledger) {
		p := s.Parties[made("first", "party")]
		name, err := b.l.Unseal(ctx, p.Details.Name, domain.Stream(domain.PartyKind, p.ID), command("first"), "name")
		if err != nil || name != "张三" {
			t.Errorf("%q %v", name, err)
		}
	})
}

// vague is a store that writes and then says that it does not know: every
// other append, as a network that breaks does.
type vague struct {
	eventstore.Store
	n int
}

func (v *vague) Append(ctx context.Context, stream string, e eventstore.Expected, events []eventstore.Event) (eventstore.Appended, error) {
	done, err := v.Store.Append(ctx, stream, e, events)
	if v.n++; v.n%2 == 1 && err == nil {
		return eventstore.Appended{}, &eventstore.OutcomeUnknown{Cause: errCut}
	}
	return done, err
}

// After an unknown outcome the same bytes are sent again, never a new decision:
// the history is that of a store that always knows.
func TestUnknownOutcomes(t *testing.T) {
	whole := open(t, newStore(t), newVault(t))
	v := &vague{Store: newStore(t)}
	b := open(t, v, newVault(t))
	for _, a := range story() {
		if err := whole.do(a); err != nil {
			t.Fatal(a.name, err)
		}
	}
	for _, a := range story() { // made anew: what the other ledger sealed is its own
		if err := b.do(a); err != nil {
			t.Fatalf("%s: %v", a.name, err)
		}
	}
	if got, want := b.shape(), whole.shape(); sorted(got) != sorted(want) {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
