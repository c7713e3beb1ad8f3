package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"reliefledger.org/ledger/domain"
)

// What is private in the ledger of TestNobodySeesMore, each marked so that it is
// found wherever it gets out, and who may see it.
var marked = []struct {
	text string
	by   []string // public, finance, auditor, privacy
}{
	{"张标记", []string{"public", "finance", "auditor", "privacy"}}, // the public on a notice with full names
	{"11010519491231002X", []string{"auditor", "privacy"}},
	{"138MARKPHONE", []string{"finance", "auditor", "privacy"}},
	{"MARKADDRESS", []string{"finance", "auditor", "privacy"}},
	{"6222021234567894", []string{"privacy"}},
	{"MARKILLNESS", []string{"auditor", "privacy"}},
	{"MARKELIGIBLE", []string{"auditor", "privacy"}},
	{"MARKFINDING", []string{"auditor", "privacy"}},
	{"MARKPAPERS", []string{"finance", "auditor", "privacy"}},
	{"李异议", []string{"finance", "auditor", "privacy"}}, // as a party; the objection is checked apart
	{"MARKOBJECTION", []string{"finance", "auditor", "privacy"}},
	{"MARKANSWER", []string{"finance", "auditor", "privacy"}},
	{"MARKMINUTES", []string{"finance", "auditor", "privacy"}},
	{"MARKVISIT", []string{"auditor", "privacy"}},
	{"MARKRETURN", []string{"finance", "auditor", "privacy"}},
	{"MARKIRREGULAR", []string{"finance", "auditor", "privacy"}},
	{"MARKEVIDENCE", []string{"finance", "auditor", "privacy"}},
	{"MARKKIN", []string{"auditor", "privacy"}},
	{"王经办", []string{"finance", "auditor", "privacy"}},
	{"未成年人丁", []string{"finance", "auditor", "privacy"}}, // a child: on no notice, and on no paper
}

// Everything is run by everybody: of what each of them is told, nothing is in it
// that the table does not allow, and all that it does; and in no file of the
// ledger, of its backup or of what a process says while it works stands any of it.
func TestNobodySeesMore(t *testing.T) {
	if testing.Short() {
		t.Skip("some hundreds of processes take half a minute")
	}
	o := newOffice(t)
	keys := map[string]string{"public": ""}
	appoint := func(who, post string, roles ...string) {
		out := o.must("officer", "key", who+".key", "--json")
		var key struct{ Public string }
		if err := json.Unmarshal([]byte(out), &key); err != nil {
			t.Fatal(err)
		}
		text, _ := json.Marshal(map[string]any{"unit": "@open/unit", "post": post, "name": "王经办", "key": key.Public, "roles": roles})
		o.must("record", "appoint-officer", "--as", who, "--key", "a.key", "--date", "2026-01-02", "--content", string(text))
		keys[who] = who + ".key"
	}
	appoint("finance", "会计", "accountant", "drafter")
	appoint("payer", "出纳", "approver", "reviewer", "cashier")
	appoint("privacy", "隐私专员", "privacy-officer")
	appoint("auditor", "审计", "auditor")
	delete(keys, "payer")
	today := domain.DayOf(time.Now()).String()
	for i, step := range []struct{ key, lines string }{
		{"a.key", `{"as":"prog","do":"define-programme","date":"2026-01-02","content":{"unit":"@open/unit","name":"慰问","terms":{"purposes":["weiwen"],"forms":["cash"],"papers_within":5,"notice":[{"timing":"before","days":1,"mode":"calendar","places":[{"place":"village-board","disclosure":"full"},{"place":"web","disclosure":"masked"}]}]}}}`},
		{"finance.key", `{"as":"fund","do":"establish-fund","date":"2026-01-05","content":{"unit":"@open/unit","name":"资金","earmark":["weiwen"]}}
{"as":"camp","do":"open-campaign","date":"2026-01-05","content":{"unit":"@open/unit","name":"活动","period":{"first":"2026-01-01","last":"2026-02-01"}}}
{"as":"in","do":"receive-funds","date":"2026-01-06","content":{"fund":"@fund/fund","source":{"kind":"treasury","level":"county","name":"县财政"},"amount":"1300"}}
{"as":"alloc","do":"allocate","date":"2026-01-06","content":{"fund":"@fund/fund","unit":"@open/unit","programme":"@prog/programme","purpose":"weiwen","amount":"1300"}}
{"as":"he","do":"register-party","date":"2026-01-06","content":{"unit":"@open/unit","type":"person","name":"张标记","number":"11010519491231002X","phone":"138MARKPHONE","address":"MARKADDRESS","account":"6222021234567894","note":"MARKILLNESS"}}
{"as":"child","do":"register-party","date":"2026-01-06","content":{"unit":"@open/unit","type":"person","name":"未成年人丁","number":"110105202001010015"}}
{"as":"objector","do":"register-party","date":"2026-01-06","content":{"unit":"@open/unit","type":"person","name":"李异议"}}
{"as":"papers","do":"complete-papers","date":"2026-01-06","content":{"party":"@he/party","papers":["MARKPAPERS"]}}
{"as":"visit","do":"record-visit","date":"2026-01-06","campaign":"@camp/campaign","content":{"team":"局","kind":"home","of":"household","visits":1,"parties":["@he/party"],"note":"MARKVISIT"}}
{"as":"list","do":"draft-notice","date":"2026-01-07","content":{"allocation":"@alloc/allocation","heading":{"title":"名单","issuer":"局","phone":"0372-0","how_to":"书面"}}}
{"as":"rows","do":"add-lines","date":"2026-01-07","content":{"notice":"@list/notice","rows":[{"beneficiary":"@he/party","give":[{"form":"cash","amount":"300"}]},{"beneficiary":"@child/party","give":[{"form":"cash","amount":"300"}]}]}}`},
		{"payer.key", `{"as":"elig","do":"decide-eligibility","date":"2026-01-06","content":{"party":"@he/party","programme":"@prog/programme","eligible":true,"reason":"MARKELIGIBLE"}}
{"as":"match","do":"match-register","date":"2026-01-06","content":{"party":"@he/party","register":"车管所","finding":"MARKFINDING"}}
{"as":"kin","do":"file-kinship","date":"2026-01-06","content":{"officer":"@payer/officer","party":"@objector/party","relation":"MARKKIN"}}
{"as":"rev","do":"review-notice","date":"2026-01-07","content":{"notice":"@list/notice","meeting":"局务会","minutes":"MARKMINUTES"}}
{"as":"pub","do":"publish-notice","date":"2026-01-08","content":{"notice":"@list/notice","timing":"before","places":[{"place":"village-board","on":"2026-01-08","disclosure":"full"},{"place":"web","on":"2026-01-08","disclosure":"masked"}]}}
{"as":"obj","do":"raise-objection","date":"2026-01-08","content":{"notice":"@list/notice","objector":"@objector/party","lines":[1],"text":"MARKOBJECTION"}}
{"as":"ans","do":"resolve-objection","date":"2026-01-09","content":{"notice":"@list/notice","objection":1,"outcome":"dismissed","answer":"MARKANSWER"}}
{"as":"conf","do":"confirm-notice","date":"2026-01-12","content":{"notice":"@list/notice"}}`},
		{"finance.key", `{"as":"prep","do":"prepare-batch","date":"2026-01-12","content":{"allocation":"@alloc/allocation","form":"cash","rows":[{"line":1},{"line":2}]}}`},
		{"payer.key", `{"as":"ok","do":"approve-batch","date":"2026-01-12","content":{"allocation":"@alloc/allocation","batch":1}}
{"as":"pay","do":"pay-batch","date":"2026-01-13","content":{"allocation":"@alloc/allocation","batch":1}}`},
		{"finance.key", `{"as":"back","do":"return-disbursement","date":"2026-01-14","content":{"allocation":"@alloc/allocation","payment":{"command":"@pay","row":1},"amount":"60","kind":"payee","reason":"MARKRETURN"}}
{"as":"late","do":"complete-papers","date":"2026-02-14","irregular":[{"code":"papers-late","reason":"MARKIRREGULAR","evidence":["MARKEVIDENCE"]}],"second":"@payer/officer","content":{"party":"@he/party","papers":["MARKPAPERS"]}}`},
		// A list that hangs today, which anybody may see.
		{"finance.key", strings.ReplaceAll(`{"as":"list2","do":"draft-notice","date":"TODAY","content":{"allocation":"@alloc/allocation","heading":{"title":"今日名单","issuer":"局","phone":"0372-0","how_to":"书面"}}}
{"as":"rows2","do":"add-lines","date":"TODAY","content":{"notice":"@list2/notice","rows":[{"beneficiary":"@he/party","give":[{"form":"cash","amount":"100"}]},{"beneficiary":"@child/party","give":[{"form":"cash","amount":"100"}]}]}}`, "TODAY", today)},
		{"payer.key", strings.ReplaceAll(`{"as":"rev2","do":"review-notice","date":"TODAY","content":{"notice":"@list2/notice","meeting":"局务会"}}
{"as":"pub2","do":"publish-notice","date":"TODAY","content":{"notice":"@list2/notice","timing":"before","places":[{"place":"village-board","on":"TODAY","disclosure":"full"},{"place":"web","on":"TODAY","disclosure":"masked"}]}}`, "TODAY", today)},
	} {
		name := fmt.Sprintf("%d.jsonl", i)
		if err := os.WriteFile(filepath.Join(o.dir, name), []byte(step.lines), 0o600); err != nil {
			t.Fatal(err)
		}
		o.must("record", "--file", name, "--key", step.key, "--key", "payer.key")
	}
	var facts struct {
		notice, payment, batch, allocation string
		events                             int
	}
	facts.events = strings.Count(o.must("show", "events", "--json"), "\n")
	var notices []struct{ ID string }
	var payments []struct {
		Number     int
		Allocation string
		Prepared   struct{ Number int }
	}
	decode(t, o.must("show", "notices", "--json"), &notices)
	decode(t, o.must("show", "fund-use", "--json"), &payments)
	hangs := notices[1].ID
	facts.notice, facts.payment, facts.batch, facts.allocation = notices[0].ID, fmt.Sprint(payments[0].Number), fmt.Sprint(payments[0].Prepared.Number), payments[0].Allocation
	parties := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(o.must("show", "events", "--json")), "\n") {
		var e struct {
			Type string
			Open struct{ Party string }
		}
		decode(t, line, &e)
		if e.Type == "PartyRegistered" {
			parties[fmt.Sprint(len(parties))] = e.Open.Party
		}
	}
	objector := parties["2"]

	commands := [][]string{
		{"show", "balances"}, {"show", "notices"}, {"show", "notices", "--json"}, {"show", "fund-use"}, {"show", "fund-use", "--json"}, {"show", "irregular"}, {"show", "irregular", "--json"},
		{"show", "payment", facts.payment}, {"show", "payment", facts.payment, "--json"}, {"show", "events", "--json"}, {"show", "stream", "allocation-" + facts.allocation, "--json"},
		{"show", "notice", facts.notice, "--on", "2026-01-09", "--place", "village-board", "--names"}, {"show", "notice", facts.notice, "--on", "2026-01-09", "--place", "web", "--names", "--json"},
		{"show", "notice", facts.notice, "--on", "2026-02-09", "--names"}, {"show", "notice", hangs, "--place", "village-board", "--names"}, {"show", "notice", hangs, "--place", "web", "--names"},
		{"print", "notice", hangs, "--place", "village-board", "--names", "--out", "OUT"},
		{"show", "journal"}, {"erase", "--list"}, {"rebuild"}, {"audit", "replay"}, {"audit", "store"},
		{"print", "sheet", facts.batch, "--names", "--out", "OUT"}, {"print", "receipt", facts.payment, "--names", "--out", "OUT"}, {"print", "voucher", facts.payment, "--names", "--out", "OUT"},
		{"print", "voucher", facts.batch, "--names", "--out", "OUT"}, {"print", "notice", facts.notice, "--place", "village-board", "--on", "2026-01-09", "--names", "--out", "OUT"},
	}
	for _, id := range parties {
		commands = append(commands, []string{"show", "party", id, "--why", "抽查"}, []string{"show", "party", id, "--why", "抽查", "--json"})
	}
	for n := range facts.events {
		commands = append(commands, []string{"show", "event", fmt.Sprint(n), "--why", "抽查"})
	}
	for who, key := range keys {
		var told strings.Builder
		for i, args := range commands {
			args = slices.Clone(args)
			out := ""
			if at := slices.Index(args, "OUT"); at >= 0 {
				out = fmt.Sprintf("%s-%d.pdf", who, i)
				args[at] = out
			}
			if key != "" {
				args = append(args, "--key", key)
			}
			text, _ := o.command(args...).CombinedOutput() // what is refused is told too
			told.Write(text)
			if strings.Contains(string(text), "panic") {
				t.Fatalf("%v: %s", args, text)
			}
			if out != "" {
				if _, err := os.Stat(filepath.Join(o.dir, out)); err == nil {
					text := o.text(out)
					if strings.Contains(text, "未成年人丁") {
						t.Errorf("%v names a child", args)
					}
					told.WriteString(text)
				}
			}
			if args[0] == "show" && args[1] == "notice" && strings.Contains(string(text), "未成年人丁") {
				t.Errorf("%v names a child", args)
			}
			if slices.Contains([]string{"public", "finance"}, who) && slices.Contains(args, "event") && strings.Contains(string(text), "ObjectionRaised") && strings.Contains(string(text), objector) {
				t.Errorf("%s is told who objected", who)
			}
		}
		for _, m := range marked {
			switch has := strings.Contains(told.String(), m.text); {
			case has && !slices.Contains(m.by, who):
				t.Errorf("%s is told %s", who, m.text)
			case !has && slices.Contains(m.by, who):
				t.Errorf("%s is not told %s", who, m.text)
			}
		}
	}
	o.must("backup", "backups")
	for _, dir := range []string{"ledger", "backups", "config"} {
		err := filepath.WalkDir(filepath.Join(o.dir, dir), func(path string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range marked {
				if strings.Contains(string(text), m.text) {
					t.Errorf("%s has %s in clear", path, m.text)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func decode(t *testing.T, text string, to any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), to); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

// must runs the program and returns what it writes.
func (o *officeEnv) must(args ...string) string {
	o.t.Helper()
	cmd := o.command(args...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		o.t.Fatalf("%v: %v\n%s%s", args, err, out, said.String())
	}
	return string(out)
}

// text reads a paper.
func (o *officeEnv) text(pdf string) string {
	o.t.Helper()
	cmd := o.program("pdftotext", "-raw", "-enc", "UTF-8", pdf, "-")
	out, err := cmd.Output()
	if err != nil {
		o.t.Fatal("pdftotext is needed: apt-get install poppler-utils: ", err)
	}
	return string(out)
}
