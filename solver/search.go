package solver

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// search is a depth-first search over the goals of one problem. State changes
// go through the trail, so that any of them can be undone.
type search struct {
	opts  Options
	rules *compiler
	rng   *rand.Rand // nil: alternatives in the order they were written

	cells    map[place]*cell
	order    []*cell // cells in order of first use
	joined   map[place]*cell
	pattern  []*cell               // those of order whose field is a pattern, such as file.hash.*
	elements []element             // of nested objects, as goals brought them into being
	never    map[nestedPath][]goal // what none of them may satisfy
	paths    []string              // of the nested objects that the goals look into, once one does
	asked    []Goal
	relates  []related // scripts over several fields, decided last
	trail    []func()

	path      []decision                // those in force, by depth
	nogoods   map[decision][][]decision // by the last decision: the others that it fails with
	learnt    int
	wary      int // something conflicted: look before so many decisions
	decisions int
	failure   *query.Diagnostic   // set once: why the answer is Unknown
	blamed    map[*atom]bool      // every atom that took part in a conflict
	freed     map[query.Pred]bool // conditions that count as met whatever they say
	derived   map[*cell]derived
	settled   map[*cell][]Set // values that relations leave
}

// place is one field of one document, or of one element of a nested object.
type place struct {
	slot, group int
	field       *query.Field
}

// goal is a [Goal] in the element of a nested object, with the decisions that
// it depends on.
type goal struct {
	pred        query.Pred
	want        Mask
	slot, group int
	deps        deps
	fact        *constraint    // set: assert just this; pred and want are not used
	script      *query.Leaf    // set: an expression whose fields are all to have values,
	absent      []*query.Field // except these
}

// pos is where the goal was written.
func (g goal) pos() query.Span {
	switch {
	case g.fact != nil:
		return g.fact.span
	case g.script != nil:
		return g.script.Span
	}
	return g.pred.Pos()
}

// choice is a goal that several ways lead to: one option must come true.
type choice struct {
	options []goal
	deps    deps
	idle    bool // an option was to be had for nothing when it was looked at last
}

// deps is a set of decisions, by their depth in the search. Sets are never
// changed in place.
type deps []uint64

func (d deps) has(depth int) bool {
	return depth>>6 < len(d) && d[depth>>6]&(1<<(depth&63)) != 0
}

func (d deps) with(depth int) deps {
	out := make(deps, max(len(d), depth>>6+1))
	copy(out, d)
	out[depth>>6] |= 1 << (depth & 63)
	return out
}

func (d deps) without(depth int) deps {
	if !d.has(depth) {
		return d
	}
	out := append(deps(nil), d...)
	out[depth>>6] &^= 1 << (depth & 63)
	return out
}

func (d deps) union(e deps) deps {
	if len(d) < len(e) {
		d, e = e, d
	}
	subset := true
	for i, w := range e {
		subset = subset && w&^d[i] == 0
	}
	if subset {
		return d
	}
	out := append(deps(nil), d...)
	for i, w := range e {
		out[i] |= w
	}
	return out
}

// undo takes back every change since mark.
func (s *search) undo(mark int) {
	for len(s.trail) > mark {
		last := len(s.trail) - 1
		s.trail[last]()
		s.trail = s.trail[:last]
	}
}

// run searches for a way to reach the goals and decide the open choices. It
// reports success, with the state left standing, or failure, with the state as
// it was and the decisions that the failure depends on.
func (s *search) run(goals []goal, open []choice, depth int) (deps, bool) {
	mark := len(s.trail)
	open, conflict, ok := s.propagate(goals, open)
	if !ok {
		s.undo(mark)
		s.wary = caution
		return conflict, false
	}
	open, next := s.pick(open)
	s.wary = max(0, s.wary-1)
	if next < 0 {
		s.fill()
		conflict, ok := s.relate()
		if !ok {
			s.undo(mark)
		}
		return conflict, ok
	}
	chosen := open[next]
	rest := append(append(make([]choice, 0, len(open)), open[:next]...), open[next+1:]...)
	blame := chosen.deps
	for _, option := range s.arrange(chosen.options) {
		if s.decisions++; s.decisions > s.opts.Budget.Decisions {
			s.fail(query.CodeBudget, option.pos(), "gave up after %d decisions", s.opts.Budget.Decisions)
		}
		if s.rules.steps > s.opts.Budget.Steps {
			s.fail(query.CodeBudget, option.pos(), "gave up after looking at %d constraints in all", s.opts.Budget.Steps)
		}
		if s.failure != nil && s.failure.Code == query.CodeBudget {
			break
		}
		option.deps = chosen.deps.with(depth)
		conflict, known := s.recall(option, depth)
		if !known {
			var ok bool
			s.path = append(s.path[:depth], option.key())
			if conflict, ok = s.run([]goal{option}, rest, depth+1); ok {
				return nil, true
			}
			s.learn(conflict, depth)
		}
		if !conflict.has(depth) {
			s.undo(mark) // another option would fail for the same reason
			return conflict, false
		}
		blame = blame.union(conflict.without(depth))
	}
	s.undo(mark)
	return blame, false
}

// fail records why the answer can only be Unknown; the first reason stays.
func (s *search) fail(code query.Code, span query.Span, format string, args ...any) {
	if s.failure == nil {
		s.failure = query.Errorf(code, span, format, args...)
	}
}

// propagate works off goals until only choices are left. On a conflict it
// returns the decisions behind it.
func (s *search) propagate(goals []goal, open []choice) ([]choice, deps, bool) {
	open = open[:len(open):len(open)]
	stack := make([]goal, 0, 2*len(goals)+8)
	for i := len(goals) - 1; i >= 0; i-- {
		stack = append(stack, goals[i])
	}
	for len(stack) > 0 {
		g := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		step := s.expand(g)
		if step.failed {
			return open, step.conflict, false
		}
		if len(step.options) > 0 {
			open = append(open, choice{options: step.options, deps: g.deps})
		}
		for i := len(step.all) - 1; i >= 0; i-- {
			stack = append(stack, step.all[i])
		}
	}
	return open, nil, true
}

// expansion is what becomes of a goal: all of some goals, one of some options,
// nothing more to do, or failure.
type expansion struct {
	all      []goal
	options  []goal
	failed   bool
	conflict deps
}

// expand takes one step into a goal. Constraints on fields are asserted here.
func (s *search) expand(g goal) expansion {
	const all = MustBeFalse | 1<<query.Unknown | MustBeTrue
	if g.fact != nil {
		return s.assert(g.fact, g)
	}
	if g.script != nil {
		return s.postpone(g)
	}
	if g.want&all == all {
		return expansion{}
	}
	child := func(p query.Pred, want Mask) goal {
		return goal{pred: p, want: want, slot: g.slot, group: g.group, deps: g.deps}
	}
	switch p := g.pred.(type) {
	case *query.Const:
		if g.want&(1<<p.Truth) == 0 && !s.freed[p] {
			return s.refuse(g, &atom{kind: constant, cond: p, span: p.Span})
		}
	case *query.Not:
		return expansion{all: []goal{child(p.Term, negated(g.want))}}
	case *query.And:
		return connective(p.Terms, g.want, MustBeTrue, child)
	case *query.Or:
		return connective(p.Terms, g.want, MustBeFalse, child)
	case *query.Each:
		return s.expandEach(p, g)
	case *query.Leaf:
		return s.expandLeaf(p, g)
	}
	return expansion{}
}

func negated(want Mask) Mask {
	out := want & (1 << query.Unknown)
	if want&MustBeTrue != 0 {
		out |= MustBeFalse
	}
	if want&MustBeFalse != 0 {
		out |= MustBeTrue
	}
	return out
}

// connective expands an "and" (neutral MustBeTrue, result the minimum of the
// terms) or, as its mirror image, an "or" (neutral MustBeFalse, the maximum).
func connective(terms []query.Pred, want, neutral Mask, child func(query.Pred, Mask) goal) expansion {
	const unknown = Mask(1 << query.Unknown)
	extreme := negated(neutral) // the value that decides by itself
	goals := func(want Mask) []goal {
		out := make([]goal, len(terms))
		for i, t := range terms {
			out[i] = child(t, want)
		}
		return out
	}
	if len(terms) == 0 {
		if want&neutral != 0 {
			return expansion{}
		}
		return expansion{all: []goal{child(&query.Const{Truth: truthOf(neutral)}, want)}}
	}
	if len(terms) == 1 {
		return expansion{all: goals(want)}
	}
	switch want {
	case neutral, neutral | unknown:
		return expansion{all: goals(want)}
	case extreme, extreme | unknown:
		return expansion{options: goals(want)}
	case unknown:
		return expansion{all: goals(neutral | unknown), options: goals(unknown)}
	}
	// True or False but not Unknown: all neutral, or one extreme.
	whole := &query.And{}
	for _, t := range terms {
		if neutral == MustBeFalse {
			t = &query.Not{Span: t.Pos(), Term: t}
		}
		whole.Terms = append(whole.Terms, t)
	}
	return expansion{options: append([]goal{child(whole, MustBeTrue)}, goals(extreme)...)}
}

func truthOf(m Mask) query.Truth {
	if m == MustBeTrue {
		return query.True
	}
	return query.False
}

// expandLeaf turns what a leaf may come to into what its field may hold. A leaf
// has three ways to come out: a value hits, values are there and none hits, no
// value is there.
func (s *search) expandLeaf(l *query.Leaf, g goal) expansion {
	if s.freed[l] {
		return expansion{}
	}
	if l.Op == query.OpScript {
		return s.expandScript(l, g)
	}
	hits := g.want&MustBeTrue != 0
	misses := g.want&MustBeFalse != 0
	absent := g.want&(1<<l.Absent) != 0
	if l.Op == query.OpExists {
		misses = false // a value that is there hits
	}
	if !s.sees(g.group, l.Field) {
		if absent {
			return expansion{}
		}
		return s.refuse(g, &atom{kind: constant, span: l.Span, cond: l})
	}
	return s.constrain(l, l.Field, hits, misses, absent, g)
}

// constrain asserts that the field of a leaf is in one of the named states.
func (s *search) constrain(l *query.Leaf, f *query.Field, hits, misses, absent bool, g goal) expansion {
	one := func(kinds ...atomKind) expansion {
		for _, k := range kinds {
			if e := s.assert(s.rules.constraint(l, f, k), g); e.failed {
				return e
			}
		}
		return expansion{}
	}
	switch {
	case hits && misses && absent:
		return expansion{}
	case hits && misses:
		return one(present)
	case misses && absent:
		return one(miss)
	case hits && absent:
		return expansion{options: []goal{
			{fact: s.rules.constraint(l, f, hit), slot: g.slot, group: g.group, deps: g.deps},
			{fact: s.rules.constraint(l, f, missing), slot: g.slot, group: g.group, deps: g.deps},
		}}
	case hits:
		return one(hit)
	case misses:
		return one(present, miss)
	case absent:
		return one(missing)
	}
	return s.refuse(g, &atom{kind: constant, span: l.Span, cond: l})
}

// refuse fails a goal that nothing can reach.
func (s *search) refuse(g goal, a *atom) expansion {
	s.blamed[a] = true
	return expansion{failed: true, conflict: g.deps}
}

// assert adds a constraint to its field and checks what the field may hold.
func (s *search) assert(c *constraint, g goal) expansion {
	if c.reason != nil {
		if s.failure == nil {
			s.failure = c.reason
		}
		return s.refuse(g, &c.atom)
	}
	s.rules.steps++
	cell := s.cell(place{g.slot, g.group, c.field})
	at, added := cell.add(&c.atom, g.deps)
	if !added {
		return expansion{}
	}
	s.trail = append(s.trail, func() { cell.remove(at) })
	if conflict, ok := s.check(cell); !ok {
		return expansion{failed: true, conflict: conflict}
	}
	if c.kind == miss || c.kind == missing {
		return s.assertCovered(cell)
	}
	return expansion{}
}

// assertCovered checks the fields that a pattern covers, when it has come to
// forbid more.
func (s *search) assertCovered(pattern *cell) expansion {
	if !slices.Contains(s.pattern, pattern) {
		return expansion{}
	}
	for _, c := range s.order {
		if pattern.covers(c.place) {
			if conflict, ok := s.check(c); !ok {
				return expansion{failed: true, conflict: conflict}
			}
		}
	}
	return expansion{}
}

// cell returns the cell of a place, a new one where there was none.
func (s *search) cell(p place) *cell {
	c := s.find(p)
	if c == nil {
		c = &cell{place: p}
		s.cells[p] = c
		s.order = append(s.order, c)
		if strings.Contains(p.field.Name, "*") {
			s.pattern = append(s.pattern, c)
		}
	}
	return c
}

// covers reports whether what a pattern forbids holds for another field: it has
// a value of its own, but speaks for every field that it covers.
func (c *cell) covers(f place) bool {
	return c.slot == f.slot && c.field != f.field && nameMatches(c.field.Name, f.field.Name)
}

// nameMatches reports whether a field pattern covers a name: * is any run. Each
// piece between stars is taken where it first occurs, the last one at the end.
func nameMatches(pattern, name string) bool {
	pieces := strings.Split(pattern, "*")
	name, ok := strings.CutPrefix(name, pieces[0])
	if last := len(pieces) - 1; last == 0 {
		return ok && name == ""
	} else if ok {
		name, ok = strings.CutSuffix(name, pieces[last])
		pieces = pieces[1:last]
	}
	for _, piece := range pieces {
		if !ok {
			break
		}
		_, name, ok = strings.Cut(name, piece)
	}
	return ok
}

// effective is a cell with what patterns that cover its field forbid.
func (s *search) effective(c *cell) *cell {
	for _, p := range s.pattern {
		if p == c || !p.covers(c.place) {
			continue
		}
		for _, h := range p.atoms {
			for _, a := range s.forbidden(p, h.atom, c) {
				if !c.has(a) {
					c = c.probe(a)
					c.atoms[len(c.atoms)-1].deps, c.witness = h.deps, nil
				}
			}
		}
	}
	return c
}

// forbidden is what an atom of a pattern means for a cell that it covers. A
// pattern that is about text forbids numbers by how they are written: those that
// the cell is asked for, if they are few.
func (s *search) forbidden(pattern *cell, a *atom, c *cell) []*atom {
	family := c.field.Type.Family()
	switch {
	case a.kind == missing, a.kind == miss && family == pattern.field.Type.Family():
		return []*atom{a}
	case a.kind != miss, pattern.field.Type.Family() != query.Strings, family != query.Integers && family != query.Booleans:
		return nil
	}
	var all []*atom
	for _, h := range c.atoms {
		if h.kind == hit {
			all = append(all, s.rules.unwritten(a, h.atom, c.field)...)
		}
	}
	return all
}

// caution is for how many decisions a conflict makes the search look closer.
const caution = 32

// pick finds the open choice to decide next, best < 0 when every choice is
// satisfied; left are those that are not. As long as nothing went wrong it is the
// one with the fewest options, and what can be had for nothing waits: it stays at
// the end, and is not looked at as long as anything else is open. After a conflict
// a closer look pays: the choice with the fewest options that are not
// refuted.
func (s *search) pick(open []choice) (left []choice, best int) {
	best, fewest := -1, 0
	left = make([]choice, 0, len(open))
	var idle []choice
	for i, c := range open {
		if c.idle && s.wary == 0 {
			idle = append(idle, c)
			continue
		}
		live, free := s.live(c)
		switch {
		case live < 0:
			continue
		case free:
			c.idle = true
			idle = append(idle, c)
			continue
		case best < 0 || live < fewest:
			best, fewest = len(left), live
		}
		left = append(left, c)
		if live == 0 || live <= 2 && s.wary == 0 { // none can have fewer
			left = append(left, open[i+1:]...)
			break
		}
	}
	for i, c := range idle {
		if best < 0 {
			if live, _ := s.live(c); live < 0 {
				continue
			}
			best = len(left)
		}
		left = append(left, idle[i:]...)
		break
	}
	return left, best
}

// live counts the options of a choice that are worth a try, -1 where one is in
// force already. Free says that one is to be had for nothing.
func (s *search) live(c choice) (live int, free bool) {
	for _, o := range c.options {
		look := possible
		if s.asserted(o) {
			look = certain
		} else if s.wary > 0 {
			look = s.outlook(o)
		}
		switch look {
		case certain:
			return -1, false
		case possible:
			live++
		}
		free = free || s.wary == 0 && s.free(o)
	}
	return live, free
}

// asserted reports whether a goal is one constraint that is in force already.
func (s *search) asserted(g goal) bool {
	c := g.fact
	for c == nil {
		switch p := g.pred.(type) {
		case *query.Not:
			g.pred, g.want = p.Term, negated(g.want)
			continue
		case *query.Const:
			return g.want&(1<<p.Truth) != 0
		case *query.Leaf:
			if s.freed[p] {
				return true
			}
			c = s.soleFact(p, g.want)
		}
		if c == nil {
			return false
		}
	}
	known := s.find(place{g.slot, g.group, c.field})
	return known != nil && known.has(&c.atom)
}

// soleFact returns the one constraint that a leaf comes down to, or nil where it
// is several, a choice, or an expression.
func (s *search) soleFact(l *query.Leaf, want Mask) *constraint {
	if l.Op == query.OpScript || l.Field.Nested != "" {
		return nil
	}
	hits, misses := want&MustBeTrue != 0, want&MustBeFalse != 0 && l.Op != query.OpExists
	absent := want&(1<<l.Absent) != 0
	switch {
	case hits && !misses && !absent:
		return s.rules.constraint(l, l.Field, hit)
	case !hits && misses && absent:
		return s.rules.constraint(l, l.Field, miss)
	case !hits && !misses && absent:
		return s.rules.constraint(l, l.Field, missing)
	}
	return nil
}

// find returns the cell of a place, or nil where nothing is known of it.
func (s *search) find(p place) *cell {
	if c := s.joined[p]; c != nil {
		return c
	}
	return s.cells[p]
}

// prospect is what a glance tells of a goal.
type prospect uint8

const (
	refuted prospect = iota
	possible
	certain
)

// outlook glances at a goal without changing anything.
func (s *search) outlook(g goal) prospect {
	if g.fact != nil {
		return s.glance(g.fact, g)
	}
	if g.script != nil {
		return possible
	}
	if s.freed[g.pred] {
		return certain
	}
	switch p := g.pred.(type) {
	case *query.Const:
		if g.want&(1<<p.Truth) != 0 {
			return certain
		}
		return refuted
	case *query.Not:
		g.pred, g.want = p.Term, negated(g.want)
		return s.outlook(g)
	case *query.And:
		if g.want == MustBeTrue {
			return s.outlookAll(p.Terms, g)
		}
	case *query.Or:
		if g.want == MustBeFalse || g.want == NotTrue {
			return s.outlookAll(p.Terms, g)
		}
	case *query.Leaf:
		if c := s.soleFact(p, g.want); c != nil {
			return s.glance(c, g)
		}
	}
	return possible
}

func (s *search) outlookAll(terms []query.Pred, g goal) prospect {
	all := certain
	for _, t := range terms {
		g.pred = t
		all = min(all, s.outlook(g))
		if all == refuted {
			break
		}
	}
	return all
}

func (s *search) glance(c *constraint, g goal) prospect {
	if c.reason != nil {
		return possible
	}
	at := place{g.slot, g.group, c.field}
	known := s.find(at)
	if known == nil { // nothing is known of the field
		if c.kind == miss || c.kind == missing {
			return possible
		}
		known = &cell{place: at}
	}
	s.rules.steps++
	if known.has(&c.atom) {
		return certain
	}
	if len(s.pattern) == 0 && known.witnesses(&c.atom) {
		return possible
	}
	if _, ok := s.check(known.probe(&c.atom)); !ok {
		return refuted
	}
	return possible
}

// arrange orders the options of a choice: what costs no field first, the rest
// as written or, with Options.Order, shuffled.
func (s *search) arrange(options []goal) []goal {
	out := append(make([]goal, 0, len(options)), options...)
	if s.rng != nil {
		s.rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	}
	free := 0
	for i, o := range out {
		if s.free(o) {
			copy(out[free+1:i+1], out[free:i])
			out[free] = o
			free++
		}
	}
	return out
}

// free reports whether a goal is reached by leaving fields out that are not
// needed so far.
func (s *search) free(g goal) bool {
	if g.fact != nil || g.script != nil {
		return false
	}
	switch p := g.pred.(type) {
	case *query.Not:
		g.pred, g.want = p.Term, negated(g.want)
		return s.free(g)
	case *query.And:
		if g.want == MustBeTrue {
			return s.freeAll(p.Terms, g)
		}
	case *query.Or:
		if g.want == MustBeFalse || g.want == NotTrue {
			return s.freeAll(p.Terms, g)
		}
	case *query.Leaf:
		if p.Op == query.OpScript || g.want&(1<<p.Absent) == 0 || g.want&MustBeTrue != 0 {
			return false
		}
		c := s.cells[place{g.slot, g.group, p.Field}]
		return s.joined[place{g.slot, g.group, p.Field}] == nil && (c == nil || !c.needed())
	}
	return false
}

func (s *search) freeAll(terms []query.Pred, g goal) bool {
	for _, t := range terms {
		g.pred = t
		if !s.free(g) {
			return false
		}
	}
	return true
}
