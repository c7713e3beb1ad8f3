// Command reliefledger keeps a relief ledger in a folder of this machine: it
// makes one, records orders in it, and shows what follows from its events.
//
// Start with `reliefledger demo`, which fills a ledger with nine campaigns, or
// with `reliefledger init`. What it does stands in cmd/internal/office; here are its
// flags, its words and its tables: program.go has what all subcommands share, opening.go
// how they open a ledger, printer.go how they say things, flags.go what several of them
// are told, and each subcommand has a file of its own.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/office"
)

func main() {
	// One more than there are cores: a thread that waits for a disk keeps its
	// place among them for a while, which one of two cores cannot be without.
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the process at once
	}()
	os.Exit(runArgs(ctx, os.Args[1:]))
}

func runArgs(ctx context.Context, args []string) int {
	p := &program{}
	cmd := rootCommand(p)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return office.Done.Exit()
	}
	if !p.began && office.KindOf(err) == office.Failed {
		err = &office.UsageError{Err: err} // of cobra: a flag, an argument or a command that there is not
	}
	return p.fail(os.Stderr, err)
}

// rootCommand is the program with all its subcommands.
func rootCommand(p *program) *cobra.Command {
	root := &cobra.Command{
		Use:           "reliefledger",
		Short:         p.say("救助资金账簿：每笔分配、公示、发放、退回都是不可更改的事件", "a ledger of relief funds: every allocation, notice, payment and return is an immutable event"),
		Long:          exitHelp(),
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if p.asOf != "" && (cmd.Parent() == nil || !slices.Contains([]string{"show", "report", "print"}, cmd.Parent().Name()) && cmd.Name() != "rebuild") {
				return office.Input("--as-of", "只用于查看", "is for showing only")
			}
			if p.export != "" && (p.json || !slices.Contains(withTables, cmd.CommandPath())) {
				return office.Input("--export", "只用于查看的表格（不与 --json 同用）", "is for tables that are shown, and not with --json")
			}
			if p.langFlag != "" && p.langFlag != "zh" && p.langFlag != "en" {
				return office.Input("--lang", "%q：zh, en", "%q: zh, en", p.langFlag)
			}
			// An address has a password in it: taken here and not as a default, which
			// --help would show.
			if p.home.Store == "" {
				p.home.Store = os.Getenv("RELIEFLEDGER_STORE")
			}
			if p.home.Vault == "" {
				p.home.Vault = os.Getenv("RELIEFLEDGER_VAULT")
			}
			_, err := p.until()
			return err
		},
	}
	f := root.PersistentFlags()
	f.StringVar(&p.home.Data, "data", os.Getenv("RELIEFLEDGER_DATA"), "folder of the ledger 账簿目录 (RELIEFLEDGER_DATA)")
	f.StringVar(&p.home.Store, "store", "", "where the events are: esdb://user:password@host:2113?tls=true; default: in the folder 事件库地址 (RELIEFLEDGER_STORE)")
	f.StringVar(&p.home.Vault, "vault", "", "where the vault is: a file, or postgres://user:password@host/database 保险库 (RELIEFLEDGER_VAULT)")
	f.StringVar(&p.langFlag, "lang", "", "zh or en 语言")
	f.BoolVar(&p.json, "json", false, "write JSON 输出 JSON")
	f.StringVar(&p.asOf, "as-of", "", "as of a number (#123), a moment (2023-02-01T12:00:00+08:00) or a business date (2023-02-01) 截至")
	f.StringVar(&p.home.WrappingKey, "wrapping-key", os.Getenv("RELIEFLEDGER_WRAPPING_KEY"), "file of the wrapping key 封装密钥文件 (RELIEFLEDGER_WRAPPING_KEY)")
	f.StringArrayVar(&p.keys, "key", nil, "file of an officer's key, for signing 经办人密钥文件（可多次）")
	f.StringVar(&p.why, "why", "", "why sealed values are opened; stands in the vault's journal 打开个人信息的理由（记入保险库日志）")
	f.StringVar(&p.export, "export", "", "write the table to FILE.csv or FILE.xlsx 导出表格")
	f.BoolVar(&p.acceptLost, "accept-lost", false, "go on although the vault remembers events that the store has lost 事件库已丢失尾部仍继续（记入保险库日志）")
	f.StringVar(&p.holidays, "holidays", "", "newer holidays.csv 新的节假日文件")
	root.AddCommand(initCommand(p), demoCommand(p), officerCommand(p), recordCommand(p), importCommand(p), group("show", p.say("查看", "show"), slices.Concat(showReports(p), showLists(p), showPrivate(p), showEvents(p), []*cobra.Command{showNoticeCommand(p)})...), reportCommand(p), printCommand(p), rebuildCommand(p),
		nodeCommands(p), copyCommand(p), backupCommand(p), restoreCommand(p), eraseCommand(p), restrictCommand(p), batchCommand(p), bankCommand(p), verifyCommand(p),
		auditCommand(p), benchCommand(p), storeCommands(p))
	root.AddCommand(topics(p)...)
	begins(p, root)
	return root
}

// begins notes when a command runs: what goes wrong before that is how it was
// called.
func begins(p *program, c *cobra.Command) {
	if run := c.RunE; run != nil {
		c.RunE = func(cmd *cobra.Command, args []string) error {
			p.began = true
			return run(cmd, args)
		}
	}
	for _, sub := range c.Commands() {
		begins(p, sub)
	}
}

// withTables are the commands whose answer is a table, which --export writes.
var withTables = []string{"reliefledger show balances", "reliefledger show notices", "reliefledger show notice", "reliefledger show fund-use",
	"reliefledger show irregular", "reliefledger show fields", "reliefledger show journal", "reliefledger report figures", "reliefledger erase"}

// exitHelp lists the exit codes, on which scripts may rely.
func exitHelp() string {
	var b strings.Builder
	b.WriteString("Exit codes 退出码:")
	for _, k := range office.Kinds() {
		fmt.Fprintf(&b, "\n  %d  %s %s", k.Exit(), k.Say("en"), k.Say("zh"))
	}
	return b.String()
}

// nodeCommands are `node`, which serves, and `node user`.
func nodeCommands(p *program) *cobra.Command {
	c := nodeCommand(p)
	c.AddCommand(nodeUserCommand(p))
	return c
}
