package diff

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/solver"
)

// OverlapOptions tune [Overlaps]; the zero value is good.
type OverlapOptions struct {
	Options
	Pairs int // how many pairs of rules to prove at most, the most alike first; 0: 2,000
}

// Overlap is a rule that another one makes superfluous: proved that By matches
// whatever Rule does. Where both match the same, Mutual is set, and Rule is the
// one that comes later in the set.
type Overlap struct {
	Rule, By *ruleset.Rule
	Mutual   bool
	Witness  *Witness // an event set that only By matches; nil where Mutual, or where none is known
	Shared   []string // tests that both have, the rarest first
	score    float64
}

// Sample is a rule and some event sets that it matches.
type Sample struct {
	rule  *ruleset.Rule
	plan  *query.Plan
	cases []gen.Case
}

// samples is how many event sets of a rule are kept. Each is another clause or
// list item at work, so that a rule which lacks one of them is found out early.
const samples = 24

// SampleOf keeps of a suite what [Overlaps] needs.
func SampleOf(s *gen.Suite) Sample {
	out := Sample{rule: s.Rule, plan: s.Plan}
	for i := range s.Cases {
		if c := &s.Cases[i]; c.Expect == gen.Match && len(out.cases) < samples {
			out.cases = append(out.cases, *c)
		}
	}
	return out
}

// Samples draws the samples of a set.
func Samples(set *ruleset.Set, opts Options) []Sample {
	opts = opts.filled()
	var out []Sample
	for s := range gen.CheckAll(set, gen.Options{
		Tables: opts.Tables, Limits: opts.Limits, Budget: opts.Budget, Now: opts.Now, Clock: opts.Clock, Workers: opts.Workers, NoNearMisses: true,
	}) {
		out = append(out, SampleOf(s))
	}
	return out
}

// Overlaps finds the rules that others make superfluous: rules of the same kind,
// and sequences of which one event alone is another rule's. Duplicates come
// first, then what is most alike.
//
// A rule that matches whatever another does matches that one's samples. So the
// evaluator says which pairs are worth a proof, and loses none; compared is how
// many were put to the solver.
func Overlaps(rules []Sample, opts OverlapOptions) (overlaps []Overlap, compared int) {
	opts.Options = opts.Options.filled()
	if opts.Pairs <= 0 {
		opts.Pairs = 2000
	}
	rules, twins := apartFromTwins(rules)
	for _, t := range twins {
		overlaps = append(overlaps, Overlap{Rule: t[1], By: t[0], Mutual: true, score: 1})
	}
	candidates := candidates(rules, opts)
	found := make([]*Overlap, len(candidates))
	each(len(candidates), opts.Workers, func(i int) { found[i] = candidates[i].prove(opts.Options) })
	for _, o := range found {
		if o != nil {
			overlaps = append(overlaps, *o)
		}
	}
	slices.SortStableFunc(overlaps, func(a, b Overlap) int {
		if a.Mutual != b.Mutual {
			if a.Mutual {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.score, a.score)
	})
	return overlaps, len(candidates) + len(twins)
}

// apartFromTwins takes out the rules that ask, word by word, what an earlier one
// asks: pairs of first and later. A set that holds everything twice would else
// be all pairs.
func apartFromTwins(rules []Sample) (left []Sample, twins [][2]*ruleset.Rule) {
	first := map[string]*ruleset.Rule{}
	for _, s := range rules {
		if s.plan == nil || len(s.cases) == 0 {
			continue
		}
		key := s.rule.Type + "\x00" + asks(s.rule)
		if one := first[key]; one != nil {
			twins = append(twins, [2]*ruleset.Rule{one, s.rule})
			continue
		}
		first[key] = s.rule
		left = append(left, s)
	}
	return left, twins
}

// contestant is a sample with what it takes to meet the others.
type contestant struct {
	Sample
	program *eval.Program
	kind    string // of rules whose documents are of one shape and bodies of one sort
	tests   map[string]string
}

// candidate is a pair of which the first may be covered by the second, and
// maybe the other way round.
type candidate struct {
	rule, by *ruleset.Rule
	both     bool // by's samples, too, are matched by rule
	score    float64
	shared   []string
}

// candidates ranks the pairs whose samples leave the question open, by how many
// of their tests they share.
func candidates(rules []Sample, opts OverlapOptions) []candidate {
	all := make([]*contestant, len(rules))
	each(len(rules), opts.Workers, func(i int) { all[i] = contest(rules[i]) })
	covering := make([][]int, len(rules)) // of each rule: those that match its samples
	for _, world := range worlds(all) {
		var programs []*eval.Program
		var places []int
		for i, c := range all {
			if c != nil && worldOf(c.rule) == world && c.single() {
				programs = append(programs, c.program)
				places = append(places, i)
			}
		}
		bundle := eval.NewBundle(programs)
		each(len(all), opts.Workers, func(i int) {
			if c := all[i]; c != nil && worldOf(c.rule) == world {
				covering[i] = c.coveredBySingle(bundle, places, all)
			}
		})
	}
	each(len(all), opts.Workers, func(i int) {
		if c := all[i]; c != nil && !c.single() {
			covering[i] = append(covering[i], c.coveredByAlike(all)...)
			slices.Sort(covering[i])
		}
	})
	having := map[string]int{} // how many rules have a test
	for _, c := range all {
		if c != nil {
			for key := range c.tests {
				having[key]++
			}
		}
	}
	var out []candidate
	for i, list := range covering {
		for _, k := range list {
			if i == k || !sameSource(all[i], all[k]) {
				continue
			}
			_, back := slices.BinarySearch(covering[k], i)
			both := back && sameSource(all[k], all[i])
			if both && i < k {
				continue // comes from the other end: if both match the same, the later rule is superfluous
			}
			c := candidate{rule: all[i].rule, by: all[k].rule, both: both}
			c.share(all[i].tests, all[k].tests, having)
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	return out[:min(len(out), opts.Pairs)]
}

// contest makes a sample ready; nil for rules that take no part.
func contest(s Sample) *contestant {
	if newJoint().body(s.plan.Body) == nil {
		return nil
	}
	program, err := eval.Compile(s.plan, eval.Options{})
	if err != nil {
		return nil
	}
	return &contestant{s, program, worldOf(s.rule) + " " + bodyName(s.plan.Body), testsOf(s.plan)}
}

func (c *contestant) single() bool {
	_, ok := c.plan.Body.(*query.Event)
	return ok
}

// worldOf names the shape of documents that rules are written for: Sigma's are
// flat Windows events and the like.
func worldOf(r *ruleset.Rule) string {
	if r.Language == query.Sigma {
		return "sigma"
	}
	return "elastic"
}

func worlds(all []*contestant) []string {
	var out []string
	for _, c := range all {
		if c != nil && !slices.Contains(out, worldOf(c.rule)) {
			out = append(out, worldOf(c.rule))
		}
	}
	return out
}

// coveredBySingle returns the rules over single events that match a document of
// every sample. Other rules than sequences and samples need more than one
// document to be like, and are not compared with single events.
func (c *contestant) coveredBySingle(bundle *eval.Bundle, places []int, all []*contestant) []int {
	switch c.plan.Body.(type) {
	case *query.Event, *query.Sequence:
	default:
		return nil
	}
	var left []int
	for i := range c.cases {
		k := &c.cases[i]
		var hits []int
		for _, doc := range k.Events.Docs {
			hits = bundle.Match(hits, doc, k.Now)
		}
		for n := range hits {
			hits[n] = places[hits[n]]
		}
		slices.Sort(hits)
		hits = slices.Compact(hits)
		if i == 0 {
			left = hits
		} else {
			left = slices.DeleteFunc(left, func(n int) bool { _, hit := slices.BinarySearch(hits, n); return !hit })
		}
		if len(left) == 0 || len(left) == 1 && all[left[0]] == c {
			return nil
		}
	}
	return left
}

// coveredByAlike returns the rules of the same kind that match every sample.
func (c *contestant) coveredByAlike(all []*contestant) []int {
	var out []int
	for i, other := range all {
		if other == nil || other == c || other.kind != c.kind {
			continue
		}
		if !slices.ContainsFunc(c.cases, func(k gen.Case) bool { return !other.program.Run(k.Events, k.Now).Match }) {
			out = append(out, i)
		}
	}
	return out
}

// sameSource reports whether the covering rule reads what the other does, as far
// as a look at names can tell: an index of every pattern, the same log source.
func sameSource(c, by *contestant) bool {
	if c.rule.Source.Slice(c.rule.At("logsource")) != by.rule.Source.Slice(by.rule.At("logsource")) {
		return false
	}
	mine, theirs := c.plan.Indices, by.plan.Indices
	if len(mine) == 0 || len(theirs) == 0 {
		return len(mine) == len(theirs)
	}
	excludes := func(pattern string) bool { return strings.HasPrefix(pattern, "-") }
	if slices.ContainsFunc(mine, excludes) || slices.ContainsFunc(theirs, excludes) {
		return true // the solver knows
	}
	for _, pattern := range mine {
		some := strings.ReplaceAll(pattern, "*", "any")
		if !slices.ContainsFunc(theirs, func(p string) bool { return indexMatches(p, some) }) {
			return false
		}
	}
	return true
}

// indexMatches reports whether a name is one of a pattern, whose only wildcard
// is the star.
func indexMatches(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	rest, ok := strings.CutPrefix(name, parts[0])
	for _, part := range parts[1 : len(parts)-1] {
		if !ok {
			return false
		}
		_, rest, ok = strings.Cut(rest, part)
	}
	return ok && strings.HasSuffix(rest, parts[len(parts)-1])
}

// share scores a pair by the part of their tests that both have, each test the
// heavier the fewer rules have it.
func (c *candidate) share(mine, theirs map[string]string, having map[string]int) {
	var keys []string
	var common, union float64
	for _, key := range sortedKeys(mine) { // sums of floats depend on their order
		weight := 1 / float64(having[key])
		union += weight
		if _, both := theirs[key]; both {
			common += weight
			keys = append(keys, key)
		}
	}
	for _, key := range sortedKeys(theirs) {
		if _, both := mine[key]; !both {
			union += 1 / float64(having[key])
		}
	}
	if union > 0 {
		c.score = common / union
	}
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(having[a], having[b]) })
	for _, key := range keys[:min(len(keys), most)] {
		c.shared = append(c.shared, mine[key])
	}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// testsOf are the tests of a plan: each alternative of each leaf, without where
// it stands.
func testsOf(plan *query.Plan) map[string]string {
	tests := map[string]string{}
	for where := range plan.Body.Preds {
		for _, l := range query.Leaves(nil, where) {
			base := string(leafKey(l, false))
			if l.Op == query.OpScript || l.Op == query.OpExists || len(l.Items) == 0 {
				tests[base] = excerpt(plan.Source.Slice(l.Span))
				continue
			}
			for i := range l.Items {
				tests[base+itemKey(&l.Items[i])] = itemText(plan.Source, l, i)
			}
		}
	}
	return tests
}

// prove compares both ways; nil unless one rule covers the other.
func (c *candidate) prove(opts Options) *Overlap {
	opts.Witnesses = 1
	p, reason := newPair(c.rule, c.by, opts)
	if reason != "" || len(p.remarks) > 0 {
		return nil
	}
	o := &Overlap{Rule: c.rule, By: c.by, Shared: c.shared, score: c.score}
	wider := &p.new
	switch covered, covers := p.covered(&p.old), c.both && p.covered(&p.new); {
	case covered && covers:
		o.Mutual = true
		return o
	case covers:
		o.Rule, o.By, wider = c.by, c.rule, &p.old
	case !covered:
		return nil
	}
	if f := p.only(wider); len(f.witnesses) > 0 {
		o.Witness = &f.witnesses[0]
	}
	return o
}

// covered reports whether it is proved that the other rule matches all that s
// does.
func (p *pair) covered(s *side) bool {
	a, one := s.body.(*query.Event)
	b, two := p.other(s).body.(*query.Event)
	if !one || !two {
		return p.only(s).none
	}
	return a.Where == b.Where || p.solver.Solve(solver.Problem{Goals: apart(nil, a.Where, b.Where, 0)}).Conflict != nil
}
