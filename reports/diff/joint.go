package diff

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// joint is a forest of predicates from several plans in which what is equal is
// one: fields, leaves, and connectives whatever the order of their terms. Two
// predicates that come back as one pointer mean the same, without any proof.
//
// Plans have fields of their own for the same name; here a name, a type and an
// analyser make one field.
type joint struct {
	fields map[fieldKey]*query.Field
	nodes  map[string]query.Pred
	ids    map[query.Pred]int
	copies map[query.Pred]query.Pred
}

type fieldKey struct {
	name   string
	typ    query.Type
	words  query.Segments
	nested string
}

func newJoint() *joint {
	return &joint{
		fields: map[fieldKey]*query.Field{},
		nodes:  map[string]query.Pred{},
		ids:    map[query.Pred]int{},
		copies: map[query.Pred]query.Pred{},
	}
}

// field returns the one field for f. Where two schemas differ in whether it may
// hold several values, it may: what is proved for more documents holds for less.
func (j *joint) field(f *query.Field) *query.Field {
	if f == nil {
		return nil
	}
	key := fieldKey{f.Name, f.Type, f.Words, f.Nested}
	one := j.fields[key]
	if one == nil {
		c := *f
		one = &c
		j.fields[key] = one
	}
	one.Array = one.Array || f.Array
	return one
}

// pred returns the one predicate for p. Spans are those of whoever came first.
func (j *joint) pred(p query.Pred) query.Pred {
	if c := j.copies[p]; c != nil {
		return c
	}
	var c query.Pred
	switch p := p.(type) {
	case *query.And:
		c = j.connective('&', p.Terms, func(terms []query.Pred) query.Pred { return &query.And{Span: p.Span, Terms: terms} })
	case *query.Or:
		c = j.connective('|', p.Terms, func(terms []query.Pred) query.Pred { return &query.Or{Span: p.Span, Terms: terms} })
	case *query.Not:
		term := j.pred(p.Term)
		if twice, ok := term.(*query.Not); ok {
			c = twice.Term
			break
		}
		c = j.one(fmt.Appendf(nil, "!%d", j.ids[term]), func() query.Pred { return &query.Not{Span: p.Span, Term: term} })
	case *query.Each:
		term := j.pred(p.Term)
		c = j.one(fmt.Appendf(nil, "e%q %d", p.Path, j.ids[term]), func() query.Pred {
			return &query.Each{Span: p.Span, Path: p.Path, Term: term}
		})
	case *query.Const:
		c = j.one([]byte{'c', '0' + byte(p.Truth)}, func() query.Pred { k := *p; return &k })
	case *query.Leaf:
		c = j.leaf(p)
	default:
		c = p
	}
	j.copies[p] = c
	return c
}

// connective joins the terms of nested connectives of the same kind and drops
// repeated ones: Kleene's "and" and "or" are associative and idempotent.
func (j *joint) connective(kind byte, terms []query.Pred, build func([]query.Pred) query.Pred) query.Pred {
	var flat []query.Pred
	seen := map[query.Pred]bool{}
	for _, t := range terms {
		t = j.pred(t)
		below := []query.Pred{t}
		switch n := t.(type) {
		case *query.And:
			if kind == '&' {
				below = n.Terms
			}
		case *query.Or:
			if kind == '|' {
				below = n.Terms
			}
		}
		for _, b := range below {
			if !seen[b] {
				seen[b] = true
				flat = append(flat, b)
			}
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	ids := make([]int, len(flat))
	for i, t := range flat {
		ids[i] = j.ids[t]
	}
	slices.Sort(ids)
	key := []byte{kind}
	for _, id := range ids {
		key = append(strconv.AppendInt(key, int64(id), 10), ' ')
	}
	return j.one(key, func() query.Pred { return build(flat) })
}

func (j *joint) leaf(l *query.Leaf) query.Pred {
	c := *l
	c.Field = j.field(l.Field)
	if l.Op == query.OpScript {
		c.Expr = j.expr(l.Expr)
	}
	key := append(leafKey(&c, true), " of "...)
	if c.Field != nil {
		key = fmt.Appendf(key, "%p", c.Field)
	}
	return j.one(key, func() query.Pred { return &c })
}

// one returns the node of a key and makes it where there is none.
func (j *joint) one(key []byte, build func() query.Pred) query.Pred {
	if p := j.nodes[string(key)]; p != nil {
		return p
	}
	p := build()
	j.nodes[string(key)] = p
	j.ids[p] = len(j.ids) + 1
	return p
}

// expr copies an expression onto the joint fields.
func (j *joint) expr(e query.Expr) query.Expr {
	all := func(es []query.Expr) []query.Expr {
		out := make([]query.Expr, len(es))
		for i, e := range es {
			out[i] = j.expr(e)
		}
		return out
	}
	switch e := e.(type) {
	case *query.FieldRef:
		return &query.FieldRef{Span: e.Span, Field: j.field(e.Field)}
	case *query.Call:
		c := *e
		c.Args = all(e.Args)
		return &c
	case *query.Compare:
		c := *e
		c.Left, c.Right = j.expr(e.Left), j.expr(e.Right)
		return &c
	case *query.Logic:
		c := *e
		c.Terms = all(e.Terms)
		return &c
	}
	return e // literals
}

// leafKey writes what a leaf tests, without where it stands and, unless items
// are asked for, without its alternatives. Fields are named, with their types.
func leafKey(l *query.Leaf, items bool) []byte {
	b := fmt.Appendf(nil, "%d %d %d ", l.Op, l.Fold, l.Absent)
	if l.Field != nil {
		b = fmt.Appendf(b, "%q:%d ", l.Field.Name, l.Field.Type)
	}
	if l.Op == query.OpScript {
		return exprKey(b, l.Expr)
	}
	if !items {
		return b
	}
	texts := make([]string, len(l.Items))
	for i := range l.Items {
		texts[i] = itemKey(&l.Items[i])
	}
	slices.Sort(texts)
	for _, t := range slices.Compact(texts) {
		b = strconv.AppendQuote(b, t)
	}
	return b
}

// itemKey writes one alternative.
func itemKey(o *query.Operand) string {
	b := o.Value.AppendJSON(nil)
	if len(o.Glob) > 0 {
		b = append(append(b, 'g'), o.Glob.String()...)
	}
	if o.Regex.Source != "" {
		b = fmt.Appendf(b, "r%d%s", o.Regex.Syntax, o.Regex.Source)
	}
	if o.Net != (query.Net{}) {
		b = append(append(b, 'n'), o.Net.String()...)
	}
	for _, bound := range []*query.Bound{o.Low, o.High} {
		b = append(b, '/')
		if bound == nil {
			continue
		}
		b = bound.Value.AppendJSON(b)
		if bound.Date != nil {
			b = append(b, bound.Date.String()...)
		}
		b = strconv.AppendBool(b, bound.Inclusive)
	}
	return string(b)
}

func exprKey(b []byte, e query.Expr) []byte {
	list := func(es []query.Expr) {
		for _, e := range es {
			b = append(exprKey(b, e), ',')
		}
		b = append(b, ')')
	}
	switch e := e.(type) {
	case *query.FieldRef:
		b = fmt.Appendf(b, "%q:%d", e.Field.Name, e.Field.Type)
	case *query.Literal:
		b = e.Value.AppendJSON(b)
	case *query.Call:
		b = fmt.Appendf(b, "%s %d(", e.Func, e.Fold)
		list(e.Args)
	case *query.Compare:
		b = append(b, '(')
		b = append(exprKey(b, e.Left), e.Op.String()...)
		b = append(exprKey(b, e.Right), ')')
	case *query.Logic:
		b = fmt.Appendf(b, "%d(", e.Op)
		list(e.Terms)
	}
	return b
}

// step lays a step and its keys onto the joint fields.
func (j *joint) step(s query.Step) query.Step {
	s.Where = j.pred(s.Where)
	s.By = slices.Clone(s.By)
	for i := range s.By {
		s.By[i].Field = j.field(s.By[i].Field)
	}
	return s
}

func (j *joint) list(fields []*query.Field) []*query.Field {
	out := make([]*query.Field, len(fields))
	for i, f := range fields {
		out[i] = j.field(f)
	}
	return out
}

// body lays a body into the forest. Bodies of other kinds come back nil.
func (j *joint) body(body query.Body) query.Body {
	switch b := body.(type) {
	case *query.Event:
		return &query.Event{Where: j.pred(b.Where)}
	case *query.Sequence:
		c := *b
		c.Steps = slices.Clone(b.Steps)
		for i := range c.Steps {
			c.Steps[i] = j.step(c.Steps[i])
		}
		if b.Until != nil {
			until := j.step(*b.Until)
			c.Until = &until
		}
		return &c
	case *query.Sample:
		c := *b
		c.Steps = slices.Clone(b.Steps)
		for i := range c.Steps {
			c.Steps[i] = j.step(c.Steps[i])
		}
		return &c
	case *query.Threshold:
		c := *b
		c.Where, c.By = j.pred(b.Where), j.list(b.By)
		if b.Distinct != nil {
			distinct := *b.Distinct
			distinct.Field = j.field(distinct.Field)
			c.Distinct = &distinct
		}
		return &c
	case *query.NewTerms:
		c := *b
		c.Where, c.Terms = j.pred(b.Where), j.list(b.Terms)
		return &c
	case *query.IndicatorMatch:
		c := *b
		c.Where, c.Indicators = j.pred(b.Where), j.pred(b.Indicators)
		c.Groups = slices.Clone(b.Groups)
		for i, g := range c.Groups {
			c.Groups[i] = slices.Clone(g)
			for k := range c.Groups[i] {
				m := &c.Groups[i][k]
				m.Field, m.Indicator = j.field(m.Field), j.field(m.Indicator)
			}
		}
		return &c
	}
	return nil
}

// bodyName is what people call a body.
func bodyName(body query.Body) string {
	name := strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", body), "*query."))
	switch name {
	case "newterms":
		return "new terms"
	case "indicatormatch":
		return "indicator match"
	}
	return name
}
