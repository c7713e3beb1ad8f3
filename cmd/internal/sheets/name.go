package sheets

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"reliefledger.org/ledger/domain"
)

// name reads a name: 张  三 is 张三, and the points of minorities' names are one.
// Of a person it is asked whether it is one name and nothing else.
func (p *rowReader) name(c Column, t domain.PartyType) string {
	cell := p.cell(c)
	name := strings.TrimSpace(cell.Text)
	runes := []rune(strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch r {
		case '\u200b', '\ufeff':
			return -1
		case '•', '‧', '∙', '・', '･', '．':
			return '·'
		}
		return r
	}, name)), " "))
	var b strings.Builder
	for i, r := range runes {
		if r == ' ' && !(unicode.In(runes[i-1], unicode.Latin) && unicode.In(runes[i+1], unicode.Latin)) {
			continue
		}
		b.WriteRune(r)
	}
	p.cleaned(c, name, b.String(), "姓名去空格、统一间隔号", "a name without blanks, with one kind of point")
	if c == Name && b.Len() > 0 {
		switch {
		case strings.ContainsAny(name, "?？□�"):
			p.odd(c, name, "姓名里有“?”：疑为生僻字丢失", "a ? in the name: a rare character may have been lost")
		case strings.ContainsFunc(name, func(r rune) bool { return unicode.Is(unicode.Co, r) }):
			p.odd(c, name, "姓名含自造字，别处显示不出", "the name has a private character, which nobody else can show")
		case strings.ContainsAny(plain(name), "0123456789"):
			p.odd(c, name, "姓名里有数字", "digits in the name")
		}
	}
	institution := strings.Contains(plain(p.at[Name].text), "名称") // 单位名称, 机构名称
	if (t == domain.Person || t == domain.Household) && !institution {
		p.onlyName(c, name)
	}
	return b.String()
}

// onlyName looks for what a cell holds beside one person's name. Two names have
// no one reading: who would be paid? Whatever may be part of a name is taken as
// it is written, and said.
func (p *rowReader) onlyName(c Column, text string) {
	name, remark := withoutBrackets(text)
	persons := strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(betweenNames, r) })
	persons = slices.DeleteFunc(persons, func(s string) bool { return !strings.ContainsFunc(s, isHan) })
	blanks := strings.Fields(name)
	switch {
	case len(persons) > 1:
		p.wrong(c, text, "一格里不止一个姓名：一人一行", "more than one name in a cell: one person a row")
	case c == Name && remark != "":
		p.odd(c, text, "姓名里有括注“"+shown(remark)+"”：照原样读入，括注宜移到备注", "a remark in brackets in the name ("+shown(remark)+"): taken as it is; its place is the column of remarks")
	case len(blanks) > 1 && !slices.ContainsFunc(blanks, func(s string) bool { return !soundsWhole.MatchString(s) }) && !slices.Contains(doubleSurnames, blanks[0]):
		p.odd(c, text, "姓名里有空格或换行，像是两个姓名：一人一行", "a blank or a line break in the name, which looks like two names: one person a row")
	default:
		if m := severalPeople.FindStringSubmatch(strings.Join(blanks, "")); m != nil && !slices.Contains(doubleSurnames, m[1]) {
			word := m[2] + m[3] + m[4]
			p.odd(c, text, "像是不止一人：“"+word+"”", "it looks like more than one person: "+word)
		} else if i := strings.IndexFunc(text, func(r rune) bool { return isMark(r) && (r != '-' || strings.ContainsFunc(text, isHan)) }); c == Name && i >= 0 {
			mark, _ := utf8.DecodeRuneInString(text[i:])
			p.odd(c, text, fmt.Sprintf("姓名里有“%c”", mark), fmt.Sprintf("a %c in the name", mark))
		}
	}
}

// betweenNames are what people write between names. A dash is none: some write
// it for the point of minorities' names.
const betweenNames = "、,，;；/／\\＼|｜&＆+＋"

// The brackets around remarks.
const (
	openers = "(（[［【〔〖{｛<＜《〈"
	closers = ")）]］】〕〗}｝>＞》〉"
)

// withoutBrackets takes what stands in brackets out of a name.
func withoutBrackets(s string) (name, inside string) {
	var out, in strings.Builder
	depth := 0
	for _, r := range s {
		switch {
		case strings.ContainsRune(openers, r):
			depth++
		case strings.ContainsRune(closers, r):
			depth = max(0, depth-1)
		case depth > 0:
			in.WriteRune(r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String(), strings.TrimSpace(in.String())
}

// soundsWhole is what may be a whole name by itself: 欧阳 is, and 张 is not.
var soundsWhole = regexp.MustCompile(`^\p{Han}{2,4}$`)

// severalPeople is how several people are called by one name: 张伟和李娜,
// 张伟等三人, 张伟夫妇. 和 and 及 are surnames, and in names; so a name stands on
// each side of them, which a point of minorities' names does not.
var severalPeople = regexp.MustCompile(`^(\p{Han}{2,4}?)(?:([和及与])\p{Han}{2,3}|(等)(?:.*[人户名口])?|(夫妇|夫妻|全家|一家|母子|母女|父子|父女|兄弟|姐妹|姊妹|家属))$`)

// doubleSurnames are the commoner surnames of two characters.
var doubleSurnames = []string{"欧阳", "上官", "司马", "诸葛", "夏侯", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "司空", "端木", "长孙", "宇文", "南宫", "独孤", "轩辕", "闻人", "澹台", "公冶", "淳于", "单于", "申屠", "钟离", "西门", "百里", "呼延", "拓跋", "完颜", "纳兰", "赫连"}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }

// isMark says whether a character is a sign that no name has. Lost characters
// are said elsewhere.
func isMark(r rune) bool {
	return (unicode.IsPunct(r) || unicode.IsSymbol(r)) && !strings.ContainsRune("·•‧∙・･．.'’?？□\ufffd", r)
}
