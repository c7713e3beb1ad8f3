package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/projections"
	"reliefledger.org/ledger/testdata/campaigns"
)

// A report says that 256 workers in difficulty were helped; the events say so too, and
// which they are.
func ExampleFigures() {
	d, err := demonstration()
	if err != nil {
		panic(err)
	}
	list, err := Figures(d.b, "")
	if err != nil {
		panic(err)
	}
	fmt.Println(Proven(list), "of", len(list), "rows are proven")
	for _, f := range list {
		if f.Report == 2 && f.ID == "hard-up-workers" {
			fmt.Println(f.Figure, "is", f.Value, "by", len(f.Events), "events")
		}
	}
	// Output:
	// 75 of 75 rows are proven
	// 256 is 256 by 256 events
}

func TestAllFiguresAreProven(t *testing.T) {
	d := theDemo(t)
	list, err := Figures(d.b, "")
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
	store, err := embedded.Open(filepath.Join(d.home.Data, office.EventsFolder), embedded.Options{})
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
		list, err := Figures(b, "")
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

// Figures of a file that cannot be read are wrong input; those of another source are
// not proven.
func TestFiguresOfAFile(t *testing.T) {
	b := theDemo(t).b
	dir := t.TempDir()
	for _, x := range []struct {
		name, text string
		figures    int
		wrong      bool
	}{
		{"torn.jsonl", `{"report":1,"id":"x`, 0, true},
		{"none.jsonl", "", 0, false},
		{"other.jsonl", `{"report":2,"id":"x","figure":"1","query":{"from":"nothing","value":"count"}}`, 1, false},
	} {
		name := filepath.Join(dir, x.name)
		if err := os.WriteFile(name, []byte(x.text), 0o600); err != nil {
			t.Fatal(err)
		}
		list, err := Figures(b, name)
		if (err != nil) != x.wrong || x.wrong && office.KindOf(err) != office.Unreadable || len(list) != x.figures || Proven(list) != 0 {
			t.Errorf("%s: %+v %v", x.name, list, err)
		}
	}
	if _, err := Figures(b, filepath.Join(dir, "missing.jsonl")); office.KindOf(err) != office.Unreadable {
		t.Error("a file that is not there:", err)
	}
}
