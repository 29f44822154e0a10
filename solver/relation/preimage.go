package relation

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver/interval"
	"github.com/rematch-dev/rematch/solver/text"
)

// This file turns an expression over one string field into the set of strings
// for which it is true, by pushing sets backwards through the functions:
// {s : substring(s, 2) == "x"} is "any two, then x".

// preimage is the set of values of one field for which an expression is true,
// and the set for which it is false. Values in neither make it null.
type preimage struct{ yes, no text.Lang }

// notInvertible is the panic of an expression that has no preimage here; the
// one recover is in invertText.
type notInvertible struct{ span query.Span }

// invertText returns the preimage of a boolean expression over the string
// field f, or false where an operation is out of reach of regular languages.
// The preimage is exact unless partial says that values may be missing from
// both of its sets.
func invertText(e query.Expr, f *query.Field) (p preimage, partial, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, expected := r.(notInvertible); !expected {
				panic(r)
			}
			ok = false
		}
	}()
	inv := &inverter{field: f}
	p = inv.truth(e)
	return p, inv.partial, true
}

type inverter struct {
	field   *query.Field
	partial bool
}

func (inv *inverter) giveUp(e query.Expr) { panic(notInvertible{e.Pos()}) }

// mentions reports whether e depends on the field at all.
func mentions(e query.Expr) bool { return len(query.FieldRefs(nil, e)) > 0 }

func nothing() text.Lang { return text.Not(text.Any()) }

func when(cond bool) text.Lang {
	if cond {
		return text.Any()
	}
	return nothing()
}

// Invert returns the set of values of the string field f for which a boolean
// expression is true, where that can be said exactly.
func Invert(e query.Expr, f *query.Field) (text.Lang, bool) {
	p, partial, ok := invertText(e, f)
	return p.yes, ok && !partial
}

// Residual returns values of f for which an expression comes out true, or else
// false: not always all of them, and exactly one of the two sets, by the family
// of f.
func Residual(e query.Expr, f *query.Field, truth bool) (lang text.Lang, points interval.Set, ok bool) {
	switch f.Type.Family() {
	case query.Strings:
		p, _, ok := invertText(e, f)
		if !truth {
			return p.no, points, ok
		}
		return p.yes, points, ok
	case query.Integers, query.Floats:
		s, ok := invertNumber(e, f)
		if !truth {
			return lang, s.no, ok
		}
		return lang, s.yes, ok
	}
	return lang, points, false
}

// truth inverts a boolean expression.
func (inv *inverter) truth(e query.Expr) preimage {
	if !mentions(e) {
		v := Compute(e, nil)
		return preimage{when(v.Kind() == query.Bool && v.Bool()), when(v.Kind() == query.Bool && !v.Bool())}
	}
	switch e := e.(type) {
	case *query.Logic:
		return inv.logic(e)
	case *query.Compare:
		return inv.compare(e)
	case *query.Call:
		return inv.test(e)
	}
	inv.giveUp(e)
	return preimage{}
}

func (inv *inverter) logic(e *query.Logic) preimage {
	var yes, no []text.Lang
	for _, t := range e.Terms {
		p := inv.truth(t)
		yes, no = append(yes, p.yes), append(no, p.no)
	}
	switch e.Op {
	case query.AllOf:
		return preimage{text.And(yes...), text.Or(no...)}
	case query.AnyOf:
		return preimage{text.Or(yes...), text.And(no...)}
	}
	return preimage{no[0], yes[0]}
}

func (inv *inverter) compare(e *query.Compare) preimage {
	expr, constant, op := e.Left, e.Right, e.Op
	if mentions(constant) {
		expr, constant, op = e.Right, e.Left, mirrored(e.Op)
	}
	if mentions(constant) {
		inv.giveUp(e)
	}
	c := Compute(constant, nil)
	switch {
	case c.IsNull():
		return preimage{nothing(), nothing()}
	case c.IsNumber():
		lo, hi, ok := integersThat(op, c)
		if op == query.NE {
			eq := inv.number(expr, lo, hi, ok)
			return preimage{text.And(text.Not(eq), inv.number(expr, math.MinInt64, math.MaxInt64, true)), eq}
		}
		yes := inv.number(expr, lo, hi, ok)
		return preimage{yes, text.And(text.Not(yes), inv.number(expr, math.MinInt64, math.MaxInt64, true))}
	case c.Kind() == query.String:
		return inv.both(expr, stringsThat(op, c.Str()))
	case c.Kind() == query.Bool && (op == query.EQ || op == query.NE):
		p := inv.truth(expr)
		if c.Bool() != (op == query.EQ) {
			p.yes, p.no = p.no, p.yes
		}
		return p
	}
	inv.giveUp(e)
	return preimage{}
}

func mirrored(op query.CompareOp) query.CompareOp {
	switch op {
	case query.LT:
		return query.GT
	case query.LE:
		return query.GE
	case query.GT:
		return query.LT
	case query.GE:
		return query.LE
	}
	return op
}

// integersThat returns the integers that compare so with c (for NE: those that
// do not), and whether there are any.
func integersThat(op query.CompareOp, c query.Value) (lo, hi int64, ok bool) {
	lo, hi = math.MinInt64, math.MaxInt64
	f := c.Float()
	if f > math.MaxInt32*1024.0 || f < math.MinInt32*1024.0 { // beyond any length
		return 0, 0, op == query.LT && f > 0 || op == query.GT && f < 0
	}
	floor := int64(math.Floor(f))
	whole := float64(floor) == f
	switch op {
	case query.EQ, query.NE:
		return floor, floor, whole
	case query.LT:
		hi = floor
		if whole {
			hi--
		}
	case query.LE:
		hi = floor
	case query.GT:
		lo = floor + 1
	case query.GE:
		lo = floor
		if !whole {
			lo++
		}
	}
	return lo, hi, true
}

// stringsThat is the set of strings that compare so with c.
func stringsThat(op query.CompareOp, c string) text.Lang {
	switch op {
	case query.EQ:
		return text.Literal(c, query.Exact)
	case query.NE:
		return text.Not(text.Literal(c, query.Exact))
	case query.LT:
		return text.Below(c, false)
	case query.GE:
		return text.Not(text.Below(c, false))
	case query.GT:
		return text.Not(text.Below(c, true))
	}
	return text.Below(c, true)
}

// number is the set of strings for which an integer expression lies in
// [lo, hi]; all of the integers means "where it is not null".
func (inv *inverter) number(e query.Expr, lo, hi int64, some bool) text.Lang {
	if !some {
		return nothing()
	}
	c, ok := e.(*query.Call)
	if !ok {
		inv.giveUp(e)
	}
	switch c.Func {
	case query.FuncLength:
		if hi < 0 {
			return nothing()
		}
		return inv.text(c.Args[0], lengths(lo, hi))
	case query.FuncIndexOf:
		start := int64(0)
		if len(c.Args) > 2 {
			start = inv.integer(c.Args[2])
		}
		sub := inv.constant(c.Args[1])
		start = max(0, start)
		at := func(lo, hi int64) text.Lang { // an occurrence begins in [lo, hi]
			if hi < lo {
				return nothing()
			}
			return text.Concat(lengths(lo, hi), text.Literal(sub, c.Fold), text.Any())
		}
		lo = max(lo, start)
		return inv.text(c.Args[0], text.And(at(lo, hi), text.Not(at(start, lo-1))))
	case query.FuncAdd, query.FuncSubtract:
		return inv.shifted(c, lo, hi)
	case query.FuncNumber:
		return inv.parsed(c, lo, hi)
	}
	inv.giveUp(e)
	return nothing()
}

// shifted undoes the addition or subtraction of a constant.
func (inv *inverter) shifted(c *query.Call, lo, hi int64) text.Lang {
	move := func(x, by int64) int64 { // infinities stay
		if x == math.MinInt64 || x == math.MaxInt64 {
			return x
		}
		return x + by
	}
	switch {
	case !mentions(c.Args[1]):
		n := inv.integer(c.Args[1])
		if c.Func == query.FuncAdd {
			n = -n
		}
		return inv.number(c.Args[0], move(lo, n), move(hi, n), true)
	case c.Func == query.FuncAdd:
		n := -inv.integer(c.Args[0])
		return inv.number(c.Args[1], move(lo, n), move(hi, n), true)
	}
	inv.giveUp(c)
	return nothing()
}

// parsed is the set of the decimal numbers from lo to hi: 007 is one, and so
// would be 0x7 and 7.0, which are left out.
func (inv *inverter) parsed(c *query.Call, lo, hi int64) text.Lang {
	if len(c.Args) > 1 {
		inv.giveUp(c)
	}
	inv.partial = true
	const most = 1_000_000_000
	digits := func(lo, hi int64) text.Lang {
		if lo = max(lo, 0); lo > min(hi, most) {
			return nothing()
		}
		lang, err := text.Regex(query.Regex{Source: fmt.Sprintf("<%d-%d>", lo, min(hi, most))}, query.Exact)
		if err != nil {
			inv.giveUp(c)
		}
		return lang
	}
	negative := nothing()
	if lo < 0 {
		negative = text.Concat(text.Literal("-", query.Exact), digits(max(1, -max(hi, -most)), -max(lo, -most)))
	}
	return inv.text(c.Args[0], text.Or(digits(lo, hi), negative))
}

// lengths is the set of strings of lo to hi UTF-16 code units.
func lengths(lo, hi int64) text.Lang {
	const most = math.MaxInt32
	upper := -1
	if hi < most {
		upper = int(hi)
	}
	return text.Length(int(min(max(lo, 0), most)), upper, text.UTF16Units)
}

func (inv *inverter) integer(e query.Expr) int64 {
	if mentions(e) {
		inv.giveUp(e)
	}
	n, ok := Compute(e, nil).Int()
	if !ok || n > math.MaxInt32 || n < math.MinInt32 {
		inv.giveUp(e)
	}
	return n
}

func (inv *inverter) constant(e query.Expr) string {
	if mentions(e) {
		inv.giveUp(e)
	}
	v := Compute(e, nil)
	if v.IsNull() {
		inv.giveUp(e)
	}
	return Text(v)
}

// both is the preimage of target and of its complement under a string
// expression. A function that cuts in the middle of a surrogate pair leaves half
// of it, which is no character: inv.text misses such strings. But where target,
// or its complement, has no text with a broken character in it, the set of its
// strings is complete, and all others belong to the other side.
func (inv *inverter) both(e query.Expr, target text.Lang) preimage {
	p := preimage{inv.text(e, target), inv.text(e, text.Not(target))}
	if inv.partial || !cuts(e) {
		return p
	}
	broken := text.Glob(query.Glob{}.Any().Text("\uFFFD").Any(), query.Exact)
	whole := func(l text.Lang) bool {
		found, _, err := text.Solve(text.Problem{In: []text.Lang{l, broken}})
		return err == nil && found == nil
	}
	switch {
	case whole(target):
		p.no = text.Not(p.yes)
	case whole(text.Not(target)):
		p.yes = text.Not(p.no)
	}
	return p
}

// cuts reports whether an expression takes strings apart by position.
func cuts(e query.Expr) bool {
	c, ok := e.(*query.Call)
	return ok && (c.Func == query.FuncSubstring || slices.ContainsFunc(c.Args, cuts))
}

// text is the set of strings for which a string expression lies in target.
func (inv *inverter) text(e query.Expr, target text.Lang) text.Lang {
	if !mentions(e) {
		v := Compute(e, nil)
		return when(!v.IsNull() && target.Contains(Text(v)))
	}
	switch e := e.(type) {
	case *query.FieldRef:
		if e.Field.Type.Family() != query.Strings {
			inv.giveUp(e)
		}
		return target
	case *query.Call:
		switch e.Func {
		case query.FuncString:
			return inv.text(e.Args[0], target)
		case query.FuncSubstring:
			return inv.substring(e, target)
		case query.FuncBetween:
			return inv.between(e, target)
		}
	}
	inv.giveUp(e)
	return nothing()
}

// substring undoes substring(s, from[, to]) for constant bounds.
func (inv *inverter) substring(e *query.Call, target text.Lang) text.Lang {
	from := inv.integer(e.Args[1])
	empty := text.Literal("", query.Exact)
	rest := nothing()
	if target.Contains("") {
		rest = text.Any()
	}
	if from < 0 {
		if len(e.Args) > 2 {
			to := inv.integer(e.Args[2])
			if to >= 0 {
				inv.giveUp(e)
			}
			if to <= from {
				return inv.text(e.Args[0], rest)
			}
			// A shorter string is taken from its start, if that leaves anything.
			cut := lengths(-to, -to)
			whole := text.Concat(text.Any(), text.And(target, lengths(to-from, to-from)), cut)
			clipped := text.Concat(text.And(target, lengths(1, to-from-1)), cut)
			return inv.text(e.Args[0], text.Or(whole, clipped, text.And(lengths(0, -to), rest)))
		}
		// The last -from units; a shorter string is taken whole.
		tail := text.Concat(text.Any(), text.And(target, lengths(-from, -from)))
		return inv.text(e.Args[0], text.Or(tail, text.And(target, lengths(0, -from-1))))
	}
	head := lengths(from, from)
	short := text.And(lengths(0, from), rest) // nothing left behind the start
	if len(e.Args) == 2 {
		return inv.text(e.Args[0], text.Or(text.Concat(head, text.And(target, text.Not(empty))), short))
	}
	if cut, ok := inv.fromEnd(e.Args[0], e.Args[2]); ok {
		// Less the last units; for a shorter string the bound wraps around.
		inv.partial = true
		return text.Concat(head, target, lengths(cut, cut))
	}
	to := inv.integer(e.Args[2])
	if to < 0 {
		cut := text.Concat(head, text.And(target, text.Not(empty)), lengths(-to, -to))
		return inv.text(e.Args[0], text.Or(cut, text.And(lengths(0, from-to), rest)))
	}
	if to <= from {
		return inv.text(e.Args[0], rest)
	}
	full := text.Concat(head, text.And(target, lengths(to-from, to-from)), text.Any())
	clipped := text.Concat(head, text.And(target, lengths(1, to-from-1)))
	return inv.text(e.Args[0], text.Or(full, clipped, short))
}

// fromEnd recognises length(s) - n as the end of a substring of s itself.
func (inv *inverter) fromEnd(s, end query.Expr) (n int64, ok bool) {
	c, isCall := end.(*query.Call)
	field, isField := s.(*query.FieldRef)
	if !isCall || !isField || c.Func != query.FuncSubtract || mentions(c.Args[1]) {
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

// between undoes between(s, left, right) for constant marks, not greedy.
func (inv *inverter) between(e *query.Call, target text.Lang) text.Lang {
	left, right := inv.constant(e.Args[1]), inv.constant(e.Args[2])
	if len(e.Args) > 3 && Compute(e.Args[3], nil).Bool() || left == "" || right == "" {
		inv.giveUp(e)
	}
	upTo := func(mark string) text.Lang { // ends in the mark and holds it once
		lit := text.Literal(mark, e.Fold)
		one := text.Length(1, -1, text.UTF16Units)
		return text.And(text.Concat(text.Any(), lit), text.Not(text.Concat(text.Any(), lit, one)))
	}
	inner := text.And(text.Concat(target, text.Literal(right, e.Fold)), upTo(right))
	found := text.Concat(upTo(left), inner, text.Any())
	if !target.Contains("") {
		return inv.text(e.Args[0], found)
	}
	marks := text.Concat(text.Any(), text.Literal(left, e.Fold), text.Any(), text.Literal(right, e.Fold), text.Any())
	return inv.text(e.Args[0], text.Or(found, text.Not(marks)))
}

// test inverts a boolean function.
func (inv *inverter) test(c *query.Call) preimage {
	both := inv.both
	switch c.Func {
	case query.FuncStartsWith, query.FuncEndsWith, query.FuncStringContains:
		if mentions(c.Args[1]) {
			return both(c.Args[1], partsOf(inv.constant(c.Args[0]), c))
		}
		part := inv.constant(c.Args[1])
		switch {
		case c.Func == query.FuncStringContains && part == "":
			return both(c.Args[0], nothing())
		case part == "":
			return both(c.Args[0], text.Any())
		}
		var g query.Glob
		switch c.Func {
		case query.FuncStartsWith:
			g = g.Text(part).Any()
		case query.FuncEndsWith:
			g = g.Any().Text(part)
		default:
			g = g.Any().Text(part).Any()
		}
		return both(c.Args[0], text.Glob(g, c.Fold))
	case query.FuncLike, query.FuncRegex:
		lang, ok := patternOf(c)
		if !ok {
			inv.giveUp(c)
		}
		return both(c.Args[0], lang)
	}
	inv.giveUp(c)
	return preimage{}
}

// patternOf is the set of strings that the pattern of a like or regex call
// matches.
func patternOf(c *query.Call) (text.Lang, bool) {
	pattern, ok := c.Args[1].(*query.Literal)
	if !ok {
		return text.Lang{}, false
	}
	if c.Func == query.FuncRegex {
		lang, err := text.Regex(query.Regex{Source: pattern.Value.Str(), Syntax: query.LuceneRegex}, c.Fold)
		return lang, err == nil
	}
	var g query.Glob
	for _, r := range pattern.Value.Str() {
		switch r {
		case '*':
			g = g.Any()
		case '?':
			g = g.One()
		default:
			g = g.Text(string(r))
		}
	}
	return text.Glob(g, c.Fold), true
}

// partsOf is the set of the prefixes, suffixes or non-empty substrings of s:
// of what may stand as the second argument when the first is s.
func partsOf(s string, c *query.Call) text.Lang {
	units := utf16.Encode([]rune(s))
	longest := 4096
	if c.Func == query.FuncStringContains {
		longest = 160 // substrings are quadratic in number
	}
	if len(units) > longest {
		panic(notInvertible{c.Span})
	}
	parts := map[string]bool{}
	var list []string
	add := func(i, j int) {
		p := string(utf16.Decode(units[i:j]))
		if !parts[p] && !strings.ContainsRune(p, '\uFFFD') {
			parts[p] = true
			list = append(list, p)
		}
	}
	for i := 0; i <= len(units); i++ {
		switch c.Func {
		case query.FuncStartsWith:
			add(0, i)
		case query.FuncEndsWith:
			add(i, len(units))
		default:
			for j := i + 1; j <= len(units); j++ {
				add(i, j)
			}
		}
	}
	return text.Words(list, c.Fold)
}
