package relation_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver/interval"
	"github.com/rematch-dev/rematch/solver/relation"
	"github.com/rematch-dev/rematch/solver/text"
)

// strs adapts a solved language.
type strs struct{ *text.Set }

func (s strs) Contains(v query.Value) bool      { return s.Set.Contains(v.Str()) }
func (s strs) Simplest() query.Value            { return query.StringOf(s.Set.Simplest()) }
func (s strs) Draw(src rand.Source) query.Value { return query.StringOf(s.Set.Draw(src)) }
func (s strs) Members(n int) ([]query.Value, bool) {
	list, all := s.Set.Members(n)
	out := make([]query.Value, len(list))
	for i, m := range list {
		out[i] = query.StringOf(m)
	}
	return out, all
}

// words are the strings of at most n letters out of a, b and A.
func words(n int) []string {
	out := []string{""}
	for at := 0; at < len(out); at++ {
		if len(out[at]) < n {
			for _, r := range "abA" {
				out = append(out, out[at]+string(r))
			}
		}
	}
	return out
}

// kind is a set of strings: a language, and its members among the words.
type kind struct {
	name    string
	lang    text.Lang
	members []query.Value
	finite  bool // it has no others
}

func kindOf(t testing.TB, source string, finite bool) kind {
	t.Helper()
	l, err := text.Regex(query.Regex{Source: source}, query.Exact)
	if err != nil {
		t.Fatal(err)
	}
	k := kind{name: source, lang: l, finite: finite}
	for _, w := range words(3) {
		if l.Contains(w) {
			k.members = append(k.members, query.StringOf(w))
		}
	}
	return k
}

func (k kind) variable(name string) relation.Var {
	set, _, _ := text.Solve(text.Problem{In: []text.Lang{k.lang}})
	return relation.Var{Field: &query.Field{Name: name}, Values: strs{set}, Langs: []text.Lang{k.lang}}
}

// builder makes tests over variables.
type builder struct {
	relation.Problem
	fields []*query.Field
}

func (b *builder) add(v relation.Var) int {
	b.Vars, b.fields = append(b.Vars, v), append(b.fields, v.Field)
	return len(b.Vars) - 1
}

func (b *builder) test(want relation.Want, make func(ref func(int) query.Expr) query.Expr) {
	vars := map[*query.FieldRef]int{}
	e := make(func(v int) query.Expr {
		r := &query.FieldRef{Field: b.fields[v]}
		vars[r] = v
		return r
	})
	b.Tests = append(b.Tests, relation.Test{Expr: e, Want: want, Vars: vars})
}

func call(f query.Func, fold query.Fold, args ...query.Expr) query.Expr {
	return &query.Call{Func: f, Args: args, Fold: fold}
}

func compare(op query.CompareOp, a, b query.Expr) query.Expr {
	return &query.Compare{Op: op, Left: a, Right: b}
}

func lit(v query.Value) query.Expr { return &query.Literal{Value: v} }

// holds computes a problem for given values.
func holds(p *relation.Problem, values []query.Value, skip int) bool {
	for i, t := range p.Tests {
		if i == skip {
			continue
		}
		env := relation.Env{}
		for ref, v := range t.Vars {
			env[ref] = values[v]
		}
		v := relation.Compute(t.Expr, env)
		yes, no := v.Kind() == query.Bool && v.Bool(), v.Kind() == query.Bool && !v.Bool()
		if ok := [...]bool{relation.True: yes, relation.False: no, relation.NotTrue: !yes, relation.NotFalse: !no}[t.Want]; !ok {
			return false
		}
	}
	return true
}

// brute looks for values among lists.
func brute(p *relation.Problem, lists [][]query.Value, skip int) bool {
	values := make([]query.Value, len(lists))
	var try func(i int) bool
	try = func(i int) bool {
		if i == len(lists) {
			return holds(p, values, skip)
		}
		for _, v := range lists[i] {
			if values[i] = v; try(i + 1) {
				return true
			}
		}
		return false
	}
	return try(0)
}

// judge compares an answer with brute force. Exact says that the lists are all
// there is, so that each way to be undecided or wrong shows.
func judge(t interface{ Errorf(string, ...any) }, name string, b *builder, lists [][]query.Value, exact bool) relation.Verdict {
	verdict, values, core := relation.Solve(b.Problem)
	switch verdict {
	case relation.Found:
		if !holds(&b.Problem, values, -1) {
			t.Errorf("%s: %v is no solution", name, values)
		}
		for v, value := range values {
			if !value.IsNull() && !b.Vars[v].Values.Contains(value) {
				t.Errorf("%s: %v lies outside of its domain", name, value)
			}
		}
	case relation.Refuted:
		if brute(&b.Problem, lists, -1) {
			t.Errorf("%s: refuted, but there is a solution", name)
		}
		if len(core.Tests) == 0 || !slices.IsSorted(core.Tests) {
			t.Errorf("%s: a core of tests %v", name, core.Tests)
		}
	}
	if exact {
		want := relation.Refuted
		if brute(&b.Problem, lists, -1) {
			want = relation.Found
		}
		if verdict != want {
			t.Errorf("%s: verdict %d, want %d", name, verdict, want)
		}
	}
	return verdict
}

// binary are the relations between two texts.
var binary = []struct {
	name string
	expr func(a, b query.Expr) query.Expr
}{
	{"a == b", func(a, b query.Expr) query.Expr { return compare(query.EQ, a, b) }},
	{"a < b", func(a, b query.Expr) query.Expr { return compare(query.LT, a, b) }},
	{"a <= b", func(a, b query.Expr) query.Expr { return compare(query.LE, a, b) }},
	{"startsWith", func(a, b query.Expr) query.Expr { return call(query.FuncStartsWith, query.Exact, a, b) }},
	{"endsWith~", func(a, b query.Expr) query.Expr { return call(query.FuncEndsWith, query.FoldSimple, a, b) }},
	{"startsWith~", func(a, b query.Expr) query.Expr { return call(query.FuncStartsWith, query.FoldASCII, a, b) }},
	{"stringContains", func(a, b query.Expr) query.Expr { return call(query.FuncStringContains, query.Exact, a, b) }},
	{"length >", func(a, b query.Expr) query.Expr {
		return compare(query.GT, call(query.FuncLength, 0, a), call(query.FuncLength, 0, b))
	}},
	{"length ==", func(a, b query.Expr) query.Expr {
		return compare(query.EQ, call(query.FuncLength, 0, a), call(query.FuncLength, 0, b))
	}},
	{"concat", func(a, b query.Expr) query.Expr {
		return compare(query.EQ, call(query.FuncConcat, 0, a, lit(query.StringOf("a")), b), lit(query.StringOf("aab")))
	}},
	{"indexOf", func(a, b query.Expr) query.Expr {
		return compare(query.EQ, call(query.FuncIndexOf, 0, a, b), lit(query.IntOf(1)))
	}},
	{"startsWith a part", func(a, b query.Expr) query.Expr {
		return call(query.FuncStartsWith, 0, a, call(query.FuncSubstring, 0, b, lit(query.IntOf(0)), lit(query.IntOf(1))))
	}},
}

func kinds(t testing.TB) []kind {
	return []kind{
		kindOf(t, "a", true), kindOf(t, "ab|b", true), kindOf(t, "()|A|bb", true), kindOf(t, "aab|ba|b", true),
		kindOf(t, ".*", false), kindOf(t, "a.*", false), kindOf(t, ".*b", false), kindOf(t, "[aA]+", false), kindOf(t, "b.?", false),
	}
}

// TestPairs has every relation, plain and negated, between every two languages:
// of finite ones the verdict is what brute force says.
func TestPairs(t *testing.T) {
	undecided, total := 0, 0
	for _, x := range kinds(t) {
		for _, y := range kinds(t) {
			for _, r := range binary {
				for _, want := range []relation.Want{relation.True, relation.NotTrue} {
					b := &builder{}
					b.add(x.variable("a"))
					b.add(y.variable("b"))
					b.test(want, func(ref func(int) query.Expr) query.Expr { return r.expr(ref(0), ref(1)) })
					name := fmt.Sprintf("%s, a in %s, b in %s, want %d", r.name, x.name, y.name, want)
					total++
					if judge(t, name, b, [][]query.Value{x.members, y.members}, x.finite && y.finite) == relation.Undecided {
						undecided++
						t.Logf("undecided: %s", name)
					}
				}
			}
		}
	}
	t.Logf("%d of %d undecided", undecided, total)
	if undecided > total/100 {
		t.Errorf("%d of %d undecided", undecided, total)
	}
}

// TestTriples has every two relations along a chain, or closed to a cycle, of
// three texts; every fifth, or with REMATCH_NIGHTLY all.
func TestTriples(t *testing.T) {
	all := kinds(t)
	undecided, total, asked := 0, 0, 0
	for i, x := range all {
		y, z := all[(i*5+2)%len(all)], all[(i*7+1)%len(all)]
		for _, r := range binary {
			for _, q := range binary {
				for ends := range 2 {
					for signs := range 4 {
						if total++; total%5 != 0 && os.Getenv("REMATCH_NIGHTLY") == "" {
							continue
						}
						asked++
						b := &builder{}
						for n, k := range []kind{x, y, z} {
							b.add(k.variable(string(rune('a' + n))))
						}
						want := func(bit int) relation.Want {
							if signs>>bit&1 != 0 {
								return relation.NotTrue
							}
							return relation.True
						}
						b.test(want(0), func(ref func(int) query.Expr) query.Expr { return r.expr(ref(0), ref(1)) })
						b.test(want(1), func(ref func(int) query.Expr) query.Expr { return q.expr(ref(1), ref([]int{2, 0}[ends])) })
						name := fmt.Sprintf("%s and %s (%d, %d) over %s, %s, %s", r.name, q.name, ends, signs, x.name, y.name, z.name)
						lists := [][]query.Value{x.members, y.members, z.members}
						if judge(t, name, b, lists, x.finite && y.finite && z.finite) == relation.Undecided {
							undecided++
						}
					}
				}
			}
		}
	}
	t.Logf("%d of %d undecided", undecided, asked)
	if undecided > asked/20 {
		t.Errorf("%d of %d undecided", undecided, asked)
	}
}

func number(name string, low, high int64) relation.Var {
	f := &query.Field{Name: name, Type: query.Long}
	line, _ := interval.LineOf(f)
	b := func(n int64) *query.Bound { return &query.Bound{Value: query.IntOf(n), Inclusive: true} }
	s, _ := line.Range(b(low), b(high), time.Time{})
	return relation.Var{Field: f, Values: s, Points: s}
}

// TestNumbers draws linear problems over a few small numbers, and asks brute
// force.
func TestNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &builder{}
		var lists [][]query.Value
		for i := range rapid.IntRange(2, 4).Draw(t, "variables") {
			low := rapid.Int64Range(-3, 3).Draw(t, "low")
			high := low + rapid.Int64Range(0, 4).Draw(t, "width")
			b.add(number(string(rune('a'+i)), low, high))
			var list []query.Value
			for n := low; n <= high; n++ {
				list = append(list, query.IntOf(n))
			}
			lists = append(lists, list)
		}
		for range rapid.IntRange(1, 5).Draw(t, "tests") {
			x, y := rapid.IntRange(0, len(lists)-1).Draw(t, "x"), rapid.IntRange(0, len(lists)-1).Draw(t, "y")
			op := query.CompareOp(rapid.IntRange(0, 5).Draw(t, "op"))
			by := rapid.Int64Range(-3, 3).Draw(t, "by")
			f := rapid.SampledFrom([]query.Func{query.FuncAdd, query.FuncSubtract, query.FuncMultiply, query.FuncModulo, query.FuncDivide}).Draw(t, "function")
			want := rapid.SampledFrom([]relation.Want{relation.True, relation.NotTrue, relation.False, relation.NotFalse}).Draw(t, "want")
			b.test(want, func(ref func(int) query.Expr) query.Expr {
				return compare(op, call(f, 0, ref(x), lit(query.IntOf(by))), ref(y))
			})
		}
		judge(t, "numbers", b, lists, true)
	})
}

// TestUnbounded: contradictions that no bound shows, and what only looks like
// one.
func TestUnbounded(t *testing.T) {
	const far = 1 << 60
	for _, c := range []struct {
		name  string
		tests func(b *builder)
		want  relation.Verdict
		core  int
	}{
		{"a < b < c < a", func(b *builder) {
			for i := range 3 {
				b.test(relation.True, func(ref func(int) query.Expr) query.Expr { return compare(query.LT, ref(i), ref((i+1)%3)) })
			}
		}, relation.Refuted, 3},
		{"a <= b <= c <= a", func(b *builder) {
			for i := range 3 {
				b.test(relation.True, func(ref func(int) query.Expr) query.Expr { return compare(query.LE, ref(i), ref((i+1)%3)) })
			}
		}, relation.Found, 0},
		{"a <= b <= c <= a and a != c", func(b *builder) {
			for i := range 3 {
				b.test(relation.True, func(ref func(int) query.Expr) query.Expr { return compare(query.LE, ref(i), ref((i+1)%3)) })
			}
			b.test(relation.NotTrue, func(ref func(int) query.Expr) query.Expr { return compare(query.EQ, ref(0), ref(2)) })
		}, relation.Refuted, 4},
		{"a - b > 3 and a - b < 4", func(b *builder) {
			difference := func(ref func(int) query.Expr) query.Expr { return call(query.FuncSubtract, 0, ref(0), ref(1)) }
			b.test(relation.True, func(ref func(int) query.Expr) query.Expr {
				return compare(query.GT, difference(ref), lit(query.IntOf(3)))
			})
			b.test(relation.True, func(ref func(int) query.Expr) query.Expr {
				return compare(query.LT, difference(ref), lit(query.IntOf(4)))
			})
		}, relation.Refuted, 2},
		{"a + 2 <= b and b <= a + 1, beside another", func(b *builder) {
			b.test(relation.True, func(ref func(int) query.Expr) query.Expr {
				return compare(query.LE, call(query.FuncAdd, 0, ref(0), lit(query.IntOf(2))), ref(1))
			})
			b.test(relation.True, func(ref func(int) query.Expr) query.Expr { return compare(query.NE, ref(1), ref(2)) })
			b.test(relation.True, func(ref func(int) query.Expr) query.Expr {
				return compare(query.LE, ref(1), call(query.FuncAdd, 0, ref(0), lit(query.IntOf(1))))
			})
		}, relation.Refuted, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &builder{}
			for i := range 3 {
				b.add(number(string(rune('a'+i)), -far, far))
			}
			c.tests(b)
			verdict, _, core := relation.Solve(b.Problem)
			if verdict != c.want || len(core.Tests) != c.core {
				t.Errorf("verdict %d with a core of %v", verdict, core)
			}
		})
	}
}

// TestCoresAreMinimal: without any one test of a core there is a solution.
func TestCoresAreMinimal(t *testing.T) {
	all := kinds(t)
	rapid.Check(t, func(t *rapid.T) {
		b := &builder{}
		var lists [][]query.Value
		for i := range 3 {
			k := all[rapid.IntRange(0, 3).Draw(t, "language")]
			b.add(k.variable(string(rune('a' + i))))
			lists = append(lists, k.members)
		}
		for range rapid.IntRange(2, 4).Draw(t, "tests") {
			r := rapid.SampledFrom(binary).Draw(t, "relation")
			x, y := rapid.IntRange(0, 2).Draw(t, "x"), rapid.IntRange(0, 2).Draw(t, "y")
			want := rapid.SampledFrom([]relation.Want{relation.True, relation.NotTrue}).Draw(t, "want")
			b.test(want, func(ref func(int) query.Expr) query.Expr { return r.expr(ref(x), ref(y)) })
		}
		verdict, _, core := relation.Solve(b.Problem)
		if verdict != relation.Refuted {
			return
		}
		part := b.Problem
		part.Tests = nil
		for _, i := range core.Tests {
			part.Tests = append(part.Tests, b.Tests[i])
		}
		if brute(&part, lists, -1) {
			t.Fatalf("the core has a solution")
		}
		for i := range part.Tests {
			if len(part.Tests) > 1 && !brute(&part, lists, i) {
				t.Fatalf("test %d of a core of %d is not needed", i, len(part.Tests))
			}
		}
	})
}
