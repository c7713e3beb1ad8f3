package sheets

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

func TestHTML(t *testing.T) {
	for _, x := range []struct{ name, page, want string }{
		{"a table", `<html><body><table border=1><tr><th>姓名</th><th>金额</th></tr><tr><td>张三</td><td>600</td></tr></table></body></html>`, "姓名|金额/张三|600"},
		{"without a page around it", "\ufeff\r\n<TABLE><TR><TD>a<TD>b<TR><TD>c</TABLE>", "a|b/c"},
		{"cells without a row", `<table><td>a<td>b</table>`, "a|b"},
		{"groups of rows", `<table><thead><tr><td>a</thead><tbody><tr><td>b</tbody><tfoot><tr><td>c</tfoot></table>`, "a/b/c"},
		{"an empty row", `<table><tr></tr><tr><td></td><td>&nbsp;</td></tr><tr><td>a</td></tr></table>`, "//a"},
		{"blanks and breaks of the source", "<table><tr><td>\r\n  张\n\t三 </td><td>a<br>b<br/>c</td><td><div>d</div><p>e</p></td><td>张&nbsp;&nbsp;三</td></tr></table>", "张 三|a\nb\nc|d\ne|张  三"},
		{"entities", `<table><tr><td>&lt;b&gt;&amp;&#x20BB7;&#22283;&middot;</td></tr></table>`, "<b>&𠮷國·"},
		{"what nobody reads", `<table><tr><td><script>var a="<td>x";</script><style>td{}</style>a<!-- b --></td></tr></table><script>x</script>`, "a"},
		{"comments of Excel", `<html><head><!--[if gte mso 9]><xml><x:Name>表</x:Name></xml><![endif]--></head><table><![if supportMisalignedColumns]><tr><td>a</td></tr><![endif]></table>`, "a"},
		{"an island of XML", `<html><head><xml><x:Name>表</x:Name></xml></head><table><tr><td>a</td></tr></table>`, "a"},
		{"a title and lines around", `<title>x</title><h3>某县名单</h3><p>单位：万元<br>2026年1月</p><table><caption>表一</caption><tr><td>a</td></tr></table><div>制表：某</div>`, "某县名单/单位：万元/2026年1月/表一/a/制表：某"},
		{"two tables are one below the other", `<table><tr><td>a</td></tr></table><table><tr><td>b</td></tr></table>`, "a/b"},
		{"a table that arranges the page", `<table><tr><td colspan=2>某网</td></tr><tr><td></td><td><h1>名单</h1><table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>完</td></tr></table>`, "某网/名单/a|b/c/完"},
		{"a table beside cells", `<table><tr><td>a</td></tr><table><tr><td>b</td></tr></table></table>`, "a/b"},

		{"over columns", `<table><tr><td colspan=3>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>`, "a|||b/c|d"},
		{"over rows", `<table><tr><td>a</td><td rowspan="2">b</td><td>c</td></tr><tr><td>d</td><td>e</td></tr><tr><td>f</td><td>g</td></tr></table>`, "a|b|c/d||e/f|g"},
		{"over both", `<table><tr><td rowspan=2 colspan=2>a</td><td>b</td></tr><tr><td>c</td></tr><tr><td>d</td></tr></table>`, "a||b/||c/d"},
		{"down to the end of its group", `<table><tbody><tr><td rowspan=9>a</td><td>b</td></tr><tr><td>c</td></tr></tbody><tbody><tr><td>d</td></tr></tbody></table>`, "a|b/|c/d"},
		{"down to the end, which is zero", `<table><tr><td rowspan=0>a</td><td>b</td></tr><tr><td>c</td></tr></table>`, "a|b/|c"},
		{"spans that are none", `<table><tr><td rowspan=x colspan=-1>a</td><td colspan=0>b</td></tr><tr><td>c</td></tr></table>`, "a|b/c"},

		{"text that looks like a number", `<table><tr><td>990527194001010105</td><td style='mso-number-format:"\@"'>001</td></tr></table>`, "990527194001010105|001"},
		{"numbers of Excel", `<table><tr><td x:num>300</td><td x:num="466.53000000000003">466.5</td><td x:num>1,300.00</td><td x:num="1300">1,300元</td></tr></table>`, "300#|466.53#|1300#|1300#"},
		{"a number that lost its digits", `<table><tr><td x:num="990527194001010000">9.90527E+17</td><td x:num>990527194001010105</td></tr></table>`, "9.9052719400101E+17#|9.9052719400101E+17#"},
		{"numbers of LibreOffice", `<table><tr><td sdval="300" sdnum="2052;">300</td></tr></table>`, "300#"},
		{"dates of Excel", `<table><tr><td x:num="46032" style="mso-number-format:'Short Date'">2026/1/10</td><td x:num="46032">2026年1月10日</td></tr></table>`, "2026/1/10@|2026年1月10日@"},
		{"a number by the format of a date's look", `<table><tr><td x:num="12.5" style='mso-number-format:Fixed'>12.50</td></tr></table>`, "12.5#"},
		{"a format for a person", `<table><tr><td x:num="312" style='mso-number-format:"0\.00\0022万元\0022"'>0.03万元</td></tr></table>`, "312#"},
		{"texts of Excel", `<table><tr><td x:str="001">001</td><td x:num>abc</td></tr></table>`, "001|abc"},
		{"formulas", `<table><tr><td x:num x:fmla="=A1">2</td><td x:fmla="=A1"></td><td x:err>#N/A</td><td>=1+1</td><td>="0123"</td></tr></table>`, "2#=||#N/A!|=1+1!=|0123"},
	} {
		g, err := Read([]byte(x.page))
		if err != nil {
			t.Errorf("%s: %v", x.name, err)
		} else if got := cells(&g.Sheets[0]); got != x.want || g.Format != "HTML" {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
	}
}

func TestHTMLMerges(t *testing.T) {
	g, err := Read([]byte(`<h1>名单</h1><table><tr><td rowspan=9>a</td><td colspan=2>b</td></tr><tr style="DISPLAY : none"><td>c</td><td>d</td></tr></table><table><tr><td rowspan=2></td><td>e</td></tr><tr><td>f</td></tr></table>`))
	if err != nil {
		t.Fatal(err)
	}
	s := g.Sheets[0]
	if got := fmt.Sprintln(cells(&s), s.Merges, s.HiddenRows); got != "名单/a|b/|c|d/|e/|f [{1 0 2 0} {1 1 1 2} {3 0 4 0}] [2]\n" {
		t.Error(got)
	}
}

func TestHTMLEncodings(t *testing.T) {
	page := func(meta string) string { return meta + `<table><tr><td>王國&#x20BB7;</td></tr></table>` }
	const meta = `<meta http-equiv=Content-Type content="text/html; charset=%s">`
	in := func(text string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	gbk := simplifiedchinese.GBK.NewEncoder()
	for name, text := range map[string]string{
		"UTF-8":                  page(fmt.Sprintf(meta, "utf-8")),
		"nothing":                page(""),
		"with a mark":            "\ufeff" + page(fmt.Sprintf(meta, "gb2312")),
		"GB2312":                 in(gbk.String(page(fmt.Sprintf(meta, "gb2312")))),
		"GB2312, which it isn't": page(fmt.Sprintf(meta, "gb2312")),
		"GBK by a short meta":    in(gbk.String(page(`<meta charset="GBK">`))),
		"GBK that says nothing":  in(gbk.String(page(""))),
		"Big5":                   in(traditionalchinese.Big5.NewEncoder().String(page(fmt.Sprintf(meta, "big5")))),
		"UTF-16":                 in(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(page(fmt.Sprintf(meta, "unicode")))),
	} {
		g, err := Read([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := cells(&g.Sheets[0]); got != "王國𠮷" {
			t.Errorf("%s: %q", name, got)
		}
	}
	for label, want := range map[string]string{"utf-8": "marked as UTF-8", "big5": "marked as big5"} {
		if _, err := Read([]byte(fmt.Sprintf(meta, label) + "<table><tr><td>\xff\xff</table>")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", label, err)
		}
	}
}

// What is torn, has two readings or is over a limit is refused.
func TestHTMLRefused(t *testing.T) {
	for name, x := range map[string]struct{ page, want string }{
		"torn":                          {`<table><tr><td>a</td></tr>`, "its table has no end"},
		"a table in a row of data":      {`<table><tr><td>张三</td><td><table><tr><td>600</td></tr></table></td></tr></table>`, "a table inside a table"},
		"data beside a table":           {`<table><tr><td><table><tr><td>600</td></tr></table></td><td>张三</td></tr></table>`, "a table inside a table"},
		"a table beside a merged cell":  {`<table><tr><td rowspan=2>东村</td><td>a</td></tr><tr><td><table><tr><td>600</td></tr></table></td></tr></table>`, "a table inside a table"},
		"tables without end":            {strings.Repeat("<table><tr><td>", maxTables+1), "a table inside a table"},
		"too wide":                      {`<table><tr><td colspan=1000></td><td>a</td></tr></table>`, "columns"},
		"too many rows":                 {`<table>` + strings.Repeat("<tr>", MaxRows+1) + `</table>`, "rows"},
		"too many merged cells":         {`<table>` + strings.Repeat("<tr><td colspan=900>a", 600) + `</table>`, "too many merged cells"},
		"a tag without end":             {`<table><tr><td ` + strings.Repeat("a ", maxToken/2) + `>a</td></tr></table>`, "too long"},
		"a long cell":                   {`<table><tr><td>` + strings.Repeat("长", MaxText+1) + `</table>`, "characters"},
		"a page to log in":              {`<!DOCTYPE html><html><body><form>请登录</form></body></html>`, "without a table"},
		"a page of frames, as of Excel": {`<html><frameset><frame src="sheet001.htm"></frameset></html>`, "without a table"},
	} {
		if _, err := Read([]byte(x.page)); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %.200v, want %q", name, err, x.want)
		}
	}
}

// A list of a text file may begin with a sign of HTML.
func TestSignsAreNoHTML(t *testing.T) {
	if got := summary(understood(t, "<某县>名单\n姓名,金额\n甲,1\n", Options{})); got != "3 甲 1.00" {
		t.Error(got)
	}
}
