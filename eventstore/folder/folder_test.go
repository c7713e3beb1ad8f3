package folder

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/storetest"
)

func mustCreate(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Create(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustOpen(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(context.Background(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformanceOfTheHolder(t *testing.T) {
	storetest.Run(t, func(t *testing.T) eventstore.Store { return mustCreate(t, t.TempDir()) })
}

// Everybody goes through one holder, which ends when the place goes away: then one
// of those that went through it takes the hold.
func TestConformanceThroughTheHolder(t *testing.T) {
	if testing.Short() {
		t.Skip("absences take their time")
	}
	storetest.RunPlace(t, func(t *testing.T) storetest.Place {
		dir := t.TempDir()
		holder := mustCreate(t, dir)
		t.Cleanup(func() { holder.Close() })
		return storetest.Place{
			Open: func(t *testing.T) eventstore.Store { return mustOpen(t, dir) },
			Away: func() {
				if err := holder.Close(); err != nil {
					t.Error(err)
				}
			},
			Back: func() {
				s, err := Open(context.Background(), dir, Options{})
				if err != nil {
					t.Error(err)
					return
				}
				holder = s
			},
		}
	})
}

func oneEvent(id string) []eventstore.Event {
	return []eventstore.Event{{ID: uuid.NewSHA1(uuid.NameSpaceOID, []byte(id)), Type: "Noted", Data: []byte(`{"open":{},"private":{}}`), Metadata: []byte(`{}`)}}
}

// Who comes second goes through the first, and takes the hold when the first
// ends; nothing is lost and no subscription has a gap.
func TestHoldPassesOn(t *testing.T) {
	ctx := t.Context()
	dir := filepath.Join(t.TempDir(), strings.Repeat("很长的目录 %20?#", 12)) // no socket has such a long name
	first := mustCreate(t, dir)
	second := mustOpen(t, dir)
	third := mustOpen(t, dir)
	defer third.Close()
	if info, err := os.Stat(filepath.Join(dir, socketFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("socket: %v %v", info.Mode(), err)
	}
	seen := make(chan string, 100) // more than are written
	go func() {
		for e, err := range third.Subscribe(ctx, eventstore.Position{}) {
			if err != nil {
				close(seen)
				return
			}
			seen <- e.Stream + fmt.Sprint(e.Revision)
		}
	}()
	write := func(s *Store, i int, expected eventstore.Expected) {
		t.Helper()
		if _, err := s.Append(ctx, "s", expected, oneEvent(fmt.Sprint(i))); err != nil {
			t.Fatalf("append %d: %v", i, err)
		}
		if got := <-seen; got != fmt.Sprint("s", i) {
			t.Fatalf("saw %s after append %d", got, i)
		}
	}
	write(first, 0, eventstore.NoStream)
	write(second, 1, eventstore.At(0))
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again(t, second, third, func(s *Store) { write(s, 2, eventstore.At(1)) })
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	again(t, third, third, func(s *Store) { write(s, 3, eventstore.At(2)) })
	if third.Embedded() == nil {
		t.Error("the last one does not hold the folder")
	}
}

// again waits until one of those who are left answers, and calls f with it.
func again(t *testing.T, s, other *Store, f func(*Store)) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); s.Embedded() == nil && other.Embedded() == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nobody takes the hold")
		}
	}
	f(s)
}

func TestNoLedger(t *testing.T) {
	var none *eventstore.NotALedger
	if _, err := Open(t.Context(), t.TempDir(), Options{}); !errors.As(err, &none) {
		t.Errorf("%v", err)
	}
}

const (
	childVariable = "RELIEFLEDGER_TEST_FOLDER"
	childName     = "RELIEFLEDGER_TEST_CHILD"
	childAppends  = 150
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		if err := child(dir, os.Getenv(childName)); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// child appends its events, the same ones however often it is started, each
// until it is acknowledged.
func child(dir, name string) error {
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	defer stop()
	s, err := Open(ctx, dir, Options{})
	if err != nil {
		return err
	}
	expected := eventstore.NoStream
	for i := range childAppends {
		for {
			done, err := s.Append(ctx, name, expected, oneEvent(fmt.Sprint(name, i)))
			var unknown *eventstore.OutcomeUnknown
			var away *eventstore.Unavailable
			if errors.As(err, &unknown) || errors.As(err, &away) {
				continue
			}
			if err != nil {
				return fmt.Errorf("append %d: %w", i, err)
			}
			expected = eventstore.At(done.Revision)
			fmt.Println(i)
			break
		}
	}
	return s.Close()
}

// Processes at one folder, whose holder is killed again and again: each event
// that was acknowledged is there, once, in its place.
func TestHolderIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("processes that are killed take some seconds")
	}
	const children = 5
	dir := t.TempDir()
	if err := mustCreate(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	start := func(k int) (*exec.Cmd, chan string) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childVariable+"="+dir, fmt.Sprintf("%s=child-%d", childName, k))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		lines := make(chan string, childAppends+1) // all it ever says
		go func() {
			for scan := bufio.NewScanner(out); scan.Scan(); {
				lines <- scan.Text()
			}
			close(lines)
		}()
		return cmd, lines
	}
	var cmds [children]*exec.Cmd
	var lines [children]chan string
	for k := range children {
		cmds[k], lines[k] = start(k)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	kills := 0
	for k := 0; k < children; {
		line, more := <-lines[k]
		if !more {
			if err := cmds[k].Wait(); err == nil {
				k++ // it has appended all
				continue
			}
			cmds[k], lines[k] = start(k) // it was the holder; the same again
			continue
		}
		if strings.HasPrefix(line, "failed") {
			t.Fatal(line)
		}
		if random.IntN(25) == 0 && kills < 12 {
			pid := holderOf(dir)
			for _, cmd := range cmds {
				if cmd.Process.Pid == pid && cmd.Process.Kill() == nil { // not one that is waited for already
					kills++
				}
			}
		}
	}
	s := mustOpen(t, dir)
	defer s.Close()
	for k := range children {
		i := 0
		for e, err := range s.ReadStream(t.Context(), fmt.Sprintf("child-%d", k), 0, eventstore.Forwards) {
			if err != nil {
				t.Fatal(err)
			}
			if want := oneEvent(fmt.Sprintf("child-%d%d", k, i)); e.ID != want[0].ID {
				t.Fatalf("child %d: revision %d is another event", k, i)
			}
			i++
		}
		if i != childAppends {
			t.Errorf("child %d has %d events, want %d", k, i, childAppends)
		}
	}
	if kills < 3 {
		t.Errorf("the holder was killed %d times only", kills)
	}
	t.Logf("the holder was killed %d times", kills)
}

func holderOf(dir string) int {
	text, err := os.ReadFile(filepath.Join(dir, "HOLDER"))
	var h struct{ PID int }
	if err != nil || json.Unmarshal(text, &h) != nil || h.PID == os.Getpid() {
		return 0
	}
	return h.PID
}
