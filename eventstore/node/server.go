// Package node serves an embedded event store to others: a gRPC server that
// speaks the protocol of EventStoreDB, so that official clients in any language
// read a ledger, and several processes write to one.
//
//	store, err := embedded.Open("/var/lib/ledger", embedded.Options{})
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	listener, err := net.Listen("tcp", "127.0.0.1:2113")
//	if err != nil {
//		return err
//	}
//	server := node.New(store, node.Options{}) // plain, and everybody may read
//	go server.Serve(listener)
//	defer server.Stop(ctx) // before store.Close
//
// and elsewhere, with the official client of Go:
//
//	config, err := esdb.ParseConnectionString("esdb://127.0.0.1:2113?tls=false")
//	client, err := esdb.NewClient(config)
//	events, err := client.ReadAll(ctx, esdb.ReadAllOptions{}, 100)
//
// # What is answered
//
// Append and BatchAppend (append.go, batch.go), reads of a stream and of $all
// (read.go), with filters (filter.go), subscriptions (subscribe.go), and what a
// client asks before it begins: supported methods and gossip (features.go). The
// position of event number n is n+1, commit and prepare alike.
//
// # What is refused
//
// A ledger forgets nothing. Delete, Tombstone, and every append to a stream
// whose name begins with "$", as the metadata of a stream do, which could make
// a server drop events, are refused with access denied. Reading such a stream
// finds none. Links are events like any other. Persistent subscriptions,
// projections and the rest of the protocol are neither advertised nor answered.
//
// # What is not kept
//
// The store keeps an event's id, type, data and metadata and nothing besides.
// So the content type that a reader sees is seen from the data (event.go), and
// the time of creation is what the event's own metadata say under "recorded".
package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	"reliefledger.org/ledger/eventstore/embedded"
)

// Options of a Server. The zero value lets everybody read, without TLS: right
// on loopback, where a read-only node is to be the default.
type Options struct {
	// Anonymous is what a caller without credentials may do.
	Anonymous Access
	// Authorize says what a user may do, false where user or password are
	// wrong. It is called for each request, by many goroutines at once: where
	// it is slow, as a hash of passwords should be, it remembers its answers.
	// That it takes the same time for every wrong password is its business.
	// Nil: credentials are ignored and everybody is Anonymous.
	Authorize func(user, password string) (Access, bool)
	// TLS of every listener; nil: plain.
	TLS *tls.Config
	// Advertise is the host:port that gossip names, which the certificate
	// should have. Empty: the address that the asking connection came to.
	Advertise string
	// Checkpoints lets who may write ask for a checkpoint of the store, which is
	// made in its folder: for callers who can read that folder.
	Checkpoints bool
	// Metrics counts what is done; several servers may share it. Nil: nobody
	// counts.
	Metrics *Metrics
	// Habits of a real EventStoreDB, for tests; nil: none.
	Habits *Habits
	// Log takes warnings; nil: they are dropped. It never sees a password, nor
	// what an event holds.
	Log *slog.Logger
}

// Server serves one store. Who should be served differently, as the callers on
// a folder's socket, gets a Server of its own over the same store.
type Server struct {
	store   events
	options Options
	limits  limits
	metrics *Metrics
	log     *slog.Logger
	grpc    *grpc.Server
	id      uuid.UUID // of this node, in gossip

	// stopping ends when Stop begins: subscriptions and batch streams end, and
	// no others begin.
	stopping context.Context
	stop     context.CancelFunc

	// running counts goroutines that a handler started and may leave behind
	// for a moment (send.go, batch.go, habits.go). Only handlers add to it, so that none
	// does once grpc has stopped and Stop waits.
	running sync.WaitGroup
}

// New makes a server of the store, which must stay open until Stop returns.
func New(store *embedded.Store, o Options) *Server { return newServer(store, o, defaults) }

func newServer(store *embedded.Store, o Options, l limits) *Server {
	s := &Server{store: store, options: o, limits: l, metrics: o.Metrics, log: o.Log, id: uuid.New()}
	if o.Habits != nil {
		s.store = newHabitual(store, *o.Habits, &s.running)
	}
	if s.metrics == nil {
		s.metrics = NewMetrics(prometheus.NewRegistry())
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.stopping, s.stop = context.WithCancel(context.Background())
	options := []grpc.ServerOption{
		grpc.InTapHandle(s.tap),
		grpc.ChainUnaryInterceptor(s.unary),
		grpc.ChainStreamInterceptor(s.streaming),
		grpc.UnknownServiceHandler(unknown),
		grpc.WaitForHandlers(true),
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.MaxHeaderListSize(maxHeader),
		grpc.ConnectionTimeout(handshake),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: minPing, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: idle, Time: ping, Timeout: pingTimeout}),
	}
	if o.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(o.TLS)))
	}
	s.grpc = grpc.NewServer(options...)
	streams.RegisterStreamsServer(s.grpc, &service{Server: s})
	gossip.RegisterGossipServer(s.grpc, &member{Server: s})
	serverfeatures.RegisterServerFeaturesServer(s.grpc, features{})
	if o.Checkpoints {
		s.grpc.RegisterService(&checkpoints, s)
	}
	return s
}

// Serve answers what comes in on l, and closes l. It returns nil after Stop,
// and may be called for several listeners at once.
func (s *Server) Serve(l net.Listener) error {
	if s.options.Advertise != "" {
		if _, err := endpoint(s.options.Advertise); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	if err := s.grpc.Serve(l); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	return nil
}

// Stop takes no more requests, ends subscriptions and batch streams, lets
// reads and appends finish that have begun, and waits for all. When ctx ends
// before that, it cuts them off: an append's outcome is then unknown to its
// caller. A second Stop is harmless.
func (s *Server) Stop(ctx context.Context) {
	s.stop()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.grpc.GracefulStop()
	}()
	select {
	case <-stopped:
	case <-ctx.Done():
		s.grpc.Stop()
		<-stopped
	}
	s.running.Wait()
}

// service answers the Streams service.
type service struct {
	streams.UnimplementedStreamsServer
	*Server
}
