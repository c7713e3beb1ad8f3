package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"reliefledger.org/ledger/cmd/internal/demo"
	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/projections"
)

var (
	kills     = flag.Int("kills", 10, "how often TestKilledDemo kills a demonstration")
	killsSeed = flag.Uint64("kills.seed", 0, "the seed of its moments; 0: another each time")
)

// longestLife is when a demonstration is killed at the latest: before the end of
// one that nobody kills, so that each life is cut, and all of them together reach
// every part.
const longestLife = 1500 * time.Millisecond

// longestMaking is how long a folder is being made, and a little more.
const longestMaking = 25 * time.Millisecond

// A demonstration that is killed again and again, each time at a random moment,
// and run again until it is done, comes to the balances and figures of one that
// nobody killed. The moments are drawn from a seed, but what a process has done
// by then is the machine's affair.
func TestKilledDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("whole demonstrations take some seconds")
	}
	want := saidByBooks(t, theDemo(t).b, theDemo(t).p)
	seed := *killsSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("replay about the same: go test ./cmd/reliefledger -run '^TestKilledDemo$' -kills=%d -kills.seed=%d -v", *kills, seed)
	r := rand.New(rand.NewPCG(seed, 0))
	killed, whole, making := 0, 0, 0
	for killed < *kills {
		o := &officeEnv{t, t.TempDir()}
		perDemo := 2 + r.IntN(6)
		for done := false; !done; {
			cmd := o.command("demo", "--data", "ledger")
			var said strings.Builder
			cmd.Stderr = &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			var moment <-chan time.Time // none: this one may end
			if killed < *kills && perDemo > 0 {
				moment = time.After(time.Duration(r.Int64N(int64(longestLife))))
				if _, err := os.Stat(filepath.Join(o.dir, "ledger")); err != nil && r.IntN(3) > 0 {
					moment = whileMade(filepath.Join(o.dir, "ledger.making"), time.Duration(r.Int64N(int64(longestMaking))))
				}
			}
			select {
			case <-moment:
				_ = cmd.Process.Kill()
				<-ended
				killed++
				perDemo--
				if _, err := os.Stat(filepath.Join(o.dir, "ledger", office.AboutFile)); err != nil {
					making++
				}
			case err := <-ended:
				if err != nil {
					t.Fatalf("after %d kills: %v\n%s", killed, err, &said)
				}
				done = true
			}
		}
		whole++
		p := &program{home: office.Home{Data: filepath.Join(o.dir, "ledger")}, langFlag: "zh"}
		b, err := readBooks(p, true)
		if err != nil {
			t.Fatal(err)
		}
		same(t, saidByBooks(t, b, p), want)
	}
	t.Logf("%d processes were killed on the way to %d demonstrations, %d of them before there was a ledger", killed, whole, making)
}

// whileMade fires some time after a folder began to be made, or never did.
func whileMade(folder string, after time.Duration) <-chan time.Time {
	fire := make(chan time.Time, 1)
	go func() {
		for end := time.Now().Add(longestLife); time.Now().Before(end); time.Sleep(time.Millisecond) {
			if _, err := os.Stat(folder); err == nil {
				break
			}
		}
		fire <- <-time.After(after)
	}()
	return fire
}

// saidByBooks is what a demonstration comes to: its balances, its figures, and
// how many events of each type there are.
func saidByBooks(t *testing.T, b *projections.Books, p *program) []string {
	t.Helper()
	var said []string
	say := func(what string, v any) {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		said = append(said, what+" "+string(text))
	}
	if n := b.State.Owed(); n > 0 || len(b.State.Unfolded) > 0 || len(b.Unreadable) > 0 {
		t.Errorf("%d steps are owed; %+v; %v", n, b.State.Unfolded, b.Unreadable)
	}
	for _, by := range projections.Dimensions {
		for _, row := range b.Balances(by) {
			say(string(by), row)
		}
	}
	figures, err := demo.Figures(b, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range figures {
		say("figure", []any{f.Report, f.ID, f.Value, f.OK, len(f.Events)})
	}
	types := map[string]int{}
	for e := range b.Events() {
		types[e.Type]++
	}
	say("events", types)
	slices.Sort(said)
	return said
}

func same(t *testing.T, have, want []string) {
	t.Helper()
	for _, line := range want {
		if !slices.Contains(have, line) {
			t.Errorf("missing: %s", line)
		}
	}
	if len(have) != len(want) {
		t.Errorf("%d balances and figures, want %d", len(have), len(want))
	}
}

// Sixteen processes ask for the folder at once: one holds it, and all are
// served.
func TestSixteenAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("sixteen processes take some seconds")
	}
	o := newOffice(t)
	const processes, each = 16, 5
	var pipes [processes]*pipe
	for k := range pipes {
		pipes[k] = o.pipe()
	}
	var wg sync.WaitGroup
	for k, p := range pipes {
		wg.Go(func() {
			for i := range each {
				if repeated, ended := p.ask(townOrder(fmt.Sprintf("乡%d-%d", k, i))); ended || repeated {
					t.Errorf("process %d, order %d: ended %v, repeated %v", k, i, ended, repeated)
					return
				}
			}
			if err := p.in.Close(); err != nil {
				t.Error(err)
			}
			if err := p.cmd.Wait(); err != nil {
				t.Errorf("process %d: %v", k, err)
			}
		})
	}
	wg.Wait()
	count := o.towns()
	for k := range processes {
		for i := range each {
			if name := fmt.Sprintf("乡%d-%d", k, i); count[name] != 1 {
				t.Errorf("%s stands %d times in the ledger", name, count[name])
			}
		}
	}
}

// A disk that is full in the middle of a demonstration: the error says so, and
// once there is room again, running it again ends as if nothing had been. Small
// disks are made by mounting, which only root may.
func TestFullDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("whole demonstrations take some seconds")
	}
	want := saidByBooks(t, theDemo(t).b, theDemo(t).p)
	for _, size := range []string{"64k", "1m", "4m", "10m"} {
		o := &officeEnv{t, t.TempDir()}
		disk := filepath.Join(o.dir, "disk")
		if err := os.Mkdir(disk, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size="+size); err != nil {
			t.Logf("not run: no small disk can be mounted (%v)", err)
			return
		}
		t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
		demo := func() (code int, said string) {
			out, err := o.command("demo", "--data", filepath.Join(disk, "ledger")).CombinedOutput()
			if exit, ok := err.(*exec.ExitError); ok {
				return exit.ExitCode(), string(out)
			} else if err != nil {
				t.Fatal(err)
			}
			return 0, string(out)
		}
		for range 2 { // and again while it is full
			code, said := demo()
			t.Logf("%s: exit code %d: %s", size, code, strings.TrimSpace(said))
			if code != office.Failed.Exit() && code != office.Unknown.Exit() || !strings.Contains(said, "no space left") && !strings.Contains(said, "disk is full") {
				t.Errorf("%s: exit code %d\n%s", size, code, said)
			}
			if strings.Contains(said, "goroutine") {
				t.Errorf("%s: it broke down:\n%s", size, said)
			}
		}
		if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=200m"); err != nil {
			t.Fatal(err)
		}
		if code, said := demo(); code != 0 {
			t.Fatalf("%s, after there is room: exit code %d\n%s", size, code, said)
		}
		p := &program{home: office.Home{Data: filepath.Join(disk, "ledger")}, langFlag: "zh"}
		b, err := readBooks(p, true)
		if err != nil {
			t.Fatal(err)
		}
		same(t, saidByBooks(t, b, p), want)
	}
}
