package eval

import (
	"math"
	"testing"

	"github.com/rematch-dev/rematch/query"
)

// TestFunctions gives each function constants; null is a result of its own.
func TestFunctions(t *testing.T) {
	fold := func(c *query.Call) *query.Call { c.Fold = query.FoldSimple; return c }
	null := lit(nil)
	for _, tt := range []struct {
		name string
		expr query.Expr
		want any
	}{
		{"1 + 2", call(query.FuncAdd, lit(1), lit(2)), 3},
		{"1 + 2.5", call(query.FuncAdd, lit(1), lit(2.5)), 3.5},
		{"overflow", call(query.FuncAdd, lit(math.MaxInt64), lit(1)), nil},
		{"negative overflow", call(query.FuncAdd, lit(math.MinInt64), lit(math.MinInt64)), nil},
		{"no overflow", call(query.FuncAdd, lit(math.MaxInt64), lit(math.MinInt64)), -1},
		{"3 - 5", call(query.FuncSubtract, lit(3), lit(5)), -2},
		{"0 - MinInt64", call(query.FuncNegate, lit(math.MinInt64)), nil},
		{"3 * 4", call(query.FuncMultiply, lit(3), lit(4)), 12},
		{"-1 * MinInt64", call(query.FuncMultiply, lit(-1), lit(math.MinInt64)), nil},
		{"big * big", call(query.FuncMultiply, lit(1<<40), lit(1<<40)), nil},
		{"7 / 2 cuts", call(query.FuncDivide, lit(7), lit(2)), 3},
		{"-7 / 2 cuts towards zero", call(query.FuncDivide, lit(-7), lit(2)), -3},
		{"7 / 2.0", call(query.FuncDivide, lit(7), lit(2.0)), 3.5},
		{"1 / 0", call(query.FuncDivide, lit(1), lit(0)), nil},
		{"1.5 / 0", call(query.FuncDivide, lit(1.5), lit(0)), nil},
		{"7 % 3", call(query.FuncModulo, lit(7), lit(3)), 1},
		{"-7 % 3 has the sign of -7", call(query.FuncModulo, lit(-7), lit(3)), -1},
		{"7 % -3", call(query.FuncModulo, lit(7), lit(-3)), 1},
		{"7.5 % 2", call(query.FuncModulo, lit(7.5), lit(2)), 1.5},
		{"1 % 0", call(query.FuncModulo, lit(1), lit(0)), nil},
		{"-x", call(query.FuncNegate, lit(2.5)), -2.5},
		{"1 + null", call(query.FuncAdd, lit(1), null), nil},
		{"1 + text", call(query.FuncAdd, lit(1), lit("2")), nil},

		{"length", call(query.FuncLength, lit("abc")), 3},
		{"length of nothing", call(query.FuncLength, lit("")), 0},
		{"length counts UTF-16", call(query.FuncLength, lit("é😀")), 3},
		{"length of null", call(query.FuncLength, null), nil},
		{"length of a number", call(query.FuncLength, lit(5)), nil},

		{"between", call(query.FuncBetween, lit("System Idle Process"), lit("System "), lit(" Process")), "Idle"},
		{"between, first right", call(query.FuncBetween, lit("welcome to event query language"), lit(" "), lit(" ")), "to"},
		{"between, greedy", call(query.FuncBetween, lit("welcome to event query language"), lit(" "), lit(" "), lit(true)), "to event query"},
		{"between, not found", call(query.FuncBetween, lit("abc"), lit("x"), lit("c")), ""},
		{"between, right not found", call(query.FuncBetween, lit("abc"), lit("a"), lit("x")), ""},
		{"between, greedy and right only before", call(query.FuncBetween, lit("xa"), lit("a"), lit("x"), lit(true)), ""},
		{"between, empty left", call(query.FuncBetween, lit("abc"), lit(""), lit("c")), "abc"},
		{"between, case", call(query.FuncBetween, lit("aXbYc"), lit("x"), lit("y")), ""},
		{"between~", fold(call(query.FuncBetween, lit("aXbYc"), lit("x"), lit("y"))), "b"},
		{"between null", call(query.FuncBetween, null, lit("x"), lit("y")), nil},

		{"concat", call(query.FuncConcat, lit("a"), lit(1), lit(true), lit(2.0)), "a1true2.0"},
		{"concat null", call(query.FuncConcat, lit("a"), null), nil},
		{"endsWith", call(query.FuncEndsWith, lit("abc"), lit("bc")), true},
		{"endsWith, empty", call(query.FuncEndsWith, lit("abc"), lit("")), true},
		{"endsWith, case", call(query.FuncEndsWith, lit("aBC"), lit("bc")), false},
		{"endsWith~", fold(call(query.FuncEndsWith, lit("aBC"), lit("bc"))), true},
		{"startsWith", call(query.FuncStartsWith, lit("abc"), lit("ab")), true},
		{"startsWith null", call(query.FuncStartsWith, lit("abc"), null), nil},
		{"stringContains", call(query.FuncStringContains, lit("abc"), lit("b")), true},
		{"stringContains of nothing", call(query.FuncStringContains, lit("abc"), lit("")), false},

		{"indexOf", call(query.FuncIndexOf, lit("subdomain.com"), lit(".")), 9},
		{"indexOf, start", call(query.FuncIndexOf, lit("a.b.c"), lit("."), lit(2)), 3},
		{"indexOf, not found", call(query.FuncIndexOf, lit("abc"), lit("x")), nil},
		{"indexOf of nothing", call(query.FuncIndexOf, lit("abc"), lit(""), lit(2)), 2},
		{"indexOf, negative start", call(query.FuncIndexOf, lit("abc"), lit("a"), lit(-5)), 0},
		{"indexOf, start behind", call(query.FuncIndexOf, lit("abc"), lit("a"), lit(7)), nil},
		{"indexOf counts UTF-16", call(query.FuncIndexOf, lit("😀a"), lit("a")), 2},
		{"indexOf~", fold(call(query.FuncIndexOf, lit("ABC"), lit("b"))), 1},

		{"substring", call(query.FuncSubstring, lit("start regsvr32.exe"), lit(6)), "regsvr32.exe"},
		{"substring, end", call(query.FuncSubstring, lit("start regsvr32.exe"), lit(0), lit(5)), "start"},
		{"substring, negative", call(query.FuncSubstring, lit("regsvr32.exe"), lit(-4)), ".exe"},
		{"substring, negative end", call(query.FuncSubstring, lit("regsvr32.exe"), lit(0), lit(-4)), "regsvr32"},
		{"substring, far negative", call(query.FuncSubstring, lit("abc"), lit(-9)), "abc"},
		{"substring, far end", call(query.FuncSubstring, lit("abc"), lit(1), lit(99)), "bc"},
		{"substring, crossed", call(query.FuncSubstring, lit("abc"), lit(2), lit(1)), ""},
		{"substring of nothing", call(query.FuncSubstring, lit(""), lit(0)), ""},
		{"substring, smallest", call(query.FuncSubstring, lit("abc"), lit(math.MinInt64)), "abc"},

		{"number", call(query.FuncNumber, lit("1337")), 1337},
		{"number, fraction", call(query.FuncNumber, lit("42.5")), 42.5},
		{"number, sign", call(query.FuncNumber, lit("-32.5")), -32.5},
		{"number, plus", call(query.FuncNumber, lit("+5")), 5},
		{"number, an address is none", call(query.FuncNumber, lit("10.1.2.3")), nil},
		{"number, too large", call(query.FuncNumber, lit("1e999")), nil},
		{"number, 0x", call(query.FuncNumber, lit("0x32")), 50},
		{"number, base 16", call(query.FuncNumber, lit("32"), lit(16)), 50},
		{"number, base 16 and 0x", call(query.FuncNumber, lit("0x32"), lit(16)), 50},
		{"number, base 8", call(query.FuncNumber, lit("17"), lit(8)), 15},
		{"number, no number", call(query.FuncNumber, lit("abc")), nil},
		{"number, empty", call(query.FuncNumber, lit("")), nil},
		{"number of a number", call(query.FuncNumber, lit(5)), nil},

		{"string", call(query.FuncString, lit(42)), "42"},
		{"string of a double", call(query.FuncString, lit(1e10)), "1.0E10"},
		{"string of a small double", call(query.FuncString, lit(0.00015)), "1.5E-4"},
		{"string of a boolean", call(query.FuncString, lit(false)), "false"},
		{"string null", call(query.FuncString, null), nil},

		{"cidrMatch", call(query.FuncCIDRMatch, lit("10.1.2.3"), lit("192.168.0.0/16"), lit("10.6.48.157/8")), true},
		{"cidrMatch, outside", call(query.FuncCIDRMatch, lit("11.0.0.1"), lit("10.0.0.0/8")), false},
		{"cidrMatch null", call(query.FuncCIDRMatch, null, lit("10.0.0.0/8")), nil},
		{"like", call(query.FuncLike, lit("abc"), lit("a?c*")), true},
		{"like~", fold(call(query.FuncLike, lit("ABC"), lit("a*"))), true},
		{"regex", call(query.FuncRegex, lit("abc"), lit("a[a-c]+")), true},
		{"regex is anchored", call(query.FuncRegex, lit("abcd"), lit("a[a-c]+")), false},
		{"isNull", call(query.FuncIsNull, null), true},
		{"isNull of a value", call(query.FuncIsNull, lit(0)), false},

		{"1 == 1.0", relate(query.EQ, lit(1), lit(1.0)), true},
		{"text == number", relate(query.EQ, lit("1"), lit(1)), false},
		{"text != number", relate(query.NE, lit("1"), lit(1)), true},
		{"text < number", relate(query.LT, lit("1"), lit(2)), nil},
		{"text order is by bytes", relate(query.LT, lit("Z"), lit("a")), true},
		{"true == true", relate(query.EQ, lit(true), lit(true)), true},
		{"null == null", relate(query.EQ, null, null), nil},
		{"2 >= 2", relate(query.GE, lit(2), lit(2)), true},
		{"2 <= 1", relate(query.LE, lit(2), lit(1)), false},
		{"false and null", &query.Logic{Op: query.AllOf, Terms: []query.Expr{lit(false), null}}, false},
		{"true and null", &query.Logic{Op: query.AllOf, Terms: []query.Expr{lit(true), null}}, nil},
		{"true or null", &query.Logic{Op: query.AnyOf, Terms: []query.Expr{null, lit(true)}}, true},
		{"not null", negated(null), nil},
	} {
		p, err := CompilePred(script(tt.expr), Options{})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		st := p.state(nil, now)
		got := p.preds[0].(*scriptNode).run(st, nil)
		want := value(tt.want)
		if got.Kind() != want.Kind() || !got.Equal(want) {
			t.Errorf("%s = %s, want %s", tt.name, got, want)
		}
	}
}

// TestCombinations: one script is run for each combination of values, a
// different value for each usage, and holds when one of them does.
func TestCombinations(t *testing.T) {
	g := field("g", query.Keyword)
	ends := call(query.FuncEndsWith, ref(kw), ref(g))
	lengthIs := func(op query.CompareOp, n int) query.Expr {
		return relate(op, call(query.FuncLength, ref(kw)), lit(n))
	}
	twice := &query.Logic{Op: query.AllOf, Terms: []query.Expr{lengthIs(query.EQ, 1), lengthIs(query.EQ, 2)}}
	for _, tt := range []struct {
		name   string
		expr   query.Expr
		doc    string
		want   bool
		unsure bool
	}{
		{"one of several values", lengthIs(query.EQ, 2), `{"k":["a","bb"]}`, true, false},
		{"none", lengthIs(query.EQ, 3), `{"k":["a","bb"]}`, false, false},
		{"pairs", ends, `{"k":["ab","cd"],"g":["x","d"]}`, true, false},
		{"no pair", ends, `{"k":["ab","cd"],"g":["x","y"]}`, false, false},
		{"one side absent", ends, `{"k":["ab"]}`, false, false},
		{"two usages, two values", twice, `{"k":["a","bb"]}`, true, false},
		{"two usages, one value", twice, `{"k":"a"}`, false, false},
		{"negated, one value fails: the readings differ", negated(ends), `{"k":["ab","cd"],"g":"d"}`, true, true},
		{"negated, every value fails", negated(ends), `{"k":["ab","cd"],"g":"x"}`, true, false},
		{"negated, no value fails", negated(ends), `{"k":["ab","cb"],"g":"b"}`, false, false},
		{"negated, single values", negated(ends), `{"k":"ab","g":"x"}`, true, false},
		{"not equal, one value differs", lengthIs(query.NE, 1), `{"k":["a","bb"]}`, true, true},
		{"not equal, absent", lengthIs(query.NE, 1), `{}`, false, false},
		{"address as text", relate(query.EQ, call(query.FuncString, ref(addr)), lit("1.2.3.4")), `{"ip":"::ffff:1.2.3.4"}`, true, false},
		{"number as text", relate(query.EQ, call(query.FuncString, ref(num)), lit("7")), `{"n":"7"}`, true, false},
	} {
		out := program(t, script(tt.expr)).Run(query.EventSet{Docs: []query.Document{doc(t, tt.doc)}}, now)
		if out.Match != tt.want || (out.Unsure != nil) != tt.unsure {
			t.Errorf("%s on %s: %v, unsure %v; want %v, %v", tt.name, tt.doc, out.Match, out.Unsure, tt.want, tt.unsure)
		}
	}
}

func TestCombinationLimit(t *testing.T) {
	p, err := CompilePred(script(relate(query.EQ, ref(kw), ref(kw))), Options{Combinations: 3})
	if err != nil {
		t.Fatal(err)
	}
	out := p.Run(query.EventSet{Docs: []query.Document{doc(t, `{"k":["a","b"]}`)}}, now)
	if out.Match || out.Unsure == nil || out.Unsure.Code != query.CodeBudget {
		t.Errorf("outcome %+v, want a budget remark", out)
	}
}
