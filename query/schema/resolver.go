package schema

import (
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// Resolver is the schema as one rule sees it: it implements [query.Fields] over
// several tables and gives each name one pointer. It is not safe for concurrent
// use. The zero Resolver knows no field.
type Resolver struct {
	tables   []*Table
	known    map[string]answer
	inferred []*query.Field
}

type answer struct {
	field *query.Field
	fold  bool
}

// NewResolver returns a resolver that asks the tables in order; the first that
// knows a name speaks for it alone. Nil tables are skipped.
func NewResolver(tables ...*Table) *Resolver {
	return &Resolver{tables: slices.DeleteFunc(slices.Clone(tables), func(t *Table) bool { return t == nil })}
}

// Inferred returns the fields that were asked for and that no table knows, in
// the order in which they came up.
func (r *Resolver) Inferred() []*query.Field { return slices.Clone(r.inferred) }

// Field implements [query.Fields]. An alias comes back as the field it stands
// for, a multi-field as the field that is in the document: itself where both
// compare alike or the multi-field only folds case, and otherwise as a further
// Field of the same name with the multi-field's type.
func (r *Resolver) Field(name string) (field *query.Field, fold bool) {
	if a, ok := r.known[name]; ok {
		return a.field, a.fold
	}
	a := r.resolve(name)
	if r.known == nil {
		r.known = map[string]answer{}
	}
	r.known[name] = a
	return a.field, a.fold
}

func (r *Resolver) resolve(name string) answer {
	h, ok := r.find(name)
	if !ok {
		return r.infer(name)
	}
	if target := h.entry.Alias; target != "" {
		// Elasticsearch has no alias of an alias, so one step is enough and
		// a circle cannot arise.
		if t, ok := r.find(target); !ok || t.entry.Alias != "" {
			return r.infer(name)
		}
		f, fold := r.Field(target)
		return answer{f, fold}
	}
	if h.view != nil {
		f, _ := r.Field(h.entry.Name)
		if h.view.Fold || h.view.Type.Family() == f.Type.Family() {
			return answer{f, h.view.Fold}
		}
		seen := *f
		seen.Type, seen.IgnoreAbove, seen.Words = h.view.Type, 0, query.StandardWords
		return answer{field: &seen}
	}
	e := h.entry
	f := &query.Field{
		Name: name, Type: e.Type, Array: e.Array, Allowed: e.Allowed, IgnoreAbove: e.IgnoreAbove,
		Scaling: e.Scaling, Nested: e.Nested, Words: e.Words, Origin: e.Origin,
	}
	if e.Type == query.Flattened && !h.child {
		// The values are in the keys below; the object has none of its own.
		f.Type = query.ObjectType
	}
	return answer{field: f}
}

func (r *Resolver) find(name string) (hit, bool) {
	for _, t := range r.tables {
		if h, ok := t.find(name); ok {
			return h, true
		}
	}
	return hit{}, false
}

// infer makes an unknown name what the dynamic templates of security indices
// would: a keyword.
func (r *Resolver) infer(name string) answer {
	f := &query.Field{Name: name, IgnoreAbove: keywordLimit, Inferred: true}
	r.inferred = append(r.inferred, f)
	return answer{field: f}
}

// Match implements [query.Fields]. Objects have no values and are left out.
// Where the pattern covers no plain entry but a dynamic template, it stands for
// that template's first instance, with 0 for each star: the names that
// integrations give to the items of a list.
func (r *Resolver) Match(pattern string) []*query.Field {
	var names, templates []string
	for _, t := range r.tables {
		for i := range t.entries {
			e := &t.entries[i]
			switch {
			case !covers(pattern, e.Name):
			case e.Alias != "":
				if h, ok := r.find(e.Alias); ok && h.entry.Alias == "" {
					names = append(names, e.Alias)
				}
			case e.Type == query.ObjectType || e.Type == query.Nested || e.Type == query.Flattened:
			case strings.Contains(e.Name, "*"):
				templates = append(templates, strings.ReplaceAll(e.Name, "*", "0"))
			default:
				names = append(names, e.Name)
			}
		}
	}
	if len(names) == 0 {
		names = templates
	}
	slices.Sort(names)
	var fields []*query.Field
	for _, name := range slices.Compact(names) {
		f, _ := r.Field(name)
		fields = append(fields, f)
	}
	return fields
}
