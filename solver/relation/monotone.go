package relation

import (
	"math"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver/interval"
)

// This file inverts arithmetic over one number field. What adds, subtracts,
// multiplies or divides by a constant never turns round, so where it compares
// with a constant is one stretch of the number line, whose ends are found by
// halving: {x : x / 1024 >= 50} is x >= 51200.

// widest bounds the numbers that are looked at, so that no arithmetic on them
// overflows. What lies beyond is missing from the sets.
const widest = 1 << 40

// stretches are the numbers for which an expression is true, and those for
// which it is false.
type stretches struct{ yes, no interval.Set }

// invertNumber returns them for a boolean expression over the number field f,
// or false where it is no comparison of that kind.
func invertNumber(e query.Expr, f *query.Field) (stretches, bool) {
	line, ok := interval.LineOf(f)
	if !ok {
		return stretches{}, false
	}
	switch e := e.(type) {
	case *query.Logic:
		return invertLogic(e, f, line)
	case *query.Compare:
		expr, constant, op := e.Left, e.Right, e.Op
		if mentions(constant) {
			expr, constant, op = constant, expr, mirrored(op)
		}
		c := Compute(constant, nil)
		if mentions(constant) || !c.IsNumber() || !monotone(expr) {
			return stretches{}, false
		}
		domain, ok := between(line, f, -widest, widest)
		if !ok {
			return stretches{}, false
		}
		yes, ok := stretch(expr, op, c, f, line)
		if !ok {
			return stretches{}, false
		}
		return stretches{yes, domain.Intersect(yes.Complement())}, true
	}
	return stretches{}, false
}

func invertLogic(e *query.Logic, f *query.Field, line interval.Line) (stretches, bool) {
	out := stretches{line.All(), line.None()}
	if e.Op == query.AnyOf {
		out.yes, out.no = out.no, out.yes
	}
	for _, t := range e.Terms {
		s, ok := invertNumber(t, f)
		if !ok {
			return stretches{}, false
		}
		switch e.Op {
		case query.AllOf:
			out = stretches{out.yes.Intersect(s.yes), out.no.Union(s.no)}
		case query.AnyOf:
			out = stretches{out.yes.Union(s.yes), out.no.Intersect(s.no)}
		default:
			out = stretches{s.no, s.yes}
		}
	}
	return out, true
}

// monotone reports whether an expression is the field, moved or scaled by
// constants.
func monotone(e query.Expr) bool {
	if _, ok := e.(*query.FieldRef); ok {
		return true
	}
	c, ok := e.(*query.Call)
	if !ok {
		return false
	}
	switch c.Func {
	case query.FuncNegate:
		return monotone(c.Args[0])
	case query.FuncAdd, query.FuncSubtract, query.FuncMultiply:
		return !mentions(c.Args[0]) && small(c.Args[0]) && monotone(c.Args[1]) || !mentions(c.Args[1]) && small(c.Args[1]) && monotone(c.Args[0])
	case query.FuncDivide:
		return !mentions(c.Args[1]) && small(c.Args[1]) && monotone(c.Args[0])
	}
	return false
}

// small reports whether a constant is a number that [widest] times it stays far
// from overflow.
func small(e query.Expr) bool {
	v := Compute(e, nil)
	return v.IsNumber() && math.Abs(v.Float()) <= 1<<22 && v.Float() != 0
}

// stretch returns the numbers x within widest for which e compares so with c.
func stretch(e query.Expr, op query.CompareOp, c query.Value, f *query.Field, line interval.Line) (interval.Set, bool) {
	switch op {
	case query.EQ:
		above, ok := stretch(e, query.GE, c, f, line)
		if !ok {
			return above, false
		}
		below, ok := stretch(e, query.LE, c, f, line)
		return above.Intersect(below), ok
	case query.NE:
		above, ok := stretch(e, query.GT, c, f, line)
		if !ok {
			return above, false
		}
		below, ok := stretch(e, query.LT, c, f, line)
		return above.Union(below), ok
	}
	at := func(x float64) bool {
		v := query.FloatOf(x)
		if f.Type.Family() == query.Integers {
			v = query.IntOf(int64(x))
		}
		vars := Env{}
		for _, ref := range query.FieldRefs(nil, e) {
			vars[ref] = v
		}
		result := compare(op, Compute(e, vars), c)
		return result.Kind() == query.Bool && result.Bool()
	}
	low, high := float64(-widest), float64(widest)
	atLow, atHigh := at(low), at(high)
	if atLow == atHigh {
		if !atLow {
			return line.None(), true
		}
		return between(line, f, low, high)
	}
	// Halve down to neighbours: integers, or floats that are as near as counts.
	for range 80 {
		middle := low + (high-low)/2
		if f.Type.Family() == query.Integers {
			middle = math.Floor(middle)
		}
		if middle == low || middle == high {
			break
		}
		if at(middle) == atLow {
			low = middle
		} else {
			high = middle
		}
	}
	if atLow {
		return between(line, f, -widest, low)
	}
	return between(line, f, high, widest)
}

// between is the set of the field's numbers from low to high.
func between(line interval.Line, f *query.Field, low, high float64) (interval.Set, bool) {
	bound := func(x float64) *query.Bound {
		v := query.FloatOf(x)
		if f.Type.Family() == query.Integers {
			v = query.IntOf(int64(x))
		}
		return &query.Bound{Value: v, Inclusive: true}
	}
	return line.Range(bound(low), bound(high), time.Time{})
}
