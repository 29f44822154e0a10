package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/sigma"
)

// Pipeline is a sequence of transformations. It is not changed once it is made,
// and may be used by several goroutines.
type Pipeline struct {
	Name     string
	Priority int

	items   []*item
	renames bool // some item names fields otherwise
	vars    map[string][]string
	limits  query.Limits

	// keys remembers what [Pipeline.Keys] found: rules are asked for the same
	// fields over and over.
	keys *sync.Map
}

// item is one transformation with its conditions.
type item struct {
	id     string
	at     query.Span
	do     transformation
	rule   gate[ruleTest]
	detect gate[itemTest]
	field  gate[fieldTest]
}

// transformation changes the rule of a run. It reports whether it changed
// anything, which later items may ask for.
type transformation func(r *run, it *item) bool

// Join makes one pipeline of several: lower priorities go first, and pipelines
// of the same priority in the order in which they are given. Nil ones are left
// out; joined, nothing is nil.
func Join(pipelines ...*Pipeline) *Pipeline {
	pipelines = slices.DeleteFunc(slices.Clone(pipelines), func(p *Pipeline) bool { return p == nil })
	switch len(pipelines) {
	case 0:
		return nil
	case 1:
		return pipelines[0]
	}
	slices.SortStableFunc(pipelines, func(a, b *Pipeline) int { return a.Priority - b.Priority })
	out := &Pipeline{vars: map[string][]string{}, keys: new(sync.Map), Priority: pipelines[0].Priority}
	var names []string
	for _, p := range pipelines {
		names = append(names, p.Name)
		out.items = append(out.items, p.items...)
		out.renames = out.renames || p.renames
		for name, values := range p.vars {
			out.vars[name] = values // as in pySigma: the later one counts
		}
		out.limits = p.limits
	}
	out.Name = strings.Join(names, ", ")
	return out
}

// Renames reports whether the pipeline names fields otherwise than Sigma does, so
// that it is meant for documents as they are, and not for flat Windows events.
func (p *Pipeline) Renames() bool {
	return p != nil && p.renames
}

// Rule returns what the pipeline makes of a rule about the events of a log source.
// The rule itself is not changed. With taxonomy, what [sigma.Logsources] says of
// the log source must hold too. The diagnostics are about the rule: what cannot be
// mapped faithfully is a warning, what the pipeline refuses an error.
func (p *Pipeline) Rule(rule *sigma.Rule, of sigma.Logsource, taxonomy bool) (*sigma.Rule, query.Diagnostics) {
	r := p.start(rule, of)
	if taxonomy {
		r.taxonomy("")
	}
	r.all()
	return r.rule, r.diags
}

// Keys returns the fields that hold together, in the events that the pipeline is
// for, what a field of the rule's events holds. Where there are several that each
// hold it, the first is taken, and the remark says so.
func (p *Pipeline) Keys(rule *sigma.Rule, field string) (fields []string, remark string) {
	type question struct {
		rule  *sigma.Rule
		field string
	}
	type answer struct {
		fields []string
		remark string
	}
	if known, ok := p.keys.Load(question{rule, field}); ok {
		a := known.(answer)
		return a.fields, a.remark
	}
	r := p.start(rule, rule.Logsource)
	probe := &sigma.Item{Span: rule.Span, Field: field, Modifiers: []sigma.Name{{Text: "exists"}}, Values: []sigma.Value{{Value: query.BoolOf(true)}}}
	if r.rule.Detection == nil {
		return []string{field}, ""
	}
	at := &sigma.Search{Item: probe, Span: rule.Span, Terms: nil}
	root := &sigma.Search{Terms: []*sigma.Search{at}}
	r.rule.Detection.Selections = append(r.rule.Detection.Selections, root)
	r.probe = true
	r.all()
	var a answer
	a.fields, a.remark = together(root)
	if len(a.fields) == 0 {
		a.fields = []string{field}
	}
	if a.remark != "" {
		a.remark = fmt.Sprintf("%s stands in one of several fields, and %s is taken for it", field, a.fields[0])
	}
	p.keys.Store(question{rule, field}, a)
	return a.fields, a.remark
}

// together collects the fields of a tree: all of a list of terms, and the first
// of alternatives.
func together(s *sigma.Search) (fields []string, remark string) {
	if s.Item != nil {
		return []string{s.Item.Field}, ""
	}
	for i, t := range s.Terms {
		if s.Any && i > 0 {
			return fields, "alternatives"
		}
		more, r := together(t)
		for _, f := range more {
			if !slices.Contains(fields, f) {
				fields = append(fields, f)
			}
		}
		remark += r
	}
	return fields, remark
}
