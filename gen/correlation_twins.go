package gen

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// This file makes the twins of correlations; twins.go says what twins are.

// fellow is an event of a correlation: a document, or those of an alert inside.
type fellow struct {
	rule, from, to int
	turn           *turn
}

// fellows lists the events that turns stand for, whose documents begin at one.
func fellows(turns []turn, at int) (events []fellow) {
	for i := range turns {
		t := &turns[i]
		for range t.times {
			events = append(events, fellow{t.rule, at, at + t.each(), t})
			at += t.each()
		}
	}
	return events
}

// level is a correlation among those of a rule whose twins are made: the
// outermost, or one whose alerts it takes.
type level struct {
	*cover
	*query.Correlation
	docs   []query.Document // of the whole case
	events []fellow
	note   string // which correlation it is, in words; "" for the outermost
	add    func(twin)
}

// correlationTwins breaks counts, order, keys, times and values.
func (c *cover) correlationTwins(b *query.Correlation, set query.EventSet, add func(twin)) {
	l := level{c, b, set.Docs, fellows(c.ask.series.turns, 0), "", add}
	l.twins()
	for i := range b.Rules { // rules that must not be satisfied
		if b.Condition != nil && !slices.ContainsFunc(l.events, func(e fellow) bool { return e.rule == i }) {
			l.intrude(&b.Rules[i])
		}
	}
}

// propose adds a twin, whose reason says which correlation it is about.
func (l *level) propose(expect Expect, at query.Span, docs []query.Document, why string, args ...any) {
	l.add(twin{expect, fmt.Sprintf(why, args...) + l.note, at, query.EventSet{Docs: docs}})
}

func (l *level) broken(at query.Span, docs []query.Document, why string, args ...any) {
	l.propose(NoMatch, at, docs, why, args...)
}

func (l *level) twins() {
	docs, events := l.docs, l.events
	temporal := l.Kind == query.Temporal || l.Kind == query.TemporalOrdered
	last := events[len(events)-1]
	for _, e := range events {
		rule := &l.Rules[e.rule]
		if !temporal && e != last {
			continue // one of many will do
		}
		short := slices.Delete(slices.Clone(docs), e.from, e.to)
		switch {
		case temporal:
			l.broken(rule.Span, short, "there is no event of the rule %s", rule.Name)
		case l.Kind == query.EventCount && rule.Correlation != nil:
			l.broken(l.Span, short, "%s instead of %d", strings.Replace(counted(len(events)-1), "event", "alert", 1), len(events))
		case l.Kind == query.EventCount:
			l.broken(l.Span, short, "%s instead of %d", counted(len(events)-1), len(events))
		default:
			l.broken(l.Span, short, "one event less")
		}
		if rule.Correlation != nil {
			inner := level{l.cover, rule.Correlation, docs, fellows(e.turn.of, e.from), " for the correlation " + rule.Name, l.add}
			inner.twins()
		}
		l.keys(e)
	}
	if l.Kind == query.TemporalOrdered {
		for i := 1; i < len(events); i++ {
			e, f := events[i-1], events[i]
			swapped := slices.Concat(docs[:e.from], docs[f.from:f.to], docs[e.from:e.to], docs[f.to:])
			for k := range swapped {
				swapped[k] = retime(swapped[k], docs[k])
			}
			l.broken(l.Rules[f.rule].Span, swapped, "the events of the rules %s and %s come in the wrong order", l.Rules[e.rule].Name, l.Rules[f.rule].Name)
		}
	}
	l.farApart()
	l.bounds()
}

// keys gives an event another value of each key, and none.
func (l *level) keys(e fellow) {
	for _, key := range l.Rules[e.rule].By {
		name := concrete(key.Field.Name)
		with := func(change func(query.Document) query.Document) []query.Document {
			other := slices.Clone(l.docs)
			for i := e.from; i < e.to; i++ {
				other[i] = change(other[i])
			}
			return other
		}
		if len(l.events) > 1 {
			for v := range l.others(e.turn.slot, l.docs[e.to-1], key.Field) {
				l.broken(key.Span, with(func(d query.Document) query.Document { return d.With(name, v) }), "%s of event %d is another than that of the others", key.Field.Name, e.to)
				break
			}
		}
		l.broken(key.Span, with(func(d query.Document) query.Document { return d.Without(name) }), "an event without %s does not count", key.Field.Name)
	}
}

// intrude adds an event of a rule that must not be satisfied, or the events of
// an alert, at the instant of the others.
func (l *level) intrude(rule *query.CorrelationRule) {
	first := l.events[0]
	like, by := l.docs[first.to-1], l.Rules[first.rule].By
	var intruders []query.Document
	if rule.Correlation != nil {
		sub := subject{plan: &query.Plan{Language: l.plan.Language, Source: l.plan.Source, Body: rule.Correlation, Fields: l.plan.Fields}, now: l.now}
		if verdict, _ := sub.solve(l.opts.Budget); verdict != Verified {
			return
		}
		intruders = sub.events(sub.plainest(sub.first, l.stamp)).Docs
		for i := range intruders {
			intruders[i] = keyed(intruders[i], rule.By, like, by)
		}
	} else if doc, ok := l.intruder(query.Step{Where: rule.Where, By: rule.By}, query.Step{By: by}, like); ok {
		intruders = []query.Document{doc}
	}
	if intruders == nil {
		return
	}
	clause, what := query.Span{}, "an event"
	searches := func(yield func(query.Pred) bool) { yield(rule.Where) }
	if rule.Correlation != nil {
		what, searches = "an alert", rule.Correlation.Preds
	}
	for p := range searches {
		for _, leaf := range query.Leaves(nil, p) {
			clause = clause.Join(leaf.Span)
		}
	}
	l.broken(clause, atOnce(append(slices.Clone(l.docs), intruders...)), "%s of the rule %s comes at the same instant", what, rule.Name)
}

// keyed gives doc the values of another document's keys.
func keyed(doc query.Document, keys []query.Key, like query.Document, by []query.Key) query.Document {
	for i, key := range keys {
		if i < len(by) {
			if values := like.Lookup(nil, concrete(by[i].Field.Name)); len(values) > 0 {
				doc = doc.With(concrete(key.Field.Name), values[0])
			}
		}
	}
	return doc
}

// atOnce gives all documents the time of the first.
func atOnce(docs []query.Document) []query.Document {
	out := slices.Clone(docs)
	for i := range out {
		out[i] = retime(out[i], out[0])
	}
	return out
}

// farApart moves the last event to the end of the window, and behind it.
func (l *level) farApart() {
	if l.Window <= 0 || len(l.events) < 2 {
		return
	}
	first, last := l.events[0], l.events[len(l.events)-1]
	gap := l.Window - time.Duration(last.to-first.to)*l.ask.series.space
	apart := func(by time.Duration) query.EventSet {
		moved := slices.Clone(l.docs)
		from := 0
		if l.note != "" {
			from = first.from // what was before the alert may stay
		}
		for i := from; i < last.from; i++ { // the set moves back, so that it ends where it ended
			moved[i] = later(moved[i], -by)
		}
		return query.EventSet{Docs: moved}
	}
	beyond := apart(gap + time.Millisecond)
	if l.program.Run(beyond, l.now).Match {
		return // one event is enough, wherever the others are
	}
	l.add(twin{Match, "the last event comes exactly the timespan after the first" + l.note, l.Span, apart(gap)})
	l.add(twin{NoMatch, "the last event comes a millisecond after the timespan" + l.note, l.Span, beyond})
}

// measures names what is calculated.
func measures(b *query.Correlation) string {
	switch b.Kind {
	case query.ValueSum:
		return "the sum"
	case query.ValueAverage:
		return "the mean"
	}
	return fmt.Sprintf("percentile %v", b.Percentile)
}

// bounds puts what a correlation measures to the edges of its bounds.
func (l *level) bounds() {
	b, events := l.Correlation, l.events
	n := len(events)
	if b.Kind == query.Temporal || b.Kind == query.TemporalOrdered {
		return
	}
	if b.Kind == query.ValueCount {
		if n < 2 {
			return
		}
		same := slices.Clone(l.docs)
		for _, f := range b.Values {
			name := concrete(f.Name)
			v := l.docs[events[0].to-1].Lookup(nil, name)
			if len(v) != 1 {
				continue
			}
			for i := events[n-1].from; i < events[n-1].to; i++ { // of an alert, all that had the value of the last
				if i == events[n-1].to-1 || slices.EqualFunc(same[i].Lookup(nil, name), same[events[n-1].to-1].Lookup(nil, name), query.Value.Equal) {
					same[i] = same[i].With(name, v[0])
				}
			}
		}
		values := fmt.Sprintf("%d different values", n-1)
		if n == 2 {
			values = "1 value"
		}
		l.propose(l.expected(query.IntOf(int64(n-1))), b.Span, same, "%s of %s instead of %d", values, names(b.Values), n)
		return
	}
	if slices.ContainsFunc(events, func(e fellow) bool { return e.turn != events[0].turn || e.turn.of != nil }) || l.note != "" {
		return
	}
	docs := l.docs
	for _, bound := range b.Bounds {
		for _, edge := range edges([]query.CorrelationBound{bound}, 1) {
			if b.Kind == query.EventCount {
				n, whole := edge.Int()
				// Less than the events that there are is another twin.
				if whole && n > int64(len(docs)) && n <= maxCopies && bound.Op != query.GE && bound.Op != query.GT {
					l.propose(l.expected(edge), bound.Span, atOnce(slices.Repeat(docs[:1], int(n))), "%s at one instant", counted(int(n)))
				}
				continue
			}
			f, value := b.Values[0], edge
			if b.Kind == query.ValueSum {
				value = plainNumber(edge.Float() / float64(len(docs)))
			}
			if f.Type.Family() == query.Strings {
				value = query.StringOf(value.String())
			}
			changed := slices.Clone(docs)
			for i := range changed {
				changed[i] = changed[i].With(concrete(f.Name), value)
			}
			if slices.Equal(l.program.Truths(nil, changed[0], l.now), l.program.Truths(nil, docs[0], l.now)) {
				l.propose(l.expected(edge), bound.Span, atOnce(changed), "%s of %s is %v", measures(b), f.Name, edge)
			}
		}
	}
}

// expected is the outcome of a measure.
func (l *level) expected(m query.Value) Expect {
	if meets(l.Bounds, m) {
		return Match
	}
	return NoMatch
}

func counted(n int) string {
	if n == 1 {
		return "1 event"
	}
	return fmt.Sprintf("%d events", n)
}

func names(fields []*query.Field) string {
	var text string
	for i, f := range fields {
		if i > 0 {
			text += ", "
		}
		text += f.Name
	}
	return text
}
