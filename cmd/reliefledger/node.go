package main

import (
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/serve"
)

func nodeCommand(p *program) *cobra.Command {
	var f serve.Config
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
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.Home, f.Log = p.home, slog.New(slog.NewTextHandler(os.Stderr, nil))
			return serve.Events(cmd.Context(), f)
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.Listen, "listen", "127.0.0.1:2113", "address for clients 监听地址")
	fl.StringVar(&f.Advertise, "advertise", "", "address that clients are told; default: where it listens 对外地址")
	fl.StringVar(&f.Metrics, "metrics", "", "address of /metrics, /livez, /readyz, e.g. 127.0.0.1:2114 监控地址")
	fl.StringVar(&f.Certificate, "tls-certificate", "", "certificate, PEM 证书")
	fl.StringVar(&f.Key, "tls-key", "", "its private key, PEM 证书私钥")
	fl.StringVar(&f.Users, "users", "", "file of users (reliefledger node user) 用户文件")
	fl.BoolVar(&f.Writable, "writable", false, "let users with the role writer append 允许写入")
	fl.BoolVar(&f.Scratch, "scratch", false, "an empty store in memory 内存试验库")
	fl.BoolVar(&f.NoBooks, "no-books", false, "keep no books: less memory, no lag of projections in /metrics 不跟随账目")
	return c
}
