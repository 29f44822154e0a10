package gen

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// This file makes the cases of [CoverPairs] and [CoverAll]: what an each-choice
// suite shows one by one, list items and alternatives, is made to be the reason
// for a match together. The solver decides which of them can be.

// MaxCombined is how many cases combinations add to the suite of one rule, and
// maxSolved how often the solver is asked for them.
const (
	MaxCombined = 1_000
	maxSolved   = 4 * MaxCombined
)

// full reports whether there are enough cases, or the solver was asked enough.
func (n *Combinations) full() bool {
	n.Capped = n.Capped || n.cases >= MaxCombined || n.tries >= maxSolved
	return n.Capped
}

// present are the matching cases that there are already.
func (c *cover) present() map[string]bool {
	seen := map[string]bool{}
	for i := range c.suite.Cases {
		seen[keyOf(c.suite.Cases[i].Events)] = true
	}
	return seen
}

// Combinations counts what [CoverPairs] and [CoverAll] were after: pairs of
// choices, or combinations of one choice for each list and each "or".
type Combinations struct {
	Covered    int
	Impossible int  // proved: they cannot be the reason for a match together
	Unknown    int  // a budget was spent
	Capped     bool // there are more

	cases, tries int
}

// choice is an item of a list, or (item -1) a clause that is an alternative to
// others.
type choice struct {
	*target
	item int
}

// combine adds the cases of combinations.
func (c *cover) combine() {
	c.suite.Combinations = &Combinations{}
	if c.opts.Cover == CoverPairs {
		c.pairs()
		return
	}
	seen := c.present()
	c.combinations(0, nil, func(chosen []choice) bool {
		if len(chosen) == 0 {
			return false // there is nothing to choose
		}
		return c.together(chosen, seen)
	})
}

// combinations calls next with each combination of choices of all parts of the
// rule, until it returns false.
func (c *cover) combinations(part int, chosen []choice, next func([]choice) bool) bool {
	if part == len(c.gates) {
		return next(chosen)
	}
	if c.ask.parts[part].slot < 0 {
		return c.combinations(part+1, chosen, next)
	}
	return c.gates[part].choices(chosen, false, func(chosen []choice) bool { return c.combinations(part+1, chosen, next) })
}

// alternatives reports whether one of the terms of a gate is enough to make the
// rule match: those of an "or", and of an "and" that is negated.
func (g *gate) alternatives() bool {
	switch g.pred.(type) {
	case *query.Or:
		return g.positive && len(g.kids) > 1
	case *query.And:
		return !g.positive && len(g.kids) > 1
	}
	return false
}

// choices calls next with chosen and each combination of choices below a gate.
func (g *gate) choices(chosen []choice, optional bool, next func([]choice) bool) bool {
	if t := g.target; t != nil {
		switch {
		case t.state != covered:
			return optional || next(chosen)
		case t.positive && len(t.items) > 0:
			for i := range t.items {
				if t.items[i].state == covered && !next(append(chosen[:len(chosen):len(chosen)], choice{t, i})) {
					return false
				}
			}
			return true
		case optional:
			return next(append(chosen[:len(chosen):len(chosen)], choice{t, -1}))
		}
		return next(chosen)
	}
	if g.alternatives() {
		for _, kid := range g.kids {
			if !kid.choices(chosen, true, next) {
				return false
			}
		}
		return true
	}
	var rest func(k int, chosen []choice) bool
	rest = func(k int, chosen []choice) bool {
		if k == len(g.kids) {
			return next(chosen)
		}
		return g.kids[k].choices(chosen, optional, func(chosen []choice) bool { return rest(k+1, chosen) })
	}
	return rest(0, chosen)
}

// together makes a case in which all choices decide. It returns false once there
// are enough cases.
func (c *cover) together(chosen []choice, seen map[string]bool) bool {
	sum := c.suite.Combinations
	if sum.full() {
		return false
	}
	docs, result := c.solveAll(chosen)
	switch {
	case docs != nil:
		sum.Covered++
		c.addCombined(docs, chosen, seen)
	case result.Conflict != nil:
		sum.Impossible++
	default:
		sum.Unknown++
	}
	return true
}

// addCombined adds a case of choices, unless it is there.
func (c *cover) addCombined(docs []query.Document, chosen []choice, seen map[string]bool) {
	key := keyOf(c.events(docs))
	if seen[key] {
		return
	}
	seen[key] = true
	c.suite.Combinations.cases++
	var why []string
	for _, o := range chosen {
		why = append(why, says(c.plan.Source, o.leaf, o.item, o.positive))
	}
	c.addCase(Match, docs, "matches because "+strings.Join(why, "; and "), query.Span{})
}

// solveAll looks for documents in which all choices decide.
func (c *cover) solveAll(chosen []choice) ([]query.Document, solver.Result) {
	c.suite.Combinations.tries++
	p := solver.Problem{Joins: c.ask.problem.Joins}
	var foci []solver.Focus
	for _, o := range chosen {
		f := o.focus
		if o.item >= 0 {
			f = f.Only(o.item)
		}
		foci = append(foci, f)
	}
	for _, g := range c.ask.problem.Goals {
		focused := slices.ContainsFunc(foci, func(f solver.Focus) bool {
			first := f.On.Slot
			return g.Slot >= first && g.Slot < first+max(c.ask.runs[first], 1) &&
				slices.ContainsFunc(c.ask.parts, func(j judged) bool { return j.slot == first && j.pred == g.Pred })
		})
		if !focused {
			p.Goals = append(p.Goals, g)
		}
	}
	for _, f := range foci {
		for slot := f.On.Slot; slot < f.On.Slot+max(c.ask.runs[f.On.Slot], 1); slot++ {
			for _, g := range append(f.Others[:len(f.Others):len(f.Others)], f.On) {
				g.Slot = slot
				p.Goals = append(p.Goals, g)
			}
		}
	}
	result := c.solver.Solve(p)
	if result.Solution == nil {
		return nil, result
	}
	docs := c.newBase(result.Solution).docs
	if !c.matches(docs) {
		c.report(c.mismatch(docs, Match))
		return nil, solver.Result{}
	}
	return docs, result
}

// pairs covers each pair of choices that can go together: greedily, each case
// takes in as many further choices as show pairs that are still open.
func (c *cover) pairs() {
	var all []choice
	paths := map[*target]map[*gate]int{} // which term of which alternatives a clause stands in
	var walk func(g *gate, path map[*gate]int, optional bool)
	walk = func(g *gate, path map[*gate]int, optional bool) {
		if t := g.target; t != nil {
			switch {
			case t.state != covered:
			case t.positive && len(t.items) > 0:
				for i := range t.items {
					if t.items[i].state == covered {
						all = append(all, choice{t, i})
					}
				}
			case optional:
				all = append(all, choice{t, -1})
			}
			paths[t] = path
			return
		}
		for i, kid := range g.kids {
			if !g.alternatives() {
				walk(kid, path, optional)
				continue
			}
			below := map[*gate]int{g: i}
			for k, v := range path {
				below[k] = v
			}
			walk(kid, below, true)
		}
	}
	for i, g := range c.gates {
		if c.ask.parts[i].slot >= 0 {
			walk(g, nil, false)
		}
	}
	// Of two alternatives only one is the reason for a match.
	agree := func(a, b choice) bool {
		if a.target == b.target {
			return false
		}
		for g, i := range paths[a.target] {
			if k, ok := paths[b.target][g]; ok && k != i {
				return false
			}
		}
		return true
	}
	done := map[[2]choice]bool{}
	index := map[choice]int{}
	for i, o := range all {
		index[o] = i
	}
	pair := func(a, b choice) [2]choice {
		if index[a] > index[b] {
			a, b = b, a
		}
		return [2]choice{a, b}
	}
	note := func(docs []query.Document) {
		c.read(docs)
		var on []choice
		for _, o := range all {
			if o.on && (o.item < 0 || o.hit == o.item) {
				on = append(on, o)
			}
		}
		for i, a := range on {
			for _, b := range on[:i] {
				if agree(a, b) && !done[pair(a, b)] {
					done[pair(a, b)] = true
					c.suite.Combinations.Covered++
				}
			}
		}
	}
	for _, docs := range slices.Clone(c.played) {
		note(docs)
	}
	seen := c.present()
	sum := c.suite.Combinations
	for i, a := range all {
		for _, b := range all[i+1:] {
			if done[[2]choice{a, b}] || !agree(a, b) {
				continue
			}
			if sum.full() {
				return
			}
			chosen := []choice{a, b}
			for _, o := range all {
				news := false
				fits := !slices.ContainsFunc(chosen, func(k choice) bool {
					news = news || !done[pair(k, o)]
					return !agree(k, o)
				})
				if fits && news {
					chosen = append(chosen, o)
				}
			}
			docs, result := c.solveAll(chosen)
			if docs == nil && len(chosen) > 2 {
				chosen = chosen[:2]
				docs, result = c.solveAll(chosen)
			}
			if docs != nil {
				c.addCombined(docs, chosen, seen)
				note(docs)
			}
			if done[[2]choice{a, b}] {
				continue
			}
			done[[2]choice{a, b}] = true
			if result.Conflict != nil {
				sum.Impossible++
			} else {
				sum.Unknown++
			}
		}
	}
}

// appendCombinations appends the member of a verdict; nothing where none were made.
func (s *Suite) appendCombinations(dst []byte) []byte {
	n := s.Combinations
	if n == nil {
		return dst
	}
	dst = append(dst, `,"combinations":{"covered":`...)
	dst = strconv.AppendInt(dst, int64(n.Covered), 10)
	dst = appendInt(dst, "impossible", n.Impossible)
	dst = appendInt(dst, "unknown", n.Unknown)
	return append(strconv.AppendBool(append(dst, `,"capped":`...), n.Capped), '}')
}
