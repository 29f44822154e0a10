package kql

import (
	"slices"

	"github.com/rematch-dev/rematch/query"
)

// Query is a parsed query.
type Query struct {
	Text    query.Text
	Root    Node              // nil for the empty query, which every document matches
	remarks query.Diagnostics // what the parser found legal but odd
}

// Node is a part of a query: [*Or], [*And], [*Not], [*Nested], [*Is], [*Range],
// or, as a value of an Is, [*Literal].
type Node interface {
	Pos() query.Span
	node()
}

type (
	// Or holds where a term does. It joins queries, or the values of an Is.
	Or struct {
		query.Span
		Terms []Node // at least two
	}
	// And holds where all terms do.
	And struct {
		query.Span
		Terms []Node // at least two
	}
	// Not negates.
	Not struct {
		query.Span
		Term Node
	}
	// Nested is path:{ query }: one element of the nested object satisfies Term.
	Nested struct {
		query.Span
		Path *Literal
		Term Node
	}
	// Is is field:value, or field:(values).
	Is struct {
		query.Span
		Field  *Literal // nil: any field
		Values Node     // a Literal, or Or, And and Not of values
	}
	// Range is field < value and the like.
	Range struct {
		query.Span
		Field *Literal
		Op    query.CompareOp // LT, LE, GT or GE
		Value *Literal
	}
	// Literal is a field name or a value, its escapes resolved.
	Literal struct {
		query.Span
		Quoted bool
		Glob   query.Glob // text, and where not quoted the wildcard *
	}
)

func (*Or) node()      {}
func (*And) node()     {}
func (*Not) node()     {}
func (*Nested) node()  {}
func (*Is) node()      {}
func (*Range) node()   {}
func (*Literal) node() {}

// Text is the literal's text, with * for each wildcard.
func (l *Literal) Text() string {
	var b []byte
	for _, part := range l.Glob {
		if part.Kind == query.GlobAny {
			b = append(b, '*')
		}
		b = append(b, part.Text...)
	}
	return string(b)
}

// Wildcard reports whether the literal holds a wildcard.
func (l *Literal) Wildcard() bool {
	return slices.ContainsFunc(l.Glob, func(p query.GlobPart) bool { return p.Kind == query.GlobAny })
}

// Value is the literal as KQL types it: a bare null, true or false is not a
// string.
func (l *Literal) Value() query.Value {
	text := l.Text()
	if !l.Quoted {
		switch text {
		case "null":
			return query.Value{}
		case "true", "false":
			return query.BoolOf(text == "true")
		}
	}
	return query.StringOf(text)
}

// any reports whether the literal is a lone *.
func (l *Literal) any() bool { return len(l.Glob) == 1 && l.Glob[0].Kind == query.GlobAny }
