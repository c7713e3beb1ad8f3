package domain

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// divisions.csv has the administrative divisions of province, city and county
// (GB/T 2260): code and name, from
// github.com/modood/Administrative-divisions-of-China (WTFPL, November 2024).
//
//go:embed divisions.csv
var divisionsCSV string

// Warning says what is unusual about a value that is accepted all the same.
type Warning struct {
	Code, Zh, En string
}

// The warnings of this package.
var (
	OldNumber       = Warning{"resident-number-15", "15 位旧身份证号", "an old resident number of 15 digits"}
	DivisionUnknown = Warning{"division-unknown", "行政区划代码不在现行代码表", "the division code is not in the present table"}
	LuhnFails       = Warning{"bank-account-luhn", "卡号校验位不符（存折和部分社保账户不适用）", "the card number's check digit is wrong (passbooks and some accounts have none)"}
)

// Refusals about identity. They never carry a whole number.
var (
	NumberLength  = newCode(0, "resident-number-length", "身份证号应为 18 位（或 15 位）：{number} 有 {length} 位", "a resident number has 18 (or 15) characters: {number} has {length}")
	NumberCheck   = newCode(0, "resident-number-check", "身份证号校验位不符：{number}", "the resident number's check character is wrong: {number}")
	NumberDate    = newCode(0, "resident-number-date", "身份证号中没有这个出生日期：{number}", "the resident number has a date of birth that does not exist: {number}")
	NumberFloat   = newCode(0, "number-was-float", "号码曾被当作数值保存，末位已丢失，请从原件重录：{number}", "the number was kept as a floating-point number and has lost its last digits: enter it from the papers: {number}")
	CreditWrong   = newCode(0, "credit-code-wrong", "统一社会信用代码有误：{code}", "the unified social credit code is wrong: {code}")
	DivisionWrong = newCode(0, "division-code-wrong", "行政区划代码有误：{code}", "the division code is wrong: {code}")
	AccountWrong  = newCode(0, "account-wrong", "银行账号应为 8 至 32 位数字：{account}", "a bank account has 8 to 32 digits: {account}")
)

// wasFloat recognises a number that a spreadsheet kept as a float.
var wasFloat = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?[eE]\+?[0-9]+$|^[0-9]+\.[0-9]+$`)

// squeeze removes blanks and line breaks, and turns full-width digits into plain ones.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' {
			return -1
		}
		return r
	}, ascii(s))
}

// MaskNumber keeps the first three and last two characters of a number.
func MaskNumber(s string) string {
	r := []rune(s)
	if len(r) <= 5 {
		return strings.Repeat("*", len(r))
	}
	return string(r[:3]) + strings.Repeat("*", min(len(r)-5, 20)) + string(r[len(r)-2:])
}

// MaskName keeps the first and last character of a name: 张*丰, and of a short
// one the first.
func MaskName(name string) string {
	r := []rune(strings.TrimSpace(name))
	switch len(r) {
	case 0:
		return ""
	case 1:
		return "*"
	case 2:
		return string(r[0]) + "*"
	}
	return string(r[0]) + strings.Repeat("*", len(r)-2) + string(r[len(r)-1])
}

// ResidentNumber reads a resident identity number (GB 11643) and returns it with 18
// characters; one of the old 15 digits is converted. The check character and the
// date of birth must be right. A division code that is not in today's table is only
// a warning, because codes change over the years.
func ResidentNumber(s string) (normal string, warnings []Warning, err error) {
	n := strings.ToUpper(squeeze(s))
	if wasFloat.MatchString(strings.ToUpper(n)) {
		return "", nil, refuse(NumberFloat, MaskNumber(n))
	}
	if len(n) == 15 && digits(n) {
		n = n[:6] + "19" + n[6:]
		n += string(numberCheck(n))
		warnings = append(warnings, OldNumber)
	}
	if len(n) != 18 {
		return "", nil, refuse(NumberLength, MaskNumber(n), len([]rune(n)))
	}
	if !digits(n[:17]) || n[17] != numberCheck(n[:17]) {
		return "", nil, refuse(NumberCheck, MaskNumber(n))
	}
	if BirthDay(n) == 0 {
		return "", nil, refuse(NumberDate, MaskNumber(n))
	}
	if _, ok := DivisionName(n[:6]); !ok {
		warnings = append(warnings, DivisionUnknown)
	}
	return n, warnings, nil
}

var numberWeights = [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}

// numberCheck is the check character of 17 digits (ISO 7064 MOD 11-2).
func numberCheck(n string) byte {
	sum := 0
	for i, w := range numberWeights {
		sum += int(n[i]-'0') * w
	}
	return "10X98765432"[sum%11]
}

// BirthDay returns the date of birth in a resident number of 18 characters. It is no
// day if the number has none.
func BirthDay(number string) Day {
	if len(number) != 18 || !digits(number[6:14]) {
		return 0
	}
	d, err := ParseDay(number[6:10] + "-" + number[10:12] + "-" + number[12:14])
	if err != nil {
		return 0
	}
	return d
}

const creditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// CreditCode reads a unified social credit code (GB 32100) and refuses one whose check
// character is wrong.
func CreditCode(s string) (string, error) {
	c := strings.ToUpper(squeeze(s))
	if len(c) != 18 {
		return "", refuse(CreditWrong, clip(c))
	}
	sum, weight := 0, 1
	for i := 0; i < 18; i++ {
		v := strings.IndexByte(creditAlphabet, c[i])
		if v < 0 {
			return "", refuse(CreditWrong, clip(c))
		}
		if i < 17 {
			sum += v * weight
			weight = weight * 3 % 31
		} else if v != (31-sum%31)%31 {
			return "", refuse(CreditWrong, clip(c))
		}
	}
	return c, nil
}

var divisions = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	for line := range strings.Lines(divisionsCSV) {
		if code, name, ok := strings.Cut(strings.TrimSpace(line), ","); ok {
			names[code] = name
		}
	}
	return names
})

// DivisionCode reads a division code of 2, 4, 6, 9 or 12 digits. One that is not in
// today's table is only a warning.
func DivisionCode(s string) (string, []Warning, error) {
	c := squeeze(s)
	switch len(c) {
	case 2, 4, 6, 9, 12:
	default:
		return "", nil, refuse(DivisionWrong, clip(c))
	}
	if !digits(c) {
		return "", nil, refuse(DivisionWrong, clip(c))
	}
	if _, ok := DivisionName(c); !ok {
		return c, []Warning{DivisionUnknown}, nil
	}
	return c, nil, nil
}

// DivisionName returns the full name down to the county: 河南省安阳市内黄县.
func DivisionName(code string) (string, bool) {
	name := ""
	for _, n := range []int{2, 4, 6} {
		if len(code) < n {
			break
		}
		part, ok := divisions()[code[:n]]
		if !ok {
			return "", false
		}
		// Municipalities have a level 市辖区 between city and county, which is left
		// out of names.
		if part != "市辖区" || n == 6 {
			name += part
		}
	}
	return name, name != ""
}

// BankAccount reads an account number: digits, with blanks allowed between. A
// failing Luhn check is a warning.
func BankAccount(s string) (normal string, warnings []Warning, err error) {
	n := strings.ReplaceAll(squeeze(s), "-", "")
	if wasFloat.MatchString(n) {
		return "", nil, refuse(NumberFloat, MaskNumber(n))
	}
	if len(n) < 8 || len(n) > 32 || !digits(n) {
		return "", nil, refuse(AccountWrong, MaskNumber(n))
	}
	sum := 0
	for i := 0; i < len(n); i++ {
		d := int(n[len(n)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	if sum%10 != 0 {
		warnings = append(warnings, LuhnFails)
	}
	return n, warnings, nil
}
