package domain

import "testing"

// The rows of TestRefusals about facts of a campaign.
var campaignRows = []refusalRow{
	{"4", "facts without value are replaced by the same event", func(t *testing.T) {
		c := newCounty(t, noNotice(), 0)
		camp := c.by(c.drafter).mustDo("2023-01-05", &OpenCampaign{Unit: c.unit, Name: "活动", Period: Span{day("2023-01-01"), day("2023-01-31")}})
		within := func(o *Order) { o.Campaign = Made(camp, "campaign") }
		visit := c.with(within).mustDo("2023-01-05", &RecordVisit{Team: "一组", Kind: "home", Of: "workers", Visits: 2})
		c.with(func(o *Order) { within(o); o.Replaces = &Ref{visit, 0} }).mustDo("2023-01-05", &RecordVisit{Team: "一组", Kind: "home", Of: "workers", Visits: 3})
		c.with(func(o *Order) { within(o); o.Replaces = &Ref{camp, 0} }).refused("2023-01-05", &RecordVisit{Team: "一组", Kind: "home", Of: "workers", Visits: 3}, BadReplace)
		c.with(within).refused("2023-01-05", &RecordVisit{Team: "一组", Kind: "home", Of: "workers"}, FieldWrong)
		need := c.with(within).mustDo("2023-01-05", &FindNeed{Of: "workers", Kind: "住房"})
		c.with(within).mustDo("2023-01-05", &ResolveNeed{Need: Ref{need, 0}})
		c.with(within).refused("2023-01-05", &ResolveNeed{Need: Ref{need, 0}}, NeedIsMet)
		c.with(within).mustDo("2023-01-06", &CloseCampaign{})
		c.with(within).refused("2023-01-06", &RecordActivity{Kind: "meeting", Times: 1}, NotOpen)
		c.refused("2023-01-06", &OpenCampaign{Unit: c.unit, Name: "活动", Period: Span{day("2023-02-01"), day("2023-01-31")}}, BackwardSpan)
	}},
}
