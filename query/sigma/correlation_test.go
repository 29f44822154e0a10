package sigma_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/sigma"
)

// correlated are two rules, and a correlation of which the section is given.
func correlated(section string) string {
	var b strings.Builder
	b.WriteString(`title: failed
id: f0
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
  s: {EventID: 4624}
  condition: s
---
title: inner
name: inner
correlation:
  type: event_count
  rules: failed
  group-by: [Computer]
  timespan: 1h
  condition: {gte: 100}
---
title: t
correlation:
`)
	for line := range strings.Lines(section) {
		b.WriteString("  " + line)
	}
	return b.String() + "\n"
}

// dump writes a correlation on one line.
func dump(b *query.Correlation) string {
	out := b.Kind.String()
	for _, f := range b.Values {
		out += " of " + f.Name + " " + f.Type.String()
	}
	if b.Kind == query.ValuePercentile {
		out += fmt.Sprintf(" %v%%", b.Percentile)
	}
	for i := range b.Rules {
		r := &b.Rules[i]
		out += "; " + r.Name
		for _, k := range r.By {
			out += " by " + k.Field.Name
		}
		if r.Correlation != nil {
			out += " (" + dump(r.Correlation) + ")"
		}
	}
	out += "; in " + b.Window.String()
	for _, bound := range b.Bounds {
		out += " " + bound.Op.String() + " " + bound.Value.String()
	}
	if b.Condition != nil {
		out += " if " + dumpLogic(b, b.Condition)
	}
	return out
}

func dumpLogic(b *query.Correlation, l *query.CorrelationLogic) string {
	if len(l.Terms) == 0 {
		return b.Rules[l.Rule].Name
	}
	var terms []string
	for _, t := range l.Terms {
		terms = append(terms, dumpLogic(b, t))
	}
	return [...]string{"all", "any", "not"}[l.Op] + "(" + strings.Join(terms, ", ") + ")"
}

var correlations = []struct{ name, section, want string }{
	{
		"event_count", "type: event_count\nrules: [failed]\ngroup-by: [Computer, User]\ntimespan: 5m\ncondition: {gte: 10}",
		"event_count; failed by Computer by User; in 5m0s >= 10",
	},
	{"by id, one rule, one field, no group", "type: event_count\nrules: f0\ntimespan: 30s\ncondition: {eq: 1}", "event_count; f0; in 30s == 1"},
	{"a range", "type: event_count\nrules: [failed]\ntimespan: 1h\ncondition: {gt: 100, lte: 200}", "event_count; failed; in 1h0m0s > 100 <= 200"},
	{"every comparison", "type: event_count\nrules: [failed]\ntimespan: 1d\ncondition: {lt: 9, neq: 3}", "event_count; failed; in 24h0m0s < 9 != 3"},
	{"value_count", "type: value_count\nrules: [failed]\ntimespan: 1w\ncondition: {field: User, gte: 3}", "value_count of User keyword; failed; in 168h0m0s >= 3"},
	{"value_count of tuples", "type: value_count\nrules: [failed]\ntimespan: 1m\ncondition: {field: [User, Ip], gt: 3}", "value_count of User keyword of Ip keyword; failed; in 1m0s > 3"},
	{"temporal asks for all rules", "type: temporal\nrules: [failed, success]\ngroup-by: [User]\ntimespan: 10s", "temporal; failed by User; success by User; in 10s >= 2"},
	{
		"temporal_ordered of a correlation", "type: temporal_ordered\nrules: [inner, success]\ngroup-by: [User]\ntimespan: 1h",
		"temporal_ordered; inner by User (event_count; failed by Computer; in 1h0m0s >= 100); success by User; in 1h0m0s >= 2",
	},
	{"value_sum", "type: value_sum\nrules: [failed]\ntimespan: 1h\ncondition: {field: Bytes, gt: 1000}", "value_sum of Bytes double; failed; in 1h0m0s > 1000"},
	{"value_avg", "type: value_avg\nrules: [failed]\ntimespan: 1h\ncondition: {field: Bytes, gt: 1.5}", "value_avg of Bytes double; failed; in 1h0m0s > 1.5"},
	{"value_percentile", "type: value_percentile\nrules: [failed]\ntimespan: 1h\ncondition: {field: Bytes, percentile: 95, gte: 8}", "value_percentile of Bytes double 95%; failed; in 1h0m0s >= 8"},
	{"value_median", "type: value_median\nrules: [failed]\ntimespan: 1h\ncondition: {field: Bytes, gte: 8}", "value_percentile of Bytes double 50%; failed; in 1h0m0s >= 8"},
	{
		"aliases", "type: temporal\nrules: [failed, success]\ngroup-by: [ip]\ntimespan: 10s\naliases:\n  ip:\n    failed: source.ip\n    success: destination.ip",
		"temporal; failed by source.ip; success by destination.ip; in 10s >= 2",
	},
	{"an alias by id", "type: temporal\nrules: [failed, success]\ngroup-by: [ip]\ntimespan: 10s\naliases: {ip: {f0: a, success: b}}", "temporal; failed by a; success by b; in 10s >= 2"},
	{
		"a condition over rules", "type: temporal\nrules: [failed, success, inner]\ntimespan: 10s\ncondition: failed and (success or not inner)",
		"temporal; failed; success; inner (event_count; failed by Computer; in 1h0m0s >= 100); in 10s if all(failed, any(success, not(inner)))",
	},
	{"rules named by the condition alone", "type: temporal\ntimespan: 10s\ncondition: failed and success", "temporal; failed; success; in 10s if all(failed, success)"},
	{"a month and a year", "type: event_count\nrules: [failed]\ntimespan: 1M\ncondition: {gt: 1}", "event_count; failed; in 730h29m6s > 1"},
}

func TestCorrelations(t *testing.T) {
	for _, c := range correlations {
		t.Run(c.name, func(t *testing.T) {
			plan, diags := lower(t, correlated(c.section), sigma.Options{})
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			if got := dump(plan.Body.(*query.Correlation)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

var correlationMistakes = []struct{ name, section, want string }{
	{"no type", "rules: [failed]\ntimespan: 1h", "the correlation has no type"},
	{"an unknown type", "type: event_cout\nrules: [failed]\ntimespan: 1h", "\"event_cout\" is no type of correlation"},
	{"an unknown rule", "type: event_count\nrules: [faild]\ntimespan: 1h\ncondition: {gt: 1}", "no rule has the id or name \"faild\""},
	{"no rules", "type: event_count\ntimespan: 1h\ncondition: {gt: 1}", "the correlation names no rules"},
	{"no timespan", "type: event_count\nrules: [failed]\ncondition: {gt: 1}", "the correlation has no timespan"},
	{"a timespan that is none", "type: event_count\nrules: [failed]\ntimespan: 1 hour\ncondition: {gt: 1}", "\"timespan\" is no time span"},
	{"a timespan beyond all time", "type: event_count\nrules: [failed]\ntimespan: 999999999y\ncondition: {gt: 1}", "\"timespan\" is no time span"},
	{"no condition", "type: event_count\nrules: [failed]\ntimespan: 1h", "the correlation has no condition"},
	{"no field", "type: value_count\nrules: [failed]\ntimespan: 1h\ncondition: {gt: 1}", "value_count needs a field"},
	{"two fields", "type: value_sum\nrules: [failed]\ntimespan: 1h\ncondition: {field: [a, b], gt: 1}", "value_sum takes one field"},
	{"a field that nobody looks at", "type: event_count\nrules: [failed]\ntimespan: 1h\ncondition: {field: a, gt: 1}", "event_count does not look at a field"},
	{"no percentile", "type: value_percentile\nrules: [failed]\ntimespan: 1h\ncondition: {field: a, gt: 1}", "value_percentile needs a percentile from 0 to 100"},
	{"a comparison that is none", "type: event_count\nrules: [failed]\ntimespan: 1h\ncondition: {more: 1}", "\"more\" is no comparison"},
	{"a comparison with a text", "type: event_count\nrules: [failed]\ntimespan: 1h\ncondition: {gt: '1'}", "\"gt\" must be a number, this is a string"},
	{"a condition over rules where numbers are due", "type: event_count\nrules: [failed]\ntimespan: 1h\ncondition: failed", "event_count needs a condition that compares"},
	{"a rule that is not listed", "type: temporal\nrules: [failed]\ntimespan: 1h\ncondition: failed and success", "the correlation has no rule success"},
	{"a rule that the condition leaves out", "type: temporal\nrules: [failed, success]\ntimespan: 1h\ncondition: failed", "the condition does not name the rule success"},
	{"an alias that misses a rule", "type: temporal\nrules: [failed, success]\ngroup-by: [ip]\ntimespan: 1h\naliases: {ip: {failed: a}}", "the alias ip says nothing of the rule success"},
	{"generate that is no boolean", "type: event_count\nrules: [failed]\ntimespan: 1h\ncondition: {gt: 1}\ngenerate: often", "\"generate\" must be true or false, this is a string"},
}

func TestCorrelationMistakes(t *testing.T) {
	for _, c := range correlationMistakes {
		t.Run(c.name, func(t *testing.T) {
			_, diags := lower(t, correlated(c.section), sigma.Options{})
			if len(diags) == 0 {
				t.Fatal("nothing is wrong with it")
			}
			if got := diags[0].Summary; got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestCorrelationsThatReferToThemselves(t *testing.T) {
	const file = "title: a\nname: a\ncorrelation: {type: temporal, rules: [b], timespan: 1h}\n---\ntitle: b\nname: b\ncorrelation: {type: temporal, rules: [a], timespan: 1h}\n"
	_, diags := lower(t, file, sigma.Options{})
	if len(diags) == 0 || diags[0].Summary != "the correlation refers to itself" {
		t.Errorf("got %v", diags)
	}
}

// TestAggregations: what stands behind the bar of a condition.
func TestAggregations(t *testing.T) {
	for _, c := range []struct{ name, condition, want string }{
		{"count", "s | count() > 5", "event_count; t; in 15m0s > 5"},
		{"count by", "s | count() by a, b >= 5", "event_count; t by a by b; in 15m0s >= 5"},
		{"count of a field", "s | count(x) by a > 5", "value_count of x keyword; t by a; in 15m0s > 5"},
		{"sum", "s | sum(x) > 5", "value_sum of x double; t; in 15m0s > 5"},
		{"avg", "s | avg(x) < 5", "value_avg of x double; t; in 15m0s < 5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan, diags := lower(t, detection("s: {f: a}\ntimeframe: 15m\ncondition: "+c.condition), sigma.Options{})
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			if got := dump(plan.Body.(*query.Correlation)); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

// TestSourcesOfSeveralFiles: the places of a correlation's plan lie in a source
// that holds the files of all its rules, its own first.
func TestSourcesOfSeveralFiles(t *testing.T) {
	var rules []*sigma.Rule
	for i, text := range []string{
		"title: c\ncorrelation: {type: temporal, rules: [one, two], timespan: 1h}\n",
		"title: one\nname: one\nlogsource: {product: a}\ndetection: {s: {f: first}, condition: s}\n",
		"title: two\nname: two\nlogsource: {product: a}\ndetection: {s: {f: second}, condition: s}\n",
	} {
		read, diags := sigma.Read(&query.Source{Name: fmt.Sprint(i, ".yml"), Text: text}, query.Limits{})
		if len(diags) > 0 {
			t.Fatal(diags)
		}
		rules = append(rules, read...)
	}
	plan, diags := sigma.Lower(rules[0], sigma.Options{Set: sigma.NewSet(rules)})
	if diags.Err() != nil {
		t.Fatal(diags)
	}
	var got []string
	for p := range plan.Body.Preds {
		got = append(got, plan.Source.Slice(p.Pos()))
	}
	if !slices.Equal(got, []string{"f: first", "f: second"}) {
		t.Errorf("got %q", got)
	}
	if !strings.HasPrefix(plan.Source.Text, rules[0].Source.Text) {
		t.Error("the source does not begin with the rule's own")
	}
}
