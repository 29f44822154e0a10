package mutate

import (
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// Mutant is a rule changed in one place.
type Mutant struct {
	Operator string     // of the table
	Clause   query.Span // what was changed, in the rule's source
	Change   string     // what became of it: "is gone"
	Diff     string     // of a change of the text: before → after, on one line

	plan  *query.Plan // the rule
	op    int         // in the table of its operator
	text  bool        // the operator is one on text
	whole *query.Plan // of a changed text that differs in more than one predicate
	// A change of a body, or of the node at a place of a predicate.
	body func() query.Body
	at   *site
	node func() query.Pred
	// Of a change of one item of a leaf: that item, from 1, and the leaf with what
	// became of it alone, nil where it is gone. The other items say what they said.
	item   int
	single func() *query.Leaf
}

// Plan returns what the mutant asks.
func (m *Mutant) Plan() *query.Plan {
	if m.whole != nil {
		return m.whole
	}
	plan := *m.plan
	if m.body != nil {
		plan.Body = m.body()
	} else {
		plan.Body = withPred(m.plan.Body, m.at.part, m.at.root(m.node()))
	}
	return &plan
}

// String says what was done: drop-item: "cmd.exe" is gone from its list.
func (m *Mutant) String() string {
	text := m.plan.Source.Slice(m.Clause)
	if text == "" {
		text = "the rule"
	}
	return m.Operator + ": " + excerpt(text) + " " + m.Change
}

// excerpt puts text on one line and cuts it to a readable length.
func excerpt(text string) string {
	const most = 80
	text = strings.Join(strings.Fields(text), " ")
	n := 0
	for i := range text {
		if n++; n > most {
			return text[:i] + "…"
		}
	}
	return text
}

// site is a place in a predicate. Predicates are immutable and share nodes, so
// a change makes new nodes from its site up to the root and shares the rest.
type site struct {
	part  int // which predicate of the body
	pred  query.Pred
	up    *site
	index int // among the children of up
	id    int // position among the sites of all predicates
	kids  []*site
	// whole is the outermost nested object around the site, else the site: what
	// can be judged on a document without knowing its surroundings.
	whole *site
}

// sites returns the places in the predicates of a body, each before those below.
func sites(body query.Body) []*site {
	var all []*site
	var add func(p query.Pred, part int, up *site, index int) *site
	add = func(p query.Pred, part int, up *site, index int) *site {
		s := &site{part: part, pred: p, up: up, index: index, id: len(all)}
		s.whole = s
		if up != nil {
			if _, nested := up.pred.(*query.Each); nested || up.whole != up {
				s.whole = up.whole
			}
		}
		all = append(all, s)
		for i, c := range query.Children(p) {
			s.kids = append(s.kids, add(c, part, s, i))
		}
		return s
	}
	part := 0
	for p := range body.Preds {
		if p != nil {
			add(p, part, nil, 0)
		}
		part++
	}
	return all
}

// root returns the predicate that s stands in, with p in its place.
func (s *site) root(p query.Pred) query.Pred { return s.upTo(nil, p) }

// upTo returns the node at top, which is above s, with p in the place of s; nil
// stands for a place above all.
func (s *site) upTo(top *site, p query.Pred) query.Pred {
	for ; s != top && s.up != nil; s = s.up {
		p = withChild(s.up.pred, s.index, p)
	}
	return p
}

func withChild(parent query.Pred, i int, p query.Pred) query.Pred {
	replaced := func(terms []query.Pred) []query.Pred {
		out := append([]query.Pred(nil), terms...)
		out[i] = p
		return out
	}
	switch parent := parent.(type) {
	case *query.And:
		return &query.And{Span: parent.Span, Terms: replaced(parent.Terms)}
	case *query.Or:
		return &query.Or{Span: parent.Span, Terms: replaced(parent.Terms)}
	case *query.Not:
		return &query.Not{Span: parent.Span, Term: p}
	case *query.Each:
		return &query.Each{Span: parent.Span, Path: parent.Path, Term: p}
	}
	return parent // a leaf has no children
}

// changes collects the mutants of a plan. What they ask is built only when it
// is needed: a list of a thousand items has a thousand mutants of as many items.
type changes struct {
	plan    *query.Plan
	op      int // in the table
	name    string
	mutants []*Mutant
}

func (c *changes) add(m Mutant, at query.Span, words string) {
	m.Operator, m.op, m.Clause, m.Change, m.plan = c.name, c.op, at, words, c.plan
	c.mutants = append(c.mutants, &m)
}

func (c *changes) node(s *site, at query.Span, words string, build func() query.Pred) {
	c.add(Mutant{at: s, node: build}, at, words)
}

func (c *changes) body(at query.Span, words string, build func() query.Body) {
	c.add(Mutant{body: build}, at, words)
}

// Of returns the mutants of a plan, operator by operator in the order of the
// table, and at most most of them: then evenly chosen ones. all is how many
// there are.
func Of(plan *query.Plan, most int) (mutants []*Mutant, all int) {
	return choose(mutantsAt(plan, sites(plan.Body)), most)
}

func mutantsAt(plan *query.Plan, places []*site) []*Mutant {
	c := &changes{plan: plan}
	if withPred(plan.Body, 0, &query.And{}) == nil {
		return nil
	}
	for i := range Operators {
		op := &Operators[i]
		c.op, c.name = i, op.Name
		if op.body != nil {
			op.body(c, plan)
		} else {
			for _, s := range places {
				op.node(c, s)
			}
		}
	}
	return c.mutants
}

// choose keeps at most most mutants, at even distances.
func choose[T any](mutants []T, most int) ([]T, int) {
	all := len(mutants)
	if all <= most {
		return mutants, all
	}
	kept := mutants[:0:0]
	for i, m := range mutants {
		if i*most/all != (i-1)*most/all || i == 0 {
			kept = append(kept, m)
		}
	}
	return kept, all
}
