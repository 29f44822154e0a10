package queries

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eql"
	"github.com/rematch-dev/rematch/query/kql"
	"github.com/rematch-dev/rematch/query/schema"
)

// Options say which queries are drawn; the zero value is good.
type Options struct {
	Language query.Language // EQL or KQL; "": either
	Fields   []schema.Entry // what queries are about; nil: some of every type
	Tests    int            // how many a query has at most; 0: 6
	Depth    int            // of and, or and not; 0: 4
	Without  []string       // rows of the table of tests that are not wanted, by name
	Now      time.Time      // what "now" in dates means; zero: the start of 2026
}

// Query is a random query, with the schema that it is typed by.
type Query struct {
	Language query.Language
	Text     string
	Fields   []schema.Entry
	Now      time.Time

	root *clause
}

// defaultFields are what queries are about unless the caller says otherwise: at
// least one of every family of types, the plainest first.
var defaultFields = []schema.Entry{
	{Name: "name", Type: query.Keyword},
	{Name: "pid", Type: query.Long},
	{Name: "tags", Type: query.Keyword, Array: true},
	{Name: "path", Type: query.Wildcard},
	{Name: "active", Type: query.Boolean},
	{Name: "source.ip", Type: query.IP},
	{Name: "hosts", Type: query.IP, Array: true},
	{Name: "time", Type: query.Date},
	{Name: "message", Type: query.MatchOnlyText},
	{Name: "times", Type: query.DateNanos, Array: true},
	{Name: "code", Type: query.Byte},
	{Name: "ports", Type: query.Long, Array: true},
	{Name: "id", Type: query.UnsignedLong},
	{Name: "ratio", Type: query.HalfFloat},
	{Name: "load", Type: query.Double},
	{Name: "loads", Type: query.FloatType, Array: true},
	{Name: "price", Type: query.ScaledFloat, Scaling: 10},
	{Name: "short", Type: query.Keyword, IgnoreAbove: 2},
	{Name: "labels", Type: query.Flattened},
	{Name: "notes", Type: query.TextType, Array: true},
	{Name: "files", Type: query.Nested},
	{Name: "files.name", Type: query.Keyword},
	{Name: "files.size", Type: query.Long},
	{Name: "files.tags", Type: query.Keyword, Array: true},
}

// New draws a query. Equal words and options give equal queries. It panics if
// the options leave no field that a query could test.
func New(src rand.Source, opts Options) Query {
	q, _ := draw(src, opts)
	return q
}

// draw is New with the choices that were made.
func draw(src rand.Source, opts Options) (Query, []uint64) {
	g := &generator{chooser: &chooser{src: src}, language: opts.Language, tests: opts.Tests, nested: map[string][]schema.Entry{}, without: map[string]bool{}}
	if g.language == "" {
		g.language = pick(g.chooser, []query.Language{query.EQL, query.KQL})
	}
	if g.tests == 0 {
		g.tests = 6
	}
	depth := opts.Depth
	if depth == 0 {
		depth = 4
	}
	for _, name := range opts.Without {
		g.without[name] = true
	}
	q := Query{Language: g.language, Fields: opts.Fields, Now: opts.Now}
	if q.Fields == nil {
		q.Fields = defaultFields
	}
	if q.Now.IsZero() {
		q.Now = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	g.sort(q.Fields)
	// A few fields, so that tests have to do with each other.
	entries := []schema.Entry{pick(g.chooser, g.entries)}
	for range g.upTo(3) {
		entries = append(entries, pick(g.chooser, g.entries))
	}
	q.root = g.condition(depth, entries)
	q.Text, _ = q.say(q.root, q.Language)
	return q, g.taken
}

// sort finds what the language can use of the fields, and where.
func (g *generator) sort(fields []schema.Entry) {
	for e := range schema.FromFields("", fields).Entries() { // which knows what is nested
		switch {
		case !sayable(g.language, e):
		case e.Nested != "":
			inner := e
			inner.Name = strings.TrimPrefix(e.Name, e.Nested+".")
			if len(g.rows(inner)) > 0 {
				g.nested[e.Nested] = append(g.nested[e.Nested], inner)
			}
		default:
			g.entries = append(g.entries, e)
		}
	}
	g.entries = slices.DeleteFunc(g.entries, func(e schema.Entry) bool { return len(g.rows(e)) == 0 })
	if len(g.entries) == 0 {
		panic("queries: no field is left that a query could test")
	}
	rank := map[string]int{} // as the caller wrote them: the plainest first
	for i, e := range fields {
		rank[e.Name] = i
	}
	slices.SortStableFunc(g.entries, func(a, b schema.Entry) int { return cmp.Compare(rank[a.Name], rank[b.Name]) })
	for i, e := range g.entries {
		if e.Type == query.Flattened { // the values are in the keys below
			g.entries[i].Name += ".key"
		}
	}
}

// say writes a clause as a whole query.
func (q Query) say(c *clause, language query.Language) (string, bool) {
	text, ok := c.text(language)
	if language == query.EQL {
		text = "any where " + text
	}
	return text, ok
}

// as is the query with another condition, or in another language.
func (q Query) as(c *clause, language query.Language) (Query, bool) {
	text, ok := q.say(c, language)
	q.root, q.Text, q.Language = c, text, language
	return q, ok
}

// Plan parses and lowers the query. Queries that [New] drew are never refused.
func (q Query) Plan() (*query.Plan, error) {
	resolver := schema.NewResolver(schema.FromFields("fuzz", q.Fields))
	text := query.NewText("query", q.Text)
	plan := &query.Plan{Language: q.Language, Source: text.Source}
	var diags query.Diagnostics
	switch q.Language {
	case query.EQL:
		st, err := eql.Parse(text, query.Limits{})
		if err != nil {
			return nil, err
		}
		plan.Body, diags = eql.Lower(st, eql.Options{Fields: resolver})
	case query.KQL:
		parsed, err := kql.Parse(text, query.Limits{})
		if err != nil {
			return nil, err
		}
		var where query.Pred
		where, diags = kql.Lower(parsed, kql.Options{Fields: resolver})
		plan.Body = &query.Event{Where: where}
	default:
		return nil, fmt.Errorf("no queries in %q are made here", q.Language)
	}
	if err := diags.Err(); err != nil {
		return nil, err
	}
	plan.Fields = query.FieldsOf(slices.Collect(plan.Body.Preds)...)
	return plan, nil
}

// printed is the text of the query's own tree.
func (q Query) printed() (string, error) {
	text := query.NewText("query", q.Text)
	if q.Language == query.EQL {
		st, err := eql.Parse(text, query.Limits{})
		if err != nil {
			return "", err
		}
		return st.String(), nil
	}
	parsed, err := kql.Parse(text, query.Limits{})
	if err != nil {
		return "", err
	}
	return parsed.String(), nil
}
