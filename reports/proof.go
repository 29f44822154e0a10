package reports

import (
	"time"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
)

// proof says what a suite shows of a clause. Its text is the class that colours
// it in pages and pictures.
type proof string

const (
	provedOpen      proof = "open"
	provedOne       proof = "one"       // a matching case needs it
	provedBoth      proof = "both"      // and a near-miss fails for want of it alone
	provedRedundant proof = "redundant" // the rule means the same without it
	provedDead      proof = "dead"      // it can never decide
)

// proofWords explains the colours.
var proofWords = []struct {
	proof proof
	words string
}{
	{provedBoth, "decides: a matching case needs it, and a near-miss fails for want of it alone"},
	{provedOne, "a matching case needs it"},
	{provedRedundant, "redundant: the rule means the same without it"},
	{provedDead, "dead: no document can need it"},
	{provedOpen, "nothing shown"},
}

// clauses is what is shown of the leaves of a plan, in the order of
// [query.Leaves] over the predicates of its body.
type clauses struct {
	leaves []*query.Leaf
	shown  []shown
}

// shown counts the cases in which a leaf alone decides.
type shown struct {
	on, off   int // for the rule; against it
	dead      bool
	redundant bool
}

func (s shown) proof() proof {
	switch {
	case s.dead:
		return provedDead
	case s.redundant:
		return provedRedundant
	case s.on > 0 && s.off > 0:
		return provedBoth
	case s.on > 0 || s.off > 0:
		return provedOne
	}
	return provedOpen
}

// mostReadings bounds how many leaves are read in documents for one rule. It is
// far above what real suites need.
const mostReadings = 2_000_000

// prove reads off a suite what it shows of each leaf. It asks the evaluator, as
// the suite's maker did, rather than believing the names of cases.
func prove(s *gen.Suite) *clauses {
	c := &clauses{}
	if s.Plan == nil || s.Plan.Body == nil {
		return c
	}
	var roots []*gate
	for p := range s.Plan.Body.Preds {
		roots = append(roots, c.gate(p, true))
	}
	c.shown = make([]shown, len(c.leaves))
	for _, d := range s.Findings {
		if d.Code == query.CodeDead && len(d.Subjects) > 0 {
			for i, l := range c.leaves {
				if l.Span == d.Subjects[0] {
					c.shown[i].dead = c.shown[i].dead || d.Severity == query.Warning
					c.shown[i].redundant = c.shown[i].redundant || d.Severity == query.Note
				}
			}
		}
	}
	program, err := eval.Compile(s.Plan, eval.Options{})
	if err != nil {
		return c
	}
	truths := make([]query.Truth, len(c.leaves))
	left := mostReadings
	for i := range s.Cases {
		k := &s.Cases[i]
		for _, doc := range k.Events.Docs {
			if left -= len(truths); left < 0 {
				return c
			}
			c.read(program, roots, truths, doc, k.Now, k.Expect)
		}
	}
	return c
}

func (c *clauses) read(program *eval.Program, roots []*gate, truths []query.Truth, doc query.Document, now time.Time, expect gen.Expect) {
	n := 0
	program.Coverage(doc, now, func(_ *query.Leaf, truth query.Truth, _ []int) {
		truths[n] = truth
		n++
	})
	for _, root := range roots {
		root.sum(truths)
		if on := root.truth == query.True; on == (expect == gen.Match) {
			root.decides(c.shown, on)
		}
	}
}

// gate is a node of a predicate, and its truth in the document read last.
type gate struct {
	pred     query.Pred
	kids     []*gate
	leaf     int // position; -1 for what is none
	truth    query.Truth
	positive bool // being true is what makes the rule match
}

func (c *clauses) gate(p query.Pred, positive bool) *gate {
	g := &gate{pred: p, leaf: -1, positive: positive}
	if l, ok := p.(*query.Leaf); ok {
		g.leaf = len(c.leaves)
		c.leaves = append(c.leaves, l)
	}
	if _, ok := p.(*query.Not); ok {
		positive = !positive
	}
	for _, kid := range query.Children(p) {
		g.kids = append(g.kids, c.gate(kid, positive))
	}
	return g
}

func (g *gate) sum(leaves []query.Truth) query.Truth {
	switch p := g.pred.(type) {
	case *query.Leaf:
		g.truth = leaves[g.leaf]
	case *query.Const:
		g.truth = p.Truth
	case *query.And:
		g.truth = query.True
		for _, kid := range g.kids {
			g.truth = min(g.truth, kid.sum(leaves))
		}
	case *query.Or:
		g.truth = query.False
		for _, kid := range g.kids {
			g.truth = max(g.truth, kid.sum(leaves))
		}
	case *query.Not:
		g.truth = g.kids[0].sum(leaves).Not()
	case *query.Each:
		g.truth = g.kids[0].sum(leaves)
	}
	return g.truth
}

// decides counts the leaves to which everything around them leaves the outcome:
// the other terms of an "and" are true, those of an "or" are false.
func (g *gate) decides(counts []shown, on bool) {
	if g.leaf >= 0 {
		holds := g.truth == query.True
		if on && g.positive == holds {
			counts[g.leaf].on++
		} else if !on && g.positive != holds {
			counts[g.leaf].off++
		}
		return
	}
	neutral := query.True
	if _, ok := g.pred.(*query.Or); ok {
		neutral = query.False
	}
	others := 0
	for _, kid := range g.kids {
		if kid.truth != neutral {
			others++
		}
	}
	for _, kid := range g.kids {
		if others == 0 || others == 1 && kid.truth != neutral {
			kid.decides(counts, on)
		}
	}
}
