package queries_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/gen/queries"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/schema"
	"github.com/rematch-dev/rematch/solver"
)

// tally counts how an engine answered.
type tally struct{ solved, refuted, undecided int }

// suites is the whole of Rematch as an engine: the cases of a rule's suite,
// near-misses among them, and what a source draws.
type suites struct{ *tally }

func (e suites) Solve(q queries.Query) (queries.Answer, error) {
	var a queries.Answer
	tables := []*schema.Table{schema.FromFields("fuzz", q.Fields)}
	suite := gen.Check(ruleset.FromQuery(q.Text, q.Language), gen.Options{Tables: tables, Now: q.Now})
	for _, d := range suite.Findings {
		if d.Code == query.CodeMismatch {
			return a, fmt.Errorf("mismatch: %s\n%s", d.Summary, d.Detail)
		}
	}
	switch suite.Verdict {
	case gen.Invalid:
		return a, fmt.Errorf("called invalid: %w", suite.Findings)
	case gen.Unsatisfiable:
		e.refuted++
		return queries.Answer{Unsatisfiable: true}, nil
	case gen.Verified:
		e.solved++
	default:
		e.undecided++
		return a, nil
	}
	for _, c := range suite.Cases {
		if c.Expect == gen.Match {
			a.Matching = append(a.Matching, c.Events.Docs[0])
		} else {
			a.NearMisses = append(a.NearMisses, c.Events.Docs[0])
		}
	}
	source := gen.NewSource(gen.SourceOptions{Tables: tables, Now: q.Now, NoTimestamps: true})
	if err := source.AddPlan(suite.Plan, "fuzz", nil); err != nil {
		return a, err
	}
	for k := range uint64(4) {
		a.Matching = append(a.Matching, source.Draw(0, rand.NewPCG(k, 0)).Docs[0])
	}
	return a, nil
}

// bare is the solver alone, with the plainest way to make documents of its
// solutions. What it finds for the opposite goal are the near-misses.
type bare struct{ *tally }

func (e bare) Solve(q queries.Query) (queries.Answer, error) {
	var a queries.Answer
	plan, err := q.Plan()
	if err != nil {
		return a, err
	}
	src := rand.NewPCG(0, 0)
	sv := solver.New(solver.Options{Now: q.Now})
	draw := func(want solver.Mask) (docs []query.Document, r solver.Result) {
		goal := solver.Goal{Pred: plan.Body.(*query.Event).Where, Want: want}
		if r = sv.Solve(solver.Problem{Goals: []solver.Goal{goal}}); r.Solution != nil {
			docs = append(docs, document(r.Solution, solver.Set.Simplest))
			for range 4 {
				docs = append(docs, document(r.Solution, func(s solver.Set) query.Value { return s.Draw(src) }))
			}
		}
		return docs, r
	}
	docs, r := draw(solver.MustBeTrue)
	switch {
	case r.Solution != nil:
		e.solved++
	case r.Conflict != nil:
		e.refuted++
		a.Unsatisfiable = true
	default:
		e.undecided++
	}
	a.Matching = docs
	a.NearMisses, _ = draw(solver.NotTrue)
	return a, nil
}

// document makes a document of a solution. Each group is an element.
func document(sol *solver.Solution, pick func(solver.Set) query.Value) query.Document {
	doc := query.Document{}
	elements := map[string]map[int]query.Document{}
	var paths []string
	drawn := make([][]query.Value, len(sol.Fields))
	for i, f := range sol.Fields {
		sets := f.Values
		if f.Derive != nil {
			var from [][]query.Value
			for _, k := range f.Derive.From {
				from = append(from, drawn[k])
			}
			given, ok := f.Derive.Given(from)
			if !ok { // it always is for the plainest values
				return document(sol, solver.Set.Simplest)
			}
			sets = []solver.Set{given}
		}
		for _, s := range sets {
			drawn[i] = append(drawn[i], pick(s))
		}
		if f.Group == 0 {
			if len(sets) > 0 {
				doc = append(doc, query.Member{Name: f.Field.Name, Value: query.ArrayOf(drawn[i]...)})
			}
			continue
		}
		path := f.Field.Nested
		if elements[path] == nil {
			elements[path] = map[int]query.Document{}
			paths = append(paths, path)
		}
		element := elements[path][f.Group]
		if len(sets) > 0 {
			element = append(element, query.Member{Name: f.Field.Name[len(path)+1:], Value: query.ArrayOf(drawn[i]...)})
		}
		elements[path][f.Group] = element
	}
	for _, path := range paths {
		var list []query.Value
		for _, group := range slices.Sorted(maps.Keys(elements[path])) {
			list = append(list, query.ObjectOf(elements[path][group]))
		}
		doc = append(doc, query.Member{Name: path, Value: query.ArrayOf(list...)})
	}
	return doc
}
