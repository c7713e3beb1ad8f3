// Package vaulttest starts a PostgreSQL server of its own for each test of a vault
// that several servers share.
package vaulttest

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// startWait bounds the start of a server; it takes a second or two.
const startWait = time.Minute

// Server is a PostgreSQL server of a test's own: empty, on a free port of
// loopback, with its files in a temporary folder. It is stopped with the test,
// and also where the test's process dies.
type Server struct {
	t    testing.TB
	dir  string
	port int
	as   *syscall.SysProcAttr

	mu    sync.Mutex // guards what follows
	count int        // of databases
	cmd   *exec.Cmd
	alive io.WriteCloser // while it is open the server lives
}

// Postgres starts a server and returns the address of an empty database in it.
func Postgres(t testing.TB) string { return Start(t).Database() }

// Start starts a server. Where PostgreSQL is not installed the test fails and
// says how to install it.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, port: freePort(t)}
	var err error
	if s.dir, err = os.MkdirTemp("", "vaulttest"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(s.dir) })
	if os.Getuid() == 0 { // PostgreSQL refuses root
		s.as = &syscall.SysProcAttr{Credential: other(t)}
		if err := os.Chown(s.dir, int(s.as.Credential.Uid), int(s.as.Credential.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	initdb := exec.Command(program(t, "initdb"), "-D", filepath.Join(s.dir, "data"), "-U", "ledger", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = s.as, s.dir
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	s.Up()
	t.Cleanup(s.Down)
	return s
}

// Up starts the server again after Down, and waits until it answers.
func (s *Server) Up() {
	s.t.Helper()
	// A shell stands between: when this process dies its standard input ends,
	// and it stops the server.
	cmd := exec.Command("/bin/sh", "-c", `"$@" & pid=$!; read _; kill -INT $pid; wait $pid`, "sh",
		program(s.t, "postgres"), "-D", filepath.Join(s.dir, "data"), "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-k", s.dir)
	cmd.SysProcAttr, cmd.Dir = s.as, s.dir
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	alive, err := cmd.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	s.cmd, s.alive = cmd, alive
	s.mu.Unlock()
	for end := time.Now().Add(startWait); ; time.Sleep(20 * time.Millisecond) {
		if err = s.try("SELECT 1"); err == nil {
			return
		}
		if time.Now().After(end) {
			text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			s.t.Fatalf("PostgreSQL does not answer: %v\n%s", err, text)
		}
	}
}

// Down stops the server at once: connections break.
func (s *Server) Down() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return
	}
	_ = s.alive.Close()
	_ = s.cmd.Wait() // the shell's exit code is that of a server that was interrupted
	s.cmd = nil
}

// Database makes an empty database and returns its address.
func (s *Server) Database() string {
	s.t.Helper()
	s.mu.Lock()
	s.count++
	name := fmt.Sprintf("vault%d", s.count)
	s.mu.Unlock()
	if err := s.try("CREATE DATABASE " + name); err != nil {
		s.t.Fatal(err)
	}
	return s.address(name)
}

func (s *Server) address(database string) string {
	return fmt.Sprintf("postgres://ledger:secret@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

func (s *Server) try(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startWait)
	defer cancel()
	c, err := pgx.Connect(ctx, s.address("postgres"))
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	_, err = c.Exec(ctx, statement)
	return err
}

// program finds a program of PostgreSQL; Debian does not put them on the path.
func program(t testing.TB, name string) string {
	t.Helper()
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(found) > 0 {
		return found[len(found)-1]
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not there: this test needs PostgreSQL (apt-get install postgresql)", name)
	}
	return path
}

// other is a user who is not root.
func other(t testing.TB) *syscall.Credential {
	t.Helper()
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		if errUID == nil && errGID == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	t.Fatal("there is neither a user postgres nor nobody to run PostgreSQL as")
	return nil
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
