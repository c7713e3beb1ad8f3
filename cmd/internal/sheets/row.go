package sheets

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
)

// rowReader reads one row.
type rowReader struct {
	*reading
	row int
}

// mask hides what a number of a person tells.
func mask(c Column, text string) string {
	if c == Number || c == Account || c == Phone {
		return domain.MaskNumber(shown(text))
	}
	return shown(text)
}

// shown makes a text of a file fit to be shown: short, and without characters
// that move a terminal's cursor.
func shown(text string) string {
	text = strings.Map(func(r rune) rune {
		if isControl(r) || r == '\n' || r == '\t' || r == '\r' {
			return ' '
		}
		return r
	}, text)
	if u := []rune(text); len(u) > 60 {
		return string(u[:60]) + "…"
	}
	return text
}

func isControl(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' || r == '\u2028' || r == '\u202e'
}

func (p *rowReader) problem(c Column, value, zh, en string) Problem {
	at := p.at[c]
	return Problem{Sheet: p.Sheet, Row: p.row + 1, Column: shown(at.text), Cell: Ref(p.row, at.column), Value: mask(c, value), Zh: zh, En: en}
}

func (p *rowReader) wrong(c Column, value, zh, en string) {
	p.addError(p.problem(c, value, zh, en))
}

func (p *rowReader) odd(c Column, value, zh, en string) {
	p.addWarning(p.problem(c, value, zh, en))
}

// refused notes an error of the domain.
func (p *rowReader) refused(c Column, value string, err error) {
	var refusal *domain.Refusal
	if errors.As(err, &refusal) {
		p.wrong(c, value, refusal.Sentence(domain.Zh), refusal.Sentence(domain.En))
		return
	}
	p.wrong(c, value, err.Error(), err.Error())
}

func (p *rowReader) cleaned(c Column, before, after, zh, en string) {
	if before != after {
		p.addCleaned(Cleaned{Cell: Ref(p.row, p.at[c].column), Column: c, Before: mask(c, before), After: mask(c, after), Zh: zh, En: en})
	}
}

// cell returns the cell of a column. Of merged cells, those that describe (a
// village) count for every row; an amount or a person for several rows has no
// one reading.
func (p *rowReader) cell(c Column) Cell {
	at, ok := p.at[c]
	if !ok {
		return Cell{}
	}
	if at.span > 1 {
		return p.joinedDigits(c, at)
	}
	cell := p.sheet.At(p.row, at.column)
	if m, merged := p.sheet.MergeAt(p.row, at.column); merged && cell.Kind == Empty && m.Top < p.row && m.Left == at.column {
		switch from := p.sheet.At(m.Top, m.Left); {
		case from.Kind == Empty || m.Top <= p.head.bottom:
		case c == Group || c == Category || c == Address || c == Period || c == Form || c == Type || c == Disclosure || c == Note || c == Account || c == Phone || c == Why:
			p.cleaned(c, "", from.Text, "合并单元格：取其值", "merged cells: their value")
			cell = from
		default:
			p.wrong(c, "", fmt.Sprintf("与第 %d 行合并为一格，不知这一行是什么", m.Top+1), fmt.Sprintf("merged with row %d: what this row has cannot be told", m.Top+1))
		}
	}
	switch {
	case cell.Kind == Error && (c == Note || c == Why) && strings.HasPrefix(cell.Text, "="):
		p.odd(c, cell.Text, "以“=”开头，当作文字读入", "it begins with = and was read as text")
		cell = Cell{Text: cell.Text, Kind: Text}
	case cell.Kind == Error && cell.Formula && (cell.Text == "" || strings.HasPrefix(cell.Text, "=")):
		p.wrong(c, "", "公式没有保存的值：请用表格软件打开并保存", "a formula without a kept value: open the file in a spreadsheet program and save it")
		return Cell{}
	case cell.Kind == Error:
		p.wrong(c, cell.Text, "错误值 "+shown(cell.Text), "the error value "+shown(cell.Text))
		return Cell{}
	case strings.ContainsFunc(cell.Text, isControl):
		p.wrong(c, "", "含控制字符", "a control character")
		return Cell{}
	}
	if cell.Formula {
		p.addCleaned(Cleaned{Cell: Ref(p.row, at.column), Column: c, After: mask(c, cell.Text), Zh: "公式：取其保存的值", En: "a formula: the value kept of it"})
	}
	if kept, ok := keptAsText(cell.Text); ok && cell.Kind == Text {
		p.cleaned(c, cell.Text, kept, "去掉 =\"\"", "without =\"\" around it")
		cell.Text = kept
	}
	if rest, ok := strings.CutPrefix(strings.TrimSpace(cell.Text), "'"); ok && cell.Kind == Text {
		p.cleaned(c, cell.Text, rest, "去掉前面的撇号", "without the leading apostrophe")
		cell.Text = rest
	}
	return cell
}

// joinedDigits puts a number together that is written over several columns.
func (p *rowReader) joinedDigits(c Column, at placed) Cell {
	var b strings.Builder
	parts := 0
	whole := Cell{}
	for i := range at.span {
		cell := p.sheet.At(p.row, at.column+i)
		text := strings.TrimSpace(cell.Text)
		if cell.Kind == Error || text == "" {
			continue
		}
		b.WriteString(text)
		parts++
		whole = cell
	}
	if parts <= 1 {
		return whole // in one of the merged cells
	}
	p.cleaned(c, "", b.String(), fmt.Sprintf("由 %d 列的数字并成", at.span), fmt.Sprintf("put together from %d columns", at.span))
	return Cell{Text: b.String(), Kind: Text}
}

// text reads a cell that describes.
func (p *rowReader) text(c Column) string {
	cell := p.cell(c)
	text := strings.Join(strings.Fields(cell.Text), " ")
	if strings.ContainsAny(strings.TrimSpace(cell.Text), "\n\r\t") {
		p.cleaned(c, cell.Text, text, "去掉换行", "without line breaks")
	}
	return text
}

// number reads a cell with a number of a person. "/" and 无 are how people leave
// one empty.
func (p *rowReader) number(c Column) (text string, kind Kind) {
	cell := p.cell(c)
	switch t := strings.Trim(plain(cell.Text), "-—/\\"); t {
	case "", "无", "暂无":
		p.cleaned(c, strings.TrimSpace(cell.Text), "", "当作空白", "taken as empty")
		return "", Empty
	}
	return strings.TrimSpace(cell.Text), cell.Kind
}

func (p *rowReader) read() Row {
	row := Row{Row: p.row + 1, Type: pick(p, Type, partyTypes), Disclosure: pick(p, Disclosure, disclosures),
		Category: p.text(Category), Group: p.text(Group), Period: p.text(Period), Address: p.text(Address), Note: p.text(Note), Why: p.text(Why)}
	row.Name = p.name(Name, row.Type)
	if row.Name == "" && row.Type != domain.Unidentified {
		p.wrong(Name, "", "姓名为空", "the name is empty")
	}
	if payee := p.name(Payee, row.Type); payee != row.Name {
		row.Payee = payee
	}
	p.identify(&row)
	p.account(&row)
	row.Phone, _ = p.number(Phone)
	p.give(&row)
	if n := p.text(People); n != "" && row.Type != domain.Group {
		leave := words.Column.As(Letters(p.at[People].column) + "=-")
		p.wrong(People, n, fmt.Sprintf("人数只写在集体的行：集体不列姓名，别的行一行一人或一户。此列不必导入的，用 %s；此行确是集体的，“对象”列写“集体”", leave),
			fmt.Sprintf("人数, a number of people, is for groups, which name nobody; any other row is one person or household. Leave the column out with %s; if this row is a group, write 集体 in the column 对象", leave))
	} else if n != "" {
		row.Headcount = p.people(n)
	} else if row.Type == domain.Group {
		p.wrong(People, "", "集体须写人数", "a group needs its number of people")
	}
	if n := p.text(Nomination); n != "" {
		no, err := strconv.Atoi(n)
		if err != nil || no < 1 {
			p.wrong(Nomination, n, "不是序号："+shown(n), "not a number: "+shown(n))
		}
		row.Nomination = no
	}
	p.twice(&row)
	return row
}

// identify reads the number of a person or an institution.
func (p *rowReader) identify(row *Row) {
	text, kind := p.number(Number)
	if text == "" {
		return
	}
	if row.Type == domain.Institution {
		code, err := domain.CreditCode(text)
		if err != nil {
			p.refused(Number, text, err)
			return
		}
		row.Number = code
		return
	}
	normal, warnings, err := domain.ResidentNumber(text)
	if digits := plain(text); err != nil && len(digits) == 18 && strings.HasSuffix(digits, "000") {
		_, _, err = domain.ResidentNumber(digits[:1] + "." + digits[1:15] + "E17") // 15 digits, and zeros for the lost ones
	}
	if err != nil {
		p.refused(Number, text, err)
		return
	}
	p.cleaned(Number, text, normal, "号码去空格、全角，x 大写，15 位补足", "a number without blanks and wide digits, X a capital, 15 digits made 18")
	for _, w := range warnings {
		p.odd(Number, text, w.Zh, w.En)
	}
	if kind == Text && strings.HasSuffix(normal, "000") {
		p.odd(Number, text, "末三位为 000：可能曾被当作数值保存，请对照原件", "it ends in 000 and may have been a floating-point number: compare it with the papers")
	}
	row.Number = normal
}

func (p *rowReader) account(row *Row) {
	text, _ := p.number(Account)
	if text == "" {
		return
	}
	normal, warnings, err := domain.BankAccount(text)
	if err != nil {
		p.refused(Account, text, err)
		return
	}
	p.cleaned(Account, text, normal, "账号去空格、全角", "an account without blanks and wide digits")
	for _, w := range warnings {
		p.odd(Account, text, w.Zh, w.En)
	}
	row.Account = normal
}

// fen reads a cell with an amount.
func (p *rowReader) fen(cell Cell, wan bool) (domain.Fen, error) {
	text := strings.ReplaceAll(strings.Join(strings.Fields(cell.Text), ""), "　", "")
	if wan && !strings.ContainsAny(text, "万元圆整") {
		text += "万元"
	}
	return domain.ParseFen(text)
}

// give reads what a row is to receive: money, goods, or both.
func (p *rowReader) give(row *Row) {
	form := p.opts.Form
	said := p.text(Form)
	if said != "" {
		form = pick(p, Form, forms)
	}
	before := len(p.Errors)
	if cell := p.cell(Amount); cell.Kind != Empty {
		fen, err := p.fen(cell, p.at[Amount].wan)
		switch {
		case err != nil:
			p.refused(Amount, cell.Text, err)
		case fen <= 0:
			p.wrong(Amount, cell.Text, "金额须大于零", "an amount must be above zero")
		default:
			if wan := p.at[Amount].wan; wan || cell.Rounded || strings.ContainsFunc(cell.Text, func(r rune) bool { return r != '.' && r != ',' && (r < '0' || r > '9') }) {
				p.cleaned(Amount, strings.TrimSpace(cell.Text), fen.Plain(), "金额换算成元", "an amount in yuan")
			}
			p.sums.all += fen
			p.Sum = domain.Yuan(p.sums.all)
			p.agree(fen)
		}
		row.Give = append(row.Give, domain.Give{Form: form, Amount: domain.Yuan(fen)})
		if form == domain.Cash && row.Account != "" && said == "" {
			p.unasked++
		}
	}
	if item := p.text(Item); item != "" {
		quantity := p.cell(Quantity).Text
		q, err := domain.ParseQuantity(quantity)
		switch {
		case err != nil:
			p.refused(Quantity, quantity, err)
		case q <= 0:
			p.wrong(Quantity, quantity, "数量须大于零", "a quantity must be above zero")
		}
		row.Give = append(row.Give, domain.Give{Form: domain.Goods, Items: []domain.ItemCount{{Item: item, Quantity: domain.Count(q)}}})
	}
	if len(p.Errors) > before {
		p.sums.broken = true
	} else if len(row.Give) == 0 {
		p.wrong(Amount, "", "没有金额也没有物资", "neither an amount nor goods")
	}
}

// agree compares an amount with what a second column says in words.
func (p *rowReader) agree(fen domain.Fen) {
	cell := p.cell(InWords)
	if cell.Kind == Empty {
		return
	}
	if said, err := p.fen(cell, false); err != nil {
		p.refused(InWords, cell.Text, err)
	} else if said != fen {
		p.wrong(InWords, cell.Text, fmt.Sprintf("大写 %s 与小写 %s 不符", said, fen), fmt.Sprintf("in words %s, in figures %s", said, fen))
	}
}

// twice looks for what stands in the list before: the same person for the same
// thing is an error; goods of several kinds take several rows.
func (p *rowReader) twice(row *Row) {
	if row.Number != "" {
		if name, ok := p.named[row.Number]; ok && name != row.Name {
			p.wrong(Number, row.Number, fmt.Sprintf("与第 %d 行同号不同名：“%s”与“%s”", p.seen["number "+row.Number], name, row.Name), fmt.Sprintf("the number of row %d under another name: %s and %s", p.seen["number "+row.Number], name, row.Name))
			return
		}
		p.named[row.Number] = row.Name
		if p.seen["number "+row.Number] == 0 {
			p.seen["number "+row.Number] = row.Row
		}
		give := row.Give
		if len(give) == 0 {
			give = []domain.Give{{}} // what it is could not be read
		}
		for _, g := range give {
			key := "give " + row.Number + "\n" + row.Period
			for _, i := range g.Items {
				key += "\n" + i.Item
			}
			if first := p.seen[key]; first > 0 {
				p.wrong(Number, row.Number, fmt.Sprintf("与第 %d 行是同一人：一人在名册中出现两次", first), fmt.Sprintf("the person of row %d: nobody stands in a list twice", first))
				return
			}
			p.seen[key] = row.Row
		}
	} else if row.Name != "" && (row.Type == domain.Person || row.Type == domain.Household) {
		key := "name " + row.Name + "\n" + row.Group
		if first := p.seen[key]; first > 0 {
			p.odd(Name, row.Name, fmt.Sprintf("与第 %d 行同名，均无身份证号", first), fmt.Sprintf("the name of row %d, both without a number", first))
		} else {
			p.seen[key] = row.Row
		}
	}
	if row.Account != "" {
		who := row.Number
		if who == "" {
			who = row.Name
		}
		if first, other := p.seen["account "+row.Account], p.named["account "+row.Account]; first == 0 {
			p.seen["account "+row.Account], p.named["account "+row.Account] = row.Row, who
		} else if other != who {
			p.odd(Account, row.Account, fmt.Sprintf("与第 %d 行共用账号", first), fmt.Sprintf("the account of row %d", first))
		}
	}
}

var partyTypes = map[string]domain.PartyType{"": domain.Person, "个人": domain.Person, "户": domain.Household, "机构": domain.Institution, "集体": domain.Group, "不明": domain.Unidentified}

var forms = map[string]domain.Form{"现金": domain.Cash, "银行": domain.Bank, "实物": domain.Goods, "凭证": domain.Voucher,
	"cash": domain.Cash, "bank": domain.Bank, "goods": domain.Goods, "voucher": domain.Voucher}

var disclosures = map[string]domain.Disclosure{"": "", "全名": domain.FullNames, "隐名": domain.MaskedNames, "仅人数": domain.CountsOnly}

// pick reads a cell that must be one of some words.
func pick[T ~string](p *rowReader, c Column, choices map[string]T) T {
	text := p.text(c)
	v, ok := choices[text]
	if !ok {
		p.wrong(c, text, "没有这个选项："+shown(text), "no such choice: "+shown(text))
	}
	return v
}

// people reads a headcount: 200, 约200, 近200 (under), 不明.
func (p *rowReader) people(s string) domain.Headcount {
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
		p.wrong(People, s, "不是人数："+shown(s), "not a number of people: "+shown(s))
	}
	return domain.Headcount{Relation: relation, People: n}
}
