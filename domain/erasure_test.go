package domain

import (
	"slices"
	"testing"
)

// The rows of TestRefusals about erasure.
var erasureRows = []refusalRow{
	{"-", "nobody is erased while money is open", func(t *testing.T) {
		c := newCounty(t, kept(10), 100000)
		privacy := c.privacyOfficer()
		a := c.allocate("2023-01-05", 100000)
		n := c.list("2023-01-05", a, 10000, 20000)
		p := c.l.Notices[n].Lines[0].Beneficiary
		erase := &EraseParty{Party: p, Basis: "本人申请"}
		late := "2040-01-01"
		open := func() { t.Helper(); c.by(privacy).refused(late, erase, MoneyIsOpen) }
		c.by(c.drafter).refused(late, erase, RoleMissing)
		open() // listed, but not confirmed
		c.confirm(late, n)
		open() // admitted, but not paid
		c.prepare(late, a, 1, 2)
		open()
		c.by(c.approver).mustDo(late, &ApproveBatch{Allocation: a, Batch: 1})
		pay := c.by(c.cashier).mustDo(late, &PayBatch{Allocation: a, Batch: 1, NotPaid: []NotPaid{{1, "absent"}}})
		open() // the payee was absent and is still to be paid
		c.by(c.accountant).mustDo(late, &PrepareBatch{Allocation: a, Form: Cash, Rows: []RowToPay{{Line: 1, Again: &Ref{pay, 1}}}})
		c.by(c.approver).mustDo(late, &ApproveBatch{Allocation: a, Batch: 2})
		again := c.by(c.cashier).mustDo(late, &PayBatch{Allocation: a, Batch: 2})
		c.by(c.accountant).mustDo(late, &DemandRecovery{Allocation: a, Payment: Ref{again, 1}, Amount: 4000})
		open() // the payee owes something
		c.by(c.accountant).mustDo(late, &ReturnDisbursement{Allocation: a, Payment: Ref{again, 1}, Amount: 4000, Kind: "recovery"})
		open() // what came back is due again
		c.by(c.accountant).mustDo(late, &ReturnUnspent{Allocation: a})
		c.mustDo(late, &CloseAllocation{Allocation: a})
		objection := c.by(c.drafter).mustDo(late, &RaiseObjection{Notice: n, Objector: p, Lines: []int{2}, Text: sealed("不公")})
		open() // and now an objection waits for an answer
		c.by(c.reviewer).mustDo(late, &ResolveObjection{Notice: n, Objection: 1, Outcome: Dismissed, Answer: sealed("查无此事")})
		_ = objection
		r := c.by(privacy).refused(late, erase, RetentionRuns)
		if s := r.Sentence(Zh); s != "“送温暖”的资料须保存至 2050年12月31日（最后一笔 2040年1月1日 所在年度终了后 10 年）" {
			t.Error(s)
		}
		c.refused("2050-12-31", erase, RetentionRuns)
		c.refused("2051-01-01", &EraseParty{Party: p}, FieldMissing)
		c.mustDo("2051-01-01", erase)
		if got := c.l.Parties[p]; !got.Erased || !got.Details.Name.IsZero() || !c.l.Erased(p) {
			t.Errorf("%+v", got)
		}
		// Nothing is added any more, and nothing is erased twice.
		c.refused("2051-01-02", erase, IsErased)
		c.refused("2051-01-02", &RestrictParty{Party: p}, IsErased)
		c.by(c.drafter).refused("2051-01-02", &CorrectParty{Party: p}, IsErased)
		c.refused("2051-01-02", &RaiseObjection{Notice: n, Objector: p}, IsErased)
		b := c.allocate("2051-01-02", 40000)
		d := Made(c.by(c.drafter).mustDo("2051-01-02", &DraftNotice{Allocation: b, Heading: Heading{Title: "名单"}}), "notice")
		q := c.l.Notices[n].Lines[1].Beneficiary
		for _, row := range []LineRow{{Beneficiary: p}, {Beneficiary: q, Payee: p, Why: sealed("代领")}, {Beneficiary: q, Household: p}} {
			row.Give = []Give{{Form: Cash, Amount: 1}}
			c.refused("2051-01-02", &AddLines{Notice: d, Rows: []LineRow{row}}, IsErased)
		}
		if c.l.SealingRefused(p) == nil || c.l.SealingRefused(q) != nil {
			t.Error("what is sealed is refused for the wrong one")
		}
		// An officer answers for the old copies of the wrapping key, once.
		stream := Stream(PartyKind, p)
		c.by(privacy).refused("2051-01-02", &ConfirmErasure{Stream: Stream(PartyKind, q)}, NothingToConfirm)
		c.mustDo("2051-01-02", &ConfirmErasure{Stream: stream})
		c.refused("2051-01-02", &ConfirmErasure{Stream: stream}, NothingToConfirm)
	}},
	{"-", "nobody is erased where no retention is stated", func(t *testing.T) {
		c := newCounty(t, noNotice(), 0)
		privacy := c.privacyOfficer()
		donor, nobody := c.person("捐赠人"), c.person("从未受助")
		c.by(c.accountant).mustDo("2023-01-05", &ReceiveFunds{Fund: c.fund, Source: Source{Donation, "", "捐赠人"}, Donor: donor, Amount: 1000})
		c.by(privacy).refused("2040-01-01", &EraseParty{Party: donor, Basis: "本人申请"}, RetentionUnstated)
		c.mustDo("2040-01-01", &EraseParty{Party: nobody, Basis: "登记有误"})
		c.by(id(-2)).mustDo("2040-01-01", &ReviseProgramme{Programme: c.programme, Terms: kept(30)})
		c.by(privacy).refused("2040-01-01", &EraseParty{Party: donor, Basis: "本人申请"}, RetentionRuns)
		c.mustDo("2054-01-01", &EraseParty{Party: donor, Basis: "本人申请"})
	}},
	{"-", "a line that is stopped may be resumed", func(t *testing.T) {
		c := newCounty(t, kept(10), 100000)
		privacy := c.privacyOfficer()
		a := c.allocate("2023-01-05", 100000)
		n := c.list("2023-01-05", a, 10000)
		c.confirm("2023-01-06", n)
		p := c.l.Notices[n].Lines[0].Beneficiary
		c.by(c.reviewer).mustDo("2023-01-07", &StopLine{Allocation: a, Line: 1, Reason: sealed("查")})
		c.by(privacy).refused("2040-01-01", &EraseParty{Party: p, Basis: "本人申请"}, MoneyIsOpen)
	}},
	{"-", "what a visit and a decision say of somebody is kept too", func(t *testing.T) {
		c := newCounty(t, kept(10), 0)
		privacy := c.privacyOfficer()
		p, q := c.person("困难户"), c.person("申请人")
		campaign := Made(c.by(c.drafter).mustDo("2023-01-05", &OpenCampaign{Unit: c.unit, Name: "走访", Period: Span{day("2023-01-01"), day("2023-12-31")}}), "campaign")
		need := c.with(func(o *Order) { o.Campaign = campaign }).mustDo("2023-01-06", &FindNeed{Of: "household", Kind: "住房", Party: p})
		c.by(c.reviewer).mustDo("2023-01-06", &DecideEligibility{Party: q, Programme: c.programme, Eligible: true})
		c.by(privacy).refused("2040-01-01", &EraseParty{Party: p, Basis: "本人申请"}, MoneyIsOpen)
		c.by(c.drafter).with(func(o *Order) { o.Campaign = campaign }).mustDo("2023-02-01", &ResolveNeed{Need: Ref{need, 0}})
		for _, id := range []ID{p, q} {
			c.by(privacy).refused("2033-12-31", &EraseParty{Party: id, Basis: "本人申请"}, RetentionRuns)
			c.mustDo("2034-01-01", &EraseParty{Party: id, Basis: "本人申请"})
		}
	}},
	{"-", "who turned out to be one person is erased as one", func(t *testing.T) {
		c := newCounty(t, noNotice(), 0)
		privacy := c.privacyOfficer()
		one, other := c.person("张三"), c.person("张叁")
		c.by(id(-2)).mustDo("2023-01-05", &MergeParties{Party: other, Into: one})
		c.by(privacy).refused("2023-01-06", &EraseParty{Party: other, Basis: "本人申请"}, IsMerged)
		c.mustDo("2023-01-06", &EraseParty{Party: one, Basis: "本人申请"})
		if e := c.l.Erasures[0]; !slices.Contains(e.Keys, one) || !slices.Contains(e.Keys, other) || !c.l.Parties[other].Erased {
			t.Errorf("%+v", e)
		}
	}},
	{"-", "an officer in office is not erased", func(t *testing.T) {
		c := newCounty(t, noNotice(), 0)
		privacy := c.privacyOfficer()
		p := c.person("老张")
		officer := Made(c.by(id(-2)).mustDo("2023-01-05", &AppointOfficer{Unit: c.unit, Post: "驻村", Party: p}), "officer")
		c.by(privacy).refused("2023-01-06", &EraseParty{Party: p, Basis: "本人申请"}, MoneyIsOpen)
		c.by(id(-2)).mustDo("2023-01-07", &RecordOfficerLeft{Officer: officer})
		c.by(privacy).mustDo("2023-01-08", &EraseParty{Party: p, Basis: "本人申请"})
	}},
	{"-", "a case goes with its retention", func(t *testing.T) {
		c := newCounty(t, kept(10), 100000)
		privacy := c.privacyOfficer()
		a := c.allocate("2023-01-05", 100000)
		n := c.list("2023-01-05", a, 10000)
		c.confirm("2023-01-06", n)
		stream := Stream(AllocationKind, a)
		c.by(privacy).refused("2040-01-01", &EraseCase{Stream: stream, Basis: "期满"}, MoneyIsOpen)
		c.refused("2040-01-01", &EraseCase{Stream: Stream(FundKind, c.fund), Basis: "期满"}, NoSuch)
		c.by(c.accountant).mustDo("2040-01-01", &ReturnUnspent{Allocation: a})
		c.mustDo("2040-01-01", &CloseAllocation{Allocation: a})
		c.by(privacy).refused("2050-12-31", &EraseCase{Stream: stream, Basis: "期满"}, RetentionRuns)
		c.refused("2051-01-01", &EraseCase{Stream: stream}, FieldMissing)
		c.mustDo("2051-01-01", &EraseCase{Stream: stream, Basis: "期满"})
		c.refused("2051-01-01", &EraseCase{Stream: stream, Basis: "期满"}, IsErased)
		c.mustDo("2051-01-01", &EraseCase{Stream: Stream(NoticeKind, n), Basis: "期满"})
		c.mustDo("2051-01-02", &ConfirmErasure{Stream: stream})
		if len(c.l.Erasures) != 2 || c.l.Erasures[0].Confirmed == (ID{}) || c.l.Erasures[1].Confirmed != (ID{}) {
			t.Errorf("%+v", c.l.Erasures)
		}
	}},
}

func kept(years int) Terms {
	t := noNotice()
	t.RetentionYears = years
	return t
}

func (c *county) privacyOfficer() ID {
	return Made(c.by(id(-2)).mustDo("2023-01-01", &AppointOfficer{Unit: c.unit, Post: "隐私专员", Roles: []Role{PrivacyOfficer}}), "officer")
}
