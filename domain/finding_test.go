package domain

import (
	"slices"
	"testing"
)

// Every finding names its rule and the events and rows that show it, and says in both
// languages what is wrong.
func TestFinding(t *testing.T) {
	for _, c := range []struct {
		f      Finding
		kind   FindingKind
		code   string
		rule   int
		rows   []int
		zh, en string
	}{
		{refuse(NotReviewed).Finding(7), AgainstRules, "not-reviewed", 8, nil, "名单尚未审核", "the notice is not reviewed"},
		{refuse(LineIsStopped, 3).inRow(1).Finding(7), AgainstRules, LineIsStopped.Name, LineIsStopped.Rule, []int{2},
			refuse(LineIsStopped, 3).inRow(1).Sentence(Zh), refuse(LineIsStopped, 3).inRow(1).Sentence(En)},
		{Irregularity{Code: "not-reviewed", Rows: []int{1, 4}}.Finding(7), SaidIrregular, "not-reviewed", 8, []int{1, 4},
			"违规补记：not-reviewed（第 8 条规则）", "recorded as irregular: not-reviewed (rule 8)"},
		{Irregularity{Code: "of-later"}.Finding(7), SaidIrregular, "of-later", 0, nil, "违规补记：of-later", "recorded as irregular: of-later"},
	} {
		f := c.f
		if f.Kind != c.kind || f.Code != c.code || f.Rule != c.rule || f.Number != 7 || !slices.Equal(f.Rows, c.rows) || f.Say(Zh) != c.zh || f.Say(En) != c.en {
			t.Errorf("%+v, want %+v", f, c)
		}
		if f.Kind.Say(Zh) == "" || f.Kind.Say(En) == "" {
			t.Errorf("the kind %q has no name", f.Kind)
		}
		f.With = []uint64{9, 2}
		if n := f.Shown(); !slices.Equal(n, []uint64{7, 9, 2}) {
			t.Errorf("shown by %v", n)
		}
	}
}
