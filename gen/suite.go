package gen

import (
	"strconv"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// Expect is the outcome that a case demands.
type Expect string

// The outcomes.
const (
	Match   Expect = "match"
	NoMatch Expect = "no-match"
)

// Verdict is what is known of a rule.
type Verdict string

// The verdicts.
const (
	Verified      Verdict = "verified"      // a document was found, and the evaluator agrees
	Unsatisfiable Verdict = "unsatisfiable" // proved: no document can match
	Unknown       Verdict = "unknown"       // a budget was spent
	Unsupported   Verdict = "unsupported"   // a construct that Rematch does not handle
	Invalid       Verdict = "invalid"       // the real engine would refuse the rule
)

// Case is an event set and what the rule makes of it.
type Case struct {
	Name   string // "cover/3", "near-miss/1"
	Expect Expect
	Why    string         // what the case shows, in one line
	Clause query.Span     // the clause it shows it of; zero for the rule as a whole
	Now    time.Time      // when the rule runs
	Events query.EventSet //
}

// Leaves counts the clauses of a rule by what its suite does with them.
type Leaves struct {
	Covered   int // each has a matching case that needs it
	Dead      int // proved: none can have one
	Uncovered int // neither
}

// Suite is what [Check] finds out about one rule.
type Suite struct {
	Rule    *ruleset.Rule
	Plan    *query.Plan // nil for an invalid rule
	Verdict Verdict
	Cases   []Case // nil with Options.Discard
	Count   int    // of cases, also of discarded ones
	Leaves  Leaves
	Mutants *Mutants // nil unless they were counted
	// Combinations are those of CoverPairs and CoverAll; else nil.
	Combinations *Combinations
	Findings     query.Diagnostics
	Micros       int64 // that the check took
}

// AppendVerdict appends the JSON line of the suite's verdict, without newline.
func (s *Suite) AppendVerdict(dst []byte) []byte {
	dst = s.appendRule(dst)
	dst = appendText(dst, "verdict", string(s.Verdict))
	dst = appendInt(dst, "cases", s.Count)
	dst = append(dst, `,"leaves":{"covered":`...)
	dst = strconv.AppendInt(dst, int64(s.Leaves.Covered), 10)
	dst = appendInt(dst, "dead", s.Leaves.Dead)
	dst = appendInt(dst, "uncovered", s.Leaves.Uncovered)
	dst = s.appendCombinations(append(dst, '}'))
	dst = s.appendMutants(dst)
	dst = append(dst, `,"findings":[`...)
	for i, d := range s.Findings {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"code":`...)
		dst = query.AppendString(dst, string(d.Code))
		dst = appendText(dst, "severity", d.Severity.String())
		dst = appendText(dst, "summary", d.Summary)
		if d.Detail != "" {
			dst = appendText(dst, "detail", d.Detail)
		}
		dst = append(dst, `,"spans":[`...)
		for j, span := range d.Subjects {
			if j > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, '[')
			dst = strconv.AppendInt(dst, int64(span.Start), 10)
			dst = append(dst, ',')
			dst = strconv.AppendInt(dst, int64(span.End), 10)
			dst = append(dst, ']')
		}
		dst = append(dst, "]}"...)
	}
	dst = append(dst, ']')
	dst = appendInt(dst, "micros", int(s.Micros))
	return append(dst, '}')
}

// AppendCase appends the JSON line of one case, without newline.
func (s *Suite) AppendCase(dst []byte, c *Case) []byte {
	return c.appendFields(s.appendRule(dst), s.Plan)
}

// appendFields appends what a case says of itself, and the closing brace.
func (c *Case) appendFields(dst []byte, plan *query.Plan) []byte {
	dst = appendText(dst, "case", c.Name)
	dst = appendText(dst, "expect", string(c.Expect))
	dst = appendText(dst, "why", c.Why)
	dst = appendText(dst, "now", c.Now.UTC().Format(time.RFC3339Nano))
	dst = append(dst, `,"docs":`...)
	dst = appendDocuments(dst, c.Events.Docs)
	if plan != nil {
		if _, ok := plan.Body.(*query.IndicatorMatch); ok {
			dst = append(dst, `,"indicators":`...)
			dst = appendDocuments(dst, c.Events.Indicators)
		}
	}
	return append(dst, '}')
}

// appendRule appends the opening brace and the members that name the rule.
func (s *Suite) appendRule(dst []byte) []byte {
	dst = append(dst, `{"rule_id":`...)
	dst = query.AppendString(dst, s.Rule.ID)
	dst = appendText(dst, "rule", s.Rule.Name)
	dst = appendText(dst, "file", s.Rule.File)
	dst = appendText(dst, "type", s.Rule.Type)
	language := s.Rule.Language
	if s.Plan != nil {
		language = s.Plan.Language
	}
	return appendText(dst, "language", string(language))
}

func appendDocuments(dst []byte, docs []query.Document) []byte {
	dst = append(dst, '[')
	for i, doc := range docs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = doc.AppendJSON(dst)
	}
	return append(dst, ']')
}

// appendText appends a comma and a string member whose name needs no escapes.
func appendText(dst []byte, name, value string) []byte {
	return query.AppendString(appendName(dst, name), value)
}

func appendInt(dst []byte, name string, value int) []byte {
	return strconv.AppendInt(appendName(dst, name), int64(value), 10)
}

func appendName(dst []byte, name string) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	return append(dst, '"', ':')
}
