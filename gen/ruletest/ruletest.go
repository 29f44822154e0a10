package ruletest

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/sigma/pipeline"
)

// Rule is a rule under test.
type Rule struct {
	ID    string // as its file says
	Name  string
	Cases string // file of the cases, relative to the package
}

// String names the rule's subtests, so that go test -run finds it by name and
// by id. A slash would make two levels of one name.
func (r Rule) String() string { return strings.ReplaceAll(r.Name+" "+r.ID, "/", "-") }

// Suite is the recorded suite of a rule and the rule as it is now.
type Suite struct {
	Cases []gen.RecordedCase

	record  *gen.Record
	rule    *ruleset.Rule
	plan    *query.Plan
	program judge
	drawing func() (*gen.Source, error)
}

// judge is what says whether events match: an [*eval.Program], but for tests of
// the properties themselves.
type judge interface {
	Run(events query.EventSet, now time.Time) eval.Outcome
	Explain(doc query.Document, now time.Time) *eval.Trace
}

// Open reads a record and the rule that it names. The test fails at once where
// either cannot be read, or the rule no longer compiles.
func Open(t testing.TB, cases string) *Suite {
	t.Helper()
	data, err := os.ReadFile(cases)
	if err != nil {
		t.Fatal(err)
	}
	record, err := gen.ParseRecord(data)
	if err != nil {
		t.Fatalf("%s: %v", cases, err)
	}
	s := &Suite{Cases: record.Cases, record: record}
	if s.rule = find(t, record); s.rule == nil {
		t.Fatalf("%s holds no rule with the id %s any more; run rematch gen to drop its tests", record.Source, record.RuleID)
	}
	var diags query.Diagnostics
	if s.plan, diags = s.rule.Compile(ruleset.CompileOptions{}); s.plan == nil || diags.Err() != nil {
		t.Fatalf("the rule no longer compiles\n%s%s", printed(diags), s.changed())
	}
	if s.program, err = eval.Compile(s.plan, eval.Options{}); err != nil {
		t.Fatalf("the rule can no longer be evaluated\n%s%s", printed(query.Diagnostics{query.AsDiagnostic(err, query.CodeUnsupported)}), s.changed())
	}
	s.drawing = sync.OnceValues(func() (*gen.Source, error) {
		source := gen.NewSource(gen.SourceOptions{})
		return source, source.AddRule(s.rule, nil)
	})
	return s
}

// sets are the rule sets that tests of this process have opened: an archive
// that a thousand records point into is read once.
var sets sync.Map // of absolute path and pipelines to func() (*ruleset.Set, query.Diagnostics)

// find returns the rule of a record, or nil.
func find(t testing.TB, record *gen.Record) *ruleset.Rule {
	t.Helper()
	name, err := filepath.Abs(filepath.FromSlash(record.Source))
	if err != nil {
		t.Fatal(err)
	}
	key := name + "\x00" + strings.Join(record.Pipelines, "\x00")
	open, _ := sets.LoadOrStore(key, sync.OnceValues(func() (*ruleset.Set, query.Diagnostics) {
		mapped, diags := pipelines(record.Pipelines)
		if diags.Err() != nil {
			return new(ruleset.Set), diags
		}
		return ruleset.Open(name, ruleset.Options{Pipeline: mapped})
	}))
	set, diags := open.(func() (*ruleset.Set, query.Diagnostics))()
	for _, rule := range set.Rules {
		if rule.ID == record.RuleID {
			return rule
		}
	}
	if diags.Err() != nil {
		t.Fatalf("the rule cannot be read\n%s", printed(diags))
	}
	return nil
}

// pipelines reads those of a record: of ours by name, others from their files.
func pipelines(names []string) (*pipeline.Pipeline, query.Diagnostics) {
	var all []*pipeline.Pipeline
	for _, name := range names {
		p := pipeline.Named(name)
		if p == nil {
			text, err := os.ReadFile(filepath.FromSlash(name))
			if err != nil {
				return nil, query.Diagnostics{query.AsDiagnostic(err, query.CodeUnreadable)}
			}
			var diags query.Diagnostics
			if p, diags = pipeline.Read(&query.Source{Name: name, Text: string(text)}, query.Limits{}); p == nil {
				return nil, diags
			}
		}
		all = append(all, p)
	}
	return pipeline.Join(all...), nil
}

// Check fails the test if the rule now does with the events of a case what it
// did not do when the case was made.
func (s *Suite) Check(t *testing.T, c gen.RecordedCase) {
	t.Helper()
	if got := s.program.Run(c.Events, c.Now).Match; got != (c.Expect == gen.Match) {
		t.Error(s.failure(c))
	}
}

// Fuzz runs a fuzz target over JSON objects, seeded with the recorded cases.
// Whatever the document, judging it must neither panic nor depend on a field
// that the rule does not read.
func Fuzz(f *testing.F, cases string) {
	s := Open(f, cases)
	for _, c := range s.Cases {
		for _, doc := range c.Events.Docs {
			f.Add(doc.AppendJSON(nil))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := query.ParseDocument(data)
		if err != nil {
			t.Skip("not a JSON object")
		}
		before := s.program.Run(query.EventSet{Docs: []query.Document{doc}}, gen.Epoch)
		after := s.program.Run(query.EventSet{Docs: []query.Document{doc.With(unread, query.BoolOf(true))}}, gen.Epoch)
		if before.Match != after.Match {
			t.Errorf("the outcome depends on %s, a field that the rule does not read:\n%s", unread, doc)
		}
	})
}

// unread is a field that no rule reads.
const unread = "rematch_unread"
