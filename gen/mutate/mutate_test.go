package mutate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// mutants lists what the operators make of small queries.
var mutants = []struct {
	name     string
	language query.Language
	text     string
	want     string
}{
	{
		"one clause", query.KQL, `a : x`, `
negate: a : x becomes its opposite
open-text: a : x asks only how the text begins
open-text: a : x asks only how the text ends
fold-case: a : x ignores letter case
any-value: a : x asks for any value
no-value: a : x asks for no value
absence: a : x counts as true where the field is missing
`,
	},
	{
		"two clauses", query.KQL, `a : * and n >= 5`, `
negate: a : * becomes its opposite
negate: n >= 5 becomes its opposite
drop-conjunct: a : * is gone
drop-conjunct: n >= 5 is gone
and-or: a : * and n >= 5 says or for and
move-bound: 5 has the bound 6
move-bound: 5 has the bound 4
shut-bound: 5 leaves out its bound
any-value: n >= 5 asks for any value
no-value: n >= 5 asks for no value
absence: n >= 5 counts as true where the field is missing
`,
	},
	{
		"a pattern", query.EQL, `any where a like "x*z?"`, `
negate: a like "x*z?" becomes its opposite
drop-star: "x*z?" becomes xz?
add-star: "x*z?" becomes *x*z?
add-star: "x*z?" becomes x*z?*
fix-question: "x*z?" becomes x*zq
fix-question: "x*z?" becomes x*z
fold-case: a like "x*z?" ignores letter case
any-value: a like "x*z?" asks for any value
no-value: a like "x*z?" asks for no value
absence: a like "x*z?" counts as true where the field is missing
`,
	},
	{
		"a list", query.EQL, `any where a in ("x", "y") or b == "z"`, `
negate: a in ("x", "y") becomes its opposite
negate: b == "z" becomes its opposite
drop-disjunct: a in ("x", "y") is gone
drop-disjunct: b == "z" is gone
and-or: a in ("x", "y") or b == "z" says and for or
drop-item: "x" is gone from its list
drop-item: "y" is gone from its list
open-text: a in ("x", "y") asks only how the text begins
open-text: a in ("x", "y") asks only how the text ends
open-text: b == "z" asks only how the text begins
open-text: b == "z" asks only how the text ends
fold-case: a in ("x", "y") ignores letter case
fold-case: b == "z" ignores letter case
swap-field: a in ("x", "y") is about b
swap-field: b == "z" is about a
any-value: a in ("x", "y") asks for any value
any-value: b == "z" asks for any value
no-value: a in ("x", "y") asks for no value
no-value: b == "z" asks for no value
absence: a in ("x", "y") counts as true where the field is missing
absence: b == "z" counts as true where the field is missing
`,
	},
	{
		"a sequence", query.EQL, `sequence by h, u with maxspan=1m [any where a == 1] with runs=2 [any where true] until [any where false]`, `
negate: a == 1 becomes its opposite
any-value: a == 1 asks for any value
no-value: a == 1 asks for no value
absence: a == 1 counts as true where the field is missing
drop-key: h no longer joins
drop-key: u no longer joins
move-maxspan: sequence by h, u with maxspan=1m [any where a == 1] with runs=2 [any where true]… has the maxspan 1m0.001s
move-maxspan: sequence by h, u with maxspan=1m [any where a == 1] with runs=2 [any where true]… has the maxspan 59.999s
drop-maxspan: sequence by h, u with maxspan=1m [any where a == 1] with runs=2 [any where true]… has no maxspan
drop-until: [any where false] no longer ends the sequence
count-runs: [any where a == 1] with runs=2 has runs=3
count-runs: [any where a == 1] with runs=2 has runs=1
swap-steps: [any where true] comes before the event in front of it
`,
	},
}

func plan(t testing.TB, text string, language query.Language) *query.Plan {
	t.Helper()
	p, diags := ruleset.FromQuery(text, language).Compile(ruleset.CompileOptions{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOf(t *testing.T) {
	for _, tt := range mutants {
		t.Run(tt.name, func(t *testing.T) {
			list, all := Of(plan(t, tt.text, tt.language), 1000)
			var b strings.Builder
			for _, m := range list {
				b.WriteString(m.String() + "\n")
				if _, err := eval.Compile(m.Plan(), eval.Options{}); err != nil {
					t.Errorf("%s: %v", m, err)
				}
			}
			if all != len(list) {
				t.Errorf("%d mutants, %d listed", all, len(list))
			}
			if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), b.String()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestSampling(t *testing.T) {
	p := plan(t, mutants[3].text, mutants[3].language)
	_, all := Of(p, 1000)
	for most := 1; most <= all+1; most++ {
		list, n := Of(p, most)
		if n != all || len(list) != min(most, all) {
			t.Errorf("at most %d of %d: %d, said to be of %d", most, all, len(list), n)
		}
		for i := 1; i < len(list); i++ {
			if list[i] == list[i-1] {
				t.Errorf("at most %d: one comes twice", most)
			}
		}
	}
}

// scores are suites of small rules and what becomes of the mutants.
var scores = []struct {
	name     string
	language query.Language
	text     string
	want     string
}{
	{
		"a wide pattern", query.KQL, `a : x*`, `
7 killed, 0 survived, 0 equivalent, 0 unknown
`,
	},
	{
		"a list of patterns", query.KQL, `a : (x* or y*)`, `
11 killed, 1 survived, 0 equivalent, 0 unknown
add-star: y* becomes *y*
witness: no-match {"a":"not-yany"}
`,
	},
	{
		"a list item that another one holds", query.KQL, `a : (x or x*)`, `
10 killed, 0 survived, 2 equivalent, 0 unknown
`,
	},
	{
		"letters without case", query.KQL, `a : "1"`, `
6 killed, 0 survived, 1 equivalent, 0 unknown
`,
	},
	{
		"a clause that changes nothing", query.KQL, `n > 5 and n > 3`, `
13 killed, 0 survived, 7 equivalent, 0 unknown
`,
	},
	{
		"several events", query.EQL, `sequence by h [any where a == "1"] [any where n > 5]`, `
16 killed, 0 survived, 1 equivalent, 0 unknown
`,
	},
}

func TestScore(t *testing.T) {
	for _, tt := range scores {
		t.Run(tt.name, func(t *testing.T) {
			s := gen.Check(ruleset.FromQuery(tt.text, tt.language), gen.Options{Shapes: true})
			r := Score(s, Options{})
			if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), describe(r)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			r.Strengthen(s)
			if again := Score(s, Options{}); again.Survived != 0 || again.Killed != r.Killed+r.Survived || len(again.Witnesses) != 0 {
				t.Errorf("strengthened: %s", describe(again))
			}
		})
	}
}

func describe(r *Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d killed, %d survived, %d equivalent, %d unknown\n", r.Killed, r.Survived, r.Equivalent, r.Unknown)
	for _, s := range r.Survivors {
		fmt.Fprintln(&b, s.Mutant)
	}
	for _, u := range r.Unknowns {
		fmt.Fprintf(&b, "unknown: %s: %s\n", u.Mutant, u.Reason)
	}
	for _, w := range r.Witnesses {
		fmt.Fprintf(&b, "witness: %s", w.Expect)
		for _, d := range w.Events.Docs {
			b.WriteString(" " + d.Without("@timestamp").String())
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestShortcutsAgree compares what is concluded from a changed clause with what
// evaluating the whole mutant says, on every case of a rule with all connectives.
func TestShortcutsAgree(t *testing.T) {
	const text = `any where (a == "x" and not (b like ("y*", "z?w*") or n > 5)) or (not (c in ("p", "q") and a != "x") and n == 7)`
	s := gen.Check(ruleset.FromQuery(text, query.EQL), gen.Options{Shapes: true, Edges: true})
	whole, err := eval.Compile(s.Plan, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	places := sites(s.Plan.Body)
	j := &judge{rule: s.Plan, program: whole, places: places, own: map[query.Pred]*eval.Program{}}
	list := mutantsAt(s.Plan, places)
	rapid.Check(t, func(t *rapid.T) {
		c := &s.Cases[rapid.IntRange(0, len(s.Cases)-1).Draw(t, "case")]
		m := list[rapid.IntRange(0, len(list)-1).Draw(t, "mutant")]
		p := j.play(c)
		if p.truths == nil {
			t.Fatalf("%s is not judged by its clauses", c.Name)
		}
		tr := &trial{judge: j, Mutant: m, whole: m.at.whole, atoms: map[query.Pred]*eval.Program{}}
		tr.node = m.at.upTo(tr.whole, m.node())
		differs, err := tr.differs(p)
		if err != nil {
			t.Fatal(err)
		}
		mutant, err := eval.Compile(m.Plan(), eval.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if want := mutant.Run(c.Events, c.Now).Match != p.match; differs != want {
			t.Errorf("%s on %s: %v, want %v\n%s", m, c.Name, differs, want, c.Events.Docs[0])
		}
	})
}

// TestNothingToScore scores what has no suite.
func TestNothingToScore(t *testing.T) {
	for _, text := range []string{`n > 5 and n < 3`, `(`} {
		if r := Score(gen.Check(ruleset.FromQuery(text, query.KQL), gen.Options{}), Options{}); r.Mutants != (gen.Mutants{}) || r.Score() != 1 {
			t.Errorf("%s: %+v", text, r.Mutants)
		}
	}
}
