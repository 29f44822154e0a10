package mutate

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// changed are texts, a change of each that an operator makes, and its fate.
var changed = []struct {
	op       string
	language query.Language
	text     string
	want     string // one of the changed texts
	fate     string // twin: a change of the plan says the same
}{
	{"drop-clause", query.EQL, `any where a == "x" and b == "y"`, `any where a == "x"`, "twin"},
	{"drop-clause", query.EQL, `any where (a == "x" or b == "y") and c == "z"`, `any where c == "z"`, "twin"},
	{"drop-clause", query.KQL, `a : x and (b : y)`, `(b : y)`, "twin"},
	{"drop-clause", query.Lucene, `a:x AND NOT b:y`, `a:x`, "twin"},
	{"drop-clause", query.Lucene, `a:x AND b:y`, ` b:y`, "twin"},
	{"swap-and-or", query.EQL, `any where a == "x" or b == "y" and c == "z"`, `any where a == "x" and b == "y" and c == "z"`, "twin"},
	{"swap-and-or", query.EQL, `any where a == "x" and b == "y" and c == "z"`, `any where a == "x" or b == "y" and c == "z"`, "killed"},
	{"swap-and-or", query.KQL, `a : x and b : y and c : z`, `a : x and b : y or c : z`, "killed"},
	{"swap-and-or", query.Lucene, `a:x AND b:y`, `a:x OR b:y`, "twin"},
	{"add-not", query.EQL, `any where a == "x" or b == "y"`, `any where not (a == "x" or b == "y")`, "killed"},
	{"add-not", query.KQL, `a : x or b : y`, `a : x or not b : y`, "twin"},
	{"add-not", query.Lucene, `a:x OR b:y`, `NOT a:x OR b:y`, "killed"},
	{"drop-not", query.EQL, `any where not (a == "x" or b == "y")`, `any where (a == "x" or b == "y")`, "killed"},
	{"drop-not", query.EQL, `any where a not in ("x", "y")`, `any where a in ("x", "y")`, "twin"},
	{"drop-not", query.KQL, `not a : x and b : y`, `a : x and b : y`, "twin"},
	{"drop-not", query.Lucene, `b:y AND NOT a:x`, `b:y AND a:x`, "twin"},
	{"drop-parentheses", query.EQL, `any where a == "x" and (b == "y" or c == "z")`, `any where a == "x" and b == "y" or c == "z"`, "survived"},
	{"drop-parentheses", query.EQL, `any where (a == "x" and b == "y") or c == "z"`, `any where a == "x" and b == "y" or c == "z"`, "equivalent"},
	{"drop-parentheses", query.KQL, `a : x and (b : y or c : z)`, `a : x and b : y or c : z`, "survived"},
	{"drop-parentheses", query.Lucene, `a:x AND (b:y OR c:z)`, `a:x AND b:y OR c:z`, "twin"},
	{"drop-list-item", query.EQL, `any where a in ("x", "y")`, `any where a in ("y")`, "twin"},
	{"drop-list-item", query.KQL, `a : (x or y)`, `a : (x)`, "twin"},
	{"drop-list-item", query.Lucene, `a:(x OR y)`, `a:( y)`, "twin"},
	{"change-comparison", query.EQL, `any where a == "x"`, `any where a : "x"`, "twin"},
	{"change-comparison", query.EQL, `any where a == "x"`, `any where a != "x"`, "twin"},
	{"change-comparison", query.EQL, `any where n <= 5`, `any where n < 5`, "twin"},
	{"change-comparison", query.EQL, `any where a like "x*"`, `any where a like~ "x*"`, "twin"},
	{"change-comparison", query.EQL, `any where a regex "x[12]"`, `any where a regex~ "x[12]"`, "twin"},
	{"change-comparison", query.EQL, `any where a in ("x", "y")`, `any where a in~ ("x", "y")`, "twin"},
	{"change-comparison", query.EQL, `any where a == 5`, `any where a : 5`, "stillborn"},
	{"change-comparison", query.EQL, `any where startsWith(a, b)`, `any where startsWith~(a, b)`, "survived"},
	{"change-comparison", query.KQL, `n > 5`, `n >= 5`, "twin"},
	{"change-comparison", query.KQL, `n > 5`, `n : 5`, "killed"},
	{"change-comparison", query.Lucene, `n:[1 TO 5]`, `n:{1 TO 5]`, "twin"},
	{"change-number", query.EQL, `any where n == 5`, `any where n == 6`, "killed"},
	{"change-number", query.KQL, `n >= 5`, `n >= 4`, "twin"},
	{"change-number", query.Lucene, `n:[1 TO 5]`, `n:[1 TO 6]`, "twin"},
	{"drop-wildcard", query.EQL, `any where a like "x*"`, `any where a like "x"`, "twin"},
	{"drop-wildcard", query.KQL, `a : x*`, `a : x`, "twin"},
	{"drop-wildcard", query.Lucene, `a:x?z`, `a:xz`, "twin"},
	{"add-wildcard", query.EQL, `any where a : "x"`, `any where a : "x*"`, "twin"},
	{"add-wildcard", query.KQL, `a : (x or y)`, `a : (x* or y)`, "killed"},
	{"add-wildcard", query.Lucene, `a:x`, `a:*x`, "twin"},
	{"drop-optional", query.EQL, `sequence by ?h [any where a == "x"] [any where b == "y"]`, `sequence by h [any where a == "x"] [any where b == "y"]`, "killed"},
	{"swap-by", query.EQL, `sequence [any where a == "x"] by h, u [any where b == "y"] by h, u`, `sequence [any where a == "x"] by u, h [any where b == "y"] by h, u`, "unknown"},
	{"drop-by", query.EQL, `sequence by h, u [any where a == "x"] [any where b == "y"]`, `sequence by h [any where a == "x"] [any where b == "y"]`, "twin"},
	{"drop-by", query.EQL, `sequence [any where a == "x"] by h [any where b == "y"] by h`, `sequence [any where a == "x"] by h [any where b == "y"] `, "stillborn"},
	{"cut-maxspan", query.EQL, `sequence by h with maxspan=1m [any where a == "x"] [any where b == "y"]`, `sequence by h [any where a == "x"] [any where b == "y"]`, "twin"},
	{"cut-until", query.EQL, `sequence by h [any where a == "x"] [any where b == "y"] until [any where c == "z"]`, `sequence by h [any where a == "x"] [any where b == "y"]`, "twin"},
	{"change-runs", query.EQL, `sequence by h [any where a == "x"] with runs=3 [any where b == "y"]`, `sequence by h [any where a == "x"] with runs=4 [any where b == "y"]`, "twin"},
	{"change-runs", query.EQL, `sequence by h [any where a == "x"] with runs=3 [any where b == "y"]`, `sequence by h [any where a == "x"]  [any where b == "y"]`, "killed"},

	// Of Sigma, the detection in the frame of a rule.
	{"drop-clause", query.Sigma, "sel:\n  A: x\n  B: y\ncondition: sel", "sel:\n  \n  B: y\ncondition: sel", "twin"},
	{"drop-clause", query.Sigma, "sel:\n  - A: x\n  - B: y\ncondition: sel", "sel:\n  - A: x\n  \ncondition: sel", "twin"},
	{"drop-clause", query.Sigma, "p: {A: x}\nq: {B: y}\ncondition: p and not q", "p: {A: x}\nq: {B: y}\ncondition: p", "twin"},
	{"swap-and-or", query.Sigma, "p: {A: x}\nq: {B: y}\ncondition: p and q", "p: {A: x}\nq: {B: y}\ncondition: p or q", "twin"},
	{"add-not", query.Sigma, "sel: {A: x, B: y}\ncondition: sel", "sel: {A: x, B: y}\ncondition: not sel", "killed"},
	{"drop-not", query.Sigma, "p: {A: x}\nq: {B: y}\ncondition: p and not q", "p: {A: x}\nq: {B: y}\ncondition: p and q", "twin"},
	{"drop-parentheses", query.Sigma, "p: {A: x}\nq: {B: y}\nr: {C: z}\ncondition: p and (q or r)", "p: {A: x}\nq: {B: y}\nr: {C: z}\ncondition: p and q or r", "survived"},
	{"drop-list-item", query.Sigma, "sel:\n  A:\n    - x\n    - y\ncondition: sel", "sel:\n  A:\n    - x\n    \ncondition: sel", "twin"},
	{"drop-list-item", query.Sigma, "sel:\n  A: [x, y]\ncondition: sel", "sel:\n  A: [y]\ncondition: sel", "twin"},
	{"change-comparison", query.Sigma, "sel:\n  N|lt: 5\ncondition: sel", "sel:\n  N|lte: 5\ncondition: sel", "twin"},
	{"change-number", query.Sigma, "sel:\n  N: 5\ncondition: sel", "sel:\n  N: 6\ncondition: sel", "killed"},
	{"drop-wildcard", query.Sigma, "sel:\n  A: x*\ncondition: sel", "sel:\n  A: 'x'\ncondition: sel", "twin"},
	{"add-wildcard", query.Sigma, "sel:\n  A: \"it's\"\ncondition: sel", "sel:\n  A: '*it''s'\ncondition: sel", "twin"},
	{"drop-modifier", query.Sigma, "sel:\n  A|contains: x\ncondition: sel", "sel:\n  A: x\ncondition: sel", "killed"},
	{"drop-modifier", query.Sigma, "sel:\n  A|contains|all: [x, y]\ncondition: sel", "sel:\n  A|contains: [x, y]\ncondition: sel", "twin"},
	{"drop-modifier", query.Sigma, "sel:\n  A|re|i: x.z\ncondition: sel", "sel:\n  A|re: x.z\ncondition: sel", "killed"},
	{"drop-modifier", query.Sigma, "sel:\n  A|re|i: x.z\ncondition: sel", "sel:\n  A|i: x.z\ncondition: sel", "stillborn"},
	{"drop-modifier", query.Sigma, "sel:\n  A|cased: x\ncondition: sel", "sel:\n  A: x\ncondition: sel", "killed"},
	{"change-quantifier", query.Sigma, "p1: {A: x}\np2: {B: y}\ncondition: 1 of p*", "p1: {A: x}\np2: {B: y}\ncondition: all of p*", "twin"},
}

// ruleOf makes a rule of a text.
func ruleOf(t testing.TB, text string, language query.Language) *ruleset.Rule {
	t.Helper()
	if language != query.Sigma {
		return ruleset.FromQuery(text, language)
	}
	file := "title: t\nlogsource:\n  product: windows\ndetection:\n  " + strings.ReplaceAll(text, "\n", "\n  ") + "\n"
	var files fs.FS = fstest.MapFS{"rule.yml": {Data: []byte(file)}}
	set, diags := ruleset.OpenFS(files, "rules", ruleset.Options{})
	if len(set.Rules) != 1 {
		t.Fatalf("%d rules in\n%s: %v", len(set.Rules), file, diags)
	}
	return set.Rules[0]
}

// textIn is the changed text as the table has it.
func textIn(rule *ruleset.Rule, e edit) string {
	s := rule.Query.String
	s = s[:e.from] + e.text + s[e.to:]
	if detection, ok := strings.CutPrefix(s, "detection:\n  "); ok {
		return strings.ReplaceAll(detection, "\n  ", "\n")
	}
	return s
}

func TestTexts(t *testing.T) {
	seen := map[string]bool{}
	for _, tt := range changed {
		seen[tt.op] = true
		t.Run(tt.op+"/"+string(tt.language)+"/"+tt.want, func(t *testing.T) {
			rule := ruleOf(t, tt.text, tt.language)
			suite := gen.Check(rule, gen.Options{Shapes: true, Edges: true})
			if suite.Verdict != gen.Verified {
				t.Fatal(suite.Verdict, suite.Findings)
			}
			list := editsOf(rule, tt.language, query.Limits{})
			var got []string
			for i, e := range list {
				if TextOperators[e.op].Name != tt.op {
					continue
				}
				if got = append(got, textIn(rule, e)); textIn(rule, e) != tt.want {
					continue
				}
				f, twin := fates(t, suite, list[i])
				if twin == nil && f != tt.fate || twin != nil && tt.fate != "twin" {
					t.Errorf("%s, twin %v; want %s", f, twin, tt.fate)
				}
				return
			}
			t.Errorf("not made; %s makes\n%s", tt.op, strings.Join(got, "\n"))
		})
	}
	for _, op := range TextOperators {
		if !seen[op.Name] {
			t.Errorf("no row for %s", op.Name)
		}
	}
}

// fates is what becomes of a changed text, judged by itself, and the mutant of
// the plan that says the same. That must have the same fate.
func fates(t testing.TB, suite *gen.Suite, e edit) (string, *Mutant) {
	t.Helper()
	j, places := judgeOf(t, suite)
	w := newRewriter(suite.Rule, suite.Plan, places, Options{})
	text := w.text(e)
	if text.plan == nil {
		return "stillborn", nil
	}
	if text.digest == w.whole(suite.Plan.Body) {
		return "equivalent", nil
	}
	names := [...]string{"unknown", "killed", "survived", "equivalent"}
	m := w.mutant(text)
	f := j.judge(&Result{}, m)
	for _, p := range mutantsAt(suite.Plan, places) {
		if w.digests.mutant(p, w.preds) == text.digest {
			if other := j.judge(&Result{}, p); other != f {
				t.Errorf("%s is %s, %s is %s", m.Diff, names[f], p, names[other])
			}
			return names[f], p
		}
	}
	return names[f], nil
}

func judgeOf(t testing.TB, suite *gen.Suite) (*judge, []*site) {
	t.Helper()
	places := sites(suite.Plan.Body)
	program, err := eval.Compile(suite.Plan, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	j := newJudge(suite, program, places, Options{}.filled())
	return j, places
}

// TestEdits holds that a changed text differs inside its span only, and that the
// span is of what was written there, in the file.
func TestEdits(t *testing.T) {
	for _, tt := range changed {
		rule := ruleOf(t, tt.text, tt.language)
		s := rule.Query.String
		for _, e := range editsOf(rule, tt.language, query.Limits{}) {
			at := rule.Query.Span(e.from, e.to)
			if got := rule.Source.Slice(at); got != s[e.from:e.to] || got == e.text || got == "" {
				t.Errorf("%s: %q becomes %q, the span has %q", TextOperators[e.op].Name, s[e.from:e.to], e.text, got)
			}
		}
	}
}

// TestLocalized compares each mutant of a text, of which one clause was found to
// be another, with the plan that the text was compiled to.
func TestLocalized(t *testing.T) {
	for _, tt := range changed {
		rule := ruleOf(t, tt.text, tt.language)
		suite := gen.Check(rule, gen.Options{Shapes: true, Edges: true})
		places := sites(suite.Plan.Body)
		w := newRewriter(rule, suite.Plan, places, Options{})
		texts, _ := w.texts()
		for _, text := range texts {
			if text.plan == nil {
				continue
			}
			m := w.mutant(text)
			if got := newDigests().whole(m.Plan().Body); got != text.digest {
				t.Errorf("%s: the mutant asks something else than its text", m.Diff)
			}
			whole, err := eval.Compile(text.plan, eval.Options{})
			if err != nil {
				t.Fatal(err)
			}
			part, err := eval.Compile(m.Plan(), eval.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range suite.Cases {
				if part.Run(c.Events, c.Now).Match != whole.Run(c.Events, c.Now).Match {
					t.Errorf("%s: another outcome of %s", m.Diff, c.Name)
				}
			}
		}
	}
}

// TestDigests lists predicates that say the same in other words, and others.
func TestDigests(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{`any where a == "x" or b == "y"`, `any where b == "y" or a == "x"`, true},
		{`any where a in ("x", "y")`, `any where a == "y" or a == "x"`, true},
		{`any where not not a == "x"`, `any where a == "x"`, true},
		{`any where (a == "x" and b == "y") and c == "z"`, `any where a == "x" and (b == "y" and c == "z")`, true},
		{`any where a == "x" and true`, `any where a == "x"`, true},
		{`any where a like "x"`, `any where a == "x"`, true},
		{`sequence by h, u [any where a == "x"] [any where true]`, `sequence by u, h [any where a == "x"] [any where true]`, true},
		{`any where a == "x" or b == "y"`, `any where a == "x" and b == "y"`, false},
		{`any where a == "x"`, `any where a : "x"`, false},
		{`any where a == "x"`, `any where b == "x"`, false},
		{`any where not a == "x"`, `any where a == "x"`, false},
		{`any where n > 5`, `any where n >= 5`, false},
		{`any where length(a) > 5`, `any where length(a) > 6`, false},
		{`sequence [any where true] by h, u [any where true] by h, u`, `sequence [any where true] by u, h [any where true] by h, u`, false},
		{`sequence by h [any where a == "x"] [any where true]`, `sequence by h [any where true] [any where a == "x"]`, false},
	} {
		d := newDigests()
		if same := d.whole(plan(t, tt.a, query.EQL).Body) == d.whole(plan(t, tt.b, query.EQL).Body); same != tt.same {
			t.Errorf("%s and %s: same %v", tt.a, tt.b, same)
		}
	}
}

// TestStillborn holds that texts which are no rule are counted and have no part
// in the score, and that they show in the verdict's line.
func TestStillborn(t *testing.T) {
	suite := gen.Check(ruleOf(t, `sequence [any where a == "x"] by h [any where b == "y"] by h`, query.EQL), gen.Options{Shapes: true, Edges: true})
	r := Score(suite, Options{})
	if r.Stillborn != 2 || r.Score() != 1 {
		t.Errorf("%+v", r.Mutants)
	}
	suite.Mutants = &r.Mutants
	if line := string(suite.AppendVerdict(nil)); !strings.Contains(line, `,"stillborn":2}`) {
		t.Error(line)
	}
}

// TestTextFindings shows what is said of a survivor: the operator and what the
// text becomes, on one line.
func TestTextFindings(t *testing.T) {
	rule := ruleOf(t, `a : x and b : y and c : z`, query.KQL)
	suite := gen.Check(rule, gen.Options{})
	suite.Cases = suite.Cases[:1] // what matches, and nothing else
	for _, d := range Score(suite, Options{}).Findings() {
		if strings.Contains(d.Summary, "swap-and-or") {
			want := []string{"no case objects if this becomes or (swap-and-or)", "a : x and b : y and c : z → a : x or b : y and c : z"}
			line, _, _ := strings.Cut(d.Detail, "\n")
			if diff := cmp.Diff(want, []string{d.Summary, line}); diff != "" {
				t.Error(diff)
			}
			return
		}
	}
	t.Error("no finding of swap-and-or")
}
