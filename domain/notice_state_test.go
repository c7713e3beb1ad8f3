package domain

import "testing"

func TestNoticeState(t *testing.T) {
	c := newCounty(t, plainTerms(), 100000)
	a := c.allocate("2023-01-05", 100000)
	posted := c.list("2023-01-06", a, 1000)
	c.publish("2023-01-08", posted) // 9 to 11 January
	back := c.list("2023-01-06", a, 1000)
	c.publish("2023-01-08", back)
	c.by(c.reviewer).mustDo("2023-01-09", &WithdrawNotice{Notice: back})
	d := newCounty(t, noNotice(), 100000)
	never := d.list("2023-01-06", d.allocate("2023-01-05", 100000), 1000)
	d.confirm("2023-01-06", never)
	for _, x := range []struct {
		n    *Notice
		on   string
		want NoticeState
		zh   string
	}{
		{c.l.Notices[posted], "2023-01-07", NoticeDraft, "草稿"},
		{c.l.Notices[posted], "2023-01-08", NoticeUpcoming, "待公示"},
		{c.l.Notices[posted], "2023-01-09", NoticeOpen, "公示中"},
		{c.l.Notices[posted], "2023-01-11", NoticeOpen, "公示中"},
		{c.l.Notices[posted], "2023-01-12", NoticeEnded, "公示期满"},
		{c.l.Notices[back], "2023-01-09", NoticeTakenBack, "已撤回"},
		{d.l.Notices[never], "2023-01-09", NoticeUnposted, "未公示"},
	} {
		if got := x.n.StateOn(day(x.on)); got != x.want || got.Say(Zh) != x.zh || got.Say(En) != string(x.want) {
			t.Errorf("on %s: %s, want %s", x.on, got, x.want)
		}
	}
}
