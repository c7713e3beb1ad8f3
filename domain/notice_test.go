package domain

import "testing"

// The rows of TestRefusals about the life of a notice.
var noticeRows = []refusalRow{
	{"8", "a notice before money: reviewed, posted, over, nothing open", func(t *testing.T) {
		c := newCounty(t, plainTerms(), 100000)
		a := c.allocate("2023-01-05", 100000)
		n := Made(c.by(c.drafter).mustDo("2023-01-05", &DraftNotice{Allocation: a, Heading: Heading{Title: "名单"}}), "notice")
		post := &PublishNotice{Notice: n, Timing: BeforePayment, Places: []Posted{{Place: "village-board", On: day("2023-01-06"), Disclosure: FullNames}}}
		c.refused("2023-01-06", post, NoticeEmpty)
		c.by(c.reviewer).refused("2023-01-06", &ReviewNotice{Notice: n}, NoticeEmpty)
		p := c.person("甲")
		c.by(c.drafter).mustDo("2023-01-06", &AddLines{Notice: n, Rows: []LineRow{{Beneficiary: p, Give: []Give{{Form: Cash, Amount: 1000}}}, {Beneficiary: p, Give: []Give{{Form: Cash, Amount: 1000}}}}})
		c.refused("2023-01-06", &RemoveLines{Notice: n, Lines: []int{3}}, NoSuch)
		c.mustDo("2023-01-06", &RemoveLines{Notice: n, Lines: []int{2}})
		c.refused("2023-01-06", post, NotReviewed)
		c.by(c.reviewer).refused("2023-01-06", &ConfirmNotice{Notice: n}, NotReviewed)
		c.mustDo("2023-01-06", &ReviewNotice{Notice: n, Meeting: "会"})
		c.by(c.drafter).refused("2023-01-06", &AddLines{Notice: n, Rows: []LineRow{{Beneficiary: p}}}, NotADraft)
		c.refused("2023-01-06", post, HeadingMissing)
		c.by(c.reviewer).refused("2023-01-06", &ConfirmNotice{Notice: n}, NotPublished)
		c.refused("2023-01-06", &RaiseObjection{Notice: n}, NotPublished)
		m := c.list("2023-01-06", a, 1000)
		c.by(c.drafter).refused("2023-01-06", &PublishNotice{Notice: m, Timing: AfterPayment}, WrongTiming)
		c.refused("2023-01-06", &PublishNotice{Notice: m, Timing: BeforePayment, Places: []Posted{{Place: "web", On: day("2023-01-06"), Disclosure: CountsOnly}}}, PlaceMissing)
		c.refused("2023-01-06", &PublishNotice{Notice: m, Timing: BeforePayment, Places: []Posted{{Place: "web", On: day("2023-01-07"), Disclosure: CountsOnly}}}, NotYetHappened)
		c.publish("2023-01-06", m)
		c.refused("2023-01-06", &PublishNotice{Notice: m, Timing: BeforePayment}, PublishedTwice)
		c.by(c.reviewer).refused("2023-01-09", &ConfirmNotice{Notice: m}, NoticeRunning)
		c.by(c.drafter).mustDo("2023-01-09", &RaiseObjection{Notice: m, Text: sealed("有异议")})
		c.by(c.reviewer).refused("2023-01-10", &ConfirmNotice{Notice: m}, ObjectionOpen)
		c.refused("2023-01-10", &ResolveObjection{Notice: m, Objection: 1, Outcome: LineStruck}, FieldWrong)
		c.mustDo("2023-01-10", &ResolveObjection{Notice: m, Objection: 1, Outcome: Dismissed})
		c.refused("2023-01-10", &ResolveObjection{Notice: m, Objection: 1, Outcome: Dismissed}, ObjectionDone)
		c.confirm("2023-01-10", m)
		c.refused("2023-01-10", &ConfirmNotice{Notice: m}, NoticeIsFinal)
		c.refused("2023-01-10", &WithdrawNotice{Notice: m}, NoticeIsFinal)
		// An objection raised after the confirmation stops payments again.
		c.by(c.drafter).mustDo("2023-01-10", &RaiseObjection{Notice: m, Lines: []int{1}})
		c.by(c.accountant).refused("2023-01-10", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(1)}, ObjectionOpen)
		c.by(c.reviewer).mustDo("2023-01-10", &ResolveObjection{Notice: m, Objection: 2, Outcome: LineToBeChanged})
		c.by(c.accountant).refused("2023-01-10", &PrepareBatch{Allocation: a, Form: Cash, Rows: rowsOf(1)}, LineIsStopped)
		c.by(c.reviewer).refused("2023-01-10", &ResumeLine{Allocation: a, Line: 1}, LineIsStruck)
		// A supplementary notice must be of the same allocation.
		b := c.allocate("2023-01-10", 0)
		c.by(c.drafter).refused("2023-01-10", &DraftNotice{Allocation: b, Supplements: m, Heading: Heading{Title: "补充"}}, SupplementWrong)
		c.mustDo("2023-01-10", &DraftNotice{Allocation: a, Supplements: m, Heading: Heading{Title: "补充"}})
		c.by(c.reviewer).mustDo("2023-01-10", &WithdrawNotice{Notice: n, Reason: sealed("重做")})
		c.refused("2023-01-10", &ReviewNotice{Notice: n}, NoticeIsFinal)
	}},
}
