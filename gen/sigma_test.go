package gen_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/schema"
)

// wizard asks one field to be a word and to hold a class id, which no one text can
// do. A public rule makes this mistake.
const wizard = `title: Wizard with a class id
logsource: {product: windows, category: process_creation}
detection:
  selection:
    CommandLine: RunWizard
  id:
    CommandLine|re: '\{[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\}'
  condition: selection and id
`

// TestContradictionInOneField: a field holds one value, unless a schema knows
// better. That several values would do is no way out by itself.
func TestContradictionInOneField(t *testing.T) {
	set, diags := ruleset.OpenFS(fstest.MapFS{"r.yml": {Data: []byte(wizard)}}, "test", ruleset.Options{})
	if diags.Err() != nil {
		t.Fatal(diags)
	}
	s := gen.Check(set.Rules[0], gen.Options{})
	if s.Verdict != gen.Unsatisfiable {
		t.Fatalf("%s: %v", s.Verdict, s.Findings)
	}
	d := s.Findings[len(s.Findings)-1]
	var lines []string
	for _, at := range d.Subjects {
		lines = append(lines, d.Source.Slice(at))
	}
	if got := strings.Join(lines, "\n"); !strings.Contains(got, "CommandLine: RunWizard") || !strings.Contains(got, "CommandLine|re:") || len(lines) != 2 {
		t.Errorf("the proof is\n%s", got)
	}
	several := schema.FromFields("several", []schema.Entry{{Name: "CommandLine", Type: query.Keyword, Array: true}})
	if s := gen.Check(set.Rules[0], gen.Options{Tables: []*schema.Table{several}}); s.Verdict != gen.Verified {
		t.Errorf("with several values: %s: %v", s.Verdict, s.Findings)
	}
}

// service repeats in keywords what the selection asks of fields. Keywords are
// searched for in all of them, numbers too.
const service = `title: Service control in a web request
logsource: {category: webserver}
detection:
  selection:
    cs-method: GET
    sc-status: 404
  keywords:
    '|all': [GET, 404]
  condition: selection or keywords
`

// TestKeywordsThatSayItAll: what the keywords find in a field of the rule counts
// as well, so that the selection never decides.
func TestKeywordsThatSayItAll(t *testing.T) {
	set, diags := ruleset.OpenFS(fstest.MapFS{"r.yml": {Data: []byte(service)}}, "test", ruleset.Options{})
	if diags.Err() != nil {
		t.Fatal(diags)
	}
	s := gen.Check(set.Rules[0], gen.Options{})
	if want := (gen.Leaves{Covered: 2, Dead: 2}); s.Verdict != gen.Verified || s.Leaves != want {
		t.Errorf("%s, leaves %+v: %v", s.Verdict, s.Leaves, s.Findings)
	}
}
