package summary

import (
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/projections"
)

// tally is a sum, with the events on which it stands.
type tally struct {
	rows   int
	sum    int64
	events []uint64
}

func (t *tally) add(at projections.About, n int64) {
	t.rows++
	t.sum += n
	t.events = append(t.events, at.Events...)
}

func (t *tally) fen() domain.Fen { return domain.Fen(t.sum) }

func (t *tally) cite() string { return projections.Numbers(t.events) }

// sum adds up what rows say.
func sum[R any](rows []R, of func(R) (projections.About, domain.Fen)) (t tally) {
	for _, r := range rows {
		at, fen := of(r)
		t.add(at, int64(fen))
	}
	return t
}

// byKind calls say for the rows of each kind, in the order in which kinds begin.
func byKind[R any, K comparable](rows []R, kind func(R) K, say func(k K, rows []R)) {
	groups := map[K][]R{}
	var order []K
	for _, r := range rows {
		k := kind(r)
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], r)
	}
	for _, k := range order {
		say(k, groups[k])
	}
}

// cite names the events on which a row stands.
func cite(at projections.About) string { return projections.Numbers(at.Events) }

func brackets(s string) string {
	if s == "" {
		return ""
	}
	return "（" + s + "）"
}

// about writes how a number of people stands to the true one, as a report does.
func about(r domain.Relation) string {
	switch r {
	case domain.About:
		return "约"
	case domain.AtLeast:
		return "不少于"
	case domain.Under:
		return "近"
	}
	return ""
}

// stated writes how a stated value stands to the true one.
func stated(r domain.Relation) string {
	switch r {
	case domain.About:
		return "约 "
	case domain.AtLeast:
		return "多于 "
	case domain.Under:
		return "近 "
	}
	return ""
}

var (
	timingNames = map[domain.Timing]string{domain.BeforePayment: "发放前", domain.AfterPayment: "发放后", domain.NoNotice: "不"}
	modeNames   = map[domain.CalendarMode]string{domain.InCalendarDays: "自然日", domain.InWorkingDays: "工作日"}
	basisNames  = map[string]string{"stated": "来源陈述", "assumed": "假定", "added": "演示补充"}
	ofNames     = map[string]string{"workers": "职工", "teams": "班组", "enterprises": "企业", "households": "家庭", "institutions": "机构", "units": "单位",
		"retired": "退休教师", "villages": "村", "survey": "困难职工（入户调查）", "one-to-one": "特困职工（一对一）", "province": "困难户（省总工会领导）",
		"province-window": "困难户（省总工会领导，期间）", "city-window": "困难户（市领导，期间）"}
)

// ofName says what was visited or in need, in Chinese where that is known.
func ofName(of string) string {
	if n := ofNames[of]; n != "" {
		return n
	}
	return of
}
