package eql

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/rematch-dev/rematch/query"
)

// Folding: the values of expressions without fields. What these functions do
// is the "EQL function reference" of the Elasticsearch guide and its
// test_string_functions.toml. Null stands for an unknown truth.

func truthOf(v query.Value) query.Truth {
	if v.IsNull() {
		return query.Unknown
	}
	return query.TruthOf(v.Bool())
}

func truthValue(t query.Truth) query.Value {
	if t == query.Unknown {
		return query.Value{}
	}
	return query.BoolOf(t == query.True)
}

func negate(v query.Value) query.Value {
	if i, ok := v.Int(); ok && i != math.MinInt64 {
		return query.IntOf(-i)
	}
	if v.IsNumber() {
		return query.FloatOf(-v.Float())
	}
	return v
}

// compareValues compares constants; == and != find null equal to null only.
func compareValues(op query.CompareOp, x, y query.Value) query.Value {
	var order int
	switch {
	case op == query.EQ && (x.IsNull() || y.IsNull()):
		return query.BoolOf(x.IsNull() && y.IsNull())
	case op == query.NE && (x.IsNull() || y.IsNull()):
		return query.BoolOf(!x.IsNull() || !y.IsNull())
	case op == query.EQ:
		return query.BoolOf(x.Equal(y))
	case op == query.NE:
		return query.BoolOf(!x.Equal(y))
	case x.IsNumber() && y.IsNumber():
		order = query.CompareNumbers(x, y)
	case x.Kind() == query.String && y.Kind() == query.String:
		order = strings.Compare(x.Str(), y.Str())
	default:
		return query.Value{}
	}
	switch op {
	case query.LT:
		return query.BoolOf(order < 0)
	case query.LE:
		return query.BoolOf(order <= 0)
	case query.GT:
		return query.BoolOf(order > 0)
	}
	return query.BoolOf(order >= 0)
}

// matchValues tests a constant against one item.
func matchValues(op Op, x, item query.Value) bool {
	switch op {
	case InFold:
		return foldCase(x.Str(), true) == foldCase(item.Str(), true)
	case Colon, LikeFold:
		return matchWild(foldCase(item.Str(), true), foldCase(x.Str(), true))
	case Like:
		return matchWild(item.Str(), x.Str())
	}
	return x.Equal(item)
}

// matchWild matches * and ? by the greedy walk with one point of return.
func matchWild(pattern, s string) bool {
	p, r := []rune(pattern), []rune(s)
	i, j, star, mark := 0, 0, -1, 0
	for j < len(r) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == r[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

// foldCase maps s to one representative of its letter cases.
func foldCase(s string, fold bool) string {
	if !fold {
		return s
	}
	return strings.Map(func(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }, s)
}

// text is what string() makes of a value: Java's notation.
func text(v query.Value) string {
	if v.Kind() == query.String {
		return v.Str()
	}
	if v.Kind() != query.Float {
		return v.String()
	}
	f := v.Float()
	if abs := math.Abs(f); abs != 0 && (abs < 1e-3 || abs >= 1e7) {
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'E', -1, 64), "E")
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		n, _ := strconv.Atoi(exponent)
		return mantissa + "E" + strconv.Itoa(n)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// evaluate computes a function of constants; any null argument gives null.
func evaluate(fn query.Func, fold bool, args []query.Value) (query.Value, error) {
	for _, a := range args {
		if a.IsNull() {
			return query.Value{}, nil
		}
	}
	str := func(i int) string { return foldCase(args[i].Str(), fold) }
	switch fn {
	case query.FuncAdd, query.FuncSubtract, query.FuncMultiply, query.FuncDivide, query.FuncModulo:
		return calculate(fn, args[0], args[1])
	case query.FuncConcat:
		var b strings.Builder
		for _, a := range args {
			b.WriteString(text(a))
		}
		return query.StringOf(b.String()), nil
	case query.FuncString:
		return query.StringOf(text(args[0])), nil
	case query.FuncLength:
		return query.IntOf(int64(len(units16(args[0].Str())))), nil
	case query.FuncStartsWith:
		return query.BoolOf(strings.HasPrefix(str(0), str(1))), nil
	case query.FuncEndsWith:
		return query.BoolOf(strings.HasSuffix(str(0), str(1))), nil
	case query.FuncStringContains:
		return query.BoolOf(str(1) != "" && strings.Contains(str(0), str(1))), nil
	case query.FuncIndexOf:
		return indexOf(str(0), str(1), args[2:]), nil
	case query.FuncBetween:
		return between(args, fold), nil
	case query.FuncSubstring:
		return substring(args), nil
	case query.FuncNumber:
		return number(args)
	}
	return query.Value{}, fmt.Errorf("`%s` of constants cannot be computed", fn)
}

var errOverflow = errors.New("the result does not fit 64 bits")

func calculate(fn query.Func, x, y query.Value) (query.Value, error) {
	a, aInt := x.Int()
	b, bInt := y.Int()
	if !aInt || !bInt {
		f, g := x.Float(), y.Float()
		switch fn {
		case query.FuncAdd:
			f += g
		case query.FuncSubtract:
			f -= g
		case query.FuncMultiply:
			f *= g
		case query.FuncDivide:
			f /= g
		default:
			f = math.Mod(f, g)
		}
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return query.Value{}, nil
		}
		return query.FloatOf(f), nil
	}
	switch fn {
	case query.FuncAdd:
		if sum := a + b; (sum > a) == (b > 0) {
			return query.IntOf(sum), nil
		}
		return query.Value{}, errOverflow
	case query.FuncSubtract:
		if diff := a - b; (diff < a) == (b > 0) {
			return query.IntOf(diff), nil
		}
		return query.Value{}, errOverflow
	case query.FuncMultiply:
		if product := a * b; a == 0 || product/a == b && (a != -1 || b != math.MinInt64) {
			return query.IntOf(product), nil
		}
		return query.Value{}, errOverflow
	}
	switch {
	case b == 0:
		return query.Value{}, nil
	case a == math.MinInt64 && b == -1:
		return query.Value{}, errOverflow
	case fn == query.FuncDivide:
		return query.IntOf(a / b), nil
	}
	return query.IntOf(a % b), nil
}

// units16 is s as the engine counts it.
func units16(s string) []uint16 { return utf16.Encode([]rune(s)) }

func indexOf(s, sub string, start []query.Value) query.Value {
	from := int64(0)
	if len(start) > 0 {
		from, _ = start[0].Int()
		from = max(from, 0)
	}
	if sub == "" {
		return query.IntOf(from)
	}
	units := units16(s)
	if from >= int64(len(units)) {
		return query.Value{}
	}
	rest := string(utf16.Decode(units[from:]))
	at := strings.Index(rest, sub)
	if at < 0 {
		return query.Value{}
	}
	return query.IntOf(from + int64(len(units16(rest[:at]))))
}

func between(args []query.Value, fold bool) query.Value {
	s, left, right := args[0].Str(), args[1].Str(), args[2].Str()
	greedy := len(args) > 3 && args[3].Bool()
	// Case folding here keeps every rune one rune, so runes count.
	runes, folded := []rune(s), []rune(foldCase(s, fold))
	l, r := foldCase(left, fold), foldCase(right, fold)
	at := strings.Index(string(folded), l)
	if at < 0 {
		return query.StringOf("")
	}
	from := len([]rune(string(folded)[:at])) + len([]rune(l))
	rest := string(folded[from:])
	end := strings.Index(rest, r)
	if greedy {
		end = strings.LastIndex(rest, r)
	}
	if end < 0 {
		return query.StringOf("")
	}
	return query.StringOf(string(runes[from : from+len([]rune(rest[:end]))]))
}

func substring(args []query.Value) query.Value {
	s := units16(args[0].Str())
	n := int64(len(s))
	clip := func(i int64) int64 {
		if i < 0 {
			i += n
		}
		return min(max(i, 0), n)
	}
	start, _ := args[1].Int()
	end := n
	if len(args) > 2 {
		end, _ = args[2].Int()
		end = clip(end)
	}
	if start = clip(start); start >= end {
		return query.StringOf("")
	}
	return query.StringOf(string(utf16.Decode(s[start:end])))
}

func number(args []query.Value) (query.Value, error) {
	s := args[0].Str()
	base := 10
	switch {
	case len(args) > 1:
		n, _ := args[1].Int()
		if n < 2 || n > 36 {
			return query.Value{}, errors.New("the base of a number must be 2 to 36")
		}
		base = int(n)
	case strings.HasPrefix(s, "0x"):
		base = 16
	}
	if base == 16 {
		s = strings.TrimPrefix(s, "0x")
	}
	if i, err := strconv.ParseInt(s, base, 64); err == nil {
		return query.IntOf(i), nil
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && base == 10 && !math.IsInf(f, 0) && !math.IsNaN(f) {
		return query.FloatOf(f), nil
	}
	return query.Value{}, fmt.Errorf("%q is no number", args[0].Str())
}
