package ledger_test

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/esdb"
	"reliefledger.org/ledger/eventstore/node"
	"reliefledger.org/ledger/eventstore/vault"
)

var soak = flag.Duration("soak", 0, "how long TestSoak runs, 5m for a whole one; without it, it does not")

const (
	soakRounds   = 20
	soakPayments = 1000 // in each round: one list and one batch
	soakReaders  = 200
	soakClients  = 8 // connections that the readers share
	soakChild    = "soak"
)

// busyDay is what the county does on its busiest day, as a process of its own:
// it registers people, lists them, pays them, round by round.
func busyDay() error {
	length, err := time.ParseDuration(os.Getenv("RELIEFLEDGER_TEST_SOAK"))
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), 2*length+5*time.Minute)
	defer stop()
	s, err := openServer(ctx, os.Getenv(childAddress), os.Getenv(childVault), os.Getenv(childWrappingKey))
	if err != nil {
		return err
	}
	if err := found(ctx, s); err != nil {
		return err
	}
	do := func(name, by string, body domain.Command) error {
		if _, err := s.Do(ctx, order(name, by, body), officer(by)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}
	root := thing("open", "unit")
	for _, r := range []domain.Role{domain.Drafter, domain.Reviewer, domain.Approver, domain.Cashier} {
		if err := do(string(r), "registrar 1", &domain.AppointOfficer{Unit: root, Post: string(r), Name: domain.Plainly("某" + string(r)), Key: public(officer(string(r))), Roles: []domain.Role{r}}); err != nil {
			return err
		}
	}
	begun := time.Now()
	for round := range soakRounds {
		name := func(s string) string { return fmt.Sprint(s, " ", round) }
		fund := thing("fund", "fund")
		if err := do(name("receive"), "accountant", &domain.ReceiveFunds{Fund: fund, Source: domain.Source{Kind: domain.Treasury, Level: "county", Name: "县财政"}, Amount: soakPayments * 50000}); err != nil {
			return err
		}
		if err := do(name("allocation"), "accountant", &domain.Allocate{From: domain.From{Fund: fund}, Unit: root, Programme: thing("programme", "programme"), Purpose: "relief", Amount: soakPayments * 50000}); err != nil {
			return err
		}
		people, _ := errgroup.WithContext(ctx)
		people.SetLimit(64)
		rows := make([]domain.LineRow, soakPayments)
		for i := range rows {
			person := fmt.Sprintf("person %d %d", round, i)
			rows[i] = domain.LineRow{Beneficiary: thing(person, "party"), Give: []domain.Give{{Form: domain.Cash, Amount: 50000}}}
			people.Go(func() error {
				return do(person, "drafter", &domain.RegisterParty{Unit: root, Type: domain.Person, PersonalDetails: domain.PersonalDetails{Name: domain.Plainly("王某")}})
			})
		}
		if err := people.Wait(); err != nil {
			return err
		}
		allocation, notice := thing(name("allocation"), "allocation"), thing(name("notice"), "notice")
		var lines []domain.RowToPay
		for i := range rows {
			lines = append(lines, domain.RowToPay{Line: i + 1})
		}
		for _, step := range []struct {
			name, by string
			body     domain.Command
		}{
			{"notice", "drafter", &domain.DraftNotice{Allocation: allocation, Heading: domain.Heading{Title: "名单", Issuer: "县", Phone: "1", HowTo: "书面"}}},
			{"lines", "drafter", &domain.AddLines{Notice: notice, Rows: rows}},
			{"review", "reviewer", &domain.ReviewNotice{Notice: notice, Meeting: "党委会"}},
			{"confirm", "reviewer", &domain.ConfirmNotice{Notice: notice}},
			{"prepare", "accountant", &domain.PrepareBatch{Allocation: allocation, Form: domain.Cash, Rows: lines}},
			{"approve", "approver", &domain.ApproveBatch{Allocation: allocation, Batch: 1}},
			{"pay", "cashier", &domain.PayBatch{Allocation: allocation, Batch: 1}},
		} {
			if err := do(name(step.name), step.by, step.body); err != nil {
				return err
			}
		}
		fmt.Printf("round %d\n", round)
		select { // not faster than the day goes
		case <-time.After(time.Until(begun.Add(length * time.Duration(round+1) / soakRounds))):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	fmt.Println("done")
	return s.Close()
}

// A county's busiest day: 20,000 payments go through the client to a node with
// 200 readers, who miss nothing; the memory of the node and the readers stays
// flat, and no goroutine is left over. `make soak` runs it for five minutes.
func TestSoak(t *testing.T) {
	if *soak == 0 {
		t.Log("not run: -soak 5m")
		return
	}
	goroutines := runtime.NumGoroutine()
	ctx := t.Context()
	events, err := embedded.Create(filepath.Join(t.TempDir(), "events"), embedded.Options{CacheBytes: 16 << 20})
	if err != nil {
		t.Fatal(err)
	}
	n := node.New(events, node.Options{Anonymous: node.Write})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- n.Serve(l) }()
	address := "esdb://" + l.Addr().String() + "?tls=false"
	where, wrapping, key := filepath.Join(t.TempDir(), "vault.db"), filepath.Join(t.TempDir(), "wrapping-key"), vault.NewWrappingKey()
	if err := key.WriteFile(wrapping); err != nil {
		t.Fatal(err)
	}
	v, err := vault.CreateAt(ctx, where, county, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}

	// The readers: each counts what it sees, and that no event is missing.
	reading, stop := context.WithCancel(ctx)
	var readers sync.WaitGroup
	var seen [soakReaders]atomic.Uint64
	var clients [soakClients]*esdb.Store
	for i := range clients {
		if clients[i], err = esdb.Dial(ctx, address, esdb.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range soakReaders {
		readers.Go(func() {
			var last eventstore.Position
			for e, err := range clients[i%soakClients].Subscribe(reading, last) {
				if err != nil {
					if reading.Err() == nil {
						t.Errorf("reader %d: %v", i, err)
					}
					return
				}
				// The node's positions are the events' numbers: one more each time.
				at, _ := e.Position.Pair()
				if before, _ := last.Pair(); at != before+1 {
					t.Errorf("reader %d: an event at %d after that at %d", i, at, before)
				}
				last = e.Position
				seen[i].Add(1)
			}
		})
	}
	t.Setenv("RELIEFLEDGER_TEST_SOAK", soak.String())
	p := startProcess(t, soakChild, address, where, wrapping)
	heaps := []uint64{}
	begun := time.Now()
	for line := range p.lines {
		if line == "done" {
			break
		}
		// At rest, once all have read what there is: in between, the readers'
		// messages are on their way.
		count, _ := events.Head()
		for i := range seen {
			for seen[i].Load() < count && !t.Failed() {
				time.Sleep(time.Millisecond)
			}
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		heaps = append(heaps, m.HeapAlloc)
		t.Logf("%4.0f s  %s  %d events, heap %.1f MiB, %d goroutines", time.Since(begun).Seconds(), line, count, float64(m.HeapAlloc)/(1<<20), runtime.NumGoroutine())
	}
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("the county's process: %v", err)
	}
	count, _ := events.Head()
	for i := range seen {
		for want := count; seen[i].Load() < want; { // readers may be a moment behind
			if time.Since(begun) > 2**soak+time.Minute {
				t.Fatalf("reader %d has seen %d of %d events", i, seen[i].Load(), want)
			}
			time.Sleep(time.Millisecond)
		}
	}
	payments := 0
	for e, err := range events.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Type == "DisbursementMade" {
			payments++
		}
	}
	if payments != soakRounds*soakPayments {
		t.Errorf("%d payments, want %d", payments, soakRounds*soakPayments)
	}
	// Flat: the second half's largest is no more than the first half's and some
	// for the database's own tables, which grow with the events.
	half := len(heaps) / 2
	if early, late := slices.Max(heaps[:half]), slices.Max(heaps[half:]); late > early+early/10+16<<20 {
		t.Errorf("the heap grew from %d to %d bytes", early, late)
	}
	stop()
	readers.Wait()
	for _, c := range clients {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	n.Stop(ctx)
	if err := <-served; err != nil {
		t.Error(err)
	}
	if err := events.Close(); err != nil {
		t.Error(err)
	}
	for end := time.Now().Add(30 * time.Second); runtime.NumGoroutine() > goroutines && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	if left := runtime.NumGoroutine(); left > goroutines {
		buf := make([]byte, 1<<20)
		t.Errorf("%d goroutines before, %d after\n%s", goroutines, left, buf[:runtime.Stack(buf, true)])
	}
}
