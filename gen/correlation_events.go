package gen

import (
	"slices"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// This file makes the events of a correlation out of the documents of its slots.

// spread repeats documents and alerts as often as the correlation wants them,
// with other values where it counts values.
func (s *subject) spread(docs []query.Document) []query.Document {
	q := &s.ask
	if q.copies == 0 {
		return docs
	}
	events := make([]query.Document, 0, q.series.total)
	s.unroll(q.series.turns, docs, false, func(slot int, doc query.Document) {
		events = append(events, later(doc, time.Duration(len(events))*q.series.space-time.Duration(slot)*time.Millisecond))
	})
	return events
}

// unroll calls add with the documents of turns in order. Inside an alert the
// document of a slot comes last, as its values are those of the alert.
func (s *subject) unroll(turns []turn, docs []query.Document, inside bool, add func(slot int, doc query.Document)) {
	for i := range turns {
		t := &turns[i]
		variants := s.variants(t, docs)
		for n := range t.times {
			if inside {
				n = t.times - 1 - n
			}
			with := variants[min(n, len(variants)-1)]
			if t.of != nil {
				s.unroll(t.of, with, true, add)
			} else {
				add(t.slot, with[t.slot])
			}
		}
	}
}

// variants returns the documents of the slots for each time that a turn comes:
// no two of them have the same values in what is to vary, as far as there are
// values. Fewer than t.times stand for themselves.
func (s *subject) variants(t *turn, docs []query.Document) [][]query.Document {
	variants := [][]query.Document{docs}
	if t.vary == nil || t.times == 1 {
		return variants
	}
	for i, f := range t.vary {
		for v := range s.others(t.slot, docs[t.slot], f) {
			if len(variants) == t.times {
				return variants
			}
			if with, ok := s.exchanged(docs, t.linked[i], v); ok {
				variants = append(variants, with)
			}
		}
	}
	if t.of != nil {
		return variants
	}
	known := make([]query.Document, len(variants))
	for i, with := range variants {
		known[i] = with[t.slot]
	}
	for len(variants) < min(t.times, mostListed) {
		doc, _ := s.another(s.ask.problem, t.slot, t.vary, known)
		if doc == nil {
			break
		}
		known = append(known, doc)
		for _, key := range t.keys { // it is of the same group
			if v := docs[t.slot].Lookup(nil, concrete(key.Name)); len(v) == 1 {
				doc = doc.With(concrete(key.Name), v[0])
			}
		}
		with := slices.Clone(docs)
		with[t.slot] = doc
		variants = append(variants, with)
	}
	return variants
}

// exchanged gives fields that are tied together another value, if the
// predicates of the plan say the same of the documents then.
func (s *subject) exchanged(docs []query.Document, ends []solver.End, v query.Value) ([]query.Document, bool) {
	with := slices.Clone(docs)
	for _, e := range ends {
		with[e.Slot] = with[e.Slot].With(concrete(e.Field.Name), v)
	}
	for _, e := range ends[1:] {
		if !slices.Equal(s.program.Truths(nil, docs[e.Slot], s.now), s.program.Truths(nil, with[e.Slot], s.now)) {
			return nil, false
		}
	}
	return with, true
}

// mostListed bounds how many values the solver is asked for one by one.
const mostListed = 256

// another solves a problem for a document of a slot whose values of the fields
// no known document has. Without one there may be a proof that there is none.
func (s *subject) another(p solver.Problem, slot int, fields []*query.Field, known []query.Document) (query.Document, *solver.Conflict) {
	p.Goals = slices.Clone(p.Goals)
	for _, f := range fields {
		p.Goals = append(p.Goals, solver.Goal{Pred: &query.Leaf{Field: f, Op: query.OpExists}, Want: solver.MustBeTrue, Slot: slot})
	}
	for _, doc := range known {
		same := &query.And{}
		for _, f := range fields {
			for _, v := range doc.Lookup(nil, concrete(f.Name)) {
				if v.IsNumber() && f.Type.Family() == query.Strings {
					v = query.StringOf(v.String())
				}
				same.Terms = append(same.Terms, &query.Leaf{Field: f, Op: query.OpEqual, Items: []query.Operand{{Value: v}}})
			}
		}
		p.Goals = append(p.Goals, solver.Goal{Pred: same, Want: solver.NotTrue, Slot: slot})
	}
	result := s.solver.Solve(p)
	if result.Solution == nil {
		return nil, result.Conflict
	}
	return s.plainest(result.Solution, stampEvent)[slot], nil
}

// balance settles how often the events of a question come, so that what is
// calculated of their values is within the bounds, and fixes these values.
func (s *subject) balance(q *question, solution *solver.Solution) solver.Result {
	b, turns := q.series.body, q.series.turns
	unknown := solver.Result{Unknown: query.Errorf(query.CodeBudget, b.Span, "no events were found with which the correlation fires")}
	f := b.Values[0]
	docs := s.plainest(solution, stampNone)
	var values []float64
	p := q.problem
	p.Goals = slices.Clone(p.Goals)
	for i := range turns {
		v := docs[turns[i].slot].Lookup(nil, concrete(f.Name))
		if len(v) != 1 || !v[0].IsNumber() {
			return unknown
		}
		values = append(values, v[0].Float())
		same := &query.Leaf{Span: b.Span, Field: f, Op: query.OpEqual, Items: []query.Operand{{Span: b.Span, Value: v[0]}}}
		if s.fixes(q.problem, turns[i].slot, same) {
			continue // and a near-miss may say otherwise
		}
		p.Goals = append(p.Goals, solver.Goal{Pred: same, Want: solver.MustBeTrue, Slot: turns[i].slot})
	}
	measure := func(times ...int) query.Value {
		sum, n := 0.0, 0
		for i, x := range values {
			sum, n = sum+x*float64(times[i]), n+times[i]
		}
		if b.Kind != query.ValueSum {
			sum /= float64(n)
		}
		return plainNumber(sum)
	}
	settle := func(times ...int) (solver.Result, bool) {
		if !meets(b.Bounds, measure(times...)) {
			return unknown, false
		}
		for i := range turns {
			turns[i].times = times[i]
		}
		if q.pace() != nil {
			return unknown, false
		}
		q.problem = p
		return s.solver.Solve(p), true
	}
	if len(turns) == 1 {
		for n := 1; n <= maxCopies; n++ {
			if result, ok := settle(n); ok {
				return result
			}
		}
		return unknown
	}
	const most = 200 // of events, where two kinds of them make a balance
	for n := 2; n <= most; n++ {
		for k := 1; k < n; k++ {
			if result, ok := settle(k, n-k); ok {
				return result
			}
		}
	}
	return unknown
}

// fixes reports whether a problem has no solution without a leaf.
func (s *subject) fixes(p solver.Problem, slot int, leaf *query.Leaf) bool {
	p.Goals = append(slices.Clip(p.Goals), solver.Goal{Pred: leaf, Want: solver.NotTrue, Slot: slot})
	return s.solver.Solve(p).Conflict != nil
}
