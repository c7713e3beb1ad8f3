package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"reliefledger.org/ledger/domain"
)

// importLines is the instruction that reads a roster into a notice. It becomes
// one register-party for each new person and one add-lines for the list.
const importLines = "import-lines"

// rosterImport is its content.
type rosterImport struct {
	Notice uuid.UUID   `json:"notice"`
	Unit   uuid.UUID   `json:"unit"` // that registers the people
	File   string      `json:"file"`
	Form   domain.Form `json:"form,omitempty"` // of amounts; default cash
}

// importers is how many people are registered at a time: enough that the store
// writes many with one sync.
const importers = 64

func (p *program) importCommand() *cobra.Command {
	c := &cobra.Command{Use: "import", Short: p.say("导入", "import"), Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	var notice, form, date, as, unit, campaign string
	var dry bool
	lines := &cobra.Command{
		Use:   "lines ROSTER.csv",
		Short: p.say("把名册导入名单草稿：全部或不导入", "import a roster into a draft notice: all or nothing"),
		Long: p.say(`名册为 CSV（UTF-8、GBK 或 GB18030），表头在前六行之内，须有“姓名”列；小计、合计行略过。
列（各有通用别名）：姓名、身份证号、金额、形式（现金/银行/凭证）、物资、数量、账号、电话、地址、类别、
组别（村、企业）、享受期、对象（个人/户/机构/集体/不明）、人数（约200、近200、不明）、公开（全名/隐名/仅人数）、
推荐（序号）、收款人与代领原因（他人代领时）、备注。任何单元格有误则整份不导入。`,
			`A roster is a CSV (UTF-8, GBK or GB18030) with its header in the first six rows and a column 姓名;
rows of totals are skipped. Columns, each by many names: 姓名 name, 身份证号 id number, 金额 amount, 形式 form,
物资 item, 数量 quantity, 账号 account, 电话 phone, 地址 address, 类别 category, 组别 group, 享受期 period,
对象 kind of party, 人数 headcount, 公开 disclosure, 推荐 nomination, 收款人 payee and 代领原因 why, 备注 note.
If one cell is wrong nothing is imported.`),
		Example: "  reliefledger import lines 名册.csv --notice ID --key me.key --date 2023-01-10",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			on, err := domain.ParseDay(date)
			if err != nil {
				return &inputError{what: "--date", err: err}
			}
			text, err := os.ReadFile(args[0])
			if err != nil {
				return &inputError{what: args[0], err: err}
			}
			l, err := p.open(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, l.Close()) }()
			signers, err := p.signers(l.Ledger)
			if err != nil {
				return err
			}
			if len(signers) == 0 {
				return &keyError{"--key", errors.New(p.say("缺少经办人密钥", "an officer's key is missing"))}
			}
			r := &runner{l: l.Ledger, signers: signers, dry: dry, open: func(string) ([]byte, error) { return text, nil }}
			l.View(func(s *domain.Ledger) { r.id = s.ID })
			n, err := r.named("--notice", notice)
			if err != nil {
				return err
			}
			in := &instruction{As: as, By: signers[0].Officer, Date: on}
			if in.As == "" {
				in.As = "import " + n.String() + " " + filepath.Base(args[0])
			}
			if campaign != "" {
				if in.Campaign, err = r.named("--campaign", campaign); err != nil {
					return err
				}
			}
			content := rosterImport{Notice: n, File: filepath.Base(args[0]), Form: domain.Form(form)}
			if unit != "" {
				if content.Unit, err = r.named("--unit", unit); err != nil {
					return err
				}
			}
			done, err := r.roster(cmd.Context(), in, content, p.lang())
			if err != nil {
				return err
			}
			for _, d := range done {
				p.sayRecorded(d)
			}
			return nil
		},
	}
	f := lines.Flags()
	f.StringVar(&notice, "notice", "", "draft notice 名单草稿")
	f.StringVar(&form, "form", "cash", "form of amounts: cash, bank, voucher 发放形式")
	f.StringVar(&date, "date", "", "business date 记账日期")
	f.StringVar(&as, "as", "", "name of the import, for sending it again 导入名")
	f.StringVar(&unit, "unit", "", "unit that registers the people; default: the allocation's 登记单位")
	f.StringVar(&campaign, "campaign", "", "campaign 活动")
	f.BoolVar(&dry, "dry-run", false, "check all, write nothing 试运行")
	for _, name := range []string{"notice", "date"} {
		if err := lines.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	c.AddCommand(lines)
	return c
}

func (r *runner) importLines(ctx context.Context, in *instruction) ([]recorded, error) {
	var c rosterImport
	if err := json.Unmarshal(in.Content, &c, json.RejectUnknownMembers(true)); err != nil {
		return nil, &inputError{what: "content", err: plainly(err)}
	}
	return r.roster(ctx, in, c, domain.Zh)
}

// roster reads a roster, registers who is new, and adds the list: as one
// command, so that all of it stands in the notice or none.
func (r *runner) roster(ctx context.Context, in *instruction, c rosterImport, lang domain.Lang) ([]recorded, error) {
	text, err := r.file(c.File)
	if err != nil {
		return nil, &inputError{what: c.File, err: err}
	}
	if c.Form == "" {
		c.Form = domain.Cash
	}
	rows, err := readRoster(c.File, text, c.Form, lang)
	if err != nil {
		return nil, err
	}
	if c.Unit == (uuid.UUID{}) {
		r.l.View(func(s *domain.Ledger) {
			if n := s.Notices[c.Notice]; n != nil {
				if a := s.Allocations[n.Allocation]; a != nil {
					c.Unit = a.Unit
				}
			}
		})
	}
	people, err := r.people(ctx, in, c, rows)
	if err != nil {
		return nil, err
	}
	byName := map[string]uuid.UUID{}
	for i, row := range rows {
		byName[people.names[i]] = people.ids[i]
		_ = row
	}
	list := &domain.AddLines{Notice: c.Notice}
	for i, row := range rows {
		line := domain.LineRow{Beneficiary: people.ids[i], Category: row.category, Group: row.group, Period: row.period, People: row.people,
			Give: row.give, Disclosure: row.disclosure, Nomination: row.nomination}
		if row.payee != "" && row.payee != people.names[i] {
			other, ok := byName[row.payee]
			if !ok {
				return nil, &badCells{file: c.File, lang: lang, cells: []badCell{{Row: row.row, Column: string(colPayee), Zh: "名册中没有该收款人", En: "the payee is not in the roster"}}}
			}
			line.Payee, line.Why = other, domain.Plainly(row.why)
		}
		list.Rows = append(list.Rows, line)
	}
	o := r.orderOf(in, "", list)
	if r.dry {
		out := &recorded{Command: o.ID, Name: importLines, Stream: o.Stream(), Would: []string{fmt.Sprintf("PartyRegistered × %d", people.fresh), fmt.Sprintf("NoticeLinesAdded: %d", len(rows))}}
		return []recorded{*out}, nil
	}
	done, err := r.do(ctx, o, in)
	if err != nil {
		return nil, rowsOfFile(err, rows)
	}
	done.Name = fmt.Sprintf("%s %s（%d 行 rows, %d 新 new）", importLines, c.File, len(rows), people.fresh)
	return []recorded{*done}, nil
}

// rowsOfFile turns the row of a list into the row of the file in a refusal.
func rowsOfFile(err error, rows []rosterRow) error {
	var refusal *domain.Refusal
	if errors.As(err, &refusal) && refusal.Row > 0 && refusal.Row <= len(rows) {
		refusal.Row = rows[refusal.Row-1].row
		return fmt.Errorf("%s: %w", importLines, refusal)
	}
	return err
}

func (r *runner) orderOf(in *instruction, part string, body domain.Command) *domain.Order {
	return &domain.Order{ID: commandNamed(r.id, in.As+part), Actor: in.By, Date: in.Date, Campaign: in.Campaign, DoneBy: in.DoneBy,
		Irregular: in.Irregular, Second: in.Second, Happened: in.Happened, Body: body}
}

type registered struct {
	ids   []uuid.UUID
	names []string
	fresh int
}

// people finds or registers the party of each row. A person who is known by
// his number is the party that he is already. Parties left over from an import
// that is refused later are harmless.
func (r *runner) people(ctx context.Context, in *instruction, c rosterImport, rows []rosterRow) (*registered, error) {
	out := &registered{ids: make([]uuid.UUID, len(rows)), names: make([]string, len(rows))}
	var mu sync.Mutex
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(importers)
	first := map[string]int{} // number: the row that has it first
	twin := map[int]int{}
	for i := range rows {
		out.names[i] = rows[i].details.Name.Plain()
		number := rows[i].details.Number.Plain()
		if number == "" {
			continue
		}
		if k, again := first[number]; again {
			twin[i] = k // the same person in two rows
		} else {
			first[number] = i
		}
	}
	for i := range rows {
		if _, again := twin[i]; again {
			continue
		}
		work.Go(func() error {
			if number := rows[i].details.Number.Plain(); number != "" {
				party, known, err := r.l.PartyOf(ctx, number)
				if err != nil {
					return err
				}
				if known {
					out.ids[i] = party
					return nil
				}
			}
			mu.Lock()
			out.fresh++
			mu.Unlock()
			o := r.orderOf(&instruction{As: in.As, By: in.By, Date: in.Date, Campaign: in.Campaign}, fmt.Sprintf("#%d", i+1),
				&domain.RegisterParty{Unit: c.Unit, Type: rows[i].kind, Headcount: rows[i].people, PersonalDetails: rows[i].details})
			out.ids[i] = domain.Made(o.ID, "party")
			if r.dry {
				return nil
			}
			_, err := r.l.DoAt(ctx, o, in.At, r.keys(o)...)
			var refusal *domain.Refusal
			if errors.As(err, &refusal) {
				refusal.Row = rows[i].row
				return fmt.Errorf("%s: %w", importLines, refusal)
			}
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return nil, err
	}
	for i, k := range twin {
		out.ids[i] = out.ids[k]
	}
	return out, nil
}
