package sigma

import (
	"slices"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/internal/yamltree"
)

// Correlation is what a correlation rule says, as it is written. Lower makes a
// [query.Correlation] of it.
type Correlation struct {
	query.Span
	Type       Name
	Rules      []Name // ids or names of rules
	GroupBy    []Name // fields or aliases
	Timespan   time.Duration
	Aliases    []Alias
	Fields     []Name // of the condition: what is counted or added up
	Percentile Value  // of value_percentile
	Bounds     []query.CorrelationBound
	Logic      *Condition // a condition over the names of the rules
	Generate   bool       // the rules are to raise alerts by themselves too
}

// Alias is a name for different fields of the events of different rules.
type Alias struct {
	Name
	Rules  []Name // ids or names
	Fields []Name // the field of the events of each of Rules
}

// correlationType is a row of the table of types.
type correlationType struct {
	kind       query.CorrelationKind
	needsField bool
	temporal   bool
	percentile float64 // that the type itself says
}

var correlationTypes = map[string]correlationType{
	"event_count":      {kind: query.EventCount},
	"value_count":      {kind: query.ValueCount, needsField: true},
	"temporal":         {kind: query.Temporal, temporal: true},
	"temporal_ordered": {kind: query.TemporalOrdered, temporal: true},
	"value_sum":        {kind: query.ValueSum, needsField: true},
	"value_avg":        {kind: query.ValueAverage, needsField: true},
	"value_percentile": {kind: query.ValuePercentile, needsField: true},
	"value_median":     {kind: query.ValuePercentile, needsField: true, percentile: 50}, // pySigma's
}

var typeNames = []string{"event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_percentile", "value_median"}

var boundOps = map[string]query.CompareOp{"gt": query.GT, "gte": query.GE, "lt": query.LT, "lte": query.LE, "eq": query.EQ, "neq": query.NE}

func (r *Rule) readCorrelation(n *yamltree.Node, limits query.Limits) *Correlation {
	if !r.isMap("correlation", n) {
		return nil
	}
	c := &Correlation{
		Span:    n.Span,
		Type:    r.name(n, "type"),
		Rules:   r.names(n, "rules"),
		GroupBy: r.names(n, "group-by"),
	}
	if t := n.Get("timespan"); t != nil {
		c.Timespan = r.duration("timespan", t)
	}
	if g := n.Get("generate"); g != nil && g.Value.Kind() != query.Bool {
		r.wrong(g, "generate", "true or false")
	} else if g != nil {
		c.Generate = g.Value.Bool()
	}
	if a := n.Get("aliases"); r.isMap("aliases", a) {
		for _, m := range a.Members {
			if !r.isMap(m.Key.String, m.Value) {
				continue
			}
			alias := Alias{Name: Name{m.At, m.Key.String}}
			for _, f := range m.Value.Members {
				alias.Rules = append(alias.Rules, Name{f.At, f.Key.String})
				alias.Fields = append(alias.Fields, r.name(m.Value, f.Key.String))
			}
			c.Aliases = append(c.Aliases, alias)
		}
	}
	switch condition := n.Get("condition"); {
	case condition == nil:
	case condition.IsString():
		logic, err := ParseCondition(condition.Text, limits)
		if err != nil {
			r.problems = append(r.problems, query.AsDiagnostic(err, query.CodeSyntax))
		}
		c.Logic = logic
	case r.isMap("condition", condition):
		r.readBounds(c, condition)
	}
	return c
}

// name returns a string with its place.
func (r *Rule) name(n *yamltree.Node, key string) Name {
	text := r.text(n, key)
	if child := n.Get(key); child != nil {
		return Name{child.Span, text}
	}
	return Name{}
}

func (r *Rule) readBounds(c *Correlation, n *yamltree.Node) {
	for _, m := range n.Members {
		op, isBound := boundOps[m.Key.String]
		switch {
		case m.Key.String == "field":
			c.Fields = r.names(n, "field")
		case m.Key.String == "percentile":
			c.Percentile = valueOf(m.Value)
		case !isBound:
			r.problem(query.CodeFormat, m.At, "%.40q is no comparison", m.Key.String).With("they are gt, gte, lt, lte, eq and neq, beside field and percentile")
		case !m.Value.Value.IsNumber():
			r.wrong(m.Value, m.Key.String, "a number")
		default:
			c.Bounds = append(c.Bounds, query.CorrelationBound{Span: m.At.Join(m.Value.Span), Op: op, Value: m.Value.Value})
		}
	}
}

// correlation lowers the correlation rule at hand.
func (l *lowerer) correlation() *query.Correlation {
	r := l.rule
	c := r.Correlation
	info, ok := correlationTypes[c.Type.Text]
	if !ok {
		l.unknownType(c)
		return nil
	}
	out := &query.Correlation{Span: l.at(c.Span), Kind: info.kind, Window: c.Timespan, Percentile: info.percentile}
	rules := c.Rules
	if len(rules) == 0 && c.Logic != nil {
		rules = c.Logic.names()
	}
	if len(rules) == 0 {
		l.fail(query.CodeFormat, c.Type.Span, "the correlation names no rules").With("list their ids or names under rules")
	}
	if c.Timespan == 0 && r.root.Get("correlation").Get("timespan") == nil {
		l.fail(query.CodeFormat, c.Type.Span, "the correlation has no timespan").With("write how long the events may lie apart, such as timespan: 1h")
	}
	if !l.count(len(rules)*(1+len(c.GroupBy)), c.Span) {
		return nil
	}
	for _, name := range rules {
		if member, ok := l.correlated(name); ok {
			out.Rules = append(out.Rules, member)
		}
	}
	if len(out.Rules) < len(rules) || l.diags.Err() != nil {
		return nil
	}
	l.groups(c, out)
	l.measure(c, info, out)
	if l.diags.Err() != nil {
		return nil
	}
	return out
}

func (l *lowerer) unknownType(c *Correlation) {
	if c.Type.Text == "" {
		l.fail(query.CodeFormat, query.Span{Start: c.Start, End: c.Start}, "the correlation has no type").With("it is one of %s", strings.Join(typeNames, ", "))
		return
	}
	d := l.fail(query.CodeFormat, c.Type.Span, "%.40q is no type of correlation", c.Type.Text)
	if best := closest(c.Type.Text, slices.Values(typeNames)); best != "" {
		d.With("did you mean %s?", best)
	} else {
		d.With("it is one of %s", strings.Join(typeNames, ", "))
	}
}

// correlated lowers a rule that a correlation names.
func (l *lowerer) correlated(name Name) (query.CorrelationRule, bool) {
	out := query.CorrelationRule{Span: l.at(name.Span), Name: name.Text}
	r := l.opts.Set.rule(name.Text)
	switch {
	case r == nil:
		l.fail(query.CodeFormat, name.Span, "no rule has the id or name %.80q", name.Text).With("the rules of a correlation stand in the same file or rule set")
		return out, false
	case r == l.origin || slices.Contains(l.chain, r):
		l.fail(query.CodeFormat, name.Span, "the correlation refers to itself")
		return out, false
	case len(l.chain) > 20:
		l.fail(query.CodeLimit, name.Span, "more than 20 correlations inside each other")
		return out, false
	}
	l.chain = append(l.chain, l.origin)
	leave := l.enter(r, r.Logsource)
	body := l.body()
	leave()
	l.chain = l.chain[:len(l.chain)-1]
	switch b := body.(type) {
	case *query.Event:
		out.Where = b.Where
	case *query.Correlation:
		out.Correlation = b
	}
	return out, body != nil
}

// groups lowers group-by: a field of that name, or what an alias stands for.
func (l *lowerer) groups(c *Correlation, out *query.Correlation) {
	key := func(i int, at query.Span, field string) {
		for _, name := range l.keys(l.opts.Set.rule(out.Rules[i].Name), at, field) {
			u := l.field(name)
			u.text = true // values of one type compare with those of another by their text
			out.Rules[i].By = append(out.Rules[i].By, query.Key{Span: l.at(at), Field: u.field})
		}
		if len(out.Rules[i].By) > len(out.Rules[0].By) || i == len(out.Rules)-1 && len(out.Rules[i].By) < len(out.Rules[0].By) {
			l.fail(query.CodeUnsupported, at, "%.60s is one field in the events of one rule, and several in those of another", field).
				With("the pipeline maps it so; groups of the two cannot be compared")
		}
	}
	for _, g := range c.GroupBy {
		a := slices.IndexFunc(c.Aliases, func(a Alias) bool { return a.Text == g.Text })
		if a < 0 {
			for i := range out.Rules {
				key(i, g.Span, g.Text)
			}
			continue
		}
		alias := c.Aliases[a]
		for i := range out.Rules {
			f := slices.IndexFunc(alias.Rules, func(n Name) bool { return l.opts.Set.same(n.Text, out.Rules[i].Name) })
			if f < 0 {
				l.fail(query.CodeFormat, alias.Span, "the alias %.60s says nothing of the rule %.60s", alias.Text, out.Rules[i].Name).With("it needs a field for each rule of the correlation")
				return
			}
			key(i, alias.Fields[f].Span, alias.Fields[f].Text)
		}
		for _, n := range alias.Rules {
			if !slices.ContainsFunc(out.Rules, func(r query.CorrelationRule) bool { return l.opts.Set.same(n.Text, r.Name) }) {
				l.warn(n.Span, "the correlation has no rule %.60s", n.Text)
			}
		}
	}
}

// keys returns what a field of the events of a rule is called in the plan.
func (l *lowerer) keys(r *Rule, at query.Span, field string) []string {
	for depth := 0; r != nil && r.Correlation != nil && depth <= 20; depth++ { // whose events are those of its rules
		names := r.Correlation.Rules
		if len(names) == 0 {
			return []string{field}
		}
		r = l.opts.Set.rule(names[0].Text)
	}
	if l.opts.Keys == nil || r == nil {
		return []string{field}
	}
	fields, remark := l.opts.Keys(r, field)
	if remark != "" && !slices.ContainsFunc(l.diags, func(d *query.Diagnostic) bool { return d.Summary == remark && d.Subjects[0] == at }) {
		l.warn(at, "%s", remark)
	}
	return fields
}

// counted returns the fields whose values a correlation looks at. They are the
// same for all its rules.
func (l *lowerer) counted(c *Correlation, out *query.Correlation) []string {
	var fields []string
	for _, f := range c.Fields {
		var first []string
		for i, member := range out.Rules {
			names := l.keys(l.opts.Set.rule(member.Name), f.Span, f.Text)
			if i == 0 {
				first = names
			} else if !slices.Equal(first, names) {
				l.fail(query.CodeUnsupported, f.Span, "%.60s is %s in the events of one rule and %s in those of another", f.Text, strings.Join(first, ", "), strings.Join(names, ", ")).
					With("the pipeline maps it so; their values cannot be counted together")
				return nil
			}
		}
		fields = append(fields, first...)
	}
	return fields
}

// same reports whether two names, or a name and an id, mean one rule.
func (s *Set) same(a, b string) bool { return a == b || s.rule(a) != nil && s.rule(a) == s.rule(b) }

// measure lowers the condition.
func (l *lowerer) measure(c *Correlation, info correlationType, out *query.Correlation) {
	for _, f := range l.counted(c, out) {
		u := l.field(f)
		if info.kind == query.ValueCount {
			u.text = true
		} else {
			u.numbers, u.fraction = true, true
		}
		out.Values = append(out.Values, u.field)
	}
	for _, b := range c.Bounds {
		b.Span = l.at(b.Span)
		out.Bounds = append(out.Bounds, b)
	}
	switch {
	case info.needsField && len(c.Fields) == 0:
		l.fail(query.CodeFormat, c.Type.Span, "%s needs a field", c.Type.Text).With("write it as field in the condition")
	case !info.needsField && len(c.Fields) > 0:
		l.warn(c.Fields[0].Span, "%s does not look at a field", c.Type.Text)
		out.Values = nil
	case len(c.Fields) > 1 && info.kind != query.ValueCount:
		l.fail(query.CodeFormat, c.Fields[1].Span, "%s takes one field", c.Type.Text)
	}
	if info.kind == query.ValuePercentile && info.percentile == 0 {
		p := c.Percentile
		if out.Percentile = p.Value.Float(); !p.Value.IsNumber() || out.Percentile < 0 || out.Percentile > 100 {
			at := c.Type.Span
			if !p.IsZero() {
				at = p.Span
			}
			l.fail(query.CodeFormat, at, "value_percentile needs a percentile from 0 to 100").With("write it as percentile in the condition")
		}
	}
	switch {
	case c.Logic != nil && !info.temporal:
		l.fail(query.CodeType, c.Logic.root.Span, "%s needs a condition that compares", c.Type.Text).With("write it as a map, such as gte: 10")
	case c.Logic != nil:
		out.Condition = l.logic(c.Logic, out)
	case len(c.Bounds) > 0:
	case info.temporal:
		// All rules: the default of the specification.
		out.Bounds = []query.CorrelationBound{{Span: l.at(c.Type.Span), Op: query.GE, Value: query.IntOf(int64(len(out.Rules)))}}
	default:
		l.fail(query.CodeFormat, c.Type.Span, "the correlation has no condition").With("write what the count is compared with, such as gte: 10")
	}
}

// names returns the names of a condition in order, each once.
func (c *Condition) names() []Name {
	var names []Name
	var walk func(*clause)
	walk = func(n *clause) {
		if n.kind == clauseName && !slices.ContainsFunc(names, func(known Name) bool { return known.Text == n.name }) {
			names = append(names, Name{n.Span, n.name})
		}
		for _, t := range n.terms {
			walk(t)
		}
	}
	walk(c.root)
	return names
}

// logic lowers a condition over the names of rules.
func (l *lowerer) logic(c *Condition, out *query.Correlation) *query.CorrelationLogic {
	used := make([]bool, len(out.Rules))
	var lower func(n *clause) *query.CorrelationLogic
	lower = func(n *clause) *query.CorrelationLogic {
		node := &query.CorrelationLogic{Span: l.at(n.Span)}
		switch n.kind {
		case clauseName:
			node.Rule = slices.IndexFunc(out.Rules, func(r query.CorrelationRule) bool { return l.opts.Set.same(n.name, r.Name) })
			if node.Rule < 0 {
				l.fail(query.CodeFormat, n.Span, "the correlation has no rule %.60s", n.name)
				return node
			}
			used[node.Rule] = true
			return node
		case clauseOneOf, clauseAllOf:
			l.fail(query.CodeUnsupported, n.Span, "a condition over rules has no quantifiers").With("join their names by and, or, not")
			return node
		case clauseAnd:
			node.Op = query.AllOf
		case clauseOr:
			node.Op = query.AnyOf
		case clauseNot:
			node.Op = query.NoneOf
		}
		for _, t := range n.terms {
			node.Terms = append(node.Terms, lower(t))
		}
		return node
	}
	if c.aggregation != nil {
		l.fail(query.CodeSyntax, c.aggregation.Span, "a condition over rules has no aggregation")
	}
	node := lower(c.root)
	for i, u := range used {
		if !u {
			l.warn(c.root.Span, "the condition does not name the rule %.60s", out.Rules[i].Name)
		}
	}
	return node
}

// aggregated lowers the part of a condition behind the bar, which Sigma 2.0
// replaced by correlations; nil where there is none.
func (l *lowerer) aggregated(where query.Pred) *query.Correlation {
	d := l.rule.Detection
	var a *aggregation
	for _, c := range d.Conditions {
		if c.aggregation == nil {
			continue
		}
		if a = c.aggregation; len(d.Conditions) > 1 {
			l.fail(query.CodeUnsupported, a.Span, "an aggregation beside other conditions is not supported")
		}
	}
	if a == nil {
		return nil
	}
	out := &query.Correlation{
		Span:   l.at(a.Span),
		Window: d.Timeframe,
		Rules:  []query.CorrelationRule{{Span: l.at(d.Conditions[0].root.Span), Name: l.rule.Title, Where: where}},
		Bounds: []query.CorrelationBound{{Span: l.at(a.at), Op: a.op, Value: a.value}},
	}
	if a.field.Text != "" {
		names := l.keys(l.origin, a.field.Span, a.field.Text)
		if a.function != "count" {
			names = names[:1] // one number
		}
		for _, name := range names {
			u := l.field(name)
			out.Values = append(out.Values, u.field)
			switch a.function {
			case "count":
				out.Kind = query.ValueCount
				u.text = true
			case "sum":
				out.Kind = query.ValueSum
				u.numbers, u.fraction = true, true
			case "avg":
				out.Kind = query.ValueAverage
				u.numbers, u.fraction = true, true
			}
		}
	}
	for _, g := range a.by {
		for _, name := range l.keys(l.origin, g.Span, g.Text) {
			u := l.field(name)
			u.text = true
			out.Rules[0].By = append(out.Rules[0].By, query.Key{Span: l.at(g.Span), Field: u.field})
		}
	}
	return out
}
