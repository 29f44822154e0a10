package diff

import (
	"slices"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// way is one way in which a rule could match what another does not. A body has
// finitely many, and where all of them are closed there is no difference.
type way struct {
	// The document in slot satisfies a and not b; both are nil for a way that
	// is about something else than predicates, and then says tells what.
	a, b query.Pred
	slot int
	pred int // position of a and b in Body.Preds
	says string

	goals []solver.Goal // what else holds
	joins []solver.Join
	scene scene
}

// finding is what is known of the events that only one of two rules matches.
type finding struct {
	none      bool // proved: there are no such events
	witnesses []Witness
	reason    string // where neither: why not
}

// only looks for events that s matches and the other rule does not.
func (p *pair) only(s *side) finding {
	ways, gap := waysOf(s.body, p.other(s).body)
	f := finding{none: gap == "", reason: gap}
	for _, w := range ways {
		if len(f.witnesses) >= p.opts.Witnesses {
			break // what is known is enough
		}
		closed, reason := p.follow(s, w, &f)
		if !closed {
			f.none = false
		}
		if reason != "" && f.reason == "" {
			f.reason = reason
		}
	}
	f.none = f.none && len(f.witnesses) == 0
	if len(f.witnesses) > 0 {
		f.reason = ""
	}
	return f
}

// follow tries one way: it adds witnesses, or finds that the way is closed, or
// says why it cannot tell.
func (p *pair) follow(s *side, w way, f *finding) (closed bool, reason string) {
	goals := append(apart(nil, w.a, w.b, w.slot), w.goals...)
	joined := solver.Problem{Goals: goals, Joins: w.joins}
	proof := joined
	if slices.ContainsFunc(w.joins, arrays) {
		// Joined arrays need only one value in common, which is less than the
		// solver's joins ask for: without them, what is proved holds anyway.
		proof.Joins = nil
	}
	result := p.solver.Solve(proof)
	if result.Solution != nil && len(proof.Joins) != len(joined.Joins) {
		result = p.solver.Solve(joined)
		if result.Conflict != nil {
			return false, "whether arrays of join keys have a value in common is not decided"
		}
	}
	switch {
	case result.Conflict != nil:
		return true, ""
	case result.Unknown != nil:
		// What stands in the way may be something that does not matter.
		if w.a != nil && p.solver.Solve(solver.Problem{Goals: apartOnly(w.a, w.b, w.slot)}).Conflict != nil {
			return true, ""
		}
		return false, result.Unknown.Summary
	}
	plain, ok := p.witness(s, w, result.Solution)
	found := ok
	for _, more := range p.variants(w) {
		if len(f.witnesses) >= p.opts.Witnesses {
			break
		}
		more.Joins = w.joins
		if r := p.solver.Solve(more); r.Solution != nil {
			if other, ok := p.witness(s, w, r.Solution); ok {
				f.add(other)
				found = true
			}
		}
	}
	switch {
	case !found:
		return false, "a document that the solver found does not tell the rules apart when both are run"
	case ok && len(f.witnesses) < p.opts.Witnesses:
		f.add(plain)
	}
	return false, ""
}

// add keeps a witness that shows something new.
func (f *finding) add(w Witness) {
	same := func(v Witness) bool { return slices.EqualFunc(v.Clauses, w.Clauses, Clause.same) }
	if !slices.ContainsFunc(f.witnesses, same) {
		f.witnesses = append(f.witnesses, w)
	}
}

func arrays(j solver.Join) bool {
	return slices.ContainsFunc(j.Ends, func(e solver.End) bool { return e.Field.Array })
}

// apart appends goals that come to "a, and not b". Terms that both share are
// set once instead of being searched in b again.
func apart(goals []solver.Goal, a, b query.Pred, slot int) []solver.Goal {
	if a == nil {
		return goals
	}
	is := func(p query.Pred, want solver.Mask) {
		goals = append(goals, solver.Goal{Pred: p, Want: want, Slot: slot})
	}
	terms := conjuncts(a)
	var rest []query.Pred // of b, where all that is shared holds
	for _, t := range conjuncts(b) {
		if !slices.Contains(terms, t) {
			rest = append(rest, t)
		}
	}
	for _, t := range terms {
		is(t, solver.MustBeTrue)
	}
	if len(rest) == 1 {
		is(rest[0], solver.NotTrue)
	} else {
		is(&query.And{Span: b.Pos(), Terms: rest}, solver.NotTrue)
	}
	return goals
}

// apartOnly leaves the shared terms out: without any document for these goals
// there is none for those of apart.
func apartOnly(a, b query.Pred, slot int) []solver.Goal {
	shared := conjuncts(b)
	return slices.DeleteFunc(apart(nil, a, b, slot), func(g solver.Goal) bool {
		return g.Want == solver.MustBeTrue && slices.Contains(shared, g.Pred)
	})
}

func conjuncts(p query.Pred) []query.Pred {
	if and, ok := p.(*query.And); ok {
		return and.Terms
	}
	return []query.Pred{p}
}

// mostLeaves is up to how many leaves a predicate is asked about clause by
// clause: that takes work which grows with their square.
const mostLeaves = 3000

// variants are problems whose solutions show one difference each: a clause or a
// list item that only one of the rules has decides alone.
func (p *pair) variants(w way) []solver.Problem {
	if w.a == nil {
		return nil
	}
	inA, inB := testsIn(w.a), testsIn(w.b)
	if len(inA.leaves)+len(inB.leaves) > mostLeaves {
		return nil
	}
	var problems []solver.Problem
	enough := 4*p.opts.Witnesses + 4
	add := func(f solver.Focus, decides, rest solver.Goal) {
		if len(problems) < enough {
			goals := append(append(slices.Clone(f.Others), decides, rest), w.goals...)
			problems = append(problems, solver.Problem{Goals: goals})
		}
	}
	holds := solver.Goal{Pred: w.a, Want: solver.MustBeTrue, Slot: w.slot}
	fails := solver.Goal{Pred: w.b, Want: solver.NotTrue, Slot: w.slot}
	for _, f := range solver.Foci(w.a, w.slot) { // a holds because of this leaf
		if inB.leaves[f.Leaf] {
			continue
		}
		extra := inB.extraItems(f.Leaf)
		for _, i := range extra {
			g := f.Only(i)
			add(g, g.On, fails)
		}
		if len(extra) == 0 {
			add(f, f.On, fails)
		}
	}
	for _, f := range solver.Foci(w.b, w.slot) { // b fails because of this leaf
		if inA.leaves[f.Leaf] {
			continue
		}
		extra := inA.extraItems(f.Leaf)
		for _, i := range extra {
			if g := f.Only(i); g.Off.Want == solver.MustBeTrue {
				add(g, g.Off, holds) // an item that must not hit, and does
			}
		}
		if len(extra) == 0 {
			add(f, f.Off, holds)
		}
	}
	return problems
}

// tests are the leaves of a predicate, and the alternatives of its lists by
// what the lists are about.
type tests struct {
	leaves map[*query.Leaf]bool
	items  map[string]map[string]bool
}

func testsIn(p query.Pred) tests {
	t := tests{map[*query.Leaf]bool{}, map[string]map[string]bool{}}
	for _, l := range query.Leaves(nil, p) {
		if t.leaves[l] {
			continue
		}
		t.leaves[l] = true
		about := string(leafKey(l, false))
		if t.items[about] == nil {
			t.items[about] = map[string]bool{}
		}
		for i := range l.Items {
			t.items[about][itemKey(&l.Items[i])] = true
		}
	}
	return t
}

// extraItems returns the items of a list that stand in no like list here; none
// where there is no such list at all.
func (t tests) extraItems(l *query.Leaf) []int {
	known, found := t.items[string(leafKey(l, false))]
	if !found {
		return nil
	}
	var extra []int
	for i := range l.Items {
		if !known[itemKey(&l.Items[i])] {
			extra = append(extra, i)
		}
	}
	return extra
}

// alike reports whether there are lists here from which l differs by its items
// alone: then the items are what to show of it.
func (t tests) alike(l *query.Leaf) bool {
	return len(l.Items) > 0 && len(t.items[string(leafKey(l, false))])+len(l.Items) > 2
}

// semantic turns the two findings into a verdict.
func semantic(gained, lost finding) (Semantic, string) {
	var why []string
	for _, f := range []struct {
		finding
		what string
	}{{gained, "what only the new rule matches"}, {lost, "what only the old rule matches"}} {
		if !f.none && len(f.witnesses) == 0 {
			why = append(why, f.what+" is not known: "+f.reason)
		}
	}
	more, less := len(gained.witnesses) > 0, len(lost.witnesses) > 0
	switch {
	case len(why) == 2 && gained.reason == lost.reason:
		return Undecided, gained.reason
	case len(why) > 0:
		return Undecided, strings.Join(why, "; ")
	case more && less:
		return Changed, ""
	case more:
		return Widened, ""
	case less:
		return Narrowed, ""
	}
	return Equivalent, ""
}

// caseAge is how long before the rule runs a witness takes place.
const caseAge = time.Second
