package ruleset

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/rematch-dev/rematch/query"
)

const sigmaFile = `title: Certutil
id: 11111111-1111-1111-1111-111111111111
name: certutil
status: test
level: high
tags: [attack.command-and-control, attack.t1105, attack.t1059.001, cve.2020-1]
author: A
logsource: {product: windows, category: process_creation}
detection:
  selection:
    Image|endswith: \certutil.exe
  condition: selection
---
title: Certutil again and again
correlation:
  type: event_count
  rules: [certutil]
  group-by: [Computer]
  timespan: 5m
  condition: {gte: 10}
`

func TestSigma(t *testing.T) {
	files := fstest.MapFS{
		"rules/certutil.yml": {Data: []byte(sigmaFile)},
		"filters/admin.yaml": {Data: []byte("title: admins\nlogsource: {product: windows}\nfilter:\n  rules: [certutil]\n  selection: {User: adm}\n  condition: not selection\n")},
		"broken.yml":         {Data: []byte("title: t\nlogsource: {product: windows}\ndetection:\n  s:\n    a: b\n   condition: s\n")},
		"mkdocs.yml":         {Data: []byte("site_name: docs\nnav: {{ broken\n")},
	}
	set, diags := OpenFS(files, "set", Options{})
	if len(diags) != 1 || diags[0].Error() != "set/broken.yml:6:4: not valid YAML: neither a key of this map nor the end of it" {
		t.Errorf("diagnostics: %v", diags)
	}
	type row struct{ ID, Name, File, Type, Severity string }
	var rows []row
	for _, r := range set.Rules {
		rows = append(rows, row{r.ID, r.Name, r.File, r.Type, r.Severity})
	}
	if diff := cmp.Diff([]row{
		{"11111111-1111-1111-1111-111111111111", "Certutil", "rules/certutil.yml", "sigma", "high"},
		{"certutil:2", "Certutil again and again", "rules/certutil.yml", "sigma_correlation", ""},
	}, rows); diff != "" {
		t.Fatal(diff)
	}
	if diff := cmp.Diff([]Skip{
		{"filters/admin.yaml", "", "filter"},
		{"mkdocs.yml", "", "no rule in it"},
	}, set.Skipped); diff != "" {
		t.Error(diff)
	}
	r := set.Rules[0]
	want := []Tactic{{Name: "Command and Control", Techniques: []Technique{{ID: "T1105"}, {ID: "T1059", Subtechniques: []Technique{{ID: "T1059.001"}}}}}}
	if diff := cmp.Diff(want, r.Threat); diff != "" {
		t.Error(diff)
	}
	if got := r.Source.Slice(r.At("level")); got != "high" {
		t.Errorf("level stands at %q", got)
	}
	if got := r.Source.Slice(r.Query.All()); got != r.Query.String || got[:11] != "detection:\n" {
		t.Errorf("query is %q, and stands at %q", r.Query.String, got)
	}
	plan, diags := r.Compile(CompileOptions{Logsource: true})
	if diags.Err() != nil {
		t.Fatal(diags)
	}
	var names []string
	for _, f := range plan.Fields {
		names = append(names, f.Name+" "+f.Type.String())
	}
	if diff := cmp.Diff([]string{"Image keyword", "EventID long", "Channel keyword", "User keyword"}, names); diff != "" {
		t.Error(diff)
	}
	plan, diags = set.Rules[1].Compile(CompileOptions{})
	if diags.Err() != nil {
		t.Fatal(diags)
	}
	if _, ok := plan.Body.(*query.Correlation); !ok {
		t.Errorf("the body is %T", plan.Body)
	}
}

func TestEverySigmaRuleCompiles(t *testing.T) {
	for _, name := range []string{"sigma-rules.zip", "sigma-rules-previous.zip"} {
		t.Run(name, func(t *testing.T) {
			plans, placeholders := 0, 0
			set := openCorpus(t, name)
			for _, r := range set.Rules {
				plan, diags := r.Compile(CompileOptions{})
				switch {
				case plan != nil:
					plans++
				case len(diags) > 0 && diags[0].Code == query.CodeUnsupported:
					placeholders++
				default:
					t.Error(diags)
				}
			}
			t.Logf("%d rules, %d plans, %d with placeholders", len(set.Rules), plans, placeholders)
		})
	}
}
