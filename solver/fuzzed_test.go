package solver_test

import (
	"testing"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// TestFuzzed holds what random queries (package gen/queries) found wrong once.
func TestFuzzed(t *testing.T) {
	const (
		found   = "found"
		refuted = "refuted"
		unknown = "unknown"
	)
	ratio := &query.Field{Name: "ratio", Type: query.HalfFloat}
	loads := &query.Field{Name: "loads", Type: query.Double, Array: true}
	note := &query.Field{Name: "note", Type: query.TextType}
	stringOf := func(f *query.Field, s string) query.Pred {
		call := &query.Call{Func: query.FuncString, Args: []query.Expr{&query.FieldRef{Field: f}}}
		return &query.Leaf{Op: query.OpScript, Expr: &query.Compare{Left: call, Right: &query.Literal{Value: query.StringOf(s)}}}
	}
	word := func(s string) query.Pred {
		return &query.Leaf{Field: note, Op: query.OpWord, Items: []query.Operand{{Value: query.StringOf(s)}}}
	}
	wordLike := func(s string) query.Pred {
		return &query.Leaf{Field: note, Op: query.OpWordGlob, Items: []query.Operand{{Glob: parseGlob(s)}}}
	}
	lastIsNot := func(f *query.Field, s string) query.Pred {
		call := &query.Call{Func: query.FuncSubstring, Args: []query.Expr{&query.FieldRef{Field: f}, &query.Literal{Value: query.IntOf(-1)}}}
		return &query.Leaf{Op: query.OpScript, Expr: &query.Compare{Op: query.NE, Left: call, Right: &query.Literal{Value: query.StringOf(s)}}}
	}
	for _, c := range []struct {
		name string
		pred query.Pred
		want string
	}{
		// Half of a surrogate pair is not "ab" either.
		{"the last of a string is never two characters", and(exists(fieldS), not(lastIsNot(fieldS, "ab"))), refuted},
		{"but it may be one", and(exists(fieldS), not(lastIsNot(fieldS, "a"))), found},
		{"an expression over several values", and(equal(loads, query.FloatOf(0)), equal(loads, query.FloatOf(1)), not(stringOf(loads, "2.0"))), found},
		{"an expression that one of several values fails", and(equal(loads, query.FloatOf(0)), equal(loads, query.FloatOf(1)), not(stringOf(loads, "1.0"))), refuted},
		{"a contradiction beside it", and(equal(loads, query.FloatOf(0)), not(equal(loads, query.FloatOf(0))), stringOf(loads, "0.0")), refuted},
		{"a float as text", stringOf(ratio, "1.0"), found},
		{"no float is written so", stringOf(ratio, "1"), refuted},
		{"an integer as text", stringOf(fieldN, "1"), found},
		{"no integer is written so", stringOf(fieldN, "1.0"), refuted},
		{"another word that the pattern matches", and(wordLike("a*"), not(word("a"))), found},
		{"every word that the pattern matches", and(wordLike("ab*"), not(wordLike("a*"))), refuted},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := solver.Solve(solver.Problem{Goals: []solver.Goal{{Pred: c.pred, Want: solver.MustBeTrue}}}, solver.Options{})
			got := unknown
			switch {
			case r.Solution != nil:
				got = found
			case r.Conflict != nil:
				got = refuted
			}
			if got != c.want {
				t.Errorf("%s, want %s: %+v", got, c.want, r)
			}
		})
	}
}

// TestWordsAreNoSubstrings: a text that holds the letters of a word need not
// hold the word.
func TestWordsAreNoSubstrings(t *testing.T) {
	note := &query.Field{Name: "note", Type: query.TextType}
	word := &query.Leaf{Field: note, Op: query.OpWord, Items: []query.Operand{{Value: query.StringOf("a")}}}
	r := solver.Solve(solver.Problem{Goals: []solver.Goal{{Pred: word, Want: solver.MustBeTrue}}}, solver.Options{})
	set := r.Solution.Fields[0].Values[0]
	for text, want := range map[string]bool{"a": true, "b A": true, "any": false} {
		if set.Contains(query.StringOf(text)) != want {
			t.Errorf("%q: want %v", text, want)
		}
	}
}

// TestElementsHoldSomething: an element that is only told what it must not hold
// gets a value all the same, or there would be none.
func TestElementsHoldSomething(t *testing.T) {
	x := &query.Field{Name: "p.x", Nested: "p"}
	p := &query.Each{Path: "p", Term: not(glob(x, "a*"))}
	r := solver.Solve(solver.Problem{Goals: []solver.Goal{{Pred: p, Want: solver.MustBeTrue}}}, solver.Options{})
	if r.Solution == nil || len(r.Solution.Fields) != 1 || len(r.Solution.Fields[0].Values) != 1 {
		t.Fatalf("got %+v", r.Solution)
	}
}

// TestFociOfNegatedElements: a clause inside of "no element has…" matters where
// some element has all the rest.
func TestFociOfNegatedElements(t *testing.T) {
	x, y := &query.Field{Name: "p.x", Nested: "p"}, &query.Field{Name: "p.y", Nested: "p"}
	for _, f := range solver.Foci(not(&query.Each{Path: "p", Term: and(glob(x, "a"), glob(y, "b"))}), 0) {
		for name, g := range map[string]solver.Goal{"on": f.On, "off": f.Off} {
			r := solver.Solve(solver.Problem{Goals: append(f.Others[:len(f.Others):len(f.Others)], g)}, solver.Options{})
			if r.Solution == nil {
				t.Fatalf("%s %s: %+v", f.Leaf.Field.Name, name, r)
			}
			values := map[string]string{}
			for _, set := range r.Solution.Fields {
				for _, v := range set.Values {
					values[set.Field.Name] = v.Simplest().Str()
				}
			}
			other, want := "p.y", "b"
			if f.Leaf.Field == y {
				other, want = "p.x", "a"
			}
			if matches := values["p.x"] == "a" && values["p.y"] == "b"; values[other] != want || matches != (name == "off") {
				t.Errorf("%s %s: %v", f.Leaf.Field.Name, name, values)
			}
		}
	}
}
