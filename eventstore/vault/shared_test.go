package vault

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore/vault/vaulttest"
)

const (
	childAddress = "RELIEFLEDGER_TEST_VAULT"
	childKey     = "RELIEFLEDGER_TEST_WRAPPING_KEY"
	sharedIDs    = 300
)

// TestMain lets the test's binary be one of several processes.
func TestMain(m *testing.M) {
	if address := os.Getenv(childAddress); address != "" {
		if err := child(address, os.Getenv(childKey)); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func sharedID(i int) uuid.UUID { return uuid.NewSHA1(ledger, fmt.Append(nil, i)) }

// child makes the keys that all make, claims the numbers that all claim, and
// says what it got.
func child(address, path string) error {
	key, err := ReadWrappingKey(path)
	if err != nil {
		return err
	}
	v, err := OpenAt(ctx, address, ledger, key)
	if err != nil {
		return err
	}
	me := uuid.New()
	for i := range sharedIDs {
		id := sharedID(i)
		if err := v.EnsureKeys(ctx, id); err != nil {
			return err
		}
		tag, err := v.Tag(ctx, id, "name", "张三")
		if err != nil {
			return err
		}
		owner, err := v.ClaimNumber(ctx, fmt.Sprint("number ", i), me)
		if err != nil {
			return err
		}
		fmt.Printf("%d %x %s\n", i, tag, owner)
	}
	return v.Close()
}

// Processes that share a vault, some of them killed, have the same keys and the
// same owners of numbers.
func TestSharedByProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("processes take some seconds")
	}
	everywhere(t, func(t *testing.T, v *Vault, address string, key WrappingKey) {
		file := filepath.Join(t.TempDir(), "key")
		if err := key.WriteFile(file); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		said := map[string]string{} // what the first process said of each id
		var wg sync.WaitGroup
		for k := range 6 {
			wg.Go(func() {
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), childAddress+"="+address, childKey+"="+file)
				out, err := cmd.StdoutPipe()
				if err != nil {
					t.Error(err)
					return
				}
				if err := cmd.Start(); err != nil {
					t.Error(err)
					return
				}
				lines := 0
				for scan := bufio.NewScanner(out); scan.Scan(); lines++ {
					n, rest, _ := strings.Cut(scan.Text(), " ")
					if n == "failed" {
						t.Error(rest)
					}
					mu.Lock()
					if before, known := said[n]; known && before != rest {
						t.Errorf("id %s is %s to one process and %s to another", n, before, rest)
					}
					said[n] = rest
					mu.Unlock()
					if k < 2 && lines == 100*(k+1) {
						_ = cmd.Process.Kill()
					}
				}
				if err := cmd.Wait(); err != nil && k >= 2 {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(said) != sharedIDs {
			t.Errorf("%d ids, want %d", len(said), sharedIDs)
		}
		for i := range sharedIDs {
			tag, err := v.Tag(ctx, sharedID(i), "name", "张三")
			owner, _, _ := v.PartyOf(ctx, fmt.Sprint("number ", i))
			if have := fmt.Sprintf("%x %s", tag, owner); err != nil || have != said[fmt.Sprint(i)] {
				t.Fatalf("id %d is %s here and %s to the processes (%v)", i, have, said[fmt.Sprint(i)], err)
			}
		}
	})
}

// A key that another process deleted is not used for long.
func TestDeletedElsewhere(t *testing.T) {
	everywhere(t, func(t *testing.T, v *Vault, address string, key WrappingKey) {
		if err := v.EnsureKeys(ctx, person); err != nil {
			t.Fatal(err)
		}
		if _, err := v.Tag(ctx, person, "name", "x"); err != nil {
			t.Fatal(err)
		}
		other, err := OpenAt(ctx, address, ledger, key)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		if _, err := other.db.Exec(other.dialect.bind(`DELETE FROM keys WHERE id = ?`), person[:]); err != nil {
			t.Fatal(err)
		}
		v.forget() // as it does in time
		if _, err := v.Tag(ctx, person, "name", "x"); !errors.Is(err, ErrKeyGone) {
			t.Errorf("%v", err)
		}
	})
}

// The database goes away and comes back: callers hear so, in their time, and
// nothing that was answered is lost.
func TestDatabaseGoesAway(t *testing.T) {
	if testing.Short() {
		t.Skip("a database server takes seconds to start")
	}
	server := vaulttest.Start(t)
	v, _ := createAt(t, server.Database())
	var made []uuid.UUID
	add := func() error {
		short, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		id := uuid.New()
		err := v.EnsureKeys(short, id)
		if err == nil {
			made = append(made, id)
		}
		return err
	}
	for range 20 {
		if err := add(); err != nil {
			t.Fatal(err)
		}
	}
	server.Down()
	for range 5 {
		begun := time.Now()
		var away *Unavailable
		if err := add(); !errors.As(err, &away) && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("while it is away: %v", err)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the password is shown: %v", err)
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("a deadline of 5 s took %v", took)
		}
	}
	server.Up()
	for tries := 0; ; tries++ {
		if err := add(); err == nil {
			break
		} else if tries == 20 {
			t.Fatalf("after it came back: %v", err)
		}
	}
	v.forget()
	for _, id := range made {
		if _, err := v.Tag(ctx, id, "name", "x"); err != nil {
			t.Errorf("a key that was made is lost: %v", err)
		}
	}
}

func TestNoDatabaseThere(t *testing.T) {
	const nowhere = "postgres://ledger:secret@127.0.0.1:1/vault?sslmode=disable"
	var away *Unavailable
	for name, try := range map[string]func() error{
		"open":   func() error { _, err := OpenAt(ctx, nowhere, ledger, NewWrappingKey()); return err },
		"create": func() error { _, err := CreateAt(ctx, nowhere, ledger, NewWrappingKey()); return err },
	} {
		if err := try(); !errors.As(err, &away) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A server that takes a connection and says nothing, one that wants another
// password, and one elsewhere without TLS.
func TestStrangeDatabases(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
		}
	}()
	silent := fmt.Sprintf("postgres://ledger:secret@%s/vault?sslmode=disable&connect_timeout=1", l.Addr())
	var away *Unavailable
	if _, err := OpenAt(ctx, silent, ledger, NewWrappingKey()); !errors.As(err, &away) {
		t.Errorf("a silent server: %v", err)
	}
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := OpenAt(short, silent, ledger, NewWrappingKey()); !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &away) {
		t.Errorf("a silent server and a short deadline: %v", err)
	}
	var not *NotAVault
	for _, address := range []string{"postgres://ledger:secret@db.example/vault?sslmode=disable", "postgres://ledger:secret@db.example/vault"} {
		if _, err := OpenAt(ctx, address, ledger, NewWrappingKey()); !errors.As(err, &not) || !strings.Contains(err.Error(), "sslmode") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if testing.Short() {
		return
	}
	if _, err := OpenAt(ctx, vaulttest.Postgres(t), ledger, NewWrappingKey()); !errors.As(err, &not) {
		t.Errorf("a database without a vault: %v", err)
	}
}

func TestRedact(t *testing.T) {
	for address, want := range map[string]string{
		"vault.db": "vault.db",
		"postgres://ledger:secret@db.example:5432/vault?sslmode=verify-full":    "postgres://ledger@db.example:5432/vault?sslmode=verify-full",
		"postgresql://db/vault?user=ledger&password=secret&sslpassword=secret2": "postgresql://db/vault?user=ledger",
		"postgres://ledger:sec%ret@db/vault":                                    hidden,
		"postgres://ledger:12/secret@db/vault":                                  hidden,
		"postgres://ledger:12?secret@db/vault":                                  hidden,
		"postgres://ledger:12#secret@db/vault":                                  hidden,
		"Postgres://ledger:secret@db/vault":                                     "postgres://ledger@db/vault",
		"mysql://ledger:secret@db/vault":                                        hidden,
	} {
		if got := Redact(address); got != want {
			t.Errorf("%s became %s, want %s", address, got, want)
		}
	}
	for _, address := range []string{"postgres://ledger:sec%ret@db/vault", "postgres://ledger:12/secret@db/vault", "Postgres://ledger:12?secret@db/vault", "mysql://ledger:secret@db/vault"} {
		if _, err := OpenAt(ctx, address, ledger, NewWrappingKey()); err == nil || strings.Contains(err.Error(), "ret@") {
			t.Errorf("%v", err)
		}
	}
}
