package sheets

import (
	"strings"
	"testing"
)

// Systems keep a number from becoming a float by writing ="…", mostly without the
// quotes that CSV wants around it.
func TestNumberKeptAsText(t *testing.T) {
	a := number(1)
	for name, cell := range map[string]string{
		"unquoted":                `="` + a + `"`,
		"quoted":                  `"=""` + a + `"""`,
		"with blanks around":      ` ="` + a + `" `,
		"quoted after a tab":      "\"\t=\"\"" + a + `"""`,
		"in quotes for its text":  `"` + a + `"`,
		"with an apostrophe":      `'` + a,
		"unquoted after an empty": a,
	} {
		for _, comma := range []string{",", "\t"} {
			if comma == "\t" && strings.Contains(cell, comma) {
				continue
			}
			text := strings.Join([]string{"姓名", "身份证号", "金额", "备注"}, comma) + "\n" + strings.Join([]string{"甲", cell, "1", `=""`}, comma) + "\n"
			r := understood(t, text, Options{})
			if got := summary(r); got != "2 甲 1.00" || r.Rows[0].Number != a || r.Rows[0].Note != "" {
				t.Errorf("%s between %q: %s; %+v", name, comma, got, r.Rows)
			}
		}
	}
}

// A text cell of a workbook may hold the same signs, which some system wrote there.
func TestNumberKeptAsTextInWorkbook(t *testing.T) {
	a := number(1)
	g, err := Read(book(t, `<row><c t="str"><v>姓名</v></c><c t="str"><v>身份证号</v></c><c t="str"><v>金额</v></c></row><row><c t="str"><v>甲</v></c><c t="str"><v>="`+a+`"</v></c><c><v>1</v></c></row></sheetData>`))
	if err != nil {
		t.Fatal(err)
	}
	r := Understand(g, Options{Form: "cash"})
	if got := summary(r); got != "2 甲 1.00" || r.Rows[0].Number != a || len(r.Cleaned) != 1 {
		t.Errorf("%s; %+v", got, r)
	}
}

// Line ends are LF, CRLF, CR, or what a program makes that ends lines twice; and
// a row has the number that spreadsheets show for it.
func TestLineEnds(t *testing.T) {
	for name, x := range map[string]struct{ text, want string }{
		"LF":                         {"名单\n姓名,金额\n甲,1\n", "3 甲 1.00"},
		"CRLF":                       {"名单\r\n姓名,金额\r\n甲,1\r\n", "3 甲 1.00"},
		"CR":                         {"名单\r姓名,金额\r甲,1\r乙,2", "3 甲 1.00\n4 乙 2.00"},
		"CR between tabs":            {"姓名\t金额\r甲\t1\r", "2 甲 1.00"},
		"CR with an empty line":      {"名单\r\r姓名,金额\r甲,1\r", "4 甲 1.00"},
		"CR, and LF inside a cell":   {"姓名,金额,村\r\"甲\n某\",1,东\r乙,2,西\r", "2 甲某@东 1.00\n3 乙@西 2.00"},
		"LF, and CR inside a cell":   {"姓名,金额,村\n\"甲\r某\",1,东\n乙,2,西\n", "2 甲某@东 1.00\n3 乙@西 2.00"},
		"CR after a quote":           {"\"姓名\",\"金额\"\r\"甲\",\"1\"\r", "2 甲 1.00"},
		"CR before CRLF":             {"姓名,金额\r\r\n甲,1\r\r\n", "2 甲 1.00"},
		"both in one file":           {"姓名,金额\n甲,1\r乙,2\r\n丙,3", "2 甲 1.00\n3 乙 2.00\n4 丙 3.00"},
		"CR, in the encoding of GBK": {"\xd0\xd5\xc3\xfb,\xbd\xf0\xb6\xee\r\xbc\xd7,1\r", "2 甲 1.00"},
	} {
		if got := summary(understood(t, x.text, Options{})); got != x.want {
			t.Errorf("%s: %s, want %s", name, got, x.want)
		}
	}
}

// One cell that nobody needs does not cost the whole list; what is needed and
// cannot be told is refused still.
func TestQuotesAndSigns(t *testing.T) {
	for name, x := range map[string]struct{ text, want string }{
		"a formula beside the list":      {"姓名,金额,附件\n甲,1,=HYPERLINK(\"x\")\n乙,2,\n", "2 甲 1.00\n3 乙 2.00"},
		"a sentence beside the list":     {"姓名,金额,签字\n甲,1,=代领\n", "2 甲 1.00"},
		"a remark that begins so":        {"姓名,金额,备注\n甲,1,=由\"老张\"代领\n", "2 甲 1.00\n? C2 以“=”开头，当作文字读入"},
		"a line of signs as a remark":    {"姓名,金额,备注\n甲,1,====\n", "2 甲 1.00\n? C2 以“=”开头，当作文字读入"},
		"a quote in the middle":          {"姓名,金额,备注\n甲,1,人称\"老张\"\n", "2 甲 1.00"},
		"a quote at the beginning":       {"姓名,金额,备注\n甲,1,\"老张\"的弟弟\n乙,2,\"老李\"\n", "2 甲 1.00\n3 乙 2.00"},
		"an amount is computed":          {"姓名,金额\n甲,=SUM(\"1\")\n", "2 甲\n! B2 公式没有保存的值：请用表格软件打开并保存"},
		"a number is computed":           {"姓名,金额,身份证号\n甲,1,=\"4\"&\"1\"\n", "2 甲 1.00\n! C2 公式没有保存的值：请用表格软件打开并保存"},
		"a number that is no text":       {"姓名,金额,身份证号\n甲,1,=410527194001010012\n", "2 甲 1.00\n! C2 公式没有保存的值：请用表格软件打开并保存"},
		"a village that is computed":     {"姓名,金额,村\n甲,1,=C1\n", "2 甲 1.00\n! C2 公式没有保存的值：请用表格软件打开并保存"},
		"a comma in a formula is no end": {"姓名,金额,备注\n甲,1,\"=IF(A1,\"\"x\"\",2)\"\n", "2 甲 1.00\n? C2 以“=”开头，当作文字读入"},
	} {
		if got := summary(understood(t, x.text, Options{})); got != x.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, x.want)
		}
	}
	for name, text := range map[string]string{
		"never closed":              "姓名,金额\n\"甲,1\n乙,2\n",
		"closed at the next":        "姓名,金额\n\"甲,1\n\"乙\",2\n",
		"closed in the next column": "姓名,身份证号,金额\n\"甲,,\"乙\"x,2\n",
		"one in the last cell":      "姓名,金额\n甲,\"1",
	} {
		if _, err := Read([]byte(text)); err == nil || !strings.Contains(err.Error(), "quotes do not match") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
