package ledger_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
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

var (
	soak        = flag.Duration("soak", 0, "how long TestSoak runs, 5m for a whole one; without it, it does not")
	soakReaders = flag.Int("soak.readers", 200, "how many read along in TestSoak")
)

const (
	soakRounds   = 20
	soakPayments = 1000 // in each round: one list and one batch
	soakClients  = 8    // connections that the readers share
	soakChild    = "soak"
)

// What a process may hold at rest more than when it was warm, which is after
// three rounds: once more than the first minute of ten has gone. Memory at rest
// is the heap after a collection, between two rounds.
//
// What the node knows of streams and recent ids is bounded, to some 12 MiB, which
// fill in the course of the day; beyond that its state does not grow with the
// events. The county's process has the ledger itself in memory, which must hold
// something of every payment: soakPerEvent for each event since it was warm, where
// 1.55 KiB were measured. A leak that grows with the time alone is seen by the
// first bound of either; one that grows with the work, if either keeps some 0.7 KiB
// of each event more than it needs. No goroutine may be more but those of
// compactions and flushes that are just under way.
const (
	soakWarm       = 2        // the round after which a process is warm
	soakNode       = 24 << 20 // bytes
	soakCounty     = 8 << 20  // bytes, for tables that have just doubled
	soakPerEvent   = 2 << 10  // bytes; a payment with all before it is two events
	soakGoroutines = 8
)

// soakProfileRate is how many bytes of the heap there are to a sample of the
// profile: a block of Pebble's cache has a few.
const soakProfileRate = 4 << 10

// resting is a process between two rounds.
type resting struct {
	heap       uint64
	goroutines int
}

func atRest() resting {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what pools and finalizers held goes with the second
	runtime.ReadMemStats(&m)
	return resting{m.HeapAlloc - min(m.HeapAlloc, manual()), runtime.NumGoroutine()}
}

// manual is the part of the heap that is not Go's: the tables in memory and the
// block cache, which Pebble bounds and takes from C, and under the race detector
// in half of all processes from Go. It is estimated from the profile.
func manual() (bytes uint64) {
	n, _ := runtime.MemProfile(nil, false)
	records := make([]runtime.MemProfileRecord, n+1000)
	n, _ = runtime.MemProfile(records, false)
	for _, r := range records[:n] {
		frames := runtime.CallersFrames(r.Stack())
		for more := r.InUseObjects() > 0; more; {
			var f runtime.Frame
			f, more = frames.Next()
			if strings.Contains(f.Function, "pebble/v2/internal/manual.New") {
				// An object is sampled the likelier the larger it is.
				size := float64(r.InUseBytes()) / float64(r.InUseObjects())
				bytes += uint64(float64(r.InUseBytes()) / (1 - math.Exp(-size/soakProfileRate)))
				break
			}
		}
	}
	return bytes
}

// flat says what of a process has grown more than it may.
func flat(t *testing.T, who string, warm, now resting, bytes uint64) {
	t.Helper()
	if now.heap > warm.heap+bytes {
		t.Errorf("%s: the heap at rest grew from %d to %d bytes, which is more than %d", who, warm.heap, now.heap, bytes)
	}
	if now.goroutines > warm.goroutines+soakGoroutines {
		t.Errorf("%s: %d goroutines at rest, %d when it was warm", who, now.goroutines, warm.goroutines)
	}
}

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
		at := atRest()
		fmt.Printf("round %d %d %d\n", round, at.heap, at.goroutines)
		if _, err := fmt.Scanln(); err != nil { // once the other side has measured too
			return err
		}
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
// 200 readers, who miss nothing; memory stays flat, that of the node with the
// readers and that of the county, and no goroutine is left over. `make soak` runs
// it for five minutes, `make soak-race` for ten.
func TestSoak(t *testing.T) {
	if *soak == 0 {
		t.Log("not run: -soak 5m")
		return
	}
	runtime.MemProfileRate = soakProfileRate // before there is anything to measure
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
	seen := make([]atomic.Uint64, *soakReaders)
	var clients [soakClients]*esdb.Store
	for i := range clients {
		if clients[i], err = esdb.Dial(ctx, address, esdb.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range seen {
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
	var warmNode, warmCounty resting
	var warmCount uint64
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
		var round int
		var county resting
		if _, err := fmt.Sscanf(line, "round %d %d %d", &round, &county.heap, &county.goroutines); err != nil {
			t.Fatalf("the county's process says %q: %v", line, err)
		}
		here := atRest()
		t.Logf("%4.0f s  round %2d  %6d events  node: heap %5.1f MiB, %d goroutines  county: heap %5.1f MiB, %d goroutines",
			time.Since(begun).Seconds(), round, count,
			float64(here.heap)/(1<<20), here.goroutines, float64(county.heap)/(1<<20), county.goroutines)
		if round == soakWarm {
			warmNode, warmCounty, warmCount = here, county, count
		}
		if round > soakWarm {
			flat(t, "the node", warmNode, here, soakNode)
			flat(t, "the county", warmCounty, county, soakCounty+soakPerEvent*(count-warmCount))
		}
		if _, err := p.in.Write([]byte("\n")); err != nil {
			t.Fatal(err)
		}
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
