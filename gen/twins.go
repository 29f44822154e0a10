package gen

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// This file makes the twins of rules over several events: matching event sets
// with one thing changed that no single document shows, such as their order, a
// count, a key, a time. A twin is proposed here and judged by the evaluator:
// what it says otherwise than proposed is left out, since what was changed may
// not matter to the rule at hand.

// twin is an event set with the outcome it should have.
type twin struct {
	expect Expect
	why    string
	clause query.Span
	events query.EventSet
}

// twins adds the twins of the first matching case.
func (c *cover) twins() {
	if len(c.from) == 0 {
		return
	}
	docs := c.from[0].docs
	set := c.events(docs)
	add := func(t twin) {
		if out := c.program.Run(t.events, c.now); out.Unsure == nil && out.Match == (t.expect == Match) {
			c.addEvents("twin/", t.expect, t.events, t.why, t.clause)
		}
	}
	switch body := c.plan.Body.(type) {
	case *query.Sequence:
		c.sequenceTwins(body, set, add)
	case *query.Sample:
		c.keyTwins(body.Steps, set, add)
		for i, s := range body.Steps {
			short := query.EventSet{Docs: slices.Delete(slices.Clone(set.Docs), i, i+1)}
			add(twin{NoMatch, fmt.Sprintf("event %d of %d is missing", i+1, len(body.Steps)), s.Span, short})
		}
	case *query.Threshold:
		c.thresholdTwins(body, docs[0], set, add)
	case *query.NewTerms:
		c.newTermsTwins(body, set, add)
	case *query.IndicatorMatch:
		c.indicatorTwins(body, set, add)
	case *query.Correlation:
		c.correlationTwins(body, set, add)
	}
}

// sequenceTwins breaks order, keys, counts and times of a sequence.
func (c *cover) sequenceTwins(body *query.Sequence, set query.EventSet, add func(twin)) {
	var steps []query.Step // of the documents
	for _, s := range body.Steps {
		for range max(s.Runs, 1) {
			if !s.Missing {
				steps = append(steps, s)
			}
		}
	}
	docs := set.Docs
	for i := 1; i < len(docs); i++ {
		if steps[i-1].Span == steps[i].Span {
			continue
		}
		swapped := slices.Clone(docs)
		swapped[i-1], swapped[i] = retime(docs[i], docs[i-1]), retime(docs[i-1], docs[i])
		add(twin{NoMatch, fmt.Sprintf("events %d and %d come in the wrong order", i, i+1), steps[i].Span, query.EventSet{Docs: swapped}})
	}
	c.keyTwins(steps, set, add)
	for i, s := range steps {
		if i > 0 && steps[i-1].Span == s.Span {
			continue // one of each run will do
		}
		why := fmt.Sprintf("event %d of %d is missing", i+1, len(steps))
		if s.Runs > 1 {
			why = fmt.Sprintf("%d events instead of %d", s.Runs-1, s.Runs)
		}
		add(twin{NoMatch, why, s.Span, query.EventSet{Docs: slices.Delete(slices.Clone(docs), i, i+1)}})
	}
	if body.MaxSpan > 0 && len(docs) > 1 {
		last := len(docs) - 1
		gap := body.MaxSpan - time.Duration(last)*time.Millisecond
		for _, late := range []struct {
			by     time.Duration
			expect Expect
			why    string
		}{
			{gap, Match, "the last event comes exactly maxspan after the first"},
			{gap + time.Millisecond, NoMatch, "the last event comes a millisecond after maxspan"},
		} {
			moved := slices.Clone(docs)
			// The whole set moves back, so that it ends where it ended.
			for i := range moved {
				moved[i] = later(moved[i], -late.by)
			}
			moved[last] = docs[last]
			add(twin{late.expect, late.why, body.Span, query.EventSet{Docs: moved}})
		}
	}
	c.intruders(body, steps, docs, add)
}

// keyTwins gives one event at a time another value of a join key.
func (c *cover) keyTwins(steps []query.Step, set query.EventSet, add func(twin)) {
	for i, s := range steps {
		if len(steps) < 2 || i > 0 && steps[i-1].Span == s.Span {
			continue
		}
		for _, key := range s.By {
			for v := range c.others(i, set.Docs[i], key.Field) {
				broken := slices.Clone(set.Docs)
				broken[i] = broken[i].With(concrete(key.Field.Name), v)
				add(twin{NoMatch, fmt.Sprintf("%s of event %d is another than that of the others", key.Field.Name, i+1), key.Span, query.EventSet{Docs: broken}})
				break
			}
		}
	}
}

// intruders puts the until event between two events of a sequence, and the
// event that has to be missing where it has to be.
func (c *cover) intruders(body *query.Sequence, steps []query.Step, docs []query.Document, add func(twin)) {
	if len(docs) == 0 {
		return
	}
	insert := func(s query.Step, at int, why string) {
		intruder, ok := c.intruder(s, steps[0], docs[0])
		if !ok {
			return
		}
		spread := slices.Clone(docs) // two milliseconds apart, to leave room
		for i := range spread {
			spread[i] = later(spread[i], time.Duration(i-len(spread)-1)*time.Millisecond)
		}
		when := time.Duration(-1) * time.Millisecond
		neighbour := spread[0]
		if at > 0 {
			neighbour, when = spread[at-1], time.Millisecond
		}
		spread = slices.Insert(spread, at, later(retime(intruder, neighbour), when))
		add(twin{NoMatch, why, s.Span, query.EventSet{Docs: spread}})
	}
	if body.Until != nil && len(docs) > 1 {
		insert(*body.Until, len(docs)-1, "the until event comes before the last event")
	}
	at := 0
	for _, s := range body.Steps {
		if !s.Missing {
			at += max(s.Runs, 1)
			continue
		}
		insert(s, at, "the event that has to be missing is there")
	}
}

// intruder is a document that satisfies a step and has the keys of another's.
func (c *cover) intruder(s, other query.Step, doc query.Document) (query.Document, bool) {
	q := single(s.Where)
	for _, key := range s.By {
		if !key.Optional {
			q.present(0, key.Span, key.Field)
		}
	}
	result := c.solver.Solve(q.problem)
	if result.Solution == nil {
		return nil, false
	}
	d := newTemplate(result.Solution, c.stamp).draft()
	d.time = c.now
	d.simplest()
	intruder := d.document(0)
	for i, key := range s.By {
		if i >= len(other.By) {
			break
		}
		if values := doc.Lookup(nil, concrete(other.By[i].Field.Name)); len(values) > 0 {
			intruder = intruder.With(concrete(key.Field.Name), values[0])
		}
	}
	return intruder, true
}

// thresholdTwins changes counts.
func (c *cover) thresholdTwins(body *query.Threshold, doc query.Document, set query.EventSet, add func(twin)) {
	docs := set.Docs
	if body.Distinct != nil && body.Distinct.Count > 1 {
		few := slices.Clone(docs)
		name := concrete(body.Distinct.Field.Name)
		last := few[body.Distinct.Count-1]
		for i := range few { // what the last one had, the first one has as well
			if slices.EqualFunc(few[i].Lookup(nil, name), last.Lookup(nil, name), query.Value.Equal) {
				few[i] = few[i].With(name, doc.Lookup(nil, name)[0])
			}
		}
		add(twin{NoMatch, fmt.Sprintf("%d different values of %s instead of %d", body.Distinct.Count-1, body.Distinct.Field.Name, body.Distinct.Count), body.Distinct.Span, query.EventSet{Docs: few}})
	}
	if len(docs) > 1 {
		add(twin{NoMatch, fmt.Sprintf("%d events instead of %d", len(docs)-1, len(docs)), body.Span, query.EventSet{Docs: docs[1:]}})
	}
	for _, f := range body.By {
		name := concrete(f.Name)
		if len(docs) > 1 {
			for v := range c.others(0, doc, f) {
				split := slices.Clone(docs)
				for i := range len(split) / 2 {
					split[i] = split[i].With(name, v)
				}
				add(twin{NoMatch, "the events are of two values of " + f.Name, body.Span, query.EventSet{Docs: split}})
				break
			}
		}
		without := slices.Clone(docs)
		without[0] = without[0].Without(name)
		add(twin{NoMatch, "an event without " + f.Name + " does not count", body.Span, query.EventSet{Docs: without}})
	}
}

// newTermsTwins adds history.
func (c *cover) newTermsTwins(body *query.NewTerms, set query.EventSet, add func(twin)) {
	doc := set.Docs[0]
	from := c.plan.Window.From
	if from <= 0 {
		from = 6 * time.Minute // Kibana's default
	}
	before := func(doc query.Document, age time.Duration) query.EventSet {
		return query.EventSet{Docs: []query.Document{later(doc, c.ask.age-age), set.Docs[0]}}
	}
	inside := from + (body.History-from)/2
	if body.History > from {
		add(twin{NoMatch, "the same values were there before, inside the history", body.Span, before(doc, inside)})
	}
	add(twin{Match, "the same values were there before, but before the history begins", body.Span, before(doc, body.History+time.Hour)})
	for _, k := range c.suite.Cases { // a document that the query does not select
		if k.Expect != NoMatch || len(k.Events.Docs) != 1 || body.History <= from {
			continue
		}
		if sameValues(k.Events.Docs[0], doc, body.Terms) {
			add(twin{Match, "the same values were there before, but not in an event that the query selects", body.Span, before(k.Events.Docs[0], inside)})
			break
		}
	}
	for _, f := range body.Terms {
		if len(body.Terms) < 2 || body.History <= from {
			break
		}
		for v := range c.others(0, doc, f) {
			add(twin{Match, "all values but that of " + f.Name + " were there before", body.Span, before(doc.With(concrete(f.Name), v), inside)})
			break
		}
	}
}

func sameValues(a, b query.Document, fields []*query.Field) bool {
	for _, f := range fields {
		name := concrete(f.Name)
		if !slices.EqualFunc(a.Lookup(nil, name), b.Lookup(nil, name), query.Value.Equal) {
			return false
		}
	}
	return true
}

// indicatorTwins breaks the agreement of document and indicator, entry by entry.
func (c *cover) indicatorTwins(body *query.IndicatorMatch, set query.EventSet, add func(twin)) {
	add(twin{NoMatch, "there is no indicator", body.Span, query.EventSet{Docs: set.Docs}})
	for _, group := range body.Groups {
		for _, m := range group {
			name := concrete(m.Indicator.Name)
			had := set.Indicators[0].Lookup(nil, name)
			if len(had) == 0 || len(set.Docs[0].Lookup(nil, concrete(m.Field.Name))) == 0 {
				continue
			}
			for i := range 3 {
				for _, v := range neighbours(m.Indicator, had[0], i+1) {
					other := []query.Document{set.Indicators[0].With(name, v)}
					add(twin{NoMatch, m.Indicator.Name + " of the indicator is another value", m.Span, query.EventSet{Docs: set.Docs, Indicators: other}})
				}
				break
			}
			without := []query.Document{set.Docs[0].Without(concrete(m.Field.Name))}
			add(twin{NoMatch, "the event has no " + m.Field.Name, m.Span, query.EventSet{Docs: without, Indicators: set.Indicators}})
		}
	}
}

// retime gives doc the times of another document.
func retime(doc, like query.Document) query.Document {
	for _, name := range []string{"@timestamp", "event.ingested"} {
		if v := like.Lookup(nil, name); len(v) == 1 && len(doc.Lookup(nil, name)) == 1 {
			doc = doc.With(name, v[0])
		}
	}
	return doc
}

// neighbours are values near v that its field can hold, the i-th of each kind.
func neighbours(f *query.Field, v query.Value, i int) []query.Value {
	switch f.Type.Family() {
	case query.Integers, query.Floats:
		if n, ok := v.Int(); ok {
			out := []query.Value{query.IntOf(n + int64(i))}
			if n < 0 || n > int64(i) { // ports and sizes are not negative
				out = append(out, query.IntOf(n-int64(i)))
			}
			return out
		}
		return []query.Value{query.FloatOf(v.Float() + float64(i)), query.FloatOf(v.Float() - float64(i))}
	case query.Addresses:
		up, err := netip.ParseAddr(v.Str())
		if err != nil {
			return nil
		}
		down := up
		for range i {
			up, down = up.Next(), down.Prev()
		}
		var out []query.Value
		for _, a := range []netip.Addr{up, down} {
			if a.IsValid() {
				out = append(out, query.StringOf(a.String()))
			}
		}
		return out
	case query.Dates:
		if t, err := time.Parse(time.RFC3339Nano, v.Str()); err == nil {
			return []query.Value{query.StringOf(t.Add(time.Duration(i) * time.Second).UTC().Format(dateLayout))}
		}
		return nil
	case query.Booleans:
		return []query.Value{query.BoolOf(!v.Bool())}
	}
	s := v.Str()
	return []query.Value{
		query.StringOf(fmt.Sprint(s, i)), query.StringOf(fmt.Sprint(i, s)), // beside a star at either end
		query.StringOf(fmt.Sprint(s, "-", i)),
		query.StringOf(amid(s, i)),
	}
}

// amid puts a number into the middle of a text, for patterns fixed at both ends.
func amid(s string, i int) string {
	runes := []rune(s)
	half := len(runes) / 2
	return string(runes[:half]) + fmt.Sprint(i) + string(runes[half:])
}
