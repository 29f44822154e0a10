package gen

import (
	"slices"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/solver"
)

// Apart looks for events that raise an alert under a plan in a particular way:
// the document that the pred-th predicate of the body judges (in the order of
// [query.Body.Preds]) satisfies goals. These have to imply that predicate; of
// the other parts of the plan the usual is asked. Slots of goals are filled in.
//
// The result is that of the last search. Without a solution there are no
// events; an empty Result says that the predicate judges none of the documents
// of a match, as that of an until does.
func Apart(plan *query.Plan, pred int, goals []solver.Goal, sv *solver.Solver, now time.Time) (events query.EventSet, result solver.Result) {
	questions, d := pose(plan)
	if d != nil {
		return events, solver.Result{Unknown: d}
	}
	for _, ask := range questions {
		if pred >= len(ask.parts) || ask.parts[pred].slot < 0 {
			continue
		}
		result = sv.Solve(ask.but(ask.parts[pred], goals))
		if result.Solution == nil {
			continue
		}
		s := &subject{plan: plan, solver: sv, ask: ask, first: result.Solution, now: now}
		if ask.copies > 1 {
			var err error
			if s.program, err = eval.Compile(plan, eval.Options{}); err != nil {
				return events, solver.Result{Unknown: query.AsDiagnostic(err, query.CodeUnsupported)}
			}
		}
		return s.events(s.plainest(result.Solution, stampEvent)), result
	}
	return events, result
}

// but is the question's problem with goals in place of what it asks of a part.
func (q *question) but(part judged, goals []solver.Goal) solver.Problem {
	p := solver.Problem{Joins: q.problem.Joins}
	for _, g := range q.problem.Goals {
		if g.Slot != part.slot || g.Pred != part.pred {
			p.Goals = append(p.Goals, g)
		}
	}
	for _, g := range slices.Clone(goals) {
		g.Slot = part.slot
		p.Goals = append(p.Goals, g)
	}
	return p
}

// plainest returns the plainest documents of a solution, one a slot.
func (s *subject) plainest(solution *solver.Solution, stamp stamps) (docs []query.Document) {
	d := newTemplate(solution, stamp).draft()
	d.time = s.now.Add(-s.ask.age)
	d.simplest()
	for slot := range d.t.slots {
		docs = append(docs, d.document(slot))
	}
	return docs
}
