package solver

import (
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// This file searches nested objects, whose elements are matched one by one, and
// which may lie in one another: an [query.Each] that must be true brings an
// element into being, and one that must not says what no element may be.

// element is a [query.Element], and the term that it is there to satisfy.
type element struct {
	query.Element
	term query.Pred
}

// nestedPath is the nested object at a path of one document, or of one element
// of the object around it.
type nestedPath struct {
	slot, group int
	path        string
}

// below reports whether a name lies within the object at a path.
func below(name, path string) bool {
	return len(name) > len(path)+1 && name[len(path)] == '.' && strings.HasPrefix(name, path)
}

// pathOf is that of the object that a group is an element of.
func (s *search) pathOf(group int) string {
	if group == 0 {
		return ""
	}
	return s.elements[group-1].Path
}

// sees reports whether a field has values where a group is searched: only those
// of an element itself, not of the objects in it, are visible in it.
func (s *search) sees(group int, f *query.Field) bool {
	if group == 0 {
		return f.Nested == ""
	}
	path := s.pathOf(group)
	return below(f.Name, path) && (f.Nested == "" || f.Nested == path)
}

// nestedPaths adds the paths of the nested objects that a predicate looks into.
func nestedPaths(paths []string, p query.Pred) []string {
	if e, ok := p.(*query.Each); ok && !slices.Contains(paths, e.Path) {
		paths = append(paths, e.Path)
	}
	for _, c := range query.Children(p) {
		paths = nestedPaths(paths, c)
	}
	return paths
}

// around is the outermost nested object on the way from one to another in it, or
// "" where there is none.
func (s *search) around(path, outer string) (found string) {
	if s.paths == nil {
		for _, g := range s.asked {
			s.paths = nestedPaths(s.paths, g.Pred)
		}
	}
	for _, p := range s.paths {
		if below(path, p) && (outer == "" || below(p, outer)) && (found == "" || below(found, p)) {
			found = p
		}
	}
	return found
}

// expandEach brings an element of a nested object into being, or forbids that
// any satisfies the term.
func (s *search) expandEach(p *query.Each, g goal) expansion {
	outer := s.pathOf(g.group)
	yes, no := g.want&MustBeTrue != 0, g.want&MustBeFalse != 0
	switch {
	case yes && no:
		return expansion{}
	case outer != "" && !below(p.Path, outer): // from within one object no other is seen
		if no {
			return expansion{}
		}
		return s.refuse(g, &atom{kind: constant, span: p.Span})
	}
	if way := s.around(p.Path, outer); way != "" { // some element of some element
		g.pred = &query.Each{Span: p.Span, Path: way, Term: p}
		return expansion{all: []goal{g}}
	}
	key := nestedPath{g.slot, g.group, p.Path}
	if yes {
		s.elements = append(s.elements, element{query.Element{Slot: g.slot, Path: p.Path, Group: g.group}, p.Term})
		s.trail = append(s.trail, func() { s.elements = s.elements[:len(s.elements)-1] })
		group := len(s.elements)
		next := []goal{{pred: p.Term, want: MustBeTrue, slot: g.slot, group: group, deps: g.deps}}
		for _, n := range s.never[key] {
			n.group, n.deps = group, n.deps.union(g.deps)
			next = append(next, n)
		}
		return expansion{all: next}
	}
	never := goal{pred: p.Term, want: NotTrue, slot: g.slot, deps: g.deps}
	if s.never == nil {
		s.never = map[nestedPath][]goal{}
	}
	s.never[key] = append(s.never[key], never)
	s.trail = append(s.trail, func() { s.never[key] = s.never[key][:len(s.never[key])-1] })
	var next []goal
	for i, e := range s.elements {
		if e.Slot == key.slot && e.Group == key.group && e.Path == key.path {
			n := never
			n.group = i + 1
			next = append(next, n)
		}
	}
	return expansion{all: next}
}

// fill gives a value to each element of a nested object that nothing asks one
// of, if some field of it may have one: an empty object is no natural document.
func (s *search) fill() {
	for i, e := range s.elements {
		group := i + 1
		if slices.ContainsFunc(s.elements, func(inner element) bool { return inner.Group == group }) {
			continue
		}
		fields := slices.DeleteFunc(query.FieldsOf(e.term), func(f *query.Field) bool { return !s.sees(group, f) })
		if slices.ContainsFunc(fields, func(f *query.Field) bool { return s.cell(place{e.Slot, group, f}).needed() }) {
			continue
		}
		for _, f := range fields {
			if !s.assert(s.rules.presence(f, e.term.Pos()), goal{slot: e.Slot, group: group}).failed {
				break
			}
		}
	}
}
