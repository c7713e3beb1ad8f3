package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"reliefledger.org/ledger/cmd/internal/sheets"
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
	// Answers to what a roster leaves open.
	Sheet      string                   `json:"sheet,omitempty"`       // that has the list: its name, or its number from 1
	Columns    map[string]sheets.Column `json:"columns,omitempty"`     // what columns mean, by letter or heading
	SamePerson []int                    `json:"same_person,omitempty"` // rows whose number is known under another name
}

// importers is how many people are registered at a time: enough that the store
// writes many with one sync.
const importers = 64

func (p *program) importCommand() *cobra.Command {
	c := &cobra.Command{Use: "import", Short: p.say("导入", "import"), Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	var notice, form, date, as, unit, campaign, sheet string
	var columns []string
	var same []int
	var dry bool
	lines := &cobra.Command{
		Use:   "lines ROSTER",
		Short: p.say("把名册导入名单草稿：全部或不导入", "import a roster into a draft notice: all or nothing"),
		Long: p.say(`名册为 .xlsx、.xls、CSV 或 TSV（UTF-8、GBK、GB18030），表头一至三行，须有“姓名”列；标题、小计、合计、落款
自动识别，小计与合计须与各行之和相符。先用 --dry-run 看：每列当作什么、清理了什么、哪里有误。
列（各有通用别名）：姓名、身份证号、金额、形式（现金/银行/凭证）、物资、数量、账号、电话、地址、类别、
组别（村、企业）、享受期、对象（个人/户/机构/集体/不明）、人数（约200、近200、不明）、公开（全名/隐名/仅人数）、
推荐（序号）、收款人与代领原因（他人代领时）、备注。任何单元格有误则整份不导入；有两种读法的会问，用
--sheet、--column、--same-person 回答。`,
			`A roster is an .xlsx, an .xls, CSV or TSV (UTF-8, GBK, GB18030) with one to three header rows and a column
姓名; titles, subtotals, totals and signatures are recognised, and totals must be the sum of the rows. See it with
--dry-run first: what each column means, what was cleaned, what is wrong.
Columns, each by many names: 姓名 name, 身份证号 id number, 金额 amount, 形式 form, 物资 item, 数量 quantity,
账号 account, 电话 phone, 地址 address, 类别 category, 组别 group, 享受期 period, 对象 kind of party, 人数 headcount,
公开 disclosure, 推荐 nomination, 收款人 payee and 代领原因 why, 备注 note. If one cell is wrong nothing is
imported; what has two readings is asked, and answered with --sheet, --column, --same-person.`),
		Example: "  reliefledger import lines 名册.xlsx --notice ID --key me.key --date 2023-01-10 --dry-run",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			on, err := domain.ParseDay(date)
			if err != nil {
				return &inputError{what: "--date", err: err}
			}
			text, err := readUpTo(args[0], sheets.MaxFile+1) // what is longer is refused by its reader
			if err != nil {
				return &inputError{what: args[0], err: err}
			}
			meanings, err := columnsOf(columns)
			if err != nil {
				return err
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
			r := &runner{l: l.Ledger, signers: signers, dry: dry, open: func(string) ([]byte, error) { return text, nil }, understood: p.tellRoster}
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
			content := rosterImport{Notice: n, File: filepath.Base(args[0]), Form: domain.Form(form), Sheet: sheet, Columns: meanings, SamePerson: same}
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
	f.StringVar(&sheet, "sheet", "", "sheet with the list: name or number 工作表")
	f.StringArrayVar(&columns, "column", nil, "what a column means: C=身份证号, or - to leave it out; may be repeated 指定列")
	f.IntSliceVar(&same, "same-person", nil, "rows whose number is registered under another name of the same person 确认为同一人的行号")
	f.BoolVar(&dry, "dry-run", false, "show how it is understood, write nothing 预览")
	for _, name := range []string{"notice", "date"} {
		if err := lines.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	c.AddCommand(lines)
	return c
}

// readUpTo reads a file, and of a long one no more than n bytes.
func readUpTo(name string, n int64) ([]byte, error) {
	if name == os.Stdin.Name() {
		return io.ReadAll(io.LimitReader(os.Stdin, n))
	}
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe that nobody writes is waited for by nobody
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readRegular(f, n)
}

// readRegular reads an open file; what is none may never end.
func readRegular(f *os.File, n int64) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s：不是文件 / is no file", f.Name())
	}
	return io.ReadAll(io.LimitReader(f, n))
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
	for which, means := range c.Columns {
		if _, ok := sheets.ColumnNamed(string(means)); !ok {
			return nil, &inputError{what: "columns", why: which + ": " + string(means)}
		}
	}
	roster, err := readRoster(c, text)
	if err != nil {
		return nil, err
	}
	if err := r.mayImport(in, &c); err != nil {
		return nil, err
	}
	list := &domain.AddLines{Notice: c.Notice}
	people := &registered{}
	if len(roster.Errors) == 0 {
		known, err := r.known(ctx, in.By, c, commandNamed(r.id, in.As), roster)
		if err != nil {
			return nil, err
		}
		people = r.toRegister(in, roster, known)
		list.Rows = linesOf(roster, people.ids)
	}
	if r.understood != nil {
		if err := r.understood(roster, r.dry); err != nil {
			return nil, err
		}
	}
	if len(roster.Errors) > 0 {
		return nil, &badCells{file: c.File, cells: roster.Errors, more: roster.More.Errors, lang: lang}
	}
	rows := roster.Rows
	o := r.orderOf(in, "", list)
	// The list is judged before anybody of it is registered.
	signed, err := r.l.SignToTry(ctx, o, in.At, r.keys(o)...)
	if err == nil {
		_, err = r.l.Try(signed, strangers(c, rows, people)...)
	}
	if err != nil {
		return nil, rowsOfFile(err, rows)
	}
	list = &domain.AddLines{Notice: c.Notice, Rows: linesOf(roster, people.ids)} // the one that was tried is sealed
	o = r.orderOf(in, "", list)
	if r.dry {
		out := &recorded{Command: o.ID, Name: importLines, Stream: o.Stream(), Would: []string{fmt.Sprintf("PartyRegistered × %d", len(people.fresh)), fmt.Sprintf("NoticeLinesAdded: %d", len(rows))}}
		return []recorded{*out}, nil
	}
	if err := r.register(ctx, in, c, rows, people); err != nil {
		return nil, err
	}
	done, err := r.do(ctx, o, in)
	if err != nil {
		return nil, rowsOfFile(err, rows)
	}
	done.Name = fmt.Sprintf("%s %s（%d 行 rows, %d 新 new）", importLines, c.File, len(rows), len(people.fresh))
	return []recorded{*done}, nil
}

// mayImport refuses whoever may not add to the notice, before anything is looked
// up for him; and finds the unit that registers the people.
func (r *runner) mayImport(in *instruction, c *rosterImport) error {
	known, may := false, false
	r.l.View(func(s *domain.Ledger) {
		n := s.Notices[c.Notice]
		if n == nil || s.Allocations[n.Allocation] == nil {
			return
		}
		unit := s.Allocations[n.Allocation].Unit
		known, may = true, s.Opened.Simulated || s.Holds(in.By, domain.Drafter, unit)
		if c.Unit == (uuid.UUID{}) {
			c.Unit = unit
		}
	})
	switch {
	case !known:
		return &inputError{what: "--notice", why: "没有这份名单草稿 / no such notice"}
	case !may:
		return &notSeenError{in.By, "（" + domain.Drafter.Say(domain.Zh) + " " + string(domain.Drafter) + "）"}
	}
	return nil
}

// strangers are the parties that an import will register.
func strangers(c rosterImport, rows []sheets.Row, people *registered) []*domain.Party {
	var list []*domain.Party
	for _, i := range people.fresh {
		list = append(list, &domain.Party{ID: people.ids[i], Unit: c.Unit, Type: rows[i].Type, Headcount: rows[i].Headcount})
	}
	return list
}

// rowsOfFile turns the row of a list into the row of the file in a refusal.
func rowsOfFile(err error, rows []sheets.Row) error {
	var refusal *domain.Refusal
	if errors.As(err, &refusal) && refusal.Row > 0 && refusal.Row <= len(rows) {
		refusal.Row = rows[refusal.Row-1].Row
		return fmt.Errorf("%s: %w", importLines, refusal)
	}
	return err
}

func (r *runner) orderOf(in *instruction, part string, body domain.Command) *domain.Order {
	return &domain.Order{ID: commandNamed(r.id, in.As+part), Actor: in.By, Date: in.Date, Campaign: in.Campaign, DoneBy: in.DoneBy,
		Irregular: in.Irregular, Second: in.Second, Happened: in.Happened, Body: body}
}

// registered is who the rows are, and which of them are new: the first row of
// each.
type registered struct {
	ids   []uuid.UUID
	fresh []int
}

// toRegister gives everybody who is not known an id. A person in two rows is one
// party.
func (r *runner) toRegister(in *instruction, roster *sheets.Roster, known []uuid.UUID) *registered {
	out := &registered{ids: known}
	first := map[string]uuid.UUID{}
	for i, row := range roster.Rows {
		if known[i] != (uuid.UUID{}) {
			continue
		}
		if id, again := first[row.Number]; again && row.Number != "" {
			out.ids[i] = id
			continue
		}
		out.ids[i] = domain.Made(commandNamed(r.id, registerName(in, i)), "party")
		first[row.Number] = out.ids[i]
		out.fresh = append(out.fresh, i)
	}
	return out
}

func registerName(in *instruction, row int) string { return fmt.Sprintf("%s#%d", in.As, row+1) }

// register registers who is new. Parties left over from an import that is
// refused later are harmless.
func (r *runner) register(ctx context.Context, in *instruction, c rosterImport, rows []sheets.Row, people *registered) error {
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(importers)
	for _, i := range people.fresh {
		work.Go(func() error {
			row := rows[i]
			o := r.orderOf(&instruction{As: in.As, By: in.By, Date: in.Date, Campaign: in.Campaign}, fmt.Sprintf("#%d", i+1),
				&domain.RegisterParty{Unit: c.Unit, Type: row.Type, Headcount: row.Headcount, PersonalDetails: detailsOf(row)})
			_, err := r.l.DoAt(ctx, o, in.At, r.keys(o)...)
			var refusal *domain.Refusal
			if errors.As(err, &refusal) {
				refusal.Row = row.Row
				return fmt.Errorf("%s: %w", importLines, refusal)
			}
			return err
		})
	}
	return work.Wait()
}
