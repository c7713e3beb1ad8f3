package sheets

import (
	"fmt"
	"strings"
	"testing"

	"reliefledger.org/ledger/domain"
)

// understood reads a roster of text.
func understood(t *testing.T, text string, opts Options) *Roster {
	t.Helper()
	g, err := Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if opts.Form == "" {
		opts.Form = domain.Cash
	}
	return Understand(g, opts)
}

// summary is what a table of tests says of a roster: its rows, and after ! its
// errors, after ? its warnings.
func summary(r *Roster) string {
	var parts []string
	for _, row := range r.Rows {
		text := fmt.Sprintf("%d %s", row.Row, row.Name)
		if row.Group != "" {
			text += "@" + row.Group
		}
		for _, g := range row.Give {
			if g.Amount > 0 {
				text += " " + g.Amount.Fen().Plain()
			}
			for _, i := range g.Items {
				text += " " + i.Item
			}
		}
		if row.Payee != "" {
			text += " → " + row.Payee
		}
		parts = append(parts, text)
	}
	for _, p := range r.Errors {
		parts = append(parts, "! "+p.Cell+" "+p.Zh)
	}
	for _, p := range r.Warnings {
		if p.Zh == domain.DivisionUnknown.Zh {
			continue // made-up numbers have a division that nobody has
		}
		parts = append(parts, "? "+p.Cell+" "+p.Zh)
	}
	return strings.Join(parts, "\n")
}

// What rosters look like (rules section 5), and how they are read. Each want is
// a part of the summary, or after ! what must not be in it.
func TestRosters(t *testing.T) {
	a, b, c := number(1), number(2), number(3)
	for _, x := range []struct {
		name, text string
		opts       Options
		want       []string
	}{
		{name: "every name of a column", text: "领款人,公民身份号码,救助金额(元),社保卡号,行政村\n张三," + a + ",600,,东村\n", want: []string{"2 张三@东村 600.00", "!! ", "!? "}},
		{name: "收款人 alone is the name", text: "收款人,实发金额\n张三,600元\n", want: []string{"2 张三 600.00"}},
		{name: "收款人 beside 姓名 is a payee", text: "姓名,金额,收款人\n张小,600,张大\n张大,600,张大\n", want: []string{"2 张小 600.00 → 张大", "3 张大 600.00"}},
		{name: "户主 beside 享受人 has no place", text: "户主姓名,户主身份证号,享受人姓名,享受人身份证号,金额\n张大," + a + ",张小," + b + ",600\n", want: []string{"2 张小 600.00", "? A 另一列更合适", "? B 另一列更合适", "!! "}},
		{name: "groups over the headings", text: "序号,享受人信息,,收款人信息,,金额\n,姓名,身份证号,姓名,身份证号,\n1,张小," + a + ",张大," + b + ",600\n", want: []string{"3 张小 600.00 → 张大", "!! "}},
		{name: "three header rows", text: "序号,基本情况,,发放情况,\n,姓名,村,应发,实发\n,,,（元）,（元）\n1,张三,东村,700,600\n", want: []string{"4 张三@东村 600.00", "!! "}},
		{name: "title, unit of filling, date", text: "某县救助名单\n填报单位：某乡,,2026年1月\n姓名,金额\n张三,600\n", want: []string{"4 张三 600.00", "!! "}},
		{name: "单位：万元 above", text: "救助名单,单位：万元\n姓名,金额\n张三,0.06\n李四,700元\n", want: []string{"3 张三 600.00", "4 李四 700.00"}},
		{name: "万元 in the heading", text: "姓名,金额（万元）\n张三,0.06\n合计,0.06\n", want: []string{"2 张三 600.00", "!! ", "!? "}},
		{name: "amounts in words", text: "姓名,金额\n张三,人民币陆佰元整\n李四,０.12万元\n王五,\"1,300.00\"\n", want: []string{"2 张三 600.00", "3 李四 1200.00", "4 王五 1300.00"}},
		{name: "small and large figures differ", text: "姓名,小写,大写\n张三,600,伍佰元整\n", want: []string{"! C2 大写 500.00 与小写 600.00 不符"}},
		{name: "two amounts ask", text: "姓名,补助金额,慰问金额\n张三,600,100\n", want: []string{"不止一列像“金额”：B（补助金额）、C（慰问金额）"}},
		{name: "and are answered", text: "姓名,补助金额,慰问金额\n张三,600,100\n", opts: Options{Columns: map[string]Column{"C": Amount}}, want: []string{"2 张三 100.00", "!! "}},
		{name: "or left out", text: "姓名,补助金额,慰问金额\n张三,600,100\n", opts: Options{Columns: map[string]Column{"慰问金额": Unused}}, want: []string{"2 张三 600.00", "!! "}},
		{name: "a heading nobody knows", text: "姓名,给多少\n张三,600\n", opts: Options{Columns: map[string]Column{"B": Amount}}, want: []string{"2 张三 600.00", "!! "}},
		{name: "a signature that runs on into the amounts", text: "姓名,金额\n甲,1\n制表人:某,联系电话：0372-7711110\n", want: []string{"!制表"}},
		{name: "a person among signatures", text: "姓名,身份证号,金额\n甲,,1\n合计,,1\n制表人：李某," + a + ",\n经办人：李某,,2\n会计：,李某,伍佰元整\n", want: []string{"4 制表人：李某", "5 经办人：李某 2.00", "6 会计： 500.00"}},
		{name: "signatures before a person", text: "姓名,身份证号,金额\n甲,,1\n合计,,1\n制表人：李某,,审核：\n姓名,身份证号,金额\n乙,,2\n", want: []string{"2 甲 1.00\n6 乙 2.00", "!! "}},
		{name: "a number behind a label", text: "姓名,身份证号,金额\n甲,,1\n制表人：王某,号码：" + a + ",\n", want: []string{"3 制表人：王某", "! B3 "}},
		{name: "an amount that looks like a date is none of a person", text: "姓名,身份证号,金额\n甲,,2026-1-5\n合计,,1\n", want: []string{"2 甲", "! C2 "}},
		{name: "labels in a list that goes on", text: "姓名,身份证号,金额\n制表人：李某,,审核：\n乙,,2\n", want: []string{"3 乙 2.00"}},
		{name: "subtotals and total agree", text: "姓名,金额\n甲,1\n乙,2\n小计,3\n丙,4\n小计,4\n合计,7\n制表人：某 审核人：某\n", want: []string{"!! ", "!? ", "!制表"}},
		{name: "subtotal of subtotals", text: "村,姓名,金额\n东,甲,1\n一组小计,,1\n东,乙,2\n二组小计,,2\n东村小计,,3\n合计,,3\n", want: []string{"!! ", "!? "}},
		{name: "the total is wrong", text: "姓名,金额\n甲,1\n小计,1\n乙,2\n合计,2\n", want: []string{"! B5 合计写 2.00，其上各行相加为 3.00"}},
		{name: "the subtotal is wrong", text: "姓名,金额\n甲,1\n小计,2\n合计,1\n", want: []string{"! B3 小计写 2.00，其上各行相加为 1.00"}},
		{name: "the total in a text", text: "姓名,金额\n甲,600\n合计：陆佰元整,\n", want: []string{"!! ", "!? "}},
		{name: "the total counts people", text: "姓名,金额\n甲,600\n合计2人,600\n", want: []string{"?  合计写 2 人"}},
		{name: "two tables with totals", text: "姓名,金额\n甲,1\n合计,1\n姓名,金额\n乙,2\n合计,2\n", want: []string{"2 甲 1.00\n5 乙 2.00", "!! ", "!? "}},
		{name: "a village as a row of its own", text: "姓名,身份证号,金额\n东村一组,,\n张三," + a + ",600\n", want: []string{"! C2 没有金额也没有物资"}},
		{name: "blanks, points and breaks in names", text: "姓名,金额\n\"张 \n 三\",1\n买买提•吐尔逊,2\nMary Smith,3\n", want: []string{"张三 1.00", "买买提·吐尔逊 2.00", "Mary Smith 3.00"}},
		{name: "a rare character that was lost", text: "姓名,金额\n王?,1\n", want: []string{"? A2 姓名里有“?”"}},
		{name: "id numbers as text keeps them", text: "姓名,身份证号,金额\n甲,'" + a + ",1\n乙,\"=\"\"" + b + "\"\"\",1\n丙,\t" + c + ",1\n", want: []string{"!! "}},
		{name: "an id number as a float", text: "姓名,身份证号,金额\n甲,9.90527E+17,1\n", want: []string{"! B2 号码曾被当作数值保存，末位已丢失"}},
		{name: "an id number with zeros for what was lost", text: "姓名,身份证号,金额\n甲,990527194001011000,1\n", want: []string{"! B2 号码曾被当作数值保存，末位已丢失"}},
		{name: "no number", text: "姓名,身份证号,金额\n甲,无,1\n乙,/,2\n", want: []string{"2 甲 1.00", "3 乙 2.00", "!! "}},
		{name: "the same person twice", text: "姓名,身份证号,金额\n甲," + a + ",1\n甲," + a + ",1\n", want: []string{"! B3 与第 2 行是同一人"}},
		{name: "several goods for one", text: "姓名,身份证号,物资,数量\n甲," + a + ",米,1\n甲," + a + ",油,1\n", want: []string{"!! "}},
		{name: "two periods for one", text: "姓名,身份证号,金额,月份\n甲," + a + ",1,1月\n甲," + a + ",1,2月\n", want: []string{"!! "}},
		{name: "one number, two names", text: "姓名,身份证号,金额\n甲," + a + ",1\n乙," + a + ",1\n", want: []string{"! B3 与第 2 行同号不同名：“甲”与“乙”"}},
		{name: "one account for two", text: "姓名,金额,卡号\n甲,1,999999020000000012\n乙,1,999999020000000012\n", want: []string{"? C3 与第 2 行共用账号"}},
		{name: "a card that fails Luhn", text: "姓名,金额,卡号\n甲,1,999999020000000013\n", want: []string{"? C2 卡号校验位不符", "!! "}},
		{name: "a correction", text: "更正后的名单\n姓名,金额\n甲,1\n", want: []string{"?  标题含“更正”", "!! "}},
		{name: "a correction by its file", text: "姓名,金额\n甲,1\n", opts: Options{File: "名单（更正）.csv"}, want: []string{"标题含“更正”"}},
		{name: "a formula in a text file", text: "姓名,金额\n甲,=1+1\n", want: []string{"! B2 公式没有保存的值"}},
		{name: "a control character", text: "姓名,金额\n甲\x1b[31m,1\n", want: []string{"! A2 含控制字符"}},
		{name: "rows that wait to be filled", text: "序号,姓名,金额\n1,甲,1\n2,,\n3,,0\n", want: []string{"2 甲 1.00", "!! ", "!? "}},
		{name: "half a row", text: "姓名,身份证号,金额\n甲," + a + ",\n", want: []string{"! C2 没有金额也没有物资"}},
		{name: "a number of people of a household", text: "户主姓名,人数,救助金额\n甲一,3,100\n", want: []string{"! B2 人数只写在集体的行", "用 ‹column B=-›；", "“对象”列写“集体”"}},
		{name: "and of each kind but a group", text: "姓名,对象,人数,金额\n甲,户,3,1\n某社,机构,约40,1\n乙,个人,1,1\n丙,,,1\n某组,集体,近200,1\n", want: []string{"! C2 ", "! C3 ", "! C4 ", "!C5 ", "!C6 "}},
		{name: "and left out", text: "户主姓名,人数,救助金额\n甲一,3,100\n", opts: Options{Columns: map[string]Column{"B": Unused}}, want: []string{"2 甲一 100.00", "!! "}},
		{name: "accounts, and nobody said that it is cash", text: "姓名,金额,账号\n甲,1,999999020000000012\n乙,2,\n", want: []string{"?  1 行有账号，形式却是现金"}},
		{name: "accounts, and the file says what", text: "姓名,金额,账号,形式\n甲,1,999999020000000012,现金\n乙,2,999999020000000020,银行\n", want: []string{"!? "}},
		{name: "accounts and a transfer", text: "姓名,金额,账号\n甲,1,999999020000000012\n", opts: Options{Form: domain.Bank}, want: []string{"!? "}},
		{name: "no header", text: "甲,1\n", want: []string{"没有表头"}},
		{name: "no amounts", text: "姓名,村\n甲,东村\n", want: []string{"没有金额列"}},
		{name: "a person called like a label", text: "姓名,身份证号,金额\n会计," + a + ",1\n", want: []string{"2 会计 1.00", "!! "}},
	} {
		t.Run(x.name, func(t *testing.T) {
			got := summary(understood(t, x.text, x.opts))
			for _, want := range x.want {
				if not, ok := strings.CutPrefix(want, "!"); ok && !strings.HasPrefix(want, "! ") {
					if strings.Contains(got, not) {
						t.Errorf("%q is in\n%s", not, got)
					}
				} else if !strings.Contains(got, want) {
					t.Errorf("%q is not in\n%s", want, got)
				}
			}
		})
	}
}

// Signatures below a list are nobody, in whatever column they stand.
func TestSignatures(t *testing.T) {
	for _, last := range []string{"制表人：李某,,审核：,,", "制表：李某,,审核：王某", "制表人：李某,,审核人：王某,领导：", "制表人：,李某,审核人：,王某,", "经办人：李某,,负责人：,,日期",
		"制表人：李某,审核：,负责人（签字）：,,2026年1月5日", "制表人：,审核：,李某,,日期：2026年1月", ",,2026年 月 日,,", "单位负责人：李某,联系电话：0372-7711110,,,", "单位负责人：李某,联系电话：13900000000,,,", "制表人：李某,,审核：\n,,2026/1/5"} {
		for _, total := range []string{"", "合计,,3\n"} {
			got := summary(understood(t, "姓名,身份证号,金额,账号,备注\n甲,,1,,\n乙,,2,,\n"+total+last+"\n", Options{}))
			if strings.ContainsAny(got, "!?") || strings.Count(got, "\n") != 1 {
				t.Errorf("%s after %q:\n%s", last, total, got)
			}
		}
	}
}

// A preview says of totals and forms what is so.
func TestPreviewOfTotals(t *testing.T) {
	for _, x := range []struct{ text, want, not string }{
		{"姓名,金额\n甲,1\n合计,1\n", "；1 处小计、合计相符\n形式：现金，1 行\n", "不符"},
		{"姓名,金额\n甲,1\n", "金额 1.00\n", "合计"},
		{"姓名,金额\n甲,1\n合计,2\n", "；1 处小计、合计不符\n", "相符"},
		{"姓名,金额\n甲,1\n小计,1\n乙,2\n合计,2\n", "；1 处小计、合计相符；1 处小计、合计不符\n", "未能"},
		{"姓名,身份证号,金额\n甲,,1\n合计,,1\n乙,123,\n", "；1 处小计、合计未能核对\n", "相符"},
		{"姓名,金额\n甲,1\n合计,\n", "；1 处小计、合计未能核对\n", "相符"},
		{"姓名,金额,形式\n甲,1,银行\n乙,1,\n", "形式：银行，1 行\n形式：现金，1 行\n", ""},
	} {
		var b strings.Builder
		if err := understood(t, x.text, Options{}).Preview(&b, domain.Zh); err != nil {
			t.Fatal(err)
		}
		before, _, _ := strings.Cut(b.String(), "错误 ")
		if !strings.Contains(before, x.want) || x.not != "" && strings.Contains(before, x.not) {
			t.Errorf("%q:\n%s", x.text, before)
		}
	}
}
