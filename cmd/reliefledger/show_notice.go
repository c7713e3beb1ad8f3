package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/papers"
	"reliefledger.org/ledger/cmd/internal/table"
	"reliefledger.org/ledger/projections"
)

// showNoticeFlags are the flags of `show notice`.
type showNoticeFlags struct {
	place, on string
	names     bool
}

func showNoticeCommand(p *program) *cobra.Command {
	var x showNoticeFlags
	c := &cobra.Command{Use: "notice NUMBER|ID", Short: p.say("一份名单", "one notice"), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.naming(cmd, "show notice", x.names, func(r *office.Reader, a *office.Asker, b *projections.Books) error {
				return x.show(p, cmd.Context(), r, a, b, args[0])
			})
		}}
	c.Flags().StringVar(&x.place, "place", "", "as one place shows it 某公示地点")
	c.Flags().StringVar(&x.on, "on", "", "as it stands on a day 某日状态")
	c.Flags().BoolVar(&x.names, "names", false, "open the names that the place may show (needs the wrapping key) 显示可公开的姓名")
	return c
}

// show shows a notice; a is nil where no names are asked for.
func (x *showNoticeFlags) show(p *program, ctx context.Context, r *office.Reader, a *office.Asker, b *projections.Books, which string) error {
	on, err := p.day(r, b, "--on", x.on)
	if err != nil {
		return err
	}
	n, err := papers.FindNotice(b, which, on)
	if err != nil {
		return err
	}
	if _, places := papers.Hanging(n, x.place, on); x.place != "" && !slices.Contains(places, x.place) {
		list := strings.Join(places, ", ")
		return office.Input(x.place, "该名单不在此处公示；公示地点："+list, "the notice does not hang there; it hangs at: "+list)
	}
	names := map[int]office.NameShown{}
	if a != nil {
		if names, err = a.NamesOnList(ctx, b, n.ID, x.place, on); err != nil {
			return err
		}
	}
	lines := b.PublicLines(n.ID, x.place, on)
	if p.json {
		return noticeJSON(n, lines, names)
	}
	p.noticeHead(n)
	if len(lines) == 0 {
		fmt.Println(p.say("（不在公示期：名单不再显示，只留合计；--on 可查看某日）", "(outside its period: names are down, totals stay; see --on)"))
		return nil
	}
	return p.noticeLines(b, lines, names)
}

func noticeJSON(n projections.Notice, lines []projections.PublicLine, names map[int]office.NameShown) error {
	type shown struct {
		projections.PublicLine
		Name string `json:"name,omitempty"`
	}
	out := []shown{}
	for _, l := range lines {
		out = append(out, shown{l, names[l.Line].Text()})
	}
	return writeJSON(os.Stdout, map[string]any{"notice": n, "lines": out})
}

// noticeHead writes what stands above a list.
func (p *program) noticeHead(n projections.Notice) {
	fmt.Printf("%s〔%d〕 %s\n%s：%s　%s：%s\n", n.Title, n.Number, n.State.Say(p.lang()), p.say("发布", "issuer"), n.Issuer, p.say("监督电话", "phone"), n.Phone)
	fmt.Printf(p.say("异议方式：%s　异议 %d 件，未处理 %d 件\n", "how to object: %s; objections %d, open %d\n"), n.HowTo, n.Objections, n.Open)
	for _, ph := range n.Phases {
		fmt.Printf(p.say("公示期：%s 至 %s（%s）〔%d〕\n", "period: %s to %s (%s) [%d]\n"), ph.First, ph.Last, p.word(string(ph.Mode)), ph.Number)
		for _, x := range ph.Places {
			fmt.Printf("  %s %s %s %s\n", p.word(x.Place), x.Where, x.On, p.word(string(x.Disclosure)))
		}
	}
	fmt.Printf(p.say("合计：%d 行，%s 元 %s\n", "total: %d lines, %s yuan %s\n"), n.Lines, n.Total, strings.Join(n.Goods, ", "))
}

// noticeLines is the list as a table.
func (p *program) noticeLines(b *projections.Books, lines []projections.PublicLine, names map[int]office.NameShown) error {
	t := table.New(p.say("行", "line"), p.say("姓名", "name"), p.say("人数", "people"), p.say("应得", "to receive")).Figures(0)
	for _, l := range lines {
		people := ""
		if l.People.Relation != "" {
			people = string(l.People.Relation) + fmt.Sprint(l.People.People)
		}
		give := papers.SayGive(l.Give, p.lang())
		if l.Struck {
			give = p.say("（已剔除）", "(struck)")
		}
		shown := names[l.Line]
		name := shown.Text()
		if party := b.State.Parties[b.State.Same(l.Beneficiary)]; shown.Minor || party != nil && party.Minor {
			name = p.say("（未成年人）", "(a minor)")
		} else if shown.Restricted || party != nil && party.Restricted {
			name = p.say("（不公开）", "(not shown)")
		}
		t.Row(fmt.Sprint(l.Line), name, people, give)
	}
	return p.table(t)
}
