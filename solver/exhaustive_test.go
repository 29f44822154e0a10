package solver_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// Every three tests of a short list, each plain or negated, against every value
// of a small universe: once for a field of one value, once for an array. What a
// test means is written out by hand.

// domain is a type of field with tests and a universe that holds a value on
// each side of each of their edges.
type domain struct {
	name     string
	field    query.Field
	now      time.Time
	tests    []meaning
	universe []query.Value
}

// meaning is a test and what it means.
type meaning struct {
	query.Leaf
	holds func(query.Value) bool
}

func ranged(low, high *query.Bound, holds func(query.Value) bool) meaning {
	return meaning{query.Leaf{Op: query.OpRange, Items: []query.Operand{{Low: low, High: high}}}, holds}
}

func valued(v query.Value, holds func(query.Value) bool) meaning {
	return meaning{query.Leaf{Op: query.OpEqual, Items: []query.Operand{{Value: v}}}, holds}
}

func addresses() domain {
	d := domain{name: "addresses", field: query.Field{Type: query.IP}}
	add := func(a netip.Addr) {
		if a.IsValid() {
			d.universe = append(d.universe, query.StringOf(a.String()))
		}
	}
	// 16 bytes make an IPv4 address and its mapped twin one.
	wide := func(a netip.Addr) netip.Addr { return netip.AddrFrom16(a.As16()) }
	for _, s := range []string{"10.0.0.0/30", "10.0.0.0/31", "10.0.0.1", "10.0.0.2/31", "0.0.0.0/0", "::/0", "fe80::/64", "::1"} {
		n, _ := query.ParseNet(s)
		first := wide(n.Masked().Addr())
		bits := n.Bits()
		if n.Addr().Is4() {
			bits += 96
		}
		last := first.As16()
		for i := bits; i < 128; i++ {
			last[i/8] |= 0x80 >> (i % 8)
		}
		block := netip.PrefixFrom(first, bits)
		d.tests = append(d.tests, meaning{query.Leaf{Op: query.OpNet, Items: []query.Operand{{Net: n}}}, func(v query.Value) bool {
			return block.Contains(wide(netip.MustParseAddr(v.Str())).WithZone(""))
		}})
		end := netip.AddrFrom16(last)
		for _, a := range []netip.Addr{first, end, first.Prev(), end.Next()} {
			add(a.Unmap())
		}
	}
	edge := netip.MustParseAddr("10.0.0.1")
	at := func(v query.Value) int { return wide(netip.MustParseAddr(v.Str())).Compare(wide(edge)) }
	bound := func(inclusive bool) *query.Bound {
		return &query.Bound{Value: query.StringOf(edge.String()), Inclusive: inclusive}
	}
	d.tests = append(d.tests,
		ranged(bound(true), nil, func(v query.Value) bool { return at(v) >= 0 }),
		ranged(nil, bound(false), func(v query.Value) bool { return at(v) < 0 }))
	return d
}

func dates() domain {
	d := domain{name: "dates", field: query.Field{Type: query.Date}, now: time.Date(2026, 1, 20, 15, 0, 0, 0, time.UTC)}
	parse := func(s string) time.Time {
		at, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			panic(err)
		}
		return at
	}
	bound := func(s string, inclusive bool) *query.Bound {
		math, err := query.ParseDateMath(s)
		if err != nil {
			panic(err)
		}
		return &query.Bound{Date: &math, Inclusive: inclusive}
	}
	// The first and the last instant, written out; "" for no end.
	test := func(low, high *query.Bound, from, to string) {
		d.tests = append(d.tests, ranged(low, high, func(v query.Value) bool {
			at := parse(v.Str())
			return (from == "" || !at.Before(parse(from))) && (to == "" || !at.After(parse(to)))
		}))
		for _, edge := range []string{from, to} {
			if edge != "" {
				for _, by := range []time.Duration{-time.Millisecond, 0, time.Millisecond} {
					d.universe = append(d.universe, query.StringOf(parse(edge).Add(by).Format("2006-01-02T15:04:05.000Z")))
				}
			}
		}
	}
	test(bound("2026-01", true), nil, "2026-01-01T00:00:00Z", "")
	test(nil, bound("2026-01", true), "", "2026-01-31T23:59:59.999Z")
	test(bound("2026-01-20", false), nil, "2026-01-21T00:00:00Z", "")
	test(nil, bound("2026-01-20", false), "", "2026-01-19T23:59:59.999Z")
	test(bound("2026-01-20", true), bound("2026-01-20", true), "2026-01-20T00:00:00Z", "2026-01-20T23:59:59.999Z")
	test(bound("now-1d", true), bound("now", false), "2026-01-19T15:00:00Z", "2026-01-20T14:59:59.999Z")
	test(bound("now/d", true), nil, "2026-01-20T00:00:00Z", "")
	test(nil, bound("now/d", true), "", "2026-01-20T23:59:59.999Z")
	test(bound("2026-01-20T15:00:00.000Z", true), bound("2026-01-20T15:00:00.000Z", true), "2026-01-20T15:00:00Z", "2026-01-20T15:00:00Z")
	return d
}

// halves has values of the half_float grid only, so that plain comparisons of
// float64 tell the truth; constants are rounded to it for equality alone.
func halves() domain {
	d := domain{name: "half floats", field: query.Field{Type: query.HalfFloat}}
	for _, f := range []float64{
		-65504, -1, 0, 1.0 / (1 << 24), 0.09991455078125, 0.0999755859375, 0.10003662109375,
		2047, 2048, 2050, 2052, 65472, 65504,
	} {
		d.universe = append(d.universe, query.FloatOf(f))
	}
	equal := func(constant, stored float64) {
		d.tests = append(d.tests, valued(query.FloatOf(constant), func(v query.Value) bool { return v.Float() == stored }))
	}
	equal(0.1, 0.0999755859375)
	equal(2049, 2048) // ties to even
	equal(2051, 2052)
	equal(65519, 65504)
	d.tests = append(d.tests, valued(query.FloatOf(65520), func(query.Value) bool { return false }))
	for _, f := range []float64{0.1, 2049, 65503, 0} {
		b := func(inclusive bool) *query.Bound {
			return &query.Bound{Value: query.FloatOf(f), Inclusive: inclusive}
		}
		// The engine reads the bound as a float32.
		f := float64(float32(f))
		d.tests = append(d.tests,
			ranged(b(true), nil, func(v query.Value) bool { return v.Float() >= f }),
			ranged(nil, b(false), func(v query.Value) bool { return v.Float() < f }))
	}
	return d
}

func integers(name string, typ query.Type, lowest, highest query.Value) domain {
	d := domain{name: name, field: query.Field{Type: typ}, universe: []query.Value{lowest, highest}}
	const far = -1 << 62 // only a long goes there
	if typ == query.Long {
		d.universe = append(d.universe, query.IntOf(far-1), query.IntOf(far), query.IntOf(far+1))
	}
	for n := range int64(6) {
		d.universe = append(d.universe, query.IntOf(n))
	}
	for _, c := range []query.Value{query.IntOf(1), query.IntOf(3), query.FloatOf(1.5), lowest, highest, query.IntOf(far)} {
		b := func(inclusive bool) *query.Bound { return &query.Bound{Value: c, Inclusive: inclusive} }
		at := func(v query.Value) int { return query.CompareNumbers(v, c) }
		d.tests = append(d.tests,
			valued(c, func(v query.Value) bool { return at(v) == 0 }),
			ranged(b(false), nil, func(v query.Value) bool { return at(v) > 0 }),
			ranged(nil, b(true), func(v query.Value) bool { return at(v) <= 0 }))
	}
	return d
}

func texts() domain {
	d := domain{name: "strings", field: query.Field{Type: query.Keyword}}
	layer := []string{""}
	for range 5 { // up to "cabc"
		var next []string
		for _, s := range layer {
			next = append(next, s+"a", s+"b", s+"c")
		}
		for _, s := range layer {
			d.universe = append(d.universe, query.StringOf(s))
		}
		layer = next
	}
	for _, p := range []string{"", "a", "ab", "*", "a*", "*b", "*a*", "?", "??", "a?", "?*", "a*b", "*ab*", "*a"} {
		d.tests = append(d.tests, meaning{query.Leaf{Op: query.OpGlob, Items: []query.Operand{{Glob: parseGlob(p)}}}, func(v query.Value) bool {
			return refGlob(p, v.Str())
		}})
	}
	return d
}

func truths() domain {
	d := domain{name: "booleans", field: query.Field{Type: query.Boolean}, universe: []query.Value{query.BoolOf(false), query.BoolOf(true)}}
	for _, v := range d.universe {
		d.tests = append(d.tests, valued(v, v.Equal))
	}
	both := valued(query.BoolOf(true), func(query.Value) bool { return true })
	both.Items = append(both.Items, query.Operand{Value: query.BoolOf(false)})
	d.tests = append(d.tests, both)
	return d
}

func TestTriplesOfTests(t *testing.T) {
	const all = 1<<63 - 1
	for _, d := range []domain{
		addresses(), dates(), halves(), texts(), truths(),
		integers("longs", query.Long, query.IntOf(-all-1), query.IntOf(all)),
		integers("bytes", query.Byte, query.IntOf(-128), query.IntOf(127)),
		integers("unsigned longs", query.UnsignedLong, query.IntOf(0), query.UintOf(1<<64-1)),
	} {
		for _, array := range []bool{false, true} {
			if array && testing.Short() {
				continue
			}
			name := d.name
			if array {
				name += " in arrays"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				d.triples(t, array)
			})
		}
	}
}

// triples checks that the solver finds a value, or values, exactly where the
// universe has some, and that what it finds is what was asked for.
func (d domain) triples(t *testing.T, array bool) {
	field := d.field
	field.Name, field.Array = "f", array
	there := &query.Leaf{Field: &field, Op: query.OpExists}
	sv := solver.New(solver.Options{Now: d.now})
	leaves := make([]*query.Leaf, len(d.tests))
	for i, m := range d.tests {
		leaf := m.Leaf
		leaf.Field = &field
		leaves[i] = &leaf
	}
	n := len(leaves)
	src := rand.NewPCG(1, 1)
	for i := range n {
		for j := range i + 1 {
			for k := range j + 1 {
				for signs := range 8 {
					var plain, negated []int
					terms := []query.Pred{there}
					for bit, at := range []int{i, j, k} {
						if signs>>bit&1 == 0 {
							plain = append(plain, at)
							terms = append(terms, leaves[at])
						} else {
							negated = append(negated, at)
							terms = append(terms, not(leaves[at]))
						}
					}
					pred := and(terms...)
					r := sv.Solve(solver.Problem{Goals: []solver.Goal{{Pred: pred, Want: solver.MustBeTrue}}})
					if r.Unknown != nil || (r.Solution != nil) != d.exists(array, plain, negated) {
						t.Fatalf("%s: got %+v", show(pred), r)
					}
					if r.Solution == nil {
						continue
					}
					for _, pick := range []func(solver.Set) query.Value{simplest, func(s solver.Set) query.Value { return s.Draw(src) }} {
						if doc := draw(r.Solution, pick); !d.right(doc.Lookup(nil, "f"), plain, negated) {
							t.Fatalf("%s: drew %s", show(pred), doc)
						}
					}
				}
			}
		}
	}
}

// exists reports whether the universe has a value that satisfies all plain
// tests, or for an array one for each, and no negated test.
func (d domain) exists(array bool, plain, negated []int) bool {
	some := func(wanted []int) bool {
		for _, v := range d.universe {
			ok := true
			for _, p := range wanted {
				ok = ok && d.tests[p].holds(v)
			}
			for _, n := range negated {
				ok = ok && !d.tests[n].holds(v)
			}
			if ok {
				return true
			}
		}
		return false
	}
	if !array || len(plain) == 0 {
		return some(plain)
	}
	for _, p := range plain {
		if !some([]int{p}) {
			return false
		}
	}
	return true
}

// right reports whether values are what was asked for.
func (d domain) right(values []query.Value, plain, negated []int) bool {
	hit := func(test int) bool {
		for _, v := range values {
			if d.tests[test].holds(v) {
				return true
			}
		}
		return false
	}
	ok := len(values) > 0
	for _, p := range plain {
		ok = ok && hit(p)
	}
	for _, n := range negated {
		ok = ok && !hit(n)
	}
	return ok
}
