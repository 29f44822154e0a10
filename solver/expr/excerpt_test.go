package expr_test

import (
	"testing"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver/expr"
)

func lit(v query.Value) query.Expr { return &query.Literal{Value: v} }

func call(f query.Func, args ...query.Expr) query.Expr { return &query.Call{Func: f, Args: args} }

func compare(op query.CompareOp, a, b query.Expr) query.Expr {
	return &query.Compare{Op: op, Left: a, Right: b}
}

// TestPieces: what is cut out of strings whose characters take one or two UTF-16
// units, by every bound, against computing it.
func TestPieces(t *testing.T) {
	const wide = "\U0001F600"
	all := []string{""}
	for at := 0; at < len(all) && len([]rune(all[at])) < 4; at++ {
		all = append(all, all[at]+"a", all[at]+"b", all[at]+wide)
	}
	f := &query.Field{Name: "f"}
	num := func(n int) query.Expr { return lit(query.IntOf(int64(n))) }
	str := func(s string) query.Expr { return lit(query.StringOf(s)) }
	var pieces []query.Expr
	ref := func() query.Expr { return &query.FieldRef{Field: f} }
	for from := -4; from <= 4; from++ {
		pieces = append(pieces, call(query.FuncSubstring, ref(), num(from)))
		for to := -4; to <= 4; to++ {
			pieces = append(pieces, call(query.FuncSubstring, ref(), num(from), num(to)))
		}
		if from >= 0 {
			for less := range 4 {
				end := call(query.FuncSubtract, call(query.FuncLength, ref()), num(less))
				pieces = append(pieces, call(query.FuncSubstring, ref(), num(from), end))
			}
		}
	}
	for _, marks := range [][2]string{{"a", "b"}, {"a", "a"}, {wide, "b"}, {"aa", "a"}, {"", "b"}} {
		for _, greedy := range []bool{false, true} {
			pieces = append(pieces, call(query.FuncBetween, ref(), str(marks[0]), str(marks[1]), lit(query.BoolOf(greedy))))
		}
	}
	pieces = append(pieces, call(query.FuncSubstring, call(query.FuncSubstring, ref(), num(1)), num(0), num(-1)))
	var tests []query.Expr
	for _, p := range pieces {
		for _, regex := range []string{".", ".+", "[^a]*", "(a|" + wide + ").*", ".?b", "\uFFFD.*", "~(.*b.*)", ""} {
			tests = append(tests, call(query.FuncRegex, p, str(regex)))
		}
		tests = append(tests, compare(query.EQ, p, str("a")), compare(query.NE, p, str(wide)), compare(query.LT, p, str("b")),
			compare(query.GE, call(query.FuncLength, p), num(2)), call(query.FuncStartsWith, p, str("b")),
			call(query.FuncStringContains, p, str(wide)))
	}
	for _, sub := range []string{"", "a", wide, "b" + wide} {
		for start := -1; start <= 4; start++ {
			for _, op := range []query.CompareOp{query.EQ, query.NE, query.LE, query.GT} {
				for n := range 5 {
					tests = append(tests, compare(op, call(query.FuncIndexOf, ref(), str(sub), num(start)), num(n)))
				}
			}
		}
	}
	for _, e := range tests {
		yes, _, ok := expr.Residual(e, f, true)
		no, _, also := expr.Residual(e, f, false)
		if !ok || !also {
			t.Fatalf("cannot invert %s", e)
		}
		for _, s := range all {
			env := expr.Env{}
			for _, r := range query.FieldRefs(nil, e) {
				env[r] = query.StringOf(s)
			}
			v := expr.Compute(e, env)
			isTrue, isFalse := v.Kind() == query.Bool && v.Bool(), v.Kind() == query.Bool && !v.Bool()
			if yes.Contains(s) != isTrue || no.Contains(s) != isFalse {
				t.Fatalf("%s of %q is %s, the preimages say %v and %v", e, s, v, yes.Contains(s), no.Contains(s))
			}
		}
	}
	t.Logf("%d tests of %d strings", len(tests), len(all))
}
