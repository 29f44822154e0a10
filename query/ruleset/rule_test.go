package ruleset

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rematch-dev/rematch/query"
)

const fullTOML = `[metadata]
creation_date = "2024/01/01"
maturity = "production"
integration = ["endpoint"]

[rule]
author = ["A"]
description = """
Two \
  lines.
"""
from = "now-9m"
interval = "5m"
index = ["logs-*", "winlogbeat-*"]
language = "kuery"
name = "Full"
risk_score = 47
rule_id = "full"
severity = "medium"
tags = ["Domain: Endpoint"]
timestamp_override = "event.ingested"
event_category_override = "event.type"
type = "threat_match"
query = "process.name:\"a.exe\" and\tuser.name:\u00e4"
threat_index = ["ti-*"]
threat_query = '@timestamp >= "now-30d/d"'
threat_language = "kuery"

[[rule.threat]]
framework = "MITRE ATT&CK"
[[rule.threat.technique]]
id = "T1055"
name = "Process Injection"
[[rule.threat.technique.subtechnique]]
id = "T1055.001"
name = "DLL Injection"
[rule.threat.tactic]
id = "TA0005"
name = "Defense Evasion"

[[rule.threat_mapping]]
[[rule.threat_mapping.entries]]
field = "source.ip"
type = "mapping"
value = "threat.indicator.ip"

[rule.threshold]
field = ["host.id", ""]
value = 3
cardinality = [ { field = "user.id", value = 2 } ]

[rule.new_terms]
field = "new_terms_fields"
value = ["host.id"]
[[rule.new_terms.history_window_start]]
field = "history_window_start"
value = "now-14d"
`

func TestRuleKeepsWhatItsFileSays(t *testing.T) {
	got := readOne(t, "rules/full.toml", fullTOML)
	want := &Rule{
		ID: "full", Name: "Full", File: "rules/full.toml", Type: "threat_match", Language: query.KQL,
		Index: []string{"logs-*", "winlogbeat-*"}, From: 9 * time.Minute, Interval: 5 * time.Minute,
		TimestampOverride: "event.ingested", EventCategoryOverride: "event.type",
		Threshold: &Threshold{
			Fields: []Name{{Text: "host.id"}}, Count: 3, Distinct: Name{Text: "user.id"}, DistinctCount: 2,
		},
		NewTerms: &NewTerms{Fields: []Name{{Text: "host.id"}}, History: Name{Text: "now-14d"}},
		ThreatMatch: &ThreatMatch{
			Language: query.KQL, Index: []string{"ti-*"},
			Groups: [][]MappingEntry{{{Field: Name{Text: "source.ip"}, Value: Name{Text: "threat.indicator.ip"}}}},
		},
		Severity: "medium", RiskScore: 47, Tags: []string{"Domain: Endpoint"}, Maturity: "production",
		Threat: []Tactic{{ID: "TA0005", Name: "Defense Evasion", Techniques: []Technique{
			{ID: "T1055", Name: "Process Injection", Subtechniques: []Technique{{ID: "T1055.001", Name: "DLL Injection"}}},
		}}},
	}
	ignore := []cmp.Option{
		cmpopts.IgnoreTypes(query.Span{}, query.Text{}),
		cmpopts.IgnoreFields(Rule{}, "Source", "Meta"),
		cmpopts.IgnoreUnexported(Rule{}),
	}
	if diff := cmp.Diff(want, got, ignore...); diff != "" {
		t.Error(diff)
	}
	if want := "process.name:\"a.exe\" and\tuser.name:ä"; got.Query.String != want {
		t.Errorf("query %q, want %q", got.Query.String, want)
	}
	under := func(what string, span query.Span, want string) {
		if s := got.Source.Slice(span); s != want {
			t.Errorf("%s stands at %q, want %q", what, s, want)
		}
	}
	under("the rule", got.Span, fullTOML[:len(fullTOML)-1])
	under("the type", got.At("type"), `"threat_match"`)
	under("the umlaut", got.Query.Span(len(got.Query.String)-2, len(got.Query.String)), `\u00e4`)
	under("the quoted name", got.Query.Span(13, 20), `\"a.exe\"`)
	under("the group field", got.Threshold.Fields[0].Span, `"host.id"`)
	under("the cardinality", got.body.get("threshold").get("cardinality").Span, `[ { field = "user.id", value = 2 } ]`)
	under("the threshold", got.Threshold.Span, fullTOML[indexOf(t, fullTOML, "[rule.threshold]"):indexOf(t, fullTOML, "\n\n[rule.new_terms]")])
	keys := map[string]string{}
	for _, m := range got.Meta {
		keys[m.Key] = got.Source.Slice(m.Span) + " -> " + m.Value.String()
	}
	for key, want := range map[string]string{
		"author":               `author = ["A"] -> ["A"]`,
		"description":          "description = \"\"\"\nTwo \\\n  lines.\n\"\"\" -> \"Two lines.\\n\"",
		"metadata.integration": `integration = ["endpoint"] -> ["endpoint"]`,
		"query":                "",
		"rule_id":              "",
	} {
		if keys[key] != want {
			t.Errorf("meta %s is %q, want %q", key, keys[key], want)
		}
	}
}

func indexOf(t *testing.T, s, sub string) int {
	for i := range s {
		if len(s)-i >= len(sub) && s[i:i+len(sub)] == sub {
			return i
		}
	}
	t.Fatalf("%q is missing", sub)
	return 0
}

func TestAPIFormsSayTheSame(t *testing.T) {
	r := readOne(t, "a.json", `{"rule_id":"a","type":"new_terms","query":"a\\\"\ud83d\ude00\/b",
		"new_terms_fields":["host.id"],"history_window_start":"now-7d",
		"threshold":{"field":"host.id","value":1,"cardinality":{"field":["user.id"],"value":2}}}`)
	if r.NewTerms.Fields[0].Text != "host.id" || r.NewTerms.History.Text != "now-7d" {
		t.Errorf("new terms %+v", r.NewTerms)
	}
	if r.Threshold.Fields[0].Text != "host.id" || r.Threshold.Distinct.Text != "user.id" || r.Threshold.DistinctCount != 2 {
		t.Errorf("threshold %+v", r.Threshold)
	}
	if want := "a\\\"😀/b"; r.Query.String != want {
		t.Errorf("query %q, want %q", r.Query.String, want)
	}
	for _, c := range []struct {
		from, to int
		want     string
	}{{0, 1, "a"}, {1, 2, `\\`}, {2, 3, `\"`}, {3, 7, `\ud83d\ude00`}, {7, 8, `\/`}, {8, 9, "b"}} {
		if got := r.Source.Slice(r.Query.Span(c.from, c.to)); got != c.want {
			t.Errorf("query[%d:%d] stands at %q, want %q", c.from, c.to, got, c.want)
		}
	}
}
