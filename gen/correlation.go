package gen

import (
	"slices"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// This file reads correlations for the solver. A way for one to fire
// (correlation_ways.go) says how many events of which rules there are; the
// events of a search get a slot, in the order of the rules, and those of a
// correlation inside the slots of the alert that they raise. What becomes of
// the documents of the slots, some of them several times over, is in
// correlation_events.go, proofs are in correlation_proof.go, and twins in
// correlation_twins.go. Because a way is minimal, every event of it is needed,
// and near-misses come out right.

// series says what becomes of the documents of a correlation's slots.
type series struct {
	body  *query.Correlation
	turns []turn
	total int           // of documents
	space time.Duration // between them: none where they would not fit the window
}

// turn is the document of a slot, or an alert of several, several times over.
type turn struct {
	rule   int    // of the correlation that it is an event of
	slot   int    // of the document; of an alert that of its last one
	of     []turn // of an alert: what it is made of
	times  int
	vary   []*query.Field // in which the events differ; nil: in none
	linked [][]solver.End // with each of vary: what has to be the same inside an alert
	keys   []*query.Field // of the group, and so the same for all
}

// size is how many documents a turn stands for.
func (t *turn) size() int {
	if t.of == nil {
		return t.times
	}
	return t.times * t.each()
}

// each is how many documents one event of the turn has.
func (t *turn) each() int {
	if t.of == nil {
		return 1
	}
	n := 0
	for i := range t.of {
		n = min(n+t.of[i].size(), maxCopies+1)
	}
	return n
}

// correlation asks for the events of each way. Where several rules take part
// the events of one should not be those of another, or a near-miss of one would
// be made up for; if that is impossible, the rules overlap and it is waived.
func correlation(body *query.Correlation) ([]question, *query.Diagnostic) {
	ways, d := waysOf(body, false)
	if d != nil {
		return nil, d
	}
	var strict, loose []question
	for i := range ways {
		w := &ways[i]
		if w.never != nil {
			strict = append(strict, question{age: caseAge, never: w.never})
			continue
		}
		for _, apart := range []bool{true, false} {
			a := assembly{placed: map[query.Pred]int{}}
			a.q = question{age: caseAge, guess: w.guess, balance: w.balance, fallback: w.later, partial: w.some}
			turns, _ := a.lay(body, w)
			a.q.series = &series{body: body, turns: turns}
			a.finish(body, apart)
			a.q.narrow = len(ways) > 1 || w.guess || a.q.partial || len(a.holds) > 1
			if d := a.q.pace(); d != nil {
				return nil, d
			}
			a.q.checked = w.guess || w.balance || w.nested() || !rising(body)
			if apart {
				strict = append(strict, a.q)
			} else if len(a.q.parts) > 1 {
				a.q.narrow, a.q.fallback, a.q.loose, a.q.checked = true, true, true, true
				loose = append(loose, a.q)
			}
		}
	}
	return append(strict, loose...), nil
}

// assembly is a question that is put together.
type assembly struct {
	q      question
	holds  [][]query.Pred     // by slot: the searches whose event it is
	placed map[query.Pred]int // the first slot of each search that takes part
	bars   []bar
}

// bar keeps an event of a search out of some slots, as it would undo the alert.
type bar struct {
	pred     query.Pred // of the plan
	goal     query.Pred // what has not to be true
	from, to int        // slots
}

// lay gives the events of a way slots. It returns the last one: that of an
// alert's last document, which stands for the alert.
func (a *assembly) lay(b *query.Correlation, w *way) (turns []turn, last int) {
	var joins []solver.Join
	from := len(a.holds)
	taking := make([]bool, len(b.Rules))
	for i := range w.shares {
		sh := &w.shares[i]
		r := &b.Rules[sh.rule]
		t := turn{rule: sh.rule, times: sh.times, vary: sh.vary}
		rules := append([]int{sh.rule}, sh.also...)
		if r.Correlation != nil {
			t.of, t.slot = a.lay(r.Correlation, sh.inner)
		} else {
			t.slot = len(a.holds)
			a.holds = append(a.holds, nil)
			for _, i := range rules {
				where := b.Rules[i].Where
				a.q.ask(where, solver.MustBeTrue, t.slot)
				a.holds[t.slot] = append(a.holds[t.slot], where)
				if _, ok := a.placed[where]; !ok {
					a.placed[where] = t.slot
				}
			}
		}
		for _, f := range t.vary {
			t.linked = append(t.linked, a.linked(t.slot, f))
		}
		last = t.slot
		for _, i := range rules {
			taking[i] = true
			for k, key := range b.Rules[i].By {
				if k == len(joins) {
					joins = append(joins, solver.Join{})
				}
				t.keys = append(t.keys, key.Field)
				if end := (solver.End{Slot: t.slot, Field: key.Field}); !slices.Contains(joins[k].Ends, end) {
					joins[k].Ends = append(joins[k].Ends, end)
					joins[k].Span = joins[k].Span.Join(key.Span)
				}
			}
		}
		if b.Kind == query.ValueCount && sh.value == nil {
			a.q.present(t.slot, b.Span, b.Values...)
		}
		for _, v := range sh.value {
			a.q.ask(v, solver.MustBeTrue, t.slot)
		}
		turns = append(turns, t)
	}
	for _, j := range joins {
		if len(j.Ends) == 1 {
			a.q.present(j.Ends[0].Slot, j.Span, j.Ends[0].Field)
		} else {
			a.q.problem.Joins = append(a.q.problem.Joins, j)
		}
	}
	if !rising(b) && (b.Kind == query.EventCount || b.Kind == query.Temporal || b.Condition != nil) {
		a.bar(b, taking, from)
	}
	return turns, last
}

// bar keeps the rules that take no part in a way out of its slots: where more
// is not better, an event of theirs may undo the alert.
func (a *assembly) bar(b *query.Correlation, taking []bool, from int) {
	for i := range b.Rules {
		r := &b.Rules[i]
		switch {
		case taking[i]:
		case r.Correlation != nil:
			a.q.partial = true // its events may be there, as long as they raise no alert
		default:
			goal := r.Where
			var there []query.Pred
			for k, key := range r.By {
				if !slices.ContainsFunc(b.Rules, func(o query.CorrelationRule) bool { return o.By[k].Field != key.Field }) {
					continue
				}
				// An event without this key takes no part for this rule, and one
				// with another value does in another group.
				there = append(there, &query.Leaf{Span: key.Span, Field: key.Field, Op: query.OpExists})
				a.q.partial = true
			}
			if there != nil {
				goal = &query.And{Span: r.Span, Terms: append([]query.Pred{r.Where}, there...)}
			}
			a.bars = append(a.bars, bar{r.Where, goal, from, len(a.holds)})
		}
	}
}

// linked returns what the joins so far tie to a field of a slot.
func (a *assembly) linked(slot int, f *query.Field) []solver.End {
	ends := []solver.End{{Slot: slot, Field: f}}
	for i := 0; i < len(ends); i++ {
		for _, j := range a.q.problem.Joins {
			if !slices.Contains(j.Ends, ends[i]) {
				continue
			}
			for _, e := range j.Ends {
				if !slices.Contains(ends, e) {
					ends = append(ends, e)
				}
			}
		}
	}
	return ends
}

// finish notes what judges which slot, and keeps the events apart.
func (a *assembly) finish(b *query.Correlation, apart bool) {
	for p := range b.Preds {
		slot, ok := a.placed[p]
		if !ok {
			slot = -1
		}
		a.q.parts = append(a.q.parts, judged{p, slot})
	}
	for slot, own := range a.holds {
		for _, p := range a.q.parts {
			if slices.Contains(own, p.pred) {
				continue
			}
			if apart {
				a.q.ask(p.pred, solver.NotTrue, slot)
				continue
			}
			for _, bar := range a.bars {
				if bar.pred == p.pred && bar.from <= slot && slot < bar.to {
					a.q.ask(bar.goal, solver.NotTrue, slot)
				}
			}
		}
	}
}

// pace counts the documents and spaces them out.
func (q *question) pace() *query.Diagnostic {
	s := q.series
	slots := 0
	s.total, s.space = 0, time.Millisecond
	for i := range s.turns {
		s.total = min(s.total+s.turns[i].size(), maxCopies+1)
		slots = max(slots, s.turns[i].slot+1)
	}
	if s.total > maxCopies {
		return query.Errorf(query.CodeLimit, s.body.Span, "the correlation asks for more than %d events", maxCopies)
	}
	if w := narrowest(s.body); w > 0 && time.Duration(s.total-1)*s.space > w {
		s.space = 0
	}
	q.age = max(caseAge, time.Duration(s.total)*s.space)
	if q.copies = 0; s.total > slots || s.space == 0 {
		q.copies = max(s.total, 2)
	}
	return nil
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

// answer solves a question, in which it may settle counts and values. Where the
// question guesses, or is one of several, that it has no answer proves nothing.
func (s *subject) answer(q *question) solver.Result {
	if q.never != nil {
		return solver.Result{Conflict: q.never}
	}
	result := s.solver.Solve(q.problem)
	if q.series == nil {
		return result
	}
	at := q.series.body.Span
	if result.Solution != nil && q.balance {
		result = s.balance(q, result.Solution)
	}
	if result.Solution != nil && (q.checked || q.varies()) {
		sub := *s
		sub.ask, sub.first = *q, result.Solution
		if !sub.matches(sub.plainest(result.Solution, stampEvent)) {
			return solver.Result{Unknown: query.Errorf(query.CodeBudget, at, "no events were found with which the correlation fires")}
		}
	}
	switch {
	case result.Conflict == nil:
	case q.partial:
		return solver.Result{Unknown: query.Errorf(query.CodeBudget, at, "not all ways in which the correlation fires were tried")}
	case q.guess:
		return solver.Result{Unknown: query.Errorf(query.CodeBudget, at, "no events were found with which the correlation fires")}
	}
	return result
}

// varies reports whether documents are to be made that differ in values.
func (q *question) varies() bool {
	var some func(turns []turn) bool
	some = func(turns []turn) bool {
		return slices.ContainsFunc(turns, func(t turn) bool { return t.vary != nil && t.times > 1 || some(t.of) })
	}
	return some(q.series.turns)
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
