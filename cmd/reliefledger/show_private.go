package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/table"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/vault"
)

// What of a person, and of the private part of an event, whoever asks may see. What is
// withheld is said to be; what is opened stands in the vault's journal first.

// showPrivate are the subcommands of `show` that open what is private, or say who did.
func showPrivate(p *program) []*cobra.Command {
	return []*cobra.Command{showPartyCommand(p), showEventCommand(p), showJournalCommand(p), showDocumentCommand(p),
		{Use: "fields", Short: p.say("每个事件的每个非公开字段，谁能看到", "who sees which private field of which event"), Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return showFields(p) }}}
}

func showPartyCommand(p *program) *cobra.Command {
	var who whichParty
	c := &cobra.Command{
		Use:   "party [NUMBER|ID]",
		Short: p.say("一个对象：按职责所能看到的信息", "one party, as far as whoever asks may see it"),
		Long: p.say(`出示经办人密钥（--key）并说明理由（--why）；看到什么取决于职责，未给看的会说明。每次打开都记入保险库日志（show journal）。
财务见姓名、电话、地址和隐去中段的身份证号；审计见账号以外的全部；隐私专员见全部。`,
			`Give an officer's key (--key) and a reason (--why). What is shown depends on the officer's roles, and what is withheld is
said. Whatever is opened stands in the vault's journal first (show journal). Finance sees name, phone, address
and the identity number masked; an auditor all but accounts; a privacy officer everything.`),
		Example: "  reliefledger show party 17 --key me.key --why 核对退票\n  echo 11010519491231002X | reliefledger show party --id-number - --key me.key --why 本人查询",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.asking(cmd.Context(), "show party", func(s *office.Session, a *office.Asker) error {
				if err := a.MustSayWhy(); err != nil {
					return err
				}
				id, err := who.find(cmd, s, a, args)
				if err != nil {
					return err
				}
				shown, err := a.ShowParty(cmd.Context(), id)
				if err != nil {
					return err
				}
				return sayParty(p, shown)
			})
		},
	}
	who.flags(c)
	return c
}

var fieldNames = map[string]string{"name": "姓名", "number": "证件号码", "phone": "电话", "address": "地址", "account": "账号", "note": "备注"}

func sayParty(p *program, x *office.PartyShown) error {
	if p.json {
		return writeJSON(os.Stdout, x)
	}
	fmt.Printf("%s：%s%s　%s\n", p.say("对象", "party"), x.Party, office.Cite(x.Number), x.UnitName)
	for _, state := range []struct {
		is     bool
		zh, en string
	}{{x.Restricted, "已限制公开", "restricted"}, {x.Erased, "已删除", "erased"}, {x.Minor, "未成年人", "a minor"}} {
		if state.is {
			fmt.Println(p.say(state.zh, state.en))
		}
	}
	for _, f := range x.Fields {
		value := printable(f.Value)
		switch f.Seen {
		case "withheld":
			value = p.say("（未给看）", "(withheld)")
		case "erased":
			value = p.say("已删除", "(erased)")
		}
		fmt.Printf("%s：%s\n", p.say(fieldNames[f.Field], f.Field), value)
	}
	return nil
}

func showEventCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "event NUMBER",
		Short: p.say("一个事件：公开部分，及按职责可见的非公开部分", "one event: its open part, and of the private one what whoever asks may see"),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.asking(cmd.Context(), "show event", func(_ *office.Session, a *office.Asker) error {
				n, err := office.Number(args[0])
				if err != nil {
					return err
				}
				shown, err := a.ShowEvent(cmd.Context(), n)
				if err != nil {
					return err
				}
				if err := writeJSON(os.Stdout, shown); err != nil || len(shown.Withheld) == 0 {
					return err
				}
				p.note("（未给看：%s）\n", "(withheld: %s)\n", strings.Join(shown.Withheld, ", "))
				return nil
			})
		},
	}
}

func showJournalCommand(p *program) *cobra.Command {
	var about whichParty
	var only string
	c := &cobra.Command{
		Use:   "journal",
		Short: p.say("保险库日志：谁、何时、为何打开了谁的哪些信息", "the vault's journal: who opened what of whom, why and when"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.asking(cmd.Context(), "show journal", func(s *office.Session, a *office.Asker) error {
				var who domain.ID
				if only != "" || about.numberFile != "" {
					var args []string
					if only != "" {
						args = []string{only}
					}
					var err error
					if who, err = about.find(cmd, s, a, args); err != nil {
						return err
					}
				}
				return sayJournal(p, cmd, s, a, who)
			})
		},
	}
	about.flags(c)
	c.Flags().StringVar(&only, "party", "", "entries about one party: its id, or the number of one of its events 只列某对象")
	return c
}

func sayJournal(p *program, cmd *cobra.Command, s *office.Session, a *office.Asker, about domain.ID) error {
	posts := map[uuid.UUID]string{}
	s.State(func(l *domain.Ledger) {
		for id, o := range l.Officers {
			posts[id] = o.Post
		}
	})
	t := table.New(p.say("序号", "no"), p.say("时间", "time"), p.say("事由", "kind"), p.say("经办人", "officer"), p.say("身份", "as"), p.say("命令", "command"), p.say("字段", "fields"), p.say("人数", "of"), p.say("理由", "why")).Figures(0, 7)
	if err := a.Journal(cmd.Context(), func(e vault.Entry) error {
		if about != (domain.ID{}) && !slices.ContainsFunc(e.Opened, func(o vault.Opening) bool { return slices.Contains(o.Of, about) }) {
			return nil
		}
		if p.json {
			return writeJSONLine(e)
		}
		var fields []string
		people := map[uuid.UUID]bool{}
		for _, o := range e.Opened {
			for _, f := range o.Fields {
				if name := fieldNames[f]; name != "" {
					f = p.say(name, f)
				}
				fields = append(fields, f)
			}
			for _, id := range o.Of {
				people[id] = true
			}
		}
		who := posts[e.Officer]
		if who == "" {
			who = "—"
		}
		t.Row(fmt.Sprint(e.No), e.At.In(domain.Shanghai).Format("2006-01-02 15:04:05"), sayKind(p, e.Kind), who, sayAs(p, e.As), e.Did, strings.Join(fields, ","), fmt.Sprint(len(people)), printable(e.Why))
		return nil
	}); err != nil || p.json {
		return err
	}
	return p.table(t)
}

// sayAs says an audience as the journal has it.
func sayAs(p *program, as string) string {
	for _, a := range []domain.Audience{domain.Public, domain.Finance, domain.Auditing, domain.Privacy} {
		if as == a.Say(domain.En) {
			return a.Say(p.lang())
		}
	}
	return as
}

func sayKind(p *program, k vault.EntryKind) string {
	if p.lang() == domain.En {
		return string(k)
	}
	return map[vault.EntryKind]string{vault.Opened: "打开", vault.LookedUp: "查号", vault.Erased: "删除", vault.Rewrap: "换封装密钥", vault.Removed: "移除文件", vault.Lost: "缺失仍继续"}[k]
}

func showDocumentCommand(p *program) *cobra.Command {
	var out string
	var which int
	var force bool
	c := &cobra.Command{
		Use:   "document NUMBER",
		Short: p.say("取出某事件所附的文件", "take out the document that an event names"),
		Long: p.say(`须出示经办人密钥（财务、审计或隐私专员，按单位）和理由；记入保险库日志。一个事件附有几份时用 --which 指明。`,
			`Give the key of an officer of the unit (finance, auditor or privacy officer) and a reason; it stands in the vault's
journal. Of an event that names several say which with --which.`),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.asking(cmd.Context(), "show document", func(_ *office.Session, a *office.Asker) error {
				if err := office.Vacant(out, force); err != nil {
					return err
				}
				n, err := office.Number(args[0])
				if err != nil {
					return err
				}
				text, err := a.DocumentOf(cmd.Context(), n, which)
				if err != nil {
					return err
				}
				if err := p.home.WriteOut(out, text, force); err != nil {
					return err
				}
				if p.json {
					return writeJSON(os.Stdout, map[string]any{"file": out, "bytes": len(text)})
				}
				p.people("已写入 %s：%d 字节\n", "wrote %s: %d bytes\n", out, len(text))
				return nil
			})
		},
	}
	c.Flags().StringVar(&out, "out", "", "the file to write 输出文件 (required)")
	c.Flags().IntVar(&which, "which", 0, "which one of several, from 1 第几份")
	c.Flags().BoolVar(&force, "force", false, "overwrite it 覆盖")
	_ = c.MarkFlagRequired("out")
	return c
}

// showFields shows the table of who sees what.
func showFields(p *program) error {
	type row struct {
		Event string            `json:"event"`
		Field string            `json:"field"`
		Seen  map[string]string `json:"seen"`
	}
	audiences := []domain.Audience{domain.Public, domain.Finance, domain.Auditing, domain.Privacy}
	rows := []row{}
	t := table.New(p.say("事件", "event"), p.say("字段", "field"), audiences[0].Say(p.lang()), audiences[1].Say(p.lang()), audiences[2].Say(p.lang()), audiences[3].Say(p.lang()))
	for i, e := range domain.AllEvents() {
		for _, f := range domain.PrivateFields(e) {
			common := slices.Contains(domain.CommonFields, f)
			if common && i > 0 {
				continue // once for all
			}
			r := row{domain.TypeOf(e), f, map[string]string{}}
			if common {
				r.Event = "*"
			}
			cells := []string{r.Event, f}
			for _, a := range audiences {
				seen := domain.SeenBy(domain.TypeOf(e), f, a)
				r.Seen[a.Say(domain.En)] = seen.Say(domain.En)
				cells = append(cells, seen.Say(p.lang()))
			}
			rows = append(rows, r)
			t.Row(cells...)
		}
	}
	if p.json {
		return writeJSON(os.Stdout, rows)
	}
	return p.table(t)
}
