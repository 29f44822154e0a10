package mutate

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// Operator is a way of changing rules: a mistake that their authors make.
type Operator struct {
	Name    string
	Does    string
	Example string // a rule before and after, in a query language or in words

	// Operators on predicates are asked about each node, those on bodies once.
	node func(c *changes, at *site)
	body func(c *changes, plan *query.Plan)
}

// Operators is the table of operators. Figures, documentation and tests are made
// from it.
var Operators = [...]Operator{
	{"negate", "turns a clause into its opposite", "a : x → not a : x", negate, nil},
	{"drop-conjunct", "takes a clause out of an and", "a : x and b : y → a : x", dropConjunct, nil},
	{"drop-disjunct", "takes a clause out of an or", "a : x or b : y → a : x", dropDisjunct, nil},
	{"and-or", "writes or for and, and the other way round", "a : x and b : y → a : x or b : y", andOr, nil},
	{"drop-item", "takes an item out of a list", "a : (x or y) → a : x", dropItem, nil},
	{"drop-star", "takes a * out of a pattern", "a : *x → a : x", dropStar, nil},
	{"add-star", "puts a * in front of a pattern or behind it", "a : x* → a : *x*", addStar, nil},
	{"open-text", "asks for the beginning or the end of a text instead of the whole", `a : x → a : x*`, openText, nil},
	{"fix-question", "writes a letter for a ?, or nothing", "a : x?z → a : xqz", fixQuestion, nil},
	{"fold-case", "makes a text depend on letter case, or no longer", `a : "x" → a == "x"`, foldCase, nil},
	{"move-bound", "moves the end of a range by one", "n > 5 → n > 6", moveBound, nil},
	{"shut-bound", "takes the end of a range out, or in", "n > 5 → n >= 5", shutBound, nil},
	{"swap-field", "asks the same of another field of the rule", "a : x and b : y → b : x and b : y", swapField, nil},
	{"any-value", "asks for a value instead of a particular one", "a : x → a : *", anyValue, nil},
	{"no-value", "asks that there be no value", "a : x → not a : *", noValue, nil},
	{"absence", "lets a missing field count the other way", "a missing field satisfies a : x", absence, nil},

	{"drop-key", "no longer joins events by a key", "sequence by host.id, user.id → sequence by host.id", nil, dropKey},
	{"move-maxspan", "moves the time that a sequence may take by a millisecond", "maxspan=1m → maxspan=60001ms", nil, moveMaxspan},
	{"drop-maxspan", "lets a sequence take any time", "sequence with maxspan=1m → sequence", nil, dropMaxspan},
	{"drop-until", "no longer ends a sequence at an event", "[…] until […] → […]", nil, dropUntil},
	{"count-runs", "asks for one event more in a row, or one less", "[…] with runs=3 → […] with runs=4", nil, countRuns},
	{"drop-step", "asks for one event less", "[a] [b] [c] → [a] [c]", nil, dropStep},
	{"swap-steps", "asks for events in another order", "[a] [b] → [b] [a]", nil, swapSteps},
	{"move-threshold", "asks for one event more, or one less", "10 events → 11 events", nil, moveThreshold},
	{"move-cardinality", "asks for one different value more, or one less", "3 different values → 2 different values", nil, moveCardinality},
	{"move-history", "halves or doubles the time in which values are not new", "7 days → 14 days", nil, moveHistory},
	{"drop-mapping", "no longer compares a pair of fields with the indicator", "a = x and b = y → a = x", nil, dropMapping},
}

func negate(c *changes, at *site) {
	if leaf, ok := at.pred.(*query.Leaf); ok {
		c.node(at, leaf.Span, "becomes its opposite", func() query.Pred { return &query.Not{Span: leaf.Span, Term: leaf} })
	}
}

func dropConjunct(c *changes, at *site) {
	if and, ok := at.pred.(*query.And); ok {
		c.dropTerms(at, and.Terms, func(rest []query.Pred) query.Pred { return &query.And{Span: and.Span, Terms: rest} })
	}
}

func dropDisjunct(c *changes, at *site) {
	if or, ok := at.pred.(*query.Or); ok {
		c.dropTerms(at, or.Terms, func(rest []query.Pred) query.Pred { return &query.Or{Span: or.Span, Terms: rest} })
	}
}

func (c *changes) dropTerms(at *site, terms []query.Pred, join func([]query.Pred) query.Pred) {
	for i := range terms {
		if len(terms) < 2 {
			return
		}
		c.node(at, terms[i].Pos(), "is gone", func() query.Pred {
			if len(terms) == 2 {
				return terms[1-i]
			}
			return join(without(terms, i))
		})
	}
}

func andOr(c *changes, at *site) {
	switch p := at.pred.(type) {
	case *query.And:
		if len(p.Terms) > 1 {
			c.node(at, p.Span, "says or for and", func() query.Pred { return &query.Or{Span: p.Span, Terms: p.Terms} })
		}
	case *query.Or:
		if len(p.Terms) > 1 {
			c.node(at, p.Span, "says and for or", func() query.Pred { return &query.And{Span: p.Span, Terms: p.Terms} })
		}
	}
}

func dropItem(c *changes, at *site) {
	leaf, ok := at.pred.(*query.Leaf)
	if !ok || len(leaf.Items) < 2 {
		return
	}
	for i := range leaf.Items {
		c.add(Mutant{at: at, item: i + 1, node: func() query.Pred {
			other := *leaf
			other.Items = without(leaf.Items, i)
			return &other
		}}, leaf.Items[i].Span, "is gone from its list")
	}
}

// globs calls visit for each pattern of a leaf.
func globs(at *site, visit func(leaf *query.Leaf, i int, g query.Glob)) {
	leaf, ok := at.pred.(*query.Leaf)
	if !ok || leaf.Op != query.OpGlob && leaf.Op != query.OpWordGlob {
		return
	}
	for i := range leaf.Items {
		visit(leaf, i, leaf.Items[i].Glob)
	}
}

// item adds a change of the i-th item of a leaf.
func (c *changes) item(at *site, leaf *query.Leaf, i int, words string, change func(*query.Operand)) {
	changed := func(items []query.Operand, i int) *query.Leaf {
		other := *leaf
		other.Items = slices.Clone(items)
		change(&other.Items[i])
		return &other
	}
	c.add(Mutant{
		at: at, item: i + 1,
		node:   func() query.Pred { return changed(leaf.Items, i) },
		single: func() *query.Leaf { return changed(leaf.Items[i:i+1], 0) },
	}, leaf.Items[i].Span, words)
}

// glob adds a change of the i-th pattern of a leaf.
func (c *changes) glob(at *site, leaf *query.Leaf, i int, parts []query.GlobPart) {
	var g query.Glob
	for _, p := range parts { // texts and stars side by side become one
		switch p.Kind {
		case query.GlobText:
			g = g.Text(p.Text)
		case query.GlobOne:
			g = g.One()
		case query.GlobAny:
			g = g.Any()
		}
	}
	c.item(at, leaf, i, "becomes "+excerpt(g.String()), func(o *query.Operand) { o.Glob = g })
}

func dropStar(c *changes, at *site) {
	globs(at, func(leaf *query.Leaf, i int, g query.Glob) {
		for k, p := range g {
			if p.Kind == query.GlobAny {
				c.glob(at, leaf, i, without(g, k))
			}
		}
	})
}

func addStar(c *changes, at *site) {
	star := query.GlobPart{Kind: query.GlobAny}
	globs(at, func(leaf *query.Leaf, i int, g query.Glob) {
		if len(g) > 0 && g[0] != star {
			c.glob(at, leaf, i, append([]query.GlobPart{star}, g...))
		}
		if len(g) > 0 && g[len(g)-1] != star {
			c.glob(at, leaf, i, append(slices.Clone(g), star))
		}
	})
}

func openText(c *changes, at *site) {
	leaf, ok := at.pred.(*query.Leaf)
	if !ok || leaf.Op != query.OpEqual || leaf.Field.Type.Family() != query.Strings {
		return
	}
	open := func(words string, glob func(text string) query.Glob) {
		c.node(at, leaf.Span, words, func() query.Pred {
			other := *leaf
			other.Op, other.Items = query.OpGlob, slices.Clone(leaf.Items)
			for i := range other.Items {
				o := &other.Items[i]
				o.Glob, o.Value = glob(textOf(o.Value)), query.Value{}
			}
			return &other
		})
	}
	open("asks only how the text begins", func(text string) query.Glob { return query.Glob(nil).Text(text).Any() })
	open("asks only how the text ends", func(text string) query.Glob { return query.Glob(nil).Any().Text(text) })
}

func fixQuestion(c *changes, at *site) {
	globs(at, func(leaf *query.Leaf, i int, g query.Glob) {
		for k, p := range g {
			if p.Kind == query.GlobOne {
				letter := slices.Clone(g)
				letter[k] = query.GlobPart{Kind: query.GlobText, Text: "q"}
				c.glob(at, leaf, i, letter)
				c.glob(at, leaf, i, without(g, k))
			}
		}
	})
}

func foldCase(c *changes, at *site) {
	leaf, ok := at.pred.(*query.Leaf)
	if !ok || leaf.Op != query.OpEqual && leaf.Op != query.OpGlob && leaf.Op != query.OpRegex || leaf.Field.Type.Family() != query.Strings {
		return
	}
	fold, words := query.Exact, "depends on letter case"
	if leaf.Fold == query.Exact {
		fold, words = query.FoldASCII, "ignores letter case"
	}
	c.node(at, leaf.Span, words, func() query.Pred {
		other := *leaf
		other.Fold = fold
		return &other
	})
}

// bounds calls visit for each end of each range of a leaf, with a change of it.
func (c *changes) bounds(at *site, visit func(f *query.Field, b *query.Bound, change func(words string, to query.Bound))) {
	leaf, ok := at.pred.(*query.Leaf)
	if !ok || leaf.Op != query.OpRange {
		return
	}
	for i := range leaf.Items {
		if b := leaf.Items[i].Low; b != nil {
			visit(leaf.Field, b, func(words string, to query.Bound) {
				c.item(at, leaf, i, words, func(o *query.Operand) { o.Low = &to })
			})
		}
		if b := leaf.Items[i].High; b != nil {
			visit(leaf.Field, b, func(words string, to query.Bound) {
				c.item(at, leaf, i, words, func(o *query.Operand) { o.High = &to })
			})
		}
	}
}

func moveBound(c *changes, at *site) {
	c.bounds(at, func(f *query.Field, b *query.Bound, change func(string, query.Bound)) {
		for _, v := range beside(f, b.Value) {
			change("has the bound "+v.String(), query.Bound{Value: v, Inclusive: b.Inclusive})
		}
	})
	comparisons(at, func(leaf *query.Leaf, cmp *query.Compare, with func(query.Compare) query.Pred) {
		if lit, ok := cmp.Right.(*query.Literal); ok {
			for _, v := range beside(nil, lit.Value) {
				c.node(at, cmp.Span, "compares with "+v.String(), func() query.Pred {
					other := *cmp
					other.Right = &query.Literal{Span: lit.Span, Value: v}
					return with(other)
				})
			}
		}
	})
}

// beside returns the values next to v on both sides. Only whole numbers and
// addresses have such; a nil field says that v is a number of a script.
func beside(f *query.Field, v query.Value) []query.Value {
	if i, ok := v.Int(); ok && i > -1<<62 && i < 1<<62 {
		return []query.Value{query.IntOf(i + 1), query.IntOf(i - 1)}
	}
	if f == nil || f.Type.Family() != query.Addresses {
		return nil
	}
	a, err := netip.ParseAddr(v.Str())
	if err != nil {
		return nil
	}
	var out []query.Value
	for _, n := range []netip.Addr{a.Next(), a.Prev()} {
		if n.IsValid() {
			out = append(out, query.StringOf(n.String()))
		}
	}
	return out
}

func shutBound(c *changes, at *site) {
	c.bounds(at, func(_ *query.Field, b *query.Bound, change func(string, query.Bound)) {
		other := *b
		other.Inclusive = !b.Inclusive
		words := "leaves out its bound"
		if other.Inclusive {
			words = "takes in its bound"
		}
		change(words, other)
	})
	comparisons(at, func(leaf *query.Leaf, cmp *query.Compare, with func(query.Compare) query.Pred) {
		twins := map[query.CompareOp]query.CompareOp{query.LT: query.LE, query.LE: query.LT, query.GT: query.GE, query.GE: query.GT}
		if op, ok := twins[cmp.Op]; ok {
			c.node(at, cmp.Span, "says "+op.String()+" for "+cmp.Op.String(), func() query.Pred {
				other := *cmp
				other.Op = op
				return with(other)
			})
		}
	})
}

// comparisons calls visit for each comparison of a script, with a way to put
// another in its place.
func comparisons(at *site, visit func(leaf *query.Leaf, cmp *query.Compare, with func(query.Compare) query.Pred)) {
	leaf, ok := at.pred.(*query.Leaf)
	if !ok || leaf.Op != query.OpScript {
		return
	}
	var walk func(e query.Expr, put func(query.Expr) query.Expr)
	walk = func(e query.Expr, put func(query.Expr) query.Expr) {
		switch e := e.(type) {
		case *query.Compare:
			visit(leaf, e, func(to query.Compare) query.Pred {
				other := *leaf
				other.Expr = put(&to)
				return &other
			})
		case *query.Logic:
			for i, t := range e.Terms {
				walk(t, func(to query.Expr) query.Expr {
					other := *e
					other.Terms = slices.Clone(e.Terms)
					other.Terms[i] = to
					return put(&other)
				})
			}
		}
	}
	walk(leaf.Expr, func(e query.Expr) query.Expr { return e })
}

func swapField(c *changes, at *site) {
	leaf, ok := at.pred.(*query.Leaf)
	if !ok || leaf.Op == query.OpScript {
		return
	}
	n := slices.Index(c.plan.Fields, leaf.Field)
	for i := range len(c.plan.Fields) {
		f := c.plan.Fields[(n+1+i)%len(c.plan.Fields)]
		if f == leaf.Field || f.Type != leaf.Field.Type || f.Nested != leaf.Field.Nested || f.Words != leaf.Field.Words || strings.Contains(f.Name, "*") {
			continue
		}
		c.node(at, leaf.Span, "is about "+f.Name, func() query.Pred {
			other := *leaf
			other.Field = f
			return &other
		})
		return // one stands for all
	}
}

// valued calls change with a leaf that asks for particular values.
func valued(at *site, change func(leaf, any *query.Leaf)) {
	if leaf, ok := at.pred.(*query.Leaf); ok && leaf.Op != query.OpScript && leaf.Op != query.OpExists {
		change(leaf, &query.Leaf{Span: leaf.Span, Field: leaf.Field, Op: query.OpExists})
	}
}

func anyValue(c *changes, at *site) {
	valued(at, func(leaf, any *query.Leaf) {
		c.node(at, leaf.Span, "asks for any value", func() query.Pred { return any })
	})
}

func noValue(c *changes, at *site) {
	valued(at, func(leaf, any *query.Leaf) {
		c.node(at, leaf.Span, "asks for no value", func() query.Pred { return &query.Not{Span: leaf.Span, Term: any} })
	})
}

func absence(c *changes, at *site) {
	leaf, ok := at.pred.(*query.Leaf)
	if !ok || leaf.Op == query.OpExists {
		return
	}
	absent, words := query.True, "counts as true where the field is missing"
	if leaf.Absent == query.True {
		absent, words = query.False, "counts as false where the field is missing"
	}
	c.node(at, leaf.Span, words, func() query.Pred {
		other := *leaf
		other.Absent = absent
		return &other
	})
}

// without returns list less its i-th element.
func without[T any](list []T, i int) []T {
	return slices.Delete(slices.Clone(list), i, i+1)
}

// textOf is the text that a literal asks for.
func textOf(v query.Value) string {
	if v.Kind() == query.String {
		return v.Str()
	}
	return v.String()
}
