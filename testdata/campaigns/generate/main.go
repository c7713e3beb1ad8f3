// Command generate writes the nine campaigns again: run it in testdata/campaigns
// (make campaigns). Everything is made up deterministically, so that a second
// run writes the same bytes.
package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

type m = map[string]any

// campaign writes one folder.
type campaign struct {
	n     int
	lines []string
	last  time.Time
	day   string
	unit  string // reference of its unit
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// name scopes the name of a command to the campaign: "r2.fund".
func (c *campaign) name(s string) string { return fmt.Sprintf("r%d.%s", c.n, s) }

// ref refers to a thing that a command of this campaign made.
func (c *campaign) ref(command, thing string) string { return "@" + c.name(command) + "/" + thing }

func (c *campaign) officer(role string) string { return c.ref(role, "officer") }

// on begins a day; commands follow a minute apart from nine o'clock.
func (c *campaign) on(day string) *campaign {
	t, err := time.ParseInLocation(time.DateOnly, day, shanghai)
	check(err)
	t = t.Add(9 * time.Hour)
	if t.Before(c.last) && c.day != day {
		log.Fatalf("campaign %d goes back to %s", c.n, day)
	}
	if c.day != day {
		c.last, c.day = t, day
	}
	return c
}

func (c *campaign) do(by, as, command string, content m, more ...m) {
	line := m{"as": c.name(as), "do": command, "by": by, "at": c.last.Format(time.RFC3339), "date": c.day, "content": content}
	if command != "register-unit" && command != "appoint-officer" && command != "open-campaign" {
		line["campaign"] = c.ref("campaign", "campaign")
	}
	for _, extra := range more {
		for k, v := range extra {
			line[k] = v
		}
	}
	c.last = c.last.Add(time.Minute)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	check(enc.Encode(line))
	c.lines = append(c.lines, b.String())
}

func begin(n int, day, name, unit, kind, division, first, last string) *campaign {
	c := &campaign{n: n}
	c.on(day)
	registrar := "@open/officer/1"
	c.do(registrar, "unit", "register-unit", m{"parent": "@open/unit", "name": unit, "kind": kind, "division": division})
	c.unit = c.ref("unit", "unit")
	for _, r := range [][2]string{{"drafter", "拟稿人"}, {"reviewer", "审核人"}, {"accountant", "会计"}, {"approver", "复核人"}, {"cashier", "出纳"}, {"storekeeper", "保管员"}} {
		c.do(registrar, r[0], "appoint-officer", m{"unit": c.unit, "post": unit + r[1], "name": person(n*1000 + len(c.lines)), "roles": []string{r[0]}})
	}
	c.do(c.officer("drafter"), "campaign", "open-campaign", m{"unit": c.unit, "name": fmt.Sprintf("报告%d：%s", n, name), "period": m{"first": first, "last": last}})
	return c
}

func (c *campaign) write() {
	dir := strconv.Itoa(c.n)
	check(os.MkdirAll(dir, 0o755))
	check(os.WriteFile(filepath.Join(dir, "commands.jsonl"), []byte(strings.Join(c.lines, "")), 0o644))
}

// fact records what a source states, or what is assumed about it.
func (c *campaign) fact(measure, relation, value, basis, quote string, more ...m) {
	f := m{"measure": measure, "relation": relation, "value": value, "basis": basis, "quote": quote}
	for _, extra := range more {
		for k, v := range extra {
			f[k] = v
		}
	}
	c.do(c.officer("drafter"), "fact "+basis+" "+measure, "record-fact", f)
}

func (c *campaign) assume(measure, relation, value, assumed, quote string) {
	c.fact(measure, relation, value, "assumed", quote, m{"assumed": assumed})
}

func (c *campaign) added(what string) { c.fact(what, "?", "", "added", "") }

func (c *campaign) year(y string) { c.assume("年份", "?", "20xx", y, "20xx年") }

func (c *campaign) document(as, name, kind string) {
	c.do(c.officer("drafter"), as, "issue-document", m{"document": m{"name": name, "issued": c.day}, "kind": kind})
}

func (c *campaign) visit(as, team, kind, of string, visits, heard int, more ...m) {
	c.do(c.officer("drafter"), as, "record-visit", m{"team": team, "kind": kind, "of": of, "visits": visits, "heard": heard}, more...)
}

func (c *campaign) activity(as, kind, name, place string, people m, times int) {
	content := m{"kind": kind, "name": name, "place": place, "times": times}
	if people != nil {
		content["people"] = people
	}
	c.do(c.officer("drafter"), as, "record-activity", content)
}

func (c *campaign) programme(as, name string, terms m) {
	c.do("@open/officer/1", as, "define-programme", m{"unit": c.unit, "name": name, "terms": terms})
}

func before(days int, mode string, places ...m) []m {
	return []m{{"timing": "before", "days": days, "mode": mode, "places": places}}
}

func place(name, disclosure string) m { return m{"place": name, "disclosure": disclosure} }

func (c *campaign) fund(as, name, earmark string) {
	c.do(c.officer("accountant"), as, "establish-fund", m{"unit": c.unit, "name": name, "earmark": []string{earmark}})
}

func (c *campaign) receive(as, fund, kind, level, source, number, amount string, more ...m) {
	content := m{"fund": c.ref(fund, "fund"), "source": m{"kind": kind, "level": level, "name": source}, "number": number, "amount": amount}
	for _, extra := range more {
		for k, v := range extra {
			content[k] = v
		}
	}
	c.do(c.officer("accountant"), as, "receive-funds", content)
}

// allocate opens an allocation from a fund ("fund:x") or an allocation ("allocation:x").
func (c *campaign) allocate(as, from, unit, programme, purpose, amount string, quota int) {
	kind, name, _ := strings.Cut(from, ":")
	content := m{kind: c.ref(name, kind), "unit": unit, "programme": c.ref(programme, "programme"), "purpose": purpose}
	if amount != "" {
		content["amount"] = amount
	}
	if quota > 0 {
		content["quota"] = quota
	}
	c.do(c.officer("accountant"), as, "allocate", content)
}

func (c *campaign) alloc(as string) string { return c.ref(as, "allocation") }

func (c *campaign) draft(as, allocation, title, issuer string, more ...m) {
	content := m{"allocation": c.alloc(allocation), "heading": m{"title": title, "issuer": issuer, "phone": "0372-0000000", "how_to": "公示期内向发布单位书面或电话提出"}}
	for _, extra := range more {
		for k, v := range extra {
			content[k] = v
		}
	}
	c.do(c.officer("drafter"), as, "draft-notice", content)
}

// roster writes a CSV and the command that imports it.
func (c *campaign) roster(as, notice, file string, head []string, rows [][]string, more ...m) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	check(w.Write(head))
	check(w.WriteAll(rows))
	dir := strconv.Itoa(c.n)
	check(os.MkdirAll(dir, 0o755))
	check(os.WriteFile(filepath.Join(dir, file), b.Bytes(), 0o644))
	c.do(c.officer("drafter"), as, "import-lines", m{"notice": c.ref(notice, "notice"), "file": file}, more...)
}

func (c *campaign) review(notice, meeting string) {
	c.do(c.officer("reviewer"), notice+" reviewed", "review-notice", m{"notice": c.ref(notice, "notice"), "meeting": meeting})
}

func (c *campaign) publish(notice, timing string, places ...m) {
	for _, p := range places {
		p["on"] = c.day
	}
	c.do(c.officer("drafter"), notice+" published "+timing, "publish-notice", m{"notice": c.ref(notice, "notice"), "timing": timing, "places": places})
}

func (c *campaign) confirm(notice string, urgency ...string) {
	content := m{"notice": c.ref(notice, "notice")}
	if len(urgency) > 0 {
		content["urgency"] = urgency[0]
	}
	c.do(c.officer("reviewer"), notice+" confirmed", "confirm-notice", content)
}

func lines(from, to int) []m {
	var rows []m
	for i := from; i <= to; i++ {
		rows = append(rows, m{"line": i})
	}
	return rows
}

func (c *campaign) prepare(as, allocation, form string, rows []m) {
	c.do(c.officer("accountant"), as, "prepare-batch", m{"allocation": c.alloc(allocation), "form": form, "rows": rows})
}

func (c *campaign) approve(allocation string, batch int) {
	c.do(c.officer("approver"), fmt.Sprint(allocation, " approved ", batch), "approve-batch", m{"allocation": c.alloc(allocation), "batch": batch})
}

// pay hands a batch out and records the sheet on which the payees signed.
func (c *campaign) pay(as, allocation string, batch int, form, sheet string, more ...m) {
	by := c.officer("cashier")
	if form == "goods" {
		by = c.officer("storekeeper")
	}
	content := m{"allocation": c.alloc(allocation), "batch": batch}
	for _, extra := range more {
		for k, v := range extra {
			content[k] = v
		}
	}
	c.do(by, as, "pay-batch", content)
	c.do(by, as+" receipt", "record-receipt", m{"allocation": c.alloc(allocation), "kind": sheet, "held_by": "本单位档案室", "batch": batch})
}

// bank sends a batch to the bank and takes its result.
func (c *campaign) bank(as, allocation string, batch, count int, amount string, rejected []m) {
	by := c.officer("cashier")
	c.do(by, as+" sent", "send-batch-to-bank", m{"allocation": c.alloc(allocation), "batch": batch, "bank": "县农村商业银行（演示）"})
	content := m{"allocation": c.alloc(allocation), "batch": batch, "count": count, "amount": amount}
	if rejected != nil {
		content["rejected"] = rejected
	}
	c.do(by, as, "take-bank-result", content)
	c.do(by, as+" receipt", "record-receipt", m{"allocation": c.alloc(allocation), "kind": "银行回单", "held_by": "本单位财务室", "batch": batch})
}

// people makes up names, id numbers and accounts.
var surnames = []rune("赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜")
var given = []rune("文明秀英桂兰玉珍建国志强丽娟海燕春梅德福永贵家和平安宁")

func person(n int) string {
	s := string(surnames[n%len(surnames)]) + string(given[n/7%len(given)])
	if n%5 > 0 {
		s += string(given[(n*3+n/11)%len(given)])
	}
	return s
}

// number is an id number whose division code (99....) was never assigned.
func number(report, n int) string {
	s := fmt.Sprintf("99%02d%02d%04d%02d%02d%03d", report, n/900%90+1, 1940+n%50, n%12+1, n%28+1, n%900)
	weights := []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += int(s[i]-'0') * w
	}
	return s + string("10X98765432"[sum%11])
}

// account has a bank number (999999) that was never issued.
func account(report, n int) string {
	s := fmt.Sprintf("999999%02d%09d", report, n)
	sum := 0
	for i := 0; i < len(s); i++ {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return s + strconv.Itoa((10-sum%10)%10)
}

// figures copies the source's figures with the query that rebuilds each.
func figures(source string) {
	f, err := os.Open(source)
	check(err)
	defer f.Close()
	var out bytes.Buffer
	scan := bufio.NewScanner(f)
	for scan.Scan() {
		var row struct {
			Report int    `json:"report"`
			ID     string `json:"id"`
		}
		check(json.Unmarshal(scan.Bytes(), &row))
		q, ok := queries[fmt.Sprintf("%d %s", row.Report, row.ID)]
		if !ok {
			log.Fatalf("no query for %d %s", row.Report, row.ID)
		}
		line := bytes.TrimSuffix(bytes.TrimSpace(scan.Bytes()), []byte("}"))
		out.Write(line)
		fmt.Fprintf(&out, `, "campaign": "报告%d：", "query": %s}`+"\n", row.Report, q)
	}
	check(scan.Err())
	check(os.WriteFile("figures.jsonl", out.Bytes(), 0o644))
}

func main() {
	for _, c := range []func() *campaign{one, two, three, four, five, six, seven, eight, nine} {
		c().write()
	}
	if len(os.Args) == 2 {
		figures(os.Args[1])
	}
}
