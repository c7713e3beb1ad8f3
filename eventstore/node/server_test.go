package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"reliefledger.org/ledger/eventstore"
)

func TestFeatures(t *testing.T) {
	s := serve(t, Options{})
	got, err := serverfeatures.NewServerFeaturesClient(s.conn).GetSupportedMethods(deadline(t), &shared.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, m := range got.GetMethods() {
		list = append(list, strings.TrimSpace(fmt.Sprint(m.GetServiceName(), "/", m.GetMethodName(), " ", strings.Join(m.GetFeatures(), " "))))
	}
	equal(t, "methods", list, []string{
		"event_store.client.streams.streams/read position events",
		"event_store.client.streams.streams/append",
		"event_store.client.streams.streams/batchappend deadline_duration",
		"event_store.client.gossip.gossip/read",
		"event_store.client.server_features.serverfeatures/getsupportedmethods",
	})
	v, err := s.plain(t).GetServerVersion()
	if err != nil || v.Major != 24 || v.Minor != 10 || v.Patch != 0 {
		t.Errorf("version %v, %v", v, err)
	}
}

func TestGossip(t *testing.T) {
	for _, c := range []struct{ advertise, want string }{
		{"", ""},
		{"ledger.example:2113", "ledger.example:2113"},
		{"[2001:db8::1]:443", "[2001:db8::1]:443"},
	} {
		s := serve(t, Options{Advertise: c.advertise})
		if c.want == "" {
			c.want = s.address
		}
		info, err := gossip.NewGossipClient(s.conn).Read(deadline(t), &shared.Empty{})
		if err != nil || len(info.GetMembers()) != 1 {
			t.Fatalf("got %v, %v", info, err)
		}
		m := info.GetMembers()[0]
		at := net.JoinHostPort(m.GetHttpEndPoint().GetAddress(), fmt.Sprint(m.GetHttpEndPoint().GetPort()))
		if at != c.want || m.GetState() != gossip.MemberInfo_Leader || !m.GetIsAlive() || m.GetInstanceId().GetStructured() == nil {
			t.Errorf("got %v, want it at %s", m, c.want)
		}
		s.embedded.Close()
		info, err = gossip.NewGossipClient(s.conn).Read(deadline(t), &shared.Empty{})
		if err != nil || info.GetMembers()[0].GetIsAlive() {
			t.Errorf("a node without a store lives: %v, %v", info, err)
		}
	}
	for _, bad := range []string{"host", "host:", "host:x", ":2113", "host:0", "host:70000"} {
		s := New(nil, Options{Advertise: bad})
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Serve(l); err == nil {
			t.Errorf("%q was taken", bad)
		}
		s.Stop(t.Context())
	}
}

func TestUnixSocketBesideTCP(t *testing.T) {
	s := serve(t, Options{})
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	conn, err := grpc.NewClient("unix:"+path, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s.fill(t, "a", 0, 1)
	r, err := streams.NewStreamsClient(conn).Read(deadline(t), ask(all(nil)))
	got, err := ended(t, r, err)
	if err != nil {
		t.Error(err)
	}
	equal(t, "over the socket", got, []string{"a0"})
	if _, err := gossip.NewGossipClient(conn).Read(deadline(t), &shared.Empty{}); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("gossip over the socket: %v", err)
	}
	s.Stop(deadline(t))
	if err := <-served; err != nil {
		t.Error(err)
	}
	if err := s.Serve(l); err != nil {
		t.Errorf("Serve after Stop: %v", err)
	}
}

func TestNotOffered(t *testing.T) {
	reg := prometheus.NewRegistry()
	s := serve(t, Options{Metrics: NewMetrics(reg)})
	_, err := persistent.NewPersistentSubscriptionsClient(s.conn).Create(deadline(t), &persistent.CreateReq{})
	if status.Code(err) != codes.Unimplemented || !strings.Contains(err.Error(), "does not offer") {
		t.Errorf("got %v", err)
	}
	if v := gathered(t, reg, "reliefledger_node_requests_total", "unknown", "Unimplemented"); v != 1 {
		t.Errorf("%v counted", v)
	}
}

func TestPanicIsInternal(t *testing.T) {
	log, lines := warned()
	s := serve(t, Options{Log: log, Anonymous: NoAccess, Authorize: func(user, _ string) (Access, bool) { return Write, true }})
	s.embedded.Close()
	s.Server.store = nil // every touch of it panics
	ctx := metadata.AppendToOutgoingContext(deadline(t), "authorization", "Basic c2VjcmV0OnNlY3JldA==")
	r, err := s.raw.Read(ctx, ask(all(nil)))
	_, err = ended(t, r, err)
	a, failed := s.raw.Append(ctx)
	if failed != nil {
		t.Fatal(failed)
	}
	if err := a.Send(appending("a", eventstore.Any)); err != nil {
		t.Fatal(err)
	}
	_, appendErr := a.CloseAndRecv()
	b, failed := s.raw.BatchAppend(ctx)
	if failed != nil {
		t.Fatal(failed)
	}
	if err := b.Send(part("A", "a0", to("a", eventstore.Any), final)); err != nil {
		t.Fatal(err)
	}
	_, batchErr := b.Recv()
	_, gossipErr := gossip.NewGossipClient(s.conn).Read(ctx, &shared.Empty{})
	for i, err := range []error{err, appendErr, batchErr, gossipErr} {
		if status.Code(err) != codes.Internal || strings.Contains(err.Error(), "nil pointer") {
			t.Errorf("%d: got %v", i, err)
		}
		if line := <-lines; !strings.Contains(line, "panic") || strings.Contains(line, "secret") || strings.Contains(line, "c2Vjcm") {
			t.Errorf("log: %s", line)
		}
	}
}

func TestClosedStore(t *testing.T) {
	s := serve(t, Options{})
	sub, err := s.raw.Read(deadline(t), ask(all(nil), subscribing))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, sub, "confirmed", "caught up")
	s.embedded.Close()
	_, subErr := sub.Recv()
	r, err := s.raw.Read(deadline(t), ask(all(nil)))
	_, readErr := ended(t, r, err)
	_, _, appendErr := s.append(t, appending("a", eventstore.Any), proposing(event("x")))
	b := s.conversation(t, part("A", "x", to("a", eventstore.Any), final))
	_, batchErr := b.Recv()
	for what, err := range map[string]error{"subscription": subErr, "read": readErr, "append": appendErr, "batch": batchErr} {
		if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "closed") {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

func TestRefusalOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		code codes.Code
	}{
		{eventstore.ErrClosed, codes.Unavailable},
		{&eventstore.Poisoned{Cause: io.ErrUnexpectedEOF}, codes.Unavailable},
		{&eventstore.Corrupt{Where: "event 7", Cause: io.ErrUnexpectedEOF}, codes.DataLoss},
		{fmt.Errorf("while: %w", &eventstore.Corrupt{Cause: io.EOF}), codes.DataLoss},
		{&eventstore.BadEvent{}, codes.InvalidArgument},
		{&eventstore.BadStream{}, codes.InvalidArgument},
		{&eventstore.TooLarge{}, codes.InvalidArgument},
		{&eventstore.UnknownPosition{}, codes.InvalidArgument},
		{&eventstore.OutcomeUnknown{Cause: context.Canceled}, codes.Aborted},
		{context.DeadlineExceeded, codes.DeadlineExceeded},
		{context.Canceled, codes.Canceled},
		{status.Error(codes.ResourceExhausted, "x"), codes.ResourceExhausted},
		{errors.New("/secret/path"), codes.Internal},
	} {
		if r := refusalOf(c.err); r.code != c.code || strings.Contains(r.sentence, "/secret") {
			t.Errorf("%v: got %s %q", c.err, r.code, r.sentence)
		}
	}
}

// TestStopWhileBusy: what was acknowledged is there, and everybody hears of the
// end.
func TestStopWhileBusy(t *testing.T) {
	s := serve(t, Options{})
	ctx := deadline(t)
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		acked = make(map[string]bool)
	)
	started := make(chan struct{}, 100)
	acknowledge := func(name string) {
		mu.Lock()
		acked[name] = true
		mu.Unlock()
		select {
		case started <- struct{}{}:
		default:
		}
	}
	for w := range 8 {
		group.Go(func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("%d-%d", w, i)
				a, err := s.raw.Append(ctx)
				if err != nil {
					return
				}
				// A send that fails is seen by CloseAndRecv.
				_ = a.Send(appending(fmt.Sprint("s", w%3), eventstore.Any))
				_ = a.Send(proposing(event(name)))
				if _, err := a.CloseAndRecv(); err != nil {
					if c := status.Code(err); c != codes.Unavailable {
						t.Errorf("append: %v", err)
					}
					return
				}
				acknowledge(name)
			}
		})
	}
	batching := make(chan struct{})
	group.Go(func() {
		b, err := s.raw.BatchAppend(ctx)
		if err != nil {
			t.Error(err)
			return
		}
		for i := 0; ; i++ {
			name := fmt.Sprint("batch", i)
			_ = b.Send(part("A", name, to("b", eventstore.Any), final))
			m, err := b.Recv()
			if err != nil {
				if status.Code(err) != codes.Unavailable {
					t.Errorf("batch: %v", err)
				}
				return
			}
			if m.GetSuccess() == nil {
				t.Errorf("batch: %s", show(m))
			}
			acknowledge(name)
			if i == 0 {
				close(batching)
			}
		}
	})
	const subscriptions = 8
	open := make(chan struct{}, subscriptions)
	for range subscriptions {
		group.Go(func() {
			r, err := s.raw.Read(ctx, ask(all(nil), subscribing))
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := r.Recv(); err != nil {
				t.Error(err)
				return
			}
			open <- struct{}{}
			for {
				if _, err := r.Recv(); err != nil {
					if status.Code(err) != codes.Unavailable {
						t.Errorf("subscription: %v", err)
					}
					return
				}
			}
		})
	}
	for range subscriptions {
		<-open
	}
	<-batching
	for range 20 {
		<-started
	}
	s.Stop(ctx)
	group.Wait()
	if ctx.Err() != nil {
		t.Fatal("it took too long")
	}
	stored := make(map[string]bool)
	for e, err := range s.store.ReadAll(t.Context(), eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		stored[string(e.Data)] = true
	}
	for name := range acked {
		if !stored[name] {
			t.Errorf("%s was acknowledged and is gone", name)
		}
	}
	s.Stop(ctx) // harmless
}

// TestStopCutsOff: a request that doesn't end by itself ends with Stop's
// context.
func TestStopCutsOff(t *testing.T) {
	s := serve(t, Options{})
	a, err := s.raw.Append(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Send(appending("a", eventstore.Any)); err != nil {
		t.Fatal(err)
	}
	// Another answered on the same connection shows that the first has begun.
	if _, _, err := s.append(t, appending("b", eventstore.Any), proposing(event("b0"))); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	s.Stop(ctx)
	if ctx.Err() == nil {
		t.Error("Stop did not wait for a request that had begun")
	}
	if err := a.RecvMsg(&streams.AppendResp{}); status.Code(err) != codes.Unavailable {
		t.Errorf("got %v", err)
	}
}

func TestLimits(t *testing.T) {
	s := serve(t, Options{})
	t.Run("message", func(t *testing.T) {
		big := event("x")
		big.Data = make([]byte, maxMessage)
		a, err := s.raw.Append(deadline(t))
		if err != nil {
			t.Fatal(err)
		}
		// The answer comes while this is being sent, which then ends.
		if err := errors.Join(a.Send(appending("a", eventstore.Any)), a.Send(proposing(big))); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		err = a.RecvMsg(&streams.AppendResp{})
		if status.Code(err) != codes.ResourceExhausted {
			t.Errorf("got %v", err)
		}
	})
	t.Run("headers", func(t *testing.T) {
		ctx := metadata.AppendToOutgoingContext(deadline(t), "x", strings.Repeat("x", 2*maxHeader))
		_, err := gossip.NewGossipClient(s.conn).Read(ctx, &shared.Empty{})
		if err == nil {
			t.Error("long headers were taken")
		}
	})
	t.Run("streams", func(t *testing.T) {
		ctx := deadline(t)
		for range maxStreams {
			r, err := s.raw.Read(ctx, ask(all(nil), subscribing))
			if err != nil {
				t.Fatal(err)
			}
			expect(t, r, "confirmed", "caught up")
		}
		short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		if _, err := gossip.NewGossipClient(s.conn).Read(short, &shared.Empty{}); status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("one more: %v", err)
		}
	})
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	s := serve(t, Options{Metrics: NewMetrics(reg)})
	client, ctx := s.plain(t), deadline(t)
	if _, err := client.AppendToStream(ctx, "a", esdb.AppendToStreamOptions{}, theirs(event("a0"), event("a1"))...); err != nil {
		t.Fatal(err)
	}
	_, err := client.AppendToStream(ctx, "a", esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, theirs(event("x"))...)
	if err == nil {
		t.Fatal("no error")
	}
	_, _ = client.DeleteStream(ctx, "a", esdb.DeleteStreamOptions{})
	r, err := client.ReadAll(ctx, esdb.ReadAllOptions{}, 10)
	said(t, r, err)
	over(t, s.conversation(t, part("A", "a2", to("a", eventstore.Any), final), "A a: revision 2, position 3",
		part("B", "x", to("$a", eventstore.Any), final), "B $a: PermissionDenied AccessDenied"))
	s.Stop(ctx) // until then the last may not be counted
	const requests, seconds = "reliefledger_node_requests_total", "reliefledger_node_request_seconds"
	for _, c := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{requests, []string{"Append", "OK"}, 1},
		{requests, []string{"Append", "WrongRevision"}, 1},
		{requests, []string{"Delete", "PermissionDenied"}, 1},
		{requests, []string{"Read", "OK"}, 1},
		{requests, []string{"Batch", "OK"}, 1},
		{requests, []string{"Batch", "PermissionDenied"}, 1},
		{requests, []string{"BatchAppend", "OK"}, 1},
		{requests, []string{"GetSupportedMethods", "OK"}, 1},
		{seconds, []string{"Append"}, 2},
		{seconds, []string{"Batch"}, 2},
		{seconds, []string{"BatchAppend"}, 0},
		{"reliefledger_node_appended_events_total", nil, 3},
		{"reliefledger_node_appended_bytes_total", nil, 3 * (2 + 8)},
	} {
		if got := gathered(t, reg, c.name, c.labels...); got != c.want {
			t.Errorf("%s %v: got %v, want %v", c.name, c.labels, got, c.want)
		}
	}
}
