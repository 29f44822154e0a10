package interval

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/query"
)

// The algebra is checked against brute force on a handful of points that
// straddle an end of a line, where successors and predecessors run out.

const points = 6

// corner is a set of some of the first or of the last points of a line, by bit.
func corner(l Line, atEnd bool, bits uint) Set {
	last, _ := l.last()
	s := l.None()
	for i := range uint64(points) {
		if bits>>i&1 == 0 {
			continue
		}
		r := small(i)
		if atEnd {
			r = last.minus(small(points - 1 - i))
		}
		s = s.Union(l.when(true, r, r))
	}
	return s
}

// bitsOf reads the set back, point by point.
func bitsOf(s Set, atEnd bool) (bits uint) {
	last, _ := s.line.last()
	for i := range uint64(points) {
		r := small(i)
		if atEnd {
			r = last.minus(small(points - 1 - i))
		}
		if s.has(r) {
			bits |= 1 << i
		}
	}
	return bits
}

// wellFormed fails unless the runs are sorted and apart.
func wellFormed(t interface{ Fatalf(string, ...any) }, s Set) {
	for i, r := range s.runs {
		if r.hi.less(r.lo) || i > 0 && !s.runs[i-1].hi.next().less(r.lo) {
			t.Fatalf("runs %v are not sorted, disjoint and apart", s.runs)
		}
	}
}

func TestAlgebraExhaustively(t *testing.T) {
	for _, tt := range []struct {
		name  string
		line  Line
		atEnd bool
	}{
		{"first bytes", Line{typ: query.Byte}, false},
		{"last bytes", Line{typ: query.Byte}, true},
		{"last longs", Line{typ: query.Long}, true},
		{"first addresses", Line{typ: query.IP}, false},
		{"last addresses", Line{typ: query.IP}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const all = 1<<points - 1
			for a := range uint(1 << points) {
				s := corner(tt.line, tt.atEnd, a)
				wellFormed(t, s)
				wellFormed(t, s.Complement())
				if got := bitsOf(s, tt.atEnd); got != a {
					t.Fatalf("set of %06b holds %06b", a, got)
				}
				if got := bitsOf(s.Complement(), tt.atEnd); got != all&^a {
					t.Fatalf("complement of %06b holds %06b", a, got)
				}
				for b := range uint(1 << points) {
					u := corner(tt.line, tt.atEnd, b)
					union, both := s.Union(u), s.Intersect(u)
					wellFormed(t, union)
					wellFormed(t, both)
					if got := bitsOf(union, tt.atEnd); got != a|b {
						t.Fatalf("%06b or %06b holds %06b", a, b, got)
					}
					if got := bitsOf(both, tt.atEnd); got != a&b {
						t.Fatalf("%06b and %06b holds %06b", a, b, got)
					}
					if s.Equal(u) != (a == b) {
						t.Fatalf("%06b equals %06b: %v", a, b, s.Equal(u))
					}
				}
			}
		})
	}
}

// drawSet generates sets on any line, by ranks.
func drawSet(t *rapid.T, l Line, name string) Set {
	last, _ := l.last()
	point := rapid.Custom(func(t *rapid.T) rank {
		r := rank{rapid.Uint64().Draw(t, "hi"), rapid.Uint64().Draw(t, "lo")}
		if last.hi == 0 {
			r.hi = 0
		}
		if last.less(r) {
			r = small(r.lo % (last.lo + 1))
		}
		return r
	})
	s := l.None()
	for range rapid.IntRange(0, 6).Draw(t, name) {
		a, b := point.Draw(t, "a"), point.Draw(t, "b")
		s = s.Union(l.when(true, least(a, b), greatest(a, b)))
	}
	return s
}

func drawLine(t *rapid.T) Line {
	return rapid.SampledFrom(allLines).Draw(t, "line")
}

// allLines has a line of every type.
var allLines = []Line{
	{typ: query.Byte},
	{typ: query.Short},
	{typ: query.Integer},
	{typ: query.Long},
	{typ: query.UnsignedLong},
	{typ: query.HalfFloat},
	{typ: query.FloatType},
	{typ: query.Double},
	{typ: query.ScaledFloat, scaling: 100},
	{typ: query.Date},
	{typ: query.DateNanos},
	{typ: query.IP},
}

func checkAlgebra(t *rapid.T) {
	l := drawLine(t)
	a, b := drawSet(t, l, "set a"), drawSet(t, l, "set b")
	want := func(what string, got, want Set) {
		wellFormed(t, got)
		if !got.Equal(want) {
			t.Fatalf("%s: %v is not %v", what, got, want)
		}
	}
	not := Set.Complement
	want("double complement", not(not(a)), a)
	want("De Morgan", not(a.Union(b)), not(a).Intersect(not(b)))
	want("commutative union", a.Union(b), b.Union(a))
	want("commutative intersection", a.Intersect(b), b.Intersect(a))
	want("absorption", a.Union(a.Intersect(b)), a)
	want("excluded middle", a.Union(not(a)), l.All())
	want("contradiction", a.Intersect(not(a)), l.None())
	want("union of many", l.Union(a, b, a, not(a)), l.All())

	sum := new(big.Int).Add(a.Count(), not(a).Count())
	if sum.Cmp(l.All().Count()) != 0 {
		t.Fatalf("%v members and %v others make %v points", a.Count(), not(a).Count(), l.All().Count())
	}
}

func TestAlgebra(t *testing.T) { rapid.Check(t, checkAlgebra) }
func FuzzAlgebra(f *testing.F) {
	f.Add(make([]byte, 4096))
	f.Fuzz(rapid.MakeFuzz(checkAlgebra))
}

func TestCount(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  Set
		want string
	}{
		{"empty", Set{}, "0"},
		{"byte", Line{typ: query.Byte}.All(), "256"},
		{"long", Line{typ: query.Long}.All(), "18446744073709551616"},
		{"half_float", Line{typ: query.HalfFloat}.All(), "63487"}, // 2 * 31743 + zero
		{"address", Line{typ: query.IP}.All(), "340282366920938463463374607431768211456"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.set.Count().String(); got != tt.want {
				t.Errorf("%s points, want %s", got, tt.want)
			}
		})
	}
}

func TestDifferentLinesPanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a port united with an address")
		}
	}()
	Line{typ: query.Long}.All().Union(Line{typ: query.IP}.All())
}

func TestZeroSet(t *testing.T) {
	var zero Set
	long := Line{typ: query.Long}.All()
	if !zero.IsEmpty() || !zero.Union(long).Equal(long) || !long.Intersect(zero).IsEmpty() || !zero.Complement().IsEmpty() {
		t.Error("the zero Set is not an empty set that goes with every line")
	}
	if !zero.Min().IsNull() || !zero.Max().IsNull() || !zero.Simplest().IsNull() {
		t.Error("the zero Set has members")
	}
}
