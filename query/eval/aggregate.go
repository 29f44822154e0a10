package eval

import (
	"time"

	"github.com/rematch-dev/rematch/query"
)

// threshold counts documents in buckets, as a composite aggregation does: a
// document without one of the fields is in no bucket, one with several values is
// in several. Without fields there is one bucket.
func (r *run) threshold(b *query.Threshold) {
	type bucket struct {
		docs     []int
		distinct map[string]bool
	}
	buckets := map[string]*bucket{}
	var order []*bucket
	for doc := range r.docs {
		if !r.holds(0, doc) {
			continue
		}
		var values []string
		if b.Distinct != nil {
			values = r.keyTuples(r.keys[1], required)
		}
		for _, key := range r.keyTuples(r.keys[0], required) {
			k := buckets[key]
			if k == nil {
				k = &bucket{distinct: map[string]bool{}}
				buckets[key] = k
				order = append(order, k)
			}
			k.docs = append(k.docs, doc)
			for _, v := range values {
				k.distinct[v] = true
			}
		}
	}
	for _, k := range order {
		if int64(len(k.docs)) >= b.Count && (b.Distinct == nil || int64(len(k.distinct)) >= b.Distinct.Count) {
			r.alerts = append(r.alerts, k.docs)
		}
	}
}

// defaultFrom is the look-back of a rule that does not name one.
const defaultFrom = 6 * time.Minute

// newTerms fires once for each tuple of values that stands in the run's window
// and was not seen between the start of the history and the start of the run.
// The predicate selects the documents of both. The alert is on the oldest
// document with the tuple.
func (r *run) newTerms(b *query.NewTerms) {
	from := r.plan.Window.From
	if from <= 0 {
		from = defaultFrom
	}
	start, history := r.now.Add(-from), r.now.Add(-b.History)
	type term struct {
		seen   time.Time // first time in the history or the run
		oldest int       // document of the run's window, or -1
		at     time.Time
	}
	terms := map[string]*term{}
	var order []*term
	for doc, d := range r.docs {
		at, ok := r.docTime(d)
		if !ok {
			at = r.now
		}
		if at.After(r.now) || at.Before(start) && at.Before(history) || !r.satisfies(0, doc) {
			continue
		}
		for _, key := range r.keyTuples(r.keys[0], required) {
			t := terms[key]
			if t == nil {
				t = &term{seen: at, oldest: -1}
				terms[key] = t
				order = append(order, t)
			}
			if at.Before(t.seen) {
				t.seen = at
			}
			if !at.Before(start) && (t.oldest < 0 || at.Before(t.at)) {
				t.oldest, t.at = doc, at
			}
		}
	}
	for _, t := range order {
		if t.oldest >= 0 && t.seen.After(start) {
			r.alerts = append(r.alerts, []int{t.oldest})
		}
	}
}
