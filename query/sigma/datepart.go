package sigma

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// A test of a part of a date is a regular expression over the date's text: the
// part's numbers that fit, at its place in YYYY-MM-DDThh:mm, with a space for
// the T too, which is how Windows logs and ISO 8601 write dates. Time zones are
// not looked at; the text is taken as it is.

// datePart is a part of a date.
type datePart struct {
	low, high int    // the numbers that it has
	before    string // what stands in front of its digits
	after     string // what stands behind them
	digits    int
}

var dateParts = map[string]datePart{
	"minute": {0, 59, `^\d{4}-\d{2}-\d{2}[T ]\d{2}:`, `(?:\D|$)`, 2},
	"hour":   {0, 23, `^\d{4}-\d{2}-\d{2}[T ]`, `(?:\D|$)`, 2},
	"day":    {1, 31, `^\d{4}-\d{2}-`, `(?:\D|$)`, 2},
	"month":  {1, 12, `^\d{4}-`, `(?:\D|$)`, 2},
	"year":   {firstYear, lastYear, `^`, `-`, 4},
	"week":   {1, 53, "", "", 0}, // see weeks
}

// Years outside of these are no dates of events.
const firstYear, lastYear = 1970, 2099

// regex returns the expression for the dates whose part compares with n so.
func (p datePart) regex(op query.CompareOp, n int64) string {
	var fitting []string
	wanted := map[int]bool{}
	for i := p.low; i <= p.high; i++ {
		d := int64(i) - n
		if op == query.EQ && d == 0 || op == query.LT && d < 0 || op == query.LE && d <= 0 || op == query.GT && d > 0 || op == query.GE && d >= 0 {
			fitting = append(fitting, fmt.Sprintf("%0*d", p.digits, i))
			wanted[i] = true
		}
	}
	switch {
	case len(fitting) == 0:
		return `[^\s\S]` // no text
	case p.digits == 0:
		return weeks(wanted)
	}
	return p.before + "(?:" + strings.Join(fitting, "|") + ")" + p.after
}

// weeks returns the expression for the dates in some weeks of ISO 8601: weeks
// begin on Monday, and the first is that of the year's first Thursday. Which
// dates these are repeats after at most 28 years, so that years share a list.
func weeks(wanted map[int]bool) string {
	years := map[string][]string{} // by the dates, as MM-DD, that fit in them
	var order []string
	for year := firstYear; year <= lastYear; year++ {
		var days []string
		for d := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() == year; d = d.AddDate(0, 0, 1) {
			if _, week := d.ISOWeek(); wanted[week] {
				days = append(days, d.Format("01-02"))
			}
		}
		key := strings.Join(days, "|")
		if !slices.Contains(order, key) {
			order = append(order, key)
		}
		years[key] = append(years[key], fmt.Sprint(year))
	}
	var alternatives []string
	for _, days := range order {
		if days != "" { // week 53, which most years do not have
			alternatives = append(alternatives, "(?:"+strings.Join(years[days], "|")+")-(?:"+days+")")
		}
	}
	return `^(?:` + strings.Join(alternatives, "|") + `)(?:\D|$)`
}
