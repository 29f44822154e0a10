package sigma

import (
	"slices"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/internal/yamltree"
)

// Set is rules that may refer to each other. It is not changed once it is made
// and may be used by several goroutines. Nil is a set without rules.
type Set struct {
	named  map[string]*Rule // by id and by name
	narrow []*Rule          // the filters
}

// NewSet makes a set. Where two rules share an id or a name, the first is the
// one that is meant.
func NewSet(rules []*Rule) *Set {
	s := &Set{named: map[string]*Rule{}}
	for _, r := range rules {
		if r.Filter != nil {
			s.narrow = append(s.narrow, r)
			continue
		}
		for _, name := range []string{r.ID, r.Name} {
			if name != "" && s.named[name] == nil {
				s.named[name] = r
			}
		}
	}
	return s
}

// rule returns the rule of an id or name, or nil.
func (s *Set) rule(name string) *Rule {
	if s == nil {
		return nil
	}
	return s.named[name]
}

// filters returns the filters that apply to a detection: those that name it, or
// no rule at all, and whose log source is the rule's in all parts that are set.
func (s *Set) filters(r *Rule) []*Rule {
	if s == nil {
		return nil
	}
	var found []*Rule
	for _, f := range s.narrow {
		named := len(f.Filter.Rules) == 0 || slices.ContainsFunc(f.Filter.Rules, func(n Name) bool {
			return n.Text == r.ID && r.ID != "" || n.Text == r.Name && r.Name != ""
		})
		if named && f.Logsource.covers(r.Logsource) {
			found = append(found, f)
		}
	}
	return found
}

// covers reports whether every part that is set in s is the same in t.
func (s Logsource) covers(t Logsource) bool {
	same := func(a, b string) bool { return a == "" || a == b }
	return same(s.Category, t.Category) && same(s.Product, t.Product) && same(s.Service, t.Service)
}

// readFilter reads a filter: a detection, and the rules that it is added to.
func (r *Rule) readFilter(n *yamltree.Node, limits query.Limits) *Filter {
	if !r.isMap("filter", n) {
		return nil
	}
	body := without(n, "rules")
	f := &Filter{Span: n.Span, Rules: r.names(n, "rules"), Detection: r.readDetection(body, limits)}
	if len(f.Rules) == 1 && f.Rules[0].Text == "any" {
		f.Rules = nil
	}
	return f
}

// remarkFilter warns of a filter that says what to keep where its author, after
// the specification's example, may have meant what to drop.
func (l *lowerer) remarkFilter(f *Rule) {
	if d := f.Filter.Detection; d != nil && len(d.Conditions) == 1 && d.Conditions[0].root.kind == clauseName {
		c := d.Conditions[0]
		remark := l.warn(c.root.Span, "this filter keeps the events that it describes and drops all others")
		remark.With("a filter's condition is added to the rule's by and, as pySigma does; to drop what %[1]s describes, write not %[1]s", c.root.name)
	}
}

// ReadPlaceholders reads the values of placeholders: a YAML file of names with
// a value or a list of values each. Wildcards in them count.
func ReadPlaceholders(src *query.Source) (map[string][]string, query.Diagnostics) {
	values := map[string][]string{}
	r := &Rule{Source: src}
	for _, doc := range yamltree.Read(src, query.Limits{}) {
		r.problems = append(r.problems, doc.Problems...)
		if doc.Root == nil || !r.isMap("the file", doc.Root) {
			continue
		}
		for _, m := range doc.Root.Members {
			for _, v := range r.names(doc.Root, m.Key.String) {
				values[m.Key.String] = append(values[m.Key.String], v.Text)
			}
		}
	}
	return values, r.problems
}
