package solver

import (
	"maps"
	"slices"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver/interval"
	"github.com/rematch-dev/rematch/solver/relation"
	"github.com/rematch-dev/rematch/solver/text"
)

// This file decides leaves with an expression. Over one field the expression is
// inverted into a set of values where that can be done exactly; over several,
// or where it can not, it is a relation that package relation decides when all
// else is.

// related is an expression that must come out one way, to be decided when the
// fields it reads have all their other constraints.
type related struct {
	leaf   *query.Leaf
	expr   query.Expr // of the leaf, with null for fields that are absent
	goal   goal
	want   relation.Want
	fields []*query.Field
}

// expandScript is expandLeaf for a leaf with an expression.
func (s *search) expandScript(l *query.Leaf, g goal) expansion {
	refs := query.FieldRefs(nil, l.Expr)
	fields := query.FieldsOf(l)
	strict := !nullable(l.Expr)
	without := func(absent bool) query.Truth { // the leaf without its only field, or any
		if absent && strict {
			return l.Absent
		}
		v := relation.Compute(l.Expr, nil)
		if v.Kind() != query.Bool {
			return l.Absent
		}
		return query.TruthOf(v.Bool())
	}
	hits := g.want&MustBeTrue != 0
	misses := g.want&MustBeFalse != 0
	null := g.want&(1<<l.Absent) != 0
	switch len(fields) {
	case 0:
		if g.want&(1<<without(false)) != 0 {
			return expansion{}
		}
		return s.refuse(g, &atom{kind: constant, cond: l, span: l.Span})
	case 1:
		f := fields[0]
		absent := g.want&(1<<without(true)) != 0
		if c := s.rules.constraint(l, f, hit); c.reason == nil && (len(refs) == 1 || !f.Array) {
			return s.constrain(l, f, hits, misses, absent, g)
		}
	}
	if hits && misses && null {
		return expansion{}
	}
	script := func(want Mask, absent ...*query.Field) goal {
		return goal{script: l, absent: absent, want: want, slot: g.slot, group: g.group, deps: g.deps}
	}
	var options []goal
	if hits && misses { // anything but null
		options = append(options, script(MustBeTrue), script(MustBeFalse))
	} else {
		options = append(options, script(g.want))
	}
	switch {
	case !strict && len(fields) <= mostAbsent:
		for some := 1; some < 1<<len(fields); some++ {
			var absent []*query.Field
			for i, f := range fields {
				if some>>i&1 != 0 {
					absent = append(absent, f)
				}
			}
			options = append(options, script(g.want, absent...))
		}
	case !strict:
		s.fail(query.CodeUnsupported, l.Span, "an expression over so many fields that may be absent")
	case null: // had most cheaply by leaving one out
		facts := make([]goal, 0, len(fields)+len(options))
		for _, f := range fields {
			facts = append(facts, goal{fact: s.rules.constraint(l, f, missing), slot: g.slot, group: g.group})
		}
		options = append(facts, options...)
	}
	if len(options) == 1 {
		return expansion{all: options}
	}
	return expansion{options: options}
}

// mostAbsent is how many fields of an expression may each be absent or not.
const mostAbsent = 4

// nullable reports whether null can pass through the expression and still give
// an answer.
func nullable(e query.Expr) bool {
	switch e := e.(type) {
	case *query.Call:
		return e.Func == query.FuncIsNull || slices.ContainsFunc(e.Args, nullable)
	case *query.Compare:
		return nullable(e.Left) || nullable(e.Right)
	case *query.Logic:
		// "or" may be true beside a null, "and" false, unless all terms are null
		// together because they read the same fields.
		if e.Op != query.NoneOf && slices.ContainsFunc(e.Terms, func(t query.Expr) bool {
			return !maps.Equal(fieldsIn(t), fieldsIn(e.Terms[0]))
		}) {
			return true
		}
		return slices.ContainsFunc(e.Terms, nullable)
	}
	return false
}

func fieldsIn(e query.Expr) map[*query.Field]bool {
	out := map[*query.Field]bool{}
	for _, ref := range query.FieldRefs(nil, e) {
		out[ref.Field] = true
	}
	return out
}

// postpone notes a relation, to be decided last; its fields must have values,
// those excepted that it is asked to hold without.
func (s *search) postpone(g goal) expansion {
	l := g.script
	r := related{leaf: l, expr: l.Expr, goal: g}
	nulls := relation.Env{}
	for _, f := range query.FieldsOf(l) {
		kind := present
		if slices.Contains(g.absent, f) {
			kind = missing
		}
		if e := s.assert(s.rules.constraint(l, f, kind), g); e.failed {
			return e
		}
		if kind == present {
			r.fields = append(r.fields, f)
			continue
		}
		for _, ref := range query.FieldRefs(nil, l.Expr) {
			if ref.Field == f {
				nulls[ref] = query.Value{}
			}
		}
	}
	if len(nulls) > 0 {
		r.expr = relation.Substitute(l.Expr, nulls)
	}
	null := g.want&(1<<l.Absent) != 0
	switch hits := g.want&MustBeTrue != 0; {
	case hits && null:
		r.want = relation.NotFalse
	case hits:
		r.want = relation.True
	case null:
		r.want = relation.NotTrue
	default:
		r.want = relation.False
	}
	s.relates = append(s.relates, r)
	s.trail = append(s.trail, func() { s.relates = s.relates[:len(s.relates)-1] })
	return expansion{}
}

// place is where a field of the relation stands.
func (r *related) place(f *query.Field) place { return place{r.goal.slot, r.goal.group, f} }

// relate decides the postponed relations together. First every field gets one
// value, as most documents have it; several only where that does not do.
func (s *search) relate() (deps, bool) {
	clear(s.derived)
	clear(s.settled)
	if len(s.relates) == 0 {
		return nil, true
	}
	t := s.translate(false)
	verdict, values, core := relation.Undecided, []query.Value(nil), relation.Core{}
	if !t.empty {
		verdict, values, core = relation.Solve(t.Problem)
	}
	if verdict != relation.Found && t.arrays {
		t = s.translate(true)
		if verdict = relation.Undecided; !t.empty {
			verdict, values, core = relation.Solve(t.Problem)
		}
	}
	if verdict == relation.Found {
		s.settle(t, values)
		return nil, true
	}
	// Who is to blame: the relations of the core, and all that is asked of the
	// fields in it.
	blame := deps(nil)
	relates := map[int]bool{}
	cells := map[*cell]bool{}
	if verdict == relation.Refuted {
		for _, i := range core.Tests {
			relates[t.origins[i]] = true
		}
		for _, v := range core.Vars {
			cells[t.cells[v]] = true
			if by := t.usage[v]; by >= 0 {
				relates[by] = true
			}
		}
	} else {
		for i, r := range s.relates {
			relates[i] = true
			for _, f := range r.fields {
				cells[s.cell(r.place(f))] = true
			}
		}
		span := s.relates[0].leaf.Span
		if len(core.Tests) > 0 {
			span = s.relates[t.origins[core.Tests[0]]].leaf.Span
		}
		s.fail(query.CodeUnsupported, span, "found no values that relate these fields as asked, and no proof that there are none")
	}
	for i := range relates {
		blame = blame.union(s.relates[i].goal.deps)
		s.blamed[&atom{cond: s.relates[i].leaf}] = true
	}
	for c := range cells {
		for _, h := range s.effective(c).atoms {
			blame = blame.union(h.deps)
			s.blamed[h.atom] = true
		}
	}
	return blame, false
}

// translation is the postponed relations as package relation reads them.
type translation struct {
	relation.Problem
	cells   []*cell // of each variable
	usage   []int   // the relation that a variable was made for, or -1
	origins []int   // the relation of each test
	arrays  bool    // some field may have several values
	empty   bool    // a field has no value as asked, or it takes too many tests
}

// mostTests bounds how often a relation that no combination of values may satisfy
// is written out.
const mostTests = 300

// translate makes a variable of each value: of one for each field, or else of
// one for each condition that some value of an array must meet, and for each
// time that a relation reads the array. A script is true of an array if it is
// of some combination of its values, so each use of a field may have its own.
func (s *search) translate(several bool) *translation {
	t := &translation{Problem: relation.Problem{States: s.opts.Budget.States}}
	elements := map[*cell][]int{}
	add := func(c *cell, hits []int, by int) int {
		v, ok := s.variable(c, hits)
		t.empty = t.empty || !ok
		t.Vars, t.cells, t.usage = append(t.Vars, v), append(t.cells, c), append(t.usage, by)
		elements[c] = append(elements[c], len(t.Vars)-1)
		return len(t.Vars) - 1
	}
	splits := func(c *cell) bool { return c.field.Array && len(c.joins) == 0 }
	for _, r := range s.relates {
		for _, f := range r.fields {
			c := s.cell(r.place(f))
			t.arrays = t.arrays || splits(c)
			if elements[c] != nil {
				continue
			}
			hits := s.effective(c).hits()
			if !several || !splits(c) {
				add(c, hits, -1)
				continue
			}
			for _, h := range hits {
				add(c, []int{h}, -1)
			}
			if len(hits) == 0 {
				add(c, nil, -1)
			}
		}
	}
	test := func(i int, vars map[*query.FieldRef]int) {
		r := s.relates[i]
		t.Tests = append(t.Tests, relation.Test{Expr: r.expr, Want: r.want, Vars: vars})
		t.origins = append(t.origins, i)
		t.empty = t.empty || len(t.Tests) > mostTests
	}
	for i, r := range s.relates {
		if r.want == relation.True || r.want == relation.NotFalse {
			vars := map[*query.FieldRef]int{}
			for _, ref := range query.FieldRefs(nil, r.expr) {
				c := s.cell(r.place(ref.Field))
				if vars[ref] = elements[c][0]; several && splits(c) {
					vars[ref] = add(c, nil, i)
				}
			}
			test(i, vars)
		}
	}
	for i, r := range s.relates {
		if r.want == relation.True || r.want == relation.NotFalse {
			continue
		}
		refs := query.FieldRefs(nil, r.expr)
		vars := map[*query.FieldRef]int{}
		var each func(k int)
		each = func(k int) {
			if k == len(refs) {
				test(i, maps.Clone(vars))
				return
			}
			for _, v := range elements[s.cell(r.place(refs[k].Field))] {
				if vars[refs[k]] = v; t.empty {
					return
				}
				each(k + 1)
			}
		}
		each(0)
	}
	return t
}

// shortLimit is the largest ignore_above that relations look at closely.
const shortLimit = 32

// hits are the positions of what some value must meet.
func (c *cell) hits() (at []int) {
	for i, h := range c.atoms {
		if h.kind == hit {
			at = append(at, i)
		}
	}
	return at
}

// variable is a value of a cell that meets some of its hits and no miss.
func (s *search) variable(c *cell, hits []int) (relation.Var, bool) {
	v := relation.Var{Field: c.field}
	th := s.rules.theory(c.field)
	c = s.effective(c)
	var in, out []set
	for _, h := range hits {
		in = append(in, c.atoms[h].set)
	}
	for _, h := range c.atoms {
		if h.kind == miss {
			out = append(out, h.set)
		}
	}
	found, core, _ := th.meet(in, out)
	if core != nil {
		return v, false
	}
	v.Values = found
	switch found := found.(type) {
	case interval.Set:
		v.Points = found
	case *stringSet:
		for _, l := range in {
			v.Langs = append(v.Langs, l.(*langSet).lang)
		}
		for _, l := range out {
			v.Langs = append(v.Langs, text.Not(l.(*langSet).lang))
		}
		v.Limit = c.field.IgnoreAbove
		if n := v.Limit; n > 0 && n <= shortLimit { // a long one would be an automaton as long
			v.Langs = append(v.Langs, text.Length(0, n, text.CodePoints))
		}
	}
	return v, true
}

// settle keeps the values that were found; where one field can be worked out of
// whatever the others are given, it is.
func (s *search) settle(t *translation, values []query.Value) {
	for v, c := range t.cells {
		if value := values[v]; !value.IsNull() &&
			!slices.ContainsFunc(s.settled[c], func(o Set) bool { return o.Simplest().Equal(value) }) {
			s.settled[c] = append(s.settled[c], s.rules.only(c.field, value))
		}
	}
	// Values that no relation reads are there for a condition of their own.
	for v, c := range t.cells {
		met := func(o Set) bool { return t.Vars[v].Values.Contains(o.Simplest()) }
		if values[v].IsNull() && !slices.ContainsFunc(s.settled[c], met) {
			s.settled[c] = append(s.settled[c], t.Vars[v].Values.(Set))
		}
	}
	for i := range s.relates {
		s.derive(&s.relates[i])
	}
}

// only is the set of one value.
func (r *compiler) only(f *query.Field, v query.Value) Set {
	switch s := r.theory(f).single(v).(type) {
	case interval.Set:
		if !s.IsEmpty() && f.Type.Family() != query.Dates {
			return s
		}
	case *langSet:
		if found, _, err := text.Solve(text.Problem{In: []text.Lang{s.lang}}); err == nil && found != nil {
			return &stringSet{found}
		}
	}
	return oneValue{v}
}

// derive takes a field of a relation whose other fields have the values that
// first come to mind, and which no other relation reads: its values are worked
// out anew for whatever values the others are given.
func (s *search) derive(r *related) {
	for i := range s.relates {
		if o := &s.relates[i]; o != r && slices.ContainsFunc(o.fields, func(f *query.Field) bool {
			return slices.ContainsFunc(r.fields, func(g *query.Field) bool { return s.cell(o.place(f)) == s.cell(r.place(g)) })
		}) {
			return
		}
	}
	plain := func(f *query.Field) bool {
		c := s.cell(r.place(f))
		h := s.hold(s.effective(c))
		return !f.Array && len(c.joins) == 0 && len(h.values) == 1 && h.values[0].Simplest().Equal(s.settled[c][0].Simplest())
	}
	if len(r.fields) < 2 {
		return
	}
	for last := len(r.fields) - 1; last >= 0; last-- {
		target := r.fields[last]
		others := slices.Delete(slices.Clone(r.fields), last, last+1)
		c := s.cell(r.place(target))
		if len(c.joins) > 0 || len(s.settled[c]) != 1 || slices.ContainsFunc(others, func(f *query.Field) bool { return !plain(f) }) {
			continue
		}
		d := s.derivation(r, target, others)
		var first [][]query.Value
		for _, f := range others {
			first = append(first, []query.Value{s.settled[s.cell(r.place(f))][0].Simplest()})
		}
		best, ok := d.given(first)
		if !ok {
			continue
		}
		d.plain = []Set{best}
		s.derived[c] = d
		delete(s.settled, c)
		for _, f := range others {
			delete(s.settled, s.cell(r.place(f)))
		}
		return
	}
}

// derivation says what is left of target for values of the others.
func (s *search) derivation(r *related, target *query.Field, others []*query.Field) derived {
	var in, out []set
	for _, h := range s.effective(s.cell(r.place(target))).atoms {
		switch h.kind {
		case hit:
			in = append(in, h.set)
		case miss:
			out = append(out, h.set)
		}
	}
	th := s.rules.theory(target)
	expr, truth := r.expr, r.want == relation.True || r.want == relation.NotFalse
	refs := query.FieldRefs(nil, expr)
	return derived{nil, r.place(nil), others, func(drawn [][]query.Value) (Set, bool) {
		values := relation.Env{}
		for i, f := range others {
			if len(drawn[i]) != 1 {
				return nil, false
			}
			for _, ref := range refs {
				if ref.Field == f {
					values[ref] = drawn[i][0]
				}
			}
		}
		lang, points, ok := relation.Residual(relation.Substitute(expr, values), target, truth)
		if !ok {
			return nil, false
		}
		left := set(points)
		if target.Type.Family() == query.Strings {
			left = &langSet{lang}
		}
		found, core, reason := th.meet(append(in[:len(in):len(in)], left), out)
		return found, core == nil && reason == nil
	}}
}

// derived is a [Derivation] before positions in the solution are known.
type derived struct {
	plain []Set // for the simplest values of the others
	at    place
	from  []*query.Field
	given func(drawn [][]query.Value) (Set, bool)
}

// invert returns the set of values of f for which the expression of l is true.
func (r *compiler) invert(l *query.Leaf, f *query.Field) (set, *query.Diagnostic) {
	if f.Type.Family() == query.Strings {
		if lang, ok := relation.Invert(l.Expr, f); ok {
			return &langSet{lang}, nil
		}
	}
	return nil, unsupported(l, "this expression over %s cannot be solved for its value", f.Name)
}
