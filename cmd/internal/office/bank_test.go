package office_test

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"reliefledger.org/ledger/cmd/internal/bank"
	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
)

// counting counts how often a store is read from its beginning.
type counting struct {
	eventstore.Store
	folds *atomic.Int64
}

func (c counting) ReadAll(ctx context.Context, from eventstore.Position, d eventstore.Direction) iter.Seq2[eventstore.Recorded, error] {
	if from == (eventstore.Position{}) && d == eventstore.Forwards {
		c.folds.Add(1)
	}
	return c.Store.ReadAll(ctx, from, d)
}

const toTheBank = "姓名,身份证号,金额(元),账号\n张三丰,11010519491231002X,260.00,6222021234567894\n李四,110105199001010010,260,6222020000000001\n"

// approvedBatch is a county with a batch for the bank that is approved.
func approvedBatch(t *testing.T) (c *county, w office.BatchNamed) {
	t.Helper()
	c = newCounty(t)
	c.programme()
	allocation, _ := c.published("", toTheBank, domain.Bank)
	due, err := c.Due(allocation.String(), domain.Bank)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.as("accountant").Prepare(t.Context(), due, domain.Date(2026, 1, 12), "prepare", func(*office.Result) {}); err != nil {
		t.Fatal(err)
	}
	c.give("approver", "approve", domain.Date(2026, 1, 12), &domain.ApproveBatch{Allocation: allocation, Batch: 1})
	return c, office.BatchNamed{Allocation: allocation.String()}
}

func template(t *testing.T) *bank.Template {
	t.Helper()
	template, err := office.ReadTemplate("generic", "")
	if err != nil {
		t.Fatal(err)
	}
	return template
}

// Where the office writes the bank's file, takes its answer, holds a statement against
// the ledger and erases somebody, it opens the store once and reads the history once.
func TestOneStoreOneFold(t *testing.T) {
	c, w := approvedBatch(t)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	var opened, folds atomic.Int64
	opts := office.Wrapped(office.Options{}, func(s eventstore.Store) eventstore.Store {
		opened.Add(1)
		return counting{s, &folds}
	})
	var err error
	if c.Office, err = office.Open(t.Context(), c.home, opts); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(c.dir, "代发.csv")
	ctx := t.Context()
	d, err := c.as("approver").AtBank(ctx, c.asker("approver", ""), template(t), w)
	if err != nil {
		t.Fatal(err)
	}
	f, _, err := d.Export(ctx, out, domain.Date(2026, 1, 13), false)
	if err != nil || f.Payments != 2 || f.Fen != 520_00 {
		t.Fatalf("%+v, %v", f, err)
	}
	if _, err := c.asker("approver", "").Reconcile(ctx, template(t), "流水.csv", []byte("日期,支出,收入,摘要\n2026-01-13,520.00,,代发\n")); err != nil && office.KindOf(err) != office.Unreadable {
		t.Error(err)
	}
	if _, err := c.asker("privacy", "").Whom(ctx, partyIn(c)); err != nil {
		t.Error(err)
	}
	if opened.Load() != 1 || folds.Load() != 1 {
		t.Errorf("the store was opened %d times, and read from its beginning %d times", opened.Load(), folds.Load())
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c.open()
}

// The bank pays who is restricted, and minors: no page names them, but the bank must.
// What nobody may do is make a payment impossible by hiding its payee.
func TestTheBankIsToldWhoIsHidden(t *testing.T) {
	c, w := approvedBatch(t)
	ctx := t.Context()
	var hidden uuid.UUID
	c.State(func(s *domain.Ledger) {
		for id := range s.Parties {
			hidden = id
		}
	})
	c.give("privacy", "", domain.Date(2026, 1, 12), &domain.RestrictParty{Party: hidden})
	d, err := c.as("approver").AtBank(ctx, c.asker("approver", ""), template(t), w)
	if err != nil {
		t.Fatal(err)
	}
	f, err := d.File(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"张三丰", "李四", "6222021234567894", "6222020000000001"} {
		if !strings.Contains(string(f.Text), want) {
			t.Errorf("%s is missing", want)
		}
	}
	// Nobody but a cashier has the file, and the journal says who had it.
	for _, who := range []string{"accountant", "privacy", ""} {
		d, err := c.as("accountant").AtBank(ctx, c.asker(who, "代发"), template(t), w)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.File(ctx); office.KindOf(err) != office.NoKey {
			t.Errorf("%q: %v", who, err)
		}
	}
	list := journalled(c)
	last := list[len(list)-1]
	if last.Officer != c.ids["approver"] || len(last.Opened) != 1 || strings.Join(last.Opened[0].Fields, ",") != "name,account" || len(last.Opened[0].Of) != 2 {
		t.Errorf("%+v", last)
	}
}

// A file that lies about and may be paid from is always known: it gets its name after
// the ledger has said that it was sent.
func TestNoFileIsUnknown(t *testing.T) {
	c, w := approvedBatch(t)
	ctx := t.Context()
	out := filepath.Join(c.dir, "代发.csv")
	at := func(officer string) *office.BankDesk {
		t.Helper()
		d, err := c.as(officer).AtBank(ctx, c.asker("approver", ""), template(t), w)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	// The accountant may not send it: nothing is opened and nothing lies there.
	if _, _, err := at("accountant").Export(ctx, out, domain.Date(2026, 1, 13), false); office.KindOf(err) != office.Refused {
		t.Errorf("sent by an accountant: %v", err)
	}
	if entries, _ := os.ReadDir(c.dir); len(entries) != 2 { // the ledger and its wrapping key
		t.Errorf("%v", entries)
	}
	first, sent, err := at("approver").Export(ctx, out, domain.Date(2026, 1, 13), false)
	if err != nil || sent == nil || first.Sent {
		t.Fatalf("%+v %+v %v", first, sent, err)
	}
	if _, _, err := at("approver").Export(ctx, out, domain.Date(2026, 1, 13), false); office.KindOf(err) != office.Unreadable {
		t.Errorf("written over: %v", err)
	}
	second, sent, err := at("approver").Export(ctx, out, domain.Date(2026, 1, 14), true)
	if err != nil || sent != nil || second.SHA256 != first.SHA256 || !second.Sent {
		t.Errorf("again: %+v %+v %v", second, sent, err)
	}
}
