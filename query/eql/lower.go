package eql

import (
	"fmt"

	"github.com/rematch-dev/rematch/query"
)

// Options say what a statement is lowered with. The zero Options take every
// field for an unknown one and the category from event.category.
type Options struct {
	Fields query.Fields
	// CategoryField is the field that holds the category of an event; "" means
	// event.category. Rules call it event_category_override.
	CategoryField string
	// LiteralAffixes takes the constants of endsWith and stringContains
	// literally. By default they are wildcard patterns with * ? and \, which
	// is how Elasticsearch is known to run them.
	LiteralAffixes bool
}

// Lower verifies st as Elasticsearch would and says what it means. The body is
// nil if a diagnostic is an error. Unknown fields get the types that their use
// suggests.
func Lower(st *Statement, opts Options) (query.Body, query.Diagnostics) {
	if opts.Fields == nil {
		opts.Fields = unknownFields{}
	}
	if opts.CategoryField == "" {
		opts.CategoryField = "event.category"
	}
	infer(st, opts.Fields)
	l := &lowerer{checker: checker{fields: opts.Fields}, opts: opts}
	body := l.body(st)
	for _, p := range st.Pipes {
		d := l.report(query.CodeUnsupported, p.Span, "pipe `%s` is left out", p.Name).
			With("it limits which alerts are kept, not whether there are any")
		d.Severity = query.Note
	}
	for _, d := range l.diags {
		d.Source = st.source
	}
	if l.diags.Err() != nil {
		return nil, l.diags
	}
	return body, l.diags
}

// unknownFields is the schema that knows nothing.
type unknownFields map[string]*query.Field

func (u unknownFields) Field(name string) (*query.Field, bool) {
	if u[name] == nil {
		u[name] = &query.Field{Name: name, Inferred: true}
	}
	return u[name], false
}

func (unknownFields) Match(string) []*query.Field { return nil }

// lowerer makes predicates of verified nodes.
//
// Elasticsearch runs a condition as one query, and what stands in a condition
// decides which kind of query it is:
//   - a field against constants is pushed down to the index. Such a leaf is
//     true or false; without a value it is false, and its negation true;
//   - anything else, a function of a field or a function of two, is a script.
//     Its null counts as false. "not script" is one script with the negation
//     inside, so its null is false too;
//   - "and", "or" and the negation of anything bigger are boolean queries.
//
// Sources: x-pack/plugin/ql ExpressionTranslators, x-pack/plugin/eql
// QueryTranslator and Optimizer.
type lowerer struct {
	checker
	opts Options
}

func (l *lowerer) body(st *Statement) query.Body {
	if st.Form == EventForm {
		return &query.Event{Where: l.filter(st.Event)}
	}
	common := l.keys(nil, st.By)
	steps := make([]query.Step, len(st.Terms))
	for i, t := range st.Terms {
		steps[i] = l.step(common, t)
	}
	if st.Form == SampleForm {
		l.checkKeys(steps)
		return &query.Sample{Span: st.Span, Steps: steps}
	}
	seq := &query.Sequence{Span: st.Span, Steps: steps, MaxSpan: st.MaxSpan}
	all := steps
	if st.Until != nil {
		until := l.step(common, st.Until)
		seq.Until = &until
		all = append(steps[:len(steps):len(steps)], until)
	}
	l.checkKeys(all)
	if last := len(steps) - 1; steps[0].Missing && steps[last].Missing {
		d := l.report(query.CodeUnsupported, steps[0].Span, "missing events at both ends of a sequence").
			With("Elasticsearch does not check the two independently; split the rule in two")
		d.Subjects = append(d.Subjects, steps[last].Span)
	}
	return seq
}

func (l *lowerer) step(common []query.Key, t *Term) query.Step {
	return query.Step{
		Span: t.Span, Where: l.filter(t.Filter), Missing: t.Missing, Runs: t.Runs,
		By: l.keys(common[:len(common):len(common)], t.By),
	}
}

// keys appends the keys that fields are.
func (l *lowerer) keys(dst []query.Key, fields []*Field) []query.Key {
	for _, k := range fields {
		n := l.checkField(k)
		if n.fold && n.kind != kindInvalid {
			l.report(query.CodeUnsupported, k.Span, "a key that ignores case").With("join by the field itself, not by its multi-field")
		}
		dst = append(dst, query.Key{Span: k.Span, Field: n.field, Optional: k.Optional})
	}
	return dst
}

// checkKeys holds the i-th keys of all steps to compatible types.
func (l *lowerer) checkKeys(steps []query.Step) {
	for i, first := range steps[0].By {
		for _, s := range steps[1:] {
			k := s.By[i]
			if a, b := fieldKind(first.Field), fieldKind(k.Field); a != kindInvalid && b != kindInvalid && !compatible(a, b) {
				d := l.report(query.CodeType, k.Span, "key `%s` has type %s and is joined with `%s` of type %s",
					k.Field.Name, k.Field.Type, first.Field.Name, first.Field.Type).
					With("events can be joined by values of like types only")
				d.Subjects = append(d.Subjects, first.Span)
			}
		}
	}
}

func (l *lowerer) filter(f *Filter) query.Pred {
	where := query.Pred(&query.Const{Span: f.Where.Pos()})
	if n := l.where(f.Where); n.kind != kindInvalid {
		where = l.pred(n)
	}
	if f.Any {
		return where
	}
	n := l.checkField(&Field{Span: f.CategorySpan, Name: l.opts.CategoryField})
	if n.kind == kindInvalid {
		return where
	}
	category := &node{Span: f.CategorySpan, value: query.StringOf(f.Category)}
	terms := []query.Pred{l.equal(n, f.CategorySpan, query.Exact, []*node{category})}
	if and, ok := where.(*query.And); ok {
		terms = append(terms, and.Terms...)
	} else {
		terms = append(terms, where)
	}
	return &query.And{Span: f.Span, Terms: terms}
}

// pred lowers a condition.
func (l *lowerer) pred(n *node) query.Pred {
	if n.known {
		return &query.Const{Span: n.Span, Truth: truthOf(n.value)}
	}
	switch e := n.ast.(type) {
	case *Field:
		return l.equal(n, n.Span, query.Exact, []*node{{Span: n.Span, kind: kindBoolean, value: query.BoolOf(true)}})
	case *Unary:
		return l.not(n.args[0], n.Span)
	case *Logic:
		terms := make([]query.Pred, len(n.args))
		for i, a := range n.args {
			terms[i] = l.pred(a)
		}
		if e.Op == And {
			return &query.And{Span: n.Span, Terms: terms}
		}
		return &query.Or{Span: n.Span, Terms: terms}
	case *Binary:
		return l.comparison(n)
	case *Match:
		p := l.match(n, e)
		if e.Negated {
			p = negated(p, n.Span)
		}
		return p
	case *Call:
		return l.call(n, e)
	}
	panic(fmt.Sprintf("eql: condition of type %T", n.ast))
}

// not lowers the negation of a condition; span covers the "not" as well.
func (l *lowerer) not(n *node, span query.Span) query.Pred {
	if u, ok := n.ast.(*Unary); ok && u.Op == Not && !n.known {
		return l.pred(n.args[0])
	}
	return negated(l.pred(n), span)
}

// negated is the negation of p as the engine compiles it: inside of a script,
// outside of everything else. No law of De Morgan is applied.
func negated(p query.Pred, span query.Span) query.Pred {
	switch p := p.(type) {
	case *query.Const:
		return &query.Const{Span: span, Truth: p.Truth.Not()}
	case *query.Not:
		return p.Term
	case *query.Leaf:
		if p.Op == query.OpScript {
			return script(span, &query.Logic{Span: span, Op: query.NoneOf, Terms: []query.Expr{p.Expr}})
		}
	}
	return &query.Not{Span: span, Term: p}
}

func script(span query.Span, e query.Expr) *query.Leaf {
	return &query.Leaf{Span: span, Op: query.OpScript, Expr: e}
}

func exists(n *node, span query.Span) *query.Leaf {
	return &query.Leaf{Span: span, Field: n.field, Op: query.OpExists}
}

// comparison lowers x op y, of which y is a constant.
func (l *lowerer) comparison(n *node) query.Pred {
	x, y := n.args[0], n.args[1]
	equality := n.op == query.EQ || n.op == query.NE
	switch {
	case y.kind == kindNull && x.field != nil:
		if n.op == query.NE {
			return exists(x, n.Span)
		}
		return &query.Not{Span: n.Span, Term: exists(x, n.Span)}
	case y.kind == kindNull:
		isNull := &query.Call{Span: n.Span, Func: query.FuncIsNull, Args: []query.Expr{l.expr(x)}}
		if n.op == query.NE {
			return negated(script(n.Span, isNull), n.Span)
		}
		return script(n.Span, isNull)
	case x.condition() && y.kind == kindBoolean:
		if y.value.Bool() == (n.op == query.EQ) {
			return l.pred(x)
		}
		return l.not(x, n.Span)
	case x.field != nil && equality:
		p := l.equal(x, n.Span, query.Exact, []*node{y})
		if n.op == query.NE {
			p = negated(p, n.Span)
		}
		return p
	case x.field != nil:
		return l.ordered(x, n.op, y, n.Span)
	case x.kind != y.kind && !(x.kind.isNumber() && y.kind.isNumber()):
		l.suspect(n.Span, "%s is compared with %s", article(x.kind.String()), article(y.kind.String())).
			With("the two are never equal and have no order")
		return &query.Const{Span: n.Span, Truth: query.TruthOf(n.op == query.NE)}
	}
	return script(n.Span, &query.Compare{Span: n.Span, Op: n.op, Left: l.expr(x), Right: l.expr(y)})
}

// suspect warns of what the engine takes and the author did not mean.
func (l *lowerer) suspect(at query.Span, format string, args ...any) *query.Diagnostic {
	d := l.report(query.CodeSuspect, at, format, args...)
	d.Severity = query.Warning
	return d
}

// call lowers a function that is a condition.
func (l *lowerer) call(n *node, e *Call) query.Pred {
	x := n.args[0]
	if n.fn.fn == query.FuncCIDRMatch {
		return l.networks(x, n.Span, n.args[1:])
	}
	y := n.args[1]
	if x.field == nil || !y.known || y.kind != kindString {
		return script(n.Span, l.expr(n))
	}
	fold := fieldFold(x, e.Fold)
	var g query.Glob
	switch n.fn.fn {
	case query.FuncStartsWith:
		g = g.Text(y.value.Str()).Any()
	case query.FuncEndsWith:
		g = l.affix(g.Any(), y)
	default:
		if l.opts.LiteralAffixes && y.value.Str() == "" {
			return &query.Const{Span: n.Span} // nothing contains the empty string
		}
		g = l.affix(g.Any(), y).Any()
	}
	return &query.Leaf{
		Span: n.Span, Field: x.field, Op: query.OpGlob, Fold: fold,
		Items: []query.Operand{{Span: y.Span, Glob: g}},
	}
}

// affix appends the constant of endsWith or stringContains to g.
func (l *lowerer) affix(g query.Glob, y *node) query.Glob {
	if l.opts.LiteralAffixes {
		return g.Text(y.value.Str())
	}
	return appendWild(g, y.value.Str(), true)
}

// expr lowers a value for use inside a script.
func (l *lowerer) expr(n *node) query.Expr {
	if n.known {
		return &query.Literal{Span: n.Span, Value: n.value}
	}
	if n.field != nil {
		if n.fold {
			l.report(query.CodeUnsupported, n.Span, "a multi-field that ignores case stands in a function").
				With("use the field itself and the ~ form of the function")
		}
		return &query.FieldRef{Span: n.Span, Field: n.field}
	}
	args := make([]query.Expr, len(n.args))
	for i, a := range n.args {
		args[i] = l.expr(a)
	}
	call, ok := n.ast.(*Call)
	return &query.Call{Span: n.Span, Func: n.fn.fn, Args: args, Fold: scriptFold(ok && call.Fold)}
}

// scriptFold is how scripts ignore case: by Java's rules, for all letters.
func scriptFold(fold bool) query.Fold {
	if fold {
		return query.FoldSimple
	}
	return query.Exact
}

// fieldFold is how queries ignore case: for ASCII letters, unless the field
// itself is one whose values are in lower case.
func fieldFold(x *node, fold bool) query.Fold {
	switch {
	case x.fold:
		return query.FoldSimple
	case fold:
		return query.FoldASCII
	}
	return query.Exact
}
