package bank

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"reliefledger.org/ledger/cmd/internal/sheets"
	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
)

// ReadResult reads the bank's answer. Rows without a reference are looked at for
// a total, which must be that of the rows above, and else are no payments.
// Errors: *Problems, *sheets.Unreadable.
func (t *Template) ReadResult(data []byte) ([]Answer, error) {
	r := &t.Result
	fields := map[string]Field{"reference": r.Reference, "account": r.Account, "amount": r.Amount}
	if r.Status.given() {
		fields["status"] = r.Status
	}
	if r.Code.given() {
		fields["code"] = r.Code
	}
	rows, err := t.read(data, r.format(t), fields, r.Skip)
	if err != nil {
		return nil, err
	}
	bad := &Problems{}
	var list []Answer
	sums, total := map[string]domain.Fen{}, false
	for _, row := range rows {
		if t.isNoPayment(row) {
			total = t.checkTotal(row, sums, bad) || total
			continue
		}
		a, ok := t.answer(row, bad)
		if !ok {
			continue
		}
		sums["all"] += a.Fen
		if a.Paid {
			sums["paid"] += a.Fen
		}
		list = append(list, a)
	}
	if r.RejectsOnly && !total {
		bad.Add(0, "", "只列退票的回盘须有合计行：否则缺了一截的文件会被当作已付", "an answer that lists rejects only needs a total: a torn one would count as paid")
	}
	if len(list) == 0 && len(bad.List) == 0 && !r.RejectsOnly {
		bad.Add(0, "", "文件中没有一笔回盘", "no answer stands in the file")
	}
	return list, bad.Err()
}

func (t *Template) answer(row line, bad *Problems) (Answer, bool) {
	r := &t.Result
	a := Answer{Row: row.no, Reference: row.cells["reference"]}
	ok := true
	wrong := func(column, zh, en string) {
		bad.Add(row.no, column, zh, en)
		ok = false
	}
	if a.Reference == "" || isWords(a.Reference) {
		wrong("reference", "缺参考号", "the reference is missing")
	}
	account, _, err := domain.BankAccount(row.cells["account"])
	if err != nil {
		wrong("account", "账号看不懂", "the account does not read")
	}
	a.Account = account
	fen, good := amount(row.cells["amount"], r.Fen)
	if !good {
		wrong("amount", "看不懂的金额", "not an amount")
	}
	a.Fen = fen
	status := row.cells["status"]
	a.Paid = slices.Contains(r.Paid, status)
	a.Code = row.cells["code"]
	if a.Paid {
		if a.Code != "" && !slices.Contains(r.Paid, a.Code) {
			wrong("code", "既说已付，又有退票代码："+masked(a.Code), "said to be paid, with a code for a reject: "+masked(a.Code))
		}
		a.Code = ""
		return a, ok
	}
	if a.Code == "" {
		a.Code = status
	}
	if _, known := t.Codes[a.Code]; !known {
		wrong("status", fmt.Sprintf("结果“%s”既不是已付，也不是模板中的退票代码：请核实后写入模板", masked(a.Code)), fmt.Sprintf("the answer %q is neither paid nor one of the template's codes: ask the bank, and say it in the template", masked(a.Code)))
	}
	return a, ok
}

// Masked is a text of a bank's file as it may be shown: digits that may be an
// account are hidden.
func Masked(text string) string { return digits.ReplaceAllString(text, "***") }

// masked is the text of a cell as it may stand in an error: where columns are
// shifted it may be an account or a name.
func masked(text string) string {
	if digits.MatchString(text) {
		return digits.ReplaceAllString(text, "***")
	}
	if r := []rune(text); len(r) > 20 {
		return string(r[:20]) + "…"
	}
	return text
}

var digits = regexp.MustCompile(`[0-9]{6,}`)

// amount reads yuan or fen; nothing below zero is one.
func amount(text string, inFen bool) (domain.Fen, bool) {
	if inFen {
		digits := strings.TrimLeft(text, "0")
		if text == "" || strings.Trim(digits, "0123456789") != "" || len(digits) > 15 {
			return 0, false
		}
		if digits == "" {
			digits = "0"
		}
		var fen domain.Fen
		for _, d := range digits {
			fen = fen*10 + domain.Fen(d-'0')
		}
		return fen, fen <= domain.MaxFen
	}
	fen, err := domain.ParseFen(text)
	return fen, err == nil && fen >= 0
}

// isNoPayment says that a row is a total, or words below the list. Whatever could
// be a payment is one: a reject that was overlooked would count as paid.
func (t *Template) isNoPayment(l line) bool {
	if reference := l.cells["reference"]; reference != "" && !isTotal(reference) && !isWords(reference) && l.cells["status"]+l.cells["code"] != "" {
		return false
	}
	if _, _, err := domain.BankAccount(l.cells["account"]); err == nil && l.cells["account"] != "" {
		return false
	}
	for _, name := range []string{"status", "code"} {
		if _, known := t.Codes[l.cells[name]]; known || slices.Contains(t.Result.Paid, l.cells[name]) {
			return false
		}
	}
	return l.cells["reference"] == "" || isTotal(l.cells["reference"]) || isWords(l.cells["reference"]) || slices.ContainsFunc(l.all, isTotal)
}

// isWords says that a text is no reference, which has no Han characters.
func isWords(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

func isTotal(text string) bool {
	return strings.HasPrefix(text, "合计") || strings.HasPrefix(text, "总计")
}

// checkTotal holds a total against the rows above it: of all, or of those paid.
// It says whether the row is one.
func (t *Template) checkTotal(row line, sums map[string]domain.Fen, bad *Problems) bool {
	text := row.cells["amount"]
	if text == "" || !slices.ContainsFunc(row.all, isTotal) {
		return false
	}
	fen, ok := amount(text, t.Result.Fen)
	if !ok || fen != sums["all"] && fen != sums["paid"] {
		bad.Add(row.no, "amount", fmt.Sprintf("合计写 %s，各行相加为 %s（其中已付 %s）", text, sums["all"], sums["paid"]), fmt.Sprintf("the total says %s, the rows add up to %s (paid: %s)", text, sums["all"], sums["paid"]))
	}
	return true
}

// ReadStatement reads an account's statement.
func (t *Template) ReadStatement(data []byte) ([]Movement, error) {
	s := &t.Statement
	if !s.Date.given() || !s.Out.given() && !s.In.given() {
		return nil, words.Errorf("模板 %s 没有说明对账单的列", "the template %s says nothing of statements", t.Name)
	}
	fields := map[string]Field{"date": s.Date}
	for name, f := range map[string]Field{"out": s.Out, "in": s.In, "text": s.Text} {
		if f.given() {
			fields[name] = f
		}
	}
	rows, err := t.read(data, CSV, fields, nil)
	if err != nil {
		return nil, err
	}
	bad := &Problems{}
	var list []Movement
	for _, row := range rows {
		m := Movement{Row: row.no, Text: strings.Join(row.all, " ")}
		on, err := day(row.cells["date"])
		if err != nil {
			if !t.isStatementTotal(row, list) {
				bad.Add(row.no, "date", "有金额而没有日期", "an amount without a date")
			}
			continue
		}
		m.On = on
		for name, to := range map[string]*domain.Fen{"out": &m.Out, "in": &m.In} {
			text := row.cells[name]
			if text == "" || text == "-" {
				continue
			}
			fen, ok := amount(text, false)
			if !ok {
				bad.Add(row.no, name, "看不懂的金额", "not an amount")
			}
			*to = fen
		}
		if m.Out != 0 || m.In != 0 {
			list = append(list, m)
		}
	}
	return list, bad.Err()
}

// isStatementTotal says that a row without a date is none that moves money: it has
// no amount, or is the total of the rows above.
func (t *Template) isStatementTotal(row line, list []Movement) bool {
	var out, in domain.Fen
	for _, m := range list {
		out, in = out+m.Out, in+m.In
	}
	for name, sum := range map[string]domain.Fen{"out": out, "in": in} {
		text := row.cells[name]
		if text == "" || text == "-" {
			continue
		}
		fen, ok := amount(text, false)
		if !ok && isWords(text) {
			continue // headings once more, or words
		}
		if !ok || fen != sum || !slices.ContainsFunc(row.all, isTotal) {
			return false
		}
	}
	return true
}

// day reads 2026-01-20, 2026/1/20, 20260120, with a time behind it or not.
func day(text string) (domain.Day, error) {
	text, _, _ = strings.Cut(strings.TrimSpace(text), " ")
	if len(text) == 8 && strings.Trim(text, "0123456789") == "" {
		text = text[:4] + "-" + text[4:6] + "-" + text[6:]
	}
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == '/' || r == '-' || r == '.' || r == '年' || r == '月' || r == '日' })
	if len(parts) == 3 && len(parts[0]) == 4 && len(parts[1]) <= 2 && len(parts[2]) <= 2 {
		text = fmt.Sprintf("%s-%02s-%02s", parts[0], parts[1], parts[2])
	}
	return domain.ParseDay(text)
}

// line is a row of a file that is read.
type line struct {
	no    int
	cells map[string]string
	all   []string
}

func (t *Template) read(data []byte, format Format, fields map[string]Field, skip []string) ([]line, error) {
	if format == Fixed {
		return t.readFixed(data, fields, skip)
	}
	grid, err := sheets.Read(data)
	if err != nil {
		return nil, err
	}
	bad := &Problems{}
	var found []line
	sheetsFound := 0
	for _, s := range grid.Sheets {
		for top, row := range s.Rows {
			at, ok := headings(row, fields, top+1, bad)
			if !ok {
				continue
			}
			sheetsFound++
			if s.Hidden || len(s.HiddenRows) > 0 {
				bad.Add(0, "", "有隐藏的工作表或行："+s.Name, "a sheet or rows are hidden: "+s.Name)
			}
			found = rowsBelow(s, top, at, bad)
			break
		}
	}
	if sheetsFound > 1 {
		bad.Add(0, "", fmt.Sprintf("有 %d 张工作表像是，请只留一张", sheetsFound), fmt.Sprintf("%d sheets could be the one, leave one of them", sheetsFound))
	}
	if sheetsFound > 0 {
		return found, bad.Err()
	}
	var names []string
	for _, f := range fields {
		names = append(names, strings.Join(f.Headings, "/"))
	}
	slices.Sort(names)
	bad.Add(0, "", "没有表头：需要 "+strings.Join(names, "、"), "no headings: "+strings.Join(names, ", ")+" are needed")
	return nil, bad
}

// headings finds each field in a row of headings. Two columns that could be the one
// are a problem.
func headings(row []sheets.Cell, fields map[string]Field, no int, bad *Problems) (map[string]int, bool) {
	at, twice := map[string]int{}, []string{}
	for name, f := range fields {
		at[name] = -1
		for i, c := range row {
			if !slices.Contains(f.Headings, strings.Join(strings.Fields(c.Text), "")) {
				continue
			}
			if at[name] >= 0 {
				twice = append(twice, name)
			}
			at[name] = i
		}
		if at[name] < 0 {
			return nil, false
		}
	}
	slices.Sort(twice)
	for _, name := range slices.Compact(twice) {
		bad.Add(no, name, "有两列都像是，请只留一列", "two columns could be it, leave one of them")
	}
	return at, true
}

// rowsBelow are the rows below the headings. What a formula makes, or a merge
// hides, is not the bank's word.
func rowsBelow(s sheets.Sheet, top int, at map[string]int, bad *Problems) []line {
	var list []line
	for i := top + 1; i < len(s.Rows); i++ {
		l := line{no: i + 1, cells: map[string]string{}}
		for name, column := range at {
			cell := s.At(i, column)
			l.cells[name] = strings.TrimSpace(cell.Text)
			if cell.Formula {
				bad.Add(i+1, name, "是公式，不是银行的数据", "a formula, and not what the bank wrote")
			}
			if _, merged := s.MergeAt(i, column); merged && !slices.ContainsFunc(s.Rows[i], func(c sheets.Cell) bool { return isTotal(strings.TrimSpace(c.Text)) }) {
				bad.Add(i+1, name, "合并的单元格", "a merged cell")
			}
		}
		for _, c := range s.Rows[i] {
			if text := strings.TrimSpace(c.Text); text != "" {
				l.all = append(l.all, text)
			}
		}
		if len(l.all) > 0 {
			list = append(list, l)
		}
	}
	return list
}

// maxLines bounds a file of fixed text.
const maxLines = 100_000

func (t *Template) readFixed(data []byte, fields map[string]Field, skip []string) ([]line, error) {
	bad := &Problems{}
	if len(data) > sheets.MaxFile || bytes.Count(data, []byte("\n")) > maxLines {
		bad.Add(0, "", "文件过大", "the file is too long")
		return nil, bad
	}
	var list []line
	for no, raw := range bytes.Split(data, []byte("\n")) {
		raw = bytes.TrimSuffix(raw, []byte("\r"))
		if len(bytes.TrimSpace(raw)) == 0 || slices.ContainsFunc(skip, func(s string) bool { return bytes.HasPrefix(raw, []byte(s)) }) {
			continue
		}
		l := line{no: no + 1, cells: map[string]string{}}
		for name, f := range fields {
			if f.From+f.Width > len(raw) {
				bad.Add(no+1, name, fmt.Sprintf("这一行只有 %d 字节", len(raw)), fmt.Sprintf("the line has only %d bytes", len(raw)))
				continue
			}
			text, err := codec(t.Encoding).NewDecoder().Bytes(raw[f.From : f.From+f.Width])
			if err != nil || bytes.ContainsRune(text, '\uFFFD') {
				bad.Add(no+1, name, "编码有误", "the encoding is torn")
				continue
			}
			l.cells[name] = strings.TrimSpace(string(text))
			l.all = append(l.all, l.cells[name])
		}
		list = append(list, l)
	}
	return list, bad.Err()
}
