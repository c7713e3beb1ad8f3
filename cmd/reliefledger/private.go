package main

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/domain"
)

// What of a person, and of the private part of an event, whoever asks may see
// (domain.SeenBy). What is withheld is said to be; what is opened stands in the
// vault's journal first.

// privateCommands are `show party`, `show event` and `show journal`.
func (p *program) privateCommands() []*cobra.Command {
	var who whichParty
	party := &cobra.Command{
		Use:   "party [NUMBER|ID]",
		Short: p.say("一个对象：按职责所能看到的信息", "one party, as far as whoever asks may see it"),
		Long: p.say(`出示经办人密钥（--key）并说明理由（--why）；看到什么取决于职责，未给看的会说明。每次打开都记入保险库日志（show journal）。
财务见姓名、电话、地址和隐去中段的身份证号；审计见账号以外的全部；隐私专员见全部。`,
			`Give an officer's key (--key) and a reason (--why). What is shown depends on his roles, and what is withheld is
said. Whatever is opened stands in the vault's journal first (show journal). Finance sees name, phone, address
and the identity number masked; an auditor all but accounts; a privacy officer everything.`),
		Example: "  reliefledger show party 17 --key me.key --why 核对退票\n  echo 11010519491231002X | reliefledger show party --id-number - --key me.key --why 本人查询",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withAsker(cmd.Context(), "show party", func(a *asker) error { return p.showParty(cmd.Context(), a, args, &who) })
		},
	}
	who.flags(party)
	event := &cobra.Command{
		Use:   "event NUMBER",
		Short: p.say("一个事件：公开部分，及按职责可见的非公开部分", "one event: its open part, and of the private one what whoever asks may see"),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withAsker(cmd.Context(), "show event", func(a *asker) error { return p.showEvent(cmd.Context(), a, args[0]) })
		},
	}
	var about whichParty
	var only string
	journal := &cobra.Command{
		Use:   "journal",
		Short: p.say("保险库日志：谁、何时、为何打开了谁的哪些信息", "the vault's journal: who opened what of whom, why and when"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withAsker(cmd.Context(), "show journal", func(a *asker) error {
				var who domain.ID
				if only != "" || about.numberFile != "" {
					var args []string
					if only != "" {
						args = []string{only}
					}
					var err error
					if who, err = about.find(cmd.Context(), p, a, args); err != nil {
						return err
					}
				}
				return p.showJournal(cmd.Context(), a, who)
			})
		},
	}
	about.flags(journal)
	journal.Flags().StringVar(&only, "party", "", "entries about one party: its id, or the number of one of its events 只列某对象")
	fields := &cobra.Command{
		Use:   "fields",
		Short: p.say("每个事件的每个非公开字段，谁能看到", "who sees which private field of which event"),
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return p.showFields() },
	}
	return []*cobra.Command{party, event, journal, fields, p.documentCommand()}
}

// showFields shows the table of who sees what.
func (p *program) showFields() error {
	type row struct {
		Event string            `json:"event"`
		Field string            `json:"field"`
		Seen  map[string]string `json:"seen"`
	}
	audiences := []domain.Audience{domain.Public, domain.Finance, domain.Auditing, domain.Privacy}
	rows := []row{}
	t := newTable(p.say("事件", "event"), p.say("字段", "field"), audiences[0].Say(p.lang()), audiences[1].Say(p.lang()), audiences[2].Say(p.lang()), audiences[3].Say(p.lang()))
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
			t.row(cells...)
		}
	}
	if p.json {
		return writeJSON(os.Stdout, rows)
	}
	return p.tell(t)
}

// withAsker opens the ledger with its vault and finds who asks.
func (p *program) withAsker(ctx context.Context, did string, do func(*asker) error) (err error) {
	l, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	opened := false
	l.View(func(s *domain.Ledger) { opened = s.Opened != nil })
	if !opened {
		return &noLedgerError{p.data, "it was never opened, run init again 尚未开立，请再运行 init (LedgerOpened is missing)"}
	}
	a, err := p.asker(l, did)
	if err != nil {
		return err
	}
	return do(a)
}

// reason refuses to open anything without one, in a real ledger.
func (a *asker) reason(p *program) error {
	if a.why == "" && !a.demo {
		return &inputError{what: "--why", why: p.say("打开个人信息须说明理由", "a reason is needed to open what is private")}
	}
	return nil
}
