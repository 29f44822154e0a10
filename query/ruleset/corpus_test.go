package ruleset

import (
	"archive/zip"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rematch-dev/rematch/query"
)

// corpus returns the path of a real rule set, which lies beside the repository.
func corpus(t testing.TB, name string) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Skip("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	p := filepath.Join(dir, "..", "shared", "corpora", name)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("the rule set %s is not beside the repository", name)
	}
	return p
}

var corpora = []struct {
	file  string
	kinds map[string]int // by type and language
	plans int            // all but ES|QL and machine learning
}{
	{"elastic-detection-rules.zip", map[string]int{
		"eql/eql": 796, "query/kuery": 373, "new_terms/kuery": 177, "esql/esql": 162, "machine_learning/": 85,
		"threshold/kuery": 24, "threat_match/kuery": 7,
	}, 1377},
	{"security_detection_engine-8.2.1.zip", map[string]int{
		"eql/eql": 315, "query/kuery": 296, "query/lucene": 5, "machine_learning/": 47, "threshold/kuery": 15, "threat_match/kuery": 2,
	}, 633},
}

func openCorpus(t testing.TB, name string) *Set {
	set, diags := Open(corpus(t, name), Options{})
	for _, d := range diags {
		t.Error(query.Printer{}.Print(d))
	}
	return set
}

func TestCorporaHoldTheRulesTheyAreKnownFor(t *testing.T) {
	for _, c := range corpora {
		t.Run(c.file, func(t *testing.T) {
			got := map[string]int{}
			set := openCorpus(t, c.file)
			for _, r := range set.Rules {
				got[r.Type+"/"+string(r.Language)]++
			}
			if diff := cmp.Diff(c.kinds, got); diff != "" {
				t.Error(diff)
			}
			if len(set.Skipped) > 0 {
				t.Errorf("skipped %d, first %v", len(set.Skipped), set.Skipped[0])
			}
		})
	}
}

func TestFileSystemAndArchiveGiveTheSameRules(t *testing.T) {
	p := corpus(t, "elastic-detection-rules.zip")
	z, err := zip.OpenReader(p)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	list := func(s *Set) (out []string) {
		for _, r := range s.Rules {
			out = append(out, r.File+" "+r.ID+" "+r.Name)
		}
		return out
	}
	packed := openCorpus(t, "elastic-detection-rules.zip")
	files, diags := OpenFS(z, "rules", Options{})
	if len(diags) > 0 {
		t.Error(diags)
	}
	if diff := cmp.Diff(list(packed), list(files)); diff != "" {
		t.Error(diff)
	}
}

// decodes reports whether the source bytes at a span say, in TOML or JSON, the
// given byte: itself, or an escape whose text holds it.
func decodes(src string, escapes bool, span query.Span, b byte) bool {
	at := src[span.Start:]
	if at == "" {
		return false
	}
	if !escapes || at[0] != '\\' {
		return at[0] == b
	}
	s, _ := unescapeJSON(at)
	return strings.IndexByte(s, b) >= 0
}

func TestQuerySpansPointAtTheirBytes(t *testing.T) {
	for _, c := range corpora {
		t.Run(c.file, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			checked := 0
			for _, r := range openCorpus(t, c.file).Rules {
				q := r.Query.String
				if q == "" {
					continue
				}
				escapes := r.Source.Text[r.At("query").Start] == '"'
				for range 20 {
					i := rng.IntN(len(q))
					span := r.Query.Span(i, i+1)
					if !decodes(r.Source.Text, escapes, span, q[i]) {
						t.Fatalf("%s: query[%d] is %q, the file has %q there", r.File, i, q[i], r.Source.Slice(span))
					}
					checked++
				}
				if end := r.Query.All().End; end > r.At("query").End || end <= r.At("query").Start {
					t.Errorf("%s: the query ends at %d, outside its string %v", r.File, end, r.At("query"))
				}
			}
			t.Logf("checked %d places", checked)
		})
	}
}

// Every rule of the corpora is in use, and so must compile, unless its type has
// no query to compile.
func TestCorporaCompile(t *testing.T) {
	for _, c := range corpora {
		t.Run(c.file, func(t *testing.T) {
			plans := 0
			count := map[string]int{}
			for _, r := range openCorpus(t, c.file).Rules {
				plan, diags := r.Compile(CompileOptions{})
				if plan != nil {
					plans++
					checkPlan(t, r, plan)
				}
				for _, d := range diags {
					count[fmt.Sprintf("%s %s", d.Severity, d.Code)]++
					if d.Source != r.Source {
						t.Errorf("%s: a diagnostic without its source: %s", r.File, d.Summary)
					}
					for _, s := range d.Subjects {
						if s.Start < r.Start || s.End > r.End || s.Start > s.End {
							t.Errorf("%s: a diagnostic points outside its rule: %v: %s", r.File, s, d.Summary)
						}
					}
					if d.Severity == query.Error && ruleTypes[r.Type].unsupported == "" {
						t.Error(query.Printer{}.Print(d))
					}
				}
			}
			if plans != c.plans {
				t.Errorf("%d plans, want %d", plans, c.plans)
			}
			t.Logf("diagnostics: %v", count)
		})
	}
}

func checkPlan(t *testing.T, r *Rule, plan *query.Plan) {
	seen := map[*query.Field]bool{}
	for _, f := range plan.Fields {
		if seen[f] {
			t.Errorf("%s: field %s comes twice", r.File, f.Name)
		}
		seen[f] = true
	}
	for p := range plan.Body.Preds {
		for _, f := range query.FieldsOf(p) {
			if !seen[f] {
				t.Errorf("%s: field %s is missing in the plan", r.File, f.Name)
			}
		}
	}
}
