package reports

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/reports/diff"
)

// overlappingReport is about a rule, one that it covers, its twin, and one that
// has nothing to do with them.
func overlappingReport(t *testing.T) *Report {
	t.Helper()
	set := &ruleset.Set{Name: "overlaps"}
	for _, r := range []struct{ id, query string }{
		{"wide", `process where process.name : ("a.exe", "b.exe")`},
		{"narrow", `process where process.name : "a.exe" and user.name == "x"`},
		{"twin", `process where process.name : "b.exe" or process.name : "a.exe"`},
		{"apart", `network where destination.port == 53`},
	} {
		rule := ruleset.FromQuery(r.query, query.EQL)
		rule.ID, rule.Name, rule.File = r.id, "The "+r.id+" rule", r.id+".eql"
		set.Rules = append(set.Rules, rule)
	}
	return Build(gen.CheckAll(set, gen.Options{}), Options{Overlaps: &diff.OverlapOptions{}})
}

func TestOverlapsAreTold(t *testing.T) {
	report := overlappingReport(t)
	var md, nb bytes.Buffer
	if err := report.Markdown(&md); err != nil {
		t.Fatal(err)
	}
	if err := report.Notebook(&nb); err != nil {
		t.Fatal(err)
	}
	page := sampleHTML(t, report)
	for _, c := range []struct{ where, text, want string }{
		{"report.md", md.String(), "| The twin rule | the same | The wide rule |"},
		{"report.md", md.String(), "| The narrow rule | covered | The wide rule |"},
		{"report.md", md.String(), "- The wide rule, but not The narrow rule\n"},
		{"report.md", md.String(), "What 2 rules can match, another rule matches too."},
		{"report.html", page, `<a href="#rule-narrow">The narrow rule</a> <span class="muted">can only match where this one does:</span> <a href="#rule-wide">The wide rule</a>`},
		{"report.html", page, `<a href="#rule-twin">The twin rule</a> <span class="muted">matches exactly what this one does:</span> <a href="#rule-wide">The wide rule</a>`},
		{"report.html", page, `{"rule":2,"by":0,"mutual":true}`},
		{"report.ipynb", nb.String(), `\"covered_by\":[\"wide\",\"twin\"]`},
		{"report.ipynb", nb.String(), `\"same_as\":[\"wide\"]`},
	} {
		if !strings.Contains(c.text, c.want) && !strings.Contains(c.text, strings.ReplaceAll(c.want, `\"`, `\\\"`)) {
			t.Errorf("%s does not say %s", c.where, c.want)
		}
	}
	if strings.Contains(md.String(), "The apart rule |") && strings.Contains(md.String(), "| The apart rule | covered") {
		t.Error("a rule that overlaps with none is listed")
	}
}

// A set without overlaps says so where they were looked for, and nothing where
// they were not.
func TestNoOverlaps(t *testing.T) {
	rule := ruleset.FromQuery(`process where process.pid == 4`, query.EQL)
	for _, c := range []struct {
		opts Options
		want bool
	}{{Options{Overlaps: &diff.OverlapOptions{}}, true}, {Options{}, false}} {
		page := sampleHTML(t, Build(gen.CheckAll(&ruleset.Set{Rules: []*ruleset.Rule{rule}}, gen.Options{}), c.opts))
		if got := strings.Contains(page, "No rule is covered by another one."); got != c.want {
			t.Errorf("looked for: %v, told: %v", c.want, got)
		}
	}
}
