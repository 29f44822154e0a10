package eval

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// Outcome is what a plan makes of an event set.
type Outcome struct {
	Match  bool    // there is an alert
	Alerts [][]int // the documents of each alert, as indices of EventSet.Docs, in order of the steps
	// Unsure says why the outcome is not certain: two readings of the engine
	// differ here, or a limit was hit. Nil for nearly every outcome.
	Unsure *query.Diagnostic
}

// Run evaluates the plan over an event set at the time now.
func (p *Program) Run(set query.EventSet, now time.Time) Outcome {
	r := p.run(set, now, false)
	out := Outcome{Match: len(r.alerts) > 0, Alerts: r.alerts, Unsure: r.unsure}
	switch {
	case r.final.gaveUp != nil:
		out.Unsure = p.doubt(query.CodeBudget, r.final.gaveUp.Span, "this test was given up").
			With("evaluating it on one of the documents takes more work than the limits allow")
	case out.Unsure == nil && r.final.differs != nil:
		other := p.run(set, now, true)
		if !slices.EqualFunc(r.alerts, other.alerts, slices.Equal) {
			out.Unsure = p.doubt(query.CodeSuspect, r.final.differs.Span, "the outcome depends on how the engine negates a script over several values").
				With("Elasticsearch's versions differ: the test may hold as soon as one value fails the inner test, or only when every value does")
		}
	}
	return out
}

func (p *Program) doubt(code query.Code, at query.Span, summary string) *query.Diagnostic {
	d := query.Errorf(code, at, "%s", summary)
	d.Severity, d.Source = query.Warning, p.plan.Source
	return d
}

// run is one evaluation of an event set.
type run struct {
	*Program
	*state
	docs     []query.Document
	in       []bool // inside the window
	alerts   [][]int
	unsure   *query.Diagnostic
	final    remarks // of the state, which has gone back to the pool
	*witness         // of sequences that end early; nil where nobody asks

	// Of correlations:
	times    []time.Time // of each document
	places   []int       // of each document in the order of time
	measured int         // work that was done
}

func (p *Program) run(set query.EventSet, now time.Time, negateOutside bool) *run {
	return p.watched(set, now, negateOutside, nil)
}

// watched is run with a witness of what the plan does not come to.
func (p *Program) watched(set query.EventSet, now time.Time, negateOutside bool, w *witness) *run {
	r := &run{Program: p, state: p.state(nil, now), docs: set.Docs, witness: w}
	defer p.states.Put(r.state)
	r.negateOutside = negateOutside
	r.in = make([]bool, len(r.docs))
	for i, d := range r.docs {
		at, ok := p.docTime(d)
		r.in[i] = !ok || p.plan.Window.From <= 0 || !at.Before(now.Add(-p.plan.Window.From)) && !at.After(now)
	}
	switch b := p.plan.Body.(type) {
	case *query.Event:
		for i := range r.docs {
			if r.holds(0, i) {
				r.alerts = append(r.alerts, []int{i})
			}
		}
	case *query.Sequence:
		r.sequence(b)
	case *query.Sample:
		r.sample(b)
	case *query.Threshold:
		r.threshold(b)
	case *query.NewTerms:
		r.newTerms(b)
	case *query.IndicatorMatch:
		r.indicators(b, set.Indicators)
	case *query.Correlation:
		r.correlation(b)
	}
	r.final = r.remarks
	return r
}

// holds reports whether a document of the window satisfies a predicate.
func (r *run) holds(pred, doc int) bool {
	return r.in[doc] && r.satisfies(pred, doc)
}

// satisfies does not ask for the window.
func (r *run) satisfies(pred, doc int) bool {
	r.enter(0, r.docs[doc])
	return r.preds[pred].eval(r.state) == query.True
}

// docTime returns the time by which a document falls into a window: that of the
// override field where the document has one, else @timestamp.
func (p *Program) docTime(doc query.Document) (time.Time, bool) {
	if name := p.plan.Window.Override; name != "" {
		if t, ok := p.fieldTime(doc, name); ok {
			return t, true
		}
	}
	return p.fieldTime(doc, "@timestamp")
}

// fieldTime reads a date field, in the resolution that the plan knows for it.
func (p *Program) fieldTime(doc query.Document, name string) (time.Time, bool) {
	f := &query.Field{Type: query.Date}
	for _, known := range p.plan.Fields {
		if known.Name == name && known.Type == query.DateNanos {
			f = known
		}
	}
	for _, v := range doc.Lookup(nil, name) {
		if r, ok := read(f, v); ok {
			return r.time(f.Type), true
		}
	}
	return time.Time{}, false
}

// keyTuples returns the combinations of the values in some slots of the
// document that scope 0 stands at, each once, as strings that compare as the
// tuples do. A slot without a value gives no tuple, unless it is optional: then
// absence is a value of its own.
func (r *run) keyTuples(slots []int, optional func(i int) bool) []string {
	tuples := []string{""}
	for i, s := range slots {
		c, f := r.cell(s), r.slots[s].field
		var parts []string
		for j := range c.vals {
			text := c.vals[j].canonical(f)
			parts = append(parts, strconv.Itoa(len(text))+":"+text)
		}
		if len(parts) == 0 {
			if !optional(i) {
				return nil
			}
			parts = []string{"-"}
		}
		slices.Sort(parts)
		parts = slices.Compact(parts)
		if len(tuples) > r.opts.Combinations/len(parts) {
			r.unsure = r.doubt(query.CodeBudget, query.Span{}, "a document has more combinations of join keys than are tried")
			return nil
		}
		next := make([]string, 0, len(tuples)*len(parts))
		for _, t := range tuples {
			for _, p := range parts {
				next = append(next, t+p)
			}
		}
		tuples = next
	}
	return tuples
}

// required says of every key that it is not optional.
func required(int) bool { return false }

// order returns the indices of documents with an @timestamp, by time and then
// as given, and the times. Documents without one cannot be ordered; the engine
// does not accept them in sequences.
func (r *run) order() (docs []int, at []time.Time) {
	at = make([]time.Time, len(r.docs))
	for i, d := range r.docs {
		if t, ok := r.fieldTime(d, "@timestamp"); ok && r.in[i] {
			at[i] = t
			docs = append(docs, i)
		}
	}
	slices.SortStableFunc(docs, func(a, b int) int { return at[a].Compare(at[b]) })
	return docs, at
}

// longest is a time span that nothing exceeds.
const longest = time.Duration(math.MaxInt64)
