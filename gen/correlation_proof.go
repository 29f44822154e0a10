package gen

import (
	"fmt"
	"slices"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// This file proves that a correlation cannot fire where the ways to fire do
// not settle it: by what any alert would need.

// refute returns a proof that a correlation never fires, or nil.
func (s *subject) refute(b *query.Correlation) *solver.Conflict {
	if why := impossible(b); why != nil {
		return why
	}
	rules := make([]*solver.Conflict, len(b.Rules)) // why a rule has no events
	able := false
	for i := range b.Rules {
		r := &b.Rules[i]
		if r.Correlation != nil {
			rules[i] = s.refute(r.Correlation)
		} else {
			p := solver.Problem{Goals: []solver.Goal{{Pred: r.Where, Want: solver.MustBeTrue}}}
			for _, key := range r.By {
				p.Goals = append(p.Goals, solver.Goal{Pred: &query.Leaf{Span: key.Span, Field: key.Field, Op: query.OpExists}, Want: solver.MustBeTrue})
			}
			rules[i] = s.solver.Solve(p).Conflict
		}
		able = able || rules[i] == nil
	}
	if !able {
		return merged(rules)
	}
	switch b.Kind {
	case query.Temporal, query.TemporalOrdered:
		if len(b.Rules) > fewRules {
			return nil
		}
		for in := range firingSets(b) {
			possible := true
			for i, is := range in {
				possible = possible && (!is || rules[i] == nil)
			}
			if possible {
				return nil
			}
		}
		return merged(rules)
	case query.ValueCount:
		return s.fewValues(b)
	case query.EventCount:
		return nil
	}
	return s.outOfReach(b)
}

// merged is one conflict of several.
func merged(conflicts []*solver.Conflict) *solver.Conflict {
	out := &solver.Conflict{}
	for _, c := range conflicts {
		if c == nil {
			continue
		}
		for _, at := range c.Spans {
			if !slices.Contains(out.Spans, at) {
				out.Spans = append(out.Spans, at)
			}
		}
		if out.Reason == "" {
			out.Reason = c.Reason
		}
	}
	return out
}

// anyEvent holds of each document that can be the last of an event of b.
func anyEvent(b *query.Correlation) query.Pred {
	any := &query.Or{Span: b.Span}
	for p := range b.Preds {
		any.Terms = append(any.Terms, p)
	}
	if len(any.Terms) == 1 {
		return any.Terms[0]
	}
	return any
}

// fewValues proves that the events of a correlation have fewer different values
// than it counts, by listing all that there are.
func (s *subject) fewValues(b *query.Correlation) *solver.Conflict {
	n, d := least(b)
	if d != nil || n > mostListed || slices.ContainsFunc(b.Values, func(f *query.Field) bool { return f.Array }) {
		return nil
	}
	if n == 0 { // every event has some value
		return nil
	}
	p := solver.Problem{Goals: []solver.Goal{{Pred: anyEvent(b), Want: solver.MustBeTrue}}}
	var known []query.Document
	for len(known) < n {
		doc, conflict := s.another(p, 0, b.Values, known)
		if doc == nil && conflict == nil {
			return nil
		}
		if doc != nil {
			known = append(known, doc)
			continue
		}
		there := fmt.Sprintf("%d different values", len(known))
		if len(known) == 1 {
			there = "one value"
		}
		return &solver.Conflict{
			Spans:  slices.DeleteFunc(append(conflict.Spans, boundSpans(b)...), query.Span.IsZero),
			Reason: fmt.Sprintf("the events can have no more than %s of %s, and %d are asked for", there, names(b.Values), n),
		}
	}
	return nil
}

// outOfReach proves that no events have numbers whose sum or mean is within the
// bounds, because all are on one side of them, or are the same.
func (s *subject) outOfReach(b *query.Correlation) *solver.Conflict {
	f := b.Values[0]
	if f.Array || f.Type.Family() == query.Strings {
		return nil
	}
	event := solver.Goal{Pred: anyEvent(b), Want: solver.MustBeTrue}
	ask := func(preds ...query.Pred) solver.Result {
		p := solver.Problem{Goals: []solver.Goal{event}}
		for _, pred := range preds {
			p.Goals = append(p.Goals, solver.Goal{Pred: pred, Want: solver.MustBeTrue})
		}
		return s.solver.Solve(p)
	}
	because := func(c *solver.Conflict, format string, args ...any) *solver.Conflict {
		spans := slices.DeleteFunc(append(c.Spans, boundSpans(b)...), func(at query.Span) bool { return at == b.Span || at.IsZero() })
		return &solver.Conflict{Spans: slices.Compact(spans), Reason: fmt.Sprintf(format, args...)}
	}
	below, above := edge(b.Bounds, -1), edge(b.Bounds, 1) // all numbers within the bounds lie between
	zero := query.IntOf(0)
	if b.Kind == query.ValueSum {
		if meets(b.Bounds, zero) {
			return nil
		}
		if below != nil && query.CompareNumbers(*below, zero) >= 0 {
			if c := ask(bounded(b, query.GT, zero)).Conflict; c != nil {
				return because(c, "no event adds anything to the sum of %s", f.Name)
			}
		}
		if above != nil && query.CompareNumbers(*above, zero) <= 0 {
			if c := ask(bounded(b, query.LT, zero)).Conflict; c != nil {
				return because(c, "no event takes anything from the sum of %s", f.Name)
			}
		}
		return s.multiples(b, ask, because)
	}
	if below != nil {
		if c := ask(bounded(b, reach(b, query.GE, query.GT, *below), *below)).Conflict; c != nil {
			return because(c, "no event has a %s that is large enough", f.Name)
		}
	}
	if above != nil {
		if c := ask(bounded(b, reach(b, query.LE, query.LT, *above), *above)).Conflict; c != nil {
			return because(c, "no event has a %s that is small enough", f.Name)
		}
	}
	return nil
}

// reach is how a value has to relate to an edge of the bounds: strictly where
// the edge itself is not within them.
func reach(b *query.Correlation, op, strict query.CompareOp, edge query.Value) query.CompareOp {
	if meets(b.Bounds, edge) {
		return op
	}
	return strict
}

// multiples proves that a sum of one and the same value never is within the bounds.
func (s *subject) multiples(b *query.Correlation, ask func(...query.Pred) solver.Result, because func(*solver.Conflict, string, ...any) *solver.Conflict) *solver.Conflict {
	f := b.Values[0]
	result := ask(&query.Leaf{Span: b.Span, Field: f, Op: query.OpExists})
	if result.Solution == nil {
		return nil
	}
	v := s.plainest(result.Solution, stampNone)[0].Lookup(nil, concrete(f.Name))
	if len(v) != 1 || !v[0].IsNumber() {
		return nil
	}
	same := &query.Leaf{Span: b.Span, Field: f, Op: query.OpEqual, Items: []query.Operand{{Span: b.Span, Value: v[0]}}}
	c := ask(&query.Leaf{Span: b.Span, Field: f, Op: query.OpExists}, &query.Not{Span: b.Span, Term: same}).Conflict
	above := edge(b.Bounds, 1)
	if below := edge(b.Bounds, -1); v[0].Float() < 0 {
		above = below
	}
	if c == nil || above == nil || v[0].Float() == 0 {
		return nil
	}
	last := above.Float() / v[0].Float()
	if last > maxCopies {
		return nil
	}
	for n := 1; float64(n) <= last; n++ {
		if meets(b.Bounds, plainNumber(float64(n)*v[0].Float())) {
			return nil
		}
	}
	return because(c, "%s is always %s, and no number of events makes a sum that is %s", f.Name, v[0], asked(b.Bounds))
}

// edge is the least (-1) or greatest (1) number that bounds leave; nil where
// there is none.
func edge(bounds []query.CorrelationBound, side int) (at *query.Value) {
	for _, b := range bounds {
		lower, upper := b.Op == query.GT || b.Op == query.GE || b.Op == query.EQ, b.Op == query.LT || b.Op == query.LE || b.Op == query.EQ
		if side < 0 && !lower || side > 0 && !upper {
			continue
		}
		if at == nil || query.CompareNumbers(b.Value, *at)*side < 0 {
			at = &b.Value
		}
	}
	return at
}
