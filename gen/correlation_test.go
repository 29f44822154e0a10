package gen

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// searches are the rules that the correlations here are about.
const searches = `title: failed
name: failed
logsource: {product: windows, service: security}
detection:
  s: {EventID: 4625}
  condition: s
---
title: success
name: success
logsource: {product: windows, service: security}
detection:
  s: {EventID: 4624, LogonType: 3}
  condition: s
---
title: upload
name: upload
logsource: {category: proxy}
detection:
  s: {cs-method: PUT}
  condition: s
---
title: logon
name: logon
logsource: {product: windows, service: security}
detection:
  s: {EventID: [4624, 4625]}
  condition: s
---
title: cleared
name: cleared
logsource: {product: windows, service: security}
detection:
  s: {EventID: 1102}
  condition: s
---
title: full
name: full
logsource: {category: proxy}
detection:
  s: {bytes: 100}
  condition: s
---
title: users
name: users
logsource: {category: proxy}
detection:
  s: {User: [a, b], bytes|gte: 2}
  t: {User: b, bytes: 3}
  condition: s and not t
---
title: nothing
name: nothing
logsource: {category: proxy}
detection:
  s: {bytes|gt: 5}
  t: {bytes|lt: 3}
  condition: s and t
---
title: many
name: many
correlation:
  type: event_count
  rules: failed
  group-by: [Computer]
  timespan: 1m
  condition: {gte: 3}
---
title: correlation
correlation:
`

// correlations are the sections of correlations, and their suites: a line a
// case, with the outcome and how many documents it takes.
var correlations = []struct{ name, section, want string }{
	{
		"event_count", `
type: event_count
rules: [failed]
group-by: [Computer]
timespan: 5m
condition: {gte: 3}`, `
verified {1 0 0}
match 3: a document that the rule is for
no-match 3: EventID is not 4625
no-match 2: 2 events instead of 3
no-match 3: Computer of event 3 is another than that of the others
no-match 3: an event without Computer does not count
match 3: the last event comes exactly the timespan after the first
no-match 3: the last event comes a millisecond after the timespan
`,
	},
	{
		"event_count in a range", `
type: event_count
rules: [failed]
timespan: 5m
condition: {gt: 1, lte: 3}`, `
verified {1 0 0}
match 2: a document that the rule is for
no-match 2: EventID is not 4625
no-match 1: 1 event instead of 2
match 2: the last event comes exactly the timespan after the first
no-match 2: the last event comes a millisecond after the timespan
match 3: 3 events at one instant
no-match 4: 4 events at one instant
`,
	},
	{
		"more events than a short timespan has milliseconds", `
type: event_count
rules: [failed]
timespan: 1s
condition: {gte: 2000}`, `
verified {1 0 0}
match 2000: a document that the rule is for
no-match 2000: EventID is not 4625
no-match 1999: 1999 events instead of 2000
match 2000: the last event comes exactly the timespan after the first
no-match 2000: the last event comes a millisecond after the timespan
`,
	},
	{
		"event_count of two rules", `
type: event_count
rules: [failed, success]
group-by: [Computer]
timespan: 5m
condition: {gt: 3}`, `
verified {3 0 0}
match 4: a document that the rule is for
no-match 4: EventID is not 4625
no-match 4: EventID is not 4624
no-match 4: LogonType is not 3
no-match 3: 3 events instead of 4
no-match 4: Computer of event 4 is another than that of the others
no-match 4: an event without Computer does not count
match 4: the last event comes exactly the timespan after the first
no-match 4: the last event comes a millisecond after the timespan
`,
	},
	{
		"bounds that exclude each other", `
type: event_count
rules: [failed]
timespan: 5m
condition: {gt: 3, lt: 2}`, `
unsatisfiable {0 0 0}
unsatisfiable: these conditions can never hold together
`,
	},
	{
		"value_count", `
type: value_count
rules: [failed]
group-by: [Computer]
timespan: 1h
condition: {field: User, gte: 3}`, `
verified {1 0 0}
match 3: a document that the rule is for
no-match 3: EventID is not 4625
no-match 2: one event less
no-match 3: Computer of event 3 is another than that of the others
no-match 3: an event without Computer does not count
match 3: the last event comes exactly the timespan after the first
no-match 3: the last event comes a millisecond after the timespan
no-match 3: 2 different values of User instead of 3
`,
	},
	{
		"value_count of tuples, one of which is the group", `
type: value_count
rules: [failed]
group-by: [User]
timespan: 1h
condition: {field: [User, Port], gte: 2}`, `
verified {1 0 0}
match 2: a document that the rule is for
no-match 2: EventID is not 4625
no-match 1: one event less
no-match 2: User of event 2 is another than that of the others
no-match 2: an event without User does not count
match 2: the last event comes exactly the timespan after the first
no-match 2: the last event comes a millisecond after the timespan
no-match 2: 1 value of User, Port instead of 2
`,
	},
	{
		"value_count of the group", `
type: value_count
rules: [failed]
group-by: [User]
timespan: 1h
condition: {field: User, gte: 2}`, `
unsatisfiable {0 0 0}
unsatisfiable: these conditions can never hold together
`,
	},
	{
		"temporal", `
type: temporal
rules: [failed, upload]
group-by: [User]
timespan: 10s`, `
verified {2 0 0}
match 2: a document that the rule is for
no-match 2: EventID is not 4625
no-match 2: cs-method is not PUT
no-match 1: there is no event of the rule failed
no-match 2: User of event 1 is another than that of the others
no-match 2: an event without User does not count
no-match 1: there is no event of the rule upload
no-match 2: User of event 2 is another than that of the others
no-match 2: an event without User does not count
match 2: the last event comes exactly the timespan after the first
no-match 2: the last event comes a millisecond after the timespan
`,
	},
	{
		"temporal with aliases", `
type: temporal
rules: [failed, upload]
group-by: [ip]
aliases: {ip: {failed: IpAddress, upload: c-ip}}
timespan: 10s`, `
verified {2 0 0}
match 2: a document that the rule is for
no-match 2: EventID is not 4625
no-match 2: cs-method is not PUT
no-match 1: there is no event of the rule failed
no-match 2: IpAddress of event 1 is another than that of the others
no-match 2: an event without IpAddress does not count
no-match 1: there is no event of the rule upload
no-match 2: c-ip of event 2 is another than that of the others
no-match 2: an event without c-ip does not count
match 2: the last event comes exactly the timespan after the first
no-match 2: the last event comes a millisecond after the timespan
`,
	},
	{
		"temporal_ordered", `
type: temporal_ordered
rules: [failed, success, cleared]
group-by: [Computer]
timespan: 10s`, `
verified {4 0 0}
match 3: a document that the rule is for
no-match 3: EventID is not 4625
no-match 3: EventID is not 4624
no-match 3: LogonType is not 3
no-match 3: EventID is not 1102
no-match 2: there is no event of the rule failed
no-match 3: Computer of event 1 is another than that of the others
no-match 3: an event without Computer does not count
no-match 2: there is no event of the rule success
no-match 3: Computer of event 2 is another than that of the others
no-match 3: an event without Computer does not count
no-match 2: there is no event of the rule cleared
no-match 3: Computer of event 3 is another than that of the others
no-match 3: an event without Computer does not count
no-match 3: the events of the rules failed and success come in the wrong order
no-match 3: the events of the rules success and cleared come in the wrong order
match 3: the last event comes exactly the timespan after the first
no-match 3: the last event comes a millisecond after the timespan
`,
	},
	{
		"temporal of rules that overlap", `
type: temporal
rules: [failed, logon]
timespan: 10s`, `
verified {2 0 0}
match 2: a document that the rule is for
match 2: matches because EventID is 4625
no-match 2: EventID is not 4625
no-match 1: there is no event of the rule failed
`,
	},
	{
		"a condition over rules", `
type: temporal
rules: [failed, success, cleared]
timespan: 10s
condition: failed and (success or cleared)`, `
verified {4 0 0}
match 2: a document that the rule is for
no-match 2: EventID is not 4625
no-match 2: EventID is not 4624
no-match 2: LogonType is not 3
no-match 1: there is no event of the rule failed
no-match 1: there is no event of the rule success
match 2: the last event comes exactly the timespan after the first
no-match 2: the last event comes a millisecond after the timespan
match 2: another way for the rule to match
no-match 2: EventID is not 1102
`,
	},
	{
		"a condition that excludes a rule", `
type: temporal
rules: [failed, cleared]
group-by: [Computer]
timespan: 10s
condition: failed and not cleared`, `
verified {2 0 0}
match 1: a document that the rule is for
no-match 1: EventID is not 4625
no-match 0: there is no event of the rule failed
no-match 1: an event without Computer does not count
no-match 2: an event of the rule cleared comes at the same instant
`,
	},
	{
		"value_sum", `
type: value_sum
rules: [upload]
group-by: [User]
timespan: 1h
condition: {field: bytes, gt: 1000}`, `
verified {1 0 0}
match 2: a document that the rule is for
no-match 2: cs-method is not PUT
no-match 1: one event less
no-match 2: User of event 2 is another than that of the others
no-match 2: an event without User does not count
match 2: the last event comes exactly the timespan after the first
no-match 2: the last event comes a millisecond after the timespan
no-match 2: the sum of bytes is 1000
match 2: the sum of bytes is 1001
no-match 2: the sum of bytes is 999
`,
	},
	{
		"value_sum of a value that the rule fixes", `
type: value_sum
rules: [full]
timespan: 1h
condition: {field: bytes, gt: 1000}`, `
verified {1 0 0}
match 16: a document that the rule is for
no-match 16: bytes is not 100
`,
	},
	{
		"value_avg", `
type: value_avg
rules: [upload]
timespan: 1h
condition: {field: bytes, lt: 10}`, `
verified {1 0 0}
match 2: a document that the rule is for
no-match 2: cs-method is not PUT
no-match 2: the mean of bytes is 10
no-match 2: the mean of bytes is 11
match 2: the mean of bytes is 9
`,
	},
	{
		"value_percentile", `
type: value_percentile
rules: [upload]
timespan: 1h
condition: {field: bytes, percentile: 95, gte: 8}`, `
verified {1 0 0}
match 2: a document that the rule is for
no-match 2: cs-method is not PUT
match 2: percentile 95 of bytes is 8
match 2: percentile 95 of bytes is 9
no-match 2: percentile 95 of bytes is 7
`,
	},
	{
		"a correlation of a correlation", `
type: temporal_ordered
rules: [many, success]
group-by: [Computer]
timespan: 10m`, `
verified {3 0 0}
match 4: a document that the rule is for
no-match 4: EventID is not 4625
no-match 4: EventID is not 4624
no-match 4: LogonType is not 3
no-match 1: there is no event of the rule many
no-match 3: one event less for the correlation many
no-match 4: Computer of event 3 is another than that of the others
no-match 4: an event without Computer does not count
no-match 3: there is no event of the rule success
no-match 4: Computer of event 4 is another than that of the others
no-match 4: an event without Computer does not count
no-match 4: the events of the rules many and success come in the wrong order
match 4: the last event comes exactly the timespan after the first
no-match 4: the last event comes a millisecond after the timespan
`,
	},
	{
		"event_count of a rule that cannot match, and another", `
type: event_count
rules: [nothing, success]
timespan: 5m
condition: {gte: 2}`, `
verified {2 0 2}
match 2: a document that the rule is for
no-match 2: EventID is not 4624
no-match 2: LogonType is not 3
no-match 1: 1 event instead of 2
match 2: the last event comes exactly the timespan after the first
no-match 2: the last event comes a millisecond after the timespan
`,
	},
	{
		"value_count of a value that the rule fixes", `
type: value_count
rules: [full]
timespan: 5m
condition: {field: bytes, gte: 2}`, `
unknown {0 0 0}
budget: not as many different values were found as the correlation counts
`,
	},
	{
		"temporal with a rule that cannot match", `
type: temporal
rules: [nothing, success]
timespan: 5m`, `
unsatisfiable {0 0 0}
unsatisfiable: these conditions can never hold together
`,
	},
	{
		"keys that exclude each other", `
type: temporal
rules: [failed, success]
group-by: [EventID]
timespan: 5m`, `
unsatisfiable {0 0 0}
unsatisfiable: these conditions can never hold together
`,
	},
	{
		"more events than a case may have", `
type: event_count
rules: [failed]
timespan: 5m
condition: {gte: 1000000}`, `
unsupported {0 0 0}
limit: the correlation asks for more than 20000 events
`,
	},
	{
		"several alerts of a correlation", `
type: event_count
rules: [many]
timespan: 5m
condition: {gte: 2}`, `
unsupported {0 0 0}
unsupported: several alerts of a correlation inside another are not handled
`,
	},
}

func correlated(t interface {
	Helper()
	Fatal(...any)
}, section string,
) *ruleset.Rule {
	t.Helper()
	text := searches
	for line := range strings.Lines(strings.TrimPrefix(section, "\n")) {
		text += "  " + line
	}
	set, diags := ruleset.OpenFS(fstest.MapFS{"r.yml": {Data: []byte(text + "\n")}}, "test", ruleset.Options{})
	if diags.Err() != nil {
		t.Fatal(diags)
	}
	return set.Rules[len(set.Rules)-1]
}

func TestCorrelations(t *testing.T) {
	for _, tt := range correlations {
		t.Run(tt.name, func(t *testing.T) {
			s := Check(correlated(t, tt.section), Options{Shapes: false})
			var b strings.Builder
			fmt.Fprintf(&b, "%s %v\n", s.Verdict, s.Leaves)
			for _, d := range s.Findings {
				if d.Severity == query.Error {
					fmt.Fprintf(&b, "%s: %s\n", d.Code, d.Summary)
				}
			}
			for _, c := range s.Cases {
				fmt.Fprintf(&b, "%s %d: %s\n", c.Expect, len(c.Events.Docs), c.Why)
			}
			if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), b.String()); diff != "" {
				t.Errorf("-want +got\n%s\n%v", diff, s.Findings)
			}
			if s.Verdict != Verified {
				return
			}
			program, err := eval.Compile(s.Plan, eval.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range s.Cases {
				if out := program.Run(c.Events, c.Now); out.Match != (c.Expect == Match) || out.Unsure != nil {
					t.Errorf("%s: match is %v, unsure %v: %v", c.Name, out.Match, out.Unsure, c.Events.Docs)
				}
			}
		})
	}
}

// TestCorrelationSource draws from every correlation that has events: what comes
// out matches, however it is dressed.
func TestCorrelationSource(t *testing.T) {
	for _, tt := range correlations {
		if !strings.HasPrefix(tt.want, "\nverified") {
			continue
		}
		for _, opts := range []SourceOptions{{}, {Realistic: true}, {NoTimestamps: true}} {
			src := NewSource(opts)
			if err := src.AddRule(correlated(t, tt.section), nil); err != nil {
				t.Fatal(tt.name, err)
			}
			for k := range uint64(5) {
				event, err := src.At(k)
				if err != nil {
					t.Fatalf("%s: %v", tt.name, err)
				}
				lines, err := src.Append(nil, k)
				if err != nil {
					t.Fatalf("%s: %v", tt.name, err)
				}
				var want []byte
				for _, doc := range event.Docs {
					want = append(doc.AppendJSON(want), '\n')
				}
				if string(want) != string(lines) {
					t.Errorf("%s: %s and %s", tt.name, want, lines)
				}
			}
		}
		for _, opts := range []Options{{Realistic: true}, {Shapes: true}} {
			if s := Check(correlated(t, tt.section), opts); s.Verdict != Verified {
				t.Errorf("%s: %v", tt.name, s.Findings)
			}
		}
	}
}

// TestRandomCorrelations checks correlations that nobody would write: solver and
// evaluator may not contradict each other, whatever the rules and the bounds.
func TestRandomCorrelations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
		rules := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"failed", "success", "upload", "logon", "cleared", "full", "nothing", "many", "users"}), 1, 3, rapid.ID).Draw(t, "rules")
		section := "type: " + pick("type", "event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_percentile", "value_median")
		section += "\nrules: [" + strings.Join(rules, ", ") + "]\ntimespan: " + pick("timespan", "1s", "1h")
		section += "\ngroup-by: [" + pick("groups", "", "User", "EventID", "User, EventID") + "]\ncondition: "
		if strings.Contains(section, "temporal") && rapid.Bool().Draw(t, "over rules") {
			section += rules[0]
			for _, r := range rules[1:] {
				section += pick("joined by", " and ", " or ", " and not ") + r
			}
		} else {
			section += "{percentile: 75, field: " + pick("field", "bytes", "User", "EventID")
			for _, op := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"gt", "gte", "lt", "lte", "eq", "neq"}), 1, 2, rapid.ID).Draw(t, "operators") {
				section += fmt.Sprintf(", %s: %d", op, rapid.IntRange(-1, 6).Draw(t, "than"))
			}
			section += "}"
		}
		rule := correlated(t, section)
		s := Check(rule, Options{})
		for _, d := range s.Findings {
			if d.Code == query.CodeMismatch {
				t.Fatalf("%s\n%v\n%s", section, d, d.Detail)
			}
		}
		if s.Verdict == Invalid {
			t.Fatalf("%s\n%v", section, s.Findings)
		}
		if s.Verdict != Verified {
			return
		}
		program, err := eval.Compile(s.Plan, eval.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range s.Cases {
			if out := program.Run(c.Events, c.Now); out.Match != (c.Expect == Match) {
				t.Fatalf("%s\n%s (%s): match is %v: %v", section, c.Name, c.Why, out.Match, c.Events.Docs)
			}
		}
	})
}

// TestAggregation is about the form that correlations had before Sigma 2.0.
func TestAggregation(t *testing.T) {
	const text = `title: t
logsource: {category: proxy}
detection:
  s: {a: 1}
  timeframe: 5m
  condition: s | count(b) by c > 2
`
	set, diags := ruleset.OpenFS(fstest.MapFS{"r.yml": {Data: []byte(text)}}, "test", ruleset.Options{})
	if diags.Err() != nil {
		t.Fatal(diags)
	}
	if s := Check(set.Rules[0], Options{}); s.Verdict != Verified || s.Leaves != (Leaves{Covered: 1}) || len(s.Cases[0].Events.Docs) != 3 {
		t.Errorf("%s %v %v", s.Verdict, s.Leaves, s.Findings)
	}
}
