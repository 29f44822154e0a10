package relation

import (
	"math"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/rematch-dev/rematch/query"
)

// This file computes expressions of known values, for the constants in scripts
// and for trying candidate values. The evaluator has its own.

// Env gives the values of field references, one for each usage.
type Env map[*query.FieldRef]query.Value

// Compute returns the value of an expression; null where it has none.
func Compute(e query.Expr, vars Env) query.Value {
	switch e := e.(type) {
	case *query.Literal:
		return e.Value
	case *query.FieldRef:
		return vars[e]
	case *query.Compare:
		return compare(e.Op, Compute(e.Left, vars), Compute(e.Right, vars))
	case *query.Logic:
		return logic(e, vars)
	case *query.Call:
		args := make([]query.Value, len(e.Args))
		for i, a := range e.Args {
			args[i] = Compute(a, vars)
		}
		return call(e, args)
	}
	return query.Value{}
}

// logic is Kleene's: null stands for Unknown.
func logic(e *query.Logic, vars Env) query.Value {
	result := query.True
	if e.Op == query.AnyOf {
		result = query.False
	}
	for _, t := range e.Terms {
		truth := query.Unknown
		if v := Compute(t, vars); v.Kind() == query.Bool {
			truth = query.TruthOf(v.Bool())
		}
		switch e.Op {
		case query.AllOf:
			result = min(result, truth)
		case query.AnyOf:
			result = max(result, truth)
		default:
			result = truth.Not()
		}
	}
	switch result {
	case query.True:
		return query.BoolOf(true)
	case query.False:
		return query.BoolOf(false)
	}
	return query.Value{}
}

func compare(op query.CompareOp, a, b query.Value) query.Value {
	var order int
	switch {
	case a.IsNumber() && b.IsNumber():
		order = query.CompareNumbers(a, b)
	case a.Kind() == query.String && b.Kind() == query.String:
		order = strings.Compare(a.Str(), b.Str())
	case a.Kind() == query.Bool && b.Kind() == query.Bool && (op == query.EQ || op == query.NE):
		if a.Bool() != b.Bool() {
			order = 1
		}
	case a.IsNull() || b.IsNull() || op != query.EQ && op != query.NE:
		return query.Value{}
	default: // of two kinds
		order = 1
	}
	return query.BoolOf(holds(op, order))
}

// holds reports whether a comparison with this outcome satisfies the operator.
func holds(op query.CompareOp, order int) bool {
	switch op {
	case query.EQ:
		return order == 0
	case query.NE:
		return order != 0
	case query.LT:
		return order < 0
	case query.LE:
		return order <= 0
	case query.GT:
		return order > 0
	}
	return order >= 0
}

// call computes a function. Semantics: elastic's EQL functions, with strings
// measured in UTF-16 code units.
func call(e *query.Call, args []query.Value) query.Value {
	if e.Func == query.FuncIsNull {
		return query.BoolOf(args[0].IsNull())
	}
	for _, a := range args {
		if a.IsNull() {
			return query.Value{}
		}
	}
	fold := func(s string) string { return folded(s, e.Fold) }
	str := func(i int) string { return Text(args[i]) }
	switch e.Func {
	case query.FuncAdd, query.FuncSubtract, query.FuncMultiply, query.FuncDivide, query.FuncModulo:
		return arithmetic(e.Func, args[0], args[1])
	case query.FuncNegate:
		return arithmetic(query.FuncSubtract, query.IntOf(0), args[0])
	case query.FuncConcat:
		var b strings.Builder
		for i := range args {
			b.WriteString(str(i))
		}
		return query.StringOf(b.String())
	case query.FuncString:
		return query.StringOf(str(0))
	case query.FuncLength:
		return query.IntOf(int64(len(utf16.Encode([]rune(str(0))))))
	case query.FuncStartsWith:
		return query.BoolOf(strings.HasPrefix(fold(str(0)), fold(str(1))))
	case query.FuncEndsWith:
		return query.BoolOf(strings.HasSuffix(fold(str(0)), fold(str(1))))
	case query.FuncStringContains:
		return query.BoolOf(str(1) != "" && strings.Contains(fold(str(0)), fold(str(1))))
	case query.FuncIndexOf:
		return indexOf(fold(str(0)), fold(str(1)), args[2:])
	case query.FuncSubstring:
		return substring(str(0), args[1:])
	case query.FuncBetween:
		return cutBetween(str(0), fold(str(0)), fold(str(1)), fold(str(2)), len(args) > 3 && args[3].Bool())
	case query.FuncNumber:
		return parseNumber(str(0), args[1:])
	case query.FuncLike, query.FuncRegex:
		if lang, ok := patternOf(e); ok {
			return query.BoolOf(lang.Contains(str(0)))
		}
	}
	if e.Func == query.FuncCIDRMatch {
		return inNets(args)
	}
	return query.Value{}
}

// inNets reports whether an address, the first argument, lies in a network.
func inNets(args []query.Value) query.Value {
	a, err := netip.ParseAddr(args[0].Str())
	if err != nil {
		return query.Value{}
	}
	wide := netip.AddrFrom16(a.As16())
	for _, arg := range args[1:] {
		n, err := query.ParseNet(arg.Str())
		if err != nil {
			return query.Value{}
		}
		bits := n.Bits()
		if n.Addr().Is4() {
			bits += 96
		}
		if netip.PrefixFrom(netip.AddrFrom16(n.Addr().As16()), bits).Contains(wide) {
			return query.BoolOf(true)
		}
	}
	return query.BoolOf(false)
}

// Text is a value as scripts print it: floats as Java does.
func Text(v query.Value) string {
	switch v.Kind() {
	case query.String:
		return v.Str()
	case query.Float:
		return javaFloat(v.Float())
	}
	return v.String()
}

// javaFloat writes floats from 0.001 to below ten million plainly, others in
// Java's exponents, such as 1.0E10.
func javaFloat(f float64) string {
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-3 || abs >= 1e7) {
		format = 'e'
	}
	digits, exponent, scientific := strings.Cut(strconv.FormatFloat(f, format, -1, 64), "e")
	if !strings.Contains(digits, ".") {
		digits += ".0"
	}
	if !scientific {
		return digits
	}
	n, _ := strconv.Atoi(exponent)
	return digits + "E" + strconv.Itoa(n)
}

func arithmetic(f query.Func, a, b query.Value) query.Value {
	x, xok := a.Int()
	y, yok := b.Int()
	if xok && yok {
		switch f {
		case query.FuncAdd, query.FuncSubtract, query.FuncMultiply:
			z := new(big.Int)
			switch u, v := big.NewInt(x), big.NewInt(y); f {
			case query.FuncAdd:
				z.Add(u, v)
			case query.FuncSubtract:
				z.Sub(u, v)
			default:
				z.Mul(u, v)
			}
			if !z.IsInt64() { // an error of the engine
				return query.Value{}
			}
			return query.IntOf(z.Int64())
		}
		if y == 0 || x == math.MinInt64 && y == -1 {
			return query.Value{}
		}
		if f == query.FuncDivide {
			return query.IntOf(x / y)
		}
		return query.IntOf(x % y)
	}
	if !a.IsNumber() || !b.IsNumber() {
		return query.Value{}
	}
	u, v := a.Float(), b.Float()
	switch f {
	case query.FuncAdd:
		return query.FloatOf(u + v)
	case query.FuncSubtract:
		return query.FloatOf(u - v)
	case query.FuncMultiply:
		return query.FloatOf(u * v)
	}
	if v == 0 {
		return query.Value{}
	}
	if f == query.FuncDivide {
		return query.FloatOf(u / v)
	}
	return query.FloatOf(math.Mod(u, v))
}

func indexOf(s, sub string, start []query.Value) query.Value {
	units, want := utf16.Encode([]rune(s)), utf16.Encode([]rune(sub))
	from := 0
	if len(start) > 0 {
		n, ok := start[0].Int()
		if !ok {
			return query.Value{}
		}
		from = int(max(0, min(n, int64(len(units))+1)))
	}
	for i := from; i+len(want) <= len(units); i++ {
		match := true
		for j, w := range want {
			if units[i+j] != w {
				match = false
				break
			}
		}
		if match {
			return query.IntOf(int64(i))
		}
	}
	return query.Value{}
}

func substring(s string, bounds []query.Value) query.Value {
	units := utf16.Encode([]rune(s))
	clip := func(v query.Value) (int, bool) {
		n, ok := v.Int()
		if n < 0 {
			n += int64(len(units))
		}
		return int(max(0, min(n, int64(len(units))))), ok
	}
	from, ok := clip(bounds[0])
	to, tok := len(units), true
	if len(bounds) > 1 {
		to, tok = clip(bounds[1])
	}
	if !ok || !tok {
		return query.Value{}
	}
	if from >= to {
		return query.StringOf("")
	}
	return query.StringOf(string(utf16.Decode(units[from:to])))
}

// cutBetween cuts out of s what lies between the first left and the first (or,
// greedy, the last) right behind it. The search runs over folded, which has the
// same length as s for the foldings of scripts. An empty mark gives all of s.
func cutBetween(s, folded, left, right string, greedy bool) query.Value {
	if left == "" || right == "" {
		return query.StringOf(s)
	}
	if len(folded) != len(s) {
		s = folded
	}
	i := strings.Index(folded, left)
	if i < 0 {
		return query.StringOf("")
	}
	i += len(left)
	j := strings.Index(folded[i:], right)
	if greedy {
		j = strings.LastIndex(folded[i:], right)
	}
	if j < 0 {
		return query.StringOf("")
	}
	return query.StringOf(s[i : i+j])
}

func parseNumber(s string, base []query.Value) query.Value {
	b := 10
	if len(base) > 0 {
		n, ok := base[0].Int()
		if !ok || n < 2 || n > 36 {
			return query.Value{}
		}
		b = int(n)
	}
	digits := s
	if b == 16 || len(base) == 0 {
		if rest, hex := strings.CutPrefix(s, "0x"); hex {
			digits, b = rest, 16
		}
	}
	if i, err := strconv.ParseInt(digits, b, 64); err == nil {
		return query.IntOf(i)
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && b == 10 && !math.IsInf(f, 0) && !math.IsNaN(f) {
		return query.FloatOf(f)
	}
	return query.Value{}
}

// folded maps the letters of s so that equal letters become the same.
func folded(s string, fold query.Fold) string {
	switch fold {
	case query.FoldASCII:
		return strings.Map(func(r rune) rune {
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			return r
		}, s)
	case query.FoldSimple:
		return strings.Map(func(r rune) rune {
			least := r
			for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
				least = min(least, o)
			}
			return least
		}, s)
	}
	return s
}
