package office_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/vault"
	"reliefledger.org/ledger/projections"
)

// mayUnseal are the only files and folders in which anything private is opened: the
// door, and what makes its key turn.
var mayUnseal = []string{"cmd/internal/office/door.go", "eventstore/ledger/", "eventstore/vault/"}

// Whatever opens a sealed value or a document calls a method Unseal: outside the door
// nobody may. What a restore or an audit needs to know it asks Verify, which gives
// nothing away.
func TestOneDoor(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	found := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if x, ok := n.(*ast.SelectorExpr); ok && x.Sel.Name == "Unseal" {
				name := filepath.ToSlash(name)
				found[name] = true
				if !slices.ContainsFunc(mayUnseal, func(may string) bool { return strings.HasPrefix(name, may) }) {
					t.Errorf("%s opens what is private behind the door's back", name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil || !found["cmd/internal/office/door.go"] {
		t.Errorf("the door opens nothing, or was not looked at: %v, %v", found, err)
	}
}

// journalled are the journal's entries of openings, as a privacy officer reads them.
func journalled(c *county) (list []vault.Entry) {
	c.t.Helper()
	if err := c.asker("privacy", "").Journal(context.Background(), func(e vault.Entry) error {
		list = append(list, e)
		return nil
	}); err != nil {
		c.t.Fatal(err)
	}
	return list
}

const threePeople = "姓名,身份证号,金额(元)\n张三丰,11010519491231002X,260.00\n李四,110105199001010010,260\n王五,,260\n"

// withList is a county whose clock stands in the period of a list of three people.
func withList(t *testing.T) (c *county, allocation, notice uuid.UUID) {
	c = newCounty(t)
	c.programme()
	allocation, notice = c.published("", threePeople, domain.Cash)
	return c, allocation, notice
}

func partyNamed(c *county, name string) (id domain.ID) {
	c.t.Helper()
	names, err := c.asker("accountant", "核对").NamesOnPaper(context.Background(), c.books(), c.ids["unit"], c.parties())
	if err != nil {
		c.t.Fatal(err)
	}
	for party, n := range names {
		if n.Name == name {
			id = party
		}
	}
	if id == (domain.ID{}) {
		c.t.Fatalf("nobody is called %s: %+v", name, names)
	}
	return id
}

func (c *county) parties() (list []domain.ID) {
	c.State(func(s *domain.Ledger) {
		for id := range s.Parties {
			list = append(list, id)
		}
	})
	return list
}

// books are those of now, or as of a number.
func (c *county) books(number ...uint64) *projections.Books {
	c.t.Helper()
	var until projections.Until
	if len(number) > 0 {
		until.Number = &number[0]
	}
	b, err := c.Books(context.Background(), until)
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

// Somebody who was restricted since stands on no paper as of before, neither with the
// name nor with the number; and the other way round.
func TestRestrictedSince(t *testing.T) {
	c, _, _ := withList(t)
	who := partyNamed(c, "张三丰")
	before := uint64(c.books().Len() - 1)
	restricted := c.give("privacy", "", domain.Date(2026, 1, 13), &domain.RestrictParty{Party: who}).Numbers[0]
	shown := func(b *projections.Books) office.NameShown {
		t.Helper()
		names, err := c.asker("accountant", "").NamesOnPaper(t.Context(), b, c.ids["unit"], []domain.ID{who})
		if err != nil {
			t.Fatal(err)
		}
		return names[who]
	}
	for what, b := range map[string]*projections.Books{"as of before": c.books(before), "now": c.books()} {
		if n := shown(b); n.Name != "" || n.Number != "" || !n.Restricted {
			t.Errorf("%s: %+v", what, n)
		}
	}
	c.give("privacy", "", domain.Date(2026, 1, 14), &domain.RestrictParty{Party: who, Lifted: true})
	if n := shown(c.books(restricted)); n.Name != "" || n.Number != "" {
		t.Errorf("as of when it was restricted: %+v", n)
	}
	if n := shown(c.books()); n.Name != "张三丰" || n.Number != "110*************2X" {
		t.Errorf("lifted: %+v", n)
	}
}

// What a list shows everybody is opened and journalled once for each version of the
// list and day; who is hidden meanwhile is hidden at once.
func TestListsAreOpenedOnce(t *testing.T) {
	c := newCounty(t)
	c.programme()
	today := domain.DayOf(c.now())
	notice := c.hangsToday("今日", threePeople)
	ctx := t.Context()
	show := func(who, place string) map[int]office.NameShown {
		t.Helper()
		b, err := c.Books(ctx, projections.Until{})
		if err != nil {
			t.Fatal(err)
		}
		names, err := c.asker(who, "").NamesOnList(ctx, b, notice, place, today)
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	entries := len(journalled(c))
	for range 3 {
		if names := show("", "village-board"); len(names) != 3 || names[1].Text() != "张三丰" {
			t.Fatalf("%+v", names)
		}
		if names := show("", "web"); names[1].Text() != "张*丰" {
			t.Errorf("on the web: %+v", names[1])
		}
	}
	if n := len(journalled(c)); n != entries+1 {
		t.Errorf("%d entries for a list that was looked at six times", n-entries)
	}
	c.give("privacy", "", today, &domain.RestrictParty{Party: partyNamed(c, "张三丰")})
	if names := show("", "village-board"); names[1].Text() != "" || names[2].Text() != "李四" {
		t.Errorf("after a restriction: %+v", names)
	}
	c.give("approver", "", today, &domain.WithdrawNotice{Notice: notice, Reason: domain.Plainly("重拟")})
	if names := show("privacy", "village-board"); len(names) != 0 {
		t.Errorf("withdrawn: %+v", names)
	}
}

// A reason is asked for where somebody looks, in a real ledger; what is opened stands in
// the journal with it, and what is withheld does not.
func TestOpenedIsJournalled(t *testing.T) {
	c, _, _ := withList(t)
	ctx := t.Context()
	who := partyNamed(c, "张三丰")
	if _, err := c.asker("accountant", "").ShowParty(ctx, who); office.KindOf(err) != office.Unreadable {
		t.Errorf("without a reason: %v", err)
	}
	if _, err := c.asker("", "好奇").ShowParty(ctx, who); office.KindOf(err) != office.NoKey {
		t.Errorf("without a key: %v", err)
	}
	before := len(journalled(c))
	shown, err := c.asker("accountant", "核对退票").ShowParty(ctx, who)
	if err != nil {
		t.Fatal(err)
	}
	list := journalled(c)
	if len(list) != before+1 {
		t.Fatalf("%d entries", len(list)-before)
	}
	last := list[len(list)-1]
	if last.Why != "核对退票" || last.Officer != c.ids["accountant"] || len(last.Opened) != 1 || !slices.Equal(last.Opened[0].Of, []uuid.UUID{who}) || !slices.Equal(last.Opened[0].Fields, []string{"name", "number"}) {
		t.Errorf("%+v", last)
	}
	for _, f := range shown.Fields {
		if f.Field == "number" && (f.Seen != "masked" || f.Value != "110*************2X") {
			t.Errorf("%+v", f)
		}
	}
}

// A dry run leaves nothing, in the vault either: the new person's key was made once.
func TestDryRunLeavesNothing(t *testing.T) {
	c, _, notice := withList(t)
	ctx := t.Context()
	file := filepath.Join(c.home.Data, office.VaultFile)
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	count := uint64(0)
	c.State(func(s *domain.Ledger) { count = s.Count })
	s := c.as("accountant")
	s.Dry = true
	s.Files = func(string) ([]byte, error) { return []byte("%PDF-1.7\nx"), nil }
	documented := &office.Instruction{As: "dry document", Order: &domain.Order{Date: domain.Date(2026, 1, 13), Body: &domain.RecordReceipt{Allocation: c.made("alloc", "allocation"), Kind: "签领表", Batch: 1}}}
	if err := documented.AttachGiven("x.pdf"); err != nil {
		t.Fatal(err)
	}
	for _, in := range []*office.Instruction{
		{As: "dry 1", Order: &domain.Order{Date: domain.Date(2026, 1, 13), Body: &domain.RegisterParty{Unit: c.ids["unit"], Type: domain.Person, PersonalDetails: domain.PersonalDetails{Name: domain.Plainly("赵六"), Account: domain.Plainly("6222021234567894")}}}},
		{As: "dry 2", Order: &domain.Order{Date: domain.Date(2026, 1, 13), Body: &domain.RaiseObjection{Notice: notice, Objector: partyIn(c), Text: domain.Plainly("不符")}}},
		{Order: &domain.Order{Date: domain.Date(2026, 1, 13), Body: &domain.OpenCampaign{Unit: c.ids["unit"], Name: "活动", Period: domain.Span{First: domain.Date(2026, 1, 1), Last: domain.Date(2026, 2, 1)}}}},
	} {
		done, err := s.Do(ctx, in)
		if err != nil || len(done.Would) == 0 {
			t.Errorf("%s: %+v, %v", in.As, done, err)
		}
	}
	_, _ = s.Do(ctx, documented) // refused: nothing was paid; and its document is not kept
	after, err := os.ReadFile(file)
	if err != nil || string(after) != string(before) {
		t.Errorf("the vault has changed (%v)", err)
	}
	if _, err := os.Stat(filepath.Join(c.home.Data, office.DocumentsFolder)); err == nil {
		t.Error("a document was kept")
	}
	c.State(func(l *domain.Ledger) {
		if l.Count != count {
			t.Error("events were written")
		}
	})
}

func partyIn(c *county) (id domain.ID) {
	c.State(func(s *domain.Ledger) {
		for _, p := range s.Parties {
			id = p.ID
		}
	})
	return id
}
