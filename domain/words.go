package domain

import "strings"

const capitals = "零壹贰叁肆伍陆柒捌玖"

var (
	capital = []rune(capitals)
	units   = []string{"", "拾", "佰", "仟"}
)

// Words writes the amount in capital Chinese numerals (大写), as cheques and
// vouchers have it: 16,409.02 is 人民币壹万陆仟肆佰零玖元零贰分.
func (f Fen) Words() string {
	var b strings.Builder
	b.WriteString("人民币")
	if f < 0 {
		b.WriteString("负")
		f = -f
	}
	yuan, jiao, fen := int64(f/100), int64(f/10%10), int64(f%10)
	whole := integerWords(yuan)
	if whole != "" {
		b.WriteString(whole + "元")
	}
	switch {
	case jiao == 0 && fen == 0:
		if whole == "" {
			b.WriteString("零元")
		}
		b.WriteString("整")
	case jiao == 0:
		if whole != "" {
			b.WriteString("零")
		}
		b.WriteString(string(capital[fen]) + "分")
	default:
		// A zero at the end of the yuan is said before 角.
		if whole != "" && yuan%10 == 0 {
			b.WriteString("零")
		}
		b.WriteString(string(capital[jiao]) + "角")
		if fen > 0 {
			b.WriteString(string(capital[fen]) + "分")
		}
	}
	return b.String()
}

// integerWords says whole yuan in groups of four digits; one 零 stands for any
// zeros between two digits.
func integerWords(n int64) string {
	var groups []int64
	for ; n > 0; n /= 10_000 {
		groups = append(groups, n%10_000)
	}
	var b strings.Builder
	zero := false
	for g := len(groups) - 1; g >= 0; g-- {
		said := false
		for place, unit := 3, int64(1000); place >= 0; place, unit = place-1, unit/10 {
			d := groups[g] / unit % 10
			if d == 0 {
				zero = zero || b.Len() > 0
				continue
			}
			if zero {
				b.WriteString("零")
				zero = false
			}
			b.WriteString(string(capital[d]) + units[place])
			said = true
		}
		if said {
			b.WriteString(groupName(g))
			zero = false // zeros at the end of a group are not said
		} else if g == 2 && len(groups) == 4 {
			b.WriteString("亿")
		}
	}
	return b.String()
}

// groupName is what follows a group of four digits. After the fourth group, 万亿, it is
// only 万, because the group below writes 亿.
func groupName(g int) string { return []string{"", "万", "亿", "万"}[g] }

// ParseWords reads an amount in capital numerals: the spelling of Words, with
// or without 人民币, with 圆 or 元, 正 or 整, and with 整 after 角.
func ParseWords(s string) (Fen, error) {
	text := strings.TrimSpace(s)
	if len(text) > maxAmountText {
		return 0, refuse(AmountUnreadable, clip(s))
	}
	text = strings.TrimPrefix(text, "人民币")
	text = strings.NewReplacer("圆", "元", "正", "整").Replace(text)
	negative := false
	if rest, ok := strings.CutPrefix(text, "负"); ok {
		negative, text = true, rest
	}
	fen, ok := readWords(text)
	if !ok {
		return 0, refuse(AmountUnreadable, clip(s))
	}
	// Only one spelling is right: what was read must be written the same way,
	// except for 整, which may be missing or follow 角.
	canonical := strings.TrimPrefix(Fen(fen).Words(), "人民币")
	if strings.TrimSuffix(text, "整") != strings.TrimSuffix(canonical, "整") || strings.HasSuffix(text, "分整") || negative && fen == 0 {
		return 0, refuse(AmountUnreadable, clip(s))
	}
	if negative {
		fen = -fen
	}
	return fen, nil
}

// readWords adds up numerals and units. It accepts spellings that its caller refuses.
func readWords(text string) (Fen, bool) {
	var total, section, digit int64 // yuan; below 万; the last numeral
	var fen int64
	done := false
	for _, r := range text {
		if i := strings.IndexRune(capitals, r); i >= 0 {
			digit = int64(i / len("零"))
			continue
		}
		switch r {
		case '拾', '佰', '仟':
			section += digit * map[rune]int64{'拾': 10, '佰': 100, '仟': 1000}[r]
		case '万':
			total += (section + digit) * 10_000
			section = 0
		case '亿':
			total = (total + section + digit) * 100_000_000
			section = 0
		case '元':
			total += section + digit
			section, done = 0, true
		case '角':
			fen += digit * 10
			done = true
		case '分':
			fen += digit
			done = true
		case '整':
		default:
			return 0, false
		}
		digit = 0
		if total > MaxFen/100 || section > MaxFen/100 {
			return 0, false
		}
	}
	sum := total*100 + fen
	return Fen(sum), done && digit == 0 && section == 0 && sum <= MaxFen
}
