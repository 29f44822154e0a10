package eval

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// Rules and events are written as in sequence_test.go; a partial sequence as
// "events? step: why", all counted from 1.
func TestPartials(t *testing.T) {
	for _, tt := range []struct{ rule, events, want string }{
		{"A B", "A B", ""},
		{"A B", "C B", ""}, // none begins
		{"A B", "A", "1? 2: no later document is like that"},
		{"A B", "B A", "2? 2: no later document is like that; document 1 comes too early"},
		{"A B C", "A B", "1-2? 3: no later document is like that"},
		{"A*3 B", "A A B", "1-2? 1 (3): no later document is like that"},
		{"A B by", "A1 B2", "1? 2: no later document is like that, with the same key: document 2 has not"},
		{"A B by", "A1 B B2 B3 B4", "1? 2: no later document is like that, with the same key: documents 2, 3, 4 and 1 more have not"},
		{"A B by", "A1 A2 B2", "1? 2: no later document is like that, with the same key: document 3 has not"},
		{"A B maxspan=5", "A B@9", "1? 2: document 2 came 8s after the first, later than maxspan=5s allows"},
		{"A B until=U", "A U B", "1? 2: document 2, an event of “until”, came before document 3"},
		{"A !M B", "A M B", "1-3? 3: a document is there that must be missing"},
		{"A B", "A A", "2? 2: no later document is like that"}, // the later one takes the place
		{"A B", "A B A", "3? 2: no later document is like that; document 2 comes too early"},
	} {
		p, err := Compile(&query.Plan{Body: parseRule(tt.rule)}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		set, now := query.EventSet{Docs: parseEvents(tt.events)}, epoch.Add(time.Hour)
		var got []string
		for _, s := range p.Partials(set, now, func(doc int) int { return doc + 1 }) {
			step := fmt.Sprint(s.Next + 1)
			if s.Run > 1 && strings.Contains(tt.rule, "*") {
				step += fmt.Sprintf(" (%d)", s.Run)
			}
			got = append(got, alertText([][]int{s.Docs})+"? "+step+": "+s.Why)
		}
		if text := strings.Join(got, " | "); text != tt.want {
			t.Errorf("%s over %s:\n got %s\nwant %s", tt.rule, tt.events, text, tt.want)
		}
	}
}
