package reports

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/reports/diff"
)

var update = flag.Bool("update", false, "write the files in testdata anew")

// hostile is a name as an attacker of report readers would choose it: markup of
// every kind, an end of a script, a cell border, an override of direction.
const hostile = "<script>alert(1)</script> | *x* `c` [a](javascript:1) </details> ![i](http://x.test/i) @you www.x.test \u202egpj.exe\n# h"

// samples is a rule of every kind of verdict and finding.
var samples = []struct {
	name     string
	language query.Language
	query    string
	change   func(*ruleset.Rule)
}{
	{
		"Shell started by an office program", query.EQL,
		`process where event.type == "start" and process.parent.name : ("winword.exe", "excel.exe") and not process.args : "/safe"`,
		func(r *ruleset.Rule) {
			r.Severity, r.RiskScore, r.Tags = "high", 73, []string{"OS: Windows"}
			r.Threat = []ruleset.Tactic{
				{ID: "TA0002", Name: "Execution", Techniques: []ruleset.Technique{
					{ID: "T1204", Name: "User Execution", Subtechniques: []ruleset.Technique{{ID: "T1204.002", Name: "Malicious File"}}},
				}},
				{ID: "TA0001", Name: "Initial Access"},
			}
		},
	},
	{
		"Failed logons, then one that succeeds", query.EQL,
		"sequence by host.id with maxspan=5m\n  [authentication where event.outcome == \"failure\"] with runs=2\n  [authentication where event.outcome == \"success\"]",
		func(r *ruleset.Rule) {
			r.Severity = "medium"
			r.Threat = []ruleset.Tactic{{ID: "TA0006", Name: "Credential Access", Techniques: []ruleset.Technique{{ID: "T1110", Name: "Brute Force"}}}}
		},
	},
	{"List item that never decides", query.EQL, `process where process.name : ("cmd.exe", "c*.exe")`, nil},
	{"Clause that never decides", query.KQL, `process.name : a* and (process.pid > 4 or not process.name : *)`, nil},
	{"Two ports at once", query.EQL, `network where destination.port < 100 and destination.port > 2000`, func(r *ruleset.Rule) { r.Severity = "low" }},
	{"Pipeline", query.ESQL, `from logs-* | where process.name == "a"`, nil},
	{"Broken", query.EQL, `process where (process.name == "a"`, nil},
	{"Field of nobody's schema", query.KQL, `acme.gadget.level >= 3`, nil},
	{hostile, query.KQL, `message : "</script><img src=x onerror=alert(1)>" and user.name : "` + "```" + `|"`, func(r *ruleset.Rule) {
		r.ID, r.Tags, r.File = `"><b id=x>`, []string{hostile}, "rules/`a|b`.toml"
		r.Threat = []ruleset.Tactic{{ID: "TA9999", Name: hostile, Techniques: []ruleset.Technique{{ID: "T9|9", Name: hostile}}}}
	}},
}

// sampleRules makes rules of the bare queries.
func sampleRules() []*ruleset.Rule {
	var rules []*ruleset.Rule
	for i, s := range samples {
		r := ruleset.FromQuery(s.query, s.language)
		r.ID, r.Name = "sample-"+string(rune('1'+i)), s.name
		r.File = "rules/" + r.ID + ".eql"
		if s.change != nil {
			s.change(r)
		}
		rules = append(rules, r)
	}
	return rules
}

var sampleOptions = Options{
	Title: "Sample report", Overlaps: &diff.OverlapOptions{}, Subject: "samples", Version: "v0.0.0", Time: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC),
	Skipped: []ruleset.Skip{{File: "old.json", ID: "x", Reason: "superseded by a newer version"}},
	Unread:  query.Diagnostics{{Code: query.CodeUnreadable, Summary: "cannot open rules/secret.toml"}},
}

func sampleReport(t *testing.T) *Report {
	t.Helper()
	set := &ruleset.Set{Name: "samples", Rules: sampleRules()}
	return Build(gen.CheckAll(set, gen.Options{}), sampleOptions)
}

// formats are the three ways out.
var formats = map[string]func(*Report, *bytes.Buffer) error{
	"report.md":    func(r *Report, b *bytes.Buffer) error { return r.Markdown(b) },
	"report.html":  func(r *Report, b *bytes.Buffer) error { return r.HTML(b) },
	"report.ipynb": func(r *Report, b *bytes.Buffer) error { return r.Notebook(b) },
}

func TestGoldens(t *testing.T) {
	report := sampleReport(t)
	for name, write := range formats {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := write(report, &b); err != nil {
				t.Fatal(err)
			}
			golden(t, name, b.Bytes())
		})
	}
}

// golden compares with a file in testdata; go test -update writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		lines := func(b []byte) []string { return strings.Split(string(b), "\n") }
		t.Errorf("%s has changed; go test ./reports -update writes it anew (-old +new):\n%.20000s", name, cmp.Diff(lines(want), lines(got)))
	}
}

// Building and writing twice gives the same bytes, in whatever order suites were
// made: CheckAll works on several at once.
func TestSameInputSameBytes(t *testing.T) {
	one, two := sampleReport(t), sampleReport(t)
	for name, write := range formats {
		var a, b bytes.Buffer
		if err := write(one, &a); err != nil {
			t.Fatal(err)
		}
		if err := write(two, &b); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Errorf("%s differs from run to run", name)
		}
	}
}

func TestEmptySet(t *testing.T) {
	report := Build(slices.Values([]*gen.Suite{}), Options{})
	for name, write := range formats {
		var b bytes.Buffer
		if err := write(report, &b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(b.String(), "0 of 0 rules verified") {
			t.Errorf("%s does not say that there are no rules", name)
		}
	}
}

func TestTimingsAreShownOnlyIfAskedFor(t *testing.T) {
	for _, timings := range []bool{false, true} {
		opts := sampleOptions
		opts.Timings = timings
		report := Build(gen.CheckAll(&ruleset.Set{Rules: sampleRules()}, gen.Options{}), opts)
		var md, page bytes.Buffer
		if err := report.Markdown(&md); err != nil {
			t.Fatal(err)
		}
		if err := report.HTML(&page); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(md.String(), "Slowest rules"); got != timings {
			t.Errorf("Timings %v: Markdown shows timings: %v", timings, got)
		}
		if got := strings.Contains(page.String(), `"micros":`); got != timings {
			t.Errorf("Timings %v: HTML shows timings: %v", timings, got)
		}
	}
}

func TestMutantsAreShownWhereTheyWereMade(t *testing.T) {
	suite := gen.Check(sampleRules()[0], gen.Options{})
	for _, made := range []bool{false, true} {
		if made {
			suite.Mutants = &gen.Mutants{Killed: 7, Survived: 1, Equivalent: 3}
		}
		report := Build(slices.Values([]*gen.Suite{suite}), Options{})
		for name, want := range map[string]string{
			"report.md":   "| eql | 1 | 7 | 1 | 0 | 3 | 87.5 % |",
			"report.html": `"killed":7,"survived":1`,
		} {
			var b bytes.Buffer
			if err := formats[name](report, &b); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(b.String(), want) != made {
				t.Errorf("%s, mutants made: %v, has %q: %v", name, made, want, !made)
			}
		}
	}
}

func TestAnchors(t *testing.T) {
	r := &Report{anchors: map[string]bool{}}
	for _, c := range []struct{ id, want string }{
		{"9a1a2dae-0b5f-4c3d-8305-a268d404c306", "rule-9a1a2dae-0b5f-4c3d-8305-a268d404c306"},
		{"My Rule (new)", "rule-my-rule-new"},
		{"my rule new", "rule-my-rule-new-2"},
		{`"><b>`, "rule-b"},
		{"", "rule-"},
		{"日本", "rule--2"},
		{strings.Repeat("x", 200), "rule-" + strings.Repeat("x", 80)},
	} {
		if got := r.anchor(c.id); got != c.want {
			t.Errorf("%q gets %q, want %q", c.id, got, c.want)
		}
	}
}

func TestReasonsAreGroupedByWhatTheyShare(t *testing.T) {
	for _, c := range []struct{ summary, want string }{
		{`unknown function "foo"`, "unknown function …"},
		{"function `a` takes 2 arguments, 3 were given", "function … takes … arguments, … were given"},
		{"the field's type is not known", "the field's type is not known"},
		{`an "open quote`, `an "open quote`},
		{"UTF-8", "UTF-8"},
	} {
		if got := pattern(c.summary); got != c.want {
			t.Errorf("%q becomes %q, want %q", c.summary, got, c.want)
		}
	}
}

func TestShares(t *testing.T) {
	for _, c := range []struct {
		part, of int
		want     string
	}{{0, 0, "–"}, {0, 9, "0 %"}, {9, 9, "100 %"}, {1, 3, "33.3 %"}, {99_999, 100_000, "99.9 %"}, {1, 100_000, "0.1 %"}} {
		if got := share(c.part, c.of); got != c.want {
			t.Errorf("%d of %d is %q, want %q", c.part, c.of, got, c.want)
		}
	}
}
