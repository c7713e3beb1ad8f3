package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  exits,
			"pick":   pickValue,
			"digest": digest,
			"torn":   torn,
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

// runProgram runs the real command with the script's environment.
func runProgram(ts *testscript.TestScript, args []string) (code int, stdout, stderr string) {
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "RELIEFLEDGER_DATA", "LC_ALL"} {
		old, had := os.LookupEnv(name)
		ts.Check(os.Setenv(name, ts.Getenv(name)))
		defer func() {
			if had {
				os.Setenv(name, old)
			} else {
				os.Unsetenv(name)
			}
		}()
	}
	wd, err := os.Getwd()
	ts.Check(err)
	ts.Check(os.Chdir(ts.MkAbs(".")))
	defer os.Chdir(wd)
	outs := make([]*os.File, 2)
	saved := []*os.File{os.Stdout, os.Stderr}
	for i := range outs {
		outs[i], err = os.CreateTemp("", "out")
		ts.Check(err)
		defer os.Remove(outs[i].Name())
	}
	os.Stdout, os.Stderr = outs[0], outs[1]
	code = run(context.Background(), args)
	os.Stdout, os.Stderr = saved[0], saved[1]
	var text [2]string
	for i, f := range outs {
		ts.Check(f.Close())
		b, err := os.ReadFile(f.Name())
		ts.Check(err)
		text[i] = string(b)
	}
	return code, text[0], text[1]
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
