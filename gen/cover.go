package gen

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// cover builds the suite of one rule.
type cover struct {
	*subject
	opts    Options
	stamp   stamps
	suite   Suite
	bases   []*base
	from    []*base            // of each matching case: the solution behind it
	gates   []*gate            // one tree for each part of the plan
	targets []*target          // the leaves of all parts, in order
	near    map[string]int     // documents of near-misses, and the case that has them
	played  [][]query.Document // the documents, by slot, of covers and near-misses, where they are looked at again
	counts  map[string]int     // cases by kind
	key     uint64             // of the random streams of a realistic suite
}

// base is a solution in use, and its plainest documents.
type base struct {
	solution *solver.Solution
	template *template
	docs     []query.Document
	focus    *solver.Focus // what it is the answer to; nil for the rule as a whole
}

// target is a leaf in focus: what is to be shown of it, and what was.
type target struct {
	focus    solver.Focus
	leaf     *query.Leaf
	gate     *gate
	positive bool // the leaf has to be true for the rule to match
	nested   bool // the leaf is about an element of a nested object
	state    state
	items    []item           // of a list of two or more; else empty
	settled  int              // so many items at the start will not be swept again
	partner  []query.Document // matching documents that need the leaf

	// What the documents read last make of the leaf.
	truth   query.Truth
	hit     int  // the only item that its values satisfy; -1 if none or several
	on, off bool // it alone decides, and for the rule, or against it
}

type item struct {
	state state
	tries int // sweeps that put it in without effect
}

// state says how far a clause has been shown to matter.
type state uint8

const (
	untold  state = iota
	covered       // a case needs it
	dead          // proved: none can
	unknown       // a budget was spent
	excused       // it stands for the same text as another clause that is covered
)

// sweeps is how many solutions an item is tried on before the solver is asked.
const sweeps = 2

func newCover(s *subject, opts Options, stamp stamps) *cover {
	if slices.ContainsFunc(s.plan.Fields, func(f *query.Field) bool { return f.Name == "*" }) {
		stamp = stampNone // a search of every field would read the time as well
	}
	c := &cover{subject: s, opts: opts, stamp: stamp, near: map[string]int{}, counts: map[string]int{}}
	for _, part := range s.ask.parts {
		for _, f := range solver.Foci(part.pred, part.slot) {
			c.targets = append(c.targets, &target{focus: f, leaf: f.Leaf})
		}
	}
	rest := c.targets
	for _, part := range s.ask.parts {
		c.gates = append(c.gates, newGate(part.pred, true, false, &rest))
	}
	for _, t := range c.targets {
		if n := len(t.leaf.Items); n > 1 && !t.nested && opts.Cover != CoverLeaves && opts.Cover != CoverNone {
			t.items = make([]item, n)
		}
	}
	return c
}

// run makes all cases: first what covers, in the order of the clauses, then
// the near-misses.
func (c *cover) run() {
	first := c.newBase(c.first)
	if !c.match(first, first.docs, "a document that the rule is for", query.Span{}) || c.opts.Cover == CoverNone {
		return
	}
	for _, t := range c.targets {
		if t.state == untold && t.focus.On.Slot >= 0 {
			c.coverLeaf(t)
		}
	}
	for _, b := range c.bases[:len(c.bases):len(c.bases)] {
		c.sweep(b)
	}
	for _, t := range c.targets {
		for i := range t.items {
			if t.positive && t.state == covered && t.items[i].state == untold {
				c.coverItem(t, i)
			}
		}
	}
	if c.opts.Cover == CoverPairs || c.opts.Cover == CoverAll {
		c.combine()
	}
	if !c.opts.NoNearMisses {
		for _, t := range c.targets {
			if t.state == covered {
				c.nearMisses(t)
			}
		}
		c.twins()
	}
	if c.opts.Shapes {
		c.shapes()
	}
	if c.opts.Edges {
		c.edges()
	}
	c.alternatives()
	for _, t := range c.targets {
		if t.focus.On.Slot < 0 && c.shown(t.leaf) {
			t.state = covered
		}
		t.count(&c.suite.Leaves)
	}
}

// shown reports whether a twin shows what the step of a leaf does that must not
// happen: an until or a missing event.
func (c *cover) shown(leaf *query.Leaf) bool {
	return slices.ContainsFunc(c.suite.Cases, func(k Case) bool {
		return strings.HasPrefix(k.Name, "twin/") && k.Expect == NoMatch && k.Clause.Start <= leaf.Start && leaf.End <= k.Clause.End
	})
}

// alternatives adds a matching case for each other way to match.
func (c *cover) alternatives() {
	ask := c.ask
	for _, a := range c.more {
		if !slices.Equal(a.ask.parts, ask.parts) {
			c.otherParts(a)
			continue
		}
		c.ask = a.ask
		b := c.newBase(a.first)
		if c.matches(b.docs) {
			c.addCase(Match, b.docs, "another way for the rule to match", query.Span{})
			c.from = append(c.from, b)
		} else {
			c.report(c.mismatch(b.docs, Match))
		}
	}
	c.ask = ask
}

func (t *target) count(l *Leaves) {
	switch {
	case t.state == excused:
	case t.state == dead:
		l.Dead++
	case t.state != covered, slices.ContainsFunc(t.items, func(i item) bool { return i.state == unknown }):
		l.Uncovered++
	default:
		l.Covered++
	}
}

func (c *cover) newBase(solution *solver.Solution) *base {
	b := &base{solution: solution}
	if c.opts.Realistic {
		b.template = c.realistic(solution, c.stamp, c.key, true)
	} else {
		b.template = newTemplate(solution, c.stamp)
	}
	d := b.template.draft()
	d.time = c.now.Add(-c.ask.age)
	d.simplest()
	for slot := range b.template.slots {
		b.docs = append(b.docs, d.document(slot))
	}
	return b
}

// match re-matches documents of a solution, makes them a case and counts what
// they cover. It reports whether they match.
func (c *cover) match(b *base, docs []query.Document, why string, clause query.Span) bool {
	if !c.matches(docs) {
		if c.ask.distinct == nil || !c.short(c.diverse(docs[0])) {
			c.report(c.mismatch(docs, Match))
		} // else its bucket has too few different values, which only the first is known to have
		return false
	}
	c.bases = append(c.bases, b)
	c.read(docs)
	c.mark(docs)
	c.addCase(Match, docs, why, clause)
	c.from = append(c.from, b)
	return true
}

// mark notes what the documents read last, which match, show. It reports
// whether that is news.
func (c *cover) mark(docs []query.Document) (news bool) {
	for _, t := range c.targets {
		if !t.on {
			continue
		}
		if t.state != covered {
			t.state, t.partner, news = covered, docs, true
		}
		if t.positive && t.hit >= 0 && len(t.items) > 0 && t.items[t.hit].state != covered {
			t.items[t.hit].state, news = covered, true
		}
	}
	return news
}

var caseNames = map[Expect]string{Match: "cover/", NoMatch: "near-miss/"}

func (c *cover) addCase(expect Expect, docs []query.Document, why string, clause query.Span) {
	if c.opts.Edges || c.opts.Cover == CoverPairs {
		c.played = append(c.played, docs)
	}
	c.addEvents(caseNames[expect], expect, c.events(docs), why, clause)
}

func (c *cover) addEvents(kind string, expect Expect, events query.EventSet, why string, clause query.Span) {
	c.counts[kind]++
	c.suite.Count++
	c.suite.Cases = append(c.suite.Cases, Case{
		Name:   kind + strconv.Itoa(c.counts[kind]),
		Expect: expect,
		Why:    why,
		Clause: clause,
		Now:    c.now,
		Events: events,
	})
}

func (c *cover) report(d *query.Diagnostic) {
	c.suite.Findings = append(c.suite.Findings, c.at(d))
}

// solve looks for documents of a focus and further goals, in each of the ways
// in which the rule can match. Only if none of them allows any is that a proof.
func (c *cover) solve(f solver.Focus, more ...solver.Goal) solver.Result {
	result := c.solver.Solve(goals(c.ask, f, more))
	for _, a := range c.more {
		if result.Solution != nil {
			break
		}
		if !slices.Equal(a.ask.parts, c.ask.parts) {
			continue // its documents are those of other parts
		}
		other := c.solver.Solve(goals(a.ask, f, more))
		aboutIt := other.Conflict != nil && result.Conflict != nil && slices.Contains(other.Conflict.Spans, f.Leaf.Span)
		if other.Solution != nil || other.Unknown != nil || aboutIt {
			result = other
		}
	}
	for _, a := range c.open {
		if result.Conflict != nil && slices.Equal(a.ask.parts, c.ask.parts) {
			result = solver.Result{Unknown: a.unknown} // that way may allow it
		}
	}
	return c.proved(f, more, result)
}

// goals are those of the rule's other parts, then those of a focus. In a step
// that runs several times the focus is on each of its documents: broken in one
// of them alone, a clause on a joined key would contradict the others.
func goals(ask question, f solver.Focus, more []solver.Goal) solver.Problem {
	p := solver.Problem{Joins: ask.problem.Joins}
	first := f.On.Slot
	last := first + max(ask.runs[first], 1) - 1
	for _, g := range ask.problem.Goals {
		// The focus says more precisely what the part is to come to.
		part := slices.ContainsFunc(ask.parts, func(j judged) bool { return j.slot == first && j.pred == g.Pred })
		if g.Slot < first || g.Slot > last || !part {
			p.Goals = append(p.Goals, g)
		}
	}
	for slot := first; slot <= last; slot++ {
		for _, g := range append(f.Others[:len(f.Others):len(f.Others)], more...) {
			g.Slot = slot
			p.Goals = append(p.Goals, g)
		}
	}
	return p
}

// coverLeaf asks the solver for documents that match because of one leaf.
func (c *cover) coverLeaf(t *target) {
	why := "matches because " + says(c.plan.Source, t.leaf, -1, t.positive)
	b := c.decide(t, t.focus, why, &t.state)
	if b != nil && t.state != covered {
		if t.state = unknown; c.aliased() {
			return // what the pattern covers may be another field of the rule
		}
		d := c.mismatch(b.docs, Match)
		d.Summary = "a document that should need this clause does not"
		d.Subjects = []query.Span{t.leaf.Span}
		c.report(d)
	}
}

// aliased reports whether a field pattern of the rule, such as file.hash.*, covers
// another of its fields: to the solver they are fields of their own.
func (c *cover) aliased() bool {
	for _, pattern := range c.plan.Fields {
		if before, after, ok := strings.Cut(pattern.Name, "*"); ok {
			for _, f := range c.plan.Fields {
				if f != pattern && strings.HasPrefix(f.Name, before) && strings.HasSuffix(f.Name, after) {
					return true
				}
			}
		}
	}
	return false
}

// coverItem does so for one item of a list that no sweep could show.
func (c *cover) coverItem(t *target, i int) {
	why := "matches because " + says(c.plan.Source, t.leaf, i, true)
	b := c.decide(t, t.focus.Only(i), why, &t.items[i].state)
	if b != nil {
		if t.items[i].state != covered {
			t.items[i].state = unknown
		}
		c.sweep(b)
	}
}

// decide solves a focus in its On state and records the answer: a case, a dead
// clause or a spent budget.
func (c *cover) decide(t *target, f solver.Focus, why string, s *state) *base {
	result := c.solve(f, f.On)
	span, what := f.Leaf.Span, "clause"
	if f.Item >= 0 {
		span, what = f.Leaf.Items[f.Item].Span, "list item"
	}
	switch {
	case result.Conflict != nil:
		*s = dead
		c.reportDead(query.Warning, "this "+what+" can never decide the outcome", span, t, f.Item, result.Conflict)
	case result.Unknown != nil:
		*s = unknown
	default:
		b := c.newBase(result.Solution)
		if b.focus = &f; c.match(b, b.docs, why, span) {
			return b
		}
	}
	return nil
}

// reportDead reports a clause, or an item of its list, that makes no difference.
// The first subject is the clause, the others are what stands against it.
func (c *cover) reportDead(severity query.Severity, summary string, span query.Span, t *target, item int, conflict *solver.Conflict) {
	if slices.ContainsFunc(c.targets, func(o *target) bool {
		return o.leaf.Span == t.leaf.Span && o.leaf.Field != t.leaf.Field && o.state != dead
	}) {
		t.state = excused // one field of a pattern such as file.hash.*, which others fulfil
		return
	}
	d := &query.Diagnostic{Code: query.CodeDead, Severity: severity, Summary: summary, Subjects: []query.Span{span}}
	if text := excerpt(c.plan.Source.Slice(span)); text != "" {
		d.Summary += ": " + text
	}
	for _, s := range conflict.Spans {
		if s.Start > span.Start || s.End < span.End { // not the clause itself, nor what it stands in
			d.Subjects = append(d.Subjects, s)
		}
	}
	d.Detail = t.because(severity, d.Subjects[1:], conflict)
	if item >= 0 {
		if by, ok := c.subsumed(t, item); ok {
			text, other := itemText(c.plan.Source, t.leaf, &t.leaf.Items[item]), itemText(c.plan.Source, t.leaf, &t.leaf.Items[by])
			d.Subjects = []query.Span{span, t.leaf.Items[by].Span}
			d.Detail = "whatever satisfies " + text + " satisfies " + other + " as well"
			if text == other {
				if item < by {
					return // it is said of the second
				}
				d.Summary, d.Detail = "this list item is there twice: "+text, ""
			}
		}
	}
	c.report(d)
}

// because says in words why a clause makes no difference, given what else is
// underlined.
func (t *target) because(severity query.Severity, others []query.Span, conflict *solver.Conflict) string {
	if severity == query.Note { // the clause is what could not be broken
		switch len(others) {
		case 0:
			return "it lets everything through"
		case 1:
			return "whatever gets past the other underlined clause gets past this one as well"
		}
		return "whatever gets past the other underlined clauses gets past this one as well"
	}
	// Other clauses had to hold, and alternatives to this one had to fail.
	alternatives := 0
	for _, s := range others {
		if slices.ContainsFunc(t.focus.Others, func(g solver.Goal) bool {
			at := g.Pred.Pos()
			for _, l := range query.Leaves(nil, g.Pred) {
				at = at.Join(l.Span)
			}
			return g.Want&solver.MustBeTrue == 0 && at.Start <= s.Start && s.End <= at.End
		}) {
			alternatives++
		}
	}
	switch {
	case alternatives == 0:
		return conflict.Reason
	case alternatives == len(others):
		return "where it holds, what else is underlined holds already"
	}
	return "where it holds, what else is underlined has decided already"
}

// subsumed looks for the item of a list because of which another item never
// decides: the evaluator names candidates, the solver proves it.
func (c *cover) subsumed(t *target, i int) (by int, ok bool) {
	one, other := *t.leaf, *t.leaf
	one.Items = t.leaf.Items[i : i+1]
	result := c.solver.Solve(solver.Problem{Goals: []solver.Goal{{Pred: &one, Want: solver.MustBeTrue}}})
	if result.Solution == nil {
		return 0, false
	}
	hits := c.hits(t, c.newBase(result.Solution).docs[0])
	for _, k := range hits {
		if k == i {
			continue
		}
		other.Items = t.leaf.Items[k : k+1]
		if c.solver.Solve(solver.Problem{Goals: []solver.Goal{{Pred: &one, Want: solver.MustBeTrue}, {Pred: &other, Want: solver.NotTrue}}}).Conflict != nil {
			return k, true
		}
	}
	return 0, false
}

// sweep covers list items by exchanging values in the documents of a base: any
// member of a solution's sets gives a solution again, so each round puts the
// next open item of every deciding list in.
func (c *cover) sweep(b *base) {
	c.read(b.docs)
	var lists []place
	for _, t := range c.targets {
		if t.on && t.positive && len(t.items) > 0 {
			if p, ok := b.place(t); ok {
				lists = append(lists, p)
			}
		}
	}
	for {
		docs := slices.Clone(b.docs)
		var why []string
		var clause query.Span
		taken := map[*query.Field]bool{}
		for _, p := range lists {
			if taken[p.target.leaf.Field] {
				continue
			}
			if i, v, ok := p.next(); ok {
				taken[p.target.leaf.Field] = true
				docs[p.slot] = docs[p.slot].With(p.name, v)
				why = append(why, says(c.plan.Source, p.target.leaf, i, true))
				clause = clause.Join(p.target.leaf.Items[i].Span)
			}
		}
		if len(why) == 0 {
			return
		}
		if !c.matches(docs) {
			c.report(c.mismatch(docs, Match))
			return
		}
		c.read(docs)
		if c.mark(docs) {
			if len(why) > 1 {
				clause = query.Span{} // there is no one clause
			}
			if len(why) > listed+1 {
				why = append(why[:listed], "and "+strconv.Itoa(len(why)-listed)+" more")
			}
			c.addCase(Match, docs, "matches because "+strings.Join(why, "; "), clause)
			c.from = append(c.from, b)
		}
	}
}

// place is where the values of a list stand in the documents of a solution.
type place struct {
	target *target
	set    solver.Set
	slot   int
	name   string
	value  query.Value // what stands there
	hit    int         // the only item that it satisfies, or -1
}

// place finds the FieldSet of a target's field, if its one value can be
// exchanged without touching any other field.
func (b *base) place(t *target) (place, bool) {
	at := -1
	for i, fs := range b.solution.Fields {
		if fs.Field == t.leaf.Field && fs.Slot == t.focus.On.Slot {
			if at >= 0 || fs.Group != 0 || fs.Class != 0 || fs.Derive != nil || len(fs.Values) != 1 {
				return place{}, false
			}
			at = i
		}
	}
	for _, fs := range b.solution.Fields {
		if fs.Derive != nil && slices.Contains(fs.Derive.From, at) {
			return place{}, false
		}
	}
	if at < 0 {
		return place{}, false
	}
	p := place{target: t, set: b.solution.Fields[at].Values[0], slot: t.focus.On.Slot, name: concrete(t.leaf.Field.Name), hit: t.hit}
	if values := b.docs[p.slot].Lookup(nil, p.name); len(values) == 1 {
		p.value = values[0]
	}
	return p, true
}

// next returns the next open item of the list and a value for it.
func (p *place) next() (int, query.Value, bool) {
	t := p.target
	for i := t.settled; i < len(t.items); i++ {
		it := &t.items[i]
		if it.state != untold || it.tries >= sweeps {
			if i == t.settled {
				t.settled++
			}
			continue
		}
		it.tries++
		if v, ok := p.itemValue(i); ok {
			return i, v, true
		}
	}
	return 0, query.Value{}, false
}

// itemValue writes a value that satisfies an item as a person would, if the set
// has it. It only saves solving: whether the value does what it should is the
// evaluator's to say.
func (p *place) itemValue(i int) (query.Value, bool) {
	leaf := p.target.leaf
	o := &leaf.Items[i]
	var tries []query.Value
	switch leaf.Op {
	case query.OpEqual, query.OpPhrase, query.OpWord:
		tries = []query.Value{o.Value}
		if p.hit >= 0 { // other clauses may want other words of the same text
			was := leaf.Items[p.hit].Value.Str()
			tries = append(tries, query.StringOf(strings.Replace(p.value.Str(), was, o.Value.Str(), 1)))
		}
	case query.OpGlob, query.OpWordGlob:
		// Something for every star: an empty one would not show that it is there.
		tries = []query.Value{query.StringOf(fillGlob(o.Glob, "any")), query.StringOf(fillGlob(o.Glob, ""))}
		if p.hit >= 0 { // other clauses may want the rest of the text
			was := fillGlob(leaf.Items[p.hit].Glob, "")
			if rest := strings.Replace(p.value.Str(), was, fillGlob(o.Glob, ""), 1); was != "" && rest != p.value.Str() {
				tries = append(tries, query.StringOf(rest))
			}
		}
	case query.OpNet:
		tries = []query.Value{query.StringOf(o.Net.Addr().String()), query.StringOf(o.Net.Addr().Next().String())}
	case query.OpRange:
		for _, b := range []*query.Bound{o.Low, o.High} {
			if b != nil && b.Date == nil {
				tries = append(tries, b.Value)
			}
		}
	}
	for _, v := range tries {
		if p.set.Contains(v) {
			return v, true
		}
	}
	return query.Value{}, false
}

// fillGlob replaces the wildcards of a glob; a lone ? before a colon is a
// drive, which is C more often than not.
func fillGlob(g query.Glob, any string) string {
	var b strings.Builder
	for i, p := range g {
		switch {
		case p.Kind == query.GlobText:
			b.WriteString(p.Text)
		case p.Kind == query.GlobAny:
			b.WriteString(any)
		case i+1 < len(g) && strings.HasPrefix(g[i+1].Text, ":"):
			b.WriteByte('C')
		default:
			b.WriteByte('a')
		}
	}
	return b.String()
}
