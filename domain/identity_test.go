package domain

import (
	"errors"
	"strings"
	"testing"
)

func TestResidentNumber(t *testing.T) {
	for _, c := range []struct {
		text, want string
		code       *Code
		warning    string
	}{
		{"11010519491231002X", "11010519491231002X", nil, ""},
		{"11010519491231002x", "11010519491231002X", nil, ""},
		{"１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X", nil, ""},
		{"110105 19491231\n002X", "11010519491231002X", nil, ""},
		{"110105491231002", "11010519491231002X", nil, "resident-number-15"},
		{"110105194912310021", "", NumberCheck, ""},
		{"110105194902300029", "", NumberCheck, ""},
		{"1.10105194912310E+17", "", NumberFloat, ""},
		{"110105194912310000.0", "", NumberFloat, ""},
		{"1101051949123100", "", NumberLength, ""},
		{"", "", NumberLength, ""},
		{"不知道", "", NumberLength, ""},
	} {
		got, warnings, err := ResidentNumber(c.text)
		if got != c.want || c.code == nil && err != nil || c.code != nil && !errors.Is(err, c.code) {
			t.Errorf("%q: %q, %v", c.text, got, err)
		}
		if c.warning != "" && (len(warnings) == 0 || warnings[0].Code != c.warning) {
			t.Errorf("%q: warnings %v", c.text, warnings)
		}
		if err != nil && len(c.text) > 10 && strings.Contains(err.Error(), c.text) {
			t.Errorf("the refusal lets the number out: %v", err)
		}
	}
}

func TestUnassignedDivisionIsAWarning(t *testing.T) {
	n := "99010119900101001"
	n += string(numberCheck(n))
	got, warnings, err := ResidentNumber(n)
	if err != nil || got != n || len(warnings) != 1 || warnings[0] != DivisionUnknown {
		t.Errorf("%q %v %v", got, warnings, err)
	}
}

func TestCodes(t *testing.T) {
	if c, err := CreditCode("91350100m000100y43"); err != nil || c != "91350100M000100Y43" {
		t.Errorf("%s %v", c, err)
	}
	for _, bad := range []string{"91350100M000100Y44", "91350100I000100Y43", "", "9"} {
		if _, err := CreditCode(bad); !errors.Is(err, CreditWrong) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if name, ok := DivisionName("410527"); !ok || name != "河南省安阳市内黄县" {
		t.Errorf("%q", name)
	}
	if _, w, err := DivisionCode("999999"); err != nil || len(w) != 1 {
		t.Errorf("%v %v", w, err)
	}
	if _, _, err := DivisionCode("41052"); !errors.Is(err, DivisionWrong) {
		t.Errorf("%v", err)
	}
	if n, w, err := BankAccount("6222 0000 0000 0000 003"); err != nil || n != "6222000000000000003" {
		t.Errorf("%q %v %v", n, w, err)
	}
	if _, _, err := BankAccount("6.222E+18"); !errors.Is(err, NumberFloat) {
		t.Errorf("%v", err)
	}
}

func TestMasks(t *testing.T) {
	for name, want := range map[string]string{"": "", "张": "*", "张三": "张*", "张三丰": "张*丰", "阿依古丽·买买提": "阿******提", "𠮷田": "𠮷*"} {
		if got := MaskName(name); got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
}

func FuzzResidentNumber(f *testing.F) {
	f.Add("11010519491231002X")
	f.Add("1e17")
	f.Fuzz(func(t *testing.T, s string) {
		if n, _, err := ResidentNumber(s); err == nil && (len(n) != 18 || BirthDay(n) == 0) {
			t.Fatalf("%q gives %q", s, n)
		}
		_, _, _ = BankAccount(s)
		_, _ = CreditCode(s)
		_, _, _ = DivisionCode(s)
	})
}
