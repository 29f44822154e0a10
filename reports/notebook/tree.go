package notebook

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"

	"github.com/rematch-dev/rematch/query"
)

// tree is a predicate as the evaluator in Python takes it: connectives are JSON
// arrays, leaves are objects. What it cannot hold is a problem.
type tree struct {
	plan     *query.Plan
	now      time.Time // that relative dates count from
	leaves   []legend
	numbers  map[*query.Leaf]int
	sections map[string]bool // of evaluator.py
	problems []string
}

// legend tells readers which leaf a number stands for.
type legend struct {
	text  string
	line  int // in the rule's file; 0 where nobody wrote it
	items []query.Span
}

func newTree(plan *query.Plan, now time.Time) *tree {
	return &tree{plan: plan, now: now, numbers: map[*query.Leaf]int{}, sections: map[string]bool{"core": true}}
}

func (t *tree) need(sections ...string) {
	for _, s := range sections {
		t.sections[s] = true
	}
}

func (t *tree) problem(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, known := range t.problems {
		if known == text {
			return
		}
	}
	t.problems = append(t.problems, text)
}

func text(s string) query.Value { return query.StringOf(s) }

func list(vs ...query.Value) query.Value { return query.ArrayOf(vs...) }

// pred translates p as it stands inside the nested object at a path, or with ""
// in the document.
func (t *tree) pred(p query.Pred, inside string) query.Value {
	switch p := p.(type) {
	case nil:
		return list(text("constant"), text("true"))
	case *query.And:
		return t.terms("and", p.Terms, inside)
	case *query.Or:
		return t.terms("or", p.Terms, inside)
	case *query.Not:
		return t.terms("not", []query.Pred{p.Term}, inside)
	case *query.Const:
		return list(text("constant"), text(p.Truth.String()))
	case *query.Each:
		t.need("elements")
		path := p.Path
		if inside != "" {
			rest, ok := strings.CutPrefix(path, inside+".")
			if !ok { // a nested query finds nothing outside its object
				return list(text("constant"), text("false"))
			}
			path = rest
		}
		return list(text("each"), text(path), t.pred(p.Term, p.Path))
	case *query.Leaf:
		return query.ObjectOf(t.leaf(p, inside))
	}
	t.problem("a predicate of type %T", p)
	return query.Value{}
}

func (t *tree) terms(kind string, terms []query.Pred, inside string) query.Value {
	out := []query.Value{text(kind)}
	for _, term := range terms {
		out = append(out, t.pred(term, inside))
	}
	return query.ArrayOf(out...)
}

// number gives each leaf one, in order of first appearance, and its legend.
func (t *tree) number(l *query.Leaf) int {
	if n, ok := t.numbers[l]; ok {
		return n
	}
	n := len(t.leaves)
	t.numbers[l] = n
	var g legend
	if t.plan.Source != nil && l.End > l.Start {
		g.text = oneLine(t.plan.Source.Slice(l.Span))
		g.line, _ = t.plan.Source.Position(l.Start)
	}
	if g.text == "" && l.Field != nil {
		g.text = l.Field.Name + " " + l.Op.String()
	}
	for _, it := range l.Items {
		g.items = append(g.items, it.Span)
	}
	t.leaves = append(t.leaves, g)
	return n
}

func (t *tree) leaf(l *query.Leaf, inside string) query.Document {
	doc := query.Document{
		{Name: "leaf", Value: query.IntOf(int64(t.number(l)))},
		{Name: "op", Value: text(l.Op.String())},
	}
	if l.Op == query.OpScript {
		t.need("script")
		x := scriptTree{tree: t, inside: inside}
		expr := x.expr(l.Expr)
		doc = append(doc, query.Member{Name: "fields", Value: query.ArrayOf(x.fields...)}, query.Member{Name: "expression", Value: expr})
		return t.absent(doc, l)
	}
	doc = append(doc, t.field(l.Field, inside)...)
	if family := l.Field.Type.Family(); family == query.Opaque {
		t.need("opaque", "elements")
	}
	if l.Fold != query.Exact {
		doc = append(doc, query.Member{Name: "fold", Value: text(t.fold(l.Fold))})
	}
	if query.Ops[l.Op].Items {
		var items []query.Value
		for i := range l.Items {
			items = append(items, t.item(l, &l.Items[i]))
		}
		doc = append(doc, query.Member{Name: "items", Value: query.ArrayOf(items...)})
	}
	return t.absent(doc, l)
}

func (t *tree) absent(doc query.Document, l *query.Leaf) query.Document {
	if l.Absent != query.False {
		doc = append(doc, query.Member{Name: "absent", Value: text(l.Absent.String())})
	}
	return doc
}

// field says where values are and how they are read.
func (t *tree) field(f *query.Field, inside string) query.Document {
	doc := query.Document{{Name: "field", Value: text(f.Name)}, {Name: "type", Value: text(f.Type.String())}}
	if inside == "" {
		if f.Nested != "" {
			doc = append(doc, query.Member{Name: "hidden", Value: query.BoolOf(true)})
		}
	} else if rest, ok := strings.CutPrefix(f.Name, inside+"."); ok && (f.Nested == "" || f.Nested == inside) {
		doc = append(doc, query.Member{Name: "path", Value: text(rest)})
	} else {
		doc = append(doc, query.Member{Name: "hidden", Value: query.BoolOf(true)})
	}
	if f.IgnoreAbove > 0 {
		doc = append(doc, query.Member{Name: "ignore_above", Value: query.IntOf(int64(f.IgnoreAbove))})
	}
	if strings.Contains(f.Name, "*") {
		t.need("glob", "wild", "text")
	}
	switch f.Type.Family() {
	case query.Strings:
		t.need("text")
	case query.Analysed:
		t.need("text", "words")
		if f.Words == query.PatternWords {
			doc = append(doc, query.Member{Name: "words", Value: text("pattern")})
		}
	case query.Integers:
		t.need("text", "numbers", "range")
	case query.Floats:
		t.need("text", "numbers", "range", "floats")
		if f.Type == query.ScaledFloat {
			scaling := f.Scaling
			if scaling == 0 {
				scaling = 1
			}
			doc = append(doc, query.Member{Name: "scaling", Value: query.FloatOf(scaling)})
		}
	case query.Dates:
		t.need("text", "range", "dates")
	case query.Addresses:
		t.need("range", "addresses")
	case query.Booleans:
		t.need("booleans")
	}
	return doc
}

func (t *tree) fold(f query.Fold) string {
	switch f {
	case query.FoldASCII:
		t.need("ascii")
		return "ascii"
	case query.FoldSimple:
		t.need("simple")
		return "simple"
	}
	return "exact"
}

// item translates one alternative of a leaf.
func (t *tree) item(l *query.Leaf, it *query.Operand) query.Value {
	switch l.Op {
	case query.OpEqual:
		return it.Value
	case query.OpGlob:
		t.need("glob", "text")
		return globTree(it.Glob)
	case query.OpRegex:
		return t.regex(it.Regex, l.Fold)
	case query.OpRange:
		return t.bounds(l, it)
	case query.OpNet:
		return text(it.Net.String())
	case query.OpPhrase, query.OpWord:
		if s := scalarText(it.Value); !ascii(s) && l.Field.Words != query.PatternWords {
			t.problem("the words of %q, which are not ASCII", s)
		}
		return it.Value
	case query.OpWordGlob:
		t.need("glob", "text")
		parts := make(query.Glob, len(it.Glob))
		for i, p := range it.Glob {
			p.Text = strings.Map(unicode.ToLower, p.Text)
			parts[i] = p
		}
		return globTree(parts)
	}
	t.problem("the test %q", l.Op)
	return query.Value{}
}

// network reads the text of an address or network, as functions have it.
func (t *tree) network(v query.Value) query.Value {
	n, err := query.ParseNet(scalarText(v))
	if err != nil {
		t.problem("the address %q", scalarText(v))
		return query.Value{}
	}
	return text(n.String())
}

func (t *tree) regex(re query.Regex, fold query.Fold) query.Value {
	t.need("regex", "text")
	parsed, err := parseRegex(re, fold)
	if err != nil {
		t.problem("the regular expression %q: %v", re.Source, err)
		return query.Value{}
	}
	return text(pythonRegex(parsed))
}

// bounds writes the ends of a range. Those of dates are numbers already, as date
// maths is Elasticsearch's own.
func (t *tree) bounds(l *query.Leaf, it *query.Operand) query.Value {
	var doc query.Document
	if l.Field.Type.Family() == query.Strings {
		t.need("text", "range", "text-range")
		if l.Field.Type == query.Version {
			t.problem("ranges of version fields")
		}
	}
	end := func(b *query.Bound, open, closed string, last bool) {
		if b == nil {
			return
		}
		name, v := open, b.Value
		if b.Inclusive {
			name = closed
		}
		if l.Field.Type.Family() == query.Dates {
			v = t.date(l.Field, b, last)
		}
		doc = append(doc, query.Member{Name: name, Value: v})
	}
	end(it.Low, "gt", "gte", it.Low != nil && !it.Low.Inclusive)
	end(it.High, "lt", "lte", it.High != nil && it.High.Inclusive)
	return query.ObjectOf(doc)
}

// date is a bound as the field stores dates: >= and < start at the first instant
// that a date stands for, > and <= at the last.
func (t *tree) date(f *query.Field, b *query.Bound, last bool) query.Value {
	d := b.Date
	if d == nil {
		parsed, err := query.ParseDateMath(scalarText(b.Value))
		if err != nil {
			t.problem("%v", err)
			return query.Value{}
		}
		d = &parsed
	}
	from, to := d.Bounds(t.now)
	at := from
	if last {
		at = to
	}
	if f.Type != query.DateNanos {
		return query.IntOf(at.UnixMilli())
	}
	const most = math.MaxInt64/1_000_000 - 1
	ns := min(max(at.UnixMilli(), -most), most) * 1_000_000
	if last && !from.Equal(to) {
		ns += 999_999
	}
	return query.IntOf(ns)
}

// globTree writes a pattern as like in evaluator.py takes it.
func globTree(g query.Glob) query.Value {
	parts := []query.Value{}
	for _, p := range g {
		switch p.Kind {
		case query.GlobAny:
			parts = append(parts, text("*"))
		case query.GlobOne:
			parts = append(parts, text("?"))
		default:
			parts = append(parts, text("="+p.Text))
		}
	}
	return query.ArrayOf(parts...)
}

// scriptTree translates the expression of one leaf and collects its fields, one
// for each usage.
type scriptTree struct {
	*tree
	inside string
	fields []query.Value
}

func (x *scriptTree) expr(e query.Expr) query.Value {
	switch e := e.(type) {
	case *query.FieldRef:
		doc := x.field(e.Field, x.inside)
		x.fields = append(x.fields, query.ObjectOf(doc))
		if e.Field.Type.Family() == query.Opaque {
			x.problem("an expression over %s, which is of type %s", e.Field.Name, e.Field.Type)
		}
		return list(text("field"), query.IntOf(int64(len(x.fields)-1)))
	case *query.Literal:
		return list(text("value"), e.Value)
	case *query.Compare:
		return list(text("compare"), text(e.Op.String()), x.expr(e.Left), x.expr(e.Right))
	case *query.Logic:
		out := []query.Value{text([...]string{"and", "or", "not"}[e.Op])}
		for _, term := range e.Terms {
			out = append(out, x.expr(term))
		}
		return query.ArrayOf(out...)
	case *query.Call:
		return x.call(e)
	}
	x.problem("an expression of type %T", e)
	return query.Value{}
}

// callSections says what each function needs of evaluator.py.
var callSections = map[query.Func][]string{
	query.FuncIsNull: nil, query.FuncStartsWith: nil, query.FuncEndsWith: nil, query.FuncStringContains: nil,
	query.FuncAdd: {"functions"}, query.FuncSubtract: {"functions"}, query.FuncMultiply: {"functions"}, query.FuncDivide: {"functions"},
	query.FuncModulo: {"functions"}, query.FuncNegate: {"functions"}, query.FuncBetween: {"functions"}, query.FuncConcat: {"functions"},
	query.FuncIndexOf: {"functions"}, query.FuncLength: {"functions"}, query.FuncNumber: {"functions"}, query.FuncString: {"functions"},
	query.FuncSubstring: {"functions"},
	query.FuncLike:      {"glob", "regex", "pattern-functions"}, query.FuncRegex: {"glob", "regex", "pattern-functions"},
	query.FuncCIDRMatch: {"range", "addresses", "network-function"},
}

func (x *scriptTree) call(e *query.Call) query.Value {
	sections, ok := callSections[e.Func]
	if !ok {
		x.problem("the function %s", e.Func)
	}
	x.need("text")
	x.need(sections...)
	if len(sections) == 1 { // functions, which work on numbers too
		x.need("numbers", "range", "floats")
	}
	out := []query.Value{text("call"), text(string(e.Func)), text(x.fold(e.Fold))}
	for i, a := range e.Args {
		lit, literal := a.(*query.Literal)
		switch {
		case i == 1 && literal && e.Func == query.FuncLike:
			var g query.Glob
			for _, r := range lit.Value.Str() {
				switch r {
				case '*':
					g = g.Any()
				case '?':
					g = g.One()
				default:
					g = g.Text(string(r))
				}
			}
			out = append(out, list(text("value"), globTree(g)))
		case i == 1 && literal && e.Func == query.FuncRegex:
			out = append(out, list(text("value"), x.regex(query.Regex{Source: lit.Value.Str()}, e.Fold)))
		case i > 0 && literal && e.Func == query.FuncCIDRMatch:
			out = append(out, list(text("value"), x.network(lit.Value)))
		default:
			out = append(out, x.expr(a))
		}
	}
	return query.ArrayOf(out...)
}

// scalarText is a string itself, and the JSON text of another scalar.
func scalarText(v query.Value) string {
	if v.Kind() == query.String {
		return v.Str()
	}
	return v.String()
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// appendTree writes a tree for people: a connective over several lines, a leaf on
// one.
func appendTree(dst []byte, v query.Value, depth int) []byte {
	indent := func() { dst = append(dst, "\n"+strings.Repeat("  ", depth+1)...) }
	terms := v.List()
	if v.Kind() != query.Array || len(terms) < 2 || terms[0].Str() == "constant" {
		return v.AppendJSON(dst)
	}
	dst = append(dst, '[')
	for i, term := range terms {
		if i > 0 {
			dst = append(dst, ',')
		}
		if i > 0 && term.Kind() != query.String {
			indent()
			dst = appendTree(dst, term, depth+1)
			continue
		}
		dst = term.AppendJSON(dst)
	}
	return append(dst, ']')
}
