package gen

import (
	"fmt"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// Record is a suite as it is kept in a file beside generated tests: the cases,
// and the rule as it was when they were made.
type Record struct {
	RuleID string
	Rule   string // its name
	Source string // file or archive of the rule, relative to the folder of the tests, with slashes
	Query  string // text of its query
	// Pipelines rewrite the rule when it is read: names of ours, and files relative
	// to the folder of the tests, with slashes.
	Pipelines []string
	Cases     []RecordedCase
}

// RecordedCase is a case and the text of the clause that it is about.
type RecordedCase struct {
	Case
	ClauseText string
}

// AppendRecord appends the record of a suite: JSON, one case a line, so that
// reviews of generated files read like reviews of tests.
func (s *Suite) AppendRecord(dst []byte, source string, pipelines ...string) []byte {
	line := func(name, value string) {
		dst = append(dst, "  "...)
		dst = query.AppendString(dst, name)
		dst = append(dst, ": "...)
		dst = query.AppendString(dst, value)
		dst = append(dst, ",\n"...)
	}
	dst = append(dst, "{\n"...)
	line("rule_id", s.Rule.ID)
	line("rule", s.Rule.Name)
	line("source", source)
	if len(pipelines) > 0 {
		dst = append(dst, `  "pipelines": [`...)
		for i, p := range pipelines {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = query.AppendString(dst, p)
		}
		dst = append(dst, "],\n"...)
	}
	dst = append(dst, "  \"query\": [\n"...)
	lines := strings.Split(s.Rule.Query.String, "\n")
	for i, text := range lines {
		dst = append(dst, "    "...)
		dst = query.AppendString(dst, text)
		dst = endLine(dst, i == len(lines)-1)
	}
	dst = append(dst, "  ],\n  \"cases\": [\n"...)
	for i := range s.Cases {
		c := &s.Cases[i]
		dst = append(dst, `    {"clause":`...)
		dst = query.AppendString(dst, s.Rule.Source.Slice(c.Clause))
		dst = c.appendFields(dst, s.Plan)
		dst = endLine(dst, i == len(s.Cases)-1)
	}
	return append(dst, "  ]\n}\n"...)
}

func endLine(dst []byte, last bool) []byte {
	if !last {
		dst = append(dst, ',')
	}
	return append(dst, '\n')
}

// ParseRecord reads what AppendRecord wrote.
func ParseRecord(data []byte) (*Record, error) {
	doc, err := query.ParseDocument(data)
	if err != nil {
		return nil, err
	}
	r := &Record{RuleID: text(doc, "rule_id"), Rule: text(doc, "rule"), Source: text(doc, "source")}
	pipelines, _ := doc.Member("pipelines")
	for _, p := range pipelines.List() {
		r.Pipelines = append(r.Pipelines, p.Str())
	}
	lines, _ := doc.Member("query")
	for i, l := range lines.List() {
		if i > 0 {
			r.Query += "\n"
		}
		r.Query += l.Str()
	}
	cases, _ := doc.Member("cases")
	for i, v := range cases.List() {
		c, err := parseCase(v.Doc())
		if err != nil {
			return nil, fmt.Errorf("case %d: %w", i+1, err)
		}
		r.Cases = append(r.Cases, c)
	}
	return r, nil
}

func parseCase(doc query.Document) (c RecordedCase, err error) {
	c.Name, c.Why, c.ClauseText = text(doc, "case"), text(doc, "why"), text(doc, "clause")
	c.Expect = Expect(text(doc, "expect"))
	if c.Expect != Match && c.Expect != NoMatch {
		return c, fmt.Errorf("expect is %q; it must be %q or %q", c.Expect, Match, NoMatch)
	}
	if c.Now, err = time.Parse(time.RFC3339Nano, text(doc, "now")); err != nil {
		return c, err
	}
	if c.Events.Docs, err = documents(doc, "docs"); err != nil {
		return c, err
	}
	c.Events.Indicators, err = documents(doc, "indicators")
	return c, err
}

func documents(doc query.Document, name string) ([]query.Document, error) {
	v, _ := doc.Member(name)
	var docs []query.Document
	for _, e := range v.List() {
		if e.Kind() != query.Object {
			return nil, fmt.Errorf("%s holds a value that is no object: %s", name, e)
		}
		docs = append(docs, e.Doc())
	}
	return docs, nil
}

func text(doc query.Document, name string) string {
	v, _ := doc.Member(name)
	return v.Str()
}
