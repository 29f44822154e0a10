package ruleset

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/schema"
)

// Rules that the engine refuses, or that are not supported: which code, and
// what the first caret stands under.
var refusals = []struct {
	name  string
	rule  string
	code  query.Code
	under string
}{
	{"no type", `{"rule_id":"r","query":"*"}`, query.CodeFormat, ""},
	{"unknown type", `{"rule_id":"r","type":"magic","query":"*"}`, query.CodeUnsupported, `"magic"`},
	{"machine learning", `{"rule_id":"r","type":"machine_learning"}`, query.CodeUnsupported, `"machine_learning"`},
	{"ES|QL", `{"rule_id":"r","type":"esql","language":"esql","query":"from a"}`, query.CodeUnsupported, `"esql"`},
	{"saved query", `{"rule_id":"r","type":"saved_query","saved_id":"x"}`, query.CodeUnsupported, `"saved_query"`},
	{"language of another type", `{"rule_id":"r","type":"eql","language":"kuery","query":"*"}`, query.CodeFormat, `"kuery"`},
	{"no such language", `{"rule_id":"r","type":"query","language":"sql","query":"*"}`, query.CodeFormat, `"sql"`},
	{"query: none", `{"rule_id":"r","type":"query"}`, query.CodeFormat, `"query"`},
	{"eql: none", `{"rule_id":"r","type":"eql"}`, query.CodeFormat, `"eql"`},
	{"query is no text", `{"rule_id":"r","type":"query","query":5}`, query.CodeFormat, `5`},
	{"tags are no list", `{"rule_id":"r","type":"query","query":"*","tags":{"a":1}}`, query.CodeFormat, `{"a":1}`},
	{"from in the future", `{"rule_id":"r","type":"query","query":"*","from":"now+5m"}`, query.CodeFormat, `"now+5m"`},
	{"interval without a unit", `{"rule_id":"r","type":"query","query":"*","interval":"5"}`, query.CodeFormat, `"5"`},
	{"timestamp field", `{"rule_id":"r","type":"eql","query":"any where true","timestamp_field":"t"}`, query.CodeUnsupported, `"t"`},
	{"threshold: none", `{"rule_id":"r","type":"threshold","query":"*"}`, query.CodeFormat, `"threshold"`},
	{"threshold: no value", `{"rule_id":"r","type":"threshold","query":"*","threshold":{"field":[]}}`, query.CodeFormat, `{"field"`},
	{"threshold: value is text", `{"rule_id":"r","type":"threshold","query":"*","threshold":{"field":[],"value":"9"}}`, query.CodeFormat, `"9"`},
	{"threshold: six fields", `{"rule_id":"r","type":"threshold","query":"*","threshold":{"field":["a","b","c","d","e","f"],"value":1}}`, query.CodeFormat, `"f"`},
	{"threshold: cardinality without value", `{"rule_id":"r","type":"threshold","query":"*","threshold":{"field":[],"value":1,"cardinality":[{"field":"c"}]}}`, query.CodeFormat, `"c"`},
	{"new terms: none", `{"rule_id":"r","type":"new_terms","query":"*"}`, query.CodeFormat, `"new_terms"`},
	{"new terms: no window", `{"rule_id":"r","type":"new_terms","query":"*","new_terms_fields":["a"]}`, query.CodeFormat, `["a"]`},
	{"new terms: window inside the run", `{"rule_id":"r","type":"new_terms","query":"*","new_terms_fields":["a"],"history_window_start":"now-5m"}`, query.CodeFormat, `"now-5m"`},
	{"new terms: four fields", `{"rule_id":"r","type":"new_terms","query":"*","new_terms_fields":["a","b","c","d"],"history_window_start":"now-5d"}`, query.CodeFormat, `"d"`},
	{"threat match: no mapping", `{"rule_id":"r","type":"threat_match","query":"*","threat_query":"*"}`, query.CodeFormat, `"threat_match"`},
	{"threat match: no indicator query", `{"rule_id":"r","type":"threat_match","query":"*","threat_mapping":[{"entries":[{"field":"a","value":"b"}]}]}`, query.CodeFormat, `[{"entries"`},
	{"threat match: entry without value", `{"rule_id":"r","type":"threat_match","query":"*","threat_query":"*","threat_mapping":[{"entries":[{"field":"a"}]}]}`, query.CodeFormat, `{"field"`},
	{"threat match: only negated", `{"rule_id":"r","type":"threat_match","query":"*","threat_query":"*","threat_mapping":[{"entries":[{"field":"a","value":"b","negate":true}]}]}`, query.CodeFormat, `{"field"`},
	{"threat match: negated twin", `{"rule_id":"r","type":"threat_match","query":"*","threat_query":"*","threat_mapping":[{"entries":[{"field":"a","value":"b"},{"value":"b","field":"a","negate":true}]}]}`, query.CodeFormat, `{"value"`},
	{"threat match: language", `{"rule_id":"r","type":"threat_match","query":"*","threat_query":"*","threat_language":"eql","threat_mapping":[{"entries":[{"field":"a","value":"b"}]}]}`, query.CodeFormat, `"eql"`},
	{"query does not parse", `{"rule_id":"r","type":"query","query":"k:("}`, query.CodeSyntax, ""},
}

func TestRefusals(t *testing.T) {
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			r := readOne(t, "r.json", c.rule)
			plan, diags := r.Compile(CompileOptions{})
			if plan != nil || diags.Err() == nil {
				t.Fatalf("it compiles: %v", diags)
			}
			d := diags[0]
			if d.Code != c.code {
				t.Errorf("code %s, want %s: %s", d.Code, c.code, d.Summary)
			}
			if got := c.rule[d.Subjects[0].Start:]; c.under != "" && !strings.HasPrefix(got, c.under) {
				t.Errorf("%s: points at %.30s, want %s", d.Summary, got, c.under)
			}
			if d.Source != r.Source {
				t.Error("no source")
			}
		})
	}
}

func compile(t *testing.T, rule string) (*query.Plan, query.Diagnostics) {
	t.Helper()
	plan, diags := readOne(t, "r.json", rule).Compile(CompileOptions{Tables: []*schema.Table{testTable}})
	if plan == nil {
		t.Fatal(query.Printer{}.Print(diags[0]))
	}
	return plan, diags
}

func names(fields []*query.Field) string {
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	return strings.Join(names, " ")
}

func TestThresholdPlan(t *testing.T) {
	plan, _ := compile(t, `{"rule_id":"r","type":"threshold","query":"k:a","from":"now-1h","timestamp_override":"event.ingested","index":["i-*"],
		"threshold":{"field":["host.id","n"],"value":3,"cardinality":[{"field":"ip","value":2},{"field":"b","value":9}]}}`)
	b := plan.Body.(*query.Threshold)
	if show(b.Where) != `k equals "a"` || names(b.By) != "host.id n" || b.Count != 3 || b.Distinct.Field.Name != "ip" || b.Distinct.Count != 2 {
		t.Errorf("%+v", b)
	}
	if names(plan.Fields) != "k host.id n ip" {
		t.Errorf("fields %s", names(plan.Fields))
	}
	if plan.Window != (query.Window{From: time.Hour, Override: "event.ingested"}) || plan.Indices[0] != "i-*" || plan.Language != query.KQL {
		t.Errorf("%+v", plan)
	}
}

func TestNewTermsPlan(t *testing.T) {
	for _, start := range []string{"now-14d", "now-2w", "now-2w/w", "now-14d/d", "now-13d-24h"} {
		plan, diags := compile(t, `{"rule_id":"r","type":"new_terms","query":"k:a","new_terms_fields":["n","ip"],"history_window_start":"`+start+`"}`)
		if plan == nil {
			t.Fatalf("%s: %v", start, diags)
		}
		b := plan.Body.(*query.NewTerms)
		if names(b.Terms) != "n ip" || b.History != 14*24*time.Hour || names(plan.Fields) != "k n ip" {
			t.Errorf("%s: %+v", start, b)
		}
	}
}

func TestThreatMatchPlan(t *testing.T) {
	plan, _ := compile(t, `{"rule_id":"r","type":"threat_match","query":"k:a","threat_index":["ti-*"],"threat_query":"b:true",
		"filters":[{"exists":{"field":"n"}}],"threat_filters":[{"exists":{"field":"d"}}],
		"threat_mapping":[{"entries":[{"field":"ip","value":"ip"},{"field":"n","value":"n","negate":true}]},{"entries":[{"field":"k","value":"k"}]}]}`)
	b := plan.Body.(*query.IndicatorMatch)
	if show(b.Where) != `(k equals "a" and n exists)` || show(b.Indicators) != `(b equals true and d exists)` {
		t.Errorf("%s; %s", show(b.Where), show(b.Indicators))
	}
	if len(b.Groups) != 2 || len(b.Groups[0]) != 2 || !b.Groups[0][1].Negate || b.Groups[1][0].Field.Name != "k" || b.Indices[0] != "ti-*" {
		t.Errorf("%+v", b.Groups)
	}
	if names(plan.Fields) != "k n b d ip" {
		t.Errorf("fields %s", names(plan.Fields))
	}
}

func TestFiltersHoldForEveryStep(t *testing.T) {
	plan, _ := compile(t, `{"rule_id":"r","type":"eql","filters":[{"exists":{"field":"ip"}}],"event_category_override":"k",
		"query":"sequence by n with maxspan=1m [a where b == true] ![any where d == null] until [any where k == \"x\"]"}`)
	b := plan.Body.(*query.Sequence)
	for p := range b.Preds {
		and, ok := p.(*query.And)
		if !ok || show(and.Terms[len(and.Terms)-1]) != "ip exists" {
			t.Errorf("no filter in %s", show(p))
		}
	}
	if got := show(b.Steps[0].Where); !strings.Contains(got, `k equals "a"`) {
		t.Errorf("event_category_override is not honoured: %s", got)
	}
}

func TestInferredFieldsAreNotedOnce(t *testing.T) {
	rule := `{"rule_id":"r","type":"query","query":"nobody.knows:a or nobody.knows:b"}`
	_, diags := compile(t, rule)
	if len(diags) != 1 || diags[0].Code != query.CodeInferred || diags[0].Severity != query.Note {
		t.Fatal(diags)
	}
	if got := rule[diags[0].Subjects[0].Start:]; !strings.HasPrefix(got, "nobody.knows") {
		t.Errorf("points at %s", got)
	}
}

func TestExceptionsAreNoted(t *testing.T) {
	_, diags := compile(t, `{"rule_id":"r","type":"query","query":"k:a","exceptions_list":[{"list_id":"endpoint_list"}]}`)
	if len(diags) != 1 || diags[0].Code != query.CodeSkipped || diags[0].Detail != "endpoint_list" {
		t.Fatal(diags)
	}
}

func TestRequiredFieldsGiveTypes(t *testing.T) {
	rule := readOne(t, "r.json", `{"rule_id":"r","type":"query","query":"vendor.port > 5 and process.args:a and b:true",
		"required_fields":[{"name":"vendor.port","type":"long"},{"name":"process.args","type":"wildcard"},{"name":"b","type":"keyword"},{"name":"x","type":"unknown"}]}`)
	plan, diags := rule.Compile(CompileOptions{Tables: []*schema.Table{testTable}})
	if plan == nil || len(diags) > 0 {
		t.Fatal(diags)
	}
	want := []struct {
		t     query.Type
		array bool
	}{{query.Long, false}, {query.Wildcard, true}, {query.Boolean, false}} // the user's table goes first
	for i, f := range plan.Fields {
		if f.Type != want[i].t || f.Array != want[i].array || f.Inferred {
			t.Errorf("%+v", f)
		}
	}
}

func TestQueriesWithoutALanguage(t *testing.T) {
	for _, c := range []struct {
		text     string
		language query.Language // "" for a refusal
		code     query.Code
	}{
		{`process where k == "a"`, query.EQL, ""},
		{`sequence [any where true] [any where true]`, query.EQL, ""},
		{`k:a and not n >= 5`, query.KQL, ""},
		{`o:{ k:a }`, query.KQL, ""},
		{`k:/a.*/ AND n:[1 TO 5]`, query.Lucene, ""},
		{`FROM logs-* | WHERE a == 1`, "", query.CodeUnsupported},
		{`process where k == "a" and and`, "", query.CodeSyntax},
		{"k:\xff", "", query.CodeEncoding},
	} {
		t.Run(c.text, func(t *testing.T) {
			plan, diags := FromQuery(c.text, "").Compile(CompileOptions{Tables: []*schema.Table{testTable}})
			switch {
			case c.language != "" && plan == nil:
				t.Fatal(query.Printer{}.Print(diags[0]))
			case c.language != "" && plan.Language != c.language:
				t.Errorf("read as %s, want %s", plan.Language, c.language)
			case c.language != "":
			case plan != nil:
				t.Errorf("read as %s, want a refusal", plan.Language)
			case diags[0].Code != c.code:
				t.Errorf("%s, want %s", diags[0].Code, c.code)
			case c.code == query.CodeSyntax && !strings.Contains(diags[0].Detail, "read as eql"):
				t.Errorf("the detail names no language: %s", diags[0].Detail)
			}
		})
	}
}

func TestNamedLanguageIsNotGuessed(t *testing.T) {
	plan, diags := FromQuery(`process where true`, query.KQL).Compile(CompileOptions{})
	if plan != nil || diags[0].Code != query.CodeUnsupported {
		t.Error(diags) // KQL reads it as words to search for in every field
	}
	if plan, diags := FromQuery(`a`, "basic").Compile(CompileOptions{}); plan != nil || diags[0].Code != query.CodeFormat {
		t.Error(diags)
	}
}

func TestCompileIsSafeForConcurrentUse(t *testing.T) {
	r := readOne(t, "r.json", `{"rule_id":"r","type":"query","query":"k:a","from":"never","filters":[{"wildcard":{"k":"a*"}}]}`)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() { r.Compile(CompileOptions{}) })
	}
	wait.Wait()
}

func TestZeroRuleCompilesToAnError(t *testing.T) {
	if plan, diags := new(Rule).Compile(CompileOptions{}); plan != nil || diags.Err() == nil {
		t.Error(diags)
	}
}
