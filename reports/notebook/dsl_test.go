package notebook

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/lucene"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/schema"
)

var translations = []struct {
	name   string
	pred   query.Pred
	dsl    string // or what the error holds
	lucene string
}{
	{"one value", equals("a", query.Keyword, "x"), `{"term":{"a":{"value":"x"}}}`, `a:"x"`},
	{"a list", equals("a", query.Keyword, "x", "y"), `{"terms":{"a":["x","y"]}}`, `a:("x" OR "y")`},
	{
		"a list in any letter case", underFold(equals("a", query.Keyword, "x", "y"), query.FoldASCII),
		`{"bool":{"should":[{"term":{"a":{"value":"x","case_insensitive":true}}},{"term":{"a":{"value":"y","case_insensitive":true}}}],"minimum_should_match":1}}`,
		`a:("x" OR "y") # Query strings compare keywords in the letter case that is written; the rule ignores it.`,
	},
	{"numbers", equals("n", query.Long, 5, 7), `{"terms":{"n":[5,7]}}`, `n:("5" OR "7")`},
	{
		"letters beyond ASCII", underFold(equals("a", query.Keyword, "é"), query.FoldSimple),
		`{"term":{"a":{"value":"é","case_insensitive":true}}} # case_insensitive folds the letters of ASCII only; the rule asks for a in every spelling.`,
		`a:"é" # Query strings compare keywords in the letter case that is written; the rule ignores it.`,
	},
	{"begins with", pattern(query.OpGlob, query.Exact, query.Keyword, `C:\*`), `{"prefix":{"a":{"value":"C:\\"}}}`, `a:C\:\\*`},
	{"a pattern", pattern(query.OpGlob, query.Exact, query.Keyword, `*a b?"`), `{"wildcard":{"a":{"value":"*a b?\""}}}`, `a:*a\ b?\"`},
	{"an operator as a value", pattern(query.OpGlob, query.Exact, query.Keyword, "AND"), `{"term":{"a":{"value":"AND"}}}`, `a:"AND"`},
	{"Lucene's own expression", regex(query.Exact, query.LuceneRegex, `a/b\.c`), `{"regexp":{"a":{"value":"a/b\\.c"}}}`, `a:/a\/b\.c/`},
	{"a search", regex(query.Exact, query.RE2Regex, `b\d+`), `{"regexp":{"a":{"value":".*b([0-9])+.*"}}}`, `a:/.*b([0-9])+.*/`},
	{"an anchored search", regex(query.Exact, query.RE2Regex, `(?i)^a|b$`), `{"regexp":{"a":{"value":"([Aa].*|.*[Bb])"}}}`, `a:/([Aa].*|.*[Bb])/`},
	{"the end as an alternative", regex(query.Exact, query.RE2Regex, `^a(?:\D|$)`), `{"regexp":{"a":{"value":"a([^0-9].*|())"}}}`, `a:/a([^0-9].*|())/`},
	{"an anchor inside", regex(query.Exact, query.RE2Regex, `a(?:^|b)c`), "no counterpart in Lucene", "no counterpart in Lucene"},
	{"a word boundary", regex(query.Exact, query.RE2Regex, `\ba`), "no counterpart in Lucene", "no counterpart in Lucene"},
	{"a range", within("n", query.Long, 5, 7), `{"range":{"n":{"gte":5,"lt":7}}}`, `n:["5" TO "7"}`},
	{"dates", within("t", query.Date, "now-1d/d", nil), `{"range":{"t":{"gte":"now-1d/d"}}}`, `t:["now-1d/d" TO *]`},
	{"presence", leafOf(field("a.b", query.Keyword), query.OpExists), `{"exists":{"field":"a.b"}}`, `_exists_:a.b`},
	{
		"absence", &query.Not{Term: leafOf(field("a", query.Keyword), query.OpExists)},
		`{"bool":{"must_not":[{"exists":{"field":"a"}}]}}`, `*:* AND NOT _exists_:a`,
	},
	{
		"the negation of an unknown", &query.Not{Term: absent(equals("a", query.Keyword, "x"), query.Unknown)},
		`{"bool":{"filter":[{"exists":{"field":"a"}},{"bool":{"must_not":[{"term":{"a":{"value":"x"}}}]}}]}}`, `_exists_:a AND (*:* AND NOT a:"x")`,
	},
	{
		"true where absent", absent(equals("a", query.Keyword, "x"), query.True),
		`{"bool":{"should":[{"term":{"a":{"value":"x"}}},{"bool":{"must_not":[{"exists":{"field":"a"}}]}}],"minimum_should_match":1}}`, `a:"x" OR (*:* AND NOT _exists_:a)`,
	},
	{"nothing to ask", &query.And{}, `{"match_all":{}}`, `*:*`},
	{"nothing to find", &query.Or{}, `{"match_none":{}}`, `*:* AND NOT *:*`},
	{
		"a nested object", &query.Each{Path: "o", Term: equals("o.x", query.Keyword, "1")},
		`{"nested":{"path":"o","query":{"term":{"o.x":{"value":"1"}}}}}`, "cannot look into the nested objects at o",
	},
	{"a phrase", leafOf(field("m", query.TextType), query.OpPhrase, values("a b")...), `{"match_phrase":{"m":"a b"}}`, `m:"a b"`},
	{"words", leafOf(field("m", query.TextType), query.OpWord, values("a OR")...), `{"match":{"m":"a OR"}}`, `m:(a \OR)`},
	{
		"keywords", leafOf(&query.Field{Name: "*"}, query.OpGlob, pattern(query.OpGlob, query.Exact, query.Keyword, "*x y*").Items...),
		`{"query_string":{"query":"*x\\ y*","fields":["*"],"analyze_wildcard":true,"lenient":true}} # A text in any field (*) is searched for as query_string does: whole words of text fields, whole values of others.`,
		`*x\ y* # A text in any field (*) is searched for as query_string does: whole words of text fields, whole values of others.`,
	},
	{"an expression", script(compare(query.EQ, ref("a", query.Keyword), ref("b", query.Keyword))), "an expression over", "an expression over"},
}

func TestTranslations(t *testing.T) {
	for _, c := range translations {
		t.Run(c.name, func(t *testing.T) {
			for _, d := range []struct {
				name string
				do   func(query.Pred) (Translation, error)
				want string
			}{{"Query DSL", DSL, c.dsl}, {"query string", Lucene, c.lucene}} {
				got, err := d.do(c.pred)
				if err != nil {
					if !strings.Contains(err.Error(), d.want) {
						t.Errorf("%s: %v, want %s", d.name, err, d.want)
					}
					continue
				}
				text := got.Text
				if len(got.Notes) > 0 {
					text += " # " + strings.Join(got.Notes, " ")
				}
				if diff := cmp.Diff(d.want, text); diff != "" {
					t.Errorf("%s: -want +got\n%s", d.name, diff)
				}
			}
		})
	}
}

// fieldsOf are the fields of a plan, for reading its query string back.
type fieldsOf struct{ plan *query.Plan }

func (f fieldsOf) Field(name string) (*query.Field, bool) {
	for _, known := range f.plan.Fields {
		if known.Name == name {
			return known, false
		}
	}
	return &query.Field{Name: name, Inferred: true}, false
}

func (fieldsOf) Match(string) []*query.Field { return nil }

// A query string that claims to say what the rule says is read back, and finds
// the same documents. Most of Sigma's rules claim it of their letter case only.
func TestQueryStringsMeanTheRule(t *testing.T) {
	all := append(suites(t, "testdata/rules", every), suites(t, "testdata/sigma", every)...)
	all = append(all, suites(t, "../../tools/rematch/rules", every)...)
	compared, documents := 0, 0
	for _, s := range all {
		if s.Plan == nil {
			continue
		}
		i := 0
		for p := range s.Plan.Body.Preds {
			number := i
			i++
			tr, err := Lucene(p)
			if err != nil || len(tr.Notes) > 0 {
				continue
			}
			q, err := lucene.Parse(query.NewText("query string", tr.Text), query.Limits{})
			if err != nil {
				t.Errorf("%s: %s: %v", s.Rule.Name, tr.Text, err)
				continue
			}
			back, diags := lucene.Lower(q, lucene.Options{Fields: fieldsOf{s.Plan}})
			if back == nil {
				if !slices.ContainsFunc(diags, func(d *query.Diagnostic) bool { return d.Code == query.CodeUnsupported }) {
					t.Errorf("%s: %s: %v", s.Rule.Name, tr.Text, diags.Err())
				}
				continue
			}
			original, err := eval.Compile(s.Plan, eval.Options{})
			if err != nil {
				t.Fatal(err)
			}
			program, err := eval.CompilePred(back, eval.Options{})
			if err != nil {
				t.Errorf("%s: %s: %v", s.Rule.Name, tr.Text, err)
				continue
			}
			compared++
			for _, c := range s.Cases {
				for _, doc := range c.Events.Docs {
					documents++
					want := original.Truths(nil, doc, c.Now)[number] == query.True
					if got := program.Match(doc, c.Now); got != want {
						t.Errorf("%s: %s on %s: %v, want %v", s.Rule.Name, tr.Text, doc, got, want)
					}
				}
			}
		}
	}
	if compared < 5 {
		t.Errorf("only %d query strings were compared", compared)
	}
	t.Logf("%d query strings read back, on %d documents", compared, documents)
}

// Query DSL is read back as rules have it in their filters, and finds the same
// documents. What that reader does not know is left out.
func TestDSLMeansTheRule(t *testing.T) {
	all := append(suites(t, "testdata/rules", every), suites(t, "testdata/sigma", every)...)
	readBack(t, append(all, suites(t, "../../tools/rematch/rules", every)...))
}

func TestDSLMeansSigma(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	readBack(t, suites(t, corpus(t, "corpora", "sigma-rules.zip"), everyNth(corpusStep)))
}

func readBack(t *testing.T, all []*gen.Suite) {
	t.Helper()
	compared, documents := 0, 0
	for _, s := range all {
		if s.Plan == nil {
			continue
		}
		original, err := eval.Compile(s.Plan, eval.Options{})
		if err != nil {
			t.Fatal(err)
		}
		number := -1
		for p := range s.Plan.Body.Preds {
			number++
			tr, err := DSL(p)
			if err != nil || len(tr.Notes) > 0 {
				continue
			}
			types := map[string]any{}
			for _, f := range s.Plan.Fields {
				if f.Words == query.PatternWords { // the default schema knows it
					continue
				}
				types[f.Name] = map[string]any{"type": f.Type.String(), "array": f.Array, "ignore_above": f.IgnoreAbove}
			}
			data, err := json.Marshal(types)
			if err != nil {
				t.Fatal(err)
			}
			table, err := schema.Read("types.json", data)
			if err != nil {
				t.Fatal(err)
			}
			text := `{"rule_id":"x","name":"x","type":"query","language":"kuery","query":"","filters":[{"meta":{},"query":` + tr.Text + `}]}`
			set, diags := ruleset.OpenFS(fstest.MapFS{"x.json": {Data: []byte(text)}}, "x", ruleset.Options{})
			if len(set.Rules) != 1 {
				t.Fatalf("%s: %v", text, diags)
			}
			plan, diags := set.Rules[0].Compile(ruleset.CompileOptions{Tables: []*schema.Table{table}})
			if plan == nil {
				if !slices.ContainsFunc(diags, func(d *query.Diagnostic) bool { return d.Code == query.CodeUnsupported }) {
					t.Errorf("%s: %s: %v", s.Rule.Name, tr.Text, diags.Err())
				}
				continue
			}
			program, err := eval.Compile(plan, eval.Options{})
			if err != nil {
				t.Errorf("%s: %s: %v", s.Rule.Name, tr.Text, err)
				continue
			}
			compared++
			for _, c := range s.Cases {
				for _, doc := range c.Events.Docs {
					documents++
					want := original.Truths(nil, doc, c.Now)[number] == query.True
					if got := program.Match(doc, c.Now); got != want {
						t.Errorf("%s: %s on %s: %v, want %v", s.Rule.Name, tr.Text, doc, got, want)
					}
				}
			}
		}
	}
	if compared < 10 {
		t.Errorf("only %d queries were compared", compared)
	}
	t.Logf("%d queries read back, on %d documents", compared, documents)
}

// The live cells talk to Elasticsearch as its API asks, and believe what it
// answers. The server here answers searches of the documents that it was given
// by their expectations, or, if it is to be wrong, with nothing.
func TestLiveCells(t *testing.T) {
	var asked []string
	right := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		if strings.HasPrefix(path, "/rematch-") {
			_, rest, _ := strings.Cut(path[1:], "/")
			path = "/INDEX/" + rest
		}
		asked = append(asked, r.Method+" "+path)
		dec := json.NewDecoder(r.Body)
		var bodies []map[string]any
		for {
			var body map[string]any
			if dec.Decode(&body) != nil {
				break
			}
			bodies = append(bodies, body)
		}
		answer := map[string]any{}
		if strings.HasSuffix(path, "/_bulk") && (len(bodies) != 14 || bodies[0]["index"] == nil || bodies[1]["EventID"] != 19.0) {
			t.Errorf("a request of %d lines: %v", len(bodies), bodies)
		}
		if strings.HasSuffix(path, "/_search") {
			hits := []any{}
			if right && strings.HasPrefix(path, "/INDEX") {
				hits = []any{map[string]any{"_id": "0"}, map[string]any{"_id": "1"}}
			}
			answer["hits"] = map[string]any{"total": map[string]any{"value": len(hits)}, "hits": hits}
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	for _, s := range suites(t, "testdata/rules", every) {
		if s.Rule.Language != query.Sigma {
			continue
		}
		nb := written(t, s, Options{URL: server.URL, Index: "winlogbeat-*"})
		r := run(t, [][]byte{nb}, "offline = False")[0]
		if r.Error != "" || !strings.Contains(r.Output, "rule: 2 of 2 found") {
			t.Errorf("%s\n%s", r.Error, r.Output)
		}
		want := []string{"PUT /INDEX/", "POST /INDEX/_bulk", "POST /INDEX/_search", "DELETE /INDEX/", "POST /winlogbeat-*/_search"}
		if diff := cmp.Diff(want, asked); diff != "" {
			t.Errorf("-want +asked\n%s", diff)
		}
		right = false
		if r := run(t, [][]byte{nb}, "offline = False")[0]; !strings.Contains(r.Error, "Elasticsearch disagrees") {
			t.Errorf("a wrong answer goes unnoticed: %s\n%s", r.Error, r.Output)
		}
		if asked[len(asked)-1] != "DELETE /INDEX/" {
			t.Errorf("the index is left behind: %v", asked)
		}
	}
}

// Notebooks of a rule that cannot match, or cannot be read, have no documents.
func TestWithoutDocuments(t *testing.T) {
	validate := validator(t)
	var notebooks [][]byte
	for _, text := range []string{`process where process.pid > 5 and process.pid < 3`, `process where (`} {
		s := gen.Check(bare(text), gen.Options{})
		notebooks = append(notebooks, written(t, s, Options{}))
		validate(text, notebooks[len(notebooks)-1])
	}
	for i, r := range run(t, notebooks, "") {
		if r.Error != "" || r.Checked != 0 {
			t.Errorf("notebook %d: %d documents judged\n%s", i, r.Checked, r.Error)
		}
	}
}
