package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"reliefledger.org/ledger/cmd/internal/demo"
	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/summary"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/projections"
	"reliefledger.org/ledger/testdata/campaigns"
)

var update = flag.Bool("update", false, "write the golden summaries again")

// demo is the demonstration, filled once through the commands and read by all
// tests of this file.
var demonstration = sync.OnceValues(func() (*filled, error) {
	dir, err := os.MkdirTemp("", "reliefledger-test-")
	if err != nil {
		return nil, err
	}
	demoDir = dir
	p := &program{home: office.Home{Data: filepath.Join(dir, "ledger")}, langFlag: "zh"}
	if err := fillDemo(p, context.Background()); err != nil {
		return nil, err
	}
	b, err := readBooks(p, true)
	return &filled{p, b}, err
})

// readBooks reads the books of a program's ledger, from a snapshot or from all events.
func readBooks(p *program, snapshot bool) (b *projections.Books, err error) {
	ctx := context.Background()
	return b, errors.Join(err, p.reading(ctx, func(r *office.Reader) (err error) {
		if snapshot {
			b, err = r.Books(ctx, projections.Until{})
		} else {
			b, err = r.BooksFromEvents(ctx, projections.Until{})
		}
		return err
	}))
}

var demoDir string // of demo, once it was asked for

type filled struct {
	p *program
	b *projections.Books
}

func theDemo(t *testing.T) *filled {
	t.Helper()
	d, err := demonstration()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const raceOptions = "GORACE"

// TestMain makes the test binary the program, for the scripts.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	// A program under the race detector sleeps for a second before it exits, in
	// which a test that kills it finds nothing to cut off.
	if os.Getenv(raceOptions) == "" {
		os.Setenv(raceOptions, "atexit_sleep_ms=0")
	}
	testscript.Main(cleaning{m}, map[string]func(){"reliefledger": main})
}

type cleaning struct{ m *testing.M }

func (c cleaning) Run() int {
	code := c.m.Run()
	if demoDir != "" {
		os.RemoveAll(demoDir)
	}
	return code
}

func TestSummaries(t *testing.T) {
	d := theDemo(t)
	for n := 1; n <= 9; n++ {
		id, err := office.Find(d.b.State, domain.CampaignKind, fmt.Sprint(n))
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		if err := summary.Write(&got, d.b, id); err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("..", "..", "testdata", "summaries", fmt.Sprintf("%d.txt", n))
		if *update {
			if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got.String() != string(want) {
			t.Errorf("summary %d is not testdata/summaries/%d.txt (make golden, and read the difference):\n%s", n, n, got.String())
		}
	}
}

func TestAllFiguresAreProven(t *testing.T) {
	d := theDemo(t)
	list, err := demo.Figures(d.b, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 75 {
		t.Errorf("%d figures", len(list))
	}
	for _, f := range list {
		if !f.OK || len(f.Events) == 0 {
			t.Errorf("report %d %s: %s, rebuilt %s: %s, events %v", f.Report, f.ID, f.Figure, f.Value, f.Why, f.Events)
		}
	}
}

// The figures are what the source has, and their values come from the events:
// with another amount in a payment, another source or no assumption, the figure
// fails.
func TestAFigureFailsWhereAnEventDiffers(t *testing.T) {
	d := theDemo(t)
	ctx := context.Background()
	store, err := embedded.Open(filepath.Join(d.p.home.Data, office.EventsFolder), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	figures := func(change func(domain.Event)) map[string]projections.Figure {
		b := projections.New(projections.Until{})
		n := uint64(0)
		for raw, err := range store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
			if err != nil {
				t.Fatal(err)
			}
			x := projections.Decode(raw, n)
			n++
			change(x.Event)
			b.Apply(x)
		}
		list, err := demo.Figures(b, "")
		if err != nil {
			t.Fatal(err)
		}
		byID := map[string]projections.Figure{}
		for _, f := range list {
			byID[fmt.Sprint(f.Report, " ", f.ID)] = f
		}
		return byID
	}
	for name, c := range map[string]struct {
		figure string
		change func(domain.Event)
	}{
		"a donation of one yuan more": {"6 donations", func(e domain.Event) {
			if x, ok := e.(*domain.FundsReceived); ok && x.Source.Kind == domain.Donation {
				x.Fen += 100
			}
		}},
		"an assumption that nobody recorded": {"2 policy-advice", func(e domain.Event) {
			if x, ok := e.(*domain.FactRecorded); ok && x.Measure == "policy-advice" {
				x.Basis = "stated"
			}
		}},
		"a document of another day": {"1 plan-issued", func(e domain.Event) {
			if x, ok := e.(*domain.DocumentIssued); ok {
				x.Date = x.Date.Add(1)
			}
		}},
		"a rule that no revision carries": {"9 refusal-record", func(e domain.Event) {
			if x, ok := e.(*domain.ProgrammeDefined); ok {
				x.Terms.Principles = nil
			}
		}},
		"a patrol less": {"9 patrols-per-week", func(e domain.Event) {
			if x, ok := e.(*domain.ActivityRecorded); ok && x.Kind == "patrol" && x.Date == domain.Date(2021, 12, 23) {
				x.Kind = "walk"
			}
		}},
	} {
		if f := figures(c.change)[c.figure]; f.OK {
			t.Errorf("%s: %s is still proven: %+v", name, c.figure, f)
		}
	}
}

func TestFiguresAreTheSourcesOwn(t *testing.T) {
	text, err := campaigns.Files.ReadFile("figures.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	// A query computes; it does not carry the value it is to find.
	for line := range bytes.Lines(text) {
		var f projections.SourceFigure
		if err := json.Unmarshal(line, &f); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(f.Query.Value, "const") || f.Query.From == "" {
			t.Errorf("%d %s: %+v", f.Report, f.ID, f.Query)
		}
	}
}

func TestEveryPaymentHasItsEntry(t *testing.T) {
	b := theDemo(t).b
	payments, entries := 0, 0
	for e := range b.Events() {
		if e.Type == "DisbursementMade" {
			payments++
			if x, ok := b.Payment(e.Number); !ok || x.Number != e.Number {
				t.Fatalf("payment %d has no entry", e.Number)
			}
		}
	}
	for e := range b.FundUse() {
		entries++
		var sum domain.Fen
		for _, s := range e.Sources {
			sum += s.Fen
		}
		if sum != e.Amount+e.Cost {
			t.Fatalf("payment %d: its sources have %s of %s", e.Number, sum, e.Amount+e.Cost)
		}
	}
	if payments != entries || payments < 6000 {
		t.Errorf("%d payments, %d entries", payments, entries)
	}
}

func TestEverythingBalances(t *testing.T) {
	b := theDemo(t).b
	if len(b.State.Unfolded) > 0 || len(b.Unreadable) > 0 {
		t.Fatal(b.State.Unfolded, b.Unreadable)
	}
	for _, by := range []projections.Dimension{projections.ByLedger, projections.ByFund, projections.ByAllocation, projections.ByUnit, projections.ByProgramme, projections.ByItem} {
		for _, r := range b.Balances(by) {
			if !r.Balanced() {
				t.Errorf("%s %s: %+v", by, r.Name, r)
			}
		}
	}
}

// A rebuild from nothing gives the same bytes, and books as of a number those
// that somebody saw who looked then.
func TestRebuildGivesTheSameBytes(t *testing.T) {
	d := theDemo(t)
	ctx := context.Background()
	store, err := embedded.Open(filepath.Join(d.p.home.Data, office.EventsFolder), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	running := projections.New(projections.Until{})
	seen := map[uint64][32]byte{}
	for raw, err := range store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		n := uint64(running.Len())
		running.Apply(projections.Decode(raw, n))
		if n == 300 || n == 1200 || n == 5250 {
			seen[n] = running.Digest()
		}
	}
	if running.Digest() != d.b.Digest() {
		t.Error("read one by one and in parallel differ")
	}
	for n, want := range seen {
		again, err := projections.Read(ctx, store, projections.Until{Number: &n})
		if err != nil {
			t.Fatal(err)
		}
		if again.Digest() != want {
			t.Errorf("as of number %d", n)
		}
	}
}

func TestAsOf(t *testing.T) {
	d := theDemo(t)
	left := func(until projections.Until, fund string) (left, paid int64) {
		p := *d.p
		ctx := context.Background()
		store, err := embedded.Open(filepath.Join(p.home.Data, office.EventsFolder), embedded.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		b, err := projections.Read(ctx, store, until)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range b.Balances(projections.ByUnit) {
			if r.Name == fund {
				return r.Left, r.Paid
			}
		}
		return 0, 0
	}
	for _, c := range []struct {
		name  string
		until projections.Until
		paid  int64
	}{
		{"before the ceremony", projections.Until{Date: domain.Date(2022, 1, 6)}, 0},
		{"on its day", projections.Until{Date: domain.Date(2022, 1, 7)}, 11200_00},
		{"as recorded at noon of that day", projections.Until{Recorded: time.Date(2022, 1, 7, 12, 0, 0, 0, domain.Shanghai)}, 11200_00},
		{"as recorded the evening before", projections.Until{Recorded: time.Date(2022, 1, 6, 20, 0, 0, 0, domain.Shanghai)}, 0},
		{"after the cash", projections.Until{Date: domain.Date(2022, 1, 19)}, 11200_00 + 2731*600_00},
	} {
		if _, paid := left(c.until, "内黄县总工会"); paid != c.paid {
			t.Errorf("%s: paid %s, want %s", c.name, domain.Fen(paid), domain.Fen(c.paid))
		}
	}
}

// Filling again writes nothing, and a demonstration that was cut off goes on.
func TestFillTwice(t *testing.T) {
	d := theDemo(t)
	before := d.b.Len()
	if err := fillDemo(d.p, context.Background()); err != nil {
		t.Fatal(err)
	}
	b, err := readBooks(d.p, true)
	if err != nil || b.Len() != before {
		t.Errorf("%d events, before %d (%v)", b.Len(), before, err)
	}
}

func TestNobodyIsNamedInTheEvents(t *testing.T) {
	d := theDemo(t)
	store, err := embedded.Open(filepath.Join(d.p.home.Data, office.EventsFolder), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for r, err := range store.ReadAll(context.Background(), eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"崔大明", "末班车", "9902010", "99999902"} {
			if bytes.Contains(r.Data, []byte(secret)) || bytes.Contains(r.Metadata, []byte(secret)) {
				t.Fatalf("%s holds %q in clear", r.Type, secret)
			}
		}
	}
}

// What the public sees on a day: names in the village while the notice runs,
// masked on the web, nothing afterwards, and a collective line never.
func TestPublicLines(t *testing.T) {
	b := theDemo(t).b
	find := func(title string) domain.ID {
		for _, n := range b.Notices(0) {
			if n.Title == title {
				return n.ID
			}
		}
		t.Fatal(title)
		return domain.ID{}
	}
	winter := find("冬春生活补助名单")
	for _, c := range []struct {
		place string
		on    domain.Day
		lines int
		as    domain.Disclosure
	}{
		{"village-board", domain.Date(2021, 1, 27), 251, domain.FullNames},
		{"village-board", domain.Date(2021, 2, 3), 251, domain.FullNames},
		{"web", domain.Date(2021, 2, 3), 251, domain.MaskedNames},
		{"village-board", domain.Date(2021, 2, 4), 0, ""},
		{"village-board", domain.Date(2021, 1, 26), 0, ""},
	} {
		lines := b.PublicLines(winter, c.place, c.on)
		if len(lines) != c.lines || c.lines > 0 && lines[0].Disclosure != c.as {
			t.Errorf("%s on %s: %d lines", c.place, c.on, len(lines))
		}
	}
	for _, l := range b.PublicLines(find("中秋关怀（只公布人数）"), "web", domain.Date(2021, 9, 15)) {
		if l.Disclosure != domain.CountsOnly || l.People.People == 0 {
			t.Errorf("a collective line shows %+v", l)
		}
	}
}
