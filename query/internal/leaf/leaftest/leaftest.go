// Package leaftest shows predicates as text, for tables of expectations.
package leaftest

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// Dump writes a predicate on one line:
//
//	and(process.name equals "a" | "b", not(process.pid range [1, 9)), each a.b(…))
//
// A fold stands behind the operator as ~ (ASCII) or ~~ (Unicode).
func Dump(p query.Pred) string {
	switch p := p.(type) {
	case *query.And:
		return "and(" + dumpAll(p.Terms) + ")"
	case *query.Or:
		return "or(" + dumpAll(p.Terms) + ")"
	case *query.Not:
		return "not(" + Dump(p.Term) + ")"
	case *query.Each:
		return "each " + p.Path + "(" + Dump(p.Term) + ")"
	case *query.Const:
		return p.Truth.String()
	case *query.Leaf:
		s := p.Field.Name + " " + p.Op.String() + [...]string{"", "~", "~~"}[p.Fold]
		var items []string
		for _, item := range p.Items {
			items = append(items, dumpItem(p.Op, item))
		}
		if p.Absent != query.False {
			items = append(items, "absent: "+p.Absent.String())
		}
		return strings.TrimSpace(s + " " + strings.Join(items, " | "))
	}
	return fmt.Sprintf("%T", p)
}

func dumpAll(terms []query.Pred) string {
	var all []string
	for _, t := range terms {
		all = append(all, Dump(t))
	}
	return strings.Join(all, ", ")
}

func dumpItem(op query.Op, item query.Operand) string {
	switch op {
	case query.OpGlob, query.OpWordGlob:
		return item.Glob.String()
	case query.OpRegex:
		return "/" + item.Regex.Source + "/"
	case query.OpNet:
		return item.Net.String()
	case query.OpRange:
		low, high := "(", ")"
		if item.Low != nil {
			if item.Low.Inclusive {
				low = "["
			}
			low += dumpBound(item.Low)
		}
		if item.High != nil {
			if item.High.Inclusive {
				high = "]"
			}
			high = dumpBound(item.High) + high
		}
		return low + ", " + high
	}
	return item.Value.String()
}

func dumpBound(b *query.Bound) string {
	if b.Date != nil {
		return b.Date.String()
	}
	return b.Value.String()
}

// Schema is a [query.Fields] over a fixed list.
type Schema struct {
	Known    []*query.Field
	Folded   map[string]string // multi-fields with a normaliser, and the field they stand for
	inferred map[string]*query.Field
}

// Field implements [query.Fields].
func (s *Schema) Field(name string) (*query.Field, bool) {
	real, fold := s.Folded[name]
	if !fold {
		real = name
	}
	for _, f := range s.Known {
		if f.Name == real {
			return f, fold
		}
	}
	if s.inferred == nil {
		s.inferred = map[string]*query.Field{}
	}
	if s.inferred[name] == nil {
		s.inferred[name] = &query.Field{Name: name, Inferred: true}
	}
	return s.inferred[name], false
}

// Match implements [query.Fields].
func (s *Schema) Match(pattern string) []*query.Field {
	var fields []*query.Field
	for _, f := range s.Known {
		if ok, err := path.Match(pattern, f.Name); ok && err == nil {
			fields = append(fields, f)
		}
	}
	slices.SortFunc(fields, func(a, b *query.Field) int { return strings.Compare(a.Name, b.Name) })
	return fields
}
