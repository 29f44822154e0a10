package mutate

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/schema"
	"github.com/rematch-dev/rematch/solver"
)

// Options bound the work; the zero value is good.
type Options struct {
	Now    time.Time     // when witnesses take place; zero: [gen.Epoch]
	Budget solver.Budget // of the search for one witness; zero: a tenth of the default
	Most   int           // mutants of one rule; 0: 5,000. More are sampled

	// What the rule was compiled with, for the changes of its text.
	Tables []*schema.Table
	Limits query.Limits
}

// filled puts what is meant where there is nothing.
func (o Options) filled() Options {
	if o.Now.IsZero() {
		o.Now = gen.Epoch
	}
	if o.Most <= 0 {
		o.Most = 5_000
	}
	if o.Budget == (solver.Budget{}) {
		o.Budget = solver.Budget{Decisions: solver.DefaultBudget.Decisions / 10, States: solver.DefaultBudget.States / 10}
	}
	return o
}

// Result says what became of the mutants of a rule.
type Result struct {
	gen.Mutants
	Skipped    int                         // not chosen, beyond Options.Most
	ByOperator [len(Operators)]gen.Mutants // in the order of the table
	ByText     [textOps]gen.Mutants        // of the changed texts, in the order of TextOperators
	Twins      [textOps]int                // of the changed texts: that ask what another mutant asks, and are not counted
	Survivors  []Survivor                  // in the order of the mutants
	Unknowns   []Undecided                 //
	Witnesses  []gen.Case                  // that together kill all survivors
}

// Survivor is a mutant that no case of the suite tells from the rule.
type Survivor struct {
	*Mutant
	Witness int // of Result.Witnesses: a case that does
}

// Undecided is a mutant of which neither is known: events on which it differs
// from the rule, nor that there are none.
type Undecided struct {
	*Mutant
	Reason string
}

// fate is what became of one mutant.
type fate uint8

const (
	unknown fate = iota
	killed
	survived
	equivalent
)

// Score judges the mutants of a suite's rule by the suite's cases. A suite
// without cases, as that of a rule which cannot match has none, kills nothing.
func Score(suite *gen.Suite, opts Options) *Result {
	opts = opts.filled()
	r := &Result{}
	if suite.Plan == nil || suite.Verdict != gen.Verified {
		return r
	}
	places := sites(suite.Plan.Body)
	program, err := eval.Compile(suite.Plan, eval.Options{})
	if err != nil {
		return r // never of a verified rule
	}
	mutants, all := choose(mutantsAt(suite.Plan, places), opts.Most)
	r.Skipped = all - len(mutants)
	j := newJudge(suite, program, places, opts)
	for _, m := range mutants {
		r.count(m, j.judge(r, m))
	}
	j.texts(r, suite.Rule, mutants)
	return r
}

// newJudge makes a judge that knows the cases of a suite.
func newJudge(suite *gen.Suite, program *eval.Program, places []*site, opts Options) *judge {
	j := &judge{
		opts:    opts,
		rule:    suite.Plan,
		program: program,
		solver:  solver.New(solver.Options{Now: opts.Now, Budget: opts.Budget}),
		places:  places,
		own:     map[query.Pred]*eval.Program{},
	}
	for i := range suite.Cases {
		j.addCase(&suite.Cases[i])
		if strings.HasPrefix(suite.Cases[i].Name, "mutant/") {
			j.named++
		}
	}
	j.suite = len(j.cases)
	return j
}

// texts judges the changed texts of a rule, but for those that come to a mutant
// which was judged already.
func (j *judge) texts(r *Result, rule *ruleset.Rule, mutants []*Mutant) {
	if rule == nil {
		return
	}
	w := newRewriter(rule, j.rule, j.places, j.opts)
	texts, all := w.texts()
	r.Skipped += all - len(texts)
	if len(texts) == 0 {
		return
	}
	same := w.body(j.rule.Body, w.preds)
	seen := map[uint64]bool{}
	for _, m := range mutants {
		seen[w.digests.mutant(m, w.preds)] = true
	}
	for _, t := range texts {
		if t.plan != nil && seen[t.digest] {
			r.Twins[t.op]++
			continue
		}
		var m *Mutant
		if t.plan != nil {
			m = w.mutant(t)
		}
		switch {
		case m == nil:
			r.Stillborn++
			r.ByText[t.op].Stillborn++
		case t.digest == same: // other words for the same
			r.count(m, equivalent)
		default:
			seen[t.digest] = true
			r.count(m, j.judge(r, m))
		}
	}
}

func (r *Result) count(m *Mutant, f fate) {
	by := r.ByOperator[:]
	if m.text {
		by = r.ByText[:]
	}
	for _, c := range []*gen.Mutants{&r.Mutants, &by[m.op]} {
		switch f {
		case killed:
			c.Killed++
		case survived:
			c.Survived++
		case equivalent:
			c.Equivalent++
		default:
			c.Unknown++
		}
	}
}

// Strengthen adds the witnesses to the suite that was scored: then it kills the
// survivors, too. The result still tells how the suite was without them.
func (r *Result) Strengthen(suite *gen.Suite) {
	suite.Cases = append(suite.Cases, r.Witnesses...)
	suite.Count += len(r.Witnesses)
}

// judge runs mutants of one plan against cases.
type judge struct {
	opts    Options
	rule    *query.Plan
	program *eval.Program
	solver  *solver.Solver
	places  []*site
	cases   []*played                    // of the suite, then the witnesses
	suite   int                          // how many are the suite's
	named   int                          // how many of these are witnesses of an earlier scoring
	own     map[query.Pred]*eval.Program // of the rule's clauses, as far as they were needed
}

// played is a case and what the rule makes of it.
type played struct {
	*gen.Case
	match bool
	// truths, by site, are kept where all hangs on one predicate over one
	// document: then a mutant is judged by its changed node alone. Nodes
	// inside nested objects have none.
	truths []query.Truth
	hits   [][]int // by site: the items of a leaf that the values satisfy
}

func (j *judge) addCase(c *gen.Case) { j.cases = append(j.cases, j.play(c)) }

// play finds out what the rule makes of a case.
func (j *judge) play(c *gen.Case) *played {
	p := &played{Case: c, match: j.program.Run(c.Events, c.Now).Match}
	if _, ok := j.rule.Body.(*query.Event); !ok || len(c.Events.Docs) != 1 {
		return p
	}
	truths := make([]query.Truth, len(j.places))
	p.hits = make([][]int, len(j.places))
	n := 0
	leaves := make([]query.Truth, 0, len(j.places))
	items := make([][]int, 0, len(j.places))
	j.program.Coverage(c.Events.Docs[0], c.Now, func(_ *query.Leaf, t query.Truth, hits []int) {
		leaves, items = append(leaves, t), append(items, slices.Clone(hits))
	})
	var read func(s *site) query.Truth
	read = func(s *site) query.Truth {
		switch q := s.pred.(type) {
		case *query.Leaf:
			truths[s.id], p.hits[s.id] = leaves[n], items[n]
			n++
		case *query.Const:
			truths[s.id] = q.Truth
		case *query.And:
			truths[s.id] = query.True
			for _, k := range s.kids {
				truths[s.id] = min(truths[s.id], read(k))
			}
		case *query.Or:
			truths[s.id] = query.False
			for _, k := range s.kids {
				truths[s.id] = max(truths[s.id], read(k))
			}
		case *query.Not:
			truths[s.id] = read(s.kids[0]).Not()
		case *query.Each:
			truths[s.id] = read(s.kids[0])
		}
		return truths[s.id]
	}
	// Where the window of the rule shuts a document out, nothing hangs on its
	// predicate.
	if (read(j.places[0]) == query.True) == p.match {
		p.truths = truths
	}
	return p
}

// judge finds out what becomes of a mutant.
func (j *judge) judge(r *Result, m *Mutant) fate {
	t := &trial{judge: j, Mutant: m, atoms: map[query.Pred]*eval.Program{}}
	if m.at != nil {
		t.whole = m.at.whole
		if m.item == 0 || t.whole != m.at {
			t.build()
		}
	}
	for i, c := range j.cases {
		differs, err := t.differs(c)
		switch {
		case err != nil:
			return r.undecided(m, err.Error())
		case differs && i < j.suite:
			return killed
		case differs:
			r.Survivors = append(r.Survivors, Survivor{m, i - j.suite})
			return survived
		}
	}
	witness, reason := t.witness()
	switch {
	case witness != nil:
		witness.Name = "mutant/" + strconv.Itoa(j.named+len(r.Witnesses)+1)
		r.Witnesses = append(r.Witnesses, *witness)
		r.Survivors = append(r.Survivors, Survivor{m, len(r.Witnesses) - 1})
		j.addCase(witness)
		return survived
	case reason != "":
		return r.undecided(m, reason)
	}
	return equivalent
}

// build makes the changed node. That of one item of a long list is seldom needed.
func (t *trial) build() query.Pred {
	if t.node == nil {
		t.node = t.at.upTo(t.whole, t.Mutant.node())
	}
	return t.node
}

func (r *Result) undecided(m *Mutant, reason string) fate {
	r.Unknowns = append(r.Unknowns, Undecided{m, reason})
	return unknown
}

// trial is one mutant before the judge.
type trial struct {
	*judge
	*Mutant
	whole    *site                        // where the mutant differs, as far as documents show
	node     query.Pred                   // nil until it is needed
	single   query.Pred                   // for an item of a leaf: what became of it alone
	atoms    map[query.Pred]*eval.Program // of its new nodes
	compiled *eval.Program                // the whole
}

// differs reports whether the mutant gives a case another outcome.
func (t *trial) differs(c *played) (bool, error) {
	if t.at == nil || c.truths == nil {
		if t.at != nil {
			if same, err := t.sameEverywhere(c); same || err != nil {
				return false, err
			}
		}
		p, err := t.full()
		if err != nil {
			return false, err
		}
		return p.Run(c.Events, c.Now).Match != c.match, nil
	}
	truth, err := t.changed(c)
	return err == nil && t.propagate(c, truth), err
}

// changed is what the changed node comes to on the document of a case.
func (t *trial) changed(c *played) (query.Truth, error) {
	if t.item == 0 || t.whole != t.at {
		return t.truth(t.build(), c)
	}
	was := c.truths[t.at.id]
	for _, hit := range c.hits[t.at.id] {
		if hit != t.item-1 {
			return was, nil // another item is satisfied as well
		}
	}
	switch {
	case t.Mutant.single != nil:
		if t.single == nil {
			t.single = t.Mutant.single()
		}
		return t.truth(t.single, c)
	case len(c.hits[t.at.id]) > 0:
		return query.False, nil
	}
	return was, nil
}

// sameEverywhere reports whether the changed node comes to the same on all of the
// events: then so does the rule, and that is quicker to see.
func (t *trial) sameEverywhere(c *played) (bool, error) {
	docs := c.Events.Docs
	if _, ok := t.rule.Body.(*query.IndicatorMatch); ok && t.at.part == 1 {
		docs = c.Events.Indicators
	}
	for _, doc := range docs {
		one := &played{Case: &gen.Case{Events: query.EventSet{Docs: []query.Document{doc}}, Now: c.Now}}
		was, err := t.truth(t.whole.pred, one)
		if err != nil {
			return false, err
		}
		if is, err := t.truth(t.build(), one); err != nil || is != was {
			return false, err
		}
	}
	return true, nil
}

// propagate reports whether the outcome of a case is another if the changed node
// comes to truth.
func (t *trial) propagate(c *played, truth query.Truth) bool {
	for s := t.whole; ; s = s.up {
		if truth == c.truths[s.id] {
			return false
		}
		if s.up == nil {
			return (truth == query.True) != c.match
		}
		switch s.up.pred.(type) {
		case *query.Not:
			truth = truth.Not()
		case *query.And:
			for _, k := range s.up.kids {
				if k != s {
					truth = min(truth, c.truths[k.id])
				}
			}
		case *query.Or:
			for _, k := range s.up.kids {
				if k != s {
					truth = max(truth, c.truths[k.id])
				}
			}
		}
	}
}

// full compiles the whole mutant.
func (t *trial) full() (*eval.Program, error) {
	var err error
	if t.compiled == nil {
		t.compiled, err = eval.Compile(t.Plan(), eval.Options{})
	}
	return t.compiled, err
}

// truth is what a new node comes to on the document of a case: nodes of the rule
// below it are known, and only what is new is evaluated.
func (t *trial) truth(p query.Pred, c *played) (query.Truth, error) {
	if c.truths != nil {
		if t.whole.pred == p {
			return c.truths[t.whole.id], nil
		}
		for _, k := range t.whole.kids {
			if k.pred == p && k.whole == k {
				return c.truths[k.id], nil
			}
		}
	}
	switch p := p.(type) {
	case *query.Not:
		truth, err := t.truth(p.Term, c)
		return truth.Not(), err
	case *query.And:
		out := query.True
		for _, k := range p.Terms {
			truth, err := t.truth(k, c)
			if err != nil {
				return 0, err
			}
			out = min(out, truth)
		}
		return out, nil
	case *query.Or:
		out := query.False
		for _, k := range p.Terms {
			truth, err := t.truth(k, c)
			if err != nil {
				return 0, err
			}
			out = max(out, truth)
		}
		return out, nil
	}
	atoms := t.atoms
	if p == t.whole.pred {
		atoms = t.own
	}
	program := atoms[p]
	if program == nil {
		var err error
		if program, err = eval.CompilePred(p, eval.Options{}); err != nil {
			return 0, err
		}
		atoms[p] = program
	}
	return program.Truths(nil, c.Events.Docs[0], c.Now)[0], nil
}

// witness looks for a case that kills the mutant. No case and no reason is the
// proof that there is none.
func (t *trial) witness() (c *gen.Case, reason string) {
	if t.at == nil {
		return nil, "no case tells it from the rule, and changes of joins, counts and times are not solved for"
	}
	if c := t.probe(); c != nil {
		return c, ""
	}
	other := t.Plan()
	program, err := t.full()
	if err != nil {
		return nil, err.Error()
	}
	conflicts := 0
	for _, way := range []struct {
		plan    *query.Plan
		mutated bool
		expect  gen.Expect
	}{
		{t.rule, false, gen.Match},
		{other, true, gen.NoMatch},
	} {
		goals := t.apart(way.mutated)
		events, result := gen.Apart(way.plan, t.at.part, goals, t.solver, t.opts.Now)
		switch {
		case result.Solution != nil:
			if t.program.Run(events, t.opts.Now).Match == program.Run(events, t.opts.Now).Match {
				reason = "events that should tell them apart do not"
				continue
			}
			return &gen.Case{Expect: way.expect, Why: t.why(way.expect), Clause: t.Clause, Now: t.opts.Now, Events: events}, ""
		case result.Unknown != nil:
			reason = result.Unknown.Summary
		case t.proved(goals):
			conflicts++
		default:
			reason = "no single event tells them apart in a match; other events might"
		}
	}
	if conflicts == 2 {
		return nil, ""
	}
	return nil, reason
}

// proved reports whether no document whatever satisfies goals and has the fields
// without which an event takes no part.
func (t *trial) proved(goals []solver.Goal) bool {
	for _, f := range required(t.rule.Body, t.at.part) {
		goals = append(goals, solver.Goal{Pred: &query.Leaf{Field: f, Op: query.OpExists}, Want: solver.MustBeTrue})
	}
	return t.solver.Solve(solver.Problem{Goals: goals}).Conflict != nil
}

// required are the fields without which an event that satisfies the part-th
// predicate of a body takes no part in a match.
func required(body query.Body, part int) (fields []*query.Field) {
	keys := func(s query.Step) {
		for _, k := range s.By {
			if !k.Optional {
				fields = append(fields, k.Field)
			}
		}
	}
	switch body := body.(type) {
	case *query.Sequence:
		if part < len(body.Steps) {
			keys(body.Steps[part])
		}
	case *query.Sample:
		keys(body.Steps[part])
	case *query.Threshold:
		fields = slices.Clone(body.By)
		if body.Distinct != nil {
			fields = append(fields, body.Distinct.Field)
		}
	case *query.NewTerms:
		fields = body.Terms
	}
	return fields
}

// apart are the goals that a document satisfies the rule's predicate and not the
// mutant's; with mutated, the mutant's and not the rule's. Both are the same up
// to the changed node, so siblings on the way have to leave the outcome to it:
// what that means for three truth values is worked out in a comment.
//
// Let one of the two be True and the other NotTrue. Under an "and" the one that
// is True has only True terms, so all siblings are True; then each "and" is what
// its changed term is. Under an "or" the one that is NotTrue has only NotTrue
// terms, siblings included; then the other is True by its changed term alone.
// Under a "not" True becomes False and NotTrue becomes NotFalse, and the same
// reasoning holds with "and" and "or" exchanged.
func (t *trial) apart(mutated bool) []solver.Goal {
	var path []*site // from the root down
	for s := t.whole; s.up != nil; s = s.up {
		path = append(path, s)
	}
	slices.Reverse(path)
	holds, fails := solver.MustBeTrue, solver.NotTrue
	var goals []solver.Goal
	for _, s := range path {
		var rest solver.Mask
		switch s.up.pred.(type) {
		case *query.Not:
			if holds == solver.MustBeTrue {
				holds, fails = solver.MustBeFalse, solver.NotFalse
			} else {
				holds, fails = solver.MustBeTrue, solver.NotTrue
			}
			continue
		case *query.And:
			rest = solver.MustBeTrue
			if holds == solver.MustBeFalse {
				rest = solver.NotFalse
			}
		case *query.Or:
			rest = solver.NotTrue
			if holds == solver.MustBeFalse {
				rest = solver.MustBeFalse
			}
		}
		for _, k := range s.up.kids {
			if k != s {
				goals = append(goals, solver.Goal{Pred: k.pred, Want: rest})
			}
		}
	}
	one, other := t.whole.pred, t.build()
	if mutated {
		one, other = other, one
	}
	return append(goals, solver.Goal{Pred: one, Want: holds}, solver.Goal{Pred: other, Want: fails})
}

// Findings tells of each survivor, with a case that would kill it.
func (r *Result) Findings() query.Diagnostics {
	var ds query.Diagnostics
	for _, s := range r.Survivors {
		w := &r.Witnesses[s.Witness]
		d := query.Errorf(query.CodeSuspect, s.Clause, "no case objects if this %s (%s)", s.Change, s.Operator)
		d.Severity, d.Source = query.Note, s.plan.Source
		d.Detail = "this would:"
		if s.Diff != "" {
			d.Detail = s.Diff + "\n" + d.Detail
		}
		for _, doc := range append(slices.Clone(w.Events.Docs), w.Events.Indicators...) {
			d.Detail += "\n" + doc.String()
		}
		ds = append(ds, d)
	}
	return ds
}
