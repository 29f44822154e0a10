package diff

import (
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/schema"
	"github.com/rematch-dev/rematch/solver"
)

// Options say what a comparison does; the zero value is good.
type Options struct {
	Tables    []*schema.Table // what is known of fields; earlier tables win
	Limits    query.Limits
	Budget    solver.Budget
	Now       time.Time // when witnesses take place; zero: [gen.Epoch]
	Witnesses int       // most to show each way; 0: 3
	NoSuites  bool      // do not run the old suites against the new rules
	Workers   int       // 0: one for each processor

	// Clock times the work; nil is [time.Now]. No outcome depends on it.
	Clock func() time.Time
}

func (o Options) filled() Options {
	if o.Now.IsZero() {
		o.Now = gen.Epoch
	}
	if o.Witnesses <= 0 {
		o.Witnesses = 3
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return o
}

// Kind is what happened to a rule. Of several things that happened the first of
// this list that applies names the change.
type Kind string

// The kinds.
const (
	Added    Kind = "added"
	Removed  Kind = "removed"
	Type     Kind = "type"     // another type of rule
	Query    Kind = "query"    // query, filters, indices, counts, terms, mappings
	Metadata Kind = "metadata" // anything else the rule says
	Moved    Kind = "moved"    // another file, and nothing else
)

// Semantic is what a change of query does to what the rule matches.
type Semantic string

// The verdicts.
const (
	Equivalent Semantic = "equivalent" // proved: both match the same
	Widened    Semantic = "widened"    // proved that nothing is lost, with a witness of what is gained
	Narrowed   Semantic = "narrowed"   // the other way round
	Changed    Semantic = "changed"    // witnesses of both
	Undecided  Semantic = "undecided"  // Change.Reason says why
)

// Change is a rule that is not the same in both sets.
type Change struct {
	Old, New  *ruleset.Rule // nil in the set that does not have it
	Kind      Kind
	Semantic  Semantic // of changed queries
	Reason    string   // of an undecided change
	Remarks   []string // what the comparison leaves aside
	Witnesses []Witness
	Metadata  []string // keys of other things that changed
	Moved     bool     // also for other kinds: the file is another one
	Cases     int      // of the old suite, as far as they were run against the new rule
	Flips     []Flip   // those that come out differently
	Micros    int64    // that the comparison took
}

// Flip is a case of the old rule's suite of which the new rule makes the
// opposite.
type Flip struct {
	Case gen.Case
	Now  gen.Expect // what the new rule makes of it
}

// Rule is the rule as it is now, or as it was if it is gone.
func (c *Change) Rule() *ruleset.Rule {
	if c.New != nil {
		return c.New
	}
	return c.Old
}

// Leaves are the clauses that the witnesses turn on, each once.
func (c *Change) Leaves() []Clause {
	var out []Clause
	for _, w := range c.Witnesses {
		for _, l := range w.Clauses {
			if !slices.ContainsFunc(out, l.same) {
				out = append(out, l)
			}
		}
	}
	return out
}

// Report is the comparison of two sets.
type Report struct {
	Old, New           string // names of the sets
	OldRules, NewRules int
	Changes            []*Change // in order of kind, then of file
}

// Unchanged is how many rules are the same in both sets.
func (r *Report) Unchanged() int {
	n := r.NewRules
	for _, c := range r.Changes {
		if c.New != nil {
			n--
		}
	}
	return n
}

// Count is how many changes have a name: a [Kind] or a [Semantic].
func (r *Report) Count(name string) int {
	n := 0
	for _, c := range r.Changes {
		if string(c.Kind) == name || string(c.Semantic) == name || name == string(Moved) && c.Moved {
			n++
		}
	}
	return n
}

// Names lists what [Report.Count] knows, in the order of reports.
var Names = [...]string{
	string(Added), string(Removed), string(Type), string(Query), string(Metadata), string(Moved),
	string(Equivalent), string(Widened), string(Narrowed), string(Changed), string(Undecided),
}

// Compare compares two sets.
func Compare(old, new *ruleset.Set, opts Options) *Report {
	opts = opts.filled()
	r := &Report{Old: old.Name, New: new.Name, OldRules: len(old.Rules), NewRules: len(new.Rules)}
	pairs := match(old.Rules, new.Rules)
	changes := make([]*Change, len(pairs))
	each(len(pairs), opts.Workers, func(i int) { changes[i] = compare(pairs[i], opts) })
	for _, c := range changes {
		if c != nil {
			r.Changes = append(r.Changes, c)
		}
	}
	order := map[Kind]int{}
	for i, name := range Names {
		order[Kind(name)] = i
	}
	slices.SortStableFunc(r.Changes, func(a, b *Change) int {
		if d := order[a.Kind] - order[b.Kind]; d != 0 {
			return d
		}
		return strings.Compare(a.Rule().File, b.Rule().File)
	})
	return r
}

// each runs n jobs on some workers.
func each(n, workers int, job func(i int)) {
	work := make(chan int)
	var running sync.WaitGroup
	for range min(workers, n) {
		running.Go(func() {
			for i := range work {
				job(i)
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	running.Wait()
}

// versions are the two versions of one rule; one is nil where the other set
// does not have it.
type versions struct{ old, new *ruleset.Rule }

// match pairs rules by id: those of the new set in order, then what is gone. Of
// rules that share an id those in files of the same name go together first.
func match(old, new []*ruleset.Rule) []versions {
	left := map[string][]*ruleset.Rule{}
	for _, r := range old {
		left[r.ID] = append(left[r.ID], r)
	}
	take := func(r *ruleset.Rule, i int) versions {
		o := left[r.ID][i]
		left[r.ID] = slices.Delete(left[r.ID], i, i+1)
		return versions{o, r}
	}
	pairs := make([]versions, len(new))
	for i, r := range new {
		pairs[i].new = r
		if at := slices.IndexFunc(left[r.ID], func(o *ruleset.Rule) bool { return o.File == r.File }); at >= 0 {
			pairs[i] = take(r, at)
		}
	}
	for i, r := range new {
		if pairs[i].old == nil && len(left[r.ID]) > 0 {
			pairs[i] = take(r, 0)
		}
	}
	for _, r := range old {
		if slices.Contains(left[r.ID], r) {
			pairs = append(pairs, versions{old: r})
		}
	}
	return pairs
}

// compare compares two versions of a rule; nil if nothing changed.
func compare(v versions, opts Options) *Change {
	c := &Change{Old: v.old, New: v.new}
	start := opts.Clock()
	switch {
	case v.old == nil:
		c.Kind = Added
		return c
	case v.new == nil:
		c.Kind = Removed
		return c
	}
	c.Moved = v.old.File != v.new.File
	c.Metadata = metadata(v.old, v.new)
	switch {
	case v.old.Type != v.new.Type:
		c.Kind = Type
		c.suite(opts)
	case asks(v.old) != asks(v.new):
		c.Kind = Query
		c.decide(opts)
	case len(c.Metadata) > 0:
		c.Kind = Metadata
	case c.Moved:
		c.Kind = Moved
	default:
		return nil
	}
	c.Micros = opts.Clock().Sub(start).Microseconds()
	return c
}

// Rules compares two rules as if the second were the new version of the first.
func Rules(old, new *ruleset.Rule, opts Options) *Change {
	opts = opts.filled()
	start := opts.Clock()
	c := &Change{Old: old, New: new, Kind: Query}
	c.decide(opts)
	c.Micros = opts.Clock().Sub(start).Microseconds()
	return c
}

// settings are the keys, beside query and indices, that decide what a rule
// matches.
var settings = []string{
	"filters", "event_category_override", "threshold", "new_terms", "new_terms_fields", "history_window_start",
	"threat_query", "threat_language", "threat_filters", "threat_mapping", "threat_index", "logsource",
}

// asks is the part of a rule that decides what it matches, without layout.
func asks(r *ruleset.Rule) string {
	var b strings.Builder
	b.WriteString(string(r.Language))
	b.WriteByte(0)
	b.WriteString(r.Query.String)
	index := slices.Clone(r.Index)
	slices.Sort(index)
	for _, i := range slices.Compact(index) {
		b.WriteByte(0)
		b.WriteString(i)
	}
	for _, key := range settings {
		b.WriteByte(0)
		b.WriteString(strings.Join(strings.Fields(r.Source.Slice(r.At(key))), " "))
	}
	return b.String()
}

// metadata lists the keys of what changed beside what the rule matches.
func metadata(old, new *ruleset.Rule) []string {
	values := map[string][2]query.Value{}
	for i, r := range []*ruleset.Rule{old, new} {
		for _, m := range r.Meta {
			if m.Key != "index" && !slices.Contains(settings, m.Key) {
				v := values[m.Key]
				v[i] = m.Value
				values[m.Key] = v
			}
		}
	}
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if v := values[key]; !v[0].Equal(v[1]) {
			keys = append(keys, key)
		}
	}
	return keys
}

// decide finds the semantic verdict.
func (c *Change) decide(opts Options) {
	p, reason := newPair(c.Old, c.New, opts)
	c.Remarks = p.remarks
	gained, lost := finding{reason: reason}, finding{reason: reason}
	if reason == "" {
		gained, lost = p.only(&p.new), p.only(&p.old)
	}
	c.suite(opts)
	// Flips are witnesses too. Where the solver has none they decide, and where
	// it has they are not needed.
	for _, f := range c.Flips {
		side, into := Old, &lost
		if f.Now == gen.Match {
			side, into = New, &gained
		}
		if len(into.witnesses) == 0 && !into.none {
			into.add(Witness{Matches: side, Events: f.Case.Events, Now: f.Case.Now, Case: f.Case.Name})
		}
	}
	c.Semantic, c.Reason = semantic(gained, lost)
	if c.Semantic == Equivalent && len(c.Remarks) > 0 {
		c.Semantic, c.Reason = Undecided, c.Remarks[0]
	}
	c.Witnesses = append(gained.witnesses, lost.witnesses...)
}

// suite runs the suite of the old rule against the new one.
func (c *Change) suite(opts Options) {
	if opts.NoSuites {
		return
	}
	plan, _ := c.New.Compile(ruleset.CompileOptions{Tables: opts.Tables, Limits: opts.Limits})
	if plan == nil {
		return
	}
	program, err := eval.Compile(plan, eval.Options{})
	if err != nil {
		return
	}
	suite := gen.Check(c.Old, gen.Options{Tables: opts.Tables, Limits: opts.Limits, Budget: opts.Budget, Now: opts.Now, Clock: opts.Clock})
	if suite.Verdict != gen.Verified {
		return
	}
	for _, k := range suite.Cases {
		c.Cases++
		now := gen.NoMatch
		if program.Run(k.Events, k.Now).Match {
			now = gen.Match
		}
		if now != k.Expect {
			c.Flips = append(c.Flips, Flip{k, now})
		}
	}
}
