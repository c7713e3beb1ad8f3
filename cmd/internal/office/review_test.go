package office_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/vault"
	"reliefledger.org/ledger/projections"
)

// What a review and an attack found, each as it was found.

// An officer's name is not the officer: without the key nothing is looked up, opened or
// kept, and the journal names nobody. Not in a rehearsal either, by a role that a script
// gives itself.
func TestAnActorProvesTheKey(t *testing.T) {
	c, _, notice := withList(t)
	before := len(journalled(c))
	probe := func(s *office.Session, actor uuid.UUID) error {
		s.Files = func(string) ([]byte, error) {
			return []byte("姓名,身份证号,金额(元)\n某某,11010519491231002X,1.00\n"), nil
		}
		_, err := s.Do(t.Context(), &office.Instruction{As: "probe", Order: &domain.Order{Actor: actor, Date: domain.Date(2026, 1, 13)}, Roster: &office.RosterImport{Notice: notice, File: "名册.csv"}})
		return err
	}
	nobody := func() *office.Session { return &office.Session{Office: c.Office, Dry: true} }
	if err := probe(nobody(), c.ids["accountant"]); office.KindOf(err) != office.NoKey {
		t.Errorf("without a key: %v", err)
	}
	other := c.as("approver")
	other.Dry = true
	if err := probe(other, c.ids["accountant"]); office.KindOf(err) != office.NoKey {
		t.Errorf("with another's key: %v", err)
	}
	wrong := &office.Session{Office: c.Office, Dry: true, Keys: []ledger.Signer{{Officer: c.ids["accountant"], Key: c.keys["approver"]}}}
	if err := probe(wrong, c.ids["accountant"]); office.KindOf(err) != office.NoKey {
		t.Errorf("with a key that is not the officer's: %v", err)
	}
	receipt := &office.Instruction{Order: &domain.Order{Actor: c.ids["accountant"], Date: domain.Date(2026, 1, 13), Body: &domain.RecordReceipt{Allocation: c.made("alloc", "allocation"), Kind: "签领表", Batch: 1}}}
	if err := receipt.AttachGiven("x.pdf"); err != nil {
		t.Fatal(err)
	}
	s := &office.Session{Office: c.Office, Files: func(string) ([]byte, error) { return []byte("%PDF-1.7\nx"), nil }}
	if _, err := s.Do(t.Context(), receipt); office.KindOf(err) != office.NoKey {
		t.Errorf("a document without a key: %v", err)
	}
	if _, err := os.Stat(filepath.Join(c.home.Data, office.DocumentsFolder)); err == nil {
		t.Error("a stranger's document was kept")
	}
	// A registrar appoints a ghost in a rehearsal, whose drafter looks people up.
	copied, err := c.Rehearse(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ghost := c.key("ghost")
	registrar := c.as("a")
	registrar.Office = copied
	if _, err := registrar.Give(t.Context(), domain.Date(2026, 1, 13), "ghost", &domain.AppointOfficer{Unit: c.ids["unit"], Post: "幽灵", Key: public(ghost), Roles: []domain.Role{domain.Drafter}}); err != nil {
		t.Fatal(err)
	}
	id := c.made("ghost", "officer")
	err = probe(&office.Session{Office: copied, Keys: []ledger.Signer{{Officer: id, Key: ghost}}}, id)
	var cells *office.BadCells
	if !errors.As(err, &cells) || strings.Contains(err.Error(), "张") {
		t.Errorf("a ghost was told: %v", err)
	}
	if err := copied.Close(); err != nil {
		t.Error(err)
	}
	if list := journalled(c); len(list) != before {
		t.Errorf("the journal has %+v", list[before:])
	}
}

// An order that was tried or refused is not given again: what it sealed is under keys
// that are gone, and its number was claimed for nobody.
func TestAnOrderIsGivenOnce(t *testing.T) {
	c, _, _ := withList(t)
	person := func() *office.Instruction {
		return &office.Instruction{As: "赵六", Order: &domain.Order{Date: domain.Date(2026, 1, 13), Body: &domain.RegisterParty{Unit: c.ids["unit"], Type: domain.Person,
			PersonalDetails: domain.PersonalDetails{Name: domain.Plainly("赵六"), Number: domain.Plainly(validNumber(77))}}}}
	}
	s := c.as("accountant")
	in := person()
	s.Dry = true
	if _, err := s.Do(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	s.Dry = false
	if _, err := s.Do(t.Context(), in); !errors.Is(err, ledger.ErrPrepared) {
		t.Errorf("tried, and then given: %v", err)
	}
	done, err := s.Do(t.Context(), person())
	if err != nil || done.Repeated {
		t.Fatal(done, err)
	}
	shown, err := c.asker("privacy", "核对").ShowParty(t.Context(), c.made("赵六", "party"))
	if err != nil || shown.Fields[0].Value != "赵六" {
		t.Errorf("%+v, %v", shown, err)
	}
}

// A dry export opens nothing, writes nothing and records nothing.
func TestDryExport(t *testing.T) {
	c, w := approvedBatch(t)
	before := len(journalled(c))
	s := c.as("approver")
	s.Dry = true
	d, err := s.AtBank(t.Context(), c.asker("approver", ""), template(t), w)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(c.dir, "代发.csv")
	f, would, err := d.Export(t.Context(), out, domain.Date(2026, 1, 13), false)
	if err != nil || f.Payments != 2 || f.Text != nil || len(would.Would) == 0 {
		t.Errorf("%+v %+v %v", f, would, err)
	}
	if entries, _ := os.ReadDir(c.dir); len(entries) != 2 || len(journalled(c)) != before {
		t.Errorf("something was left: %v", entries)
	}
}

// No file is written over the ledger or its wrapping key, whatever links lead there; one
// that somebody planted is not written into; and one that is there is replaced by force
// only, also where it appeared meanwhile.
func TestNothingIsWrittenOver(t *testing.T) {
	c, w := approvedBatch(t)
	key, err := os.ReadFile(c.home.WrappingKey)
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(c.dir, "lk")
	if err := os.Symlink(c.home.Data, link); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{c.home.WrappingKey, filepath.Join(c.home.Data, "x.csv"), filepath.Join(link, office.VaultFile), filepath.Join(link, "x.csv"), c.home.WrappingKey + ".next"} {
		d, err := c.as("approver").AtBank(t.Context(), c.asker("approver", ""), template(t), w)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := d.Export(t.Context(), out, domain.Date(2026, 1, 13), true); office.KindOf(err) != office.Unreadable {
			t.Errorf("%s: %v", out, err)
		}
		if err := c.home.WriteOut(out, []byte("x"), true); office.KindOf(err) != office.Unreadable {
			t.Errorf("%s: %v", out, err)
		}
	}
	if now, err := os.ReadFile(c.home.WrappingKey); err != nil || string(now) != string(key) {
		t.Error("the wrapping key has changed")
	}
	out := filepath.Join(c.dir, "x.csv")
	planted := filepath.Join(c.dir, "elsewhere")
	for _, name := range []string{out + ".part", out + ".new", out + ".part.new"} {
		if err := os.Symlink(planted, name); err != nil {
			t.Fatal(err)
		}
	}
	place, err := c.home.Reserve(out, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := place.Write([]byte("secret")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(out, []byte("somebody's"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := place.Commit(); office.KindOf(err) != office.Unreadable {
		t.Errorf("over a file that appeared meanwhile: %v", err)
	}
	if text, _ := os.ReadFile(out); string(text) != "somebody's" {
		t.Errorf("%q", text)
	}
	if err := c.home.WriteOut(out, []byte("secret"), true); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if _, err := os.Stat(planted); err == nil {
		t.Error("something was written through a link")
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if err := office.ReplaceSynced(filepath.Join(c.dir, "same"), []byte("x")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	left, _ := filepath.Glob(filepath.Join(c.dir, ".*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Two rosters that are imported without a name are two imports: nobody of one becomes
// somebody of the other.
func TestImportsWithoutAName(t *testing.T) {
	c, allocation, _ := withList(t)
	for i, name := range []string{"甲", "乙"} {
		list := "list " + name
		c.give("accountant", list, domain.Date(2026, 1, 13), &domain.DraftNotice{Allocation: allocation, Heading: domain.Heading{Title: name}})
		s := c.as("accountant")
		s.Files = func(string) ([]byte, error) { return []byte("姓名,金额(元)\n" + name + ",1.00\n"), nil }
		if _, err := s.Do(t.Context(), &office.Instruction{Order: &domain.Order{Date: domain.Date(2026, 1, 13)}, Roster: &office.RosterImport{Notice: c.made(list, "notice"), File: "名册.csv"}}); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	var people map[domain.ID]bool
	c.State(func(s *domain.Ledger) {
		people = map[domain.ID]bool{}
		for _, name := range []string{"甲", "乙"} {
			for _, l := range s.Notices[domain.Made(office.CommandNamed(s.ID, "list "+name), "notice")].Lines {
				people[l.Beneficiary] = true
			}
		}
	})
	if len(people) != 2 {
		t.Errorf("%d people", len(people))
	}
}

// A name that was corrected stands on today's list at once; of eight who ask at once for
// a list nobody has asked for, one opens it.
func TestListsOfToday(t *testing.T) {
	c := newCounty(t)
	c.programme()
	today := domain.DayOf(c.now())
	notice := c.hangsToday("今日", threePeople)
	before := len(journalled(c))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			names, err := c.asker("", "").NamesHanging(t.Context(), eventstore.Position{}, notice, "village-board")
			if err != nil || names[2].Text() != "李四" {
				t.Errorf("%+v %v", names, err)
			}
		})
	}
	all.Wait()
	if n := len(journalled(c)) - before; n != 1 {
		t.Errorf("%d entries", n)
	}
	done := c.give("accountant", "", today, &domain.CorrectParty{Party: partyNamed(c, "李四"), PersonalDetails: domain.PersonalDetails{Name: domain.Plainly("李思")}})
	names, err := c.asker("", "").NamesHanging(t.Context(), done.Position, notice, "village-board")
	if err != nil || names[2].Text() != "李思" {
		t.Errorf("after a correction: %+v %v", names, err)
	}
	// Nobody looks back, or ahead, without a role: a day that is not today's is past.
	b := c.books()
	if _, err := c.asker("", "").NamesOnList(t.Context(), b, notice, "village-board", today+1); office.KindOf(err) != office.NoKey {
		t.Errorf("tomorrow's list: %v", err)
	}
	// A merge brings no name back.
	c.give("privacy", "", today, &domain.RestrictParty{Party: partyNamed(c, "李思")})
	c.give("a", "", today, &domain.MergeParties{Party: c.lineOf(notice, 2), Into: c.lineOf(notice, 1)})
	names, err = c.asker("", "").NamesOnList(t.Context(), c.books(), notice, "village-board", today)
	if err != nil || names[2].Text() != "" || names[1].Text() != "" {
		t.Errorf("after a merge: %+v %v", names, err)
	}
}

// lineOf is the beneficiary of a line.
func (c *county) lineOf(notice uuid.UUID, no int) (id domain.ID) {
	c.State(func(s *domain.Ledger) { id = s.Notices[notice].Lines[no-1].Beneficiary })
	return id
}

// Reading the live books ends with the reader's patience, and a store that fails is no
// reason to show books that stand still.
func TestLiveBooks(t *testing.T) {
	c, _, _ := withList(t)
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := c.View(stopped, eventstore.Position{}, func(*projections.Books) {}); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := c.View(t.Context(), eventstore.Position{}, func(b *projections.Books) {
		if b.Len() == 0 {
			t.Error("no events")
		}
	}); err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.View(t.Context(), eventstore.Position{}, func(*projections.Books) { t.Error("books of a closed office were shown") }); err == nil {
		t.Error("a closed office was read")
	}
	c.open()
}

// A ledger that was never opened refuses, and does not break down.
func TestNeverOpened(t *testing.T) {
	dir := t.TempDir()
	home := office.Home{Data: filepath.Join(dir, "ledger"), WrappingKey: filepath.Join(dir, "key")}
	o, err := office.Create(t.Context(), home, office.About{Ledger: uuid.New(), WrappingKey: home.WrappingKey}, office.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a := o.Asker("test", "")
	if err := a.Journal(t.Context(), func(vault.Entry) error { return nil }); office.KindOf(err) != office.NoKey {
		t.Error(err)
	}
	if _, err := a.Reconcile(t.Context(), template(t), "x", []byte("日期,支出,收入,摘要\n2026-01-13,1.00,,x\n")); err == nil {
		t.Error("reconciled")
	}
	if _, err := o.Books(t.Context(), projections.Until{}); office.KindOf(err) != office.NoLedger {
		t.Error(err)
	}
	if err := o.View(t.Context(), eventstore.Position{}, func(*projections.Books) { t.Error("shown") }); office.KindOf(err) != office.NoLedger {
		t.Error(err)
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
}

// Of several errors each has its sentence, in one language, and where it was met.
func TestSentences(t *testing.T) {
	refusal := domain.NewLedger().SealingRefused(uuid.UUID{})
	if refusal != nil {
		t.Fatal(refusal)
	}
	key := &office.KeyError{Path: "a.key", Zh: "缺失", En: "is missing"}
	input := office.Input("b.csv", "第 %d 行有误", "row %d is wrong", 3)
	for _, x := range []struct {
		err    error
		zh, en string
		kind   office.Kind
	}{
		{input, "b.csv: 第 3 行有误", "b.csv: row 3 is wrong", office.Unreadable},
		{errors.Join(input, key), "b.csv: 第 3 行有误\n密钥 a.key：缺失", "b.csv: row 3 is wrong\nkey a.key: is missing", office.Unreadable},
		{errors.Join(key, nil), "密钥 a.key：缺失", "key a.key: is missing", office.NoKey},
		{office.InputErr("list", errors.Join(input, key)), "list: b.csv: 第 3 行有误\n密钥 a.key：缺失", "list: b.csv: row 3 is wrong\nkey a.key: is missing", office.Unreadable},
		{&eventstore.OutcomeUnknown{Cause: input}, "不知是否已写入：请用同样的名称（as）原样重发，不会重复入账 (" + (&eventstore.OutcomeUnknown{Cause: input}).Error() + ")", "", office.Unknown},
		{errors.New("x"), "x", "x", office.Failed},
	} {
		if got := office.Sentence(x.err, domain.Zh); got != x.zh {
			t.Errorf("%v: %s, want %s", x.err, got, x.zh)
		}
		if got := office.Sentence(x.err, domain.En); x.en != "" && got != x.en {
			t.Errorf("%v: %s, want %s", x.err, got, x.en)
		}
		if got := office.KindOf(x.err); got != x.kind {
			t.Errorf("%v: %d", x.err, got)
		}
	}
	for _, k := range office.Kinds() {
		if k.Exit() != int(k) || k.Say(domain.Zh) == "" || k.Say(domain.En) == "" {
			t.Errorf("kind %d", k)
		}
	}
}

// What of an event is withheld cannot be tried either: neither the salt of its leaf, nor
// the digest and signatures of its signed text are shown to who may not see the text.
func TestWithheldIsNotProven(t *testing.T) {
	c, _, _ := withList(t)
	const begun = 0 // the ledger's first event
	shown, err := c.asker("accountant", "抽查").ShowEvent(t.Context(), begun)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"signed", "metadata.salt", "metadata.command.digest", "metadata.command.signature"} {
		if !slices.Contains(shown.Withheld, field) {
			t.Errorf("%s is shown", field)
		}
	}
	m := shown.Meta
	if m.Salt != nil || m.Command == nil || m.Command.ID == (domain.ID{}) || m.Command.Digest != nil || m.Command.Signature != nil {
		t.Errorf("%+v", m)
	}
}

// An asker is who has the officer's present key: with another's, or with one that was
// replaced since, nobody is asking.
func TestAnAskerHasTheKey(t *testing.T) {
	c, _, _ := withList(t)
	ctx := t.Context()
	who := partyNamed(c, "张三丰")
	a := c.Asker("test", "好奇", ledger.Signer{Officer: c.ids["accountant"], Key: c.keys["approver"]})
	if _, err := a.ShowParty(ctx, who); office.KindOf(err) != office.NoKey {
		t.Errorf("with another's key: %v", err)
	}
	a = c.asker("accountant", "核对")
	if _, err := a.ShowParty(ctx, who); err != nil {
		t.Fatal(err)
	}
	c.give("a", "new key", domain.Date(2026, 1, 13), &domain.SetOfficerKey{Officer: c.ids["accountant"], Key: public(c.key("accountant-2"))})
	if _, err := a.ShowParty(ctx, who); office.KindOf(err) != office.NoKey {
		t.Errorf("with the key of before: %v", err)
	}
}

// Every error has the status of an answer by HTTP, and none of a program's failure is
// an answer that all is well.
func TestStatus(t *testing.T) {
	for i, row := range office.Rows() {
		if row.Status < 400 || row.Status > 599 || row.Kind == office.Done {
			t.Errorf("row %d: %v", i, row)
		}
	}
	for _, x := range []struct {
		err  error
		want int
	}{
		{nil, 200},
		{errors.New("a disk"), 500},
		{&office.NotFound{Of: domain.NoticeKind, Which: "x"}, 404},
		{office.InputErr("notice", &office.NotFound{Of: domain.NoticeKind, Which: "x"}), 404},
		{office.Input("date", "日期", "a day"), 400},
		{&office.UsageError{Err: errors.New("x")}, 400},
		{&office.NotSeen{}, 403},
		{fmt.Errorf("record: %w", &domain.Refusal{Code: domain.RoleMissing}), 422},
		{&eventstore.Held{}, 503},
		{&eventstore.Unavailable{}, 503},
		{&eventstore.OutcomeUnknown{Cause: context.Canceled}, 504},
		{fmt.Errorf("read: %w", context.DeadlineExceeded), 504},
		{fmt.Errorf("read: %w", context.Canceled), 499},
		{office.ErrUnproven, 409},
		{own{office.NoLedger}, 500},
	} {
		if got := office.Status(x.err); got != x.want {
			t.Errorf("%v: %d, want %d", x.err, got, x.want)
		}
	}
}

// own is an error of another package.
type own struct{ kind office.Kind }

func (e own) Error() string     { return "own" }
func (e own) Kind() office.Kind { return e.kind }

// What is wrong with a script is said in one language.
func TestScriptSentences(t *testing.T) {
	for _, x := range []struct{ line, zh, en string }{
		{`{}`, `缺少“do”：做什么`, `no "do": what is to be done`},
		{`{"do":"register-unit","contents":{}}`, `/contents：没有这个字段`, `/contents: there is no such field`},
		{`{"do":"register-unit","content":{"parent":"x","name":"乡"}}`, `content: /parent: "x" 不是编号，也不是 @名称/事物`, `content: /parent: "x" is no id and no @NAME/thing`},
		{`{"do":"register-unit","content":{"name":1}}`, `content: /name：此处不应是 JSON number`, `content: /name: a JSON number does not belong there`},
		{`{"do":"register-unit","content":{"name":"\u0007"}}`, `/content/name：含控制字符（U+0007）`, `/content/name: a control character (U+0007)`},
		{`{"do":"receive","content":{}}`, `do: "receive"：没有这个命令；有：`, `do: "receive": no such command; there are `},
		{`{"do":`, `不是完整正确的 JSON（`, `jsontext: `},
	} {
		_, err := office.Lines{}.Read([]byte(x.line))
		if err == nil {
			t.Errorf("%s is read", x.line)
			continue
		}
		if zh, en := office.Sentence(err, domain.Zh), office.Sentence(err, domain.En); !strings.HasPrefix(zh, x.zh) || !strings.HasPrefix(en, x.en) {
			t.Errorf("%s:\n%s\n%s", x.line, zh, en)
		}
	}
}
