package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/summary"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/projections"
)

var update = flag.Bool("update", false, "write the golden summaries again")

// demonstration is filled once, through the commands, and read by all tests.
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

var demoDir string // of demonstration, once it was asked for

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
