package ruleset

import (
	"slices"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/sigma"
	"github.com/rematch-dev/rematch/query/sigma/pipeline"
)

// Rule is one rule as its file has it. What its query means is up to
// [Rule.Compile], which also says what is wrong with the rule. Rules are not
// changed after reading and may be used by several goroutines.
type Rule struct {
	query.Span // of the rule in its file

	ID     string // rule_id; where there is none, the name of the file
	Name   string
	File   string        // path relative to the set, with slashes
	Source *query.Source // the file

	Type     string         // as written: eql, query, threshold, new_terms, threat_match, esql, machine_learning …
	Language query.Language // as written; "" where the rule does not say
	Query    query.Text
	Filters  []Filter

	Index                 []string // index patterns
	RequiredFields        []RequiredField
	From                  time.Duration // how far back a run looks; 0 where not said
	Interval              time.Duration // how often it runs; 0 where not said
	TimestampOverride     string
	EventCategoryOverride string

	Threshold   *Threshold   // of threshold rules
	NewTerms    *NewTerms    // of new terms rules
	ThreatMatch *ThreatMatch // of indicator match rules

	Severity      string
	RiskScore     int
	Tags          []string
	Threat        []Tactic
	Version       int    // 0 where not said, as in TOML
	Maturity      string // of detection-rules: production, development, deprecated
	Deprecated    bool
	BuildingBlock bool
	Exceptions    []string // ids of exception lists; they are not applied

	// Meta is everything else the rule says, and of the above what does not
	// change which documents match its query: the base for telling two
	// versions of a rule apart. In order of key; keys of TOML's [metadata]
	// begin with "metadata.".
	Meta []Meta

	body     *node               // the rule's table
	bare     bool                // a query alone, without a rule around it
	sigma    *sigma.Rule         // of a Sigma rule
	sigmaSet *sigma.Set          // the rules that it may refer to
	expand   map[string][]string // the values of placeholders
	pipeline *pipeline.Pipeline  // nil where it stands as written
	problems query.Diagnostics   // met while reading; Compile reports them
}

type (
	// Name is a name or value with its place.
	Name struct {
		query.Span
		Text string
	}
	// RequiredField is a field that the rule's author declares.
	RequiredField struct {
		query.Span
		Name string
		Type string // of an Elasticsearch mapping
	}
	// Threshold asks for Count documents that agree in Fields, and where
	// Distinct is set for DistinctCount different values of it among them.
	Threshold struct {
		query.Span
		Fields        []Name
		Count         int64 // 0 where not said
		Distinct      Name
		DistinctCount int64
	}
	// NewTerms asks for values of Fields that no document since History had.
	NewTerms struct {
		query.Span
		Fields  []Name
		History Name // date maths, such as now-14d
	}
	// ThreatMatch asks for an indicator that agrees with a document.
	ThreatMatch struct {
		query.Span // of the mapping
		Query      query.Text
		Language   query.Language
		Filters    []Filter
		Index      []string
		Groups     [][]MappingEntry // any group, and all entries of it
	}
	// MappingEntry compares Field of the document with Value of the indicator.
	MappingEntry struct {
		query.Span
		Field, Value Name
		Negate       bool
	}
	// Tactic is an entry of the rule's threat framework, usually MITRE ATT&CK.
	Tactic struct {
		ID, Name   string
		Techniques []Technique
	}
	// Technique may have subtechniques.
	Technique struct {
		ID, Name      string
		Subtechniques []Technique
	}
	// Meta is a top-level key and its value, without layout.
	Meta struct {
		query.Span // of key and value
		Key        string
		Value      query.Value
	}
)

// At returns where the value of a top-level key of the rule stands; the zero
// Span where the rule has no such key.
func (r *Rule) At(key string) query.Span {
	if n := r.body.get(key); n != nil {
		return n.Span
	}
	return query.Span{}
}

// notMeta are the keys that decide what matches, and those that any change of
// a rule or any export of it touches.
var notMeta = map[string]bool{
	"rule_id": true, "type": true, "language": true, "query": true, "filters": true, "event_category_override": true,
	"threshold": true, "new_terms": true, "new_terms_fields": true, "history_window_start": true,
	"threat_query": true, "threat_language": true, "threat_filters": true, "threat_mapping": true,

	"version": true, "revision": true, "id": true, "immutable": true, "rule_source": true,
	"created_at": true, "created_by": true, "updated_at": true, "updated_by": true, "execution_summary": true,
	"metadata.creation_date": true, "metadata.updated_date": true,
}

// newRule reads a rule's table. Whatever has the wrong shape is noted for
// Compile and left out.
func newRule(src *query.Source, file string, body, metadata *node, id string) *Rule {
	r := &Rule{Span: body.Span, ID: id, File: file, Source: src, body: body}
	if s := r.string(body, "rule_id"); s.Text != "" {
		r.ID = s.Text
	}
	r.Name = r.string(body, "name").Text
	r.Type = r.string(body, "type").Text
	r.Language = language(r.string(body, "language").Text)
	r.Query = r.text(body, "query")
	r.Filters = r.filters("filters")
	r.Index = texts(r.strings(body, "index"))
	for _, n := range r.tables(body, "required_fields") {
		name := r.string(n, "name")
		r.RequiredFields = append(r.RequiredFields, RequiredField{name.Span, name.Text, r.string(n, "type").Text})
	}
	r.From = r.ago(r.string(body, "from"))
	if every := r.string(body, "interval"); every.Text != "" {
		var d *query.Diagnostic
		if r.Interval, d = ago(Name{every.Span, "now-" + every.Text}); d != nil {
			r.problem(every.Span, "%.80q is no interval", every.Text).With("write a number and a unit, such as 5m")
		}
	}
	r.TimestampOverride = r.string(body, "timestamp_override").Text
	r.EventCategoryOverride = r.string(body, "event_category_override").Text
	r.readThreshold()
	r.readNewTerms()
	r.readThreatMatch()

	r.Severity = r.string(body, "severity").Text
	r.RiskScore = int(r.integer(body, "risk_score"))
	r.Tags = texts(r.strings(body, "tags"))
	r.Version = int(r.integer(body, "version"))
	for _, n := range r.tables(body, "threat") {
		r.Threat = append(r.Threat, r.tactic(n))
	}
	for _, n := range r.tables(body, "exceptions_list") {
		r.Exceptions = append(r.Exceptions, r.string(n, "list_id").Text)
	}
	if metadata != nil && metadata.kind == table {
		r.Maturity = r.string(metadata, "maturity").Text
		r.Span = r.Join(metadata.Span)
	}
	r.Deprecated = r.Maturity == "deprecated" || r.boolean(body, "deprecated") || inFolder(file, "_deprecated")
	r.BuildingBlock = r.string(body, "building_block_type").Text != "" || inFolder(file, "rules_building_block")
	r.readMeta(metadata)
	return r
}

func inFolder(file, folder string) bool {
	parts := strings.Split(file, "/")
	return slices.Contains(parts[:len(parts)-1], folder)
}

// language maps the spellings in use to ours.
func language(s string) query.Language {
	switch s {
	case "kql":
		return query.KQL
	case "es|ql":
		return query.ESQL
	}
	return query.Language(s)
}

func (r *Rule) readThreshold() {
	n := r.table(r.body, "threshold")
	if n == nil {
		return
	}
	t := &Threshold{Span: n.Span, Fields: r.strings(n, "field"), Count: r.integer(n, "value")}
	t.Fields = slices.DeleteFunc(t.Fields, func(f Name) bool { return f.Text == "" }) // "" once meant none
	// The engine uses the first entry only. Old rules have one table whose
	// field is a list.
	if entries := r.tables(n, "cardinality"); len(entries) > 0 {
		fields := r.strings(entries[0], "field")
		if len(fields) > 0 && fields[0].Text != "" {
			t.Distinct, t.DistinctCount = fields[0], r.integer(entries[0], "value")
		}
	}
	r.Threshold = t
}

// readNewTerms reads the API's form, new_terms_fields beside
// history_window_start, and that of detection-rules' TOML: both under new_terms.
func (r *Rule) readNewTerms() {
	if fields := r.body.get("new_terms_fields"); fields != nil {
		history := r.string(r.body, "history_window_start")
		r.NewTerms = &NewTerms{Span: fields.Span, Fields: r.strings(r.body, "new_terms_fields"), History: history}
		return
	}
	n := r.table(r.body, "new_terms")
	if n == nil {
		return
	}
	t := &NewTerms{Span: n.Span, Fields: r.strings(n, "value")}
	if windows := r.tables(n, "history_window_start"); len(windows) > 0 {
		t.History = r.string(windows[0], "value")
	}
	r.NewTerms = t
}

func (r *Rule) readThreatMatch() {
	n := r.body.get("threat_mapping")
	if n == nil {
		return
	}
	t := &ThreatMatch{
		Span:     n.Span,
		Query:    r.text(r.body, "threat_query"),
		Language: language(r.string(r.body, "threat_language").Text),
		Filters:  r.filters("threat_filters"),
		Index:    texts(r.strings(r.body, "threat_index")),
	}
	for _, group := range r.tables(r.body, "threat_mapping") {
		var entries []MappingEntry
		for _, e := range r.tables(group, "entries") {
			entries = append(entries, MappingEntry{
				Span: e.Span, Field: r.string(e, "field"), Value: r.string(e, "value"), Negate: r.boolean(e, "negate"),
			})
		}
		t.Groups = append(t.Groups, entries)
	}
	r.ThreatMatch = t
}

func (r *Rule) tactic(n *node) Tactic {
	var t Tactic
	if tactic := r.table(n, "tactic"); tactic != nil {
		t.ID, t.Name = r.string(tactic, "id").Text, r.string(tactic, "name").Text
	}
	t.Techniques = r.techniques(n, "technique")
	return t
}

func (r *Rule) techniques(n *node, key string) []Technique {
	var ts []Technique
	for _, e := range r.tables(n, key) {
		ts = append(ts, Technique{
			ID: r.string(e, "id").Text, Name: r.string(e, "name").Text, Subtechniques: r.techniques(e, "subtechnique"),
		})
	}
	return ts
}

func (r *Rule) readMeta(metadata *node) {
	add := func(prefix string, n *node) {
		if n == nil || n.kind != table {
			return
		}
		for _, m := range n.members {
			if key := prefix + m.name; !notMeta[key] && !m.node.isNull() {
				r.Meta = append(r.Meta, Meta{m.key.Join(m.node.Span), key, m.node.plain()})
			}
		}
	}
	add("", r.body)
	add("metadata.", metadata)
	slices.SortFunc(r.Meta, func(a, b Meta) int { return strings.Compare(a.Key, b.Key) })
}

// The readers of members note a value of the wrong kind and return none.

func (r *Rule) wrong(n *node, key, want string) {
	r.problem(n.Span, "%q must be %s, this is %s", key, want, n.describe())
}

func (r *Rule) problem(at query.Span, format string, args ...any) *query.Diagnostic {
	d := query.Errorf(query.CodeFormat, at, format, args...)
	d.Source = r.Source
	r.problems = append(r.problems, d)
	return d
}

func (r *Rule) text(n *node, key string) query.Text {
	child := n.get(key)
	if child == nil {
		return query.Text{Source: r.Source}
	}
	if child.kind != text {
		r.wrong(child, key, "a string")
		return query.Text{Source: r.Source}
	}
	return child.text
}

func (r *Rule) string(n *node, key string) Name {
	t := r.text(n, key)
	if child := n.get(key); child != nil {
		return Name{child.Span, t.String}
	}
	return Name{}
}

// strings returns a list of strings, or a single string as a list of one.
func (r *Rule) strings(n *node, key string) []Name {
	child := n.get(key)
	switch {
	case child == nil:
		return nil
	case child.kind == text:
		return []Name{{child.Span, child.text.String}}
	case child.kind != list:
		r.wrong(child, key, "a list of strings")
		return nil
	}
	names := make([]Name, 0, len(child.list))
	for _, e := range child.list {
		if e.kind != text {
			r.wrong(e, key, "a list of strings")
			return nil
		}
		names = append(names, Name{e.Span, e.text.String})
	}
	return names
}

func texts(names []Name) []string {
	if len(names) == 0 {
		return nil
	}
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n.Text
	}
	return out
}

func (r *Rule) table(n *node, key string) *node {
	child := n.get(key)
	if child != nil && child.kind != table {
		r.wrong(child, key, "a table")
		return nil
	}
	return child
}

// tables returns a list of tables, or a single table as a list of one.
func (r *Rule) tables(n *node, key string) []*node {
	child := n.get(key)
	switch {
	case child == nil:
		return nil
	case child.kind == table:
		return []*node{child}
	case child.kind != list:
		r.wrong(child, key, "a list of tables")
		return nil
	}
	for _, e := range child.list {
		if e.kind != table {
			r.wrong(e, key, "a list of tables")
			return nil
		}
	}
	return child.list
}

func (r *Rule) integer(n *node, key string) int64 {
	child := n.get(key)
	if child == nil {
		return 0
	}
	i, ok := child.value.Int()
	if child.kind != scalar || !ok {
		r.wrong(child, key, "a whole number")
		return 0
	}
	return i
}

func (r *Rule) boolean(n *node, key string) bool {
	child := n.get(key)
	if child == nil {
		return false
	}
	if child.kind != scalar || child.value.Kind() != query.Bool {
		r.wrong(child, key, "true or false")
		return false
	}
	return child.value.Bool()
}

// reference is a moment to measure relative dates from. Rules count in minutes
// to days, so that it matters to none of them.
var reference = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// ago turns now-9m into nine minutes. Kibana also takes now-7d/d; what that
// rounds down to depends on the hour, and is at least seven days.
func ago(n Name) (time.Duration, *query.Diagnostic) {
	_, err := query.ParseDateMath(n.Text)
	exact, _, _ := strings.Cut(n.Text, "/")
	if err == nil && strings.HasPrefix(n.Text, "now") {
		d, _ := query.ParseDateMath(exact)
		if first, _ := d.Bounds(reference); !first.After(reference) {
			return reference.Sub(first), nil
		}
	}
	return 0, query.Errorf(query.CodeFormat, n.Span, "%.80q is no time before now", n.Text).
		With("write a number and a unit, such as now-9m or now-14d")
}

// ago reads an optional time before now.
func (r *Rule) ago(n Name) time.Duration {
	if n.Text == "" {
		return 0
	}
	t, d := ago(n)
	if d != nil {
		d.Source = r.Source
		r.problems = append(r.problems, d)
	}
	return t
}

// filters reads the filters under a key. Their bodies stay as they are until
// the rule's fields are known.
func (r *Rule) filters(key string) []Filter {
	var filters []Filter
	for _, n := range r.tables(r.body, key) {
		filters = append(filters, r.filter(n))
	}
	return filters
}
