package ledger_test

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/esdb"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/node"
	"reliefledger.org/ledger/eventstore/vault"
	"reliefledger.org/ledger/eventstore/vault/vaulttest"
	"reliefledger.org/ledger/projections"
)

const (
	processes        = 4
	clientsInEach    = 16
	wanted           = domain.Yuan(1000) // in fen, by each client
	allClients       = processes * clientsInEach
	enoughFor        = allClients / 2
	childVariable    = "RELIEFLEDGER_TEST_PROCESS" // its number
	childAddress     = "RELIEFLEDGER_TEST_ADDRESS"
	childVault       = "RELIEFLEDGER_TEST_VAULT"
	childWrappingKey = "RELIEFLEDGER_TEST_WRAPPING_KEY"
)

var (
	county  = uuid.MustParse("5f1c1a3e-0000-4000-8000-000000000001") // the ledger
	command = func(name string) uuid.UUID { return uuid.NewSHA1(county, []byte(name)) }
	thing   = func(name, kind string) uuid.UUID { return domain.Made(command(name), kind) }
)

func officer(name string) ledger.Signer {
	seed := sha256.Sum256([]byte(name))
	return ledger.Signer{Officer: thing(name, "officer"), Key: ed25519.NewKeyFromSeed(seed[:])}
}

func public(s ledger.Signer) []byte { return s.Key.Public().(ed25519.PublicKey) }

func order(name, by string, body domain.Command) *domain.Order {
	day, err := domain.ParseDay("2026-01-05")
	if err != nil {
		panic(err)
	}
	return &domain.Order{ID: command(name), Actor: officer(by).Officer, Date: day, Body: body}
}

// A server of the county: a store on a node, a vault, a ledger on both.
type server struct {
	*ledger.Ledger
	store *esdb.Store
	vault *vault.Vault
}

func (s *server) Close() error {
	return errors.Join(s.Ledger.Close(), s.store.Close(), s.vault.Close())
}

func openServer(ctx context.Context, address, where, wrapping string) (*server, error) {
	key, err := vault.ReadWrappingKey(wrapping)
	if err != nil {
		return nil, err
	}
	v, err := vault.OpenAt(ctx, where, county, key)
	if err != nil {
		return nil, err
	}
	store, err := esdb.Dial(ctx, address, esdb.Options{})
	if err != nil {
		return nil, errors.Join(err, v.Close())
	}
	l, err := ledger.Open(ctx, store, v, ledger.Options{})
	if err != nil {
		return nil, errors.Join(err, store.Close(), v.Close())
	}
	return &server{l, store, v}, nil
}

// found fills the ledger up to an allocation that has money for half of the
// clients.
func found(ctx context.Context, s *server) error {
	open := &domain.OpenLedger{Ledger: county, Name: "某县", Root: domain.NewUnit{Name: "县民政局", Division: "410527"}}
	registrars := []ledger.Signer{officer("registrar 1"), officer("registrar 2")}
	for _, r := range registrars {
		open.Registrars = append(open.Registrars, domain.Registree{Officer: r.Officer, Key: public(r), Post: "登记员"})
	}
	o := order("open", "registrar 1", open)
	if _, err := s.Do(ctx, o, registrars...); err != nil {
		return err
	}
	root, accountant := thing("open", "unit"), officer("accountant")
	terms := domain.Terms{Purposes: []string{"relief"}, Forms: []domain.Form{domain.Cash}, Notice: []domain.Phase{{Timing: domain.NoNotice}}}
	for _, step := range []struct {
		name, by string
		body     domain.Command
	}{
		{"accountant", "registrar 1", &domain.AppointOfficer{Unit: root, Post: "会计", Name: domain.Plainly("某会计"), Key: public(accountant), Roles: []domain.Role{domain.Accountant}}},
		{"programme", "registrar 1", &domain.DefineProgramme{Unit: root, Name: "冬春救助", Terms: terms}},
		{"fund", "accountant", &domain.EstablishFund{Unit: root, Name: "资金", Earmark: []string{"relief"}}},
		{"money", "accountant", &domain.ReceiveFunds{Fund: thing("fund", "fund"), Source: domain.Source{Kind: domain.Treasury, Level: "central", Name: "中央"}, Amount: wanted * enoughFor}},
		{"upper", "accountant", &domain.Allocate{From: domain.From{Fund: thing("fund", "fund")}, Unit: root, Programme: thing("programme", "programme"), Purpose: "relief", Amount: wanted * enoughFor}},
	} {
		if _, err := s.Do(ctx, order(step.name, step.by, step.body), officer(step.by)); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

// wish is what client n wants: an allocation of its own from the one above, and
// the registration of a person, of whom two clients each have the number.
func wish(ctx context.Context, s *server, n int) (taken bool, err error) {
	person := fmt.Sprintf("person %d", n/2)
	number := residentNumber(n / 2)
	_, err = s.Do(ctx, order(person, "registrar 1", &domain.RegisterParty{Unit: thing("open", "unit"), Type: domain.Person,
		PersonalDetails: domain.PersonalDetails{Name: domain.Plainly("某人"), Number: domain.Plainly(number)}}), officer("registrar 1"))
	var refusal *domain.Refusal
	if err != nil && !errors.As(err, &refusal) {
		return false, err
	}
	_, err = s.Do(ctx, order(fmt.Sprintf("wish %d", n), "accountant", &domain.Allocate{From: domain.From{Allocation: thing("upper", "allocation")},
		Unit: thing("open", "unit"), Programme: thing("programme", "programme"), Purpose: "relief", Amount: wanted}), officer("accountant"))
	if errors.Is(err, domain.NotEnoughMoney) {
		return false, nil
	}
	return err == nil, err
}

// residentNumber is a valid one (GB 11643) that nobody has.
func residentNumber(n int) string {
	body := fmt.Sprintf("410527190001%02d%03d", 1+n%28, n)
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += w * int(body[i]-'0')
	}
	return body + string("10X98765432"[sum%11])
}

// TestMain lets the test's own binary be one of the servers.
func TestMain(m *testing.M) {
	if number := os.Getenv(childVariable); number != "" {
		run := func() error { return child(number) }
		if number == soakChild {
			run = busyDay
		}
		if err := run(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child is one server with its clients; each client's command is sent until it
// is accepted or refused. It ends when its parent says so, and says then what
// its own books are.
func child(number string) error {
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	defer stop()
	var k int
	if _, err := fmt.Sscan(number, &k); err != nil {
		return err
	}
	s, err := openServer(ctx, os.Getenv(childAddress), os.Getenv(childVault), os.Getenv(childWrappingKey))
	if err != nil {
		return err
	}
	books, err := projections.Follow(ctx, s.store)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	var say sync.Mutex
	for i := range clientsInEach {
		wg.Go(func() {
			n := k*clientsInEach + i
			for {
				taken, err := wish(ctx, s, n)
				var unknown *eventstore.OutcomeUnknown
				var away *eventstore.Unavailable
				if errors.As(err, &unknown) || errors.As(err, &away) {
					continue // it says: send the same again
				}
				say.Lock()
				fmt.Printf("client %d %v %v\n", n, taken, err)
				say.Unlock()
				return
			}
		})
	}
	wg.Wait()
	fmt.Println("done")
	line, err := bufio.NewReader(os.Stdin).ReadString('\n') // the position of the last event
	if err != nil {
		return err
	}
	position, err := eventstore.ParsePosition(strings.TrimSpace(line))
	if err != nil {
		return err
	}
	if err := books.View(ctx, position, func(b *projections.Books) { fmt.Printf("books %x\n", b.Digest()) }); err != nil {
		return err
	}
	return errors.Join(books.Close(), s.Close())
}

// process is a running child.
type process struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string // what it says; closed at its end
}

func startProcess(t *testing.T, number, address, where, wrapping string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+number, childAddress+"="+address, childVault+"="+where, childWrappingKey+"="+wrapping)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd, in, make(chan string, 10*clientsInEach)} // all it ever says
	go func() {
		scan := bufio.NewScanner(out)
		for scan.Scan() {
			p.lines <- scan.Text()
		}
		close(p.lines)
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return p
}

// Servers side by side on one node, each with a ledger and books of its own,
// take commands for the same allocation at once; two of them are killed in the
// middle and started again. Money is there for half of the clients, and exactly
// half get it; nothing is done twice or left half done, and all books agree.
func TestSeveralProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("four processes take some seconds")
	}
	for _, place := range []struct {
		name  string
		where func(t *testing.T) string
	}{
		{"vault in a file", func(t *testing.T) string { return filepath.Join(t.TempDir(), "vault.db") }},
		{"vault on PostgreSQL", func(t *testing.T) string { return vaulttest.Postgres(t) }},
	} {
		t.Run(place.name, func(t *testing.T) { severalProcesses(t, place.where(t)) })
	}
}

func severalProcesses(t *testing.T, where string) {
	ctx := t.Context()
	events, err := embedded.Create("/events", embedded.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	n := node.New(events, node.Options{Anonymous: node.Write})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- n.Serve(l) }()
	defer func() {
		n.Stop(ctx)
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	address := "esdb://" + l.Addr().String() + "?tls=false"

	wrapping, key := filepath.Join(t.TempDir(), "wrapping-key"), vault.NewWrappingKey()
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
	own, err := openServer(ctx, address, where, wrapping)
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	if err := found(ctx, own); err != nil {
		t.Fatal(err)
	}

	var running [processes]*process
	for k := range running {
		running[k] = startProcess(t, fmt.Sprint(k), address, where, wrapping)
	}
	// Two are killed after they have said something, and started again.
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for _, k := range random.Perm(processes)[:2] {
		for range 1 + random.IntN(3) {
			<-running[k].lines
		}
		if err := running[k].cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		running[k] = startProcess(t, fmt.Sprint(k), address, where, wrapping)
	}
	taken, answers := 0, map[int]bool{}
	for _, p := range running {
		for line := range p.lines {
			if line == "done" {
				break
			}
			var client int
			var got bool
			var why string
			if _, err := fmt.Sscanf(line, "client %d %t %s", &client, &got, &why); err != nil || why != "<nil>" {
				t.Fatalf("%q: %v", line, err)
			}
			if _, twice := answers[client]; twice {
				t.Errorf("client %d was answered twice", client)
			}
			if answers[client] = got; got {
				taken++
			}
		}
	}
	if len(answers) != allClients || taken != enoughFor {
		t.Errorf("%d of %d clients were answered, %d got money, there was enough for %d", len(answers), allClients, taken, enoughFor)
	}

	// What all of them say of the end.
	_, end := events.Head()
	books, err := projections.Read(ctx, events, projections.Until{})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("books %x", books.Digest())
	for k, p := range running {
		if _, err := fmt.Fprintln(p.in, end); err != nil {
			t.Fatal(err)
		}
		if have := <-p.lines; have != want {
			t.Errorf("process %d has other books: %s, want %s", k, have, want)
		}
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("process %d: %v", k, err)
		}
	}
	state := books.State
	if u := state.Unfolded; len(u) > 0 {
		t.Errorf("events that could not be folded: %+v", u)
	}
	if _, owed := state.Next(); owed {
		t.Error("a process across streams is not ended")
	}
	if left := state.Allocations[thing("upper", "allocation")].Left(domain.Money); left != 0 {
		t.Errorf("%d fen are left above", left)
	}
	for client, got := range answers {
		a := state.Allocations[thing(fmt.Sprintf("wish %d", client), "allocation")]
		if (a != nil) != got {
			t.Errorf("client %d was told %v, and has %v", client, got, a != nil)
		}
	}
	if n := len(state.Parties); n < allClients/2 {
		t.Errorf("%d persons", n)
	}
}
