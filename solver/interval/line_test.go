package interval

import (
	"math"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/query"
)

var now = time.Date(2026, 6, 15, 12, 30, 0, 0, time.UTC)

func bound(v query.Value, inclusive bool) *query.Bound {
	return &query.Bound{Value: v, Inclusive: inclusive}
}

// compare builds the set of "x op v", op being one of the operators.
func compare(t *testing.T, l Line, op string, v query.Value) Set {
	t.Helper()
	var s Set
	var ok bool
	switch op {
	case "==":
		s, ok = l.Equal(v)
	case "!=":
		s, ok = l.Equal(v)
		s = s.Complement()
	case "<", "<=":
		s, ok = l.Range(nil, bound(v, op == "<="), now)
	default:
		s, ok = l.Range(bound(v, op == ">="), nil, now)
	}
	if !ok {
		t.Fatalf("%s %v cannot be compared with %v", op, v, l.typ)
	}
	return s
}

func TestComparisons(t *testing.T) {
	num := func(f float64) query.Value { return query.FloatOf(f) }
	i := query.IntOf
	str := query.StringOf
	for _, tt := range []struct {
		typ  query.Type
		op   string
		than query.Value
		want string // Set.String
	}{
		{query.Long, "==", i(5), "5"},
		{query.Long, "!=", i(5), "4 and below, 6 and above"},
		{query.Long, ">", i(5), "6 and above"},
		{query.Long, ">=", i(5), "5 and above"},
		{query.Long, "<", i(5), "4 and below"},
		{query.Long, "<=", i(5), "5 and below"},
		{query.Long, ">", num(1.5), "2 and above"},
		{query.Long, ">=", num(1.5), "2 and above"},
		{query.Long, "<", num(1.5), "1 and below"},
		{query.Long, "<=", num(-1.5), "-2 and below"},
		{query.Long, "==", num(1.5), "nothing"},
		{query.Long, "==", num(2), "2"},
		{query.Long, "==", str("80"), "80"},
		{query.Long, ">", i(math.MaxInt64), "nothing"},
		{query.Long, "<", i(math.MinInt64), "nothing"},
		{query.Long, "<=", query.UintOf(math.MaxUint64), "anything"},
		{query.Long, ">", num(1e300), "nothing"},
		{query.Long, "<", num(1e300), "anything"},
		{query.Long, ">", num(-1e300), "anything"},
		{query.Long, "==", num(math.NaN()), "nothing"},
		{query.Long, "<", num(math.NaN()), "nothing"},
		{query.Long, ">", num(math.Inf(-1)), "anything"},
		// An operand that a float64 rounds stays exact.
		{query.Long, ">", i(1<<53 + 1), "9007199254740994 and above"},

		{query.UnsignedLong, ">", query.UintOf(math.MaxUint64 - 1), "18446744073709551615"},
		{query.UnsignedLong, ">=", i(-3), "anything"},
		{query.UnsignedLong, "<", i(0), "nothing"},
		{query.Byte, ">", i(126), "127"},
		{query.Byte, "==", i(128), "nothing"},
		{query.Byte, "<", i(128), "anything"},
		{query.Short, "<=", i(-32768), "-32768"},
		{query.Integer, ">", i(1<<31 - 1), "nothing"},

		{query.Double, ">", i(5), "5.000000000000001 and above"},
		{query.Double, "==", num(math.Copysign(0, -1)), "0.0"},
		{query.Double, "==", num(0.1), "0.1"},
		{query.Double, ">", num(math.MaxFloat64), "nothing"},
		{query.FloatType, "==", num(0.1), "0.1"},
		{query.FloatType, ">", num(0.1), "0.10000001 and above"},
		{query.FloatType, "==", num(1e39), "nothing"},
		{query.FloatType, "<", num(1e39), "anything"},
		{query.HalfFloat, "==", num(0.1), "0.0999755859375"},
		// Bounds on a half_float are exact: the point below 0.1 is not >= 0.1.
		{query.HalfFloat, ">=", num(0.1), "0.10003662109375 and above"},
		{query.HalfFloat, "<=", num(0.1), "0.0999755859375 and below"},
		{query.HalfFloat, ">", i(65503), "65504.0"},
		{query.HalfFloat, "<", num(-65504), "nothing"},
		{query.HalfFloat, ">=", num(-65519), "anything"},
		{query.HalfFloat, "==", num(65519), "65504.0"},
		{query.HalfFloat, "==", num(65520), "nothing"},
		{query.ScaledFloat, "==", num(1.1), "1.1"},
		{query.ScaledFloat, "==", num(1.104), "1.1"}, // rounded, as the engine does
		{query.ScaledFloat, ">=", num(1.1), "1.1 and above"},
		{query.ScaledFloat, ">=", num(1.101), "1.11 and above"},
		{query.ScaledFloat, "<", num(1.101), "1.1 and below"},

		{query.Date, ">=", str("2026-02-28"), "2026-02-28T00:00:00.000Z and above"},
		{query.Date, ">", str("2026-02-28"), "2026-03-01T00:00:00.000Z and above"},
		{query.Date, "<", str("2026-02-28"), "2026-02-27T23:59:59.999Z and below"},
		{query.Date, "<=", str("2026-02-28"), "2026-02-28T23:59:59.999Z and below"},
		{query.Date, ">=", str("now-30d/d"), "2026-05-16T00:00:00.000Z and above"},
		{query.Date, ">=", i(15_000), "1970-01-01T00:00:15.000Z and above"},
		{query.Date, ">=", i(1_500), "1500-01-01T00:00:00.000Z and above"}, // four digits are a year
		{query.DateNanos, ">", str("2026-02-28T00:00:00Z"), "2026-02-28T00:00:01.000000000Z and above"},
		{query.DateNanos, "<=", str("2026-02-28T00:00:00.250Z"), "2026-02-28T00:00:00.250000000Z and below"},
		{query.DateNanos, "<=", str("2026-02-28T00:00:00Z"), "2026-02-28T00:00:00.999999999Z and below"},
		{query.DateNanos, "<=", str("now"), "2026-06-15T12:30:00.000000000Z and below"},
		{query.DateNanos, "<", str("1969-12-31"), "nothing"},
		{query.DateNanos, "<", str("2300-01-01"), "anything"},

		{query.IP, "==", str("10.1.2.3"), "10.1.2.3"},
		{query.IP, "==", str("::ffff:10.1.2.3"), "10.1.2.3"},
		{query.IP, "==", str("10.1.2.3/24"), "10.1.2.0 to 10.1.2.255"},
		{query.IP, "==", str("::/0"), "anything"},
		{query.IP, ">", str("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{query.IP, "<", str("::"), "nothing"},
	} {
		t.Run(tt.typ.String()+tt.op+tt.than.String(), func(t *testing.T) {
			l := Line{typ: tt.typ}
			if tt.typ == query.ScaledFloat {
				l.scaling = 100
			}
			if got := compare(t, l, tt.op, tt.than).String(); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestOperandsOfAnotherKind(t *testing.T) {
	for _, tt := range []struct {
		typ  query.Type
		than query.Value
	}{
		{query.Long, query.StringOf("abc")},
		{query.Long, query.BoolOf(true)},
		{query.Double, query.StringOf("0x10")},
		{query.Double, query.StringOf("Infinity")},
		{query.IP, query.StringOf("fe80::1%eth0")},
		{query.IP, query.IntOf(7)},
		{query.Date, query.StringOf("yesterday")},
		{query.Keyword, query.StringOf("a")},
		{query.ScaledFloat, query.FloatOf(1e18)}, // beyond exact arithmetic
	} {
		t.Run(tt.typ.String()+tt.than.String(), func(t *testing.T) {
			l := Line{typ: tt.typ}
			if tt.typ == query.ScaledFloat {
				l.scaling = 100
			}
			if s, ok := l.Range(bound(tt.than, true), nil, now); ok {
				t.Errorf("range gives %v", s)
			}
			if s, ok := l.Equal(tt.than); ok && !s.IsEmpty() {
				t.Errorf("equality gives %v", s)
			}
		})
	}
}

func TestStoredValues(t *testing.T) {
	for _, tt := range []struct {
		typ   query.Type
		value query.Value
		want  string // what the field holds, or "" for nothing
	}{
		{query.Long, query.IntOf(-7), "-7"},
		{query.Long, query.StringOf("12"), "12"},
		{query.Long, query.FloatOf(-1.9), "-1"},
		{query.Long, query.StringOf("x"), ""},
		{query.Long, query.BoolOf(true), ""},
		{query.Long, query.UintOf(1 << 63), ""},
		{query.Byte, query.IntOf(128), ""},
		{query.UnsignedLong, query.FloatOf(2), "2"},
		{query.UnsignedLong, query.FloatOf(1.5), ""}, // not cut off, unlike the other integer types
		{query.Double, query.FloatOf(math.NaN()), ""},
		{query.Double, query.StringOf("1e400"), ""},
		{query.HalfFloat, query.FloatOf(0.1), "0.0999755859375"},
		{query.ScaledFloat, query.FloatOf(2.345), "2.35"},
		{query.IP, query.StringOf("::ffff:1.2.3.4"), "1.2.3.4"},
		{query.IP, query.StringOf("1.2.3.0/24"), ""},
		{query.Date, query.StringOf("2026-02-28T12:00:00+02:00"), "2026-02-28T10:00:00.000Z"},
		{query.Date, query.BoolOf(true), ""},
		{query.Date, query.IntOf(0), "1970-01-01T00:00:00.000Z"},
		{query.Date, query.StringOf("now-1d"), ""},
		{query.DateNanos, query.StringOf("2026-02-28T12:00:00.123456789Z"), "2026-02-28T12:00:00.123456789Z"},
		{query.DateNanos, query.StringOf("1960-01-01"), ""},
	} {
		t.Run(tt.typ.String()+tt.value.String(), func(t *testing.T) {
			l := Line{typ: tt.typ}
			if tt.typ == query.ScaledFloat {
				l.scaling = 100
			}
			r, ok := l.stored(tt.value)
			if ok != (tt.want != "") {
				t.Fatalf("stored: %v", ok)
			}
			if ok && text(l.value(r)) != tt.want {
				t.Errorf("stored as %v, want %s", l.value(r), tt.want)
			}
			if l.All().Contains(tt.value) != ok {
				t.Error("Contains disagrees")
			}
		})
	}
}

// Every point of every line survives the way into a document and back.
func checkRoundTrip(t *rapid.T) {
	l := drawLine(t)
	last, _ := l.last()
	r := last
	if !rapid.Bool().Draw(t, "last") {
		r = run{rank{}, last}.draw(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)))
	}
	v := l.value(r)
	if back, ok := l.stored(v); !ok || back != r {
		t.Fatalf("%v: rank %v is %v, which is stored as %v (%v)", l.typ, r, v, back, ok)
	}
	doc, err := query.ParseValue(v.AppendJSON(nil))
	if err != nil {
		t.Fatal(err)
	}
	if back, ok := l.stored(doc); !ok || back != r {
		t.Fatalf("%v: %v does not survive JSON", l.typ, v)
	}
}

func TestRoundTrip(t *testing.T) { rapid.Check(t, checkRoundTrip) }

// The half_float line is small enough to be checked whole: ascending, and each
// point the nearest to itself.
func TestHalfFloats(t *testing.T) {
	l := Line{typ: query.HalfFloat}
	for i := range uint64(2*halfZero + 1) {
		f := l.floatAt(small(i))
		if i > 0 && f <= l.floatAt(small(i-1)) {
			t.Fatalf("rank %d: %v does not ascend", i, f)
		}
		if r, finite := l.nearest(f); !finite || r != small(i) {
			t.Fatalf("rank %d: %v is stored as %v", i, f, r)
		}
	}
	// Between two neighbours the nearer one is taken, the even one from the middle.
	for i := range uint64(2 * halfZero) {
		low, high := l.floatAt(small(i)), l.floatAt(small(i+1))
		even := i
		if (i-halfZero)&1 == 1 {
			even++
		}
		if r, _ := l.nearest((low + high) / 2); r != small(even) {
			t.Fatalf("the middle of %v and %v is stored as %v", low, high, l.floatAt(r))
		}
	}
}

// Networks and address ranges, judged by net/netip.
func checkNets(t *rapid.T) {
	address := rapid.Custom(func(t *rapid.T) netip.Addr {
		if rapid.Bool().Draw(t, "v4") {
			return netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "v4 bytes")))
		}
		return netip.AddrFrom16([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "v6 bytes"))).Unmap()
	})
	l := Line{typ: query.IP}
	base := address.Draw(t, "base")
	prefix, err := base.Prefix(rapid.IntRange(0, base.BitLen()).Draw(t, "bits"))
	if err != nil {
		t.Fatal(err)
	}
	s := l.Net(query.Net{Prefix: prefix})
	other := address.Draw(t, "other")
	for _, a := range []netip.Addr{base, base.Next(), base.Prev(), prefix.Addr(), prefix.Addr().Prev(), other} {
		if !a.IsValid() {
			continue
		}
		want := prefix.Contains(a)
		if prefix.Addr().Is6() && a.Is4() {
			want = containsMapped(prefix, a)
		}
		if got := s.Contains(query.StringOf(a.String())); got != want {
			t.Fatalf("%v contains %v: %v", prefix, a, got)
		}
	}
	want := new(big.Int).Lsh(big.NewInt(1), uint(base.BitLen()-prefix.Bits()))
	if got := s.Count(); got.Cmp(want) != 0 {
		t.Fatalf("%v has %v addresses, want %v", prefix, got, want)
	}
}

// containsMapped compares the bits of an IPv4 address in its IPv6 form, which
// netip.Prefix.Contains refuses to do and Elasticsearch does.
func containsMapped(p netip.Prefix, a netip.Addr) bool {
	x, y := p.Addr().As16(), a.As16()
	for i := range p.Bits() {
		if (x[i/8]^y[i/8])>>(7-i%8)&1 != 0 {
			return false
		}
	}
	return true
}

func TestNets(t *testing.T) { rapid.Check(t, checkNets) }

func TestLineOf(t *testing.T) {
	for _, tt := range []struct {
		field query.Field
		want  bool
	}{
		{query.Field{Type: query.Long}, true},
		{query.Field{Type: query.IP}, true},
		{query.Field{Type: query.ScaledFloat}, true}, // factor 1
		{query.Field{Type: query.ScaledFloat, Scaling: -1}, false},
		{query.Field{Type: query.ScaledFloat, Scaling: math.Inf(1)}, false},
		{query.Field{Type: query.ScaledFloat, Scaling: math.NaN()}, false},
		{query.Field{Type: query.Keyword}, false},
		{query.Field{Type: query.Boolean}, false},
	} {
		if l, ok := LineOf(&tt.field); ok != tt.want || l.All().IsEmpty() == tt.want {
			t.Errorf("%v with factor %v has a line: %v", tt.field.Type, tt.field.Scaling, ok)
		}
	}
}
