package gen

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// edgeRows tell the edges of a query: the outcome, the documents less their
// times, and the reason.
var edgeRows = []struct {
	name     string
	language query.Language
	text     string
	want     string
}{
	{"a text", query.EQL, `any where a == "x"`, `
no-match: {"a":"xx"} a goes on after "x"
no-match: {"a":"X"} the test of a tells capitals from small letters
no-match: {} without a the rule does not match
`},
	{"a pattern", query.EQL, `any where a : ("b*", "?c")`, `
match: {"a":"bany"} a has something for every * of "b*"
no-match: {"a":"aac"} a has two characters for a ? of "?c"
no-match: {"a":"acx"} a goes on after "?c"
match: {"a":"B"} the test of a ignores letter case
no-match: {} without a the rule does not match
`},
	{"texts of one field that must all be there", query.EQL, `any where a == "x" and a == "y"`, ``},
	{"an exclusion", query.EQL, `any where a != null and not a : "b*"`, `
no-match: {"a":"bany"} a has something for every * of "b*"
match: {"a":"xbany"} a has more in front of "b*"
no-match: {"a":"B"} the test of a ignores letter case
`},
	{"a range", query.KQL, `source.port > 5 and source.port <= 9`, `
match: {"source":{"port":9}} source.port is 9, and the clause asks for at most 9
`},
	{"networks", query.EQL, `any where cidrMatch(source.ip, "10.0.0.0/8")`, `
no-match: {"source":{"ip":"11.0.0.0"}} source.ip is 11.0.0.0, beside the end of "10.0.0.0/8"
no-match: {} without source.ip the rule does not match
`},
	{"a sequence", query.EQL, `sequence by h [any where a : "x*"] [any where h : "y"]`, `
match: {"a":"xany","h":"y"} {"h":"y"} a has something for every * of "x*"
match: {"a":"X","h":"y"} {"h":"y"} the test of a ignores letter case
no-match: {"h":"y"} {"h":"y"} without a the rule does not match
no-match: {"a":"x","h":"yx"} {"h":"yx"} h goes on after "y"
no-match: {"a":"x","h":"xy"} {"h":"xy"} h has more in front of "y"
match: {"a":"x","h":"Y"} {"h":"Y"} the test of h ignores letter case
no-match: {"a":"x"} {} without h the rule does not match
`},
}

func TestEdges(t *testing.T) {
	for _, tt := range edgeRows {
		t.Run(tt.name, func(t *testing.T) {
			s := Check(ruleset.FromQuery(tt.text, tt.language), Options{Edges: true})
			var b strings.Builder
			for _, c := range s.Cases {
				if strings.HasPrefix(c.Name, "edge/") {
					fmt.Fprintf(&b, "%s:", c.Expect)
					for _, d := range c.Events.Docs {
						b.WriteString(" " + d.Without("@timestamp").String())
					}
					fmt.Fprintf(&b, " %s\n", c.Why)
				}
			}
			if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), b.String()); diff != "" {
				t.Errorf("-want +got\n%s\n%s", diff, b.String())
			}
		})
	}
}
