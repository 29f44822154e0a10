package gen

import (
	"fmt"
	"slices"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// This file makes the twins of correlations; twins.go says what twins are.

// fellow is an event of the outermost correlation: a document, or those of an
// alert inside.
type fellow struct{ rule, from, to int }

func (q *question) fellows(b *query.Correlation) (events []fellow) {
	at := 0
	for _, t := range q.series.turns {
		if n := len(events); b.Rules[t.rule].Correlation != nil {
			if n > 0 && events[n-1].rule == t.rule {
				events[n-1].to += t.times
			} else {
				events = append(events, fellow{t.rule, at, at + t.times})
			}
			at += t.times
			continue
		}
		for range t.times {
			events = append(events, fellow{t.rule, at, at + 1})
			at++
		}
	}
	return events
}

// correlationTwins breaks counts, order, keys, times and values.
func (c *cover) correlationTwins(b *query.Correlation, set query.EventSet, add func(twin)) {
	docs, events := set.Docs, c.ask.fellows(b)
	temporal := b.Kind == query.Temporal || b.Kind == query.TemporalOrdered
	broken := func(at query.Span, docs []query.Document, why string, args ...any) {
		add(twin{NoMatch, fmt.Sprintf(why, args...), at, query.EventSet{Docs: docs}})
	}
	last := events[len(events)-1]
	for _, e := range events {
		rule := &b.Rules[e.rule]
		if !temporal && e != last {
			continue // one of many will do
		}
		short := slices.Delete(slices.Clone(docs), e.from, e.to)
		switch {
		case temporal:
			broken(rule.Span, short, "there is no event of the rule %s", rule.Name)
		case b.Kind == query.EventCount:
			broken(b.Span, short, "%s instead of %d", counted(len(events)-1), len(events))
		default:
			broken(b.Span, short, "one event less")
		}
		if e.to-e.from > 1 {
			broken(rule.Span, slices.Delete(slices.Clone(docs), e.to-1, e.to), "one event less for the correlation %s", rule.Name)
		}
		for _, key := range rule.By {
			name := concrete(key.Field.Name)
			with := func(change func(query.Document) query.Document) []query.Document {
				other := slices.Clone(docs)
				for i := e.from; i < e.to; i++ {
					other[i] = change(other[i])
				}
				return other
			}
			if len(events) > 1 {
				for v := range c.others(docs[e.to-1], key.Field) {
					broken(key.Span, with(func(d query.Document) query.Document { return d.With(name, v) }), "%s of event %d is another than that of the others", key.Field.Name, e.to)
					break
				}
			}
			broken(key.Span, with(func(d query.Document) query.Document { return d.Without(name) }), "an event without %s does not count", key.Field.Name)
		}
	}
	if b.Kind == query.TemporalOrdered {
		for i := 1; i < len(events); i++ {
			e, f := events[i-1], events[i]
			swapped := slices.Concat(docs[:e.from], docs[f.from:f.to], docs[e.from:e.to], docs[f.to:])
			for k := range swapped {
				swapped[k] = retime(swapped[k], docs[k])
			}
			broken(b.Rules[f.rule].Span, swapped, "the events of the rules %s and %s come in the wrong order", b.Rules[e.rule].Name, b.Rules[f.rule].Name)
		}
	}
	c.farApart(b, docs, events, add)
	c.boundTwins(b, docs, events, add)
	for i := range b.Rules { // rules that must not be satisfied
		rule := &b.Rules[i]
		if rule.Correlation != nil || b.Condition == nil || slices.ContainsFunc(events, func(e fellow) bool { return e.rule == i }) {
			continue
		}
		first := events[0]
		intruder, ok := c.intruder(query.Step{Where: rule.Where, By: rule.By}, query.Step{By: b.Rules[first.rule].By}, docs[first.to-1])
		if !ok {
			continue
		}
		clause := query.Span{}
		for _, l := range query.Leaves(nil, rule.Where) {
			clause = clause.Join(l.Span)
		}
		broken(clause, atOnce(append(slices.Clone(docs), intruder)), "an event of the rule %s comes at the same instant", rule.Name)
	}
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
func (c *cover) farApart(b *query.Correlation, docs []query.Document, events []fellow, add func(twin)) {
	if b.Window <= 0 || len(events) < 2 {
		return
	}
	first, last := events[0], events[len(events)-1]
	gap := b.Window - time.Duration(last.to-first.to)*c.ask.series.space
	apart := func(by time.Duration) query.EventSet {
		moved := slices.Clone(docs)
		for i := range last.from { // the set moves back, so that it ends where it ended
			moved[i] = later(moved[i], -by)
		}
		return query.EventSet{Docs: moved}
	}
	beyond := apart(gap + time.Millisecond)
	if c.program.Run(beyond, c.now).Match {
		return // one event is enough, wherever the others are
	}
	add(twin{Match, "the last event comes exactly the timespan after the first", b.Span, apart(gap)})
	add(twin{NoMatch, "the last event comes a millisecond after the timespan", b.Span, beyond})
}

// boundTwins puts what a correlation measures to the edges of its bounds.
func (c *cover) boundTwins(b *query.Correlation, docs []query.Document, events []fellow, add func(twin)) {
	propose := func(at query.Span, docs []query.Document, m query.Value, why string, args ...any) {
		expect := NoMatch
		if meets(b.Bounds, m) {
			expect = Match
		}
		add(twin{expect, fmt.Sprintf(why, args...), at, query.EventSet{Docs: docs}})
	}
	if b.Kind == query.ValueCount {
		if n := len(docs); n > 1 {
			same := slices.Clone(docs)
			for _, f := range b.Values {
				if v := docs[0].Lookup(nil, concrete(f.Name)); len(v) == 1 {
					same[n-1] = same[n-1].With(concrete(f.Name), v[0])
				}
			}
			values := fmt.Sprintf("%d different values", n-1)
			if n == 2 {
				values = "1 value"
			}
			propose(b.Span, same, query.IntOf(int64(n-1)), "%s of %s instead of %d", values, names(b.Values), n)
		}
		return
	}
	if len(c.ask.series.turns) != 1 || b.Kind == query.Temporal || b.Kind == query.TemporalOrdered {
		return
	}
	words := map[query.CorrelationKind]string{query.ValueSum: "the sum", query.ValueAverage: "the mean", query.ValuePercentile: fmt.Sprintf("percentile %v", b.Percentile)}
	for _, bound := range b.Bounds {
		for _, edge := range edges([]query.CorrelationBound{bound}, 1) {
			if b.Kind == query.EventCount {
				n, whole := edge.Int()
				// Less than the events that there are is another twin.
				if whole && n > int64(len(docs)) && n <= maxCopies && bound.Op != query.GE && bound.Op != query.GT {
					propose(bound.Span, atOnce(slices.Repeat(docs[:1], int(n))), edge, "%s at one instant", counted(int(n)))
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
			if slices.Equal(c.program.Truths(nil, changed[0], c.now), c.program.Truths(nil, docs[0], c.now)) {
				propose(bound.Span, atOnce(changed), edge, "%s of %s is %v", words[b.Kind], f.Name, edge)
			}
		}
	}
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
