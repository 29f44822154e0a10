package gen

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// This file lists the ways in which a correlation fires.

// way is how many events of which rules make a correlation fire, and what is
// asked of their values.
type way struct {
	shares  []share          // in the order of the events
	never   *solver.Conflict // what the correlation asks for cannot be; else nil
	guess   bool             // that it cannot be is no proof: other values or counts might do
	balance bool             // how many events there are depends on their values
	later   bool             // it is tried where the ways before it cannot be
	some    bool             // there are other ways that are not tried
}

// share is the events of one rule.
type share struct {
	rule  int
	also  []int // other rules that the same events satisfy
	times int
	inner *way           // how an alert comes about, where the rule is a correlation
	value []query.Pred   // asked of each event; of an alert of its last document
	vary  []*query.Field // in which the events differ
}

// mostWays bounds the ways of one correlation.
const mostWays = 16

// nested reports whether there are alerts among the events.
func (w *way) nested() bool {
	return slices.ContainsFunc(w.shares, func(s share) bool { return s.inner != nil })
}

// alone are the ways in which all events are n of one rule.
func alone(b *query.Correlation, n int) (ways []way) {
	for i := range min(len(b.Rules), mostWays) {
		ways = append(ways, way{shares: []share{{rule: i, times: n}}, some: len(b.Rules) > mostWays})
	}
	return ways
}

// waysOf returns ways for a correlation to fire, the one to begin with first.
// Those of the alerts of another correlation are as plain as can be.
func waysOf(b *query.Correlation, inside bool) (ways []way, d *query.Diagnostic) {
	if len(b.Rules) == 0 {
		return nil, query.Errorf(query.CodeUnsupported, b.Span, "a correlation without rules is not handled")
	}
	if why := impossible(b); why != nil {
		return []way{{never: why}}, nil
	}
	switch b.Kind {
	case query.Temporal, query.TemporalOrdered:
		ways, d = together(b)
	case query.EventCount:
		ways, d = counts(b)
	case query.ValueCount:
		ways, d = valueCounts(b)
	default:
		ways = calculated(b, inside)
	}
	if d != nil {
		return nil, d
	}
	return inner(b, ways)
}

// inner completes ways by those of the correlations among the rules, in all
// combinations.
func inner(b *query.Correlation, ways []way) (out []way, d *query.Diagnostic) {
	known := map[int][]way{}
	for _, w := range ways {
		combined := []way{w}
		for i := range w.shares {
			rule := w.shares[i].rule
			if b.Rules[rule].Correlation == nil {
				continue
			}
			if _, ok := known[rule]; !ok {
				if known[rule], d = waysOf(b.Rules[rule].Correlation, true); d != nil {
					return nil, d
				}
			}
			var next []way
			for _, before := range combined {
				for k := range known[rule] {
					in, one := &known[rule][k], before
					one.shares = slices.Clone(before.shares)
					one.shares[i].inner = in
					one.guess, one.later, one.some = one.guess || in.guess, one.later || in.later || k > 0, one.some || in.some
					if one.never == nil {
						one.never = in.never
					}
					next = append(next, one)
				}
			}
			combined = next
		}
		out = append(out, combined...)
	}
	if len(out) > mostWays {
		out = out[:mostWays]
		for i := range out {
			out[i].some = true
		}
	}
	return out, nil
}

// counts are the ways for event_count.
func counts(b *query.Correlation) ([]way, *query.Diagnostic) {
	n, d := least(b)
	rules := len(b.Rules)
	switch {
	case d != nil:
		return nil, d
	case rules == 1:
		return alone(b, n), nil
	}
	var ways []way
	if n < rules {
		ways = alone(b, n)
	} else {
		all := way{}
		for i := range rules {
			all.shares = append(all.shares, share{rule: i, times: 1})
		}
		// Further events are of the first rule that is no correlation.
		all.shares[max(slices.IndexFunc(b.Rules, isSearch), 0)].times += n - rules
		ways = append([]way{all}, alone(b, n)...) // one of them might be unsatisfiable
		for i := range ways[1:] {
			ways[i+1].later = true
		}
	}
	if !rising(b) {
		// An event counts once for each rule that it satisfies.
		const few = 4
		for set := uint(3); set < 1<<min(rules, few); set++ {
			size := bits.OnesCount(set)
			if size < 2 {
				continue
			}
			together := share{rule: -1}
			for i := range rules {
				switch {
				case set&(1<<i) == 0:
				case !isSearch(b.Rules[i]):
					size = 0
				case together.rule < 0:
					together.rule = i
				default:
					together.also = append(together.also, i)
				}
			}
			for times := 1; size > 0 && times <= 2*n; times++ {
				if meets(b.Bounds, query.IntOf(int64(times*size))) {
					together.times = times
					ways = append(ways, way{shares: []share{together}, later: true})
					break
				}
			}
		}
		for i := range ways {
			ways[i].some = true // mixtures of such events
		}
	}
	return ways, nil
}

func isSearch(r query.CorrelationRule) bool { return r.Correlation == nil }

// valueCounts are the ways for value_count.
func valueCounts(b *query.Correlation) ([]way, *query.Diagnostic) {
	n, d := least(b)
	if d != nil {
		return nil, d
	}
	ways := alone(b, max(n, 1))
	if n == 0 {
		for i := range ways {
			ways[i].shares[0].value = []query.Pred{&query.Not{Span: b.Span, Term: &query.Leaf{Span: b.Span, Field: b.Values[0], Op: query.OpExists}}}
		}
		return ways, nil
	}
	if rules := len(b.Rules); rules > 1 && n > 1 {
		// One value may be all that a rule has.
		mixed := way{later: true, guess: true}
		for i := range min(rules, n) {
			mixed.shares = append(mixed.shares, share{rule: i, times: 1})
		}
		mixed.shares[0].times += n - len(mixed.shares)
		ways = append(ways, mixed)
	}
	for i := range ways {
		for k := range ways[i].shares {
			sh := &ways[i].shares[k]
			rule := &b.Rules[sh.rule]
			for _, f := range b.Values { // a key is the same for all
				if !slices.ContainsFunc(rule.By, func(k query.Key) bool { return k.Field == f }) {
					sh.vary = append(sh.vary, f)
				}
			}
			if sh.times > 1 && sh.vary == nil {
				ways[i].never = &solver.Conflict{Spans: boundSpans(b), Reason: "all events of a group have the same " + names(b.Values) + ", as they are grouped by it"}
			}
		}
	}
	return ways, nil
}

// together returns the sets of rules with which a temporal correlation fires.
// Where more rules do no harm, these are the minimal sets.
func together(b *query.Correlation) (ways []way, d *query.Diagnostic) {
	n := len(b.Rules)
	all := make([]bool, n)
	for i := range all {
		all[i] = true
	}
	add := func(in []bool) *way {
		w := way{}
		for i, is := range in {
			if is {
				w.shares = append(w.shares, share{rule: i, times: 1})
			}
		}
		ways = append(ways, w)
		return &ways[len(ways)-1]
	}
	switch {
	case n > fewRules && b.Condition != nil && !firesBy(b, all):
		return nil, query.Errorf(query.CodeUnsupported, b.Condition.Span, "such a condition over more than %d rules is not handled", fewRules)
	case n > fewRules && firesBy(b, all):
		for i := range all { // drop what is not needed
			if all[i] = false; !firesBy(b, all) {
				all[i] = true
			}
		}
		add(all).some = slices.Contains(all, false)
	case n > fewRules:
		for i := range all {
			all[i] = false
		}
		for i := range all {
			if all[i] = true; firesBy(b, all) {
				add(all).some = true
				break
			}
		}
	default:
		var minimal []uint
		for in, set := range firingSets(b) {
			larger := slices.ContainsFunc(minimal, func(m uint) bool { return m&set == m })
			if larger && (rising(b) || b.Kind == query.TemporalOrdered && b.Condition == nil) {
				continue
			}
			if !larger {
				minimal = append(minimal, set)
			}
			add(in).later = larger
		}
	}
	return ways, nil
}

// fewRules is up to how many rules all sets of them are looked at.
const fewRules = 12

// firingSets yields the sets of rules with which a temporal correlation fires,
// the smallest first.
func firingSets(b *query.Correlation) func(yield func([]bool, uint) bool) {
	n := len(b.Rules)
	return func(yield func([]bool, uint) bool) {
		for size := 1; size <= n; size++ {
			for set := range uint(1) << n {
				if bits.OnesCount(set) != size {
					continue
				}
				in := make([]bool, n)
				for i := range in {
					in[i] = set&(1<<i) != 0
				}
				if firesBy(b, in) && !yield(in, set) {
					return
				}
			}
		}
	}
}

// firesBy reports whether a temporal correlation fires where just these rules
// are satisfied.
func firesBy(b *query.Correlation, in []bool) bool {
	count := 0
	for _, is := range in {
		if is {
			count++
		}
	}
	return count > 0 && meets(b.Bounds, query.IntOf(int64(count))) && (b.Condition == nil || satisfied(b.Condition, in))
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

// rising reports whether further events never undo an alert.
func rising(b *query.Correlation) bool {
	var denies func(l *query.CorrelationLogic) bool
	denies = func(l *query.CorrelationLogic) bool {
		return l.Op == query.NoneOf || slices.ContainsFunc(l.Terms, denies)
	}
	return b.Kind <= query.TemporalOrdered && (b.Condition == nil || !denies(b.Condition)) &&
		!slices.ContainsFunc(b.Bounds, func(bound query.CorrelationBound) bool { return bound.Op != query.GE && bound.Op != query.GT })
}

// calculated are the ways for sums, means and percentiles. A few events have a
// value each that is within the bounds, or together so for a sum. Otherwise
// their number is worked out from the values that there are.
func calculated(b *query.Correlation, inside bool) (ways []way) {
	times := []int{2, 1} // two show more than one
	if inside {
		times = []int{1, 2} // and may be two alerts
	}
	exact := b.Kind == query.ValuePercentile && !b.Values[0].Array && b.Values[0].Type.Family() != query.Strings
	for _, w := range alone(b, 1) {
		for _, n := range times {
			part := 1
			if b.Kind == query.ValueSum {
				part = n
			}
			value := within(b, part)
			if value == nil {
				continue
			}
			next := w
			next.shares = []share{{rule: w.shares[0].rule, times: n, value: value}}
			next.guess, next.later = !exact, n != times[0]
			ways = append(ways, next)
		}
	}
	if exact {
		return ways
	}
	pivot, ok := solves(b.Bounds)
	if !ok {
		return ways
	}
	for i := range b.Rules {
		if inside || b.Values[0].Type.Family() == query.Strings {
			break
		}
		number := []query.Pred{&query.Leaf{Span: b.Span, Field: b.Values[0], Op: query.OpExists}}
		if b.Kind == query.ValueSum {
			ways = append(ways, way{shares: []share{{rule: i, times: 1, value: number}}, guess: true, balance: true, later: true})
		}
		for k := range b.Rules {
			low := share{rule: i, times: 1, value: []query.Pred{bounded(b, query.LE, pivot)}}
			high := share{rule: k, times: 1, value: []query.Pred{bounded(b, query.GE, pivot)}}
			ways = append(ways, way{shares: []share{low, high}, guess: true, balance: true, later: true})
		}
	}
	return ways
}

// bounded asks for a value of the measured field that is at least or at most v.
func bounded(b *query.Correlation, op query.CompareOp, v query.Value) query.Pred {
	edge := &query.Bound{Value: v, Inclusive: op == query.GE || op == query.LE}
	o := query.Operand{Span: b.Span, Low: edge}
	if op == query.LE || op == query.LT {
		o = query.Operand{Span: b.Span, High: edge}
	}
	return &query.Leaf{Span: b.Span, Field: b.Values[0], Op: query.OpRange, Items: []query.Operand{o}}
}

// impossible says why the measure of a correlation can never be within its
// bounds; nil where it can, as far as the bounds alone tell.
func impossible(b *query.Correlation) *solver.Conflict {
	conflict := func(format string, args ...any) *solver.Conflict {
		return &solver.Conflict{Spans: boundSpans(b), Reason: fmt.Sprintf(format, args...)}
	}
	if _, ok := solves(b.Bounds); !ok {
		return conflict("no number is %s", asked(b.Bounds))
	}
	const most = 1 << 53 // that a number of events can be
	switch rules := len(b.Rules); b.Kind {
	case query.EventCount:
		if !aCount(b.Bounds, 1, most) {
			return conflict("an alert is of one event at least, and no such number is %s", asked(b.Bounds))
		}
	case query.ValueCount:
		if !aCount(b.Bounds, 0, most) {
			return conflict("no number of values is %s", asked(b.Bounds))
		}
	case query.Temporal, query.TemporalOrdered:
		if !aCount(b.Bounds, 1, rules) {
			return conflict("from 1 to %d rules can be satisfied, which is never %s", rules, asked(b.Bounds))
		}
		if b.Condition == nil || rules > fewRules {
			return nil
		}
		for range firingSets(b) {
			return nil
		}
		return &solver.Conflict{Spans: append([]query.Span{b.Condition.Span}, boundSpans(b)...), Reason: "whichever of the rules are satisfied, the condition does not hold"}
	}
	return nil
}

// aCount reports whether some whole number of a range is within the bounds. If
// there is one, then near an end of the range or a bound.
func aCount(bounds []query.CorrelationBound, from, to int) bool {
	near := []float64{float64(from), float64(to)}
	for _, b := range bounds {
		near = append(near, math.Floor(b.Value.Float()))
	}
	for _, at := range near {
		for by := -2.0; by <= 2; by++ {
			if n := at + by; n >= float64(from) && n <= float64(to) && meets(bounds, plainNumber(n)) {
				return true
			}
		}
	}
	return false
}

// asked puts bounds in words: "> 5 and < 3".
func asked(bounds []query.CorrelationBound) string {
	var parts []string
	for _, b := range bounds {
		parts = append(parts, fmt.Sprintf("%s %s", b.Op, b.Value))
	}
	return strings.Join(parts, " and ")
}

// boundSpans are where the bounds stand.
func boundSpans(b *query.Correlation) (spans []query.Span) {
	for _, bound := range b.Bounds {
		spans = append(spans, bound.Span)
	}
	return spans
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

// least returns the least count that meets the bounds, which is known to exist:
// no event at all is no count, and no value at all the last choice.
func least(b *query.Correlation) (int, *query.Diagnostic) {
	for n := 1; n <= maxCopies; n++ {
		if meets(b.Bounds, query.IntOf(int64(n))) {
			return n, nil
		}
	}
	if b.Kind == query.ValueCount && meets(b.Bounds, query.IntOf(0)) {
		return 0, nil
	}
	return 0, query.Errorf(query.CodeLimit, b.Span, "the correlation asks for more than %d events", maxCopies)
}

// solves returns a number within the bounds. Where there is one, there is one
// at an edge, beside one, or between two.
func solves(bounds []query.CorrelationBound) (query.Value, bool) {
	near := append(edges(bounds, 1), query.IntOf(0))
	for _, a := range bounds {
		for _, b := range bounds {
			near = append(near, plainNumber((a.Value.Float()+b.Value.Float())/2))
		}
	}
	for _, v := range near {
		if meets(bounds, v) {
			return v, true
		}
	}
	return query.Value{}, false
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
		candidates := edges(b.Bounds, share)
		if v, ok := solves(b.Bounds); ok {
			candidates = append(candidates, plainNumber(v.Float()/float64(share)))
		}
		for _, v := range candidates {
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
