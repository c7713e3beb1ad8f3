package domain

import (
	"fmt"
	"time"
)

func sayTime(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(Shanghai).Format("2006-01-02 15:04")
}

// Shanghai is the time zone of every business date. China has had one offset
// since 1991; a fixed zone needs no database.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// Day is a date in Asia/Shanghai. Days can be compared and subtracted. The zero Day
// is no day.
type Day int32

// NoSuchDay is said of a date that does not exist.
var NoSuchDay = newCode(0, "no-such-day", "没有这一天：“{day}”（应写作 年-月-日，如 2026-01-05）", "there is no such day: {day} (write year-month-day, 2026-01-05)")

const (
	firstYear, lastYear = 1900, 2999
	secondsOfDay        = 24 * 60 * 60
)

// dayBase is the day before the first real one, so that the zero Day is no date.
var dayBase = time.Date(firstYear-1, 12, 31, 0, 0, 0, 0, time.UTC).Unix() / secondsOfDay

// Date returns the day of a year, month and day of the month, normalised as
// time.Date does.
func Date(year, month, day int) Day {
	return Day(time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Unix()/secondsOfDay - dayBase)
}

// DayOf returns the day that it is in Shanghai at a moment.
func DayOf(t time.Time) Day {
	y, m, d := t.In(Shanghai).Date()
	return Date(y, int(m), d)
}

// ParseDay reads "2006-01-02".
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < firstYear || t.Year() > lastYear {
		return 0, refuse(NoSuchDay, clip(s))
	}
	return Date(t.Year(), int(t.Month()), t.Day()), nil
}

func (d Day) time() time.Time { return time.Unix((int64(d)+dayBase)*secondsOfDay, 0).UTC() }

// String writes "2006-01-02", and nothing for no day.
func (d Day) String() string {
	if d == 0 {
		return ""
	}
	return d.time().Format(time.DateOnly)
}

// Chinese writes "2023年1月27日".
func (d Day) Chinese() string {
	if d == 0 {
		return ""
	}
	y, m, day := d.time().Date()
	return fmt.Sprintf("%d年%d月%d日", y, int(m), day)
}

// Say writes the day in a language.
func (d Day) Say(l Lang) string {
	if l == Zh {
		return d.Chinese()
	}
	return d.String()
}

// Add returns the day so many days later.
func (d Day) Add(days int) Day { return d + Day(days) }

// Year returns the year.
func (d Day) Year() int { return d.time().Year() }

// Weekday returns the day of the week.
func (d Day) Weekday() time.Weekday { return d.time().Weekday() }

// Start returns the day's first moment.
func (d Day) Start() time.Time {
	y, m, day := d.time().Date()
	return time.Date(y, m, day, 0, 0, 0, 0, Shanghai)
}

// MarshalText writes String.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what ParseDay reads; an empty text is no day.
func (d *Day) UnmarshalText(text []byte) error {
	*d = 0
	if len(text) == 0 {
		return nil
	}
	day, err := ParseDay(string(text))
	*d = day
	return err
}
