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
	{"a text", query.EQL, `any where a == "x"`, ``},
	{"a pattern", query.EQL, `any where a : ("b*", "?c")`, ``},
	{"texts of one field that must all be there", query.EQL, `any where a == "x" and a == "y"`, ``},
	{"an exclusion", query.EQL, `any where a != null and not a : "b*"`, ``},
	{"a range", query.KQL, `source.port > 5 and source.port <= 9`, ``},
	{"networks", query.EQL, `any where cidrMatch(source.ip, "10.0.0.0/8")`, ``},
	{"a sequence", query.EQL, `sequence by h [any where a : "x*"] [any where h : "y"]`, ``},
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
