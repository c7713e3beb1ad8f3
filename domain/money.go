package domain

import (
	"encoding/json"
	"math/bits"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// Fen is an amount of money in whole fen (0.01 yuan). Sums and differences stay exact:
// no amount is ever a float (rule 6).
type Fen int64

// MaxFen is the largest amount that a ledger holds: 2^53-1 fen. Every JSON reader
// reads it exactly.
const MaxFen = 1<<53 - 1

// Refusals about amounts.
var (
	AmountUnreadable = newCode(6, "amount-unreadable", "看不懂的金额：“{amount}”", "not an amount of money: {amount}")
	AmountTooFine    = newCode(6, "amount-too-fine", "金额不得小于分：“{amount}”", "an amount has no more than two decimals: {amount}")
	AmountTooLarge   = newCode(6, "amount-too-large", "金额超出账簿范围：“{amount}”", "the amount is larger than a ledger can hold: {amount}")
	AmountNotText    = newCode(6, "amount-not-text", "金额须写成文本，不得写成 JSON 数字：{amount}", "an amount is text, not a JSON number, which may have been a float: {amount}")
	SplitImpossible  = newCode(6, "split-impossible", "不能按此拆分：{parts}", "this cannot be split so: {parts}")
)

// ascii turns full-width digits and signs into plain ones.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '　':
			return ' '
		case r == '￥':
			return '¥'
		}
		return r
	}, s)
}

// maxAmountText bounds what ParseFen looks at; the longest amount in words has
// fewer than 150 bytes.
const maxAmountText = 200

// ParseFen reads an amount in yuan as people write it: "245,600.00", "¥1,300",
// "11.71万元", "６００元", or in words (大写). It refuses amounts finer than a fen,
// exponents, misplaced commas and amounts beyond [MaxFen] (rule 6).
func ParseFen(s string) (Fen, error) {
	text := strings.TrimSpace(ascii(s))
	if text == "" || len(text) > maxAmountText {
		return 0, refuse(AmountUnreadable, clip(s))
	}
	if strings.ContainsAny(text, "零壹贰叁肆伍陆柒捌玖整正角分") || strings.HasPrefix(text, "人民币") && strings.ContainsAny(text, "圆元") && !strings.ContainsAny(text, "0123456789") {
		return ParseWords(text)
	}
	negative := false
	number := text
	for _, sign := range []string{"-", "负", "−"} {
		if rest, ok := strings.CutPrefix(number, sign); ok {
			negative, number = true, rest
			break
		}
	}
	for _, prefix := range []string{"人民币", "¥", "CNY", "RMB"} {
		number = strings.TrimSpace(strings.TrimPrefix(number, prefix))
	}
	number = strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(number, "元"), "圆"))
	exponent := int32(2) // to fen
	if rest, ok := strings.CutSuffix(number, "亿"); ok {
		number, exponent = rest, 10
	} else if rest, ok := strings.CutSuffix(number, "万"); ok {
		number, exponent = rest, 6
	}
	number, ok := plainNumber(strings.TrimSpace(number))
	if !ok {
		return 0, refuse(AmountUnreadable, clip(s))
	}
	d, err := decimal.NewFromString(number)
	if err != nil {
		return 0, refuse(AmountUnreadable, clip(s))
	}
	d = d.Shift(exponent)
	if !d.IsInteger() {
		return 0, refuse(AmountTooFine, clip(s))
	}
	if d.GreaterThan(decimal.NewFromInt(MaxFen)) {
		return 0, refuse(AmountTooLarge, clip(s))
	}
	fen := Fen(d.IntPart())
	if negative {
		fen = -fen
	}
	return fen, nil
}

// plainNumber accepts digits with at most one point, and commas only between
// groups of three; it returns the number without commas.
func plainNumber(s string) (string, bool) {
	whole, fraction, point := strings.Cut(s, ".")
	if point && (fraction == "" || !digits(fraction)) || len(s) > 40 {
		return "", false
	}
	if groups := strings.Split(whole, ","); len(groups) > 1 {
		for i, g := range groups {
			if !digits(g) || i == 0 && (len(g) < 1 || len(g) > 3) || i > 0 && len(g) != 3 {
				return "", false
			}
		}
		whole = strings.Join(groups, "")
	}
	if !digits(whole) {
		return "", false
	}
	if point {
		return whole + "." + fraction, true
	}
	return whole, true
}

func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// clip keeps a wrong input short enough for a sentence.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

func (f Fen) decimal() decimal.Decimal { return decimal.New(int64(f), -2) }

// Plain writes yuan with two decimals and nothing else: "245600.00".
func (f Fen) Plain() string { return f.decimal().StringFixed(2) }

// String writes yuan for people: "245,600.00".
func (f Fen) String() string { return commas(f.Plain()) }

func commas(plain string) string {
	sign := ""
	if plain[0] == '-' {
		sign, plain = "-", plain[1:]
	}
	whole, fraction, _ := strings.Cut(plain, ".")
	var b strings.Builder
	b.WriteString(sign)
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	if fraction != "" {
		b.WriteString("." + fraction)
	}
	return b.String()
}

// Wan writes an amount of 10,000 yuan and more in units of 万元, exactly
// ("11.71万元"), and a smaller one in 元 ("7,000.00元").
func (f Fen) Wan() string {
	if f < 1_000_000 && f > -1_000_000 {
		return f.String() + "元"
	}
	return decimal.New(int64(f), -6).String() + "万元"
}

// AddFen adds two amounts; ok is false if an amount or the sum is beyond [MaxFen].
func AddFen(a, b Fen) (sum Fen, ok bool) {
	if a > MaxFen || a < -MaxFen || b > MaxFen || b < -MaxFen {
		return 0, false
	}
	sum = a + b
	return sum, sum <= MaxFen && sum >= -MaxFen
}

// Share is total x part / whole, rounded down. The caller makes sure that 0 <= part <=
// whole, whole > 0 and total >= 0.
func Share(total Fen, part, whole int64) Fen {
	hi, lo := bits.Mul64(uint64(total), uint64(part))
	q, _ := bits.Div64(hi, lo, uint64(whole))
	return Fen(q)
}

// Split divides an amount into n equal shares. If it cannot be divided evenly, the
// first ones are a fen larger, so that every fen goes to somebody.
func (f Fen) Split(n int) ([]Fen, error) {
	if n < 1 || n > 1_000_000 || f < 0 {
		return nil, refuse(SplitImpossible, n)
	}
	weights := make([]int64, n)
	for i := range weights {
		weights[i] = 1
	}
	return SplitBy(f, weights)
}

// SplitBy divides an amount by weights. Each share is rounded down to a fen. The fen
// that are left go, one each, to the shares that lost most by rounding, and among equal
// ones to the earlier.
func SplitBy(total Fen, weights []int64) ([]Fen, error) {
	var sum int64
	for _, w := range weights {
		if w < 0 || w > 1<<40 || len(weights) > 1_000_000 {
			return nil, refuse(SplitImpossible, w)
		}
		sum += w
	}
	if sum == 0 || total < 0 || total > MaxFen {
		return nil, refuse(SplitImpossible, total)
	}
	shares := make([]Fen, len(weights))
	order := make([]int, len(weights))
	rests := make([]uint64, len(weights))
	left := total
	for i, w := range weights {
		hi, lo := bits.Mul64(uint64(total), uint64(w))
		q, r := bits.Div64(hi, lo, uint64(sum))
		shares[i], rests[i], order[i] = Fen(q), r, i
		left -= shares[i]
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case rests[a] > rests[b]:
			return -1
		case rests[a] < rests[b]:
			return 1
		}
		return 0
	})
	for _, i := range order[:left] {
		shares[i]++
	}
	return shares, nil
}

// Yuan is an amount as a command writes it: JSON text in yuan, "245600.00".
type Yuan Fen

// Fen returns the amount in fen.
func (y Yuan) Fen() Fen { return Fen(y) }

// MarshalText writes the plain form.
func (y Yuan) MarshalText() ([]byte, error) { return []byte(Fen(y).Plain()), nil }

// UnmarshalText reads what ParseFen reads.
func (y *Yuan) UnmarshalText(text []byte) error {
	f, err := ParseFen(string(text))
	*y = Yuan(f)
	return err
}

// UnmarshalJSON reads JSON text. It refuses a JSON number, which may have been a float.
func (y *Yuan) UnmarshalJSON(text []byte) error {
	s, err := jsonText(text)
	if err != nil {
		return err
	}
	return y.UnmarshalText([]byte(s))
}

// MarshalJSON writes JSON text.
func (y Yuan) MarshalJSON() ([]byte, error) { return json.Marshal(Fen(y).Plain()) }

func jsonText(text []byte) (string, error) {
	if len(text) == 0 || text[0] != '"' {
		return "", refuse(AmountNotText, clip(string(text)))
	}
	var s string
	err := json.Unmarshal(text, &s)
	return s, err
}
