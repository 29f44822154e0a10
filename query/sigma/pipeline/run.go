package pipeline

import (
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/sigma"
)

// run is a pipeline at work on one rule.
type run struct {
	p       *Pipeline
	rule    *sigma.Rule // a copy, which is changed
	of      sigma.Logsource
	applied map[string]bool      // ids of items
	state   map[string]string    // of set_state
	custom  map[string]string    // attributes
	marks   map[*sigma.Item]mark // of items that something was done with
	landed  map[string]*landing  // by target
	told    map[string]bool      // remarks
	probe   bool                 // the rule is only asked what becomes of a field
	made    int                  // items, for the limit
	stopped bool                 // a limit was reached: nothing more is made
	diags   query.Diagnostics
}

// mark is what was done with an item.
type mark struct {
	applied []string // ids
	named   bool     // its field has a name of the target's
}

// landing is which Sigma fields came to one target.
type landing struct {
	fields []string
	warned bool
}

func (p *Pipeline) start(rule *sigma.Rule, of sigma.Logsource) *run {
	r := &run{
		p: p, of: of, applied: map[string]bool{}, state: map[string]string{}, custom: map[string]string{},
		marks: map[*sigma.Item]mark{}, landed: map[string]*landing{}, told: map[string]bool{},
	}
	copied := *rule
	r.rule = &copied
	copied.Detection = r.detection(rule.Detection)
	if rule.Filter != nil {
		f := *rule.Filter
		f.Detection = r.detection(f.Detection)
		copied.Filter = &f
	}
	copied.FieldNames = slices.Clone(rule.FieldNames)
	return r
}

// detection copies a detection with plain items.
func (r *run) detection(d *sigma.Detection) *sigma.Detection {
	if d == nil {
		return nil
	}
	copied := *d
	copied.Selections = make([]*sigma.Search, len(d.Selections))
	for i, s := range d.Selections {
		copied.Selections[i] = r.plain(s)
	}
	return &copied
}

// plain copies a tree. Below a selection there is always a list of terms, so that
// an item can be replaced, or taken out, where it stands.
func (r *run) plain(s *sigma.Search) *sigma.Search {
	if s.Item != nil {
		inner := s.Item.Plain(r.p.limits)
		if inner.Item != nil {
			it := *inner.Item
			it.Values = slices.Clone(it.Values)
			inner = &sigma.Search{Span: inner.Span, Item: &it}
		}
		return &sigma.Search{Span: s.Span, Name: s.Name, Terms: []*sigma.Search{inner}}
	}
	copied := *s
	copied.Terms = make([]*sigma.Search, len(s.Terms))
	for i, t := range s.Terms {
		copied.Terms[i] = r.plain(t)
	}
	return &copied
}

// all applies the items of the pipeline in order.
func (r *run) all() { r.apply(r.p.items) }

func (r *run) apply(items []*item) {
	for _, it := range items {
		if r.stopped || !it.rule.open(func(t ruleTest) bool { return t(r) }) {
			continue
		}
		if it.do(r, it) && it.id != "" {
			r.applied[it.id] = true
		}
	}
}

// detections are those of the rule: its own, or that of a filter.
func (r *run) detections() []*sigma.Detection {
	var out []*sigma.Detection
	if r.rule.Detection != nil {
		out = append(out, r.rule.Detection)
	}
	if r.rule.Filter != nil && r.rule.Filter.Detection != nil {
		out = append(out, r.rule.Filter.Detection)
	}
	return out
}

// items calls f with every item of the rule that the conditions of it let
// through, those of added conditions included. Where f acts, what it returns takes
// the item's place; nil takes it out.
func (r *run) items(it *item, f func(i *sigma.Item) (next *sigma.Search, acted bool)) bool {
	changed := false
	var walk func(s *sigma.Search)
	walk = func(s *sigma.Search) {
		kept := s.Terms[:0:0]
		for _, t := range s.Terms {
			if t.Item == nil {
				walk(t)
				kept = append(kept, t)
				continue
			}
			if r.stopped || !it.detect.open(func(test itemTest) bool { return test(r, t.Item) }) || !it.lets(r, t.Item.Field, t.Item) {
				kept = append(kept, t)
				continue
			}
			next, acted := f(t.Item)
			if !acted {
				kept = append(kept, t)
				continue
			}
			changed = true
			if next != nil {
				r.inherit(t.Item, next, it.id)
				kept = append(kept, next)
			}
		}
		s.Terms = kept
	}
	for _, d := range r.detections() {
		for _, s := range slices.Concat(d.Selections, d.Required) {
			walk(s)
		}
	}
	return changed
}

// lets reports whether the conditions on field names hold; without such
// conditions they do for items without a field too.
func (it *item) lets(r *run, field string, i *sigma.Item) bool {
	return it.field.open(func(t fieldTest) bool { return t(r, field, i) })
}

// inherit gives the items of a tree the marks of the one whose place it takes.
func (r *run) inherit(from *sigma.Item, to *sigma.Search, id string) {
	if to.Item != nil {
		if r.made++; r.made > r.nodes() {
			r.stop(to.Item.Span)
		}
		m := r.marks[to.Item]
		m.applied = append(slices.Clone(r.marks[from].applied), m.applied...)
		if id != "" {
			m.applied = append(m.applied, id)
		}
		m.named = m.named || r.marks[from].named
		r.marks[to.Item] = m
	}
	for _, t := range to.Terms {
		r.inherit(from, t, id)
	}
}

func (r *run) nodes() int {
	if r.p.limits.Nodes > 0 {
		return r.p.limits.Nodes
	}
	return query.DefaultLimits.Nodes
}

func (r *run) stop(at query.Span) {
	if !r.stopped {
		r.stopped = true
		r.fail(query.CodeLimit, at, "the pipeline makes more than %d items of this rule", r.nodes())
	}
}

// same is the place of an item that stays as it is.
func same(i *sigma.Item) *sigma.Search { return &sigma.Search{Span: i.Span, Item: i} }

// renamed is an item whose field has other names. Several names are alternatives.
func (r *run) renamed(i *sigma.Item, names []string) *sigma.Search {
	var terms []*sigma.Search
	negate := len(names) > 1 && modified(i, "neq")
	for _, name := range names {
		next := *i
		next.Values = slices.Clone(i.Values)
		next.Field = name
		if negate {
			next.Modifiers = without(i.Modifiers, "neq")
		}
		r.land(name, i)
		terms = append(terms, same(&next))
		r.marks[terms[len(terms)-1].Item] = mark{named: true}
	}
	if len(terms) == 1 {
		return terms[0]
	}
	// No value in any of them is what having none means; see doc.go.
	return &sigma.Search{Span: i.Span, Any: !absence(i), Not: negate, Terms: terms}
}

// absence reports whether an item asks for a field without a value.
func absence(i *sigma.Item) bool {
	if modified(i, "exists") {
		return len(i.Values) == 1 && i.Values[0].Value.Kind() == query.Bool && !i.Values[0].Value.Bool()
	}
	return !slices.ContainsFunc(i.Values, func(v sigma.Value) bool { return !v.Value.IsNull() })
}

// land notes that a field came to a target, and warns where another is there.
func (r *run) land(target string, i *sigma.Item) {
	l := r.landed[target]
	if l == nil {
		l = &landing{}
		r.landed[target] = l
	}
	if slices.Contains(l.fields, i.Field) {
		return
	}
	l.fields = append(l.fields, i.Field)
	if len(l.fields) > 1 && !l.warned {
		l.warned = true
		r.warn(i.At, "%s and %s are both %s in the logs that this is mapped to", l.fields[0], l.fields[1], target).
			With("tests of the two become tests of one field")
	}
}

// Modifiers.

func modified(i *sigma.Item, name string) bool {
	return slices.ContainsFunc(i.Modifiers, func(m sigma.Name) bool { return m.Text == name })
}

func without(modifiers []sigma.Name, name string) []sigma.Name {
	return slices.DeleteFunc(slices.Clone(modifiers), func(m sigma.Name) bool { return m.Text == name })
}

// textual reports whether the values of an item are compared as text, with
// wildcards, whole: the form that transformations of values work on.
func textual(i *sigma.Item) bool {
	return !slices.ContainsFunc(i.Modifiers, func(m sigma.Name) bool {
		switch m.Text {
		case "all", "neq", "cased":
			return false
		}
		return true
	})
}

// Diagnostics about the rule.

func (r *run) fail(code query.Code, at query.Span, format string, args ...any) *query.Diagnostic {
	if at.IsZero() {
		at = query.Span{Start: r.rule.Start, End: r.rule.Start}
	}
	d := query.Errorf(code, at, format, args...)
	d.Source = r.rule.Source
	r.diags = append(r.diags, d)
	return d
}

// warn tells once a rule what is the same about the same place.
func (r *run) warn(at query.Span, format string, args ...any) *query.Diagnostic {
	d := query.Errorf(query.CodeSuspect, at, format, args...)
	d.Severity, d.Source = query.Warning, r.rule.Source
	key := d.Error()
	if !r.told[key] {
		r.told[key] = true
		r.diags = append(r.diags, d)
	}
	return d
}

func (r *run) note(at query.Span, format string, args ...any) *query.Diagnostic {
	d := r.warn(at, format, args...)
	d.Severity = query.Note
	return d
}

// covers reports whether every part that is set in s is the same in t.
func covers(s, t sigma.Logsource) bool {
	same := func(a, b string) bool { return a == "" || strings.EqualFold(a, b) }
	return same(s.Category, t.Category) && same(s.Product, t.Product) && same(s.Service, t.Service)
}
