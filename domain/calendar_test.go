package domain

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The worked case of report 4: a notice was posted on the last day of the Spring
// Festival of 2023. Its seven days end on the same day in either mode, but only because
// the weekend after the festival was worked.
func TestNoticePeriod_report4(t *testing.T) {
	cal := DefaultCalendar()
	for _, c := range []struct {
		posted string
		days   int
		mode   CalendarMode
		last   string
	}{
		{"2023-01-27", 7, InCalendarDays, "2023-02-03"},
		{"2023-01-27", 7, InWorkingDays, "2023-02-03"},
		{"2023-01-20", 7, InCalendarDays, "2023-01-27"},
		{"2023-01-20", 1, InWorkingDays, "2023-01-28"},
	} {
		p, err := cal.NoticePeriod(day(c.posted), c.days, c.mode)
		if err != nil || p.Last != day(c.last) || p.First != day(c.posted).Add(1) {
			t.Errorf("posted %s, %d %s days: %v, %v", c.posted, c.days, c.mode, p, err)
		}
	}
	for mode, want := range map[CalendarMode]int{InCalendarDays: 7, InWorkingDays: 0} {
		if n, err := cal.Elapsed(day("2023-01-20"), day("2023-01-27"), mode); n != want || err != nil {
			t.Errorf("posted 20 January, on the 27th %d %s days, want %d (%v)", n, mode, want, err)
		}
	}
}

func TestYearWithoutAnnouncement(t *testing.T) {
	_, err := DefaultCalendar().NoticePeriod(day("2026-12-28"), 7, InWorkingDays)
	if !errors.Is(err, CalendarYearMissing) {
		t.Errorf("got %v", err)
	}
	if _, err := DefaultCalendar().NoticePeriod(day("2026-12-28"), 7, InCalendarDays); err != nil {
		t.Errorf("calendar days need no announcement: %v", err)
	}
}

func TestDays(t *testing.T) {
	for _, s := range []string{"2023-02-30", "2023-2-3", "1899-12-31", "3000-01-01", "20230101", "", "2023-01-01T00:00:00Z"} {
		if _, err := ParseDay(s); !errors.Is(err, NoSuchDay) {
			t.Errorf("%q: %v", s, err)
		}
	}
	// Half past four in the afternoon of the 26th in London is the 27th here.
	if d := DayOf(time.Date(2023, 1, 26, 16, 30, 0, 0, time.UTC)); d.String() != "2023-01-27" || d.Chinese() != "2023年1月27日" {
		t.Errorf("%s", d)
	}
	rapid.Check(t, func(t *rapid.T) {
		d := Day(rapid.Int32Range(1, 400_000).Draw(t, "day"))
		if again, err := ParseDay(d.String()); err != nil || again != d || DayOf(d.Start()) != d {
			t.Fatalf("%s: %v %v", d, again, err)
		}
	})
}

func TestParseCalendarRefuses(t *testing.T) {
	for _, s := range []string{"", "date,name,day\n", "2023-01-01,x\n", "2023-01-01,x,rest\n", "2023-13-01,x,off\n", "2023-01-01,x,off\n2023-01-01,x,work\n", "\"", "2023-01-01,\"x"} {
		if _, err := ParseCalendar([]byte(s)); !errors.Is(err, CalendarWrong) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func FuzzParseCalendar(f *testing.F) {
	f.Add([]byte("date,name,day,notice\n2023-01-01,元旦,off,x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if c, err := ParseCalendar(text); err == nil {
			_, _ = c.NoticePeriod(day("2023-01-20"), 7, InWorkingDays)
		}
	})
}
