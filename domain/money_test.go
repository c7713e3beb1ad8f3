package domain

import (
	"encoding/json"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func TestParseFen(t *testing.T) {
	for _, c := range []struct {
		text string
		want Fen
		code *Code
	}{
		{"245,600.00", 24560000, nil},
		{"¥1,300", 130000, nil},
		{"￥1,300", 130000, nil},
		{"６００元", 60000, nil},
		{"600元", 60000, nil},
		{"11.71万元", 11710000, nil},
		{"０.12万元", 120000, nil},
		{"13万元", 13000000, nil},
		{"1.2亿", 12000000000, nil},
		{"-5.5", -550, nil},
		{"负5元", -500, nil},
		{"人民币壹万陆仟肆佰零玖元零贰分", 1640902, nil},
		{"壹仟叁佰元整", 130000, nil},
		{" 0 ", 0, nil},
		{"90071992547409.91", MaxFen, nil},
		{"90071992547409.92", 0, AmountTooLarge},
		{"999999亿元", 0, AmountTooLarge},
		{"1.001", 0, AmountTooFine},
		{"11.7100001万元", 0, AmountTooFine},
		{"1e9", 0, AmountUnreadable},
		{"1E9", 0, AmountUnreadable},
		{"NaN", 0, AmountUnreadable},
		{"Inf", 0, AmountUnreadable},
		{"", 0, AmountUnreadable},
		{"1,30.00", 0, AmountUnreadable},
		{"12,34", 0, AmountUnreadable},
		{"1.", 0, AmountUnreadable},
		{".5", 0, AmountUnreadable},
		{"--5", 0, AmountUnreadable},
		{"+5", 0, AmountUnreadable},
		{"0x10", 0, AmountUnreadable},
		{"100余万元", 0, AmountUnreadable},
		{"壹仟零叁佰元整", 0, AmountUnreadable},
	} {
		got, err := ParseFen(c.text)
		if got != c.want || c.code == nil && err != nil || c.code != nil && !errors.Is(err, c.code) {
			t.Errorf("%q: %d, %v", c.text, got, err)
		}
	}
}

func TestWords(t *testing.T) {
	for fen, want := range map[Fen]string{
		1640902:         "人民币壹万陆仟肆佰零玖元零贰分",
		130000:          "人民币壹仟叁佰元整",
		10700053:        "人民币壹拾万柒仟元零伍角叁分",
		0:               "人民币零元整",
		50:              "人民币伍角",
		3:               "人民币叁分",
		-12345:          "人民币负壹佰贰拾叁元肆角伍分",
		1000000000000:   "人民币壹佰亿元整",
		10000001000000:  "人民币壹仟亿零壹万元整",
		100100:          "人民币壹仟零壹元整",
		1000000000:      "人民币壹仟万元整",
		100000000100000: "人民币壹万亿零壹仟元整",
	} {
		if got := fen.Words(); got != want {
			t.Errorf("%d: %s, want %s", fen, got, want)
		}
	}
}

func fens() *rapid.Generator[Fen] {
	return rapid.OneOf(rapid.Map(rapid.Int64Range(-MaxFen, MaxFen), func(n int64) Fen { return Fen(n) }),
		rapid.Map(rapid.Int64Range(-10_000_000, 10_000_000), func(n int64) Fen { return Fen(n) }))
}

func TestAmountsSurviveWriting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := fens().Draw(t, "fen")
		for _, text := range []string{f.String(), f.Plain(), f.Words(), f.Wan()} {
			if got, err := ParseFen(text); err != nil || got != f {
				t.Fatalf("%d written %q read %d, %v", f, text, got, err)
			}
		}
	})
}

func TestSplitGivesEveryFen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := Fen(rapid.Int64Range(0, MaxFen).Draw(t, "total"))
		weights := rapid.SliceOfN(rapid.Int64Range(0, 1<<40), 1, 50).Draw(t, "weights")
		weights[0]++
		shares, err := SplitBy(total, weights)
		if weights[0] > 1<<40 {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		var sum Fen
		for _, s := range shares {
			sum += s
		}
		if sum != total {
			t.Fatalf("%d split to %d", total, sum)
		}
	})
	shares, _ := Fen(11200_00).Split(11)
	if shares[0]-shares[10] != 1 {
		t.Errorf("shares %v: the first ones take a fen more", shares)
	}
}

func TestYuanIsText(t *testing.T) {
	var y Yuan
	if err := json.Unmarshal([]byte(`1300`), &y); !errors.Is(err, AmountNotText) {
		t.Errorf("a JSON number: %v", err)
	}
	if err := json.Unmarshal([]byte(`"1,300"`), &y); err != nil || y.Fen() != 130000 {
		t.Errorf("%d, %v", y, err)
	}
	if text, _ := json.Marshal(y); string(text) != `"1300.00"` {
		t.Errorf("%s", text)
	}
}

func FuzzParseFen(f *testing.F) {
	for _, s := range []string{"11.71万元", "1e9", "人民币壹仟叁佰元整", "-０.1", "NaN", "亿", "负", "零元整"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		fen, err := ParseFen(s)
		if err != nil {
			return
		}
		if again, err := ParseFen(fen.Words()); err != nil || again != fen {
			t.Fatalf("%q is %d, in words %d, %v", s, fen, again, err)
		}
	})
}
