package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/backup"
	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/eventstore/esdb"
)

func copyCommand(p *program) *cobra.Command {
	var from, to string
	var use bool
	c := &cobra.Command{
		Use:   "copy --from STORE --to STORE",
		Short: p.say("把全部事件搬到另一个事件库，并证明两边相同", "move all events to another store, and show that both hold the same"),
		Long: p.say(`STORE 是账簿目录，或地址 esdb://…（目录中的事件在其 events 子目录）。目标须为空，或是来源的开头：
中断后再运行一次即可续传。最后两边各读一遍，比较日志条目的数目与累计 SHA-256。
--use 使 --data 账簿今后使用目标（写入其 ledger.json，不含口令）；搬运期间请勿记录。`,
			`STORE is a ledger's folder or an address, esdb://…. The target must be empty or a beginning of the
source: run it again after a break and it goes on. At the end both are read, and the count and the
running SHA-256 of their log entries compared. With --use the ledger in --data works on the target
from then on (its ledger.json says so, without the password). Record nothing meanwhile.`),
		Example: "  reliefledger copy --from ledger --to 'esdb://writer:…@a:2113,b:2113,c:2113?tls=true' --data ledger --use\n  reliefledger copy --from esdb://127.0.0.1:2113?tls=false --to back",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			copied, err := backup.Copy(cmd.Context(), from, to, p.home, use, p.watch())
			if err != nil {
				return err
			}
			return sayCopied(p, from, to, copied)
		},
	}
	c.Flags().StringVar(&from, "from", "", "folder of a ledger, or esdb://… 来源")
	c.Flags().StringVar(&to, "to", "", "folder of a ledger, or esdb://… 目标")
	c.Flags().BoolVar(&use, "use", false, "let the ledger in --data work on the target from then on 今后使用目标")
	for _, name := range []string{"from", "to"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	return c
}

func sayCopied(p *program, from, to string, c *backup.Copied) error {
	if p.json {
		return writeJSON(os.Stdout, map[string]any{"from": backup.Named(from), "to": backup.Named(to), "entries": c.Chain.Count, "sha256": fmt.Sprintf("%x", c.Chain.Sum), "used": c.Used})
	}
	for _, end := range []string{from, to} {
		fmt.Printf(p.say("%s：%d 个日志条目，累计 SHA-256 %x\n", "%s: %d log entries, running SHA-256 %x\n"), backup.Named(end), c.Chain.Count, c.Chain.Sum)
	}
	fmt.Println(p.say("两边的日志条目完全相同。", "both hold the same log entries."))
	if c.Used && office.IsAddress(to) {
		fmt.Printf(p.say("%s 今后使用 %s；登录用户与口令请放入 RELIEFLEDGER_STORE。\n", "%s works on %s from now on; put its user and password into RELIEFLEDGER_STORE.\n"), p.home.Data, esdb.Redact(to))
	}
	return nil
}
