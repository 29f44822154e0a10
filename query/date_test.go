package query

import (
	"testing"
	"time"
)

func TestDateMath(t *testing.T) {
	now := time.Date(2026, 3, 31, 13, 45, 30, 123_000_000, time.UTC) // a Tuesday
	for _, c := range []struct{ text, first, last string }{
		{"now", "2026-03-31T13:45:30.123Z", "2026-03-31T13:45:30.123Z"},
		{"now-1M", "2026-02-28T13:45:30.123Z", "2026-02-28T13:45:30.123Z"},
		{"now/d", "2026-03-31T00:00:00Z", "2026-03-31T23:59:59.999Z"},
		{"now-30d/d", "2026-03-01T00:00:00Z", "2026-03-01T23:59:59.999Z"},
		{"now/w", "2026-03-30T00:00:00Z", "2026-04-05T23:59:59.999Z"},
		{"now/d+8h", "2026-03-31T08:00:00Z", "2026-04-01T07:59:59.999Z"},
		{"now-119m", "2026-03-31T11:46:30.123Z", "2026-03-31T11:46:30.123Z"},
		{"now+0d", "2026-03-31T13:45:30.123Z", "2026-03-31T13:45:30.123Z"},
		{"2026", "2026-01-01T00:00:00Z", "2026-12-31T23:59:59.999Z"},
		{"2024-02", "2024-02-01T00:00:00Z", "2024-02-29T23:59:59.999Z"},
		{"2026-02-28", "2026-02-28T00:00:00Z", "2026-02-28T23:59:59.999Z"},
		{"2026-02-28T12:30", "2026-02-28T12:30:00Z", "2026-02-28T12:30:59.999Z"},
		{"2026-02-28T12:30:01.5Z", "2026-02-28T12:30:01.5Z", "2026-02-28T12:30:01.5Z"},
		{"2026-02-28T12:30:00.000+02:00", "2026-02-28T10:30:00Z", "2026-02-28T10:30:00Z"},
		{"2026-02-28||-1d/M", "2026-02-01T00:00:00Z", "2026-02-28T23:59:59.999Z"},
		{"1700000000000", "2023-11-14T22:13:20Z", "2023-11-14T22:13:20Z"},
	} {
		d, err := ParseDateMath(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		first, last := d.Bounds(now)
		if got := first.Format(time.RFC3339Nano); got != c.first {
			t.Errorf("%s begins %s, want %s", c.text, got, c.first)
		}
		if got := last.Format(time.RFC3339Nano); got != c.last {
			t.Errorf("%s ends %s, want %s", c.text, got, c.last)
		}
	}
}

func TestDateMathRefuses(t *testing.T) {
	for _, s := range []string{"", "yesterday", "now-", "now-1x", "now/1d", "now*2d", "2026-13-01", "2026-02-30", "now-99999999999999999999d", "nowish"} {
		if d, err := ParseDateMath(s); err == nil {
			first, _ := d.Bounds(time.Unix(0, 0))
			t.Errorf("%q was read as %v", s, first)
		}
	}
}
