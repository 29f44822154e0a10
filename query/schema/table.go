// Package schema knows the fields of documents: their types, whether they may
// hold several values, and which values a schema lists.
//
// A [Table] is one schema: [Default] is embedded (the Elastic Common Schema,
// Elastic's endpoint, integrations and Beats), [Read] takes the user's own,
// [FromFields] one that another format brings along. A [Resolver] asks several
// tables on behalf of one rule and is what the query languages see as
// [query.Fields]. [Mappings] turns fields back into an Elasticsearch mapping.
package schema

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// Entry is what one schema says about one field. A name with * is a dynamic
// template: it speaks for every name that the pattern matches, dots included,
// unless a plain entry does.
type Entry struct {
	Name        string
	Type        query.Type
	Array       bool           // may hold several values
	Allowed     []string       // listed values
	IgnoreAbove int            // code points; 0: no limit
	Scaling     float64        // of scaled_float; 0 means 1
	Words       query.Segments // of an analysed field
	Views       []View         // multi-fields
	Alias       string         // the field that this one is another name of; its type counts, not Type
	Nested      string         // innermost nested object around the field; tables fill it in
	Origin      string         // the schema, as in "ecs 9.5.0"; [FromFields] fills it in where empty
}

// View is a multi-field: the same values under a further name, indexed in
// another way. It never stands in a document.
type View struct {
	Name string // last part of the field name, such as "text"
	Type query.Type
	Fold bool // values are compared in lower case
}

// Table is a schema. It is immutable and safe for concurrent use.
type Table struct {
	entries   []Entry // by name
	templates []int   // entries whose name has a *, the most specific first
	findings  query.Diagnostics
}

// FromFields makes a table of entries that stand under one origin. Of entries
// with the same name the first counts.
//
// A list of names and types, such as a rule's required_fields, knows neither
// arrays nor limits; ask it after fuller tables, not before.
func FromFields(origin string, fields []Entry) *Table {
	entries := slices.Clone(fields)
	for i := range entries {
		if entries[i].Origin == "" {
			entries[i].Origin = origin
		}
	}
	return build(entries)
}

// build takes ownership of entries.
func build(entries []Entry) *Table {
	byName := func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) }
	if !slices.IsSortedFunc(entries, byName) {
		slices.SortStableFunc(entries, byName)
	}
	entries = slices.CompactFunc(entries, func(a, b Entry) bool { return a.Name == b.Name })
	t := &Table{entries: entries}
	around := map[string]query.Type{} // nested objects, and arrays of plain ones
	for i, e := range entries {
		if e.Type == query.Nested || e.Type == query.ObjectType && e.Array {
			around[e.Name] = e.Type
		}
		if strings.Contains(e.Name, "*") {
			t.templates = append(t.templates, i)
		}
	}
	if len(around) > 0 {
		for i := range entries {
			entries[i].inherit(around)
		}
	}
	// Longer patterns say more: o365.audit.Item.*.* goes before o365.audit.Item.*.
	slices.SortStableFunc(t.templates, func(a, b int) int {
		return cmp.Compare(len(entries[b].Name), len(entries[a].Name))
	})
	return t
}

// inherit marks what stands inside nested objects, and what repeats because an
// object around it does: Elasticsearch flattens an array of objects into one
// array for each of their fields. A nested object ends that, because each of
// its elements is matched by itself.
func (e *Entry) inherit(around map[string]query.Type) {
	for path := range ancestors(e.Name) {
		switch t, ok := around[path]; {
		case ok && t == query.Nested:
			e.Nested = path
			return
		case ok:
			e.Array = true
		}
	}
}

// ancestors yields "a.b" and "a" for "a.b.c".
func ancestors(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for dot := strings.LastIndexByte(name, '.'); dot > 0; dot = strings.LastIndexByte(name[:dot], '.') {
			if !yield(name[:dot]) {
				return
			}
		}
	}
}

// Len returns the number of entries.
func (t *Table) Len() int { return len(t.entries) }

// Entries yields the entries in order of name.
func (t *Table) Entries() iter.Seq[Entry] { return slices.Values(t.entries) }

// Findings tells what [Read] had to leave out or to guess.
func (t *Table) Findings() query.Diagnostics { return t.findings }

// hit is an answer of a table: the entry that speaks for a name, and whether
// it does so as what stands above it.
type hit struct {
	entry *Entry
	view  *View // the name is this multi-field of entry
	child bool  // the name is a key inside entry, a flattened object
}

// find looks for the entry itself, then for a multi-field, then for a flattened
// object around it, then for a template: Elasticsearch's order, because dynamic
// templates are asked only about what the mapping does not know.
func (t *Table) find(name string) (hit, bool) {
	if e := t.exact(name); e != nil {
		return hit{entry: e}, true
	}
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		if e := t.exact(name[:dot]); e != nil {
			for i := range e.Views {
				if e.Views[i].Name == name[dot+1:] {
					return hit{entry: e, view: &e.Views[i]}, true
				}
			}
		}
	}
	for path := range ancestors(name) {
		if e := t.exact(path); e != nil && e.Type == query.Flattened {
			return hit{entry: e, child: true}, true
		}
	}
	for _, i := range t.templates {
		if covers(t.entries[i].Name, name) {
			return hit{entry: &t.entries[i]}, true
		}
	}
	return hit{}, false
}

func (t *Table) exact(name string) *Entry {
	i, ok := slices.BinarySearchFunc(t.entries, name, func(e Entry, name string) int { return cmp.Compare(e.Name, name) })
	if !ok {
		return nil
	}
	return &t.entries[i]
}

// covers reports whether pattern matches the whole name; * stands for any run
// of bytes. On a mismatch only the last star gives way, so the time is at most
// the product of both lengths.
func covers(pattern, name string) bool {
	p, n := 0, 0
	star, retry := -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, retry = p, n
			p++
		case p < len(pattern) && pattern[p] == name[n]:
			p++
			n++
		case star >= 0:
			retry++
			p, n = star+1, retry
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
