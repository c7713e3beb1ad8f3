package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/projections"
)

func rebuildCommand(p *program) *cobra.Command {
	c := &cobra.Command{Use: "rebuild", Short: p.say("从事件重建一切，并核对每一行平衡", "rebuild everything from the events and check that it balances"), Args: cobra.NoArgs}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		return p.proving(func(r *office.Reader, b *projections.Books, _ []string) error {
			if err := office.Balanced(b); err != nil {
				return err
			}
			if p.asOf == "" {
				removed, err := r.CheckSnapshots(cmd.Context(), b)
				if removed != "" {
					p.note("快照所说与事件不符，已删除（以事件为准）：%s\n若事件被改过，audit replay 逐条点名\n", "a snapshot said otherwise than the events, which count; all are removed: %s\nif events were altered, audit replay names each\n", removed)
					return errors.Join(saidError{office.ErrUnproven}, err)
				}
				if err != nil {
					return err
				}
			}
			lost := p.asOf == "" && r.LostTail(cmd.Context(), b.State, b.Position) != nil // which was told
			if p.json {
				if err := writeJSON(os.Stdout, map[string]any{"events": b.Len(), "digest": fmt.Sprintf("%x", b.Digest()), "unfolded": len(b.State.Unfolded), "lost_tail": lost}); err != nil {
					return err
				}
			} else {
				fmt.Printf(p.say("已重建：%d 个事件，各行平衡，无法并入 %d 个\n摘要 %x\n", "rebuilt: %d events, all rows balance, %d could not be folded\ndigest %x\n"), b.Len(), len(b.State.Unfolded), b.Digest())
			}
			if lost || len(b.State.Unfolded) > 0 {
				return saidError{office.ErrUnproven}
			}
			return nil
		})(cmd, args)
	}
	return c
}
