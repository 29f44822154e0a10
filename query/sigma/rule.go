package sigma

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/internal/spelling"
	"github.com/rematch-dev/rematch/query/internal/yamltree"
)

type (
	// Rule is one YAML document: a detection, a correlation or a filter. Which
	// of the three it is shows in the pointer that is set; none is for a rule
	// that cannot be read so far, and [Lower] says why.
	Rule struct {
		query.Span // of the document
		Source     *query.Source

		Title, ID, Name            string
		Status, Level              string
		Description, Author        string
		License, Taxonomy          string
		Date, Modified             string
		Tags, References           []string
		FalsePositives, FieldNames []string // FieldNames is the key "fields": what an analyst looks at
		Logsource                  Logsource

		Detection   *Detection
		Correlation *Correlation
		Filter      *Filter

		root     *yamltree.Node
		problems query.Diagnostics
	}
	// Logsource says which logs a rule is about; empty parts say nothing.
	Logsource struct {
		query.Span
		Category, Product, Service string
	}
	// Detection is what to search for: named selections, and conditions over
	// them of which any suffices.
	Detection struct {
		query.Span
		Selections []*Search
		Conditions []*Condition
		Timeframe  time.Duration // of an aggregation in the old style; 0: not said
		Required   []*Search     // what must hold besides; no rule says so, a processing pipeline does
	}
	// Search is a selection, or a part of one: a tree of lists (any of the
	// terms) and maps (all of them) over items. Exactly one of Item and Terms
	// is set.
	Search struct {
		query.Span
		Name  Name // of a selection
		Any   bool
		Not   bool // it must not hold; no rule says so, a processing pipeline does
		Terms []*Search
		Item  *Item
	}
	// Item is one test: Field|Modifiers: Values. Without a field the values are
	// keywords, to be found anywhere in the event.
	Item struct {
		query.Span
		Field     string
		At        query.Span // of the field's name
		Modifiers []Name
		Values    []Value // as written; one for a single value, none for an empty list
	}
	// Value is one value of an item.
	Value struct {
		query.Span
		Value query.Value // null, boolean, number or string
		Text  query.Text  // the same as text
	}
	// Filter is a condition that is added to rules.
	Filter struct {
		query.Span
		Rules     []Name // ids or names; none: every rule of the log source
		Detection *Detection
	}
	// Name is a name with its place.
	Name struct {
		query.Span
		Text string
	}
)

// Read reads the rules of a file. Documents that look like no rule, such as
// those of [action: global], are left out. The diagnostics say what could not
// be read at all; what is wrong inside a rule is up to [Lower]. Zero limits are
// those of [query.DefaultLimits].
func Read(src *query.Source, limits query.Limits) ([]*Rule, query.Diagnostics) {
	var rules []*Rule
	var diags query.Diagnostics
	var inherited actions
	for _, doc := range yamltree.Read(src, limits) {
		if doc.Root == nil {
			diags = append(diags, doc.Problems...)
			continue
		}
		r := &Rule{Span: doc.Span, Source: src, root: doc.Root, problems: doc.Problems}
		if doc.Root.Kind == yamltree.Map {
			var global bool
			if r.root, global = inherited.apply(r); global {
				continue
			}
		}
		if r.isRule() {
			r.read(limits)
			rules = append(rules, r)
		}
	}
	return rules, diags
}

// isRule tells rules from the other YAML files that lie beside them.
func (r *Rule) isRule() bool {
	for _, key := range []string{"detection", "correlation", "filter", "logsource"} {
		if r.root.Get(key) != nil {
			return true
		}
	}
	return false
}

// Entries yields the keys of the document with the places and the values.
func (r *Rule) Entries() iter.Seq2[Name, Value] {
	return func(yield func(Name, Value) bool) {
		if r.root == nil {
			return
		}
		for _, m := range r.root.Members {
			if !yield(Name{m.At, m.Key.String}, Value{m.Value.Span, m.Value.Plain(), m.Value.Text}) {
				return
			}
		}
	}
}

func (r *Rule) problem(code query.Code, at query.Span, format string, args ...any) *query.Diagnostic {
	d := query.Errorf(code, at, format, args...)
	d.Source = r.Source
	r.problems = append(r.problems, d)
	return d
}

func (r *Rule) warn(at query.Span, format string, args ...any) *query.Diagnostic {
	d := r.problem(query.CodeSuspect, at, format, args...)
	d.Severity = query.Warning
	return d
}

// The closed lists of the specification.
var (
	levels   = []string{"informational", "low", "medium", "high", "critical"}
	statuses = []string{"stable", "test", "experimental", "deprecated", "unsupported"}
)

func (r *Rule) read(limits query.Limits) {
	for _, f := range []struct {
		key string
		to  *string
	}{
		{"title", &r.Title},
		{"id", &r.ID},
		{"name", &r.Name},
		{"status", &r.Status},
		{"level", &r.Level},
		{"description", &r.Description},
		{"author", &r.Author},
		{"license", &r.License},
		{"taxonomy", &r.Taxonomy},
		{"date", &r.Date},
		{"modified", &r.Modified},
	} {
		*f.to = r.text(r.root, f.key)
	}
	for _, f := range []struct {
		key string
		to  *[]string
	}{
		{"tags", &r.Tags},
		{"references", &r.References},
		{"falsepositives", &r.FalsePositives},
		{"fields", &r.FieldNames},
	} {
		for _, n := range r.names(r.root, f.key) {
			*f.to = append(*f.to, n.Text)
		}
	}
	r.oneOf("level", r.Level, levels)
	r.oneOf("status", r.Status, statuses)
	if n := r.root.Get("logsource"); r.isMap("logsource", n) {
		r.Logsource = Logsource{n.Span, r.text(n, "category"), r.text(n, "product"), r.text(n, "service")}
	}
	correlation, filter, detection := r.root.Get("correlation"), r.root.Get("filter"), r.root.Get("detection")
	switch {
	case correlation != nil:
		r.Correlation = r.readCorrelation(correlation, limits)
	case filter != nil:
		r.Filter = r.readFilter(filter, limits)
	case detection != nil:
		r.Detection = r.readDetection(detection, limits)
	default:
		at := r.root.Span
		at.End = at.Start
		r.problem(query.CodeFormat, at, "the rule has no detection").With("a rule has detection, correlation or filter")
	}
}

// oneOf warns of a word outside a closed list. It changes nothing of what the
// rule matches.
func (r *Rule) oneOf(key, word string, list []string) {
	if word == "" || slices.Contains(list, word) {
		return
	}
	d := r.warn(r.root.Get(key).Span, "%.40q is no %s", word, key)
	if c := closest(word, slices.Values(list)); c != "" {
		d.With("did you mean %s?", c)
	} else {
		d.With("it is one of %s", strings.Join(list, ", "))
	}
}

// The readers of members note a value of the wrong kind and return none.

func (r *Rule) wrong(n *yamltree.Node, key, want string) {
	r.problem(query.CodeFormat, n.Span, "%q must be %s, this is %s", key, want, n.Describe())
}

func (r *Rule) isMap(key string, n *yamltree.Node) bool {
	if n != nil && n.Kind != yamltree.Map {
		r.wrong(n, key, "a map")
	}
	return n != nil && n.Kind == yamltree.Map
}

// text returns a scalar as it is written; dates are text here too.
func (r *Rule) text(n *yamltree.Node, key string) string {
	child := n.Get(key)
	if child == nil || child.IsNull() {
		return ""
	}
	if child.Kind != yamltree.Scalar {
		r.wrong(child, key, "a string")
		return ""
	}
	return child.Text.String
}

// names returns a list of strings, or one string as a list of one.
func (r *Rule) names(n *yamltree.Node, key string) []Name {
	child := n.Get(key)
	if child == nil || child.IsNull() {
		return nil
	}
	items := child.Items
	if child.Kind == yamltree.Scalar {
		items = []*yamltree.Node{child}
	}
	if child.Kind == yamltree.Map || slices.ContainsFunc(items, func(e *yamltree.Node) bool { return e.Kind != yamltree.Scalar }) {
		r.wrong(child, key, "a list of strings")
		return nil
	}
	names := make([]Name, len(items))
	for i, e := range items {
		names[i] = Name{e.Span, e.Text.String}
	}
	return names
}

// closest returns the word of a list that s is likely to be a slip of, or "".
func closest(s string, list iter.Seq[string]) string {
	return spelling.Closest(s, max(1, len(s)/3), list)
}

// filled puts the default limits where there are none.
func filled(limits query.Limits) query.Limits {
	return query.Limits{
		Bytes: cmp.Or(limits.Bytes, query.DefaultLimits.Bytes),
		Depth: cmp.Or(limits.Depth, query.DefaultLimits.Depth),
		Nodes: cmp.Or(limits.Nodes, query.DefaultLimits.Nodes),
	}
}
