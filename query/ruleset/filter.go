package ruleset

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/internal/leaf"
)

// Filter is one of a rule's Query DSL filters. A disabled filter is as good as
// absent.
type Filter struct {
	query.Span
	Disabled bool
	Negate   bool
	body     *node // the query; the whole filter where Kibana's meta says it all
}

// filter reads the wrapping that Kibana puts around a query: meta, and $state,
// which only says where the filter bar keeps it. Old filters have the query
// beside meta instead of under "query".
func (r *Rule) filter(n *node) Filter {
	f := Filter{Span: n.Span}
	meta := r.table(n, "meta")
	if meta != nil {
		f.Disabled, f.Negate = r.boolean(meta, "disabled"), r.boolean(meta, "negate")
	}
	f.body = r.table(n, "query")
	if f.body == nil || len(f.body.members) == 0 {
		f.body = &node{kind: table, Span: n.Span}
		for _, m := range n.members {
			if m.name != "meta" && m.name != "$state" && m.name != "query" && !m.node.isNull() {
				f.body.add(m.name, m.key, m.node)
			}
		}
		if len(f.body.members) == 0 && meta != nil {
			f.body = fromMeta(meta)
		}
	}
	return f
}

// fromMeta writes as Query DSL what Kibana's meta says in its own words: type,
// key and params. Source: Kibana, packages/kbn-es-query/src/filters.
func fromMeta(meta *node) *node {
	wrap := func(kind, field string, at query.Span, inner *node) *node {
		if field != "" {
			outer := &node{kind: table, Span: inner.Span}
			outer.add(field, at, inner)
			inner = outer
		}
		n := &node{kind: table, Span: meta.Span}
		n.add(kind, at, inner)
		return n
	}
	nothing := &node{kind: table, Span: meta.Span}
	key, params, kind := meta.get("key"), meta.get("params"), meta.get("type")
	if kind == nil || kind.kind != text {
		return nothing
	}
	if kind.text.String == "combined" {
		return wrap("combined", "", kind.Span, meta)
	}
	if key == nil || key.kind != text {
		return nothing
	}
	field := key.text.String
	switch kind.text.String {
	case "exists":
		inner := &node{kind: table, Span: key.Span}
		inner.add("field", key.Span, key)
		return wrap("exists", "", key.Span, inner)
	case "phrase":
		if params != nil && params.kind == table {
			params = params.get("query")
		}
		if params == nil {
			params = meta.get("value")
		}
		if params != nil {
			return wrap("match_phrase", field, key.Span, params)
		}
	case "phrases":
		if params != nil && params.kind == list {
			return wrap("phrases", field, key.Span, params)
		}
	case "range":
		if params != nil && params.kind == table {
			return wrap("range", field, key.Span, params)
		}
	}
	return nothing
}

// dsl lowers Query DSL over the fields of one rule.
type dsl struct {
	fields query.Fields
	limits query.Limits
	diags  query.Diagnostics
}

// dslKinds is the table of queries and of how each becomes a predicate. All of
// Elasticsearch's tests are two-valued: without a value they are False, and no
// negation is Unknown. Source: Elasticsearch reference, "Query DSL".
var dslKinds map[string]func(c *dsl, n *node) query.Pred

func init() { // no literal above, because bool refers back to the table
	dslKinds = map[string]func(c *dsl, n *node) query.Pred{
		"bool":           (*dsl).boolean,
		"constant_score": func(c *dsl, n *node) query.Pred { return c.clause(n, "filter") },
		"nested":         (*dsl).nested,
		"combined":       (*dsl).combined,
		"match_all":      func(_ *dsl, n *node) query.Pred { return &query.Const{Span: n.Span, Truth: query.True} },
		"match_none":     func(_ *dsl, n *node) query.Pred { return &query.Const{Span: n.Span, Truth: query.False} },
		"exists":         (*dsl).exists,
		"query_string":   (*dsl).queryString,
		"term":           oneField{value: []string{"value"}, settings: []string{"case_insensitive"}}.with((*dsl).term),
		"terms":          oneField{}.with((*dsl).terms),
		"match":          oneField{value: []string{"query"}, settings: []string{"type", "operator", "lenient"}}.with((*dsl).match),
		"match_phrase":   oneField{value: []string{"query"}, settings: []string{"slop", "lenient"}}.with((*dsl).phrase),
		"phrases":        oneField{}.with((*dsl).phrases),
		"wildcard":       oneField{value: []string{"value", "wildcard"}, settings: []string{"case_insensitive", "rewrite"}}.with((*dsl).wildcard),
		"prefix":         oneField{value: []string{"value", "prefix"}, settings: []string{"case_insensitive", "rewrite"}}.with((*dsl).prefix),
		"regexp":         oneField{value: []string{"value"}, settings: []string{"case_insensitive", "rewrite", "flags", "max_determinized_states"}}.with((*dsl).regexp),
		"range":          oneField{settings: []string{"gt", "gte", "lt", "lte", "from", "to", "include_lower", "include_upper", "format", "time_zone"}}.with((*dsl).between),
	}
}

// neutral are settings that change the score or the name of a query only.
var neutral = []string{"boost", "_name"}

// oneField is the form {field: value} or {field: {setting: …}}. Without names
// of settings the value is taken as it is.
type oneField struct {
	value    []string // names of the setting that is the value
	settings []string // other settings that are understood
}

// test is a query of one field, taken apart.
type test struct {
	query.Span // of the field's name and its value
	field      *query.Field
	fold       query.Fold
	value      *node // nil where the form has no single value
	settings   *node // nil where the value stands by itself
}

func (form oneField) with(lower func(*dsl, test) query.Pred) func(*dsl, *node) query.Pred {
	return func(c *dsl, n *node) query.Pred {
		var only *member
		for i, m := range n.members {
			switch {
			case slices.Contains(neutral, m.name):
			case only != nil:
				return c.fail(query.CodeFormat, m.key, "a filter of this kind takes one field, this is a second")
			default:
				only = &n.members[i]
			}
		}
		if only == nil {
			return c.fail(query.CodeFormat, n.Span, "a filter of this kind needs a field")
		}
		t := test{Span: only.key.Join(only.node.Span), value: only.node}
		var folded bool
		if t.field, folded = c.fields.Field(only.name); folded {
			t.fold = query.FoldSimple
		}
		if only.node.kind == table && len(form.value)+len(form.settings) > 0 {
			t.value, t.settings = nil, only.node
			for _, m := range only.node.members {
				switch {
				case slices.Contains(form.value, m.name):
					t.value = m.node
				case !slices.Contains(form.settings, m.name) && !slices.Contains(neutral, m.name):
					return c.unsupported(m.key.Join(m.node.Span), "the filter setting %.40q", m.name)
				}
			}
			if len(form.value) > 0 && t.value == nil {
				return c.fail(query.CodeFormat, only.node.Span, "the filter on %.80s has no %q", only.name, form.value[0])
			}
		}
		if t.setting("case_insensitive") == "true" {
			t.fold = max(t.fold, query.FoldASCII)
		}
		return lower(c, t)
	}
}

// setting returns a setting as text, "" where there is none.
func (t test) setting(name string) string {
	n := t.settings.get(name)
	if n == nil {
		return ""
	}
	s, _ := scalarText(n)
	return s
}

func (c *dsl) fail(code query.Code, at query.Span, format string, args ...any) query.Pred {
	c.diags = append(c.diags, query.Errorf(code, at, format, args...))
	return &query.Const{Span: at}
}

func (c *dsl) unsupported(at query.Span, format string, args ...any) query.Pred {
	return c.fail(query.CodeUnsupported, at, format+" is not supported", args...)
}

// filter lowers a filter; nil for a disabled one.
func (c *dsl) filter(f Filter) query.Pred {
	if f.Disabled {
		return nil
	}
	p := c.lower(f.body, f.Span)
	if f.Negate {
		p = &query.Not{Span: f.Span, Term: p}
	}
	return p
}

// lower lowers one query: a table with one member, its kind.
func (c *dsl) lower(n *node, around query.Span) query.Pred {
	at := n.Span
	if at.IsZero() {
		at = around
	}
	if n.kind != table || len(n.members) == 0 {
		return c.fail(query.CodeFormat, at, "a filter needs a query, such as {\"exists\": {\"field\": …}}")
	}
	m := n.members[0]
	if len(n.members) > 1 {
		return c.fail(query.CodeFormat, n.members[1].key, "a query has one kind, this is a second beside %.40q", m.name)
	}
	lower, ok := dslKinds[m.name]
	if !ok {
		p := c.unsupported(m.key, "a filter of kind %.40q", m.name)
		c.diags[len(c.diags)-1].With("supported are %s", strings.Join(slices.Sorted(maps.Keys(dslKinds)), ", "))
		return p
	}
	return lower(c, m.node)
}

// clauses lowers one query or a list of them.
func (c *dsl) clauses(n *node, key string) []query.Pred {
	child := n.get(key)
	switch {
	case child == nil:
		return nil
	case child.kind != list:
		return []query.Pred{c.lower(child, n.Span)}
	}
	preds := make([]query.Pred, len(child.list))
	for i, e := range child.list {
		preds[i] = c.lower(e, child.Span)
	}
	return preds
}

func (c *dsl) clause(n *node, key string) query.Pred {
	preds := c.clauses(n, key)
	if len(preds) != 1 {
		return c.fail(query.CodeFormat, n.Span, "the filter needs one query under %q", key)
	}
	return preds[0]
}

// boolean lowers bool. "should" asks for one of its queries where nothing else
// is asked for, and else only moves the score.
func (c *dsl) boolean(n *node) query.Pred {
	known := []string{"must", "filter", "should", "must_not", "minimum_should_match"}
	for _, m := range n.members {
		if !slices.Contains(known, m.name) && !slices.Contains(neutral, m.name) {
			return c.unsupported(m.key, "the bool setting %.40q", m.name)
		}
	}
	all := &query.And{Span: n.Span, Terms: append(c.clauses(n, "must"), c.clauses(n, "filter")...)}
	should := c.clauses(n, "should")
	least := 0
	if len(all.Terms) == 0 && len(should) > 0 {
		least = 1
	}
	if minimum := n.get("minimum_should_match"); minimum != nil {
		switch s, _ := scalarText(minimum); {
		case s == "0":
			least = 0
		case s == "1" || s == "100%" && len(should) == 1:
			least = 1
		case s == "100%" || s == strconv.Itoa(len(should)):
			least = len(should)
		default:
			return c.unsupported(minimum.Span, "minimum_should_match other than 0, 1 or all")
		}
	}
	switch {
	case least == 1:
		all.Terms = append(all.Terms, leaf.Or(spanOf(should), should))
	case least > 1:
		all.Terms = append(all.Terms, should...)
	}
	for _, p := range c.clauses(n, "must_not") {
		all.Terms = append(all.Terms, &query.Not{Span: p.Pos(), Term: p})
	}
	if len(all.Terms) == 1 {
		return all.Terms[0]
	}
	return all
}

func spanOf(preds []query.Pred) query.Span {
	var span query.Span
	for _, p := range preds {
		span = span.Join(p.Pos())
	}
	return span
}

func (c *dsl) nested(n *node) query.Pred {
	where := n.get("path")
	if where == nil || where.kind != text || where.text.String == "" {
		return c.fail(query.CodeFormat, n.Span, "a nested filter needs a path")
	}
	return &query.Each{Span: n.Span, Path: where.text.String, Term: c.clause(n, "query")}
}

// combined lowers Kibana's filter of filters: meta with relation and params.
func (c *dsl) combined(meta *node) query.Pred {
	params := meta.get("params")
	if params == nil || params.kind != list {
		return c.fail(query.CodeFormat, meta.Span, "a combined filter needs a list of filters under params")
	}
	var terms []query.Pred
	for _, n := range params.list {
		if n.kind != table {
			return c.fail(query.CodeFormat, n.Span, "a combined filter holds filters, this is %s", n.describe())
		}
		var wrapping Rule // collects what is wrong in the wrapping of this filter
		f := wrapping.filter(n)
		c.diags = append(c.diags, wrapping.problems...)
		if p := c.filter(f); p != nil {
			terms = append(terms, p)
		}
	}
	if meta.get("relation").is("OR") {
		return leaf.Or(params.Span, terms)
	}
	return &query.And{Span: params.Span, Terms: terms}
}

func (c *dsl) exists(n *node) query.Pred {
	name := n.get("field")
	if name == nil || name.kind != text {
		return c.fail(query.CodeFormat, n.Span, "an exists filter needs a field")
	}
	field, _ := c.fields.Field(name.text.String)
	return &query.Leaf{Span: n.Span, Field: field, Op: query.OpExists}
}
