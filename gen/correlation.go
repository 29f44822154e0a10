package gen

import (
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// This file reads correlations for the solver; correlation_twins.go makes their
// twins. A way for a correlation to fire is a choice of rules with a number of
// events for each; the events get slots, in order of the rules, a millisecond
// apart. Because a way is minimal, every event of it is needed, and near-misses
// come out right.

// series says what becomes of the documents of a correlation's slots.
type series struct {
	turns []turn
	total int           // of documents
	space time.Duration // between them: none where they would not fit the window
}

// turn is the document of a slot, several times over.
type turn struct {
	slot, times int
	rule        int            // of the outermost correlation
	vary        []*query.Field // in which the documents differ; nil: in none
}

// way is how many events of each rule make a correlation fire, and what is
// asked of their values.
type way struct {
	times []int // by rule
	value []query.Pred
	vary  []*query.Field
	guess bool // that it cannot be is no proof: other values might do
	later bool // it is tried where the ways before it cannot be
	some  bool // there are other ways that are not tried
}

// mostWays bounds the ways of one correlation.
const mostWays = 16

// correlation asks for the events of each way. Where several rules take part
// the events of one should not be those of another, or a near-miss of one would
// be made up for; if that is impossible, the rules overlap and it is waived.
func correlation(body *query.Correlation) ([]question, *query.Diagnostic) {
	ways, d := waysOf(body)
	if d != nil {
		return nil, d
	}
	var strict, loose []question
	for _, w := range ways {
		for _, apart := range []bool{true, false} {
			a := assembly{q: question{age: caseAge, series: &series{}}}
			a.q.narrow = len(ways) > 1 || w.value != nil
			a.lay(body, w, -1)
			if a.failed != nil {
				return nil, a.failed
			}
			a.finish(body, apart)
			a.q.fallback = w.later
			a.q.partial = a.q.partial || w.some
			if apart {
				strict = append(strict, a.q)
			} else if a.q.narrow = true; len(a.q.parts) > 1 {
				a.q.fallback, a.q.loose = true, true
				loose = append(loose, a.q)
			}
		}
	}
	return append(strict, loose...), nil
}

// assembly is a question that is put together.
type assembly struct {
	q      question
	slots  int
	failed *query.Diagnostic
}

// lay gives the events of a way slots. It returns the last one: that of an
// alert's last document, which stands for the alert. rule is the position in the
// outermost correlation; -1 there.
func (a *assembly) lay(b *query.Correlation, w way, rule int) (last int) {
	var joins []solver.Join
	for i := range b.Rules {
		r, at := &b.Rules[i], rule
		if at < 0 {
			at = i
		}
		times, slot := w.times[i], -1
		switch {
		case r.Correlation == nil && times > 0:
			slot = a.slots
			a.slots++
			a.q.ask(r.Where, solver.MustBeTrue, slot)
			a.q.series.turns = append(a.q.series.turns, turn{slot, times, at, w.vary})
			a.q.series.total += times
			a.q.parts = append(a.q.parts, judged{r.Where, slot})
		case r.Correlation == nil:
			a.q.parts = append(a.q.parts, judged{r.Where, -1})
		case times == 0:
			for p := range r.Correlation.Preds {
				a.q.parts = append(a.q.parts, judged{p, -1})
			}
		case times > 1:
			a.failed = query.Errorf(query.CodeUnsupported, r.Span, "several alerts of a correlation inside another are not handled")
			return 0
		default:
			ways, d := waysOf(r.Correlation)
			if d != nil {
				a.failed = d
				return 0
			}
			a.q.partial = a.q.partial || len(ways) > 1
			slot = a.lay(r.Correlation, ways[0], at)
			if a.failed != nil {
				return 0
			}
		}
		if slot < 0 {
			continue
		}
		last = slot
		for k, key := range r.By {
			if k == len(joins) {
				joins = append(joins, solver.Join{})
			}
			joins[k].Ends = append(joins[k].Ends, solver.End{Slot: slot, Field: key.Field})
			joins[k].Span = joins[k].Span.Join(key.Span)
		}
		if b.Kind == query.ValueCount && w.value == nil {
			a.q.present(slot, b.Span, b.Values...)
		}
		for _, v := range w.value {
			a.q.problem.Goals = append(a.q.problem.Goals, solver.Goal{Pred: v, Want: solver.MustBeTrue, Slot: slot})
			if w.guess {
				a.q.guessed = append(a.q.guessed, v)
			}
		}
	}
	for _, j := range joins {
		if len(j.Ends) == 1 {
			a.q.present(j.Ends[0].Slot, j.Span, j.Ends[0].Field)
		} else {
			a.q.problem.Joins = append(a.q.problem.Joins, j)
		}
	}
	return last
}

// finish keeps the events apart and spaces them out.
func (a *assembly) finish(b *query.Correlation, apart bool) {
	for slot := range a.slots {
		for _, p := range a.q.parts {
			if p.slot != slot && (apart || p.slot < 0) {
				a.q.ask(p.pred, solver.NotTrue, slot)
			}
		}
	}
	s := a.q.series
	s.space = time.Millisecond
	if w := narrowest(b); w > 0 && time.Duration(s.total-1)*s.space > w {
		s.space = 0
	}
	a.q.age = max(caseAge, time.Duration(s.total)*s.space)
	if a.q.narrow = a.q.narrow || a.q.partial || a.slots > 1; s.total > a.slots || s.space == 0 {
		a.q.copies = max(s.total, 2)
	}
}

// narrowest is the shortest window of a correlation and those in it.
func narrowest(b *query.Correlation) time.Duration {
	w := b.Window
	for i := range b.Rules {
		if inner := b.Rules[i].Correlation; inner != nil {
			if n := narrowest(inner); n > 0 && (w <= 0 || n < w) {
				w = n
			}
		}
	}
	return w
}

// never is asked where the bounds of a correlation exclude each other.
func never(b *query.Correlation, way way) way {
	at := b.Span
	for i, bound := range b.Bounds {
		if at = at.Join(bound.Span); i == 0 {
			at = bound.Span
		}
	}
	way.value = []query.Pred{&query.Const{Span: at}}
	return way
}

// waysOf returns ways for a correlation to fire, the one to begin with first.
func waysOf(b *query.Correlation) ([]way, *query.Diagnostic) {
	if len(b.Rules) == 0 {
		return nil, query.Errorf(query.CodeUnsupported, b.Span, "a correlation without rules is not handled")
	}
	alone := func(n int) (ways []way) { // of each rule
		for i := range min(len(b.Rules), mostWays) {
			w := way{times: make([]int, len(b.Rules)), some: len(b.Rules) > mostWays}
			w.times[i] = n
			ways = append(ways, w)
		}
		return ways
	}
	switch b.Kind {
	case query.Temporal, query.TemporalOrdered:
		return together(b)
	case query.EventCount, query.ValueCount:
		n, d := least(b)
		switch {
		case d != nil:
			return nil, d
		case n < 0:
			return []way{never(b, alone(1)[0])}, nil
		case b.Kind == query.ValueCount:
			return valueWays(b, n, alone(max(n, 1))), nil
		case n < len(b.Rules):
			return alone(n), nil
		}
		all := way{times: make([]int, len(b.Rules))}
		for i := range all.times {
			all.times[i] = 1
		}
		// Further events are of the first rule that is no correlation.
		i := max(slices.IndexFunc(b.Rules, func(r query.CorrelationRule) bool { return r.Correlation == nil }), 0)
		all.times[i] += n - len(b.Rules)
		ways := []way{all}
		if len(b.Rules) > 1 { // one of them might be unsatisfiable
			for _, w := range alone(n) {
				w.later = true
				ways = append(ways, w)
			}
		}
		return ways[:min(len(ways), mostWays)], nil
	}
	var ways []way
	for _, w := range alone(1) {
		// Two events show more than one. More are for values that the rule fixes.
		for _, n := range []int{2, 1, 16, 256, 4096} {
			share := 1
			if b.Kind == query.ValueSum {
				share = n
			} else if n > 2 {
				continue
			}
			value := within(b, share)
			if value == nil {
				return nil, query.Errorf(query.CodeUnsupported, b.Span, "no number was found for this condition")
			}
			next := way{times: slices.Clone(w.times), value: value, guess: true, later: n != 2}
			next.times[slices.Index(w.times, 1)] = n
			ways = append(ways, next)
		}
	}
	return ways, nil
}

// valueWays completes ways to count n different values.
func valueWays(b *query.Correlation, n int, ways []way) []way {
	for i := range ways {
		w := &ways[i]
		rule := &b.Rules[slices.IndexFunc(w.times, func(n int) bool { return n > 0 })]
		if n == 0 {
			w.value = []query.Pred{&query.Not{Span: b.Span, Term: &query.Leaf{Span: b.Span, Field: b.Values[0], Op: query.OpExists}}}
			continue
		}
		for _, f := range b.Values { // a key is the same for all
			if !slices.ContainsFunc(rule.By, func(k query.Key) bool { return k.Field == f }) {
				w.vary = append(w.vary, f)
			}
		}
		if n > 1 && w.vary == nil {
			*w = never(b, *w)
		}
	}
	return ways
}

// together returns the minimal sets of rules with which a temporal correlation
// fires.
func together(b *query.Correlation) ([]way, *query.Diagnostic) {
	n := len(b.Rules)
	all := make([]bool, n)
	for i := range all {
		all[i] = true
	}
	fires := func(in []bool) bool {
		count := 0
		for _, is := range in {
			if is {
				count++
			}
		}
		return count > 0 && meets(b.Bounds, query.IntOf(int64(count))) && (b.Condition == nil || satisfied(b.Condition, in))
	}
	var ways []way
	add := func(in []bool) {
		w := way{times: make([]int, n)}
		for i, is := range in {
			if is {
				w.times[i] = 1
			}
		}
		ways = append(ways, w)
	}
	const few = 12
	switch {
	case n > few && b.Condition != nil && !fires(all):
		return nil, query.Errorf(query.CodeUnsupported, b.Condition.Span, "such a condition over more than %d rules is not handled", few)
	case n > few && fires(all):
		for i := range all { // drop what is not needed
			if all[i] = false; !fires(all) {
				all[i] = true
			}
		}
		add(all)
		ways[0].some = slices.Contains(all, false)
	case n > few:
		for i := range all {
			all[i] = false
		}
		for i := range all {
			if all[i] = true; fires(all) {
				add(all)
				ways[0].some = true
				break
			}
		}
	default:
		var minimal []uint
		for size := 1; size <= n; size++ {
			for set := range uint(1) << n {
				if bits.OnesCount(set) != size || slices.ContainsFunc(minimal, func(m uint) bool { return m&set == m }) {
					continue
				}
				in := make([]bool, n)
				for i := range in {
					in[i] = set&(1<<i) != 0
				}
				if fires(in) {
					minimal = append(minimal, set)
					add(in)
				}
			}
		}
		for i := range ways {
			ways[i].some = len(ways) > mostWays
		}
		ways = ways[:min(len(ways), mostWays)]
	}
	if len(ways) == 0 {
		add(all)
		ways[0] = never(b, ways[0])
		if b.Condition != nil {
			ways[0].value = []query.Pred{&query.Const{Span: b.Condition.Span}}
		}
	}
	return ways, nil
}

// satisfied evaluates a condition over the rules that are satisfied.
func satisfied(l *query.CorrelationLogic, in []bool) bool {
	if len(l.Terms) == 0 {
		return in[l.Rule]
	}
	for _, t := range l.Terms {
		if satisfied(t, in) != (l.Op == query.AllOf) {
			return l.Op == query.AnyOf
		}
	}
	return l.Op != query.AnyOf
}

// meets reports whether a measure is within all bounds.
func meets(bounds []query.CorrelationBound, m query.Value) bool {
	for _, b := range bounds {
		order := query.CompareNumbers(m, b.Value)
		if holds := [...]bool{query.EQ: order == 0, query.NE: order != 0, query.LT: order < 0, query.LE: order <= 0, query.GT: order > 0, query.GE: order >= 0}; !holds[b.Op] {
			return false
		}
	}
	return true
}

// least returns the least count that meets the bounds, -1 if there is none. No
// event at all is no count, and no value at all the last choice.
func least(b *query.Correlation) (int, *query.Diagnostic) {
	for n := 1; n <= maxCopies; n++ {
		if meets(b.Bounds, query.IntOf(int64(n))) {
			return n, nil
		}
	}
	for _, edge := range edges(b.Bounds, 1) {
		if edge.Float() > maxCopies && meets(b.Bounds, edge) {
			return 0, query.Errorf(query.CodeLimit, b.Span, "the correlation asks for more than %d events", maxCopies)
		}
	}
	if b.Kind == query.ValueCount && meets(b.Bounds, query.IntOf(0)) {
		return 0, nil
	}
	return -1, nil
}

// edges are the numbers of the bounds and those beside them, each a share of
// the whole.
func edges(bounds []query.CorrelationBound, share int) (values []query.Value) {
	for _, b := range bounds {
		for _, by := range []float64{0, 1, -1} {
			values = append(values, plainNumber((b.Value.Float()+by)/float64(share)))
		}
	}
	return values
}

// plainNumber is a whole number as such.
func plainNumber(x float64) query.Value {
	if x == float64(int64(x)) {
		return query.IntOf(int64(x))
	}
	return query.FloatOf(x)
}

// within asks for a value of which share many add up to something within the
// bounds; nil if none is known.
func within(b *query.Correlation, share int) (preds []query.Pred) {
	if len(b.Values) != 1 {
		return nil
	}
	f := b.Values[0]
	if f.Type.Family() == query.Strings { // the text of one such number
		for _, v := range edges(b.Bounds, share) {
			if meets(b.Bounds, plainNumber(v.Float()*float64(share))) {
				return []query.Pred{&query.Leaf{Span: b.Span, Field: f, Op: query.OpEqual, Items: []query.Operand{{Span: b.Span, Value: query.StringOf(v.String())}}}}
			}
		}
		return nil
	}
	preds = []query.Pred{&query.Leaf{Span: b.Span, Field: f, Op: query.OpExists}}
	for _, bound := range b.Bounds {
		v := plainNumber(bound.Value.Float() / float64(share))
		o := query.Operand{Span: bound.Span, Value: v}
		leaf := &query.Leaf{Span: bound.Span, Field: f, Op: query.OpRange}
		switch bound.Op {
		case query.EQ, query.NE:
			leaf.Op = query.OpEqual
		case query.LT, query.LE:
			o = query.Operand{Span: bound.Span, High: &query.Bound{Value: v, Inclusive: bound.Op == query.LE}}
		case query.GT, query.GE:
			o = query.Operand{Span: bound.Span, Low: &query.Bound{Value: v, Inclusive: bound.Op == query.GE}}
		}
		leaf.Items = []query.Operand{o}
		if bound.Op == query.NE {
			preds = append(preds, &query.Not{Span: bound.Span, Term: leaf})
		} else {
			preds = append(preds, leaf)
		}
	}
	return preds
}

// answer solves a question. Where its values were guessed, only a conflict
// without them is a proof.
func (s *subject) answer(q question) solver.Result {
	result := s.solver.Solve(q.problem)
	if result.Solution != nil && !s.varied(q, result.Solution) {
		return solver.Result{Unknown: query.Errorf(query.CodeBudget, s.plan.Body.(*query.Correlation).Span, "not as many different values were found as the correlation counts")}
	}
	if result.Conflict == nil || q.guessed == nil && !q.partial {
		return result
	}
	at := s.plan.Body.(*query.Correlation).Span
	if q.partial {
		return solver.Result{Unknown: query.Errorf(query.CodeBudget, at, "not all ways in which the correlation fires were tried")}
	}
	free := solver.Problem{Joins: q.problem.Joins}
	for _, g := range q.problem.Goals {
		if !slices.Contains(q.guessed, g.Pred) {
			free.Goals = append(free.Goals, g)
		}
	}
	if proof := s.solver.Solve(free); proof.Conflict != nil {
		return proof
	}
	return solver.Result{Unknown: query.Errorf(query.CodeBudget, at, "no events were found with which the correlation fires")}
}

// varied reports whether documents of a solution can have as many different
// values as the correlation counts.
func (s *subject) varied(q question, solution *solver.Solution) bool {
	if q.series == nil || !slices.ContainsFunc(q.series.turns, func(t turn) bool { return t.vary != nil && t.times > 1 }) {
		return true
	}
	sub := *s
	sub.ask, sub.first = q, solution
	return sub.matches(sub.plainest(solution, stampEvent))
}

// proved looks whether a focus of a correlation that has no solution among the
// questions asked has none at all: a conflict of the rule by itself.
func (c *cover) proved(f solver.Focus, more []solver.Goal, result solver.Result) solver.Result {
	if result.Conflict == nil || !c.ask.narrow {
		return result
	}
	alone := solver.Problem{Goals: append(slices.Clone(f.Others), more...)}
	for i := range alone.Goals {
		alone.Goals[i].Slot = 0
	}
	if proof := c.solver.Solve(alone); proof.Conflict != nil {
		return proof
	}
	return solver.Result{Unknown: query.Errorf(query.CodeBudget, f.Leaf.Span, "not all ways in which the correlation fires were tried")}
}

// spread makes the events of a correlation out of the documents of its slots.
func (s *subject) spread(docs []query.Document) []query.Document {
	q := s.ask.series
	if s.ask.copies == 0 {
		return docs
	}
	events := make([]query.Document, 0, q.total)
	for _, t := range q.turns {
		variants := []query.Document{docs[t.slot]}
		for _, f := range t.vary {
			for v := range s.others(docs[t.slot], f) {
				if len(variants) >= t.times {
					break
				}
				variants = append(variants, docs[t.slot].With(concrete(f.Name), v))
			}
		}
		for i := range t.times {
			doc := variants[min(i, len(variants)-1)]
			events = append(events, later(doc, time.Duration(len(events))*q.space-time.Duration(t.slot)*time.Millisecond))
		}
	}
	return events
}

// jointOf notes the fields that a correlation groups or measures by.
func jointOf(b *query.Correlation, joint map[*query.Field]bool) {
	for _, f := range b.Values {
		joint[f] = true
	}
	for i := range b.Rules {
		for _, k := range b.Rules[i].By {
			joint[k.Field] = true
		}
		if inner := b.Rules[i].Correlation; inner != nil {
			jointOf(inner, joint)
		}
	}
}

// otherParts covers the parts of the plan that take part in another way to
// match only, by the cases of a suite for that way alone.
func (c *cover) otherParts(a alternative) {
	sub := *c.subject
	sub.ask, sub.first, sub.more = a.ask, a.first, nil
	other := newCover(&sub, c.opts, c.stamp)
	other.key = c.key
	other.run()
	for _, d := range other.suite.Findings {
		if d.Code == query.CodeMismatch {
			c.report(d)
		}
	}
	var fresh []query.Span // clauses that no way before took part with
	for i, t := range c.targets {
		if o := other.targets[i]; t.focus.On.Slot < 0 && o.focus.On.Slot >= 0 && t.state == untold {
			t.state, t.items = o.state, o.items
			fresh = append(fresh, t.leaf.Span)
		}
	}
	covers := 0
	for i := range other.suite.Cases {
		k := &other.suite.Cases[i]
		covering := strings.HasPrefix(k.Name, caseNames[Match])
		if covering {
			covers++
		}
		switch {
		case i == 0:
			k.Why = "another way for the rule to match"
		case !slices.ContainsFunc(fresh, func(s query.Span) bool { return s.Start <= k.Clause.Start && k.Clause.End <= s.End && s.End > 0 }):
			continue
		}
		c.addEvents(k.Name[:strings.Index(k.Name, "/")+1], k.Expect, k.Events, k.Why, k.Clause)
		if covering {
			c.from = append(c.from, other.from[covers-1])
		}
	}
}
