package sheets

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"reliefledger.org/ledger/domain"
)

// The kinds of rows below the headings that are nobody.
const (
	subtotal  = "小计"
	total     = "合计"
	signature = "落款"
	repeated  = "表头"
	textOnly  = "文字"
	nothing   = "空行"
)

// readRows goes through the rows below the headings.
func (r *reading) readRows() {
	heads := map[string]string{} // by the first text, the whole row
	for row := range r.head.bottom + 1 {
		if cells := r.rowOf(row); !blank(cells) {
			heads[first(cells)] = joined(cells)
		}
	}
	r.end = endOf(r.sheet)
	for row := r.head.bottom + 1; row < len(r.sheet.Rows); row++ {
		cells := r.sheet.Rows[row]
		if blank(cells) {
			continue
		}
		kind := r.kindOf(row, cells)
		if head, ok := heads[first(cells)]; ok && head == joined(cells) {
			kind = repeated // as on every printed page
		}
		switch kind {
		case "":
			r.totalled = false
			p := rowReader{reading: r, row: row}
			r.Rows = append(r.Rows, p.read())
			continue
		case subtotal, total:
			r.totalled = true
			r.checkTotal(row, kind)
		case textOnly:
			r.addWarning(Problem{Sheet: r.Sheet, Row: row + 1, Zh: "只有文字，没有姓名和金额，未作数据：“" + r.labelText(row) + "”",
				En: "text without a name or an amount, not taken as data: " + r.labelText(row)})
		}
		r.Left = append(r.Left, Left{Row: row + 1, Kind: kind, Text: r.labelText(row)})
	}
	for _, row := range r.sheet.HiddenRows {
		if row > r.head.bottom && row < len(r.sheet.Rows) && !blank(r.sheet.Rows[row]) {
			r.addWarning(Problem{Sheet: r.Sheet, Row: row + 1, Zh: "是隐藏行，照样读入", En: "a hidden row, read like any other"})
		}
	}
	if len(r.Rows) == 0 && len(r.Errors) == 0 {
		r.fail("没有数据行", "no rows")
	}
}

func blank(cells []Cell) bool {
	return !slices.ContainsFunc(cells, func(c Cell) bool { return c.Kind != Empty })
}

// first is the first text of a row.
func first(cells []Cell) string {
	for _, c := range cells {
		if c.Kind != Empty {
			return c.Text
		}
	}
	return ""
}

func joined(cells []Cell) string {
	var b strings.Builder
	for _, c := range cells {
		b.WriteString(plain(c.Text))
	}
	return b.String()
}

func (r *reading) labelText(row int) string {
	var parts []string
	for _, c := range r.rowOf(row) {
		if t := strings.Join(strings.Fields(c.Text), " "); t != "" {
			parts = append(parts, shown(t))
		}
	}
	return shown(strings.Join(parts, " "))
}

var signers = []string{"制表", "审核", "经办", "填表", "填报", "负责人", "单位负责", "复核", "领导", "主管", "分管", "出纳", "会计", "审批", "日期", "监督电话", "注:", "备注:", "说明:"}

// labelOf says by its first text whether a row is a subtotal, a total or a
// signature.
func labelOf(cells []Cell) string {
	for _, c := range cells {
		t := plain(c.Text)
		if c.Kind != Text || t == "" {
			continue
		}
		short, _, _ := strings.Cut(t, ":")
		short, _, _ = strings.Cut(short, "(")
		switch {
		case strings.HasPrefix(t, "小计"), strings.HasSuffix(short, "小计"), strings.HasPrefix(t, "本页"):
			return subtotal
		case strings.HasPrefix(t, "合计"), strings.HasPrefix(t, "总计"), strings.HasPrefix(t, "共计"), strings.HasPrefix(t, "总合计"), strings.HasPrefix(t, "累计"),
			strings.HasSuffix(short, "合计"), strings.HasSuffix(short, "总计"):
			return total
		case slices.ContainsFunc(signers, func(s string) bool { return strings.HasPrefix(t, s) }):
			return signature
		}
		return ""
	}
	return ""
}

var (
	labelled  = regexp.MustCompile(`^(\p{Han}[\p{Han}()/、]{1,11}):(.*)$`)
	dateLike  = regexp.MustCompile(`^(?:日期|时间)?:?(?:[0-9〇○零一二三四五六七八九]{2,4}[年./-][0-9一二三四五六七八九十]{1,3}[月./-](?:[0-9一二三四五六七八九十]{1,3}日?)?|[0-9〇○零一二三四五六七八九]{0,4}年[0-9]{0,2}月[0-9]{0,2}日)?$`)
	nameAlone = regexp.MustCompile(`^\p{Han}[\p{Han}·、]{0,14}$`)
	manyDigit = regexp.MustCompile(`[0-9]{14}`)
)

// signed says whether a row is one of signatures: the first label is a signer's, and
// every cell is a label with a colon, a name right behind one that has none, or a date.
// An amount or the number of a person is none of these.
func signed(cells []Cell) bool {
	some, dated, open := false, false, false // open: the label before has no name yet
	for _, c := range cells {
		t := plain(c.Text)
		if t == "" {
			continue
		}
		if m := labelled.FindStringSubmatch(t); m != nil && c.Kind == Text && !dateLike.MatchString(t) {
			_, money := domain.ParseFen(m[2])
			signer := slices.ContainsFunc(signers, func(s string) bool { return strings.HasPrefix(t, s) })
			if money == nil && !strings.Contains(m[1], "电话") || manyDigit.MatchString(m[2]) || !some && !signer {
				return false
			}
			some, open = true, m[2] == ""
			continue
		}
		_, money := domain.ParseFen(t)
		switch {
		case c.Kind == Date, c.Kind == Text && dateLike.MatchString(t):
			dated = true
		case c.Kind == Text && open && nameAlone.MatchString(t) && money != nil:
			open = false
		default:
			return false
		}
	}
	return some || dated
}

// endOf is the row behind the last one of a sheet that is neither empty nor signatures.
func endOf(s *Sheet) int {
	for row := len(s.Rows); row > 0; row-- {
		if cells := s.Rows[row-1]; !blank(cells) && !signed(cells) {
			return row
		}
	}
	return 0
}

// kindOf says what a row is; "" is somebody.
func (r *reading) kindOf(row int, cells []Cell) string {
	has := func(c Column) bool {
		p, ok := r.at[c]
		return ok && plain(r.sheet.At(row, p.column).Text) != ""
	}
	if (r.totalled || row >= r.end) && signed(cells) {
		return signature
	}
	label := labelOf(cells)
	if label == "" && has(Name) { // 合计 may stand under the name, after a number
		label = labelOf([]Cell{r.sheet.At(row, r.at[Name].column)})
	}
	if has(Number) {
		if label == subtotal || label == total {
			return label
		}
		return ""
	}
	// A signature runs on to the right: 联系电话：0372-7711110 is no amount.
	speaks := func(c Column) bool {
		return !has(c) || strings.Contains(plain(r.sheet.At(row, r.at[c].column).Text), ":")
	}
	if label == subtotal || label == total || label == signature && speaks(Amount) && speaks(Item) {
		return label
	}
	used, others, digits := 0, 0, true
	for c, cell := range cells {
		if cell.Kind == Empty {
			continue
		}
		if means := r.meansAt(c); means == Unused {
			others++
			digits = digits && (cell.Kind == Numeric || strings.Trim(plain(cell.Text), "0123456789") == "")
		} else if means != Amount || cell.Text != "0" {
			used++
		}
	}
	m, merged := r.sheet.MergeAt(row, r.at[Name].column)
	wide := merged && m.Right-m.Left >= 2
	switch {
	case used == 0 && digits:
		return nothing
	case used == 0, used == 1 && others == 0 && !has(Amount) && !has(Item) && (!has(Name) || wide):
		return textOnly
	}
	return ""
}

func (r *reading) meansAt(column int) Column {
	for means, p := range r.at {
		if column >= p.column && column < p.column+p.span {
			return means
		}
	}
	return Unused
}

// bound is a point in the list up to which a subtotal or a total counts.
type bound struct {
	at    domain.Fen
	total bool
}

// sums adds the amounts up.
type sums struct {
	all    domain.Fen
	bounds []bound
	broken bool // an amount could not be read: no sum is one
}

var peopleInText = regexp.MustCompile(`([0-9]+)(?:人|户)`)

// checkTotal compares a subtotal with the rows since any subtotal before it (so
// that a village's may add up its groups'), and a total with the rows since any
// total before it, or all.
func (r *reading) checkTotal(row int, kind string) {
	p, ok := r.at[Amount]
	if !ok {
		return
	}
	if m := peopleInText.FindStringSubmatch(plain(r.labelText(row))); m != nil && kind == total {
		if n, err := strconv.Atoi(m[1]); err == nil && n != len(r.Rows) {
			r.addWarning(Problem{Sheet: r.Sheet, Row: row + 1, Zh: fmt.Sprintf("%s写 %d 人（户），实有 %d 行", kind, n, len(r.Rows)), En: fmt.Sprintf("the total says %d people (households), there are %d rows", n, len(r.Rows))})
		}
	}
	q := rowReader{reading: r, row: row}
	cell := r.sheet.At(row, p.column)
	fen, err := q.fen(cell, p.wan)
	for c := 0; (cell.Kind == Empty || err != nil && cell.Kind != Numeric) && c < len(r.rowOf(row)); c++ { // 合计：7,800元 or in words elsewhere
		if text := plain(r.sheet.At(row, c).Text); text != "" && r.sheet.At(row, c).Kind == Text {
			for _, cut := range []string{text, afterLabel(text)} {
				if v, bad := domain.ParseFen(cut); bad == nil {
					fen, err, cell, p.column = v, nil, r.sheet.At(row, c), c
				}
			}
		}
	}
	at := Problem{Sheet: r.Sheet, Row: row + 1, Column: shown(p.text), Cell: Ref(row, p.column)}
	since := r.sums.bounds[len(r.sums.bounds)-1]
	agrees := false
	for i := len(r.sums.bounds) - 1; i >= 0; i-- {
		b := r.sums.bounds[i]
		if kind == subtotal || b.total {
			agrees = agrees || r.sums.all-b.at == fen
		}
		if kind == total && b.total && !since.total {
			since = b
		}
	}
	switch {
	case cell.Kind == Empty || err != nil || cell.Kind == Error:
		at.Zh, at.En = kind+"没有可读的金额，未能核对", "no amount to check the sum against"
		r.addWarning(at)
		r.TotalsUnchecked++
	case r.sums.broken:
		r.TotalsUnchecked++
	case agrees:
		r.Totals++
	default:
		sum := r.sums.all - since.at
		at.Zh = fmt.Sprintf("%s写 %s，其上各行相加为 %s", kind, fen, sum)
		at.En = fmt.Sprintf("the total says %s, the rows above add up to %s", fen, sum)
		r.addError(at)
		r.TotalsWrong++
	}
	r.sums.bounds = append(r.sums.bounds, bound{r.sums.all, kind == total})
}

func afterLabel(text string) string {
	if i := strings.LastIndex(text, ":"); i >= 0 {
		return text[i+1:]
	}
	for _, l := range []string{"合计", "总计", "共计", "小计"} {
		if _, rest, ok := strings.Cut(text, l); ok {
			return rest
		}
	}
	return ""
}
