package mutate

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// This file holds the operators on the text of rules, and makes mutants of the
// changed texts: each is parsed and compiled like the rule, and the plan is
// compared with the rule's to find the clause that became another. From there on
// such a mutant is one like those of plans.

// TextOperator is a way of changing what is written, a slip of the pen: what
// changes of a plan cannot express are precedence, spelling and grammar.
type TextOperator struct {
	Name    string
	Does    string
	Example string
}

// textOp is a position in TextOperators.
type textOp int

const (
	dropClause textOp = iota
	swapAndOr
	addNot
	dropNot
	dropParentheses
	dropListItem
	changeComparison
	changeNumber
	dropWildcard
	addWildcard
	dropOptional
	swapBy
	dropBy
	cutMaxspan
	cutUntil
	changeRuns
	dropModifier
	changeQuantifier
	textOps
)

// TextOperators is the table of operators on text; figures, documentation and
// tests are made from it.
var TextOperators = [textOps]TextOperator{
	dropClause:       {"drop-clause", "takes out a clause and the connective beside it; of a Sigma selection an item or a map", "a : x and b : y → b : y"},
	swapAndOr:        {"swap-and-or", "writes or for and, and the other way round, without parentheses", "a : x or b : y and c : z → a : x and b : y and c : z"},
	addNot:           {"add-not", "writes not in front of a clause", "a : x → not a : x"},
	dropNot:          {"drop-not", "takes a not out", "not a : x → a : x"},
	dropParentheses:  {"drop-parentheses", "takes out a pair of parentheses, so that precedence decides", "a : x and (b : y or c : z) → a : x and b : y or c : z"},
	dropListItem:     {"drop-list-item", "takes out an item of a list", `a in ("x", "y") → a in ("x")`},
	changeComparison: {"change-comparison", "writes a neighbouring operator or bracket", "n <= 5 → n < 5, a == \"x\" → a : \"x\", n:[1 TO 5] → n:{1 TO 5]"},
	changeNumber:     {"change-number", "adds one to a number, or takes one off", "n > 5 → n > 6"},
	dropWildcard:     {"drop-wildcard", "takes out a * or ?", "a : x* → a : x"},
	addWildcard:      {"add-wildcard", "writes a * in front of a value or behind it", "a : x → a : x*"},
	dropOptional:     {"drop-optional", "takes out the ? of a field, or the ! of a missing event", "sequence by ?h → sequence by h"},
	swapBy:           {"swap-by", "exchanges two neighbouring keys of one event", "[a] by h, u [b] by h, u → [a] by u, h [b] by h, u"},
	dropBy:           {"drop-by", "takes out a key", "sequence by h, u → sequence by h"},
	cutMaxspan:       {"cut-maxspan", "takes out the maxspan", "sequence with maxspan=1m → sequence"},
	cutUntil:         {"cut-until", "takes out the until", "[a] [b] until [c] → [a] [b]"},
	changeRuns:       {"change-runs", "asks for one event more in a row, or one less, or takes out the runs", "[a] with runs=3 → [a] with runs=4"},
	dropModifier:     {"drop-modifier", "takes out a modifier of Sigma", "Image|endswith: x → Image: x"},
	changeQuantifier: {"change-quantifier", "writes all of for 1 of, and the other way round", "1 of sel_* → all of sel_*"},
}

// edit is a changed text: another text in place of [from, to) of the query.
type edit struct {
	op       textOp
	from, to int
	text     string
}

// edits collects the changes of one query.
type edits struct {
	src  string
	list []edit
}

func (e *edits) add(op textOp, from, to int, text string) {
	if from >= 0 && from <= to && to <= len(e.src) && e.src[from:to] != text {
		e.list = append(e.list, edit{op, from, to, text})
	}
}

// editsOf returns the changes that the operators make of the text of a rule's
// query, in the order of the table and then of their places.
func editsOf(rule *ruleset.Rule, language query.Language, limits query.Limits) []edit {
	e := &edits{src: rule.Query.String}
	switch language {
	case query.EQL:
		e.eql(limits)
	case query.KQL:
		e.kql(limits)
	case query.Lucene:
		e.lucene(limits)
	case query.Sigma:
		e.sigma(rule)
	}
	slices.SortStableFunc(e.list, func(a, b edit) int {
		if a.op != b.op {
			return int(a.op - b.op)
		}
		return a.from - b.from
	})
	return slices.CompactFunc(e.list, func(a, b edit) bool { return a == b })
}

// mostEdits bounds how much text is compiled for one rule: changes are chosen
// evenly from those of a long query, because each costs its length. Nearly all
// of those of a long query are about items of its lists, which the operators on
// plans change, too.
func mostEdits(length int) int { return min(max(1<<18/(length+1), 20), 500) }

// changedText is a changed text and what it asks.
type changedText struct {
	edit
	plan   *query.Plan // nil where the text is no valid rule
	digest uint64
}

// rewriter compiles the changed texts of a rule and compares them with its plan.
type rewriter struct {
	*digests
	rule    *ruleset.Rule
	plan    *query.Plan
	preds   []uint64 // of the plan
	places  []*site
	compile func(from, to int, text string) (*query.Plan, query.Diagnostics)
	limits  query.Limits
}

func newRewriter(rule *ruleset.Rule, plan *query.Plan, places []*site, opts Options) *rewriter {
	w := &rewriter{digests: newDigests(), rule: rule, plan: plan, places: places, limits: opts.Limits}
	w.preds = w.digests.preds(plan.Body)
	w.compile = rule.Rewrite(ruleset.CompileOptions{Tables: opts.Tables, Limits: opts.Limits})
	return w
}

// texts compiles the changed texts of the rule; all is how many there are.
func (w *rewriter) texts() (texts []changedText, all int) {
	if withPred(w.plan.Body, 0, &query.And{}) == nil {
		return nil, 0
	}
	list := editsOf(w.rule, w.plan.Language, w.limits)
	length := len(w.rule.Query.String)
	if w.plan.Language == query.Sigma {
		length = len(w.rule.Source.Text)
	}
	list, all = choose(list, mostEdits(length))
	for _, e := range list {
		texts = append(texts, w.text(e))
	}
	return texts, all
}

func (w *rewriter) text(e edit) changedText {
	t := changedText{edit: e}
	if plan, diags := w.compile(e.from, e.to, e.text); plan != nil && diags.Err() == nil {
		t.plan, t.digest = plan, w.whole(plan.Body)
	}
	return t
}

// mutant makes a mutant of a text; nil where the evaluator refuses it, as it does
// a broken regular expression: that is no valid rule either.
func (w *rewriter) mutant(t changedText) *Mutant {
	if _, err := eval.Compile(t.plan, eval.Options{}); err != nil {
		return nil
	}
	m := w.localize(t.plan)
	w.describe(m, t.edit)
	return m
}

// describe says what was written in place of what.
func (w *rewriter) describe(m *Mutant, e edit) {
	src := w.rule.Query.String
	m.Operator, m.op, m.text = TextOperators[e.op].Name, int(e.op), true
	m.Clause = w.rule.Query.Span(e.from, e.to)
	m.Change = "becomes " + excerpt(e.text)
	if strings.TrimSpace(e.text) == "" {
		m.Change = "is gone"
	}
	m.Diff = window(src, e.from, e.to, src[e.from:e.to]) + " → " + window(src, e.from, e.to, e.text)
}

// window is a text with some of what stands around it, on one line.
func window(src string, from, to int, text string) string {
	const around = 30
	first, last := max(from-around, 0), min(to+around, len(src))
	for first > 0 && !utf8.RuneStart(src[first]) {
		first--
	}
	for last < len(src) && !utf8.RuneStart(src[last]) {
		last++
	}
	before, after := src[first:from], src[to:last]
	if first > 0 {
		before = "…" + before
	}
	if last < len(src) {
		after += "…"
	}
	return strings.Join(strings.Fields(before+text+after), " ")
}

// localize makes a mutant of another plan of the same rule: of the smallest node
// in which they differ, if they differ in one predicate only and the other asks
// nothing of a field that the rule does not have.
func (w *rewriter) localize(other *query.Plan) *Mutant {
	plan, own := w.plan, w.preds
	m := &Mutant{plan: plan, body: func() query.Body { return other.Body }, whole: other}
	theirs := w.digests.preds(other.Body)
	if len(theirs) != len(own) || w.body(other.Body, own) != w.body(plan.Body, own) {
		return m
	}
	part := -1
	for i := range own {
		if own[i] != theirs[i] {
			if part >= 0 {
				return m
			}
			part = i
		}
	}
	if part < 0 {
		return m // they ask the same
	}
	i := 0
	for p := range other.Body.Preds {
		if i == part && p != nil {
			a := adoption{fields: map[string]*query.Field{}}
			for _, f := range plan.Fields {
				a.fields[f.Name] = f
			}
			p = a.pred(p)
			at := slices.IndexFunc(w.places, func(s *site) bool { return s.part == part && s.up == nil })
			if a.foreign || at < 0 {
				return m
			}
			node := query.Pred(nil)
			m.at, node = w.smallest(w.places[at], p)
			m.node, m.body, m.whole = func() query.Pred { return node }, nil, nil
		}
		i++
	}
	return m
}

// smallest goes down from a place and what became of it to the smallest place
// that holds all that differs. What is the same is taken from the rule.
func (d *digests) smallest(at *site, p query.Pred) (*site, query.Pred) {
	below := query.Children(p)
	sameKind := false
	switch q := p.(type) {
	case *query.And:
		_, sameKind = at.pred.(*query.And)
	case *query.Or:
		_, sameKind = at.pred.(*query.Or)
	case *query.Not:
		_, sameKind = at.pred.(*query.Not)
	case *query.Each:
		each, ok := at.pred.(*query.Each)
		sameKind = ok && each.Path == q.Path
	}
	if sameKind && len(below) == len(at.kids) {
		differs := -1
		for i, k := range at.kids {
			if d.of(k.pred) == d.of(below[i]) {
				continue
			}
			if differs >= 0 {
				differs = len(below)
				break
			}
			differs = i
		}
		if differs >= 0 && differs < len(below) {
			return d.smallest(at.kids[differs], below[differs])
		}
	}
	for i := range below {
		for _, k := range at.kids {
			if d.of(k.pred) == d.of(below[i]) && below[i] != k.pred {
				p = withChild(p, i, k.pred)
				break
			}
		}
	}
	return at, p
}

// adoption rebuilds predicates over the fields of another plan, which stand for
// themselves in the solver.
type adoption struct {
	fields  map[string]*query.Field
	foreign bool // a field was met that the plan does not have
}

func (a *adoption) field(f *query.Field) *query.Field {
	if f == nil {
		return nil
	}
	own := a.fields[f.Name]
	if own == nil || own.Type != f.Type || own.Nested != f.Nested {
		a.foreign = true
		return f
	}
	return own
}

func (a *adoption) pred(p query.Pred) query.Pred {
	for i, c := range query.Children(p) {
		p = withChild(p, i, a.pred(c))
	}
	if leaf, ok := p.(*query.Leaf); ok {
		other := *leaf
		other.Field = a.field(leaf.Field)
		if leaf.Expr != nil {
			other.Expr = a.expr(leaf.Expr)
		}
		return &other
	}
	return p
}

func (a *adoption) exprs(list []query.Expr) []query.Expr {
	out := make([]query.Expr, len(list))
	for i, e := range list {
		out[i] = a.expr(e)
	}
	return out
}

func (a *adoption) expr(e query.Expr) query.Expr {
	switch e := e.(type) {
	case *query.FieldRef:
		return &query.FieldRef{Span: e.Span, Field: a.field(e.Field)}
	case *query.Call:
		other := *e
		other.Args = a.exprs(e.Args)
		return &other
	case *query.Compare:
		other := *e
		other.Left, other.Right = a.expr(e.Left), a.expr(e.Right)
		return &other
	case *query.Logic:
		other := *e
		other.Terms = a.exprs(e.Terms)
		return &other
	}
	return e
}
