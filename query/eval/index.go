package eval

import (
	"bytes"
	"math"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval/internal/pattern"
)

// reading is one value of a field as the engine indexes it. Of its parts the
// one that the field's family names is set.
type reading struct {
	text string      // Strings, Analysed
	num  query.Value // Integers, Floats; Booleans as a Bool
	at   int64       // Dates: milliseconds, or for DateNanos nanoseconds, since 1970
	addr netip.Addr  // Addresses; never an IPv4 address in IPv6 clothes
}

// read reads v, which is no null, array or object unless the field's family is
// Opaque. It reports false for what the field does not index.
func read(f *query.Field, v query.Value) (r reading, ok bool) {
	switch f.Type.Family() {
	case query.Strings, query.Analysed:
		if v.Kind() == query.Object {
			return r, false
		}
		r.text = scalarText(v)
		ok = indexed(f, r.text)
	case query.Integers:
		r.num, ok = readInteger(f.Type, v)
	case query.Floats:
		if v.Kind() == query.String {
			v, ok = parseNumber(v.Str())
			if !ok {
				return r, false
			}
		}
		if v.IsNumber() {
			var x float64
			x, ok = storeFloat(f, v.Float())
			r.num = query.FloatOf(x)
		}
	case query.Dates:
		if v.IsNumber() || v.Kind() == query.String {
			r.at, ok = readDate(f.Type, scalarText(v))
		}
	case query.Addresses:
		if v.Kind() == query.String {
			r.addr, ok = readAddr(v.Str())
		}
	case query.Booleans:
		switch {
		case v.Kind() == query.Bool:
			r.num, ok = v, true
		case v.Kind() == query.String && (v.Str() == "true" || v.Str() == "false" || v.Str() == ""):
			r.num, ok = query.BoolOf(v.Str() == "true"), true
		}
	default:
		ok = occupied(v)
	}
	return r, ok
}

// indexed reports whether a text is short enough to be indexed.
func indexed(f *query.Field, text string) bool {
	return f.IgnoreAbove == 0 || len(text) <= f.IgnoreAbove || utf8.RuneCountInString(text) <= f.IgnoreAbove
}

// occupied reports whether v holds any scalar.
func occupied(v query.Value) bool {
	switch v.Kind() {
	case query.Null:
		return false
	case query.Array:
		for _, e := range v.List() {
			if occupied(e) {
				return true
			}
		}
		return false
	case query.Object:
		for _, m := range v.Doc() {
			if occupied(m.Value) {
				return true
			}
		}
		return false
	}
	return true
}

// scalarText is a string itself, and the JSON text of another scalar.
func scalarText(v query.Value) string {
	if v.Kind() == query.String {
		return v.Str()
	}
	return v.String()
}

// parseNumber reads the decimal notation that Java's parsers take. Whole
// numbers stay exact.
func parseNumber(s string) (query.Value, bool) {
	if s == "" || strings.Trim(s, "0123456789+-.eE") != "" {
		return query.Value{}, false
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return query.IntOf(i), true
	}
	if u, err := strconv.ParseUint(strings.TrimPrefix(s, "+"), 10, 64); err == nil {
		return query.UintOf(u), true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil { // "1.2.3", or beyond a float64: null, which callers may use as it is
		return query.Value{}, false
	}
	return query.FloatOf(f), true
}

// integerRange is what each integer type holds, but for UnsignedLong.
var integerRange = map[query.Type]struct{ low, high int64 }{
	query.Byte:    {math.MinInt8, math.MaxInt8},
	query.Short:   {math.MinInt16, math.MaxInt16},
	query.Integer: {math.MinInt32, math.MaxInt32},
	query.Long:    {math.MinInt64, math.MaxInt64},
}

// readInteger coerces as the mapping parameter coerce, on by default, does:
// text is parsed and fractions are cut off. An unsigned_long takes no fraction.
func readInteger(t query.Type, v query.Value) (query.Value, bool) {
	if v.Kind() == query.String {
		n, ok := parseNumber(v.Str())
		if !ok {
			return query.Value{}, false
		}
		if n.Kind() == query.Float && !strings.ContainsAny(v.Str(), "eE") {
			// The digits before the point may be more than a float64 holds.
			whole, _, _ := strings.Cut(v.Str(), ".")
			if exact, ok := parseNumber(whole); ok && t != query.UnsignedLong {
				n = exact
			}
		}
		v = n
	}
	if v.Kind() == query.Float {
		f := math.Trunc(v.Float())
		switch {
		case t == query.UnsignedLong && f != v.Float():
			return query.Value{}, false
		case f >= -(1<<63) && f < 1<<63:
			v = query.IntOf(int64(f))
		case f >= 0 && f < 1<<64:
			v = query.UintOf(uint64(f))
		}
	}
	if t == query.UnsignedLong {
		_, ok := v.Uint()
		return v, ok
	}
	i, ok := v.Int()
	limits := integerRange[t]
	return v, ok && limits.low <= i && i <= limits.high
}

// storeFloat rounds x to what f stores; infinities are refused.
func storeFloat(f *query.Field, x float64) (float64, bool) {
	switch f.Type {
	case query.HalfFloat:
		x = roundHalf(float32(x))
	case query.FloatType:
		x = float64(float32(x))
	case query.ScaledFloat:
		// Java's Math.round: the floor of x + 1/2.
		x = math.Floor(x*scaling(f)+0.5) / scaling(f)
	}
	return x, !math.IsInf(x, 0) && !math.IsNaN(x)
}

func scaling(f *query.Field) float64 {
	if f.Scaling == 0 {
		return 1
	}
	return f.Scaling
}

// roundHalf rounds to IEEE 754 binary16, ties to even.
func roundHalf(x float32) float64 {
	abs := math.Abs(float64(x))
	if abs == 0 || math.IsInf(abs, 0) || math.IsNaN(abs) {
		return float64(x)
	}
	_, exp := math.Frexp(abs)                    // abs in [2^(exp-1), 2^exp)
	unit := math.Ldexp(1, max(exp-11, -24))      // distance of neighbours there
	rounded := math.RoundToEven(abs/unit) * unit //
	if rounded > 65504 {                         // the largest half
		rounded = math.Inf(1)
	}
	return math.Copysign(rounded, float64(x))
}

func readAddr(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	return a.Unmap(), err == nil && a.Zone() == ""
}

// readDate reads strict_date_optional_time||epoch_millis, the default format of
// date fields. Numbers go through the same text, so 2020 is a year.
func readDate(t query.Type, s string) (int64, bool) {
	when, ok := parseDate(s)
	if !ok {
		when, ok = parseMillis(s)
	}
	if !ok {
		return 0, false
	}
	if t == query.DateNanos {
		// The range of an int64 of nanoseconds, without negative ones.
		return when.UnixNano(), !when.Before(time.Unix(0, 0)) && when.Before(time.Unix(0, math.MaxInt64))
	}
	return when.UnixMilli(), true
}

// parseMillis reads milliseconds since 1970, all that a long holds, with up to
// six decimals.
func parseMillis(s string) (time.Time, bool) {
	digits := strings.TrimPrefix(s, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if whole == "" || len(fraction) > 6 || strings.Trim(whole+fraction, "0123456789") != "" {
		return time.Time{}, false
	}
	ms, err := strconv.ParseInt(whole, 10, 64)
	ns, err2 := strconv.ParseInt((fraction + "000000")[:6], 10, 64)
	if err != nil || err2 != nil {
		return time.Time{}, false
	}
	if len(digits) < len(s) {
		ms, ns = -ms, -ns
	}
	return time.UnixMilli(ms).Add(time.Duration(ns)).UTC(), true
}

// parseDate reads yyyy[-MM[-dd]]['T'[HH[:mm[:ss[.fraction]]]][zone]]; what is
// left out is the first of its kind, and the zone is UTC.
func parseDate(s string) (time.Time, bool) {
	date, clock, hasTime := strings.Cut(s, "T")
	day, err := time.Parse("2006-01-02"[:min(len(date), 10)], date)
	if err != nil || len(date) != 4 && len(date) != 7 && len(date) != 10 {
		return time.Time{}, false
	}
	if !hasTime || clock == "" {
		return day, true
	}
	if len(date) != 10 {
		return time.Time{}, false
	}
	offset := time.Duration(0)
	if z := strings.IndexAny(clock, "Z+-"); z >= 0 {
		var ok bool
		if offset, ok = parseZone(clock[z:]); !ok {
			return time.Time{}, false
		}
		clock = clock[:z]
	}
	main, fraction, hasFraction := strings.Cut(strings.Replace(clock, ",", ".", 1), ".")
	if hasFraction && (len(main) != 8 || fraction == "" || len(fraction) > 9) {
		return time.Time{}, false
	}
	if len(main) != 2 && len(main) != 5 && len(main) != 8 {
		return time.Time{}, false
	}
	// time.Parse would take a fraction by itself; here none is left in main.
	t, err := time.Parse("15:04:05"[:len(main)], main)
	if err != nil {
		return time.Time{}, false
	}
	ns, err := strconv.ParseUint((fraction + "000000000")[:9], 10, 32)
	if err != nil {
		return time.Time{}, false
	}
	return day.Add(t.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)) + time.Duration(ns) - offset), true
}

// parseZone reads Z, +hh, +hhmm or +hh:mm.
func parseZone(s string) (time.Duration, bool) {
	if s == "Z" {
		return 0, true
	}
	digits := strings.Replace(s[1:], ":", "", 1)
	if len(digits) == 2 {
		digits += "00"
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || len(digits) != 4 || n > 1800 || n%100 > 59 {
		return 0, false
	}
	d := time.Duration(n/100)*time.Hour + time.Duration(n%100)*time.Minute
	if s[0] == '-' {
		d = -d
	}
	return d, true
}

// canonical is the text by which readings of one field, or of fields that a
// rule joins, are compared as keys.
func (r *reading) canonical(f *query.Field) string {
	switch f.Type.Family() {
	case query.Strings, query.Analysed:
		return r.text
	case query.Integers, query.Booleans:
		return r.num.String()
	case query.Floats:
		if x := r.num.Float(); x == math.Trunc(x) { // 1.0 and 1 are one key
			whole, _ := big.NewFloat(x).Int(nil)
			return whole.String()
		}
		return r.num.String()
	case query.Dates:
		return r.time(f.Type).Format(time.RFC3339Nano)
	case query.Addresses:
		return r.addr.String()
	}
	return ""
}

func (r *reading) time(t query.Type) time.Time {
	if t == query.DateNanos {
		return time.Unix(0, r.at).UTC()
	}
	return time.UnixMilli(r.at).UTC()
}

// compareAddr orders addresses as the engine stores them: IPv4 among the
// IPv4-mapped IPv6 addresses.
func compareAddr(a, b netip.Addr) int {
	x, y := a.As16(), b.As16()
	return bytes.Compare(x[:], y[:])
}

// cell holds the readings of one slot for the document at hand. What is derived
// from them is computed when it is first asked for.
type cell struct {
	turn   uint64
	vals   []reading
	folded [3][]string // by query.Fold; [0] is unused
	words  [][]string
	cut    bool   // words are there
	made   *texts // where folded texts are put; nil: each in memory of its own
}

// cell returns the readings of a slot.
func (st *state) cell(n int) *cell {
	if st.view != nil {
		n = int(st.view[n])
	}
	c, s := &st.cells[n], &st.slotsOf[n]
	if turn := st.turns[s.scope]; c.turn != turn {
		c.clear(turn)
		if s.routed {
			return c
		}
		for _, v := range st.values(s) {
			if r, ok := read(s.field, v); ok {
				c.vals = append(c.vals, r)
			}
		}
	}
	return c
}

// clear empties c for another document.
func (c *cell) clear(turn uint64) {
	c.turn, c.cut = turn, false
	c.vals, c.words = c.vals[:0], c.words[:0]
	for i := range c.folded {
		c.folded[i] = c.folded[i][:0]
	}
}

// values returns what stands in the document where s points, unread. The slice
// is used again by the next call.
func (st *state) values(s *slot) []query.Value {
	doc := st.docs[s.scope]
	st.raw = st.raw[:0]
	switch {
	case s.hidden:
	case s.everything():
		st.raw = scalars(st.raw, doc)
	case s.wild:
		g := pattern.CompileGlob(starGlob(s.path), query.Exact)
		for _, p := range doc.Paths() {
			if g.Match(p) {
				st.raw = doc.Lookup(st.raw, p)
			}
		}
	case s.field.Type.Family() == query.Opaque:
		// An object is there when something in it is, also under a dotted name.
		st.raw = doc.Lookup(st.raw, s.path)
		if len(st.raw) == 0 {
			for _, e := range elements(nil, doc, s.path) {
				st.raw = append(st.raw, query.ObjectOf(e))
			}
		}
	default:
		st.raw = doc.Lookup(st.raw, s.path)
	}
	return st.raw
}

// everything reports whether the slot holds every scalar of the document, as the
// keywords of Sigma ask for.
func (s *slot) everything() bool {
	return s.path == "*" && s.scope == 0 && s.field.Type.Family() != query.Opaque
}

// scalars appends every scalar of doc but null.
func scalars(dst []query.Value, doc query.Document) []query.Value {
	for _, m := range doc {
		dst = scalarsIn(dst, m.Value)
	}
	return dst
}

func scalarsIn(dst []query.Value, v query.Value) []query.Value {
	switch v.Kind() {
	case query.Null:
	case query.Array:
		for _, e := range v.List() {
			dst = scalarsIn(dst, e)
		}
	case query.Object:
		dst = scalars(dst, v.Doc())
	default:
		dst = append(dst, v)
	}
	return dst
}

func starGlob(name string) query.Glob {
	var g query.Glob
	for i, text := range strings.Split(name, "*") {
		if i > 0 {
			g = g.Any()
		}
		g = g.Text(text)
	}
	return g
}

// text returns the i-th value under fold.
func (c *cell) text(i int, fold query.Fold) string {
	if fold == query.Exact {
		return c.vals[i].text
	}
	for len(c.folded[fold]) < len(c.vals) {
		text := c.vals[len(c.folded[fold])].text
		if c.made != nil {
			text = c.made.fold(text, fold)
		} else {
			text = pattern.Fold(text, fold)
		}
		c.folded[fold] = append(c.folded[fold], text)
	}
	return c.folded[fold][i]
}

// wordsOf returns the words of the i-th value.
func (c *cell) wordsOf(i int, how query.Segments) []string {
	if !c.cut {
		for j := range c.vals {
			c.words = append(c.words, pattern.Words(nil, c.vals[j].text, how))
		}
		c.cut = true
	}
	return c.words[i]
}
