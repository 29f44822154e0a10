package sigma

import (
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// Sigma does not say what type a field has. It is settled by all the tests that
// a plan makes of it, once these are known:
//
//	networks only                          ip
//	numbers only, whole                    long
//	numbers only, some with a fraction     double
//	everything else                        keyword
//
// where "only" leaves presence aside. In a keyword numbers are compared as text,
// networks are expressions over texts, and ranges compare the number that the
// text says.

// use is what a plan does with a field.
type use struct {
	field    *query.Field
	text     bool
	numbers  bool
	networks bool
	fraction bool
	pending  []*query.Leaf // whose tests depend on the type

	typed  bool          // declared is what a schema says
	worded []*query.Leaf // that compare text
	odd    bool          // another test than these needs text

	declared query.Type
}

// field returns the use of a field by name.
func (l *lowerer) field(name string) *use {
	if u := l.uses[name]; u != nil {
		return u
	}
	f := &query.Field{Name: name, Array: strings.Contains(name, "*"), Origin: "sigma"}
	u := &use{field: f}
	if l.opts.Fields != nil && name != anywhere {
		if known, _ := l.opts.Fields.Field(name); !known.Inferred {
			f.Array, f.Allowed, f.Origin = known.Array, known.Allowed, known.Origin
			u.typed, u.declared = l.opts.Typed, known.Type
		}
	}
	l.uses[name] = u
	l.order = append(l.order, u)
	return u
}

// anywhere is the name of the field that keywords are searched in: every scalar
// value of the event.
const anywhere = "*"

// number notes a number that the field is compared with.
func (u *use) number(v query.Value) {
	u.numbers = true
	if _, ok := v.Int(); ok {
		return
	}
	if v.Kind() == query.Float {
		u.fraction = true
	} else {
		u.text = true // beyond 64 bits with sign, digits are compared
	}
}

// settle gives the fields their types and the leaves that waited for them their
// final form. What it returns has places in the source of the plan.
func (l *lowerer) settle() *query.Diagnostic {
	networks := 0
	for _, u := range l.order {
		switch {
		case u.typed && l.declare(u):
		case u.text || u.numbers && u.networks:
		case u.networks:
			u.field.Type = query.IP
		case u.fraction:
			u.field.Type = query.Double
		case u.numbers:
			u.field.Type = query.Long
		}
		if u.field.Type.Family() != query.Strings {
			continue
		}
		for _, leaf := range u.pending {
			if leaf.Op == query.OpNet {
				if networks += len(leaf.Items); networks > mostNetworks {
					return query.Errorf(query.CodeLimit, leaf.Span, "more than %d networks for fields that are compared with text too", mostNetworks)
				}
			}
			asKeyword(leaf)
		}
	}
	return nil
}

// mostNetworks bounds how many networks become expressions over texts, which are
// some kilobytes each for IPv6.
const mostNetworks = 2000

// asKeyword rewrites a test of numbers or networks for a field of text.
func asKeyword(leaf *query.Leaf) {
	switch leaf.Op {
	case query.OpEqual:
		for i, it := range leaf.Items {
			leaf.Items[i].Value = query.StringOf(scalarText(it.Value))
		}
	case query.OpNet:
		leaf.Op = query.OpRegex
		for i, it := range leaf.Items {
			leaf.Items[i] = query.Operand{Span: it.Span, Regex: query.Regex{Source: textOf(it.Net), Syntax: query.RE2Regex}}
		}
	case query.OpRange:
		ranges := &query.Logic{Span: leaf.Span, Op: query.AnyOf}
		for _, it := range leaf.Items {
			ranges.Terms = append(ranges.Terms, numberIn(leaf.Field, it))
		}
		leaf.Op, leaf.Items, leaf.Expr = query.OpScript, nil, ranges
		if len(ranges.Terms) == 1 {
			leaf.Expr = ranges.Terms[0]
		}
		leaf.Field = nil
	}
}

// numberIn compares the number in a text with the one bound of a range.
func numberIn(f *query.Field, it query.Operand) query.Expr {
	op, bound := query.GT, it.Low
	if bound == nil {
		op, bound = query.LT, it.High
	}
	if bound.Inclusive {
		op++ // LE follows LT, GE follows GT
	}
	return &query.Compare{
		Span: it.Span, Op: op,
		Left:  &query.Call{Span: it.Span, Func: query.FuncNumber, Args: []query.Expr{&query.FieldRef{Span: it.Span, Field: f}}},
		Right: &query.Literal{Span: it.Span, Value: bound.Value},
	}
}
