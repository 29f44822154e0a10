package ruletest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// suite records the cases of one query and looks at them with another.
func suite(t *testing.T, recorded, now string) *Suite { return suiteIn(t, query.KQL, recorded, now) }

func suiteIn(t *testing.T, language query.Language, recorded, now string) *Suite {
	t.Helper()
	made := gen.Check(ruleset.FromQuery(recorded, language), gen.Options{})
	record, err := gen.ParseRecord(made.AppendRecord(nil, "rule"))
	if err != nil {
		t.Fatal(err)
	}
	rule := ruleset.FromQuery(now, language)
	plan, diags := rule.Compile(ruleset.CompileOptions{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	program, err := eval.Compile(plan, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	source := gen.NewSource(gen.SourceOptions{})
	err = source.AddRule(rule, nil)
	drawing := func() (*gen.Source, error) { return source, err }
	return &Suite{Cases: record.Cases, record: record, rule: rule, program: program, drawing: drawing}
}

// TestFailures tells which cases fail after an edit, and what the first of them
// says.
func TestFailures(t *testing.T) {
	const recorded = "process.name : (cmd.exe or net.exe) and\n  not user.name : SYSTEM"
	for _, tt := range []struct {
		name, now string
		fail      []string
		says      string
	}{
		{"no edit", recorded, nil, ""},
		{"layout only", "process.name : (cmd.exe or net.exe) and not user.name : SYSTEM", nil, ""},
		{
			"an item taken out", "process.name : cmd.exe and\n  not user.name : SYSTEM", []string{"cover/2"}, `
the rule no longer matches a document that it is for
recorded: match, matches because process.name is net.exe
note: the rule is now [suspect]
  --> query:1:1
  |
1 | process.name : cmd.exe and
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^
  = the case is about a clause that is not there any more: net.exe
document: {"@timestamp":"2025-12-31T23:59:59.000Z","process":{"name":"net.exe"}}
✗ all of
  ✗ process.name : cmd.exe  process.name = "net.exe"
  ✓ not
    ✗ user.name : SYSTEM    user.name is absent
the query has changed since its tests were made (if that is meant, run rematch gen --update):
  - process.name : (cmd.exe or net.exe) and
  + process.name : cmd.exe and
      not user.name : SYSTEM`,
		},
		{
			"an exclusion widened", "process.name : (cmd.exe or net.exe)\nor user.name : SYSTEM", []string{"near-miss/2"}, `
the rule now matches a document that it did not match before
recorded: no-match, user.name is SYSTEM
note: this clause is what the case is about [suspect]
  --> query:2:4
  |
2 | or user.name : SYSTEM
  |    ^^^^^^^^^^^^^^^^^^
document: {"@timestamp":"2025-12-31T23:59:59.000Z","process":{"name":"cmd.exe"},"user":{"name":"SYSTEM"}}
✓ any of
  ✓ process.name : (cmd.exe or net.exe)  process.name = "cmd.exe" hits cmd.exe
  ✓ user.name : SYSTEM                   user.name = "SYSTEM"
the query has changed since its tests were made (if that is meant, run rematch gen --update):
  - process.name : (cmd.exe or net.exe) and
  -   not user.name : SYSTEM
  + process.name : (cmd.exe or net.exe)
  + or user.name : SYSTEM`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := suite(t, recorded, tt.now)
			var fail []string
			says := ""
			for _, c := range s.Cases {
				if s.program.Run(c.Events, c.Now).Match != (c.Expect == gen.Match) {
					if fail == nil {
						says = s.failure(c)
					}
					fail = append(fail, c.Name)
				}
			}
			if diff := cmp.Diff(tt.fail, fail); diff != "" {
				t.Errorf("failing cases -want +got\n%s", diff)
			}
			if diff := cmp.Diff(strings.TrimPrefix(tt.says, "\n"), says); diff != "" {
				t.Errorf("message -want +got\n%s", diff)
			}
		})
	}
}

func TestDiff(t *testing.T) {
	for _, tt := range []struct{ name, old, now, want string }{
		{"one line of many", "a\nb\nc\nd\ne\nf\ng", "a\nb\nc\nd\nX\nf\ng", `
    …
    c
    d
  - e
  + X
    f
    g
`},
		{"changes far apart", "a\nb\nc\nd\ne\nf\ng\nh", "A\nb\nc\nd\ne\nf\ng\nH", `
  - a
  + A
    b
    c
    …
    f
    g
  - h
  + H
`},
		{"a line added at the end", "a", "a\nb", `
    a
  + b
`},
	} {
		if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), diff(tt.old, tt.now)); diff != "" {
			t.Errorf("%s -want +got\n%s", tt.name, diff)
		}
	}
}

// TestSequenceFailure shows the step and the clause that an edit of a sequence is
// about.
func TestSequenceFailure(t *testing.T) {
	const recorded = `sequence by host.id
  [process where process.name == "cmd.exe"]
  [network where destination.port == 445]`
	for _, tt := range []struct{ name, now, says string }{
		{
			"a clause of the second step", strings.Replace(recorded, "445", "139", 1),
			"part 1 of the rule: 1 of 2 documents satisfy it, the first is document 1\n" +
				"part 2 of the rule: no document satisfies it, the nearest is document 2\n" +
				"✗ all of\n" +
				"  ✓ network                  event.category = \"network\"\n" +
				"  ✗ destination.port == 139  destination.port = 445\n",
		},
		{
			"another key", strings.Replace(recorded, "host.id", "user.id", 1),
			"no clause keeps the documents from matching: their order, keys, number or times do\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := suiteIn(t, query.EQL, recorded, tt.now)
			if got := s.failure(s.Cases[0]); !strings.Contains(got, tt.says) {
				t.Errorf("the message does not have\n%s\nbut is\n%s", tt.says, got)
			}
		})
	}
}
