package ruletest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
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

// trace shows what each clause of the rule makes of the document of a case that
// has only one.
func (s *Suite) trace(c gen.RecordedCase) string {
	if len(c.Events.Docs) != 1 {
		return ""
	}
	text := s.program.Explain(c.Events.Docs[0], c.Now).String()
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
	return "the query has changed since its tests were made (if that is meant, run rematch gen):\n" + diff(s.record.Query, now)
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
