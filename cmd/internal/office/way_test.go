package office_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/papers"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/projections"
)

// county is an office of a county with its officers, for tests that use the office as
// a second program: not a flag, not a word on a terminal.
type county struct {
	t    *testing.T
	dir  string
	home office.Home
	keys map[string]ed25519.PrivateKey
	ids  map[string]uuid.UUID
	*office.Office
}

func newCounty(t *testing.T) *county {
	t.Helper()
	dir := t.TempDir()
	c := &county{t: t, dir: dir, home: office.Home{Data: filepath.Join(dir, "ledger"), WrappingKey: filepath.Join(dir, "wrapping-key")},
		keys: map[string]ed25519.PrivateKey{}, ids: map[string]uuid.UUID{}}
	begun, err := office.Begin(t.Context(), c.home, office.NewLedger{Name: "测试县账簿", Root: domain.NewUnit{Name: "测试县民政局", Kind: "bureau", Division: "410527"},
		Post: "登记员", Registrars: []ed25519.PrivateKey{c.key("a"), c.key("b")}}, office.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.ids["unit"], c.ids["a"] = begun.Unit, begun.Registrars[0]
	c.open()
	for _, o := range []struct {
		name, post string
		roles      []domain.Role
	}{{"accountant", "会计", []domain.Role{domain.Accountant, domain.Drafter}}, {"approver", "复核", []domain.Role{domain.Approver, domain.Reviewer, domain.Cashier}},
		{"privacy", "隐私专员", []domain.Role{domain.PrivacyOfficer}}} {
		public := c.key(o.name).Public().(ed25519.PublicKey)
		c.give("a", o.name, domain.Date(2026, 1, 5), &domain.AppointOfficer{Unit: begun.Unit, Post: o.post, Name: domain.Plainly("赵" + o.post), Key: public, Roles: o.roles})
		c.ids[o.name] = c.made(o.name, "officer")
	}
	return c
}

// open opens the office; a test may close it and open it again.
func (c *county) open() {
	c.t.Helper()
	var err error
	if c.Office, err = office.Open(context.Background(), c.home, office.Options{}); err != nil {
		c.t.Fatal(err)
	}
	opened := c.Office
	c.t.Cleanup(func() {
		if c.Office == opened {
			if err := opened.Close(); err != nil {
				c.t.Error(err)
			}
		}
	})
}

func (c *county) key(name string) ed25519.PrivateKey {
	if c.keys[name] == nil {
		_, c.keys[name], _ = ed25519.GenerateKey(rand.Reader)
	}
	return c.keys[name]
}

// made is the id of a thing that a command of a name made.
func (c *county) made(command, thing string) uuid.UUID {
	return domain.Made(office.CommandNamed(c.ID(), command), thing)
}

// as is somebody at work.
func (c *county) as(officer string) *office.Session {
	return &office.Session{Office: c.Office, Keys: []ledger.Signer{{Officer: c.ids[officer], Key: c.keys[officer]}}}
}

// asker is somebody who asks to see something.
func (c *county) asker(officer, why string) *office.Asker {
	if officer == "" {
		return c.Asker("test", why)
	}
	return c.Asker("test", why, c.as(officer).Keys...)
}

func (c *county) try(officer, name string, on domain.Day, body domain.Command) (*office.Result, error) {
	return c.as(officer).Give(context.Background(), on, name, body)
}

// give gives a command that must be accepted.
func (c *county) give(officer, name string, on domain.Day, body domain.Command) *office.Result {
	c.t.Helper()
	done, err := c.try(officer, name, on, body)
	if err != nil {
		c.t.Errorf("%s: %v", name, err)
		return &office.Result{}
	}
	return done
}

// programme is relief in cash that hangs in the village for three days.
func (c *county) programme() {
	c.t.Helper()
	c.give("a", "prog", domain.Date(2026, 1, 5), &domain.DefineProgramme{Unit: c.ids["unit"], Name: "春节慰问", Terms: domain.Terms{Purposes: []string{"weiwen"},
		Forms: []domain.Form{domain.Cash, domain.Bank}, RetentionYears: 1, Standards: []domain.Standard{{Most: 500_00}},
		Notice: []domain.Phase{{Timing: domain.BeforePayment, Days: 3, Mode: domain.InCalendarDays, Places: []domain.PlaceRule{{Place: "village-board", Disclosure: domain.FullNames}, {Place: "web", Disclosure: domain.MaskedNames}}}}}})
}

// published goes from money to a confirmed list of a roster, under names that begin
// with a prefix, and returns the allocation and the notice.
func (c *county) published(prefix, roster string, form domain.Form) (allocation, notice uuid.UUID) {
	c.t.Helper()
	day := func(d int) domain.Day { return domain.Date(2026, 1, d) }
	unit := c.ids["unit"]
	c.give("accountant", prefix+"fund", day(5), &domain.EstablishFund{Unit: unit, Name: prefix + "慰问资金", Earmark: []string{"weiwen"}})
	fund := c.made(prefix+"fund", "fund")
	c.give("accountant", prefix+"in", day(6), &domain.ReceiveFunds{Fund: fund, Source: domain.Source{Kind: domain.Treasury, Level: "county", Name: "县财政"}, Number: "财预〔2026〕" + prefix, Amount: 1_300_00})
	c.give("accountant", prefix+"alloc", day(6), &domain.Allocate{From: domain.From{Fund: fund}, Unit: unit, Programme: c.made("prog", "programme"), Purpose: "weiwen", Amount: 1_300_00})
	allocation = c.made(prefix+"alloc", "allocation")
	c.give("accountant", prefix+"list", day(7), &domain.DraftNotice{Allocation: allocation, Heading: domain.Heading{Title: prefix + "春节慰问名单", Issuer: "测试县民政局", Phone: "0372-0000000", HowTo: "书面或电话"}})
	notice = c.made(prefix+"list", "notice")
	s := c.as("accountant")
	s.Files = func(string) ([]byte, error) { return []byte(roster), nil }
	if _, err := s.Do(context.Background(), &office.Instruction{As: prefix + "import", Order: &domain.Order{Date: day(7)}, Roster: &office.RosterImport{Notice: notice, File: "名册.csv", Form: form}}); err != nil {
		c.t.Errorf("%simport: %v", prefix, err)
	}
	c.give("approver", prefix+"review", day(7), &domain.ReviewNotice{Notice: notice, Meeting: "局务会"})
	c.give("approver", prefix+"publish", day(8), &domain.PublishNotice{Notice: notice, Timing: domain.BeforePayment, Places: []domain.Posted{
		{Place: "village-board", On: day(8), Disclosure: domain.FullNames}, {Place: "web", On: day(8), Disclosure: domain.MaskedNames}}})
	c.give("approver", prefix+"confirm", day(12), &domain.ConfirmNotice{Notice: notice})
	return allocation, notice
}

// goers is how many go the whole way at once.
const goers = 8

// TestWholeWay is the way of testdata/script/officer.txtar through the office alone:
// eight accountants, approvers and cashiers at once in one office, from money in to a
// return, and each reads what was just written.
func TestWholeWay(t *testing.T) {
	c := newCounty(t)
	c.programme()
	var all sync.WaitGroup
	for i := range goers {
		all.Go(func() { goWholeWay(c, fmt.Sprintf("村%d ", i+1), i+1) })
	}
	all.Wait()
	if t.Failed() {
		return
	}
	audit(t, c.Office)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c.open()
	audit(t, c.Office)
}

// audit is what an auditor would find: the rules say nothing, all balances, and the
// live books are those of a fold of all events.
func audit(t *testing.T, o *office.Office) {
	t.Helper()
	ctx := t.Context()
	r, err := o.Replay(ctx)
	if err != nil || len(r.Findings) > 0 || r.Owed > 0 {
		t.Errorf("replay: %v, %+v", err, r)
	}
	b, err := o.BooksFromEvents(ctx, projections.Until{})
	if err != nil {
		t.Fatal(err)
	}
	if err := office.Balanced(b); err != nil {
		t.Error(err)
	}
	ledger := b.Balances(projections.ByLedger)[0]
	if ledger.Received != goers*1_300_00 || ledger.Paid != goers*2*260_00 || ledger.Returned != goers*60_00 {
		t.Errorf("%+v", ledger)
	}
	if err := o.View(ctx, eventstore.Position{}, func(live *projections.Books) {
		if live.Digest() != b.Digest() {
			t.Error("the live books are not those of all events")
		}
	}); err != nil {
		t.Error(err)
	}
}

func goWholeWay(c *county, prefix string, no int) {
	t, ctx := c.t, context.Background()
	day := func(d int) domain.Day { return domain.Date(2026, 1, d) }
	number := validNumber(no)
	allocation, notice := c.published(prefix, "序号,姓名,身份证号,金额(元)\n1,张三丰,"+number+",260.00\n2,李四,,２６０元\n3,王  五,,贰佰陆拾元整\n合计,,,780\n", domain.Cash)

	// A bad roster is refused whole, with its cells named.
	s := c.as("accountant")
	s.Files = func(string) ([]byte, error) {
		return []byte("姓名,身份证号,金额(元)\n张三,990101199001010011,260\n"), nil
	}
	var cells *office.BadCells
	if _, err := s.Do(ctx, &office.Instruction{As: prefix + "bad", Order: &domain.Order{Date: day(7)}, Roster: &office.RosterImport{Notice: notice, File: "坏名册.csv"}}); !errors.As(err, &cells) || office.KindOf(err) != office.Unreadable {
		t.Errorf("%sa bad roster: %v", prefix, err)
	}
	// Paying: in order, by two people, and no more than there is.
	due, err := c.Due(allocation.String(), domain.Cash)
	if err != nil || len(due.Rows) != 3 || due.Fen != 780_00 {
		t.Errorf("%sdue: %+v, %v", prefix, due, err)
		return
	}
	due.Rows = due.Rows[:2]
	if err := c.as("accountant").Prepare(ctx, due, day(12), prefix+"prepare", func(*office.Result) {}); err != nil {
		t.Errorf("%sprepare: %v", prefix, err)
	}
	if _, err := c.try("accountant", prefix+"self", day(12), &domain.ApproveBatch{Allocation: allocation, Batch: 1}); office.KindOf(err) != office.Refused {
		t.Errorf("%sapproved by who prepared: %v", prefix, err)
	}
	c.give("approver", prefix+"approve", day(12), &domain.ApproveBatch{Allocation: allocation, Batch: 1})
	c.give("approver", prefix+"pay", day(13), &domain.PayBatch{Allocation: allocation, Batch: 1})
	receipt := &domain.Order{Date: day(13), Body: &domain.RecordReceipt{Allocation: allocation, Kind: "签领表", Batch: 1}}
	in := &office.Instruction{As: prefix + "receipt", Order: receipt}
	if err := in.AttachGiven("签领表.pdf"); err != nil {
		t.Error(err)
	}
	cashier := c.as("approver")
	cashier.Files = func(string) ([]byte, error) { return []byte("%PDF-1.7\n" + prefix), nil }
	if _, err := cashier.Do(ctx, in); err != nil {
		t.Errorf("%sreceipt: %v", prefix, err)
	}
	back := c.give("accountant", prefix+"back", day(14), &domain.ReturnDisbursement{Allocation: allocation, Payment: domain.Ref{Command: office.CommandNamed(c.ID(), prefix+"pay"), Row: 1}, Amount: 60_00, Kind: "payee"})
	if again := c.give("accountant", prefix+"back", day(14), &domain.ReturnDisbursement{Allocation: allocation, Payment: domain.Ref{Command: office.CommandNamed(c.ID(), prefix+"pay"), Row: 1}, Amount: 60_00, Kind: "payee"}); !again.Repeated {
		t.Errorf("%swhat was sent twice had two effects", prefix)
	}
	// Who was answered reads what was written, in the live books.
	if err := c.View(ctx, back.Position, func(b *projections.Books) {
		paid, returned := domain.Fen(0), domain.Fen(0)
		for _, x := range b.Balances(projections.ByAllocation) {
			if x.ID == allocation.String() {
				paid, returned = domain.Fen(x.Paid), domain.Fen(x.Returned)
			}
		}
		if paid != 520_00 || returned != 60_00 {
			t.Errorf("%spaid %s, returned %s", prefix, paid, returned)
		}
	}); err != nil {
		t.Errorf("%sview: %v", prefix, err)
	}
	// The sheet has the names, and not the number.
	b, err := c.Books(ctx, projections.Until{})
	if err != nil {
		t.Errorf("%sbooks: %v", prefix, err)
		return
	}
	sheet, err := papers.Of(b).WithNames(c.asker("accountant", "")).Sheet(ctx, office.BatchNamed{Allocation: allocation.String()})
	if err != nil {
		t.Errorf("%ssheet: %v", prefix, err)
		return
	}
	var pdf bytes.Buffer
	if pages, err := sheet.Write(&pdf); err != nil || pages != 1 {
		t.Errorf("%s%d pages, %v", prefix, pages, err)
	}
}

// validNumber is a made-up identity number with its check character.
func validNumber(n int) string {
	body := fmt.Sprintf("1101051949123%04d", n)
	weights := []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += w * int(body[i]-'0')
	}
	return body + string("10X98765432"[sum%11])
}

// now is the clock's moment.
func (c *county) now() time.Time { return time.Now() }

// hangsToday publishes a list today, and returns the notice.
func (c *county) hangsToday(prefix, roster string) (notice uuid.UUID) {
	c.t.Helper()
	today := domain.DayOf(c.now())
	unit := c.ids["unit"]
	c.give("accountant", prefix+"fund", today, &domain.EstablishFund{Unit: unit, Name: prefix + "资金", Earmark: []string{"weiwen"}})
	c.give("accountant", prefix+"in", today, &domain.ReceiveFunds{Fund: c.made(prefix+"fund", "fund"), Source: domain.Source{Kind: domain.Treasury, Level: "county", Name: "县财政"}, Amount: 1_300_00})
	c.give("accountant", prefix+"alloc", today, &domain.Allocate{From: domain.From{Fund: c.made(prefix+"fund", "fund")}, Unit: unit, Programme: c.made("prog", "programme"), Purpose: "weiwen", Amount: 1_300_00})
	c.give("accountant", prefix+"list", today, &domain.DraftNotice{Allocation: c.made(prefix+"alloc", "allocation"), Heading: domain.Heading{Title: prefix + "名单", Issuer: "局", Phone: "0372-0000000", HowTo: "书面"}})
	notice = c.made(prefix+"list", "notice")
	s := c.as("accountant")
	s.Files = func(string) ([]byte, error) { return []byte(roster), nil }
	if _, err := s.Do(context.Background(), &office.Instruction{As: prefix + "import", Order: &domain.Order{Date: today}, Roster: &office.RosterImport{Notice: notice, File: "名册.csv"}}); err != nil {
		c.t.Fatal(err)
	}
	c.give("approver", prefix+"review", today, &domain.ReviewNotice{Notice: notice, Meeting: "局务会"})
	c.give("approver", prefix+"publish", today, &domain.PublishNotice{Notice: notice, Timing: domain.BeforePayment, Places: []domain.Posted{
		{Place: "village-board", On: today, Disclosure: domain.FullNames}, {Place: "web", On: today, Disclosure: domain.MaskedNames}}})
	return notice
}

func public(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }
