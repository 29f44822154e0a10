package gen

import (
	"strings"
	"testing"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// TestCombinations counts what pairs and combinations come to, and holds the
// number of cases that show them. Of pairs, the largest list times the next is
// the least that can do.
func TestCombinations(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		cover      Cover
		want       Combinations
		cases      int // the most that match
	}{
		{"two lists, pairs", `any where a in ("1", "2", "3") and b in ("x", "y")`, CoverPairs, Combinations{Covered: 6}, 6},
		{"three lists, pairs", `any where a in ("1", "2", "3") and b in ("x", "y", "z") and c in ("p", "q", "r")`, CoverPairs, Combinations{Covered: 27}, 13},
		{"three lists, all", `any where a in ("1", "2", "3") and b in ("x", "y", "z") and c in ("p", "q", "r")`, CoverAll, Combinations{Covered: 27}, 30},
		{"alternatives do not go together", `any where a == "1" or b == "2"`, CoverPairs, Combinations{}, 2},
		{"alternatives of two", `any where (a == "1" or b == "2") and (c == "3" or d == "4")`, CoverPairs, Combinations{Covered: 4}, 4},
		{"one pair cannot be", `any where a : ("x*", "y*") and a : ("*1", "x2")`, CoverPairs, Combinations{Covered: 3, Impossible: 1}, 4},
		{"nothing to choose", `any where a == "1" and b == "2"`, CoverAll, Combinations{}, 1},
		{"steps of a sequence", `sequence by h [any where a in ("1", "2")] [any where b in ("x", "y")]`, CoverPairs, Combinations{Covered: 4}, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := Check(ruleset.FromQuery(tt.text, query.EQL), Options{Cover: tt.cover})
			got := *s.Combinations
			if got.cases, got.tries = 0, 0; got != tt.want {
				t.Errorf("%+v, want %+v", *s.Combinations, tt.want)
			}
			n := 0
			for _, c := range s.Cases {
				if strings.HasPrefix(c.Name, "cover/") {
					n++
				}
			}
			if n > tt.cases {
				t.Errorf("%d cases match, %d do", n, tt.cases)
			}
			if s.Verdict != Verified {
				t.Errorf("the verdict is %s\n%s", s.Verdict, s.Findings)
			}
		})
	}
}

// TestCombinationsAreCapped says that there are more where the cap cuts.
func TestCombinationsAreCapped(t *testing.T) {
	list := `("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11")`
	text := "any where a in " + list + " and b in " + list + " and c in " + list
	s := Check(ruleset.FromQuery(text, query.EQL), Options{Cover: CoverAll, NoNearMisses: true})
	if n := s.Combinations; !n.Capped || n.cases < MaxCombined || !strings.Contains(string(s.AppendVerdict(nil)), `"capped":true`) {
		t.Errorf("%+v", *n)
	}
}
