package gen

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/rematch-dev/rematch/query/ruleset"
)

// eventSets are rules over several events, and their suites: a line a case,
// with the outcome and how many documents it takes.
var eventSets = []struct {
	name, rule string // the rule's table in TOML, less name and id
	want       string
}{
	{
		"a sequence by a key", `
type = "eql"
language = "eql"
query = 'sequence by host.id with maxspan=5m [process where process.pid == 7] [file where file.size > 9] until [any where event.action == "stop"]'`, `
verified {5 0 0}
match 2: a document that the rule is for
no-match 2: event.category is not process
no-match 2: process.pid is not 7
no-match 2: event.category is not file
no-match 2: file.size is not more than 9
no-match 2: events 1 and 2 come in the wrong order
no-match 2: host.id of event 1 is another than that of the others
no-match 2: host.id of event 2 is another than that of the others
no-match 1: event 1 of 2 is missing
no-match 1: event 2 of 2 is missing
match 2: the last event comes exactly maxspan after the first
no-match 2: the last event comes a millisecond after maxspan
no-match 3: the until event comes before the last event
`,
	},
	{
		"runs", `
type = "eql"
language = "eql"
query = 'sequence by user.name with maxspan=1m [authentication where event.outcome == "failure"] with runs=3 [authentication where event.outcome == "success"]'`, `
verified {4 0 0}
match 4: a document that the rule is for
no-match 4: event.category is not authentication
no-match 4: event.outcome is not "failure"
no-match 4: event.category is not authentication
no-match 4: event.outcome is not "success"
no-match 4: events 3 and 4 come in the wrong order
no-match 4: user.name of event 1 is another than that of the others
no-match 4: user.name of event 4 is another than that of the others
no-match 3: 2 events instead of 3
no-match 3: event 4 of 4 is missing
match 4: the last event comes exactly maxspan after the first
no-match 4: the last event comes a millisecond after maxspan
`,
	},
	{
		"a missing event at the end", `
type = "eql"
language = "eql"
from = "now-1h"
query = 'sequence by user.name with maxspan=10m [any where event.action == "off"] ![any where event.action == "on"]'`, `
verified {2 0 0}
match 1: a document that the rule is for
no-match 1: event.action is not "off"
no-match 0: event 1 of 1 is missing
no-match 2: the event that has to be missing is there
`,
	},
	{
		"a sample", `
type = "eql"
language = "eql"
query = 'sample by host.id [process where true] [network where true]'`, `
verified {2 0 0}
match 2: a document that the rule is for
no-match 2: event.category is not process
no-match 2: event.category is not network
no-match 2: host.id of event 1 is another than that of the others
no-match 2: host.id of event 2 is another than that of the others
no-match 1: event 1 of 2 is missing
no-match 1: event 2 of 2 is missing
`,
	},
	{
		"a threshold with distinct values", `
type = "threshold"
language = "kuery"
query = 'event.action:login'
threshold = {field = ["source.ip"], value = 2, cardinality = [{field = "user.name", value = 3}]}`, `
verified {1 0 0}
match 3: a document that the rule is for
no-match 3: event.action is not login
no-match 3: 2 different values of user.name instead of 3
no-match 2: 2 events instead of 3
no-match 3: the events are of two values of source.ip
no-match 3: an event without source.ip does not count
`,
	},
	{
		"new terms", `
type = "new_terms"
language = "kuery"
query = 'event.action:login'
new_terms_fields = ["user.name", "source.ip"]
history_window_start = "now-7d"`, `
verified {1 0 0}
match 1: a document that the rule is for
no-match 1: event.action is not login
no-match 2: the same values were there before, inside the history
match 2: the same values were there before, but before the history begins
match 2: the same values were there before, but not in an event that the query selects
match 2: all values but that of user.name were there before
match 2: all values but that of source.ip were there before
`,
	},
	{
		"an indicator match", `
type = "threat_match"
language = "kuery"
query = 'destination.ip:*'
threat_query = 'event.kind:enrichment'
threat_index = ["intel"]
threat_mapping = [{entries = [{field = "destination.ip", type = "mapping", value = "threat.indicator.ip"}]}]`, `
verified {2 0 0}
match 1+1: a document that the rule is for
no-match 1+1: event.kind is not enrichment
no-match 1+0: there is no indicator
no-match 1+1: threat.indicator.ip of the indicator is another value
no-match 1+1: threat.indicator.ip of the indicator is another value
no-match 1+1: the event has no destination.ip
`,
	},
	{
		"an address that an indicator has as text", `
type = "threat_match"
language = "kuery"
query = 'destination.ip:10.0.0.0/8'
threat_query = 'event.kind:enrichment'
threat_index = ["intel"]
threat_mapping = [{entries = [{field = "destination.ip", type = "mapping", value = "threat.indicator.name"}]}]`, `
verified {2 0 0}
match 1+1: a document that the rule is for
no-match 1+1: destination.ip is not in 10.0.0.0/8
no-match 1+1: event.kind is not enrichment
no-match 1+0: there is no indicator
no-match 1+1: threat.indicator.name of the indicator is another value
no-match 1+1: threat.indicator.name of the indicator is another value
no-match 1+1: threat.indicator.name of the indicator is another value
no-match 1+1: threat.indicator.name of the indicator is another value
no-match 1+1: the event has no destination.ip
`,
	},
	{
		"a whole number as a key beside a fraction", `
type = "eql"
language = "eql"
query = 'sequence [any where process.pid > 5] by process.pid [any where event.risk_score < 7] by event.risk_score'`, `
verified {2 0 0}
match 2: a document that the rule is for
no-match 2: process.pid is not more than 5
no-match 2: event.risk_score is not less than 7
no-match 2: events 1 and 2 come in the wrong order
no-match 2: process.pid of event 1 is another than that of the others
no-match 2: event.risk_score of event 2 is another than that of the others
no-match 1: event 1 of 2 is missing
no-match 1: event 2 of 2 is missing
`,
	},
	{
		"one of several ways to match compares an address with text", `
type = "threat_match"
language = "kuery"
query = 'file.hash.*:* or source.ip:*'
threat_query = 'ioc.md5:* or ioc.ip:*'
threat_index = ["intel"]
threat_mapping = [
  {entries = [{field = "file.hash.md5", type = "mapping", value = "ioc.md5"}]},
  {entries = [{field = "source.ip", type = "mapping", value = "ioc.ip"}]},
]`, `
verified {3 0 0}
match 1+1: a document that the rule is for
match 1+1: matches because source.ip has a value
no-match 1+0: there is no indicator
no-match 1+1: ioc.md5 of the indicator is another value
no-match 1+1: ioc.md5 of the indicator is another value
no-match 1+1: ioc.md5 of the indicator is another value
no-match 1+1: ioc.md5 of the indicator is another value
no-match 1+1: the event has no file.hash.md5
match 1+1: another way for the rule to match
`,
	},
	{
		"a way to match that is not known keeps clauses from being dead", `
type = "threat_match"
language = "kuery"
query = 'file.hash.md5:* or message:*'
threat_query = 'process.hash.md5:* or event.provider:*'
threat_index = ["intel"]
threat_mapping = [
  {entries = [{field = "file.hash.md5", type = "mapping", value = "process.hash.md5"}]},
  {entries = [{field = "message", type = "mapping", value = "event.provider"}]},
]`, `
verified {2 0 2}
match 1+1: a document that the rule is for
no-match 1+0: there is no indicator
no-match 1+1: process.hash.md5 of the indicator is another value
no-match 1+1: process.hash.md5 of the indicator is another value
no-match 1+1: process.hash.md5 of the indicator is another value
no-match 1+1: process.hash.md5 of the indicator is another value
no-match 1+1: the event has no file.hash.md5
`,
	},
	{
		"keys that cannot agree", `
type = "eql"
language = "eql"
query = 'sequence by process.name [process where process.name == "a"] [process where process.name == "b"]'`, `
unsatisfiable {0 0 0}
`,
	},
}

func TestEventSets(t *testing.T) {
	for _, tt := range eventSets {
		t.Run(tt.name, func(t *testing.T) {
			file := "[rule]\nname = \"x\"\nrule_id = \"1\"\n" + tt.rule
			set, diags := ruleset.OpenFS(fstest.MapFS{"r.toml": {Data: []byte(file)}}, "test", ruleset.Options{})
			if diags.Err() != nil || len(set.Rules) != 1 {
				t.Fatal(diags)
			}
			s := Check(set.Rules[0], Options{})
			var b strings.Builder
			fmt.Fprintf(&b, "%s %v\n", s.Verdict, s.Leaves)
			for _, c := range s.Cases {
				events := fmt.Sprint(len(c.Events.Docs))
				if s.Rule.Type == "threat_match" {
					events += fmt.Sprintf("+%d", len(c.Events.Indicators))
				}
				fmt.Fprintf(&b, "%s %s: %s\n", c.Expect, events, c.Why)
			}
			if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), b.String()); diff != "" {
				t.Errorf("-want +got\n%s\n%v", diff, s.Findings)
			}
		})
	}
}
