package diff

import (
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// indexField is the metadata field that holds the name of a document's index.
const indexField = "_index"

// sameIndices reports whether two rules name the same index patterns, in
// whatever order.
func sameIndices(a, b []string) bool {
	sorted := func(list []string) []string {
		list = slices.Clone(list)
		slices.Sort(list)
		return slices.Compact(list)
	}
	return slices.Equal(sorted(a), sorted(b))
}

// within conjoins the index patterns of a rule to the predicates of its body,
// as filters are: every event comes from an index that the rule reads.
func within(plan *query.Plan, rule *ruleset.Rule) *query.Plan {
	p := *plan
	test := indexTest(plan.Indices, rule.At("index"))
	and := func(where query.Pred) query.Pred {
		return &query.And{Span: where.Pos(), Terms: []query.Pred{where, test}}
	}
	steps := func(steps []query.Step) []query.Step {
		steps = slices.Clone(steps)
		for i := range steps {
			steps[i].Where = and(steps[i].Where)
		}
		return steps
	}
	switch b := plan.Body.(type) {
	case *query.Event:
		p.Body = &query.Event{Where: and(b.Where)}
	case *query.Sequence:
		c := *b
		c.Steps = steps(b.Steps)
		if b.Until != nil {
			until := *b.Until
			until.Where = and(until.Where)
			c.Until = &until
		}
		p.Body = &c
	case *query.Sample:
		c := *b
		c.Steps = steps(b.Steps)
		p.Body = &c
	case *query.Threshold:
		c := *b
		c.Where = and(b.Where)
		p.Body = &c
	case *query.NewTerms:
		c := *b
		c.Where = and(b.Where)
		p.Body = &c
	case *query.IndicatorMatch:
		c := *b
		c.Where = and(b.Where)
		p.Body = &c
	}
	return &p
}

// indexTest is true where _index is one of the patterns: those that begin with
// a hyphen take away from what stands before them.
// Source: Elasticsearch reference, "Multi-target syntax".
func indexTest(patterns []string, at query.Span) query.Pred {
	field := &query.Field{Name: indexField, Type: query.Keyword}
	leaf := func(items ...query.Operand) query.Pred {
		return &query.Leaf{Span: at, Field: field, Op: query.OpGlob, Items: items}
	}
	var test query.Pred
	var added []query.Operand
	add := func() {
		switch {
		case len(added) == 0:
			return
		case test == nil:
			test = leaf(added...)
		default:
			test = &query.Or{Span: at, Terms: []query.Pred{test, leaf(added...)}}
		}
		added = nil
	}
	for _, pattern := range patterns {
		rest, excluded := strings.CutPrefix(pattern, "-")
		if !excluded {
			added = append(added, query.Operand{Glob: indexGlob(pattern)})
			continue
		}
		add()
		if test != nil {
			but := &query.Not{Span: at, Term: leaf(query.Operand{Glob: indexGlob(rest)})}
			test = &query.And{Span: at, Terms: []query.Pred{test, but}}
		}
	}
	add()
	if test == nil {
		test = &query.Const{Span: at, Truth: query.False}
	}
	return test
}

// indexGlob reads an index pattern, whose only wildcard is the star.
func indexGlob(pattern string) query.Glob {
	var g query.Glob
	for i, part := range strings.Split(pattern, "*") {
		if i > 0 {
			g = g.Any()
		}
		g = g.Text(part)
	}
	return g
}
