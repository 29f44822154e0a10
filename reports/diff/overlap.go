package diff

import (
	"cmp"
	"slices"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/solver"
)

// OverlapOptions tune [Overlaps]; the zero value is good.
type OverlapOptions struct {
	Options
	Pairs int // how many pairs of rules to compare at most; 0: 2,000
}

// Overlap is a rule that another one makes superfluous: proved that By matches
// whatever Rule does. Where both match the same, Mutual is set, and Rule is the
// one that comes later in the set.
type Overlap struct {
	Rule, By *ruleset.Rule
	Mutual   bool
	Witness  *Witness // an event set that only By matches; nil where Mutual
	Shared   []string // tests that both have, the rarest first
	score    float64
}

// Overlaps finds the rules over single events that others make superfluous, the
// most alike first. Only pairs that share a test that few rules have are worth
// a proof; Compared says how many there were.
func Overlaps(set *ruleset.Set, opts OverlapOptions) (overlaps []Overlap, compared int) {
	opts.Options = opts.Options.filled()
	if opts.Pairs <= 0 {
		opts.Pairs = 2000
	}
	candidates := candidates(set, opts)
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
	return overlaps, len(candidates)
}

// candidate is a pair of rules that have tests in common.
type candidate struct {
	old, new *ruleset.Rule
	score    float64
	shared   []string
}

// rare is up to how many rules may have a test for it to suggest a pair: what
// hundreds have, such as an operating system, says nothing.
const rare = 40

// candidates ranks the pairs by their common tests, each the heavier the fewer
// rules have it.
func candidates(set *ruleset.Set, opts OverlapOptions) []candidate {
	tests := make([]map[string]string, len(set.Rules)) // of each rule: key → text
	each(len(set.Rules), opts.Workers, func(i int) { tests[i] = testsOf(set.Rules[i], opts) })
	having := map[string][]int{}
	for i, of := range tests {
		for key := range of {
			having[key] = append(having[key], i)
		}
	}
	scores := map[[2]int]float64{}
	for _, key := range sortedKeys(having) {
		rules := having[key]
		if len(rules) > rare {
			continue
		}
		for a, i := range rules {
			for _, j := range rules[a+1:] {
				scores[[2]int{i, j}] += 1 / float64(len(rules)-1)
			}
		}
	}
	var out []candidate
	for pair, score := range scores {
		out = append(out, candidate{set.Rules[pair[0]], set.Rules[pair[1]], score, nil})
	}
	place := map[*ruleset.Rule]int{}
	for i, r := range set.Rules {
		place[r] = i
	}
	slices.SortFunc(out, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(place[a.old], place[b.old]), cmp.Compare(place[a.new], place[b.new]))
	})
	out = out[:min(len(out), opts.Pairs)]
	for i := range out {
		c := &out[i]
		var keys []string
		for key := range tests[place[c.old]] {
			if _, both := tests[place[c.new]][key]; both && len(having[key]) <= rare {
				keys = append(keys, key)
			}
		}
		slices.SortFunc(keys, func(a, b string) int {
			return cmp.Or(cmp.Compare(len(having[a]), len(having[b])), cmp.Compare(a, b))
		})
		for _, key := range keys[:min(len(keys), most)] {
			c.shared = append(c.shared, tests[place[c.old]][key])
		}
	}
	return out
}

func sortedKeys(m map[string][]int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// testsOf are the tests of a rule over single events: each alternative of each
// leaf, without where it stands.
func testsOf(r *ruleset.Rule, opts OverlapOptions) map[string]string {
	plan, _ := r.Compile(ruleset.CompileOptions{Tables: opts.Tables, Limits: opts.Limits})
	if plan == nil {
		return nil
	}
	event, ok := plan.Body.(*query.Event)
	if !ok {
		return nil
	}
	tests := map[string]string{}
	for _, l := range query.Leaves(nil, event.Where) {
		base := string(leafKey(l, false))
		if l.Op == query.OpScript || l.Op == query.OpExists {
			tests[base] = excerpt(plan.Source.Slice(l.Span))
			continue
		}
		for i := range l.Items {
			tests[base+itemKey(&l.Items[i])] = itemText(plan.Source, l, i)
		}
	}
	return tests
}

// prove compares both ways; nil unless one rule covers the other.
func (c *candidate) prove(opts Options) *Overlap {
	opts.Witnesses = 1
	p, reason := newPair(c.old, c.new, opts)
	if reason != "" || len(p.remarks) > 0 {
		return nil
	}
	a, b := p.old.body.(*query.Event).Where, p.new.body.(*query.Event).Where
	forward, back := p.covers(b, a), p.covers(a, b)
	if !forward && !back || !p.possible(a) || !p.possible(b) {
		return nil
	}
	o := &Overlap{Rule: c.old, By: c.new, Shared: c.shared, score: c.score}
	switch {
	case forward && back:
		o.Rule, o.By, o.Mutual = c.new, c.old, true
		return o
	case back:
		o.Rule, o.By = c.new, c.old
	}
	wider := &p.new
	if back {
		wider = &p.old
	}
	f := p.only(wider)
	if len(f.witnesses) == 0 {
		return nil
	}
	o.Witness = &f.witnesses[0]
	return o
}

// covers reports whether it is proved that all that b matches, a does.
func (p *pair) covers(a, b query.Pred) bool {
	return a == b || p.solver.Solve(solver.Problem{Goals: apart(nil, b, a, 0)}).Conflict != nil
}

// possible reports whether a rule can match at all: what never matches is
// covered by everything, and nobody's duplicate.
func (p *pair) possible(where query.Pred) bool {
	return p.solver.Solve(solver.Problem{Goals: []solver.Goal{is(where, 0)}}).Solution != nil
}
