package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/sigma/pipeline"
	"github.com/rematch-dev/rematch/query/sigma/winlog"
)

// layoutRules are for events of several kinds; public rules come on top.
const layoutRules = `title: Process
logsource: {product: windows, category: process_creation}
detection:
  sel: {Image|endswith: '\x.exe', User|contains: 'ADMIN'}
  not: {CommandLine: null}
  condition: sel and not 1 of no*
---
title: Head of an event
logsource: {product: windows, service: system}
detection:
  sel: {EventID: [7045, 7036], Provider_Name: 'Service Control Manager', Level: 4, Channel: System, Computer|contains: dc}
  condition: sel
---
title: Names with dots and several values
logsource: {product: azure, service: auditlogs}
detection:
  sel: {properties.result: failure, 'TargetResources.x|contains|all': [a, b]}
  condition: sel
---
title: Keywords
logsource: {product: linux}
detection:
  words: [alpha, 'b*a']
  condition: words
---
title: Zeek
logsource: {product: zeek, service: conn}
detection:
  sel: {id.orig_h|cidr: 10.0.0.0/8, id.resp_p|lt: 1024}
  condition: sel
`

// A document that is written in any layout, with or without a pipeline, is read
// back as one of the same verdict.
func TestLayoutsAreReadBack(t *testing.T) {
	own := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(own, []byte(layoutRules), 0o666); err != nil {
		t.Fatal(err)
	}
	files := []struct {
		path string
		step int
	}{{own, 1}}
	if corpus := filepath.Join("..", "..", "..", "shared", "corpora", "sigma-rules.zip"); !testing.Short() {
		if _, err := os.Stat(corpus); err == nil {
			files = append(files, struct {
				path string
				step int
			}{corpus, 60})
		}
	}
	read := 0
	for _, file := range files {
		for _, names := range [][]string{nil, {"sysmon"}, {"ecs"}, {"windows-audit", "ecs"}} {
			var all []*pipeline.Pipeline
			for _, name := range names {
				all = append(all, pipeline.Named(name))
			}
			set, diags := ruleset.Open(file.path, ruleset.Options{Pipeline: pipeline.Join(all...)})
			if diags.Err() != nil {
				t.Fatal(diags)
			}
			for i := 0; i < len(set.Rules); i += file.step {
				rule := set.Rules[i]
				suite := gen.Check(rule, gen.Options{Cover: gen.CoverLeaves})
				if suite.Verdict != gen.Verified {
					continue
				}
				program, err := eval.Compile(suite.Plan, eval.Options{})
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range suite.Cases {
					for _, layout := range []string{"nested", "flat", "winlog"} {
						doc := layoutFlag{layout}.of(c.Events.Docs[0], rule)
						back, err := query.ParseDocument(doc.AppendJSON(nil))
						if err != nil {
							t.Fatalf("%s: %s: %v", rule.Name, doc, err)
						}
						if rule.Flat() {
							back = winlog.Flatten(back)
						}
						read++
						if got := program.Match(back, c.Now); got != (c.Expect == gen.Match) {
							t.Errorf("%s, %v, %s: %s must be %s\n%s", rule.Name, names, layout, doc, c.Expect, program.Explain(back, c.Now))
						}
					}
				}
			}
		}
	}
	t.Logf("%d documents were written and read back", read)
}
