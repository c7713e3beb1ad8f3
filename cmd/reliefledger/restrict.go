package main

import (
	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
)

// restrictCommand is `restrict`: a person is named on no page any more.
func restrictCommand(p *program) *cobra.Command {
	var who whichParty
	var date string
	var lift bool
	c := &cobra.Command{
		Use:   "restrict [PARTY]",
		Short: p.say("限制公开一人：任何页面都不再显示其姓名", "hide a person from every page"),
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			on, err := office.OrToday(date)
			if err != nil {
				return err
			}
			return p.asking(cmd.Context(), "restrict", func(s *office.Session, a *office.Asker) error {
				id, err := who.find(cmd, s, a, args)
				if err != nil {
					return err
				}
				done, err := s.Give(cmd.Context(), on, "", &domain.RestrictParty{Party: id, Lifted: lift})
				if err != nil {
					return err
				}
				p.result(done)
				return nil
			})
		},
	}
	who.flags(c)
	c.Flags().StringVar(&date, "date", "", "business date; default: today 记账日期")
	c.Flags().BoolVar(&lift, "lift", false, "lift it 解除")
	return c
}
