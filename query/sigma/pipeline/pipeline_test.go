package pipeline_test

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/schema"
	"github.com/rematch-dev/rematch/query/sigma"
	"github.com/rematch-dev/rematch/query/sigma/pipeline"
)

// A field that a table maps to is one of the schema, with a type that has values.
func TestTargetsAreFieldsOfTheSchema(t *testing.T) {
	known := schema.NewResolver(schema.Default())
	seen := 0
	for _, b := range pipeline.Builtins() {
		if !strings.HasPrefix(b.Name, "ecs-") {
			continue
		}
		if len(b.For) == 0 || b.Summary == "" {
			t.Errorf("%s is for nothing, or says nothing of itself", b.Name)
		}
		for _, name := range b.Targets {
			seen++
			f, _ := known.Field(strings.ReplaceAll(name, "*", "any"))
			if f.Inferred {
				t.Errorf("%s maps to %s, which no schema knows", b.Name, name)
			} else if f.Type.Family() == query.Opaque || f.Nested != "" {
				t.Errorf("%s maps to %s, a %s, in %q", b.Name, name, f.Type, f.Nested)
			}
		}
	}
	if seen < 300 {
		t.Errorf("only %d targets", seen)
	}
}

// What a pipeline is asked about stays as it was, and goroutines may share both.
func TestRulesAreNotChanged(t *testing.T) {
	const text = `
title: t
name: r
logsource: {product: windows, category: process_creation}
fields: [Image]
detection:
  sel:
    Image|endswith: '\x.exe'
    User|contains|all: [a, 'b\c']
    Hashes|contains: ['MD5=00', 'SHA1=11']
  condition: sel
`
	rules, _ := sigma.Read(&query.Source{Name: "r.yml", Text: text}, query.Limits{})
	p := pipeline.Named("ecs")
	before, _ := sigma.Lower(rules[0], sigma.Options{})
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 20 {
				p.Rule(rules[0], rules[0].Logsource, true)
				p.Keys(rules[0], "User")
			}
		})
	}
	wait.Wait()
	after, _ := sigma.Lower(rules[0], sigma.Options{})
	for _, plans := range [][2]*query.Plan{{before, after}} {
		var texts [2]string
		for i, plan := range plans {
			for pred := range plan.Body.Preds {
				texts[i] += text2(pred)
			}
		}
		if texts[0] != texts[1] {
			t.Errorf("before %s\nafter  %s", texts[0], texts[1])
		}
	}
	if got := rules[0].FieldNames; len(got) != 1 || got[0] != "Image" {
		t.Errorf("the list of fields is %v", got)
	}
}

func text2(p query.Pred) string { return text(p, true) }

// A field that an analyst looks at has the name of the other logs too.
func TestFieldsToLookAtAreMapped(t *testing.T) {
	r := &sigma.Rule{Source: &query.Source{}, FieldNames: []string{"Image", "User", "Other"}, Logsource: sigma.Logsource{Product: "windows", Category: "process_creation"}}
	to, _ := pipeline.Named("ecs-windows").Rule(r, r.Logsource, false)
	if got := strings.Join(to.FieldNames, " "); got != "process.executable user.name winlog.event_data.Other" {
		t.Error(got)
	}
}

// Limits hold for what a pipeline makes of a rule, not only for how it is written.
func TestWhatAPipelineMakesIsBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("transformations:\n")
	for range 30 { // doubles the values each time
		b.WriteString("  - type: map_string\n    mapping: {x: [x, x]}\n")
	}
	p, diags := pipeline.Read(&query.Source{Name: "p.yml", Text: b.String()}, query.Limits{})
	if p == nil {
		t.Fatal(diags)
	}
	rules, _ := sigma.Read(&query.Source{Name: "r.yml", Text: "title: t\nlogsource: {product: p}\ndetection:\n  s: {a: x}\n  condition: s\n"}, query.Limits{})
	_, diags = p.Rule(rules[0], rules[0].Logsource, false)
	if err := diags.Err(); err == nil || diags[0].Code != query.CodeLimit {
		t.Errorf("2^30 values are no error but %v", diags)
	}
	b.Reset()
	b.WriteString("transformations:\n")
	for range 30 { // doubles the items each time
		b.WriteString("  - type: field_name_mapping\n    mapping: {a: [a, a]}\n")
	}
	if p, diags = pipeline.Read(&query.Source{Name: "p.yml", Text: b.String()}, query.Limits{}); p == nil {
		t.Fatal(diags)
	}
	_, diags = p.Rule(rules[0], rules[0].Logsource, false)
	if err := diags.Err(); err == nil || diags[0].Code != query.CodeLimit {
		t.Errorf("2^30 items are no error but %v", diags)
	}
}

// FuzzRead reads pipelines and applies them to rules. Nothing panics, a pipeline
// that cannot be used has an error, and a rule comes out as a rule or an error.
func FuzzRead(f *testing.F) {
	files, _ := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	for _, file := range files {
		for _, s := range scripts(f, file) {
			f.Add(s.pipeline, s.rule)
		}
	}
	limits := query.Limits{Bytes: 1 << 16, Depth: 50, Nodes: 2000}
	f.Fuzz(func(t *testing.T, yaml, rule string) {
		p, diags := pipeline.Read(&query.Source{Name: "p.yml", Text: yaml}, limits)
		if p == nil {
			if diags.Err() == nil {
				t.Fatal("no pipeline, and no error")
			}
			return
		}
		p = pipeline.Join(p, pipeline.Named("ecs"))
		rules, _ := sigma.Read(&query.Source{Name: "r.yml", Text: rule}, limits)
		set := sigma.NewSet(rules)
		for _, r := range rules {
			plan, diags := sigma.Lower(r, sigma.Options{
				Set:    set,
				Limits: limits,
				Map:    func(r *sigma.Rule, of sigma.Logsource) (*sigma.Rule, query.Diagnostics) { return p.Rule(r, of, true) },
				Keys:   p.Keys,
				Fields: schema.NewResolver(schema.Default()),
				Typed:  true,
			})
			if plan == nil && diags.Err() == nil {
				t.Fatal("no plan, and no error")
			}
			for _, d := range diags {
				query.Printer{}.Print(d)
			}
		}
	})
}
