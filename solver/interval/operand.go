package interval

import (
	"math"
	"net/netip"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// Equal returns the points that equal v in a query: at most one. On floats v is
// rounded as a document's value would be; on integers 1.5 equals nothing. ok is
// false where a query cannot compare v with the line at all.
func (l Line) Equal(v query.Value) (s Set, ok bool) {
	switch l.typ.Family() {
	case query.Integers:
		v, ok = operand(v)
		if !ok {
			return Set{}, false
		}
		p, isNumber := l.number(v)
		return l.when(isNumber && p.exact, p.floor, p.floor), true
	case query.Floats:
		v, ok = operand(v)
		if !ok {
			return Set{}, false
		}
		if l.typ == query.ScaledFloat {
			f, within := l.scaled(v.Float())
			if !within {
				return l.None(), math.IsNaN(v.Float())
			}
			p, _ := l.number(query.FloatOf(math.Floor(f + 0.5)))
			return l.when(p.exact, p.floor, p.floor), true
		}
		r, finite := l.nearest(v.Float())
		return l.when(finite && !math.IsNaN(v.Float()), r, r), true
	case query.Addresses:
		net, err := query.ParseNet(v.Str())
		if err != nil {
			return Set{}, false
		}
		return l.Net(net), true
	}
	return Set{}, false
}

// when returns the points from lo to hi, or none.
func (l Line) when(holds bool, lo, hi rank) Set {
	if !holds || hi.less(lo) {
		return l.None()
	}
	return Set{l, []run{{lo, hi}}}
}

// operand reads what a query compares numbers with; Kibana hands over strings.
func operand(v query.Value) (query.Value, bool) {
	if v.Kind() == query.String {
		return parseNumber(v.Str())
	}
	return v, v.IsNumber()
}

// Net returns the addresses of a network.
func (l Line) Net(n query.Net) Set {
	if l.typ != query.IP || !n.IsValid() {
		return Set{}
	}
	first := rankOf(n.Masked().Addr())
	host := 128 - n.Bits()
	if n.Addr().Is4() {
		host = 32 - n.Bits()
	}
	// A shift by 64 or more gives 0 in Go, which is what is wanted here.
	width := rank{1<<max(host-64, 0) - 1, 1<<host - 1}
	return Set{l, []run{{first, first.plus(width)}}}
}

// Range returns the points between two bounds, either of which may be nil. Date
// maths is relative to now. ok is false where a query cannot compare a bound
// with the line, or (scaled_float only) where the bound is beyond what can be
// computed exactly. A bound of NaN bounds nothing, so the set is empty.
func (l Line) Range(low, high *query.Bound, now time.Time) (s Set, ok bool) {
	last, hasPoints := l.last()
	if !hasPoints {
		return Set{}, false
	}
	from, to, none := rank{}, last, false
	if low != nil {
		p, isNumber, ok := l.bound(low, now, !low.Inclusive)
		if !ok {
			return Set{}, false
		}
		// The first point at or above the bound; above it when exclusive.
		switch {
		case !isNumber:
			none = true
		case p.before:
		case p.exact && low.Inclusive:
			from = p.floor
		case p.floor == last:
			none = true
		default:
			from = p.floor.next()
		}
	}
	if high != nil {
		p, isNumber, ok := l.bound(high, now, high.Inclusive)
		if !ok {
			return Set{}, false
		}
		switch {
		case !isNumber, p.before:
			none = true
		case !p.exact || high.Inclusive:
			to = p.floor
		case p.floor == rank{}:
			none = true
		default:
			to = p.floor.previous()
		}
	}
	return l.when(!none, from, to), true
}

// bound places one end of a range. A date stands for a stretch of time, of
// which end picks the last instant instead of the first.
func (l Line) bound(b *query.Bound, now time.Time, end bool) (p place, isNumber, ok bool) {
	switch l.typ.Family() {
	case query.Dates:
		return l.dateBound(b, now, end)
	case query.Addresses:
		a, err := netip.ParseAddr(b.Value.Str())
		if err != nil || a.Zone() != "" {
			return place{}, false, false
		}
		return place{floor: rankOf(a), exact: true}, true, true
	}
	v, ok := operand(b.Value)
	if !ok {
		return place{}, false, false
	}
	switch l.typ {
	case query.ScaledFloat:
		f, within := l.scaled(v.Float())
		if !within {
			return place{}, false, math.IsNaN(v.Float())
		}
		p, isNumber = l.number(query.FloatOf(f))
	case query.HalfFloat, query.FloatType:
		// The engine parses the operand of either type as a float.
		p, isNumber = l.float(float64(float32(v.Float())))
	case query.Double:
		p, isNumber = l.float(v.Float())
	default:
		p, isNumber = l.number(v)
	}
	return p, isNumber, true
}

func (l Line) dateBound(b *query.Bound, now time.Time, end bool) (p place, isNumber, ok bool) {
	date := b.Date
	if date == nil {
		if b.Value.Kind() != query.String && b.Value.Kind() != query.Int {
			return place{}, false, false
		}
		parsed, err := query.ParseDateMath(text(b.Value))
		if err != nil {
			return place{}, false, false
		}
		date = &parsed
	}
	first, last := date.Bounds(now)
	instant := first
	if end {
		instant = last
	}
	ms := instant.UnixMilli()
	if l.typ == query.Date {
		return place{floor: l.instant(ms, 0), exact: true}, true, true
	}
	greatest, _ := l.last()
	switch {
	case ms < 0:
		return place{before: true}, true, true
	case ms > math.MaxInt64/1_000_000-1:
		return place{floor: greatest}, true, true
	case end && !first.Equal(last): // a stretch of time ends with the last nanosecond of its last millisecond
		return place{floor: l.instant(ms, 999_999), exact: true}, true, true
	}
	return place{floor: l.instant(ms, 0), exact: true}, true, true
}
