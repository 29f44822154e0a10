package mutate

import (
	"fmt"
	"slices"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// This file holds the operators on bodies: on joins, order, counts and times.

// withPred returns body with another predicate in n-th place, in the order of
// [query.Body.Preds]; nil for a body that has no operators.
func withPred(body query.Body, n int, p query.Pred) query.Body {
	switch body := body.(type) {
	case *query.Event:
		return &query.Event{Where: p}
	case *query.Sequence:
		other := *body
		if n == len(body.Steps) {
			until := *body.Until
			until.Where = p
			other.Until = &until
			return &other
		}
		other.Steps = slices.Clone(body.Steps)
		other.Steps[n].Where = p
		return &other
	case *query.Sample:
		other := *body
		other.Steps = slices.Clone(body.Steps)
		other.Steps[n].Where = p
		return &other
	case *query.Threshold:
		other := *body
		other.Where = p
		return &other
	case *query.NewTerms:
		other := *body
		other.Where = p
		return &other
	case *query.IndicatorMatch:
		other := *body
		if n == 0 {
			other.Where = p
		} else {
			other.Indicators = p
		}
		return &other
	}
	return nil
}

func dropKey(c *changes, plan *query.Plan) {
	switch body := plan.Body.(type) {
	case *query.Sequence:
		for i, key := range keysOf(body.Steps) {
			c.body(key.Span, "no longer joins", func() query.Body {
				other := *body
				other.Steps = unjoined(body.Steps, i)
				if body.Until != nil && i < len(body.Until.By) {
					other.Until = &unjoined([]query.Step{*body.Until}, i)[0]
				}
				return &other
			})
		}
	case *query.Sample:
		for i, key := range keysOf(body.Steps) {
			c.body(key.Span, "no longer joins", func() query.Body {
				other := *body
				other.Steps = unjoined(body.Steps, i)
				return &other
			})
		}
	case *query.Threshold:
		for i, f := range body.By {
			c.body(body.Span, "no longer counts by "+f.Name, func() query.Body {
				other := *body
				other.By = without(body.By, i)
				return &other
			})
		}
	case *query.NewTerms:
		for i, f := range body.Terms {
			if len(body.Terms) < 2 {
				return
			}
			c.body(body.Span, "no longer looks at "+f.Name, func() query.Body {
				other := *body
				other.Terms = without(body.Terms, i)
				return &other
			})
		}
	}
}

func keysOf(steps []query.Step) []query.Key {
	if len(steps) == 0 {
		return nil
	}
	return steps[0].By
}

func unjoined(steps []query.Step, key int) []query.Step {
	steps = slices.Clone(steps)
	for i := range steps {
		if key < len(steps[i].By) {
			steps[i].By = without(steps[i].By, key)
		}
	}
	return steps
}

// sequence adds a change of a sequence.
func (c *changes) sequence(at query.Span, words string, change func(*query.Sequence)) {
	c.body(at, words, func() query.Body {
		other := *c.plan.Body.(*query.Sequence)
		other.Steps = slices.Clone(other.Steps)
		change(&other)
		return &other
	})
}

func moveMaxspan(c *changes, plan *query.Plan) {
	if body, ok := plan.Body.(*query.Sequence); ok && body.MaxSpan > 0 {
		for _, by := range []time.Duration{time.Millisecond, -time.Millisecond} {
			c.sequence(body.Span, fmt.Sprintf("has the maxspan %v", body.MaxSpan+by), func(s *query.Sequence) { s.MaxSpan += by })
		}
	}
}

func dropMaxspan(c *changes, plan *query.Plan) {
	if body, ok := plan.Body.(*query.Sequence); ok && body.MaxSpan > 0 && !body.Steps[len(body.Steps)-1].Missing {
		c.sequence(body.Span, "has no maxspan", func(s *query.Sequence) { s.MaxSpan = 0 })
	}
}

func dropUntil(c *changes, plan *query.Plan) {
	if body, ok := plan.Body.(*query.Sequence); ok && body.Until != nil {
		c.sequence(body.Until.Span, "no longer ends the sequence", func(s *query.Sequence) { s.Until = nil })
	}
}

func countRuns(c *changes, plan *query.Plan) {
	body, ok := plan.Body.(*query.Sequence)
	if !ok {
		return
	}
	for i, s := range body.Steps {
		for _, runs := range []int{s.Runs + 1, s.Runs - 1} {
			if s.Runs > 1 {
				c.sequence(s.Span, fmt.Sprintf("has runs=%d", runs), func(s *query.Sequence) { s.Steps[i].Runs = runs })
			}
		}
	}
}

func dropStep(c *changes, plan *query.Plan) {
	switch body := plan.Body.(type) {
	case *query.Sequence:
		for i, s := range body.Steps {
			if len(body.Steps) > 2 {
				c.sequence(s.Span, "is gone", func(s *query.Sequence) { s.Steps = without(s.Steps, i) })
			}
		}
	case *query.Sample:
		for i, s := range body.Steps {
			if len(body.Steps) > 2 {
				c.body(s.Span, "is gone", func() query.Body {
					other := *body
					other.Steps = without(body.Steps, i)
					return &other
				})
			}
		}
	}
}

func swapSteps(c *changes, plan *query.Plan) {
	body, ok := plan.Body.(*query.Sequence)
	if !ok {
		return
	}
	for i := 1; i < len(body.Steps); i++ {
		c.sequence(body.Steps[i].Span, "comes before the event in front of it", func(s *query.Sequence) {
			s.Steps[i-1], s.Steps[i] = s.Steps[i], s.Steps[i-1]
		})
	}
}

func moveThreshold(c *changes, plan *query.Plan) {
	body, ok := plan.Body.(*query.Threshold)
	if !ok {
		return
	}
	for _, n := range []int64{body.Count + 1, body.Count - 1} {
		if n > 0 {
			c.body(body.Span, fmt.Sprintf("asks for %d events", n), func() query.Body {
				other := *body
				other.Count = n
				return &other
			})
		}
	}
}

func moveCardinality(c *changes, plan *query.Plan) {
	body, ok := plan.Body.(*query.Threshold)
	if !ok || body.Distinct == nil {
		return
	}
	for _, n := range []int64{body.Distinct.Count + 1, body.Distinct.Count - 1} {
		if n > 0 {
			c.body(body.Distinct.Span, fmt.Sprintf("asks for %d different values", n), func() query.Body {
				other, distinct := *body, *body.Distinct
				distinct.Count = n
				other.Distinct = &distinct
				return &other
			})
		}
	}
}

func moveHistory(c *changes, plan *query.Plan) {
	body, ok := plan.Body.(*query.NewTerms)
	if !ok {
		return
	}
	for _, d := range []time.Duration{body.History / 2, 2 * body.History} {
		c.body(body.Span, fmt.Sprintf("has a history of %v", d), func() query.Body {
			other := *body
			other.History = d
			return &other
		})
	}
}

func dropMapping(c *changes, plan *query.Plan) {
	body, ok := plan.Body.(*query.IndicatorMatch)
	if !ok {
		return
	}
	for g, group := range body.Groups {
		for i, m := range group {
			if len(group) == 1 && len(body.Groups) == 1 {
				return // without any the rule would not be one
			}
			c.body(m.Span, "is compared no longer", func() query.Body {
				other := *body
				if len(group) == 1 {
					other.Groups = without(body.Groups, g)
					return &other
				}
				other.Groups = slices.Clone(body.Groups)
				other.Groups[g] = without(group, i)
				return &other
			})
		}
	}
}
