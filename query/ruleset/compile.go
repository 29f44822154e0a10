package ruleset

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eql"
	"github.com/rematch-dev/rematch/query/internal/spelling"
	"github.com/rematch-dev/rematch/query/kql"
	"github.com/rematch-dev/rematch/query/lucene"
	"github.com/rematch-dev/rematch/query/schema"
)

// CompileOptions says what a rule is compiled against; the zero value is good.
type CompileOptions struct {
	Tables []*schema.Table // schemas of the user's own; they go before all others
	Limits query.Limits    // of query text; zero: query.DefaultLimits

	Placeholders map[string][]string // of Sigma rules: the values of %name%
	Logsource    bool                // Sigma rules also ask for what tells their log source from others
}

// ruleType is a row of the table of rule types.
type ruleType struct {
	languages   []query.Language // the first is what the engine assumes
	body        func(*compiler) query.Body
	unsupported string // why there is no body
}

var (
	eventLanguages = []query.Language{query.KQL, query.Lucene}
	ruleTypes      = map[string]ruleType{
		"eql":              {languages: []query.Language{query.EQL}, body: (*compiler).eql},
		"query":            {languages: eventLanguages, body: (*compiler).event},
		"threshold":        {languages: eventLanguages, body: (*compiler).threshold},
		"new_terms":        {languages: eventLanguages, body: (*compiler).newTerms},
		"threat_match":     {languages: eventLanguages, body: (*compiler).threatMatch},
		"esql":             {languages: []query.Language{query.ESQL}, unsupported: "ES|QL queries cannot be translated"},
		"machine_learning": {unsupported: "an anomaly detection job decides what it finds, not a query"},
		sigmaDetection:     {languages: []query.Language{query.Sigma}, body: (*compiler).sigma},
		sigmaCorrelation:   {languages: []query.Language{query.Sigma}, body: (*compiler).sigma},
		"saved_query":      {languages: eventLanguages, unsupported: "its query is kept in Kibana, not in the rule"},
	}
)

// Compile turns the rule into a plan. Without a plan the diagnostics hold an
// error that says why. They are in file coordinates and, beside errors and
// warnings, hold a note for each field that no schema knows.
//
// Fields get their types from opts.Tables, else from the rule's required
// fields, else from [schema.Default]. Filters hold for every event that the
// query looks at: in an EQL sequence also for missing events and until.
func (r *Rule) Compile(opts CompileOptions) (*query.Plan, query.Diagnostics) {
	return r.compile(opts, resolver(opts.Tables, r.RequiredFields))
}

func (r *Rule) compile(opts CompileOptions, fields *schema.Resolver) (*query.Plan, query.Diagnostics) {
	c := &compiler{rule: r, opts: opts, tables: opts.Tables, limits: opts.Limits, fields: fields, diags: slices.Clone(r.problems)}
	var body query.Body
	if r.body == nil {
		c.format(query.Span{}, "this rule was not read by package ruleset")
	} else if rt, ok := c.ruleType(); ok {
		body = rt.body(c)
	}
	if body != nil {
		c.conjoin(body)
	}
	c.notes()
	var plan *query.Plan
	if c.diags.Err() == nil && body != nil {
		plan = c.plan(body)
	}
	for _, d := range c.diags {
		if d.Source == nil {
			d.Source = r.Source
		}
	}
	return plan, c.diags
}

// resolver returns the fields as one rule sees them. A required field gives its
// type only: whether it is an array, and how long its values may be, is asked
// of the full schemas.
func resolver(tables []*schema.Table, required []RequiredField) *schema.Resolver {
	tables = slices.Clip(tables)
	full := append(tables, schema.Default())
	if len(required) == 0 {
		return schema.NewResolver(full...)
	}
	known := schema.NewResolver(full...)
	var entries []schema.Entry
	for _, f := range required {
		t, ok := query.ParseType(f.Type)
		if !ok {
			continue // detection-rules writes "unknown" where its schemas do not know
		}
		if k, _ := known.Field(f.Name); k.Name == f.Name && (k.Inferred || k.Type != t) {
			entries = append(entries, schema.Entry{
				Name: f.Name, Type: t, Array: k.Array, Allowed: k.Allowed, IgnoreAbove: k.IgnoreAbove, Words: k.Words,
			})
		}
	}
	return schema.NewResolver(append(tables, schema.FromFields("required_fields", entries), schema.Default())...)
}

type compiler struct {
	rule     *Rule
	opts     CompileOptions
	tables   []*schema.Table
	limits   query.Limits
	fields   *schema.Resolver
	language query.Language
	whole    *query.Plan // of a language that makes whole plans
	diags    query.Diagnostics
}

func (c *compiler) add(code query.Code, at query.Span, format string, args ...any) *query.Diagnostic {
	if at.IsZero() {
		at = c.rule.Span
		at.End = at.Start // the rule as a whole: its first place, not pages of carets
	}
	d := query.Errorf(code, at, format, args...)
	c.diags = append(c.diags, d)
	return d
}

func (c *compiler) format(at query.Span, format string, args ...any) *query.Diagnostic {
	return c.add(query.CodeFormat, at, format, args...)
}

// ruleType picks the row of the rule's type and settles the language.
func (c *compiler) ruleType() (ruleType, bool) {
	r := c.rule
	c.language = r.Language
	name := r.Type
	if r.bare {
		if c.language == "" && !c.guess() {
			return ruleType{}, false
		}
		name = typeOf(c.language)
	}
	rt, ok := ruleTypes[name]
	switch {
	case name == "":
		c.format(r.At("type"), "the rule has no type").With("write one of %s", typeNames())
		return rt, false
	case !ok:
		d := c.add(query.CodeUnsupported, r.At("type"), "rules of type %.40q are not known", name)
		if near := spelling.Closest(name, max(1, len(name)/3), slices.Values(slices.Sorted(maps.Keys(ruleTypes)))); near != "" {
			d.With("did you mean %s?", near)
		} else {
			d.With("known are %s", typeNames())
		}
		return rt, false
	case rt.unsupported != "":
		c.add(query.CodeUnsupported, r.At("type"), "rules of type %s are not supported", name).With("%s", rt.unsupported)
		return rt, false
	case c.language == "":
		c.language = rt.languages[0]
	case !slices.Contains(rt.languages, c.language):
		var names []string
		for _, l := range rt.languages {
			names = append(names, string(l))
		}
		c.format(r.At("language"), "a rule of type %s cannot be written in %.40q", name, c.language).With("its language is %s", strings.Join(names, " or "))
		return rt, false
	}
	if n := r.body.get("timestamp_field"); n != nil && !n.is("@timestamp") {
		c.add(query.CodeUnsupported, n.Span, "ordering events by a timestamp_field other than @timestamp is not supported")
	}
	return rt, true
}

func typeNames() string { return strings.Join(slices.Sorted(maps.Keys(ruleTypes)), ", ") }

// hasQuery checks that there is a query. Only rules of type query may do without
// one, if they have filters.
func (c *compiler) hasQuery(optional bool) bool {
	if c.rule.bare || c.rule.body.get("query") != nil || optional && len(c.rule.Filters) > 0 {
		return true
	}
	c.format(c.rule.At("type"), "the rule has no query").With("add it under \"query\"")
	return false
}

// parsed takes over what a parser found wrong and reports whether it was nothing.
func (c *compiler) parsed(err error) bool {
	if err == nil {
		return true
	}
	if list, ok := errors.AsType[query.Diagnostics](err); ok {
		c.diags = append(c.diags, list...)
	} else {
		c.diags = append(c.diags, query.AsDiagnostic(err, query.CodeSyntax))
	}
	return false
}

// lowered takes over what lowering found. Notes about inferred fields are
// written here for all languages alike, when the plan is complete.
func (c *compiler) lowered(diags query.Diagnostics) {
	for _, d := range diags {
		if d.Code != query.CodeInferred {
			c.diags = append(c.diags, d)
		}
	}
}

// where parses and lowers a query over single events; nil where it is wrong.
func (c *compiler) where(text query.Text, language query.Language) query.Pred {
	if language == query.Lucene {
		q, err := lucene.Parse(text, c.limits)
		if !c.parsed(err) {
			return nil
		}
		p, diags := lucene.Lower(q, lucene.Options{Fields: c.fields})
		c.lowered(diags)
		return p
	}
	q, err := kql.Parse(text, c.limits)
	if !c.parsed(err) {
		return nil
	}
	p, diags := kql.Lower(q, kql.Options{Fields: c.fields})
	c.lowered(diags)
	return p
}

func (c *compiler) eql() query.Body {
	if !c.hasQuery(false) {
		return nil
	}
	st, err := eql.Parse(c.rule.Query, c.limits)
	if !c.parsed(err) {
		return nil
	}
	body, diags := eql.Lower(st, eql.Options{Fields: c.fields, CategoryField: c.rule.EventCategoryOverride})
	c.lowered(diags)
	return body
}

func (c *compiler) event() query.Body {
	if !c.hasQuery(true) {
		return nil
	}
	where := c.where(c.rule.Query, c.language)
	if where == nil {
		return nil
	}
	return &query.Event{Where: where}
}

func (c *compiler) threshold() query.Body {
	const most = 5 // fields to group by; 3 before Kibana 9.2
	t := c.rule.Threshold
	switch {
	case t == nil:
		c.format(c.rule.At("type"), "the threshold rule has no threshold").With("add threshold with field, a list that may be empty, and value")
		return nil
	case t.Count < 1:
		c.format(t.Span, "the threshold has no value of at least 1").With("value says how many documents make an alert")
	case len(t.Fields) > most:
		c.format(t.Fields[most].Span, "a threshold groups by at most %d fields", most)
	case t.Distinct.Text != "" && t.DistinctCount < 1:
		c.format(t.Distinct.Span, "the cardinality has no value of at least 1")
	}
	if !c.hasQuery(false) {
		return nil
	}
	where := c.where(c.rule.Query, c.language)
	if where == nil {
		return nil
	}
	body := &query.Threshold{Span: t.Span, Where: where, By: c.named(t.Fields), Count: t.Count}
	if t.Distinct.Text != "" {
		f, _ := c.fields.Field(t.Distinct.Text)
		body.Distinct = &query.Distinct{Span: t.Distinct.Span, Field: f, Count: t.DistinctCount}
	}
	return body
}

// named looks fields up.
func (c *compiler) named(names []Name) []*query.Field {
	fields := make([]*query.Field, len(names))
	for i, n := range names {
		fields[i], _ = c.fields.Field(n.Text)
	}
	return fields
}

// defaultFrom is how far a run looks back where the rule does not say.
const defaultFrom = 6 * time.Minute

func (c *compiler) newTerms() query.Body {
	const most = 3 // fields
	r, t := c.rule, c.rule.NewTerms
	if t == nil {
		c.format(r.At("type"), "the new terms rule names no fields").With("add new_terms_fields and history_window_start; in TOML [rule.new_terms] with field, value and history_window_start")
		return nil
	}
	history := time.Duration(0)
	from := r.From
	if from == 0 {
		from = defaultFrom
	}
	switch {
	case len(t.Fields) == 0:
		c.format(t.Span, "the new terms rule names no fields").With("name one to %d", most)
	case len(t.Fields) > most:
		c.format(t.Fields[most].Span, "a new terms rule has at most %d fields", most)
	case t.History.Text == "":
		c.format(t.Span, "the new terms rule has no history_window_start").With("write how far back to look, such as now-14d")
	default:
		var d *query.Diagnostic
		if history, d = ago(t.History); d != nil {
			c.diags = append(c.diags, d)
		} else if history <= from {
			c.format(t.History.Span, "the history begins no earlier than the run itself").With("history_window_start must lie before from, which is %s ago", from)
		}
	}
	if !c.hasQuery(false) {
		return nil
	}
	where := c.where(r.Query, c.language)
	if where == nil {
		return nil
	}
	return &query.NewTerms{Span: t.Span, Where: where, Terms: c.named(t.Fields), History: history}
}

func (c *compiler) threatMatch() query.Body {
	r, t := c.rule, c.rule.ThreatMatch
	if t == nil || len(t.Groups) == 0 {
		c.format(r.At("type"), "the indicator match rule has no threat_mapping").With("add threat_mapping with entries of field and value")
		return nil
	}
	language := t.Language
	switch {
	case language == "":
		language = query.KQL
	case !slices.Contains(eventLanguages, language):
		c.format(r.At("threat_language"), "indicators cannot be queried in %.40q", language).With("threat_language is kuery or lucene")
		return nil
	}
	if r.body.get("threat_query") == nil {
		c.format(t.Span, "the indicator match rule has no threat_query").With("write *:* for all indicators")
		return nil
	}
	body := &query.IndicatorMatch{Span: t.Span, Indices: t.Index}
	for _, group := range t.Groups {
		body.Groups = append(body.Groups, c.mapping(group))
	}
	if !c.hasQuery(false) {
		return nil
	}
	body.Where = c.where(r.Query, c.language)
	body.Indicators = c.where(t.Query, language)
	if body.Where == nil || body.Indicators == nil {
		return nil
	}
	body.Indicators = and(body.Indicators, c.filters(t.Filters))
	return body
}

// mapping checks one group as Kibana does: a negated entry narrows what others
// have matched, so that it needs one that is not, of another pair of fields.
func (c *compiler) mapping(group []MappingEntry) query.MappingGroup {
	out := make(query.MappingGroup, 0, len(group))
	type pair struct{ field, value string }
	positive := map[pair]bool{}
	for _, e := range group {
		if e.Field.Text == "" || e.Value.Text == "" {
			c.format(e.Span, "the mapping entry needs a field and a value").With("field is of the event, value the field of the indicator to compare it with")
			continue
		}
		field, _ := c.fields.Field(e.Field.Text)
		indicator, _ := c.fields.Field(e.Value.Text)
		out = append(out, query.Mapping{Span: e.Span, Field: field, Indicator: indicator, Negate: e.Negate})
		if !e.Negate {
			positive[pair{e.Field.Text, e.Value.Text}] = true
		}
	}
	for _, e := range group {
		switch {
		case !e.Negate:
		case len(positive) == 0:
			c.format(e.Span, "a negated entry needs one beside it that is not negated")
		case positive[pair{e.Field.Text, e.Value.Text}]:
			c.format(e.Span, "this entry is negated and not negated in one group")
		}
	}
	return out
}

// filters lowers filters, leaving out those that are disabled.
func (c *compiler) filters(filters []Filter) []query.Pred {
	d := dsl{fields: c.fields, limits: c.limits}
	var preds []query.Pred
	for _, f := range filters {
		if p := d.filter(f); p != nil {
			preds = append(preds, p)
		}
	}
	c.lowered(d.diags)
	return preds
}

// conjoin adds the rule's filters to a body. A filter of an EQL search narrows
// the events before any step looks at them, so that it belongs to each step,
// the missing ones and until included. Source: Elasticsearch reference, EQL
// search API, "filter". The history of new terms is filtered like the run.
func (c *compiler) conjoin(body query.Body) {
	filters := c.filters(c.rule.Filters)
	switch b := body.(type) {
	case *query.Event:
		b.Where = and(b.Where, filters)
	case *query.Sequence:
		for i := range b.Steps {
			b.Steps[i].Where = and(b.Steps[i].Where, filters)
		}
		if b.Until != nil {
			b.Until.Where = and(b.Until.Where, filters)
		}
	case *query.Sample:
		for i := range b.Steps {
			b.Steps[i].Where = and(b.Steps[i].Where, filters)
		}
	case *query.Threshold:
		b.Where = and(b.Where, filters)
	case *query.NewTerms:
		b.Where = and(b.Where, filters)
	case *query.IndicatorMatch:
		b.Where = and(b.Where, filters)
	}
}

func and(where query.Pred, filters []query.Pred) query.Pred {
	where = gather(where)
	if len(filters) == 0 {
		return where
	}
	terms := append([]query.Pred{where}, filters...)
	return &query.And{Span: spanOf(terms), Terms: terms}
}

// notes adds what the rule has and the plan has not.
func (c *compiler) notes() {
	if len(c.rule.Exceptions) == 0 {
		return
	}
	d := c.add(query.CodeSkipped, c.rule.At("exceptions_list"), "the rule has exception lists, which are not applied")
	d.Severity = query.Note
	d.With("%s", strings.Join(c.rule.Exceptions, ", "))
}

func (c *compiler) plan(body query.Body) *query.Plan {
	r := c.rule
	if c.whole != nil {
		return c.whole
	}
	used := uses{first: map[*query.Field]query.Span{}}
	used.body(body, r)
	for _, f := range used.fields {
		if f.Inferred {
			d := c.add(query.CodeInferred, used.first[f], "no schema knows %s: taken as %s", f.Name, f.Type)
			d.Severity = query.Note
			if meant := c.meant(f.Name); meant != "" {
				d.Severity = query.Warning
				d.With("did you mean %s?", meant)
			}
		}
	}
	return &query.Plan{
		Language: c.language,
		Source:   r.Source,
		Body:     body,
		Fields:   used.fields,
		Indices:  r.Index,
		Window:   query.Window{From: r.From, Override: r.TimestampOverride},
	}
}

// meant returns the known field that an unknown name may be a slip of. Two names
// that differ in a number only are two fields.
func (c *compiler) meant(name string) string {
	if strings.Contains(name, "*") {
		return ""
	}
	return spelling.Closest(name, min(2, len(name)/6), func(yield func(string) bool) {
		for _, t := range append(slices.Clip(c.tables), schema.Default()) {
			for e := range t.Entries() {
				if strings.Trim(e.Name, "0123456789") == strings.Trim(name, "0123456789") {
					continue
				}
				if !yield(e.Name) {
					return
				}
			}
		}
	})
}

// uses collects the fields of a plan with the place where each comes first.
type uses struct {
	fields []*query.Field
	first  map[*query.Field]query.Span
}

func (u *uses) add(f *query.Field, at query.Span) {
	if _, seen := u.first[f]; f != nil && !seen {
		u.first[f] = at
		u.fields = append(u.fields, f)
	}
}

// body collects in the order of the plan. Fields that the rule names outside
// its query have their places in the rule.
func (u *uses) body(body query.Body, r *Rule) {
	for p := range body.Preds {
		for _, l := range query.Leaves(nil, p) {
			u.add(l.Field, l.Span)
			for _, ref := range query.FieldRefs(nil, l.Expr) {
				u.add(ref.Field, ref.Span)
			}
		}
	}
	switch b := body.(type) {
	case *query.Sequence:
		u.keys(b.Steps...)
		if b.Until != nil {
			u.keys(*b.Until)
		}
	case *query.Sample:
		u.keys(b.Steps...)
	case *query.Threshold:
		for i, f := range b.By {
			u.add(f, r.Threshold.Fields[i].Span)
		}
		if b.Distinct != nil {
			u.add(b.Distinct.Field, b.Distinct.Span)
		}
	case *query.NewTerms:
		for i, f := range b.Terms {
			u.add(f, r.NewTerms.Fields[i].Span)
		}
	case *query.IndicatorMatch:
		for i, group := range b.Groups {
			for j, m := range group {
				u.add(m.Field, r.ThreatMatch.Groups[i][j].Field.Span)
				u.add(m.Indicator, r.ThreatMatch.Groups[i][j].Value.Span)
			}
		}
	}
}

func (u *uses) keys(steps ...query.Step) {
	for _, s := range steps {
		for _, k := range s.By {
			u.add(k.Field, k.Span)
		}
	}
}
