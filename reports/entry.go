package reports

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// verdicts in the order of columns: from good to bad.
var verdicts = []gen.Verdict{gen.Verified, gen.Unsatisfiable, gen.Unknown, gen.Unsupported, gen.Invalid}

// entry is what a report keeps of one rule.
type entry struct {
	id, name, anchor string
	place            int           // in the set
	rule             *ruleset.Rule // kept where overlaps are looked for
	file             string
	line             int // of the query in the file; 0 where there is none
	kind             string
	language         string
	verdict          gen.Verdict
	severity         string
	risk             int
	tags             []string
	threat           []ruleset.Tactic
	logsource        []string // of a Sigma rule: product: windows …
	matching, misses int      // cases
	leaves           gen.Leaves
	mutants          *gen.Mutants // nil where none were made
	fields           []*query.Field
	findings         []finding
	reason           *finding // why the rule is not verified
	micros           int64
	text             string
	examples         []notebookCase // the first of each kind of case
}

func newEntry(s *gen.Suite) *entry {
	r := s.Rule
	e := &entry{
		id: r.ID, name: cmp.Or(r.Name, r.ID), file: r.File, kind: r.Type, language: string(r.Language),
		verdict: s.Verdict, severity: r.Severity, risk: r.RiskScore, tags: r.Tags, threat: r.Threat,
		leaves: s.Leaves, mutants: s.Mutants, micros: s.Micros, matching: s.Count, text: multiline(r.Query.String), examples: []notebookCase{},
	}
	if r.Source != nil && r.Query.String != "" {
		e.line, _ = r.Source.Position(r.Query.All().Start)
	}
	if s.Plan != nil {
		e.language, e.fields = string(s.Plan.Language), s.Plan.Fields
	}
	e.kind = cmp.Or(e.kind, e.language, "unnamed")
	shown := map[gen.Expect]bool{}
	for i := range s.Cases {
		c := &s.Cases[i]
		if c.Expect == gen.NoMatch {
			e.matching--
			e.misses++
		}
		if !shown[c.Expect] {
			shown[c.Expect] = true
			e.examples = append(e.examples, newNotebookCase(c))
		}
	}
	for _, m := range r.Meta {
		if m.Key == "logsource" {
			for _, part := range m.Value.Doc() {
				if v := part.Value.Str(); v != "" && part.Name != "definition" {
					e.logsource = append(e.logsource, part.Name+": "+v)
				}
			}
		}
	}
	worst := -1
	for _, d := range s.Findings {
		e.findings = append(e.findings, newFinding(d, r.File))
		if worst < 0 || d.Severity < s.Findings[worst].Severity {
			worst = len(e.findings) - 1
		}
	}
	if e.verdict != gen.Verified {
		e.reason = &finding{summary: "no reason was given"}
		if worst >= 0 {
			e.reason = &e.findings[worst]
		}
	}
	return e
}

// at is file:line, where the rule can be found.
func (e *entry) at() string {
	if e.line == 0 {
		return e.file
	}
	return fmt.Sprintf("%s:%d", e.file, e.line)
}

func (e *entry) cases() int { return e.matching + e.misses }

// finding is a diagnostic, printed: spans need their sources, and those are not
// kept.
type finding struct {
	code     query.Code
	severity query.Severity
	summary  string
	detail   string
	excerpt  string // of query.Printer
}

// newFinding prints a diagnostic. Sources of rules are called by their path in
// the set, so that a report does not tell where somebody's checkout lies.
func newFinding(d *query.Diagnostic, file string) finding {
	if d.Source != nil && file != "" {
		named := *d
		named.Source = &query.Source{Name: file, Text: d.Source.Text}
		d = &named
	}
	return finding{
		code: d.Code, severity: d.Severity, summary: visible(d.Summary), detail: d.Detail,
		excerpt: multiline(query.Printer{}.Print(d)),
	}
}

// kind is the summary without what differs from place to place. Findings about
// clauses end in the clause.
func (f *finding) kind() string {
	if f.code == query.CodeDead {
		before, _, _ := strings.Cut(f.summary, ": ")
		return before
	}
	return pattern(f.summary)
}

// reasonKey says which rules fail for the same reason: what differs only in
// names, values and numbers is one reason.
type reasonKey struct {
	verdict gen.Verdict
	code    query.Code
	summary string
}

// reasonGroup is a reason and its rules, in the order of the set.
type reasonGroup struct {
	reasonKey
	rules []*entry
}

// reasons groups the rules that are not verified: by verdict, then the
// commonest reason first.
func (r *Report) reasons() []reasonGroup {
	return group(r.rules, func(e *entry) (reasonKey, bool) {
		if e.reason == nil {
			return reasonKey{}, false
		}
		return reasonKey{e.verdict, e.reason.code, e.reason.kind()}, true
	})
}
