package ruleset

import (
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eql"
)

// FromQuery makes a rule of a query alone. Where language is "", Compile tries
// EQL, KQL and Lucene, in this order, and takes the first that takes it.
func FromQuery(text string, language query.Language) *Rule {
	t := query.NewText("query", text)
	r := &Rule{
		Span: t.All(), ID: "query", Name: "query", File: "query", Source: t.Source,
		Type: typeOf(language), Language: language, Query: t,
		body: &node{kind: table}, bare: true,
	}
	if at := invalidUTF8(text); at >= 0 {
		d := r.problem(query.Span{Start: at, End: at + 1}, "not UTF-8: byte %#02x at offset %d", text[at], at)
		d.Code = query.CodeEncoding
	}
	return r
}

// typeOf is the type of rule that a query alone is; "" where the language is
// not known yet.
func typeOf(language query.Language) string {
	switch language {
	case "":
		return ""
	case query.EQL, query.ESQL:
		return string(language)
	}
	return "query"
}

// guess settles the language of a bare query. What EQL's grammar takes is EQL,
// because nothing else looks like it; KQL and Lucene read nearly any text, as
// words to search for or with odd field names, so that theirs must also lower.
// If no language takes the query, the errors of the one that got furthest are
// the likeliest to help.
func (c *compiler) guess() bool {
	if pipes(c.rule.Query.String) {
		c.language = query.ESQL
		return true
	}
	_, err := eql.Parse(c.rule.Query, c.limits)
	if err == nil {
		c.language = query.EQL
		return true
	}
	try := compiler{rule: c.rule}
	try.parsed(err)
	c.language = query.EQL
	best := try.diags
	for _, language := range eventLanguages {
		try := compiler{rule: c.rule, limits: c.limits, fields: resolver(c.tables, nil)}
		where := try.where(c.rule.Query, language)
		if where != nil && try.diags.Err() == nil {
			c.language = language
			return true
		}
		if firstError(try.diags) > firstError(best) {
			best, c.language = try.diags, language
		}
	}
	for _, d := range best {
		if d.Severity == query.Error {
			d.Detail = strings.TrimLeft(d.Detail+"\nNo language was named and none takes this query; read as "+string(c.language)+" it got furthest.", "\n")
		}
	}
	c.diags = append(c.diags, best...)
	return false
}

// firstError returns the offset of the first error.
func firstError(diags query.Diagnostics) int {
	first := -1
	for _, d := range diags {
		if d.Severity == query.Error && len(d.Subjects) > 0 && (first < 0 || d.Subjects[0].Start < first) {
			first = d.Subjects[0].Start
		}
	}
	return first
}

// pipes reports whether a query looks like ES|QL, which KQL would take for a
// row of words.
func pipes(s string) bool {
	word, rest, _ := strings.Cut(strings.TrimSpace(s), " ")
	return (strings.EqualFold(word, "from") || strings.EqualFold(word, "row")) && strings.Contains(rest, "|")
}
