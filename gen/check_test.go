package gen

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// suites are whole suites of small rules: verdict and findings, then a line
// for each case.
var suites = []struct {
	name     string
	language query.Language
	text     string
	want     string
}{
	{
		"one clause", query.KQL, `process.name : "cmd.exe"`, `
verified {1 0 0}
cover/1: a document that the rule is for: {"process":{"name":"cmd.exe"}}
near-miss/1: process.name is not "cmd.exe": {"process":{"name":"not-cmd.exe"}}
`,
	},
	{
		"lists are swept together", query.KQL, `a : (x or y or z) and b : (k or l)`, `
verified {2 0 0}
cover/1: a document that the rule is for: {"a":"x","b":"k"}
cover/2: matches because a is y; b is l: {"a":"y","b":"l"}
cover/3: matches because a is z: {"a":"z","b":"k"}
near-miss/1: a is not one of x, y, z: {"a":"not-x","b":"k"}
near-miss/2: b is not one of k, l: {"a":"x","b":"not-k"}
`,
	},
	{
		"every item of an exclusion", query.KQL, `a : x and not b : (k or l*)`, `
verified {2 0 0}
cover/1: a document that the rule is for: {"a":"x"}
near-miss/1: a is not x: {"a":"not-x"}
near-miss/2: b is like l*: {"a":"x","b":"l"}
near-miss/3: b is like k: {"a":"x","b":"k"}
`,
	},
	{
		"alternatives of which one always holds", query.KQL, `a : x and (b : y or not b : y)`, `
verified {3 0 0}
note dead-clause: this whole condition is redundant, the rule means the same without it: b : y or not b : y
cover/1: a document that the rule is for: {"a":"x"}
cover/2: matches because b is y: {"a":"x","b":"y"}
near-miss/1: a is not x: {"a":"not-x"}
`,
	},
	{
		"conditions that never hold together", query.KQL, `a : x and not (process.name : y and process.name : z)`, `
verified {3 0 0}
note dead-clause: this whole condition is redundant, the rule means the same without it: process.name : y and process.name : z
cover/1: a document that the rule is for: {"a":"x"}
cover/2: matches because process.name is not y: {"a":"x","process":{"name":"z"}}
cover/3: matches because process.name is not z: {"a":"x","process":{"name":"y"}}
near-miss/1: a is not x: {"a":"not-x"}
`,
	},
	{
		"alternatives", query.KQL, `a : x or b > 5`, `
verified {2 0 0}
cover/1: a document that the rule is for: {"a":"x"}
cover/2: matches because b is more than 5: {"b":6}
near-miss/1: a is not x: {"a":"not-x"}
near-miss/2: b is not more than 5: {"b":5}
`,
	},
	{
		"existence", query.KQL, `user.name : * and not user.id : *`, `
verified {2 0 0}
cover/1: a document that the rule is for: {"user":{"name":"a"}}
near-miss/1: user.name is missing: {}
near-miss/2: user.id has a value: {"user":{"name":"a","id":"a"}}
`,
	},
	{
		"a clause that is never needed", query.KQL, `process.pid > 5 or process.pid > 7`, `
verified {1 1 0}
warning dead-clause: this clause can never decide the outcome: process.pid > 7 | process.pid > 5
cover/1: a document that the rule is for: {"process":{"pid":6}}
near-miss/1: process.pid is not more than 5: {"process":{"pid":5}}
`,
	},
	{
		"a clause that changes nothing", query.KQL, `process.pid > 5 and process.pid > 3`, `
verified {2 0 0}
note dead-clause: this clause is redundant, the rule means the same without it: process.pid > 3 | process.pid > 5
cover/1: a document that the rule is for: {"process":{"pid":6}}
near-miss/1: process.pid is not more than 5: {"process":{"pid":5}}
`,
	},
	{
		"an item that another one holds", query.KQL, `process.name : (cmd.exe or cmd.*)`, `
verified {1 0 0}
warning dead-clause: this list item can never decide the outcome: cmd.exe | cmd.*
cover/1: a document that the rule is for: {"process":{"name":"cmd."}}
near-miss/1: process.name is not like any of cmd.exe, cmd.*: {"process":{"name":"not-cmd."}}
`,
	},
	{
		"an exclusion that excludes nothing", query.KQL, `process.name : a and not process.name : b`, `
verified {2 0 0}
note dead-clause: this clause is redundant, the rule means the same without it: process.name : b | process.name : a
cover/1: a document that the rule is for: {"process":{"name":"a"}}
near-miss/1: process.name is not a: {"process":{"name":"not-a"}}
`,
	},
	{
		"unsatisfiable", query.KQL, `process.pid > 5 and process.pid < 3`, `
unsatisfiable {0 0 0}
error unsatisfiable: these conditions can never hold together | process.pid > 5 | process.pid < 3
`,
	},
	{
		"invalid", query.KQL, `process.pid > (`, `
invalid {0 0 0}
error syntax
`,
	},
}

func TestCheck(t *testing.T) {
	for _, tt := range suites {
		t.Run(tt.name, func(t *testing.T) {
			s := Check(ruleset.FromQuery(tt.text, tt.language), Options{})
			if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), describe(s)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// describe writes a suite as the table has it. Timestamps are left out, and so
// are the texts of diagnostics that other packages make.
func describe(s *Suite) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %v\n", s.Verdict, s.Leaves)
	for _, d := range s.Findings {
		if d.Code == query.CodeInferred {
			continue
		}
		fmt.Fprintf(&b, "%s %s", d.Severity, d.Code)
		switch d.Code {
		case query.CodeDead, query.CodeUnsatisfiable, query.CodeUnsupported:
			b.WriteString(": " + d.Summary)
			for i, span := range d.Subjects {
				if d.Code != query.CodeDead || i > 0 {
					b.WriteString(" | " + d.Source.Slice(span))
				}
			}
		}
		b.WriteByte('\n')
	}
	for _, c := range s.Cases {
		fmt.Fprintf(&b, "%s: %s: %s\n", c.Name, c.Why, c.Events.Docs[0].Without("@timestamp"))
	}
	return b.String()
}

func TestOptions(t *testing.T) {
	rule := ruleset.FromQuery(`a : (x or y) and not b : z`, query.KQL)
	for _, tt := range []struct {
		name         string
		opts         Options
		count, cases int
	}{
		{"all", Options{}, 4, 4},
		{"leaves", Options{Cover: CoverLeaves}, 3, 3},
		{"verdict", Options{Cover: CoverNone}, 1, 1},
		{"no near-misses", Options{NoNearMisses: true}, 2, 2},
		{"discard", Options{Discard: true}, 4, 0},
	} {
		if s := Check(rule, tt.opts); s.Count != tt.count || len(s.Cases) != tt.cases {
			t.Errorf("%s: %d cases counted, %d held; want %d and %d", tt.name, s.Count, len(s.Cases), tt.count, tt.cases)
		}
	}
}

// TestNearMissPairs holds what a near-miss promises: it does not match, and it
// differs from a matching case in the fields of one clause: mostly one field.
func TestNearMissPairs(t *testing.T) {
	for _, q := range queries {
		t.Run(q.name, func(t *testing.T) {
			s := Check(ruleset.FromQuery(q.text, q.language), Options{})
			if s.Verdict != Verified {
				t.Fatal(describe(s))
			}
			program, err := eval.Compile(s.Plan, eval.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var matching []query.Document
			for _, c := range s.Cases {
				doc := c.Events.Docs[0]
				if got := program.Match(doc, c.Now); got != (c.Expect == Match) {
					t.Errorf("%s: match is %v: %s", c.Name, got, doc)
				}
				if c.Expect == Match {
					matching = append(matching, doc)
					continue
				}
				if !slices.ContainsFunc(matching, func(m query.Document) bool { return differences(m, doc) <= max(q.apart, 1) }) {
					t.Errorf("%s differs from every matching case in several fields: %s", c.Name, doc)
				}
			}
		})
	}
}

// differences counts the paths at which two documents differ.
func differences(a, b query.Document) int {
	n := 0
	for _, path := range slices.Compact(slices.Sorted(slices.Values(append(a.Paths(), b.Paths()...)))) {
		if !query.ArrayOf(a.Lookup(nil, path)...).Equal(query.ArrayOf(b.Lookup(nil, path)...)) {
			n++
		}
	}
	return n
}

// TestRandomRules checks rules that nobody would write: whatever the shape, no
// case may contradict the evaluator, and every clause gets a verdict.
func TestRandomRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := randomQuery(t, 4)
		s := Check(ruleset.FromQuery(text, query.KQL), Options{})
		if s.Verdict != Verified && s.Verdict != Unsatisfiable || s.Leaves.Uncovered > 0 {
			t.Fatalf("%s\n%s", text, describe(s))
		}
		program, err := eval.Compile(s.Plan, eval.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range s.Cases {
			if program.Match(c.Events.Docs[0], c.Now) != (c.Expect == Match) {
				t.Fatalf("%s\n%s is wrong:\n%s", text, c.Name, describe(s))
			}
		}
	})
}

func randomQuery(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 6).Draw(t, "kind")
	if depth == 0 {
		kind = min(kind, 3)
	}
	switch kind {
	case 4:
		return "(" + randomQuery(t, depth-1) + " and " + randomQuery(t, depth-1) + ")"
	case 5:
		return "(" + randomQuery(t, depth-1) + " or " + randomQuery(t, depth-1) + ")"
	case 6:
		return "not (" + randomQuery(t, depth-1) + ")"
	case 3:
		return "process.pid " + rapid.SampledFrom([]string{"< 3", "<= 5", "> 4", ">= 8", ": 4", ": (1 or 5 or 9)"}).Draw(t, "range")
	}
	field := rapid.SampledFrom([]string{"user.name", "process.name", "process.args"}).Draw(t, "field")
	return field + " : " + rapid.SampledFrom([]string{"a", "b", "a*", "*b", "a*b", "(a or b)", "(a or a* or c)", "(c or *c or d*)", "*", `""`}).Draw(t, "value")
}

func TestCheckAll(t *testing.T) {
	set := &ruleset.Set{}
	for i := range 50 {
		rule := ruleset.FromQuery(fmt.Sprintf("a : %d and b > %d", i, i), query.KQL)
		rule.ID = fmt.Sprint(i)
		set.Rules = append(set.Rules, rule)
	}
	fixed := Options{Workers: 4, Clock: func() time.Time { return Epoch }}
	n := 0
	for s := range CheckAll(set, fixed) {
		if s.Rule != set.Rules[n] || s.Verdict != Verified {
			t.Fatalf("suite %d is of rule %s: %s", n, s.Rule.ID, s.Verdict)
		}
		alone := Check(s.Rule, fixed)
		if a, b := string(s.AppendVerdict(nil)), string(alone.AppendVerdict(nil)); a != b {
			t.Errorf("in a set and alone:\n%s\n%s", a, b)
		}
		n++
	}
	if n != len(set.Rules) {
		t.Errorf("%d suites for %d rules", n, len(set.Rules))
	}
	for range CheckAll(set, fixed) {
		break // must end the workers; the race detector and -timeout watch
	}
}

func TestJSON(t *testing.T) {
	rule := ruleset.FromQuery(`process.pid > 5 or process.pid > 7`, query.KQL)
	s := Check(rule, Options{Clock: func() time.Time { return Epoch }})
	want := `{"rule_id":"query","rule":"query","file":"query","type":"query","language":"kuery","verdict":"verified","cases":2,` +
		`"leaves":{"covered":1,"dead":1,"uncovered":0},"findings":[{"code":"dead-clause","severity":"warning",` +
		`"summary":"this clause can never decide the outcome: process.pid \u003e 7","detail":"where it holds, what else is underlined holds already","spans":[[19,34],[0,15]]}],"micros":0}`
	if diff := cmp.Diff(strings.ReplaceAll(want, `\u003e`, ">"), string(s.AppendVerdict(nil))); diff != "" {
		t.Errorf("verdict -want +got\n%s", diff)
	}
	want = `{"rule_id":"query","rule":"query","file":"query","type":"query","language":"kuery","case":"cover/1","expect":"match",` +
		`"why":"a document that the rule is for","now":"2026-01-01T00:00:00Z","docs":[{"@timestamp":"2025-12-31T23:59:59.000Z","process":{"pid":6}}]}`
	if diff := cmp.Diff(want, string(s.AppendCase(nil, &s.Cases[0]))); diff != "" {
		t.Errorf("case -want +got\n%s", diff)
	}
}

func TestRecord(t *testing.T) {
	s := Check(ruleset.FromQuery("a : \"é\\\"\" and\n  not b : *", query.KQL), Options{})
	data := s.AppendRecord(nil, "../rules/x.toml")
	r, err := ParseRecord(data)
	if err != nil {
		t.Fatal(err)
	}
	if r.RuleID != s.Rule.ID || r.Rule != s.Rule.Name || r.Source != "../rules/x.toml" || r.Query != s.Rule.Query.String || len(r.Cases) != len(s.Cases) {
		t.Fatalf("read back %+v", r)
	}
	for i, c := range r.Cases {
		want := s.Cases[i]
		want.Clause = query.Span{} // kept as text
		if diff := cmp.Diff(want, c.Case); diff != "" {
			t.Errorf("case %d -made +read\n%s", i, diff)
		}
		if text := s.Rule.Source.Slice(s.Cases[i].Clause); c.ClauseText != text {
			t.Errorf("case %d is about %q, want %q", i, c.ClauseText, text)
		}
	}
	for _, broken := range []string{``, `[]`, `{"cases":[{}]}`, `{"cases":[{"expect":"match","now":"x"}]}`, `{"cases":[{"expect":"match","now":"2026-01-01T00:00:00Z","docs":[1]}]}`} {
		if _, err := ParseRecord([]byte(broken)); err == nil {
			t.Errorf("no error for %s", broken)
		}
	}
}
