package diff

import (
	"slices"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// releases are pairs of published rule sets and what changed between them.
// decided lists types whose changes must be decided, but for the rules in
// undecided: those say why not.
var releases = []struct {
	old, new  string
	kinds     map[Kind]int
	decided   []string
	undecided map[string]string
}{
	{
		old: "elastic-detection-rules-previous.zip", new: "elastic-detection-rules.zip",
		kinds:   map[Kind]int{Added: 171, Removed: 2, Type: 2, Query: 133},
		decided: []string{"eql", "query", "threshold", "new_terms", "threat_match"},
		undecided: map[string]string{
			"rules/network/initial_access_potential_cpanel_whm_crlf_authentication_bypass.toml": "its engine refuses the old query",
		},
	},
	{
		old: "sigma-rules-previous.zip", new: "sigma-rules.zip",
		kinds:   map[Kind]int{Added: 14, Removed: 0, Query: 64},
		decided: []string{"sigma"},
	},
}

func TestReleases(t *testing.T) {
	if testing.Short() {
		t.Skip("compares whole releases")
	}
	for _, r := range releases {
		t.Run(r.new, func(t *testing.T) {
			old, new := corpus(t, r.old), corpus(t, r.new)
			report := Compare(old, new, Options{NoSuites: true, Clock: still})
			for kind, want := range r.kinds {
				if got := report.count(kind); got != want {
					t.Errorf("%d changes are %s, want %d", got, kind, want)
				}
			}
			witnesses, undecided := 0, map[string]int{}
			for _, c := range report.Changes {
				if c.Semantic == Undecided {
					undecided[c.New.Type]++
					if r.undecided[c.New.File] == "" && slices.Contains(r.decided, c.New.Type) {
						t.Errorf("%s is undecided: %s", c.New.File, c.Reason)
					}
				}
				for _, w := range c.Witnesses {
					witnesses++
					confirm(t, c, w)
				}
			}
			t.Logf("%s %d, %s %d, %s %d, %s %d, undecided by type %v; %d witnesses", Equivalent, report.Count("equivalent"), Widened, report.Count("widened"),
				Narrowed, report.Count("narrowed"), Changed, report.Count("changed"), undecided, witnesses)
		})
	}
}

// confirm runs a witness through both rules, each compiled by itself. A witness
// that turns on the index alone is matched by both.
func confirm(t *testing.T, c *Change, w Witness) {
	t.Helper()
	if w.Index != "" {
		return
	}
	for side, r := range map[Side]*ruleset.Rule{Old: c.Old, New: c.New} {
		plan, diags := r.Compile(ruleset.CompileOptions{})
		if plan == nil {
			t.Fatalf("%s: %v", r.File, diags)
		}
		if _, single := plan.Body.(*query.Event); single {
			plan.Window = query.Window{} // of which rules over single events are judged apart
		}
		p, err := eval.Compile(plan, eval.Options{})
		if err != nil {
			t.Fatalf("%s: %v", r.File, err)
		}
		if got := p.Run(w.Events, w.Now).Match; got != (w.Matches == side) {
			t.Errorf("%s, %s rule: match is %t\n%s", r.File, side, got, w.Events.Docs)
		}
	}
}

// BenchmarkRelease is a whole release diff, suites included.
func BenchmarkRelease(b *testing.B) {
	for _, r := range releases {
		b.Run(r.new, func(b *testing.B) {
			old, new := corpus(b, r.old), corpus(b, r.new)
			for b.Loop() {
				start := time.Now()
				report := Compare(old, new, Options{})
				b.ReportMetric(time.Since(start).Seconds(), "s/release")
				b.ReportMetric(float64(report.Count("query")), "queries")
			}
		})
	}
}
