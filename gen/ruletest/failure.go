package ruletest

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
)

// failure tells all there is to tell of a case whose outcome changed.
func (s *Suite) failure(c gen.RecordedCase) string {
	var b strings.Builder
	if c.Expect == gen.Match {
		b.WriteString("the rule no longer matches a document that it is for\n")
	} else {
		b.WriteString("the rule now matches a document that it did not match before\n")
	}
	fmt.Fprintf(&b, "recorded: %s, %s\n", c.Expect, c.Why)
	b.WriteString(s.clause(c))
	b.WriteString(pretty(c.Events.Docs))
	b.WriteString(s.trace(c))
	b.WriteString(s.changed())
	return strings.TrimRight(b.String(), "\n")
}

// clause shows where the outcome is decided in the rule as it is now: the
// clause of the case if its text still stands there, or else the query.
func (s *Suite) clause(c gen.RecordedCase) string {
	d := &query.Diagnostic{Code: query.CodeSuspect, Severity: query.Note, Source: s.rule.Source, Summary: "this clause is what the case is about"}
	all := s.rule.Query.All()
	at := -1
	if c.ClauseText != "" {
		at = strings.Index(s.rule.Source.Slice(all), c.ClauseText)
	}
	if at < 0 {
		if c.ClauseText != "" {
			d.Detail = "the case is about a clause that is not there any more: " + c.ClauseText
		}
		d.Summary, d.Subjects = "the rule is now", []query.Span{all}
	} else {
		d.Subjects = []query.Span{{Start: all.Start + at, End: all.Start + at + len(c.ClauseText)}}
	}
	return query.Printer{}.Print(d)
}

// traced is how many clauses a trace may show; longer ones hide what matters.
const traced = 40

// trace shows what each clause of the rule makes of the documents of a case. Of
// several documents each part of the rule (a step of a sequence, say) gets the one
// that comes nearest to it: there stands the clause that has to do with the failure,
// unless all parts have their documents.
func (s *Suite) trace(c gen.RecordedCase) string {
	docs := c.Events.Docs
	if len(docs) == 0 {
		return ""
	}
	if len(docs) == 1 {
		return short(s.program.Explain(docs[0], c.Now))
	}
	var parts []part
	for n, doc := range docs {
		whole := s.program.Explain(doc, c.Now)
		of := []*eval.Trace{whole}
		if whole.Pred == nil {
			of = whole.Children
		}
		for i, t := range of {
			if i == len(parts) {
				parts = append(parts, part{})
			}
			parts[i].see(n, t)
		}
	}
	var b strings.Builder
	met := 0
	for i, p := range parts {
		what := "the query"
		if len(parts) > 1 {
			what = fmt.Sprintf("part %d of the rule", i+1)
		}
		if p.met > 0 {
			met++
			fmt.Fprintf(&b, "%s: %d of %d documents satisfy it, the first is document %d\n", what, p.met, len(docs), p.nearest+1)
			continue
		}
		fmt.Fprintf(&b, "%s: no document satisfies it, the nearest is document %d\n%s", what, p.nearest+1, short(p.trace))
	}
	if met == len(parts) && c.Expect == gen.Match {
		b.WriteString("no clause keeps the documents from matching: their order, keys, number or times do\n")
	}
	return b.String()
}

// part is what the documents of a case come to in one predicate of a rule.
type part struct {
	met     int // documents that satisfy it
	nearest int // the first of them, or the one with most clauses satisfied
	score   int
	trace   *eval.Trace
}

func (p *part) see(n int, t *eval.Trace) {
	score := satisfied(t)
	if t.Truth == query.True {
		p.met++
		score = math.MaxInt
	}
	if p.trace == nil || score > p.score {
		p.nearest, p.score, p.trace = n, score, t
	}
}

// satisfied counts the terms of an and that are true, and of the rest whether
// it is.
func satisfied(t *eval.Trace) (n int) {
	for _, k := range t.Children {
		if k.Truth == query.True {
			n++
		}
	}
	return n
}

// short is a trace that is short enough to be read.
func short(t *eval.Trace) string {
	text := t.String()
	if strings.Count(text, "\n") > traced {
		return ""
	}
	return text
}

// changed is the difference between the recorded query and the present one, or
// a note that there is none.
func (s *Suite) changed() string {
	now := s.rule.Query.String
	if now == s.record.Query {
		return "the query has not changed since its tests were made; Rematch or a schema has\n"
	}
	return "the query has changed since its tests were made (if that is meant, run rematch gen --update):\n" + diff(s.record.Query, now)
}

// diff shows two texts line by line: "-" was, "+" is, two lines around.
func diff(old, now string) string {
	const around = 2
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0 // the result must not depend on how fast the machine is
	a, b, lines := dmp.DiffLinesToRunes(old+"\n", now+"\n")
	var out strings.Builder
	diffs := dmp.DiffCharsToLines(dmp.DiffMainRunes(a, b, false), lines)
	for i, d := range diffs {
		text := strings.Split(strings.TrimSuffix(d.Text, "\n"), "\n")
		mark := map[diffmatchpatch.Operation]string{diffmatchpatch.DiffDelete: "- ", diffmatchpatch.DiffInsert: "+ ", diffmatchpatch.DiffEqual: "  "}[d.Type]
		for n, line := range text {
			if d.Type == diffmatchpatch.DiffEqual {
				nearStart := i > 0 && n < around
				nearEnd := i < len(diffs)-1 && n >= len(text)-around
				if !nearStart && !nearEnd {
					if n == around || n == 0 {
						out.WriteString("    …\n")
					}
					continue
				}
			}
			fmt.Fprintf(&out, "  %s%s\n", mark, line)
		}
	}
	return out.String()
}

// pretty shows documents, one a line.
func pretty(docs []query.Document) string {
	var b strings.Builder
	for _, d := range docs {
		fmt.Fprintf(&b, "document: %s\n", d)
	}
	return b.String()
}

func printed(diags query.Diagnostics) string {
	var b strings.Builder
	for _, d := range diags {
		b.WriteString(query.Printer{}.Print(d))
	}
	return b.String()
}

// report prints an error in full where it is diagnostics.
func report(err error) string {
	if ds, ok := errors.AsType[query.Diagnostics](err); ok {
		return printed(ds)
	}
	return query.Printer{}.Print(query.AsDiagnostic(err, query.CodeUnsupported))
}
