package sheets

import (
	"strings"
	"unicode"
)

// name reads a name: 张  三 is 张三, and the points of minorities' names are one.
func (p *rowReader) name(c Column) string {
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
	return b.String()
}
