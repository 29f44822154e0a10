package gen

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rematch-dev/rematch/query/ruleset"
)

// Thresholds on different values of a field about which the rule says more.
var distincts = []struct {
	name        string
	query       string
	by          string
	field       string
	count       int
	want        Verdict
	explanation string // a part of the diagnostic
}{
	{"as many as there are", `event.action : (a or b or c)`, "host.id", "event.action", 3, Verified, ""},
	{"one more than there are", `event.action : (a or b or c)`, "host.id", "event.action", 4, Unsatisfiable, "of the values that the rule admits there are 3"},
	{"only one", `event.action : a`, "host.id", "event.action", 2, Unsatisfiable, "there are 1"},
	{"a list has its value and others", `process.args : a`, "", "process.args", 30, Verified, ""},
	{"a list has its values and others", `process.args : (a and b)`, "", "process.args", 3, Verified, ""},
	{"a list of addresses is the bucket too", `host.ip : 10.0.0.1`, "host.ip", "host.ip", 3, Verified, ""},
	{"all addresses of a network", `source.ip : 10.0.0.0/30`, "user.name", "source.ip", 4, Verified, ""},
	{"more than a network has", `source.ip : 10.0.0.0/30`, "user.name", "source.ip", 5, Unsatisfiable, "there are 4"},
	{"numbers with gaps", `destination.port > 9 and destination.port < 20 and not destination.port : (11 or 13 or 15)`, "source.ip", "destination.port", 7, Verified, ""},
	{"too many gaps", `destination.port > 9 and destination.port < 20 and not destination.port : (11 or 13 or 15)`, "source.ip", "destination.port", 8, Unsatisfiable, "there are 7"},
	{"true and false", `process.code_signature.exists : *`, "host.id", "process.code_signature.exists", 2, Verified, ""},
	{"no third truth", `process.code_signature.exists : *`, "host.id", "process.code_signature.exists", 3, Unsatisfiable, "there are 2"},
	{"a bucket has one value of its own field", `process.pid : *`, "process.pid", "process.pid", 2, Unsatisfiable, "groups by this field"},
	{
		"the values come with others", `(process.name : a and user.name : x) or (process.name : b and user.name : y)`,
		"host.id", "process.name", 2, Verified, "",
	},
	{
		"the values come in different buckets", `(process.name : a and user.name : x) or (process.name : b and user.name : y)`,
		"user.name", "process.name", 2, Unsatisfiable, "every bucket has fewer",
	},
	{
		"another bucket than the first", `(process.name : a and user.name : x) or (process.name : (b or c) and user.name : y)`,
		"user.name", "process.name", 2, Verified, "",
	},
}

func TestDistinct(t *testing.T) {
	for _, d := range distincts {
		t.Run(d.name, func(t *testing.T) {
			by := `[]`
			if d.by != "" {
				by = `["` + d.by + `"]`
			}
			file := fmt.Sprintf("[rule]\nname = 'r'\nrule_id = 'r'\ntype = 'threshold'\nquery = '%s'\n[rule.threshold]\nfield = %s\nvalue = 1\n[[rule.threshold.cardinality]]\nfield = '%s'\nvalue = %d\n",
				d.query, by, d.field, d.count)
			set, diags := ruleset.OpenFS(fstest.MapFS{"r.toml": {Data: []byte(file)}}, "test", ruleset.Options{})
			if err := diags.Err(); err != nil {
				t.Fatal(err)
			}
			suite := Check(set.Rules[0], Options{})
			var said strings.Builder
			for _, f := range suite.Findings {
				said.WriteString(f.Summary + "; " + f.Detail + "\n")
			}
			if suite.Verdict != d.want || !strings.Contains(said.String(), d.explanation) {
				t.Errorf("is %s, not %s\n%s", suite.Verdict, d.want, &said)
			}
		})
	}
}
