package expr

import (
	"math"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver/text"
)

// This file undoes the functions that cut a piece out of a string. Positions are
// in UTF-16 units, so a cut may fall between the two units of one character: the
// half that the piece gets of it is no character, and reads as U+FFFD.

// piece builds the strings of which a piece lies in target.
type piece struct {
	target text.Lang
	empty  text.Lang // every string if the piece may be empty, else none
	giveUp func()
	halves [4]*text.Lang // what halved returned, by ends
}

// Unbounded is a number of units that may be any.
const Unbounded = math.MaxInt64

// Astral are the characters of two UTF-16 units.
var Astral = text.And(text.Length(1, 1, text.CodePoints), text.Length(2, 2, text.UTF16Units))

const half = "\uFFFD"

// halved is the set of what is whole in the members of target that begin, end,
// or do both with half a character.
func (p *piece) halved(front, back bool) text.Lang {
	key, before, after := 0, "", ""
	around := query.Glob{}
	if front {
		key, before, around = 1, half, around.Text(half)
	}
	around = around.Any()
	if back {
		key, after, around = key+2, half, around.Text(half)
	}
	if l := p.halves[key]; l != nil {
		return *l
	}
	out := nothing()
	set, _, err := text.Solve(text.Problem{In: []text.Lang{p.target, text.Glob(around, query.Exact)}})
	if err != nil {
		p.giveUp()
	}
	if set != nil {
		auto, ok := set.Automaton(mostHalved)
		if !ok {
			p.giveUp()
		}
		out = auto.Within(before, after)
	}
	p.halves[key] = &out
	return out
}

// mostHalved is the largest automaton that halves are taken off, and mostLengths
// how many lengths are looked at one by one.
const (
	mostHalved  = 2000
	mostLengths = 100
)

// cut is the set of the strings with lead units in front of a piece of low to
// high units, and trail behind it.
func (p *piece) cut(lead, low, high, trail int64) text.Lang {
	out := []text.Lang{text.Concat(Units(lead), text.And(p.target, Lengths(low, high)), Units(trail))}
	less := func(n, by int64) int64 {
		if n == Unbounded {
			return n
		}
		return n - by
	}
	if lead > 0 && high >= 1 {
		whole := text.And(p.halved(true, false), Lengths(low-1, less(high, 1)))
		out = append(out, text.Concat(Units(less(lead, 1)), Astral, whole, Units(trail)))
	}
	if trail > 0 && high >= 1 {
		whole := text.And(p.halved(false, true), Lengths(low-1, less(high, 1)))
		out = append(out, text.Concat(Units(lead), whole, Astral, Units(less(trail, 1))))
	}
	if lead > 0 && trail > 0 && high >= 2 {
		whole := text.And(p.halved(true, true), Lengths(low-2, less(high, 2)))
		out = append(out, text.Concat(Units(less(lead, 1)), Astral, whole, Astral, Units(less(trail, 1))))
	}
	return text.Or(out...)
}

// Units is the set of strings of n units.
func Units(n int64) text.Lang {
	if n == Unbounded {
		return text.Any()
	}
	return Lengths(n, n)
}

// none is the set of the strings of low to high units, if an empty piece will do.
func (p *piece) none(low, high int64) text.Lang { return text.And(p.empty, Lengths(low, high)) }

// each is the set of the strings of low to high units with a piece between
// bounds that depend on their length.
func (p *piece) each(low, high int64, bounds func(n int64) (from, to int64)) text.Lang {
	if high-low >= mostLengths {
		p.giveUp()
	}
	var out []text.Lang
	for n := low; n <= high; n++ {
		if from, to := bounds(n); from < to {
			out = append(out, p.cut(from, to-from, to-from, n-to))
		} else {
			out = append(out, p.none(n, n))
		}
	}
	return text.Or(out...)
}

// bound is where a bound of a substring falls in a string of n units.
func bound(at, n int64) int64 {
	if at < 0 {
		at += n
	}
	return min(max(at, 0), n)
}

// substring undoes substring(s, from[, to]) for bounds that are constants, or
// count from the end of s.
func (inv *inverter) substring(e *query.Call, target text.Lang) text.Lang {
	of := e.Args[0]
	from := inv.integer(e.Args[1])
	p := piece{target: target, empty: nothing(), giveUp: func() { inv.giveUp(e) }}
	if target.Contains("") {
		p.empty = text.Any()
	}
	if len(e.Args) == 2 {
		if from < 0 { // a shorter string is taken whole
			return inv.text(of, text.Or(p.cut(Unbounded, -from, -from, 0), text.And(target, Lengths(0, -from-1))))
		}
		return inv.text(of, text.Or(p.cut(from, 1, Unbounded, 0), p.none(0, from)))
	}
	if less, ok := inv.fromEnd(of, e.Args[2]); ok && from >= 0 {
		// Of a string shorter than what is left out the bound counts from the end.
		short := p.each(0, less-1, func(n int64) (int64, int64) { return bound(from, n), bound(n-less, n) })
		return inv.text(of, text.Or(short, p.cut(from, 1, Unbounded, less), p.none(less, from+less)))
	}
	to := inv.integer(e.Args[2])
	switch {
	case from < 0 && to >= 0: // of a long string the end lies before the start
		short := p.each(0, to-from-1, func(n int64) (int64, int64) { return bound(from, n), bound(to, n) })
		return inv.text(of, text.Or(short, p.none(to-from, Unbounded)))
	case to <= from && (from < 0) == (to < 0):
		return inv.text(of, p.empty)
	case from < 0: // a shorter string is taken from its start, if that leaves anything
		return inv.text(of, text.Or(p.cut(Unbounded, to-from, to-from, -to), p.cut(0, 1, to-from-1, -to), p.none(0, -to)))
	case to < 0:
		return inv.text(of, text.Or(p.cut(from, 1, Unbounded, -to), p.none(0, from-to)))
	}
	return inv.text(of, text.Or(p.cut(from, to-from, to-from, Unbounded), p.cut(from, 1, to-from-1, 0), p.none(0, from)))
}

// fromEnd recognises length(s) - n as the end of a substring of s itself.
func (inv *inverter) fromEnd(s, end query.Expr) (n int64, ok bool) {
	c, isCall := end.(*query.Call)
	field, isField := s.(*query.FieldRef)
	if !isCall || !isField || c.Func != query.FuncSubtract || Reads(c.Args[1]) {
		return 0, false
	}
	length, isCall := c.Args[0].(*query.Call)
	if !isCall || length.Func != query.FuncLength {
		return 0, false
	}
	of, isField := length.Args[0].(*query.FieldRef)
	n = inv.integer(c.Args[1])
	return n, isField && of.Field == field.Field && n >= 0
}

// between undoes between(s, left, right[, greedy]) for constant marks.
func (inv *inverter) between(e *query.Call, target text.Lang) text.Lang {
	left, right := inv.constant(e.Args[1]), inv.constant(e.Args[2])
	if left == "" || right == "" {
		return inv.text(e.Args[0], target)
	}
	one, any := text.Length(1, -1, text.UTF16Units), text.Any()
	l, r := text.Literal(left, e.Fold), text.Literal(right, e.Fold)
	upTo := func(mark text.Lang) text.Lang { // ends in the mark and holds it once
		return text.And(text.Concat(any, mark), text.Not(text.Concat(any, mark, one)))
	}
	found := text.Concat(upTo(l), text.And(text.Concat(target, r), upTo(r)), any)
	if len(e.Args) > 3 && inv.flag(e.Args[3]) { // up to the last mark
		found = text.Concat(upTo(l), target, text.And(text.Concat(r, any), text.Not(text.Concat(one, r, any))))
	}
	if !target.Contains("") {
		return inv.text(e.Args[0], found)
	}
	return inv.text(e.Args[0], text.Or(found, text.Not(text.Concat(any, l, any, r, any))))
}

func (inv *inverter) flag(e query.Expr) bool {
	if Reads(e) {
		inv.giveUp(e)
	}
	return Compute(e, nil).Bool()
}
