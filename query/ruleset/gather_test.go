package ruleset

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rematch-dev/rematch/query"
)

func TestLongDisjunctionsAreLists(t *testing.T) {
	terms := func(n int, format, join string) string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprintf(format, i))
		}
		return strings.Join(out, join)
	}
	for _, c := range []struct {
		name, query string
		leaves      int
		items       int // of the longest
	}{
		{"a long or", terms(100, `process.name == "a%d"`, " or "), 1, 100},
		{"beside something else", terms(100, `process.name == "a%d"`, " or ") + ` or process.pid == 1`, 2, 100},
		{"a long and of exclusions", terms(100, `process.pid != %d`, " and "), 1, 100},
		{"two kinds", terms(40, `process.name == "a%d"`, " or ") + " or " + terms(40, `process.name : "b%d*"`, " or "), 2, 40},
		{"a short or", terms(10, `process.name == "a%d"`, " or "), 10, 0},
		{"a long and of wishes", terms(40, `process.args : "a%d"`, " and "), 40, 0},
		{"under a not", "not (" + terms(50, `process.name == "a%d"`, " or ") + ")", 1, 50},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan, diags := FromQuery("any where "+c.query, query.EQL).Compile(CompileOptions{})
			if diags.Err() != nil {
				t.Fatal(diags)
			}
			leaves := query.Leaves(nil, plan.Body.(*query.Event).Where)
			longest := 0
			for _, l := range leaves {
				if len(l.Items) > 1 {
					longest = max(longest, len(l.Items))
				}
				for _, item := range l.Items {
					if text := plan.Source.Slice(item.Span); len(l.Items) > 1 && !strings.HasPrefix(text, "process.") {
						t.Errorf("an item is %q in the source", text)
					}
				}
			}
			if len(leaves) != c.leaves || longest != c.items {
				t.Errorf("%d leaves, %d items, want %d and %d", len(leaves), longest, c.leaves, c.items)
			}
		})
	}
}
