package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// Problem asks for a string that is a member of every language of In and of
// none of Out.
type Problem struct {
	In, Out []Lang
	States  int  // budget of automaton states and terms; 0: DefaultStates
	Coarse  bool // the core need not be minimal
}

// DefaultStates is a budget far above what any known rule needs.
const DefaultStates = 200_000

// Core names languages of a problem, by position, that contradict one another
// by themselves. It is minimal unless that would have cost more than the
// problem's budget.
type Core struct {
	In, Out []int
}

// Solve decides a problem: it returns a set, or a core, or a diagnostic with
// query.CodeBudget.
func Solve(p Problem) (*Set, Core, error) {
	states := p.States
	if states <= 0 {
		states = DefaultStates
	}
	atoms := make([]atom, 0, len(p.In)+len(p.Out))
	for i, l := range p.In {
		atoms = flatten(atoms, l.node(), false, i)
	}
	for i, l := range p.Out {
		atoms = flatten(atoms, l.node(), true, len(p.In)+i)
	}
	s := &search{budget: &budget{left: states}}
	found := s.solve(atoms, 1)
	switch {
	case found.shape != nil:
		return &Set{atoms: atoms, shape: found.shape, witness: found.witness, states: states}, Core{}, nil
	case s.budget.spent():
		return nil, Core{}, &query.Diagnostic{
			Code:    query.CodeBudget,
			Summary: fmt.Sprintf("undecided after %d automaton states", states),
			Detail:  "Whether these string conditions can hold together is not known. Raise the budget of states, or simplify the patterns.",
		}
	}
	s.budget.left = states
	var core Core
	if !p.Coarse {
		found.core = s.minimise(atoms, found.core)
	}
	for _, from := range found.core {
		if from < len(p.In) {
			core.In = append(core.In, from)
		} else {
			core.Out = append(core.Out, from-len(p.In))
		}
	}
	return nil, core, nil
}

// atom is one condition: membership of a language, or of its complement.
type atom struct {
	n    *node
	out  bool
	from int // position in In and Out, one behind the other
}

func (a atom) holds(p *probe) bool { return a.n.contains(p) != a.out }

func holdAll(atoms []atom, p *probe) bool {
	for _, a := range atoms {
		if !a.holds(p) {
			return false
		}
	}
	return true
}

var epsilonWords = &node{op: opWords, words: newWords([]string{""}, query.Exact)}

// flatten takes a condition apart where it is a conjunction.
func flatten(atoms []atom, n *node, out bool, from int) []atom {
	switch {
	case n.op == opNot:
		return flatten(atoms, n.kids[0], !out, from)
	case n.op == opAnd && !out, n.op == opOr && out:
		for _, k := range n.kids {
			atoms = flatten(atoms, k, out, from)
		}
		return atoms
	case n.op == opAny && !out, n.op == opEmpty && out:
		return atoms
	case n.op == opEpsilon:
		n = epsilonWords
	}
	return append(atoms, atom{n, out, from})
}

// search solves one problem and the subproblems it falls into.
type search struct {
	budget *budget
	checks int // membership tests made
}

// outcome is a shape with its witness, or a core: the sorted origins of the
// atoms that contradict one another. It is neither when the budget is spent.
type outcome struct {
	shape   shape
	witness string
	core    []int
}

// most branches that nested unions may multiply to; beyond, unions become
// automata of their own.
const maxBranches = 256

func (s *search) solve(atoms []atom, branches int) outcome {
	var list, union *atom
	for i := range atoms {
		switch a := &atoms[i]; {
		case a.n.op == opEmpty && !a.out, a.n.op == opAny && a.out:
			return outcome{core: []int{a.from}}
		case a.out:
		case a.n.op == opWords && (list == nil || len(a.n.words.items) < len(list.n.words.items)):
			list = a
		case a.n.op == opOr && (union == nil || len(a.n.kids) < len(union.n.kids)):
			union = a
		}
	}
	if list != nil {
		if found, sure := s.filter(atoms, list); sure {
			return found
		}
		return s.refine(atoms)
	}
	if union != nil && (branches == 1 || branches*len(union.n.kids) <= maxBranches) {
		return s.branch(atoms, union, branches*len(union.n.kids))
	}
	if found := obvious(atoms); found.shape != nil {
		return found
	}
	if core := clash(atoms); core != nil {
		return outcome{core: core}
	}
	return s.refine(atoms)
}

// filter decides by trying the members of a finite list. It is not sure when no
// member passes as it is written, while one in another case might.
func (s *search) filter(atoms []atom, list *atom) (found outcome, sure bool) {
	w := list.n.words
	var killers []*atom
	for at, item := range w.items {
		p := newProbe(item)
		if slices.ContainsFunc(killers, func(a *atom) bool { return !a.holds(&p) }) {
			continue
		}
		s.checks += len(atoms)
		killer := slices.IndexFunc(atoms, func(a atom) bool { return !a.holds(&p) })
		if killer < 0 {
			return outcome{shape: &listShape{words: w, first: at, atoms: atoms}, witness: item}, true
		}
		killers = append(killers, &atoms[killer])
	}
	core := []int{list.from}
	for _, k := range killers {
		core = append(core, k.from)
	}
	return outcome{core: origins(core)}, allClosed(atoms, w.fold)
}

func allClosed(atoms []atom, fold query.Fold) bool {
	return !slices.ContainsFunc(atoms, func(a atom) bool { return !a.n.closedUnder(fold) })
}

func origins(from []int) []int {
	slices.Sort(from)
	return slices.Compact(from)
}

// branch tries the members of a union one by one: all of them at first sight,
// and only then by searching.
func (s *search) branch(atoms []atom, union *atom, branches int) outcome {
	shape := &branchShape{kids: union.n.kids, from: union.from, branches: branches}
	for i := range atoms {
		if &atoms[i] != union {
			shape.others = append(shape.others, atoms[i])
		}
	}
	shape.found = make([]branchOutcome, len(union.n.kids))
	take := func(i int, found outcome) outcome {
		shape.first = i
		shape.found[i].once.Do(func() { shape.found[i].shape = found.shape })
		return outcome{shape: shape, witness: found.witness}
	}
	for i := range union.n.kids {
		if found := s.glance(shape.atoms(i), branches); found.shape != nil {
			return take(i, found)
		}
	}
	if core := clash(atoms); core != nil {
		return outcome{core: core}
	}
	core := []int{union.from}
	for i := range union.n.kids {
		found := s.solve(shape.atoms(i), branches)
		if found.shape != nil {
			return take(i, found)
		}
		if s.budget.spent() {
			return outcome{}
		}
		core = append(core, found.core...)
	}
	return outcome{core: origins(core)}
}

// glance is solve without a search: it finds what is obvious.
func (s *search) glance(atoms []atom, branches int) outcome {
	var union *atom
	for i := range atoms {
		switch a := &atoms[i]; {
		case a.out:
		case a.n.op == opWords:
			found, _ := s.filter(atoms, a)
			return found
		case a.n.op == opOr && (union == nil || len(a.n.kids) < len(union.n.kids)):
			union = a
		}
	}
	if union == nil {
		return obvious(atoms)
	}
	if branches*len(union.n.kids) > maxBranches {
		return outcome{}
	}
	shape := &branchShape{kids: union.n.kids, from: union.from, branches: branches * len(union.n.kids)}
	for i := range atoms {
		if &atoms[i] != union {
			shape.others = append(shape.others, atoms[i])
		}
	}
	shape.found = make([]branchOutcome, len(union.n.kids))
	for i := range union.n.kids {
		if found := s.glance(shape.atoms(i), shape.branches); found.shape != nil {
			shape.first = i
			shape.found[i].once.Do(func() { shape.found[i].shape = found.shape })
			return outcome{shape: shape, witness: found.witness}
		}
	}
	return outcome{}
}

// obvious writes down what a person would: the patterns' literals one after
// another, and little or nothing for the stars. Whether that is a solution is
// then checked; if not, nothing is known.
func obvious(atoms []atom) outcome {
	var globs []*glob
	for _, a := range atoms {
		switch {
		case a.out:
		case a.n.op == opGlob:
			globs = append(globs, a.n.glob)
		case a.n.op != opLength && a.n.op != opBelow:
			return outcome{}
		}
	}
	g := overlay(globs)
	killer := 0 // what the first attempt violates is likely to kill the next
	for _, fill := range [...]string{"", "a", "0"} {
		text := writeOut(g, fill)
		p := newProbe(text)
		if len(atoms) > 0 && !atoms[killer].holds(&p) {
			continue
		}
		violated := slices.IndexFunc(atoms, func(a atom) bool { return !a.holds(&p) })
		if killer = max(violated, 0); violated < 0 {
			folds := slices.ContainsFunc(globs, func(g *glob) bool { return g.fold != query.Exact })
			return outcome{shape: &patternShape{pattern: g, folds: folds, sure: alone(atoms, g)}, witness: text}
		}
	}
	return outcome{}
}

// alone reports whether whatever a patternShape proposes for g is a solution: one
// pattern is all that atoms ask for, and a length that no proposal exceeds.
func alone(atoms []atom, g query.Glob) bool {
	globs, longest := 0, 0
	for _, p := range g {
		longest += max(len(p.Text), 1)
		if p.Kind == query.GlobAny {
			longest += longestStar
		}
	}
	for _, a := range atoms {
		switch {
		case !a.out && a.n.op == opGlob:
			globs++
		case !a.out && a.n.op == opLength && a.n.min == 0 && (a.n.max < 0 || a.n.max >= longest):
		default:
			return false
		}
	}
	return globs < 2
}

// overlay makes one pattern of several: the longest beginning, all middles, the
// longest end. What it matches need not match each of them.
func overlay(globs []*glob) query.Glob {
	switch len(globs) {
	case 0:
		return query.Glob{}.Any()
	case 1:
		return globs[0].source
	}
	var first, last query.Glob
	var middles []query.Glob
	for _, g := range globs {
		if !g.starred() {
			return g.source
		}
		parts := cutStars(g.source)
		for i, part := range parts {
			switch {
			case i == 0 && !g.left:
				if width(part) > width(first) {
					first = part
				}
			case i == len(parts)-1 && !g.right:
				if width(part) > width(last) {
					last = part
				}
			default:
				middles = append(middles, part)
			}
		}
	}
	slices.SortStableFunc(middles, func(x, y query.Glob) int { return width(y) - width(x) })
	var kept []string // folded, for the literals that later ones may be part of
	keep := func(g query.Glob) {
		for _, p := range g {
			kept = append(kept, canonString(p.Text, query.FoldSimple))
		}
	}
	keep(first)
	keep(last)
	out := append(query.Glob(nil), first...).Any()
	for _, m := range middles {
		if text, ok := m.Literal(); ok {
			text = canonString(text, query.FoldSimple)
			if slices.ContainsFunc(kept, func(k string) bool { return strings.Contains(k, text) }) {
				continue
			}
		}
		keep(m)
		out = append(out, m...).Any()
	}
	return append(out, last...)
}

// cutStars returns what stands between stars.
func cutStars(g query.Glob) []query.Glob {
	var out []query.Glob
	from := 0
	for i, p := range g {
		if p.Kind == query.GlobAny {
			if from < i {
				out = append(out, g[from:i:i])
			}
			from = i + 1
		}
	}
	if from < len(g) {
		out = append(out, g[from:len(g):len(g)])
	}
	return out
}

func width(g query.Glob) int {
	n := 0
	for _, p := range g {
		n += max(len(p.Text), 1)
	}
	return n
}

// writeOut fills a pattern in: a letter for ?, fill for each star.
func writeOut(g query.Glob, fill string) string {
	if s, ok := g.Literal(); ok {
		return s
	}
	var b strings.Builder
	for i, p := range g {
		switch {
		case p.Kind == query.GlobAny:
			b.WriteString(fill)
		case p.Kind == query.GlobText:
			b.WriteString(validString(p.Text))
		case fill != "":
			b.WriteString(fill)
		case isDrive(g, i):
			b.WriteByte('C')
		default:
			b.WriteByte('a')
		}
	}
	return b.String()
}

// isDrive reports whether part i is the ? of a pattern like ?:\Windows.
func isDrive(g query.Glob, i int) bool {
	return (i == 0 || g[i-1].Kind == query.GlobAny) && i+1 < len(g) && strings.HasPrefix(g[i+1].Text, `:\`)
}

// refinement is a problem of which only some conditions are active.
type refinement struct {
	atoms  []atom
	done   []bool // by atom: wholly active
	pieces []int  // by atom: words of an excluded list that are active
	active []atom
}

// Of one excluded list so many words are activated one by one, then all.
const maxPieces = 16

func newRefinement(atoms []atom) *refinement {
	r := &refinement{atoms: atoms, done: make([]bool, len(atoms)), pieces: make([]int, len(atoms))}
	for i, a := range atoms {
		if !a.out && a.n.op != opLength && a.n.op != opBelow {
			r.done[i] = true
			r.active = append(r.active, a)
		}
	}
	return r
}

// activateAll makes every condition active.
func (r *refinement) activateAll() {
	r.active = r.atoms
	for i := range r.done {
		r.done[i] = true
	}
}

// Of the conditions that a witness violates so many join at a time.
const maxJoin = 4

// violated activates conditions that the probe violates, and reports whether
// there are any.
func (r *refinement) violated(p *probe) bool {
	joined := 0
	for i, a := range r.atoms {
		if r.done[i] || a.holds(p) {
			continue
		}
		if a.out && a.n.op == opWords && len(a.n.words.items) > 1 && r.pieces[i] < maxPieces {
			r.pieces[i]++
			w := a.n.words
			a.n = &node{op: opWords, words: newWords([]string{w.items[w.find(p)]}, w.fold)}
		} else {
			r.done[i] = true
		}
		r.active = append(r.active, a)
		if joined++; joined == maxJoin {
			break
		}
	}
	return joined > 0
}

// product builds the automata of the active conditions.
func (r *refinement) product(b *budget) *product {
	ab := newAlphabet()
	for _, a := range r.active {
		ab.mention(a.n, !a.out)
	}
	ab.cut()
	var terms *arena
	derive := func(n *node, out bool) automaton {
		if terms == nil {
			terms = newArena(ab, b)
		}
		x := terms.add(n)
		if out {
			x = terms.not(x)
		}
		return newDerived(terms, x)
	}
	var parts []automaton
	var excluded []*node
	var lengths []*node // one automaton for all, which sees bounds in different units cross
	for _, a := range r.active {
		switch patterns, ok := patternsOf(a.n); {
		case a.n.op == opLength && !a.out:
			lengths = append(lengths, a.n)
		case ok && a.out:
			excluded = append(excluded, patterns...)
		case ok:
			parts = append(parts, newBank(ab, patterns, false, b))
		default:
			parts = append(parts, derive(a.n, a.out))
		}
	}
	ab.favourWide(lengths)
	switch len(lengths) {
	case 0:
	case 1:
		parts = append(parts, derive(lengths[0], false))
	default:
		parts = append(parts, derive(&node{op: opAnd, kids: lengths}, false))
	}
	if len(excluded) > 0 {
		parts = append(parts, newBank(ab, excluded, true, b))
	}
	return newProduct(ab, parts, b)
}

// maxBank is the longest word list that a bank of bit vectors takes.
const maxBank = 64

// patternsOf returns the patterns and short lists that n is the union of.
func patternsOf(n *node) ([]*node, bool) {
	switch n.op {
	case opGlob:
		return []*node{n}, true
	case opWords:
		return []*node{n}, len(n.words.items) <= maxBank
	case opOr:
		for _, k := range n.kids {
			if _, ok := patternsOf(k); !ok || k.op == opOr {
				return nil, false
			}
		}
		return n.kids, true
	}
	return nil, false
}

// refine searches the product of the active conditions, and lets the others
// join as the witnesses violate them.
func (s *search) refine(atoms []atom) outcome {
	r := newRefinement(atoms)
	for {
		p := r.product(s.budget)
		witness, ok := p.witness()
		if !ok {
			if s.budget.spent() {
				return outcome{}
			}
			core := make([]int, len(r.active))
			for i, a := range r.active {
				core[i] = a.from
			}
			return outcome{core: origins(core)}
		}
		probe := newProbe(witness)
		s.checks += len(atoms)
		if !r.violated(&probe) {
			return outcome{shape: &automatonShape{refined: r}, witness: recase(witness, atoms)}
		}
	}
}

// recase writes the literals of a witness in the case in which the patterns
// have them, as far as it stays a witness.
func recase(witness string, atoms []atom) string {
	for _, a := range atoms {
		if a.out || a.n.op != opGlob || a.n.glob.fold == query.Exact {
			continue
		}
		fold := a.n.glob.fold
		for _, part := range a.n.glob.source {
			text, form := part.Text, canonString(part.Text, fold)
			at := strings.Index(canonString(witness, fold), form)
			if at < 0 || len(text) < 2 || len(form) != len(text) || len(canonString(witness, fold)) != len(witness) {
				continue
			}
			try := witness[:at] + text + witness[at+len(text):]
			p := newProbe(try)
			if try != witness && holdAll(atoms, &p) {
				witness = try
			}
		}
	}
	return witness
}

// maxChecks bounds the work of minimise, in membership tests.
const maxChecks = 500_000

// minimise drops the origins that a contradiction does not need, one by one. An
// origin once found necessary is part of every contradiction within the rest.
func (s *search) minimise(atoms []atom, core []int) []int {
	s.checks = 0
	for i := 0; i < len(core) && len(core) > 1 && s.checks < maxChecks; {
		var rest []atom
		for _, a := range atoms {
			if at, in := slices.BinarySearch(core, a.from); in && at != i {
				rest = append(rest, a)
			}
		}
		found := s.solve(rest, 1)
		switch {
		case found.shape == nil && s.budget.spent():
			return core
		case found.shape == nil:
			core = found.core
		default:
			i++
		}
	}
	return core
}
