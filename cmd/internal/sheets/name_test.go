package sheets

import (
	"strings"
	"testing"
)

// What stands in a cell of names, and what is said of it: one person a row, and
// nothing but a name. Each want is the summary without the amount.
func TestNames(t *testing.T) {
	for _, x := range []struct{ name, cell, want string }{
		{"a name", "张伟", "2 张伟"},
		{"blanks inside", "张  伟", "2 张伟"},
		{"a blank after each", "张 三 丰", "2 张三丰"},
		{"a surname of two", "欧阳 娜娜", "2 欧阳娜娜"},
		{"points of minorities", "买买提·吐尔逊", "2 买买提·吐尔逊"},
		{"a longer one", "阿卜杜拉·阿不都热和曼·买买提", "2 阿卜杜拉·阿不都热和曼·买买提"},
		{"a full stop for the point", "买买提.吐尔逊", "2 买买提.吐尔逊"},
		{"Latin letters", "Mary-Ann O'Hara Smith", "2 Mary-Ann O'Hara Smith"},
		{"the surname 和", "和志刚", "2 和志刚"},
		{"和 at the end", "李人和", "2 李人和"},
		{"和 in the middle", "欧阳和平", "2 欧阳和平"},
		{"the surname 及", "及巨涛", "2 及巨涛"},

		{"、", "张伟、李娜", "2 张伟、李娜\n! A2 一格里不止一个姓名：一人一行"},
		{"three", "张伟、李娜、王芳", "2 张伟、李娜、王芳\n! A2 一格里不止一个姓名：一人一行"},
		{"a wide comma", "张伟，李娜", "2 张伟，李娜\n! A2 一格里不止一个姓名：一人一行"},
		{"a comma", `"张伟,李娜"`, "2 张伟,李娜\n! A2 一格里不止一个姓名：一人一行"},
		{"a stroke", "张伟/李娜", "2 张伟/李娜\n! A2 一格里不止一个姓名：一人一行"},
		{"a wide stroke", "张伟／李娜", "2 张伟／李娜\n! A2 一格里不止一个姓名：一人一行"},
		{"a semicolon", "张伟;李娜", "2 张伟;李娜\n! A2 一格里不止一个姓名：一人一行"},
		{"a wide semicolon", "张伟； 李娜", "2 张伟；李娜\n! A2 一格里不止一个姓名：一人一行"},
		{"a sign for and", "张伟＆李娜", "2 张伟＆李娜\n! A2 一格里不止一个姓名：一人一行"},
		{"a dash, which some write for the point", "张伟-李娜", "2 张伟-李娜\n? A2 姓名里有“-”"},
		{"a blank", "张伟 李娜", "2 张伟李娜\n? A2 姓名里有空格或换行，像是两个姓名：一人一行"},
		{"a wide blank", "张伟　李娜", "2 张伟李娜\n? A2 姓名里有空格或换行，像是两个姓名：一人一行"},
		{"a line break", "\"张伟\n李娜\"", "2 张伟李娜\n? A2 姓名里有空格或换行，像是两个姓名：一人一行"},
		{"和", "张伟和李娜", "2 张伟和李娜\n? A2 像是不止一人：“和”"},
		{"及", "张伟及家属", "2 张伟及家属\n? A2 像是不止一人：“及”"},
		{"与", "张伟与李娜", "2 张伟与李娜\n? A2 像是不止一人：“与”"},
		{"a couple", "张伟夫妇", "2 张伟夫妇\n? A2 像是不止一人：“夫妇”"},
		{"and others", "张伟等三人", "2 张伟等三人\n? A2 像是不止一人：“等”"},

		{"a remark", "张伟（户主）", "2 张伟（户主）\n? A2 姓名里有括注“户主”：照原样读入，括注宜移到备注"},
		{"in narrow brackets", "张伟(已故)", "2 张伟(已故)\n? A2 姓名里有括注“已故”：照原样读入，括注宜移到备注"},
		{"in other brackets", "张伟【代】", "2 张伟【代】\n? A2 姓名里有括注“代”：照原样读入，括注宜移到备注"},
		{"at the beginning", "〔低保〕张伟", "2 〔低保〕张伟\n? A2 姓名里有括注“低保”：照原样读入，括注宜移到备注"},
		{"without an end", "张伟（户主", "2 张伟（户主\n? A2 姓名里有括注“户主”：照原样读入，括注宜移到备注"},
		{"two names in brackets", "张伟（李娜、王芳）", "2 张伟（李娜、王芳）\n? A2 姓名里有括注“李娜、王芳”：照原样读入，括注宜移到备注"},
		{"two names before them", "张伟、李娜（母女）", "2 张伟、李娜（母女）\n! A2 一格里不止一个姓名：一人一行"},

		{"a mark at the end", "张伟、", "2 张伟、\n? A2 姓名里有“、”"},
		{"a colon", "户主：张伟", "2 户主：张伟\n? A2 姓名里有“：”"},
		{"quotes", "“张伟”", "2 “张伟”\n? A2 姓名里有““”"},
		{"a comma of Latin letters", `"Smith, John"`, "2 Smith,John\n? A2 姓名里有“,”"},
		{"nothing but marks", "——", "2 ——\n? A2 姓名里有“—”"},
	} {
		t.Run(x.name, func(t *testing.T) {
			got := summary(understood(t, "姓名,金额\n"+x.cell+",1\n", Options{}))
			if got = strings.Replace(got, " 1.00", "", 1); got != x.want {
				t.Errorf("%s\nwant\n%s", got, x.want)
			}
		})
	}
}

// An institution or a group is called as it is called, also with a place in
// brackets; whoever takes the money is one person.
func TestNamesOfOthers(t *testing.T) {
	for _, x := range []struct{ name, text, want string }{
		{"an institution", "对象,姓名,金额\n机构,某县敬老院（东院）,1\n", "2 某县敬老院（东院） 1.00"},
		{"a group", "对象,姓名,人数,金额\n集体,一组、二组五保户,3,1\n", "2 一组、二组五保户 1.00"},
		{"a list of institutions", "单位名称,金额\n城关镇、东乡联合敬老院（东院）,1\n", "2 城关镇、东乡联合敬老院（东院） 1.00"},
		{"a payee", "姓名,金额,收款人\n张小,1,张大、李四\n", "2 张小 1.00 → 张大、李四\n! C2 一格里不止一个姓名：一人一行"},
	} {
		if got := summary(understood(t, x.text, Options{})); got != x.want {
			t.Errorf("%s:\n%s\nwant\n%s", x.name, got, x.want)
		}
	}
}
