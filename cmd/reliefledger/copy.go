package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/esdb"
	"reliefledger.org/ledger/eventstore/folder"
)

func (p *program) copyCommand() *cobra.Command {
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
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.copy(cmd.Context(), from, to, use) },
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

// isAddress says whether a store is elsewhere rather than in a folder. One that
// only looks like an address is none of a folder: it may have a password in it.
func isAddress(store string) bool {
	scheme, _, ok := strings.Cut(strings.ToLower(store), ":")
	return strings.Contains(store, "://") || ok && (strings.HasPrefix(scheme, "esdb") || strings.HasPrefix(scheme, "kurrent") || scheme == "kdb")
}

// eventsOf is the folder of events that a store names.
func eventsOf(dir string) string {
	if _, err := os.Stat(filepath.Join(dir, ledgerFile)); err == nil {
		return filepath.Join(dir, eventsFolder)
	}
	if _, err := os.Stat(filepath.Join(dir, eventsFolder)); err == nil {
		return filepath.Join(dir, eventsFolder)
	}
	return dir
}

// openEnd opens one end of a copy; a target's folder that is not there is made.
func openEnd(ctx context.Context, store string, target bool) (eventstore.Store, error) {
	if isAddress(store) {
		return esdb.Dial(ctx, store, esdb.Options{})
	}
	dir := eventsOf(store)
	s, err := folder.Open(ctx, dir, folder.Options{})
	var none *eventstore.NotALedger
	if !target || !errors.As(err, &none) {
		return s, err
	}
	if dir == store {
		dir = filepath.Join(store, eventsFolder)
	}
	if err := os.MkdirAll(store, 0o700); err != nil {
		return nil, err
	}
	return folder.Create(dir, folder.Options{})
}

// named is a store as people may see it.
func named(store string) string {
	if isAddress(store) {
		return esdb.Redact(store)
	}
	return store
}

func (p *program) copy(ctx context.Context, from, to string, use bool) (err error) {
	var a about
	if use {
		if a, err = p.about(); err != nil {
			return err
		}
		if !isAddress(to) && eventsOf(to) != filepath.Join(p.data, eventsFolder) && filepath.Clean(to) != filepath.Clean(p.data) {
			return &inputError{what: "--use", why: p.say("目标须是地址，或 --data 目录本身", "the target must be an address, or the --data folder itself")}
		}
	}
	source, err := openEnd(ctx, from, false)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := openEnd(ctx, to, true)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	defer func() { err = errors.Join(err, target.Close()) }()

	bar := progress(-1, p.say("搬运事件", "copying events"))
	copied, err := eventstore.Copy(ctx, source, target, func(count uint64) { _ = bar.Set64(int64(count)) })
	_ = bar.Finish()
	if err != nil {
		return err
	}
	// What was written is read back: not what we sent, but what they hold.
	for _, end := range []struct {
		name  string
		store eventstore.Store
	}{{from, source}, {to, target}} {
		have, err := eventstore.ChainOf(ctx, end.store)
		if err != nil {
			return fmt.Errorf("read %s again: %w", named(end.name), err)
		}
		if have != copied {
			return fmt.Errorf(p.say("%s 现有 %s，与搬运的 %s 不同：搬运期间有人写入，请再运行一次", "%s holds %s, and %s was copied: somebody wrote meanwhile, run it again"), named(end.name), have, copied)
		}
		if !p.json {
			fmt.Printf(p.say("%s：%d 个日志条目，累计 SHA-256 %x\n", "%s: %d log entries, running SHA-256 %x\n"), named(end.name), have.Count, have.Sum)
		}
	}
	if use {
		if a.Store = ""; isAddress(to) {
			a.Store = esdb.Redact(to)
		}
		if err := p.finish(a); err != nil {
			return err
		}
	}
	if p.json {
		return writeJSON(os.Stdout, map[string]any{"from": named(from), "to": named(to), "entries": copied.Count, "sha256": fmt.Sprintf("%x", copied.Sum), "used": use})
	}
	fmt.Println(p.say("两边的日志条目完全相同。", "both hold the same log entries."))
	if use && isAddress(to) {
		fmt.Printf(p.say("%s 今后使用 %s；登录用户与口令请放入 RELIEFLEDGER_STORE。\n", "%s works on %s from now on; put its user and password into RELIEFLEDGER_STORE.\n"), p.data, a.Store)
	}
	return nil
}
