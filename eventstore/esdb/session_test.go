package esdb

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"

	"reliefledger.org/ledger/eventstore"
)

// Appends wait for an answer that does not come, the store is closed: they are
// told that nobody knows, in time.
func TestCloseWhileAppendsHang(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	var under atomic.Int32
	f := (&fake{append: func(s streams.Streams_AppendServer) error {
		under.Add(1)
		<-s.Context().Done()
		return nil
	}})
	t.Run("", func(t *testing.T) {
		s := mustDial(t, f.start(t).connection(), Options{Patience: 300 * time.Millisecond})
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		var appends sync.WaitGroup
		for range 8 {
			appends.Go(func() {
				_, err := s.Append(ctx, "s", eventstore.Any, someEvents(1, 10))
				var unknown *eventstore.OutcomeUnknown
				if !errors.As(err, &unknown) || errors.Is(err, eventstore.ErrClosed) {
					t.Errorf("%v", err)
				}
			})
		}
		for under.Load() < 8 {
			time.Sleep(time.Millisecond)
		}
		within(t, "close", 300*time.Millisecond, func() { s.Close() })
		appends.Wait()
	})
}

// Sixty-four calls are under way when the server has enough. The client is
// retired before it looks for another server: each that connects does so once,
// and is closed. Or it would be stuck with all of them.
func TestRetiredBeforeItLooks(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("", func(t *testing.T) {
		var ready atomic.Bool
		f := (&fake{append: func(s streams.Streams_AppendServer) error {
			readAppend(s)
			if !ready.Load() {
				return trailed(s.Context(), codes.Unavailable)
			}
			return s.SendAndClose(success(0))
		}}).start(t)
		heard := &recorder{}
		s := mustDial(t, f.connection(), Options{Log: slog.New(slog.NewTextHandler(heard, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		for round := range 20 {
			ready.Store(false)
			var calls sync.WaitGroup
			for range 64 {
				calls.Go(func() {
					_, err := s.Append(context.Background(), "s", eventstore.Any, someEvents(1, 10))
					var unknown *eventstore.OutcomeUnknown
					if err != nil && !errors.As(err, &unknown) {
						t.Error(err)
					}
				})
			}
			calls.Wait()
			ready.Store(true)
			if _, err := s.Append(context.Background(), "s", eventstore.Any, someEvents(1, 10)); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
		s.Close()
		log := heard.String()
		told := strings.Count(log, "starting a new discovery process")
		connected := strings.Count(log, "/2147483647")
		sessions := strings.Count(log, "the event store is away")
		if told == 0 || connected != sessions+1 {
			t.Errorf("clients were told %d times to look for a server, %d connected and %d looked", told, sessions+1, connected)
		}
	})
}

// recorder keeps what is logged.
type recorder struct {
	mu   sync.Mutex
	text strings.Builder // guarded by mu: a goroutine may log when all is over
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// The exception: a follower names a leader that is not there, and cannot be
// reached any more itself. The client looks for servers then, with a call in it
// that no context ends. Its caller is released in time, with the certainty that
// nothing was sent, Close too; and when a server is back the call ends. The
// connection to the leader is never closed: the client forgot it. So this runs
// in a process of its own.
func TestStuckInTheClient(t *testing.T) {
	if os.Getenv(stuckChild) == "" {
		child := exec.Command(os.Args[0], "-test.run=^TestStuckInTheClient$", "-test.count=1")
		child.Env = append(os.Environ(), stuckChild+"=1")
		if out, err := child.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	var appended atomic.Int32
	follower := &fake{append: func(s streams.Streams_AppendServer) error {
		appended.Add(1)
		readAppend(s)
		return trailed(s.Context(), codes.NotFound, "exception", "not-leader",
			"leader-endpoint-host", "127.0.0.1", "leader-endpoint-port", "1")
	}}
	p := newProxy(t, follower.start(t).address)
	before := goleak.IgnoreCurrent()
	s := mustDial(t, p.connection(), Options{Patience: 300 * time.Millisecond})
	p.refuseNew()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	within(t, "append", time.Second, func() {
		_, err := s.Append(ctx, "s", eventstore.Any, someEvents(1, 10))
		var unknown *eventstore.OutcomeUnknown
		if err == nil || errors.As(err, &unknown) {
			t.Errorf("%v", err)
		}
	})
	within(t, "close", s.patience+closeGrace, func() { s.Close() })
	left := make([]byte, 1<<20)
	left = left[:runtime.Stack(left, true)]
	if n := bytes.Count(left, []byte("esdb.discoverNode(")); n != 1 {
		t.Errorf("%d clients look for servers", n)
	}
	if n := bytes.Count(left, []byte("esdb.(*grpcClient).getConnectionHandle(")); n != 1 {
		t.Errorf("%d calls are stuck", n)
	}
	p.acceptNew()
	if !s.gate.idleWithin(10 * time.Second) {
		t.Error("the call is stuck though a server is back")
	}
	p.cut()
	goleak.VerifyNone(t, before,
		goleak.IgnoreTopFunction("google.golang.org/grpc/internal/grpcsync.(*CallbackSerializer).run"),
		goleak.IgnoreTopFunction("google.golang.org/grpc.(*addrConn).resetTransportAndUnlock"))
	if appended.Load() != 1 {
		t.Errorf("sent %d times", appended.Load())
	}
}
