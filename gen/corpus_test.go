package gen

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// corpus opens the detection-rules archive beside the repository; tests that
// want it are skipped where it is not.
func corpus(t testing.TB) *ruleset.Set {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
	name := filepath.Join(dir, "..", "shared", "corpora", "elastic-detection-rules.zip")
	if _, err := os.Stat(name); err != nil {
		t.Skip("the rule corpus is not there: ", err)
	}
	set, _ := ruleset.Open(name, ruleset.Options{})
	if len(set.Rules) == 0 {
		t.Fatal("no rules in ", name)
	}
	return set
}

// TestCorpus checks every rule of the archive. Each rule over one event must
// come to a verdict, and solver and evaluator must agree on every case.
func TestCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	rules, uncovered := 0, 0
	for s := range CheckAll(corpus(t), Options{Discard: true}) {
		for _, d := range s.Findings {
			if d.Code == query.CodeMismatch {
				t.Errorf("%s: %s\n%s", s.Rule.File, d.Summary, d.Detail)
			}
		}
		if s.Plan == nil {
			continue
		}
		if _, ok := s.Plan.Body.(*query.Event); ok {
			rules++
			uncovered += s.Leaves.Uncovered
			if s.Verdict != Verified && s.Verdict != Unsatisfiable {
				t.Errorf("%s: %s: %v", s.Rule.File, s.Verdict, s.Findings)
			}
		}
	}
	t.Logf("%d rules over one event, %d clauses left uncovered", rules, uncovered)
}
