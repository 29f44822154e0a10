package gen

import (
	"slices"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// matches asks the evaluator whether the events of a case raise an alert.
func (s *subject) matches(docs []query.Document) bool {
	return s.judge(s.events(docs), s.now)
}

// judge asks the evaluator about an event set. Documents of a sequence that were
// drawn without times are judged as if they came a millisecond apart, and those
// of a correlation as far as it would set them.
func (s *subject) judge(set query.EventSet, now time.Time) bool {
	_, ordered := s.plan.Body.(*query.Sequence)
	step := time.Millisecond
	if s.ask.series != nil {
		ordered, step = true, s.ask.series.space
	}
	if ordered {
		set.Docs = slices.Clone(set.Docs)
		for i, doc := range set.Docs {
			if len(doc.Lookup(nil, "@timestamp")) == 0 {
				at := now.Add(time.Duration(i)*step - s.ask.age)
				set.Docs[i] = doc.With("@timestamp", query.StringOf(at.UTC().Format(dateLayout)))
			}
		}
	}
	return s.program.Run(set, now).Match
}

// verify looks up in the evaluator what the solver promised of drawn documents.
// Rules over one document are asked without their time window: a source may
// run for longer than any window, and base documents have times of their own.
//
// What "now" means to the query is what it meant when the query was solved. A
// rule run at another time is judged then, or with all moved back to that time.
func (s *subject) verify(set query.EventSet, now time.Time) error {
	if _, ok := s.plan.Body.(*query.Event); ok && s.program.Match(set.Docs[0], s.now) {
		return nil
	}
	if s.judge(set, now) {
		return nil
	}
	moved := query.EventSet{Indicators: set.Indicators}
	for _, doc := range set.Docs {
		moved.Docs = append(moved.Docs, later(doc, s.now.Sub(now)))
	}
	if s.judge(moved, s.now) {
		return nil
	}
	return s.mismatch(append(slices.Clone(set.Docs), set.Indicators...), Match)
}

// mismatch reports that solver and evaluator disagree about documents, with
// all that is needed to find out who is wrong.
func (s *subject) mismatch(docs []query.Document, want Expect) *query.Diagnostic {
	d := &query.Diagnostic{Code: query.CodeMismatch, Summary: "Rematch contradicts itself: this is a bug, please report it with the rule"}
	if want == Match {
		d.Detail = "the solver says that these documents match, the evaluator that they do not\n"
	} else {
		d.Detail = "the solver says that these documents do not match, the evaluator that they do\n"
	}
	for _, doc := range docs {
		d.Detail += doc.String() + "\n" + s.program.Explain(doc, s.now).String()
	}
	return s.at(d)
}

// garbled reports that what was written is not the document that was drawn.
func (s *subject) garbled(text []byte, err error) *query.Diagnostic {
	d := &query.Diagnostic{Code: query.CodeMismatch, Summary: "Rematch wrote what it should not have: this is a bug, please report it with the rule"}
	return s.at(d.With("%s: %v", text, err))
}

// gate is a node of a predicate, with the truth that the evaluator found in the
// documents read last. Inside a nested object that is the truth on the element
// that decides.
type gate struct {
	pred     query.Pred
	kids     []*gate
	parent   *gate // nil at the top
	truth    query.Truth
	positive bool    // being True is what makes the rule match
	target   *target // of a leaf
}

// newGate makes the tree of p; leaves take the next of rest.
func newGate(p query.Pred, positive, nested bool, rest *[]*target) *gate {
	g := &gate{pred: p, positive: positive}
	switch p := p.(type) {
	case *query.Leaf:
		g.target = (*rest)[0]
		*rest = (*rest)[1:]
		g.target.positive, g.target.nested, g.target.gate = positive, nested, g
		return g
	case *query.Const:
		g.truth = p.Truth
	case *query.Not:
		positive = !positive
	case *query.Each:
		nested = true
	}
	for _, kid := range query.Children(p) {
		g.kids = append(g.kids, newGate(kid, positive, nested, rest))
		g.kids[len(g.kids)-1].parent = g
	}
	return g
}

// needless is what a rule can do without where a clause has the given truth
// whenever that matters: the clause itself, or the connective that it decides.
func (g *gate) needless(truth query.Truth) *gate {
	least := g
	for ; g.parent != nil; g = g.parent {
		decides := query.Unknown
		switch g.parent.pred.(type) {
		case *query.Not:
			truth = truth.Not()
			continue
		case *query.And, *query.Each:
			decides = query.False
		case *query.Or:
			decides = query.True
		}
		if truth != decides {
			break
		}
		least = g.parent
	}
	return least
}

// read asks the evaluator about every leaf, and notes in the targets which of
// them decide the outcome: those whose siblings leave it to them. In a nested
// object that nothing satisfies, a clause may do so on any element.
func (c *cover) read(docs []query.Document) {
	for i, part := range c.ask.parts {
		if part.slot < 0 {
			continue
		}
		for element, more := 0, true; more; element++ {
			n := 0
			var earlier []target
			if element > 0 {
				for _, t := range c.targets {
					earlier = append(earlier, *t)
				}
			}
			nested := map[*query.Each]query.Truth{}
			more = c.program.CoverageOn(docs[part.slot], c.now, element, func(p query.Pred, truth query.Truth, items []int) {
				if each, ok := p.(*query.Each); ok {
					nested[each] = truth
					return
				}
				t := c.targets[n]
				n++
				if t.focus.On.Slot != part.slot {
					return
				}
				t.truth, t.hit = truth, -1
				if len(items) == 1 {
					t.hit = items[0]
				}
			})
			c.gates[i].sum(nested)
			c.gates[i].decides(true)
			for k := range earlier {
				if t := c.targets[k]; !t.on && !t.off {
					*t = earlier[k]
				}
			}
		}
	}
}

// hits returns the items of a target's list that the values of doc satisfy.
func (c *cover) hits(t *target, doc query.Document) (hits []int) {
	n := 0
	c.program.Coverage(doc, c.now, func(_ *query.Leaf, _ query.Truth, items []int) {
		if c.targets[n] == t {
			hits = slices.Clone(items)
		}
		n++
	})
	return hits
}

// sum works out the truth of the connectives: Kleene's, as everywhere. That of
// nested objects is known: of many elements, leaves have one only.
func (g *gate) sum(nested map[*query.Each]query.Truth) query.Truth {
	switch p := g.pred.(type) {
	case *query.Leaf:
		g.truth = g.target.truth
	case *query.And:
		g.truth = query.True
		for _, kid := range g.kids {
			g.truth = min(g.truth, kid.sum(nested))
		}
	case *query.Or:
		g.truth = query.False
		for _, kid := range g.kids {
			g.truth = max(g.truth, kid.sum(nested))
		}
	case *query.Not:
		g.truth = g.kids[0].sum(nested).Not()
	case *query.Each:
		g.kids[0].sum(nested)
		g.truth = nested[p]
	}
	return g.truth
}

// decides passes down whether everything around a node leaves the outcome to
// it: the other terms of an "and" are true, those of an "or" are false.
func (g *gate) decides(alone bool) {
	neutral := query.True // what the siblings must be
	switch g.pred.(type) {
	case *query.Leaf:
		t := g.target
		t.on = alone && (g.positive && g.truth == query.True || !g.positive && g.truth == query.False)
		t.off = alone && g.positive != (g.truth == query.True)
		return
	case *query.Each:
		alone = alone && g.truth == g.kids[0].truth // else there is no element
	case *query.Or:
		neutral = query.False
	}
	others := 0 // terms that are not neutral
	for _, kid := range g.kids {
		if kid.truth != neutral {
			others++
		}
	}
	for _, kid := range g.kids {
		left := others
		if kid.truth != neutral {
			left--
		}
		kid.decides(alone && left == 0)
	}
}
