package query

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// DateMath is a date as Elasticsearch queries write it: a date of some
// precision or "now", and steps such as -30d or /d.
// Source: Elasticsearch reference, "Date math" and strict_date_optional_time.
type DateMath struct {
	anchor time.Time // zero for now
	grain  dateUnit  // what the anchor's text leaves open; 0 for nothing
	steps  []dateStep
	text   string
}

type dateStep struct {
	n    int // 0: round down to the unit
	unit dateUnit
}

type dateUnit byte // one of y M w d h m s, and 0 for milliseconds

// String is the text that was parsed.
func (d DateMath) String() string { return d.text }

// Bounds returns the first and the last millisecond that d stands for: "2020-02"
// is a month, "now/d" a day, "now" an instant. A query takes the first for >=
// and <, and the last for <= and >.
func (d DateMath) Bounds(now time.Time) (first, last time.Time) {
	t := d.anchor
	if t.IsZero() {
		t = now.UTC().Truncate(time.Millisecond)
	}
	grain := d.grain
	for _, s := range d.steps {
		if s.n == 0 {
			t, grain = roundDown(t, s.unit), s.unit
		} else {
			t = addUnits(t, s.n, s.unit)
		}
	}
	if grain == 0 {
		return t, t
	}
	return t, addUnits(t, 1, grain).Add(-time.Millisecond)
}

func addUnits(t time.Time, n int, unit dateUnit) time.Time {
	switch unit {
	case 'y', 'M':
		if unit == 'y' {
			n *= 12
		}
		// java.time clips to the last day of the month; time.AddDate overflows.
		y, m, day := t.Date()
		first := time.Date(y, m+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
		if last := first.AddDate(0, 1, -1).Day(); day > last {
			day = last
		}
		return first.AddDate(0, 0, day-1)
	case 'w':
		return t.AddDate(0, 0, 7*n)
	case 'd':
		return t.AddDate(0, 0, n)
	case 'h':
		return t.Add(time.Duration(n) * time.Hour)
	case 'm':
		return t.Add(time.Duration(n) * time.Minute)
	}
	return t.Add(time.Duration(n) * time.Second)
}

func roundDown(t time.Time, unit dateUnit) time.Time {
	y, m, d := t.Date()
	switch unit {
	case 'y':
		return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC)
	case 'M':
		return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
	case 'w':
		back := (int(t.Weekday()) + 6) % 7 // weeks begin on Monday
		return time.Date(y, m, d-back, 0, 0, 0, 0, time.UTC)
	case 'd':
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	case 'h':
		return t.Truncate(time.Hour)
	case 'm':
		return t.Truncate(time.Minute)
	}
	return t.Truncate(time.Second)
}

// dateLayouts are the forms of strict_date_optional_time, with what each
// leaves open.
var dateLayouts = []struct {
	layout string
	grain  dateUnit
}{
	{"2006", 'y'},
	{"2006-01", 'M'},
	{"2006-01-02", 'd'},
	{"2006-01-02T15", 'h'},
	{"2006-01-02T15:04", 'm'},
	{"2006-01-02T15:04:05", 's'}, // or 0 with a fraction
}

// ParseDateMath reads a date, epoch milliseconds, or date math.
func ParseDateMath(s string) (DateMath, error) {
	d := DateMath{text: s}
	bad := func() (DateMath, error) {
		return DateMath{}, fmt.Errorf("%q is no date: use now-30d/d, 2026-02-28, 2026-02-28T12:00:00Z or epoch milliseconds", s)
	}
	rest, isNow := strings.CutPrefix(s, "now")
	if !isNow {
		var date string
		date, rest, _ = strings.Cut(s, "||")
		var ok bool
		if d.anchor, d.grain, ok = parseDate(date); !ok {
			return bad()
		}
	}
	for rest != "" {
		op := rest[0]
		digits := 1
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		if digits >= len(rest) || !strings.ContainsRune("yMwdhHms", rune(rest[digits])) {
			return bad()
		}
		step := dateStep{unit: dateUnit(rest[digits])}
		if step.unit == 'H' {
			step.unit = 'h'
		}
		switch {
		case op == '/' && digits == 1:
		case op == '+' || op == '-':
			step.n = 1
			if digits > 1 {
				n, err := strconv.Atoi(rest[1:digits])
				if err != nil || n > 1_000_000 {
					return bad()
				}
				step.n = n
			}
			if op == '-' {
				step.n = -step.n
			}
			if step.n == 0 { // +0d moves nothing, and 0 would mean rounding
				rest = rest[digits+1:]
				continue
			}
		default:
			return bad()
		}
		d.steps = append(d.steps, step)
		rest = rest[digits+1:]
	}
	return d, nil
}

func parseDate(s string) (time.Time, dateUnit, bool) {
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil && len(s) != 4 {
		return time.UnixMilli(ms).UTC(), 0, true
	}
	base, zone := s, time.UTC
	if t := strings.IndexByte(s, 'T'); t >= 0 {
		if z := strings.LastIndexAny(s, "Z+-"); z > t {
			base = s[:z]
			if s[z] != 'Z' {
				offset, err := time.Parse("-07:00", s[z:])
				if err != nil {
					if offset, err = time.Parse("-0700", s[z:]); err != nil {
						return time.Time{}, 0, false
					}
				}
				zone = offset.Location()
			}
		}
	}
	for _, l := range dateLayouts {
		if t, err := time.ParseInLocation(l.layout, base, zone); err == nil {
			grain := l.grain
			if strings.Contains(base, ".") { // time.Parse takes a fraction that the layout does not mention
				grain = 0
			}
			return t.UTC().Truncate(time.Millisecond), grain, true
		}
	}
	return time.Time{}, 0, false
}
