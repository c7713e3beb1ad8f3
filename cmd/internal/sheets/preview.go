package sheets

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"reliefledger.org/ledger/domain"
)

// How much of a kind a preview shows; the rest is counted.
const (
	shownProblems = 30
	shownCleaned  = 3
)

// alike puts warnings that say the same of many rows into one, at the first.
func alike(warnings []Problem) []Problem {
	count, first := map[string]int{}, map[string]int{}
	var list []Problem
	for _, p := range warnings {
		if count[p.Zh]++; count[p.Zh] == 1 {
			first[p.Zh] = len(list)
		}
		if count[p.Zh] <= shownCleaned {
			list = append(list, p)
		}
	}
	for text, n := range count {
		if n > shownCleaned {
			p := &list[first[text]]
			p.Zh, p.En = fmt.Sprintf("%s（共 %d 处）", p.Zh, n), fmt.Sprintf("%s (%d in all)", p.En, n)
		}
	}
	return list
}

// Preview writes what a person should see before a roster is taken: how each
// column was understood, which rows are nobody, what was cleaned, what is odd
// and what is wrong.
func (r *Roster) Preview(w io.Writer, l domain.Lang) error {
	var b strings.Builder
	say := func(zh, en string, args ...any) {
		if l == domain.En {
			zh = en
		}
		fmt.Fprintf(&b, zh, args...)
	}
	kind := r.Format
	if r.Encoding != "" {
		kind += " " + r.Encoding
	}
	say("名册 %s（%s）\n", "roster %s (%s)\n", r.File, kind)
	if r.Sheet != "" {
		say("工作表：%s\n", "sheet: %s\n", r.Sheet)
	}
	if len(r.Title) > 0 {
		say("标题：%s\n", "title: %s\n", strings.Join(r.Title, " | "))
	}
	if r.HeadFrom > 0 {
		say("表头：第 %d–%d 行\n", "headings: rows %d–%d\n", r.HeadFrom, r.HeadTo)
	}
	for _, c := range r.Columns {
		means := string(c.Means)
		if c.Means == Unused && l == domain.En {
			means = "left out"
		} else if c.Means == Unused {
			means = "不导入"
		}
		if c.Asked {
			means += " *"
		}
		fmt.Fprintf(&b, "  %s “%s” → %s\n", c.Letters, c.Heading, means)
	}
	say("数据：%d 行，金额 %s", "data: %d rows, %s yuan", r.People, r.Sum.Fen())
	if r.Totals > 0 {
		say("；%d 处小计、合计相符", "; %d subtotals and totals agree", r.Totals)
	}
	if r.TotalsWrong > 0 {
		say("；%d 处小计、合计不符", "; %d subtotals and totals are wrong", r.TotalsWrong)
	}
	if r.TotalsUnchecked > 0 {
		say("；%d 处小计、合计未能核对", "; %d subtotals and totals could not be checked", r.TotalsUnchecked)
	}
	b.WriteString("\n")
	for _, f := range slices.Sorted(maps.Keys(r.Forms)) {
		say("形式：%s，%d 行\n", "form: %s, %d rows\n", f.Say(l), r.Forms[f])
	}
	if len(r.Left) > 0 {
		say("不是数据的行：\n", "rows that are not data:\n")
		for i, x := range r.Left {
			if i == shownProblems {
				fmt.Fprintf(&b, "  … %d\n", len(r.Left)-i)
				break
			}
			fmt.Fprintf(&b, "  %d %s：%s\n", x.Row, x.Kind, x.Text)
		}
	}
	if len(r.Cleaned) > 0 {
		say("清理 %d 处：\n", "cleaned in %d places:\n", len(r.Cleaned)+r.More.Cleaned)
		var order []string
		kinds := map[string][]Cleaned{}
		for _, c := range r.Cleaned {
			if kinds[c.Zh] == nil {
				order = append(order, c.Zh)
			}
			kinds[c.Zh] = append(kinds[c.Zh], c)
		}
		for _, k := range order {
			of := kinds[k]
			say("  %[1]s × %[3]d：", "  %[2]s × %[3]d: ", of[0].Zh, of[0].En, len(of))
			for i, c := range of[:min(len(of), shownCleaned)] {
				if i > 0 {
					b.WriteString("，")
				}
				fmt.Fprintf(&b, "%s “%s” → “%s”", c.Cell, c.Before, c.After)
			}
			if len(of) > shownCleaned {
				b.WriteString(" …")
			}
			b.WriteString("\n")
		}
	}
	list := func(problems []Problem, more int) {
		for i, p := range problems {
			if i == shownProblems {
				fmt.Fprintf(&b, "  … %d\n", len(problems)-i+more)
				break
			}
			where := p.Where(l)
			if where != "" && l == domain.En {
				where += ": "
			} else if where != "" {
				where += "："
			}
			fmt.Fprintf(&b, "  %s%s\n", where, p.Say(l))
		}
	}
	if len(r.Warnings) > 0 {
		say("提醒 %d 处：\n", "warnings: %d\n", len(r.Warnings)+r.More.Warnings)
		list(alike(r.Warnings), r.More.Warnings)
	}
	if len(r.Errors) > 0 {
		say("错误 %d 处：整份不导入\n", "errors: %d; nothing is imported\n", len(r.Errors)+r.More.Errors)
		list(r.Errors, r.More.Errors)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
