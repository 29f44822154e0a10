package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// matchCommand is rematch match: the evaluator by itself, over documents that
// somebody recorded. Nothing of the solver takes part.
type matchCommand struct {
	ruleArguments
	worldFlags
	Docs       string `required:"" placeholder:"FILE" help:"Documents: NDJSON, JSON arrays, or JSON objects one after the other; plain, .gz or .zip. - is standard input."`
	Indicators string `placeholder:"FILE" help:"Indicators for indicator match rules, in the same forms."`
	JSON       bool   `name:"json" xor:"form" help:"Print one JSON line for each alert."`
	Explain    bool   `xor:"form" help:"Show for every document and rule which clauses hold, with the values that they saw."`
}

// Help is shown by --help.
func (*matchCommand) Help() string {
	return `Documents are numbered from 0. Rules over single events look at each document by itself, and are done with it.
Rules over several events (sequences, samples, thresholds, new terms, indicator match) look at the whole input in
the order of @timestamp, as one long run; with --now they look back from there, as far as they say.

    rematch match ./rules --docs events.ndjson
    zcat events.gz | rematch match ./rules --docs - --json
    rematch match windows/suspicious_cmd.toml --docs event.json --explain

Exit code 0: every rule was tried, whatever it matched. 1: some rules cannot be evaluated; stderr says why. 2: wrong
use, or something could not be read.`
}

// matcher is a rule that is ready to judge documents.
type matcher struct {
	rule    *ruleset.Rule
	plan    *query.Plan
	program *eval.Program
	hits    int
}

// single reports whether the rule judges each document by itself.
func (m *matcher) single() bool {
	_, ok := m.plan.Body.(*query.Event)
	return ok
}

// Run streams the documents through the rules. Documents are kept only where a
// rule needs several of them.
func (c *matchCommand) Run(s *session) error {
	all, err := c.matchers(s)
	if err != nil {
		return err
	}
	var single, several []*matcher
	for _, m := range all {
		if m.single() || c.Explain {
			single = append(single, m)
		} else {
			several = append(several, m)
		}
	}
	run := matchRun{command: c, session: s, single: single, several: several, now: c.Now}
	if run.now.IsZero() {
		run.now = s.env.Clock()
	}
	if c.Indicators != "" {
		if run.set.Indicators, err = baseDocuments(s, c.Indicators); err != nil {
			return err
		}
	}
	if err := readDocuments(s, c.Docs, run.document); err != nil {
		return err
	}
	if run.err == nil {
		run.together()
	}
	if run.err == nil && !c.JSON && !c.Explain {
		run.summary(all)
	}
	return run.err
}

// matchers compiles the rules. Those that cannot be evaluated are told and
// left out.
func (c *matchCommand) matchers(s *session) ([]*matcher, error) {
	tables, err := c.tables(s)
	if err != nil {
		return nil, err
	}
	sets, err := c.open(s)
	if err != nil {
		return nil, err
	}
	var all []*matcher
	for _, set := range sets {
		for _, rule := range set.Rules {
			s.bar.step()
			plan, diags := rule.Compile(ruleset.CompileOptions{Tables: tables})
			if plan == nil {
				s.found()
				s.errors(diags)
				continue
			}
			if c.Now.IsZero() {
				plan = unhurried(plan)
			}
			program, err := eval.Compile(plan, eval.Options{})
			if err != nil {
				s.found()
				s.errors(diagnostics(err, query.CodeUnsupported))
				continue
			}
			if _, ok := plan.Body.(*query.IndicatorMatch); ok && c.Indicators == "" && !c.Explain {
				s.found()
				d := &query.Diagnostic{Code: query.CodeSkipped, Severity: query.Warning, Source: rule.Source, Summary: "an indicator match rule is left out"}
				s.tell(d.With("--indicators FILE gives it something to compare documents with"))
				continue
			}
			all = append(all, &matcher{rule: rule, plan: plan, program: program})
		}
	}
	s.bar.clear()
	return all, nil
}

// ages is longer than any log.
const ages = 150 * 365 * 24 * time.Hour

// unhurried returns a plan whose run looks at all documents, however old. A rule
// runs every few minutes and looks back a little further than that; over a
// recording hardly anything would be left. New terms then fire where a term
// comes first in the input.
func unhurried(plan *query.Plan) *query.Plan {
	copied := *plan
	copied.Window.From = 0
	if _, ok := plan.Body.(*query.NewTerms); ok { // for which 0 means a default
		copied.Window.From = ages
	}
	return &copied
}

// keptBytes bounds the documents that are kept for rules over several events.
const keptBytes = 1 << 30

// matchRun is a run over the documents. Its first error, which can only be about
// output, ends it.
type matchRun struct {
	command         *matchCommand
	session         *session
	single, several []*matcher
	now             time.Time
	set             query.EventSet // what rules over several events look at
	index           []int          // of its documents in the input
	kept            int            // bytes
	documents       int
	err             error
}

// document judges one document, and keeps it if need be. It reports whether to
// go on. Where documents become too many to keep, the rules over several events
// are given up, not the others: half an answer about a sequence would be wrong.
func (r *matchRun) document(d located) bool {
	r.documents++
	for _, m := range r.single {
		if r.command.Explain {
			r.explain(m, d)
		} else if m.program.Match(d.doc, r.now) {
			r.hit(m, []int{d.index})
		}
	}
	if len(r.several) > 0 {
		if r.kept += d.size; r.kept > keptBytes {
			r.several, r.set.Docs = nil, nil
			r.session.report(tooLarge(r.command.Docs, "more than %d MB of documents: rules over several events are left out", keptBytes>>20))
		} else {
			r.set.Docs = append(r.set.Docs, d.doc)
			r.index = append(r.index, d.index)
		}
	}
	r.session.bar.step()
	if r.err == nil {
		r.err = r.session.shown()
	}
	return r.err == nil
}

// together judges the whole input by the rules over several events. The
// evaluator orders documents by time itself; alerts come back as positions among
// those that were kept, and are printed as positions in the input.
func (r *matchRun) together() {
	for _, m := range r.several {
		outcome := m.program.Run(r.set, r.now)
		if outcome.Unsure != nil {
			r.session.tell(outcome.Unsure)
		}
		for _, alert := range outcome.Alerts {
			docs := make([]int, len(alert))
			for i, at := range alert {
				docs[i] = r.index[at]
			}
			r.hit(m, docs)
		}
	}
}

// hit prints an alert.
func (r *matchRun) hit(m *matcher, docs []int) {
	m.hits++
	if r.err != nil {
		return
	}
	if r.command.JSON {
		r.err = r.session.line(appendHit(nil, m.rule, docs))
		return
	}
	numbers := make([]string, len(docs))
	for i, at := range docs {
		numbers[i] = strconv.Itoa(at)
	}
	_, r.err = fmt.Fprintf(r.session.out, "%s\t%s (%s)\n", strings.Join(numbers, ","), plain(m.rule.Name), plain(m.rule.Source.Name))
}

// appendHit appends the JSON line of an alert.
func appendHit(dst []byte, rule *ruleset.Rule, docs []int) []byte {
	dst = append(dst, `{"rule_id":`...)
	dst = query.AppendString(dst, rule.ID)
	dst = append(dst, `,"rule":`...)
	dst = query.AppendString(dst, rule.Name)
	dst = append(dst, `,"file":`...)
	dst = query.AppendString(dst, rule.File)
	dst = append(dst, `,"docs":[`...)
	for i, at := range docs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, int64(at), 10)
	}
	return append(dst, "]}"...)
}

// explain prints what the clauses of a rule come to on a document. For rules over
// several events that is each of their predicates: whether they are met in the
// right order is no matter of one document.
func (r *matchRun) explain(m *matcher, d located) {
	if r.err != nil {
		return
	}
	verdict := r.session.paint("does not match", "31")
	switch {
	case !m.single():
		verdict = "is one of several"
	case m.program.Match(d.doc, r.now):
		verdict = r.session.paint("matches", "32")
	}
	_, r.err = fmt.Fprintf(r.session.out, "document %d %s: %s\n%s\n", d.index, verdict, plain(m.rule.Name), m.program.Explain(d.doc, r.now))
}

// summary says how much there was and how much matched.
func (r *matchRun) summary(all []*matcher) {
	rules, alerts := 0, 0
	for _, m := range all {
		rules += min(m.hits, 1)
		alerts += m.hits
	}
	_, err := fmt.Fprintf(r.session.out, "%d alerts from %d of %d rules over %d documents\n", alerts, rules, len(all), r.documents)
	r.err = cmp.Or(r.err, err)
}
