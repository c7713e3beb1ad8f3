package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"reliefledger.org/ledger/cmd/internal/bench"
	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/table"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/esdb"
)

func benchCommand(p *program) *cobra.Command {
	var payments []int
	var seed uint64
	var dir string
	var keep bool
	var neighbour int
	c := &cobra.Command{
		Use:   "bench",
		Short: p.say("测速：本机此磁盘上的账簿有多快、占多少", "measure how fast a ledger is on this machine and disk, and what it takes"),
		Long: p.say(`按固定种子生成名单并逐步填充一本新账簿（所有命令均签名），再测量发放、回盘、重建、重演、启动、截至查询、
内存与磁盘。同时在同一磁盘上逐次写入并落盘作对照。给出多个 --payments 即看增长。目录事后删除。

给出 --store 即改测该服务器或集群（环境变量 RELIEFLEDGER_STORE 在此不算数）：事件写在本次运行专用的流名前缀
bench-… 之下，测完仍留在服务器上，请用测试服务器，或为它单建一个用户。保险库仍在本机磁盘。
--neighbour N 再看共用服务器的他人写入 N 个事件后，找到本账簿最末事件要多久。`,
			`Fills a new ledger with lists drawn from a seed, through signed commands, and measures payments, bank
results, rebuild, replay, start, looks back, memory and disk. In the same run a bare loop writes and syncs on
the same disk. Several --payments show the growth. The folder is removed afterwards.

With --store (RELIEFLEDGER_STORE does not count here) it measures that server or cluster instead: the events are under a
prefix of the run's own, bench-..., and stay on the server, so take one for tests. The vault is still on
this disk. --neighbour N shows what N events of another user of the server cost who looks for the last of
this ledger's.`),
		Example: "  reliefledger bench --payments 10000,100000,1000000 --json > growth.json\n  reliefledger bench --store 'esdb://ledger:…@a:2113,b:2113,c:2113?tls=true' --neighbour 20000",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" {
				dir = os.TempDir()
			}
			// Only where the command says so: the variable names the office's own server,
			// and what is written there stays.
			server := ""
			if cmd.Flags().Changed("store") {
				server = p.home.Store
			}
			switch {
			case neighbour < 0:
				return office.Input("--neighbour", "不能为负", "must not be below 0")
			case neighbour > 0 && server == "":
				return office.Input("--neighbour", "只与 --store 同用", "goes with --store only")
			}
			for _, n := range payments {
				if err := (bench.Plan{Payments: n}).Check(); err != nil {
					return office.InputErr("--payments", err)
				}
			}
			var reports []*bench.Report
			for _, n := range payments {
				where, err := os.MkdirTemp(dir, "reliefledger-bench-*")
				if err != nil {
					return office.InputErr("--dir", err)
				}
				opts := bench.Options{Plan: bench.Plan{Seed: seed, Payments: n}, Dir: filepath.Join(where, "ledger"), Keep: keep, Neighbour: neighbour,
					Say: func(zh, en string) { fmt.Fprintf(os.Stderr, "%9d  %s\n", n, p.say(zh, en)) }}
				if server != "" {
					run := rand.Text()[:8]
					opts.Open = func(ctx context.Context, name string) (eventstore.Store, error) {
						return esdb.Dial(ctx, server, esdb.Options{Prefix: name + "-" + run + "-"})
					}
				}
				r, err := bench.Run(cmd.Context(), opts)
				if !keep {
					os.RemoveAll(where)
				}
				if err != nil {
					return err
				}
				reports = append(reports, r)
			}
			if !p.json {
				return p.showBench(reports)
			}
			if len(reports) == 1 {
				return writeJSON(os.Stdout, reports[0])
			}
			return writeJSON(os.Stdout, reports)
		},
	}
	f := c.Flags()
	f.IntSliceVar(&payments, "payments", []int{10_000}, "how many payments; several are measured one after the other 笔数，可多个")
	f.Uint64Var(&seed, "seed", 1, "what the lists are drawn from 种子")
	f.StringVar(&dir, "dir", "", "a folder on the disk to be measured; default: that for temporary files 所测磁盘上的目录")
	f.IntVar(&neighbour, "neighbour", 0, "events that another user of the --store writes behind ours 共用服务器的他人写入的事件数")
	f.BoolVar(&keep, "keep", false, "leave the ledger there 保留账簿")
	return c
}

// showBench is a table with a column for each report.
func (p *program) showBench(reports []*bench.Report) error {
	head := []string{p.say("项目", "figure")}
	for _, r := range reports {
		head = append(head, strconv.Itoa(r.Plan.Payments))
	}
	t := table.New(append(head, p.say("单位", "unit"), p.say("目标", "target"))...)
	for i := range reports {
		t.Figures(i + 1)
	}
	for i, f := range reports[0].Figures {
		row := []string{p.say(f.Zh, f.En)}
		for _, r := range reports {
			row = append(row, figure(r.Figures[i].Value))
		}
		target := ""
		if last := reports[len(reports)-1].Figures[i]; last.Target > 0 {
			sign, mark := "≥", colour(green, "✓")
			if last.Most {
				sign = "≤"
			}
			if !last.Met() {
				mark = colour(red, "✗")
			}
			target = sign + " " + figure(last.Target) + " " + mark
		}
		t.Row(append(row, f.Unit, target)...)
	}
	if err := t.Write(os.Stdout); err != nil {
		return err
	}
	r := reports[0]
	fmt.Printf(p.say("%s，%d 核，%s，种子 %d；目标按最后一列\n", "%s, %d cores, %s, seed %d; targets are for the last column\n"), r.At.Format("2006-01-02"), r.Cores, r.Go, r.Plan.Seed)
	return nil
}

// figure writes a number with three or more digits.
func figure(v float64) string {
	switch {
	case v >= 100:
		return message.NewPrinter(language.English).Sprintf("%.0f", v)
	case v >= 1:
		return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 2, 64), ".00")
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}
