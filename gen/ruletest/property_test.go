package ruletest

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// wrong is an evaluator with a mistake: events that it is wrong about get the
// contrary outcome.
type wrong struct {
	judge
	about func(doc query.Document) bool
}

func (w wrong) Run(events query.EventSet, now time.Time) eval.Outcome {
	out := w.judge.Run(events, now)
	for _, doc := range events.Docs {
		if w.about(doc) {
			out.Match = !out.Match
		}
	}
	return out
}

func str(doc query.Document, path string) string {
	for _, v := range doc.Lookup(nil, path) {
		return v.Str()
	}
	return ""
}

// mistakes are evaluators with a mistake, and the smallest document that shows
// it.
var mistakes = []struct {
	name, query string
	about       func(doc query.Document) bool
	property    func(*Suite, *rapid.T)
	smallest    string // what the failure says, but for times
}{
	{
		"every document", `process.name : "cmd.exe"`,
		func(query.Document) bool { return true },
		(*Suite).DrawnMatches, `{"process":{"name":"cmd.exe"}}`,
	},
	{
		"one of several texts", `process.name : ("a.exe" or "b.exe" or "c.exe")`,
		func(d query.Document) bool { return str(d, "process.name") == "c.exe" },
		(*Suite).DrawnMatches, `{"process":{"name":"c.exe"}}`,
	},
	{
		"one of two alternatives", `process.name : "a.exe" or user.name : "root"`,
		func(d query.Document) bool { return str(d, "user.name") != "" },
		(*Suite).DrawnMatches, `{"user":{"name":"root"}}`,
	},
	{
		"text that is not empty", `process.name : cmd*`,
		func(d query.Document) bool { return len(str(d, "process.name")) > len("cmd") },
		(*Suite).DrawnMatches, `{"process":{"name":"cmd?"}}`,
	},
	{
		"a field that should not matter", `process.name : "cmd.exe"`,
		func(d query.Document) bool { return strings.Contains(str(d, unread), "!") },
		(*Suite).OtherFieldsDoNotMatter, `{"process":{"name":"cmd.exe"},"rematch_unread":"!"}`,
	},
}

// TestShrinking checks that a mistake comes down to its smallest document.
func TestShrinking(t *testing.T) {
	set(t, "rapid.nofailfile", "true")
	set(t, "rapid.checks", "1000")
	for _, tt := range mistakes {
		t.Run(tt.name, func(t *testing.T) {
			s := suite(t, tt.query, tt.query)
			s.program = wrong{s.program, tt.about}
			rec := &recorder{TB: t}
			rec.run(func() { rapid.Check(rec, func(rt *rapid.T) { tt.property(s, rt) }) })
			got := ""
			for line := range strings.Lines(rec.log.String()) {
				if _, doc, ok := strings.Cut(line, "document: "); ok {
					got = doc
				}
			}
			doc, err := query.ParseDocument([]byte(got))
			if err != nil {
				t.Fatalf("no document in the failure: %v\n%s", err, rec.log.String())
			}
			doc = doc.Without("@timestamp").Without("event.ingested")
			if text := doc.String(); !like(tt.smallest, text) {
				t.Errorf("shrunk to %s, want %s", text, tt.smallest)
			}
		})
	}
}

// like compares texts of which the first may hold ? for any one character.
func like(pattern, text string) bool {
	p, s := []rune(pattern), []rune(text)
	if len(p) != len(s) {
		return false
	}
	for i := range p {
		if p[i] != '?' && p[i] != s[i] {
			return false
		}
	}
	return true
}

func set(t *testing.T, name, value string) {
	t.Helper()
	old := flag.Lookup(name).Value.String()
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { flag.Set(name, old) })
}

// recorder is a test that keeps what it is told, and may fail.
type recorder struct {
	testing.TB
	log    strings.Builder
	failed bool
}

// run calls f as package testing calls a test: FailNow ends its goroutine.
func (r *recorder) run(f func()) {
	var done sync.WaitGroup
	done.Go(f)
	done.Wait()
}

func (r *recorder) Helper()                           {}
func (r *recorder) Name() string                      { return "recorded" }
func (r *recorder) Failed() bool                      { return r.failed }
func (r *recorder) Fail()                             { r.failed = true }
func (r *recorder) FailNow()                          { r.failed = true; runtime.Goexit() }
func (r *recorder) Log(args ...any)                   { fmt.Fprintln(&r.log, args...) }
func (r *recorder) Logf(format string, args ...any)   { fmt.Fprintf(&r.log, format+"\n", args...) }
func (r *recorder) Error(args ...any)                 { r.Log(args...); r.Fail() }
func (r *recorder) Errorf(format string, args ...any) { r.Logf(format, args...); r.Fail() }
func (r *recorder) Fatal(args ...any)                 { r.Log(args...); r.FailNow() }
func (r *recorder) Fatalf(format string, args ...any) { r.Logf(format, args...); r.FailNow() }

// TestPropertiesFrom runs the properties as other libraries do: on any numbers
// they hold, and with a mistaken evaluator they fail.
func TestPropertiesFrom(t *testing.T) {
	good := suite(t, `process.name : cmd* and destination.port > 1024`, `process.name : cmd* and destination.port > 1024`)
	bad := suite(t, `process.name : cmd*`, `process.name : cmd*`)
	bad.program = wrong{bad.program, func(query.Document) bool { return true }}
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 50 {
		numbers := make([]uint64, n)
		for i := range numbers {
			numbers[i] = r.Uint64() >> (n % 64)
		}
		if got := good.DrawnMatchesFrom(numbers); got != "" {
			t.Errorf("%v: %s", numbers, got)
		}
		if got := good.OtherFieldsDoNotMatterFrom("x", numbers); got != "" {
			t.Errorf("%v: %s", numbers, got)
		}
		if got := bad.DrawnMatchesFrom(numbers); !strings.Contains(got, "does not match what was drawn") {
			t.Errorf("%v: a mistake goes unnoticed: %q", numbers, got)
		}
	}
}

// TestNothingToDraw tells of a rule that was edited so that nothing matches it.
func TestNothingToDraw(t *testing.T) {
	s := suite(t, `process.pid > 5`, `process.pid > 5 and process.pid < 3`)
	if got := s.DrawnMatchesFrom(nil); !strings.Contains(got, "no document can be drawn") {
		t.Errorf("got %q", got)
	}
}

// TestDrawnAtTheEdgeOfTime: an indicator may be drawn for the last moment that it
// counts, and documents for a window that they are only ingested into a moment later.
func TestDrawnAtTheEdgeOfTime(t *testing.T) {
	for name, rule := range map[string]string{
		"an indicator of the last month": `type = "threat_match"
language = "kuery"
query = "source.ip:*"
threat_query = '@timestamp >= "now-30d"'
threat_index = ["intel"]
threat_mapping = [{entries = [{field = "source.ip", type = "mapping", value = "threat.indicator.ip"}]}]`,
		"a window of ingestion": `type = "query"
language = "kuery"
query = "source.ip:*"
from = "now-9m"
timestamp_override = "event.ingested"`,
	} {
		t.Run(name, func(t *testing.T) {
			set, diags := ruleset.OpenFS(fstest.MapFS{"r.toml": {Data: []byte("[rule]\nname = \"x\"\nrule_id = \"1\"\n" + rule)}}, "test", ruleset.Options{})
			if diags.Err() != nil {
				t.Fatal(diags)
			}
			plan, _ := set.Rules[0].Compile(ruleset.CompileOptions{})
			program, err := eval.Compile(plan, eval.Options{})
			if err != nil {
				t.Fatal(err)
			}
			source := gen.NewSource(gen.SourceOptions{})
			if err := source.AddRule(set.Rules[0], nil); err != nil {
				t.Fatal(err)
			}
			s := &Suite{rule: set.Rules[0], plan: plan, program: program, record: &gen.Record{}, drawing: func() (*gen.Source, error) { return source, nil }}
			for seed := range uint64(200) {
				if wrong := s.drawnMatches(rand.NewPCG(1, seed)); wrong != "" {
					t.Fatal(wrong)
				}
			}
		})
	}
}
