package eval

import (
	"math"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/query"
)

func TestDates(t *testing.T) {
	utc := func(y int, m time.Month, d, h, min, s, ns int) time.Time {
		return time.Date(y, m, d, h, min, s, ns, time.UTC)
	}
	for _, tt := range []struct {
		text string
		want time.Time // zero: refused
	}{
		{"2026", utc(2026, 1, 1, 0, 0, 0, 0)},
		{"2026-02", utc(2026, 2, 1, 0, 0, 0, 0)},
		{"2026-02-03", utc(2026, 2, 3, 0, 0, 0, 0)},
		{"2026-02-03T", utc(2026, 2, 3, 0, 0, 0, 0)},
		{"2026-02-03T04", utc(2026, 2, 3, 4, 0, 0, 0)},
		{"2026-02-03T04:05Z", utc(2026, 2, 3, 4, 5, 0, 0)},
		{"2026-02-03T04:05:06", utc(2026, 2, 3, 4, 5, 6, 0)},
		{"2026-02-03T04:05:06.7Z", utc(2026, 2, 3, 4, 5, 6, 700_000_000)},
		{"2026-02-03T04:05:06,789+01", utc(2026, 2, 3, 3, 5, 6, 789_000_000)},
		{"2026-02-03T04:05:06.123456789-0130", utc(2026, 2, 3, 5, 35, 6, 123_456_789)},
		{"0", utc(1970, 1, 1, 0, 0, 0, 0)},
		{"-1", utc(1969, 12, 31, 23, 59, 59, 999_000_000)},
		{"1769904000000.5", utc(2026, 2, 1, 0, 0, 0, 500_000)},
		{"", time.Time{}},
		{"now", time.Time{}},
		{"2026-2-3", time.Time{}},
		{"2026-02-30", time.Time{}},
		{"2026-02-03 04:05", time.Time{}},
		{"2026-02T04", time.Time{}},
		{"2026-02-03T4", time.Time{}},
		{"2026-02-03T25:00", time.Time{}},
		{"2026-02-03T04:05.5", time.Time{}},
		{"2026-02-03T04:05:06.", time.Time{}},
		{"2026-02-03T04:05:06.1234567890", time.Time{}},
		{"2026-02-03T04:05:06.12x", time.Time{}},
		{"2026-02-03T04:05:06+1", time.Time{}},
		{"2026-02-03T04:05:06+19:00", time.Time{}},
		{"2026-02-03T04:05:06+01:60", time.Time{}},
		{"99999999999999999999", time.Time{}},
		{"1.1234567", time.Time{}},
	} {
		got, ok := parseDate(tt.text)
		if !ok {
			got, ok = parseMillis(tt.text)
		}
		if ok == tt.want.IsZero() || ok && !got.Equal(tt.want) {
			t.Errorf("%q: %v, %v; want %v", tt.text, got, ok, tt.want)
		}
	}
}

func TestRoundHalf(t *testing.T) {
	for _, tt := range []struct{ value, want float64 }{
		{0, 0},
		{1, 1},
		{-1.5, -1.5},
		{0.1, 0.0999755859375},
		{2049, 2048}, // ties go to even
		{2051, 2052},
		{65504, 65504},
		{65519, 65504},
		{65520, math.Inf(1)},
		{math.Ldexp(1, -24), math.Ldexp(1, -24)}, // the smallest
		{math.Ldexp(1, -26), 0},
		{math.Inf(-1), math.Inf(-1)},
	} {
		if got := roundHalf(float32(tt.value)); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.value, got, tt.want)
		}
	}
}

// TestKeys: how the values of each family fall together as keys of a bucket.
func TestKeys(t *testing.T) {
	for _, tt := range []struct {
		field *query.Field
		a, b  string
		same  bool
	}{
		{kw, `"a"`, `"a"`, true},
		{kw, `"a"`, `"A"`, false},
		{kw, `1`, `"1"`, true},
		{num, `1`, `"1.9"`, true},
		{num, `1`, `2`, false},
		{field("n", query.Double), `1`, `1.0`, true},
		{field("n", query.Double), `1.5`, `1`, false},
		{flag, `"true"`, `true`, true},
		{when, `"2026-02-01"`, `1769904000000`, true},
		{when, `"2026-02-01"`, `"2026-02-02"`, false},
		{field("d", query.DateNanos), `"2026-02-01T00:00:00.000000001Z"`, `"2026-02-01"`, false},
		{addr, `"::ffff:10.0.0.1"`, `"10.0.0.1"`, true},
		{addr, `"10.0.0.1"`, `"10.0.0.2"`, false},
	} {
		p, err := Compile(&query.Plan{Body: &query.Threshold{Where: &query.And{}, By: []*query.Field{tt.field}, Count: 2}}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		set := query.EventSet{}
		for _, v := range []string{tt.a, tt.b} {
			set.Docs = append(set.Docs, doc(t, `{"`+tt.field.Name+`":`+v+`}`))
		}
		if got := p.Run(set, now).Match; got != tt.same {
			t.Errorf("%s of type %s: %s and %s fall together: %v, want %v", tt.field.Name, tt.field.Type, tt.a, tt.b, got, tt.same)
		}
	}
}

// TestScriptedFields: what scripts see of a field that is no string.
func TestScriptedFields(t *testing.T) {
	for _, tt := range []struct {
		field *query.Field
		value string
		want  string
	}{
		{when, `"2026-02-01"`, "2026-02-01T00:00:00.000Z"},
		{field("n", query.Double), `1e10`, "1.0E10"},
		{field("n", query.Double), `3`, "3.0"},
		{flag, `"true"`, "true"},
		{addr, `"2001:DB8:0::1"`, "2001:db8::1"},
	} {
		p := program(t, script(relate(query.EQ, call(query.FuncString, ref(tt.field)), lit(tt.want))))
		if d := doc(t, `{"`+tt.field.Name+`":`+tt.value+`}`); !p.Match(d, now) {
			t.Errorf("string(%s) of %s is not %q", tt.field.Name, d, tt.want)
		}
	}
}
