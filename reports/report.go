package reports

import (
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/reports/diff"
)

// Options say what a report is about and what it shows; the zero value is good.
type Options struct {
	Title   string    // "" is "Rule report"
	Subject string    // what the rules are: a folder, a package and its version
	Version string    // of Rematch
	Time    time.Time // when the report was made; not shown if zero
	Timings bool      // show how long checks took: differs from run to run

	// Overlaps says how to look for rules that others make superfluous; nil is
	// not at all.
	Overlaps *diff.OverlapOptions

	// What opening the set had to say, beside its rules.
	Skipped []ruleset.Skip
	Unread  query.Diagnostics

	// Cases is how many cases the page of a rule shows; 0 means 40. All are
	// counted.
	Cases int
}

// Report is what [Build] keeps of a rule set.
type Report struct {
	opts    Options
	rules   []*entry
	pages   shelf
	unread  []finding
	anchors map[string]bool

	overlaps []overlap
	compared int // pairs of rules that were put to the solver
}

// Build reads the suites to their end. Suites are not kept; a suite whose cases
// were discarded has a page without cases.
func Build(suites iter.Seq[*gen.Suite], opts Options) *Report {
	if opts.Title == "" {
		opts.Title = "Rule report"
	}
	if opts.Cases <= 0 {
		opts.Cases = 40
	}
	r := &Report{opts: opts, anchors: map[string]bool{}, pages: shelf{limit: packAbove}}
	for _, d := range opts.Unread {
		r.unread = append(r.unread, newFinding(d, ""))
	}
	var samples []diff.Sample
	for s := range suites {
		e := newEntry(s)
		e.place, e.anchor = len(r.rules), r.anchor(e.id)
		if opts.Overlaps != nil {
			samples = append(samples, diff.SampleOf(s))
			e.rule = s.Rule
		}
		r.pages.add(newPage(s, e, opts.Cases))
		r.rules = append(r.rules, e)
	}
	if opts.Overlaps != nil {
		r.findOverlaps(samples)
	}
	return r
}

// anchor makes a link target of a rule's id: UUIDs stay what they are, and
// whatever else somebody calls a rule becomes letters, digits and hyphens.
func (r *Report) anchor(id string) string {
	const longest = 80
	var b strings.Builder
	for _, c := range strings.ToLower(id) {
		if b.Len() == longest {
			break
		}
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' {
			b.WriteRune(c)
		} else if s := b.String(); s != "" && !strings.HasSuffix(s, "-") {
			b.WriteByte('-')
		}
	}
	name := "rule-" + strings.Trim(b.String(), "-")
	unique := name
	for n := 2; r.anchors[unique]; n++ {
		unique = fmt.Sprintf("%s-%d", name, n)
	}
	r.anchors[unique] = true
	return unique
}
