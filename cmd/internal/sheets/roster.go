package sheets

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
)

// Options are what a file does not say of itself, and answers to what
// [Understand] asks.
type Options struct {
	File    string            // its name: in messages, and for 更正 in it
	Form    domain.Form       // of amounts that have no form of their own
	Sheet   string            // name of the sheet with the list, or its number from 1
	Columns map[string]Column // by letter ("C") or heading, what a column means; Unused leaves it out
}

// Roster is a list of people as it was understood.
type Roster struct {
	File     string       `json:"file"`
	Format   string       `json:"format"`
	Encoding string       `json:"encoding,omitempty"`
	Sheet    string       `json:"sheet,omitempty"`
	Title    []string     `json:"title,omitempty"` // what stands above the headings
	HeadFrom int          `json:"head_from,omitempty"`
	HeadTo   int          `json:"head_to,omitempty"`
	Columns  []Understood `json:"columns"`
	Rows     []Row        `json:"-"`
	People   int          `json:"rows"` // how many rows are people
	Left     []Left       `json:"left_out,omitempty"`
	Sum      domain.Yuan  `json:"sum"`
	Totals   int          `json:"totals_checked"` // subtotals and totals that agree
	// TotalsWrong and TotalsUnchecked are those that do not, and that could not be checked.
	TotalsWrong     int `json:"totals_wrong,omitempty"`
	TotalsUnchecked int `json:"totals_unchecked,omitempty"`
	// Forms are in how many rows something is given in each form.
	Forms    map[domain.Form]int `json:"forms,omitempty"`
	Cleaned  []Cleaned           `json:"cleaned,omitempty"`
	Warnings []Problem           `json:"warnings,omitempty"`
	Errors   []Problem           `json:"errors,omitempty"`
	More     More                `json:"more,omitzero"`
}

// The most that a roster remembers of a kind; the rest is counted in More.
const (
	maxProblems = 10_000
	maxCleaned  = 100_000
)

// More counts what a roster has no room for.
type More struct {
	Cleaned  int `json:"cleaned,omitempty"`
	Warnings int `json:"warnings,omitempty"`
	Errors   int `json:"errors,omitempty"`
}

// Understood is how a column was understood.
type Understood struct {
	Letters string `json:"column"` // C, or C–T where a number is spread over them
	Heading string `json:"heading"`
	Means   Column `json:"means"`
	Asked   bool   `json:"asked,omitempty"` // an option said so
}

// Row is one person, household, institution or group of a roster.
type Row struct {
	Row        int // of the sheet, from 1
	Type       domain.PartyType
	Headcount  domain.Headcount
	Name       string
	Number     string
	Account    string
	Phone      string
	Address    string
	Note       string
	Give       []domain.Give
	Category   string
	Group      string
	Period     string
	Disclosure domain.Disclosure
	Nomination int
	Payee      string // another payee's name, and why
	Why        string
}

// Left is a row below the headings that is nobody: a subtotal, a signature.
type Left struct {
	Row  int    `json:"row"`
	Kind string `json:"kind"` // 小计, 合计, 落款, 表头, 文字
	Text string `json:"text"`
}

// Cleaned is a cell that was read other than it is written. Numbers of people
// are masked.
type Cleaned struct {
	Cell   string `json:"cell"`
	Column Column `json:"column"`
	Before string `json:"before"`
	After  string `json:"after"`
	Zh     string `json:"zh"`
	En     string `json:"en"`
}

// Problem is what is wrong or odd, and where. Numbers of people are masked.
type Problem struct {
	Sheet  string `json:"sheet,omitempty"`
	Row    int    `json:"row,omitempty"` // from 1; 0: the file as a whole
	Column string `json:"column,omitempty"`
	Cell   string `json:"cell,omitempty"`
	Value  string `json:"value,omitempty"`
	Zh     string `json:"zh"`
	En     string `json:"en"`
}

// Say is the problem in one language.
func (p Problem) Say(l domain.Lang) string {
	if l == domain.En {
		return p.En
	}
	return p.Zh
}

// Where says where it is, in one language.
func (p Problem) Where(l domain.Lang) string {
	row, column, cell, between := "第 %d 行", "%s 列", "（%s）", "，"
	if l == domain.En {
		row, column, cell, between = "row %d", "column %s", " (%s)", ", "
	}
	var parts []string
	if p.Sheet != "" {
		parts = append(parts, p.Sheet)
	}
	if p.Row > 0 {
		parts = append(parts, fmt.Sprintf(row, p.Row))
	}
	if p.Column != "" {
		where := fmt.Sprintf(column, p.Column)
		if p.Cell != "" {
			where += fmt.Sprintf(cell, p.Cell)
		}
		parts = append(parts, where)
	}
	return strings.Join(parts, between)
}

// placed is a column that the roster uses.
type placed struct {
	heading
	column int
	span   int // 1, or how many columns a number is spread over
}

// reading is a roster while it is being read.
type reading struct {
	*Roster
	opts  Options
	sheet *Sheet
	head  header
	at    map[Column]placed
	sums  sums
	// Signatures stand below a total, or below end, which is all other rows.
	totalled bool
	end      int
	unasked  int // rows with an account and cash, of which the file does not say that it is cash

	seen  map[string]int    // who gets what, whose account: the row that has it first
	named map[string]string // number: the name that it has first
}

// Understand reads a grid as a roster. What it cannot understand stands in the
// roster's errors; then its rows are not to be used.
func Understand(g *Grid, opts Options) *Roster {
	r := &reading{Roster: &Roster{File: opts.File, Format: g.Format, Encoding: g.Encoding, Columns: []Understood{}}, opts: opts,
		at: map[Column]placed{}, seen: map[string]int{}, named: map[string]string{}, sums: sums{bounds: []bound{{total: true}}}}
	if !r.chooseSheet(g) {
		return r.Roster
	}
	r.readTitle()
	r.placeColumns()
	if len(r.Errors) == 0 {
		r.readRows()
	}
	r.People = len(r.Rows)
	if len(r.Errors) > r.TotalsWrong { // the rows are not what they should be
		r.Totals, r.TotalsUnchecked = 0, r.TotalsUnchecked+r.Totals
	}
	r.countForms()
	return r.Roster
}

// countForms counts the rows of each form, and says if accounts would not be used.
func (r *reading) countForms() {
	for _, row := range r.Rows {
		for i, g := range row.Give {
			if g.Form == "" || slices.ContainsFunc(row.Give[:i], func(b domain.Give) bool { return b.Form == g.Form }) {
				continue
			}
			if r.Forms == nil {
				r.Forms = map[domain.Form]int{}
			}
			r.Forms[g.Form]++
		}
	}
	if bank := words.Form.As(string(domain.Bank)); r.unasked > 0 {
		r.warn(fmt.Sprintf("%d 行有账号，形式却是现金：现金不付到账号。若是转账，用 %s，或在“形式”列写“银行”", r.unasked, bank),
			fmt.Sprintf("%d rows have an account, and their form is cash, which goes to no account: if it is a transfer, say it with %s, or write 银行 in the column 形式", r.unasked, bank))
	}
}

// fail and warn note a problem of the file as a whole.
func (r *reading) fail(zh, en string) { r.addError(Problem{Zh: zh, En: en}) }
func (r *reading) warn(zh, en string) { r.addWarning(Problem{Zh: zh, En: en}) }

func (r *Roster) addError(p Problem) {
	r.Errors, r.More.Errors = kept(r.Errors, p, maxProblems, r.More.Errors)
}
func (r *Roster) addWarning(p Problem) {
	r.Warnings, r.More.Warnings = kept(r.Warnings, p, maxProblems, r.More.Warnings)
}
func (r *Roster) addCleaned(c Cleaned) {
	r.Cleaned, r.More.Cleaned = kept(r.Cleaned, c, maxCleaned, r.More.Cleaned)
}

func kept[T any](list []T, one T, most, more int) ([]T, int) {
	if len(list) == most {
		return list, more + 1
	}
	return append(list, one), more
}

// chooseSheet finds the sheet that has the list. Where two could, it asks.
func (r *reading) chooseSheet(g *Grid) bool {
	var found []int
	heads := make([]header, len(g.Sheets))
	hidden := 0
	for i := range g.Sheets {
		s := &g.Sheets[i]
		if r.opts.Sheet != "" && r.opts.Sheet != s.Name && r.opts.Sheet != strconv.Itoa(i+1) {
			continue
		}
		h, ok := findHeader(s, r.opts.Columns)
		if !ok || h.bottom+1 >= len(s.Rows) {
			continue
		}
		if s.Hidden && r.opts.Sheet == "" {
			hidden++
			continue
		}
		heads[i] = h
		found = append(found, i)
	}
	switch {
	case len(found) == 0:
		r.fail("没有表头：需要“姓名”列（或户主姓名、领款人等）和至少另一列，其下有数据", "no header row: a column 姓名 (or one of its names) and another are needed, with rows below")
		return false
	case len(found) > 1:
		var names []string
		for _, i := range found {
			names = append(names, g.Sheets[i].Name)
		}
		list := strings.Join(names, "、")
		r.fail("不止一张工作表像名册："+list+"。哪一张？用 "+words.Sheet.String()+" 指明", "more than one sheet looks like a roster: "+list+". Which? Say it with "+words.Sheet.String())
		return false
	}
	if hidden > 0 {
		r.warn("另有隐藏的工作表像名册，未导入", "a hidden sheet looks like a roster too and was left out")
	}
	r.sheet, r.head = &g.Sheets[found[0]], heads[found[0]]
	r.Sheet = r.sheet.Name
	r.HeadFrom, r.HeadTo = r.head.top+1, r.head.bottom+1
	return true
}

// readTitle reads what stands above the headings: 更正 and 单位：万元 matter.
func (r *reading) readTitle() {
	for row := range r.head.top {
		for _, cell := range r.rowOf(row) {
			if cell.Kind != Empty {
				r.Title = append(r.Title, shown(cell.Text))
			}
		}
	}
	correction := slices.ContainsFunc(append([]string{r.File, r.Sheet}, r.Title...), func(s string) bool {
		return strings.Contains(s, "更正") || strings.Contains(s, "补正")
	})
	if correction {
		r.warn("标题含“更正”：像是先前名册的更正，不是第二次发放；若同一批人已在先前的名单上，不要再付一次",
			"更正 in its title: it looks like a correction of an earlier list, not a second payment")
	}
}

func (r *reading) rowOf(row int) []Cell {
	if row < 0 || row >= len(r.sheet.Rows) {
		return nil
	}
	return r.sheet.Rows[row]
}

// placeColumns decides which column has what. Of several that could be the same
// it takes the one about who benefits, and asks where nothing tells.
func (r *reading) placeColumns() {
	wan := slices.ContainsFunc(r.Title, func(t string) bool {
		n := plain(t)
		return strings.Contains(n, "单位:万元")
	})
	candidates := map[Column][]placed{}
	letters := map[int]int{} // column: its place in r.Columns
	for c := 0; c < len(r.head.columns); c++ {
		h := r.head.columns[c]
		if h.text == "" && r.opts.Columns[Letters(c)] == "" {
			continue
		}
		p := placed{heading: h, column: c, span: r.spread(c)}
		u := Understood{Letters: Letters(c), Heading: shown(h.text), Means: Unused}
		if p.span > 1 {
			u.Letters += "–" + Letters(c+p.span-1)
		}
		for _, key := range []string{Letters(c), h.text, plain(h.text)} {
			if asked, ok := r.opts.Columns[key]; ok {
				p.means, p.role, u.Asked = asked, 0, true
				break
			}
		}
		p.wan = p.wan || wan && p.means == Amount
		letters[c] = len(r.Columns)
		r.Columns = append(r.Columns, u)
		if u.Asked && p.means != Unused {
			candidates[p.means] = slices.DeleteFunc(candidates[p.means], func(o placed) bool { return !r.Columns[letters[o.column]].Asked })
			candidates[p.means] = append(candidates[p.means], p)
		} else if !slices.ContainsFunc(candidates[p.means], func(o placed) bool { return r.Columns[letters[o.column]].Asked }) {
			candidates[p.means] = append(candidates[p.means], p)
		}
		c += p.span - 1
	}
	delete(candidates, Unused)

	names := candidates[Name]
	slices.SortStableFunc(names, func(a, b placed) int { return int(a.role - b.role) })
	if len(names) > 0 {
		r.choose(Name, names[:1])
		for _, other := range names[1:] { // 收款人 beside 姓名 is a payee; 户主 has no place
			if other.role >= payees {
				candidates[Payee] = append(candidates[Payee], other)
			} else if other.role == names[0].role {
				r.ask(Name, names)
				break
			} else {
				r.leftOut(other)
			}
		}
	}
	delete(candidates, Name)
	amounts := candidates[Amount]
	slices.SortStableFunc(amounts, func(a, b placed) int { return amountRank(a.text) - amountRank(b.text) })
	if len(amounts) > 1 && amountRank(amounts[0].text) < amountRank(amounts[1].text) {
		for _, other := range amounts[1:] {
			r.leftOut(other)
		}
		candidates[Amount] = amounts[:1]
	}
	for _, means := range slices.Sorted(maps.Keys(candidates)) {
		list := candidates[means]
		if len(list) > 1 && (means == Number || means == Account || means == Phone || means == Address) {
			// Of several people's numbers, those of the one whose name it is.
			mine := slices.DeleteFunc(slices.Clone(list), func(p placed) bool { return p.role != r.at[Name].role })
			if len(mine) == 1 {
				for _, other := range list {
					if other.column != mine[0].column {
						r.leftOut(other)
					}
				}
				list = mine
			}
		}
		if means == Payee && len(list) > 1 {
			slices.SortStableFunc(list, func(a, b placed) int { return int(b.role - a.role) })
			for _, other := range list[1:] {
				r.leftOut(other)
			}
			list = list[:1]
		}
		if means == Group && len(list) > 1 { // 乡镇, 村, 组: the board is the village's
			slices.SortStableFunc(list, func(a, b placed) int { return groupRank(a.text) - groupRank(b.text) })
			for _, other := range list[1:] {
				r.leftOut(other)
			}
			list = list[:1]
		}
		r.choose(means, list)
	}
	for c, p := range r.at {
		r.Columns[letters[p.column]].Means = c
	}
	_, amount := r.at[Amount]
	_, item := r.at[Item]
	_, words := r.at[InWords]
	if !amount && words { // only in words
		p := r.at[InWords]
		delete(r.at, InWords)
		r.at[Amount], amount = p, true
		r.Columns[letters[p.column]].Means = Amount
	}
	if _, ok := r.at[Name]; !ok {
		r.fail("没有姓名列", "no column of names")
	}
	if !amount && !item && len(r.Errors) == 0 {
		r.fail("没有金额列，也没有物资列", "neither a column of amounts nor one of goods")
	}
}

func groupRank(text string) int {
	name := plain(text)
	switch {
	case strings.Contains(name, "村") && !strings.Contains(name, "组"), strings.Contains(name, "企业"), strings.Contains(name, "社区"):
		return 0
	case strings.Contains(name, "乡镇"):
		return 2
	}
	return 1
}

func (r *reading) choose(means Column, list []placed) {
	switch len(list) {
	case 0:
	case 1:
		p := list[0]
		p.means = means
		r.at[means] = p
	default:
		r.ask(means, list)
	}
}

func (r *reading) ask(means Column, list []placed) {
	var names []string
	for _, p := range list {
		names = append(names, fmt.Sprintf("%s（%s）", Letters(p.column), shown(p.text)))
	}
	which := strings.Join(names, "、")
	r.fail(fmt.Sprintf("不止一列像“%s”：%s。取哪一列？用 %s 指明", means, which, words.Column.As("字母="+string(means))),
		fmt.Sprintf("more than one column looks like %s: %s. Which? Say it with %s", means, which, words.Column.As("LETTER="+string(means))))
}

func (r *reading) leftOut(p placed) {
	r.addWarning(Problem{Sheet: r.Sheet, Column: shown(p.text), Cell: Letters(p.column),
		Zh: "另一列更合适，此列未导入", En: "another column fits better; this one was left out"})
}
