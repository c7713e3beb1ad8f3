package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// wayPeople is how many workers report 2 tells of: 为2731名特困职工 600 元.
const wayPeople = 2_731

// wayPerson is somebody of the roster, as the papers have it and not as it is written there.
type wayPerson struct{ name, number, account, village string }

func wayPeopleList() []wayPerson {
	surnames, given := []rune("赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张"), []rune("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉")
	var list []wayPerson
	for i := range wayPeople {
		p := wayPerson{name: string([]rune{surnames[i%len(surnames)], given[i/len(surnames)%len(given)]}), village: fmt.Sprintf("第%d村", i/100+1)}
		if i%7 == 0 {
			p.name += string(given[i%len(given)])
		}
		p.number = residentNumber(fmt.Sprintf("9905271%03d%02d%02d%03d", 945+i/500, 1+i%12, 1+i%28, i%500*2+1))
		p.account = luhn(fmt.Sprintf("62220210%010d", i))
		list = append(list, p)
	}
	list[3].name = "买买提·吐尔逊"
	list[5].name = "王𬭛"
	return list
}

// residentNumber adds the check character.
func residentNumber(n string) string {
	sum := 0
	for k, w := range [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(n[k]-'0') * w
	}
	return n + string("10X98765432"[sum%11])
}

// luhn adds the check digit of a card.
func luhn(n string) string {
	sum := 0
	for i := range len(n) {
		d := int(n[len(n)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return n + fmt.Sprint((10-sum%10)%10)
}

// wayRoster writes the people as an office would send them: on the second sheet,
// a title and a date above, headings in two rows with merged groups, villages
// merged downwards, subtotals, a total, signatures, and cells that must be
// cleaned.
func wayRoster(t *testing.T, path string, people []wayPerson) {
	f := excelize.NewFile()
	defer f.Close()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(f.SetCellValue("Sheet1", "A1", "填表说明：请勿改动格式"))
	const sheet = "发放表"
	_, err := f.NewSheet(sheet)
	must(err)
	set := func(row int, cells ...any) {
		must(f.SetSheetRow(sheet, fmt.Sprintf("A%d", row), &cells))
	}
	set(1, "内黄县2019年元旦春节送温暖救助名册")
	must(f.MergeCell(sheet, "A1", "G1"))
	set(2, "填报单位：内黄县总工会", "", "", "", "2019年1月7日", "", "单位：元")
	set(3, "序号", "村(居)", "户主信息", "", "发放情况", "", "备注")
	must(f.MergeCell(sheet, "C3", "D3"))
	must(f.MergeCell(sheet, "E3", "F3"))
	set(4, "", "", "姓名", "身份证号码", "金额（元）", "一卡通账号", "")
	row, first, sub := 5, 5, 0
	closeVillage := func() {
		if row > first {
			must(f.MergeCell(sheet, fmt.Sprintf("B%d", first), fmt.Sprintf("B%d", row-1)))
			set(row, "小计", "", "", "", sub*600)
			row, sub = row+1, 0
		}
		first = row
	}
	for i, p := range people {
		if i > 0 && p.village != people[i-1].village {
			closeVillage()
		}
		name, number, account, village := p.name, p.number, p.account, p.village
		if i > 0 && people[i-1].village == p.village {
			village = "" // merged downwards
		}
		amount := any(600)
		switch i % 11 {
		case 1:
			if r := []rune(name); len(r) == 2 {
				name = string(r[0]) + "　 " + string(r[1])
			}
		case 2:
			amount = "600元"
		case 3:
			amount = "６００.００"
		case 4:
			amount = "0.06万元"
		case 5:
			number = number[:6] + " " + number[6:14] + "\n" + number[14:]
		case 6:
			number = strings.ToLower(number)
		case 7:
			account = account[:4] + " " + account[4:8] + " " + account[8:]
		case 8:
			amount = "陆佰元整"
		}
		set(row, i+1, village, name, number, amount, account)
		row, sub = row+1, sub+1
	}
	closeVillage()
	set(row, "合计", "", "", "", len(people)*600)
	set(row+1, "制表人：赵会计", "", "审核人：钱复核", "", "联系电话：0372-7711110")
	must(f.SaveAs(path))
}

// The whole way with files only: a messy .xlsx of 2,731 rows in, published,
// confirmed, out to the bank, its result with 17 rejects in, their accounts
// mended, paid again, the sheet printed, receipts in, one person erased once
// retention is over, and every report right to the fen.
func TestWholeWay(t *testing.T) {
	if testing.Short() {
		t.Skip("a year of an office takes half a minute")
	}
	o := newOffice(t)
	people := wayPeopleList()
	wayRoster(t, filepath.Join(o.dir, "名册.xlsx"), people)
	appoint := func(who, post string, roles ...string) {
		var key struct{ Public string }
		decode(t, o.must("officer", "key", who+".key", "--json"), &key)
		o.must("record", "appoint-officer", "--as", who, "--key", "a.key", "--date", "2019-01-02", "--content",
			fmt.Sprintf(`{"unit":"@open/unit","post":%q,"key":%q,"roles":["%s"]}`, post, key.Public, strings.Join(roles, `","`)))
	}
	appoint("c", "会计", "accountant", "drafter")
	appoint("d", "复核", "approver", "reviewer", "cashier")
	appoint("e", "隐私专员", "privacy-officer")
	record := func(key, lines string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(o.dir, "lines.jsonl"), []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
		o.must("record", "--file", "lines.jsonl", "--key", key)
	}
	record("a.key", `{"as":"prog","do":"define-programme","date":"2019-01-02","content":{"unit":"@open/unit","name":"送温暖","terms":{"purposes":["wen"],"forms":["bank"],"retention_years":5,"standards":[{"least":"600","most":"600"}],"notice":[{"timing":"before","days":5,"mode":"working","places":[{"place":"village-board","disclosure":"full"},{"place":"web","disclosure":"masked"}]}]}}}`)
	record("c.key", `{"as":"fund","do":"establish-fund","date":"2019-01-03","content":{"unit":"@open/unit","name":"送温暖资金","earmark":["wen"]}}
{"as":"in","do":"receive-funds","date":"2019-01-04","content":{"fund":"@fund/fund","source":{"kind":"union","level":"province","name":"省总工会"},"number":"豫工〔2019〕1号","amount":"170万元"}}
{"as":"alloc","do":"allocate","date":"2019-01-04","content":{"fund":"@fund/fund","unit":"@open/unit","programme":"@prog/programme","purpose":"wen","amount":"1,700,000.00"}}
{"as":"list","do":"draft-notice","date":"2019-01-07","content":{"allocation":"@alloc/allocation","heading":{"title":"特困职工名单","issuer":"内黄县总工会","phone":"0372-7711110","how_to":"书面或电话"}}}`)
	if said := o.must("import", "lines", "名册.xlsx", "--form", "bank", "--notice", "@list/notice", "--key", "c.key", "--date", "2019-01-07", "--dry-run"); !strings.Contains(said, "2731") && !strings.Contains(said, "2,731") {
		t.Errorf("the preview: %s", said)
	}
	o.must("import", "lines", "名册.xlsx", "--form", "bank", "--notice", "@list/notice", "--key", "c.key", "--date", "2019-01-07")
	record("d.key", `{"as":"rev","do":"review-notice","date":"2019-01-08","content":{"notice":"@list/notice","meeting":"党组会"}}
{"as":"pub","do":"publish-notice","date":"2019-01-08","content":{"notice":"@list/notice","timing":"before","places":[{"place":"village-board","on":"2019-01-08","disclosure":"full"},{"place":"web","on":"2019-01-08","disclosure":"masked"}]}}
{"as":"conf","do":"confirm-notice","date":"2019-01-16","content":{"notice":"@list/notice"}}`)
	said := o.must("batch", "prepare", "@alloc/allocation", "--form", "bank", "--date", "2019-01-17", "--key", "c.key", "--as", "prep")
	if !strings.Contains(said, "prepare-batch") {
		t.Error(said)
	}
	record("d.key", `{"as":"ok","do":"approve-batch","date":"2019-01-17","content":{"allocation":"@alloc/allocation","batch":1}}`)
	batch := o.numberOf("BatchPrepared")
	o.must("batch", "export", batch, "--bank", "fixed", "--out", "代发.txt", "--date", "2019-01-18", "--key", "d.key")
	// The bank rejects 17 of them: every 160th.
	rejected := map[int]bool{}
	o.bankAnswers("代发.txt", "回盘.txt", func(row int) string {
		if row%160 == 0 {
			rejected[row] = true
			return []string{"1001", "1002", "1003"}[row%3]
		}
		return "0000"
	})
	if len(rejected) != 17 {
		t.Fatalf("%d rejects", len(rejected))
	}
	if said := o.must("batch", "import-result", batch, "回盘.txt", "--bank", "fixed", "--date", "2019-01-21", "--key", "d.key"); !strings.Contains(said, "2714 paid with 1,628,400.00 yuan, 17 rejected") {
		t.Error(said)
	}
	// Their accounts are mended by a list of corrections, and they are paid again
	// in a batch of their own.
	var mend strings.Builder
	for row := range rejected {
		p := people[row-1]
		if err := os.WriteFile(filepath.Join(o.dir, "number.txt"), []byte(p.number), 0o600); err != nil {
			t.Fatal(err)
		}
		var found struct{ Party string }
		decode(t, o.must("show", "party", "--id-number", "number.txt", "--key", "c.key", "--why", "退票更正", "--json"), &found)
		fmt.Fprintf(&mend, `{"as":"mend %d","do":"correct-party","date":"2019-01-22","content":{"party":%q,"account":%q}}`+"\n", row, found.Party, luhn(fmt.Sprintf("62220219%010d", row)))
	}
	record("c.key", mend.String())
	if said := o.must("batch", "again", batch, "--date", "2019-01-23", "--key", "c.key", "--as", "again"); !strings.Contains(said, "to be paid again: 17 rows") {
		t.Error(said)
	}
	record("d.key", `{"as":"ok2","do":"approve-batch","date":"2019-01-23","content":{"allocation":"@alloc/allocation","batch":2}}`)
	second := o.numberOf("BatchPrepared")
	o.must("batch", "export", second, "--bank", "fixed", "--out", "代发2.txt", "--date", "2019-01-23", "--key", "d.key")
	o.bankAnswers("代发2.txt", "回盘2.txt", func(int) string { return "0000" })
	o.must("batch", "import-result", second, "回盘2.txt", "--bank", "fixed", "--date", "2019-01-24", "--key", "d.key")

	// The sheet is printed, and comes back signed and scanned: one document for
	// all payments of a batch.
	if said := o.must("print", "sheet", batch, "--names", "--out", "签领表.pdf", "--key", "d.key"); !strings.Contains(said, "pages") {
		t.Error(said)
	}
	sheet := o.text("签领表.pdf")
	for _, want := range []string{"1,628,400.00", "人民币壹佰陆拾贰万捌仟肆佰元整", people[0].name, "买买提·吐尔逊", "未发放"} {
		if !strings.Contains(sheet, want) {
			t.Errorf("the sheet lacks %s", want)
		}
	}
	if strings.Contains(sheet, people[0].number) || strings.Contains(sheet, people[0].account) {
		t.Error("a number or an account stands on the sheet")
	}
	for i, b := range []string{"签领表.pdf", "代发2.pdf"} {
		if i == 1 {
			o.must("print", "sheet", second, "--names", "--out", b, "--key", "d.key")
		}
		o.must("record", "receipt", "--as", b, "--file", b, "--key", "d.key", "--date", "2019-01-25", "--content", fmt.Sprintf(`{"allocation":"@alloc/allocation","kind":"签领表","batch":%d}`, i+1))
	}
	o.must("verify", "receipt", "签领表.pdf")
	o.must("audit", "documents")
	// What is left goes back, and the books of the campaign are right to the fen.
	record("c.key", `{"as":"unspent","do":"return-unspent","date":"2019-01-28","content":{"allocation":"@alloc/allocation"}}
{"as":"close","do":"close-allocation","date":"2019-01-28","content":{"allocation":"@alloc/allocation"}}`)
	books := func() {
		t.Helper()
		var balances []struct {
			Received  int64 `json:"received"`
			Allocated int64 `json:"allocated"`
			FromAbove int64 `json:"from_above"`
			Paid      int64 `json:"paid"`
			Up        int64 `json:"up"`
			Left      int64 `json:"left"`
		}
		decode(t, o.must("show", "balances", "--by", "ledger", "--json"), &balances)
		if b := balances[0]; b.Received != 170_000_000 || b.Paid != wayPeople*60_000 || b.Left != 170_000_000-wayPeople*60_000 {
			t.Errorf("%+v", b)
		}
		var uses []struct {
			Fen     int64    `json:"fen"`
			Net     int64    `json:"net_fen"`
			Missing []string `json:"missing"`
		}
		decode(t, o.must("show", "fund-use", "--json"), &uses)
		var sum int64
		for _, u := range uses {
			sum += u.Net
			if u.Fen != 60_000 || len(u.Missing) > 0 {
				t.Fatalf("%+v", u)
			}
		}
		if len(uses) != wayPeople || sum != wayPeople*60_000 {
			t.Errorf("%d payments, %d fen", len(uses), sum)
		}
		o.must("rebuild")
	}
	books()

	// A retention later one of them asks to be erased.
	gone := people[7]
	if err := os.WriteFile(filepath.Join(o.dir, "number.txt"), []byte(gone.number), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := o.command("erase", "--id-number", "number.txt", "--basis", "本人申请", "--key", "e.key", "--date", "2024-12-31").CombinedOutput(); err == nil || !strings.Contains(string(out), "retention-runs") {
		t.Errorf("%v\n%s", err, out)
	}
	o.must("erase", "--id-number", "number.txt", "--basis", "本人申请", "--key", "e.key", "--date", "2025-01-01", "--backup", "backups")
	books()
	o.must("print", "sheet", batch, "--names", "--out", "删除后.pdf", "--key", "d.key")
	if after := o.text("删除后.pdf"); !strings.Contains(after, "8 已删除 600.00") || !strings.Contains(after, people[8].name) {
		t.Error("the sheet does not say who was erased, or lacks who was not")
	}
	o.must("audit", "replay")
	o.must("audit", "store")
	o.must("audit", "documents")
	for _, dir := range []string{"ledger", "backups"} {
		for _, p := range []wayPerson{gone, people[8], people[3]} {
			for _, secret := range []string{p.number, p.account} {
				if out, err := o.program("grep", "-rla", secret, dir).Output(); err == nil {
					t.Errorf("%s stands in clear: %s", secret, out)
				}
			}
		}
	}
}

// numberOf is the number of the last event of a type.
func (o *officeEnv) numberOf(kind string) string {
	o.t.Helper()
	last := ""
	for _, line := range strings.Split(strings.TrimSpace(o.must("show", "events", "--json")), "\n") {
		var e struct {
			Number uint64
			Type   string
		}
		decode(o.t, line, &e)
		if e.Type == kind {
			last = fmt.Sprint(e.Number)
		}
	}
	return last
}

// bankAnswers writes a bank's answer to a file of fixed text: a status behind each
// payment.
func (o *officeEnv) bankAnswers(file, answer string, status func(row int) string) {
	o.t.Helper()
	text, err := os.ReadFile(filepath.Join(o.dir, file))
	if err != nil {
		o.t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\r\n"), "\r\n")
	for i := range lines {
		if i > 0 { // behind the head
			lines[i] += status(i)
		}
	}
	if err := os.WriteFile(filepath.Join(o.dir, answer), []byte(strings.Join(lines, "\r\n")+"\r\n"), 0o600); err != nil {
		o.t.Fatal(err)
	}
}
