package sheets

import (
	"slices"
	"strings"
	"unicode"
)

// Column is what a column of a roster means.
type Column string

// What columns mean. In a file each has many names.
const (
	Name       Column = "姓名"
	Number     Column = "身份证号"
	Amount     Column = "金额"
	InWords    Column = "大写金额" // checked against the amount
	Form       Column = "形式"
	Item       Column = "物资"
	Quantity   Column = "数量"
	Account    Column = "账号"
	Phone      Column = "电话"
	Address    Column = "地址"
	Category   Column = "类别"
	Group      Column = "组别"
	Period     Column = "享受期"
	Type       Column = "对象"
	People     Column = "人数"
	Disclosure Column = "公开"
	Nomination Column = "推荐"
	Payee      Column = "收款人"
	Why        Column = "代领原因"
	Note       Column = "备注"
	Unused     Column = "-"
)

// headings are the names of columns, without blanks, units and what stands in
// brackets at the end. The first is the column's own.
var headings = map[Column][]string{
	Name:       {"姓名", "名字", "单位名称", "机构名称", "name"},
	Number:     {"身份证号", "身份证号码", "身份证", "身份证件号码", "公民身份号码", "公民身份证号码", "居民身份证号", "居民身份证号码", "证件号码", "证件号", "身份号码", "统一社会信用代码", "社会信用代码", "number", "idnumber"},
	Amount:     {"金额", "发放金额", "补助金额", "救助金额", "实发金额", "应发金额", "实发", "应发", "补贴金额", "慰问金额", "资助金额", "救济金额", "发放资金", "补助资金", "救助资金", "救助金", "补助金", "慰问金", "慰问金标准", "助学金", "资金", "合计金额", "总金额", "合计", "小写", "小写金额", "金额小写", "amount"},
	InWords:    {"大写金额", "大写", "金额大写"},
	Form:       {"形式", "发放形式", "发放方式", "form"},
	Item:       {"物资", "实物", "物品", "物资名称", "item"},
	Quantity:   {"数量", "quantity"},
	Account:    {"账号", "卡号", "银行账号", "银行卡号", "银行卡账号", "一卡通账号", "一卡通卡号", "一卡通", "社保卡号", "社会保障卡号", "社保卡账号", "存折账号", "开户账号", "帐号", "银行帐号", "收款账号", "account"},
	Phone:      {"电话", "联系电话", "电话号码", "手机", "手机号", "手机号码", "联系方式", "phone"},
	Address:    {"地址", "住址", "家庭住址", "家庭地址", "详细地址", "address"},
	Category:   {"类别", "对象类别", "人员类别", "救助类别", "困难类别", "困难类型", "category"},
	Group:      {"组别", "企业", "村(居)", "村居", "村", "行政村", "村名", "村委会", "村(社区)", "社区", "组", "村民小组", "村组", "所在单位", "工作单位", "乡镇", "group"},
	Period:     {"享受期", "期间", "享受期间", "发放月份", "月份", "period"},
	Type:       {"对象", "对象类型", "type"},
	People:     {"人数", "people"},
	Disclosure: {"公开", "公开方式"},
	Nomination: {"推荐", "推荐序号"},
	Payee:      {"户名", "开户名", "账户名", "账户名称", "开户人"},
	Why:        {"代领原因", "代领说明"},
	Note:       {"备注", "说明", "note"},
	Unused:     {"序号", "编号", "no", "no."},
}

var headingMeans = func() map[string]Column {
	m := map[string]Column{}
	for c, names := range headings {
		for _, n := range names {
			m[n] = c
		}
	}
	return m
}()

// ColumnNamed returns what a column means by any of its names; "-" is
// [Unused].
func ColumnNamed(name string) (Column, bool) {
	if name == string(Unused) {
		return Unused, true
	}
	c, ok := headingMeans[plain(name)]
	return c, ok && c != Unused
}

// role is whom a column is about where a row has several people: the sooner in
// the list, the likelier it is who benefits.
type role int

var roleNames = [][]string{
	{""},
	{"享受人", "受助人", "受益人", "救助对象", "补助对象", "慰问对象", "困难职工", "职工", "学生", "申请人", "本人"},
	{"户主"},
	{"领款人", "领取人"},
	{"收款人"},
}

// payees is from which role on somebody only takes the money.
const payees role = 3

// heading is how a heading was understood.
type heading struct {
	text  string // as it stands there, joined over the header rows
	means Column // Unused: it has no place in the ledger
	role  role
	wan   bool // amounts in 万元
}

// plain makes a heading or a label comparable: no blanks, plain digits and
// brackets, lower case.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '　' || unicode.IsSpace(r) || unicode.IsControl(r) || r == '*' || r == '\ufeff' || r == '\u200b':
			return -1
		case r >= '！' && r <= '～':
			r = r - '！' + '!'
		}
		return unicode.ToLower(r)
	}, s)
}

// unbracket cuts what stands in brackets at the end: 金额(元) is 金额.
func unbracket(s string) (rest, inside string) {
	if !strings.HasSuffix(s, ")") {
		return s, ""
	}
	i := strings.LastIndex(s, "(")
	if i <= 0 {
		return s, ""
	}
	return s[:i], s[i+1 : len(s)-1]
}

// isUnit says whether a heading is only the unit of the one above: (元).
func isUnit(name string) bool {
	return name == "元" || name == "万元" || strings.HasPrefix(name, "(") && strings.HasSuffix(name, ")")
}

// readHeading understands a heading of one or more header rows, outermost first.
func readHeading(levels []string) heading {
	h := heading{text: strings.Join(levels, " "), means: Unused}
	var names []string
	for _, l := range levels {
		n := plain(l)
		rest, inside := unbracket(n)
		h.wan = h.wan || strings.Contains(inside, "万元") || strings.HasSuffix(n, "万元") || n == "(万元)"
		if isUnit(n) {
			continue
		}
		if _, known := headingMeans[n]; !known {
			n = rest
		}
		for _, unit := range []string{"/万元", "/元", "万元"} {
			n = strings.TrimSuffix(n, unit)
		}
		names = append(names, n)
	}
	if len(names) == 0 {
		return h
	}
	// The innermost name first; then with its group's, then the group's alone.
	last := names[len(names)-1]
	tries := []string{last}
	if len(names) > 1 {
		outer := names[len(names)-2]
		tries = append(tries, outer+last)
		if last == "合计" && !strings.ContainsAny(outer, "金款资补助发") {
			tries = tries[1:] // 合计 under 人数 is no amount
		}
	}
	for _, name := range tries {
		if h.means, h.role = meaning(name); h.means != "" {
			break
		}
	}
	if h.means == "" {
		h.means = Unused
		return h
	}
	if h.role == 0 {
		for _, outer := range names[:len(names)-1] {
			if r := roleOf(outer); r > 0 {
				h.role = r
			}
		}
	}
	return h
}

// meaning looks a heading up, by itself or after whom it is about.
func meaning(name string) (Column, role) {
	if c, ok := headingMeans[name]; ok {
		return c, 0
	}
	for r, names := range roleNames {
		for _, n := range names {
			rest, ok := strings.CutPrefix(name, n)
			if n == "" || !ok {
				continue
			}
			if rest == "" {
				return Name, role(r)
			}
			if c := headingMeans[rest]; c == Name || c == Number || c == Account || c == Phone || c == Address {
				return c, role(r)
			}
		}
	}
	return "", 0
}

func roleOf(outer string) role {
	for r, names := range roleNames[1:] {
		if slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(outer, n) }) {
			return role(r + 1)
		}
	}
	return 0
}

// amountRank says which of several amounts is what people get: 实发 before a
// sum of parts before any other before 应发.
func amountRank(text string) int {
	name := plain(text)
	switch {
	case strings.Contains(name, "实发"):
		return 0
	case strings.Contains(name, "合计"), strings.Contains(name, "总金额"):
		return 1
	case strings.Contains(name, "应发"):
		return 3
	}
	return 2
}
