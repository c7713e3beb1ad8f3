package storetest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"reliefledger.org/ledger/eventstore"
)

// mutant is a store that does one thing wrong.
type mutant struct {
	name     string
	caughtBy string // the check that must fail
	says     string // what it must say, as a regular expression
	alter    alter  // of a store in memory
	flaw     *flaw  // or of a far place
}

const (
	mutantVariable   = "STORETEST_MUTANT"
	patienceVariable = "STORETEST_PATIENCE"
)

// The suite fails on each of them, in the check that is meant for it and with
// the message that is meant. A test can't be made to fail without failing, so
// each runs in a process of its own.
func TestMutants(t *testing.T) {
	mutants := slices.Concat(appendMutants, readMutants, subscribeMutants, farMutants)
	if name, ok := os.LookupEnv(mutantVariable); ok {
		for _, m := range mutants {
			if m.name == name {
				m.run(t)
			}
		}
		return
	}
	if testing.Short() {
		t.Skip("starts a process for each mutant")
	}
	seen := map[string]bool{}
	for _, m := range mutants {
		if seen[m.name] {
			t.Errorf("two mutants are called %q", m.name)
		}
		seen[m.name] = true
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			// A mutant that shows only when goroutines meet may need more than one
			// run, and one that hangs more patience where the machine is busy.
			var why string
			for _, patience := range []time.Duration{time.Second, 3 * time.Second, 9 * time.Second} {
				if why = m.survives(t, patience); why == "" {
					return
				}
			}
			t.Error(why)
		})
	}
}

// survives says why the mutant is not caught as it should be, "" if it is.
func (m mutant) survives(t *testing.T, patience time.Duration) string {
	t.Helper()
	if !strings.Contains(m.says, "hangs") && !strings.Contains(m.says, "deadline") {
		patience = 20 * time.Second // only those use it up
	}
	check := strings.ReplaceAll(m.caughtBy, " ", "_")
	cmd := exec.Command(os.Args[0], "-test.run=^TestMutants$/^"+regexp.QuoteMeta(check)+"$", "-test.timeout=1m")
	cmd.Env = append(os.Environ(), mutantVariable+"="+m.name, patienceVariable+"="+patience.String())
	out, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	switch {
	case err == nil:
		return fmt.Sprintf("%q did not catch it:\n%s", m.caughtBy, out)
	case !errors.As(err, &failed):
		t.Fatal(err)
	case m.says == "" || !regexp.MustCompile(m.says).Match(out):
		return fmt.Sprintf("%q failed, but did not say %q:\n%.3000s", m.caughtBy, m.says, out)
	}
	return ""
}

func (m mutant) run(t *testing.T) {
	limit, err := time.ParseDuration(os.Getenv(patienceVariable))
	if err != nil {
		t.Fatal(err)
	}
	patience, slack = limit, limit/2
	if m.flaw != nil {
		RunPlace(t, func(t *testing.T) Place { return newFar(t, *m.flaw).place() })
		return
	}
	Run(t, func(t *testing.T) eventstore.Store { return m.alter(inMemory(t)) })
}

// A store to which nothing is done passes: what fails in a mutant is not the
// way in which it is made.
func TestUnaltered(t *testing.T) {
	Run(t, func(t *testing.T) eventstore.Store {
		return altered{Store: inMemory(t),
			append: func(s eventstore.Store, a args) (eventstore.Appended, error) {
				return s.Append(a.ctx, a.stream, a.expected, a.events)
			},
			everyRead: func(read seq) seq {
				return func(yield func(eventstore.Recorded, error) bool) {
					for e, err := range read {
						if !yield(e, err) {
							return
						}
					}
				}
			},
		}
	})
}

// Each check is meant for a mutant: one that catches none shows nothing.
func TestEachCheckCatchesSomething(t *testing.T) {
	known := map[string]bool{}
	for _, checks := range [][]check{alone, outlived, together, away} {
		for _, c := range checks {
			if known[c.name] {
				t.Errorf("two checks are called %q", c.name)
			}
			known[c.name] = true
		}
	}
	caught := map[string]bool{}
	for _, m := range slices.Concat(appendMutants, readMutants, subscribeMutants, farMutants) {
		if caught[m.caughtBy] = true; !known[m.caughtBy] {
			t.Errorf("mutant %q is to be caught by %q, which is no check", m.name, m.caughtBy)
		}
	}
	var idle []string
	for name := range known {
		if !caught[name] {
			idle = append(idle, name)
		}
	}
	if len(idle) > 0 {
		t.Errorf("%d checks catch no mutant: %q", len(idle), idle)
	}
}
