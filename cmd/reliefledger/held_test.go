package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"reliefledger.org/ledger/cmd/internal/office"
)

// officeEnv is what a test's processes of the program share: a ledger of two
// registrars in a folder.
type officeEnv struct {
	t   *testing.T
	dir string
}

func newOffice(t *testing.T) *officeEnv {
	o := &officeEnv{t, t.TempDir()}
	for _, args := range [][]string{
		{"officer", "key", "a.key"}, {"officer", "key", "b.key"},
		{"init", "--name", "账簿", "--unit", "单位", "--division", "410527", "--key", "a.key", "--key", "b.key"},
	} {
		if out, err := o.command(args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	return o
}

// command is the program as a process of its own: the test's binary.
func (o *officeEnv) command(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = o.dir
	cmd.Env = append(os.Environ(), asProgram+"=1", "HOME="+o.dir, "XDG_CONFIG_HOME="+filepath.Join(o.dir, "config"), "RELIEFLEDGER_DATA="+filepath.Join(o.dir, "ledger"), "LC_ALL=en_US.UTF-8")
	return cmd
}

// program is another program in the office's folder.
func (o *officeEnv) program(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = o.dir
	return cmd
}

// asProgram makes the test's binary the program.
const asProgram = "RELIEFLEDGER_TEST_PROGRAM"

func townOrder(name string) string {
	return fmt.Sprintf(`{"as":%q,"do":"register-unit","date":"2026-01-05","content":{"parent":"@open/unit","name":%q,"kind":"township","division":"410527"}}`, name, name)
}

// pipe is a `record --file -` that is fed line by line, and answers each.
type pipe struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string // room for all that a test asks
}

func (o *officeEnv) pipe() *pipe {
	o.t.Helper()
	cmd := o.command("record", "--file", "-", "--key", "a.key", "--json")
	in, err := cmd.StdinPipe()
	if err != nil {
		o.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		o.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	p := &pipe{cmd, in, make(chan string, 1000)}
	go func() {
		for scan := bufio.NewScanner(out); scan.Scan(); {
			p.lines <- scan.Text()
		}
		close(p.lines)
	}()
	return p
}

// ask sends an order and returns whether it was accepted now; false with ended
// if the process is gone.
func (p *pipe) ask(order string) (repeated, ended bool) {
	_, _ = fmt.Fprintln(p.in, order) // a process that is gone says so below
	line, more := <-p.lines
	if !more {
		return false, true
	}
	var answer office.Result
	if err := json.Unmarshal([]byte(line), &answer); err != nil {
		return false, true // an error, and then its end
	}
	return answer.Repeated, false
}

// towns counts how often each town stands in the ledger.
func (o *officeEnv) towns() map[string]int {
	o.t.Helper()
	out, err := o.command("show", "events", "--json").Output()
	if err != nil {
		o.t.Fatal(err)
	}
	count := map[string]int{}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		var e struct {
			Type string
			Open struct{ Name string }
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			o.t.Fatal(err)
		}
		if e.Type == "UnitRegistered" {
			count[e.Open.Name]++
		}
	}
	return count
}

// A pipe holds the folder, and the other commands go through it; it ends, and
// they go on.
func TestFolderHeldByAPipe(t *testing.T) {
	o := newOffice(t)
	first := o.pipe()
	if _, ended := first.ask(townOrder("一乡")); ended {
		t.Fatal("the first pipe ended")
	}
	second := o.pipe() // goes through the first
	if _, ended := second.ask(townOrder("二乡")); ended {
		t.Fatal("the second pipe ended")
	}
	if repeated, _ := second.ask(townOrder("一乡")); !repeated {
		t.Error("what the first recorded is not known to the second")
	}
	if n := o.towns(); n["一乡"] != 1 || n["二乡"] != 1 {
		t.Errorf("%v", n)
	}
	if out, err := o.command("record", "register-unit", "--key", "a.key", "--date", "2999-01-01", "--content", `{"parent":"@open/unit","name":"乡","division":"410527"}`).CombinedOutput(); err == nil || err.(*exec.ExitError).ExitCode() != office.Refused.Exit() {
		t.Errorf("a refusal through the holder: %v\n%s", err, out)
	}
	if err := first.in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.cmd.Wait(); err != nil {
		t.Errorf("the first pipe: %v", err)
	}
	if _, ended := second.ask(townOrder("三乡")); ended {
		t.Error("the second pipe ended with the first")
	}
	if n := o.towns(); n["三乡"] != 1 {
		t.Errorf("%v", n)
	}
	if err := second.in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := second.cmd.Wait(); err != nil {
		t.Errorf("the second pipe: %v", err)
	}
}

// Either side is killed again and again, in the middle of orders: each order is
// there once in the end, and nothing is half done.
func TestEitherSideIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("processes that are killed take some seconds")
	}
	o := newOffice(t)
	const pipes, each = 3, 60
	var wg sync.WaitGroup
	done := make(chan struct{})
	var mu sync.Mutex
	running := map[int]*pipe{}
	for k := range pipes {
		wg.Go(func() {
			p := o.pipe()
			for i := 0; i < each; {
				mu.Lock()
				running[k] = p
				mu.Unlock()
				if _, ended := p.ask(townOrder(fmt.Sprintf("乡%d-%d", k, i))); ended {
					_ = p.cmd.Wait()
					p = o.pipe() // the same order again, to another process
					continue
				}
				i++
			}
			_ = p.in.Close()
			_ = p.cmd.Wait()
		})
	}
	go func() { wg.Wait(); close(done) }()
	kills := 0
	for turn := 0; ; turn++ {
		select {
		case <-done:
		case <-time.After(70 * time.Millisecond): // what is killed when is left to the machine
			mu.Lock()
			if p := running[turn%pipes]; p != nil && kills < 12 {
				_ = p.cmd.Process.Kill()
				kills++
			}
			mu.Unlock()
			continue
		}
		break
	}
	count := o.towns()
	for k := range pipes {
		for i := range each {
			if name := fmt.Sprintf("乡%d-%d", k, i); count[name] != 1 {
				t.Errorf("%s stands %d times in the ledger", name, count[name])
			}
		}
	}
	if out, err := o.command("rebuild").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%d processes were killed", kills)
}
