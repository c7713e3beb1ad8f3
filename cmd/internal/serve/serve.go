// Package serve serves a ledger's events to other processes, in whatever language, by
// the protocol of EventStoreDB: what [Events] does until it is told to stop. Who may
// connect, read and write is decided here, from a [Config]; the protocol is that of
// package node.
package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/net/netutil"

	"reliefledger.org/ledger/cmd/internal/nodeusers"
	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/ops"
	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/folder"
	"reliefledger.org/ledger/eventstore/node"
	"reliefledger.org/ledger/projections"
)

const (
	// holdPatience is how long a node waits for a folder that a command holds;
	// commands end by themselves, other nodes do not.
	holdPatience = 10 * time.Second
	// stopNode bounds a graceful stop: after it connections are cut.
	stopNode = 10 * time.Second
	// maxConnections of clients at a time: each client has one or two, and the
	// folder's own socket and files need some of the process's descriptors.
	maxConnections = 256
)

// Config says what is served, where and to whom. The zero value but for Home, Listen and
// Log lets anybody on loopback read.
type Config struct {
	Home      office.Home
	Listen    string // address for clients
	Advertise string // that clients are told; empty: where it listens
	Metrics   string // address of /metrics, /livez, /readyz; empty: none
	// Certificate and Key are files, PEM; Users is a file of package nodeusers. Beyond
	// loopback, and to be writable, all three are needed.
	Certificate, Key, Users string
	Writable                bool // users with the role writer may append
	Scratch                 bool // an empty store in memory, which anybody on loopback may write
	NoBooks                 bool // keep no books, whose lag the metrics show
	Log                     *slog.Logger
}

// check refuses what would let somebody in who does not belong.
func (c *Config) check() error {
	no := func(field words.Field, zh, en string) error { return office.Input(field.String(), zh, en) }
	if c.Advertise != "" {
		if _, err := onLoopback(c.Advertise); err != nil {
			return office.InputErr(words.Advertise.String(), err)
		}
	}
	local, err := onLoopback(c.Listen)
	switch secured := c.Certificate != "" && c.Users != ""; {
	case err != nil:
		return office.InputErr(words.Listen.String(), err)
	case (c.Certificate == "") != (c.Key == ""):
		return no(words.Certificate, "证书与私钥须一并给出", "a certificate and its key go together")
	case c.Users != "" && c.Certificate == "":
		return no(words.Users, "没有证书，口令会明文传输，且官方客户端不会发送", "without a certificate passwords would go in clear, and the clients send none")
	case c.Scratch && (!local || c.Writable || c.Users != ""):
		return no(words.Scratch, "试验库只在本机，且人人可写", "a scratch store is for loopback, where anybody may write it")
	case !local && !secured:
		return no(words.Listen, "本机之外须有证书与用户", "beyond loopback a certificate and users are needed")
	case c.Writable && !secured:
		return no(words.Writable, "可写须有证书与 writer 用户", "to be writable it needs a certificate and a user with the role writer")
	}
	return nil
}

// onLoopback says whether an address to listen on is this machine's own only.
func onLoopback(address string) (bool, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false, err
	}
	if host == "localhost" {
		return true, nil
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback(), nil
}

// Events serves a ledger's events by the protocol of EventStoreDB until ctx ends. The
// ledger's folder is held meanwhile. Errors: an office.InputError for a Config that would
// let somebody in who does not belong; those of the files it names; *eventstore.Poisoned
// where the disk failed, and then a new process starts over from it.
func Events(ctx context.Context, c Config) (err error) {
	if err := c.check(); err != nil {
		return err
	}
	log := c.Log
	o := ops.New()
	opts := node.Options{Anonymous: node.Read, Advertise: c.Advertise, Metrics: node.NewMetrics(o.Registry), Log: log}
	if c.Scratch {
		opts.Anonymous = node.Write
	}
	if c.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
		if err != nil {
			return &office.KeyError{Path: c.Certificate, Err: err}
		}
		opts.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	if c.Users != "" {
		users, err := nodeusers.Read(c.Users)
		if err != nil {
			return err
		}
		opts.Anonymous, opts.Authorize = node.NoAccess, users.Authorize
		if !c.Writable {
			opts.Authorize = func(user, password string) (node.Access, bool) {
				a, ok := users.Authorize(user, password)
				return min(a, node.Read), ok
			}
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if c.Metrics != "" {
		at, wait, failed := o.Serve(ctx, c.Metrics)
		if failed != nil {
			return failed
		}
		defer func() { stop(); err = errors.Join(err, wait()) }()
		log.Info("metrics", "address", at.String())
	}
	// The port comes before the store: a node that cannot listen holds nothing.
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return office.InputErr(words.Listen.String(), err)
	}
	l = netutil.LimitListener(l, maxConnections)
	events, closeStore, err := c.store(ctx, o, opts)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	o.FollowStore(events)
	if !c.Scratch && !c.NoBooks {
		books, err := projections.FollowFrom(ctx, events, c.Home.Snapshot("books", office.About{}))
		if err != nil {
			return errors.Join(err, l.Close())
		}
		defer books.Close()
		o.FollowBooks("books", books, events)
	}
	return until(ctx, node.New(events, opts), l, events, o, log)
}

// until serves until ctx ends or the store is poisoned, and then stops.
func until(ctx context.Context, n *node.Server, l net.Listener, events *embedded.Store, o *ops.Ops, log *slog.Logger) error {
	served := make(chan error, 1) // room for its one answer
	go func() { served <- n.Serve(l) }()
	o.SetReady(nil)
	count, _ := events.Head()
	log.Info("serving", "address", l.Addr().String(), "events", count)
	var failed error
	select {
	case <-ctx.Done():
	case <-events.Poisoned():
		// Nobody knows what the disk holds: this process starts over from it.
		failed = events.Err()
		log.Error("the store stopped", "error", failed)
	case failed = <-served: // the listener is gone; calls may still be under way
		served <- nil
	}
	o.SetReady(errors.New("it is stopping"))
	stopping, done := context.WithTimeout(context.Background(), stopNode)
	defer done()
	n.Stop(stopping)
	log.Info("stopped")
	return errors.Join(failed, <-served)
}

// store opens what a node serves: a folder, which it must hold, or nothing
// yet, in memory.
func (c *Config) store(ctx context.Context, o *ops.Ops, n node.Options) (*embedded.Store, func() error, error) {
	opts := embedded.Options{Committed: o.Committed}
	if c.Scratch {
		opts.FS = vfs.NewMem()
		s, err := embedded.Create("/scratch", opts)
		if err != nil {
			return nil, nil, err
		}
		return s, s.Close, nil
	}
	a, err := c.Home.About()
	if err != nil {
		return nil, nil, err
	}
	if c.Home.Store != "" || a.Store != "" {
		return nil, nil, office.Input("node", "这本账簿的事件不在其目录中", "this ledger's events are not in its folder")
	}
	ctx, done := context.WithTimeout(ctx, holdPatience)
	defer done()
	for {
		s, err := folder.Hold(filepath.Join(c.Home.Data, office.EventsFolder), folder.Options{Embedded: opts, Metrics: n.Metrics, Log: n.Log})
		var held *eventstore.Held
		if !errors.As(err, &held) {
			if err != nil {
				return nil, nil, err
			}
			return s.Embedded(), s.Close, nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil, nil, fmt.Errorf("serve: %w", err)
		}
	}
}
