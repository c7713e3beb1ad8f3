package main

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/sheets"
	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
)

// importFlags are the flags of `import lines`.
type importFlags struct {
	notice, form, date, as, unit, campaign, sheet string
	columns                                       []string
	same                                          []int
	dry                                           bool
}

func importCommand(p *program) *cobra.Command {
	var x importFlags
	lines := &cobra.Command{
		Use:   "lines ROSTER",
		Short: p.say("把名册导入名单草稿：全部或不导入", "import a roster into a draft notice: all or nothing"),
		Long: p.say(`名册为 .xlsx、.xls（含导出的网页和 XML）、CSV 或 TSV（UTF-8、GBK、GB18030），表头一至三行，须有“姓名”列；标题、小计、合计、落款
自动识别，小计与合计须与各行之和相符。先用 --dry-run 看：每列当作什么、清理了什么、哪里有误。
列（各有通用别名）：姓名、身份证号、金额、形式（现金/银行/凭证）、物资、数量、账号、电话、地址、类别、
组别（村、企业）、享受期、对象（个人/户/机构/集体/不明）、人数（约200、近200、不明）、公开（全名/隐名/仅人数）、
推荐（序号）、收款人与代领原因（他人代领时）、备注。任何单元格有误则整份不导入；有两种读法的会问，用
--sheet、--column、--same-person 回答。`,
			`A roster is an .xlsx, an .xls (web pages and XML under that name too), CSV or TSV (UTF-8, GBK, GB18030) with one to three header rows and a column
姓名; titles, subtotals, totals and signatures are recognised, and totals must be the sum of the rows. See it with
--dry-run first: what each column means, what was cleaned, what is wrong.
Columns, each by many names: 姓名 name, 身份证号 id number, 金额 amount, 形式 form, 物资 item, 数量 quantity,
账号 account, 电话 phone, 地址 address, 类别 category, 组别 group, 享受期 period, 对象 kind of party, 人数 headcount,
公开 disclosure, 推荐 nomination, 收款人 payee and 代领原因 why, 备注 note. If one cell is wrong nothing is
imported; what has two readings is asked, and answered with --sheet, --column, --same-person.`),
		Example: "  reliefledger import lines 名册.xlsx --notice ID --key me.key --date 2023-01-10 --dry-run",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return x.roster(p, cmd.Context(), args[0]) },
	}
	f := lines.Flags()
	f.StringVar(&x.notice, "notice", "", "draft notice 名单草稿")
	f.StringVar(&x.form, "form", "cash", "form of amounts: cash, bank, voucher 发放形式")
	f.StringVar(&x.date, "date", "", "business date 记账日期")
	f.StringVar(&x.as, "as", "", "name of the import, for sending it again 导入名")
	f.StringVar(&x.unit, "unit", "", "unit that registers the people; default: the allocation's 登记单位")
	f.StringVar(&x.campaign, "campaign", "", "campaign 活动")
	f.StringVar(&x.sheet, "sheet", "", "sheet with the list: name or number 工作表")
	f.StringArrayVar(&x.columns, "column", nil, "what a column means: C=身份证号, or - to leave it out; may be repeated 指定列")
	f.IntSliceVar(&x.same, "same-person", nil, "rows whose number is registered under another name of the same person 确认为同一人的行号")
	f.BoolVar(&x.dry, "dry-run", false, "show how it is understood, write nothing 预览")
	for _, name := range []string{"notice", "date"} {
		if err := lines.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	return group("import", p.say("导入", "import"), lines)
}

// roster imports the roster in a file.
func (x *importFlags) roster(p *program, ctx context.Context, file string) error {
	on, err := domain.ParseDay(x.date)
	if err != nil {
		return office.InputErr("--date", err)
	}
	text, err := office.ReadUpTo(file, sheets.MaxFile+1) // what is longer is refused by its reader
	if err != nil {
		return office.InputErr(file, err)
	}
	meanings, err := columnsOf(x.columns)
	if err != nil {
		return err
	}
	return p.working(ctx, func(s *office.Session) error {
		s.Dry, s.Files = x.dry, func(string) ([]byte, error) { return text, nil }
		in := &office.Instruction{As: x.as, Order: &domain.Order{Date: on},
			Roster: &office.RosterImport{File: filepath.Base(file), Form: domain.Form(x.form), Sheet: x.sheet, Columns: meanings, SamePerson: x.same}}
		var err error
		if in.Roster.Notice, err = s.FindFor(words.Notice, domain.NoticeKind, x.notice); err != nil {
			return err
		}
		if in.As == "" {
			in.As = "import " + in.Roster.Notice.String() + " " + filepath.Base(file)
		}
		if x.campaign != "" {
			if in.Order.Campaign, err = s.FindFor(words.Campaign, domain.CampaignKind, x.campaign); err != nil {
				return err
			}
		}
		if x.unit != "" {
			if in.Roster.Unit, err = s.FindFor(words.Unit, domain.UnitKind, x.unit); err != nil {
				return err
			}
		}
		done, err := s.Do(ctx, in)
		if err != nil {
			return err
		}
		p.result(done)
		return nil
	})
}

// columnsOf reads --column LETTER=MEANING.
func columnsOf(flags []string) (map[string]sheets.Column, error) {
	columns := map[string]sheets.Column{}
	for _, f := range flags {
		which, means, _ := strings.Cut(f, "=")
		c, ok := sheets.ColumnNamed(means)
		if !ok || which == "" {
			return nil, office.Input("--column", f+"：写成 字母=列名，如 C=身份证号；- 为不导入", f+": write LETTER=MEANING; - leaves a column out")
		}
		columns[which] = c
	}
	return columns, nil
}
