package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/spf13/cobra"
	"golang.org/x/net/netutil"

	"reliefledger.org/ledger/cmd/internal/nodeusers"
	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/ops"
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

// nodeFlags are the flags of `reliefledger node`.
type nodeFlags struct {
	listen, advertise, metrics string
	certificate, key, users    string
	writable, scratch, noBooks bool
}

func nodeCommand(p *program) *cobra.Command {
	var f nodeFlags
	c := &cobra.Command{
		Use:   "node",
		Short: p.say("以 EventStoreDB 协议提供账簿的事件（默认只读、仅本机）", "serve the ledger's events by the EventStoreDB protocol; read-only and on loopback by default"),
		Long: p.say(`EventStoreDB 的官方客户端可用它读取账簿；其他 reliefledger 进程可用 --store esdb://… 通过它工作。
默认只在本机监听、只读。要在本机之外监听，须给出证书（--tls-certificate、--tls-key）与用户（--users）；
要可写（--writable），还须以 writer 身份登录：直接写入事件不经过任何规则，只有账簿自己的服务可以这样做。
--scratch 提供一个空的、只在内存中的库，本机任何人可写，关闭即消失：用于试验和测试。
另见 reliefledger help cluster。`, `EventStoreDB's official clients read the ledger through it, and other processes of reliefledger work
through it with --store esdb://…. By default it listens on loopback and is read-only. To listen
elsewhere, give a certificate (--tls-certificate, --tls-key) and users (--users); to be --writable it
also needs a user with the role writer, since events that are written directly pass no rule: only the
ledger's own servers may. --scratch serves an empty store in memory that anybody on loopback may
write, and that is gone with the process: for trying and testing. See also: reliefledger help cluster.`),
		Example: "  reliefledger node --data ledger\n  reliefledger node --scratch --listen 127.0.0.1:2113",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return serveLedger(p, cmd.Context(), f) },
	}
	fl := c.Flags()
	fl.StringVar(&f.listen, "listen", "127.0.0.1:2113", "address for clients 监听地址")
	fl.StringVar(&f.advertise, "advertise", "", "address that clients are told; default: where it listens 对外地址")
	fl.StringVar(&f.metrics, "metrics", "", "address of /metrics, /livez, /readyz, e.g. 127.0.0.1:2114 监控地址")
	fl.StringVar(&f.certificate, "tls-certificate", "", "certificate, PEM 证书")
	fl.StringVar(&f.key, "tls-key", "", "its private key, PEM 证书私钥")
	fl.StringVar(&f.users, "users", "", "file of users (reliefledger node user) 用户文件")
	fl.BoolVar(&f.writable, "writable", false, "let users with the role writer append 允许写入")
	fl.BoolVar(&f.scratch, "scratch", false, "an empty store in memory 内存试验库")
	fl.BoolVar(&f.noBooks, "no-books", false, "keep no books: less memory, no lag of projections in /metrics 不跟随账目")
	return c
}

// check refuses what would let somebody in who does not belong.
func (f *nodeFlags) check() error {
	no := func(flag, zh, en string) error { return office.Input(flag, zh, en) }
	if f.advertise != "" {
		if _, err := onLoopback(f.advertise); err != nil {
			return office.InputErr("--advertise", err)
		}
	}
	local, err := onLoopback(f.listen)
	switch secured := f.certificate != "" && f.users != ""; {
	case err != nil:
		return office.InputErr("--listen", err)
	case (f.certificate == "") != (f.key == ""):
		return no("--tls-certificate", "证书与私钥须一并给出", "a certificate and its key go together")
	case f.users != "" && f.certificate == "":
		return no("--users", "没有证书，口令会明文传输，且官方客户端不会发送", "without a certificate passwords would go in clear, and the clients send none")
	case f.scratch && (!local || f.writable || f.users != ""):
		return no("--scratch", "试验库只在本机，且人人可写", "a scratch store is for loopback, where anybody may write it")
	case !local && !secured:
		return no("--listen", "本机之外须有证书与用户", "beyond loopback a certificate and users are needed")
	case f.writable && !secured:
		return no("--writable", "可写须有证书与 writer 用户", "to be writable it needs a certificate and a user with the role writer")
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

func serveLedger(p *program, ctx context.Context, f nodeFlags) (err error) {
	if err := f.check(); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	o := ops.New()
	opts := node.Options{Anonymous: node.Read, Advertise: f.advertise, Metrics: node.NewMetrics(o.Registry), Log: log}
	if f.scratch {
		opts.Anonymous = node.Write
	}
	if f.certificate != "" {
		pair, err := tls.LoadX509KeyPair(f.certificate, f.key)
		if err != nil {
			return &office.KeyError{Path: f.certificate, Err: err}
		}
		opts.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	if f.users != "" {
		users, err := nodeusers.Read(f.users)
		if err != nil {
			return err
		}
		opts.Anonymous, opts.Authorize = node.NoAccess, users.Authorize
		if !f.writable {
			opts.Authorize = func(user, password string) (node.Access, bool) {
				a, ok := users.Authorize(user, password)
				return min(a, node.Read), ok
			}
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if f.metrics != "" {
		at, wait, failed := o.Serve(ctx, f.metrics)
		if failed != nil {
			return failed
		}
		defer func() { stop(); err = errors.Join(err, wait()) }()
		log.Info("metrics", "address", at.String())
	}
	// The port comes before the store: a node that cannot listen holds nothing.
	l, err := net.Listen("tcp", f.listen)
	if err != nil {
		return office.InputErr("--listen", err)
	}
	l = netutil.LimitListener(l, maxConnections)
	events, closeStore, err := nodeStore(p, ctx, f, o, opts)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	o.FollowStore(events)
	if !f.scratch && !f.noBooks {
		books, err := projections.FollowFrom(ctx, events, p.home.Snapshot("books", office.About{}))
		if err != nil {
			return errors.Join(err, l.Close())
		}
		defer books.Close()
		o.FollowBooks("books", books, events)
	}
	return serveNode(ctx, node.New(events, opts), l, events, o, log)
}

// serveNode serves until ctx ends or the store is poisoned, and then stops.
func serveNode(ctx context.Context, n *node.Server, l net.Listener, events *embedded.Store, o *ops.Ops, log *slog.Logger) error {
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

// nodeStore opens what a node serves: a folder, which it must hold, or nothing
// yet, in memory.
func nodeStore(p *program, ctx context.Context, f nodeFlags, o *ops.Ops, n node.Options) (*embedded.Store, func() error, error) {
	opts := embedded.Options{Committed: o.Committed}
	if f.scratch {
		opts.FS = vfs.NewMem()
		s, err := embedded.Create("/scratch", opts)
		if err != nil {
			return nil, nil, err
		}
		return s, s.Close, nil
	}
	a, err := p.home.About()
	if err != nil {
		return nil, nil, err
	}
	if p.home.Store != "" || a.Store != "" {
		return nil, nil, office.Input("node", "这本账簿的事件不在其目录中", "this ledger's events are not in its folder")
	}
	ctx, done := context.WithTimeout(ctx, holdPatience)
	defer done()
	for {
		s, err := folder.Hold(filepath.Join(p.home.Data, office.EventsFolder), folder.Options{Embedded: opts, Metrics: n.Metrics, Log: n.Log})
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
