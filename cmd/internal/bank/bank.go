// Package bank writes the list that a bank pays from (代发盘) and reads what the
// bank answers (回盘), what comes back later (退票), and its statements. How a
// bank wants its files is data: a [Template] says the format, the columns, which
// answers mean paid, and what its codes for rejects mean.
//
//	t, err := bank.Named("generic")            // or bank.Parse(text) of an office's own
//	file, err := t.Write(transfers)            // *Problems: a name that the encoding lacks
//	answers, err := t.ReadResult(data)         // *Problems, by row and column
//
// Nothing is guessed: an answer that is neither paid nor one of the template's
// codes is an error, for what was taken for a reject would be paid twice.
package bank

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
)

//go:embed templates/*.json
var embedded embed.FS

// The limits of a template and of what it reads.
const (
	maxColumns  = 40
	maxWidth    = 200 // bytes of a column of fixed width
	maxCodes    = 1_000
	maxTemplate = 256 << 10 // bytes
	maxProblems = 100       // more are counted
)

// Template says how a bank wants its files.
type Template struct {
	Name     string   `json:"name"`  // by which it is chosen, and which the event has
	Title    string   `json:"title"` // for people
	Format   Format   `json:"format"`
	Encoding Encoding `json:"encoding,omitempty"` // of CSV and fixed text
	// Head says that the first row has the columns' headings.
	Head    bool     `json:"head,omitempty"`
	Columns []Column `json:"columns"`
	// Summary is a row with count and sum, before or behind the payments.
	Summary   []Column        `json:"summary,omitempty"`
	SummaryAt Place           `json:"summary_at,omitempty"`
	Result    Result          `json:"result"`
	Codes     map[string]Code `json:"codes"`
	Statement Statement       `json:"statement,omitzero"`
}

// Format is the kind of a file.
type Format string

// The formats.
const (
	CSV   Format = "csv"
	XLSX  Format = "xlsx"
	Fixed Format = "fixed" // text, a payment a line, each column so many bytes wide
)

// Place is where a summary stands.
type Place string

// The places of a summary.
const (
	First Place = "first"
	Last  Place = "last"
)

// Column is a column that is written.
type Column struct {
	Heading string `json:"heading,omitempty"`
	Value   Value  `json:"value"`
	Text    string `json:"text,omitempty"`  // of Value text
	Width   int    `json:"width,omitempty"` // bytes, of fixed text
	Right   bool   `json:"right,omitempty"` // to the right, filled up with Fill
	Fill    string `json:"fill,omitempty"`  // one character; default a blank
}

// Value is what stands in a column.
type Value string

// The values of columns. Count and sum are for a summary.
const (
	No        Value = "no" // 1, 2, ...
	Reference Value = "reference"
	Account   Value = "account"
	Name      Value = "name"
	Yuan      Value = "yuan" // 600.00
	InFen     Value = "fen"  // 60000
	Text      Value = "text" // always the same
	Count     Value = "count"
	SumYuan   Value = "sum-yuan"
	SumFen    Value = "sum-fen"
)

var values = []Value{No, Reference, Account, Name, Yuan, InFen, Text}
var numbers = []Value{No, InFen, Count, SumFen}
var sums = []Value{Text, Count, SumYuan, SumFen}

// Field is where something stands in a file that is read: under a heading, or in
// fixed text from a byte on, counted from 0.
type Field struct {
	Headings []string `json:"headings,omitempty"`
	From     int      `json:"from,omitempty"`
	Width    int      `json:"width,omitempty"`
}

func (f Field) given() bool { return len(f.Headings) > 0 || f.Width > 0 }

// Result says how the bank's answer is read.
type Result struct {
	Format    Format `json:"format,omitempty"` // default: the template's
	Reference Field  `json:"reference"`
	Account   Field  `json:"account"`
	Amount    Field  `json:"amount"`
	Status    Field  `json:"status"`
	Code      Field  `json:"code,omitzero"` // default: the status
	Fen       bool   `json:"fen,omitempty"` // amounts are in fen
	// Paid are the statuses that say that a payment was made.
	Paid []string `json:"paid"`
	// RejectsOnly says that the answer lists rejects, and all others were paid. It
	// then needs a total, without which a torn one would count as paid.
	RejectsOnly bool `json:"rejects_only,omitempty"`
	// Skip are lines of fixed text that begin so and are no payments.
	Skip []string `json:"skip,omitempty"`
}

// Code is a bank's reason not to pay.
type Code struct {
	Zh string `json:"zh"`
	En string `json:"en"`
	// Mend says that the account must be put right before it is paid again.
	Mend bool `json:"mend,omitempty"`
}

// Statement says how an account's statement is read; CSV or a workbook.
type Statement struct {
	Date Field `json:"date,omitzero"`
	Out  Field `json:"out,omitzero"` // money that left the account, in yuan
	In   Field `json:"in,omitzero"`
	Text Field `json:"text,omitzero"` // where a reference may stand
}

// Templates are the names of those that the program brings.
func Templates() []string {
	entries, err := fs.ReadDir(embedded, "templates")
	if err != nil {
		panic(err) // they are embedded
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".json"))
	}
	return names
}

// Named returns a template that the program brings.
func Named(name string) (*Template, error) {
	if !slices.Contains(Templates(), name) {
		return nil, words.Errorf("没有模板 %q；有：%s", "no template %q; there are %s", name, strings.Join(Templates(), ", "))
	}
	text, err := embedded.ReadFile("templates/" + name + ".json")
	if err != nil {
		return nil, err
	}
	return Parse(text)
}

// Parse reads a template. Fields that it does not know are errors: a word
// written wrongly would be a column left out.
func Parse(text []byte) (*Template, error) {
	if len(text) > maxTemplate {
		return nil, words.Errorf("模板 %d 字节，上限 %d", "the template has %d bytes, %d are allowed", len(text), maxTemplate)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var t Template
	if err := dec.Decode(&t); err != nil {
		return nil, words.Errorf("模板有误：%v", "the template is wrong: %v", err)
	}
	if dec.More() {
		return nil, words.Errorf("模板有误：其后另有内容", "the template is wrong: something stands behind it")
	}
	if err := t.check(); err != nil {
		return nil, words.Errorf("模板有误：%v", "the template is wrong: %v", err)
	}
	return &t, nil
}

func (t *Template) check() error {
	switch {
	case t.Name == "" || len(t.Name) > 50:
		return fmt.Errorf("name")
	case t.Format != CSV && t.Format != XLSX && t.Format != Fixed:
		return fmt.Errorf("format %q: csv, xlsx, fixed", t.Format)
	case (t.Format != XLSX || t.Result.Format == Fixed) && codec(t.Encoding) == nil:
		return fmt.Errorf("encoding %q: utf-8, utf-8-bom, gbk, gb18030", t.Encoding)
	case t.Format == Fixed && t.Head:
		return fmt.Errorf("head: fixed text has no headings")
	case len(t.Columns) == 0 || len(t.Columns) > maxColumns || len(t.Summary) > maxColumns:
		return fmt.Errorf("%d columns", len(t.Columns))
	case (len(t.Summary) > 0) != (t.SummaryAt != "") || t.SummaryAt != "" && t.SummaryAt != First && t.SummaryAt != Last:
		return fmt.Errorf("summary_at %q: first, last", t.SummaryAt)
	case len(t.Codes) > maxCodes:
		return fmt.Errorf("%d codes", len(t.Codes))
	}
	has := map[Value]bool{}
	for _, c := range t.Columns {
		if err := c.check(t, values); err != nil {
			return err
		}
		has[c.Value] = true
	}
	if !has[Reference] || !has[Account] || !has[Name] || !has[Yuan] && !has[InFen] {
		return fmt.Errorf("columns: reference, account, name and an amount (yuan or fen) are needed")
	}
	for _, c := range t.Summary {
		if err := c.check(t, sums); err != nil {
			return err
		}
	}
	for code, c := range t.Codes {
		if code == "" || code != strings.TrimSpace(code) || c.Zh == "" || c.En == "" {
			return fmt.Errorf("code %q: zh and en are needed", code)
		}
		if slices.Contains(t.Result.Paid, code) {
			return fmt.Errorf("code %q is said to be paid, and a reject", code)
		}
	}
	return t.Result.check(t)
}

func (c Column) check(t *Template, may []Value) error {
	switch {
	case !slices.Contains(may, c.Value):
		return fmt.Errorf("column %q: value %q: %v", c.Heading, c.Value, may)
	case t.Format == Fixed && (c.Width < 1 || c.Width > maxWidth):
		return fmt.Errorf("column %q: width %d: 1 to %d bytes", c.Heading, c.Width, maxWidth)
	case c.Fill != "" && c.Fill != " " && (c.Fill != "0" || !c.Right || !slices.Contains(numbers, c.Value)):
		// Behind a number, or before an account, a zero makes another one of it.
		return fmt.Errorf("column %q: fill %q: a blank, or 0 before a number", c.Heading, c.Fill)
	case strings.ContainsAny(c.Heading+c.Text, "\r\n\x00"):
		return fmt.Errorf("column %q: a line break", c.Heading)
	}
	return nil
}

func (r *Result) format(t *Template) Format {
	if r.Format != "" {
		return r.Format
	}
	return t.Format
}

func (r *Result) check(t *Template) error {
	format := r.format(t)
	if format != CSV && format != XLSX && format != Fixed {
		return fmt.Errorf("result.format %q", format)
	}
	for name, f := range map[string]Field{"reference": r.Reference, "account": r.Account, "amount": r.Amount, "status": r.Status} {
		if !f.given() && (name != "status" || !r.RejectsOnly || !r.Code.given()) {
			return fmt.Errorf("result.%s is missing", name)
		}
	}
	for name, f := range map[string]Field{"reference": r.Reference, "account": r.Account, "amount": r.Amount, "status": r.Status, "code": r.Code} {
		if f.given() && ((format == Fixed) != (f.Width > 0) || f.From < 0 || f.From > maxColumns*maxWidth || f.Width > maxWidth) {
			return fmt.Errorf("result.%s: headings, or of fixed text from and width", name)
		}
	}
	for _, word := range r.Paid {
		if word == "" || word != strings.TrimSpace(word) {
			return fmt.Errorf("result.paid: %q is no word", word)
		}
	}
	if r.RejectsOnly && format == Fixed {
		return fmt.Errorf("result.rejects_only: an answer of fixed text lists all rows")
	}
	if len(r.Paid) == 0 && !r.RejectsOnly {
		return fmt.Errorf("result.paid: which statuses mean paid")
	}
	return nil
}

// Transfer is one payment of a list.
type Transfer struct {
	Reference, Account, Name string
	Fen                      domain.Fen
}

// Answer is what the bank says of one payment.
type Answer struct {
	Row       int // of the file, from 1
	Reference string
	Account   string // in its normal form
	Fen       domain.Fen
	Paid      bool
	Code      string // of a reject
}

// Movement is one line of a statement.
type Movement struct {
	Row     int
	On      domain.Day
	Out, In domain.Fen
	Text    string
	Owed    bool `json:",omitempty"` // not in the statement: a reject of a batch that the bank has not given back
}

// Problem is something wrong with a file, and where.
type Problem struct {
	Row    int    `json:"row,omitempty"` // from 1
	Column string `json:"column,omitempty"`
	Zh     string `json:"zh"`
	En     string `json:"en"`
}

// Say is the problem, behind where it is, in a language.
func (p Problem) Say(l domain.Lang) string {
	row, column, colon, said := "第 %d 行", "，%s", "：", p.Zh
	if l == domain.En {
		row, column, colon, said = "row %d", ", %s", ": ", p.En
	}
	if p.Row == 0 {
		return said
	}
	where := fmt.Sprintf(row, p.Row)
	if p.Column != "" {
		where += fmt.Sprintf(column, p.Column)
	}
	return where + colon + said
}

// Problems are all that is wrong with a file; nothing of it is to be used.
type Problems struct {
	List []Problem
	More int // that are not in List
}

func (p *Problems) Error() string { return p.Say(domain.En) }

// Say says them, one a line, in a language.
func (p *Problems) Say(l domain.Lang) string {
	lines := make([]string, len(p.List))
	for i, x := range p.List {
		lines[i] = "  " + x.Say(l)
	}
	if p.More > 0 {
		lines = append(lines, fmt.Sprintf("  … %d", p.More))
	}
	head := "%d 处有误，整份未用\n"
	if l == domain.En {
		head = "wrong in %d places, nothing of it is used\n"
	}
	return fmt.Sprintf(head, len(p.List)+p.More) + strings.Join(lines, "\n")
}

// Add notes a problem.
func (p *Problems) Add(row int, column, zh, en string) {
	if len(p.List) == maxProblems {
		p.More++
		return
	}
	p.List = append(p.List, Problem{row, column, zh, en})
}

// Err is the problems as an error, nil for none.
func (p *Problems) Err() error {
	if len(p.List) == 0 {
		return nil
	}
	return p
}
