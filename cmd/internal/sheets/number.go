package sheets

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// maxExact bounds what a spreadsheet's number holds digit by digit: beyond it
// the 16th digit and all after it are lost.
const maxExact = 1e15

// numberCell makes the cell of a spreadsheet's number. Spreadsheets count and
// show 15 digits; 466.53000000000003 is what they keep of 466.53. No money is
// ever computed with these floats: the text is read as a decimal.
func numberCell(f float64) Cell {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Cell{Text: "#NUM!", Kind: Error}
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64)
	if err != nil {
		return Cell{Text: "#NUM!", Kind: Error}
	}
	if a := math.Abs(f); a >= maxExact || a != 0 && a < 1e-9 {
		return Cell{Text: strconv.FormatFloat(rounded, 'E', -1, 64), Kind: Numeric}
	}
	return Cell{Text: strconv.FormatFloat(rounded, 'f', -1, 64), Kind: Numeric, Rounded: rounded != f}
}

// dateCell makes the cell of a number that is shown as a date.
func dateCell(serial float64, since1904 bool) Cell {
	t, err := excelize.ExcelDateToTime(serial, since1904)
	if err != nil || t.Year() > 9999 {
		return numberCell(serial)
	}
	if t.Equal(t.Truncate(24 * time.Hour)) {
		return Cell{Text: t.Format(time.DateOnly), Kind: Date}
	}
	return Cell{Text: t.Format(time.DateTime), Kind: Date}
}

var formatLiterals = regexp.MustCompile(`"[^"]*"|\[[^\]]*\]|\\.|_.|\*.`)

// datesAs says whether a number format shows a date. The numbers are those of
// the formats that every spreadsheet program has built in.
func datesAs(number int, code string) bool {
	switch {
	case code != "" && !strings.EqualFold(code, "general"):
		return strings.ContainsAny(strings.ToLower(formatLiterals.ReplaceAllString(code, "")), "ymdh")
	case number >= 14 && number <= 22, number >= 27 && number <= 36, number >= 45 && number <= 47, number >= 50 && number <= 58:
		return true
	}
	return false
}

// namedFormats are the formats that have a name instead of a code in web pages
// and XML of Excel, and whether they show a date.
var namedFormats = map[string]bool{"General Date": true, "Long Date": true, "Medium Date": true, "Short Date": true, "Long Time": true, "Medium Time": true, "Short Time": true,
	"General Number": false, "Fixed": false, "Standard": false, "Percent": false, "Scientific": false, "Currency": false, "Euro Currency": false, "Yes/No": false, "True/False": false, "On/Off": false}

// showsDate says whether a number format of a web page or XML shows a date.
func showsDate(format string) bool {
	if is, ok := namedFormats[format]; ok {
		return is
	}
	return datesAs(0, format)
}
