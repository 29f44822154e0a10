package main

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/sigma/winlog"
)

// matchCommand is rematch match: the evaluator by itself, over documents that
// somebody recorded. Nothing of the solver takes part.
type matchCommand struct {
	ruleArguments
	worldFlags
	Docs       []string `required:"" sep:"none" placeholder:"FILE" help:"Documents: NDJSON, JSON arrays, or JSON objects one after the other; plain, .gz or .zip. - is standard input. May be repeated; documents are numbered on."`
	Indicators string   `placeholder:"FILE" help:"Indicators for indicator match rules, in the same forms."`
	JSON       bool     `name:"json" xor:"form" help:"Print one JSON line for each alert."`
	Logsource  bool     `help:"Sigma rules also ask for what their log source implies, such as EventID and Channel."`
	Explain    bool     `xor:"form" help:"Show for every document and rule which clauses hold, with the values that they saw."`
}

// Help is shown by --help.
func (*matchCommand) Help() string {
	return `Documents are numbered from 0. Rules over single events look at each document by itself, and are done with it.
Rules over several events (sequences, samples, thresholds, new terms, indicator match) look at the whole input in
the order of @timestamp, as one long run; with --now they look back from there, as far as they say. Sigma rules see
Windows events flat, as they name their fields; with --pipeline, and for other rules, documents are taken as they are.
With --explain, of sequences that began and were not completed it is told how far they got, and what the next step
waited for.

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

// flat reports whether the rule is written for flat Windows events. Sigma's rules
// are: EventID is theirs, not Event.System.EventID. Those that went through a
// pipeline of other names see documents as they are.
func (m *matcher) flat() bool { return m.rule.Flat() }

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
			single = append(single, m) // which with --explain show what every document is to them
		}
		if !m.single() {
			several = append(several, m)
		}
	}
	run := matchRun{command: c, session: s, single: single, several: several, now: c.Now.Time}
	run.panels[0] = newPanel(single, (*matcher).flat)
	run.panels[1] = newPanel(single, func(m *matcher) bool { return !m.flat() })
	if run.now.IsZero() {
		run.now = s.env.Clock()
	}
	if c.Indicators != "" {
		if run.set.Indicators, err = baseDocuments(s, c.Indicators); err != nil {
			return err
		}
	}
	switch seen, err := run.stream(); {
	case err != nil:
		return err
	case seen == 0:
		return aboutFile(query.CodeEmpty, strings.Join(c.Docs, ", "), "no documents found")
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
			plan, diags := rule.Compile(ruleset.CompileOptions{Tables: tables, Logsource: c.Logsource})
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

// aheadBytes bounds the documents that are read but not yet judged.
const aheadBytes = 64 << 20

// matchRun is a run over the documents. Its first error, which can only be about
// output, ends it.
type matchRun struct {
	command         *matchCommand
	session         *session
	single, several []*matcher
	panels          [2]panel // the single ones
	now             time.Time
	set             query.EventSet   // what rules over several events look at
	flat            []query.Document // the same, as rules for flat events see it
	index           []int            // of its documents in the input
	kept            int              // bytes
	documents       int
	err             error
}

// panel is a bundle of the rules that want documents in one shape.
type panel struct {
	bundle *eval.Bundle
	places []int // of its rules in matchRun.single
}

func newPanel(single []*matcher, member func(*matcher) bool) panel {
	var p panel
	var programs []*eval.Program
	for i, m := range single {
		if member(m) {
			p.places = append(p.places, i)
			programs = append(programs, m.program)
		}
	}
	p.bundle = eval.NewBundle(programs)
	return p
}

// judged is a document on its way through the workers, or a diagnostic about the
// input that stands where it came up.
type judged struct {
	located
	flat query.Document
	told *query.Diagnostic
	hits []int // in matchRun.single, ascending
	done chan struct{}
}

// stream reads the documents in one goroutine, judges them in several, and takes
// them in here, in the order of the input: whatever the number of workers, the
// output is the same, and nothing waits for documents that are yet to come. It
// returns how many there were, broken ones included.
func (r *matchRun) stream() (seen int, err error) {
	const ahead = 256 // documents under way
	work, line := make(chan *judged, ahead), make(chan *judged, ahead)
	var size atomic.Int64 // of the documents under way
	var stop atomic.Bool
	free := make(chan struct{}, 1) // told when size became less
	go func() {
		defer close(line)
		defer close(work)
		input := reader{
			report: func(d *query.Diagnostic) { line <- &judged{told: d} },
			yield: func(d located) bool {
				for size.Load() > aheadBytes {
					<-free
				}
				size.Add(int64(d.size))
				j := &judged{located: d, done: make(chan struct{})}
				line <- j
				work <- j
				return !stop.Load()
			},
		}
		for _, name := range r.command.Docs {
			if err = input.open(name, r.session.stdin); err != nil || input.stopped {
				break
			}
		}
		seen = input.next
	}()
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for j := range work {
				r.judge(j)
				close(j.done)
			}
		}()
	}
	for j := range line {
		if j.told != nil {
			r.session.report(j.told)
			continue
		}
		<-j.done
		if r.err == nil {
			r.document(j)
		}
		stop.Store(r.err != nil)
		size.Add(-int64(j.size))
		select {
		case free <- struct{}{}:
		default:
		}
	}
	return seen, err
}

// judge finds the rules over single events that match. It may run in several
// goroutines at once.
func (r *matchRun) judge(j *judged) {
	j.flat = winlog.Flatten(j.doc)
	if r.command.Explain {
		return
	}
	for i, doc := range [...]query.Document{j.flat, j.doc} {
		from := len(j.hits)
		j.hits = r.panels[i].bundle.Match(j.hits, doc, r.now)
		for k := from; k < len(j.hits); k++ {
			j.hits[k] = r.panels[i].places[j.hits[k]]
		}
	}
	slices.Sort(j.hits)
}

// document prints what a document matches, and keeps it if need be. Where
// documents become too many to keep, the rules over several events are given up,
// not the others: half an answer about a sequence would be wrong.
func (r *matchRun) document(j *judged) {
	r.documents++
	if r.command.Explain {
		for _, m := range r.single {
			r.explain(m, j)
		}
	}
	for _, i := range j.hits {
		r.hit(r.single[i], []int{j.index})
	}
	if len(r.several) > 0 {
		if r.kept += j.size; r.kept > keptBytes {
			r.several, r.set.Docs, r.flat = nil, nil, nil
			r.session.report(tooLarge(strings.Join(r.command.Docs, ", "), "more than %d MB of documents: rules over several events are left out", keptBytes>>20))
		} else {
			r.set.Docs = append(r.set.Docs, j.doc)
			r.flat = append(r.flat, j.flat)
			r.index = append(r.index, j.index)
		}
	}
	r.session.bar.step()
	if r.err == nil {
		r.err = r.session.shown()
	}
}

// together judges the whole input by the rules over several events. The
// evaluator orders documents by time itself; alerts come back as positions among
// those that were kept, and are printed as positions in the input.
func (r *matchRun) together() {
	for _, m := range r.several {
		set := r.set
		if m.flat() {
			set.Docs = r.flat
		}
		outcome := m.program.Run(set, r.now)
		if outcome.Unsure != nil {
			r.session.tell(outcome.Unsure)
		}
		for _, alert := range outcome.Alerts {
			docs := r.numbers(alert)
			if r.command.Explain {
				r.print("documents %s together match: %s\n", listed(docs), plain(m.rule.Name))
				continue
			}
			r.hit(m, docs)
		}
		if !r.command.Explain {
			continue
		}
		partials := m.program.Partials(set, r.now, func(doc int) int { return r.index[doc] })
		for _, p := range partials {
			r.partial(m, p)
		}
		_, sequence := m.plan.Body.(*query.Sequence)
		switch {
		case len(outcome.Alerts)+len(partials) > 0:
		case sequence:
			r.print("no document begins a sequence: %s\n", plain(m.rule.Name))
		default:
			r.print("the documents together do not match: %s\n", plain(m.rule.Name))
		}
	}
}

// numbers returns the positions in the input of documents that were kept.
func (r *matchRun) numbers(kept []int) []int {
	docs := make([]int, len(kept))
	for i, at := range kept {
		docs[i] = r.index[at]
	}
	return docs
}

// partial prints how far a sequence got, and what it waited for.
func (r *matchRun) partial(m *matcher, p eval.Partial) {
	r.print("a sequence that was not completed: %s\n", plain(m.rule.Name))
	runs := map[int]int{}
	steps := m.plan.Body.(*query.Sequence).Steps
	step := func(n, run int) string {
		if steps[n].Runs > 1 {
			return fmt.Sprintf("step %d, time %d of %d", n+1, run, steps[n].Runs)
		}
		return fmt.Sprintf("step %d", n+1)
	}
	for i, at := range p.Docs {
		runs[p.Steps[i]]++
		r.print("  ✓ %s: document %d\n", step(p.Steps[i], runs[p.Steps[i]]), r.index[at])
	}
	if len(p.Docs) < stages(steps) {
		where := strings.Join(strings.Fields(m.plan.Source.Slice(steps[p.Next].Where.Pos())), " ")
		r.print("  ✗ %s: %s\n", step(p.Next, p.Run), plain(where))
	}
	r.print("    %s\n\n", p.Why)
}

// stages is how many documents a sequence takes.
func stages(steps []query.Step) int {
	n := 0
	for _, s := range steps {
		if !s.Missing {
			n += max(s.Runs, 1)
		}
	}
	return n
}

func (r *matchRun) print(format string, args ...any) {
	if r.err == nil {
		_, r.err = fmt.Fprintf(r.session.out, format, args...)
	}
}

func listed(docs []int) string {
	numbers := make([]string, len(docs))
	for i, at := range docs {
		numbers[i] = strconv.Itoa(at)
	}
	return strings.Join(numbers, ", ")
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
// right order is no matter of one document, and told when all have been read.
func (r *matchRun) explain(m *matcher, j *judged) {
	if r.err != nil {
		return
	}
	doc := j.doc
	if m.flat() {
		doc = j.flat
	}
	verdict := r.session.paint("does not match", "31")
	switch {
	case !m.single():
		verdict = "is one of several"
	case m.program.Match(doc, r.now):
		verdict = r.session.paint("matches", "32")
	}
	_, r.err = fmt.Fprintf(r.session.out, "document %d %s: %s\n%s\n", j.index, verdict, plain(m.rule.Name), m.program.Explain(doc, r.now))
}

// summary says how much there was and how much matched.
func (r *matchRun) summary(all []*matcher) {
	rules, alerts := 0, 0
	for _, m := range all {
		rules += min(m.hits, 1)
		alerts += m.hits
	}
	_, err := fmt.Fprintf(r.session.out, "%s from %d of %s over %s\n",
		things(alerts, "alert"), rules, things(len(all), "rule"), things(r.documents, "document"))
	r.err = cmp.Or(r.err, err)
}
