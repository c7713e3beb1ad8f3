package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/summary"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/snapshot"
	"reliefledger.org/ledger/projections"
	"reliefledger.org/ledger/testdata/campaigns"
)

func rawJSON(v []byte) json.RawMessage { return json.RawMessage(v) }

func writeJSONLine(v any) error {
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func (p *program) reportCommand() *cobra.Command {
	c := &cobra.Command{Use: "report", Short: p.say("报告", "reports"), Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	page := &cobra.Command{Use: "summary CAMPAIGN", Short: p.say("活动总结：一页，每个数字附事件序号", "one page about a campaign, each figure with the numbers of its events"), Args: cobra.ExactArgs(1),
		RunE: p.withEvents(func(b *projections.Books, args []string) error {
			campaign, err := p.campaign(b, args[0])
			if err != nil {
				return err
			}
			if p.json {
				var text strings.Builder
				if err := summary.Write(&text, b, campaign.ID); err != nil {
					return err
				}
				return writeJSON(os.Stdout, map[string]any{"campaign": campaign.ID, "name": campaign.Name, "text": text.String()})
			}
			return summary.Write(os.Stdout, b, campaign.ID)
		})}
	var file string
	figures := &cobra.Command{Use: "figures", Short: p.say("逐一核对来源中的数字", "go through the source's figures, each rebuilt from events"), Args: cobra.NoArgs,
		RunE: p.withEvents(func(b *projections.Books, _ []string) error {
			list, err := p.figures(b, file)
			if err != nil {
				return err
			}
			return p.showFigures(list)
		})}
	figures.Flags().StringVar(&file, "figures", "", "JSON lines of figures with their queries; default: the nine reports' 数字及其查询")
	c.AddCommand(page, figures)
	return c
}

// campaign finds a campaign by its number (1 is the first of the list), its id
// or the beginning of its name.
func (p *program) campaign(b *projections.Books, which string) (*domain.Campaign, error) {
	list := b.Campaigns()
	if n, err := strconv.Atoi(which); err == nil {
		for _, c := range list {
			if strings.HasPrefix(c.Name, fmt.Sprintf("报告%d", n)) {
				return c, nil
			}
		}
	}
	for _, c := range list {
		if c.ID.String() == which || strings.HasPrefix(c.Name, which) {
			return c, nil
		}
	}
	var names []string
	for _, c := range list {
		names = append(names, c.Name)
	}
	return nil, &inputError{what: which, why: p.say("没有这个活动；有：", "no such campaign; there are: ") + strings.Join(names, "、")}
}

func (p *program) figures(b *projections.Books, file string) ([]projections.Figure, error) {
	text, err := campaigns.Files.ReadFile("figures.jsonl")
	if file != "" {
		text, err = os.ReadFile(filepath.Clean(file))
	}
	if err != nil {
		return nil, &inputError{what: file, err: err}
	}
	sources, err := projections.ReadFigures(bytes.NewReader(text))
	if err != nil {
		return nil, &inputError{what: file, err: err}
	}
	return b.Figures(sources), nil
}

func (p *program) showFigures(list []projections.Figure) error {
	ok := 0
	for _, f := range list {
		if f.OK {
			ok++
		}
	}
	if p.json {
		if err := writeJSON(os.Stdout, list); err != nil {
			return err
		}
	} else {
		t := newTable(p.say("报告", "report"), p.say("数字", "figure"), p.say("来源", "source"), p.say("重建", "rebuilt"), p.say("证明", "ok"), p.say("事件", "events"), p.say("原文", "quote")).figures(0, 2, 3)
		for _, f := range list {
			mark := colour(green, "✓")
			if !f.OK {
				mark = colour(red, "✗ "+f.Why)
			}
			t.row(fmt.Sprint(f.Report), f.ID, f.Figure, f.Value, mark, projections.Numbers(f.Events), f.Quote)
		}
		if err := p.tell(t); err != nil {
			return err
		}
		fmt.Printf(p.say("%d 个数字中证明 %d 个\n", "of %d figures %d are proven\n"), len(list), ok)
	}
	if ok != len(list) {
		return errUnproven
	}
	return nil
}

func (p *program) rebuildCommand() *cobra.Command {
	return &cobra.Command{Use: "rebuild", Short: p.say("从事件重建一切，并核对每一行平衡", "rebuild everything from the events and check that it balances"), Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withEvents(func(b *projections.Books, _ []string) error { return p.rebuilt(cmd.Context(), b) })(cmd, args)
		}}
}

// rebuilt checks books that were read from the events, and says what they are.
func (p *program) rebuilt(ctx context.Context, b *projections.Books) error {
	for _, by := range projections.Dimensions {
		if by == projections.ByForm || by == projections.ByCampaign || by == projections.BySource {
			continue // rows of these see one side of a movement, or a rounded share
		}
		for _, r := range b.Balances(by) {
			if !r.Balanced() {
				return fmt.Errorf("%s %s does not balance: %+v", by, r.Name, r)
			}
		}
	}
	digest := b.Digest()
	if err := p.checkSnapshots(ctx, b, digest); err != nil {
		return err
	}
	if p.json {
		return writeJSON(os.Stdout, map[string]any{"events": b.Len(), "digest": fmt.Sprintf("%x", digest), "unfolded": len(b.State.Unfolded)})
	}
	fmt.Printf(p.say("已重建：%d 个事件，各行平衡，无法并入 %d 个\n摘要 %x\n", "rebuilt: %d events, all rows balance, %d could not be folded\ndigest %x\n"), b.Len(), len(b.State.Unfolded), digest)
	return nil
}

// checkSnapshots holds what the snapshots lead to against what the events say.
// If one says something else, all are removed.
func (p *program) checkSnapshots(ctx context.Context, b *projections.Books, digest [32]byte) error {
	a, err := p.about()
	if err != nil || p.asOf != "" {
		return err
	}
	differs := false
	if path := p.snapshot("books", a); exists(path) {
		from, err := p.booksFrom(ctx, p.snapshot)
		if err != nil {
			return err
		}
		differs = from.Len() == b.Len() && from.Digest() != digest // unless somebody has written meanwhile
	}
	if path := p.snapshot("state", a); exists(path) {
		store, err := p.events(ctx, a)
		if err != nil {
			return err
		}
		defer store.Close()
		state, err := ledger.FromSnapshot(ctx, store, path)
		if err != nil && !errors.As(err, new(*snapshot.None)) {
			return err
		}
		differs = differs || err == nil && state.Count == b.State.Count && !reflect.DeepEqual(state, b.State)
	}
	if !differs {
		return nil
	}
	dir := filepath.Dir(p.snapshot("books", a))
	fmt.Fprintf(os.Stderr, p.say("快照所说与事件不符，已删除（以事件为准）：%s\n", "a snapshot said otherwise than the events, which count; all are removed: %s\n"), dir)
	return errors.Join(saidError{errUnproven}, os.RemoveAll(dir))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
