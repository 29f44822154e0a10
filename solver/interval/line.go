package interval

import (
	"encoding/binary"
	"math"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// Line is the grid of values that a field can store, in order. Lines compare
// with ==. The zero Line has no points.
type Line struct {
	typ     query.Type
	scaling float64 // of a scaled_float, else 0
}

// LineOf returns the line of a field, and whether its type has one: integers,
// floats, dates and addresses do.
func LineOf(f *query.Field) (Line, bool) {
	l := Line{typ: f.Type}
	if f.Type == query.ScaledFloat {
		l.scaling = f.Scaling
		if l.scaling == 0 {
			l.scaling = 1
		}
		// Elasticsearch asks for a positive factor; one that is out of all
		// proportion would leave the range of a double.
		if !(l.scaling >= 1e-9 && l.scaling <= 1e18) {
			return Line{}, false
		}
	}
	if _, ok := l.last(); !ok {
		return Line{}, false
	}
	return l, true
}

// scaledLimit bounds the integers behind a scaled_float. Elasticsearch stores a
// long, but computes it with doubles, which reach only some of the longs beyond
// 2^53; within 2^50 every point survives the way into a document and back.
// Operands that reach the limit are refused, never guessed at: see [Line.Range].
const scaledLimit = 1 << 50

// Largest finite magnitudes, as bits. A float line is numbered from the most
// negative value; zero, which has one sign only, stands at this rank.
const (
	halfZero   = 0x7BFF
	floatZero  = 0x7F7FFFFF
	doubleZero = 0x7FEFFFFFFFFFFFFF
)

// last returns the greatest rank of l, and false where l has no points.
func (l Line) last() (rank, bool) {
	switch l.typ {
	case query.Byte:
		return small(math.MaxUint8), true
	case query.Short:
		return small(math.MaxUint16), true
	case query.Integer:
		return small(math.MaxUint32), true
	case query.Long, query.UnsignedLong, query.Date:
		return small(math.MaxUint64), true
	case query.DateNanos: // from 1970 to 2262
		return small(math.MaxInt64), true
	case query.ScaledFloat:
		return small(2 * scaledLimit), true
	case query.HalfFloat:
		return small(2 * halfZero), true
	case query.FloatType:
		return small(2 * floatZero), true
	case query.Double:
		return small(2 * doubleZero), true
	case query.IP:
		return rank{math.MaxUint64, math.MaxUint64}, true
	}
	return rank{}, false
}

// Integers are compared in biased form: n + 2^63, which is not negative for
// anything that an int64 or a uint64 holds.
var bias = small(1 << 63)

// origin is the biased form of the integer at rank 0 of an integer line.
func (l Line) origin() rank {
	switch l.typ {
	case query.Byte:
		return small(1<<63 - 1<<7)
	case query.Short:
		return small(1<<63 - 1<<15)
	case query.Integer:
		return small(1<<63 - 1<<31)
	case query.ScaledFloat:
		return small(1<<63 - scaledLimit)
	case query.UnsignedLong, query.DateNanos:
		return bias
	}
	return rank{} // Long, Date
}

// place says where a value lies on a line: at a point, between two, before the
// first or behind the last.
type place struct {
	floor  rank // the greatest point that is not above the value
	before bool // there is none
	exact  bool // the value is the floor
}

// integer places a biased integer on an integer line.
func (l Line) integer(biased rank, exact bool) place {
	origin := l.origin()
	if biased.less(origin) {
		return place{before: true}
	}
	r := biased.minus(origin)
	if last, _ := l.last(); last.less(r) {
		return place{floor: last}
	}
	return place{floor: r, exact: exact}
}

// number places a number on an integer line; ok is false for NaN.
func (l Line) number(v query.Value) (p place, ok bool) {
	if i, ok := v.Int(); ok {
		return l.integer(small(uint64(i)^1<<63), true), true
	}
	if u, ok := v.Uint(); ok {
		return l.integer(bias.plus(small(u)), true), true
	}
	f := v.Float()
	whole := math.Floor(f)
	switch {
	case math.IsNaN(f):
		return place{}, false
	case whole < -(1 << 63):
		return place{before: true}, true
	case whole >= 1<<64:
		last, _ := l.last()
		return place{floor: last}, true
	case whole < 0:
		return l.integer(small(uint64(int64(whole))^1<<63), whole == f), true
	}
	return l.integer(bias.plus(small(uint64(whole))), whole == f), true
}

// float places a number on a float line; ok is false for NaN.
func (l Line) float(f float64) (p place, ok bool) {
	if math.IsNaN(f) {
		return place{}, false
	}
	near, finite := l.nearest(f)
	switch point := l.floatAt(near); {
	case !finite && f < 0:
		return place{before: true}, true
	case !finite || point < f:
		return place{floor: near}, true
	case point > f && near == rank{}:
		return place{before: true}, true
	case point > f:
		return place{floor: near.previous()}, true
	}
	return place{floor: near, exact: true}, true
}

// nearest returns the rank of the point that a float is stored as, ties to
// even; finite is false where it is beyond the type, and the rank then the end
// of the line.
func (l Line) nearest(f float64) (r rank, finite bool) {
	var zero, bits uint64
	finite = true
	switch magnitude := math.Abs(f); l.typ {
	case query.HalfFloat:
		zero, bits = halfZero, uint64(halfBits(float32(magnitude)))
	case query.FloatType:
		zero, bits = floatZero, uint64(math.Float32bits(float32(magnitude)))
	default:
		zero, bits = doubleZero, math.Float64bits(magnitude)
	}
	if bits > zero {
		bits, finite = zero, false
	}
	if f < 0 {
		return small(zero - bits), finite
	}
	return small(zero + bits), finite
}

// floatAt is the number at a rank of a float line, exactly.
func (l Line) floatAt(r rank) float64 {
	zero, number := uint64(doubleZero), math.Float64frombits
	switch l.typ {
	case query.HalfFloat:
		zero, number = halfZero, func(b uint64) float64 { return halfValue(uint16(b)) }
	case query.FloatType:
		zero, number = floatZero, func(b uint64) float64 { return float64(math.Float32frombits(uint32(b))) }
	}
	if r.lo < zero {
		return -number(zero - r.lo)
	}
	return number(r.lo - zero)
}

// halfBits rounds a non-negative number to IEEE 754 binary16, ties to even;
// what is too large becomes infinity, 0x7C00.
func halfBits(f float32) uint16 {
	if f >= 65520 { // half a unit above the largest, 65504
		return 0x7C00
	}
	if f < 1.0/(1<<14) { // subnormal: a multiple of 2^-24
		return uint16(math.RoundToEven(float64(f) * (1 << 24)))
	}
	// Drop 13 of 23 fraction bits, rounding; a carry runs into the exponent,
	// whose bias changes from 127 to 15.
	b := math.Float32bits(f)
	b += 0xFFF + b>>13&1
	return uint16(b>>13 - (127-15)<<10)
}

func halfValue(bits uint16) float64 {
	exponent, fraction := int(bits>>10), float64(bits&0x3FF)
	if exponent == 0 {
		return fraction / (1 << 24)
	}
	return math.Ldexp(1+fraction/(1<<10), exponent-15)
}

// stored returns the rank that a value of a document is stored under; ok is
// false where the field cannot hold it. Like Elasticsearch with "coerce", which
// is its default, numbers may come as strings and integer types cut fractions.
func (l Line) stored(v query.Value) (r rank, ok bool) {
	switch {
	case l.typ.Family() == query.Dates:
		// A number is read by its digits: four of them are a year.
		return l.storedDate(text(v))
	case v.Kind() == query.String:
		if l.typ == query.IP {
			return addressRank(v.Str())
		}
		if v, ok = parseNumber(v.Str()); !ok {
			return rank{}, false
		}
	case !v.IsNumber():
		return rank{}, false
	}
	switch l.typ {
	case query.HalfFloat, query.FloatType, query.Double:
		f := v.Float()
		if math.IsNaN(f) {
			return rank{}, false
		}
		return l.nearest(f)
	case query.ScaledFloat:
		// Math.round of Java: halves go up.
		v = query.FloatOf(math.Floor(v.Float()*l.scaling + 0.5))
	case query.IP:
		return rank{}, false
	case query.UnsignedLong: // the one integer type that refuses fractions
	default:
		if v.Kind() == query.Float {
			v = query.FloatOf(math.Trunc(v.Float()))
		}
	}
	p, ok := l.number(v)
	return p.floor, ok && p.exact
}

// storedDate reads a date as documents hold it.
func (l Line) storedDate(s string) (rank, bool) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil && l.typ == query.DateNanos {
		ns := t.UnixNano()
		return small(uint64(ns)), ns >= 0 && time.Unix(0, ns).Equal(t)
	}
	if strings.HasPrefix(s, "now") || strings.Contains(s, "||") {
		return rank{}, false // date math belongs in queries
	}
	d, err := query.ParseDateMath(s)
	if err != nil {
		return rank{}, false
	}
	first, _ := d.Bounds(time.Time{})
	if l.typ == query.DateNanos {
		ms := first.UnixMilli()
		return l.instant(ms, 0), ms >= 0 && ms <= math.MaxInt64/1_000_000
	}
	return l.instant(first.UnixMilli(), 0), true
}

// instant is the rank of a time in milliseconds, and nanoseconds on top of it.
// For DateNanos it must be within the line.
func (l Line) instant(ms int64, ns uint64) rank {
	if l.typ == query.DateNanos {
		return small(uint64(ms)*1_000_000 + ns)
	}
	return small(uint64(ms) ^ 1<<63)
}

// parseNumber reads a number as JSON writes it.
func parseNumber(s string) (query.Value, bool) {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return query.IntOf(i), true
	}
	if u, err := strconv.ParseUint(s, 10, 64); err == nil {
		return query.UintOf(u), true
	}
	if strings.Trim(s, "0123456789+-.eE") != "" { // no hexadecimal, no infinity
		return query.Value{}, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return query.FloatOf(f), err == nil
}

func addressRank(s string) (rank, bool) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return rank{}, false
	}
	return rankOf(a), true
}

// rankOf numbers addresses as IPv6 does; IPv4 lies at ::ffff:0:0/96.
func rankOf(a netip.Addr) rank {
	b := a.As16()
	return rank{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func addressAt(r rank) netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], r.hi)
	binary.BigEndian.PutUint64(b[8:], r.lo)
	return netip.AddrFrom16(b).Unmap()
}

// dateYears are the years that strict_date_optional_time writes with four
// digits. Other dates go into a document as epoch milliseconds, which the
// default format of date fields takes as well.
const firstYear, lastYear = 0, 9999

// value is the point at a rank as it stands in a document.
func (l Line) value(r rank) query.Value {
	switch l.typ {
	case query.HalfFloat, query.Double:
		return query.FloatOf(l.floatAt(r))
	case query.FloatType:
		// The shortest decimal that is stored as this float: 0.1, not
		// 0.10000000149011612.
		f := l.floatAt(r)
		short, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', -1, 32), 64)
		if err != nil {
			short = f
		}
		return query.FloatOf(short)
	case query.IP:
		return query.StringOf(addressAt(r).String())
	}
	biased := r.plus(l.origin())
	if l.typ == query.UnsignedLong {
		return query.UintOf(biased.minus(bias).lo)
	}
	n := int64(biased.lo ^ 1<<63)
	switch l.typ {
	case query.ScaledFloat:
		return query.FloatOf(float64(n) / l.scaling)
	case query.Date:
		t := time.UnixMilli(n).UTC()
		if y := t.Year(); y < firstYear || y > lastYear {
			return query.IntOf(n)
		}
		return query.StringOf(t.Format("2006-01-02T15:04:05.000Z"))
	case query.DateNanos:
		return query.StringOf(time.Unix(0, n).UTC().Format("2006-01-02T15:04:05.000000000Z"))
	}
	return query.IntOf(n)
}

// scaled multiplies an operand of a query by the scaling factor, in decimal as
// Elasticsearch does: 1.1 times 100 is 110, and not a little more.
func (l Line) scaled(f float64) (float64, bool) {
	x, ok := new(big.Rat).SetString(strconv.FormatFloat(f, 'g', -1, 64))
	if !ok {
		return 0, false
	}
	factor, _ := new(big.Rat).SetString(strconv.FormatFloat(l.scaling, 'g', -1, 64))
	product, _ := x.Mul(x, factor).Float64()
	return product, math.Abs(product) < scaledLimit
}
