package domain

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/csv"
	"fmt"
	"sync"
	"time"
)

// holidays.csv has every day off and make-up working day that the State Council
// announced from 2015 on, as gathered by github.com/NateScarlet/holiday-cn (MIT
// licence, August 2026): date, name, "off" or "work", address of the
// announcement.
//
//go:embed holidays.csv
var holidays []byte

// Calendar knows which days are working days.
type Calendar struct {
	days        map[Day]bool // the announced days: true for a working day
	first, last int          // years announced
	hash        [32]byte     // SHA-256 of the file
}

// CalendarMode says which days a period counts.
type CalendarMode string

// The modes of a notice period.
const (
	InCalendarDays CalendarMode = "calendar"
	InWorkingDays  CalendarMode = "working"
)

// Period is a first and a last day, both included. It is over on the day after the
// last.
type Period struct {
	First Day `json:"first"`
	Last  Day `json:"last"`
}

// maxPeriod is the longest period, in days: no notice runs for more than a year.
const maxPeriod = 366

// Refusals of the calendar.
var (
	CalendarYearMissing = newCode(8, "calendar-year-missing", "{year} 年的放假安排尚未公布（已公布至 {last} 年），不能按工作日计算", "the holidays of {year} are not announced (the last year is {last}), so working days cannot be counted")
	CalendarWrong       = newCode(0, "calendar-wrong", "节假日文件第 {row} 行有误：{what}", "the holiday file is wrong in row {row}: {what}")
	PeriodWrong         = newCode(0, "period-wrong", "期限须为 1 至 366 天：{days}", "a period has 1 to 366 days: {days}")
)

var defaultCalendar = sync.OnceValue(func() *Calendar {
	c, err := ParseCalendar(holidays)
	if err != nil {
		panic(err) // the embedded file is tested
	}
	return c
})

// DefaultCalendar returns the calendar of the embedded announcements.
func DefaultCalendar() *Calendar { return defaultCalendar() }

// ParseCalendar reads a newer file of the same columns: date,name,day,notice.
func ParseCalendar(text []byte) (*Calendar, error) {
	c := &Calendar{days: map[Day]bool{}, hash: sha256.Sum256(text)}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\uFEFF"))))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		return nil, refuse(CalendarWrong, "?", err)
	}
	for i, row := range rows {
		if i == 0 && len(row) > 0 && row[0] == "date" {
			continue
		}
		if len(row) < 3 || row[2] != "off" && row[2] != "work" {
			return nil, refuse(CalendarWrong, i+1, clip(fmt.Sprint(row)))
		}
		day, err := ParseDay(row[0])
		if err != nil {
			return nil, refuse(CalendarWrong, i+1, clip(row[0]))
		}
		if before, twice := c.days[day]; twice && before != (row[2] == "work") {
			return nil, refuse(CalendarWrong, i+1, "both off and work: "+row[0])
		}
		c.days[day] = row[2] == "work"
		// An announcement for a year names its New Year's Day; days of the
		// December before belong to it and do not make their own year known.
		y := day.Year()
		if c.first == 0 {
			c.first, c.last = y, y
		}
		c.first, c.last = min(c.first, y), max(c.last, y)
	}
	if len(c.days) == 0 {
		return nil, refuse(CalendarWrong, 1, "-")
	}
	return c, nil
}

// Hash is the SHA-256 of the file; a notice stores it with its period.
func (c *Calendar) Hash() [32]byte { return c.hash }

// Years returns the first and last year announced.
func (c *Calendar) Years() (first, last int) { return c.first, c.last }

// Working says whether a day is a working day. It refuses a day in a year for which
// no holidays are announced, since nobody knows.
func (c *Calendar) Working(d Day) (bool, error) {
	if y := d.Year(); y < c.first || y > c.last {
		return false, refuse(CalendarYearMissing, y, c.last)
	}
	if working, announced := c.days[d]; announced {
		return working, nil
	}
	w := d.Weekday()
	return w != time.Saturday && w != time.Sunday, nil
}

// counts says whether a day counts in a mode.
func (c *Calendar) counts(d Day, mode CalendarMode) (bool, error) {
	if mode == InWorkingDays {
		return c.Working(d)
	}
	return true, nil
}

// NoticePeriod returns the period of a notice of so many days. Its first day is the
// one after posted, the day on which the last place was posted.
func (c *Calendar) NoticePeriod(posted Day, days int, mode CalendarMode) (Period, error) {
	if days < 1 || days > maxPeriod {
		return Period{}, refuse(PeriodWrong, days)
	}
	p := Period{First: posted.Add(1), Last: posted}
	for days > 0 {
		p.Last = p.Last.Add(1)
		counts, err := c.counts(p.Last, mode)
		if err != nil {
			return Period{}, err
		}
		if counts {
			days--
		}
	}
	return p, nil
}

// Elapsed counts the days of a mode that have passed since a posting, on included.
func (c *Calendar) Elapsed(posted, on Day, mode CalendarMode) (int, error) {
	n := 0
	for d := posted.Add(1); d <= on; d = d.Add(1) {
		counts, err := c.counts(d, mode)
		if err != nil {
			return 0, err
		}
		if counts {
			n++
		}
	}
	return n, nil
}
