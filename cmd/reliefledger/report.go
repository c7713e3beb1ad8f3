package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/demo"
	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/summary"
	"reliefledger.org/ledger/cmd/internal/table"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/projections"
)

func reportCommand(p *program) *cobra.Command {
	page := &cobra.Command{Use: "summary CAMPAIGN", Short: p.say("活动总结：一页，每个数字附事件序号", "one page about a campaign, each figure with the numbers of its events"), Args: cobra.ExactArgs(1),
		RunE: p.proving(func(_ *office.Reader, b *projections.Books, args []string) error {
			id, err := office.Find(b.State, domain.CampaignKind, args[0])
			if err != nil {
				return err
			}
			if !p.json {
				return summary.Write(os.Stdout, b, id)
			}
			var text strings.Builder
			if err := summary.Write(&text, b, id); err != nil {
				return err
			}
			return writeJSON(os.Stdout, map[string]any{"campaign": id, "name": b.State.Campaigns[id].Name, "text": text.String()})
		})}
	var file string
	figures := &cobra.Command{Use: "figures", Short: p.say("逐一核对来源中的数字", "go through the source's figures, each rebuilt from events"), Args: cobra.NoArgs,
		RunE: p.proving(func(_ *office.Reader, b *projections.Books, _ []string) error {
			list, err := demo.Figures(b, file)
			if err != nil {
				return err
			}
			return showFigures(p, list)
		})}
	figures.Flags().StringVar(&file, "figures", "", "JSON lines of figures with their queries; default: the nine reports' 数字及其查询")
	return group("report", p.say("报告", "reports"), page, figures)
}

func showFigures(p *program, list []projections.Figure) error {
	ok := demo.Proven(list)
	if p.json {
		if err := writeJSON(os.Stdout, list); err != nil {
			return err
		}
	} else {
		t := table.New(p.say("报告", "report"), p.say("数字", "figure"), p.say("来源", "source"), p.say("重建", "rebuilt"), p.say("证明", "ok"), p.say("事件", "events"), p.say("原文", "quote")).Figures(0, 2, 3)
		for _, f := range list {
			mark := colour(green, "✓")
			if !f.OK {
				mark = colour(red, "✗ "+f.Why)
			}
			t.Row(fmt.Sprint(f.Report), f.ID, f.Figure, f.Value, mark, projections.Numbers(f.Events), f.Quote)
		}
		if err := p.table(t); err != nil {
			return err
		}
		fmt.Printf(p.say("%d 个数字中证明 %d 个\n", "of %d figures %d are proven\n"), len(list), ok)
	}
	if ok != len(list) {
		return office.ErrUnproven
	}
	return nil
}
