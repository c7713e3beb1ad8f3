package esdb

import (
	"context"
	"fmt"
	"iter"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/node"
)

// served is a store in memory behind a node, which can be stopped and started
// again on the same address.
type served struct {
	store   *embedded.Store
	address string
	habits  *node.Habits

	mu      sync.Mutex
	server  *node.Server // nil while it is stopped
	serving *sync.WaitGroup
}

func serve(t testing.TB) *served { return serveWith(t, nil) }

// serveWith is serve with a node that has the habits of a real server.
func serveWith(t testing.TB, habits *node.Habits) *served {
	t.Helper()
	store, err := embedded.Create("/x", embedded.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	s := &served{store: store, address: "127.0.0.1:0", habits: habits}
	s.start(t)
	t.Cleanup(func() {
		s.stop()
		store.Close()
	})
	return s
}

func (s *served) start(t testing.TB) {
	t.Helper()
	listener := listen(t, s.address)
	s.address = listener.Addr().String()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server, s.serving = node.New(s.store, node.Options{Anonymous: node.Write, Habits: s.habits}), &sync.WaitGroup{}
	s.serve(listener)
}

func (s *served) serve(listener net.Listener) {
	server := s.server
	s.serving.Go(func() { server.Serve(listener) })
}

// stop kills the node and its connections at once. Appends that it has begun
// may still be written.
func (s *served) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server == nil {
		return
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	s.server.Stop(ended)
	s.serving.Wait()
	s.server = nil
}

func (s *served) connection() string { return "esdb://" + s.address + "?tls=false" }

func listen(t testing.TB, address string) net.Listener {
	t.Helper()
	var err error
	for range 100 { // the port of a listener that was closed just now
		var l net.Listener
		if l, err = net.Listen("tcp", address); err == nil {
			return l
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal(err)
	return nil
}

func listenUnix(t testing.TB, path string) net.Listener {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func mustDial(t testing.TB, connection string, o Options) *Store {
	t.Helper()
	s, err := Dial(context.Background(), connection, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func someEvents(n, bytes int) []eventstore.Event {
	made := make([]eventstore.Event, n)
	for i := range made {
		made[i] = eventstore.Event{ID: uuid.Must(uuid.NewV7()), Type: "PaymentMade", Data: make([]byte, bytes)}
	}
	return made
}

func mustAppend(t testing.TB, s *Store, stream string, expected eventstore.Expected, events []eventstore.Event) eventstore.Appended {
	t.Helper()
	done, err := s.Append(context.Background(), stream, expected, events)
	if err != nil {
		t.Fatalf("append to %s at %s: %v", stream, expected, err)
	}
	return done
}

type sequence = iter.Seq2[eventstore.Recorded, error]

// collect reads to the end.
func collect(read sequence) (got []eventstore.Recorded, err error) {
	for e, err := range read {
		if err != nil {
			return got, err
		}
		got = append(got, e)
	}
	return got, nil
}

func all(t testing.TB, s eventstore.Store) (got []eventstore.Recorded) {
	t.Helper()
	for e, err := range s.ReadAll(context.Background(), eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			t.Fatalf("read all, after %d events: %v", len(got), err)
		}
		got = append(got, e)
	}
	return got
}

// proxy stands between a store and its server.
type proxy struct {
	listener net.Listener
	target   string

	mu      sync.Mutex
	conns   []net.Conn
	frozen  chan struct{} // while not closed nothing goes through
	refuses bool
	wg      sync.WaitGroup
}

func newProxy(t testing.TB, target string) *proxy {
	p := &proxy{listener: listen(t, "127.0.0.1:0"), target: target, frozen: make(chan struct{})}
	close(p.frozen)
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		p.listener.Close()
		p.thaw()
		p.cut()
		p.wg.Wait()
	})
	return p
}

func (p *proxy) connection() string { return fmt.Sprintf("esdb://%s?tls=false", p.listener.Addr()) }

func (p *proxy) accept() {
	for {
		in, err := p.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.target)
		if err != nil {
			in.Close()
			continue
		}
		p.mu.Lock()
		if p.refuses {
			in.Close()
			out.Close()
		}
		p.conns = append(p.conns, in, out)
		p.mu.Unlock()
		p.wg.Go(func() { p.copy(in, out) })
		p.wg.Go(func() { p.copy(out, in) })
	}
}

func (p *proxy) copy(to, from net.Conn) {
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		frozen := p.frozen
		p.mu.Unlock()
		<-frozen
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// freeze lets the connections stand that there are, with nothing coming
// through; new ones too.
func (p *proxy) freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frozen = make(chan struct{})
}

func (p *proxy) thaw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.frozen:
	default:
		close(p.frozen)
	}
}

// refuseNew closes every new connection at once; those that there are stand.
func (p *proxy) refuseNew() { p.setRefuses(true) }
func (p *proxy) acceptNew() { p.setRefuses(false) }

func (p *proxy) setRefuses(refuses bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = refuses
}

// cut breaks all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}
