package eval_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// Real rule sets lie beside the repository; without them these tests skip.

func corpus(t testing.TB, name string) *ruleset.Set {
	t.Helper()
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
	file := filepath.Join(dir, "..", "shared", "corpora", name)
	if _, err := os.Stat(file); err != nil {
		t.Skipf("the rule set %s is not beside the repository", name)
	}
	set, diags := ruleset.Open(file, ruleset.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return set
}

var at = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const processStart = `{"@timestamp":"2026-03-01T12:00:00.000Z","event":{"category":["process"],"type":["start"],"action":"exec","kind":"event"},
	"host":{"id":"h","os":{"type":"windows","name":"Windows"},"name":"w-1","ip":["10.0.0.5","fe80::1"]},"user":{"name":"anna","domain":"CORP","id":"S-1-5-21"},
	"process":{"name":"powershell.exe","executable":"C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe","pid":4711,"entity_id":"e",
	"args":["powershell.exe","-NoProfile","-enc","SQBFAFgA"],"command_line":"powershell.exe -NoProfile -enc SQBFAFgA","parent":{"name":"winword.exe","pid":42}}}`

// plans compiles every rule of a set that has a plan.
func plans(t testing.TB, set *ruleset.Set) (programs []*eval.Program, leaves int) {
	for _, r := range set.Rules {
		plan, diags := r.Compile(ruleset.CompileOptions{})
		if plan == nil || diags.Err() != nil {
			continue
		}
		p, err := eval.Compile(plan, eval.Options{})
		if err != nil {
			t.Errorf("%s:\n%s", r.File, query.Printer{}.Print(query.AsDiagnostic(err, "")))
			continue
		}
		for pred := range plan.Body.Preds {
			leaves += len(query.Leaves(nil, pred))
		}
		programs = append(programs, p)
	}
	return programs, leaves
}

// TestCorpus: every plan of real rule sets can be evaluated, on a document and
// on none, and the trace agrees with the verdict.
func TestCorpus(t *testing.T) {
	doc, err := query.ParseDocument([]byte(processStart))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"elastic-detection-rules.zip", "security_detection_engine-8.2.1.zip"} {
		t.Run(name, func(t *testing.T) {
			programs, leaves := plans(t, corpus(t, name))
			hits := 0
			for _, p := range programs {
				for _, d := range []query.Document{doc, nil} {
					match := p.Match(d, at)
					trace := p.Explain(d, at)
					if match != (trace.Truth == query.True) {
						t.Errorf("match is %v, and the trace says\n%s", match, trace)
					}
					_ = trace.String()
					if match {
						hits++
					}
				}
				if out := p.Run(query.EventSet{Docs: []query.Document{doc, doc}}, at); out.Unsure != nil && out.Unsure.Code == query.CodeBudget {
					t.Errorf("given up: %v", out.Unsure)
				}
			}
			t.Logf("%d plans, %d leaves, %d hits", len(programs), leaves, hits)
			if len(programs) < 600 {
				t.Errorf("only %d plans", len(programs))
			}
		})
	}
}

// BenchmarkCorpus measures one parsed document against all rules of a set.
func BenchmarkCorpus(b *testing.B) {
	programs, _ := plans(b, corpus(b, "elastic-detection-rules.zip"))
	doc, err := query.ParseDocument([]byte(processStart))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range programs {
			p.Match(doc, at)
		}
	}
	b.ReportMetric(float64(b.N*len(programs))/b.Elapsed().Seconds(), "rules/s")
}
