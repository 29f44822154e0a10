package eval

import (
	"slices"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// Sequences, after Elasticsearch's SequenceMatcher and TumblingWindow. The
// engine asks for the events of one stage after the other; because a stage only
// ever takes from the one before what is older than itself, going through the
// events in order, last stage first, gives the same.
//
// For each key there is one list of pending sequences a stage:
//   - an event of the first stage starts a sequence;
//   - an event of stage i takes the LATEST pending sequence of stage i-1, and
//     all older ones there are discarded;
//   - the sequence it took is lost when the event comes more than maxspan after
//     the first event, or when an until event of the same key stands at or
//     behind the previous matched event (its own event included) and before
//     this one.
//
// Missing events take no part in this. They are looked for when the rest is
// complete, by strict comparison of timestamps in milliseconds.

// partial is a sequence under way.
type partial struct {
	key  string
	docs []int // of the stages so far
	last int   // place of the latest in the order of events
}

// stage is a step of a sequence after expansion of its runs.
type stage struct {
	step    int
	missing bool
}

func (r *run) sequence(b *query.Sequence) {
	var all, positive []stage
	for i, s := range b.Steps {
		for range max(s.Runs, 1) {
			st := stage{i, s.Missing}
			all = append(all, st)
			if !s.Missing {
				positive = append(positive, st)
			}
		}
	}
	if len(positive) == 0 {
		return
	}
	maxspan := b.MaxSpan
	if maxspan == 0 {
		maxspan = longest
	}
	order, at := r.order()
	hits := r.stepHits(b, order)
	pending := make([]map[string]*partial, len(positive))
	for i := range pending {
		pending[i] = map[string]*partial{}
	}
	until := map[string]int{}
	var complete []*partial
	for place, doc := range order {
		for i := len(positive) - 1; i >= 0; i-- {
			for _, key := range hits[positive[i].step][doc] {
				next := &partial{key: key, last: place}
				if i > 0 {
					// Only the latest is ever taken and the others are
					// discarded with it, so one is all there is to keep.
					took := pending[i-1][key]
					if took == nil {
						continue
					}
					delete(pending[i-1], key)
					stopped, seen := until[key]
					if span := at[doc].Sub(at[took.docs[0]]); span > maxspan {
						r.lose(positive, took, "%s came %s after the first, later than maxspan=%s allows", r.called(doc), span, maxspan)
						continue
					}
					if seen && stopped >= took.last {
						r.lose(positive, took, "%s, an event of “until”, came before %s", r.called(order[stopped]), r.called(doc))
						continue
					}
					next.docs = slices.Clone(took.docs)
				}
				next.docs = append(next.docs, doc)
				if i == len(positive)-1 {
					complete = append(complete, next)
				} else {
					pending[i][key] = next
				}
			}
		}
		if b.Until != nil {
			for _, key := range hits[len(b.Steps)][doc] {
				until[key] = place
			}
		}
	}
	for _, s := range complete {
		if r.nothingMissed(all, hits, at, s, maxspan) {
			r.alerts = append(r.alerts, s.docs)
		} else {
			r.lose(positive, s, "a document is there that must be missing")
		}
	}
	r.loseRest(b, positive, pending, hits, order)
}

// stepHits returns the keys under which each document satisfies each step; the
// last entry is that of until.
func (r *run) stepHits(b *query.Sequence, order []int) []map[int][]string {
	steps := b.Steps
	if b.Until != nil {
		steps = append(slices.Clone(steps), *b.Until)
	}
	hits := make([]map[int][]string, len(steps))
	for i, s := range steps {
		hits[i] = map[int][]string{}
		for _, doc := range order {
			if r.satisfies(i, doc) {
				hits[i][doc] = r.keyTuples(r.keys[i], func(k int) bool { return s.By[k].Optional })
			}
		}
	}
	return hits
}

// nothingMissed checks the missing steps around a complete sequence s.
//
// For those at both ends the engine relates the nearest event before to the
// nearest one behind, instead of each to the sequence. Rules that depend on the
// difference get an unsure outcome.
func (r *run) nothingMissed(all []stage, hits []map[int][]string, at []time.Time, s *partial, maxspan time.Duration) bool {
	first, last := millis(at[s.docs[0]]), millis(at[s.docs[len(s.docs)-1]])
	var before, behind *time.Time // nearest events of missing steps at the ends
	matched := 0                  // positive stages so far
	for _, st := range all {
		if !st.missing {
			matched++
			continue
		}
		for doc, keys := range hits[st.step] {
			if !slices.Contains(keys, s.key) {
				continue
			}
			t := millis(at[doc])
			switch {
			case matched == 0:
				if t.Before(first) && (before == nil || t.After(*before)) {
					before = &t
				}
			case matched == len(s.docs):
				if t.After(last) && (behind == nil || t.Before(*behind)) {
					behind = &t
				}
			case t.After(millis(at[s.docs[matched-1]])) && t.Before(millis(at[s.docs[matched]])):
				return false
			}
		}
	}
	leading, trailing := all[0].missing, all[len(all)-1].missing
	soonBefore := before != nil && last.Sub(*before) <= maxspan
	soonBehind := behind != nil && behind.Sub(first) <= maxspan
	fires := !soonBefore && !soonBehind
	if leading && trailing {
		engine := before == nil || behind == nil || behind.Sub(*before) > maxspan
		if engine != fires {
			r.unsure = r.doubt(query.CodeSuspect, query.Span{}, "the outcome depends on how missing events at both ends of a sequence are checked")
		}
		fires = engine
	}
	if fires && trailing && maxspan != longest && !r.now.IsZero() && r.now.Before(first.Add(maxspan)) {
		r.unsure = r.doubt(query.CodeSuspect, query.Span{}, "the rule ran before the time for the missing event was over").
			With("Elasticsearch raises the alert all the same (elastic/elasticsearch issue 145323)")
	}
	return fires
}

// millis cuts a time to what the engine compares missing events by.
func millis(t time.Time) time.Time { return t.Truncate(time.Millisecond) }

// Samples: for each tuple of keys one document a step, no document twice. Which
// of several choices the engine reports is not defined, only whether there is
// one; this reports the first that an augmenting search finds (Kuhn 1955).
func (r *run) sample(b *query.Sample) {
	type group struct{ docs [][]int } // candidates by step
	groups := map[string]*group{}
	var keys []string
	for i, s := range b.Steps {
		for doc := range r.docs {
			if !r.holds(i, doc) {
				continue
			}
			for _, key := range r.keyTuples(r.keys[i], func(k int) bool { return s.By[k].Optional }) {
				g := groups[key]
				if g == nil {
					g = &group{make([][]int, len(b.Steps))}
					groups[key] = g
					keys = append(keys, key)
				}
				g.docs[i] = append(g.docs[i], doc)
			}
		}
	}
	for _, key := range keys {
		if docs, ok := represent(groups[key].docs); ok {
			r.alerts = append(r.alerts, docs)
		}
	}
}

// represent picks a different candidate for each step.
func represent(candidates [][]int) ([]int, bool) {
	owner := map[int]int{}
	var assign func(step int, seen map[int]bool) bool
	assign = func(step int, seen map[int]bool) bool {
		for _, doc := range candidates[step] {
			if seen[doc] {
				continue
			}
			seen[doc] = true
			if other, taken := owner[doc]; !taken || assign(other, seen) {
				owner[doc] = step
				return true
			}
		}
		return false
	}
	for step := range candidates {
		if !assign(step, map[int]bool{}) {
			return nil, false
		}
	}
	docs := make([]int, len(candidates))
	for doc, step := range owner {
		docs[step] = doc
	}
	return docs, true
}
