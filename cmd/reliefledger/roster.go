package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"reliefledger.org/ledger/domain"
)

// badCell is a cell of a roster that cannot be taken, by row and column.
type badCell struct {
	Row    int    `json:"row"` // of the file, from 1
	Column string `json:"column"`
	Value  string `json:"value,omitempty"` // masked where it is a number of a person
	Zh     string `json:"zh"`
	En     string `json:"en"`
}

// badCells refuses a roster as a whole.
type badCells struct {
	file  string
	cells []badCell
	lang  domain.Lang
}

func (e *badCells) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d 个单元格有误，整份名册未导入 / cells are wrong, nothing was imported", e.file, len(e.cells))
	for i, c := range e.cells {
		if i == 20 {
			fmt.Fprintf(&b, "\n  … %d", len(e.cells)-i)
			break
		}
		why := c.Zh
		if e.lang == domain.En {
			why = c.En
		}
		fmt.Fprintf(&b, "\n  %d 行 row %d，%s 列：%s", c.Row, c.Row, c.Column, why)
	}
	return b.String()
}

// column is what a roster's column means; each has many names.
type column string

const (
	colName       column = "姓名"
	colNumber     column = "身份证号"
	colAmount     column = "金额"
	colForm       column = "形式"
	colItem       column = "物资"
	colQuantity   column = "数量"
	colAccount    column = "账号"
	colPhone      column = "电话"
	colAddress    column = "地址"
	colCategory   column = "类别"
	colGroup      column = "组别"
	colPeriod     column = "享受期"
	colType       column = "对象"
	colPeople     column = "人数"
	colDisclosure column = "公开"
	colNomination column = "推荐"
	colPayee      column = "收款人"
	colWhy        column = "代领原因"
	colNote       column = "备注"
)

var columnNames = map[string]column{
	"姓名": colName, "户主姓名": colName, "领款人": colName, "户主": colName, "享受人": colName, "单位名称": colName, "name": colName,
	"身份证号": colNumber, "身份证号码": colNumber, "公民身份号码": colNumber, "证件号码": colNumber, "统一社会信用代码": colNumber, "number": colNumber,
	"金额": colAmount, "发放金额": colAmount, "补助金额": colAmount, "救助金额": colAmount, "实发金额": colAmount, "amount": colAmount,
	"形式": colForm, "发放形式": colForm, "form": colForm, "物资": colItem, "实物": colItem, "item": colItem, "数量": colQuantity, "quantity": colQuantity,
	"卡号": colAccount, "银行账号": colAccount, "账号": colAccount, "一卡通账号": colAccount, "社保卡号": colAccount, "account": colAccount,
	"电话": colPhone, "联系电话": colPhone, "地址": colAddress, "住址": colAddress, "类别": colCategory, "对象类别": colCategory, "category": colCategory,
	"组别": colGroup, "企业": colGroup, "村(居)": colGroup, "村": colGroup, "行政村": colGroup, "组": colGroup, "group": colGroup,
	"享受期": colPeriod, "期间": colPeriod, "对象": colType, "type": colType, "人数": colPeople, "公开": colDisclosure, "推荐": colNomination,
	"收款人": colPayee, "代领原因": colWhy, "备注": colNote, "序号": "", "no": "",
}

var partyTypes = map[string]domain.PartyType{"": domain.Person, "个人": domain.Person, "户": domain.Household, "机构": domain.Institution, "集体": domain.Group, "不明": domain.Unidentified}

var formsByName = map[string]domain.Form{"现金": domain.Cash, "银行": domain.Bank, "实物": domain.Goods, "凭证": domain.Voucher,
	"cash": domain.Cash, "bank": domain.Bank, "goods": domain.Goods, "voucher": domain.Voucher}

var disclosures = map[string]domain.Disclosure{"": "", "全名": domain.FullNames, "隐名": domain.MaskedNames, "仅人数": domain.CountsOnly}

// rosterRow is a row of a roster as the ledger takes it.
type rosterRow struct {
	row        int // of the file
	kind       domain.PartyType
	people     domain.Headcount
	details    domain.PersonalDetails
	give       []domain.Give
	category   string
	group      string
	period     string
	disclosure domain.Disclosure
	nomination int
	payee      string // another payee's name, with why
	why        string
}

// maxRoster bounds a roster: the largest list we know has 6,000 rows.
const maxRoster = 20_000

// readRoster reads a CSV roster: UTF-8 with or without BOM, GBK or GB18030. All
// cells are checked; if one is wrong the whole is refused, with all of them.
func readRoster(name string, text []byte, form domain.Form, lang domain.Lang) ([]rosterRow, error) {
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	if !utf8.Valid(text) {
		decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(text)
		if err != nil || bytes.ContainsRune(decoded, utf8.RuneError) {
			return nil, &inputError{what: name, why: "neither UTF-8 nor GB18030 既非 UTF-8 也非 GB18030"}
		}
		text = decoded
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = -1
	table, err := r.ReadAll()
	if err != nil {
		return nil, &inputError{what: name, err: err}
	}
	head, columns := header(table)
	if head < 0 {
		return nil, &inputError{what: name, why: "没有表头：需要“姓名”列 / no header row: a column 姓名 is needed"}
	}
	if len(table)-head-1 > maxRoster {
		return nil, &inputError{what: name, why: fmt.Sprintf("%d rows, %d are allowed", len(table)-head-1, maxRoster)}
	}
	bad := &badCells{file: name, lang: lang}
	var rows []rosterRow
	for i, record := range table[head+1:] {
		at := head + 2 + i
		if blank(record) || isTotal(record) {
			continue
		}
		p := rowParser{cells: map[column]string{}, row: at, bad: bad}
		for k, cell := range record {
			if strings.ContainsFunc(cell, isControl) {
				p.wrong(column("#"+strconv.Itoa(k+1)), "", fmt.Errorf("含控制字符 / a control character"))
			}
			if k < len(columns) && columns[k] != "" {
				p.cells[columns[k]] = strings.TrimSpace(cell)
			} else if strings.TrimSpace(cell) != "" && k >= len(columns) {
				p.wrong(column("#"+strconv.Itoa(k+1)), "", fmt.Errorf("多出一列 a cell beyond the header"))
			}
		}
		rows = append(rows, p.parse(form))
	}
	if len(bad.cells) > 0 {
		return nil, bad
	}
	if len(rows) == 0 {
		return nil, &inputError{what: name, why: "没有数据行 no rows"}
	}
	return rows, nil
}

// header finds the header row among the first ones and says what its columns
// mean.
func header(table [][]string) (int, []column) {
	for i, record := range table[:min(len(table), 6)] {
		var columns []column
		named := false
		for _, cell := range record {
			name := strings.ToLower(strings.Join(strings.Fields(cell), ""))
			for _, cut := range []string{"(元)", "（元）"} {
				name = strings.TrimSuffix(name, cut)
			}
			c := columnNames[name]
			columns = append(columns, c)
			named = named || c == colName
		}
		if named {
			return i, columns
		}
	}
	return -1, nil
}

func blank(record []string) bool { return strings.TrimSpace(strings.Join(record, "")) == "" }

// isTotal recognises 小计, 合计 and 制表人 rows.
func isTotal(record []string) bool {
	for _, cell := range record {
		c := strings.Join(strings.Fields(cell), "")
		if c == "小计" || c == "合计" || c == "总计" || strings.HasPrefix(c, "制表") || strings.HasPrefix(c, "审核人") {
			return true
		}
		if c != "" && c != "0" {
			return false
		}
	}
	return false
}

type rowParser struct {
	cells map[column]string
	row   int
	bad   *badCells
}

func (p *rowParser) wrong(col column, value string, err error) {
	c := badCell{Row: p.row, Column: string(col), Value: value, Zh: err.Error(), En: err.Error()}
	var refusal *domain.Refusal
	if asError(err, &refusal) {
		c.Zh, c.En = refusal.Sentence(domain.Zh), refusal.Sentence(domain.En)
	}
	p.bad.cells = append(p.bad.cells, c)
}

// pick reads a cell that must be one of some words.
func pick[T ~string](p *rowParser, col column, words map[string]T) T {
	v, ok := words[p.cells[col]]
	if !ok {
		p.wrong(col, p.cells[col], fmt.Errorf("没有这个选项：%s / no such choice", p.cells[col]))
	}
	return v
}

func (p *rowParser) parse(form domain.Form) rosterRow {
	r := rosterRow{row: p.row, category: p.cells[colCategory], group: p.cells[colGroup], period: p.cells[colPeriod], payee: p.cells[colPayee], why: p.cells[colWhy]}
	r.kind = pick(p, colType, partyTypes)
	r.disclosure = pick(p, colDisclosure, disclosures)
	r.details.Name = domain.Plainly(strings.Join(strings.Fields(p.cells[colName]), ""))
	if p.cells[colName] == "" && r.kind != domain.Unidentified {
		p.wrong(colName, "", fmt.Errorf("姓名为空 / the name is empty"))
	}
	if n := p.cells[colNumber]; n != "" {
		var err error
		if r.kind == domain.Institution {
			n, err = domain.CreditCode(n)
		} else {
			n, _, err = domain.ResidentNumber(n)
		}
		if err != nil {
			p.wrong(colNumber, domain.MaskNumber(p.cells[colNumber]), err)
		}
		r.details.Number = domain.Plainly(n)
	}
	if a := p.cells[colAccount]; a != "" {
		n, _, err := domain.BankAccount(a)
		if err != nil {
			p.wrong(colAccount, domain.MaskNumber(a), err)
		}
		r.details.Account = domain.Plainly(n)
	}
	r.details.Phone, r.details.Address, r.details.Note = domain.Plainly(p.cells[colPhone]), domain.Plainly(p.cells[colAddress]), domain.Plainly(p.cells[colNote])
	p.give(&r, form)
	if n := p.cells[colPeople]; n != "" {
		r.people = p.people(n)
	} else if r.kind == domain.Group {
		p.wrong(colPeople, "", fmt.Errorf("集体须写人数 / a group needs its number of people"))
	}
	if n := p.cells[colNomination]; n != "" {
		no, err := strconv.Atoi(n)
		if err != nil || no < 1 {
			p.wrong(colNomination, n, fmt.Errorf("不是序号：%s / not a number", n))
		}
		r.nomination = no
	}
	return r
}

// give reads what a row is to receive: money, items, or both.
func (p *rowParser) give(r *rosterRow, form domain.Form) {
	if f := p.cells[colForm]; f != "" {
		form = pick(p, colForm, formsByName)
	}
	if a := p.cells[colAmount]; a != "" {
		fen, err := domain.ParseFen(a)
		if err == nil && fen <= 0 {
			err = fmt.Errorf("金额须大于零 / an amount must be above zero")
		}
		if err != nil {
			p.wrong(colAmount, a, err)
		}
		r.give = append(r.give, domain.Give{Form: form, Amount: domain.Yuan(fen)})
	}
	if item := p.cells[colItem]; item != "" {
		q, err := domain.ParseQuantity(p.cells[colQuantity])
		if err == nil && q <= 0 {
			err = fmt.Errorf("数量须大于零 / a quantity must be above zero")
		}
		if err != nil {
			p.wrong(colQuantity, p.cells[colQuantity], err)
		}
		r.give = append(r.give, domain.Give{Form: domain.Goods, Items: []domain.ItemCount{{Item: item, Quantity: domain.Count(q)}}})
	}
	if len(r.give) == 0 {
		p.wrong(colAmount, "", fmt.Errorf("没有金额也没有物资 / neither an amount nor goods"))
	}
}

// people reads a headcount: 200, 约200, 近200 (under), 不明.
func (p *rowParser) people(s string) domain.Headcount {
	relation := domain.Exactly
	for prefix, r := range map[string]domain.Relation{"约": domain.About, "近": domain.Under, "不少于": domain.AtLeast} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			s, relation = rest, r
		}
	}
	if s == "不明" {
		return domain.Headcount{Relation: domain.Unknown}
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		p.wrong(colPeople, s, fmt.Errorf("不是人数：%s / not a number of people", s))
	}
	return domain.Headcount{Relation: relation, People: n}
}
