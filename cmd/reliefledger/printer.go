package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"reliefledger.org/ledger/cmd/internal/backup"
	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/papers"
	"reliefledger.org/ledger/cmd/internal/sheets"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/projections"
)

// This file is how all subcommands say things: to people, to scripts as JSON, notes
// and errors to standard error. Tables are in export.go and package table.

// people writes a sentence for people, which scripts do not get.
func (p *program) people(zh, en string, args ...any) {
	if !p.json {
		fmt.Printf(p.say(zh, en), args...)
	}
}

// note writes a sentence to standard error.
func (p *program) note(zh, en string, args ...any) {
	fmt.Fprintf(os.Stderr, p.say(zh, en), args...)
}

// tell says what the office has to say.
func (p *program) tell(n office.Note) {
	before := ""
	if n.Warning {
		before = p.say("警告：", "warning: ")
	}
	fmt.Fprintln(os.Stderr, before+harmless(flagged(n.Say(p.lang()))))
}

// harmless takes out of a sentence what a terminal would obey: names of files and words
// of a bank's answer may stand in it.
func harmless(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

// saidError is returned where all is said already, and only the exit code is left.
type saidError struct{ error }

func (e saidError) Unwrap() error { return e.error }

// fail says what went wrong and returns the exit code.
func (p *program) fail(w io.Writer, err error) int {
	kind := office.KindOf(err)
	if errors.As(err, new(saidError)) {
		return kind.Exit()
	}
	if p.json {
		var refusal *domain.Refusal
		out := map[string]any{"exit": kind.Exit(), "error": office.Sentence(err, p.lang())}
		if errors.As(err, &refusal) {
			out["refusal"] = refusal
		}
		var cells *office.BadCells
		if errors.As(err, &cells) {
			out["cells"] = cells.Cells
		}
		text, _ := json.Marshal(out)
		fmt.Fprintln(os.Stdout, flagged(string(text)))
		return kind.Exit()
	}
	if kind == office.Unproven {
		return kind.Exit()
	}
	fmt.Fprintln(w, p.say("错误：", "error: ")+harmless(p.sentence(err)))
	return kind.Exit()
}

// writeJSON writes a value as indented JSON.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// writeJSONLine writes a value as a line of JSON.
func writeJSONLine(v any) error {
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printable shows text that anybody may have written: a terminal would obey its
// control characters.
func printable(s string) string {
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return strconv.Quote(s)
		}
	}
	return s
}

// warn says what every report must say: that a clock is simulated, and that there are
// events which could not be read or folded.
func (p *program) warn(b *projections.Books) {
	if b.State.Simulated() {
		p.note("（演示账簿：时钟为模拟，记录时间不作证据）\n", "(a demonstration: the clock is simulated, recorded times are no evidence)\n")
	}
	for _, u := range b.State.Unfolded {
		p.note("注意：第 %d 号事件无法并入：%s\n", "note: event %d could not be folded: %s\n", u.Number, harmless(u.Why))
	}
}

// progress is a bar on a terminal, and nothing elsewhere.
func progress(n int, what string) *progressbar.ProgressBar {
	return progressbar.NewOptions(n, progressbar.OptionSetDescription(what), progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetVisibility(term.IsTerminal(int(os.Stderr.Fd()))), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
}

// result says what became of an instruction.
func (p *program) result(d *office.Result) {
	if p.json {
		text, _ := json.Marshal(d)
		fmt.Println(string(text))
		return
	}
	name := d.Name
	if d.Roster != nil {
		name += fmt.Sprintf(p.say("（%d 行，新登记 %d）", " (%d rows, %d new)"), d.Roster.Rows, d.Roster.New)
	}
	switch {
	case d.Would != nil:
		fmt.Printf(p.say("将会：%s → %s %v\n", "would: %s → %s %v\n"), name, d.Stream, d.Would)
	case d.Repeated:
		fmt.Printf(p.say("已执行过：%s（序号 %v），未重复写入\n", "was done before: %s (numbers %v), nothing written again\n"), name, d.Numbers)
	default:
		fmt.Printf(p.say("已记录：%s（序号 %v）→ %s\n", "recorded: %s (numbers %v) → %s\n"), name, d.Numbers, d.Stream)
	}
}

// tellRoster says how a roster was understood: all of it before a dry run, what is
// odd before an import.
func (p *program) tellRoster(roster *sheets.Roster, dry bool) error {
	switch {
	case p.json && dry:
		text, err := jsonv2.Marshal(map[string]any{"roster": roster}) // whose empty lists are no null
		if err == nil {
			_, err = fmt.Println(flagged(string(text)))
		}
		return err
	case dry:
		var text strings.Builder
		if err := roster.Preview(&text, p.lang()); err != nil {
			return err
		}
		_, err := fmt.Print(flagged(text.String()))
		return err
	}
	for i, problem := range roster.Warnings {
		if i == office.ShownCells {
			p.note("提醒：… 另 %d 处，见 --dry-run\n", "warning: … %d more, see --dry-run\n", len(roster.Warnings)-i+roster.More.Warnings)
			break
		}
		p.note("提醒：%s\n", "warning: %s\n", flagged(office.SayProblem(problem, p.lang())))
	}
	return nil
}

// entry writes one entry of the fund-use report, from source to hand.
func (p *program) entry(e projections.Entry) {
	line := func(zh, en, format string, args ...any) {
		fmt.Printf("%s：%s\n", p.say(zh, en), fmt.Sprintf(format, args...))
	}
	goods := ""
	for _, i := range e.Items {
		goods += fmt.Sprintf(" %s %s（%s）", i.Item, i.Quantity, e.Cost)
	}
	line("发放", "payment", "〔%d〕 %s %s%s", e.Number, e.Form.Say(p.lang()), e.Amount, goods)
	for _, s := range e.Sources {
		line("来源", "source", "%s %s %s〔%d〕", s.Source, s.Document, s.Fen, s.Number)
	}
	line("资金", "fund", "%s", e.Fund)
	for _, s := range e.Path {
		line("分配", "allocation", "%s（%s）〔%d〕", s.Name, s.Purpose, s.Number)
	}
	for _, x := range e.Purchases {
		line("采购", "purchase", "%s %s〔%d〕", x.Item, x.Cost, x.Number)
	}
	line("项目", "programme", "%s %s %d", e.Programme, p.say("修订", "revision"), e.Revision)
	line("名单", "notice", "%s〔%d〕 "+p.say("第 %d 行", "line %d"), e.Notice, e.NoticeNumber, e.Line)
	for _, ph := range e.Phases {
		line("公示", "published", "%s %s–%s（%s）〔%d〕", p.word(string(ph.Timing)), ph.First, ph.Last, p.word(string(ph.Mode)), ph.Number)
		for _, x := range ph.Places {
			line("　地点", "  place", "%s %s %s %s", p.word(x.Place), x.Where, x.On, p.word(string(x.Disclosure)))
		}
	}
	line("异议", "objections", "%d", len(e.Objections))
	for _, o := range e.Objections {
		line("　异议", "  objection", "%s %s〔%d〕", o.Raised, o.Outcome, o.Number)
	}
	by := func(zh, en string, x *projections.By) {
		if x == nil {
			line(zh, en, "—")
			return
		}
		proof := p.say("据称", "asserted")
		if x.Signed {
			proof = p.say("已签名", "signed")
		}
		line(zh, en, "%s %s %s〔%d〕", x.Post, proof, x.On, x.Number)
	}
	by("制单", "prepared", e.Prepared)
	by("复核", "approved", e.Approved)
	by("发放人", "paid by", e.Paid)
	line("发生", "happened", "%s；%s %s", e.Happened, p.say("记账", "booked"), e.Booked)
	for _, r := range e.Receipts {
		line("凭证", "receipt", "%s %s〔%d〕", r.Kind, r.HeldBy, r.Number)
	}
	for _, r := range e.Returns {
		line("退回", "returned", "%s %s〔%d〕", r.Fen, r.On, r.Number)
	}
	line("净额", "net", "%s", e.Net)
	if len(e.Irregular) > 0 {
		line("违规补记", "irregular", "%s", strings.Join(e.Irregular, ", "))
	}
	var missing []string
	for _, g := range e.Missing {
		missing = append(missing, g.Say(p.lang()))
	}
	if len(missing) == 0 {
		missing = []string{p.say("无", "nothing")}
	}
	line("缺失", "missing", "%s", strings.Join(missing, "、"))
}

// word says a word of the ledger's data as people do.
func (p *program) word(s string) string {
	if p.lang() == domain.En {
		return s
	}
	if place := papers.PlaceName(s); place != s {
		return place
	}
	if word := chineseWords[s]; word != "" {
		return word
	}
	return s
}

var chineseWords = map[string]string{"before": "先公示后发放", "after": "先救助后公示", "none": "不公示",
	"calendar": "按日历日", "working": "按工作日", "full": "全名", "masked": "隐名", "counts": "仅人数"}

// watch shows how far something is that takes long.
func (p *program) watch() backup.Watch {
	return backup.Watch{Tell: p.tell, Begin: func(what office.Note) (func(uint64), func()) {
		bar := progress(-1, what.Say(p.lang()))
		return func(count uint64) { _ = bar.Set64(int64(count)) }, func() { _ = bar.Finish() }
	}}
}

// backedUp says what a backup is.
func (p *program) backedUp(m *backup.Made) error {
	if p.json {
		return writeJSON(os.Stdout, map[string]any{"backup": m.Dir, "entries": m.Entries, "sha256": m.Chain, "bytes": m.Bytes(), "new_bytes": m.New, "wrapping_key": m.WrappingKey, "vault_dump": m.VaultDump})
	}
	fmt.Printf(p.say("已备份：%s\n  %d 个日志条目，累计 SHA-256 %s\n  %s，其中新增 %s\n封装密钥不在备份中：%s\n请把它另存别处，勿与备份放在一起；没有它，个人信息无法再打开。\n",
		"backed up: %s\n  %d log entries, running SHA-256 %s\n  %s, of which %s are new\nThe wrapping key is not in it: %s\nKeep a copy of it at another place, and not with the backups: without it nothing private opens again.\n"),
		m.Dir, m.Entries, m.Chain, inMegabytes(m.Bytes()), inMegabytes(m.New), m.WrappingKey)
	if m.VaultDump != "" {
		fmt.Printf(p.say("保险库在 PostgreSQL，不在此备份中，请现在另行备份：\n  %s\n", "The vault is in PostgreSQL and not in this backup. Back it up now:\n  %s\n"), m.VaultDump)
	}
	return nil
}

func inMegabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
