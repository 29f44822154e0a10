package solver

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// Solver answers problems about one plan and remembers what it worked out
// about its leaves from one problem to the next. It is not safe for concurrent
// use; make one for each goroutine.
type Solver struct {
	opts     Options
	compiler *compiler

	forgetful bool // for a test: searches learn no nogoods
}

// New returns a solver with the given options.
func New(opts Options) *Solver {
	if opts.Budget.Decisions == 0 {
		opts.Budget.Decisions = DefaultBudget.Decisions
	}
	if opts.Budget.States == 0 {
		opts.Budget.States = DefaultBudget.States
	}
	if opts.Budget.Steps == 0 {
		opts.Budget.Steps = DefaultBudget.Steps
	}
	return &Solver{opts: opts, compiler: newCompiler(opts)}
}

// Solve answers one problem with a fresh [Solver].
func Solve(p Problem, opts Options) Result { return New(opts).Solve(p) }

// Solve finds a solution of all goals and joins of p, or proves that there is
// none. Equal problems and options give equal results.
func (sv *Solver) Solve(p Problem) Result {
	if d := twoViews(p); d != nil {
		return Result{Unknown: d}
	}
	s, ok := sv.attempt(p, nil)
	switch {
	case ok:
		return Result{Solution: s.solution(p)}
	case s.failure != nil:
		return Result{Unknown: s.failure}
	}
	return Result{Conflict: sv.shrink(p, s)}
}

// twoViews finds a field that the goals see in two ways, as whole text and word
// by word: to the theories these would be two fields with values of their own.
func twoViews(p Problem) *query.Diagnostic {
	seen := map[string]*query.Field{}
	for _, g := range p.Goals {
		for _, f := range query.FieldsOf(g.Pred) {
			key := strconv.Itoa(g.Slot) + " " + f.Name
			if other := seen[key]; other != nil && other != f {
				for _, l := range query.Leaves(nil, g.Pred) {
					if l.Field == f {
						return unsupported(l, "tests of %s both as %s and as %s", f.Name, other.Type, f.Type)
					}
				}
			}
			seen[key] = f
		}
	}
	return nil
}

// learnt is where the count of nogoods starts.
func (sv *Solver) learnt() int {
	if sv.forgetful {
		return mostNogoods
	}
	return 0
}

// attempt searches once; conditions in freed count as met whatever they say.
func (sv *Solver) attempt(p Problem, freed map[query.Pred]bool) (*search, bool) {
	s := &search{
		opts:    sv.opts,
		rules:   sv.compiler,
		cells:   map[place]*cell{},
		nested:  map[nestedPath]*elements{},
		blamed:  map[*atom]bool{},
		derived: map[*cell]derived{},
		settled: map[*cell][]Set{},
		learnt:  sv.learnt(),
		freed:   freed,
	}
	if sv.opts.Order != nil {
		s.rng = rand.New(sv.opts.Order)
	}
	if len(p.Joins) > 0 && !s.join(p.Joins) {
		return s, false
	}
	goals := make([]goal, len(p.Goals))
	for i, g := range p.Goals {
		goals[i] = goal{pred: g.Pred, want: g.Want, slot: g.Slot}
	}
	_, ok := s.run(goals, nil, 0)
	return s, ok
}

// join makes the ends of each join one cell. It fails where it cannot.
func (s *search) join(joins []Join) bool {
	s.joined = map[place]*cell{}
	for _, j := range joins {
		var class *cell
		for _, e := range j.Ends {
			p := place{slot: e.Slot, field: e.Field}
			other := s.joined[p]
			switch {
			case class == nil && other == nil:
				class = &cell{place: p}
				s.order = append(s.order, class)
				s.take(class, p)
			case class == nil:
				class = other
			case other == nil:
				s.take(class, p)
			case other != class: // two classes become one
				for _, q := range other.joins {
					s.take(class, q)
				}
				class.atoms = append(class.atoms, other.atoms...)
				other.atoms, other.joins = nil, nil
			}
			if class.field.Type.Family() != e.Field.Type.Family() {
				s.fail(query.CodeUnsupported, j.Span, "a join of %s (%s) with %s (%s)", class.field.Name, class.field.Type, e.Field.Name, e.Field.Type)
				return false
			}
		}
		if !j.Optional {
			there := s.rules.presence(class.field, j.Span)
			class.add(&there.atom, nil)
		}
	}
	return true
}

func (s *search) take(class *cell, p place) {
	class.joins = append(class.joins, p)
	s.joined[p] = class
}

// solution reads the state of a search that succeeded.
func (s *search) solution(p Problem) *Solution {
	sol := &Solution{Slots: 1}
	preds := make([]query.Pred, len(p.Goals))
	for i, g := range p.Goals {
		preds[i] = g.Pred
		sol.Slots = max(sol.Slots, g.Slot+1)
	}
	rank := map[*query.Field]int{}
	for i, f := range query.FieldsOf(preds...) {
		rank[f] = i
	}
	class := 0
	for _, c := range s.order {
		if len(c.atoms) == 0 && len(c.joins) == 0 {
			continue
		}
		h := s.hold(s.effective(c))
		absent := false
		for _, a := range c.atoms {
			absent = absent || a.kind == missing
		}
		if len(h.values) == 0 && !absent {
			continue // free to be left out, and better so
		}
		set := FieldSet{Slot: c.slot, Group: c.group, Field: c.field, Values: h.values}
		if d, ok := s.derived[c]; ok {
			set.Values, set.Derive = d.plain, &Derivation{Given: d.given}
		} else if settled, ok := s.settled[c]; ok {
			set.Values = settled
		}
		if len(c.joins) == 0 {
			sol.Fields = append(sol.Fields, set)
			continue
		}
		class++
		for _, end := range c.joins {
			set.Slot, set.Field, set.Class = end.slot, end.field, class
			sol.Slots = max(sol.Slots, end.slot+1)
			sol.Fields = append(sol.Fields, set)
		}
	}
	slices.SortStableFunc(sol.Fields, func(a, b FieldSet) int {
		return cmp.Or(cmp.Compare(a.Slot, b.Slot), cmp.Compare(rank[a.Field], rank[b.Field]), cmp.Compare(a.Group, b.Group))
	})
	return s.link(sol)
}

// link fills in the positions that derivations speak of, and moves derived
// fields behind those they depend on.
func (s *search) link(sol *Solution) *Solution {
	if len(s.derived) == 0 {
		return sol
	}
	slices.SortStableFunc(sol.Fields, func(a, b FieldSet) int {
		rank := func(f FieldSet) int {
			if f.Derive != nil {
				return 1
			}
			return 0
		}
		return cmp.Compare(rank(a), rank(b))
	})
	for i, f := range sol.Fields {
		if f.Derive == nil {
			continue
		}
		d := s.derived[s.cell(place{f.Slot, f.Group, f.Field})]
		for _, from := range d.from {
			at := slices.IndexFunc(sol.Fields, func(o FieldSet) bool {
				return o.Slot == f.Slot && o.Group == f.Group && o.Field == from
			})
			sol.Fields[i].Derive.From = append(sol.Fields[i].Derive.From, at)
		}
	}
	return sol
}

// shrink turns a failed search into a minimal conflict: the conditions that
// were to blame, less each one without which the search fails all the same.
func (sv *Solver) shrink(p Problem, failed *search) *Conflict {
	preds := make([]query.Pred, len(p.Goals))
	for i, g := range p.Goals {
		preds[i] = g.Pred
	}
	all := conditions(nil, preds...)
	blamed := map[query.Pred]bool{}
	for a := range failed.blamed {
		if a.cond != nil {
			blamed[a.cond] = true
		}
	}
	freed := map[query.Pred]bool{}
	var core []query.Pred
	for _, c := range all {
		if blamed[c] {
			core = append(core, c)
		} else {
			freed[c] = true
		}
	}
	fails := func(freed map[query.Pred]bool) bool {
		s, ok := sv.attempt(p, freed)
		return !ok && s.failure == nil
	}
	if len(freed) > 0 && !fails(freed) { // blame is an estimate; never trust it
		clear(freed)
		core = all
	}
	for size := len(core) / 2; len(core) > 1; size = max(1, size/2) {
		before := len(core)
		for at := 0; at < len(core); {
			end := min(at+size, len(core))
			part := core[at:end]
			for _, c := range part {
				freed[c] = true
			}
			if len(part) < len(core) && fails(freed) {
				core = slices.Delete(slices.Clone(core), at, end)
				continue
			}
			for _, c := range part {
				delete(freed, c)
			}
			at = end
		}
		if size <= 1 && len(core) == before {
			break
		}
	}
	return describe(core, p.Joins)
}

// conditions lists the leaves and constants of predicates, each once.
func conditions(dst []query.Pred, preds ...query.Pred) []query.Pred {
	seen := map[query.Pred]bool{}
	var walk func(query.Pred)
	walk = func(p query.Pred) {
		switch p.(type) {
		case *query.Leaf, *query.Const:
			if !seen[p] {
				seen[p] = true
				dst = append(dst, p)
			}
		}
		for _, c := range query.Children(p) {
			walk(c)
		}
	}
	for _, p := range preds {
		walk(p)
	}
	return dst
}

// describe puts a core into words.
func describe(core []query.Pred, joins []Join) *Conflict {
	c := &Conflict{}
	var fields []string
	add := func(span query.Span) {
		if !span.IsZero() && !slices.Contains(c.Spans, span) {
			c.Spans = append(c.Spans, span)
		}
	}
	touched := map[*query.Field]bool{}
	for _, p := range core {
		add(p.Pos())
		for _, f := range query.FieldsOf(p) {
			touched[f] = true
			if !slices.Contains(fields, f.Name) {
				fields = append(fields, f.Name)
			}
		}
	}
	for _, j := range joins {
		ends := 0
		for _, e := range j.Ends {
			if touched[e.Field] {
				ends++
			}
		}
		if ends > 1 || len(core) == 0 {
			add(j.Span)
		}
	}
	slices.SortFunc(c.Spans, func(a, b query.Span) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	switch {
	case len(fields) == 0:
		c.Reason = "this is never true"
	case len(core) == 1:
		c.Reason = fmt.Sprintf("no value of %s satisfies this", strings.Join(fields, " and "))
	case len(fields) == 1:
		c.Reason = fmt.Sprintf("no value of %s satisfies these together", fields[0])
	default:
		c.Reason = fmt.Sprintf("no values of %s and %s satisfy these together", strings.Join(fields[:len(fields)-1], ", "), fields[len(fields)-1])
	}
	return c
}
