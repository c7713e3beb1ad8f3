package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts in testdata/script run the program as its users do.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, "config"))
			env.Setenv("RELIEFLEDGER_DATA", filepath.Join(env.WorkDir, "ledger"))
			env.Setenv("LC_ALL", "en_US.UTF-8")
			env.Setenv(raceOptions, os.Getenv(raceOptions))
			sheets, err := filepath.Abs(filepath.Join("..", "internal", "sheets", "testdata"))
			env.Setenv("SHEETS", sheets)
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  exits,
			"pick":   pickValue,
			"digest": digest,
			"torn":   torn,
			"spoil":  spoil,
			"hides":  hides,

			"numbered":    numbered,
			"answer":      answer,
			"fixedanswer": fixedAnswer,
			"statement":   statement,
			"damage":      harm,
			"start":       startNode,
			"end":         stopServing,
			"get":         getPage,
			"same":        sameOutput,
			"standin":     standIn(t),
		},
	})
}

// exits runs the program and wants an exit code: exits 3 record …
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE ARGS")
	}
	stdout := filepath.Join(ts.Getenv("WORK"), "stdout")
	code, out, err := runProgram(ts, args[1:])
	ts.Check(os.WriteFile(stdout, []byte(out), 0o600))
	fmt.Fprint(ts.Stdout(), out)
	fmt.Fprint(ts.Stderr(), err)
	if got := string(rune('0' + code)); got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

// runProgram runs the program as a process of its own, with the script's
// environment.
func runProgram(ts *testscript.TestScript, args []string) (code int, stdout, stderr string) {
	cmd := programCommand(ts, args)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Fatalf("%v", err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

func programCommand(ts *testscript.TestScript, args []string) *exec.Cmd {
	program := ""
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path := filepath.Join(dir, "reliefledger"); program == "" {
			if _, err := os.Stat(path); err == nil {
				program = path
			}
		}
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "XDG_CONFIG_HOME", "RELIEFLEDGER_DATA", "LC_ALL"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	return cmd
}

// sameOutput wants two ledgers to show the same: same DATA DATA ARGS
func sameOutput(ts *testscript.TestScript, _ bool, args []string) {
	var out [2]string
	for i, data := range args[:2] {
		var code int
		var errs string
		if code, out[i], errs = runProgram(ts, append(args[2:len(args):len(args)], "--data", ts.MkAbs(data))); code != 0 {
			ts.Fatalf("%s: exit code %d\n%s", data, code, errs)
		}
	}
	if out[0] != out[1] || out[0] == "" {
		ts.Fatalf("%s and %s show different things:\n%s\n%s", args[0], args[1], out[0], out[1])
	}
}

// running are the nodes of the scripts that run, by a script's folder and name.
var running sync.Map

// startNode starts a process that serves, and waits until it does; it sets two
// variables to the addresses that its log names: start NAME ADDRESS METRICS ARGS
func startNode(ts *testscript.TestScript, _ bool, args []string) {
	cmd := programCommand(ts, args[3:])
	stderr, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	running.Store(ts.Getenv("WORK")+args[0], cmd)
	ts.Defer(func() { _ = cmd.Process.Kill() })
	scan := bufio.NewScanner(stderr)
	for scan.Scan() {
		_, address, _ := strings.Cut(scan.Text(), "address=")
		address, _, _ = strings.Cut(address, " ")
		switch {
		case strings.Contains(scan.Text(), "msg=metrics"):
			ts.Setenv(args[2], address)
		case strings.Contains(scan.Text(), "msg=serving"):
			ts.Setenv(args[1], address)
			go func() { _, _ = io.Copy(io.Discard, stderr) }()
			return
		}
	}
	ts.Fatalf("%s ended before it served", strings.Join(args[3:], " "))
}

// stopServing asks a process to stop, and wants it to end well.
func stopServing(ts *testscript.TestScript, _ bool, args []string) {
	cmd, ok := running.LoadAndDelete(ts.Getenv("WORK") + args[0])
	if !ok {
		ts.Fatalf("%s is not running", args[0])
	}
	ts.Check(cmd.(*exec.Cmd).Process.Signal(os.Interrupt))
	ts.Check(cmd.(*exec.Cmd).Wait())
}

// getPage wants a page to answer 200 with something in it: get URL PATTERN
func getPage(ts *testscript.TestScript, _ bool, args []string) {
	page, err := http.Get(args[0])
	ts.Check(err)
	defer page.Body.Close()
	text, err := io.ReadAll(page.Body)
	ts.Check(err)
	if page.StatusCode != http.StatusOK || !regexp.MustCompile(args[1]).Match(text) {
		ts.Fatalf("%s: %s\n%s", args[0], page.Status, text)
	}
}

// pick sets a variable to a value of the JSON in stdout: pick NAME path.to.value
func pickValue(ts *testscript.TestScript, _ bool, args []string) {
	text, err := os.ReadFile(filepath.Join(ts.Getenv("WORK"), "stdout"))
	ts.Check(err)
	var v any
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	ts.Check(dec.Decode(&v))
	for _, key := range strings.Split(args[1], ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[key]
		case []any:
			v = x[int(key[0]-'0')]
		}
	}
	if v == nil {
		ts.Fatalf("there is no %s", args[1])
	}
	ts.Setenv(args[0], fmt.Sprint(v))
}

// digest sets a variable to the hash of the events that a ledger shows, for
// comparing before and after; "digest = NAME" compares.
func digest(ts *testscript.TestScript, _ bool, args []string) {
	_, out, _ := runProgram(ts, []string{"show", "events", "--json"})
	sum := sha256.Sum256([]byte(out))
	now := hex.EncodeToString(sum[:])
	if args[0] == "=" {
		if ts.Getenv(args[1]) != now {
			ts.Fatalf("the events are not what they were")
		}
		return
	}
	ts.Setenv(args[0], now)
}

// torn cuts a file in half.
func torn(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	text, err := os.ReadFile(path)
	ts.Check(err)
	ts.Check(os.WriteFile(path, text[:len(text)/2], fs.FileMode(0o600)))
}

// numbered sets a variable to the number of the last event of a type.
func numbered(ts *testscript.TestScript, _ bool, args []string) {
	_, out, _ := runProgram(ts, []string{"show", "events", "--json"})
	number := ""
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		var e struct {
			Number uint64
			Type   string
		}
		ts.Check(json.Unmarshal([]byte(line), &e))
		if e.Type == args[1] {
			number = fmt.Sprint(e.Number)
		}
	}
	ts.Setenv(args[0], number)
}

// bankRows reads the payments of a file that the bank was given: reference,
// account, amount.
func bankRows(ts *testscript.TestScript, file string) [][]string {
	var rows [][]string
	for i, line := range strings.Split(strings.TrimSpace(ts.ReadFile(file)), "\r\n") {
		if cells := strings.Split(line, ","); i > 0 && cells[0] != "合计" {
			rows = append(rows, []string{cells[1], cells[2], cells[4]})
		}
	}
	return rows
}

// answer writes what the bank says: answer SENT FILE ROW=STATUS,... [OLD NEW],
// where OLD is replaced by NEW once.
func answer(ts *testscript.TestScript, _ bool, args []string) {
	rows := bankRows(ts, args[0])
	text := "参考号,收款账号,金额,处理结果\r\n"
	for _, say := range strings.Split(args[2], ",") {
		no, status, _ := strings.Cut(say, "=")
		i, err := strconv.Atoi(no)
		ts.Check(err)
		text += strings.Join(append(rows[i-1], status), ",") + "\r\n"
	}
	if len(args) == 5 {
		text = strings.Replace(text, args[3], args[4], 1)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

// fixedAnswer writes the answer to a file of fixed text: a status behind each
// line.
func fixedAnswer(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.ReplaceAll(ts.ReadFile(args[0]), "\r\n", args[2]+"\r\n")
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

// statement writes an account's statement: the row of a file that was sent, the
// same coming back never, a fee, and no line for the others: statement FILE SENT
// ROW DAY OTHER.
func statement(ts *testscript.TestScript, _ bool, args []string) {
	rows := bankRows(ts, args[1])
	row, err := strconv.Atoi(args[2])
	ts.Check(err)
	second := strings.Fields(strings.Split(ts.ReadFile(args[4]), "\r\n")[1][9:29])[0]
	text := "交易日期,摘要,支出,收入\r\n" +
		args[3] + ",代发 " + rows[row-1][0] + "," + rows[row-1][2] + ",\r\n" +
		"2026/1/16,代发" + second + "，救助,260.00,\r\n" +
		"20260120,退票 " + rows[2][0] + ",,260.00\r\n" +
		"2026年1月21日,手续费,2.00,\r\n合计,,522.00,260.00\r\n"
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// hides fails if a file below a folder has a text in it.
func hides(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), args[1]) {
			ts.Fatalf("%s has %q in it", path, args[1])
		}
		return err
	}))
}

// harm alters or removes every file below a folder.
func harm(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		if args[1] == "remove" {
			return os.Remove(path)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text[len(text)/2] ^= 1
		return os.WriteFile(path, text, 0o600)
	}))
}

// spoil changes bytes in the middle of the largest file of a folder.
func spoil(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	entries, err := os.ReadDir(dir)
	ts.Check(err)
	largest, size := "", int64(0)
	for _, e := range entries {
		info, err := e.Info()
		ts.Check(err)
		if info.Size() > size {
			largest, size = filepath.Join(dir, e.Name()), info.Size()
		}
	}
	text, err := os.ReadFile(largest)
	ts.Check(err)
	for i := size / 3; i < size/3+64 && i < size; i++ {
		text[i] ^= 0xff
	}
	ts.Check(os.WriteFile(largest, text, 0o600))
}
