package bank

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"reliefledger.org/ledger/cmd/internal/sheets"
	"reliefledger.org/ledger/domain"
)

var update = flag.Bool("update", false, "write the golden files again")

var transfers = []Transfer{
	{"0123456789ABCDEF", "6222020000000000018", "张三丰", 60_000},
	{"GHJKMNPQRSTVWXYZ", "0099000000000000001", "买买提·吐尔逊", 1},
	{"00000000000000ZZ", "6222020000000000026", "李四", 1_234_567_89},
}

func named(t testing.TB, name string) *Template {
	template, err := Named(name)
	if err != nil {
		t.Fatal(err)
	}
	return template
}

// Each template writes what stands in its golden file, twice the same bytes; a
// workbook is compared by its cells.
func TestWrite(t *testing.T) {
	for _, name := range Templates() {
		text, err := named(t, name).Write(transfers)
		if err != nil {
			t.Fatal(name, err)
		}
		again, err := named(t, name).Write(transfers)
		if err != nil || !bytes.Equal(text, again) {
			t.Errorf("%s: the same list is another file, %v", name, err)
		}
		golden := filepath.Join("testdata", name+".golden")
		if name == "workbook" {
			x, err := excelize.OpenReader(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			rows, err := x.GetRows("Sheet1")
			if err != nil {
				t.Fatal(err)
			}
			text = nil
			for _, r := range rows {
				text = append(text, strings.Join(r, "|")+"\n"...)
			}
		}
		if *update {
			if err := os.WriteFile(golden, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || !bytes.Equal(text, want) {
			t.Errorf("%s: %v\n%q\nwant\n%q", name, err, text, want)
		}
	}
}

// inChinese is the sentence of an error.
func inChinese(err error) string {
	var sayer interface{ Say(domain.Lang) string }
	if errors.As(err, &sayer) {
		return sayer.Say(domain.Zh)
	}
	return err.Error()
}

func TestWriteRefuses(t *testing.T) {
	with := func(change func(*Transfer)) []Transfer {
		list := append([]Transfer{}, transfers...)
		change(&list[1])
		return list
	}
	for _, c := range []struct {
		template string
		list     []Transfer
		want     string
	}{
		{"gbk", with(func(x *Transfer) { x.Name = "王𬭛" }), "3 行：编码 gbk 没有“𬭛”这个字"},
		{"generic", with(func(x *Transfer) { x.Name = "=cmd()" }), "2 行，name：户名不能以"},
		{"generic", with(func(x *Transfer) { x.Name = "张\n三" }), "换行"},
		{"generic", with(func(x *Transfer) { x.Name = "" }), "缺户名或账号"},
		{"generic", with(func(x *Transfer) { x.Account = "" }), "缺户名或账号"},
		{"fixed", with(func(x *Transfer) { x.Name = strings.Repeat("张", 31) }), "62 字节，栏宽 60"},
	} {
		text, err := named(t, c.template).Write(c.list)
		var bad *Problems
		if text != nil || !errors.As(err, &bad) || !strings.Contains(bad.Say(domain.Zh), c.want) {
			t.Errorf("%s: %q, %v, want %s", c.template, text, err, c.want)
		}
	}
	// What the encoding has of rare characters is written.
	if _, err := named(t, "fixed").Write(with(func(x *Transfer) { x.Name = "王𬭛" })); err != nil {
		t.Error(err)
	}
}

func TestReadResult(t *testing.T) {
	const head = "参考号,收款账号,金额,处理结果\n"
	for _, c := range []struct {
		what, template, text, want string
	}{
		{"paid and rejected", "generic", head + "AAAA,6222020000000000018,600.00,成功\nBBBB,6222020000000000026,\"1,300.00\",户名不符\n", "2 AAAA 600.00 paid; 3 BBBB 1,300.00 户名不符"},
		{"with a title, a total and signatures", "generic", "某银行代发回盘\n日期,20260120\n" + head + "AAAA,6222020000000000018,600.00,成功\n合计,,600.00\n制表,某\n", "4 AAAA 600.00 paid"},
		{"a total of what was paid", "generic", head + "A,6222020000000000018,600,成功\nB,6222020000000000026,1,睡眠户\n合计,,600.00,\n", "2 A 600.00 paid; 3 B 1.00 睡眠户"},
		{"a wrong total under the reference", "generic", head + "A,6222020000000000018,600,成功\n合计,,599.00,\n", "! 3 行，amount：合计写 599.00"},
		{"a wrong total", "generic", "参考号,收款账号,金额,处理结果,备注\nA,6222020000000000018,600,成功,\n,,601.00,,合计\n", "! 3 行，amount：合计写 601.00"},
		{"our own list with the answers behind it", "generic", "序号,参考号,收款账号,收款户名,金额,附言,处理结果\n1,A,6222020000000000018,张三,600.00,救助金,成功\n合计,1,,,600.00,,\n", "2 A 600.00 paid"},
		{"a reject without a reference", "generic", head + "A,6222020000000000018,600,成功\n,6222020000000000026,260.00,户名不符\n", "! 3 行，reference：缺参考号"},
		{"a reject among words", "generic", head + "A,6222020000000000018,600,成功\n失败明细,6222020000000000026,,账户已销户\n", "! 3 行，reference：缺参考号"},
		{"a reject that says it is a total", "generic", head + "合计,1笔,0.00,户名不符\n", "! 2 行"},
		{"two columns for the answer", "generic", "参考号,收款账号,金额,状态,处理结果\nA,6222020000000000018,600,成功,户名不符\n", "! 1 行，status：有两列都像是"},
		{"an account in the place of the answer", "generic", head + "A,6222020000000000018,600,6222020000000000018\n", "! 2 行，status：结果“***”"},
		{"other headings", "generic", "业务参考号,账号,交易金额,状态\nA,6222020000000000018,1,已付\n", "2 A 1.00 paid"},
		{"neither paid nor known", "generic", head + "A,6222020000000000018,600,处理中\n", "! 2 行，status：结果“处理中”既不是已付"},
		{"no amount", "generic", head + "A,6222020000000000018,abc,成功\n", "! 2 行，amount：看不懂的金额"},
		{"below zero", "generic", head + "A,6222020000000000018,-1,成功\n", "! 2 行，amount"},
		{"no account", "generic", head + "A,户名,1,成功\n", "! 2 行，account"},
		{"no headings", "generic", "a,b\n1,2\n", "! 没有表头"},
		{"nothing", "generic", head, "! 文件中没有一笔回盘"},
		{"fixed text", "fixed", "H00000001000000000000060000\r\nD00000001AAAA                6222020000000000018             " + strings.Repeat(" ", 60) + "0000000000600000000\r\nT\r\n", "2 AAAA 600.00 paid"},
		{"a reject in fixed text", "fixed", "D00000001AAAA                6222020000000000018             " + strings.Repeat(" ", 60) + "0000000000600001003\n", "1 AAAA 600.00 1003"},
		{"a short line", "fixed", "D00000001AAAA\n", "! 1 行"},
		{"a torn encoding", "fixed", "D00000001AAAA\xff               6222020000000000018             " + strings.Repeat(" ", 60) + "0000000000600000000\n", "! 1 行"},
	} {
		list, err := named(t, c.template).ReadResult([]byte(c.text))
		var said []string
		for _, a := range list {
			state := a.Code
			if a.Paid {
				state = "paid"
			}
			said = append(said, fmt.Sprintf("%d %s %s %s", a.Row, a.Reference, a.Fen, state))
		}
		got := strings.Join(said, "; ")
		if want, bad := strings.CutPrefix(c.want, "! "); bad {
			if err == nil || !strings.Contains(inChinese(err), want) {
				t.Errorf("%s: %v, want %s", c.what, err, want)
			}
			continue
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", c.what, got, err, c.want)
		}
	}
}

// An answer may be a workbook, whatever the list was.
func TestReadWorkbook(t *testing.T) {
	x := excelize.NewFile()
	defer x.Close()
	for i, row := range [][]any{{"参考号", "收款账号", "金额", "处理结果"}, {"A", "6222020000000000018", 600.5, "成功"}} {
		if err := x.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := x.Write(&b); err != nil {
		t.Fatal(err)
	}
	list, err := named(t, "generic").ReadResult(b.Bytes())
	if err != nil || len(list) != 1 || list[0].Fen != 60_050 || !list[0].Paid {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestRejectsOnly(t *testing.T) {
	template := named(t, "generic")
	template.Result.RejectsOnly, template.Result.Paid = true, nil
	if list, err := template.ReadResult([]byte("参考号,收款账号,金额,处理结果\n")); err == nil {
		t.Errorf("an answer that may be torn: %v", list)
	}
	list, err := template.ReadResult([]byte("参考号,收款账号,金额,处理结果\n合计,,0.00,\n"))
	if err != nil || len(list) != 0 {
		t.Errorf("an answer without rejects: %v, %v", list, err)
	}
}

func TestReadStatement(t *testing.T) {
	text := "某银行账户明细\n交易日期,摘要,支出,收入\n2026-01-20,代发 AAAA,600.00,\n2026/1/21 10:11:12,退票 AAAA,,600.00\n20260122,手续费,2,-\n2026年1月23日,无,,\n合计,,602.00,600.00\n"
	list, err := named(t, "generic").ReadStatement([]byte(text))
	if err != nil || len(list) != 3 {
		t.Fatalf("%+v, %v", list, err)
	}
	for i, want := range []string{"3 2026-01-20 600.00 0.00", "4 2026-01-21 0.00 600.00", "5 2026-01-22 2.00 0.00"} {
		if got := fmt.Sprintf("%d %s %s %s", list[i].Row, list[i].On, list[i].Out, list[i].In); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for _, bad := range []string{"交易日期,摘要,支出,收入\n2026-13-20,x,1,\n", "交易日期,摘要,支出,收入\n2026-01-20,x,一百块,\n", "日期\n"} {
		if list, err := named(t, "generic").ReadStatement([]byte(bad)); err == nil {
			t.Errorf("%q: %+v", bad, list)
		}
	}
	if _, err := Parse([]byte(`{"name":"x"}`)); err == nil {
		t.Error("a template without anything")
	}
}

func TestTemplates(t *testing.T) {
	text, err := embedded.ReadFile("templates/generic.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"format": "csv"`, `"format": "doc"`, "format"},
		{`"encoding": "utf-8-bom"`, `"encoding": "latin1"`, "encoding"},
		{`"value": "reference"`, `"value": "name"`, "reference"},
		{`"value": "yuan"`, `"value": "dollars"`, "dollars"},
		{`"paid": ["成功", "已付", "交易成功"]`, `"paid": []`, "result.paid"},
		{`"paid": ["成功",`, `"paid": ["户名不符",`, "户名不符"},
		{`"head": true`, `"heads": true`, "heads"},
		{`"summary_at": "last"`, `"summary_at": "middle"`, "middle"},
		{`"status": {"headings": ["处理结果", "结果", "状态"]},`, ``, "result.status"},
		{`"format": "csv"`, `"format": "fixed"`, "head"},
		{`"paid": ["成功",`, `"paid": ["",`, "no word"},
		{`"value": "account"`, `"value": "account", "fill": "0"`, "fill"},
		{`"value": "yuan"`, `"value": "yuan", "right": true, "fill": "0"`, "fill"},
		{`"result": {`, `"result": { "format": "fixed",`, "headings"},
	} {
		changed := strings.Replace(string(text), c.old, c.new, 1)
		if changed == string(text) {
			t.Fatalf("%s does not stand there", c.old)
		}
		if _, err := Parse([]byte(changed)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.new, err, c.want)
		}
	}
	workbook, err := embedded.ReadFile("templates/workbook.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range []string{
		`"result": {"format": "fixed", "reference": {"from":0,"width":4}, "account": {"from":4,"width":4}, "amount": {"from":8,"width":4}, "status": {"from":12,"width":2}, "paid": ["00"]},`,
		`"encoding": "gbk", "result": {"format": "fixed", "reference": {"from":9223372036854775807,"width":1}, "account": {"from":4,"width":4}, "amount": {"from":8,"width":4}, "status": {"from":12,"width":2}, "paid": ["00"]},`,
	} {
		i, j := bytes.Index(workbook, []byte(`"result"`)), bytes.Index(workbook, []byte(`"codes"`))
		if _, err := Parse([]byte(string(workbook[:i]) + result + string(workbook[j:]))); err == nil {
			t.Errorf("taken: %s", result)
		}
	}
	if _, err := Parse(append(text, "{}"...)); err == nil {
		t.Error("something behind it")
	}
}

// Whatever stands in a file: no panic, and what is read is in bounds.
func FuzzReadResult(f *testing.F) {
	for _, name := range Templates() {
		text, err := named(f, name).Write(transfers)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("参考号,收款账号,金额,处理结果\nA,6222020000000000018,600,成功\n"))
	f.Add([]byte("D00000001AAAA                6222020000000000018             " + strings.Repeat(" ", 60) + "0000000000600000000\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, name := range Templates() {
			list, err := named(t, name).ReadResult(data)
			var unreadable *sheets.Unreadable
			var bad *Problems
			if err != nil && !errors.As(err, &bad) && !errors.As(err, &unreadable) {
				t.Fatal(err)
			}
			for _, a := range list {
				if err == nil && (a.Fen < 0 || a.Fen > domain.MaxFen || a.Reference == "" || a.Account == "" || !a.Paid && a.Code == "") {
					t.Fatalf("%+v", a)
				}
			}
		}
	})
}

func FuzzReadStatement(f *testing.F) {
	f.Add([]byte("交易日期,摘要,支出,收入\n2026-01-20,代发 AAAA,600.00,\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := named(t, "generic").ReadStatement(data)
		for _, m := range list {
			if err == nil && (m.Out < 0 || m.In < 0 || m.On == 0) {
				t.Fatalf("%+v", m)
			}
		}
	})
}

func FuzzTemplate(f *testing.F) {
	for _, name := range Templates() {
		text, err := embedded.ReadFile("templates/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		template, err := Parse(text)
		if err != nil {
			return
		}
		list, err := template.Write(transfers)
		if (list == nil) == (err == nil) {
			t.Fatal("neither a file nor an error", err)
		}
		_, _ = template.ReadResult(list)
	})
}
