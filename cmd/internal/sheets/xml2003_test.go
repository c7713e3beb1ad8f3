package sheets

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"reliefledger.org/ledger/domain"
)

// book2003 is an XML of Excel 2003 with these rows.
func book2003(rows string) string {
	return `<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Styles><Style ss:ID="p"><NumberFormat ss:Format="Short Date"/></Style><Style ss:ID="d" ss:Parent="p"/><Style ss:ID="f" ss:Parent="p"><NumberFormat ss:Format="Fixed"/></Style><Style ss:ID="a" ss:Parent="b"/><Style ss:ID="b" ss:Parent="a"/></Styles><Worksheet ss:Name="一"><Table>` + rows + `</Table></Worksheet></Workbook>`
}

// cells shows a sheet: rows between /, cells between |, the kind where it is no
// text.
func cells(s *Sheet) string {
	var rows []string
	for _, r := range s.Rows {
		var row []string
		for _, c := range r {
			text := c.Text + map[Kind]string{Numeric: "#", Date: "@", Error: "!"}[c.Kind]
			if c.Formula {
				text += "="
			}
			row = append(row, text)
		}
		rows = append(rows, strings.Join(row, "|"))
	}
	return strings.Join(rows, "/")
}

func TestXML2003(t *testing.T) {
	for _, x := range []struct{ name, rows, want string }{
		{"texts", `<Row><Cell><Data ss:Type="String">张&#10;三</Data></Cell><Cell/><Cell><Data ss:Type="String">&lt;=&#x20BB7;</Data></Cell></Row>`, "张\n三||<=𠮷"},
		{"rows and cells that are left out", `<Row ss:Index="2"><Cell ss:Index="2"><Data ss:Type="String">a</Data></Cell><Cell><Data ss:Type="String">b</Data></Cell></Row><Row/><Row><Cell><Data ss:Type="String">c</Data></Cell></Row>`, "/|a|b//c"},
		{"rows of one height", `<Row ss:Span="2"/><Row><Cell><Data ss:Type="String">c</Data></Cell></Row>`, "///c"},
		{"after a merged cell", `<Row><Cell ss:MergeAcross="2"><Data ss:Type="String">a</Data></Cell><Cell><Data ss:Type="String">b</Data></Cell></Row>`, "a|||b"},
		{"beside a merged cell", `<Row><Cell ss:MergeDown="1"><Data ss:Type="String">a</Data></Cell><Cell><Data ss:Type="String">b</Data></Cell></Row><Row><Cell ss:Index="2"><Data ss:Type="String">c</Data></Cell></Row>`, "a|b/|c"},
		{"numbers", `<Row><Cell><Data ss:Type="Number">300</Data></Cell><Cell><Data ss:Type="Number"> 466.53000000000003 </Data></Cell><Cell><Data ss:Type="Number">99052719400101010</Data></Cell></Row>`, "300#|466.53#|9.9052719400101E+16#"},
		{"a number in full that Excel would have cut", `<Row><Cell><Data ss:Type="Number">990527194001010105</Data></Cell><Cell><Data ss:Type="String">990527194001010105</Data></Cell></Row>`, "9.90527194001010E+17#|990527194001010105"},
		{"dates", `<Row><Cell><Data ss:Type="DateTime">2026-01-10T00:00:00.000</Data></Cell><Cell ss:StyleID="d"><Data ss:Type="Number">46032</Data></Cell><Cell ss:StyleID="f"><Data ss:Type="Number">46032</Data></Cell><Cell ss:StyleID="a"><Data ss:Type="Number">46032</Data></Cell></Row>`, "2026-01-10@|2026-01-10@|46032#|46032#"},
		{"other kinds", `<Row><Cell><Data ss:Type="Boolean">1</Data></Cell><Cell><Data ss:Type="Error">#N/A</Data></Cell><Cell ss:Formula="=R1C1"><Data ss:Type="Number">2</Data></Cell><Cell ss:Formula="=R1C1"/></Row>`, "TRUE|#N/A!|2#=|!="},
		{"a comment is no value", `<Row><Cell><Data ss:Type="String">a</Data><Comment><ss:Data>不要</ss:Data></Comment></Cell></Row>`, "a"},
		{"formatted text", `<Row><Cell><ss:Data ss:Type="String" xmlns="http://www.w3.org/TR/REC-html40"><B>张</B><Font>三</Font></ss:Data></Cell></Row>`, "张三"},
		{"a number that is none", `<Row><Cell><Data ss:Type="Number">abc</Data></Cell></Row>`, "abc!"},
	} {
		g, err := Read([]byte(book2003(x.rows)))
		if err != nil {
			t.Errorf("%s: %v", x.name, err)
			continue
		}
		got := cells(&g.Sheets[0])
		if strings.ReplaceAll(got, "9.9052719400101E+17", "9.90527194001010E+17") != x.want {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
	}
}

// A number of 18 digits is refused where a program has typed it as a number.
func TestXML2003LostDigits(t *testing.T) {
	const head = `<Row><Cell><Data ss:Type="String">姓名</Data></Cell><Cell><Data ss:Type="String">身份证号</Data></Cell><Cell><Data ss:Type="String">金额</Data></Cell></Row>`
	for kind, want := range map[string]string{"Number": "号码曾被当作数值保存，末位已丢失", "String": "2 甲 1.00"} {
		g, err := Read([]byte(book2003(head + `<Row><Cell><Data ss:Type="String">甲</Data></Cell><Cell><Data ss:Type="` + kind + `">` + number(3) + `</Data></Cell><Cell><Data ss:Type="Number">1</Data></Cell></Row>`)))
		if err != nil {
			t.Fatal(err)
		}
		if got := summary(Understand(g, Options{Form: domain.Cash})); !strings.Contains(got, want) {
			t.Errorf("%s: %s", kind, got)
		}
	}
}

func TestXML2003Sheets(t *testing.T) {
	text := strings.Replace(book2003(`<Row ss:Hidden="1"><Cell><Data ss:Type="Number">44570</Data></Cell></Row>`), "</Workbook>",
		`<Worksheet ss:Name="二"><Table><Row><Cell ss:StyleID="d"><Data ss:Type="Number">44570</Data></Cell></Row></Table><WorksheetOptions xmlns="urn:schemas-microsoft-com:office:excel"><Visible>SheetHidden</Visible></WorksheetOptions></Worksheet></Workbook>`, 1)
	text = strings.Replace(text, "<Styles>", `<ExcelWorkbook xmlns="urn:schemas-microsoft-com:office:excel"><Date1904/></ExcelWorkbook><Styles>`, 1)
	g, err := Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if g.Format != "XML 2003" || len(g.Sheets) != 2 || g.Sheets[0].Hidden || !g.Sheets[1].Hidden || fmt.Sprint(g.Sheets[0].HiddenRows) != "[0]" || cells(&g.Sheets[1]) != "2026-01-10@" {
		t.Errorf("%+v", g)
	}
}

// The encoding is the one that the file names, unless its bytes say otherwise.
func TestXML2003Encodings(t *testing.T) {
	const row = `<Row><Cell><Data ss:Type="String">王𠮷</Data></Cell></Row>`
	named := func(name string) string {
		return strings.Replace(book2003(row), `version="1.0"`, `version="1.0" encoding="`+name+`"`, 1)
	}
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(named("GB2312"))
	if err != nil {
		t.Fatal(err)
	}
	u16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(named("UTF-16"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"none": book2003(row), "UTF-8": named("UTF-8"), "with a mark": "\ufeff" + named("utf-8"), "GB2312": gb, "GB2312, which it is not": named("gb2312"), "UTF-16": u16, "after blanks": "\r\n" + book2003(row)} {
		g, err := Read([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := cells(&g.Sheets[0]); got != "王𠮷" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if _, err := Read([]byte(strings.Replace(gb, "GB2312", "utf-8", 1))); err == nil || !strings.Contains(err.Error(), "marked as UTF-8, which it is not") {
		t.Errorf("GBK that calls itself UTF-8: %v", err)
	}
}

// What is torn, overlaps or is over a limit is refused.
func TestXML2003Refused(t *testing.T) {
	whole := book2003(`<Row><Cell><Data ss:Type="String">a</Data></Cell></Row>`)
	for name, x := range map[string]struct{ text, want string }{
		"half":                                  {whole[:len(whole)-len("</Table></Worksheet></Workbook>")], "not a sound XML"},
		"rows in reverse":                       {book2003(`<Row ss:Index="2"/><Row ss:Index="1"/>`), "not a sound XML"},
		"cells in reverse":                      {book2003(`<Row><Cell ss:Index="2"/><Cell ss:Index="1"/></Row>`), "not a sound XML"},
		"an index of letters":                   {book2003(`<Row ss:Index="x"/>`), "Index"},
		"a huge index":                          {book2003(`<Row ss:Index="99999999999"/>`), "Index"},
		"too many rows":                         {book2003(`<Row ss:Index="1048576"><Cell><Data ss:Type="String">a</Data></Cell></Row>`), "rows"},
		"too wide":                              {book2003(`<Row><Cell ss:Index="1001"><Data ss:Type="String">a</Data></Cell></Row>`), "columns"},
		"beside a merged cell without a number": {book2003(`<Row><Cell ss:MergeDown="1"><Data ss:Type="String">a</Data></Cell><Cell><Data ss:Type="String">b</Data></Cell></Row><Row><Cell><Data ss:Type="String">c</Data></Cell></Row>`), "A2 lies inside merged cells"},
		"too many merged cells":                 {book2003(`<Row><Cell ss:MergeAcross="900" ss:MergeDown="1000"><Data ss:Type="String">a</Data></Cell></Row><Row ss:Index="1000"><Cell ss:Index="1000"><Data ss:Type="String">b</Data></Cell></Row>`), "too many merged cells"},
		"an entity of its own":                  {strings.Replace(strings.Replace(whole, "<Workbook", `<!DOCTYPE Workbook [<!ENTITY e "eeee"><!ENTITY f SYSTEM "file:///etc/passwd">]><Workbook`, 1), ">a<", ">&e;&f;<", 1), "not a sound XML"},
		"elements without end":                  {strings.Replace(whole, "<Data", strings.Repeat("<a>", 1000)+"<Data", 1), "not a sound XML"},
		"a tag without end":                     {strings.Replace(whole, "<Data", "<Data"+strings.Repeat(` a=""`, maxTag/5), 1), "too long"},
		"too many sheets":                       {strings.Replace(whole, "<Worksheet", strings.Repeat(`<Worksheet ss:Name="x"/>`, MaxSheets)+"<Worksheet", 1), "sheets"},
		"no sheets":                             {`<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>`, "no sheets"},
		"an encoding that nobody knows":         {"<?xml version=\"1.0\" encoding=\"x\"?><Workbook>\xff\xff</Workbook>", "neither UTF-8"},
		"another XML":                           {`<?xml version="1.0"?><office:document xmlns:office="urn:x"/>`, "without a table"},
	} {
		if _, err := Read([]byte(x.text)); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %.200v, want %q", name, err, x.want)
		}
	}
}
