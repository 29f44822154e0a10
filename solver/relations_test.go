package solver_test

import (
	"slices"
	"testing"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// TestRelations has rules that relate fields to fields. Each clause has a name,
// and of what can never hold the test wants the clauses of the proof.
func TestRelations(t *testing.T) {
	fields := map[string]*query.Field{}
	field := func(name string, f query.Field) {
		f.Name = name
		fields[name] = &f
	}
	for _, n := range []string{"a", "b", "c"} {
		field(n, query.Field{})
		field("many."+n, query.Field{Array: true})
		field("n."+n, query.Field{Type: query.Long})
		field("f."+n, query.Field{Type: query.Double})
		field("at."+n, query.Field{Type: query.Date})
		field("ip."+n, query.Field{Type: query.IP})
	}
	at := 0
	span := func() query.Span { at += 10; return query.Span{Start: at, End: at + 5} }
	ref := func(n string) query.Expr { return &query.FieldRef{Field: fields[n]} }
	text := func(s string) query.Expr { return &query.Literal{Value: query.StringOf(s)} }
	num := func(n int64) query.Expr { return &query.Literal{Value: query.IntOf(n)} }
	call := func(f query.Func, args ...query.Expr) query.Expr { return &query.Call{Func: f, Args: args} }
	fold := func(f query.Func, args ...query.Expr) query.Expr {
		return &query.Call{Func: f, Args: args, Fold: query.FoldSimple}
	}
	script := func(e query.Expr) query.Pred { return &query.Leaf{Op: query.OpScript, Expr: e, Span: span()} }
	cmp := func(a query.Expr, op query.CompareOp, b query.Expr) query.Pred {
		return script(&query.Compare{Op: op, Left: a, Right: b})
	}
	is := func(n, s string) query.Pred {
		return &query.Leaf{Field: fields[n], Op: query.OpGlob, Items: []query.Operand{{Glob: parseGlob(s)}}, Span: span()}
	}
	above := func(n string, low int64) query.Pred {
		return &query.Leaf{Field: fields[n], Op: query.OpRange, Items: []query.Operand{{Low: &query.Bound{Value: query.IntOf(low)}}}, Span: span()}
	}
	below := func(n string, high int64) query.Pred {
		return &query.Leaf{Field: fields[n], Op: query.OpRange, Items: []query.Operand{{High: &query.Bound{Value: query.IntOf(high)}}}, Span: span()}
	}
	length := func(n string) query.Expr { return call(query.FuncLength, ref(n)) }
	for _, c := range []struct {
		name  string
		terms []query.Pred
		core  []int // clauses of the proof; nil: there is a document
	}{
		{"equal, and two values", []query.Pred{cmp(ref("a"), query.EQ, ref("b")), is("a", "x"), is("c", "z"), is("b", "y")}, []int{0, 1, 3}},
		{"equal, and one value of several", []query.Pred{cmp(ref("a"), query.EQ, ref("b")), is("a", "x*"), is("b", "*y")}, nil},
		{"equal in a chain, and not at its ends", []query.Pred{cmp(ref("a"), query.EQ, ref("b")), cmp(ref("b"), query.EQ, ref("c")), cmp(ref("c"), query.NE, ref("a"))}, []int{0, 1, 2}},
		{"equal, and not equally long", []query.Pred{cmp(ref("a"), query.EQ, ref("b")), cmp(call(query.FuncLength, ref("b")), query.GT, call(query.FuncLength, ref("a")))}, []int{0, 1}},
		{"what goes on sorts behind", []query.Pred{script(call(query.FuncStartsWith, ref("b"), ref("a"))), cmp(ref("a"), query.GT, ref("b"))}, []int{0, 1}},
		{"what lies behind the start of a text is no longer than it", []query.Pred{cmp(call(query.FuncIndexOf, ref("a"), ref("b")), query.EQ, num(1)), script(call(query.FuncStartsWith, ref("b"), ref("a")))}, []int{0, 1}},
		{"equal but for case", []query.Pred{
			script(&query.Logic{Op: query.AllOf, Terms: []query.Expr{fold(query.FuncStartsWith, ref("a"), ref("b")), fold(query.FuncStartsWith, ref("b"), ref("a"))}}),
			is("a", "AB*"), is("b", "*cd"),
		}, nil},
		{"equal but for case, and other letters", []query.Pred{
			script(&query.Logic{Op: query.AllOf, Terms: []query.Expr{fold(query.FuncStartsWith, ref("a"), ref("b")), fold(query.FuncStartsWith, ref("b"), ref("a"))}}),
			is("a", "AB*"), is("b", "x*"),
		}, []int{0, 1, 2}},
		{"three fields of two values that all differ", []query.Pred{
			or(is("a", "x"), is("a", "y")), or(is("b", "x"), is("b", "y")), or(is("c", "x"), is("c", "y")),
			cmp(ref("a"), query.NE, ref("b")), cmp(ref("b"), query.NE, ref("c")), cmp(ref("c"), query.NE, ref("a")),
		}, []int{0, 1, 2, 3, 4, 5}},
		{"a circle of numbers", []query.Pred{cmp(ref("n.a"), query.LT, ref("n.b")), cmp(ref("n.b"), query.LT, ref("n.c")), cmp(ref("n.c"), query.LT, ref("n.a"))}, []int{0, 1, 2}},
		{"a circle of fractions", []query.Pred{cmp(ref("f.a"), query.LT, ref("f.b")), cmp(ref("f.b"), query.LE, ref("f.a"))}, []int{0, 1}},
		{"a circle of texts", []query.Pred{cmp(ref("a"), query.LT, ref("b")), cmp(ref("b"), query.LE, ref("a"))}, []int{0, 1}},
		{"a circle of dates", []query.Pred{cmp(ref("at.a"), query.LT, ref("at.b")), cmp(ref("at.b"), query.LT, ref("at.a"))}, []int{0, 1}},
		{"bounds in a chain", []query.Pred{cmp(ref("n.a"), query.LT, ref("n.b")), cmp(ref("n.b"), query.LT, ref("n.c")), above("n.a", 5), below("n.c", 7)}, []int{0, 1, 2, 3}},
		{"bounds in a chain that leave one value", []query.Pred{cmp(ref("n.a"), query.LT, ref("n.b")), cmp(ref("n.b"), query.LT, ref("n.c")), above("n.a", 5), below("n.c", 9)}, nil},
		{"a difference", []query.Pred{cmp(call(query.FuncSubtract, ref("n.a"), ref("n.b")), query.GT, num(3)), cmp(call(query.FuncAdd, ref("n.b"), num(3)), query.GE, ref("n.a"))}, []int{0, 1}},
		{"begins otherwise", []query.Pred{script(call(query.FuncStartsWith, ref("a"), ref("b"))), is("a", "x*"), is("b", "y*")}, []int{0, 1, 2}},
		{"begins so", []query.Pred{script(call(query.FuncStartsWith, ref("a"), ref("b"))), is("a", "x*z"), is("b", "*y")}, nil},
		{"begins otherwise in any case", []query.Pred{script(fold(query.FuncStartsWith, ref("a"), ref("b"))), is("a", "x*"), is("b", "Y*")}, []int{0, 1, 2}},
		{"begins so in another case", []query.Pred{script(fold(query.FuncStartsWith, ref("a"), ref("b"))), is("a", "x*"), is("b", "X*")}, nil},
		{"holds two things that do not fit", []query.Pred{script(call(query.FuncStringContains, ref("a"), ref("b"))), script(call(query.FuncStringContains, ref("a"), ref("c"))), is("a", "???"), is("b", "xx"), is("c", "yy")}, []int{0, 1, 2, 3, 4}},
		{"does not begin so, but does", []query.Pred{not(script(call(query.FuncStartsWith, ref("a"), ref("b")))), is("a", "xy*"), is("b", "x")}, []int{0, 1, 2}},
		{"longer and shorter", []query.Pred{cmp(length("a"), query.GT, length("b")), cmp(length("a"), query.EQ, num(2)), is("b", "???*")}, []int{0, 1, 2}},
		{"longer than what it begins", []query.Pred{cmp(length("b"), query.GT, length("a")), script(call(query.FuncStartsWith, ref("a"), ref("b")))}, []int{0, 1}},
		{"as long as a number says", []query.Pred{cmp(length("a"), query.EQ, ref("n.a")), above("n.a", 3), is("a", "x*")}, nil},
		{"two parts make the whole", []query.Pred{cmp(call(query.FuncConcat, ref("a"), text("@"), ref("b")), query.EQ, ref("c")), is("c", "x*@*z"), is("b", "y*")}, nil},
		{"two parts make another whole", []query.Pred{cmp(call(query.FuncConcat, ref("a"), text("@"), ref("b")), query.EQ, ref("c")), is("c", "x*"), is("a", "y*")}, []int{0, 1, 2}},
		{"found where it is not", []query.Pred{cmp(call(query.FuncIndexOf, ref("a"), ref("b")), query.EQ, num(2)), is("a", "x??"), is("b", "??*")}, []int{0, 1, 2}},
		{"an address as text", []query.Pred{script(call(query.FuncStartsWith, ref("a"), call(query.FuncString, ref("ip.a")))), is("a", "x*")}, []int{0, 1}},
		{"either way is barred", []query.Pred{or(cmp(ref("a"), query.EQ, ref("b")), cmp(ref("a"), query.EQ, ref("c"))), is("a", "x"), is("b", "y"), is("c", "z")}, []int{0, 1, 2, 3}},
		{"one way is open", []query.Pred{or(cmp(ref("a"), query.EQ, ref("b")), cmp(ref("a"), query.EQ, ref("c"))), is("a", "x"), is("b", "y"), is("c", "x*")}, nil},
		{"one of many begins so", []query.Pred{script(call(query.FuncStartsWith, ref("many.a"), ref("b"))), is("many.a", "x"), is("many.a", "y"), is("b", "y")}, nil},
		{"none of many may", []query.Pred{not(script(call(query.FuncStartsWith, ref("many.a"), ref("b")))), is("many.a", "x"), is("many.a", "y*"), is("b", "y")}, []int{0, 2, 3}},
		{"each use is another value", []query.Pred{cmp(ref("many.a"), query.LT, ref("many.a")), is("many.a", "x")}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			problem := solver.Problem{Goals: []solver.Goal{{Pred: and(c.terms...), Want: solver.MustBeTrue}}}
			r := solver.Solve(problem, solver.Options{})
			if c.core == nil {
				if r.Solution == nil {
					t.Fatalf("no document: %+v", r)
				}
				return
			}
			if r.Conflict == nil {
				t.Fatalf("no proof: %+v", r)
			}
			for i, term := range c.terms {
				blamed := slices.ContainsFunc(r.Conflict.Spans, func(s query.Span) bool {
					return slices.ContainsFunc(query.Leaves(nil, term), func(l *query.Leaf) bool { return l.Span == s })
				})
				if blamed != slices.Contains(c.core, i) {
					t.Errorf("clause %d is part of the proof: %v", i, blamed)
				}
				if !blamed {
					continue
				}
				rest := slices.Delete(slices.Clone(c.terms), i, i+1)
				if r := solver.Solve(solver.Problem{Goals: []solver.Goal{{Pred: and(rest...), Want: solver.MustBeTrue}}}, solver.Options{}); r.Solution == nil {
					t.Errorf("without clause %d there is no document either: %+v", i, r)
				}
			}
		})
	}
}
