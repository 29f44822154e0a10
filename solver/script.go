package solver

import (
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver/interval"
)

// This file decides leaves with an expression. Over one field the expression is
// inverted into a set of values where that can be done exactly; over several,
// or where it can not, values are tried out: what is found is a proof that the
// leaf can hold, and not finding any proves nothing and is reported as such.

// relation is an expression that must come out one way, to be decided when the
// fields it reads have all their other constraints.
type relation struct {
	leaf   *query.Leaf
	goal   goal
	truth  bool
	fields []*query.Field
}

// expandScript is expandLeaf for a leaf with an expression.
func (s *search) expandScript(l *query.Leaf, g goal) expansion {
	refs := query.FieldRefs(nil, l.Expr)
	fields := query.FieldsOf(l)
	without := func(absent *query.Field) query.Truth { // the leaf when a field is absent
		if absent != nil && !nullable(l.Expr) {
			return l.Absent
		}
		v := compute(l.Expr, nil)
		if v.Kind() != query.Bool {
			return l.Absent
		}
		return query.TruthOf(v.Bool())
	}
	hits := g.want&MustBeTrue != 0
	misses := g.want&MustBeFalse != 0
	switch len(fields) {
	case 0:
		if g.want&(1<<without(nil)) != 0 {
			return expansion{}
		}
		return s.refuse(g, &atom{kind: constant, cond: l, span: l.Span})
	case 1:
		f := fields[0]
		absent := g.want&(1<<without(f)) != 0
		if c := s.rules.constraint(l, f, hit); c.reason == nil && (len(refs) == 1 || !f.Array) {
			return s.constrain(l, f, hits, misses, absent, g)
		}
	}
	// Several fields: being false is had most cheaply by leaving one out.
	if g.want&(1<<l.Absent) != 0 && !nullable(l.Expr) {
		if hits && misses {
			return expansion{}
		}
		options := make([]goal, 0, len(fields)+1)
		for _, f := range fields {
			options = append(options, goal{fact: s.rules.constraint(l, f, missing), slot: g.slot, group: g.group})
		}
		return expansion{options: append(options, goal{script: l, want: g.want, slot: g.slot, group: g.group})}
	}
	return s.postpone(l, hits, g)
}

// nullable reports whether null can pass through the expression and still give
// an answer.
func nullable(e query.Expr) bool {
	switch e := e.(type) {
	case *query.Call:
		if e.Func == query.FuncIsNull {
			return true
		}
		for _, a := range e.Args {
			if nullable(a) {
				return true
			}
		}
	case *query.Compare:
		return nullable(e.Left) || nullable(e.Right)
	case *query.Logic:
		// "or" may be true beside a null; to be safe, only leaves decide.
		if e.Op == query.AnyOf {
			return true
		}
		for _, t := range e.Terms {
			if nullable(t) {
				return true
			}
		}
	}
	return false
}

// postpone notes a relation, to be decided last; its fields must have values.
func (s *search) postpone(l *query.Leaf, truth bool, g goal) expansion {
	fields := query.FieldsOf(l)
	for _, f := range fields {
		if e := s.assert(s.rules.constraint(l, f, present), g); e.failed {
			return e
		}
		if f.Array { // with several values every combination would count
			if e := s.assert(s.rules.constraint(l, f, single), g); e.failed {
				return e
			}
		}
	}
	s.relates = append(s.relates, relation{l, g, truth, fields})
	s.trail = append(s.trail, func() { s.relates = s.relates[:len(s.relates)-1] })
	return expansion{}
}

// relate decides the postponed relations one after the other, by trying values
// for all fields of a relation but one and inverting the expression for that.
func (s *search) relate() (deps, bool) {
	clear(s.derived)
	var blame deps
	for _, r := range s.relates {
		blame = blame.union(r.goal.deps)
		if !s.decide(r) {
			for _, o := range s.relates {
				s.blamed[&atom{cond: o.leaf}] = true
			}
			s.fail(query.CodeUnsupported, r.leaf.Span, "found no values that relate these fields as asked, and no proof that there are none")
			// Which of the fields' other constraints matter is not known.
			for _, f := range r.fields {
				for _, h := range s.cell(place{r.goal.slot, r.goal.group, f}).atoms {
					blame = blame.union(h.deps)
				}
			}
			return blame, false
		}
	}
	return nil, true
}

// tries bounds the candidate values of one field in one relation.
const tries = 12

// decide finds values for one relation and pins them down.
func (s *search) decide(r relation) bool {
	if r.truth {
		for values := range splits(r.leaf.Expr) {
			if s.fixAll(r, values) {
				return true
			}
		}
	}
	for last := len(r.fields) - 1; last >= 0; last-- {
		others := append(append([]*query.Field(nil), r.fields[:last]...), r.fields[last+1:]...)
		if s.pin(r, others, r.fields[last], map[*query.Field]query.Value{}) {
			return true
		}
	}
	return false
}

// pin tries values for the first of others, then for the rest, then solves the
// target field for what is left of the expression.
func (s *search) pin(r relation, others []*query.Field, target *query.Field, pinned map[*query.Field]query.Value) bool {
	if len(others) == 0 {
		return s.finish(r, target, pinned)
	}
	f := others[0]
	for v := range s.candidates(r.goal, f) {
		pinned[f] = v
		if s.pin(r, others[1:], target, pinned) {
			return true
		}
	}
	delete(pinned, f)
	return false
}

// candidates yields values to try for a field: the plainest, then all others
// of few, or a sample of many. Listing and drawing can be dear, so each comes
// only when what was before it did not do.
func (s *search) candidates(g goal, f *query.Field) iter.Seq[query.Value] {
	h := s.hold(s.effective(s.cell(place{g.slot, g.group, f})))
	return func(yield func(query.Value) bool) {
		if len(h.values) == 0 {
			return
		}
		set := h.values[0]
		tried := []query.Value{set.Simplest()}
		if !yield(tried[0]) {
			return
		}
		members, all := set.Members(tries)
		source := rand.NewPCG(0, 0)
		for i := 0; len(tried) < tries; i++ {
			var v query.Value
			switch {
			case all && i < len(members):
				v = members[i]
			case all || i > 4*tries:
				return
			default:
				v = set.Draw(source)
			}
			if slices.ContainsFunc(tried, v.Equal) {
				continue
			}
			if tried = append(tried, v); !yield(v) {
				return
			}
		}
	}
}

// finish solves the expression, with all other fields replaced by values, for
// the target, and fixes the values if that works out.
func (s *search) finish(r relation, target *query.Field, pinned map[*query.Field]query.Value) bool {
	mark := len(s.trail)
	for _, f := range r.fields {
		if v, ok := pinned[f]; ok && !s.fix(r, f, v) {
			s.undo(mark)
			return false
		}
	}
	residual := substitute(r.leaf.Expr, pinned)
	if left, ok := preimageOf(residual, target, r.truth); ok {
		s.rules.ids++
		c := &constraint{atom{id: s.rules.ids, kind: hit, cond: r.leaf, span: r.leaf.Span, set: left}, target}
		ok := !s.assert(c, r.goal).failed
		alone := len(pinned) == 0 || len(s.cell(place{r.goal.slot, r.goal.group, target}).joins) > 0
		if ok && !alone && s.plainest(r, pinned, mark) {
			s.derive(r, target, mark)
		} else if !ok {
			s.undo(mark)
		}
		return ok
	}
	// Not invertible: try values for the target as well, and first of all the
	// constants that the expression speaks of.
	try := func(v query.Value) bool {
		v, ok := s.rules.asStored(target, v)
		if !ok {
			return false
		}
		vars := env{}
		for _, ref := range query.FieldRefs(nil, residual) {
			vars[ref] = v
		}
		got := compute(residual, vars)
		if (got.Kind() == query.Bool && got.Bool()) != r.truth {
			return false
		}
		before := len(s.trail)
		fixed := s.fix(r, target, v)
		if !fixed {
			s.undo(before)
		}
		return fixed
	}
	if slices.ContainsFunc(constants(nil, residual), try) {
		return true
	}
	for v := range s.candidates(r.goal, target) {
		if try(v) {
			return true
		}
	}
	s.undo(mark)
	return false
}

// asStored is a constant as a field would hold it: the text of 1 is "1" in a
// long and "1.0" in a double.
func (r *compiler) asStored(f *query.Field, v query.Value) (query.Value, bool) {
	switch only := r.theory(f).single(v).(type) {
	case interval.Set:
		if only.IsEmpty() {
			return v, f.Type.Family() == query.Dates && v.Kind() == query.String
		}
		return only.Simplest(), true
	case *langSet:
		return query.StringOf(scriptText(v)), true
	}
	return v, true
}

// constants lists the literals of an expression, texts of numbers as both.
func constants(dst []query.Value, e query.Expr) []query.Value {
	switch e := e.(type) {
	case *query.Literal:
		dst = append(dst, e.Value)
		if n := parseNumber(e.Value.Str(), nil); e.Value.Kind() == query.String && n.IsNumber() {
			dst = append(dst, n)
		}
	case *query.Call:
		for _, a := range e.Args {
			dst = constants(dst, a)
		}
	case *query.Compare:
		dst = constants(constants(dst, e.Left), e.Right)
	case *query.Logic:
		for _, t := range e.Terms {
			dst = constants(dst, t)
		}
	}
	return dst
}

// fixAll leaves every field of a relation one value.
func (s *search) fixAll(r relation, values map[*query.Field]query.Value) bool {
	mark := len(s.trail)
	for _, f := range r.fields {
		if v, ok := values[f]; !ok || !s.fix(r, f, v) {
			s.undo(mark)
			return false
		}
	}
	return true
}

// plainest reports whether the pinned values are the first that come to mind of
// their fields, and no other relation reads these.
func (s *search) plainest(r relation, pinned map[*query.Field]query.Value, mark int) bool {
	for _, o := range s.relates {
		if o.leaf == r.leaf {
			continue
		}
		for _, f := range o.fields {
			if slices.Contains(r.fields, f) {
				return false
			}
		}
	}
	for f, v := range pinned {
		c := *s.cell(place{r.goal.slot, r.goal.group, f})
		c.atoms = c.atoms[:len(c.atoms)-1] // less the pin
		if h := s.hold(&c); f.Array || len(c.joins) > 0 || len(h.values) != 1 || !h.values[0].Simplest().Equal(v) {
			return false
		}
	}
	return true
}

// derive takes the pins out again: the target's values are worked out anew for
// whatever values the other fields are given.
func (s *search) derive(r relation, target *query.Field, mark int) {
	at := place{r.goal.slot, r.goal.group, target}
	plain := s.hold(s.cell(at)).values
	s.undo(mark)
	var in, out []set
	for _, h := range s.cell(at).atoms {
		switch h.kind {
		case hit:
			in = append(in, h.set)
		case miss:
			out = append(out, h.set)
		}
	}
	others := slices.DeleteFunc(slices.Clone(r.fields), func(f *query.Field) bool { return f == target })
	th := s.rules.theory(target)
	s.derived[s.cell(at)] = derived{plain, place{r.goal.slot, r.goal.group, nil}, others, func(drawn [][]query.Value) (Set, bool) {
		values := map[*query.Field]query.Value{}
		for i, f := range others {
			if len(drawn[i]) != 1 {
				return nil, false
			}
			values[f] = drawn[i][0]
		}
		left, ok := preimageOf(substitute(r.leaf.Expr, values), target, r.truth)
		if !ok {
			return nil, false
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

// fix leaves a field just one value.
func (s *search) fix(r relation, f *query.Field, v query.Value) bool {
	s.rules.ids++
	only := &constraint{atom{id: s.rules.ids, kind: hit, cond: r.leaf, span: r.leaf.Span, set: s.rules.theory(f).single(v)}, f}
	return !s.assert(only, r.goal).failed
}

// substitute replaces references to fields by values.
func substitute(e query.Expr, values map[*query.Field]query.Value) query.Expr {
	switch e := e.(type) {
	case *query.FieldRef:
		if v, ok := values[e.Field]; ok {
			return &query.Literal{Span: e.Span, Value: v}
		}
	case *query.Call:
		c := *e
		c.Args = substituteAll(e.Args, values)
		return &c
	case *query.Compare:
		c := *e
		c.Left, c.Right = substitute(e.Left, values), substitute(e.Right, values)
		return &c
	case *query.Logic:
		c := *e
		c.Terms = substituteAll(e.Terms, values)
		return &c
	}
	return e
}

func substituteAll(list []query.Expr, values map[*query.Field]query.Value) []query.Expr {
	out := make([]query.Expr, len(list))
	for i, e := range list {
		out[i] = substitute(e, values)
	}
	return out
}

// preimageOf returns values of f for which a boolean expression over f comes
// out one way: not always all of them.
func preimageOf(e query.Expr, f *query.Field, truth bool) (set, bool) {
	switch f.Type.Family() {
	case query.Strings:
		p, _, ok := invertText(e, f)
		if !truth {
			return &langSet{p.no}, ok
		}
		return &langSet{p.yes}, ok
	case query.Integers, query.Floats:
		s, ok := invertNumber(e, f)
		if !truth {
			return s.no, ok
		}
		return s.yes, ok
	}
	return nil, false
}

// invert returns the set of values of f for which the expression of l is true.
func (r *compiler) invert(l *query.Leaf, f *query.Field) (set, *query.Diagnostic) {
	if f.Type.Family() == query.Strings {
		if p, partial, ok := invertText(l.Expr, f); ok && !partial {
			return &langSet{p.yes}, nil
		}
	}
	return nil, unsupported(l, "this expression over %s cannot be solved for its value", f.Name)
}
