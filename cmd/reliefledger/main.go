// Command reliefledger keeps a relief ledger in a folder of this machine: it
// makes one, records orders in it, and shows what follows from its events.
//
// Start with `reliefledger demo`, which fills a ledger with nine campaigns, or
// with `reliefledger init`. Exit codes are in exit.go.
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
	"time"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/projections"
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
	os.Exit(run(ctx, os.Args[1:]))
}

func run(ctx context.Context, args []string) int {
	p := &program{}
	cmd := p.command()
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	return p.fail(os.Stderr, err)
}

// program holds the global flags.
type program struct {
	data     string
	store    string
	vault    string
	langFlag string
	json     bool
	asOf     string
	wrapping string
	keys     []string
	why      string
	export   string

	acceptLost bool
	holidays   string
}

func (p *program) command() *cobra.Command {
	root := &cobra.Command{
		Use:           "reliefledger",
		Short:         p.say("救助资金账簿：每笔分配、公示、发放、退回都是不可更改的事件", "a ledger of relief funds: every allocation, notice, payment and return is an immutable event"),
		Long:          exitHelp,
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if p.asOf != "" && (cmd.Parent() == nil || !slices.Contains([]string{"show", "report", "print"}, cmd.Parent().Name()) && cmd.Name() != "rebuild") {
				return &inputError{what: "--as-of", why: p.say("只用于查看", "is for showing only")}
			}
			if p.export != "" && (p.json || !slices.Contains(withTables, cmd.CommandPath())) {
				return &inputError{what: "--export", why: p.say("只用于查看的表格（不与 --json 同用）", "is for tables that are shown, and not with --json")}
			}
			if p.langFlag != "" && p.langFlag != "zh" && p.langFlag != "en" {
				return &inputError{what: "--lang", why: fmt.Sprintf("%q: zh, en", p.langFlag)}
			}
			// An address has a password in it: taken here and not as a default, which
			// --help would show.
			if p.store == "" {
				p.store = os.Getenv("RELIEFLEDGER_STORE")
			}
			if p.vault == "" {
				p.vault = os.Getenv("RELIEFLEDGER_VAULT")
			}
			_, err := p.until()
			return err
		},
	}
	f := root.PersistentFlags()
	f.StringVar(&p.data, "data", os.Getenv("RELIEFLEDGER_DATA"), "folder of the ledger 账簿目录 (RELIEFLEDGER_DATA)")
	f.StringVar(&p.store, "store", "", "where the events are: esdb://user:password@host:2113?tls=true; default: in the folder 事件库地址 (RELIEFLEDGER_STORE)")
	f.StringVar(&p.vault, "vault", "", "where the vault is: a file, or postgres://user:password@host/database 保险库 (RELIEFLEDGER_VAULT)")
	f.StringVar(&p.langFlag, "lang", "", "zh or en 语言")
	f.BoolVar(&p.json, "json", false, "write JSON 输出 JSON")
	f.StringVar(&p.asOf, "as-of", "", "as of a number (#123), a moment (2023-02-01T12:00:00+08:00) or a business date (2023-02-01) 截至")
	f.StringVar(&p.wrapping, "wrapping-key", os.Getenv("RELIEFLEDGER_WRAPPING_KEY"), "file of the wrapping key 封装密钥文件 (RELIEFLEDGER_WRAPPING_KEY)")
	f.StringArrayVar(&p.keys, "key", nil, "file of an officer's key, for signing 经办人密钥文件（可多次）")
	f.StringVar(&p.why, "why", "", "why sealed values are opened; stands in the vault's journal 打开个人信息的理由（记入保险库日志）")
	f.StringVar(&p.export, "export", "", "write the table to FILE.csv or FILE.xlsx 导出表格")
	f.BoolVar(&p.acceptLost, "accept-lost", false, "go on although the vault remembers events that the store has lost 事件库已丢失尾部仍继续（记入保险库日志）")
	f.StringVar(&p.holidays, "holidays", "", "newer holidays.csv 新的节假日文件")
	root.AddCommand(p.initCommand(), p.demoCommand(), p.officerCommand(), p.recordCommand(), p.importCommand(), p.showCommand(), p.reportCommand(), p.printCommand(), p.rebuildCommand(),
		p.nodeCommand(), p.copyCommand(), p.backupCommand(), p.restoreCommand(), p.eraseCommand(), p.restrictCommand(), p.batchCommand(), p.bankCommand(), p.verifyCommand())
	root.AddCommand(p.auditCommand(), p.benchCommand())
	root.AddCommand(p.topics()...)
	return root
}

// withTables are the commands whose answer is a table, which --export writes.
var withTables = []string{"reliefledger show balances", "reliefledger show notices", "reliefledger show notice", "reliefledger show fund-use",
	"reliefledger show irregular", "reliefledger show fields", "reliefledger show journal", "reliefledger report figures", "reliefledger erase"}

// lang is the language in which people are spoken to: the flag, else English
// where the locale says so, else Chinese.
func (p *program) lang() domain.Lang {
	switch p.langFlag {
	case "zh", "en":
		return domain.Lang(p.langFlag)
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if strings.HasPrefix(v, "en") {
				return domain.En
			}
			break
		}
	}
	return domain.Zh
}

// say picks the sentence of the language.
func (p *program) say(zh, en string) string {
	if p.lang() == domain.En {
		return en
	}
	return zh
}

// people writes a sentence for people, which scripts do not get.
func (p *program) people(zh, en string, args ...any) {
	if !p.json {
		fmt.Printf(p.say(zh, en), args...)
	}
}

// until reads --as-of.
func (p *program) until() (projections.Until, error) {
	var u projections.Until
	switch s := p.asOf; {
	case s == "":
	case strings.HasPrefix(s, "#"):
		var n uint64
		if _, err := fmt.Sscanf(s, "#%d", &n); err != nil || fmt.Sprintf("#%d", n) != s {
			return u, &inputError{what: "--as-of", why: fmt.Sprintf("%q: #123", s)}
		}
		u.Number = &n
	case strings.Contains(s, "T"):
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return u, &inputError{what: "--as-of", why: err.Error()}
		}
		u.Recorded = t
	default:
		d, err := domain.ParseDay(s)
		if err != nil {
			return u, &inputError{what: "--as-of", err: err}
		}
		u.Date = d
	}
	return u, nil
}
