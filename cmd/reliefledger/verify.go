package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/eventstore/vault/documents"
)

func verifyCommand(p *program) *cobra.Command {
	return group("verify", p.say("核实", "verify"), &cobra.Command{
		Use:     "receipt FILE",
		Short:   p.say("这份文件是不是账上所附的：是（列出事件）或否（退出码 6）", "whether this very file is a document of the ledger: yes, with the events that name it, or no (exit code 6)"),
		Aliases: []string{"document"},
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.asking(cmd.Context(), "verify receipt", func(s *office.Session, _ *office.Asker) error {
				text, err := office.ReadUpTo(args[0], documents.MaxSize+1)
				if err != nil {
					return office.InputErr(args[0], err)
				}
				numbers, err := s.FindDocument(cmd.Context(), text)
				if err != nil {
					return err
				}
				return sayVerified(p, args[0], numbers)
			})
		},
	})
}

func sayVerified(p *program, file string, numbers []uint64) error {
	switch {
	case p.json:
		if err := writeJSON(os.Stdout, map[string]any{"file": file, "found": len(numbers) > 0, "events": append([]uint64{}, numbers...)}); err != nil {
			return err
		}
	case len(numbers) > 0:
		fmt.Printf(p.say("是：账上所附的正是此文件 %s\n", "yes: this very file is named by %s\n"), office.Cite(numbers...))
	default:
		fmt.Println(p.say("否：账上没有此文件（改动一个字节也算另一份）", "no: no event names this file (one byte changed makes another)"))
	}
	if len(numbers) == 0 {
		return saidError{office.ErrUnproven}
	}
	return nil
}
