package eval

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// Correlations: Sigma Correlation Rules Specification 2.1, with windows that
// slide. [query.Correlation] says which stretches of time are looked at. What
// the specification leaves open is settled here as follows.
//
//   - Events are in order of @timestamp, and at one instant in the order given.
//     An event without a timestamp stands at the instant of the one given before
//     it. No stretch parts the events of one instant.
//   - Alerts of one group do not overlap. Going through the instants, the first
//     at which a stretch that fires can end gives an alert: the longest such
//     stretch. The next alert takes only events behind it.
//   - An event with several values of a key is in several groups.
//   - With a condition over rules, events that have to be in order are so if
//     those of all rules satisfied in the stretch are.

// occurrence is an event that takes part in a correlation for one of its rules.
type occurrence struct {
	rule    int
	docs    []int // one, or those of the alert that the event is
	at      time.Time
	place   int       // of the last of docs in the order of time
	tuples  []string  // of ValueCount
	numbers []float64 // of the kinds that calculate
}

// cursor stands for the parts of a correlation in the order in which they were
// compiled: predicates in that of Preds, keys in that of correlationKeys.
type cursor struct{ pred, key int }

// correlationKeys compiles the fields that a correlation reads by itself: those
// of each rule, of a correlation among the rules before its own, then Values.
func (c *compiler) correlationKeys(b *query.Correlation) error {
	slots := func(fields []*query.Field) {
		var slots []int
		for _, f := range fields {
			slots = append(slots, c.slot(f, 0))
		}
		c.keys = append(c.keys, slots)
	}
	if b.Kind >= query.ValueSum && len(b.Values) != 1 {
		return query.Errorf(query.CodeUnsupported, b.Span, "%s cannot be evaluated of %d fields", b.Kind, len(b.Values))
	}
	for i := range b.Rules {
		rule := &b.Rules[i]
		if rule.Correlation != nil {
			if err := c.correlationKeys(rule.Correlation); err != nil {
				return err
			}
		}
		var by []*query.Field
		for _, k := range rule.By {
			by = append(by, k.Field)
		}
		slots(by)
	}
	slots(b.Values)
	return nil
}

func (r *run) correlation(b *query.Correlation) {
	r.inTime()
	r.alerts = r.correlate(b, &cursor{})
}

// inTime puts all documents into the order of time.
func (r *run) inTime() {
	r.times, r.places = make([]time.Time, len(r.docs)), make([]int, len(r.docs))
	order := make([]int, len(r.docs))
	var last time.Time
	for i, d := range r.docs {
		if t, ok := r.fieldTime(d, "@timestamp"); ok {
			if last.IsZero() { // those before it have none
				for j := range i {
					r.times[j] = t
				}
			}
			last = t
		}
		r.times[i], order[i] = last, i
	}
	slices.SortStableFunc(order, func(a, b int) int { return r.times[a].Compare(r.times[b]) })
	for place, doc := range order {
		r.places[doc] = place
	}
}

// correlate returns the alerts of a correlation, by group in order of the first
// events, and within a group by time.
func (r *run) correlate(b *query.Correlation, at *cursor) (alerts [][]int) {
	groups := map[string]*[]occurrence{}
	var order []*[]occurrence
	type taken struct {
		occurrence
		keys []string
	}
	var all []taken
	for i := range b.Rules {
		rule := &b.Rules[i]
		var events [][]int
		if rule.Correlation != nil {
			events = r.correlate(rule.Correlation, at)
		} else {
			for doc := range r.docs {
				if r.holds(at.pred, doc) {
					events = append(events, []int{doc})
				}
			}
			at.pred++
		}
		slots := r.keys[at.key]
		at.key++
		for _, docs := range events {
			last := docs[len(docs)-1]
			r.enter(0, r.docs[last])
			o := occurrence{rule: i, docs: docs, at: r.times[last], place: r.places[last]}
			all = append(all, taken{o, r.keyTuples(slots, required)})
		}
	}
	values := r.keys[at.key]
	at.key++
	for _, o := range all {
		if len(o.keys) > 0 && len(values) > 0 {
			r.enter(0, r.docs[o.docs[len(o.docs)-1]])
			if b.Kind == query.ValueCount {
				o.tuples = r.keyTuples(values, required)
			} else {
				o.numbers = r.numbers(values[0])
			}
		}
		for _, key := range o.keys {
			g := groups[key]
			if g == nil {
				g = new([]occurrence)
				groups[key] = g
				order = append(order, g)
			}
			*g = append(*g, o.occurrence)
		}
	}
	for _, g := range order {
		// Rules in descending order: see gauge.add.
		slices.SortFunc(*g, func(a, b occurrence) int {
			return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(b.rule, a.rule))
		})
	}
	slices.SortStableFunc(order, func(a, b *[]occurrence) int { return cmp.Compare((*a)[0].place, (*b)[0].place) })
	for _, g := range order {
		alerts = append(alerts, r.stretches(b, *g)...)
	}
	return alerts
}

// numbers returns the values of a slot that are numbers.
func (r *run) numbers(slot int) (numbers []float64) {
	c, family := r.cell(slot), r.slots[slot].field.Type.Family()
	for i := range c.vals {
		switch family {
		case query.Integers, query.Floats:
			numbers = append(numbers, c.vals[i].num.Float())
		case query.Strings:
			if v, ok := parseNumber(c.vals[i].text); ok {
				numbers = append(numbers, v.Float())
			}
		}
	}
	return numbers
}

// mostMeasured bounds how often an event is measured in one run: where the
// measure may fall as a stretch grows, all stretches have to be tried.
const mostMeasured = 5_000_000

// stretches finds the alerts of one group.
func (r *run) stretches(b *query.Correlation, events []occurrence) (alerts [][]int) {
	var instants [][]occurrence
	for i, o := range events {
		if i == 0 || !o.at.Equal(events[i-1].at) {
			instants = append(instants, nil)
		}
		last := len(instants) - 1
		instants[last] = append(instants[last], o)
	}
	window := b.Window
	if window <= 0 {
		window = longest
	}
	rises, slides := rises(b), b.Kind != query.TemporalOrdered
	g := newGauge(b)
	low := 0 // first instant that a stretch may begin with
	for j := range instants {
		for ; instants[j][0].at.Sub(instants[low][0].at) > window; low++ {
			if rises && slides {
				g.remove(instants[low])
			}
		}
		first := -1
		if rises && slides {
			r.measured += len(instants[j])
			if g.add(instants[j]); g.holds() {
				first = low
			}
		} else {
			g = newGauge(b)
			for i := j; i >= low; i-- {
				r.measured += g.add(instants[i])
				if (i == low || !rises) && g.holds() {
					first = i
				}
			}
		}
		if r.measured > mostMeasured {
			r.unsure = r.doubt(query.CodeBudget, b.Span, "the events of this correlation were not all looked at").
				With("it takes more work than the limits allow: so many events lie in one window")
			return alerts
		}
		if first < 0 {
			continue
		}
		var docs []int
		for _, o := range slices.Concat(instants[first : j+1]...) {
			docs = append(docs, o.docs...)
		}
		slices.SortFunc(docs, func(a, b int) int { return cmp.Compare(r.places[a], r.places[b]) })
		alerts = append(alerts, slices.Compact(docs))
		low, g = j+1, newGauge(b)
		if low == len(instants) {
			break
		}
	}
	return alerts
}

// rises reports whether a stretch that fires still does when it grows, so that
// only the longest ones need to be tried.
func rises(b *query.Correlation) bool {
	if b.Kind > query.TemporalOrdered || b.Condition != nil {
		return false
	}
	return !slices.ContainsFunc(b.Bounds, func(bound query.CorrelationBound) bool { return bound.Op != query.GE && bound.Op != query.GT })
}

// gauge measures a stretch that grows at its front or moves on.
type gauge struct {
	*query.Correlation
	events    int
	tuples    map[string]int
	rules     []int // events of each rule
	satisfied int   // rules that have some
	chains    []int // the longest chain of events in order that begins with each rule
	sum       float64
	numbers   []float64 // in order
}

func newGauge(b *query.Correlation) *gauge {
	g := &gauge{Correlation: b, rules: make([]int, len(b.Rules))}
	switch b.Kind {
	case query.ValueCount:
		g.tuples = map[string]int{}
	case query.TemporalOrdered:
		g.chains = make([]int, len(b.Rules))
	}
	return g
}

// add takes in the events of an instant before all that are there; where order
// does not matter it may be behind them. It returns how much work that was.
//
// They are gone through from the last to the first. The rules of one document
// come in ascending order then, so that it is never taken twice in one chain.
func (g *gauge) add(instant []occurrence) (work int) {
	for i := len(instant) - 1; i >= 0; i-- {
		o := &instant[i]
		work += 1 + len(o.tuples)
		g.events++
		for _, t := range o.tuples {
			g.tuples[t]++
		}
		if g.rules[o.rule]++; g.rules[o.rule] == 1 {
			g.satisfied++
		}
		if g.chains != nil {
			behind := g.chains[o.rule+1:]
			work += len(behind)
			next := 0
			for _, n := range behind {
				next = max(next, n)
			}
			g.chains[o.rule] = max(g.chains[o.rule], next+1)
		}
		for _, n := range o.numbers {
			g.sum += n
			at, _ := slices.BinarySearch(g.numbers, n)
			g.numbers = slices.Insert(g.numbers, at, n)
			work += 1 + (len(g.numbers)-at)/64
		}
	}
	return work
}

// remove takes out the events of the first instant; the measures that rise need
// only what is undone here.
func (g *gauge) remove(instant []occurrence) {
	for _, o := range instant {
		g.events--
		for _, t := range o.tuples {
			if g.tuples[t]--; g.tuples[t] == 0 {
				delete(g.tuples, t)
			}
		}
		if g.rules[o.rule]--; g.rules[o.rule] == 0 {
			g.satisfied--
		}
	}
}

// holds reports whether the stretch fires.
func (g *gauge) holds() bool {
	m, ok := g.measure()
	if !ok {
		return false
	}
	for _, b := range g.Bounds {
		if !relates(b.Op, query.CompareNumbers(m, b.Value)) {
			return false
		}
	}
	if g.Condition == nil {
		return true
	}
	if g.Kind == query.TemporalOrdered && slices.Max(g.chains) < g.satisfied {
		return false
	}
	return g.logic(g.Condition)
}

func (g *gauge) logic(l *query.CorrelationLogic) bool {
	if len(l.Terms) == 0 {
		return g.rules[l.Rule] > 0
	}
	switch l.Op {
	case query.AnyOf:
		return slices.ContainsFunc(l.Terms, g.logic)
	case query.NoneOf:
		return !slices.ContainsFunc(l.Terms, g.logic)
	}
	return !slices.ContainsFunc(l.Terms, func(t *query.CorrelationLogic) bool { return !g.logic(t) })
}

// measure returns what the bounds are compared with; nothing where there is none.
func (g *gauge) measure() (m query.Value, ok bool) {
	n := len(g.numbers)
	switch g.Kind {
	case query.EventCount:
		return query.IntOf(int64(g.events)), true
	case query.ValueCount:
		return query.IntOf(int64(len(g.tuples))), true
	case query.Temporal:
		return query.IntOf(int64(g.satisfied)), true
	case query.TemporalOrdered:
		return query.IntOf(int64(slices.Max(g.chains))), true
	case query.ValueSum:
		return query.FloatOf(g.sum), true
	case query.ValueAverage:
		if n == 0 {
			return m, false
		}
		return query.FloatOf(g.sum / float64(n)), true
	}
	if n == 0 {
		return m, false
	}
	// The nearest rank: Percentile per cent of the values come up to it.
	rank := int(math.Ceil(g.Percentile * float64(n) / 100))
	return query.FloatOf(g.numbers[min(max(rank, 1), n)-1]), true
}

// relates reports whether a comparison of two numbers came out as op asks.
func relates(op query.CompareOp, order int) bool {
	switch op {
	case query.EQ:
		return order == 0
	case query.NE:
		return order != 0
	case query.LT:
		return order < 0
	case query.LE:
		return order <= 0
	case query.GT:
		return order > 0
	}
	return order >= 0
}
